// What natives of the machine's own layer see: the thread, and how to wait or call without staying on the C++ stack.
#pragma once

#include <span>

#include "interp/vm/machine.h"

namespace mini::vm {

/// A native may answer `kSuspended` after asking for something with these; it is then called again, with the same
/// arguments, in the phase it named. Phase 0 is the first call.
inline Result<Ref<Value>> suspended() { return Ref<Value>::adopt(kSuspended); }

inline ThreadState& thread_of(Call& call) { return Machine::of(call.heap).current(); }

/// The phase of this call, and forgets it.
inline uint32_t take_phase(ThreadState& thread) { return std::exchange(thread.suspension.phase, 0); }

/// The native's bound arguments, kept for its next phase. False after raising MemoryError.
bool keep_arguments(Call& call);

/// Blocks the thread on `queue` (null: sleeps) until it is woken or `deadline`; then the native is called in `phase`,
/// with Thread::wake_reason set.
inline Result<Ref<Value>> wait_on(Call& call, uint32_t phase, sched::WaitQueue* queue, sched::Time deadline,
                                  sched::WaitKind kind, const void* target = nullptr) {
  if (!keep_arguments(call)) return raised;
  ThreadState& thread = thread_of(call);
  thread.suspension.kind = Suspension::kWait;
  thread.suspension.phase = phase;
  thread.machine->runner().wait(thread, queue, deadline, kind, target);
  return suspended();
}

/// Calls `function` with up to four arguments without recursion; the native is then called in `phase` and finds the
/// result with take_result(). What the function raises, goes past the native.
inline Result<Ref<Value>> call_then(Call& call, uint32_t phase, Value function,
                                    std::initializer_list<Value> arguments) {
  if (!keep_arguments(call)) return raised;
  Suspension& suspension = thread_of(call).suspension;
  suspension.kind = Suspension::kCall;
  suspension.phase = phase;
  suspension.callable = function;
  incref(function);
  suspension.argument_count = 0;
  for (Value argument : arguments) {
    incref(argument);
    suspension.arguments[suspension.argument_count++] = argument;
  }
  return suspended();
}
/// The same for any number of arguments.
inline Result<Ref<Value>> call_unpacked_then(Call& call, uint32_t phase, Value function, Ref<Tuple> arguments,
                                             Ref<Dict> keywords) {
  if (!keep_arguments(call)) return raised;
  Suspension& suspension = thread_of(call).suspension;
  suspension.kind = Suspension::kCallUnpacked;
  suspension.phase = phase;
  suspension.callable = function;
  incref(function);
  suspension.argument_count = 2;
  suspension.arguments[0] = Value(arguments.release());
  suspension.arguments[1] = Value(keywords.release());
  return suspended();
}
/// Lets `generator` go on with `sent` (owned; kUnbound at the first start), likewise. The native is called in `phase` when
/// the generator has returned, in the next one when it has yielded; take_result() has what.
inline Result<Ref<Value>> resume_then(Call& call, uint32_t phase, Generator* generator, Value sent) {
  if (!keep_arguments(call)) {
    decref(sent);
    return raised;
  }
  Suspension& suspension = thread_of(call).suspension;
  suspension.kind = Suspension::kResume;
  suspension.phase = phase;
  suspension.callable = Value(generator);
  incref(generator);
  suspension.arguments[0] = sent;
  return suspended();
}
inline Ref<Value> take_result(ThreadState& thread) { return Ref<Value>::adopt(std::exchange(thread.result, kUnbound)); }

/// What a Python-visible module written in C++ offers.
struct NativeModule {
  const char* name;
  Result<void> (*fill)(Machine&, Module*);
};
/// A module of the prelude, compiled when mini was built.
struct PreludeModule {
  std::string_view name;
  std::string_view image;  ///< bytecode::read_image makes its code
  bool is_package;
};
/// The modules that a machine can import beside files. Made by interp/modules and handed to the machine with its options,
/// so that this layer links nothing above it.
struct Library {
  std::span<const NativeModule> modules;
  std::span<const PreludeModule> prelude;
};

}  // namespace mini::vm
