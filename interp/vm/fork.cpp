// See fork.h. What becomes of threads and the GIL is sched::Runner::forked().
#include "interp/vm/fork.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "interp/vm/deadlock.h"
#include "interp/vm/native.h"
#include "interp/vm/signals.h"

namespace mini::vm {

namespace {

/// CPython words it so for an isolated interpreter (3.13 Modules/posixmodule.c, os_fork_impl).
constexpr const char* kNotMainInterpreter = "fork not supported for isolated subinterpreters";

}  // namespace

Result<void> check_can_fork(ThreadState& thread) {
  Machine& machine = *thread.machine;
  if (machine.options().is_worker) return thread.heap->raise_text(BuiltinType::kRuntimeError, kNotMainInterpreter);
  const char* obstacle = machine.runner().why_no_fork(thread);
  if (machine.options().host) obstacle = "this VM is part of another program";
  if (machine.options().pause_at_exit) obstacle = "a run that is explored or stepped is one process";
  if (obstacle) return thread.heap->raise(BuiltinType::kRuntimeError, "cannot fork: {}", obstacle);
  return {};
}

Result<int64_t> fork_process(ThreadState& thread) {
  Machine& machine = *thread.machine;
  Heap& heap = machine.heap();
  MINI_TRY(check_can_fork(thread));
  std::fflush(nullptr);  // traces and reports: what waits there is written once
  const pid_t process = ::fork();
  if (process < 0) return raise_os_error(heap, errno);
  if (process == 0) machine.forked(thread);
  return static_cast<int64_t>(
      machine.runner().outside_number(sched::Outside::Result, [&] { return static_cast<int64_t>(process); }));
}

void Machine::forked(ThreadState& thread) {
  is_forked_ = true;
  if (&thread != state_->main) {
    state_->main = &thread;
    state_->main_was_thread = true;
    work_ = nullptr;
  }
  state_->main_is_over = false;
  if (receives_signals(*this)) static_cast<void>(take_signals());  // they were for the parent
  runner_->forked(thread);
}

void Machine::thread_lost(sched::Thread& scheduled) {
  auto& thread = static_cast<ThreadState&>(scheduled);
  if (thread.locks_held > 0) remember_dead_owner(*this, thread);
  state_->abandoned.push_back(thread);
}

void Machine::end_process(sched::Outcome outcome) {
  const int status = status_of(outcome);
  std::fflush(nullptr);
  if (interrupted_) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  std::_Exit(status);
}

}  // namespace mini::vm
