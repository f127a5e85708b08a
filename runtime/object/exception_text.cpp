// What exceptions say: str() and repr() of every builtin kind (CPython 3.13, Objects/exceptions.c).
#include "runtime/object/exception_internal.h"
#include "runtime/object/number.h"
#include "runtime/object/operations.h"

namespace mini::object {

namespace {

Result<std::string> text_of(Heap& heap, Value value) {
  if (value.is_unbound()) return std::string("None");
  return to_utf8(MINI_TRY(str(heap, value)).get());
}
Result<std::string> repr_text(Heap& heap, Value value) {
  return to_utf8(MINI_TRY(repr(heap, value)).get());
}

Result<Ref<Str>> base_str(Heap& heap, Value value) {
  Ref<Tuple> args = Ref<Tuple>::share(exception_of(value)->args);
  if (args->length == 0) return make_str(heap, "");
  return args->length == 1 ? str(heap, args->items()[0]) : repr(heap, Value(args));
}

Result<Ref<Str>> base_repr(Heap& heap, Value value) {
  Ref<Tuple> args = Ref<Tuple>::share(exception_of(value)->args);
  std::string name = type_name(heap, value);
  if (args->length != 1) return make_str(heap, name + MINI_TRY(repr_text(heap, Value(args))));
  return make_str(heap, fmt::format("{}({})", name, MINI_TRY(repr_text(heap, args->items()[0]))));
}

Result<Ref<Str>> key_error_str(Heap& heap, Value value) {
  const Tuple* args = exception_of(value)->args;
  return args->length == 1 ? repr(heap, args->items()[0]) : base_str(heap, value);
}

Result<Ref<Str>> os_error_str(Heap& heap, Value value) {
  Exception* exception = exception_of(value);
  auto [number, message, filename, other, written, unused, last] = exception->details;
  if (filename.is_unbound() && (number.is_unbound() || message.is_unbound())) return base_str(heap, value);
  std::string text =
      fmt::format("[Errno {}] {}", MINI_TRY(text_of(heap, number)), MINI_TRY(text_of(heap, message)));
  if (!filename.is_unbound()) text += ": " + MINI_TRY(repr_text(heap, filename));
  if (!filename.is_unbound() && !other.is_unbound()) text += " -> " + MINI_TRY(repr_text(heap, other));
  return make_str(heap, text);
}

Result<Ref<Str>> import_error_str(Heap& heap, Value value) {
  if (Str* message = as_str(heap, exception_of(value)->details[2])) return str(heap, Value(message));
  return base_str(heap, value);
}

Result<Ref<Str>> syntax_error_str(Heap& heap, Value value) {
  Exception* exception = exception_of(value);
  Str* filename = as_str(heap, exception->details[1]);
  Value line = exception->details[2];
  std::string text = MINI_TRY(text_of(heap, exception->details[0]));
  if (!filename && !line.is_int()) return make_str(heap, text);
  std::string place;
  if (filename) {
    place = to_utf8(filename);
    place.erase(0, place.rfind('/') + 1);
  }
  if (line.is_int()) place += fmt::format("{}line {}", filename ? ", " : "", line.as_int());
  return make_str(heap, fmt::format("{} ({})", text, place));
}

Result<Ref<Str>> unicode_error_str(Heap& heap, Value value) {
  Exception* exception = exception_of(value);
  auto [encoding, object, start, end, reason, unused, last] = exception->details;
  if (encoding.is_unbound()) return make_str(heap, "");
  bool decoding = has_kind(value, BuiltinType::kUnicodeDecodeError);
  std::string codec = MINI_TRY(text_of(heap, encoding));
  std::string why = MINI_TRY(text_of(heap, reason));
  int64_t first = MINI_TRY(to_int64(heap, start));
  int64_t behind = MINI_TRY(to_int64(heap, end));
  const char* verb = decoding ? "decode" : "encode";
  int64_t length = MINI_TRY(object::length(heap, object));
  if (first < 0 || first >= length || behind != first + 1) {
    return make_str(heap, fmt::format("'{}' codec can't {} {} in position {}-{}: {}", codec, verb,
                                      decoding ? "bytes" : "characters", first, behind - 1, why));
  }
  std::string what;
  if (decoding) {
    what = fmt::format("byte 0x{:02x}", static_cast<Bytes*>(object.as_object())->data()[first]);
  } else {
    uint32_t unit = static_cast<Str*>(object.as_object())->at(static_cast<size_t>(first));
    what = unit < 0x100     ? fmt::format("character '\\x{:02x}'", unit)
           : unit < 0x10000 ? fmt::format("character '\\u{:04x}'", unit)
                            : fmt::format("character '\\U{:08x}'", unit);
  }
  return make_str(heap,
                  fmt::format("'{}' codec can't {} {} in position {}: {}", codec, verb, what, first, why));
}

}  // namespace

void define_exception_texts(Heap& heap) {
  heap.type(BuiltinType::kBaseException)->behaviour.str = base_str;
  heap.type(BuiltinType::kBaseException)->behaviour.repr = base_repr;
  heap.type(BuiltinType::kKeyError)->behaviour.str = key_error_str;
  heap.type(BuiltinType::kOSError)->behaviour.str = os_error_str;
  heap.type(BuiltinType::kImportError)->behaviour.str = import_error_str;
  heap.type(BuiltinType::kSyntaxError)->behaviour.str = syntax_error_str;
  heap.type(BuiltinType::kUnicodeDecodeError)->behaviour.str = unicode_error_str;
  heap.type(BuiltinType::kUnicodeEncodeError)->behaviour.str = unicode_error_str;
}

}  // namespace mini::object
