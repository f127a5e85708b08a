// The watch behind the switch interval: an OS thread of its own, started with the first contention, that asks
// the holder of the GIL to look up when nobody has switched for an interval.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <mutex>

#include "runtime/sched/clock.h"
#include "runtime/sched/thread.h"

namespace mini::sched {

/// One for each VM whose schedule has an interval. While nobody waits for the GIL it sleeps without a
/// deadline, and nothing is paid anywhere.
///
/// As a rule the holder stops itself, when it has done as much as CPython would in an interval (slice.h). This
/// thread asks one that has not come so far in an interval of real time, because it spends its time in natives.
/// Its sleep is never cut short for a new deadline, which is later than the old one: threads that hand the GIL to and
/// fro, and arm and disarm it each time, wake it once in an interval.
class Ticker {
 public:
  /// `hurries`: a thread that comes back does not wait for the interval, but asks at once.
  Ticker(DispatchTable breaker_table, Time interval, bool hurries = false);
  ~Ticker() { stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  /// Somebody waits; whether that is news. Any thread. Cheap when it is armed already, which does not restart the interval.
  bool arm();
  /// The holder: nobody waits. Whoever begins to wait at the same moment may have found it still armed: look
  /// for such a one after this call, and arm again.
  void disarm();
  /// The holder changed.
  void restart(Time present) {
    if (state_.load(std::memory_order_relaxed) == kArmed)
      due_.store(later(present, interval_), std::memory_order_relaxed);
  }
  /// Somebody has come back, and waits: tells the holder. Any thread. One that gets the GIL at the same moment may miss it,
  /// and is asked when the interval is over.
  void arrived() {
    const bool news = arm();
    if (hurries_) hurry();
    else if (news) ask();
  }
  void set_interval(Time interval);
  /// Asks the holder now. Any thread.
  void ask();
  bool armed() const { return state_.load(std::memory_order_relaxed) == kArmed; }
  /// The holder: whether somebody has waited for an interval in which nobody switched.
  bool overdue() const { return armed() && monotonic_now() >= due_.load(std::memory_order_relaxed); }

  /// Whom to ask; nullptr while nobody holds the GIL. The holder sets this, for itself or for its successor.
  void set_holder(Thread* thread) { holder_.store(thread, std::memory_order_release); }
  /// Before a thread's memory is given back: returns when nobody is about to ask that thread any more.
  void retire() {
    std::lock_guard lock(asking_);
    holder_.store(nullptr, std::memory_order_relaxed);
  }
  /// Ends the OS thread; arm() does nothing from now on.
  void stop();
  /// In the child of a fork(), by its only thread: the OS thread did not come along, and may have held a mutex.
  void forked();

 private:
  static constexpr std::uint32_t kIdle = 0, kArmed = 1, kStopped = 2;
  static void* run(void* ticker);
  void start();
  void watch();
  void wake();
  void hurry();

  const DispatchTable breaker_table_;
  const bool hurries_;
  cpu_set_t cpus_;  // of whoever made it: who arms it may have been moved to one CPU
  std::atomic<Time> interval_;
  std::atomic<Time> due_{kNever};            // when to ask
  std::atomic<std::uint32_t> state_{kIdle};
  std::atomic<std::uint32_t> wakes_{0};  // the word the OS thread sleeps on
  std::atomic<bool> parked_{false};      // it does, or is about to, without a deadline
  std::atomic<Thread*> holder_{nullptr};
  std::mutex asking_;  // held while a Thread is stored to
  std::mutex starting_;
  std::atomic<bool> started_{false};  // changed under starting_
  pthread_t os_thread_{};
};

}  // namespace mini::sched
