// Iterators over sequences, and over whatever answers `__getitem__` or can be called.
#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

SequenceIterator* iterator_of(Value value) {
  return static_cast<SequenceIterator*>(value.as_object());
}

void visit_iterator(Object* object, Visitor& visitor) {
  SequenceIterator* iterator = static_cast<SequenceIterator*>(object);
  visitor.reference(iterator->container);
  visitor.scalar(static_cast<uint64_t>(iterator->index));
}

Result<Ref<Value>> finish(SequenceIterator* iterator) {
  decref(std::exchange(iterator->container, kUnbound));
  return unboxed(kUnbound);
}
void drop_iterator(Heap&, Object* object) {
  decref(std::exchange(static_cast<SequenceIterator*>(object)->container, kUnbound));
}

Result<Ref<Value>> next_item(Heap&, Value value) {
  SequenceIterator* iterator = iterator_of(value);
  if (iterator->container.is_unbound()) return unboxed(kUnbound);
  std::span<Value> items = items_of(iterator->container);
  if (static_cast<uint64_t>(iterator->index) >= items.size()) return finish(iterator);
  return Ref<Value>::share(items[static_cast<size_t>(iterator->index++)]);
}

Result<Ref<Value>> next_item_reversed(Heap&, Value value) {
  SequenceIterator* iterator = iterator_of(value);
  if (iterator->container.is_unbound()) return unboxed(kUnbound);
  std::span<Value> items = items_of(iterator->container);
  if (iterator->index < 0 || static_cast<uint64_t>(iterator->index) >= items.size()) return finish(iterator);
  return Ref<Value>::share(items[static_cast<size_t>(iterator->index--)]);
}

Result<Ref<Value>> next_character(Heap& heap, Value value) {
  SequenceIterator* iterator = iterator_of(value);
  if (iterator->container.is_unbound()) return unboxed(kUnbound);
  const Str* text = static_cast<Str*>(iterator->container.as_object());
  if (iterator->index >= text->length) return finish(iterator);
  return widen(make_character(heap, text->at(static_cast<size_t>(iterator->index++))));
}

Result<Ref<Value>> next_byte(Heap&, Value value) {
  SequenceIterator* iterator = iterator_of(value);
  if (iterator->container.is_unbound()) return unboxed(kUnbound);
  const Bytes* bytes = static_cast<Bytes*>(iterator->container.as_object());
  if (static_cast<uint64_t>(iterator->index) >= bytes->length) return finish(iterator);
  return unboxed(Value::integer(bytes->data()[iterator->index++]));
}

/// IndexError and StopIteration end the iteration over `__getitem__` (iter_iternext, 3.13
/// Objects/iterobject.c).
Result<Ref<Value>> end_on_index_error(Heap& heap, SequenceIterator* iterator) {
  if (!heap.pending_is(BuiltinType::kIndexError) && !heap.pending_is(BuiltinType::kStopIteration))
    return raised;
  static_cast<void>(heap.take_pending());
  return finish(iterator);
}

Result<Ref<Value>> next_by_index(Heap& heap, Value value) {
  SequenceIterator* iterator = iterator_of(value);
  if (iterator->container.is_unbound()) return unboxed(kUnbound);
  Ref<Value> container = Ref<Value>::share(iterator->container);
  Ref<Value> index = MINI_TRY(make_int(heap, iterator->index));
  Result<Ref<Value>> item = get_item(heap, container, index);
  if (!item.ok()) return end_on_index_error(heap, iterator);
  ++iterator->index;
  return item;
}

Result<Ref<Value>> next_by_index_reversed(Heap& heap, Value value) {
  SequenceIterator* iterator = iterator_of(value);
  if (iterator->container.is_unbound()) return unboxed(kUnbound);
  if (iterator->index < 0) return finish(iterator);
  Ref<Value> container = Ref<Value>::share(iterator->container);
  Ref<Value> index = MINI_TRY(make_int(heap, iterator->index));
  Result<Ref<Value>> item = get_item(heap, container, index);
  if (!item.ok()) return end_on_index_error(heap, iterator);
  --iterator->index;
  return item;
}

// ---- iter(callable, sentinel)

struct CallableIterator : Tracked {
  Value function;  ///< kUnbound after the end
  Value sentinel;
};

void visit_callable_iterator(Object* object, Visitor& visitor) {
  CallableIterator* iterator = static_cast<CallableIterator*>(object);
  visitor.reference(iterator->function);
  visitor.reference(iterator->sentinel);
}

void drop_callable_iterator(Heap&, Object* object) {
  CallableIterator* iterator = static_cast<CallableIterator*>(object);
  decref(std::exchange(iterator->function, kUnbound));
  decref(std::exchange(iterator->sentinel, kUnbound));
}

Result<Ref<Value>> next_by_call(Heap& heap, Value value) {
  CallableIterator* iterator = static_cast<CallableIterator*>(value.as_object());
  if (iterator->function.is_unbound()) return unboxed(kUnbound);
  Ref<Value> function = Ref<Value>::share(iterator->function);
  Result<Ref<Value>> item = call(heap, function, nullptr, 0);
  if (!item.ok()) {
    if (!heap.pending_is(BuiltinType::kStopIteration)) return raised;
    static_cast<void>(heap.take_pending());
  } else {
    // The call may have ended the iterator itself.
    if (iterator->function.is_unbound()) return unboxed(kUnbound);
    Ref<Value> sentinel = Ref<Value>::share(iterator->sentinel);
    if (!MINI_TRY(equal(heap, *item, sentinel))) return item;
  }
  drop_callable_iterator(heap, iterator);
  return unboxed(kUnbound);
}

Result<Ref<Value>> length_hint(Call& call) {
  SequenceIterator* iterator = iterator_of(call[0]);
  if (iterator->container.is_unbound()) return unboxed(Value::integer(0));
  int64_t length = MINI_TRY(object::length(call.heap, iterator->container));
  bool reversed =
      has_kind(call[0], BuiltinType::kListReverseIterator) || has_kind(call[0], BuiltinType::kReversed);
  int64_t rest = reversed ? (iterator->index < length ? iterator->index + 1 : 0) : length - iterator->index;
  return make_int(call.heap, std::max<int64_t>(rest, 0));
}
constexpr NativeDefinition kIteratorMethods[] = {{"iterator.__length_hint__(self, /)", length_hint}};

constexpr struct {
  BuiltinType type;
  Result<Ref<Value>> (*next)(Heap&, Value);
} kIteratorTypes[] = {
    {BuiltinType::kStrIterator, next_character},
    {BuiltinType::kWideStrIterator, next_character},
    {BuiltinType::kBytesIterator, next_byte},
    {BuiltinType::kTupleIterator, next_item},
    {BuiltinType::kListIterator, next_item},
    {BuiltinType::kListReverseIterator, next_item_reversed},
    {BuiltinType::kSequenceIterator, next_by_index},
    {BuiltinType::kReversed, next_by_index_reversed},
};

}  // namespace

Result<Ref<Value>> make_sequence_iterator(Heap& heap, BuiltinType which, Value container) {
  int64_t start = 0;
  if (which == BuiltinType::kListReverseIterator)
    start = static_cast<int64_t>(items_of(container).size()) - 1;
  if (which == BuiltinType::kReversed) start = MINI_TRY(length(heap, container)) - 1;
  Ref<SequenceIterator> iterator = MINI_TRY(heap.create<SequenceIterator>(which));
  iterator->container = Ref<Value>::share(container).release();
  iterator->index = start;
  return Ref<Value>(std::move(iterator));
}

Result<Ref<Value>> make_callable_iterator(Heap& heap, Value function, Value sentinel) {
  Ref<CallableIterator> iterator = MINI_TRY(heap.create<CallableIterator>(BuiltinType::kCallableIterator));
  iterator->function = Ref<Value>::share(function).release();
  iterator->sentinel = Ref<Value>::share(sentinel).release();
  return Ref<Value>(std::move(iterator));
}

Result<Ref<Value>> make_reversed(Heap& heap, Value sequence) {
  Type* type = heap.type_of(sequence);
  Ref<Value> method = MINI_TRY(find_attribute(heap, Value(type), heap.name(Name::k__reversed__)));
  if (!method.get().is_unbound()) {
    if (!method.get().is_none()) return call(heap, method, &sequence, 1);
  } else if ((type->behaviour.get_item && type->behaviour.length &&
              !has_kind(sequence, BuiltinType::kDict)) ||
             !script_method(heap, type, Name::k__getitem__).is_unbound()) {
    return make_sequence_iterator(heap, BuiltinType::kReversed, sequence);
  }
  return heap.raise(BuiltinType::kTypeError, "'{}' object is not reversible", type_name(heap, sequence));
}

void define_iterator_types(Heap& heap) {
  for (const auto& [which, next] : kIteratorTypes) {
    Type* type = heap.type(which);
    type->behaviour = {.visit = visit_iterator, .drop = drop_iterator, .next = next};
    type->instance_size = sizeof(SequenceIterator);
    type->type_flags |= Type::kTracked;
  }
  Type* type = heap.type(BuiltinType::kCallableIterator);
  type->behaviour = {.visit = visit_callable_iterator, .drop = drop_callable_iterator, .next = next_by_call};
  type->instance_size = sizeof(CallableIterator);
  type->type_flags |= Type::kTracked;
}

Result<void> define_iterator_methods(Heap& heap) {
  for (const auto& [which, next] : kIteratorTypes) {
    if (which == BuiltinType::kSequenceIterator) continue;
    MINI_TRY(add_methods(heap, heap.type(which), kIteratorMethods, std::size(kIteratorMethods)));
  }
  return {};
}

}  // namespace mini::object
