// Code objects: what the compiler makes and every VM runs. Immutable, in host memory, without objects of any
// VM, so that one code object is shared by many VMs and threads; each VM binds it (constants as objects, a
// quickened copy).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "interp/bytecode/opcode.h"

namespace mini::bytecode {

struct Code;
struct Literal;

struct NoneLiteral {
  bool operator==(const NoneLiteral&) const = default;
};
struct EllipsisLiteral {
  bool operator==(const EllipsisLiteral&) const = default;
};
/// An integer outside int64: sign and magnitude in 32-bit limbs, least significant first, as base::Integer has
/// them.
struct BigIntegerLiteral {
  bool negative = false;
  std::vector<uint32_t> limbs;
  bool operator==(const BigIntegerLiteral&) const = default;
};
/// UTF-8; lone surrogates, which escapes can make, as their three bytes.
struct StringLiteral {
  std::string text;
  bool operator==(const StringLiteral&) const = default;
};
struct BytesLiteral {
  std::string bytes;
  bool operator==(const BytesLiteral&) const = default;
};
struct TupleLiteral {
  std::vector<Literal> items;
};
/// From `in {1, 2}` and the like; without duplicates, in the order of the source.
struct FrozenSetLiteral {
  std::vector<Literal> items;
};

/// A constant. `1`, `1.0` and `True` are different constants, and so are `0.0` and `-0.0`.
struct Literal {
  using Value =
      std::variant<NoneLiteral, bool, EllipsisLiteral, int64_t, BigIntegerLiteral, double, StringLiteral,
                   BytesLiteral, TupleLiteral, FrozenSetLiteral, std::shared_ptr<const Code>>;
  Value value;

  /// Same type, and same value to the bit; code objects: the same one.
  bool same(const Literal& other) const;
};

/// A literal as `repr` shows it, code objects as `<code object NAME, file "F", line N>`.
std::string repr(const Literal& literal);

/// Bits of Code::flags: CPython's co_flags, and above them mini's own.
enum CodeFlag : uint32_t {
  kOptimized = 0x1,
  kNewLocals = 0x2,
  kVarArgs = 0x4,
  kVarKeywords = 0x8,
  kNested = 0x10,
  kGenerator = 0x20,
  kNoFree = 0x40,
  kComprehension = 0x1'0000,  ///< List, set or dict comprehension (not a generator): its frame is hidden.
  kClassBody = 0x2'0000,
  kPrelude = 0x4'0000,  ///< Part of mini itself: left out of tracebacks and runs uncounted.
  kModule =
      0x8'0000,  ///< The top of a file, of `exec` text, of a prompt's statement or of an `eval` expression.
};

/// Where an operation stands in the source, as CPython 3.13's co_positions() says it: lines from 1, columns
/// from 0 in bytes of UTF-8, the end exclusive. Line 0: nowhere.
struct Position {
  uint32_t line = 0;
  uint32_t end_line = 0;
  uint32_t column = 0;
  uint32_t end_column = 0;
  bool operator==(const Position&) const = default;
};

/// A run of instructions that share their position.
struct PositionRun {
  uint32_t start;         ///< Index of the first instruction.
  uint32_t listing_line;  ///< The line that CPython 3.9's line table has, which `dis` shows.
  Position position;
};

/// A natural back edge of a `while` loop: a jump at the end of the body to the loop's condition, not
/// `continue`. CPython 3.10 and later test the condition once more at the bottom of the loop, so that the
/// check of this edge comes after the condition came out true. All four are indices of instructions.
struct WhileBackEdge {
  uint32_t jump;       ///< The jump: JUMP_ABSOLUTE, or a conditional jump that was threaded through one.
  uint32_t head;       ///< First instruction of the condition; of the body if the condition is constant.
  uint32_t last_test;  ///< The jump that decides last in the condition; body if there is none.
  uint32_t body;       ///< First instruction of the body.
};

/// One instruction of the code units: CPython's wordcode, two bytes each. An argument above 255 has its
/// higher bytes in the EXTENDED_ARG units before.
struct CodeUnit {
  Opcode opcode;
  uint8_t argument;
  bool operator==(const CodeUnit&) const = default;
};
static_assert(sizeof(CodeUnit) == 2);

/// Jump targets are offsets in bytes, as in CPython 3.9: twice the index of the instruction.
struct Code {
  std::string name;
  std::string qualified_name;
  std::string filename;
  uint32_t first_line = 0;
  uint32_t flags = 0;
  uint32_t argument_count = 0;  ///< Positional parameters, positional-only ones included.
  uint32_t positional_only_count = 0;
  uint32_t keyword_only_count = 0;
  uint32_t stack_size = 0;   ///< The stack is never higher.
  uint32_t block_depth = 0;  ///< Deepest nesting of blocks (SETUP_*, and the handler it turns into).

  std::vector<CodeUnit> units;
  std::vector<Literal> constants;  ///< The first of a function is its docstring or None.
  std::vector<std::string> names;
  std::vector<std::string> varnames;  ///< Parameters first, in CPython's order: *args and **kwargs last.
  std::vector<std::string> cellvars;
  std::vector<std::string> freevars;
  /// For each of cellvars: the index of the parameter that it takes its first value from, or -1.
  std::vector<int32_t> cell_parameters;

  std::vector<PositionRun> positions;           ///< By start; the first starts at 0.
  std::vector<WhileBackEdge> while_back_edges;  ///< By jump.

  bool has(CodeFlag flag) const { return (flags & flag) != 0; }
  uint32_t local_count() const { return static_cast<uint32_t>(varnames.size()); }
  /// Parameters of every kind, *args and **kwargs included: the first of varnames.
  uint32_t parameter_count() const {
    return argument_count + keyword_only_count + (has(kVarArgs) ? 1 : 0) + (has(kVarKeywords) ? 1 : 0);
  }
  const std::string& cell_name(uint32_t cell) const {
    return cell < cellvars.size() ? cellvars[cell] : freevars[cell - cellvars.size()];
  }

  const PositionRun& position_run(uint32_t index) const;
  const Position& position(uint32_t index) const { return position_run(index).position; }
  /// The entry of the back edge at `index`, or null.
  const WhileBackEdge* while_back_edge(uint32_t index) const;
};

/// An instruction with its EXTENDED_ARGs gathered.
struct Instruction {
  uint32_t start;  ///< Index of its first unit: the first EXTENDED_ARG if there is one.
  uint32_t index;  ///< Index of the unit with its opcode.
  Opcode opcode;
  uint32_t argument;

  uint32_t next() const { return index + 1; }
  /// For is_jump(opcode): index of the unit that it jumps to.
  uint32_t target() const {
    return info(opcode).operand == Operand::Relative ? next() + argument / 2 : argument / 2;
  }
};

/// The instruction whose units begin at `index`. A sequence of EXTENDED_ARG that ends the code is one
/// instruction.
Instruction decode(const std::vector<CodeUnit>& units, uint32_t index);

}  // namespace mini::bytecode
