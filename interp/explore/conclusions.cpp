// What an exploration has found: the ways to each outcome, livelocks, the verdict.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "interp/explore/explorer.h"
#include "interp/explore/outside_watch.h"
#include "interp/explore/steering.h"

namespace mini::explore {

uint32_t Explorer::preemptions_of(const std::vector<uint16_t>& choices) {
  uint32_t preemptions = 0, at = 0;
  bool could_go_on = false;
  replay(choices, nullptr, [&](uint16_t thread, const StepResult& result) {
    if (at > 0 && could_go_on && choices[at - 1] != thread) ++preemptions;
    could_go_on = result.stop.has_value();
    ++at;
  });
  return preemptions;
}

bool Explorer::is_bad(uint32_t outcome) const {
  if (outcomes_[outcome].bad) return true;
  return !settings_.any_output && settings_.bad.empty() && outcome != 0;
}

/// Makes `outcome` the end of this path. False: nobody knows how to get there.
bool Explorer::choose(Outcome& outcome, const Path& path) {
  outcome.preemptions = path.preemptions;
  outcome.choices = follow(path);
  return path.steps.empty() || !outcome.choices.empty();
}

/// Finds shortest ways to all outcomes. False: with equal threads told apart, more can be said.
bool Explorer::find_ways() {
  if (settings_.engine != Settings::Engine::kStates) return true;
  std::vector<uint32_t> ends;
  for (uint32_t i = 0; i < outcomes_.size(); ++i) ends.push_back(i | kOutcomeBit);
  const std::vector<Path> paths = graph_.shortest_paths(ends);
  bool all_found = true;
  for (uint32_t i = 0; i < outcomes_.size(); ++i) all_found = choose(outcomes_[i], paths[i]) && all_found;
  return !symmetry_->is_on() || (all_found && !symmetry_->changed() && graph_.without_end().empty());
}

/// Who takes the steps of a path. Where a step leads, the search may have gone on from a state in which equal threads have
/// changed places; so the path has to be gone to see who they are. Empty: that cannot be seen.
std::vector<uint16_t> Explorer::follow(const Path& path) {
  std::vector<uint16_t> choices;
  if (!symmetry_->is_on()) {
    for (const PathStep& at : path.steps) choices.push_back(graph_.edges(at.node)[at.edge].thread);
    return choices;
  }
  return_to_base();
  const size_t mark = image_->hot_mark();
  Waiting from = base_state();
  bool goes_on = true;
  for (const PathStep& at : path.steps) {
    const bool is_there = goes_on && hash_arrived(from.output, from.errors, false) == graph_[at.node].hash();
    const std::vector<uint16_t> threads = candidates();
    if (!is_there || at.edge >= threads.size()) {
      choices.clear();
      break;
    }
    choices.push_back(threads[at.edge]);
    goes_on = !step(choices.back()).over;
    from.output = longer_text(from.output, step_output_);
    from.errors = longer_text(from.errors, step_errors_);
  }
  image_->cool_down(mark);
  return choices;
}

void Explorer::find_livelocks(Findings& findings) {
  const std::vector<NodeIndex> endless = graph_.without_end();
  if (endless.empty()) return;
  // The state that is reached with the fewest preemptions stands for all.
  auto distance = [&](NodeIndex node) {
    uint32_t best = graph_[node].free_distance;
    for (uint32_t i = 0; i < graph_[node].edge_count; ++i) best = std::min<uint32_t>(best, graph_.edges(node)[i].distance);
    return best;
  };
  const NodeIndex first = *std::min_element(endless.begin(), endless.end(),
                                            [&](NodeIndex a, NodeIndex b) { return distance(a) < distance(b); });
  Outcome outcome;
  outcome.kind = OutcomeKind::kLivelock;
  outcome.bad = true;
  outcome.errors = fmt::format("livelock: from {} of {} states no schedule leads to an end\n", endless.size(), graph_.size());
  static_cast<void>(choose(outcome, graph_.shortest_paths({first}).front()));
  findings.outcomes.push_back(std::move(outcome));
}

void Explorer::conclude(Findings& findings) {
  const bool by_states = settings_.engine == Settings::Engine::kStates;
  std::vector<double> counts;
  if (by_states) counts = graph_.path_counts(outcomes_.size());
  for (uint32_t i = 0; i < outcomes_.size(); ++i) {
    Outcome outcome = outcomes_[i];
    if (by_states) outcome.schedules = counts[i];
    else outcome.preemptions = preemptions_of(outcome.choices);
    findings.outcomes.push_back(std::move(outcome));
  }
  // The end that takes the fewest preemptions is the one to be expected; the others depend on the schedule.
  auto before = [](const Outcome& a, const Outcome& b) {
    return std::tuple(a.bad, a.preemptions, a.choices.size(), a.output) < std::tuple(b.bad, b.preemptions, b.choices.size(), b.output);
  };
  // Two states that were taken for one show when the way to an outcome cannot be gone.
  if (by_states && findings.started) {
    for (Outcome& outcome : findings.outcomes) {
      const std::string found_before = std::exchange(mismatch_, "");
      replay(outcome.choices, nullptr);
      if (!mismatch_.empty()) outcome.choices.clear();
      else mismatch_ = found_before;
    }
  }
  const auto expected = std::min_element(findings.outcomes.begin(), findings.outcomes.end(), before);
  if (!settings_.any_output && settings_.bad.empty())
    for (auto outcome = findings.outcomes.begin(); outcome != findings.outcomes.end(); ++outcome)
      outcome->bad = outcome->bad || outcome != expected;
  if (by_states && findings.incomplete.empty()) find_livelocks(findings);
  const std::string endless = fmt::format("{}", fmt::join(steering_->endless_natives(), ", "));
  const std::string blind = fmt::format("{}", fmt::join(steering_->blind_natives(), ", "));
  if (findings.incomplete.empty() && outgrown_) findings.incomplete = limit_reached();
  if (findings.incomplete.empty() && !mismatch_.empty()) findings.incomplete = "INTERNAL: " + mismatch_;
  if (findings.incomplete.empty() && !endless.empty())
    findings.incomplete = "natives that call script code did not come to an end: " + endless;
  if (findings.incomplete.empty() && !blind.empty())
    findings.incomplete = "natives that call script code were not interrupted: " + blind;
  std::stable_sort(findings.outcomes.begin(), findings.outcomes.end(), [](const Outcome& a, const Outcome& b) {
    return std::tuple(a.preemptions, a.bad) < std::tuple(b.preemptions, b.bad);
  });
  const bool bad = std::any_of(findings.outcomes.begin(), findings.outcomes.end(), [](const Outcome& o) { return o.bad; });
  findings.verdict = bad ? Verdict::kBad : findings.incomplete.empty() ? Verdict::kSafe : Verdict::kIncomplete;
  if (!endless.empty())
    findings.left_out.push_back(fmt::format("natives that call script code and had not come to an end after {} instructions: {}",
                                            Steering::kMostInside, endless));
  if (!blind.empty())
    findings.left_out.push_back("natives that call script code, which ran without the switches that may fall inside: " + blind);
  if (visibility_->met_timeout())
    findings.left_out.push_back("time: it is virtual, and a timeout fires only when no thread can run before it");
  if (!findings.incomplete.empty() && symmetry_->is_on() && holds_for_good())
    findings.left_out.push_back("what the main thread does where it waits for equal threads: no end of theirs was found");
  if (outside_->asked_world)
    findings.left_out.push_back("what comes from outside (files, random bytes, the environment): it is asked anew each time");
  if (steering_->met_finalizer())
    findings.left_out.push_back("finalisers: that the last reference may go in another thread is seen only where the "
                                "references are contended");
  if (visibility_->met_unknown())
    findings.left_out.push_back("a native whose effects are not known ran; every access was treated as visible");
  findings.states = graph_.size();
  findings.steps = steps_;
  findings.predicted = predicted_;
  findings.races = visibility_->races();
  findings.potential_deadlocks = visibility_->potential_deadlocks();
  findings.origins = visibility_->origins();
  findings.contended = visibility_->contended();
  findings.shard = settings_.shard;
  findings.split = split_;
  findings.seconds = seconds();
  findings.bytes = peak_bytes_;
  findings.verified = verified_count_;
}

void Explorer::replay(const std::vector<uint16_t>& choices, const std::function<void(const Executed&)>& watch,
                      const std::function<void(uint16_t thread, const StepResult&)>& after_step) {
  switch_to({});
  visibility_->set_order(0);
  const size_t mark = image_->hot_mark();
  steering_->watch = watch;
  for (uint16_t thread : choices) {
    const StepResult result = step(thread);
    if (after_step) after_step(thread, result);
    if (result.over) break;
  }
  steering_->watch = nullptr;
  image_->cool_down(mark);
}

Outcome Explorer::without_preemption(const std::vector<uint16_t>& choices, size_t count) {
  constexpr size_t kMostSteps = 100'000;
  switch_to({});
  visibility_->set_order(0);
  const size_t mark = image_->hot_mark();
  Waiting from = base_state();
  uint16_t last = 0xffff;
  StepResult result{};
  for (size_t i = 0; i < kMostSteps && !result.over; ++i) {
    const std::vector<uint16_t> threads = runnable();
    judge_state();
    if (i < count) last = choices[i];
    else if (!contains(threads, last)) last = threads.front();
    result = step(last);
    if (result.over) break;
    from.output = longer_text(from.output, step_output_);
    from.errors = longer_text(from.errors, step_errors_);
  }
  Outcome outcome;
  outcome.kind = OutcomeKind::kLivelock;
  if (result.over) outcome = describe_end(from, result);
  image_->cool_down(mark);
  return outcome;
}

}  // namespace mini::explore
