// Where one thread may stop and another go on: the rules of CPython 3.9, 3.10 and 3.12 over 3.9's code, as
// pure functions, so that the loops, the listing and the explorer agree. Sources: Python/ceval.c of 3.9.18
// and 3.10.13, Python/bytecodes.c of 3.12.1 (also true of 3.11 and 3.13).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "interp/bytecode/code.h"

namespace mini::bytecode {

enum class SwitchModel : uint8_t {
  k39,
  k310,
  k312,    ///< Also 3.11 and 3.13.
  kEvery,  ///< After each instruction, which no CPython does.
};

/// The model of that name ("3.9", "3.10", "3.11", "3.12", "3.13", "every").
std::optional<SwitchModel> switch_model(std::string_view name);
std::string_view name(SwitchModel model);

/// How a thread came to the instruction that it is about to execute.
enum class Arrival : uint8_t {
  kCompleted,  ///< The instruction before it, in the same frame, completed.
  kEntered,    ///< A function, or a generator for the first time, was entered.
  kResumed,    ///< A generator was resumed; not by throw(), which arrives at a handler or nowhere.
  kHandler,    ///< An exception found a handler in this frame.
};

/// The point between two instructions of a thread. `next` is the unit there, so it may be EXTENDED_ARG.
struct Boundary {
  Arrival arrival = Arrival::kCompleted;
  Opcode previous = Opcode::NOP;  ///< What completed.
  Opcode next = Opcode::NOP;
  bool jumped = false;         ///< The previous instruction jumped
  bool backward = false;       ///< to a place before itself.
  bool tested_bool = false;    ///< What it tested was exactly True or False.
  bool script_callee = false;  ///< It called a function of a script, not a native.
  bool comprehension = false;  ///< The function entered is a list, set or dict comprehension.

  // The check of a natural back edge of `while` comes after the condition, in 3.10 and 3.12 (WhileTracker).
  bool back_edge = false;   ///< The previous instruction was such a back edge.
  bool body_again = false;  ///< After one, the condition came out true.
  bool exit_again = false;  ///< After one, the last test of the condition came out false.
};

/// Whether the model needs a WhileTracker.
constexpr bool follows_loops(SwitchModel model) { return model == SwitchModel::k310 || model == SwitchModel::k312; }

/// Whether the model lets another thread take over at this point.
bool may_switch(SwitchModel model, const Boundary& boundary);

/// The same rule for the points behind one instruction that completed and before the next one of its frame, as far as no
/// `while` loop has a say: looked up, for those who ask at each instruction.
struct SwitchRow {
  std::uint16_t cases = 0;  ///< behind this instruction: a bit for each case_of()
  bool is_late = false;     ///< as the next instruction, it decides as well
  bool tests = false;       ///< whether what it tests is exactly True or False decides

  static unsigned case_of(bool next_is_late, bool jumped, bool backward, bool tested_bool) {
    return unsigned{next_is_late} << 3 | unsigned{backward} << 2 | unsigned{jumped} << 1 | unsigned{tested_bool};
  }
  bool may_switch(bool next_is_late, bool jumped, bool backward, bool tested_bool) const {
    return cases >> case_of(next_is_late, jumped, backward, tested_bool) & 1;
  }
};
SwitchRow switch_row(SwitchModel model, Opcode opcode);

/// Follows one frame around its `while` loops; see follows_loops().
class WhileTracker {
 public:
  /// Tells of a completed instruction: its index, and that of the next one. Fills in the boundary's last
  /// three.
  void advance(const Code& code, uint32_t index, uint32_t next, Boundary& boundary);
  /// After an exception, which leaves the condition in any case.
  void reset() { edge_ = nullptr; }

 private:
  const WhileBackEdge* edge_ = nullptr;  ///< The edge whose check is due when the body is reached.
};

enum class SwitchAnswer : uint8_t { kNo, kYes, kConditional };

/// What can be said without running: whether a switch may fall between the instruction and the next one
/// executed (in a callee, for a call). kConditional: it depends on the value at hand, the way taken, or the
/// instruction there.
SwitchAnswer switch_after(SwitchModel model, const Code& code, const Instruction& instruction);

}  // namespace mini::bytecode
