#include "interp/explore/memory_image.h"

#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "runtime/base/assert.h"

namespace mini::explore {

namespace {

MemoryImage* watched = nullptr;  // by the handler of this process
struct sigaction handler_before;

void on_fault(int signal, siginfo_t* info, void* context) {
  if (watched && watched->catch_write(info->si_addr)) return;
  // Not ours: whoever was asked before shall have it, when the instruction is tried again.
  static_cast<void>(context);
  sigaction(signal, &handler_before, nullptr);
}

std::byte* map_zeros(size_t bytes) {
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(mapped);
}

using Vector = uint64_t __attribute__((vector_size(32)));
struct Pair {
  Vector first, second;
};

/// Bit i: line i of the page differs.
[[gnu::target_clones("avx2", "default")]] uint64_t differing_lines(const std::byte* a, const std::byte* b) {
  uint64_t lines = 0;
  for (size_t i = 0; i < 64; ++i) {
    Pair left, right;
    std::memcpy(&left, a + i * kLineBytes, sizeof left);
    std::memcpy(&right, b + i * kLineBytes, sizeof right);
    const Vector difference = (left.first ^ right.first) | (left.second ^ right.second);
    const bool differs = (difference[0] | difference[1] | difference[2] | difference[3]) != 0;
    lines |= uint64_t{differs} << i;
  }
  return lines;
}

}  // namespace

MemoryImage::MemoryImage(base::Memory& memory, size_t room) : memory_(memory) {
  MINI_ASSERT(!watched);
  const auto accessible = memory.accessible();
  start_ = accessible.data();
  size_ = accessible.size();
  reserved_ = (size_ + room + kPage - 1) / kPage * kPage;
  current_ = map_zeros(reserved_);
  base_ = map_zeros(reserved_);
  hot_.reserve(reserved_ / kPage);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &handler_before);
  watched = this;
  MINI_ASSERT(::mprotect(start_, size_, PROT_READ) == 0);
}

MemoryImage::~MemoryImage() {
  ::mprotect(start_, size_, PROT_READ | PROT_WRITE);
  watched = nullptr;
  sigaction(SIGSEGV, &handler_before, nullptr);
  ::munmap(current_, reserved_);
  ::munmap(base_, reserved_);
}

bool MemoryImage::catch_write(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  if (at < start_ || at >= start_ + size_) return false;
  const size_t page = static_cast<size_t>(at - start_) / kPage;
  if (std::find(hot_.begin(), hot_.end(), page) != hot_.end()) return false;  // writable already: a true fault
  std::memcpy(base_ + page * kPage, start_ + page * kPage, kPage);
  std::memcpy(current_ + page * kPage, start_ + page * kPage, kPage);
  make_hot(page);
  return ::mprotect(start_ + page * kPage, kPage, PROT_READ | PROT_WRITE) == 0;
}

void MemoryImage::make_hot(size_t page) { hot_.push_back(static_cast<uint32_t>(page)); }

/// Pages that the memory took meanwhile were never seen before: in the base they are zero, as the system gave them.
void MemoryImage::include_growth() {
  size_t size = memory_.accessible().size();
  if (size <= size_) return;
  if (size > reserved_) {
    overflowed_ = true;
    size = reserved_;
  }
  for (size_t page = size_ / kPage; page < size / kPage; ++page) make_hot(page);
  size_ = std::max(size, size_);
}

void MemoryImage::changed(std::vector<Line>& lines) {
  lines.clear();
  include_growth();
  if (sorted_ != hot_.size()) {
    std::sort(hot_.begin(), hot_.end());
    sorted_ = hot_.size();
  }
  for (uint32_t page : hot_) {
    uint64_t differing = differing_lines(start_ + page * kPage, current_ + page * kPage);
    for (; differing; differing &= differing - 1)
      lines.push_back(page * (kPage / kLineBytes) + static_cast<Line>(__builtin_ctzll(differing)));
  }
}

void MemoryImage::cool_down(size_t mark) {
  for (size_t i = mark; i < hot_.size(); ++i) {
    std::byte* page = start_ + hot_[i] * kPage;
    std::memcpy(page, current_ + hot_[i] * kPage, kPage);
    ::mprotect(page, kPage, PROT_READ);
  }
  hot_.resize(mark);
  std::vector<Line> lines;
  changed(lines);
  revert(lines);
}

}  // namespace mini::explore
