// In which order threads take locks. Where each of several threads takes a lock that another of them holds, they may wait
// for one another for ever, unless they all hold one lock more (a *gate*), which lets in one of them at a time.
// After Bensalem & Havelund, "Dynamic deadlock analysis of multi-threaded programs" (Haifa Verification Conference, 2005).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace mini::explore {

/// A thread took a lock while it held others.
struct Taking {
  uint16_t thread, epoch;  ///< as in Visibility
  uint32_t row;
  uint32_t lock;           ///< number
  uint64_t held;           ///< bits of the others
  uint32_t site;
  bool operator==(const Taking&) const = default;
};

/// Each takes the lock that the next one holds, and the last one that of the first.
struct LockCycle {
  std::vector<Taking> takings;
  uint64_t gates = 0;  ///< bits of the locks that two of them hold alike: then this cannot happen
};

/// The cycles among these takings by different threads, of which `at_once` says that they can be under way together; of
/// those over the same locks by the same threads the first one. At most `most`.
std::vector<LockCycle> lock_cycles(const std::vector<Taking>& takings,
                                   const std::function<bool(const Taking&, const Taking&)>& at_once, size_t most);

}  // namespace mini::explore
