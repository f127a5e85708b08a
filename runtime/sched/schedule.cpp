// The schedules' decisions.
#include "runtime/sched/schedule.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace mini::sched {

namespace {

Thread& lowest(RunQueue& runnable) {
  return *std::min_element(runnable.begin(), runnable.end(),
                           [](const Thread& a, const Thread& b) { return a.serial < b.serial; });
}

/// Whether it was started and has never run.
bool is_new(const Thread& thread) { return thread.grants == 0 && thread.serial != 0; }

/// Of those whom the system has woken up, but for `left_out`: who began its present time-out first. Null: there are none.
Thread* first_in_line(RunQueue::iterator begin, RunQueue::iterator end, RunQueue::iterator left_out, Time now, Time time_out) {
  Thread* first = nullptr;
  Time longest = -1;
  for (auto each = begin; each != end; ++each) {
    if (each == left_out) continue;
    const Time waited = now - each->waits_since;
    const Time in_line = waited < 0 ? -1 : waited % time_out;  // -1: still asleep
    if (in_line > longest) first = &*each, longest = in_line;
    if (waited < time_out) break;  // those behind came later
  }
  return first;
}

std::string slice_text(std::uint32_t thread, std::uint64_t count) {
  return "T" + std::to_string(thread) + "*" + std::to_string(count);
}

std::string slice_text(const Steps::Slice& slice) {
  using Until = Steps::Slice::Until;
  if (slice.until == Until::Count) return slice_text(slice.thread, slice.count);
  return "T" + std::to_string(slice.thread) + (slice.until == Until::Blocked ? "*" : "");
}

}  // namespace

// ---- clones: here, because each instantiates a good deal of <memory>, which whoever includes the header would do anew

std::unique_ptr<Schedule> Interval::clone() const {
  return std::make_unique<Interval>(*this);
}

std::unique_ptr<Schedule> EveryN::clone() const {
  return std::make_unique<EveryN>(*this);
}

std::unique_ptr<Schedule> Seeded::clone() const {
  return std::make_unique<Seeded>(*this);
}

std::unique_ptr<Schedule> Steps::clone() const {
  return std::make_unique<Steps>(*this);
}

std::unique_ptr<Schedule> Directed::clone() const {
  return std::make_unique<Directed>(*this);
}

// ---- interval:TIME

Time Interval::wake_up_time(Random& random) const {
  return std::min(random.between(kEarliest, kLatest), interval_ / 4);
}

Time Interval::time_out() const {
  return bounded() + std::min((kEarliest + kLatest) / 2, interval_ / 4);
}

Time Interval::time_until_asked(Time waited, Random& random) const {
  const Time begun_anew = waited <= 0 ? 0 : (waited + time_out() - 1) / time_out() * time_out();
  return begun_anew - waited + bounded() + wake_up_time(random);
}

// Measured, beside what machine_speed() finds.
Conditions Interval::conditions(Random& random) const {
  const double pace = static_cast<double>(random.between(96, 105)) / 100;
  const bool missed_tick = random.below(8) == 0;
  return {pace, missed_tick ? std::min(random.between(0, kKernelTick), 8 * bounded()) : 0};
}

std::uint32_t Interval::percent_of(const Thread& comer, const ThreadTable& table) const {
  if (table.slice_time - comer.waits_since >= interval_) return 0;
  if (comer.gives_way) return 25;
  const bool several = table.runnable.size() > 2;
  if (is_new(comer)) return several ? 44 : 48;
  return several ? 27 : 75;
}

// Of 100 times, how often a GIL that its holder was made to give away is taken by who asked for it, before the system has
// woken up who is first in the line. In CPython 3.9 that is up to how fast the holder lets go of it: before the asker sleeps
// again, or after.
constexpr std::uint32_t kAskerTakesIt = 70;

Thread* Interval::next(ThreadTable& table, Cause cause) {
  const auto begin = table.runnable.begin(), end = table.runnable.end();
  Random& random = table.random;
  if (cause == Cause::Switched) {
    Thread& giver = table.runnable.back();
    const auto others_end = table.runnable.size() > 1 ? std::prev(end) : end;
    const auto asker = std::find_if(begin, others_end, [&](const Thread& each) { return &each == table.asker; });
    // The asker has just begun its time-out anew, and stands last.
    Thread* const first = first_in_line(begin, others_end, asker, table.slice_time, time_out());
    const bool taken_by_asker = asker != others_end && (!first || random.below(100) < kAskerTakesIt);
    table.lies_for = taken_by_asker ? 0 : wake_up_time(random);
    // The giver waits until somebody has it. Meanwhile it sleeps, unless that is at once.
    const Time sleeps = taken_by_asker ? random.between(0, wake_up_time(random)) : wake_up_time(random);
    giver.waits_since = table.slice_time + table.lies_for + sleeps;
    return taken_by_asker ? &*asker : first ? first : &*begin;
  }
  Thread* const first = first_in_line(begin, end, end, table.slice_time, time_out());
  Thread* comer = first ? &table.runnable.back() : nullptr;
  if (!first)  // the first of those behind all that have run
    for (auto each = end; each != begin && is_new(*--each);) comer = &*each;
  Thread* const front = first ? first : &*begin;
  if (comer == front) comer = nullptr;
  const bool taken = comer && random.below(100) < percent_of(*comer, table);
  const Time let_go = table.slice_time, woken = let_go + wake_up_time(random);
  table.lies_for = wake_up_time(random);
  const Time has_it = let_go + table.lies_for;
  if (taken) {  // woken up in vain, it begins to wait anew
    front->waits_since = std::max({front->waits_since, has_it, woken});
    table.runnable.splice(end, table.runnable, table.runnable.iterator_to(*front));
  } else if (comer && is_new(*comer) && let_go - comer->waits_since < interval_ && random.below(3) != 0) {
    // In CPython 3.9 it comes when another one has the GIL, twice as often as before. Then it has one interval to wait, not two.
    comer->waits_since = has_it + wake_up_time(random);
  }
  return taken ? comer : front;
}

// ---- every:N

bool EveryN::ends_slice(ThreadTable&, const Thread&, Point point) {
  if (point.is_switch_point && count_ >= limit_) return true;
  ++count_;
  return false;
}

Thread* EveryN::next(ThreadTable& table, Cause) {
  count_ = 0;
  return &table.runnable.front();
}

// ---- seeded:SEED

Seeded::Seeded(std::uint64_t seed) : seed_(seed), random_(seed) {
  draw_slice();
}

void Seeded::draw_slice() {
  const std::uint32_t magnitude = 1u << random_.below(11);
  left_ = 1 + random_.below(magnitude);
}

bool Seeded::ends_slice(ThreadTable&, const Thread&, Point point) {
  if (point.is_switch_point && left_ == 0) return true;
  if (left_ > 0) --left_;
  return false;
}

Thread* Seeded::next(ThreadTable& table, Cause cause) {
  draw_slice();
  // A thread that was made to give way stands last, and is passed over: a slice that ends means a switch.
  auto candidates = static_cast<std::uint32_t>(table.runnable.size());
  if (cause == Cause::Switched && candidates > 1) --candidates;
  return &*std::next(table.runnable.begin(), random_.below(candidates));
}

// ---- steps:LIST

Steps::Steps(std::vector<Slice> slices) : slices_(std::move(slices)) {
  for (const Slice& slice : slices_) highest_ = std::max(highest_, slice.thread);
}

std::string Steps::text() const {
  std::string text = "steps:";
  for (const Slice& slice : slices_) text += (&slice == &slices_.front() ? "" : " ") + slice_text(slice);
  return text;
}

bool Steps::ends_slice(ThreadTable& table, const Thread& current, Point point) {
  if (!listening_) {
    if (all_started(table)) return point.is_switch_point;
    // The thread that starts the others goes first.
    return point.counted && current.serial != 0 && table.runnable.size() > 0 &&
           lowest(table.runnable).serial == 0;
  }
  if (index_ == slices_.size() || !point.counted) return false;
  const Slice& slice = slices_[index_];
  if (point.is_switch_point) {
    if (slice.until == Slice::Until::NextPoint && count_ > 0) return true;
    if (slice.until == Slice::Until::Count && count_ >= slice.count)
      return true;  // or beyond: check_end() objects
    if (count_ > 0) last_point_ = count_;
  }
  ++count_;
  return false;
}

// At the end of a slice of the list: whether it may end there. Otherwise error_ says which counts could.
bool Steps::check_end(Cause cause) {
  const Slice& slice = slices_[index_];
  if (slice.until != Slice::Until::Count || count_ == slice.count) return true;
  const std::string here = slice_text(slice.thread, count_);
  const std::string before = last_point_ ? slice_text(slice.thread, last_point_) + " or " : "";
  const bool ends_itself = cause != Cause::Switched;
  error_ = slice_text(slice);
  if (count_ < slice.count) {
    error_ += std::string(": T") + std::to_string(slice.thread) +
              (cause == Cause::Finished ? " ends" : " blocks") + " after " + std::to_string(count_) +
              (count_ == 1 ? " instruction" : " instructions") + "; possible there: " + before + here;
  } else {
    error_ += " ends where no switch can occur; possible there: " + before + here;
  }
  if (ends_itself) error_ += ", or T" + std::to_string(slice.thread) + "*";
  return false;
}

// Finds the thread of slices_[index_]. nullptr: error_ says why it cannot run.
Thread* Steps::begin_slice(ThreadTable& table) {
  count_ = last_point_ = 0;
  if (index_ == slices_.size()) return &lowest(table.runnable);
  const Slice& slice = slices_[index_];
  Thread* thread = table.find(slice.thread);
  if (thread && thread->state == State::Runnable) return thread;
  const bool started = slice.thread < table.started;
  std::string others;
  for (const Thread& other : table.runnable)
    others += (others.empty() ? "T" : ", T") + std::to_string(other.serial);
  error_ = slice_text(slice) + ": T" + std::to_string(slice.thread) +
           (thread    ? " is blocked"
            : started ? " has ended"
                      : " was never started") +
           "; can run there: " + others;
  return nullptr;
}

Thread* Steps::next(ThreadTable& table, Cause cause) {
  if (!listening_) {
    // Whom T0 is starting takes its first steps; those before stand where they are.
    Thread* main = table.find(0);
    if (!all_started(table) && main && main->wait_kind == WaitKind::Start)
      return &*std::max_element(table.runnable.begin(), table.runnable.end(),
                                [](const Thread& a, const Thread& b) { return a.serial < b.serial; });
    if (!all_started(table)) return &lowest(table.runnable);
    listening_ = true;
  } else if (index_ < slices_.size()) {
    if (!check_end(cause)) return nullptr;
    ++index_;
  }
  return begin_slice(table);
}

bool Steps::fits_end(ThreadTable& table) {
  if (!all_started(table)) {
    error_ = "T" + std::to_string(highest_) + " was never started";
  } else if (!listening_) {
    error_ = slice_text(slices_.front()) + ": the program is over";
  } else if (index_ < slices_.size() && check_end(Cause::Finished) && index_ + 1 < slices_.size()) {
    error_ = slice_text(slices_[index_ + 1]) + ": the program is over";
  }
  return error_.empty();
}

}  // namespace mini::sched
