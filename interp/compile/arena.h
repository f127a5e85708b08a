// Memory of one compilation: syntax trees are many small nodes that die together, so they are bumped out of
// chunks of host memory and freed at once. Nothing in here ever runs a destructor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace mini::compile {

class Arena {
 public:
  /// `limit` bytes may be handed out before `exhausted()` becomes true; the arena itself never refuses, so
  /// that nobody below the parser's loop over statements has to check.
  explicit Arena(size_t limit = SIZE_MAX) : limit_(limit) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  /// A copy of `items` that lives as long as the arena.
  template <class T>
  std::span<T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (items.empty()) return {};
    T* memory = static_cast<T*>(allocate(items.size_bytes(), alignof(T)));
    std::memcpy(static_cast<void*>(memory), items.data(), items.size_bytes());
    return {memory, items.size()};
  }
  template <class T>
  std::span<T> copy(const std::vector<T>& items) {
    return copy(std::span<const T>(items));
  }

  std::string_view copy_text(std::string_view text) {
    std::span<char> memory = copy(std::span<const char>(text.data(), text.size()));
    return {memory.data(), memory.size()};
  }

  /// The one copy of `name`: interned names are equal exactly when their `data()` are.
  std::string_view intern(std::string_view name) {
    auto found = names_.find(name);
    return found != names_.end() ? *found : *names_.insert(copy_text(name)).first;
  }

  size_t bytes_used() const { return used_; }
  bool exhausted() const { return used_ > limit_; }

 private:
  static constexpr size_t kChunk = 64 * 1024;

  void* allocate(size_t size, size_t alignment) {
    size_t padding = (alignment - reinterpret_cast<uintptr_t>(next_) % alignment) % alignment;
    if (static_cast<size_t>(end_ - next_) < size + padding) {
      size_t chunk = size > kChunk ? size : kChunk;
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk));
      next_ = chunks_.back().get();
      end_ = next_ + chunk;
      padding = 0;
    }
    void* result = next_ + padding;
    next_ += size + padding;
    used_ += size + padding;
    return result;
  }

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::unordered_set<std::string_view> names_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  size_t used_ = 0;
  size_t limit_;
};

}  // namespace mini::compile
