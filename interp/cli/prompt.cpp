// Reading a statement, running it, showing what it answers. As CPython's basic prompt: file name <stdin>, `_`, tracebacks.
#include "interp/cli/prompt.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <editline/readline.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <iostream>
#include <map>
#include <utility>

#include "interp/vm/native.h"
#include "interp/vm/signals.h"
#include "interp/vm/traceback.h"

namespace mini::cli {
namespace {

using namespace mini::vm;

constexpr const char* kFilename = "<stdin>";

/// What Tab may mean: names, and by name of a variable what stands behind its dot.
struct Candidates {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> members;
};

void add_keys(const Dict* dict, std::vector<std::string>& names) {
  for (uint32_t i = 0; i < dict->used; ++i)
    if (const Value key = dict->entries[i].key; has_kind(key, BuiltinType::kStr))
      names.push_back(to_utf8(static_cast<Str*>(key.as_object())));
}

/// Runs no script code: only what stands in dictionaries.
Candidates candidates(Machine& machine) {
  Candidates found;
  for (const char* keyword : {"and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else", "except",
                              "False", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "None",
                              "nonlocal", "not", "or", "pass", "raise", "return", "True", "try", "while", "with", "yield"})
    found.names.emplace_back(keyword);
  add_keys(machine.state().builtins, found.names);
  const Dict* variables = machine.state().main_names;
  add_keys(variables, found.names);
  for (uint32_t i = 0; i < variables->used; ++i) {
    const auto& [key, value, hash] = variables->entries[i];
    if (!has_kind(key, BuiltinType::kStr) || value.is_unbound()) continue;
    std::vector<std::string>& members = found.members[to_utf8(static_cast<Str*>(key.as_object()))];
    if (has_kind(value, BuiltinType::kModule)) add_keys(static_cast<Module*>(value.as_object())->dict, members);
    Type* type = has_kind(value, BuiltinType::kTypeType) ? static_cast<Type*>(value.as_object()) : machine.heap().type_of(value);
    const Tuple* order = type->method_resolution_order;
    for (uint64_t k = 0; k < order->length; ++k)
      add_keys(static_cast<Type*>(order->items()[k].as_object())->attributes, members);
    if (value.is_object())
      if (const Attributes* own = attributes_of(value.as_object())) {
        for (const Shape* shape = own->shape; shape && shape->name; shape = shape->parent)
          members.push_back(to_utf8(shape->name));
        if (!own->shape && own->dict) add_keys(own->dict, members);
      }
  }
  return found;
}

// readline() calls back with nothing but the text: what it may become stands here while a line is read.
const Candidates* offered = nullptr;

/// The next name that begins as `text` does, for readline's list.
char* next_candidate(const char* text, int state) {
  static std::vector<std::string> matches;
  if (state == 0) {
    matches.clear();
    const std::string typed = text;
    const size_t dot = typed.rfind('.');
    const std::string before = dot == typed.npos ? "" : typed.substr(0, dot + 1);
    const std::vector<std::string>* names = &offered->names;
    if (dot != typed.npos) {
      const auto members = offered->members.find(typed.substr(0, dot));
      if (members == offered->members.end()) return nullptr;
      names = &members->second;
    }
    const bool wants_private = dot != typed.npos && typed.substr(dot + 1).starts_with('_');
    for (const std::string& name : *names) {
      if (dot != typed.npos && name.starts_with('_') && !wants_private) continue;
      if ((before + name).starts_with(typed)) matches.push_back(before + name);
    }
    std::sort(matches.begin(), matches.end(), std::greater<>());
    matches.erase(std::unique(matches.begin(), matches.end()), matches.end());
  }
  if (matches.empty()) return nullptr;
  char* next = ::strdup(matches.back().c_str());
  matches.pop_back();
  return next;
}
char** complete(const char* text, int, int) {
  rl_attempted_completion_over = 1;  // never names of files
  return rl_completion_matches(text, next_candidate);
}

// Where keys come from: the terminal once more, opened so that a read does not wait. A Ctrl-C makes the kernel drop what
// was typed before it, even between the news of a key and its read, which would then wait for ever.
int keys = STDIN_FILENO;

int open_keys() {
  const int own = ::open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return own < 0 ? STDIN_FILENO : own;
}

/// Waits until something was typed: false when a signal came instead. One that came just before counts as well, which
/// a mere read() would sleep over: signals are blocked from the look at them until the wait has begun.
bool wait_for_typing() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pollfd input{keys, POLLIN, 0};
  int ready = 0;
  while (!signals_arrived() && (ready = ppoll(&input, 1, nullptr, &before)) < 0 && errno == EINTR) {}
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return ready > 0;
}

/// The next character that was typed, for readline(); EOF at the end of the input, and when a signal came.
int next_character(std::FILE*) {
  std::mbstate_t state{};
  for (;;) {
    unsigned char byte;
    if (!wait_for_typing()) return EOF;
    const ssize_t count = ::read(keys, &byte, 1);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count != 1) return EOF;
    wchar_t character;
    switch (std::mbrtowc(&character, reinterpret_cast<const char*>(&byte), 1, &state)) {
      case static_cast<size_t>(-1):
        state = {};  // no character begins so: it is skipped
        continue;
      case static_cast<size_t>(-2):
        continue;  // more bytes belong to it
      default:
        return static_cast<int>(character);
    }
  }
}

/// Where lines are kept between runs: $MINI_HISTORY (empty: nowhere), else ~/.mini_history.
std::string history_path() {
  if (const char* given = std::getenv("MINI_HISTORY")) return given;
  const char* home = std::getenv("HOME");
  return home ? std::string(home) + "/.mini_history" : "";
}

/// Lines, with editing, completion and history on a terminal.
class LineReader {
 public:
  explicit LineReader(Machine& machine) : machine_(machine), terminal_(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
    if (!terminal_) return;
    // Letters beyond ASCII; where the environment names no locale, in UTF-8 all the same (PEP 538).
    const char* locale = std::setlocale(LC_CTYPE, "");
    if (!locale || locale == std::string_view("C")) std::setlocale(LC_CTYPE, "C.UTF-8");
    static char word_breaks[] = " \t\n()[]{},:;=+-*/%<>!&|^~@'\"";
    keys = open_keys();
    rl_getc_function = next_character;
    rl_initialize();
    using_history();
    stifle_history(1000);
    rl_completer_word_break_characters = word_breaks;
    rl_attempted_completion_function = complete;
    if (const std::string path = history_path(); !path.empty()) read_history(path.c_str());
  }
  ~LineReader() {
    if (!terminal_) return;
    if (const std::string path = history_path(); !path.empty()) write_history(path.c_str());
    if (keys != STDIN_FILENO) ::close(std::exchange(keys, STDIN_FILENO));
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  enum class Outcome { kLine, kEnd, kInterrupted };
  Outcome read(ThreadState& thread, const char* prompt, std::string& line) {
    machine_.flush_output();
    Candidates names;
    if (terminal_) names = candidates(machine_);
    offered = &names;
    sched::BlockingCall call(machine_.runner(), thread);
    if (!terminal_) {
      std::cerr << prompt << std::flush;
      return std::getline(std::cin, line) ? Outcome::kLine : Outcome::kEnd;
    }
    char* typed = readline(prompt);
    if (!typed) return signals_arrived() ? Outcome::kInterrupted : Outcome::kEnd;
    line = typed;
    if (!line.empty()) add_history(typed);
    std::free(typed);
    return Outcome::kLine;
  }

 private:
  Machine& machine_;
  bool terminal_;
};

enum class Read { kStatement, kEnd };

enum class Completeness { kComplete, kIncomplete, kWrong };

Completeness completeness_of(const std::string& text) {
  compile::SourceFile source(kFilename, text);
  compile::Diagnostics diagnostics(source);
  const auto code = compile::compile_source(source, compile::CompileMode::kSingle, {.filename = kFilename}, diagnostics);
  if (code) return Completeness::kComplete;
  return diagnostics.incomplete() ? Completeness::kIncomplete : Completeness::kWrong;
}
/// A compound statement goes on until an empty line, even if its body stands behind its colon.
bool opens_block(const std::string& text) {
  if (text.front() == '@') return true;
  const std::string_view word = std::string_view(text).substr(0, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
  constexpr std::string_view kCompound[] = {"class", "def", "for", "if", "try", "while", "with"};
  return std::ranges::find(kCompound, word) != std::end(kCompound);
}

Read read_statement(LineReader& reader, ThreadState& thread, std::string& text) {
  text.clear();
  std::string line;
  switch (reader.read(thread, ">>> ", line)) {
    case LineReader::Outcome::kLine:
      break;
    case LineReader::Outcome::kEnd:
      return Read::kEnd;
    case LineReader::Outcome::kInterrupted:
      return Read::kStatement;
  }
  text = line + "\n";
  if (text.find_first_not_of(" \t\n") == std::string::npos) return Read::kStatement;
  const bool block = opens_block(text);
  for (bool empty = false;;) {
    if ((empty || !block) && completeness_of(text) != Completeness::kIncomplete) break;
    if (reader.read(thread, "... ", line) != LineReader::Outcome::kLine) break;
    text += line + "\n";
    empty = line.find_first_not_of(" \t") == std::string::npos;
  }
  return Read::kStatement;
}

/// False when the prompt is to end (SystemExit).
bool execute(Machine& machine, const std::string& filename, const std::string& text, compile::CompileMode mode) {
  Heap& heap = machine.heap();
  machine.remember_source(filename, text);
  auto code = machine.compile(text, filename, mode, compile::SourceFile::origin_of(filename));
  if (code.ok() && machine.run_module_code(code->get(), machine.state().main_names).ok()) return true;
  Ref<Exception> exception = heap.take_pending();
  if (machine.current().abandoned) return false;
  if (is_subtype(exception->type, heap.type(BuiltinType::kSystemExit))) {
    machine.report_uncaught(std::move(exception));
    return false;
  }
  machine.write_error(render_exception(machine, exception.get()));
  return true;
}

/// What -i runs first; its names stay.
void run_script(Machine& machine, const std::string& filename, const std::string& source) {
  if (filename.front() != '<')
    if (auto text = make_str(machine.heap(), filename); text.ok())
      static_cast<void>(set_name(machine.heap(), machine.state().main_names, machine.heap().name(Name::k__file__), *text).ok());
  execute(machine, filename, source, compile::CompileMode::kExec);
}

}  // namespace

int run_prompt(Machine& machine, const std::string& filename, std::string source) {
  LineReader reader(machine);
  bool begun = false, stuck = false;
  uint64_t number = 0;
  auto converse = [&](Machine& owner, ThreadState& thread) {
    stuck = true;  // unless the end is reached
    if (!begun) {
      begun = true;
      if (!filename.empty()) run_script(owner, filename, source);
      if (thread.abandoned) return;
      if (isatty(STDIN_FILENO))
        owner.write_error("mini " MINI_VERSION ", a subset of Python 3.13. Type exit() or Ctrl-D to leave.\n");
    }
    std::string text;
    while (read_statement(reader, thread, text) == Read::kStatement) {
      if (owner.handle_interrupt(thread)) {
        Ref<Exception> exception = owner.heap().take_pending();
        const bool plain = exception->type == owner.heap().type(BuiltinType::kKeyboardInterrupt) && !exception->traceback;
        owner.write_error(plain ? "\nKeyboardInterrupt\n" : render_exception(owner, exception.get()));
        continue;
      }
      if (text.find_first_not_of(" \t\n") == std::string::npos) continue;
      // A name of its own, for the lines in tracebacks; an error is shown before the name matters.
      const bool wrong = completeness_of(text) == Completeness::kWrong;
      const std::string name = wrong ? kFilename : fmt::format("{}-{}", kFilename, number++);
      const bool goes_on = execute(owner, name, text, compile::CompileMode::kSingle);
      if (thread.abandoned) return;
      if (!goes_on) {
        stuck = false;
        return;
      }
    }
    owner.write_error("\n");
    stuck = false;
  };
  int status;
  do {  // after a deadlock the prompt comes back, without the threads that were stuck
    status = machine.run_with(converse);
  } while (stuck);
  return status;
}

}  // namespace mini::cli
