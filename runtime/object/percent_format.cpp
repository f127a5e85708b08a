// `text % values`, `bytes % values` (CPython 3.13, unicode_format in Objects/unicodeobject.c, _PyBytes_FormatEx in
// Objects/bytesobject.c).
#include <algorithm>
#include <climits>

#include "runtime/object/bytes_text.h"
#include "runtime/object/format.h"
#include "runtime/object/number.h"
#include "runtime/object/sequence_types.h"

namespace mini::object {

namespace {

struct Directive {
  bool left = false, plus = false, space = false, alternate = false, zero = false;
  int64_t width = -1, precision = -1;
  char32_t kind = 0;
};

class PercentFormatter {
 public:
  /// `bytes`: each character of `format` stands for a byte, as will those of the result.
  PercentFormatter(Heap& heap, Str* format, Value arguments, bool bytes)
      : heap_(heap), format_(Ref<Str>::share(format)), arguments_(Ref<Value>::share(arguments)), bytes_(bytes) {
    tuple_ = has_kind(arguments, BuiltinType::kTuple);
    Type* type = heap.type_of(arguments);
    mapping_ = !tuple_ && !as_str(heap, arguments) && !(bytes && is_bytes(arguments)) &&
               (type->behaviour.get_item || !script_method(heap, type, Name::k__getitem__).is_unbound());
  }

  Result<Ref<Str>> run() {
    for (;;) {
      literal();
      if (at_ == format_->length) break;
      if (++at_ < format_->length && format_->at(at_) == '%') {
        out_.append('%');
        ++at_;
      } else {
        MINI_TRY(directive());
      }
    }
    size_t given = tuple_ ? items_of(arguments_).size() : 1;
    if (used_ < given && !mapping_) {
      return heap_.raise(BuiltinType::kTypeError, "not all arguments converted during {} formatting",
                         bytes_ ? "bytes" : "string");
    }
    return out_.finish(heap_);
  }

  /// The bytes that the characters stand for.
  Result<Ref<Bytes>> bytes_of(const Str* characters) {
    Ref<Bytes> bytes = MINI_TRY(make_blank_bytes(heap_, characters->length));
    for (size_t i = 0; i < characters->length; ++i) bytes->data()[i] = static_cast<uint8_t>(characters->at(i));
    return bytes;
  }

 private:
  /// What stands before the next percent sign is part of the result as it is.
  void literal() {
    const size_t start = at_;
    while (at_ < format_->length && format_->at(at_) != '%') ++at_;
    if (!format_->wide) return out_.append(format_->ascii().substr(start, at_ - start));
    for (size_t i = start; i < at_; ++i) out_.append(1, format_->wide_units()[i]);
  }

  Raised incomplete(const char* message = "incomplete format") {
    return heap_.raise_text(BuiltinType::kValueError, message);
  }

  /// The value that comes next: what a key selected, or the next item of the tuple.
  Result<Ref<Value>> next_value() {
    if (has_selected_) {
      has_selected_ = false;
      return std::move(selected_);
    }
    size_t given = tuple_ ? items_of(arguments_).size() : 1;
    if (used_ >= given) return heap_.raise(BuiltinType::kTypeError, "not enough arguments for format string");
    return Ref<Value>::share(tuple_ ? items_of(arguments_)[used_++] : (++used_, arguments_.get()));
  }

  Result<void> key() {
    if (!mapping_) return heap_.raise(BuiltinType::kTypeError, "format requires a mapping");
    size_t start = ++at_;
    for (int open = 1; open > 0; ++at_) {
      if (at_ == format_->length) return incomplete("incomplete format key");
      if (format_->at(at_) == '(') ++open;
      if (format_->at(at_) == ')') --open;
    }
    Ref<Str> name = MINI_TRY(substring(heap_, format_.get(), start, at_ - 1));
    Ref<Value> key = bytes_ ? MINI_TRY(widen(bytes_of(name.get()))) : Ref<Value>::share(Value(name));
    selected_ = MINI_TRY(get_item(heap_, arguments_, key));
    has_selected_ = true;
    used_ = 1;  // what has no key has nothing any more
    return {};
  }

  /// A width or precision: digits, or `*` for the next value.
  Result<void> number(int64_t& result, const char* too_big) {
    if (at_ < format_->length && format_->at(at_) == '*') {
      ++at_;
      Ref<Value> value = MINI_TRY(next_value());
      if (!is_any_int(value)) return heap_.raise(BuiltinType::kTypeError, "* wants int");
      result = MINI_TRY(to_int64(heap_, value));
      return {};
    }
    for (; at_ < format_->length && format_->at(at_) >= '0' && format_->at(at_) <= '9'; ++at_) {
      result = std::max<int64_t>(result, 0) * 10 + static_cast<int64_t>(format_->at(at_) - '0');
      if (result > INT_MAX) return incomplete(too_big);
    }
    return {};
  }

  Result<void> directive() {
    Directive what;
    if (at_ < format_->length && format_->at(at_) == '(') MINI_TRY(key());
    for (; at_ < format_->length; ++at_) {
      char32_t unit = format_->at(at_);
      bool* flag = unit == '-'   ? &what.left
                   : unit == '+' ? &what.plus
                   : unit == ' ' ? &what.space
                   : unit == '#' ? &what.alternate
                   : unit == '0' ? &what.zero
                                 : nullptr;
      if (!flag) break;
      *flag = true;
    }
    MINI_TRY(number(what.width, "width too big"));
    if (what.width < -1) {
      what.left = true;
      what.width = -what.width;
    }
    if (at_ < format_->length && format_->at(at_) == '.') {
      ++at_;
      what.precision = 0;
      MINI_TRY(number(what.precision, "precision too big"));
      what.precision = std::max<int64_t>(what.precision, 0);
    }
    while (at_ < format_->length &&
           (format_->at(at_) == 'h' || format_->at(at_) == 'l' || format_->at(at_) == 'L')) {
      ++at_;
    }
    if (at_ == format_->length) return incomplete();
    what.kind = format_->at(at_++);
    Ref<Value> value = MINI_TRY(next_value());
    return render(what, value);
  }

  Result<void> render(const Directive& what, Value value) {
    switch (what.kind) {
      case 'b':
        if (!bytes_) break;
        [[fallthrough]];
      case 's':
        return text(what, (bytes_ ? MINI_TRY(content(value)) : MINI_TRY(str(heap_, value))).get());
      case 'r':
        if (!bytes_) return text(what, MINI_TRY(repr(heap_, value)).get());
        [[fallthrough]];
      case 'a':
        return text(what, MINI_TRY(ascii_repr(heap_, value)).get());
      case 'c':
        return character(what, value);
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
        return integer(what, value);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G': {
        if (bytes_) MINI_TRY(check_float(value));
        double number = MINI_TRY(to_double(heap_, value));
        int precision = what.precision < 0 ? 6 : static_cast<int>(what.precision);
        NumberText parts;
        float_text(number, static_cast<char>(what.kind), precision, what.alternate, false, false, parts);
        lay_out(what, parts);
        return {};
      }
      default:
        break;
    }
    uint32_t code = what.kind;
    return heap_.raise(BuiltinType::kValueError, "unsupported format character '{}' (0x{:x}) at index {}",
                       code >= 31 && code <= 126 ? static_cast<char>(code) : '?', code, at_ - 1);
  }

  Result<void> text(const Directive& what, Str* value) {
    if (what.precision < 0 && what.width < 0) {
      out_.append(value);
      return {};
    }
    size_t length = what.precision >= 0 ? std::min<size_t>(value->length, static_cast<size_t>(what.precision))
                                        : value->length;
    Ref<Str> piece = MINI_TRY(substring(heap_, value, 0, length));
    const int64_t blanks = what.width - static_cast<int64_t>(length);
    if (!what.left) out_.append(blanks, ' ');
    out_.append(piece.get());
    if (what.left) out_.append(blanks, ' ');
    return {};
  }

  /// What `%s` of bytes stands for: bytes alone.
  Result<Ref<Str>> content(Value value) {
    if (is_bytes(value)) return str_of_bytes(heap_, view_of(value));
    Ref<Value> own = MINI_TRY(bytes_by_method(heap_, value));
    if (!own.get().is_unbound()) return str_of_bytes(heap_, view_of(own));
    return heap_.raise(BuiltinType::kTypeError,
                       "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
                       type_name(heap_, value));
  }

  /// Bytes have words of their own for what is no number.
  Result<void> check_float(Value value) {
    Type* type = heap_.type_of(value);
    if (is_any_float(value) || is_index(heap_, value)) return {};
    if (!script_method(heap_, type, Name::k__float__).is_unbound()) return {};
    return heap_.raise(BuiltinType::kTypeError, "float argument required, not {}", type_name(heap_, value));
  }

  Result<void> byte(const Directive& what, Value value) {
    if (is_bytes(value) && view_of(value).size() == 1)
      return text(what, MINI_TRY(str_of_bytes(heap_, view_of(value))).get());
    if (is_bytes(value) || !is_index(heap_, value))
      return heap_.raise(BuiltinType::kTypeError, "%c requires an integer in range(256) or a single byte");
    const int64_t code = MINI_TRY(to_clamped_int64(heap_, value));
    if (code < 0 || code > 255) return heap_.raise(BuiltinType::kOverflowError, "%c arg not in range(256)");
    return text(what, MINI_TRY(make_character(heap_, static_cast<char32_t>(code))).get());
  }

  Result<void> character(Directive what, Value value) {
    what.precision = -1;
    if (bytes_) return byte(what, value);
    if (Str* given = as_str(heap_, value)) {
      if (given->length != 1) return heap_.raise(BuiltinType::kTypeError, "%c requires int or char");
      return text(what, given);
    }
    if (!is_index(heap_, value)) return heap_.raise(BuiltinType::kTypeError, "%c requires int or char");
    int64_t code = MINI_TRY(to_clamped_int64(heap_, value));
    if (code < 0 || code > 0x10ffff) {
      return heap_.raise(BuiltinType::kOverflowError, "%c arg not in range(0x110000)");
    }
    return text(what, MINI_TRY(make_character(heap_, static_cast<char32_t>(code))).get());
  }

  /// The int that a value stands for: decimal formats cut off what comes behind the point.
  Result<Ref<Value>> whole_number(Value value, bool decimal) {
    if (is_index(heap_, value)) return to_index(heap_, value);
    if (decimal && is_any_float(value)) return float_to_int(heap_, float_of(value));
    const Value method = script_method(heap_, heap_.type_of(value), Name::k__int__);
    if (decimal && !method.is_unbound()) return call_special(heap_, method, value);
    return Ref<Value>::share(value);
  }

  Result<void> integer(const Directive& what, Value value) {
    const bool decimal = what.kind == 'd' || what.kind == 'i' || what.kind == 'u';
    Result<Ref<Value>> found = whole_number(value, decimal);
    if (!found.ok()) {
      if (!heap_.pending_is(BuiltinType::kTypeError)) return raised;
      static_cast<void>(heap_.take_pending());  // it is no number, then
    }
    Ref<Value> number = found.ok() ? found.take() : Ref<Value>();
    if (!is_any_int(number)) {
      return heap_.raise(BuiltinType::kTypeError, "%{} format: {} is required, not {}",
                         static_cast<char>(what.kind), decimal ? "a real number" : "an integer",
                         type_name(heap_, value));
    }
    unsigned base = decimal ? 10 : what.kind == 'o' ? 8 : 16;
    NumberText parts;
    MINI_TRY(int_text(heap_, number, base, what.kind == 'X', parts));
    if (!what.alternate) parts.prefix = {};
    const auto digits = static_cast<int64_t>(parts.digits.size());
    std::string filled;
    if (what.precision > digits) {
      filled.assign(static_cast<size_t>(what.precision - digits), '0').append(parts.digits);
      parts.digits = filled;
    }
    lay_out(what, parts);
    return {};
  }

  void lay_out(const Directive& what, NumberText& parts) {
    if (parts.sign.empty() && (what.plus || what.space)) parts.sign = what.plus ? "+" : " ";
    const int64_t blanks = what.width - static_cast<int64_t>(parts.size());
    const bool zeros = what.zero && !what.left;
    if (!what.left && !zeros) out_.append(blanks, ' ');
    out_.append(parts.sign);
    out_.append(parts.prefix);
    if (zeros) out_.append(blanks, '0');
    out_.append(parts.digits);
    out_.append(parts.rest);
    if (what.left) out_.append(blanks, ' ');
  }

  Heap& heap_;
  Ref<Str> format_;
  Ref<Value> arguments_;
  bool bytes_ = false, tuple_ = false, mapping_ = false;
  size_t used_ = 0;
  Ref<Value> selected_;
  bool has_selected_ = false;
  size_t at_ = 0;
  TextBuilder out_;
};

}  // namespace

Result<Ref<Str>> percent_format(Heap& heap, Str* format, Value arguments) {
  return PercentFormatter(heap, format, arguments, false).run();
}

Result<Ref<Bytes>> percent_format(Heap& heap, Bytes* format, Value arguments) {
  Ref<Str> characters = MINI_TRY(str_of_bytes(heap, view_of(Value(format))));
  PercentFormatter formatter(heap, characters.get(), arguments, true);
  Ref<Str> text = MINI_TRY(formatter.run());
  return formatter.bytes_of(text.get());
}

}  // namespace mini::object
