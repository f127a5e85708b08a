#include "interp/vm/lock.h"

#include "interp/vm/machine.h"

namespace mini::vm {

namespace {

void show(ThreadState& thread, Lock* lock, LockOperation operation) {
  if (auto* observer = thread.machine->observer()) observer->on_lock(thread, *lock, operation);
}

bool is_reentrant(const Lock* lock) { return static_cast<BuiltinType>(lock->type->kind) == BuiltinType::kRLock; }

void take(ThreadState& thread, Lock* lock) {
  lock->locked = 1;
  lock->holder = thread.serial;
  lock->owner = &thread;
  ++thread.locks_held;
  ++lock->acquisitions;
  lock->taken = script_place(thread.frame);
  if (thread.machine->state().times_locks) [[unlikely]] lock->taken_at = thread.machine->runner().now();
  show(thread, lock, LockOperation::kAcquired);
}

/// Before `thread` takes the lock: whether the waiter that was woken for it has done so.
bool is_taken_meanwhile(const ThreadState& thread, Lock* lock) {
  sched::Thread* woken = thread.machine->runner().taken_meanwhile(lock->woken - 1, lock->awake_from);
  if (woken) take(static_cast<ThreadState&>(*woken), lock);
  return woken != nullptr;
}

/// The system wakes a waiter up. One that it had woken before, and that came too late, sleeps again until then.
void wake_waiter(sched::Runner& runner, Lock* lock) {
  if (lock->waiters.empty()) {
    if (lock->woken && runner.is_awake(lock->awake_from)) lock->awake_from = runner.awake_from();
    return;
  }
  const sched::Thread* woken = runner.wake_one(lock->waiters);
  if (!runner.wakes_up_outside()) return;
  lock->woken = woken->serial + 1;
  lock->awake_from = woken->waits_since;
}

}  // namespace

bool try_take(ThreadState& thread, Lock* lock) {
  if (lock->locked) return false;
  if (lock->woken) [[unlikely]] {
    if (is_taken_meanwhile(thread, lock)) return false;
  }
  take(thread, lock);
  return true;
}

void give_up(ThreadState& thread, Lock* lock) {
  lock->locked = 0;
  if (const sched::Time taken_at = std::exchange(lock->taken_at, 0)) [[unlikely]] {
    const sched::Time held = thread.machine->runner().now() - taken_at;
    if (held > lock->longest_hold) {
      lock->longest_hold = held;
      lock->longest_at = lock->taken;
    }
  }
  show(thread, lock, LockOperation::kReleased);
  if (ThreadState* owner = std::exchange(lock->owner, nullptr)) --owner->locks_held;
  if (Str* name = std::exchange(lock->dead_owner, nullptr)) [[unlikely]] decref(name);
  if (lock->woken || !lock->waiters.empty()) wake_waiter(thread.machine->runner(), lock);
}

bool try_enter(ThreadState& thread, Lock* lock) {
  if (!is_reentrant(lock)) return try_take(thread, lock);
  if (holds(thread, lock)) {
    ++lock->depth;
    return true;
  }
  if (!try_take(thread, lock)) return false;
  lock->depth = 1;
  return true;
}

Result<void> leave(ThreadState& thread, Lock* lock) {
  Heap& heap = *thread.heap;
  if (is_reentrant(lock)) {
    if (!holds(thread, lock)) return heap.raise_text(BuiltinType::kRuntimeError, "cannot release un-acquired lock");
    if (--lock->depth > 0) return {};
  } else if (!lock->locked) {
    return heap.raise_text(BuiltinType::kRuntimeError, "release unlocked lock");
  }
  give_up(thread, lock);
  return {};
}

}  // namespace mini::vm
