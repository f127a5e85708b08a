// What threads wait for: locks, and the handles by which scripts know their threads. Part of the machine because its
// deadlock reports read them; the methods are in interp/modules.
#pragma once

#include "interp/vm/thread_state.h"

namespace mini::vm {

/// `_thread.lock` and `_thread.RLock`. Releasing frees the lock and makes a waiter runnable; whoever runs first takes it. Or,
/// as in CPython, the waiter does as soon as the system has woken it up: Runner::taken_meanwhile().
struct Lock : Tracked {
  sched::WaitQueue waiters;
  ScriptPlace made;
  ScriptPlace taken;      ///< where it was last acquired
  uint32_t locked;
  uint32_t holder;  ///< serial of the thread that acquired it last
  uint64_t depth;   ///< RLock: how often its holder has acquired it
  ThreadState* owner;  ///< that thread, while it is locked and the thread lives
  uint32_t woken;  ///< 1 + the serial of the waiter that the last release woke, until it runs; or 0 …
  sched::Time awake_from;  ///< … and when it will be awake
  /// Of an owner that ended without releasing it.
  Str* dead_owner;  ///< its name
  ScriptPlace ended;      ///< the last instruction of the script's that it executed
  // Accounting.
  uint64_t acquisitions;
  uint32_t contended;     ///< of these, how often somebody else had it
  uint32_t origin;        ///< who made it:
  sched::Time taken_at;   ///< while holds are measured (MachineState::times_locks); 0: not
  sched::Time longest_hold;
  ScriptPlace longest_at; ///< where it was acquired that time

  /// The script; a primitive of the library, for itself; Condition.wait, for one waiter.
  static constexpr uint32_t kScript = 0, kLibrary = 1, kNotice = 2;
};

inline bool is_lock(const Object* object) {
  const auto kind = static_cast<BuiltinType>(object->type->kind);
  return kind == BuiltinType::kLock || kind == BuiltinType::kRLock;
}

/// Takes a lock that nobody has; false if somebody has it.
bool try_take(ThreadState&, Lock*);
/// Frees a lock, whoever took it, and makes its longest waiter runnable.
void give_up(ThreadState&, Lock*);
inline bool holds(const ThreadState& thread, const Lock* lock) { return lock->locked && lock->holder == thread.serial; }
/// `lock.__enter__()` where that need not wait, and `lock.__exit__()`, for both types.
bool try_enter(ThreadState&, Lock*);
Result<void> leave(ThreadState&, Lock*);

/// `_queue.SimpleQueue`: a ring of items.
struct SimpleQueue : Tracked {
  sched::WaitQueue getters;
  Value* items;
  uint32_t head;      ///< index of the first item
  uint32_t length;
  uint32_t capacity;  ///< a power of two, or 0
  ScriptPlace made;

  Value& at(uint32_t index) { return items[(head + index) & (capacity - 1)]; }
};

/// `_thread._ThreadHandle`. The thread itself is found by its serial as long as it lives.
struct ThreadHandle : Tracked {
  sched::WaitQueue starters;  ///< who waits for the thread's first step
  uint64_t identity;          ///< what get_ident() answers in the thread; 0 before it is started
  uint32_t serial;
  uint32_t stage;

  static constexpr uint32_t kNew = 0, kStarted = 1, kRunning = 2, kSetDone = 3;
};

}  // namespace mini::vm
