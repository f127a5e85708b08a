// Tuples, lists, ranges, slices.
#pragma once

#include "runtime/base/integer.h"
#include "runtime/object/heap.h"

namespace mini::object {

struct Tuple : Tracked {
  mutable int64_t cached_hash;  ///< 0: not yet computed
  uint64_t length;
  Value* items() { return reinterpret_cast<Value*>(this + 1); }
  const Value* items() const { return reinterpret_cast<const Value*>(this + 1); }
};
/// A tuple of `length` empty slots, to be filled with owned values. The empty tuple is shared.
Result<Ref<Tuple>> make_tuple(Heap&, size_t length);
/// A tuple that shares `items`.
Result<Ref<Tuple>> make_tuple(Heap&, const Value* items, size_t length);
/// A tuple that takes over the counts of `items`, also when it fails.
Result<Ref<Tuple>> make_tuple_from_stack(Heap&, Value* items, size_t length);

/// A tuple that an iterator keeps, to hand it out again and again: `length` times None at first.
Result<Ref<Tuple>> make_kept_tuple(Heap&, size_t length);
/// What is handed out next, to be filled by put(): the kept tuple if nobody else holds it, else a new one (enumerate, zip and
/// the items of dicts in CPython).
Result<Ref<Tuple>> next_to_fill(Heap&, Tuple* kept);
/// Takes over `item`, and drops what stood there.
inline void put(Tuple* tuple, size_t index, Value item) { decref(std::exchange(tuple->items()[index], item)); }

/// tuple(iterable)
Result<Ref<Tuple>> tuple_from(Heap&, Value iterable);

struct List : Tracked {
  Value* items;
  uint64_t length;
  uint64_t capacity;
};
Result<Ref<List>> make_list(Heap&, size_t capacity = 0);
/// A list that takes over the counts of `items`, also when it fails.
Result<Ref<List>> make_list_from_stack(Heap&, Value* items, size_t length);
Result<void> append(Heap&, List*, Ref<Value> item);
/// Room for `length` items in all.
Result<void> reserve(Heap&, List*, size_t length);
/// Drops all items, the last one first.
void clear(Heap&, List*);
/// Puts `item_count` items, whose counts it takes over, in place of `count` items from `start` on. Needs the room.
void splice(Heap&, List*, size_t start, size_t count, const Value* items, size_t item_count);
/// Appends all items of any iterable.
Result<void> extend(Heap&, List*, Value iterable);
Result<Ref<List>> list_from(Heap&, Value iterable);
/// The same with another text for the TypeError where `iterable` is none; what iterating it raises stays as it is.
Result<Ref<List>> list_from(Heap&, Value iterable, const char* refusal);
/// Stable, in place; the list is detached (empty) meanwhile, as CPython's. `key` may be kUnbound or None.
Result<void> sort(Heap&, List*, Value key, bool reverse);

/// `range(start, stop, step)`.
struct Range : Object {
  int64_t start, stop, step;  ///< each fits a Value
  int64_t length;
  /// Null; or start, stop, step and length, if one of the first three does not fit. Then what stands above is 0.
  Tuple* wide;
};
struct RangeIterator : Object {
  int64_t next, step, remaining;
};
/// Over a range whose numbers do not fit: ints of any size.
struct WideRangeIterator : Object {
  Value next, step, remaining;
};
/// Of numbers that fit a Value each.
Result<Ref<Range>> make_range(Heap&, int64_t start, int64_t stop, int64_t step);

struct Slice : Tracked {
  Value start, stop, step;
};
Result<Ref<Slice>> make_slice(Heap&, Ref<Value> start, Ref<Value> stop, Ref<Value> step);
struct SliceBounds {
  int64_t start, stop, step, length;
};
/// What the slice selects of `length` items (PySlice_AdjustIndices).
Result<SliceBounds> resolve_slice(Heap&, const Slice*, int64_t length);
struct WideSliceBounds {
  base::Integer start, stop, step;
};
/// The same of a length of any size, which is not negative, with nothing cut to 64 bits (_PySlice_GetLongIndices, 3.13
/// Objects/sliceobject.c).
Result<WideSliceBounds> resolve_wide_slice(Heap&, const Slice*, const base::Integer& length);
/// An index of any kind as a number (`__index__`); TypeError names `what`, e.g. "list indices".
Result<int64_t> index_of(Heap&, Value key, const char* type_error_format);

/// Iterators over list, tuple, str, bytes: the container and the next position. At the end the container is dropped.
struct SequenceIterator : Tracked {
  Value container;  ///< kUnbound after the end
  int64_t index;
};

Result<Ref<Value>> make_sequence_iterator(Heap&, BuiltinType which, Value container);
/// `iter(function, sentinel)`
Result<Ref<Value>> make_callable_iterator(Heap&, Value function, Value sentinel);
/// `reversed(sequence)`, its `__reversed__` included.
Result<Ref<Value>> make_reversed(Heap&, Value sequence);

void define_sequence_types(Heap&);
Result<void> define_sequence_methods(Heap&);

}  // namespace mini::object
