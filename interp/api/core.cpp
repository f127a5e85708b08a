// The life of a Core, and the ways into it.
#include "interp/api/core.h"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>


namespace mini::detail {

namespace {

/// Of which VMs the calling OS thread holds the GIL. Belongs to the host's thread, not to a VM.
struct Held {
  static constexpr size_t kMost = 16;
  struct Item {
    Core* core;
    bool barred;  ///< in a callback that may not call into the VM
    bool away;    ///< in an Unlock
  };
  Item items[kMost] = {};
  size_t count = 0;
  Item* find(const Core& core) {
    for (Item* item = items + count; item-- != items;)
      if (item->core == &core) return item;
    return nullptr;
  }
  void push(Core& core, bool barred) { items[count++] = {&core, barred, false}; }
  /// Not always the last one: a thread of a script that is put aside in one VM may leave another.
  void remove(const Core& core) {
    Item* item = find(core);
    if (!item) return;
    --count;
    for (; item != items + count; ++item) *item = item[1];
  }
};
thread_local constinit Held held;

/// The lowest address of the calling OS thread's stack that scripts may use.
const char* stack_floor() {
  static thread_local const char* floor = [] {
    constexpr size_t kReserve = 128 << 10;
    pthread_attr_t attributes;
    void* low = nullptr;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      pthread_attr_getstack(&attributes, &low, &size);
      pthread_attr_destroy(&attributes);
    }
    if (!low) return static_cast<const char*>(__builtin_frame_address(0)) - (sched::Runner::stack_bytes() - kReserve);
    return static_cast<const char*>(low) + std::min(kReserve, size / 4);
  }();
  return floor;
}

uint64_t next_serial() {
  static std::atomic<uint64_t> last{0};  // the host's: no VM sees it
  return ++last;
}

bytecode::SwitchModel model_of(SwitchPoints points) {
  constexpr std::string_view kNames[] = {"3.9", "3.10", "3.12", "every"};
  const auto index = static_cast<size_t>(points);
  if (index >= std::size(kNames)) throw_usage("no such model of switch points");
  return *bytecode::switch_model(kNames[index]);
}

/// The run that this schedule repeats; nothing if it repeats none. Throws why it cannot be read.
std::optional<vm::RepeatedRun> repeated_run(const mini::Schedule& schedule) {
  constexpr std::string_view kRecording = "recording:", kToken = "m1:";
  std::string what = schedule.name();
  if (what.starts_with(kRecording)) what.erase(0, kRecording.size());
  else if (!what.starts_with(kToken)) return {};
  std::string error;
  auto run = vm::read_run(what, MINI_VERSION, error);
  if (!run) throw_error(ErrorKind::kSchedule, fmt::format("schedule {}: {}", schedule.name(), error));
  return run;
}

}  // namespace

vm::Options machine_options(const Options& options) {
  vm::Options made;
  made.library = &modules::library();
  made.switch_model = model_of(options.switch_points);
  if (options.clock != Clock::kDefault)
    made.clock = options.clock == Clock::kReal ? sched::ClockKind::Real : sched::ClockKind::Virtual;
  if (options.limits.memory) made.memory_limit = options.limits.memory;
  if (options.limits.depth) made.recursion_limit = options.limits.depth;
  made.seed = options.seed;
  made.arguments = options.arguments;
  made.path = options.path;
  if (!options.modules.empty()) {
    made.module_source = [&modules = options.modules](const std::string& name) {
      const auto found = modules.find(name);
      return found == modules.end() ? nullptr : &found->second;
    };
  }
  return made;
}

bool holds_gil(Core& core) {
  const Held::Item* item = held.find(core);
  return item && !item->away;
}

void set_away(Core& core, bool away) {
  if (Held::Item* item = held.find(core)) item->away = away;
}

HostScope::HostScope(Core& core, bool barred) : core_(core), pushed_(false), bars_(false) {
  Held::Item* item = held.find(core);
  if (item && !item->away) [[likely]] {
    bars_ = barred && !std::exchange(item->barred, item->barred || barred);
    return;
  }
  if (held.count == Held::kMost) std::abort();  // sixteen VMs that call each other
  held.push(core, barred);
  pushed_ = true;
}

void HostScope::end() {
  if (pushed_) held.remove(core_);
  else if (Held::Item* item = held.find(core_)) item->barred = false;
}

// Entry ---------------------------------------------------------------------------------------------------------------

Entry::Entry(Core& core) : core_(core) {
  if (const Held::Item* item = held.find(core); item && !item->away) [[likely]] {
    if (item->barred) [[unlikely]] throw_usage("an observer, director or handler of leaks cannot call into the VM");
    thread_ = static_cast<vm::ThreadState*>(core.threads->current);
    if (!thread_) [[unlikely]] throw_usage("no thread of the VM runs at this moment");
    return;
  }
  enter();
}

// The way in for an OS thread that does not hold the GIL.
void Entry::enter() {
  Core& core = core_;
  if (core.closed_.load(std::memory_order_relaxed)) throw_usage("the VM is gone");
  if (held.count == Held::kMost) throw_usage("too many VMs call each other");
  if (core.options.runner == Runner::kOneThread || !core.main_busy_.exchange(true)) {
    thread_ = core.main_thread;
  } else {
    thread_ = core.take_guest();
  }
  core.runner->enter(*thread_);
  outermost_ = true;
  thread_->stack_floor = stack_floor();
  held.push(core, false);
  if (core.dropped_.load(std::memory_order_relaxed)) core.bury_dropped(true);
  if (core.inside_count++ == 0) core.begin_limits();
  if (thread_ != core.main_thread) core.refill_guests();
  if (core.runner->over()) {  // it was about to get in when the run of the others ended, and has to conclude it
    try {
      core.conclude(*thread_);
    } catch (const Error&) {
    }
  }
}

void Entry::leave() {
  sched::Runner& runner = *core_.runner;
  auto tidy = [this, &runner] {
    if (!runner.over() && !thread_->abandoned) return;
    try {
      core_.conclude(*thread_);
    } catch (...) {
    }
  };
  tidy();
  if (heap().has_finalizable()) {
    const Ref<object::Exception> pending =
        heap().has_pending() ? heap().take_pending() : Ref<object::Exception>();
    vm::run_all_finalizers(*thread_);
    tidy();
  }
  if (core_.dropped_.load(std::memory_order_relaxed)) core_.bury_dropped(true);
  if (--core_.inside_count == 0 && core_.options.limits.time.count() != 0) core_.end_deadline();
  held.remove(core_);
  const bool guest = thread_ != core_.main_thread;
  if (guest) decref(std::exchange(thread_->locals, object::kUnbound));
  runner.leave(*thread_);
  if (guest) core_.give_back(thread_);
  else core_.main_busy_.store(false, std::memory_order_release);
}

vm::ThreadState* Core::take_guest() {
  std::unique_lock lock(guests_mutex_);
  guest_free_.wait(lock, [&] { return !idle_guests_.empty() || closed_.load(); });
  if (closed_.load()) throw_usage("the VM is gone");
  vm::ThreadState* guest = idle_guests_.back();
  idle_guests_.pop_back();
  return guest;
}

void Core::give_back(vm::ThreadState* guest) {
  std::lock_guard lock(guests_mutex_);
  idle_guests_.push_back(guest);
  guest_free_.notify_one();
}

/// There is always one more than are inside, so that who comes next need not wait for anything but the GIL.
void Core::refill_guests() {
  if (options.runner == Runner::kOneThread) return;
  {
    std::lock_guard lock(guests_mutex_);
    if (!idle_guests_.empty()) return;
  }
  auto made = machine->make_thread(object::kNone, object::kNone, object::kUnbound);
  if (!made.ok()) return static_cast<void>(machine->heap().take_pending());  // whoever comes waits for one to leave
  runner->admit(**made);
  ++guest_count_;
  give_back(*made);
}

// Life ----------------------------------------------------------------------------------------------------------------

Core::Core(Vm& vm, Options given) : serial(next_serial()), owner(&vm), options(std::move(given)) {
  vm::Options made = machine_options(options);
  if (options.limits.time.count() < 0) throw_usage("a negative time limit");
  made.host = this;
  made.os_threads = options.runner == Runner::kOsThreads;
  made.wait_on_deadlock = options.wait_on_deadlock;
  made.observed = options.limits.instructions > 0 || (options.observer && options.observer->wants_instructions());
  if (options.output) made.output = [this](std::string_view text) { guarded(false, [&] { options.output(text); }); };
  if (options.errors) made.errors = [this](std::string_view text) { guarded(false, [&] { options.errors(text); }); };
  if (options.input) made.input = [this] { return read_line(); };
  std::unique_ptr<sched::Schedule> schedule;
  if (auto run = repeated_run(options.schedule)) {
    repeated_ = std::move(run);
    repeated_->apply_to(made);
    made.observed = true;  // so that stop() is noticed
    if (repeated_->header) {
      made.path.reset();
      made.input = nullptr;
    }
  } else {
    schedule = make_schedule(options.schedule);
    made.make_schedule = [&schedule] { return std::move(schedule); };
  }
  std::string error;
  machine = vm::Machine::create(std::move(made), error);
  if (!machine) {
    auto data = error_data(ErrorKind::kLimit, error);
    data->limit = Limit::kMemory;
    throw Error(data);
  }
  runner = &machine->runner();
  threads = &machine->state().threads;
  main_thread = machine->state().main;
  if (machine->observed() && (options.limits.instructions > 0 || options.observer))
    machine->add_observer(static_cast<vm::InstructionObserver&>(*this));
  if (options.observer) machine->add_observer(static_cast<sched::Observer&>(*this));
  update_death_watcher();
  machine->open();
}

/// Standard streams that end at callbacks are written a line at a time.
void Core::open_streams() {
  inside([&](Entry& entry) {
    refill_guests();
    // What a replay writes, it writes in the pieces of the recorded run.
    if (runner->repeats_outside()) return;
    for (auto [name, given] : {std::pair{object::Name::kstdout, static_cast<bool>(options.output)},
                               std::pair{object::Name::kstderr, static_cast<bool>(options.errors)}}) {
      const object::Value stream = get_name(machine->state().sys, entry.heap().name(name));
      if (auto* file = modules::as_file(stream); file && given) file->line_buffered = 1;
    }
  });
}

/// Standard input that comes from the callback.
std::string Core::read_line() {
  std::optional<std::string> line;
  guarded(false, [&] { line = options.input(); });
  return line ? *line + "\n" : "";
}

std::optional<std::string> Core::begin_repeating(std::string_view source) {
  if (!repeated_ || std::exchange(begun_, true)) return {};
  if (const std::string refusal = repeated_->refusal(std::string(source)); !refusal.empty())
    throw_error(ErrorKind::kSchedule, fmt::format("schedule {}: {}", options.schedule.name(), refusal));
  return repeated_->header ? std::optional(repeated_->header->script) : std::nullopt;
}

void Core::close() {
  if (holds_gil(*this)) {
    std::fputs("mini: a Vm was destroyed by a function that it called\n", stderr);
    std::abort();
  }
  closed_.store(true);
  guest_free_.notify_all();
  // Whoever is inside leaves first; from now on nobody comes.
  runner->stop();
  auto wait_until = [](auto done) {
    while (!done()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  if (options.runner == Runner::kOsThreads) {
    wait_until([&] { return !main_busy_.exchange(true); });
    wait_until([&] {
      std::lock_guard lock(guests_mutex_);
      return idle_guests_.size() >= guest_count_;
    });
  }
  {
    std::lock_guard lock(time_mutex_);
    deadline_.reset();
  }
  if (time_thread_.joinable()) {
    time_thread_.request_stop();
    time_thread_.join();
  }
  runner->enter(*main_thread);
  main_thread->stack_floor = stack_floor();
  held.push(*this, false);
  runner->forget_stop();
  if (!finished) machine->flush_output();
  bury_dropped(true);
  size_t leaked = 0;
  std::map<std::string, size_t> kinds;
  while (Handle* handle = handles_) {
    handles_ = handle->next;
    if (!handle->value.is_unbound() && !handle->quiet) {
      ++leaked;
      ++kinds[type_name(machine->heap(), handle->value)];
    }
    decref(std::exchange(handle->value, object::kUnbound));
  }
  originals_.clear();
  machine->heap().watch_deaths(nullptr);
  held.remove(*this);
  runner->close();
  for (vm::ThreadState* guest : idle_guests_) machine->free_thread(guest);
  machine.reset();
  if (leaked > 0) {
    std::string text;
    for (const auto& [name, count] : kinds) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
    try {
      if (options.leaked_values) options.leaked_values(leaked, text);
      else std::fprintf(stderr, "mini: %zu values outlive their VM: %s\n", leaked, text.c_str());
    } catch (...) {
    }
  }
  functions_.clear();
  callback_exception_ = nullptr;
  last_end_.reset();
  options = {};
  owner = nullptr;
  gone_.store(true);
  bury_dropped(false);
  unrefer();
}

void Core::unrefer() {
  if (references_.fetch_sub(1) == 1) delete this;
}

// Handles -------------------------------------------------------------------------------------------------------------

Value Core::adopt_object(Ref<object::Value> value) {
  auto* made = new Handle{.core = this, .born = born_++, .value = value.release(), .previous = nullptr, .next = handles_};
  if (handles_) handles_->previous = made;
  handles_ = made;
  live_handles.fetch_add(1, std::memory_order_relaxed);
  refer();
  return Value(made->value.bits(), made);
}

void Core::refuse(const Handle* handle) const {
  if (handle->core != this) throw_usage("the value belongs to another VM");
  throw_usage("the value was made after the state that was restored");
}

void Core::release(Handle* handle) {
  if (holds_gil(*this)) {
    if (handle->previous) handle->previous->next = handle->next;
    else if (handles_ == handle) handles_ = handle->next;
    if (handle->next) handle->next->previous = handle->previous;
    const object::Value value = std::exchange(handle->value, object::kUnbound);
    delete handle;
    live_handles.fetch_sub(1, std::memory_order_relaxed);
    decref(value);
    unrefer();
    return;
  }
  refer();  // once it is on the list, the handle and its reference are anybody's
  Handle* head = dropped_.load();
  do handle->dropped = head;
  while (!dropped_.compare_exchange_weak(head, handle));
  // Whoever closes the VM looks at the list after saying so: one of the two sees the other.
  if (gone_.load()) bury_dropped(false);
  unrefer();
}

void Core::bury_dropped(bool with_gil) {
  Handle* handle = dropped_.exchange(nullptr);
  while (handle) {
    Handle* following = handle->dropped;
    if (with_gil) {
      if (handle->previous) handle->previous->next = handle->next;
      else if (handles_ == handle) handles_ = handle->next;
      if (handle->next) handle->next->previous = handle->previous;
      decref(std::exchange(handle->value, object::kUnbound));
    }
    delete handle;
    live_handles.fetch_sub(1, std::memory_order_relaxed);
    unrefer();
    handle = following;
  }
}

// Limits --------------------------------------------------------------------------------------------------------------

void Core::begin_limits() {
  instructions_left_ = options.limits.instructions;
  limit_met_.store(Limit::kNone, std::memory_order_relaxed);
  // What came too late for the last call is not meant for this one; stop() interrupts, too. Looked at before it is
  // changed, as the rest here: whoever only takes the GIL shall not pay for an end that nobody asked for.
  if (ending_.load(std::memory_order_relaxed) && ending_.exchange(false))
    static_cast<void>(runner->take_interrupt());
  if (callback_exception_) callback_exception_ = nullptr;
  runner->forget_stop();
  if (options.limits.time.count() != 0) begin_deadline();
}

void Core::begin_deadline() {
  std::lock_guard lock(time_mutex_);
  deadline_ = std::chrono::steady_clock::now() + options.limits.time;
  if (!time_thread_.joinable()) {
    time_thread_ = std::jthread([this](std::stop_token stop) {
      std::unique_lock waiting(time_mutex_);
      while (!stop.stop_requested()) {
        if (!deadline_) {
          time_changed_.wait(waiting, stop, [&] { return deadline_.has_value(); });
        } else if (std::chrono::steady_clock::now() >= *deadline_) {
          deadline_.reset();
          stop_because(Limit::kTime);  // still with the mutex: it cannot come after the end of the call
        } else {
          const auto due = *deadline_;
          time_changed_.wait_until(waiting, stop, due, [&] { return deadline_ != due; });
        }
      }
    });
  }
  time_changed_.notify_all();
}

void Core::end_deadline() {
  std::lock_guard lock(time_mutex_);
  deadline_.reset();
}

void Core::stop_because(Limit limit) {
  Limit none = Limit::kNone;
  limit_met_.compare_exchange_strong(none, limit);
  ending_.store(true);
  runner->stop();
}

}  // namespace mini::detail
