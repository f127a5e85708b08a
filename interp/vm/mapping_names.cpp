#include "interp/vm/mapping_names.h"

#include "runtime/object/operations.h"
#include "runtime/object/table.h"
#include "runtime/object/visitor.h"

namespace mini::vm {

namespace {

/// The mapping; null where the names are those of a dict.
const Value* mapping_of(Heap& heap, Dict* names) {
  return names->type == heap.type(BuiltinType::kMappingNames) ? &static_cast<MappingNames*>(names)->mapping : nullptr;
}

/// A KeyError says that there is no such name.
bool take_key_error(Heap& heap) {
  if (!heap.pending_is(BuiltinType::kKeyError)) return false;
  static_cast<void>(heap.take_pending());
  return true;
}

}  // namespace

Result<Ref<Dict>> make_mapping_names(Heap& heap, Value mapping) {
  Ref<MappingNames> names = MINI_TRY(heap.create<MappingNames>(BuiltinType::kMappingNames));
  names->mapping = Ref<Value>::share(mapping).release();
  return Ref<Dict>(std::move(names));
}

void define_mapping_names(Heap& heap) {
  Type* type = heap.type(BuiltinType::kMappingNames);
  type->behaviour.visit = [](Object* object, Visitor& visitor) {
    visitor.reference(static_cast<MappingNames*>(object)->mapping);
  };
  type->behaviour.drop = [](Heap& owner, Object* object) {
    release_table(owner, static_cast<MappingNames*>(object));
    decref(std::exchange(static_cast<MappingNames*>(object)->mapping, kUnbound));
  };
  type->instance_size = sizeof(MappingNames);
  type->type_flags |= Type::kTracked;
}

Value shown_names(Heap& heap, Dict* names) {
  const Value* mapping = mapping_of(heap, names);
  return mapping ? *mapping : Value(names);
}

Result<Ref<Value>> find_name(Heap& heap, Dict* names, Str* name) {
  const Value* mapping = mapping_of(heap, names);
  if (!mapping) return Ref<Value>::share(get_name(names, name));
  auto found = get_item(heap, *mapping, Value(name));
  if (!found.ok() && take_key_error(heap)) return Ref<Value>();
  return found;
}

Result<void> store_name(Heap& heap, Dict* names, Str* name, Value value) {
  const Value* mapping = mapping_of(heap, names);
  return mapping ? set_item(heap, *mapping, Value(name), value) : set_name(heap, names, name, value);
}

Result<bool> delete_name(Heap& heap, Dict* names, Str* name) {
  const Value* mapping = mapping_of(heap, names);
  if (!mapping) return remove_name(heap, names, name);
  if (delete_item(heap, *mapping, Value(name)).ok()) return true;
  if (take_key_error(heap)) return false;
  return raised;
}

}  // namespace mini::vm
