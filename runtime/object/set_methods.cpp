// The methods of set and frozenset.
#include "runtime/object/operations.h"
#include "runtime/object/set_internal.h"
#include "runtime/object/table.h"

namespace mini::object {

namespace {

Set* self_set(Call& call) {
  return static_cast<Set*>(call.args[0].as_object());
}

/// KeyError and lookups take a set as the frozenset of its items.
Result<Ref<Value>> as_key(Heap& heap, Value item) {
  if (!has_kind(item, BuiltinType::kSet)) return Ref<Value>::share(item);
  Ref<Set> frozen = MINI_TRY(make_set(heap, BuiltinType::kFrozenSet));
  MINI_TRY(copy_table(heap, frozen.get(), static_cast<Set*>(item.as_object())));
  return Ref<Value>(std::move(frozen));
}

/// True if it was there.
Result<bool> take_out(Heap& heap, Set* set, Value item) {
  Ref<Value> key = MINI_TRY(as_key(heap, item));
  const int64_t hash = MINI_TRY(key_hash(heap, key));
  const int64_t number = MINI_TRY(find_entry(heap, set, key, hash));
  if (number >= 0) static_cast<void>(take_entry(set, static_cast<uint32_t>(number)));
  return number >= 0;
}

Result<Ref<Value>> construct(Call& call) {
  Heap& heap = call.heap;
  auto* type = static_cast<Type*>(call[0].as_object());
  if (type == heap.type(BuiltinType::kFrozenSet) && call.has(1) && call[1].is_object() &&
      call[1].as_object()->type == type) {
    return Ref<Value>::share(call[1]);
  }
  Ref<Set> made = MINI_TRY(heap.create<Set>(type));
  if (call.has(1)) MINI_TRY(update(heap, made.get(), call[1]));
  return Ref<Value>(std::move(made));
}

Result<Ref<Value>> set_init(Call& call) {
  Ref<Set> items = MINI_TRY(make_set(call.heap));
  if (call.has(1)) MINI_TRY(update(call.heap, items.get(), call[1]));
  clear_table(call.heap, self_set(call));
  MINI_TRY(copy_table(call.heap, self_set(call), items.get()));
  return unboxed(kNone);
}

Result<Ref<Value>> set_add(Call& call) {
  MINI_TRY(add(call.heap, self_set(call), call[1]));
  return unboxed(kNone);
}

Result<Ref<Value>> set_discard(Call& call) {
  static_cast<void>(MINI_TRY(take_out(call.heap, self_set(call), call[1])));
  return unboxed(kNone);
}

Result<Ref<Value>> set_remove(Call& call) {
  if (!MINI_TRY(take_out(call.heap, self_set(call), call[1]))) {
    return call.heap.raise_value(BuiltinType::kKeyError, call[1]);
  }
  return unboxed(kNone);
}

Result<Ref<Value>> set_pop(Call& call) {
  Set* set = self_set(call);
  const int64_t number = next_entry(set, 0);
  if (number < 0) return call.heap.raise_text(BuiltinType::kKeyError, "pop from an empty set");
  return std::move(take_entry(set, static_cast<uint32_t>(number)).key);
}

Result<Ref<Value>> set_clear(Call& call) {
  clear_table(call.heap, self_set(call));
  return unboxed(kNone);
}

Result<Ref<Value>> set_copy(Call& call) {
  if (call[0].as_object()->type == call.heap.type(BuiltinType::kFrozenSet)) return Ref<Value>::share(call[0]);
  return widen(copy_set(call.heap, self_set(call)));
}

/// `target op= each argument`.
Result<void> combine_all(Call& call, BinaryOp op, Set* target) {
  for (uint32_t i = 1; i < call.count; ++i) {
    if (op == BinaryOp::kOr) {
      MINI_TRY(update(call.heap, target, call.args[i]));
    } else {
      Ref<Set> other = MINI_TRY(as_set(call.heap, call.args[i]));
      MINI_TRY(combine_into(call.heap, op, target, other.get()));
    }
  }
  return {};
}

template <BinaryOp kOp>
Result<Ref<Value>> set_combined(Call& call) {
  Ref<Set> result = MINI_TRY(copy_set(call.heap, self_set(call)));
  MINI_TRY(combine_all(call, kOp, result.get()));
  return Ref<Value>(std::move(result));
}

template <BinaryOp kOp>
Result<Ref<Value>> set_combine(Call& call) {
  MINI_TRY(combine_all(call, kOp, self_set(call)));
  return unboxed(kNone);
}

Result<Ref<Value>> set_issubset(Call& call) {
  Ref<Set> other = MINI_TRY(as_set(call.heap, call[1]));
  return Ref<Value>(MINI_TRY(is_subset(call.heap, self_set(call), other.get())));
}

Result<Ref<Value>> set_issuperset(Call& call) {
  Ref<Set> other = MINI_TRY(as_set(call.heap, call[1]));
  return Ref<Value>(MINI_TRY(is_subset(call.heap, other.get(), self_set(call))));
}

Result<Ref<Value>> set_isdisjoint(Call& call) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[1]));
  for (;;) {
    Ref<Value> item = MINI_TRY(next(call.heap, iterator));
    if (item.get().is_unbound()) return Ref<Value>(true);
    if (MINI_TRY(contains(call.heap, self_set(call), item))) return Ref<Value>(false);
  }
}

#define MINI_SHARED_METHODS(type)                                                                 \
  {type ".copy(self, /)", set_copy}, {type ".union(self, *others)", set_combined<BinaryOp::kOr>}, \
      {type ".intersection(self, *others)", set_combined<BinaryOp::kAnd>},                        \
      {type ".difference(self, *others)", set_combined<BinaryOp::kSubtract>},                     \
      {type ".symmetric_difference(self, other, /)", set_combined<BinaryOp::kXor>},               \
      {type ".issubset(self, other, /)", set_issubset},                                           \
      {type ".issuperset(self, other, /)", set_issuperset}, {                                     \
    type ".isdisjoint(self, other, /)", set_isdisjoint                                            \
  }

/// How many items are left, by looking; 0 if the set was changed.
Result<Ref<Value>> iterator_length_hint(Call& call) {
  const auto* iterator = static_cast<SetIterator*>(call[0].as_object());
  const Set* set = iterator->set;
  int64_t left = 0;
  if (set && iterator->expected_live == set->live)
    for (auto i = static_cast<uint32_t>(iterator->position); i < set->used; ++i) left += !set->entries[i].key.is_unbound();
  return make_int(call.heap, left);
}

constexpr NativeDefinition kSetIteratorMethods[] = {{"set_iterator.__length_hint__(self, /)", iterator_length_hint}};
constexpr NativeDefinition kSetMethods[] = {
    MINI_SHARED_METHODS("set"),
    {"set.__init__(self, iterable=(), /)", set_init},
    {"set.add(self, object, /)", set_add},
    {"set.discard(self, object, /)", set_discard},
    {"set.remove(self, object, /)", set_remove},
    {"set.pop(self, /)", set_pop},
    {"set.clear(self, /)", set_clear},
    {"set.update(self, *others)", set_combine<BinaryOp::kOr>},
    {"set.intersection_update(self, *others)", set_combine<BinaryOp::kAnd>},
    {"set.difference_update(self, *others)", set_combine<BinaryOp::kSubtract>},
    {"set.symmetric_difference_update(self, other, /)", set_combine<BinaryOp::kXor>},
};
constexpr NativeDefinition kFrozenSetMethods[] = {MINI_SHARED_METHODS("frozenset")};

#undef MINI_SHARED_METHODS

}  // namespace

constinit const NativeDefinition kSetConstruct = {"set.__new__(type, iterable=(), /)", construct};
constinit const NativeDefinition kFrozenSetConstruct = {"frozenset.__new__(type, iterable=(), /)", construct};

Result<void> define_set_methods(Heap& heap) {
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kSetIterator), kSetIteratorMethods, std::size(kSetIteratorMethods)));
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kSet), kSetMethods, std::size(kSetMethods)));
  return add_methods(heap, heap.type(BuiltinType::kFrozenSet), kFrozenSetMethods,
                     std::size(kFrozenSetMethods));
}

}  // namespace mini::object
