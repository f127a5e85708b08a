// The futex calls and the clock: all that the scheduler asks the kernel for time and sleep.
#include "runtime/sched/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace mini::sched {

Time monotonic_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

FutexResult futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, Time deadline) {
  static_assert(sizeof word == sizeof expected);
  const int saved = errno;
  timespec until{.tv_sec = deadline / kSecond, .tv_nsec = deadline % kSecond};
  // The bitset form takes an absolute time, of CLOCK_MONOTONIC unless told otherwise.
  const long result = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                              deadline == kNever ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
  const bool timed_out = result != 0 && errno == ETIMEDOUT;
  errno = saved;
  return timed_out ? FutexResult::TimedOut : FutexResult::Woken;
}

void futex_wake(std::atomic<std::uint32_t>& word) {
  const int saved = errno;
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  errno = saved;
}

}  // namespace mini::sched
