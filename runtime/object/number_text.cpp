// Numbers read from texts and bytes, as int() and float() do.
#include "runtime/object/number_text.h"

#include <cmath>
#include <cstdlib>

#include "runtime/base/number.h"
#include "runtime/base/unicode.h"
#include "runtime/object/number.h"

namespace mini::object {

namespace {


/// The text with decimal digits of any script as ASCII ones and without space around it. What is neither
/// becomes a character that no number contains.
std::string plain_text(Heap& heap, Value value) {
  std::string out;
  if (const Str* text = as_str(heap, value)) {
    for (size_t i = 0; i < text->length; ++i) {
      char32_t unit = text->at(i);
      int digit = base::decimal_value(unit);
      out += digit >= 0             ? static_cast<char>('0' + digit)
             : base::is_space(unit) ? ' '
             : unit < 0x80          ? static_cast<char>(unit)
                                    : '?';
    }
  } else {
    const Bytes* bytes = static_cast<Bytes*>(value.as_object());
    out.assign(reinterpret_cast<const char*>(bytes->data()), bytes->length);
    for (char& byte : out) {
      if (byte >= '\t' && byte <= '\r') byte = ' ';
    }
  }
  size_t end = out.find_last_not_of(' ') + 1;
  out.resize(end);
  return out.substr(std::min(out.find_first_not_of(' '), out.size()));
}

/// A plain decimal number of up to 18 digits, the usual argument of int(). False: take the long way.
bool parse_short_decimal(const Str* text, int64_t& number) {
  if (!text || text->wide || text->length == 0 || text->length > 18) return false;
  const char* at = text->narrow();
  const char* end = at + text->length;
  bool negative = *at == '-';
  at += negative;
  if (at == end) return false;
  for (number = 0; at != end; ++at) {
    if (*at < '0' || *at > '9') return false;
    number = number * 10 + (*at - '0');
  }
  if (negative) number = -number;
  return true;
}

}  // namespace

Result<Ref<Value>> parse_int(Heap& heap, Value value, unsigned base) {
  int64_t small;
  if (base == 10 && parse_short_decimal(as_str(heap, value), small)) return make_int(heap, small);
  std::string text = plain_text(heap, value);
  if ((base & (base - 1)) != 0) {
    size_t digits = 0;
    for (char byte : text) digits += byte >= '0' && byte <= '9';
    if (const size_t limit = heap.digit_limit(); limit > 0 && digits > limit) {
      return heap.raise(
          BuiltinType::kValueError,
          "Exceeds the limit ({} digits) for integer string conversion: value has {} digits; use "
          "sys.set_int_max_str_digits() to increase the limit",
          limit, digits);
    }
  }
  if (std::optional<base::Integer> number = base::Integer::parse(text, base)) return make_int(heap, *number);
  Ref<Str> shown = MINI_TRY(repr(heap, value));
  return heap.raise(BuiltinType::kValueError, "invalid literal for int() with base {}: {}", base,
                    to_utf8(shown.get()));
}

Result<double> parse_float(Heap& heap, Value value) {
  if (std::optional<double> number = base::parse_float(plain_text(heap, value))) return *number;
  Ref<Str> shown = MINI_TRY(repr(heap, value));
  return heap.raise(BuiltinType::kValueError, "could not convert string to float: {}", to_utf8(shown.get()));
}

std::string hex_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  const char* sign = std::signbit(number) ? "-" : "";
  if (number == 0) return fmt::format("{}0x0.0p+0", sign);
  constexpr int kDigits = 13, kMinExponent = -1022;
  int exponent;
  double mantissa = std::frexp(std::fabs(number), &exponent) * 2;  // 1.x
  --exponent;
  if (exponent < kMinExponent) {
    mantissa = std::ldexp(mantissa, exponent - kMinExponent);
    exponent = kMinExponent;
  }
  uint64_t bits = static_cast<uint64_t>(std::ldexp(mantissa, 4 * kDigits));
  constexpr uint64_t kOne = uint64_t{1} << (4 * kDigits);
  return fmt::format("{}0x{}.{:013x}p{:+d}", sign, bits / kOne, bits % kOne, exponent);
}

Result<double> parse_hex_float(Heap& heap, const std::string& source) {
  auto refuse = [&] {
    return heap.raise(BuiltinType::kValueError, "invalid hexadecimal floating-point string");
  };
  size_t begin = source.find_first_not_of(" \t\n\v\f\r"), last = source.find_last_not_of(" \t\n\v\f\r");
  if (begin == source.npos) return refuse();
  std::string text = source.substr(begin, last + 1 - begin);
  size_t at = text[0] == '-' || text[0] == '+';
  std::string rest = text.substr(at);
  for (char& byte : rest) byte = static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
  double sign = text[0] == '-' ? -1 : 1;
  if (rest == "inf" || rest == "infinity") return sign * HUGE_VAL;
  if (rest == "nan") return std::nan("");
  if (!rest.starts_with("0x")) rest = "0x" + rest;
  // strtod reads this grammar, apart from "0x" itself and "0x.".
  char* end = nullptr;
  double number = std::strtod(rest.c_str(), &end);
  if (end != rest.c_str() + rest.size() || rest.find_first_of("0123456789abcdef", 2) == rest.npos)
    return refuse();
  if (std::isinf(number)) {
    return heap.raise(BuiltinType::kOverflowError, "hexadecimal value too large to represent as a float");
  }
  return sign * number;
}

}  // namespace mini::object
