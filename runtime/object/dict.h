// Dicts and sets: insertion-ordered compact hash tables; and shapes, the shared layouts of instances.
#pragma once

#include "runtime/object/heap.h"

namespace mini::object {

/// A compact dict (as CPython's since 3.6): `index` is an open-addressed table of entry numbers, `entries` the items in
/// the order of insertion. A deleted entry has kUnbound as key. Small dicts (up to 8) are probed in the entries
/// themselves, without an index.
struct DictEntry {
  Value key;
  Value value;
  int64_t hash;
};
struct Dict : Tracked {
  DictEntry* entries;
  uint32_t* index;           ///< null while small
  uint32_t used;             ///< entries in use, deleted ones included
  uint32_t live;             ///< items
  uint32_t capacity;         ///< of `entries`
  uint32_t index_mask;       ///< size of `index` less one
  /// A number that no other dict, and no other moment of this one, has: valid while no key is added or removed.
  /// 0: not asked for since the last such change.
  uint32_t keys_version;
  /// Counts additions, removals and clear: an iterator that finds another count raises RuntimeError.
  uint32_t size_changes;
};

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
/// Iterators over keys, values, items, forward or reversed.
struct DictIterator : Tracked {
  Dict* dict;           ///< null after the end
  int64_t position;
  uint32_t expected_live;
  uint32_t reversed;
};

struct SetEntry {
  Value key;            ///< kUnbound: free; kError: deleted
  int64_t hash;
};
/// set and frozenset. The order of iteration is that of insertion; scripts must not rely on it.
struct Set : Tracked {
  Dict* dict;           ///< a set is a dict without values: one table to get right
};
Result<Ref<Set>> make_set(Heap&, BuiltinType which = BuiltinType::kSet);
Result<void> add(Heap&, Set*, Value item);
Result<bool> contains(Heap&, Set*, Value item);
/// Adds all items of an iterable.
Result<void> update(Heap&, Set*, Value iterable);

void define_dict_types(Heap&);
Result<void> define_dict_methods(Heap&);
void define_set_types(Heap&);
Result<void> define_set_methods(Heap&);

/// The layout that instances share (a "hidden class"): which attribute stands in which slot. Adding an attribute moves
/// an instance to the next shape of a tree; deleting one, or asking for `__dict__`, gives it a dict of its own.
struct Shape : Tracked {
  Type* owner;          ///< borrowed: the class whose instances these are; a class keeps its root shape
  Shape* parent;        ///< owned; null for the root
  Str* name;            ///< the attribute that this shape adds
  uint32_t count;       ///< attributes in all
  uint32_t serial;      ///< unique in the VM: what an inline cache keeps
  Dict* slots;          ///< name -> slot number, made when a lookup misses the caches
  Dict* transitions;    ///< name -> the shape with that name added (borrowed inside: children unlink themselves)
};

/// Where an instance keeps its attributes.
struct Attributes {
  Shape* shape;         ///< null: `dict` holds them
  union {
    Value* values;      ///< with a shape: one slot each, in the instance itself or a buffer
    Dict* dict;
  };
  uint32_t capacity;    ///< of `values`
  uint32_t buffered;    ///< 1: `values` is a buffer of its own
};
inline Attributes* attributes_of(Object* object) {
  const Type* type = object->type;
  size_t offset = type->attributes_offset;
  if (offset == 0) return nullptr;
  if (offset == Type::kAttributesAtEnd) offset = type->behaviour.size(object) - sizeof(Attributes);
  return reinterpret_cast<Attributes*>(reinterpret_cast<char*>(object) + offset);
}

/// Slot of `name` under this shape, or -1.
int64_t slot_of(Heap&, Shape*, Str* name);
/// Instance attributes only, no class lookup. Borrowed; kUnbound if absent.
Value get_instance_attribute(Heap&, Object*, Str* name);
Result<void> set_instance_attribute(Heap&, Object*, Str* name, Value value);
/// True if it was there.
Result<bool> delete_instance_attribute(Heap&, Object*, Str* name);
/// The `__dict__` of an instance: from now on its attributes live in that dict.
Result<Dict*> instance_dict(Heap&, Object*);
void visit_attributes(Attributes*, Visitor&);
void drop_attributes(Heap&, Object*);
Result<Ref<Shape>> make_root_shape(Heap&, Type* owner);

}  // namespace mini::object
