// What the machine talks to: one Runner a VM. It owns every decision about threads (who waits, who is woken,
// who runs next, what time it is), so that these are the same whichever way a chosen thread gets its CPU:
// OsThreads (os_threads.h) gives each its own OS thread, OneThread (one_thread.h) runs them all in turn.
//
// The machine's loop runs one thread until it must stop, and then *returns* to the runner, with everything
// that the thread is in the VM's memory:
//
//   Exit Machine::run_slice(Thread& thread) {
//     // … each instruction of the fast loop goes through thread.dispatch; the breaker's table ends up here,
//     //   after an instruction that was a switch point:
//     switch (runner.look(thread)) {
//       case Notice::None:      continue;               // nothing to do, or not yet
//       case Notice::Switch:    return Exit::Switched;  // somebody else's turn; called again when it is ours
//       case Notice::Interrupt: raise KeyboardInterrupt if runner.take_interrupt(thread)
//     }
//     // … a native that has to wait, with the frame in a state to be called again:
//     runner.wait(thread, &lock.waiters, deadline, WaitKind::Lock, &lock);
//     return Exit::Parked;                              // called again when woken: thread.wake_reason
//   }
//
// The observed loop calls runner.before_instruction(thread, point) before each instruction instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/memory.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/journal.h"
#include "runtime/sched/replay.h"
#include "runtime/sched/schedule.h"
#include "runtime/sched/slice.h"
#include "runtime/sched/thread.h"

namespace mini::sched {

/// Why the loop stopped running a thread.
enum class Exit : std::uint8_t {
  Switched,  ///< it gives way, and is still runnable
  Parked,    ///< wait() was called: it is blocked
  Finished,  ///< it is over; the run is over when it is the main thread
  Paused,    ///< OneThread: run() returns, to be taken up again by resume() with the same thread
};

/// What the loop has to do at a switch point.
enum class Notice : std::uint8_t { None, Switch, Interrupt };

/// How a run ended.
enum class Outcome : std::uint8_t {
  Finished,       ///< the main thread did
  Paused,         ///< Exit::Paused
  Deadlock,       ///< no thread could ever run again
  ScheduleError,  ///< the schedule could not go on: schedule().error()
  Stopped,        ///< stop()
};

/// The VM, as the scheduler sees it. Every call is made by the holder of the GIL.
class Machine {
 public:
  virtual ~Machine() = default;
  /// Runs the thread from where it stands. Called on whichever OS thread the runner chose.
  virtual Exit run_slice(Thread& thread) = 0;
  /// The thread has finished: it is in no queue, and nobody touches it after this call, so it may be freed.
  virtual void thread_finished(Thread&) {}
  /// The run is over before this thread, which never runs again: a daemon, a deadlock. No thread is in any queue, and
  /// nobody touches this one after the call, so it may be freed. Also told of the main thread, unless that finished.
  virtual void thread_abandoned(Thread&) {}
  /// Nobody can ever run again, and nobody is table().current. true ends the run (Outcome::Deadlock); false
  /// waits for an interrupt, which is right where the script handles signals, or the user asked for the hang.
  virtual bool deadlock() { return true; }
  /// After a fork(), in the child, which this thread did not come along to: it is in no queue, and never runs again.
  virtual void thread_lost(Thread&) {}
  /// The main thread has finished that was another one's until the process was forked: so the run is over, but nobody
  /// waits for run() to return. Ends the process.
  [[noreturn]] virtual void end_process(Outcome) { std::abort(); }
  /// Where a thread that does not run, or looks, stands; without code if it has no frame of its own.
  virtual Position position(const Thread&) { return {}; }
  virtual Place place(const Position&) { return {}; }
};

/// One entry for each time that the GIL went to another thread than its last holder.
struct HandOver {
  std::uint64_t number;  ///< 1, 2, 3 …
  std::uint32_t from;    ///< serial
  Thread& to;
  Cause cause;  ///< why `from` gave it up
};

/// Sees what happens to threads; called by the holder of the GIL. For recordings, statistics, timelines.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_hand_over(const HandOver&) {}
  virtual void on_start(Thread&) {}
  virtual void on_wait(Thread&) {}  ///< wait_kind, wait_target and deadline are set
  virtual void on_wake(Thread&) {}  ///< wake_reason is set
  virtual void on_finish(Thread&) {}
};

struct RunnerOptions {
  /// What Thread::dispatch holds while nobody asks, and what it holds when somebody did; may be the same.
  DispatchTable fast_table = nullptr;
  DispatchTable breaker_table = nullptr;
  ClockKind clock = ClockKind::Real;
  Observer* observer = nullptr;
  /// Whether OS threads of the VM are moved to the CPU where the GIL is, and whether the main thread, which is the
  /// host's, may be as well. OsThreads::place.
  bool place_threads = true;
  bool place_main = false;
  Journal* journal = nullptr;  ///< beside the list of slices that every run keeps
};

class Ticker;

class Runner {
 public:
  Runner(Machine& machine, ThreadTable& table, std::unique_ptr<Schedule> schedule, RunnerOptions options);
  virtual ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // ---- A run

  /// Runs the VM on the calling OS thread, which is the main thread's, until that finishes, or nobody can
  /// run. Then no thread runs script code any more. Those inside a native that called back into the loop are
  /// let out of it one by one (their switch_here() answers false); the others just never run again.
  /// `main` has to stay as long as interrupt() may be called. A Runner may run again, with the same thread or
  /// another.
  virtual Outcome run(Thread& main) = 0;
  /// After Outcome::Paused, also with another state of the VM restored: goes on with the thread that held the
  /// GIL, or, if nobody did, with the one that the schedule names.
  virtual Outcome resume() = 0;

  // ---- A run that OS threads of the host enter and leave (embedding), instead of run()

  /// Begins a run that does not end by itself. `main` is outside: one OS thread after the other may be it.
  virtual void open(Thread& main) = 0;
  /// Makes `guest` another thread that OS threads of the host may be, one at a time; it is outside. The holder. Never
  /// under OneThread, where one after the other is `main`.
  virtual void admit(Thread& guest) = 0;
  /// The calling OS thread is `thread`, which was outside, and holds the GIL when this returns. Look at over() then: it
  /// may have been chosen to conclude a run that ended while it waited.
  virtual void enter(Thread& thread) = 0;
  /// `thread`, the holder, is outside, with nothing on its C++ stack. The others run on without it; but under an exact
  /// schedule, in a replay, and under OneThread, only while somebody is inside.
  virtual void leave(Thread& thread) = 0;
  /// The run has ended: whoever is inside lets go and calls conclude().
  bool over() const { return over_; }
  /// After over(), by the holder, whose natives have all returned: ends every thread but the host's, and begins the
  /// next run, of which the caller holds the GIL. Those of the host that are inside see `lets_go`, and leave.
  virtual Outcome conclude(Thread& thread) = 0;
  /// Ends the run (Outcome::Stopped) at once; conclude() is due. The host's, inside, with nothing on its C++ stack.
  virtual void end_here() = 0;
  /// From now on the time that threads of the host spend inside is told from the moment that they enter. Before, it is told
  /// from the first time that they give way: looking at the clock costs as much as the rest of entering.
  void keep_accounts();
  /// The end for good, by the main thread, inside, when nobody else is or comes any more.
  virtual void close() = 0;
  /// Ends the run (Outcome::Stopped) as soon as the holder looks, and somebody is inside. Any thread.
  void stop() noexcept;
  void forget_stop() {
    if (stop_.load()) stop_.store(false);
  }

  // ---- For the holder of the GIL: threads

  /// Makes `child` the next Tn, runnable and last in the queue; the caller runs on. (To wait until it runs,
  /// as CPython's start() does, wait for it in a queue.) false: the system has no room for another thread.
  [[nodiscard]] bool start(Thread& child);

  /// Blocks `thread`, the holder: the loop must then return Exit::Parked. It is made runnable again by
  /// wake_one or wake_all of `queue` (nullptr: a mere sleep), by the deadline, or, if it is the main thread,
  /// by an interrupt. `thread.wake_reason` then says which. `target` is kept for reports.
  void wait(Thread& thread, WaitQueue* queue, Time deadline, WaitKind kind, const void* target = nullptr);
  /// Makes the longest waiter runnable; nullptr if there is none.
  Thread* wake_one(WaitQueue& queue);
  /// Makes all waiters runnable, the longest waiting first; how many.
  std::size_t wake_all(WaitQueue& queue);
  /// Whether threads that were woken for a lock take it without the GIL (Schedule::wakes_up_outside).
  bool wakes_up_outside() const { return schedule_->wakes_up_outside() || (tape_ && !tape_->taken.empty()); }
  /// The moment at which one that the system is told now to wake up will be awake, for taken_meanwhile().
  /// Of one that wake_one() gave, it is its Thread::waits_since.
  Time awake_from() { return slice_time() + schedule_->wake_up_time(table_.random); }
  bool is_awake(Time awake_from) const { return slice_time() >= awake_from; }
  /// To be asked before a free lock is taken by another than the thread that its last release woke: that thread, if it is
  /// awake by now and so has taken the lock (Wake::Granted); else nullptr.
  Thread* taken_meanwhile(std::uint32_t woken, Time awake_from);

  /// For the main thread at its end: true if it was blocked until the other non-daemon threads have finished
  /// (the loop returns Exit::Parked, and asks again when it is called), false if there are none.
  [[nodiscard]] bool wait_for_non_daemons(Thread& main);

  // ---- For the holder of the GIL: switching

  /// At a switch point, when Thread::dispatch was found to be the breaker's table. A request of the interval is
  /// answered at the first switch point after a random time (IntervalSlice::most_put_off): this makes a switch fall as often
  /// behind each instruction as CPython 3.9 spends time on what leads to it.
  Notice look(Thread& thread);
  /// The observed loop's question, once before each visible instruction: not again for the one that it is
  /// about to run when the thread comes back after Notice::Switch. Includes look().
  Notice before_instruction(Thread& thread, Point point);

  /// before_instruction() for a loop that saw that nobody asks the thread to look; false for Notice::None.
  bool ends_slice(Thread& thread, Point point) {
    if (stop_.load(std::memory_order_relaxed) && can_end()) return true;
    if (!exact_ || !schedule_->ends_slice(table_, thread, point)) return false;
    thread.point = point;
    thread.at_point = true;
    return true;
  }

  /// For a native that called back into the loop, when the loop inside it came out with Switched or Parked:
  /// gives the GIL away and returns when the thread has it again. false: the run is over, the thread has the
  /// GIL for the last time; let go of everything and return, running no script code.
  [[nodiscard]] virtual bool switch_here(Thread& thread, Exit exit) = 0;

  // ---- For the holder of the GIL: processes

  /// Why the process must not be forked by `thread`, the holder, now; null: it may.
  virtual const char* why_no_fork(const Thread& thread);
  /// In the child of a fork(), by `thread`, which called it: the others are gone (Machine::thread_lost), and it is the main
  /// thread. As CPython's rules have it (PyOS_AfterFork_Child, 3.13 Modules/posixmodule.c): a fresh GIL, nobody waits for
  /// anything any more, no interrupt has come; what the others had locked stays locked.
  virtual void forked(Thread& thread);

  // ---- For anybody

  /// Interrupts the main thread: ends its wait, or makes look() say so. From any thread or signal handler.
  void interrupt() noexcept;
  /// Whether there was an interrupt since the last call. The main thread's.
  bool take_interrupt() {
    const bool was = interrupted();
    interrupted_.store(false);
    noticed_ = false;
    return was;
  }
  /// For long natives: whether to stop and let take_interrupt() decide. The holder's.
  bool interrupted();

  // ---- For the holder of the GIL: what comes from outside

  /// A number from outside the VM, what `ask()` answers; in a replay what it answered then, and nothing is asked. All that
  /// a script can learn from outside has to come through here or outside_bytes().
  template <class Ask>
  std::int64_t outside_number(Outside kind, Ask ask) {
    if (repeats_outside()) return replay_number(kind);
    const std::int64_t number = taped<std::int64_t>(ask);
    tell([&](Journal& journal) { journal.on_number(kind, number); });
    return number;
  }
  /// The same for bytes.
  template <class Ask>
  std::string outside_bytes(Outside kind, Ask ask) {
    if (repeats_outside()) return replay_bytes(kind);
    std::string bytes = taped<std::string>(ask);
    tell([&](Journal& journal) { journal.on_bytes(kind, bytes); });
    return bytes;
  }
  /// A system call that may block, and answers a number or -errno; others may run meanwhile (BlockingCall).
  template <class Ask>
  std::int64_t call_outside(Thread& thread, Ask ask);
  /// In a replay: what the holder found outside is not what was recorded. The run ends there.
  void refuse(Thread& thread, const std::string& why) { replay_fail(&thread, why); }
  /// Whether what comes from outside is repeated, and nothing may be asked for or changed there.
  bool repeats_outside() const { return replay_ && replay_->complete() && !over_; }

  // ---- Time, schedule, state

  /// The VM's clock; deadlines count in it.
  Time now() const { return clock_ == ClockKind::Virtual ? table_.virtual_now : monotonic_now(); }
  ClockKind clock() const { return clock_; }

  Schedule& schedule() { return *schedule_; }
  /// Whether the schedule decides by instructions, and before_instruction() is needed at each; otherwise it is enough to
  /// look once Thread::dispatch is the breaker's table.
  bool exact() const { return exact_; }
  /// The replay that the schedule is, or nullptr.
  const Replay* replay() const { return replay_; }
  /// The slices of this run so far, for a token.
  const SliceLog& slices() const { return slices_; }
  /// What was noted of a run so far, to be put back with a saved state.
  struct Log {
    SliceLog slices;
    Moment parting;
    bool has_parted;
    std::size_t taped, taken;
  };
  Log log() const { return {slices_, parting_, has_parted_, tape_ ? tape_->at : 0, tape_ ? tape_->taken_at : 0}; }
  void set_log(const Log& log) {
    slices_ = log.slices;
    parting_ = log.parting;
    has_parted_ = log.has_parted;
    if (!tape_) return;
    tape_->at = log.taped;
    tape_->taken_at = log.taken;
  }
  /// What came from outside, for a run that is taken back to saved states: it is given again from `at` on, instead of
  /// being asked for a second time. And of a recorded run, the values of ThreadTable::lock_polls at which waiters took locks.
  struct Tape {
    std::vector<std::variant<std::int64_t, std::string>> answers;
    std::size_t at = 0;
    std::vector<std::uint64_t> taken;
    std::size_t taken_at = 0;

    bool takes_lock(std::uint64_t polls) {
      if (taken_at == taken.size() || taken[taken_at] != polls) return false;
      ++taken_at;
      return true;
    }
  };
  void set_tape(Tape* tape) { tape_ = tape; }
  /// Between runs; in OneThread also when paused.
  void set_schedule(std::unique_ptr<Schedule> schedule);
  /// Paused with a holder: it gives the GIL up, as if it had been made to.
  void put_back() { unseat(table_.current, Cause::Switched); }
  /// The holder: sys.setswitchinterval.
  void set_interval(Time interval);

  ThreadTable& table() { return table_; }
  /// Whether the VM's OS threads are kept on the CPU where the GIL is; only OsThreads does so.
  virtual bool places_threads() const { return false; }
  virtual void set_places_threads(bool) {}
  /// A thread that is inside a native that called back into the loop, and therefore more than its VM state:
  /// the VM cannot be saved. nullptr: it can.
  virtual Thread* inside_native() { return nullptr; }
  /// C++ stack that the loop has at least, below the frame of run_slice, in bytes.
  static constexpr std::size_t stack_bytes() { return kStackBytes - kStackReserve; }

 protected:
  friend class BlockingCall;
  // Address space: pages cost nothing until touched. A sanitizer's frames are larger.
  static constexpr std::size_t kStackBytes = (MINI_ASAN || MINI_TSAN ? 4 : 1) << 20;
  static constexpr std::size_t kStackReserve = (MINI_ASAN || MINI_TSAN ? 512 : 64) << 10;

  // What every runner does the same way. All for the holder.
  void account(Thread& thread, Time present, Cause cause = Cause::Parked);  // until now, by the state that it was in
  void came_back(Thread& thread, Time present);
  void begin(Thread& main);
  void make_runnable(Thread& thread);
  void wake(Thread& thread, Wake reason);
  void gather();                           // everyone whose wait is over by now joins the run queue
  void unseat(Thread* from, Cause cause);  // the holder gives the GIL up (nullptr: it finished) …
  Thread* choose(Thread* from,
                 Cause cause);  // … to this one; nullptr: nobody, or outcome_ is ScheduleError …
  void seat(Thread& thread);    // … which holds it from here on
  void seat_again(Thread& guest);  // the same for one that comes in, as a rule back to a GIL that nobody had meanwhile
  void finish(Thread& thread);
  void unlink(Thread& thread);
  void let_out(Thread& thread);  // the run is over, and this thread still has to leave a native
  void end();                    // the run is over: no thread is in any queue any more
  // Takes back what the thread was asked, but for an interrupt that is its own: true. The flag is looked at
  // last, and interrupt() sets it first: one that comes in between is seen here, or it asks after this.
  bool calm(Thread& thread) {
    // Looked at first: what was not asked need not be taken back, by stores that are the dearest part of taking the GIL.
    if (thread.asked.load() || thread.dispatch.load() != options_.fast_table) thread.calm(options_.fast_table);
    const bool own = interrupted_.load() && &thread == main_.load(std::memory_order_relaxed);
    if (own || over_ || thread.lets_go || stop_.load()) thread.ask(options_.breaker_table);
    return own;
  }
  bool others_wait();
  Time slice_time() const { return table_.slice_time + (table_.current ? slice_.elapsed(*table_.current) : 0); }
  void begin_slice(Thread& thread);
  void settle_slice(Thread& thread);
  void drop_slice(Thread& thread);
  void look_again(Thread& thread);
  bool switch_is_due(const Thread& thread) const;
  void renew_ticker();

  template <class Answer, class Ask>
  Answer taped(Ask ask) {
    if (!tape_) return ask();
    if (tape_->at < tape_->answers.size()) {
      if (const auto* answer = std::get_if<Answer>(&tape_->answers[tape_->at])) return ++tape_->at, *answer;
      tape_->answers.resize(tape_->at);  // on another way than then
    }
    tape_->answers.emplace_back(std::in_place_type<Answer>, ask());
    return ++tape_->at, std::get<Answer>(tape_->answers.back());
  }

  // Telling the journals.
  template <class Tell>
  void tell(Tell tell_one) {
    tell_one(slices_);
    if (options_.journal) tell_one(*options_.journal);
  }
  Moment now_in_slice();

  // What a replay does (replay.cpp).
  /// From so many ticks before a point on, each instruction is looked at: more than any fused form makes.
  static constexpr std::uint64_t kTickMargin = 8;
  void replay_fail(Thread* thread, const std::string& why);
  void replay_arm(Thread& thread);
  void replay_wake();
  Notice replay_look(Thread& thread);
  Thread* replay_choose(Thread* from, Cause cause);
  void replay_call(Thread& thread);
  bool replay_poll(Event::Kind kind, std::uint64_t polls);
  const Event* replay_outside(Outside kind, Event::Kind form);
  std::int64_t replay_number(Outside kind);
  std::string replay_bytes(Outside kind);

  // What differs.
  /// In a replay, at the end of a blocking call: `thread` goes on when the recorded one did.
  virtual void give_way_in_call(Thread& thread) = 0;
  virtual bool can_end() { return true; }           // now, because of stop()
  virtual bool prepare(Thread&) { return true; }    // start(): an OS thread for it
  virtual void collect() {}                         // those who came back by themselves join the run queue
  virtual void* leave_for_call(Thread&) { return nullptr; }  // BlockingCall
  virtual void hand_on() {}                         // by an OS thread that is nobody any more
  virtual void poke_main() noexcept = 0;            // the main thread looks at interrupted_, though it sleeps

  Machine& machine_;
  ThreadTable& table_;
  std::unique_ptr<Schedule> schedule_;
  Replay* replay_ = nullptr;  // schedule_, if it is one
  const RunnerOptions options_;
  const ClockKind clock_;
  std::unique_ptr<Ticker> ticker_;  // asks the holder to look; only for schedules that are not exact
  IntervalSlice slice_;             // the holder's, begun while others wait
  Conditions conditions_;           // of that slice
  bool polls_timers_ = false;       // deadlines are noticed by the holder alone
  bool exact_ = false;              // of the schedule
  bool preempts_ = false;           // likewise
  Outcome outcome_ = Outcome::Finished;
  SliceLog slices_;
  Tape* tape_ = nullptr;
  Moment parting_{};         // how the slice ended of the thread that gave the GIL up …
  bool has_parted_ = false;  // … if nobody has got it since
  bool noticed_ = false;     // the journal knows of the interrupt
  bool keeps_accounts_ = true;
  std::uint64_t polls_ = 0;
  bool over_ = false;  // no thread runs script code any more
  std::atomic<bool> stop_{false};
  std::atomic<bool> interrupted_{false};
  std::atomic<Thread*> main_{nullptr};  // during a run
};

/// Around a call that may block outside the VM: others run meanwhile.
///
///     {
///       BlockingCall call(runner, thread);
///       count = read(descriptor, buffer, size);  // nothing of the VM may be touched in here
///     }                                          // holds the GIL again
///
/// The GIL is offered rather than given, so that a call that is over at once costs no switch; but if a switch
/// was asked for, it is given (CPython waits there too, for the same reason). Does nothing under an exact
/// schedule, where others must not run meanwhile, nor in OneThread, where they cannot. If the run ends during
/// the call, the thread never comes back, and sleeps in the destructor for ever (as in CPython 3.14,
/// PyThread_hang_thread: there is no way back through the native's C++ frames).
class BlockingCall {
 public:
  BlockingCall(Runner& runner, Thread& thread)
      : runner_(runner), thread_(thread), token_(begin()) {}
  ~BlockingCall() {
    if (token_) come_back();
    else if (runner_.replay_ && !runner_.over_) runner_.replay_call(thread_);
  }
  BlockingCall(const BlockingCall&) = delete;
  /// Whether others may run meanwhile, so that the VM is not this thread's.
  bool left() const { return token_ != nullptr; }
  BlockingCall& operator=(const BlockingCall&) = delete;

 private:
  void* begin() {
    ++thread_.calls;
    return runner_.replay_ ? nullptr : runner_.leave_for_call(thread_);
  }
  void come_back();
  Runner& runner_;
  Thread& thread_;
  void* token_;  // the OS side of the thread; all that may be touched before the GIL is held again
};

template <class Ask>
std::int64_t Runner::call_outside(Thread& thread, Ask ask) {
  if (tape_) return outside_number(Outside::Result, ask);
  std::int64_t number = 0;
  {
    BlockingCall call(*this, thread);
    if (!repeats_outside()) number = ask();
  }
  return outside_number(Outside::Result, [&] { return number; });
}

/// `os_threads`: one OS thread for each thread; otherwise one for all.
std::unique_ptr<Runner> make_runner(bool os_threads, Machine& machine, ThreadTable& table,
                                    std::unique_ptr<Schedule> schedule, RunnerOptions options);

}  // namespace mini::sched
