// What the files of set and of dict views share.
#pragma once

#include "runtime/object/native.h"

namespace mini::object {

extern const NativeDefinition kSetConstruct;
extern const NativeDefinition kFrozenSetConstruct;

/// `target op= other` for `& | ^ -`.
Result<void> combine_into(Heap&, BinaryOp, Set* target, Set* other);
/// A set of the kind of the builtin base of `like`, with the same items.
Result<Ref<Set>> copy_set(Heap&, Set* like);
/// The value itself if it is a set or frozenset, else a new set of its items.
Result<Ref<Set>> as_set(Heap&, Value iterable);
inline bool is_any_set(Value value) {
  if (!value.is_object()) return false;
  const uint32_t kind = value.as_object()->type->kind;
  return kind == static_cast<uint32_t>(BuiltinType::kSet) ||
         kind == static_cast<uint32_t>(BuiltinType::kFrozenSet);
}
/// Whether each item of `left` is in `right`.
Result<bool> is_subset(Heap&, Set* left, Set* right);

}  // namespace mini::object
