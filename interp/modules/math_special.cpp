// The parts of `math` that need more than C's functions to give CPython's digits: the gamma function, distances, and sums of
// products, which CPython rounds once.
#include <cmath>
#include <numbers>

#include "interp/modules/math.h"
#include "interp/modules/support.h"

namespace mini::modules {
namespace {

// The gamma function --------------------------------------------------------------------------------------------------

// Lanczos's approximation with the constants of Boost.Math (lanczos13m53), which CPython uses too: gamma(x) is
// sum(x) * (x + g - 0.5)**(x - 0.5) / exp(x + g - 0.5).
constexpr double kLanczosG = 6.024680040776729583740234375;
constexpr double kNumerator[] = {23531376880.410759688572007674451636754734846804940,
                                 42919803642.649098768957899047001988850926355848959,
                                 35711959237.355668049440185451547166705960488635843,
                                 17921034426.037209699919755754458931112671403265390,
                                 6039542586.3520280050642916443072979210699388420708,
                                 1439720407.3117216736632230727949123939715485786372,
                                 248874557.86205415651146038641322942321632125127801,
                                 31426415.585400194380614231628318205362874684987640,
                                 2876370.6289353724412254090516208496135991145378768,
                                 186056.26539522349504029498971604569928220784236328,
                                 8071.6720023658162106380029022722506138218516325024,
                                 210.82427775157934587250973392071336271166969580291,
                                 2.5066282746310002701649081771338373386264310793408};
constexpr double kDenominator[] = {0.0,       39916800.0, 120543840.0, 150917976.0, 105258076.0, 45995730.0, 13339535.0,
                                   2637558.0, 357423.0,   32670.0,     1925.0,      66.0,        1.0};

/// A quotient of two polynomials, evaluated in x or, for large x, in 1/x.
double lanczos_sum(double x) {
  double numerator = 0, denominator = 0;
  const size_t count = std::size(kNumerator);
  for (size_t i = 0; i < count; ++i) {
    if (x < 5) {
      numerator = numerator * x + kNumerator[count - 1 - i];
      denominator = denominator * x + kDenominator[count - 1 - i];
    } else {
      numerator = numerator / x + kNumerator[i];
      denominator = denominator / x + kDenominator[i];
    }
  }
  return numerator / denominator;
}

/// sin(pi * x), exact where x is a multiple of a half.
double sine_of_pi(double x) {
  const double y = std::fmod(std::fabs(x), 2.0);
  double result = 0;
  switch (static_cast<int>(std::round(2.0 * y))) {
    case 0: result = std::sin(std::numbers::pi * y); break;
    case 1: result = std::cos(std::numbers::pi * (y - 0.5)); break;
    case 2: result = std::sin(std::numbers::pi * (1.0 - y)); break;
    case 3: result = -std::cos(std::numbers::pi * (y - 1.5)); break;
    default: result = std::sin(std::numbers::pi * (y - 2.0)); break;
  }
  return std::copysign(1.0, x) * result;
}

/// For finite x that is no integer, or a positive one.
double gamma_of(double x) {
  const double size = std::fabs(x);
  if (size < 1e-20) return 1.0 / x;
  if (x == std::floor(x) && x <= 23) {  // exact
    double product = 1;
    for (double factor = 2; factor < x; ++factor) product *= factor;
    return product;
  }
  if (size > 200) return x < 0 ? 0.0 / sine_of_pi(x) : std::numeric_limits<double>::infinity();
  const double y = size + (kLanczosG - 0.5);  // one rounding
  // What y lost to rounding, times the derivative.
  double lost;
  if (size > kLanczosG - 0.5) {
    const volatile double sum = y - size;
    lost = sum - (kLanczosG - 0.5);
  } else {
    const volatile double sum = y - (kLanczosG - 0.5);
    lost = sum - size;
  }
  lost = lost * kLanczosG / y;
  const bool in_halves = size >= 140;  // or the power would overflow
  const double power = in_halves ? std::pow(y, size / 2 - 0.25) : std::pow(y, size - 0.5);
  double result;
  if (x < 0) {
    result = -std::numbers::pi / sine_of_pi(size) / size * std::exp(y) / lanczos_sum(size);
    result -= lost * result;
    result /= power;
    if (in_halves) result /= power;
  } else {
    result = lanczos_sum(size) / std::exp(y);
    result += lost * result;
    result *= power;
    if (in_halves) result *= power;
  }
  return result;
}

double log_gamma_of(double x) {
  const double size = std::fabs(x);
  if (x == 1 || x == 2) return 0;
  if (size < 1e-20) return -std::log(size);
  double result = std::log(lanczos_sum(size)) - kLanczosG;
  result += (size - 0.5) * (std::log(size + kLanczosG - 0.5) - 1);
  if (x < 0) result = std::log(std::numbers::pi) - std::log(std::fabs(sine_of_pi(size))) - std::log(size) - result;
  return result;
}

Result<Ref<Value>> gamma(Call& call) {
  const double x = MINI_TRY(to_double(call.heap, call[0]));
  if (std::isnan(x) || x == std::numeric_limits<double>::infinity()) return make_float(call.heap, x);
  if (std::isinf(x) || (x <= 0 && x == std::floor(x))) return raise_domain(call.heap);
  const double result = gamma_of(x);
  return std::isinf(result) ? Result<Ref<Value>>(raise_range(call.heap)) : make_float(call.heap, result);
}
Result<Ref<Value>> lgamma(Call& call) {
  const double x = MINI_TRY(to_double(call.heap, call[0]));
  if (!std::isfinite(x)) return make_float(call.heap, std::fabs(x));
  if (x <= 0 && x == std::floor(x)) return raise_domain(call.heap);
  const double result = log_gamma_of(x);
  return std::isinf(result) ? Result<Ref<Value>>(raise_range(call.heap)) : make_float(call.heap, result);
}

// Sums rounded once ---------------------------------------------------------------------------------------------------

/// A number as the unevaluated sum of two doubles, the second one below half a unit in the last place of the first.
struct Pair {
  double high = 0, low = 0;

  /// The exact sum of two doubles.
  static Pair sum(double a, double b) {
    const double high = a + b, part = high - a;
    return {high, (a - (high - part)) + (b - part)};
  }
  static Pair product(double a, double b) {
    const double high = a * b;
    return {high, std::fma(a, b, -high)};
  }
  Pair operator+(const Pair& other) const {
    const Pair highs = sum(high, other.high), lows = sum(low, other.low);
    const Pair first = sum(highs.high, highs.low + lows.high);
    return sum(first.high, first.low + lows.low);
  }
};

/// The length of a vector: squares of numbers scaled by a power of two, summed with what each addition lost, and a square
/// root corrected by its own remainder.
double length_of(std::vector<double>& sides) {
  double largest = 0;
  bool has_nan = false;
  for (double& side : sides) {
    side = std::fabs(side);
    has_nan |= std::isnan(side);
    if (side > largest) largest = side;
  }
  if (std::isinf(largest)) return largest;
  if (has_nan) return std::numeric_limits<double>::quiet_NaN();
  if (largest == 0 || sides.size() == 1) return largest;
  int exponent = 0;
  std::frexp(largest, &exponent);
  Pair total;
  for (double side : sides) {
    const double scaled = std::ldexp(side, -exponent);
    total = total + Pair::product(scaled, scaled);
  }
  const double root = std::sqrt(total.high);
  const Pair square = Pair::product(root, root);
  const double rest = ((total.high - square.high) - square.low) + total.low;
  return std::ldexp(root + rest / (2 * root), exponent);
}

Result<std::vector<double>> doubles(Heap& heap, Value sequence) {
  Ref<List> items = MINI_TRY(list_from(heap, sequence));
  std::vector<double> numbers;
  for (uint64_t i = 0; i < items->length; ++i) numbers.push_back(MINI_TRY(to_double(heap, items->items[i])));
  return numbers;
}

Result<Ref<Value>> hypot(Call& call) {
  std::vector<double> sides;
  for (uint32_t i = 0; i < call.count; ++i) sides.push_back(MINI_TRY(to_double(call.heap, call[i])));
  return make_float(call.heap, length_of(sides));
}

Result<Ref<Value>> dist(Call& call) {
  const std::vector<double> p = MINI_TRY(doubles(call.heap, call[0])), q = MINI_TRY(doubles(call.heap, call[1]));
  if (p.size() != q.size())
    return call.heap.raise_text(BuiltinType::kValueError, "both points must have the same number of dimensions");
  std::vector<double> sides;
  for (size_t i = 0; i < p.size(); ++i) sides.push_back(p[i] - q[i]);
  return make_float(call.heap, length_of(sides));
}

/// p[0]*q[0] + p[1]*q[1] + ... Of ints and floats, with at least one float, the sum is rounded once; of anything else it is
/// what the operators make of it.
Result<Ref<Value>> sumprod(Call& call) {
  Heap& heap = call.heap;
  Ref<List> p = MINI_TRY(list_from(heap, call[0])), q = MINI_TRY(list_from(heap, call[1]));
  if (p->length != q->length) return heap.raise_text(BuiltinType::kValueError, "Inputs are not the same length");
  bool floats = false, numbers = true;
  for (List* list : {p.get(), q.get()}) {
    for (uint64_t i = 0; i < list->length; ++i) {
      floats |= is_any_float(list->items[i]);
      numbers &= is_any_float(list->items[i]) || is_any_int(list->items[i]);
    }
  }
  if (floats && numbers) {
    Pair total;
    bool finite = true;
    double plain = 0;
    for (uint64_t i = 0; i < p->length; ++i) {
      const double x = MINI_TRY(to_double(heap, p->items[i])), y = MINI_TRY(to_double(heap, q->items[i]));
      plain += x * y;
      finite &= std::isfinite(x * y);
      total = total + Pair::product(x, y);
    }
    return make_float(heap, finite ? total.high : plain);
  }
  Ref<Value> total = Ref<Value>::adopt(Value::integer(0));
  for (uint64_t i = 0; i < p->length && i < q->length; ++i) {
    Ref<Value> product = MINI_TRY(binary(heap, BinaryOp::kMultiply, p->items[i], q->items[i]));
    total = MINI_TRY(binary(heap, BinaryOp::kAdd, total, product));
  }
  return total;
}

Result<Ref<Value>> fma(Call& call) {
  double numbers[3];
  for (uint32_t i = 0; i < 3; ++i) numbers[i] = MINI_TRY(to_double(call.heap, call[i]));
  const auto [x, y, z] = numbers;
  const double result = std::fma(x, y, z);
  if (std::isnan(result) && !std::isnan(x) && !std::isnan(y) && !std::isnan(z))
    return call.heap.raise_text(BuiltinType::kValueError, "invalid operation in fma");
  if (std::isinf(result) && std::isfinite(x) && std::isfinite(y) && std::isfinite(z))
    return call.heap.raise_text(BuiltinType::kOverflowError, "overflow in fma");
  return make_float(call.heap, result);
}

Result<Ref<Value>> ulp(Call& call) {
  const double x = std::fabs(MINI_TRY(to_double(call.heap, call[0])));
  if (!std::isfinite(x)) return make_float(call.heap, x);
  const double infinity = std::numeric_limits<double>::infinity();
  const double above = std::nextafter(x, infinity);
  return make_float(call.heap, std::isinf(above) ? x - std::nextafter(x, 0.0) : above - x);
}

constexpr NativeDefinition kMathSpecialFunctions[] = {
    {"math.gamma(x, /)", gamma},
    {"math.lgamma(x, /)", lgamma},
    {"math.hypot(*coordinates)", hypot},
    {"math.dist(p, q, /)", dist},
    {"math.sumprod(p, q, /)", sumprod},
    {"math.fma(x, y, z, /)", fma},
    {"math.ulp(x, /)", ulp},
};

}  // namespace

Result<void> add_special_functions(Machine& machine, Module* module) {
  return add_functions(machine, module, kMathSpecialFunctions);
}

}  // namespace mini::modules
