// Follows all ways through the code, with the height of the stack and the open blocks at each instruction.
#include "interp/bytecode/verifier.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace mini::bytecode {

namespace {

/// An open block. A handler is what an exception makes of a block: it has the six values on the stack, and
/// POP_EXCEPT closes it.
struct Block {
  int level;  ///< Height of the stack below it.
  bool handler;
  bool operator==(const Block&) const = default;
};

struct State {
  int height = 0;
  std::vector<Block> blocks;
  bool operator==(const State&) const = default;
};

class Verifier {
 public:
  explicit Verifier(const Code& code) : code_(code), size_(static_cast<uint32_t>(code.units.size())) {}

  Verification run() {
    if (!find_instructions()) return std::move(result_);
    reach(0, {});
    while (result_.error.empty() && !pending_.empty()) {
      const uint32_t start = pending_.back();
      pending_.pop_back();
      execute(decode(code_.units, start), *states_[start]);
    }
    return std::move(result_);
  }

 private:
  void fail(uint32_t index, const std::string& message) {
    if (!result_.error.empty()) return;
    result_.error = "offset " + std::to_string(2 * index);
    if (index < size_) result_.error += " (" + std::string(name(code_.units[index].opcode)) + ")";
    result_.error += ": " + message;
  }

  /// Checks what does not depend on the way to an instruction, also where no way leads.
  bool find_instructions() {
    starts_.assign(size_, false);
    states_.resize(size_);
    if (size_ == 0) fail(0, "no instructions");
    if (code_.positions.empty() || code_.positions[0].start != 0) fail(0, "no position");
    for (uint32_t i = 0; i < size_ && result_.error.empty();) {
      starts_[i] = true;
      const Instruction instruction = decode(code_.units, i);
      if (!is_opcode(static_cast<uint8_t>(instruction.opcode))) fail(instruction.index, "unknown opcode");
      if (instruction.opcode == Opcode::EXTENDED_ARG) fail(i, "nothing to extend");
      if (!has_argument(instruction.opcode) && instruction.argument != 0)
        fail(instruction.index, "has an argument");
      check_operand(instruction);
      i = instruction.next();
    }
    return result_.error.empty();
  }

  void check_operand(const Instruction& instruction) {
    const uint32_t n = instruction.argument;
    const auto below = [&](size_t limit) {
      if (n >= limit)
        fail(instruction.index, "argument " + std::to_string(n) + " of " + std::to_string(limit));
    };
    switch (info(instruction.opcode).operand) {
      case Operand::Constant:
        return below(code_.constants.size());
      case Operand::Name:
        return below(code_.names.size());
      case Operand::Local:
        return below(code_.varnames.size());
      case Operand::Cell:
        return below(code_.cellvars.size() + code_.freevars.size());
      case Operand::Compare:
        return below(kCompareOperators.size());
      case Operand::Format:
        return below(2 * kSpecification);
      case Operand::Function:
        return below(2 * kClosure);
      case Operand::Relative:
      case Operand::Absolute:
        if (n % 2 != 0) fail(instruction.index, "odd target");
        return;
      case Operand::Number:
        if (instruction.opcode == Opcode::IS_OP || instruction.opcode == Opcode::CONTAINS_OP) below(2);
        if (instruction.opcode == Opcode::RAISE_VARARGS) below(3);
        if (instruction.opcode == Opcode::BUILD_SLICE && n != 2 && n != 3)
          fail(instruction.index, "not 2 or 3");
        if (n > 0x7fffffff) fail(instruction.index, "argument too large");
        return;
      case Operand::Depth:
      case Operand::None:
        return;
    }
  }

  void reach(uint32_t index, const State& state) {
    if (index >= size_) return fail(size_ - 1, "runs off the end");
    if (!starts_[index]) return fail(index, "is jumped into");
    result_.stack_size = std::max(result_.stack_size, static_cast<uint32_t>(state.height));
    result_.block_depth = std::max(result_.block_depth, static_cast<uint32_t>(state.blocks.size()));
    if (!states_[index]) {
      states_[index] = state;
      pending_.push_back(index);
    } else if (states_[index]->height != state.height) {
      fail(index,
           "stack height " + std::to_string(states_[index]->height) + " or " + std::to_string(state.height));
    } else if (*states_[index] != state) {
      fail(index, "different blocks are open");
    }
  }

  void execute(const Instruction& instruction, State state) {
    const State before = state;
    const OpcodeInfo& what = info(instruction.opcode);
    if (instruction.opcode == Opcode::POP_BLOCK || instruction.opcode == Opcode::POP_EXCEPT) {
      const bool handler = instruction.opcode == Opcode::POP_EXCEPT;
      if (state.blocks.empty() || state.blocks.back().handler != handler) {
        return fail(instruction.index, handler ? "no handler is open" : "no block is open");
      }
      if (handler && state.height < state.blocks.back().level + 3) {  // above it may be a value to return
        return fail(instruction.index, "the handled exception is gone");
      }
      state.blocks.pop_back();
    }
    if (what.flow != Flow::Goto && !step(instruction, false, state)) return;
    if (falls_through(instruction.opcode)) {
      if (what.flow == Flow::Opens) {
        // SETUP_WITH keeps __exit__ below the block and puts what __enter__ returned above it.
        const int level = state.height - (instruction.opcode == Opcode::SETUP_WITH ? 1 : 0);
        state.blocks.push_back({level, false});
      }
      reach(instruction.next(), state);
    }
    if (!is_jump(instruction.opcode)) return;
    State there = before;
    if (!step(instruction, true, there)) return;
    if (what.flow == Flow::Opens) there.blocks.push_back({there.height - 6, true});
    reach(instruction.target(), there);
  }

  bool step(const Instruction& instruction, bool jump, State& state) {
    const StackEffect effect = stack_effect(instruction.opcode, instruction.argument, jump);
    const int floor = state.blocks.empty() ? 0 : state.blocks.back().level;
    const bool reads_below =
        instruction.opcode == Opcode::WITH_EXCEPT_START;  // __exit__, under the handler's values
    if (state.height - effect.pops < (reads_below ? 0 : floor)) {
      fail(instruction.index,
           "takes " + std::to_string(effect.pops) + " values of " + std::to_string(state.height - floor));
      return false;
    }
    if (info(instruction.opcode).operand == Operand::Depth) {
      const int left = state.height - effect.pops - floor;
      if (instruction.argument < 1 || instruction.argument > static_cast<uint32_t>(std::max(left, 0))) {
        fail(instruction.index,
             "reaches for value " + std::to_string(instruction.argument) + " of " + std::to_string(left));
        return false;
      }
    }
    state.height += effect.change();
    return true;
  }

  const Code& code_;
  const uint32_t size_;
  Verification result_;
  std::vector<bool> starts_;
  std::vector<std::optional<State>> states_;
  std::vector<uint32_t> pending_;
};

}  // namespace

Verification verify(const Code& code) {
  return Verifier(code).run();
}

}  // namespace mini::bytecode
