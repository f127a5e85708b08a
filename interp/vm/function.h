// Functions, generators, and the frames that outlive their call.
#pragma once

#include "interp/vm/code_object.h"
#include "runtime/object/instance.h"

namespace mini::vm {

struct Frame;
struct ThreadState;

struct Function : Tracked {
  CodeObject* code;
  Dict* globals;
  Dict* builtins;
  Tuple* defaults;         ///< null: none
  Dict* keyword_defaults;  ///< null: none
  Tuple* closure;          ///< null: none
  Dict* annotations;       ///< null: not asked for
  Value name;
  Value qualified_name;
  Value module;
  Value doc;
  Dict* attributes;        ///< `__dict__`, null while empty
};
/// A function of `code` in `globals`; the parts of a MAKE_FUNCTION are set by the caller.
Result<Ref<Function>> make_function(Heap&, CodeObject* code, Dict* globals, Value qualified_name);

/// A generator. Its frame, locals and value stack lie behind the struct, in the same block.
struct Generator : Tracked {
  Frame* frame;            ///< null once it has finished
  CodeObject* code;
  Value name;
  Value qualified_name;
  Exception* handled;      ///< owned: what `except` clause it was suspended in; null: none of its own
  Exception* callers_handled;  ///< owned, while it runs with one of its own: what its caller handles
  uint32_t block_bytes;    ///< size of the frame block behind
  uint32_t has_callers;
  uint32_t running;
  uint32_t started;
};

/// A frame as a traceback keeps it: looks at the living frame, and takes over its variables when that is left
/// (CPython 3.11+: Python/frame.c, take_ownership).
struct FrameObject : Tracked {
  Frame* living;           ///< null after the frame was left
  CodeObject* code;
  Dict* globals;
  Dict* names;             ///< the namespace of a module's or class's body; null in functions
  Value function;          ///< after the frame was left: whose it was, which lives on (as in CPython since 3.11); or kUnbound
  Value* slots;            ///< after the frame was left: locals and cells
  uint32_t slot_count;
  uint32_t instruction;    ///< the last one executed, after the frame was left
};

void define_function_types(Heap&);
Result<void> define_function_methods(Heap&);

}  // namespace mini::vm
