// Builtin functions about any object: its type, text, identity and attributes.
#include "interp/modules/builtins.h"
#include "interp/vm/calls.h"
#include "interp/vm/function.h"
#include "runtime/object/native_scope.h"

namespace mini::modules {
namespace {

// Types ---------------------------------------------------------------------------------------------------------------

/// Whether a class derived from abc.ABC takes `type` for a subclass of its own.
Result<bool> is_virtual_subclass(Heap& heap, Type* type, Type* base) {
  const Value check = base->type_flags & Type::kUserClass ? lookup(base, heap.name(Name::k_abc_check)) : kUnbound;
  if (!has_kind(check, BuiltinType::kFunction)) return false;
  const object::NativeScope scope(heap);
  if (!scope.entered()) return raised;
  const Value arguments[] = {Value(base), Value(type)};
  Ref<Value> answer = MINI_TRY(call_nested(heap, check, arguments, 2));
  return truth(heap, answer);
}

/// Whether `type` is or derives from a class or one of a (nested) tuple of classes.
Result<bool> is_subclass_of(Heap& heap, Type* type, Value classes, const char* error) {
  if (has_kind(classes, BuiltinType::kTypeType)) {
    auto* base = static_cast<Type*>(classes.as_object());
    return is_subtype(type, base) ? true : is_virtual_subclass(heap, type, base);
  }
  if (has_kind(classes, BuiltinType::kTuple)) {
    const object::NativeScope scope(heap);  // tuples nest
    if (!scope.entered()) return raised;
    auto* tuple = static_cast<Tuple*>(classes.as_object());
    for (uint64_t i = 0; i < tuple->length; ++i)
      if (MINI_TRY(is_subclass_of(heap, type, tuple->items()[i], error))) return true;
    return false;
  }
  // int | str: an instance of types.UnionType (interp/prelude/types.mini).
  if (const Value check = lookup(heap.type_of(classes), heap.name(Name::k_union_check));
      has_kind(check, BuiltinType::kFunction)) {
    const Value arguments[] = {classes, Value(type)};
    Ref<Value> answer = MINI_TRY(call_nested(heap, check, arguments, 2));
    return truth(heap, answer);
  }
  return heap.raise_text(BuiltinType::kTypeError, error);
}

Result<Ref<Value>> isinstance(Call& call) {
  return Ref<Value>(MINI_TRY(is_subclass_of(call.heap, call.heap.type_of(call[0]), call[1],
                                            "isinstance() arg 2 must be a type, a tuple of types, or a union")));
}
Result<Ref<Value>> issubclass(Call& call) {
  if (!has_kind(call[0], BuiltinType::kTypeType))
    return call.heap.raise_text(BuiltinType::kTypeError, "issubclass() arg 1 must be a class");
  return Ref<Value>(MINI_TRY(is_subclass_of(call.heap, static_cast<Type*>(call[0].as_object()), call[1],
                                            "issubclass() arg 2 must be a class, a tuple of classes, or a union")));
}

// Text and identity ---------------------------------------------------------------------------------------------------

Result<Ref<Value>> repr_(Call& call) { return widen(repr(call.heap, call[0])); }
Result<Ref<Value>> ascii(Call& call) { return widen(ascii_repr(call.heap, call[0])); }
Result<Ref<Value>> hash_(Call& call) { return make_int(call.heap, MINI_TRY(hash(call.heap, call[0]))); }

Result<Ref<Value>> format_(Call& call) {
  Ref<Str> none_given;
  Str* specification = call.has(1) ? as_str(call.heap, call[1]) : nullptr;
  if (call.has(1) && !specification)
    return call.heap.raise(BuiltinType::kTypeError, "format() argument 2 must be str, not {}",
                           type_name(call.heap, call[1]));
  if (!specification) {
    none_given = MINI_TRY(make_str(call.heap, ""));
    specification = none_given.get();
  }
  return widen(format(call.heap, call[0], specification));
}

Result<Ref<Value>> id(Call& call) {
  if (call[0].is_object()) return make_int(call.heap, call.heap.serial_of(call[0].as_object()));
  // Unboxed values are their own identity; the offset keeps them apart from the serials.
  return make_int(call.heap, base::Integer::from_unsigned(call[0].bits()) + base::Integer(int64_t{1} << 32));
}

// Attributes ----------------------------------------------------------------------------------------------------------

Result<Ref<Str>> name_argument(Heap& heap, Value value) {
  Str* name = as_str(heap, value);
  if (!name)
    return heap.raise(BuiltinType::kTypeError, "attribute name must be string, not '{}'", type_name(heap, value));
  return heap.intern(Ref<Str>::share(name));
}

Result<Ref<Value>> getattr(Call& call) {
  Ref<Str> name = MINI_TRY(name_argument(call.heap, call[1]));
  if (!call.has(2)) return get_attribute(call.heap, call[0], name.get());
  Ref<Value> found = MINI_TRY(find_attribute(call.heap, call[0], name.get()));
  return found.get().is_unbound() ? Ref<Value>::share(call[2]) : std::move(found);
}
Result<Ref<Value>> hasattr(Call& call) {
  Ref<Str> name = MINI_TRY(name_argument(call.heap, call[1]));
  Ref<Value> found = MINI_TRY(find_attribute(call.heap, call[0], name.get()));
  return Ref<Value>(!found.get().is_unbound());
}
Result<Ref<Value>> setattr(Call& call) {
  Ref<Str> name = MINI_TRY(name_argument(call.heap, call[1]));
  MINI_TRY(set_attribute(call.heap, call[0], name.get(), call[2]));
  return none();
}
Result<Ref<Value>> delattr(Call& call) {
  Ref<Str> name = MINI_TRY(name_argument(call.heap, call[1]));
  MINI_TRY(delete_attribute(call.heap, call[0], name.get()));
  return none();
}

constexpr NativeDefinition kDefinitions[] = {
    {"isinstance(obj, class_or_tuple, /)", isinstance},
    {"issubclass(cls, class_or_tuple, /)", issubclass},
    {"repr(obj, /)", repr_},
    {"ascii(obj, /)", ascii},
    {"hash(obj, /)", hash_},
    {"format(value, format_spec='', /)", format_},
    {"id(obj, /)", id},
    {"getattr(object, name, default=None, /)", getattr},
    {"hasattr(obj, name, /)", hasattr},
    {"setattr(obj, name, value, /)", setattr},
    {"delattr(obj, name, /)", delattr},
};

}  // namespace

const std::span<const NativeDefinition> kObjectFunctions = kDefinitions;

}  // namespace mini::modules
