// The listing of code objects, in the layout of CPython 3.9's `dis`, with the switch points of a model.
#pragma once

#include <optional>
#include <string>

#include "interp/bytecode/code.h"
#include "interp/bytecode/switch_points.h"

namespace mini::bytecode {

/// The listing of `code` and, below it, of all code objects in its constants (dis.dis). Code objects are
/// shown without an address. With a model, an instruction after which a thread switch may fall has `|` behind
/// it, and `?` if that depends on the value at hand or on what comes next.
std::string disassemble(const Code& code, std::optional<SwitchModel> model);

/// What the instruction's argument means: `x` of `LOAD_GLOBAL 0 (x)`; empty if there is nothing to say.
std::string meaning(const Code& code, const Instruction& instruction);

}  // namespace mini::bytecode
