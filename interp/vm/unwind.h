// From a raise to its handler.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

enum class UnwindOutcome : uint8_t {
  kHandled,    ///< thread.frame goes on at its handler, or behind an instruction that an exception merely ends
  kLeaveLoop,  ///< the exception left the frame that this run of the loop began with; it is pending
};

/// An exception is pending, raised by the instruction at thread.frame->pc: adds to its traceback, then leaves frames
/// until one has a handler.
UnwindOutcome unwind(ThreadState&);

void push_block(Frame* frame, Block::Kind kind, uint32_t handler, uint32_t level);
/// Ends a handler: `saved` points at traceback, value and type of what was handled before; they are taken over.
void restore_handled(ThreadState&, Value* saved);
/// `raise`, `raise exception`, `raise exception from cause`; the values are taken over. True for a bare raise, which
/// leaves no new line in the traceback.
bool raise_statement(ThreadState&, Value exception, Value cause);
/// Whether an exception matches the class or tuple of classes of an `except` clause.
Result<bool> exception_matches(Heap&, Value exception, Value classes);

/// The object by which a traceback holds on to a frame.
Result<Ref<FrameObject>> frame_object(ThreadState&, Frame*);
/// Puts a line for `frame` in front of the traceback. Without memory for it the line is left out.
void add_traceback(ThreadState&, Frame*, Exception*);
/// Hands the variables of a frame that is being left to its frame object, if anybody still looks at it.
void leave_frame_object(Heap&, Frame*);
void define_frame_types(Heap&);

}  // namespace mini::vm
