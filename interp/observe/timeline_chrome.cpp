// Chrome's trace-event format, as chrome://tracing, ui.perfetto.dev and speedscope read it.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "interp/observe/timeline.h"

namespace mini::observe {

namespace {

using Json = nlohmann::ordered_json;

constexpr uint32_t kProcess = 1, kGilTrack = 1, kFirstTrack = 2;

uint32_t track(uint32_t thread) { return kFirstTrack + thread; }

}  // namespace

std::string Timeline::chrome_trace() {
  complete();
  std::string all;
  auto put = [&](const Json& event) {
    all += all.empty() ? "{\"traceEvents\":[\n" : ",\n";
    all += event.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  auto microseconds = [&](sched::Time when) { return static_cast<double>(when - begin_) / static_cast<double>(sched::kMicrosecond); };
  const sched::Time end = time();
  auto metadata = [&](const char* what, uint32_t thread, const Json& arguments) {
    put({{"name", what}, {"ph", "M"}, {"pid", kProcess}, {"tid", thread}, {"args", arguments}});
  };
  metadata("process_name", kGilTrack, {{"name", "mini"}});
  metadata("thread_name", kGilTrack, {{"name", "GIL"}});
  metadata("thread_sort_index", kGilTrack, {{"sort_index", 0}});
  for (const auto& [thread, thread_name] : thread_names_) {
    metadata("thread_name", track(thread), {{"name", fmt::format("T{} {}", thread, thread_name)}});
    metadata("thread_sort_index", track(thread), {{"sort_index", track(thread)}});
  }

  // States last until the thread's next one. Those who want the GIL are counted on the way.
  std::map<uint32_t, const Transition*> open;
  int64_t waiters = 0;
  auto waits = [](State state) { return state == kWants || state == kForced; };
  auto close = [&](const Transition& begun, sched::Time until) {
    if (begun.state == kOver) return;
    Json slice{{"name", state_text(begun)}, {"cat", "state"}, {"ph", "X"}, {"pid", kProcess}, {"tid", track(begun.thread)},
               {"ts", microseconds(begun.time)}, {"dur", microseconds(until) - microseconds(begun.time)},
               {"args", {{"instruction", begun.number}}}};
    put(slice);
    if (begun.state != kRunning) return;
    const auto known = std::find_if(thread_names_.begin(), thread_names_.end(), [&](auto& pair) { return pair.first == begun.thread; });
    slice["name"] = fmt::format("T{} {}", begun.thread, known->second);
    slice["cat"] = "gil";
    slice["tid"] = kGilTrack;
    put(slice);
  };
  for (const Transition& transition : transitions_) {
    const Transition*& last = open[transition.thread];
    const int64_t before = waiters;
    if (last) {
      close(*last, transition.time);
      waiters -= waits(last->state);
    }
    waiters += waits(transition.state);
    last = &transition;
    if (waiters != before)
      put({{"name", "waiters"}, {"ph", "C"}, {"pid", kProcess}, {"ts", microseconds(transition.time)}, {"args", {{"threads", waiters}}}});
  }
  for (const auto& [thread, last] : open) close(*last, end);

  for (const Switch& made : switches_) {
    // An arrow begins inside the slice that it leaves.
    const double at = microseconds(made.time), before = std::max(0.0, microseconds(made.dropped) - 0.0005);
    const Json arguments{{"switch", made.number}, {"from", made.from}, {"to", made.to}, {"cause", observe::name(made.cause)},
                         {"forced", made.cause == sched::Cause::Switched}};
    put({{"name", "hand-over"}, {"cat", "gil"}, {"ph", "s"}, {"id", made.number}, {"pid", kProcess}, {"tid", track(made.from)},
         {"ts", before}, {"args", arguments}});
    put({{"name", "hand-over"}, {"cat", "gil"}, {"ph", "f"}, {"bp", "e"}, {"id", made.number}, {"pid", kProcess},
         {"tid", track(made.to)}, {"ts", at}, {"args", arguments}});
    put({{"name", "switches"}, {"ph", "C"}, {"pid", kProcess}, {"ts", at}, {"args", {{"switches", made.number}}}});
  }
  for (const sched::Time when : requests_)
    put({{"name", "a switch is asked for"}, {"cat", "gil"}, {"ph", "i"}, {"s", "t"}, {"pid", kProcess}, {"tid", kGilTrack}, {"ts", microseconds(when)}});
  for (const Lost& lost : lost_)
    put({{"name", "lost update of " + lost.variable}, {"cat", "lost update"}, {"ph", "i"}, {"s", "t"}, {"pid", kProcess},
         {"tid", track(lost.thread)}, {"ts", microseconds(lost.time)},
         {"args", {{"variable", lost.variable}, {"lost", lost.lost}, {"what", lost.text}, {"instruction", lost.number}}}});
  for (const auto& [variable, samples] : samples_)
    for (const Sample& taken : samples.list) {
      double number;
      const auto [rest, error] = std::from_chars(taken.value.data(), taken.value.data() + taken.value.size(), number);
      if (error != std::errc() || rest != taken.value.data() + taken.value.size()) continue;
      put({{"name", variable}, {"ph", "C"}, {"pid", kProcess}, {"ts", microseconds(taken.time)}, {"args", {{"value", number}}}});
    }
  Json other{{"producer", "mini"}, {"schedule", machine_.runner().schedule().text()},
             {"clock", machine_.runner().clock() == sched::ClockKind::Real ? "real" : "virtual: a microsecond for each instruction"},
             {"instructions", instructions()}, {"left_out", left_out()}};
  return all + "\n],\"displayTimeUnit\":\"ns\",\"otherData\":" + other.dump(-1, ' ', false, Json::error_handler_t::replace) + "}\n";
}

}  // namespace mini::observe
