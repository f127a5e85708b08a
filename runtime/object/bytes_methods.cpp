// The methods of bytes.
#include <algorithm>
#include <array>
#include <vector>

#include "runtime/object/bytes_text.h"
#include "runtime/object/number.h"

namespace mini::object {

namespace {

constexpr size_t kNowhere = std::string_view::npos;
constexpr std::string_view kSpace = " \t\n\r\v\f";

/// The part of `self` that optional arguments `at` and `at + 1` select, and where it begins.
struct Part {
  std::string_view text;
  int64_t start;
};
Result<std::optional<Part>> part_of(Call& call, uint32_t at) {
  std::string_view whole = self_bytes(call);
  int64_t length = static_cast<int64_t>(whole.size());
  Value bounds[] = {call[at], call[at + 1]};
  int64_t numbers[] = {0, length};
  for (int i = 0; i < 2; ++i) {
    if (bounds[i].is_unbound() || bounds[i].is_none()) continue;
    if (!is_index(call.heap, bounds[i])) {
      return call.heap.raise(BuiltinType::kTypeError,
                             "slice indices must be integers or None or have an __index__ method");
    }
    numbers[i] = MINI_TRY(to_clamped_int64(call.heap, bounds[i]));
    if (numbers[i] < 0) numbers[i] = std::max<int64_t>(numbers[i] + length, 0);
  }
  numbers[1] = std::min(numbers[1], length);
  if (numbers[0] > numbers[1]) return std::optional<Part>();
  return std::optional<Part>(
      {whole.substr(static_cast<size_t>(numbers[0]), static_cast<size_t>(numbers[1] - numbers[0])),
       numbers[0]});
}

/// What find() and its like search for: bytes, or the number of one.
Result<std::string> needle(Call& call) {
  if (is_bytes(call[1])) return std::string(view_of(call[1]));
  if (!is_index(call.heap, call[1])) {
    return call.heap.raise(BuiltinType::kTypeError,
                           "argument should be integer or bytes-like object, not '{}'",
                           type_name(call.heap, call[1]));
  }
  return std::string(
      1, static_cast<char>(MINI_TRY(to_byte(call.heap, call[1], "byte must be in range(0, 256)"))));
}

Result<int64_t> search(Call& call, bool last) {
  std::string piece = MINI_TRY(needle(call));
  std::optional<Part> part = MINI_TRY(part_of(call, 2));
  size_t at = !part ? kNowhere : last ? part->text.rfind(piece) : part->text.find(piece);
  return at == kNowhere ? -1 : part->start + static_cast<int64_t>(at);
}
Result<Ref<Value>> found(Call& call, bool last, bool must) {
  int64_t at = MINI_TRY(search(call, last));
  if (at < 0 && must) return call.heap.raise(BuiltinType::kValueError, "subsection not found");
  return make_int(call.heap, at);
}
Result<Ref<Value>> bytes_find(Call& call) {
  return found(call, false, false);
}
Result<Ref<Value>> bytes_rfind(Call& call) {
  return found(call, true, false);
}
Result<Ref<Value>> bytes_index(Call& call) {
  return found(call, false, true);
}
Result<Ref<Value>> bytes_rindex(Call& call) {
  return found(call, true, true);
}

Result<Ref<Value>> bytes_count(Call& call) {
  std::string piece = MINI_TRY(needle(call));
  std::optional<Part> part = MINI_TRY(part_of(call, 2));
  int64_t count = 0;
  if (part && piece.empty()) count = static_cast<int64_t>(part->text.size()) + 1;
  for (size_t at = 0; part && !piece.empty() && (at = part->text.find(piece, at)) != kNowhere;
       at += piece.size()) {
    ++count;
  }
  return make_int(call.heap, count);
}

Result<Ref<Value>> affix(Call& call, const char* name, bool (*test)(std::string_view, std::string_view)) {
  std::optional<Part> part = MINI_TRY(part_of(call, 2));
  Value* pieces = call.args + 1;
  size_t count = 1;
  if (has_kind(call[1], BuiltinType::kTuple)) {
    pieces = items_of(call[1]).data();
    count = items_of(call[1]).size();
  } else if (!is_bytes(call[1])) {
    return call.heap.raise(BuiltinType::kTypeError, "{} first arg must be bytes or a tuple of bytes, not {}",
                           name, type_name(call.heap, call[1]));
  }
  for (size_t i = 0; i < count; ++i) {
    std::string_view piece = MINI_TRY(bytes_argument(call.heap, pieces[i]));
    if (part && test(part->text, piece)) return Ref<Value>(true);
  }
  return Ref<Value>(false);
}
Result<Ref<Value>> bytes_startswith(Call& call) {
  return affix(call, "startswith",
               [](std::string_view text, std::string_view piece) { return text.starts_with(piece); });
}
Result<Ref<Value>> bytes_endswith(Call& call) {
  return affix(call, "endswith",
               [](std::string_view text, std::string_view piece) { return text.ends_with(piece); });
}

/// A part of the object, which is the object itself if it is all of it.
Result<Ref<Value>> part(Call& call, std::string_view text) {
  const bool is_plain = call[0].as_object()->type == call.heap.type(BuiltinType::kBytes);
  if (is_plain && text.size() == self_bytes(call).size()) return Ref<Value>::share(call[0]);
  return new_bytes(call.heap, text);
}
Result<Ref<Value>> strip(Call& call, bool left, bool right) {
  std::string_view text = self_bytes(call);
  std::string_view set =
      call.has(1) && !call[1].is_none() ? MINI_TRY(bytes_argument(call.heap, call[1])) : kSpace;
  if (left) text.remove_prefix(std::min(text.find_first_not_of(set), text.size()));
  if (right) text = text.substr(0, text.find_last_not_of(set) + 1);
  return part(call, text);
}
Result<Ref<Value>> bytes_strip(Call& call) {
  return strip(call, true, true);
}
Result<Ref<Value>> bytes_lstrip(Call& call) {
  return strip(call, true, false);
}
Result<Ref<Value>> bytes_rstrip(Call& call) {
  return strip(call, false, true);
}

Result<void> add_piece(Heap& heap, List* list, std::string_view piece) {
  Ref<Value> bytes = MINI_TRY(new_bytes(heap, piece));
  return append(heap, list, std::move(bytes));
}

Result<Ref<Value>> bytes_split(Call& call) {
  Heap& heap = call.heap;
  int64_t limit = call.has(2) ? MINI_TRY(to_clamped_int64(heap, call[2])) : -1;
  Ref<List> list = MINI_TRY(make_list(heap));
  std::string_view text = self_bytes(call);
  if (!call.has(1) || call[1].is_none()) {
    for (;;) {
      text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
      if (text.empty()) return Ref<Value>(std::move(list));
      if (limit-- == 0) break;
      size_t end = std::min(text.find_first_of(kSpace), text.size());
      MINI_TRY(add_piece(heap, list.get(), text.substr(0, end)));
      text.remove_prefix(end);
    }
    MINI_TRY(add_piece(heap, list.get(), text));
    return Ref<Value>(std::move(list));
  }
  std::string_view separator = MINI_TRY(bytes_argument(heap, call[1]));
  if (separator.empty()) return heap.raise(BuiltinType::kValueError, "empty separator");
  for (size_t at; limit != 0 && (at = text.find(separator)) != kNowhere; --limit) {
    MINI_TRY(add_piece(heap, list.get(), text.substr(0, at)));
    text.remove_prefix(at + separator.size());
  }
  MINI_TRY(add_piece(heap, list.get(), text));
  return Ref<Value>(std::move(list));
}

Result<Ref<Value>> bytes_rsplit(Call& call) {
  Heap& heap = call.heap;
  int64_t limit = call.has(2) ? MINI_TRY(to_clamped_int64(heap, call[2])) : -1;
  std::vector<std::string_view> pieces;  // from the end
  std::string_view text = self_bytes(call);
  if (!call.has(1) || call[1].is_none()) {
    while (!(text = text.substr(0, text.find_last_not_of(kSpace) + 1)).empty()) {
      const size_t start = limit-- == 0 ? 0 : text.find_last_of(kSpace) + 1;
      pieces.push_back(text.substr(start));
      text = text.substr(0, start);
    }
  } else {
    std::string_view separator = MINI_TRY(bytes_argument(heap, call[1]));
    if (separator.empty()) return heap.raise(BuiltinType::kValueError, "empty separator");
    for (size_t at; limit != 0 && (at = text.rfind(separator)) != kNowhere; --limit) {
      pieces.push_back(text.substr(at + separator.size()));
      text = text.substr(0, at);
    }
    pieces.push_back(text);
  }
  Ref<List> list = MINI_TRY(make_list(heap));
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) MINI_TRY(add_piece(heap, list.get(), *piece));
  return Ref<Value>(std::move(list));
}

Result<Ref<Value>> bytes_splitlines(Call& call) {
  bool keep = call.has(1) && MINI_TRY(truth(call.heap, call[1]));
  Ref<List> list = MINI_TRY(make_list(call.heap));
  for (std::string_view text = self_bytes(call); !text.empty();) {
    size_t end = std::min(text.find_first_of("\n\r"), text.size());
    size_t behind = text.substr(end).starts_with("\r\n") ? end + 2 : std::min(end + 1, text.size());
    MINI_TRY(add_piece(call.heap, list.get(), text.substr(0, keep ? behind : end)));
    text.remove_prefix(behind);
  }
  return Ref<Value>(std::move(list));
}

Result<Ref<Value>> partition(Call& call, bool last) {
  std::string_view separator = MINI_TRY(bytes_argument(call.heap, call[1]));
  if (separator.empty()) return call.heap.raise(BuiltinType::kValueError, "empty separator");
  std::string_view text = self_bytes(call);
  size_t at = last ? text.rfind(separator) : text.find(separator);
  std::array<std::string_view, 3> pieces;
  if (at == kNowhere) pieces[last ? 2 : 0] = text;
  else pieces = {text.substr(0, at), separator, text.substr(at + separator.size())};
  Ref<Tuple> tuple = MINI_TRY(make_tuple(call.heap, 3));
  for (size_t i = 0; i < 3; ++i) {
    const bool is_self = at == kNowhere && i == (last ? 2 : 0);  // also that of a subclass
    tuple->items()[i] = (is_self ? Ref<Value>::share(call[0]) : MINI_TRY(new_bytes(call.heap, pieces[i]))).release();
  }
  return Ref<Value>(std::move(tuple));
}
Result<Ref<Value>> bytes_partition(Call& call) {
  return partition(call, false);
}
Result<Ref<Value>> bytes_rpartition(Call& call) {
  return partition(call, true);
}

Result<Ref<Value>> bytes_removeprefix(Call& call) {
  const std::string_view prefix = MINI_TRY(bytes_argument(call.heap, call[1])), text = self_bytes(call);
  return part(call, text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}
Result<Ref<Value>> bytes_removesuffix(Call& call) {
  const std::string_view suffix = MINI_TRY(bytes_argument(call.heap, call[1])), text = self_bytes(call);
  return part(call, text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

Result<Ref<Value>> bytes_replace(Call& call) {
  std::string_view old = MINI_TRY(bytes_argument(call.heap, call[1]));
  std::string_view fresh = MINI_TRY(bytes_argument(call.heap, call[2]));
  int64_t limit = call.has(3) ? MINI_TRY(to_clamped_int64(call.heap, call[3])) : -1;
  std::string_view text = self_bytes(call);
  std::string out;
  size_t from = 0;
  for (; limit != 0; --limit) {
    size_t at = text.find(old, from);
    if (at == kNowhere) break;
    out.append(text.substr(from, at - from)).append(fresh);
    from = at + old.size();
    if (!old.empty()) continue;
    // Between all bytes, and behind the last one.
    if (from == text.size()) break;
    out += text[from++];
    if (from == text.size() && limit != 1) {
      out.append(fresh);
      break;
    }
  }
  return new_bytes(call.heap, out.append(text.substr(from)));
}

Result<Ref<Value>> bytes_join(Call& call) {
  Heap& heap = call.heap;
  if (!has_kind(call[1], BuiltinType::kList) && !has_kind(call[1], BuiltinType::kTuple)) {
    Ref<List> list = MINI_TRY(list_from(heap, call[1], "can only join an iterable"));
    Value args[] = {call[0], list};
    Call again{heap, args, 2, nullptr};
    return bytes_join(again);
  }
  std::string out;
  std::span<Value> items = items_of(call[1]);
  for (size_t i = 0; i < items.size(); ++i) {
    if (!is_bytes(items[i])) {
      return heap.raise(BuiltinType::kTypeError, "sequence item {}: expected a bytes-like object, {} found",
                        i, type_name(heap, items[i]));
    }
    if (i > 0) out.append(self_bytes(call));
    out.append(view_of(items[i]));
  }
  return new_bytes(heap, out);
}

Result<Ref<Value>> bytes_decode(Call& call) {
  return widen(decode(call.heap, static_cast<Bytes*>(call[0].as_object()), call[1], call[2], "decode()"));
}

Result<Ref<Value>> bytes_hex(Call& call) {
  Heap& heap = call.heap;
  std::string separator;
  if (call.has(1)) {
    const Str* text = as_str(heap, call[1]);
    separator = text ? to_utf8(text) : std::string(MINI_TRY(bytes_argument(heap, call[1])));
    if (separator.size() != 1) return heap.raise(BuiltinType::kValueError, "sep must be length 1.");
  }
  int64_t group = call.has(2) ? MINI_TRY(to_int64(heap, call[2])) : 1;
  int64_t length = static_cast<int64_t>(self_bytes(call).size());
  std::string out;
  for (int64_t i = 0; i < length; ++i) {
    int64_t rest = group > 0 ? length - i : i;
    if (i > 0 && group != 0 && rest % std::abs(group) == 0) out += separator;
    out += fmt::format("{:02x}", static_cast<unsigned char>(self_bytes(call)[static_cast<size_t>(i)]));
  }
  return widen(make_str(heap, out));
}

int hex_digit(char32_t unit) {
  if (unit >= '0' && unit <= '9') return static_cast<int>(unit - '0');
  unit |= 0x20;
  return unit >= 'a' && unit <= 'f' ? static_cast<int>(unit - 'a' + 10) : -1;
}

Result<Ref<Value>> bytes_fromhex(Call& call) {
  Heap& heap = call.heap;
  const Str* text = as_str(heap, call[1]);
  if (!text) {
    return heap.raise(BuiltinType::kTypeError, "fromhex() argument must be str, not {}",
                      type_name(heap, call[1]));
  }
  std::string out;
  for (size_t i = 0; i < text->length; i += 2) {
    while (i < text->length && text->at(i) < 0x80 && kSpace.find(static_cast<char>(text->at(i))) != kNowhere)
      ++i;
    if (i == text->length) break;
    int high = hex_digit(text->at(i)), low = i + 1 < text->length ? hex_digit(text->at(i + 1)) : -1;
    if (high < 0 || low < 0) {
      return heap.raise(BuiltinType::kValueError,
                        "non-hexadecimal number found in fromhex() arg at position {}", high < 0 ? i : i + 1);
    }
    out += static_cast<char>(high * 16 + low);
  }
  return new_bytes(heap, out);
}

constexpr NativeDefinition kBytesMethods[] = {
    {"bytes.count(self, sub, start=None, end=None, /)", bytes_count},
    {"bytes.decode(self, /, encoding='utf-8', errors='strict')", bytes_decode},
    {"bytes.endswith(self, suffix, start=None, end=None, /)", bytes_endswith},
    {"bytes.find(self, sub, start=None, end=None, /)", bytes_find},
    {"bytes.hex(self, sep='', bytes_per_sep=1)", bytes_hex},
    {"bytes.index(self, sub, start=None, end=None, /)", bytes_index},
    {"bytes.join(self, iterable_of_bytes, /)", bytes_join},
    {"bytes.lstrip(self, bytes=None, /)", bytes_lstrip},
    {"bytes.partition(self, sep, /)", bytes_partition},
    {"bytes.removeprefix(self, prefix, /)", bytes_removeprefix},
    {"bytes.removesuffix(self, suffix, /)", bytes_removesuffix},
    {"bytes.replace(self, old, new, count=-1, /)", bytes_replace},
    {"bytes.rfind(self, sub, start=None, end=None, /)", bytes_rfind},
    {"bytes.rindex(self, sub, start=None, end=None, /)", bytes_rindex},
    {"bytes.rpartition(self, sep, /)", bytes_rpartition},
    {"bytes.rsplit(self, /, sep=None, maxsplit=-1)", bytes_rsplit},
    {"bytes.rstrip(self, bytes=None, /)", bytes_rstrip},
    {"bytes.split(self, /, sep=None, maxsplit=-1)", bytes_split},
    {"bytes.splitlines(self, /, keepends=False)", bytes_splitlines},
    {"bytes.startswith(self, prefix, start=None, end=None, /)", bytes_startswith},
    {"bytes.strip(self, bytes=None, /)", bytes_strip},
};
constexpr NativeDefinition kBytesClassMethods[] = {{"bytes.fromhex(type, string, /)", bytes_fromhex}};

}  // namespace

Result<void> define_bytes_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kBytes);
  MINI_TRY(add_methods(heap, type, kBytesMethods, std::size(kBytesMethods)));
  MINI_TRY(define_bytes_text_methods(heap));
  return add_methods(heap, type, kBytesClassMethods, std::size(kBytesClassMethods), MethodDescriptor::kClassMethod);
}

}  // namespace mini::object
