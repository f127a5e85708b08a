// The breaker: what happens between two instructions once somebody wants the thread's attention.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

enum class BreakerAnswer : uint8_t {
  kContinue,  ///< run the instruction at hand
  kReload,    ///< another frame is on top now
  kSwitch,    ///< another thread's turn
  kPause,     ///< the run stops here for now
  kRaise,     ///< an exception is pending (KeyboardInterrupt)
};

/// Looks before the instruction at thread.frame->pc: finalisers that wait, whether this is a switch point under the
/// machine's model, whether the thread has to give way, an interrupt. In the observed loop this runs before each
/// instruction, else only after a request. `saved` is what frame->pc was before: behind a return, the call.
BreakerAnswer before_instruction(ThreadState&, const Instr* saved);

/// For the observed loop: whether the instruction that it stands before simply follows another one of its frame. If not, or if
/// it has a wide argument, or somebody wants the run to pause, before_instruction() has to look.
[[gnu::always_inline]] inline bool just_follows(const ThreadState& thread, const Frame* frame) {
  return thread.breaker.plain == frame && thread.breaker.turn == Breaker::kNone;
}
/// Then, for pass().
[[gnu::always_inline]] inline bool may_pass(const ThreadState& thread, const Instr* pc) {
  return static_cast<Form>(pc->op) != Form::kWide && !thread.machine->watch().pause_asked;
}

/// What before_instruction() does, where just_follows() holds, for Watch::passing. False: may_pass() does not hold.
[[gnu::always_inline]] inline bool tell_passing(ThreadState& thread, Frame* frame, const Instr* pc, Value* sp,
                                                InstructionObserver& passing) {
  Breaker& breaker = thread.breaker;
  if (thread.machine->watch().rows[pc->op].tests) {  // kWide has this set, too (Machine::start)
    if (static_cast<Form>(pc->op) == Form::kWide) return false;
    breaker.tested_bool = sp[-1].is_bool();
  }
  frame->pc = pc;
  frame->stack_top = sp;
  breaker.previous = pc;
  passing.passes(thread, *frame, static_cast<uint32_t>(pc - frame->code->instructions), false);
  return true;
}

/// The thread is made to give way before the instruction at frame->pc: counts the switch, tells the observers. `place`: that
/// of the point before the instruction.
void give_way(ThreadState&, Frame* frame, bool is_point, const SwitchPlace& place);

/// Whether an exact schedule ends the slice before the instruction at `pc`.
inline bool schedule_ends_slice(ThreadState& thread, const Frame* frame, const Instr* pc, bool is_point) {
  const bool counted = !frame->code->has(bytecode::kPrelude) && static_cast<Form>(pc->op) != Form::EXTENDED_ARG;
  return thread.machine->runner().ends_slice(thread, {is_point, counted});
}

/// What before_instruction() does, where just_follows() and may_pass() hold, without Watch::passing.
[[gnu::always_inline]] inline BreakerAnswer pass(ThreadState& thread, Frame* frame, const Instr* pc) {
  Machine& machine = *thread.machine;
  const Watch& watch = machine.watch();
  Breaker& breaker = thread.breaker;
  const Instr* previous = std::exchange(breaker.previous, pc);
  const bool tested_bool = breaker.tested_bool;
  const bytecode::SwitchRow& next = watch.rows[pc->op];
  if (next.tests) breaker.tested_bool = frame->stack_top[-1].is_bool();  // nobody asks behind another instruction
  const auto index = static_cast<uint32_t>(pc - frame->code->instructions);
  const bool exact = machine.runner().exact();
  if (exact || watch.observer) {
    const bool is_point = watch.rows[previous->op].may_switch(next.is_late, pc != previous + 1, pc <= previous, tested_bool);
    if (!exact) {
      watch.observer->passes(thread, *frame, index, is_point);
      return BreakerAnswer::kContinue;
    }
    if (watch.observer) watch.observer->before(thread, *frame, index, is_point);
    if (schedule_ends_slice(thread, frame, pc, is_point)) {
      const auto from = static_cast<uint32_t>(previous - frame->code->instructions);
      give_way(thread, frame, is_point, {bytecode::Arrival::kCompleted, frame->code->code, from});
      return BreakerAnswer::kSwitch;
    }
    if (watch.observer) watch.observer->runs(thread, *frame, index);
  }
  return BreakerAnswer::kContinue;
}

/// Tells the observers of an observed machine that the instruction at thread.frame->pc runs now.
void show_running(ThreadState&);

}  // namespace mini::vm
