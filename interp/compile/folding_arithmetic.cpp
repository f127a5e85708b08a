// What operators yield on constants.
#include "interp/compile/folding.h"

#include <optional>
#include <string>

#include "interp/compile/constants.h"
#include "runtime/base/integer.h"
#include "runtime/base/number.h"

namespace mini::compile {

using namespace ast;
using base::Integer;

namespace {

// CPython 3.9's limits of what is folded (ast_opt.c).
constexpr size_t kMaxIntegerBits = 128;
constexpr int64_t kMaxCollectionSize = 256;
constexpr int64_t kMaxStringSize = 4096;
constexpr int64_t kMaxTotalItems = 1024;

std::optional<Integer> integer_of(const Constant& constant) {
  switch (constant.constant) {
    case ConstantKind::kTrue:
      return Integer(1);
    case ConstantKind::kFalse:
      return Integer(0);
    case ConstantKind::kInteger:
      return Integer(constant.integer);
    case ConstantKind::kBigInteger:
      return Integer::parse(constant.text, constant.base);
    default:
      return std::nullopt;
  }
}

bool is_bool(const Constant& constant) {
  return constant.constant == ConstantKind::kTrue || constant.constant == ConstantKind::kFalse;
}

/// As a float, if it is a number that fits.
std::optional<double> double_of(const Constant& constant) {
  if (constant.constant == ConstantKind::kFloat) return constant.floating;
  const auto integer = integer_of(constant);
  return integer ? integer->to_double() : std::nullopt;
}

size_t character_count(std::string_view text) {
  size_t count = 0;
  for (char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  return count;
}

class Maker {
 public:
  Maker(const Range& range, Arena& arena) : range_(range), arena_(arena) {}

  Constant* make(ConstantKind kind) {
    auto* constant = arena_.make<Constant>(range_);
    constant->constant = kind;
    return constant;
  }
  Constant* boolean(bool value) { return make(value ? ConstantKind::kTrue : ConstantKind::kFalse); }
  Constant* integer(const Integer& value) {
    Constant* constant = make(value.fits_int64() ? ConstantKind::kInteger : ConstantKind::kBigInteger);
    if (value.fits_int64()) {
      constant->integer = value.to_int64();
    } else {
      constant->base = 16;
      constant->text = arena_.copy_text(value.to_string(16));
    }
    return constant;
  }
  Constant* integer(const std::optional<Integer>& value) { return value ? integer(*value) : nullptr; }
  Constant* floating(double value) {
    Constant* constant = make(ConstantKind::kFloat);
    constant->floating = value;
    return constant;
  }
  Constant* text(ConstantKind kind, const std::string& value) {
    Constant* constant = make(kind);
    constant->text = arena_.copy_text(value);
    return constant;
  }
  Constant* tuple(const std::vector<Constant*>& elements) {
    Constant* constant = make(ConstantKind::kTuple);
    constant->elements = arena_.copy(elements);
    return constant;
  }

 private:
  const Range& range_;
  Arena& arena_;
};

Constant* integer_operation(BinaryOperator op, const Integer& left, const Integer& right, Maker maker) {
  const auto shift = [&]() { return static_cast<uint64_t>(right.to_int64()); };
  switch (op) {
    case BinaryOperator::kAdd:
      return maker.integer(left + right);
    case BinaryOperator::kSub:
      return maker.integer(left - right);
    case BinaryOperator::kMult:
      if (left.bit_length() + right.bit_length() > kMaxIntegerBits && !left.is_zero() && !right.is_zero()) {
        return nullptr;
      }
      return maker.integer(left * right);
    case BinaryOperator::kFloorDiv:
      return right.is_zero() ? nullptr : maker.integer(Integer::floor_divide(left, right).quotient);
    case BinaryOperator::kMod:
      return right.is_zero() ? nullptr : maker.integer(Integer::floor_divide(left, right).remainder);
    case BinaryOperator::kDiv: {
      if (right.is_zero()) return nullptr;
      const auto quotient = Integer::true_divide(left, right);
      return quotient ? maker.floating(*quotient) : nullptr;
    }
    case BinaryOperator::kPow:
      if (right.is_negative()) {
        const auto power_base = left.to_double();
        const auto exponent = right.to_double();
        if (!power_base || !exponent) return nullptr;
        const base::FloatResult result = base::float_power(*power_base, *exponent);
        return result.ok() ? maker.floating(result.value) : nullptr;
      }
      if (!left.is_zero() && !right.is_zero() &&
          (!right.fits_int64() ||
           left.bit_length() > kMaxIntegerBits / static_cast<uint64_t>(right.to_int64()))) {
        return nullptr;
      }
      return maker.integer(Integer::power(left, right, 2 * kMaxIntegerBits));
    case BinaryOperator::kLShift:
      if (right.is_negative()) return nullptr;
      if (left.is_zero()) return maker.integer(left);
      if (!right.fits_int64() || shift() > kMaxIntegerBits || left.bit_length() > kMaxIntegerBits - shift()) {
        return right.is_zero() ? maker.integer(left) : nullptr;
      }
      return maker.integer(left.shift_left(shift()));
    case BinaryOperator::kRShift:
      if (right.is_negative()) return nullptr;
      return maker.integer(left.shift_right(right.fits_int64() ? shift() : UINT64_MAX));
    case BinaryOperator::kBitOr:
      return maker.integer(left | right);
    case BinaryOperator::kBitXor:
      return maker.integer(left ^ right);
    case BinaryOperator::kBitAnd:
      return maker.integer(left & right);
    case BinaryOperator::kMatMult:
      return nullptr;
  }
  return nullptr;
}

Constant* float_operation(BinaryOperator op, double left, double right, Maker maker) {
  const auto checked = [&](const base::FloatResult& result) -> Constant* {
    return result.ok() ? maker.floating(result.value) : nullptr;
  };
  switch (op) {
    case BinaryOperator::kAdd:
      return maker.floating(left + right);
    case BinaryOperator::kSub:
      return maker.floating(left - right);
    case BinaryOperator::kMult:
      return maker.floating(left * right);
    case BinaryOperator::kDiv:
      return checked(base::float_divide(left, right));
    case BinaryOperator::kMod:
      return checked(base::float_modulo(left, right));
    case BinaryOperator::kFloorDiv:
      return checked(base::float_floor_divide(left, right));
    case BinaryOperator::kPow:
      return checked(base::float_power(left, right));
    default:
      return nullptr;
  }
}

/// Items in the tuple and all tuples in it; stops counting above `limit`.
int64_t item_count(const Constant& constant, int64_t limit) {
  if (constant.constant != ConstantKind::kTuple && constant.constant != ConstantKind::kFrozenSet) return 0;
  auto count = static_cast<int64_t>(constant.elements.size());
  for (const Constant* element : constant.elements) {
    if (count > limit) break;
    count += item_count(*element, limit - count);
  }
  return count;
}

Constant* repeat(const Constant& sequence, const Constant& times, Maker maker) {
  const auto wide = integer_of(times);
  if (!wide || !wide->fits_int64()) return nullptr;
  const int64_t count = wide->to_int64();
  const bool text = sequence.constant == ConstantKind::kString || sequence.constant == ConstantKind::kBytes;
  if (!text && sequence.constant != ConstantKind::kTuple) return nullptr;
  const auto size =
      static_cast<int64_t>(!text                                        ? sequence.elements.size()
                           : sequence.constant == ConstantKind::kString ? character_count(sequence.text)
                                                                        : sequence.text.size());
  if (size > 0) {
    if (count < 0 || count > (text ? kMaxStringSize : kMaxCollectionSize) / size) return nullptr;
    if (!text && count > 0 && item_count(sequence, kMaxTotalItems) > kMaxTotalItems / count) return nullptr;
  }
  const int64_t copies = size > 0 ? count : 0;
  if (text) {
    std::string result;
    for (int64_t i = 0; i < copies; ++i) result += sequence.text;
    return maker.text(sequence.constant, result);
  }
  std::vector<Constant*> elements;
  for (int64_t i = 0; i < copies; ++i)
    elements.insert(elements.end(), sequence.elements.begin(), sequence.elements.end());
  return maker.tuple(elements);
}

}  // namespace

Constant* fold_binary(BinaryOperator op, const Constant& left, const Constant& right, const Range& range,
                      Arena& arena) {
  Maker maker(range, arena);
  if (op == BinaryOperator::kAdd && left.constant == right.constant) {
    if (left.constant == ConstantKind::kString || left.constant == ConstantKind::kBytes) {
      return maker.text(left.constant, std::string(left.text) + std::string(right.text));
    }
    if (left.constant == ConstantKind::kTuple) {
      std::vector<Constant*> elements(left.elements.begin(), left.elements.end());
      elements.insert(elements.end(), right.elements.begin(), right.elements.end());
      return maker.tuple(elements);
    }
  }
  const auto left_integer = integer_of(left);
  const auto right_integer = integer_of(right);
  if (left_integer && right_integer) {
    const bool bitwise =
        op == BinaryOperator::kBitAnd || op == BinaryOperator::kBitOr || op == BinaryOperator::kBitXor;
    Constant* result = integer_operation(op, *left_integer, *right_integer, maker);
    return result && bitwise && is_bool(left) && is_bool(right) ? maker.boolean(result->integer != 0)
                                                                : result;
  }
  if (op == BinaryOperator::kMult) {
    if (right_integer && !left_integer && left.constant != ConstantKind::kFloat)
      return repeat(left, right, maker);
    if (left_integer && !right_integer && right.constant != ConstantKind::kFloat)
      return repeat(right, left, maker);
  }
  const auto left_double = double_of(left);
  const auto right_double = double_of(right);
  return left_double && right_double ? float_operation(op, *left_double, *right_double, maker) : nullptr;
}

Constant* fold_unary(UnaryOperator op, const Constant& operand, const Range& range, Arena& arena) {
  Maker maker(range, arena);
  if (op == UnaryOperator::kNot) return maker.boolean(!is_true(operand));
  if (const auto integer = integer_of(operand)) {
    return maker.integer(op == UnaryOperator::kUSub     ? -*integer
                         : op == UnaryOperator::kInvert ? ~*integer
                                                        : *integer);
  }
  if (operand.constant != ConstantKind::kFloat || op == UnaryOperator::kInvert) return nullptr;
  return maker.floating(op == UnaryOperator::kUSub ? -operand.floating : operand.floating);
}

Constant* fold_subscript(const Constant& value, const Constant& index, const Range& range, Arena& arena) {
  const auto wide = integer_of(index);
  if (!wide || !wide->fits_int64()) return nullptr;
  const bool string = value.constant == ConstantKind::kString;
  const auto size = static_cast<int64_t>(string ? character_count(value.text)
                                         : value.constant == ConstantKind::kBytes ? value.text.size()
                                                                                  : value.elements.size());
  int64_t position = wide->to_int64();
  if (position < 0) position += size;
  if (position < 0 || position >= size) return nullptr;
  Maker maker(range, arena);
  const auto at = static_cast<size_t>(position);
  if (value.constant == ConstantKind::kTuple) {
    auto* copy = arena.make<Constant>(*value.elements[at]);
    copy->range = range;
    return copy;
  }
  if (value.constant == ConstantKind::kBytes)
    return maker.integer(Integer(static_cast<unsigned char>(value.text[at])));
  if (!string) return nullptr;
  size_t start = 0;
  for (size_t seen = 0;; ++start) {
    if ((static_cast<unsigned char>(value.text[start]) & 0xC0) != 0x80 && seen++ == at) break;
  }
  size_t end = start + 1;
  while (end < value.text.size() && (static_cast<unsigned char>(value.text[end]) & 0xC0) == 0x80) ++end;
  return maker.text(ConstantKind::kString, std::string(value.text.substr(start, end - start)));
}

}  // namespace mini::compile
