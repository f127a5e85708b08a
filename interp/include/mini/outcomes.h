/// \file
/// All the ways in which a script can end: for tests of threaded code.
///
///     mini::Outcomes outcomes = mini::outcomes(source, {.global = "x"});
///     CHECK(outcomes.values() == std::set<std::string>{"1", "2"});
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mini/error.h"
#include "mini/options.h"

namespace mini {

/// How mini::outcomes() looks for them.
struct OutcomeOptions {
  /// The global whose repr() at the end is the outcome. Empty: the outcome is what the script printed.
  std::string global = {};
  /// So many runs, with the seeds 0, 1, 2 …
  std::uint64_t seeds = 500;
  /// Of each run. Its schedule, runner, output and observer are not used. Without an instruction limit of its own a run may
  /// execute a million.
  Options vm = {};
};

/// One of them.
struct Outcome {
  /// The repr, the output, or for a run that failed what Error::what() says ("deadlock" for a deadlock).
  std::string value;
  bool failed = false;                    ///< the run ended with an Error
  ErrorKind kind = ErrorKind::kScript;    ///< of that
  std::string report;                     ///< of that
  std::uint64_t count = 0;                ///< how many runs came to it
  std::string token;                      ///< Schedule::text(token) comes to it again
};

/// Them all, in the order of their values.
class [[gnu::visibility("default")]] Outcomes {
 public:
  const std::vector<Outcome>& all() const noexcept { return all_; }
  std::set<std::string> values() const;
  bool has_deadlock() const;
  /// Null if there is none with that value.
  const Outcome* find(std::string_view value) const;
  /// Whether every schedule was looked at, so that there can be no other outcome; a number of seeds never tells.
  bool complete() const noexcept { return complete_; }

 private:
  friend Outcomes outcomes(std::string_view, const OutcomeOptions&);
  std::vector<Outcome> all_;
  bool complete_ = false;
};

/// Runs `source` as a program under many schedules, and collects how it ended. Does not throw for what a run does, only for
/// what is wrong with all of them: a text that does not compile, options that make no sense.
[[gnu::visibility("default")]] Outcomes outcomes(std::string_view source, const OutcomeOptions& options = {});

}  // namespace mini
