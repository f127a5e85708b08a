// The schedule that cures the convoy effect (bpo-7946).
#include "runtime/sched/responsive.h"

#include <algorithm>

namespace mini::sched {

void Responsive::refill(Time present) {
  const Time gained = (present - refilled_) / kRefillDivisor;
  refilled_ = present;
  tokens_ = std::min(kCapacity, tokens_ + gained);
  if (tokens_ >= kEnough) saving_ = false;
}

void Responsive::came_back(ThreadTable& table, Thread& thread, Time) {
  // Whoever was away a long time is owed no more than the least of those who stayed.
  Time least = kNever;
  for (const Thread& other : table.runnable)
    if (&other != &thread) least = std::min(least, other.virtual_run);
  if (table.current && table.current != &thread) least = std::min(least, table.current->virtual_run);
  if (least != kNever) thread.virtual_run = std::max(thread.virtual_run, least);
  thread.urgent = true;
}

void Responsive::ran(Thread& thread, Time span, Cause cause, Time present) {
  refill(present);
  thread.virtual_run += span;
  thread.slice_used += span;
  if (thread.urgent) tokens_ = std::max(-kCapacity, tokens_ - span);
  if (tokens_ <= 0) saving_ = true;
  // A whole slice used up: not a thread that comes and goes.
  if (thread.slice_used >= interval_) thread.urgent = false;
  if (cause != Cause::Switched || thread.slice_used >= interval_) thread.slice_used = 0;
}

bool Responsive::hurries(ThreadTable& table, Time present) {
  refill(present);
  if (!has_budget() || (table.current && table.current->urgent)) return false;
  return std::any_of(table.runnable.begin(), table.runnable.end(), [](const Thread& thread) { return thread.urgent; });
}

Thread* Responsive::next(ThreadTable& table, Cause cause) {
  const bool budget = has_budget();
  // In this order: urgent while there is a budget; pre-empted within its slice; the least run.
  const auto rank = [&](const Thread& thread) {
    return budget && thread.urgent ? 0 : thread.slice_used > 0 && thread.slice_used < interval_ ? 1 : 2;
  };
  Thread* best = nullptr;
  for (Thread& thread : table.runnable) {
    // Made to give way: somebody else runs, if there is one.
    if (cause == Cause::Switched && thread.serial == table.last && table.runnable.begin() != std::prev(table.runnable.end()))
      continue;
    if (!best || rank(thread) < rank(*best) ||
        (rank(thread) == rank(*best) && thread.virtual_run < best->virtual_run))
      best = &thread;
  }
  return best;
}

}  // namespace mini::sched
