// The outcomes of a script under all schedules, or many.
//
// The explorer finds the schedules; what each comes to is what a Vm says that repeats it by its token.
#include <algorithm>

#include "interp/explore/explain.h"  // before the public headers, as core.h says

#include "interp/api/core.h"

namespace mini {

std::set<std::string> Outcomes::values() const {
  std::set<std::string> values;
  for (const Outcome& outcome : all_) values.insert(outcome.value);
  return values;
}

bool Outcomes::has_deadlock() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Outcome& outcome) { return outcome.failed && outcome.kind == ErrorKind::kDeadlock; });
}

const Outcome* Outcomes::find(std::string_view value) const {
  for (const Outcome& outcome : all_)
    if (outcome.value == value) return &outcome;
  return nullptr;
}

namespace {

constexpr std::uint64_t kMostInstructions = 1'000'000;

/// Standard input that is the same in every run.
class Answers {
 public:
  explicit Answers(std::function<std::optional<std::string>()> input) : input_(std::move(input)) {}
  void begin_run() { at_ = 0; }
  std::optional<std::string> next() {
    if (at_ == given_.size()) given_.push_back(input_());
    return given_[at_++];
  }

 private:
  std::function<std::optional<std::string>()> input_;
  std::vector<std::optional<std::string>> given_;
  std::size_t at_ = 0;
};

/// Collects outcomes of one script.
class Collector {
 public:
  Collector(std::string_view source, const OutcomeOptions& options)
      : source_(source), global_(options.global), vm_options_(options.vm), answers_(options.vm.input) {
    vm_options_.runner = Runner::kOneThread;
    vm_options_.clock = Clock::kDefault;
    vm_options_.observer = nullptr;
    vm_options_.wait_on_deadlock = false;
    if (vm_options_.limits.instructions == 0) vm_options_.limits.instructions = kMostInstructions;
    vm_options_.output = [this](std::string_view text) { output_ += text; };
    if (!vm_options_.errors) vm_options_.errors = [](std::string_view) {};
    if (vm_options_.input) vm_options_.input = [this] { return answers_.next(); };
    vm_options_.schedule = Schedule::seeded(0);
    static_cast<void>(Vm(vm_options_).compile(source_));  // throws what is wrong with all runs
  }

  /// How the script ends under this schedule.
  Outcome run(const Schedule& schedule) {
    Options vm_options = vm_options_;
    vm_options.schedule = schedule;
    answers_.begin_run();
    output_.clear();
    limit_ = Limit::kNone;
    Outcome outcome;
    outcome.token = schedule.name();
    try {
      Vm vm(std::move(vm_options));
      try {
        vm.run_program(source_);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kExit) throw;
        fail(outcome, error);
      }
      if (!global_.empty()) outcome.value = vm.get(global_).repr();
      vm.finish();
      if (global_.empty()) outcome.value = output_;
    } catch (const Error& error) {
      fail(outcome, error);
    }
    return outcome;
  }

  /// The limit that ended the last run.
  Limit limit() const { return limit_; }

  void add(Outcome outcome) {
    for (Outcome& other : found_) {
      if (other.value != outcome.value || other.failed != outcome.failed) continue;
      if (__builtin_add_overflow(other.count, outcome.count, &other.count)) other.count = UINT64_MAX;
      if (outcome.preemptions >= other.preemptions) return;
      outcome.count = other.count;
      other = std::move(outcome);
      return;
    }
    found_.push_back(std::move(outcome));
  }

  /// What the explorer is to look at.
  explore::Settings settings() const {
    explore::Settings settings;
    settings.filename = "<string>";
    settings.source = source_;
    settings.machine = detail::machine_options(vm_options_);
    settings.shown = global_;
    settings.any_output = true;
    return settings;
  }
  Answers& answers() { return answers_; }

  std::vector<Outcome> take() {
    std::sort(found_.begin(), found_.end(), [](const Outcome& a, const Outcome& b) { return a.value < b.value; });
    return std::move(found_);
  }

 private:
  void fail(Outcome& outcome, const Error& error) {
    outcome.failed = true;
    outcome.kind = error.kind();
    outcome.value = error.what();
    outcome.report = error.report();
    limit_ = error.limit();
  }

  const std::string source_;
  const std::string global_;
  Options vm_options_;
  Answers answers_;
  std::string output_;
  Limit limit_ = Limit::kNone;
  std::vector<Outcome> found_;
};

std::uint64_t whole(double schedules) {
  constexpr double kMost = 1.8e19;  // less than 2^64
  return schedules < kMost ? static_cast<std::uint64_t>(schedules) : UINT64_MAX;
}

/// Adds the outcomes of all schedules; what is to be said about them is in the findings.
void explore_all(Collector& collector, const OutcomeOptions& options, explore::Findings& findings) {
  // What does not end by itself would not end before the explorer begins.
  Outcome first = collector.run(Schedule::seeded(0));
  if (collector.limit() == Limit::kInstructions || collector.limit() == Limit::kTime) {
    findings.incomplete = first.value;
    first.count = 1;
    return collector.add(std::move(first));
  }
  explore::Settings settings = collector.settings();
  settings.max_preemptions = options.preemptions;
  settings.max_seconds = std::chrono::duration<double>(options.time).count();
  settings.memory_limit = options.memory;
  std::exception_ptr thrown;
  if (options.vm.input) {
    collector.answers().begin_run();
    settings.machine.input = [&]() -> std::string {
      try {
        const std::optional<std::string> line = collector.answers().next();
        return line ? *line + "\n" : "";
      } catch (...) {
        if (!thrown) thrown = std::current_exception();
        return "";
      }
    };
  }
  explore::Explorer explorer(settings);
  std::string error;
  if (!explorer.run(findings, error)) detail::throw_usage(error);
  if (thrown) std::rethrow_exception(thrown);
  for (const explore::Outcome& found : findings.outcomes) {
    Outcome outcome;
    if (found.kind == explore::OutcomeKind::kLivelock) {
      outcome.value = "livelock";
      outcome.failed = true;
      outcome.kind = ErrorKind::kLimit;
      outcome.report = found.errors;
    } else {
      // Without a second thread there is nothing to choose, and no token.
      const std::string token = explore::token_of(explorer, settings, found);
      outcome = token.empty() ? first : collector.run(Schedule::text(token));
    }
    outcome.count = whole(found.schedules);
    outcome.preemptions = found.preemptions;
    collector.add(std::move(outcome));
  }
}

}  // namespace

Outcomes outcomes(std::string_view source, const OutcomeOptions& options) {
  Collector collector(source, options);
  Outcomes found;
  if (options.seeds == 0) {
    explore::Findings findings;
    explore_all(collector, options, findings);
    found.incomplete_ = findings.incomplete;
    found.left_out_ = findings.left_out;
  } else {
    for (std::uint64_t seed = 0; seed < options.seeds; ++seed) {
      Outcome outcome = collector.run(Schedule::seeded(seed));
      outcome.count = 1;
      collector.add(std::move(outcome));
    }
    found.incomplete_ = fmt::format("{} seeds were tried", options.seeds);
  }
  found.all_ = collector.take();
  return found;
}

}  // namespace mini
