// The ends of calls that the machine makes itself: what a frame's result means to whoever pushed it.
#include "interp/vm/arguments.h"
#include "interp/vm/finalizers.h"
#include "interp/vm/generators.h"
#include "interp/vm/imports.h"
#include "interp/vm/lock.h"
#include "interp/vm/slow_paths.h"
#include "interp/vm/unwind.h"

namespace mini::vm {

namespace {

/// Opens the block of the `with` statement at frame->pc; the manager's `__exit__` is on top.
void open_with_block(Frame* frame) {
  push_block(frame, Block::kFinally, static_cast<uint32_t>(frame->index() + frame->pc->jump),
             static_cast<uint32_t>(frame->stack_top - frame->stack_base()));
}

}  // namespace

CallOutcome enter_with(ThreadState& thread) {
  Heap& heap = *thread.heap;
  Frame* frame = thread.frame;
  Value manager = frame->stack_top[-1];
  Type* type = heap.type_of(manager);
  // A lock that need not be waited for. It stands on the stack for its own `__exit__` (closes_with).
  if ((type == heap.type(BuiltinType::kLock) || type == heap.type(BuiltinType::kRLock)) &&
      !thread.machine->observed() && try_enter(thread, static_cast<Lock*>(manager.as_object()))) {
    open_with_block(frame);
    thread.result = kTrue;
    return CallOutcome::kValue;
  }
  Value enter = lookup(type, heap.name(Name::k__enter__));
  Value exit = lookup(type, heap.name(Name::k__exit__));
  if (enter.is_unbound() || exit.is_unbound()) {
    static_cast<void>(heap.raise(
        BuiltinType::kTypeError, "'{}' object does not support the context manager protocol{}",
        type_name(heap, manager), enter.is_unbound() ? "" : " (missed __exit__ method)"));
    return CallOutcome::kError;
  }
  auto is_method = [](Value method) {
    return has_kind(method, BuiltinType::kFunction) || has_kind(method, BuiltinType::kMethodDescriptor);
  };
  Value* base = frame->stack_top;
  Ref<Value> bound_enter;
  if (!is_method(enter)) {
    auto bound = bind_special(heap, enter, manager);
    if (!bound.ok()) return CallOutcome::kError;
    bound_enter = bound.take();
  }
  auto bound_exit = is_method(exit) ? widen(make_bound_method(heap, exit, manager)) : bind_special(heap, exit, manager);
  if (!bound_exit.ok()) return CallOutcome::kError;
  frame->stack_top[-1] = bound_exit.take().release();
  if (bound_enter.get().is_unbound()) {
    incref(enter);
    base[0] = enter;
    base[1] = manager;  // its count moves
  } else {
    base[0] = bound_enter.release();
    decref(manager);
  }
  const uint32_t count = is_method(enter) ? 1 : 0;
  const CallOutcome outcome = call_on_stack(thread, base, count, nullptr, base, Completion::kEnterWith);
  if (outcome == CallOutcome::kValue) open_with_block(frame);
  return outcome;
}

Completed complete_call(ThreadState& thread, Completion completion, Value* caller_top, Value result) {
  Heap& heap = *thread.heap;
  Frame* frame = thread.frame;
  auto push_to_caller = [&] {
    frame->stack_top = caller_top;
    *frame->stack_top++ = result;
    return Completed::kNext;
  };
  switch (completion) {
    case Completion::kPush:
    case Completion::kFromLibrary:
    case Completion::kProperty: {
      if (completion == Completion::kProperty) decref(*caller_top);  // the object whose property this is
      return push_to_caller();
    }
    case Completion::kLeaveLoop:
      thread.result = result;
      return Completed::kLeaveLoop;
    case Completion::kInitialise: {
      Ref<Value> nothing = Ref<Value>::adopt(result);
      frame->stack_top = caller_top;
      return check_init_result(heap, result) ? Completed::kNext : Completed::kRaise;
    }
    case Completion::kEnterWith:
      frame->stack_top = caller_top;
      open_with_block(frame);
      *frame->stack_top++ = result;
      return Completed::kNext;
    case Completion::kIterate:
      return push_to_caller();
    case Completion::kResume:  // the generator returned: the loop ends
      decref(result);
      frame->stack_top = caller_top;
      decref(*--frame->stack_top);
      return Completed::kJump;
    case Completion::kDelegate:  // … and `yield from` has its value
      frame->stack_top = caller_top;
      decref(std::exchange(frame->stack_top[-1], result));
      return Completed::kNext;
    case Completion::kNative:
      // A finaliser may run before the native goes on: its result waits on its stack.
      *caller_top = result;
      frame->stack_top = caller_top + 1;
      return Completed::kStay;
    case Completion::kDiscard:
      decref(result);
      heap.finalizer_done();
      return Completed::kStay;
    case Completion::kClassBody: {
      // The body returned its __class__ cell or None; its namespace was left in the thread.
      Ref<Value> cell = Ref<Value>::adopt(result);
      Ref<Dict> names = Ref<Dict>::adopt(std::exchange(thread.body_names, nullptr));
      thread.breaker.turn = Breaker::kNative;  // __build_class__ is what was called
      auto made = make_class(thread, names.get(), caller_top, cell);
      drop_stack_to(frame, caller_top);
      if (!made.ok()) return Completed::kRaise;
      *frame->stack_top++ = made.take().release();
      return Completed::kNext;
    }
    case Completion::kImport: {
      if (Dict* names = std::exchange(thread.body_names, nullptr)) {  // null: it had waited for another thread's import
        decref(names);
        if (!import_done(thread).ok()) return decref(result), frame->stack_top = caller_top, Completed::kRaise;
      }
      decref(result);
      frame->stack_top = caller_top;
      switch (finish_import(thread)) {
        case CallOutcome::kValue: return Completed::kNext;
        case CallOutcome::kFrame: return Completed::kStay;
        case CallOutcome::kParked: return Completed::kParked;
        case CallOutcome::kError: break;
      }
      return Completed::kRaise;
    }
    case Completion::kBinary: {
      frame->stack_top = caller_top;  // the operands lie there still
      Ref<Value> answer = Ref<Value>::adopt(result);
      if (result == kNotImplemented) {
        auto declined = operator_declined(thread, frame);
        if (!declined.ok()) return Completed::kRaise;
        answer = declined.take();
      }
      Value right = *--frame->stack_top, left = frame->stack_top[-1];
      frame->stack_top[-1] = answer.release();
      decref(left);
      decref(right);
      return Completed::kNext;
    }
  }
  MINI_UNREACHABLE();
}

Completed complete_yield(ThreadState& thread, Completion completion, Value* caller_top, Value result) {
  Frame* frame = thread.frame;
  switch (completion) {
    case Completion::kResume:
      frame->stack_top = caller_top;
      *frame->stack_top++ = result;
      return Completed::kNext;
    case Completion::kDelegate:
      frame->stack_top = caller_top;
      thread.result = result;
      return Completed::kYield;
    case Completion::kNative:
      ++frame->stage;  // see resume_then()
      *caller_top = result;
      frame->stack_top = caller_top + 1;
      return Completed::kStay;
    default:
      MINI_ASSERT(completion == Completion::kLeaveLoop);
      thread.result = result;
      return Completed::kLeaveLoop;
  }
}

ExceptionAnswer complete_exception(ThreadState& thread, Completion completion, Ref<Exception>& exception) {
  Heap& heap = *thread.heap;
  Frame* frame = thread.frame;
  const bool stop = is_subtype(exception->type, heap.type(BuiltinType::kStopIteration));
  switch (completion) {
    case Completion::kIterate:
      if (!stop) return ExceptionAnswer::kGoesOn;
      exception = {};
      decref(*--frame->stack_top);
      frame->pc += frame->pc->jump;
      return ExceptionAnswer::kAbsorbed;
    case Completion::kDiscard: {
      if (thread.abandoned) return heap.finalizer_done(), ExceptionAnswer::kGoesOn;
      report_unraisable(thread, std::move(exception));
      heap.finalizer_done();
      return ExceptionAnswer::kAbsorbed;
    }
    case Completion::kProperty: {
      const Ref<Value> object = Ref<Value>::adopt(*frame->stack_top);  // the object whose property this is
      const bytecode::Instruction visible = visible_at(frame->code, frame->index());
      complete_attribute_error(heap, exception.get(), object, frame->code->names[visible.argument]);
      return ExceptionAnswer::kGoesOn;
    }
    case Completion::kImport:
      if (!thread.body_names) return ExceptionAnswer::kGoesOn;  // interrupted while it waited for another thread's import
      import_failed(thread);
      [[fallthrough]];
    case Completion::kClassBody:
      decref(std::exchange(thread.body_names, nullptr));
      return ExceptionAnswer::kGoesOn;
    default:
      return ExceptionAnswer::kGoesOn;
  }
}

}  // namespace mini::vm
