// A heap with the smallest machine under it that can call things: what the tests of the object layer run in.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "runtime/object/attributes.h"
#include "runtime/object/heap.h"
#include "runtime/object/instance.h"
#include "runtime/object/node.h"
#include "runtime/object/operations.h"

namespace mini::object::test {

inline Value number(int64_t n) { return Value::integer(n); }

using Body = std::function<Result<Ref<Value>>(Heap&, const Value* arguments, uint32_t count)>;

/// Stands for a function of a script: of the type that the machine's functions have.
struct TestFunction : Tracked {
  const Body* body;
};

/// One heap in a memory of its own. At the end everything has to be gone.
class World {
 public:
  explicit World(size_t limit = base::Memory::kUnlimited) : memory_(base::Memory::create(limit)) {
    MachineHooks hooks{};
    hooks.call = call;
    hooks.get_attribute = [](Heap& heap, Value value, Str* name) { return get_attribute(heap, value, name); };
    hooks.finalizers_pending = [](Heap& heap) {
      static_cast<World*>(heap.machine())->finalizers_pending = true;
    };
    hooks.enter_native = [](Heap& heap) -> Result<void> {
      if (static_cast<World*>(heap.machine())->depth++ < 500) return {};
      --static_cast<World*>(heap.machine())->depth;
      return heap.raise(BuiltinType::kRecursionError, "maximum recursion depth exceeded");
    };
    hooks.leave_native = [](Heap& heap) { --static_cast<World*>(heap.machine())->depth; };
    heap_ = Heap::create(*memory_, hooks);
    REQUIRE(heap_);
    heap_->set_machine(this);
    Type* function = heap_->type(BuiltinType::kFunction);
    function->type_flags |= Type::kTracked;
    function->instance_size = sizeof(TestFunction);
  }
  ~World() {
    const size_t left = heap_->shut_down();
    INFO("left alive: ", heap_->describe_live_objects());
    CHECK(left == 0);
    heap_->memory().release(heap_, sizeof(Heap));
    CHECK(memory_->live_blocks() == 0);
    base::Memory::destroy(memory_);
  }

  Heap& heap() { return *heap_; }
  base::Memory& memory() { return *memory_; }

  Ref<Value> function(Body body) {
    bodies_.push_back(std::make_unique<Body>(std::move(body)));
    auto made = heap_->create<TestFunction>(BuiltinType::kFunction).value();
    made->body = bodies_.back().get();
    return Ref<Value>(std::move(made));
  }
  Ref<Str> text(std::string_view utf8) { return make_str(*heap_, utf8).value(); }
  Ref<Str> name(std::string_view utf8) { return heap_->intern(utf8).value(); }

  struct Item {
    const char* name;
    Value value;
  };
  /// As a class statement makes it.
  Ref<Type> make_class(std::string_view class_name, std::initializer_list<Type*> bases = {},
                       std::initializer_list<Item> attributes = {}) {
    return try_class(class_name, bases, attributes).value();
  }
  Result<Ref<Type>> try_class(std::string_view class_name, std::initializer_list<Type*> bases,
                              std::initializer_list<Item> attributes = {}) {
    Ref<Dict> dict = MINI_TRY(make_dict(*heap_));
    MINI_TRY(
        set_name(*heap_, dict.get(), heap_->name(Name::k__module__), Value(heap_->name(Name::k__main__))));
    for (const Item& item : attributes) {
      Ref<Str> key = MINI_TRY(heap_->intern(item.name));
      MINI_TRY(set_name(*heap_, dict.get(), key.get(), item.value));
    }
    std::vector<Value> values;
    for (Type* base : bases) values.push_back(Value(base));
    Ref<Tuple> tuple = MINI_TRY(make_tuple(*heap_, values.data(), values.size()));
    Ref<Str> text = MINI_TRY(heap_->intern(class_name));
    return make_type(*heap_, text.get(), tuple.get(), std::move(dict));
  }

  std::string repr_of(Value value) {
    auto text = repr(*heap_, value);
    return text.ok() ? to_utf8(text->get()) : error();
  }
  /// `TypeError: message` of the pending exception, which is taken.
  std::string error() {
    if (!heap_->has_pending()) return "no exception";
    Ref<Exception> exception = heap_->take_pending();
    auto message = str(*heap_, Value(exception.get()));
    std::string name = to_utf8(exception->type->name);
    if (!message.ok()) return name + ": ?";
    return (*message)->length ? name + ": " + to_utf8(message->get()) : name;
  }
  /// What an expression comes to, in words: the repr of the result, or the exception.
  std::string outcome(Result<Ref<Value>> result) { return result.ok() ? repr_of(result->get()) : error(); }
  std::string outcome(Result<void> result) { return result.ok() ? "done" : error(); }

  Result<Ref<Value>> attribute(Value value, std::string_view attribute) {
    return get_attribute(*heap_, value, name(attribute).get());
  }
  Result<Ref<Value>> method(Value self, std::string_view method_name,
                            std::initializer_list<Value> arguments = {}) {
    return call_method(*heap_, self, name(method_name).get(), arguments.begin(),
                       static_cast<uint32_t>(arguments.size()));
  }
  Result<Ref<Value>> call_value(Value function, std::initializer_list<Value> arguments = {}) {
    return call(*heap_, function, arguments.begin(), static_cast<uint32_t>(arguments.size()));
  }
  Result<Ref<Value>> construct(Value type, std::initializer_list<Value> arguments = {}) {
    return call_value(type, arguments);
  }
  Ref<List> list(std::initializer_list<Value> items) {
    Ref<List> made = make_list(*heap_).value();
    for (Value item : items) append(*heap_, made.get(), Ref<Value>::share(item)).value();
    return made;
  }

  static Result<Ref<Value>> call(Heap& heap, Value function, const Value* arguments, uint32_t count) {
    if (!function.is_object()) return heap.raise(BuiltinType::kTypeError, "not callable");
    std::vector<Value> all(arguments, arguments + count);
    Object* object = function.as_object();
    if (has_kind(function, BuiltinType::kFunction)) {
      return (*static_cast<TestFunction*>(object)->body)(heap, all.data(), count);
    }
    if (has_kind(function, BuiltinType::kNativeFunction)) {
      auto* native = static_cast<NativeObject*>(object);
      return call_native(heap, *native->definition, native->self, all.data(), count, nullptr);
    }
    if (has_kind(function, BuiltinType::kMethodDescriptor)) {
      return call_descriptor(heap, static_cast<MethodDescriptor*>(object), all.data(), count, nullptr);
    }
    if (has_kind(function, BuiltinType::kBoundMethod)) {
      auto* method = static_cast<BoundMethod*>(object);
      all.insert(all.begin(), method->self);
      return call(heap, method->function, all.data(), count + 1);
    }
    if (has_kind(function, BuiltinType::kTypeType)) {
      auto* type = static_cast<Type*>(object);
      if (!type->construct) return heap.raise(BuiltinType::kTypeError, "cannot create instances");
      return call_construct(heap, type, all.data(), count, nullptr);
    }
    return heap.raise(BuiltinType::kTypeError, "not callable");
  }

  /// Runs the waiting finalisers, as the loop does at the end of an instruction.
  void run_finalizers() {
    for (;;) {
      Ref<Value> object = heap_->take_finalizable();
      if (object.get().is_unbound()) return;
      Value hook = lookup(object.get().as_object()->type, heap_->name(Name::k__del__));
      static_cast<void>(call_special(*heap_, hook, object).value());
      object = {};
      heap_->finalizer_done();
    }
  }

  bool finalizers_pending = false;
  int depth = 0;

 private:
  base::Memory* memory_;
  Heap* heap_;
  std::vector<std::unique_ptr<Body>> bodies_;
};

/// Runs `action` with the first, the second, ... allocation failing, until none fails: each time it has to
/// answer, with MemoryError pending if it says so, and nothing may leak. `action(World&)` answers whether it
/// succeeded.
template <class Action>
void sweep_failing_allocations(World& world, Action action) {
  REQUIRE(action(world));  // whatever is made once and kept
  Heap& heap = world.heap();
  for (uint64_t n = 1; n < 10000; ++n) {
    heap.collect();
    const size_t objects = heap.object_count();
    world.memory().fail_allocation(n);
    const bool succeeded = action(world);
    world.memory().fail_allocation(0);
    if (!succeeded) {
      INFO("allocation ", n);
      CHECK(heap.pending_is(BuiltinType::kMemoryError));
      if (heap.has_pending()) static_cast<void>(heap.take_pending());
    } else {
      CHECK_FALSE(heap.has_pending());
    }
    heap.collect();
    CHECK(heap.object_count() == objects);
    if (succeeded) return;
  }
  FAIL("no end");
}

}  // namespace mini::object::test
