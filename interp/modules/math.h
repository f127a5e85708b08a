// The module `math` in two files.
#pragma once

#include "interp/modules/modules.h"

namespace mini::modules {

/// Adds those functions that stand in math_special.cpp.
Result<void> add_special_functions(Machine&, Module* math);

}  // namespace mini::modules
