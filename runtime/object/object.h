// The header that every counted object begins with, and the links of those that can be part of a cycle.
#pragma once

#include <cstdint>

#include "runtime/base/intrusive.h"
#include "runtime/object/value.h"

namespace mini::object {

struct Type;
class Heap;

/// A counted object in a VM's memory. Counts are plain integers: whoever changes one holds the GIL.
struct Object {
  uint32_t count;
  /// The serial that `id()` answers, given out at the first question; 0 before. Addresses are never shown, so that
  /// two runs of one schedule agree.
  uint32_t serial;
  Type* type;
};
static_assert(sizeof(Object) == 16);

/// An object that owns references to others. The heap knows all of them: the cycle collector walks them, freeing puts
/// them on a list instead of recursing.
struct Tracked : Object {
  base::ListMemberHook hook;
  /// During a collection: references not yet explained by other candidates. Otherwise unused.
  uint32_t unexplained;
  uint32_t flags;

  static constexpr uint32_t kFinalized = 1;   ///< `__del__` has run; it runs once
  static constexpr uint32_t kCandidate = 2;   ///< part of the set that a collection is looking at
  static constexpr uint32_t kReachable = 4;   ///< found alive by that collection
  static constexpr uint32_t kWeaklyReferenced = 8;  ///< stands in the heap's set of weak references, or did
};

/// Out of line: the count of `object` has reached zero.
void object_dead(Object* object) noexcept;

inline void incref(Object* object) { ++object->count; }
inline void decref(Object* object) {
  if (--object->count == 0) object_dead(object);
}
inline void incref(Value value) {
  if (value.is_object()) incref(value.as_object());
}
inline void decref(Value value) {
  if (value.is_object()) decref(value.as_object());
}
/// Of each; of small ints, four at a time are passed over.
inline void incref_all(const Value* values, size_t count) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    if (are_ints(values + i)) continue;
    for (size_t k = i; k < i + 4; ++k) incref(values[k]);
  }
  for (; i < count; ++i) incref(values[i]);
}
/// Of each, the last one first.
inline void decref_all(const Value* values, size_t count) {
  while (count % 4 != 0) decref(values[--count]);
  for (; count > 0; count -= 4) {
    if (are_ints(values + count - 4)) continue;
    for (size_t k = count; k-- > count - 4;) decref(values[k]);
  }
}

}  // namespace mini::object
