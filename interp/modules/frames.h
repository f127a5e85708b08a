// Frames as the module `sys` shows them.
#pragma once

#include "interp/modules/support.h"

namespace mini::modules {

extern const std::span<const NativeDefinition> kFrameFunctions;  ///< sys._getframe and its kin

}  // namespace mini::modules
