// Calls of functions, natives, classes and anything else that can be called.
#include "interp/vm/calls.h"

#include <cstring>

#include "interp/vm/arguments.h"
#include "interp/vm/form.h"
#include "interp/vm/generators.h"
#include "interp/vm/lock.h"
#include "interp/vm/loop.h"
#include "interp/vm/slow_paths.h"
#include "interp/vm/unwind.h"
#include "runtime/object/native_scope.h"

namespace mini::vm {

namespace {

constexpr size_t kChunkBytes = 32 << 10;

size_t extent(const Frame* frame) {
  if (frame->is_native)  // the stub's stack: a callable and its arguments
    return frame->slot_count * sizeof(Value) + sizeof(Frame) + 8 * sizeof(Value);
  return frame->code->frame_bytes;
}

}  // namespace

size_t ThreadState::frame_extent(const Frame* frame) { return extent(frame); }

Value* ThreadState::stack_end() const {
  const Frame* topmost = frame;
  while (topmost && topmost->is_generator) topmost = topmost->back;  // those lie in their objects
  Value* end = topmost ? reinterpret_cast<Value*>(reinterpret_cast<char*>(topmost->locals) + extent(topmost))
                       : bottom();
  auto lies_here = [this](const Value* at) { return at >= chunk->begin() && at <= chunk->end(); };
  // The arguments of a native that runs may lie behind the topmost frame (`f(*args)`, a nested call).
  return lies_here(occupied) && (!lies_here(end) || occupied > end) ? occupied : end;
}

void drop_stack_to(Frame* frame, Value* level) {
  while (frame->stack_top > level) decref(*--frame->stack_top);
}

namespace {

[[gnu::noinline]] Value* find_room(ThreadState& thread, size_t bytes) {
  Value* place = thread.stack_end();
  if (room_at(thread, place) > thread.chunk->bytes) place = thread.chunk->begin();  // no frame lies there yet
  bytes += sizeof(Value);  // the function below the locals
  if (room_at(thread, place) >= bytes) return place + 1;
  const size_t size = std::max(kChunkBytes, bytes + sizeof(StackChunk));
  void* block = thread.heap->allocate_buffer(size);
  if (!block) return nullptr;
  auto* chunk = static_cast<StackChunk*>(block);
  chunk->previous = thread.chunk;
  chunk->bytes = size;
  thread.chunk = chunk;
  thread.stack_limit = chunk->end();
  return chunk->begin() + 1;
}

}  // namespace

void release_chunk(ThreadState& thread, Value* function) {
  StackChunk* chunk = thread.chunk;
  if (function > chunk->begin() + 1 || function < chunk->begin() || !chunk->previous) return;
  thread.chunk = chunk->previous;
  thread.stack_limit = thread.chunk->end();
  thread.heap->release_buffer(chunk, chunk->bytes);
}

Value* ensure_stack(ThreadState& thread, Value* at, size_t bytes) {
  if (has_room(thread, at, bytes)) [[likely]] return at;
  return find_room(thread, bytes);
}

bool too_deep(ThreadState& thread, uint32_t depth) {
  if (depth < thread.machine->state().recursion_limit) [[likely]] return false;
  static_cast<void>(thread.heap->raise(BuiltinType::kRecursionError, "maximum recursion depth exceeded"));
  return true;
}

namespace {

inline void drop_values(Value* values, size_t count) {
  for (size_t i = count; i-- > 0;) decref(values[i]);
}

}  // namespace

Frame* push_frame(ThreadState& thread, Function* function, Value* locals, uint32_t argument_count,
                  Value* caller_top, Completion completion) {
  CodeObject* code = function->code;
  Value* place = too_deep(thread, thread.frame ? thread.frame->depth + 1 : 0)
                     ? nullptr
                     : ensure_stack(thread, locals, code->frame_bytes);
  if (!place) {
    drop_values(locals - 1, argument_count + 1);
    return nullptr;
  }
  if (place != locals) std::memcpy(static_cast<void*>(place - 1), locals - 1, (argument_count + 1) * sizeof(Value));
  for (uint32_t i = argument_count; i < code->slot_count; ++i) place[i] = kUnbound;
  Frame* frame = link_frame(thread, code, place, code->slot_count, caller_top, completion);
  frame->globals = function->globals;
  frame->builtins = function->builtins;
  return frame;
}

Frame* push_body(ThreadState& thread, Ref<Function> function, Dict* names, Value* at, Value* caller_top,
                 Completion completion) {
  Function* callee = function.get();
  at = ensure_stack(thread, at + 1, callee->code->frame_bytes);
  if (!at) return nullptr;
  at[-1] = Value(function.release());
  Frame* frame = push_frame(thread, callee, at, 0, caller_top, completion);
  if (!frame) return nullptr;
  if (!bind_cells(thread, frame, callee)) {
    pop_frame(thread, frame);
    return nullptr;
  }
  incref(names);
  frame->names = names;
  return frame;
}

void pop_frame(ThreadState& thread, Frame* frame) {
  if (frame->object) [[unlikely]] leave_frame_object(*thread.heap, frame);
  thread.frame = frame->back;
  if (frame->is_generator) [[unlikely]] return release_generator_frame(thread, frame);
  if (frame->names) [[unlikely]] {
    if (frame->completion == Completion::kClassBody || frame->completion == Completion::kImport)
      thread.body_names = frame->names;  // whoever completes the call needs it
    else
      decref(frame->names);
  }
  Value* slot = frame->locals;
  Value* end = slot + frame->slot_count;
  for (; slot < end; ++slot)
    if (slot->is_object()) decref(slot->as_object());
  Value* function = frame->locals - 1;
  decref(*function);
  release_chunk(thread, function);
}

namespace {

/// A frame for a function that got exactly its parameters (CodeObject::simple_arguments).
CallOutcome push_exact(ThreadState& thread, Function* function, Value* locals, Value* caller_top, Completion completion) {
  const uint32_t count = function->code->simple_arguments;
  if (is_simple_call(thread, function->code, locals, count, thread.frame ? thread.frame->depth + 1 : 0)) [[likely]] {
    push_simple(thread, function, locals, caller_top, completion);
    return CallOutcome::kFrame;
  }
  Frame* frame = push_frame(thread, function, locals, count, caller_top, completion);
  if (!frame) return CallOutcome::kError;
  share_closure(frame, function);
  return CallOutcome::kFrame;
}

CallOutcome start_suspension(ThreadState& thread, Frame* frame);

/// A native answered kSuspended: gives it a frame of its own, whose only instruction calls it again. `base` holds the
/// native and what is left of its arguments.
CallOutcome push_native(ThreadState& thread, Ref<Value> native, Value* base, Value* caller_top,
                        Completion completion) {
  // The wait may have begun already, so this must not fail for want of memory.
  base::OvershootScope overshoot(thread.heap->memory());
  CodeObject* stub = thread.machine->state().native_stub;
  const size_t bytes = sizeof(Frame) + 10 * sizeof(Value);
  Value* locals = ensure_stack(thread, base + 1, bytes);
  MINI_ASSERT(locals);
  locals[-1] = native.release();
  locals[0] = std::exchange(thread.suspension.saved_arguments, kUnbound);
  Frame* frame = link_frame(thread, stub, locals, 1, caller_top, completion);
  frame->is_native = true;
  frame->globals = nullptr;
  frame->builtins = nullptr;
  const CallOutcome outcome = start_suspension(thread, frame);
  if (outcome == CallOutcome::kError) pop_frame(thread, frame);  // as after any native that raises
  if (outcome != CallOutcome::kValue) return outcome;
  *frame->stack_top++ = std::exchange(thread.result, kUnbound);  // the native goes on at once
  return CallOutcome::kFrame;
}

/// Does what a native asked for: waits, or begins the call.
CallOutcome start_suspension(ThreadState& thread, Frame* frame) {
  Suspension& suspension = thread.suspension;
  frame->stage = static_cast<uint8_t>(std::exchange(suspension.phase, 0));
  const auto kind = std::exchange(suspension.kind, Suspension::kNone);
  if (kind == Suspension::kWait) return CallOutcome::kParked;
  Value* base = frame->stack_base();
  if (kind == Suspension::kCallUnpacked) {
    Ref<Value> function = Ref<Value>::adopt(std::exchange(suspension.callable, kUnbound));
    Ref<Value> arguments = Ref<Value>::adopt(std::exchange(suspension.arguments[0], kUnbound));
    Ref<Value> keywords = Ref<Value>::adopt(std::exchange(suspension.arguments[1], kUnbound));
    return call_unpacked(thread, base, function, static_cast<Tuple*>(arguments.get().as_object()),
                         static_cast<Dict*>(keywords.get().as_object()), base, Completion::kNative);
  }
  if (kind == Suspension::kResume) {
    Ref<Value> generator = Ref<Value>::adopt(std::exchange(suspension.callable, kUnbound));
    const Value sent = std::exchange(suspension.arguments[0], kUnbound);
    return resume_frame(thread, static_cast<Generator*>(generator.get().as_object()), sent, base, Completion::kNative)
               ? CallOutcome::kFrame
               : CallOutcome::kError;
  }
  base[0] = std::exchange(suspension.callable, kUnbound);
  for (uint32_t i = 0; i < suspension.argument_count; ++i)
    base[i + 1] = std::exchange(suspension.arguments[i], kUnbound);
  return call_on_stack(thread, base, suspension.argument_count, nullptr, base, Completion::kNative);
}

const NativeDefinition& definition_of(Heap& heap, Value native) {
  Object* object = native.as_object();
  if (object->type == heap.type(BuiltinType::kNativeFunction)) return *static_cast<NativeObject*>(object)->definition;
  MINI_ASSERT(object->type == heap.type(BuiltinType::kMethodDescriptor));
  return *static_cast<MethodDescriptor*>(object)->definition;
}

/// Calls a native with what lies on the stack; the values are dropped afterwards.
CallOutcome call_native_on_stack(ThreadState& thread, Value* base, uint32_t count, Tuple* keyword_names,
                                 Value* caller_top, Completion completion) {
  Heap& heap = *thread.heap;
  Object* callee = base[0].as_object();
  const InPlace in_place = keyword_names ? InPlace{} : taken_in_place(heap, base, count);
  Value answer;
  if (in_place.definition && lies_in_chunk(thread, in_place.end)) {
    const OccupiedScope occupied(thread, in_place.end);
    answer = answer_of(heap, in_place);
  } else {
    const uint32_t positional = count - (keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0);
    const OccupiedScope occupied(thread, base + count + 1);
    auto result =
        callee->type == heap.type(BuiltinType::kNativeFunction)
            ? call_native(heap, *static_cast<NativeObject*>(callee)->definition, static_cast<NativeObject*>(callee)->self,
                          base + 1, positional, keyword_names)
            : call_descriptor(heap, static_cast<MethodDescriptor*>(callee), base + 1, positional, keyword_names);
    answer = result.ok() ? result.take_unchecked().release() : kError;
  }
  if (answer == kSuspended) [[unlikely]] return suspend_native(thread, base, count, caller_top, completion);
  if (!answer.is_error()) thread.result = answer;
  drop_values(base, count + 1);
  return answer.is_error() ? CallOutcome::kError : CallOutcome::kValue;
}

/// Whether the instruction at hand calls the `__exit__` of a `with`: there a lock stands for that method, since no method
/// need be made (enter_with). A call that the script wrote does not push its arguments by DUP_TOP.
bool closes_with(const Frame* frame) {
  using bytecode::Opcode;
  const auto& units = frame->code->code->units;
  const uint32_t index = frame->index();
  if (units[index].opcode == Opcode::WITH_EXCEPT_START) return true;
  return units[index].opcode == Opcode::CALL_FUNCTION && index > 1 && units[index - 1].opcode == Opcode::DUP_TOP &&
         units[index - 2].opcode == Opcode::DUP_TOP;
}

/// A class is called: `__new__` and `__init__`, as type.__call__.
CallOutcome call_class(ThreadState& thread, Type* type, Value* base, uint32_t count, Tuple* keyword_names,
                       Value* caller_top, Completion completion);
/// The callees that are neither a function nor a native: kept apart, so that the way to those stays short.
[[gnu::noinline]] CallOutcome call_other(ThreadState& thread, Value* base, uint32_t count, Tuple* keyword_names,
                                         Value* caller_top, Completion completion);

}  // namespace

CallOutcome suspend_native(ThreadState& thread, Value* base, uint32_t count, Value* caller_top, Completion completion) {
  Ref<Value> native = Ref<Value>::share(base[0]);
  drop_values(base, count + 1);
  return push_native(thread, std::move(native), base, caller_top, completion);
}

CallOutcome call_on_stack(ThreadState& thread, Value* base, uint32_t count, Tuple* keyword_names, Value* caller_top,
                          Completion completion) {
  Heap& heap = *thread.heap;
  Value callee = base[0];
  if (callee.is_object()) [[likely]] {
    Type* type = callee.as_object()->type;
    if (type == heap.type(BuiltinType::kFunction)) {
      auto* function = static_cast<Function*>(callee.as_object());
      CodeObject* code = function->code;
      if (count == code->simple_arguments && !keyword_names) [[likely]]
        return push_exact(thread, function, base + 1, caller_top, completion);
      return call_function(thread, function, base, count, keyword_names, caller_top, completion);
    }
    if (type == heap.type(BuiltinType::kMethodDescriptor))
      return call_native_on_stack(thread, base, count, keyword_names, caller_top, completion);
    if (type == heap.type(BuiltinType::kTypeType))
      return call_class(thread, static_cast<Type*>(callee.as_object()), base, count, keyword_names, caller_top, completion);
    if (type == heap.type(BuiltinType::kNativeFunction)) {
      const NativeDefinition* definition = static_cast<NativeObject*>(callee.as_object())->definition;
      if (definition == &kBuildClass) return build_class(thread, base, count, keyword_names, caller_top, completion);
      if (definition == &kCallClass) {  // type.__call__, bound to the class
        Value self = static_cast<NativeObject*>(callee.as_object())->self;
        incref(self);
        decref(std::exchange(base[0], self));
        return call_class(thread, static_cast<Type*>(self.as_object()), base, count, keyword_names, caller_top, completion);
      }
      return call_native_on_stack(thread, base, count, keyword_names, caller_top, completion);
    }
  }
  return call_other(thread, base, count, keyword_names, caller_top, completion);
}

namespace {

CallOutcome call_other(ThreadState& thread, Value* base, uint32_t count, Tuple* keyword_names, Value* caller_top,
                       Completion completion) {
  Heap& heap = *thread.heap;
  Value callee = base[0];
  if (callee.is_object()) {
    Type* type = callee.as_object()->type;
    if (type == heap.type(BuiltinType::kBoundMethod)) {
      auto* method = static_cast<BoundMethod*>(callee.as_object());
      Value function = method->function, self = method->self;
      incref(function);
      incref(self);
      std::memmove(static_cast<void*>(base + 2), base + 1, count * sizeof(Value));
      base[0] = function;
      base[1] = self;
      decref(method);
      return call_on_stack(thread, base, count + 1, keyword_names, caller_top, completion);
    }
    if (type->kind == static_cast<uint32_t>(BuiltinType::kTypeType) &&
        script_method(heap, type, Name::k__call__).is_unbound())
      return call_class(thread, static_cast<Type*>(callee.as_object()), base, count, keyword_names, caller_top,
                        completion);
    if ((type == heap.type(BuiltinType::kLock) || type == heap.type(BuiltinType::kRLock)) && closes_with(thread.frame)) {
      const bool left = leave(thread, static_cast<Lock*>(callee.as_object())).ok();
      drop_values(base, count + 1);
      thread.result = kNone;
      return left ? CallOutcome::kValue : CallOutcome::kError;
    }
    if (Value method = lookup(type, heap.name(Name::k__call__)); !method.is_unbound()) {
      if (!has_kind(method, BuiltinType::kFunction) && !has_kind(method, BuiltinType::kMethodDescriptor)) {
        const NativeScope scope(heap, " while calling a Python object");  // it may be its own __call__
        Result<Ref<Value>> bound = raised;
        if (scope.entered()) {
          const OccupiedScope occupied(thread, base + count + 1);
          bound = bind_special(heap, method, callee);
        }
        if (!bound.ok()) {
          drop_values(base, count + 1);
          return CallOutcome::kError;
        }
        base[0] = bound.take().release();
        decref(callee);
        return call_on_stack(thread, base, count, keyword_names, caller_top, completion);
      }
      incref(method);
      std::memmove(static_cast<void*>(base + 1), base, (count + 1) * sizeof(Value));
      base[0] = method;
      return call_on_stack(thread, base, count + 1, keyword_names, caller_top, completion);
    }
  }
  static_cast<void>(heap.raise(BuiltinType::kTypeError, "'{}' object is not callable", type_name(heap, callee)));
  drop_values(base, count + 1);
  return CallOutcome::kError;
}

/// Calls what was found as `__init__` for a new instance, with the arguments above `base`; false if that raised.
static bool initialise_nested(ThreadState& thread, Value init, Value instance, Value* base, uint32_t count,
                              Tuple* keyword_names) {
  Heap& heap = *thread.heap;
  const OccupiedScope occupied(thread, base + count + 1);
  auto bound = bind_special(heap, init, instance);
  if (!bound.ok()) return false;
  auto done = call_with_keywords(heap, *bound, base + 1, count, keyword_names);
  return done.ok() && check_init_result(heap, done->get());
}

CallOutcome call_class(ThreadState& thread, Type* type, Value* base, uint32_t count, Tuple* keyword_names,
                       Value* caller_top, Completion completion) {
  Heap& heap = *thread.heap;
  const uint32_t keywords = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  // type(x) alone asks for the type.
  if (type == heap.type(BuiltinType::kTypeType) && count == 1 && keywords == 0) {
    thread.result = Value(heap.type_of(base[1]));
    incref(thread.result);
    drop_values(base, count + 1);
    return CallOutcome::kValue;
  }
  // A `__new__` of a class statement is a static method by itself (make_type); the native ones are `construct`.
  Value new_method = type->type_flags & Type::kUserClass ? lookup(type, heap.name(Name::k__new__)) : kUnbound;
  const bool script_new = !new_method.is_unbound() && !has_kind(new_method, BuiltinType::kNativeFunction) &&
                          !has_kind(new_method, BuiltinType::kMethodDescriptor);
  Value init = type->type_flags & Type::kUserClass ? lookup(type, heap.name(Name::k__init__)) : kUnbound;
  const bool script_init = !init.is_unbound() && !has_kind(init, BuiltinType::kMethodDescriptor);
  Ref<Value> instance;
  if (script_new) {
    // __new__ runs nested: it is rare, and its result decides what comes next.
    std::vector<Value> arguments{Value(type)};
    arguments.insert(arguments.end(), base + 1, base + 1 + count);
    const OccupiedScope occupied(thread, base + count + 1);
    auto made = has_kind(new_method, BuiltinType::kStaticMethod)
                    ? Result<Ref<Value>>(Ref<Value>::share(static_cast<StaticMethod*>(new_method.as_object())->function))
                    : get_attribute(heap, type, heap.name(Name::k__new__));
    if (made.ok()) {
      made = call_with_keywords(heap, *made, arguments.data(), static_cast<uint32_t>(arguments.size()), keyword_names);
    }
    if (!made.ok()) {
      drop_values(base, count + 1);
      return CallOutcome::kError;
    }
    instance = made.take();
    if (!is_subtype(heap.type_of(instance), type)) {
      drop_values(base, count + 1);
      thread.result = instance.release();
      return CallOutcome::kValue;
    }
    init = lookup(heap.type_of(instance), heap.name(Name::k__init__));
  } else {
    const OccupiedScope occupied(thread, base + count + 1);
    auto made = construct(heap, type, base + 1, count, keyword_names, script_init);
    if (!made.ok()) {
      drop_values(base, count + 1);
      return CallOutcome::kError;
    }
    instance = made.take();
    Type* made_type = heap.type_of(instance);
    if (type == heap.type(BuiltinType::kTypeType) && made_type != type) {  // the metaclass of a base has made it
      init = lookup(made_type, heap.name(Name::k__init__));
    } else if (!script_init) {
      thread.result = instance.release();
      drop_values(base, count + 1);
      return CallOutcome::kValue;
    }
  }
  if (!init.is_object() || init.as_object()->type != heap.type(BuiltinType::kFunction)) {
    // A native __init__ behind a script's __new__, which did what there was to do unless it leaves that to __init__.
    const bool skips = init.is_unbound() ||
                       (has_kind(init, BuiltinType::kMethodDescriptor) && !is_filled_later(heap.type_of(instance)));
    const bool done = skips || initialise_nested(thread, init, instance, base, count, keyword_names);
    drop_values(base, count + 1);
    if (!done) return CallOutcome::kError;
    thread.result = instance.release();
    return CallOutcome::kValue;
  }
  // class, arguments  ->  instance, __init__, instance, arguments: the first stays as the result of the call.
  if (completion != Completion::kPush) {
    // Somebody waits for the instance in another way than on the stack.
    const bool done = initialise_nested(thread, init, instance, base, count, keyword_names);
    drop_values(base, count + 1);
    if (!done) return CallOutcome::kError;
    thread.result = instance.release();
    return CallOutcome::kValue;
  }
  auto* function = static_cast<Function*>(init.as_object());
  Value* home = caller_top;  // base, or one below where LOAD_METHOD left a mark
  decref(base[0]);
  std::memmove(static_cast<void*>(home + 3), base + 1, count * sizeof(Value));
  home[0] = instance.release();
  incref(init);
  home[1] = init;
  incref(home[0]);
  home[2] = home[0];
  thread.frame->stack_top = home + 1;  // the instance belongs to the caller's stack now
  CodeObject* code = function->code;
  if (count + 1 == code->simple_arguments && !keyword_names)
    return push_exact(thread, function, home + 2, home + 1, Completion::kInitialise);
  const CallOutcome outcome =
      call_function(thread, function, home + 1, count + 1, keyword_names, home + 1, Completion::kInitialise);
  if (outcome != CallOutcome::kValue) return outcome;
  // It yields: the generator is its result.
  const Ref<Value> generator = Ref<Value>::adopt(std::exchange(thread.result, kUnbound));
  static_cast<void>(check_init_result(heap, generator));
  return CallOutcome::kError;
}

}  // namespace

CallOutcome resume_native(ThreadState& thread, Frame* frame) {
  Heap& heap = *thread.heap;
  if (frame->stack_top > frame->stack_base()) thread.result = *--frame->stack_top;  // of the call that it asked for
  for (;;) {
    const NativeDefinition& definition = definition_of(heap, frame->function());
    auto* arguments = static_cast<Tuple*>(frame->locals[0].as_object());
    const uint32_t keywords = definition.signature.variadic
                                  ? definition.signature.count - definition.signature.positional +
                                        definition.signature.keyword_variadic
                                  : 0;
    Call call{heap, arguments->items(), static_cast<uint32_t>(arguments->length - keywords),
              arguments->items() + arguments->length - keywords, &definition};
    thread.suspension.phase = frame->stage;
    auto result = definition.function(call);
    if (!result.ok()) return CallOutcome::kError;
    if (result->get() != kSuspended) {
      thread.result = result.take().release();
      return CallOutcome::kValue;
    }
    static_cast<void>(result.take().release());
    decref(std::exchange(thread.suspension.saved_arguments, kUnbound));
    const CallOutcome outcome = start_suspension(thread, frame);
    if (outcome != CallOutcome::kValue) return outcome;
  }
}

CallOutcome call_unpacked(ThreadState& thread, Value* base, Value function, Tuple* arguments, Dict* keywords,
                          Value* caller_top, Completion completion) {
  Heap& heap = *thread.heap;
  const uint32_t keyword_count = keywords ? keywords->live : 0;
  const uint32_t count = static_cast<uint32_t>(arguments->length) + keyword_count;
  Ref<Tuple> names;
  if (keyword_count > 0) {
    for (uint32_t i = 0; i < keywords->used; ++i) {
      const Value key = keywords->entries[i].key;
      if (key.is_unbound() || as_str(heap, key)) continue;
      static_cast<void>(heap.raise_text(BuiltinType::kTypeError, "keywords must be strings"));
      return CallOutcome::kError;
    }
    auto made = make_tuple(heap, keyword_count);
    if (!made.ok()) return CallOutcome::kError;
    names = made.take();
  }
  base = ensure_stack(thread, base, (count + 8) * sizeof(Value));
  if (!base) return CallOutcome::kError;
  incref(function);
  base[0] = function;
  uint32_t at = 1;
  for (uint64_t i = 0; i < arguments->length; ++i) {
    incref(arguments->items()[i]);
    base[at++] = arguments->items()[i];
  }
  if (keyword_count > 0) {
    uint32_t named = 0;
    for (uint32_t i = 0; i < keywords->used; ++i) {
      const DictEntry& entry = keywords->entries[i];
      if (entry.key.is_unbound()) continue;
      incref(entry.key);
      names->items()[named++] = entry.key;
      incref(entry.value);
      base[at++] = entry.value;
    }
  }
  return call_on_stack(thread, base, count, names.get(), caller_top, completion);
}

CallOutcome call_unpacked_on_stack(ThreadState& thread, bool with_keywords) {
  Frame* frame = thread.frame;
  Heap& heap = *thread.heap;
  Value* top = frame->stack_top;
  Ref<Value> keywords = with_keywords ? Ref<Value>::adopt(*--top) : Ref<Value>();
  Ref<Value> arguments = Ref<Value>::adopt(*--top);
  Ref<Value> function = Ref<Value>::adopt(*--top);
  frame->stack_top = top;
  if (heap.type_of(arguments) != heap.type(BuiltinType::kTuple)) {
    auto list = list_from(heap, arguments);
    if (!list.ok()) {
      auto has = [&](Name method) { return !lookup(heap.type_of(arguments), heap.name(method)).is_unbound(); };
      if (heap.pending_is(BuiltinType::kTypeError) && !has(Name::k__iter__) && !has(Name::k__getitem__)) {
        static_cast<void>(heap.take_pending());
        static_cast<void>(heap.raise(BuiltinType::kTypeError, "{} argument after * must be an iterable, not {}",
                                     shown_function(heap, function), type_name(heap, arguments)));
      }
      return CallOutcome::kError;
    }
    auto tuple = make_tuple(heap, (*list)->items, (*list)->length);
    if (!tuple.ok()) return CallOutcome::kError;
    arguments = tuple.take();
  }
  // Where the script's part of a thread ends, is asked when the thread leaves a lock behind (remember_end).
  const bool from_library = frame->code->has(bytecode::kPrelude);
  if (from_library) thread.left_at = {};
  const Type* callable = heap.type_of(function);
  const bool watched = from_library && (callable == heap.type(BuiltinType::kFunction) ||
                                        callable == heap.type(BuiltinType::kBoundMethod));
  // The arguments are copied above everything that the frame can use: there may be any number of them.
  Value* base = thread.stack_end();
  const CallOutcome outcome =
      call_unpacked(thread, base, function, static_cast<Tuple*>(arguments.get().as_object()),
                    with_keywords ? static_cast<Dict*>(keywords.get().as_object()) : nullptr, top,
                    watched ? Completion::kFromLibrary : Completion::kPush);
  return outcome;
}

// Nested runs -------------------------------------------------------------------------------------------------------

Result<void> give_way_inside(ThreadState& thread, sched::Exit exit) {
  if (thread.machine->runner().switch_here(thread, exit)) return {};
  thread.abandoned = true;
  return thread.heap->raise(BuiltinType::kSystemExit, "the run is over");
}

namespace {

/// A run of the loop on the C++ stack until its first frame is left; while others have their turn, it waits here. False: an
/// exception is pending. Changes ThreadState::breaker.
[[gnu::always_inline]] inline bool run_here(ThreadState& thread) {
  LoopExit exit;
  ++thread.nested_runs;
  while ((exit = interpret(thread)) == LoopExit::kSwitched || exit == LoopExit::kParked) {
    if (!give_way_inside(thread, exit == LoopExit::kSwitched ? sched::Exit::Switched : sched::Exit::Parked).ok()) {
      exit = LoopExit::kRaised;
      thread.skip_check = false;
      break;
    }
  }
  --thread.nested_runs;
  return exit != LoopExit::kRaised;
}

/// run_nested() for a thread whose only frame has just been pushed: below it nobody goes on for whom anything had to be kept.
/// No tick where a thread begins, as in any run: so what a host runs stands where a recording has the program.
[[gnu::always_inline]] inline Result<Ref<Value>> run_alone(ThreadState& thread) {
  const bool returned = run_here(thread);
  thread.breaker = {.epoch = thread.breaker.epoch};
  if (!returned) return raised;
  return Ref<Value>::adopt(std::exchange(thread.result, kUnbound));
}

}  // namespace

Result<Ref<Value>> run_nested(ThreadState& thread) {
  if (!thread.frame->back) return run_alone(thread);
  const Breaker saved = thread.breaker;
  const bool saved_skip = std::exchange(thread.skip_check, false);
  thread.tick();
  const bool returned = run_here(thread);
  const uint32_t epoch = thread.breaker.epoch;
  thread.breaker = saved;
  if (epoch != saved.epoch) {  // meanwhile the fast loop ran
    thread.breaker.previous = nullptr;
    thread.breaker.plain = nullptr;
    thread.breaker.epoch = epoch;
  }
  thread.skip_check = saved_skip;
  if (!returned) return raised;
  return Ref<Value>::adopt(std::exchange(thread.result, kUnbound));
}

namespace {

/// A native's stay on the C++ stack, which the recursion limit counts.
struct NativeScope {
  explicit NativeScope(ThreadState& inside) : thread(inside), entered(enter_native(inside)) {}
  ~NativeScope() {
    if (entered) leave_native(thread);
  }
  NativeScope(const NativeScope&) = delete;
  NativeScope& operator=(const NativeScope&) = delete;
  ThreadState& thread;
  const bool entered;  ///< false: RecursionError is pending
};

/// Puts shares of a callable and its arguments where a call takes them over.
inline void place_call(Value* base, Value function, const Value* arguments, uint32_t count) {
  incref(function);
  base[0] = function;
  for (uint32_t i = 0; i < count; ++i) {
    const Value argument = arguments[i];
    incref(argument);
    base[i + 1] = argument;
  }
}

Result<Ref<Value>> call_nested(ThreadState& thread, Value function, const Value* arguments, uint32_t count,
                               Tuple* keyword_names) {
  const NativeScope native(thread);
  if (!native.entered) return raised;
  Value* base = ensure_stack(thread, thread.stack_end(), (count + 8) * sizeof(Value));
  if (!base) return raised;
  place_call(base, function, arguments, count);
  Ref<Value> kept = Ref<Value>::adopt(std::exchange(thread.result, kUnbound));
  CallOutcome outcome;
  // As call_on_stack() would do it, too.
  const InPlace in_place =
      function.is_object() && !keyword_names ? taken_in_place(*thread.heap, base, count) : InPlace{};
  if (in_place.definition && lies_in_chunk(thread, in_place.end)) [[likely]] {
    Value answer;
    {
      const OccupiedScope occupied(thread, in_place.end, true);
      answer = answer_of(*thread.heap, in_place);
    }
    if (answer != kSuspended) [[likely]] {
      drop_values(base, count + 1);
      if (answer.is_error()) return raised;
      return Ref<Value>::adopt(answer);
    }
    outcome = suspend_native(thread, base, count, base, Completion::kLeaveLoop);
  } else {
    outcome = call_on_stack(thread, base, count, keyword_names, base, Completion::kLeaveLoop);
  }
  switch (outcome) {
    case CallOutcome::kValue:
      return Ref<Value>::adopt(std::exchange(thread.result, kUnbound));
    case CallOutcome::kError:
      return raised;
    case CallOutcome::kFrame:
      return run_nested(thread);
    case CallOutcome::kParked:
      break;
  }
  MINI_TRY(give_way_inside(thread, sched::Exit::Parked));
  return run_nested(thread);
}

}  // namespace

Result<Ref<Value>> call_with_keywords(Heap& heap, Value function, const Value* arguments, uint32_t count,
                                      Tuple* keyword_names) {
  return call_nested(Machine::of(heap).current(), function, arguments, count, keyword_names);
}

Result<Ref<Value>> call_nested(ThreadState& thread, Value function, const Value* arguments, uint32_t count) {
  // What most calls are, at once: call_on_stack() would come to the same.
  if (function.is_object() && function.as_object()->type == thread.heap->type(BuiltinType::kFunction)) [[likely]] {
    auto* callee = static_cast<Function*>(function.as_object());
    const bool alone = !thread.frame;
    Value* base = alone && !thread.occupied ? thread.bottom() : thread.stack_end();
    if (is_simple_call(thread, callee->code, base + 1, count, alone ? 0 : thread.frame->depth + 1)) [[likely]] {
      const NativeScope native(thread);
      if (!native.entered) return raised;
      place_call(base, function, arguments, count);
      if (thread.result.is_object()) [[unlikely]] decref(std::exchange(thread.result, kUnbound));
      push_simple(thread, callee, base + 1, base, Completion::kLeaveLoop);
      return alone ? run_alone(thread) : run_nested(thread);
    }
  }
  return call_nested(thread, function, arguments, count, nullptr);
}

Result<Ref<Value>> call_nested(Heap& heap, Value function, const Value* arguments, uint32_t count) {
  return call_nested(Machine::of(heap).current(), function, arguments, count);
}

}  // namespace mini::vm
