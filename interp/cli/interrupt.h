// Ctrl-C: the handler of SIGINT only tells the machine.
#pragma once

#include "interp/vm/machine.h"

namespace mini::cli {

/// While it lives, SIGINT interrupts this machine's main thread. One at a time.
class InterruptScope {
 public:
  explicit InterruptScope(vm::Machine& machine);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

}  // namespace mini::cli
