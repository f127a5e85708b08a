// A program's run: its main thread's beginning and end, and what is said about how it went.
#include <unistd.h>

#include "interp/vm/calls.h"
#include "interp/vm/finalizers.h"
#include "interp/vm/imports.h"
#include "interp/vm/machine.h"
#include "interp/vm/native.h"
#include "interp/vm/traceback.h"
#include "runtime/sched/token.h"

namespace mini::vm {

namespace {

constexpr int kStatusUncaught = 1, kStatusDeadlock = 3, kStatusInterrupted = 130, kStatusUsage = 2, kStatusDiverged = 4;

}  // namespace

bool keep_arguments(Call& call) {
  ThreadState& thread = thread_of(call);
  const Signature& signature = call.definition->signature;
  const uint32_t positional = signature.variadic ? call.count : signature.count;
  const uint32_t keywords =
      signature.variadic ? signature.count - signature.positional + signature.keyword_variadic : 0;
  auto tuple = make_tuple(call.heap, positional + keywords);
  if (!tuple.ok()) return false;
  for (uint32_t i = 0; i < positional + keywords; ++i) {
    Value argument = i < positional ? call.args[i] : call.keywords[i - positional];
    incref(argument);
    (*tuple)->items()[i] = argument;
  }
  decref(std::exchange(thread.suspension.saved_arguments, Value(tuple.take().release())));
  return true;
}

bool Machine::enter_main(ThreadState& thread) {
  const auto origin = compile::SourceFile::origin_of(main_filename_);
  auto code = compile(std::move(main_source_), main_filename_, compile::CompileMode::kExec, origin);
  if (!code.ok()) return false;
  auto function = make_function(*heap_, code->get(), state_->main_names, Value((*code)->qualified_name));
  if (!function.ok()) return false;
  return push_body(thread, function.take(), state_->main_names, thread.stack_end(), nullptr, Completion::kLeaveLoop);
}

int Machine::run_file(const std::string& filename, std::string source) {
  main_filename_ = filename;
  main_source_ = std::move(source);
  script_check_ = sched::script_check(main_source_);
  if (filename != "<stdin>") remember_source(filename, main_source_);  // CPython does not keep what it read from there
  static_cast<void>(set_file_name(filename).ok());
  return status_of(runner_->run(*state_->main));
}

Result<void> Machine::set_file_name(std::string_view filename) {
  if (filename.starts_with('<')) return {};
  auto text = MINI_TRY(make_str(*heap_, filename));
  return set_name(*heap_, state_->main_names, heap_->name(Name::k__file__), text);
}

int Machine::resume() { return status_of(runner_->resume()); }

int Machine::status_of(sched::Outcome outcome) {
  switch (outcome) {
    case sched::Outcome::Paused:
      return kPaused;
    case sched::Outcome::Deadlock:
    case sched::Outcome::ScheduleError:
      // What was printed is written out, by a main thread that runs no script code any more.
      state_->main->abandoned = true;
      state_->threads.current = state_->main;
      flush_output();
      state_->threads.current = nullptr;
      if (outcome == sched::Outcome::ScheduleError) {
        write_error("mini: " + runner_->schedule().error() + "\n");
        return diverged() ? kStatusDiverged : kStatusUsage;
      }
      write_error(deadlock_report_);
      if (options_.pause_at_exit) return kStatusDeadlock;  // an explorer: its slices are those of many runs
      if (const std::string found = token(); !found.empty()) write_error("  again with --replay=" + found + "\n");
      return kStatusDeadlock;
    case sched::Outcome::Stopped:
    case sched::Outcome::Finished:
      break;
  }
  return interrupted_ ? kStatusInterrupted : static_cast<int>(state_->exit_status);
}

std::string Machine::token(std::string* obstacle) {
  constexpr size_t kLongest = 200;  // a longer one nobody pastes
  const sched::SliceLog& log = runner_->slices();
  std::string text, why = log.obstacle();
  if (why.empty() && main_filename_ == "<stdin>") why = "the script was not a file";
  if (why.empty()) {
    text = sched::encode_token({static_cast<uint32_t>(options_.switch_model), script_check_}, log.slices());
    if (text.size() > kLongest) {
      text.clear();
      why = fmt::format("the run has {} slices, which is too long for one", log.slices().size());
    }
  }
  if (obstacle) *obstacle = why;
  return text;
}

int Machine::run_with(std::function<void(Machine&, ThreadState&)> work) {
  work_ = std::move(work);
  state_->main->stage = 0;  // again, after a run that ended in a deadlock
  state_->main->abandoned = false;
  return run_file("<stdin>", "");
}

void Machine::report_uncaught(Ref<Exception> exception) {
  if (!exception) return;
  if (is_subtype(exception->type, heap_->type(BuiltinType::kSystemExit))) {
    Value code = exception->details[0];
    if (code.is_none() || code.is_unbound()) {
      state_->exit_status = 0;
    } else if (is_integer(*heap_, code)) {
      auto number = to_int64(*heap_, code);
      state_->exit_status = number.ok() ? static_cast<uint32_t>(*number & 0xff) : 0xff;
      if (!number.ok()) static_cast<void>(heap_->take_pending());
    } else {
      auto text = str(*heap_, code);
      if (text.ok()) write_error(to_utf8(text->get()) + "\n");
      else static_cast<void>(heap_->take_pending());
      state_->exit_status = kStatusUncaught;
    }
    return;
  }
  if (is_subtype(exception->type, heap_->type(BuiltinType::kKeyboardInterrupt))) interrupted_ = true;
  state_->exit_status = kStatusUncaught;
  const Ref<Value> hook = Ref<Value>::share(get_name(state_->sys, heap_->name(Name::kexcepthook)));
  if (hook.get().is_unbound() || has_kind(hook, BuiltinType::kNativeFunction)) {
    if (hook.get().is_unbound()) write_error("sys.excepthook is missing\n");
    return write_error(render_exception(*this, exception.get()));
  }
  const Value arguments[] = {Value(exception->type), Value(exception.get()),
                             exception->traceback ? Value(exception->traceback) : kNone};
  if (call_nested(*heap_, hook, arguments, 3).ok()) return;
  Ref<Exception> raised_there = heap_->take_pending();
  if (is_subtype(raised_there->type, heap_->type(BuiltinType::kSystemExit))) return report_uncaught(std::move(raised_there));
  write_error("Error in sys.excepthook:\n" + render_exception(*this, raised_there.get()) +
              "\nOriginal exception was:\n" + render_exception(*this, exception.get()));
}

void Machine::finish_thread(ThreadState& thread) {
  if (thread.finished) thread.finished(thread);
}

void Machine::at_exit(ThreadState& thread) {
  run_all_finalizers(thread);
  // As CPython: atexit callbacks (but not where a thread forked, and has come to its end in the child), then the module's
  // variables die, then what is buffered is written.
  if (state_->exit_hook && !state_->main_was_thread) state_->exit_hook(*this);
  run_all_finalizers(thread);
  // The variables of __main__ are garbage now, with all that only they hold: finalisers still see them whole
  // (finalize_modules, 3.13 Python/pylifecycle.c).
  remove_name(*heap_, state_->modules, heap_->name(Name::k__main__));
  if (Dict* names = std::exchange(state_->main_names, nullptr)) decref(names);
  heap_->collect();
  run_all_finalizers(thread);
  const uint32_t status = state_->exit_status;
  std::string failure;
  const bool flushed = flush_output(&failure);
  if (!flushed) write_error(failure);
  state_->exit_status = flushed ? status : 120;
}

}  // namespace mini::vm
