// The handler of SIGINT.
#include "interp/cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace mini::cli {
namespace {

// A signal handler has nothing else to go by. The only mutable global of the program, and the process's like the signal.
std::atomic<sched::Runner*> interrupted_runner{nullptr};

void on_interrupt(int) {
  if (sched::Runner* runner = interrupted_runner.load()) runner->interrupt();
}

}  // namespace

InterruptScope::InterruptScope(vm::Machine& machine) {
  interrupted_runner.store(&machine.runner());
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // without SA_RESTART: a blocking call shall come back
  sigemptyset(&action.sa_mask);
  // Who starts a program with SIGINT ignored (nohup, a shell's `&`) means it.
  struct sigaction before {};
  sigaction(SIGINT, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGINT, &action, nullptr);
}

InterruptScope::~InterruptScope() {
  interrupted_runner.store(nullptr);
}

}  // namespace mini::cli
