// From the arguments of a call to the parameters of what is called.
#pragma once

#include <vector>

#include "interp/vm/calls.h"

namespace mini::vm {

/// The general call of a script function: defaults, keywords, *args and **kwargs, cells, generators. Takes over
/// base[0 … count]. TypeErrors as CPython 3.13 words them (Python/ceval.c, initialize_locals).
CallOutcome call_function(ThreadState&, Function*, Value* base, uint32_t count, Tuple* keyword_names,
                          Value* caller_top, Completion completion);
/// Makes the cells of a fresh frame and puts the closure's in place; false after raising.
bool bind_cells(ThreadState&, Frame*, Function*);
/// Puts the cells of the function's closure behind the frame's own.
inline void share_closure(Frame* frame, const Function* function) {
  const CodeObject* code = frame->code;
  Value* cells = frame->locals + code->local_count + code->cell_count;
  for (uint32_t i = 0; i < code->free_count; ++i) {
    cells[i] = function->closure->items()[i];
    incref(cells[i]);
  }
}

/// Whether a call with `count` positional arguments, which lie at `arguments`, needs nothing but a frame behind them: they are
/// exactly the parameters, and neither the stack nor the recursion limit ends here. `depth`: of the new frame.
[[gnu::always_inline]] inline bool is_simple_call(ThreadState& thread, const CodeObject* code, const Value* arguments,
                                                  uint32_t count, uint32_t depth) {
  return count == code->simple_arguments && has_room(thread, arguments, code->frame_bytes) &&
         depth < thread.machine->state().recursion_limit;
}
/// … and that frame.
[[gnu::always_inline]] inline Frame* push_simple(ThreadState& thread, Function* function, Value* arguments, Value* caller_top,
                                                 Completion completion) {
  CodeObject* code = function->code;
  for (uint32_t i = code->simple_arguments; i < code->slot_count; ++i) arguments[i] = kUnbound;
  Frame* frame = link_frame(thread, code, arguments, code->slot_count, caller_top, completion);
  frame->globals = function->globals;
  frame->builtins = function->builtins;
  if (code->free_count > 0) share_closure(frame, function);
  return frame;
}

/// What `type(...)` makes before a script's `__init__` runs; `count` values, the last named by `keyword_names`.
Result<Ref<Value>> construct(Heap&, Type*, Value* arguments, uint32_t count, Tuple* keyword_names, bool script_init);
/// Calls in the middle of native work with these arguments and, by their names, those in `keywords` (null: none).
Result<Ref<Value>> call_with_dict(Heap&, Value function, std::vector<Value> arguments, Dict* keywords);
/// "__init__() should return None, not 'int'"
bool check_init_result(Heap&, Value result);

/// The body of a class statement is run in a frame of its own; base[0], the native `__build_class__`, becomes the metaclass.
CallOutcome build_class(ThreadState&, Value* base, uint32_t count, Tuple* keyword_names, Value* caller_top,
                        Completion completion);
/// The class, when the body has run in `names` and returned its `__class__` cell or None; the operands lie at `base`.
Result<Ref<Value>> make_class(ThreadState&, Dict* names, Value* base, Value cell);

}  // namespace mini::vm
