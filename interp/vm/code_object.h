// A code object as one VM runs it: constants as objects, instructions widened to eight bytes with room for caches.
#pragma once

#include "interp/bytecode/code.h"
#include "runtime/object/attributes.h"
#include "runtime/object/operations.h"
#include "runtime/object/visitor.h"

namespace mini::vm {

using namespace mini::object;  // the machine is written in terms of the objects that it runs on

/// One instruction in the form that runs. There is one for every unit of the visible code, at the same index, so that
/// positions, jumps and recordings speak of both. `op` may be a specialised or fused form (quicken.h): such a form
/// changes no operand and nothing behind it, so the visible instruction is always there to fall back to.
struct Instr {
  uint16_t op;
  uint16_t arg;      ///< the whole argument; of a wider one, 0 (such an instruction runs as Form::kWide)
  union {
    int32_t jump;    ///< jumps: distance to the target, in instructions, from this one
    uint32_t cache;  ///< names: entry number or index of a cache; otherwise free for the specialised forms
  };
};
static_assert(sizeof(Instr) == 8);

/// What a name or attribute instruction learnt. Borrows: a `version` is never given out twice, and while a type has it,
/// the type, its shapes and what was found in it are alive.
struct InlineCache {
  uint32_t version;           ///< of the type, or of the globals' keys; ~0: nothing learnt
  uint32_t slot;              ///< of the attribute
  uint32_t offset;            ///< where the instance has its Attributes
  uint32_t builtins_version;  ///< of the builtins' keys, if the name was found there; 0: in the globals
  union {
    Shape* shape;             ///< of the instance; null: instances have no attributes
    Value* place;             ///< of the variable, as long as the versions hold
  };
  union {
    Value value;              ///< a method found on the type
    Shape* next;              ///< STORE_ATTR adds the attribute: the shape afterwards; null: it is there already
  };
};

struct CodeObject : Tracked {
  const bytecode::Code* code;  ///< host memory; the machine keeps it alive
  Instr* instructions;
  Value* constants;
  Str** names;
  Str** variables;             ///< locals, cells, free variables
  Str* name;
  Str* qualified_name;
  Str* filename;
  InlineCache* caches;
  uint32_t instruction_count, constant_count, name_count, cache_count;
  uint32_t local_count;        ///< varnames
  uint32_t cell_count, free_count;
  uint32_t slot_count;         ///< locals, cells and free variables together
  uint32_t stack_size, block_depth;
  uint32_t frame_bytes;        ///< from the first local to the end of the value stack
  uint32_t flags;              ///< bytecode::CodeFlag
  uint32_t argument_count, positional_only_count, keyword_only_count, parameter_count;
  uint32_t block_bytes;        ///< room for the blocks, between a frame and its value stack
  /// Calls with exactly this many positional arguments need no binding. kNeverSimple: there are *args, **kwargs,
  /// keyword-only parameters, cells, or it is a generator.
  uint32_t simple_arguments;
  static constexpr uint32_t kNeverSimple = ~uint32_t{0};

  bool has(bytecode::CodeFlag flag) const { return flags & flag; }
};

class Machine;
/// Binds `code` and, with it, the code objects among its constants.
Result<Ref<CodeObject>> bind_code(Machine&, std::shared_ptr<const bytecode::Code> code);
/// A constant as an object.
Result<Ref<Value>> bind_literal(Machine&, const bytecode::Literal&);
void define_code_type(Heap&);

/// The visible instruction at `index`, with its whole argument.
bytecode::Instruction visible_at(const CodeObject*, uint32_t index);

}  // namespace mini::vm
