// Objects are freed when the last reference goes, in the right order, without recursion, and nothing is left
// at the end.
#include <chrono>

#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

TEST_CASE("a heap comes and goes without a trace") {
  World world;
}

TEST_CASE("starting a heap takes less than a millisecond") {
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    auto* memory = mini::base::Memory::create();
    const auto start = std::chrono::steady_clock::now();
    Heap* heap = Heap::create(*memory, {});
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    REQUIRE(heap);
    best = std::min(best, took.count());
    mini::base::Memory::destroy(memory);
  }
  MESSAGE("Heap::create: ", best, " us");
#if !MINI_ASAN && !MINI_TSAN
  CHECK(best < 1000);
#endif
}

TEST_CASE("a heap whose memory does not suffice is not made") {
  for (uint64_t n = 1;; n += 37) {
    auto* memory = mini::base::Memory::create();
    memory->fail_allocation(n);
    const bool made = Heap::create(*memory, {}) != nullptr;
    mini::base::Memory::destroy(memory);
    if (made) break;
    REQUIRE(n < 100000);
  }
}

TEST_CASE("a chain of a million objects is freed without recursion") {
  World world;
  Heap& heap = world.heap();
  const size_t before = heap.object_count();
  {
    Ref<Value> head = unboxed(kNone);
    for (int i = 0; i < 1'000'000; ++i) {
      Value item = head;
      Ref<Tuple> link = make_tuple(heap, &item, 1).value();
      head = Ref<Value>(std::move(link));
    }
    CHECK(heap.object_count() == before + 1'000'000);
  }
  CHECK(heap.object_count() == before);
}

TEST_CASE("so is a chain of instances of a class derived from str") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> type = world.make_class("Text", {heap.type(BuiltinType::kStr)});
  Ref<Str> shape_name = world.name("next");
  const size_t before = heap.object_count();
  {
    Ref<Value> head = unboxed(kNone);
    Ref<Str> next = world.name("next");
    for (int i = 0; i < 300'000; ++i) {
      Ref<Value> link = world.construct(type, {Value(next.get())}).value();
      set_attribute(heap, link, next.get(), head).value();
      head = std::move(link);
    }
  }
  CHECK(heap.object_count() == before);
}

TEST_CASE("objects die in the order of CPython's recursion") {
  World world;
  Heap& heap = world.heap();
  std::string order;
  Ref<Value> del = world.function([&](Heap& h, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    Ref<Value> label = MINI_TRY(get_attribute(h, arguments[0], h.intern("label").value().get()));
    order += to_utf8(static_cast<Str*>(label.get().as_object()));
    return unboxed(kNone);
  });
  Ref<Type> type = world.make_class("Node", {}, {{"__del__", del}});
  auto node = [&](const char* label) {
    Ref<Value> made = world.construct(type).value();
    set_attribute(heap, made, world.name("label").get(), world.text(label)).value();
    return made;
  };
  // root -> (a -> (b, c), d): CPython finalises root, a, b, c, d.
  Ref<Value> root = node("r"), a = node("a"), b = node("b"), c = node("c"), d = node("d");
  auto link = [&](Value from, const char* field, Value to) {
    set_attribute(heap, from, world.name(field).get(), to).value();
  };
  link(a, "x", b);
  link(a, "y", c);
  link(root, "x", a);
  link(root, "y", d);
  for (Ref<Value>* each : {&a, &b, &c, &d, &root}) *each = unboxed(kNone);
  CHECK(world.finalizers_pending);
  CHECK(order.empty());  // nothing runs before the end of the instruction
  world.run_finalizers();
  CHECK(order == "rabcd");
}

TEST_CASE("a finaliser runs once, and may keep its object") {
  World world;
  Heap& heap = world.heap();
  int runs = 0;
  Ref<Value> saved;
  Ref<Value> del = world.function([&](Heap&, const Value* arguments, uint32_t) -> Result<Ref<Value>> {
    ++runs;
    saved = Ref<Value>::share(arguments[0]);
    return unboxed(kNone);
  });
  Ref<Type> type = world.make_class("Phoenix", {}, {{"__del__", del}});
  const size_t before = heap.object_count();
  static_cast<void>(world.construct(type).value());
  world.run_finalizers();
  CHECK(runs == 1);
  CHECK(heap.object_count() == before + 1);
  saved = {};
  world.run_finalizers();
  CHECK(runs == 1);
  CHECK(heap.object_count() == before);
}

TEST_CASE("interned texts are one object as long as somebody holds it") {
  World world;
  Heap& heap = world.heap();
  const size_t before = heap.object_count();
  {
    std::vector<Ref<Str>> names;
    for (int i = 0; i < 5000; ++i) names.push_back(world.name("name" + std::to_string(i)));
    for (int i = 0; i < 5000; i += 7) CHECK(world.name("name" + std::to_string(i)).get() == names[i].get());
    // Taking some out leaves the others to be found.
    for (int i = 0; i < 5000; i += 3) names[i] = world.text("other");
    for (int i = 1; i < 5000; i += 3) CHECK(world.name("name" + std::to_string(i)).get() == names[i].get());
  }
  CHECK(heap.object_count() == before);
}

TEST_CASE("the pending exception is the last one raised") {
  World world;
  Heap& heap = world.heap();
  static_cast<void>(heap.raise(BuiltinType::kValueError, "first {}", 1));
  static_cast<void>(heap.raise(BuiltinType::kKeyError, "second"));
  CHECK(heap.pending_is(BuiltinType::kLookupError));
  CHECK_FALSE(heap.pending_is(BuiltinType::kValueError));
  CHECK(world.error() == "KeyError: 'second'");
}

TEST_CASE("a MemoryError that is being handled is not disturbed by the next one") {
  World world;
  Heap& heap = world.heap();
  static_cast<void>(heap.raise_memory_error());
  Ref<Exception> first = heap.take_pending();
  first->suppress_context = 1;
  static_cast<void>(heap.raise_memory_error());
  Ref<Exception> second = heap.take_pending();
  CHECK(first.get() != second.get());
  CHECK(second->suppress_context == 0);
  CHECK(second->type == heap.type(BuiltinType::kMemoryError));
}

TEST_CASE("raising survives any failing allocation") {
  World world;
  sweep_failing_allocations(world, [](World& w) {
    static_cast<void>(w.heap().raise(BuiltinType::kValueError, "message {}", 12345));
    const bool value_error = w.heap().pending_is(BuiltinType::kValueError);
    if (value_error) static_cast<void>(w.heap().take_pending());
    return value_error;
  });
}
