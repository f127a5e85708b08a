// Lost updates: read-modify-writes that another thread's writes overtook, by name, line and number.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "interp/observe/accesses.h"
#include "interp/observe/dataflow.h"
#include "interp/observe/thread_names.h"

namespace mini::observe {

/// Where an instruction stands.
struct CodePlace {
  const bytecode::Code* code = nullptr;
  uint32_t index = 0;
  std::string text() const { return place_of(*code, index); }
  std::string instruction() const { return instruction_at(*code, index); }
};

/// A thread read a value, others wrote the same place, and the thread then wrote what it had made from the old value.
struct Overtaken {
  struct Writer {
    uint32_t thread;
    uint64_t writes;
    CodePlace place;  ///< of its last write
  };
  std::string variable;
  uint32_t thread;
  CodePlace read, write;
  std::string value_read, value_written;
  std::vector<Writer> others;  ///< in the order of their last writes
  uint64_t lost;               ///< writes of others in between
  uint64_t number = 0;         ///< counts them in the order in which they happened
};

/// Watches reads and writes of variables, attributes, items and closures' cells.
///
/// Each write that was made from a value read before continues the chain of updates that this value is made of; the
/// writes in between are lost, unless a thread that had read one of them writes later and so takes its chain up again.
/// So what is really lost is only known when the chain is over (a write that was made from nothing read, or the end of
/// the run): report() names the overtaken writes of the surviving chains, and their sum is exactly the number of updates
/// that the final value lacks. `told` hears of each overtaken write at once.
class LostUpdates final : public vm::InstructionObserver {
 public:
  explicit LostUpdates(vm::Machine& machine) : accesses_(machine), names_(machine) {}

  void runs(ThreadState&, Frame&, uint32_t index) override;
  bool asks_for_points() const override { return false; }
  void passes(ThreadState& thread, Frame& frame, uint32_t index, bool) override { runs(thread, frame, index); }

  std::vector<std::function<void(const Overtaken&)>> told;

  struct Sum {
    std::string variable;
    uint64_t lost = 0, times = 0;
  };
  /// After the run: the overtaken read-modify-writes of surviving chains, in their order, and sums by variable.
  const std::vector<Overtaken>& settled();
  std::vector<Sum> sums();
  /// What --explain prints: a line for each variable, then one for each overtaken read-modify-write.
  std::string report();
  /// "x: Thread-1 read 41207 at increment:11 (0 LOAD_GLOBAL), …: 63617 updates lost"
  std::string describe(const Overtaken&);

 private:
  struct Link {
    std::shared_ptr<const Link> previous;
    Overtaken overtaken;
    ~Link();
  };
  using Chain = std::shared_ptr<const Link>;
  /// Writes by one thread in a row.
  struct Run {
    uint32_t thread;
    uint64_t first;  ///< number of its first write
    CodePlace place;
  };
  struct Written {
    uint64_t writes = 0;
    uint64_t epoch = 0;  ///< counts the writes that were made from nothing read
    Chain chain;
    std::deque<Run> runs;
  };
  struct Read {
    Location location;
    uint64_t writes, epoch;
    Chain chain;
    CodePlace place;
    Value value;       ///< looked at only if it is no object
    std::string text;  ///< of an object
    Dataflow flow;
  };
  struct Hash {
    size_t operator()(const Location& location) const {
      return (reinterpret_cast<uintptr_t>(location.object) >> 4) * 0x9e3779b97f4a7c15 ^ location.key;
    }
  };
  void note_read(std::vector<Read>&, const Access&, Frame&, uint32_t index);
  void note_write(ThreadState&, std::vector<Read>&, const Access&, Frame&, uint32_t index);
  void settle(Written&);

  Accesses accesses_;
  ThreadNames names_;
  std::vector<std::vector<Read>> reads_;  // by thread
  std::unordered_map<Location, Written, Hash> written_;
  std::vector<Overtaken> settled_;
  uint64_t overtaken_ = 0;
  bool full_ = false;
};

}  // namespace mini::observe
