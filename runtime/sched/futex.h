// Linux's wait-while-equal on a 32-bit word: half the cost of a condition variable here, and the one wait
// that a signal handler may end.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/sched/clock.h"

namespace mini::sched {

enum class FutexResult : std::uint8_t {
  Woken,     ///< woken, or the word had another value, or for no reason: look again
  TimedOut,  ///< only if a deadline was given
};

/// Sleeps while `word` is `expected`, at most until `deadline` (of monotonic_now()). Keeps errno.
FutexResult futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, Time deadline = kNever);

/// Wakes one sleeper. Async-signal-safe, keeps errno. Harmless on a word that is no futex any more.
void futex_wake(std::atomic<std::uint32_t>& word);

}  // namespace mini::sched
