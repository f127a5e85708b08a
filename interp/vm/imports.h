// Import statements.
#pragma once

#include "interp/vm/calls.h"

namespace mini::vm {

/// IMPORT_NAME with level and names to import on the stack, which it drops: the module is in ThreadState::result
/// (kValue), its body was pushed as a frame, or another thread is running that, for which this one waits (kParked).
CallOutcome import_name(ThreadState&, Str* name);
Result<Ref<Value>> import_from(ThreadState&, Value module, Str* name);
Result<void> import_star(ThreadState&, Frame*, Value module);
/// In the middle of native work (`__import__`, the machine's own start).
Result<Ref<Value>> import_nested(Machine&, std::string_view name);
/// The body of a module has run, or a wait for one is over: the module that the statement asked for is pushed (kValue),
/// unless another body has to run first (kFrame) or to be waited for (kParked).
CallOutcome finish_import(ThreadState&);
/// The body of the module that `thread` began to import last has run: its package gets to know it.
Result<void> import_done(ThreadState& thread);
/// The same for a body left by an exception: the half-made module is forgotten.
void import_failed(ThreadState& thread);
/// The thread that runs the body of `module` now; null if none does, or it is gone.
ThreadState* importer_of(Machine&, const Module* module);
/// `thread` does not import that module any more; whoever waits for a module looks again. Without a runner, nobody does.
void end_import(ThreadState& thread, sched::Runner* runner);

}  // namespace mini::vm
