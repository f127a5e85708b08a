// The cycle collector frees all garbage, nothing else, in every situation that a random program can build.
#include <random>

#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

void link(World& world, Value from, const std::string& name, Value to) {
  set_attribute(world.heap(), from, world.name(name).get(), to).value();
}

}  // namespace

TEST_CASE("cycles of every kind of object are found") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> type = world.make_class("Node");
  Ref<Value> instance;
  const size_t before = heap.object_count();
  auto check = [&](size_t unreachable) {
    CHECK(heap.collect() == unreachable);
    CHECK(heap.object_count() == before);
  };
  {
    Ref<List> list = world.list({});
    append(heap, list.get(), Ref<Value>::share(list)).value();
  }
  check(1);
  {
    Ref<Dict> dict = make_dict(heap).value();
    set(heap, dict.get(), number(1), dict).value();
    Ref<Value> view = world.method(dict, "values").value();
    set(heap, dict.get(), number(2), view).value();
    Ref<Value> iterator = iterate(heap, view).value();
    set(heap, dict.get(), number(3), iterator).value();
  }
  check(3);
  {
    Ref<List> list = world.list({});
    Value items[] = {list, number(1)};
    append(heap, list.get(), widen(make_tuple(heap, items, 2)).value()).value();
    append(heap, list.get(), widen(make_cell(heap, Ref<Value>::share(list))).value()).value();
    append(heap, list.get(), widen(make_bound_method(heap, number(1), list)).value()).value();
    append(heap, list.get(), world.attribute(list, "append").value()).value();
  }
  check(5);
  {
    Ref<Value> node = world.construct(type).value();
    Ref<Set> set = make_set(heap).value();
    add(heap, set.get(), node).value();
    link(world, node, "self", set);
    Ref<Value> other = world.construct(type).value();
    Dict* dict = instance_dict(heap, other.get().as_object()).value();
    set_name(heap, dict, world.name("self").get(), other).value();
  }
  CHECK(heap.collect() == 4);  // two instances, a set, a dict
}

TEST_CASE("what C++ code holds is never collected, even half built") {
  World world;
  Heap& heap = world.heap();
  heap.collector().stress = 1;  // each allocation of a tracked object collects
  Ref<List> list = world.list({});
  append(heap, list.get(), Ref<Value>::share(list)).value();
  for (int i = 0; i < 50; ++i) {
    Ref<Type> type = world.make_class("Node" + std::to_string(i), {heap.type(BuiltinType::kDict)});
    Ref<Value> node = world.construct(type).value();
    link(world, node, "me", node);
    append(heap, list.get(), Ref<Value>::share(node)).value();
    Ref<Value> iterator = iterate(heap, list).value();
    Ref<List> copy = list_from(heap, iterator).value();
    CHECK(copy->length == static_cast<size_t>(i) + 2);
    CHECK(world.repr_of(list).size() > 4);
  }
  heap.collector().stress = 0;
  CHECK(heap.collect() == 0);
}

TEST_CASE("after random changes to a graph exactly the reachable part is alive") {
  for (uint32_t seed = 0; seed < 25; ++seed) {
    World world;
    Heap& heap = world.heap();
    std::mt19937 random(seed);
    Ref<Type> plain = world.make_class("Plain");
    Ref<Type> text = world.make_class("Text", {heap.type(BuiltinType::kStr)});
    Ref<Type> list_type = world.make_class("Row", {heap.type(BuiltinType::kList)});
    std::vector<Ref<Str>> names;
    for (int i = 0; i < 5; ++i) names.push_back(world.name("slot" + std::to_string(i)));
    heap.collector().thresholds[0] = seed % 2 ? 20 : 2000;
    constexpr size_t kNodes = 60;
    static_cast<void>(world.construct(text).value());  // makes the empty text that is kept
    const size_t before = heap.object_count();
    std::vector<Value> nodes;  // borrowed: alive while reachable from the roots
    std::vector<std::vector<int>> edges(kNodes, std::vector<int>(5, -1));
    std::vector<Ref<Value>> roots;
    for (size_t i = 0; i < kNodes; ++i) {
      Value type = i % 3 == 0 ? Value(plain.get()) : i % 3 == 1 ? Value(text.get()) : Value(list_type.get());
      roots.push_back(world.construct(type).value());
      nodes.push_back(roots.back());
    }
    for (size_t i = 0; i < kNodes; ++i) {
      for (int e = 0; e < 5; ++e) {
        if (random() % 2) continue;
        const size_t to = random() % kNodes;
        set_attribute(heap, nodes[i], names[static_cast<size_t>(e)].get(), nodes[to]).value();
        edges[i][static_cast<size_t>(e)] = static_cast<int>(to);
      }
    }
    std::vector<bool> is_root(kNodes);
    for (size_t i = 0; i < kNodes; ++i) {
      is_root[i] = random() % 8 == 0;
      if (!is_root[i]) roots[i] = {};
    }
    std::vector<bool> reachable = is_root;
    for (size_t pass = 0; pass < kNodes; ++pass) {
      for (size_t i = 0; i < kNodes; ++i) {
        if (!reachable[i]) continue;
        for (int to : edges[i]) {
          if (to >= 0) reachable[static_cast<size_t>(to)] = true;
        }
      }
    }
    heap.collect();
    const auto expected = static_cast<size_t>(std::count(reachable.begin(), reachable.end(), true));
    // Shapes hold no objects but names; those are held here as well.
    CHECK(heap.object_count() - before == expected);
    for (size_t i = 0; i < kNodes; ++i) {
      if (!reachable[i]) continue;
      for (size_t e = 0; e < 5; ++e) {
        Value found = get_instance_attribute(nodes[i].as_object(), names[e].get());
        CHECK(found == (edges[i][e] < 0 ? kUnbound : nodes[static_cast<size_t>(edges[i][e])]));
      }
    }
  }
}

TEST_CASE("garbage with finalisers stays until they have run, and is counted once") {
  World world;
  Heap& heap = world.heap();
  int runs = 0;
  Ref<Value> saved;
  bool save = false;
  Ref<Value> del = world.function([&](Heap& h, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    ++runs;
    // Everything that the object refers to is still whole.
    Ref<Value> other = MINI_TRY(get_attribute(h, arguments[0], h.intern("other").value().get()));
    CHECK(other.get().is_object());
    if (save) saved = Ref<Value>::share(arguments[0]);
    return unboxed(kNone);
  });
  Ref<Type> type = world.make_class("Node", {}, {{"__del__", del}});
  Ref<Str> name = world.name("other");
  auto make_pair = [&] {
    Ref<Value> a = world.construct(type).value(), b = world.construct(type).value();
    link(world, a, "other", b);
    link(world, b, "other", a);
  };
  const size_t before = heap.object_count();
  make_pair();
  CHECK(heap.collect() == 2);
  CHECK(world.finalizers_pending);
  CHECK(heap.object_count() == before + 2);
  world.run_finalizers();
  CHECK(runs == 2);
  CHECK(heap.collect() == 0);
  CHECK(heap.object_count() == before);
  save = true;
  make_pair();
  CHECK(heap.collect() == 2);
  world.run_finalizers();
  CHECK(heap.collect() == 0);
  CHECK(heap.object_count() == before + 2);  // saved, and its neighbour with it
  saved = {};
  CHECK(heap.collect() == 2);
  CHECK(runs == 4);
  CHECK(heap.object_count() == before);
}

TEST_CASE("allocating garbage collects by itself") {
  World world;
  Heap& heap = world.heap();
  const size_t before = heap.object_count();
  auto make_garbage = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Ref<List> list = world.list({});
      append(heap, list.get(), Ref<Value>::share(list)).value();
    }
  };
  make_garbage(100'000);
  CHECK(heap.object_count() < before + 3000);
  heap.collector().enabled = 0;
  make_garbage(10'000);
  CHECK(heap.object_count() > before + 9'000);
  heap.collector().enabled = 1;
  heap.collect();
  CHECK(heap.object_count() == before);
}

TEST_CASE("a class, its instances and its methods go together") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> base = world.make_class("Base");
  const size_t before = heap.object_count();
  for (int i = 0; i < 3; ++i) {
    Ref<Type> type = world.make_class("Derived", {base.get()});
    Ref<Value> instance = world.construct(type).value();
    link(world, instance, "itself", instance);
    set_type_attribute(heap, type.get(), world.name("instance").get(), instance).value();
    Ref<Type> below = world.make_class("Below", {type.get()});
    set_type_attribute(heap, type.get(), world.name("below").get(), below).value();
  }
  heap.collect();
  CHECK(heap.object_count() == before);
  CHECK(base->subclass_count == 0);
}

TEST_CASE("a dead cycle of a million objects is freed without recursion") {
  World world;
  Heap& heap = world.heap();
  heap.collector().enabled = 0;
  const size_t before = heap.object_count();
  {
    Ref<List> first = world.list({});
    Ref<Value> last = Ref<Value>::share(first);
    for (int i = 0; i < 1'000'000; ++i) {
      Value item = last;
      last = widen(make_tuple(heap, &item, 1)).value();
    }
    append(heap, first.get(), std::move(last)).value();
  }
  CHECK(heap.collect() == 1'000'001);
  CHECK(heap.object_count() == before);
}
