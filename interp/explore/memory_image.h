// A VM's memory as the explorer holds it: one state of it, which the memory can be put back to in a moment, and what the
// memory's other states have in place of that.
//
// When the image is taken, all pages are made read-only. The first write to a page is caught, and its content copied
// aside: such pages (a few dozen in a small script) are *hot* until they have not changed for long, and the only ones that are
// compared or put back. So a state is told from another by its *lines* of 64 bytes, of which a step changes some ten or twenty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/base/memory.h"

namespace mini::explore {

/// Number of a line: its offset in the VM's memory / kLineBytes.
using Line = uint32_t;
constexpr size_t kLineBytes = 64;

/// Watches one Memory, whose VM runs on this OS thread alone. One at a time in a process: it catches SIGSEGV.
class MemoryImage {
 public:
  /// Takes the base: what the memory holds now.
  explicit MemoryImage(base::Memory& memory);
  /// Before an image is taken: makes room for the memory to grow by. While an image watches it, its pages cannot become
  /// accessible one by one, as each state would make them so again.
  static void make_room(base::Memory& memory, size_t bytes);
  /// Makes all pages writable again; the memory keeps what it holds.
  ~MemoryImage();
  MemoryImage(const MemoryImage&) = delete;
  MemoryImage& operator=(const MemoryImage&) = delete;

  /// The lines that differ from the current state, in ascending order.
  void changed(std::vector<Line>& lines);
  /// Puts these lines of the memory back to the current state.
  void revert(const std::vector<Line>& lines) {
    for (Line line : lines) copy(memory_line(line), current_line(line));
  }
  /// Pages that became hot since; see cool_down().
  size_t hot_mark() const { return hot_.size(); }
  /// Puts the memory back to the current state after a step whose result nobody wants, and forgets the pages that only
  /// this step wrote to: an exit touches nearly all. `mark`: hot_mark() before the step. They are watched again when comparing
  /// them has cost as much as that will: the next such step may come before.
  void cool_down(size_t mark);
  /// Now and then, when the memory holds the current state: pages that hardly ever change are watched again instead of
  /// being compared each time.
  void rest();
  /// Changes one line of the current state, and of the memory.
  void set(Line line, const std::byte* content) {
    copy(memory_line(line), content);  // first: if it is the first write to the page, the current state's copy begins here
    copy(current_line(line), content);
  }

  /// Host memory that its copies take.
  size_t bytes() const { return copied_ * kPage * 2; }
  std::byte* memory_line(Line line) { return start_ + size_t{line} * kLineBytes; }
  const std::byte* base_line(Line line) const { return base_ + size_t{line} * kLineBytes; }
  const std::byte* start() const { return start_; }
  size_t size() const { return size_; }
  /// Whether the memory has grown beyond its room: then a part of its state is not watched.
  bool outgrown() const { return memory_.accessible().size() > size_; }

  /// For the signal handler. False: not an address of this memory, or not the image's doing.
  bool catch_write(const void* address);

 private:
  static constexpr size_t kPage = 4096;
  /// Makes hot pages, in ascending order, read-only again.
  void watch(std::span<const uint32_t> pages);
  template <typename Predicate>
  void watch_where(Predicate rests);  // of all hot pages, which are sorted
  void sort();
  std::byte* current_line(Line line) { return current_ + size_t{line} * kLineBytes; }
  static void copy(std::byte* to, const std::byte* from) { std::memcpy(to, from, kLineBytes); }

  base::Memory& memory_;
  std::byte* start_;
  size_t size_;
  // As large as the memory: address space, pages cost nothing until they are hot.
  std::byte* current_ = nullptr;
  std::byte* base_ = nullptr;
  std::vector<uint32_t> hot_;  // pages, ascending; room for all is reserved, so that the handler allocates nothing
  size_t sorted_ = 0;          // of hot_
  std::vector<bool> is_hot_;       // by page
  std::vector<bool> was_hot_;      // by page: the two copies hold it
  size_t copied_ = 0;              // such pages
  std::vector<uint32_t> changes_;  // by page: how many times changed() has found it changed since the last rest()
  uint32_t looks_ = 0;             // calls of changed() since then
  size_t caught_ = 0;              // writes that were caught since the last of these
  std::vector<bool> cools_;        // by page: hot, but not found changed yet, or by a step that nobody wanted
  uint32_t cools_for_ = 0;         // calls of changed() until such pages are watched again; 0: there are none
  // What it costs to watch a page, in comparisons of one: up to the system, some hundred where it is a guest.
  static constexpr uint32_t kLeastPrice = 4, kHighestPrice = 1000;
  uint32_t watch_price_ = kLeastPrice;
};

}  // namespace mini::explore
