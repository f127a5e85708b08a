// Signals of the process: which machine they go to, and what its script does about them.
#pragma once

#include "interp/vm/machine.h"

namespace mini::vm {

constexpr int kSignalCount = 65;

/// While it lives, the machine is the one of this process that signals go to; SIGINT from the start, others once
/// a script asks for them. A handler only notes the number and wakes the main thread, which acts at its next switch
/// point or at the end of its wait. Non-copyable; one at a time.
class SignalScope {
 public:
  explicit SignalScope(Machine& machine);
  ~SignalScope();
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;
};

/// Whether signals go to this machine.
bool receives_signals(Machine&);
enum class SignalAction { kDefault, kIgnore, kDeliver };
/// What shall happen from now on; false with errno if the system refuses.
bool set_signal_action(int number, SignalAction action);
/// What happens now.
SignalAction signal_action(int number);
/// `_thread.interrupt_main`: as if the signal had come, unless it is ignored or has its default action (PyErr_SetInterruptEx,
/// CPython 3.13 Modules/signalmodule.c). A machine that signals do not go to can still be interrupted by SIGINT.
void simulate_signal(Machine&, int number);
/// Whether any came since take_signals() was called last. From any thread.
bool signals_arrived();
/// Those that came since the last call, a bit for each.
uint64_t take_signals();

}  // namespace mini::vm
