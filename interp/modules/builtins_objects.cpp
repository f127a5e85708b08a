// Builtin functions about any object: its type, text, identity and attributes.
#include "interp/modules/builtins.h"
#include "interp/vm/calls.h"
#include "interp/vm/function.h"
#include "runtime/object/native_scope.h"

namespace mini::modules {
namespace {

// Types ---------------------------------------------------------------------------------------------------------------

/// Which question is put: isinstance() or issubclass().
struct ClassCheck {
  Name hook;              ///< the method of a metaclass that answers it
  const char* complaint;  ///< of something that is no class
};
constexpr ClassCheck kIsInstance{Name::k__instancecheck__, "isinstance() arg 2 must be a type, a tuple of types, or a union"};
constexpr ClassCheck kIsSubclass{Name::k__subclasscheck__,
                                 "issubclass() arg 2 must be a class, a tuple of classes, or a union"};

/// What an instance says is its class: proxies have a `__class__` of their own.
Result<Type*> shown_class(Heap& heap, Value instance, Type* type) {
  Str* name = heap.name(Name::k__class__);
  const bool has_own = type->type_flags & Type::kUserClass && lookup(type, name) != lookup(heap.type(BuiltinType::kObject), name);
  if (!has_own && !(type->type_flags & Type::kHasGetAttributeHook)) return type;
  Ref<Value> shown = MINI_TRY(find_attribute(heap, instance, name));
  return has_kind(shown, BuiltinType::kTypeType) ? static_cast<Type*>(shown.get().as_object()) : type;
}

/// Whether `type`, the class at hand or that of the instance, is or derives from a class or one of a (nested) tuple of them,
/// or their metaclass says so (object_isinstance and object_issubclass, CPython 3.13 Objects/abstract.c). Null: the
/// candidate is no class, which only a metaclass may ask for.
Result<bool> passes(Heap& heap, const ClassCheck& check, Value candidate, Type* type, Value classes) {
  auto derives = [&]() -> Result<bool> {
    if (!type) return heap.raise_text(BuiltinType::kTypeError, "issubclass() arg 1 must be a class");
    auto* wanted = static_cast<Type*>(classes.as_object());
    if (is_subtype(type, wanted) || check.hook != Name::k__instancecheck__) return is_subtype(type, wanted);
    Type* shown = MINI_TRY(shown_class(heap, candidate, type));
    return shown != type && is_subtype(shown, wanted);
  };
  if (heap.type_of(classes) == heap.type(BuiltinType::kTypeType)) return derives();
  if (has_kind(classes, BuiltinType::kTuple)) {
    const object::NativeScope scope(heap);  // tuples nest
    if (!scope.entered()) return raised;
    auto* tuple = static_cast<Tuple*>(classes.as_object());
    for (uint64_t i = 0; i < tuple->length; ++i)
      if (MINI_TRY(passes(heap, check, candidate, type, tuple->items()[i]))) return true;
    return false;
  }
  const bool is_class = has_kind(classes, BuiltinType::kTypeType);
  if (is_class && check.hook == Name::k__instancecheck__ && classes == Value(type)) return true;
  if (const Value hook = script_method(heap, heap.type_of(classes), check.hook); !hook.is_unbound()) {
    const object::NativeScope scope(heap);
    if (!scope.entered()) return raised;
    Ref<Value> answer = MINI_TRY(object::call_special(heap, hook, classes, &candidate, 1));
    return truth(heap, answer);
  }
  if (is_class) return derives();
  return heap.raise_text(BuiltinType::kTypeError, check.complaint);
}

Result<Ref<Value>> isinstance(Call& call) {
  return Ref<Value>(MINI_TRY(passes(call.heap, kIsInstance, call[0], call.heap.type_of(call[0]), call[1])));
}
Result<Ref<Value>> issubclass(Call& call) {
  Type* type = has_kind(call[0], BuiltinType::kTypeType) ? static_cast<Type*>(call[0].as_object()) : nullptr;
  return Ref<Value>(MINI_TRY(passes(call.heap, kIsSubclass, call[0], type, call[1])));
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

constexpr NativeDefinition kBuiltinsObjectsDefinitions[] = {
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

const std::span<const NativeDefinition> kObjectFunctions = kBuiltinsObjectsDefinitions;

}  // namespace mini::modules
