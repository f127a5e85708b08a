// Import statements.
#pragma once

#include "interp/vm/calls.h"

namespace mini::vm {

/// IMPORT_NAME with level and names to import on the stack, which it drops: the module is in ThreadState::result
/// (kValue), or its body was pushed as a frame.
CallOutcome import_name(ThreadState&, Str* name);
Result<Ref<Value>> import_from(ThreadState&, Value module, Str* name);
Result<void> import_star(ThreadState&, Frame*, Value module);
/// In the middle of native work (`__import__`, the machine's own start).
Result<Ref<Value>> import_nested(Machine&, std::string_view name);
/// The body of a module has run: the module that the statement asked for is pushed. False after raising.
/// `pushed_frame`: another body has to run first.
bool finish_import(ThreadState&, bool& pushed_frame);
/// A body left by an exception: the half-made module is forgotten.
void import_failed(ThreadState&, Dict* names);

}  // namespace mini::vm
