// The program `mini`: its command line, and what it says when that is wrong.
#include <sys/random.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "interp/bytecode/dis.h"
#include "interp/cli/exit_status.h"
#include "interp/cli/explore.h"
#include "interp/cli/observers.h"
#include "interp/cli/prompt.h"
#include "interp/cli/recording.h"
#include "interp/cli/statistics.h"
#include "interp/cli/step.h"
#include "interp/modules/modules.h"
#include "interp/vm/counts.h"
#include "interp/vm/signals.h"

namespace {

using namespace mini;
using cli::kStatusLeak, cli::kStatusRefused, cli::kUsageError;

struct CommandLine {
  std::unique_ptr<CLI::App> parser;  ///< of the options, if there are any; `observers` asks it which ones
  vm::Options options;
  std::string switch_points = "3.9", clock, runner = "os", deadlock = "report", memory_limit;
  std::string statistics, affinity = "one", refcounts = "protected";
  std::string record, replay, step_commands;
  bool step = false, model_given = false;  ///< model_given: --switch-points was there
  bool prompt_afterwards = false, check_leaks = false, observed = false, help = false, version = false;
  cli::ObserverOptions observers;
  uint64_t fail_allocation = 0;
  std::optional<std::string> code;       ///< -c
  std::optional<std::string> file;       ///< "-": standard input
  std::vector<std::string> arguments;    ///< after the file
};

void define_options(CLI::App& app, CommandLine& line) {
  app.set_help_flag();
  app.add_flag("-h,--help", line.help, "show this text");
  app.add_flag("-V,--version", line.version, "show the version");
  app.add_flag("-i", line.prompt_afterwards, "go on at a prompt when the script is over");
  app.add_option("--switch-points", line.switch_points,
                 "where threads may switch, as in CPython: 3.9 (default), 3.10, 3.12, or every")
      ->type_name("=MODEL");
  app.add_option("--schedule", line.options.schedule,
                 "who runs when: interval:TIME (default), every:N, seeded:SEED, steps:LIST, responsive:TIME")
      ->type_name("=SCHEDULE");
  app.add_flag("--step", line.step, "lead the run by hand: type 'help' there");
  app.add_option("--step-commands", line.step_commands, "the same, with the commands of a file")->type_name("=FILE");
  app.add_option("--record", line.record, "write all that is needed to repeat the run")->type_name("=FILE");
  app.add_option("--replay", line.replay, "repeat a run: a recording, or a token such as m1:…")
      ->type_name("=FILE|TOKEN");
  app.add_option("--clock", line.clock, "real or virtual; the default is the schedule's")->type_name("=CLOCK");
  app.add_option("--memory-limit", line.memory_limit, "what the script may use, such as 64M; default: no limit")
      ->type_name("=SIZE");
  app.add_option("--deadlock", line.deadlock, "when no thread can ever run: report it (default), or hang as CPython does")
      ->type_name("=WHAT");
  app.add_flag("--stats{table}", line.statistics,
               "say afterwards where threads were switched, and what became of the time of threads and locks (to stderr); or json");
  app.add_option("--refcounts", line.refcounts,
                 "protected (default); unprotected: report what switches in the middle of counting references would do")
      ->type_name("=HOW");
  app.add_option("--affinity", line.affinity,
                 "one (default): keep threads on the CPU where the GIL is; free: leave that to the system")
      ->type_name("=WHERE");
  cli::define_observer_options(app, line.observers);
  app.add_option("--runner", line.runner, "os: a system thread for each thread (default); one: one for all")
      ->type_name("=KIND");
  app.add_flag("--observed", line.observed, "for tests: show each instruction to an observer that does nothing");
  app.add_flag("--collect-always", line.options.collect_always, "for tests: a cycle collection at each allocation");
  app.add_flag("--check-leaks", line.check_leaks, "for tests: exit status 70 if objects outlive the machine");
  app.add_option("--fail-allocation", line.fail_allocation, "for tests: the N-th allocation of the script fails, once")
      ->type_name("=N");
}

constexpr const char* kUsage =
    "usage: mini [OPTIONS] FILE [ARG...]    run a script (- for standard input)\n"
    "       mini [OPTIONS] -c CODE [ARG...] run a text\n"
    "       mini [OPTIONS]                  the prompt\n"
    "       mini [OPTIONS] dis FILE         list a script's bytecode\n"
    "       mini explore [OPTIONS] FILE     prove what all schedules of a script can do\n"
    "       mini races [OPTIONS] FILE       list its races, and where they do harm\n"
    "       mini recording FILE             print a recording in words\n";

int usage_error(const std::string& message) {
  std::cerr << "mini: " << message << '\n' << kUsage << "Try 'mini --help'.\n";
  return kUsageError;
}

/// "64M" in bytes; nothing if it is no size.
std::optional<size_t> parse_size(const std::string& text) {
  size_t end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  if (end == 0 || end > 15) return {};
  size_t size = std::stoull(text.substr(0, end));
  std::string unit = text.substr(end);
  if (!unit.empty() && (unit.back() == 'B' || unit.back() == 'b')) unit.pop_back();
  if (unit.empty()) return size;
  const size_t power = std::string_view("KMG").find(static_cast<char>(std::toupper(unit[0])));
  if (unit.size() != 1 || power == std::string_view::npos) return {};
  return size << (10 * (power + 1));
}

/// A status if that is all: they were wrong, or asked for help alone.
std::optional<int> read_options(std::vector<std::string> options, CommandLine& line) {
  line.parser = std::make_unique<CLI::App>();
  CLI::App& app = *line.parser;
  define_options(app, line);
  std::reverse(options.begin(), options.end());  // as CLI11 takes them
  try {
    app.parse(options);
  } catch (const CLI::ParseError& error) {
    const bool unknown = error.get_name() == "ExtrasError";
    return usage_error(unknown ? "unknown option " + options.back() : error.what());
  }
  line.model_given = app.count("--switch-points") > 0;
  if (!line.help) return {};
  std::string text = app.help();
  text.erase(0, text.find("Options:"));
  std::cout << kUsage << '\n' << text << std::flush;
  return 0;
}

/// What std::random_device answers, which first asks the processor what it can do: on a virtual machine that takes ten times
/// as long.
uint32_t random_seed() {
  uint32_t seed = 0;
  static_cast<void>(::getrandom(&seed, sizeof seed, 0));
  return seed;
}

/// Splits the arguments: options up to the file or -c, then everything is the script's. CLI11 reads the options.
std::optional<int> parse(int argc, char** argv, CommandLine& line) {
  std::vector<std::string> options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "-c" || (argument.starts_with("-c") && argument.size() > 2)) {
      if (argument == "-c" && i + 1 == argc) return usage_error("argument expected for the -c option");
      line.code = argument == "-c" ? argv[++i] : argument.substr(2);
      line.arguments.assign(argv + i + 1, argv + argc);
      break;
    }
    if (argument == "-" || !argument.starts_with("-")) {
      line.file = argument;
      line.arguments.assign(argv + i + 1, argv + argc);
      break;
    }
    options.push_back(argument);
  }
  if (!options.empty())  // setting the parser up takes a seventh of an empty script's time
    if (auto status = read_options(std::move(options), line)) return status;
  if (auto model = bytecode::switch_model(line.switch_points)) line.options.switch_model = *model;
  else return usage_error("--switch-points=" + line.switch_points + ": not one of 3.9, 3.10, 3.12, every");
  if (!line.replay.empty() && (!line.options.schedule.empty() || !line.clock.empty()))
    return usage_error("--replay goes without --schedule and --clock: they are those of the run that it repeats");
  line.step |= !line.step_commands.empty();
  if (line.step && !(line.options.schedule.empty() && line.record.empty()))
    return usage_error("--step goes without --schedule and --record: type 'run SCHEDULE' and 'save FILE' there");
  if (line.clock == "real") line.options.clock = sched::ClockKind::Real;
  else if (line.clock == "virtual") line.options.clock = sched::ClockKind::Virtual;
  else if (!line.clock.empty()) return usage_error("--clock=" + line.clock + ": not real or virtual");
  if (line.runner != "os" && line.runner != "one")
    return usage_error("--runner=" + line.runner + ": not os or one");
  if (!line.statistics.empty() && line.statistics != "table" && line.statistics != "json")
    return usage_error("--stats=" + line.statistics + ": not table or json");
  line.options.statistics = !line.statistics.empty();
  if (line.refcounts != "protected" && line.refcounts != "unprotected")
    return usage_error("--refcounts=" + line.refcounts + ": not protected or unprotected");
  line.options.unprotected_counts = line.refcounts == "unprotected";
  if (line.affinity != "one" && line.affinity != "free")
    return usage_error("--affinity=" + line.affinity + ": not one or free");
  line.options.place_threads = line.options.place_main = line.affinity == "one";
  if (line.deadlock != "report" && line.deadlock != "hang")
    return usage_error("--deadlock=" + line.deadlock + ": not report or hang");
  line.options.wait_on_deadlock = line.deadlock == "hang";
  line.options.os_threads = line.runner == "os";
  if (!line.memory_limit.empty()) {
    auto size = parse_size(line.memory_limit);
    if (!size) return usage_error("--memory-limit=" + line.memory_limit + ": not a size");
    line.options.memory_limit = *size;
  }
  // By the clock no two runs are alike; else each repeats.
  if (vm::clock_of(line.options) == sched::ClockKind::Real) line.options.seed = random_seed();
  return {};
}

/// The bytes of a file, "-" being standard input; says on stderr why not.
std::optional<std::string> read_source(const std::string& name) {
  std::FILE* file = name == "-" ? stdin : std::fopen(name.c_str(), "rb");
  int error = errno;
  if (file) {
    std::string text;
    char piece[1 << 16];
    size_t count;
    while ((count = std::fread(piece, 1, sizeof piece, file)) > 0) text.append(piece, count);
    const bool failed = std::ferror(file) != 0;
    error = errno;
    if (file != stdin) std::fclose(file);
    if (!failed) return text;
  }
  std::cerr << "mini: can't open file '" << name << "': [Errno " << error << "] " << std::strerror(error) << '\n';
  return {};
}

int disassemble(const CommandLine& line) {
  if (line.arguments.size() != 1) return usage_error("dis expects one file");
  auto text = read_source(line.arguments[0]);
  if (!text) return kUsageError;
  compile::SourceFile source(line.arguments[0], std::move(*text));
  compile::Diagnostics diagnostics(source);
  auto code = compile::compile_source(source, compile::CompileMode::kExec, {.filename = line.arguments[0]}, diagnostics);
  if (!code) {
    std::cerr << compile::render(diagnostics.first_error(), line.arguments[0]);
    return 1;
  }
  std::cout << bytecode::disassemble(*code, line.options.switch_model) << std::flush;
  return 0;
}

/// Looks on and does nothing.
class NoOutput final : public vm::InstructionObserver {
  bool asks_for_points() const override { return false; }
  void passes(vm::ThreadState&, vm::Frame&, uint32_t, bool) override {}
};

int run(CommandLine& line) {
  std::string name, source;
  const bool from_input = !line.code && (!line.file || *line.file == "-");
  const bool prompts = line.prompt_afterwards || (from_input && isatty(STDIN_FILENO));
  if (line.code) {
    name = "<string>";
    source = *line.code + "\n";
  } else if (!from_input || !prompts) {
    name = line.file.value_or("-");
    auto text = read_source(name);
    if (!text) return kUsageError;
    source = std::move(*text);
    // Tracebacks and __file__ show the whole path, as CPython's do since 3.9 (Python/initconfig.c).
    name = name == "-" ? "<stdin>" : (std::filesystem::current_path() / name).string();
  }
  vm::Options& options = line.options;
  options.library = &modules::library();
  options.arguments.push_back(line.code ? "-c" : line.file.value_or(""));
  options.arguments.insert(options.arguments.end(), line.arguments.begin(), line.arguments.end());
  options.observed = line.observed || line.observers.need_instructions();
  const std::string schedule = options.schedule;
  std::string error;
  if (prompts && !(line.record.empty() && line.replay.empty()))
    return usage_error("--record and --replay need a script");
  cli::Script script{name, source};
  if (!line.replay.empty() && !cli::prepare_replay(line.replay, line.model_given, script, options, error)) {
    std::cerr << "mini: --replay=" << line.replay << ": " << error << '\n';
    return kStatusRefused;
  }
  name = script.name;
  if (line.step) {
    if (prompts) return usage_error("--step needs a script");
    return cli::run_stepper(script, std::move(options), line.step_commands);
  }
  std::unique_ptr<sched::RecordingWriter> recording;
  if (!line.record.empty()) {
    recording = std::make_unique<sched::RecordingWriter>();
    if (!cli::begin_recording(line.record, script, options, *recording, error)) {
      std::cerr << "mini: --record=" << line.record << ": " << error << '\n';
      return kUsageError;
    }
  }
  auto machine = vm::Machine::create(std::move(options), error);
  if (!machine) return usage_error("--schedule=" + schedule + ": " + error);

  NoOutput nobody;
  if (line.observed) machine->add_observer(nobody);
  cli::Observers observers(line.observers, *machine);
  if (!observers.start(error)) return usage_error(error);
  if (recording) recording->set_place_of([&](const sched::Position& position) { return machine->place(position); });
  std::optional<vm::SignalScope> signals;  // a replay has those of the recorded run
  if (!machine->runner().repeats_outside()) signals.emplace(*machine);
  machine->heap().memory().fail_allocation(line.fail_allocation);
  int status;
  if (prompts) {
    status = cli::run_prompt(*machine, name, std::move(source));
  } else {
    status = machine->run_file(name, std::move(source));
  }
  if (machine->is_forked()) line.statistics.clear();  // its parent reports
  else if (!observers.finish() && status == 0) status = 1;
  if (recording && !recording->error().empty()) {
    std::cerr << "mini: --record=" << recording->error() << '\n';
    if (status == 0) status = kUsageError;
  }
  if (machine->count_model()) machine->write_error(machine->count_model()->report());
  if (!line.statistics.empty()) cli::print_statistics(*machine, line.statistics == "json");
  if (line.check_leaks) {
    if (const size_t alive = machine->release_everything()) {
      std::cerr << "mini: " << alive << " objects left alive: " << machine->heap().describe_live_objects() << '\n';
      status = kStatusLeak;
    }
  }
  if (machine->interrupted()) {
    // As CPython: a shell shall see that Ctrl-C ended the program.
    machine.reset();
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CommandLine line;
  if (auto status = parse(argc, argv, line)) return *status;
  if (line.version) {
    std::cout << "mini " MINI_VERSION " (a subset of Python 3.13)\n" << std::flush;
    return 0;
  }
  if (line.file == "dis") return disassemble(line);
  if (line.file == "explore" || line.file == "races") {
    line.options.library = &modules::library();
    return cli::run_explorer(line.options, line.arguments, line.file == "races");
  }
  if (line.file == "recording") {
    if (line.arguments.size() != 1) return usage_error("recording expects one file");
    return cli::print_recording(line.arguments[0]);
  }
  return run(line);
}
