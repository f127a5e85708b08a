// The methods of str that take texts apart and put them together.
#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/base/unicode.h"
#include "runtime/object/number.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/str_methods.h"
#include "runtime/object/str_search.h"

namespace mini::object {

namespace {

/// A bit for each space below 64, where all of ASCII's stand.
constexpr uint64_t kSpaces = uint64_t{1} << ' ' | uint64_t{0x1f} << '\t' | uint64_t{0xf} << 0x1c;
bool is_space(char unit) { return static_cast<unsigned char>(unit) < 64 && (kSpaces >> unit & 1) != 0; }
bool is_space(char32_t unit) { return unit < 0x80 ? is_space(static_cast<char>(unit)) : base::is_space(unit); }
bool is_space(const Str* text, size_t at) { return is_space(text->at(at)); }

/// The first place from `at` on where a character is a space, or is none; or `length`.
template <class Unit>
size_t next_place(const Unit* units, size_t at, size_t length, bool space) {
  while (at < length && is_space(units[at]) != space) ++at;
  return at;
}
size_t next_place(const Str* text, size_t at, bool space) {
  return text->wide ? next_place(text->wide_units(), at, text->length, space)
                    : next_place(text->narrow(), at, text->length, space);
}

Result<void> add_piece(Heap& heap, List* list, Str* text, size_t start, size_t end) {
  Ref<Str> piece = MINI_TRY(substring(heap, text, start, end));
  return append(heap, list, std::move(piece));
}

// ---- split

Result<void> split_at_spaces(Heap& heap, List* list, Str* text, int64_t limit) {
  size_t at = 0;
  const size_t length = text->length;
  for (;;) {
    const size_t start = next_place(text, at, false);
    if (start == length) return {};
    if (limit-- == 0) return add_piece(heap, list, text, start, length);
    at = next_place(text, start, true);
    MINI_TRY(add_piece(heap, list, text, start, at));
  }
}

Result<void> split_at_spaces_from_end(Heap& heap, List* list, Str* text, int64_t limit) {
  size_t at = text->length;
  for (;;) {
    while (at > 0 && is_space(text, at - 1)) --at;
    if (at == 0) return {};
    size_t end = at;
    if (limit-- == 0) return add_piece(heap, list, text, 0, end);
    while (at > 0 && !is_space(text, at - 1)) --at;
    MINI_TRY(add_piece(heap, list, text, at, end));
  }
}

Result<void> split_at(Heap& heap, List* list, Str* text, const Str* separator, int64_t limit) {
  size_t start = 0;
  for (; limit != 0; --limit) {
    int64_t at = find(text, separator, start, text->length);
    if (at < 0) break;
    MINI_TRY(add_piece(heap, list, text, start, static_cast<size_t>(at)));
    start = static_cast<size_t>(at) + separator->length;
  }
  return add_piece(heap, list, text, start, text->length);
}

Result<void> split_at_from_end(Heap& heap, List* list, Str* text, const Str* separator, int64_t limit) {
  size_t end = text->length;
  for (; limit != 0; --limit) {
    int64_t at = find_last(text, separator, 0, end);
    if (at < 0) break;
    MINI_TRY(add_piece(heap, list, text, static_cast<size_t>(at) + separator->length, end));
    end = static_cast<size_t>(at);
  }
  return add_piece(heap, list, text, 0, end);
}

Result<Ref<Value>> split(Call& call, bool from_end) {
  Heap& heap = call.heap;
  Str* separator = nullptr;
  if (call.has(1) && !call[1].is_none()) {
    separator = as_str(heap, call[1]);
    if (!separator) {
      return heap.raise(BuiltinType::kTypeError, "must be str or None, not {}", type_name(heap, call[1]));
    }
    if (separator->length == 0) return heap.raise(BuiltinType::kValueError, "empty separator");
  }
  int64_t limit = call.has(2) ? MINI_TRY(to_int64(heap, call[2], "index")) : -1;
  constexpr uint64_t kUsual = 12;  // MAX_PREALLOC (3.13, Objects/stringlib/split.h)
  Ref<List> list = MINI_TRY(make_list(heap, limit < 0 ? kUsual : std::min(static_cast<uint64_t>(limit) + 1, kUsual)));
  Str* text = self_of(call);
  if (separator) {
    MINI_TRY((from_end ? split_at_from_end : split_at)(heap, list.get(), text, separator, limit));
  } else {
    MINI_TRY((from_end ? split_at_spaces_from_end : split_at_spaces)(heap, list.get(), text, limit));
  }
  if (from_end) std::reverse(list->items, list->items + list->length);
  return Ref<Value>(std::move(list));
}
Result<Ref<Value>> str_split(Call& call) {
  return split(call, false);
}
Result<Ref<Value>> str_rsplit(Call& call) {
  return split(call, true);
}

Result<Ref<Value>> str_splitlines(Call& call) {
  bool keep = call.has(1) && MINI_TRY(truth(call.heap, call[1]));
  Str* text = self_of(call);
  Ref<List> list = MINI_TRY(make_list(call.heap));
  for (size_t start = 0; start < text->length;) {
    size_t end = start;
    while (end < text->length && !base::is_line_break(text->at(end))) ++end;
    size_t behind = std::min<size_t>(end + 1, text->length);
    if (behind < text->length && text->at(end) == '\r' && text->at(behind) == '\n') ++behind;
    MINI_TRY(add_piece(call.heap, list.get(), text, start, keep ? behind : end));
    start = behind;
  }
  return Ref<Value>(std::move(list));
}

Result<Ref<Value>> partition(Call& call, bool last) {
  Heap& heap = call.heap;
  Str* separator = as_str(heap, call[1]);
  if (!separator) return heap.raise(BuiltinType::kTypeError, "must be str, not {}", type_name(heap, call[1]));
  if (separator->length == 0) return heap.raise(BuiltinType::kValueError, "empty separator");
  Str* text = self_of(call);
  int64_t at = (last ? find_last : find)(text, separator, 0, text->length);
  size_t start = at >= 0 ? static_cast<size_t>(at) : last ? 0 : text->length;
  size_t end = at >= 0 ? start + separator->length : start;
  Ref<Tuple> tuple = MINI_TRY(make_tuple(heap, 3));
  const size_t bounds[] = {0, start, end, text->length};
  for (size_t i = 0; i < 3; ++i) {
    const bool is_self = at < 0 && i == (last ? 2 : 0);  // also that of a subclass
    tuple->items()[i] = is_self ? Ref<Value>::share(call[0]).release()
                                : Value(MINI_TRY(substring(heap, text, bounds[i], bounds[i + 1])).release());
  }
  return Ref<Value>(std::move(tuple));
}
Result<Ref<Value>> str_partition(Call& call) {
  return partition(call, false);
}
Result<Ref<Value>> str_rpartition(Call& call) {
  return partition(call, true);
}

// ---- join and replace: the result's size is known before it is made

/// Appends texts to one that has room for them.
class Writer {
 public:
  explicit Writer(Str* out) : out_(out) {}
  void put(const Str* piece) { put(piece, 0, piece->length); }
  void put(const Str* piece, size_t start, size_t end) {
    if (out_->wide && !piece->wide) {
      std::copy(piece->narrow() + start, piece->narrow() + end, out_->wide_units() + at_);
    } else {
      size_t unit = out_->unit_size();
      std::memcpy(out_->narrow() + at_ * unit, piece->narrow() + start * unit, (end - start) * unit);
    }
    at_ += end - start;
  }

 private:
  Str* out_;
  size_t at_ = 0;
};

Result<Ref<Str>> join(Heap& heap, const Str* separator, std::span<const Value> items) {
  if (items.size() == 1 && items[0].is_object() &&
      items[0].as_object()->type == heap.type(BuiltinType::kStr)) {
    return Ref<Str>::share(static_cast<Str*>(items[0].as_object()));
  }
  size_t length = items.empty() ? 0 : separator->length * (items.size() - 1);
  bool wide = items.size() > 1 && separator->wide;
  for (size_t i = 0; i < items.size(); ++i) {
    const Str* piece = as_str(heap, items[i]);
    if (!piece) {
      return heap.raise(BuiltinType::kTypeError, "sequence item {}: expected str instance, {} found", i,
                        type_name(heap, items[i]));
    }
    length += piece->length;
    wide |= piece->wide;
  }
  Ref<Str> result = MINI_TRY(make_blank_str(heap, length, wide));
  Writer writer(result.get());
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) writer.put(separator);
    writer.put(static_cast<const Str*>(items[i].as_object()));
  }
  return result;
}

Result<Ref<Value>> str_join(Call& call) {
  Heap& heap = call.heap;
  Type* type = heap.type_of(call[1]);
  if (type == heap.type(BuiltinType::kList) || type == heap.type(BuiltinType::kTuple)) {
    return widen(join(heap, self_of(call), items_of(call[1])));
  }
  Ref<List> items = MINI_TRY(list_from(heap, call[1], "can only join an iterable"));
  return widen(join(heap, self_of(call), items_of(Value(items))));
}

/// Where `old` stands, without overlap: at most `limit` places. An empty text stands before and behind every
/// character.
std::vector<size_t> places_of(const Str* text, const Str* old, size_t limit) {
  std::vector<size_t> places;
  for (size_t start = 0; places.size() < limit;) {
    int64_t at = find(text, old, start, text->length);
    if (at < 0) break;
    places.push_back(static_cast<size_t>(at));
    start = static_cast<size_t>(at) + std::max<size_t>(old->length, 1);
  }
  return places;
}

Result<Ref<Value>> str_replace(Call& call) {
  Heap& heap = call.heap;
  Str* text = self_of(call);
  Str* old = MINI_TRY(str_argument(call, 1, "replace"));
  Str* fresh = MINI_TRY(str_argument(call, 2, "replace"));
  int64_t limit = call.has(3) ? MINI_TRY(to_int64(heap, call[3], "index")) : -1;
  std::vector<size_t> places = places_of(text, old, limit < 0 ? SIZE_MAX : static_cast<size_t>(limit));
  if (places.empty()) return widen(substring(heap, text, 0, text->length));
  size_t added;
  if (__builtin_mul_overflow(places.size(), size_t{fresh->length}, &added) || added > Str::kMaxLength) {
    return heap.raise_memory_error();
  }
  auto write = [&](auto&& put) {
    size_t start = 0;
    for (size_t at : places) {
      put(text, start, at);
      put(fresh, 0, fresh->length);
      start = at + old->length;
    }
    put(text, start, text->length);
  };
  if (text->wide && old->wide && !fresh->wide) {
    // What goes may have been all that needed wide characters.
    std::u32string units;
    write([&](const Str* piece, size_t start, size_t end) {
      for (; start < end; ++start) units += piece->at(start);
    });
    return widen(make_str(heap, units.data(), units.size()));
  }
  size_t length = text->length - places.size() * old->length + added;
  Ref<Str> result = MINI_TRY(make_blank_str(heap, length, text->wide || fresh->wide));
  Writer writer(result.get());
  write([&](const Str* piece, size_t start, size_t end) { writer.put(piece, start, end); });
  return Ref<Value>(std::move(result));
}

// ---- strip

Result<Ref<Value>> strip(Call& call, const char* method, bool left, bool right) {
  const Str* set = nullptr;
  if (call.has(1) && !call[1].is_none()) {
    set = as_str(call.heap, call[1]);
    if (!set) return call.heap.raise(BuiltinType::kTypeError, "{} arg must be None or str", method);
  }
  Str* text = self_of(call);
  size_t start = 0, end = text->length;
  // Most sets are small: a bit for each of their characters tells at once which others do not go.
  uint64_t bits = 0;
  for (size_t i = 0; set && i < set->length; ++i) bits |= uint64_t{1} << (set->at(i) & 63);
  auto goes = [&](size_t at) {
    if (!set) return is_space(text, at);
    const char32_t unit = text->at(at);
    return (bits >> (unit & 63) & 1) != 0 && contains_character(set, unit);
  };
  while (left && start < end && goes(start)) ++start;
  while (right && end > start && goes(end - 1)) --end;
  return widen(substring(call.heap, text, start, end));
}
Result<Ref<Value>> str_strip(Call& call) {
  return strip(call, "strip", true, true);
}
Result<Ref<Value>> str_lstrip(Call& call) {
  return strip(call, "lstrip", true, false);
}
Result<Ref<Value>> str_rstrip(Call& call) {
  return strip(call, "rstrip", false, true);
}

constexpr NativeDefinition kStrSplitMethods[] = {
    {"str.join(self, iterable, /)", str_join},
    {"str.lstrip(self, chars=None, /)", str_lstrip},
    {"str.partition(self, sep, /)", str_partition},
    {"str.replace(self, old, new, /, count=-1)", str_replace},
    {"str.rpartition(self, sep, /)", str_rpartition},
    {"str.rsplit(self, /, sep=None, maxsplit=-1)", str_rsplit},
    {"str.rstrip(self, chars=None, /)", str_rstrip},
    {"str.split(self, /, sep=None, maxsplit=-1)", str_split},
    {"str.splitlines(self, /, keepends=False)", str_splitlines},
    {"str.strip(self, chars=None, /)", str_strip},
};

}  // namespace

Result<void> add_split_methods(Heap& heap) {
  return add_methods(heap, heap.type(BuiltinType::kStr), kStrSplitMethods, std::size(kStrSplitMethods));
}

}  // namespace mini::object
