// Dicts and their views behave as CPython's under any sequence of changes, also while script code runs in
// between.
#include <algorithm>
#include <optional>
#include <random>

#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

/// What a dict should hold, in order.
using Model = std::vector<std::pair<int64_t, int64_t>>;

std::optional<size_t> find(const Model& model, int64_t key) {
  for (size_t i = 0; i < model.size(); ++i) {
    if (model[i].first == key) return i;
  }
  return std::nullopt;
}

void check_same(Dict* dict, const Model& model) {
  REQUIRE(dict->live == model.size());
  size_t at = 0;
  for (uint32_t i = 0; i < dict->used; ++i) {
    if (dict->entries[i].key.is_unbound()) continue;
    REQUIRE(dict->entries[i].key == number(model[at].first));
    REQUIRE(dict->entries[i].value == number(model[at].second));
    ++at;
  }
}

}  // namespace

TEST_CASE("random changes leave the items that a list of pairs has") {
  World world;
  Heap& heap = world.heap();
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    Ref<Dict> dict = make_dict(heap).value();
    Model model;
    const int64_t keys = 1 + random() % 60;
    const int64_t stride = seed % 3 == 0 ? 1024 : 1;  // hashes that collide in the low bits
    for (int step = 0; step < 2000; ++step) {
      const int64_t key = static_cast<int64_t>(random() % keys - keys / 2) * stride;
      const int64_t value = step;
      auto place = find(model, key);
      switch (random() % 8) {
        case 0:
        case 1:
        case 2:
        case 3:
          set(heap, dict.get(), number(key), number(value)).value();
          if (place) {
            model[*place].second = value;
          } else {
            model.emplace_back(key, value);
          }
          break;
        case 4:
        case 5: {
          Ref<Value> removed = remove(heap, dict.get(), number(key)).value();
          CHECK(removed.get() == (place ? number(model[*place].second) : kUnbound));
          if (place) model.erase(model.begin() + static_cast<ptrdiff_t>(*place));
          break;
        }
        case 6: {
          auto outcome = world.outcome(world.method(dict, "popitem"));
          if (model.empty()) {
            CHECK(outcome == "KeyError: 'popitem(): dictionary is empty'");
          } else {
            CHECK(outcome == fmt::format("({}, {})", model.back().first, model.back().second));
            model.pop_back();
          }
          break;
        }
        default:
          CHECK(get(heap, dict.get(), number(key)).value() ==
                (place ? number(model[*place].second) : kUnbound));
          if (random() % 200 == 0) {
            clear(heap, dict.get());
            model.clear();
          }
      }
    }
    check_same(dict.get(), model);
    Ref<Value> copy = world.method(dict, "copy").value();
    check_same(static_cast<Dict*>(copy.get().as_object()), model);
    CHECK(equal(heap, copy, dict).value());
  }
}

TEST_CASE("equal keys of different types are one key") {
  World world;
  Heap& heap = world.heap();
  Ref<Dict> dict = make_dict(heap).value();
  set(heap, dict.get(), number(1), number(10)).value();
  set(heap, dict.get(), kTrue, number(20)).value();
  set(heap, dict.get(), Value::maybe_float(1.0), number(30)).value();
  set(heap, dict.get(), world.text("a long enough text"), number(1)).value();
  set(heap, dict.get(), world.name("a long enough text"), number(2)).value();
  Ref<Type> text = world.make_class("Text", {heap.type(BuiltinType::kStr)});
  Ref<Value> derived = world.construct(text, {Value(world.text("a long enough text").get())}).value();
  CHECK(get(heap, dict.get(), derived).value() == number(2));
  CHECK(world.repr_of(dict) == "{1: 30, 'a long enough text': 2}");
  CHECK(get_name(dict.get(), world.text("a long enough text").get()) == number(2));
  CHECK(world.outcome(set(heap, dict.get(), world.list({}), kNone)) == "TypeError: unhashable type: 'list'");
  CHECK(world.outcome(get_item(heap, dict, dict)) == "TypeError: unhashable type: 'dict'");
}

TEST_CASE("a dict that holds itself says so") {
  World world;
  Heap& heap = world.heap();
  Ref<Dict> dict = make_dict(heap).value();
  set(heap, dict.get(), number(1), dict).value();
  CHECK(world.repr_of(dict) == "{1: {...}}");
  Ref<Value> values = world.method(dict, "values").value();
  set(heap, dict.get(), number(2), values).value();
  CHECK(world.repr_of(values) == "dict_values([{1: {...}, 2: ...}, ...])");
}

TEST_CASE("names find keys of any str, and never run script code") {
  World world;
  Heap& heap = world.heap();
  Ref<Dict> dict = make_dict(heap).value();
  for (int i = 0; i < 100; ++i) {
    Ref<Str> plain = world.text("key" + std::to_string(i));
    set(heap, dict.get(), plain, number(i)).value();
  }
  for (int i = 0; i < 100; ++i) {
    CHECK(get_name(dict.get(), world.name("key" + std::to_string(i)).get()) == number(i));
  }
  CHECK(get_name(dict.get(), world.name("key100").get()).is_unbound());
  CHECK(remove_name(heap, dict.get(), world.name("key50").get()));
  CHECK_FALSE(remove_name(heap, dict.get(), world.name("key50").get()));
  const int64_t entry = entry_of(dict.get(), world.name("key51").get());
  CHECK(dict->entries[entry].value == number(51));
}

TEST_CASE("the version of the keys changes with every key and with nothing else") {
  World world;
  Heap& heap = world.heap();
  Ref<Dict> dict = make_dict(heap).value();
  set(heap, dict.get(), number(1), number(1)).value();
  const uint32_t version = keys_version(heap, dict.get());
  set(heap, dict.get(), number(1), number(2)).value();
  CHECK(keys_version(heap, dict.get()) == version);
  std::vector<uint32_t> seen{version};
  auto check_new = [&] {
    const uint32_t now = keys_version(heap, dict.get());
    CHECK(std::find(seen.begin(), seen.end(), now) == seen.end());
    seen.push_back(now);
  };
  set(heap, dict.get(), number(2), number(2)).value();
  check_new();
  static_cast<void>(remove(heap, dict.get(), number(2)).value());
  check_new();
  clear(heap, dict.get());
  check_new();
}

TEST_CASE("an __eq__ that changes the table makes the probe start again") {
  World world;
  Heap& heap = world.heap();
  Ref<Dict> dict = make_dict(heap).value();
  int calls = 0;
  Ref<Value> eq = world.function([&](Heap& h, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    if (++calls == 1) {
      clear(h, dict.get());
      for (int64_t i = 0; i < 40; ++i) MINI_TRY(set(h, dict.get(), number(i + 1000), kNone));
      MINI_TRY(set(h, dict.get(), arguments[1], number(77)));
    }
    return Ref<Value>(false);
  });
  Ref<Value> hash = world.function([](Heap& h, const Value*, uint32_t) { return make_int(h, 7); });
  Ref<Type> type = world.make_class("Key", {}, {{"__eq__", eq}, {"__hash__", hash}});
  Ref<Value> first = world.construct(type).value();
  Ref<Value> second = world.construct(type).value();
  set(heap, dict.get(), first, number(1)).value();
  first = {};
  CHECK(get(heap, dict.get(), second).value() == number(77));
  CHECK(dict->live == 41);
}

TEST_CASE("what an __eq__ or __hash__ raises comes through") {
  World world;
  Heap& heap = world.heap();
  Ref<Value> fail = world.function([](Heap& h, const Value*, uint32_t) -> Result<Ref<Value>> {
    return h.raise(BuiltinType::kValueError, "no");
  });
  Ref<Value> hash = world.function([](Heap& h, const Value*, uint32_t) { return make_int(h, 7); });
  Ref<Type> type = world.make_class("Key", {}, {{"__eq__", fail}, {"__hash__", hash}});
  Ref<Type> unhashable = world.make_class("Other", {}, {{"__eq__", fail}});
  Ref<Dict> dict = make_dict(heap).value();
  set(heap, dict.get(), world.construct(type).value(), kNone).value();
  CHECK(world.outcome(set(heap, dict.get(), world.construct(type).value(), kNone)) == "ValueError: no");
  CHECK(world.outcome(set(heap, dict.get(), world.construct(unhashable).value(), kNone)) ==
        "TypeError: unhashable type: 'Other'");
}

TEST_CASE("changing a dict under its iterator is noticed as in CPython") {
  World world;
  Heap& heap = world.heap();
  Ref<Dict> dict = make_dict(heap).value();
  for (int64_t i = 0; i < 4; ++i) set(heap, dict.get(), number(i), number(i)).value();
  Ref<Value> iterator = iterate(heap, dict).value();
  CHECK(world.outcome(next(heap, iterator)) == "0");
  set(heap, dict.get(), number(9), kNone).value();
  for (int i = 0; i < 2; ++i) {
    CHECK(world.outcome(next(heap, iterator)) == "RuntimeError: dictionary changed size during iteration");
  }
  // One key for another: the size is the same, and there is one item too many.
  set(heap, dict.get(), number(11), kNone).value();
  iterator = iterate(heap, dict).value();
  for (int i = 0; i < 6; ++i) {
    static_cast<void>(next(heap, iterator).value());
    if (i == 3) {
      static_cast<void>(remove(heap, dict.get(), number(0)).value());
      set(heap, dict.get(), number(10), kNone).value();
    }
  }
  CHECK(world.outcome(next(heap, iterator)) == "RuntimeError: dictionary keys changed during iteration");
  CHECK(next(heap, iterator).value().get().is_unbound());
}

TEST_CASE("views show a dict as it is now, in both directions") {
  World world;
  Heap& heap = world.heap();
  Ref<Dict> dict = make_dict(heap).value();
  for (int64_t i = 0; i < 3; ++i) set(heap, dict.get(), number(i), number(i * i)).value();
  Ref<Value> keys = world.method(dict, "keys").value();
  Ref<Value> items = world.method(dict, "items").value();
  set(heap, dict.get(), number(3), number(9)).value();
  CHECK(world.repr_of(keys) == "dict_keys([0, 1, 2, 3])");
  CHECK(world.repr_of(items) == "dict_items([(0, 0), (1, 1), (2, 4), (3, 9)])");
  Ref<Value> backwards = world.method(items, "__reversed__").value();
  Ref<List> seen = list_from(heap, backwards).value();
  CHECK(world.repr_of(seen) == "[(3, 9), (2, 4), (1, 1), (0, 0)]");
  Ref<Value> intersection = binary(heap, BinaryOp::kAnd, keys, world.list({number(2), number(5)})).value();
  CHECK(world.repr_of(intersection) == "{2}");
  Ref<Value> pair = widen(make_tuple(heap, std::array{number(2), number(4)}.data(), 2)).value();
  CHECK(contains(heap, items, pair).value());
  CHECK_FALSE(contains(heap, keys, pair).value());
  Ref<Set> set_of_keys = make_set(heap).value();
  update(heap, set_of_keys.get(), keys).value();
  CHECK(equal(heap, keys, set_of_keys).value());
  CHECK(world.outcome(binary(heap, BinaryOp::kAnd, keys, number(1))) ==
        "TypeError: 'int' object is not iterable");
}

TEST_CASE("methods say what CPython 3.13 says") {
  World world;
  Heap& heap = world.heap();
  Ref<Dict> dict = make_dict(heap).value();
  auto answer = [&](const char* method, std::initializer_list<Value> arguments) {
    return world.outcome(world.method(dict, method, arguments));
  };
  CHECK(answer("get", {}) == "TypeError: get expected at least 1 argument, got 0");
  CHECK(answer("get", {kNone, kNone, kNone}) == "TypeError: get expected at most 2 arguments, got 3");
  CHECK(answer("popitem", {kNone}) == "TypeError: dict.popitem() takes no arguments (1 given)");
  CHECK(answer("update", {kNone, kNone}) == "TypeError: update expected at most 1 argument, got 2");
  CHECK(answer("update", {number(1)}) == "TypeError: 'int' object is not iterable");
  CHECK(answer("update", {Value(world.list({number(1)}).get())}) ==
        "TypeError: cannot convert dictionary update sequence element #0 to a sequence");
  Ref<List> short_pair = world.list({Value(world.list({number(1)}).get())});
  CHECK(answer("update", {short_pair}) ==
        "ValueError: dictionary update sequence element #0 has length 1; 2 is required");
  CHECK(answer("pop", {number(3)}) == "KeyError: 3");
  CHECK(answer("pop", {number(3), number(4)}) == "4");
  CHECK(answer("setdefault", {number(3), number(5)}) == "5");
  CHECK(answer("setdefault", {number(3), number(6)}) == "5");
  CHECK(answer("__getitem__", {number(3)}) == "5");
  CHECK(answer("__len__", {}) == "1");
  CHECK(answer("__contains__", {number(4)}) == "False");
  CHECK(answer("__or__", {number(1)}) == "NotImplemented");
  CHECK(world.outcome(delete_item(heap, dict, number(8))) == "KeyError: 8");
  CHECK(world.outcome(get_item(heap, dict, number(8))) == "KeyError: 8");
  CHECK(world.outcome(binary(heap, BinaryOp::kOr, dict, number(1))) ==
        "TypeError: unsupported operand type(s) for |: 'dict' and 'int'");
  CHECK(world.outcome(world.construct(heap.type(BuiltinType::kDict), {kNone, kNone})) ==
        "TypeError: dict expected at most 1 argument, got 2");
  Ref<Value> fromkeys = world.attribute(heap.type(BuiltinType::kDict), "fromkeys").value();
  CHECK(world.outcome(world.call_value(fromkeys, {Value(world.text("abca").get()), number(0)})) ==
        "{'a': 0, 'b': 0, 'c': 0}");
}

TEST_CASE("__missing__ answers for keys that a derived dict does not have") {
  World world;
  Heap& heap = world.heap();
  Ref<Value> missing = world.function([](Heap&, const Value* arguments, uint32_t) {
    return Result<Ref<Value>>(Ref<Value>::share(arguments[1]));
  });
  Ref<Type> type = world.make_class("Echo", {heap.type(BuiltinType::kDict)}, {{"__missing__", missing}});
  Ref<Value> dict = world.construct(type).value();
  CHECK(world.outcome(get_item(heap, dict, number(5))) == "5");
  CHECK(world.outcome(world.method(dict, "get", {number(5)})) == "None");
}

TEST_CASE("dicts survive any failing allocation") {
  World world;
  sweep_failing_allocations(world, [](World& w) {
    Heap& heap = w.heap();
    auto run = [&]() -> Result<void> {
      Ref<Dict> dict = MINI_TRY(make_dict(heap));
      for (int64_t i = 0; i < 50; ++i) {
        MINI_TRY(set(heap, dict.get(), number(i * 1024), number(i)));
        if (i % 3 == 0) static_cast<void>(MINI_TRY(remove(heap, dict.get(), number(i * 1024))));
      }
      Ref<Value> other = MINI_TRY(binary(heap, BinaryOp::kOr, dict, dict));
      Ref<Value> items = MINI_TRY(call_method(heap, dict, MINI_TRY(heap.intern("items")).get(), nullptr, 0));
      Ref<List> list = MINI_TRY(list_from(heap, items));
      MINI_TRY(update(heap, dict.get(), list));
      static_cast<void>(MINI_TRY(repr(heap, items)));
      static_cast<void>(MINI_TRY(binary(heap, BinaryOp::kXor, items, list)));
      return {};
    };
    return run().ok();
  });
}
