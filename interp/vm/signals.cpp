#include "interp/vm/signals.h"

#include <atomic>
#include <csignal>

#include "interp/vm/calls.h"
#include "interp/vm/unwind.h"

namespace mini::vm {
namespace {

// A signal handler has nothing else to go by. The only mutable globals of the program, and the process's like signals.
std::atomic<sched::Runner*> receiver{nullptr};
std::atomic<uint64_t> arrived{0};

void on_signal(int number) {
  arrived.fetch_or(uint64_t{1} << (number - 1));
  if (sched::Runner* runner = receiver.load()) runner->interrupt();
}

/// What the script gave for a signal, borrowed; kUnbound: nothing.
Value handler_of(const MachineState& state, int number) {
  return state.signal_handlers ? state.signal_handlers->items[number] : kUnbound;
}

Result<void> raise_interrupt(Heap& heap) {
  Ref<Tuple> no_arguments = MINI_TRY(make_tuple(heap, 0));
  return heap.raise_object(
      MINI_TRY(make_exception(heap, heap.type(BuiltinType::kKeyboardInterrupt), std::move(no_arguments))));
}

Result<void> handle(ThreadState& thread, int number) {
  Heap& heap = *thread.heap;
  Ref<Value> handler = Ref<Value>::share(handler_of(thread.machine->state(), number));
  if (handler.get().is_unbound()) return number == SIGINT ? raise_interrupt(heap) : Result<void>();
  if (!handler.get().is_object()) return {};  // SIG_DFL or SIG_IGN since
  Frame* frame = thread.frame;
  while (frame && (frame->is_native || frame->code->has(bytecode::kPrelude))) frame = frame->back;
  Ref<Value> shown = Ref<Value>::adopt(kNone);
  if (frame) shown = MINI_TRY(frame_object(thread, frame));
  const Value arguments[] = {Value::integer(number), shown};
  static_cast<void>(MINI_TRY(call_nested(heap, handler, arguments, 2)));
  return {};
}

}  // namespace

SignalScope::SignalScope(Machine& machine) {
  receiver.store(&machine.runner());
  // Who starts a program with SIGINT ignored (nohup, a shell's `&`) means it.
  if (signal_action(SIGINT) != SignalAction::kIgnore) set_signal_action(SIGINT, SignalAction::kDeliver);
}
SignalScope::~SignalScope() { receiver.store(nullptr); }

bool receives_signals(Machine& machine) { return receiver.load() == &machine.runner(); }

bool set_signal_action(int number, SignalAction what) {
  struct sigaction action {};
  action.sa_handler = what == SignalAction::kDefault ? SIG_DFL : what == SignalAction::kIgnore ? SIG_IGN : on_signal;
  sigemptyset(&action.sa_mask);  // and no SA_RESTART: a blocking call shall come back
  return ::sigaction(number, &action, nullptr) == 0;
}

SignalAction signal_action(int number) {
  struct sigaction action {};
  if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_DFL) return SignalAction::kDefault;
  return action.sa_handler == SIG_IGN ? SignalAction::kIgnore : SignalAction::kDeliver;
}

void simulate_signal(Machine& machine, int number) {
  sched::Runner& runner = machine.runner();
  const bool delivered = runner.outside_number(sched::Outside::Other, [&] {
    return receives_signals(machine) ? signal_action(number) == SignalAction::kDeliver : number == SIGINT;
  });
  if (!delivered) return;
  if (receives_signals(machine)) arrived.fetch_or(uint64_t{1} << (number - 1));
  runner.interrupt();
}

bool signals_arrived() { return arrived.load() != 0; }
uint64_t take_signals() { return arrived.exchange(0); }

bool Machine::handle_interrupt(ThreadState& thread) {
  if (!runner_->take_interrupt()) return false;
  auto signals = static_cast<uint64_t>(runner_->outside_number(sched::Outside::Other, [&] {
    return receives_signals(*this) ? static_cast<int64_t>(take_signals()) : 0;
  }));
  if (signals == 0) signals = uint64_t{1} << (SIGINT - 1);  // somebody called Runner::interrupt()
  for (int number = 1; number < kSignalCount; ++number) {
    if (!(signals >> (number - 1) & 1)) continue;
    if (handle(thread, number).ok()) continue;
    // Those behind it come next time.
    const uint64_t rest = number < 64 ? signals >> number << number : 0;
    if (rest != 0) {
      arrived.fetch_or(rest);
      runner_->interrupt();
    }
    return true;
  }
  return false;
}

}  // namespace mini::vm
