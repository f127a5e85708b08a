// Frames: one for each call of script code, on a chunked stack that never moves.
#pragma once

#include <bit>
#include <cstring>

#include "interp/bytecode/switch_points.h"
#include "interp/vm/function.h"

namespace mini::vm {

/// An open `try` or `with`, or a handler that is running.
struct Block {
  enum Kind : uint32_t { kFinally, kHandler };
  uint32_t kind;
  uint32_t handler;  ///< index of the handler's first instruction
  uint32_t level;    ///< height of the value stack when it was opened
};

/// What becomes of a frame's result, for the calls that the machine itself makes.
enum class Completion : uint8_t {
  kPush,         ///< an ordinary call: the result goes on the caller's stack
  kLeaveLoop,    ///< the frame was entered by a nested run of the loop, which ends here
  kInitialise,   ///< `__init__`: the result must be None; the instance lies on the caller's stack already
  kEnterWith,    ///< `__enter__` under SETUP_WITH: open the block, then push
  kIterate,      ///< `__next__` under FOR_ITER: StopIteration ends the loop
  kResume,       ///< a generator under FOR_ITER: its end ends the loop
  kDelegate,     ///< a generator under YIELD_FROM
  kNative,       ///< a call that a suspended native asked for, or a generator that it let go on
  kDiscard,      ///< `__del__` and callbacks: the result is dropped, an exception reported
  kClassBody,    ///< the body of a class statement: its namespace becomes the class
  kImport,       ///< the body of a module under IMPORT_NAME
  kProperty,     ///< the getter of a property: the result goes on the caller's stack, in place of the object
  kBinary,       ///< operator method, the operands still on the stack: NotImplemented tries the next candidate
  kFromLibrary,  ///< `f(*args)` in the prelude, as in Thread.run: like kPush, and remembers where the script's code ended
};

/// A call in progress. Before it lie the function and the locals (the arguments, left where the caller pushed them,
/// come first), behind it the blocks and the value stack:
///
///     function | locals, cells, free variables | Frame | blocks | value stack ...
struct Frame {
  Frame* back;
  CodeObject* code;     ///< borrowed: the function below the locals keeps it
  const Instr* pc;      ///< while others run: the instruction that is executed or comes next
  Value* stack_top;     ///< while others run: one above the topmost value
  Value* locals;        ///< locals[-1] is the function (or generator, or native)
  Dict* globals;        ///< borrowed from the function
  Dict* builtins;       ///< likewise
  Dict* names;          ///< owned: the namespace of a module's or class's body; null in functions
  FrameObject* object;  ///< owned: null unless a traceback looks at this frame
  Value* caller_top;    ///< where the caller's stack ends once the call is over; null at the bottom
  uint32_t slot_count;
  uint32_t block_count;
  Completion completion;
  uint8_t stage;        ///< Completion::kBinary: which candidate is being tried; a suspended native: its next phase
  bool is_generator;
  bool is_native;       ///< a suspended native; `code` is the machine's stub
  uint32_t depth;       ///< how many frames lie below, for the recursion limit
  /// Breaker and observed loop only: where this frame stands in a `while` (valid in this epoch of the thread).
  uint32_t while_epoch;
  bytecode::WhileTracker while_tracker;

  Block* blocks() { return reinterpret_cast<Block*>(this + 1); }
  Value* stack_base() { return reinterpret_cast<Value*>(reinterpret_cast<char*>(this + 1) + code->block_bytes); }
  /// Sets the four members that is_plain() looks at together: by one store, since a load that spans several would have to
  /// wait until they are all in the cache.
  void begin_as(Completion how) {
    const uint32_t kinds = kinds_of(how);
    std::memcpy(&completion, &kinds, sizeof(kinds));
  }
  /// A call of a function that completes so, with nothing to hand over or to tell when it is left.
  bool is_plain(Completion how = Completion::kPush) const {
    uint32_t kinds;
    std::memcpy(&kinds, &completion, sizeof(kinds));  // completion, stage, is_generator, is_native
    return kinds == kinds_of(how) && !names && !object;
  }
  static constexpr uint32_t kinds_of(Completion how) {
    constexpr int kFirstByte = std::endian::native == std::endian::little ? 0 : 24;
    return uint32_t{static_cast<uint8_t>(how)} << kFirstByte;
  }
  Value function() const { return locals[-1]; }
  uint32_t index() const { return static_cast<uint32_t>(pc - code->instructions); }
};
static_assert(sizeof(Frame) % sizeof(Value) == 0 && sizeof(Block) == 12);

/// A place in script code. The machine keeps the code as long as it lives.
struct ScriptPlace {
  const bytecode::Code* code;  ///< null: unknown
  uint32_t index;              ///< of the instruction

  uint32_t line() const { return code->position(index).line; }
};
/// Where a thread is whose topmost frame this is: in the innermost frame of the script's own files.
ScriptPlace script_place(const Frame* frame);

/// A piece of a thread's stack.
struct StackChunk {
  StackChunk* previous;
  size_t bytes;  ///< of the whole block
  Value* begin() { return reinterpret_cast<Value*>(this + 1); }
  Value* end() { return reinterpret_cast<Value*>(reinterpret_cast<char*>(this) + bytes); }
};

/// Shows the variables, blocks and value stack of a frame.
void visit_frame(Frame* frame, Visitor& visitor);

}  // namespace mini::vm
