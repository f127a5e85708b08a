// What an exploration found, as text, JSON or JUnit.
#pragma once

#include <string>

#include "interp/explore/explorer.h"

namespace mini::explore {

/// One model's findings, with what is worked out for the report.
struct ModelReport {
  std::string model;                 ///< as --switch-points names it
  bool any_output = false;           ///< outputs that differ are no fault, or --bad= says what is one
  Findings findings;
  std::vector<std::string> tokens;   ///< of each outcome; empty where there is none
  std::string explanation;           ///< of the first bad outcome; empty: none
};

std::string_view name(Verdict);
/// 0 safe, 5 bad, 6 incomplete; of several the gravest.
int exit_status(const std::vector<ModelReport>& reports);

std::string text_report(const std::string& filename, const std::vector<ModelReport>& reports);

/// `mini races`: the races, and whether they do harm under each model.
std::string race_report(const std::string& filename, const std::vector<ModelReport>& reports);
/// One document: format "mini-explore-1"; README, "Is it safe?".
std::string json_report(const std::string& filename, const std::vector<ModelReport>& reports);
/// One report of those on the shards of one exploration, as json_report() wrote them: false with the reason in `error`.
bool merge(const std::vector<std::string>& documents, std::string& filename, std::vector<ModelReport>& reports,
           std::string& error);
/// A test case for each model: a failure if bad, skipped if incomplete.
std::string junit_report(const std::string& filename, const std::vector<ModelReport>& reports);

}  // namespace mini::explore
