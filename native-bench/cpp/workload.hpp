// Which key is asked for when: as the JavaScript side draws them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

inline std::vector<std::string> make_keys(const std::string& prefix, size_t count, size_t first) {
  std::vector<std::string> keys;
  for (size_t id = 0; id < count; id++) keys.push_back(prefix + std::to_string(first + id));
  return keys;
}

// `length` draws from 0..count-1, the k-th most popular in proportion to 1/k^exponent; exponent 0 is uniform.
inline std::vector<uint32_t> draws(size_t count, double exponent, size_t length, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> cumulative(count);
  double total = 0;
  for (size_t rank = 0; rank < count; rank++) cumulative[rank] = total += 1 / std::pow(rank + 1.0, exponent);
  std::vector<uint32_t> identity(count);
  std::iota(identity.begin(), identity.end(), 0);
  std::shuffle(identity.begin(), identity.end(), random);
  std::uniform_real_distribution<double> anywhere(0, total);
  std::vector<uint32_t> order(length);
  for (uint32_t& drawn : order) {
    size_t rank = std::upper_bound(cumulative.begin(), cumulative.end(), anywhere(random)) - cumulative.begin();
    drawn = identity[std::min(rank, count - 1)];
  }
  return order;
}
