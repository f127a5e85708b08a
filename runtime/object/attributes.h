// Attributes by the rules of object.__getattribute__, cut so that the evaluation loop can run the script's
// part itself.
#pragma once

#include "runtime/object/instance.h"
#include "runtime/object/operations.h"

namespace mini::object {

/// What reading an attribute comes to.
struct AttributeLookup {
  enum class Kind : uint8_t {
    kValue,     ///< `value` is the attribute
    kMethod,    ///< `value` is a function (or native method) to be called with `self` before the other
                ///< arguments
    kProperty,  ///< call `value` with `self`
    /// Call `value`, a `__getattr__`, with `self` and the name.
    kGetAttr,
    /// Call `value`, a `__getattribute__`, with `self` and the name; when that raises AttributeError, go on
    /// with `fallback` if it is not unbound.
    kGetAttribute,
    kMissing,  ///< nothing is raised yet: raise_attribute_error()
  };
  Kind kind = Kind::kMissing;
  Ref<Value> value;
  Ref<Value> self;
  /// kProperty and kGetAttribute: the `__getattr__` to call with `self` and the name if the call raises
  /// AttributeError.
  Ref<Value> fallback;
};
/// Runs script code only for a `__get__` that a class defines. Raises what a native getter raises
/// (AttributeError too).
Result<AttributeLookup> resolve(Heap&, Value object, Str* name);
/// The same without the hooks `__getattr__` and `__getattribute__`: what object.__getattribute__ does.
Result<AttributeLookup> resolve_generic(Heap&, Value object, Str* name);
/// Makes the attribute out of a lookup: binds methods, calls what has to be called, nested. kUnbound if
/// missing.
Result<Ref<Value>> finish(Heap&, AttributeLookup lookup, Str* name);

/// What an operation calls of `method`, as `lookup` found it in the type of `self`: bound as an attribute is, but without
/// the hooks and names of `self` (CPython 3.13 Objects/typeobject.c, lookup_maybe_method).
Result<Ref<Value>> bind_special(Heap&, Value method, Value self);

/// What setting or deleting an attribute comes to.
struct AttributeStore {
  enum class Kind : uint8_t {
    kDone,
    kProperty,  ///< call `function` with `self` (and the value, when setting)
    kHook,      ///< call `function` with `self` and the name (and the value, when setting)
  };
  Kind kind = Kind::kDone;
  Ref<Value> function;
  Ref<Value> self;
};
/// The method `__get__` of natives, computed attributes, static and class methods, and its likes that store.
extern const std::span<const NativeDefinition> kDescriptorGet, kDescriptorStore;

/// `kUnbound` as the value deletes.
Result<AttributeStore> resolve_store(Heap&, Value object, Str* name, Value value);
/// Without the hooks `__setattr__` and `__delattr__`.
Result<AttributeStore> resolve_store_generic(Heap&, Value object, Str* name, Value value);
/// With everything, properties and hooks nested.
Result<void> set_attribute(Heap&, Value object, Str* name, Value value);
inline Result<void> delete_attribute(Heap& heap, Value object, Str* name) {
  return set_attribute(heap, object, name, kUnbound);
}

/// The name that getattr and its likes were given, interned; TypeError if it is no str.
Result<Ref<Str>> attribute_name(Heap&, Value name);
/// The address that reprs show, made of the serial that `id()` answers: it looks like CPython's, and is the
/// same in every run.
std::string shown_address(Heap&, Value value);

}  // namespace mini::object
