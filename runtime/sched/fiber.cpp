// See fiber.h. The sanitizers have to be told of every switch, or they take one stack for another.
#include "runtime/sched/fiber.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#include "runtime/base/memory.h"  // MINI_ASAN, MINI_TSAN

#if MINI_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if MINI_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace mini::sched {

namespace {
constexpr std::size_t kGuardBytes = 64 << 10;

#if MINI_ASAN
// The C library's own: ASan's stand-in warns, on standard error, that it does not understand such switches. It is told of
// each of them below.
int swap_contexts(ucontext_t* from, const ucontext_t* to) {
  static const auto swap = reinterpret_cast<decltype(&swapcontext)>(dlsym(RTLD_NEXT, "swapcontext"));
  return swap(from, to);
}
#else
int swap_contexts(ucontext_t* from, const ucontext_t* to) { return swapcontext(from, to); }
#endif
}  // namespace

Fiber::Fiber() {
#if MINI_TSAN
  tsan_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(std::size_t stack_bytes, std::function<void()> entry)
    : entry_(std::move(entry)), size_(stack_bytes) {
  void* map = mmap(nullptr, kGuardBytes + size_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (map == MAP_FAILED) throw std::bad_alloc();
  mprotect(map, kGuardBytes, PROT_NONE);
  stack_ = static_cast<std::byte*>(map) + kGuardBytes;
  bottom_ = stack_;
  bottom_size_ = size_;
#if MINI_TSAN
  tsan_ = __tsan_create_fiber(0);
#endif
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = size_;
  const auto self = reinterpret_cast<std::uintptr_t>(this);  // makecontext passes nothing wider than int
  makecontext(&context_, reinterpret_cast<void (*)()>(begin), 2, static_cast<unsigned>(self >> 32),
              static_cast<unsigned>(self));
}

Fiber::~Fiber() {
  if (!stack_) return;
#if MINI_TSAN
  __tsan_destroy_fiber(tsan_);
#endif
#if MINI_ASAN
  __asan_unpoison_memory_region(stack_,
                                size_);  // what its frames left behind is no concern of the next owner's
#endif
  munmap(stack_ - kGuardBytes, kGuardBytes + size_);
}

void Fiber::begin(unsigned high, unsigned low) {
  auto* self = reinterpret_cast<Fiber*>(std::uintptr_t{high} << 32 | low);
  self->arrived();
  self->entry_();
  std::terminate();
}

void Fiber::switch_from(Fiber& from) {
  came_from_ = &from;
#if MINI_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack_, bottom_, bottom_size_);
#endif
#if MINI_TSAN
  __tsan_switch_to_fiber(tsan_, 0);
#endif
  swap_contexts(&from.context_, &context_);
  from.arrived();
}

void Fiber::arrived() {
#if MINI_ASAN
  // Answers the bounds of the stack that was left: how those of an OS thread's own stack become known.
  __sanitizer_finish_switch_fiber(fake_stack_, &came_from_->bottom_, &came_from_->bottom_size_);
#endif
}

}  // namespace mini::sched
