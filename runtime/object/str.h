// Strings and bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/object/heap.h"

namespace mini::object {

/// An immutable text. ASCII texts hold a byte for each character, all others a 32-bit code point (lone surrogates from
/// escapes included): indexing is one load in both, and no kind in between has to be told apart.
struct Str : Object {
  /// As `hash()` answers (SipHash-like mixing is not needed: scripts are trusted, and the same text must hash alike
  /// on every machine and run); 0: not yet computed, or empty.
  mutable int64_t cached_hash;
  uint32_t length;       ///< in characters
  uint32_t capacity;     ///< in characters: room behind, for appending in place
  uint8_t wide;          ///< 1: 32-bit code points
  uint8_t interned;      ///< not 0: stands in the heap's table; bits of type_internal.h
  // the characters follow

  static constexpr uint32_t kMaxLength = 0xffff'fff0;
  const char* narrow() const { return reinterpret_cast<const char*>(this + 1); }
  char* narrow() { return reinterpret_cast<char*>(this + 1); }
  const char32_t* wide_units() const { return reinterpret_cast<const char32_t*>(this + 1); }
  char32_t* wide_units() { return reinterpret_cast<char32_t*>(this + 1); }
  char32_t at(size_t index) const {
    return wide ? wide_units()[index] : static_cast<unsigned char>(narrow()[index]);
  }
  /// Bytes of a character.
  size_t unit_size() const { return wide ? sizeof(char32_t) : 1; }
  /// Bytes of the object, with its spare room.
  size_t extent() const { return sizeof(Str) + capacity * unit_size(); }
  /// The text itself, if it is ASCII.
  std::string_view ascii() const { return {narrow(), length}; }
};

/// From UTF-8 (which must be valid, except that encoded surrogates pass through).
Result<Ref<Str>> make_str(Heap&, std::string_view utf8);
/// From code points; narrow if they are all ASCII.
Result<Ref<Str>> make_str(Heap&, const char32_t* units, size_t length);
/// A text of that length which the caller fills in at once; `wide` only for one with a character outside ASCII.
/// The empty text is shared.
Result<Ref<Str>> make_blank_str(Heap&, size_t length, bool wide);
/// A copy that is an instance of `type`, a class derived from str.
Result<Ref<Str>> make_str_of_type(Heap&, Type* type, const Str* text);
/// One character; ASCII ones are shared.
Result<Ref<Str>> make_character(Heap&, char32_t character);
/// UTF-8 for output and error texts; lone surrogates as three bytes each.
std::string to_utf8(const Str*);
void append_utf8(std::string& out, const Str*);
/// A hash that is the same on every machine; never 0 or -1.
int64_t hash_bytes(const void* bytes, size_t size);
int64_t hash_of(const Str*);
bool equal(const Str*, const Str*);
bool equal(const Str*, std::string_view ascii);
/// What str.isidentifier() says.
bool is_identifier(const Str*);
/// Less, equal, greater by code points: -1, 0, 1.
int compare(const Str*, const Str*);
/// `left` with `right` behind it. When `left`'s handle owns the only count and there is room, in place: a loop of
/// `s += piece` takes linear time, as in CPython (unicode_concatenate, 3.9 Python/ceval.c).
Result<Ref<Str>> concatenate(Heap&, Ref<Str> left, const Str* right);
Result<Ref<Str>> substring(Heap&, Str*, size_t start, size_t end);
/// With quotes and escapes as `repr`.
Result<Ref<Str>> repr_of(Heap&, const Str*);

/// `format % arguments`.
Result<Ref<Str>> percent_format(Heap&, Str* format, Value arguments);

/// Collects a text piece by piece on the C++ side and makes the Str at the end. Memory of the host is only taken for long ones.
class TextBuilder {
 public:
  TextBuilder() = default;
  TextBuilder(const TextBuilder&) = delete;
  TextBuilder& operator=(const TextBuilder&) = delete;

  void append(std::string_view utf8) { utf8.copy(room_for(utf8.size()), utf8.size()); }
  void append(const Str* piece) {
    if (piece->wide)
      append_wide(piece);
    else
      append(piece->ascii());
  }
  void append(char character) { *room_for(1) = character; }
  /// `count` times the same character; nothing if `count` is negative.
  void append(int64_t count, char32_t character);
  /// The digits of a number.
  void append_number(int64_t number);
  Result<Ref<Str>> finish(Heap& heap) const { return make_str(heap, std::string_view(text_, size_)); }

 private:
  /// Behind the text; what is written there belongs to it.
  char* room_for(size_t size) {
    if (size > capacity_ - size_) [[unlikely]] grow(size);
    char* at = text_ + size_;
    size_ += size;
    return at;
  }
  void grow(size_t by);
  void append_wide(const Str* piece);

  char inside_[128];
  std::unique_ptr<char[]> outside_;
  char* text_ = inside_;
  size_t size_ = 0;
  size_t capacity_ = sizeof inside_;
};

struct Bytes : Object {
  mutable int64_t cached_hash;
  uint64_t length;
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
};
Result<Ref<Bytes>> make_bytes(Heap&, const void* data, size_t length);
/// bytes(value): of bytes, of an iterable of ints; TypeError otherwise.
Result<Ref<Bytes>> bytes_from(Heap&, Value);

/// Whether a value is exactly a str, or of a class derived from it.
inline Str* as_str(Heap& heap, Value value) {
  return value.is_object() && value.as_object()->type->kind == static_cast<uint32_t>(BuiltinType::kStr)
             ? static_cast<Str*>(value.as_object())
             : (static_cast<void>(heap), nullptr);
}

void define_str_type(Heap&);
Result<void> define_str_methods(Heap&);
void define_bytes_type(Heap&);
Result<void> define_bytes_methods(Heap&);

}  // namespace mini::object
