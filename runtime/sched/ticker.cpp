// See ticker.h.
#include "runtime/sched/ticker.h"

#include <sys/prctl.h>

#include <memory>

#include "runtime/sched/futex.h"
#include "runtime/sched/os_threads.h"

namespace mini::sched {

namespace {
constexpr std::size_t kStackBytes = 1 << 20;  // address space; it calls next to nothing
}

Ticker::Ticker(DispatchTable breaker_table, Time interval, bool hurries)
    : breaker_table_(breaker_table), hurries_(hurries), interval_(interval) {
  CPU_ZERO(&cpus_);
  sched_getaffinity(0, sizeof cpus_, &cpus_);
}

bool Ticker::arm() {
  std::uint32_t idle = kIdle;
  if (state_.load() != kIdle) return false;
  due_.store(later(monotonic_now(), interval_), std::memory_order_relaxed);
  if (!state_.compare_exchange_strong(idle, kArmed)) return false;
  if (parked_.load()) wake();
  if (!started_.load(std::memory_order_relaxed)) start();
  return true;
}

void Ticker::start() {
  std::lock_guard lock(starting_);
  if (started_ || state_.load() == kStopped) return;
  // Without it, threads switch only where they block: worse, but right. The next contention tries again.
  started_ = create_os_thread(os_thread_, kStackBytes, nullptr, run, this);
  if (!started_) state_.store(kIdle);
}

void Ticker::disarm() {
  std::uint32_t armed = kArmed;
  state_.compare_exchange_strong(armed, kIdle);
}

void Ticker::set_interval(Time interval) {
  interval_.store(interval);
  restart(monotonic_now());
  wake();
}

void Ticker::stop() {
  state_.store(kStopped);
  std::lock_guard lock(starting_);
  if (!started_) return;
  wake();
  pthread_join(os_thread_, nullptr);
  started_ = false;
}

void Ticker::forked() {
  std::construct_at(&asking_);
  std::construct_at(&starting_);
  started_ = false;
  parked_ = false;
  state_.store(kIdle);
}

void* Ticker::run(void* ticker) {
  pthread_setname_np(pthread_self(), "mini ticker");
  sched_setaffinity(0, sizeof(cpu_set_t), &static_cast<Ticker*>(ticker)->cpus_);
  prctl(PR_SET_TIMERSLACK, 1UL);  // the default, 50 µs, would be part of every slice
  static_cast<Ticker*>(ticker)->watch();
  return nullptr;
}

void Ticker::watch() {
  for (;;) {
    const std::uint32_t wakes = wakes_.load();  // before all that whoever wakes it has changed
    const std::uint32_t state = state_.load();
    if (state == kStopped) return;
    if (state == kIdle) {
      parked_.store(true);
      if (state_.load() == kIdle) futex_wait(wakes_, wakes);
      parked_.store(false);
      continue;
    }
    const Time due = due_.load(std::memory_order_relaxed);
    if (monotonic_now() < due) {
      futex_wait(wakes_, wakes, due);  // a hand-over moves it: look again
      continue;
    }
    ask();  // and again after another interval, unless there was a hand-over
    futex_wait(wakes_, wakes, later(monotonic_now(), interval_));
  }
}

void Ticker::wake() {
  wakes_.fetch_add(1);
  futex_wake(wakes_);
}

void Ticker::ask() {
  // A holder that has just handed on is asked in vain: its table is set anew when it gets the GIL again.
  std::lock_guard lock(asking_);
  if (Thread* holder = holder_.load(std::memory_order_acquire)) holder->ask(breaker_table_);
}

void Ticker::hurry() {
  std::lock_guard lock(asking_);
  if (Thread* holder = holder_.load(std::memory_order_acquire)) holder->hurry(breaker_table_);
}

}  // namespace mini::sched
