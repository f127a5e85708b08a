// The slow paths of a VM's memory: size classes, chunks, spans, pages, accounting. Saving is in snapshot.cpp.
#include "runtime/base/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace mini::base {

namespace {

constexpr size_t round_up(size_t value, size_t step) {
  return (value + step - 1) / step * step;
}

void unpoison([[maybe_unused]] std::byte* start, [[maybe_unused]] size_t bytes) {
#if MINI_ASAN
  ASAN_UNPOISON_MEMORY_REGION(start, bytes);
#endif
}

void* map_nothing(void* where, size_t bytes, int flags) {
  void* mapped = ::mmap(where, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

/// A range aligned to `alignment`: twice as much is asked for, and the ends are given back.
std::byte* reserve_aligned(size_t alignment) {
  auto* mapped = static_cast<std::byte*>(map_nothing(nullptr, 2 * alignment, 0));
  if (!mapped) return nullptr;
  const size_t before = (alignment - reinterpret_cast<uintptr_t>(mapped) % alignment) % alignment;
  if (before) ::munmap(mapped, before);
  ::munmap(mapped + before + alignment, alignment - before);
  return mapped + before;
}

/// Where address space is limited: `bytes` at an address that is aligned as a whole range would be.
std::byte* reserve_small(size_t bytes) {
  constexpr uintptr_t kFirst = uintptr_t{1} << 40, kLast = uintptr_t{0x7e} << 40, kStep = uintptr_t{1} << 38;
  static_assert(kStep % Memory::kReserve == 0);
  for (uintptr_t address = kFirst; address < kLast; address += kStep) {
    void* wanted = reinterpret_cast<void*>(address);
    void* mapped = map_nothing(wanted, bytes, MAP_FIXED_NOREPLACE);
    if (mapped == wanted) return static_cast<std::byte*>(mapped);
    if (mapped) ::munmap(mapped, bytes);  // a kernel that does not know the flag
  }
  return nullptr;
}

}  // namespace

Memory* Memory::create(size_t limit_bytes) {
  size_t reserved = kReserve;
  std::byte* start = reserve_aligned(kReserve);
  while (!start && reserved > (size_t{64} << 20)) {
    reserved /= 4;
    start = reserve_small(reserved);
  }
  if (!start) return nullptr;
  const size_t committed = round_up(sizeof(Memory), kPage);
  if (::mprotect(start, committed, PROT_READ | PROT_WRITE) != 0) {
    ::munmap(start, reserved);
    return nullptr;
  }
  return new (start) Memory(reserved, committed, limit_bytes);
}

void Memory::destroy(Memory* memory) {
  if (!memory) return;
  const size_t reserved = static_cast<size_t>(memory->end_ - memory->begin());
  unpoison(memory->begin(), static_cast<size_t>(memory->committed_ - memory->begin()));
  ::munmap(memory, reserved);
}

void Memory::keep_pages() {
  gives_back_ = false;
  unpoison(begin(), static_cast<size_t>(committed_ - begin()));
}

Memory::Memory(size_t reserved, size_t committed, size_t limit_bytes)
    : limit_(std::min(limit_bytes, kUnlimited)),
      top_(begin() + committed),
      committed_(begin() + committed),
      end_(begin() + reserved) {
  settle();
}

// ---- size classes

size_t Memory::class_of(size_t size) {
  if (size <= kSmallLimit) return size ? (size - 1) / kAlignment : 0;
  const size_t last = size - 1;
  const int width = std::bit_width(last);  // 11 to 14
  return kSmallClasses + static_cast<size_t>(width - 11) * 4 + ((last >> (width - 3)) & 3);
}

size_t Memory::class_bytes(size_t index) {
  if (index < kSmallClasses) return (index + 1) * kAlignment;
  const size_t medium = index - kSmallClasses;
  return (5 + medium % 4) << (8 + medium / 4);
}

size_t Memory::usable_size(size_t size) {
  return size <= kMediumLimit ? class_bytes(class_of(size)) : round_up(size, kPage);
}

// ---- accounting

size_t Memory::peak() const {
  return std::min(round_up(std::max(peak_, used()), kPage), limit_ + overshoot_);
}

void Memory::set_limit(size_t bytes) {
  limit_ = std::min(bytes, kUnlimited);
  settle();
}

void Memory::fail_allocation(uint64_t n) {
  fail_countdown_ = n;
  settle();
}

/// Chooses anew where the fast path has to stop.
void Memory::settle() {
  const auto now = static_cast<ptrdiff_t>(used());
  peak_ = std::max(peak_, used());
  mark_ = static_cast<ptrdiff_t>(std::min(round_up(peak_, kPage), limit_ + overshoot_));
  if (fail_countdown_) mark_ = now - PTRDIFF_MAX / 2;  // every allocation is counted down on the slow path
  margin_ = mark_ - now;
}

/// Whether an allocation of so many bytes may happen.
bool Memory::admit(size_t bytes) {
  if (fail_countdown_ && --fail_countdown_ == 0) {
    settle();
    return false;
  }
  return bytes <= limit_ + overshoot_ && used() <= limit_ + overshoot_ - bytes;
}

void Memory::account(ptrdiff_t bytes) {
  margin_ -= bytes;
  if (margin_ < 0) settle();
}

// ---- blocks

void* Memory::allocate_slow(size_t size) {
  if (size > kReserve) return nullptr;
  const size_t bytes = usable_size(size);
  if (!admit(bytes)) return nullptr;
  void* block = bytes <= kMediumLimit ? take_cell(class_of(size)) : take_span(bytes);
  if (!block) return nullptr;
  ++allocations_;
  account(static_cast<ptrdiff_t>(bytes));
  poison_cell(block, size, bytes);
  return block;
}

void Memory::release_slow(void* block, size_t size) {
  if (!block) {
    MINI_ASSERT(size == 0);
    return;
  }
  ++releases_;
  const size_t bytes = usable_size(size);
  margin_ += static_cast<ptrdiff_t>(bytes);
  if (bytes > kMediumLimit) return give_span(static_cast<std::byte*>(block), bytes);
  size_t index = class_of(size);
  if (MINI_ASAN) {
    // What was released last is what a stray pointer still points to: keep it out of use for a while.
    poison(block, bytes);
    Quarantined& oldest = quarantine_[quarantine_next_++ % kQuarantine];
    std::swap(block, oldest.cell);
    std::swap(index, oldest.index);
    if (!block) return;
  }
  give_cell(block, index);
}

void* Memory::reallocate(void* block, size_t old_size, size_t new_size) {
  if (!block) return allocate(new_size);
  const size_t old_bytes = usable_size(old_size);
  if (new_size <= kReserve) {
    const size_t new_bytes = usable_size(new_size);
    bool in_place = new_bytes == old_bytes;
    if (!in_place && old_bytes > kMediumLimit && new_bytes > kMediumLimit) {
      std::byte* start = static_cast<std::byte*>(block);
      if (new_bytes < old_bytes) {
        give_span(start + new_bytes, old_bytes - new_bytes);
        in_place = true;
      } else {
        const size_t more = new_bytes - old_bytes;
        if (!admit(more)) return nullptr;
        in_place = grow_span(start + old_bytes, more);
      }
      if (in_place) account(static_cast<ptrdiff_t>(new_bytes) - static_cast<ptrdiff_t>(old_bytes));
    }
    if (in_place) {
      poison_cell(block, new_size, new_bytes);
      return block;
    }
  }
  void* moved = allocate(new_size);
  if (!moved) return nullptr;
  std::memcpy(moved, block, std::min(old_size, new_size));
  release(block, old_size);
  return moved;
}

// ---- cells

void Memory::give_cell(void* block, size_t index) {
  unpoison(static_cast<std::byte*>(block), sizeof(FreeCell));
  free_[index] = std::construct_at(static_cast<FreeCell*>(block), FreeCell{free_[index]});
  poison(block, class_bytes(index));
}

void* Memory::take_cell(size_t index) {
  if (FreeCell* cell = free_[index]) {
    unpoison(reinterpret_cast<std::byte*>(cell), sizeof(FreeCell));
    free_[index] = cell->next;
    return cell;
  }
  const size_t bytes = class_bytes(index);
  if (static_cast<size_t>(bump_end_ - bump_) < bytes) {
    std::byte* chunk = take_span(kChunk);
    if (!chunk) return nullptr;
    retire_chunk();
    bump_ = chunk;
    bump_end_ = chunk + kChunk;
  }
  std::byte* cell = bump_;
  bump_ += bytes;
  return cell;
}

/// The rest of the current chunk becomes free cells, the largest that fit.
void Memory::retire_chunk() {
  while (bump_ != bump_end_) {
    const size_t rest = static_cast<size_t>(bump_end_ - bump_);
    size_t index = class_of(std::min(rest, kMediumLimit));
    while (class_bytes(index) > rest) --index;
    std::byte* cell = bump_;
    bump_ += class_bytes(index);
    give_cell(cell, index);
  }
}

// ---- spans

std::byte* Memory::take_span(size_t bytes) {
  auto found = spans_by_size_.lower_bound(bytes, BySize());
  if (found == spans_by_size_.end()) {
    std::byte* start = top_;
    return extend_top(bytes) ? start : nullptr;
  }
  std::byte* start = found->begin();
  const size_t size = found->size;
  remove_free(*found);
  if (size > bytes) insert_free(start + bytes, size - bytes);
  return start;
}

/// Takes the `bytes` that follow a span, if they are free.
bool Memory::grow_span(std::byte* end, size_t bytes) {
  if (end == top_) return extend_top(bytes);
  auto next = spans_by_address_.find(static_cast<const void*>(end), ByAddress());
  if (next == spans_by_address_.end() || next->size < bytes) return false;
  const size_t size = next->size;
  remove_free(*next);
  if (size > bytes) insert_free(end + bytes, size - bytes);
  return true;
}

void Memory::give_span(std::byte* start, size_t bytes) {
  poison(start, bytes);
  std::byte* const released = start;
  const size_t released_bytes = bytes;
  size_t dirty_before = 0, dirty_after = 0;  // neighbours that were too small to be given back on their own
  auto next = spans_by_address_.lower_bound(static_cast<const void*>(start), ByAddress());
  if (next != spans_by_address_.begin()) {
    FreeSpan& before = *std::prev(next);
    if (before.end() == start) {
      dirty_before = before.size < kGiveBack ? before.size : 0;
      start = before.begin();
      bytes += before.size;
      remove_free(before);
    }
  }
  if (next != spans_by_address_.end() && next->begin() == start + bytes) {
    dirty_after = next->size < kGiveBack ? next->size : 0;
    bytes += next->size;
    remove_free(*next);
  }
  if (bytes >= kGiveBack && gives_back_) {
    ::madvise(released - dirty_before, dirty_before + released_bytes + dirty_after, MADV_DONTNEED);
  }
  if (start + bytes == top_) {
    top_ = start;
  } else {
    insert_free(start, bytes);
  }
}

void Memory::insert_free(std::byte* start, size_t bytes) {
  unpoison(start, sizeof(FreeSpan));
  FreeSpan& span = *new (start) FreeSpan(bytes);
  spans_by_size_.insert(span);
  spans_by_address_.insert(span);
}

void Memory::remove_free(FreeSpan& span) {
  spans_by_size_.erase(spans_by_size_.iterator_to(span));
  spans_by_address_.erase(spans_by_address_.iterator_to(span));
  span.~FreeSpan();
  poison(span.begin(), sizeof(FreeSpan));
}

/// Moves the top up, making pages accessible in growing steps: mprotect is dear, and each call may split a
/// mapping.
bool Memory::extend_top(size_t bytes) {
  if (bytes > static_cast<size_t>(end_ - top_)) return false;
  if (bytes > static_cast<size_t>(committed_ - top_)) {
    const size_t needed = bytes - static_cast<size_t>(committed_ - top_);
    const size_t have = static_cast<size_t>(committed_ - begin());
    const size_t step = std::clamp(round_up(have / 4, kPage), size_t{256} << 10, size_t{64} << 20);
    const size_t left = static_cast<size_t>(end_ - committed_);
    size_t more = std::min(std::max(needed, step), left);
    if (::mprotect(committed_, more, PROT_READ | PROT_WRITE) != 0) {
      more = needed;
      if (::mprotect(committed_, more, PROT_READ | PROT_WRITE) != 0) return false;
    }
    // The first step is used up by any VM: fetching its pages one by one, at each first touch, takes longer.
    if (have == round_up(sizeof(Memory), kPage)) static_cast<void>(::madvise(committed_, more, MADV_POPULATE_WRITE));
    poison(committed_, more);
    committed_ += more;
  }
  top_ += bytes;
  return true;
}

}  // namespace mini::base
