/// \file
/// Who runs next, and for how long.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mini {

/// An instruction of a script, at which a thread stands. The texts live as long as the VM.
struct Instruction {
  std::string_view opcode;    ///< its name in CPython 3.9: "LOAD_GLOBAL"
  std::string argument;       ///< what `mini dis` shows in parentheses: "x"; empty if there is nothing to show
  std::string_view function;  ///< the qualified name of its function; "<module>"
  std::string_view file;      ///< as given to Vm::run()
  std::uint32_t line = 0;     ///< from 1; 0 if it has none
  std::uint32_t offset = 0;   ///< in the function's bytecode, in bytes, as `mini dis` shows it
  bool switch_point = false;  ///< whether another thread may take over before it, by the model of switch points
};

/// A thread of a script.
struct ThreadView {
  std::uint32_t number = 0;  ///< 0 is the main thread, n the n-th one started
  bool current = false;      ///< it runs now, or did last
  Instruction next;          ///< what it executes next; all empty before its first one
};

/// Answers which of `runnable` threads, by its number, goes on. See Schedule::directed().
using Director = std::function<std::uint32_t(std::span<const ThreadView> runnable)>;

/// A plan for the threads of a VM. Copyable; may be made and kept anywhere; each VM works through its own copy.
///
/// All but interval() are exact: they decide by instructions, so that the same script runs in the same way every time, on
/// every machine, and time passes on a virtual clock unless Options::clock says otherwise. Under an exact schedule no thread
/// runs while no call is inside the VM.
///
/// After a run that ended with an Error (deadlock, limit, schedule) the next one begins the schedule anew; after a recording
/// or a token it is under interval().
class [[gnu::visibility("default")]] Schedule {
 public:
  /// interval() with mini's default: real preemption, after about as many instructions as in CPython.
  Schedule();
  /// CPython's rule: a thread that waits for the GIL asks for it when nobody has switched for `time` (at least 1 µs).
  static Schedule interval(std::chrono::nanoseconds time);
  /// The next thread in turn after each `instructions` (at least 1), at the next point where one may switch.
  static Schedule every(std::uint64_t instructions);
  /// Slices of random length, a random successor; all of it follows from the seed.
  static Schedule seeded(std::uint64_t seed);
  /// A written list: `T1*3` (three instructions of thread 1), `T1*` (until it blocks or ends), `T1` (to its next switch
  /// point), separated by blanks, as in "T1*3 T2* T1*". Before the list, thread 0 runs until every thread named in it is
  /// started; after it, the lowest thread that can run does. A list that does not fit the script ends the run with an Error
  /// (kSchedule) that says which counts are possible where it failed.
  static Schedule steps(std::string_view list);
  /// A recorded run again: one that `mini --record=FILE` wrote. What came from outside then (times, random numbers, input,
  /// what files held) comes again; standard output is written anew. Options::switch_points, clock, arguments, path, seed,
  /// input and limits.memory are those of the recorded run.
  ///
  /// The run begins with the VM's first Vm::run() or Vm::run_program(), whose text has to be the recorded script's. One OS
  /// thread at a time may be inside the VM. What does not fit is refused with an Error (kSchedule): a file that cannot be
  /// read, another script, a run that went another way, with the place where it did.
  static Schedule recording(std::string_view file);
  /// As the command line has it: "interval:5ms", "every:100", "seeded:17", "steps:T1* T2*"; also "recording:FILE", and a
  /// token such as "m1:ekcqkvVGbhAQ" (what `mini explore`, a deadlock's report and Outcome::token give), of which all is
  /// true that is said of recordings, but that nothing from outside is in it: arguments, input and path are those of Options.
  static Schedule text(std::string_view text);
  /// A callback decides. It is shown all threads that can run, the current one first, and answers the number of one of them:
  /// before each instruction of the current thread where the model allows a switch, and whenever that thread cannot go on.
  /// It is called by whichever OS thread holds the GIL, and may not call into the VM (Error kUsage). Any other number
  /// ends the run with an Error (kSchedule); what the callback throws ends it too, and arrives at the caller.
  static Schedule directed(Director director);

  /// In the words of text(); "directed" for a callback.
  const std::string& name() const noexcept { return text_; }

 private:
  friend class detail_access;
  std::string text_;
  std::shared_ptr<const Director> director_;
};

}  // namespace mini
