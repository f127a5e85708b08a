#include "interp/explore/steering.h"

#include "interp/explore/locality.h"

namespace mini::explore {

void Steering::begin_step(uint16_t thread) {
  chosen_ = thread;
  acted_ = passed_point_ = false;
  instructions_ = 0;
  stop_.reset();
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
  if (!found.empty()) {
    if (!explorer_.settings_.reduce || explorer_.visibility_->is_visible(found)) {
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
    explorer_.visibility_->note(thread, found);
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
    // A native that waited goes on: whatever it waited for is what the step is about.
    if (thread->frame && thread->frame->is_native) {
      acted_ = true;
      if (!in_prefix) {
        const auto found = explorer_.accesses_->of_native(*thread, *thread->frame);
        explorer_.visibility_->note(*thread, found);
      }
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
