// What is said when no thread can ever run again.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

/// "deadlock: no thread can run", then a line for each thread: where it waits, for what, who holds that.
std::string describe_deadlock(Machine&);

}  // namespace mini::vm
