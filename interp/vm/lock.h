// What threads wait for: locks, and the handles by which scripts know their threads. Part of the machine because its
// deadlock reports read them; the methods are in interp/modules.
#pragma once

#include "interp/vm/thread_state.h"

namespace mini::vm {

/// `_thread.lock` and `_thread.RLock`. Releasing frees the lock and makes a waiter runnable; whoever runs first takes it.
struct Lock : Tracked {
  sched::WaitQueue waiters;
  ScriptPlace made;
  ScriptPlace taken;      ///< where it was last acquired
  uint32_t locked;
  uint32_t holder;  ///< serial of the thread that acquired it last
  uint64_t depth;   ///< RLock: how often its holder has acquired it
  ThreadState* owner;  ///< that thread, while it is locked and the thread lives
  /// Of an owner that ended without releasing it.
  Str* dead_owner;  ///< its name
  ScriptPlace ended;      ///< the last instruction of the script's that it executed
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
