// The module `_thread`: starting threads, their handles, who is who.
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <new>

#include "interp/modules/file.h"
#include "interp/modules/modules.h"
#include "interp/modules/thread.h"
#include "interp/vm/finalizers.h"
#include "interp/vm/signals.h"
#include "interp/vm/traceback.h"

namespace mini::modules {
namespace {

// Handles -------------------------------------------------------------------------------------------------------------

ThreadHandle* as_handle(Value value) { return static_cast<ThreadHandle*>(value.as_object()); }

sched::Thread* living_thread(Heap& heap, const ThreadHandle* handle) {
  if (handle->stage == ThreadHandle::kNew || handle->stage == ThreadHandle::kSetDone) return nullptr;
  MachineState& state = Machine::of(heap).state();
  sched::Thread* thread = state.threads.find(handle->serial);
  return thread == state.main && state.main_is_over ? nullptr : thread;
}
bool is_done(Heap& heap, const ThreadHandle* handle) {
  return handle->stage != ThreadHandle::kNew && !living_thread(heap, handle);
}

Result<Ref<ThreadHandle>> make_handle(Heap& heap, Type* type) {
  Ref<ThreadHandle> handle = MINI_TRY(heap.create<ThreadHandle>(type));
  new (&handle->starters) sched::WaitQueue;
  return handle;
}
Result<Ref<Value>> construct_handle(Call& call) { return widen(make_handle(call.heap, self_of<Type>(call))); }

Result<Ref<Value>> handle_is_done(Call& call) { return Ref<Value>(is_done(call.heap, as_handle(call[0]))); }
Result<Ref<Value>> handle_set_done(Call& call) {
  if (as_handle(call[0])->stage == ThreadHandle::kNew)
    return call.heap.raise_text(BuiltinType::kRuntimeError, "thread not started");
  as_handle(call[0])->stage = ThreadHandle::kSetDone;
  return none();
}

Result<Ref<Value>> handle_join(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  ThreadHandle* handle = as_handle(call[0]);
  const bool first = take_phase(thread) == 0;
  sched::Time deadline = thread.suspension.deadline;
  if (first) {
    sched::Time span = -1;
    if (call.has(1) && !call[1].is_none()) span = MINI_TRY(seconds_argument(heap, call[1]));
    if (handle->stage == ThreadHandle::kNew)
      return heap.raise_text(BuiltinType::kRuntimeError, "thread not started");
    if (handle->serial == thread.serial && handle->stage != ThreadHandle::kSetDone)
      return heap.raise_text(BuiltinType::kRuntimeError, "Cannot join current thread");
    deadline = deadline_after(thread, span);
    if (span == 0) return none();
  } else if (interrupted(thread)) {
    return raised;
  }
  sched::Thread* joined = living_thread(heap, handle);
  if (!joined || (!first && thread.wake_reason == sched::Wake::TimedOut)) return none();
  return wait_until(call, 1, &joined->joiners, deadline, sched::WaitKind::Join, joined);
}

/// The thread's first step: whoever started it goes on.
Result<Ref<Value>> handle_begin(Call& call) {
  ThreadHandle* handle = as_handle(call[0]);
  if (handle->stage == ThreadHandle::kStarted) handle->stage = ThreadHandle::kRunning;
  thread_of(call).machine->runner().wake_all(handle->starters);
  return none();
}

Result<Ref<Str>> handle_repr(Heap& heap, Value self) {
  return make_str(heap, fmt::format("<_thread._ThreadHandle object: ident={}>", as_handle(self)->identity));
}
void visit_handle(Object* object, Visitor& visitor) {
  auto* handle = static_cast<ThreadHandle*>(object);
  for (const sched::Thread& thread : handle->starters) visitor.scalar(thread.serial);
  visitor.scalar(handle->identity);
  visitor.scalar(handle->serial);
  visitor.scalar(handle->stage);
}
void drop_handle(Heap&, Object* object) { std::destroy_at(&static_cast<ThreadHandle*>(object)->starters); }

constexpr NativeDefinition kMakeHandle{"_ThreadHandle.__new__(type)", construct_handle};
constexpr NativeDefinition kHandleMethods[] = {
    {"_ThreadHandle.is_done(self, /)", handle_is_done},
    {"_ThreadHandle.join(self, timeout=None, /)", handle_join},
    {"_ThreadHandle._set_done(self, /)", handle_set_done},
    {"_ThreadHandle._begin(self, /)", handle_begin},
};

/// A handle on a thread that runs already, by its ident.
Result<Ref<Value>> make_thread_handle(Call& call) {
  const int64_t identity = MINI_TRY(to_int64(call.heap, call[0]));
  Ref<ThreadHandle> handle = MINI_TRY(make_handle(call.heap, call.heap.type(BuiltinType::kThreadHandle)));
  handle->stage = ThreadHandle::kSetDone;  // unless it is found alive
  for (const sched::Thread& thread : thread_of(call).machine->state().threads.all) {
    const auto& state = static_cast<const ThreadState&>(thread);
    if (static_cast<int64_t>(state.identity) != identity) continue;
    handle->stage = ThreadHandle::kRunning;
    handle->serial = state.serial;
    handle->identity = state.identity;
  }
  return handle;
}

// Starting ------------------------------------------------------------------------------------------------------------

/// What threading.local stored dies with the thread, before anybody who joins it goes on.
void forget_locals(ThreadState& thread) {
  decref(std::exchange(thread.locals, kUnbound));
  run_all_finalizers(thread);
}

/// Makes a thread and puts it into the run queue.
Result<ThreadState*> start(Call& call, Value function, Value arguments, Value keywords, bool daemon,
                           ThreadHandle* handle) {
  Machine& machine = *thread_of(call).machine;
  ThreadState* child = MINI_TRY(machine.make_thread(function, arguments, keywords));
  child->finished = forget_locals;
  if (!machine.start_thread(child, daemon).ok()) {
    machine.free_thread(child);
    return raised;
  }
  if (handle) {
    handle->stage = ThreadHandle::kStarted;
    handle->serial = child->serial;
    handle->identity = child->identity;
  }
  return child;
}

bool is_callable(Heap& heap, Value value) {
  if (!value.is_object()) return false;
  for (BuiltinType which : {BuiltinType::kFunction, BuiltinType::kBoundMethod, BuiltinType::kNativeFunction,
                            BuiltinType::kMethodDescriptor, BuiltinType::kTypeType})
    if (has_kind(value, which)) return true;
  return !script_method(heap, heap.type_of(value), Name::k__call__).is_unbound();
}

Result<Ref<Value>> start_new_thread(Call& call) {
  Heap& heap = call.heap;
  if (!is_callable(heap, call[0])) return heap.raise_text(BuiltinType::kTypeError, "first arg must be callable");
  if (!has_kind(call[1], BuiltinType::kTuple))
    return heap.raise_text(BuiltinType::kTypeError, "2nd arg must be a tuple");
  if (call.has(2) && !has_kind(call[2], BuiltinType::kDict))
    return heap.raise_text(BuiltinType::kTypeError, "optional 3rd arg must be a dictionary");
  // The interpreter's exit does not wait for such threads.
  ThreadState* child = MINI_TRY(start(call, call[0], call[1], call[2], true, nullptr));
  return make_int(heap, static_cast<int64_t>(child->identity));
}

Result<Ref<Value>> start_joinable_thread(Call& call) {
  Heap& heap = call.heap;
  if (!is_callable(heap, call[0]))
    return heap.raise_text(BuiltinType::kTypeError, "thread function must be callable");
  Ref<ThreadHandle> handle;
  if (call.has(1) && !call[1].is_none()) {
    if (!has_kind(call[1], BuiltinType::kThreadHandle))
      return heap.raise_text(BuiltinType::kTypeError, "'handle' must be a _ThreadHandle");
    handle = Ref<ThreadHandle>::share(as_handle(call[1]));
  } else {
    handle = MINI_TRY(make_handle(heap, heap.type(BuiltinType::kThreadHandle)));
  }
  if (handle->stage != ThreadHandle::kNew)
    return heap.raise_text(BuiltinType::kRuntimeError, "thread already started");
  const bool daemon = MINI_TRY(flag_argument(call, call[2], true));
  Ref<Tuple> no_arguments = MINI_TRY(make_tuple(heap, 0));
  MINI_TRY(start(call, call[0], no_arguments, kUnbound, daemon, handle.get()));
  return handle;
}

/// What threading.Thread.start() does: starts the thread, then waits until it has taken its first step.
Result<Ref<Value>> start_and_wait(Call& call) {
  ThreadState& thread = thread_of(call);
  const bool first = take_phase(thread) == 0;
  if (first) {
    static_cast<void>(MINI_TRY(start_joinable_thread(call)));
  } else if (interrupted(thread)) {
    return raised;
  }
  ThreadHandle* handle = as_handle(call[1]);
  if (handle->stage != ThreadHandle::kStarted || is_done(call.heap, handle)) return none();
  return wait_on(call, 1, &handle->starters, sched::kNever, sched::WaitKind::Start, handle);
}

// The rest ------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> get_ident(Call& call) {
  ThreadState& thread = thread_of(call);
  if (auto* observer = thread.machine->observer()) observer->on_identity(thread);
  return make_int(call.heap, static_cast<int64_t>(thread.identity));
}
Result<Ref<Value>> get_native_id(Call& call) {
  sched::Runner& runner = thread_of(call).machine->runner();
  return unboxed(Value::integer(runner.outside_number(sched::Outside::Other, [] { return ::syscall(SYS_gettid); })));
}
Result<Ref<Value>> main_ident(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(thread_of(call).machine->state().main->identity));
}
Result<Ref<Value>> count(Call& call) {
  int64_t alive = 0;
  for ([[maybe_unused]] const sched::Thread& thread : thread_of(call).machine->state().threads.all) ++alive;
  return make_int(call.heap, alive - 1);
}
Result<Ref<Value>> exit_thread(Call& call) { return raise_bare(call.heap, BuiltinType::kSystemExit); }
Result<Ref<Value>> interrupt_main(Call& call) {
  const int64_t number = call.has(0) ? MINI_TRY(to_int64(call.heap, call[0])) : SIGINT;
  if (number < 1 || number >= NSIG)
    return call.heap.raise_text(BuiltinType::kValueError, "signal number out of range");
  simulate_signal(*thread_of(call).machine, static_cast<int>(number));
  return none();
}
Result<Ref<Value>> stack_size(Call& call) {
  const int64_t size = call.has(0) ? MINI_TRY(to_int64(call.heap, call[0])) : 0;
  if (size < 0) return call.heap.raise_text(BuiltinType::kValueError, "size must be 0 or a positive value");
  if (size > 0 && size < 32768)
    return call.heap.raise(BuiltinType::kValueError, "size not valid: {} bytes", size);
  return unboxed(Value::integer(0));
}
Result<Ref<Value>> daemon_threads_allowed(Call&) { return unboxed(kTrue); }

/// threading.excepthook: what is said about an exception that left a thread's run().
Result<Ref<Value>> thread_excepthook(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  auto attribute = [&](Value object, const char* name) -> Result<Ref<Value>> {
    Ref<Str> text = MINI_TRY(heap.intern(name));
    return get_attribute(heap, object, text.get());
  };
  if (!has_kind(call[0], BuiltinType::kTuple) || static_cast<Tuple*>(call[0].as_object())->length != 4)
    return heap.raise_text(BuiltinType::kTypeError, "_thread.excepthook argument type must be ExceptHookArgs");
  Ref<Value> type = MINI_TRY(attribute(call[0], "exc_type"));
  if (type.get() == Value(heap.type(BuiltinType::kSystemExit))) return none();
  Ref<Value> value = MINI_TRY(attribute(call[0], "exc_value"));
  Ref<Value> owner = MINI_TRY(attribute(call[0], "thread"));
  std::string name = fmt::format("{}", thread.identity);
  if (!owner.get().is_none()) {
    Ref<Value> own_name = MINI_TRY(attribute(owner, "name"));
    name = to_utf8(MINI_TRY(str(heap, own_name)).get());
  }
  Value stream = get_name(thread.machine->state().sys, heap.name(Name::kstderr));
  if (stream.is_unbound() || stream.is_none()) return none();
  Ref<Value> file = Ref<Value>::share(stream);
  std::string report = "Exception in thread " + name + ":\n";
  if (Exception* exception = as_exception(value)) report += render_exception(*thread.machine, exception);
  MINI_TRY(write_to(thread, file, report));
  MINI_TRY(flush_any(thread, file));
  return none();
}

constexpr NativeDefinition kThreadFunctions[] = {
    {"_make_thread_handle(ident, /)", make_thread_handle},
    {"start_new_thread(function, args, kwargs=None, /)", start_new_thread},
    {"start_joinable_thread(function, handle=None, daemon=True)", start_joinable_thread},
    {"_start_and_wait(function, handle, daemon=True)", start_and_wait},
    {"_thread.allocate_lock()", allocate_lock},
    {"get_ident()", get_ident},
    {"get_native_id()", get_native_id},
    {"_get_main_thread_ident()", main_ident},
    {"_count()", count},
    {"exit()", exit_thread},
    {"interrupt_main(signum=2, /)", interrupt_main},
    {"stack_size(size=0, /)", stack_size},
    {"daemon_threads_allowed()", daemon_threads_allowed},
    {"_excepthook(exc_info, /)", thread_excepthook},
};

}  // namespace

Result<void> define_handle_type(Heap& heap) {
  MINI_TRY(define_type(heap, BuiltinType::kThreadHandle,
                       {.instance_size = sizeof(ThreadHandle),
                        .tracked = true,
                        .subclassable = false,
                        .behaviour = {.visit = visit_handle, .drop = drop_handle, .repr = handle_repr},
                        .construct = &kMakeHandle,
                        .methods = kHandleMethods}));
  return add_getset(heap, heap.type(BuiltinType::kThreadHandle), "ident", [](Heap& owner, Value self) {
    return make_int(owner, static_cast<int64_t>(as_handle(self)->identity));
  });
}

Result<void> fill_thread(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(define_lock_types(heap));
  MINI_TRY(define_handle_type(heap));
  MINI_TRY(define_local_type(heap));
  MINI_TRY(add_functions(machine, module, kThreadFunctions));
  for (const char* name : {"LockType", "lock"}) MINI_TRY(add_type(machine, module, name, BuiltinType::kLock));
  MINI_TRY(add_type(machine, module, "RLock", BuiltinType::kRLock));
  MINI_TRY(add_type(machine, module, "_local", BuiltinType::kThreadLocal));
  MINI_TRY(add_type(machine, module, "_ThreadHandle", BuiltinType::kThreadHandle));
  MINI_TRY(add_type(machine, module, "error", BuiltinType::kRuntimeError));
  return add_value(machine, module, "TIMEOUT_MAX", MINI_TRY(make_float(heap, 9223372036.0)));
}

}  // namespace mini::modules
