// What a scheduled thread is: a node in the VM's memory, in whichever queues it belongs to. No operating
// system in here, so that a VM's memory can be copied away and back with all its threads in it.
//
// Everything in this file is read and changed by the holder of the GIL alone, but for Thread::dispatch.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/base/intrusive.h"
#include "runtime/sched/account.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/random.h"

namespace mini::sched {

struct AllTag;
struct RunTag;
struct WaitTag;
struct TimerTag;

/// What the loop jumps through: one label an opcode. Which table that is, is how the loop is told to look up.
using DispatchTable = const void* const*;

enum class State : std::uint8_t {
  New,       ///< not started
  Running,   ///< holds the GIL
  Runnable,  ///< in the run queue
  Blocked,   ///< waits for something in the VM: a lock, a time, another thread
  Calling,   ///< gave the GIL up around a call that may block; comes back by itself
  Finished,
  Outside,   ///< the host's: no OS thread is it now (Runner::enter)
};

/// Why a wait ended.
enum class Wake : std::uint8_t {
  Notified,     ///< wake_one or wake_all
  TimedOut,     ///< the deadline passed
  Interrupted,  ///< an interrupt arrived; only the main thread
  Granted,      ///< as Notified, and it has what it waited for: Runner::taken_meanwhile
};

/// Why a holder gives the GIL up.
enum class Cause : std::uint8_t {
  Switched,  ///< it was made to give way; it stays runnable and stands last in the run queue
  Parked,    ///< it waits
  Finished,
  Called,  ///< it left for a call that may block, and was not back when somebody else took the GIL
};

/// Where the observed loop stands: before an instruction of the thread that runs.
struct Point {
  bool is_switch_point;  ///< the model of switch points lets a switch fall here
  bool counted = true;   ///< the instruction is the script's own; false in prelude code
};

class Thread;

/// Threads that wait for one thing, the longest waiter first. Lives in the VM's memory, inside that thing.
/// Waking makes runnable and hands nothing over: what the waiters want is taken by whoever runs first, as in
/// CPython, where releasing a lock frees it.
using WaitQueue = base::List<Thread, WaitTag>;

/// A thread as the scheduler knows it; interp/vm derives its thread state from this. Lives in the VM's
/// memory. The holder of the GIL may read every member; only Runner writes them, unless it says "the VM
/// sets".
class Thread : public base::ListHook<AllTag>,
               public base::ListHook<RunTag>,
               public base::ListHook<WaitTag>,
               public base::SetHook<TimerTag> {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// The table that the loop dispatches through: the fast one, or the breaker's once the holder was asked to
  /// look (Runner::look). Loaded relaxed at each dispatch: a plain load that only keeps it out of a register.
  std::atomic<DispatchTable> dispatch{nullptr};
  /// Whether it was asked, for a loop that looks at each instruction anyway. It and `dispatch` are the only
  /// members that others than the holder of the GIL store to. Either may be late, or be set for nothing.
  std::atomic<bool> asked{false};

  void ask(DispatchTable breaker_table) {
    asked.store(true);
    dispatch.store(breaker_table);
  }
  /// Asks for a thread that is urgent (Schedule::preempts), not because of the interval.
  void hurry(DispatchTable breaker_table) { dispatch.store(breaker_table); }
  void calm(DispatchTable table) {
    asked.store(false);
    dispatch.store(table);
  }
  /// Counts down entries and exits of functions, resumes of generators and backward jumps. When it reaches 0, the loop
  /// begins to look at each instruction: so whoever has to stop the thread at a certain point of its life (the switch
  /// interval, a replay) pays nothing on the way there.
  std::uint64_t ticks_left = ~std::uint64_t{0};
  std::uint64_t tick_alarm = kNoTick;  ///< the ticks() at which that is
  static constexpr std::uint64_t kNoTick = ~std::uint64_t{0};

  /// What CPython 3.9 would need for those of its instructions that were looked at; only differences mean anything. The
  /// VM counts.
  Time cpython_time = 0;
  double tick_time = 0;  ///< what a tick of it comes to, as far as it was looked at; 0: it was not (slice.h) …
  Time looked_time = 0;  ///< … because it was looked at for no longer than this …
  std::uint64_t looked_ticks = 0;  ///< … in which it made so many ticks
  int tick_looks = 0;              ///< how many looks that agreed are in tick_time, at most 3
  Time tick_gap = kMicrosecond;    ///< the longest from one tick to the next, of late

  /// How many ticks this thread has made. Between two of them it stays in one frame and only goes forward: with the
  /// instruction, this names a point of the thread's life, the same in every run and in both loops.
  std::uint64_t ticks() const { return tick_alarm - ticks_left; }
  /// Looks at each instruction from `ticks` on, which must not be reached yet; kNoTick: never.
  void set_tick_alarm(std::uint64_t ticks) {
    ticks_left += ticks - tick_alarm;
    tick_alarm = ticks;
  }

  std::uint32_t serial = 0;  ///< T0 is the main thread, Tn the n-th thread started
  State state = State::New;
  bool daemon = false;  ///< the VM sets it before start()
  bool lets_go = false;  ///< the host's, inside when its run ended: it lets go of everything and leaves
  WaitKind wait_kind = WaitKind::None;
  Wake wake_reason = Wake::Notified;  ///< of the last wait that ended
  const void* wait_target = nullptr;  ///< what it waits for, as the waiter named it: for reports
  WaitQueue* queue = nullptr;         ///< where it waits; nullptr for a mere sleep
  Time deadline = kNever;             ///< of the wait, on the VM's clock
  WaitQueue joiners;                  ///< woken when this thread finishes

  bool gives_way = false;             ///< as it was asked to, at the first switch point …
  Time gives_way_at = 0;              ///< … at this cpython_time or later
  Time waits_since = 0;               ///< ThreadTable::slice_time when it began to wait for the GIL, or will, once it is awake
  Point point{};                      ///< where an exact schedule made it give way …
  bool at_point = false;              ///< … if it has not run since
  std::uint32_t waits = 0;            ///< counts waits and calls: a late time-out sees that it is late
  std::uint64_t calls = 0;            ///< calls that might have blocked (BlockingCall), for Slice::End::Call
  std::uint64_t grants = 0;           ///< times it got the GIL from another thread
  std::uint64_t forced_switches = 0;  ///< times it had to give way
  std::uint64_t parks = 0;            ///< times it gave the GIL up in order to wait
  Account account;                    ///< what became of its time
  // For schedules that go by what a thread ran (Responsive).
  bool urgent = false;    ///< came back from a wait or call, and has not run for a whole slice since
  Time virtual_run = 0;   ///< what it ran, but no less than others had when it came back
  Time slice_used = 0;    ///< of the slice that it was made to interrupt

  /// The runner's side of this thread, outside the VM's memory. Means nothing after a restore.
  void* host = nullptr;
};

struct EarlierDeadline {
  bool operator()(const Thread& a, const Thread& b) const { return a.deadline < b.deadline; }
};
using RunQueue = base::List<Thread, RunTag>;
using AllThreads = base::List<Thread, AllTag>;
using TimerQueue = base::MultiSet<Thread, EarlierDeadline, TimerTag>;

/// Everything about a VM's threads that is saved and restored with it; lives in the VM's memory.
struct ThreadTable {
  explicit ThreadTable(std::uint64_t first_seed = 0) : seed(first_seed), random(first_seed) {}

  AllThreads all;     ///< started and not finished, in the order of their serials
  RunQueue runnable;  ///< the longest waiting first
  TimerQueue
      timers;  ///< blocked threads with a deadline, the earliest first; equal ones in the order of waiting
  WaitQueue exit_wait;            ///< the main thread, once it has nothing to do but to wait for the others
  Thread* current = nullptr;      ///< who holds the GIL; nullptr while nobody does
  std::uint32_t started = 0;      ///< serial of the next thread
  std::uint32_t non_daemons = 0;  ///< alive, the main thread included
  std::uint32_t calling = 0;      ///< threads in state Calling: they come back by themselves
  std::uint32_t last = 0;         ///< serial of the last holder …
  Cause last_cause{};             ///< … and why it gave the GIL up
  std::uint64_t hand_overs = 0;
  Time virtual_now = 0;
  /// Adds up what holders of the GIL executed while others waited for it, as the switch interval counts it (slice.h), and how
  /// long it lay there until the next one took it.
  Time slice_time = 0;
  Time lies_for = 0;  ///< how long it lies there now: of whom the schedule chose, if it gets it
  const Thread* asker = nullptr;  ///< whose time-out ends the holder's slice; only to be compared: it may be gone
  std::uint64_t lock_polls = 0;  ///< how often Runner::taken_meanwhile was asked since one last had
  std::uint64_t seed;
  Random random;  ///< what a real-time schedule draws, but for the lengths of slices (random_of_slice)

  /// The thread with this serial, nullptr if it is not started or has finished.
  Thread* find(std::uint32_t serial) {
    for (Thread& thread : all)
      if (thread.serial == serial) return &thread;
    return nullptr;
  }
};

}  // namespace mini::sched
