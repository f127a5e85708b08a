// The evaluation loop.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

DispatchTables dispatch_tables();

/// Runs `thread` from its topmost frame until that run's first frame is left, or another thread has to run.
/// Does not recurse for calls of script functions.
LoopExit interpret(ThreadState& thread);

}  // namespace mini::vm
