// For programs with too many states to store: so many random schedules, every other one a random walk, the others by
// priorities that change at few points (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding
// bugs", ASPLOS 2010).
#pragma once

#include "interp/explore/explorer.h"

namespace mini::explore {

class RandomSearch {
 public:
  /// Of `runs` schedules, those that are the shard's.
  RandomSearch(Explorer& explorer, uint64_t runs, const Shard& shard) : explorer_(explorer), runs_(runs), shard_(shard) {}
  void run(Findings& findings);

 private:
  void run_every(uint64_t first, uint64_t step);

  Explorer& explorer_;
  uint64_t runs_;
  Shard shard_;
};

}  // namespace mini::explore
