// The parts of the module `builtins`, by topic.
#pragma once

#include "interp/modules/support.h"

namespace mini::modules {

extern const std::span<const NativeDefinition> kNumberFunctions;     // builtins_numbers.cpp
extern const std::span<const NativeDefinition> kIterationFunctions;  // builtins_iteration.cpp
extern const std::span<const NativeDefinition> kObjectFunctions;     // builtins_objects.cpp
extern const std::span<const NativeDefinition> kNamespaceFunctions;  // builtins_namespaces.cpp
extern const std::span<const NativeDefinition> kOutputFunctions;     // builtins_output.cpp

/// enumerate, zip, map, filter; and how reversed() is called.
Result<void> define_lazy_iterators(Heap&);

/// list[int], int | None: what annotations ask of types when they are evaluated.
Result<void> define_annotations(Heap&);

/// object.__reduce__ and what belongs to it.
Result<void> define_reduction(Heap&);

extern const NativeDefinition kMakeSuper;

}  // namespace mini::modules
