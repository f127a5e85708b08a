// Builtin functions about numbers and characters.
#include <cmath>

#include "interp/modules/builtins.h"

namespace mini::modules {
namespace {

Result<Ref<Value>> abs_(Call& call) { return absolute(call.heap, call[0]); }
Result<Ref<Value>> divmod_(Call& call) { return divide_modulo(call.heap, call[0], call[1]); }
Result<Ref<Value>> pow_(Call& call) { return power(call.heap, call[0], call[1], call[2]); }
Result<Ref<Value>> round_(Call& call) { return round_number(call.heap, call[0], call[1]); }

Result<Ref<Value>> digits(Call& call, unsigned base, const char* prefix) {
  Ref<Value> index = MINI_TRY(to_index(call.heap, call[0]));
  const base::Integer number = integer_of(index);
  return text(call.heap, (number.is_negative() ? "-" : "") + (prefix + number.abs().to_string(base)));
}
Result<Ref<Value>> bin(Call& call) { return digits(call, 2, "0b"); }
Result<Ref<Value>> hex(Call& call) { return digits(call, 16, "0x"); }
Result<Ref<Value>> oct(Call& call) { return digits(call, 8, "0o"); }

Result<Ref<Value>> chr(Call& call) {
  Ref<Value> index = MINI_TRY(to_index(call.heap, call[0]));
  const base::Integer number = integer_of(index);
  constexpr int64_t kEnd = 0x110000;
  if (number.is_negative() || !number.fits_int64() || number.to_int64() >= kEnd)
    return call.heap.raise_text(BuiltinType::kValueError, "chr() arg not in range(0x110000)");
  return widen(make_character(call.heap, static_cast<char32_t>(number.to_int64())));
}

Result<Ref<Value>> ord(Call& call) {
  size_t length;
  char32_t first = 0;
  if (Str* text = as_str(call.heap, call[0])) {
    length = text->length;
    if (length == 1) first = text->at(0);
  } else if (has_kind(call[0], BuiltinType::kBytes)) {
    auto* bytes = static_cast<Bytes*>(call[0].as_object());
    length = bytes->length;
    if (length == 1) first = bytes->data()[0];
  } else {
    return call.heap.raise(BuiltinType::kTypeError, "ord() expected string of length 1, but {} found",
                           type_name(call.heap, call[0]));
  }
  if (length == 1) return unboxed(Value::integer(first));
  return call.heap.raise(BuiltinType::kTypeError, "ord() expected a character, but string of length {} found", length);
}

/// Neumaier's compensated summation, as sum() does it since 3.12 (3.13 Python/bltinmodule.c, cs_add).
struct FloatSum {
  double high, low = 0;
  void add(double x) {
    const double t = high + x;
    low += std::fabs(high) >= std::fabs(x) ? (high - t) + x : (x - t) + high;
    high = t;
  }
  double value() const { return low != 0 && std::isfinite(low) ? high + low : high; }
};

Result<Ref<Value>> sum(Call& call) {
  Heap& heap = call.heap;
  Ref<Value> iterator = MINI_TRY(iterate(heap, call[0]));
  Ref<Value> total = call.has(1) ? Ref<Value>::share(call[1]) : Ref<Value>::adopt(Value::integer(0));
  if (as_str(heap, total))
    return heap.raise_text(BuiltinType::kTypeError, "sum() can't sum strings [use ''.join(seq) instead]");
  if (has_kind(total, BuiltinType::kBytes))
    return heap.raise_text(BuiltinType::kTypeError, "sum() can't sum bytes [use b''.join(seq) instead]");
  for (;;) {
    if (heap.type_of(total) == heap.type(BuiltinType::kFloat)) {
      FloatSum floats{float_of(total)};
      Ref<Value> item;
      for (;;) {
        item = MINI_TRY(next(heap, iterator));
        if (item.get().is_unbound()) break;
        int64_t small;
        if (heap.type_of(item) == heap.type(BuiltinType::kFloat)) {
          floats.add(float_of(item));
        } else if (small_int(item, small)) {
          floats.high += static_cast<double>(small);
        } else {
          break;
        }
      }
      total = MINI_TRY(make_float(heap, floats.value()));
      if (item.get().is_unbound()) return total;
      total = MINI_TRY(binary(heap, BinaryOp::kAdd, total, item));
      if (heap.type_of(total) == heap.type(BuiltinType::kFloat)) continue;
    }
    Ref<Value> item = MINI_TRY(next(heap, iterator));
    if (const Value so_far = total; so_far.is_int()) {
      int64_t sum = so_far.as_int();  // of two numbers that fit a Value: it fits
      for (; item.get().is_int(); item = MINI_TRY(next(heap, iterator))) {
        sum += item.get().as_int();
        if (sum > Value::kMaxInt || sum < Value::kMinInt) break;
      }
      total = MINI_TRY(make_int(heap, sum));
      if (item.get().is_int()) continue;
    }
    if (item.get().is_unbound()) return total;
    total = MINI_TRY(binary(heap, BinaryOp::kAdd, total, item));
  }
}

constexpr NativeDefinition kBuiltinsNumbersDefinitions[] = {
    {"abs(x, /)", abs_},
    {"divmod(x, y, /)", divmod_},
    {"pow(base, exp, mod=None)", pow_},
    {"round(number, ndigits=None)", round_},
    {"bin(number, /)", bin},
    {"hex(number, /)", hex},
    {"oct(number, /)", oct},
    {"chr(i, /)", chr},
    {"ord(c, /)", ord},
    {"sum(iterable, /, start=0)", sum},
};

}  // namespace

const std::span<const NativeDefinition> kNumberFunctions = kBuiltinsNumbersDefinitions;

}  // namespace mini::modules
