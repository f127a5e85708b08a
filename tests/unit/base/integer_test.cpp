// Integer: recorded answers of CPython 3.13 at the edges, and laws on random operands, long ones included.
#include "runtime/base/integer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace mini::base {

/// How doctest prints one.
std::ostream& operator<<(std::ostream& out, const Integer& integer) {
  return out << integer.to_string();
}

namespace {

Integer number(std::string_view text) {
  return *Integer::parse(text, 0);
}
Integer power(int base, int exponent) {
  return *Integer::power(base, exponent);
}

/// Of 1 to `most_bits` bits, of either sign; often with long runs of equal bits, where carries and borrows go
/// wrong.
Integer random_integer(std::mt19937& random, size_t most_bits) {
  std::vector<uint32_t> limbs(random() % (most_bits / 32) + 1);
  for (uint32_t& limb : limbs) {
    const unsigned kind = random() % 4;
    limb = kind == 0 ? 0 : kind == 1 ? 0xFFFFFFFF : static_cast<uint32_t>(random());
  }
  return Integer::from_limbs(limbs, random() % 2);
}

}  // namespace

TEST_CASE("integer: floor division and modulo as Python's") {
  struct Case {
    const char *a, *b, *quotient, *remainder;
  };
  const Case cases[] = {
      {"7", "-3", "-3", "-2"},
      {"-7", "3", "-3", "2"},
      {"-7", "-3", "2", "-1"},
      {"7", "-10000000000000000000", "-1", "-9999999999999999993"},
      {"-7", "9223372036854775808", "-1", "9223372036854775801"},
      {"-9223372036854775808", "-1", "9223372036854775808", "0"},
      {"9223372036854775808", "-10000000000000000000", "-1", "-776627963145224192"},
      {"-18446744073709551616", "3", "-6148914691236517206", "2"},
      {"10000000000000000000000000000000000000003", "-10000000000000000000", "-1000000000000000000001",
       "-9999999999999999997"},
      {"-10000000000000000000000000000000000000000", "-10000000000000000000", "1000000000000000000000", "0"},
  };
  for (const Case& c : cases) {
    const Integer::Division division = Integer::floor_divide(number(c.a), number(c.b));
    CHECK(division.quotient == number(c.quotient));
    CHECK(division.remainder == number(c.remainder));
  }
}

TEST_CASE("integer: q * b + r == a, with r between 0 and b, also where division is recursive") {
  std::mt19937 random(3);
  for (int i = 0; i < 600; ++i) {
    const size_t bits = i % 10 == 0 ? 60'000 : 2'000;
    const Integer a = random_integer(random, bits), b = random_integer(random, i % 3 ? bits : bits / 2);
    if (b.is_zero()) continue;
    const auto [quotient, remainder] = Integer::floor_divide(a, b);
    REQUIRE(quotient * b + remainder == a);
    REQUIRE(remainder.abs() < b.abs());
    REQUIRE((remainder.is_zero() || remainder.sign() == b.sign()));
    REQUIRE(Integer::floor_divide(a * b, b).remainder.is_zero());
  }
}

TEST_CASE("integer: bits of negative numbers are two's complement") {
  struct Case {
    const char *a, *b, *conjunction, *disjunction, *difference;
  };
  const Case cases[] = {
      {"6", "-3", "4", "-1", "-5"},
      {"-6", "-3", "-8", "-1", "7"},
      {"-6", "9223372036854775808", "9223372036854775808", "-6", "-9223372036854775814"},
      {"18446744073709551616", "-9223372036854775808", "18446744073709551616", "-9223372036854775808",
       "-27670116110564327424"},
      {"-18446744073709551616", "-9223372036854775808", "-18446744073709551616", "-9223372036854775808",
       "9223372036854775808"},
      {"-18446744073709551621", "9223372036854775808", "9223372036854775808", "-18446744073709551621",
       "-27670116110564327429"},
      {"36893488147419103231", "-9223372036854775808", "27670116110564327424", "-1", "-27670116110564327425"},
  };
  for (const Case& c : cases) {
    const Integer a = number(c.a), b = number(c.b);
    CHECK((a & b) == number(c.conjunction));
    CHECK((a | b) == number(c.disjunction));
    CHECK((a ^ b) == number(c.difference));
  }
  std::mt19937 random(4);
  for (int i = 0; i < 500; ++i) {
    const Integer a = random_integer(random, 300), b = random_integer(random, 300);
    REQUIRE(~a == -a - 1);
    REQUIRE((a & b) + (a | b) == a + b);
    REQUIRE((a ^ b) == (a | b) - (a & b));
    REQUIRE(~(a & b) == (~a | ~b));
    const uint64_t shift = random() % 200;
    REQUIRE(a.shift_right(shift) == Integer::floor_divide(a, power(2, static_cast<int>(shift))).quotient);
    REQUIRE(*a.shift_left(shift) == a * power(2, static_cast<int>(shift)));
  }
  CHECK(Integer(-5).shift_right(uint64_t{1} << 63) == -1);
  CHECK(Integer(5).shift_right(uint64_t{1} << 63) == 0);
}

TEST_CASE("integer: limbs, int64 and comparison agree") {
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    const Integer a = random_integer(random, 200), b = random_integer(random, 200);
    std::vector<uint32_t> limbs(a.limb_count() + 1, 0);
    a.to_limbs(limbs);
    REQUIRE(Integer::from_limbs(limbs, a.is_negative()) == a);
    REQUIRE((a <=> b) == ((a - b).sign() <=> 0));
    REQUIRE(a.fits_int64() == (a >= INT64_MIN && a <= INT64_MAX));
    if (a.fits_int64()) REQUIRE(Integer(a.to_int64()) == a);
  }
  CHECK(number("-9223372036854775808").to_int64() == INT64_MIN);
  CHECK_FALSE(number("9223372036854775808").fits_int64());
  CHECK_FALSE(number("-9223372036854775809").fits_int64());
  CHECK(Integer::from_limbs({}, true).is_zero());
  CHECK_FALSE(Integer::from_limbs({}, true).is_negative());
  CHECK(Integer(0).limb_count() == 0);
  CHECK(Integer(-256).bit_length() == 9);
  CHECK(Integer(-255).bit_count() == 8);
}

TEST_CASE("integer: texts in all bases read back, short and long") {
  std::mt19937 random(6);
  for (unsigned base = 2; base <= 36; ++base) {
    for (size_t bits : {64, 500, 3'000, 40'000}) {
      const Integer a = random_integer(random, bits);
      REQUIRE(*Integer::parse(a.to_string(base), base) == a);
    }
  }
  CHECK(power(10, 5000).to_string() == "1" + std::string(5000, '0'));
  CHECK((power(10, 5000) - 1).to_string() == std::string(5000, '9'));
  CHECK((power(36, 3000) - 1).to_string(36) == std::string(3000, 'z'));
  CHECK(Integer(0).to_string(2) == "0");
  CHECK(number("-0xDEADbeef0123456789").to_string(16) == "-deadbeef0123456789");
}

TEST_CASE("integer: what int(text, base) takes, and what it refuses") {
  CHECK(*Integer::parse("+1_000") == 1000);
  CHECK(*Integer::parse("007") == 7);
  CHECK(*Integer::parse("0x_ff", 16) == 255);
  CHECK(*Integer::parse("0b1", 16) == 0xb1);
  CHECK(*Integer::parse("-0O17", 0) == -15);
  CHECK(*Integer::parse("0_0", 0) == 0);
  CHECK(*Integer::parse("z", 36) == 35);
  for (const char* text : {"", "-", "_1", "1_", "1__0", "0x", "0x1", "1.0", "a", "1 ", "+-1"}) {
    CAPTURE(text);
    CHECK_FALSE(Integer::parse(text));
  }
  for (const char* text : {"010", "0x", "0b2", "0x_", "0x1_", "-", "0_1"}) {
    CAPTURE(text);
    CHECK_FALSE(Integer::parse(text, 0));
  }
}

TEST_CASE("integer: hashes are CPython's") {
  CHECK(number("2305843009213693951").hash() == 0);
  CHECK(number("-2305843009213693952").hash() == -2);
  CHECK(Integer(-1).hash() == -2);
  CHECK(number("18446744073709551616").hash() == 8);
  CHECK(power(10, 30).hash() == 465258685558744706);
  CHECK((-power(10, 30)).hash() == -465258685558744706);
  CHECK(power(2, 122).hash() == 1);
}

TEST_CASE("integer: to_double rounds half to even and reports overflow") {
  CHECK(*number("9007199254740993").to_double() == 9007199254740992.0);
  CHECK(*number("9007199254740995").to_double() == 9007199254740996.0);
  CHECK(*(power(2, 200) + power(2, 147)).to_double() == 0x1p200);
  CHECK(*(power(2, 200) + power(2, 147) + 1).to_double() == 0x1.0000000000001p200);
  CHECK(*(power(2, 1024) - power(2, 970) - 1).to_double() == 0x1.fffffffffffffp1023);
  CHECK_FALSE((power(2, 1024) - power(2, 970)).to_double());
  CHECK_FALSE((-power(2, 2000)).to_double());
  for (double value : {0.0, 1.0, -1.75, 0x1p63, -0x1p63, 0x1.fffffffffffffp62, -0x1.123456789abcdp1000}) {
    CHECK(*Integer::from_double(value).to_double() == std::trunc(value));
  }
}

TEST_CASE("integer: true division rounds once, down to subnormals") {
  const auto divide = [](const Integer& a, const Integer& b) { return Integer::true_divide(a, b); };
  CHECK(*divide(1, 3) == 1.0 / 3.0);
  CHECK(*divide(number("18014398509481987"), 2) == 0x1.0000000000001p53);
  CHECK(*divide(power(10, 400), power(10, 399)) == 10.0);
  CHECK_FALSE(divide(power(10, 400), 3));
  CHECK(*divide(1, power(2, 1074)) == 0x1p-1074);
  CHECK(*divide(1, power(2, 1075)) == 0.0);
  CHECK(*divide(power(2, 1074) + 1, power(2, 2149)) == 0x1p-1074);
  CHECK(*divide(3, power(2, 1075)) == 0x2p-1074);
  CHECK_FALSE(divide(power(2, 1024) - power(2, 970), 1));
  CHECK(*divide(power(2, 1024) - power(2, 970) - 1, 1) == 0x1.fffffffffffffp1023);
  const Integer odd = number("9007199254740993") * power(2, 60);  // a tie, and just above it
  CHECK(*divide(odd, power(2, 60)) == 0x1p53);
  CHECK(*divide(odd + 1, power(2, 60)) == 0x1.0000000000001p53);
  CHECK(std::signbit(*divide(0, -5)));
  CHECK(std::signbit(*divide(-1, power(2, 5000))));
}

TEST_CASE("integer: powers, roots, and arithmetic modulo a number") {
  CHECK(*Integer::power(-3, 5) == -243);
  CHECK(*Integer::power(0, 0) == 1);
  CHECK(*Integer::power(-1, power(10, 30) + 1) == -1);
  CHECK(*Integer::power(-1, power(10, 30)) == 1);
  CHECK(*Integer::power(0, power(10, 30)) == 0);
  CHECK(Integer::power_modulo(3, power(10, 30), 1000) == 1);
  CHECK(Integer::power_modulo(-7, 3, 10) == 7);
  CHECK(Integer::power_modulo(7, 3, -10) == -7);
  CHECK(Integer::power_modulo(5, 0, 1) == 0);
  CHECK(*Integer::inverse_modulo(3, 7) == 5);
  CHECK(*Integer::inverse_modulo(3, -7) == -2);
  CHECK_FALSE(Integer::inverse_modulo(6, 9));
  CHECK(Integer::greatest_common_divisor(-12, 18) == 6);
  CHECK(Integer::greatest_common_divisor(0, 0) == 0);
  std::mt19937 random(7);
  for (int i = 0; i < 100; ++i) {
    const Integer a = random_integer(random, 2'000).abs();
    const Integer root = a.square_root();
    REQUIRE(root * root <= a);
    REQUIRE((root + 1) * (root + 1) > a);
  }
}

TEST_CASE("integer: what would be too long is refused before it is computed") {
  constexpr size_t kMost = 10'000;
  CHECK_FALSE(Integer::power(2, 10'000, kMost));
  CHECK(Integer::power(2, 9'999, kMost)->bit_length() == kMost);
  CHECK_FALSE(Integer::power(10, power(10, 18)));
  CHECK_FALSE(Integer::power(10, power(10, 30)));
  CHECK_FALSE(Integer(1).shift_left(10'000, kMost));
  CHECK(Integer(-1).shift_left(9'999, kMost)->bit_length() == kMost);
  CHECK_FALSE(Integer(1).shift_left(UINT64_MAX));
  CHECK(*Integer(0).shift_left(UINT64_MAX) == 0);
  CHECK_FALSE(Integer::multiply(power(2, 6'000), power(2, 6'000), kMost));
  CHECK(*Integer::multiply(power(2, 6'000), 0, kMost) == 0);
}

}  // namespace mini::base
