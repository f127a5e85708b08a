// Reads commands from a terminal, with editing, history and completion, or from a file.
#include "interp/cli/step.h"

#include <editline/readline.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>

#include "interp/step/commands.h"

namespace mini::cli {

namespace {

constexpr const char* kPrompt = "(step) ";
constexpr int kUsageError = 2;

// libedit asks a function without a context of its own. The terminal is the process's, as is this.
step::Commands* completing = nullptr;

char* next_completion(const char* beginning, int state) {
  static std::vector<std::string> found;
  static size_t at;
  if (state == 0) {
    found = completing->completions(beginning);
    at = 0;
  }
  return at < found.size() ? ::strdup(found[at++].c_str()) : nullptr;
}

void print(std::string_view text) { std::cout << text << std::flush; }

bool read_line(bool terminal, std::string& line) {
  if (!terminal) {
    print(kPrompt);
    if (!std::getline(std::cin, line)) return false;
    return true;
  }
  char* typed = ::readline(kPrompt);
  if (!typed) return false;
  line = typed;
  if (!line.empty()) ::add_history(typed);
  std::free(typed);
  return true;
}

/// While it lives, what is written to standard output and standard error goes nowhere.
class Silence {
 public:
  Silence() {
    std::cout << std::flush;
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
      kept_[stream - 1] = ::fcntl(stream, F_DUPFD_CLOEXEC, 3);
      ::dup2(nowhere, stream);
    }
    ::close(nowhere);
  }
  ~Silence() {
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
      ::dup2(kept_[stream - 1], stream);
      ::close(kept_[stream - 1]);
    }
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  int kept_[2];
};

/// Repeats the slices in a machine that records.
std::string save_recording(const Script& script, vm::Options options, const std::string& filename,
                           const std::vector<sched::Slice>& slices) {
  if (slices.empty()) return "the run is too long, or was interrupted: it cannot be repeated from its slices\n";
  std::string error;
  sched::RecordingWriter writer;
  options.given_schedule = std::make_shared<sched::Replay>(sched::slice_source(slices), nullptr);
  if (!begin_recording(filename, script, options, writer, error)) return filename + ": " + error + "\n";
  auto machine = vm::Machine::create(std::move(options), error);
  if (!machine) return error + "\n";
  writer.set_place_of([&](const sched::Position& position) { return machine->place(position); });
  {
    const Silence silence;  // all of it was shown
    machine->run_file(script.name, script.source);
  }
  if (machine->diverged()) return machine->runner().schedule().error() + "\n";
  if (!writer.error().empty()) return writer.error() + "\n";
  return "saved: again with --replay=" + filename + "\n";
}

}  // namespace

int run_stepper(const Script& script, vm::Options options, const std::string& commands_file) {
  std::ifstream file;
  if (!commands_file.empty()) {
    file.open(commands_file);
    if (!file) {
      std::cerr << "mini: --step-commands=" << commands_file << ": " << std::strerror(errno) << '\n';
      return kUsageError;
    }
  }
  bool line_begins = true;  // what the script prints and what is said here share the screen
  step::Walk walk(options, [&](std::string_view text, bool is_error) {
    (is_error ? std::cerr : std::cout) << text << std::flush;
    line_begins = text.back() == '\n';
  });
  auto say = [&](std::string_view text) {
    if (!std::exchange(line_begins, true)) print("\n");
    print(text);
  };
  step::Commands commands(walk, say, [&](const std::string& filename, const std::vector<sched::Slice>& slices) {
    return save_recording(script, options, filename, slices);
  });
  std::string error;
  if (!walk.begin(script.name, script.source, error)) {
    std::cerr << "mini: --step: " << error << '\n';
    return kUsageError;
  }
  const bool from_file = file.is_open();
  const bool terminal = !from_file && ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO);
  if (terminal) {
    completing = &commands;
    ::rl_initialize();
    ::rl_completion_entry_function = next_completion;
    print("type 'help' for the commands\n");
  }
  commands.show();
  std::string line;
  uint64_t number = 0;
  while (!commands.wants_to_quit() && (from_file ? static_cast<bool>(std::getline(file, line)) : read_line(terminal, line))) {
    ++number;
    if (from_file && line.find_first_not_of(" \t") == line.npos) continue;
    if (from_file) say(kPrompt + line + "\n");
    if (commands.execute(line) || !from_file) continue;
    std::cerr << "mini: " << commands_file << ":" << number << ": the command failed\n";
    return kUsageError;
  }
  if (!from_file && !commands.wants_to_quit()) print("\n");
  return walk.is_over() ? walk.status() : 0;
}

}  // namespace mini::cli
