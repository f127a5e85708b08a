#include "interp/explore/trace_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "interp/explore/steering.h"
#include "runtime/sched/random.h"

namespace mini::explore {

namespace {

bool contains(const std::vector<uint16_t>& threads, uint16_t thread) {
  return std::find(threads.begin(), threads.end(), thread) != threads.end();
}

bool depend(const std::vector<StepAccess>& a, const std::vector<StepAccess>& b) {
  for (const StepAccess& x : a)
    for (const StepAccess& y : b) {
      if (x.object == 0 || y.object == 0) return true;
      if (x.object == y.object && (x.writes || y.writes) && (x.whole || y.whole || x.key == y.key)) return true;
    }
  return false;
}

}  // namespace

bool TraceSearch::is_asleep(const Stage& stage, uint16_t thread) const {
  return std::any_of(stage.sleep.begin(), stage.sleep.end(), [&](const Sleeper& each) { return each.thread == thread; });
}

void TraceSearch::push(Explorer::Waiting state, std::vector<Sleeper> sleep, uint16_t last) {
  Stage& stage = path_.emplace_back();
  stage.state = std::move(state);
  stage.sleep = std::move(sleep);
  stage.enabled = explorer_.runnable();
  // Any first choice will do; staying with the thread makes no preemption.
  if (contains(stage.enabled, last) && !is_asleep(stage, last)) {
    stage.backtrack.push_back(last);
    return;
  }
  for (uint16_t thread : stage.enabled) {
    if (is_asleep(stage, thread)) continue;
    stage.backtrack.push_back(thread);
    return;
  }
}

/// What was explored from the top of the path is done; its thread sleeps there from now on.
void TraceSearch::retire() {
  Stage& stage = path_.back();
  stage.done.push_back(stage.thread);
  stage.sleep.push_back({stage.thread, stage.accesses});
}

/// Among the first steps of what could have run instead of step `at`, one that shall be tried there, if none will be.
void TraceSearch::add_initial(size_t at, size_t top) {
  const Stage& racing = path_[at];
  std::vector<size_t> sequence;  // steps after `at` that do not come after it, then the top's
  for (size_t i = at + 1; i < top; ++i)
    if (racing.thread >= path_[i].clock.size() || path_[i].clock[racing.thread] < racing.number) sequence.push_back(i);
  sequence.push_back(top);
  std::vector<uint16_t> initials;
  for (size_t k = 0; k < sequence.size(); ++k) {
    const Stage& step = path_[sequence[k]];
    const bool follows = std::any_of(sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(k), [&](size_t before) {
      const Stage& earlier = path_[before];
      return earlier.thread == step.thread ||
             (earlier.thread < step.clock.size() && step.clock[earlier.thread] >= earlier.number);
    });
    if (!follows) initials.push_back(step.thread);
  }
  Stage& stage = path_[at];
  uint16_t chosen = 0;
  bool any = false;
  for (uint16_t thread : initials) {
    if (contains(stage.backtrack, thread) || contains(stage.done, thread)) return;
    if (!contains(stage.enabled, thread)) continue;
    if (!any || thread == path_[top].thread) chosen = thread;
    any = true;
  }
  if (any) stage.backtrack.push_back(chosen);
}

/// Orders the step of the top stage after those that it depends on, and looks for those that it could have preceded.
void TraceSearch::find_races(size_t top) {
  Stage& step = path_[top];
  step.number = 1;
  step.clock.assign(step.thread + 1u, 0);
  auto join = [&](const Stage& before) {
    step.clock.resize(std::max(step.clock.size(), before.clock.size()));
    for (size_t i = 0; i < before.clock.size(); ++i) step.clock[i] = std::max(step.clock[i], before.clock[i]);
  };
  for (size_t i = top; i-- > 0;) {
    if (path_[i].thread != step.thread) continue;
    step.number = path_[i].number + 1;
    join(path_[i]);
    break;
  }
  std::vector<size_t> races;
  for (size_t i = top; i-- > 0;) {
    const Stage& before = path_[i];
    if (before.thread == step.thread || !depend(before.accesses, step.accesses)) continue;
    if (before.thread < step.clock.size() && step.clock[before.thread] >= before.number) continue;
    if (contains(before.enabled, step.thread)) races.push_back(i);
    join(before);
  }
  step.clock[step.thread] = step.number;
  for (size_t race : races) add_initial(race, top);
}

std::vector<uint16_t> TraceSearch::choices() const {
  std::vector<uint16_t> list;
  for (const Stage& stage : path_) list.push_back(stage.thread);
  return list;
}

void TraceSearch::run(Findings& findings) {
  explorer_.clear();
  explorer_.return_to_base();
  findings.traces = findings.blocked = 0;
  push(explorer_.base_state(), {}, 0xffff);
  uint64_t count = 0;
  while (!path_.empty()) {
    if (count++ % 64 == 0) {
      findings.incomplete = explorer_.limit_reached();
      if (explorer_.visibility_->changed()) break;
      if (!findings.incomplete.empty()) break;
    }
    const size_t top = path_.size() - 1;
    Stage& stage = path_[top];
    const auto next = std::find_if(stage.backtrack.begin(), stage.backtrack.end(), [&](uint16_t thread) {
      return !contains(stage.done, thread) && !is_asleep(stage, thread);
    });
    if (next == stage.backtrack.end()) {
      if (stage.done.empty() && top > 0) ++findings.blocked;  // all that could run sleeps
      explorer_.drop(stage.state);
      path_.pop_back();
      if (!path_.empty()) retire();
      continue;
    }
    stage.thread = *next;
    Explorer::StepResult result{};
    std::optional<Explorer::Waiting> arrived;
    std::optional<uint32_t> outcome;
    explorer_.step_from(stage.state, stage.thread, result, arrived, outcome);
    stage.accesses = explorer_.steering_->accesses;
    find_races(top);
    if (outcome) {
      ++findings.traces;
      explorer_.remember_choices(*outcome, choices());
      retire();
      if (explorer_.settings_.stop_at_first && explorer_.is_bad(*outcome)) {
        findings.incomplete = "stopped at the first bad outcome";
        break;
      }
      continue;
    }
    if (path_.size() == kDeepest) {
      findings.incomplete = fmt::format("a schedule of more than {} steps", kDeepest);
      explorer_.drop(*arrived);
      retire();
      continue;
    }
    std::vector<Sleeper> sleep;
    for (const Sleeper& each : path_[top].sleep)
      if (each.thread != path_[top].thread && !depend(each.accesses, path_[top].accesses)) sleep.push_back(each);
    explorer_.switch_to(arrived->difference);
    push(std::move(*arrived), std::move(sleep), path_[top].thread);
  }
  while (!path_.empty()) {
    explorer_.drop(path_.back().state);
    path_.pop_back();
  }
}

void RandomSearch::run(Findings& findings) {
  constexpr size_t kMostSteps = 100'000;
  explorer_.clear();
  sched::Random random(2);
  size_t longest = 1;
  for (uint64_t run = 0; run < runs_; ++run) {
    findings.incomplete = explorer_.limit_reached();
    if (!findings.incomplete.empty()) return;
    explorer_.return_to_base();
    const size_t mark = explorer_.image_->hot_mark();
    const bool by_priority = run % 2 != 0;
    std::vector<uint32_t> priorities;
    std::vector<size_t> changes;
    for (uint32_t i = 0; i < run / 2 % 4; ++i) changes.push_back(random.below(static_cast<uint32_t>(longest)));
    std::vector<uint16_t> choices;
    Explorer::Waiting from = explorer_.base_state();
    std::optional<uint32_t> outcome;
    while (!outcome && choices.size() < kMostSteps) {
      const std::vector<uint16_t> threads = explorer_.runnable();
      uint16_t chosen = threads[random.below(static_cast<uint32_t>(threads.size()))];
      if (by_priority) {
        for (uint16_t thread : threads)
          while (priorities.size() <= thread) priorities.push_back(1000 + random.below(1'000'000));
        chosen = *std::max_element(threads.begin(), threads.end(), [&](uint16_t a, uint16_t b) { return priorities[a] < priorities[b]; });
        if (std::find(changes.begin(), changes.end(), choices.size()) != changes.end()) priorities[chosen] = random.below(1000);
      } else if (!choices.empty() && contains(threads, choices.back()) && random.below(3) != 0) {
        chosen = choices.back();
      }
      choices.push_back(chosen);
      explorer_.walk(from, chosen, outcome);
    }
    explorer_.image_->cool_down(mark);
    longest = std::max(longest, choices.size());
    ++findings.traces;
    if (!outcome) continue;
    explorer_.remember_choices(*outcome, choices);
    if (explorer_.settings_.stop_at_first && explorer_.is_bad(*outcome)) break;
  }
  findings.incomplete = fmt::format("{} random schedules were run", findings.traces);
}

}  // namespace mini::explore
