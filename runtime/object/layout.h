// Sizes and attributes of objects that may belong to a class derived from a builtin type.
#pragma once

#include "runtime/object/dict.h"
#include "runtime/object/visitor.h"

namespace mini::object {

/// The size of an instance of `type` whose native part has `size` bytes.
inline size_t with_attributes(const Type* type, size_t size) {
  if (type->attributes_offset != Type::kAttributesAtEnd) return size;
  return (size + alignof(Attributes) - 1) / alignof(Attributes) * alignof(Attributes) + sizeof(Attributes);
}

inline void visit_own_attributes(Object* object, Visitor& visitor) {
  if (Attributes* attributes = attributes_of(object)) visit_attributes(attributes, visitor);
}
inline void drop_own_attributes(Heap& heap, Object* object) {
  if (object->type->attributes_offset) drop_attributes(heap, object);
}

}  // namespace mini::object
