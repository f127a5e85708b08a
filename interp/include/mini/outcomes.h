/// \file
/// All the ways in which a script can end: for tests of threaded code.
///
///     mini::Outcomes outcomes = mini::outcomes(source, {.global = "x"});
///     CHECK(outcomes.values() == std::set<std::string>{"1", "2"});
///     CHECK(outcomes.complete());
#pragma once

#include <chrono>
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
  /// 0: all schedules that the model of switch points allows, as `mini explore` looks at them. Otherwise so many runs, with
  /// the seeds 0, 1, 2 …: for scripts that are too large for all.
  std::uint64_t seeds = 0;
  // What the search through all schedules may use; beyond it Outcomes::complete() is false.
  std::uint32_t preemptions = ~std::uint32_t{0};  ///< schedules with at most so many: threads left that could go on
  std::chrono::nanoseconds time{0};               ///< 0: no limit
  std::size_t memory = std::size_t{2} << 30;      ///< bytes
  /// Of each run. Its schedule, runner, clock (it is virtual), output and observer are not used; what the script writes to
  /// sys.stderr is dropped if there is no callback for it. `input` is asked once: the answers are the same in every run.
  /// Without an instruction limit of its own a run may execute a million.
  Options vm = {};
};

/// One of them.
struct Outcome {
  /// The repr or the output, also of a script that ended by sys.exit(); of a run that failed, what Error::what() says
  /// ("deadlock" for a deadlock); "livelock" for states from which no schedule leads to an end.
  std::string value;
  bool failed = false;                  ///< the run ended with an Error, kExit among them
  ErrorKind kind = ErrorKind::kScript;  ///< of that; kLimit for a livelock
  std::string report;                   ///< of that
  /// How many runs came to it; of all schedules, how many lead there, told apart by the order of accesses to what threads
  /// share. The greatest number stands for all that are greater, and for endlessly many.
  std::uint64_t count = 0;
  /// All schedules: the fewest preemptions that it takes.
  std::uint32_t preemptions = 0;
  /// Schedule::text(token) comes to it again, with Vm::run_program(); empty for a livelock, which never ends.
  std::string token;
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
  bool complete() const noexcept { return incomplete_.empty(); }
  /// Why not, in words; empty if complete().
  const std::string& incomplete() const noexcept { return incomplete_; }
  /// What complete() does not speak of, in words, such as what comes from outside of the VM.
  const std::vector<std::string>& left_out() const noexcept { return left_out_; }

 private:
  friend Outcomes outcomes(std::string_view, const OutcomeOptions&);
  std::vector<Outcome> all_;
  std::string incomplete_;
  std::vector<std::string> left_out_;
};

/// Runs `source` as a program under many schedules, and collects how it ended. Does not throw for what a run does, only for
/// what is wrong with all of them: a text that does not compile, options that make no sense, an `input` that throws.
[[gnu::visibility("default")]] Outcomes outcomes(std::string_view source, const OutcomeOptions& options = {});

}  // namespace mini
