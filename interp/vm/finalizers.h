// `__del__` and what else runs at the end of the instruction that dropped a last reference.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

/// Starts the next waiting finaliser in a frame of its own; false if there was nothing that needs one.
bool run_finalizer(ThreadState&);
/// Runs all that wait, nested: at the end of a thread, after a collection.
void run_all_finalizers(ThreadState&);
/// Collects a generation (0 to 2) and tells gc.callbacks before and afterwards, nested; the number of objects found.
size_t collect_observed(ThreadState&, uint32_t generation);
/// Prints an exception that nobody can handle: "Exception ignored in: ...".
/// `ignoring`, if not unbound, is what is named there; else the function in which the exception was raised.
void report_unraisable(ThreadState&, Ref<Exception> exception, Value ignoring = kUnbound);

}  // namespace mini::vm
