// States that wait to be explored, told by what differs from the base: lines, each content held once.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "interp/explore/memory_image.h"

namespace mini::explore {

/// A line of a state, and the number of its content in the pool.
struct LineContent {
  Line line;
  uint32_t content;
};
/// By line, ascending; lines that are not listed are the base's.
using Difference = std::vector<LineContent>;

/// Contents of lines, counted: one without a difference that names it makes room for another.
class LinePool {
 public:
  using Content = std::array<std::byte, kLineBytes>;

  /// The number of this content, with one count more.
  uint32_t intern(const std::byte* bytes);
  void share(uint32_t number) { ++counts_[number]; }
  void release(uint32_t number);
  const std::byte* operator[](uint32_t number) const { return contents_[number].data(); }
  size_t bytes() const {
    return contents_.capacity() * (sizeof(Content) + sizeof(uint32_t)) + table_.capacity() * sizeof(uint32_t);
  }

 private:
  static constexpr uint32_t kEmpty = ~0u;
  static uint64_t hash(const std::byte* bytes);
  size_t slot_of(const std::byte* bytes) const { return hash(bytes) & (table_.size() - 1); }
  void grow();

  std::vector<Content> contents_;
  std::vector<uint32_t> counts_, free_;
  std::vector<uint32_t> table_ = std::vector<uint32_t>(1 << 12, kEmpty);  // open addressing, by content
  size_t used_ = 0;
};

}  // namespace mini::explore
