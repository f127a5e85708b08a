// Two more ways to search, for programs with too many states to store.
//
// TraceSearch runs each Mazurkiewicz trace (class of schedules that differ only in the order of independent steps) once:
// source-DPOR with sleep sets (Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction", POPL 2014),
// over saved states, so that it goes back to a branching point without running what led there. It stores the path at hand
// and nothing else; loops of states are not noticed.
//
// RandomSearch runs so many random schedules: every other one a random walk, the others by priorities that change at few
// points (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
#pragma once

#include "interp/explore/explorer.h"

namespace mini::explore {

class TraceSearch {
 public:
  explicit TraceSearch(Explorer& explorer) : explorer_(explorer) {}
  void run(Findings& findings);

 private:
  struct Sleeper {
    uint16_t thread;
    std::vector<StepAccess> accesses;
  };
  /// A state of the path, and the step that is being taken from there.
  struct Stage {
    Explorer::Waiting state;
    std::vector<uint16_t> enabled, backtrack, done;
    std::vector<Sleeper> sleep;
    uint16_t thread = 0;
    uint32_t number = 0;               // of the thread's steps on this path, from 1
    std::vector<StepAccess> accesses;
    std::vector<uint32_t> clock;       // by thread: how many of its steps come before
  };
  static constexpr size_t kDeepest = 20'000;

  bool is_asleep(const Stage& stage, uint16_t thread) const;
  void push(Explorer::Waiting state, std::vector<Sleeper> sleep, uint16_t last);
  void retire();
  void find_races(size_t top);
  void add_initial(size_t stage, size_t top);
  std::vector<uint16_t> choices() const;

  Explorer& explorer_;
  std::vector<Stage> path_;
};

class RandomSearch {
 public:
  RandomSearch(Explorer& explorer, uint64_t runs) : explorer_(explorer), runs_(runs) {}
  void run(Findings& findings);

 private:
  Explorer& explorer_;
  uint64_t runs_;
};

}  // namespace mini::explore
