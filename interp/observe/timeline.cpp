// What is kept of a run. timeline_chrome.cpp and timeline_page.cpp write it.
#include "interp/observe/timeline.h"

#include <algorithm>

namespace mini::observe {

Timeline::Timeline(vm::Machine& machine, std::vector<std::string> watch, LostUpdates& lost_updates, TimelineLimits limits)
    : Events(machine), watch_(std::move(watch)), lost_updates_(lost_updates), limits_(limits), begin_(time()) {
  enter(0, kRunning, begin_);
}

std::string_view Timeline::name(State state) {
  constexpr std::string_view kNames[] = {"not started", "wants the GIL", "running", "forced wait", "blocked", "in a call", "over"};
  return kNames[state];
}

std::string Timeline::state_text(const Transition& transition) const {
  std::string words(name(transition.state));
  if (transition.state == kBlocked) words += ": waits for " + texts_[transition.what];
  return words;
}

uint32_t Timeline::text(const std::string& words) {
  const auto [place, fresh] = text_numbers_.try_emplace(words, static_cast<uint32_t>(texts_.size()));
  if (fresh) texts_.push_back(words);
  return place->second;
}

uint32_t Timeline::code(const bytecode::Code* object) {
  const auto [place, fresh] = code_numbers_.try_emplace(object, static_cast<uint32_t>(codes_.size()));
  if (fresh) codes_.push_back(object);
  return place->second;
}

void Timeline::enter(uint32_t thread, State state, sched::Time when, uint32_t what) {
  if (thread >= states_.size()) states_.resize(thread + 1, kUnstarted);
  if (states_[thread] == kUnstarted) thread_names_.emplace_back(thread, names_.of(thread));
  if (states_[thread] == state && state != kBlocked) return;
  if (states_[thread] == kRunning) dropped_ = when;
  states_[thread] = state;
  if (transitions_.size() < limits_.most_transitions) transitions_.push_back({instructions(), when, thread, state, what});
}

Events::Detail Timeline::detail(uint32_t, const bytecode::Code& at, uint32_t) {
  if (at.has(bytecode::kPrelude)) return watch_.empty() ? Detail::kNone : Detail::kTouched;
  if (steps_.size() < limits_.all_instructions) return Detail::kAll;
  if (window_ > 0 && window_steps_ < limits_.after_switches) return Detail::kAll;
  if (shared_steps_ < limits_.shared_accesses || !watch_.empty()) return Detail::kTouched;
  return Detail::kNone;
}

void Timeline::instruction(InstructionEvent& event) {
  if (event.thread >= states_.size() || states_[event.thread] != kRunning) enter(event.thread, kRunning, time());
  if (!watch_.empty())
    for (const Touched& touched : event.touched)
      if (touched.writes()) sample(touched);
  if (event.is_library()) return;
  std::erase_if(event.touched, [](const Touched& touched) { return touched.definition || touched.text().empty(); });
  const bool in_window = window_ > 0;
  if (in_window) --window_;
  bool full = true;
  if (steps_.size() >= limits_.all_instructions) {
    if (in_window && window_steps_ < limits_.after_switches) {
      ++window_steps_;
    } else {
      steps_left_out_ = true;
      if (event.touched.empty() || shared_steps_ >= limits_.shared_accesses) return;
      ++shared_steps_;
      full = false;
    }
  }
  Step& step = steps_.emplace_back(Step{event.number, event.thread, code(event.code), event.index, full, {}, {}});
  if (full)
    for (const std::string& value : event.stack) step.stack.push_back(text(value));
  for (const Touched& touched : event.touched)
    step.touched.push_back({text(touched.name), static_cast<uint32_t>(touched.mode), text(touched.old_value), text(touched.new_value)});
}

void Timeline::sample(const Touched& touched) {
  if (std::find(watch_.begin(), watch_.end(), touched.name) == watch_.end()) return;
  Samples& samples = samples_[touched.name];
  if (samples.seen++ % samples.stride) {
    return;
  }
  if (samples.list.size() == limits_.most_samples) {
    size_t kept = 0;
    for (size_t i = 0; i < samples.list.size(); i += 2) samples.list[kept++] = std::move(samples.list[i]);
    samples.list.resize(kept);
    samples.stride *= 2;
  }
  samples.list.push_back({instructions(), time(), touched.new_value});
}

void Timeline::mark(Mark& made) {
  switch (made.kind) {
    case Mark::kStart:
      return enter(made.other, kWants, made.time);
    case Mark::kWait:
      return enter(made.thread, kBlocked, made.time, text(made.what));
    case Mark::kWake:
      return enter(made.thread, kWants, made.time);
    case Mark::kEnd:
      return enter(made.thread, kOver, made.time);
    case Mark::kSwitch:
      ++all_switches_;
      window_ = limits_.after_switch;
      if (made.cause == sched::Cause::Switched) enter(made.thread, kForced, made.time);
      if (made.cause == sched::Cause::Called) enter(made.thread, kCalling, made.time);
      enter(made.other, kRunning, made.time);
      if (switches_.size() < limits_.most_transitions)
        switches_.push_back({made.number, instructions(), dropped_, made.time, made.thread, made.other, made.cause});
      return;
    case Mark::kAsked:
      if (requests_.size() < limits_.most_transitions) requests_.push_back(made.time);
      return;
    case Mark::kLost:
      ++all_lost_;
      if (lost_.size() < limits_.most_lost)
        lost_.push_back({instructions(), made.time, made.thread, made.lost->variable, lost_updates_.describe(*made.lost), made.lost->lost});
      return;
    case Mark::kAcquired:
    case Mark::kReleased:
      return;
  }
}

std::vector<std::string> Timeline::left_out() const {
  std::vector<std::string> words;
  if (steps_left_out_)
    words.push_back(fmt::format("Of {} instructions, the first {} of the script are here, and the first {} after each switch; "
                                "of the others, the first {} that touch something shared.",
                                instructions(), limits_.all_instructions, limits_.after_switch, limits_.shared_accesses));
  if (all_switches_ > switches_.size())
    words.push_back(fmt::format("Of {} switches, the first {} are here.", all_switches_, switches_.size()));
  if (all_lost_ > lost_.size()) words.push_back(fmt::format("Of {} overtaken writes, the first {} are here.", all_lost_, lost_.size()));
  for (const auto& [variable, samples] : samples_)
    if (samples.stride > 1) words.push_back(fmt::format("Of the values of {}, every {}th is here.", variable, samples.stride));
  return words;
}

}  // namespace mini::observe
