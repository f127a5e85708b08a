// Ranges: numbers that are computed when they are asked for.
#include <algorithm>

#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

Range* range_of(Value value) {
  return static_cast<Range*>(value.as_object());
}

void visit_range(Object* object, Visitor& visitor) {
  Range* range = static_cast<Range*>(object);
  for (int64_t field : {range->start, range->stop, range->step, range->length}) {
    visitor.scalar(static_cast<uint64_t>(field));
  }
}

void visit_range_iterator(Object* object, Visitor& visitor) {
  RangeIterator* iterator = static_cast<RangeIterator*>(object);
  for (int64_t field : {iterator->next, iterator->step, iterator->remaining}) {
    visitor.scalar(static_cast<uint64_t>(field));
  }
}

Result<Ref<Value>> make_iterator(Heap& heap, int64_t next, int64_t step, int64_t remaining) {
  Ref<RangeIterator> iterator = MINI_TRY(heap.create<RangeIterator>(BuiltinType::kRangeIterator));
  iterator->next = next;
  iterator->step = step;
  iterator->remaining = remaining;
  return Ref<Value>(std::move(iterator));
}

/// The position of a number in a range, or -1.
int64_t position(const Range* range, int64_t number) {
  if (range->length == 0) return -1;
  int64_t away = number - range->start;
  if (away % range->step != 0) return -1;
  int64_t at = away / range->step;
  return at >= 0 && at < range->length ? at : -1;
}

/// The position of any value: one by one where it is no plain int, since it may say itself what it equals.
Result<int64_t> find_value(Heap& heap, const Range* range, Value value) {
  int64_t small = 0;
  if (small_int(value, small)) return position(range, small);
  if (has_kind(value, BuiltinType::kInt) && !(heap.type_of(value)->type_flags & Type::kHasScriptMethods)) {
    base::Integer number = integer_of(value);
    return number.fits_int64() && Value::fits_int(number.to_int64()) ? position(range, number.to_int64())
                                                                     : -1;
  }
  for (int64_t i = 0; i < range->length; ++i) {
    if (MINI_TRY(equal(heap, Value::integer(range->start + i * range->step), value))) return i;
  }
  return -1;
}

Result<Ref<Str>> range_repr(Heap& heap, Value value) {
  Range* range = range_of(value);
  if (range->step == 1) return make_str(heap, fmt::format("range({}, {})", range->start, range->stop));
  return make_str(heap, fmt::format("range({}, {}, {})", range->start, range->stop, range->step));
}

/// Equal ranges have equal items, so only what the items depend on counts.
Result<int64_t> range_hash(Heap& heap, Value value) {
  Range* range = range_of(value);
  Value parts[] = {Value::integer(range->length), kNone, kNone};
  if (range->length > 0) parts[1] = Value::integer(range->start);
  if (range->length > 1) parts[2] = Value::integer(range->step);
  Ref<Tuple> tuple = MINI_TRY(make_tuple(heap, parts, 3));
  return hash(heap, Value(tuple));
}

Result<Ref<Value>> range_compare(Heap&, CompareOp op, Value left, Value right) {
  bool equality = op == CompareOp::kEqual || op == CompareOp::kNotEqual;
  if (!equality || !has_kind(right, BuiltinType::kRange)) return unboxed(kNotImplemented);
  Range *a = range_of(left), *b = range_of(right);
  bool same = a->length == b->length && (a->length < 1 || a->start == b->start) &&
              (a->length < 2 || a->step == b->step);
  return Ref<Value>(same == (op == CompareOp::kEqual));
}

Result<int64_t> range_length(Heap&, Value value) {
  return range_of(value)->length;
}

Result<Ref<Value>> range_get_item(Heap& heap, Value value, Value key) {
  Range* range = range_of(value);
  if (has_kind(key, BuiltinType::kSlice)) {
    SliceBounds bounds = MINI_TRY(resolve_slice(heap, static_cast<Slice*>(key.as_object()), range->length));
    int64_t step = 0, stop = 0;
    if (__builtin_mul_overflow(range->step, bounds.step, &step) ||
        __builtin_mul_overflow(range->step, bounds.stop, &stop) ||
        __builtin_add_overflow(range->start, stop, &stop)) {
      return heap.raise(BuiltinType::kOverflowError, "range bounds too large");
    }
    return widen(make_range(heap, range->start + bounds.start * range->step, stop, step));
  }
  int64_t index = MINI_TRY(index_of(heap, key, "range indices must be integers or slices, not {}"));
  if (index < 0) index += range->length;
  if (index < 0 || index >= range->length) {
    return heap.raise(BuiltinType::kIndexError, "range object index out of range");
  }
  return make_int(heap, range->start + index * range->step);
}

Result<bool> range_contains(Heap& heap, Value value, Value item) {
  return MINI_TRY(find_value(heap, range_of(value), item)) >= 0;
}

Result<Ref<Value>> range_iterate(Heap& heap, Value value) {
  Range* range = range_of(value);
  return make_iterator(heap, range->start, range->step, range->length);
}

Result<Ref<Value>> range_next(Heap&, Value value) {
  RangeIterator* iterator = static_cast<RangeIterator*>(value.as_object());
  if (iterator->remaining == 0) return unboxed(kUnbound);
  int64_t number = iterator->next;
  // The last step may lead out of the numbers that a range can hold.
  if (--iterator->remaining > 0) iterator->next += iterator->step;
  return unboxed(Value::integer(number));
}

/// An argument of range(): any int that a range can hold.
Result<int64_t> bound(Heap& heap, Value value) {
  Ref<Value> index = MINI_TRY(to_index(heap, value));
  base::Integer number = integer_of(index);
  if (number.fits_int64() && Value::fits_int(number.to_int64())) return number.to_int64();
  return heap.raise(BuiltinType::kOverflowError, "range bounds too large");
}

Result<Ref<Value>> range_new(Call& call) {
  Heap& heap = call.heap;
  uint32_t count = call.count - 1;
  if (count < 1 || count > 3) {
    return heap.raise(BuiltinType::kTypeError, "range expected at {} {} argument{}, got {}",
                      count ? "most" : "least", count ? 3 : 1, count ? "s" : "", count);
  }
  int64_t numbers[3] = {0, 0, 1};
  for (uint32_t i = 0; i < count; ++i) numbers[count == 1 ? 1 : i] = MINI_TRY(bound(heap, call.args[i + 1]));
  return widen(make_range(heap, numbers[0], numbers[1], numbers[2]));
}
constexpr NativeDefinition kConstructor = {"range.__new__(type, /, *args)", range_new};

Result<Ref<Value>> range_index(Call& call) {
  int64_t at = MINI_TRY(find_value(call.heap, range_of(call[0]), call[1]));
  if (at >= 0) return make_int(call.heap, at);
  const Type* type = call.heap.type_of(call[1]);
  if (type != call.heap.type(BuiltinType::kInt) && type != call.heap.type(BuiltinType::kBool)) {
    return call.heap.raise(BuiltinType::kValueError, "sequence.index(x): x not in sequence");
  }
  Ref<Str> text = MINI_TRY(repr(call.heap, call[1]));
  return call.heap.raise(BuiltinType::kValueError, "{} is not in range", to_utf8(text.get()));
}

Result<Ref<Value>> range_count(Call& call) {
  int64_t small = 0;
  Range* range = range_of(call[0]);
  if (small_int(call[1], small)) return make_int(call.heap, int64_t{position(range, small) >= 0});
  int64_t count = 0;
  for (int64_t i = 0; i < range->length; ++i) {
    count += MINI_TRY(equal(call.heap, Value::integer(range->start + i * range->step), call[1]));
  }
  return make_int(call.heap, count);
}

Result<Ref<Value>> range_reversed(Call& call) {
  Range* range = range_of(call[0]);
  int64_t last = range->length ? range->start + (range->length - 1) * range->step : 0;
  return make_iterator(call.heap, last, -range->step, range->length);
}

Result<Ref<Value>> iterator_length_hint(Call& call) {
  return make_int(call.heap, static_cast<RangeIterator*>(call[0].as_object())->remaining);
}

constexpr NativeDefinition kMethods[] = {
    {"range.count(self, value, /)", range_count},
    {"range.index(self, value, /)", range_index},
    {"range.__reversed__(self, /)", range_reversed},
};
constexpr NativeDefinition kIteratorMethods[] = {
    {"range_iterator.__length_hint__(self, /)", iterator_length_hint},
};

}  // namespace

Result<Ref<Range>> make_range(Heap& heap, int64_t start, int64_t stop, int64_t step) {
  if (step == 0) return heap.raise(BuiltinType::kValueError, "range() arg 3 must not be zero");
  for (int64_t number : {start, stop, step}) {
    if (!Value::fits_int(number)) return heap.raise(BuiltinType::kOverflowError, "range bounds too large");
  }
  Ref<Range> range = MINI_TRY(heap.create<Range>(BuiltinType::kRange));
  range->start = start;
  range->stop = stop;
  range->step = step;
  if (step > 0 && start < stop) range->length = (stop - start - 1) / step + 1;
  if (step < 0 && start > stop) range->length = (start - stop - 1) / -step + 1;
  return range;
}

void define_range_types(Heap& heap) {
  Type* type = heap.type(BuiltinType::kRange);
  type->behaviour = {.visit = visit_range,
                     .repr = range_repr,
                     .hash = range_hash,
                     .compare = range_compare,
                     .length = range_length,
                     .get_item = range_get_item,
                     .contains = range_contains,
                     .iterate = range_iterate};
  type->instance_size = sizeof(Range);
  type->construct = &kConstructor;
  Type* iterator = heap.type(BuiltinType::kRangeIterator);
  iterator->behaviour = {.visit = visit_range_iterator, .next = range_next};
  iterator->instance_size = sizeof(RangeIterator);
}

Result<void> define_range_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kRange);
  MINI_TRY(add_methods(heap, type, kMethods, std::size(kMethods)));
  for (auto [name, field] : {std::pair{"start", 0}, std::pair{"stop", 1}, std::pair{"step", 2}}) {
    constexpr Result<Ref<Value>> (*kGetters[])(Heap&, Value) = {
        [](Heap& h, Value self) { return make_int(h, range_of(self)->start); },
        [](Heap& h, Value self) { return make_int(h, range_of(self)->stop); },
        [](Heap& h, Value self) { return make_int(h, range_of(self)->step); }};
    MINI_TRY(add_getset(heap, type, name, kGetters[field], refuse_to_set));
  }
  return add_methods(heap, heap.type(BuiltinType::kRangeIterator), kIteratorMethods,
                     std::size(kIteratorMethods));
}

}  // namespace mini::object
