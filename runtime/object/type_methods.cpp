// `type` as scripts see it: its attributes, methods, and what calling it does.
#include "runtime/object/attributes.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

Type* type_of(Value value) {
  return static_cast<Type*>(value.as_object());
}

void visit_type(Object* object, Visitor& visitor) {
  auto* type = static_cast<Type*>(object);
  visitor.reference(type->name);
  visitor.reference(type->qualified_name);
  visitor.reference(type->bases);
  visitor.reference(type->method_resolution_order);
  visitor.reference(type->base);
  visitor.reference(type->attributes);
  visitor.scalar(type->kind);
  visitor.scalar(type->type_flags);
  visitor.scalar(type->subclass_count);
}

template <class T>
void drop_reference(T*& field) {
  if (T* old = std::exchange(field, nullptr)) decref(old);
}

void drop_type(Heap& heap, Object* object) {
  auto* type = static_cast<Type*>(object);
  unlink_from_bases(type);
  release_type_buffers(heap, type);
  drop_reference(type->attributes);
  drop_reference(type->name);
  drop_reference(type->qualified_name);
  drop_reference(type->bases);
  drop_reference(type->method_resolution_order);
  drop_reference(type->base);
}

/// `module.Class`, without the module for builtins.
std::string full_name(Heap& heap, Type* type) {
  Str* module = as_str(heap, lookup(type, heap.name(Name::k__module__)));
  std::string name = to_utf8(type->qualified_name);
  if (!module || !(type->type_flags & Type::kUserClass) || equal(module, "builtins")) {
    Str* own = as_str(heap, get_name(type->attributes, heap.name(Name::k__module__)));
    return own && !equal(own, "builtins") ? to_utf8(own) + "." + name : name;
  }
  return to_utf8(module) + "." + name;
}

Result<Ref<Str>> type_repr(Heap& heap, Value self) {
  return make_str(heap, fmt::format("<class '{}'>", full_name(heap, type_of(self))));
}

// ---- attributes

Result<Ref<Value>> get_type_name(Heap&, Value self) {
  return Ref<Value>::share(Value(type_of(self)->name));
}
Result<Ref<Value>> get_qualified_name(Heap&, Value self) {
  return Ref<Value>::share(Value(type_of(self)->qualified_name));
}
Result<Ref<Value>> get_bases(Heap&, Value self) {
  return Ref<Value>::share(Value(type_of(self)->bases));
}
Result<Ref<Value>> get_base(Heap&, Value self) {
  Type* base = type_of(self)->base;
  return base ? Ref<Value>::share(Value(base)) : unboxed(kNone);
}
Result<Ref<Value>> get_order(Heap&, Value self) {
  return Ref<Value>::share(Value(type_of(self)->method_resolution_order));
}
Result<Ref<Value>> get_module(Heap& heap, Value self) {
  Value own = get_name(type_of(self)->attributes, heap.name(Name::k__module__));
  // Of builtin types, what stands there may be for their instances.
  const bool is_own = !own.is_unbound() && !has_kind(own, BuiltinType::kGetSetDescriptor);
  return Ref<Value>::share(is_own ? own : Value(heap.name(Name::kbuiltins)));
}
Result<Ref<Value>> get_doc(Heap& heap, Value self) {
  Value own = get_name(type_of(self)->attributes, heap.name(Name::k__doc__));
  return has_kind(own, BuiltinType::kGetSetDescriptor) || own.is_unbound() ? unboxed(kNone)
                                                                           : Ref<Value>::share(own);
}
/// Only for reading: a class is changed through its attributes, so that caches notice.
Result<Ref<Value>> get_dict(Heap& heap, Value self) {
  return make_mapping_proxy(heap, Value(type_of(self)->attributes));
}

Result<Str*> new_name(Heap& heap, Value self, Value value, const char* which) {
  Type* type = type_of(self);
  const bool mutable_type = type->type_flags & Type::kUserClass;
  if (!mutable_type || value.is_unbound()) {
    return heap.raise(BuiltinType::kTypeError, "cannot {} '{}' attribute of immutable type '{}'",
                      mutable_type ? "delete" : "set", which, type_name(heap, type));
  }
  Str* text = as_str(heap, value);
  if (!text) {
    return heap.raise(BuiltinType::kTypeError, "can only assign string to {}.{}, not '{}'",
                      to_utf8(type->name), which, type_name(heap, value));
  }
  return text;
}
Result<void> set_type_name(Heap& heap, Value self, Value value) {
  Str* text = MINI_TRY(new_name(heap, self, value, "__name__"));
  decref(std::exchange(type_of(self)->name, Ref<Str>::share(text).release()));
  return {};
}
Result<void> set_qualified_name(Heap& heap, Value self, Value value) {
  Str* text = MINI_TRY(new_name(heap, self, value, "__qualname__"));
  decref(std::exchange(type_of(self)->qualified_name, Ref<Str>::share(text).release()));
  return {};
}
Result<void> set_module(Heap& heap, Value self, Value value) {
  return set_type_attribute(heap, type_of(self), heap.name(Name::k__module__), value);
}
Result<void> set_doc(Heap& heap, Value self, Value value) {
  return set_type_attribute(heap, type_of(self), heap.name(Name::k__doc__), value);
}

/// A class without annotations gets an empty dict of them when it is asked (CPython 3.13 Objects/typeobject.c,
/// type_get_annotations).
Result<Ref<Value>> get_annotations(Heap& heap, Value self) {
  Type* type = type_of(self);
  Str* name = heap.name(Name::k__annotations__);
  if (!(type->type_flags & Type::kUserClass)) return raise_attribute_error(heap, self, name);
  if (const Value own = get_name(type->attributes, name); !own.is_unbound()) return Ref<Value>::share(own);
  Ref<Dict> made = MINI_TRY(make_dict(heap));
  MINI_TRY(set_name(heap, type->attributes, name, made));
  return Ref<Value>(std::move(made));
}
Result<void> set_annotations(Heap& heap, Value self, Value value) {
  return set_type_attribute(heap, type_of(self), heap.name(Name::k__annotations__), value);
}

// ---- methods

Result<Ref<Value>> type_mro(Call& call) {
  Tuple* order = type_of(call[0])->method_resolution_order;
  return widen(list_from(call.heap, Value(order)));
}

Result<Ref<Value>> type_subclasses(Call& call) {
  Type* type = type_of(call[0]);
  Ref<List> list = MINI_TRY(make_list(call.heap, type->subclass_count));
  for (uint32_t i = 0; i < type->subclass_count; ++i) {
    MINI_TRY(append(call.heap, list.get(), Ref<Value>::share(Value(type->subclasses[i]))));
  }
  return Ref<Value>(std::move(list));
}

/// Another metaclass, that of a base, has a `__new__` of its own.
Result<Ref<Value>> construct_by(Call& call, Type* metaclass) {
  Heap& heap = call.heap;
  Ref<Value> make = MINI_TRY(get_attribute(heap, Value(metaclass), heap.name(Name::k__new__)));
  std::vector<Value> arguments{Value(metaclass)};
  arguments.insert(arguments.end(), call.args + 1, call.args + call.count);
  Ref<List> names = MINI_TRY(make_list(heap));
  if (!call.keywords[0].is_unbound()) {
    auto* keywords = static_cast<Dict*>(call.keywords[0].as_object());
    names = MINI_TRY(list_from(heap, Value(keywords)));
    for (uint64_t i = 0; i < names->length; ++i) arguments.push_back(MINI_TRY(get(heap, keywords, names->items[i])));
  }
  Ref<Tuple> keyword_names = MINI_TRY(make_tuple(heap, names->items, names->length));
  return heap.hooks().call_with_keywords(heap, make, arguments.data(), static_cast<uint32_t>(arguments.size()),
                                         names->length > 0 ? keyword_names.get() : nullptr);
}

Result<Ref<Value>> construct_type(Call& call) {
  Heap& heap = call.heap;
  const bool keywords = !call.keywords[0].is_unbound();
  auto* given = type_of(call.args[0]);
  if (given != heap.type(BuiltinType::kTypeType)) {
    if (call.count != 4)
      return heap.raise(BuiltinType::kTypeError, "type.__new__() takes exactly 3 arguments ({} given)", call.count - 1);
  } else if (call.count == 2 && !keywords) {
    return Ref<Value>::share(Value(heap.type_of(call.args[1])));
  } else if (call.count != 4) {
    return heap.raise(BuiltinType::kTypeError, "type() takes 1 or 3 arguments");
  }
  constexpr BuiltinType kExpected[] = {BuiltinType::kStr, BuiltinType::kTuple, BuiltinType::kDict};
  for (uint32_t i = 0; i < 3; ++i) {
    if (has_kind(call.args[i + 1], kExpected[i])) continue;
    return heap.raise(BuiltinType::kTypeError, "type.__new__() argument {} must be {}, not {}", i + 1,
                      to_utf8(heap.type(kExpected[i])->name), type_name(heap, call.args[i + 1]));
  }
  auto* bases = static_cast<Tuple*>(call.args[2].as_object());
  Type* metaclass = MINI_TRY(metaclass_for(heap, given, bases));
  if (metaclass != given && !script_method(heap, metaclass, Name::k__new__).is_unbound()) return construct_by(call, metaclass);
  Ref<Dict> attributes = MINI_TRY(make_dict(heap));
  MINI_TRY(update(heap, attributes.get(), call.args[3]));
  if (get_name(attributes.get(), heap.name(Name::k__module__)).is_unbound()) {
    MINI_TRY(
        set_name(heap, attributes.get(), heap.name(Name::k__module__), Value(heap.name(Name::k__main__))));
  }
  Ref<Type> made = MINI_TRY(
      make_type(heap, static_cast<Str*>(call.args[1].as_object()), bases, std::move(attributes), metaclass));
  MINI_TRY(announce_type(heap, made.get(), keywords ? static_cast<Dict*>(call.keywords[0].as_object()) : nullptr));
  return Ref<Value>(std::move(made));
}
constinit const NativeDefinition kTypeConstruct = {"type.__new__(type, *args, **kwargs)", construct_type};

/// type.__new__ has done everything; a metaclass calls it with what the class statement says.
Result<Ref<Value>> init_type(Call& call) {
  if (call.count == 2 && !call.keywords[0].is_unbound())
    return call.heap.raise(BuiltinType::kTypeError, "type.__init__() takes no keyword arguments");
  if (call.count != 2 && call.count != 4)
    return call.heap.raise(BuiltinType::kTypeError, "type.__init__() takes 1 or 3 arguments");
  return unboxed(kNone);
}

/// What isinstance() and issubclass() ask where no metaclass has another answer.
Result<Ref<Value>> is_instance(Call& call) {
  return Ref<Value>(is_subtype(call.heap.type_of(call[1]), type_of(call[0])));
}
Result<Ref<Value>> is_subclass(Call& call) {
  if (!has_kind(call[1], BuiltinType::kTypeType))
    return call.heap.raise_text(BuiltinType::kTypeError, "issubclass() arg 1 must be a class");
  return Ref<Value>(is_subtype(type_of(call[1]), type_of(call[0])));
}

/// The namespace of a class body.
Result<Ref<Value>> prepare(Call& call) { return widen(make_dict(call.heap)); }

constexpr NativeDefinition kTypeSlots[] = {{"__init__(self, *args, **kwargs)", init_type}};
constexpr NativeDefinition kTypeMethods[] = {{"type.mro(self, /)", type_mro},
                                         {"type.__subclasses__(self, /)", type_subclasses},
                                         {"type.__instancecheck__(self, instance, /)", is_instance},
                                         {"type.__subclasscheck__(self, subclass, /)", is_subclass}};
constexpr NativeDefinition kTypeClassMethods[] = {{"type.__prepare__(cls, *args, **kwargs)", prepare}};

}  // namespace

void define_type_types(Heap& heap) {
  Type* type = heap.type(BuiltinType::kTypeType);
  type->type_flags |= Type::kTracked | Type::kSubclassable;
  type->instance_size = sizeof(Type);
  type->construct = &kTypeConstruct;
  type->behaviour.visit = visit_type;
  type->behaviour.drop = drop_type;
  type->behaviour.repr = type_repr;
  define_object_type(heap);
}

Result<void> define_type_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kTypeType);
  MINI_TRY(add_methods(heap, type, kTypeSlots, std::size(kTypeSlots), MethodDescriptor::kSlotMethod));
  MINI_TRY(add_methods(heap, type, kTypeMethods, std::size(kTypeMethods)));
  MINI_TRY(add_methods(heap, type, kTypeClassMethods, std::size(kTypeClassMethods), MethodDescriptor::kClassMethod));
  MINI_TRY(add_getset(heap, type, "__name__", get_type_name, set_type_name));
  MINI_TRY(add_getset(heap, type, "__qualname__", get_qualified_name, set_qualified_name));
  MINI_TRY(add_getset(heap, type, "__module__", get_module, set_module));
  MINI_TRY(add_getset(heap, type, "__doc__", get_doc, set_doc));
  MINI_TRY(add_getset(heap, type, "__annotations__", get_annotations, set_annotations));
  MINI_TRY(add_getset(heap, type, "__dict__", get_dict));
  MINI_TRY(add_getset(heap, type, "__bases__", get_bases));
  MINI_TRY(add_getset(heap, type, "__base__", get_base));
  MINI_TRY(add_getset(heap, type, "__mro__", get_order));
  return define_object_methods(heap);
}

}  // namespace mini::object
