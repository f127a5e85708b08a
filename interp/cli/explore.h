// `mini explore [OPTIONS] FILE` and `mini races [OPTIONS] FILE`.
#pragma once

#include <string>
#include <vector>

#include "interp/vm/machine.h"

namespace mini::cli {

/// Runs the command. `options` has the library and the switch points of the command line; `arguments` is what follows the
/// word. Answers the exit status.
/// `only_races`: the command is `races`.
int run_explorer(const vm::Options& options, const std::vector<std::string>& arguments, bool only_races);

}  // namespace mini::cli
