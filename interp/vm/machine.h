// Machine: one VM. What belongs to the host (code objects, streams, the runner) is here; what a script can change is in
// the VM's memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interp/bytecode/switch_points.h"
#include "interp/compile/compile.h"
#include "interp/vm/form.h"
#include "interp/vm/observer.h"
#include "interp/vm/thread_state.h"
#include "runtime/sched/runner.h"

namespace mini::vm {

struct Library;

struct Options {
  const Library* library = nullptr;   ///< the modules that there are beside files; outlives the machine
  bytecode::SwitchModel switch_model = bytecode::SwitchModel::k39;
  std::string schedule = "";          ///< as --schedule; empty: the default interval
  std::function<std::unique_ptr<sched::Schedule>()> make_schedule;  ///< instead of `schedule`, for one that has no text
  bool os_threads = true;             ///< else all threads run in turn on one OS thread
  bool observed = false;              ///< each instruction is looked at, whether or not the schedule asks for it
  std::optional<sched::ClockKind> clock;  ///< default: the schedule's
  size_t memory_limit = base::Memory::kUnlimited;
  uint32_t recursion_limit = 1000;    ///< calls inside calls, until the script sets another
  uint64_t seed = 0;                  ///< of what the interval schedule draws
  std::vector<std::string> arguments; ///< sys.argv
  std::function<void(std::string_view)> output;  ///< what the script writes to standard output; null: descriptor 1
  std::function<void(std::string_view)> errors;
  std::function<std::string()> input;  ///< a piece of standard input, empty at its end; null: descriptor 0
  std::optional<std::vector<std::string>> path;  ///< sys.path; null: the directory of the script
  bool plain = false;                 ///< tests: no fused forms
  std::function<const std::string*(const std::string& name)> module_source;  ///< asked before files; null: not there
  void* host = nullptr;               ///< the embedder's own
  bool collect_always = false;        ///< tests: a cycle collection at each allocation
  bool wait_on_deadlock = false;      ///< --deadlock=hang
  bool statistics = false;            ///< keep what --stats tells
  bool unprotected_counts = false;    ///< a switch may fall in the middle of an update of a reference count: see counts.h
  bool place_threads = false;         ///< keep the VM's own OS threads on the CPU where the GIL is
  bool place_main = false;            ///< … and the one that runs the VM: right for a program that is nothing else
  bool is_worker = false;             ///< of a pool of another VM's: the process is that one's
  bool pause_at_exit = false;         ///< once the script and its threads are over: the run pauses before exit code runs
  sched::Journal* journal = nullptr;           ///< is told of the run, to repeat it
  /// In a replay: the directory of the script then, as sys.path has it, and now.
  std::pair<std::string, std::string> moved_directory;
  std::shared_ptr<const sched::Schedule> given_schedule;  ///< instead of `schedule`: a replay
};

/// The schedule that a machine with these options has, as --schedule= would have it, and the clock.
std::string schedule_text(const Options& options);
sched::ClockKind clock_of(const Options& options);

class SavedState;
class Statistics;
class CountModel;

struct DispatchTables {
  sched::DispatchTable fast;      ///< one label for each opcode and form
  sched::DispatchTable observed;  ///< the same label for all: show the instruction, then run it
  sched::DispatchTable breaker;   ///< the same label for all: look first
};

/// What the observed loop has at hand for each instruction.
struct Watch {
  /// Filled in for an observed machine, which has no fused forms.
  std::array<bytecode::SwitchRow, static_cast<size_t>(Form::kCount)> rows;
  InstructionObserver* observer = nullptr;  ///< null: none; with several, somebody who tells them all
  bool asks_for_points = false;  ///< an observer does
  bool pause_asked = false;
  /// The observer, if telling it is all that there is to do: no exact schedule, nobody asks for points or for a pause.
  InstructionObserver* passing = nullptr;
};

/// So many natives may lie on the C++ stack if there is room, whatever the recursion limit: that one counts frames of scripts
/// (CPython 3.13 Include/cpython/pystate.h, Py_C_RECURSION_LIMIT).
inline constexpr uint32_t kMostNatives = 10'000;

/// A native more, or less, on the C++ stack of a thread that is at hand: MachineHooks::enter_native and leave_native. false,
/// with the RecursionError pending: there is no room.
bool enter_native(ThreadState& thread);
inline void leave_native(ThreadState& thread) { --thread.native_depth; }

/// Passes what happens to threads on to each that looks on.
class ThreadObservers final : public sched::Observer {
 public:
  std::vector<sched::Observer*> list;
  void on_hand_over(const sched::HandOver& hand_over) override {
    for (auto* observer : list) observer->on_hand_over(hand_over);
  }
  void on_start(sched::Thread& thread) override {
    for (auto* observer : list) observer->on_start(thread);
  }
  void on_wait(sched::Thread& thread) override {
    for (auto* observer : list) observer->on_wait(thread);
  }
  void on_wake(sched::Thread& thread) override {
    for (auto* observer : list) observer->on_wake(thread);
  }
  void on_finish(sched::Thread& thread) override {
    for (auto* observer : list) observer->on_finish(thread);
  }
};

/// The same for instructions.
class InstructionObservers final : public InstructionObserver {
 public:
  std::vector<InstructionObserver*> list;
  void before(ThreadState& thread, Frame& frame, uint32_t index, bool is_switch_point) override {
    for (auto* observer : list) observer->before(thread, frame, index, is_switch_point);
  }
  void gives_way(ThreadState& thread, Frame& frame, uint32_t index, bool is_switch_point) override {
    for (auto* observer : list) observer->gives_way(thread, frame, index, is_switch_point);
  }
  void runs(ThreadState& thread, Frame& frame, uint32_t index) override {
    for (auto* observer : list) observer->runs(thread, frame, index);
  }
  void resumes(ThreadState& thread, Frame& frame) override {
    for (auto* observer : list) observer->resumes(thread, frame);
  }
  void on_lock(ThreadState& thread, Lock& lock, LockOperation operation) override {
    for (auto* observer : list) observer->on_lock(thread, lock, operation);
  }
  void on_identity(ThreadState& thread) override {
    for (auto* observer : list) observer->on_identity(thread);
  }
};

/// Everything that a script can change and that is not an object, a thread or a frame.
struct MachineState {
  explicit MachineState(uint64_t seed) : threads(seed) {}
  sched::ThreadTable threads;
  sched::AllThreads abandoned;         ///< started, never to run again, and still holding what they held
  ThreadState* main = nullptr;
  Dict* modules = nullptr;             ///< sys.modules
  Dict* builtins = nullptr;
  Dict* sys = nullptr;
  Dict* main_names = nullptr;          ///< the namespace of __main__
  uint32_t recursion_limit = 0;
  uint32_t exit_status = 0;
  bool times_locks = false;            ///< measure how long locks are held
  bool main_is_over = false;           ///< the script has ended; other threads may still run
  bool main_was_thread = false;        ///< the process was forked by a thread that was not the main one
  uint64_t next_identity = 1;
  sched::Time switch_interval = 5 * sched::kMillisecond;  ///< what a script set under a schedule that has none
  /// What modules do at the end of the program (atexit's callbacks), and how sys.stdout is written out.
  void (*exit_hook)(Machine&) = nullptr;
  bool (*flush_hook)(Machine&, std::string* failure) = nullptr;
  uint32_t process = 0;                ///< a Process of multiprocessing has another number than its parent
  /// What messages between processes are signed with: children, and VMs of a pool, have their parent's. Zero: not drawn yet.
  std::array<uint64_t, 2> message_key{};
  List* exit_callbacks = nullptr;      ///< atexit's; null: none yet
  List* signal_handlers = nullptr;     ///< by number, what signal.signal() was given; null: nothing yet
  CodeObject* native_stub = nullptr;   ///< the code of frames of suspended natives
  sched::WaitQueue import_waiters;     ///< who waits until another thread has imported a module
  sched::WaitQueue output_waiters;     ///< who waits until another thread has written to a file
};

/// A switch point of a script. The machine keeps the code object.
struct SwitchPlace {
  bytecode::Arrival arrival;
  const bytecode::Code* code;
  uint32_t index;  ///< of the instruction that completed; otherwise of the one that comes next
  auto operator<=>(const SwitchPlace&) const = default;
};

/// Where forced switches fell, for --stats.
struct SwitchCounts {
  std::map<SwitchPlace, uint64_t> places;
  uint64_t total = 0;
};

class Machine final : public sched::Machine {
 public:
  /// Null with the reason in `error`: a schedule that cannot be read, no memory.
  static std::unique_ptr<Machine> create(Options options, std::string& error);
  ~Machine() override;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Runs a program as `__main__` until all its non-daemon threads are over; the exit status as the README lists it.
  int run_file(const std::string& filename, std::string source);
  /// Paused by Options::pause_at_exit: the main thread gives way, and pauses again when it has its next turn.
  void give_way_at_exit();
  /// The main thread calls `work` instead of running a file (the prompt, embedding); it holds the GIL.
  int run_with(std::function<void(Machine&, ThreadState&)> work);
  // Embedding: instead of one run with an end, OS threads of the host enter and leave (runner.h).
  void open() { runner_->open(*state_->main); }
  /// After a run ended inside `thread`: nothing of what it was doing is left.
  void reset_thread(ThreadState& thread);
  /// Makes this the script's `__file__`, if it is the name of a file.
  Result<void> set_file_name(std::string_view filename);
  /// The main thread, inside, has nothing more to do but to wait for the others: who joins it goes on, and threading does
  /// what it was asked to do then. Only the first time.
  Result<void> leave_main();
  /// What happens at the end of a program, once the other threads are over.
  void at_exit(ThreadState& thread);
  const std::string& deadlock_report() const { return deadlock_report_; }
  void* host() const { return options_.host; }

  /// For observers, under the one-thread runner: makes the run stop (run_file or resume returns kPaused) before the next
  /// instruction, the schedule not yet asked about it; while a native that called back is in the way, after that.
  void pause() { ask_for_pause(true); }
  bool take_pause() {
    const bool asked = watch_.pause_asked;
    if (asked) ask_for_pause(false);
    return asked;
  }
  static constexpr int kPaused = -1;
  /// Goes on after a pause; the exit status or kPaused.
  int resume();
  /// Between two instructions of a paused run. False with the reason: another runner, a native in the way.
  bool save(SavedState& saved, std::string& error);
  /// Puts a state of this machine back, to go on under `schedule` (null: the one that was saved).
  void restore(const SavedState& saved, std::unique_ptr<sched::Schedule> schedule = nullptr);
  /// Runner::set_schedule().
  void set_schedule(std::unique_ptr<sched::Schedule> schedule);
  /// The run ended by an interrupt that nobody caught: the process should end by SIGINT.
  bool interrupted() const { return interrupted_; }
  /// Drops all that the VM holds; how many objects are alive all the same. The destructor drops what a script could see.
  size_t release_everything();
  /// The machine of an object's heap.
  static Machine& of(Heap& heap) { return *static_cast<Machine*>(heap.machine()); }

  Heap& heap() { return *heap_; }
  MachineState& state() { return *state_; }
  sched::Runner& runner() { return *runner_; }
  const Options& options() const { return options_; }
  /// The thread that holds the GIL.
  ThreadState& current() { return *static_cast<ThreadState*>(state_->threads.current); }
  SwitchCounts& switch_counts() { return switch_counts_; }
  /// Null unless the options ask for them.
  Statistics* statistics() { return statistics_.get(); }
  /// Null unless reference counts are unprotected.
  CountModel* count_model() { return count_model_.get(); }
  /// Before a run or between the parts of a paused one; the observer outlives the run, or is removed.
  void add_observer(InstructionObserver& observer);
  void add_observer(sched::Observer& observer) { thread_observers_.list.push_back(&observer); }
  void remove_observer(InstructionObserver& observer);
  void remove_observer(sched::Observer& observer) { std::erase(thread_observers_.list, &observer); }
  /// Null without one; with several, somebody who tells them all.
  InstructionObserver* observer() const { return watch_.observer; }
  /// Whether each instruction is looked at: an exact schedule or an observer asks for it.
  bool observed() const { return observed_; }
  const Watch& watch() const { return watch_; }
  const DispatchTables& tables() const { return tables_; }
  /// In the main thread after an interrupt: calls the script's handlers of the signals that came; without one, SIGINT
  /// raises KeyboardInterrupt. True if an exception was raised.
  bool handle_interrupt(ThreadState& thread);

  /// Compiles; raises SyntaxError (warnings are printed).
  Result<Ref<CodeObject>> compile(std::string source, const std::string& filename, compile::CompileMode mode,
                                  compile::SourceFile::Origin origin = compile::SourceFile::Origin::kFile);
  /// Keeps a code object's host part alive as long as the machine.
  void keep(std::shared_ptr<const bytecode::Code> code) { codes_.push_back(std::move(code)); }
  /// Runs module code in `names`; nested.
  Result<Ref<Value>> run_module_code(CodeObject* code, Dict* names);

  /// The text of a source file for tracebacks; null if it cannot be read.
  const std::string* source_text(const std::string& filename);
  void remember_source(const std::string& filename, std::string text);

  /// To standard error, after what was printed so far.
  void write_error(std::string_view text);
  /// Asks sys.stdout to write out what it holds; false if that failed, with what to say about it in `failure`.
  bool flush_output(std::string* failure = nullptr);
  /// Prints an exception that ends the program and sets the exit status; SystemExit only sets it.
  void report_uncaught(Ref<Exception> exception);
  void** spare_repr_chain() { return &spare_repr_chain_; }

  // Threads ------------------------------------------------------------------------------------------------------
  /// A thread that will call function(*arguments, **keywords); not yet started.
  Result<ThreadState*> make_thread(Value function, Value arguments, Value keywords);
  /// Makes the thread runnable; RuntimeError if the system has no room for it.
  Result<void> start_thread(ThreadState* thread, bool daemon);
  void free_thread(ThreadState* thread);

  // Processes ----------------------------------------------------------------------------------------------------
  /// In the child of a fork() by this thread; see fork.h.
  void forked(ThreadState& thread);
  /// Whether this process is such a child: reports on the run are its parent's.
  bool is_forked() const { return is_forked_; }

  // sched::Machine -----------------------------------------------------------------------------------------------
  sched::Exit run_slice(sched::Thread& thread) override;
  void thread_finished(sched::Thread& thread) override;
  void thread_abandoned(sched::Thread& thread) override;
  void thread_lost(sched::Thread& thread) override;
  [[noreturn]] void end_process(sched::Outcome outcome) override;
  bool deadlock() override;
  sched::Position position(const sched::Thread& thread) override;
  sched::Place place(const sched::Position& position) override;

  /// The token of the run so far (sched/token.h); empty, and the reason in `obstacle`, if it has none.
  std::string token(std::string* obstacle = nullptr);
  /// Whether the run repeats another, and could not: its exit status is 4.
  bool diverged() { return runner_->replay() && runner_->replay()->failed(); }

 private:
  explicit Machine(Options options);
  bool start(std::string& error);
  sched::Exit run_main(ThreadState& thread);
  sched::Exit run_child(ThreadState& thread);
  bool enter_main(ThreadState& thread);
  bool call_shutdown(ThreadState& thread);
  /// Drops threads and namespaces; false if that was done before.
  bool release_roots();
  /// The first time: for who joins the main thread, it is over now, as in CPython's threading._shutdown; and what asked
  /// threading to be told (the pools of concurrent.futures) is. Whether a frame for that was pushed on `thread`.
  bool end_main(ThreadState& thread);
  void finish_thread(ThreadState& thread);

  Options options_;
  base::Memory* memory_ = nullptr;
  Heap* heap_ = nullptr;
  MachineState* state_ = nullptr;
  std::unique_ptr<sched::Runner> runner_;
  void choose_observers();
  void choose_passing();
  void ask_for_pause(bool asked) {
    watch_.pause_asked = asked;
    choose_passing();
  }
  InstructionObservers observers_;
  ThreadObservers thread_observers_;
  bool observed_ = false;
  Watch watch_;
  DispatchTables tables_{};
  std::vector<std::shared_ptr<const bytecode::Code>> codes_;
  std::map<std::string, std::string> sources_;
  SwitchCounts switch_counts_;
  std::unique_ptr<Statistics> statistics_;
  std::unique_ptr<CountModel> count_model_;
  std::string deadlock_report_;
  std::string main_filename_, main_source_;
  uint32_t script_check_ = 0;  ///< of main_source_, for tokens
  std::function<void(Machine&, ThreadState&)> work_;
  void* spare_repr_chain_ = nullptr;
  bool interrupted_ = false, released_ = false, is_forked_ = false;
  int status_of(sched::Outcome outcome);
};

inline bool enter_native(ThreadState& thread) {
  const bool has_room = static_cast<const char*>(__builtin_frame_address(0)) >= thread.stack_floor &&
                        thread.native_depth < std::max(kMostNatives, thread.machine->state().recursion_limit);
  if (has_room) [[likely]] return ++thread.native_depth, true;
  static_cast<void>(thread.heap->raise(BuiltinType::kRecursionError, "maximum recursion depth exceeded"));
  return false;
}

}  // namespace mini::vm
