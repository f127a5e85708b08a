// Layout: jump arguments with their EXTENDED_ARGs, the peephole optimizer, units and tables.
#include "interp/compile/assembler.h"

#include <algorithm>

#include "runtime/base/assert.h"

namespace mini::compile {

using namespace bytecode;

namespace {

uint32_t jump_argument(const AssemblerInstruction& jump, const std::vector<AssemblerInstruction>& code) {
  const uint32_t target = code[static_cast<size_t>(jump.target)].offset;
  const bool relative = info(jump.opcode).operand == Operand::Relative;
  return 2 * (relative ? target - (jump.offset + jump.width) : target);
}

void lay_out(std::vector<AssemblerInstruction>& code) {
  uint32_t offset = 0;
  for (AssemblerInstruction& instruction : code) {
    instruction.offset = offset;
    offset += instruction.width;
  }
}

/// Lengths and arguments depend on each other; lengths only grow, so this ends.
void resolve_jumps(std::vector<AssemblerInstruction>& code) {
  for (bool grown = true; grown;) {
    grown = false;
    lay_out(code);
    for (AssemblerInstruction& instruction : code) {
      if (instruction.target >= 0) instruction.argument = jump_argument(instruction, code);
      const uint32_t units = units_for(instruction.argument);
      if (units > instruction.width) {
        instruction.width = units;
        grown = true;
      }
    }
  }
}

/// CPython's peephole optimizer gives up where its line table has a gap of 256 bytes or more.
bool has_wide_line(const std::vector<AssemblerInstruction>& code, uint32_t first_line) {
  uint32_t line = first_line;
  uint32_t start = 0;
  for (const AssemblerInstruction& instruction : code) {
    if (instruction.listing_line == line) continue;
    if (2 * (instruction.offset - start) > 255) return true;
    line = instruction.listing_line;
    start = instruction.offset;
  }
  return false;
}

/// Drops NOPs. Those left by the optimizer vanish; the compiler makes none itself.
void remove_nops(InstructionList& list) {
  auto& code = list.instructions;
  std::vector<uint32_t> moved(code.size() + 1);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < code.size(); ++i) {
    moved[i] = kept;
    if (code[i].opcode != Opcode::NOP) code[kept++] = code[i];
  }
  moved[code.size()] = kept;
  code.resize(kept);
  for (AssemblerInstruction& instruction : code) {
    if (instruction.target >= 0)
      instruction.target = static_cast<int32_t>(moved[static_cast<size_t>(instruction.target)]);
  }
  for (WhileLoop& loop : list.loops) loop = {moved[loop.head], moved[loop.body]};
}

void write_units(const std::vector<AssemblerInstruction>& code, Code& out) {
  for (const AssemblerInstruction& instruction : code) {
    for (uint32_t unit = instruction.width; unit > 1; --unit) {
      out.units.push_back(
          {Opcode::EXTENDED_ARG, static_cast<uint8_t>(instruction.argument >> (8 * (unit - 1)))});
    }
    out.units.push_back({instruction.opcode, static_cast<uint8_t>(instruction.argument)});
    if (out.positions.empty() || out.positions.back().position != instruction.position ||
        out.positions.back().listing_line != instruction.listing_line) {
      out.positions.push_back({instruction.offset, instruction.listing_line, instruction.position});
    }
  }
}

void write_back_edges(const InstructionList& list, Code& out) {
  const auto& code = list.instructions;
  const auto index_of = [&](uint32_t i) { return code[i].offset + code[i].width - 1; };
  for (uint32_t i = 0; i < code.size(); ++i) {
    if (code[i].loop < 0) continue;
    const WhileLoop& loop = list.loops[static_cast<size_t>(code[i].loop)];
    if (loop.body >= code.size()) continue;  // a body that could not be reached
    uint32_t test = loop.body;
    while (test > loop.head && info(code[test - 1].opcode).switch_class != SwitchClass::Test) --test;
    out.while_back_edges.push_back(
        {.jump = index_of(i),
         .head = code[loop.head].offset,
         .last_test = test > loop.head ? index_of(test - 1) : code[loop.body].offset,
         .body = code[loop.body].offset});
  }
}

}  // namespace

void assemble(InstructionList list, ConstantTable& constants, Code& code) {
  uint32_t line = code.first_line;
  for (AssemblerInstruction& instruction : list.instructions) {
    if (instruction.target >= 0) instruction.target = list.labels[static_cast<size_t>(instruction.target)];
    if (instruction.listing_line != 0) line = instruction.listing_line;
    instruction.listing_line = line;
  }
  resolve_jumps(list.instructions);
  if (!has_wide_line(list.instructions, code.first_line)) {
    optimize_peepholes(list, constants);
    remove_nops(list);
    // Lengths stay: where a shorter jump would do now, an EXTENDED_ARG 0 remains, as in CPython.
    lay_out(list.instructions);
    for (AssemblerInstruction& instruction : list.instructions) {
      if (instruction.target >= 0) instruction.argument = jump_argument(instruction, list.instructions);
    }
  }
  write_units(list.instructions, code);
  write_back_edges(list, code);
}

}  // namespace mini::compile
