// What any value can do besides operators: repr, str, hash, truth, length, items, attributes' calls.
#include "runtime/object/operations.h"

#include "runtime/object/attributes.h"
#include "runtime/object/native_scope.h"
#include "runtime/object/number.h"
#include "runtime/object/type_internal.h"

namespace mini::object {

namespace {

/// `<__main__.Point object at 0x...>`; the number is the serial that `id()` answers.
Result<Ref<Str>> default_repr(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  uint32_t serial = value.is_object() ? heap.serial_of(value.as_object()) : 0;
  std::string module;
  if (Value found = lookup(type, heap.name(Name::k__module__)); Str* text = as_str(heap, found)) {
    if (!equal(text, "builtins")) module = to_utf8(text) + ".";
  }
  return make_str(heap,
                  fmt::format("<{}{} object at 0x{:012x}>", module, to_utf8(type->qualified_name), serial));
}

/// What a script's `__repr__`, `__str__` or `__format__` answered has to be a str.
Result<Ref<Str>> checked_text(Heap& heap, Result<Ref<Value>> answer, const char* method) {
  Ref<Value> value = MINI_TRY(std::move(answer));
  if (!as_str(heap, value)) {
    return heap.raise(BuiltinType::kTypeError, "{} returned non-string (type {})", method,
                      type_name(heap, value));
  }
  return Ref<Str>::adopt(static_cast<Str*>(value.release().as_object()));
}

/// The answer of a script's `__hash__`, as CPython folds it (slot_tp_hash, 3.13 Objects/typeobject.c).
Result<int64_t> script_hash(Heap& heap, Value method, Value value) {
  Ref<Value> answer = MINI_TRY(call_special(heap, method, value));
  if (!is_integer(heap, answer)) {
    return heap.raise(BuiltinType::kTypeError, "__hash__ method should return an integer");
  }
  base::Integer number = integer_of(answer);
  int64_t hash = number.fits_int64() ? number.to_int64() : number.hash();
  return hash == -1 ? -2 : hash;
}

Raised raise_unhashable(Heap& heap, Value value) {
  return heap.raise(BuiltinType::kTypeError, "unhashable type: '{}'", type_name(heap, value));
}

}  // namespace

Result<Ref<Str>> repr(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  NativeScope scope(heap, " while getting the repr of an object");
  if (!scope.entered()) return raised;
  if (Value method = script_method(heap, type, Name::k__repr__); !method.is_unbound()) {
    return checked_text(heap, call_special(heap, method, value), "__repr__");
  }
  return type->behaviour.repr ? type->behaviour.repr(heap, value) : default_repr(heap, value);
}

Result<Ref<Str>> str(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  if (value.is_int()) return type->behaviour.repr(heap, value);
  if (type == heap.type(BuiltinType::kStr)) return Ref<Str>::share(static_cast<Str*>(value.as_object()));
  if (Value method = script_method(heap, type, Name::k__str__); !method.is_unbound()) {
    NativeScope scope(heap, " while getting the str of an object");
    if (!scope.entered()) return raised;
    return checked_text(heap, call_special(heap, method, value), "__str__");
  }
  return type->behaviour.str ? type->behaviour.str(heap, value) : repr(heap, value);
}

Result<Ref<Str>> ascii_repr(Heap& heap, Value value) {
  Ref<Str> text = MINI_TRY(repr(heap, value));
  if (!text->wide) return text;
  std::string out;
  for (size_t i = 0; i < text->length; ++i) {
    char32_t unit = text->at(i);
    if (unit < 0x80) {
      out += static_cast<char>(unit);
    } else if (unit < 0x100) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(unit));
    } else if (unit < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(unit));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<uint32_t>(unit));
    }
  }
  return make_str(heap, out);
}

Result<int64_t> hash(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  if (Value method = script_method(heap, type, Name::k__hash__); !method.is_unbound()) {
    if (method.is_none()) return raise_unhashable(heap, value);
    return script_hash(heap, method, value);
  }
  if (type->behaviour.hash) return type->behaviour.hash(heap, value);
  if (lookup(type, heap.name(Name::k__hash__)).is_none()) return raise_unhashable(heap, value);
  if (value.is_none()) return 0xfca86420;  // since CPython 3.12 (Objects/object.c, none_hash)
  if (!value.is_object()) return static_cast<int64_t>(value.bits());
  return static_cast<int64_t>(heap.serial_of(value.as_object()));
}

Result<bool> truth(Heap& heap, Value value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_none()) return false;
  if (value.is_int()) return value.as_int() != 0;
  if (value.is_float()) return value.as_double() != 0;
  Type* type = heap.type_of(value);
  if (Value method = script_method(heap, type, Name::k__bool__); !method.is_unbound()) {
    Ref<Value> answer = MINI_TRY(call_special(heap, method, value));
    if (!answer.get().is_bool()) {
      return heap.raise(BuiltinType::kTypeError, "__bool__ should return bool, returned {}",
                        type_name(heap, answer));
    }
    return answer.get().as_bool();
  }
  if (!script_method(heap, type, Name::k__len__).is_unbound()) return MINI_TRY(length(heap, value)) != 0;
  if (type->behaviour.truth) return type->behaviour.truth(heap, value);
  if (type->behaviour.length) return MINI_TRY(type->behaviour.length(heap, value)) != 0;
  return true;
}

Result<int64_t> length(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  if (Value method = script_method(heap, type, Name::k__len__); !method.is_unbound()) {
    Ref<Value> answer = MINI_TRY(call_special(heap, method, value));
    int64_t length = MINI_TRY(to_int64(heap, answer, "index"));
    if (length < 0) return heap.raise(BuiltinType::kValueError, "__len__() should return >= 0");
    return length;
  }
  if (type->behaviour.length) return type->behaviour.length(heap, value);
  return heap.raise(BuiltinType::kTypeError, "object of type '{}' has no len()", type_name(heap, value));
}

Result<int64_t> length_hint(Heap& heap, Value value, int64_t otherwise) {
  Type* type = heap.type_of(value);
  auto declined = [&heap] {  // a TypeError: there is no such thing
    if (!heap.pending_is(BuiltinType::kTypeError)) return false;
    static_cast<void>(heap.take_pending());
    return true;
  };
  if (type->behaviour.length || !script_method(heap, type, Name::k__len__).is_unbound()) {
    Result<int64_t> known = length(heap, value);
    if (known.ok() || !declined()) return known;
  }
  const Value method = lookup(type, heap.name(Name::k__length_hint__));
  if (method.is_unbound() || method.is_none()) return otherwise;
  Result<Ref<Value>> hint = call_special(heap, method, value);
  if (!hint.ok()) return declined() ? Result<int64_t>(otherwise) : raised;
  if (hint->get() == kNotImplemented) return otherwise;
  if (!is_any_int(*hint))
    return heap.raise(BuiltinType::kTypeError, "__length_hint__ must be an integer, not {}", type_name(heap, *hint));
  const int64_t count = MINI_TRY(to_int64(heap, *hint, "index"));
  if (count < 0) return heap.raise_text(BuiltinType::kValueError, "__length_hint__() should return >= 0");
  return count;
}

Result<Ref<Value>> get_item(Heap& heap, Value container, Value key) {
  Type* type = heap.type_of(container);
  if (Value method = script_method(heap, type, Name::k__getitem__); !method.is_unbound()) {
    return call_special(heap, method, container, &key, 1);
  }
  if (type->behaviour.get_item) return type->behaviour.get_item(heap, container, key);
  if (has_kind(container, BuiltinType::kTypeType)) {
    // T[item]: what the class says in __class_getitem__ (PEP 560).
    Ref<Value> of_class = MINI_TRY(find_attribute(heap, container, heap.name(Name::k__class_getitem__)));
    if (!of_class.get().is_unbound()) return heap.hooks().call(heap, of_class, &key, 1);
    return heap.raise(BuiltinType::kTypeError, "type '{}' is not subscriptable",
                      to_utf8(static_cast<Type*>(container.as_object())->name));
  }
  return heap.raise(BuiltinType::kTypeError, "'{}' object is not subscriptable", type_name(heap, container));
}

Result<void> set_item(Heap& heap, Value container, Value key, Value item) {
  Type* type = heap.type_of(container);
  bool deletes = item.is_unbound();
  Value method = script_method(heap, type, deletes ? Name::k__delitem__ : Name::k__setitem__);
  if (!method.is_unbound()) {
    Value arguments[] = {key, item};
    static_cast<void>(MINI_TRY(call_special(heap, method, container, arguments, deletes ? 1 : 2)));
    return {};
  }
  if (type->behaviour.set_item) return type->behaviour.set_item(heap, container, key, item);
  // CPython's wording depends on the slot tables that a type has (PyObject_DelItem, 3.13 Objects/abstract.c).
  bool sequence = is_index(heap, key) && (type->behaviour.get_item || type->behaviour.contains || type->type_flags & Type::kUserClass);
  return heap.raise(BuiltinType::kTypeError, "'{}' object {} support item {}", type_name(heap, container),
                    deletes && sequence ? "doesn't" : "does not", deletes ? "deletion" : "assignment");
}

Result<void> delete_item(Heap& heap, Value container, Value key) {
  return set_item(heap, container, key, kUnbound);
}

Result<bool> contains(Heap& heap, Value container, Value item) {
  Type* type = heap.type_of(container);
  if (Value method = script_method(heap, type, Name::k__contains__); !method.is_unbound()) {
    if (method.is_none()) {
      return heap.raise(BuiltinType::kTypeError, "'{}' object is not a container",
                        type_name(heap, container));
    }
    Ref<Value> answer = MINI_TRY(call_special(heap, method, container, &item, 1));
    return truth(heap, answer);
  }
  if (type->behaviour.contains) return type->behaviour.contains(heap, container, item);
  Result<Ref<Value>> iterator = iterate(heap, container);
  if (!iterator.ok()) {
    if (!heap.pending_is(BuiltinType::kTypeError)) return raised;
    return heap.raise(BuiltinType::kTypeError, "argument of type '{}' is not iterable",
                      type_name(heap, container));
  }
  for (;;) {
    Ref<Value> next_item = MINI_TRY(next(heap, *iterator));
    if (next_item.get().is_unbound()) return false;
    if (MINI_TRY(equal(heap, next_item, item))) return true;
  }
}

Result<Ref<Value>> call(Heap& heap, Value function, const Value* arguments, uint32_t count) {
  return heap.hooks().call(heap, function, arguments, count);
}

Result<Ref<Value>> call_method(Heap& heap, Value self, Str* name, const Value* arguments, uint32_t count) {
  Ref<Value> method = MINI_TRY(get_attribute(heap, self, name));
  return call(heap, method, arguments, count);
}

Result<Ref<Value>> call_special(Heap& heap, Value method, Value self, const Value* arguments,
                                uint32_t count) {
  constexpr uint32_t kMaxArguments = 4;
  MINI_ASSERT(count < kMaxArguments);
  if (!has_kind(method, BuiltinType::kFunction) && !has_kind(method, BuiltinType::kMethodDescriptor)) {
    Ref<Value> bound = MINI_TRY(bind_special(heap, method, self));
    return call(heap, bound, arguments, count);
  }
  // The class may drop the method while it runs.
  Ref<Value> kept = Ref<Value>::share(method);
  Value all[kMaxArguments] = {self};
  for (uint32_t i = 0; i < count; ++i) all[i + 1] = arguments[i];
  return call(heap, method, all, count + 1);
}

std::string type_name(Heap& heap, Value value) { return type_name(heap, heap.type_of(value)); }

std::string type_name(Heap& heap, const Type* type) {
  std::string name = to_utf8(type->name);
  if (type->type_flags & Type::kUserClass) return name;
  const Str* module = as_str(heap, get_name(type->attributes, heap.name(Name::k__module__)));
  return module ? to_utf8(module) + "." + name : name;
}

}  // namespace mini::object
