// Forking the process that a VM runs in.
#pragma once

#include "interp/vm/thread_state.h"

namespace mini::vm {

/// fork(2) by the holder of the GIL: 0 in the child, the child's number in the parent. The child has this thread only, which
/// is its main thread from now on; the VM's memory is the child's own, with all that other threads had in it.
/// RuntimeError where that cannot be (a run that is recorded, a VM inside another program), OSError if the system refuses.
Result<int64_t> fork_process(ThreadState& thread);
/// RuntimeError as fork_process() raises it, where there can be no other process.
Result<void> check_can_fork(ThreadState& thread);

}  // namespace mini::vm
