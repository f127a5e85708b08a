// The small generator behind everything the scheduler draws. 8 bytes, so that it can live in a VM's memory.
#pragma once

#include <cstdint>

namespace mini::sched {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): every seed is good, and copying it copies the whole future.
class Random {
 public:
  explicit Random(std::uint64_t seed = 0) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// Uniform in 0 … bound-1 (bound > 0); the bias of taking the high half of the product is below bound/2^32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }
  /// Uniform in least … bound-1, which are less than 2^32 apart.
  std::int64_t between(std::int64_t least, std::int64_t bound) {
    return least + below(static_cast<std::uint32_t>(bound - least));
  }

 private:
  std::uint64_t state_;
};

/// What is drawn for the slice that begins with so many hand-overs behind it: of its own, so that a recording can foresee it.
inline Random random_of_slice(std::uint64_t seed, std::uint64_t hand_overs) {
  return Random(seed ^ Random(hand_overs).next());
}

}  // namespace mini::sched
