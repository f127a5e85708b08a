// See machine_speed.h.
#include "runtime/sched/machine_speed.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <utility>

#include "runtime/sched/clock.h"

namespace mini::sched {

namespace {

constexpr std::size_t kWords = 16;

// Instrumented, it would find the CPU slow.
#define MINI_BARE no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")

template <std::size_t i>
__attribute__((always_inline, MINI_BARE)) inline void jump_and_move(volatile std::int64_t* words) {
  if (words[i] != 0) [[likely]] words[i] = 0;  // never, but the jump over what is likely is taken
  words[kWords + i] = words[i] + words[i ^ 3];
}

template <std::size_t... index>
__attribute__((always_inline, MINI_BARE)) inline void round_of(volatile std::int64_t* words, std::index_sequence<index...>) {
  (jump_and_move<index>(words), ...);
}

/// What an interpreter's time goes into, and what a neighbour on the same core takes most of: jumps that are taken and
/// foreseen, loads and stores. A loop that waits for its own results, such as one that counts references, would slow down by a
/// fifth where CPython's takes 1.8 times as long.
__attribute__((noinline, aligned(64), MINI_BARE)) void work(int rounds) {
  std::int64_t words[2 * kWords] = {};
  for (int round = 0; round < rounds; ++round) round_of(words, std::make_index_sequence<kWords>());
}

#undef MINI_BARE

double measure() {
  constexpr int kRounds = 200;
  constexpr double kReference = 1500;  // nanoseconds for them, where opcode_time.h's were measured
  Time least = std::numeric_limits<Time>::max();
  for (int i = 0; i < 5; ++i) {  // whoever is interrupted, or has just woken up, is slower
    const Time began = monotonic_now();
    work(kRounds);
    least = std::min(least, monotonic_now() - began);
  }
  return std::clamp(kReference / static_cast<double>(std::max<Time>(least, 1)), 0.25, 4.0);
}

}  // namespace

double machine_speed() {
  constexpr Time kHolds = 500 * kMicrosecond;
  struct Sample {
    std::atomic<Time> measured_at{-kHolds};
    std::atomic<double> speed{1};
  };
  static std::array<Sample, 64> samples;  // by CPU; of more than those, some share one
  const int cpu = sched_getcpu();
  Sample& sample = samples[cpu < 0 ? 0 : static_cast<std::size_t>(cpu) % samples.size()];
  if (const Time now = monotonic_now(); now - sample.measured_at.load(std::memory_order_acquire) >= kHolds) {
    sample.speed.store(measure(), std::memory_order_relaxed);
    sample.measured_at.store(now, std::memory_order_release);
  }
  return sample.speed.load(std::memory_order_relaxed);
}

}  // namespace mini::sched
