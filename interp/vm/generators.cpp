// Generators. Their frames lie in their objects; running one puts its frame on the thread's chain, yielding takes it
// off. `for` and `yield from` do so without recursion.
#include "interp/vm/generators.h"

#include <cstring>

#include "interp/vm/native.h"
#include "interp/vm/slow_paths.h"
#include "interp/vm/unwind.h"

namespace mini::vm {

Result<Ref<Generator>> make_generator(ThreadState& thread, Frame* frame) {
  Heap& heap = *thread.heap;
  CodeObject* code = frame->code;
  const size_t bytes = sizeof(Value) + code->frame_bytes;
  auto generator = MINI_TRY(heap.create<Generator>(BuiltinType::kGenerator, bytes));
  auto* function = static_cast<Function*>(frame->function().as_object());
  generator->block_bytes = static_cast<uint32_t>(bytes);
  generator->code = code;
  incref(code);
  generator->name = function->name;
  incref(function->name);
  generator->qualified_name = function->qualified_name;
  incref(function->qualified_name);
  auto* slots = reinterpret_cast<Value*>(generator.get() + 1);
  slots[0] = frame->function();
  incref(slots[0]);
  for (uint32_t i = 0; i < frame->slot_count; ++i) slots[i + 1] = std::exchange(frame->locals[i], kUnbound);
  auto* copy = reinterpret_cast<Frame*>(slots + 1 + frame->slot_count);
  *copy = *frame;
  copy->locals = slots + 1;
  copy->back = nullptr;
  copy->object = nullptr;
  copy->is_generator = true;
  copy->stack_top = copy->stack_base();
  generator->frame = copy;
  generator->flags |= Tracked::kFinalized;
  return generator;
}

Frame* resume_frame(ThreadState& thread, Generator* generator, Value sent, Value* caller_top, Completion completion) {
  Heap& heap = *thread.heap;
  if (generator->running) {
    decref(sent);
    static_cast<void>(heap.raise(BuiltinType::kValueError, "generator already executing"));
    return nullptr;
  }
  if (too_deep(thread, thread.frame ? thread.frame->depth + 1 : 0)) {
    decref(sent);
    return nullptr;
  }
  // What is handled inside is the generator's own, or else what its caller handles.
  if (Exception* own = std::exchange(generator->handled, nullptr)) {
    generator->callers_handled = std::exchange(thread.handled, own);
    generator->has_callers = 1;
  }
  Frame* frame = put_on_top(thread, generator, thread.frame ? thread.frame->depth + 1 : 0, sent, caller_top, completion);
  if (!generator->started) {
    generator->started = 1;
    frame->pc = frame->code->instructions;
    decref(*--frame->stack_top);
  }
  return frame;
}

namespace {

/// The caller handles again what it handled before.
void swap_handled(ThreadState& thread, Generator* generator, Frame* frame, bool keep) {
  bool inside_handler = false;
  for (uint32_t i = 0; i < frame->block_count; ++i) inside_handler |= frame->blocks()[i].kind == Block::kHandler;
  if (generator->has_callers) {
    Exception* own = std::exchange(thread.handled, std::exchange(generator->callers_handled, nullptr));
    generator->has_callers = 0;
    if (keep && inside_handler)
      generator->handled = own;
    else if (own)
      decref(own);
  } else if (keep && inside_handler) {
    // It entered its handler in this run: below the handler's values lies what the caller handled.
    for (uint32_t i = 0; i < frame->block_count; ++i) {
      const Block& block = frame->blocks()[i];
      if (block.kind != Block::kHandler) continue;
      Value before = frame->stack_base()[block.level + 1];
      generator->handled = std::exchange(thread.handled, as_exception(before));
      if (thread.handled) incref(thread.handled);
      break;
    }
  }
}

}  // namespace

void suspend_generator(ThreadState& thread, Frame* frame) {
  Generator* generator = generator_of(frame);
  swap_handled(thread, generator, frame, true);
  // Dropped while a `try` or `with` is open, it has to be closed first: a finaliser's work.
  if (frame->block_count > 0)
    generator->flags &= ~Tracked::kFinalized;
  else
    generator->flags |= Tracked::kFinalized;
  thread.frame = frame->back;
  frame->back = nullptr;
  generator->running = 0;
  decref(generator);
}

void release_generator_frame(ThreadState& thread, Frame* frame) {
  Generator* generator = generator_of(frame);
  if (generator->running) swap_handled(thread, generator, frame, false);
  const bool was_running = std::exchange(generator->running, 0);
  generator->frame = nullptr;
  generator->flags |= Tracked::kFinalized;
  // Variables die in the order of their definition, as in other frames.
  for (uint32_t i = 0; i < frame->slot_count; ++i) decref(std::exchange(frame->locals[i], kUnbound));
  decref(std::exchange(frame->locals[-1], kUnbound));
  if (was_running) decref(generator);
}

Ref<Exception> generator_failed(ThreadState& thread, Frame*, Ref<Exception> exception) {
  Heap& heap = *thread.heap;
  if (!is_subtype(exception->type, heap.type(BuiltinType::kStopIteration))) return exception;
  static_cast<void>(heap.raise(BuiltinType::kRuntimeError, "generator raised StopIteration"));
  Ref<Exception> error = heap.take_pending();
  if (error->type == heap.type(BuiltinType::kRuntimeError)) {
    error->suppress_context = 1;
    incref(exception.get());
    error->cause = exception.get();
    error->context = exception.release();
  }
  return error;
}

namespace {

/// Runs a generator nested until it yields (the item), returns (kUnbound, its value in `returned`) or raises.
Result<Ref<Value>> run_generator(ThreadState& thread, Generator* generator, Value* returned) {
  Ref<Generator> keep = Ref<Generator>::share(generator);
  auto result = run_nested(thread);
  if (!result.ok()) return raised;
  if (generator->frame) return result;
  *returned = result.take().release();
  return Ref<Value>();
}

}  // namespace

Result<Ref<Value>> send(ThreadState& thread, Generator* generator, Value sent, Value* returned) {
  Heap& heap = *thread.heap;
  *returned = kNone;
  if (!generator->frame) {
    decref(sent);
    return Ref<Value>();
  }
  if (!generator->started && !generator->running && !sent.is_unbound() && !sent.is_none()) {
    decref(sent);
    return heap.raise(BuiltinType::kTypeError, "can't send non-None value to a just-started generator");
  }
  if (!heap.hooks().enter_native(heap).ok()) {
    decref(sent);
    return raised;
  }
  Result<Ref<Value>> result = raised;
  if (resume_frame(thread, generator, sent.is_unbound() && generator->started ? kNone : sent, nullptr,
                   Completion::kLeaveLoop))
    result = run_generator(thread, generator, returned);
  heap.hooks().leave_native(heap);
  return result;
}

namespace {

/// throw_into() for what has `throw` and `close` of its own, or neither (CPython 3.13 Objects/genobject.c, _gen_throw).
Result<Ref<Value>> throw_into_iterator(Heap& heap, Value iterator, Ref<Exception> exception, Value* returned) {
  const Ref<Value> kept = Ref<Value>::share(iterator);
  const bool closes = is_subtype(exception->type, heap.type(BuiltinType::kGeneratorExit));
  Ref<Value> method = MINI_TRY(find_attribute(heap, iterator, heap.name(closes ? Name::kclose : Name::kthrow)));
  if (!method.get().is_unbound()) {
    const Value argument = Value(exception.get());
    auto answer = object::call(heap, method, &argument, closes ? 0 : 1);
    if (answer.ok() && !closes) return answer;
    if (!answer.ok()) {
      if (closes || !heap.pending_is(BuiltinType::kStopIteration)) return raised;
      const Ref<Exception> stop = heap.take_pending();
      *returned = Ref<Value>::share(stop->details[0].is_unbound() ? kNone : stop->details[0]).release();
      return Ref<Value>();
    }
  }
  static_cast<void>(heap.raise_object(std::move(exception)));
  return raised;
}

}  // namespace

Result<Ref<Value>> throw_into(ThreadState& thread, Generator* generator, Ref<Exception> exception, Value* returned) {
  Heap& heap = *thread.heap;
  *returned = kNone;
  if (generator->running)
    return heap.raise(BuiltinType::kValueError, "generator already executing");
  if (!generator->frame) {
    static_cast<void>(heap.raise_object(std::move(exception)));
    return raised;
  }
  if (!generator->started) {
    // It never ran, so nothing in it can handle this.
    Frame* frame = generator->frame;
    release_generator_frame(thread, frame);
    static_cast<void>(heap.raise_object(std::move(exception)));
    return raised;
  }
  // A `yield from` hands the exception on to the inner generator first.
  Frame* frame = generator->frame;
  if (Value inner = delegate_of(generator); !inner.is_unbound()) {
    generator->running = 1;
    Result<Ref<Value>> yielded = raised;
    Value inner_returned = kNone;
    if (heap.type_of(inner) != heap.type(BuiltinType::kGenerator)) {
      yielded = throw_into_iterator(heap, inner, std::move(exception), &inner_returned);
    } else if (is_subtype(exception->type, heap.type(BuiltinType::kGeneratorExit))) {
      if (close(thread, static_cast<Generator*>(inner.as_object())).ok())
        static_cast<void>(heap.raise_object(std::move(exception)));
    } else {
      yielded = throw_into(thread, static_cast<Generator*>(inner.as_object()), std::move(exception), &inner_returned);
    }
    generator->running = 0;
    if (yielded.ok() && !yielded->get().is_unbound()) return yielded;
    if (yielded.ok()) {
      // The inner one returned: its value is that of `yield from`, and the outer one goes on behind it.
      decref(*--frame->stack_top);
      ++frame->pc;  // at YIELD_FROM: resuming goes behind it
      return send(thread, generator, inner_returned, returned);
    }
    exception = heap.take_pending();
  }
  if (!heap.hooks().enter_native(heap).ok()) return raised;
  Result<Ref<Value>> result = raised;
  if (resume_frame(thread, generator, kNone, nullptr, Completion::kLeaveLoop)) {
    --thread.frame->stack_top;
    --thread.frame->pc;  // the traceback shows the yield
    static_cast<void>(heap.raise_object(std::move(exception)));
    if (unwind(thread) == UnwindOutcome::kHandled)
      result = run_generator(thread, generator, returned);
  }
  heap.hooks().leave_native(heap);
  return result;
}

Result<Ref<Value>> close(ThreadState& thread, Generator* generator) {
  Heap& heap = *thread.heap;
  if (!generator->frame) return unboxed(kNone);
  if (!generator->started && !generator->running) {
    release_generator_frame(thread, generator->frame);
    return unboxed(kNone);
  }
  static_cast<void>(heap.raise_value(BuiltinType::kGeneratorExit, kUnbound));
  Value returned = kNone;
  auto result = throw_into(thread, generator, heap.take_pending(), &returned);
  if (result.ok()) {
    Ref<Value> value = Ref<Value>::adopt(returned);
    if (result->get().is_unbound()) return value;
    return heap.raise(BuiltinType::kRuntimeError, "generator ignored GeneratorExit");
  }
  if (heap.pending_is(BuiltinType::kGeneratorExit) || heap.pending_is(BuiltinType::kStopIteration)) {
    static_cast<void>(heap.take_pending());
    return unboxed(kNone);
  }
  return raised;
}

namespace {

/// An item as it is, the end as StopIteration.
Result<Ref<Value>> item_or_stop(Heap& heap, Result<Ref<Value>> item, Value returned) {
  if (!item.ok() || !item->get().is_unbound()) return item;
  Ref<Value> value = Ref<Value>::adopt(returned);
  return heap.raise_value(BuiltinType::kStopIteration, value.get().is_none() ? kUnbound : value.get());
}

}  // namespace

Result<Ref<Value>> advance(Call& call, Generator* generator, Value sent, Value at_end) {
  constexpr uint32_t kReturned = 1, kYielded = 2;
  ThreadState& thread = thread_of(call);
  Ref<Value> result = Ref<Value>::share(kNone);
  switch (take_phase(thread)) {
    case kYielded:
      return take_result(thread);
    case kReturned:
      result = take_result(thread);
      break;
    default:
      if (generator->running) return call.heap.raise(BuiltinType::kValueError, "generator already executing");
      if (generator->frame) {
        if (!generator->started && !sent.is_none())
          return call.heap.raise(BuiltinType::kTypeError, "can't send non-None value to a just-started generator");
        incref(sent);
        return resume_then(call, kReturned, generator, sent);
      }
  }
  if (!at_end.is_unbound()) return Ref<Value>::share(at_end);
  return item_or_stop(call.heap, Ref<Value>(), result.release());
}

CallOutcome delegate(ThreadState& thread) {
  Frame* frame = thread.frame;
  Heap& heap = *thread.heap;
  Value sent = *--frame->stack_top;
  Value iterator = frame->stack_top[-1];
  if (heap.type_of(iterator) == heap.type(BuiltinType::kGenerator)) {
    auto* generator = static_cast<Generator*>(iterator.as_object());
    if (generator->frame) {
      if (!generator->started && !generator->running && !sent.is_none()) {
        decref(sent);
        static_cast<void>(
            heap.raise(BuiltinType::kTypeError, "can't send non-None value to a just-started generator"));
        return CallOutcome::kError;
      }
      return resume_frame(thread, generator, sent, frame->stack_top, Completion::kDelegate) ? CallOutcome::kFrame
                                                                                            : CallOutcome::kError;
    }
    decref(sent);
    decref(std::exchange(frame->stack_top[-1], kNone));
    thread.result = kUnbound;
    return CallOutcome::kValue;
  }
  Ref<Value> to_send = Ref<Value>::adopt(sent);
  auto item = sent.is_none() ? next(heap, iterator)
                             : call_method(heap, iterator, heap.name(Name::ksend), &sent, 1);
  if (!item.ok()) {
    if (!heap.pending_is(BuiltinType::kStopIteration)) return CallOutcome::kError;
    Ref<Exception> stop = heap.take_pending();
    Value value = stop->details[0].is_unbound() ? kNone : stop->details[0];
    incref(value);
    decref(std::exchange(frame->stack_top[-1], value));
    thread.result = kUnbound;
    return CallOutcome::kValue;
  }
  if (item->get().is_unbound()) {
    decref(std::exchange(frame->stack_top[-1], kNone));
    thread.result = kUnbound;
  } else {
    thread.result = item.take().release();
  }
  return CallOutcome::kValue;
}

// The type ------------------------------------------------------------------------------------------------------------

namespace {

void visit_generator(Object* object, Visitor& visitor) {
  auto* generator = static_cast<Generator*>(object);
  visitor.reference(generator->code);
  visitor.reference(generator->name);
  visitor.reference(generator->qualified_name);
  visitor.reference(generator->handled);
  visitor.reference(generator->callers_handled);
  visitor.scalar(generator->running);
  visitor.scalar(generator->started);
  if (Frame* frame = generator->frame) visit_frame(frame, visitor);
}

void drop_generator(Heap& heap, Object* object) {
  auto* generator = static_cast<Generator*>(object);
  if (Frame* frame = std::exchange(generator->frame, nullptr)) {
    drop_stack_to(frame, frame->stack_base());
    if (frame->object) leave_frame_object(heap, frame);
    Value* slots = frame->locals - 1;
    for (uint32_t i = frame->slot_count + 1; i-- > 0;) decref(std::exchange(slots[i], kUnbound));
  }
  for (Object* owned : {static_cast<Object*>(generator->code), static_cast<Object*>(generator->handled),
                        static_cast<Object*>(generator->callers_handled)})
    if (owned) decref(owned);
  generator->code = nullptr;
  generator->handled = generator->callers_handled = nullptr;
  decref(std::exchange(generator->name, kUnbound));
  decref(std::exchange(generator->qualified_name, kUnbound));
}

size_t generator_size(const Object* object) {
  return sizeof(Generator) + static_cast<const Generator*>(object)->block_bytes;
}

Generator* self_of(Call& call) { return static_cast<Generator*>(call[0].as_object()); }

/// Who only iterates does not see what a generator returns.
Result<Ref<Value>> generator_next(Heap& heap, Value self) {
  Value returned = kNone;
  auto* generator = static_cast<Generator*>(self.as_object());
  auto item = send(Machine::of(heap).current(), generator, generator->started ? kNone : kUnbound, &returned);
  decref(returned);
  return item;
}

Result<Ref<Value>> method_next(Call& call) { return advance(call, self_of(call), kNone, kUnbound); }

Result<Ref<Value>> method_send(Call& call) { return advance(call, self_of(call), call[1], kUnbound); }

Result<Ref<Value>> method_throw(Call& call) {
  Heap& heap = call.heap;
  Ref<Exception> exception;
  const Value given = call[1], value = call.has(2) ? call[2] : kNone;
  if (call.has(3) && !call[3].is_none() && !has_kind(call[3], BuiltinType::kTraceback))
    return heap.raise_text(BuiltinType::kTypeError, "throw() third argument must be a traceback object");
  if (Exception* ready = as_exception(given)) {
    if (!value.is_none())
      return heap.raise_text(BuiltinType::kTypeError, "instance exception may not have a separate value");
    exception = Ref<Exception>::share(ready);
  } else if (has_kind(given, BuiltinType::kTypeType) &&
             (static_cast<Type*>(given.as_object())->type_flags & Type::kException)) {
    auto* type = static_cast<Type*>(given.as_object());
    Exception* ready_value = as_exception(value);
    if (ready_value && is_subtype(ready_value->type, type)) {
      exception = Ref<Exception>::share(ready_value);
    } else {
      const auto* several = has_kind(value, BuiltinType::kTuple) ? static_cast<Tuple*>(value.as_object()) : nullptr;
      const Value* arguments = several ? several->items() : &value;
      const uint64_t count = several ? several->length : value.is_none() ? 0 : 1;
      auto made = MINI_TRY(object::call(heap, given, arguments, static_cast<uint32_t>(count)));
      if (!as_exception(made.get()))
        return heap.raise(BuiltinType::kTypeError, "calling {} should have returned an instance of BaseException, not {}",
                          to_utf8(MINI_TRY(repr(heap, given)).get()), type_name(heap, made));
      exception = Ref<Exception>::share(as_exception(made.get()));
    }
  } else {
    return heap.raise(BuiltinType::kTypeError,
                      "exceptions must be classes or instances deriving from BaseException, not {}",
                      type_name(heap, given));
  }
  Value returned = kNone;
  auto item = throw_into(thread_of(call), self_of(call), std::move(exception), &returned);
  return item_or_stop(heap, std::move(item), returned);
}

Result<Ref<Value>> method_close(Call& call) {
  return close(thread_of(call), self_of(call));
}

Result<Ref<Str>> repr_generator(Heap& heap, Value value) {
  auto* generator = static_cast<Generator*>(value.as_object());
  return make_str(heap, fmt::format("<generator object {} at 0x{:012x}>",
                                    to_utf8(static_cast<Str*>(generator->qualified_name.as_object())),
                                    0x7f0000000000u + 16ull * heap.serial_of(generator)));
}

Result<Ref<Value>> iterate_generator(Heap&, Value self) { return Ref<Value>::share(self); }

constexpr NativeDefinition kNext{"generator.__next__(self, /)", method_next};
constexpr NativeDefinition kMethods[] = {
    {"generator.send(self, value, /)", method_send},
    {"generator.throw(self, typ, val=None, tb=None, /)", method_throw},
    {"generator.close(self, /)", method_close},
};

template <Value Generator::* kMember>
Result<Ref<Value>> get_text(Heap&, Value self) {
  return Ref<Value>::share(static_cast<Generator*>(self.as_object())->*kMember);
}
template <Value Generator::* kMember>
Result<void> set_text(Heap& heap, Value self, Value value) {
  if (value.is_unbound() || !as_str(heap, value))
    return heap.raise(BuiltinType::kTypeError, "__{}__ must be set to a string object",
                      kMember == &Generator::name ? "name" : "qualname");
  decref(std::exchange(static_cast<Generator*>(self.as_object())->*kMember, Ref<Value>::share(value).release()));
  return {};
}

}  // namespace

void define_generator_type(Heap& heap) {
  Type* type = heap.type(BuiltinType::kGenerator);
  type->behaviour.visit = visit_generator;
  type->behaviour.drop = drop_generator;
  type->behaviour.size = generator_size;
  type->behaviour.repr = repr_generator;
  type->behaviour.iterate = iterate_generator;
  type->behaviour.next = generator_next;
  type->instance_size = sizeof(Generator);
  type->type_flags |= Type::kTracked | Type::kHasFinalizer;
}

Result<void> define_generator_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kGenerator);
  MINI_TRY(add_methods(heap, type, kMethods, std::size(kMethods)));
  MINI_TRY(add_methods(heap, type, &kNext, 1, MethodDescriptor::kSlotMethod));
  MINI_TRY(add_slot_methods(heap, type));
  MINI_TRY(add_getset(heap, type, "__name__", get_text<&Generator::name>, set_text<&Generator::name>));
  return add_getset(heap, type, "__qualname__", get_text<&Generator::qualified_name>, set_text<&Generator::qualified_name>);
}

}  // namespace mini::vm
