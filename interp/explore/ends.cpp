// How runs end: what the explorer calls the end of a step that was the last one.
#include <fmt/format.h>

#include "interp/explore/explorer.h"
#include "interp/explore/steering.h"
#include "runtime/object/operations.h"
#include "runtime/object/str.h"

namespace mini::explore {

namespace {

bool last_line_begins(const std::string& text, std::string_view with) {
  size_t end = text.find_last_not_of('\n');
  if (end == text.npos) return false;
  const size_t begin = text.rfind('\n', end);
  return text.compare(begin == text.npos ? 0 : begin + 1, with.size(), with) == 0;
}

}  // namespace

/// What came of the step from `from` that ended the run; whether it is bad beyond what it says itself, is_bad() tells.
Outcome Explorer::describe_end(const Waiting& from, const StepResult& end) const {
  Outcome outcome;
  outcome.status = end.status;
  outcome.output = texts_[from.output] + step_output_;
  outcome.errors = texts_[from.errors] + step_errors_;
  outcome.shown = shown_value_;
  constexpr int kStatusDeadlock = 3;
  if (bad_state_) {
    outcome.kind = OutcomeKind::kBadState;
    outcome.errors += *bad_state_;
  } else if (end.status == kStatusDeadlock && outcome.errors.find("deadlock: no thread can run") != std::string::npos) {
    outcome.kind = OutcomeKind::kDeadlock;
  } else if (last_line_begins(outcome.errors, "AssertionError") ||
             outcome.errors.find("\nAssertionError") != std::string::npos) {
    outcome.kind = OutcomeKind::kAssertion;
  } else if (outcome.errors.find("Traceback (most recent call last):\n") != std::string::npos ||
             outcome.errors.find("Exception in thread ") != std::string::npos ||
             outcome.errors.find("Exception ignored in ") != std::string::npos) {
    outcome.kind = OutcomeKind::kUncaught;
  } else {
    outcome.kind = end.status == 0 ? OutcomeKind::kEnded : OutcomeKind::kExit;
  }
  outcome.bad = is_fault(outcome.kind);
  return outcome;
}

/// The number of the outcome with which a step from `from` ended the run.
uint32_t Explorer::finish(const Waiting& from, const StepResult& end) {
  Outcome outcome = describe_end(from, end);
  if (outcome.kind == OutcomeKind::kDeadlock) symmetry_->tell_all_apart();  // its report names them
  return outcome_number(std::move(outcome));
}

uint32_t Explorer::outcome_number(Outcome outcome) {
  std::string key = fmt::format("{} {} {}:{}{}:{}{}", static_cast<int>(outcome.kind), outcome.status, outcome.output.size(),
                                outcome.output, outcome.shown.size(), outcome.shown, outcome.errors);
  const auto [place, fresh] = outcome_numbers_.try_emplace(std::move(key), static_cast<uint32_t>(outcomes_.size()));
  if (fresh) outcomes_.push_back(std::move(outcome));
  return place->second;
}

/// Looks at the state that the memory holds, if it is one at the end of the program.
void Explorer::judge_state() {
  bad_state_.reset();
  shown_value_.clear();
  if (!machine_->state().threads.current) return;
  bad_state_ = find_bad();
  shown_value_ = shown_value();
}

/// Evaluates the condition of --bad; what there is to say about it if it holds.
std::optional<std::string> Explorer::find_bad() {
  if (!bad_code_) return {};
  Heap& heap = machine_->heap();
  steering_->in_prefix = true;  // no part of the schedule
  auto value = machine_->run_module_code(bad_code_, machine_->state().main_names);
  Result<bool> holds = raised;
  if (value.ok()) holds = truth(heap, value->get());
  steering_->in_prefix = false;
  if (!holds.ok()) {
    auto exception = heap.take_pending();
    return fmt::format("--bad={} cannot be evaluated: {}\n", settings_.bad, to_utf8(exception->type->name));
  }
  if (*holds) return fmt::format("--bad={} holds\n", settings_.bad);
  return {};
}

std::string Explorer::shown_value() {
  if (settings_.shown.empty()) return "";
  Heap& heap = machine_->heap();
  steering_->in_prefix = true;  // no part of the schedule
  std::string text = "not defined";
  Ref<Str> name;
  if (auto interned = heap.intern(settings_.shown); interned.ok()) name = interned.take();
  const Value value = name ? get_name(machine_->state().main_names, name.get()) : kUnbound;
  if (!value.is_unbound()) {
    auto shown = repr(heap, Ref<Value>::share(value));
    text = shown.ok() ? to_utf8(shown->get()) : "";
  }
  if (heap.has_pending()) text = to_utf8(heap.take_pending()->type->name);
  steering_->in_prefix = false;
  return text;
}

}  // namespace mini::explore
