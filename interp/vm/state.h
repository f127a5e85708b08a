// Saving a whole VM, putting it back, and telling two of its states apart.
#pragma once

#include <array>

#include "interp/vm/machine.h"

namespace mini::vm {

/// A VM as it stood between two instructions: its memory, and what its schedule knew. Belongs to the machine that made it.
class SavedState {
 public:
  size_t bytes() const { return memory_.size(); }

 private:
  friend class Machine;
  base::Snapshot memory_;
  std::unique_ptr<sched::Schedule> schedule_;
};

/// 128 bits that depend on everything a script can change, and on nothing else: not on addresses, caches, the order of
/// the run queue, or what the schedule knows.
using StateHash = std::array<uint64_t, 2>;
/// Objects are numbered in the order of their discovery from the roots. Takes time in proportion to the heap.
StateHash hash_state(Machine&);

}  // namespace mini::vm
