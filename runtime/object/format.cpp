// format(): the mini-language of format specifiers for str, int and float (CPython 3.13,
// Python/formatter_unicode.c).
#include "runtime/object/format.h"

#include <algorithm>
#include <charconv>
#include <climits>

#include "runtime/base/number.h"
#include "runtime/base/utf8.h"
#include "runtime/object/number.h"

namespace mini::object {

namespace {

struct Spec {
  char32_t fill = ' ';
  bool fill_given = false;
  char32_t align = 0;
  char32_t sign = 0;
  bool no_negative_zero = false;
  bool alternate = false;
  int64_t width = -1;
  int64_t precision = -1;
  char separator = 0;
  char32_t type = 0;
};

std::string shown(char32_t type) {
  if (type > 32 && type < 128) return std::string(1, static_cast<char>(type));
  return fmt::format("\\x{:x}", static_cast<uint32_t>(type));
}

Raised unknown_type(Heap& heap, char32_t type, Value value) {
  return heap.raise(BuiltinType::kValueError, "Unknown format code '{}' for object of type '{}'", shown(type),
                    type_name(heap, value));
}

/// Reads a specifier from left to right.
class SpecReader {
 public:
  SpecReader(Heap& heap, const Str* text) : heap_(heap), text_(text) {}

  Result<Spec> read(Value value, char32_t default_type, char32_t default_align) {
    Spec spec;
    spec.type = default_type;
    auto is_align = [](char32_t unit) { return unit == '<' || unit == '>' || unit == '=' || unit == '^'; };
    if (left() >= 2 && is_align(peek(1))) {
      spec.fill = take();
      spec.fill_given = true;
      spec.align = take();
    } else if (left() >= 1 && is_align(peek())) {
      spec.align = take();
    }
    if (next_is('+') || next_is('-') || next_is(' ')) spec.sign = take();
    if (next_is('z')) spec.no_negative_zero = take();
    if (next_is('#')) spec.alternate = take();
    if (!spec.fill_given && next_is('0')) {
      take();
      spec.fill = '0';
      if (spec.align == 0 && default_align == '>') spec.align = '=';
    }
    if (spec.align == 0) spec.align = default_align;
    MINI_TRY(number(spec.width));
    if (next_is(',')) spec.separator = static_cast<char>(take());
    if (next_is('_')) {
      if (spec.separator) return both_separators();
      spec.separator = static_cast<char>(take());
      if (next_is(',')) return both_separators();
    }
    if (next_is('.')) {
      take();
      MINI_TRY(number(spec.precision));
      if (spec.precision < 0)
        return heap_.raise(BuiltinType::kValueError, "Format specifier missing precision");
    }
    if (left() > 1) {
      return heap_.raise(BuiltinType::kValueError, "Invalid format specifier '{}' for object of type '{}'",
                         to_utf8(text_), type_name(heap_, value));
    }
    if (left() == 1) spec.type = take();
    bool decimal = spec.type == 0 ||
                   (spec.type < 0x80 && std::string_view("defgEG%F").find(static_cast<char>(spec.type)) !=
                                            std::string_view::npos);
    bool binary = spec.type == 'b' || spec.type == 'o' || spec.type == 'x' || spec.type == 'X';
    if (spec.separator && !decimal && !(binary && spec.separator == '_')) {
      return heap_.raise(BuiltinType::kValueError, "Cannot specify '{}' with '{}'.", spec.separator,
                         shown(spec.type));
    }
    return spec;
  }

 private:
  size_t left() const { return text_->length - at_; }
  char32_t peek(size_t ahead = 0) const { return text_->at(at_ + ahead); }
  bool next_is(char32_t unit) const { return left() > 0 && peek() == unit; }
  char32_t take() { return text_->at(at_++); }

  Raised both_separators() {
    return heap_.raise(BuiltinType::kValueError, "Cannot specify both ',' and '_'.");
  }

  /// Leaves `result` alone where no number stands.
  Result<void> number(int64_t& result) {
    for (int digit;
         left() > 0 && (digit = peek() < 0x80 ? static_cast<int>(peek()) - '0' : -1) >= 0 && digit <= 9;
         ++at_) {
      result = std::max<int64_t>(result, 0);
      if (result > (INT64_MAX - digit) / 10) {
        return heap_.raise(BuiltinType::kValueError, "Too many decimal digits in format string");
      }
      result = result * 10 + digit;
    }
    return {};
  }

  Heap& heap_;
  const Str* text_;
  size_t at_ = 0;
};

/// `digits` with a separator between groups, and zeros before them up to `min_width` characters.
std::string group(const std::string& digits, char separator, size_t size, int64_t min_width) {
  std::string reversed;
  int64_t remaining = static_cast<int64_t>(digits.size());
  for (bool first = true;; first = false) {
    if (!first) reversed += separator;
    int64_t length = std::min(static_cast<int64_t>(size), std::max<int64_t>({remaining, min_width, 1}));
    for (int64_t i = 0; i < length; ++i) {
      reversed += remaining > 0 ? digits[static_cast<size_t>(remaining - 1)] : '0';
      --remaining;
    }
    min_width -= length;
    if (remaining <= 0 && min_width <= 0) break;
    --min_width;
  }
  return {reversed.rbegin(), reversed.rend()};
}

void append_fill(std::string& out, char32_t fill, int64_t count) {
  if (count <= 0) return;
  if (fill < 0x80) {
    out.append(static_cast<size_t>(count), static_cast<char>(fill));
  } else {
    for (; count > 0; --count) base::append_utf8(out, fill);
  }
}

Result<void> check_width(Heap& heap, int64_t width) {
  if (width > Str::kMaxLength) return heap.raise_memory_error();
  return {};
}

Result<Ref<Str>> lay_out(Heap& heap, NumberText&& text, const Spec& spec, size_t group_size = 3) {
  MINI_TRY(check_width(heap, spec.width));
  if (text.sign.empty() && (spec.sign == '+' || spec.sign == ' ')) text.sign = static_cast<char>(spec.sign);
  int64_t around = static_cast<int64_t>(text.sign.size() + text.prefix.size() + text.rest.size());
  bool fills_zeros = spec.fill == '0' && spec.align == '=';
  if (spec.separator && !text.digits.empty()) {
    text.digits = group(text.digits, spec.separator, group_size, fills_zeros ? spec.width - around : 0);
  }
  int64_t blanks = std::max<int64_t>(spec.width - around - static_cast<int64_t>(text.digits.size()), 0);
  int64_t before = spec.align == '>' ? blanks : spec.align == '^' ? blanks / 2 : 0;
  int64_t inside = spec.align == '=' ? blanks : 0;
  std::string out;
  append_fill(out, spec.fill, before);
  out += text.sign;
  out += text.prefix;
  append_fill(out, spec.fill, inside);
  out += text.digits;
  out += text.rest;
  append_fill(out, spec.fill, blanks - before - inside);
  return make_str(heap, out);
}

Result<Ref<Str>> lay_out_text(Heap& heap, Str* text, const Spec& spec) {
  MINI_TRY(check_width(heap, spec.width));
  size_t length = spec.precision >= 0 ? std::min<size_t>(text->length, static_cast<size_t>(spec.precision))
                                      : text->length;
  int64_t blanks = std::max<int64_t>(spec.width - static_cast<int64_t>(length), 0);
  int64_t before = spec.align == '>' ? blanks : spec.align == '^' ? blanks / 2 : 0;
  Ref<Str> piece = MINI_TRY(substring(heap, text, 0, length));
  if (blanks == 0) return piece;
  std::string out;
  append_fill(out, spec.fill, before);
  append_utf8(out, piece.get());
  append_fill(out, spec.fill, blanks - before);
  return make_str(heap, out);
}

Result<Ref<Str>> format_text(Heap& heap, Value value, const Str* source) {
  Spec spec = MINI_TRY(SpecReader(heap, source).read(value, 's', '<'));
  auto refuse = [&](const char* what) {
    return heap.raise(BuiltinType::kValueError, "{} not allowed in string format specifier", what);
  };
  if (spec.type != 's') return unknown_type(heap, spec.type, value);
  if (spec.sign) return refuse(spec.sign == ' ' ? "Space" : "Sign");
  if (spec.no_negative_zero) return refuse("Negative zero coercion (z)");
  if (spec.alternate) return refuse("Alternate form (#)");
  if (spec.align == '=') return refuse("'=' alignment");
  return lay_out_text(heap, static_cast<Str*>(value.as_object()), spec);
}

Result<Ref<Str>> format_float(Heap& heap, double number, const Spec& spec) {
  if (spec.precision > INT_MAX) return heap.raise(BuiltinType::kValueError, "precision too big");
  int precision = static_cast<int>(spec.precision);
  char kind = static_cast<char>(spec.type);
  bool add_dot_zero = false;
  if (spec.type == 0) {
    kind = precision < 0 ? 'r' : 'g';
    add_dot_zero = true;
  } else if (kind == 'n') {
    kind = 'g';
  } else if (kind == '%') {
    kind = 'f';
    number *= 100;
  }
  NumberText text = float_text(number, kind, precision < 0 ? 6 : precision, spec.alternate, add_dot_zero,
                               spec.no_negative_zero);
  if (spec.type == '%') text.rest += '%';
  return lay_out(heap, std::move(text), spec);
}

bool is_float_type(char32_t type) {
  return type != 0 && type < 0x80 &&
         std::string_view("eEfFgG%").find(static_cast<char>(type)) != std::string_view::npos;
}

Result<Ref<Str>> format_int(Heap& heap, Value value, const Str* source) {
  Spec spec = MINI_TRY(SpecReader(heap, source).read(value, 'd', '>'));
  if (is_float_type(spec.type)) return format_float(heap, MINI_TRY(to_double(heap, value)), spec);
  unsigned base = 10;
  switch (spec.type) {
    case 'b':
      base = 2;
      break;
    case 'o':
      base = 8;
      break;
    case 'x':
    case 'X':
      base = 16;
      break;
    case 'c':
    case 'd':
    case 'n':
      break;
    default:
      return unknown_type(heap, spec.type, value);
  }
  auto refuse = [&](const char* what, const char* where) {
    return heap.raise(BuiltinType::kValueError, "{} not allowed {}", what, where);
  };
  if (spec.precision >= 0) return refuse("Precision", "in integer format specifier");
  if (spec.no_negative_zero) return refuse("Negative zero coercion (z)", "in integer format specifier");
  if (spec.type == 'c') {
    if (spec.sign) return refuse("Sign", "with integer format specifier 'c'");
    if (spec.alternate) return refuse("Alternate form (#)", "with integer format specifier 'c'");
    int64_t code = MINI_TRY(to_int64(heap, value, "long"));
    if (code < 0 || code > 0x10ffff)
      return heap.raise(BuiltinType::kOverflowError, "%c arg not in range(0x110000)");
    Ref<Str> character = MINI_TRY(make_character(heap, static_cast<char32_t>(code)));
    return lay_out_text(heap, character.get(), spec);
  }
  NumberText text = MINI_TRY(int_text(heap, value, base, spec.type == 'X'));
  if (!spec.alternate || base == 10) text.prefix.clear();
  return lay_out(heap, std::move(text), spec, base == 10 ? 3 : 4);
}

}  // namespace

Result<NumberText> int_text(Heap& heap, Value value, unsigned base, bool upper_case) {
  NumberText text;
  text.prefix = base == 2 ? "0b" : base == 8 ? "0o" : base == 16 ? "0x" : "";
  int64_t small = 0;
  if (small_int(value, small)) {
    uint64_t magnitude = small < 0 ? 0 - static_cast<uint64_t>(small) : static_cast<uint64_t>(small);
    char digits[64];
    text.digits.assign(digits, std::to_chars(digits, std::end(digits), magnitude, static_cast<int>(base)).ptr);
    if (small < 0) text.sign = "-";
  } else {
    text.digits = base == 10
                      ? to_utf8(MINI_TRY(heap.type(BuiltinType::kInt)->behaviour.repr(heap, value)).get())
                      : integer_of(value).to_string(base);
    if (text.digits[0] == '-') {
      text.digits.erase(0, 1);
      text.sign = "-";
    }
  }
  if (upper_case) {
    for (std::string* part : {&text.prefix, &text.digits}) {
      for (char& byte : *part) byte = static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
    }
  }
  return text;
}

NumberText float_text(double number, char kind, int precision, bool alternate, bool add_dot_zero,
                      bool no_negative_zero) {
  std::string whole = base::format_float(number, {.kind = kind,
                                                  .precision = precision,
                                                  .alternate = alternate,
                                                  .no_negative_zero = no_negative_zero,
                                                  .add_dot_zero = add_dot_zero});
  NumberText text;
  if (whole[0] == '-') {
    text.sign = "-";
    whole.erase(0, 1);
  }
  size_t end = std::min(whole.find_first_not_of("0123456789"), whole.size());
  text.digits = whole.substr(0, end);
  text.rest = whole.substr(end);
  return text;
}

Result<Ref<Str>> format(Heap& heap, Value value, Str* spec) {
  Type* type = heap.type_of(value);
  if (Value method = script_method(heap, type, Name::k__format__); !method.is_unbound()) {
    Ref<Str> empty = MINI_TRY(make_blank_str(heap, 0, false));
    Value argument = spec ? Value(spec) : Value(empty);
    Ref<Value> answer = MINI_TRY(call_special(heap, method, value, &argument, 1));
    if (!as_str(heap, answer)) {
      return heap.raise(BuiltinType::kTypeError, "__format__ must return a str, not {}",
                        type_name(heap, answer));
    }
    return Ref<Str>::adopt(static_cast<Str*>(answer.release().as_object()));
  }
  if (!spec || spec->length == 0) return str(heap, value);
  if (as_str(heap, value)) return format_text(heap, value, spec);
  if (is_any_int(value)) return format_int(heap, value, spec);
  if (is_any_float(value)) {
    Spec parsed = MINI_TRY(SpecReader(heap, spec).read(value, 0, '>'));
    if (parsed.type != 0 && parsed.type != 'n' && !is_float_type(parsed.type)) {
      return unknown_type(heap, parsed.type, value);
    }
    return format_float(heap, float_of(value), parsed);
  }
  return heap.raise(BuiltinType::kTypeError, "unsupported format string passed to {}.__format__",
                    type_name(heap, value));
}

}  // namespace mini::object
