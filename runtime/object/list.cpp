// Lists: a growing buffer of items.
#include <algorithm>
#include <cstring>

#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

List* list_of(Value value) {
  return static_cast<List*>(value.as_object());
}
bool is_list(Value value) {
  return has_kind(value, BuiltinType::kList);
}

void visit_list(Object* object, Visitor& visitor) {
  List* list = static_cast<List*>(object);
  visitor.scalar(list->length);
  visitor.scalar(list->capacity);
  for (size_t i = 0; i < list->length; ++i) visitor.reference(list->items[i]);
}

void drop_list(Heap& heap, Object* object) {
  clear(heap, static_cast<List*>(object));
}

Result<Ref<Str>> list_repr(Heap& heap, Value value) {
  return items_repr(heap, value, "[", "]");
}

Result<Ref<Value>> list_compare(Heap& heap, CompareOp op, Value left, Value right) {
  if (!is_list(left) || !is_list(right)) return unboxed(kNotImplemented);
  return compare_items(heap, op, left, right);
}

/// Shared copies of `count` items from `from` on, behind the end of `list`, which has room.
void append_shared(List* list, const Value* from, size_t count) {
  std::copy_n(from, count, list->items + list->length);
  incref_all(from, count);
  list->length += count;
}

Result<Ref<List>> repeat(Heap& heap, List* list, Value times) {
  size_t length = static_cast<size_t>(MINI_TRY(repeated_length(heap, list->length, times)));
  Ref<List> result = MINI_TRY(make_list(heap, length));
  if (list->length == 1) {
    const Value item = list->items[0];
    std::fill_n(result->items, length, item);
    if (item.is_object()) item.as_object()->count += static_cast<uint32_t>(length);
    result->length = length;
    return result;
  }
  while (result->length < length) append_shared(result.get(), list->items, list->length);
  return result;
}

Result<Ref<Value>> list_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op == BinaryOp::kAdd && is_list(left) && is_list(right)) {
    List* a = list_of(left);
    List* b = list_of(right);
    Ref<List> result = MINI_TRY(make_list(heap, a->length + b->length));
    append_shared(result.get(), a->items, a->length);
    append_shared(result.get(), b->items, b->length);
    return Ref<Value>(std::move(result));
  }
  if (op == BinaryOp::kMultiply && is_list(left) != is_list(right)) {
    Value times = is_list(left) ? right : left;
    if (is_index(heap, times)) return widen(repeat(heap, list_of(is_list(left) ? left : right), times));
  }
  return unboxed(kNotImplemented);
}

Result<Ref<Value>> list_in_place(Heap& heap, BinaryOp op, Value self, Value other) {
  List* list = list_of(self);
  if (op == BinaryOp::kAdd) {
    MINI_TRY(extend(heap, list, other));
    return Ref<Value>::share(self);
  }
  if (op == BinaryOp::kMultiply && is_index(heap, other)) {
    size_t once = list->length;
    size_t length = static_cast<size_t>(MINI_TRY(repeated_length(heap, once, other)));
    if (length == 0) {
      clear(heap, list);
    } else {
      MINI_TRY(reserve(heap, list, length));
      while (list->length < length) append_shared(list, list->items, once);
    }
    return Ref<Value>::share(self);
  }
  return unboxed(kNotImplemented);
}

Result<int64_t> list_length(Heap&, Value value) {
  return static_cast<int64_t>(list_of(value)->length);
}

constexpr const char* kIndexError = "list indices must be integers or slices, not {}";

Result<Ref<Value>> list_get_item(Heap& heap, Value value, Value key) {
  List* list = list_of(value);
  if (has_kind(key, BuiltinType::kSlice)) {
    int64_t length = static_cast<int64_t>(list->length);
    SliceBounds bounds = MINI_TRY(resolve_slice(heap, static_cast<Slice*>(key.as_object()), length));
    Ref<List> result = MINI_TRY(make_list(heap, static_cast<size_t>(bounds.length)));
    if (bounds.step == 1) {
      append_shared(result.get(), list->items + bounds.start, static_cast<size_t>(bounds.length));
      return Ref<Value>(std::move(result));
    }
    for (int64_t i = 0; i < bounds.length; ++i) {
      result->items[i] = Ref<Value>::share(list->items[bounds.start + i * bounds.step]).release();
    }
    result->length = static_cast<uint64_t>(bounds.length);
    return Ref<Value>(std::move(result));
  }
  int64_t index = MINI_TRY(index_of(heap, key, kIndexError));
  int64_t length = static_cast<int64_t>(list->length);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return heap.raise(BuiltinType::kIndexError, "list index out of range");
  return Ref<Value>::share(list->items[index]);
}

Result<void> delete_slice(Heap& heap, List* list, SliceBounds bounds) {
  if (bounds.length == 0) return {};
  if (bounds.step < 0) {
    bounds.start += (bounds.length - 1) * bounds.step;
    bounds.step = -bounds.step;
  }
  if (bounds.step == 1) {
    splice(heap, list, static_cast<size_t>(bounds.start), static_cast<size_t>(bounds.length), nullptr, 0);
    return {};
  }
  Value* out = list->items + bounds.start;
  for (int64_t i = bounds.start; i < static_cast<int64_t>(list->length); ++i) {
    int64_t away = i - bounds.start;
    if (away % bounds.step == 0 && away / bounds.step < bounds.length) {
      decref(list->items[i]);
    } else {
      *out++ = list->items[i];
    }
  }
  list->length -= static_cast<uint64_t>(bounds.length);
  return {};
}

Result<void> assign_slice(Heap& heap, List* list, const Slice* slice, Value iterable) {
  SliceBounds bounds = MINI_TRY(resolve_slice(heap, slice, static_cast<int64_t>(list->length)));
  if (iterable.is_unbound()) return delete_slice(heap, list, bounds);
  size_t before = list->length;
  const bool is_sequence = has_kind(iterable, BuiltinType::kList) || has_kind(iterable, BuiltinType::kTuple);
  Ref<List> items = MINI_TRY(is_sequence ? list_from(heap, iterable)
                                         : list_from(heap, iterable, "must assign iterable to extended slice"));
  if (list->length != before) {
    bounds = MINI_TRY(resolve_slice(heap, slice, static_cast<int64_t>(list->length)));
  }
  size_t length = static_cast<size_t>(bounds.length);
  if (bounds.step == 1) {
    MINI_TRY(reserve(heap, list, list->length - length + items->length));
    splice(heap, list, static_cast<size_t>(bounds.start), length, items->items, items->length);
    items->length = 0;  // its counts have moved
    return {};
  }
  if (items->length != length) {
    return heap.raise(BuiltinType::kValueError,
                      "attempt to assign sequence of size {} to extended slice of size {}", items->length,
                      length);
  }
  for (size_t i = 0; i < length; ++i) {
    std::swap(list->items[bounds.start + static_cast<int64_t>(i) * bounds.step], items->items[i]);
  }
  return {};
}

Result<void> list_set_item(Heap& heap, Value value, Value key, Value item) {
  List* list = list_of(value);
  if (has_kind(key, BuiltinType::kSlice)) {
    return assign_slice(heap, list, static_cast<Slice*>(key.as_object()), item);
  }
  int64_t index = MINI_TRY(index_of(heap, key, kIndexError));
  int64_t length = static_cast<int64_t>(list->length);
  if (index < 0) index += length;
  if (index < 0 || index >= length) {
    return heap.raise(BuiltinType::kIndexError, "list assignment index out of range");
  }
  if (item.is_unbound()) {
    splice(heap, list, static_cast<size_t>(index), 1, nullptr, 0);
  } else {
    decref(std::exchange(list->items[index], Ref<Value>::share(item).release()));
  }
  return {};
}

Result<bool> list_contains(Heap& heap, Value value, Value item) {
  return MINI_TRY(find_item(heap, value, item, 0, INT64_MAX)) >= 0;
}

Result<Ref<Value>> list_iterate(Heap& heap, Value value) {
  return make_sequence_iterator(heap, BuiltinType::kListIterator, value);
}

/// `capacity` becomes exactly this.
Result<void> set_capacity(Heap& heap, List* list, size_t capacity) {
  if (capacity > SIZE_MAX / 2 / sizeof(Value)) return heap.raise_memory_error();
  void* items = heap.resize_buffer(list->items, list->capacity * sizeof(Value), capacity * sizeof(Value));
  if (!items) return raised;
  list->items = static_cast<Value*>(items);
  list->capacity = capacity;
  return {};
}

}  // namespace

Result<Ref<List>> make_list(Heap& heap, size_t capacity) {
  Ref<List> list = MINI_TRY(heap.create<List>(BuiltinType::kList));
  if (capacity > 0) MINI_TRY(set_capacity(heap, list.get(), capacity));
  return list;
}

Result<Ref<List>> make_list_from_stack(Heap& heap, Value* items, size_t length) {
  Result<Ref<List>> list = make_list(heap, length);
  if (!list.ok()) {
    for (size_t i = 0; i < length; ++i) decref(items[i]);
    return raised;
  }
  std::copy_n(items, length, (*list)->items);
  (*list)->length = length;
  return list;
}

Result<void> reserve(Heap& heap, List* list, size_t length) {
  if (length <= list->capacity) return {};
  // CPython's growth: an eighth more (list_resize, 3.13 Objects/listobject.c), exact for a first or a large
  // step.
  size_t room = (length + (length >> 3) + 6) & ~size_t{3};
  if (list->capacity == 0 || length - list->length > room - length) room = (length + 3) & ~size_t{3};
  return set_capacity(heap, list, room);
}

Result<void> append(Heap& heap, List* list, Ref<Value> item) {
  if (list->length == list->capacity) MINI_TRY(reserve(heap, list, list->length + 1));
  list->items[list->length++] = item.release();
  return {};
}

void clear(Heap& heap, List* list) {
  Value* items = std::exchange(list->items, nullptr);
  const size_t length = std::exchange(list->length, 0);
  const size_t capacity = std::exchange(list->capacity, 0);
  decref_all(items, length);
  heap.release_buffer(items, capacity * sizeof(Value));
}

void splice(Heap& heap, List* list, size_t start, size_t count, const Value* items, size_t item_count) {
  Value* at = list->items + start;
  size_t behind = list->length - start - count;
  for (size_t i = count; i-- > 0;) decref(at[i]);
  if (behind > 0) std::memmove(static_cast<void*>(at + item_count), at + count, behind * sizeof(Value));
  std::copy_n(items, item_count, at);
  list->length = start + item_count + behind;
  if (list->length < list->capacity / 2) {
    // Shrinking a buffer can be refused; then it stays as it is.
    size_t room = std::max<size_t>(list->length, 4);
    void* smaller =
        heap.memory().reallocate(list->items, list->capacity * sizeof(Value), room * sizeof(Value));
    if (smaller) {
      list->items = static_cast<Value*>(smaller);
      list->capacity = room;
    }
  }
}

Result<void> extend(Heap& heap, List* list, Value iterable) {
  Type* type = heap.type_of(iterable);
  if (type == heap.type(BuiltinType::kList) || type == heap.type(BuiltinType::kTuple)) {
    size_t count = items_of(iterable).size();
    MINI_TRY(reserve(heap, list, list->length + count));
    append_shared(list, items_of(iterable).data(), count);
    return {};
  }
  Ref<Value> iterator = MINI_TRY(iterate(heap, iterable));
  if (type->type_flags & Type::kHasScriptMethods) {
    MINI_TRY(length_hint(heap, iterable, 0));  // which may raise
  } else if (type->behaviour.length) {
    MINI_TRY(reserve(heap, list, list->length + static_cast<size_t>(MINI_TRY(length(heap, iterable)))));
  }
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) return {};
    if (list->length < list->capacity) list->items[list->length++] = item.release();
    else MINI_TRY(append(heap, list, std::move(item)));
  }
}

Result<Ref<List>> list_from(Heap& heap, Value iterable) {
  Ref<List> list = MINI_TRY(make_list(heap));
  MINI_TRY(extend(heap, list.get(), iterable));
  return list;
}

Result<Ref<List>> list_from(Heap& heap, Value iterable, const char* refusal) {
  Result<Ref<Value>> iterator = iterate(heap, iterable);
  if (iterator.ok()) return list_from(heap, *iterator);
  if (!heap.pending_is(BuiltinType::kTypeError)) return raised;
  return heap.raise_text(BuiltinType::kTypeError, refusal);
}

void define_list_type(Heap& heap) {
  Type* type = heap.type(BuiltinType::kList);
  type->behaviour = {.visit = visit_list,
                     .drop = drop_list,
                     .repr = list_repr,
                     .compare = list_compare,
                     .binary = list_binary,
                     .in_place = list_in_place,
                     .length = list_length,
                     .get_item = list_get_item,
                     .set_item = list_set_item,
                     .contains = list_contains,
                     .iterate = list_iterate};
  type->instance_size = sizeof(List);
  type->type_flags |= Type::kTracked | Type::kSubclassable;
  type->construct = list_constructor();
}

}  // namespace mini::object
