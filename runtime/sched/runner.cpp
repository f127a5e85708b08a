// The decisions about threads, the same for every runner. All of it runs with the GIL held, but for
// interrupt().
#include "runtime/sched/runner.h"

#include <unistd.h>

#include <utility>

#include "runtime/base/assert.h"
#include "runtime/sched/gil.h"
#include "runtime/sched/one_thread.h"
#include "runtime/sched/os_threads.h"
#include "runtime/sched/ticker.h"

namespace mini::sched {

Runner::Runner(Machine& machine, ThreadTable& table, std::unique_ptr<Schedule> schedule,
               RunnerOptions options)
    : machine_(machine), table_(table), options_(options), clock_(options.clock),
      // A replay has a token where the recorded run had one: what time did in that run is not told by its slices.
      slices_((schedule->replay() ? schedule->replay()->recorded_clock() : options.clock) == ClockKind::Virtual) {
  set_schedule(std::move(schedule));
}

Runner::~Runner() = default;

void Runner::set_schedule(std::unique_ptr<Schedule> schedule) {
  schedule_ = std::move(schedule);
  exact_ = schedule_->exact();
  preempts_ = schedule_->preempts();
  replay_ = schedule_->replay();
  renew_ticker();
}

void Runner::renew_ticker() {
  ticker_ = !schedule_->timed()
                ? nullptr
                : std::make_unique<Ticker>(options_.breaker_table, schedule_->interval(), preempts_);
  slice_.drop();
}

void Runner::set_interval(Time interval) {
  schedule_->set_interval(interval);
  if (!ticker_) return;
  ticker_->set_interval(schedule_->interval());
  if (!slice_.begun()) return;
  settle_slice(*table_.current);
  if (table_.runnable.empty()) drop_slice(*table_.current);
  else begin_slice(*table_.current);
}

// ---- Threads

void Runner::begin(Thread& main) {
  MINI_ASSERT(table_.all.empty());
  main.serial = table_.last = 0;
  if (table_.started == 0) table_.started = 1;
  table_.all.push_back(main);
  table_.non_daemons = 1;
  main_.store(&main);
  over_ = false;
  outcome_ = Outcome::Finished;
  main.state = State::Runnable;
  main.account.since = now();
  table_.runnable.push_back(main);
  seat(main);
}

bool Runner::start(Thread& child) {
  MINI_ASSERT(child.state == State::New);
  child.serial = table_.started;
  if (over_ || !prepare(child)) return false;
  ++table_.started;
  table_.all.push_back(child);
  if (!child.daemon) ++table_.non_daemons;
  child.account.since = now();
  make_runnable(child);
  if (options_.observer) options_.observer->on_start(child);
  return true;
}

void Runner::finish(Thread& thread) {
  account(thread, now());
  if (!thread.daemon) --table_.non_daemons;
  table_.all.erase(table_.all.iterator_to(thread));
  wake_all(thread.joiners);
  if (table_.non_daemons == 1) wake_all(table_.exit_wait);
  thread.state = State::Finished;
  thread.host = nullptr;
  if (options_.observer) options_.observer->on_finish(thread);
  if (&thread == main_.load()) {
    main_.store(nullptr);
    if (!schedule_->fits_end(table_)) outcome_ = Outcome::ScheduleError;
  }
  if (ticker_) ticker_->retire();
  settle_slice(thread);
  slice_.drop();
  machine_.thread_finished(thread);
  table_.current = nullptr;  // its memory may be another's by now
}

// Takes the thread out of whatever queue it is in.
void Runner::unlink(Thread& thread) {
  if (thread.state == State::Runnable) table_.runnable.erase(table_.runnable.iterator_to(thread));
  if (thread.queue) thread.queue->erase(thread.queue->iterator_to(thread));
  if (thread.deadline != kNever) table_.timers.erase(table_.timers.iterator_to(thread));
  thread.queue = nullptr;
  thread.deadline = kNever;
  thread.wait_kind = WaitKind::None;
  thread.wait_target = nullptr;
}

void Runner::let_out(Thread& thread) {
  unlink(thread);
  thread.state = State::Running;
  table_.current = &thread;
}

void Runner::end() {
  const Time present = now();
  for (Thread& thread : table_.all) {
    account(thread, present);
    unlink(thread);
    thread.state = State::Finished;
    thread.host = nullptr;
  }
  table_.current = nullptr;
  table_.calling = 0;
  main_.store(nullptr);
  if (ticker_) ticker_->retire();
  while (!table_.all.empty()) {  // only now: one thread's waiters may be others
    Thread& thread = table_.all.front();
    table_.all.pop_front();
    machine_.thread_abandoned(thread);
  }
}

Thread* Runner::taken_meanwhile(std::uint32_t woken, Time awake_from) {
  ++table_.lock_polls;
  const bool taken = repeats_outside() ? replay_poll(Event::Kind::Taken, table_.lock_polls)
                     : exact_          ? tape_ && tape_->takes_lock(table_.lock_polls)
                                       : is_awake(awake_from);
  if (!taken) return nullptr;
  Thread* thread = table_.find(woken);
  if (!thread || thread->state != State::Runnable) return nullptr;
  tell([&](Journal& journal) { journal.on_taken({Moment::Kind::Poll, table_.lock_polls, {}}); });
  table_.lock_polls = 0;
  thread->wake_reason = Wake::Granted;
  return thread;
}

bool Runner::wait_for_non_daemons(Thread& main) {
  if (table_.non_daemons <= 1) return false;
  wait(main, &table_.exit_wait, kNever, WaitKind::Exit);
  return true;
}

void Runner::account(Thread& thread, Time present, Cause cause) {
  Account& account = thread.account;
  const Time since = std::exchange(account.since, present);
  const Time span = since == kNever ? 0 : present - since;
  switch (thread.state) {
    case State::Running:
      account.running += span;
      if (preempts_) schedule_->ran(thread, span, cause, present);
      break;
    case State::Runnable:
      account.waits.add(span);
      break;
    case State::Blocked:
      account.blocked[static_cast<std::size_t>(thread.wait_kind)] += span;
      break;
    case State::Calling:
      account.outside += span;
      // Nobody took the GIL that was offered: to those who wait for it, that is as if the thread had kept it.
      if (preempts_ && thread.serial == table_.last && !table_.runnable.empty())
        schedule_->ran(thread, span, Cause::Called, present);
      break;
    default:
      break;
  }
}

void Runner::keep_accounts() {
  if (std::exchange(keeps_accounts_, true) || !table_.current) return;
  if (Time& since = table_.current->account.since; since == kNever) since = now();
}

void Runner::came_back(Thread& thread, Time present) {
  if (preempts_) schedule_->came_back(table_, thread, present);
}

// ---- Waiting

void Runner::wait(Thread& thread, WaitQueue* queue, Time deadline, WaitKind kind, const void* target) {
  MINI_ASSERT(thread.state == State::Running);
  account(thread, now());
  thread.state = State::Blocked;
  thread.wait_kind = kind;
  thread.wait_target = target;
  thread.queue = queue;
  thread.deadline = deadline;
  ++thread.waits;
  ++thread.parks;
  if (queue) queue->push_back(thread);
  if (deadline != kNever) {
    table_.timers.insert(thread);
    if (ticker_ && polls_timers_) ticker_->arm();
  }
  if (options_.observer) options_.observer->on_wait(thread);
}

void Runner::make_runnable(Thread& thread) {
  thread.state = State::Runnable;
  table_.runnable.push_back(thread);
  if (!ticker_) return;
  ticker_->arm();
  thread.waits_since = awake_from();
  Thread* holder = table_.current;
  if (!holder) return;
  if (!slice_.begun()) return begin_slice(*holder);
  const Time until_asked = schedule_->time_until_asked(slice_time() - thread.waits_since, table_.random);
  if (slice_.shorten(*holder, conditions_.late + until_asked)) table_.asker = &thread;
  look_again(*holder);
}

void Runner::wake(Thread& thread, Wake reason) {
  MINI_ASSERT(thread.state == State::Blocked);
  const Time present = now();
  account(thread, present);
  if (reason == Wake::TimedOut) came_back(thread, present);
  if (reason != Wake::Notified) {
    tell([&, when = now_in_slice()](Journal& journal) { journal.on_wake(when, thread.serial, reason); });
    if (reason == Wake::Interrupted) noticed_ = true;
  }
  unlink(thread);
  thread.wake_reason = reason;
  make_runnable(thread);
  if (options_.observer) options_.observer->on_wake(thread);
}

Thread* Runner::wake_one(WaitQueue& queue) {
  if (queue.empty()) return nullptr;
  Thread& thread = queue.front();
  wake(thread, Wake::Notified);
  return &thread;
}

std::size_t Runner::wake_all(WaitQueue& queue) {
  std::size_t woken = 0;
  while (wake_one(queue)) ++woken;
  return woken;
}

// ---- Switching

// For the journal: where the slice stands, or how it ended.
Moment Runner::now_in_slice() {
  if (has_parted_ || !table_.current) return parting_;
  return {Moment::Kind::Point, 0, machine_.position(*table_.current)};
}

void Runner::gather() {
  if (repeats_outside()) return;
  collect();
  Thread* main = main_.load(std::memory_order_relaxed);
  if (interrupted_.load() && main && main->state == State::Blocked) wake(*main, Wake::Interrupted);
  if (table_.timers.empty()) return;
  const Time present = now();
  while (!table_.timers.empty() && table_.timers.begin()->deadline <= present)
    wake(*table_.timers.begin(), Wake::TimedOut);
}

void Runner::unseat(Thread* from, Cause cause) {
  parting_ = {};
  if (cause == Cause::Switched) parting_ = now_in_slice();
  if (cause == Cause::Called) parting_ = {Moment::Kind::Call, from->calls};
  has_parted_ = true;
  const Thread* const asker = table_.asker;
  gather();  // whoever is here already stands before a thread that only now gives way
  table_.asker = asker;
  if (table_.current) settle_slice(*table_.current);
  table_.current = nullptr;
  table_.last_cause = cause;
  if (cause != Cause::Switched) return;
  account(*from, now(), cause);
  make_runnable(*from);
}

Thread* Runner::choose(Thread* from, Cause cause) {
  if (cause != Cause::Called && stop_.load(std::memory_order_relaxed) && can_end()) {
    outcome_ = Outcome::Stopped;
    return nullptr;
  }
  if (table_.runnable.empty() && !repeats_outside() && !(replay_ && table_.calling > 0)) {
    if (clock_ != ClockKind::Virtual || table_.timers.empty()) return nullptr;
    table_.virtual_now = table_.timers.begin()->deadline;
    gather();
  }
  Thread* next = replay_ ? replay_choose(from, cause) : schedule_->next(table_, cause);
  if (!next && !(replay_ && !replay_->failed()))
    outcome_ = schedule_->pauses() ? Outcome::Paused : Outcome::ScheduleError;
  MINI_ASSERT(!next || next->state == State::Runnable || (replay_ && next->state == State::Calling));
  if (cause == Cause::Switched && next && next != from) ++from->forced_switches;
  return next;
}

void Runner::seat(Thread& thread) {
  const bool has_account = keeps_accounts_ || thread.state != State::Outside;
  const Time present = has_account ? now() : kNever;
  account(thread, present);
  if (thread.state == State::Runnable) table_.runnable.erase(table_.runnable.iterator_to(thread));
  if (thread.state == State::Calling) --table_.calling;
  thread.state = State::Running;
  thread.gives_way = false;
  table_.current = &thread;
  if (ticker_) {
    ticker_->set_holder(&thread);
    const Time lies_for = std::exchange(table_.lies_for, 0);
    if (thread.serial != table_.last) {
      drop_slice(thread);
      table_.slice_time += lies_for;
    }
  }
  calm(thread);
  if (slice_.begun()) look_again(thread);
  else if (ticker_ && ticker_->armed() && others_wait() && !slice_.begun()) begin_slice(thread);
  if (std::exchange(thread.at_point, false)) schedule_->ends_slice(table_, thread, thread.point);
  if (replay_) replay_arm(thread);
  const bool parted = std::exchange(has_parted_, false);
  if (parted && (thread.serial != table_.last || table_.last_cause == Cause::Parked))
    tell([&](Journal& journal) { journal.on_slice(parting_, thread.serial, table_.last_cause); });
  if (thread.serial == table_.last) return;
  const HandOver hand_over{++table_.hand_overs, std::exchange(table_.last, thread.serial), thread,
                           table_.last_cause};
  ++thread.grants;
  if (ticker_) ticker_->restart(has_account && clock_ == ClockKind::Real ? present : monotonic_now());
  if (options_.observer) options_.observer->on_hand_over(hand_over);
}

// Of what seat() does, all that is left if nothing is told or decided, in the same order.
void Runner::seat_again(Thread& guest) {
  if (guest.serial != table_.last || keeps_accounts_ || replay_ || has_parted_ || guest.at_point || slice_.begun())
    return seat(guest);
  MINI_ASSERT(guest.state == State::Outside);
  guest.account.since = kNever;
  guest.state = State::Running;
  guest.gives_way = false;
  table_.current = &guest;
  if (ticker_) ticker_->set_holder(&guest);
  calm(guest);
  if (ticker_ && ticker_->armed() && others_wait() && !slice_.begun()) begin_slice(guest);
}

// Others wait from now on, or have waited since before the holder got the GIL. seat() counts a hand-over at its end.
void Runner::begin_slice(Thread& thread) {
  Random random = random_of_slice(table_.seed, table_.hand_overs + (thread.serial != table_.last));
  MINI_ASSERT(!table_.runnable.empty());
  conditions_ = schedule_->conditions(random);
  Time length = kNever;
  for (const Thread& waiter : table_.runnable) {
    const Time until_asked = schedule_->time_until_asked(table_.slice_time - waiter.waits_since, random);
    if (until_asked < length) length = until_asked, table_.asker = &waiter;
  }
  slice_.begin(thread, conditions_.late + length, true, conditions_.pace);
  look_again(thread);
}

// The holder's time so far counts; its slice goes on as if it began now.
void Runner::settle_slice(Thread& thread) { table_.slice_time += slice_.settle(thread); }

void Runner::drop_slice(Thread& thread) {
  slice_.drop();
  thread.set_tick_alarm(Thread::kNoTick);
}

void Runner::look_again(Thread& thread) {
  thread.set_tick_alarm(slice_.alarm());
  if (slice_.looks()) thread.ask(options_.breaker_table);
}

bool Runner::switch_is_due(const Thread& thread) const {
  return slice_.is_over(thread) || (ticker_ && ticker_->overdue());
}

bool Runner::others_wait() {
  gather();
  if (!table_.runnable.empty()) return true;
  if (polls_timers_ && !table_.timers.empty()) return false;
  ticker_->disarm();
  settle_slice(*table_.current);
  drop_slice(*table_.current);
  gather();
  if (table_.runnable.empty()) return false;
  ticker_->arm();
  return true;
}

Notice Runner::look(Thread& thread) {
  // In this order, as in seat(): a request that comes in between is seen either here or at the next switch
  // point.
  if (replay_) return replay_look(thread);
  const bool interrupted = calm(thread);
  if (over_ || thread.lets_go || (stop_.load() && can_end())) {
    thread.ask(options_.breaker_table);
    return Notice::Switch;
  }
  if (interrupted) {
    if (!std::exchange(noticed_, true))
      tell([when = now_in_slice()](Journal& journal) { journal.on_interrupt(when); });
    return Notice::Interrupt;
  }
  if (!ticker_ || !others_wait()) {
    thread.gives_way = false;
    return Notice::None;
  }
  if (preempts_ && schedule_->hurries(table_, now())) return Notice::Switch;
  if (!thread.gives_way) {
    if (!slice_.begun()) begin_slice(thread);
    if (!slice_.advance(thread) && !ticker_->overdue()) {
      look_again(thread);
      return Notice::None;
    }
    thread.gives_way = true;
    thread.gives_way_at = thread.cpython_time + table_.random.between(0, IntervalSlice::most_put_off(thread));
  } else if (thread.cpython_time >= thread.gives_way_at) {
    return Notice::Switch;
  }
  thread.ask(options_.breaker_table);
  return Notice::None;
}

Notice Runner::before_instruction(Thread& thread, Point point) {
  if (replay_) return replay_look(thread);
  if (point.is_switch_point && thread.dispatch.load(std::memory_order_relaxed) == options_.breaker_table)
    if (const Notice notice = look(thread); notice != Notice::None) return notice;
  return ends_slice(thread, point) ? Notice::Switch : Notice::None;
}

bool Runner::interrupted() {
  ++polls_;
  if (repeats_outside() && replay_poll(Event::Kind::Interrupt, polls_)) interrupted_.store(true);
  if (!interrupted_.load(std::memory_order_relaxed)) return false;
  if (!std::exchange(noticed_, true))
    tell([&](Journal& journal) { journal.on_interrupt({Moment::Kind::Poll, polls_, {}}); });
  return true;
}

void Runner::interrupt() noexcept {
  if (repeats_outside()) return;
  interrupted_.store(true);
  if (Thread* main = main_.load()) main->ask(options_.breaker_table);
  poke_main();
}

void Runner::stop() noexcept {
  stop_.store(true);
  interrupt();
  if (ticker_) ticker_->ask();
}

const char* Runner::why_no_fork(const Thread&) {
  if (options_.journal || replay_ || tape_) return "a run that is recorded, replayed or stepped is one process";
  return nullptr;
}

void Runner::forked(Thread& thread) {
  std::vector<Thread*> lost;
  for (Thread& other : table_.all)
    if (&other != &thread) lost.push_back(&other);
  for (Thread* other : lost) {  // first all of them: one thread's waiters may be others
    unlink(*other);
    table_.all.erase(table_.all.iterator_to(*other));
    other->state = State::Finished;
    other->host = nullptr;
  }
  thread.daemon = false;
  table_.non_daemons = 1;
  table_.calling = 0;
  main_.store(&thread);
  stop_.store(false);
  interrupted_.store(false);
  noticed_ = false;
  if (ticker_) {
    ticker_->forked();
    ticker_->set_holder(&thread);
  }
  drop_slice(thread);
  calm(thread);
  for (Thread* other : lost) machine_.thread_lost(*other);
}

void BlockingCall::come_back() {
  auto& slot = *static_cast<Gil::Slot*>(token_);
  if (Gil::come_back(slot)) {
    if (slot.dead) {
      runner_.hand_on();
      for (;;) pause();
    }
    runner_.seat(thread_);
  }
  slot.calling = false;
  slot.returned = true;
}

std::unique_ptr<Runner> make_runner(bool os_threads, Machine& machine, ThreadTable& table,
                                    std::unique_ptr<Schedule> schedule, RunnerOptions options) {
  if (os_threads) return std::make_unique<OsThreads>(machine, table, std::move(schedule), options);
  return std::make_unique<OneThread>(machine, table, std::move(schedule), options);
}

}  // namespace mini::sched
