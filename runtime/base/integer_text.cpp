// Integer to and from text, and the division that makes long texts affordable: both ends split numbers in
// halves, so their cost is that of a few multiplications (Karatsuba) instead of growing with the square of
// the length.
#include <algorithm>
#include <array>
#include <vector>

#include "runtime/base/assert.h"
#include "runtime/base/integer_access.h"

namespace mini::base {

namespace mp = boost::multiprecision;

// ---- division (Burnikel and Ziegler, "Fast Recursive Division", 1998)

namespace {

constexpr size_t kSchoolbookBits = 64 * 80;

BigInt low_bits(const BigInt& number, size_t bits) {
  if (bits_of(number) <= bits) return number;
  BigInt result;
  auto& backend = result.backend();
  const auto limbs = static_cast<unsigned>((bits + 63) / 64);
  backend.resize(limbs, limbs);
  std::copy_n(number.backend().limbs(), limbs, backend.limbs());
  if (bits % 64) backend.limbs()[limbs - 1] &= (uint64_t{1} << bits % 64) - 1;
  backend.normalize();
  return result;
}

struct QuotientRemainder {
  BigInt quotient;
  BigInt remainder;
};

struct Divisor {
  const BigInt& whole;
  BigInt high;
  BigInt low;
  size_t half;  // bits of low
};

/// dividend / divisor for a divisor of `bits` bits and a quotient of at most as many.
QuotientRemainder divide_two_by_one(const BigInt& dividend, const BigInt& divisor, size_t bits);

/// (high * 2^half + low) / divisor, where the quotient has at most `half` bits.
QuotientRemainder divide_three_by_two(const BigInt& high, const BigInt& low, const Divisor& divisor) {
  QuotientRemainder result;
  if ((high >> divisor.half) == divisor.high) {
    result.quotient = (BigInt(1) << divisor.half) - 1;
    result.remainder = high - (divisor.high << divisor.half) + divisor.high;
  } else {
    result = divide_two_by_one(high, divisor.high, divisor.half);
  }
  result.remainder = (result.remainder << divisor.half) + low - result.quotient * divisor.low;
  while (result.remainder.sign() < 0) {  // twice at most
    --result.quotient;
    result.remainder += divisor.whole;
  }
  return result;
}

QuotientRemainder divide_two_by_one(const BigInt& dividend, const BigInt& divisor, size_t bits) {
  if (bits_of(dividend) <= bits + kSchoolbookBits) {
    QuotientRemainder result;
    mp::divide_qr(dividend, divisor, result.quotient, result.remainder);
    return result;
  }
  if (bits % 2) {
    QuotientRemainder result = divide_two_by_one(dividend << 1, divisor << 1, bits + 1);
    result.remainder >>= 1;
    return result;
  }
  const size_t half = bits / 2;
  const Divisor split{divisor, divisor >> half, low_bits(divisor, half), half};
  QuotientRemainder upper = divide_three_by_two(dividend >> bits, low_bits(dividend >> half, half), split);
  QuotientRemainder lower = divide_three_by_two(upper.remainder, low_bits(dividend, half), split);
  return {(upper.quotient << half) + lower.quotient, std::move(lower.remainder)};
}

}  // namespace

void divide(const BigInt& dividend, const BigInt& divisor, BigInt& quotient, BigInt& remainder) {
  const size_t bits = bits_of(divisor), dividend_bits = bits_of(dividend);
  if (bits <= kSchoolbookBits || dividend_bits <= bits + kSchoolbookBits) {
    mp::divide_qr(dividend, divisor, quotient, remainder);
    return;
  }
  const BigInt a = mp::abs(dividend), b = mp::abs(divisor);
  BigInt q, r;
  for (size_t pieces = (dividend_bits + bits - 1) / bits; pieces-- > 0;) {
    const BigInt piece = low_bits(a >> (pieces * bits), bits);
    QuotientRemainder step = divide_two_by_one((r << bits) + piece, b, bits);
    q = (q << bits) + step.quotient;
    r = std::move(step.remainder);
  }
  if (dividend.sign() != divisor.sign()) q = -q;
  if (dividend.sign() < 0) r = -r;
  quotient = std::move(q);
  remainder = std::move(r);
}

// ---- text

namespace {

constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/// How a base fills a limb: `digits` of them are at most `power`.
struct Chunk {
  uint64_t power = 1;
  size_t digits = 0;

  explicit Chunk(unsigned base) {
    while (power <= UINT64_MAX / base) {
      power *= base;
      ++digits;
    }
  }
};

/// base^(kLeafChunks * chunk.digits * 2^i): where texts and numbers are cut in halves.
class Powers {
 public:
  static constexpr size_t kLeafChunks = 40;

  explicit Powers(unsigned base) : chunk_(base) { leaf_digits_ = kLeafChunks * chunk_.digits; }

  const Chunk& chunk() const { return chunk_; }
  size_t digits(size_t level) const { return leaf_digits_ << level; }
  const BigInt& at(size_t level) {
    while (powers_.size() <= level) {
      powers_.push_back(powers_.empty() ? BigInt(mp::pow(BigInt(chunk_.power), unsigned{kLeafChunks}))
                                        : BigInt(powers_.back() * powers_.back()));
    }
    return powers_[level];
  }

 private:
  Chunk chunk_;
  size_t leaf_digits_;
  std::vector<BigInt> powers_;
};

/// Appends a magnitude of few limbs, with zeros in front up to `width` digits.
void append_leaf(std::string& text, const BigInt& magnitude, unsigned base, const Chunk& chunk,
                 size_t width) {
  const auto& backend = magnitude.backend();
  std::vector<uint64_t> limbs(backend.limbs(), backend.limbs() + backend.size());
  std::string reversed;
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  while (!limbs.empty()) {
    unsigned __int128 rest = 0;
    for (size_t i = limbs.size(); i-- > 0;) {
      rest = (rest << 64) | limbs[i];
      limbs[i] = static_cast<uint64_t>(rest / chunk.power);
      rest %= chunk.power;
    }
    while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
    auto digits = static_cast<uint64_t>(rest);
    for (size_t i = 0; i < chunk.digits && (digits || !limbs.empty()); ++i, digits /= base) {
      reversed.push_back(kDigits[digits % base]);
    }
  }
  if (reversed.size() < width) text.append(width - reversed.size(), '0');
  text.append(reversed.rbegin(), reversed.rend());
}

void append_digits(std::string& text, const BigInt& magnitude, unsigned base, Powers& powers, size_t levels,
                   size_t width) {
  if (levels == 0) return append_leaf(text, magnitude, base, powers.chunk(), width);
  const BigInt& power = powers.at(levels - 1);
  const size_t low_digits = powers.digits(levels - 1);
  if (width == 0 && magnitude < power) return append_digits(text, magnitude, base, powers, levels - 1, 0);
  BigInt high, low;
  divide(magnitude, power, high, low);
  append_digits(text, high, base, powers, levels - 1, width ? width - low_digits : 0);
  append_digits(text, low, base, powers, levels - 1, low_digits);
}

void append_bits(std::string& text, const BigInt& magnitude, unsigned bits_per_digit) {
  const mp::limb_type* limbs = magnitude.backend().limbs();
  const size_t count = magnitude.backend().size();
  for (size_t digit = (bits_of(magnitude) + bits_per_digit - 1) / bits_per_digit; digit-- > 0;) {
    const size_t at = digit * bits_per_digit, limb = at / 64, shift = at % 64;
    uint64_t value = limbs[limb] >> shift;
    if (shift + bits_per_digit > 64 && limb + 1 < count) value |= uint64_t{limbs[limb + 1]} << (64 - shift);
    text.push_back(kDigits[value & ((1u << bits_per_digit) - 1)]);
  }
}

BigInt parse_digits(std::span<const uint8_t> digits, unsigned base, Powers& powers, size_t levels) {
  while (levels && digits.size() <= powers.digits(levels - 1)) --levels;
  if (levels) {
    const size_t low = powers.digits(levels - 1);
    const BigInt high = parse_digits(digits.first(digits.size() - low), base, powers, levels - 1);
    return high * powers.at(levels - 1) + parse_digits(digits.last(low), base, powers, levels - 1);
  }
  std::vector<uint64_t> limbs;  // one multiplication a chunk, in place
  for (size_t at = 0; at < digits.size();) {
    uint64_t value = 0, scale = 1;
    const size_t first = digits.size() % powers.chunk().digits;
    const size_t count = at == 0 && first ? first : powers.chunk().digits;
    for (size_t end = at + count; at < end; ++at, scale *= base) value = value * base + digits[at];
    unsigned __int128 carry = value;
    for (uint64_t& limb : limbs) {
      carry += static_cast<unsigned __int128>(limb) * scale;
      limb = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    if (carry) limbs.push_back(static_cast<uint64_t>(carry));
  }
  BigInt result;
  if (!limbs.empty()) {
    const auto count = static_cast<unsigned>(limbs.size());
    result.backend().resize(count, count);
    std::copy(limbs.begin(), limbs.end(), result.backend().limbs());
    result.backend().normalize();
  }
  return result;
}

/// The base that a "0x", "0o" or "0b" stands for; 0 when there is none.
unsigned prefix_base(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  switch (text[1] | 0x20) {
    case 'x':
      return 16;
    case 'o':
      return 8;
    case 'b':
      return 2;
    default:
      return 0;
  }
}

unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? static_cast<unsigned>(lower - 'a') + 10 : 99;
}

}  // namespace

std::string Integer::to_string(unsigned base) const {
  MINI_ASSERT(base >= 2 && base <= 36);
  std::string text;
  if (is_negative()) text.push_back('-');
  if (is_zero()) return "0";
  const BigInt magnitude = mp::abs(Access::of(*this));
  if (std::has_single_bit(base)) {
    append_bits(text, magnitude, static_cast<unsigned>(std::countr_zero(base)));
    return text;
  }
  Powers powers(base);
  size_t levels = 0;
  for (size_t limbs = Powers::kLeafChunks; limbs < magnitude.backend().size(); limbs *= 2) ++levels;
  append_digits(text, magnitude, base, powers, levels, 0);
  return text;
}

std::optional<Integer> Integer::parse(std::string_view text, unsigned base) {
  MINI_ASSERT(base == 0 || (base >= 2 && base <= 36));
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  bool zeros_only = false;
  bool separated = false;  // an underscore may follow
  const unsigned prefix = prefix_base(text);
  if (prefix && (base == 0 || base == prefix)) {
    base = prefix;
    text.remove_prefix(2);
    separated = true;
  } else if (base == 0) {
    base = 10;
    zeros_only = !text.empty() && text[0] == '0';  // "010" might be meant to be octal
  }
  std::vector<uint8_t> digits;
  digits.reserve(text.size());
  for (char c : text) {
    if (c == '_') {
      if (!separated) return std::nullopt;
      separated = false;
      continue;
    }
    const unsigned digit = digit_value(c);
    if (digit >= base || (zeros_only && digit != 0)) return std::nullopt;
    digits.push_back(static_cast<uint8_t>(digit));
    separated = true;
  }
  if (digits.empty() || !separated) return std::nullopt;
  Powers powers(base);
  size_t levels = 0;
  while (powers.digits(levels) < digits.size()) ++levels;
  BigInt number = parse_digits(digits, base, powers, levels);
  if (negative) number = -number;
  return Access::make(std::move(number));
}

}  // namespace mini::base
