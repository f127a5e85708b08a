// How a script exception travels through C++: as a value that cannot be dropped silently. The exception
// object itself is kept by the object layer; a Result only says that there is one.
#pragma once

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/base/assert.h"

namespace mini::base {

/// The "an exception is set" state of every Result: `return raised;`.
struct Raised {
  explicit constexpr Raised() = default;
};
inline constexpr Raised raised{};

/// Specialise this for a type that can represent "no value" inside itself, so that its Result needs no extra
/// flag:
///   static constexpr T raised_state();             makes the spare state
///   static constexpr bool is_raised(const T&);     recognises it
/// The spare state must be trivial to destroy and must never be a legitimate value.
template <class T>
struct ResultTraits {};

template <class T>
concept HasRaisedState = requires(const T& value) {
  { ResultTraits<T>::raised_state() } -> std::convertible_to<T>;
  { ResultTraits<T>::is_raised(value) } -> std::same_as<bool>;
};

/// Either a T or "a script exception is set". T may be void, move-only, or a pointer (also for what would be
/// a reference); references themselves are not allowed.
template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T>, "return a pointer");

 public:
  using value_type = T;

  constexpr Result(Raised) : value_(empty()) {}

  template <class U = T>
  requires(!std::same_as<std::remove_cvref_t<U>, Result> && !std::same_as<std::remove_cvref_t<U>, Raised> &&
           std::constructible_from<T, U&&>) constexpr explicit(!std::convertible_to<U&&, T>) Result(U&& value)
      : value_(std::forward<U>(value)) {}

  constexpr bool ok() const {
    if constexpr (HasRaisedState<T>) {
      return !ResultTraits<T>::is_raised(value_);
    } else {
      return value_.has_value();
    }
  }
  constexpr explicit operator bool() const { return ok(); }

  /// The value, which must be there (checked).
  constexpr T& value() & {
    MINI_ASSERT(ok());
    return unchecked();
  }
  constexpr const T& value() const& {
    MINI_ASSERT(ok());
    return const_cast<Result*>(this)->unchecked();
  }
  constexpr T value() && { return take(); }

  constexpr T& operator*() & { return value(); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T operator*() && { return take(); }
  constexpr T* operator->() { return &value(); }
  constexpr const T* operator->() const { return &value(); }

  /// Moves the value out; what stays behind is a moved-from T.
  constexpr T take() {
    MINI_ASSERT(ok());
    return std::move(unchecked());
  }
  /// As take(), for MINI_TRY, which has already looked.
  constexpr T take_unchecked() { return std::move(unchecked()); }

 private:
  using Storage = std::conditional_t<HasRaisedState<T>, T, std::optional<T>>;

  static constexpr Storage empty() {
    if constexpr (HasRaisedState<T>) {
      return ResultTraits<T>::raised_state();
    } else {
      return std::nullopt;
    }
  }
  constexpr T& unchecked() {
    if constexpr (HasRaisedState<T>) {
      return value_;
    } else {
      return *value_;
    }
  }

  Storage value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  constexpr Result() = default;
  constexpr Result(Raised) : ok_(false) {}

  constexpr bool ok() const { return ok_; }
  constexpr explicit operator bool() const { return ok_; }
  constexpr void value() const { MINI_ASSERT(ok_); }
  constexpr void operator*() const { MINI_ASSERT(ok_); }
  constexpr void take() const { MINI_ASSERT(ok_); }
  constexpr void take_unchecked() const {}

 private:
  bool ok_ = true;
};

}  // namespace mini::base

#define MINI_CONCATENATE_(a, b) a##b
#define MINI_CONCATENATE(a, b) MINI_CONCATENATE_(a, b)

// The name is unique so that nested uses do not shadow each other.
#define MINI_TRY_(name, ...)       \
  __extension__({                  \
    auto name = (__VA_ARGS__);     \
    if (!name.ok()) [[unlikely]]   \
      return ::mini::base::raised; \
    name.take_unchecked();         \
  })

/// The value of a Result; when an exception is set, leaves the enclosing function with it.
/// `Ref<Str> text = MINI_TRY(to_str(value));`
#define MINI_TRY(...) MINI_TRY_(MINI_CONCATENATE(mini_try_, __COUNTER__), __VA_ARGS__)
