// How a script calls an object: what a report shows beside "Lock".
#pragma once

#include "interp/vm/machine.h"
#include "runtime/object/node.h"

namespace mini::vm {

/// Calls `function(const Str* name, Value value)` for each attribute of an instance, in the order of their making.
template <class Function>
void for_each_attribute(Object* object, Function function) {
  Attributes* attributes = attributes_of(object);
  if (!attributes) return;
  if (!attributes->shape) {
    if (const Dict* dict = attributes->dict)
      for (uint32_t i = 0; i < dict->used; ++i)
        if (dict->entries[i].key.is_object()) function(static_cast<const Str*>(dict->entries[i].key.as_object()), dict->entries[i].value);
    return;
  }
  std::vector<const Shape*> shapes;
  for (const Shape* shape = attributes->shape; shape->parent; shape = shape->parent) shapes.push_back(shape);
  for (auto shape = shapes.rbegin(); shape != shapes.rend(); ++shape)
    function((*shape)->name, attributes->values[(*shape)->count - 1]);
}

/// The Condition, Event, Queue ... of the library that holds a lock of its own, itself or by a part; null: none.
const Object* library_owner(Machine&, const Object* lock);

/// Whether a class was defined by the prelude.
bool is_library_type(Machine&, const Type*);

}  // namespace mini::vm
