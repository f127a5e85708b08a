// What natives that call other values in the middle of their work need: a bound on the depth, and protection
// of containers that contain themselves.
#pragma once

#include "runtime/object/heap.h"

namespace mini::object {

/// One level of native work on the C++ stack. Ask `entered()`: false means that RecursionError is raised.
/// `what` goes behind its text.
class [[nodiscard]] NativeScope {
 public:
  explicit NativeScope(Heap& heap, const char* what = "")
      : heap_(heap), entered_(heap.hooks().enter_native(heap).ok()) {
    if (entered_ || !*what || !heap.pending_is(BuiltinType::kRecursionError)) return;
    static_cast<void>(heap.raise(BuiltinType::kRecursionError, "maximum recursion depth exceeded{}", what));
  }
  ~NativeScope() {
    if (entered_) heap_.hooks().leave_native(heap_);
  }
  NativeScope(const NativeScope&) = delete;
  NativeScope& operator=(const NativeScope&) = delete;
  bool entered() const { return entered_; }

 private:
  Heap& heap_;
  bool entered_;
};

/// A container whose repr this thread is making. `repeated()`: it is being made already, further up.
class [[nodiscard]] ReprScope {
 public:
  ReprScope(Heap& heap, const Object* container)
      : head_(heap.repr_chain()), container_(container), outer_(static_cast<ReprScope*>(*head_)) {
    for (ReprScope* scope = outer_; scope && !repeated_; scope = scope->outer_) {
      repeated_ = scope->container_ == container;
    }
    *head_ = this;
  }
  ~ReprScope() { *head_ = outer_; }
  ReprScope(const ReprScope&) = delete;
  ReprScope& operator=(const ReprScope&) = delete;
  bool repeated() const { return repeated_; }

 private:
  void** head_;
  const Object* container_;
  ReprScope* outer_;
  bool repeated_ = false;
};

}  // namespace mini::object
