// Lookups in a code object's tables, and the text of constants.
#include "interp/bytecode/code.h"

#include <algorithm>
#include <bit>

namespace mini::bytecode {

namespace {

bool same_items(const std::vector<Literal>& left, const std::vector<Literal>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Literal& a, const Literal& b) { return a.same(b); });
}

}  // namespace

bool Literal::same(const Literal& other) const {
  if (value.index() != other.value.index()) return false;
  return std::visit(
      [&]<class T>(const T& mine) {
        const T& theirs = std::get<T>(other.value);
        if constexpr (std::is_same_v<T, double>) {
          return std::bit_cast<uint64_t>(mine) == std::bit_cast<uint64_t>(theirs);
        } else if constexpr (std::is_same_v<T, TupleLiteral> || std::is_same_v<T, FrozenSetLiteral>) {
          return same_items(mine.items, theirs.items);
        } else {
          return mine == theirs;
        }
      },
      value);
}

const PositionRun& Code::position_run(uint32_t index) const {
  auto after = std::upper_bound(positions.begin(), positions.end(), index,
                                [](uint32_t i, const PositionRun& run) { return i < run.start; });
  return *std::prev(after);
}

const WhileBackEdge* Code::while_back_edge(uint32_t index) const {
  auto found = std::lower_bound(while_back_edges.begin(), while_back_edges.end(), index,
                                [](const WhileBackEdge& edge, uint32_t i) { return edge.jump < i; });
  return found != while_back_edges.end() && found->jump == index ? &*found : nullptr;
}

Instruction decode(const std::vector<CodeUnit>& units, uint32_t index) {
  Instruction result{index, index, units[index].opcode, units[index].argument};
  while (result.opcode == Opcode::EXTENDED_ARG && result.index + 1 < units.size()) {
    const CodeUnit& unit = units[++result.index];
    result.opcode = unit.opcode;
    result.argument = result.argument << 8 | unit.argument;
  }
  return result;
}

}  // namespace mini::bytecode
