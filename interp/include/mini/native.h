/// \file
/// C++ functions that scripts call. Vm::define(), Vm::function() and Module::def() take any callable:
///
///     vm.define("area", [](double width, double height) { return width * height; });
///
/// Parameters are read and the result is made by Convert: `area("a", 2)` is a TypeError, `area(1)` a TypeError that says how
/// many arguments there should be. Trailing std::optional parameters may be left out; a last parameter mini::Arguments takes
/// all the rest; a first parameter `Vm&` is the VM that calls. Arguments are positional.
///
/// The function is called by the OS thread that runs the script's thread, with the GIL held. It may call back into the VM.
/// What it throws becomes a script exception: Error as what it is; std::invalid_argument, std::domain_error and
/// std::length_error a ValueError, std::out_of_range an IndexError, std::overflow_error and std::range_error an
/// OverflowError, std::bad_alloc a MemoryError, everything else a RuntimeError, with what() as its text. If no script
/// catches that, Error::original() is the C++ exception itself. A function that was called back by a run that has ended
/// (ErrorKind::kEnded) must let that Error pass.
/// The callable lives as long as the VM.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "mini/convert.h"
#include "mini/value.h"

namespace mini {

/// As the last parameter of a C++ function: all arguments from there on.
struct Arguments : std::vector<Value> {
  using std::vector<Value>::vector;
};

/// \cond
namespace detail {

/// A call on its way from a script to C++. Lives on the stack of the call.
class [[gnu::visibility("default")]] NativeCall {
 public:
  Vm& vm() const;
  std::size_t count() const;
  bool given(std::size_t index) const;
  std::int64_t integer(std::size_t index) const;
  double real(std::size_t index) const;
  bool flag(std::size_t index) const;
  std::string text(std::size_t index) const;
  Value value(std::size_t index) const;
  void answer(const Argument& result);

 protected:
  NativeCall() = default;
  ~NativeCall() = default;
};

struct NativeFunction {
  std::string name;
  std::size_t required = 0, most = 0;
  bool variadic = false;
  std::function<void(NativeCall&)> body;
};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
T read_argument(NativeCall& call, std::size_t index) {
  if constexpr (std::same_as<T, Arguments>) {
    Arguments rest;
    for (; index < call.count(); ++index) rest.push_back(call.value(index));
    return rest;
  } else if constexpr (IsOptional<T>::value) {
    if (!call.given(index)) return std::nullopt;
    return Convert<T>::from_value(call.value(index));
  } else if constexpr (std::same_as<T, std::int64_t>) {
    return call.integer(index);
  } else if constexpr (Integer<T> && std::is_signed_v<T>) {
    const std::int64_t number = call.integer(index);
    if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max())
      throw_too_large("C integer");
    return static_cast<T>(number);
  } else if constexpr (std::floating_point<T>) {
    return static_cast<T>(call.real(index));
  } else if constexpr (std::same_as<T, bool>) {
    return call.flag(index);
  } else if constexpr (std::same_as<T, std::string>) {
    return call.text(index);
  } else {
    return Convert<T>::from_value(call.value(index));
  }
}

template <class R, class... Parameters>
struct Signature {
  template <class F>
  static NativeFunction make(std::string name, F function) {
    NativeFunction native;
    native.name = std::move(name);
    native.variadic = (std::same_as<std::decay_t<Parameters>, Arguments> || ...);
    native.most = sizeof...(Parameters) - (native.variadic ? 1 : 0);
    std::size_t index = 0;
    ((++index, native.required = IsOptional<std::decay_t<Parameters>>::value ||
                                         std::same_as<std::decay_t<Parameters>, Arguments>
                                     ? native.required
                                     : index),
     ...);
    native.body = [function = std::move(function)](NativeCall& call) mutable {
      invoke(function, call, std::index_sequence_for<Parameters...>());
    };
    return native;
  }
  template <class F>
  static NativeFunction make_with_vm(std::string name, F function) {
    return make(std::move(name), WithVm<F>{std::move(function)});
  }

 private:
  template <class F>
  struct WithVm {
    F function;
  };
  template <class F>
  static decltype(auto) apply(F& function, NativeCall&, std::decay_t<Parameters>&... arguments) {
    return std::invoke(function, static_cast<Parameters>(arguments)...);
  }
  template <class F>
  static decltype(auto) apply(WithVm<F>& function, NativeCall& call, std::decay_t<Parameters>&... arguments) {
    return std::invoke(function.function, call.vm(), static_cast<Parameters>(arguments)...);
  }
  template <class F, std::size_t... I>
  static void invoke(F& function, NativeCall& call, std::index_sequence<I...>) {
    std::tuple<std::decay_t<Parameters>...> arguments{read_argument<std::decay_t<Parameters>>(call, I)...};
    if constexpr (std::is_void_v<R>) {
      apply(function, call, std::get<I>(arguments)...);
    } else {
      const std::decay_t<R> result = apply(function, call, std::get<I>(arguments)...);
      Value storage;
      call.answer(to_argument(&call.vm(), result, storage));
    }
  }
};

template <class F>
struct SignatureOf : SignatureOf<decltype(&F::operator())> {};
template <class R, class... P>
struct SignatureOf<R (*)(P...)> {
  template <class F>
  static NativeFunction make(std::string name, F function) {
    return Signature<R, P...>::make(std::move(name), std::move(function));
  }
};
template <class R, class... P>
struct SignatureOf<R (*)(Vm&, P...)> {
  template <class F>
  static NativeFunction make(std::string name, F function) {
    return Signature<R, P...>::make_with_vm(std::move(name), std::move(function));
  }
};
template <class R, class... P>
struct SignatureOf<R (*)(P...) noexcept> : SignatureOf<R (*)(P...)> {};
template <class C, class R, class... P>
struct SignatureOf<R (C::*)(P...) const> : SignatureOf<R (*)(P...)> {};
template <class C, class R, class... P>
struct SignatureOf<R (C::*)(P...)> : SignatureOf<R (*)(P...)> {};
template <class C, class R, class... P>
struct SignatureOf<R (C::*)(P...) const noexcept> : SignatureOf<R (*)(P...)> {};
template <class C, class R, class... P>
struct SignatureOf<R (C::*)(P...) noexcept> : SignatureOf<R (*)(P...)> {};

template <class F>
NativeFunction make_native(std::string_view name, F function) {
  return SignatureOf<std::decay_t<F>>::make(std::string(name), std::move(function));
}

}  // namespace detail
/// \endcond

/// A module that C++ fills: `vm.module("host").def("now", now).set("version", vm.value(3))`, then `import host`.
/// A handle, to be used while the VM lives.
class [[gnu::visibility("default")]] Module {
 public:
  /// Adds a function.
  template <class F>
  Module& def(std::string_view name, F function) {
    return add(detail::make_native(name, std::move(function)));
  }
  /// Adds a value.
  Module& set(std::string_view name, const Value& value) {
    module_.set_attr(name, value);
    return *this;
  }
  /// The module object.
  const Value& value() const { return module_; }

 private:
  friend class Vm;
  Module(Vm& vm, Value module) : vm_(&vm), module_(std::move(module)) {}
  Module& add(detail::NativeFunction function);
  Vm* vm_;
  Value module_;
};

}  // namespace mini
