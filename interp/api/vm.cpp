// mini::Vm, Lock and Unlock.
#include "interp/api/core.h"


namespace mini {

using namespace detail;
using object::BuiltinType;
using base::Result;
using Object = Ref<object::Value>;

std::string_view library_version() noexcept { return MINI_VERSION; }

Vm::Vm(Options options) : core_(new Core(*this, std::move(options))) {
  try {
    core_->open_streams();
  } catch (...) {
    core_->close();
    throw;
  }
}
Vm::~Vm() { core_->close(); }

namespace {

Result<object::Dict*> main_names(Core& core) {
  if (core.finished) throw_usage("the program has finished");
  return core.machine->state().main_names;
}

Result<Ref<vm::CodeObject>> compile_text(Core& core, std::string_view source, std::string_view filename,
                                         compile::CompileMode mode) {
  constexpr std::size_t kMostKept = 1 << 20;
  std::string name(filename);
  if (mode == compile::CompileMode::kExec)
    if (auto recorded = core.begin_repeating(source)) name = std::move(*recorded);
  if (name.empty()) name = fmt::format("<run-{}>", ++core.run_number);
  if (source.size() <= kMostKept) core.machine->remember_source(name, std::string(source));
  return core.machine->compile(std::string(source), name, mode, compile::SourceFile::origin_of(name));
}

void flush(Core& core) {
  if (core.options.output || core.options.errors) core.machine->flush_output();
}

}  // namespace

void Vm::run(std::string_view source, std::string_view filename) {
  core_->inside([&](Entry&) -> Result<void> {
    object::Dict* names = MINI_TRY(main_names(*core_));
    auto code = MINI_TRY(compile_text(*core_, source, filename, compile::CompileMode::kExec));
    MINI_TRY(core_->machine->set_file_name(code->code->filename));
    auto done = core_->machine->run_module_code(code.get(), names);
    if (!core_->machine->current().abandoned) {
      Ref<object::Exception> pending = done.ok() ? Ref<object::Exception>() : core_->machine->heap().take_pending();
      flush(*core_);
      if (pending) static_cast<void>(core_->machine->heap().raise_object(std::move(pending)));
    }
    if (!done.ok()) return base::raised;
    return {};
  });
}

void Vm::run_program(std::string_view source, std::string_view filename) {
  std::optional<Error> death;
  try {
    run(source, filename);
  } catch (const Error& error) {
    if (error.exception().is_none()) throw;  // the run is over
    death = error;
  }
  core_->inside([&](Entry&) { return core_->machine->leave_main(); });
  wait();
  if (death) throw *death;
}

Value Vm::eval(std::string_view expression, std::initializer_list<std::pair<std::string_view, Value>> names) {
  return core_->value_inside([&](Entry& entry) -> Result<Object> {
    Heap& heap = entry.heap();
    object::Dict* globals = MINI_TRY(main_names(*core_));
    auto code = MINI_TRY(compile_text(*core_, expression, "", compile::CompileMode::kEval));
    if (names.size() == 0) return core_->machine->run_module_code(code.get(), globals);
    auto local = MINI_TRY(object::make_dict(heap));
    MINI_TRY(object::update(heap, local.get(), object::Value(globals)));
    for (const auto& [name, value] : names) {
      auto interned = MINI_TRY(heap.intern(name));
      MINI_TRY(set_name(heap, local.get(), interned.get(), core_->raw(value)));
    }
    return core_->machine->run_module_code(code.get(), local.get());
  });
}

Value Vm::compile(std::string_view source, std::string_view filename) {
  return core_->value_inside([&](Entry&) -> Result<Object> {
    return object::widen(compile_text(*core_, source, filename, compile::CompileMode::kExec));
  });
}

void Vm::run(const Value& code) {
  core_->inside([&](Entry& entry) -> Result<void> {
    const object::Value object = core_->raw(code);
    if (!object::has_kind(object, BuiltinType::kCode))
      return entry.heap().raise(BuiltinType::kTypeError, "run() needs a code object, not {}",
                                object::type_name(entry.heap(), object));
    object::Dict* names = MINI_TRY(main_names(*core_));
    static_cast<void>(
        MINI_TRY(core_->machine->run_module_code(static_cast<vm::CodeObject*>(object.as_object()), names)));
    return {};
  });
}

void Vm::wait() {
  core_->inside([&](Entry& entry) -> Result<void> {
    vm::ThreadState& thread = entry.thread();
    sched::Runner& runner = core_->machine->runner();
    while (runner.wait_for_non_daemons(thread)) {
      MINI_TRY(vm::give_way_inside(thread, sched::Exit::Parked));
      if (&thread == core_->main_thread && core_->machine->handle_interrupt(thread)) return base::raised;
    }
    return {};
  });
}

void Vm::finish() {
  core_->inside([&](Entry&) -> Result<void> {
    if (core_->finished) throw_usage("the program has finished");
    return core_->machine->leave_main();
  });
  wait();
  core_->inside([&](Entry& entry) {
    if (core_->finished) throw_usage("the program has finished");
    if (entry.thread().host_calls > 0) throw_usage("a function of the embedder cannot end the program");
    core_->finished = true;
    core_->machine->at_exit(entry.thread());
  });
}

Value Vm::get(std::string_view name) {
  return core_->value_inside([&](Entry& entry) -> Result<Object> {
    auto interned = MINI_TRY(entry.heap().intern(name));
    const object::Value found = get_name(MINI_TRY(main_names(*core_)), interned.get());
    if (found.is_unbound())
      return object::raise_name_error(entry.heap(), BuiltinType::kNameError, interned.get(),
                                      fmt::format("name '{}' is not defined", name));
    return Object::share(found);
  });
}

bool Vm::has(std::string_view name) {
  return core_->inside([&](Entry& entry) -> Result<bool> {
    auto interned = MINI_TRY(entry.heap().intern(name));
    return !get_name(MINI_TRY(main_names(*core_)), interned.get()).is_unbound();
  });
}

void Vm::set_argument(std::string_view name, const Argument& argument) {
  core_->inside([&](Entry& entry) -> Result<void> {
    auto interned = MINI_TRY(entry.heap().intern(name));
    Object value = MINI_TRY(core_->make(argument));
    return set_name(entry.heap(), MINI_TRY(main_names(*core_)), interned.get(), value);
  });
}

void Vm::del(std::string_view name) {
  core_->inside([&](Entry& entry) -> Result<void> {
    auto interned = MINI_TRY(entry.heap().intern(name));
    if (remove_name(entry.heap(), MINI_TRY(main_names(*core_)), interned.get())) return {};
    return object::raise_name_error(entry.heap(), BuiltinType::kNameError, interned.get(),
                                    fmt::format("name '{}' is not defined", name));
  });
}

Value Vm::import(std::string_view name) {
  return core_->value_inside([&](Entry&) { return vm::import_nested(*core_->machine, name); });
}

Value Vm::integer(std::string_view digits) {
  return core_->value_inside([&](Entry& entry) -> Result<Object> {
    auto number = base::Integer::parse(digits);
    if (!number)
      return entry.heap().raise(BuiltinType::kValueError, "invalid literal for int() with base 10: '{}'", digits);
    return object::make_int(entry.heap(), *number);
  });
}

Value Vm::bytes(std::string_view content) {
  return core_->value_inside([&](Entry& entry) -> Result<Object> {
    return object::widen(object::make_bytes(entry.heap(), content.data(), content.size()));
  });
}

Value Vm::make_function(NativeFunction function) { return core_->make_function(std::move(function)); }

Module Vm::module(std::string_view name) {
  Value module = core_->value_inside([&](Entry& entry) -> Result<Object> {
    Heap& heap = entry.heap();
    auto interned = MINI_TRY(heap.intern(name));
    const object::Value found = get_name(core_->machine->state().modules, interned.get());
    if (!found.is_unbound()) return Object::share(found);
    auto made = MINI_TRY(object::make_module(heap, name));
    MINI_TRY(set_name(heap, core_->machine->state().modules, interned.get(), made));
    return Object(std::move(made));
  });
  return Module(*this, std::move(module));
}

void Vm::interrupt() noexcept { core_->machine->runner().interrupt(); }
void Vm::stop() noexcept { core_->stop_because(Limit::kNone); }

State Vm::save() { return core_->save(); }
void Vm::restore(const State& state) { core_->restore(state, nullptr); }
void Vm::restore(const State& state, const Schedule& schedule) { core_->restore(state, &schedule); }

StateHash Vm::hash() {
  return core_->inside([&](Entry&) { return StateHash{vm::hash_state(*core_->machine)}; });
}

std::size_t Vm::memory_used() {
  return core_->inside([&](Entry& entry) { return static_cast<std::size_t>(entry.heap().memory().used()); });
}

std::size_t Vm::live_values() const noexcept { return core_->live_handles.load(); }

std::vector<ThreadView> Vm::threads() {
  return core_->inside([&](Entry&) {
    std::vector<ThreadView> views;
    for (auto& thread : core_->machine->state().threads.all)
      views.push_back(core_->view(static_cast<vm::ThreadState&>(thread), false));
    return views;
  });
}

// The GIL -------------------------------------------------------------------------------------------------------------

Lock::Lock(Vm& vm) : core_(vm.core_), entered_(!holds_gil(*vm.core_)) {
  static_assert(sizeof(Entry) <= sizeof entry_);
  if (entered_) new (entry_) Entry(*core_);
}

Lock::~Lock() {
  if (entered_) std::launder(reinterpret_cast<Entry*>(entry_))->~Entry();
}

struct Unlock::Away {
  explicit Away(Core& owner) : core(owner), call(core.machine->runner(), core.machine->current()), left(call.left()) {
    if (left) set_away(core, true);
  }
  ~Away() {}
  Core& core;
  sched::BlockingCall call;
  bool left;
};

Unlock::Unlock(Vm& vm) {
  if (holds_gil(*vm.core_) && vm.core_->machine->current().host_calls > 0) away_ = std::make_unique<Away>(*vm.core_);
}

Unlock::~Unlock() {
  if (!away_) return;
  Core& core = away_->core;
  const bool left = away_->left;
  away_.reset();
  if (left) set_away(core, false);
}

}  // namespace mini
