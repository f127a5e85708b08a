// The module `_weakref`: weak references. The dictionaries and sets over them are written in mini (prelude/weakref).
#include "interp/modules/modules.h"
#include "interp/modules/support.h"
#include "interp/vm/function.h"
#include "runtime/object/node.h"
#include "runtime/object/type_internal.h"

namespace mini::modules {
namespace {

WeakReference* reference_of(Value value) { return static_cast<WeakReference*>(value.as_object()); }

/// Whether CPython keeps a list of weak references in such objects.
bool allows_references(Value value) {
  if (!value.is_object() || !node_of(value.as_object())) return false;
  const Type* type = value.as_object()->type;
  const auto kind = static_cast<BuiltinType>(type->kind);
  if (type->type_flags & Type::kSlotsOnly) {
    Heap& heap = Heap::of(type);
    return names_slot(value.as_object()->type, heap.name(Name::k__weakref__));
  }
  if (type->type_flags & Type::kUserClass)
    return kind != BuiltinType::kInt && kind != BuiltinType::kTuple && kind != BuiltinType::kBytes;
  switch (kind) {
    case BuiltinType::kTypeType:
    case BuiltinType::kFunction:
    case BuiltinType::kNativeFunction:
    case BuiltinType::kBoundMethod:
    case BuiltinType::kGenerator:
    case BuiltinType::kModule:
    case BuiltinType::kCode:
    case BuiltinType::kSet:
    case BuiltinType::kFrozenSet:
    case BuiltinType::kDeque:
    case BuiltinType::kPartial:
    case BuiltinType::kCachedFunction:
    case BuiltinType::kLock:
    case BuiltinType::kRLock:
    case BuiltinType::kThreadLocal:
    case BuiltinType::kFile:
    case BuiltinType::kRawFile:
    case BuiltinType::kReadFile:
    case BuiltinType::kWriteFile:
    case BuiltinType::kUpdateFile:
    case BuiltinType::kStringIO:
    case BuiltinType::kBytesIO:
    case BuiltinType::kTee:
    case BuiltinType::kWeakReference:
      return true;
    default:
      return false;
  }
}

Result<Ref<Value>> make_reference(Call& call) {
  Heap& heap = call.heap;
  auto* type = self_of<Type>(call);
  if (!allows_references(call[1]))
    return heap.raise(BuiltinType::kTypeError, "cannot create weak reference to '{}' object", type_name(heap, call[1]));
  Object* target = call[1].as_object();
  const bool has_callback = call.has(2) && !call[2].is_none();
  // One plain reference is enough for an object.
  if (!has_callback && type == heap.type(BuiltinType::kWeakReference)) {
    auto [first, end] = heap.weak_references_to(target);
    for (; first != end; ++first)
      if (first->type == type && first->callback.is_unbound()) return Ref<Value>::share(Value(&*first));
  }
  Ref<WeakReference> made = MINI_TRY(heap.create<WeakReference>(type));
  new (static_cast<base::SetHook<>*>(made.get())) base::SetHook<>;
  made->callback = has_callback ? Ref<Value>::share(call[2]).release() : kUnbound;
  made->target = target;
  heap.watch(made.get());
  return made;
}
Result<Ref<Value>> reference_init(Call&) { return none(); }

Result<Ref<Value>> target_of(WeakReference* reference) {
  return reference->target ? Ref<Value>::share(Value(reference->target)) : Ref<Value>::adopt(kNone);
}
Result<Ref<Value>> reference_call(Call& call) { return target_of(reference_of(call[0])); }

Result<int64_t> reference_hash(Heap& heap, Value self) {
  WeakReference* reference = reference_of(self);
  if (reference->is_hashed) return reference->hash;
  Ref<Value> target = MINI_TRY(target_of(reference));
  if (!reference->target) return heap.raise_text(BuiltinType::kTypeError, "weak object has gone away");
  reference->hash = MINI_TRY(hash(heap, target));
  reference->is_hashed = 1;
  return reference->hash;
}
Result<Ref<Value>> reference_compare(Heap& heap, CompareOp op, Value left, Value right) {
  const bool equality = op == CompareOp::kEqual || op == CompareOp::kNotEqual;
  if (!equality || !has_kind(left, BuiltinType::kWeakReference) || !has_kind(right, BuiltinType::kWeakReference))
    return unboxed(kNotImplemented);
  Ref<Value> a = MINI_TRY(target_of(reference_of(left))), b = MINI_TRY(target_of(reference_of(right)));
  if (!reference_of(left)->target || !reference_of(right)->target)
    return Ref<Value>((left == right) == (op == CompareOp::kEqual));
  return compare(heap, op, a, b);
}
Result<Ref<Str>> reference_repr(Heap& heap, Value self) {
  WeakReference* reference = reference_of(self);
  const std::string own = shown_address(heap, self);
  if (!reference->target) return make_str(heap, fmt::format("<weakref at {}; dead>", own));
  Ref<Value> target = MINI_TRY(target_of(reference));
  std::string name;
  if (Ref<Value> found = MINI_TRY(find_attribute(heap, target, heap.name(Name::k__name__))); as_str(heap, found))
    name = fmt::format(" ({})", to_utf8(as_str(heap, found)));
  return make_str(heap, fmt::format("<weakref at {}; to '{}' at {}{}>", own, type_name(heap, target),
                                    shown_address(heap, target), name));
}
void visit_reference(Object* object, Visitor& visitor) {
  auto* reference = static_cast<WeakReference*>(object);
  visitor.reference(reference->callback);
  if (visitor.references_only) return;
  visitor.reference(reference->target);
  visitor.scalar(reference->is_hashed ? static_cast<uint64_t>(reference->hash) : 0);
  visitor.scalar(uint64_t{reference->is_due} << 1 | reference->is_hashed);
}
void drop_reference(Heap& heap, Object* object) {
  auto* reference = static_cast<WeakReference*>(object);
  heap.unwatch(reference);
  decref(std::exchange(reference->callback, kUnbound));
}

template <class Function>
void for_each_reference(Heap& heap, Value value, Function function) {
  if (!value.is_object()) return;
  auto [first, end] = heap.weak_references_to(value.as_object());
  for (; first != end; ++first) function(*first);
}
Result<Ref<Value>> count(Call& call) {
  int64_t number = 0;
  for_each_reference(call.heap, call[0], [&](WeakReference&) { ++number; });
  return make_int(call.heap, number);
}
Result<Ref<Value>> references(Call& call) {
  std::vector<WeakReference*> found;
  for_each_reference(call.heap, call[0], [&](WeakReference& reference) { found.push_back(&reference); });
  Ref<List> list = MINI_TRY(make_list(call.heap, found.size()));
  for (WeakReference* reference : found)
    list->items[list->length++] = Ref<Value>::share(Value(reference)).release();
  return list;
}

constexpr NativeDefinition kMakeReference{"ReferenceType.__new__(type, object, callback=None, /)", make_reference};
constexpr NativeDefinition kWeakrefMethods[] = {
    {"ReferenceType.__init__(self, object, callback=None, /)", reference_init},
    {"ReferenceType.__call__(self, /)", reference_call},
};
constexpr NativeDefinition kWeakrefFunctions[] = {
    {"_weakref.getweakrefcount(object, /)", count},
    {"_weakref.getweakrefs(object, /)", references},
};

}  // namespace

Result<void> fill_weakref(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  Type* type = heap.type(BuiltinType::kWeakReference);
  MINI_TRY(define_type(heap, BuiltinType::kWeakReference,
                       {.instance_size = sizeof(WeakReference),
                        .tracked = true,
                        .subclassable = true,
                        .behaviour = {.visit = visit_reference,
                                      .drop = drop_reference,
                                      .repr = reference_repr,
                                      .hash = reference_hash,
                                      .compare = reference_compare},
                        .construct = &kMakeReference,
                        .methods = kWeakrefMethods}));
  MINI_TRY(add_slot_methods(heap, type));
  MINI_TRY(add_getset(heap, type, "__callback__", [](Heap&, Value self) -> Result<Ref<Value>> {
    const Value callback = reference_of(self)->callback;
    return callback.is_unbound() ? Ref<Value>::adopt(kNone) : Ref<Value>::share(callback);
  }));
  MINI_TRY(add_type(machine, module, "ref", BuiltinType::kWeakReference));
  MINI_TRY(add_type(machine, module, "ReferenceType", BuiltinType::kWeakReference));
  return add_functions(machine, module, kWeakrefFunctions);
}

}  // namespace mini::modules
