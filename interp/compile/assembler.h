// From a list of instructions with labels to a code object's units and tables.
// Sources: CPython 3.9, Python/compile.c (assemble_*) and Python/peephole.c.
#pragma once

#include <cstdint>
#include <vector>

#include "interp/bytecode/code.h"
#include "interp/compile/constants.h"

namespace mini::compile {

/// A place in the code; the list that made it says where once it is placed.
struct Label {
  int32_t id = -1;
  bool operator==(const Label&) const = default;
};

struct AssemblerInstruction {
  bytecode::Opcode opcode;
  uint32_t argument = 0;
  int32_t target = -1;  ///< Jumps: a label's id; while optimizing, the index of the instruction there.
  int32_t loop = -1;    ///< The `while` loop that this jump is a natural back edge of.
  uint32_t listing_line = 0;
  bytecode::Position position;
  uint32_t width = 1;   ///< Units, with EXTENDED_ARGs.
  uint32_t offset = 0;  ///< Index of its first unit.
};

/// Units that an argument takes: the instruction's own, and an EXTENDED_ARG for each byte more.
inline uint32_t units_for(uint32_t argument) {
  return argument > 0xffffff ? 4 : argument > 0xffff ? 3 : argument > 0xff ? 2 : 1;
}

/// A `while` loop, as indices of instructions.
struct WhileLoop {
  uint32_t head;
  uint32_t body;
};

struct InstructionList {
  std::vector<AssemblerInstruction> instructions;
  std::vector<int32_t> labels;  ///< Index of the instruction behind each label; -1 until placed.
  std::vector<WhileLoop> loops;

  uint32_t size() const { return static_cast<uint32_t>(instructions.size()); }
  Label new_label() {
    labels.push_back(-1);
    return {static_cast<int32_t>(labels.size()) - 1};
  }
  void place(Label label) { labels[static_cast<size_t>(label.id)] = static_cast<int32_t>(size()); }
};

/// Rewrites as CPython 3.9's peephole optimizer: folds tuples of constants, threads jumps, drops what cannot
/// be reached behind a return. Targets are indices, and offsets and widths are those before any removal.
void optimize_peepholes(InstructionList& list, ConstantTable& constants);

/// Fills units, positions and while_back_edges of `code`; `constants` may grow.
void assemble(InstructionList list, ConstantTable& constants, bytecode::Code& code);

}  // namespace mini::compile
