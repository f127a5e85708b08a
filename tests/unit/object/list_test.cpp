// Lists behave like vectors, take little memory, and sort stably whatever happens meanwhile.
#include <algorithm>
#include <random>

#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

std::vector<int64_t> numbers(const List* list) {
  std::vector<int64_t> result;
  for (uint64_t i = 0; i < list->length; ++i) result.push_back(list->items[i].as_int());
  return result;
}

Ref<List> make(World& world, const std::vector<int64_t>& values) {
  Ref<List> list = make_list(world.heap()).value();
  for (int64_t value : values) append(world.heap(), list.get(), unboxed(Value::integer(value))).value();
  return list;
}

Ref<Value> part(std::mt19937& random, int64_t limit) {
  return unboxed(random() % 3 ? Value::integer(static_cast<int64_t>(random() % (2 * limit)) - limit) : kNone);
}

}  // namespace

TEST_CASE("a list of a million small ints takes less than 9 MiB") {
  World world;
  const size_t before = world.memory().used();
  Ref<List> list = make_list(world.heap()).value();
  for (int i = 0; i < 1'000'000; ++i) append(world.heap(), list.get(), unboxed(Value::integer(i))).value();
  CHECK(world.memory().used() - before < (size_t{9} << 20));
}

TEST_CASE("appending a million times allocates rarely") {
  World world;
  Ref<List> list = make_list(world.heap()).value();
  uint64_t moves = 0;
  const Value* items = nullptr;
  for (int i = 0; i < 1'000'000; ++i) {
    append(world.heap(), list.get(), unboxed(Value::integer(i))).value();
    moves += std::exchange(items, list->items) != list->items;
  }
  CHECK(moves < 150);
}

TEST_CASE("popping gives memory back") {
  World world;
  Ref<List> list = make(world, std::vector<int64_t>(100'000, 7));
  const size_t full = world.memory().used();
  while (list->length > 10) splice(world.heap(), list.get(), list->length - 1, 1, nullptr, 0);
  CHECK(list->capacity < 40);
  CHECK(world.memory().used() < full - 700'000);
}

TEST_CASE("slices are read, assigned and deleted as a model says") {
  World world;
  Heap& heap = world.heap();
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::vector<int64_t> model(random() % 9);
    for (int64_t& value : model) value = random() % 100;
    Ref<List> list = make(world, model);
    const int64_t steps[] = {1, 1, 1, 2, 3, -1, -2};
    const int64_t step = steps[random() % 7];
    Ref<Slice> slice =
        make_slice(heap, part(random, 12), part(random, 12), unboxed(Value::integer(step))).value();
    const SliceBounds bounds = resolve_slice(heap, slice.get(), static_cast<int64_t>(model.size())).value();
    std::vector<size_t> chosen;
    for (int64_t i = 0; i < bounds.length; ++i) chosen.push_back(static_cast<size_t>(bounds.start + i * bounds.step));
    std::vector<int64_t> values;
    for (size_t at : chosen) values.push_back(model.at(at));
    Ref<Value> read = get_item(heap, Value(list), Value(slice)).value();
    REQUIRE(numbers(static_cast<List*>(read.get().as_object())) == values);

    std::vector<int64_t> fresh(random() % 2 ? values.size() : random() % 6);
    for (int64_t& value : fresh) value = 1000 + random() % 100;
    Ref<List> source = make(world, fresh);
    if (step == 1 || fresh.size() == values.size()) {
      std::vector<int64_t> expected = model;
      if (step == 1) {
        const auto start = expected.begin() + bounds.start;
        expected.insert(expected.erase(start, start + bounds.length), fresh.begin(), fresh.end());
      } else {
        for (size_t i = 0; i < chosen.size(); ++i) expected[chosen[i]] = fresh[i];
      }
      Ref<List> changed = make(world, model);
      set_item(heap, Value(changed), Value(slice), Value(source)).value();
      REQUIRE(numbers(changed.get()) == expected);
    }
    std::vector<int64_t> rest;
    for (size_t i = 0; i < model.size(); ++i) {
      if (std::find(chosen.begin(), chosen.end(), i) == chosen.end()) rest.push_back(model[i]);
    }
    delete_item(heap, Value(list), Value(slice)).value();
    REQUIRE(numbers(list.get()) == rest);
  }
}

TEST_CASE("a list can be assigned to a slice of itself") {
  World world;
  Ref<List> list = make(world, {1, 2, 3});
  Ref<Slice> slice = make_slice(world.heap(), unboxed(Value::integer(1)), unboxed(Value::integer(2)), unboxed(kNone)).value();
  set_item(world.heap(), Value(list), Value(slice), Value(list)).value();
  CHECK(numbers(list.get()) == std::vector<int64_t>{1, 1, 2, 3, 3});
  extend(world.heap(), list.get(), Value(list)).value();
  CHECK(list->length == 10);
}

TEST_CASE("sorting is stable and agrees with the standard library, by key and without") {
  World world;
  std::mt19937 random(6);
  Ref<Value> key = world.function([](Heap&, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    return unboxed(Value::integer(arguments[0].as_int() / 100));
  });
  for (size_t length : {0u, 1u, 2u, 10u, 63u, 64u, 65u, 200u, 1000u, 5000u}) {
    for (int64_t range : {2, 50, 100000}) {
      for (bool reverse : {false, true}) {
        std::vector<int64_t> model(length);
        for (size_t i = 0; i < length; ++i) {
          // Runs, up and down, between noise: all of the algorithm's ways.
          const bool in_run = i / 40 % 3 != 0 && i > 0;
          model[i] = in_run ? model[i - 1] + (i / 40 % 3 == 1 ? 100 : -100)
                            : static_cast<int64_t>(random() % static_cast<uint64_t>(range)) * 100 + 50;
          model[i] = model[i] / 100 * 100 + static_cast<int64_t>(i % 50);
        }
        Ref<List> list = make(world, model);
        sort(world.heap(), list.get(), key, reverse).value();
        auto less_key = [reverse](int64_t a, int64_t b) { return reverse ? a / 100 > b / 100 : a / 100 < b / 100; };
        std::stable_sort(model.begin(), model.end(), less_key);
        REQUIRE(numbers(list.get()) == model);
        sort(world.heap(), list.get(), kNone, reverse).value();
        std::sort(model.begin(), model.end());
        if (reverse) std::reverse(model.begin(), model.end());
        REQUIRE(numbers(list.get()) == model);
      }
    }
  }
}

TEST_CASE("a comparison that fails anywhere leaves the list with all its items") {
  World world;
  std::mt19937 random(8);
  std::vector<int64_t> model(300);
  for (size_t i = 0; i < model.size(); ++i) model[i] = static_cast<int64_t>(i < 150 ? i * 2 : random() % 500);
  int left = 0;
  Ref<Value> compare_or_fail = world.function([&left](Heap& heap, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    if (--left == 0) return heap.raise(BuiltinType::kKeyError, "enough");
    Value a = get_instance_attribute(arguments[0].as_object(), heap.name(Name::kvalue));
    Value b = get_instance_attribute(arguments[1].as_object(), heap.name(Name::kvalue));
    return Ref<Value>(a.as_int() < b.as_int());
  });
  Ref<Type> type = world.make_class("Item", {}, {{"__lt__", compare_or_fail}});
  Ref<List> list = make_list(world.heap()).value();
  for (int64_t value : model) {
    Ref<Value> item = make_instance(world.heap(), type.get()).value();
    set_instance_attribute(world.heap(), item.get().as_object(), world.heap().name(Name::kvalue), Value::integer(value))
        .value();
    append(world.heap(), list.get(), std::move(item)).value();
  }
  auto contents = [&] {
    std::vector<int64_t> result;
    for (uint64_t i = 0; i < list->length; ++i) {
      result.push_back(get_instance_attribute(list->items[i].as_object(), world.heap().name(Name::kvalue)).as_int());
    }
    return result;
  };
  std::vector<int64_t> sorted = model;
  std::sort(sorted.begin(), sorted.end());
  for (int fail = 1;; fail += 17) {
    std::shuffle(list->items + 150, list->items + 300, random);
    left = fail;
    const Result<void> done = sort(world.heap(), list.get(), kUnbound, fail % 2);
    std::vector<int64_t> after = contents();
    std::sort(after.begin(), after.end());
    REQUIRE(after == sorted);
    if (done.ok()) break;
    CHECK(world.error() == "KeyError: 'enough'");
  }
}

TEST_CASE("clearing drops the last item first") {
  World world;
  std::vector<int64_t> order;
  Ref<Value> finalizer = world.function([&order](Heap& heap, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    order.push_back(get_instance_attribute(arguments[0].as_object(), heap.name(Name::kvalue)).as_int());
    return unboxed(kNone);
  });
  {
    Ref<Type> type = world.make_class("Item", {}, {{"__del__", finalizer}});
    Ref<List> list = make_list(world.heap()).value();
    for (int64_t i = 0; i < 4; ++i) {
      Ref<Value> item = make_instance(world.heap(), type.get()).value();
      set_instance_attribute(world.heap(), item.get().as_object(), world.heap().name(Name::kvalue), Value::integer(i))
          .value();
      append(world.heap(), list.get(), std::move(item)).value();
    }
    clear(world.heap(), list.get());
    world.run_finalizers();
  }
  CHECK(order == std::vector<int64_t>{3, 2, 1, 0});
}
