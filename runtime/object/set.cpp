// Sets and frozensets: tables without values, their operators.
#include "runtime/object/dict.h"

#include "runtime/object/native_scope.h"
#include "runtime/object/operations.h"
#include "runtime/object/set_internal.h"
#include "runtime/object/table.h"
#include "runtime/object/visitor.h"

namespace mini::object {

Result<Ref<Set>> make_set(Heap& heap, BuiltinType which) {
  return heap.create<Set>(which);
}

Result<void> add(Heap& heap, Set* set, Value item) {
  return store(heap, set, item, kNone);
}

Result<bool> contains(Heap& heap, Set* set, Value item) {
  if (const int64_t known = quick_entry(set, item); known != kAsk) [[likely]] return known >= 0;
  const int64_t hash = MINI_TRY(key_hash(heap, item));
  return MINI_TRY(find_entry(heap, set, item, hash)) >= 0;
}

namespace {

Set* set_of(Value value) {
  return static_cast<Set*>(value.as_object());
}

/// Goes over the items of a table that script code may change meanwhile: `visit(key, hash)`.
template <class Function>
Result<void> for_each_item(Table* table, Function visit) {
  for (int64_t i = 0; (i = next_entry(table, i)) >= 0; ++i) {
    Ref<Value> key = Ref<Value>::share(table->entries[i].key);
    MINI_TRY(visit(key.get(), table->entries[i].hash));
  }
  return {};
}

/// Adds the keys of any table.
Result<void> add_all(Heap& heap, Set* set, Table* source) {
  return for_each_item(source, [&](Value key, int64_t hash) { return store(heap, set, key, hash, kNone); });
}

Result<void> discard(Heap& heap, Set* set, Value key, int64_t hash) {
  const int64_t number = MINI_TRY(find_entry(heap, set, key, hash));
  if (number >= 0) static_cast<void>(take_entry(set, static_cast<uint32_t>(number)));
  return {};
}

Result<void> keep_common(Heap& heap, Set* set, Set* other) {
  return for_each_item(set, [&](Value key, int64_t hash) -> Result<void> {
    if (MINI_TRY(find_entry(heap, other, key, hash)) >= 0) return {};
    return discard(heap, set, key, hash);
  });
}

}  // namespace

Result<void> update(Heap& heap, Set* set, Value iterable) {
  if (is_any_set(iterable))
    return set == iterable.as_object() ? Result<void>() : add_all(heap, set, set_of(iterable));
  if (iterable.is_object() && iterable.as_object()->type == heap.type(BuiltinType::kDict)) {
    return add_all(heap, set, static_cast<Dict*>(iterable.as_object()));
  }
  Ref<Value> iterator = MINI_TRY(iterate(heap, iterable));
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) return {};
    MINI_TRY(add(heap, set, item));
  }
}

Result<void> combine_into(Heap& heap, BinaryOp op, Set* target, Set* other) {
  if (op == BinaryOp::kOr) return update(heap, target, Value(other));
  if (target == other) {
    if (op != BinaryOp::kAnd) clear_table(heap, target);
    return {};
  }
  switch (op) {
    case BinaryOp::kAnd:
      return keep_common(heap, target, other);
    case BinaryOp::kSubtract:
      return for_each_item(other, [&](Value key, int64_t hash) { return discard(heap, target, key, hash); });
    default:
      return for_each_item(other, [&](Value key, int64_t hash) -> Result<void> {
        const int64_t number = MINI_TRY(find_entry(heap, target, key, hash));
        if (number < 0) return insert_entry(heap, target, key, hash, kNone);
        static_cast<void>(take_entry(target, static_cast<uint32_t>(number)));
        return {};
      });
  }
}

Result<Ref<Set>> copy_set(Heap& heap, Set* like) {
  Ref<Set> copy = MINI_TRY(make_set(heap, static_cast<BuiltinType>(like->type->kind)));
  MINI_TRY(copy_table(heap, copy.get(), like));
  return copy;
}

Result<Ref<Set>> as_set(Heap& heap, Value iterable) {
  if (is_any_set(iterable)) return Ref<Set>::share(set_of(iterable));
  Ref<Set> made = MINI_TRY(make_set(heap));
  MINI_TRY(update(heap, made.get(), iterable));
  return made;
}

Result<bool> is_subset(Heap& heap, Set* left, Set* right) {
  if (left->live > right->live) return false;
  for (int64_t i = 0; (i = next_entry(left, i)) >= 0; ++i) {
    Ref<Value> key = Ref<Value>::share(left->entries[i].key);
    if (MINI_TRY(find_entry(heap, right, key, left->entries[i].hash)) < 0) return false;
  }
  return true;
}

// ---- behaviour

namespace {

void visit_set(Object* object, Visitor& visitor) {
  auto* set = static_cast<Set*>(object);
  visit_table(set, visitor);
}
void drop_set(Heap& heap, Object* object) {
  release_table(heap, static_cast<Set*>(object));
}

Result<Ref<Str>> set_repr(Heap& heap, Value self) {
  Set* set = set_of(self);
  TextBuilder out;
  const bool plain = set->type == heap.type(BuiltinType::kSet);
  ReprScope scope(heap, set);
  if (set->live == 0 || scope.repeated()) {
    out.append(set->type->name);
    out.append(set->live == 0 ? "()" : "(...)");
    return out.finish(heap);
  }
  if (!plain) {
    out.append(set->type->name);
    out.append('(');
  }
  out.append('{');
  bool first = true;
  MINI_TRY(for_each_item(set, [&](Value key, int64_t) -> Result<void> {
    if (!first) out.append(", ");
    first = false;
    out.append(MINI_TRY(repr(heap, key)).get());
    return {};
  }));
  out.append(plain ? "}" : "})");
  return out.finish(heap);
}

Result<Ref<Value>> set_compare(Heap& heap, CompareOp op, Value left, Value right) {
  if (!is_any_set(left) || !is_any_set(right)) return unboxed(kNotImplemented);
  Set* a = set_of(left);
  Set* b = set_of(right);
  switch (op) {
    case CompareOp::kEqual:
      return Ref<Value>(a->live == b->live && MINI_TRY(is_subset(heap, a, b)));
    case CompareOp::kNotEqual:
      return Ref<Value>(!(a->live == b->live && MINI_TRY(is_subset(heap, a, b))));
    case CompareOp::kLess:
      return Ref<Value>(a->live < b->live && MINI_TRY(is_subset(heap, a, b)));
    case CompareOp::kLessEqual:
      return Ref<Value>(MINI_TRY(is_subset(heap, a, b)));
    case CompareOp::kGreater:
      return Ref<Value>(b->live < a->live && MINI_TRY(is_subset(heap, b, a)));
    case CompareOp::kGreaterEqual:
      return Ref<Value>(MINI_TRY(is_subset(heap, b, a)));
  }
  MINI_UNREACHABLE();
}

bool is_set_operator(BinaryOp op) {
  return op == BinaryOp::kAnd || op == BinaryOp::kOr || op == BinaryOp::kXor || op == BinaryOp::kSubtract;
}

Result<Ref<Value>> set_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (!is_set_operator(op) || !is_any_set(left) || !is_any_set(right)) return unboxed(kNotImplemented);
  Ref<Set> result = MINI_TRY(copy_set(heap, set_of(left)));
  MINI_TRY(combine_into(heap, op, result.get(), set_of(right)));
  return Ref<Value>(std::move(result));
}

Result<Ref<Value>> set_in_place(Heap& heap, BinaryOp op, Value self, Value other) {
  if (!is_set_operator(op) || !is_any_set(other)) return unboxed(kNotImplemented);
  MINI_TRY(combine_into(heap, op, set_of(self), set_of(other)));
  return Ref<Value>::share(self);
}

Result<int64_t> set_length(Heap&, Value self) {
  return set_of(self)->live;
}

/// As CPython: a set that is asked for is looked up as a frozenset.
Result<bool> set_contains(Heap& heap, Value self, Value item) {
  Result<bool> found = contains(heap, set_of(self), item);
  if (found.ok() || !has_kind(item, BuiltinType::kSet) || !heap.pending_is(BuiltinType::kTypeError))
    return found;
  static_cast<void>(heap.take_pending());
  Ref<Set> frozen = MINI_TRY(make_set(heap, BuiltinType::kFrozenSet));
  MINI_TRY(copy_table(heap, frozen.get(), set_of(item)));
  return contains(heap, set_of(self), Value(frozen.get()));
}

/// CPython's (Objects/setobject.c): independent of the order, and mixed so that hashes which differ in few bits spread.
Result<int64_t> frozenset_hash(Heap&, Value self) {
  Set* set = set_of(self);
  if (set->cached_hash) return set->cached_hash;
  uint64_t sum = 0;
  for (int64_t i = 0; (i = next_entry(set, i)) >= 0; ++i) {
    const auto one = static_cast<uint64_t>(set->entries[i].hash);
    sum ^= (one ^ 89869747u ^ (one << 16)) * 3644798167u;
  }
  sum ^= (uint64_t{set->live} + 1) * 1927868237u;
  sum ^= (sum >> 11) ^ (sum >> 25);
  const auto answer = static_cast<int64_t>(sum * 69069u + 907133923u);
  return set->cached_hash = answer == -1 ? 590923713 : answer;
}

// ---- iteration

void visit_set_iterator(Object* object, Visitor& visitor) {
  auto* iterator = static_cast<SetIterator*>(object);
  visitor.reference(iterator->set);
  visitor.scalar(static_cast<uint64_t>(iterator->position));
  visitor.scalar(iterator->expected_live);
}
void drop_set_iterator(Heap&, Object* object) {
  if (Set* set = std::exchange(static_cast<SetIterator*>(object)->set, nullptr)) decref(set);
}

Result<Ref<Value>> set_iterate(Heap& heap, Value self) {
  Ref<SetIterator> iterator = MINI_TRY(heap.create<SetIterator>(BuiltinType::kSetIterator));
  iterator->set = Ref<Set>::share(set_of(self)).release();
  iterator->expected_live = iterator->set->live;
  return Ref<Value>(std::move(iterator));
}

Result<Ref<Value>> set_iterator_itself(Heap&, Value self) {
  return Ref<Value>::share(self);
}

Result<Ref<Value>> set_iterator_next(Heap& heap, Value self) {
  auto* iterator = static_cast<SetIterator*>(self.as_object());
  Set* set = iterator->set;
  if (!set) return Ref<Value>();
  if (iterator->expected_live != set->live) {
    iterator->expected_live = UINT32_MAX;
    return heap.raise(BuiltinType::kRuntimeError, "Set changed size during iteration");
  }
  const int64_t number = next_entry(set, iterator->position);
  if (number < 0) {
    iterator->set = nullptr;
    decref(set);
    return Ref<Value>();
  }
  iterator->position = number + 1;
  return Ref<Value>::share(set->entries[number].key);
}

}  // namespace

void define_set_types(Heap& heap) {
  for (BuiltinType which : {BuiltinType::kSet, BuiltinType::kFrozenSet}) {
    Type* type = heap.type(which);
    type->type_flags |= Type::kTracked | Type::kSubclassable;
    type->instance_size = sizeof(Set);
    NativeBehaviour& behaviour = type->behaviour;
    behaviour.visit = visit_set;
    behaviour.drop = drop_set;
    behaviour.repr = set_repr;
    behaviour.compare = set_compare;
    behaviour.binary = set_binary;
    behaviour.length = set_length;
    behaviour.contains = set_contains;
    behaviour.iterate = set_iterate;
  }
  heap.type(BuiltinType::kSet)->behaviour.in_place = set_in_place;
  heap.type(BuiltinType::kSet)->construct = &kSetConstruct;
  heap.type(BuiltinType::kFrozenSet)->behaviour.hash = frozenset_hash;
  heap.type(BuiltinType::kFrozenSet)->construct = &kFrozenSetConstruct;
  Type* iterator = heap.type(BuiltinType::kSetIterator);
  iterator->type_flags |= Type::kTracked;
  iterator->instance_size = sizeof(SetIterator);
  iterator->behaviour.visit = visit_set_iterator;
  iterator->behaviour.drop = drop_set_iterator;
  iterator->behaviour.iterate = set_iterator_itself;
  iterator->behaviour.next = set_iterator_next;
}

}  // namespace mini::object
