// A schedule for the stepper that follows the slices of another run.
#pragma once

#include "interp/vm/machine.h"

namespace mini::step {

class FollowSlices final : public sched::Schedule {
 public:
  /// To go on where `so_far` (whose last slice is open) has led. Null: that is not the way of `recorded`.
  static std::unique_ptr<FollowSlices> from(const std::vector<sched::Slice>& so_far, const std::vector<sched::Slice>& recorded);
  FollowSlices(std::vector<sched::Slice> slices, size_t at) : slices_(std::move(slices)), at_(at) {}

  std::unique_ptr<sched::Schedule> clone() const override { return std::make_unique<FollowSlices>(*this); }
  std::string text() const override { return "a recorded run"; }
  bool ends_slice(sched::ThreadTable&, const sched::Thread& current, sched::Point) override;
  /// Null, and error() says why, where the recorded run cannot be followed.
  sched::Thread* next(sched::ThreadTable&, sched::Cause) override;

 private:
  bool is_over(const sched::Thread& thread) const;

  std::vector<sched::Slice> slices_;
  size_t at_;
  bool begun_ = false;
};

}  // namespace mini::step
