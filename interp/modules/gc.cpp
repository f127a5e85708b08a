// The module `gc`.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"
#include "interp/vm/finalizers.h"
#include "runtime/object/node.h"
#include "runtime/object/visitor.h"

namespace mini::modules {
namespace {

/// A list of the objects or values.
template <class Item>
Result<Ref<Value>> list_of(Heap& heap, const std::vector<Item>& items) {
  Ref<List> list = MINI_TRY(make_list(heap));
  for (const Item& item : items) MINI_TRY(append(heap, list.get(), Ref<Value>::share(Value(item))));
  return Ref<Value>(std::move(list));
}

Result<Ref<Value>> collect(Call& call) {
  const int64_t generation = call.has(0) ? MINI_TRY(to_int64(call.heap, call[0])) : 2;
  if (generation < 0 || generation > 2) return call.heap.raise_text(BuiltinType::kValueError, "invalid generation");
  const size_t found = collect_observed(thread_of(call), static_cast<uint32_t>(generation));
  return make_int(call.heap, static_cast<int64_t>(found));
}
Result<Ref<Value>> enable(Call& call) {
  call.heap.collector().enabled = 1;
  return none();
}
Result<Ref<Value>> disable(Call& call) {
  call.heap.collector().enabled = 0;
  return none();
}
Result<Ref<Value>> isenabled(Call& call) { return Ref<Value>(call.heap.collector().enabled != 0); }

Result<Ref<Value>> three(Heap& heap, const int32_t (&numbers)[3]) {
  Value items[3];
  for (int i = 0; i < 3; ++i) items[i] = Value::integer(numbers[i]);
  return widen(make_tuple(heap, items, 3));
}
Result<Ref<Value>> get_count(Call& call) { return three(call.heap, call.heap.collector().counts); }
Result<Ref<Value>> get_threshold(Call& call) { return three(call.heap, call.heap.collector().thresholds); }
Result<Ref<Value>> set_threshold(Call& call) {
  for (uint32_t i = 0; i < 3; ++i)
    if (call.has(i))
      call.heap.collector().thresholds[i] = static_cast<int32_t>(MINI_TRY(to_int64(call.heap, call[i])));
  return none();
}
Result<Ref<Value>> is_tracked(Call& call) {
  return Ref<Value>(call[0].is_object() && node_of(call[0].as_object()) != nullptr);
}

/// Shows `seen` what a visited object refers to.
template <class Function>
class References final : public object::Visitor {
 public:
  explicit References(Function seen) : Visitor(true), seen_(seen) {}
  void reference(Value value) override {
    if (!value.is_unbound()) seen_(value);
  }

 private:
  Function seen_;
};

/// All tracked objects, or those of a generation, but for the list itself.
Result<Ref<Value>> get_objects(Call& call) {
  Heap& heap = call.heap;
  int64_t generation = -1;
  if (call.has(0) && !call[0].is_none()) {
    if (!is_index(heap, call[0]))
      return heap.raise(BuiltinType::kTypeError, "argument should be integer or None, not '{}'", type_name(heap, call[0]));
    generation = MINI_TRY(to_int64(heap, call[0]));
    if (generation < 0) return heap.raise_text(BuiltinType::kValueError, "generation parameter cannot be negative");
    if (generation > 2)
      return heap.raise_text(BuiltinType::kValueError,
                             "generation parameter must be less than the number of available generations (3)");
  }
  std::vector<Object*> objects;  // before there is a list
  if (generation < 0)
    heap.for_each_tracked([&](Object* object) { objects.push_back(object); });
  else
    for (auto& node : heap.generation(static_cast<uint32_t>(generation))) objects.push_back(object_of(&node));
  return list_of(heap, objects);
}

/// The tracked objects that refer to one of the arguments.
Result<Ref<Value>> get_referrers(Call& call) {
  std::vector<Object*> objects;
  bool refers = false;
  References visitor([&](Value value) {
    for (uint32_t i = 0; i < call.count; ++i) refers |= value == call[i];
  });
  call.heap.for_each_tracked([&](Object* object) {
    refers = false;
    visit_object(object, visitor);
    if (refers) objects.push_back(object);
  });
  return list_of(call.heap, objects);
}

/// What the arguments refer to directly, with repetitions; leaves refer to nothing.
Result<Ref<Value>> get_referents(Call& call) {
  std::vector<Value> values;
  References visitor([&](Value value) { values.push_back(value); });
  for (uint32_t i = 0; i < call.count; ++i)
    if (call[i].is_object() && node_of(call[i].as_object())) visit_object(call[i].as_object(), visitor);
  return list_of(call.heap, values);
}

Result<Ref<Value>> freeze(Call& call) {
  call.heap.freeze();
  return none();
}
Result<Ref<Value>> unfreeze(Call& call) {
  call.heap.unfreeze();
  return none();
}
Result<Ref<Value>> get_freeze_count(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(call.heap.frozen_count()));
}
Result<Ref<Value>> is_finalized(Call& call) {
  Tracked* node = call[0].is_object() ? node_of(call[0].as_object()) : nullptr;
  return Ref<Value>(node && node->flags & Tracked::kFinalized);
}

/// A dict for each generation. What could not be collected is always 0: whatever a finaliser leaves, goes.
Result<Ref<Value>> get_stats(Call& call) {
  Heap& heap = call.heap;
  Ref<List> list = MINI_TRY(make_list(heap));
  for (const auto& generation : heap.collector().statistics) {
    Ref<Dict> dict = MINI_TRY(make_dict(heap));
    const std::pair<const char*, uint64_t> entries[] = {
        {"collections", generation.collections}, {"collected", generation.collected}, {"uncollectable", 0}};
    for (const auto& [name, number] : entries) {
      auto key = MINI_TRY(heap.intern(name));
      MINI_TRY(set_name(heap, dict.get(), key.get(), MINI_TRY(make_int(heap, static_cast<int64_t>(number)))));
    }
    MINI_TRY(append(heap, list.get(), Ref<Value>(std::move(dict))));
  }
  return Ref<Value>(std::move(list));
}

constexpr NativeDefinition kGcFunctions[] = {
    {"gc.collect(generation=2)", collect},
    {"gc.enable()", enable},
    {"gc.disable()", disable},
    {"gc.isenabled()", isenabled},
    {"gc.get_count()", get_count},
    {"gc.get_threshold()", get_threshold},
    {"gc.set_threshold(threshold0, threshold1=0, threshold2=0, /)", set_threshold},
    {"gc.is_tracked(obj, /)", is_tracked},
    {"gc.is_finalized(obj, /)", is_finalized},
    {"gc.get_objects(generation=None)", get_objects},
    {"gc.get_referrers(*objs)", get_referrers},
    {"gc.get_referents(*objs)", get_referents},
    {"gc.get_stats()", get_stats},
    {"gc.freeze()", freeze},
    {"gc.unfreeze()", unfreeze},
    {"gc.get_freeze_count()", get_freeze_count},
};

}  // namespace

Result<void> fill_gc(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(add_functions(machine, module, kGcFunctions));
  MINI_TRY(add_value(machine, module, "garbage", MINI_TRY(make_list(heap))));
  return add_value(machine, module, "callbacks", Ref<Value>::share(Value(MINI_TRY(heap.collection_callbacks()))));
}

}  // namespace mini::modules
