// A C++ stack that can be left in the middle and returned to. The one-thread runner needs it for a single
// case: a native that called back into the loop, where the loop has to let another thread run.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>

namespace mini::sched {

class Fiber {
 public:
  /// The calling OS thread's own stack.
  Fiber();
  /// A new stack with a guard page, on which `entry` runs at the first switch; it must never return.
  /// Memory that cannot be had is fatal: std::bad_alloc.
  Fiber(std::size_t stack_bytes, std::function<void()> entry);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Leaves `from`, on which the caller runs, and goes on where `this` was left. Returns when somebody
  /// switches back.
  void switch_from(Fiber& from);

 private:
  static void begin(unsigned high, unsigned low);
  void arrived();

  ucontext_t context_{};
  std::function<void()> entry_;
  std::byte* stack_ = nullptr;  // above the guard page
  std::size_t size_ = 0;
  // What the sanitizers keep for each stack.
  Fiber* came_from_ = nullptr;
  const void* bottom_ = nullptr;
  std::size_t bottom_size_ = 0;
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] void* tsan_ = nullptr;
};

}  // namespace mini::sched
