// What --stats tells beside the switches: what became of the time of each thread and of each lock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interp/vm/lock.h"

namespace mini::vm {

struct ThreadRecord {
  uint32_t serial;
  std::string name;
  bool daemon;
  uint64_t forced_switches, voluntary_switches;
  sched::Account account;
};

/// The locks that were made at one place and have one name, together.
struct LockRecord {
  uint64_t count = 0;         ///< how many they were
  uint64_t acquisitions = 0;
  uint64_t contended = 0;     ///< of these, how often somebody else had it
  sched::Time longest_hold = 0;
  ScriptPlace longest_at{};   ///< where the lock was acquired that time
};
struct LockKey {
  std::string kind, name;     ///< "Lock", "Condition"; the name may be empty
  ScriptPlace made;
  bool operator<(const LockKey& other) const {
    return std::tie(kind, name, made.code, made.index) <
           std::tie(other.kind, other.name, other.made.code, other.made.index);
  }
};

/// The host's; a machine keeps one if its options say so. Called by the holder of the GIL, or when the run is over.
class Statistics {
 public:
  /// More threads than this are counted in one record, the last.
  static constexpr size_t kThreads = 1000;

  void thread_over(ThreadState&);
  /// A lock dies. Where nothing holds it any more, only its place tells which it was.
  void lock_over(Machine&, Lock&);
  /// Before the globals die, which give locks their names; and what is stuck at that time.
  void collect(Machine&);

  const std::vector<ThreadRecord>& threads() const { return threads_; }
  const std::map<LockKey, LockRecord>& locks() const { return locks_; }
  const std::string& stuck() const { return stuck_; }

 private:
  void add(Machine&, Lock&, bool named);

  std::vector<ThreadRecord> threads_;
  std::map<LockKey, LockRecord> locks_;
  std::string stuck_;
};

}  // namespace mini::vm
