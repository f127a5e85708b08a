// The one layout of all iterators of `itertools`.
#pragma once

#include "interp/modules/support.h"

namespace mini::modules {

/// What an iterator of `itertools` remembers; each kind says what its places mean. Empty ones are kUnbound.
struct Itertool : Tracked {
  static constexpr uint32_t kPlaces = 6, kNumbers = 3;
  Value place[kPlaces];
  int64_t number[kNumbers];
};
inline Itertool* as_itertool(Value value) { return static_cast<Itertool*>(value.as_object()); }
inline Result<Ref<Itertool>> make_itertool(Heap& heap, Type* type) {
  Ref<Itertool> made = MINI_TRY(heap.create<Itertool>(type));
  for (Value& place : made->place) place = kUnbound;
  return made;
}
inline Result<Ref<Itertool>> make_itertool(Call& call) { return make_itertool(call.heap, self_of<Type>(call)); }
/// Replaces a place's content. What stood there dies last: it may look at the iterator.
inline void put(Itertool* tool, uint32_t place, Ref<Value> value) {
  decref(std::exchange(tool->place[place], value.release()));
}
inline Ref<Value> at_end() { return Ref<Value>::adopt(kUnbound); }

/// How a kind goes on, and how it is made.
struct ItertoolKind {
  BuiltinType type;
  Result<Ref<Value>> (*next)(Heap&, Value);
  const NativeDefinition* construct;  ///< null: scripts cannot make one
  Result<Ref<Str>> (*repr)(Heap&, Value) = nullptr;
  std::span<const NativeDefinition> class_methods = {};
};
Result<void> define_itertools(Heap&, std::span<const ItertoolKind> kinds);

/// Those that go through one iterable after another; those that combine items of several.
extern const std::span<const ItertoolKind> kSerialItertools, kCombiningItertools;

}  // namespace mini::modules
