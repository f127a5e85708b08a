// The module `_collections`: deque, the dicts with a difference, and the counting loop of Counter.
#include "interp/modules/collections.h"

#include "interp/modules/modules.h"
#include "runtime/object/dict_internal.h"
#include "runtime/object/native_scope.h"
#include "runtime/object/table.h"

namespace mini::modules {
namespace {

Dict* dict_of(Value value) { return static_cast<Dict*>(value.as_object()); }

// defaultdict ---------------------------------------------------------------------------------------------------------

struct DefaultDict : Dict {
  Value factory;  ///< None: none
};
DefaultDict* default_of(Value value) { return static_cast<DefaultDict*>(value.as_object()); }

Result<void> set_factory(Heap& heap, DefaultDict* dict, Value factory) {
  if (!factory.is_none() && !(factory.is_object() && is_callable(heap, factory)))
    return heap.raise_text(BuiltinType::kTypeError, "first argument must be callable or None");
  decref(std::exchange(dict->factory, Ref<Value>::share(factory).release()));
  return {};
}
Result<Ref<Value>> default_init(Call& call) {
  Heap& heap = call.heap;
  if (call.count > 3)
    return heap.raise(BuiltinType::kTypeError, "dict expected at most 1 argument, got {}", call.count - 2);
  MINI_TRY(set_factory(heap, default_of(call[0]), call.count > 1 ? call[1] : kNone));
  if (call.count > 2) MINI_TRY(update(heap, dict_of(call[0]), call[2]));
  if (!call.keywords[0].is_unbound()) MINI_TRY(update(heap, dict_of(call[0]), call.keywords[0]));
  return none();
}
Result<Ref<Value>> construct_default(Call& call) {
  Ref<DefaultDict> made = MINI_TRY(call.heap.create<DefaultDict>(self_of<Type>(call)));
  made->factory = kNone;
  Ref<Value> self = std::move(made);
  std::vector<Value> arguments(call.args, call.args + call.count);
  arguments[0] = self;
  Call filling{call.heap, arguments.data(), call.count, call.keywords};
  static_cast<void>(MINI_TRY(default_init(filling)));
  return self;
}
Result<Ref<Value>> missing(Heap& heap, Value self, Value key) {
  Ref<Value> factory = Ref<Value>::share(default_of(self)->factory);
  if (factory.get().is_none()) return heap.raise_value(BuiltinType::kKeyError, key);
  Ref<Value> value = MINI_TRY(object::call(heap, factory, nullptr, 0));
  MINI_TRY(set_item(heap, self, key, value));
  return value;
}
Result<Ref<Value>> default_missing(Call& call) { return missing(call.heap, call[0], call[1]); }
Result<Ref<Value>> default_get_item(Heap& heap, Value self, Value key) {
  const Value found = MINI_TRY(get(heap, dict_of(self), key));
  if (!found.is_unbound()) return Ref<Value>::share(found);
  if (Value own = script_method(heap, self.as_object()->type, Name::k__missing__); !own.is_unbound())
    return call_special(heap, own, self, &key, 1);
  return missing(heap, self, key);
}
/// A class derived from defaultdict is called with the factory and the items (CPython 3.13 Modules/_collectionsmodule.c,
/// new_defdict).
Result<Ref<Value>> copy_default(Heap& heap, Value self) {
  Type* type = self.as_object()->type;
  if (type != heap.type(BuiltinType::kDefaultDict)) {
    const Ref<Value> factory = Ref<Value>::share(default_of(self)->factory);
    const Value arguments[] = {factory, self};
    return object::call(heap, Value(type), arguments, 2);
  }
  Ref<DefaultDict> made = MINI_TRY(heap.create<DefaultDict>(type));
  made->factory = Ref<Value>::share(default_of(self)->factory).release();
  MINI_TRY(copy_table(heap, made.get(), dict_of(self)));
  return made;
}
Result<Ref<Value>> default_copy(Call& call) { return copy_default(call.heap, call[0]); }
Result<Ref<Value>> default_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op != BinaryOp::kOr || !has_kind(left, BuiltinType::kDict) || !has_kind(right, BuiltinType::kDict))
    return unboxed(kNotImplemented);
  const Type* type = heap.type(BuiltinType::kDefaultDict);
  const bool left_is_default = is_subtype(left.as_object()->type, type);
  Ref<Value> result = MINI_TRY(copy_default(heap, left_is_default ? left : right));
  if (!left_is_default) {
    clear(heap, dict_of(result));
    MINI_TRY(update(heap, dict_of(result), left));
  }
  MINI_TRY(update(heap, dict_of(result), right));
  return result;
}
Result<Ref<Str>> default_repr(Heap& heap, Value self) {
  const std::string name = to_utf8(self.as_object()->type->name);
  Ref<Str> items = MINI_TRY(heap.type(BuiltinType::kDict)->behaviour.repr(heap, self));
  const Value made_by = default_of(self)->factory;
  ReprScope scope(heap, made_by.is_object() ? made_by.as_object() : nullptr);
  Ref<Str> factory = scope.repeated() ? MINI_TRY(make_str(heap, "...")) : MINI_TRY(repr(heap, made_by));
  return make_str(heap, fmt::format("{}({}, {})", name, to_utf8(factory.get()), to_utf8(items.get())));
}
void visit_default(Object* object, Visitor& visitor) {
  visit_table(static_cast<DefaultDict*>(object), visitor);
  visitor.reference(static_cast<DefaultDict*>(object)->factory);
}
void drop_default(Heap& heap, Object* object) {
  release_table(heap, static_cast<DefaultDict*>(object));
  decref(std::exchange(static_cast<DefaultDict*>(object)->factory, kNone));
}

constexpr NativeDefinition kMakeDefault{"defaultdict.__new__(type, *args, **kwargs)", construct_default};
constexpr NativeDefinition kDefaultMethods[] = {
    {"defaultdict.__init__(self, *args, **kwargs)", default_init},
    {"defaultdict.__missing__(self, key, /)", default_missing},
    {"defaultdict.copy(self, /)", default_copy},
    {"defaultdict.__copy__(self, /)", default_copy},
};

// OrderedDict ---------------------------------------------------------------------------------------------------------

struct OrderedDict : Dict {
  Attributes attributes;
};

/// Puts the table's entries in a new order: those that are there, without the gaps, `first` before all others.
Result<void> reorder(Heap& heap, Dict* dict, int64_t first) {
  Ref<Dict> ordered = MINI_TRY(make_dict(heap));
  auto add = [&](int64_t i) -> Result<void> {
    const DictEntry& entry = dict->entries[i];
    return insert_entry(heap, ordered.get(), entry.key, entry.hash, entry.value);
  };
  if (first >= 0) MINI_TRY(add(first));
  for (int64_t i = 0; (i = next_entry(dict, i)) >= 0; ++i)
    if (i != first) MINI_TRY(add(i));
  const uint32_t changes = dict->size_changes;
  std::swap(static_cast<Table&>(*dict), static_cast<Table&>(*ordered));
  dict->size_changes = changes + 1;
  dict->keys_version = 0;
  return {};
}
Result<Ref<Value>> move_to_end(Call& call) {
  Heap& heap = call.heap;
  Dict* dict = dict_of(call[0]);
  const bool last = MINI_TRY(flag_argument(call, call[2], true));
  const int64_t hash = MINI_TRY(key_hash(heap, call[1]));
  const int64_t number = MINI_TRY(find_entry(heap, dict, call[1], hash));
  if (number < 0) return heap.raise_value(BuiltinType::kKeyError, call[1]);
  if (!last) {
    MINI_TRY(reorder(heap, dict, number));
    return none();
  }
  if (next_entry(dict, dict->used, true) == number) return none();
  TakenEntry taken = take_entry(dict, static_cast<uint32_t>(number));
  MINI_TRY(insert_entry(heap, dict, taken.key, hash, taken.value));
  return none();
}
Result<Ref<Value>> ordered_popitem(Call& call) {
  Heap& heap = call.heap;
  Dict* dict = dict_of(call[0]);
  const bool last = MINI_TRY(flag_argument(call, call[1], true));
  if (dict->live == 0) return heap.raise_text(BuiltinType::kKeyError, "dictionary is empty");
  Ref<Tuple> pair = MINI_TRY(make_tuple(heap, 2));
  int64_t number = next_entry(dict, last ? dict->used : 0, last);
  // Taken from the front again and again, a table would be all gap: then it is worth closing it.
  if (!last && number > 16 && number > dict->live) {
    MINI_TRY(reorder(heap, dict, -1));
    number = 0;
  }
  TakenEntry taken = take_entry(dict, static_cast<uint32_t>(number));
  if (last) dict->used = static_cast<uint32_t>(number);
  pair->items()[0] = taken.key.release();
  pair->items()[1] = taken.value.release();
  return pair;
}
bool has_own_set_item(Heap& heap, Value dict) {
  return !script_method(heap, dict.as_object()->type, Name::k__setitem__).is_unbound();
}
Result<void> add_pairs(Heap& heap, Value ordered, Value pairs) {
  Ref<Value> iterator = MINI_TRY(iterate(heap, pairs));
  for (;;) {
    Ref<Value> pair = MINI_TRY(next(heap, iterator));
    if (pair.get().is_unbound()) return {};
    Ref<Value> parts = MINI_TRY(iterate(heap, pair));
    Ref<Value> key = MINI_TRY(next(heap, parts)), value;
    if (!key.get().is_unbound()) value = MINI_TRY(next(heap, parts));
    if (value.get().is_unbound())
      return heap.raise(BuiltinType::kValueError, "need more than {} value{} to unpack", key.get().is_unbound() ? 0 : 1,
                        key.get().is_unbound() ? "s" : "");
    if (!MINI_TRY(next(heap, parts)).get().is_unbound())
      return heap.raise_text(BuiltinType::kValueError, "too many values to unpack (expected 2)");
    MINI_TRY(set_item(heap, ordered, key, value));
  }
}
/// Adds the items of a mapping or of an iterable of pairs; a class with a `__setitem__` of its own is handed each (CPython
/// 3.13 Objects/odictobject.c, mutablemapping_update_arg).
Result<void> add_items(Heap& heap, Value ordered, Value source) {
  if (has_kind(source, BuiltinType::kDict) && !has_own_set_item(heap, ordered))
    return update(heap, dict_of(ordered), source);
  for (const char* method : {"keys", "items"}) {
    Ref<Str> name = MINI_TRY(heap.intern(method));
    Ref<Value> found = MINI_TRY(find_attribute(heap, source, name.get()));
    if (found.get().is_unbound()) continue;
    Ref<Value> listed = MINI_TRY(object::call(heap, found, nullptr, 0));
    if (equal(name.get(), "items")) return add_pairs(heap, ordered, listed);
    Ref<Value> keys = MINI_TRY(iterate(heap, listed));
    for (;;) {
      Ref<Value> key = MINI_TRY(next(heap, keys));
      if (key.get().is_unbound()) return {};
      Ref<Value> value = MINI_TRY(get_item(heap, source, key));
      MINI_TRY(set_item(heap, ordered, key, value));
    }
  }
  return add_pairs(heap, ordered, source);
}
Result<Ref<Value>> add_arguments(Call& call) {
  if (call.count == 2) MINI_TRY(add_items(call.heap, call[0], call.args[1]));
  if (!call.keywords[0].is_unbound()) MINI_TRY(add_items(call.heap, call[0], call.keywords[0]));
  return none();
}
Result<Ref<Value>> ordered_init(Call& call) {
  if (call.count <= 2) return add_arguments(call);
  return call.heap.raise(BuiltinType::kTypeError, "expected at most 1 arguments, got {}", call.count - 1);
}
Result<Ref<Value>> ordered_update(Call& call) {
  if (call.count <= 2) return add_arguments(call);
  return call.heap.raise(BuiltinType::kTypeError, "update() takes at most 1 positional argument ({} given)", call.count - 1);
}
Result<Ref<Value>> construct_ordered(Call& call) {
  Ref<Value> self = MINI_TRY(call.heap.create<OrderedDict>(self_of<Type>(call)));
  std::vector<Value> arguments(call.args, call.args + call.count);
  arguments[0] = self;
  Call filling{call.heap, arguments.data(), call.count, call.keywords};
  static_cast<void>(MINI_TRY(ordered_init(filling)));
  return self;
}
Result<Ref<Value>> ordered_setdefault(Call& call) {
  Heap& heap = call.heap;
  Ref<Value> value = Ref<Value>::share(call.has(2) ? call[2] : kNone);
  if (MINI_TRY(contains(heap, call[0], call[1]))) return get_item(heap, call[0], call[1]);
  MINI_TRY(set_item(heap, call[0], call[1], value));
  return value;
}
/// A class derived from it is called to make the copy.
Result<Ref<Value>> ordered_copy(Call& call) {
  Heap& heap = call.heap;
  Type* type = dict_of(call[0])->type;
  if (type != heap.type(BuiltinType::kOrderedDict)) {
    Ref<Value> made = MINI_TRY(object::call(heap, Value(type), nullptr, 0));
    if (has_kind(made, BuiltinType::kDict)) MINI_TRY(add_items(heap, made, call[0]));
    return made;
  }
  Ref<OrderedDict> made = MINI_TRY(heap.create<OrderedDict>(type));
  MINI_TRY(copy_table(heap, made.get(), dict_of(call[0])));
  return made;
}
Result<Ref<Value>> ordered_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op != BinaryOp::kOr || !has_kind(left, BuiltinType::kDict) || !has_kind(right, BuiltinType::kDict))
    return unboxed(kNotImplemented);
  const bool left_is_ordered = is_subtype(left.as_object()->type, heap.type(BuiltinType::kOrderedDict));
  Ref<Value> made =
      MINI_TRY(object::call(heap, Value((left_is_ordered ? left : right).as_object()->type), &left, 1));
  if (has_kind(made, BuiltinType::kDict)) MINI_TRY(add_items(heap, made, right));
  return made;
}
Result<Ref<Value>> ordered_in_place(Heap& heap, BinaryOp op, Value self, Value other) {
  if (op != BinaryOp::kOr) return unboxed(kNotImplemented);
  MINI_TRY(add_items(heap, self, other));
  return Ref<Value>::share(self);
}
Result<Ref<Value>> ordered_compare(Heap& heap, CompareOp op, Value left, Value right) {
  Ref<Value> same = MINI_TRY(heap.type(BuiltinType::kDict)->behaviour.compare(heap, op, left, right));
  if (same.get() != Value::boolean(op == CompareOp::kEqual)) return same;  // not equal, or not comparable
  Type* type = heap.type(BuiltinType::kOrderedDict);
  if (!is_subtype(heap.type_of(left), type) || !is_subtype(heap.type_of(right), type)) return same;
  Ref<List> a = MINI_TRY(list_from(heap, left)), b = MINI_TRY(list_from(heap, right));
  return compare(heap, op, a, b);
}
Result<Ref<Str>> ordered_repr(Heap& heap, Value self) {
  if (dict_of(self)->live == 0) return make_str(heap, to_utf8(self.as_object()->type->name) + "()");
  Ref<Str> items = MINI_TRY(heap.type(BuiltinType::kDict)->behaviour.repr(heap, self));
  if (equal(items.get(), "{...}")) return make_str(heap, "...");
  return make_str(heap, fmt::format("{}({})", to_utf8(self.as_object()->type->name), to_utf8(items.get())));
}

void visit_ordered(Object* object, Visitor& visitor) {
  visit_table(static_cast<OrderedDict*>(object), visitor);
  visit_attributes(&static_cast<OrderedDict*>(object)->attributes, visitor);
}
void drop_ordered(Heap& heap, Object* object) {
  release_table(heap, static_cast<OrderedDict*>(object));
  drop_attributes(heap, object);
}

constexpr NativeDefinition kMakeOrdered{"OrderedDict.__new__(type, *args, **kwargs)", construct_ordered};
constexpr NativeDefinition kOrderedMethods[] = {
    {"OrderedDict.__init__(self, *args, **kwargs)", ordered_init},
    {"OrderedDict.update(self, *args, **kwargs)", ordered_update},
    {"OrderedDict.setdefault(self, key, default=None)", ordered_setdefault},
    {"OrderedDict.move_to_end(self, key, last=True)", move_to_end},
    {"OrderedDict.popitem(self, last=True)", ordered_popitem},
    {"OrderedDict.copy(self, /)", ordered_copy},
};

// Counter's loop ------------------------------------------------------------------------------------------------------

Result<Ref<Value>> count_elements(Call& call) {
  Heap& heap = call.heap;
  Ref<Value> iterator = MINI_TRY(iterate(heap, call[1]));
  Ref<Str> get_method = MINI_TRY(heap.intern("get"));
  // By 3.13 Modules/_collectionsmodule.c, _count_elements().
  const bool plain = has_kind(call[0], BuiltinType::kDict) && !has_own_set_item(heap, call[0]) &&
                     lookup(call[0].as_object()->type, get_method.get()) == lookup(heap.type(BuiltinType::kDict), get_method.get());
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) return none();
    Ref<Value> before;
    if (plain) {
      const Value found = MINI_TRY(get(heap, dict_of(call[0]), item));
      before = Ref<Value>::share(found.is_unbound() ? Value::integer(0) : found);
    } else {
      const Value arguments[] = {item, Value::integer(0)};
      before = MINI_TRY(call_method(heap, call[0], get_method.get(), arguments, 2));
    }
    const Value count = before;
    Ref<Value> after = count.is_int() ? MINI_TRY(make_int(heap, count.as_int() + 1))
                                      : MINI_TRY(binary(heap, BinaryOp::kAdd, before, Value::integer(1)));
    MINI_TRY(plain ? set(heap, dict_of(call[0]), item, after) : set_item(heap, call[0], item, after));
  }
}
constexpr NativeDefinition kCollectionsFunctions[] = {{"_collections._count_elements(mapping, iterable, /)", count_elements}};

/// Makes a type one whose instances are dicts for everybody else.
Result<void> define_dict_type(Heap& heap, BuiltinType which, const TypeDefinition& definition,
                              std::initializer_list<BinaryOp> operators) {
  Type* type = heap.type(which);
  type->kind = static_cast<uint32_t>(BuiltinType::kDict);
  MINI_TRY(define_type(heap, which, definition));
  MINI_TRY(add_slot_methods(heap, type));
  return add_operator_methods(heap, type, operators, {});
}

}  // namespace

Result<void> define_special_dicts(Heap& heap) {
  MINI_TRY(define_dict_type(heap, BuiltinType::kDefaultDict,
                            {.instance_size = sizeof(DefaultDict),
                             .tracked = true,
                             .subclassable = true,
                             .behaviour = {.visit = visit_default,
                                           .drop = drop_default,
                                           .repr = default_repr,
                                           .binary = default_binary,
                                           .get_item = default_get_item},
                             .construct = &kMakeDefault,
                             .methods = kDefaultMethods},
                            {BinaryOp::kOr}));
  MINI_TRY(add_getset(
      heap, heap.type(BuiltinType::kDefaultDict), "default_factory",
      [](Heap&, Value self) -> Result<Ref<Value>> { return Ref<Value>::share(default_of(self)->factory); },
      [](Heap&, Value self, Value factory) -> Result<void> {
        decref(std::exchange(default_of(self)->factory,
                             Ref<Value>::share(factory.is_unbound() ? kNone : factory).release()));
        return {};
      }));
  MINI_TRY(define_dict_type(heap, BuiltinType::kOrderedDict,
                            {.instance_size = sizeof(OrderedDict),
                             .tracked = true,
                             .subclassable = true,
                             .behaviour = {.visit = visit_ordered,
                                           .drop = drop_ordered,
                                           .repr = ordered_repr,
                                           .compare = ordered_compare,
                                           .binary = ordered_binary,
                                           .in_place = ordered_in_place},
                             .construct = &kMakeOrdered,
                             .methods = kOrderedMethods},
                            {BinaryOp::kOr}));
  heap.type(BuiltinType::kOrderedDict)->attributes_offset = sizeof(OrderedDict) - sizeof(Attributes);  // the last field
  return {};
}

Result<void> fill_collections(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(define_deque(heap));
  MINI_TRY(define_special_dicts(heap));
  MINI_TRY(add_type(machine, module, "deque", BuiltinType::kDeque));
  MINI_TRY(add_type(machine, module, "defaultdict", BuiltinType::kDefaultDict));
  MINI_TRY(add_type(machine, module, "OrderedDict", BuiltinType::kOrderedDict));
  return add_functions(machine, module, kCollectionsFunctions);
}

}  // namespace mini::modules
