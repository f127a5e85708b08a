#include "interp/explore/steering.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "interp/explore/locality.h"
#include "interp/vm/generators.h"
#include "runtime/object/dict.h"
#include "runtime/object/str.h"

namespace mini::explore {

namespace {

bool begins_with_script(const vm::ThreadState& thread) {
  object::Value function = thread.function;
  if (object::has_kind(function, object::BuiltinType::kBoundMethod))
    function = static_cast<const object::BoundMethod*>(function.as_object())->function;
  return object::has_kind(function, object::BuiltinType::kFunction);
}

/// What the instruction at hand of `frame` calls, while it is being called.
std::string callee_name(const vm::Frame& frame) {
  using bytecode::Opcode;
  const Opcode opcode = frame.code->code->units[frame.index()].opcode;
  const object::Value* place = frame.stack_top;
  if (opcode == Opcode::CALL_METHOD && place->is_unbound()) ++place;
  const bool is_call = opcode == Opcode::CALL_FUNCTION || opcode == Opcode::CALL_METHOD || opcode == Opcode::CALL_FUNCTION_KW;
  const object::Value callee = frame.is_native ? frame.function() : is_call ? *place : object::kUnbound;
  std::string_view name;
  if (object::has_kind(callee, object::BuiltinType::kNativeFunction))
    name = static_cast<const object::NativeObject*>(callee.as_object())->definition->signature.name;
  else if (object::has_kind(callee, object::BuiltinType::kMethodDescriptor))
    name = static_cast<const object::MethodDescriptor*>(callee.as_object())->definition->signature.name;
  else if (object::has_kind(callee, object::BuiltinType::kTypeType))
    return object::to_utf8(static_cast<const object::Type*>(callee.as_object())->name) + "()";
  return name.empty() ? std::string(bytecode::info(opcode).name) : std::string(name) + "()";
}

std::string place_text(const vm::Frame* frame) {
  const vm::ScriptPlace place = vm::script_place(frame);
  if (!place.code) return "";
  return fmt::format(" at {}:{}", std::string_view(place.code->filename).substr(place.code->filename.rfind('/') + 1), place.line());
}

/// What holds the values that the access goes to: for a class or a function, the dict of its attributes. Null: there is none
/// so far, as the object itself tells.
object::Object* container_of(const observe::Access& access) {
  auto* object = static_cast<object::Object*>(const_cast<void*>(access.object));
  if (object::has_kind(object::Value(object), object::BuiltinType::kTypeType)) return static_cast<object::Type*>(object)->attributes;
  if (object::has_kind(object::Value(object), object::BuiltinType::kFunction)) return static_cast<vm::Function*>(object)->attributes;
  return object;
}

/// Which value of a dict or list the access goes to, -1 if there is none; nothing: perhaps to more than one.
std::optional<int64_t> place_of(const observe::Access& access) {
  if (access.whole || !access.exact) return {};
  object::Object* const container = container_of(access);
  if (object::has_kind(object::Value(container), object::BuiltinType::kList)) return static_cast<int64_t>(access.key);
  if (!object::has_kind(access.label, object::BuiltinType::kStr)) return {};
  const auto* name = static_cast<const object::Str*>(access.label.as_object());
  if (!name->interned) return {};
  return object::entry_of(static_cast<object::Dict*>(container), name);
}

/// The innermost native on the C++ stack that called back, and where the script called it.
std::string native_inside(const vm::ThreadState& thread) {
  const vm::Frame* frame = thread.frame;
  while (frame && frame->completion != vm::Completion::kLeaveLoop) frame = frame->back;
  if (!frame || !frame->back) return "a native";
  return callee_name(*frame->back) + place_text(frame->back);
}

}  // namespace

void Steering::begin_step(uint16_t thread) {
  chosen_ = thread;
  acted_ = passed_point_ = gave_up_ = went_blind_ = inside_others_ = container_native_ = false;
  acted_on_container_ = kNoInstruction;
  was_woken_ = depends_on_all_ = false;
  footprint_.reads.clear();
  footprint_.overwrites.clear();
  footprint_.counts.conditions.clear();
  instructions_ = turn_began_ = 0;
  stop_.reset();
  touched_.clear();
}

/// What the step is depends on whether an object of the base had no more references than these, which the thread's part tells.
void Steering::note_count(const Object* object, uint32_t fewest) {
  const StateHasher& hasher = *explorer_.hasher_;
  const std::optional<PartName> name = hasher.counted(object);
  if (!name) return;
  const uint32_t others = object->count - std::min(object->count, fewest);
  footprint_.counts.conditions.push_back({*name, hasher.more_of(*name) - static_cast<int32_t>(others), others == 0});
}

/// What a thread has for itself, it goes about otherwise (locality.h). Whether it has an object of the base for itself, depends
/// on all who may have it.
void Steering::note_counts(vm::ThreadState& thread, std::span<const observe::Access> accesses) {
  const StateHasher& hasher = *explorer_.hasher_;
  for (const Object* object : explorer_.accesses_->left_out()) note_count(object, 1);
  for (const observe::Access& access : accesses) {
    if (!access.owner.is_object()) continue;
    const Object* owner = access.owner.as_object();
    if (access.object != owner) note_count(static_cast<const Object*>(access.object), 1);
    if (access.writes()) explorer_.hasher_->note_write(owner);
    if (!hasher.counted(owner)) continue;
    if (const uint32_t own = references_in_frames(thread, owner)) note_count(owner, own);
  }
  if (thread.frame->is_generator) note_count(vm::generator_of(thread.frame), 2);  // which its caller may have for itself
}

/// What a daemon does can be seen when the program ends, which may be before or after it.
bool Steering::shows_at_exit(std::span<const observe::Access> accesses) const {
  const bool judged = !explorer_.settings_.bad.empty() || !explorer_.settings_.shown.empty();
  return std::any_of(accesses.begin(), accesses.end(), [&](const observe::Access& access) {
    return access.kind == observe::LocationKind::kFile || (judged && access.writes());
  });
}

void Steering::end_step(uint16_t thread) {
  sched::ThreadTable& table = explorer_.machine_->state().threads;
  auto* ended = static_cast<vm::ThreadState*>(table.find(thread));
  if (!ended) {
    touched_.push_back({.object = &table, .key = thread | Touch::kEnd, .whole = false, .writes = true, .only_orders = true});
  } else if (thread == 0 && !ended->frame) {  // the main thread waits for the others
    touched_.push_back({.object = &table, .key = 0, .whole = true, .writes = false, .only_orders = true, .in_vain = true});
  }
}

void Steering::record(vm::ThreadState& thread, std::span<const observe::Access> accesses) {
  for (const observe::Access& access : accesses) {
    Touch touch{access.object, access.key, access.whole, access.writes()};
    if (access.kind == observe::LocationKind::kThread) {
      touch.only_orders = !access.asks;
      const bool joins = !access.writes() && !access.asks;
      touch.in_vain = joins && explorer_.machine_->state().threads.find(static_cast<uint32_t>(access.key));
      if (access.asks && !access.whole) touched_.push_back(touch);
      if (!access.writes() && !access.whole) touch.key |= Touch::kEnd;
    } else if (explorer_.settings_.reduce && !explorer_.visibility_->is_visible({&access, 1}) &&
               !(thread.daemon && shows_at_exit({&access, 1}))) {
      continue;
    }
    touch.structural = is_structural(access);
    touched_.push_back(touch);
  }
}

/// Of the next instruction, which the step executes, or before which it ends: that it ends there depends on what these are,
/// and the place of an attribute or item on what is there.
void Steering::note_reads(const vm::ThreadState& thread, std::span<const observe::Access> accesses, bool are_done) {
  const StateHasher& hasher = *explorer_.hasher_;
  std::vector<PartName>& reads = footprint_.reads;
  if (explorer_.accesses_->asks_machine()) depends_on_all_ = true;
  for (const Object* object : explorer_.accesses_->left_out()) {
    if (const auto name = hasher.part_of(object)) note_all(*name);
  }
  for (const observe::Access& access : accesses) {
    if (!access.object) depends_on_all_ = true;
    if (access.kind == observe::LocationKind::kThread) {
      if (access.whole) depends_on_all_ = true;
      reads.push_back(part::kAlive | static_cast<PartName>(access.key));
    } else if (access.object && (are_done || access.kind != observe::LocationKind::kLock)) {
      if (const auto name = hasher.part_of(access.object)) reads.push_back(*name);
      const Object* const container = container_of(access);
      if (const auto name = container ? hasher.part_of(container) : std::nullopt) {
        if (container != access.object) reads.push_back(*name);
        if (are_done) note_item(access, *name);
      }
    }
    if (!access.owner.is_object()) continue;
    if (const auto member = explorer_.symmetry_->member_with(access.owner.as_object()); member && *member != thread.serial)
      reads.push_back(part::kThread | *member);  // which tells what its Thread is like
    if (access.owner.as_object() == access.object) continue;
    if (const auto name = hasher.part_of(access.owner.as_object())) reads.push_back(*name);
  }
}

void Steering::note_living() {
  const uint32_t started = explorer_.machine_->state().threads.started;
  for (uint32_t serial = 0; serial < started; ++serial) footprint_.reads.push_back(part::kAlive | serial);
}

void Steering::note_all(PartName object) {
  footprint_.reads.push_back(object);
  const uint32_t count = explorer_.hasher_->item_count(object);
  for (uint32_t i = 0; i < count; ++i) footprint_.reads.push_back(part::item(object & ~part::kKind, i));
}

/// Of a dict or list, of which the values are parts: that of the access, or all that there are.
void Steering::note_item(const observe::Access& access, PartName object) {
  const StateHasher& hasher = *explorer_.hasher_;
  if (hasher.item_count(object) == 0) return;
  const bool stays_in_place = !access.old_value.is_unbound() && access.new_known && !access.new_value.is_unbound();
  const std::optional<int64_t> place = place_of(access);
  if (!place || (access.writes() && !stays_in_place)) return note_all(object);
  if (*place < 0 || *place >= part::kMostItems) return;  // that it is missing, the object itself tells
  const PartName item = part::item(object & ~part::kKind, static_cast<uint32_t>(*place));
  const bool overwrites = !access.reads() && hasher.is_plain_in_base(item);
  (overwrites ? footprint_.overwrites : footprint_.reads).push_back(item);
}

/// Inside a native that called back: whether the thread gives way. It does after a long turn, so that a wait for others
/// that spins comes to an end, and for good when all of that takes too long.
bool Steering::ends_inside(const vm::ThreadState& thread, bool is_switch_point) {
  depends_on_all_ = true;
  if (instructions_ >= kMostInside) {
    endless_natives_.insert(native_inside(thread));
    gave_up_ = true;
    return true;
  }
  if (!is_switch_point || instructions_ - turn_began_ < kLongest) return false;
  blind_natives_.insert(native_inside(thread));
  return true;
}

/// Once in a step.
void Steering::go_blind(const vm::ThreadState& thread) {
  if (!std::exchange(went_blind_, true)) blind_natives_.insert(native_inside(thread));
}

bool Steering::ends_slice(sched::ThreadTable& table, const sched::Thread& current, sched::Point point) {
  if (in_prefix) return false;
  if (gave_up_) return true;  // whatever is still called on the way out
  auto& thread = static_cast<vm::ThreadState&>(const_cast<sched::Thread&>(current));
  vm::Frame& frame = *thread.frame;
  const uint32_t index = frame.index();
  ++instructions_;
  if (frame.completion == vm::Completion::kDiscard) met_finalizer_ = true;
  if (point.is_switch_point) {
    passed_point_ = true;
    last_point_ = {thread.ticks(), index};
  }
  const auto all = explorer_.accesses_->of(thread, frame, index);
  if (watches_reads_) note_counts(thread, all);
  const auto found = explorer_.settings_.reduce ? without_local(thread, all, kept_) : all;
  Visibility& visibility = *explorer_.visibility_;
  Symmetry& symmetry = *explorer_.symmetry_;
  symmetry.watch(thread, frame, all);
  bool visible = !found.empty() && (!explorer_.settings_.reduce || visibility.is_visible(found));
  if (!visible && thread.daemon) visible = shows_at_exit(found);
  if (!visible && visibility.ends_matter())
    visible = observe::may_end(thread, frame.code->code->units[index].opcode);
  if (visible && symmetry.is_in_debt(thread)) {
    const bool only_joins = !found.empty() && std::all_of(found.begin(), found.end(), [&](const observe::Access& access) {
      return !visibility.is_visible({&access, 1}) || symmetry.belongs_to_join(frame, access);
    });
    if (!only_joins) symmetry.tell_debt_apart();
  }
  if (visible) {
    if (!acted_) {
      acted_ = true;
      passed_point_ = false;
      const bool on_container = std::any_of(found.begin(), found.end(), [](const observe::Access& access) {
        return access.kind == observe::LocationKind::kContainer;
      });
      if (on_container && thread.nested_runs == 0) acted_on_container_ = instructions_;
    } else if (passed_point_ && thread.nested_runs > 0) {
      go_blind(thread);
    } else if (passed_point_) {
      if (watches_reads_) note_reads(thread, all, false);
      stop_ = last_point_;
      return true;
    }
  }
  // A native that works on a container calls back: in the middle of that, others may work on it, too.
  if (thread.nested_runs == 0) container_native_ = false;
  else if (instructions_ == acted_on_container_ + 1) container_native_ = true;
  if (container_native_ && point.is_switch_point && !table.runnable.empty()) go_blind(thread);
  if (watches_reads_) note_reads(thread, all, true);
  if (!found.empty()) {
    record(thread, found);
    visibility.note(thread, found);
  }
  if (watch) watch({thread, frame, index, point.is_switch_point, point.counted, found});
  // A loop without visible accesses must not keep the search from going on: its turn ends, and it may be met again.
  if (thread.nested_runs > 0 || inside_others_) return ends_inside(thread, point.is_switch_point);
  if (instructions_ < kLongest || !point.is_switch_point) return false;
  stop_ = last_point_;
  return true;
}

sched::Thread* Steering::next(sched::ThreadTable& table, sched::Cause) {
  if (chosen_ >= 0) {
    auto* thread = static_cast<vm::ThreadState*>(table.find(static_cast<uint32_t>(chosen_)));
    chosen_ = -1;
    // A native that a thread begins with shows nothing of what it does.
    if (!thread->frame && !in_prefix && thread->serial != 0) {
      if (!begins_with_script(*thread)) {
        blind_natives_.insert("what a thread was started on");
        depends_on_all_ = true;
      }
      touched_.push_back({.object = &table, .key = thread->serial, .whole = false, .writes = true, .only_orders = true});
    }
    // A native that waited goes on: whatever it waited for is what the step is about.
    if (thread->frame && thread->frame->is_native && !in_prefix) {
      const auto found = explorer_.accesses_->of_native(*thread, *thread->frame);
      explorer_.symmetry_->watch(*thread, *thread->frame, found);
      was_woken_ = thread->wake_reason == sched::Wake::Notified;
      if (!was_woken_) touched_.push_back({nullptr, 0, true, true});
      if (watches_reads_) {
        note_counts(*thread, found);
        note_reads(*thread, found, true);
      }
      depends_on_all_ = depends_on_all_ || !was_woken_;
      record(*thread, found);
      acted_ = !explorer_.settings_.reduce || explorer_.visibility_->is_visible(found);
      explorer_.visibility_->note(*thread, found);
    }
    return thread;
  }
  if (gave_up_) return nullptr;
  // Inside natives that called back, threads are more than their state: they run on in turn until all are out.
  bool anybody = false;
  for (sched::Thread& each : table.all) {
    auto& inside = static_cast<vm::ThreadState&>(each);
    if (inside.nested_runs == 0) continue;
    anybody = inside_others_ = true;
    blind_natives_.insert(native_inside(inside));
  }
  if (!anybody) return nullptr;
  turn_began_ = instructions_;
  auto turns_until = [&](const sched::Thread& thread) { return (thread.serial + table.started - table.last - 1) % table.started; };
  auto next = std::min_element(table.runnable.begin(), table.runnable.end(), [&](const auto& a, const auto& b) {
    return turns_until(a) < turns_until(b);
  });
  return next == table.runnable.end() ? nullptr : &*next;
}

void Steering::report(Writer& out) const {
  out.put(met_finalizer_);
  for (const std::set<std::string>* natives : {&blind_natives_, &endless_natives_}) {
    out.put(natives->size());
    for (const std::string& name : *natives) out.put_text(name);
  }
}

void Steering::take_over(Reader& in) {
  met_finalizer_ = in.get<bool>() || met_finalizer_;
  for (std::set<std::string>* natives : {&blind_natives_, &endless_natives_})
    for (auto count = in.get<size_t>(); count > 0; --count) natives->insert(in.get_text());
}

}  // namespace mini::explore
