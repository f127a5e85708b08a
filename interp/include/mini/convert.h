/// \file
/// Between C++ types and script values. Specialise mini::Convert to teach it a type of your own:
///
///     template <>
///     struct mini::Convert<Point> {
///       static Value to_value(Vm& vm, const Point& p) { return vm.tuple({vm.value(p.x), vm.value(p.y)}); }
///       static Point from_value(const Value& v) { return {v[0].to<int>(), v[1].to<int>()}; }
///     };
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "mini/value.h"

namespace mini {

/// \cond
namespace detail {

/// A scalar on its way to a script, or a value.
struct Argument {
  enum class Kind : std::uint8_t { kNone, kBool, kInt, kUnsigned, kFloat, kText, kValue } kind = Kind::kNone;
  union {
    bool flag;
    std::int64_t number;
    std::uint64_t magnitude;
    double real;
    const Value* value;
    const char* text;
  };
  std::size_t length = 0;
  Argument() : number(0) {}
};

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                  !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;
template <class T>
concept Text = std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t>;
/// Needs no VM to become a script value.
template <class T>
concept Scalar = std::same_as<T, bool> || Integer<T> || std::floating_point<T> || Text<T> ||
                 std::same_as<T, std::nullptr_t> || std::same_as<T, Value>;

template <Scalar T>
Argument scalar_argument(const T& object) {
  Argument argument;
  if constexpr (std::same_as<T, bool>) {
    argument.kind = Argument::Kind::kBool;
    argument.flag = object;
  } else if constexpr (std::same_as<T, Value>) {
    argument.kind = Argument::Kind::kValue;
    argument.value = &object;
  } else if constexpr (Integer<T> && std::is_signed_v<T>) {
    argument.kind = Argument::Kind::kInt;
    argument.number = static_cast<std::int64_t>(object);
  } else if constexpr (Integer<T>) {
    argument.kind = Argument::Kind::kUnsigned;
    argument.magnitude = static_cast<std::uint64_t>(object);
  } else if constexpr (std::floating_point<T>) {
    argument.kind = Argument::Kind::kFloat;
    argument.real = static_cast<double>(object);
  } else if constexpr (Text<T>) {
    const std::string_view text = object;
    argument.kind = Argument::Kind::kText;
    argument.text = text.data();
    argument.length = text.size();
  }
  return argument;
}

[[gnu::visibility("default")]] std::int64_t to_int64(const Value&);
[[gnu::visibility("default")]] std::uint64_t to_uint64(const Value&);
[[gnu::visibility("default")]] double to_double(const Value&);
[[gnu::visibility("default")]] bool to_bool(const Value&);
[[gnu::visibility("default")]] std::string to_text(const Value&);
[[gnu::visibility("default")]] std::vector<Value> to_sequence(const Value&);
[[gnu::visibility("default")]] std::vector<std::pair<Value, Value>> to_pairs(const Value&);
[[noreturn, gnu::visibility("default")]] void throw_too_large(const char* what);
[[noreturn, gnu::visibility("default")]] void throw_wrong_length(std::size_t expected, std::size_t given);
[[gnu::visibility("default")]] Value make(Vm&, const Argument&);
[[gnu::visibility("default")]] Value make_list(Vm&, const std::vector<Value>&);
[[gnu::visibility("default")]] Value make_tuple(Vm&, const std::vector<Value>&);
[[gnu::visibility("default")]] Value make_dict(Vm&, const std::vector<std::pair<Value, Value>>&);

/// The argument for `object`; `storage` keeps what has to be made for it.
template <class T>
Argument to_argument(Vm* vm, const T& object, Value& storage);

}  // namespace detail
/// \endcond

/// How `T` becomes a script value and is read from one. Either function may be missing if it is not used.
/// They throw Error (TypeError, OverflowError) for what has no equivalent.
template <class T>
struct Convert;

template <>
struct Convert<Value> {
  static Value to_value(Vm&, const Value& value) { return value; }
  static Value from_value(const Value& value) { return value; }
};
template <>
struct Convert<bool> {
  static Value to_value(Vm&, bool flag) { return Value::boolean(flag); }
  static bool from_value(const Value& value) { return detail::to_bool(value); }
};
template <detail::Integer T>
struct Convert<T> {
  static Value to_value(Vm& vm, T number) { return detail::make(vm, detail::scalar_argument(number)); }
  static T from_value(const Value& value) {
    if constexpr (std::is_signed_v<T>) {
      const std::int64_t number = detail::to_int64(value);
      if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max())
        detail::throw_too_large("C integer");
      return static_cast<T>(number);
    } else {
      const std::uint64_t number = detail::to_uint64(value);
      if (number > std::numeric_limits<T>::max()) detail::throw_too_large("C integer");
      return static_cast<T>(number);
    }
  }
};
template <std::floating_point T>
struct Convert<T> {
  static Value to_value(Vm& vm, T number) { return detail::make(vm, detail::scalar_argument(number)); }
  static T from_value(const Value& value) { return static_cast<T>(detail::to_double(value)); }
};
template <detail::Text T>
struct Convert<T> {
  static Value to_value(Vm& vm, const T& text) { return detail::make(vm, detail::scalar_argument(text)); }
  /// Only std::string owns what it is given.
  static T from_value(const Value& value) requires std::same_as<T, std::string> { return detail::to_text(value); }
};
template <>
struct Convert<std::nullptr_t> {
  static Value to_value(Vm&, std::nullptr_t) { return {}; }
};
template <class T>
struct Convert<std::optional<T>> {
  static Value to_value(Vm& vm, const std::optional<T>& object) {
    return object ? Convert<T>::to_value(vm, *object) : Value();
  }
  static std::optional<T> from_value(const Value& value) {
    if (value.is_none()) return std::nullopt;
    return Convert<T>::from_value(value);
  }
};
/// A list; any iterable is read.
template <class T>
struct Convert<std::vector<T>> {
  static Value to_value(Vm& vm, const std::vector<T>& objects) {
    std::vector<Value> items;
    items.reserve(objects.size());
    for (const auto& object : objects) items.push_back(Convert<T>::to_value(vm, object));
    return detail::make_list(vm, items);
  }
  static std::vector<T> from_value(const Value& value) {
    std::vector<T> objects;
    for (const Value& item : detail::to_sequence(value)) objects.push_back(Convert<T>::from_value(item));
    return objects;
  }
};
/// A tuple; any iterable of that length is read.
template <class... Ts>
struct Convert<std::tuple<Ts...>> {
  static Value to_value(Vm& vm, const std::tuple<Ts...>& objects) {
    return std::apply(
        [&](const Ts&... each) { return detail::make_tuple(vm, {Convert<Ts>::to_value(vm, each)...}); }, objects);
  }
  static std::tuple<Ts...> from_value(const Value& value) {
    const std::vector<Value> items = detail::to_sequence(value);
    if (items.size() != sizeof...(Ts)) detail::throw_wrong_length(sizeof...(Ts), items.size());
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Ts...>(Convert<Ts>::from_value(items[I])...);
    }(std::index_sequence_for<Ts...>());
  }
};
template <class A, class B>
struct Convert<std::pair<A, B>> {
  static Value to_value(Vm& vm, const std::pair<A, B>& pair) {
    return detail::make_tuple(vm, {Convert<A>::to_value(vm, pair.first), Convert<B>::to_value(vm, pair.second)});
  }
  static std::pair<A, B> from_value(const Value& value) {
    auto [first, second] = Convert<std::tuple<A, B>>::from_value(value);
    return {std::move(first), std::move(second)};
  }
};
/// A dict.
template <class K, class V>
struct Convert<std::map<K, V>> {
  static Value to_value(Vm& vm, const std::map<K, V>& map) {
    std::vector<std::pair<Value, Value>> pairs;
    for (const auto& [key, object] : map)
      pairs.emplace_back(Convert<K>::to_value(vm, key), Convert<V>::to_value(vm, object));
    return detail::make_dict(vm, pairs);
  }
  static std::map<K, V> from_value(const Value& value) {
    std::map<K, V> map;
    for (const auto& [key, object] : detail::to_pairs(value))
      map.insert_or_assign(Convert<K>::from_value(key), Convert<V>::from_value(object));
    return map;
  }
};

/// \cond
namespace detail {

[[gnu::visibility("default")]] Vm& vm_of(const Value&);

template <class T>
Argument to_argument(Vm* vm, const T& object, Value& storage) {
  if constexpr (std::is_array_v<T>) {
    static_cast<void>(storage);
    return scalar_argument(static_cast<const char*>(object));
  } else if constexpr (Scalar<T>) {
    return scalar_argument(object);
  } else {
    storage = Convert<T>::to_value(*vm, object);
    return scalar_argument(storage);
  }
}

}  // namespace detail

template <class T>
Value Value::operator[](const T& key) const {
  Value storage;
  return item(detail::make(detail::vm_of(*this), detail::to_argument(&detail::vm_of(*this), key, storage)));
}

template <class... Arguments>
Value Value::operator()(const Arguments&... arguments) const {
  if constexpr (sizeof...(Arguments) == 0) {
    return call_with(nullptr, 0);
  } else if constexpr ((detail::Scalar<Arguments> && ...)) {  // nothing has to be made
    const detail::Argument list[] = {detail::scalar_argument(arguments)...};
    return call_with(list, sizeof...(Arguments));
  } else {
    Value storage[sizeof...(Arguments)];
    Vm* vm = &detail::vm_of(*this);
    std::size_t at = 0;
    const detail::Argument list[] = {
        detail::to_argument(vm, arguments, storage[at++])...};
    return call_with(list, sizeof...(Arguments));
  }
}

/// \endcond

}  // namespace mini
