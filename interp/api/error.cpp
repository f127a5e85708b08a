// Script exceptions as mini::Error and back; what is said and done when a run has ended.
#include "interp/api/core.h"
#include <new>


namespace mini {

Error::Error(std::shared_ptr<const detail::ErrorData> data) : std::runtime_error(data->what), data_(std::move(data)) {}
Error Error::raise(std::string_view type, std::string_view message) {
  return Error(detail::error_data(ErrorKind::kScript, std::string(message), std::string(type)));
}
ErrorKind Error::kind() const noexcept { return data_->kind; }
Limit Error::limit() const noexcept { return data_->limit; }
const std::string& Error::type_name() const noexcept { return data_->type_name; }
const std::string& Error::message() const noexcept { return data_->message; }
const std::string& Error::report() const noexcept { return data_->report; }
int Error::exit_status() const noexcept { return data_->exit_status; }
Value Error::exception() const { return data_->exception; }
std::exception_ptr Error::original() const noexcept { return data_->original; }

namespace detail {

using object::BuiltinType;

std::shared_ptr<ErrorData> error_data(ErrorKind kind, std::string message, std::string type_name) {
  auto data = std::make_shared<ErrorData>();
  data->kind = kind;
  data->message = std::move(message);
  data->type_name = std::move(type_name);
  if (data->type_name.empty()) data->what = data->message;
  else data->what = data->type_name + (data->message.empty() ? "" : ": " + data->message);
  data->report = data->what + "\n";
  return data;
}

void throw_error(ErrorKind kind, std::string message, std::string type_name) {
  throw Error(error_data(kind, std::move(message), std::move(type_name)));
}

void throw_usage(std::string message) { throw_error(ErrorKind::kUsage, std::move(message)); }
void throw_usage(const char* message) { throw_usage(std::string(message)); }

void throw_too_large(const char* what) {
  throw_error(ErrorKind::kScript, fmt::format("Python int too large to convert to {}", what), "OverflowError");
}

void throw_wrong_length(size_t expected, size_t given) {
  throw_error(ErrorKind::kScript, fmt::format("expected {} items, got {}", expected, given), "ValueError");
}

namespace {

int exit_status_of(Heap& heap, object::Exception* exit, std::string& message) {
  const object::Value code = exit->details[0];
  if (code.is_none() || code.is_unbound()) return 0;
  if (object::is_integer(heap, code)) {
    auto number = object::to_int64(heap, code);
    if (number.ok()) return static_cast<int>(*number & 0xff);
    static_cast<void>(heap.take_pending());
    return 0xff;
  }
  message = vm::report_text(heap, code);
  return 1;
}

}  // namespace

void Core::fail(vm::ThreadState& thread) {
  settle(thread);
  Heap& heap = machine->heap();
  const Ref<object::Exception> exception = heap.take_pending();
  auto is = [&](BuiltinType type) { return object::is_subtype(exception->type, heap.type(type)); };
  auto data = error_data(ErrorKind::kScript, vm::report_text(heap, exception),
                         vm::qualified_type_name(heap, exception->type));
  data->report = vm::render_exception(*machine, exception.get());
  if (is(BuiltinType::kSystemExit)) {
    data->kind = ErrorKind::kExit;
    data->exit_status = exit_status_of(heap, exception.get(), data->message);
  } else if (is(BuiltinType::kKeyboardInterrupt)) {
    data->kind = ErrorKind::kInterrupted;
  } else if (is(BuiltinType::kMemoryError) || is(BuiltinType::kRecursionError)) {
    data->kind = ErrorKind::kLimit;
    data->limit = is(BuiltinType::kMemoryError) ? Limit::kMemory : Limit::kDepth;
  }
  if (const auto found = originals_.find(exception.get()); found != originals_.end()) data->original = found->second;
  data->exception = adopt(Ref<object::Value>::share(object::Value(exception.get())));
  handle(data->exception)->quiet = true;
  throw Error(data);
}

Error Core::end_error(sched::Outcome outcome) {
  const Limit limit = limit_met_.exchange(Limit::kNone);
  std::shared_ptr<ErrorData> data;
  switch (outcome) {
    case sched::Outcome::Deadlock:
      data = error_data(ErrorKind::kDeadlock, "deadlock");
      data->report = machine->deadlock_report();
      break;
    case sched::Outcome::ScheduleError:
      data = error_data(ErrorKind::kSchedule, runner->schedule().error());
      break;
    default: {
      const char* text = limit == Limit::kInstructions ? "the limit of instructions was met"
                         : limit == Limit::kTime       ? "the time limit was met"
                                                       : "the run was stopped";
      data = error_data(ErrorKind::kLimit, text);
      data->limit = limit;
    }
  }
  return Error(data);
}

void Core::conclude(vm::ThreadState& thread) {
  if (thread.host_calls > 0) throw_error(ErrorKind::kEnded, "the run has ended");
  Heap& heap = machine->heap();
  if (heap.has_pending()) static_cast<void>(heap.take_pending());
  machine->reset_thread(thread);
  if (ending_.exchange(false) && !runner->over() && !thread.lets_go) runner->end_here();
  const std::exception_ptr thrown = std::exchange(callback_exception_, nullptr);
  if (runner->over()) {
    const sched::Outcome outcome = runner->conclude(thread);
    last_end_ = std::make_unique<Error>(end_error(outcome));
    if (heap.has_pending()) static_cast<void>(heap.take_pending());
    heap.forget_running_finalizers();
    if (runner->schedule().exact()) machine->set_schedule(make_schedule(options.schedule));
    else if (runner->replay()) machine->set_schedule(make_schedule({}));  // one run is all that it tells of
  }
  if (thrown) std::rethrow_exception(thrown);
  throw Error(last_end_ ? *last_end_ : Error(error_data(ErrorKind::kEnded, "the run has ended")));
}

base::Raised Core::raise(const ErrorData& data) {
  Heap& heap = machine->heap();
  if (Handle* handle = data.exception.handle_; handle && handle->core == this && !handle->value.is_unbound())
    if (object::Exception* exception = object::as_exception(handle->value))
      return heap.raise_object(Ref<object::Exception>::share(exception));
  auto name = heap.intern(data.type_name);
  if (!name.ok()) return base::raised;
  const object::Value type = get_name(machine->state().builtins, name->get());
  const bool is_exception = type.is_object() && type.as_object()->type == heap.type(BuiltinType::kTypeType) &&
                            static_cast<object::Type*>(type.as_object())->type_flags & object::Type::kException;
  if (!is_exception) return heap.raise_text(BuiltinType::kRuntimeError, data.what);
  auto text = object::make_str(heap, data.message);
  if (!text.ok()) return base::raised;
  const object::Value argument(text->get());
  auto arguments = object::make_tuple(heap, &argument, data.message.empty() ? 0 : 1);
  if (!arguments.ok()) return base::raised;
  auto exception =
      object::make_exception(heap, static_cast<object::Type*>(type.as_object()), arguments.take());
  if (!exception.ok()) return base::raised;
  return heap.raise_object(exception.take());
}

void Core::raise_current(vm::ThreadState& thread) {
  Heap& heap = machine->heap();
  if (thread.abandoned || runner->over()) {
    thread.abandoned = true;
    if (!heap.has_pending()) static_cast<void>(heap.raise_text(BuiltinType::kSystemExit, "the run is over"));
    return;
  }
  const std::exception_ptr original = std::current_exception();
  auto raise_as = [&](BuiltinType type, const char* what) { static_cast<void>(heap.raise_text(type, what)); };
  bool is_script = false;
  try {
    throw;
  } catch (const Error& error) {
    is_script = error.exception().handle_ != nullptr;
    static_cast<void>(raise(*error.data_));
  } catch (const std::bad_alloc&) {
    static_cast<void>(heap.raise_memory_error());
  } catch (const std::out_of_range& error) {
    raise_as(BuiltinType::kIndexError, error.what());
  } catch (const std::overflow_error& error) {
    raise_as(BuiltinType::kOverflowError, error.what());
  } catch (const std::range_error& error) {
    raise_as(BuiltinType::kOverflowError, error.what());
  } catch (const std::logic_error& error) {
    raise_as(BuiltinType::kValueError, error.what());
  } catch (const std::exception& error) {
    raise_as(BuiltinType::kRuntimeError, error.what());
  } catch (...) {
    raise_as(BuiltinType::kRuntimeError, "a C++ exception of an unknown type");
  }
  if (is_script || !heap.pending()) return;
  originals_[heap.pending()] = original;
  update_death_watcher();
}

void Core::update_death_watcher() {
  const bool wanted = !originals_.empty() || options.observer;
  machine->heap().watch_deaths(wanted ? object_dies : nullptr);
}

void Core::object_dies(Heap& heap, object::Object* dying) {
  auto& machine = vm::Machine::of(heap);
  Core& core = *static_cast<Core*>(machine.host());
  if (!core.originals_.empty()) core.originals_.erase(dying);
  if (core.options.observer && !core.closed_.load(std::memory_order_relaxed)) {
    const std::string name = to_utf8(dying->type->name);
    core.guarded(true, [&] { core.options.observer->object_died(name); });
  }
}

}  // namespace detail
}  // namespace mini
