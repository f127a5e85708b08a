// Floats and small ints: recorded answers of CPython 3.13, and laws.
#include "runtime/base/number.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace mini::base {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

bool same(double a, double b) {
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}
double any_double(std::mt19937_64& random) {
  switch (random() % 3) {
    case 0:
      return std::bit_cast<double>(random());
    case 1:
      return static_cast<double>(static_cast<int64_t>(random() % 4000) - 2000) /
             static_cast<double>(1 << random() % 4);
    default:
      return std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 200) - 100);
  }
}
std::string format(double value, char kind, int precision, bool alternate = false) {
  return format_float(value, {.kind = kind, .precision = precision, .alternate = alternate});
}

}  // namespace

TEST_CASE("number: int division is rounded down") {
  for (int64_t a : {-9, -8, -1, 0, 1, 8, 9}) {
    for (int64_t b : {-4, -3, -1, 1, 3, 4}) {
      const double exact = std::floor(static_cast<double>(a) / static_cast<double>(b));
      CHECK(floor_divide(a, b) == static_cast<int64_t>(exact));
      CHECK(floor_divide(a, b) * b + floor_modulo(a, b) == a);
    }
  }
  CHECK(floor_divide(INT64_MIN, 2) == INT64_MIN / 2);
  CHECK(floor_modulo(INT64_MIN, 3) == 1);
}

TEST_CASE("number: float // and % keep the divisor's sign, zeros included") {
  struct Case {
    double a, b, quotient, remainder;
  };
  const Case cases[] = {
      {7.5, 2, 3, 1.5},
      {-7.5, 2, -4, 0.5},
      {7.5, -2, -4, -0.5},
      {-0.0, 3, -0.0, 0.0},
      {0.0, -3, -0.0, -0.0},
      {6, -3, -2, -0.0},
      {1, kInfinity, 0, 1},
      {-1, kInfinity, -1, kInfinity},
      {1, -kInfinity, -1, -kInfinity},
      {kInfinity, 2, kNan, kNan},
      {1, 0.1, 9, 0.09999999999999995},
      {-1e-20, 3, -1, 3},
      {5e-324, 3, 0, 5e-324},
      {1e308, 1e-308, kInfinity, 3.7456118160963904e-309},
  };
  for (const Case& c : cases) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    if (!std::isinf(c.quotient)) CHECK(same(float_floor_divide(c.a, c.b).value, c.quotient));
    if (!std::isinf(c.quotient)) CHECK(same(float_modulo(c.a, c.b).value, c.remainder));
  }
  CHECK(float_floor_divide(1, -0.0).error == NumberError::kZeroDivision);
  CHECK(float_modulo(kNan, 0.0).error == NumberError::kZeroDivision);
  CHECK(float_divide(0.0, 0.0).error == NumberError::kZeroDivision);
}

TEST_CASE("number: powers at the edges") {
  struct Case {
    double a, b, result;
  };
  const Case cases[] = {
      {kNan, 0, 1},
      {1, kNan, 1},
      {-1, kInfinity, 1},
      {0.5, kInfinity, 0},
      {0.5, -kInfinity, kInfinity},
      {-kInfinity, 3, -kInfinity},
      {-kInfinity, 2, kInfinity},
      {-kInfinity, -3, -0.0},
      {-0.0, 3, -0.0},
      {-0.0, 2, 0},
      {-2, 3, -8},
      {-2, -2, 0.25},
      {2, -1080, 0},
      {-1, 1e300, 1},
  };
  for (const Case& c : cases) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    CHECK(float_power(c.a, c.b).ok());
    CHECK(same(float_power(c.a, c.b).value, c.result));
  }
  CHECK(float_power(0.0, -1).error == NumberError::kZeroDivision);
  CHECK(float_power(-0.0, -kInfinity).ok());
  CHECK(float_power(-8, 1.0 / 3).error == NumberError::kComplexResult);
  CHECK(float_power(10, 309).error == NumberError::kOverflow);
  CHECK(float_power(-10, 309).error == NumberError::kOverflow);
}

TEST_CASE("number: equal numbers have equal hashes; floats hash as in CPython") {
  CHECK(float_hash(0.5) == 1152921504606846976);
  CHECK(float_hash(-1.0) == -2);
  CHECK(float_hash(1e300) == Integer::from_double(1e300).hash());
  CHECK(float_hash(0.1) == 230584300921369408);
  CHECK(float_hash(kInfinity) == 314159);
  CHECK(float_hash(-kInfinity) == -314159);
  CHECK(float_hash(-0.0) == 0);
  std::mt19937_64 random(8);
  for (int i = 0; i < 2000; ++i) {
    const double value = std::trunc(any_double(random));
    if (!std::isfinite(value)) continue;
    const Integer integer = Integer::from_double(value);
    REQUIRE(float_hash(value) == integer.hash());
    if (integer.fits_int64()) REQUIRE(int_hash(integer.to_int64()) == integer.hash());
  }
}

TEST_CASE("number: ints and floats compare exactly") {
  CHECK(compare(int64_t{9007199254740993}, 9007199254740992.0) > 0);
  CHECK(compare(INT64_MAX, 0x1p63) < 0);
  CHECK(compare(INT64_MIN, -0x1p63) == 0);
  CHECK(compare(int64_t{0}, -0.0) == 0);
  CHECK(compare(int64_t{-1}, -0.5) < 0);
  CHECK(compare(int64_t{3}, kNan) == std::partial_ordering::unordered);
  CHECK(compare(*Integer::power(10, 400), kInfinity) < 0);
  CHECK(compare(-*Integer::power(10, 400), -1.7e308) < 0);
  std::mt19937_64 random(9);
  for (int i = 0; i < 2000; ++i) {
    const double value = any_double(random);
    if (!std::isfinite(value)) continue;
    const auto [numerator, denominator] = float_as_integer_ratio(value);
    const auto near = Integer::from_double(value) + Integer(static_cast<int64_t>(random() % 3) - 1);
    REQUIRE(compare(near, value) == (near * denominator <=> numerator));
    if (near.fits_int64()) REQUIRE(compare(near.to_int64(), value) == compare(near, value));
  }
}

TEST_CASE("number: integer ratios are exact and in lowest terms") {
  std::mt19937_64 random(10);
  for (int i = 0; i < 500; ++i) {
    const double value = any_double(random);
    if (!std::isfinite(value)) continue;
    const auto [numerator, denominator] = float_as_integer_ratio(value);
    REQUIRE(*Integer::true_divide(numerator, denominator) == value);
    REQUIRE((numerator.is_odd() || denominator == Integer(1)));
  }
  CHECK(float_as_integer_ratio(-0.75).numerator == Integer(-3));
}

TEST_CASE("number: repr is the shortest text that reads back") {
  const std::pair<double, const char*> cases[] = {
      {1, "1.0"},
      {-0.0, "-0.0"},
      {0.1, "0.1"},
      {1e16, "1e+16"},
      {1e15, "1000000000000000.0"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {1.5e-7, "1.5e-07"},
      {123456789012345680.0, "1.2345678901234568e+17"},
      {9999999999999998.0, "9999999999999998.0"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {2.5, "2.5"},
      {1e100, "1e+100"},
      {kInfinity, "inf"},
      {-kInfinity, "-inf"},
      {kNan, "nan"},
      {-kNan, "nan"},
      {100, "100.0"},
      {1e22, "1e+22"},
  };
  for (const auto& [value, text] : cases) CHECK(float_repr(value) == text);
  std::mt19937_64 random(11);
  for (int i = 0; i < 5000; ++i) {
    const double value = any_double(random);
    REQUIRE(same(*parse_float(float_repr(value)), value));
  }
}

TEST_CASE("number: formats e, f and g") {
  CHECK(format(1234.5, 'e', 2) == "1.23e+03");
  CHECK(format(0, 'e', 0) == "0e+00");
  CHECK(format(0, 'e', 0, true) == "0.e+00");
  CHECK(format(1e100, 'E', 3) == "1.000E+100");
  CHECK(format(0.5, 'f', 0) == "0");
  CHECK(format(1.5, 'f', 0) == "2");
  CHECK(format(2.5, 'f', 0, true) == "2.");
  CHECK(format(2.675, 'f', 2) == "2.67");
  CHECK(format(1e22, 'f', 3) == "10000000000000000000000.000");
  CHECK(format(-1e-10, 'f', 3) == "-0.000");
  CHECK(format_float(-1e-10, {.kind = 'f', .precision = 3, .no_negative_zero = true}) == "0.000");
  CHECK(format_float(-1e-3, {.kind = 'f', .precision = 3, .no_negative_zero = true}) == "-0.001");
  CHECK(format(100000, 'g', 6) == "100000");
  CHECK(format(1000000, 'g', 6) == "1e+06");
  CHECK(format(999999.5, 'g', 6) == "1e+06");
  CHECK(format(0.0001, 'g', 6) == "0.0001");
  CHECK(format(0.00001, 'g', 6) == "1e-05");
  CHECK(format(1, 'g', 0, true) == "1.");
  CHECK(format(1, 'g', 6, true) == "1.00000");
  CHECK(format(0, 'g', 3, true) == "0.00");
  CHECK(format(kInfinity, 'F', 2) == "INF");
  CHECK(format(-kInfinity, 'f', 2) == "-inf");
  // format(x, '.3'): g with at least one decimal, and exponents one digit earlier.
  CHECK(format_float(100, {.kind = 'g', .precision = 3, .add_dot_zero = true}) == "1e+02");
  CHECK(format_float(10, {.kind = 'g', .precision = 3, .add_dot_zero = true}) == "10.0");
  const std::string exact = format(5e-324, 'f', 1100);
  CHECK(exact.size() == 1102);
  CHECK(exact.substr(1072, 5) == "56250");  // the last digits of 2^-1074
  CHECK(format(0.1, 'f', 2000).size() == 2002);
}

TEST_CASE("number: decimals are those of the C library, however many, and rounding agrees with them") {
  std::mt19937_64 random(20);
  for (int i = 0; i < 50000; ++i) {
    const double value = i % 2 ? any_double(random) : static_cast<double>(random() % 2000001) / 16 - 62500;
    if (!std::isfinite(value) || std::fabs(value) > 1e200) continue;
    const int precision = static_cast<int>(random() % 25);
    char expected[512];
    std::snprintf(expected, sizeof expected, "%.*f", precision, value);
    CHECK(format(value, 'f', precision) == expected);
    CHECK(same(round_to_digits(value, precision).value, std::strtod(expected, nullptr)));
  }
}

TEST_CASE("number: what float(text) takes, and what it refuses") {
  struct Case {
    const char* text;
    double value;
  };
  const Case cases[] = {
      {"1e400", kInfinity},
      {"-1e400", -kInfinity},
      {"1e-400", 0.0},
      {"-1e-400", -0.0},
      {".5", 0.5},
      {"5.", 5.0},
      {"00012", 12.0},
      {"1_0.0_1e1_0", 100100000000.0},
      {"iNf", kInfinity},
      {"-Infinity", -kInfinity},
      {"+nan", kNan},
      {"1E5", 1e5},
      {"4.9e-324", 5e-324},
      {"2.4e-324", 0.0},
      {"2.5e-324", 5e-324},
      {"0e99999999999999999999", 0.0},
      {"1e99999999999999999999", kInfinity},
      {"1e-99999999999999999999", 0.0},
      {"1.7976931348623159e308", kInfinity},
      {"1.7976931348623158e308", 1.7976931348623157e308},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    REQUIRE(parse_float(c.text));
    CHECK(same(*parse_float(c.text), c.value));
  }
  CHECK(*parse_float("1" + std::string(400, '0') + "e-400") == 1.0);
  CHECK(*parse_float("0." + std::string(400, '0') + "1e401") == 1.0);
  for (const char* text :
       {"",     "+",    ".",   "1e",   "1e+",    "e5", "_1", "1_",    "1__0", "1_.0", "1._0",
        "1e_5", "1e5_", "0x1", "infi", "nan(1)", "1 ", " 1", "1.2.3", "--1",  ".e1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_float(text));
  }
}

TEST_CASE("number: rounding to digits is decided by the exact value") {
  struct Case {
    double value;
    int digits;
    double result;
  };
  const Case cases[] = {
      {2.675, 2, 2.67},
      {0.5, 0, 0},
      {1.5, 0, 2},
      {2.5, 0, 2},
      {-0.4, 0, -0.0},
      {5, -1, 0},
      {15, -1, 20},
      {25, -1, 20},
      {5.0000000001, -1, 10},
      {-5, -1, -0.0},
      {95, -1, 100},
      {123.456, -3, 0},
      {500, -3, 0},
      {500.5, -3, 1000},
      {1e22, -5, 1e22},
      {5e307, -308, 1e308},
      {1e300, -400, 0},
      {1e-320, 330, 1e-320},
      {kInfinity, 2, kInfinity},
      {kNan, -2, kNan},
      {999.9999, 2, 1000},
  };
  for (const Case& c : cases) {
    CAPTURE(c.value);
    CAPTURE(c.digits);
    CHECK(round_to_digits(c.value, c.digits).ok());
    CHECK(same(round_to_digits(c.value, c.digits).value, c.result));
  }
  CHECK(round_to_digits(1.7976931348623157e308, -308).error == NumberError::kOverflow);
  for (double value : {0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 4503599627370497.5, 1e300, -2.6}) {
    CHECK(same(round_half_even(value), std::nearbyint(value)));
  }
}

TEST_CASE("number: sums of floats are compensated") {
  CompensatedSum tenths(0);
  for (int i = 0; i < 10; ++i) tenths.add(0.1);
  CHECK(tenths.value() == 1.0);
  CompensatedSum large(0);
  for (double value : {1e100, 1.0, -1e100}) large.add(value);
  CHECK(large.value() == 1.0);
  CompensatedSum mixed(0.1);  // sum([0.1, 2**60 + 1, 0.1, -2.0**60])
  mixed.add_plain(0x1p60);
  mixed.add(0.1);
  mixed.add(-0x1p60);
  CHECK(mixed.value() == 0.1);
  CompensatedSum overflowed(0);
  for (double value : {1e308, 1e308, -1e308}) overflowed.add(value);
  CHECK(overflowed.value() == kInfinity);
}

}  // namespace mini::base
