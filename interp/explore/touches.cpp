#include "interp/explore/touches.h"

#include <algorithm>
#include <numeric>

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

uint32_t TouchSets::number_of(const Touches& touches) {
  const auto [place, fresh] = numbers_.try_emplace(touches, static_cast<uint32_t>(sets_.size()));
  if (fresh) sets_.push_back(&place->first);
  return place->second;
}

void TouchSets::report(Writer& out, size_t first) const {
  out.put(sets_.size() - first);
  for (size_t i = first; i < sets_.size(); ++i) out.put_all(*sets_[i]);
}

std::vector<uint32_t> TouchSets::take_over(Reader& in, size_t first) {
  std::vector<uint32_t> numbers(first);
  std::iota(numbers.begin(), numbers.end(), 0);
  for (auto count = in.get<size_t>(); count > 0; --count) numbers.push_back(number_of(in.get_all<Touch>()));
  return numbers;
}

bool TouchSets::independent(uint32_t a, uint32_t b) {
  const auto [place, fresh] = answers_.try_emplace(uint64_t{std::min(a, b)} << 32 | std::max(a, b));
  if (fresh) place->second = relation(*sets_[a], *sets_[b]) == Relation::kIndependent;
  return place->second;
}

}  // namespace mini::explore
