// _thread.lock and _thread.RLock.
#include <memory>
#include <new>

#include "interp/modules/thread.h"
#include "interp/vm/statistics.h"

namespace mini::modules {
namespace {

Lock* as_lock(Value value) { return static_cast<Lock*>(value.as_object()); }

/// The arguments `blocking` and `timeout` as nanoseconds; negative: as long as it takes, 0: not at all.
Result<sched::Time> patience(Call& call) {
  Heap& heap = call.heap;
  const bool blocking = MINI_TRY(flag_argument(call, call[1], true));
  const sched::Time timeout = call.has(2) ? MINI_TRY(seconds_argument(heap, call[2])) : -sched::kSecond;
  if (!blocking && timeout != -sched::kSecond)
    return heap.raise_text(BuiltinType::kValueError, "can't specify a timeout for a non-blocking call");
  if (timeout < 0 && timeout != -sched::kSecond)
    return heap.raise_text(BuiltinType::kValueError, "timeout value must be a non-negative number");
  return blocking ? timeout : 0;
}

Result<sched::Time> endless_patience(Call&) { return -1; }

/// The loop of acquiring, one round a call: what is free is taken by whoever runs first, so a waiter that was woken may
/// find the lock taken again, and waits on for the rest of its time.
Result<Ref<Value>> acquire_in_rounds(Call& call, Lock* lock, Result<sched::Time> (*patience_of)(Call&),
                                     bool interruptible = true) {
  ThreadState& thread = thread_of(call);
  const bool first_round = take_phase(thread) == 0;
  sched::Time span = 0, deadline = thread.suspension.deadline;
  if (first_round) {
    span = MINI_TRY(patience_of(call));
  } else {
    if (lock->woken == thread.serial + 1) lock->woken = 0;
    if (thread.wake_reason == sched::Wake::Granted) return unboxed(kTrue);
    if (interruptible && interrupted(thread)) return raised;
  }
  if (try_take(thread, lock)) return unboxed(kTrue);
  if (first_round) {
    if (span == 0) return unboxed(kFalse);
    ++lock->contended;
    deadline = deadline_after(thread, span);
  } else if (thread.wake_reason == sched::Wake::TimedOut) {
    return unboxed(kFalse);
  }
  return wait_until(call, 1, &lock->waiters, deadline, sched::WaitKind::Lock, lock);
}

Result<Ref<Value>> lock_acquire(Call& call) { return acquire_in_rounds(call, as_lock(call[0]), patience); }
Result<Ref<Value>> lock_enter(Call& call) {
  return acquire_in_rounds(call, as_lock(call[0]), endless_patience);
}
Result<Ref<Value>> lock_release(Call& call) {
  MINI_TRY(leave(thread_of(call), as_lock(call[0])));
  return none();
}
Result<Ref<Value>> lock_locked(Call& call) { return Ref<Value>(as_lock(call[0])->locked != 0); }

// RLock ---------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> acquire_again(Call& call, Lock* lock, Result<sched::Time> (*patience_of)(Call&)) {
  const bool waited = thread_of(call).suspension.phase != 0;
  if (!waited && holds(thread_of(call), lock)) {
    MINI_TRY(patience_of(call));
    ++lock->depth;
    return unboxed(kTrue);
  }
  Ref<Value> taken = MINI_TRY(acquire_in_rounds(call, lock, patience_of));
  if (taken.get() == kTrue) lock->depth = 1;
  return taken;
}
Result<Ref<Value>> rlock_acquire(Call& call) { return acquire_again(call, as_lock(call[0]), patience); }
Result<Ref<Value>> rlock_enter(Call& call) { return acquire_again(call, as_lock(call[0]), endless_patience); }
Result<void> check_owned(Call& call) {
  if (holds(thread_of(call), as_lock(call[0]))) return {};
  return call.heap.raise_text(BuiltinType::kRuntimeError, "cannot release un-acquired lock");
}
Result<Ref<Value>> rlock_is_owned(Call& call) { return Ref<Value>(holds(thread_of(call), as_lock(call[0]))); }
Result<Ref<Value>> rlock_recursion_count(Call& call) {
  Lock* lock = as_lock(call[0]);
  return make_int(call.heap, holds(thread_of(call), lock) ? static_cast<int64_t>(lock->depth) : 0);
}
/// What Condition.wait() gives up and takes back: the whole depth.
Result<Ref<Value>> rlock_release_save(Call& call) {
  MINI_TRY(check_owned(call));
  Lock* lock = as_lock(call[0]);
  const uint64_t depth = std::exchange(lock->depth, 0);
  give_up(thread_of(call), lock);
  return make_int(call.heap, static_cast<int64_t>(depth));
}
Result<Ref<Value>> rlock_acquire_restore(Call& call) {
  Lock* lock = as_lock(call[0]);
  const int64_t depth = MINI_TRY(to_int64(call.heap, call[1]));
  // As CPython's, an interrupt has to wait: whoever waited for a condition relies on having its lock (3.13
  // Modules/_threadmodule.c, rlock_acquire_restore).
  Ref<Value> taken = MINI_TRY(acquire_in_rounds(call, lock, endless_patience, false));
  if (taken.get() == kSuspended) return taken;
  lock->depth = static_cast<uint64_t>(depth);
  return none();
}

// Both ----------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> make_lock(Heap& heap, Type* type) {
  Ref<Lock> lock = MINI_TRY(heap.create<Lock>(type));
  new (&lock->waiters) sched::WaitQueue;
  const Frame* maker = Machine::of(heap).current().frame;
  lock->made = script_place(maker);
  if (maker && maker->code->has(bytecode::kPrelude) && !maker->is_native && maker->code->code->name != "RLock")
    lock->origin = maker->code->code->name == "wait" ? Lock::kNotice : Lock::kLibrary;
  return lock;
}
Result<Ref<Value>> construct_lock(Call& call) { return make_lock(call.heap, self_of<Type>(call)); }

void visit_place(const ScriptPlace& place, Visitor& visitor) {
  visitor.scalar(place.index);
  visitor.scalar(place.code ? place.line() : 0);
}
void visit_lock(Object* object, Visitor& visitor) {
  auto* lock = static_cast<Lock*>(object);
  for (const sched::Thread& thread : lock->waiters) visitor.scalar(thread.serial);
  visit_place(lock->made, visitor);
  if (lock->locked) visit_place(lock->taken, visitor);
  visitor.reference(lock->dead_owner);
  visitor.scalar(lock->locked);
  visitor.scalar(lock->holder);
  visitor.scalar(lock->depth);
  visitor.scalar(lock->woken);
}
void drop_lock(Heap& heap, Object* object) {
  auto* lock = static_cast<Lock*>(object);
  if (Machine& machine = Machine::of(heap); machine.statistics()) machine.statistics()->lock_over(machine, *lock);
  std::destroy_at(&lock->waiters);
  if (ThreadState* owner = std::exchange(lock->owner, nullptr)) --owner->locks_held;
  if (Str* name = std::exchange(lock->dead_owner, nullptr)) decref(name);
}

Result<Ref<Str>> lock_repr(Heap& heap, Value self) {
  Lock* lock = as_lock(self);
  const uint32_t serial = heap.serial_of(lock);
  const char* state = lock->locked ? "locked" : "unlocked";
  if (lock->type == heap.type(BuiltinType::kLock))
    return make_str(heap, fmt::format("<{} _thread.lock object at 0x{:012x}>", state, serial));
  uint64_t owner = 0;
  Machine& machine = Machine::of(heap);
  if (auto* thread = lock->locked ? static_cast<ThreadState*>(machine.state().threads.find(lock->holder)) : nullptr) {
    owner = thread->identity;
    if (auto* observer = machine.observer()) observer->on_identity(*thread);
  }
  return make_str(heap, fmt::format("<{} {}.{} object owner={} count={} at 0x{:012x}>", state, "_thread",
                                    to_utf8(lock->type->name), owner, lock->depth, serial));
}

#define ACQUIRE_ARGUMENTS "(self, blocking=True, timeout=-1)"
constexpr NativeDefinition kMakeLock{"lock.__new__(type, /)", construct_lock};
constexpr NativeDefinition kLockMethods[] = {
    {"lock.acquire" ACQUIRE_ARGUMENTS, lock_acquire},
    {"lock.release(self, /)", lock_release},
    {"lock.locked(self, /)", lock_locked},
    {"lock.__enter__(self, /)", lock_enter},
    {"lock.__exit__(self, type=None, value=None, traceback=None, /)", lock_release},
    {"lock.acquire_lock" ACQUIRE_ARGUMENTS, lock_acquire},
    {"lock.release_lock(self, /)", lock_release},
    {"lock.locked_lock(self, /)", lock_locked},
};
constexpr NativeDefinition kMakeRLock{"RLock.__new__(type, /)", construct_lock};
constexpr NativeDefinition kRLockMethods[] = {
    {"RLock.acquire" ACQUIRE_ARGUMENTS, rlock_acquire},
    {"RLock.release(self, /)", lock_release},
    {"RLock.__enter__(self, /)", rlock_enter},
    {"RLock.__exit__(self, type=None, value=None, traceback=None, /)", lock_release},
    {"RLock._is_owned(self, /)", rlock_is_owned},
    {"RLock._recursion_count(self, /)", rlock_recursion_count},
    {"RLock._release_save(self, /)", rlock_release_save},
    {"RLock._acquire_restore(self, state, /)", rlock_acquire_restore},
};
#undef ACQUIRE_ARGUMENTS

}  // namespace

Result<Ref<Value>> allocate_lock(Call& call) { return make_lock(call.heap, call.heap.type(BuiltinType::kLock)); }

Result<void> define_lock_types(Heap& heap) {
  const NativeBehaviour behaviour{.visit = visit_lock, .drop = drop_lock, .repr = lock_repr};
  MINI_TRY(define_type(heap, BuiltinType::kLock,
                       {.instance_size = sizeof(Lock),
                        .tracked = true,
                        .subclassable = false,
                        .behaviour = behaviour,
                        .construct = &kMakeLock,
                        .methods = kLockMethods}));
  return define_type(heap, BuiltinType::kRLock,
                     {.instance_size = sizeof(Lock),
                      .tracked = true,
                      .subclassable = true,
                      .behaviour = behaviour,
                      .construct = &kMakeRLock,
                      .methods = kRLockMethods});
}

}  // namespace mini::modules
