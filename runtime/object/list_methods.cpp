// The methods of list.
#include <algorithm>
#include <cstring>

#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"

namespace mini::object {

namespace {

List* self(Call& call) {
  return static_cast<List*>(call.args[0].as_object());
}
Result<Ref<Value>> none() {
  return unboxed(kNone);
}

Result<void> fill(Call& call, List* list) {
  if (call.count > 2) {
    return call.heap.raise(BuiltinType::kTypeError, "list expected at most 1 argument, got {}",
                           call.count - 1);
  }
  if (call.count == 2) MINI_TRY(extend(call.heap, list, call.args[1]));
  return {};
}

Result<Ref<Value>> list_construct(Call& call) {
  Ref<List> list = MINI_TRY(call.heap.create<List>(static_cast<Type*>(call.args[0].as_object())));
  MINI_TRY(fill(call, list.get()));
  return Ref<Value>(std::move(list));
}
constexpr NativeDefinition kListConstructor = {"list.__new__(type, /, *args)", list_construct};

Result<Ref<Value>> list_init(Call& call) {
  List* list = static_cast<List*>(call.args[0].as_object());
  clear(call.heap, list);
  MINI_TRY(fill(call, list));
  return none();
}

Result<Ref<Value>> list_append(Call& call) {
  MINI_TRY(append(call.heap, self(call), Ref<Value>::share(call[1])));
  return none();
}

Result<Ref<Value>> list_extend(Call& call) {
  MINI_TRY(extend(call.heap, self(call), call[1]));
  return none();
}

Result<Ref<Value>> list_insert(Call& call) {
  List* list = self(call);
  int64_t index = MINI_TRY(to_int64(call.heap, call[1], "index"));
  int64_t length = static_cast<int64_t>(list->length);
  if (index < 0) index = std::max<int64_t>(index + length, 0);
  index = std::min(index, length);
  MINI_TRY(reserve(call.heap, list, list->length + 1));
  Value* at = list->items + index;
  std::memmove(static_cast<void*>(at + 1), at, static_cast<size_t>(length - index) * sizeof(Value));
  *at = Ref<Value>::share(call[2]).release();
  ++list->length;
  return none();
}

Result<Ref<Value>> list_pop(Call& call) {
  List* list = self(call);
  int64_t index = call.has(1) ? MINI_TRY(to_int64(call.heap, call[1], "index")) : -1;
  int64_t length = static_cast<int64_t>(list->length);
  if (length == 0) return call.heap.raise(BuiltinType::kIndexError, "pop from empty list");
  if (index < 0) index += length;
  if (index < 0 || index >= length)
    return call.heap.raise(BuiltinType::kIndexError, "pop index out of range");
  if (index == length - 1 && list->length > list->capacity / 2) return Ref<Value>::adopt(list->items[--list->length]);
  Ref<Value> item = Ref<Value>::share(list->items[index]);
  splice(call.heap, list, static_cast<size_t>(index), 1, nullptr, 0);
  return item;
}

Result<Ref<Value>> list_remove(Call& call) {
  int64_t at = MINI_TRY(find_item(call.heap, call[0], call[1], 0, INT64_MAX));
  if (at < 0) return call.heap.raise(BuiltinType::kValueError, "list.remove(x): x not in list");
  if (at < static_cast<int64_t>(self(call)->length)) {
    splice(call.heap, self(call), static_cast<size_t>(at), 1, nullptr, 0);
  }
  return none();
}

Result<Ref<Value>> list_clear(Call& call) {
  clear(call.heap, self(call));
  return none();
}

Result<Ref<Value>> list_copy(Call& call) {
  Ref<List> copy = MINI_TRY(make_list(call.heap, self(call)->length));
  for (Value item : items_of(call[0])) {
    incref(item);
    copy->items[copy->length++] = item;
  }
  return Ref<Value>(std::move(copy));
}

Result<Ref<Value>> list_reverse(Call& call) {
  std::reverse(self(call)->items, self(call)->items + self(call)->length);
  return none();
}

Result<Ref<Value>> list_index(Call& call) {
  return items_index(call, "{} is not in list");
}

Result<Ref<Value>> list_sort(Call& call) {
  if (call.count > 1) return call.heap.raise(BuiltinType::kTypeError, "sort() takes no positional arguments");
  bool reverse = !call.keywords[1].is_unbound() && MINI_TRY(truth(call.heap, call.keywords[1]));
  MINI_TRY(sort(call.heap, self(call), call.keywords[0], reverse));
  return none();
}

Result<Ref<Value>> list_reversed(Call& call) {
  return make_sequence_iterator(call.heap, BuiltinType::kListReverseIterator, call[0]);
}

constexpr NativeDefinition kListMethods[] = {
    {"list.__init__(self, *args)", list_init},
    {"list.append(self, object, /)", list_append},
    {"list.clear(self, /)", list_clear},
    {"list.copy(self, /)", list_copy},
    {"list.count(self, value, /)", items_method_count},
    {"list.extend(self, iterable, /)", list_extend},
    {"list.index(self, value, start=0, stop=9223372036854775807, /)", list_index},
    {"list.insert(self, index, object, /)", list_insert},
    {"list.pop(self, index=-1, /)", list_pop},
    {"list.remove(self, value, /)", list_remove},
    {"list.reverse(self, /)", list_reverse},
    {"list.sort(self, *args, key=None, reverse=False)", list_sort},
    {"list.__reversed__(self, /)", list_reversed},
};

}  // namespace

const NativeDefinition* list_constructor() {
  return &kListConstructor;
}

Result<void> define_list_methods(Heap& heap) {
  return add_methods(heap, heap.type(BuiltinType::kList), kListMethods, std::size(kListMethods));
}

}  // namespace mini::object
