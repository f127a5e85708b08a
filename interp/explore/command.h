// `mini explore [OPTIONS] FILE`.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "interp/vm/machine.h"

namespace mini::explore {

/// Runs the command. `options` has the library and the switch points of the command line; `arguments` is what follows the
/// word. Answers the exit status.
/// `only_races`: the command is `races`.
int command(const vm::Options& options, const std::vector<std::string>& arguments, bool only_races = false);

}  // namespace mini::explore
