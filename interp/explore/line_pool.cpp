#include "interp/explore/line_pool.h"

#include <bit>

namespace mini::explore {

uint64_t LinePool::hash(const std::byte* bytes) {
  uint64_t words[kLineBytes / 8];
  std::memcpy(words, bytes, kLineBytes);
  uint64_t mixed = 0x243f6a8885a308d3u;
  for (uint64_t word : words) mixed = std::rotl((mixed ^ word) * 0x9e3779b97f4a7c15u, 29);
  return mixed ^ mixed >> 32;
}

uint32_t LinePool::intern(const std::byte* bytes) {
  size_t slot = slot_of(bytes);
  for (; table_[slot] != kEmpty; slot = (slot + 1) & (table_.size() - 1)) {
    if (std::memcmp(contents_[table_[slot]].data(), bytes, kLineBytes) != 0) continue;
    ++counts_[table_[slot]];
    return table_[slot];
  }
  uint32_t number;
  if (free_.empty()) {
    number = static_cast<uint32_t>(contents_.size());
    contents_.emplace_back();
    counts_.push_back(0);
  } else {
    number = free_.back();
    free_.pop_back();
  }
  std::memcpy(contents_[number].data(), bytes, kLineBytes);
  counts_[number] = 1;
  table_[slot] = number;
  if (++used_ * 3 > table_.size() * 2) grow();
  return number;
}

void LinePool::grow() {
  std::vector<uint32_t> old(table_.size() * 2, kEmpty);
  old.swap(table_);
  for (uint32_t number : old) {
    if (number == kEmpty) continue;
    size_t slot = slot_of(contents_[number].data());
    while (table_[slot] != kEmpty) slot = (slot + 1) & (table_.size() - 1);
    table_[slot] = number;
  }
}

void LinePool::release(uint32_t number) {
  if (--counts_[number] > 0) return;
  size_t slot = slot_of(contents_[number].data());
  while (table_[slot] != number) slot = (slot + 1) & (table_.size() - 1);
  // Those behind it that could not stand there move up.
  for (size_t next = slot;;) {
    table_[slot] = kEmpty;
    for (;;) {
      next = (next + 1) & (table_.size() - 1);
      if (table_[next] == kEmpty) {
        --used_;
        free_.push_back(number);
        return;
      }
      const size_t home = slot_of(contents_[table_[next]].data());
      const bool stays = slot <= next ? slot < home && home <= next : slot < home || home <= next;
      if (!stays) break;
    }
    table_[slot] = table_[next];
    slot = next;
  }
}

}  // namespace mini::explore
