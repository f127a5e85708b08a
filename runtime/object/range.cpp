// Ranges: numbers that are computed when they are asked for. Ranges whose bounds do not fit into a word are "wide": they
// are computed with numbers of any size.
#include <algorithm>

#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

using base::Integer;

Range* range_of(Value value) {
  return static_cast<Range*>(value.as_object());
}

void visit_range(Object* object, Visitor& visitor) {
  Range* range = static_cast<Range*>(object);
  for (int64_t field : {range->start, range->stop, range->step, range->length}) {
    visitor.scalar(static_cast<uint64_t>(field));
  }
  visitor.reference(range->wide);
}

void drop_range(Heap&, Object* object) {
  if (Tuple* wide = std::exchange(static_cast<Range*>(object)->wide, nullptr)) decref(wide);
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

/// The numbers of any range.
struct Numbers {
  Integer start, stop, step, length;
  Integer item(const Integer& index) const { return start + index * step; }
};

Numbers numbers_of(const Range* range) {
  if (!range->wide) return {range->start, range->stop, range->step, range->length};
  const Value* items = range->wide->items();
  return {integer_of(items[0]), integer_of(items[1]), integer_of(items[2]), integer_of(items[3])};
}

bool fits_value(const Integer& number) {
  return number.fits_int64() && Value::fits_int(number.to_int64());
}

/// As many of the numbers as there are in `parts`, as a tuple.
Result<Ref<Tuple>> tuple_of(Heap& heap, std::initializer_list<const Integer*> parts) {
  Ref<Tuple> tuple = MINI_TRY(make_tuple(heap, parts.size()));
  size_t at = 0;
  for (const Integer* part : parts) tuple->items()[at++] = MINI_TRY(make_int(heap, *part)).release();
  return tuple;
}

/// A range of any numbers.
Result<Ref<Range>> make_any_range(Heap& heap, const Integer& start, const Integer& stop, const Integer& step) {
  if (fits_value(start) && fits_value(stop) && fits_value(step))
    return make_range(heap, start.to_int64(), stop.to_int64(), step.to_int64());
  const Integer gap = step.is_negative() ? start - stop : stop - start;
  const Integer length =
      gap.sign() <= 0 ? Integer(0) : Integer::floor_divide(gap - Integer(1), step.abs()).quotient + Integer(1);
  Ref<Tuple> numbers = MINI_TRY(tuple_of(heap, {&start, &stop, &step, &length}));
  Ref<Range> range = MINI_TRY(heap.create<Range>(BuiltinType::kRange));
  range->wide = numbers.release();
  return range;
}

void visit_wide_iterator(Object* object, Visitor& visitor) {
  WideRangeIterator* iterator = static_cast<WideRangeIterator*>(object);
  for (Value field : {iterator->next, iterator->step, iterator->remaining}) visitor.reference(field);
}

void drop_wide_iterator(Heap&, Object* object) {
  WideRangeIterator* iterator = static_cast<WideRangeIterator*>(object);
  for (Value* field : {&iterator->next, &iterator->step, &iterator->remaining}) decref(std::exchange(*field, kUnbound));
}

Result<Ref<Value>> make_wide_iterator(Heap& heap, const Integer& next, const Integer& step, const Integer& remaining) {
  Ref<WideRangeIterator> iterator = MINI_TRY(heap.create<WideRangeIterator>(BuiltinType::kWideRangeIterator));
  iterator->next = MINI_TRY(make_int(heap, next)).release();
  iterator->step = MINI_TRY(make_int(heap, step)).release();
  iterator->remaining = MINI_TRY(make_int(heap, remaining)).release();
  return Ref<Value>(std::move(iterator));
}

Result<Ref<Value>> wide_next(Heap& heap, Value value) {
  WideRangeIterator* iterator = static_cast<WideRangeIterator*>(value.as_object());
  if (iterator->remaining == Value::integer(0)) return unboxed(kUnbound);
  Ref<Value> next = MINI_TRY(int_binary(heap, BinaryOp::kAdd, iterator->next, iterator->step));
  Ref<Value> remaining = MINI_TRY(int_binary(heap, BinaryOp::kSubtract, iterator->remaining, Value::integer(1)));
  decref(std::exchange(iterator->remaining, remaining.release()));
  return Ref<Value>::adopt(std::exchange(iterator->next, next.release()));
}

/// The position of a number in a range, or -1.
Integer position(const Numbers& range, const Integer& number) {
  const Integer::Division away = Integer::floor_divide(number - range.start, range.step);
  return away.remainder.is_zero() && !away.quotient.is_negative() && away.quotient < range.length ? away.quotient
                                                                                                  : Integer(-1);
}
int64_t position(const Range* range, int64_t number) {
  if (range->length == 0) return -1;
  int64_t away = number - range->start;
  if (away % range->step != 0) return -1;
  int64_t at = away / range->step;
  return at >= 0 && at < range->length ? at : -1;
}

/// Whether a value equals what its number says, and nothing else: no class has a say in it.
bool is_plain_int(Heap& heap, Value value) {
  return is_any_int(value) && !(heap.type_of(value)->type_flags & Type::kHasScriptMethods);
}

/// The position of any value: one by one where it is no plain int, since it may say itself what it equals.
Result<Integer> find_value(Heap& heap, Value range, Value value) {
  int64_t small = 0;
  if (!range_of(range)->wide && small_int(value, small)) return Integer(position(range_of(range), small));
  if (is_plain_int(heap, value)) return position(numbers_of(range_of(range)), integer_of(value));
  Ref<Value> iterator = MINI_TRY(iterate(heap, range));
  for (int64_t i = 0;; ++i) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) return Integer(-1);
    if (MINI_TRY(equal(heap, item, value))) return Integer(i);
  }
}

Result<Ref<Str>> range_repr(Heap& heap, Value value) {
  Range* range = range_of(value);
  if (range->wide) {
    TextBuilder out;
    out.append("range(");
    const Value* numbers = range->wide->items();
    for (size_t i = 0; i < (numbers[2] == Value::integer(1) ? 2 : 3); ++i) {
      if (i > 0) out.append(", ");
      out.append(MINI_TRY(repr(heap, numbers[i])).get());
    }
    out.append(")");
    return out.finish(heap);
  }
  if (range->step == 1) return make_str(heap, fmt::format("range({}, {})", range->start, range->stop));
  return make_str(heap, fmt::format("range({}, {}, {})", range->start, range->stop, range->step));
}

/// Equal ranges have equal items, so only what the items depend on counts.
Result<int64_t> range_hash(Heap& heap, Value value) {
  const Numbers range = numbers_of(range_of(value));
  Ref<Tuple> tuple = MINI_TRY(tuple_of(heap, {&range.length, &range.start, &range.step}));
  for (int64_t i = 1; i <= 2; ++i)
    if (range.length < Integer(i)) decref(std::exchange(tuple->items()[i], kNone));
  return hash(heap, Value(tuple));
}

Result<Ref<Value>> range_compare(Heap&, CompareOp op, Value left, Value right) {
  bool equality = op == CompareOp::kEqual || op == CompareOp::kNotEqual;
  if (!equality || !has_kind(right, BuiltinType::kRange)) return unboxed(kNotImplemented);
  const Numbers a = numbers_of(range_of(left)), b = numbers_of(range_of(right));
  bool same = a.length == b.length && (a.length < Integer(1) || a.start == b.start) &&
              (a.length < Integer(2) || a.step == b.step);
  return Ref<Value>(same == (op == CompareOp::kEqual));
}

Result<int64_t> range_length(Heap& heap, Value value) {
  const Range* range = range_of(value);
  return range->wide ? to_int64(heap, range->wide->items()[3], "ssize_t") : range->length;
}

Result<bool> range_truth(Heap&, Value value) {
  const Range* range = range_of(value);
  return range->wide ? range->wide->items()[3] != Value::integer(0) : range->length != 0;
}

Raised raise_out_of_range(Heap& heap) {
  return heap.raise(BuiltinType::kIndexError, "range object index out of range");
}

Result<Ref<Value>> range_get_item(Heap& heap, Value value, Value key) {
  const Range* range = range_of(value);
  int64_t small = 0;
  if (!range->wide && small_int(key, small)) {
    if (small < 0) small += range->length;
    if (small < 0 || small >= range->length) return raise_out_of_range(heap);
    return make_int(heap, range->start + small * range->step);
  }
  if (has_kind(key, BuiltinType::kSlice)) {
    const Numbers numbers = numbers_of(range);
    const WideSliceBounds bounds =
        MINI_TRY(resolve_wide_slice(heap, static_cast<Slice*>(key.as_object()), numbers.length));
    return widen(make_any_range(heap, numbers.item(bounds.start), numbers.item(bounds.stop),
                                numbers.step * bounds.step));
  }
  if (!is_index(heap, key)) {
    return heap.raise(BuiltinType::kTypeError, "range indices must be integers or slices, not {}",
                      type_name(heap, key));
  }
  Ref<Value> number = MINI_TRY(to_index(heap, key));
  const Numbers numbers = numbers_of(range);
  Integer index = integer_of(number);
  if (index.is_negative()) index = index + numbers.length;
  if (index.is_negative() || index >= numbers.length) return raise_out_of_range(heap);
  return make_int(heap, numbers.item(index));
}

Result<bool> range_contains(Heap& heap, Value value, Value item) {
  return !MINI_TRY(find_value(heap, value, item)).is_negative();
}

Result<Ref<Value>> range_iterate(Heap& heap, Value value) {
  Range* range = range_of(value);
  if (range->wide) {
    const Numbers numbers = numbers_of(range);
    return make_wide_iterator(heap, numbers.start, numbers.step, numbers.length);
  }
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

Raised raise_zero_step(Heap& heap) {
  return heap.raise(BuiltinType::kValueError, "range() arg 3 must not be zero");
}

Result<Ref<Value>> range_new(Call& call) {
  Heap& heap = call.heap;
  uint32_t count = call.count - 1;
  if (count < 1 || count > 3) {
    return heap.raise(BuiltinType::kTypeError, "range expected at {} {} argument{}, got {}",
                      count ? "most" : "least", count ? 3 : 1, count ? "s" : "", count);
  }
  int64_t numbers[3] = {0, 0, 1};
  Ref<Value> kept[3];
  bool wide = false;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t place = count == 1 ? 1 : i;
    Value given = call.args[i + 1];
    if (small_int(given, numbers[place])) continue;
    kept[place] = MINI_TRY(to_index(heap, given));
    if (!small_int(kept[place], numbers[place])) wide = true;
  }
  if (!wide) return widen(make_range(heap, numbers[0], numbers[1], numbers[2]));
  Integer any[3];
  for (uint32_t i = 0; i < 3; ++i) any[i] = kept[i].get().is_unbound() ? Integer(numbers[i]) : integer_of(kept[i]);
  if (any[2].is_zero()) return raise_zero_step(heap);
  return widen(make_any_range(heap, any[0], any[1], any[2]));
}
constexpr NativeDefinition kRangeConstructor = {"range.__new__(type, /, *args)", range_new};

Result<Ref<Value>> range_index(Call& call) {
  const Integer at = MINI_TRY(find_value(call.heap, call[0], call[1]));
  if (!at.is_negative()) return make_int(call.heap, at);
  const Type* type = call.heap.type_of(call[1]);
  if (type != call.heap.type(BuiltinType::kInt) && type != call.heap.type(BuiltinType::kBool)) {
    return call.heap.raise(BuiltinType::kValueError, "sequence.index(x): x not in sequence");
  }
  Ref<Str> text = MINI_TRY(repr(call.heap, call[1]));
  return call.heap.raise(BuiltinType::kValueError, "{} is not in range", to_utf8(text.get()));
}

Result<Ref<Value>> range_count(Call& call) {
  if (is_plain_int(call.heap, call[1]))
    return make_int(call.heap, int64_t{MINI_TRY(range_contains(call.heap, call[0], call[1]))});
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[0]));
  for (int64_t count = 0;;) {
    Ref<Value> item = MINI_TRY(next(call.heap, iterator));
    if (item.get().is_unbound()) return make_int(call.heap, count);
    count += MINI_TRY(equal(call.heap, item, call[1]));
  }
}

Result<Ref<Value>> range_reversed(Call& call) {
  Range* range = range_of(call[0]);
  if (range->wide) {
    const Numbers numbers = numbers_of(range);
    return make_wide_iterator(call.heap, numbers.item(numbers.length - Integer(1)), -numbers.step, numbers.length);
  }
  int64_t last = range->length ? range->start + (range->length - 1) * range->step : 0;
  return make_iterator(call.heap, last, -range->step, range->length);
}

Result<Ref<Value>> iterator_length_hint(Call& call) {
  return make_int(call.heap, static_cast<RangeIterator*>(call[0].as_object())->remaining);
}

Result<Ref<Value>> wide_iterator_length_hint(Call& call) {
  return Ref<Value>::share(static_cast<WideRangeIterator*>(call[0].as_object())->remaining);
}

constexpr NativeDefinition kRangeMethods[] = {
    {"range.count(self, value, /)", range_count},
    {"range.index(self, value, /)", range_index},
    {"range.__reversed__(self, /)", range_reversed},
};
constexpr NativeDefinition kRangeIteratorMethods[] = {
    {"range_iterator.__length_hint__(self, /)", iterator_length_hint},
};
constexpr NativeDefinition kWideIteratorMethods[] = {
    {"longrange_iterator.__length_hint__(self, /)", wide_iterator_length_hint},
};

/// The getter of start (0), stop (1) or step (2).
template <int which>
Result<Ref<Value>> get_number(Heap& heap, Value self) {
  const Range* range = range_of(self);
  if (range->wide) return Ref<Value>::share(range->wide->items()[which]);
  const int64_t numbers[] = {range->start, range->stop, range->step};
  return make_int(heap, numbers[which]);
}

}  // namespace

Result<Ref<Range>> make_range(Heap& heap, int64_t start, int64_t stop, int64_t step) {
  if (step == 0) return raise_zero_step(heap);
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
                     .drop = drop_range,
                     .repr = range_repr,
                     .hash = range_hash,
                     .compare = range_compare,
                     .truth = range_truth,
                     .length = range_length,
                     .get_item = range_get_item,
                     .contains = range_contains,
                     .iterate = range_iterate};
  type->instance_size = sizeof(Range);
  type->construct = &kRangeConstructor;
  Type* iterator = heap.type(BuiltinType::kRangeIterator);
  iterator->behaviour = {.visit = visit_range_iterator, .next = range_next};
  iterator->instance_size = sizeof(RangeIterator);
  Type* wide_iterator = heap.type(BuiltinType::kWideRangeIterator);
  wide_iterator->behaviour = {.visit = visit_wide_iterator, .drop = drop_wide_iterator, .next = wide_next};
  wide_iterator->instance_size = sizeof(WideRangeIterator);
}

Result<void> define_range_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kRange);
  MINI_TRY(add_methods(heap, type, kRangeMethods, std::size(kRangeMethods)));
  MINI_TRY(add_getset(heap, type, "start", get_number<0>, refuse_to_set));
  MINI_TRY(add_getset(heap, type, "stop", get_number<1>, refuse_to_set));
  MINI_TRY(add_getset(heap, type, "step", get_number<2>, refuse_to_set));
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kWideRangeIterator), kWideIteratorMethods,
                       std::size(kWideIteratorMethods)));
  return add_methods(heap, heap.type(BuiltinType::kRangeIterator), kRangeIteratorMethods,
                     std::size(kRangeIteratorMethods));
}

}  // namespace mini::object
