// How far a thread has come in its switch interval.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "runtime/sched/clock.h"
#include "runtime/sched/machine_speed.h"
#include "runtime/sched/thread.h"

namespace mini::sched {

/// The holder's share of the GIL while others wait, in the time that CPython 3.9 would need here for what it executes:
/// Thread::cpython_time on a machine of another speed.
///
/// Adding up each instruction would slow the fast loop down. So it looks at a few (Thread::cpython_time counts those), finds
/// out what a tick comes to, and lets the thread run on for as many ticks as make a part of what is left: half of the slice
/// if that agrees with what it found before, else an eighth. Then it looks again. Straight on through a loop that is exact
/// to a few parts in a hundred; to a sixth, where its ticks are very uneven.
///
/// A slice whose length was drawn by chance may be `rough`: then it is rounded to five significant bits in ticks, which leaves
/// less to tell in a recording (ForeseenModel). `pace`: how much faster its CPU is than machine_speed() finds.
class IntervalSlice {
 public:
  IntervalSlice() = default;
  /// `speed`: as machine_speed(), which is asked otherwise.
  explicit IntervalSlice(double speed) : fixed_speed_(speed) {}

  bool begun() const { return begun_; }
  void begin(const Thread& thread, Time length, bool rough = false, double pace = 1) {
    begun_ = true;
    rough_ = rough;
    speed_ = (fixed_speed_ > 0 ? fixed_speed_ : machine_speed()) * pace;
    start(thread, on_reference(length));
  }
  void drop() { *this = IntervalSlice(fixed_speed_); }

  /// The thread's ticks() at which it has to be looked at again; kNoTick: never, or (looks()) at once.
  std::uint64_t alarm() const { return alarm_; }
  bool looks() const { return begun_ && alarm_ == Thread::kNoTick; }

  /// How much of it is over.
  Time elapsed(const Thread& thread) const { return begun_ ? here(whole_ - left_ + since_look(thread)) : 0; }
  /// The same, and is as if it began now.
  Time settle(Thread& thread) {
    if (!begun_) return 0;
    const Time left = left_ - since_look(thread), gone = here(whole_ - left);
    if (looks()) remember(thread);
    start(thread, left);
    return gone;
  }
  /// Ends in `left` from now, unless that is later than it would (false).
  bool shorten(const Thread& thread, Time left) {
    const Time gone = since_look(thread), new_left = on_reference(left);
    if (left_ - gone <= new_left) return false;
    whole_ -= left_ - gone - new_left;
    left_ = new_left;
    set_out(thread);
    return true;
  }

  bool is_over(const Thread& thread) const {
    if (!begun_) return false;
    return looks() ? seen(thread) >= left_ : thread.ticks() >= alarm_ && left_ == stride_;
  }
  /// At a look at the thread: decides how to go on. Whether the slice is over.
  bool advance(Thread& thread) {
    if (is_over(thread)) return true;
    if (!looks()) {
      if (thread.ticks() < alarm_) return false;
      left_ -= stride_;
      look_from(thread);
      first_seen_time_ = time_;
      return false;
    }
    const Time time = seen(thread);
    if (const std::uint64_t ticks = thread.ticks(); ticks != last_tick_) {
      if (first_seen_time_ == kNever) first_seen_time_ = thread.cpython_time, first_seen_ = ticks;
      else longest_gap_ = std::max(longest_gap_, thread.cpython_time - last_tick_time_);
      last_tick_ = ticks;
      last_tick_time_ = thread.cpython_time;
    }
    if (first_seen_time_ == kNever) return false;
    const double known = thread.tick_time;
    const Time span = last_tick_time_ - first_seen_time_;  // from tick to tick: the beginning and the end may be amid two
    // Not just after a long gap: a look would end in one more often than not.
    if (span < (known > 0 ? kLookedAt : 2 * kLookedAt) || span < 4 * longest_gap_) return false;
    left_ -= time;
    const double found = static_cast<double>(span) / static_cast<double>(last_tick_ - first_seen_);
    const bool agrees = found < 1.5 * known && known < 1.5 * found;
    // The mean of some looks; without the first, which may have seen the thread's beginning, or that of another loop.
    thread.tick_time = agrees ? (thread.tick_looks * known + found) / (thread.tick_looks + 1) : found;
    thread.tick_looks = !agrees ? 0 : std::min(thread.tick_looks + 1, 3);
    thread.tick_gap = std::max(longest_gap_, thread.tick_gap * 15 / 16);  // a look may miss the long one of a loop's gaps
    run_on(thread, std::max(agrees ? whole_ / 2 : whole_ / 8, time));
    return false;
  }

  /// How much later than at its end the thread is to give way, at most. A slice ends at a tick, as likely at each: so it takes
  /// a random time of up to one from tick to tick until a switch is as likely everywhere, and several where ticks are uneven.
  static Time most_put_off(const Thread& thread) {
    const auto gap = static_cast<double>(thread.tick_gap);
    const double unevenness = thread.tick_time > 0 ? gap / thread.tick_time : 1;
    return static_cast<Time>(std::min(gap * std::max(2 * unevenness - 1, 1.0), static_cast<double>(kMostPutOff)));
  }

 private:
  static constexpr Time kLookedAt = 640;
  static constexpr Time kMostPutOff = 50 * kMicrosecond;  // each instruction in it is looked at

  // What is done here in a time takes longer, or not so long, on the machine whose nanoseconds Thread::cpython_time counts.
  Time on_reference(Time time) const { return time == kNever ? kNever : whole_of(static_cast<double>(time) * speed_); }
  Time here(Time time) const { return whole_of(static_cast<double>(time) / speed_); }
  static Time whole_of(double time) { return static_cast<Time>(std::min(time, 0x1p62)); }
  // A thread that gives the GIL up after a few instructions each time is found out about over several slices.
  void remember(Thread& thread) {
    if (thread.tick_time > 0) return;
    thread.looked_time += seen(thread);
    thread.looked_ticks += thread.ticks() - ticks_;
    if (thread.looked_time < 2 * kLookedAt || thread.looked_ticks == 0) return;
    thread.tick_time = static_cast<double>(thread.looked_time) / static_cast<double>(thread.looked_ticks);
  }
  void start(const Thread& thread, Time length) {
    left_ = whole_ = std::max<Time>(length, 1);
    first_tick_ = thread.ticks();
    set_out(thread);
  }
  void set_out(const Thread& thread) {
    look_from(thread);
    if (thread.tick_time > 0) run_on(thread, whole_ / 2);
  }
  void run_on(const Thread& thread, Time wanted) {
    stride_ = std::min(left_, wanted);
    const auto ticks = static_cast<std::uint64_t>(std::ceil(static_cast<double>(stride_) / thread.tick_time));
    alarm_ = thread.ticks() + std::max<std::uint64_t>(ticks, 1);
    if (rough_ && stride_ == left_) {
      const std::uint64_t length = alarm_ - first_tick_, step = std::max<std::uint64_t>(std::bit_floor(length) / 16, 1);
      alarm_ = std::max(first_tick_ + (length + step / 2) / step * step, thread.ticks() + 1);
    }
    run_ = static_cast<Time>(alarm_ - thread.ticks());
  }
  void look_from(const Thread& thread) {
    alarm_ = Thread::kNoTick;
    ticks_ = first_seen_ = last_tick_ = thread.ticks();
    time_ = last_tick_time_ = thread.cpython_time;
    first_seen_time_ = kNever;
    longest_gap_ = 0;
  }
  Time seen(const Thread& thread) const { return thread.cpython_time - time_; }
  Time since_look(const Thread& thread) const {
    if (looks()) return seen(thread);
    const Time run = run_ - static_cast<Time>(alarm_ - thread.ticks());
    const double share = static_cast<double>(run) / static_cast<double>(run_);
    return std::clamp<Time>(whole_of(static_cast<double>(stride_) * share), 0, stride_);
  }

  double fixed_speed_ = 0, speed_ = 1;
  bool begun_ = false, rough_ = false;
  Time whole_ = 0;   // the length of the slice, on the machine of Thread::cpython_time …
  Time left_ = 0;    // … and what is left of it, but for what was done since the last look
  Time stride_ = 0;  // until the alarm …
  Time run_ = 1;     // … in as many ticks
  std::uint64_t alarm_ = Thread::kNoTick;
  std::uint64_t first_tick_ = 0;  // the thread's, when the slice began
  std::uint64_t ticks_ = 0;       // the thread's, when it was first looked at
  Time time_ = 0;
  std::uint64_t first_seen_ = 0, last_tick_ = 0;  // the first that was seen since then, or at that moment; and the last
  Time first_seen_time_ = kNever, last_tick_time_ = 0, longest_gap_ = 0;
};

}  // namespace mini::sched
