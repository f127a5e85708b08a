// Ref: the handle that owns a count.
#pragma once

#include <concepts>
#include <utility>

#include "runtime/base/result.h"
#include "runtime/object/object.h"

namespace mini::object {

/// Owns one count of a `T`, or nothing. Move-only by habit: `share()` says where a count is taken.
/// A plain `T*`, `T&` or `Value` borrows. Needs the GIL, like every count.
template <class T>
class [[nodiscard]] Ref {
 public:
  Ref() = default;
  /// Takes over a count that the caller owns.
  static Ref adopt(T* object) { return Ref(object); }
  /// Takes a count of its own.
  static Ref share(T* object) {
    incref(object);
    return Ref(object);
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class Derived>
    requires std::derived_from<Derived, T>
  Ref(Ref<Derived>&& other) noexcept : object_(other.release()) {}
  Ref& operator=(Ref&& other) noexcept {
    T* old = std::exchange(object_, std::exchange(other.object_, nullptr));
    if (old) decref(old);
    return *this;
  }
  ~Ref() {
    if (object_) decref(object_);
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  operator Value() const& { return Value(object_); }
  Ref share() const { return share(object_); }
  /// Gives the count to the caller.
  [[nodiscard]] T* release() { return std::exchange(object_, nullptr); }

 private:
  explicit Ref(T* object) : object_(object) {}
  T* object_ = nullptr;
};

/// Owns a Value of any kind; unboxed ones have no count.
template <>
class [[nodiscard]] Ref<Value> {
 public:
  Ref() = default;
  /// Unboxed values need no care.
  Ref(std::same_as<bool> auto flag) : value_(Value::boolean(flag)) {}
  static Ref adopt(Value value) { return Ref(value); }
  static Ref share(Value value) {
    incref(value);
    return Ref(value);
  }
  Ref(Ref&& other) noexcept : value_(std::exchange(other.value_, kUnbound)) {}
  template <class T>
  Ref(Ref<T>&& other) noexcept : value_(other.release()) {}
  Ref& operator=(Ref&& other) noexcept {
    Value old = std::exchange(value_, std::exchange(other.value_, kUnbound));
    decref(old);
    return *this;
  }
  ~Ref() { decref(value_); }

  Value get() const { return value_; }
  operator Value() const& { return value_; }
  Ref share() const { return share(value_); }
  [[nodiscard]] Value release() { return std::exchange(value_, kUnbound); }

 private:
  explicit Ref(Value value) : value_(value) {}
  Value value_ = kUnbound;
};

using base::raised;
using base::Raised;
using base::Result;

}  // namespace mini::object

/// "An exception was raised" inside the handle itself: no flag, no branch more than CPython's null pointer.
template <>
struct mini::base::ResultTraits<mini::object::Ref<mini::object::Value>> {
  static mini::object::Ref<mini::object::Value> raised_state() {
    return mini::object::Ref<mini::object::Value>::adopt(mini::object::kError);
  }
  static bool is_raised(const mini::object::Ref<mini::object::Value>& ref) { return ref.get().is_error(); }
};
template <>
struct mini::base::ResultTraits<mini::object::Value> {
  static constexpr mini::object::Value raised_state() { return mini::object::kError; }
  static constexpr bool is_raised(const mini::object::Value& value) { return value.is_error(); }
};
/// A Ref that a function answers is never empty, so the empty one is free to mean an exception.
template <class T>
struct mini::base::ResultTraits<mini::object::Ref<T>> {
  static mini::object::Ref<T> raised_state() { return {}; }
  static bool is_raised(const mini::object::Ref<T>& ref) { return !ref; }
};

namespace mini::object {

/// None, True or a small int as an owned value.
inline Ref<Value> unboxed(Value value) {
  MINI_ASSERT(!value.is_object());
  return Ref<Value>::adopt(value);
}

/// The same handle, as a value of any kind.
template <class T>
Result<Ref<Value>> widen(Result<Ref<T>> result) {
  if (!result.ok()) return raised;
  return Ref<Value>(result.take_unchecked());
}

}  // namespace mini::object
