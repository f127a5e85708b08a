#include "interp/step/walk.h"

#include "interp/vm/calls.h"
#include "interp/vm/mapping_names.h"
#include "interp/vm/traceback.h"

namespace mini::step {

using namespace mini::vm;

namespace {

constexpr size_t kMostSaved = 32;
constexpr uint64_t kMostAhead = 20'000'000;  // instructions

}  // namespace

/// The machine's end of a walk.
class Walk::Schedule final : public sched::Schedule {
 public:
  explicit Schedule(Walk& walk) : walk_(walk) {}
  std::unique_ptr<sched::Schedule> clone() const override { return std::make_unique<Schedule>(walk_); }
  std::string text() const override { return "steps by hand"; }
  bool pauses() const override { return true; }
  bool ends_slice(sched::ThreadTable&, const sched::Thread& current, sched::Point point) override {
    return walk_.ends_slice(current, point);
  }
  sched::Thread* next(sched::ThreadTable& table, sched::Cause cause) override { return walk_.next(table, cause); }

 private:
  Walk& walk_;
};

Walk::Walk(Options options, Output output) : output_(std::move(output)) {
  options.os_threads = false;
  options.observed = true;
  options.clock = sched::ClockKind::Virtual;
  options.given_schedule = std::make_shared<Schedule>(*this);
  options.output = [this](std::string_view text) { write(text, false); };
  options.errors = [this](std::string_view text) { write(text, true); };
  std::string error;
  machine_ = Machine::create(std::move(options), error);
}

Walk::~Walk() = default;

bool Walk::begin(const std::string& filename, const std::string& source, std::string& error) {
  if (!machine_) {
    error = "the machine cannot be made";
    return false;
  }
  shared_ = std::make_unique<SharedVariables>(*machine_);
  accesses_ = std::make_unique<observe::Accesses>(*machine_);
  machine_->add_observer(*this);
  machine_->runner().set_tape(&tape_);
  status_ = machine_->run_file(filename, source);
  over_ = status_ != Machine::kPaused;
  if (!over_) save();
  return true;
}

// ---- What the machine asks

bool Walk::ends_slice(const sched::Thread& current, sched::Point point) {
  auto& thread = static_cast<ThreadState&>(const_cast<sched::Thread&>(current));
  // Inside a native that called back a thread is more than its state: the call is one step.
  if (mode_ == Mode::kFree || thread.nested_runs > 0 || machine_->runner().inside_native()) return false;
  last_ = thread.serial;
  at_point_ = point.is_switch_point;
  const auto pause = [&] { return pausing_ = true; };
  switch (mode_) {
    case Mode::kIdle:
      return pause();
    case Mode::kRepeat:
      if (executed_ >= target_) return pause();
      return next_choice_ < choices_.size() && choices_[next_choice_].executed == executed_ &&
             choices_[next_choice_].forced;
    case Mode::kThread:
    case Mode::kSchedule: {
      if (moved_ > 0 && stop_({thread, *thread.frame, thread.frame->index(), point.is_switch_point})) return pause();
      if (!saved_.empty() && executed_ >= saved_.back()->executed + save_every_) {
        for_saving_ = true;
        return pause();
      }
      return mode_ == Mode::kSchedule && inner_->ends_slice(machine_->state().threads, current, point);
    }
    case Mode::kFree:
      break;
  }
  return false;
}

sched::Thread* Walk::choose(sched::Thread* thread, bool forced) {
  choices_.push_back({executed_, thread->serial, forced});
  next_choice_ = choices_.size();
  return thread;
}

sched::Thread* Walk::next(sched::ThreadTable& table, sched::Cause cause) {
  if (std::exchange(pausing_, false)) {
    forced_ = true;
    return nullptr;
  }
  const bool forced = std::exchange(forced_, false) || cause == sched::Cause::Switched;
  if (!forced && !turns_.empty()) turns_.back().by_itself = true;
  if (mode_ == Mode::kRepeat) {
    if (executed_ >= target_ || next_choice_ == choices_.size()) return nullptr;
    return table.find(choices_[next_choice_++].thread);
  }
  if (chosen_) return choose(table.find(*std::exchange(chosen_, {})), forced);
  // Somebody stands inside a native that called back, where nothing can be paused: all run on, the lowest first.
  for (sched::Thread& each : table.all) {
    if (mode_ != Mode::kFree && static_cast<ThreadState&>(each).nested_runs == 0) continue;
    sched::Thread* lowest = &table.runnable.front();
    for (sched::Thread& other : table.runnable)
      if (other.serial < lowest->serial) lowest = &other;
    return mode_ == Mode::kFree ? lowest : choose(lowest, forced);
  }
  if (mode_ != Mode::kSchedule) return nullptr;
  if (sched::Thread* thread = inner_->next(table, cause)) return choose(thread, forced);
  error_ = inner_->error();
  inner_.reset();
  return nullptr;
}

void Walk::runs(ThreadState& thread, Frame& frame, uint32_t index) {
  if (mode_ == Mode::kFree) return;
  ++executed_;
  ++moved_;
  last_ = thread.serial;
  if (turns_.empty() || turns_.back().thread != thread.serial || turns_.back().by_itself) turns_.push_back({thread.serial});
  turns_.back().counted += OwnInstructions::counts(*frame.code->code, index);
  turns_.back().started = machine_->state().threads.started;
  shared_->note(thread, frame, index);
}

// ---- Moves

void Walk::new_way() {
  choices_.resize(next_choice_);
  const auto lies_ahead = [&](const Saved& saved) { return saved.choices > next_choice_ || saved.executed > executed_; };
  while (saved_.size() > 1 && lies_ahead(*saved_.back())) saved_.pop_back();
}

End Walk::move() {
  for (;;) {
    const uint64_t before = executed_;
    status_ = machine_->resume();
    over_ = status_ != Machine::kPaused;
    if (over_) return End::kOver;
    if (!std::exchange(for_saving_, false)) return forced_ ? End::kStopped : End::kBlocked;
    save();
    if (executed_ == before) return End::kStopped;
    chosen_ = last_;
  }
}

std::optional<End> Walk::go(uint32_t thread, StopHere stop) {
  sched::Thread* found = machine_->state().threads.find(thread);
  if (over_ || !found || found->state != sched::State::Runnable) return {};
  new_way();
  mode_ = Mode::kThread;
  moved_ = 0;
  stop_ = std::move(stop);
  chosen_ = thread;
  const End end = move();
  mode_ = Mode::kIdle;
  return end;
}

End Walk::go(std::unique_ptr<sched::Schedule> schedule, StopHere stop) {
  new_way();
  mode_ = Mode::kSchedule;
  error_.clear();
  moved_ = 0;
  inner_ = std::move(schedule);
  stop_ = std::move(stop);
  const End end = move();
  mode_ = Mode::kIdle;
  inner_.reset();
  return end;
}

bool Walk::look_ahead(std::vector<sched::Slice>& slices, std::string& error) {
  const uint64_t here = executed_;
  const bool was_over = over_;
  if (!over_) {
    unseen_ = true;
    go(std::make_unique<sched::EveryN>(100), [&](const Look&) { return executed_ - here >= kMostAhead; });
    unseen_ = false;
  }
  const bool ended = over_;
  slices = this->slices();
  if (!was_over) go_back(here);
  if (!ended) error = fmt::format("the run does not end within {} instructions", kMostAhead);
  else if (slices.empty()) error = "the run is too long, or was interrupted: it cannot be repeated from its slices";
  return error.empty();
}

std::vector<std::string> Walk::step_words() const {
  uint32_t highest = 0;
  for (const Turn& turn : turns_) highest = std::max(highest, turn.thread);
  const auto first = std::find_if(turns_.begin(), turns_.end(), [&](const Turn& turn) { return turn.started > highest; });
  std::vector<std::string> words;
  for (auto turn = first; turn != turns_.end(); ++turn) {
    const bool last_of_all = over_ && turn + 1 == turns_.end();
    if (turn->by_itself || last_of_all) words.push_back(fmt::format("T{}*", turn->thread));
    else if (turn->counted > 0) words.push_back(fmt::format("T{}*{}", turn->thread, turn->counted));
  }
  return words;
}

OwnInstructions Walk::own_instructions() const {
  OwnInstructions instructions;
  for (const Turn& turn : turns_) instructions.add(turn.thread, turn.counted);
  return instructions;
}

void Walk::save() {
  auto saved = std::make_unique<Saved>(Saved{executed_, next_choice_, {}, *shared_, machine_->runner().log(), turns_,
                                             {channels_[0].at, channels_[1].at}, last_, at_point_, forced_});
  std::string error;
  if (!machine_->save(saved->state, error)) return;
  saved_.push_back(std::move(saved));
  if (saved_.size() <= kMostSaved) return;
  // Every other one goes, and from now on they lie twice as far apart.
  std::vector<std::unique_ptr<Saved>> kept;
  for (size_t i = 0; i < saved_.size(); i += 2) kept.push_back(std::move(saved_[i]));
  saved_ = std::move(kept);
  save_every_ *= 2;
}

void Walk::put_back(const Saved& saved) {
  machine_->restore(saved.state, std::make_unique<Schedule>(*this));
  machine_->runner().set_log(saved.log);
  *shared_ = saved.shared;
  executed_ = saved.executed;
  next_choice_ = saved.choices;
  turns_ = saved.turns;
  last_ = saved.last;
  at_point_ = saved.at_point;
  forced_ = saved.forced;
  over_ = false;
  for (int i = 0; i < 2; ++i) channels_[i].at = saved.written[i];
}

void Walk::go_back(uint64_t executed) {
  size_t index = saved_.size();
  while (index > 1 && saved_[index - 1]->executed > executed) --index;
  put_back(*saved_[index - 1]);
  if (executed_ == executed) return;
  mode_ = Mode::kRepeat;
  target_ = executed;
  moved_ = 0;
  status_ = machine_->resume();
  over_ = status_ != Machine::kPaused;
  mode_ = Mode::kIdle;
}

// ---- Output

void Walk::write(std::string_view text, bool is_error) {
  if (mode_ == Mode::kFree || unseen_) return;
  Channel& channel = channels_[is_error];
  size_t same = 0;
  while (same < text.size() && channel.at + same < channel.shown.size() && channel.shown[channel.at + same] == text[same])
    ++same;
  channel.at += text.size();
  if (same == text.size()) return;
  channel.shown.resize(channel.at - text.size() + same);  // another way, another output
  channel.shown += text.substr(same);
  output_(text.substr(same), is_error);
}

// ---- Expressions

bool Walk::evaluate(uint32_t serial, const std::string& expression, std::string& text) {
  ThreadState* thread = over_ ? nullptr : find(serial);
  Frame* frame = thread ? thread->frame : nullptr;
  while (frame && (frame->is_native || frame->code->has(bytecode::kPrelude))) frame = frame->back;
  if (!frame) {
    text = fmt::format("T{} has no frame of the script's", serial);
    return false;
  }
  SavedState saved;
  if (!machine_->save(saved, text)) return false;
  mode_ = Mode::kFree;
  Heap& heap = machine_->heap();
  // A thread of its own, so that nothing of the others is touched.
  auto own = [&]() -> Result<Ref<Value>> {
    ThreadState* visitor = MINI_TRY(machine_->make_thread(kNone, kNone, kUnbound));
    visitor->state = sched::State::Running;
    visitor->dispatch.store(machine_->tables().breaker);
    constexpr size_t kRoom = 256 << 10;
    visitor->stack_floor = static_cast<const char*>(__builtin_frame_address(0)) - kRoom;
    machine_->state().threads.current = visitor;
    Ref<Dict> names = MINI_TRY(make_dict(heap));
    if (frame->names) MINI_TRY(update(heap, names.get(), shown_names(heap, frame->names)));
    const bytecode::Code& code = *frame->code->code;
    const size_t locals = code.varnames.size(), cells = code.cellvars.size() + code.freevars.size();
    for (size_t i = 0; i < locals + cells; ++i) {
      Value value = frame->locals[i];
      if (i >= locals && value.is_object()) value = static_cast<Cell*>(value.as_object())->content;
      if (value.is_unbound()) continue;
      Ref<Str> name = MINI_TRY(heap.intern(i < locals ? code.varnames[i] : code.cell_name(static_cast<uint32_t>(i - locals))));
      MINI_TRY(set_name(heap, names.get(), name.get(), value));
    }
    Ref<CodeObject> compiled = MINI_TRY(machine_->compile(expression, "<expression>", compile::CompileMode::kEval));
    auto function = MINI_TRY(make_function(heap, compiled.get(), frame->globals, Value(compiled->qualified_name)));
    if (!push_body(*visitor, std::move(function), names.get(), visitor->stack_end(), nullptr, Completion::kLeaveLoop))
      return raised;
    Ref<Value> value = MINI_TRY(run_nested(*visitor));
    return Ref<Value>(MINI_TRY(repr(heap, value)));
  };
  auto result = own();
  if (result.ok()) {
    text = to_utf8(static_cast<Str*>(result->get().as_object()));
    static_cast<void>(result.take().release());  // it goes with the state
  } else {
    Ref<Exception> exception = heap.take_pending();
    text = render_exception(*machine_, exception.get());
    text.erase(0, text.rfind('\n', text.size() - 2) + 1);
    if (!text.empty() && text.back() == '\n') text.pop_back();
    static_cast<void>(exception.release());
  }
  machine_->restore(saved, std::make_unique<Schedule>(*this));
  mode_ = Mode::kIdle;
  return result.ok();
}

}  // namespace mini::step
