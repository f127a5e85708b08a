// Classes of named tuples, made from their fields' names.
#include "interp/modules/struct_sequence.h"

#include <array>
#include <utility>

namespace mini::modules {
namespace {

Tuple* tuple_of(Value value) { return static_cast<Tuple*>(value.as_object()); }

template <size_t kIndex>
Result<Ref<Value>> get_field(Heap&, Value self) {
  return Ref<Value>::share(tuple_of(self)->items()[kIndex]);
}
using Getter = Result<Ref<Value>> (*)(Heap&, Value);
template <size_t... kIndices>
constexpr std::array<Getter, sizeof...(kIndices)> make_getters(std::index_sequence<kIndices...>) {
  return {get_field<kIndices>...};
}
constexpr auto kGetters = make_getters(std::make_index_sequence<kMaxFields>());

Result<Ref<Str>> struct_repr(Heap& heap, Value self) {
  Type* type = heap.type_of(self);
  std::string out;
  if (Str* module = as_str(heap, lookup(type, heap.name(Name::k__module__)))) out = to_utf8(module) + ".";
  out += to_utf8(type->name) + "(";
  const Value names = lookup(type, heap.name(Name::k__match_args__));
  for (uint64_t i = 0; i < tuple_of(self)->length; ++i) {
    Ref<Str> item = MINI_TRY(repr(heap, tuple_of(self)->items()[i]));
    out += fmt::format("{}{}={}", i > 0 ? ", " : "",
                       to_utf8(static_cast<Str*>(tuple_of(names)->items()[i].as_object())), to_utf8(item.get()));
  }
  return make_str(heap, out + ")");
}

}  // namespace

Result<Ref<Type>> make_struct_type(Heap& heap, std::string_view name, std::span<const char* const> fields) {
  MINI_ASSERT(fields.size() <= kMaxFields);
  const size_t dot = name.rfind('.');
  Ref<Str> short_name = MINI_TRY(heap.intern(name.substr(dot + 1)));
  Ref<Str> module = MINI_TRY(heap.intern(name.substr(0, dot)));
  const Value base = Value(heap.type(BuiltinType::kTuple));
  Ref<Tuple> bases = MINI_TRY(make_tuple(heap, &base, 1));
  Ref<Dict> attributes = MINI_TRY(make_dict(heap));
  MINI_TRY(set_name(heap, attributes.get(), heap.name(Name::k__module__), module));
  Ref<Tuple> names = MINI_TRY(make_tuple(heap, fields.size()));
  for (size_t i = 0; i < fields.size(); ++i) names->items()[i] = Value(MINI_TRY(heap.intern(fields[i])).release());
  MINI_TRY(set_name(heap, attributes.get(), heap.name(Name::k__match_args__), names));
  Ref<Type> type = MINI_TRY(make_type(heap, short_name.get(), bases.get(), std::move(attributes)));
  type->behaviour.repr = struct_repr;
  for (size_t i = 0; i < fields.size(); ++i) MINI_TRY(add_getset(heap, type.get(), fields[i], kGetters[i]));
  return type;
}

Result<Ref<Value>> make_struct(Heap& heap, Type* type, std::span<Value> items) {
  auto made = heap.create<Tuple>(type, items.size() * sizeof(Value));
  if (!made.ok()) {
    for (Value item : items) decref(item);
    return raised;
  }
  Ref<Tuple> tuple = made.take_unchecked();
  tuple->length = items.size();
  for (size_t i = 0; i < items.size(); ++i) tuple->items()[i] = items[i];
  return tuple;
}

}  // namespace mini::modules
