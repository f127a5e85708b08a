// The heap's view of an object that can be part of a cycle: usually the object itself, sometimes what stands
// behind it.
#pragma once

#include "runtime/object/dict.h"

namespace mini::object {

/// Stands behind an instance of a class derived from an untracked type (`class Text(str)`): the base's code
/// expects its fields right behind the header, so the links of a tracked object have no room there. Its
/// `type` is null.
struct Trailer : Tracked {
  Object* owner;
  Attributes attributes;
};

/// The node of an object in the heap's lists; null for leaves.
inline Tracked* node_of(Object* object) {
  const Type* type = object->type;
  if (type->type_flags & Type::kTracked) [[likely]]
    return static_cast<Tracked*>(object);
  if (type->trailer_size == 0) return nullptr;
  return reinterpret_cast<Trailer*>(reinterpret_cast<char*>(object) + object_size(object) - sizeof(Trailer));
}
inline Object* object_of(Tracked* node) {
  return node->type ? node : static_cast<Trailer*>(node)->owner;
}
inline uint32_t bytes_behind(const Type* type) {
  return type->type_flags & Type::kTracked ? sizeof(Attributes) : sizeof(Trailer);
}

template <class Function>
void Heap::for_each_tracked(Function function) {
  for (TrackedList* list : {&tracked_, &old_[0], &old_[1], &frozen_, &settled_, &finalizable_}) {
    for (Tracked& node : *list) function(object_of(&node));
  }
}

/// Shows all of an object: its class, its fields and the attributes behind them.
void visit_object(Object* object, Visitor& visitor);

}  // namespace mini::object
