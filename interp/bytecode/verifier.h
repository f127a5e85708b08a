// Checks a code object before anything runs it: the evaluation loop trusts what is checked here.
#pragma once

#include <cstdint>
#include <string>

#include "interp/bytecode/code.h"

namespace mini::bytecode {

/// `error` is empty if the code is sound: every operand in range, every jump to the start of an instruction,
/// no way off the end, and on all ways that lead to an instruction the same height of the stack and the same
/// open blocks.
struct Verification {
  std::string error;
  uint32_t stack_size = 0;  ///< Highest the stack can get; handlers included.
  uint32_t block_depth =
      0;  ///< Most blocks open at once; the handler that an exception turns a block into counts.
};

Verification verify(const Code& code);

}  // namespace mini::bytecode
