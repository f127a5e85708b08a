// What steps touch that other threads can see, and whether two of them may change places.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "interp/explore/wire.h"

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

/// Sets of touches by number, and whether they are independent, each worked out once.
class TouchSets {
 public:
  uint32_t number_of(const Touches& touches);
  bool independent(uint32_t a, uint32_t b);
  size_t size() const { return sets_.size(); }

  /// The sets from number `first` on, for another process that knows those before.
  void report(Writer& out, size_t first) const;
  /// Takes over what another has reported; its numbers, as this one's.
  std::vector<uint32_t> take_over(Reader& in, size_t first);

 private:
  std::vector<const Touches*> sets_;
  std::map<Touches, uint32_t> numbers_;
  std::unordered_map<uint64_t, bool> answers_;
};

}  // namespace mini::explore
