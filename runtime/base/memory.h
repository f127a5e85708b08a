// A VM's memory: one reserved address range that holds everything a script can change, so that a VM can be
// limited, accounted for, saved and put back at the same addresses, and dropped as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/base/assert.h"
#include "runtime/base/intrusive.h"

#if defined(__SANITIZE_ADDRESS__)
#define MINI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MINI_ASAN 1
#endif
#endif
#ifndef MINI_ASAN
#define MINI_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define MINI_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MINI_TSAN 1
#endif
#endif
#ifndef MINI_TSAN
#define MINI_TSAN 0
#endif

#if MINI_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace mini::base {

/// The saved bytes of a Memory, held in host memory. Saving again into the same object reuses its buffer,
/// which is what makes it quick: the pages are there already.
class Snapshot {
 public:
  /// Bytes that were copied.
  size_t size() const { return size_; }

 private:
  friend class Memory;
  struct Piece {
    size_t offset;  // from the start of the range
    size_t size;
  };
  const void* owner_ = nullptr;
  std::vector<Piece> pieces_;
  std::unique_ptr<std::byte[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
  std::vector<uint8_t> shadow_;  // ASan's view of the range; empty in other builds
};

/// The allocator of one VM. It lies at the start of its own range, with all its state, and so is saved and
/// restored with what it manages. Not thread-safe: whoever calls holds the VM's GIL.
///
/// Sizes up to kSmallLimit come from free lists of 16-byte steps, up to kMediumLimit from lists of four steps
/// for each doubling (at most 25 % unused), larger ones from page-grained spans (best fit, coalesced; big
/// free ones are given back to the operating system).
class Memory {
 public:
  static constexpr size_t kUnlimited = SIZE_MAX / 4;
  /// Size and alignment of the range. Address space only: pages cost nothing until they are touched.
  static constexpr size_t kReserve = MINI_TSAN ? size_t{4} << 30 : size_t{64} << 30;
  static constexpr size_t kAlignment = 16;
  static constexpr size_t kSmallLimit = 1024;
  static constexpr size_t kMediumLimit = 16384;
  /// What an OvershootScope lets a VM take beyond its limit, in bytes.
  static constexpr size_t kOvershoot = 64 << 10;

  /// Reserves a range (a smaller one where kReserve is refused). nullptr when the system has no room at all.
  static Memory* create(size_t limit_bytes = kUnlimited);
  /// Drops the range with everything in it; runs no destructors.
  static void destroy(Memory* memory);

  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// The Memory whose range `address` lies in (unchecked).
  static Memory& of(const void* address) {
    return *reinterpret_cast<Memory*>(reinterpret_cast<uintptr_t>(address) & ~(uintptr_t{kReserve} - 1));
  }

  /// At least `size` bytes, aligned to 16; uninitialised. nullptr when the limit would be exceeded, the
  /// system has no memory left, or fail_allocation() said so. Size 0 is a block like any other.
  [[nodiscard, gnu::assume_aligned(16)]] void* allocate(size_t size) {
    const size_t index = (size - 1) / kAlignment;  // size 0 wraps round, and is left to the slow path
    if (index < kSmallClasses) [[likely]] {
      FreeCell* cell = free_[index];
      const ptrdiff_t margin = margin_ - static_cast<ptrdiff_t>((index + 1) * kAlignment);
      if (cell && margin >= 0) [[likely]] {
        poison_cell(cell, sizeof(FreeCell), sizeof(FreeCell));
        free_[index] = cell->next;
        margin_ = margin;
        ++allocations_;
        poison_cell(cell, size, (index + 1) * kAlignment);
        return cell;
      }
    }
    return allocate_slow(size);
  }

  /// Gives back a block; `size` is what was asked for. nullptr is allowed, with size 0.
  void release(void* block, size_t size) {
    const size_t index = (size - 1) / kAlignment;
    if (index < kSmallClasses && !MINI_ASAN) [[likely]] {
      margin_ += static_cast<ptrdiff_t>((index + 1) * kAlignment);
      ++releases_;
      free_[index] = std::construct_at(static_cast<FreeCell*>(block), FreeCell{free_[index]});
      return;
    }
    release_slow(block, size);
  }

  /// Resizes a block, in place if possible, else by moving its bytes. nullptr (and the block untouched) where
  /// allocate() would say so. A nullptr block of size 0 is allowed.
  [[nodiscard]] void* reallocate(void* block, size_t old_size, size_t new_size);

  /// How many bytes an allocation of `size` really holds: a growing buffer may take them all.
  static size_t usable_size(size_t size);

  /// Bytes in live blocks, as rounded by the allocator.
  size_t used() const { return static_cast<size_t>(mark_ - margin_); }
  /// The highest used() so far, rounded up to 4 KiB.
  size_t peak() const;
  size_t limit() const { return limit_; }
  /// A limit below used() is allowed: nothing can be allocated until enough was released.
  void set_limit(size_t bytes);

  size_t live_blocks() const { return allocations_ - releases_; }
  /// Blocks handed out since the VM began.
  uint64_t allocation_count() const { return allocations_; }
  /// Bytes from the start of the range to the end of what was ever handed out and not merged back.
  size_t extent() const { return static_cast<size_t>(top_ - begin()); }

  /// The n-th allocation from now (1 is the next) returns nullptr, once. 0 takes that back. For tests.
  void fail_allocation(uint64_t n);

  /// The VM's root structure: what a restored VM starts from.
  void* root() const { return root_; }
  void set_root(void* root) { root_ = root; }

  /// Copies what is in use, the allocator's own state included, to host memory.
  void save(Snapshot& into) const;
  Snapshot save() const {
    Snapshot snapshot;
    save(snapshot);
    return snapshot;
  }
  /// Puts everything back as it was when `snapshot` was saved from this Memory.
  void restore(const Snapshot& snapshot);

  /// From now on the pages belong to whoever restores only those that were written to (explore/memory_image.h): free ones
  /// keep their bytes, instead of being given back to the operating system, which would make zeros of them unseen; and
  /// under ASan nothing is poisoned any more, as the marks would not be restored.
  void keep_pages();

  /// The accessible part of the range, for whoever watches its pages. Grows only.
  std::span<std::byte> accessible() { return {begin(), static_cast<size_t>(committed_ - begin())}; }

  bool contains(const void* address) const {
    return address >= static_cast<const void*>(begin()) && address < static_cast<const void*>(top_);
  }

 private:
  friend class OvershootScope;

  struct FreeCell {
    FreeCell* next;
  };
  struct BySize;
  struct ByAddress;
  struct FreeSpan : SetHook<BySize>, SetHook<ByAddress> {
    explicit FreeSpan(size_t bytes) : size(bytes) {}
    size_t size;
    std::byte* begin() { return reinterpret_cast<std::byte*>(this); }
    std::byte* end() { return begin() + size; }
  };
  struct BySize {
    bool operator()(const FreeSpan& a, const FreeSpan& b) const {
      return a.size != b.size ? a.size < b.size : &a < &b;
    }
    bool operator()(const FreeSpan& a, size_t b) const { return a.size < b; }
    bool operator()(size_t a, const FreeSpan& b) const { return a < b.size; }
  };
  struct ByAddress {
    bool operator()(const FreeSpan& a, const FreeSpan& b) const { return &a < &b; }
    bool operator()(const FreeSpan& a, const void* b) const { return static_cast<const void*>(&a) < b; }
    bool operator()(const void* a, const FreeSpan& b) const { return a < static_cast<const void*>(&b); }
  };

  static constexpr size_t kPage = 4096;
  static constexpr size_t kChunk = 64 << 10;    // cells are cut from chunks of this size
  static constexpr size_t kGiveBack = 4 << 20;  // free spans from this size on are given back to the system
  static constexpr size_t kSmallClasses = kSmallLimit / kAlignment;
  static constexpr size_t kClasses = kSmallClasses + 16;
  static constexpr size_t kQuarantine = MINI_ASAN ? 256 : 1;  // released cells that ASan keeps out of use

  Memory(size_t reserved, size_t committed, size_t limit_bytes);

  std::byte* begin() { return reinterpret_cast<std::byte*>(this); }
  const std::byte* begin() const { return reinterpret_cast<const std::byte*>(this); }

  static size_t class_of(size_t size);
  static size_t class_bytes(size_t index);

  [[gnu::noinline]] void* allocate_slow(size_t size);
  [[gnu::noinline]] void release_slow(void* block, size_t size);
  bool admit(size_t bytes);
  void account(ptrdiff_t bytes);
  void settle();
  void* take_cell(size_t index);
  void give_cell(void* block, size_t index);
  void retire_chunk();
  std::byte* take_span(size_t bytes);
  void give_span(std::byte* start, size_t bytes);
  bool grow_span(std::byte* end, size_t bytes);
  bool extend_top(size_t bytes);
  void insert_free(std::byte* start, size_t bytes);
  void remove_free(FreeSpan& span);

  /// ASan: nothing of the bytes may be touched.
  void poison([[maybe_unused]] void* start, [[maybe_unused]] size_t bytes) const {
#if MINI_ASAN
    if (gives_back_) ASAN_POISON_MEMORY_REGION(start, bytes);
#endif
  }
  /// ASan: of the cell's `bytes`, the first `size` may be touched.
  void poison_cell([[maybe_unused]] void* cell, [[maybe_unused]] size_t size, [[maybe_unused]] size_t bytes) const {
#if MINI_ASAN
    ASAN_UNPOISON_MEMORY_REGION(cell, size);
    poison(static_cast<std::byte*>(cell) + size, bytes - size);
#endif
  }

  // used() is mark_ - margin_. The fast path looks at margin_ alone: it runs out where the limit, the next
  // 4 KiB of the peak or an injected failure has to be looked at.
  ptrdiff_t margin_ = 0;
  uint64_t allocations_ = 0;
  uint64_t releases_ = 0;
  FreeCell* free_[kClasses] = {};
  ptrdiff_t mark_ = 0;
  size_t limit_;
  size_t overshoot_ = 0;
  bool gives_back_ = true;  // until keep_pages()
  size_t peak_ = 0;
  uint64_t fail_countdown_ = 0;
  std::byte* bump_ = nullptr;  // the rest of the current chunk
  std::byte* bump_end_ = nullptr;
  std::byte* top_;        // nothing is handed out from here on
  std::byte* committed_;  // no access from here on
  std::byte* end_;
  void* root_ = nullptr;
  Set<FreeSpan, BySize, BySize> spans_by_size_;
  Set<FreeSpan, ByAddress, ByAddress> spans_by_address_;
  struct Quarantined {
    void* cell = nullptr;
    size_t index = 0;
  };
  Quarantined quarantine_[kQuarantine];
  size_t quarantine_next_ = 0;
};

/// While it lives, the VM may take kOvershoot bytes beyond its limit: room to build the MemoryError. Nests
/// (each scope adds). Neither save nor restore may happen inside.
class OvershootScope {
 public:
  explicit OvershootScope(Memory& memory) : memory_(memory) {
    memory_.overshoot_ += Memory::kOvershoot;
    memory_.settle();
  }
  ~OvershootScope() {
    memory_.overshoot_ -= Memory::kOvershoot;
    memory_.settle();
  }
  OvershootScope(const OvershootScope&) = delete;
  OvershootScope& operator=(const OvershootScope&) = delete;

 private:
  Memory& memory_;
};

}  // namespace mini::base
