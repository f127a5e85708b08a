// Between bytes and text: codecs, and what the files about bytes share.
#pragma once

#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"

namespace mini::object {

inline bool is_bytes(Value value) {
  return has_kind(value, BuiltinType::kBytes);
}
inline std::string_view view_of(Value bytes) {
  const Bytes* object = static_cast<const Bytes*>(bytes.as_object());
  return {reinterpret_cast<const char*>(object->data()), object->length};
}
inline std::string_view self_bytes(Call& call) { return view_of(call[0]); }
inline Result<Ref<Value>> new_bytes(Heap& heap, std::string_view content) {
  return widen(make_bytes(heap, content.data(), content.size()));
}
/// The content of an argument that has to be bytes, borrowed.
Result<std::string_view> bytes_argument(Heap&, Value);
/// Bytes whose content is to be written.
Result<Ref<Bytes>> make_blank_bytes(Heap&, size_t length);
/// The bytes that the class's `__bytes__` answers; kUnbound if it has none.
Result<Ref<Value>> bytes_by_method(Heap&, Value);
/// `format % arguments`.
Result<Ref<Bytes>> percent_format(Heap&, Bytes* format, Value arguments);
/// Latin-1, in which each byte is a character.
Result<Ref<Str>> str_of_bytes(Heap&, std::string_view bytes);
/// A number from 0 to 255; ValueError with that text.
Result<uint8_t> to_byte(Heap&, Value, const char* error);

/// Those methods of bytes that stand in bytes_text.cpp.
Result<void> define_bytes_text_methods(Heap&);

/// `text.encode(encoding, errors)` for UTF-8, ASCII and Latin-1; kUnbound where an argument was not given.
/// `function` stands in the TypeError about an argument that is no str.
Result<Ref<Bytes>> encode(Heap&, Str* text, Value encoding, Value errors, std::string_view function);
/// `bytes.decode(encoding, errors)`
Result<Ref<Str>> decode(Heap&, Bytes* bytes, Value encoding, Value errors, std::string_view function);

}  // namespace mini::object
