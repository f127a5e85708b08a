#include "interp/explore/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mini::explore {

namespace {

constexpr int kStatusBad = 5, kStatusIncomplete = 6;

std::string count(double number) {
  if (std::isinf(number)) return "endlessly many";
  if (number >= 1e15) return fmt::format("{:.3e}", number);
  std::string digits = fmt::format("{:.0f}", number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string plural(double number, std::string_view thing) {
  return fmt::format("{} {}{}", count(number), thing, number == 1 ? "" : "s");
}

/// Text as lines behind a margin; long ones are cut.
void append_lines(std::string& to, std::string_view text, std::string_view margin, size_t most) {
  size_t lines = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (++lines > most) {
      to += fmt::format("{}...\n", margin);
      return;
    }
    to += fmt::format("{}{}\n", margin, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string verdict_line(const Findings& findings) {
  switch (findings.verdict) {
    case Verdict::kSafe:
      return findings.started ? "safe: proved over all schedules" : "safe: no second thread runs";
    case Verdict::kIncomplete:
      return "incomplete: " + findings.incomplete +
             (findings.incomplete.starts_with("proved") || findings.preemptions_done == 0
                  ? ""
                  : fmt::format("; proved up to {}", plural(findings.preemptions_done, "preemption")));
    case Verdict::kBad:
      break;
  }
  const auto worst = std::find_if(findings.outcomes.begin(), findings.outcomes.end(), [](const Outcome& o) { return o.bad; });
  const bool only_differs = worst->kind == OutcomeKind::kEnded || worst->kind == OutcomeKind::kExit;
  std::string line = fmt::format("bad: {} with {}", only_differs ? "the result depends on the schedule, and differs" : name(worst->kind),
                                 plural(worst->preemptions, "preemption"));
  if (!findings.incomplete.empty()) line += " (not all was explored: " + findings.incomplete + ")";
  return line;
}

}  // namespace

std::string_view name(Verdict verdict) {
  return verdict == Verdict::kSafe ? "safe" : verdict == Verdict::kBad ? "bad" : "incomplete";
}

int exit_status(const std::vector<ModelReport>& reports) {
  int status = 0;
  for (const ModelReport& report : reports) {
    if (report.findings.verdict == Verdict::kBad) return kStatusBad;
    if (report.findings.verdict == Verdict::kIncomplete) status = kStatusIncomplete;
  }
  return status;
}

std::string text_report(const std::string& filename, const std::vector<ModelReport>& reports) {
  std::string text;
  for (const ModelReport& report : reports) {
    const Findings& findings = report.findings;
    text += fmt::format("{} under {}: {}\n", filename, report.model == "every" ? "every" : "CPython " + report.model,
                        verdict_line(findings));
    for (size_t i = 0; i < findings.outcomes.size(); ++i) {
      const Outcome& outcome = findings.outcomes[i];
      text += fmt::format("\n  {}. {}{}, {}", i + 1, name(outcome.kind), outcome.bad ? " [bad]" : "",
                          plural(outcome.preemptions, "preemption"));
      if (outcome.status != 0) text += fmt::format(", exit status {}", outcome.status);
      if (outcome.schedules > 0) text += fmt::format(", {}", plural(outcome.schedules, "schedule"));
      text += '\n';
      append_lines(text, outcome.output, "     | ", 12);
      append_lines(text, outcome.errors, "     ! ", 24);
      if (i < report.tokens.size() && !report.tokens[i].empty()) text += fmt::format("     --replay={}\n", report.tokens[i]);
    }
    if (!report.explanation.empty()) text += '\n' + report.explanation;
    if (findings.started && findings.runs > 0) {
      text += fmt::format("\n  {} run, {:.2f} s\n", plural(static_cast<double>(findings.runs), "schedule"), findings.seconds);
    } else if (findings.started) {
      text += fmt::format("\n  {}, {}, {:.2f} s\n", plural(static_cast<double>(findings.states), "state"),
                          plural(static_cast<double>(findings.steps), "step"), findings.seconds);
    }
    for (const std::string& left_out : findings.left_out) text += fmt::format("  Not covered: {}.\n", left_out);
    if (&report != &reports.back()) text += '\n';
  }
  return text;
}

std::string race_report(const std::string& filename, const std::vector<ModelReport>& reports) {
  // The pairs are those of the finest model explored; whether they do harm is each model's own question.
  size_t most = 0;
  for (size_t i = 1; i < reports.size(); ++i)
    if (reports[i].findings.races.size() > reports[most].findings.races.size()) most = i;
  const std::vector<Race>& races = reports[most].findings.races;
  std::string text = races.empty() ? fmt::format("{}: no races\n", filename) : "";
  for (const Race& race : races) {
    text += fmt::format("race on {}:\n", race.place.empty() ? "?" : race.place);
    for (const Race::Side* side : {&race.first, &race.second})
      text += fmt::format("  T{} {} it at {}{}\n", side->thread, side->writes ? "writes" : "reads", side->where,
                          side->in_library ? " (in the library)" : "");
  }
  if (races.empty()) return text;
  text += "nothing orders these accesses: no common lock, start() or join().\n";
  for (const ModelReport& report : reports) {
    text += fmt::format("under {}: ", report.model);
    if (report.findings.verdict == Verdict::kSafe) text += "harmless, all schedules end alike\n";
    else text += verdict_line(report.findings) + '\n';
  }
  return text;
}

}  // namespace mini::explore
