// Reading attributes (object.__getattribute__, type.__getattribute__, super; CPython 3.13 Objects/object.c,
// typeobject.c).
#include "runtime/object/attributes.h"
#include "runtime/object/type_internal.h"

namespace mini::object {

namespace {

using Kind = AttributeLookup::Kind;

AttributeLookup found(Ref<Value> value) {
  return {Kind::kValue, std::move(value), {}, {}};
}

BuiltinType kind_of(Value value) {
  return value.is_object() ? static_cast<BuiltinType>(value.as_object()->type->kind) : BuiltinType::kObject;
}

/// A method of a class for descriptors that scripts write: `__get__`, `__set__`, `__delete__`.
Value descriptor_method(Heap& heap, Value descriptor, Name which) {
  return descriptor.is_object() ? script_method(heap, descriptor.as_object()->type, which) : kUnbound;
}

bool is_data_descriptor(Heap& heap, Value descriptor) {
  if (!descriptor.is_object()) return false;
  const BuiltinType kind = kind_of(descriptor);
  if (kind == BuiltinType::kGetSetDescriptor || kind == BuiltinType::kProperty) return true;
  if (!(descriptor.as_object()->type->type_flags & Type::kHasScriptMethods)) return false;
  return !descriptor_method(heap, descriptor, Name::k__set__).is_unbound() ||
         !descriptor_method(heap, descriptor, Name::k__delete__).is_unbound();
}

/// A data descriptor that is asked before the instance's own attributes. One that can only be set is not: validators keep
/// the value there under its own name.
bool goes_first(Heap& heap, Value descriptor) {
  if (!is_data_descriptor(heap, descriptor)) return false;
  switch (kind_of(descriptor)) {
    case BuiltinType::kGetSetDescriptor:
    case BuiltinType::kProperty:
    case BuiltinType::kStaticMethod:
    case BuiltinType::kClassMethod:
      return true;
    default:
      return !descriptor_method(heap, descriptor, Name::k__get__).is_unbound();
  }
}

/// `name` may be null: a special method is asked for without one.
Raised raise_property(Heap& heap, Value self, Str* name, const char* what) {
  return heap.raise(BuiltinType::kAttributeError, "property{} of '{}' object has no {}",
                    name ? " '" + to_utf8(name) + "'" : "", to_utf8(heap.type_of(self)->qualified_name), what);
}

/// bind() for what the runtime itself knows how to bind.
Result<AttributeLookup> bind_builtin(Heap& heap, Value attribute, Value self, Type* owner, Str* name) {
  if (!attribute.is_object()) return found(Ref<Value>::share(attribute));
  Object* object = attribute.as_object();
  switch (kind_of(attribute)) {
    case BuiltinType::kFunction:
    case BuiltinType::kCachedFunction:
      if (self.is_unbound()) break;
      return AttributeLookup{Kind::kMethod, Ref<Value>::share(attribute), Ref<Value>::share(self), {}};
    case BuiltinType::kMethodDescriptor: {
      auto* method = static_cast<MethodDescriptor*>(object);
      if (method->kind == MethodDescriptor::kClassMethod) {
        return found(MINI_TRY(widen(make_native(heap, *method->definition, Value(owner)))));
      }
      if (method->kind == MethodDescriptor::kStaticMethod) {
        return found(MINI_TRY(widen(make_native(heap, *method->definition))));
      }
      if (self.is_unbound()) break;
      return AttributeLookup{Kind::kMethod, Ref<Value>::share(attribute), Ref<Value>::share(self), {}};
    }
    case BuiltinType::kGetSetDescriptor:
      if (self.is_unbound()) break;
      return found(MINI_TRY(static_cast<GetSetDescriptor*>(object)->get(heap, self)));
    case BuiltinType::kMemberDescriptor: {
      if (self.is_unbound()) break;
      Str* slot = static_cast<MemberDescriptor*>(object)->name;
      const Value value = get_instance_attribute(self.as_object(), slot);
      if (value.is_unbound()) return raise_attribute_error(heap, self, slot);
      return found(Ref<Value>::share(value));
    }
    case BuiltinType::kProperty: {
      if (self.is_unbound()) break;
      Value getter = static_cast<Property*>(object)->getter;
      if (getter.is_none()) return raise_property(heap, self, name, "getter");
      return AttributeLookup{Kind::kProperty, Ref<Value>::share(getter), Ref<Value>::share(self), {}};
    }
    case BuiltinType::kStaticMethod:
      return found(Ref<Value>::share(static_cast<StaticMethod*>(object)->function));
    case BuiltinType::kClassMethod:
      return found(
          MINI_TRY(widen(make_bound_method(heap, static_cast<ClassMethod*>(object)->function, owner))));
    default:
      break;
  }
  return found(Ref<Value>::share(attribute));
}

/// What an attribute of a class becomes when it is read from an instance (`self`) or from the class (`self`
/// unbound). A class has its own way, also one that derives from property or classmethod.
Result<AttributeLookup> bind(Heap& heap, Value attribute, Value self, Type* owner, Str* name) {
  if (attribute.is_object() && attribute.as_object()->type->type_flags & Type::kHasScriptMethods) {
    if (Value get = descriptor_method(heap, attribute, Name::k__get__); !get.is_unbound()) {
      Value arguments[] = {self.is_unbound() ? kNone : self, Value(owner)};
      return found(MINI_TRY(call_special(heap, get, attribute, arguments, 2)));
    }
  }
  return bind_builtin(heap, attribute, self, owner, name);
}

/// `A.name`: the attributes of the class come between the data descriptors and the methods of `type`.
Result<AttributeLookup> resolve_on_type(Heap& heap, Type* type, Str* name) {
  Value of_metatype = lookup(type->type, name);
  if (goes_first(heap, of_metatype)) return bind(heap, of_metatype, type, type->type, name);
  if (Value own = lookup(type, name); !own.is_unbound()) return bind(heap, own, kUnbound, type, name);
  if (!of_metatype.is_unbound()) return bind(heap, of_metatype, type, type->type, name);
  return AttributeLookup{};
}

Result<AttributeLookup> resolve_super(Heap& heap, Super* super, Str* name) {
  if (super->self_type && name != heap.name(Name::k__class__)) {
    const Tuple* order = super->self_type->method_resolution_order;
    size_t i = 0;
    while (i < order->length && order->items()[i] != Value(super->type)) ++i;
    for (++i; i < order->length; ++i) {
      Value attribute = get_name(static_cast<Type*>(order->items()[i].as_object())->attributes, name);
      if (attribute.is_unbound()) continue;
      const bool of_class = super->self == Value(super->self_type);
      return bind(heap, attribute, of_class ? kUnbound : super->self, super->self_type, name);
    }
  }
  Value own = lookup(super->Object::type, name);
  if (own.is_unbound()) return AttributeLookup{};
  return bind(heap, own, Value(super), super->Object::type, name);
}

/// The object's own dict, if it is one that keeps its attributes so; null otherwise, or if there is none so far.
Result<Dict*> own_names(Heap& heap, Value object, OwnNames purpose) {
  if (!object.is_object()) return nullptr;
  const auto function = object.as_object()->type->behaviour.own_names;
  return function ? function(heap, object.as_object(), purpose) : nullptr;
}

Value own_attribute(Value object, Dict* names, Str* name) {
  if (names) return get_name(names, name);
  if (!object.is_object()) return kUnbound;
  if (kind_of(object) == BuiltinType::kModule)
    return get_name(static_cast<Module*>(object.as_object())->dict, name);
  return object.as_object()->type->behaviour.own_names ? kUnbound : get_instance_attribute(object.as_object(), name);
}

}  // namespace

Result<AttributeLookup> resolve_generic(Heap& heap, Value object, Str* name) {
  const BuiltinType kind = kind_of(object);
  if (kind == BuiltinType::kTypeType)
    return resolve_on_type(heap, static_cast<Type*>(object.as_object()), name);
  if (kind == BuiltinType::kSuper) return resolve_super(heap, static_cast<Super*>(object.as_object()), name);
  Dict* names = MINI_TRY(own_names(heap, object, OwnNames::kToRead));  // first: it may run a script's __init__
  Type* type = heap.type_of(object);
  Value of_class = lookup(type, name);
  if (has_kind(of_class, BuiltinType::kMemberDescriptor)) names = nullptr;  // slots are the instance's
  if (goes_first(heap, of_class)) return bind(heap, of_class, object, type, name);
  if (Value own = own_attribute(object, names, name); !own.is_unbound()) return found(Ref<Value>::share(own));
  if (!of_class.is_unbound()) return bind(heap, of_class, object, type, name);
  if (kind == BuiltinType::kBoundMethod) {  // shows the attributes of its function
    return found(
        MINI_TRY(get_attribute(heap, static_cast<BoundMethod*>(object.as_object())->function, name)));
  }
  if (kind == BuiltinType::kModule) {  // its own __getattr__ (PEP 562) is called with the name alone
    const Value hook = get_name(static_cast<Module*>(object.as_object())->dict, heap.name(Name::k__getattr__));
    if (!hook.is_unbound()) return AttributeLookup{Kind::kProperty, Ref<Value>::share(hook), Ref<Value>::share(name), {}};
  }
  return AttributeLookup{};
}

Result<AttributeLookup> resolve(Heap& heap, Value object, Str* name) {
  Type* type = heap.type_of(object);
  if (!(type->type_flags & Type::kHasGetAttributeHook)) [[likely]]
    return resolve_generic(heap, object, name);
  Ref<Value> get_attr = Ref<Value>::share(lookup(type, heap.name(Name::k__getattr__)));
  Value get_attribute_hook = lookup(type, heap.name(Name::k__getattribute__));
  if (!has_kind(get_attribute_hook, BuiltinType::kMethodDescriptor)) {
    return AttributeLookup{Kind::kGetAttribute, Ref<Value>::share(get_attribute_hook),
                           Ref<Value>::share(object), std::move(get_attr)};
  }
  Result<AttributeLookup> result = resolve_generic(heap, object, name);
  if (get_attr.get().is_unbound()) return result;
  if (!result.ok()) {
    if (!heap.pending_is(BuiltinType::kAttributeError)) return raised;
    static_cast<void>(heap.take_pending());
  } else if (result->kind == Kind::kProperty) {
    result->fallback = std::move(get_attr);
    return result;
  } else if (result->kind != Kind::kMissing) {
    return result;
  }
  return AttributeLookup{Kind::kGetAttr, std::move(get_attr), Ref<Value>::share(object), {}};
}

Result<Ref<Value>> finish(Heap& heap, AttributeLookup lookup_result, Str* name) {
  AttributeLookup& it = lookup_result;
  Value key = name;
  Result<Ref<Value>> result = raised;
  switch (it.kind) {
    case Kind::kValue:
      return std::move(it.value);
    case Kind::kMissing:
      return Ref<Value>();
    case Kind::kMethod:
      if (has_kind(it.value, BuiltinType::kMethodDescriptor)) {
        return widen(make_native(
            heap, *static_cast<MethodDescriptor*>(it.value.get().as_object())->definition, it.self));
      }
      return widen(make_bound_method(heap, it.value, it.self));
    case Kind::kProperty: {
      Value self = it.self;
      result = heap.hooks().call(heap, it.value, &self, 1);
      break;
    }
    case Kind::kGetAttr:
    case Kind::kGetAttribute:
      result = call_special(heap, it.value, it.self, &key, 1);
      break;
  }
  if (result.ok() || it.fallback.get().is_unbound() || !heap.pending_is(BuiltinType::kAttributeError))
    return result;
  static_cast<void>(heap.take_pending());
  return call_special(heap, it.fallback, it.self, &key, 1);
}

Result<Ref<Value>> bind_special(Heap& heap, Value method, Value self) {
  const Ref<Value> kept = Ref<Value>::share(method);  // the class may drop it while its __get__ runs
  return finish(heap, MINI_TRY(bind(heap, method, self, heap.type_of(self), nullptr)), nullptr);
}

Result<Ref<Value>> get_attribute(Heap& heap, Value object, Str* name) {
  Result<AttributeLookup> found_as = resolve(heap, object, name);
  Result<Ref<Value>> value = raised;
  if (found_as.ok()) value = finish(heap, found_as.take(), name);
  if (!value.ok()) complete_attribute_error(heap, object, name);
  else if (value->get().is_unbound()) return raise_attribute_error(heap, object, name);
  return value;
}

Result<Ref<Value>> get_method(Heap& heap, Value object, Str* name) {
  const BuiltinType kind = kind_of(object);
  const bool generic = kind != BuiltinType::kModule && kind != BuiltinType::kTypeType && kind != BuiltinType::kSuper;
  if (!generic || heap.type_of(object)->type_flags & Type::kHasGetAttributeHook) return get_attribute(heap, object, name);
  Ref<Value> value = MINI_TRY(finish(heap, MINI_TRY(resolve_generic(heap, object, name)), name));
  return value.get().is_unbound() ? raise_attribute_error(heap, object, name) : Result<Ref<Value>>(std::move(value));
}

Result<Ref<Value>> find_attribute(Heap& heap, Value object, Str* name) {
  Result<AttributeLookup> lookup_result = resolve(heap, object, name);
  Result<Ref<Value>> value = raised;
  if (lookup_result.ok()) value = finish(heap, lookup_result.take(), name);
  if (value.ok() || !heap.pending_is(BuiltinType::kAttributeError)) return value;
  static_cast<void>(heap.take_pending());
  return Ref<Value>();
}

Result<Ref<Str>> attribute_name(Heap& heap, Value name) {
  Str* text = as_str(heap, name);
  if (!text) {
    return heap.raise(BuiltinType::kTypeError, "attribute name must be string, not '{}'",
                      type_name(heap, name));
  }
  return heap.intern(Ref<Str>::share(text));
}

// ---- setting and deleting

namespace {

Raised raise_read_only(Heap& heap, Value object, Str* name, Value of_class) {
  if (of_class.is_unbound()) return raise_no_room(heap, object, name);
  return heap.raise(BuiltinType::kAttributeError, "'{}' object attribute '{}' is read-only",
                    to_utf8(heap.type_of(object)->name), to_utf8(name));
}

Result<AttributeStore> store_own(Heap& heap, Value object, Str* name, Value value, Value of_class) {
  const bool deleting = value.is_unbound();
  if (kind_of(object) == BuiltinType::kTypeType) {
    MINI_TRY(set_type_attribute(heap, static_cast<Type*>(object.as_object()), name, value));
    return AttributeStore{};
  }
  bool existed = true;
  if (kind_of(object) == BuiltinType::kModule) {
    Dict* dict = static_cast<Module*>(object.as_object())->dict;
    if (deleting) {
      existed = remove_name(heap, dict, name);
    } else {
      MINI_TRY(set_name(heap, dict, name, value));
    }
  } else if (object.is_object() && object.as_object()->type->behaviour.own_names &&
             !has_kind(of_class, BuiltinType::kMemberDescriptor)) {
    Dict* names = MINI_TRY(own_names(heap, object, deleting ? OwnNames::kToRead : OwnNames::kToWrite));
    if (deleting) {
      existed = names && remove_name(heap, names, name);
    } else {
      MINI_TRY(set_name(heap, names, name, value));
    }
  } else if (!object.is_object() || !attributes_of(object.as_object())) {
    return raise_read_only(heap, object, name, of_class);
  } else if (deleting) {
    existed = MINI_TRY(delete_instance_attribute(heap, object.as_object(), name));
  } else {
    MINI_TRY(set_instance_attribute(heap, object.as_object(), name, value));
  }
  if (existed) return AttributeStore{};
  if (kind_of(object) == BuiltinType::kModule) {
    return heap.raise(BuiltinType::kAttributeError, "'module' object has no attribute '{}'", to_utf8(name));
  }
  if (has_kind(of_class, BuiltinType::kMemberDescriptor))
    return heap.raise(BuiltinType::kAttributeError, "{}", to_utf8(name));
  if (object.is_object() && object.as_object()->type->type_flags & Type::kSlotsOnly)
    return raise_no_room(heap, object, name);
  return heap.raise(BuiltinType::kAttributeError, "'{}' object has no attribute '{}'", type_name(heap, object),
                    to_utf8(name));
}

/// A descriptor of natives binds to instances of its owner alone.
Result<void> check_applies(Heap& heap, Value descriptor, Value instance) {
  const Type* owner = nullptr;
  switch (kind_of(descriptor)) {
    case BuiltinType::kGetSetDescriptor:
      owner = static_cast<GetSetDescriptor*>(descriptor.as_object())->owner;
      break;
    case BuiltinType::kMemberDescriptor:
      owner = static_cast<MemberDescriptor*>(descriptor.as_object())->owner;
      break;
    case BuiltinType::kMethodDescriptor: {
      auto* method = static_cast<MethodDescriptor*>(descriptor.as_object());
      if (method->kind == MethodDescriptor::kClassMethod) return {};
      owner = method->owner;
      break;
    }
    default:
      return {};
  }
  if (is_subtype(heap.type_of(instance), owner)) return {};
  Ref<Value> name = MINI_TRY(get_attribute(heap, descriptor, heap.name(Name::k__name__)));
  return heap.raise(BuiltinType::kTypeError, "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
                    to_utf8(as_str(heap, name)), to_utf8(owner->name), type_name(heap, instance));
}

Result<Ref<Value>> descriptor_get(Call& call) {
  Heap& heap = call.heap;
  const Value instance = call[1].is_none() ? kUnbound : call[1];
  const bool has_owner = call.has(2) && !call[2].is_none();
  if (instance.is_unbound() && !has_owner)
    return heap.raise_text(BuiltinType::kTypeError, "__get__(None, None) is invalid");
  if (!instance.is_unbound()) MINI_TRY(check_applies(heap, call[0], instance));
  const bool is_type = has_owner && has_kind(call[2], BuiltinType::kTypeType);
  Type* owner = is_type ? static_cast<Type*>(call[2].as_object()) : heap.type_of(call[1]);
  Str* name = heap.name(Name::k__get__);  // what an error would name: none comes
  return finish(heap, MINI_TRY(bind_builtin(heap, call[0], instance, owner, name)), name);
}

template <bool kDeletes>
Result<Ref<Value>> descriptor_store(Call& call) {
  MINI_TRY(check_applies(call.heap, call[0], call[1]));
  if (has_kind(call[0], BuiltinType::kMemberDescriptor)) {
    Str* name = static_cast<MemberDescriptor*>(call[0].as_object())->name;
    MINI_TRY(store_own(call.heap, call[1], name, kDeletes ? kUnbound : call[2], call[0]));
    return unboxed(kNone);
  }
  auto* getset = static_cast<GetSetDescriptor*>(call[0].as_object());
  if (!getset->set) {
    return call.heap.raise(BuiltinType::kAttributeError, "attribute '{}' of '{}' objects is not writable",
                           to_utf8(getset->name), type_name(call.heap, getset->owner));
  }
  MINI_TRY(getset->set(call.heap, call[1], kDeletes ? kUnbound : call[2]));
  return unboxed(kNone);
}

constexpr NativeDefinition kGet[] = {{"__get__(self, instance, owner=None, /)", descriptor_get}};
constexpr NativeDefinition kStore[] = {{"__set__(self, instance, value, /)", descriptor_store<false>},
                                       {"__delete__(self, instance, /)", descriptor_store<true>}};

}  // namespace

const std::span<const NativeDefinition> kDescriptorGet = kGet, kDescriptorStore = kStore;

Result<AttributeStore> resolve_store_generic(Heap& heap, Value object, Str* name, Value value) {
  static_cast<void>(MINI_TRY(own_names(heap, object, OwnNames::kToRead)));  // first: it may run a script's __init__
  Value of_class = lookup(heap.type_of(object), name);
  const bool deleting = value.is_unbound();
  if (of_class.is_object() && is_data_descriptor(heap, of_class)) {
    if (auto* getset = has_kind(of_class, BuiltinType::kGetSetDescriptor)
                           ? static_cast<GetSetDescriptor*>(of_class.as_object())
                           : nullptr) {
      if (!getset->set) {
        return heap.raise(BuiltinType::kAttributeError, "attribute '{}' of '{}' objects is not writable",
                          to_utf8(name), type_name(heap, getset->owner));
      }
      MINI_TRY(getset->set(heap, object, value));
      return AttributeStore{};
    }
    Value method = descriptor_method(heap, of_class, deleting ? Name::k__delete__ : Name::k__set__);
    if (method.is_unbound() && has_kind(of_class, BuiltinType::kProperty)) {
      auto* property = static_cast<Property*>(of_class.as_object());
      Value function = deleting ? property->deleter : property->setter;
      if (function.is_none()) return raise_property(heap, object, name, deleting ? "deleter" : "setter");
      return AttributeStore{AttributeStore::Kind::kProperty, Ref<Value>::share(function),
                            Ref<Value>::share(object)};
    }
    if (method.is_unbound()) {
      return heap.raise_text(BuiltinType::kAttributeError, deleting ? "__delete__" : "__set__");
    }
    Value arguments[] = {object, value};
    static_cast<void>(MINI_TRY(call_special(heap, method, of_class, arguments, deleting ? 1 : 2)));
    return AttributeStore{};
  }
  return store_own(heap, object, name, value, of_class);
}

Result<AttributeStore> resolve_store(Heap& heap, Value object, Str* name, Value value) {
  Type* type = heap.type_of(object);
  if (type->type_flags & Type::kHasSetAttributeHook) {
    Str* hook_name = heap.name(value.is_unbound() ? Name::k__delattr__ : Name::k__setattr__);
    Value hook = lookup(type, hook_name);
    // object's own is no hook; another native may be: `__setattr__ = dict.__setitem__`.
    if (!hook.is_unbound() && hook != lookup(heap.type(BuiltinType::kObject), hook_name)) {
      return AttributeStore{AttributeStore::Kind::kHook, Ref<Value>::share(hook), Ref<Value>::share(object)};
    }
  }
  return resolve_store_generic(heap, object, name, value);
}

Result<void> set_attribute(Heap& heap, Value object, Str* name, Value value) {
  AttributeStore store = MINI_TRY(resolve_store(heap, object, name, value));
  const uint32_t with_value = value.is_unbound() ? 0 : 1;
  if (store.kind == AttributeStore::Kind::kProperty) {
    Value arguments[] = {store.self, value};
    static_cast<void>(MINI_TRY(heap.hooks().call(heap, store.function, arguments, 1 + with_value)));
  } else if (store.kind == AttributeStore::Kind::kHook) {
    Value arguments[] = {Value(name), value};
    static_cast<void>(MINI_TRY(call_special(heap, store.function, store.self, arguments, 1 + with_value)));
  }
  return {};
}

}  // namespace mini::object
