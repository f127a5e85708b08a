#include "interp/explore/steering.h"

#include <algorithm>

#include "interp/explore/locality.h"

namespace mini::explore {

namespace {

bool begins_with_script(const vm::ThreadState& thread) {
  object::Value function = thread.function;
  if (object::has_kind(function, object::BuiltinType::kBoundMethod))
    function = static_cast<const object::BoundMethod*>(function.as_object())->function;
  return object::has_kind(function, object::BuiltinType::kFunction);
}

}  // namespace

void Steering::begin_step(uint16_t thread) {
  chosen_ = thread;
  acted_ = passed_point_ = false;
  was_woken_ = false;
  instructions_ = 0;
  stop_.reset();
  touched_.clear();
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

bool Steering::ends_slice(sched::ThreadTable&, const sched::Thread& current, sched::Point point) {
  if (in_prefix) return false;
  auto& thread = static_cast<vm::ThreadState&>(const_cast<sched::Thread&>(current));
  vm::Frame& frame = *thread.frame;
  const uint32_t index = frame.index();
  ++instructions_;
  if (frame.completion == vm::Completion::kDiscard) met_finalizer_ = true;
  if (point.is_switch_point) {
    passed_point_ = true;
    last_point_ = {thread.ticks(), index};
  }
  auto found = explorer_.accesses_->of(thread, frame, index);
  if (explorer_.settings_.reduce) found = without_local(thread, found, kept_);
  Visibility& visibility = *explorer_.visibility_;
  bool visible = !found.empty() && (!explorer_.settings_.reduce || visibility.is_visible(found));
  if (!visible && thread.daemon) visible = shows_at_exit(found);
  if (!visible && visibility.ends_matter())
    visible = observe::may_end(thread, frame.code->code->units[index].opcode);
  if (visible) {
    if (!acted_) {
      acted_ = true;
      passed_point_ = false;
    } else if (passed_point_ && thread.nested_runs > 0) {
      went_blind_ = true;
    } else if (passed_point_) {
      stop_ = last_point_;
      return true;
    }
  }
  if (!found.empty()) {
    record(thread, found);
    visibility.note(thread, found);
  }
  if (watch) watch({thread, frame, index, point.is_switch_point, point.counted, found});
  // A loop without visible accesses must not keep the search from going on: its turn ends, and it may be met again.
  if (instructions_ < kLongest || !point.is_switch_point || thread.nested_runs > 0) return false;
  stop_ = last_point_;
  return true;
}

sched::Thread* Steering::next(sched::ThreadTable& table, sched::Cause) {
  if (chosen_ >= 0) {
    auto* thread = static_cast<vm::ThreadState*>(table.find(static_cast<uint32_t>(chosen_)));
    chosen_ = -1;
    // A native that a thread begins with shows nothing of what it does.
    if (!thread->frame && !in_prefix && thread->serial != 0) {
      if (!begins_with_script(*thread)) went_blind_ = true;
      touched_.push_back({.object = &table, .key = thread->serial, .whole = false, .writes = true, .only_orders = true});
    }
    // A native that waited goes on: whatever it waited for is what the step is about.
    if (thread->frame && thread->frame->is_native && !in_prefix) {
      const auto found = explorer_.accesses_->of_native(*thread, *thread->frame);
      was_woken_ = thread->wake_reason == sched::Wake::Notified;
      if (!was_woken_) touched_.push_back({nullptr, 0, true, true});
      record(*thread, found);
      acted_ = !explorer_.settings_.reduce || explorer_.visibility_->is_visible(found);
      explorer_.visibility_->note(*thread, found);
    }
    return thread;
  }
  // Inside natives that called back, threads are more than their state: they run on, lowest first, until all are out.
  for (sched::Thread& each : table.all) {
    if (static_cast<vm::ThreadState&>(each).nested_runs == 0) continue;
    went_blind_ = true;
    sched::Thread* lowest = nullptr;
    for (sched::Thread& other : table.runnable)
      if (!lowest || other.serial < lowest->serial) lowest = &other;
    return lowest;
  }
  return nullptr;
}

}  // namespace mini::explore
