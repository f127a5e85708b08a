// Generators: frames that live in their object and are put on a thread's chain while they run.
#pragma once

#include "interp/vm/calls.h"

namespace mini::vm {

inline Generator* generator_of(Frame* frame) {
  // The block behind the object: function, variables, frame. See make_generator.
  return reinterpret_cast<Generator*>(reinterpret_cast<char*>(frame->locals - 1) - sizeof(Generator));
}
/// A generator that takes over the variables of the topmost frame, which was just entered and is still to be popped.
Result<Ref<Generator>> make_generator(ThreadState&, Frame* frame);
/// The frame of a generator that finished: drops what it holds.
void release_generator_frame(ThreadState&, Frame* frame);
/// What a suspended generator has left the answers to by `yield from`, borrowed; kUnbound if it waits at a `yield`.
inline Value delegate_of(const Generator* generator) {
  const Frame* frame = generator->frame;
  const bool delegates = frame->code->code->units[frame->index() + 1].opcode == bytecode::Opcode::YIELD_FROM;
  return delegates ? frame->stack_top[-1] : kUnbound;
}
/// Puts a generator's frame on top, to go on with `sent` (owned; kUnbound at the first start). Null after raising
/// ValueError (it runs already) or RecursionError.
Frame* resume_frame(ThreadState&, Generator*, Value sent, Value* caller_top, Completion completion);
/// Whether it waits at a `yield`, with no exception that it handles itself: then resuming it is put_on_top().
inline bool is_waiting(const Generator* generator) {
  return generator->frame && generator->started && !generator->running && !generator->handled;
}
/// Puts the frame of such a generator on top, to go on with `sent` (owned).
[[gnu::always_inline]] inline Frame* put_on_top(ThreadState& thread, Generator* generator, uint32_t depth, Value sent,
                                                Value* caller_top, Completion completion) {
  Frame* frame = generator->frame;
  incref(generator);  // until it yields or ends
  generator->running = 1;
  frame->back = thread.frame;
  frame->depth = depth;
  frame->caller_top = caller_top;
  frame->completion = completion;
  *frame->stack_top++ = sent;
  ++frame->pc;
  thread.frame = frame;
  return frame;
}
/// Takes the topmost frame, a generator's, off the chain; it stays suspended at frame->pc.
void suspend_generator(ThreadState&, Frame* frame);
/// Does so, if all there is to do is to unlink it: it is within no block, and took no exception over from its caller. The
/// generator, to be dropped, or null.
[[gnu::always_inline]] inline Generator* unlink_generator(ThreadState& thread, Frame* frame, Generator* generator) {
  if (frame->block_count > 0 || generator->has_callers) return nullptr;
  generator->flags |= Tracked::kFinalized;
  thread.frame = std::exchange(frame->back, nullptr);
  generator->running = 0;
  return generator;
}
/// A generator is being left by an exception: StopIteration becomes RuntimeError (PEP 479).
Ref<Exception> generator_failed(ThreadState&, Frame* frame, Ref<Exception> exception);

/// `next`, `send`: the next item, or kUnbound with StopIteration's value in `returned` at the end. Nested.
Result<Ref<Value>> send(ThreadState&, Generator*, Value sent, Value* returned);
Result<Ref<Value>> throw_into(ThreadState&, Generator*, Ref<Exception> exception, Value* returned);
Result<Ref<Value>> close(ThreadState&, Generator*);

/// What `next()` and `send()` answer, as a native in its own right (native.h) that does not recurse: the generator's next
/// item, or `at_end`; kUnbound: StopIteration with the generator's value. `sent`: None to go on.
Result<Ref<Value>> advance(Call& call, Generator*, Value sent, Value at_end);

/// YIELD_FROM: resumes the iterator below the value to send.
CallOutcome delegate(ThreadState&);

void define_generator_type(Heap&);
Result<void> define_generator_methods(Heap&);

}  // namespace mini::vm
