// The iterators of `itertools` that combine items: of several iterables, or of one in many orders.
#include "interp/modules/itertools.h"

namespace mini::modules {
namespace {

Tuple* tuple_in(Itertool* tool, uint32_t place) { return static_cast<Tuple*>(tool->place[place].as_object()); }
/// A place that holds a list of small ints: what is chosen of each pool.
Value* numbers_in(Itertool* tool, uint32_t place) { return static_cast<List*>(tool->place[place].as_object())->items; }

Result<Ref<List>> make_numbers(Heap& heap, size_t count) {
  Ref<List> list = MINI_TRY(make_list(heap, count));
  for (; list->length < count; ++list->length) list->items[list->length] = Value::integer(0);
  return list;
}

// compress: the iterator of data, that of selectors -------------------------------------------------------------------

Result<Ref<Value>> make_compress(Call& call) {
  Ref<Value> data = MINI_TRY(iterate(call.heap, call[1]));
  Ref<Value> selectors = MINI_TRY(iterate(call.heap, call[2]));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = data.release();
  made->place[1] = selectors.release();
  return made;
}
Result<Ref<Value>> compress_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, tool->place[0]));
    if (item.get().is_unbound()) return item;
    Ref<Value> selector = MINI_TRY(next(heap, tool->place[1]));
    if (selector.get().is_unbound()) return selector;
    if (MINI_TRY(truth(heap, selector))) return item;
  }
}

// zip_longest: the list of iterators (unbound after their end), what fills; how many go on --------------------------

Result<Ref<Value>> make_zip_longest(Call& call) {
  Ref<List> iterators = MINI_TRY(make_list(call.heap));
  for (uint32_t i = 1; i < call.count; ++i)
    MINI_TRY(append(call.heap, iterators.get(), MINI_TRY(iterate(call.heap, call[i]))));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->number[0] = static_cast<int64_t>(iterators->length);
  made->place[0] = Value(iterators.release());
  made->place[1] = Ref<Value>::share(call.keywords[0].is_unbound() ? kNone : call.keywords[0]).release();
  return made;
}
Result<Ref<Value>> zip_longest_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  auto* iterators = static_cast<List*>(tool->place[0].as_object());
  if (tool->number[0] == 0) return at_end();
  Ref<Tuple> items = MINI_TRY(make_tuple(heap, iterators->length));
  for (uint64_t i = 0; i < iterators->length; ++i) {
    Ref<Value> item = at_end();
    if (!iterators->items[i].is_unbound()) {
      Ref<Value> iterator = Ref<Value>::share(iterators->items[i]);
      auto found = next(heap, iterator);
      if (!found.ok()) {
        tool->number[0] = 0;
        return raised;
      }
      item = found.take();
      if (item.get().is_unbound()) {
        if (--tool->number[0] <= 0) return at_end();
        decref(std::exchange(iterators->items[i], kUnbound));
      }
    }
    items->items()[i] = item.get().is_unbound() ? Ref<Value>::share(tool->place[1]).release() : item.release();
  }
  return items;
}

// product: the tuple of pools, the numbers chosen; whether it has begun (1) or is over (2) --------------------------

Result<Ref<Value>> make_product(Call& call) {
  Heap& heap = call.heap;
  const int64_t repeat = call.keywords[0].is_unbound() ? 1 : MINI_TRY(to_int64(heap, call.keywords[0], "ssize_t"));
  if (repeat < 0) return heap.raise_text(BuiltinType::kValueError, "repeat argument cannot be negative");
  const size_t given = repeat == 0 ? 0 : call.count - 1;
  if (given > 0 && static_cast<uint64_t>(repeat) > (size_t{1} << 32) / given)
    return heap.raise_text(BuiltinType::kOverflowError, "repeat argument too large");
  Ref<Tuple> pools = MINI_TRY(make_tuple(heap, given * static_cast<size_t>(repeat)));
  bool empty = false;
  for (size_t i = 0; i < pools->length; ++i) {
    Ref<Value> pool = i < given ? MINI_TRY(widen(tuple_from(heap, call[static_cast<uint32_t>(i) + 1])))
                                : Ref<Value>::share(pools->items()[i - given]);
    empty |= static_cast<Tuple*>(pool.get().as_object())->length == 0;
    pools->items()[i] = pool.release();
  }
  Ref<List> numbers = MINI_TRY(make_numbers(heap, pools->length));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = Value(pools.release());
  made->place[1] = Value(numbers.release());
  made->number[0] = empty ? 2 : 0;
  return made;
}
Result<Ref<Value>> product_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->number[0] == 2) return at_end();
  Tuple* pools = tuple_in(tool, 0);
  Value* chosen = numbers_in(tool, 1);
  auto pool = [&](size_t i) { return static_cast<Tuple*>(pools->items()[i].as_object()); };
  if (tool->number[0] == 1) {
    size_t i = pools->length;
    while (i > 0) {
      --i;
      const int64_t following = chosen[i].as_int() + 1;
      if (static_cast<uint64_t>(following) < pool(i)->length) {
        chosen[i] = Value::integer(following);
        break;
      }
      chosen[i] = Value::integer(0);
      if (i == 0) tool->number[0] = 2;
    }
    if (pools->length == 0) tool->number[0] = 2;
    if (tool->number[0] == 2) return at_end();
  }
  tool->number[0] = 1;
  Ref<Tuple> result = MINI_TRY(make_tuple(heap, pools->length));
  for (size_t i = 0; i < pools->length; ++i)
    result->items()[i] = Ref<Value>::share(pool(i)->items()[chosen[i].as_int()]).release();
  return result;
}

// permutations, combinations: the pool, the numbers chosen, (permutations) the cycles; begun or over; how many -------

Result<Ref<Value>> result_of(Heap& heap, Itertool* tool) {
  const auto length = static_cast<size_t>(tool->number[1]);
  Ref<Tuple> result = MINI_TRY(make_tuple(heap, length));
  for (size_t i = 0; i < length; ++i) {
    const Value item = tuple_in(tool, 0)->items()[numbers_in(tool, 1)[i].as_int()];
    result->items()[i] = Ref<Value>::share(item).release();
  }
  return result;
}
Result<int64_t> length_argument(Call& call, Value value) {
  const int64_t length = MINI_TRY(to_int64(call.heap, value));
  if (length < 0) return call.heap.raise_text(BuiltinType::kValueError, "r must be non-negative");
  return length;
}
Result<Ref<Value>> make_chooser(Call& call, Ref<Tuple> pool, int64_t length, size_t numbers, bool over, bool counts) {
  Ref<List> chosen = MINI_TRY(make_numbers(call.heap, over ? 0 : numbers));
  for (size_t i = 0; counts && i < chosen->length; ++i) chosen->items[i] = Value::integer(static_cast<int64_t>(i));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = Value(pool.release());
  made->place[1] = Value(chosen.release());
  made->number[0] = over ? 2 : 0;
  made->number[1] = length;
  return made;
}

Result<Ref<Value>> make_permutations(Call& call) {
  Ref<Tuple> pool = MINI_TRY(tuple_from(call.heap, call[1]));
  const auto size = static_cast<int64_t>(pool->length);
  int64_t length = size;
  if (call.has(2) && !call[2].is_none()) {
    if (!is_any_int(call[2])) return call.heap.raise_text(BuiltinType::kTypeError, "Expected int as r");
    length = MINI_TRY(length_argument(call, call[2]));
  }
  const bool over = length > size;
  Ref<List> cycles = MINI_TRY(make_numbers(call.heap, over ? 0 : static_cast<size_t>(length)));
  for (size_t i = 0; i < cycles->length; ++i) cycles->items[i] = Value::integer(size - static_cast<int64_t>(i));
  Ref<Value> made =
      MINI_TRY(make_chooser(call, std::move(pool), length, static_cast<size_t>(size), over, true));
  as_itertool(made)->place[2] = Value(cycles.release());
  return made;
}
Result<Ref<Value>> permutations_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->number[0] == 2) return at_end();
  if (tool->number[0] == 1) {
    const auto size = static_cast<int64_t>(tuple_in(tool, 0)->length);
    Value* chosen = numbers_in(tool, 1);
    Value* cycles = numbers_in(tool, 2);
    int64_t i = tool->number[1] - 1;
    for (; i >= 0; --i) {
      const int64_t left = cycles[i].as_int() - 1;
      if (left > 0) {
        cycles[i] = Value::integer(left);
        std::swap(chosen[i], chosen[size - left]);
        break;
      }
      std::rotate(chosen + i, chosen + i + 1, chosen + size);
      cycles[i] = Value::integer(size - i);
    }
    if (i < 0) {
      tool->number[0] = 2;
      return at_end();
    }
  }
  tool->number[0] = 1;
  return result_of(heap, tool);
}

Result<Ref<Value>> make_combinations(Call& call) {
  Ref<Tuple> pool = MINI_TRY(tuple_from(call.heap, call[1]));
  const int64_t length = MINI_TRY(length_argument(call, call[2]));
  const bool over = length > static_cast<int64_t>(pool->length);
  return make_chooser(call, std::move(pool), length, static_cast<size_t>(length), over, true);
}
Result<Ref<Value>> combinations_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->number[0] == 2) return at_end();
  if (tool->number[0] == 1) {
    const auto size = static_cast<int64_t>(tuple_in(tool, 0)->length);
    const int64_t length = tool->number[1];
    Value* chosen = numbers_in(tool, 1);
    int64_t i = length - 1;
    while (i >= 0 && chosen[i].as_int() == i + size - length) --i;
    if (i < 0) {
      tool->number[0] = 2;
      return at_end();
    }
    for (int64_t number = chosen[i].as_int() + 1; i < length; ++i, ++number) chosen[i] = Value::integer(number);
  }
  tool->number[0] = 1;
  return result_of(heap, tool);
}

Result<Ref<Value>> make_with_replacement(Call& call) {
  Ref<Tuple> pool = MINI_TRY(tuple_from(call.heap, call[1]));
  const int64_t length = MINI_TRY(length_argument(call, call[2]));
  const bool over = pool->length == 0 && length > 0;
  return make_chooser(call, std::move(pool), length, static_cast<size_t>(length), over, false);
}
Result<Ref<Value>> with_replacement_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  if (tool->number[0] == 2) return at_end();
  if (tool->number[0] == 1) {
    const auto size = static_cast<int64_t>(tuple_in(tool, 0)->length);
    const int64_t length = tool->number[1];
    Value* chosen = numbers_in(tool, 1);
    int64_t i = length - 1;
    while (i >= 0 && chosen[i].as_int() == size - 1) --i;
    if (i < 0) {
      tool->number[0] = 2;
      return at_end();
    }
    const int64_t number = chosen[i].as_int() + 1;
    for (; i < length; ++i) chosen[i] = Value::integer(number);
  }
  tool->number[0] = 1;
  return result_of(heap, tool);
}

// groupby: the iterator, the key function or None, the key of the group under way, the key and the value at hand; the
// number of that group. A group: the groupby, its key; its number. ----------------------------------------------------

Result<Ref<Value>> make_groupby(Call& call) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[1]));
  Ref<Itertool> made = MINI_TRY(make_itertool(call));
  made->place[0] = iterator.release();
  made->place[1] = Ref<Value>::share(call.has(2) ? call[2] : kNone).release();
  return made;
}
/// Reads the next value and its key; false at the end.
Result<bool> groupby_step(Heap& heap, Itertool* tool) {
  Ref<Value> value = MINI_TRY(next(heap, tool->place[0]));
  if (value.get().is_unbound()) return false;
  const Value argument = value;
  Ref<Value> key = tool->place[1].is_none() ? value.share() : MINI_TRY(object::call(heap, tool->place[1], &argument, 1));
  put(tool, 4, std::move(value));
  put(tool, 3, std::move(key));
  return true;
}
Result<bool> same_group(Heap& heap, Value wanted, Value key) {
  Ref<Value> kept_wanted = Ref<Value>::share(wanted), kept_key = Ref<Value>::share(key);
  return equal(heap, kept_wanted, kept_key);
}
Result<Ref<Value>> groupby_next(Heap& heap, Value self) {
  Itertool* tool = as_itertool(self);
  ++tool->number[0];
  for (;;) {
    if (!tool->place[3].is_unbound()) {
      if (tool->place[2].is_unbound() || !MINI_TRY(same_group(heap, tool->place[2], tool->place[3]))) break;
    }
    if (!MINI_TRY(groupby_step(heap, tool))) return at_end();
  }
  put(tool, 2, Ref<Value>::share(tool->place[3]));
  Ref<Itertool> group = MINI_TRY(make_itertool(heap, heap.type(BuiltinType::kGrouper)));
  group->place[0] = Ref<Value>::share(self).release();
  group->place[1] = Ref<Value>::share(tool->place[2]).release();
  group->number[0] = tool->number[0];
  const Value pair[] = {tool->place[3], group};
  return widen(make_tuple(heap, pair, 2));
}
Result<Ref<Value>> grouper_next(Heap& heap, Value self) {
  Itertool* group = as_itertool(self);
  Itertool* tool = as_itertool(group->place[0]);
  if (tool->number[0] != group->number[0]) return at_end();
  if (tool->place[4].is_unbound() && !MINI_TRY(groupby_step(heap, tool))) return at_end();
  if (!MINI_TRY(same_group(heap, group->place[1], tool->place[3]))) return at_end();
  return Ref<Value>::adopt(std::exchange(tool->place[4], kUnbound));
}

constexpr NativeDefinition kMakeCombinations{"combinations.__new__(type, iterable, r)", make_combinations};
constexpr NativeDefinition kMakeWithReplacement{"combinations_with_replacement.__new__(type, iterable, r)",
                                                make_with_replacement};
constexpr NativeDefinition kMakeCompress{"compress.__new__(type, data, selectors)", make_compress};
constexpr NativeDefinition kMakeGroupBy{"groupby.__new__(type, iterable, key=None)", make_groupby};
constexpr NativeDefinition kMakePermutations{"permutations.__new__(type, iterable, r=None)", make_permutations};
constexpr NativeDefinition kMakeProduct{"product.__new__(type, *iterables, repeat=1)", make_product};
constexpr NativeDefinition kMakeZipLongest{"zip_longest.__new__(type, *iterables, fillvalue=None)", make_zip_longest};

constexpr ItertoolKind kItertoolsCombiningKinds[] = {
    {BuiltinType::kCombinations, combinations_next, &kMakeCombinations},
    {BuiltinType::kCombinationsWithReplacement, with_replacement_next, &kMakeWithReplacement},
    {BuiltinType::kCompress, compress_next, &kMakeCompress},
    {BuiltinType::kGroupBy, groupby_next, &kMakeGroupBy},
    {BuiltinType::kGrouper, grouper_next, nullptr},
    {BuiltinType::kPermutations, permutations_next, &kMakePermutations},
    {BuiltinType::kProduct, product_next, &kMakeProduct},
    {BuiltinType::kZipLongest, zip_longest_next, &kMakeZipLongest},
};

}  // namespace

const std::span<const ItertoolKind> kCombiningItertools = kItertoolsCombiningKinds;

}  // namespace mini::modules
