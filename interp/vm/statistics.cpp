#include "interp/vm/statistics.h"

#include "interp/vm/deadlock.h"
#include "interp/vm/object_names.h"

namespace mini::vm {

void Statistics::thread_over(ThreadState& thread) {
  ThreadRecord record{thread.serial,          thread_name(thread), thread.daemon,
                      thread.forced_switches, thread.parks,        thread.account};
  if (threads_.size() < kThreads) {
    threads_.push_back(std::move(record));
    return;
  }
  ThreadRecord& others = threads_.back();
  others.name = "all later ones";
  others.forced_switches += record.forced_switches;
  others.voluntary_switches += record.voluntary_switches;
  others.account.running += record.account.running;
  others.account.outside += record.account.outside;
  others.account.calls += record.account.calls;
  for (size_t i = 0; i < sched::kWaitKinds; ++i) others.account.blocked[i] += record.account.blocked[i];
  others.account.waits.add(record.account.waits);
}

void Statistics::lock_over(Machine& machine, Lock& lock) { add(machine, lock, false); }

void Statistics::add(Machine& machine, Lock& lock, bool named) {
  if (lock.acquisitions == 0 || lock.origin == Lock::kNotice) return;
  LockKey key{lock.type->kind == static_cast<uint32_t>(BuiltinType::kRLock) ? "RLock" : "Lock", "", lock.made};
  const Object* owner = &lock;
  if (lock.origin == Lock::kLibrary) {
    key.kind = "of the library";
    if (const Object* whole = named ? library_owner(machine, &lock) : nullptr) {
      owner = whole;
      key.kind = to_utf8(whole->type->name);
    }
  }
  if (named) key.name = name_of(machine, owner);
  LockRecord& record = locks_[key];
  ++record.count;
  record.acquisitions += std::exchange(lock.acquisitions, 0);
  record.contended += std::exchange(lock.contended, 0);
  if (const sched::Time longest = std::exchange(lock.longest_hold, 0); longest > record.longest_hold) {
    record.longest_hold = longest;
    record.longest_at = lock.longest_at;
  }
}

void Statistics::collect(Machine& machine) {
  stuck_ = describe_stuck(machine);
  machine.heap().for_each_tracked([&](Object* object) {
    if (is_lock(object)) add(machine, *static_cast<Lock*>(object), true);
  });
}

}  // namespace mini::vm
