#include "interp/cli/explore.h"

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "interp/cli/exit_status.h"
#include "interp/explore/explain.h"
#include "interp/explore/report.h"

namespace mini::cli {

using namespace explore;

namespace {

constexpr const char* kUsage = "usage: mini [--switch-points=MODEL] explore [OPTIONS] FILE [ARG...]\n";

std::atomic<bool> interrupted{false};
void on_interrupt(int) { interrupted.store(true); }

int usage_error(const std::string& message) {
  std::cerr << "mini: explore: " << message << '\n' << kUsage << "Try 'mini explore --help'.\n";
  return kUsageError;
}

/// How long a search may still take, if each state goes on to bring as many new ones as those explored lately did: fewer
/// and fewer of them are new, so it rather takes less.
class TimeLeft {
 public:
  void update(const Progress& progress) {
    const auto states = static_cast<double>(progress.states);
    const auto explored = static_cast<double>(progress.states - progress.waiting);
    if (explored < explored_) *this = {};  // another search
    if (const double more = explored - explored_; more > 0) {
      const double weight = explored_ > 0 ? 0.2 : 1;
      new_by_state_ += weight * ((states - states_) / more - new_by_state_);
      seconds_by_state_ += weight * ((progress.seconds - seconds_) / more - seconds_by_state_);
    }
    explored_ = explored;
    states_ = states;
    seconds_ = progress.seconds;
  }
  std::string text() const {
    if (new_by_state_ > 0.99) return "no end in sight";
    return fmt::format("{:.0f} s left or less", (states_ - explored_) / (1 - new_by_state_) * seconds_by_state_);
  }

 private:
  double explored_ = 0, states_ = 0, seconds_ = 0, new_by_state_ = 0, seconds_by_state_ = 0;
};

/// A line that is written again and again, on a terminal.
class ProgressLine {
 public:
  ProgressLine() : shown_(::isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() { clear(); }
  void show(const std::string& model, const Progress& progress) {
    if (!shown_) return;
    const auto done = static_cast<double>(progress.runs ? progress.runs : progress.states);
    const double rate = progress.seconds > 0 ? done / progress.seconds : 0;
    std::cerr << "\r\033[K" << model << ": ";
    if (progress.runs) {
      std::cerr << fmt::format("{} runs, {:.0f} a second", progress.runs, rate);
    } else {
      left_.update(progress);
      std::cerr << fmt::format("{} states, {} waiting, {:.0f} a second, at {} preemptions, {}", progress.states,
                               progress.waiting, rate, progress.preemptions, left_.text());
    }
    std::cerr << std::flush;
    written_ = true;
  }
  void clear() {
    if (std::exchange(written_, false)) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  bool shown_, written_ = false;
  TimeLeft left_;
};

int print_reports(const std::string& filename, const std::vector<ModelReport>& reports, const std::string& format) {
  const auto report = format == "json" ? json_report : format == "junit" ? junit_report : text_report;
  std::cout << report(filename, reports) << std::flush;
  return exit_status(reports);
}

/// False after saying why the file cannot be read.
bool read_file(const std::string& file, std::string& text) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file)) {
    std::cerr << fmt::format("mini: can't open file '{}': {}\n", file, std::strerror(stream ? EISDIR : errno));
    return false;
  }
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  text = bytes.str();
  return true;
}

int merge_files(const std::vector<std::string>& files, const std::string& format) {
  std::vector<std::string> documents(files.size());
  for (size_t i = 0; i < files.size(); ++i)
    if (!read_file(files[i], documents[i])) return kUsageError;
  std::string filename, error;
  std::vector<ModelReport> reports;
  if (!merge(documents, filename, reports, error)) return usage_error("--merge: " + error);
  return print_reports(filename, reports, format);
}

}  // namespace

int run_explorer(const vm::Options& options, const std::vector<std::string>& arguments, bool only_races) {
  Settings settings;
  std::string model(bytecode::name(options.switch_model)), memory, format = "text", engine = "states";
  std::string shard;
  bool help = false, no_reduction = false, no_commuting = false, no_symmetry = false, merges = false;
  CLI::App app{"explores all schedules of a script"};
  app.set_help_flag();
  app.add_flag("-h,--help", help, "show this text");
  app.add_option("--switch-points", model, "3.9, 3.10, 3.12, every, or all: each of them")->type_name("=MODEL");
  app.add_option("--bad", settings.bad, "what must never hold at the end: an expression over the globals")->type_name("=EXPRESSION");
  app.add_flag("--any-output", settings.any_output, "outputs that depend on the schedule are no fault");
  app.add_flag("--first", settings.stop_at_first, "stop at the first bad outcome");
  app.add_option("--preemptions", settings.max_preemptions, "explore schedules with at most so many")->type_name("=N");
  app.add_option("--states", settings.max_states, "explore at most so many states")->type_name("=N");
  app.add_option("--time", settings.max_seconds, "explore for at most so many seconds")->type_name("=SECONDS");
  app.add_option("--memory", memory, "use at most so many MiB; default 2048")->type_name("=MIB");
  app.add_option("--engine", engine, "states (default); traces: every order of dependent steps; or random:N, that many random schedules")->type_name("=ENGINE");
  app.add_option("--jobs", settings.jobs, "so many processes share the work; default 1")->type_name("=N");
  app.add_option("--shard", shard, "explore the I-th of N parts of the schedules")->type_name("=I/N");
  app.add_flag("--merge", merges, "instead of a script, the JSON reports on all shards of one follow: report on the whole");
  app.add_option("--format", format, "text (default), json or junit")->type_name("=FORMAT");
  app.add_flag("--no-reduction", no_reduction, "take every access for visible");
  app.add_flag("--no-commuting", no_commuting, "execute every step, even where others tell what comes of it");
  app.add_flag("--no-symmetry", no_symmetry, "tell threads apart that run the same on the same arguments");
  app.add_flag("--verify", settings.verify, "compare each state's hash with one of its whole heap, and execute what could be foretold");

  std::vector<std::string> words;
  size_t at = 0;
  for (; at < arguments.size() && arguments[at].starts_with("-") && arguments[at] != "-"; ++at) words.push_back(arguments[at]);
  std::reverse(words.begin(), words.end());  // as CLI11 takes them
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return usage_error(error.get_name() == "ExtrasError" ? "unknown option " + words.back() : error.what());
  }
  if (help) {
    std::string text = app.help();
    text.erase(0, text.find("Options:"));
    std::cout << kUsage << '\n' << text << std::flush;
    return 0;
  }
  if (at == arguments.size()) return usage_error("a file is expected");
  if (!memory.empty()) {
    char* end;
    const unsigned long mebibytes = std::strtoul(memory.c_str(), &end, 10);
    if (*end || mebibytes == 0 || mebibytes > (1u << 24)) return usage_error("--memory=" + memory + ": not a size in MiB");
    settings.memory_limit = size_t{mebibytes} << 20;
  }
  if (format != "text" && format != "json" && format != "junit")
    return usage_error("--format=" + format + ": not text, json or junit");
  if (merges) return merge_files({arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end()}, format);
  if (settings.jobs == 0 || settings.jobs > 256) return usage_error("--jobs: not from 1 to 256");
  if (!shard.empty()) {
    char* end;
    settings.shard.index = static_cast<uint32_t>(std::strtoul(shard.c_str(), &end, 10));
    if (*end == '/') settings.shard.count = static_cast<uint32_t>(std::strtoul(end + 1, &end, 10));
    if (*end || settings.shard.index == 0 || settings.shard.index > settings.shard.count)
      return usage_error("--shard=" + shard + ": not of the form I/N, I from 1 to N");
  }
  if (engine.starts_with("random:")) {
    char* end;
    settings.engine = Settings::Engine::kRandom;
    settings.runs = std::strtoull(engine.c_str() + 7, &end, 10);
    if (*end || engine.size() == 7 || settings.runs == 0) return usage_error("--engine=" + engine + ": not a number of schedules");
  } else if (engine == "traces") {
    settings.engine = Settings::Engine::kTraces;
  } else if (engine != "states") {
    return usage_error("--engine=" + engine + ": not states, traces or random:N");
  }
  if (settings.engine == Settings::Engine::kTraces && settings.shard.count > 1)
    return usage_error("--engine=traces has no shards");
  std::vector<bytecode::SwitchModel> models;
  if (model == "all") {
    models = {bytecode::SwitchModel::k39, bytecode::SwitchModel::k310, bytecode::SwitchModel::k312, bytecode::SwitchModel::kEvery};
  } else if (auto known = bytecode::switch_model(model)) {
    models = {*known};
  } else {
    return usage_error("--switch-points=" + model + ": not one of 3.9, 3.10, 3.12, every, all");
  }
  const std::string& file = arguments[at];
  if (!read_file(file, settings.source)) return kUsageError;
  settings.filename = (std::filesystem::current_path() / file).string();
  settings.reduce = !no_reduction;
  settings.commute = !no_commuting;
  settings.symmetry = !no_symmetry && !only_races;  // a race is one of two threads
  settings.machine = options;
  settings.machine.arguments.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
  settings.interrupted = [] { return interrupted.load(); };

  struct sigaction action {}, before {};
  action.sa_handler = on_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // whoever presses Ctrl-C twice does not want to wait
  sigaction(SIGINT, &action, &before);
  std::vector<ModelReport> reports;
  ProgressLine line;
  for (bytecode::SwitchModel each : models) {
    settings.machine.switch_model = each;
    ModelReport& report = reports.emplace_back();
    report.model = bytecode::name(each);
    report.any_output = settings.any_output || !settings.bad.empty();
    Explorer explorer(settings);
    explorer.on_progress = [&](const Progress& progress) { line.show(report.model, progress); };
    std::string error;
    if (!explorer.run(report.findings, error)) return usage_error(error);
    line.clear();
    if (only_races) continue;
    for (const Outcome& outcome : report.findings.outcomes) report.tokens.push_back(token_of(explorer, settings, outcome));
    const auto bad = std::find_if(report.findings.outcomes.begin(), report.findings.outcomes.end(),
                                  [](const Outcome& outcome) { return outcome.bad; });
    if (bad != report.findings.outcomes.end() && report.findings.started)
      report.explanation = explain(explorer, settings, *bad);
    if (interrupted.load()) break;
  }
  sigaction(SIGINT, &before, nullptr);
  if (only_races) {
    std::cout << race_report(file, reports) << std::flush;
    const bool none = std::all_of(reports.begin(), reports.end(), [](const ModelReport& report) {
      const auto& circles = report.findings.potential_deadlocks;
      return report.findings.races.empty() &&
             std::none_of(circles.begin(), circles.end(), [](const PotentialDeadlock& circle) { return circle.gates.empty(); });
    });
    return none ? exit_status(reports) == kStatusIncomplete ? kStatusIncomplete : 0 : kStatusBad;
  }
  return print_reports(file, reports, format);
}

}  // namespace mini::cli
