// Texts: how they are made, hashed, compared, joined and written as literals; what operators do with them.
#include "runtime/object/str.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/unicode.h"
#include "runtime/base/utf8.h"
#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/str_methods.h"
#include "runtime/object/str_search.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

size_t byte_length(const Str* text) {
  return text->length * text->unit_size();
}

size_t str_size(const Object* object) {
  return static_cast<const Str*>(object)->extent();
}

void visit_str(Object* object, Visitor& visitor) {
  Str* text = static_cast<Str*>(object);
  // The cached hash follows from the text, and the spare room is not part of the value; whether the text is
  // shared as a name is not seen by scripts. They are shown because save and restore keep them.
  visitor.scalar(static_cast<uint64_t>(text->cached_hash));
  visitor.scalar(text->length);
  visitor.scalar(text->capacity);
  visitor.scalar(text->wide);
  visitor.scalar(text->interned & ~kLookedUpName);
  visitor.content(text->narrow(), byte_length(text));
}

bool is_ascii(const char32_t* units, size_t length) {
  char32_t all = 0;
  for (size_t i = 0; i < length; ++i) all |= units[i];
  return all < 0x80;
}

Result<Ref<Str>> allocate(Heap& heap, Type* type, size_t length, size_t capacity, bool wide) {
  if (capacity > Str::kMaxLength) return heap.raise_memory_error();
  const size_t bytes = capacity * (wide ? sizeof(char32_t) : 1);
  Ref<Str> text = MINI_TRY(type == heap.type(BuiltinType::kStr) ? heap.create_plain<Str>(BuiltinType::kStr, bytes)
                                                                 : heap.create_unfilled<Str>(type, bytes));
  text->length = static_cast<uint32_t>(length);
  text->capacity = static_cast<uint32_t>(capacity);
  text->wide = wide;
  return text;
}

/// Copies the characters of `from` to position `at` of `to`, which is wide enough.
void put(Str* to, size_t at, const Str* from) {
  if (to->wide == from->wide) {
    std::memcpy(to->narrow() + at * to->unit_size(), from->narrow(), byte_length(from));
  } else {
    std::copy_n(from->narrow(), from->length, to->wide_units() + at);
  }
}

Result<Ref<Str>> repeat(Heap& heap, Str* text, Value times) {
  int64_t count = MINI_TRY(to_int64(heap, times, "index"));
  Type* exact = heap.type(BuiltinType::kStr);
  if (count <= 0 || text->length == 0) return make_blank_str(heap, 0, false);
  if (count == 1 && text->type == exact) return Ref<Str>::share(text);
  if (count > static_cast<int64_t>(Str::kMaxLength / text->length)) return heap.raise_memory_error();
  Ref<Str> result = MINI_TRY(make_blank_str(heap, text->length * static_cast<size_t>(count), text->wide));
  size_t whole = byte_length(result.get());
  char* out = result->narrow();
  if (byte_length(text) == 1) {
    std::memset(out, *text->narrow(), whole);
    return result;
  }
  std::memcpy(out, text->narrow(), byte_length(text));
  for (size_t done = byte_length(text); done < whole;) {
    size_t piece = std::min(done, whole - done);
    std::memcpy(out + done, out, piece);
    done += piece;
  }
  return result;
}

Result<Ref<Str>> str_repr(Heap& heap, Value value) {
  return repr_of(heap, static_cast<Str*>(value.as_object()));
}

Result<Ref<Str>> str_str(Heap& heap, Value value) {
  Str* text = static_cast<Str*>(value.as_object());
  return substring(heap, text, 0, text->length);
}

Result<int64_t> str_hash(Heap&, Value value) {
  return hash_of(static_cast<Str*>(value.as_object()));
}

Result<Ref<Value>> str_compare(Heap& heap, CompareOp op, Value left, Value right) {
  const Str* a = as_str(heap, left);
  const Str* b = as_str(heap, right);
  if (!a || !b) return unboxed(kNotImplemented);
  if (op == CompareOp::kEqual) return Ref<Value>(equal(a, b));
  if (op == CompareOp::kNotEqual) return Ref<Value>(!equal(a, b));
  return Ref<Value>(compare_ordered(op, compare(a, b), 0));
}

Result<Ref<Value>> str_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  Str* a = as_str(heap, left);
  Str* b = as_str(heap, right);
  if (op == BinaryOp::kAdd && a && b) return widen(concatenate(heap, Ref<Str>::share(a), b));
  if (op == BinaryOp::kModulo && a) return widen(percent_format(heap, a, right));
  if (op == BinaryOp::kMultiply && !(a && b)) {
    Value times = a ? right : left;
    if (is_index(heap, times)) return widen(repeat(heap, a ? a : b, times));
  }
  return unboxed(kNotImplemented);
}

Result<int64_t> str_length(Heap&, Value value) {
  return static_cast<Str*>(value.as_object())->length;
}

Result<Ref<Value>> str_get_item(Heap& heap, Value value, Value key) {
  Str* text = static_cast<Str*>(value.as_object());
  if (has_kind(key, BuiltinType::kSlice)) {
    SliceBounds bounds = MINI_TRY(resolve_slice(heap, static_cast<Slice*>(key.as_object()), text->length));
    if (bounds.step == 1) {
      size_t start = static_cast<size_t>(bounds.start);
      return widen(substring(heap, text, start, start + static_cast<size_t>(bounds.length)));
    }
    std::u32string units;
    for (int64_t i = 0; i < bounds.length; ++i) {
      units += text->at(static_cast<size_t>(bounds.start + i * bounds.step));
    }
    return widen(make_str(heap, units.data(), units.size()));
  }
  int64_t index = MINI_TRY(index_of(heap, key, "string indices must be integers, not '{}'"));
  if (index < 0) index += text->length;
  if (index < 0 || index >= text->length) {
    return heap.raise(BuiltinType::kIndexError, "string index out of range");
  }
  return widen(make_character(heap, text->at(static_cast<size_t>(index))));
}

Result<bool> str_contains(Heap& heap, Value value, Value item) {
  const Str* piece = as_str(heap, item);
  if (!piece) {
    return heap.raise(BuiltinType::kTypeError, "'in <string>' requires string as left operand, not {}",
                      type_name(heap, item));
  }
  const Str* text = static_cast<Str*>(value.as_object());
  return find(text, piece, 0, text->length) >= 0;
}

Result<Ref<Value>> str_iterate(Heap& heap, Value value) {
  const bool wide = static_cast<const Str*>(value.as_object())->wide;
  return make_sequence_iterator(heap, wide ? BuiltinType::kWideStrIterator : BuiltinType::kStrIterator, value);
}

}  // namespace

Result<Ref<Str>> make_blank_str(Heap& heap, size_t length, bool wide) {
  if (length == 0) {
    Str*& shared = heap.shared().empty_str;
    if (!shared) shared = MINI_TRY(allocate(heap, heap.type(BuiltinType::kStr), 0, 0, false)).release();
    return Ref<Str>::share(shared);
  }
  return allocate(heap, heap.type(BuiltinType::kStr), length, length, wide);
}

Result<Ref<Str>> make_str_of_type(Heap& heap, Type* type, const Str* text) {
  Ref<Str> result = MINI_TRY(allocate(heap, type, text->length, text->length, text->wide));
  put(result.get(), 0, text);
  return result;
}

Result<Ref<Str>> make_str(Heap& heap, std::string_view utf8) {
  if (base::is_ascii(utf8)) {
    if (utf8.size() == 1) return make_character(heap, static_cast<unsigned char>(utf8[0]));
    Ref<Str> text = MINI_TRY(make_blank_str(heap, utf8.size(), false));
    if (!utf8.empty()) std::memcpy(text->narrow(), utf8.data(), utf8.size());
    return text;
  }
  Ref<Str> text = MINI_TRY(make_blank_str(heap, base::count_code_points(utf8), true));
  const char* at = utf8.data();
  for (size_t i = 0; i < text->length; ++i) {
    base::CodePoint point = base::decode_utf8(at);
    text->wide_units()[i] = point.value;
    at += point.size;
  }
  return text;
}

Result<Ref<Str>> make_str(Heap& heap, const char32_t* units, size_t length) {
  if (length == 1) return make_character(heap, units[0]);
  bool narrow = is_ascii(units, length);
  Ref<Str> text = MINI_TRY(make_blank_str(heap, length, !narrow));
  if (narrow) {
    std::copy_n(units, length, text->narrow());
  } else {
    std::copy_n(units, length, text->wide_units());
  }
  return text;
}

Result<Ref<Str>> make_character(Heap& heap, char32_t character) {
  if (character >= 0x80) {
    Ref<Str> text = MINI_TRY(allocate(heap, heap.type(BuiltinType::kStr), 1, 1, true));
    text->wide_units()[0] = character;
    return text;
  }
  Str*& shared = heap.shared().characters[character];
  if (!shared) {
    Ref<Str> text = MINI_TRY(allocate(heap, heap.type(BuiltinType::kStr), 1, 1, false));
    text->narrow()[0] = static_cast<char>(character);
    shared = text.release();
  }
  return Ref<Str>::share(shared);
}

void append_utf8(std::string& out, const Str* text) {
  if (!text->wide) {
    out += text->ascii();
    return;
  }
  for (size_t i = 0; i < text->length; ++i) base::append_utf8(out, text->wide_units()[i]);
}

void TextBuilder::grow(size_t by) {
  const size_t capacity = std::max(capacity_ * 2, size_ + by);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  std::memcpy(larger.get(), text_, size_);
  outside_ = std::move(larger);
  text_ = outside_.get();
  capacity_ = capacity;
}

void TextBuilder::append_wide(const Str* piece) {
  std::string utf8;
  append_utf8(utf8, piece);
  append(utf8);
}

void TextBuilder::append(int64_t count, char32_t character) {
  if (count <= 0) return;
  if (character < 0x80) {
    std::memset(room_for(static_cast<size_t>(count)), static_cast<int>(character), static_cast<size_t>(count));
    return;
  }
  std::string utf8;
  base::append_utf8(utf8, character);
  for (; count > 0; --count) append(utf8);
}

void TextBuilder::append_number(int64_t number) {
  const fmt::format_int digits(number);
  append(std::string_view(digits.data(), digits.size()));
}

std::string to_utf8(const Str* text) {
  std::string out;
  append_utf8(out, text);
  return out;
}

int64_t hash_of(const Str* text) {
  if (text->cached_hash == 0) text->cached_hash = hash_bytes(text->narrow(), byte_length(text));
  return text->cached_hash;
}

bool equal(const Str* a, const Str* b) {
  if (a == b) return true;
  return a->length == b->length && a->wide == b->wide &&
         std::memcmp(a->narrow(), b->narrow(), byte_length(a)) == 0;
}

bool is_identifier(const Str* text) {
  if (text->length == 0 || !base::is_identifier_start(text->at(0))) return false;
  for (uint32_t i = 1; i < text->length; ++i)
    if (!base::is_identifier_continue(text->at(i))) return false;
  return true;
}

bool equal(const Str* text, std::string_view ascii) {
  return !text->wide && text->ascii() == ascii;
}

int compare(const Str* a, const Str* b) {
  size_t common = std::min(a->length, b->length);
  int order = 0;
  if (!a->wide && !b->wide) {
    order = std::memcmp(a->narrow(), b->narrow(), common);
  } else {
    for (size_t i = 0; i < common && order == 0; ++i) {
      order = static_cast<int>(a->at(i)) - static_cast<int>(b->at(i));
    }
  }
  if (order == 0 && a->length != b->length) order = a->length < b->length ? -1 : 1;
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

Result<Ref<Str>> concatenate(Heap& heap, Ref<Str> left, const Str* right) {
  Type* exact = heap.type(BuiltinType::kStr);
  if (right->length == 0 && left->type == exact) return left;
  if (left->length == 0 && right->type == exact) return Ref<Str>::share(const_cast<Str*>(right));
  size_t length = size_t{left->length} + right->length;
  if (length > Str::kMaxLength) return heap.raise_memory_error();
  bool own = left->count == 1 && left->type == exact && !left->interned && left.get() != right;
  if (own && (left->wide || !right->wide)) {
    if (length > left->capacity) {
      // Room for an eighth more keeps a loop of appends linear.
      size_t capacity = std::min<size_t>(length + length / 8 + 8, Str::kMaxLength);
      void* grown = heap.resize_buffer(left.get(), left->extent(), sizeof(Str) + capacity * left->unit_size());
      if (!grown) return raised;
      static_cast<void>(left.release());
      left = Ref<Str>::adopt(static_cast<Str*>(grown));
      left->capacity = static_cast<uint32_t>(capacity);
    }
    put(left.get(), left->length, right);
    left->length = static_cast<uint32_t>(length);
    left->cached_hash = 0;
    return left;
  }
  Ref<Str> result = MINI_TRY(make_blank_str(heap, length, left->wide || right->wide));
  put(result.get(), 0, left.get());
  put(result.get(), left->length, right);
  return result;
}

Result<Ref<Str>> substring(Heap& heap, Str* text, size_t start, size_t end) {
  if (start == 0 && end == text->length && text->type == heap.type(BuiltinType::kStr))
    return Ref<Str>::share(text);
  if (text->wide) return make_str(heap, text->wide_units() + start, end - start);
  if (end - start == 1) return make_character(heap, text->at(start));
  Ref<Str> result = MINI_TRY(make_blank_str(heap, end - start, false));
  std::memcpy(result->narrow(), text->narrow() + start, end - start);
  return result;
}

Result<Ref<Str>> repr_of(Heap& heap, const Str* text) {
  char quote = '\'';
  if (contains_character(text, '\'') && !contains_character(text, '"')) quote = '"';
  std::string out;
  out.reserve(text->length + 2);
  out += quote;
  for (size_t i = 0; i < text->length; ++i) {
    char32_t unit = text->at(i);
    uint32_t code = unit;
    if (unit == static_cast<unsigned char>(quote) || unit == '\\') {
      out += '\\';
      out += static_cast<char>(unit);
    } else if (unit == '\n') {
      out += "\\n";
    } else if (unit == '\r') {
      out += "\\r";
    } else if (unit == '\t') {
      out += "\\t";
    } else if (unit >= ' ' && unit < 0x7f) {
      out += static_cast<char>(unit);
    } else if (unit >= 0x80 && base::is_printable(unit)) {
      base::append_utf8(out, unit);
    } else if (unit < 0x100) {
      out += fmt::format("\\x{:02x}", code);
    } else if (unit < 0x10000) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += fmt::format("\\U{:08x}", code);
    }
  }
  out += quote;
  return make_str(heap, out);
}

int64_t hash_bytes(const void* bytes, size_t size) {
  if (size == 0) return 0;
  constexpr uint64_t kFactor = 0x9e37'79b9'7f4a'7c15;
  const char* at = static_cast<const char*>(bytes);
  uint64_t hash = size * kFactor;
  auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * kFactor;
    hash ^= hash >> 29;
  };
  for (; size >= 8; size -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
  }
  uint64_t rest = 0;
  if (size > 0) std::memcpy(&rest, at, size);
  mix(rest);
  int64_t result = static_cast<int64_t>(hash ^ hash >> 32);
  return result == 0 || result == -1 ? 2 : result;
}

void define_str_type(Heap& heap) {
  Type* type = heap.type(BuiltinType::kStr);
  type->behaviour = {.visit = visit_str,
                     .repr = str_repr,
                     .str = str_str,
                     .hash = str_hash,
                     .compare = str_compare,
                     .binary = str_binary,
                     .length = str_length,
                     .get_item = str_get_item,
                     .contains = str_contains,
                     .iterate = str_iterate,
                     .size = str_size};
  type->instance_size = sizeof(Str);
  type->type_flags |= Type::kSubclassable;
  type->construct = &kStrConstructor;
}

}  // namespace mini::object
