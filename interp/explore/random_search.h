// For programs with too many states to store: so many random schedules, every other one a random walk, the others by
// priorities that change at few points (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding
// bugs", ASPLOS 2010).
#pragma once

#include "interp/explore/explorer.h"

namespace mini::explore {

class RandomSearch {
 public:
  RandomSearch(Explorer& explorer, uint64_t runs) : explorer_(explorer), runs_(runs) {}
  void run(Findings& findings);

 private:
  Explorer& explorer_;
  uint64_t runs_;
};

}  // namespace mini::explore
