// Where a switch may fall is a matter of two instructions, the one that completed and the one that comes next; the
// breaker remembers the first and asks bytecode::may_switch. Nothing of this exists in the fast path.
#include "interp/vm/breaker.h"

#include <utility>

#include "interp/bytecode/opcode_time.h"
#include "interp/vm/calls.h"
#include "interp/vm/counts.h"
#include "interp/vm/finalizers.h"
#include "interp/vm/loop.h"

namespace mini::vm {

namespace {

using bytecode::Arrival;
using bytecode::Boundary;
using bytecode::Opcode;

Opcode opcode_at(const Frame* frame, const Instr* pc) {
  return frame->code->code->units[pc - frame->code->instructions].opcode;
}

/// The point before the instruction at frame->pc, as far as it is known, and the place that statistics count it under.
/// False: the instruction before is unknown.
bool describe(ThreadState& thread, Frame* frame, const Instr* saved, Boundary& boundary, SwitchPlace& place) {
  const Breaker& breaker = thread.breaker;
  const uint32_t index = frame->index();
  boundary.next = opcode_at(frame, frame->pc);
  place = {Arrival::kHandler, frame->code->code, index};
  if (breaker.turn == Breaker::kHandler) {
    boundary.arrival = Arrival::kHandler;
    return true;
  }
  if (!breaker.previous) return false;
  const Instr* previous = breaker.previous;
  if (breaker.frame != frame || breaker.turn != Breaker::kNone) {
    if (breaker.turn == Breaker::kNone) {
      boundary.arrival = frame->is_generator && index > 0 ? Arrival::kResumed : Arrival::kEntered;
      place.arrival = boundary.arrival;
      boundary.comprehension = frame->code->has(bytecode::kComprehension);
      return true;
    }
    // Back in the caller: what completed is its own instruction, a call as a rule.
    previous = saved == frame->pc && breaker.frame == frame ? breaker.previous : saved;  // see pauses()
    boundary.script_callee = breaker.turn == Breaker::kScript;
  }
  // Another frame may lie where the remembered one lay: then nothing is known.
  if (previous < frame->code->instructions || previous >= frame->code->instructions + frame->code->instruction_count)
    return false;
  boundary.previous = opcode_at(frame, previous);
  const uint32_t from = static_cast<uint32_t>(previous - frame->code->instructions);
  place = {Arrival::kCompleted, place.code, from};
  boundary.jumped = index != from + 1;
  boundary.backward = index <= from;
  boundary.tested_bool = breaker.tested_bool;
  if (frame->while_epoch != breaker.epoch) {
    frame->while_tracker.reset();
    frame->while_epoch = breaker.epoch;
  }
  if (!frame->code->code->while_back_edges.empty())
    frame->while_tracker.advance(*frame->code->code, from, index, boundary);
  return true;
}

/// Whether the observed loop may go on from the instruction at frame->pc by pass().
bool is_plain(Machine& machine, Frame* frame) {
  return machine.observed() && static_cast<Form>(frame->pc->op) != Form::kWide &&
         (frame->code->code->while_back_edges.empty() || !bytecode::follows_loops(machine.options().switch_model));
}

/// Remembers the instruction that runs next.
void remember(Machine& machine, ThreadState& thread, Frame* frame) {
  Breaker& breaker = thread.breaker;
  breaker.previous = frame->pc;
  breaker.frame = frame;
  breaker.plain = is_plain(machine, frame) ? frame : nullptr;
  breaker.turn = Breaker::kNone;
  const Opcode next = opcode_at(frame, frame->pc);
  breaker.time = bytecode::cpython_time(next);
  const auto kind = bytecode::info(next).switch_class;
  breaker.tested_bool = (kind == bytecode::SwitchClass::Test || kind == bytecode::SwitchClass::TestOrPop) &&
                        frame->stack_top[-1].is_bool();
}

/// Whether the run stops here, where nothing was decided yet: the same point is looked at again when it goes on.
bool pauses(Machine& machine, ThreadState& thread, const Instr* saved) {
  if (!machine.take_pause()) return false;
  if (thread.nested_runs > 0 || machine.runner().inside_native()) {
    machine.pause();  // later
    return false;
  }
  if (thread.breaker.previous && thread.breaker.turn != Breaker::kNone) {
    thread.breaker.previous = saved;
    thread.breaker.frame = thread.frame;
  }
  return true;
}

/// The fast loop goes on, now or when the thread has its turn again: the instruction before will be unknown.
void forget(Breaker& breaker) {
  breaker.previous = nullptr;
  breaker.plain = nullptr;
  ++breaker.epoch;
}

}  // namespace

void ThreadState::tick() {
  if (--ticks_left == 0) dispatch.store(machine->tables().breaker, std::memory_order_relaxed);
}

BreakerAnswer before_instruction(ThreadState& thread, const Instr* saved) {
  Machine& machine = *thread.machine;
  Frame* frame = thread.frame;
  if (const uint32_t due = thread.heap->collector().due) collect_observed(thread, due - 1);
  if (thread.heap->has_finalizable() && run_finalizer(thread)) return BreakerAnswer::kReload;
  InstructionObserver* observer = machine.observer();
  if (frame->is_native) {  // no visible instruction
    if (observer) observer->resumes(thread, *frame);
    return BreakerAnswer::kContinue;
  }
  if (observer && pauses(machine, thread, saved)) return BreakerAnswer::kPause;
  thread.cpython_time += std::exchange(thread.breaker.time, 0);

  Boundary boundary;
  SwitchPlace place{};
  const bool known = describe(thread, frame, saved, boundary, place);
  const bool is_point = (known && bytecode::may_switch(machine.options().switch_model, boundary)) ||
                        (machine.count_model() && CountModel::changes_counts(boundary.next));
  remember(machine, thread, frame);
  sched::Runner& runner = machine.runner();
  const bool calm = thread.dispatch.load(std::memory_order_relaxed) != machine.tables().breaker;
  if (machine.observed() && calm && !runner.exact()) {
    if (observer) observer->passes(thread, *frame, frame->index(), is_point);
    return BreakerAnswer::kContinue;
  }
  sched::Notice notice = sched::Notice::None;
  if (machine.observed()) {
    if (observer) observer->before(thread, *frame, frame->index(), is_point);
    const bool counted = !frame->code->has(bytecode::kPrelude) && boundary.next != Opcode::EXTENDED_ARG;
    notice = runner.before_instruction(thread, {is_point, counted});
  } else if (is_point || runner.replay()) {  // a recorded switch fell where it fell
    notice = runner.look(thread);
  }
  switch (notice) {
    case sched::Notice::None:
      break;
    case sched::Notice::Switch:
      give_way(thread, frame, is_point, place);
      return BreakerAnswer::kSwitch;
    case sched::Notice::Interrupt:
      if (machine.handle_interrupt(thread)) return BreakerAnswer::kRaise;
      break;
  }
  if (machine.observed()) show_running(thread);
  else if (thread.dispatch.load(std::memory_order_relaxed) != machine.tables().breaker) forget(thread.breaker);
  return BreakerAnswer::kContinue;
}

void give_way(ThreadState& thread, Frame* frame, bool is_point, const SwitchPlace& place) {
  Machine& machine = *thread.machine;
  ++machine.switch_counts().total;
  if (is_point) ++machine.switch_counts().places[place];  // `steps:` may switch elsewhere before its list begins
  if (!machine.observed()) forget(thread.breaker);
  else if (auto* observer = machine.observer()) observer->gives_way(thread, *frame, frame->index(), is_point);
}

void show_running(ThreadState& thread) {
  Frame* frame = thread.frame;
  if (auto* observer = thread.machine->observer()) observer->runs(thread, *frame, frame->index());
}

}  // namespace mini::vm
