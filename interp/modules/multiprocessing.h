// The parts of the module `_multiprocessing`, and how its natives wait for other processes.
#pragma once

#include "interp/modules/support.h"
#include "interp/vm/fork.h"

namespace mini::modules {

Result<void> define_semaphore_type(Heap&);
Result<void> define_shared_cells_type(Heap&);

/// How a wait for another process went on.
enum class Waited : uint8_t {
  kLook,    ///< it may be over: look
  kPark,    ///< other threads are to run first: answer park(), and look in the phase that it names
  kRaised,  ///< an interrupt raised an exception
};

/// A little of the wait until `deadline` (of sched::monotonic_now()): `block(until)` is a system call that returns when what
/// the native waits for has come, at `until`, or at a signal. Under a schedule that lets nobody run meanwhile it is made
/// only if there is nobody else who could, and not for long.
template <class Block>
Waited wait_outside(ThreadState& thread, sched::Time deadline, Block block) {
  // Not longer, so that a signal that comes just before the call is noticed all the same.
  constexpr sched::Time kLongest = 200 * sched::kMillisecond, kAlone = 20 * sched::kMillisecond;
  sched::Runner& runner = thread.machine->runner();
  const bool is_main = &thread == thread.machine->state().main;
  bool parks = false;
  {
    sched::BlockingCall call(runner, thread);
    const sched::Time now = sched::monotonic_now();
    if (call.left()) {
      block(is_main ? std::min(deadline, now + kLongest) : deadline);
    } else {
      parks = true;
      if (runner.table().runnable.empty()) block(std::min(deadline, now + kAlone));
    }
  }
  if (is_main && thread.machine->handle_interrupt(thread)) return Waited::kRaised;
  return parks ? Waited::kPark : Waited::kLook;
}

/// After Waited::kPark: the native is called again in `phase`, with `deadline` in Suspension::deadline.
inline Result<Ref<Value>> park(Call& call, uint32_t phase, sched::Time deadline) {
  ThreadState& thread = thread_of(call);
  thread.suspension.deadline = deadline;
  const sched::Time soon = sched::later(thread.machine->runner().now(), sched::kMillisecond);
  return wait_on(call, phase, nullptr, soon, sched::WaitKind::Descriptor);
}

/// The deadline of a timeout in seconds, on the monotonic clock; None and what was not given: never.
inline Result<sched::Time> deadline_argument(Call& call, uint32_t index) {
  if (!call.has(index) || call[index].is_none()) return sched::kNever;
  const sched::Time span = MINI_TRY(seconds_argument(call.heap, call[index]));
  return sched::later(sched::monotonic_now(), std::max<sched::Time>(span, 0));
}

}  // namespace mini::modules
