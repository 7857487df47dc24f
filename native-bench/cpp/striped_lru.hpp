// An LRU cache for many threads as one would write it natively: 64 stripes, each with its own spinlock, an
// open-addressing table, an intrusive list in order of use, and pins that keep an entry from being evicted while it is
// read. The same work as the shared cache does: hash the key's characters, find the slot, compare the characters, note
// the use, pin, read a byte, unpin.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <sched.h>
#include <string>
#include <string_view>
#include <vector>

class Spinlock {
 public:
  void lock() {
    for (int spins = 0; held_.exchange(true, std::memory_order_acquire);) {
      while (held_.load(std::memory_order_relaxed)) {
        pause();
        // Its holder may have lost its core.
        if (++spins % 1000 == 0) sched_yield();
      }
    }
  }
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  std::atomic<bool> held_{false};
};

// Eight bytes at a time, multiplied and folded: about as fast as a hash of short strings can be.
inline uint64_t hash_of(std::string_view key) {
  uint64_t state = 0x9e3779b97f4a7c15ull ^ key.size();
  const char* at = key.data();
  size_t left = key.size();
  while (left > 0) {
    uint64_t word = 0;
    size_t taken = left < 8 ? left : 8;
    std::memcpy(&word, at, taken);
    unsigned __int128 product = static_cast<unsigned __int128>(state ^ word) * 0xa0761d6478bd642full;
    state = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    at += taken;
    left -= taken;
  }
  return state;
}

class StripedLru {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kStripes = 64;

  struct Pinned {
    const uint8_t* bytes;  // nullptr: a miss
    std::atomic<uint32_t>* pins;
  };

  StripedLru(size_t capacity, size_t value_bytes) : stripes_(kStripes) {
    for (Stripe& stripe : stripes_) stripe.open(capacity / kStripes + 1, value_bytes);
  }

  // Found entries are pinned; unpin() gives them back, from any thread, without the lock.
  Pinned get(std::string_view key) {
    uint64_t hash = hash_of(key);
    Stripe& stripe = stripe_of(hash);
    stripe.lock.lock();
    uint32_t entry = stripe.find(key, hash);
    Pinned found{nullptr, nullptr};
    if (entry != kNone) {
      stripe.to_front(entry);
      found = {stripe.value(entry), &stripe.entries[entry].pins};
      found.pins->fetch_add(1, std::memory_order_relaxed);
    }
    stripe.lock.unlock();
    return found;
  }

  static void unpin(const Pinned& pinned) { pinned.pins->fetch_sub(1, std::memory_order_release); }

  // False when the entry, or every entry that could make room, is pinned: then nothing is written.
  bool set(std::string_view key, const uint8_t* bytes) {
    uint64_t hash = hash_of(key);
    Stripe& stripe = stripe_of(hash);
    stripe.lock.lock();
    uint32_t entry = stripe.find(key, hash);
    if (entry == kNone) entry = stripe.claim(key, hash);
    else if (stripe.entries[entry].pins.load(std::memory_order_acquire) != 0) entry = kNone;
    else stripe.to_front(entry);
    if (entry != kNone) std::memcpy(stripe.value(entry), bytes, stripe.value_bytes);
    stripe.lock.unlock();
    return entry != kNone;
  }

 private:
  struct Entry {
    std::string key;
    uint64_t hash = 0;
    uint32_t newer = kNone;
    uint32_t older = kNone;
    std::atomic<uint32_t> pins{0};
  };

  struct alignas(128) Stripe {
    Spinlock lock;
    std::vector<Entry> entries;
    std::vector<uint32_t> table;  // entry numbers, linear probing, half full at most
    std::vector<uint8_t> values;
    size_t value_bytes = 0;
    size_t mask = 0;
    uint32_t used = 0;
    uint32_t newest = kNone;
    uint32_t oldest = kNone;

    void open(size_t capacity, size_t bytes) {
      entries = std::vector<Entry>(capacity);
      size_t slots = 16;
      while (slots < capacity * 2) slots *= 2;
      table.assign(slots, kNone);
      mask = slots - 1;
      value_bytes = bytes;
      values.assign(capacity * bytes, 1);
    }

    uint8_t* value(uint32_t entry) { return values.data() + entry * value_bytes; }

    uint32_t find(std::string_view key, uint64_t hash) const {
      for (size_t slot = hash & mask; table[slot] != kNone; slot = (slot + 1) & mask) {
        const Entry& entry = entries[table[slot]];
        if (entry.hash == hash && entry.key == key) return table[slot];
      }
      return kNone;
    }

    uint32_t claim(std::string_view key, uint64_t hash) {
      uint32_t entry = used < entries.size() ? used++ : evict();
      if (entry == kNone) return kNone;
      entries[entry].key.assign(key);
      entries[entry].hash = hash;
      size_t slot = hash & mask;
      while (table[slot] != kNone) slot = (slot + 1) & mask;
      table[slot] = entry;
      link(entry);
      return entry;
    }

    uint32_t evict() {
      uint32_t victim = oldest;
      while (victim != kNone && entries[victim].pins.load(std::memory_order_acquire) != 0) victim = entries[victim].newer;
      if (victim == kNone) return kNone;
      unlink(victim);
      erase(victim);
      return victim;
    }

    // Backward shift: no tombstones, so probes stay short for ever.
    void erase(uint32_t entry) {
      size_t hole = entries[entry].hash & mask;
      while (table[hole] != entry) hole = (hole + 1) & mask;
      for (size_t next = (hole + 1) & mask; table[next] != kNone; next = (next + 1) & mask) {
        size_t home = entries[table[next]].hash & mask;
        if (((next - home) & mask) < ((next - hole) & mask)) continue;
        table[hole] = table[next];
        hole = next;
      }
      table[hole] = kNone;
    }

    void to_front(uint32_t entry) {
      if (entry == newest) return;
      unlink(entry);
      link(entry);
    }

    void link(uint32_t entry) {
      entries[entry].older = newest;
      entries[entry].newer = kNone;
      if (newest != kNone) entries[newest].newer = entry;
      newest = entry;
      if (oldest == kNone) oldest = entry;
    }

    void unlink(uint32_t entry) {
      uint32_t newer = entries[entry].newer;
      uint32_t older = entries[entry].older;
      if (newer != kNone) entries[newer].older = older;
      else newest = older;
      if (older != kNone) entries[older].newer = newer;
      else oldest = newer;
    }
  };

  // The stripe from the upper bits, the slot from the lower ones.
  Stripe& stripe_of(uint64_t hash) { return stripes_[hash >> 58]; }

  std::vector<Stripe> stripes_;
};
