// Floats to and from text. std::to_chars and std::from_chars are exact; Python's layout is made from their
// digits.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "runtime/base/number.h"

namespace mini::base {

namespace {

/// A magnitude as 0.DIGITS * 10^point.
struct Decimal {
  std::string digits;
  int point = 0;
};

// A double has at most 1074 decimals, 309 digits before the point, 767 significant digits.
constexpr int kMostDigits = 1100;

/// With `precision` digits after the first one, or (-1) the shortest digits that read back the same.
Decimal scientific_digits(double magnitude, int precision) {
  char text[kMostDigits + 32];
  char* const limit = text + sizeof text;
  const int exact = std::min(precision, kMostDigits);
  const char* end = precision < 0
                        ? std::to_chars(text, limit, magnitude, std::chars_format::scientific).ptr
                        : std::to_chars(text, limit, magnitude, std::chars_format::scientific, exact).ptr;
  const char* e = std::find(static_cast<const char*>(text), end, 'e');
  Decimal decimal;
  decimal.digits.push_back(text[0]);
  if (e - text > 2) decimal.digits.append(static_cast<const char*>(text) + 2, e);
  if (precision > exact) decimal.digits.append(static_cast<size_t>(precision - exact), '0');
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, decimal.point);
  ++decimal.point;
  return decimal;
}

/// With `precision` digits after the point.
Decimal fixed_digits(double magnitude, int precision) {
  char text[kMostDigits + 320];
  const int exact = std::min(precision, kMostDigits);
  const char* end = std::to_chars(text, text + sizeof text, magnitude, std::chars_format::fixed, exact).ptr;
  const char* point = std::find(static_cast<const char*>(text), end, '.');
  Decimal decimal;
  decimal.digits.assign(static_cast<const char*>(text), point);
  decimal.point = static_cast<int>(point - text);
  if (point != end) decimal.digits.append(point + 1, end);
  if (precision > exact) decimal.digits.append(static_cast<size_t>(precision - exact), '0');
  return decimal;
}

constexpr auto kPowersOfTen = [] {
  std::array<uint64_t, 20> powers{1};  // 10^19 fits 64 bits, and 117 with the 53 of a mantissa
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

/// `magnitude` times ten to the `precision`, as an int, half to even: exact, in 128 bits. Nothing where these, or 64 for the
/// result, do not suffice.
std::optional<uint64_t> scaled(double magnitude, int precision) {
  __extension__ using Wide = unsigned __int128;
  constexpr int kMantissaBits = 52, kBias = 1023;
  const auto bits = std::bit_cast<uint64_t>(magnitude);
  const auto biased = static_cast<int>(bits >> kMantissaBits);
  if (static_cast<size_t>(precision) >= kPowersOfTen.size() || biased == 0) return std::nullopt;
  const uint64_t mantissa = (bits & ((uint64_t{1} << kMantissaBits) - 1)) | uint64_t{1} << kMantissaBits;
  const int shift = kBias + kMantissaBits - biased;  // magnitude = mantissa / 2^shift
  if (shift < 1 || shift > 120) return std::nullopt;
  const Wide product = Wide{mantissa} * kPowersOfTen[static_cast<size_t>(precision)];
  const Wide whole = product >> shift, rest = product - (whole << shift), half = Wide{1} << (shift - 1);
  if (whole >> 63 != 0) return std::nullopt;
  const auto rounded = static_cast<uint64_t>(whole);
  return rounded + (rest > half || (rest == half && (rounded & 1) != 0));
}

/// With `precision` digits after the point, `number` being the value times ten to that power.
std::string with_point(bool negative, uint64_t number, int precision) {
  char text[24];
  const char* end = std::to_chars(text, std::end(text), number).ptr;
  const auto count = static_cast<int>(end - text), before = std::max(count - precision, 0);
  std::string result;
  if (negative) result.push_back('-');
  if (before == 0) result.push_back('0');
  result.append(text, static_cast<size_t>(before));
  if (precision > 0) {
    result.push_back('.');
    result.append(static_cast<size_t>(std::max(precision - count, 0)), '0');
    result.append(static_cast<const char*>(text) + before, end);
  }
  return result;
}

void strip_zeros(std::string& digits) {
  digits.resize(std::max(digits.find_last_not_of('0') + 1, size_t{1}));
}

void append_exponent(std::string& text, int exponent, char letter) {
  text.push_back(letter);
  text.push_back(exponent < 0 ? '-' : '+');
  const int magnitude = exponent < 0 ? -exponent : exponent;
  if (magnitude < 10) text.push_back('0');
  text += std::to_string(magnitude);
}

/// DIGITS with the point where it belongs, zeros filled in.
void append_positional(std::string& text, const Decimal& decimal) {
  const auto count = static_cast<int>(decimal.digits.size());
  if (decimal.point <= 0) {
    text += "0.";
    text.append(static_cast<size_t>(-decimal.point), '0');
    text += decimal.digits;
  } else if (decimal.point >= count) {
    text += decimal.digits;
    text.append(static_cast<size_t>(decimal.point - count), '0');
  } else {
    text.append(decimal.digits, 0, static_cast<size_t>(decimal.point));
    text.push_back('.');
    text.append(decimal.digits, static_cast<size_t>(decimal.point));
  }
}

}  // namespace

std::string float_repr(double value) {
  return format_float(value, {.kind = 'r', .add_dot_zero = true});
}

std::string format_float(double value, const FloatFormat& format) {
  const bool capitals = format.kind >= 'A' && format.kind <= 'Z';
  const char kind = static_cast<char>(format.kind | 0x20);
  if (std::isnan(value)) return capitals ? "NAN" : "nan";
  const bool negative = std::signbit(value);
  const double magnitude = std::fabs(value);
  std::string text;
  if (std::isinf(value)) {
    if (negative) text.push_back('-');
    return text += capitals ? "INF" : "inf";
  }

  if (kind == 'f' && (format.precision > 0 || !(format.alternate || format.add_dot_zero))) {
    if (const std::optional<uint64_t> number = scaled(magnitude, format.precision))
      return with_point(negative && !(*number == 0 && format.no_negative_zero), *number, format.precision);
  }

  Decimal decimal;
  bool exponent = false;
  switch (kind) {
    case 'e':
      decimal = scientific_digits(magnitude, format.precision);
      exponent = true;
      break;
    case 'f':
      decimal = fixed_digits(magnitude, format.precision);
      break;
    case 'g': {
      const int precision = std::max(format.precision, 1);
      decimal = scientific_digits(magnitude, precision - 1);
      exponent = decimal.point <= -4 || decimal.point > precision - (format.add_dot_zero ? 1 : 0);
      if (!format.alternate) strip_zeros(decimal.digits);
      break;
    }
    case 'r':
      decimal = scientific_digits(magnitude, -1);
      exponent = decimal.point <= -4 || decimal.point > 16;
      break;
    default:
      MINI_UNREACHABLE();
  }

  const bool zero = decimal.digits.find_first_not_of('0') == std::string::npos;
  if (negative && !(zero && format.no_negative_zero)) text.push_back('-');
  if (exponent) {
    text.push_back(decimal.digits[0]);
    if (decimal.digits.size() > 1) {
      text.push_back('.');
      text.append(decimal.digits, 1);
    } else if (format.alternate) {
      text.push_back('.');
    }
    append_exponent(text, decimal.point - 1, capitals ? 'E' : 'e');
    return text;
  }
  append_positional(text, decimal);
  if (text.find('.') == std::string::npos) {
    if (format.add_dot_zero) {
      text += ".0";
    } else if (format.alternate) {
      text.push_back('.');
    }
  }
  return text;
}

// ---- parsing

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

/// Moves digits (with single underscores between them) from the front of `text` to the end of `into`.
/// False when an underscore is misplaced. No digits at all are allowed.
bool take_digits(std::string_view& text, std::string& into) {
  bool separated = false;
  while (!text.empty() && (is_digit(text[0]) || text[0] == '_')) {
    if (text[0] == '_') {
      if (!separated) return false;
      separated = false;
    } else {
      into.push_back(text[0]);
      separated = true;
    }
    text.remove_prefix(1);
  }
  return into.empty() || into.back() == '.' || separated;
}

/// A plain decimal number ("12.5e-3"); too large is infinite, too small zero.
double read_decimal(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc::result_out_of_range) return value;
  // Too large or too small? The power of ten of the first digit that is not 0 tells.
  const size_t e = std::min(text.find('e'), text.size());
  const size_t point = std::min(text.find('.'), e), first = text.find_first_of("123456789");
  int64_t exponent = 0;
  if (e < text.size()) {
    const bool negative = text[e + 1] == '-';
    for (size_t i = e + (is_digit(text[e + 1]) ? 1 : 2); i < text.size() && exponent < 1'000'000'000'000;
         ++i) {
      exponent = exponent * 10 + (text[i] - '0');
    }
    if (negative) exponent = -exponent;
  }
  exponent += static_cast<int64_t>(point) - static_cast<int64_t>(first);
  return exponent > 0 ? HUGE_VAL : 0.0;
}

}  // namespace

std::optional<double> parse_float(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const auto with_sign = [negative](double value) { return negative ? -value : value; };
  if (equal_ignoring_case(text, "inf") || equal_ignoring_case(text, "infinity")) return with_sign(HUGE_VAL);
  if (equal_ignoring_case(text, "nan")) return with_sign(std::nan(""));

  std::string plain;
  plain.reserve(text.size());
  if (!take_digits(text, plain)) return std::nullopt;
  size_t digits = plain.size();
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    plain.push_back('.');
    if (!take_digits(text, plain)) return std::nullopt;
    digits = plain.size() - 1;
  }
  if (digits == 0) return std::nullopt;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    std::string exponent;
    plain.push_back('e');
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
      if (text[0] == '-') plain.push_back('-');
      text.remove_prefix(1);
    }
    if (!take_digits(text, exponent) || exponent.empty()) return std::nullopt;
    plain += exponent;
  }
  if (!text.empty()) return std::nullopt;
  return with_sign(read_decimal(plain));
}

// ---- rounding to decimal digits

FloatResult round_to_digits(double value, int64_t digits) {
  // Beyond these, every double is a multiple of 10^-digits, or rounds to zero (CPython's NDIGITS_MAX and
  // _MIN).
  constexpr int64_t kMost = 323, kLeast = -308;
  if (!std::isfinite(value) || digits > kMost) return {value};
  const double magnitude = std::fabs(value);
  double rounded;
  if (digits < kLeast) {
    rounded = 0;
  } else if (digits >= 0) {
    const std::optional<uint64_t> number = scaled(magnitude, static_cast<int>(digits));
    // An int of 53 bits and ten to the 22 are doubles, so that their quotient is the double next to the decimal.
    if (number && *number >> 53 == 0) {
      rounded = static_cast<double>(*number) / static_cast<double>(kPowersOfTen[static_cast<size_t>(digits)]);
    } else {
      char text[kMostDigits + 320];
      const char* end =
          std::to_chars(text, text + sizeof text, magnitude, std::chars_format::fixed, static_cast<int>(digits))
              .ptr;
      rounded = read_decimal(std::string(static_cast<const char*>(text), end));
    }
  } else {
    const double whole = std::trunc(magnitude);
    std::string kept = fixed_digits(whole, 0).digits;
    const auto drop = static_cast<size_t>(-digits);
    if (kept.size() <= drop) kept.insert(0, drop - kept.size() + 1, '0');
    const std::string dropped = kept.substr(kept.size() - drop);
    kept.resize(kept.size() - drop);
    const bool rest = dropped.find_first_not_of('0', 1) != std::string::npos || whole != magnitude;
    const bool odd = (kept.back() - '0') % 2 != 0;
    if (dropped[0] > '5' || (dropped[0] == '5' && (rest || odd))) {
      size_t at = kept.size();
      while (at > 0 && kept[at - 1] == '9') kept[--at] = '0';
      if (at == 0) {
        kept.insert(0, 1, '1');
      } else {
        ++kept[at - 1];
      }
    }
    rounded = read_decimal(kept + "e" + std::to_string(drop));
  }
  if (std::isinf(rounded)) return {0, NumberError::kOverflow};
  return {std::copysign(rounded, value)};
}

}  // namespace mini::base
