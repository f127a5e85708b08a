// A run as a row of events in their true order: what trace and timeline have in common.
//
// An instruction becomes an event when it is over (with the stack that it leaves); what happens meanwhile (a lock is
// taken, a thread is woken) comes behind it, and a switch behind that.
#pragma once

#include <string>
#include <vector>

#include "interp/observe/lost_updates.h"

namespace mini::observe {

/// A shared place that an instruction touched, in words.
struct Touched {
  LocationKind kind;
  AccessMode mode;
  Location location;
  std::string name;
  std::string old_value;  ///< empty: there was none, or the place has no single value
  std::string new_value;  ///< of a write, if it was known: "deleted" if nothing stands there any more
  bool definition, exact;
  bool writes() const { return static_cast<uint8_t>(mode) & 2; }
  /// "x = 41", "x: 41 -> 42", "rows changes"; empty for what marks tell better (locks, threads).
  std::string text() const;
};

struct InstructionEvent {
  uint64_t number = 0;    ///< counts the instructions of the run, from 1; an EXTENDED_ARG counts with its opcode
  uint64_t switches = 0;  ///< hand-overs before it
  uint32_t thread = 0;
  const bytecode::Code* code = nullptr;
  uint32_t index = 0;
  std::vector<Touched> touched;
  std::vector<std::string> stack;  ///< after it, of the frame that is topmost then; the last one is the top
  bool is_point = false;           ///< a switch could fall behind it
  bool asked = false;              ///< and somebody had asked for one

  bool is_library() const { return code->has(bytecode::kPrelude); }
  std::string top() const { return stack.empty() ? std::string() : stack.back(); }
};

struct Mark {
  enum Kind : uint8_t { kAsked, kSwitch, kWait, kWake, kAcquired, kReleased, kStart, kEnd, kLost };
  Kind kind;
  uint32_t thread;                  ///< who; of a switch, who had the GIL
  uint32_t other = 0;               ///< of a switch, who takes it; of a start, the new thread
  uint64_t number = 0;              ///< of a switch
  sched::Cause cause{};             ///< of a switch
  std::string what = {};            ///< the lock; what is waited for; why the wait ended
  const Overtaken* lost = nullptr;  ///< kLost; as long as the call lasts
  sched::Time time = 0;             ///< on the VM's clock; under a virtual one, instructions count as a microsecond each
};
std::string_view name(Mark::Kind);
/// "forced", "blocked", "finished", "call"
std::string_view name(sched::Cause);

class Events : public vm::InstructionObserver, public sched::Observer {
 public:
  explicit Events(vm::Machine& machine) : machine_(machine), names_(machine), accesses_(machine) {}
  /// Hears of overtaken writes from `lost_updates`, which was added to the machine before.
  void listen_to(LostUpdates& lost_updates);
  void attach();
  void detach();
  uint64_t instructions() const { return count_; }

 protected:
  /// What is to be known of an instruction.
  enum class Detail : uint8_t { kNone, kTouched, kAll };
  virtual Detail detail(uint32_t /*thread*/, const bytecode::Code&, uint32_t /*index*/) { return Detail::kAll; }
  virtual void instruction(InstructionEvent&) {}
  virtual void mark(Mark&) {}
  /// Whether old and new values of places that hold functions, classes and modules are wanted.
  virtual bool wants_definitions() const { return false; }

  sched::Time time() const;
  vm::Machine& machine_;
  ThreadNames names_;

  /// Ends the instruction that is under way, if any.
  void complete();

 private:
  void before(ThreadState&, Frame&, uint32_t index, bool is_switch_point) override;
  void runs(ThreadState&, Frame&, uint32_t index) override;
  void resumes(ThreadState&, Frame&) override;
  void on_lock(ThreadState&, vm::Lock&, vm::LockOperation) override;
  void on_hand_over(const sched::HandOver&) override;
  void on_start(sched::Thread&) override;
  void on_wait(sched::Thread&) override;
  void on_wake(sched::Thread&) override;
  void on_finish(sched::Thread&) override;

  void put(Mark mark);
  void show_stack(ThreadState&, std::vector<std::string>& stack);
  std::string target_of(sched::Thread&);

  Accesses accesses_;
  InstructionEvent event_;
  ThreadState* under_way_ = nullptr;  ///< whose instruction event_ is; null: none
  Detail detail_ = Detail::kNone;
  std::vector<Mark> behind_;          ///< marks that wait until it is complete
  std::vector<Overtaken> lost_;       ///< told before the instruction that wrote
  bool asked_ = false;                ///< the mark for this request was made
  uint64_t count_ = 0;
};

}  // namespace mini::observe
