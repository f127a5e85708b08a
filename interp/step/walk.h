// A run that somebody leads: any thread by any number of instructions, and back. It is made of the machine's own parts:
// the one-thread runner, a schedule that does what it is told and pauses in between, and saved states. Going back puts
// the nearest saved state before the place back, and repeats from there the choices that were made.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "interp/step/shared.h"
#include "interp/vm/state.h"

namespace mini::step {

using vm::Frame;
using vm::ThreadState;

/// A thread before an instruction that is about to run.
struct Look {
  ThreadState& thread;
  Frame& frame;
  uint32_t index;
  bool is_point;  ///< the model lets a switch fall here
};
/// Whether the run stops before this instruction.
using StopHere = std::function<bool(const Look&)>;

/// How a move came to its end.
enum class End : uint8_t {
  kStopped,   ///< StopHere said so
  kBlocked,   ///< the thread waits, or has ended; nobody was chosen to go on
  kOver,      ///< the run is over, see status()
};

/// Instructions of the script's own files as `steps:` counts them, without those of the library: who executed how many in a row.
class OwnInstructions {
 public:
  static bool counts(const bytecode::Code& code, uint32_t index) {
    return !code.has(bytecode::kPrelude) && code.units[index].opcode != bytecode::Opcode::EXTENDED_ARG;
  }
  void add(uint32_t thread, uint64_t count) {
    if (count == 0) return;
    total_ += count;
    if (!rows_.empty() && rows_.back().first == thread) rows_.back().second += count;
    else rows_.emplace_back(thread, count);
  }
  uint64_t total() const { return total_; }
  bool operator==(const OwnInstructions&) const = default;

 private:
  std::vector<std::pair<uint32_t, uint64_t>> rows_;
  uint64_t total_ = 0;
};

class Walk final : public vm::InstructionObserver {
 public:
  /// What the script writes, `is_error` to standard error. Text that was shown before a way back is not shown again.
  using Output = std::function<void(std::string_view text, bool is_error)>;

  Walk(vm::Options options, Output output);
  ~Walk() override;
  /// Runs up to the first instruction of the script. False with the reason.
  bool begin(const std::string& filename, const std::string& source, std::string& error);

  /// Lets a thread run until `stop`, which is asked before each instruction but the first. Nullopt: it cannot run.
  std::optional<End> go(uint32_t thread, StopHere stop);
  /// Lets all run under an exact schedule until `stop`.
  End go(std::unique_ptr<sched::Schedule> schedule, StopHere stop);
  /// The slices of the run, if from here on all threads take turns until its end; nothing of that is shown, and the walk
  /// stays where it is. False with the reason.
  bool look_ahead(std::vector<sched::Slice>& slices, std::string& error);
  /// To where the run stood after `executed` instructions, at most executed().
  void go_back(uint64_t executed);
  /// The slices so far, the last one still open unless the run is over; empty if they do not tell the run.
  const std::vector<sched::Slice>& slices() { return machine_->runner().slices().slices(); }
  /// What came from outside so far.
  const sched::Runner::Tape& tape() const { return tape_; }
  /// What is to come from outside, instead of being asked for. Before begin().
  void set_tape(sched::Runner::Tape tape) { tape_ = std::move(tape); }
  /// The run so far in words of `steps:`, from the turn on in which the last of its threads was started.
  std::vector<std::string> step_words() const;
  OwnInstructions own_instructions() const;
  /// Instructions that were executed since the beginning.
  uint64_t executed() const { return executed_; }

  vm::Machine& machine() { return *machine_; }
  SharedVariables& shared() { return *shared_; }
  observe::Accesses& accesses() { return *accesses_; }
  ThreadState* find(uint32_t serial) {
    return static_cast<ThreadState*>(machine_->state().threads.find(serial));
  }
  /// Why the schedule of the last go() could not go on; empty: it could.
  const std::string& error() const { return error_; }
  bool is_over() const { return over_; }
  int status() const { return status_; }
  /// The thread that ran last, and whether its next instruction is where the model lets a switch fall.
  uint32_t last() const { return last_; }
  bool at_point() const { return at_point_; }

  /// The value of an expression in a thread's frame, as repr() has it; a frame further out for a higher `level`. Leaves no
  /// trace in the run. False: `text` is what was raised.
  bool evaluate(uint32_t thread, const std::string& expression, std::string& text);

  // vm::InstructionObserver
  void runs(ThreadState& thread, Frame& frame, uint32_t index) override;

 private:
  class Schedule;
  enum class Mode : uint8_t { kIdle, kThread, kSchedule, kRepeat, kFree };
  struct Choice {
    uint64_t executed;
    uint32_t thread;
    bool forced;  ///< the thread before could have gone on
    bool operator==(const Choice&) const = default;
  };
  /// Instructions of one thread in a row, until it was made to give way or blocked.
  struct Turn {
    uint32_t thread;
    uint64_t counted = 0;        ///< those of OwnInstructions
    uint32_t started = 0;        ///< how many threads had been started at its last instruction
    bool by_itself = false;      ///< it ended because the thread blocked or ended
  };
  /// What was written so far, of which `at` bytes belong to the run as it stands.
  struct Channel {
    std::string shown;
    size_t at = 0;
  };
  struct Saved {
    uint64_t executed;
    size_t choices;
    vm::SavedState state;
    SharedVariables shared;
    sched::Runner::Log log;
    std::vector<Turn> turns;
    size_t written[2];
    uint32_t last;
    bool at_point, forced;
  };

  bool ends_slice(const sched::Thread& current, sched::Point point);
  sched::Thread* next(sched::ThreadTable& table, sched::Cause cause);
  sched::Thread* choose(sched::Thread* thread, bool forced);
  End move();
  void new_way();
  void save();
  void put_back(const Saved& saved);
  void write(std::string_view text, bool is_error);

  Output output_;
  std::unique_ptr<vm::Machine> machine_;
  std::unique_ptr<SharedVariables> shared_;
  std::unique_ptr<observe::Accesses> accesses_;
  Mode mode_ = Mode::kIdle;
  std::optional<uint32_t> chosen_;
  StopHere stop_;
  std::unique_ptr<sched::Schedule> inner_;
  uint64_t executed_ = 0, moved_ = 0, target_ = 0;  // moved_: of executed_, in this move
  std::vector<Choice> choices_;
  size_t next_choice_ = 0;
  std::vector<Turn> turns_;
  bool pausing_ = false;     // next() is asked only because the run pauses
  bool forced_ = false;      // the thread that ran last could go on
  bool for_saving_ = false; // the run paused only in order to be saved
  uint32_t last_ = 0;
  bool at_point_ = true, over_ = false, unseen_ = false;
  int status_ = 0;
  std::string error_;
  std::vector<std::unique_ptr<Saved>> saved_;
  uint64_t save_every_ = 2000;
  Channel channels_[2];
  sched::Runner::Tape tape_;
};

}  // namespace mini::step
