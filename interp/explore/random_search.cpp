#include "interp/explore/random_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "interp/explore/crew.h"
#include "runtime/sched/random.h"

namespace mini::explore {

void RandomSearch::run(Findings& findings) {
  explorer_.clear();
  if (!explorer_.crew_) {
    run_every(shard_.index - 1, shard_.count);
  } else {
    const uint32_t members = explorer_.settings_.jobs;
    explorer_.crew_->share([&](uint32_t member) {
      run_every(shard_.index - 1 + uint64_t{member} * shard_.count, uint64_t{members} * shard_.count);
    });
  }
  findings.runs = 0;
  for (const Outcome& outcome : explorer_.outcomes_) findings.runs += static_cast<uint64_t>(outcome.schedules);
  findings.incomplete = explorer_.limit_reached();
  if (findings.incomplete.empty()) findings.incomplete = fmt::format("{} random schedules were run", findings.runs);
}

/// Run number N is drawn from N alone, but for where its priorities change.
void RandomSearch::run_every(uint64_t first, uint64_t step) {
  constexpr size_t kMostSteps = 100'000;
  size_t longest = 1;
  for (uint64_t run = first; run < runs_; run += step) {
    if (!explorer_.limit_reached().empty()) return;
    sched::Random random(run);
    explorer_.return_to_base();
    const size_t mark = explorer_.image_->hot_mark();
    const bool by_priority = run % 2 != 0;
    std::vector<uint32_t> priorities;
    std::vector<size_t> changes;
    for (uint32_t i = 0; i < run / 2 % 4; ++i) changes.push_back(random.below(static_cast<uint32_t>(longest)));
    std::vector<uint16_t> choices;
    Explorer::Waiting from = explorer_.base_state();
    std::optional<uint32_t> outcome;
    bool goes_on = true;
    while (goes_on && choices.size() < kMostSteps) {
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
      goes_on = explorer_.walk(from, chosen, outcome);
    }
    explorer_.image_->cool_down(mark);
    longest = std::max(longest, choices.size());
    if (!outcome) continue;
    explorer_.remember_choices(*outcome, choices);
    if (explorer_.settings_.stop_at_first && explorer_.is_bad(*outcome)) break;
  }
}

}  // namespace mini::explore
