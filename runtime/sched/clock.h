// Time as the scheduler sees it: either the machine's, or a clock that stands still while anybody can run.
#pragma once

#include <cstdint>
#include <limits>

namespace mini::sched {

/// Nanoseconds, a point on a VM's clock or a span of it.
using Time = std::int64_t;
constexpr Time kNever = std::numeric_limits<Time>::max();
constexpr Time kMicrosecond = 1'000;
constexpr Time kMillisecond = 1'000'000;
constexpr Time kSecond = 1'000'000'000;

enum class ClockKind : std::uint8_t {
  Real,     ///< CLOCK_MONOTONIC
  Virtual,  ///< starts at 0 and moves only when no thread can run: then to the earliest deadline
};

/// CLOCK_MONOTONIC now. Also what the deadlines of a real clock count in.
Time monotonic_now();

/// `now + span`, kNever when that is beyond the end of the clock.
constexpr Time later(Time now, Time span) {
  return span >= kNever - now ? kNever : now + span;
}

}  // namespace mini::sched
