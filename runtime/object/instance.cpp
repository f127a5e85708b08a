// The objects that classes and functions are made of: instances, cells, bound methods, modules and
// descriptors.
#include "runtime/object/instance.h"

#include "runtime/object/attributes.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

template <class T>
T* as(Value value) {
  return static_cast<T*>(value.as_object());
}
void drop_value(Value& field) {
  decref(std::exchange(field, kUnbound));
}

// ---- instances

void visit_instance(Object* object, Visitor& visitor) {
  visit_attributes(&static_cast<Instance*>(object)->attributes, visitor);
}
size_t instance_bytes(const Object* object) {
  return sizeof(Instance) + static_cast<const Instance*>(object)->attributes.inside * sizeof(Value);
}

// ---- cells

void visit_cell(Object* object, Visitor& visitor) {
  visitor.reference(static_cast<Cell*>(object)->content);
}
void drop_cell(Heap&, Object* object) {
  drop_value(static_cast<Cell*>(object)->content);
}

Result<Ref<Str>> cell_repr(Heap& heap, Value self) {
  Value content = as<Cell>(self)->content;
  if (content.is_unbound())
    return make_str(heap, fmt::format("<cell at {}: empty>", shown_address(heap, self)));
  return make_str(heap, fmt::format("<cell at {}: {} object at {}>", shown_address(heap, self),
                                    type_name(heap, content), shown_address(heap, content)));
}

Result<Ref<Value>> cell_get(Heap& heap, Value self) {
  Value content = as<Cell>(self)->content;
  if (content.is_unbound()) return heap.raise(BuiltinType::kValueError, "Cell is empty");
  return Ref<Value>::share(content);
}
Result<void> cell_set(Heap&, Value self, Value value) {
  incref(value);
  decref(std::exchange(as<Cell>(self)->content, value));
  return {};
}

// ---- bound methods

void visit_bound(Object* object, Visitor& visitor) {
  auto* method = static_cast<BoundMethod*>(object);
  visitor.reference(method->function);
  visitor.reference(method->self);
}
void drop_bound(Heap&, Object* object) {
  auto* method = static_cast<BoundMethod*>(object);
  drop_value(method->function);
  drop_value(method->self);
}

Result<Ref<Str>> bound_repr(Heap& heap, Value self) {
  auto* method = as<BoundMethod>(self);
  Ref<Value> name = MINI_TRY(find_attribute(heap, method->function, heap.name(Name::k__qualname__)));
  Str* text = as_str(heap, name);
  Ref<Str> owner = MINI_TRY(repr(heap, method->self));
  return make_str(heap,
                  fmt::format("<bound method {} of {}>", text ? to_utf8(text) : "?", to_utf8(owner.get())));
}

Result<Ref<Value>> bound_compare(Heap& heap, CompareOp op, Value left, Value right) {
  if (!has_kind(right, BuiltinType::kBoundMethod) ||
      (op != CompareOp::kEqual && op != CompareOp::kNotEqual)) {
    return unboxed(kNotImplemented);
  }
  const bool same = as<BoundMethod>(left)->self == as<BoundMethod>(right)->self &&
                    MINI_TRY(equal(heap, as<BoundMethod>(left)->function, as<BoundMethod>(right)->function));
  return Ref<Value>(same == (op == CompareOp::kEqual));
}
Result<int64_t> bound_hash(Heap& heap, Value self) {
  Value owner = as<BoundMethod>(self)->self;
  const auto identity =
      owner.is_object() ? heap.serial_of(owner.as_object()) : static_cast<int64_t>(owner.bits());
  return MINI_TRY(hash(heap, as<BoundMethod>(self)->function)) * 31 + identity;
}

Result<Ref<Value>> bound_self(Heap&, Value self) {
  return Ref<Value>::share(as<BoundMethod>(self)->self);
}
Result<Ref<Value>> bound_function(Heap&, Value self) {
  return Ref<Value>::share(as<BoundMethod>(self)->function);
}
Result<Ref<Value>> bound_doc(Heap& heap, Value self) {
  return get_attribute(heap, as<BoundMethod>(self)->function, heap.name(Name::k__doc__));
}

Result<Ref<Value>> construct_bound(Call& call) {
  return widen(make_bound_method(call.heap, call[1], call[2]));
}
constinit const NativeDefinition kBoundConstruct = {"method.__new__(type, function, instance, /)",
                                                    construct_bound};

// ---- modules

void visit_module(Object* object, Visitor& visitor) {
  visitor.reference(static_cast<Module*>(object)->name);
  visitor.reference(static_cast<Module*>(object)->dict);
  visitor.scalar(static_cast<Module*>(object)->importer);
}
void drop_module(Heap&, Object* object) {
  auto* module = static_cast<Module*>(object);
  if (Str* name = std::exchange(module->name, nullptr)) decref(name);
  if (Dict* dict = std::exchange(module->dict, nullptr)) decref(dict);
}

Result<Ref<Str>> module_repr(Heap& heap, Value self) {
  auto* module = as<Module>(self);
  auto part = [&](Name which, const char* otherwise) -> Result<std::string> {
    const Ref<Value> value = Ref<Value>::share(get_name(module->dict, heap.name(which)));
    if (value.get().is_unbound()) return otherwise;
    return to_utf8(MINI_TRY(repr(heap, value)).get());
  };
  const std::string name = MINI_TRY(part(Name::k__name__, "'?'"));
  const std::string file = MINI_TRY(part(Name::k__file__, ""));
  if (!file.empty()) return make_str(heap, fmt::format("<module {} from {}>", name, file));
  return make_str(heap, fmt::format("<module {}{}>", name, module->built_in ? " (built-in)" : ""));
}

Result<void> fill_module(Heap& heap, Module* module, Ref<Str> name) {
  module->dict = MINI_TRY(make_dict(heap)).release();
  MINI_TRY(set_name(heap, module->dict, heap.name(Name::k__name__), name));
  for (Name each : {Name::k__doc__, Name::k__package__, Name::k__loader__, Name::k__spec__}) {
    MINI_TRY(set_name(heap, module->dict, heap.name(each), kNone));
  }
  module->name = name.release();
  return {};
}

Result<Ref<Value>> module_dict(Heap&, Value self) {
  return Ref<Value>::share(Value(as<Module>(self)->dict));
}

Result<Ref<Value>> construct_module(Call& call) {
  Heap& heap = call.heap;
  Str* name = as_str(heap, call[1]);
  if (!name) {
    return heap.raise(BuiltinType::kTypeError, "module() argument 'name' must be str, not {}",
                      type_name(heap, call[1]));
  }
  Ref<Module> module = MINI_TRY(heap.create<Module>(static_cast<Type*>(call[0].as_object())));
  MINI_TRY(fill_module(heap, module.get(), Ref<Str>::share(name)));
  if (call.has(2)) MINI_TRY(set_name(heap, module->dict, heap.name(Name::k__doc__), call[2]));
  return Ref<Value>(std::move(module));
}
constinit const NativeDefinition kModuleConstruct = {"module.__new__(type, name, doc=None)",
                                                     construct_module};

// ---- super

void visit_super(Object* object, Visitor& visitor) {
  auto* super = static_cast<Super*>(object);
  visitor.reference(super->type);
  visitor.reference(super->self);
  visitor.reference(super->self_type);
}
void drop_super(Heap&, Object* object) {
  auto* super = static_cast<Super*>(object);
  if (Type* type = std::exchange(super->type, nullptr)) decref(type);
  drop_value(super->self);
  if (Type* type = std::exchange(super->self_type, nullptr)) decref(type);
}

Result<Ref<Str>> super_repr(Heap& heap, Value self) {
  auto* super = as<Super>(self);
  std::string name = to_utf8(super->type->name);
  if (!super->self_type) return make_str(heap, fmt::format("<super: <class '{}'>, NULL>", name));
  return make_str(heap,
                  fmt::format("<super: <class '{}'>, <{} object>>", name, to_utf8(super->self_type->name)));
}

template <auto kField>
Result<Ref<Value>> super_field(Heap&, Value self) {
  const auto field = as<Super>(self)->*kField;
  if constexpr (std::is_pointer_v<decltype(field)>) return field ? Ref<Value>::share(Value(field)) : unboxed(kNone);
  else return field.is_unbound() ? unboxed(kNone) : Ref<Value>::share(field);
}

// ---- singletons

Result<Ref<Str>> none_repr(Heap& heap, Value) {
  return make_str(heap, "None");
}
Result<bool> none_truth(Heap&, Value) {
  return false;
}
Result<Ref<Str>> ellipsis_repr(Heap& heap, Value) {
  return make_str(heap, "Ellipsis");
}
Result<Ref<Str>> not_implemented_repr(Heap& heap, Value) {
  return make_str(heap, "NotImplemented");
}

template <class T>
Type* define(Heap& heap, BuiltinType which, void (*visit)(Object*, Visitor&), void (*drop)(Heap&, Object*),
             Result<Ref<Str>> (*repr)(Heap&, Value)) {
  Type* type = heap.type(which);
  type->type_flags |= Type::kTracked;
  type->instance_size = sizeof(T);
  type->behaviour.visit = visit;
  type->behaviour.drop = drop;
  type->behaviour.repr = repr;
  return type;
}

}  // namespace

void use_instance_layout(Type* type) {
  type->type_flags |= Type::kTracked;
  type->instance_size = sizeof(Instance);
  static_assert(sizeof(Instance) == sizeof(Tracked) + sizeof(Attributes));
  type->attributes_offset = sizeof(Tracked);
  type->behaviour.visit = visit_instance;
  type->behaviour.drop = drop_attributes;
  type->behaviour.size = instance_bytes;
}

Result<Ref<Cell>> make_cell(Heap& heap, Ref<Value> content) {
  Ref<Cell> cell = MINI_TRY(heap.create<Cell>(BuiltinType::kCell));
  cell->content = content.release();
  return cell;
}

Result<Ref<BoundMethod>> make_bound_method(Heap& heap, Value function, Value self) {
  Ref<BoundMethod> method = MINI_TRY(heap.create<BoundMethod>(BuiltinType::kBoundMethod));
  method->function = Ref<Value>::share(function).release();
  method->self = Ref<Value>::share(self).release();
  return method;
}

Result<Ref<Module>> make_module(Heap& heap, std::string_view name) {
  Ref<Str> text = MINI_TRY(heap.intern(name));
  Ref<Module> module = MINI_TRY(heap.create<Module>(BuiltinType::kModule));
  MINI_TRY(fill_module(heap, module.get(), std::move(text)));
  module->built_in = 1;
  return module;
}

Result<Ref<Super>> make_super(Heap& heap, Type* type, Value self) {
  Type* self_type = nullptr;
  if (!self.is_unbound() && !self.is_none()) {
    if (has_kind(self, BuiltinType::kTypeType) && is_subtype(as<Type>(self), type)) {
      self_type = as<Type>(self);
    } else if (is_subtype(heap.type_of(self), type)) {
      self_type = heap.type_of(self);
    } else {
      const bool is_class = has_kind(self, BuiltinType::kTypeType);
      return heap.raise(BuiltinType::kTypeError,
                        "super(type, obj): obj ({} {}) is not an instance or subtype of type ({}).",
                        is_class ? "type" : "instance of",
                        is_class ? to_utf8(as<Type>(self)->name) : type_name(heap, self),
                        to_utf8(type->name));
    }
  }
  Ref<Super> super = MINI_TRY(heap.create<Super>(BuiltinType::kSuper));
  super->type = Ref<Type>::share(type).release();
  super->self = self_type ? Ref<Value>::share(self).release() : kUnbound;
  super->self_type = self_type ? Ref<Type>::share(self_type).release() : nullptr;
  return super;
}

void define_instance_types(Heap& heap) {
  Type* cell = define<Cell>(heap, BuiltinType::kCell, visit_cell, drop_cell, cell_repr);
  cell->behaviour.compare = nullptr;
  Type* bound = define<BoundMethod>(heap, BuiltinType::kBoundMethod, visit_bound, drop_bound, bound_repr);
  bound->behaviour.compare = bound_compare;
  bound->behaviour.hash = bound_hash;
  bound->construct = &kBoundConstruct;
  Type* module = define<Module>(heap, BuiltinType::kModule, visit_module, drop_module, module_repr);
  module->construct = &kModuleConstruct;
  module->type_flags |= Type::kSubclassable;
  Type* super = define<Super>(heap, BuiltinType::kSuper, visit_super, drop_super, super_repr);
  super->type_flags |= Type::kSubclassable;
  define_descriptor_types(heap);
  NativeBehaviour& none = heap.type(BuiltinType::kNoneType)->behaviour;
  none.repr = none_repr;
  none.truth = none_truth;
  heap.type(BuiltinType::kEllipsisType)->behaviour.repr = ellipsis_repr;
  heap.type(BuiltinType::kNotImplementedType)->behaviour.repr = not_implemented_repr;
}

Result<void> define_instance_methods(Heap& heap) {
  MINI_TRY(add_getset(heap, heap.type(BuiltinType::kCell), "cell_contents", cell_get, cell_set));
  Type* bound = heap.type(BuiltinType::kBoundMethod);
  MINI_TRY(add_getset(heap, bound, "__self__", bound_self, refuse_to_set));
  MINI_TRY(add_getset(heap, bound, "__func__", bound_function, refuse_to_set));
  MINI_TRY(add_getset(heap, bound, "__doc__", bound_doc));
  MINI_TRY(add_getset(heap, heap.type(BuiltinType::kModule), "__dict__", module_dict, refuse_to_set));
  Type* super = heap.type(BuiltinType::kSuper);
  MINI_TRY(add_getset(heap, super, "__thisclass__", super_field<&Super::type>, refuse_to_set));
  MINI_TRY(add_getset(heap, super, "__self__", super_field<&Super::self>, refuse_to_set));
  MINI_TRY(add_getset(heap, super, "__self_class__", super_field<&Super::self_type>, refuse_to_set));
  return define_descriptor_methods(heap);
}

}  // namespace mini::object
