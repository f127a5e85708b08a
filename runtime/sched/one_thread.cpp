// How a chosen thread gets the CPU when there is one for all: by the return of whoever had it.
#include "runtime/sched/one_thread.h"

#include <utility>

#include "runtime/base/assert.h"
#include "runtime/sched/futex.h"
#include "runtime/sched/ticker.h"

namespace mini::sched {

OneThread::OneThread(Machine& machine, ThreadTable& table, std::unique_ptr<Schedule> schedule,
                     RunnerOptions options)
    : Runner(machine, table, std::move(schedule), options) {
  polls_timers_ = clock_ == ClockKind::Real;
}

OneThread::~OneThread() = default;

Outcome OneThread::run(Thread& main) {
  begin(main);
  return resume();
}

Outcome OneThread::resume() {
  main_.store(table_.find(0));
  over_ = stopped_ = false;
  outcome_ = Outcome::Finished;
  if (table_.current) {
    seat(*table_.current);  // a restored thread's breaker, and the ticker, know nothing of this run
  } else {
    seat_next(nullptr, Cause::Finished);
  }
  turn();
  if (outcome_ != Outcome::Paused) end();
  if (ticker_) ticker_->retire();
  fibers_.clear();
  spare_.clear();
  return outcome_;
}

// On every stack: runs whoever holds the GIL. Comes to its end on home_ only.
void OneThread::turn() {
  for (;;) {
    if (stopped_) {
      Thread* inside = inside_native();
      if (inside) {
        go_to(*static_cast<Fiber*>(inside->host));  // switch_here() answers false there
      } else if (here_ != &home_) {
        go_to(home_);
      } else {
        return;
      }
      continue;
    }
    Thread& thread = *table_.current;
    if (thread.host) {
      go_to(*static_cast<Fiber*>(thread.host));
      continue;
    }
    const Exit exit = machine_.run_slice(thread);
    if (stopped_) continue;
    if (exit == Exit::Paused) {
      MINI_ASSERT(!inside_native());
      stop(Outcome::Paused);
    } else if (exit != Exit::Finished) {
      advance(&thread, exit == Exit::Switched ? Cause::Switched : Cause::Parked);
    } else {
      const bool is_main = &thread == main_.load();
      finish(thread);
      if (is_main) {
        stop(outcome_);
      } else {
        advance(nullptr, Cause::Finished);
      }
    }
  }
}

// ---- Entered and left by the host's OS threads. One at a time is the main thread, the holder of the GIL while nobody is
// inside: nobody else could run.

void OneThread::open(Thread& main) {
  begin(main);
}

void OneThread::admit(Thread&) { MINI_UNREACHABLE(); }

void OneThread::enter(Thread& thread) {
  door_.lock();
  stopped_ = false;
  main_.store(&thread);
  seat(thread);  // a restored thread's breaker knows nothing of this run
}

void OneThread::leave(Thread& thread) {
  MINI_ASSERT(!over_ && table_.current == &thread && here_ == &home_);
  if (ticker_) ticker_->retire();
  door_.unlock();
}

Outcome OneThread::conclude(Thread& thread) {
  turn();  // whoever else is inside a native is let out
  const Outcome outcome = outcome_;
  end();
  fibers_.clear();
  spare_.clear();
  here_ = &home_;
  stopped_ = false;
  stop_.store(false);
  interrupted_.store(false);
  table_.started = 0;
  begin(thread);
  return outcome;
}

void OneThread::end_here() { stop(Outcome::Stopped); }

void OneThread::close() {
  over_ = stopped_ = true;
  turn();
  end();
  over_ = false;
  if (ticker_) ticker_->retire();
  fibers_.clear();
  spare_.clear();
  door_.unlock();
}

void OneThread::stop(Outcome outcome) {
  outcome_ = outcome;
  over_ = outcome != Outcome::Paused;
  stopped_ = true;
  if (over_) tell([&](Journal& journal) { journal.on_end(outcome); });
}

void OneThread::advance(Thread* from, Cause cause) {
  unseat(from, cause);
  seat_next(from, cause);
}

void OneThread::seat_next(Thread* from, Cause cause) {
  for (;;) {
    if (Thread* next = choose(from, cause)) return seat(*next);
    if (outcome_ != Outcome::Finished) return stop(outcome_);
    if (clock_ == ClockKind::Real && !table_.timers.empty()) {
      sleep_until(table_.timers.begin()->deadline);
    } else {
      if (machine_.deadlock()) return stop(Outcome::Deadlock);
      sleep_until(kNever);
    }
    gather();
  }
}

bool OneThread::switch_here(Thread& thread, Exit exit) {
  MINI_ASSERT(exit == Exit::Switched || exit == Exit::Parked);
  if (!over_) advance(&thread, exit == Exit::Switched ? Cause::Switched : Cause::Parked);
  if (over_) {
    let_out(thread);
    return false;
  }
  if (table_.current == &thread) return true;
  leave_stack(thread);
  if (over_) let_out(thread);
  return !over_;
}

void OneThread::give_way_in_call(Thread& thread) {
  thread.state = State::Calling;
  ++table_.calling;
  advance(&thread, Cause::Called);
  if (!over_ && table_.current != &thread) leave_stack(thread);
  if (over_) let_out(thread);
}

// Puts the C++ stack aside that the caller runs on; returns when the thread has its turn again, or the run is over.
void OneThread::leave_stack(Thread& thread) {
  thread.host = here_;
  if (spare_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>(kStackBytes, [this] { turn(); }));
    spare_.push_back(fibers_.back().get());
  }
  Fiber& next = *spare_.back();
  spare_.pop_back();
  Fiber& left = *std::exchange(here_, &next);
  next.switch_from(left);
  here_ = &left;
  thread.host = nullptr;
}

// From turn(): this stack has no thread, and may serve the next one that needs a stack.
void OneThread::go_to(Fiber& fiber) {
  Fiber& left = *here_;
  if (&left == &fiber) return;
  spare_.push_back(&left);
  here_ = &fiber;
  fiber.switch_from(left);
  here_ = &left;
}

Thread* OneThread::inside_native() {
  for (Thread& thread : table_.all)
    if (thread.host) return &thread;
  return nullptr;
}

const char* OneThread::why_no_fork(const Thread& thread) {
  if (inside_native() || here_ != &home_) return "another thread is inside a native that called back into the script";
  return Runner::why_no_fork(thread);
}

void OneThread::sleep_until(Time deadline) {
  poked_.store(0);
  if (interrupted_.load()) return;
  futex_wait(poked_, 0, deadline);
}

void OneThread::poke_main() noexcept {
  poked_.store(1);
  futex_wake(poked_);
}

}  // namespace mini::sched
