// Dicts: what C++ code does with them, and the operators.
#include "runtime/object/dict.h"

#include "runtime/object/dict_internal.h"
#include "runtime/object/native_scope.h"
#include "runtime/object/operations.h"
#include "runtime/object/table.h"
#include "runtime/object/visitor.h"

namespace mini::object {

Result<Ref<Dict>> make_dict(Heap& heap) {
  return heap.create<Dict>(BuiltinType::kDict);
}

Result<Value> get(Heap& heap, Dict* dict, Value key) {
  if (const int64_t known = quick_entry(dict, key); known != kAsk) [[likely]]
    return known < 0 ? kUnbound : dict->entries[known].value;
  const int64_t hash = MINI_TRY(key_hash(heap, key));
  const int64_t number = MINI_TRY(find_entry(heap, dict, key, hash));
  return number < 0 ? kUnbound : dict->entries[number].value;
}

Result<void> set(Heap& heap, Dict* dict, Value key, Value value) {
  return store(heap, dict, key, value);
}

Result<Ref<Value>> remove(Heap& heap, Dict* dict, Value key) {
  const int64_t hash = MINI_TRY(key_hash(heap, key));
  const int64_t number = MINI_TRY(find_entry(heap, dict, key, hash));
  if (number < 0) return Ref<Value>();
  return std::move(take_entry(dict, static_cast<uint32_t>(number)).value);
}

void clear(Heap& heap, Dict* dict) {
  clear_table(heap, dict);
}

Result<Ref<Dict>> copy_dict(Heap& heap, const Dict* dict) {
  Ref<Dict> copy = MINI_TRY(make_dict(heap));
  MINI_TRY(copy_table(heap, copy.get(), dict));
  return copy;
}

// ---- update

namespace {

Result<void> merge(Heap& heap, Dict* dict, Dict* other) {
  if (dict == other || other->live == 0) return {};
  if (dict->capacity == 0) return copy_table(heap, dict, other);
  const uint32_t changes = other->size_changes;
  for (uint32_t i = 0; i < other->used; ++i) {
    if (other->entries[i].key.is_unbound()) continue;
    Ref<Value> key = Ref<Value>::share(other->entries[i].key);
    Ref<Value> value = Ref<Value>::share(other->entries[i].value);
    MINI_TRY(store(heap, dict, key, other->entries[i].hash, value));
    if (other->size_changes != changes) {
      return heap.raise(BuiltinType::kRuntimeError, "dict mutated during update");
    }
  }
  return {};
}

Result<void> update_from_keys(Heap& heap, Dict* dict, Value mapping) {
  Ref<Value> keys = MINI_TRY(call_method(heap, mapping, heap.name(Name::kkeys), nullptr, 0));
  Result<Ref<Value>> iterator = iterate(heap, keys);
  if (!iterator.ok()) {
    if (!heap.pending_is(BuiltinType::kTypeError)) return raised;
    static_cast<void>(heap.take_pending());
    return heap.raise(BuiltinType::kTypeError, "{}.keys() returned a non-iterable (type {})", type_name(heap, mapping),
                      type_name(heap, keys));
  }
  for (;;) {
    Ref<Value> key = MINI_TRY(next(heap, *iterator));
    if (key.get().is_unbound()) return {};
    Ref<Value> value = MINI_TRY(get_item(heap, mapping, key));
    MINI_TRY(set(heap, dict, key, value));
  }
}

Result<void> update_from_pairs(Heap& heap, Dict* dict, Value pairs) {
  Ref<Value> iterator = MINI_TRY(iterate(heap, pairs));
  for (size_t number = 0;; ++number) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) return {};
    Result<Ref<List>> pair = list_from(heap, item);
    if (!pair.ok()) {
      if (!heap.pending_is(BuiltinType::kTypeError)) return raised;
      return heap.raise(BuiltinType::kTypeError,
                        "cannot convert dictionary update sequence element #{} to a sequence", number);
    }
    List* list = pair->get();
    if (list->length != 2) {
      return heap.raise(BuiltinType::kValueError,
                        "dictionary update sequence element #{} has length {}; 2 is required", number,
                        list->length);
    }
    MINI_TRY(set(heap, dict, list->items[0], list->items[1]));
  }
}

}  // namespace

Result<void> update(Heap& heap, Dict* dict, Value other) {
  if (has_kind(other, BuiltinType::kDict)) {
    // A class derived from dict may have its own idea of its items (dict_merge).
    Type* type = other.as_object()->type;
    if (script_method(heap, type, Name::k__iter__).is_unbound()) {
      return merge(heap, dict, static_cast<Dict*>(other.as_object()));
    }
  }
  Ref<Value> keys = MINI_TRY(find_attribute(heap, other, heap.name(Name::kkeys)));
  if (!keys.get().is_unbound()) return update_from_keys(heap, dict, other);
  return update_from_pairs(heap, dict, other);
}

// ---- behaviour

namespace {

Dict* as_dict(Value value) {
  return static_cast<Dict*>(value.as_object());
}

void visit_dict(Object* object, Visitor& visitor) {
  visit_table(static_cast<Dict*>(object), visitor);
}
void drop_dict(Heap& heap, Object* object) {
  release_table(heap, static_cast<Dict*>(object));
}

Result<Ref<Str>> dict_repr(Heap& heap, Value self) {
  Dict* dict = as_dict(self);
  ReprScope scope(heap, dict);
  if (scope.repeated()) return make_str(heap, "{...}");
  TextBuilder out;
  out.append('{');
  bool first = true;
  for (int64_t i = 0; (i = next_entry(dict, i)) >= 0; ++i) {
    Ref<Value> key = Ref<Value>::share(dict->entries[i].key);
    Ref<Value> value = Ref<Value>::share(dict->entries[i].value);
    if (!first) out.append(", ");
    first = false;
    out.append(MINI_TRY(repr(heap, key)).get());
    out.append(": ");
    out.append(MINI_TRY(repr(heap, value)).get());
  }
  out.append('}');
  return out.finish(heap);
}

/// Same size, and an equal value for each key (dict_equal, 3.13 Objects/dictobject.c).
Result<bool> dict_equal(Heap& heap, Dict* left, Dict* right) {
  if (left->live != right->live) return false;
  for (int64_t i = 0; (i = next_entry(left, i)) >= 0; ++i) {
    Ref<Value> key = Ref<Value>::share(left->entries[i].key);
    Ref<Value> value = Ref<Value>::share(left->entries[i].value);
    const int64_t number = MINI_TRY(find_entry(heap, right, key, left->entries[i].hash));
    if (number < 0) return false;
    Ref<Value> other = Ref<Value>::share(right->entries[number].value);
    if (!MINI_TRY(equal(heap, value, other))) return false;
  }
  return true;
}

Result<Ref<Value>> dict_compare(Heap& heap, CompareOp op, Value left, Value right) {
  const bool comparable = has_kind(left, BuiltinType::kDict) && has_kind(right, BuiltinType::kDict);
  if (!comparable || (op != CompareOp::kEqual && op != CompareOp::kNotEqual)) return unboxed(kNotImplemented);
  NativeScope scope(heap);
  if (!scope.entered()) return raised;
  const bool same = MINI_TRY(dict_equal(heap, as_dict(left), as_dict(right)));
  return Ref<Value>(same == (op == CompareOp::kEqual));
}

Result<Ref<Value>> dict_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op != BinaryOp::kOr || !has_kind(left, BuiltinType::kDict) || !has_kind(right, BuiltinType::kDict)) {
    return unboxed(kNotImplemented);
  }
  Ref<Dict> result = MINI_TRY(copy_dict(heap, as_dict(left)));
  MINI_TRY(update(heap, result.get(), right));
  return Ref<Value>(std::move(result));
}

Result<Ref<Value>> dict_in_place(Heap& heap, BinaryOp op, Value self, Value other) {
  if (op != BinaryOp::kOr) return unboxed(kNotImplemented);
  MINI_TRY(update(heap, as_dict(self), other));
  return Ref<Value>::share(self);
}

Result<int64_t> dict_length(Heap&, Value self) {
  return as_dict(self)->live;
}

Result<Ref<Value>> dict_get_item(Heap& heap, Value self, Value key) {
  Value found = MINI_TRY(get(heap, as_dict(self), key));
  if (!found.is_unbound()) return Ref<Value>::share(found);
  Type* type = self.as_object()->type;
  if (type->type_flags & Type::kUserClass) {
    Value missing = lookup(type, heap.name(Name::k__missing__));
    if (!missing.is_unbound()) return call_special(heap, missing, self, &key, 1);
  }
  return heap.raise_value(BuiltinType::kKeyError, key);
}

Result<void> dict_set_item(Heap& heap, Value self, Value key, Value item) {
  if (!item.is_unbound()) return set(heap, as_dict(self), key, item);
  Ref<Value> removed = MINI_TRY(remove(heap, as_dict(self), key));
  if (removed.get().is_unbound()) return heap.raise_value(BuiltinType::kKeyError, key);
  return {};
}

Result<bool> dict_contains(Heap& heap, Value self, Value key) {
  return !MINI_TRY(get(heap, as_dict(self), key)).is_unbound();
}

Result<Ref<Value>> dict_iterate(Heap& heap, Value self) {
  return make_dict_iterator(heap, DictPart::kKey, as_dict(self), false);
}

}  // namespace

void define_dict_types(Heap& heap) {
  Type* type = heap.type(BuiltinType::kDict);
  type->type_flags |= Type::kTracked | Type::kSubclassable;
  type->instance_size = sizeof(Dict);
  type->construct = &kDictConstruct;
  NativeBehaviour& behaviour = type->behaviour;
  behaviour.visit = visit_dict;
  behaviour.drop = drop_dict;
  behaviour.repr = dict_repr;
  behaviour.compare = dict_compare;
  behaviour.binary = dict_binary;
  behaviour.in_place = dict_in_place;
  behaviour.length = dict_length;
  behaviour.get_item = dict_get_item;
  behaviour.set_item = dict_set_item;
  behaviour.contains = dict_contains;
  behaviour.iterate = dict_iterate;
  define_dict_view_types(heap);
}

}  // namespace mini::object
