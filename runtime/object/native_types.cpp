// The types of native functions, methods and computed attributes.
#include "runtime/object/attributes.h"
#include "runtime/object/native.h"
#include "runtime/object/operations.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

NativeObject* native_of(Value value) {
  return static_cast<NativeObject*>(value.as_object());
}
MethodDescriptor* method_of(Value value) {
  return static_cast<MethodDescriptor*>(value.as_object());
}
GetSetDescriptor* getset_of(Value value) {
  return static_cast<GetSetDescriptor*>(value.as_object());
}

MemberDescriptor* member_of(Value value) {
  return static_cast<MemberDescriptor*>(value.as_object());
}

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}
bool is_slot(const NativeDefinition& definition) {
  return definition.signature.bound && definition.signature.name.starts_with("__");
}
/// What stands for code in a state's hash: the same in every run.
void show(const NativeDefinition* definition, Visitor& visitor) {
  visitor.content(definition->signature.text.data(), definition->signature.text.size());
}

void visit_native(Object* object, Visitor& visitor) {
  auto* native = static_cast<NativeObject*>(object);
  show(native->definition, visitor);
  visitor.reference(native->self);
  visitor.reference(native->module);
}
void drop_native(Heap&, Object* object) {
  auto* native = static_cast<NativeObject*>(object);
  decref(std::exchange(native->self, kUnbound));
  if (Str* module = std::exchange(native->module, nullptr)) decref(module);
}

Result<Ref<Str>> native_repr(Heap& heap, Value self) {
  NativeObject* native = native_of(self);
  std::string_view name = last_part(native->definition->signature.name);
  if (native->self.is_unbound()) return make_str(heap, fmt::format("<built-in function {}>", name));
  std::string owner = type_name(heap, native->self);
  std::string address = shown_address(heap, native->self);
  return make_str(heap, is_slot(*native->definition)
                            ? fmt::format("<method-wrapper '{}' of {} object at {}>", name, owner, address)
                            : fmt::format("<built-in method {} of {} object at {}>", name, owner, address));
}

Result<Ref<Value>> native_compare(Heap&, CompareOp op, Value left, Value right) {
  if (!has_kind(right, BuiltinType::kNativeFunction) ||
      (op != CompareOp::kEqual && op != CompareOp::kNotEqual)) {
    return unboxed(kNotImplemented);
  }
  const bool same = native_of(left)->definition == native_of(right)->definition &&
                    native_of(left)->self == native_of(right)->self;
  return Ref<Value>(same == (op == CompareOp::kEqual));
}

Result<int64_t> native_hash(Heap& heap, Value self) {
  NativeObject* native = native_of(self);
  int64_t hash = 0;
  for (char c : native->definition->signature.text) hash = hash * 31 + c;
  if (native->self.is_object()) hash ^= static_cast<int64_t>(heap.serial_of(native->self.as_object())) << 20;
  return hash == -1 ? -2 : hash;
}

void visit_method(Object* object, Visitor& visitor) {
  auto* method = static_cast<MethodDescriptor*>(object);
  show(method->definition, visitor);
  visitor.scalar(method->owner->kind);
  visitor.scalar(method->kind);
}

Result<Ref<Str>> method_repr(Heap& heap, Value self) {
  MethodDescriptor* method = method_of(self);
  const char* what = method->kind == MethodDescriptor::kSlotMethod ? "slot wrapper" : "method";
  return make_str(
      heap, fmt::format("<{} '{}' of '{}' objects>", what, last_part(method->definition->signature.name),
                        type_name(heap, method->owner)));
}

void visit_getset(Object* object, Visitor& visitor) {
  auto* getset = static_cast<GetSetDescriptor*>(object);
  visitor.reference(getset->name);
  visitor.scalar(getset->owner->kind);
}
void drop_getset(Heap&, Object* object) {
  if (Str* name = std::exchange(static_cast<GetSetDescriptor*>(object)->name, nullptr)) decref(name);
}
Result<Ref<Str>> getset_repr(Heap& heap, Value self) {
  return make_str(heap, fmt::format("<attribute '{}' of '{}' objects>", to_utf8(getset_of(self)->name),
                                    type_name(heap, getset_of(self)->owner)));
}

void visit_member(Object* object, Visitor& visitor) {
  auto* member = static_cast<MemberDescriptor*>(object);
  visitor.reference(member->name);
  visitor.reference(member->owner);
}
void drop_member(Heap&, Object* object) {
  auto* member = static_cast<MemberDescriptor*>(object);
  if (Str* name = std::exchange(member->name, nullptr)) decref(name);
  if (Type* owner = std::exchange(member->owner, nullptr)) decref(owner);
}
Result<Ref<Str>> member_repr(Heap& heap, Value self) {
  return make_str(heap, fmt::format("<member '{}' of '{}' objects>", to_utf8(member_of(self)->name),
                                    to_utf8(member_of(self)->owner->name)));
}

// ---- attributes

const NativeDefinition& definition_of(Value self) {
  return has_kind(self, BuiltinType::kNativeFunction) ? *native_of(self)->definition
                                                      : *method_of(self)->definition;
}
Result<Ref<Value>> get_name_attribute(Heap& heap, Value self) {
  return widen(make_str(heap, last_part(definition_of(self).signature.name)));
}
Result<Ref<Value>> get_qualified_name(Heap& heap, Value self) {
  std::string_view name = last_part(definition_of(self).signature.name);
  if (has_kind(self, BuiltinType::kMethodDescriptor)) {
    return widen(make_str(heap, fmt::format("{}.{}", to_utf8(method_of(self)->owner->name), name)));
  }
  Value owner = native_of(self)->self;
  if (owner.is_unbound()) return widen(make_str(heap, name));
  Type* type =
      has_kind(owner, BuiltinType::kTypeType) ? static_cast<Type*>(owner.as_object()) : heap.type_of(owner);
  return widen(make_str(heap, fmt::format("{}.{}", to_utf8(type->qualified_name), name)));
}
Result<Ref<Value>> get_self(Heap&, Value self) {
  Value owner = native_of(self)->self;
  return owner.is_unbound() ? unboxed(kNone) : Ref<Value>::share(owner);
}
Result<Ref<Value>> get_module(Heap& heap, Value self) {
  NativeObject* native = native_of(self);
  if (native->module) return Ref<Value>::share(Value(native->module));
  return native->self.is_unbound() ? Ref<Value>::share(Value(heap.name(Name::kbuiltins))) : unboxed(kNone);
}
Result<Ref<Value>> get_owner(Heap&, Value self) {
  return Ref<Value>::share(Value(has_kind(self, BuiltinType::kMethodDescriptor) ? method_of(self)->owner
                                                                                : getset_of(self)->owner));
}
Result<Ref<Value>> get_getset_name(Heap&, Value self) {
  return Ref<Value>::share(Value(getset_of(self)->name));
}
Result<Ref<Value>> get_getset_qualified_name(Heap& heap, Value self) {
  return widen(make_str(heap, fmt::format("{}.{}", to_utf8(getset_of(self)->owner->qualified_name),
                                          to_utf8(getset_of(self)->name))));
}
Result<Ref<Value>> get_member_name(Heap&, Value self) {
  return Ref<Value>::share(Value(member_of(self)->name));
}
Result<Ref<Value>> get_member_qualified_name(Heap& heap, Value self) {
  return widen(make_str(heap, fmt::format("{}.{}", to_utf8(member_of(self)->owner->qualified_name),
                                          to_utf8(member_of(self)->name))));
}
Result<Ref<Value>> get_member_owner(Heap&, Value self) {
  return Ref<Value>::share(Value(member_of(self)->owner));
}
Result<Ref<Value>> get_no_doc(Heap&, Value) {
  return unboxed(kNone);
}

}  // namespace

std::string shown_address(Heap& heap, Value value) {
  const uint64_t serial = value.is_object() ? heap.serial_of(value.as_object()) : 0;
  return fmt::format("0x{:012x}", 0x7f0000000000u + 16 * serial);
}

Result<Ref<NativeObject>> make_native(Heap& heap, const NativeDefinition& definition, Value self,
                                      Str* module) {
  Ref<NativeObject> native = MINI_TRY(heap.create<NativeObject>(BuiltinType::kNativeFunction));
  native->definition = &definition;
  native->self = Ref<Value>::share(self).release();
  native->module = module ? Ref<Str>::share(module).release() : nullptr;
  return native;
}

Result<void> add_methods(Heap& heap, Type* type, const NativeDefinition* definitions, size_t count,
                         uint32_t kind) {
  for (size_t i = 0; i < count; ++i) {
    Ref<MethodDescriptor> method = MINI_TRY(heap.create<MethodDescriptor>(BuiltinType::kMethodDescriptor));
    method->definition = &definitions[i];
    method->owner = type;
    method->kind = kind;
    Ref<Str> name = MINI_TRY(heap.intern(last_part(definitions[i].signature.name)));
    MINI_TRY(set_name(heap, type->attributes, name.get(), method));
  }
  return {};
}

Result<void> refuse_to_set(Heap& heap, Value, Value) {
  return heap.raise_text(BuiltinType::kAttributeError, "readonly attribute");
}

Result<void> add_getset(Heap& heap, Type* type, std::string_view name,
                        Result<Ref<Value>> (*get)(Heap&, Value), Result<void> (*set)(Heap&, Value, Value)) {
  Ref<GetSetDescriptor> getset = MINI_TRY(heap.create<GetSetDescriptor>(BuiltinType::kGetSetDescriptor));
  Ref<Str> text = MINI_TRY(heap.intern(name));
  getset->name = text.share().release();
  getset->owner = type;
  getset->get = get;
  getset->set = set;
  return set_name(heap, type->attributes, text.get(), getset);
}

Result<void> add_member(Heap& heap, Type* type, Str* name) {
  Ref<MemberDescriptor> member = MINI_TRY(heap.create<MemberDescriptor>(BuiltinType::kMemberDescriptor));
  member->name = Ref<Str>::share(name).release();
  member->owner = Ref<Type>::share(type).release();
  return set_name(heap, type->attributes, name, member);
}

void define_native_types(Heap& heap) {
  Type* native = heap.type(BuiltinType::kNativeFunction);
  native->type_flags |= Type::kTracked;
  native->instance_size = sizeof(NativeObject);
  native->behaviour.visit = visit_native;
  native->behaviour.drop = drop_native;
  native->behaviour.repr = native_repr;
  native->behaviour.compare = native_compare;
  native->behaviour.hash = native_hash;
  Type* method = heap.type(BuiltinType::kMethodDescriptor);
  method->type_flags |= Type::kTracked;
  method->instance_size = sizeof(MethodDescriptor);
  method->behaviour.visit = visit_method;
  method->behaviour.repr = method_repr;
  Type* getset = heap.type(BuiltinType::kGetSetDescriptor);
  getset->type_flags |= Type::kTracked;
  getset->instance_size = sizeof(GetSetDescriptor);
  getset->behaviour.visit = visit_getset;
  getset->behaviour.drop = drop_getset;
  getset->behaviour.repr = getset_repr;
  Type* member = heap.type(BuiltinType::kMemberDescriptor);
  member->type_flags |= Type::kTracked;
  member->instance_size = sizeof(MemberDescriptor);
  member->behaviour.visit = visit_member;
  member->behaviour.drop = drop_member;
  member->behaviour.repr = member_repr;
}

Result<void> define_native_methods(Heap& heap) {
  Type* native = heap.type(BuiltinType::kNativeFunction);
  MINI_TRY(add_getset(heap, native, "__name__", get_name_attribute));
  MINI_TRY(add_getset(heap, native, "__qualname__", get_qualified_name));
  MINI_TRY(add_getset(heap, native, "__self__", get_self));
  MINI_TRY(add_getset(heap, native, "__module__", get_module));
  MINI_TRY(add_getset(heap, native, "__doc__", get_no_doc));
  Type* method = heap.type(BuiltinType::kMethodDescriptor);
  MINI_TRY(add_getset(heap, method, "__name__", get_name_attribute));
  MINI_TRY(add_getset(heap, method, "__qualname__", get_qualified_name));
  MINI_TRY(add_getset(heap, method, "__objclass__", get_owner));
  MINI_TRY(add_getset(heap, method, "__doc__", get_no_doc));
  MINI_TRY(add_methods(heap, method, kDescriptorGet.data(), kDescriptorGet.size(), MethodDescriptor::kSlotMethod));
  Type* getset = heap.type(BuiltinType::kGetSetDescriptor);
  Type* member = heap.type(BuiltinType::kMemberDescriptor);
  for (Type* type : {getset, member})
    for (auto methods : {kDescriptorGet, kDescriptorStore})
      MINI_TRY(add_methods(heap, type, methods.data(), methods.size(), MethodDescriptor::kSlotMethod));
  MINI_TRY(add_getset(heap, getset, "__name__", get_getset_name));
  MINI_TRY(add_getset(heap, getset, "__qualname__", get_getset_qualified_name));
  MINI_TRY(add_getset(heap, getset, "__objclass__", get_owner));
  MINI_TRY(add_getset(heap, getset, "__doc__", get_no_doc));
  MINI_TRY(add_getset(heap, member, "__name__", get_member_name));
  MINI_TRY(add_getset(heap, member, "__qualname__", get_member_qualified_name));
  MINI_TRY(add_getset(heap, member, "__objclass__", get_member_owner));
  return add_getset(heap, member, "__doc__", get_no_doc);
}

}  // namespace mini::object
