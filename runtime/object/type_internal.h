// What the files of the type system share, and nobody else needs.
#pragma once

#include "runtime/object/type.h"

namespace mini::object {

/// `Str::interned` of the names in names.def: they never die before the heap does, so a cache may hold them
/// unowned.
inline constexpr uint8_t kImmortalName = 2;
/// Set in `Str::interned` of any other name that the heap's last lookups may hold as one that some class lacks: they forget
/// it before it dies.
inline constexpr uint8_t kLookedUpName = 4;

void define_type_types(Heap&);
Result<void> define_type_methods(Heap&);
void define_object_type(Heap&);
Result<void> define_object_methods(Heap&);
/// `__new__` of a builtin type.
Result<void> add_new(Heap&, Type*);
void define_descriptor_types(Heap&);
Result<void> define_descriptor_methods(Heap&);
/// Makes the operations of every builtin type reachable as methods: `list.__len__`.
Result<void> define_slot_methods(Heap&);

/// Fills the gaps of `behaviour` from the base's. `hash` only together with `compare`, as CPython's
/// inherit_slots (3.13, Objects/typeobject.c): what compares in its own way has to hash in its own way.
void inherit_behaviour(NativeBehaviour& behaviour, const NativeBehaviour& base);
Result<void> add_subclass(Heap&, Type* base, Type* derived);
void unlink_from_bases(Type*);
/// The list of subclasses and the shapes.
void release_type_buffers(Heap&, Type*);
/// Gives a class the layout of instance.h's Instance.
void use_instance_layout(Type*);
/// C3; raises TypeError with CPython's texts.
Result<Ref<Tuple>> linearise(Heap&, Type* type, Tuple* bases);
/// Whether a class or a base has a slot of that name (Type::kSlotsOnly).
bool names_slot(Type*, Str* name);
/// str, bytes, list or tuple: what is concatenated and repeated.
bool is_sequence(Value);
/// As in messages. Types written in C go by their whole name, `collections.deque`.
std::string type_name(Heap&, const Type*);
/// Type flags that follow from methods in the dictionary and in bases.
void update_method_flags(Heap&, Type*);

}  // namespace mini::object
