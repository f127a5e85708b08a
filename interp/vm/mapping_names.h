// The names of a module's or class's body that runs in a mapping other than a dict: exec(code, globals, mapping).
#pragma once

#include "interp/vm/frame.h"

namespace mini::vm {

/// What stands for the mapping as Frame::names; its own table stays empty.
struct MappingNames : Dict {
  Value mapping;
};
Result<Ref<Dict>> make_mapping_names(Heap&, Value mapping);
void define_mapping_names(Heap&);

/// What locals() answers in such a body: the dict itself, or the mapping.
Value shown_names(Heap&, Dict* names);

/// The names of a body by what a dict or a mapping does, which may run script code. kUnbound: there is none.
Result<Ref<Value>> find_name(Heap&, Dict* names, Str* name);
Result<void> store_name(Heap&, Dict* names, Str* name, Value value);
/// False if there is none.
Result<bool> delete_name(Heap&, Dict* names, Str* name);

}  // namespace mini::vm
