// The parts of the module `_thread`.
#pragma once

#include "interp/modules/support.h"
#include "interp/vm/lock.h"

namespace mini::modules {

Result<void> define_lock_types(Heap&);
Result<Ref<Value>> allocate_lock(Call&);
Result<void> define_handle_type(Heap&);
Result<void> define_local_type(Heap&);

/// What a native does that was woken from a wait by an interrupt: true if an exception was raised.
inline bool interrupted(ThreadState& thread) {
  return thread.wake_reason == sched::Wake::Interrupted && thread.machine->handle_interrupt(thread);
}
/// `now + span` on the VM's clock; negative: for ever.
inline sched::Time deadline_after(ThreadState& thread, sched::Time span) {
  return span < 0 ? sched::kNever : sched::later(thread.machine->runner().now(), span);
}
/// Blocks as wait_on(), and remembers the deadline for the case that it has to wait again.
inline Result<Ref<Value>> wait_until(Call& call, uint32_t phase, sched::WaitQueue* queue, sched::Time deadline,
                                     sched::WaitKind kind, const void* target) {
  thread_of(call).suspension.deadline = deadline;
  return wait_on(call, phase, queue, deadline, kind, target);
}

}  // namespace mini::modules
