// The life of a VM: from its memory to its threads' last instruction.
#include "interp/vm/machine.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "interp/vm/calls.h"
#include "interp/vm/counts.h"
#include "interp/vm/deadlock.h"
#include "interp/vm/finalizers.h"
#include "interp/vm/form.h"
#include "interp/vm/generators.h"
#include "interp/vm/imports.h"
#include "interp/vm/introspection.h"
#include "interp/vm/lock.h"
#include "interp/vm/loop.h"
#include "interp/vm/mapping_names.h"
#include "interp/vm/native.h"
#include "interp/vm/statistics.h"
#include "interp/vm/syntax_errors.h"
#include "interp/vm/traceback.h"
#include "interp/vm/unwind.h"
#include "runtime/object/node.h"
#include "runtime/sched/fiber.h"

namespace mini::vm {

namespace {

constexpr const char* kDefaultSchedule = "interval:5ms";  // as CPython's

/// Stages of a thread's life.
enum Stage : uint32_t { kNotEntered, kRunning, kShuttingDown, kWaitingForOthers, kOver, kExiting };

/// Bytes of the C++ stack that the compiler may take for the deepest source that it accepts (compile::kMaxDepth), a
/// sanitizer's frames included. Only what is touched takes memory.
constexpr size_t kCompilerStack = 16 << 20;

/// Calls `compile` on a stack of its own, since it recurses as deep as the source nests, unless the program has not begun.
void with_compiler_stack(const ThreadState* thread, const std::function<void()>& compile) {
  if (!thread) return compile();
  sched::Fiber here;
  sched::Fiber* there = nullptr;
  sched::Fiber fiber(kCompilerStack, [&] {
    compile();
    here.switch_from(*there);
  });
  there = &fiber;
  fiber.switch_from(here);
}

ThreadState* current_of(Heap& heap) {
  Machine& machine = Machine::of(heap);
  return static_cast<ThreadState*>(machine.state().threads.current);
}

void finalizers_pending(Heap& heap) {
  if (ThreadState* thread = current_of(heap))
    thread->dispatch.store(Machine::of(heap).tables().breaker, std::memory_order_relaxed);
}

Result<void> enter_native(Heap& heap) {
  ThreadState* thread = current_of(heap);
  if (thread && !enter_native(*thread)) return raised;
  return {};
}

void leave_native(Heap& heap) {
  if (ThreadState* thread = current_of(heap)) leave_native(*thread);
}

void** repr_chain(Heap& heap) {
  ThreadState* thread = current_of(heap);
  return thread ? &thread->repr_chain : Machine::of(heap).spare_repr_chain();
}

int64_t traceback_line(Heap&, const Traceback* traceback) { return line_of(traceback); }

const MachineHooks kHooks = {call_nested, call_with_keywords, get_attribute, finalizers_pending, enter_native,
                             leave_native, repr_chain, traceback_line, nullptr};

/// Takes a thread that will never run again out of every queue.
void unlink(sched::ThreadTable& table, sched::Thread& thread) {
  if (thread.base::ListHook<sched::RunTag>::is_linked()) table.runnable.erase(table.runnable.iterator_to(thread));
  if (thread.base::ListHook<sched::WaitTag>::is_linked()) thread.queue->erase(thread.queue->iterator_to(thread));
  if (thread.base::SetHook<sched::TimerTag>::is_linked()) table.timers.erase(table.timers.iterator_to(thread));
  if (thread.base::ListHook<sched::AllTag>::is_linked()) table.all.erase(table.all.iterator_to(thread));
}

/// The code of frames of suspended natives: one instruction that is never left behind.
std::shared_ptr<const bytecode::Code> make_stub() {
  auto code = std::make_shared<bytecode::Code>();
  code->name = code->qualified_name = "<native>";
  code->filename = "<native>";
  code->flags = bytecode::kPrelude;
  code->units.push_back({bytecode::Opcode::NOP, 0});
  code->positions.push_back({0, 0, {}});
  return code;
}

}  // namespace

std::string schedule_text(const Options& options) {
  if (options.given_schedule) return options.given_schedule->text();
  return options.schedule.empty() ? kDefaultSchedule : options.schedule;
}

sched::ClockKind clock_of(const Options& options) {
  if (options.given_schedule) return options.given_schedule->clock();
  const auto parsed = sched::parse_schedule(schedule_text(options));
  return options.clock.value_or(parsed.schedule ? parsed.schedule->clock() : sched::ClockKind::Real);
}

void Machine::add_observer(InstructionObserver& observer) {
  observers_.list.push_back(&observer);
  choose_observers();
}

void Machine::remove_observer(InstructionObserver& observer) {
  std::erase(observers_.list, &observer);
  choose_observers();
}

void Machine::choose_observers() {
  const auto& list = observers_.list;
  watch_.asks_for_points = std::any_of(list.begin(), list.end(), [](auto* each) { return each->asks_for_points(); });
  watch_.observer = list.empty() ? nullptr : list.size() == 1 ? list.front() : &observers_;
  choose_passing();
}

void Machine::choose_passing() {
  watch_.passing = runner_->exact() || watch_.asks_for_points || watch_.pause_asked ? nullptr : watch_.observer;
}

void Machine::set_schedule(std::unique_ptr<sched::Schedule> schedule) {
  runner_->set_schedule(std::move(schedule));
  choose_passing();
}

Machine::Machine(Options options) : options_(std::move(options)), tables_(dispatch_tables()) {}

std::unique_ptr<Machine> Machine::create(Options options, std::string& error) {
  std::unique_ptr<Machine> machine(new Machine(std::move(options)));
  if (!machine->start(error)) return nullptr;
  return machine;
}

bool Machine::start(std::string& error) {
  sched::ParsedSchedule parsed;
  if (options_.given_schedule) parsed.schedule = options_.given_schedule->clone();
  else if (options_.make_schedule) parsed.schedule = options_.make_schedule();
  else parsed = sched::parse_schedule(schedule_text(options_));
  if (!parsed.schedule) {
    error = parsed.error;
    return false;
  }
  memory_ = base::Memory::create(options_.memory_limit);
  if (!memory_) {
    error = "no address space for the VM's memory";
    return false;
  }
  auto out_of_memory = [&] {
    error = "the memory limit is too small to start";
    return false;
  };
  heap_ = Heap::create(*memory_, kHooks);
  if (!heap_) return out_of_memory();
  heap_->set_machine(this);
  void* block = memory_->allocate(sizeof(MachineState));
  if (!block) return out_of_memory();
  state_ = std::construct_at(static_cast<MachineState*>(block), options_.seed);
  state_->recursion_limit = options_.recursion_limit;
  define_code_type(*heap_);
  define_function_types(*heap_);
  define_generator_type(*heap_);
  define_frame_types(*heap_);
  define_mapping_names(*heap_);
  if (!define_function_methods(*heap_).ok() || !define_generator_methods(*heap_).ok() ||
      !define_introspection(*heap_).ok()) return out_of_memory();

  if (options_.given_schedule) options_.wait_on_deadlock = false;  // what it did then is known
  if (options_.statistics) {
    statistics_ = std::make_unique<Statistics>();
    state_->times_locks = true;
  }
  observed_ = options_.observed || options_.unprotected_counts || parsed.schedule->exact();
  for (size_t number = 0; observed_ && number < 256; ++number)
    if (const auto opcode = static_cast<bytecode::Opcode>(number); !bytecode::info(opcode).name.empty())
      watch_.rows[static_cast<size_t>(form_of(opcode))] = bytecode::switch_row(options_.switch_model, opcode);
  watch_.rows[static_cast<size_t>(Form::kWide)].tests = true;  // as far as is seen of it: it may stand for such a one
  sched::RunnerOptions runner_options;
  runner_options.fast_table = options_.unprotected_counts ? tables_.breaker : observed_ ? tables_.observed : tables_.fast;
  runner_options.breaker_table = tables_.breaker;
  runner_options.place_threads = options_.place_threads;
  runner_options.place_main = options_.place_main;
  runner_options.clock =
      options_.given_schedule ? parsed.schedule->clock() : options_.clock.value_or(parsed.schedule->clock());
  runner_options.observer = &thread_observers_;
  runner_options.journal = options_.journal;
  runner_ = sched::make_runner(options_.os_threads, *this, state_->threads, std::move(parsed.schedule), runner_options);
  if (options_.unprotected_counts) count_model_ = std::make_unique<CountModel>(*this);  // an observer: asks the runner

  auto own = [&]<class T>(Result<Ref<T>> made, T*& place) {
    if (!made.ok()) return false;
    place = made.take().release();
    return true;
  };
  if (!own(bind_code(*this, make_stub()), state_->native_stub)) return out_of_memory();
  state_->native_stub->instructions[0].op = static_cast<uint16_t>(Form::kResumeNative);
  if (!own(make_dict(*heap_), state_->modules)) return out_of_memory();
  for (const char* name : {"builtins", "sys"}) {
    auto module = import_nested(*this, name);
    if (!module.ok()) {
      error = fmt::format("the module {} cannot be made: {}", name, render_exception(*this, heap_->take_pending().get()));
      return false;
    }
    Dict* dict = static_cast<Module*>(module->get().as_object())->dict;
    (name == std::string_view("sys") ? state_->sys : state_->builtins) = dict;
    incref(dict);
  }
  heap_->settle();
  auto main_module = make_module(*heap_, "__main__");
  if (!main_module.ok()) return out_of_memory();
  Dict* names = (*main_module)->dict;
  incref(names);
  state_->main_names = names;
  if (!set_name(*heap_, names, heap_->name(Name::k__builtins__), Value(state_->builtins)).ok() ||
      !set_name(*heap_, state_->modules, heap_->name(Name::k__main__), *main_module).ok())
    return out_of_memory();
  auto thread = make_thread(kNone, kNone, kUnbound);
  if (!thread.ok()) return out_of_memory();
  state_->main = *thread;
  heap_->collector().stress = options_.collect_always;
  return true;
}

Machine::~Machine() {
  if (heap_) heap_->watch_freeing(nullptr);
  count_model_.reset();
  if (!state_) {
    if (heap_) heap_->shut_down();
    if (memory_) base::Memory::destroy(memory_);
    return;
  }
  if (release_roots()) heap_->drop_objects();  // with the runner: a file asks it whether it may still be written
  runner_.reset();
  base::Memory::destroy(memory_);
}

size_t Machine::release_everything() { return release_roots() ? heap_->shut_down() : 0; }

bool Machine::release_roots() {
  if (!state_ || released_) return false;
  released_ = true;
  heap_->watch_freeing(nullptr);
  // Threads of a paused run, and those that outlived a run, are dropped where they stand.
  while (!state_->threads.all.empty()) {
    auto& thread = static_cast<ThreadState&>(state_->threads.all.front());
    if (&thread == state_->main) state_->main = nullptr;
    unlink(state_->threads, thread);
    free_thread(&thread);
  }
  while (!state_->abandoned.empty()) {
    auto& thread = static_cast<ThreadState&>(state_->abandoned.front());
    state_->abandoned.pop_front();
    free_thread(&thread);
  }
  if (state_->main) free_thread(std::exchange(state_->main, nullptr));
  state_->threads.current = nullptr;
  // Namespaces are emptied first: functions and their globals hold each other.
  auto drop = [](auto*& owned) {
    if (auto* old = std::exchange(owned, nullptr)) decref(old);
  };
  if (state_->main_names) clear(*heap_, state_->main_names);
  if (state_->modules) {
    for (uint32_t i = 0; i < state_->modules->used; ++i) {
      Value module = state_->modules->entries[i].value;
      if (module.is_object() && module.as_object()->type == heap_->type(BuiltinType::kModule))
        clear(*heap_, static_cast<Module*>(module.as_object())->dict);
    }
    clear(*heap_, state_->modules);
  }
  for (Dict* names : {state_->builtins, state_->sys})  // a script may have taken them out of sys.modules
    if (names) clear(*heap_, names);
  drop(state_->main_names);
  drop(state_->modules);
  drop(state_->builtins);
  drop(state_->sys);
  drop(state_->exit_callbacks);
  drop(state_->signal_handlers);
  drop(state_->native_stub);
  return true;
}

Result<Ref<CodeObject>> Machine::compile(std::string source, const std::string& filename, compile::CompileMode mode,
                                         compile::SourceFile::Origin origin) {
  compile::SourceFile file(filename, std::move(source), origin);
  compile::Diagnostics diagnostics(file);
  compile::CompileOptions options;
  options.filename = filename;
  if (memory_->limit() < base::Memory::kUnlimited) options.memory_limit = memory_->limit();
  std::shared_ptr<const bytecode::Code> code;
  with_compiler_stack(current_of(*heap_), [&] { code = compile::compile_source(file, mode, options, diagnostics); });
  for (const auto& warning : diagnostics.warnings())
    write_error(warning_text(warning, filename));
  if (!code) return raise_diagnostic(*heap_, diagnostics, filename);
  return bind_code(*this, std::move(code));
}

Result<Ref<Value>> Machine::run_module_code(CodeObject* code, Dict* names) {
  ThreadState& thread = current();
  auto function = MINI_TRY(make_function(*heap_, code, names, Value(code->qualified_name)));
  MINI_TRY(enter_native(*heap_));
  Result<Ref<Value>> result = raised;
  if (push_body(thread, std::move(function), names, thread.stack_end(), nullptr, Completion::kLeaveLoop))
    result = run_nested(thread);
  leave_native(*heap_);
  return result;
}

void Machine::remember_source(const std::string& filename, std::string text) {
  sources_[filename] = std::move(text);
}

const std::string* Machine::source_text(const std::string& filename) {
  auto found = sources_.find(filename);
  if (found == sources_.end()) {
    if (filename.empty() || filename.front() == '<') return nullptr;
    std::ifstream stream(filename, std::ios::binary);
    if (!stream) return nullptr;
    std::ostringstream text;
    text << stream.rdbuf();
    found = sources_.emplace(filename, text.str()).first;
  }
  return &found->second;
}

bool Machine::flush_output(std::string* failure) {
  return !state_ || !state_->flush_hook || state_->flush_hook(*this, failure);
}

void Machine::write_error(std::string_view text) {
  flush_output();
  if (options_.errors) return options_.errors(text);
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
}

// Threads -------------------------------------------------------------------------------------------------------------

Result<ThreadState*> Machine::make_thread(Value function, Value arguments, Value keywords) {
  void* block = heap_->allocate_buffer(sizeof(ThreadState));
  if (!block) return raised;
  auto* thread = std::construct_at(static_cast<ThreadState*>(block), *this, *heap_);
  constexpr size_t kFirstChunk = 8 << 10;
  void* chunk = heap_->allocate_buffer(kFirstChunk);
  if (!chunk) {
    std::destroy_at(thread);
    heap_->release_buffer(thread, sizeof(ThreadState));
    return raised;
  }
  thread->chunk = static_cast<StackChunk*>(chunk);
  thread->chunk->previous = nullptr;
  thread->chunk->bytes = kFirstChunk;
  thread->stack_limit = thread->chunk->end();
  thread->identity = state_->next_identity++;
  for (auto [place, value] : {std::pair{&thread->function, function}, std::pair{&thread->arguments, arguments},
                              std::pair{&thread->keywords, keywords}}) {
    incref(value);
    *place = value;
  }
  return thread;
}

Result<void> Machine::start_thread(ThreadState* thread, bool daemon) {
  thread->daemon = daemon;
  if (runner_->start(*thread)) return {};
  return heap_->raise(BuiltinType::kRuntimeError, "can't start new thread");
}

void Machine::reset_thread(ThreadState& thread) {
  while (thread.frame) {
    drop_stack_to(thread.frame, thread.frame->stack_base());
    pop_frame(thread, thread.frame);
  }
  if (thread.handled) decref(std::exchange(thread.handled, nullptr));
  if (thread.body_names) decref(std::exchange(thread.body_names, nullptr));
  while (thread.importing) end_import(thread, runner_.get());
  for (Value* value : {&thread.result, &thread.suspension.callable, &thread.suspension.saved_arguments})
    decref(std::exchange(*value, kUnbound));
  thread.suspension.kind = Suspension::kNone;
  thread.suspension.phase = 0;
  thread.breaker = Breaker();
  thread.nested_runs = thread.native_depth = 0;
  thread.abandoned = thread.reraising = thread.skip_check = false;
  thread.repr_chain = nullptr;
}

void Machine::free_thread(ThreadState* thread) {
  reset_thread(*thread);
  for (Value* value : {&thread->function, &thread->arguments, &thread->keywords, &thread->handle, &thread->locals})
    decref(std::exchange(*value, kUnbound));
  if (thread->locks_held > 0)  // of a thread that never came to its end
    heap_->for_each_tracked([thread](Object* object) {
      if (is_lock(object) && static_cast<Lock*>(object)->owner == thread) static_cast<Lock*>(object)->owner = nullptr;
    });
  while (StackChunk* chunk = thread->chunk) {
    thread->chunk = chunk->previous;
    heap_->release_buffer(chunk, chunk->bytes);
  }
  std::destroy_at(thread);
  heap_->release_buffer(thread, sizeof(ThreadState));
}

void Machine::thread_finished(sched::Thread& thread) {
  auto& state = static_cast<ThreadState&>(thread);
  if (statistics_) statistics_->thread_over(state);
  if (&state == state_->main) return;
  free_thread(&state);
}

void Machine::thread_abandoned(sched::Thread& thread) {
  if (statistics_) statistics_->thread_over(static_cast<ThreadState&>(thread));
  if (&thread != state_->main) state_->abandoned.push_back(thread);
}

bool Machine::deadlock() {
  // A script that handles signals may be waiting for one.
  if (options_.wait_on_deadlock || state_->signal_handlers) return false;
  deadlock_report_ = describe_deadlock(*this);
  if (statistics_) statistics_->collect(*this);
  return true;
}

sched::Position Machine::position(const sched::Thread& scheduled) {
  const auto& thread = static_cast<const ThreadState&>(scheduled);
  const Frame* frame = thread.frame;
  while (frame && frame->is_native) frame = frame->back;
  if (!frame) return {thread.ticks(), nullptr, 0};
  return {thread.ticks(), frame->code->code, frame->index()};
}

sched::Place Machine::place(const sched::Position& position) {
  if (!position.code) return {};
  const auto& code = *static_cast<const bytecode::Code*>(position.code);
  const std::string_view file = code.filename;
  return {.file = std::string(file.substr(file.rfind('/') + 1)),
          .function = code.qualified_name,
          .instruction = std::string(bytecode::info(code.units[position.index].opcode).name),
          .first_line = static_cast<uint32_t>(code.first_line),
          .index = position.index,
          .line = static_cast<uint32_t>(code.position(position.index).line)};
}

namespace {

/// Lets the loop run; true if the thread is through, with `raised_exception` telling how.
bool advance(ThreadState& thread, sched::Exit& exit, bool& raised_exception) {
  switch (interpret(thread)) {
    case LoopExit::kSwitched:
      exit = sched::Exit::Switched;
      return false;
    case LoopExit::kParked:
      exit = sched::Exit::Parked;
      return false;
    case LoopExit::kPaused:
      exit = sched::Exit::Paused;
      return false;
    case LoopExit::kReturned:
      decref(std::exchange(thread.result, kUnbound));
      raised_exception = false;
      return true;
    case LoopExit::kRaised:
      raised_exception = true;
      return true;
  }
  MINI_UNREACHABLE();
}

}  // namespace

sched::Exit Machine::run_slice(sched::Thread& scheduled) {
  auto& thread = static_cast<ThreadState&>(scheduled);
  constexpr size_t kReserve = 64 << 10;
  thread.stack_floor =
      static_cast<const char*>(__builtin_frame_address(0)) - (sched::Runner::stack_bytes() - kReserve);
  if (heap_->has_finalizable()) thread.dispatch.store(tables_.breaker, std::memory_order_relaxed);  // left by another thread
  return &thread == state_->main ? run_main(thread) : run_child(thread);
}

sched::Exit Machine::run_child(ThreadState& thread) {
  sched::Exit exit = sched::Exit::Finished;
  bool failed = false;
  if (thread.stage == kNotEntered) {
    thread.stage = kRunning;
    auto* keywords = thread.keywords.is_object() ? static_cast<Dict*>(thread.keywords.as_object()) : nullptr;
    switch (call_unpacked(thread, thread.chunk->begin(), thread.function, static_cast<Tuple*>(thread.arguments.as_object()),
                          keywords, nullptr, Completion::kLeaveLoop)) {
      case CallOutcome::kFrame:
        break;
      case CallOutcome::kParked:
        return sched::Exit::Parked;
      case CallOutcome::kValue:
        decref(std::exchange(thread.result, kUnbound));
        thread.stage = kOver;
        break;
      case CallOutcome::kError:
        failed = true;
        thread.stage = kOver;
        break;
    }
  }
  if (thread.stage == kRunning) {
    if (!advance(thread, exit, failed)) return exit;
    thread.stage = kOver;
  }
  if (&thread == state_->main) {  // since it forked
    if (failed) report_uncaught(heap_->take_pending());
    thread.stage = kWaitingForOthers;
    return run_main(thread);
  }
  if (thread.abandoned) {
    if (heap_->has_pending()) static_cast<void>(heap_->take_pending());
    return sched::Exit::Finished;
  }
  if (failed) {
    Ref<Exception> exception = heap_->take_pending();
    if (!is_subtype(exception->type, heap_->type(BuiltinType::kSystemExit))) {
      auto name = repr(*heap_, thread.function);
      write_error("Exception ignored in thread started by " + (name.ok() ? to_utf8(name->get()) : "?") + ":\n" +
                  render_unraisable(*this, exception.get()));
      if (!name.ok()) static_cast<void>(heap_->take_pending());
    }
  }
  run_all_finalizers(thread);
  finish_thread(thread);
  if (thread.locks_held > 0) remember_dead_owner(*this, thread);
  return sched::Exit::Finished;
}

/// Enters `threading._shutdown`, if that module was imported and has something to do.
bool Machine::call_shutdown(ThreadState& thread) {
  auto module_name = heap_->intern("threading"), function_name = heap_->intern("_shutdown");
  if (!module_name.ok() || !function_name.ok()) return static_cast<void>(heap_->take_pending()), false;
  const Value module = get_name(state_->modules, module_name->get());
  if (!has_kind(module, BuiltinType::kModule)) return false;
  const Value function = get_name(static_cast<Module*>(module.as_object())->dict, function_name->get());
  auto nothing = make_tuple(*heap_, 0);
  if (function.is_unbound() || !nothing.ok()) return false;
  const CallOutcome outcome =
      call_unpacked(thread, thread.stack_end(), function, nothing->get(), nullptr, nullptr, Completion::kLeaveLoop);
  if (outcome == CallOutcome::kError) report_uncaught(heap_->take_pending());
  if (outcome == CallOutcome::kValue) decref(std::exchange(thread.result, kUnbound));
  return outcome == CallOutcome::kFrame;
}

bool Machine::end_main(ThreadState& thread) {
  if (std::exchange(state_->main_is_over, true)) return false;
  runner_->wake_all(state_->main->joiners);
  return call_shutdown(thread);
}

Result<void> Machine::leave_main() {
  MINI_TRY(enter_native(*heap_));
  Result<void> done;
  if (end_main(current()))
    if (auto result = run_nested(current()); !result.ok()) done = raised;
  leave_native(*heap_);
  return done;
}

void Machine::give_way_at_exit() {
  MINI_ASSERT(current().stage == kExiting);
  current().stage = kOver;
  runner_->put_back();
}

sched::Exit Machine::run_main(ThreadState& thread) {
  sched::Exit exit = sched::Exit::Finished;
  bool failed = false;
  if (thread.stage == kNotEntered) {
    thread.stage = kRunning;
    if (work_) {
      work_(*this, thread);
      if (!thread.abandoned) thread.stage = kWaitingForOthers;
    } else if (!enter_main(thread)) {
      report_uncaught(heap_->take_pending());
      thread.stage = kWaitingForOthers;
    }
  }
  if (thread.stage == kRunning) {
    if (!work_ && !advance(thread, exit, failed)) return exit;
    if (thread.abandoned) {
      if (heap_->has_pending()) static_cast<void>(heap_->take_pending());
      return sched::Exit::Finished;
    }
    if (failed) report_uncaught(heap_->take_pending());
    thread.stage = kWaitingForOthers;
  }
  if (thread.stage == kWaitingForOthers && end_main(thread)) thread.stage = kShuttingDown;
  if (thread.stage == kShuttingDown) {
    if (!advance(thread, exit, failed)) return exit;
    if (thread.abandoned) {
      if (heap_->has_pending()) static_cast<void>(heap_->take_pending());
      return sched::Exit::Finished;
    }
    if (failed) report_uncaught(heap_->take_pending());
    thread.stage = kWaitingForOthers;
  }
  if (thread.stage == kWaitingForOthers) {
    if (runner_->wait_for_non_daemons(thread)) return sched::Exit::Parked;
    thread.stage = kOver;
    if (handle_interrupt(thread)) interrupted_ = heap_->take_pending()->type == heap_->type(BuiltinType::kKeyboardInterrupt);
  }
  if (options_.pause_at_exit && thread.stage != kExiting) {
    thread.stage = kExiting;
    return sched::Exit::Paused;
  }
  if (statistics_) statistics_->collect(*this);
  at_exit(thread);
  return sched::Exit::Finished;
}

}  // namespace mini::vm
