// Instruction by instruction: what handlers/*.inc will do to variables, attributes, items and containers.
#include "interp/observe/accesses.h"

#include <algorithm>

#include "interp/observe/native_effects.h"
#include "interp/vm/generators.h"
#include "interp/vm/lock.h"
#include "runtime/object/table.h"

namespace mini::observe {

using bytecode::Opcode;
using vm::CodeObject;

namespace {

/// Containers that a single instruction walks through at most, and items looked at; beyond, the answer is "anything".
constexpr size_t kMostContainers = 256, kMostItems = 100'000;

bool is_kind(Value value, BuiltinType which) { return has_kind(value, which); }

/// Values that code is reached by, and missing ones.
bool is_definition(Value value) {
  if (value.is_unbound()) return true;
  if (!value.is_object()) return false;
  switch (static_cast<BuiltinType>(value.as_object()->type->kind)) {
    case BuiltinType::kFunction:
    case BuiltinType::kTypeType:
    case BuiltinType::kModule:
    case BuiltinType::kNativeFunction:
    case BuiltinType::kMethodDescriptor:
    case BuiltinType::kGetSetDescriptor:
    case BuiltinType::kMemberDescriptor:
    case BuiltinType::kStaticMethod:
    case BuiltinType::kClassMethod:
    case BuiltinType::kProperty:
      return true;
    default:
      return false;
  }
}

/// Keys by which one item can be told from another without running script code.
bool is_plain_key(Value key) {
  if (key.is_int()) return key.as_int() > -Value::kMaxInt && key.as_int() < Value::kMaxInt;
  return key.is_bool() || (is_kind(key, BuiltinType::kStr) && !(key.as_object()->type->type_flags & Type::kUserClass));
}

enum class Shape : uint8_t { kPlain, kList, kTable, kDeque, kIterator, kGenerator, kHolder };

/// How a value holds others, for whoever walks through it.
Shape shape_of(Value value) {
  if (!value.is_object()) return Shape::kPlain;
  const auto kind = static_cast<BuiltinType>(value.as_object()->type->kind);
  switch (kind) {
    case BuiltinType::kList:
      return Shape::kList;
    case BuiltinType::kDict:
    case BuiltinType::kDefaultDict:
    case BuiltinType::kOrderedDict:
    case BuiltinType::kSet:
      return Shape::kTable;
    case BuiltinType::kDeque:
      return Shape::kDeque;
    case BuiltinType::kStrIterator:
    case BuiltinType::kWideStrIterator:
    case BuiltinType::kBytesIterator:
    case BuiltinType::kTupleIterator:
    case BuiltinType::kListIterator:
    case BuiltinType::kListReverseIterator:
    case BuiltinType::kDictKeyIterator:  // of values and items as well
    case BuiltinType::kSetIterator:
    case BuiltinType::kRangeIterator:
    case BuiltinType::kWideRangeIterator:
    case BuiltinType::kSequenceIterator:
    case BuiltinType::kCallableIterator:
    case BuiltinType::kEnumerate:
    case BuiltinType::kZip:
    case BuiltinType::kMap:
    case BuiltinType::kFilter:
    case BuiltinType::kReversed:
    case BuiltinType::kDequeIterator:
    case BuiltinType::kDequeReverseIterator:
      return Shape::kIterator;
    case BuiltinType::kGenerator:
      return Shape::kGenerator;
    case BuiltinType::kTuple:
    case BuiltinType::kFrozenSet:
    case BuiltinType::kDictKeys:
    case BuiltinType::kDictValues:
    case BuiltinType::kDictItems:
    case BuiltinType::kSlice:
      return Shape::kHolder;
    default:
      // Those of itertools.
      if (kind >= BuiltinType::kAccumulate && kind <= BuiltinType::kZipLongest) return Shape::kIterator;
      return Shape::kPlain;
  }
}
/// Containers that can change.
bool is_container(Value value) {
  const Shape shape = shape_of(value);
  return shape == Shape::kList || shape == Shape::kTable || shape == Shape::kDeque;
}

struct References final : Visitor {
  References() : Visitor(true) {}
  std::vector<Value> list;
  using Visitor::reference;
  void reference(Value value) override {
    if (value.is_object()) list.push_back(value);
  }
};

/// Instructions without accesses that raise all the same.
bool may_raise(Opcode opcode) {
  return bytecode::info(opcode).touches != bytecode::Touches::Private || opcode == Opcode::LOAD_FAST ||
         opcode == Opcode::DELETE_FAST || opcode == Opcode::RERAISE;
}

/// Whether an exception that is raised here leaves the frame.
bool is_unguarded(Frame& frame) {
  const vm::Block* blocks = frame.blocks();
  return std::none_of(blocks, blocks + frame.block_count,
                      [](const vm::Block& block) { return block.kind == vm::Block::kFinally; });
}

/// Nobody but the instruction that runs a generator can reach it: it lies on the value stack below `for` and
/// `yield from`, or was made in the very argument of a native that goes through it, as in `sum(x for x in numbers)`.
bool is_callers_own(const Frame& frame, const vm::Generator* generator) {
  if (frame.completion == vm::Completion::kResume || frame.completion == vm::Completion::kDelegate)
    return generator->count == 2;  // it holds itself while it runs
  vm::Frame* caller = frame.back;
  if (frame.completion != vm::Completion::kLeaveLoop || !caller || caller->is_native) return false;
  const auto& units = caller->code->code->units;
  const uint32_t index = caller->index();
  if (index < 2 || units[index - 1].opcode != Opcode::CALL_FUNCTION || units[index - 2].opcode != Opcode::GET_ITER)
    return false;
  return units[index].opcode == Opcode::CALL_FUNCTION || units[index].opcode == Opcode::CALL_METHOD;
}

const Table* table_of(Value container) {
  if (is_kind(container, BuiltinType::kSet)) return static_cast<Set*>(container.as_object());
  return static_cast<Dict*>(container.as_object());
}

}  // namespace

std::string_view name(LocationKind kind) {
  constexpr std::string_view kNames[] = {"global", "class name", "attribute", "item", "container",
                                         "cell",   "lock",       "thread",    "file", "anything"};
  return kNames[static_cast<size_t>(kind)];
}

/// The arguments of a native as they will be bound: self first, then positional ones, then keywords with their names.
struct Accesses::Arguments {
  Value self = kUnbound;
  const Value* values = nullptr;
  uint32_t count = 0;                 ///< with keywords
  Tuple* keyword_names = nullptr;
  int16_t first_depth = -1;           ///< of values[0] in the value stack; -1: not there

  uint32_t bound() const { return self.is_unbound() ? 0 : 1; }
  uint32_t total() const { return count + bound(); }
  Value operator[](uint32_t i) const {
    if (i < bound()) return self;
    i -= bound();
    return i < count ? values[i] : kUnbound;
  }
  int16_t depth(uint32_t i) const {
    if (i < bound() || first_depth < 0) return -1;
    return static_cast<int16_t>(first_depth - static_cast<int16_t>(i - bound()));
  }
  Value keyword(std::string_view wanted) const {
    if (!keyword_names) return kUnbound;
    for (uint32_t i = 0; i < keyword_names->length; ++i)
      if (equal(static_cast<const Str*>(keyword_names->items()[i].as_object()), wanted))
        return values[count - keyword_names->length + i];
    return kUnbound;
  }
};

Access& Accesses::add(LocationKind kind, AccessMode mode, const void* object, Value owner) {
  Access& access = found_.emplace_back();
  access.kind = kind;
  access.mode = mode;
  access.object = object;
  access.owner = owner;
  return access;
}

void Accesses::entry(LocationKind kind, AccessMode mode, Dict* names, Str* name, Value new_value) {
  Access& access = add(kind, mode, names, Value(names));
  access.label = Value(name);
  access.key = static_cast<uint64_t>(plain_hash(access.label));
  access.old_value = get_name(names, name);
  if (access.writes()) {
    access.new_value = new_value;
    access.new_known = true;
  }
  access.definition = is_definition(access.writes() && access.old_value.is_unbound() ? new_value : access.old_value);
}

void Accesses::variable(Frame& frame, Str* name, bool with_names) {
  if (with_names && frame.names && frame.names != frame.globals) {
    entry(LocationKind::kClassName, AccessMode::kRead, frame.names, name, kUnbound);
    if (!found_.back().old_value.is_unbound()) return;
  }
  for (Dict* names : {frame.globals, frame.builtins}) {
    entry(LocationKind::kGlobal, AccessMode::kRead, names, name, kUnbound);
    if (!found_.back().old_value.is_unbound()) return;
  }
}

void Accesses::described(AccessMode mode, Value descriptor, Value object, Value new_value, int16_t depth) {
  if (is_kind(descriptor, BuiltinType::kMemberDescriptor))
    attribute(mode, object, static_cast<MemberDescriptor*>(descriptor.as_object())->name, new_value, depth);
  if (is_kind(descriptor, BuiltinType::kGetSetDescriptor))
    attribute(mode, object, static_cast<GetSetDescriptor*>(descriptor.as_object())->name, new_value, depth);
}

void Accesses::attribute(AccessMode mode, Value object, Str* name, Value new_value, int16_t depth) {
  if (!object.is_object()) return;
  auto describe = [&](LocationKind kind, Object* holder, Value old_value) -> Access& {
    Access& access = add(kind, mode, holder, Value(holder));
    access.label = Value(name);
    access.key = static_cast<uint64_t>(plain_hash(access.label));
    access.old_value = old_value;
    access.new_value = new_value;
    access.new_known = access.writes();
    access.depth = depth;
    access.definition = is_definition(access.writes() && old_value.is_unbound() ? new_value : old_value);
    return access;
  };
  Object* holder = object.as_object();
  if (is_kind(object, BuiltinType::kGenerator)) {
    if (to_utf8(name).starts_with("gi_")) whole(mode, object, depth);
    return;
  }
  if (is_kind(object, BuiltinType::kModule)) {
    Dict* names = static_cast<Module*>(holder)->dict;
    describe(LocationKind::kGlobal, names, get_name(names, name));
    return;
  }
  Type* type = holder->type;
  if (is_kind(object, BuiltinType::kTypeType)) {
    type = static_cast<Type*>(holder);
    if (mode != AccessMode::kRead) {
      describe(LocationKind::kAttribute, type, get_name(type->attributes, name));
      return;
    }
  } else if (is_kind(object, BuiltinType::kThreadLocal) && !is_kind(lookup(type, name), BuiltinType::kMemberDescriptor)) {
    // What each thread has for itself. A thread that comes here for the first time has nothing so far.
    const Result<Dict*> looked = type->behaviour.own_names(heap_, holder, OwnNames::kToLook);
    Dict* names = looked.ok() ? *looked : nullptr;
    if (names && name == heap_.name(Name::k__dict__)) return whole(AccessMode::kReadWrite, Value(names), -1);
    const Value own = names ? get_name(names, name) : kUnbound;
    if (names && (!own.is_unbound() || mode != AccessMode::kRead)) {
      describe(LocationKind::kAttribute, names, own);
      return;
    }
  } else if (is_kind(object, BuiltinType::kFunction)) {
    Dict* attributes = static_cast<vm::Function*>(holder)->attributes;
    describe(LocationKind::kAttribute, holder, attributes ? get_name(attributes, name) : kUnbound);
    return;
  } else if (Attributes* attributes = attributes_of(holder)) {
    // A property or another data descriptor of the class goes first; it runs as a frame of its own.
    Value on_class = lookup(type, name);
    if (!is_kind(on_class, BuiltinType::kProperty) && !is_kind(on_class, BuiltinType::kGetSetDescriptor)) {
      const Value own = get_instance_attribute(holder, name);
      if ((!own.is_unbound() || mode != AccessMode::kRead) && leaves_out(object, depth)) return;
      const bool in_dict = !attributes->shape && attributes->dict;  // neither: a dict's subclass, say, without any so far
      Object* place = in_dict ? static_cast<Object*>(attributes->dict) : holder;
      describe(LocationKind::kAttribute, place, own).owner = object;
      if (!own.is_unbound() || mode != AccessMode::kRead) return;
    } else if (name == heap_.name(Name::k__dict__)) {
      // Whoever has the dict can change everything; from now on the attributes live in it.
      whole(AccessMode::kReadWrite, object, depth);
      return;
    } else if (is_kind(on_class, BuiltinType::kGetSetDescriptor)) {
      if (leaves_out(object, depth)) return;
      Access& computed = describe(LocationKind::kAttribute, holder, kUnbound);
      computed.exact = computed.new_known = false;
      if (mode == AccessMode::kRead) return;
      computed.mode = AccessMode::kReadWrite;  // the setter may look at what there was
      if (name != heap_.name(Name::k__class__)) return;
      whole(AccessMode::kReadWrite, object, depth);  // what any attribute is depends on the class
      if (!attributes->shape && attributes->dict) whole(AccessMode::kReadWrite, Value(attributes->dict), -1);
      return;
    }
  }
  if (mode != AccessMode::kRead) return;
  // On the class or a base: only those that scripts made can change.
  for (uint64_t i = 0; i < type->method_resolution_order->length; ++i) {
    auto* base = static_cast<Type*>(type->method_resolution_order->items()[i].as_object());
    if (!(base->type_flags & Type::kUserClass)) continue;
    const Value value = get_name(base->attributes, name);
    describe(LocationKind::kAttribute, base, value);
    if (!value.is_unbound()) return;
  }
}

/// Nobody but the value stack, where it lies at `depth`, holds the object: no other thread can see it.
bool Accesses::leaves_out(Value value, int16_t depth) {
  if (depth < 0 || !value.is_object() || value.as_object()->count != 1) return false;
  left_out_.push_back(value.as_object());
  return true;
}

void Accesses::whole(AccessMode mode, Value container, int16_t depth) {
  if (!container.is_object() || leaves_out(container, depth)) return;
  Access& access = add(LocationKind::kContainer, mode, container.as_object(), container);
  access.whole = true;
  access.depth = depth;
}

void Accesses::item(AccessMode mode, Value container, Value key, Value new_value, int16_t depth) {
  const Shape shape = shape_of(container);
  if (is_kind(container, BuiltinType::kMappingProxy)) deep(container, depth);
  if (shape == Shape::kDeque) return whole(mode, container, depth);
  if (shape != Shape::kList && shape != Shape::kTable) return deep(key, -1);
  if (leaves_out(container, depth)) return;
  if (!is_plain_key(key)) {
    whole(mode == AccessMode::kWrite ? AccessMode::kReadWrite : mode, container, depth);
    return;
  }
  Value old_value = kUnbound;
  uint64_t place;
  if (shape == Shape::kList) {
    if (!key.is_int() && !key.is_bool()) return;  // a TypeError
    auto* list = static_cast<List*>(container.as_object());
    int64_t index = plain_hash(key) == -2 ? (key.as_int() == -2 ? -2 : -1) : plain_hash(key);
    if (index < 0) index += static_cast<int64_t>(list->length);
    if (index < 0 || index >= static_cast<int64_t>(list->length)) return whole(AccessMode::kRead, container, depth);
    // Deleting moves all that follow; and an index from the end depends on the length.
    if (mode != AccessMode::kRead && new_value.is_unbound()) return whole(AccessMode::kReadWrite, container, depth);
    place = static_cast<uint64_t>(index);
    key = Value::integer(index);
    old_value = list->items[index];
  } else {
    const int64_t hash = plain_hash(key);
    const Table* table = table_of(container);
    const int64_t number = peek_entry(table, key, hash);
    if (number >= 0) old_value = table->entries[number].value;
    else if (is_kind(container, BuiltinType::kDefaultDict)) mode = AccessMode::kReadWrite;  // what it makes up is entered
    place = static_cast<uint64_t>(hash);
  }
  Access& access = add(LocationKind::kItem, mode, container.as_object(), container);
  access.label = key;
  access.key = place;
  access.depth = depth;
  access.old_value = old_value;
  access.new_value = new_value;
  access.new_known = mode == AccessMode::kWrite;
}

/// Reads a value through and through, as repr, comparison and hashing do.
void Accesses::deep(Value value, int16_t depth) {
  if (is_kind(value, BuiltinType::kMappingProxy)) {  // attributes of a class, as a rule, which have places of their own
    add(LocationKind::kAnything, AccessMode::kRead, nullptr, kUnbound).exact = false;
    return;
  }
  if (shape_of(value) == Shape::kPlain) return;
  std::vector<Value> waiting{value};
  seen_.clear();
  size_t items = 0;
  while (!waiting.empty()) {
    const Value next = waiting.back();
    waiting.pop_back();
    const Shape shape = shape_of(next);
    if (shape == Shape::kPlain || std::find(seen_.begin(), seen_.end(), next.as_object()) != seen_.end()) continue;
    if (seen_.size() == kMostContainers || items > kMostItems) {
      add(LocationKind::kAnything, AccessMode::kRead, nullptr, kUnbound).exact = false;
      return;
    }
    seen_.push_back(next.as_object());
    if (shape == Shape::kGenerator) {  // its frame shows what it does
      const size_t before = found_.size();
      whole(AccessMode::kReadWrite, next, next == value ? depth : -1);
      if (found_.size() > before) found_.back().exact = false;
      continue;
    }
    if (shape == Shape::kIterator) whole(AccessMode::kReadWrite, next, next == value ? depth : -1);
    if (is_container(next)) whole(AccessMode::kRead, next, next == value ? depth : -1);
    auto look = [&](Value part) {
      ++items;
      if (shape_of(part) != Shape::kPlain) waiting.push_back(part);
    };
    if (shape == Shape::kList) {
      auto* list = static_cast<List*>(next.as_object());
      for (uint64_t i = 0; i < list->length && items <= kMostItems; ++i) look(list->items[i]);
    } else if (shape == Shape::kTable) {
      const Table* table = table_of(next);
      for (uint32_t i = 0; i < table->used && items <= kMostItems; ++i) {
        look(table->entries[i].key);
        look(table->entries[i].value);
      }
    } else {
      References references;
      next.as_object()->type->behaviour.visit(next.as_object(), references);
      for (Value part : references.list) look(part);
    }
  }
}

/// Takes the next item of an iterator.
void Accesses::advance(Value iterator, int16_t depth) {
  if (!iterator.is_object()) return;
  Object* object = iterator.as_object();
  switch (static_cast<BuiltinType>(object->type->kind)) {
    case BuiltinType::kGenerator:
    case BuiltinType::kRangeIterator:
    case BuiltinType::kWideRangeIterator:
    case BuiltinType::kStrIterator:
    case BuiltinType::kWideStrIterator:
    case BuiltinType::kBytesIterator:
    case BuiltinType::kTupleIterator:
      whole(AccessMode::kReadWrite, iterator, depth);
      return;
    case BuiltinType::kListIterator: {
      whole(AccessMode::kReadWrite, iterator, depth);
      auto* cursor = static_cast<SequenceIterator*>(object);
      if (!is_kind(cursor->container, BuiltinType::kList)) return;
      item(AccessMode::kRead, cursor->container, Value::integer(cursor->index), kUnbound, -1);
      return;
    }
    case BuiltinType::kDictKeyIterator:  // of values and items as well
    case BuiltinType::kSetIterator: {
      whole(AccessMode::kReadWrite, iterator, depth);
      References references;
      object->type->behaviour.visit(object, references);
      for (Value part : references.list)
        if (shape_of(part) == Shape::kTable) whole(AccessMode::kRead, part, -1);
      return;
    }
    default:
      if (shape_of(iterator) == Shape::kIterator) deep(iterator, depth);
  }
}

void Accesses::operands(const Value* values, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) deep(values[i], static_cast<int16_t>(count - 1 - i));
}

void Accesses::call(ThreadState& thread, Value callee, const Value* arguments, uint32_t count, Tuple* keyword_names,
                    int16_t top_depth) {
  if (!callee.is_object()) return;
  Arguments given;
  given.values = arguments;
  given.count = count;
  given.keyword_names = keyword_names;
  given.first_depth = top_depth < 0 ? -1 : static_cast<int16_t>(top_depth + static_cast<int16_t>(count) - 1);
  if (is_kind(callee, BuiltinType::kBoundMethod)) {
    auto* method = static_cast<BoundMethod*>(callee.as_object());
    given.self = method->self;
    callee = method->function;
    if (!callee.is_object()) return;
  }
  if (is_kind(callee, BuiltinType::kNativeFunction)) {
    auto* function = static_cast<NativeObject*>(callee.as_object());
    if (!function->self.is_unbound()) given.self = function->self;
    native(thread, *function->definition, given);
  } else if (is_kind(callee, BuiltinType::kMethodDescriptor)) {
    native(thread, *static_cast<MethodDescriptor*>(callee.as_object())->definition, given);
  } else if (is_kind(callee, BuiltinType::kTypeType)) {
    auto* type = static_cast<Type*>(callee.as_object());
    const bool made_by_script = !script_method(heap_, type, Name::k__init__).is_unbound();
    if (!type->construct || (type->type_flags & Type::kUserClass && made_by_script)) return;
    given.self = callee;
    native(thread, *type->construct, given);
  }
}

void Accesses::native(ThreadState& thread, const NativeDefinition& definition, const Arguments& given) {
  auto [place, fresh] = effects_.try_emplace(&definition, 0);
  if (fresh) place->second = static_cast<uint8_t>(effect_of(definition));
  const Value first = given[0];
  auto interned = [](Value value) -> Str* {
    return is_kind(value, BuiltinType::kStr) && static_cast<Str*>(value.as_object())->interned
               ? static_cast<Str*>(value.as_object())
               : nullptr;
  };
  auto anything = [&] { add(LocationKind::kAnything, AccessMode::kReadWrite, nullptr, kUnbound).exact = false; };
  auto by_name = [&](AccessMode mode, Value new_value) {
    if (Str* attribute_name = interned(given[1])) attribute(mode, first, attribute_name, new_value, given.depth(0));
    else if (is_kind(given[1], BuiltinType::kStr)) anything();  // the name is made at run time
  };
  auto rest = [&](uint32_t from) {
    for (uint32_t i = from; i < given.total(); ++i) deep(given[i], given.depth(i));
  };
  auto on_lock = [&](AccessMode mode) {
    if (!first.is_object()) return;
    Access& access = add(LocationKind::kLock, mode, first.as_object(), first);
    access.whole = true;
    access.depth = given.depth(0);
  };
  auto on_thread = [&](AccessMode mode, Value handle, bool asks = false) {
    const uint32_t serial = is_kind(handle, BuiltinType::kThreadHandle) &&
                                    static_cast<vm::ThreadHandle*>(handle.as_object())->stage != vm::ThreadHandle::kNew
                                ? static_cast<vm::ThreadHandle*>(handle.as_object())->serial
                                : machine_.state().threads.started;
    const Location location = thread_location(machine_, serial);
    Access& access = add(LocationKind::kThread, mode, location.object, handle);
    access.key = location.key;
    access.label = Value::integer(serial);
    access.asks = asks;
  };
  auto on_file = [&](Value file) {
    if (!file.is_object() || file.as_object()->type->type_flags & Type::kUserClass) return;  // its write() is script code
    Access& access = add(LocationKind::kFile, AccessMode::kReadWrite, file.as_object(), file);
    access.whole = true;
  };
  switch (static_cast<Effect>(place->second)) {
    case Effect::kNothing:
      return;
    case Effect::kAsksMachine:
      asks_machine_ = true;
      return;
    case Effect::kReadSelf:
      if (is_container(first)) whole(AccessMode::kRead, first, given.depth(0));
      else deep(first, given.depth(0));
      return;
    case Effect::kWriteSelf:
      return whole(AccessMode::kReadWrite, first, given.depth(0));
    case Effect::kWriteSelfFrom:
      whole(AccessMode::kReadWrite, first, given.depth(0));
      return rest(1);
    case Effect::kReadEntry:
      if (is_kind(first, BuiltinType::kList)) return deep(first, given.depth(0));
      return item(AccessMode::kRead, first, given[1], kUnbound, given.depth(0));
    case Effect::kWriteEntry:
      return item(AccessMode::kReadWrite, first, given[1], kUnbound, given.depth(0));
    case Effect::kStoreEntry:
      return item(AccessMode::kWrite, first, given[1], given[2], given.depth(0));
    case Effect::kReadArguments:
      return rest(0);
    case Effect::kAdvance:
      return advance(first, given.depth(0));
    case Effect::kReadAttribute:
      return by_name(AccessMode::kRead, kUnbound);
    case Effect::kWriteAttribute:
      return by_name(AccessMode::kWrite, given[2]);
    case Effect::kDeleteAttribute:
      return by_name(AccessMode::kWrite, kUnbound);
    case Effect::kReadDescribed:
      return described(AccessMode::kRead, first, given[1], kUnbound, given.depth(1));
    case Effect::kWriteDescribed:
      return described(AccessMode::kWrite, first, given[1], given[2], given.depth(1));
    case Effect::kNamespace:
      return attribute(AccessMode::kRead, first, heap_.name(Name::k__dict__), kUnbound, given.depth(0));
    case Effect::kLock:
      return on_lock(AccessMode::kReadWrite);
    case Effect::kReadLock:
      return on_lock(AccessMode::kRead);
    case Effect::kStart:
      return on_thread(AccessMode::kReadWrite, given[1]);
    case Effect::kJoin:
      return on_thread(AccessMode::kRead, first, !given[1].is_unbound() && !given[1].is_none());
    case Effect::kAskThread:
      return on_thread(AccessMode::kRead, first, true);
    case Effect::kWriteThread:
      return on_thread(AccessMode::kReadWrite, first);
    case Effect::kThreads: {
      Access& access = add(LocationKind::kThread, AccessMode::kRead, &machine_.state().threads, kUnbound);
      access.whole = access.asks = true;
      return;
    }
    case Effect::kSerial:
      if (!first.is_object() || first.as_object()->serial != 0) return;
      [[fallthrough]];
    case Effect::kNewSerial:
      add(LocationKind::kAttribute, AccessMode::kReadWrite, &heap_, kUnbound).whole = true;
      return;
    case Effect::kCall: {
      const uint32_t skipped = given.bound() ? 0 : 1;
      if (given.count < skipped) return;
      return call(thread, first, given.values + skipped, given.count - skipped, given.keyword_names, -1);
    }
    case Effect::kPrint: {
      const uint32_t keywords = given.keyword_names ? static_cast<uint32_t>(given.keyword_names->length) : 0;
      for (uint32_t i = 0; i + keywords < given.total(); ++i) deep(given[i], given.depth(i));
      const Value file = given.keyword("file");
      return on_file(file.is_unbound() || file.is_none() ? get_name(machine_.state().sys, heap_.name(Name::kstdout)) : file);
    }
    case Effect::kInput:
      on_file(get_name(machine_.state().sys, heap_.name(Name::kstdin)));
      return on_file(get_name(machine_.state().sys, heap_.name(Name::kstdout)));
    case Effect::kWriteFile:
      on_file(first);
      return rest(1);
    case Effect::kUnknown:
      return anything();
  }
}

bool may_leave(Frame& frame, Opcode opcode) {
  return opcode == Opcode::RETURN_VALUE || (may_raise(opcode) && is_unguarded(frame));
}

bool may_end(ThreadState& thread, Opcode opcode) {
  if (!may_leave(*thread.frame, opcode)) return false;
  if (opcode == Opcode::RETURN_VALUE) return !thread.frame->back;
  for (Frame* frame = thread.frame->back; frame; frame = frame->back)
    if (!is_unguarded(*frame)) return false;
  return true;
}

/// What hands over a generator's value or ends it lets others resume it.
void Accesses::leave_generator(Frame& frame, Opcode opcode) {
  const bool hands_over = opcode == Opcode::YIELD_VALUE || opcode == Opcode::RETURN_VALUE;
  if (!hands_over && !(with_exceptions_ && may_leave(frame, opcode))) return;
  vm::Generator* generator = vm::generator_of(&frame);
  if (is_callers_own(frame, generator)) return;
  whole(AccessMode::kReadWrite, Value(generator), -1);
  found_.back().exact = hands_over;
}

std::span<const Access> Accesses::of_native(ThreadState& thread, Frame& frame) {
  found_.clear();
  left_out_.clear();
  asks_machine_ = false;
  Value callee = frame.locals[-1];
  const Value kept = frame.locals[0];
  if (!is_kind(kept, BuiltinType::kTuple)) return found_;
  auto* arguments = static_cast<Tuple*>(kept.as_object());
  // keep_arguments() has bound self already.
  Arguments given;
  given.values = arguments->items();
  given.count = static_cast<uint32_t>(arguments->length);
  if (is_kind(callee, BuiltinType::kNativeFunction))
    native(thread, *static_cast<NativeObject*>(callee.as_object())->definition, given);
  else if (is_kind(callee, BuiltinType::kMethodDescriptor))
    native(thread, *static_cast<MethodDescriptor*>(callee.as_object())->definition, given);
  return found_;
}

std::span<const Access> Accesses::of(ThreadState& thread, Frame& frame, uint32_t index) {
  found_.clear();
  left_out_.clear();
  asks_machine_ = false;
  const bytecode::Code& visible = *frame.code->code;
  const Opcode opcode = visible.units[index].opcode;
  if (frame.is_generator) leave_generator(frame, opcode);
  if (bytecode::info(opcode).touches == bytecode::Touches::Private) return found_;
  const uint32_t n = vm::visible_at(frame.code, index).argument;
  Value* top = frame.stack_top;
  auto names = [&] { return frame.code->names[n]; };
  auto cell = [&](AccessMode mode, Value new_value) {
    const uint32_t slot = frame.code->local_count + n;
    auto* object = static_cast<Cell*>(frame.locals[slot].as_object());
    Access& access = add(LocationKind::kCell, mode, object, Value(object));
    access.label = Value(frame.code->variables[slot]);
    access.old_value = object->content;
    access.new_value = new_value;
    access.new_known = access.writes();
    access.definition = is_definition(access.writes() && object->content.is_unbound() ? new_value : object->content);
  };
  switch (opcode) {
    case Opcode::LOAD_GLOBAL:
      variable(frame, names(), false);
      break;
    case Opcode::LOAD_NAME:
      variable(frame, names(), true);
      break;
    case Opcode::STORE_GLOBAL:
      entry(LocationKind::kGlobal, AccessMode::kWrite, frame.globals, names(), top[-1]);
      break;
    case Opcode::DELETE_GLOBAL:
      entry(LocationKind::kGlobal, AccessMode::kWrite, frame.globals, names(), kUnbound);
      break;
    case Opcode::STORE_NAME:
    case Opcode::DELETE_NAME:
      entry(frame.names == frame.globals ? LocationKind::kGlobal : LocationKind::kClassName, AccessMode::kWrite,
            frame.names, names(), opcode == Opcode::STORE_NAME ? top[-1] : kUnbound);
      break;
    case Opcode::SETUP_ANNOTATIONS:
      entry(frame.names == frame.globals ? LocationKind::kGlobal : LocationKind::kClassName, AccessMode::kReadWrite,
            frame.names, heap_.name(Name::k__annotations__), kUnbound);
      found_.back().new_known = false;
      break;
    case Opcode::LOAD_CLASSDEREF:
      if (frame.names) {
        entry(LocationKind::kClassName, AccessMode::kRead, frame.names,
              frame.code->variables[frame.code->local_count + n], kUnbound);
        if (!found_.back().old_value.is_unbound()) break;
      }
      [[fallthrough]];
    case Opcode::LOAD_DEREF:
      cell(AccessMode::kRead, kUnbound);
      break;
    case Opcode::STORE_DEREF:
      cell(AccessMode::kWrite, top[-1]);
      break;
    case Opcode::DELETE_DEREF:
      cell(AccessMode::kWrite, kUnbound);
      break;
    case Opcode::LOAD_ATTR:
    case Opcode::LOAD_METHOD:
    case Opcode::IMPORT_FROM:
      attribute(AccessMode::kRead, top[-1], names(), kUnbound, 0);
      break;
    case Opcode::STORE_ATTR:
      attribute(AccessMode::kWrite, top[-1], names(), top[-2], 0);
      break;
    case Opcode::DELETE_ATTR:
      attribute(AccessMode::kWrite, top[-1], names(), kUnbound, 0);
      break;
    case Opcode::BINARY_SUBSCR:
      item(AccessMode::kRead, top[-2], top[-1], kUnbound, 1);
      break;
    case Opcode::STORE_SUBSCR:
      item(AccessMode::kWrite, top[-2], top[-1], top[-3], 1);
      break;
    case Opcode::DELETE_SUBSCR:
      item(AccessMode::kReadWrite, top[-2], top[-1], kUnbound, 1);
      break;
    case Opcode::CONTAINS_OP:
      if (shape_of(top[-1]) == Shape::kTable) item(AccessMode::kRead, top[-1], top[-2], kUnbound, 0);
      else operands(top - 2, 2);
      break;
    case Opcode::UNARY_NOT:
    case Opcode::POP_JUMP_IF_FALSE:
    case Opcode::POP_JUMP_IF_TRUE:
    case Opcode::JUMP_IF_FALSE_OR_POP:
    case Opcode::JUMP_IF_TRUE_OR_POP:
      if (is_container(top[-1])) whole(AccessMode::kRead, top[-1], 0);
      break;
    case Opcode::UNARY_POSITIVE:
    case Opcode::UNARY_NEGATIVE:
    case Opcode::UNARY_INVERT:
    case Opcode::JUMP_IF_NOT_EXC_MATCH:
    case Opcode::SET_ADD:
    case Opcode::MAP_ADD:
    case Opcode::BUILD_SET:
    case Opcode::BUILD_MAP:
    case Opcode::BUILD_CONST_KEY_MAP:
    case Opcode::LOAD_BUILD_CLASS:
    case Opcode::RAISE_VARARGS:
      break;  // numbers, keys and what was made just now
    case Opcode::FORMAT_VALUE:
      deep(top[n & bytecode::kSpecification ? -2 : -1], n & bytecode::kSpecification ? 1 : 0);
      break;
    case Opcode::LIST_EXTEND:
    case Opcode::SET_UPDATE:
    case Opcode::DICT_UPDATE:
    case Opcode::DICT_MERGE:
    case Opcode::UNPACK_SEQUENCE:
    case Opcode::UNPACK_EX:
      if (shape_of(top[-1]) == Shape::kIterator) advance(top[-1], 0);
      else if (shape_of(top[-1]) != Shape::kHolder) deep(top[-1], 0);
      break;
    case Opcode::GET_ITER:
    case Opcode::GET_YIELD_FROM_ITER:
      if (shape_of(top[-1]) == Shape::kTable) whole(AccessMode::kRead, top[-1], 0);
      break;
    case Opcode::FOR_ITER:
      advance(top[-1], 0);
      break;
    case Opcode::YIELD_FROM:
      advance(top[-2], 1);
      break;
    case Opcode::CALL_FUNCTION:
      call(thread, top[-1 - static_cast<int64_t>(n)], top - n, n, nullptr, 0);
      break;
    case Opcode::CALL_FUNCTION_KW:
      call(thread, top[-2 - static_cast<int64_t>(n)], top - 1 - n, n,
           static_cast<Tuple*>(top[-1].as_object()), 1);
      break;
    case Opcode::CALL_METHOD: {
      const Value* bottom = top - n - 2;
      if (bottom->is_unbound()) call(thread, bottom[1], bottom + 2, n, nullptr, 0);
      else call(thread, bottom[0], bottom + 1, n + 1, nullptr, 0);
      break;
    }
    case Opcode::CALL_FUNCTION_EX: {
      const Value* base = top - 2 - (n & 1);
      if (is_kind(base[1], BuiltinType::kTuple)) {
        auto* arguments = static_cast<Tuple*>(base[1].as_object());
        call(thread, base[0], arguments->items(), static_cast<uint32_t>(arguments->length), nullptr, -1);
      } else {
        deep(base[1], static_cast<int16_t>(n & 1));
      }
      if (n & 1) deep(base[2], 0);
      break;
    }
    case Opcode::SETUP_WITH:
    case Opcode::WITH_EXCEPT_START: {
      const bool enters = opcode == Opcode::SETUP_WITH;
      const Value manager = enters ? top[-1] : top[-7];
      if (!enters) {
        call(thread, manager, top - 3, 3, nullptr, -1);
      } else if (manager.is_object()) {
        const Value method = lookup(manager.as_object()->type, heap_.name(Name::k__enter__));
        if (is_kind(method, BuiltinType::kMethodDescriptor)) call(thread, method, top - 1, 1, nullptr, 0);
      }
      break;
    }
    case Opcode::IMPORT_NAME: {
      Access& access = add(LocationKind::kItem, AccessMode::kReadWrite, machine_.state().modules, Value(machine_.state().modules));
      access.whole = true;
      access.definition = true;
      break;
    }
    case Opcode::IMPORT_STAR:
      if (is_kind(top[-1], BuiltinType::kModule)) {
        auto* source = static_cast<Module*>(top[-1].as_object())->dict;
        add(LocationKind::kContainer, AccessMode::kRead, source, Value(source)).whole = true;
        add(LocationKind::kContainer, AccessMode::kReadWrite, frame.names, Value(frame.names)).whole = true;
      }
      break;
    case Opcode::PRINT_EXPR: {
      deep(top[-1], 0);
      const Value file = get_name(machine_.state().sys, heap_.name(Name::kstdout));
      if (file.is_object()) add(LocationKind::kFile, AccessMode::kReadWrite, file.as_object(), file).whole = true;
      break;
    }
    default:
      // Binary operators and comparison; in place, a list, set or dict on the left changes.
      if (bytecode::name(opcode).starts_with("INPLACE") &&
          is_container(top[-2])) {
        whole(AccessMode::kReadWrite, top[-2], 1);
        deep(top[-1], 0);
      } else {
        operands(top - 2, 2);
      }
      break;
  }
  return found_;
}

}  // namespace mini::observe
