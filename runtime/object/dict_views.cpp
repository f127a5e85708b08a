// Views of dicts (keys, values, items) and the iterators over dicts.
#include "runtime/object/dict_internal.h"
#include "runtime/object/native_scope.h"
#include "runtime/object/operations.h"
#include "runtime/object/set_internal.h"
#include "runtime/object/table.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

// Each by DictPart. To all but their names, types in one row are the same.
constexpr BuiltinType kViews[] = {BuiltinType::kDictKeys, BuiltinType::kDictValues, BuiltinType::kDictItems};
constexpr BuiltinType kOrderedViews[] = {BuiltinType::kOrderedDictKeys, BuiltinType::kOrderedDictValues,
                                         BuiltinType::kOrderedDictItems};
constexpr BuiltinType kDictViewIterators[] = {BuiltinType::kDictKeyIterator, BuiltinType::kDictValueIterator,
                                      BuiltinType::kDictItemIterator};
constexpr BuiltinType kReverseIterators[] = {BuiltinType::kDictReverseKeyIterator,
                                             BuiltinType::kDictReverseValueIterator,
                                             BuiltinType::kDictReverseItemIterator};

Dict* dict_of(Value view) {
  return static_cast<DictView*>(view.as_object())->dict;
}
DictPart part_of(Value view) {
  if (has_kind(view, BuiltinType::kDictKeys)) return DictPart::kKey;
  return has_kind(view, BuiltinType::kDictValues) ? DictPart::kValue : DictPart::kItem;
}

bool is_ordered(Heap& heap, const Dict* dict) {
  return dict->type != heap.type(BuiltinType::kDict) && is_subtype(dict->type, heap.type(BuiltinType::kOrderedDict));
}

Result<Ref<Value>> shown(Heap& heap, DictPart part, const DictEntry& entry) {
  if (part == DictPart::kKey) return Ref<Value>::share(entry.key);
  if (part == DictPart::kValue) return Ref<Value>::share(entry.value);
  Value pair[] = {entry.key, entry.value};
  return widen(make_tuple(heap, pair, 2));
}

// ---- iterators

void visit_iterator(Object* object, Visitor& visitor) {
  auto* iterator = static_cast<DictIterator*>(object);
  visitor.reference(iterator->dict);
  visitor.reference(iterator->result);
  visitor.scalar(static_cast<uint64_t>(iterator->position));
  visitor.scalar(iterator->expected_live);
  visitor.scalar(iterator->remaining);
  visitor.scalar(iterator->reversed);
  visitor.scalar(static_cast<uint64_t>(iterator->part));
}

void drop_iterator(Heap&, Object* object) {
  auto* iterator = static_cast<DictIterator*>(object);
  if (Dict* dict = std::exchange(iterator->dict, nullptr)) decref(dict);
  if (Tuple* result = std::exchange(iterator->result, nullptr)) decref(result);
}

Result<Ref<Value>> iterator_itself(Heap&, Value self) {
  return Ref<Value>::share(self);
}

/// The checks are those of dictiter_iternextkey and its likes (3.13, Objects/dictobject.c).
Result<Ref<Value>> iterator_next(Heap& heap, Value self) {
  auto* iterator = static_cast<DictIterator*>(self.as_object());
  Dict* dict = iterator->dict;
  if (!dict) return Ref<Value>();
  // Of an OrderedDict, each change of the keys or their order counts, but not once the last one was given.
  const bool ordered = iterator->type == heap.type(BuiltinType::kOrderedDictIterator);
  if (ordered && iterator->remaining > 0 && iterator->expected_changes != dict->size_changes)
    return heap.raise(BuiltinType::kRuntimeError, "OrderedDict mutated during iteration");
  if (!ordered && iterator->expected_live != dict->live) {
    iterator->expected_live = UINT32_MAX;  // and so for good
    return heap.raise(BuiltinType::kRuntimeError, "dictionary changed size during iteration");
  }
  const int64_t number = ordered && iterator->remaining == 0 ? -1 : next_entry(dict, iterator->position, iterator->reversed);
  if (number < 0) {
    iterator->dict = nullptr;
    decref(dict);
    return Ref<Value>();
  }
  if (iterator->remaining == 0) {
    iterator->dict = nullptr;
    decref(dict);
    return heap.raise(BuiltinType::kRuntimeError, "dictionary keys changed during iteration");
  }
  iterator->position = iterator->reversed ? number - 1 : number + 1;
  --iterator->remaining;
  const DictEntry& entry = dict->entries[number];
  if (!iterator->result) return shown(heap, iterator->part, entry);
  Ref<Value> key = Ref<Value>::share(entry.key), value = Ref<Value>::share(entry.value);
  Ref<Tuple> pair = MINI_TRY(next_to_fill(heap, iterator->result));
  put(pair.get(), 0, key.release());
  put(pair.get(), 1, value.release());
  return Ref<Value>(std::move(pair));
}

Result<Ref<Value>> iterator_length_hint(Call& call) {
  auto* iterator = static_cast<DictIterator*>(call[0].as_object());
  const bool valid = iterator->dict && iterator->expected_live == iterator->dict->live;
  return make_int(call.heap, valid ? iterator->remaining : 0);
}

// ---- views

void visit_view(Object* object, Visitor& visitor) {
  visitor.reference(static_cast<DictView*>(object)->dict);
}
void drop_view(Heap&, Object* object) {
  if (Dict* dict = std::exchange(static_cast<DictView*>(object)->dict, nullptr)) decref(dict);
}

Result<Ref<Str>> view_repr(Heap& heap, Value self) {
  ReprScope scope(heap, self.as_object());
  if (scope.repeated()) return make_str(heap, "...");
  TextBuilder out;
  out.append(heap.type_of(self)->name);
  out.append("([");
  Dict* dict = dict_of(self);
  bool first = true;
  for (int64_t i = 0; (i = next_entry(dict, i)) >= 0; ++i) {
    Ref<Value> item = MINI_TRY(shown(heap, part_of(self), dict->entries[i]));
    if (!first) out.append(", ");
    first = false;
    out.append(MINI_TRY(repr(heap, item)).get());
  }
  out.append("])");
  return out.finish(heap);
}

Result<int64_t> view_length(Heap&, Value self) {
  return dict_of(self)->live;
}

Result<Ref<Value>> view_iterate(Heap& heap, Value self) {
  return make_dict_iterator(heap, part_of(self), dict_of(self), false);
}

Result<bool> keys_contain(Heap& heap, Value self, Value key) {
  return !MINI_TRY(get(heap, dict_of(self), key)).is_unbound();
}

Result<bool> items_contain(Heap& heap, Value self, Value item) {
  if (!has_kind(item, BuiltinType::kTuple)) return false;
  auto* pair = static_cast<Tuple*>(item.as_object());
  if (pair->length != 2) return false;
  Value found = MINI_TRY(get(heap, dict_of(self), pair->items()[0]));
  if (found.is_unbound()) return false;
  Ref<Value> value = Ref<Value>::share(found);
  return equal(heap, value, pair->items()[1]);
}

bool is_set_like(Value value) {
  return has_kind(value, BuiltinType::kDictKeys) || has_kind(value, BuiltinType::kDictItems) ||
         has_kind(value, BuiltinType::kSet) || has_kind(value, BuiltinType::kFrozenSet);
}

/// Whether each item of `left` is in `right`.
Result<bool> all_contained(Heap& heap, Value left, Value right) {
  Ref<Value> iterator = MINI_TRY(iterate(heap, left));
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) return true;
    if (!MINI_TRY(contains(heap, right, item))) return false;
  }
}

Result<Ref<Value>> view_compare(Heap& heap, CompareOp op, Value left, Value right) {
  if (!is_set_like(left) || !is_set_like(right)) return unboxed(kNotImplemented);
  const int64_t left_size = MINI_TRY(length(heap, left));
  const int64_t right_size = MINI_TRY(length(heap, right));
  bool answer = false;
  switch (op) {
    case CompareOp::kEqual:
    case CompareOp::kNotEqual:
      answer = left_size == right_size && MINI_TRY(all_contained(heap, left, right));
      if (op == CompareOp::kNotEqual) answer = !answer;
      break;
    case CompareOp::kLess:
      answer = left_size < right_size && MINI_TRY(all_contained(heap, left, right));
      break;
    case CompareOp::kLessEqual:
      answer = left_size <= right_size && MINI_TRY(all_contained(heap, left, right));
      break;
    case CompareOp::kGreater:
      answer = left_size > right_size && MINI_TRY(all_contained(heap, right, left));
      break;
    case CompareOp::kGreaterEqual:
      answer = left_size >= right_size && MINI_TRY(all_contained(heap, right, left));
      break;
  }
  return Ref<Value>(answer);
}

/// `keys & other` and the like take any iterable as the other side, and make a set.
Result<Ref<Value>> view_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op != BinaryOp::kAnd && op != BinaryOp::kOr && op != BinaryOp::kXor && op != BinaryOp::kSubtract) {
    return unboxed(kNotImplemented);
  }
  Ref<Set> result = MINI_TRY(make_set(heap));
  MINI_TRY(update(heap, result.get(), left));
  Ref<Set> other = MINI_TRY(make_set(heap));
  MINI_TRY(update(heap, other.get(), right));
  MINI_TRY(combine_into(heap, op, result.get(), other.get()));
  return Ref<Value>(std::move(result));
}

Result<Ref<Value>> view_reversed(Call& call) {
  return make_dict_iterator(call.heap, part_of(call[0]), dict_of(call[0]), true);
}

Result<Ref<Value>> view_isdisjoint(Call& call) {
  Ref<Value> iterator = MINI_TRY(iterate(call.heap, call[1]));
  for (;;) {
    Ref<Value> item = MINI_TRY(next(call.heap, iterator));
    if (item.get().is_unbound()) return Ref<Value>(true);
    if (MINI_TRY(contains(call.heap, call[0], item))) return Ref<Value>(false);
  }
}

template <class Function>
Result<void> for_each_iterator_type(Heap& heap, Function function) {
  for (const auto& row : {kDictViewIterators, kReverseIterators})
    for (size_t i = 0; i < std::size(kDictViewIterators); ++i) MINI_TRY(function(heap.type(row[i])));
  return function(heap.type(BuiltinType::kOrderedDictIterator));
}

constexpr NativeDefinition kKeysMethods[] = {{"dict_keys.isdisjoint(self, other, /)", view_isdisjoint},
                                             {"dict_keys.__reversed__(self, /)", view_reversed}};
constexpr NativeDefinition kValuesMethods[] = {{"dict_values.__reversed__(self, /)", view_reversed}};
constexpr NativeDefinition kItemsMethods[] = {{"dict_items.isdisjoint(self, other, /)", view_isdisjoint},
                                              {"dict_items.__reversed__(self, /)", view_reversed}};
constexpr NativeDefinition kDictViewIteratorMethods[] = {{"__length_hint__(self, /)", iterator_length_hint}};

}  // namespace

Result<Ref<Value>> make_dict_iterator(Heap& heap, DictPart part, Dict* dict, bool reversed) {
  const auto at = static_cast<size_t>(part);
  const BuiltinType which = is_ordered(heap, dict) ? BuiltinType::kOrderedDictIterator
                            : reversed             ? kReverseIterators[at]
                                                   : kDictViewIterators[at];
  Ref<DictIterator> iterator = MINI_TRY(heap.create<DictIterator>(which));
  iterator->part = part;
  if (part == DictPart::kItem) iterator->result = MINI_TRY(make_kept_tuple(heap, 2)).release();
  iterator->dict = Ref<Dict>::share(dict).release();
  iterator->expected_live = iterator->remaining = dict->live;
  iterator->expected_changes = dict->size_changes;
  iterator->reversed = reversed;
  iterator->position = reversed ? int64_t{dict->used} - 1 : 0;
  return Ref<Value>(std::move(iterator));
}

Result<Ref<Value>> make_dict_view(Heap& heap, DictPart part, Dict* dict) {
  const BuiltinType which = (is_ordered(heap, dict) ? kOrderedViews : kViews)[static_cast<size_t>(part)];
  Ref<DictView> view = MINI_TRY(heap.create<DictView>(which));
  view->dict = Ref<Dict>::share(dict).release();
  return Ref<Value>(std::move(view));
}

void define_dict_view_types(Heap& heap) {
  for (BuiltinType which : kViews) {
    Type* type = heap.type(which);
    type->type_flags |= Type::kTracked;
    type->instance_size = sizeof(DictView);
    NativeBehaviour& behaviour = type->behaviour;
    behaviour.visit = visit_view;
    behaviour.drop = drop_view;
    behaviour.repr = view_repr;
    behaviour.length = view_length;
    behaviour.iterate = view_iterate;
    if (which == BuiltinType::kDictValues) continue;
    behaviour.compare = view_compare;
    behaviour.binary = view_binary;
    behaviour.contains = which == BuiltinType::kDictKeys ? keys_contain : items_contain;
  }
  for (size_t i = 0; i < std::size(kViews); ++i) heap.type(kOrderedViews[i])->kind = static_cast<uint32_t>(kViews[i]);
  static_cast<void>(for_each_iterator_type(heap, [](Type* type) {
    type->kind = static_cast<uint32_t>(BuiltinType::kDictKeyIterator);
    type->type_flags |= Type::kTracked;
    type->instance_size = sizeof(DictIterator);
    type->behaviour.visit = visit_iterator;
    type->behaviour.drop = drop_iterator;
    type->behaviour.iterate = iterator_itself;
    type->behaviour.next = iterator_next;
    return Result<void>();
  }));
}

Result<void> define_dict_view_methods(Heap& heap) {
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kDictKeys), kKeysMethods, std::size(kKeysMethods)));
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kDictValues), kValuesMethods, std::size(kValuesMethods)));
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kDictItems), kItemsMethods, std::size(kItemsMethods)));
  for (BuiltinType which : {BuiltinType::kDictKeys, BuiltinType::kDictValues, BuiltinType::kDictItems})
    MINI_TRY(add_getset(heap, heap.type(which), "mapping", [](Heap& owner, Value self) {
      return make_mapping_proxy(owner, Value(dict_of(self)));
    }));
  return for_each_iterator_type(heap, [&heap](Type* type) {
    return add_methods(heap, type, kDictViewIteratorMethods, std::size(kDictViewIteratorMethods));
  });
}

}  // namespace mini::object
