// The type bytes: what operators do with it, and how it is made.
#include <algorithm>
#include <cstring>

#include "runtime/object/bytes_text.h"
#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

Bytes* bytes_of(Value value) {
  return static_cast<Bytes*>(value.as_object());
}

size_t bytes_size(const Object* object) {
  return sizeof(Bytes) + static_cast<const Bytes*>(object)->length;
}

void visit_bytes(Object* object, Visitor& visitor) {
  Bytes* bytes = static_cast<Bytes*>(object);
  visitor.scalar(static_cast<uint64_t>(bytes->cached_hash));
  visitor.scalar(bytes->length);
  visitor.content(bytes->data(), bytes->length);
}

Result<Ref<Bytes>> allocate(Heap& heap, Type* type, size_t length) {
  Ref<Bytes> bytes = MINI_TRY(heap.create<Bytes>(type, length));
  bytes->length = length;
  return bytes;
}

}  // namespace

Result<Ref<Bytes>> make_blank_bytes(Heap& heap, size_t length) {
  if (length > 0) return allocate(heap, heap.type(BuiltinType::kBytes), length);
  Bytes*& empty = heap.shared().empty_bytes;
  if (!empty) empty = MINI_TRY(allocate(heap, heap.type(BuiltinType::kBytes), 0)).release();
  return Ref<Bytes>::share(empty);
}

namespace {
Result<Ref<Str>> bytes_repr(Heap& heap, Value value) {
  std::string_view bytes = view_of(value);
  char quote = bytes.find('\'') != bytes.npos && bytes.find('"') == bytes.npos ? '"' : '\'';
  std::string out = {'b', quote};
  for (char byte : bytes) {
    unsigned char code = static_cast<unsigned char>(byte);
    if (byte == quote || byte == '\\') {
      out += '\\';
      out += byte;
    } else if (byte == '\n' || byte == '\r' || byte == '\t') {
      out += byte == '\n' ? "\\n" : byte == '\r' ? "\\r" : "\\t";
    } else if (code >= ' ' && code < 0x7f) {
      out += byte;
    } else {
      out += fmt::format("\\x{:02x}", code);
    }
  }
  return make_str(heap, out + quote);
}

Result<int64_t> bytes_hash(Heap&, Value value) {
  Bytes* bytes = bytes_of(value);
  if (bytes->cached_hash == 0) bytes->cached_hash = hash_bytes(bytes->data(), bytes->length);
  return bytes->cached_hash;
}

Result<Ref<Value>> bytes_compare(Heap&, CompareOp op, Value left, Value right) {
  if (!is_bytes(left) || !is_bytes(right)) return unboxed(kNotImplemented);
  return Ref<Value>(compare_ordered(op, view_of(left).compare(view_of(right)), 0));
}

Result<Ref<Value>> bytes_binary(Heap& heap, BinaryOp op, Value left, Value right) {
  if (op == BinaryOp::kModulo && is_bytes(left)) return widen(percent_format(heap, bytes_of(left), right));
  if (op == BinaryOp::kAdd && is_bytes(left) && is_bytes(right)) {
    std::string_view a = view_of(left), b = view_of(right);
    Ref<Bytes> result = MINI_TRY(make_blank_bytes(heap, a.size() + b.size()));
    std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), result->data()));
    return Ref<Value>(std::move(result));
  }
  if (op == BinaryOp::kMultiply && is_bytes(left) != is_bytes(right)) {
    Value times = is_bytes(left) ? right : left;
    if (!is_index(heap, times)) return unboxed(kNotImplemented);
    std::string_view once = view_of(is_bytes(left) ? left : right);
    size_t length = static_cast<size_t>(MINI_TRY(repeated_length(heap, once.size(), times)));
    Ref<Bytes> result = MINI_TRY(make_blank_bytes(heap, length));
    for (size_t i = 0; i < length; i += once.size()) std::copy(once.begin(), once.end(), result->data() + i);
    return Ref<Value>(std::move(result));
  }
  return unboxed(kNotImplemented);
}

Result<int64_t> bytes_length(Heap&, Value value) {
  return static_cast<int64_t>(bytes_of(value)->length);
}

Result<Ref<Value>> bytes_get_item(Heap& heap, Value value, Value key) {
  std::string_view bytes = view_of(value);
  int64_t length = static_cast<int64_t>(bytes.size());
  if (has_kind(key, BuiltinType::kSlice)) {
    SliceBounds bounds = MINI_TRY(resolve_slice(heap, static_cast<Slice*>(key.as_object()), length));
    Ref<Bytes> result = MINI_TRY(make_blank_bytes(heap, static_cast<size_t>(bounds.length)));
    for (int64_t i = 0; i < bounds.length; ++i) {
      result->data()[i] = bytes_of(value)->data()[bounds.start + i * bounds.step];
    }
    return Ref<Value>(std::move(result));
  }
  int64_t index = MINI_TRY(index_of(heap, key, "byte indices must be integers or slices, not {}"));
  if (index < 0) index += length;
  if (index < 0 || index >= length) return heap.raise(BuiltinType::kIndexError, "index out of range");
  return unboxed(Value::integer(bytes_of(value)->data()[index]));
}

Result<bool> bytes_contains(Heap& heap, Value value, Value item) {
  if (is_index(heap, item)) {
    char byte = static_cast<char>(MINI_TRY(to_byte(heap, item, "byte must be in range(0, 256)")));
    return view_of(value).find(byte) != std::string_view::npos;
  }
  return view_of(value).find(MINI_TRY(bytes_argument(heap, item))) != std::string_view::npos;
}

Result<Ref<Value>> bytes_iterate(Heap& heap, Value value) {
  return make_sequence_iterator(heap, BuiltinType::kBytesIterator, value);
}

/// bytes(source) with no encoding.
Result<Ref<Bytes>> bytes_of_source(Heap& heap, Value source) {
  Ref<Value> own = MINI_TRY(bytes_by_method(heap, source));
  if (!own.get().is_unbound()) return Ref<Bytes>::adopt(bytes_of(own.release()));
  if (as_str(heap, source)) return heap.raise(BuiltinType::kTypeError, "string argument without an encoding");
  if (is_index(heap, source)) {
    int64_t count = MINI_TRY(to_int64(heap, source, "index"));
    if (count < 0) return heap.raise(BuiltinType::kValueError, "negative count");
    return make_blank_bytes(heap, static_cast<size_t>(count));
  }
  return bytes_from(heap, source);
}

Result<Ref<Value>> bytes_new(Call& call) {
  Heap& heap = call.heap;
  Type* type = static_cast<Type*>(call[0].as_object());
  Ref<Bytes> bytes;
  if (call.has(2) || call.has(3)) {
    Str* text = call.has(1) ? as_str(heap, call[1]) : nullptr;
    if (!text || !call.has(2)) {
      return heap.raise_text(BuiltinType::kTypeError, text          ? "string argument without an encoding"
                                                      : call.has(2) ? "encoding without a string argument"
                                                                    : "errors without a string argument");
    }
    bytes = MINI_TRY(encode(heap, text, call[2], call[3], "bytes()"));
  } else {
    bytes = call.has(1) ? MINI_TRY(bytes_of_source(heap, call[1])) : MINI_TRY(make_blank_bytes(heap, 0));
  }
  if (type == bytes->type) return Ref<Value>(std::move(bytes));
  Ref<Bytes> result = MINI_TRY(allocate(heap, type, bytes->length));
  std::memcpy(result->data(), bytes->data(), bytes->length);
  return Ref<Value>(std::move(result));
}
constexpr NativeDefinition kBytesConstructor = {
    "bytes.__new__(type, source=b'', encoding='utf-8', errors='strict')", bytes_new};

}  // namespace

Result<uint8_t> to_byte(Heap& heap, Value value, const char* error) {
  int64_t number = MINI_TRY(to_clamped_int64(heap, value));
  if (number < 0 || number > 255) return heap.raise_text(BuiltinType::kValueError, error);
  return static_cast<uint8_t>(number);
}

Result<std::string_view> bytes_argument(Heap& heap, Value value) {
  if (is_bytes(value)) return view_of(value);
  return heap.raise(BuiltinType::kTypeError, "a bytes-like object is required, not '{}'",
                    type_name(heap, value));
}

Result<Ref<Bytes>> make_bytes(Heap& heap, const void* data, size_t length) {
  Ref<Bytes> bytes = MINI_TRY(make_blank_bytes(heap, length));
  if (length > 0) std::memcpy(bytes->data(), data, length);
  return bytes;
}

Result<Ref<Value>> bytes_by_method(Heap& heap, Value value) {
  const Value method = script_method(heap, heap.type_of(value), Name::k__bytes__);
  if (method.is_unbound()) return unboxed(kUnbound);
  Ref<Value> answer = MINI_TRY(call_special(heap, method, value));
  if (is_bytes(answer)) return answer;
  return heap.raise(BuiltinType::kTypeError, "__bytes__ returned non-bytes (type {})", type_name(heap, answer));
}

Result<Ref<Bytes>> bytes_from(Heap& heap, Value source) {
  if (is_bytes(source)) {
    if (source.as_object()->type == heap.type(BuiltinType::kBytes))
      return Ref<Bytes>::share(bytes_of(source));
    return make_bytes(heap, bytes_of(source)->data(), bytes_of(source)->length);
  }
  Result<Ref<Value>> iterator = as_str(heap, source) ? Result<Ref<Value>>(raised) : iterate(heap, source);
  if (!iterator.ok()) {
    if (heap.has_pending() && !heap.pending_is(BuiltinType::kTypeError)) return raised;
    return heap.raise(BuiltinType::kTypeError, "cannot convert '{}' object to bytes",
                      type_name(heap, source));
  }
  std::string out;
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, *iterator));
    if (item.get().is_unbound()) return make_bytes(heap, out.data(), out.size());
    out += static_cast<char>(MINI_TRY(to_byte(heap, item, "bytes must be in range(0, 256)")));
  }
}

void define_bytes_type(Heap& heap) {
  Type* type = heap.type(BuiltinType::kBytes);
  type->behaviour = {.visit = visit_bytes,
                     .repr = bytes_repr,
                     .hash = bytes_hash,
                     .compare = bytes_compare,
                     .binary = bytes_binary,
                     .length = bytes_length,
                     .get_item = bytes_get_item,
                     .contains = bytes_contains,
                     .iterate = bytes_iterate,
                     .size = bytes_size};
  type->instance_size = sizeof(Bytes);
  type->type_flags |= Type::kSubclassable;
  type->construct = &kBytesConstructor;
}

}  // namespace mini::object
