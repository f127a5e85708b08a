// The module `_signal`. Its names for numbers stand in prelude/signal.
#include <sys/time.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstring>

#include "interp/modules/modules.h"
#include "interp/modules/thread.h"
#include "interp/vm/outside.h"
#include "interp/vm/signals.h"
#include "runtime/object/exception.h"

namespace mini::modules {
namespace {

constexpr int64_t kDefault = 0, kIgnore = 1;  // SIG_DFL, SIG_IGN as scripts see them

Result<int> number_argument(Heap& heap, Value value) {
  const int64_t number = MINI_TRY(to_int64(heap, value));
  if (number < 1 || number >= kSignalCount)
    return heap.raise_text(BuiltinType::kValueError, "signal number out of range");
  return static_cast<int>(number);
}

/// What scripts gave, by number.
Result<List*> handlers(Machine& machine) {
  List*& list = machine.state().signal_handlers;
  if (list) return list;
  Ref<List> made = MINI_TRY(make_list(machine.heap(), kSignalCount));
  for (; made->length < kSignalCount; ++made->length) made->items[made->length] = kUnbound;
  return list = made.release();
}

/// `signal.default_int_handler`, as the module has it.
Result<Ref<Value>> default_interrupt_handler(Machine& machine) {
  Ref<Str> module = MINI_TRY(machine.heap().intern("_signal"));
  Ref<Str> name = MINI_TRY(machine.heap().intern("default_int_handler"));
  const Value found = get_name(machine.state().modules, module.get());
  if (!has_kind(found, BuiltinType::kModule)) return none();
  return Ref<Value>::share(get_name(static_cast<Module*>(found.as_object())->dict, name.get()));
}

Result<Ref<Value>> current_handler(Machine& machine, int number) {
  const List* list = machine.state().signal_handlers;
  if (list && !list->items[number].is_unbound()) return Ref<Value>::share(list->items[number]);
  switch (signal_action(number)) {
    case SignalAction::kDefault:
      return unboxed(Value::integer(kDefault));
    case SignalAction::kIgnore:
      return unboxed(Value::integer(kIgnore));
    case SignalAction::kDeliver:
      break;
  }
  return number == SIGINT ? default_interrupt_handler(machine) : none();
}

Result<Ref<Value>> getsignal(Call& call) {
  return current_handler(Machine::of(call.heap), MINI_TRY(number_argument(call.heap, call[0])));
}

Result<Ref<Value>> set_signal(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  Machine& machine = *thread.machine;
  if (&thread != machine.state().main || !receives_signals(machine))
    return heap.raise_text(BuiltinType::kValueError, "signal only works in main thread of the main interpreter");
  const int number = MINI_TRY(number_argument(heap, call[0]));
  SignalAction action = SignalAction::kDeliver;
  Ref<Value> handler = Ref<Value>::share(call[1]);
  if (is_any_int(handler)) {
    const int64_t given = MINI_TRY(to_int64(heap, handler));
    action = given == kIgnore ? SignalAction::kIgnore : SignalAction::kDefault;
    handler = Ref<Value>::adopt(Value::integer(given));
    if (given != kIgnore && given != kDefault) handler = Ref<Value>::adopt(kNone);
  }
  if (action == SignalAction::kDeliver ? !is_callable(heap, handler) : handler.get().is_none())
    return heap.raise_text(BuiltinType::kTypeError,
                           "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
  Ref<Value> before = MINI_TRY(current_handler(machine, number));
  List* list = MINI_TRY(handlers(machine));
  if (!set_signal_action(number, action)) return raise_os_error(heap, errno);
  decref(std::exchange(list->items[number], handler.release()));
  return before;
}

Result<Ref<Value>> default_int_handler(Call& call) { return raise_bare(call.heap, BuiltinType::kKeyboardInterrupt); }

/// After a signal was sent to this very process: its handler runs before the call is over, as in CPython.
Result<Ref<Value>> after_sending(Call& call) {
  ThreadState& thread = thread_of(call);
  if (&thread == thread.machine->state().main && thread.machine->handle_interrupt(thread)) return raised;
  return none();
}
Result<Ref<Value>> raise_signal(Call& call) {
  const int number = static_cast<int>(MINI_TRY(to_int64(call.heap, call[0])));
  // In a replay it comes when it came.
  if (!repeats_outside(*thread_of(call).machine) && ::raise(number) != 0) return raise_os_error(call.heap, EINVAL);
  return after_sending(call);
}
Result<Ref<Value>> pthread_kill(Call& call) {
  // There is one receiver for the whole process: the main thread.
  const int number = static_cast<int>(MINI_TRY(to_int64(call.heap, call[1])));
  if (!repeats_outside(*thread_of(call).machine) && ::kill(::getpid(), number) != 0) return raise_os_error(call.heap, errno);
  return after_sending(call);
}

/// Nobody else can wake a thread that waits for signals only.
Result<Ref<Value>> pause(Call& call) {
  ThreadState& thread = thread_of(call);
  if (take_phase(thread) == 0) {
    static_cast<void>(MINI_TRY(handlers(*thread.machine)));  // which tells that this is no deadlock
    return wait_until(call, 1, nullptr, sched::kNever, sched::WaitKind::Sleep, nullptr);
  }
  if (interrupted(thread)) return raised;
  return none();
}

Result<Ref<Value>> alarm(Call& call) {
  const int64_t seconds = MINI_TRY(to_int64(call.heap, call[0]));
  return unboxed(Value::integer(::alarm(static_cast<unsigned>(std::clamp<int64_t>(seconds, 0, UINT32_MAX)))));
}

Result<timeval> interval_argument(Heap& heap, Value value) {
  const double seconds = value.is_unbound() ? 0.0 : MINI_TRY(to_double(heap, value));
  if (!(seconds >= 0 && seconds < 1e15)) return raise_os_error(heap, EINVAL);
  const double whole = std::floor(seconds);
  timeval time{static_cast<time_t>(whole), static_cast<suseconds_t>(std::ceil((seconds - whole) * 1e6))};
  if (time.tv_usec >= 1000000) time = {time.tv_sec + 1, 0};
  return time;
}
Result<Ref<Value>> pair_of(Heap& heap, const itimerval& timer) {
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  Ref<Value> first = MINI_TRY(make_float(heap, seconds(timer.it_value)));
  Ref<Value> second = MINI_TRY(make_float(heap, seconds(timer.it_interval)));
  const Value items[] = {first, second};
  return widen(make_tuple(heap, items, 2));
}
Result<Ref<Value>> setitimer(Call& call) {
  const int64_t which = MINI_TRY(to_int64(call.heap, call[0]));
  itimerval timer{}, before{};
  timer.it_value = MINI_TRY(interval_argument(call.heap, call[1]));
  timer.it_interval = MINI_TRY(interval_argument(call.heap, call[2]));
  if (::setitimer(static_cast<__itimer_which_t>(which), &timer, &before) != 0)
    return raise_os_error(call.heap, errno);
  return pair_of(call.heap, before);
}
Result<Ref<Value>> getitimer(Call& call) {
  const int64_t which = MINI_TRY(to_int64(call.heap, call[0]));
  itimerval timer{};
  if (::getitimer(static_cast<__itimer_which_t>(which), &timer) != 0) return raise_os_error(call.heap, errno);
  return pair_of(call.heap, timer);
}
Result<Ref<Value>> strsignal(Call& call) {
  const char* text_of = ::strsignal(MINI_TRY(number_argument(call.heap, call[0])));
  return text(call.heap, text_of ? text_of : "");
}
Result<Ref<Value>> siginterrupt(Call& call) {
  static_cast<void>(MINI_TRY(number_argument(call.heap, call[0])));  // calls are always interrupted
  return none();
}

constexpr NativeDefinition kSignalFunctions[] = {
    {"_signal.signal(signalnum, handler, /)", set_signal},
    {"_signal.getsignal(signalnum, /)", getsignal},
    {"_signal.default_int_handler(signalnum, frame, /)", default_int_handler},
    {"_signal.raise_signal(signalnum, /)", raise_signal},
    {"_signal.pthread_kill(thread_id, signalnum, /)", pthread_kill},
    {"_signal.pause()", pause},
    {"_signal.alarm(seconds, /)", alarm},
    {"_signal.setitimer(which, seconds, interval=0.0, /)", setitimer},
    {"_signal.getitimer(which, /)", getitimer},
    {"_signal.strsignal(signalnum, /)", strsignal},
    {"_signal.siginterrupt(signalnum, flag, /)", siginterrupt},
};

struct NamedNumber {
  const char* name;
  int number;
};
constexpr NamedNumber kSignalNumbers[] = {
    {"SIGHUP", SIGHUP},   {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT}, {"SIGILL", SIGILL},     {"SIGTRAP", SIGTRAP},
    {"SIGABRT", SIGABRT}, {"SIGBUS", SIGBUS},   {"SIGFPE", SIGFPE},   {"SIGKILL", SIGKILL},   {"SIGUSR1", SIGUSR1},
    {"SIGSEGV", SIGSEGV}, {"SIGUSR2", SIGUSR2}, {"SIGPIPE", SIGPIPE}, {"SIGALRM", SIGALRM},   {"SIGTERM", SIGTERM},
    {"SIGSTKFLT", SIGSTKFLT}, {"SIGCHLD", SIGCHLD}, {"SIGCONT", SIGCONT}, {"SIGSTOP", SIGSTOP}, {"SIGTSTP", SIGTSTP},
    {"SIGTTIN", SIGTTIN}, {"SIGTTOU", SIGTTOU}, {"SIGURG", SIGURG},   {"SIGXCPU", SIGXCPU},   {"SIGXFSZ", SIGXFSZ},
    {"SIGVTALRM", SIGVTALRM}, {"SIGPROF", SIGPROF}, {"SIGWINCH", SIGWINCH}, {"SIGIO", SIGIO}, {"SIGPWR", SIGPWR},
    {"SIGSYS", SIGSYS},   {"ITIMER_REAL", ITIMER_REAL}, {"ITIMER_VIRTUAL", ITIMER_VIRTUAL}, {"ITIMER_PROF", ITIMER_PROF},
    {"NSIG", kSignalCount},
};

}  // namespace

Result<void> fill_signal(Machine& machine, Module* module) {
  for (const NamedNumber& each : kSignalNumbers) MINI_TRY(add_integer(machine, module, each.name, each.number));
  return add_functions(machine, module, kSignalFunctions);
}

}  // namespace mini::modules
