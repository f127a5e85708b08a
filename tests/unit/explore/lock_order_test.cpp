// Circles of locks, and what prevents that they close.
#include "interp/explore/lock_order.h"

#include <doctest/doctest.h>

namespace mini::explore {

namespace {

constexpr uint64_t a = 1, b = 2, c = 4, gate = 8;  // bits of the locks 0 to 3

Taking taking(uint16_t thread, uint32_t lock, uint64_t held) { return {thread, 0, 0, lock, held, 0}; }

std::vector<LockCycle> cycles(const std::vector<Taking>& takings) {
  return lock_cycles(takings, [](const Taking&, const Taking&) { return true; }, 100);
}

}  // namespace

TEST_CASE("two threads that take two locks in two orders make a circle, which is found once") {
  const auto found = cycles({taking(1, 1, a), taking(2, 0, b), taking(2, 0, b | c)});
  REQUIRE(found.size() == 1);
  CHECK(found[0].takings.size() == 2);
  CHECK(found[0].gates == 0);
}

TEST_CASE("one order, or one thread alone, makes none") {
  CHECK(cycles({taking(1, 1, a), taking(2, 1, a)}).empty());
  CHECK(cycles({taking(1, 1, a), taking(1, 0, b)}).empty());
}

TEST_CASE("a lock that both hold is the gate, unless the circle closes without it as well") {
  std::vector<Taking> takings{taking(1, 1, a | gate), taking(2, 0, b | gate)};
  auto found = cycles(takings);
  REQUIRE(found.size() == 1);
  CHECK(found[0].gates == gate);
  takings.push_back(taking(2, 0, b));
  found = cycles(takings);
  REQUIRE(found.size() == 1);
  CHECK(found[0].gates == 0);
}

TEST_CASE("three threads make a circle of three") {
  const auto found = cycles({taking(1, 1, a), taking(2, 2, b), taking(3, 0, c)});
  REQUIRE(found.size() == 1);
  CHECK(found[0].takings.size() == 3);
}

TEST_CASE("takings that cannot be under way together make none") {
  const std::vector<Taking> takings{taking(1, 1, a), taking(2, 0, b)};
  CHECK(lock_cycles(takings, [](const Taking&, const Taking&) { return false; }, 100).empty());
}

}  // namespace mini::explore
