// Threads that start together and run for a window.
#pragma once

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

// The result of everything measured ends here and is printed, so that no loop can be optimised away.
inline std::atomic<uint64_t> sink{0};

// How long the threads so far have run, and how long they were ready and had no core, in ns.
inline std::atomic<uint64_t> ran{0};
inline std::atomic<uint64_t> waited{0};

inline void note_waiting() {
  std::ifstream schedule("/proc/thread-self/schedstat");
  uint64_t running = 0;
  uint64_t waiting = 0;
  schedule >> running >> waiting;
  ran += running;
  waited += waiting;
}

// Runs `batch(thread, operations)` on each thread: first for the warm-up, then, from a common start, for the window.
// Returns the operations per second of all together.
template <typename Batch>
double run_threads(int threads, double warmup_ms, double window_ms, uint64_t chunk, Batch batch) {
  using Clock = std::chrono::steady_clock;
  std::atomic<int> ready{0};
  std::vector<double> rates(threads);
  std::vector<std::thread> workers;
  for (int thread = 0; thread < threads; thread++) {
    workers.emplace_back([&, thread] {
      auto spend = [&](double milliseconds) {
        auto start = Clock::now();
        uint64_t operations = 0;
        double elapsed = 0;
        do {
          sink.fetch_add(batch(thread, chunk), std::memory_order_relaxed);
          operations += chunk;
          elapsed = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
        } while (elapsed < milliseconds);
        return operations / elapsed * 1000;
      };
      spend(warmup_ms);
      ready.fetch_add(1);
      while (ready.load() < threads) std::this_thread::yield();
      rates[thread] = spend(window_ms);
      note_waiting();
    });
  }
  for (std::thread& worker : workers) worker.join();
  double sum = 0;
  for (double rate : rates) sum += rate;
  return sum;
}
