// Visitor: the one way in which an object shows its fields.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/object/value.h"

namespace mini::object {

/// Sees every field of an object, in a fixed order. The cycle collector cares for references only; the hash of a state
/// and the owner search for everything. What a field means is the object's business; that it is shown, the type's duty:
/// a test changes every field of every type and expects another hash.
class Visitor {
 public:
  explicit Visitor(bool only_references = false) : references_only(only_references) {}
  virtual ~Visitor() = default;
  /// Who visits does not look at scalars and contents: dear ones may be left out.
  const bool references_only;
  /// A reference that the object owns (or an unboxed value).
  virtual void reference(Value value) = 0;
  void reference(const Object* object) {
    if (object) reference(Value(object));
  }
  /// A field that is not a reference.
  virtual void scalar(uint64_t) {}
  /// Raw content, such as the text of a string.
  virtual void content(const void*, size_t) {}
};

}  // namespace mini::object
