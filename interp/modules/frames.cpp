// sys._getframe and its kin, and the native half of the module `traceback`.
#include "interp/modules/frames.h"

#include "interp/modules/modules.h"
#include "interp/vm/traceback.h"
#include "interp/vm/unwind.h"

namespace mini::modules {
namespace {

/// Leaves out what has no frame in CPython 3.13: natives and comprehensions.
Frame* script_frame(Frame* frame) {
  while (frame && (frame->is_native || frame->code->has(bytecode::kComprehension))) frame = frame->back;
  return frame;
}

// Frames --------------------------------------------------------------------------------------------------------------

/// sys._getframe: the calling frame, or the one `depth` calls before it.
Result<Frame*> frame_at(Call& call) {
  int64_t depth = call.has(0) ? MINI_TRY(to_int64(call.heap, call[0])) : 0;
  Frame* frame = script_frame(thread_of(call).frame);
  for (; frame && depth > 0; --depth) frame = script_frame(frame->back);
  return frame;
}
Result<Ref<Value>> get_frame(Call& call) {
  Frame* frame = MINI_TRY(frame_at(call));
  if (!frame) return call.heap.raise_text(BuiltinType::kValueError, "call stack is not deep enough");
  return Ref<Value>(MINI_TRY(frame_object(thread_of(call), frame)));
}
Result<Ref<Value>> get_frame_module_name(Call& call) {
  Frame* frame = MINI_TRY(frame_at(call));
  if (!frame) return none();
  const Value name = get_name(frame->globals, call.heap.name(Name::k__name__));
  return name.is_unbound() ? none() : Ref<Value>::share(name);
}
/// The topmost frame of each thread, by its ident. Those of threads that are stopped do not move meanwhile.
Result<Ref<Value>> current_frames(Call& call) {
  Heap& heap = call.heap;
  Ref<Dict> frames = MINI_TRY(make_dict(heap));
  for (sched::Thread& thread : thread_of(call).machine->state().threads.all) {
    auto& state = static_cast<ThreadState&>(thread);
    Frame* frame = script_frame(state.frame);
    if (!frame) continue;
    Ref<FrameObject> object = MINI_TRY(frame_object(thread_of(call), frame));
    Ref<Value> identity = MINI_TRY(make_int(heap, static_cast<int64_t>(state.identity)));
    MINI_TRY(set(heap, frames.get(), identity, Value(object.get())));
  }
  return Ref<Value>(std::move(frames));
}

// The module `_traceback` ---------------------------------------------------------------------------------------------

/// (filename, line, function, end line, column, end column), the last three None for a frame that still runs; columns
/// count bytes.
Result<Ref<Value>> describe(Heap& heap, const TracebackEntry& entry) {
  const bytecode::Position& position = entry.position;
  const bool exact = position.end_column > 0;
  Value items[] = {Value(entry.code->filename),
                   Value::integer(position.line),
                   Value(entry.code->name),
                   exact ? Value::integer(position.end_line) : kNone,
                   exact ? Value::integer(position.column) : kNone,
                   exact ? Value::integer(position.end_column) : kNone};
  return widen(make_tuple(heap, items, std::size(items)));
}
Result<Ref<Value>> describe_all(Heap& heap, const std::vector<TracebackEntry>& entries) {
  Ref<List> list = MINI_TRY(make_list(heap));
  for (const TracebackEntry& entry : entries) MINI_TRY(append(heap, list.get(), MINI_TRY(describe(heap, entry))));
  return Ref<Value>(std::move(list));
}

Result<Ref<Value>> entries(Call& call) {
  if (!has_kind(call[0], BuiltinType::kTraceback)) return widen(make_list(call.heap));
  return describe_all(call.heap, entries_of(static_cast<Traceback*>(call[0].as_object())));
}
/// The calls in progress, the outermost first; of a frame, those up to it.
Result<Ref<Value>> stack(Call& call) {
  Frame* frame = thread_of(call).frame;
  if (call.has(0) && has_kind(call[0], BuiltinType::kFrame)) frame = static_cast<FrameObject*>(call[0].as_object())->living;
  return describe_all(call.heap, entries_of(frame));
}
/// The place in the script that the prelude's function was called from, `level` calls further out: as in stack().
Result<Ref<Value>> caller(Call& call) {
  int64_t level = call.has(0) ? MINI_TRY(to_int64(call.heap, call[0])) : 0;
  std::vector<TracebackEntry> calls = entries_of(thread_of(call).frame);
  if (calls.empty()) return none();
  const size_t outward = std::min(static_cast<size_t>(std::max<int64_t>(level, 0)), calls.size() - 1);
  return describe(call.heap, calls[calls.size() - 1 - outward]);
}

Result<Exception*> exception_argument(Call& call) {
  if (Exception* exception = as_exception(call[0])) return exception;
  return call.heap.raise(BuiltinType::kTypeError, "Exception expected for value, {} found",
                         type_name(call.heap, call[0]));
}
Result<Ref<Value>> format_exception(Call& call) {
  Exception* exception = MINI_TRY(exception_argument(call));
  return text(call.heap, render_exception(*thread_of(call).machine, exception));
}
Result<Ref<Value>> format_summary(Call& call) {
  Exception* exception = MINI_TRY(exception_argument(call));
  return text(call.heap, render_summary(*thread_of(call).machine, exception));
}
Result<Ref<Value>> format_notes(Call& call) {
  Exception* exception = MINI_TRY(exception_argument(call));
  return text(call.heap, render_notes(*thread_of(call).machine, exception));
}
/// The lines of source that belong to an entry as entries() tells it, with carets.
Result<Ref<Value>> source(Call& call) {
  const std::string filename = MINI_TRY(text_argument(call.heap, call[0], "filename"));
  uint32_t numbers[4] = {0, 0, 0, 0};
  for (uint32_t i = 0; i < 4; ++i)
    if (call.has(i + 1) && !call[i + 1].is_none())
      numbers[i] = static_cast<uint32_t>(MINI_TRY(to_int64(call.heap, call[i + 1])));
  const bytecode::Position position{numbers[0], numbers[1], numbers[2], numbers[3]};
  return text(call.heap, render_source(*thread_of(call).machine, filename, position));
}

constexpr NativeDefinition kTracebackFunctions[] = {
    {"_traceback.entries(tb, /)", entries},
    {"_traceback.stack(frame=None, /)", stack},
    {"_traceback.caller(level=0, /)", caller},
    {"_traceback.format_exception(exception, /)", format_exception},
    {"_traceback.format_summary(exception, /)", format_summary},
    {"_traceback.format_notes(exception, /)", format_notes},
    {"_traceback.source(filename, line, end_line=None, column=None, end_column=None, /)", source},
};

constexpr NativeDefinition kSystemFunctions[] = {
    {"sys._getframe(depth=0, /)", get_frame},
    {"sys._getframemodulename(depth=0)", get_frame_module_name},
    {"sys._current_frames()", current_frames},
};

}  // namespace

const std::span<const NativeDefinition> kFrameFunctions = kSystemFunctions;

Result<void> fill_traceback(Machine& machine, Module* module) {
  return add_functions(machine, module, kTracebackFunctions);
}

}  // namespace mini::modules
