// Schedules, observers and states: what looks into a VM from outside, or steers it.
#include "interp/api/core.h"

namespace mini {

namespace {

std::string time_text(std::chrono::nanoseconds time) { return sched::time_text(std::max<sched::Time>(time.count(), 1)); }

}  // namespace

/// Makes schedules whose parts are their own.
class detail_access {
 public:
  static Schedule text(std::string text) {
    Schedule schedule;
    schedule.text_ = std::move(text);
    return schedule;
  }
  static Schedule directed(Director director) {
    Schedule schedule = text("directed");
    schedule.director_ = std::make_shared<const Director>(std::move(director));
    return schedule;
  }
  static const Director* director(const Schedule& schedule) { return schedule.director_.get(); }
  static std::shared_ptr<const Director> shared(const Schedule& schedule) { return schedule.director_; }
};

Schedule::Schedule() = default;
Schedule Schedule::interval(std::chrono::nanoseconds time) { return detail_access::text("interval:" + time_text(time)); }
Schedule Schedule::every(std::uint64_t instructions) {
  return detail_access::text("every:" + std::to_string(instructions));
}
Schedule Schedule::seeded(std::uint64_t seed) { return detail_access::text("seeded:" + std::to_string(seed)); }
Schedule Schedule::steps(std::string_view list) { return detail_access::text("steps:" + std::string(list)); }
Schedule Schedule::recording(std::string_view file) { return detail_access::text("recording:" + std::string(file)); }
Schedule Schedule::text(std::string_view text) { return detail_access::text(std::string(text)); }
Schedule Schedule::directed(Director director) { return detail_access::directed(std::move(director)); }

Observer::~Observer() = default;

std::size_t State::bytes() const noexcept { return data_->saved.bytes(); }

namespace detail {

StateData::~StateData() = default;

// Schedules -----------------------------------------------------------------------------------------------------------

namespace {

/// A director's answer on its way from the end of a slice to the choice of the next thread. Shared by copies of a schedule,
/// of which one is in use at a time.
struct Direction {
  Core& core;
  std::shared_ptr<const Director> director;
  std::optional<uint32_t> chosen;
  bool goes_on = false;  ///< the next instruction was asked about already, when its thread gave way there

  std::optional<uint32_t> ask(sched::ThreadTable& table, const sched::Thread* current, bool is_point) {
    std::optional<uint32_t> answer;
    core.guarded(true, [&] {
      std::vector<ThreadView> views;
      auto add = [&](sched::Thread& thread, bool point) {
        views.push_back(core.view(static_cast<vm::ThreadState&>(thread), point));
      };
      if (current) add(const_cast<sched::Thread&>(*current), is_point);
      for (sched::Thread& thread : table.runnable)
        if (&thread != current) add(thread, false);
      for (ThreadView& view : views) view.current = current && view.number == current->serial;
      answer = (*director)(views);
    });
    return answer;
  }
};

}  // namespace

std::unique_ptr<sched::Schedule> Core::make_schedule(const mini::Schedule& schedule) {
  if (auto director = detail_access::shared(schedule)) {
    if (!*director) throw_usage("a schedule that is directed by nothing");
    auto direction = std::make_shared<Direction>(Direction{*this, std::move(director), {}, false});
    auto ends_slice = [direction](sched::ThreadTable& table, const sched::Thread& current, sched::Point point) {
      if (std::exchange(direction->goes_on, false) || !point.is_switch_point || table.runnable.empty()) return false;
      const auto answer = direction->ask(table, &current, true);
      if (answer == current.serial) return false;
      direction->chosen = answer.value_or(UINT32_MAX);
      return true;
    };
    auto next = [direction](sched::ThreadTable& table, sched::Cause) -> sched::Thread* {
      auto answer = std::exchange(direction->chosen, std::nullopt);
      if (!answer && table.runnable.size() == 1) answer = table.runnable.front().serial;
      if (!answer) answer = direction->ask(table, nullptr, false);
      sched::Thread* thread = answer ? table.find(*answer) : nullptr;
      if (!thread || thread->state != sched::State::Runnable) return nullptr;
      direction->goes_on = thread->at_point;
      return thread;
    };
    return std::make_unique<sched::Directed>(ends_slice, next);
  }
  if (schedule.name().empty()) return std::move(sched::parse_schedule("interval:1200us").schedule);
  auto parsed = sched::parse_schedule(schedule.name());
  if (!parsed.schedule) throw_error(ErrorKind::kSchedule, fmt::format("schedule {}: {}", schedule.name(), parsed.error));
  return std::move(parsed.schedule);
}

ThreadView Core::view(vm::ThreadState& thread, bool switch_point) {
  ThreadView view;
  view.number = thread.serial;
  view.current = machine->state().threads.current == &thread;
  vm::Frame* frame = thread.frame;
  while (frame && frame->is_native) frame = frame->back;
  if (!frame || thread.state == sched::State::New) return view;
  const bytecode::Code& code = *frame->code->code;
  const bytecode::Instruction instruction = vm::visible_at(frame->code, frame->index());
  view.next.opcode = bytecode::name(instruction.opcode);
  view.next.argument = bytecode::meaning(code, instruction);
  view.next.function = code.qualified_name;
  view.next.file = code.filename;
  view.next.line = static_cast<uint32_t>(std::max<int64_t>(0, code.position(frame->index()).line));
  view.next.offset = 2 * frame->index();
  view.next.switch_point = switch_point;
  return view;
}

// Observers -----------------------------------------------------------------------------------------------------------

void Core::before(vm::ThreadState& thread, vm::Frame&, uint32_t, bool is_switch_point) {
  if (instructions_left_ > 0 && inside_count > 0 && --instructions_left_ == 0) stop_because(Limit::kInstructions);
  if (options.observer) guarded(true, [&] { options.observer->instruction(view(thread, is_switch_point)); });
}

void Core::on_lock(vm::ThreadState& thread, vm::Lock&, vm::LockOperation operation) {
  if (!options.observer) return;
  using Kind = LockEvent::Kind;
  const Kind kind = operation == vm::LockOperation::kAcquired ? Kind::kAcquired : Kind::kReleased;
  guarded(true, [&] { options.observer->lock({kind, thread.serial, "lock"}); });
}

void Core::on_hand_over(const sched::HandOver& hand_over) {
  Switch::Reason reason = Switch::Reason::kForced;
  switch (hand_over.cause) {
    case sched::Cause::Switched:
      break;
    case sched::Cause::Parked:
      reason = Switch::Reason::kWaits;
      break;
    case sched::Cause::Finished:
      reason = Switch::Reason::kFinished;
      break;
    case sched::Cause::Called:
      reason = Switch::Reason::kCall;
      break;
  }
  guarded(true, [&] { options.observer->switched({hand_over.from, hand_over.to.serial, reason}); });
}

namespace {

std::string_view what(sched::WaitKind kind) {
  constexpr std::string_view kNames[] = {"other", "sleep", "lock", "condition", "join", "start", "file", "exit", "other"};
  const auto index = static_cast<size_t>(kind);
  return index < std::size(kNames) ? kNames[index] : "other";
}

}  // namespace

void Core::on_start(sched::Thread& thread) {
  guarded(true, [&] { options.observer->thread_started(thread.serial); });
}
void Core::on_wait(sched::Thread& thread) {
  guarded(true, [&] { options.observer->lock({LockEvent::Kind::kWaits, thread.serial, what(thread.wait_kind)}); });
}
void Core::on_wake(sched::Thread& thread) {
  using Kind = LockEvent::Kind;
  const Kind kind = thread.wake_reason == sched::Wake::Notified   ? Kind::kGoesOn
                    : thread.wake_reason == sched::Wake::TimedOut ? Kind::kTimedOut
                                                                  : Kind::kInterrupted;
  guarded(true, [&] { options.observer->lock({kind, thread.serial, what(thread.wait_kind)}); });
}
void Core::on_finish(sched::Thread& thread) {
  guarded(true, [&] { options.observer->thread_finished(thread.serial); });
}

// States --------------------------------------------------------------------------------------------------------------

State Core::save() {
  if (options.runner != Runner::kOneThread) throw_usage("only a VM with Runner::kOneThread can be saved");
  return inside([&](Entry& entry) {
    if (entry.thread().host_calls > 0) throw_usage("a VM cannot be saved by a function that it called");
    auto data = std::make_shared<StateData>();
    data->owner = serial;
    std::string error;
    if (!machine->save(data->saved, error)) throw_usage(error);
    data->born = born_;
    for (Handle* handle = handles_; handle; handle = handle->next)
      if (!handle->value.is_unbound()) data->handles.emplace_back(handle->born, handle->value);
    return State(std::move(data));
  });
}

void Core::restore(const State& state, const mini::Schedule* schedule) {
  const StateData& data = *state.data_;
  if (data.owner != serial) throw_usage("the state belongs to another VM");
  inside([&](Entry& entry) {
    if (entry.thread().host_calls > 0) throw_usage("a VM cannot be restored by a function that it called");
    if (finished) throw_usage("the program has finished");
    if (machine->runner().inside_native()) throw_usage("a thread is inside a function that called back");
    std::unique_ptr<sched::Schedule> next;
    if (schedule) {
      next = make_schedule(*schedule);
      if (next->exact() != machine->runner().schedule().exact())
        throw_usage("a restored VM goes on under a schedule of the same kind: exact, or not");
    }
    bury_dropped(true);
    machine->restore(data.saved, std::move(next));
    main_thread->stack_floor = reinterpret_cast<const char*>(1);  // set anew by the next to enter
    originals_.clear();
    update_death_watcher();
    std::unordered_map<uint64_t, Handle*> living;
    for (Handle* handle = handles_; handle; handle = handle->next) {
      if (handle->born >= data.born) handle->value = object::kUnbound;
      living.emplace(handle->born, handle);
    }
    for (const auto& [born, value] : data.handles)
      if (!living.contains(born)) decref(value);
  });
}

}  // namespace detail
}  // namespace mini
