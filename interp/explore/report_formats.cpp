// For programs: JSON, and JUnit for what shows test results.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "interp/explore/report.h"

namespace mini::explore {

namespace {

using Json = nlohmann::ordered_json;

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default:
        // What XML cannot hold at all.
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') out += fmt::format("\\x{:02x}", c);
        else out += c;
    }
  }
  return out;
}

}  // namespace

std::string json_report(const std::string& filename, const std::vector<ModelReport>& reports) {
  Json models = Json::array();
  for (const ModelReport& report : reports) {
    const Findings& findings = report.findings;
    Json outcomes = Json::array();
    for (size_t i = 0; i < findings.outcomes.size(); ++i) {
      const Outcome& outcome = findings.outcomes[i];
      Json entry = {{"kind", name(outcome.kind)},
                    {"bad", outcome.bad},
                    {"preemptions", outcome.preemptions},
                    {"exit_status", outcome.status},
                    {"output", outcome.output},
                    {"errors", outcome.errors}};
      entry["schedules"] = std::isinf(outcome.schedules) ? Json(nullptr) : Json(outcome.schedules);
      entry["replay"] = i < report.tokens.size() && !report.tokens[i].empty() ? Json(report.tokens[i]) : Json(nullptr);
      outcomes.push_back(std::move(entry));
    }
    models.push_back({{"switch_points", report.model},
                      {"verdict", name(findings.verdict)},
                      {"incomplete", findings.incomplete},
                      {"shard", {{"index", findings.shard.index}, {"count", findings.shard.count}, {"split", findings.split}}},
                      {"any_output", report.any_output},
                      {"preemptions_done", findings.preemptions_done},
                      {"outcomes", std::move(outcomes)},
                      {"explanation", report.explanation},
                      {"not_covered", findings.left_out},
                      {"states", findings.states},
                      {"runs", findings.runs},
                      {"blocked_runs", findings.blocked_runs},
                      {"predicted", findings.predicted},
                      {"steps", findings.steps},
                      {"seconds", findings.seconds}});
  }
  const Json document = {{"format", "mini-explore-1"}, {"file", filename}, {"models", std::move(models)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string junit_report(const std::string& filename, const std::vector<ModelReport>& reports) {
  size_t failures = 0, skipped = 0;
  std::string cases;
  for (const ModelReport& report : reports) {
    const Findings& findings = report.findings;
    cases += fmt::format("  <testcase classname=\"{}\" name=\"switch points {}\" time=\"{:.3f}\"", escaped(filename),
                         report.model, findings.seconds);
    if (findings.verdict == Verdict::kSafe) {
      cases += "/>\n";
      continue;
    }
    const bool bad = findings.verdict == Verdict::kBad;
    ++(bad ? failures : skipped);
    const std::string text = escaped(text_report(filename, {report}));
    if (bad) cases += fmt::format(">\n    <failure message=\"a bad outcome\">{}</failure>\n  </testcase>\n", text);
    else cases += fmt::format(">\n    <skipped message=\"{}\"/>\n  </testcase>\n", escaped(findings.incomplete));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"mini explore\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" errors=\"0\">\n{}</testsuite>\n",
      reports.size(), failures, skipped, cases);
}

}  // namespace mini::explore
