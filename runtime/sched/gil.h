// The global interpreter lock: how OS threads pass one token to each other *by name*. It decides nothing. Who
// is next is the runner's business; here is how that one, and no other, gets to run.
//
// There are two kinds of words. The GIL's own says whether the token is taken and who has come for it since:
//
//     0          free: nobody holds it, nobody wants it
//     1          taken
//     slot | 1   taken, and `slot` is the latest of a stack of arrivals that the holder has not yet seen
//
// And each OS thread has a Slot with a word to wait on:
//
//     kAwake     waits, and is not asleep (yet)        kOffered | n    may take it, if it is quick (offer n)
//     kAsleep    sleeps in the futex                   kOver           the run is over: go away
//     kOwns      has it
//
//                  enter: GIL was free                          grant(successor): made to give way
//      OUTSIDE ────────────────────────▶ RUNNING ───────────────────────────────────▶ QUEUED
//        │  ▲                             ▲ │ │                                          │ its word := kOwns
//        │  └── try_free, or offer ───────┼─┘ │ grant(successor): has to wait            ▼
//        │      (a call that may block)   │   ▼                                       RUNNING
//        │ enter: pushes itself           │ PARKED ──made runnable by the holder──▶ QUEUED
//        ▼                                │   └──deadline or interrupt: enter──▶ ARRIVED
//      ARRIVED ──drained by the holder──▶ QUEUED ──word := kOwns, or the offer is accepted──▶ RUNNING
//                                         ▲
//                                         └── the offer is withdrawn by who made it, and runs on
//
// QUEUED and PARKED are states of the VM (Thread::state), changed by the holder alone, without any atomics.
// A thread that is made runnable goes on sleeping: it is woken once, when it owns the GIL.
//
// Why it is right:
//  * The GIL's word is 0 only when the run queue and the stack are empty. An arrival pushes itself only onto
//  a taken
//    word, with one compare-and-swap; the holder frees only an untouched 1, with another. One of them fails,
//    looks again, and sees the other: no wake-up is lost, and there is no mutex.
//  * From a grant until the successor's first step the word stays taken, so nobody can get in between. The
//  granter
//    touches nothing of the VM after it has written kOwns: the successor may run before that call returns.
//  * A sleeper goes to sleep only by kAwake → kAsleep, and whoever changes kAsleep wakes it. A wake that
//  comes late
//    finds another value, or nobody, and does no harm: slots live as long as the Gil.
//  * At most one offer is open. It is made by who leaves for a call; its word has one winner: the successor
//  takes it
//    (→ kOwns) or the giver takes it back (→ kAwake). It carries a number, since the successor's slot may
//    have been offered the GIL again by somebody else before the giver returns. While it is open the GIL
//    counts as taken.
//  * Made to give way and parked means granted, never offered: somebody else does run. This is what CPython's
//    "forced switching" waits for on a second condition variable (CPython 3.13, Python/ceval_gil.c).
//  * A slot is on the stack at most once: who left empties the stack, or finds it empty, before it can come
//  again.
//    It may still lie there when its thread has been granted the GIL meanwhile: Slot::arrived tells that it is of a wait
//    that is over.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "runtime/sched/clock.h"
#include "runtime/sched/futex.h"
#include "runtime/sched/thread.h"
#include "runtime/sched/ticker.h"

namespace mini::sched {

class Gil {
 public:
  enum class Waited : std::uint8_t {
    Granted,      ///< has the GIL; the granter has done the accounting
    Accepted,     ///< has the GIL, by an offer: has to do the accounting
    TimedOut,     ///< has it not: the deadline passed
    Interrupted,  ///< has it not: `interrupt` was set
    Over,         ///< has it not, and never will: the run is over
  };

  /// An OS thread that takes part. Outside the VM's memory; stays where it is as long as the Gil.
  struct alignas(64) Slot {
    std::atomic<std::uint32_t> word{kAwake};
    Gil* gil = nullptr;
    Slot* next = nullptr;          // in the stack of arrivals
    Slot* offered = nullptr;       // to whom this one made its last offer …
    std::uint32_t offer = 0;       // … and the word it wrote
    std::uint32_t ticket = 0;      // Thread::waits of the wait or call that it comes back from …
    std::uint32_t arrived = 0;     // … when it was pushed onto the stack of arrivals; by now it may be in another
    Wake reason = Wake::Notified;  // why it comes back
    // The runner's own, changed by the holder.
    Thread* thread = nullptr;   // nullptr: a cached OS thread without work
    bool calling = false;       // between leaving for a call and holding the GIL again
    bool joinable = false;      // `os_thread` has to be joined
    bool dead = false;          // its run ended during a call: it never comes back
    bool guest = false;         // of a thread that the host's OS threads enter and leave
    std::uint32_t natives = 0;  // natives on its C++ stack that called back into the loop and wait in there
    pthread_t os_thread{};
    // Where it runs; OsThreads::place.
    bool movable = false;   // the runner may choose its CPU
    bool moved = false;     // and has: it runs on that one only
    bool returned = false;  // it got the GIL after a call outside the VM, and has not given way since
    int cpu = -1;           // where it ran when it got the GIL last
  };

  /// The caller holds it. `ticker`, if any, is armed by arrivals, and must live as long.
  explicit Gil(Ticker* ticker) : ticker_(ticker) {}
  Gil(const Gil&) = delete;
  Gil& operator=(const Gil&) = delete;

  Slot& add_slot() {
    slots_.emplace_back().gil = this;
    return slots_.back();
  }
  /// All that there are; the holder.
  std::deque<Slot>& slots() { return slots_; }

  /// From outside: true, the caller has the GIL, which was free; false, it has arrived, and must wait().
  bool enter(Slot& me) {
    me.arrived = me.ticket;
    std::uintptr_t seen = word_.load();
    for (;;) {
      if (seen == 0) {
        if (word_.compare_exchange_weak(seen, 1)) return true;
      } else {
        me.next = reinterpret_cast<Slot*>(seen & ~std::uintptr_t{1});
        if (word_.compare_exchange_weak(seen, reinterpret_cast<std::uintptr_t>(&me) | 1)) break;
      }
    }
    if (ticker_) ticker_->arrived();
    return false;
  }

  /// Before anything that lets others have the GIL: the holder's word, for the wait to come.
  static void prepare_to_wait(Slot& me) { me.word.store(kAwake, std::memory_order_relaxed); }

  /// Returns when the slot has been given the GIL, or will not be for the reason said.
  Waited wait(Slot& me, Time deadline = kNever, const std::atomic<bool>* interrupt = nullptr);

  /// The way back from a call, after try_free() or offer(): blocks until the caller has the GIL. true: it has
  /// to do the accounting; false: the granter has done it. Touches nothing but slots until then.
  static bool come_back(Slot& me) {
    if (me.gil->withdraw(me) || me.gil->enter(me)) return true;
    return me.gil->wait(me) == Waited::Accepted;
  }

  // ---- For the holder

  /// Calls `visit` for each arrival since the last time, the earliest first.
  template <class Visit>
  void drain(Visit visit) {
    if (word_.load(std::memory_order_relaxed) == 1) return;
    auto* slot = reinterpret_cast<Slot*>(word_.exchange(1) & ~std::uintptr_t{1});
    Slot* earliest = nullptr;
    while (slot) {
      Slot* later = slot->next;
      slot->next = earliest;
      earliest = slot;
      slot = later;
    }
    while (earliest) {
      Slot* following = earliest->next;
      visit(*earliest);
      earliest = following;
    }
  }
  /// Lets go of the GIL when the run queue is empty. false: somebody has arrived, drain().
  bool try_free() {
    std::uintptr_t untouched = 1;
    return word_.compare_exchange_strong(untouched, 0);
  }
  /// Gives the GIL to `successor` for good.
  void grant(Slot& successor) {
    if (successor.word.exchange(kOwns) == kAsleep) futex_wake(successor.word);
  }
  /// Offers the GIL to `successor`, which stays first in the run queue. Nobody holds it until somebody wins.
  void offer(Slot& me, Slot& successor);
  /// In the child of a fork(), by the holder, whose OS thread is the only one: nobody else has come, or waits. Answers the
  /// slots of the others, which are as good as new.
  std::vector<Slot*> forked(Slot& me);
  /// Ends the wait of a slot without the GIL. Only when its thread will never run script code again.
  void dismiss(Slot& slot) {
    if (slot.word.exchange(kOver) == kAsleep) futex_wake(slot.word);
  }

  /// Makes a sleeper look at its `interrupt`. Any thread, async-signal-safe; spurious ones do no harm.
  static void poke(Slot& slot) noexcept {
    std::uint32_t asleep = kAsleep;
    if (slot.word.compare_exchange_strong(asleep, kAwake)) futex_wake(slot.word);
  }

 private:
  // After offer(): whether the GIL is the caller's again.
  bool withdraw(Slot& me) {
    Slot* successor = std::exchange(me.offered, nullptr);
    return successor && successor->word.compare_exchange_strong(me.offer, kAwake);
  }

  static constexpr std::uint32_t kAwake = 0, kOwns = 1, kAsleep = 2, kOffered = 3, kOver = 4;
  static constexpr std::uint32_t kKindBits = 3;
  static constexpr std::uint32_t kKindMask = (1 << kKindBits) - 1;

  std::atomic<std::uintptr_t> word_{1};  // made by the main thread, which holds it
  Ticker* const ticker_;
  std::uint32_t offers_ = 0;  // the holder's
  std::deque<Slot> slots_;    // the holder's
};

}  // namespace mini::sched
