// The run as one page: data that page/timeline.html shows.
#include <nlohmann/json.hpp>

#include "interp/bytecode/dis.h"
#include "interp/observe/timeline.h"

namespace mini::observe {

extern const std::string_view kTimelinePage;  // generated from page/timeline.html

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kDataMark = "@DATA@", kTitleMark = "@TITLE@";

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '&') out += "&amp;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

Json describe_code(const bytecode::Code& code) {
  Json list = Json::array();
  for (uint32_t at = 0; at < code.units.size();) {
    const bytecode::Instruction instruction = bytecode::decode(code.units, at);
    std::string argument;
    if (bytecode::has_argument(instruction.opcode)) {
      const std::string meaning = bytecode::meaning(code, instruction);
      argument = meaning.empty() ? std::to_string(instruction.argument) : fmt::format("{} ({})", instruction.argument, meaning);
    }
    list.push_back({instruction.index, bytecode::name(instruction.opcode), argument, code.position(instruction.index).line});
    at = instruction.next();
  }
  return {{"name", code.qualified_name}, {"file", code.filename}, {"line", code.first_line}, {"instructions", list}};
}

}  // namespace

std::string Timeline::page(const std::string& title) {
  complete();
  Json data{{"title", title}, {"schedule", machine_.runner().schedule().text()},
            {"model", bytecode::name(machine_.options().switch_model)}, {"instructions", instructions()}, {"switches_in_all", all_switches_}};
  for (const char* list : {"left_out", "threads", "states", "codes", "spans", "switches", "steps", "lost", "sums", "watched"}) data[list] = Json::array();
  data["sources"] = Json::object();
  data["left_out"] = left_out();
  data["texts"] = texts_;
  for (const auto& [thread, thread_name] : thread_names_) data["threads"].push_back({{"serial", thread}, {"name", thread_name}});
  for (const State state : {kUnstarted, kWants, kRunning, kForced, kBlocked, kCalling, kOver}) data["states"].push_back(name(state));
  for (const bytecode::Code* object : codes_) {
    data["codes"].push_back(describe_code(*object));
    if (data["sources"].contains(object->filename)) continue;
    const std::string* source = machine_.source_text(object->filename);
    data["sources"][object->filename] = source ? *source : std::string();
  }
  for (const Transition& transition : transitions_)
    data["spans"].push_back({transition.number, transition.thread, static_cast<int>(transition.state), transition.what});
  for (const Switch& made : switches_)
    data["switches"].push_back({made.instructions, made.number, made.from, made.to, observe::name(made.cause)});
  for (const Step& step : steps_) {
    Json places = Json::array();
    for (const Step::Place& place : step.touched) places.push_back({place.name, place.mode, place.old_value, place.new_value});
    data["steps"].push_back({step.number, step.thread, step.code, step.index, step.has_stack ? Json(step.stack) : Json(nullptr), std::move(places)});
  }
  for (const Lost& lost : lost_) data["lost"].push_back({lost.number, lost.thread, lost.variable, lost.text, lost.lost});
  for (const auto& sum : lost_updates_.sums()) data["sums"].push_back({{"variable", sum.variable}, {"lost", sum.lost}, {"times", sum.times}});
  for (const auto& [variable, samples] : samples_) {
    Json values = Json::array();
    for (const Sample& taken : samples.list) values.push_back({taken.number, taken.value});
    data["watched"].push_back({{"name", variable}, {"values", std::move(values)}});
  }
  std::string json = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  // Nothing in the data may end the element that holds it.
  for (size_t at = json.find("</"); at != std::string::npos; at = json.find("</", at + 3)) json.replace(at, 2, "<\\/");
  for (size_t at = json.find("<!--"); at != std::string::npos; at = json.find("<!--", at + 4)) json.replace(at, 1, "\\u003c");
  const size_t data_at = kTimelinePage.find(kDataMark);
  std::string all;
  std::string_view head = kTimelinePage.substr(0, data_at);
  for (size_t at; (at = head.find(kTitleMark)) != std::string_view::npos; head.remove_prefix(at + kTitleMark.size()))
    (all += head.substr(0, at)) += html_escaped(title);
  return ((all += head) += json) += kTimelinePage.substr(data_at + kDataMark.size());
}

}  // namespace mini::observe
