// The module `_interpreters`: other VMs in this process, each with a memory and a GIL of its own, on an OS thread of its
// own. What goes between them goes as bytes, through a pipe, as between processes: nothing else is shared.
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "interp/modules/modules.h"
#include "interp/modules/multiprocessing.h"
#include "interp/vm/calls.h"
#include "interp/vm/imports.h"
#include "runtime/sched/os_threads.h"

namespace mini::modules {
namespace {

/// What the new OS thread takes over.
struct Start {
  vm::Options options;
  std::array<uint64_t, 2> message_key;
  int connection;  ///< where requests come from
  int sentinel;    ///< closed as the last thing: then the VM is gone
};

constexpr const char* kServer = "concurrent.futures.interpreter_server";

/// Runs the library's server until its connection ends.
void serve(Machine& machine, int connection) {
  Heap& heap = machine.heap();
  auto run = [&]() -> Result<void> {
    Ref<Value> module = MINI_TRY(import_nested(machine, kServer));
    Ref<Str> name = MINI_TRY(heap.intern("serve"));
    Ref<Value> function = MINI_TRY(get_attribute(heap, module, name.get()));
    const Value argument = Value::integer(connection);
    static_cast<void>(MINI_TRY(call_nested(heap, function, &argument, 1)));
    return {};
  };
  if (!run().ok() && heap.has_pending()) machine.report_uncaught(heap.take_pending());
}

void* run_interpreter(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  pthread_setname_np(pthread_self(), "mini VM");
  std::string error;
  if (auto machine = Machine::create(std::move(start->options), error)) {
    machine->state().message_key = start->message_key;
    machine->run_with([&](Machine& own, ThreadState&) { serve(own, start->connection); });
  }
  ::close(start->connection);
  ::close(start->sentinel);
  return nullptr;
}

/// Starts a VM that serves what comes from `connection`, and closes `sentinel` at its end; it takes both over.
Result<Ref<Value>> start(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  Machine& machine = *thread.machine;
  MINI_TRY(check_can_fork(thread));
  const auto connection = static_cast<int>(MINI_TRY(to_int64(heap, call[0])));
  const auto sentinel = static_cast<int>(MINI_TRY(to_int64(heap, call[1])));
  const vm::Options& own = machine.options();
  vm::Options options;
  options.library = own.library;
  options.switch_model = own.switch_model;
  options.schedule = own.schedule;
  options.clock = own.clock;
  options.os_threads = own.os_threads;
  options.memory_limit = own.memory_limit;
  options.seed = own.seed;
  options.arguments = own.arguments;
  options.wait_on_deadlock = own.wait_on_deadlock;
  options.place_threads = own.place_threads;
  options.is_worker = true;
  auto prepared = std::make_unique<Start>(Start{std::move(options), machine.state().message_key, connection, sentinel});
  constexpr size_t kStackBytes = 8 << 20;  // as much as the main thread has
  bool begun = false;
  {
    // Left, so that the new OS thread may run on every CPU: this one may have been kept on one (OsThreads::place).
    sched::BlockingCall blocking(machine.runner(), thread);
    pthread_t os_thread;
    begun = sched::create_os_thread(os_thread, kStackBytes, nullptr, run_interpreter, prepared.get());
    if (begun) {
      pthread_detach(os_thread);
      static_cast<void>(prepared.release());
    }
  }
  if (!begun) return heap.raise_text(BuiltinType::kRuntimeError, "can't start new interpreter");
  return none();
}

/// The text of a file as it was when it was read first; None if it cannot be read.
Result<Ref<Value>> source_text(Call& call) {
  const std::string name = MINI_TRY(text_argument(call.heap, call[0], "filename"));
  const std::string* found = thread_of(call).machine->source_text(name);
  return found ? text(call.heap, *found) : none();
}

constexpr NativeDefinition kInterpretersFunctions[] = {
    {"_interpreters.start(connection, sentinel, /)", start},
    {"_interpreters.source_text(filename, /)", source_text},
};

}  // namespace

Result<void> fill_interpreters(Machine& machine, Module* module) {
  return add_functions(machine, module, kInterpretersFunctions);
}

}  // namespace mini::modules
