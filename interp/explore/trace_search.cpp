#include "interp/explore/trace_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "interp/explore/steering.h"

namespace mini::explore {

namespace {

/// A run that is longer is cut: a program may go on for ever.
constexpr size_t kMostSteps = 20'000;

bool covers(const std::vector<uint32_t>& clock, uint16_t thread, uint32_t number) {
  return thread < clock.size() && clock[thread] >= number;
}

void join(std::vector<uint32_t>& clock, const std::vector<uint32_t>& other) {
  clock.resize(std::max(clock.size(), other.size()));
  for (size_t i = 0; i < other.size(); ++i) clock[i] = std::max(clock[i], other[i]);
}

}  // namespace

std::vector<uint16_t> TraceSearch::choices() const {
  std::vector<uint16_t> threads;
  for (const Event& event : events_) threads.push_back(event.thread);
  return threads;
}

std::optional<uint16_t> TraceSearch::next_thread(const Node& node) const {
  for (uint16_t thread : node.wanted)
    if (!node.asleep.contains(thread)) return thread;
  return {};
}

/// False: all that can be done from this state was done elsewhere.
bool TraceSearch::push(Explorer::Waiting state, std::map<uint16_t, Touches> asleep, uint16_t last) {
  Node node{std::move(state), explorer_.runnable(), {}, std::move(asleep)};
  // To go on with the same thread makes for the fewest switches.
  if (contains(node.enabled, last) && !node.asleep.contains(last)) node.wanted.push_back(last);
  for (uint16_t thread : node.enabled)
    if (node.wanted.empty() && !node.asleep.contains(thread)) node.wanted.push_back(thread);
  const bool possible = !node.wanted.empty();
  path_.push_back(std::move(node));
  return possible;
}

void TraceSearch::pop() {
  explorer_.drop(path_.back().state);
  path_.pop_back();
  moved_ = true;
  if (path_.empty()) return;
  path_.back().asleep[events_.back().thread] = std::move(events_.back().touched);
  events_.pop_back();
}

/// Works out what comes before the event, and asks for the other order where it races with one before.
void TraceSearch::order(Event& event) {
  Clock& clock = event.clock;
  for (size_t i = events_.size(); i-- > 0;) {
    if (events_[i].thread != event.thread) continue;
    clock = events_[i].clock;
    event.number = events_[i].number + 1;
    break;
  }
  // In the order of what the step does: a join at its end does not protect what it did before.
  std::vector<size_t> races;
  for (const Touch& touch : event.touched) {
    for (size_t i = events_.size(); i-- > 0;) {
      const Event& before = events_[i];
      if (covers(clock, before.thread, before.number)) continue;
      const Relation how = relation(before.touched, touch);
      if (how <= Relation::kWaits) continue;
      if (how == Relation::kRace) races.push_back(i);
      join(clock, before.clock);
    }
  }
  clock.resize(std::max<size_t>(clock.size(), event.thread + 1));
  clock[event.thread] = event.number;
  for (size_t i : races) reverse(i, event);
}

void TraceSearch::reverse(size_t earlier, const Event& event) {
  const Event& first = events_[earlier];
  Node& node = path_[earlier];
  // What has to run before the event and is possible without `first`; who may begin it.
  std::vector<const Event*> others;
  for (size_t i = earlier + 1; i < events_.size(); ++i)
    if (!covers(events_[i].clock, first.thread, first.number)) others.push_back(&events_[i]);
  others.push_back(&event);
  std::vector<uint16_t> seen, initial;
  for (size_t i = 0; i < others.size(); ++i) {
    const uint16_t thread = others[i]->thread;
    if (contains(seen, thread)) continue;
    seen.push_back(thread);
    const bool begins = std::none_of(others.begin(), others.begin() + static_cast<ptrdiff_t>(i), [&](const Event* other) {
      return covers(others[i]->clock, other->thread, other->number);
    });
    if (begins) initial.push_back(thread);
  }
  for (uint16_t thread : initial)
    if (contains(node.wanted, thread)) return;
  // Best the thread that raced; one that was not able to run there was waiting for `first`, or for the time.
  std::stable_sort(initial.begin(), initial.end(), [&](uint16_t a, uint16_t b) {
    return (a == event.thread) > (b == event.thread);
  });
  for (uint16_t thread : initial)
    if (contains(node.enabled, thread)) return node.wanted.push_back(thread);
  const bool only_waited = initial.size() == 1 && initial[0] == event.thread && explorer_.steering_->was_woken();
  if (only_waited) return;
  for (uint16_t thread : node.enabled)
    if (!contains(node.wanted, thread)) node.wanted.push_back(thread);
}

void TraceSearch::take_step(uint16_t thread) {
  if (moved_) explorer_.switch_to(path_.back().state.difference);
  moved_ = false;
  const size_t mark = explorer_.image_->hot_mark();
  explorer_.visibility_->set_order(path_.back().state.order);
  explorer_.judge_state();
  if (explorer_.machine_->state().threads.current) explorer_.image_->cool_down(mark);
  sched::ThreadTable& table = explorer_.machine_->state().threads;
  for (const sched::Thread& each : table.all) met_daemon_ = met_daemon_ || each.daemon;
  const Explorer::StepResult end = explorer_.step(thread);
  Event event{thread, 1, explorer_.steering_->touched(), {}};
  if (end.over || end.at_exit) {
    // The end of the program is the end of its daemons; others have ended before. What they would have done shows only
    // if they have their turns first.
    for (uint16_t other : path_.back().enabled)
      if (!contains(path_.back().wanted, other)) path_.back().wanted.push_back(other);
    if (met_daemon_) event.touched.push_back({nullptr, 0, true, true});
    else event.touched.push_back({.object = &table, .key = 0, .whole = true, .writes = false, .only_orders = true});
  }
  order(event);
  if (end.unknown) {
    explorer_.image_->cool_down(mark);
    path_.back().asleep[thread] = std::move(event.touched);
    return;
  }
  if (end.over) {
    ++runs_;
    const uint32_t outcome = explorer_.finish(path_.back().state, end);
    explorer_.image_->cool_down(mark);
    std::vector<uint16_t> all = choices();
    all.push_back(thread);
    explorer_.remember_choices(outcome, all);
    stopped_ = explorer_.settings_.stop_at_first && explorer_.is_bad(outcome);
    path_.back().asleep[thread] = std::move(event.touched);
    return;
  }
  explorer_.find_changes();
  Explorer::Waiting state = explorer_.capture(path_.back().state);
  std::map<uint16_t, Touches> asleep;
  for (const auto& [other, touched] : path_.back().asleep)
    if (other != thread && relation(touched, event.touched) <= Relation::kWaits) asleep[other] = touched;
  events_.push_back(std::move(event));
  if (!push(std::move(state), std::move(asleep), thread)) {
    ++blocked_;
    explorer_.image_->revert(explorer_.changed_);
    return pop();
  }
  explorer_.image_->revert(explorer_.changed_);
  moved_ = true;
}

void TraceSearch::run(Findings& findings) {
  explorer_.clear();
  explorer_.return_to_base();
  push(explorer_.base_state(), {}, 0);
  for (uint64_t turn = 0; !path_.empty(); ++turn) {
    if (turn % 64 == 0) {
      findings.incomplete = explorer_.limit_reached();
      if (findings.incomplete.empty() && turn % 4096 == 64 && explorer_.on_progress)
        explorer_.on_progress({.states = 0, .waiting = 0, .preemptions = 0, .seconds = explorer_.seconds(), .runs = runs_});
    }
    if (stopped_) findings.incomplete = "stopped at the first bad outcome";
    if (!findings.incomplete.empty() || explorer_.visibility_->changed()) break;
    const std::optional<uint16_t> thread = next_thread(path_.back());
    if (!thread) {
      pop();
    } else if (path_.size() > kMostSteps) {
      cut_ = true;
      pop();
    } else {
      take_step(*thread);
    }
  }
  while (!path_.empty()) pop();
  explorer_.return_to_base();
  findings.runs = runs_;
  findings.blocked_runs = blocked_;
  if (cut_ && findings.incomplete.empty())
    findings.incomplete = fmt::format("runs of more than {} steps were cut; a livelock needs --engine=states", kMostSteps);
}

}  // namespace mini::explore
