#include "interp/vm/finalizers.h"

#include "interp/vm/calls.h"
#include "interp/vm/generators.h"
#include "interp/vm/traceback.h"
#include "interp/vm/unwind.h"

namespace mini::vm {

namespace {

void close_generator(ThreadState& thread, Generator* generator) {
  if (!close(thread, generator).ok()) report_unraisable(thread, thread.heap->take_pending(), generator);
  generator->flags |= Tracked::kFinalized;  // once: it may have yielded again
}

/// The next object with a `__del__` to call, and that method, or weak reference and its callback; generators are closed on
/// the way. kUnbound: none waits.
Ref<Value> next_with_method(ThreadState& thread, Ref<Value>& method) {
  Heap& heap = *thread.heap;
  while (heap.has_finalizable()) {
    Ref<Value> object = heap.take_finalizable();
    if (has_kind(object, BuiltinType::kWeakReference)) {
      auto* reference = static_cast<WeakReference*>(object.get().as_object());
      if (std::exchange(reference->is_due, 0)) {
        method = Ref<Value>::adopt(std::exchange(reference->callback, kUnbound));
        return object;
      }
    }
    if (heap.type_of(object) == heap.type(BuiltinType::kGenerator)) {
      close_generator(thread, static_cast<Generator*>(object.get().as_object()));
    } else {
      Value found = lookup(heap.type_of(object), heap.name(Name::k__del__));
      if (!found.is_unbound()) {
        method = Ref<Value>::share(found);
        return object;
      }
    }
    heap.finalizer_done();
  }
  return {};
}

}  // namespace

bool run_finalizer(ThreadState& thread) {
  Heap& heap = *thread.heap;
  for (;;) {
    Ref<Value> method;
    Ref<Value> object = next_with_method(thread, method);
    if (object.get().is_unbound()) return false;
    // The frame at hand stands between two instructions: the finaliser's frame goes above all that it uses.
    Value* base = ensure_stack(thread, thread.stack_end(), 8 * sizeof(Value));
    if (!base) {
      report_unraisable(thread, heap.take_pending());
      heap.finalizer_done();
      continue;
    }
    base[0] = method.release();
    base[1] = object.release();
    switch (call_on_stack(thread, base, 1, nullptr, thread.frame->stack_top, Completion::kDiscard)) {
      case CallOutcome::kFrame:
        return true;
      case CallOutcome::kValue:
        decref(std::exchange(thread.result, kUnbound));
        heap.finalizer_done();
        break;
      case CallOutcome::kError:
        report_unraisable(thread, heap.take_pending());
        heap.finalizer_done();
        break;
      case CallOutcome::kParked:
        MINI_UNREACHABLE();
    }
  }
}

void run_all_finalizers(ThreadState& thread) {
  Heap& heap = *thread.heap;
  for (;;) {
    Ref<Value> method;
    Ref<Value> object = next_with_method(thread, method);
    if (object.get().is_unbound()) return;
    Value self = object;
    if (!call_nested(heap, method, &self, 1).ok()) report_unraisable(thread, heap.take_pending());
    object = {};  // what it alone held dies inside its finaliser's turn
    heap.finalizer_done();
  }
}

namespace {

/// Tells gc.callbacks about a collection. What one of them raises is printed, and the next one called.
void tell_of_collection(ThreadState& thread, const char* phase, uint32_t generation, size_t found) {
  Heap& heap = *thread.heap;
  List* callbacks = heap.collector().callbacks;
  if (!callbacks || callbacks->length == 0) return;
  auto tell = [&](Value callback) -> Result<void> {
    Ref<Str> what = MINI_TRY(heap.intern(phase));
    Ref<Dict> facts = MINI_TRY(make_dict(heap));
    const std::pair<const char*, uint64_t> numbers[] = {{"generation", generation}, {"collected", found}, {"uncollectable", 0}};
    for (const auto& [name, number] : numbers) {
      Ref<Str> key = MINI_TRY(heap.intern(name));
      MINI_TRY(set_name(heap, facts.get(), key.get(), Value::integer(static_cast<int64_t>(number))));
    }
    const Value arguments[] = {Value(what.get()), Value(facts.get())};
    static_cast<void>(MINI_TRY(call_nested(heap, callback, arguments, 2)));
    return {};
  };
  for (uint64_t i = 0; i < callbacks->length; ++i) {
    Ref<Value> callback = Ref<Value>::share(callbacks->items[i]);
    if (!tell(callback).ok()) report_unraisable(thread, heap.take_pending());
  }
}

}  // namespace

size_t collect_observed(ThreadState& thread, uint32_t generation) {
  Heap& heap = *thread.heap;
  object::CollectorState& state = heap.collector();
  state.due = 0;
  if (state.collecting) return 0;
  state.collecting = 1;  // nobody begins another one meanwhile
  tell_of_collection(thread, "start", generation, 0);
  state.collecting = 0;
  const size_t found = heap.collect_generation(generation);
  if (heap.has_finalizable()) {
    run_all_finalizers(thread);
    heap.collect();  // what had to stay for them
  }
  state.collecting = 1;
  tell_of_collection(thread, "stop", generation, found);
  state.collecting = 0;
  return found;
}

void report_unraisable(ThreadState& thread, Ref<Exception> exception, Value ignoring) {
  if (!exception) return;
  std::string source;
  if (!ignoring.is_unbound()) {
    auto shown = repr(*thread.heap, ignoring);
    source = " " + (shown.ok() ? to_utf8(shown->get()) : "?");
    // What was raised in no frame gets the line that is executed (CPython 3.13 Python/errors.c, format_unraisable).
    if (!exception->traceback && thread.frame) {
      add_traceback(thread, thread.frame, exception.get());
      // The frame stands at the instruction that comes next.
      if (Traceback* line = exception->traceback; line && line->instruction > 0) --line->instruction;
    }
  } else if (const Traceback* line = exception->traceback) {
    // CPython names the function. The frame is gone, but the traceback begins with it.
    CodeObject* code = static_cast<FrameObject*>(line->frame)->code;
    source = fmt::format(" <function {} at 0x{:012x}>", to_utf8(code->qualified_name),
                         0x7f0000000000u + 16ull * thread.heap->serial_of(code));
  }
  thread.machine->write_error("Exception ignored in:" + source + "\n" +
                              render_unraisable(*thread.machine, exception.get()));
}

}  // namespace mini::vm
