// What scripts can read of functions, code, frames and generators.
#include "interp/vm/introspection.h"

#include "interp/vm/function.h"
#include "interp/vm/generators.h"
#include "interp/vm/mapping_names.h"
#include "interp/vm/native.h"
#include "interp/vm/slow_paths.h"
#include "interp/vm/unwind.h"

namespace mini::vm {
namespace {

template <class T>
T* as(Value self) {
  return static_cast<T*>(self.as_object());
}
Result<Ref<Value>> shared(const Object* object) {
  return object ? Ref<Value>::share(Value(object)) : Ref<Value>::adopt(kNone);
}

// Code ----------------------------------------------------------------------------------------------------------------

template <uint32_t CodeObject::*kField>
Result<Ref<Value>> code_number(Heap& heap, Value self) {
  return make_int(heap, as<CodeObject>(self)->*kField);
}
Result<Ref<Value>> texts(Heap& heap, Str* const* first, uint32_t count) {
  Ref<Tuple> tuple = MINI_TRY(make_tuple(heap, count));
  for (uint32_t i = 0; i < count; ++i) tuple->items()[i] = Ref<Value>::share(Value(first[i])).release();
  return tuple;
}
Result<Ref<Value>> code_flags(Heap& heap, Value self) {
  constexpr uint32_t kOfCPython = 0xffff;
  return make_int(heap, as<CodeObject>(self)->flags & kOfCPython);
}
Result<Ref<Value>> code_first_line(Heap& heap, Value self) { return make_int(heap, as<CodeObject>(self)->code->first_line); }
Result<Ref<Value>> code_names(Heap& heap, Value self) {
  return texts(heap, as<CodeObject>(self)->names, as<CodeObject>(self)->name_count);
}
Result<Ref<Value>> code_locals(Heap& heap, Value self) {
  return texts(heap, as<CodeObject>(self)->variables, as<CodeObject>(self)->local_count);
}
Result<Ref<Value>> code_cells(Heap& heap, Value self) {
  auto* code = as<CodeObject>(self);
  return texts(heap, code->variables + code->local_count, code->cell_count);
}
Result<Ref<Value>> code_free(Heap& heap, Value self) {
  auto* code = as<CodeObject>(self);
  return texts(heap, code->variables + code->local_count + code->cell_count, code->free_count);
}
Result<Ref<Value>> code_constants(Heap& heap, Value self) {
  return widen(make_tuple(heap, as<CodeObject>(self)->constants, as<CodeObject>(self)->constant_count));
}
Result<Ref<Value>> code_units(Heap& heap, Value self) {
  const auto& units = as<CodeObject>(self)->code->units;
  std::string bytes;
  for (const bytecode::CodeUnit& unit : units) {
    bytes += static_cast<char>(unit.opcode);
    bytes += static_cast<char>(unit.argument);
  }
  return widen(make_bytes(heap, bytes.data(), bytes.size()));
}
template <Str* CodeObject::*kField>
Result<Ref<Value>> code_text(Heap&, Value self) {
  return shared(as<CodeObject>(self)->*kField);
}

// Frames --------------------------------------------------------------------------------------------------------------

uint32_t instruction_of(const FrameObject* frame) {
  return frame->living ? frame->living->index() : frame->instruction;
}
Result<Ref<Value>> frame_line(Heap& heap, Value self) {
  auto* frame = as<FrameObject>(self);
  return make_int(heap, frame->code->code->position(instruction_of(frame)).line);
}
Result<Ref<Value>> frame_last_instruction(Heap& heap, Value self) {
  return make_int(heap, int64_t{instruction_of(as<FrameObject>(self))} * 2);
}
Result<Ref<Value>> frame_code(Heap&, Value self) { return shared(as<FrameObject>(self)->code); }
Result<Ref<Value>> frame_globals(Heap&, Value self) { return shared(as<FrameObject>(self)->globals); }
Result<Ref<Value>> frame_builtins(Heap& heap, Value) { return shared(Machine::of(heap).state().builtins); }
/// The caller; None at the bottom, and once the frame was left.
Result<Ref<Value>> frame_back(Heap& heap, Value self) {
  Frame* frame = as<FrameObject>(self)->living;
  frame = frame ? frame->back : nullptr;
  while (frame && (frame->is_native || frame->code->has(bytecode::kComprehension) || frame->code->has(bytecode::kPrelude)))
    frame = frame->back;
  if (!frame) return shared(nullptr);
  return widen(frame_object(Machine::of(heap).current(), frame));
}
Result<Ref<Value>> frame_locals(Heap& heap, Value self) {
  auto* frame = as<FrameObject>(self);
  if (frame->names) return Ref<Value>::share(shown_names(heap, frame->names));
  Ref<Dict> locals = MINI_TRY(make_dict(heap));
  const Value* slots = frame->living ? frame->living->locals : frame->slots;
  const uint32_t count = frame->living ? frame->living->slot_count : frame->slot_count;
  for (uint32_t i = 0; i < count; ++i) {
    Value value = slots[i];
    if (i >= frame->code->local_count && has_kind(value, BuiltinType::kCell)) value = as<Cell>(value)->content;
    Str* name = frame->code->variables[i];
    if (!value.is_unbound() && !(name->length > 0 && name->at(0) == '.'))
      MINI_TRY(set_name(heap, locals.get(), name, value));
  }
  return locals;
}

Result<Ref<Str>> frame_repr(Heap& heap, Value self) {
  auto* frame = as<FrameObject>(self);
  return make_str(heap, fmt::format("<frame at 0x{:x}, file '{}', line {}, code {}>",
                                    0x7f0000000000u + 16ull * heap.serial_of(frame), to_utf8(frame->code->filename),
                                    frame->code->code->position(instruction_of(frame)).line,
                                    to_utf8(frame->code->name)));
}

// Generators ----------------------------------------------------------------------------------------------------------

Result<Ref<Value>> generator_code(Heap&, Value self) { return shared(as<Generator>(self)->code); }
Result<Ref<Value>> generator_running(Heap&, Value self) { return Ref<Value>(as<Generator>(self)->running != 0); }
bool is_suspended(const Generator* generator) {
  return generator->frame && generator->started && !generator->running;
}
Result<Ref<Value>> generator_suspended(Heap&, Value self) { return Ref<Value>(is_suspended(as<Generator>(self))); }
Result<Ref<Value>> generator_delegate(Heap&, Value self) {
  auto* generator = as<Generator>(self);
  const Value delegate = is_suspended(generator) ? delegate_of(generator) : kUnbound;
  return delegate.is_unbound() ? shared(nullptr) : Ref<Value>::share(delegate);
}
Result<Ref<Value>> generator_frame(Heap& heap, Value self) {
  Frame* frame = as<Generator>(self)->frame;
  return frame ? widen(frame_object(Machine::of(heap).current(), frame)) : shared(nullptr);
}

// Functions and methods -----------------------------------------------------------------------------------------------

Result<Ref<Value>> function_builtins(Heap&, Value self) { return shared(as<Function>(self)->builtins); }
Result<Ref<Value>> bind(Call& call) {
  if (call[1].is_none() && (!call.has(2) || call[2].is_none()))
    return call.heap.raise_text(BuiltinType::kTypeError, "__get__(None, None) is invalid");
  if (call[1].is_none()) return Ref<Value>::share(call[0]);
  return widen(make_bound_method(call.heap, call[0], call[1]));
}
/// What is bound already stays so.
Result<Ref<Value>> bind_again(Call& call) { return Ref<Value>::share(call[0]); }
/// Calls `function` with all arguments but the first.
Result<Ref<Value>> call_with_rest(Call& call, Value function) {
  Ref<Tuple> arguments = MINI_TRY(make_tuple(call.heap, call.args + 1, call.count - 1));
  Ref<Dict> keywords = MINI_TRY(make_dict(call.heap));
  if (!call.keywords[0].is_unbound()) MINI_TRY(update(call.heap, keywords.get(), call.keywords[0]));
  return call_unpacked_then(call, 1, function, std::move(arguments), std::move(keywords));
}
Result<Ref<Value>> call_function(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 1) return take_result(thread);
  return call_with_rest(call, call[0]);
}
Result<Ref<Value>> call_static(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 1) return take_result(thread);
  return call_with_rest(call, static_cast<StaticMethod*>(call[0].as_object())->function);
}
/// `type.__call__(C, ...)`: once it is bound to the class, call_on_stack knows what to do.
Result<Ref<Value>> call_class(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 1) return take_result(thread);
  Ref<NativeObject> bound = MINI_TRY(make_native(call.heap, kCallClass, call[0]));
  return call_with_rest(call, bound.get());
}
Result<Ref<Value>> make_method(Call& call) {
  if (lookup(call.heap.type_of(call[1]), call.heap.name(Name::k__call__)).is_unbound() &&
      !has_kind(call[1], BuiltinType::kFunction) && !has_kind(call[1], BuiltinType::kNativeFunction) &&
      !has_kind(call[1], BuiltinType::kTypeType))
    return call.heap.raise_text(BuiltinType::kTypeError, "first argument must be callable");
  if (call[2].is_none()) return call.heap.raise_text(BuiltinType::kTypeError, "instance must not be None");
  return widen(make_bound_method(call.heap, call[1], call[2]));
}

constexpr NativeDefinition kFunctionMethods[] = {
    {"function.__get__(self, instance, owner=None, /)", bind},
    {"function.__call__(self, *args, **kwargs)", call_function},
};
constexpr NativeDefinition kMethodMethods[] = {
    {"method.__get__(self, instance, owner=None, /)", bind_again},
    {"method.__call__(self, *args, **kwargs)", call_function},
};
constexpr NativeDefinition kStaticMethods[] = {{"staticmethod.__call__(self, *args, **kwargs)", call_static}};
constexpr NativeDefinition kNativeMethods[] = {{"builtin_function_or_method.__call__(self, *args, **kwargs)", call_function}};
constexpr NativeDefinition kMakeMethod{"method.__new__(type, function, instance, /)", make_method};

}  // namespace

const NativeDefinition kCallClass{"type.__call__(self, *args, **kwargs)", call_class};

namespace {

struct Row {
  BuiltinType type;
  const char* name;
  Result<Ref<Value>> (*get)(Heap&, Value);
};
constexpr Row kRows[] = {
    {BuiltinType::kCode, "co_name", code_text<&CodeObject::name>},
    {BuiltinType::kCode, "co_qualname", code_text<&CodeObject::qualified_name>},
    {BuiltinType::kCode, "co_filename", code_text<&CodeObject::filename>},
    {BuiltinType::kCode, "co_firstlineno", code_first_line},
    {BuiltinType::kCode, "co_argcount", code_number<&CodeObject::argument_count>},
    {BuiltinType::kCode, "co_posonlyargcount", code_number<&CodeObject::positional_only_count>},
    {BuiltinType::kCode, "co_kwonlyargcount", code_number<&CodeObject::keyword_only_count>},
    {BuiltinType::kCode, "co_nlocals", code_number<&CodeObject::local_count>},
    {BuiltinType::kCode, "co_stacksize", code_number<&CodeObject::stack_size>},
    {BuiltinType::kCode, "co_flags", code_flags},
    {BuiltinType::kCode, "co_names", code_names},
    {BuiltinType::kCode, "co_varnames", code_locals},
    {BuiltinType::kCode, "co_cellvars", code_cells},
    {BuiltinType::kCode, "co_freevars", code_free},
    {BuiltinType::kCode, "co_consts", code_constants},
    {BuiltinType::kCode, "co_code", code_units},
    {BuiltinType::kFrame, "f_lineno", frame_line},
    {BuiltinType::kFrame, "f_lasti", frame_last_instruction},
    {BuiltinType::kFrame, "f_code", frame_code},
    {BuiltinType::kFrame, "f_globals", frame_globals},
    {BuiltinType::kFrame, "f_builtins", frame_builtins},
    {BuiltinType::kFrame, "f_locals", frame_locals},
    {BuiltinType::kFrame, "f_back", frame_back},
    {BuiltinType::kGenerator, "gi_code", generator_code},
    {BuiltinType::kGenerator, "gi_running", generator_running},
    {BuiltinType::kGenerator, "gi_suspended", generator_suspended},
    {BuiltinType::kGenerator, "gi_frame", generator_frame},
    {BuiltinType::kGenerator, "gi_yieldfrom", generator_delegate},
    {BuiltinType::kFunction, "__builtins__", function_builtins},
};

}  // namespace

Result<void> define_introspection(Heap& heap) {
  heap.type(BuiltinType::kFrame)->behaviour.repr = frame_repr;
  for (const Row& row : kRows) MINI_TRY(add_getset(heap, heap.type(row.type), row.name, row.get));
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kFunction), kFunctionMethods, std::size(kFunctionMethods),
                       MethodDescriptor::kSlotMethod));
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kTypeType), &kCallClass, 1, MethodDescriptor::kSlotMethod));
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kStaticMethod), kStaticMethods, std::size(kStaticMethods),
                       MethodDescriptor::kSlotMethod));
  for (BuiltinType native : {BuiltinType::kNativeFunction, BuiltinType::kMethodDescriptor})
    MINI_TRY(add_methods(heap, heap.type(native), kNativeMethods, std::size(kNativeMethods), MethodDescriptor::kSlotMethod));
  Type* method = heap.type(BuiltinType::kBoundMethod);
  method->construct = &kMakeMethod;
  MINI_TRY(add_methods(heap, method, kMethodMethods, std::size(kMethodMethods), MethodDescriptor::kSlotMethod));
  return {};
}

}  // namespace mini::vm
