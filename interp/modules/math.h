// The module `math` in two files.
#pragma once

#include "interp/modules/modules.h"
#include "interp/modules/support.h"

namespace mini::modules {

inline Raised raise_domain(Heap& heap) { return heap.raise_text(BuiltinType::kValueError, "math domain error"); }
inline Raised raise_range(Heap& heap) { return heap.raise_text(BuiltinType::kOverflowError, "math range error"); }

/// Adds those functions that stand in math_special.cpp.
Result<void> add_special_functions(Machine&, Module* math);

}  // namespace mini::modules
