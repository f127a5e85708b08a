// Equal numbers have one form, hash alike across types, and compare exactly.
#include <cmath>
#include <limits>

#include "runtime/base/number.h"
#include "runtime/object/number.h"
#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

Ref<Value> compute(World& world, BinaryOp op, Value left, Value right) {
  return binary(world.heap(), op, left, right).value();
}

/// Powers of two and their neighbours, around every border between the forms.
std::vector<mini::base::Integer> edges() {
  std::vector<mini::base::Integer> result;
  for (uint64_t bits : {0, 1, 31, 32, 53, 60, 61, 62, 63, 64, 65, 128}) {
    const mini::base::Integer power = *mini::base::Integer(1).shift_left(bits);
    for (int64_t offset : {-1, 0, 1}) {
      result.push_back(power + mini::base::Integer(offset));
      result.push_back(-(power + mini::base::Integer(offset)));
    }
  }
  return result;
}

}  // namespace

TEST_CASE("an int is unboxed exactly if it fits, whatever computed it") {
  World world;
  for (const auto& a : edges()) {
    for (const auto& b : edges()) {
      Ref<Value> left = make_int(world.heap(), a).value(), right = make_int(world.heap(), b).value();
      for (auto op : {BinaryOp::kAdd, BinaryOp::kSubtract, BinaryOp::kMultiply, BinaryOp::kAnd, BinaryOp::kXor}) {
        Ref<Value> result = compute(world, op, left, right);
        const mini::base::Integer number = integer_of(result);
        const bool fits = number.fits_int64() && Value::fits_int(number.to_int64());
        CHECK(result.get().is_int() == fits);
        const mini::base::Integer expected = op == BinaryOp::kAdd        ? a + b
                                             : op == BinaryOp::kSubtract ? a - b
                                             : op == BinaryOp::kMultiply ? a * b
                                             : op == BinaryOp::kAnd      ? a & b
                                                                         : a ^ b;
        CHECK(number == expected);
      }
    }
  }
}

TEST_CASE("a float is unboxed exactly if a word can hold it") {
  World world;
  for (double number : {0.0, -0.0, 1.0, 1e300, -1e-300, 5e-324, HUGE_VAL, 0x1p-255, 0x1p-256, 0x1.fp256, 0x1p257}) {
    Ref<Value> value = make_float(world.heap(), number).value();
    CHECK(value.get().is_float() == Value::maybe_float(number).is_float());
    CHECK(float_of(value) == number);
    CHECK(std::signbit(float_of(value)) == std::signbit(number));
  }
  Ref<Value> nan = make_float(world.heap(), std::nan("")).value();
  CHECK(std::isnan(float_of(nan)));
}

TEST_CASE("equal numbers of different types hash alike and compare exactly") {
  World world;
  Heap& heap = world.heap();
  for (const auto& edge : edges()) {
    Ref<Value> integer = make_int(heap, edge).value();
    Ref<Value> floating = make_float(heap, edge.to_double().value()).value();
    const bool exact = mini::base::Integer::from_double(float_of(floating)) == edge;
    CHECK(equal(heap, integer, floating).value() == exact);
    CHECK(equal(heap, floating, integer).value() == exact);
    if (exact) CHECK(hash(heap, integer).value() == hash(heap, floating).value());
    const bool less_than = mini::base::Integer::from_double(float_of(floating)) < edge;
    CHECK(less(heap, floating, integer).value() == less_than);
    CHECK(compare(heap, CompareOp::kGreater, integer, floating).value().get() == Value::boolean(less_than));
  }
  CHECK(hash(heap, kTrue).value() == 1);
  CHECK(hash(heap, Value::integer(-1)).value() == -2);
}

TEST_CASE("what would not fit into memory is a MemoryError before it is computed") {
  World world(8 << 20);
  CHECK(world.outcome(binary(world.heap(), BinaryOp::kLeftShift, Value::integer(1), Value::integer(1'000'000'000))) ==
        "MemoryError");
  CHECK(world.outcome(binary(world.heap(), BinaryOp::kPower, Value::integer(3), Value::integer(1'000'000'000))) ==
        "MemoryError");
  CHECK(world.outcome(binary(world.heap(), BinaryOp::kMultiply, Value(world.text("abc")),
                             Value::integer(1'000'000'000))) == "MemoryError");
}
