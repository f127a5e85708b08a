// What the loop's handlers do when it is not simple. Each works on the topmost frame's stack as saved.
#pragma once

#include "interp/vm/calls.h"

namespace mini::vm {

/// The native that LOAD_BUILD_CLASS finds: calls of it run a class body (interp/modules/builtins).
extern const NativeDefinition kBuildClass;
/// type.__call__: bound to a class, it makes an instance, whatever the metaclass does when the class itself is called.
extern const NativeDefinition kCallClass;

// Natives ----------------------------------------------------------------------------------------------------------

/// Whether the thread's present chunk of stack reaches to `end`.
[[gnu::always_inline]] inline bool lies_in_chunk(const ThreadState& thread, const Value* end) {
  const auto distance = static_cast<size_t>(reinterpret_cast<const char*>(end) - reinterpret_cast<const char*>(thread.chunk));
  return distance <= thread.chunk->bytes;
}

/// While native work uses values on the stack: what it calls is put behind them. Those of a generator lie in its object:
/// then what natives further out occupy still counts.
struct OccupiedScope {
  [[gnu::always_inline]] OccupiedScope(ThreadState& state, Value* end)
      : OccupiedScope(state, end, lies_in_chunk(state, end)) {}
  [[gnu::always_inline]] OccupiedScope(ThreadState& state, Value* end, bool in_chunk)
      : thread(state), outer(state.occupied) {
    if (in_chunk) state.occupied = end;
  }
  [[gnu::always_inline]] ~OccupiedScope() { thread.occupied = outer; }
  ThreadState& thread;
  Value* outer;
};

/// A native, and those of its arguments that lie on the stack, `self` or the class included.
struct InPlace {
  const NativeDefinition* definition = nullptr;  ///< null: the call needs more than that, or is not one of a native
  Value* arguments = nullptr;
  uint32_t count = 0;
  Value* end = nullptr;      ///< behind what is left out

  /// Whether all of that lies in the frame's own room for values: what the native calls is put behind the frame anyway.
  bool lies_within(const Frame* frame) const {
    return reinterpret_cast<const char*>(end) <= reinterpret_cast<const char*>(frame->locals) + frame->code->frame_bytes;
  }
};
/// The native that a call of base[0] with the `count` values behind it runs with the arguments as they lie there, if there is
/// room behind for what is left out: a function, a method that gets a self of the very type, or a type of the runtime.
[[gnu::always_inline]] inline InPlace taken_in_place(Heap& heap, Value* base, uint32_t count) {
  Object* callee = base[0].as_object();
  InPlace call{.arguments = base + 1, .count = count};
  if (callee->type == heap.type(BuiltinType::kMethodDescriptor)) {
    if (count == 0 || heap.type_of(base[1]) != static_cast<MethodDescriptor*>(callee)->owner) return {};
    call.definition = static_cast<MethodDescriptor*>(callee)->definition;
  } else if (callee->type == heap.type(BuiltinType::kNativeFunction)) {
    call.definition = static_cast<NativeObject*>(callee)->definition;
    if (!static_cast<NativeObject*>(callee)->self.is_unbound() || call.definition == &kBuildClass) return {};
  } else if (callee->type == heap.type(BuiltinType::kTypeType)) {
    auto* type = static_cast<Type*>(callee);
    if (type->type_flags & Type::kUserClass || type == heap.type(BuiltinType::kTypeType) || !type->construct) return {};
    call = {.definition = type->construct, .arguments = base, .count = count + 1};
  } else {
    return {};
  }
  const Signature& signature = call.definition->signature;
  if (!signature.takes(call.count)) return {};
  call.end = call.arguments + call.count + signature.left_out(call.count);
  return call;
}

/// The answer of a native that takes its arguments in place, owned: kError after raising, kSuspended where it waits or
/// asked for a call.
[[gnu::always_inline]] inline Value answer_of(Heap& heap, const InPlace& call) {
  auto result = call_in_place(heap, *call.definition, call.arguments, call.count);
  return result.ok() ? result.take_unchecked().release() : kError;
}

/// After a native answered kSuspended: a frame of its own for it, whose only instruction calls it again. Takes over
/// base[0 … count].
CallOutcome suspend_native(ThreadState&, Value* base, uint32_t count, Value* caller_top, Completion completion);

// Names ------------------------------------------------------------------------------------------------------------
void raise_unbound_local(ThreadState&, Frame*, uint32_t local);
void raise_unbound_cell(ThreadState&, Frame*, uint32_t cell);
void raise_undefined_name(ThreadState&, Str* name);
/// Borrowed; kError after raising NameError. Fills the cache.
Value load_global_slow(ThreadState&, Frame*, uint32_t name, InlineCache&);
Result<void> store_global_slow(ThreadState&, Frame*, uint32_t name, Value, InlineCache&);
Value load_class_cell(ThreadState&, Frame*, uint32_t cell);
/// Owned; kError after raising.
Value load_name(ThreadState&, Frame*, uint32_t name);
Result<void> set_up_annotations(ThreadState&, Frame*);
Value load_build_class(ThreadState&, Frame*);

// The following leave their result on the stack (kValue), push a frame that will, or raise. ------------------------
CallOutcome load_attribute(ThreadState&, Frame*, uint32_t name, InlineCache&);
CallOutcome load_method(ThreadState&, Frame*, uint32_t name, InlineCache&);
CallOutcome get_item_on_stack(ThreadState&);
CallOutcome binary_on_stack(ThreadState&);
/// `text + text`, of the very type.
Result<void> add_texts_on_stack(ThreadState&);
CallOutcome compare_on_stack(ThreadState&, CompareOp);
/// After the method that one of these two pushed a frame for answered NotImplemented.
Result<Ref<Value>> operator_declined(ThreadState&, Frame*);
CallOutcome iterate_on_stack(ThreadState&);
CallOutcome call_unpacked_on_stack(ThreadState&, bool with_keywords);
/// The manager on top becomes its `__exit__`; the result of `__enter__` is in ThreadState::result (kValue), the block
/// is open.
CallOutcome enter_with(ThreadState&);
/// The next item of the iterator on top, in ThreadState::result; kUnbound at its end.
CallOutcome advance_iterator(ThreadState&);
/// What advances iterators of this type, kUnbound at the end; null for generators and where a script's `__next__` may stand.
using NextItem = decltype(NativeBehaviour::next);
inline NextItem native_next(Heap& heap, const Type* type) {
  const bool by_frame = type == heap.type(BuiltinType::kGenerator) || type->type_flags & Type::kHasScriptMethods;
  return by_frame ? nullptr : type->behaviour.next;
}
/// What it answers, owned; kError after raising.
[[gnu::always_inline]] inline Value next_of(Heap& heap, NextItem next_item, Value iterator) {
  auto item = next_item(heap, iterator);
  return item.ok() ? item.take_unchecked().release() : kError;
}
Result<void> make_function_on_stack(ThreadState&, uint32_t parts);
/// Unpacks the iterable on top into `before` values and, unless `after` is -1, a list and `after` values.
Result<void> unpack_on_stack(ThreadState&, uint32_t before, int32_t after);

Result<void> store_attribute(ThreadState&, Frame*, uint32_t name, Value object, Value value, InlineCache&);
UnaryOp unary_operator(const Instr* pc, const Frame* frame);
BinaryOp binary_operator(bytecode::Opcode opcode);
bool is_in_place(bytecode::Opcode opcode);

// Displays and strings ---------------------------------------------------------------------------------------------
Result<Ref<Str>> join_strings(Heap&, const Value* pieces, uint32_t count);
Result<Ref<Str>> format_value(Heap&, Value, uint32_t conversion, Value specification);
/// `[*iterable]`: the error text names the star.
Result<void> extend_display(Heap&, List*, Value iterable);
Result<void> update_display(Heap&, Dict*, Value mapping);
/// A function as errors about its arguments name it: `module.f()` (_PyObject_FunctionStr, 3.13 Objects/object.c).
std::string shown_function(Heap&, Value function);
/// `f(**mapping)`: a key that is there already is a TypeError that names the function.
Result<void> merge_keywords(Heap&, Dict*, Value mapping, Value function);
/// The prompt's echo.
Result<void> display(ThreadState&, Value);

// The ends of calls that the machine made itself -------------------------------------------------------------------
enum class Completed : uint8_t { kNext, kJump, kStay, kYield, kParked, kLeaveLoop, kRaise };
/// A frame other than an ordinary call's returned `result` (owned).
Completed complete_call(ThreadState&, Completion, Value* caller_top, Value result);
/// A generator yielded `result` (owned).
Completed complete_yield(ThreadState&, Completion, Value* caller_top, Value result);

enum class ExceptionAnswer : uint8_t {
  kGoesOn,    ///< the exception goes on in the caller, which is on top now
  kAbsorbed,  ///< it only ended something: thread.frame goes on at its pc
};
ExceptionAnswer complete_exception(ThreadState&, Completion, Ref<Exception>& exception);

}  // namespace mini::vm
