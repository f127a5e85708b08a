// The pieces of `_collections`.
#pragma once

#include "interp/modules/support.h"

namespace mini::modules {

Result<void> define_deque(Heap&);
Result<void> define_special_dicts(Heap&);

}  // namespace mini::modules
