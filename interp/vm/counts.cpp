#include "interp/vm/counts.h"

#include <algorithm>

#include "interp/vm/deadlock.h"
#include "interp/vm/frame.h"

namespace mini::vm {

using bytecode::Opcode;

CountModel::CountModel(Machine& machine) : machine_(machine) {
  machine.add_observer(*this);
  machine.heap().watch_freeing([](Heap& heap, Object* object) { Machine::of(heap).count_model()->freed(object); });
}

CountModel::~CountModel() { machine_.remove_observer(*this); }

bool CountModel::changes_counts(Opcode opcode) {
  switch (opcode) {
    case Opcode::LOAD_FAST:
    case Opcode::LOAD_GLOBAL:
    case Opcode::LOAD_NAME:
    case Opcode::LOAD_DEREF:
    case Opcode::DUP_TOP:
    case Opcode::POP_TOP:
    case Opcode::STORE_FAST:
    case Opcode::STORE_GLOBAL:
    case Opcode::STORE_NAME:
    case Opcode::STORE_DEREF:
    case Opcode::DELETE_FAST:
    case Opcode::DELETE_GLOBAL:
    case Opcode::DELETE_NAME:
    case Opcode::DELETE_DEREF:
      return true;
    default:
      return false;
  }
}

/// The objects of which the instruction takes or drops a reference.
std::vector<Object*> CountModel::operands(ThreadState&, Frame& frame, uint32_t index) {
  const CodeObject* code = frame.code;
  const bytecode::Instruction instruction = visible_at(code, index);
  const uint32_t argument = instruction.argument;
  Value value = kUnbound;
  auto global = [&](Str* name) {
    const Value found = get_name(frame.globals, name);
    return found.is_unbound() && frame.builtins ? get_name(frame.builtins, name) : found;
  };
  switch (instruction.opcode) {
    case Opcode::LOAD_FAST:
    case Opcode::STORE_FAST:
    case Opcode::DELETE_FAST:
      value = frame.locals[argument];
      break;
    case Opcode::LOAD_DEREF:
    case Opcode::STORE_DEREF:
    case Opcode::DELETE_DEREF: {
      const Value cell = frame.locals[code->local_count + argument];
      if (cell.is_object()) value = static_cast<Cell*>(cell.as_object())->content;
      break;
    }
    case Opcode::LOAD_NAME:
    case Opcode::STORE_NAME:
    case Opcode::DELETE_NAME:
      if (frame.names) value = get_name(frame.names, code->names[argument]);
      if (value.is_unbound() && instruction.opcode == Opcode::LOAD_NAME) value = global(code->names[argument]);
      break;
    case Opcode::LOAD_GLOBAL:
      value = global(code->names[argument]);
      break;
    case Opcode::STORE_GLOBAL:
    case Opcode::DELETE_GLOBAL:
      value = get_name(frame.globals, code->names[argument]);
      break;
    case Opcode::DUP_TOP:
    case Opcode::POP_TOP:
      value = frame.stack_top[-1];
      break;
    default:
      break;
  }
  if (!value.is_object()) return {};
  return {value.as_object()};
}

CountModel::Update CountModel::update(ThreadState& thread, Frame& frame, uint32_t index) {
  const Opcode opcode = frame.code->code->units[index].opcode;
  return {thread_name(thread),
          fmt::format("{} at {}", bytecode::info(opcode).name, place_text({frame.code->code, index}))};
}

void CountModel::before(ThreadState&, Frame&, uint32_t, bool) { settle(); }

void CountModel::gives_way(ThreadState& thread, Frame& frame, uint32_t index, bool) {
  if (!changes_counts(frame.code->code->units[index].opcode)) return;
  auto& readings = readings_[thread.serial];
  for (Object* object : operands(thread, frame, index)) {
    Watched& watched = watched_[object];
    ++watched.pending;
    readings.push_back({object, int64_t{object->count} + watched.error});
  }
}

void CountModel::runs(ThreadState& thread, Frame& frame, uint32_t index) {
  settle();
  if (!changes_counts(frame.code->code->units[index].opcode)) return;
  ran_ = true;
  running_thread_ = thread.serial;
  for (Object* object : operands(thread, frame, index)) running_.push_back({object, object->count});
  // What it was called is needed only where something overlaps.
  const bool overlaps = std::any_of(running_.begin(), running_.end(), [&](const Candidate& candidate) {
    return watched_.contains(candidate.object);
  });
  if (overlaps) running_update_ = update(thread, frame, index);
}

/// The instruction that ran has written its counts.
void CountModel::settle() {
  if (!std::exchange(ran_, false)) return check_all();
  auto& readings = readings_[running_thread_];
  for (const Candidate& candidate : std::exchange(running_, {})) {
    const int64_t change = int64_t{candidate.object->count} - int64_t{candidate.count};
    const auto found = watched_.find(candidate.object);
    if (change == 0 || found == watched_.end()) continue;
    Watched& watched = found->second;
    const auto reading = std::find_if(readings.begin(), readings.end(),
                                      [&](const Reading& each) { return each.object == candidate.object; });
    const uint32_t own = reading == readings.end() ? 0 : 1;
    if (own) {
      const int64_t error = reading->visible + change - int64_t{candidate.object->count};
      if (error != watched.error) {
        watched.error = error;
        watched.overlapped = {running_update_, watched.latest};
        describe(candidate.object, watched);
      }
    }
    if (watched.pending > own) watched.latest = running_update_;
    check(candidate.object, watched);
  }
  for (const Reading& reading : readings)
    if (const auto found = watched_.find(reading.object); found != watched_.end()) {
      --found->second.pending;
      if (found->second.pending == 0 && found->second.error == 0) watched_.erase(found);
    }
  readings_.erase(running_thread_);
  check_all();
}

void CountModel::check_all() {
  for (auto& [object, watched] : watched_)
    if (watched.error < 0) check(object, watched);
}

void CountModel::describe(Object* object, Watched& watched) {
  watched.name = name_of(machine_, object);
  watched.type = to_utf8(object->type->name);
  watched.bytes = object_size(object);
}

namespace {

std::string subject(const std::string& type, const std::string& name, size_t bytes) {
  return type + (name.empty() ? "" : " '" + name + "'") + fmt::format(" ({} bytes)", bytes);
}

}  // namespace

void CountModel::check(Object* object, Watched& watched) {
  const int64_t visible = int64_t{object->count} + watched.error;
  if (visible > 0 || watched.reported || watched.overlapped.empty()) return;
  watched.reported = true;
  const std::string holder = name_of(machine_, object);
  lines_.push_back(fmt::format("freed too early: {}, still held by {}: {} ({}) overlapped {} ({})",
                               subject(watched.type, watched.name, watched.bytes),
                               holder.empty() ? fmt::format("{} references", object->count) : "'" + holder + "'",
                               watched.overlapped[0].thread, watched.overlapped[0].what, watched.overlapped[1].thread,
                               watched.overlapped[1].what));
}

void CountModel::freed(Object* object) {
  std::erase_if(running_, [&](const Candidate& candidate) { return candidate.object == object; });
  const auto found = watched_.find(object);
  if (found == watched_.end()) return;
  Watched& watched = found->second;
  if (watched.error > 0) {
    lines_.push_back(fmt::format("never freed: {}, {} more than it has references: {} ({}) overlapped {} ({})",
                                 subject(watched.type, watched.name, watched.bytes), watched.error,
                                 watched.overlapped[0].thread, watched.overlapped[0].what, watched.overlapped[1].thread,
                                 watched.overlapped[1].what));
    leaked_ += watched.bytes;
  }
  for (auto& [thread, readings] : readings_)
    std::erase_if(readings, [&](const Reading& reading) { return reading.object == object; });
  watched_.erase(found);
}

std::string CountModel::report() {
  settle();
  while (!watched_.empty()) freed(watched_.begin()->first);  // what is left now, is left for ever
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  if (leaked_ > 0) text += fmt::format("{} bytes leaked\n", leaked_);
  return text;
}

}  // namespace mini::vm
