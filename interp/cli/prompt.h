// The prompt: statements typed one by one.
#pragma once

#include "interp/vm/machine.h"

namespace mini::cli {

/// Reads statements from standard input until its end or `exit()`; the exit status.
int run_prompt(vm::Machine& machine);

}  // namespace mini::cli
