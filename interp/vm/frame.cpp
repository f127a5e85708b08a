#include "interp/vm/frame.h"

#include "runtime/object/visitor.h"

namespace mini::vm {

ScriptPlace script_place(const Frame* frame) {
  while (frame && (frame->is_native || frame->code->has(bytecode::kPrelude))) frame = frame->back;
  return frame ? ScriptPlace{frame->code->code, frame->index()} : ScriptPlace{};
}

void visit_frame(Frame* frame, Visitor& visitor) {
  visitor.reference(frame->function());
  for (uint32_t i = 0; i < frame->slot_count; ++i) visitor.reference(frame->locals[i]);
  visitor.reference(frame->names);
  visitor.reference(frame->object);
  visitor.scalar(frame->index());
  visitor.scalar(static_cast<uint64_t>(frame->completion) | uint64_t{frame->stage} << 8 | uint64_t{frame->is_native} << 16);
  for (uint32_t i = 0; i < frame->block_count; ++i) {
    const Block& block = frame->blocks()[i];
    visitor.scalar(uint64_t{block.kind} << 32 | block.handler);
    visitor.scalar(block.level);
  }
  for (Value* value = frame->stack_base(); value < frame->stack_top; ++value) visitor.reference(*value);
}

}  // namespace mini::vm
