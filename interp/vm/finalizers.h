// `__del__` and what else runs at the end of the instruction that dropped a last reference.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

/// Starts the next waiting finaliser in a frame of its own; false if there was nothing that needs one.
bool run_finalizer(ThreadState&);
/// Runs all that wait, nested: at the end of a thread, after a collection.
void run_all_finalizers(ThreadState&);
/// Prints an exception that nobody can handle: "Exception ignored in: ...".
void report_unraisable(ThreadState&, Ref<Exception> exception);

}  // namespace mini::vm
