#include "interp/step/follow.h"

#include <algorithm>

#include "interp/vm/thread_state.h"

namespace mini::step {

std::unique_ptr<FollowSlices> FollowSlices::from(const std::vector<sched::Slice>& so_far,
                                                 const std::vector<sched::Slice>& recorded) {
  if (so_far.empty() || so_far.size() > recorded.size()) return nullptr;
  const size_t open = so_far.size() - 1;
  if (!std::equal(so_far.begin(), so_far.begin() + static_cast<std::ptrdiff_t>(open), recorded.begin())) return nullptr;
  if (so_far[open].thread != recorded[open].thread) return nullptr;
  return std::make_unique<FollowSlices>(recorded, open);
}

/// Whether the slice that runs ends before the instruction at hand.
bool FollowSlices::is_over(const sched::Thread& thread) const {
  const sched::Slice& slice = slices_[at_];
  const auto* frame = static_cast<const vm::ThreadState&>(thread).frame;
  return slice.end == sched::Slice::End::Point && thread.ticks() == slice.count && frame && frame->index() == slice.index;
}

bool FollowSlices::ends_slice(sched::ThreadTable&, const sched::Thread& current, sched::Point) { return is_over(current); }

sched::Thread* FollowSlices::next(sched::ThreadTable& table, sched::Cause) {
  sched::Thread* running = table.find(slices_[at_].thread);
  const bool can_run = running && running->state == sched::State::Runnable;
  // At first the thread of the open slice goes on, unless it stands at the slice's end.
  if (!std::exchange(begun_, true) && can_run && !is_over(*running)) return running;
  if (at_ + 1 < slices_.size()) {
    sched::Thread* following = table.find(slices_[at_ + 1].thread);
    if (following && following->state == sched::State::Runnable) {
      ++at_;
      return following;
    }
    if (can_run && table.runnable.size() == 1) return running;  // it slept alone: such a slice may be left out
  }
  error_ = at_ + 1 < slices_.size() ? fmt::format("the recorded run cannot be followed here: T{} cannot run", slices_[at_ + 1].thread)
                                    : "the recorded run ends here";
  return nullptr;
}

}  // namespace mini::step
