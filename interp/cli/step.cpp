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
#include <utility>

#include "interp/cli/exit_status.h"
#include "interp/step/commands.h"
#include "runtime/sched/replay.h"

namespace mini::cli {

namespace {

constexpr const char* kPrompt = "(step) ";

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
  std::string error;
  sched::RecordingWriter writer;
  options.given_schedule = std::make_shared<sched::Replay>(sched::slice_source(slices), nullptr, sched::ClockKind::Virtual);
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

/// Counts the script's own instructions, and pauses the run after so many.
class CountOwn final : public vm::InstructionObserver {
 public:
  CountOwn(vm::Machine& machine, uint64_t most) : machine_(machine), most_(most) {}
  void runs(vm::ThreadState& thread, vm::Frame& frame, uint32_t index) override {
    found_.add(thread.serial, step::OwnInstructions::counts(*frame.code->code, index));
    if (found_.total() >= most_) machine_.pause();
  }
  const step::OwnInstructions& found() const { return found_; }

 private:
  vm::Machine& machine_;
  uint64_t most_;
  step::OwnInstructions found_;
};

/// Whether the list leads to where the walk stands.
bool steps_repeat(const Script& script, vm::Options options, step::Walk& walk, const std::string& list) {
  options.os_threads = false;
  options.observed = true;
  options.clock = sched::ClockKind::Virtual;
  options.given_schedule = nullptr;
  options.schedule = "steps:" + list;
  options.output = options.errors = [](std::string_view) {};
  std::string error;
  auto machine = vm::Machine::create(std::move(options), error);
  if (!machine) return false;
  sched::Runner::Tape tape{walk.tape().answers, 0, walk.tape().taken, 0};
  machine->runner().set_tape(&tape);
  const step::OwnInstructions wanted = walk.own_instructions();
  CountOwn counter(*machine, walk.is_over() ? ~uint64_t{0} : wanted.total());
  machine->add_observer(counter);
  machine->run_file(script.name, script.source);
  return machine->runner().schedule().error().empty() && counter.found() == wanted;
}

/// The slices of the run to be replayed, and what comes from outside in it. False with the reason.
bool read_replay(const sched::Schedule& given, std::vector<sched::Slice>& slices, sched::Runner::Tape& tape, std::string& error) {
  const auto copy = given.clone();
  sched::Replay& replay = *copy->replay();
  slices = {{}};
  for (; replay.next_event().kind != sched::Event::Kind::End; replay.advance()) {
    const sched::Event& event = replay.next_event();
    switch (event.kind) {
      case sched::Event::Kind::Slice:
        if (event.when.kind == sched::Moment::Kind::Call)
          return error = "the run switched inside a blocking call, where the stepper does not get", false;
        if (event.when.kind == sched::Moment::Kind::Point)
          slices.back() = {slices.back().thread, sched::Slice::End::Point, event.when.position.ticks, event.when.position.index};
        slices.push_back({event.thread});
        break;
      case sched::Event::Kind::Wake:
        if (event.when.kind != sched::Moment::Kind::End)
          return error = "a time came while a thread was running, which the stepper cannot repeat", false;
        break;
      case sched::Event::Kind::Interrupt:
        return error = "the run was interrupted, which the stepper cannot repeat", false;
      case sched::Event::Kind::Number:
        if (event.outside != sched::Outside::Result) tape.answers.emplace_back(event.number);  // what was written is written
        break;
      case sched::Event::Kind::Bytes:
        if (event.outside == sched::Outside::Input)
          return error = "the run read from outside, which the stepper cannot repeat", false;
        tape.answers.emplace_back(event.bytes);
        break;
      case sched::Event::Kind::Taken:
        tape.taken.push_back(event.when.count);
        break;
      case sched::Event::Kind::End:
        break;
    }
  }
  return true;
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
  std::vector<sched::Slice> recorded;
  sched::Runner::Tape tape;
  std::string error;
  if (options.given_schedule && !read_replay(*options.given_schedule, recorded, tape, error)) {
    std::cerr << "mini: --step with --replay: " << error << '\n';
    return kUsageError;
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
  walk.set_tape(std::move(tape));
  const step::Commands::Repeat repeat{
      [&](const std::string& filename, const std::vector<sched::Slice>& slices) {
        return save_recording(script, options, filename, slices);
      },
      [&](const std::string& list) { return steps_repeat(script, options, walk, list); }};
  step::Commands commands(walk, say, repeat, std::move(recorded));
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
