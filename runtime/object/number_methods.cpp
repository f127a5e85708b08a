// int(), bool(), float(), and the methods of numbers.
#include <algorithm>
#include <cmath>

#include "runtime/base/number.h"
#include "runtime/object/format.h"
#include "runtime/object/number.h"
#include "runtime/object/number_text.h"
#include "runtime/object/operations.h"

namespace mini::object {

namespace {

using base::Integer;

Type* type_argument(Call& call) {
  return static_cast<Type*>(call.args[0].as_object());
}

// ---- constructors

/// The int as an instance of `type`, which may be derived from int.
Result<Ref<Value>> int_of_type(Heap& heap, Type* type, Ref<Value> number) {
  if (type == heap.type(BuiltinType::kInt) && heap.type_of(number) == type) return number;
  if (type == heap.type(BuiltinType::kInt)) return make_int(heap, integer_of(number));
  return make_int_of_type(heap, type, integer_of(number));
}

/// int(value) of anything but text.
Result<Ref<Value>> truncate(Heap& heap, Value value) {
  if (Value method = script_method(heap, heap.type_of(value), Name::k__int__); !method.is_unbound()) {
    Ref<Value> answer = MINI_TRY(call_special(heap, method, value));
    if (is_any_int(answer)) return answer;
    return heap.raise(BuiltinType::kTypeError, "__int__ returned non-int (type {})", type_name(heap, answer));
  }
  if (is_any_int(value)) return Ref<Value>::share(value);
  if (is_any_float(value)) return float_to_int(heap, float_of(value));
  if (is_index(heap, value)) return to_index(heap, value);
  return heap.raise(BuiltinType::kTypeError,
                    "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                    type_name(heap, value));
}

Result<Ref<Value>> int_new(Call& call) {
  Heap& heap = call.heap;
  Type* type = type_argument(call);
  bool has_base = call.has(2);
  if (!call.has(1)) {
    if (has_base) return heap.raise(BuiltinType::kTypeError, "int() missing string argument");
    return int_of_type(heap, type, unboxed(Value::integer(0)));
  }
  Value value = call[1];
  bool text = as_str(heap, value) || has_kind(value, BuiltinType::kBytes);
  if (!text) {
    if (has_base)
      return heap.raise(BuiltinType::kTypeError, "int() can't convert non-string with explicit base");
    return int_of_type(heap, type, MINI_TRY(truncate(heap, value)));
  }
  int64_t base = has_base ? MINI_TRY(to_clamped_int64(heap, call[2])) : 10;
  if (base != 0 && (base < 2 || base > 36)) {
    return heap.raise(BuiltinType::kValueError, "int() base must be >= 2 and <= 36, or 0");
  }
  return int_of_type(heap, type, MINI_TRY(parse_int(heap, value, static_cast<unsigned>(base))));
}
constexpr NativeDefinition kIntNew = {"int.__new__(type, x=0, /, base=10)", int_new};

Result<Ref<Value>> bool_new(Call& call) {
  return Ref<Value>(call.has(1) && MINI_TRY(truth(call.heap, call[1])));
}
constexpr NativeDefinition kBoolNew = {"bool.__new__(type, object=False, /)", bool_new};

Result<Ref<Value>> float_new(Call& call) {
  Heap& heap = call.heap;
  double number = 0;
  if (call.has(1)) {
    Value value = call[1];
    if (as_str(heap, value) || has_kind(value, BuiltinType::kBytes)) {
      number = MINI_TRY(parse_float(heap, value));
    } else if (Value method = script_method(heap, heap.type_of(value), Name::k__float__); !method.is_unbound()) {
      number = MINI_TRY(call_float_method(heap, value, method));
    } else if (is_any_int(value) || is_any_float(value) || is_index(heap, value)) {
      number = MINI_TRY(to_double(heap, value));
    } else {
      return heap.raise(BuiltinType::kTypeError,
                        "float() argument must be a string or a real number, not '{}'",
                        type_name(heap, value));
    }
  }
  Type* type = type_argument(call);
  if (type == heap.type(BuiltinType::kFloat)) return make_float(heap, number);
  Ref<BigFloat> result = MINI_TRY(heap.create<BigFloat>(type));
  result->number = number;
  return Ref<Value>(std::move(result));
}
constexpr NativeDefinition kFloatNew = {"float.__new__(type, x=0, /)", float_new};

// ---- int methods

Result<Ref<Value>> plain_int(Heap& heap, Value self) {
  int64_t small = 0;
  return small_int(self, small) ? make_int(heap, small) : make_int(heap, integer_of(self));
}
Result<Ref<Value>> plain_float(Heap& heap, Value self) {
  return make_float(heap, float_of(self));
}

Result<Ref<Value>> plain(Call& call) { return plain_number(call.heap, call[0]); }
Result<Ref<Value>> bit_length(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(integer_of(call[0]).bit_length()));
}
Result<Ref<Value>> bit_count(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(integer_of(call[0]).bit_count()));
}
Result<Ref<Value>> int_is_integer(Call&) {
  return Ref<Value>(true);
}

Result<Ref<Value>> pair(Heap& heap, Result<Ref<Value>> first, Result<Ref<Value>> second) {
  Ref<Value> a = MINI_TRY(std::move(first));
  Ref<Value> b = MINI_TRY(std::move(second));
  Value items[] = {a, b};
  return widen(make_tuple(heap, items, 2));
}

Result<Ref<Value>> int_ratio(Call& call) {
  return pair(call.heap, plain_int(call.heap, call[0]), unboxed(Value::integer(1)));
}

/// "little" or "big"; true for little.
Result<bool> little_endian(Heap& heap, Value order) {
  if (order.is_unbound()) return false;
  const Str* text = as_str(heap, order);
  if (!text) {
    return heap.raise(BuiltinType::kTypeError, "to_bytes() argument 'byteorder' must be str, not {}",
                      type_name(heap, order));
  }
  if (equal(text, "little")) return true;
  if (equal(text, "big")) return false;
  return heap.raise(BuiltinType::kValueError, "byteorder must be either 'little' or 'big'");
}

Result<Ref<Value>> to_bytes(Call& call) {
  Heap& heap = call.heap;
  int64_t length = call.has(1) ? MINI_TRY(to_int64(heap, call[1], "index")) : 1;
  bool little = MINI_TRY(little_endian(heap, call[2]));
  bool is_signed = call.has(3) && MINI_TRY(truth(heap, call[3]));
  if (length < 0) return heap.raise(BuiltinType::kValueError, "length argument must be non-negative");
  Integer number = integer_of(call[0]);
  if (number.is_negative() && !is_signed) {
    return heap.raise(BuiltinType::kOverflowError, "can't convert negative int to unsigned");
  }
  // Two's complement: the bits of -n are those of ~(n - 1).
  Integer magnitude = number.is_negative() ? ~number : number;
  if (magnitude.bit_length() + is_signed > static_cast<size_t>(length) * 8 &&
      !(length == 0 && number.is_zero())) {
    return heap.raise(BuiltinType::kOverflowError, "int too big to convert");
  }
  std::vector<uint32_t> limbs(magnitude.limb_count());
  magnitude.to_limbs(limbs);
  std::vector<uint8_t> bytes(static_cast<size_t>(length), number.is_negative() ? 0xff : 0);
  for (size_t i = 0; i < bytes.size() && i / 4 < limbs.size(); ++i) {
    bytes[i] ^= static_cast<uint8_t>(limbs[i / 4] >> (i % 4 * 8));
  }
  if (!little) std::reverse(bytes.begin(), bytes.end());
  return widen(make_bytes(heap, bytes.data(), bytes.size()));
}

Result<Ref<Value>> from_bytes(Call& call) {
  Heap& heap = call.heap;
  bool little = MINI_TRY(little_endian(heap, call[2]));
  bool is_signed = call.has(3) && MINI_TRY(truth(heap, call[3]));
  Ref<Bytes> source = MINI_TRY(bytes_from(heap, call[1]));
  std::vector<uint8_t> bytes(source->data(), source->data() + source->length);
  if (!little) std::reverse(bytes.begin(), bytes.end());
  bool negative = is_signed && !bytes.empty() && bytes.back() & 0x80;
  std::vector<uint32_t> limbs(bytes.size() / 4 + 1);
  for (size_t i = 0; i < bytes.size(); ++i) {
    uint8_t byte = negative ? static_cast<uint8_t>(~bytes[i]) : bytes[i];
    limbs[i / 4] |= uint32_t{byte} << (i % 4 * 8);
  }
  Integer number = Integer::from_limbs(limbs, false);
  return int_of_type(heap, type_argument(call), MINI_TRY(make_int(heap, negative ? ~number : number)));
}

// ---- float methods

Result<Ref<Value>> float_is_integer(Call& call) {
  double number = float_of(call[0]);
  return Ref<Value>(std::isfinite(number) && std::floor(number) == number);
}

Result<Ref<Value>> float_ratio(Call& call) {
  double number = float_of(call[0]);
  if (std::isinf(number)) {
    return call.heap.raise(BuiltinType::kOverflowError, "cannot convert Infinity to integer ratio");
  }
  if (std::isnan(number)) {
    return call.heap.raise(BuiltinType::kValueError, "cannot convert NaN to integer ratio");
  }
  base::IntegerRatio ratio = base::float_as_integer_ratio(number);
  return pair(call.heap, make_int(call.heap, ratio.numerator), make_int(call.heap, ratio.denominator));
}

Result<Ref<Value>> float_hex(Call& call) {
  return widen(make_str(call.heap, hex_text(float_of(call[0]))));
}

Result<Ref<Value>> float_from_hex(Call& call) {
  Heap& heap = call.heap;
  const Str* text = as_str(heap, call[1]);
  if (!text) {
    return heap.raise(BuiltinType::kTypeError, "fromhex() argument must be str, not {}",
                      type_name(heap, call[1]));
  }
  return make_float(heap, MINI_TRY(parse_hex_float(heap, to_utf8(text))));
}

Result<Ref<Value>> round_method(Call& call) {
  Ref<Value> number = MINI_TRY(plain_number(call.heap, call[0]));
  return round_number(call.heap, number, call[1]);
}
Result<Ref<Value>> absolute_method(Call& call) {
  Ref<Value> number = MINI_TRY(plain_number(call.heap, call[0]));
  return absolute(call.heap, number);
}

Result<Ref<Value>> to_integer(Call& call) {
  return float_to_int(call.heap, float_of(call[0]));
}
Result<Ref<Value>> to_floating(Call& call) {
  Ref<Value> number = MINI_TRY(plain_int(call.heap, call[0]));
  return make_float(call.heap, MINI_TRY(to_double(call.heap, number)));
}
Result<Ref<Value>> towards(Call& call, double (*rounding)(double)) {
  if (is_any_int(call[0])) return plain_int(call.heap, call[0]);
  return float_to_int(call.heap, rounding(float_of(call[0])));
}
Result<Ref<Value>> floor_method(Call& call) {
  return towards(call, std::floor);
}
Result<Ref<Value>> ceil_method(Call& call) {
  return towards(call, std::ceil);
}

constexpr NativeDefinition kIntMethods[] = {
    {"int.__format__(self, format_spec, /)", format_in_its_own_way},
    {"int.as_integer_ratio(self, /)", int_ratio},
    {"int.bit_count(self, /)", bit_count},
    {"int.bit_length(self, /)", bit_length},
    {"int.conjugate(self, /)", plain},
    {"int.is_integer(self, /)", int_is_integer},
    {"int.to_bytes(self, /, length=1, byteorder='big', *, signed=False)", to_bytes},
    {"int.__round__(self, ndigits=None, /)", round_method},
    {"int.__abs__(self, /)", absolute_method},
    {"int.__index__(self, /)", plain},
    {"int.__int__(self, /)", plain},
    {"int.__float__(self, /)", to_floating},
    {"int.__trunc__(self, /)", plain},
    {"int.__floor__(self, /)", plain},
    {"int.__ceil__(self, /)", plain},
};
constexpr NativeDefinition kFromBytes[] = {
    {"int.from_bytes(type, /, bytes, byteorder='big', *, signed=False)", from_bytes},
};
constexpr NativeDefinition kFloatMethods[] = {
    {"float.__format__(self, format_spec, /)", format_in_its_own_way},
    {"float.as_integer_ratio(self, /)", float_ratio},
    {"float.conjugate(self, /)", plain},
    {"float.hex(self, /)", float_hex},
    {"float.is_integer(self, /)", float_is_integer},
    {"float.__round__(self, ndigits=None, /)", round_method},
    {"float.__abs__(self, /)", absolute_method},
    {"float.__int__(self, /)", to_integer},
    {"float.__float__(self, /)", plain},
    {"float.__trunc__(self, /)", to_integer},
    {"float.__floor__(self, /)", floor_method},
    {"float.__ceil__(self, /)", ceil_method},
};
constexpr NativeDefinition kFromHex[] = {{"float.fromhex(type, string, /)", float_from_hex}};

Result<Ref<Value>> zero_int(Heap&, Value) {
  return unboxed(Value::integer(0));
}
Result<Ref<Value>> one_int(Heap&, Value) {
  return unboxed(Value::integer(1));
}
Result<Ref<Value>> zero_float(Heap& heap, Value) {
  return make_float(heap, 0.0);
}

}  // namespace

Result<Ref<Value>> plain_number(Heap& heap, Value number) {
  return is_any_int(number) ? plain_int(heap, number) : plain_float(heap, number);
}

void define_number_constructors(Heap& heap) {
  heap.type(BuiltinType::kInt)->construct = &kIntNew;
  heap.type(BuiltinType::kBool)->construct = &kBoolNew;
  heap.type(BuiltinType::kFloat)->construct = &kFloatNew;
}

Result<void> define_number_methods(Heap& heap) {
  Type* integer = heap.type(BuiltinType::kInt);
  MINI_TRY(add_methods(heap, integer, kIntMethods, std::size(kIntMethods)));
  MINI_TRY(add_methods(heap, integer, kFromBytes, 1, MethodDescriptor::kClassMethod));
  MINI_TRY(add_getset(heap, integer, "real", plain_int));
  MINI_TRY(add_getset(heap, integer, "imag", zero_int));
  MINI_TRY(add_getset(heap, integer, "numerator", plain_int));
  MINI_TRY(add_getset(heap, integer, "denominator", one_int));
  Type* floating = heap.type(BuiltinType::kFloat);
  MINI_TRY(add_methods(heap, floating, kFloatMethods, std::size(kFloatMethods)));
  MINI_TRY(add_methods(heap, floating, kFromHex, 1, MethodDescriptor::kClassMethod));
  MINI_TRY(add_getset(heap, floating, "real", plain_float));
  return add_getset(heap, floating, "imag", zero_float);
}

}  // namespace mini::object
