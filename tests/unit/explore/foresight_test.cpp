// Steps that are known, on states made by hand.
#include "interp/explore/foresight.h"

#include <doctest/doctest.h>

namespace mini::explore {

namespace {

constexpr PartName kFirst = part::kThread | 1, kSecond = part::kThread | 2, kX = part::kObject | 7, kY = part::kObject | 9;

StateHash content(uint64_t number) { return {number * 0x9e3779b97f4a7c15u, number}; }

std::vector<Part> state_parts(uint64_t first, uint64_t second, uint64_t x, uint64_t y = 0) {
  std::vector<Part> parts = {{part::kMachine, content(1)}, {kFirst, content(first), true}, {kSecond, content(second), true}};
  if (x != 0) parts.push_back({kX, content(x)});
  if (y != 0) parts.push_back({kY, content(y)});
  return parts;
}

Parts state(Foresight& foresight, uint64_t first, uint64_t second, uint64_t x, uint64_t y = 0) {
  return foresight.numbered(state_parts(first, second, x, y));
}

StateHash sum_of(const std::vector<Part>& parts) {
  StateHash total{};
  for (const Part& each : parts) {
    const StateHash weight = StateHasher::weight(each.name, each.content);
    for (size_t i = 0; i < total.size(); ++i) total[i] += weight[i];
  }
  return total;
}

}  // namespace

TEST_CASE("a step is known wherever what it looked at and changed is the same") {
  Foresight foresight;
  const Parts before = state(foresight, 10, 20, 0), after = state(foresight, 11, 20, 30);
  foresight.remember(before, after, 1, {}, {.output = 5});

  const Foresight::Known* known = foresight.find(state(foresight, 10, 21, 0, 40), 1, 0);
  REQUIRE(known);
  CHECK(known->effect.output == 5);
  CHECK(foresight.changed(state(foresight, 10, 21, 0, 40), *known) == state(foresight, 11, 21, 30, 40));

  CHECK_FALSE(foresight.find(state(foresight, 12, 20, 0), 1, 0));   // another place in the program
  CHECK_FALSE(foresight.find(state(foresight, 10, 20, 31), 1, 0));  // what it changes was something else
  CHECK_FALSE(foresight.find(before, 2, 0));
}

TEST_CASE("what was only read makes a step another one, too") {
  Foresight foresight;
  foresight.remember(state(foresight, 10, 20, 0, 40), state(foresight, 11, 20, 0, 40), 1, {{kY, part::kAlive | 2}, {}}, {});
  CHECK(foresight.find(state(foresight, 10, 21, 30, 40), 1, 0));
  CHECK_FALSE(foresight.find(state(foresight, 10, 20, 0, 41), 1, 0));
  CHECK_FALSE(foresight.find(state(foresight, 10, 20, 0), 1, 0));
  const Parts alone = foresight.numbered({{part::kMachine, content(1)}, {kFirst, content(10), true}, {kY, content(40)}});
  CHECK_FALSE(foresight.find(alone, 1, 0));
  CHECK(foresight.runnable(alone) == std::vector<uint16_t>{1});
}

TEST_CASE("what was overwritten without a look may have been anything plain") {
  Foresight foresight;
  foresight.remember(state(foresight, 10, 20, 30), state(foresight, 11, 20, 31), 1, {{}, {kX}}, {});
  for (uint64_t x : {0, 30, 31, 32}) {
    const Parts before = state(foresight, 10, 20, x);
    const Foresight::Known* known = foresight.find(before, 1, 0);
    REQUIRE(known);
    CHECK(foresight.changed(before, *known) == state(foresight, 11, 20, 31));
    const StateHash sum = sum_of(state_parts(10, 20, x)), then = sum_of(state_parts(11, 20, 31));
    const StateHash growth = foresight.growth(before, *known);
    for (size_t i = 0; i < sum.size(); ++i) CHECK(sum[i] + growth[i] == then[i]);
  }
  std::vector<Part> parts = state_parts(10, 20, 33);
  parts.back().is_plain = false;
  CHECK_FALSE(foresight.find(foresight.numbered(parts), 1, 0));

  foresight.remember(state(foresight, 12, 20, 30), state(foresight, 13, 20, 31), 1, {{kX}, {kX}}, {});  // a look as well
  CHECK_FALSE(foresight.find(state(foresight, 12, 20, 32), 1, 0));
}

TEST_CASE("the growth of the sum of weights is that of the parts") {
  Foresight foresight;
  const std::vector<Part> before = {{part::kMachine, content(1)}, {kFirst, content(10), true}, {kX, content(30)}};
  const std::vector<Part> after = {{part::kMachine, content(1)}, {kFirst, content(11), true}, {kY, content(30)}};
  foresight.remember(foresight.numbered(before), foresight.numbered(after), 1, {}, {});
  const Foresight::Known* known = foresight.find(foresight.numbered(before), 1, 0);
  REQUIRE(known);
  for (size_t i = 0; i < known->growth.size(); ++i) CHECK(sum_of(before)[i] + known->growth[i] == sum_of(after)[i]);
}

TEST_CASE("a count is no part: a step is the same at any, but for the one at which an object dies") {
  Foresight foresight;
  constexpr PartName kCountOfX = part::kCount | 7, kCountOfY = part::kCount | 9;
  auto at = [&](uint64_t first, uint64_t x, int32_t more_of_x, int32_t more_of_y) {
    std::vector<StateHasher::Count> counts;
    if (more_of_x != 0) counts.push_back({kCountOfX, more_of_x});
    if (more_of_y != 0) counts.push_back({kCountOfY, more_of_y});
    return foresight.numbered(state_parts(first, 20, x), counts);
  };
  // Two references to X in the base, of which the step drops one, and three to Y, to which it adds one.
  const Foresight::Counts survives{{{kCountOfX, -1}, {kCountOfY, 1}}, {{kCountOfX, -1, false}}};
  foresight.remember(at(10, 30, 1, 0), at(11, 30, 0, 1), 1, {{}, {}, survives}, {.output = 1});
  for (int32_t more : {0, 1, 2}) {
    const Foresight::Known* known = foresight.find(at(10, 30, more, -1), 1, 0);
    REQUIRE(known);
    CHECK(foresight.changed(at(10, 30, more, -1), *known) == at(11, 30, more - 1, 0));
    CHECK(foresight.growth(at(10, 30, more, -1), *known) == known->growth);
  }
  CHECK_FALSE(foresight.find(at(10, 30, -1, 0), 1, 0));

  const Foresight::Counts dies{{{kCountOfX, Foresight::Counts::kDies}, {kCountOfY, 1}}, {{kCountOfX, -1, true}}};
  foresight.remember(at(10, 30, -1, 0), at(11, 0, 0, 1), 1, {{}, {}, dies}, {.output = 2});
  const Foresight::Known* known = foresight.find(at(10, 30, -1, 4), 1, 0);
  REQUIRE(known);
  CHECK(known->effect.output == 2);
  CHECK(foresight.changed(at(10, 30, -1, 4), *known) == at(11, 0, 0, 5));
  foresight.remember(at(10, 30, 1, 0), at(11, 30, 0, 1), 1, {{kX}, {}, survives}, {.output = 1});
  CHECK(foresight.find(at(10, 30, 1, 0), 1, 0)->effect.output == 1);
  CHECK(foresight.find(at(10, 30, -1, 0), 1, 0)->effect.output == 2);
}

TEST_CASE("another process learns what became known, whatever its own numbers are") {
  Foresight one, other;
  const Foresight::Mark mark = one.mark();
  static_cast<void>(state(other, 77, 78, 79));
  const Foresight::Counts counts{{{part::kCount | 7, -1}}, {{part::kCount | 7, -3, false}}};
  one.remember(state(one, 10, 20, 0), state(one, 11, 20, 30), 1, {{kY}, {}, counts}, {.order_before = 3, .order_after = 4});
  Writer out;
  one.report(out, mark);
  Reader in(out.bytes());
  other.take_over(in, mark, [](Foresight::Effect& effect) {
    ++effect.order_before;
    ++effect.order_after;
  });
  CHECK_FALSE(other.find(state(other, 10, 20, 0), 1, 3));
  const Foresight::Known* known = other.find(state(other, 10, 20, 0), 1, 4);
  REQUIRE(known);
  CHECK(known->effect.order_after == 5);
  const Parts after = other.changed(state(other, 10, 20, 0), *known);
  CHECK(after == other.numbered(state_parts(11, 20, 30), {{part::kCount | 7, -1}}));
  CHECK_FALSE(other.find(other.numbered(state_parts(10, 20, 0), {{part::kCount | 7, -3}}), 1, 4));
}

TEST_CASE("many steps are found again, in a table that grows") {
  Foresight foresight;
  for (uint32_t i = 1; i < 3000; ++i)
    foresight.remember(state(foresight, i, 20, 0), state(foresight, i + 1, 20, i), 1, {}, {.output = i});
  for (uint64_t i = 1; i < 3000; ++i) {
    const Foresight::Known* known = foresight.find(state(foresight, i, 21, 0), 1, 0);
    REQUIRE(known);
    CHECK(known->effect.output == i);
  }
}

}  // namespace mini::explore
