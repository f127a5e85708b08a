// The schedule of an exploration: lets a named thread make one step, and stops the machine at its end.
#pragma once

#include <functional>
#include <set>

#include "interp/explore/explorer.h"
#include "interp/explore/touches.h"

namespace mini::explore {

class Steering final : public sched::Schedule {
 public:
  explicit Steering(Explorer& explorer) : explorer_(explorer) {}
  /// Instructions of a step in which a native called back, after which it is given up. Others have their turns before.
  static constexpr uint64_t kMostInside = 1'000'000;
  std::unique_ptr<sched::Schedule> clone() const override { return std::make_unique<Steering>(*this); }
  std::string text() const override { return "explore"; }
  bool pauses() const override { return !gave_up_; }
  bool ends_slice(sched::ThreadTable&, const sched::Thread& current, sched::Point point) override;
  sched::Thread* next(sched::ThreadTable& table, sched::Cause) override;

  /// From now on, this thread makes one step.
  void begin_step(uint16_t thread);
  /// Where the step stopped although the thread could have gone on.
  const std::optional<Explorer::Stop>& stop() const { return stop_; }
  /// The natives inside which another thread's turn was due and was not explored, since no state can be saved while a
  /// native that called back is on the C++ stack: "sorted() at FILE:LINE".
  const std::set<std::string>& blind_natives() const { return blind_natives_; }
  /// Those that had not come to an end after kMostInside instructions.
  const std::set<std::string>& endless_natives() const { return endless_natives_; }
  /// The step was given up inside such a native: what comes of it is not known.
  bool gave_up() const { return gave_up_; }
  /// Others ran in the step as well, inside a native.
  bool handed_over_inside() const { return inside_others_; }
  /// The last switch point of the step, if there was one since its visible access.
  std::optional<Explorer::Stop> passed_point() const {
    if (!acted_ || !passed_point_) return {};
    return last_point_;
  }
  /// For another process: what is above, and below.
  void report(Writer& out) const;
  void take_over(Reader& in);
  /// A `__del__` or another callback at an object's end ran.
  bool met_finalizer() const { return met_finalizer_; }
  /// How many instructions the step has taken so far.
  uint64_t instructions() const { return instructions_; }
  /// What the step has touched.
  const Touches& touched() const { return touched_; }
  /// The step is over, and with it perhaps its thread.
  void end_step(uint16_t thread);
  /// What comes of the step depends on who is still there.
  void note_living();
  /// From now on, footprint() tells what each step looks at.
  void watch_reads(bool wanted) { watches_reads_ = wanted; }
  /// What the step has looked at and overwritten. Null: more than that may matter for what comes of it.
  const Foresight::Footprint* footprint() const { return depends_on_all_ ? nullptr : &footprint_; }
  /// The step's thread had waited, and somebody woke it; not the time.
  bool was_woken() const { return was_woken_; }
  bool in_prefix = true;  ///< the state to explore from is not reached yet: nothing is judged
  std::function<void(const Explorer::Executed&)> watch;

 private:
  void record(vm::ThreadState& thread, std::span<const observe::Access> accesses);
  bool shows_at_exit(std::span<const observe::Access> accesses) const;
  void go_blind(const vm::ThreadState& thread);
  bool ends_inside(const vm::ThreadState& thread, bool is_switch_point);
  void note_counts(vm::ThreadState& thread, std::span<const observe::Access> accesses);
  void note_count(const Object* object, uint32_t fewest);
  void note_all(PartName object);
  void note_item(const observe::Access& access, PartName object);
  void note_reads(const vm::ThreadState& thread, std::span<const observe::Access> accesses, bool are_done);

  Explorer& explorer_;
  int32_t chosen_ = -1;
  bool acted_ = false;         // the step's visible access has run, or is the native that goes on
  bool passed_point_ = false;  // since then
  bool gave_up_ = false, met_finalizer_ = false;
  bool went_blind_ = false;     // in this step
  bool inside_others_ = false;  // a native that called back was left for another thread
  static constexpr uint64_t kNoInstruction = ~uint64_t{0} - 1;
  uint64_t acted_on_container_ = kNoInstruction;  // instructions_ when that happened
  bool container_native_ = false;                 // which has called back, and is not done yet
  uint64_t turn_began_ = 0;    // instructions_ when the thread that runs inside a native was chosen
  std::set<std::string> blind_natives_, endless_natives_;
  std::vector<observe::Access> kept_;
  Touches touched_;
  bool watches_reads_ = false, depends_on_all_ = false;
  Foresight::Footprint footprint_;
  bool was_woken_ = false;
  uint64_t instructions_ = 0;  // of this step so far
  Explorer::Stop last_point_{};
  std::optional<Explorer::Stop> stop_;
  static constexpr uint64_t kLongest = 10'000;  // instructions without a visible access, after which a step is cut
};

}  // namespace mini::explore
