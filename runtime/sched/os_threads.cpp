// How a chosen thread gets its CPU when every thread has an OS thread: the GIL is handed to it.
#include "runtime/sched/os_threads.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "runtime/base/assert.h"
#include "runtime/sched/ticker.h"

namespace mini::sched {

bool create_os_thread(pthread_t& os_thread, std::size_t stack_bytes, const cpu_set_t* cpus, void* (*entry)(void*), void* argument) {
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&blocked, own);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  if (cpus) pthread_attr_setaffinity_np(&attributes, sizeof *cpus, cpus);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);  // inherited; main keeps getting Ctrl-C
  const bool created = pthread_create(&os_thread, &attributes, entry, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return created;
}

OsThreads::OsThreads(Machine& machine, ThreadTable& table, std::unique_ptr<Schedule> schedule,
                     RunnerOptions options)
    : Runner(machine, table, std::move(schedule), options), placing_(options.place_threads) {
  sched_getaffinity(0, sizeof cpus_, &cpus_);
}

OsThreads::~OsThreads() = default;

void OsThreads::bind(Slot& slot, Thread& thread) {
  slot.thread = &thread;
  thread.host = &slot;
}

// ---- A run

Outcome OsThreads::run(Thread& main) {
  gil_ = std::make_unique<Gil>(ticker_.get());
  Slot& me = gil_->add_slot();
  bind(me, main);
  me.os_thread = pthread_self();
  me.movable = options_.place_main;
  me.cpu = sched_getcpu();
  pthread_sigmask(SIG_SETMASK, nullptr, &signals_);
  main_slot_.store(&me);
  begin(main);
  run_as_main(me, machine_.run_slice(main));
  return outcome_;
}

// The main thread's loop, up to the end of the run; `exit` is how it came back the first time.
void OsThreads::run_as_main(Slot& me, Exit exit) {
  Thread& main = *me.thread;
  for (; !over_; exit = machine_.run_slice(main)) {
    if (exit == Exit::Finished) {
      over_ = true;
      finish(main);
      tell([&](Journal& journal) { journal.on_end(outcome_); });
      break;
    }
    if (!pass_on(me, exit)) break;
  }
  shut_down();
}

Outcome OsThreads::resume() {
  MINI_ASSERT(false);
  return Outcome::Finished;
}

// The holder, when the run is over: ends all OS threads of the VM.
void OsThreads::join_all() {
  for (Slot& slot : gil_->slots()) {
    if (!slot.joinable) continue;
    if (slot.calling) {
      // Inside a system call, or on its way back to a GIL that will never come: left alone, with what it may
      // touch.
      pthread_detach(slot.os_thread);
      slot.joinable = false;
      slot.dead = hangs_ = true;
      continue;
    }
    const bool inside_native = slot.natives > 0;
    if (inside_native) let_out(*slot.thread);
    gil_->dismiss(slot);
    if (inside_native) {  // one at a time: on its way out it drops references, and needs the VM for itself
      pthread_join(slot.os_thread, nullptr);
      slot.joinable = false;
    }
  }
  for (Slot& slot : gil_->slots())
    if (std::exchange(slot.joinable, false)) pthread_join(slot.os_thread, nullptr);
}

// The main thread, alone with the GIL, which nobody gets any more.
void OsThreads::shut_down() {
  join_all();
  idle_.clear();
  free_.clear();
  if (Slot* main = main_slot_.exchange(nullptr)) let_roam(*main);
  end();
  if (ticker_) ticker_->stop();
  if (std::exchange(hangs_, false)) {
    static_cast<void>(gil_.release());
    static_cast<void>(ticker_.release());
  }
  renew_ticker();
}

void OsThreads::end_run(Outcome outcome) {
  outcome_ = outcome;
  over_ = true;
  tell([&](Journal& journal) { journal.on_end(outcome); });
  Slot* last = open_ ? closer() : main_slot_.load();
  let_out(*last->thread);
  gil_->dismiss(*last);
}

// ---- An OS thread

bool OsThreads::prepare(Thread& child) {
  if (!idle_.empty()) {
    bind(*idle_.back(), child);
    idle_.pop_back();
    return true;
  }
  if (free_.empty()) free_.push_back(&gil_->add_slot());
  Slot& slot = *free_.back();
  if (std::exchange(slot.joinable, false)) pthread_join(slot.os_thread, nullptr);
  auto task = std::make_unique<Task>(Task{*this, slot});
  bind(slot, child);
  // Whoever was moved to one CPU must not hand that down.
  const bool moved = table_.current && table_.current->host && slot_of(*table_.current).moved;
  if (!create_os_thread(slot.os_thread, kStackBytes, moved ? &cpus_ : nullptr, begin_os_thread, task.get())) return false;
  static_cast<void>(task.release());
  slot.joinable = slot.movable = true;
  slot.moved = false;
  free_.pop_back();
  return true;
}

void* OsThreads::begin_os_thread(void* argument) {
  std::unique_ptr<Task> task(static_cast<Task*>(argument));
  OsThreads& runner = task->runner;
  Slot& slot = task->slot;
  task.reset();
  runner.work(slot);
  return nullptr;
}

void OsThreads::work(Slot& me) {
  while (await(me, kNever, false)) {
    Thread& thread = *me.thread;
    char name[16];
    std::snprintf(name, sizeof name, "mini T%u", thread.serial);
    pthread_setname_np(pthread_self(), name);
    for (;;) {
      const Exit exit = machine_.run_slice(thread);
      if (&me == main_slot_.load(std::memory_order_relaxed)) {  // since it forked
        run_as_main(me, exit);
        machine_.end_process(outcome_);
      }
      if (over_) return;
      if (exit == Exit::Finished) break;
      if (!pass_on(me, exit)) return;
    }
    finish(thread);
    me.thread = nullptr;
    const bool cached = idle_.size() < kCached;
    (cached ? idle_ : free_).push_back(&me);
    Gil::prepare_to_wait(me);
    unseat(nullptr, Cause::Finished);
    give_away(nullptr, Cause::Finished, placing_);
    if (!cached) return;
  }
}

// ---- Hand-over

// What the exit asks for. true: the thread has the GIL again; false: the run is over.
bool OsThreads::pass_on(Slot& me, Exit exit) {
  MINI_ASSERT(exit == Exit::Switched || exit == Exit::Parked);
  Thread& thread = *me.thread;
  const Cause cause = exit == Exit::Switched ? Cause::Switched : Cause::Parked;
  // All that is needed of the thread once it does not hold the GIL any more.
  me.ticket = thread.waits;
  const bool timed = exit == Exit::Parked && clock_ == ClockKind::Real;
  const Time deadline = timed ? thread.deadline : kNever;
  const bool interruptible = exit == Exit::Parked && &thread == main_.load() && !repeats_outside();
  // Who reads or sleeps wants to be let in at once when it comes back: the kernel does that best.
  if (me.moved && exit == Exit::Parked && thread.wait_kind == WaitKind::Sleep) let_roam(me);
  const bool place_successor = placing_ && !std::exchange(me.returned, false);
  Gil::prepare_to_wait(me);
  unseat(&thread, cause);
  return give_away(&thread, cause, place_successor) || await(me, deadline, interruptible);
}

// The successor runs on the caller's CPU, which the caller is about to leave: a hand-over to another CPU costs ten times as
// much. Only a thread that was parked or made to give way, and a dropper of that kind, are worth it: one that comes back
// from a call would wait there for the kernel's next tick. Now and then the kernel may choose again.
void OsThreads::place(Slot& successor) {
  constexpr Time kRebalance = 20 * kMillisecond;
  if (!successor.movable || successor.returned) return;
  const int here = sched_getcpu();
  if (const Time present = successor.thread->account.since; present - rebalanced_ > kRebalance) {
    rebalanced_ = present;
    if (successor.moved) let_roam(successor);
    return;
  }
  if (successor.moved && successor.cpu == here) return;  // left to itself, it would be woken on whichever CPU is idle
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(here), &only);
  if (pthread_setaffinity_np(successor.os_thread, sizeof only, &only) != 0) return;
  successor.moved = true;
  successor.cpu = here;
}

void OsThreads::let_roam(Slot& slot) {
  if (std::exchange(slot.moved, false)) pthread_setaffinity_np(slot.os_thread, sizeof cpus_, &cpus_);
}

void OsThreads::set_places_threads(bool on) {
  placing_ = on;
  if (on) return;
  for (Slot& slot : gil_->slots())
    if (slot.thread || slot.joinable) let_roam(slot);
}

// true: `from` itself is next, and goes on. Otherwise the caller does not hold the GIL any more.
bool OsThreads::give_away(Thread* from, Cause cause, bool place_successor) {
  for (;;) {
    if (Thread* next = choose(from, cause)) {
      seat(*next);
      if (next == from) return true;
      if (place_successor) place(slot_of(*next));
      gil_->grant(slot_of(*next));
      return false;
    }
    if (outcome_ != Outcome::Finished) {
      end_run(outcome_);
      return false;
    }
    const bool idle = open_ && inside_ == 0;  // the host may still come and wake somebody
    const bool alive = idle || (table_.calling > 0 && !replay_) || (clock_ == ClockKind::Real && !table_.timers.empty());
    if (!alive && machine_.deadlock()) {
      end_run(Outcome::Deadlock);
      return false;
    }
    if (ticker_) ticker_->set_holder(nullptr);
    if (gil_->try_free()) return false;
    gather();
  }
}

// Returns with the GIL; false: the run is over.
bool OsThreads::await(Slot& me, Time deadline, bool interruptible) {
  const std::atomic<bool>* interrupt = interruptible ? &interrupted_ : nullptr;
  for (;;) {
    switch (const Gil::Waited waited = gil_->wait(me, deadline, interrupt)) {
      case Gil::Waited::Granted:
        if (ticker_ && ticker_->armed()) ticker_->restart(monotonic_now());  // on a busy machine it was given long ago
        if (placing_) me.cpu = sched_getcpu();
        return true;
      case Gil::Waited::Over:
        return false;
      case Gil::Waited::Accepted:
        seat(*me.thread);
        if (placing_) me.cpu = sched_getcpu();
        return true;
      case Gil::Waited::TimedOut:
      case Gil::Waited::Interrupted:
        // It arrives, once; whether that is news, or it was woken already, is for the holder to say:
        // collect().
        me.reason = waited == Gil::Waited::TimedOut ? Wake::TimedOut : Wake::Interrupted;
        deadline = kNever;
        interrupt = nullptr;
        if (gil_->enter(me)) {
          wake(*me.thread, me.reason);
          seat(*me.thread);
          return true;
        }
    }
  }
}

void OsThreads::collect() {
  gil_->drain([this](Slot& slot) { arrive(slot); });
}

void OsThreads::arrive(Slot& slot) {
  if (!slot.thread || slot.arrived != slot.thread->waits) return;  // of an earlier wait
  Thread& thread = *slot.thread;
  if (thread.state == State::Blocked) wake(thread, slot.reason);
  if (thread.state == State::Calling) {
    const Time present = now();
    account(thread, present);
    came_back(thread, present);
    --table_.calling;
    make_runnable(thread);
    slot.returned = true;
  }
  if (thread.state == State::Outside) {
    come_in(thread);
    make_runnable(thread);
  }
}

bool OsThreads::switch_here(Thread& thread, Exit exit) {
  if (over_ || thread.lets_go) {
    let_out(thread);  // of a wait that it began on its way out
    return false;
  }
  Slot& me = slot_of(thread);
  ++me.natives;
  const bool again = pass_on(me, exit);
  --me.natives;
  return again && !thread.lets_go;
}

void* OsThreads::leave_for_call(Thread& thread) {
  if (over_ || schedule_->exact()) return nullptr;
  Slot& me = slot_of(thread);
  parting_ = {Moment::Kind::Call, thread.calls, {}};
  has_parted_ = true;
  const bool due = switch_is_due(thread) || (preempts_ && !schedule_->has_budget());
  if (me.moved) let_roam(me);
  Gil::prepare_to_wait(me);
  account(thread, now());
  ++thread.account.calls;
  thread.state = State::Calling;
  me.ticket = ++thread.waits;
  me.calling = true;
  ++table_.calling;
  settle_slice(thread);
  table_.current = nullptr;
  table_.last_cause = Cause::Called;
  ticker_->set_holder(nullptr);
  do {
    gather();
    if (table_.runnable.empty()) continue;
    Thread& next = *choose(&thread, Cause::Called);
    if (due) {
      seat(next);
      gil_->grant(slot_of(next));
    } else {
      gil_->offer(me, slot_of(next));
    }
    break;
  } while (!gil_->try_free());
  return &me;
}

void OsThreads::give_way_in_call(Thread& thread) {
  Slot& me = slot_of(thread);
  thread.state = State::Calling;
  me.ticket = ++thread.waits;
  me.calling = true;
  ++table_.calling;
  Gil::prepare_to_wait(me);
  unseat(&thread, Cause::Called);
  if (!give_away(&thread, Cause::Called)) static_cast<void>(await(me, kNever, false));
  me.calling = false;
}

const char* OsThreads::why_no_fork(const Thread& thread) {
  if (open_) return "the VM is part of a program that did not ask for it";
  return Runner::why_no_fork(thread);
}

void OsThreads::forked(Thread& thread) {
  Slot& me = slot_of(thread);
  idle_.clear();
  free_ = gil_->forked(me);
  hangs_ = false;
  me.os_thread = pthread_self();
  let_roam(me);
  me.movable = options_.place_main;
  main_slot_.store(&me);
  Runner::forked(thread);
  pthread_sigmask(SIG_SETMASK, &signals_, nullptr);
}

void OsThreads::poke_main() noexcept {
  if (Slot* main = main_slot_.load()) Gil::poke(*main);
}

}  // namespace mini::sched
