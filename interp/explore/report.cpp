#include "interp/explore/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

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
  std::string line = fmt::format("bad: {} with {}",
                                 is_fault(worst->kind) ? name(worst->kind) : "the result depends on the schedule, and differs",
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

namespace {

std::string listed(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

/// "at FILE:LINE in FUNCTION", and the callers, a line each.
std::string site_text(const Site& site) {
  if (site.stack.empty()) return " in the library\n";
  std::string text = fmt::format(" at {}{}\n", site.stack.front(), site.in_library ? " (in the library)" : "");
  for (size_t i = 1; i < site.stack.size(); ++i) text += fmt::format("      called at {}\n", site.stack[i]);
  return text;
}

}  // namespace

std::string race_report(const std::string& filename, const std::vector<ModelReport>& reports) {
  // The pairs are those of the finest model explored; whether they do harm is each model's own question.
  const Findings* finest = &reports.front().findings;
  for (const ModelReport& report : reports)
    if (report.findings.races.size() > finest->races.size()) finest = &report.findings;
  std::string text = finest->races.empty() ? fmt::format("{}: no races\n", filename) : "";
  std::set<uint16_t> threads;
  for (const Race& race : finest->races) {
    text += fmt::format("race on {}:\n", race.place.empty() ? "?" : race.place);
    for (const Race::Side* side : {&race.first, &race.second}) {
      text += fmt::format("  T{} {} it{}{}", side->thread, side->writes ? "writes" : "reads",
                          side->locks.empty() ? "" : ", holding " + listed(side->locks) + ",", site_text(side->site));
      threads.insert(side->thread);
    }
  }
  if (!finest->races.empty()) text += "nothing orders these accesses: no common lock, start() or join().\n";
  for (const PotentialDeadlock& deadlock : finest->potential_deadlocks) {
    text += deadlock.gates.empty() ? "potential deadlock:\n"
                                   : fmt::format("locks in a circle, but never at once, because of {}:\n", listed(deadlock.gates));
    for (const PotentialDeadlock::Side& side : deadlock.sides) {
      text += fmt::format("  T{} takes {}, holding {},{}", side.thread, side.takes, listed(side.holds), site_text(side.site));
      threads.insert(side.thread);
    }
  }
  for (const Origin& origin : finest->origins)
    if (threads.contains(origin.thread)) text += fmt::format("T{} is {}, started{}", origin.thread, origin.name, site_text(origin.site));
  if (threads.empty()) return text;
  for (const ModelReport& report : reports) {
    text += fmt::format("under {}: ", report.model);
    if (report.findings.verdict == Verdict::kSafe) text += "harmless, all schedules end alike\n";
    else text += verdict_line(report.findings) + '\n';
  }
  return text;
}

}  // namespace mini::explore
