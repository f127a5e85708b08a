// The shards of an exploration, put together again.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "interp/explore/report.h"

namespace mini::explore {

namespace {

using Json = nlohmann::ordered_json;

OutcomeKind kind_named(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(OutcomeKind::kBadState); ++i)
    if (name(static_cast<OutcomeKind>(i)) == text) return static_cast<OutcomeKind>(i);
  throw std::runtime_error(fmt::format("an unknown kind of outcome: {}", text));
}

/// An outcome with the word that replays it.
struct Told {
  Outcome outcome;
  std::string token;
};

/// What the shards say about one model.
class Merger {
 public:
  void add(const Json& model) {
    const Shard shard{model.at("shard").at("index").get<uint32_t>(), model.at("shard").at("count").get<uint32_t>()};
    if (seen_.empty()) count_ = shard.count;
    if (shard.count != count_) throw std::runtime_error(fmt::format("shards of {} and of {}", count_, shard.count));
    if (std::find(seen_.begin(), seen_.end(), shard.index) != seen_.end())
      throw std::runtime_error(fmt::format("shard {}/{} twice", shard.index, count_));
    seen_.push_back(shard.index);
    Findings& all = report_.findings;
    report_.any_output = model.at("any_output").get<bool>();
    all.started = true;
    if (const auto why = model.at("incomplete").get<std::string>(); !why.empty() && all.incomplete.empty())
      all.incomplete = fmt::format("shard {}/{}: {}", shard.index, count_, why);
    const auto split = model.at("shard").at("split").get<uint64_t>();
    if (seen_.size() == 1) all.split = split;
    if (split != all.split && different_.empty())
      different_ = fmt::format("shards {}/{} and {}/{} were cut from different wholes", seen_[0], count_, shard.index, count_);
    const auto done = model.at("preemptions_done").get<uint32_t>();
    all.preemptions_done = seen_.size() == 1 ? done : std::min(all.preemptions_done, done);
    for (const Json& each : model.at("outcomes")) add_outcome(each, model.at("explanation").get<std::string>());
    for (const Json& each : model.at("not_covered"))
      if (auto text = each.get<std::string>(); std::find(all.left_out.begin(), all.left_out.end(), text) == all.left_out.end())
        all.left_out.push_back(std::move(text));
    all.states += model.at("states").get<uint64_t>();
    all.steps += model.at("steps").get<uint64_t>();
    all.runs += model.at("runs").get<uint64_t>();
    all.blocked_runs += model.at("blocked_runs").get<uint64_t>();
    all.predicted += model.at("predicted").get<uint64_t>();
    all.seconds = std::max(all.seconds, model.at("seconds").get<double>());
  }

  ModelReport finish(std::string model) {
    Findings& all = report_.findings;
    report_.model = std::move(model);
    for (uint32_t i = 1; i <= count_; ++i)
      if (std::find(seen_.begin(), seen_.end(), i) == seen_.end()) all.incomplete = fmt::format("shard {}/{} is missing", i, count_);
    if (!different_.empty()) all.incomplete = different_;
    auto order = [](const Told& told) {
      return std::tuple(is_fault(told.outcome.kind), told.outcome.preemptions, told.outcome.output);
    };
    std::sort(told_.begin(), told_.end(), [&](const Told& a, const Told& b) { return order(a) < order(b); });
    for (size_t i = 0; i < told_.size(); ++i)
      told_[i].outcome.bad = is_fault(told_[i].outcome.kind) || (i > 0 && !report_.any_output);
    std::stable_sort(told_.begin(), told_.end(), [](const Told& a, const Told& b) {
      return std::tuple(a.outcome.preemptions, a.outcome.bad) < std::tuple(b.outcome.preemptions, b.outcome.bad);
    });
    bool bad = false;
    for (Told& told : told_) {
      bad = bad || told.outcome.bad;
      all.outcomes.push_back(std::move(told.outcome));
      report_.tokens.push_back(std::move(told.token));
    }
    all.verdict = bad ? Verdict::kBad : all.incomplete.empty() ? Verdict::kSafe : Verdict::kIncomplete;
    return std::move(report_);
  }

 private:
  void add_outcome(const Json& json, const std::string& explanation) {
    Told told;
    Outcome& outcome = told.outcome;
    outcome.kind = kind_named(json.at("kind").get<std::string>());
    outcome.preemptions = json.at("preemptions").get<uint32_t>();
    outcome.status = json.at("exit_status").get<int>();
    outcome.output = json.at("output").get<std::string>();
    outcome.errors = json.at("errors").get<std::string>();
    if (json.at("replay").is_string()) told.token = json.at("replay").get<std::string>();
    // An explanation tells of the first bad outcome of its shard.
    const bool is_told = json.at("bad").get<bool>() && !explanation.empty();
    if (is_told && (report_.explanation.empty() || outcome.preemptions < explained_)) {
      report_.explanation = explanation;
      explained_ = outcome.preemptions;
    }
    const bool endless = outcome.kind == OutcomeKind::kLivelock;  // each shard counts its own states
    const auto known = std::find_if(told_.begin(), told_.end(), [&](const Told& each) {
      const Outcome& other = each.outcome;
      return other.kind == outcome.kind && (endless || (other.status == outcome.status && other.output == outcome.output &&
                                                        other.errors == outcome.errors));
    });
    if (known == told_.end()) told_.push_back(std::move(told));
    else if (outcome.preemptions < known->outcome.preemptions) *known = std::move(told);
  }

  ModelReport report_;
  std::vector<Told> told_;
  std::vector<uint32_t> seen_;
  uint32_t count_ = 0, explained_ = 0;
  std::string different_;
};

}  // namespace

bool merge(const std::vector<std::string>& documents, std::string& filename, std::vector<ModelReport>& reports,
           std::string& error) {
  std::vector<std::pair<std::string, Merger>> models;
  try {
    for (const std::string& text : documents) {
      const Json document = Json::parse(text);
      if (document.at("format") != "mini-explore-1") throw std::runtime_error("not a report of mini explore --format=json");
      if (filename.empty()) filename = document.at("file").get<std::string>();
      if (document.at("file") != filename) throw std::runtime_error("reports on different files");
      for (const Json& model : document.at("models")) {
        const auto name = model.at("switch_points").get<std::string>();
        auto place = std::find_if(models.begin(), models.end(), [&](const auto& each) { return each.first == name; });
        if (place == models.end()) place = models.emplace(models.end(), name, Merger());
        place->second.add(model);
      }
    }
  } catch (const std::exception& wrong) {  // nlohmann's, too
    error = wrong.what();
    return false;
  }
  for (auto& [name, merger] : models) reports.push_back(merger.finish(name));
  return true;
}

}  // namespace mini::explore
