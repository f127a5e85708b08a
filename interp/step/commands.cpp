#include "interp/step/commands.h"

#include <algorithm>
#include <sstream>

#include "interp/step/follow.h"
#include "interp/step/view.h"
#include "interp/vm/deadlock.h"

namespace mini::step {

using namespace mini::vm;

const std::vector<Commands::Command>& Commands::all() {
  static const std::vector<Command> commands = {
      {"step", "s", "[Tn] [N]", "run a thread by N instructions (1)", &Commands::step},
      {"next", "n", "[Tn]", "run a thread to its next line", &Commands::next},
      {"point", "pt", "[Tn]", "run a thread to its next switch point", &Commands::point},
      {"continue", "c", "[Tn]", "run a thread until it blocks or ends", &Commands::go_on},
      {"run", "r", "[SCHEDULE]", "run all threads to the end: every:N, seeded:SEED, steps:LIST", &Commands::run},
      {"thread", "t", "Tn", "choose the thread that commands without Tn are about", &Commands::thread},
      {"back", "b", "[N]", "go back by N instructions (1)", &Commands::back},
      {"undo", "u", "[N]", "go back to before the last N moves (1)", &Commands::undo},
      {"break", "br", "LINE | FUNCTION | OPCODE | read NAME | write NAME | switch", "stop there", &Commands::set_break},
      {"breaks", "bl", "", "list the breakpoints", &Commands::list_breaks},
      {"delete", "d", "[N]", "delete breakpoint N, or all", &Commands::delete_break},
      {"print", "p", "[Tn] EXPRESSION", "evaluate in a thread's frame", &Commands::print},
      {"info", "i", "", "show all threads, their code, stacks and the shared variables", &Commands::show_all},
      {"shared", "v", "", "show the variables that several threads use", &Commands::shared},
      {"locks", "lo", "", "show the locks, who holds them and who waits", &Commands::locks},
      {"where", "w", "[Tn]", "show a thread's frames", &Commands::where},
      {"list", "l", "[Tn]", "show the source around a thread's line", &Commands::list},
      {"replay", "rp", "[N]", "with --replay: follow that run to its end, or by N instructions", &Commands::replay},
      {"token", "tk", "", "print the token that repeats the run so far", &Commands::token},
      {"steps", "sl", "", "print the run so far as a list for --schedule=steps:", &Commands::steps},
      {"save", "sv", "FILE", "save the run as a recording; from here to its end all threads take turns", &Commands::save},
      {"help", "h", "[COMMAND]", "this list", &Commands::help},
      {"quit", "q", "", "leave", &Commands::quit},
  };
  return commands;
}

const Commands::Command* Commands::find(const std::string& word) const {
  const Command* found = nullptr;
  for (const Command& command : all()) {
    if (word == command.name || word == command.alias) return &command;
    if (!std::string_view(command.name).starts_with(word)) continue;
    if (found) return nullptr;  // ambiguous
    found = &command;
  }
  return found;
}

bool Commands::fail(const std::string& message) {
  print_(message + "\n");
  return false;
}

bool Commands::execute(std::string line) {
  line.erase(0, line.find_first_not_of(" \t"));
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
  if (line.empty()) line = last_line_;
  if (line.empty() || line.front() == '#') return true;
  last_line_ = line;
  std::istringstream stream(line);
  std::string word;
  stream >> word;
  words_.clear();
  rest_ = line.substr(word.size());
  rest_.erase(0, rest_.find_first_not_of(" \t"));
  const Command* command = find(word == "?" ? "help" : word);
  if (!command) return fail("'" + word + "' is no command; 'help' lists them");
  for (std::string argument; stream >> argument;) words_.push_back(argument);
  return (this->*command->action)();
}

// ---- Arguments

bool Commands::take_thread() {
  for (auto word = words_.begin(); word != words_.end(); ++word) {
    if (word->size() < 2 || (word->front() != 'T' && word->front() != 't') ||
        word->find_first_not_of("0123456789", 1) != word->npos || word->size() > 8)
      continue;
    const auto serial = static_cast<uint32_t>(std::stoul(word->substr(1)));
    if (!walk_.find(serial)) return fail(*word + (serial < walk_.machine().state().threads.started ? " has ended" : " was never started"));
    selected_ = serial;
    words_.erase(word);
    return true;
  }
  return true;
}

bool Commands::take_number(uint64_t& number) {
  if (words_.empty()) return true;
  const std::string word = words_.front();
  if (word.find_first_not_of("0123456789") != word.npos || word.size() > 15) return fail("'" + word + "' is no number");
  number = std::stoull(word);
  words_.erase(words_.begin());
  return words_.empty() ? true : fail("'" + words_.front() + "': what is that?");
}

// ---- Moving

bool Commands::move(StopHere stop) {
  if (walk_.is_over()) return fail("the program is over; 'back' goes back into it");
  stopped_at_.clear();
  moves_.push_back(walk_.executed());
  const auto end = walk_.go(selected_, std::move(stop));
  if (!end) moves_.pop_back();
  if (end) return after(*end);
  const ThreadState* thread = walk_.find(selected_);
  return fail(fmt::format("T{} cannot run: it {}", selected_, thread ? "waits" : "has ended"));
}

bool Commands::after(End end) {
  if (end == End::kOver) {
    print_(fmt::format("the program is over, exit status {}\n", walk_.status()));
    return true;
  }
  if (!stopped_at_.empty()) {
    print_("stopped: " + stopped_at_ + "\n");
    selected_ = walk_.last();
  }
  // Whoever was followed and is gone, is followed no longer.
  if (!walk_.find(selected_)) {
    print_(fmt::format("T{} has ended\n", selected_));
    for (auto& thread : walk_.machine().state().threads.runnable) {
      selected_ = thread.serial;
      break;
    }
  }
  show();
  return true;
}

void Commands::show() {
  if (!walk_.is_over()) print_(overview(walk_, selected_));
}

bool Commands::step() {
  uint64_t count = 1;
  if (!take_thread() || !take_number(count)) return false;
  const uint64_t goal = walk_.executed() + count;
  return move([this, goal, count](const Look& look) { return walk_.executed() >= goal || (count > 1 && breaks(look)); });
}

bool Commands::next() {
  if (!take_thread()) return false;
  ThreadState* thread = walk_.find(selected_);
  const Frame* frame = thread ? own_frame(*thread) : nullptr;
  const uint32_t line = frame ? frame->code->code->position(frame->index()).line : 0;
  const uint32_t depth = frame ? frame->depth : ~0u;
  return move([this, frame, line, depth](const Look& look) {
    if (look.frame.code->has(bytecode::kPrelude)) return false;
    if (breaks(look)) return true;
    const bool elsewhere = &look.frame != frame || look.frame.code->code->position(look.index).line != line;
    return look.frame.depth <= depth && elsewhere;
  });
}

bool Commands::point() {
  if (!take_thread()) return false;
  return move([this](const Look& look) {
    return breaks(look) || (look.is_point && !look.frame.code->has(bytecode::kPrelude));
  });
}

bool Commands::go_on() {
  if (!take_thread()) return false;
  return move([this](const Look& look) { return breaks(look); });
}

bool Commands::run() {
  if (walk_.is_over()) return fail("the program is over; 'back' goes back into it");
  auto parsed = sched::parse_schedule(rest_.empty() ? "every:1000000000" : rest_);
  if (!parsed.schedule) return fail(parsed.error);
  if (!parsed.schedule->exact()) return fail("only schedules that count instructions can be followed here: every:N, seeded:SEED, steps:LIST");
  stopped_at_.clear();
  moves_.push_back(walk_.executed());
  uint32_t before = walk_.last();
  return after(walk_.go(std::move(parsed.schedule), [this, before](const Look& look) mutable {
    const bool switched = std::exchange(before, look.thread.serial) != look.thread.serial;
    if (switched)
      for (const Breakpoint& breakpoint : breakpoints_)
        if (breakpoint.kind == Breakpoint::Kind::kSwitch) return stopped_at_ = breakpoint.text(), true;
    return breaks(look);
  }));
}

bool Commands::replay() {
  if (recorded_.empty()) return fail("there is no run to follow: --replay=FILE or --replay=m1:TOKEN names one");
  if (walk_.is_over()) return fail("the program is over; 'back' goes back into it");
  uint64_t count = ~uint64_t{0};
  if (!take_number(count)) return false;
  auto schedule = FollowSlices::from(walk_.slices(), recorded_);
  if (!schedule) return fail("the run is on another way than the one to be followed; 'back' or 'undo' leads to it");
  const uint64_t before = walk_.executed();
  stopped_at_.clear();
  moves_.push_back(before);
  const End end = walk_.go(std::move(schedule), [this, before, count](const Look& look) {
    return walk_.executed() - before >= count || breaks(look);
  });
  if (!walk_.error().empty()) return fail(walk_.error());
  return after(end);
}

bool Commands::thread() {
  if (words_.empty()) return fail("which thread? such as 'thread T1'");
  if (!take_thread()) return false;
  if (!words_.empty()) return fail("'" + words_.front() + "' is no thread");
  show();
  return true;
}

bool Commands::back() {
  uint64_t count = 1;
  if (!take_number(count)) return false;
  if (count > walk_.executed()) count = walk_.executed();
  walk_.go_back(walk_.executed() - count);
  while (!moves_.empty() && moves_.back() >= walk_.executed()) moves_.pop_back();
  const ThreadState* thread = walk_.find(selected_);
  if (!thread || thread->state == sched::State::Blocked) selected_ = walk_.last();
  show();
  return true;
}

bool Commands::undo() {
  uint64_t count = 1;
  if (!take_number(count)) return false;
  if (count == 0 || count > moves_.size()) return fail(fmt::format("there were {} moves", moves_.size()));
  walk_.go_back(moves_[moves_.size() - count]);
  moves_.resize(moves_.size() - count);
  const ThreadState* thread = walk_.find(selected_);
  if (!thread || thread->state == sched::State::Blocked) selected_ = walk_.last();
  show();
  return true;
}

// ---- Breakpoints

std::string Commands::Breakpoint::text() const {
  switch (kind) {
    case Kind::kLine:
      return fmt::format("line {}", line);
    case Kind::kFunction:
      return "function " + name;
    case Kind::kOpcode:
      return "before " + name;
    case Kind::kRead:
      return "before a read of " + name;
    case Kind::kWrite:
      return "before a write of " + name;
    case Kind::kSwitch:
      return "after a switch";
  }
  return "";
}

bool Commands::hits(const Breakpoint& breakpoint, const Look& look) {
  const bytecode::Code& code = *look.frame.code->code;
  using Kind = Breakpoint::Kind;
  switch (breakpoint.kind) {
    case Kind::kLine:
      return code.position(look.index).line == breakpoint.line &&
             (look.index == 0 || code.position(look.index - 1).line != breakpoint.line);
    case Kind::kFunction:
      return look.index == 0 && (code.name == breakpoint.name || code.qualified_name == breakpoint.name);
    case Kind::kOpcode:
      return bytecode::info(code.units[look.index].opcode).name == breakpoint.name;
    case Kind::kRead:
    case Kind::kWrite:
      for (const observe::Access& access : walk_.accesses().of(look.thread, look.frame, look.index)) {
        if (breakpoint.kind == Kind::kRead ? !access.reads() : !access.writes()) continue;
        if (walk_.accesses().name_of(access, look.frame, look.index) == breakpoint.name) return true;
      }
      return false;
    case Kind::kSwitch:
      return false;
  }
  return false;
}

bool Commands::breaks(const Look& look) {
  if (look.frame.code->has(bytecode::kPrelude)) return false;
  for (const Breakpoint& breakpoint : breakpoints_)
    if (hits(breakpoint, look)) {
      stopped_at_ = breakpoint.text();
      return true;
    }
  return false;
}

bool Commands::set_break() {
  if (words_.empty()) return fail("where? LINE, FUNCTION, OPCODE, read NAME, write NAME, switch");
  Breakpoint breakpoint{Breakpoint::Kind::kFunction, 0, words_[0]};
  using Kind = Breakpoint::Kind;
  const std::string& word = words_[0];
  bool is_opcode = false;
#define OPCODE(name, ...) is_opcode |= word == #name;
#include "interp/bytecode/opcodes.def"
  if (word == "switch" && words_.size() == 1) {
    breakpoint.kind = Kind::kSwitch;
  } else if ((word == "read" || word == "write") && words_.size() == 2) {
    breakpoint = {word == "read" ? Kind::kRead : Kind::kWrite, 0, words_[1]};
  } else if (words_.size() != 1) {
    return fail("'" + rest_ + "' is no place to stop at");
  } else if (word.find_first_not_of("0123456789") == word.npos && word.size() < 9) {
    breakpoint = {Kind::kLine, static_cast<uint32_t>(std::stoul(word)), ""};
  } else if (is_opcode) {
    breakpoint.kind = Kind::kOpcode;
  }
  breakpoints_.push_back(breakpoint);
  print_(fmt::format("breakpoint {}: {}\n", breakpoints_.size(), breakpoint.text()));
  return true;
}

bool Commands::list_breaks() {
  for (size_t i = 0; i < breakpoints_.size(); ++i) print_(fmt::format("  {}: {}\n", i + 1, breakpoints_[i].text()));
  if (breakpoints_.empty()) print_("no breakpoints\n");
  return true;
}

bool Commands::delete_break() {
  uint64_t number = 0;
  if (words_.empty()) {
    breakpoints_.clear();
    return true;
  }
  if (!take_number(number)) return false;
  if (number == 0 || number > breakpoints_.size()) return fail(fmt::format("there is no breakpoint {}", number));
  breakpoints_.erase(breakpoints_.begin() + static_cast<std::ptrdiff_t>(number - 1));
  return true;
}

// ---- Looking

bool Commands::print() {
  const std::string typed = rest_;
  const uint32_t followed = selected_;
  if (!take_thread()) return false;
  const uint32_t asked = std::exchange(selected_, followed);
  std::string expression = typed;
  const size_t space = typed.find_first_of(" \t");
  if (space != typed.npos && (typed[0] == 'T' || typed[0] == 't') && typed.find_first_not_of("0123456789", 1) == space)
    expression = typed.substr(space + 1);
  if (expression.empty()) return fail("print what?");
  std::string text;
  const bool fine = walk_.evaluate(asked, expression, text);
  print_(text + "\n");
  return fine;
}

bool Commands::show_all() {
  if (walk_.is_over()) return fail("the program is over; 'back' goes back into it");
  show();
  return true;
}

bool Commands::shared() {
  const std::string text = shared_text(walk_);
  print_(text.empty() ? "no variable is shared yet\n" : text);
  return true;
}

bool Commands::locks() {
  print_(locks_text(walk_));
  if (!walk_.is_over()) print_(describe_stuck(walk_.machine()));
  return true;
}

bool Commands::where() {
  if (!take_thread()) return false;
  ThreadState* thread = walk_.find(selected_);
  if (!thread) return fail("the program is over");
  print_(frames_text(walk_, *thread));
  return true;
}

bool Commands::list() {
  if (!take_thread()) return false;
  ThreadState* thread = walk_.find(selected_);
  if (!thread) return fail("the program is over");
  print_(source_text(walk_, *thread));
  return true;
}

bool Commands::token() {
  std::string obstacle;
  const std::string text = walk_.machine().token(&obstacle);
  if (text.empty()) return fail("no token: " + obstacle);
  print_("--replay=" + text + "\n");
  return true;
}

bool Commands::steps() {
  constexpr const char* kNone = "no list: steps: cannot tell this run; 'token' and 'save' can";
  std::vector<std::string> words = walk_.step_words();
  const auto repeats = [&](size_t begin, size_t end) {
    return repeat_.steps_repeat(fmt::format("{}", fmt::join(words.begin() + static_cast<std::ptrdiff_t>(begin),
                                                            words.begin() + static_cast<std::ptrdiff_t>(end), " ")));
  };
  // The turn in which the last thread was started ends before the list begins, or goes on in it.
  size_t begin = 0;
  while (begin < 2 && begin < words.size() && !repeats(begin, words.size())) ++begin;
  if (begin == 2 || begin >= words.size()) return fail(kNone);
  // Behind the list the lowest thread runs until it blocks: what happens anyway is left out.
  size_t few = begin, enough = words.size();
  while (few + 1 < enough) {
    const size_t middle = few + (enough - few) / 2;
    (repeats(begin, middle) ? enough : few) = middle;
  }
  print_(fmt::format("--schedule='steps:{}'\n", fmt::join(words.begin() + static_cast<std::ptrdiff_t>(begin),
                                                          words.begin() + static_cast<std::ptrdiff_t>(enough), " ")));
  return true;
}

bool Commands::save() {
  if (words_.size() != 1) return fail("save to which file?");
  std::vector<sched::Slice> slices;
  std::string error;
  if (!walk_.look_ahead(slices, error)) return fail(error);
  print_(repeat_.save_recording(words_[0], slices));
  return true;
}

bool Commands::help() {
  for (const Command& command : all()) {
    if (!words_.empty() && find(words_[0]) != &command) continue;
    print_(fmt::format("  {:<9} {:<3} {:<12} {}\n", command.name, command.alias, command.arguments, command.help));
  }
  if (words_.empty()) print_("  an empty line repeats the last command; T0 is the main thread, Tn the n-th started\n");
  return true;
}

bool Commands::quit() {
  quits_ = true;
  return true;
}

std::vector<std::string> Commands::completions(const std::string& beginning) const {
  std::vector<std::string> found;
  auto add = [&](const std::string& word) {
    if (word.starts_with(beginning) && std::find(found.begin(), found.end(), word) == found.end()) found.push_back(word);
  };
  for (const Command& command : all()) add(command.name);
  for (const char* word : {"read", "write", "switch", "every:", "seeded:", "steps:"}) add(word);
  if (!walk_.is_over()) {
    for (auto& thread : walk_.machine().state().threads.all) add(fmt::format("T{}", thread.serial));
    if (Dict* names = walk_.machine().state().main_names)
      for (uint32_t i = 0; i < names->used; ++i)
        if (Str* name = as_str(walk_.machine().heap(), names->entries[i].key)) add(to_utf8(name));
  }
  return found;
}

}  // namespace mini::step
