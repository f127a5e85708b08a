// The schedule `responsive:TIME`: a thread that comes back from a wait or a call runs soon, without starving the others.
#pragma once

#include "runtime/sched/schedule.h"

namespace mini::sched {

/// CPython's convoy effect (bpo-7946): a thread that comes back from a blocking call waits for a whole interval of each
/// CPU-bound thread. Here it is *urgent*: it asks the holder at once and stands before all others, as long as the VM has a
/// budget for that. What urgent threads run is charged to the budget, which grows by half of the time that passes, up to
/// 2 ms; when it is used up, nobody is urgent until half a millisecond has been saved, and the least run thread is next. So
/// CPU-bound threads keep half of the time, whatever the others do, and in pieces that are worth a switch. A pre-empted
/// thread goes on with the rest of its slice of TIME.
class Responsive final : public Schedule {
 public:
  explicit Responsive(Time interval) { set_interval(interval); }
  std::unique_ptr<Schedule> clone() const override { return std::make_unique<Responsive>(*this); }
  std::string text() const override { return "responsive:" + time_text(interval_); }
  bool exact() const override { return false; }
  Time interval() const override { return interval_; }
  void set_interval(Time interval) override { interval_ = std::max(interval, kMicrosecond); }
  bool preempts() const override { return true; }

  Thread* next(ThreadTable&, Cause) override;
  void came_back(ThreadTable&, Thread&, Time present) override;
  void ran(Thread&, Time span, Cause, Time present) override;
  bool hurries(ThreadTable&, Time present) override;
  bool has_budget() const override { return !saving_; }

 private:
  static constexpr Time kCapacity = 2 * kMillisecond;
  static constexpr Time kEnough = kMillisecond / 2;
  static constexpr Time kRefillDivisor = 2;
  void refill(Time present);

  Time interval_ = 0;
  Time tokens_ = kCapacity;
  bool saving_ = false;
  Time refilled_ = 0;
};

}  // namespace mini::sched
