// Types: class statements, inheritance, subclasses, and the lookup of names along the method resolution
// order.
#include "runtime/object/type.h"

#include <algorithm>

#include "runtime/object/exception_internal.h"
#include "runtime/object/instance.h"
#include "runtime/object/node.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/type_internal.h"

namespace mini::object {

bool is_subtype(const Type* type, const Type* base) {
  if (type == base) return true;
  const Tuple* order = type->method_resolution_order;
  if (!order) {  // during start-up
    while (type && type != base) type = type->base;
    return type != nullptr;
  }
  for (size_t i = 1; i < order->length; ++i) {
    if (order->items()[i] == Value(base)) return true;
  }
  return false;
}

bool is_filled_later(const Type* type) {
  switch (static_cast<BuiltinType>(type->kind)) {
    case BuiltinType::kList:
    case BuiltinType::kDict:
    case BuiltinType::kSet:
    case BuiltinType::kDeque:
    case BuiltinType::kStringIO:
    case BuiltinType::kBytesIO:
      return true;
    default:
      return false;
  }
}

void inherit_behaviour(NativeBehaviour& behaviour, const NativeBehaviour& base) {
  const bool own_comparison = behaviour.compare != nullptr;
  auto inherit = [](auto& mine, auto theirs) {
    if (!mine) mine = theirs;
  };
  inherit(behaviour.visit, base.visit);
  inherit(behaviour.drop, base.drop);
  inherit(behaviour.repr, base.repr);
  inherit(behaviour.str, base.str);
  if (!own_comparison) inherit(behaviour.hash, base.hash);
  inherit(behaviour.compare, base.compare);
  inherit(behaviour.binary, base.binary);
  inherit(behaviour.in_place, base.in_place);
  inherit(behaviour.unary, base.unary);
  inherit(behaviour.truth, base.truth);
  inherit(behaviour.length, base.length);
  inherit(behaviour.get_item, base.get_item);
  inherit(behaviour.set_item, base.set_item);
  inherit(behaviour.contains, base.contains);
  inherit(behaviour.iterate, base.iterate);
  inherit(behaviour.next, base.next);
  inherit(behaviour.size, base.size);
}

bool names_slot(Type* type, Str* name) { return has_kind(lookup(type, name), BuiltinType::kMemberDescriptor); }

// ---- lookup

Value lookup(Type* type, Str* name) {
  Heap& heap = Heap::of(type);
  const size_t mixed = (reinterpret_cast<uintptr_t>(name) >> 4) + type->version * size_t{31};
  Heap::LookupEntry& entry = heap.lookups_[mixed % Heap::kLookupEntries];
  if (entry.version == type->version && entry.name == name) return entry.found;
  Value found = kUnbound;
  const Tuple* order = type->method_resolution_order;
  for (size_t i = 0; i < order->length && found.is_unbound(); ++i) {
    found = get_name(static_cast<Type*>(order->items()[i].as_object())->attributes, name);
  }
  if (name->interned) {
    // A name that was found lives as long as this version; any other is forgotten when it dies (forget_interned).
    if (found.is_unbound() && name->interned != kImmortalName) name->interned |= kLookedUpName;
    entry = {type->version, name, found};
  }
  return found;
}

// ---- subclasses

Result<void> add_subclass(Heap& heap, Type* base, Type* derived) {
  if (base->subclass_count == base->subclass_capacity) {
    const uint32_t capacity = std::max<uint32_t>(4, base->subclass_capacity * 2);
    void* grown = heap.resize_buffer(base->subclasses, base->subclass_capacity * sizeof(Type*),
                                     capacity * sizeof(Type*));
    if (!grown) return raised;
    base->subclasses = static_cast<Type**>(grown);
    base->subclass_capacity = capacity;
  }
  base->subclasses[base->subclass_count++] = derived;
  return {};
}

void unlink_from_bases(Type* type) {
  if (!type->bases || type->is_unlinked) return;
  type->is_unlinked = 1;
  for (size_t i = 0; i < type->bases->length; ++i) {
    auto* base = static_cast<Type*>(type->bases->items()[i].as_object());
    Type** end = base->subclasses + base->subclass_count;
    base->subclass_count = static_cast<uint32_t>(std::remove(base->subclasses, end, type) - base->subclasses);
  }
}

void release_type_buffers(Heap& heap, Type* type) {
  heap.release_buffer(std::exchange(type->subclasses, nullptr), type->subclass_capacity * sizeof(Type*));
  type->subclass_count = type->subclass_capacity = 0;
  if (type->root_shape) release_shapes(heap, std::exchange(type->root_shape, nullptr));
}

static void changed(Heap& heap, Type* type) {
  type->version = heap.next_type_version();
  for (uint32_t i = 0; i < type->subclass_count; ++i) changed(heap, type->subclasses[i]);
}

// ---- flags

namespace {

/// Names of methods that operations do not look up; a class that defines only these keeps the fast paths.
constexpr Name kPassive[] = {
    Name::k__init__,       Name::k__new__,        Name::k__del__,          Name::k__name__,
    Name::k__qualname__,   Name::k__module__,     Name::k__doc__,          Name::k__dict__,
    Name::k__class__,      Name::k__slots__,      Name::k__annotations__,  Name::k__init_subclass__,
    Name::k__set_name__,   Name::k__match_args__, Name::k__weakref__,      Name::k__classcell__,
    Name::k__getattr__,    Name::k__setattr__,    Name::k__getattribute__, Name::k__delattr__,
    Name::k__subclasses__, Name::k__enter__,      Name::k__exit__,
};
constexpr uint32_t kMethodFlags =
    Type::kHasFinalizer | Type::kHasScriptMethods | Type::kHasGetAttributeHook | Type::kHasSetAttributeHook;

bool is_dunder(const Str* name) {
  std::string_view text = name->ascii();
  return !name->wide && text.size() > 4 && text.starts_with("__") && text.ends_with("__");
}

uint32_t flags_from(Heap& heap, const Str* name) {
  if (!is_dunder(name)) return 0;
  auto is = [&](Name which) { return name == heap.name(which); };
  if (is(Name::k__del__)) return Type::kHasFinalizer;
  if (is(Name::k__getattr__) || is(Name::k__getattribute__)) return Type::kHasGetAttributeHook;
  if (is(Name::k__setattr__) || is(Name::k__delattr__)) return Type::kHasSetAttributeHook;
  return std::any_of(std::begin(kPassive), std::end(kPassive), is) ? 0 : Type::kHasScriptMethods;
}

}  // namespace

void update_method_flags(Heap& heap, Type* type) {
  if (!(type->type_flags & Type::kUserClass)) return;
  uint32_t flags = 0;
  for (size_t i = 0; i < type->bases->length; ++i) {
    flags |= static_cast<Type*>(type->bases->items()[i].as_object())->type_flags & kMethodFlags;
  }
  for (uint32_t i = 0; i < type->attributes->used; ++i) {
    const DictEntry& entry = type->attributes->entries[i];
    if (!entry.key.is_unbound()) flags |= flags_from(heap, static_cast<Str*>(entry.key.as_object()));
  }
  type->type_flags = (type->type_flags & ~kMethodFlags) | flags;
  for (uint32_t i = 0; i < type->subclass_count; ++i) update_method_flags(heap, type->subclasses[i]);
}

// ---- class statements

namespace {

bool is_type(Heap& heap, Value value) {
  return value.is_object() && is_subtype(value.as_object()->type, heap.type(BuiltinType::kTypeType));
}

/// The nearest type, itself or a base, whose instances have more than those of its base, a `__dict__` aside (solid_base).
Type* layout_of(Type* type) {
  while (type->type_flags & Type::kUserClass && !(type->type_flags & Type::kAddsSlots)) type = type->base;
  return type;
}
/// All exceptions share one layout, but for what slots add.
bool share_layout(const Type* a, const Type* b) {
  return a->type_flags & b->type_flags & Type::kException && !(a->type_flags & b->type_flags & Type::kUserClass);
}

/// The base whose layout the instances get (best_base, CPython 3.13 Objects/typeobject.c).
Result<Type*> layout_base(Heap& heap, Tuple* bases) {
  Type* winner = nullptr;
  Type* winner_layout = nullptr;
  for (size_t i = 0; i < bases->length; ++i) {
    if (!is_type(heap, bases->items()[i])) return heap.raise(BuiltinType::kTypeError, "bases must be types");
    auto* base = static_cast<Type*>(bases->items()[i].as_object());
    if (!(base->type_flags & (Type::kSubclassable | Type::kUserClass))) {
      return heap.raise(BuiltinType::kTypeError, "type '{}' is not an acceptable base type",
                        type_name(heap, base));
    }
    Type* layout = layout_of(base);
    if (!winner || (layout != winner_layout && is_subtype(layout, winner_layout))) {
      winner = base;
      winner_layout = layout;
    } else if (!is_subtype(winner_layout, layout) && !share_layout(winner_layout, layout)) {
      return heap.raise(BuiltinType::kTypeError, "multiple bases have instance lay-out conflict");
    }
  }
  return winner;
}

/// Attributes by interned names only, so that a cached name lives as long as the attribute. Answers the same
/// dict if they are.
Result<Ref<Dict>> with_interned_names(Heap& heap, Ref<Dict> attributes) {
  bool all = true;
  for (uint32_t i = 0; i < attributes->used && all; ++i) {
    Value key = attributes->entries[i].key;
    all = key.is_unbound() || (as_str(heap, key) && as_str(heap, key)->interned);
  }
  if (all) return attributes;
  Ref<Dict> copy = MINI_TRY(make_dict(heap));
  for (uint32_t i = 0; i < attributes->used; ++i) {
    const DictEntry& entry = attributes->entries[i];
    if (entry.key.is_unbound()) continue;
    Str* key = as_str(heap, entry.key);
    if (!key) return heap.raise(BuiltinType::kTypeError, "attribute names must be strings");
    Ref<Str> name = MINI_TRY(heap.intern(Ref<Str>::share(key)));
    MINI_TRY(set_name(heap, copy.get(), name.get(), entry.value));
  }
  return copy;
}

template <class Wrapper>
Result<void> wrap_function(Heap& heap, Dict* attributes, Name which, BuiltinType wrapper_type) {
  Value function = get_name(attributes, heap.name(which));
  if (!has_kind(function, BuiltinType::kFunction)) return {};
  Ref<Wrapper> wrapper = MINI_TRY(heap.create<Wrapper>(wrapper_type));
  wrapper->function = Ref<Value>::share(function).release();
  return set_name(heap, attributes, heap.name(which), wrapper);
}

/// What a class body says about the class itself, or says in a short form.
Result<void> adjust_attributes(Heap& heap, Type* type) {
  Dict* attributes = type->attributes;
  if (Value given = get_name(attributes, heap.name(Name::k__qualname__)); !given.is_unbound()) {
    Str* text = as_str(heap, given);
    if (!text) {
      return heap.raise(BuiltinType::kTypeError, "type __qualname__ must be a str, not {}",
                        type_name(heap, given));
    }
    decref(std::exchange(type->qualified_name, Ref<Str>::share(text).release()));
    remove_name(heap, attributes, heap.name(Name::k__qualname__));
  }
  if (Value cell = get_name(attributes, heap.name(Name::k__classcell__));
      has_kind(cell, BuiltinType::kCell)) {
    auto* content = &static_cast<Cell*>(cell.as_object())->content;
    decref(std::exchange(*content, Ref<Value>::share(Value(type)).release()));
    remove_name(heap, attributes, heap.name(Name::k__classcell__));
  }
  MINI_TRY(wrap_function<StaticMethod>(heap, attributes, Name::k__new__, BuiltinType::kStaticMethod));
  for (Name name : {Name::k__init_subclass__, Name::k__class_getitem__})
    MINI_TRY(wrap_function<ClassMethod>(heap, attributes, name, BuiltinType::kClassMethod));
  if (get_name(attributes, heap.name(Name::k__doc__)).is_unbound()) {
    MINI_TRY(set_name(heap, attributes, heap.name(Name::k__doc__), kNone));
  }
  // A class that compares in its own way, and says nothing about hashing, cannot be hashed
  // (type_ready_set_hash).
  if (!get_name(attributes, heap.name(Name::k__eq__)).is_unbound() &&
      get_name(attributes, heap.name(Name::k__hash__)).is_unbound()) {
    MINI_TRY(set_name(heap, attributes, heap.name(Name::k__hash__), kNone));
  }
  return {};
}

/// `__name` in the body of a class is `_Class__name`.
Result<Ref<Str>> mangled(Heap& heap, const Type* type, Str* name) {
  const std::string text = to_utf8(name);
  std::string prefix = to_utf8(type->name);
  prefix.erase(0, prefix.find_first_not_of('_'));
  const bool is_private = text.starts_with("__") && !text.ends_with("__") && !prefix.empty();
  return is_private ? heap.intern("_" + prefix + text) : heap.intern(Ref<Str>::share(name));
}

/// Whether instances have items behind their fields, which leave no place for slots.
bool has_items(const Type* type) {
  switch (static_cast<BuiltinType>(type->kind)) {
    case BuiltinType::kInt:
    case BuiltinType::kBytes:
    case BuiltinType::kTuple:
    case BuiltinType::kTypeType:
      return true;
    default:
      return false;
  }
}

/// A slot that gives instances what those of the base have already, or that is named for the second time.
Result<void> check_new(Heap& heap, std::string_view slot, bool is_there) {
  if (!is_there) return {};
  return heap.raise(BuiltinType::kTypeError, "{} slot disallowed: we already got one", slot);
}

/// Makes the names in a class's `__slots__` attributes (CPython 3.13 Objects/typeobject.c, type_new_slots); false if
/// instances may have others as well: without `__slots__`, with a `__dict__` among them, or below a class without.
Result<bool> add_slots(Heap& heap, Type* type) {
  Value slots = get_name(type->attributes, heap.name(Name::k__slots__));
  if (slots.is_unbound()) return false;
  bool only = true;
  for (size_t i = 0; i < type->bases->length; ++i) {
    auto* base = static_cast<Type*>(type->bases->items()[i].as_object());
    only &= base->type_flags & Type::kUserClass ? (base->type_flags & Type::kSlotsOnly) != 0 : !base->attributes_offset;
  }
  Ref<List> names = MINI_TRY(make_list(heap));
  if (as_str(heap, slots)) MINI_TRY(append(heap, names.get(), Ref<Value>::share(slots)));
  else MINI_TRY(extend(heap, names.get(), slots));
  if (names->length > 0 && has_items(type->base))
    return heap.raise(BuiltinType::kTypeError, "nonempty __slots__ not supported for subtype of '{}'",
                      to_utf8(type->base->name));
  const bool of_class = type->base->type_flags & Type::kUserClass;
  bool has_dict = of_class ? !(type->base->type_flags & Type::kSlotsOnly) : type->base->attributes_offset > 0;
  bool has_references = of_class && (has_dict || names_slot(type->base, heap.name(Name::k__weakref__)));
  for (uint64_t i = 0; i < names->length; ++i) {
    Str* given = as_str(heap, names->items[i]);
    if (!given)
      return heap.raise(BuiltinType::kTypeError, "__slots__ items must be strings, not '{}'",
                        type_name(heap, names->items[i]));
    if (!is_identifier(given)) return heap.raise(BuiltinType::kTypeError, "__slots__ must be identifiers");
    if (equal(given, "__dict__")) {
      MINI_TRY(check_new(heap, "__dict__", std::exchange(has_dict, true)));
      only = false;
      continue;
    }
    if (equal(given, "__weakref__")) MINI_TRY(check_new(heap, "__weakref__", std::exchange(has_references, true)));
    else type->type_flags |= Type::kAddsSlots;
    Ref<Str> name = MINI_TRY(mangled(heap, type, given));
    const Value taken = get_name(type->attributes, name.get());
    if (has_kind(taken, BuiltinType::kMemberDescriptor)) continue;  // named twice
    if (!taken.is_unbound())
      return heap.raise(BuiltinType::kValueError, "'{}' in __slots__ conflicts with class variable", to_utf8(name.get()));
    MINI_TRY(add_member(heap, type, name.get()));
  }
  return only;
}

/// Of several kinds of exceptions, the first that has a text of its own gives it: KeyError behind ValueError.
void use_first_text(Heap& heap, Type* type) {
  const auto plain = heap.type(BuiltinType::kBaseException)->behaviour.str;
  for (const Value base : items_of(Value(type->method_resolution_order))) {
    const auto own = static_cast<Type*>(base.as_object())->behaviour.str;
    if (base == Value(type) || own == plain || !(static_cast<Type*>(base.as_object())->type_flags & Type::kException)) continue;
    type->behaviour.str = own;
    return;
  }
}

/// A class that is an instance of a metaclass keeps its attributes as every class does.
bool is_metaclass(const Type* type) { return type->kind == static_cast<uint32_t>(BuiltinType::kTypeType); }

void inherit_layout(Heap& heap, Type* type, Type* base) {
  type->kind = base->kind;
  type->behaviour = base->behaviour;
  type->construct = base->construct;
  type->instance_size = base->instance_size;
  type->attributes_offset = base->attributes_offset;
  type->trailer_size = base->trailer_size;
  type->type_flags =
      Type::kUserClass | Type::kSubclassable | (base->type_flags & (Type::kTracked | Type::kException));
  if (base == heap.type(BuiltinType::kObject)) {
    use_instance_layout(type);
  } else if (!base->attributes_offset && !is_metaclass(base)) {
    type->attributes_offset = Type::kAttributesAtEnd;
    type->trailer_size = bytes_behind(type);
  }
}

/// The order is what a metaclass's own mro() answers, if it has one.
Result<void> ask_for_order(Heap& heap, Type* type) {
  Ref<Str> name = MINI_TRY(heap.intern("mro"));
  const Value method = lookup(type->type, name.get());
  if (has_kind(method, BuiltinType::kMethodDescriptor)) return {};
  const Ref<Value> answer = MINI_TRY(call_special(heap, method, Value(type)));
  Ref<List> order = MINI_TRY(list_from(heap, answer));
  Type* const layout = layout_of(type);
  for (uint64_t i = 0; i < order->length; ++i) {
    const Value each = order->items[i];
    if (!is_type(heap, each))
      return heap.raise(BuiltinType::kTypeError, "mro() returned a non-class ('{}')", type_name(heap, each));
    Type* other = layout_of(static_cast<Type*>(each.as_object()));  // whose methods will be called with the instances
    if (!is_subtype(layout, other) && !share_layout(layout, other))
      return heap.raise(BuiltinType::kTypeError, "mro() returned base with unsuitable layout ('{}')",
                        to_utf8(static_cast<Type*>(each.as_object())->name));
  }
  Ref<Tuple> kept = MINI_TRY(make_tuple(heap, order->items, order->length));
  decref(std::exchange(type->method_resolution_order, kept.release()));
  return {};
}

}  // namespace

Result<Type*> metaclass_for(Heap& heap, Type* given, Tuple* bases) {
  Type* winner = given;
  for (size_t i = 0; i < bases->length; ++i) {
    Type* of_base = heap.type_of(bases->items()[i]);
    if (is_subtype(winner, of_base)) continue;
    if (!is_subtype(of_base, winner)) {
      return heap.raise(BuiltinType::kTypeError,
                        "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the "
                        "metaclasses of all its bases");
    }
    winner = of_base;
  }
  return winner;
}

Result<Ref<Type>> make_type(Heap& heap, Str* name, Tuple* given_bases, Ref<Dict> attributes, Type* metaclass) {
  Ref<Tuple> bases = Ref<Tuple>::share(given_bases);
  if (bases->length == 0) {
    Value object = heap.type(BuiltinType::kObject);
    bases = MINI_TRY(make_tuple(heap, &object, 1));
  }
  Type* base = MINI_TRY(layout_base(heap, bases.get()));
  attributes = MINI_TRY(with_interned_names(heap, std::move(attributes)));
  Ref<Type> type = MINI_TRY(heap.create<Type>(metaclass ? metaclass : heap.type(BuiltinType::kTypeType)));
  inherit_layout(heap, type.get(), base);
  type->version = heap.next_type_version();
  type->name = Ref<Str>::share(name).release();
  type->qualified_name = Ref<Str>::share(name).release();
  type->attributes = attributes.release();
  type->method_resolution_order = MINI_TRY(linearise(heap, type.get(), bases.get())).release();
  if (type->type_flags & Type::kException) use_first_text(heap, type.get());
  type->base = Ref<Type>::share(base).release();
  type->bases = bases.release();
  if (type->type->type_flags & Type::kUserClass) MINI_TRY(ask_for_order(heap, type.get()));
  MINI_TRY(adjust_attributes(heap, type.get()));
  if (MINI_TRY(add_slots(heap, type.get()))) type->type_flags |= Type::kSlotsOnly;
  type->root_shape = make_root_shape(heap, type.get());
  if (!type->root_shape) return raised;
  for (size_t i = 0; i < type->bases->length; ++i) {
    MINI_TRY(add_subclass(heap, static_cast<Type*>(type->bases->items()[i].as_object()), type.get()));
  }
  update_method_flags(heap, type.get());
  return type;
}

namespace {

/// Calls the nearest `__init_subclass__` of the bases.
Result<void> call_init_subclass(Heap& heap, Type* type, Dict* keywords) {
  const Tuple* order = type->method_resolution_order;
  for (size_t i = 1; i < order->length; ++i) {
    auto* base = static_cast<Type*>(order->items()[i].as_object());
    Value hook = get_name(base->attributes, heap.name(Name::k__init_subclass__));
    if (!has_kind(hook, BuiltinType::kClassMethod)) continue;
    Ref<Value> function = Ref<Value>::share(static_cast<ClassMethod*>(hook.as_object())->function);
    if (!keywords || keywords->live == 0) {
      Value argument = type;
      static_cast<void>(MINI_TRY(heap.hooks().call(heap, function, &argument, 1)));
      return {};
    }
    Ref<List> names = MINI_TRY(list_from(heap, keywords));
    Ref<Tuple> keyword_names = MINI_TRY(make_tuple(heap, names->items, names->length));
    Ref<Tuple> arguments = MINI_TRY(make_tuple(heap, names->length + 1));
    arguments->items()[0] = Ref<Value>::share(Value(type)).release();
    for (uint64_t k = 0; k < names->length; ++k)
      arguments->items()[k + 1] = Ref<Value>::share(MINI_TRY(get(heap, keywords, names->items[k]))).release();
    static_cast<void>(MINI_TRY(heap.hooks().call_with_keywords(heap, function, arguments->items(),
                                                               static_cast<uint32_t>(arguments->length),
                                                               keyword_names.get())));
    return {};
  }
  if (!keywords || keywords->live == 0) return {};
  return heap.raise(BuiltinType::kTypeError, "{}.__init_subclass__() takes no keyword arguments",
                    to_utf8(type->qualified_name));
}

}  // namespace

Result<void> announce_type(Heap& heap, Type* type, Dict* keywords) {
  Ref<Type> alive = Ref<Type>::share(type);
  // A copy: a `__set_name__` may add attributes.
  Ref<Tuple> entries = MINI_TRY(make_tuple(heap, size_t{type->attributes->live} * 2));
  size_t at = 0;
  for (uint32_t i = 0; i < type->attributes->used; ++i) {
    const DictEntry& entry = type->attributes->entries[i];
    if (entry.key.is_unbound()) continue;
    entries->items()[at++] = Ref<Value>::share(entry.key).release();
    entries->items()[at++] = Ref<Value>::share(entry.value).release();
  }
  for (size_t i = 0; i < at; i += 2) {
    Value attribute = entries->items()[i + 1];
    Value method = lookup(heap.type_of(attribute), heap.name(Name::k__set_name__));
    if (method.is_unbound()) continue;
    Value arguments[] = {Value(type), entries->items()[i]};
    if (call_special(heap, method, attribute, arguments, 2).ok()) continue;
    add_note_to_pending(heap, [&](Heap&) -> Result<Ref<Str>> {
      const Ref<Str> name = MINI_TRY(repr(heap, entries->items()[i]));
      return make_str(heap, fmt::format("Error calling __set_name__ on '{}' instance {} in '{}'", type_name(heap, attribute),
                                        to_utf8(name.get()), to_utf8(type->name)));
    });
    return raised;
  }
  return call_init_subclass(heap, type, keywords);
}

Result<void> set_type_attribute(Heap& heap, Type* type, Str* name, Value value) {
  if (!(type->type_flags & Type::kUserClass)) {
    return heap.raise(BuiltinType::kTypeError, "cannot set '{}' attribute of immutable type '{}'",
                      to_utf8(name), type_name(heap, type));
  }
  Ref<Str> interned = MINI_TRY(heap.intern(Ref<Str>::share(name)));
  if (value.is_unbound()) {
    if (!remove_name(heap, type->attributes, interned.get())) return raise_attribute_error(heap, type, name);
  } else {
    MINI_TRY(set_name(heap, type->attributes, interned.get(), value));
  }
  changed(heap, type);
  if (is_dunder(interned.get())) update_method_flags(heap, type);
  return {};
}

}  // namespace mini::object
