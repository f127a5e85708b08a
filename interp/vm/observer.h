// Those who look on: trace, stepper, timeline, explorer. Any number of them at once; without one, the loop pays nothing.
//
// InstructionObserver sees instructions, which only an observed machine shows (Options::observed, or an exact schedule).
// sched::Observer (runner.h) sees hand-overs, waits, wake-ups, starts and ends of threads, and costs no observed loop.
// What an instruction reads and writes: interp/observe/accesses.h.
#pragma once

#include <cstdint>

#include "runtime/sched/runner.h"

namespace mini::vm {

struct Frame;
struct Lock;
struct ThreadState;

enum class LockOperation : uint8_t { kAcquired, kReleased };

/// Every call is made by the holder of the GIL, who is `thread`. An observer runs no script code and changes nothing in
/// the VM's memory, not even by asking an object for its serial (Heap::serial_of); values that it keeps may die.
class InstructionObserver {
 public:
  virtual ~InstructionObserver() = default;
  /// The thread stands before an instruction; whether it runs now or another thread does first, is not decided yet.
  /// `is_switch_point`: the model lets a switch fall here. Thread::asked tells whether one was asked for.
  virtual void before(ThreadState&, Frame&, uint32_t /*index*/, bool /*is_switch_point*/) {}
  /// It was decided that the thread gives way here; runs() comes when it has its turn again.
  virtual void gives_way(ThreadState&, Frame&, uint32_t /*index*/, bool /*is_switch_point*/) {}
  /// The instruction runs now. At once after before(), or, after gives_way(), when others have had their turn; once for
  /// each execution. An EXTENDED_ARG is an instruction of its own.
  virtual void runs(ThreadState&, Frame&, uint32_t /*index*/) {}
  /// Whether passes() needs to be told of switch points. If no observer of a machine does, they are not looked for there.
  virtual bool asks_for_points() const { return true; }
  /// Both in one, where it is clear that the thread does not give way: most of the time, under schedules that go by time.
  virtual void passes(ThreadState& thread, Frame& frame, uint32_t index, bool is_switch_point) {
    before(thread, frame, index, is_switch_point);
    runs(thread, frame, index);
  }
  /// A native that had to wait, or that called back, is called again: Frame::is_native holds.
  virtual void resumes(ThreadState&, Frame&) {}
  /// A lock of either kind changed hands; of an RLock, the first acquiring and the last release.
  virtual void on_lock(ThreadState&, Lock&, LockOperation) {}
  /// The script was told the number by which this thread is known: get_ident(), or the owner in an RLock's text.
  virtual void on_identity(ThreadState&) {}
};

}  // namespace mini::vm
