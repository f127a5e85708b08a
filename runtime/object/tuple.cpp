// Tuples: a fixed number of items behind the header.
#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/object/native_scope.h"
#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

Tuple* tuple_of(Value value) {
  return static_cast<Tuple*>(value.as_object());
}

void visit_tuple(Object* object, Visitor& visitor) {
  Tuple* tuple = static_cast<Tuple*>(object);
  visitor.scalar(static_cast<uint64_t>(tuple->cached_hash));
  visitor.scalar(tuple->length);
  for (size_t i = 0; i < tuple->length; ++i) visitor.reference(tuple->items()[i]);
}

void drop_tuple(Heap&, Object* object) {
  Tuple* tuple = static_cast<Tuple*>(object);
  // From the end, as CPython's tuple_dealloc (3.13, Objects/tupleobject.c).
  for (size_t i = tuple->length; i-- > 0;) decref(std::exchange(tuple->items()[i], kUnbound));
}

size_t tuple_size(const Object* object) {
  return sizeof(Tuple) + static_cast<const Tuple*>(object)->length * sizeof(Value);
}

Result<Ref<Tuple>> allocate(Heap& heap, Type* type, size_t length) {
  if (length > SIZE_MAX / 2 / sizeof(Value)) return heap.raise_memory_error();
  Ref<Tuple> tuple = MINI_TRY(heap.create_unfilled<Tuple>(type, length * sizeof(Value)));
  tuple->length = length;
  std::fill_n(tuple->items(), length, kUnbound);
  return tuple;
}

Result<Ref<Str>> tuple_repr(Heap& heap, Value value) {
  return items_repr(heap, value, "(", tuple_of(value)->length == 1 ? ",)" : ")");
}

/// CPython's (Objects/tupleobject.c, since 3.8): xxHash, which takes the items' hashes for its lanes.
Result<int64_t> tuple_hash(Heap& heap, Value value) {
  constexpr uint64_t kPrime1 = 11400714785074694791u, kPrime2 = 14029467366897019727u, kPrime5 = 2870177450012600261u;
  Tuple* tuple = tuple_of(value);
  if (tuple->cached_hash != 0) return tuple->cached_hash;
  NativeScope scope(heap);  // tuples nest
  if (!scope.entered()) return raised;
  uint64_t sum = kPrime5;
  for (size_t i = 0; i < tuple->length; ++i) {
    sum += static_cast<uint64_t>(MINI_TRY(hash(heap, tuple->items()[i]))) * kPrime2;
    sum = std::rotl(sum, 31) * kPrime1;
  }
  const auto answer = static_cast<int64_t>(sum + (tuple->length ^ (kPrime5 ^ 3527539)));
  return tuple->cached_hash = answer == -1 ? 1546275796 : answer;
}

Result<Ref<Value>> tuple_compare(Heap& heap, CompareOp op, Value left, Value right) {
  if (!has_kind(left, BuiltinType::kTuple) || !has_kind(right, BuiltinType::kTuple)) {
    return unboxed(kNotImplemented);
  }
  return compare_items(heap, op, left, right);
}

Result<Ref<Tuple>> concatenate(Heap& heap, Tuple* left, Tuple* right) {
  Type* exact = heap.type(BuiltinType::kTuple);
  if (left->length == 0 && right->type == exact) return Ref<Tuple>::share(right);
  if (right->length == 0 && left->type == exact) return Ref<Tuple>::share(left);
  Ref<Tuple> result = MINI_TRY(make_tuple(heap, left->length + right->length));
  Value* out = result->items();
  for (Tuple* part : {left, right}) {
    for (size_t i = 0; i < part->length; ++i) *out++ = Ref<Value>::share(part->items()[i]).release();
  }
  return result;
}

Result<Ref<Tuple>> repeat(Heap& heap, Tuple* tuple, Value times) {
  size_t length = static_cast<size_t>(MINI_TRY(repeated_length(heap, tuple->length, times)));
  if (length == tuple->length && tuple->type == heap.type(BuiltinType::kTuple))
    return Ref<Tuple>::share(tuple);
  Ref<Tuple> result = MINI_TRY(make_tuple(heap, length));
  for (size_t i = 0; i < length; ++i) {
    result->items()[i] = Ref<Value>::share(tuple->items()[i % tuple->length]).release();
  }
  return result;
}

Result<Ref<Value>> tuple_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  Tuple* a = has_kind(left, BuiltinType::kTuple) ? tuple_of(left) : nullptr;
  Tuple* b = has_kind(right, BuiltinType::kTuple) ? tuple_of(right) : nullptr;
  if (op == BinaryOp::kAdd && a && b) return widen(concatenate(heap, a, b));
  if (op == BinaryOp::kMultiply && !(a && b) && is_index(heap, a ? right : left)) {
    return widen(repeat(heap, a ? a : b, a ? right : left));
  }
  return unboxed(kNotImplemented);
}

Result<int64_t> tuple_length(Heap&, Value value) {
  return static_cast<int64_t>(tuple_of(value)->length);
}

Result<Ref<Value>> tuple_get_item(Heap& heap, Value value, Value key) {
  Tuple* tuple = tuple_of(value);
  int64_t length = static_cast<int64_t>(tuple->length);
  if (has_kind(key, BuiltinType::kSlice)) {
    SliceBounds bounds = MINI_TRY(resolve_slice(heap, static_cast<Slice*>(key.as_object()), length));
    if (bounds.length == length && bounds.step == 1 && tuple->type == heap.type(BuiltinType::kTuple)) {
      return Ref<Value>::share(value);
    }
    Ref<Tuple> result = MINI_TRY(make_tuple(heap, static_cast<size_t>(bounds.length)));
    for (int64_t i = 0; i < bounds.length; ++i) {
      result->items()[i] = Ref<Value>::share(tuple->items()[bounds.start + i * bounds.step]).release();
    }
    return Ref<Value>(std::move(result));
  }
  int64_t index = MINI_TRY(index_of(heap, key, "tuple indices must be integers or slices, not {}"));
  if (index < 0) index += length;
  if (index < 0 || index >= length) return heap.raise(BuiltinType::kIndexError, "tuple index out of range");
  return Ref<Value>::share(tuple->items()[index]);
}

Result<bool> tuple_contains(Heap& heap, Value value, Value item) {
  return MINI_TRY(find_item(heap, value, item, 0, INT64_MAX)) >= 0;
}

Result<Ref<Value>> tuple_iterate(Heap& heap, Value value) {
  return make_sequence_iterator(heap, BuiltinType::kTupleIterator, value);
}

Result<Ref<Value>> tuple_new(Call& call) {
  Heap& heap = call.heap;
  Type* type = static_cast<Type*>(call[0].as_object());
  Type* exact = heap.type(BuiltinType::kTuple);
  if (call.count > 2) {
    return heap.raise(BuiltinType::kTypeError, "tuple expected at most 1 argument, got {}", call.count - 1);
  }
  if (call.count == 1) {
    return widen(type == exact ? make_tuple(heap, 0) : allocate(heap, type, 0));
  }
  if (type == exact) return widen(tuple_from(heap, call[1]));
  Ref<Tuple> items = MINI_TRY(tuple_from(heap, call[1]));
  Ref<Tuple> result = MINI_TRY(allocate(heap, type, items->length));
  for (size_t i = 0; i < items->length; ++i) {
    result->items()[i] = Ref<Value>::share(items->items()[i]).release();
  }
  return Ref<Value>(std::move(result));
}
constexpr NativeDefinition kTupleNew = {"tuple.__new__(type, /, *args)", tuple_new};

Result<Ref<Value>> tuple_index(Call& call) {
  return items_index(call, "tuple.index(x): x not in tuple");
}

constexpr NativeDefinition kTupleMethods[] = {
    {"tuple.count(self, value, /)", items_method_count},
    {"tuple.index(self, value, start=0, stop=9223372036854775807, /)", tuple_index},
};

}  // namespace

Result<Ref<Tuple>> make_tuple(Heap& heap, size_t length) {
  Type* type = heap.type(BuiltinType::kTuple);
  if (length > 0) return allocate(heap, type, length);
  Tuple*& empty = heap.shared().empty_tuple;
  if (!empty) empty = MINI_TRY(allocate(heap, type, 0)).release();
  return Ref<Tuple>::share(empty);
}

Result<Ref<Tuple>> make_tuple(Heap& heap, const Value* items, size_t length) {
  Ref<Tuple> tuple = MINI_TRY(make_tuple(heap, length));
  for (size_t i = 0; i < length; ++i) tuple->items()[i] = Ref<Value>::share(items[i]).release();
  return tuple;
}

Result<Ref<Tuple>> make_kept_tuple(Heap& heap, size_t length) {
  Ref<Tuple> tuple = MINI_TRY(make_tuple(heap, length));
  std::fill_n(tuple->items(), length, kNone);
  return tuple;
}

Result<Ref<Tuple>> next_to_fill(Heap& heap, Tuple* kept) {
  if (kept->count > 1) return make_tuple(heap, kept->length);
  kept->cached_hash = 0;
  return Ref<Tuple>::share(kept);
}

Result<Ref<Tuple>> make_tuple_from_stack(Heap& heap, Value* items, size_t length) {
  Result<Ref<Tuple>> tuple = make_tuple(heap, length);
  if (!tuple.ok()) {
    for (size_t i = 0; i < length; ++i) decref(items[i]);
    return raised;
  }
  std::copy_n(items, length, (*tuple)->items());
  return tuple;
}

Result<Ref<Tuple>> tuple_from(Heap& heap, Value iterable) {
  if (iterable.is_object() && iterable.as_object()->type == heap.type(BuiltinType::kTuple)) {
    return Ref<Tuple>::share(tuple_of(iterable));
  }
  if (iterable.is_object() && iterable.as_object()->type == heap.type(BuiltinType::kList)) {
    const auto items = items_of(iterable);
    Ref<Tuple> tuple = MINI_TRY(make_tuple(heap, items.size()));
    std::transform(items.begin(), items.end(), tuple->items(),
                   [](Value item) { return Ref<Value>::share(item).release(); });
    return tuple;
  }
  Ref<List> items = MINI_TRY(list_from(heap, iterable));
  Ref<Tuple> tuple = MINI_TRY(make_tuple(heap, items->length));
  if (items->length > 0) std::copy_n(items->items, items->length, tuple->items());
  items->length = 0;  // its counts have moved
  return tuple;
}

void define_tuple_type(Heap& heap) {
  Type* type = heap.type(BuiltinType::kTuple);
  type->behaviour = {.visit = visit_tuple,
                     .drop = drop_tuple,
                     .repr = tuple_repr,
                     .hash = tuple_hash,
                     .compare = tuple_compare,
                     .binary = tuple_binary,
                     .length = tuple_length,
                     .get_item = tuple_get_item,
                     .contains = tuple_contains,
                     .iterate = tuple_iterate,
                     .size = tuple_size};
  type->instance_size = sizeof(Tuple);
  type->type_flags |= Type::kTracked | Type::kSubclassable;
  type->construct = &kTupleNew;
}

Result<void> define_tuple_methods(Heap& heap) {
  return add_methods(heap, heap.type(BuiltinType::kTuple), kTupleMethods, std::size(kTupleMethods));
}

}  // namespace mini::object
