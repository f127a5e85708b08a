// The methods of dict.
#include "runtime/object/dict_internal.h"
#include "runtime/object/operations.h"
#include "runtime/object/table.h"

namespace mini::object {

namespace {

Dict* self_of(Call& call) {
  return static_cast<Dict*>(call[0].as_object());
}

Result<void> fill(Heap& heap, Dict* dict, Value source, Value keywords) {
  if (!source.is_unbound()) MINI_TRY(update(heap, dict, source));
  if (!keywords.is_unbound()) MINI_TRY(update(heap, dict, keywords));
  return {};
}

/// Signature with `*args`: the texts of dict(), dict.update() and dict.__init__() count their one argument
/// themselves.
Result<Value> only_argument(Call& call, const char* name) {
  if (call.count > 2) {
    return call.heap.raise(BuiltinType::kTypeError, "{} expected at most 1 argument, got {}", name,
                           call.count - 1);
  }
  return call.count == 2 ? call.args[1] : kUnbound;
}

Result<Ref<Value>> construct(Call& call) {
  Heap& heap = call.heap;
  Value source = MINI_TRY(only_argument(call, "dict"));
  Ref<Dict> made = MINI_TRY(heap.create<Dict>(static_cast<Type*>(call.args[0].as_object())));
  MINI_TRY(fill(heap, made.get(), source, call.keywords[0]));
  return Ref<Value>(std::move(made));
}

Result<Ref<Value>> dict_init(Call& call) {
  Value source = MINI_TRY(only_argument(call, "dict"));
  MINI_TRY(fill(call.heap, static_cast<Dict*>(call.args[0].as_object()), source, call.keywords[0]));
  return unboxed(kNone);
}

Result<Ref<Value>> dict_update(Call& call) {
  Value source = MINI_TRY(only_argument(call, "update"));
  MINI_TRY(fill(call.heap, static_cast<Dict*>(call.args[0].as_object()), source, call.keywords[0]));
  return unboxed(kNone);
}

Result<Ref<Value>> dict_get(Call& call) {
  Value found = MINI_TRY(get(call.heap, self_of(call), call[1]));
  if (!found.is_unbound()) return Ref<Value>::share(found);
  return call.has(2) ? Ref<Value>::share(call[2]) : unboxed(kNone);
}

Result<Ref<Value>> dict_setdefault(Call& call) {
  Dict* dict = self_of(call);
  const int64_t hash = MINI_TRY(key_hash(call.heap, call[1]));
  const int64_t number = MINI_TRY(find_entry(call.heap, dict, call[1], hash));
  if (number >= 0) return Ref<Value>::share(dict->entries[number].value);
  Value value = call.has(2) ? call[2] : kNone;
  MINI_TRY(insert_entry(call.heap, dict, call[1], hash, value));
  return Ref<Value>::share(value);
}

Result<Ref<Value>> dict_pop(Call& call) {
  Ref<Value> removed = MINI_TRY(remove(call.heap, self_of(call), call[1]));
  if (!removed.get().is_unbound()) return removed;
  if (call.has(2)) return Ref<Value>::share(call[2]);
  return call.heap.raise_value(BuiltinType::kKeyError, call[1]);
}

Result<Ref<Value>> dict_popitem(Call& call) {
  Dict* dict = self_of(call);
  if (dict->live == 0) return call.heap.raise_text(BuiltinType::kKeyError, "popitem(): dictionary is empty");
  Ref<Tuple> pair = MINI_TRY(make_tuple(call.heap, 2));
  const auto last = static_cast<uint32_t>(next_entry(dict, dict->used, true));
  TakenEntry taken = take_entry(dict, last);
  dict->used = last;
  pair->items()[0] = taken.key.release();
  pair->items()[1] = taken.value.release();
  return Ref<Value>(std::move(pair));
}

Result<Ref<Value>> dict_copy(Call& call) {
  return widen(copy_dict(call.heap, self_of(call)));
}

Result<Ref<Value>> dict_clear(Call& call) {
  clear(call.heap, self_of(call));
  return unboxed(kNone);
}

Result<Ref<Value>> dict_fromkeys(Call& call) {
  Heap& heap = call.heap;
  Value type = call[0];
  Ref<Value> made =
      MINI_TRY(type == Value(heap.type(BuiltinType::kDict)) ? widen(make_dict(heap))
                                                            : heap.hooks().call(heap, type, nullptr, 0));
  Value value = call.has(2) ? call[2] : kNone;
  Ref<Value> iterator = MINI_TRY(iterate(heap, call[1]));
  for (;;) {
    Ref<Value> key = MINI_TRY(next(heap, iterator));
    if (key.get().is_unbound()) return made;
    MINI_TRY(set_item(heap, made, key, value));
  }
}

template <DictPart kPart>
Result<Ref<Value>> dict_view(Call& call) {
  return make_dict_view(call.heap, kPart, self_of(call));
}

Result<Ref<Value>> dict_reversed(Call& call) {
  return make_dict_iterator(call.heap, DictPart::kKey, self_of(call), true);
}

constexpr NativeDefinition kDictMethods[] = {
    {"dict.__init__(self, *args, **kwargs)", dict_init},
    {"dict.get(self, key, default=None, /)", dict_get},
    {"dict.setdefault(self, key, default=None, /)", dict_setdefault},
    {"dict.pop(self, key, default=None, /)", dict_pop},
    {"dict.popitem(self, /)", dict_popitem},
    {"dict.keys(self, /)", dict_view<DictPart::kKey>},
    {"dict.values(self, /)", dict_view<DictPart::kValue>},
    {"dict.items(self, /)", dict_view<DictPart::kItem>},
    {"dict.update(self, *args, **kwargs)", dict_update},
    {"dict.copy(self, /)", dict_copy},
    {"dict.clear(self, /)", dict_clear},
    {"dict.__reversed__(self, /)", dict_reversed},
};
constexpr NativeDefinition kDictClassMethods[] = {
    {"dict.fromkeys(cls, iterable, value=None, /)", dict_fromkeys},
};

}  // namespace

constinit const NativeDefinition kDictConstruct = {"dict.__new__(type, *args, **kwargs)", construct};

Result<void> define_dict_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kDict);
  MINI_TRY(add_methods(heap, type, kDictMethods, std::size(kDictMethods)));
  MINI_TRY(add_methods(heap, type, kDictClassMethods, std::size(kDictClassMethods), MethodDescriptor::kClassMethod));
  return define_dict_view_methods(heap);
}

}  // namespace mini::object
