// The evaluation loop: one function, one label an opcode, each handler jumping straight to the next.
//
// Every dispatch goes through the table that `thread.dispatch` points to. Whoever wants the thread's attention (a
// switch request, an interrupt, a finaliser) swaps it for the breaker's table, in which every entry is the same label;
// so looking for such requests costs the fast loop nothing, and every instruction boundary can be a switch point. The
// observed loop is this one with a table of its own left in place, whose only label shows each instruction to those who
// look on.
//
// State in registers: `pc` the instruction at hand, `sp` one above the top of the value stack, `frame`, `locals`.
// SAVE() puts pc and sp where others find them; everything that can raise, call, allocate or look at frames needs it.
// A handler with a handle among its locals ends its scope before NEXT(): a computed goto runs no destructors.
#include "interp/vm/loop.h"

#include "interp/vm/arguments.h"
#include "interp/vm/breaker.h"
#include "interp/vm/calls.h"
#include "interp/vm/form.h"
#include "interp/vm/generators.h"
#include "interp/vm/imports.h"
#include "interp/vm/mapping_names.h"
#include "interp/vm/quicken.h"
#include "interp/vm/slow_paths.h"
#include "interp/vm/unwind.h"
#include "runtime/base/number.h"
#include "runtime/object/table.h"

namespace mini::vm {

namespace {

/// What to run in place of a specialised or fused form; the machine's own forms stay.
Form visible_form(const CodeObject* code, const Instr* pc) {
  const auto form = static_cast<Form>(pc->op);
  if (form == Form::kWide || form == Form::kResumeNative) return form;
  return form_of(code->code->units[pc - code->instructions].opcode);
}

/// decref, in line wherever it stands: g++ gives up inlining in a function of this size.
[[gnu::always_inline]] inline void drop(Object* object) {
  if (--object->count == 0) object_dead(object);
}
[[gnu::always_inline]] inline void drop(Value value) {
  if (value.is_object()) drop(value.as_object());
}

LoopExit run_loop(ThreadState* thread_or_null, DispatchTables* tables) {
  static const void* const fast[] = {
#define OPCODE(name, number, ...) &&op_##name,
#include "interp/bytecode/opcodes.def"
#define FORM(name, ...) &&form_##name,
#include "interp/vm/forms.def"
#undef FORM
  };
  static const void* const observed[] = {
#define OPCODE(name, number, ...) &&observe,
#include "interp/bytecode/opcodes.def"
#define FORM(name, ...) &&observe,
#include "interp/vm/forms.def"
#undef FORM
  };
  static const void* const breaker[] = {
#define OPCODE(name, number, ...) &&look,
#include "interp/bytecode/opcodes.def"
#define FORM(name, ...) &&look,
#include "interp/vm/forms.def"
#undef FORM
  };
  if (tables) {
    *tables = {fast, observed, breaker};
    return LoopExit::kReturned;
  }

  ThreadState& thread = *thread_or_null;
  Heap& heap = *thread.heap;
  Frame* frame;
  const Instr* pc;
  Value* sp;
  Value* locals;
  uint32_t oparg;
  Value result, replaced;
  Value *call_base, *call_bottom;
  BreakerAnswer verdict;

#define SAVE() (frame->pc = pc, frame->stack_top = sp)
#define LOAD_FRAME() \
  (frame = thread.frame, pc = frame->pc, sp = frame->stack_top, locals = frame->locals)
#define DISPATCH() goto* thread.dispatch.load(std::memory_order_relaxed)[pc->op]
  // The label of an instruction with an argument: read at once, or by whoever put a wide one together.
#define WITH_ARGUMENT(name) \
  op_##name : oparg = pc->arg; \
  wide_##name
#define NEXT()  \
  do {          \
    ++pc;       \
    DISPATCH(); \
  } while (0)
#define PUSH(value) (*sp++ = (value))
#define POP() (*--sp)
#define JUMP()          \
  do {                  \
    pc += pc->jump;     \
    DISPATCH();         \
  } while (0)
  // Counts a function entry or exit, a resume or a backward jump: see ThreadState::ticks. Takes effect at the dispatch.
#define TICK() \
  if (--thread.ticks_left == 0) [[unlikely]] thread.dispatch.store(breaker, std::memory_order_relaxed)
#define TICK_IF_BACKWARD() \
  if (pc->jump < 0) TICK()
  // An expression that answers Result<void> or anything with ok(); raises on failure.
#define REQUIRE(expression) \
  if (!(expression).ok()) goto error

  LOAD_FRAME();
  if (thread.skip_check) {
    thread.skip_check = false;
    if (thread.machine->observed()) show_running(thread);
    goto run_visible;
  }
  DISPATCH();

  // The guard of the form at pc does not hold: what it counts as a miss is the first instruction's cache, or the second's
  // where a name has the first.
missed_name: {
  auto* second = frame->code->instructions + (pc + 1 - frame->code->instructions);
  if (++second->cache >= kMisses) give_up_form(frame->code, static_cast<uint32_t>(pc - frame->code->instructions));
  goto run_visible;
}
missed: {
  auto* first = frame->code->instructions + (pc - frame->code->instructions);
  if (++first->cache >= kMisses) give_up_form(frame->code, static_cast<uint32_t>(pc - frame->code->instructions));
  goto run_visible;
}

  // The only label of the observed loop's table, as long as nobody wants the thread's attention.
observe:
  if (just_follows(thread, frame)) [[likely]] {
    if (InstructionObserver* passing = thread.machine->watch().passing) [[likely]] {
      if (tell_passing(thread, frame, pc, sp, *passing)) [[likely]] goto* fast[pc->op];
    } else if (may_pass(thread, pc)) [[likely]] {
      SAVE();
      verdict = pass(thread, frame, pc);
      if (verdict == BreakerAnswer::kContinue) [[likely]] goto* fast[pc->op];
      goto answered;
    }
  }

  // The breaker's only label: the instruction at pc has not run. --------------------------------------------------
look: {
  const Instr* saved = frame->pc;
  SAVE();
  verdict = before_instruction(thread, saved);
}
answered:
  switch (verdict) {
    case BreakerAnswer::kContinue:
      break;
    case BreakerAnswer::kReload:  // a finaliser's frame was pushed
      LOAD_FRAME();
      TICK();
      DISPATCH();
    case BreakerAnswer::kSwitch:
      thread.skip_check = true;
      return LoopExit::kSwitched;
    case BreakerAnswer::kPause:
      return LoopExit::kPaused;
    case BreakerAnswer::kRaise:
      goto error;
  }
run_visible:
  goto* fast[static_cast<uint16_t>(visible_form(frame->code, pc))];

form_kWide: {
  // Direct jumps, so that `oparg` does not live across dispatches.
  const auto visible = visible_at(frame->code, static_cast<uint32_t>(pc - frame->code->instructions));
  oparg = visible.argument;
#define WIDE_None(name) op_##name
#define WIDE_Relative(name) op_##name
#define WIDE_Absolute(name) op_##name
#define WIDE_Number(name) wide_##name
#define WIDE_Constant WIDE_Number
#define WIDE_Name WIDE_Number
#define WIDE_Local WIDE_Number
#define WIDE_Cell WIDE_Number
#define WIDE_Compare WIDE_Number
#define WIDE_Depth WIDE_Number
#define WIDE_Format WIDE_Number
#define WIDE_Function WIDE_Number
  switch (visible.opcode) {
#define OPCODE(name, number, operand, ...) \
  case bytecode::Opcode::name:             \
    goto WIDE_##operand(name);
#include "interp/bytecode/opcodes.def"
  }
  MINI_UNREACHABLE();
}

#include "interp/vm/handlers/operands.inc"
#include "interp/vm/handlers/stack.inc"
#include "interp/vm/handlers/variables.inc"
#include "interp/vm/handlers/attributes.inc"
#include "interp/vm/handlers/operators.inc"
#include "interp/vm/handlers/containers.inc"
#include "interp/vm/handlers/control.inc"
#include "interp/vm/handlers/calls.inc"
#include "interp/vm/handlers/exceptions.inc"
#include "interp/vm/handlers/forms.inc"

  // An exception is pending, raised by the instruction at frame->pc. ----------------------------------------------
error:
  switch (unwind(thread)) {
    case UnwindOutcome::kHandled:
      LOAD_FRAME();
      DISPATCH();
    case UnwindOutcome::kLeaveLoop:
      return LoopExit::kRaised;
  }
  MINI_UNREACHABLE();
}

}  // namespace

DispatchTables dispatch_tables() {
  DispatchTables tables;
  run_loop(nullptr, &tables);
  return tables;
}

LoopExit interpret(ThreadState& thread) { return run_loop(&thread, nullptr); }

}  // namespace mini::vm
