// The iterators that builtin functions make: enumerate, zip, map, filter.
#include <vector>

#include "interp/modules/builtins.h"

namespace mini::modules {
namespace {

struct Enumerate : Tracked {
  Value iterator;
  Value index;
  Tuple* result;  ///< see next_to_fill()
};
struct Zip : Tracked {
  Tuple* iterators;
  Tuple* result;  ///< see next_to_fill()
  uint32_t strict;
  uint32_t finished;
};
struct Map : Tracked {
  Value function;
  Tuple* iterators;
};
struct Filter : Tracked {
  Value function;
  Value iterator;
};
template <class T>
T* as(Value value) {
  return static_cast<T*>(value.as_object());
}
void drop_value(Value& field) { decref(std::exchange(field, kUnbound)); }
template <class T>
void drop_pointer(T*& field) {
  if (T* old = std::exchange(field, nullptr)) decref(old);
}
Type* type_argument(Call& call) { return as<Type>(call[0]); }

/// The iterators of all arguments from `first` on.
Result<Ref<Tuple>> iterate_all(Call& call, uint32_t first) {
  Ref<Tuple> iterators = MINI_TRY(make_tuple(call.heap, call.count - first));
  for (uint32_t i = first; i < call.count; ++i) {
    iterators->items()[i - first] = MINI_TRY(iterate(call.heap, call[i])).release();
  }
  return iterators;
}

// enumerate -----------------------------------------------------------------------------------------------------------

Result<Ref<Value>> make_enumerate(Call& call) {
  Ref<Value> start = call.has(2) ? MINI_TRY(to_index(call.heap, call[2])) : Ref<Value>::adopt(Value::integer(0));
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[1]));
  Ref<Tuple> result = MINI_TRY(make_kept_tuple(call.heap, 2));
  Ref<Enumerate> made = MINI_TRY(call.heap.create<Enumerate>(type_argument(call)));
  made->result = result.release();
  made->iterator = iterator.release();
  made->index = start.release();
  return made;
}
Result<Ref<Value>> enumerate_next(Heap& heap, Value self) {
  auto* enumerate = as<Enumerate>(self);
  Ref<Value> item = MINI_TRY(next(heap, enumerate->iterator));
  if (item.get().is_unbound()) return item;
  Ref<Tuple> pair = MINI_TRY(next_to_fill(heap, enumerate->result));
  const Value index = enumerate->index;
  if (index.is_int() && index.as_int() < Value::kMaxInt) [[likely]]
    enumerate->index = Value::integer(index.as_int() + 1);
  else
    enumerate->index = MINI_TRY(binary(heap, BinaryOp::kAdd, index, Value::integer(1))).release();
  put(pair.get(), 0, index);
  put(pair.get(), 1, item.release());
  return Ref<Value>(std::move(pair));
}

// zip -----------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> make_zip(Call& call) {
  const bool strict = MINI_TRY(flag_argument(call, call.keywords[0], false));
  Ref<Tuple> iterators = MINI_TRY(iterate_all(call, 1));
  Ref<Tuple> result = MINI_TRY(make_kept_tuple(call.heap, iterators->length));
  Ref<Zip> made = MINI_TRY(call.heap.create<Zip>(type_argument(call)));
  made->iterators = iterators.release();
  made->result = result.release();
  made->strict = strict;
  return made;
}
Raised raise_uneven(Heap& heap, size_t index, const char* relation) {
  return heap.raise(BuiltinType::kValueError, "zip() argument {} is {} than argument{}{}", index + 1, relation,
                    index == 1 ? " " : "s 1-", index);
}
Result<Ref<Value>> zip_next(Heap& heap, Value self) {
  auto* zip = as<Zip>(self);
  const size_t count = zip->iterators->length;
  if (count == 0 || zip->finished) return unboxed(kUnbound);
  Ref<Tuple> items = MINI_TRY(next_to_fill(heap, zip->result));
  for (size_t i = 0; i < count; ++i) {
    Ref<Value> item = MINI_TRY(next(heap, zip->iterators->items()[i]));
    if (!item.get().is_unbound()) {
      put(items.get(), i, item.release());
      continue;
    }
    zip->finished = 1;
    if (!zip->strict) return item;
    if (i > 0) return raise_uneven(heap, i, "shorter");
    for (size_t k = 1; k < count; ++k) {
      Ref<Value> more = MINI_TRY(next(heap, zip->iterators->items()[k]));
      if (!more.get().is_unbound()) return raise_uneven(heap, k, "longer");
    }
    return item;
  }
  return items;
}

// map, filter ---------------------------------------------------------------------------------------------------------

Result<Ref<Value>> make_map(Call& call) {
  if (call.count < 3) return call.heap.raise_text(BuiltinType::kTypeError, "map() must have at least two arguments.");
  Ref<Tuple> iterators = MINI_TRY(iterate_all(call, 2));
  Ref<Map> made = MINI_TRY(call.heap.create<Map>(type_argument(call)));
  made->function = Ref<Value>::share(call[1]).release();
  made->iterators = iterators.release();
  return made;
}
Result<Ref<Value>> map_next(Heap& heap, Value self) {
  auto* map = as<Map>(self);
  const size_t count = map->iterators->length;
  if (count == 1) {
    const Ref<Value> item = MINI_TRY(next(heap, map->iterators->items()[0]));
    if (item.get().is_unbound()) return unboxed(kUnbound);
    const Value argument = item;
    return object::call(heap, map->function, &argument, 1);
  }
  std::vector<Ref<Value>> owned;
  std::vector<Value> arguments;
  for (size_t i = 0; i < count; ++i) {
    owned.push_back(MINI_TRY(next(heap, map->iterators->items()[i])));
    if (owned.back().get().is_unbound()) return unboxed(kUnbound);
    arguments.push_back(owned.back());
  }
  return object::call(heap, map->function, arguments.data(), static_cast<uint32_t>(count));
}

Result<Ref<Value>> make_filter(Call& call) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[2]));
  Ref<Filter> made = MINI_TRY(call.heap.create<Filter>(type_argument(call)));
  made->function = Ref<Value>::share(call[1]).release();
  made->iterator = iterator.release();
  return made;
}
Result<Ref<Value>> filter_next(Heap& heap, Value self) {
  auto* filter = as<Filter>(self);
  const bool by_truth = filter->function.is_none() || filter->function == Value(heap.type(BuiltinType::kBool));
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, filter->iterator));
    if (item.get().is_unbound()) return item;
    bool good;
    if (by_truth) {
      good = MINI_TRY(truth(heap, item));
    } else {
      const Value argument = item;
      Ref<Value> answer = MINI_TRY(object::call(heap, filter->function, &argument, 1));
      good = MINI_TRY(truth(heap, answer));
    }
    if (good) return item;
  }
}

// The types -----------------------------------------------------------------------------------------------------------

Result<Ref<Value>> construct_reversed(Call& call) { return make_reversed(call.heap, call[1]); }

constexpr NativeDefinition kMakeEnumerate{"enumerate.__new__(type, iterable, start=0)", make_enumerate};
constexpr NativeDefinition kMakeZip{"zip.__new__(type, *iterables, strict=False)", make_zip};
constexpr NativeDefinition kMakeMap{"map.__new__(type, /, *args)", make_map};
constexpr NativeDefinition kMakeFilter{"filter.__new__(type, function, iterable, /)", make_filter};
constexpr NativeDefinition kMakeReversed{"reversed.__new__(type, sequence, /)", construct_reversed};

constexpr NativeDefinition kEnumerateSlots[] = {MINI_ITERATOR_SLOTS("enumerate")};
constexpr NativeDefinition kZipSlots[] = {MINI_ITERATOR_SLOTS("zip")};
constexpr NativeDefinition kMapSlots[] = {MINI_ITERATOR_SLOTS("map")};
constexpr NativeDefinition kFilterSlots[] = {MINI_ITERATOR_SLOTS("filter")};

template <class T>
void visit_fields(Object* object, Visitor& visitor);
template <class T>
void drop_fields(Heap&, Object* object);

template <>
void visit_fields<Enumerate>(Object* object, Visitor& visitor) {
  visitor.reference(static_cast<Enumerate*>(object)->iterator);
  visitor.reference(static_cast<Enumerate*>(object)->index);
  visitor.reference(static_cast<Enumerate*>(object)->result);
}
template <>
void drop_fields<Enumerate>(Heap&, Object* object) {
  drop_value(static_cast<Enumerate*>(object)->iterator);
  drop_value(static_cast<Enumerate*>(object)->index);
  drop_pointer(static_cast<Enumerate*>(object)->result);
}
template <>
void visit_fields<Zip>(Object* object, Visitor& visitor) {
  auto* zip = static_cast<Zip*>(object);
  visitor.reference(zip->iterators);
  visitor.reference(zip->result);
  visitor.scalar(zip->strict);
  visitor.scalar(zip->finished);
}
template <>
void drop_fields<Zip>(Heap&, Object* object) {
  drop_pointer(static_cast<Zip*>(object)->iterators);
  drop_pointer(static_cast<Zip*>(object)->result);
}
template <>
void visit_fields<Map>(Object* object, Visitor& visitor) {
  visitor.reference(static_cast<Map*>(object)->function);
  visitor.reference(static_cast<Map*>(object)->iterators);
}
template <>
void drop_fields<Map>(Heap&, Object* object) {
  drop_value(static_cast<Map*>(object)->function);
  drop_pointer(static_cast<Map*>(object)->iterators);
}
template <>
void visit_fields<Filter>(Object* object, Visitor& visitor) {
  visitor.reference(static_cast<Filter*>(object)->function);
  visitor.reference(static_cast<Filter*>(object)->iterator);
}
template <>
void drop_fields<Filter>(Heap&, Object* object) {
  drop_value(static_cast<Filter*>(object)->function);
  drop_value(static_cast<Filter*>(object)->iterator);
}
template <class T>
Result<void> define_iterator(Heap& heap, BuiltinType which, Result<Ref<Value>> (*next_item)(Heap&, Value),
                             const NativeDefinition* construct, std::span<const NativeDefinition> slots) {
  return define_type(heap, which,
                     {.instance_size = sizeof(T),
                      .tracked = true,
                      .subclassable = construct != nullptr,
                      .behaviour = {.visit = visit_fields<T>,
                                    .drop = drop_fields<T>,
                                    .iterate = share_self,
                                    .next = next_item},
                      .construct = construct,
                      .methods = {},
                      .slots = slots});
}

}  // namespace

Result<void> define_lazy_iterators(Heap& heap) {
  using B = BuiltinType;
  MINI_TRY(define_iterator<Enumerate>(heap, B::kEnumerate, enumerate_next, &kMakeEnumerate, kEnumerateSlots));
  MINI_TRY(define_iterator<Zip>(heap, B::kZip, zip_next, &kMakeZip, kZipSlots));
  MINI_TRY(define_iterator<Map>(heap, B::kMap, map_next, &kMakeMap, kMapSlots));
  MINI_TRY(define_iterator<Filter>(heap, B::kFilter, filter_next, &kMakeFilter, kFilterSlots));
  heap.type(B::kReversed)->construct = &kMakeReversed;
  return {};
}

}  // namespace mini::modules
