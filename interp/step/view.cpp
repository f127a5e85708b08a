#include "interp/step/view.h"

#include <map>

#include "interp/bytecode/dis.h"
#include "interp/observe/show_value.h"
#include "interp/vm/deadlock.h"
#include "interp/vm/lock.h"

namespace mini::step {

using namespace mini::vm;

namespace {

std::string source_line(Walk& walk, const bytecode::Code& code, uint32_t line) {
  const std::string* text = walk.machine().source_text(code.filename);
  if (!text || line == 0) return "";
  size_t begin = 0;
  for (uint32_t i = 1; i < line; ++i) {
    begin = text->find('\n', begin);
    if (begin++ == text->npos) return "";
  }
  std::string found = text->substr(begin, text->find('\n', begin) - begin);
  found.erase(0, found.find_first_not_of(" \t"));
  return found;
}

std::string state_text(Walk& walk, ThreadState& thread) {
  switch (thread.state) {
    case sched::State::Running:
    case sched::State::Runnable:
      return "can run";
    case sched::State::Blocked:
      break;
    case sched::State::Finished:
      return "has ended";
    default:
      return "elsewhere";
  }
  std::string what;
  switch (thread.wait_kind) {
    case sched::WaitKind::Lock: {
      const auto* lock = static_cast<const Lock*>(thread.wait_target);
      const std::string name = name_of(walk.machine(), lock);
      what = name.empty() ? "a lock" : "'" + name + "'";
      if (lock->locked) what += fmt::format(", which T{} holds", lock->holder);
      break;
    }
    case sched::WaitKind::Join:
      what = fmt::format("the end of T{}", static_cast<const sched::Thread*>(thread.wait_target)->serial);
      break;
    case sched::WaitKind::Start:
      what = "a thread's first step";
      break;
    case sched::WaitKind::Exit:
      what = "the end of the other threads";
      break;
    case sched::WaitKind::Import:
      what = "module '" + to_utf8(static_cast<const Module*>(thread.wait_target)->name) + "'";
      break;
    case sched::WaitKind::Sleep:
      what = "a time";
      break;
    default:
      what = "something";
  }
  return "waits for " + what;
}

/// The instructions around the next one of a frame.
std::string code_text(const Frame& frame) {
  constexpr size_t kBefore = 2, kAfter = 2;
  const bytecode::Code& code = *frame.code->code;
  std::vector<bytecode::Instruction> all;
  size_t at = 0;
  for (uint32_t index = 0; index < code.units.size();) {
    all.push_back(bytecode::decode(code.units, index));
    if (all.back().start <= frame.index()) at = all.size() - 1;
    index = all.back().next();
  }
  std::string text;
  for (size_t i = at > kBefore ? at - kBefore : 0; i < all.size() && i <= at + kAfter; ++i) {
    const auto& instruction = all[i];
    const std::string meaning = bytecode::meaning(code, instruction);
    text += fmt::format("      {} {:>4} {}{}\n", i == at ? "-->" : "   ", 2 * instruction.index,
                        bytecode::info(instruction.opcode).name, meaning.empty() ? "" : "  " + meaning);
  }
  return text;
}

}  // namespace

Frame* own_frame(ThreadState& thread) {
  Frame* frame = thread.frame;
  while (frame && (frame->is_native || frame->code->has(bytecode::kPrelude))) frame = frame->back;
  return frame;
}

std::string place_of(const Frame& frame, uint32_t index) {
  return fmt::format("{}:{}", frame.code->code->qualified_name, frame.code->code->position(index).line);
}

std::string thread_text(Walk& walk, ThreadState& thread, bool in_full) {
  Frame* frame = own_frame(thread);
  std::string text = fmt::format("T{} {}: {}", thread.serial, thread_name(thread), state_text(walk, thread));
  if (!frame) return text + (thread.stage == 0 ? ", at its beginning\n" : ", at its end\n");
  const uint32_t line = frame->code->code->position(frame->index()).line;
  text += fmt::format(", at {}  {}\n", place_of(*frame, frame->index()), source_line(walk, *frame->code->code, line));
  if (!in_full) return text;
  if (frame != thread.frame) {
    text += fmt::format("      inside {}, called from there\n",
                        thread.frame->is_native ? "a native" : thread.frame->code->code->qualified_name);
  }
  text += code_text(*frame);
  text += "      stack:";
  bool any = false;
  for (const Value* value = frame->stack_base(); value < frame->stack_top; ++value) {
    text += (any ? " | " : " ") + observe::show_value(*value, 30);
    any = true;
  }
  return text + (any ? "\n" : " empty\n");
}

std::string shared_text(Walk& walk) {
  std::string text;
  for (const SharedVariable& variable : walk.shared().list()) {
    text += fmt::format("  {}", variable.name);
    if (!variable.value.empty()) text += " = " + variable.value;
    text += fmt::format("  (last written by T{} in line {})\n", variable.writer, variable.line);
  }
  return text.empty() ? "" : "shared:\n" + text;
}

std::string overview(Walk& walk, uint32_t selected) {
  std::string text = fmt::format("after {} instructions\n", walk.executed());
  for (auto& scheduled : walk.machine().state().threads.all) {
    auto& thread = static_cast<ThreadState&>(scheduled);
    const bool in_full = thread.serial == selected || thread.state != sched::State::Blocked;
    text += (thread.serial == selected ? "> " : "  ") + thread_text(walk, thread, in_full);
  }
  text += shared_text(walk);
  const ThreadState* last = walk.find(walk.last());
  if (last && last->state == sched::State::Runnable && !walk.at_point())
    text += fmt::format("(under --switch-points={} no other thread could take over from T{} here)\n",
                        bytecode::name(walk.machine().options().switch_model), walk.last());
  return text;
}

std::string locks_text(Walk& walk) {
  // Those that somebody waits for, and those that a name leads to.
  std::map<const Lock*, std::string> waiters;
  for (auto& thread : walk.machine().state().threads.all) {
    if (thread.state != sched::State::Blocked || thread.wait_kind != sched::WaitKind::Lock) continue;
    waiters[static_cast<const Lock*>(thread.wait_target)] += fmt::format(" T{}", thread.serial);
  }
  std::string text;
  if (Dict* names = walk.machine().state().main_names) {
    for (uint32_t i = 0; i < names->used; ++i) {
      const Value value = names->entries[i].value;
      if (!value.is_object()) continue;
      const Object* object = value.as_object();
      Heap& heap = walk.machine().heap();
      if (object->type == heap.type(BuiltinType::kLock) || object->type == heap.type(BuiltinType::kRLock))
        waiters.try_emplace(static_cast<const Lock*>(object));
    }
  }
  for (const auto& [lock, waiting] : waiters) {
    const std::string name = name_of(walk.machine(), lock);
    text += fmt::format("  {}: {}", name.empty() ? "a lock" : name,
                        lock->locked ? fmt::format("held by T{}", lock->holder) : "free");
    if (lock->locked && lock->taken.code) text += fmt::format(" since line {}", lock->taken.line());
    text += waiting.empty() ? "\n" : ", waited for by" + waiting + "\n";
  }
  return text.empty() ? "no locks\n" : text;
}

std::string frames_text(Walk& walk, ThreadState& thread) {
  std::string text;
  for (Frame* frame = thread.frame; frame; frame = frame->back) {
    if (frame->is_native || frame->code->has(bytecode::kPrelude)) continue;
    const bytecode::Code& code = *frame->code->code;
    const uint32_t line = code.position(frame->index()).line;
    text += fmt::format("  {}  {}\n", place_of(*frame, frame->index()), source_line(walk, code, line));
  }
  return text.empty() ? "  no frames of the script's\n" : text;
}

std::string source_text(Walk& walk, ThreadState& thread) {
  Frame* frame = own_frame(thread);
  if (!frame) return "  no frames of the script's\n";
  const bytecode::Code& code = *frame->code->code;
  const std::string* source = walk.machine().source_text(code.filename);
  if (!source) return "  no source\n";
  constexpr uint32_t kAround = 4;
  const uint32_t here = code.position(frame->index()).line;
  std::string text;
  size_t begin = 0;
  for (uint32_t line = 1; begin < source->size() && line <= here + kAround; ++line) {
    const size_t end = std::min(source->find('\n', begin), source->size());
    if (line + kAround >= here)
      text += fmt::format("{} {:>4}  {}\n", line == here ? "-->" : "   ", line, source->substr(begin, end - begin));
    begin = end + 1;
  }
  return text;
}

}  // namespace mini::step
