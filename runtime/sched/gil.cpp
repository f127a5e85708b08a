// The two operations of the GIL that are more than one atomic step.
#include "runtime/sched/gil.h"

#include <memory>

namespace mini::sched {

Gil::Waited Gil::wait(Slot& me, Time deadline, const std::atomic<bool>* interrupt) {
  std::uint32_t seen = me.word.load();
  for (;;) {
    if (seen == kOwns) return Waited::Granted;
    if (seen == kOver) return Waited::Over;
    if ((seen & kKindMask) == kOffered) {
      if (me.word.compare_exchange_strong(seen, kOwns)) return Waited::Accepted;
      continue;  // withdrawn, and perhaps something else since
    }
    if (seen == kAwake && !me.word.compare_exchange_strong(seen, kAsleep)) continue;
    // Only now: whoever sets the flag and then finds the word not asleep relies on this look.
    if (interrupt && interrupt->load()) {
      seen = kAsleep;
      if (me.word.compare_exchange_strong(seen, kAwake)) return Waited::Interrupted;
      continue;
    }
    if (futex_wait(me.word, kAsleep, deadline) == FutexResult::TimedOut) {
      seen = kAsleep;
      if (me.word.compare_exchange_strong(seen, kAwake)) return Waited::TimedOut;
      continue;
    }
    seen = me.word.load();
  }
}

void Gil::offer(Slot& me, Slot& successor) {
  me.offered = &successor;
  me.offer = kOffered | (++offers_ << kKindBits);
  if (successor.word.exchange(me.offer) == kAsleep) futex_wake(successor.word);
}

std::vector<Gil::Slot*> Gil::forked(Slot& me) {
  word_.store(1);
  me.calling = me.joinable = false;
  std::vector<Slot*> others;
  for (Slot& slot : slots_) {
    if (&slot == &me) continue;
    std::destroy_at(&slot);
    std::construct_at(&slot)->gil = this;
    others.push_back(&slot);
  }
  return others;
}

}  // namespace mini::sched
