// Calls: from a callable and its arguments on the value stack to a frame, or to a result.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

enum class CallOutcome : uint8_t {
  kFrame,   ///< a frame was pushed: the loop goes on in it
  kValue,   ///< done, the result is in `ThreadState::result`
  kError,   ///< an exception is pending
  kParked,  ///< the thread waits; a frame for the rest of the native was pushed
};

/// Calls base[0] with the `count` values behind it, the last of them named by `keyword_names` (null: none).
/// Takes over base[0 … count], whatever happens. With kFrame, what the frame returns completes as `completion` says,
/// and the caller's stack then ends at `caller_top`.
CallOutcome call_on_stack(ThreadState&, Value* base, uint32_t count, Tuple* keyword_names, Value* caller_top,
                          Completion completion);
/// The same for positional arguments and keywords in a tuple and a dict (borrowed; `keywords` may be null), placed at `base`.
CallOutcome call_unpacked(ThreadState&, Value* base, Value function, Tuple* arguments, Dict* keywords,
                          Value* caller_top, Completion completion);

/// Bytes from `at` to the end of the current chunk; more than any chunk has if it does not lie there.
inline size_t room_at(const ThreadState& thread, const Value* at) {
  return static_cast<size_t>(reinterpret_cast<const char*>(thread.stack_limit) - reinterpret_cast<const char*>(at));
}
inline bool has_room(const ThreadState& thread, const Value* at, size_t bytes) {
  const size_t room = room_at(thread, at);
  return room >= bytes && room <= thread.chunk->bytes;
}

/// The fields of a frame at `locals`, whose arguments and other variables are in place.
[[gnu::always_inline]] inline Frame* link_frame(ThreadState& thread, CodeObject* code, Value* locals, uint32_t slot_count, Value* caller_top,
                  Completion completion) {
  auto* frame = reinterpret_cast<Frame*>(locals + slot_count);
  frame->back = thread.frame;
  frame->code = code;
  frame->pc = code->instructions;
  frame->locals = locals;
  frame->names = nullptr;
  frame->object = nullptr;
  frame->caller_top = caller_top;
  frame->slot_count = slot_count;
  frame->block_count = 0;
  frame->begin_as(completion);
  frame->depth = thread.frame ? thread.frame->depth + 1 : 0;
  frame->while_epoch = ~0u;  // none: the tracker is reset before its first use
  frame->stack_top = frame->stack_base();
  thread.frame = frame;
  return frame;
}

/// A frame for `function` whose arguments, already complete, lie at `locals`. Null after raising RecursionError or
/// MemoryError, with the arguments dropped.
Frame* push_frame(ThreadState&, Function* function, Value* locals, uint32_t argument_count, Value* caller_top,
                  Completion completion);
/// Runs module or class body code in a namespace: the function is taken over, `names` is shared.
Frame* push_body(ThreadState&, Ref<Function> function, Dict* names, Value* at, Value* caller_top,
                 Completion completion);
/// Leaves the topmost frame: drops what it holds, or hands it to the traceback that looks at it.
void pop_frame(ThreadState&, Frame* frame);
/// Before the topmost frame is left: of one that the library or the machine entered, keeps the place in the thread.
[[gnu::always_inline]] inline void remember_end(ThreadState& thread, const Frame* frame) {
  if (frame->completion != Completion::kFromLibrary && frame->completion != Completion::kLeaveLoop) return;
  if (!frame->is_native && !frame->code->has(bytecode::kPrelude)) thread.left_at = {frame->code->code, frame->index()};
}
/// After the frame above `function` is gone: a chunk that it began is given back.
void release_chunk(ThreadState&, Value* function);
/// Drops the values above `level` of a frame's stack.
void drop_stack_to(Frame* frame, Value* level);

/// A place for `bytes` of locals and frame: `at` itself if there is room, else elsewhere on the thread's stack, with one
/// slot below it for the function. Null after raising MemoryError.
Value* ensure_stack(ThreadState&, Value* at, size_t bytes);

/// Calls the native of a stub frame again.
CallOutcome resume_native(ThreadState&, Frame* frame);

/// Calls in the middle of native work: runs the loop again, on the C++ stack (MachineHooks::call).
Result<Ref<Value>> call_nested(Heap&, Value function, const Value* arguments, uint32_t count);
/// The same for who knows the thread that holds the GIL.
Result<Ref<Value>> call_nested(ThreadState&, Value function, const Value* arguments, uint32_t count);
Result<Ref<Value>> call_with_keywords(Heap&, Value function, const Value* arguments, uint32_t count,
                                      Tuple* keyword_names);
/// Runs whatever frames were pushed above the current one by `push`, likewise.
Result<Ref<Value>> run_nested(ThreadState&);
/// In a native: gives the GIL away for as long as `exit` asks, and returns when the thread has it again. SystemExit when the
/// run is over: the native lets go of everything and returns (ThreadState::abandoned).
Result<void> give_way_inside(ThreadState&, sched::Exit exit);

/// Raises RecursionError if `depth` frames are too many.
bool too_deep(ThreadState&, uint32_t depth);

}  // namespace mini::vm
