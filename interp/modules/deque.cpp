// collections.deque: a ring of values. Its methods are single steps for all threads, which programs rely on.
#include "interp/modules/collections.h"
#include "runtime/object/native_scope.h"
#include "runtime/object/sequence_types.h"

namespace mini::modules {
namespace {

struct Deque : Tracked {
  Value* items;        ///< a ring of `capacity` places, a power of two (or none)
  uint64_t head;       ///< where the first item stands
  uint64_t length, capacity;
  int64_t maximum;     ///< -1: none
  uint64_t changes;    ///< counts what makes an iterator invalid

  Value& at(uint64_t index) { return items[(head + index) & (capacity - 1)]; }
};
struct DequeIterator : Tracked {
  Deque* deque;        ///< null after the end
  uint64_t position;   ///< items given so far
  uint64_t changes;
};

Deque* deque_of(Value value) { return static_cast<Deque*>(value.as_object()); }
bool is_deque(Value value) { return has_kind(value, BuiltinType::kDeque); }

Result<void> grow(Heap& heap, Deque* deque) {
  if (deque->length < deque->capacity) return {};
  const uint64_t capacity = std::max<uint64_t>(8, deque->capacity * 2);
  auto* items = static_cast<Value*>(heap.allocate_buffer(capacity * sizeof(Value)));
  if (!items) return raised;
  for (uint64_t i = 0; i < deque->length; ++i) items[i] = deque->at(i);
  heap.release_buffer(deque->items, deque->capacity * sizeof(Value));
  deque->items = items;
  deque->capacity = capacity;
  deque->head = 0;
  return {};
}

Ref<Value> take_first(Deque* deque) {
  const Value item = deque->at(0);
  deque->head = (deque->head + 1) & (deque->capacity - 1);
  --deque->length;
  ++deque->changes;
  return Ref<Value>::adopt(item);
}
Ref<Value> take_last(Deque* deque) {
  ++deque->changes;
  return Ref<Value>::adopt(deque->at(--deque->length));
}

/// Adds at one end; what does not fit any more falls out at the other.
Result<void> add(Heap& heap, Deque* deque, Ref<Value> item, bool first) {
  if (deque->maximum == 0) return {};
  Ref<Value> fallen;
  if (deque->maximum > 0 && deque->length >= static_cast<uint64_t>(deque->maximum))
    fallen = first ? take_last(deque) : take_first(deque);
  MINI_TRY(grow(heap, deque));
  if (first) deque->head = (deque->head - 1) & (deque->capacity - 1);
  ++deque->length;
  deque->at(first ? 0 : deque->length - 1) = item.release();
  ++deque->changes;
  return {};
}

Result<Ref<List>> snapshot(Heap& heap, Deque* deque) {
  Ref<List> list = MINI_TRY(make_list(heap, deque->length));
  for (; list->length < deque->length && list->length < list->capacity; ++list->length)
    list->items[list->length] = Ref<Value>::share(deque->at(list->length)).release();
  return list;
}

Result<void> extend_by(Heap& heap, Deque* deque, Value iterable, bool first) {
  Ref<List> own;
  if (iterable == Value(deque)) own = MINI_TRY(snapshot(heap, deque));
  Ref<Value> iterator = MINI_TRY(iterate(heap, own ? Value(own) : iterable));
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) return {};
    MINI_TRY(add(heap, deque, std::move(item), first));
  }
}

void clear(Heap& heap, Deque* deque) {
  Value* items = std::exchange(deque->items, nullptr);
  const uint64_t capacity = std::exchange(deque->capacity, 0), length = std::exchange(deque->length, 0),
                 head = std::exchange(deque->head, 0);
  ++deque->changes;
  for (uint64_t i = 0; i < length; ++i) decref(items[(head + i) & (capacity - 1)]);
  heap.release_buffer(items, capacity * sizeof(Value));
}

/// The items between two indices move by one place to make or close a gap.
void open_gap(Deque* deque, uint64_t index) {
  for (uint64_t i = deque->length++; i > index; --i) deque->at(i) = deque->at(i - 1);
}
Ref<Value> take_at(Deque* deque, uint64_t index) {
  Ref<Value> item = Ref<Value>::adopt(deque->at(index));
  for (uint64_t i = index + 1; i < deque->length; ++i) deque->at(i - 1) = deque->at(i);
  --deque->length;
  ++deque->changes;
  return item;
}

// Making --------------------------------------------------------------------------------------------------------------

Result<int64_t> maximum_argument(Heap& heap, Value given) {
  if (given.is_unbound() || given.is_none()) return -1;
  if (!is_any_int(given)) return heap.raise_text(BuiltinType::kTypeError, "an integer is required");
  const int64_t maximum = MINI_TRY(to_int64(heap, given));
  if (maximum < 0) return heap.raise_text(BuiltinType::kValueError, "maxlen must be non-negative");
  return maximum;
}

/// An empty one: `__init__` fills it.
Result<Ref<Deque>> make_deque(Heap& heap, Type* type, int64_t maximum) {
  Ref<Deque> made = MINI_TRY(heap.create<Deque>(type));
  made->maximum = maximum;
  return made;
}
Result<Ref<Value>> deque_init(Call& call) {
  const int64_t maximum = MINI_TRY(maximum_argument(call.heap, call[2]));
  Deque* deque = deque_of(call[0]);
  deque->maximum = maximum;
  if (deque->length > 0) clear(call.heap, deque);
  if (call.has(1)) MINI_TRY(extend_by(call.heap, deque, call[1], false));
  return none();
}
Result<Ref<Value>> construct(Call& call) {
  Ref<Deque> made = MINI_TRY(make_deque(call.heap, self_of<Type>(call), -1));
  Value arguments[] = {made, call[1], call[2]};
  Call filling{call.heap, arguments, 3, nullptr};
  static_cast<void>(MINI_TRY(deque_init(filling)));
  return made;
}
Result<Ref<Value>> copy(Call& call) {
  Deque* deque = deque_of(call[0]);
  Ref<Deque> made = MINI_TRY(make_deque(call.heap, deque->type, deque->maximum));
  MINI_TRY(extend_by(call.heap, made.get(), call[0], false));
  return made;
}

// Methods -------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> append_(Call& call) {
  MINI_TRY(add(call.heap, deque_of(call[0]), Ref<Value>::share(call[1]), false));
  return none();
}
Result<Ref<Value>> appendleft(Call& call) {
  MINI_TRY(add(call.heap, deque_of(call[0]), Ref<Value>::share(call[1]), true));
  return none();
}
Result<Ref<Value>> extend_(Call& call) {
  MINI_TRY(extend_by(call.heap, deque_of(call[0]), call[1], false));
  return none();
}
Result<Ref<Value>> extendleft(Call& call) {
  MINI_TRY(extend_by(call.heap, deque_of(call[0]), call[1], true));
  return none();
}
Result<void> check_not_empty(Call& call) {
  if (deque_of(call[0])->length > 0) return {};
  return call.heap.raise_text(BuiltinType::kIndexError, "pop from an empty deque");
}
Result<Ref<Value>> pop(Call& call) {
  MINI_TRY(check_not_empty(call));
  return take_last(deque_of(call[0]));
}
Result<Ref<Value>> popleft(Call& call) {
  MINI_TRY(check_not_empty(call));
  return take_first(deque_of(call[0]));
}
Result<Ref<Value>> clear_(Call& call) {
  clear(call.heap, deque_of(call[0]));
  return none();
}
Raised raise_mutated(Heap& heap, BuiltinType error = BuiltinType::kRuntimeError) {
  return heap.raise_text(error, "deque mutated during iteration");
}
/// The first index in [start, stop) with an equal item, or -1.
Result<int64_t> find(Heap& heap, Deque* deque, Value wanted, uint64_t start, uint64_t stop) {
  const uint64_t changes = deque->changes;
  for (uint64_t i = start; i < stop && i < deque->length; ++i) {
    Ref<Value> item = Ref<Value>::share(deque->at(i));
    const bool found = MINI_TRY(equal(heap, item, wanted));
    if (found) return static_cast<int64_t>(i);
    if (deque->changes != changes) return raise_mutated(heap);
  }
  return -1;
}
Result<Ref<Value>> count(Call& call) {
  Deque* deque = deque_of(call[0]);
  int64_t times = 0;
  for (int64_t at = -1;; ++times) {
    at = MINI_TRY(find(call.heap, deque, call[1], static_cast<uint64_t>(at + 1), UINT64_MAX));
    if (at < 0) return make_int(call.heap, times);
  }
}
Result<Ref<Value>> index(Call& call) {
  Deque* deque = deque_of(call[0]);
  const auto length = static_cast<int64_t>(deque->length);
  int64_t bounds[] = {0, length};
  for (uint32_t i = 0; i < 2; ++i) {
    if (!call.has(i + 2)) continue;
    bounds[i] = MINI_TRY(to_clamped_int64(call.heap, call[i + 2]));
    if (bounds[i] < 0) bounds[i] = std::max<int64_t>(bounds[i] + length, 0);
  }
  const int64_t at = MINI_TRY(find(call.heap, deque, call[1], static_cast<uint64_t>(bounds[0]),
                                   static_cast<uint64_t>(bounds[1])));
  if (at >= 0) return make_int(call.heap, at);
  Ref<Str> shown = MINI_TRY(repr(call.heap, call[1]));
  return call.heap.raise(BuiltinType::kValueError, "{} is not in deque", to_utf8(shown.get()));
}
Result<Ref<Value>> insert(Call& call) {
  Deque* deque = deque_of(call[0]);
  if (deque->maximum >= 0 && deque->length >= static_cast<uint64_t>(deque->maximum))
    return call.heap.raise_text(BuiltinType::kIndexError, "deque already at its maximum size");
  int64_t at = MINI_TRY(to_int64(call.heap, call[1]));
  const auto length = static_cast<int64_t>(deque->length);
  if (at < 0) at = std::max<int64_t>(at + length, 0);
  at = std::min(at, length);
  MINI_TRY(grow(call.heap, deque));
  open_gap(deque, static_cast<uint64_t>(at));
  deque->at(static_cast<uint64_t>(at)) = Ref<Value>::share(call[2]).release();
  ++deque->changes;
  return none();
}
Result<Ref<Value>> remove_(Call& call) {
  Deque* deque = deque_of(call[0]);
  const uint64_t changes = deque->changes;
  const int64_t at = MINI_TRY(find(call.heap, deque, call[1], 0, UINT64_MAX));
  if (deque->changes != changes) return raise_mutated(call.heap, BuiltinType::kIndexError);
  if (at < 0) {
    Ref<Str> shown = MINI_TRY(repr(call.heap, call[1]));
    return call.heap.raise(BuiltinType::kValueError, "{} is not in deque", to_utf8(shown.get()));
  }
  static_cast<void>(take_at(deque, static_cast<uint64_t>(at)));
  return none();
}
Result<Ref<Value>> reverse(Call& call) {
  Deque* deque = deque_of(call[0]);
  for (uint64_t i = 0; i < deque->length / 2; ++i) std::swap(deque->at(i), deque->at(deque->length - 1 - i));
  ++deque->changes;
  return none();
}
Result<Ref<Value>> rotate(Call& call) {
  Deque* deque = deque_of(call[0]);
  int64_t steps = call.has(1) ? MINI_TRY(to_int64(call.heap, call[1])) : 1;
  const auto length = static_cast<int64_t>(deque->length);
  if (length < 2) return none();
  steps %= length;
  if (steps > length / 2) steps -= length;
  if (steps < -length / 2) steps += length;
  for (; steps > 0; --steps) {
    const Value last = take_last(deque).release();
    deque->head = (deque->head - 1) & (deque->capacity - 1);
    ++deque->length;
    deque->at(0) = last;
  }
  for (; steps < 0; ++steps) {
    const Value first = take_first(deque).release();
    ++deque->length;
    deque->at(deque->length - 1) = first;
  }
  ++deque->changes;
  return none();
}

// Behaviour -----------------------------------------------------------------------------------------------------------

void visit_deque(Object* object, Visitor& visitor) {
  auto* deque = static_cast<Deque*>(object);
  visitor.scalar(static_cast<uint64_t>(deque->maximum));
  visitor.scalar(deque->length);
  for (uint64_t i = 0; i < deque->length; ++i) visitor.reference(deque->at(i));
}
void drop_deque(Heap& heap, Object* object) { clear(heap, static_cast<Deque*>(object)); }

Result<Ref<Str>> deque_repr(Heap& heap, Value self) {
  Deque* deque = deque_of(self);
  ReprScope scope(heap, deque);
  if (scope.repeated()) return make_str(heap, "[...]");
  Ref<List> items = MINI_TRY(snapshot(heap, deque));
  Ref<Str> shown = MINI_TRY(items_repr(heap, items, "[", "]"));
  const std::string tail = deque->maximum < 0 ? "" : fmt::format(", maxlen={}", deque->maximum);
  return make_str(heap, fmt::format("{}({}{})", to_utf8(deque->type->name), to_utf8(shown.get()), tail));
}
Result<Ref<Value>> deque_compare(Heap& heap, CompareOp op, Value left, Value right) {
  if (!is_deque(left) || !is_deque(right)) return unboxed(kNotImplemented);
  NativeScope scope(heap);
  if (!scope.entered()) return raised;
  Ref<List> a = MINI_TRY(snapshot(heap, deque_of(left))), b = MINI_TRY(snapshot(heap, deque_of(right)));
  return compare_items(heap, op, a, b);
}
/// `deque` times a number, in place.
Result<void> repeat(Heap& heap, Deque* deque, Value times) {
  int64_t number = std::max<int64_t>(0, MINI_TRY(to_int64(heap, times, "index")));
  if (number == 0) clear(heap, deque);
  Ref<List> once = MINI_TRY(snapshot(heap, deque));
  if (once->length > 0 && static_cast<uint64_t>(number) > (uint64_t{1} << 40) / once->length)
    return heap.raise_memory_error();
  if (deque->maximum >= 0 && once->length > 0)  // only the last ones stay
    number = std::min<int64_t>(number, deque->maximum / static_cast<int64_t>(once->length) + 2);
  for (int64_t i = 1; i < number; ++i) MINI_TRY(extend_by(heap, deque, once, false));
  return {};
}
Result<Ref<Value>> copy_of(Heap& heap, Value deque) {
  Value arguments[] = {deque};
  Call copying{heap, arguments, 1, nullptr};
  return copy(copying);
}
Result<Ref<Value>> deque_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op == BinaryOp::kAdd && is_deque(left)) {
    if (!is_deque(right))
      return heap.raise(BuiltinType::kTypeError, "can only concatenate deque (not \"{}\") to deque",
                        type_name(heap, right));
    Ref<Value> sum = MINI_TRY(copy_of(heap, left));
    MINI_TRY(extend_by(heap, deque_of(sum), right, false));
    return sum;
  }
  if (op == BinaryOp::kMultiply && is_deque(left) != is_deque(right)) {
    const Value deque = is_deque(left) ? left : right, times = is_deque(left) ? right : left;
    if (!is_index(heap, times)) return unboxed(kNotImplemented);
    Ref<Value> product = MINI_TRY(copy_of(heap, deque));
    MINI_TRY(repeat(heap, deque_of(product), times));
    return product;
  }
  return unboxed(kNotImplemented);
}
Result<Ref<Value>> deque_in_place(Heap& heap, BinaryOp op, Value self, Value other) {
  if (op == BinaryOp::kAdd) {
    MINI_TRY(extend_by(heap, deque_of(self), other, false));
    return Ref<Value>::share(self);
  }
  if (op != BinaryOp::kMultiply || !is_index(heap, other)) return unboxed(kNotImplemented);
  MINI_TRY(repeat(heap, deque_of(self), other));
  return Ref<Value>::share(self);
}
Result<int64_t> deque_length(Heap&, Value self) { return static_cast<int64_t>(deque_of(self)->length); }
Result<uint64_t> position_of(Heap& heap, Value self, Value key) {
  int64_t at = MINI_TRY(index_of(heap, key, "sequence index must be integer, not '{}'"));
  const auto length = static_cast<int64_t>(deque_of(self)->length);
  if (at < 0) at += length;
  if (at < 0 || at >= length) return heap.raise_text(BuiltinType::kIndexError, "deque index out of range");
  return static_cast<uint64_t>(at);
}
Result<Ref<Value>> deque_get_item(Heap& heap, Value self, Value key) {
  return Ref<Value>::share(deque_of(self)->at(MINI_TRY(position_of(heap, self, key))));
}
Result<void> deque_set_item(Heap& heap, Value self, Value key, Value item) {
  const uint64_t at = MINI_TRY(position_of(heap, self, key));
  if (item.is_unbound()) {
    static_cast<void>(take_at(deque_of(self), at));
  } else {
    decref(std::exchange(deque_of(self)->at(at), Ref<Value>::share(item).release()));
  }
  return {};
}
Result<bool> deque_contains(Heap& heap, Value self, Value item) {
  return MINI_TRY(find(heap, deque_of(self), item, 0, UINT64_MAX)) >= 0;
}

// Iterators -----------------------------------------------------------------------------------------------------------

Result<Ref<Value>> make_iterator(Heap& heap, Value self, BuiltinType which) {
  Ref<DequeIterator> made = MINI_TRY(heap.create<DequeIterator>(which));
  made->deque = deque_of(Ref<Value>::share(self).release());
  made->changes = made->deque->changes;
  return made;
}
Result<Ref<Value>> deque_iterate(Heap& heap, Value self) {
  return make_iterator(heap, self, BuiltinType::kDequeIterator);
}
Result<Ref<Value>> deque_reversed(Call& call) {
  return make_iterator(call.heap, call[0], BuiltinType::kDequeReverseIterator);
}
void drop_iterator(Heap&, Object* object) {
  if (Deque* deque = std::exchange(static_cast<DequeIterator*>(object)->deque, nullptr)) decref(deque);
}
void visit_iterator(Object* object, Visitor& visitor) {
  auto* iterator = static_cast<DequeIterator*>(object);
  visitor.reference(iterator->deque);
  visitor.scalar(iterator->position);
  visitor.scalar(iterator->deque ? iterator->deque->changes - iterator->changes : 0);
}
template <bool kReversed>
Result<Ref<Value>> iterator_next_item(Heap& heap, Value self) {
  auto* iterator = static_cast<DequeIterator*>(self.as_object());
  Deque* deque = iterator->deque;
  if (!deque) return Ref<Value>();
  if (iterator->changes != deque->changes) {
    iterator->position = deque->length;
    return raise_mutated(heap);
  }
  if (iterator->position >= deque->length) {
    drop_iterator(heap, iterator);
    return Ref<Value>();
  }
  const uint64_t position = iterator->position++;
  return Ref<Value>::share(deque->at(kReversed ? deque->length - 1 - position : position));
}
Result<Ref<Value>> length_hint(Call& call) {
  auto* iterator = self_of<DequeIterator>(call);
  return make_int(call.heap, iterator->deque ? static_cast<int64_t>(iterator->deque->length - iterator->position) : 0);
}

constexpr NativeDefinition kConstruct{"deque.__new__(type, iterable=(), maxlen=None)", construct};
constexpr NativeDefinition kDequeMethods[] = {
    {"deque.__init__(self, iterable=(), maxlen=None)", deque_init},
    {"deque.append(self, item, /)", append_},
    {"deque.appendleft(self, item, /)", appendleft},
    {"deque.clear(self, /)", clear_},
    {"deque.copy(self, /)", copy},
    {"deque.__copy__(self, /)", copy},
    {"deque.count(self, value, /)", count},
    {"deque.extend(self, iterable, /)", extend_},
    {"deque.extendleft(self, iterable, /)", extendleft},
    {"deque.index(self, value, start=0, stop=0, /)", index},
    {"deque.insert(self, index, value, /)", insert},
    {"deque.pop(self, /)", pop},
    {"deque.popleft(self, /)", popleft},
    {"deque.remove(self, value, /)", remove_},
    {"deque.reverse(self, /)", reverse},
    {"deque.rotate(self, n=1, /)", rotate},
    {"deque.__reversed__(self, /)", deque_reversed},
};
constexpr NativeDefinition kIteratorMethods[] = {{"_deque_iterator.__length_hint__(self, /)", length_hint}};
constexpr NativeDefinition kDequeIteratorSlots[] = {MINI_ITERATOR_SLOTS("_deque_iterator")};

}  // namespace

Result<void> define_deque(Heap& heap) {
  MINI_TRY(define_type(heap, BuiltinType::kDeque,
                       {.instance_size = sizeof(Deque),
                        .tracked = true,
                        .subclassable = true,
                        .behaviour = {.visit = visit_deque,
                                      .drop = drop_deque,
                                      .repr = deque_repr,
                                      .compare = deque_compare,
                                      .binary = deque_binary,
                                      .in_place = deque_in_place,
                                      .length = deque_length,
                                      .get_item = deque_get_item,
                                      .set_item = deque_set_item,
                                      .contains = deque_contains,
                                      .iterate = deque_iterate},
                        .construct = &kConstruct,
                        .methods = kDequeMethods}));
  MINI_TRY(add_slot_methods(heap, heap.type(BuiltinType::kDeque)));
  MINI_TRY(add_operator_methods(heap, heap.type(BuiltinType::kDeque), {BinaryOp::kAdd, BinaryOp::kMultiply},
                                {BinaryOp::kAdd, BinaryOp::kMultiply}));
  MINI_TRY(add_getset(heap, heap.type(BuiltinType::kDeque), "maxlen", [](Heap& owner, Value self) -> Result<Ref<Value>> {
    const int64_t maximum = deque_of(self)->maximum;
    if (maximum < 0) return none();
    return make_int(owner, maximum);
  }));
  for (BuiltinType which : {BuiltinType::kDequeIterator, BuiltinType::kDequeReverseIterator})
    MINI_TRY(define_type(heap, which,
                         {.instance_size = sizeof(DequeIterator),
                          .tracked = true,
                          .subclassable = false,
                          .behaviour = {.visit = visit_iterator,
                                        .drop = drop_iterator,
                                        .iterate = share_self,
                                        .next = which == BuiltinType::kDequeIterator ? iterator_next_item<false>
                                                                                     : iterator_next_item<true>},
                          .construct = nullptr,
                          .methods = kIteratorMethods,
                          .slots = kDequeIteratorSlots}));
  return {};
}

}  // namespace mini::modules
