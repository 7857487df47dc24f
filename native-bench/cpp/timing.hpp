// Threads that start together and run for a window.
#pragma once

#include <algorithm>
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

struct ThreadTimes {
  uint64_t running = 0;
  uint64_t waiting = 0;
};

inline ThreadTimes thread_times() {
  std::ifstream schedule("/proc/thread-self/schedstat");
  ThreadTimes times;
  schedule >> times.running >> times.waiting;
  return times;
}

struct Rates {
  double per_second;
  // Per second that the threads had a core: what others do on the machine counts less.
  double per_core_second;
};

// Runs `batch(thread, operations)` on each thread: first for the warm-up, then, from a common start, for the window.
// Returns the operations per second of all together.
template <typename Batch>
Rates run_threads(int threads, double warmup_ms, double window_ms, uint64_t chunk, Batch batch) {
  using Clock = std::chrono::steady_clock;
  std::atomic<int> ready{0};
  std::vector<double> rates(threads);
  std::vector<double> core_rates(threads);
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
      ThreadTimes before = thread_times();
      auto start = Clock::now();
      rates[thread] = spend(window_ms);
      double elapsed = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
      ThreadTimes after = thread_times();
      double share = std::min((after.waiting - before.waiting) / elapsed, 0.99);
      core_rates[thread] = rates[thread] / (1 - share);
      ran += after.running;
      waited += after.waiting;
    });
  }
  for (std::thread& worker : workers) worker.join();
  Rates sum{0, 0};
  for (double rate : rates) sum.per_second += rate;
  for (double rate : core_rates) sum.per_core_second += rate;
  return sum;
}
