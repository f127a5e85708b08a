// What is behind mini::Vm: the machine, and what the host knows of it. Outlives the Vm as long as there are handles.
//
// Everything public goes through Core::inside(): the calling OS thread takes the GIL unless it holds it, does its work, and
// an exception that came of it is thrown as mini::Error once everything is in order again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

// The machine's headers come first: their names are those of mini::object, which mean something else once the public ones
// have been read.
#include "interp/bytecode/dis.h"
#include "interp/modules/file.h"
#include "interp/modules/modules.h"
#include "interp/vm/calls.h"
#include "interp/vm/finalizers.h"
#include "interp/vm/imports.h"
#include "interp/vm/native.h"
#include "interp/vm/repeated_run.h"
#include "interp/vm/state.h"
#include "interp/vm/traceback.h"
#include "runtime/base/number.h"
#include "runtime/base/utf8.h"
#include "runtime/object/number.h"

#include "mini/mini.h"

namespace mini::detail {

namespace object = mini::object;
using object::Heap;
using object::Ref;

struct ErrorData {
  ErrorKind kind = ErrorKind::kScript;
  Limit limit = Limit::kNone;
  std::string type_name, message, what, report;
  int exit_status = 0;
  Value exception;
  std::exception_ptr original;
};

std::shared_ptr<ErrorData> error_data(ErrorKind kind, std::string message, std::string type_name = {});
[[noreturn]] void throw_error(ErrorKind kind, std::string message, std::string type_name = {});
[[noreturn]] void throw_usage(std::string message);
/// The same for a literal, which is made a string of only where it is thrown: those who check stay small.
[[noreturn, gnu::cold]] void throw_usage(const char* message);

/// What all copies of a Value share.
struct Handle {
  Core* core;
  std::atomic<uint32_t> references{1};
  bool quiet = false;     ///< an Error's: not reported when it outlives the VM
  uint64_t born;          ///< counts the handles of the VM
  object::Value value;    ///< owned; kUnbound: dead
  Handle *previous, *next;  ///< in Core::handles_, which the holder of the GIL changes
  Handle* dropped = nullptr;
};

struct StateData {
  uint64_t owner;  ///< Core::serial: an address may be another VM's by now
  vm::SavedState saved;
  uint64_t born;  ///< handles made before have a lower number
  std::vector<std::pair<uint64_t, object::Value>> handles;
  ~StateData();
};

/// A C++ function that scripts call.
struct HostFunction : object::NativeDefinition {
  HostFunction(Core& owner, NativeFunction given);
  NativeFunction native;  ///< the definition's name points into it …
  std::string text;       ///< … and its text is this: what its parameters are called, and its name
  Core* core;
};

/// An OS thread's stay inside a VM; nested ones change nothing.
class Entry {
 public:
  explicit Entry(Core& core);
  ~Entry() {
    if (outermost_) leave();
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  vm::ThreadState& thread() { return *thread_; }
  Heap& heap();

 private:
  void enter();
  void leave();
  Core& core_;
  vm::ThreadState* thread_ = nullptr;
  bool outermost_ = false;
};

class Core final : public vm::InstructionObserver, public sched::Observer {
 public:
  Core(Vm& owner, Options options);
  void open_streams();  ///< by Vm's constructor: the rest of the beginning
  void close();            ///< by ~Vm
  void refer() { references_.fetch_add(1, std::memory_order_relaxed); }
  void unrefer();

  /// f(entry) with the GIL. What it answers may be a base::Result: a raised one is thrown as an Error.
  template <class F>
  auto inside(F f) {
    Entry entry(*this);
    using R = decltype(f(entry));
    if constexpr (std::is_void_v<R>) {
      f(entry);
      settle(entry.thread());
    } else {
      R result = f(entry);
      if constexpr (requires { result.ok(); }) {
        if (!result.ok()) [[unlikely]] fail(entry.thread());
        settle(entry.thread());
        if constexpr (!std::is_void_v<typename R::value_type>) return result.take();
      } else {
        settle(entry.thread());
        return result;
      }
    }
  }
  /// The same for a value.
  template <class F>
  Value value_inside(F f) {
    Entry entry(*this);
    object::Value value;
    {
      base::Result<Ref<object::Value>> result = f(entry);
      if (!result.ok()) [[unlikely]] fail(entry.thread());
      settle(entry.thread());
      value = result.take_unchecked().release();
    }
    return adopt(Ref<object::Value>::adopt(value));
  }

  // Values. With the GIL.
  Value adopt(Ref<object::Value> value) {
    return value.get().is_object() ? adopt_object(std::move(value)) : from_bits(value.get());
  }
  /// A borrowed value; throws kUsage if it is not this VM's, or dead.
  object::Value raw(const Value& value) {
    Handle* handle = value.handle_;
    if (!handle) return object::Value(value.bits_);
    if (handle->core != this || handle->value.is_unbound()) [[unlikely]] refuse(handle);
    return handle->value;
  }
  base::Result<Ref<object::Value>> make(const Argument& argument);
  /// From the bits alone: of a number, bool or None.
  static object::Value unboxed(const Value& value) { return object::Value(value.bits_); }
  static Handle* handle(const Value& value) { return value.handle_; }
  static Value from_bits(object::Value value) { return Value(value.bits(), nullptr); }
  /// The core of a boxed value; throws kUsage if its VM is gone, or it is dead.
  static Core& of(const Value& value) {
    const Handle* handle = value.handle_;
    if (!handle) [[unlikely]] throw_usage("the value belongs to no VM");
    Core& core = *handle->core;
    if (core.closed_.load()) [[unlikely]] throw_usage("the VM is gone");
    return core;
  }
  static Core& of(Vm& vm) { return *vm.core_; }
  void release(Handle* handle);

  /// The pending exception, or the end of the run, as an Error.
  [[noreturn]] void fail(vm::ThreadState& thread);
  /// If the run has ended, and nothing of the script is below on this thread: puts all in order, and throws why.
  void settle(vm::ThreadState& thread) {
    if (runner->over() || thread.abandoned || ending_.load(std::memory_order_relaxed)) [[unlikely]]
      conclude(thread);
  }
  /// A C++ exception that is being handled becomes the pending one.
  void raise_current(vm::ThreadState& thread);
  base::Raised raise(const ErrorData& data);

  Value make_function(NativeFunction native);
  State save();
  void restore(const State& state, const mini::Schedule* schedule);
  /// Throws what is wrong with it.
  std::unique_ptr<sched::Schedule> make_schedule(const mini::Schedule& schedule);
  /// A text is compiled to be run: the first one has to be that of the run that is repeated, if one is. Its name then.
  std::optional<std::string> begin_repeating(std::string_view source);
  ThreadView view(vm::ThreadState& thread, bool switch_point);
  void stop_because(Limit limit);

  /// A callback of the host: what it throws ends the run.
  template <class F>
  bool guarded(bool barred, F f) noexcept;

  // vm::InstructionObserver, sched::Observer
  void before(vm::ThreadState&, vm::Frame&, uint32_t index, bool is_switch_point) override;
  void on_lock(vm::ThreadState&, vm::Lock&, vm::LockOperation) override;
  void on_hand_over(const sched::HandOver&) override;
  void on_start(sched::Thread&) override;
  void on_wait(sched::Thread&) override;
  void on_wake(sched::Thread&) override;
  void on_finish(sched::Thread&) override;

  const uint64_t serial;  ///< of all VMs of the process
  Vm* owner;
  Options options;
  std::unique_ptr<vm::Machine> machine;
  // Of the machine, as long as there is one: each call looks at them.
  sched::Runner* runner = nullptr;
  const sched::ThreadTable* threads = nullptr;
  vm::ThreadState* main_thread = nullptr;
  std::atomic<size_t> live_handles{0};
  bool finished = false;     ///< the program's end has run
  uint64_t run_number = 0;   ///< of texts without a name
  size_t inside_count = 0;   ///< OS threads inside; the holder's

 private:
  friend class Entry;
  ~Core() override = default;
  Value adopt_object(Ref<object::Value> value);
  [[noreturn]] void refuse(const Handle* handle) const;
  [[noreturn]] void conclude(vm::ThreadState& thread);
  Error end_error(sched::Outcome outcome);
  vm::ThreadState* take_guest();
  void give_back(vm::ThreadState* guest);
  void refill_guests();
  void begin_limits();
  void begin_deadline();
  void end_deadline();
  std::string read_line();
  void bury_dropped(bool with_gil);
  void update_death_watcher();
  static void object_dies(Heap&, object::Object*);
  static base::Result<Ref<object::Value>> call_host(object::Call& call);

  std::atomic<size_t> references_{1};
  std::atomic<bool> closed_{false};    ///< nobody gets in any more
  std::atomic<bool> gone_{false};      ///< there is no machine any more
  std::atomic<bool> main_busy_{false};
  std::mutex guests_mutex_;
  std::condition_variable guest_free_;
  std::vector<vm::ThreadState*> idle_guests_;
  size_t guest_count_ = 0;

  Handle* handles_ = nullptr;          ///< the holder's
  uint64_t born_ = 0;
  std::atomic<Handle*> dropped_{nullptr};

  std::deque<HostFunction> functions_;
  std::unordered_map<object::Object*, std::exception_ptr> originals_;  ///< of script exceptions that are alive
  std::exception_ptr callback_exception_;
  std::atomic<bool> ending_{false};    ///< a limit, stop() or a callback's exception: the run is to end
  std::unique_ptr<Error> last_end_;    ///< for those who were inside when somebody else concluded a run

  std::optional<vm::RepeatedRun> repeated_;
  bool begun_ = false;                 ///< its script is known

  uint64_t instructions_left_ = 0;     ///< 0: no limit
  std::atomic<Limit> limit_met_{Limit::kNone};
  std::mutex time_mutex_;
  std::condition_variable_any time_changed_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::jthread time_thread_;
};

inline Heap& Entry::heap() { return core_.machine->heap(); }

/// What Options say of the machine, but for its schedule and what is called back. Refers to their modules.
vm::Options machine_options(const Options& options);

/// Says that the OS thread holds the GIL of a VM without an Entry: around callbacks and C++ functions.
class HostScope {
 public:
  HostScope(Core& core, bool barred);
  ~HostScope() {
    if (pushed_ || bars_) [[unlikely]] end();
  }
  HostScope(const HostScope&) = delete;
  HostScope& operator=(const HostScope&) = delete;

 private:
  void end();
  Core& core_;
  bool pushed_, bars_;  ///< put the VM among those held; barred calls into it, which were not before
};
/// Whether the calling OS thread holds the GIL of this VM.
bool holds_gil(Core& core);
/// … and does not, meanwhile.
void set_away(Core& core, bool away);

template <class F>
bool Core::guarded(bool barred, F f) noexcept {
  HostScope scope(*this, barred);
  try {
    f();
    return true;
  } catch (...) {
    if (!callback_exception_) callback_exception_ = std::current_exception();
    ending_.store(true);
    machine->runner().stop();
    return false;
  }
}

}  // namespace mini::detail
