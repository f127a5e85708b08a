#include "interp/observe/dataflow.h"

namespace mini::observe {

using bytecode::Opcode;
using vm::Frame;

namespace {

constexpr uint32_t kMost = 64;

uint32_t height_of(const Frame& frame) {
  return static_cast<uint32_t>(frame.stack_top - const_cast<Frame&>(frame).stack_base());
}
/// Bits [from, to).
uint64_t range(uint32_t from, uint32_t to) {
  const uint64_t below_to = to >= kMost ? ~uint64_t{0} : (uint64_t{1} << to) - 1;
  return from >= kMost ? 0 : below_to & ~((uint64_t{1} << from) - 1);
}
uint64_t bit(uint32_t at) { return at < kMost ? uint64_t{1} << at : 0; }

struct StackEffect {
  uint32_t height, bottom, pushes;  ///< before; without what is popped; values put there
};
StackEffect effect_of(const Frame& frame, uint32_t index, bytecode::Instruction& instruction) {
  instruction = vm::visible_at(frame.code, index);
  const auto effect = bytecode::stack_effect(instruction.opcode, instruction.argument, false);
  const uint32_t height = height_of(frame), pops = static_cast<uint32_t>(effect.pops);
  return {height, height > pops ? height - pops : 0, static_cast<uint32_t>(effect.pushes)};
}

}  // namespace

bool Dataflow::begin(const Frame& frame, uint32_t index) {
  bytecode::Instruction instruction;
  const StackEffect effect = effect_of(frame, index, instruction);
  const uint64_t results = range(effect.bottom, effect.bottom + effect.pushes);
  if (!results) return false;
  holders_.assign(1, {&frame, frame.depth, 0, results});
  arguments_ = 0;
  return true;
}

bool Dataflow::forget_left_frames(const Frame& frame) {
  while (!holders_.empty()) {
    const Holder& last = holders_.back();
    if (last.frame == &frame || last.depth < frame.depth) return true;
    holders_.pop_back();
    arguments_ = 0;
  }
  return false;
}

bool Dataflow::feeds(const Frame& frame, uint32_t index) const {
  if (holders_.empty() || holders_.back().frame != &frame) return false;
  bytecode::Instruction instruction;
  const StackEffect effect = effect_of(frame, index, instruction);
  return holders_.back().stack & range(effect.bottom, effect.height);
}

void Dataflow::step(Holder& holder, const Frame& frame, uint32_t index) {
  bytecode::Instruction instruction;
  const StackEffect effect = effect_of(frame, index, instruction);
  const uint32_t h = effect.height, n = instruction.argument;
  uint64_t& stack = holder.stack;
  stack &= range(0, h);
  auto holds = [&](uint32_t at) { return (stack & bit(at)) != 0; };
  auto put = [&](uint32_t at, bool flag) { stack = flag ? stack | bit(at) : stack & ~bit(at); };
  switch (instruction.opcode) {
    case Opcode::LOAD_FAST:
      put(h, holder.locals & bit(n));
      return;
    case Opcode::STORE_FAST:
      holder.locals = holds(h - 1) ? holder.locals | bit(n) : holder.locals & ~bit(n);
      put(h - 1, false);
      return;
    case Opcode::DELETE_FAST:
      holder.locals &= ~bit(n);
      return;
    case Opcode::DUP_TOP:
      put(h, holds(h - 1));
      return;
    case Opcode::DUP_TOP_TWO:
      put(h, holds(h - 2));
      put(h + 1, holds(h - 1));
      return;
    case Opcode::ROT_TWO:
    case Opcode::ROT_THREE:
    case Opcode::ROT_FOUR: {
      const uint32_t count = instruction.opcode == Opcode::ROT_TWO ? 2 : instruction.opcode == Opcode::ROT_THREE ? 3 : 4;
      const bool top = holds(h - 1);
      for (uint32_t i = 1; i < count; ++i) put(h - i, holds(h - i - 1));
      put(h - count, top);
      return;
    }
    default: {
      const bool taken = stack & range(effect.bottom, h);
      stack &= ~range(effect.bottom, h);
      if (taken) stack |= range(effect.bottom, effect.bottom + effect.pushes);
    }
  }
}

bool Dataflow::advance(Frame& frame, uint32_t index) {
  if (!forget_left_frames(frame)) return false;
  if (holders_.back().frame != &frame) {
    // A function that was called with the value among its arguments.
    if (!arguments_ || index != 0 || frame.back != holders_.back().frame || frame.is_generator) return true;
    holders_.push_back({&frame, frame.depth, std::exchange(arguments_, 0), 0});
  }
  Holder& holder = holders_.back();
  const bytecode::Instruction instruction = vm::visible_at(frame.code, index);
  const uint32_t height = height_of(frame);
  arguments_ = 0;
  if (instruction.opcode == Opcode::RETURN_VALUE) {
    const bool returned = height > 0 && (holder.stack & bit(height - 1));
    holders_.pop_back();
    Frame* caller = frame.back;
    if (!returned || !caller || caller->is_native || frame.completion != vm::Completion::kPush) return !holders_.empty();
    const uint64_t result = bit(static_cast<uint32_t>(frame.caller_top - caller->stack_base()));
    if (holders_.empty() || holders_.back().frame != caller) holders_.push_back({caller, caller->depth, 0, result});
    else holders_.back().stack |= result;
    return true;
  }
  if (instruction.opcode == Opcode::CALL_FUNCTION || instruction.opcode == Opcode::CALL_METHOD) {
    const uint32_t first = height - instruction.argument;
    const bool bound = instruction.opcode == Opcode::CALL_METHOD && !frame.stack_top[-2 - static_cast<int64_t>(instruction.argument)].is_unbound();
    const vm::Value callee = frame.stack_top[-(bound ? 2 : 1) - static_cast<int64_t>(instruction.argument)];
    const uint32_t from = bound ? first - 1 : first;
    if (from < kMost) arguments_ = (holder.stack & range(from, height)) >> from;
    if (object::has_kind(callee, object::BuiltinType::kBoundMethod)) arguments_ <<= 1;
  }
  step(holder, frame, index);
  return holder.locals || holder.stack || arguments_ || holders_.size() > 1;
}

}  // namespace mini::observe
