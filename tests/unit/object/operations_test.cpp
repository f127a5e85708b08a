// Operations ask the right side in the right order; what only the C++ side can see is tested here, all else against
// CPython (tests/conformance/special_methods.mini).
#include "runtime/object/native_scope.h"
#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

TEST_CASE("a method that drops itself from its class while it runs stays alive") {
  World world;
  Ref<Type> type = world.make_class("Fragile");
  Type* raw = type.get();
  set_type_attribute(world.heap(), raw, world.heap().name(Name::k__len__),
                     world.function([raw](Heap& heap, const Value*, uint32_t) -> Result<Ref<Value>> {
                       MINI_TRY(set_type_attribute(heap, raw, heap.name(Name::k__len__), kNone));
                       return unboxed(Value::integer(3));
                     }))
      .value();
  Ref<Value> object = make_instance(world.heap(), raw).value();
  CHECK(length(world.heap(), object).value() == 3);
}

TEST_CASE("an item that its own __eq__ takes out of the list stays alive during the comparison") {
  World world;
  List* list = nullptr;
  Ref<Value> removes = world.function([&list](Heap& heap, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    clear(heap, list);
    return Ref<Value>(arguments[0].as_object()->count == 0);
  });
  Ref<Type> type = world.make_class("Item", {}, {{"__eq__", removes}});
  Ref<List> items = world.list({});
  append(world.heap(), items.get(), make_instance(world.heap(), type.get()).value()).value();
  list = items.get();
  CHECK_FALSE(contains(world.heap(), Value(items), Value::integer(1)).value());
  CHECK(items->length == 0);
}

TEST_CASE("lists that contain each other neither hang nor overflow the stack") {
  World world;
  Ref<List> a = world.list({}), b = world.list({});
  append(world.heap(), a.get(), Ref<Value>::share(Value(b))).value();
  append(world.heap(), b.get(), Ref<Value>::share(Value(a))).value();
  CHECK(world.repr_of(Value(a)) == "[[[...]]]");
  CHECK(world.outcome(compare(world.heap(), CompareOp::kEqual, Value(a), Value(b))) ==
        "RecursionError: maximum recursion depth exceeded in comparison");
  CHECK(world.depth == 0);
  clear(world.heap(), a.get());
}

TEST_CASE("reprs of two threads do not see each other") {
  World world;
  Ref<List> list = world.list({Value::integer(1)});
  ReprScope outer(world.heap(), list.get());
  CHECK(world.repr_of(Value(list)) == "[...]");
  void* kept = std::exchange(*world.heap().repr_chain(), nullptr);  // what another thread's word would hold
  CHECK(world.repr_of(Value(list)) == "[1]");
  *world.heap().repr_chain() = kept;
}

TEST_CASE("an iterator that is exhausted lets go of its container") {
  World world;
  Ref<List> list = world.list({Value::integer(1)});
  Ref<Value> iterator = iterate(world.heap(), Value(list)).value();
  CHECK(list->count == 2);
  CHECK(next(world.heap(), iterator).value().get() == Value::integer(1));
  CHECK(next(world.heap(), iterator).value().get().is_unbound());
  CHECK(list->count == 1);
  append(world.heap(), list.get(), unboxed(Value::integer(2))).value();
  CHECK(next(world.heap(), iterator).value().get().is_unbound());
}
