// --stats: where threads were switched.
#pragma once

#include "interp/vm/machine.h"

namespace mini::cli {

/// A table on stderr: hand-overs, and forced switches by the visible instruction after which they fell.
void print_statistics(vm::Machine& machine, bool as_json);

}  // namespace mini::cli
