// list.sort: timsort as Tim Peters' listsort.txt describes it, with the merge order of powersort (Munro and
// Wild). It asks the same comparisons in the same order as CPython 3.13 (Objects/listobject.c), because a
// script's `__lt__` can see them.
#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"

namespace mini::object {

namespace {

/// What is sorted: the key decides; the item comes along. Without a key function they are the same.
struct Entry {
  Value key;
  Value item;
};

// How two keys compare; the first ones need no result that can fail.
struct IntLess {
  Result<bool> operator()(Value a, Value b) const { return a.as_int() < b.as_int(); }
};
struct FloatLess {
  Result<bool> operator()(Value a, Value b) const { return a.as_double() < b.as_double(); }
};
struct StrLess {
  Result<bool> operator()(Value a, Value b) const {
    return compare(static_cast<Str*>(a.as_object()), static_cast<Str*>(b.as_object())) < 0;
  }
};
/// Of the very type: what compare_items() does, without objects for its answers.
struct TupleLess {
  Heap& heap;
  Result<bool> operator()(Value a, Value b) const {
    const auto left = items_of(a), right = items_of(b);
    for (size_t i = 0; i < std::min(left.size(), right.size()); ++i)
      if (!MINI_TRY(equal(heap, left[i], right[i]))) return less(heap, left[i], right[i]);
    return left.size() < right.size();
  }
};
struct AnyLess {
  Heap& heap;
  Result<bool> operator()(Value a, Value b) const { return less(heap, a, b); }
};

Value key_of(Value item) {
  return item;
}
Value key_of(const Entry& entry) {
  return entry.key;
}

template <class Item, class Less>
class Sorter {
 public:
  Sorter(std::span<Item> items, Less is_less) : items_(items), less_(is_less) {}

  Result<void> sort() {
    size_t remaining = items_.size();
    if (remaining < 2) return {};
    size_t at = 0, shortest = min_run(remaining);
    do {
      size_t length = MINI_TRY(count_run(items_.subspan(at, remaining)));
      if (length < shortest) {
        size_t forced = std::min(shortest, remaining);
        MINI_TRY(insert_binary(items_.subspan(at, forced), length));
        length = forced;
      }
      MINI_TRY(found_run(length));
      runs_.push_back({at, length, 0});
      at += length;
      remaining -= length;
    } while (remaining > 0);
    while (runs_.size() > 1) {
      size_t n = runs_.size() - 2;
      if (n > 0 && runs_[n - 1].length < runs_[n + 1].length) --n;
      MINI_TRY(merge_at(n));
    }
    return {};
  }

 private:
  static constexpr size_t kMinGallop = 7;
  struct Run {
    size_t start, length;
    int power;
  };

  Result<bool> is_less(const Item& a, const Item& b) { return less_(key_of(a), key_of(b)); }

  /// 32 to 64 such that the number of runs is close to a power of two.
  static size_t min_run(size_t length) {
    size_t dropped = 0;
    for (; length >= 64; length >>= 1) dropped |= length & 1;
    return length + dropped;
  }

  /// The length of the run at the beginning, ascending afterwards. A descending run may contain equal items:
  /// these are turned round twice.
  Result<size_t> count_run(std::span<Item> run) {
    size_t n = 1, equal = 0;
    auto turn_equal = [&] {
      if (equal == 0) return;
      std::reverse(run.begin() + static_cast<ptrdiff_t>(n - equal - 1),
                   run.begin() + static_cast<ptrdiff_t>(n));
      equal = 0;
    };
    for (; n < run.size(); ++n) {
      if (MINI_TRY(is_less(run[n], run[n - 1]))) break;
    }
    if (n == run.size()) return n;
    if (n > 1) {
      if (MINI_TRY(is_less(run[0], run[n - 1]))) return n;
      std::reverse(run.begin(), run.begin() + static_cast<ptrdiff_t>(n));
    }
    for (++n; n < run.size(); ++n) {
      if (MINI_TRY(is_less(run[n], run[n - 1]))) {
        turn_equal();
        continue;
      }
      if (MINI_TRY(is_less(run[n - 1], run[n]))) break;
      ++equal;
    }
    turn_equal();
    std::reverse(run.begin(), run.begin() + static_cast<ptrdiff_t>(n));
    for (; n < run.size(); ++n) {
      if (MINI_TRY(is_less(run[n], run[n - 1]))) break;
    }
    return n;
  }

  /// The first `sorted` items are in order; the others are put where they belong.
  Result<void> insert_binary(std::span<Item> run, size_t sorted) {
    for (size_t i = sorted; i < run.size(); ++i) {
      const Item item = run[i];
      size_t left = 0, right = i;
      while (left < right) {
        const size_t middle = (left + right) / 2;
        const bool before = MINI_TRY(is_less(item, run[middle]));
        // No branch: which way it goes cannot be foretold.
        right = before ? middle : right;
        left = before ? left : middle + 1;
      }
      std::copy_backward(&run[left], &run[i], &run[i] + 1);
      run[left] = item;
    }
    return {};
  }

  /// The depth in a perfectly balanced merge tree of the border between two neighbouring runs.
  static int power(size_t start, size_t first, size_t second, size_t total) {
    size_t a = 2 * start + first, b = a + first + second;
    for (int result = 1;; ++result) {
      if (a >= total) {
        a -= total;
        b -= total;
      } else if (b >= total) {
        return result;
      }
      a <<= 1;
      b <<= 1;
    }
  }

  Result<void> found_run(size_t length) {
    if (runs_.empty()) return {};
    int depth = power(runs_.back().start, runs_.back().length, length, items_.size());
    while (runs_.size() > 1 && runs_[runs_.size() - 2].power > depth) MINI_TRY(merge_at(runs_.size() - 2));
    runs_.back().power = depth;
    return {};
  }

  Result<void> merge_at(size_t n) {
    Run a = runs_[n], b = runs_[n + 1];
    runs_[n].length = a.length + b.length;
    runs_.erase(runs_.begin() + static_cast<ptrdiff_t>(n) + 1);
    Item* first = items_.data() + a.start;
    Item* second = items_.data() + b.start;
    size_t skipped = MINI_TRY(gallop_right(*second, first, a.length, 0));
    first += skipped;
    a.length -= skipped;
    if (a.length == 0) return {};
    b.length = MINI_TRY(gallop_left(first[a.length - 1], second, b.length, b.length - 1));
    if (b.length == 0) return {};
    return a.length <= b.length ? merge_low(first, a.length, second, b.length)
                                : merge_high(first, a.length, second, b.length);
  }

  /// How many of the items stand before `key`: the leftmost place for it. Searched in growing steps from
  /// `hint`.
  Result<size_t> gallop_left(const Item& key, const Item* items, size_t length, size_t hint) {
    int64_t n = static_cast<int64_t>(length), at = static_cast<int64_t>(hint), last = 0, offset = 1;
    if (MINI_TRY(is_less(items[at], key))) {
      int64_t limit = n - at;
      while (offset < limit && MINI_TRY(is_less(items[at + offset], key))) {
        last = offset;
        offset = offset * 2 + 1;
      }
      offset = std::min(offset, limit) + at;
      last += at;
    } else {
      int64_t limit = at + 1;
      while (offset < limit && !MINI_TRY(is_less(items[at - offset], key))) {
        last = offset;
        offset = offset * 2 + 1;
      }
      int64_t reached = std::min(offset, limit);
      offset = at - last;
      last = at - reached;
    }
    for (++last; last < offset;) {
      int64_t middle = last + (offset - last) / 2;
      if (MINI_TRY(is_less(items[middle], key))) {
        last = middle + 1;
      } else {
        offset = middle;
      }
    }
    return static_cast<size_t>(offset);
  }

  /// The rightmost place.
  Result<size_t> gallop_right(const Item& key, const Item* items, size_t length, size_t hint) {
    int64_t n = static_cast<int64_t>(length), at = static_cast<int64_t>(hint), last = 0, offset = 1;
    if (MINI_TRY(is_less(key, items[at]))) {
      int64_t limit = at + 1;
      while (offset < limit && MINI_TRY(is_less(key, items[at - offset]))) {
        last = offset;
        offset = offset * 2 + 1;
      }
      int64_t reached = std::min(offset, limit);
      offset = at - last;
      last = at - reached;
    } else {
      int64_t limit = n - at;
      while (offset < limit && !MINI_TRY(is_less(key, items[at + offset]))) {
        last = offset;
        offset = offset * 2 + 1;
      }
      offset = std::min(offset, limit) + at;
      last += at;
    }
    for (++last; last < offset;) {
      int64_t middle = last + (offset - last) / 2;
      if (MINI_TRY(is_less(key, items[middle]))) {
        offset = middle;
      } else {
        last = middle + 1;
      }
    }
    return static_cast<size_t>(offset);
  }

  /// Merges neighbours of which the first is not longer; it moves aside. Whatever fails, all items are back
  /// in the end.
  Result<void> merge_low(Item* a, size_t a_length, Item* b, size_t b_length) {
    aside_.assign(a, a + a_length);
    Item* out = a;
    const Item* left = aside_.data();
    auto take_right = [&] {
      *out++ = *b++;
      --b_length;
    };
    auto take_left = [&] {
      *out++ = *left++;
      --a_length;
    };
    auto merge = [&]() -> Result<void> {
      take_right();
      if (b_length == 0 || a_length == 1) return {};
      size_t min_gallop = min_gallop_;
      for (;;) {
        size_t left_wins = 0, right_wins = 0;
        do {
          if (MINI_TRY(is_less(*b, *left))) {
            take_right();
            ++right_wins;
            left_wins = 0;
            if (b_length == 0) return {};
          } else {
            take_left();
            ++left_wins;
            right_wins = 0;
            if (a_length == 1) return {};
          }
        } while (left_wins < min_gallop && right_wins < min_gallop);
        ++min_gallop;
        do {
          min_gallop -= min_gallop > 1;
          min_gallop_ = min_gallop;
          left_wins = MINI_TRY(gallop_right(*b, left, a_length, 0));
          for (size_t i = 0; i < left_wins; ++i) take_left();
          if (a_length <= 1) return {};
          take_right();
          if (b_length == 0) return {};
          right_wins = MINI_TRY(gallop_left(*left, b, b_length, 0));
          for (size_t i = 0; i < right_wins; ++i) take_right();
          if (b_length == 0) return {};
          take_left();
          if (a_length == 1) return {};
        } while (left_wins >= kMinGallop || right_wins >= kMinGallop);
        min_gallop_ = ++min_gallop;
      }
    };
    Result<void> done = merge();
    if (done.ok() && a_length == 1) {
      out = std::copy_n(b, b_length, out);  // the last item of the first run belongs at the end
    }
    std::copy_n(left, a_length, out);
    return done;
  }

  /// Merges neighbours of which the second is shorter; it moves aside, and the work goes from the end.
  Result<void> merge_high(Item* a, size_t a_length, Item* b, size_t b_length) {
    aside_.assign(b, b + b_length);
    Item* out = b + b_length;
    const Item* right = aside_.data();
    auto take_left = [&] { *--out = a[--a_length]; };
    auto take_right = [&] { *--out = right[--b_length]; };
    auto merge = [&]() -> Result<void> {
      take_left();
      if (a_length == 0 || b_length == 1) return {};
      size_t min_gallop = min_gallop_;
      for (;;) {
        size_t left_wins = 0, right_wins = 0;
        do {
          if (MINI_TRY(is_less(right[b_length - 1], a[a_length - 1]))) {
            take_left();
            ++left_wins;
            right_wins = 0;
            if (a_length == 0) return {};
          } else {
            take_right();
            ++right_wins;
            left_wins = 0;
            if (b_length == 1) return {};
          }
        } while (left_wins < min_gallop && right_wins < min_gallop);
        ++min_gallop;
        do {
          min_gallop -= min_gallop > 1;
          min_gallop_ = min_gallop;
          left_wins = a_length - MINI_TRY(gallop_right(right[b_length - 1], a, a_length, a_length - 1));
          for (size_t i = 0; i < left_wins; ++i) take_left();
          if (a_length == 0) return {};
          take_right();
          if (b_length == 1) return {};
          right_wins = b_length - MINI_TRY(gallop_left(a[a_length - 1], right, b_length, b_length - 1));
          for (size_t i = 0; i < right_wins; ++i) take_right();
          if (b_length <= 1) return {};
          take_left();
          if (a_length == 0) return {};
        } while (left_wins >= kMinGallop || right_wins >= kMinGallop);
        min_gallop_ = ++min_gallop;
      }
    };
    Result<void> done = merge();
    if (done.ok() && b_length == 1) {
      while (a_length > 0) take_left();  // the first item of the second run belongs at the beginning
    }
    while (b_length > 0) take_right();
    return done;
  }

  std::span<Item> items_;
  Less less_;
  std::vector<Run> runs_;
  std::vector<Item> aside_;
  size_t min_gallop_ = kMinGallop;
};

template <class Item>
Result<void> sort_items(Heap& heap, std::span<Item> items) {
  const Type* text = heap.type(BuiltinType::kStr);
  const Type* tuple = heap.type(BuiltinType::kTuple);
  bool ints = true, floats = true, texts = true, tuples = true;
  for (const Item& item : items) {
    Value key = key_of(item);
    ints &= key.is_int();
    floats &= key.is_float();
    texts &= key.is_object() && key.as_object()->type == text;
    tuples &= key.is_object() && key.as_object()->type == tuple;
  }
  if (ints) return Sorter<Item, IntLess>(items, {}).sort();
  if (floats) return Sorter<Item, FloatLess>(items, {}).sort();
  if (texts) return Sorter<Item, StrLess>(items, {}).sort();
  if (tuples) return Sorter<Item, TupleLess>(items, {heap}).sort();
  return Sorter<Item, AnyLess>(items, {heap}).sort();
}

/// The keys of `items`, and the sort by them.
Result<void> sort_by_key(Heap& heap, std::span<Value> items, Value key, bool reverse) {
  std::vector<Entry> entries;
  entries.reserve(items.size());
  auto work = [&]() -> Result<void> {
    for (Value item : items) entries.push_back({MINI_TRY(call(heap, key, &item, 1)).release(), item});
    if (reverse) std::reverse(entries.begin(), entries.end());
    Result<void> done = sort_items<Entry>(heap, entries);
    if (reverse) std::reverse(entries.begin(), entries.end());
    for (size_t i = 0; i < items.size(); ++i) items[i] = entries[i].item;
    return done;
  };
  Result<void> done = work();
  for (const Entry& entry : entries) decref(entry.key);
  return done;
}

}  // namespace

Result<void> sort(Heap& heap, List* list, Value key, bool reverse) {
  Ref<List> kept = Ref<List>::share(list);
  // Script code that runs meanwhile sees an empty list; what it puts there is an error afterwards.
  Value* buffer = std::exchange(list->items, nullptr);
  uint64_t length = std::exchange(list->length, 0);
  uint64_t capacity = std::exchange(list->capacity, 0);
  std::span<Value> items(buffer, length);
  Result<void> done;
  if (!key.is_unbound() && !key.is_none()) {
    done = sort_by_key(heap, items, key, reverse);
  } else {
    // Reversed twice around a stable sort: equal items keep their order.
    if (reverse) std::reverse(items.begin(), items.end());
    done = sort_items<Value>(heap, items);
    if (reverse) std::reverse(items.begin(), items.end());
  }
  bool modified = list->items != nullptr;
  if (modified) clear(heap, list);
  list->items = buffer;
  list->length = length;
  list->capacity = capacity;
  if (done.ok() && modified) return heap.raise(BuiltinType::kValueError, "list modified during sort");
  return done;
}

}  // namespace mini::object
