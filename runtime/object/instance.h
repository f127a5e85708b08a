// Objects that classes and functions are made of: instances, cells, bound methods, modules, the descriptors.
#pragma once

#include "runtime/object/dict.h"

namespace mini::object {

/// An instance of a class statement that derives from object alone.
struct Instance : Tracked {
  Attributes attributes;
};
/// A fresh instance, room for its class's usual number of attributes inside.
Result<Ref<Value>> make_instance(Heap&, Type*);

/// A variable that a closure shares.
struct Cell : Tracked {
  Value content;  ///< kUnbound: not assigned
};
struct BoundMethod : Tracked {
  Value function;
  Value self;
};
struct Module : Tracked {
  Str* name;
  Dict* dict;
  // While its body runs (vm/imports):
  uint32_t importer;  ///< serial of the thread that imports it, and one; 0: it is complete
  uint32_t built_in;  ///< 1: no script has made it by calling its type
  Module* outer;      ///< owned: what that thread was importing when it began with this one
};
struct StaticMethod : Tracked {
  Value function;
};
struct ClassMethod : Tracked {
  Value function;
};
struct Property : Tracked {
  Value getter, setter, deleter, doc;
};
struct Super : Tracked {
  Type* type;
  Value self;        ///< kUnbound: unbound super object
  Type* self_type;
};

Result<Ref<Cell>> make_cell(Heap&, Ref<Value> content);
Result<Ref<BoundMethod>> make_bound_method(Heap&, Value function, Value self);
Result<Ref<Module>> make_module(Heap&, std::string_view name);
/// `super(type, self)`; TypeError unless `self` is an instance or a subclass of `type`.
Result<Ref<Super>> make_super(Heap&, Type* type, Value self);

void define_instance_types(Heap&);
Result<void> define_instance_methods(Heap&);

}  // namespace mini::object
