// Reading a statement, running it, showing what it answers. As CPython's basic prompt: file name <stdin>, `_`, tracebacks.
#include "interp/cli/prompt.h"

#include <unistd.h>

#include <editline/readline.h>

#include <cstdlib>
#include <iostream>

#include "interp/vm/native.h"
#include "interp/vm/traceback.h"

namespace mini::cli {
namespace {

using namespace mini::vm;

constexpr const char* kFilename = "<stdin>";

/// Lines, with editing and history on a terminal.
class LineReader {
 public:
  explicit LineReader(Machine& machine) : machine_(machine), terminal_(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
    if (terminal_) rl_initialize();
  }

  /// False at the end of the input.
  bool read(ThreadState& thread, const char* prompt, std::string& line) {
    machine_.flush_output();
    sched::BlockingCall call(machine_.runner(), thread);
    if (!terminal_) {
      std::cerr << prompt << std::flush;
      return static_cast<bool>(std::getline(std::cin, line));
    }
    char* typed = readline(prompt);
    if (!typed) return false;
    line = typed;
    if (!line.empty()) add_history(typed);
    std::free(typed);
    return true;
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
/// Whether the text could still become a statement if more lines followed.
bool is_incomplete(const std::string& text) { return completeness_of(text) == Completeness::kIncomplete; }

/// A compound statement goes on until an empty line.
bool opens_block(const std::string& text) {
  const size_t end = text.find_last_not_of(" \t\n");
  const bool decorated = text.front() == '@';
  return decorated || text[end] == ':' || (text.find('\n') + 1 < text.size() && text[text.find('\n') + 1] == ' ');
}

Read read_statement(LineReader& reader, ThreadState& thread, std::string& text) {
  text.clear();
  std::string line;
  if (!reader.read(thread, ">>> ", line)) return Read::kEnd;
  text = line + "\n";
  if (text.find_first_not_of(" \t\n") == std::string::npos) return Read::kStatement;
  bool block = opens_block(text) || is_incomplete(text);
  while (block) {
    if (!reader.read(thread, "... ", line)) break;
    text += line + "\n";
    const bool empty = line.find_first_not_of(" \t") == std::string::npos;
    block = is_incomplete(text) || (!empty && opens_block(text));
    if (empty && !is_incomplete(text)) break;
  }
  return Read::kStatement;
}

/// False when the prompt is to end (SystemExit).
bool execute(Machine& machine, const std::string& filename, const std::string& text, compile::CompileMode mode) {
  Heap& heap = machine.heap();
  machine.remember_source(filename, text);
  auto code = machine.compile(text, filename, mode);
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

}  // namespace

int run_prompt(Machine& machine, const std::string& filename, std::string source) {
  LineReader reader(machine);
  bool begun = false, stuck = false;
  uint64_t number = 0;
  auto converse = [&](Machine& owner, ThreadState& thread) {
    stuck = true;  // unless the end is reached
    if (!begun) {
      begun = true;
      if (!filename.empty()) execute(owner, filename, source, compile::CompileMode::kExec);
      if (thread.abandoned) return;
      if (isatty(STDIN_FILENO))
        owner.write_error("mini " MINI_VERSION ", a subset of Python 3.13. Type exit() or Ctrl-D to leave.\n");
    }
    std::string text;
    while (read_statement(reader, thread, text) == Read::kStatement) {
      if (owner.runner().take_interrupt()) {
        owner.write_error("\nKeyboardInterrupt\n");
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
