#include "interp/explore/memory_image.h"

#include <signal.h>
#include <sys/mman.h>
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/base/assert.h"
#include "runtime/sched/clock.h"

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

/// Vectors go by reference: by value, the two functions below would not agree on how.
[[gnu::always_inline]] inline void add_difference(Vector& sum, const std::byte* a, const std::byte* b) {
  Vector left, right;
  std::memcpy(&left, a, sizeof left);
  std::memcpy(&right, b, sizeof right);
  sum |= left ^ right;
}

/// Bit i: line i of the page differs. Most pages do not differ at all, which is found out first.
[[gnu::always_inline]] inline uint64_t compare_pages(const std::byte* a, const std::byte* b) {
  Vector any[4] = {};
  for (size_t i = 0; i < 4096; i += sizeof any)
    for (size_t k = 0; k < 4; ++k) add_difference(any[k], a + i + k * sizeof(Vector), b + i + k * sizeof(Vector));
  const Vector all = (any[0] | any[1]) | (any[2] | any[3]);
  if ((all[0] | all[1] | all[2] | all[3]) == 0) return 0;
  uint64_t lines = 0;
  for (size_t i = 0; i < 64; ++i) {
    Vector line = {};
    add_difference(line, a + i * kLineBytes, b + i * kLineBytes);
    add_difference(line, a + i * kLineBytes + sizeof(Vector), b + i * kLineBytes + sizeof(Vector));
    lines |= uint64_t{(line[0] | line[1] | line[2] | line[3]) != 0} << i;
  }
  return lines;
}

#ifdef CPU_FEATURE_ACTIVE
[[gnu::target("avx2")]] uint64_t compare_with_avx2(const std::byte* a, const std::byte* b) { return compare_pages(a, b); }

// The C library knows what the processor can do. The compiler's own way (target_clones) asks the processor once more at the
// start of every program, by instructions that are dear on a virtual machine.
uint64_t differing_lines(const std::byte* a, const std::byte* b) {
  static const bool has_avx2 = CPU_FEATURE_ACTIVE(AVX2);
  return has_avx2 ? compare_with_avx2(a, b) : compare_pages(a, b);
}
#else
uint64_t differing_lines(const std::byte* a, const std::byte* b) { return compare_pages(a, b); }
#endif

}  // namespace

void MemoryImage::make_room(base::Memory& memory, size_t bytes) {
  for (; bytes > 0; bytes /= 2) {
    void* block = memory.allocate(bytes);
    if (!block) continue;  // the VM's own limit
    memory.release(block, bytes);
    return;
  }
}

MemoryImage::MemoryImage(base::Memory& memory) : memory_(memory) {
  MINI_ASSERT(!watched);
  const auto accessible = memory.accessible();
  start_ = accessible.data();
  size_ = accessible.size();
  current_ = map_zeros(size_);
  base_ = map_zeros(size_);
  memory.keep_pages();
  hot_.reserve(size_ / kPage);
  is_hot_.resize(size_ / kPage);
  was_hot_.resize(size_ / kPage);
  changes_.resize(size_ / kPage);
  cools_.resize(size_ / kPage);
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
  ::munmap(current_, size_);
  ::munmap(base_, size_);
}

bool MemoryImage::catch_write(const void* address) {
  constexpr size_t kMany = 8, kTogether = 64;
  const auto* at = static_cast<const std::byte*>(address);
  if (at < start_ || at >= start_ + size_) return false;
  const size_t page = static_cast<size_t>(at - start_) / kPage;
  if (is_hot_[page]) return false;  // writable already: a true fault
  // A step that writes to many pages, such as an exit, writes to their neighbours too: a fault costs more than some copies.
  const bool alone = ++caught_ <= kMany;
  const size_t first = alone ? page : page / kTogether * kTogether;
  const size_t end = alone ? page + 1 : std::min(first + kTogether, is_hot_.size());
  for (size_t each = first; each < end; ++each) {
    if (is_hot_[each]) continue;
    if (!was_hot_[each]) {
      ++copied_;
      std::memcpy(base_ + each * kPage, start_ + each * kPage, kPage);
      std::memcpy(current_ + each * kPage, start_ + each * kPage, kPage);
    }
    hot_.push_back(static_cast<uint32_t>(each));
    is_hot_[each] = was_hot_[each] = true;
    cools_[each] = each != page;
  }
  if (!alone) cools_for_ = std::max(cools_for_, watch_price_);
  return ::mprotect(start_ + first * kPage, (end - first) * kPage, PROT_READ | PROT_WRITE) == 0;
}

void MemoryImage::watch(std::span<const uint32_t> pages) {
  const sched::Time began = sched::monotonic_now();
  for (size_t i = 0; i < pages.size();) {
    const size_t first = i;
    do is_hot_[pages[i++]] = false;
    while (i < pages.size() && pages[i] == pages[i - 1] + 1);
    MINI_ASSERT(::mprotect(start_ + pages[first] * kPage, (i - first) * kPage, PROT_READ) == 0);
  }
  if (pages.empty()) return;
  constexpr sched::Time kComparison = 70;  // nanoseconds a page, in the processor's second cache
  const auto price = (sched::monotonic_now() - began) / static_cast<sched::Time>(pages.size()) / kComparison;
  watch_price_ = static_cast<uint32_t>(std::clamp<sched::Time>(price, kLeastPrice, kHighestPrice));
}

template <typename Predicate>
void MemoryImage::watch_where(Predicate rests) {
  const auto resting = std::stable_partition(hot_.begin(), hot_.end(), [&](uint32_t page) { return !rests(page); });
  watch({resting, hot_.end()});
  hot_.erase(resting, hot_.end());
  sorted_ = hot_.size();
}

void MemoryImage::rest() {
  constexpr uint32_t kFewest = 2000, kSeldom = 50;  // a fault costs as much as so many comparisons
  if (looks_ < kFewest) return;
  sort();
  watch_where([&](uint32_t page) { return std::exchange(changes_[page], 0) < looks_ / kSeldom; });
  looks_ = 0;
}

void MemoryImage::sort() {
  if (sorted_ != hot_.size()) std::sort(hot_.begin(), hot_.end());
  sorted_ = hot_.size();
}

void MemoryImage::changed(std::vector<Line>& lines) {
  lines.clear();
  caught_ = 0;
  ++looks_;
  sort();
  for (uint32_t page : hot_) {
    uint64_t differing = differing_lines(start_ + page * kPage, current_ + page * kPage);
    if (differing) ++changes_[page], cools_[page] = false;
    for (; differing; differing &= differing - 1)
      lines.push_back(page * (kPage / kLineBytes) + static_cast<Line>(__builtin_ctzll(differing)));
  }
  if (cools_for_ > 0 && --cools_for_ == 0) watch_where([&](uint32_t page) { return cools_[page]; });
}

void MemoryImage::cool_down(size_t mark) {
  for (size_t i = 0; i < hot_.size(); ++i) {
    const uint32_t page = hot_[i];
    if (i < mark && !cools_[page]) continue;
    std::memcpy(start_ + page * kPage, current_ + page * kPage, kPage);
    cools_[page] = true;
    cools_for_ = watch_price_;
  }
  std::vector<Line> lines;
  changed(lines);
  revert(lines);
}

}  // namespace mini::explore
