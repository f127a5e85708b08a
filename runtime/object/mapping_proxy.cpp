// types.MappingProxyType: a view of a mapping that can only be read (CPython 3.13, Objects/descrobject.c). `C.__dict__` is
// one of the attributes of the class.
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

struct MappingProxy : Tracked {
  Value mapping;
};

Value& mapping_of(Value self) { return static_cast<MappingProxy*>(self.as_object())->mapping; }
Value without_proxy(Value value) { return has_kind(value, BuiltinType::kMappingProxy) ? mapping_of(value) : value; }

void visit_proxy(Object* object, Visitor& visitor) { visitor.reference(static_cast<MappingProxy*>(object)->mapping); }
void drop_proxy(Heap&, Object* object) {
  decref(std::exchange(static_cast<MappingProxy*>(object)->mapping, kUnbound));
}

Result<Ref<Str>> proxy_repr(Heap& heap, Value self) {
  Ref<Str> inner = MINI_TRY(repr(heap, mapping_of(self)));
  return make_str(heap, "mappingproxy(" + to_utf8(inner.get()) + ")");
}
Result<Ref<Str>> proxy_str(Heap& heap, Value self) { return str(heap, mapping_of(self)); }
Result<int64_t> proxy_hash(Heap& heap, Value self) { return hash(heap, mapping_of(self)); }
Result<Ref<Value>> proxy_compare(Heap& heap, CompareOp op, Value self, Value other) {
  return compare(heap, op, mapping_of(self), other);
}
Result<Ref<Value>> proxy_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op != BinaryOp::kOr) return unboxed(kNotImplemented);
  return binary(heap, op, without_proxy(left), without_proxy(right));
}
Result<Ref<Value>> proxy_in_place(Heap& heap, BinaryOp op, Value, Value) {
  if (op != BinaryOp::kOr) return unboxed(kNotImplemented);
  return heap.raise(BuiltinType::kTypeError, "'|=' is not supported by mappingproxy; use '|' instead");
}
Result<int64_t> proxy_length(Heap& heap, Value self) { return length(heap, mapping_of(self)); }
Result<Ref<Value>> proxy_get_item(Heap& heap, Value self, Value key) { return get_item(heap, mapping_of(self), key); }
Result<bool> proxy_contains(Heap& heap, Value self, Value key) { return contains(heap, mapping_of(self), key); }
Result<Ref<Value>> proxy_iterate(Heap& heap, Value self) { return iterate(heap, mapping_of(self)); }

/// What can be looked up by a key, but for lists and tuples.
Result<Ref<Value>> construct_proxy(Call& call) {
  Heap& heap = call.heap;
  Type* type = heap.type_of(call[1]);
  const bool is_sequence = has_kind(call[1], BuiltinType::kList) || has_kind(call[1], BuiltinType::kTuple);
  if (is_sequence || (!type->behaviour.get_item && script_method(heap, type, Name::k__getitem__).is_unbound()))
    return heap.raise(BuiltinType::kTypeError, "mappingproxy() argument must be a mapping, not {}", type_name(heap, call[1]));
  return make_mapping_proxy(heap, call[1]);
}
constinit const NativeDefinition kConstruct = {"mappingproxy.__new__(type, mapping)", construct_proxy};

/// The mapping's own method.
Result<Ref<Value>> forward(Call& call, std::string_view method, const Value* arguments = nullptr, uint32_t count = 0) {
  Ref<Str> name = MINI_TRY(call.heap.intern(method));
  return call_method(call.heap, mapping_of(call[0]), name.get(), arguments, count);
}
Result<Ref<Value>> proxy_get(Call& call) {
  const Value arguments[] = {call[1], call.has(2) ? call[2] : kNone};
  return forward(call, "get", arguments, 2);
}
Result<Ref<Value>> proxy_keys(Call& call) { return forward(call, "keys"); }
Result<Ref<Value>> proxy_values(Call& call) { return forward(call, "values"); }
Result<Ref<Value>> proxy_items(Call& call) { return forward(call, "items"); }
Result<Ref<Value>> proxy_copy(Call& call) { return forward(call, "copy"); }
Result<Ref<Value>> proxy_reversed(Call& call) { return forward(call, "__reversed__"); }

constexpr NativeDefinition kMappingProxyMethods[] = {
    {"mappingproxy.get(self, key, default=None, /)", proxy_get},
    {"mappingproxy.keys(self, /)", proxy_keys},
    {"mappingproxy.values(self, /)", proxy_values},
    {"mappingproxy.items(self, /)", proxy_items},
    {"mappingproxy.copy(self, /)", proxy_copy},
    {"mappingproxy.__reversed__(self, /)", proxy_reversed},
};

}  // namespace

Result<Ref<Value>> make_mapping_proxy(Heap& heap, Value mapping) {
  Ref<MappingProxy> proxy = MINI_TRY(heap.create<MappingProxy>(BuiltinType::kMappingProxy));
  proxy->mapping = Ref<Value>::share(mapping).release();
  return Ref<Value>(std::move(proxy));
}

void define_mapping_proxy_type(Heap& heap) {
  Type* type = heap.type(BuiltinType::kMappingProxy);
  type->type_flags |= Type::kTracked;
  type->instance_size = sizeof(MappingProxy);
  type->construct = &kConstruct;
  NativeBehaviour& behaviour = type->behaviour;
  behaviour.visit = visit_proxy;
  behaviour.drop = drop_proxy;
  behaviour.repr = proxy_repr;
  behaviour.str = proxy_str;
  behaviour.hash = proxy_hash;
  behaviour.compare = proxy_compare;
  behaviour.binary = proxy_binary;
  behaviour.in_place = proxy_in_place;
  behaviour.length = proxy_length;
  behaviour.get_item = proxy_get_item;
  behaviour.contains = proxy_contains;
  behaviour.iterate = proxy_iterate;
}

Result<void> define_mapping_proxy_methods(Heap& heap) {
  return add_methods(heap, heap.type(BuiltinType::kMappingProxy), kMappingProxyMethods, std::size(kMappingProxyMethods));
}

}  // namespace mini::object
