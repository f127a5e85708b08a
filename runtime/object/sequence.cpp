// What all sequences share: indices, slices, and the type `slice` itself.
#include "runtime/object/sequence.h"

#include <algorithm>

#include "runtime/object/native_scope.h"
#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

void visit_slice(Object* object, Visitor& visitor) {
  Slice* slice = static_cast<Slice*>(object);
  visitor.reference(slice->start);
  visitor.reference(slice->stop);
  visitor.reference(slice->step);
}

void drop_slice(Heap&, Object* object) {
  Slice* slice = static_cast<Slice*>(object);
  for (Value* field : {&slice->start, &slice->stop, &slice->step}) decref(std::exchange(*field, kUnbound));
}

Slice* slice_of(Value value) {
  return static_cast<Slice*>(value.as_object());
}

Result<Ref<Tuple>> parts(Heap& heap, Value value) {
  Slice* slice = slice_of(value);
  Value items[] = {slice->start, slice->stop, slice->step};
  return make_tuple(heap, items, 3);
}

Result<Ref<Str>> slice_repr(Heap& heap, Value value) {
  Ref<Tuple> items = MINI_TRY(parts(heap, value));
  Ref<Str> text = MINI_TRY(repr(heap, Value(items)));
  return make_str(heap, "slice" + to_utf8(text.get()));
}

Result<int64_t> slice_hash(Heap& heap, Value value) {
  Ref<Tuple> items = MINI_TRY(parts(heap, value));
  return hash(heap, Value(items));
}

Result<Ref<Value>> slice_compare(Heap& heap, CompareOp op, Value left, Value right) {
  if (!has_kind(right, BuiltinType::kSlice)) return unboxed(kNotImplemented);
  Ref<Tuple> a = MINI_TRY(parts(heap, left));
  Ref<Tuple> b = MINI_TRY(parts(heap, right));
  return compare(heap, op, Value(a), Value(b));
}

Result<void> check_slice_part(Heap& heap, Value part) {
  if (is_index(heap, part)) return {};
  return heap.raise(BuiltinType::kTypeError, "slice indices must be integers or None or have an __index__ method");
}

Raised raise_zero_slice_step(Heap& heap) {
  return heap.raise(BuiltinType::kValueError, "slice step cannot be zero");
}

/// A part of a slice as a number; `missing` for None.
Result<int64_t> slice_part(Heap& heap, Value part, int64_t missing) {
  if (part.is_none()) return missing;
  MINI_TRY(check_slice_part(heap, part));
  return to_clamped_int64(heap, part);
}

Result<base::Integer> wide_slice_part(Heap& heap, Value part, const base::Integer& missing) {
  if (part.is_none()) return missing;
  MINI_TRY(check_slice_part(heap, part));
  Ref<Value> number = MINI_TRY(to_index(heap, part));
  return integer_of(number);
}

Result<Ref<Value>> slice_new(Call& call) {
  Heap& heap = call.heap;
  uint32_t count = call.count - 1;
  if (count < 1 || count > 3) {
    return heap.raise(BuiltinType::kTypeError, "slice expected at {} {} argument{}, got {}",
                      count ? "most" : "least", count ? 3 : 1, count ? "s" : "", count);
  }
  auto argument = [&](uint32_t at) { return Ref<Value>::share(at < call.count ? call.args[at] : kNone); };
  if (count == 1) return widen(make_slice(heap, unboxed(kNone), argument(1), unboxed(kNone)));
  return widen(make_slice(heap, argument(1), argument(2), argument(3)));
}
constexpr NativeDefinition kSliceNew = {"slice.__new__(type, /, *args)", slice_new};

Result<Ref<Value>> slice_indices(Call& call) {
  Ref<Value> given = MINI_TRY(to_index(call.heap, call[1]));
  const base::Integer length = integer_of(given);
  if (length.is_negative()) return call.heap.raise(BuiltinType::kValueError, "length should not be negative");
  const WideSliceBounds bounds = MINI_TRY(resolve_wide_slice(call.heap, slice_of(call[0]), length));
  Ref<Tuple> answer = MINI_TRY(make_tuple(call.heap, 3));
  size_t at = 0;
  for (const base::Integer* number : {&bounds.start, &bounds.stop, &bounds.step})
    answer->items()[at++] = MINI_TRY(make_int(call.heap, *number)).release();
  return Ref<Value>(std::move(answer));
}
constexpr NativeDefinition kSliceMethods[] = {{"slice.indices(self, length, /)", slice_indices}};

}  // namespace

Result<Ref<Slice>> make_slice(Heap& heap, Ref<Value> start, Ref<Value> stop, Ref<Value> step) {
  Ref<Slice> slice = MINI_TRY(heap.create<Slice>(BuiltinType::kSlice));
  slice->start = start.release();
  slice->stop = stop.release();
  slice->step = step.release();
  return slice;
}

Result<SliceBounds> resolve_slice(Heap& heap, const Slice* slice, int64_t length) {
  int64_t step = MINI_TRY(slice_part(heap, slice->step, 1));
  if (step == 0) return raise_zero_slice_step(heap);
  step = std::max(step, -INT64_MAX);
  int64_t lowest = step < 0 ? -1 : 0, highest = step < 0 ? length - 1 : length;
  auto clamp = [&](int64_t bound) {
    if (bound < 0) bound += length;
    return std::clamp(bound, lowest, std::max(lowest, highest));
  };
  SliceBounds bounds{
      .start = step < 0 ? highest : 0, .stop = step < 0 ? -1 : length, .step = step, .length = 0};
  if (!slice->start.is_none()) bounds.start = clamp(MINI_TRY(slice_part(heap, slice->start, 0)));
  if (!slice->stop.is_none()) bounds.stop = clamp(MINI_TRY(slice_part(heap, slice->stop, 0)));
  if (step > 0 && bounds.start < bounds.stop) bounds.length = (bounds.stop - bounds.start - 1) / step + 1;
  if (step < 0 && bounds.stop < bounds.start) bounds.length = (bounds.start - bounds.stop - 1) / -step + 1;
  return bounds;
}

Result<WideSliceBounds> resolve_wide_slice(Heap& heap, const Slice* slice, const base::Integer& length) {
  using base::Integer;
  const Integer step = MINI_TRY(wide_slice_part(heap, slice->step, 1));
  if (step.is_zero()) return raise_zero_slice_step(heap);
  const bool backwards = step.is_negative();
  const Integer lowest(backwards ? -1 : 0), highest = backwards ? length - Integer(1) : length;
  auto clamp = [&](Integer bound) {
    if (bound.is_negative()) bound = bound + length;
    return bound < lowest ? lowest : bound > highest ? highest : bound;
  };
  const Integer start = MINI_TRY(wide_slice_part(heap, slice->start, backwards ? highest : lowest));
  const Integer stop = MINI_TRY(wide_slice_part(heap, slice->stop, backwards ? lowest : highest));
  return WideSliceBounds{slice->start.is_none() ? start : clamp(start), slice->stop.is_none() ? stop : clamp(stop),
                         step};
}

Result<int64_t> index_of(Heap& heap, Value key, const char* type_error_format) {
  int64_t small = 0;
  if (small_int(key, small)) return small;
  if (!is_index(heap, key)) {
    return heap.raise_text(BuiltinType::kTypeError,
                           fmt::format(fmt::runtime(type_error_format), type_name(heap, key)));
  }
  Ref<Value> index = MINI_TRY(to_index(heap, key));
  base::Integer number = integer_of(index);
  if (number.fits_int64()) return number.to_int64();
  return heap.raise(BuiltinType::kIndexError, "cannot fit '{}' into an index-sized integer",
                    type_name(heap, key));
}

Result<int64_t> find_item(Heap& heap, Value sequence, Value item, int64_t start, int64_t stop) {
  for (int64_t i = start; i < stop && i < static_cast<int64_t>(items_of(sequence).size()); ++i) {
    Value candidate = items_of(sequence)[static_cast<size_t>(i)];
    if (candidate == item) return i;
    if (candidate.is_int() && item.is_int()) continue;
    Ref<Value> kept = Ref<Value>::share(candidate);
    if (MINI_TRY(equal(heap, kept, item))) return i;
  }
  return -1;
}

Result<Ref<Str>> items_repr(Heap& heap, Value sequence, std::string_view open, std::string_view close) {
  ReprScope scope(heap, sequence.as_object());
  if (scope.repeated()) return make_str(heap, open == "[" ? "[...]" : "(...)");
  TextBuilder out;
  out.append(open);
  for (size_t i = 0; i < items_of(sequence).size(); ++i) {
    if (i > 0) out.append(", ");
    Ref<Value> item = Ref<Value>::share(items_of(sequence)[i]);
    out.append(MINI_TRY(repr(heap, item)).get());
  }
  out.append(close);
  return out.finish(heap);
}

Result<Ref<Value>> compare_items(Heap& heap, CompareOp op, Value left, Value right) {
  bool equality = op == CompareOp::kEqual || op == CompareOp::kNotEqual;
  if (equality && items_of(left).size() != items_of(right).size())
    return Ref<Value>(op == CompareOp::kNotEqual);
  for (size_t i = 0; i < items_of(left).size() && i < items_of(right).size(); ++i) {
    if (items_of(left)[i] == items_of(right)[i]) continue;
    Ref<Value> a = Ref<Value>::share(items_of(left)[i]);
    Ref<Value> b = Ref<Value>::share(items_of(right)[i]);
    if (MINI_TRY(equal(heap, a, b))) continue;
    if (equality) return Ref<Value>(op == CompareOp::kNotEqual);
    return compare(heap, op, a, b);
  }
  return Ref<Value>(compare_ordered(op, items_of(left).size(), items_of(right).size()));
}

Result<Ref<Value>> items_method_count(Call& call) {
  int64_t count = 0;
  for (int64_t at = -1;; ++count) {
    at = MINI_TRY(find_item(call.heap, call[0], call[1], at + 1, INT64_MAX));
    if (at < 0) return make_int(call.heap, count);
  }
}

Result<Ref<Value>> items_index(Call& call, const char* missing) {
  int64_t bounds[] = {0, INT64_MAX};
  int64_t length = static_cast<int64_t>(items_of(call[0]).size());
  for (uint32_t i = 0; i < 2; ++i) {
    if (!call.has(i + 2)) continue;
    if (!is_index(call.heap, call[i + 2])) {
      return call.heap.raise(BuiltinType::kTypeError,
                             "slice indices must be integers or have an __index__ method");
    }
    bounds[i] = MINI_TRY(to_clamped_int64(call.heap, call[i + 2]));
    if (bounds[i] < 0) bounds[i] = std::max<int64_t>(bounds[i] + length, 0);
  }
  int64_t at = MINI_TRY(find_item(call.heap, call[0], call[1], bounds[0], bounds[1]));
  if (at >= 0) return make_int(call.heap, at);
  Ref<Str> text = MINI_TRY(repr(call.heap, call[1]));
  return call.heap.raise_text(BuiltinType::kValueError,
                              fmt::format(fmt::runtime(missing), to_utf8(text.get())));
}

Result<int64_t> repeated_length(Heap& heap, uint64_t length, Value times) {
  int64_t count = std::max<int64_t>(MINI_TRY(to_int64(heap, times, "index")), 0);
  int64_t result;
  if (__builtin_mul_overflow(static_cast<int64_t>(length), count, &result) || result > INT64_MAX / 16) {
    return heap.raise_memory_error();
  }
  return result;
}

void define_sequence_types(Heap& heap) {
  Type* type = heap.type(BuiltinType::kSlice);
  type->behaviour = {.visit = visit_slice,
                     .drop = drop_slice,
                     .repr = slice_repr,
                     .hash = slice_hash,
                     .compare = slice_compare};
  type->instance_size = sizeof(Slice);
  type->type_flags |= Type::kTracked;
  type->construct = &kSliceNew;
  define_tuple_type(heap);
  define_list_type(heap);
  define_range_types(heap);
  define_iterator_types(heap);
}

Result<void> define_sequence_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kSlice);
  MINI_TRY(add_methods(heap, type, kSliceMethods, std::size(kSliceMethods)));
  MINI_TRY(add_getset(heap, type, "start", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>::share(slice_of(self)->start);
  }, refuse_to_set));
  MINI_TRY(add_getset(heap, type, "stop", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>::share(slice_of(self)->stop);
  }, refuse_to_set));
  MINI_TRY(add_getset(heap, type, "step", [](Heap&, Value self) -> Result<Ref<Value>> {
    return Ref<Value>::share(slice_of(self)->step);
  }, refuse_to_set));
  MINI_TRY(define_tuple_methods(heap));
  MINI_TRY(define_list_methods(heap));
  MINI_TRY(define_range_methods(heap));
  return define_iterator_methods(heap);
}

}  // namespace mini::object
