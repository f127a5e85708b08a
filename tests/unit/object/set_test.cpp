// Sets are what the standard library's sets are, and speak as CPython's.
#include <random>
#include <set>

#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

Ref<Value> make(World& world, BuiltinType which, const std::set<int64_t>& items) {
  Ref<Set> made = make_set(world.heap(), which).value();
  for (int64_t item : items) add(world.heap(), made.get(), number(item)).value();
  return Ref<Value>(std::move(made));
}

std::set<int64_t> items_of(World& world, Value set) {
  std::set<int64_t> items;
  Ref<Value> iterator = iterate(world.heap(), set).value();
  for (;;) {
    Ref<Value> item = next(world.heap(), iterator).value();
    if (item.get().is_unbound()) return items;
    items.insert(item.get().as_int());
  }
}

}  // namespace

TEST_CASE("operators and methods agree with std::set") {
  World world;
  Heap& heap = world.heap();
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::set<int64_t> a, b;
    for (uint32_t n = random() % 12; n > 0; --n) a.insert(random() % 16);
    for (uint32_t n = random() % 12; n > 0; --n) b.insert(random() % 16);
    const BuiltinType left_kind = random() % 2 ? BuiltinType::kSet : BuiltinType::kFrozenSet;
    const BuiltinType right_kind = random() % 2 ? BuiltinType::kSet : BuiltinType::kFrozenSet;
    Ref<Value> left = make(world, left_kind, a);
    Ref<Value> right = make(world, right_kind, b);
    std::set<int64_t> expected[4];
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(),
                          std::inserter(expected[0], expected[0].end()));
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::inserter(expected[1], expected[1].end()));
    std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                  std::inserter(expected[2], expected[2].end()));
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                        std::inserter(expected[3], expected[3].end()));
    const BinaryOp ops[] = {BinaryOp::kAnd, BinaryOp::kOr, BinaryOp::kXor, BinaryOp::kSubtract};
    const char* methods[] = {"intersection", "union", "symmetric_difference", "difference"};
    const char* updates[] = {"intersection_update", "update", "symmetric_difference_update",
                             "difference_update"};
    for (int i = 0; i < 4; ++i) {
      Ref<Value> result = binary(heap, ops[i], left, right).value();
      CHECK(items_of(world, result) == expected[i]);
      CHECK(result.get().as_object()->type == heap.type(left_kind));
      Ref<List> as_list = list_from(heap, right).value();
      CHECK(items_of(world, world.method(left, methods[i], {as_list}).value()) == expected[i]);
      Ref<Value> changed = make(world, BuiltinType::kSet, a);
      static_cast<void>(world.method(changed, updates[i], {as_list}).value());
      CHECK(items_of(world, changed) == expected[i]);
      Ref<Value> in_place_result = in_place(heap, ops[i], make(world, BuiltinType::kSet, a), right).value();
      CHECK(items_of(world, in_place_result) == expected[i]);
    }
    const bool subset = std::includes(b.begin(), b.end(), a.begin(), a.end());
    const bool superset = std::includes(a.begin(), a.end(), b.begin(), b.end());
    auto compared = [&](CompareOp op) { return compare(heap, op, left, right).value().get() == kTrue; };
    CHECK(compared(CompareOp::kEqual) == (a == b));
    CHECK(compared(CompareOp::kNotEqual) == (a != b));
    CHECK(compared(CompareOp::kLessEqual) == subset);
    CHECK(compared(CompareOp::kLess) == (subset && a != b));
    CHECK(compared(CompareOp::kGreaterEqual) == superset);
    CHECK(compared(CompareOp::kGreater) == (superset && a != b));
    CHECK((world.method(left, "issubset", {right}).value().get() == kTrue) == subset);
    CHECK((world.method(left, "issuperset", {right}).value().get() == kTrue) == superset);
    CHECK((world.method(left, "isdisjoint", {right}).value().get() == kTrue) == expected[0].empty());
    CHECK((hash(heap, make(world, BuiltinType::kFrozenSet, a)).value() ==
           hash(heap, make(world, BuiltinType::kFrozenSet, b)).value()) == (a == b));
  }
}

TEST_CASE("the same set on both sides is safe") {
  World world;
  Heap& heap = world.heap();
  Ref<Value> set = make(world, BuiltinType::kSet, {1, 2, 3});
  CHECK(world.repr_of(in_place(heap, BinaryOp::kAnd, set, set).value()) == "{1, 2, 3}");
  CHECK(world.repr_of(in_place(heap, BinaryOp::kOr, set, set).value()) == "{1, 2, 3}");
  CHECK(world.repr_of(in_place(heap, BinaryOp::kXor, set, set).value()) == "set()");
}

TEST_CASE("sets are written as CPython writes them") {
  World world;
  Heap& heap = world.heap();
  CHECK(world.repr_of(make(world, BuiltinType::kSet, {})) == "set()");
  CHECK(world.repr_of(make(world, BuiltinType::kSet, {1, 2})) == "{1, 2}");
  CHECK(world.repr_of(make(world, BuiltinType::kFrozenSet, {})) == "frozenset()");
  CHECK(world.repr_of(make(world, BuiltinType::kFrozenSet, {1})) == "frozenset({1})");
  Ref<Type> derived = world.make_class("Tags", {heap.type(BuiltinType::kSet)});
  CHECK(world.outcome(world.construct(derived)) == "Tags()");
  CHECK(world.outcome(world.construct(derived, {Value(world.list({number(1)}).get())})) == "Tags({1})");
}

TEST_CASE("errors of sets are CPython 3.13's") {
  World world;
  Heap& heap = world.heap();
  Ref<Value> set = make(world, BuiltinType::kSet, {1});
  auto answer = [&](const char* method, std::initializer_list<Value> arguments) {
    return world.outcome(world.method(set, method, arguments));
  };
  CHECK(answer("add", {}) == "TypeError: set.add() takes exactly one argument (0 given)");
  CHECK(answer("remove", {number(9)}) == "KeyError: 9");
  CHECK(answer("remove", {make(world, BuiltinType::kSet, {5})}) == "KeyError: {5}");
  CHECK(answer("union", {number(1)}) == "TypeError: 'int' object is not iterable");
  CHECK(answer("symmetric_difference", {}) ==
        "TypeError: set.symmetric_difference() takes exactly one argument (0 given)");
  CHECK(answer("add", {Value(world.list({}).get())}) == "TypeError: unhashable type: 'list'");
  CHECK(answer("pop", {}) == "1");
  CHECK(answer("pop", {}) == "KeyError: 'pop from an empty set'");
  CHECK(world.outcome(binary(heap, BinaryOp::kOr, set, world.list({}))) ==
        "TypeError: unsupported operand type(s) for |: 'set' and 'list'");
  CHECK(world.outcome(compare(heap, CompareOp::kLess, set, number(1))) ==
        "TypeError: '<' not supported between instances of 'set' and 'int'");
  CHECK_FALSE(contains(heap, set, make(world, BuiltinType::kSet, {1})).value());
  Ref<Value> full = make(world, BuiltinType::kSet, {1, 2});
  Ref<Value> iterator = iterate(heap, full).value();
  static_cast<void>(next(heap, iterator).value());
  static_cast<void>(world.method(full, "add", {number(3)}).value());
  CHECK(world.outcome(next(heap, iterator)) == "RuntimeError: Set changed size during iteration");
}

TEST_CASE("sets survive any failing allocation") {
  World world;
  sweep_failing_allocations(world, [](World& w) {
    Heap& heap = w.heap();
    auto run = [&]() -> Result<void> {
      Ref<Set> set = MINI_TRY(make_set(heap));
      for (int64_t i = 0; i < 30; ++i) MINI_TRY(add(heap, set.get(), number(i * 7)));
      Ref<List> list = MINI_TRY(list_from(heap, set));
      Ref<Set> other = MINI_TRY(make_set(heap, BuiltinType::kFrozenSet));
      MINI_TRY(update(heap, other.get(), list));
      for (BinaryOp op : {BinaryOp::kAnd, BinaryOp::kOr, BinaryOp::kXor, BinaryOp::kSubtract}) {
        static_cast<void>(MINI_TRY(binary(heap, op, set, other)));
      }
      static_cast<void>(MINI_TRY(repr(heap, other)));
      return {};
    };
    return run().ok();
  });
}
