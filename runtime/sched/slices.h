// A run as a list of slices: who ran, and where that one stopped. This is all that has to be known of a run to which
// nothing came from outside; tokens are made of it (token.h), and recordings hold it too (recording.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "runtime/sched/range_coder.h"

namespace mini::sched {

/// From the moment that `thread` got the GIL until another one got it. Its successor is the next slice's thread.
///
/// The list of a run begins with T0's first slice, and has one slice for each hand-over (Observer::on_hand_over) and one
/// more. A thread that blocked and was itself the next to run ended its slice, and began one: only if nobody else could
/// have run may this be left out.
struct Slice {
  enum class End : std::uint8_t {
    Itself,  ///< it blocked or ended, or the run did
    Point,   ///< it gave way before the instruction `index` of the frame on top, when it had made `count` ticks
    Call,    ///< it gave way in its blocking call number `count` (Thread::calls)
  };
  std::uint32_t thread = 0;  ///< serial
  End end = End::Itself;
  std::uint64_t count = 0;  ///< Point: Thread::ticks(), Call: Thread::calls
  std::uint32_t index = 0;  ///< Point: index of the instruction in its code object
  bool operator==(const Slice&) const = default;
};

/// Codes where slices end and who follows. What a list of slices is coded with depends on nothing but the slices before.
class SliceModel {
 public:
  /// How the slice of the thread that runs ends.
  template <class Coder>
  void code_end(Coder& coder, Slice::End& end) {
    bool forced = end != Slice::End::Itself, call = end == Slice::End::Call;
    coder.bit(forced_[static_cast<int>(last_end_)], forced);
    if (forced) coder.bit(call_, call);
    end = !forced ? Slice::End::Itself : call ? Slice::End::Call : Slice::End::Point;
    last_end_ = end;
  }
  /// The ticks of the thread that runs, which only grow.
  template <class Coder>
  void code_ticks(Coder& coder, std::uint64_t& ticks) {
    code_growth(coder, ticks_model_, thread_of(current_).ticks, ticks);
  }
  /// The same, of a slice whose length was drawn: in proportion to it, a thread makes as many as in its slices before.
  template <class Coder>
  void code_ticks(Coder& coder, std::uint64_t& ticks, std::uint64_t drawn) {
    Known& thread = thread_of(current_);
    std::uint64_t grown = ticks - thread.ticks;
    foreseen_ticks_.code(coder, scaled(drawn, thread.pace, kPaceUnit), grown);
    const std::uint64_t pace = scaled(grown, kPaceUnit, std::max<std::uint64_t>(drawn, 1));
    thread.pace = thread.pace == 0 ? pace : thread.pace - thread.pace / 4 + pace / 4;
    ticks = thread.ticks += grown;
  }
  template <class Coder>
  void code_calls(Coder& coder, std::uint64_t& calls) {
    code_growth(coder, calls_model_, thread_of(current_).calls, calls);
  }
  /// Who runs next: a new thread, as a rule the one after the youngest, or one that ran before, by how long ago.
  template <class Coder>
  void code_successor(Coder& coder, std::uint32_t& thread) {
    const auto known = std::find(recent_.begin(), recent_.end(), thread);
    bool fresh = known == recent_.end();
    coder.bit(fresh_[last_fresh_], fresh);
    last_fresh_ = (last_fresh_ << 1 | fresh) & 3;
    if (fresh) {
      std::uint32_t skipped = thread - youngest_ - 1;  // wraps for one that was passed over, and still tells it
      skipped_.code(coder, skipped);
      thread = skipped + youngest_ + 1;
      if (thread > youngest_) youngest_ = thread;
    } else {
      auto rank = static_cast<std::uint32_t>(known - recent_.begin());
      rank_.code(coder, rank);
      if (rank >= recent_.size()) rank = 0;  // damaged: some other check finds it
      thread = recent_[rank];
      recent_.erase(recent_.begin() + rank);
    }
    recent_.insert(recent_.begin(), thread);
    current_ = thread;
  }
  std::uint32_t current() const { return current_; }

 private:
  struct Known {
    std::uint64_t ticks = 0, calls = 0;
    std::uint64_t pace = 0;  // ticks in kPaceUnit of what was drawn, as a rule; 0: not known
  };
  static constexpr std::uint64_t kPaceUnit = 1 << 20;
  static std::uint64_t scaled(std::uint64_t number, std::uint64_t by, std::uint64_t of) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(number) * by / of);
  }
  Known& thread_of(std::uint32_t serial) {
    for (auto& [known, counts] : threads_)
      if (known == serial) return counts;
    return threads_.emplace_back(serial, Known{}).second;
  }
  template <class Coder>
  static void code_growth(Coder& coder, NumberModel& model, std::uint64_t& last, std::uint64_t& count) {
    std::uint64_t grown = count - last;
    model.code(coder, grown);
    count = last += grown;
  }

  std::uint32_t current_ = 0, youngest_ = 0, last_fresh_ = 0;
  std::vector<std::uint32_t> recent_{0};  // threads that ran, the last one first
  std::vector<std::pair<std::uint32_t, Known>> threads_;
  Slice::End last_end_ = Slice::End::Itself;
  BitModel forced_[3], call_{60000}, fresh_[4];
  NumberModel ticks_model_, calls_model_;
  ForeseenModel foreseen_ticks_;
  SmallNumberModel skipped_, rank_;
};

}  // namespace mini::sched
