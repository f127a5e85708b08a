// Attributes: where they are found, how they are bound, and how instances keep them.
#include <map>
#include <random>

#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

Result<Ref<Value>> first_argument(Heap&, const Value* arguments, uint32_t) {
  return Ref<Value>::share(arguments[0]);
}

}  // namespace

TEST_CASE("instances keep what they are given, in any order of setting and deleting") {
  World world;
  Heap& heap = world.heap();
  std::mt19937 random(11);
  Ref<Type> type = world.make_class("A");
  std::vector<Ref<Str>> names;
  for (int i = 0; i < 200; ++i) names.push_back(world.name("attribute" + std::to_string(i)));
  for (int round = 0; round < 60; ++round) {
    Ref<Value> instance = world.construct(type).value();
    Object* object = instance.get().as_object();
    std::vector<std::pair<size_t, int64_t>> model;
    const size_t range = 1 + random() % (round % 10 == 0 ? 200 : 12);
    for (int step = 0; step < 150; ++step) {
      const size_t which = random() % range;
      auto place = std::find_if(model.begin(), model.end(), [&](auto& item) { return item.first == which; });
      const uint32_t action = random() % 20;
      if (action < 12) {
        set_instance_attribute(heap, object, names[which].get(), number(step)).value();
        if (place == model.end()) {
          model.emplace_back(which, step);
        } else {
          place->second = step;
        }
      } else if (action < 14) {
        CHECK(delete_instance_attribute(heap, object, names[which].get()).value() == (place != model.end()));
        if (place != model.end()) model.erase(place);
      } else if (action == 14 && random() % 20 == 0) {
        static_cast<void>(instance_dict(heap, object).value());
      } else {
        Value found = get_instance_attribute(object, names[which].get());
        CHECK(found == (place == model.end() ? kUnbound : number(place->second)));
      }
    }
    std::string expected;
    for (auto& [which, value] : model) {
      expected += fmt::format("{}'attribute{}': {}", expected.empty() ? "" : ", ", which, value);
    }
    CHECK(world.outcome(world.attribute(instance, "__dict__")) == "{" + expected + "}");
  }
}

TEST_CASE("instances that get the same attributes in the same order share a shape") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> type = world.make_class("Point");
  Ref<Str> x = world.name("x"), y = world.name("y");
  auto make = [&](Str* first, Str* second) {
    Ref<Value> made = world.construct(type).value();
    set_attribute(heap, made, first, number(1)).value();
    set_attribute(heap, made, second, number(2)).value();
    return made;
  };
  Ref<Value> a = make(x.get(), y.get()), b = make(x.get(), y.get()), c = make(y.get(), x.get());
  auto shape = [](Value value) { return attributes_of(value.as_object())->shape; };
  CHECK(shape(a) == shape(b));
  CHECK(shape(a) != shape(c));
  CHECK(slot_of(shape(a), y.get()) == 1);
  CHECK(slot_of(shape(c), y.get()) == 0);
  CHECK(slot_of(shape(a), world.name("z").get()) == -1);
  CHECK_FALSE(attributes_of(b.get().as_object())->buffered);  // room was made for them at once
}

TEST_CASE("a class with ever new attribute names keeps a bounded number of shapes") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> type = world.make_class("Bag");
  for (int i = 0; i < 2000; ++i) {
    Ref<Value> bag = world.construct(type).value();
    set_attribute(heap, bag, world.name("name" + std::to_string(i)).get(), number(i)).value();
    CHECK(world.outcome(world.attribute(bag, "name" + std::to_string(i))) == std::to_string(i));
  }
  CHECK(type->root_shape->shape_count <= Shape::kMaxShapes);
}

TEST_CASE("data descriptors come before the instance, other class attributes behind it") {
  World world;
  Heap& heap = world.heap();
  Ref<Value> getter = world.function(
      [](Heap&, const Value*, uint32_t) { return Result<Ref<Value>>(Ref<Value>::adopt(number(42))); });
  Ref<Value> property = world.construct(heap.type(BuiltinType::kProperty), {getter}).value();
  Ref<Value> method = world.function(first_argument);
  Ref<Type> type = world.make_class("A", {}, {{"p", property}, {"m", method}, {"x", number(1)}});
  Ref<Value> a = world.construct(type).value();
  Dict* dict = instance_dict(heap, a.get().as_object()).value();
  for (const char* name : {"p", "m", "x"}) set_name(heap, dict, world.name(name).get(), number(7)).value();
  CHECK(world.outcome(world.attribute(a, "p")) == "42");
  CHECK(world.outcome(world.attribute(a, "m")) == "7");
  CHECK(world.outcome(world.attribute(a, "x")) == "7");
  set_name(heap, dict, world.name("p").get(), number(7)).value();
  auto store = [&](const char* name, Value value) {
    return world.outcome(set_attribute(heap, a, world.name(name).get(), value));
  };
  CHECK(store("p", number(1)) == "AttributeError: property 'p' of 'A' object has no setter");
  CHECK(store("p", kUnbound) == "AttributeError: property 'p' of 'A' object has no deleter");
  CHECK(store("m", kUnbound) == "done");
  CHECK(store("m", kUnbound) == "AttributeError: 'A' object has no attribute 'm'");
  CHECK(world.attribute(a, "m").value().get().as_object()->type == heap.type(BuiltinType::kBoundMethod));
}

TEST_CASE("methods are found unbound for the loop, and bound for everybody else") {
  World world;
  Heap& heap = world.heap();
  Ref<Value> function = world.function(first_argument);
  Ref<Value> in_static = world.construct(heap.type(BuiltinType::kStaticMethod), {function}).value();
  Ref<Value> in_class = world.construct(heap.type(BuiltinType::kClassMethod), {function}).value();
  Ref<Type> type = world.make_class("A", {}, {{"m", function}, {"s", in_static}, {"c", in_class}});
  Ref<Value> a = world.construct(type).value();
  AttributeLookup found = resolve(heap, a, world.name("m").get()).value();
  CHECK(found.kind == AttributeLookup::Kind::kMethod);
  CHECK(found.value.get() == function.get());
  CHECK(found.self.get() == a.get());
  CHECK(world.method(a, "m").value().get() == a.get());
  CHECK(world.method(a, "c").value().get() == Value(type.get()));
  CHECK(world.method(a, "s", {number(3)}).value().get() == number(3));
  CHECK(world.method(type, "c").value().get() == Value(type.get()));
  CHECK(world.attribute(type, "m").value().get() == function.get());
  Ref<Value> one = world.attribute(a, "m").value(), two = world.attribute(a, "m").value();
  CHECK(equal(heap, one, two).value());
  CHECK(one.get() != two.get());
  CHECK(hash(heap, one).value() == hash(heap, two).value());
  Ref<List> list = world.list({});
  CHECK(resolve(heap, list, world.name("append").get()).value().kind == AttributeLookup::Kind::kMethod);
  CHECK(resolve(heap, list, world.name("nothing").get()).value().kind == AttributeLookup::Kind::kMissing);
}

TEST_CASE("what is missing or fixed is refused in CPython's words") {
  World world;
  Heap& heap = world.heap();
  auto store = [&](Value value, const char* name, Value to) {
    return world.outcome(set_attribute(heap, value, world.name(name).get(), to));
  };
  Ref<List> list = world.list({});
  CHECK(store(list, "x", kNone) ==
        "AttributeError: 'list' object has no attribute 'x' and no __dict__ for setting new attributes");
  CHECK(store(list, "append", kNone) == "AttributeError: 'list' object attribute 'append' is read-only");
  CHECK(store(list, "append", kUnbound) == "AttributeError: 'list' object attribute 'append' is read-only");
  CHECK(store(number(1), "real", kNone) ==
        "AttributeError: attribute 'real' of 'int' objects is not writable");
  CHECK(store(kNone, "x", kNone) ==
        "AttributeError: 'NoneType' object has no attribute 'x' and no __dict__ for setting new attributes");
  CHECK(world.outcome(world.attribute(number(1), "x")) ==
        "AttributeError: 'int' object has no attribute 'x'");
  Ref<Module> module = make_module(heap, "mm").value();
  CHECK(world.outcome(world.attribute(module, "x")) == "AttributeError: module 'mm' has no attribute 'x'");
  CHECK(store(module, "x", kUnbound) == "AttributeError: 'module' object has no attribute 'x'");
  CHECK(store(module, "x", number(1)) == "done");
  CHECK(world.outcome(world.attribute(module, "x")) == "1");
  CHECK(world.outcome(world.attribute(module, "__name__")) == "'mm'");
  Ref<Type> type = world.make_class("A");
  Ref<Value> a = world.construct(type).value();
  CHECK(store(a, "__dict__", number(1)) == "TypeError: __dict__ must be set to a dictionary, not a 'int'");
  CHECK(store(a, "__class__", number(1)) == "TypeError: __class__ must be set to a class, not 'int' object");
  CHECK(store(a, "__class__", heap.type(BuiltinType::kInt)) ==
        "TypeError: __class__ assignment only supported for mutable types or ModuleType subclasses");
  CHECK(world.outcome(world.attribute(heap.type(BuiltinType::kInt), "real")) ==
        "<attribute 'real' of 'int' objects>");
}

TEST_CASE("an object may change its class, and takes its attributes along") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> a = world.make_class("A", {}, {{"k", number(1)}});
  Ref<Type> b = world.make_class("B", {}, {{"k", number(2)}});
  Ref<Value> object = world.construct(a).value();
  set_attribute(heap, object, world.name("x").get(), number(9)).value();
  set_attribute(heap, object, world.name("__class__").get(), b).value();
  a = {};
  heap.collect();
  CHECK(world.outcome(world.attribute(object, "k")) == "2");
  CHECK(world.outcome(world.attribute(object, "x")) == "9");
}

TEST_CASE("__getattr__ is asked last, __getattribute__ first") {
  World world;
  Heap& heap = world.heap();
  Ref<Value> asked = world.function([](Heap& h, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    return widen(make_str(h, "asked for " + to_utf8(static_cast<Str*>(arguments[1].as_object()))));
  });
  Ref<Value> failing = world.function([](Heap& h, const Value*, uint32_t) -> Result<Ref<Value>> {
    return h.raise(BuiltinType::kAttributeError, "inside");
  });
  Ref<Value> property = world.construct(heap.type(BuiltinType::kProperty), {failing}).value();
  Ref<Type> type = world.make_class("A", {}, {{"__getattr__", asked}, {"p", property}, {"x", number(1)}});
  Ref<Value> a = world.construct(type).value();
  CHECK(world.outcome(world.attribute(a, "x")) == "1");
  CHECK(world.outcome(world.attribute(a, "y")) == "'asked for y'");
  CHECK(world.outcome(world.attribute(a, "p")) == "'asked for p'");
  CHECK(resolve(heap, a, world.name("y").get()).value().kind == AttributeLookup::Kind::kGetAttr);
  Ref<Type> all = world.make_class("B", {}, {{"__getattribute__", asked}, {"x", number(1)}});
  CHECK(world.outcome(world.attribute(world.construct(all).value(), "x")) == "'asked for x'");
  Ref<Type> both = world.make_class("C", {}, {{"__getattribute__", failing}, {"__getattr__", asked}});
  CHECK(world.outcome(world.attribute(world.construct(both).value(), "z")) == "'asked for z'");
  Ref<Type> neither = world.make_class("D", {}, {{"__getattribute__", failing}});
  CHECK(world.outcome(world.attribute(world.construct(neither).value(), "z")) == "AttributeError: inside");
}

TEST_CASE("__setattr__ sees every assignment, and object's does the work") {
  World world;
  Heap& heap = world.heap();
  std::string seen;
  Ref<Value> hook =
      world.function([&](Heap& h, const Value* arguments, uint32_t count) -> Result<Ref<Value>> {
        seen += to_utf8(static_cast<Str*>(arguments[1].as_object())) + std::to_string(count) + " ";
        Ref<Value> original = MINI_TRY(get_attribute(
            h, h.type(BuiltinType::kObject), h.name(count == 3 ? Name::k__setattr__ : Name::k__delattr__)));
        return call(h, original, arguments, count);
      });
  Ref<Type> type = world.make_class("A", {}, {{"__setattr__", hook}, {"__delattr__", hook}});
  Ref<Value> a = world.construct(type).value();
  set_attribute(heap, a, world.name("x").get(), number(1)).value();
  CHECK(world.outcome(world.attribute(a, "x")) == "1");
  delete_attribute(heap, a, world.name("x").get()).value();
  CHECK(world.outcome(delete_attribute(heap, a, world.name("x").get())) ==
        "AttributeError: 'A' object has no attribute 'x'");
  CHECK(seen == "x3 x2 x2 ");
}

TEST_CASE("super looks behind a class in the order of the object's own class") {
  World world;
  Heap& heap = world.heap();
  auto says = [&](const char* what) {
    return world.function([=](Heap& h, const Value*, uint32_t) { return widen(make_str(h, what)); });
  };
  Ref<Type> base = world.make_class("Base", {}, {{"f", says("base")}});
  Ref<Type> left = world.make_class("Left", {base.get()}, {{"f", says("left")}});
  Ref<Type> right = world.make_class("Right", {base.get()}, {{"f", says("right")}});
  Ref<Type> both = world.make_class("Both", {left.get(), right.get()});
  Ref<Value> object = world.construct(both).value();
  auto through = [&](Type* type) {
    return world.outcome(world.method(make_super(heap, type, object).value(), "f"));
  };
  CHECK(through(both.get()) == "'left'");
  CHECK(through(left.get()) == "'right'");
  CHECK(through(right.get()) == "'base'");
  CHECK(through(base.get()) == "AttributeError: 'super' object has no attribute 'f'");
  CHECK(world.repr_of(make_super(heap, left.get(), object).value()) ==
        "<super: <class 'Left'>, <Both object>>");
  CHECK(world.outcome(widen(make_super(heap, both.get(), number(1)))) ==
        "TypeError: super(type, obj): obj (instance of int) is not an instance or subtype of type (Both).");
  // In a class method the class is bound.
  AttributeLookup found =
      resolve(heap, make_super(heap, both.get(), both).value(), world.name("f").get()).value();
  CHECK(found.kind == AttributeLookup::Kind::kValue);
}

TEST_CASE("attributes survive any failing allocation") {
  World world;
  Ref<Type> type = world.make_class("A");
  std::vector<Ref<Str>> names;
  for (int i = 0; i < 20; ++i) names.push_back(world.name("attribute" + std::to_string(i)));
  sweep_failing_allocations(world, [&](World& w) {
    Heap& heap = w.heap();
    auto run = [&]() -> Result<void> {
      Ref<Value> a = MINI_TRY(w.construct(type));
      for (Ref<Str>& name : names) MINI_TRY(set_attribute(heap, a, name.get(), number(1)));
      MINI_TRY(delete_attribute(heap, a, names[3].get()));
      static_cast<void>(MINI_TRY(get_attribute(heap, a, names[4].get())));
      Ref<Module> module = MINI_TRY(make_module(heap, "mm"));
      MINI_TRY(set_attribute(heap, module, names[0].get(), a));
      static_cast<void>(MINI_TRY(repr(heap, module)));
      Ref<Super> super = MINI_TRY(make_super(heap, type.get(), a));
      static_cast<void>(MINI_TRY(get_attribute(heap, super, heap.name(Name::k__init__))));
      return {};
    };
    return run().ok();
  });
}
