// `object`: what every value can do, and `__new__` of the builtin types.
#include <algorithm>
#include <vector>

#include "runtime/object/attributes.h"
#include "runtime/object/node.h"
#include "runtime/object/table.h"
#include "runtime/object/type_internal.h"

namespace mini::object {

namespace {

std::string full_type_name(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  Str* module = as_str(heap, lookup(type, heap.name(Name::k__module__)));
  std::string name = to_utf8(type->qualified_name);
  return module && !equal(module, "builtins") ? to_utf8(module) + "." + name : name;
}

Result<Ref<Str>> object_repr(Heap& heap, Value self) {
  return make_str(heap,
                  fmt::format("<{} object at {}>", full_type_name(heap, self), shown_address(heap, self)));
}

// ---- making and initialising

/// Whether a class statement along the order defines the method.
bool defined_by_script(Heap& heap, Type* type, Name which) {
  const Tuple* order = type->method_resolution_order;
  for (size_t i = 0; i < order->length; ++i) {
    auto* each = static_cast<Type*>(order->items()[i].as_object());
    if (!get_name(each->attributes, heap.name(which)).is_unbound())
      return each->type_flags & Type::kUserClass;
  }
  return false;
}

bool has_excess(Call& call) {
  return call.count > 1 || !call.keywords[0].is_unbound();
}

/// Surplus arguments are an error unless another method takes them (object_new and object_init, 3.13
/// Objects/typeobject.c).
Result<Ref<Value>> construct_object(Call& call) {
  Heap& heap = call.heap;
  auto* type = static_cast<Type*>(call.args[0].as_object());
  if (has_excess(call)) {
    if (defined_by_script(heap, type, Name::k__new__)) {
      return heap.raise(BuiltinType::kTypeError,
                        "object.__new__() takes exactly one argument (the type to instantiate)");
    }
    if (!defined_by_script(heap, type, Name::k__init__)) {
      return heap.raise(BuiltinType::kTypeError, "{}() takes no arguments", to_utf8(type->name));
    }
  }
  if (type->type_flags & Type::kUserClass) return make_instance(heap, type);
  return widen(heap.create<Object>(type));
}

Result<Ref<Value>> object_init(Call& call) {
  Heap& heap = call.heap;
  Type* type = heap.type_of(call.args[0]);
  if (!has_excess(call)) return unboxed(kNone);
  if (defined_by_script(heap, type, Name::k__init__)) {
    return heap.raise(BuiltinType::kTypeError,
                      "object.__init__() takes exactly one argument (the instance to initialize)");
  }
  if (type->construct == heap.type(BuiltinType::kObject)->construct &&
      !defined_by_script(heap, type, Name::k__new__)) {
    return heap.raise(BuiltinType::kTypeError,
                      "{}.__init__() takes exactly one argument (the instance to initialize)",
                      to_utf8(type->name));
  }
  return unboxed(kNone);
}

/// `int.__new__(cls, ...)`, bound to the builtin type itself (tp_new_wrapper).
Result<Ref<Value>> call_new(Call& call) {
  Heap& heap = call.heap;
  auto* owner = static_cast<Type*>(call.args[0].as_object());
  std::string name = to_utf8(owner->name);
  if (call.count == 1) return heap.raise(BuiltinType::kTypeError, "{}.__new__(): not enough arguments", name);
  if (!has_kind(call.args[1], BuiltinType::kTypeType)) {
    return heap.raise(BuiltinType::kTypeError, "{}.__new__(X): X is not a type object ({})", name,
                      type_name(heap, call.args[1]));
  }
  auto* type = static_cast<Type*>(call.args[1].as_object());
  std::string given = to_utf8(type->name);
  if (!is_subtype(type, owner)) {
    return heap.raise(BuiltinType::kTypeError, "{0}.__new__({1}): {1} is not a subtype of {0}", name, given);
  }
  if (type->construct != owner->construct) {
    return heap.raise(BuiltinType::kTypeError, "{}.__new__({}) is not safe, use {}.__new__()", name, given,
                      to_utf8(builtin_base(type)->name));
  }
  if (is_filled_later(type)) return call_construct(heap, type, nullptr, 0, nullptr);
  // Keywords stand behind the positional arguments again, as a call has them.
  Value given_keywords = call.keywords[0];
  std::vector<Value> arguments(call.args + 2, call.args + call.count);
  Ref<Tuple> names;
  if (!given_keywords.is_unbound()) {
    auto* dict = static_cast<Dict*>(given_keywords.as_object());
    names = MINI_TRY(make_tuple(heap, dict->live));
    for (uint32_t i = 0; i < dict->live; ++i) {  // fresh, so without gaps
      names->items()[i] = Ref<Value>::share(dict->entries[i].key).release();
      arguments.push_back(dict->entries[i].value);
    }
  }
  return call_construct(heap, type, arguments.data(), call.count - 2, names.get());
}

Result<Ref<Value>> init_subclass(Call& call) {
  if (call.count > 1 || !call.keywords[0].is_unbound()) {
    std::string name = to_utf8(static_cast<Type*>(call.args[0].as_object())->name);
    if (!call.keywords[0].is_unbound()) {
      return call.heap.raise(BuiltinType::kTypeError, "{}.__init_subclass__() takes no keyword arguments",
                             name);
    }
    return call.heap.raise(BuiltinType::kTypeError, "{}.__init_subclass__() takes no arguments ({} given)",
                           name, call.count - 1);
  }
  return unboxed(kNone);
}

// ---- operations

Result<Ref<Value>> slot_repr(Call& call) {
  return widen(object_repr(call.heap, call[0]));
}
Result<Ref<Value>> slot_str(Call& call) {
  return widen(repr(call.heap, call[0]));
}
Result<Ref<Value>> slot_hash(Call& call) {
  if (!call[0].is_object()) return make_int(call.heap, static_cast<int64_t>(call[0].bits() >> 3));
  return make_int(call.heap, call.heap.serial_of(call[0].as_object()));
}
Result<Ref<Value>> slot_eq(Call& call) {
  return call[0] == call[1] ? Ref<Value>(true) : unboxed(kNotImplemented);
}
Result<Ref<Value>> slot_ne(Call& call) {
  // The opposite of the class's own `==`.
  Ref<Value> answer =
      MINI_TRY(call_method(call.heap, call[0], call.heap.name(Name::k__eq__), &call.args[1], 1));
  if (answer.get() == kNotImplemented) return answer;
  return Ref<Value>(!MINI_TRY(truth(call.heap, answer)));
}
Result<Ref<Value>> slot_unordered(Call&) {
  return unboxed(kNotImplemented);
}

Result<Ref<Value>> object_format(Call& call) {
  Heap& heap = call.heap;
  Str* spec = as_str(heap, call[1]);
  if (!spec) {
    return heap.raise(BuiltinType::kTypeError, "__format__() argument must be str, not {}",
                      type_name(heap, call[1]));
  }
  if (spec->length > 0) {
    return heap.raise(BuiltinType::kTypeError, "unsupported format string passed to {}.__format__",
                      type_name(heap, call[0]));
  }
  return widen(str(heap, call[0]));
}

Result<Ref<Value>> slot_getattribute(Call& call) {
  Ref<Str> name = MINI_TRY(attribute_name(call.heap, call[1]));
  AttributeLookup lookup_result = MINI_TRY(resolve_generic(call.heap, call[0], name.get()));
  Ref<Value> value = MINI_TRY(finish(call.heap, std::move(lookup_result), name.get()));
  if (value.get().is_unbound()) return raise_attribute_error(call.heap, call[0], name.get());
  return value;
}

Result<Ref<Value>> store_generic(Call& call, Value value) {
  Heap& heap = call.heap;
  Ref<Str> name = MINI_TRY(attribute_name(heap, call[1]));
  AttributeStore store = MINI_TRY(resolve_store_generic(heap, call[0], name.get(), value));
  if (store.kind == AttributeStore::Kind::kProperty) {
    Value arguments[] = {store.self, value};
    static_cast<void>(
        MINI_TRY(heap.hooks().call(heap, store.function, arguments, value.is_unbound() ? 1 : 2)));
  }
  return unboxed(kNone);
}
Result<Ref<Value>> slot_setattr(Call& call) {
  return store_generic(call, call[2]);
}
Result<Ref<Value>> slot_delattr(Call& call) {
  return store_generic(call, kUnbound);
}

Result<Ref<Value>> object_dir(Call& call) { return widen(attribute_names(call.heap, call[0])); }

/// An abstract class that has no rule of its own (PEP 3119).
Result<Ref<Value>> subclass_hook(Call&) { return unboxed(kNotImplemented); }

Result<Ref<Value>> object_sizeof(Call& call) {
  return make_int(call.heap,
                  call[0].is_object() ? static_cast<int64_t>(object_size(call[0].as_object())) : 8);
}

constinit const NativeDefinition kObjectConstruct = {"object.__new__(type, *args, **kwargs)",
                                                     construct_object};
constinit const NativeDefinition kNew = {"__new__(self, *args, **kwargs)", call_new};

constexpr NativeDefinition kObjectSlots[] = {
    {"__init__(self, *args, **kwargs)", object_init},
    {"__repr__(self, /)", slot_repr},
    {"__str__(self, /)", slot_str},
    {"__hash__(self, /)", slot_hash},
    {"__eq__(self, other, /)", slot_eq},
    {"__ne__(self, other, /)", slot_ne},
    {"__lt__(self, other, /)", slot_unordered},
    {"__le__(self, other, /)", slot_unordered},
    {"__gt__(self, other, /)", slot_unordered},
    {"__ge__(self, other, /)", slot_unordered},
    {"__getattribute__(self, name, /)", slot_getattribute},
    {"__setattr__(self, name, value, /)", slot_setattr},
    {"__delattr__(self, name, /)", slot_delattr},
};
constexpr NativeDefinition kObjectMethods[] = {
    {"object.__format__(self, format_spec, /)", object_format},
    {"object.__dir__(self, /)", object_dir},
    {"object.__sizeof__(self, /)", object_sizeof},
};
constexpr NativeDefinition kObjectClassMethods[] = {
    {"object.__init_subclass__(cls, *args, **kwargs)", init_subclass},
    {"object.__subclasshook__(cls, object, /)", subclass_hook},
};

// ---- attributes

Result<Ref<Value>> get_class(Heap& heap, Value self) {
  return Ref<Value>::share(Value(heap.type_of(self)));
}

/// The names in the `__slots__` of a class and its bases, those of one class in order. They are part of its layout in
/// CPython (3.13 Objects/typeobject.c, same_slots_added).
std::vector<const Str*> slot_names(Heap& heap, const Type* type) {
  std::vector<const Str*> names;
  for (; type && type->type_flags & Type::kUserClass; type = type->base) {
    std::vector<const Str*> own;
    for (int64_t i = 0; (i = next_entry(type->attributes, i)) >= 0; ++i) {
      const DictEntry& entry = type->attributes->entries[i];
      const Str* name = as_str(heap, entry.key);
      const bool implied = !(type->type_flags & Type::kSlotsOnly) && equal(name, "__weakref__");
      if (has_kind(entry.value, BuiltinType::kMemberDescriptor) && !implied) own.push_back(name);
    }
    std::sort(own.begin(), own.end(), [](const Str* a, const Str* b) { return compare(a, b) < 0; });
    names.insert(names.end(), own.begin(), own.end());
  }
  return names;
}

/// Classes of one layout may be exchanged; the attributes go along in a dict.
Result<void> set_class(Heap& heap, Value self, Value value) {
  if (value.is_unbound()) return heap.raise(BuiltinType::kTypeError, "can't delete __class__ attribute");
  if (!has_kind(value, BuiltinType::kTypeType)) {
    return heap.raise(BuiltinType::kTypeError, "__class__ must be set to a class, not '{}' object",
                      type_name(heap, value));
  }
  auto* to = static_cast<Type*>(value.as_object());
  Type* from = heap.type_of(self);
  if (!(to->type_flags & from->type_flags & Type::kUserClass)) {
    return heap.raise(BuiltinType::kTypeError,
                      "__class__ assignment only supported for mutable types or ModuleType subclasses");
  }
  const bool other_slots = (to->type_flags ^ from->type_flags) & Type::kSlotsOnly;
  if (other_slots || to->kind != from->kind || to->trailer_size != from->trailer_size ||
      to->attributes_offset != from->attributes_offset || slot_names(heap, to) != slot_names(heap, from)) {
    return heap.raise(BuiltinType::kTypeError, "__class__ assignment: '{}' object layout differs from '{}'",
                      to_utf8(to->name), to_utf8(from->name));
  }
  static_cast<void>(MINI_TRY(instance_dict(heap, self.as_object())));
  incref(to);
  self.as_object()->type = to;
  decref(from);
  return {};
}

bool has_own_dict(Value self) {
  return self.is_object() && attributes_of(self.as_object()) &&
         !(self.as_object()->type->type_flags & Type::kSlotsOnly);
}

Result<Ref<Value>> get_instance_dict(Heap& heap, Value self) {
  if (!has_own_dict(self)) return raise_attribute_error(heap, self, heap.name(Name::k__dict__));
  return Ref<Value>::share(Value(MINI_TRY(instance_dict(heap, self.as_object()))));
}

Result<void> set_instance_dict(Heap& heap, Value self, Value value) {
  if (!has_own_dict(self)) {
    return heap.raise(BuiltinType::kAttributeError,
                      "'{}' object has no attribute '__dict__' and no __dict__ for setting new attributes",
                      type_name(heap, self));
  }
  Ref<Dict> fresh;
  if (value.is_unbound()) {  // deleted: the next one is empty
    fresh = MINI_TRY(make_dict(heap));
    value = Value(fresh.get());
  }
  if (!has_kind(value, BuiltinType::kDict)) {
    return heap.raise(BuiltinType::kTypeError, "__dict__ must be set to a dictionary, not a '{}'",
                      type_name(heap, value));
  }
  static_cast<void>(MINI_TRY(instance_dict(heap, self.as_object())));
  incref(value);
  decref(std::exchange(attributes_of(self.as_object())->dict, static_cast<Dict*>(value.as_object())));
  return {};
}

}  // namespace

Result<Ref<List>> attribute_names(Heap& heap, Value self) {
  Ref<Dict> names = MINI_TRY(make_dict(heap));
  auto add_keys = [&](const Dict* table) -> Result<void> {
    for (uint32_t i = 0; i < table->used; ++i)
      if (!table->entries[i].key.is_unbound()) MINI_TRY(set(heap, names.get(), table->entries[i].key, kNone));
    return {};
  };
  if (has_kind(self, BuiltinType::kModule)) {
    MINI_TRY(add_keys(static_cast<Module*>(self.as_object())->dict));
    return list_from(heap, names);
  }
  const bool is_class = has_kind(self, BuiltinType::kTypeType);
  const Type* type = is_class ? static_cast<Type*>(self.as_object()) : heap.type_of(self);
  if (self.is_object() && !is_class) {
    if (auto own_names = type->behaviour.own_names) {
      if (const Dict* own = MINI_TRY(own_names(heap, self.as_object(), OwnNames::kToRead))) MINI_TRY(add_keys(own));
    } else if (Attributes* own = attributes_of(self.as_object())) {
      for (Shape* shape = own->shape; shape && shape->parent; shape = shape->parent)
        MINI_TRY(set_name(heap, names.get(), shape->name, kNone));
      if (!own->shape && own->dict) MINI_TRY(add_keys(own->dict));
    }
  }
  const Tuple* order = type->method_resolution_order;
  for (size_t i = 0; i < order->length; ++i)
    MINI_TRY(add_keys(static_cast<Type*>(order->items()[i].as_object())->attributes));
  // It stands in `object` here, in the classes whose instances have one in CPython.
  const bool has_dict = has_kind(self, BuiltinType::kFunction) || (is_class ? type->attributes_offset > 0 : has_own_dict(self));
  if (!has_dict) remove_name(heap, names.get(), heap.name(Name::k__dict__));
  return list_from(heap, names);
}

void define_object_type(Heap& heap) {
  Type* object = heap.type(BuiltinType::kObject);
  object->type_flags |= Type::kSubclassable;
  object->construct = &kObjectConstruct;
  object->behaviour.repr = object_repr;
}

Result<void> define_object_methods(Heap& heap) {
  Type* object = heap.type(BuiltinType::kObject);
  MINI_TRY(add_methods(heap, object, kObjectSlots, std::size(kObjectSlots), MethodDescriptor::kSlotMethod));
  MINI_TRY(add_methods(heap, object, kObjectMethods, std::size(kObjectMethods)));
  MINI_TRY(
      add_methods(heap, object, kObjectClassMethods, std::size(kObjectClassMethods), MethodDescriptor::kClassMethod));
  MINI_TRY(add_getset(heap, object, "__class__", get_class, set_class));
  MINI_TRY(add_getset(heap, object, "__dict__", get_instance_dict, set_instance_dict));
  return set_name(heap, object->attributes, heap.name(Name::k__doc__), kNone);
}

Result<void> add_new(Heap& heap, Type* type) {
  Ref<NativeObject> native = MINI_TRY(make_native(heap, kNew, Value(type)));
  return set_name(heap, type->attributes, heap.name(Name::k__new__), native);
}

}  // namespace mini::object
