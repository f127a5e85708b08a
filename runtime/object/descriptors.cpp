// property, staticmethod and classmethod.
#include "runtime/object/attributes.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

Property* property_of(Value value) {
  return static_cast<Property*>(value.as_object());
}
void drop_value(Value& field) {
  decref(std::exchange(field, kUnbound));
}

void visit_property(Object* object, Visitor& visitor) {
  auto* property = static_cast<Property*>(object);
  visitor.reference(property->getter);
  visitor.reference(property->setter);
  visitor.reference(property->deleter);
  visitor.reference(property->doc);
}
void drop_property(Heap&, Object* object) {
  auto* property = static_cast<Property*>(object);
  drop_value(property->getter);
  drop_value(property->setter);
  drop_value(property->deleter);
  drop_value(property->doc);
}

/// A property without a text of its own has its getter's.
Result<Ref<Value>> doc_of(Heap& heap, Value doc, Value getter) {
  if (!doc.is_none() || getter.is_none()) return Ref<Value>::share(doc);
  Ref<Value> found = MINI_TRY(find_attribute(heap, getter, heap.name(Name::k__doc__)));
  return found.get().is_unbound() ? unboxed(kNone) : std::move(found);
}

Result<Ref<Property>> make_property(Heap& heap, Type* type, Value getter, Value setter, Value deleter,
                                    Value doc) {
  Ref<Value> text = MINI_TRY(doc_of(heap, doc, getter));
  Ref<Property> property = MINI_TRY(heap.create<Property>(type));
  property->getter = Ref<Value>::share(getter).release();
  property->setter = Ref<Value>::share(setter).release();
  property->deleter = Ref<Value>::share(deleter).release();
  property->doc = text.release();
  return property;
}

Result<Ref<Value>> construct_property(Call& call) {
  auto given = [&](uint32_t index) { return call.has(index) ? call[index] : kNone; };
  return widen(make_property(call.heap, static_cast<Type*>(call[0].as_object()), given(1), given(2), given(3),
                             given(4)));
}

template <Value Property::*kField>
Result<Ref<Value>> property_with(Call& call) {
  Property* old = property_of(call[0]);
  auto part = [&](Value Property::*field) { return field == kField && !call[1].is_none() ? call[1] : old->*field; };
  Value doc = old->doc;
  if (kField == &Property::getter) {  // its text replaces that of the old one
    Ref<Value> of_getter = MINI_TRY(doc_of(call.heap, kNone, old->getter));
    if (of_getter.get() == doc) doc = kNone;
  }
  return widen(make_property(call.heap, old->type, part(&Property::getter), part(&Property::setter),
                             part(&Property::deleter), doc));
}

template <Value Property::*kField>
Result<Ref<Value>> property_field(Heap&, Value self) {
  return Ref<Value>::share(property_of(self)->*kField);
}
Result<void> set_property_doc(Heap&, Value self, Value value) {
  Value doc = value.is_unbound() ? kNone : value;
  incref(doc);
  decref(std::exchange(property_of(self)->doc, doc));
  return {};
}

Result<Ref<Value>> property_get(Call& call) {
  Property* property = property_of(call[0]);
  if (call[1].is_none()) return Ref<Value>::share(call[0]);
  if (property->getter.is_none()) {
    return call.heap.raise(BuiltinType::kAttributeError, "property of '{}' object has no getter",
                           type_name(call.heap, call[1]));
  }
  Value self = call[1];
  return call.heap.hooks().call(call.heap, property->getter, &self, 1);
}
Result<Ref<Value>> property_set(Call& call) {
  Property* property = property_of(call[0]);
  if (property->setter.is_none()) {
    return call.heap.raise(BuiltinType::kAttributeError, "property of '{}' object has no setter",
                           type_name(call.heap, call[1]));
  }
  Value arguments[] = {call[1], call[2]};
  static_cast<void>(MINI_TRY(call.heap.hooks().call(call.heap, property->setter, arguments, 2)));
  return unboxed(kNone);
}
Result<Ref<Value>> property_delete(Call& call) {
  Property* property = property_of(call[0]);
  if (property->deleter.is_none()) {
    return call.heap.raise(BuiltinType::kAttributeError, "property of '{}' object has no deleter",
                           type_name(call.heap, call[1]));
  }
  const Value self = call[1];
  static_cast<void>(MINI_TRY(call.heap.hooks().call(call.heap, property->deleter, &self, 1)));
  return unboxed(kNone);
}

/// Whether a function says of itself that it is an abstract method.
Result<bool> is_abstract(Heap& heap, Value function) {
  Ref<Str> name = MINI_TRY(heap.intern("__isabstractmethod__"));
  Ref<Value> mark = MINI_TRY(find_attribute(heap, function, name.get()));
  return !mark.get().is_unbound() && MINI_TRY(truth(heap, mark));
}
Result<Ref<Value>> is_property_abstract(Heap& heap, Value self) {
  Property* property = property_of(self);
  for (Value function : {property->getter, property->setter, property->deleter})
    if (MINI_TRY(is_abstract(heap, function))) return Ref<Value>(true);
  return Ref<Value>(false);
}

constexpr NativeDefinition kPropertyMethods[] = {
    {"property.getter(self, fget, /)", property_with<&Property::getter>},
    {"property.setter(self, fset, /)", property_with<&Property::setter>},
    {"property.deleter(self, fdel, /)", property_with<&Property::deleter>},
    {"__get__(self, instance, owner=None, /)", property_get},
    {"__set__(self, instance, value, /)", property_set},
    {"__delete__(self, instance, /)", property_delete},
};
constinit const NativeDefinition kPropertyConstruct = {
    "property.__new__(type, fget=None, fset=None, fdel=None, doc=None)", construct_property};

// ---- staticmethod, classmethod: the same layout

template <class Wrapper>
struct WrapperType {
  static Wrapper* of(Value value) { return static_cast<Wrapper*>(value.as_object()); }
  static void visit(Object* object, Visitor& visitor) {
    visitor.reference(static_cast<Wrapper*>(object)->function);
  }
  static void drop(Heap&, Object* object) { drop_value(static_cast<Wrapper*>(object)->function); }
  static Result<Ref<Str>> repr(Heap& heap, Value self) {
    Ref<Str> inner = MINI_TRY(object::repr(heap, of(self)->function));
    return make_str(heap, fmt::format("<{}({})>", type_name(heap, self), to_utf8(inner.get())));
  }
  static Result<Ref<Value>> construct(Call& call) {
    Ref<Wrapper> made = MINI_TRY(call.heap.create<Wrapper>(static_cast<Type*>(call[0].as_object())));
    made->function = Ref<Value>::share(call[1]).release();
    return Ref<Value>(std::move(made));
  }
  static Result<Ref<Value>> function(Heap&, Value self) { return Ref<Value>::share(of(self)->function); }
  static Result<Ref<Value>> is_wrapped_abstract(Heap& heap, Value self) {
    return Ref<Value>(MINI_TRY(is_abstract(heap, of(self)->function)));
  }
  template <Name kName>
  static Result<Ref<Value>> delegated(Heap& heap, Value self) {
    return get_attribute(heap, of(self)->function, heap.name(kName));
  }

  static void define(Heap& heap, BuiltinType which, const NativeDefinition* construct) {
    Type* type = heap.type(which);
    type->type_flags |= Type::kTracked | Type::kSubclassable;
    type->instance_size = sizeof(Wrapper);
    type->behaviour.visit = visit;
    type->behaviour.drop = drop;
    type->behaviour.repr = repr;
    type->construct = construct;
  }
  static Result<void> define_methods(Heap& heap, Type* type) {
    MINI_TRY(add_methods(heap, type, kDescriptorGet.data(), kDescriptorGet.size(), MethodDescriptor::kSlotMethod));
    MINI_TRY(add_getset(heap, type, "__func__", function, refuse_to_set));
    MINI_TRY(add_getset(heap, type, "__wrapped__", function, refuse_to_set));
    MINI_TRY(add_getset(heap, type, "__isabstractmethod__", is_wrapped_abstract));
    MINI_TRY(add_getset(heap, type, "__name__", delegated<Name::k__name__>));
    MINI_TRY(add_getset(heap, type, "__qualname__", delegated<Name::k__qualname__>));
    MINI_TRY(add_getset(heap, type, "__module__", delegated<Name::k__module__>));
    return add_getset(heap, type, "__doc__", delegated<Name::k__doc__>);
  }
};

constinit const NativeDefinition kStaticConstruct = {"staticmethod.__new__(type, function, /)",
                                                     WrapperType<StaticMethod>::construct};
constinit const NativeDefinition kClassConstruct = {"classmethod.__new__(type, function, /)",
                                                    WrapperType<ClassMethod>::construct};

}  // namespace

void define_descriptor_types(Heap& heap) {
  WrapperType<StaticMethod>::define(heap, BuiltinType::kStaticMethod, &kStaticConstruct);
  WrapperType<ClassMethod>::define(heap, BuiltinType::kClassMethod, &kClassConstruct);
  Type* property = heap.type(BuiltinType::kProperty);
  property->type_flags |= Type::kTracked | Type::kSubclassable;
  property->instance_size = sizeof(Property);
  property->behaviour.visit = visit_property;
  property->behaviour.drop = drop_property;
  property->construct = &kPropertyConstruct;
}

Result<void> define_descriptor_methods(Heap& heap) {
  MINI_TRY(WrapperType<StaticMethod>::define_methods(heap, heap.type(BuiltinType::kStaticMethod)));
  MINI_TRY(WrapperType<ClassMethod>::define_methods(heap, heap.type(BuiltinType::kClassMethod)));
  Type* property = heap.type(BuiltinType::kProperty);
  MINI_TRY(add_methods(heap, property, kPropertyMethods, std::size(kPropertyMethods)));
  MINI_TRY(add_getset(heap, property, "fget", property_field<&Property::getter>, refuse_to_set));
  MINI_TRY(add_getset(heap, property, "fset", property_field<&Property::setter>, refuse_to_set));
  MINI_TRY(add_getset(heap, property, "fdel", property_field<&Property::deleter>, refuse_to_set));
  MINI_TRY(add_getset(heap, property, "__isabstractmethod__", is_property_abstract));
  return add_getset(heap, property, "__doc__", property_field<&Property::doc>, set_property_doc);
}

}  // namespace mini::object
