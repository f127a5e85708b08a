#include "interp/cli/observers.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "interp/observe/timeline.h"
#include "interp/observe/trace.h"

namespace mini::cli {

void define_observer_options(CLI::App& app, ObserverOptions& options) {
  app.add_flag("--explain", options.explain, "say afterwards which updates were lost, and where (to stderr)");
  options.trace = app.add_option("--trace", options.trace_file,
                                 "a line for each instruction: to stderr, to FILE, or as JSON lines to FILE.jsonl")
                      ->type_name("[=FILE]")
                      ->expected(0, 1);
  app.add_option("--trace-thread", options.trace_threads, "only these threads, such as T1,T2")->type_name("=LIST");
  app.add_option("--trace-function", options.trace_functions, "only instructions of these functions")->type_name("=LIST");
  app.add_option("--trace-lines", options.trace_lines, "only instructions of these lines, such as 9-14,20")->type_name("=LIST");
  app.add_option("--trace-events", options.trace_events,
                 "only these: instructions, accesses, switches, requests, waits, locks, threads, lost; library: unfolded; all")
      ->type_name("=LIST");
  options.timeline_option = app.add_option("--timeline", options.timeline, "the whole run as Chrome trace events (FILE.json) or as a page to look at (FILE.html)")
      ->type_name("=FILE");
  app.add_option("--watch", options.watch, "with --timeline: show the values of this variable, such as x or counter.hits")
      ->type_name("=NAME")
      ->allow_extra_args(false);
  app.add_option("--color", options.color, "auto (default: on a terminal, unless NO_COLOR is set), always or never")
      ->type_name("=WHEN");
}

bool wants_color(const std::string& color, int descriptor) {
  if (color != "auto") return color == "always";
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return isatty(descriptor) && !(no_color && *no_color) && !(terminal && terminal == std::string_view("dumb"));
}

/// A report's file. Writing goes on until it fails once.
class ReportFile {
 public:
  ~ReportFile() {
    if (file_ && file_ != stderr) std::fclose(file_);
  }
  /// Empty: standard error.
  bool open(const std::string& name, std::string& error) {
    name_ = name.empty() ? "standard error" : name;
    file_ = name.empty() ? stderr : std::fopen(name.c_str(), "wb");
    if (!file_) error = fmt::format("can't write '{}': [Errno {}] {}", name, errno, std::strerror(errno));
    return file_ != nullptr;
  }
  bool is_standard_error() const { return file_ == stderr; }
  void write(std::string_view text) {
    if (!failed_ && std::fwrite(text.data(), 1, text.size(), file_) < text.size()) failed_ = errno;
  }
  bool close(std::string& error) {
    if (std::fflush(file_) != 0 && !failed_) failed_ = errno;
    if (failed_) error = fmt::format("can't write '{}': [Errno {}] {}", name_, failed_, std::strerror(failed_));
    return !failed_;
  }

 private:
  std::FILE* file_ = nullptr;
  std::string name_;
  int failed_ = 0;
};

struct Observers::Parts {
  Parts(const ObserverOptions& given, vm::Machine& observed) : options(given), machine(observed) {}
  const ObserverOptions& options;
  vm::Machine& machine;
  std::string title;
  std::optional<observe::LostUpdates> lost_updates;
  ReportFile trace_output;
  std::optional<observe::Trace> trace;
  ReportFile timeline_output;
  std::optional<observe::Timeline> timeline;

  bool start_timeline(std::string& error);
  bool start_trace(std::string& error);
};

Observers::Observers(const ObserverOptions& options, vm::Machine& machine)
    : parts_(std::make_unique<Parts>(options, machine)) {
  // The script's name, without its folder.
  const auto& arguments = machine.options().arguments;
  if (!arguments.empty()) parts_->title = arguments[0].substr(arguments[0].rfind('/') + 1);
  if (parts_->title.empty()) parts_->title = "mini";
}

Observers::~Observers() = default;

bool Observers::Parts::start_trace(std::string& error) {
  observe::TraceFilter filter;
  auto read = [&](const std::string& text, const char* option, auto reader) {
    if (text.empty() || (filter.*reader)(text, error)) return true;
    error = std::string(option) + "=" + error;
    return false;
  };
  if (!read(options.trace_threads, "--trace-thread", &observe::TraceFilter::read_threads) ||
      !read(options.trace_lines, "--trace-lines", &observe::TraceFilter::read_lines) ||
      !read(options.trace_events, "--trace-events", &observe::TraceFilter::read_events))
    return false;
  if (!options.trace_functions.empty()) filter.read_functions(options.trace_functions);
  if (!trace_output.open(options.trace_file, error)) {
    error = "--trace: " + error;
    return false;
  }
  using Form = observe::Trace::Form;
  const Form form = options.trace_file.ends_with(".jsonl") ? Form::kJsonLines
                    : options.color == "always" ||
                            (trace_output.is_standard_error() && wants_color(options.color, STDERR_FILENO))
                        ? Form::kColoredText
                        : Form::kText;
  trace.emplace(machine, std::move(filter), form, [this](std::string_view text) {
    trace_output.write(text);
  });
  trace->describe_with(*lost_updates);
  trace->listen_to(*lost_updates);
  trace->attach();
  return true;
}

bool Observers::Parts::start_timeline(std::string& error) {
  if (!options.timeline.ends_with(".json") && !options.timeline.ends_with(".html")) {
    error = "--timeline=" + options.timeline + ": the name does not end in .json or .html";
    return false;
  }
  if (!timeline_output.open(options.timeline, error)) {
    error = "--timeline: " + error;
    return false;
  }
  timeline.emplace(machine, options.watch, *lost_updates);
  timeline->listen_to(*lost_updates);
  timeline->attach();
  return true;
}

bool Observers::start(std::string& error) {
  Parts& parts = *parts_;
  const ObserverOptions& options = parts.options;
  if (options.color != "auto" && options.color != "always" && options.color != "never") {
    error = "--color=" + options.color + ": not auto, always or never";
    return false;
  }
  if (!options.watch.empty() && !options.times()) {
    error = "--watch is for --timeline";
    return false;
  }
  if (!options.need_instructions()) return true;
  parts.lost_updates.emplace(parts.machine);
  parts.machine.add_observer(*parts.lost_updates);
  return (!options.traces() || parts.start_trace(error)) && (!options.times() || parts.start_timeline(error));
}

bool Observers::finish() {
  Parts& parts = *parts_;
  if (!parts.lost_updates) return true;
  bool good = true;
  std::string error;
  auto complain = [&](bool done) {
    if (done) return;
    parts.machine.write_error("mini: " + error + "\n");
    good = false;
  };
  if (parts.trace) {
    parts.trace->detach();
    parts.trace->finish(*parts.lost_updates);
    complain(parts.trace_output.close(error));
  }
  if (parts.timeline) {
    parts.timeline->detach();
    parts.timeline_output.write(parts.options.timeline.ends_with(".json") ? parts.timeline->chrome_trace()
                                                                          : parts.timeline->page(parts.title));
    complain(parts.timeline_output.close(error));
  }
  parts.machine.remove_observer(*parts.lost_updates);
  if (parts.options.explain) parts.machine.write_error(parts.lost_updates->report());
  return good;
}

}  // namespace mini::cli
