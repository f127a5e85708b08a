// The module `math`.
#include <cmath>
#include <limits>

#include "interp/modules/math.h"
#include "interp/modules/support.h"

namespace mini::modules {
namespace {

/// The errors of C's functions as CPython tells them (3.13 Modules/mathmodule.c, math_1): a NaN that no NaN went into is
/// outside the domain, an infinity that no infinity went into has overflowed, where the function can overflow.
Result<Ref<Value>> finish(Heap& heap, double result, bool finite_operands, bool had_nan, bool can_overflow) {
  if (std::isnan(result) && !had_nan) return raise_domain(heap);
  if (std::isinf(result) && finite_operands) return can_overflow ? raise_range(heap) : raise_domain(heap);
  return make_float(heap, result);
}

template <double (*kFunction)(double), bool kCanOverflow = false>
Result<Ref<Value>> unary_function(Call& call) {
  const double x = MINI_TRY(to_double(call.heap, call[0]));
  return finish(call.heap, kFunction(x), std::isfinite(x), std::isnan(x), kCanOverflow);
}
template <double (*kFunction)(double, double), bool kCanOverflow = true>
Result<Ref<Value>> binary_function(Call& call) {
  const double x = MINI_TRY(to_double(call.heap, call[0]));
  const double y = MINI_TRY(to_double(call.heap, call[1]));
  return finish(call.heap, kFunction(x, y), std::isfinite(x) && std::isfinite(y), std::isnan(x) || std::isnan(y),
                kCanOverflow);
}

double degrees(double x) { return x * (180 / M_PI); }
double radians(double x) { return x * (M_PI / 180); }

// To ints -------------------------------------------------------------------------------------------------------------

/// What a class says itself comes first; `trunc` asks nothing but classes and numbers.
template <double (*kRound)(double), Name kMethod>
Result<Ref<Value>> rounded(Call& call) {
  Heap& heap = call.heap;
  if (Value method = script_method(heap, heap.type_of(call[0]), kMethod); !method.is_unbound())
    return call_special(heap, method, call[0]);
  if (is_any_int(call[0])) return object::plain_number(heap, call[0]);
  if (kMethod == Name::k__trunc__ && !is_any_float(call[0]))
    return heap.raise(BuiltinType::kTypeError, "type {} doesn't define __trunc__ method", type_name(heap, call[0]));
  return float_to_int(call.heap, kRound(MINI_TRY(to_double(call.heap, call[0]))));
}

// Logarithms, also of ints too large for a double ---------------------------------------------------------------------

Result<double> logarithm(Heap& heap, Value value, double (*function)(double), double of_two) {
  if (is_any_int(value)) {
    base::Integer number = integer_of(value);
    if (number.sign() <= 0) return raise_domain(heap);
    if (auto plain = number.to_double()) return function(*plain);
    const size_t shift = number.bit_length() - 64;
    return function(*number.shift_right(shift).to_double()) + static_cast<double>(shift) * of_two;
  }
  const double x = MINI_TRY(to_double(heap, value));
  if (x <= 0) return raise_domain(heap);
  return function(x);
}
Result<Ref<Value>> log(Call& call) {
  double result = MINI_TRY(logarithm(call.heap, call[0], std::log, M_LN2));
  if (call.has(1)) {
    const double base = MINI_TRY(logarithm(call.heap, call[1], std::log, M_LN2));
    if (base == 0) return call.heap.raise_text(BuiltinType::kZeroDivisionError, "division by zero");
    result /= base;
  }
  return make_float(call.heap, result);
}
Result<Ref<Value>> log2(Call& call) {
  return make_float(call.heap, MINI_TRY(logarithm(call.heap, call[0], std::log2, 1)));
}
Result<Ref<Value>> log10(Call& call) {
  return make_float(call.heap, MINI_TRY(logarithm(call.heap, call[0], std::log10, M_LN2 / M_LN10)));
}

// Whole numbers -------------------------------------------------------------------------------------------------------

Result<base::Integer> whole(Heap& heap, Value value) {
  Ref<Value> index = MINI_TRY(to_index(heap, value));
  return integer_of(index);
}

Result<Ref<Value>> gcd(Call& call) {
  base::Integer result;
  for (uint32_t i = 0; i < call.count; ++i)
    result = base::Integer::greatest_common_divisor(result, MINI_TRY(whole(call.heap, call[i])));
  return make_int(call.heap, result);
}
Result<Ref<Value>> lcm(Call& call) {
  base::Integer result(1);
  for (uint32_t i = 0; i < call.count; ++i) {
    base::Integer number = MINI_TRY(whole(call.heap, call[i])).abs();
    if (number.is_zero() || result.is_zero()) {
      result = base::Integer(0);
      continue;
    }
    const auto divisor = base::Integer::greatest_common_divisor(result, number);
    result = result * base::Integer::floor_divide(number, divisor).quotient;
  }
  return make_int(call.heap, result);
}
Result<Ref<Value>> factorial(Call& call) {
  if (!is_any_int(call[0]) && is_any_float(call[0]))
    return call.heap.raise_text(BuiltinType::kTypeError, "'float' object cannot be interpreted as an integer");
  const base::Integer number = MINI_TRY(whole(call.heap, call[0]));
  if (number.is_negative())
    return call.heap.raise_text(BuiltinType::kValueError, "factorial() not defined for negative values");
  if (!number.fits_int64() || number.to_int64() > 100'000'000)
    return call.heap.raise(BuiltinType::kOverflowError, "factorial() argument should not exceed {}", INT64_MAX);
  base::Integer result(1);
  for (int64_t i = 2; i <= number.to_int64(); ++i) result = result * base::Integer(i);
  return make_int(call.heap, result);
}
Result<Ref<Value>> isqrt(Call& call) {
  const base::Integer number = MINI_TRY(whole(call.heap, call[0]));
  if (number.is_negative())
    return call.heap.raise_text(BuiltinType::kValueError, "isqrt() argument must be nonnegative");
  return make_int(call.heap, number.square_root());
}
/// Ways to choose k of n in order (perm), or without (comb).
Result<Ref<Value>> choose(Call& call, bool ordered) {
  const base::Integer n = MINI_TRY(whole(call.heap, call[0]));
  base::Integer k = call.has(1) && !call[1].is_none() ? MINI_TRY(whole(call.heap, call[1])) : n;
  if (n.is_negative())
    return call.heap.raise_text(BuiltinType::kValueError, "n must be a non-negative integer");
  if (k.is_negative())
    return call.heap.raise_text(BuiltinType::kValueError, "k must be a non-negative integer");
  if (k > n) return unboxed(Value::integer(0));
  if (!ordered && n - k < k) k = n - k;
  if (!k.fits_int64())
    return call.heap.raise(BuiltinType::kOverflowError, "{} must not exceed {}", ordered ? "k" : "min(n - k, k)", INT64_MAX);
  base::Integer result(1);
  for (int64_t i = 0; i < k.to_int64(); ++i) {
    result = result * (n - base::Integer(i));
    if (!ordered) result = base::Integer::floor_divide(result, base::Integer(i + 1)).quotient;
  }
  return make_int(call.heap, result);
}
Result<Ref<Value>> comb(Call& call) { return choose(call, false); }
Result<Ref<Value>> perm(Call& call) { return choose(call, true); }

// Over iterables ------------------------------------------------------------------------------------------------------

/// Exact: partial sums that do not overlap (Shewchuk 1997), rounded once at the end.
Result<Ref<Value>> fsum(Call& call) {
  Heap& heap = call.heap;
  Ref<Value> iterator = MINI_TRY(iterate(heap, call[0]));
  std::vector<double> partials;
  double special = 0, infinite = 0;
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) break;
    double x = MINI_TRY(to_double(heap, item));
    if (!std::isfinite(x)) {
      special += x;
      if (std::isinf(x)) infinite += x;
      continue;
    }
    size_t kept = 0;
    for (double y : partials) {
      if (std::fabs(x) < std::fabs(y)) std::swap(x, y);
      const double high = x + y;
      const double low = y - (high - x);
      if (low != 0) partials[kept++] = low;
      x = high;
    }
    partials.resize(kept);
    partials.push_back(x);
    if (!std::isfinite(x)) return heap.raise_text(BuiltinType::kOverflowError, "intermediate overflow in fsum");
  }
  if (special != 0) {
    if (std::isnan(infinite)) return heap.raise_text(BuiltinType::kValueError, "-inf + inf in fsum");
    return make_float(heap, special);
  }
  double high = 0, low = 0;
  size_t n = partials.size();
  while (n > 0) {
    const double x = high, y = partials[--n];
    high = x + y;
    low = y - (high - x);
    if (low != 0) break;
  }
  // Half-way cases go by the sign of what is left.
  if (n > 0 && ((low < 0 && partials[n - 1] < 0) || (low > 0 && partials[n - 1] > 0))) {
    const double y = low * 2, x = high + y;
    if (y == x - high) high = x;
  }
  return make_float(heap, high);
}

Result<Ref<Value>> prod(Call& call) {
  Heap& heap = call.heap;
  Ref<Value> result = call.has(1) ? Ref<Value>::share(call[1]) : Ref<Value>::adopt(Value::integer(1));
  Ref<Value> iterator = MINI_TRY(iterate(heap, call[0]));
  for (;;) {
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (item.get().is_unbound()) return result;
    result = MINI_TRY(binary(heap, BinaryOp::kMultiply, result, item));
  }
}

// Floats' parts -------------------------------------------------------------------------------------------------------

Result<Ref<Value>> pair(Heap& heap, Result<Ref<Value>> first, Result<Ref<Value>> second) {
  Ref<Value> left = MINI_TRY(std::move(first));
  Ref<Value> right = MINI_TRY(std::move(second));
  Value items[] = {left.release(), right.release()};
  return widen(make_tuple_from_stack(heap, items, 2));
}
Result<Ref<Value>> modf(Call& call) {
  double whole_part;
  const double fraction = std::modf(MINI_TRY(to_double(call.heap, call[0])), &whole_part);
  return pair(call.heap, make_float(call.heap, fraction), make_float(call.heap, whole_part));
}
Result<Ref<Value>> frexp(Call& call) {
  int exponent = 0;
  const double x = MINI_TRY(to_double(call.heap, call[0]));
  const double mantissa = std::isfinite(x) ? std::frexp(x, &exponent) : x;
  return pair(call.heap, make_float(call.heap, mantissa), make_int(call.heap, exponent));
}
Result<Ref<Value>> ldexp(Call& call) {
  const double x = MINI_TRY(to_double(call.heap, call[0]));
  const int64_t exponent = MINI_TRY(to_clamped_int64(call.heap, call[1]));
  const int bounded = static_cast<int>(std::max<int64_t>(std::min<int64_t>(exponent, 100000), -100000));
  return finish(call.heap, std::ldexp(x, bounded), std::isfinite(x), std::isnan(x), true);
}
Result<Ref<Value>> isfinite(Call& call) {
  return Ref<Value>(static_cast<bool>(std::isfinite(MINI_TRY(to_double(call.heap, call[0])))));
}
Result<Ref<Value>> isinf(Call& call) {
  return Ref<Value>(static_cast<bool>(std::isinf(MINI_TRY(to_double(call.heap, call[0])))));
}
Result<Ref<Value>> isnan(Call& call) {
  return Ref<Value>(static_cast<bool>(std::isnan(MINI_TRY(to_double(call.heap, call[0])))));
}
Result<Ref<Value>> isclose(Call& call) {
  const double a = MINI_TRY(to_double(call.heap, call[0])), b = MINI_TRY(to_double(call.heap, call[1]));
  const double relative = call.has(2) ? MINI_TRY(to_double(call.heap, call[2])) : 1e-9;
  const double absolute_tolerance = call.has(3) ? MINI_TRY(to_double(call.heap, call[3])) : 0.0;
  if (relative < 0 || absolute_tolerance < 0)
    return call.heap.raise_text(BuiltinType::kValueError, "tolerances must be non-negative");
  if (a == b) return unboxed(kTrue);
  if (std::isinf(a) || std::isinf(b)) return unboxed(kFalse);
  const double difference = std::fabs(b - a);
  return Ref<Value>(difference <= std::fabs(relative * b) || difference <= std::fabs(relative * a) ||
                    difference <= absolute_tolerance);
}

/// Zero to a negative power is outside the domain, not an overflow.
double power_of(double x, double y) {
  return x == 0 && y < 0 && std::isfinite(y) ? std::numeric_limits<double>::quiet_NaN() : std::pow(x, y);
}

constexpr NativeDefinition kMathFunctions[] = {
    {"math.sqrt(x, /)", unary_function<std::sqrt>},
    {"math.cbrt(x, /)", unary_function<std::cbrt>},
    {"math.exp(x, /)", unary_function<std::exp, true>},
    {"math.exp2(x, /)", unary_function<std::exp2, true>},
    {"math.expm1(x, /)", unary_function<std::expm1, true>},
    {"math.log1p(x, /)", unary_function<std::log1p>},
    {"math.sin(x, /)", unary_function<std::sin>},
    {"math.cos(x, /)", unary_function<std::cos>},
    {"math.tan(x, /)", unary_function<std::tan>},
    {"math.asin(x, /)", unary_function<std::asin>},
    {"math.acos(x, /)", unary_function<std::acos>},
    {"math.atan(x, /)", unary_function<std::atan>},
    {"math.sinh(x, /)", unary_function<std::sinh, true>},
    {"math.cosh(x, /)", unary_function<std::cosh, true>},
    {"math.tanh(x, /)", unary_function<std::tanh>},
    {"math.asinh(x, /)", unary_function<std::asinh>},
    {"math.acosh(x, /)", unary_function<std::acosh>},
    {"math.atanh(x, /)", unary_function<std::atanh>},
    {"math.erf(x, /)", unary_function<std::erf>},
    {"math.erfc(x, /)", unary_function<std::erfc>},
    {"math.fabs(x, /)", unary_function<std::fabs>},
    {"math.degrees(x, /)", unary_function<degrees, true>},
    {"math.radians(x, /)", unary_function<radians>},
    {"math.pow(x, y, /)", binary_function<power_of>},
    {"math.fmod(x, y, /)", binary_function<std::fmod>},
    {"math.remainder(x, y, /)", binary_function<std::remainder>},
    {"math.atan2(y, x, /)", binary_function<std::atan2>},
    {"math.copysign(x, y, /)", binary_function<std::copysign>},
    {"math.nextafter(x, y, /)", binary_function<std::nextafter>},
    {"math.floor(x, /)", rounded<std::floor, Name::k__floor__>},
    {"math.ceil(x, /)", rounded<std::ceil, Name::k__ceil__>},
    {"math.trunc(x, /)", rounded<std::trunc, Name::k__trunc__>},
    {"math.log(x, base=0, /)", log},
    {"math.log2(x, /)", log2},
    {"math.log10(x, /)", log10},
    {"math.gcd(*integers)", gcd},
    {"math.lcm(*integers)", lcm},
    {"math.factorial(n, /)", factorial},
    {"math.isqrt(n, /)", isqrt},
    {"math.comb(n, k, /)", comb},
    {"math.perm(n, k=None, /)", perm},
    {"math.fsum(seq, /)", fsum},
    {"math.prod(iterable, /, *, start=1)", prod},
    {"math.modf(x, /)", modf},
    {"math.frexp(x, /)", frexp},
    {"math.ldexp(x, i, /)", ldexp},
    {"math.isfinite(x, /)", isfinite},
    {"math.isinf(x, /)", isinf},
    {"math.isnan(x, /)", isnan},
    {"math.isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)", isclose},
};

}  // namespace

Result<void> fill_math(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(add_functions(machine, module, kMathFunctions));
  MINI_TRY(add_special_functions(machine, module));
  const std::pair<const char*, double> constants[] = {{"pi", M_PI},
                                                      {"e", M_E},
                                                      {"tau", 2 * M_PI},
                                                      {"inf", std::numeric_limits<double>::infinity()},
                                                      {"nan", std::numeric_limits<double>::quiet_NaN()}};
  for (const auto& [name, number] : constants) MINI_TRY(add_value(machine, module, name, MINI_TRY(make_float(heap, number))));
  return {};
}

}  // namespace mini::modules
