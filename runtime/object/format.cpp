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

/// Reads the specifier between two places of a text from left to right.
class SpecReader {
 public:
  SpecReader(Heap& heap, Str* text, size_t start, size_t end)
      : heap_(heap), text_(text), start_(start), end_(end), at_(start) {}

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
      Ref<Str> whole = MINI_TRY(substring(heap_, text_, start_, end_));
      return heap_.raise(BuiltinType::kValueError, "Invalid format specifier '{}' for object of type '{}'",
                         to_utf8(whole.get()), type_name(heap_, value));
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
  size_t left() const { return end_ - at_; }
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
  Str* text_;
  size_t start_, end_, at_;
};

/// `digits` with a separator between groups, and zeros before them up to `min_width` characters.
std::string group(std::string_view digits, char separator, size_t size, int64_t min_width) {
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

Result<void> check_width(Heap& heap, int64_t width) {
  if (width > Str::kMaxLength) return heap.raise_memory_error();
  return {};
}

Result<void> lay_out(Heap& heap, TextBuilder& out, NumberText& text, const Spec& spec, size_t group_size = 3) {
  MINI_TRY(check_width(heap, spec.width));
  if (text.sign.empty() && spec.sign != 0 && spec.sign != '-') text.sign = spec.sign == '+' ? "+" : " ";
  const auto around = static_cast<int64_t>(text.size() - text.digits.size());
  std::string grouped;
  if (spec.separator && !text.digits.empty()) {
    const bool fills_zeros = spec.fill == '0' && spec.align == '=';
    grouped = group(text.digits, spec.separator, group_size, fills_zeros ? spec.width - around : 0);
    text.digits = grouped;
  }
  const int64_t blanks = std::max<int64_t>(spec.width - static_cast<int64_t>(text.size()), 0);
  const int64_t before = spec.align == '>' ? blanks : spec.align == '^' ? blanks / 2 : 0;
  const int64_t inside = spec.align == '=' ? blanks : 0;
  out.append(before, spec.fill);
  out.append(text.sign);
  out.append(text.prefix);
  out.append(inside, spec.fill);
  out.append(text.digits);
  out.append(text.rest);
  out.append(blanks - before - inside, spec.fill);
  return {};
}

/// How many characters of a text the specification lets through.
size_t kept_length(const Str* text, const Spec& spec) {
  return spec.precision >= 0 ? std::min<size_t>(text->length, static_cast<size_t>(spec.precision)) : text->length;
}

Result<void> lay_out_text(Heap& heap, TextBuilder& out, Str* text, const Spec& spec) {
  MINI_TRY(check_width(heap, spec.width));
  const size_t length = kept_length(text, spec);
  const int64_t blanks = std::max<int64_t>(spec.width - static_cast<int64_t>(length), 0);
  const int64_t before = spec.align == '>' ? blanks : spec.align == '^' ? blanks / 2 : 0;
  Ref<Str> piece = MINI_TRY(substring(heap, text, 0, length));
  out.append(before, spec.fill);
  out.append(piece.get());
  out.append(blanks - before, spec.fill);
  return {};
}

Result<Spec> read_text_spec(Heap& heap, Value value, SpecReader reader) {
  Spec spec = MINI_TRY(reader.read(value, 's', '<'));
  auto refuse = [&](const char* what) {
    return heap.raise(BuiltinType::kValueError, "{} not allowed in string format specifier", what);
  };
  if (spec.type != 's') return unknown_type(heap, spec.type, value);
  if (spec.sign) return refuse(spec.sign == ' ' ? "Space" : "Sign");
  if (spec.no_negative_zero) return refuse("Negative zero coercion (z)");
  if (spec.alternate) return refuse("Alternate form (#)");
  if (spec.align == '=') return refuse("'=' alignment");
  return spec;
}

Result<void> format_float(Heap& heap, TextBuilder& out, double number, const Spec& spec) {
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
  NumberText text;
  float_text(number, kind, precision < 0 ? 6 : precision, spec.alternate, add_dot_zero, spec.no_negative_zero, text);
  std::string with_percent;
  if (spec.type == '%') text.rest = with_percent = std::string(text.rest) + '%';
  return lay_out(heap, out, text, spec);
}

bool is_float_type(char32_t type) {
  return type != 0 && type < 0x80 &&
         std::string_view("eEfFgG%").find(static_cast<char>(type)) != std::string_view::npos;
}

Result<void> format_int(Heap& heap, TextBuilder& out, Value value, SpecReader reader) {
  const Spec spec = MINI_TRY(reader.read(value, 'd', '>'));
  if (is_float_type(spec.type)) return format_float(heap, out, MINI_TRY(to_double(heap, value)), spec);
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
    return lay_out_text(heap, out, character.get(), spec);
  }
  NumberText text;
  MINI_TRY(int_text(heap, value, base, spec.type == 'X', text));
  if (!spec.alternate) text.prefix = {};
  return lay_out(heap, out, text, spec, base == 10 ? 3 : 4);
}

char upper_digit(char digit) { return digit >= 'a' && digit <= 'z' ? static_cast<char>(digit - 32) : digit; }

}  // namespace

Result<void> int_text(Heap& heap, Value value, unsigned base, bool upper_case, NumberText& made) {
  made.prefix = base == 2 ? "0b" : base == 8 ? "0o" : base == 10 ? "" : upper_case ? "0X" : "0x";
  int64_t small = 0;
  if (small_int(value, small)) {
    const uint64_t magnitude = small < 0 ? 0 - static_cast<uint64_t>(small) : static_cast<uint64_t>(small);
    char* end = std::to_chars(made.short_digits, std::end(made.short_digits), magnitude, static_cast<int>(base)).ptr;
    if (upper_case) std::transform(made.short_digits, end, made.short_digits, upper_digit);
    made.digits = {made.short_digits, end};
    if (small < 0) made.sign = "-";
    return {};
  }
  made.text = base == 10 ? to_utf8(MINI_TRY(heap.type(BuiltinType::kInt)->behaviour.repr(heap, value)).get())
                         : integer_of(value).to_string(base);
  if (upper_case) std::transform(made.text.begin(), made.text.end(), made.text.begin(), upper_digit);
  made.digits = made.text;
  if (made.digits[0] == '-') {
    made.digits.remove_prefix(1);
    made.sign = "-";
  }
  return {};
}

void float_text(double number, char kind, int precision, bool alternate, bool add_dot_zero, bool no_negative_zero,
                NumberText& made) {
  made.text = base::format_float(number, {.kind = kind,
                                          .precision = precision,
                                          .alternate = alternate,
                                          .no_negative_zero = no_negative_zero,
                                          .add_dot_zero = add_dot_zero});
  std::string_view whole = made.text;
  if (whole[0] == '-') {
    made.sign = "-";
    whole.remove_prefix(1);
  }
  size_t end = 0;
  while (end < whole.size() && whole[end] >= '0' && whole[end] <= '9') ++end;
  made.digits = whole.substr(0, end);
  made.rest = whole.substr(end);
}

namespace {

/// As the type's own way is, whatever `__format__` a class has; the specification is not empty.
Result<void> append_natively(Heap& heap, TextBuilder& out, Value value, Str* text, size_t start, size_t end) {
  const SpecReader reader(heap, text, start, end);
  if (Str* whole = as_str(heap, value)) {
    return lay_out_text(heap, out, whole, MINI_TRY(read_text_spec(heap, value, reader)));
  }
  if (is_any_int(value)) return format_int(heap, out, value, reader);
  if (is_any_float(value)) {
    const Spec spec = MINI_TRY(SpecReader(reader).read(value, 0, '>'));
    if (spec.type != 0 && spec.type != 'n' && !is_float_type(spec.type)) return unknown_type(heap, spec.type, value);
    return format_float(heap, out, float_of(value), spec);
  }
  return heap.raise(BuiltinType::kTypeError, "unsupported format string passed to {}.__format__",
                    type_name(heap, value));
}

Result<Ref<Str>> format_natively(Heap& heap, Value value, Str* spec) {
  if (!spec || spec->length == 0) return str(heap, value);
  TextBuilder out;
  if (Str* text = as_str(heap, value)) {
    const Spec read = MINI_TRY(read_text_spec(heap, value, SpecReader(heap, spec, 0, spec->length)));
    // A text that fits is not copied.
    if (kept_length(text, read) == text->length && read.width <= text->length) return substring(heap, text, 0, text->length);
    MINI_TRY(lay_out_text(heap, out, text, read));
  } else {
    MINI_TRY(append_natively(heap, out, value, spec, 0, spec->length));
  }
  return out.finish(heap);
}

}  // namespace

Result<void> append_formatted(Heap& heap, TextBuilder& out, Value value, Str* text, size_t start, size_t end) {
  const bool by_script = !script_method(heap, heap.type_of(value), Name::k__format__).is_unbound();
  if (start != end && !by_script) return append_natively(heap, out, value, text, start, end);
  if (value.is_int()) {
    out.append_number(value.as_int());
    return {};
  }
  Ref<Str> spec = MINI_TRY(substring(heap, text, start, end));
  out.append(MINI_TRY(by_script ? format(heap, value, spec.get()) : str(heap, value)).get());
  return {};
}

Result<Ref<Value>> format_in_its_own_way(Call& call) {
  Heap& heap = call.heap;
  if (Str* spec = as_str(heap, call[1])) return widen(format_natively(heap, call[0], spec));
  return heap.raise(BuiltinType::kTypeError, "__format__() argument must be str, not {}", type_name(heap, call[1]));
}

Result<Ref<Str>> format(Heap& heap, Value value, Str* spec) {
  if (Value method = script_method(heap, heap.type_of(value), Name::k__format__); !method.is_unbound()) {
    Ref<Str> empty = MINI_TRY(make_blank_str(heap, 0, false));
    Value argument = spec ? Value(spec) : Value(empty);
    Ref<Value> answer = MINI_TRY(call_special(heap, method, value, &argument, 1));
    if (!as_str(heap, answer)) {
      return heap.raise(BuiltinType::kTypeError, "__format__ must return a str, not {}",
                        type_name(heap, answer));
    }
    return Ref<Str>::adopt(static_cast<Str*>(answer.release().as_object()));
  }
  return format_natively(heap, value, spec);
}

}  // namespace mini::object
