// Class statements: linearisation, layouts, inheritance, and attributes by CPython's rules.
#include <map>
#include <random>

#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

/// The C3 merge in a few lines of strings: what the heap's order has to equal.
std::optional<std::vector<std::string>> c3(const std::string& name,
                                           std::vector<std::vector<std::string>> sequences) {
  std::vector<std::string> order{name};
  for (;;) {
    std::erase_if(sequences, [](const auto& sequence) { return sequence.empty(); });
    if (sequences.empty()) return order;
    const std::string* good = nullptr;
    for (const auto& candidate : sequences) {
      bool in_tail = false;
      for (const auto& other : sequences) {
        in_tail |= std::find(other.begin() + 1, other.end(), candidate.front()) != other.end();
      }
      if (!in_tail) {
        good = &candidate.front();
        break;
      }
    }
    if (!good) return std::nullopt;
    const std::string chosen = *good;
    order.push_back(chosen);
    for (auto& sequence : sequences) {
      if (sequence.front() == chosen) sequence.erase(sequence.begin());
    }
  }
}

}  // namespace

TEST_CASE("method resolution orders are C3's, or refused where C3 has none") {
  World world;
  std::mt19937 random(3);
  int refused = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<Ref<Type>> types;
    std::map<std::string, std::vector<std::string>> orders{{"object", {"object"}}};
    for (int i = 0; i < 8; ++i) {
      std::vector<Type*> bases;
      for (const Ref<Type>& type : types) {
        if (random() % 3 == 0) bases.push_back(type.get());
      }
      std::shuffle(bases.begin(), bases.end(), random);
      std::vector<std::vector<std::string>> sequences;
      std::vector<std::string> names;
      for (Type* base : bases) {
        names.push_back(to_utf8(base->name));
        sequences.push_back(orders[names.back()]);
      }
      if (names.empty()) {
        names.push_back("object");
        sequences.push_back(orders["object"]);
      }
      sequences.push_back(names);
      const std::string name = "T" + std::to_string(i);
      auto expected = c3(name, sequences);
      Ref<Dict> dict = make_dict(world.heap()).value();
      std::vector<Value> values(bases.begin(), bases.end());
      Ref<Tuple> tuple = make_tuple(world.heap(), values.data(), values.size()).value();
      auto made = make_type(world.heap(), world.name(name).get(), tuple.get(), std::move(dict));
      REQUIRE(made.ok() == expected.has_value());
      if (!expected) {
        ++refused;
        CHECK(world.error().starts_with(
            "TypeError: Cannot create a consistent method resolution order (MRO) for bases "));
        continue;
      }
      std::vector<std::string> order;
      const Tuple* actual = (*made)->method_resolution_order;
      for (size_t k = 0; k < actual->length; ++k) {
        order.push_back(to_utf8(static_cast<Type*>(actual->items()[k].as_object())->name));
      }
      CHECK(order == *expected);
      orders[name] = order;
      types.push_back(made.take());
    }
  }
  CHECK(refused > 0);
}

TEST_CASE("bases that cannot be are refused in CPython's words") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> a = world.make_class("A");
  auto refusal = [&](std::initializer_list<Type*> bases) {
    auto made = world.try_class("X", bases);
    return made.ok() ? "made" : world.error();
  };
  auto builtin = [&](BuiltinType which) { return heap.type(which); };
  CHECK(refusal({a.get(), a.get()}) == "TypeError: duplicate base class A");
  CHECK(refusal({builtin(BuiltinType::kObject), a.get()}) ==
        "TypeError: Cannot create a consistent method resolution order (MRO) for bases object, A");
  CHECK(refusal({builtin(BuiltinType::kBool)}) == "TypeError: type 'bool' is not an acceptable base type");
  CHECK(refusal({builtin(BuiltinType::kFunction)}) ==
        "TypeError: type 'function' is not an acceptable base type");
  CHECK(refusal({builtin(BuiltinType::kRange)}) == "TypeError: type 'range' is not an acceptable base type");
  CHECK(refusal({builtin(BuiltinType::kNoneType)}) ==
        "TypeError: type 'NoneType' is not an acceptable base type");
  CHECK(refusal({builtin(BuiltinType::kInt), builtin(BuiltinType::kStr)}) ==
        "TypeError: multiple bases have instance lay-out conflict");
  CHECK(refusal({a.get(), builtin(BuiltinType::kList)}) == "made");
  CHECK(refusal({builtin(BuiltinType::kKeyError), builtin(BuiltinType::kOSError)}) == "made");
}

TEST_CASE("a class derived from a builtin type has its base's layout and attributes of its own") {
  World world;
  Heap& heap = world.heap();
  Ref<Str> name = world.name("note");
  auto check = [&](BuiltinType which, std::initializer_list<Value> arguments, const char* shown) {
    Ref<Type> derived = world.make_class("Derived", {heap.type(which)});
    Ref<Value> made = world.construct(derived, arguments).value();
    CHECK(world.repr_of(made) == shown);
    CHECK(made.get().as_object()->type == derived.get());
    CHECK(is_subtype(derived.get(), heap.type(which)));
    for (int64_t i = 0; i < 3; ++i) {
      set_attribute(heap, made, name.get(), number(i)).value();
      CHECK(world.outcome(get_attribute(heap, made, name.get())) == std::to_string(i));
    }
    CHECK(world.outcome(world.attribute(made, "__dict__")) == "{'note': 2}");
    // A cycle through the attributes is garbage like any other.
    set_attribute(heap, made, name.get(), made).value();
    made = {};
    CHECK(heap.collect() >= 1);
    Ref<Value> lone = world.construct(derived, arguments).value();
    set_attribute(heap, lone, name.get(), lone).value();
    made = std::move(lone);
    heap.collect();
    CHECK(world.repr_of(made) == shown);  // alive: this test holds it
  };
  Ref<Str> text = world.text("text");
  check(BuiltinType::kStr, {text}, "'text'");
  check(BuiltinType::kInt, {number(5)}, "5");
  check(BuiltinType::kFloat, {Value::maybe_float(0.5)}, "0.5");
  Ref<List> list = world.list({number(1), number(2)});
  check(BuiltinType::kTuple, {list}, "(1, 2)");
  check(BuiltinType::kList, {list}, "[1, 2]");
  check(BuiltinType::kDict, {}, "{}");
  check(BuiltinType::kSet, {list}, "Derived({1, 2})");
  check(BuiltinType::kBytes, {list}, "b'\\x01\\x02'");
  check(BuiltinType::kKeyError, {number(3)}, "Derived(3)");
}

TEST_CASE("equality without a hash makes unhashable") {
  World world;
  Ref<Value> eq =
      world.function([](Heap&, const Value*, uint32_t) { return Result<Ref<Value>>(Ref<Value>(true)); });
  Ref<Type> type = world.make_class("A", {}, {{"__eq__", eq}});
  CHECK(world.outcome(world.attribute(type, "__hash__")) == "None");
  auto hashed = hash(world.heap(), world.construct(type).value());
  REQUIRE_FALSE(hashed.ok());
  CHECK(world.error() == "TypeError: unhashable type: 'A'");
}

TEST_CASE("a change to a class is seen in all classes below, and by no stale cache") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> a = world.make_class("A", {}, {{"x", number(1)}});
  Ref<Type> b = world.make_class("B", {a.get()});
  Ref<Type> c = world.make_class("C", {b.get()});
  Ref<Value> instance = world.construct(c).value();
  auto x = [&] { return world.outcome(world.attribute(instance, "x")); };
  Ref<Str> name = world.name("x");
  CHECK(x() == "1");
  const uint32_t version = c->version;
  set_type_attribute(heap, a.get(), name.get(), number(2)).value();
  CHECK(c->version != version);
  CHECK(x() == "2");
  set_type_attribute(heap, b.get(), name.get(), number(3)).value();
  CHECK(x() == "3");
  set_type_attribute(heap, b.get(), name.get(), kUnbound).value();
  CHECK(x() == "2");
  set_type_attribute(heap, a.get(), name.get(), kUnbound).value();
  CHECK(x() == "AttributeError: 'C' object has no attribute 'x'");
  // A method that comes later counts, too.
  CHECK((c->type_flags & Type::kHasScriptMethods) == 0);
  CHECK(truth(heap, instance).value());
  Ref<Value> no =
      world.function([](Heap&, const Value*, uint32_t) { return Result<Ref<Value>>(Ref<Value>(false)); });
  set_type_attribute(heap, a.get(), heap.name(Name::k__bool__), no).value();
  CHECK((c->type_flags & Type::kHasScriptMethods) != 0);
  CHECK_FALSE(truth(heap, instance).value());
  set_type_attribute(heap, a.get(), heap.name(Name::k__bool__), kUnbound).value();
  CHECK(truth(heap, instance).value());
}

TEST_CASE("classes go when nothing refers to them, and leave their bases' lists") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> a = world.make_class("Base");
  const size_t before = heap.object_count();
  {
    Ref<Type> b = world.make_class("Derived", {a.get()});
    Ref<Value> instance = world.construct(b).value();
    CHECK(world.outcome(world.method(a, "__subclasses__")) == "[<class '__main__.Derived'>]");
    b = {};
    CHECK(world.repr_of(instance).starts_with("<__main__.Derived object at 0x"));
  }
  heap.collect();  // a class is in its own resolution order
  CHECK(a->subclass_count == 0);
  CHECK(heap.object_count() == before);
}

TEST_CASE("a type tells about itself as in CPython 3.13") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> a = world.make_class("A");
  auto shown = [&](Value value, const char* attribute) {
    return world.outcome(world.attribute(value, attribute));
  };
  CHECK(world.repr_of(a) == "<class '__main__.A'>");
  CHECK(world.repr_of(heap.type(BuiltinType::kInt)) == "<class 'int'>");
  CHECK(shown(heap.type(BuiltinType::kBool), "__mro__") ==
        "(<class 'bool'>, <class 'int'>, <class 'object'>)");
  CHECK(shown(heap.type(BuiltinType::kBool), "__base__") == "<class 'int'>");
  CHECK(shown(heap.type(BuiltinType::kObject), "__base__") == "None");
  CHECK(shown(a, "__bases__") == "(<class 'object'>,)");
  CHECK(shown(a, "__name__") == "'A'");
  CHECK(shown(a, "__module__") == "'__main__'");
  CHECK(shown(heap.type(BuiltinType::kInt), "__module__") == "'builtins'");
  CHECK(shown(a, "__doc__") == "None");
  CHECK(shown(a, "__class__") == "<class 'type'>");
  CHECK(shown(a, "nothing") == "AttributeError: type object 'A' has no attribute 'nothing'");
  CHECK(world.outcome(world.method(a, "mro")) == "[<class '__main__.A'>, <class 'object'>]");
  auto set = [&](Value value, const char* attribute, Value to) {
    return world.outcome(set_attribute(heap, value, world.name(attribute).get(), to));
  };
  CHECK(set(a, "__name__", number(1)) == "TypeError: can only assign string to A.__name__, not 'int'");
  CHECK(set(a, "__mro__", kNone) == "AttributeError: attribute '__mro__' of 'type' objects is not writable");
  CHECK(set(heap.type(BuiltinType::kInt), "x", kNone) ==
        "TypeError: cannot set 'x' attribute of immutable type 'int'");
  CHECK(set(a, "zzz", kUnbound) == "AttributeError: type object 'A' has no attribute 'zzz'");
  CHECK(set(a, "__name__", Value(world.text("B").get())) == "done");
  CHECK(shown(a, "__name__") == "'B'");
  CHECK(world.repr_of(a) == "<class '__main__.A'>");  // by the qualified name
}

TEST_CASE("making objects checks its arguments as object.__new__ and object.__init__ do") {
  World world;
  Heap& heap = world.heap();
  Value object = heap.type(BuiltinType::kObject);
  Ref<Type> a = world.make_class("A");
  CHECK(world.outcome(world.construct(a, {number(1)})) == "TypeError: A() takes no arguments");
  CHECK(world.outcome(world.construct(object, {number(1)})) == "TypeError: object() takes no arguments");
  Ref<Value> instance = world.construct(a).value();
  CHECK(world.outcome(world.method(instance, "__init__", {number(1)})) ==
        "TypeError: A.__init__() takes exactly one argument (the instance to initialize)");
  Ref<Value> make = world.attribute(object, "__new__").value();
  CHECK(world.outcome(world.call_value(make)) == "TypeError: object.__new__(): not enough arguments");
  CHECK(world.outcome(world.call_value(make, {number(1)})) ==
        "TypeError: object.__new__(X): X is not a type object (int)");
  CHECK(world.outcome(world.call_value(make, {Value(heap.type(BuiltinType::kInt))})) ==
        "TypeError: object.__new__(int) is not safe, use int.__new__()");
  Ref<Value> make_int_object = world.attribute(heap.type(BuiltinType::kInt), "__new__").value();
  CHECK(world.outcome(world.call_value(make_int_object, {Value(heap.type(BuiltinType::kStr))})) ==
        "TypeError: int.__new__(str): str is not a subtype of int");
  CHECK(world.outcome(world.call_value(make_int_object, {Value(heap.type(BuiltinType::kInt)), number(4)})) ==
        "4");
  Ref<Value> init =
      world.function([](Heap&, const Value*, uint32_t) { return Result<Ref<Value>>(unboxed(kNone)); });
  Ref<Type> b = world.make_class("B", {}, {{"__init__", init}});
  CHECK(world.construct(b, {number(1)}).ok());
}

TEST_CASE("type(name, bases, dict) makes classes") {
  World world;
  Heap& heap = world.heap();
  Value type = heap.type(BuiltinType::kTypeType);
  CHECK(world.outcome(world.construct(type, {number(1)})) == "<class 'int'>");
  CHECK(world.outcome(world.construct(type)) == "TypeError: type() takes 1 or 3 arguments");
  Ref<Str> name = world.text("X");
  Ref<Tuple> bases = make_tuple(heap, 0).value();
  Ref<Dict> dict = make_dict(heap).value();
  std::string key = "made by pieces of text";
  set(heap, dict.get(), world.text(key), number(8)).value();  // not interned
  CHECK(world.outcome(world.construct(type, {number(1), bases, dict})) ==
        "TypeError: type.__new__() argument 1 must be str, not int");
  Ref<Value> made = world.construct(type, {name, bases, dict}).value();
  CHECK(world.repr_of(made) == "<class '__main__.X'>");
  CHECK(world.outcome(get_attribute(heap, made, world.name(key).get())) == "8");
  Ref<Value> again =
      get_attribute(heap, made, world.name("another name").get()).ok() ? Ref<Value>() : Ref<Value>();
  CHECK(world.error() == "AttributeError: type object 'X' has no attribute 'another name'");
}

TEST_CASE("__set_name__ and __init_subclass__ are told of a new class") {
  World world;
  Heap& heap = world.heap();
  std::string told;
  Ref<Value> set_name_hook = world.function([&](Heap&, const Value* arguments, uint32_t count) {
    told += fmt::format("{}.{}/{} ", to_utf8(static_cast<Type*>(arguments[1].as_object())->name),
                        to_utf8(static_cast<Str*>(arguments[2].as_object())), count);
    return Result<Ref<Value>>(unboxed(kNone));
  });
  Ref<Value> init_subclass = world.function([&](Heap&, const Value* arguments, uint32_t count) {
    told += fmt::format("sub {}/{} ", to_utf8(static_cast<Type*>(arguments[0].as_object())->name), count);
    return Result<Ref<Value>>(unboxed(kNone));
  });
  Ref<Type> field = world.make_class("Field", {}, {{"__set_name__", set_name_hook}});
  Ref<Type> base = world.make_class("Base", {}, {{"__init_subclass__", init_subclass}});
  Ref<Value> one = world.construct(field).value();
  Ref<Type> derived = world.make_class("Derived", {base.get()}, {{"f", one}});
  announce_type(heap, derived.get()).value();
  CHECK(told == "Derived.f/3 sub Derived/1 ");
}

TEST_CASE("builtin operations are methods, with CPython's errors") {
  World world;
  Heap& heap = world.heap();
  Value list = heap.type(BuiltinType::kList);
  Ref<List> made = world.list({number(4), number(5)});
  auto of_list = [&](const char* method, std::initializer_list<Value> arguments) {
    return world.outcome(world.call_value(world.attribute(list, method).value(), arguments));
  };
  CHECK(of_list("__len__", {made}) == "2");
  CHECK(of_list("__getitem__", {made, number(1)}) == "5");
  CHECK(of_list("__len__", {}) == "TypeError: descriptor '__len__' of 'list' object needs an argument");
  CHECK(of_list("__len__", {number(1)}) ==
        "TypeError: descriptor '__len__' requires a 'list' object but received a 'int'");
  CHECK(of_list("append", {}) == "TypeError: unbound method list.append() needs an argument");
  CHECK(of_list("append", {number(1), number(2)}) ==
        "TypeError: descriptor 'append' for 'list' objects doesn't apply to a 'int' object");
  CHECK(world.outcome(world.method(made, "__len__", {number(1)})) ==
        "TypeError: expected 0 arguments, got 1");
  CHECK(world.outcome(world.method(number(1), "__add__")) == "TypeError: expected 1 argument, got 0");
  CHECK(world.outcome(world.method(number(1), "__add__", {number(2)})) == "3");
  CHECK(world.outcome(world.method(number(1), "__add__", {made})) == "NotImplemented");
  CHECK(world.outcome(world.method(number(7), "__rsub__", {number(10)})) == "3");
  CHECK(world.outcome(world.method(made, "__eq__", {made})) == "True");
  CHECK(world.repr_of(world.attribute(list, "__len__").value()) ==
        "<slot wrapper '__len__' of 'list' objects>");
  CHECK(world.repr_of(world.attribute(list, "append").value()) == "<method 'append' of 'list' objects>");
  CHECK(world.repr_of(world.attribute(made, "append").value())
            .starts_with("<built-in method append of list object at 0x"));
  CHECK(world.repr_of(world.attribute(made, "__len__").value())
            .starts_with("<method-wrapper '__len__' of list object at 0x"));
  CHECK_FALSE(world.attribute(list, "__sub__").ok());
  CHECK(world.error() == "AttributeError: type object 'list' has no attribute '__sub__'");
  Ref<Value> iterator = iterate(heap, world.list({})).value();
  CHECK(world.outcome(world.method(iterator, "__next__")) == "StopIteration");
  // A class's own method does not get in the way of its base's.
  Ref<Value> zero = world.function(
      [](Heap&, const Value*, uint32_t) { return Result<Ref<Value>>(Ref<Value>::adopt(Value::integer(0))); });
  Ref<Type> derived = world.make_class("Empty", {heap.type(BuiltinType::kList)}, {{"__len__", zero}});
  Ref<Value> empty = world.construct(derived, {made}).value();
  CHECK(length(heap, empty).value() == 0);
  CHECK(of_list("__len__", {empty}) == "2");
}

TEST_CASE("making classes survives any failing allocation") {
  World world;
  Ref<Value> eq =
      world.function([](Heap&, const Value*, uint32_t) { return Result<Ref<Value>>(Ref<Value>(true)); });
  sweep_failing_allocations(world, [&](World& w) {
    auto run = [&]() -> Result<void> {
      Ref<Type> a = MINI_TRY(w.try_class("A", {}, {{"__eq__", eq}, {"x", number(1)}}));
      Ref<Type> b = MINI_TRY(w.try_class("B", {w.heap().type(BuiltinType::kDict), a.get()}));
      Ref<Type> c = MINI_TRY(w.try_class("C", {b.get()}));
      MINI_TRY(set_type_attribute(w.heap(), a.get(), MINI_TRY(w.heap().intern("y")).get(), kNone));
      static_cast<void>(MINI_TRY(w.construct(c)));
      static_cast<void>(MINI_TRY(w.construct(a)));
      return announce_type(w.heap(), c.get());
    };
    return run().ok();
  });
}
