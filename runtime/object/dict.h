// Dicts and sets: insertion-ordered compact hash tables; and shapes, the shared layouts of instances.
#pragma once

#include "runtime/object/heap.h"

namespace mini::object {

struct DictEntry {
  Value key;
  Value value;
  int64_t hash;
};
/// A compact hash table (as CPython's dicts since 3.6): `index` is an open-addressed table of entry numbers, `entries`
/// the items in the order of insertion. A deleted entry has kUnbound as key. Small tables are probed in the entries
/// themselves, without an index.
struct Table {
  DictEntry* entries;
  uint32_t* index;           ///< null while small
  uint32_t used;             ///< entries in use, deleted ones included
  uint32_t filled;           ///< entries ever used since the last resize: `used`, and those that popitem gave back
  uint32_t live;             ///< items
  uint32_t capacity;         ///< of `entries`
  uint32_t index_mask;       ///< size of `index` less one
  /// A number that no other dict, and no other moment of this one, has: valid while no key is added or removed.
  /// 0: not asked for since the last such change.
  uint32_t keys_version;
  /// Counts additions, removals and clear: an iterator that finds another count raises RuntimeError.
  uint32_t size_changes;
};
struct Dict : Tracked, Table {};

Result<Ref<Dict>> make_dict(Heap&);
/// Borrowed value, kUnbound if absent. Keys with an `__eq__` or `__hash__` of their own may run script code;
/// the probe starts again when the table changed under it.
Result<Value> get(Heap&, Dict*, Value key);
Result<void> set(Heap&, Dict*, Value key, Value value);
/// Removes; the value that stood there, or kUnbound.
Result<Ref<Value>> remove(Heap&, Dict*, Value key);
Result<void> update(Heap&, Dict*, Value mapping_or_pairs);
void clear(Heap&, Dict*);
/// For interned names: never runs script code, never fails. Borrowed value, kUnbound if absent.
Value get_name(Dict*, const Str* name);
Result<void> set_name(Heap&, Dict*, Str* name, Value value);
/// True if it was there.
bool remove_name(Heap&, Dict*, Str* name);
/// The number of the entry for an interned name, or -1: what an inline cache keeps. The entry at that number still
/// belongs to the name as long as its key is the same.
int64_t entry_of(Dict*, const Str* name);
uint32_t keys_version(Heap&, Dict*);

struct DictView : Tracked {
  Dict* dict;
};
/// What a view or an iterator shows of each entry.
enum class DictPart : uint32_t { kKey, kValue, kItem };
/// Iterators over keys, values, items, forward or reversed.
struct DictIterator : Tracked {
  Dict* dict;           ///< null after the end
  Tuple* result;        ///< of an iterator over items: see next_to_fill()
  int64_t position;     ///< of the next entry
  uint32_t expected_live;
  uint32_t remaining;   ///< items still to come
  uint32_t expected_changes;  ///< Table::size_changes, for an OrderedDict
  uint32_t reversed;
  DictPart part;
};

/// set and frozenset: the keys of a table, whose values are all None. The order of iteration is that of insertion;
/// scripts must not rely on it.
struct Set : Tracked, Table {
  int64_t cached_hash;  ///< of a frozenset; 0: not yet computed
};
struct SetIterator : Tracked {
  Set* set;             ///< null after the end
  int64_t position;
  uint32_t expected_live;
};
Result<Ref<Set>> make_set(Heap&, BuiltinType which = BuiltinType::kSet);
Result<void> add(Heap&, Set*, Value item);
Result<bool> contains(Heap&, Set*, Value item);
/// Adds all items of an iterable.
Result<void> update(Heap&, Set*, Value iterable);

/// types.MappingProxyType(mapping), a view that can only be read.
Result<Ref<Value>> make_mapping_proxy(Heap&, Value mapping);

void define_dict_types(Heap&);
Result<void> define_dict_methods(Heap&);
void define_set_types(Heap&);
Result<void> define_set_methods(Heap&);
void define_mapping_proxy_type(Heap&);
Result<void> define_mapping_proxy_methods(Heap&);

/// The layout that instances share (a "hidden class"): which attribute stands in which slot. Adding an attribute moves
/// an instance to the next shape of a tree; deleting one, or asking for `__dict__`, gives it a dict of its own.
/// Not an object: the class owns its root shape and a shape its children, as long as the class lives (which its instances
/// keep alive). A class has at most kMaxShapes; instances that need another get a dict.
struct Shape {
  Type* owner;
  Shape* parent;        ///< null for the root
  Shape* first_child;   ///< the shapes that add one more attribute
  Shape* next_sibling;
  Str* name;            ///< the attribute that this shape adds, in slot `count - 1`; owned
  uint32_t count;       ///< attributes in all
  uint32_t serial;      ///< unique in the VM: what an inline cache keeps
  Shape** slots;        ///< by hash of the name: the ancestor that added it; made once `count` is too large for a walk
  uint32_t slots_mask;
  uint32_t shape_count; ///< of the root: shapes below it

  static constexpr uint32_t kMaxShapes = 512, kMaxSlots = 128;
};

/// Where an instance keeps its attributes.
struct Attributes {
  Shape* shape;         ///< null: `dict` holds them
  union {
    Value* values;      ///< with a shape: one slot each, in the instance itself or a buffer
    Dict* dict;
  };
  uint32_t capacity;    ///< of `values`
  uint16_t inside;      ///< values for which the instance itself has room
  uint16_t buffered;    ///< 1: `values` is a buffer of its own
};
inline Attributes* attributes_of(Object* object) {
  const Type* type = object->type;
  size_t offset = type->attributes_offset;
  if (offset == 0) return nullptr;
  if (offset == Type::kAttributesAtEnd) offset = object_size(object) - sizeof(Attributes);
  return reinterpret_cast<Attributes*>(reinterpret_cast<char*>(object) + offset);
}

/// Slot of an interned name under this shape, or -1.
int64_t slot_of(Shape*, const Str* name);
/// Instance attributes only, no class lookup. Borrowed; kUnbound if absent.
Value get_instance_attribute(Object*, const Str* name);
Result<void> set_instance_attribute(Heap&, Object*, Str* name, Value value);
/// True if it was there.
Result<bool> delete_instance_attribute(Heap&, Object*, Str* name);
/// The `__dict__` of an instance: from now on its attributes live in that dict.
Result<Dict*> instance_dict(Heap&, Object*);
void visit_attributes(Attributes*, Visitor&);
void drop_attributes(Heap&, Object*);
/// Null after raising MemoryError.
Shape* make_root_shape(Heap&, Type* owner);
void release_shapes(Heap&, Shape* root);

}  // namespace mini::object
