// The breaker: what happens between two instructions once somebody wants the thread's attention.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

enum class BreakerAnswer : uint8_t {
  kContinue,  ///< run the instruction at hand
  kReload,    ///< another frame is on top now
  kSwitch,    ///< another thread's turn
  kPause,     ///< the run stops here for now
  kRaise,     ///< an exception is pending (KeyboardInterrupt)
};

/// Looks before the instruction at thread.frame->pc: finalisers that wait, whether this is a switch point under the
/// machine's model, whether the thread has to give way, an interrupt. In the observed loop this runs before each
/// instruction, else only after a request. `saved` is what frame->pc was before: behind a return, the call.
BreakerAnswer before_instruction(ThreadState&, const Instr* saved);

/// Tells the observers of an observed machine that the instruction at thread.frame->pc runs now.
void show_running(ThreadState&);

}  // namespace mini::vm
