// References that do not keep their object alive.
#pragma once

#include "runtime/object/object.h"

namespace mini::object {

/// A weakref.ref. While its object lives, it stands in the heap's set of all weak references, by the object's address;
/// those of one object in the order of their making.
struct WeakReference : Tracked, base::SetHook<> {
  Object* target;       ///< borrowed; null after the object's death
  Value callback;       ///< kUnbound: none
  int64_t hash;         ///< of the object
  uint32_t is_hashed;
  uint32_t is_due;      ///< the callback waits to be called
  struct ByTarget {
    bool operator()(const WeakReference& a, const WeakReference& b) const { return a.target < b.target; }
    bool operator()(const Object* a, const WeakReference& b) const { return a < b.target; }
    bool operator()(const WeakReference& a, const Object* b) const { return a.target < b; }
  };
};
using WeakReferences = base::MultiSet<WeakReference, WeakReference::ByTarget>;

}  // namespace mini::object
