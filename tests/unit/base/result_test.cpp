// Result: values, the raised state, and leaving a function with it.
#include "runtime/base/result.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace mini::base {

/// As a value handle does: the error is one of its own bit patterns.
struct Handle {
  uint64_t bits;
};
template <>
struct ResultTraits<Handle> {
  static constexpr Handle raised_state() { return {~uint64_t{0}}; }
  static constexpr bool is_raised(const Handle& handle) { return handle.bits == ~uint64_t{0}; }
};

namespace {

static_assert(sizeof(Result<Handle>) == sizeof(Handle));
static_assert(std::is_trivially_copyable_v<Result<Handle>>);
static_assert(std::is_trivially_copyable_v<Result<int*>>);
static_assert(!std::is_constructible_v<Result<std::unique_ptr<int>>, const Result<std::unique_ptr<int>>&>);
static_assert(!std::is_convertible_v<Result<int>, bool>);

Result<int> half(int number) {
  if (number % 2) return raised;
  return number / 2;
}
Result<Handle> handle_of(int number) {
  return Handle{static_cast<uint64_t>(MINI_TRY(half(number)))};
}
Result<std::unique_ptr<int>> owned(int number) {
  return std::make_unique<int>(MINI_TRY(half(number)));
}
Result<void> check(int number, std::vector<int>& passed) {
  MINI_TRY(half(number));
  passed.push_back(number);
  return {};
}
Result<std::string> all(int number, std::vector<int>& passed) {
  MINI_TRY(check(number, passed));
  std::unique_ptr<int> value = MINI_TRY(owned(MINI_TRY(half(number))));
  return std::to_string(*value);
}

}  // namespace

TEST_CASE("result: holds a value or the raised state, with and without a spare state") {
  CHECK(half(6).value() == 3);
  CHECK(*half(6) == 3);
  CHECK_FALSE(half(7).ok());
  CHECK_FALSE(half(7));
  CHECK(handle_of(6).take().bits == 3);
  CHECK_FALSE(handle_of(7));
  CHECK(*owned(6).take() == 3);
  CHECK_FALSE(owned(7));
  int number = 5;
  Result<int*> pointer = &number;
  CHECK(**pointer == 5);
  Result<int*> null = nullptr;
  CHECK(null.ok());
  Result<std::string> text = "text";
  CHECK(text->size() == 4);
}

TEST_CASE("result: MINI_TRY yields the value or leaves with the exception, nested and for void") {
  std::vector<int> passed;
  CHECK(*all(8, passed) == "2");
  CHECK(passed == std::vector{8});
  CHECK_FALSE(all(3, passed));
  CHECK(passed.size() == 1);
  CHECK_FALSE(all(6, passed));  // 3 is odd: raised by the inner one
  CHECK(passed.size() == 2);
}

TEST_CASE("result: taking moves the value out") {
  Result<std::vector<int>> result = std::vector<int>(1000);
  const int* data = result->data();
  const std::vector<int> taken = result.take();
  CHECK(taken.data() == data);
}

}  // namespace mini::base
