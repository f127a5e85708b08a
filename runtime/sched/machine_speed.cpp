// See machine_speed.h.
#include "runtime/sched/machine_speed.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

#include "runtime/sched/clock.h"

namespace mini::sched {

namespace {

struct Cell {
  std::int64_t references = 1, value = 0;
};

/// An interpreter as CPython's is one: fetches, jumps to where a table says, counts references, pushes and pops. It executes
/// `total += 1` in a loop of so many turns.
__attribute__((noinline, no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))
std::int64_t add_up(std::int64_t turns) {
  enum : std::uint8_t { kLoad, kAdd, kStore, kCountDown, kJump };
  struct Instruction {
    std::uint8_t operation, argument;
  };
  static constexpr Instruction kLoop[] = {{kLoad, 0}, {kLoad, 1}, {kAdd, 0}, {kStore, 0}, {kCountDown, 2}, {kJump, 0}};
  static const void* const kLabels[] = {&&load, &&add, &&store, &&count_down, &&jump};
  Cell cells[3], sums[2];
  Cell* names[] = {&cells[0], &cells[1], &cells[2]};
  cells[1].value = 1;
  cells[2].value = turns;
  Cell *stack[2], **top = stack, *sum = sums;
  const Instruction* volatile start = kLoop;  // volatile: the compiler is not to see through the loop
  const Instruction* next = start;
  Instruction now;
#define NEXT now = *next++; goto *kLabels[now.operation]
  NEXT;
load:
  ++names[now.argument]->references;
  *top++ = names[now.argument];
  NEXT;
add: {
  Cell *right = *--top, *left = *--top;
  sum = sum == sums ? sums + 1 : sums;
  *sum = {1, left->value + right->value};
  --left->references;
  --right->references;
  *top++ = sum;
  NEXT;
}
store:
  --names[now.argument]->references;
  names[now.argument] = *--top;
  NEXT;
count_down:
  if (--names[now.argument]->value == 0) return names[0]->value;
  NEXT;
jump:
  next = start;
  NEXT;
#undef NEXT
}

double measure() {
  constexpr std::int64_t kTurns = 400;
  constexpr int kRounds = 5;
  constexpr double kReference = 6.3;  // nanoseconds for a turn, where opcode_time.h's were measured
  Time least = std::numeric_limits<Time>::max();
  for (int i = 0; i < kRounds; ++i) {  // whoever is interrupted, or has just woken up, is slower
    const Time began = monotonic_now();
    add_up(kTurns);
    least = std::min(least, monotonic_now() - began);
  }
  return std::clamp(kReference * kTurns / static_cast<double>(std::max<Time>(least, 1)), 0.25, 4.0);
}

}  // namespace

double machine_speed() {
  constexpr Time kHolds = 2 * kMillisecond;
  static std::atomic<Time> measured_at{-kHolds};
  static std::atomic<double> speed{1};
  if (const Time now = monotonic_now(); now - measured_at.load(std::memory_order_acquire) >= kHolds) {
    speed.store(measure(), std::memory_order_relaxed);
    measured_at.store(now, std::memory_order_release);
  }
  return speed.load(std::memory_order_relaxed);
}

}  // namespace mini::sched
