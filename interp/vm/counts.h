// What the GIL protects: reference counts, as they would be if threads could be switched in the middle of an update.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interp/vm/machine.h"

namespace mini::vm {

/// --refcounts=unprotected. An update of a count reads, adds, and writes. Here each switch that falls before an instruction
/// which changes counts falls in between: the thread has read the counts of the instruction's operands, and when it goes on
/// it writes what it makes of those, over whatever others have written meanwhile.
///
/// Only what *would* be visible is wrong. The true counts are kept, and decide when objects are freed: so mini stays safe,
/// and can say what would have happened.
class CountModel final : public InstructionObserver {
 public:
  explicit CountModel(Machine& machine);
  ~CountModel() override;

  /// Whether an instruction with this opcode reads the count of one of its operands in order to change it.
  static bool changes_counts(bytecode::Opcode);

  void before(ThreadState&, Frame&, uint32_t index, bool is_switch_point) override;
  void gives_way(ThreadState&, Frame&, uint32_t index, bool is_switch_point) override;
  void runs(ThreadState&, Frame&, uint32_t index) override;

  /// At the end of a run: a line for each object that would have been freed too early or never. Empty: none.
  std::string report();

 private:
  struct Update {
    std::string thread, what;  ///< "Thread-1 (left)", "LOAD_GLOBAL at FILE:9"
  };
  /// An object whose visible count differs from the true one, or whose count a thread has read and not yet written.
  struct Watched {
    int64_t error = 0;       ///< visible less true
    uint32_t pending = 0;    ///< threads between reading and writing
    std::string name, type;
    size_t bytes = 0;
    std::vector<Update> overlapped;  ///< the last two updates of which one was lost
    Update latest;                   ///< by a thread that ran while another was between reading and writing
    bool reported = false;
  };
  struct Reading {
    Object* object;
    int64_t visible;
  };
  struct Candidate {
    Object* object;
    uint32_t count;
  };

  void settle();
  void check_all();
  void freed(Object*);
  void check(Object*, Watched&);
  std::vector<Object*> operands(ThreadState&, Frame&, uint32_t index);
  Update update(ThreadState&, Frame&, uint32_t index);
  void describe(Object*, Watched&);

  Machine& machine_;
  std::map<Object*, Watched> watched_;
  std::map<uint32_t, std::vector<Reading>> readings_;  ///< by thread: what it has read and not yet written
  // The instruction that runs.
  std::vector<Candidate> running_;
  uint32_t running_thread_ = 0;
  bool ran_ = false;  ///< there is such an instruction, and settle() has not seen it yet
  Update running_update_;
  std::vector<std::string> lines_;
  size_t leaked_ = 0;  ///< bytes
};

}  // namespace mini::vm
