// Encoding and decoding: UTF-8, ASCII, Latin-1, and CPython's error handlers for them.
#include <algorithm>

#include "runtime/base/utf8.h"
#include "runtime/object/bytes_text.h"
#include "runtime/object/exception.h"

namespace mini::object {

namespace {

enum class Codec { kUtf8, kAscii, kLatin1 };
constexpr const char* kCodecNames[] = {"utf-8", "ascii", "latin-1"};
enum class ErrorHandler { kStrict, kIgnore, kReplace, kBackslash, kSurrogate, kReference, kUnknown };

Result<std::string> text_argument(Heap& heap, Value value, std::string_view fallback,
                                  std::string_view function, const char* name) {
  if (value.is_unbound()) return std::string(fallback);
  if (const Str* text = as_str(heap, value)) return to_utf8(text);
  return heap.raise(BuiltinType::kTypeError, "{} argument '{}' must be str, not {}", function, name,
                    type_name(heap, value));
}

Result<Codec> find_codec(Heap& heap, const std::string& name) {
  std::string plain;
  for (char byte : name) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    plain += byte == '_' || byte == ' ' ? '-' : byte;
  }
  for (const char* known : {"utf-8", "utf8", "u8", "utf", "cp65001"}) {
    if (plain == known) return Codec::kUtf8;
  }
  for (const char* known : {"ascii", "us-ascii", "646"}) {
    if (plain == known) return Codec::kAscii;
  }
  for (const char* known : {"latin-1", "latin1", "iso-8859-1", "iso8859-1", "8859", "cp819", "latin", "l1"}) {
    if (plain == known) return Codec::kLatin1;
  }
  return heap.raise(BuiltinType::kLookupError, "unknown encoding: {}", name);
}

ErrorHandler find_handler(const std::string& name) {
  constexpr const char* kNames[] = {"strict",           "ignore",          "replace",
                                    "backslashreplace", "surrogateescape", "xmlcharrefreplace"};
  return static_cast<ErrorHandler>(std::find(std::begin(kNames), std::end(kNames), name) -
                                   std::begin(kNames));
}

Raised raise_unicode_error(Heap& heap, BuiltinType which, const char* codec, Value object, size_t start,
                           size_t end, const char* reason) {
  auto make = [&]() -> Result<Ref<Exception>> {
    Ref<Tuple> args = MINI_TRY(make_tuple(heap, 5));
    args->items()[0] = Value(MINI_TRY(make_str(heap, codec)).release());
    args->items()[1] = Ref<Value>::share(object).release();
    args->items()[2] = Value::integer(static_cast<int64_t>(start));
    args->items()[3] = Value::integer(static_cast<int64_t>(end));
    args->items()[4] = Value(MINI_TRY(make_str(heap, reason)).release());
    return make_exception(heap, heap.type(which), std::move(args));
  };
  Result<Ref<Exception>> exception = make();
  return exception.ok() ? heap.raise_object(exception.take_unchecked()) : raised;
}

bool encodable(Codec codec, char32_t unit) {
  if (codec == Codec::kUtf8) return !base::is_surrogate(unit);
  return unit < (codec == Codec::kAscii ? 0x80u : 0x100u);
}

void append_escape(std::string& out, uint32_t unit) {
  out += unit < 0x100     ? fmt::format("\\x{:02x}", unit)
         : unit < 0x10000 ? fmt::format("\\u{:04x}", unit)
                          : fmt::format("\\U{:08x}", unit);
}

}  // namespace

Result<Ref<Bytes>> encode(Heap& heap, Str* text, Value encoding, Value errors, std::string_view function) {
  std::string name = MINI_TRY(text_argument(heap, encoding, "utf-8", function, "encoding"));
  std::string handler_name = MINI_TRY(text_argument(heap, errors, "strict", function, "errors"));
  Codec codec = MINI_TRY(find_codec(heap, name));
  if (!text->wide) return make_bytes(heap, text->narrow(), text->length);
  ErrorHandler handler = find_handler(handler_name);
  std::string out;
  for (size_t i = 0; i < text->length; ++i) {
    char32_t unit = text->at(i);
    if (encodable(codec, unit)) {
      if (codec == Codec::kUtf8) {
        base::append_utf8(out, unit);
      } else {
        out += static_cast<char>(unit);
      }
      continue;
    }
    if (handler == ErrorHandler::kReplace) {
      out += '?';
    } else if (handler == ErrorHandler::kBackslash) {
      append_escape(out, unit);
    } else if (handler == ErrorHandler::kReference) {
      out += fmt::format("&#{};", static_cast<uint32_t>(unit));
    } else if (handler == ErrorHandler::kSurrogate && unit >= 0xdc80 && unit <= 0xdcff) {
      out += static_cast<char>(unit & 0xff);
    } else if (handler == ErrorHandler::kUnknown) {
      return heap.raise(BuiltinType::kLookupError, "unknown error handler name '{}'", handler_name);
    } else if (handler != ErrorHandler::kIgnore) {
      size_t end = i + 1;
      while (end < text->length && !encodable(codec, text->at(end))) ++end;
      const char* reason = codec == Codec::kUtf8    ? "surrogates not allowed"
                           : codec == Codec::kAscii ? "ordinal not in range(128)"
                                                    : "ordinal not in range(256)";
      return raise_unicode_error(heap, BuiltinType::kUnicodeEncodeError, kCodecNames[static_cast<int>(codec)],
                                 Value(text), i, end, reason);
    }
  }
  return make_bytes(heap, out.data(), out.size());
}

Result<Ref<Str>> str_of_bytes(Heap& heap, std::string_view bytes) {
  std::u32string units;
  for (char byte : bytes) units += static_cast<unsigned char>(byte);
  return make_str(heap, units.data(), units.size());
}

Result<Ref<Str>> decode(Heap& heap, Bytes* bytes, Value encoding, Value errors, std::string_view function) {
  std::string name = MINI_TRY(text_argument(heap, encoding, "utf-8", function, "encoding"));
  std::string handler_name = MINI_TRY(text_argument(heap, errors, "strict", function, "errors"));
  Codec codec = MINI_TRY(find_codec(heap, name));
  std::string_view rest = view_of(Value(bytes));
  if (codec == Codec::kLatin1) return str_of_bytes(heap, rest);
  ErrorHandler handler = find_handler(handler_name);
  std::string out;
  for (;;) {
    base::Utf8Error error{rest.size(), 0, nullptr};
    if (codec == Codec::kUtf8) {
      if (auto found = base::find_utf8_error(rest)) error = *found;
    } else {
      auto bad = std::find_if(rest.begin(), rest.end(), [](char byte) { return byte < 0; });
      if (bad != rest.end())
        error = {static_cast<size_t>(bad - rest.begin()), 1, "ordinal not in range(128)"};
    }
    if (!error.reason && out.empty()) return make_str(heap, rest);
    out += rest.substr(0, error.offset);
    if (!error.reason) return make_str(heap, out);
    std::string_view bad = rest.substr(error.offset, error.size);
    rest.remove_prefix(error.offset + error.size);
    size_t start = bytes->length - rest.size() - bad.size();
    switch (handler) {
      case ErrorHandler::kIgnore:
        break;
      case ErrorHandler::kReplace:
        base::append_utf8(out, 0xfffd);
        break;
      case ErrorHandler::kBackslash:
        for (char byte : bad) append_escape(out, static_cast<unsigned char>(byte));
        break;
      case ErrorHandler::kSurrogate:
        for (char byte : bad) base::append_utf8(out, 0xdc00u + static_cast<unsigned char>(byte));
        break;
      case ErrorHandler::kUnknown:
        return heap.raise(BuiltinType::kLookupError, "unknown error handler name '{}'", handler_name);
      default:
        return raise_unicode_error(heap, BuiltinType::kUnicodeDecodeError,
                                   kCodecNames[static_cast<int>(codec)], Value(bytes), start,
                                   start + bad.size(), error.reason);
    }
  }
}

}  // namespace mini::object
