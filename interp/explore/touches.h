// What steps touch that other threads can see, and whether two of them may change places.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

namespace mini::explore {

/// What a step does to a place that other threads can see.
struct Touch {
  static constexpr uint64_t kEnd = uint64_t{1} << 32;  ///< with a thread's number: that it ends
  const void* object;  ///< null: anything
  uint64_t key;
  bool whole, writes;
  bool structural = false;   ///< adds or removes an item of a table: the order in which that is done may show
  bool only_orders = false;  ///< a thread's start, beginning, end or join: two of them can happen in one order alone
  bool in_vain = false;      ///< a wait for the end of a thread that goes on: it happens later
  auto operator<=>(const Touch&) const = default;
};
using Touches = std::vector<Touch>;

enum class Relation : uint8_t {
  kIndependent,
  kWaits,    ///< one waits for the other: the same comes of both orders, by other states
  kOrdered,  ///< only one order is possible
  kRace,
};
Relation relation(const Touch& a, const Touch& b);
Relation relation(const Touches& a, const Touch& b);
Relation relation(const Touches& a, const Touches& b);

}  // namespace mini::explore
