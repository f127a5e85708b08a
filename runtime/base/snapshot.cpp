// Saving and restoring a VM's memory: plain copies to and from the same addresses.
#include <cstring>

#include "runtime/base/memory.h"

namespace mini::base {

namespace {

#if MINI_ASAN
#define MINI_NOT_SANITIZED __attribute__((no_sanitize("address", "undefined")))

/// ASan's shadow: one byte for each eight. It is copied byte for byte, because which bytes may be touched
/// (ends of cells, free cells, what upper layers poisoned) is state like any other. Instrumented code and
/// memcpy may not touch it, hence the attribute and the volatile.
MINI_NOT_SANITIZED volatile uint8_t* shadow_of(const void* address) {
  size_t scale = 0, offset = 0;
  __asan_get_shadow_mapping(&scale, &offset);
  return reinterpret_cast<volatile uint8_t*>((reinterpret_cast<uintptr_t>(address) >> scale) + offset);
}
MINI_NOT_SANITIZED void read_shadow(const void* start, size_t bytes, uint8_t* into) {
  const volatile uint8_t* shadow = shadow_of(start);
  for (size_t i = 0; i < bytes / 8; ++i) into[i] = shadow[i];
}
MINI_NOT_SANITIZED void write_shadow(const void* start, size_t bytes, const uint8_t* from) {
  volatile uint8_t* shadow = shadow_of(start);
  for (size_t i = 0; i < bytes / 8; ++i) shadow[i] = from[i];
}
#endif

}  // namespace

void Memory::save(Snapshot& into) const {
  MINI_ASSERT(overshoot_ == 0);
  into.owner_ = this;
  // What is free need not be copied: the inside of free spans, and the rest of the chunk that cells are cut
  // from.
  into.pieces_.clear();
  const std::byte* start = begin();
  auto skip = [&](const std::byte* from, const std::byte* to) {
    into.pieces_.push_back({static_cast<size_t>(start - begin()), static_cast<size_t>(from - start)});
    start = to;
  };
  bool chunk_pending = bump_ != bump_end_;
  for (const FreeSpan& span : spans_by_address_) {
    const std::byte* span_begin = reinterpret_cast<const std::byte*>(&span);
    if (chunk_pending && bump_ < span_begin) {
      skip(bump_, bump_end_);
      chunk_pending = false;
    }
    skip(span_begin + sizeof(FreeSpan), span_begin + span.size);
  }
  if (chunk_pending) skip(bump_, bump_end_);
  skip(top_, top_);

  size_t size = 0;
  for (const Snapshot::Piece& piece : into.pieces_) size += piece.size;
  if (size > into.capacity_) {
    into.bytes_.reset();
    into.bytes_ = std::make_unique_for_overwrite<std::byte[]>(size);
    into.capacity_ = size;
  }
  into.size_ = size;
#if MINI_ASAN
  into.shadow_.resize(extent() / 8);
  read_shadow(begin(), extent(), into.shadow_.data());
  ASAN_UNPOISON_MEMORY_REGION(begin(), extent());
#endif
  std::byte* to = into.bytes_.get();
  for (const Snapshot::Piece& piece : into.pieces_) {
    std::memcpy(to, begin() + piece.offset, piece.size);
    to += piece.size;
  }
#if MINI_ASAN
  write_shadow(begin(), extent(), into.shadow_.data());
#endif
}

void Memory::restore(const Snapshot& snapshot) {
  MINI_ASSERT(snapshot.owner_ == this && overshoot_ == 0);
  std::byte* const committed =
      committed_;  // pages stay accessible: that is the host's state, not the script's
#if MINI_ASAN
  ASAN_UNPOISON_MEMORY_REGION(begin(), committed - begin());
#endif
  const std::byte* from = snapshot.bytes_.get();
  for (const Snapshot::Piece& piece : snapshot.pieces_) {
    // The first piece overwrites this object: its members are plain data and hooks that point into the range.
    std::memcpy(static_cast<void*>(begin() + piece.offset), from, piece.size);
    from += piece.size;
  }
  committed_ = committed;
#if MINI_ASAN
  write_shadow(begin(), extent(), snapshot.shadow_.data());
  poison(top_, static_cast<size_t>(committed_ - top_));
#endif
}

}  // namespace mini::base
