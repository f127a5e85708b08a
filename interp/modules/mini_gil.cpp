// The module `mini_gil`, mini's own: what a script may ask about the GIL.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"
#include "interp/vm/deadlock.h"
#include "interp/vm/statistics.h"

namespace mini::modules {
namespace {

Result<Ref<Value>> switches(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(thread_of(call).machine->state().threads.hand_overs));
}
Result<Ref<Value>> forced_switches(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(thread_of(call).forced_switches));
}
Result<Ref<Value>> switch_points(Call& call) {
  return text(call.heap, bytecode::name(thread_of(call).machine->options().switch_model));
}
Result<Ref<Value>> schedule(Call& call) {
  return text(call.heap, thread_of(call).machine->runner().schedule().text());
}

/// A dict whose keys are written here.
class Record {
 public:
  explicit Record(Heap& heap) : heap_(heap) {}
  Result<void> begin() {
    dict_ = MINI_TRY(make_dict(heap_));
    return {};
  }
  Result<void> add(std::string_view key, Ref<Value> value) {
    Ref<Str> name = MINI_TRY(heap_.intern(key));
    return set_name(heap_, dict_.get(), name.get(), value);
  }
  Result<void> time(std::string_view key, sched::Time time) {
    return add(key, MINI_TRY(make_float(heap_, to_seconds(time))));
  }
  Result<void> count(std::string_view key, uint64_t number) {
    return add(key, MINI_TRY(make_int(heap_, static_cast<int64_t>(number))));
  }
  Ref<Value> take() { return std::move(dict_); }

 private:
  Heap& heap_;
  Ref<Dict> dict_;
};

/// The account up to now, of a thread in whatever state.
sched::Account present_account(Machine& machine, const ThreadState& thread) {
  sched::Account account = thread.account;
  const sched::Time span = machine.runner().now() - account.since;
  switch (thread.state) {
    case sched::State::Running:
      account.running += span;
      break;
    case sched::State::Runnable:
      account.waits.add(span);
      break;
    case sched::State::Blocked:
      account.blocked[static_cast<size_t>(thread.wait_kind)] += span;
      break;
    case sched::State::Calling:
      account.outside += span;
      break;
    default:
      break;
  }
  return account;
}

Result<Ref<Value>> describe(Machine& machine, ThreadState& thread) {
  Heap& heap = machine.heap();
  const sched::Account account = present_account(machine, thread);
  sched::Time blocked = 0;
  for (const sched::Time time : account.blocked) blocked += time;
  Record record(heap);
  MINI_TRY(record.begin());
  MINI_TRY(record.add("name", MINI_TRY(make_str(heap, thread_name(thread)))));
  MINI_TRY(record.count("ident", thread.identity));
  MINI_TRY(record.time("running", account.running));
  MINI_TRY(record.time("waiting", account.waits.sum()));
  MINI_TRY(record.time("blocked", blocked));
  MINI_TRY(record.time("sleeping", account.blocked[static_cast<size_t>(sched::WaitKind::Sleep)]));
  MINI_TRY(record.time("outside", account.outside));
  MINI_TRY(record.count("forced_switches", thread.forced_switches));
  MINI_TRY(record.count("voluntary_switches", thread.parks + account.calls));
  MINI_TRY(record.time("median_wait", account.waits.percentile(0.5)));
  MINI_TRY(record.time("p99_wait", account.waits.percentile(0.99)));
  MINI_TRY(record.time("longest_wait", account.waits.longest()));
  return record.take();
}

Result<Ref<Value>> account(Call& call) {
  ThreadState& thread = thread_of(call);
  return describe(*thread.machine, thread);
}

Result<Ref<Value>> threads(Call& call) {
  Machine& machine = *thread_of(call).machine;
  Ref<List> all = MINI_TRY(make_list(call.heap));
  for (sched::Thread& thread : machine.state().threads.all)
    MINI_TRY(append(call.heap, all.get(), MINI_TRY(describe(machine, static_cast<ThreadState&>(thread)))));
  return all;
}

Result<Ref<Value>> fairness(Call& call) {
  Machine& machine = *thread_of(call).machine;
  sched::Fairness index;
  for (const sched::Thread& thread : machine.state().threads.all)
    index.add(present_account(machine, static_cast<const ThreadState&>(thread)).share());
  return make_float(call.heap, index.index());
}

Result<Ref<Value>> lock(Call& call) {
  if (!call[0].is_object() || !is_lock(call[0].as_object()))
    return call.heap.raise(BuiltinType::kTypeError, "a Lock or RLock is needed, not {}", type_name(call.heap, call[0]));
  const auto* asked = static_cast<Lock*>(call[0].as_object());
  Record record(call.heap);
  MINI_TRY(record.begin());
  MINI_TRY(record.count("acquisitions", asked->acquisitions));
  MINI_TRY(record.count("contended", asked->contended));
  MINI_TRY(record.time("longest_hold", asked->longest_hold));
  return record.take();
}

Result<Ref<Value>> measure_locks(Call& call) {
  thread_of(call).machine->state().times_locks = MINI_TRY(flag_argument(call, call[0], true));
  return none();
}

Result<Ref<Value>> stuck(Call& call) {
  Ref<List> lines = MINI_TRY(make_list(call.heap));
  std::string report = describe_stuck(*thread_of(call).machine);
  std::string_view left = report;
  left.remove_prefix(std::min(left.size(), left.find('\n') + 1));  // the heading
  for (size_t end; (end = left.find('\n')) != std::string_view::npos; left.remove_prefix(end + 1))
    MINI_TRY(append(call.heap, lines.get(), MINI_TRY(make_str(call.heap, left.substr(2, end - 2)))));
  return lines;
}

/// Whether threads are kept on the CPU where the GIL is; with an argument, sets it.
Result<Ref<Value>> one_cpu(Call& call) {
  sched::Runner& runner = thread_of(call).machine->runner();
  if (call.has(0)) runner.set_places_threads(MINI_TRY(flag_argument(call, call[0], true)));
  return Ref<Value>(runner.places_threads());
}

constexpr NativeDefinition kMiniGilFunctions[] = {
    {"mini_gil.switches()", switches},
    {"mini_gil.forced_switches()", forced_switches},
    {"mini_gil.switch_points()", switch_points},
    {"mini_gil.schedule()", schedule},
    {"mini_gil.account()", account},
    {"mini_gil.threads()", threads},
    {"mini_gil.fairness()", fairness},
    {"mini_gil.lock(lock, /)", lock},
    {"mini_gil.measure_locks(on=True, /)", measure_locks},
    {"mini_gil.stuck()", stuck},
    {"mini_gil.one_cpu(on=True, /)", one_cpu},
};

}  // namespace

Result<void> fill_mini_gil(Machine& machine, Module* module) {
  machine.runner().keep_accounts();
  return add_functions(machine, module, kMiniGilFunctions);
}

}  // namespace mini::modules
