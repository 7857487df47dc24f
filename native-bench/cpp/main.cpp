// What this machine allows. One of three measurements a run, its results printed as one line of JSON:
//
//   ceiling lookup KEYS EXPONENT VALUE_BYTES THREADS WARMUP_MS WINDOW_MS SEED
//   ceiling mixed KEYS EXPONENT VALUE_BYTES WRITE_EVERY THREADS WARMUP_MS WINDOW_MS SEED
//   ceiling memcpy VALUE_BYTES WORKING_SET_BYTES THREADS WARMUP_MS WINDOW_MS SEED
//
// THREADS is a list such as 1,2,4.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>

#include "striped_lru.hpp"
#include "timing.hpp"
#include "workload.hpp"

using Metrics = std::map<std::string, double>;

struct Window {
  std::vector<int> threads;
  double warmup_ms;
  double window_ms;
  uint64_t seed;
};

static constexpr size_t kDraws = 1 << 20;

static std::string named(const char* what, int threads) { return std::string(what) + ".t" + std::to_string(threads); }

static void measure_lookup(size_t count, double exponent, size_t value_bytes, const Window& window, Metrics& metrics) {
  std::vector<std::string> keys = make_keys("user:", count, 1000000);
  std::vector<std::string> circle = make_keys("user:", count * 6, 1000000 + count);
  std::vector<uint32_t> order = draws(count, exponent, kDraws, window.seed);
  std::vector<uint8_t> value(value_bytes, 1);
  for (int threads : window.threads) {
    // Half as much again as there are keys: stripes fill unevenly, and here every look-up is to be a hit.
    StripedLru resident(count * 3 / 2, value_bytes);
    for (const std::string& key : keys) resident.set(key, value.data());
    std::vector<size_t> cursors(threads * 32);
    for (int thread = 0; thread < threads; thread++) cursors[thread * 32] = kDraws / threads * thread;
    metrics[named("lookup", threads)] =
        run_threads(threads, window.warmup_ms, window.window_ms, 4096, [&](int thread, uint64_t operations) {
          size_t cursor = cursors[thread * 32];
          uint64_t sum = 0;
          for (uint64_t done = 0; done < operations; done++) {
            StripedLru::Pinned found = resident.get(keys[order[cursor]]);
            cursor = (cursor + 1) & (kDraws - 1);
            if (found.bytes == nullptr) std::abort();
            sum += found.bytes[0];
            StripedLru::unpin(found);
          }
          cursors[thread * 32] = cursor;
          return sum;
        }).per_second;

    StripedLru full(count, value_bytes);
    for (const std::string& key : keys) full.set(key, value.data());
    for (int thread = 0; thread < threads; thread++) cursors[thread * 32] = circle.size() / threads * thread;
    metrics[named("insert", threads)] =
        run_threads(threads, window.warmup_ms, window.window_ms, 1024, [&](int thread, uint64_t operations) {
          size_t cursor = cursors[thread * 32];
          for (uint64_t done = 0; done < operations; done++) {
            full.set(circle[cursor], value.data());
            cursor = cursor + 1 == circle.size() ? 0 : cursor + 1;
          }
          cursors[thread * 32] = cursor;
          return static_cast<uint64_t>(cursor);
        }).per_second;
  }
}

// Look-ups as above; every `write_every`th operation, if that is not 0, writes the key's value anew instead.
static void measure_mixed(size_t count, double exponent, size_t value_bytes, uint64_t write_every, const Window& window,
                          Metrics& metrics) {
  std::vector<std::string> keys = make_keys("user:", count, 1000000);
  std::vector<uint32_t> order = draws(count, exponent, kDraws, window.seed);
  std::vector<uint8_t> value(value_bytes, 1);
  for (int threads : window.threads) {
    StripedLru resident(count * 3 / 2 + 384, value_bytes);
    for (const std::string& key : keys) resident.set(key, value.data());
    std::vector<size_t> cursors(threads * 32);
    for (int thread = 0; thread < threads; thread++) cursors[thread * 32] = kDraws / threads * thread;
    Rates rates =
        run_threads(threads, window.warmup_ms, window.window_ms, 4096, [&](int thread, uint64_t operations) {
          size_t cursor = cursors[thread * 32];
          uint64_t sum = 0;
          uint64_t until_write = write_every;
          for (uint64_t done = 0; done < operations; done++) {
            const std::string& key = keys[order[cursor]];
            cursor = (cursor + 1) & (kDraws - 1);
            if (write_every != 0 && --until_write == 0) {
              until_write = write_every;
              resident.set(key, value.data());
              continue;
            }
            StripedLru::Pinned found = resident.get(key);
            if (found.bytes == nullptr) std::abort();
            sum += found.bytes[0];
            StripedLru::unpin(found);
          }
          cursors[thread * 32] = cursor;
          return sum;
        });
    metrics[named("known", threads)] = rates.per_second;
    metrics[named("known.core", threads)] = rates.per_core_second;
  }
}

static void measure_memcpy(size_t value_bytes, size_t working_set, const Window& window, Metrics& metrics) {
  size_t count = std::max<size_t>(1, working_set / value_bytes);
  std::vector<uint8_t> source(count * value_bytes, 1);
  std::vector<uint32_t> order = draws(count, 0, 1 << 16, window.seed);
  for (int threads : window.threads) {
    std::vector<std::vector<uint8_t>> targets(threads, std::vector<uint8_t>(value_bytes, 2));
    std::vector<size_t> cursors(threads * 32);
    for (int thread = 0; thread < threads; thread++) cursors[thread * 32] = order.size() / threads * thread;
    uint64_t chunk = std::max<uint64_t>(1, (1 << 22) / value_bytes);
    double copies = run_threads(threads, window.warmup_ms, window.window_ms, chunk, [&](int thread, uint64_t operations) {
      size_t cursor = cursors[thread * 32];
      uint8_t* target = targets[thread].data();
      uint64_t sum = 0;
      for (uint64_t done = 0; done < operations; done++) {
        std::memcpy(target, source.data() + order[cursor] * value_bytes, value_bytes);
        asm volatile("" : : "r"(target) : "memory");
        sum += target[done % value_bytes];
        cursor = cursor + 1 == order.size() ? 0 : cursor + 1;
      }
      cursors[thread * 32] = cursor;
      return sum;
    }).per_second;
    metrics[named("memcpy", threads)] = copies * value_bytes / 1e9;
    metrics[named("copies", threads)] = copies;
  }
}

static Window window_from(char** from) {
  Window window{{}, std::atof(from[1]), std::atof(from[2]), std::strtoull(from[3], nullptr, 10)};
  std::stringstream list(from[0]);
  for (std::string count; std::getline(list, count, ',');) window.threads.push_back(std::stoi(count));
  return window;
}

int main(int argc, char** argv) {
  Metrics metrics;
  std::string what = argc > 1 ? argv[1] : "";
  if (what == "lookup" && argc == 9) {
    measure_lookup(std::strtoull(argv[2], nullptr, 10), std::atof(argv[3]), std::strtoull(argv[4], nullptr, 10),
                   window_from(argv + 5), metrics);
  } else if (what == "mixed" && argc == 10) {
    measure_mixed(std::strtoull(argv[2], nullptr, 10), std::atof(argv[3]), std::strtoull(argv[4], nullptr, 10),
                  std::strtoull(argv[5], nullptr, 10), window_from(argv + 6), metrics);
  } else if (what == "memcpy" && argc == 8) {
    measure_memcpy(std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10), window_from(argv + 4),
                   metrics);
  } else {
    std::fprintf(stderr, "usage: ceiling lookup KEYS EXPONENT VALUE_BYTES THREADS WARMUP_MS WINDOW_MS SEED\n"
                         "       ceiling mixed KEYS EXPONENT VALUE_BYTES WRITE_EVERY THREADS WARMUP_MS WINDOW_MS SEED\n"
                         "       ceiling memcpy VALUE_BYTES WORKING_SET_BYTES THREADS WARMUP_MS WINDOW_MS SEED\n");
    return 2;
  }
  std::printf("checksum %llu\n@@result {\"metrics\":{", static_cast<unsigned long long>(sink.load()));
  const char* separator = "";
  for (const auto& [name, value] : metrics) {
    std::printf("%s\"%s\":%.6g", separator, name.c_str(), value);
    separator = ",";
  }
  std::printf("},\"waitShare\":%.4f}\n", static_cast<double>(waited) / std::max<double>(1, ran + waited));
}
