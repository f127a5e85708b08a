// Handlers are found as in CPython 3.9 (Python/ceval.c, exception_unwind): each frame has a stack of open blocks.
#include "interp/vm/unwind.h"

#include <cstring>

#include "interp/vm/calls.h"
#include "interp/vm/generators.h"
#include "interp/vm/slow_paths.h"

namespace mini::vm {

void push_block(Frame* frame, Block::Kind kind, uint32_t handler, uint32_t level) {
  MINI_ASSERT(frame->block_count < frame->code->block_depth);
  frame->blocks()[frame->block_count++] = {kind, handler, level};
}

void restore_handled(ThreadState& thread, Value* saved) {
  Value value = saved[1];
  Exception* old = std::exchange(thread.handled, value.is_none() ? nullptr : as_exception(value));
  if (old) decref(old);
  decref(saved[0]);
  decref(saved[2]);
}

void add_traceback(ThreadState& thread, Frame* frame, Exception* exception) {
  auto object = frame_object(thread, frame);
  if (!object.ok()) return;
  auto line = thread.heap->create<Traceback>(BuiltinType::kTraceback);
  if (!line.ok()) return;
  (*line)->next = exception->traceback;
  (*line)->frame = object->release();
  (*line)->instruction = frame->index();
  exception->traceback = line->release();
}

namespace {

Value type_or_none(Exception* exception) { return exception ? Value(exception->type) : kNone; }

/// Traceback, value, type: how an exception lies on the value stack, the type on top.
void push_exception(Frame* frame, Exception* exception) {
  Value parts[3] = {exception && exception->traceback ? Value(exception->traceback) : kNone,
                    exception ? Value(exception) : kNone, type_or_none(exception)};
  for (Value part : parts) {
    incref(part);
    *frame->stack_top++ = part;
  }
}

/// Looks for a handler in `frame`; true if execution goes on there.
bool enter_handler(ThreadState& thread, Frame* frame, Ref<Exception>& exception) {
  while (frame->block_count > 0) {
    Block block = frame->blocks()[--frame->block_count];
    if (thread.abandoned && block.kind == Block::kFinally) continue;  // no script code runs any more
    if (block.kind == Block::kHandler) {
      // A handler that was running: what it handled is no longer being handled.
      drop_stack_to(frame, frame->stack_base() + block.level + 3);
      restore_handled(thread, frame->stack_top - 3);
      frame->stack_top -= 3;
      continue;
    }
    drop_stack_to(frame, frame->stack_base() + block.level);
    push_block(frame, Block::kHandler, 0, block.level);
    push_exception(frame, thread.handled);
    push_exception(frame, exception.get());
    Exception* old = std::exchange(thread.handled, exception.release());
    if (old) decref(old);
    frame->pc = frame->code->instructions + block.handler;
    return true;
  }
  return false;
}

}  // namespace

Result<Ref<FrameObject>> frame_object(ThreadState& thread, Frame* frame) {
  if (!frame->object) {
    auto object = thread.heap->create<FrameObject>(BuiltinType::kFrame);
    if (!object.ok()) {
      if (Ref<Exception> dropped = thread.heap->take_pending()) static_cast<void>(dropped);
      return raised;
    }
    (*object)->living = frame;
    (*object)->function = kUnbound;
    (*object)->code = frame->code;
    incref(frame->code);
    (*object)->globals = frame->globals;
    if (frame->globals) incref(frame->globals);
    (*object)->names = frame->names;
    if (frame->names) incref(frame->names);
    frame->object = object->release();
  }
  return Ref<FrameObject>::share(frame->object);
}

void leave_frame_object(Heap& heap, Frame* frame) {
  FrameObject* object = std::exchange(frame->object, nullptr);
  // Not living any more: the collector, which frees both, came to the object first.
  const bool keeps_variables = std::exchange(object->living, nullptr) && object->count > 1;
  object->instruction = frame->index();
  if (keeps_variables && has_kind(frame->function(), BuiltinType::kFunction)) {
    object->function = Ref<Value>::share(frame->function()).release();
  }
  if (keeps_variables && frame->slot_count > 0) {
    // The variables move: their counts are the frame object's now.
    const size_t bytes = frame->slot_count * sizeof(Value);
    if (void* slots = heap.memory().allocate(bytes)) {
      std::memcpy(slots, frame->locals, bytes);
      for (uint32_t i = 0; i < frame->slot_count; ++i) frame->locals[i] = kUnbound;
      object->slots = static_cast<Value*>(slots);
      object->slot_count = frame->slot_count;
    }
  }
  decref(object);
}

UnwindOutcome unwind(ThreadState& thread) {
  Heap& heap = *thread.heap;
  Ref<Exception> exception = heap.take_pending();
  // The context is what was being handled at the raise: only there, not in each frame on the way out.
  if (!exception->traceback && thread.handled && !thread.reraising) set_context(exception.get(), thread.handled);
  bool add_line = !std::exchange(thread.reraising, false);
  for (;;) {
    Frame* frame = thread.frame;
    if (!frame->is_native && add_line) add_traceback(thread, frame, exception.get());
    add_line = true;
    if (!frame->is_native && !thread.abandoned && enter_handler(thread, frame, exception)) {
      thread.breaker.turn = Breaker::kHandler;
      return UnwindOutcome::kHandled;
    }
    drop_stack_to(frame, frame->stack_base());
    const Completion completion = frame->completion;
    Value* caller_top = frame->caller_top;
    if (frame->is_generator) exception = generator_failed(thread, frame, std::move(exception));
    thread.tick();
    remember_end(thread, frame);
    pop_frame(thread, frame);
    thread.breaker.turn = Breaker::kScript;
    if (completion == Completion::kLeaveLoop) {
      static_cast<void>(heap.raise_object(std::move(exception)));
      return UnwindOutcome::kLeaveLoop;
    }
    // The operands of a class statement stay on the caller's stack until its body is done; others were handed over.
    if (completion == Completion::kClassBody) drop_stack_to(thread.frame, caller_top);
    else if (thread.frame) thread.frame->stack_top = caller_top;
    switch (complete_exception(thread, completion, exception)) {
      case ExceptionAnswer::kGoesOn:
        break;
      case ExceptionAnswer::kAbsorbed:
        return UnwindOutcome::kHandled;
    }
  }
}

bool raise_statement(ThreadState& thread, Value exception_value, Value cause_value) {
  Heap& heap = *thread.heap;
  Ref<Value> given = Ref<Value>::adopt(exception_value), cause = Ref<Value>::adopt(cause_value);
  if (given.get().is_unbound()) {
    if (!thread.handled) {
      static_cast<void>(heap.raise(BuiltinType::kRuntimeError, "No active exception to reraise"));
      return false;
    }
    static_cast<void>(heap.raise_object(Ref<Exception>::share(thread.handled)));
    return true;
  }
  auto instantiate = [&](Value value, const char* complaint) -> Ref<Exception> {
    if (Exception* ready = as_exception(value)) return Ref<Exception>::share(ready);
    if (has_kind(value, BuiltinType::kTypeType) &&
        (static_cast<Type*>(value.as_object())->type_flags & Type::kException)) {
      auto made = call(heap, value, nullptr, 0);
      if (!made.ok()) return {};
      Exception* exception = as_exception(made->get());
      if (exception) return Ref<Exception>::share(exception);
      static_cast<void>(heap.raise(BuiltinType::kTypeError,
                                   "calling {} should have returned an instance of BaseException, not {}",
                                   to_utf8(repr(heap, value).take().get()),
                                   to_utf8(repr(heap, Value(heap.type_of(made->get()))).take().get())));
      return {};
    }
    static_cast<void>(heap.raise_text(BuiltinType::kTypeError, complaint));
    return {};
  };
  Ref<Exception> exception = instantiate(given, "exceptions must derive from BaseException");
  if (!exception) return false;
  if (!cause.get().is_unbound()) {
    Ref<Exception> because;
    if (!cause.get().is_none()) {
      because = instantiate(cause, "exception causes must derive from BaseException");
      if (!because) return false;
    }
    exception->suppress_context = 1;
    if (exception->cause) decref(exception->cause);
    exception->cause = because ? because.release() : nullptr;
  }
  if (thread.handled && thread.handled != exception.get()) set_context(exception.get(), thread.handled);
  static_cast<void>(heap.raise_object(std::move(exception)));
  return false;
}

Result<bool> exception_matches(Heap& heap, Value exception, Value classes) {
  auto check = [&](Value candidate) { return has_kind(candidate, BuiltinType::kTypeType); };
  auto complain = [&] {
    return heap.raise(BuiltinType::kTypeError,
                      "catching classes that do not inherit from BaseException is not allowed");
  };
  // What lies on the stack is the type; instances are accepted for `throw`.
  Type* type = as_exception(exception) ? exception.as_object()->type : static_cast<Type*>(exception.as_object());
  if (classes.is_object() && classes.as_object()->type == heap.type(BuiltinType::kTuple)) {
    auto* tuple = static_cast<Tuple*>(classes.as_object());
    for (uint64_t i = 0; i < tuple->length; ++i)
      if (!check(tuple->items()[i]) ||
          !(static_cast<Type*>(tuple->items()[i].as_object())->type_flags & Type::kException))
        return complain();
    for (uint64_t i = 0; i < tuple->length; ++i)
      if (is_subtype(type, static_cast<Type*>(tuple->items()[i].as_object()))) return true;
    return false;
  }
  if (!check(classes) || !(static_cast<Type*>(classes.as_object())->type_flags & Type::kException))
    return complain();
  return is_subtype(type, static_cast<Type*>(classes.as_object()));
}

namespace {

void visit_frame_object(Object* object, Visitor& visitor) {
  auto* frame = static_cast<FrameObject*>(object);
  visitor.reference(frame->code);
  visitor.reference(frame->globals);
  visitor.reference(frame->names);
  visitor.reference(frame->function);
  for (uint32_t i = 0; i < frame->slot_count; ++i) visitor.reference(frame->slots[i]);
  visitor.scalar(frame->instruction);
  visitor.scalar(frame->living != nullptr);
}

void drop_frame_object(Heap& heap, Object* object) {
  auto* frame = static_cast<FrameObject*>(object);
  frame->living = nullptr;
  if (frame->code) decref(frame->code);
  if (frame->globals) decref(frame->globals);
  if (frame->names) decref(frame->names);
  const uint32_t count = std::exchange(frame->slot_count, 0);
  for (uint32_t i = 0; i < count; ++i) decref(frame->slots[i]);
  if (frame->slots) heap.release_buffer(frame->slots, count * sizeof(Value));
  decref(std::exchange(frame->function, kUnbound));
  frame->code = nullptr;
  frame->globals = nullptr;
  frame->names = nullptr;
  frame->slots = nullptr;
}

}  // namespace

void define_frame_types(Heap& heap) {
  Type* type = heap.type(BuiltinType::kFrame);
  type->behaviour.visit = visit_frame_object;
  type->behaviour.drop = drop_frame_object;
  type->instance_size = sizeof(FrameObject);
  type->type_flags |= Type::kTracked;
}

}  // namespace mini::vm
