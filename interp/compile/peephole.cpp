// CPython 3.9's peephole optimizer. It works on code that is laid out already, so an instruction can only
// become as long as it was; what is left over stays as NOP until the end.
#include "interp/compile/assembler.h"

namespace mini::compile {

using bytecode::Opcode;

namespace {

bool is_unconditional(Opcode opcode) {
  return opcode == Opcode::JUMP_ABSOLUTE || opcode == Opcode::JUMP_FORWARD;
}
bool jumps_on_true(Opcode opcode) {
  return opcode == Opcode::POP_JUMP_IF_TRUE || opcode == Opcode::JUMP_IF_TRUE_OR_POP;
}
bool is_conditional(Opcode opcode) {
  return jumps_on_true(opcode) || opcode == Opcode::POP_JUMP_IF_FALSE ||
         opcode == Opcode::JUMP_IF_FALSE_OR_POP;
}

class Optimizer {
 public:
  Optimizer(InstructionList& list, ConstantTable& constants)
      : code_(list.instructions), constants_(constants) {
    blocks_.resize(code_.size());
    for (const auto& instruction : code_) {
      // 3.9 overlooks the target of JUMP_IF_NOT_EXC_MATCH here; a label stands there anyway.
      if (instruction.target >= 0) blocks_[static_cast<size_t>(instruction.target)] = 1;
    }
    uint32_t block = 0;
    for (uint32_t& mark : blocks_) mark = block += mark;
  }

  void run() {
    for (uint32_t i = 0; i < code_.size(); i = visit(i)) {
    }
  }

 private:
  bool same_block(uint32_t a, uint32_t b) const { return blocks_[a] == blocks_[b]; }
  void remove(uint32_t first, uint32_t last) {
    for (uint32_t i = first; i < last; ++i) code_[i].opcode = Opcode::NOP, code_[i].target = -1;
  }

  /// Handles instruction `i`; returns the next to look at.
  uint32_t visit(uint32_t i) {
    const uint32_t before = constants_in_row_;
    constants_in_row_ = 0;
    switch (code_[i].opcode) {
      case Opcode::LOAD_CONST:
        constants_in_row_ = before + 1;
        if (i + 1 < code_.size() && code_[i + 1].opcode == Opcode::POP_JUMP_IF_FALSE &&
            same_block(i, i + 1) && is_true(constants_[code_[i].argument])) {
          remove(i, i + 2);
          constants_in_row_ = 0;
        }
        return i + 1;
      case Opcode::BUILD_TUPLE:
        build_tuple(i, before);
        return i + 1;
      case Opcode::JUMP_IF_FALSE_OR_POP:
      case Opcode::JUMP_IF_TRUE_OR_POP:
        if (thread_conditional(i)) return i;  // look at what it became
        [[fallthrough]];
      case Opcode::POP_JUMP_IF_FALSE:
      case Opcode::POP_JUMP_IF_TRUE:
      case Opcode::JUMP_FORWARD:
      case Opcode::JUMP_ABSOLUTE:
        thread(i);
        return i + 1;
      case Opcode::RETURN_VALUE: {
        uint32_t end = i + 1;
        while (end < code_.size() && same_block(i, end) && code_[end].opcode != Opcode::SETUP_FINALLY &&
               code_[end].opcode != Opcode::RERAISE) {
          ++end;
        }
        remove(i + 1, end);
        return end;
      }
      default:
        return i + 1;
    }
  }

  void build_tuple(uint32_t i, uint32_t constants_before) {
    const uint32_t count = code_[i].argument;
    if (count > 0 && constants_before >= count && same_block(i - count, i)) {
      bytecode::TupleLiteral tuple;
      for (uint32_t item = i - count; item < i; ++item)
        tuple.items.push_back(constants_[code_[item].argument]);
      const uint32_t index = constants_.append({std::move(tuple)});
      remove(i - count, i);
      code_[i].opcode = Opcode::LOAD_CONST;
      code_[i].argument = index;
      code_[i].width = units_for(index);
      return;
    }
    if (i + 1 >= code_.size() || code_[i + 1].opcode != Opcode::UNPACK_SEQUENCE || !same_block(i, i + 1) ||
        code_[i + 1].argument != count || count > 3) {
      return;
    }
    remove(i, i + 2);
    const auto rotate = [&](uint32_t at, Opcode opcode) {
      code_[at].opcode = opcode;
      code_[at].argument = 0;
      code_[at].width = 1;
    };
    if (count == 2) rotate(i, Opcode::ROT_TWO);
    if (count == 3) rotate(i, Opcode::ROT_THREE), rotate(i + 1, Opcode::ROT_TWO);
  }

  /// Aims jump `i` at `target` if that fits its length.
  bool retarget(uint32_t i, uint32_t target) {
    const uint32_t units = units_for(2 * code_[target].offset);
    if (units > code_[i].width) return false;
    code_[i].target = static_cast<int32_t>(target);
    code_[i].width = units;
    return true;
  }

  /// A jump that keeps the tested value, to another conditional jump, whose outcome is then known:
  /// `a and b or c` goes on behind the second test, `(a and b) and c` where the second one would go.
  bool thread_conditional(uint32_t i) {
    const auto at = static_cast<uint32_t>(code_[i].target);
    const Opcode next = code_[at].opcode;
    if (!is_conditional(next)) return false;
    if (jumps_on_true(next) == jumps_on_true(code_[i].opcode)) {
      if (!retarget(i, static_cast<uint32_t>(code_[at].target))) return false;
      code_[i].opcode = next;
      code_[i].loop = code_[at].loop;
    } else {
      if (!retarget(i, at + 1)) return false;
      code_[i].opcode = jumps_on_true(code_[i].opcode) ? Opcode::POP_JUMP_IF_TRUE : Opcode::POP_JUMP_IF_FALSE;
    }
    return true;
  }

  void thread(uint32_t i) {
    const auto at = static_cast<uint32_t>(code_[i].target);
    const Opcode next = code_[at].opcode;
    if (is_unconditional(code_[i].opcode) && next == Opcode::RETURN_VALUE) {
      code_[i] = {.opcode = Opcode::RETURN_VALUE,
                  .listing_line = code_[i].listing_line,
                  .position = code_[i].position,
                  .offset = code_[i].offset};
    } else if (is_unconditional(next) && retarget(i, static_cast<uint32_t>(code_[at].target))) {
      if (code_[i].opcode == Opcode::JUMP_FORWARD) code_[i].opcode = Opcode::JUMP_ABSOLUTE;
      code_[i].loop = code_[at].loop;
    }
  }

  std::vector<AssemblerInstruction>& code_;
  ConstantTable& constants_;
  std::vector<uint32_t> blocks_;  ///< Number of the basic block of each instruction.
  uint32_t constants_in_row_ = 0;
};

}  // namespace

void optimize_peepholes(InstructionList& list, ConstantTable& constants) {
  Optimizer(list, constants).run();
}

}  // namespace mini::compile
