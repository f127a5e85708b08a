#include "interp/explore/touches.h"

#include <algorithm>

namespace mini::explore {

Relation relation(const Touch& a, const Touch& b) {
  if (!a.writes && !b.writes) return Relation::kIndependent;
  if (!a.object || !b.object) return Relation::kRace;
  if (a.object != b.object) return Relation::kIndependent;
  const bool same_place = a.whole || b.whole || a.key == b.key || (a.structural && b.structural);
  if (!same_place) return Relation::kIndependent;
  if (a.in_vain || b.in_vain) return Relation::kWaits;
  return a.only_orders && b.only_orders ? Relation::kOrdered : Relation::kRace;
}

Relation relation(const Touches& a, const Touch& b) {
  Relation result = Relation::kIndependent;
  for (const Touch& one : a) result = std::max(result, relation(one, b));
  return result;
}

Relation relation(const Touches& a, const Touches& b) {
  Relation result = Relation::kIndependent;
  for (const Touch& other : b) result = std::max(result, relation(a, other));
  return result;
}

}  // namespace mini::explore
