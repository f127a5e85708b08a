// The prompt: statements typed one by one.
#pragma once

#include "interp/vm/machine.h"

namespace mini::cli {

/// Reads statements from standard input until its end or `exit()`; the exit status. With a source (-i FILE), that is run
/// first.
int run_prompt(vm::Machine& machine, const std::string& filename = {}, std::string source = {});

}  // namespace mini::cli
