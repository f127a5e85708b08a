// What the scheduler keeps about the time of each thread: how long it ran, waited for the GIL, waited for what else.
// In the VM's memory, changed by the holder of the GIL alone, at hand-overs and waits: an instruction costs nothing.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "runtime/sched/clock.h"

namespace mini::sched {

/// What a blocked thread waits for, for reports.
enum class WaitKind : std::uint8_t { None, Sleep, Lock, Condition, Join, Start, Descriptor, Exit, Queue, Import, Other };
constexpr std::size_t kWaitKinds = static_cast<std::size_t>(WaitKind::Other) + 1;

/// How often durations occurred, in steps of a quarter of a power of two: a percentile is at most 19 % too large.
class Histogram {
 public:
  void add(Time nanoseconds) {
    ++buckets_[bucket_of(nanoseconds)];
    ++count_;
    sum_ += nanoseconds;
    if (nanoseconds > longest_) longest_ = nanoseconds;
  }
  void add(const Histogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    if (other.longest_ > longest_) longest_ = other.longest_;
  }
  std::uint64_t count() const { return count_; }
  Time sum() const { return sum_; }
  Time longest() const { return longest_; }
  /// The duration that this share of them (0 to 1) did not exceed; 0 if there were none.
  Time percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      seen += buckets_[i];
      if (seen > 0 && seen >= wanted) return end_of(i) < longest_ ? end_of(i) : longest_;
    }
    return longest_;
  }

 private:
  static constexpr std::size_t kBuckets = 4 * 40;  // up to half an hour; longer ones count as that
  static std::size_t bucket_of(Time nanoseconds) {
    const auto value = static_cast<std::uint64_t>(nanoseconds < 4 ? 4 : nanoseconds);
    const auto power = static_cast<std::size_t>(std::bit_width(value)) - 3;  // value >> power is 4 to 7
    const std::size_t bucket = 4 * power + ((value >> power) & 3);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  static Time end_of(std::size_t bucket) {
    return static_cast<Time>((5 + bucket % 4) << (bucket / 4));
  }

  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  Time sum_ = 0, longest_ = 0;
};

/// A thread's time since it was started, in nanoseconds of the VM's clock.
struct Account {
  Time since = 0;                         ///< when it entered the state that it is in; kNever: not known (keep_accounts())
  Time running = 0;                       ///< held the GIL
  Time outside = 0;                       ///< in calls around which it had given the GIL up
  std::array<Time, kWaitKinds> blocked{}; ///< waited, by what for
  Histogram waits;                        ///< for the GIL, each time that it wanted it and another thread had it
  std::uint64_t calls = 0;                ///< times it gave the GIL up around a call

  /// Of the time in which it wanted to run, the share in which it did; 1 if it never wanted to.
  double share() const {
    const Time wanted = running + waits.sum();
    return wanted > 0 ? static_cast<double>(running) / static_cast<double>(wanted) : 1;
  }
};

/// Jain's index of some shares: 1 when all are equal, 1/n when one thread has everything.
class Fairness {
 public:
  void add(double share) {
    sum_ += share;
    squares_ += share * share;
    ++count_;
  }
  double index() const { return squares_ > 0 ? sum_ * sum_ / (static_cast<double>(count_) * squares_) : 1; }

 private:
  double sum_ = 0, squares_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace mini::sched
