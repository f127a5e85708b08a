// Those who look on at a run of the program `mini`: --explain, --trace, --timeline.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "interp/vm/machine.h"

namespace mini::cli {

struct ObserverOptions {
  bool explain = false;
  CLI::Option* trace = nullptr;          ///< given at all; without a file: standard error
  std::string trace_file, trace_threads, trace_functions, trace_lines, trace_events;
  std::string color = "auto";
  CLI::Option* timeline_option = nullptr;
  std::string timeline;
  std::vector<std::string> watch;

  bool traces() const { return trace && trace->count() > 0; }
  bool times() const { return timeline_option && timeline_option->count() > 0; }
  /// Somebody wants to see instructions.
  bool need_instructions() const { return explain || traces() || times(); }
};
void define_observer_options(CLI::App&, ObserverOptions&);

/// Whether what goes to `descriptor` is coloured, as --color and NO_COLOR say.
bool wants_color(const std::string& color, int descriptor);

class Observers {
 public:
  Observers(const ObserverOptions&, vm::Machine&);
  ~Observers();
  Observers(const Observers&) = delete;
  Observers& operator=(const Observers&) = delete;
  /// Before the run. False with the reason: a filter that cannot be read, a file that cannot be written.
  bool start(std::string& error);
  /// After the run: completes what is written to files, and prints reports to standard error. False: a file could not be
  /// written, which was said.
  bool finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mini::cli
