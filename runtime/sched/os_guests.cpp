// A run that OS threads of the host enter and leave: embedding. A guest is a thread like any other, with a slot of its own,
// whose OS thread is whoever entered last; outside it counts for nothing.
//
// When such a run ends (a deadlock, a schedule that cannot go on, stop()), one guest that is inside closes it: its natives
// are let out, and conclude() ends the VM's own OS threads. The other guests that are inside cannot be joined; they stay
// for the next run, in which all they do is to let go, one after the other as the GIL comes to them.
#include <utility>

#include "runtime/base/assert.h"
#include "runtime/sched/os_threads.h"
#include "runtime/sched/ticker.h"

namespace mini::sched {

void OsThreads::open(Thread& main) {
  gil_ = std::make_unique<Gil>(ticker_.get());
  open_ = true;
  keeps_accounts_ = preempts_;
  admit(main);
  main_slot_.store(&slot_of(main));
  begin(main);
  inside_ = 1;
  leave(main);
}

void OsThreads::admit(Thread& guest) {
  Slot& slot = gil_->add_slot();
  slot.guest = true;
  bind(slot, guest);
  guest.state = State::Outside;
  if (!guests_.empty()) guest.daemon = true;
  guests_.push_back(&guest);
}

// The guest is inside from now on; the main thread always stays in the table.
void OsThreads::come_in(Thread& guest) {
  ++inside_;
  if (guest.base::ListHook<AllTag>::is_linked()) return;
  guest.serial = table_.started++;
  table_.all.push_back(guest);
  if (options_.observer) options_.observer->on_start(guest);
}

void OsThreads::enter(Thread& thread) {
  Slot& me = slot_of(thread);
  Gil::prepare_to_wait(me);
  me.ticket = thread.waits;
  if (gil_->enter(me)) {
    come_in(thread);
    seat_again(thread);
  } else {
    await(me, kNever, false);  // false: it is to conclude a run that ended meanwhile
  }
  thread.lets_go = false;
}

void OsThreads::leave(Thread& thread) {
  MINI_ASSERT(!over_ && table_.current == &thread);
  ++thread.waits;  // a time-out of its last wait may still arrive, and must not be taken for its return
  thread.state = State::Outside;
  thread.lets_go = false;
  --inside_;
  if (&thread != main_.load(std::memory_order_relaxed)) {
    table_.all.erase(table_.all.iterator_to(thread));
    if (options_.observer) options_.observer->on_finish(thread);
  }
  hand_on();
}

// The caller gives the GIL up, and is nobody.
void OsThreads::hand_on() {
  table_.current = nullptr;
  table_.last_cause = Cause::Called;
  if (ticker_) ticker_->set_holder(nullptr);
  // As a rule there is nobody to be told, or to be gathered who has not arrived: then there is nothing to choose either.
  const bool alone = table_.runnable.empty() && table_.timers.empty() && !replay_ && outcome_ == Outcome::Finished;
  if (alone && !interrupted_.load() && gil_->try_free()) return;
  do {
    gather();
    if ((exact_ || replay_) && inside_ == 0) continue;  // the others stand still
    if (Thread* next = choose(nullptr, Cause::Called)) {
      seat(*next);
      return gil_->grant(slot_of(*next));
    }
    if (outcome_ != Outcome::Finished) return end_run(outcome_);
  } while (!gil_->try_free());
}

// The guest that closes an ended run: inside, and not in a call outside the VM. nullptr: there is none.
OsThreads::Slot* OsThreads::closer() {
  for (Thread* guest : guests_)
    if (guest->state != State::Outside && guest->state != State::Calling && !guest->lets_go) return &slot_of(*guest);
  return nullptr;
}

Outcome OsThreads::conclude(Thread& thread) {
  MINI_ASSERT(over_ && table_.current == &thread);
  join_all();
  std::vector<Slot*> arrivals;
  gil_->drain([&](Slot& slot) {
    if (slot.guest) arrivals.push_back(&slot);
  });
  std::vector<Thread*> staying;
  for (Thread* guest : guests_) {
    if (!guest->base::ListHook<AllTag>::is_linked()) continue;
    table_.all.erase(table_.all.iterator_to(*guest));
    if (guest->state == State::Blocked || guest->state == State::Runnable) unlink(*guest);
    staying.push_back(guest);
  }
  const Outcome outcome = std::exchange(outcome_, Outcome::Finished);
  Thread& main = *guests_.front();
  end();
  idle_.clear();
  free_.clear();
  for (Slot& slot : gil_->slots()) {
    if (slot.guest) continue;
    slot.thread = nullptr;
    if (slot.dead) continue;
    Gil::prepare_to_wait(slot);
    free_.push_back(&slot);
  }

  over_ = false;
  stop_.store(false);
  interrupted_.store(false);
  main_.store(&main);
  main_slot_.store(&slot_of(main));
  table_.non_daemons = 1;
  if (staying.size() == 1) table_.started = 1;
  for (Thread* guest : staying) {
    table_.all.push_back(*guest);
    if (guest == &thread || guest->state == State::Outside) continue;
    guest->lets_go = true;
    if (guest->state == State::Calling) {
      ++table_.calling;
    } else {
      make_runnable(*guest);
    }
  }
  for (Slot* slot : arrivals) arrive(*slot);
  thread.state = State::Running;
  table_.current = &thread;
  if (ticker_) ticker_->set_holder(&thread);
  calm(thread);
  return outcome;
}

void OsThreads::end_here() {
  outcome_ = Outcome::Stopped;
  over_ = true;
}

void OsThreads::close() {
  open_ = false;
  over_ = true;
  shut_down();
  over_ = false;
}

}  // namespace mini::sched
