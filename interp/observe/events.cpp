#include "interp/observe/events.h"

#include "interp/observe/show_value.h"
#include "interp/vm/deadlock.h"
#include "interp/vm/lock.h"

namespace mini::observe {

namespace {

constexpr size_t kWidth = 40;

}  // namespace

std::string Touched::text() const {
  switch (kind) {
    case LocationKind::kLock:
    case LocationKind::kThread:
      return {};
    case LocationKind::kFile:
      return name;
    case LocationKind::kAnything:
      return "perhaps more";
    default:
      break;
  }
  if (!writes()) return old_value.empty() ? name : name + " = " + old_value;
  if (new_value.empty()) return name + (old_value.empty() ? " changes" : ": " + old_value + " changes");
  return name + ": " + (old_value.empty() ? "" : old_value + " ") + "-> " + new_value;
}

std::string_view name(Mark::Kind kind) {
  constexpr std::string_view kNames[] = {"asked", "switch", "wait", "wake", "acquired", "released", "start", "end", "lost_update"};
  return kNames[kind];
}

std::string_view name(sched::Cause cause) {
  switch (cause) {
    case sched::Cause::Switched:
      return "forced";
    case sched::Cause::Parked:
      return "blocked";
    case sched::Cause::Finished:
      return "finished";
    case sched::Cause::Called:
      return "call";
  }
  return "";
}

void Events::listen_to(LostUpdates& lost_updates) {
  lost_updates.told.push_back([this](const Overtaken& overtaken) { lost_.push_back(overtaken); });
}

void Events::attach() {
  machine_.add_observer(static_cast<vm::InstructionObserver&>(*this));
  machine_.add_observer(static_cast<sched::Observer&>(*this));
}

void Events::detach() {
  complete();
  machine_.remove_observer(static_cast<vm::InstructionObserver&>(*this));
  machine_.remove_observer(static_cast<sched::Observer&>(*this));
}

sched::Time Events::time() const {
  if (machine_.runner().clock() == sched::ClockKind::Real) return machine_.runner().now();
  return machine_.runner().now() + static_cast<sched::Time>(count_) * sched::kMicrosecond;
}

void Events::put(Mark mark_made) {
  mark_made.time = time();
  if (under_way_) behind_.push_back(std::move(mark_made));
  else mark(mark_made);
}

void Events::show_stack(ThreadState& thread, std::vector<std::string>& stack) {
  Frame* frame = thread.frame;
  if (!frame || frame->is_native) return;
  for (Value* at = frame->stack_base(); at < frame->stack_top; ++at)
    stack.push_back(at->is_unbound() ? "" : show_value(*at, kWidth));
}

void Events::complete() {
  if (!under_way_) return;
  ThreadState& thread = *std::exchange(under_way_, nullptr);
  if (detail_ == Detail::kAll) show_stack(thread, event_.stack);
  instruction(event_);
  for (Mark& made : behind_) mark(made);
  behind_.clear();
  for (const Overtaken& overtaken : lost_) {
    Mark made{Mark::kLost, overtaken.thread};
    made.lost = &overtaken;
    made.time = time();
    mark(made);
  }
  lost_.clear();
}

void Events::before(ThreadState& thread, Frame&, uint32_t, bool is_switch_point) {
  const bool asked = thread.asked.load(std::memory_order_relaxed);
  event_.is_point = is_switch_point;
  event_.asked = is_switch_point && asked;
  complete();
  if (asked && !std::exchange(asked_, true)) put({Mark::kAsked, thread.serial});
}

void Events::runs(ThreadState& thread, Frame& frame, uint32_t index) {
  const bytecode::Code& code = *frame.code->code;
  if (code.units[index].opcode == bytecode::Opcode::EXTENDED_ARG) return;
  // A write that was overtaken has been told of already, and belongs behind this instruction.
  std::vector<Overtaken> lost = std::move(lost_);
  lost_.clear();
  complete();
  lost_ = std::move(lost);
  under_way_ = &thread;
  ++count_;
  detail_ = detail(thread.serial, code, index);
  event_.number = count_;
  event_.switches = machine_.state().threads.hand_overs;
  event_.thread = thread.serial;
  event_.code = &code;
  event_.index = index;
  event_.touched.clear();
  event_.stack.clear();
  event_.is_point = event_.asked = false;
  if (detail_ == Detail::kNone) return;
  for (const Access& access : accesses_.of(thread, frame, index)) {
    if (access.definition && !access.writes() && !wants_definitions()) continue;
    Touched touched{access.kind, access.mode, access.location(), accesses_.name_of(access, frame, index), {}, {}, access.definition, access.exact};
    if (!access.old_value.is_unbound()) touched.old_value = show_value(access.old_value, kWidth);
    else if (access.kind == LocationKind::kContainer) touched.old_value = show_value(access.owner, kWidth);
    if (access.new_known) touched.new_value = show_value(access.new_value, kWidth);
    event_.touched.push_back(std::move(touched));
  }
}

void Events::resumes(ThreadState&, Frame&) { complete(); }

void Events::on_lock(ThreadState& thread, vm::Lock& lock, vm::LockOperation operation) {
  Mark made{operation == vm::LockOperation::kAcquired ? Mark::kAcquired : Mark::kReleased, thread.serial};
  made.what = vm::name_of(machine_, &lock);
  put(std::move(made));
}

void Events::on_hand_over(const sched::HandOver& hand_over) {
  complete();
  asked_ = false;
  Mark made{Mark::kSwitch, hand_over.from, hand_over.to.serial, hand_over.number, hand_over.cause};
  put(std::move(made));
}

void Events::on_start(sched::Thread& thread) {
  names_.of(thread.serial);
  const uint32_t who = machine_.state().threads.current ? machine_.state().threads.current->serial : 0;
  put({Mark::kStart, who, thread.serial});
}

std::string Events::target_of(sched::Thread& thread) {
  switch (thread.wait_kind) {
    case sched::WaitKind::Sleep:
      return "time";
    case sched::WaitKind::Lock: {
      const std::string name = vm::name_of(machine_, static_cast<const Object*>(thread.wait_target));
      return name.empty() ? "a lock" : "lock " + name;
    }
    case sched::WaitKind::Condition:
      return "a condition";
    case sched::WaitKind::Join:
      return fmt::format("the end of T{}", static_cast<const sched::Thread*>(thread.wait_target)->serial);
    case sched::WaitKind::Start:
      return "a thread's first step";
    case sched::WaitKind::Descriptor:
      return "a file";
    case sched::WaitKind::Exit:
      return "the other threads' end";
    case sched::WaitKind::Import:
      return "module " + to_utf8(static_cast<const Module*>(thread.wait_target)->name);
    default:
      return "something";
  }
}

void Events::on_wait(sched::Thread& thread) {
  Mark made{Mark::kWait, thread.serial};
  made.what = target_of(thread);
  put(std::move(made));
}

void Events::on_wake(sched::Thread& thread) {
  Mark made{Mark::kWake, thread.serial};
  made.what = thread.wake_reason == sched::Wake::Notified ? "notified" : thread.wake_reason == sched::Wake::TimedOut ? "time is over" : "interrupted";
  put(std::move(made));
}

void Events::on_finish(sched::Thread& thread) {
  complete();
  put({Mark::kEnd, thread.serial});
}

}  // namespace mini::observe
