#include "interp/vm/deadlock.h"

#include "interp/vm/frame.h"

namespace mini::vm {

namespace {

/// "FILE:LINE" of the innermost frame of the script's own files.
std::string place_of(const ThreadState& thread) {
  for (Frame* frame = thread.frame; frame; frame = frame->back) {
    if (frame->is_native || frame->code->has(bytecode::kPrelude)) continue;
    return fmt::format("{}:{}", frame->code->code->filename, frame->code->code->position(frame->index()).line);
  }
  return "its end";
}

std::string_view what(sched::WaitKind kind) {
  switch (kind) {
    case sched::WaitKind::Sleep:
      return "time";
    case sched::WaitKind::Lock:
      return "a lock";
    case sched::WaitKind::Condition:
      return "a condition";
    case sched::WaitKind::Join:
      return "the end of a thread";
    case sched::WaitKind::Start:
      return "the start of a thread";
    case sched::WaitKind::Descriptor:
      return "a file";
    case sched::WaitKind::Exit:
      return "the end of the other threads";
    default:
      return "something";
  }
}

}  // namespace

std::string describe_deadlock(Machine& machine) {
  std::string report = "deadlock: no thread can run\n";
  for (auto& scheduled : machine.state().threads.all) {
    auto& thread = static_cast<ThreadState&>(scheduled);
    report += fmt::format("  T{} waits at {} for {}\n", thread.serial, place_of(thread), what(thread.wait_kind));
  }
  return report;
}

}  // namespace mini::vm
