// The schedule of an exploration: lets a named thread make one step, and stops the machine at its end.
#pragma once

#include <functional>

#include "interp/explore/explorer.h"
#include "interp/explore/touches.h"

namespace mini::explore {

class Steering final : public sched::Schedule {
 public:
  explicit Steering(Explorer& explorer) : explorer_(explorer) {}
  std::unique_ptr<sched::Schedule> clone() const override { return std::make_unique<Steering>(*this); }
  std::string text() const override { return "explore"; }
  bool pauses() const override { return true; }
  bool ends_slice(sched::ThreadTable&, const sched::Thread& current, sched::Point point) override;
  sched::Thread* next(sched::ThreadTable& table, sched::Cause) override;

  /// From now on, this thread makes one step.
  void begin_step(uint16_t thread);
  /// Where the step stopped although the thread could have gone on.
  const std::optional<Explorer::Stop>& stop() const { return stop_; }
  /// Inside a native that called back, where no state can be saved, another thread's turn was due: it was not explored.
  bool went_blind() const { return went_blind_; }
  /// The last switch point of the step, if there was one since its visible access.
  std::optional<Explorer::Stop> passed_point() const {
    if (!acted_ || !passed_point_) return {};
    return last_point_;
  }
  /// A `__del__` or another callback at an object's end ran.
  bool met_finalizer() const { return met_finalizer_; }
  /// How many instructions the step has taken so far.
  uint64_t instructions() const { return instructions_; }
  /// What the step has touched.
  const Touches& touched() const { return touched_; }
  /// The step is over, and with it perhaps its thread.
  void end_step(uint16_t thread);
  /// The step's thread had waited, and somebody woke it; not the time.
  bool was_woken() const { return was_woken_; }
  bool in_prefix = true;  ///< the state to explore from is not reached yet: nothing is judged
  std::function<void(const Explorer::Executed&)> watch;

 private:
  void record(vm::ThreadState& thread, std::span<const observe::Access> accesses);
  bool shows_at_exit(std::span<const observe::Access> accesses) const;

  Explorer& explorer_;
  int32_t chosen_ = -1;
  bool acted_ = false;         // the step's visible access has run, or is the native that goes on
  bool passed_point_ = false;  // since then
  bool went_blind_ = false, met_finalizer_ = false;
  std::vector<observe::Access> kept_;
  Touches touched_;
  bool was_woken_ = false;
  uint64_t instructions_ = 0;  // of this step so far
  Explorer::Stop last_point_{};
  std::optional<Explorer::Stop> stop_;
  static constexpr uint64_t kLongest = 10'000;  // instructions without a visible access, after which a step is cut
};

}  // namespace mini::explore
