// --step: the stepper's terminal.
#pragma once

#include <string>

#include "interp/cli/recording.h"

namespace mini::cli {

/// Leads a run by commands: typed ones, or the lines of `commands_file` unless that is empty. The exit status: the
/// script's, or 2 if a command of the file was wrong.
int run_stepper(const Script& script, vm::Options options, const std::string& commands_file);

}  // namespace mini::cli
