/// \file
/// mini::Value: a handle on any value of a script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini {

class Vm;
class Value;
namespace detail {
class Core;
struct Handle;
struct Argument;
}  // namespace detail

template <class T>
struct Convert;

/// Keyword arguments: `function.call({1, 2}, {{"key", value}})`.
using Keywords = std::vector<std::pair<std::string, Value>>;

/// Keeps a value of a script alive. Copying shares the value, as assignment in a script does.
///
/// None, bools, ints of up to 62 bits and nearly all floats are held in the handle itself and belong to no VM; everything
/// else belongs to the VM that made it. Handles may be copied, moved and dropped on any thread, with or without the GIL,
/// inside or outside a VM's calls; a value whose last handle is dropped by a thread without the GIL dies when somebody takes
/// the GIL next. One handle object is not to be changed by two threads at once, like a std::string.
///
/// Functions that look into a value take the VM's GIL, unless the calling thread holds it (see gil.h), and run whatever
/// script code the operation needs (`__getattr__`, `__eq__` …). They throw Error: what the script raises, and kUsage when
/// the VM is gone or the value was made after a state that has since been restored.
class [[gnu::visibility("default")]] Value {
 public:
  /// None.
  Value() noexcept = default;
  Value(const Value& other) noexcept;
  Value(Value&& other) noexcept : bits_(other.bits_), handle_(std::exchange(other.handle_, nullptr)) {
    other.bits_ = kNoneBits;
  }
  Value& operator=(const Value& other) noexcept;
  Value& operator=(Value&& other) noexcept;
  ~Value() {
    if (handle_) release();
  }

  // What it is. Classes derived from a builtin type count as that type, bools not as ints.

  bool is_none() const noexcept { return bits_ == kNoneBits && !handle_; }
  bool is_bool() const noexcept;
  bool is_int() const;
  bool is_float() const;
  bool is_str() const;
  bool is_bytes() const;
  bool is_list() const;
  bool is_tuple() const;
  bool is_dict() const;
  bool is_set() const;
  bool is_callable() const;
  /// "int", "list", the name of a class.
  std::string type_name() const;
  /// The same object: Python's `is`. Never throws, never runs script code.
  bool is(const Value& other) const noexcept;

  // To C++.

  /// The value as a `T`: bool, integers, floating point, std::string, std::vector, std::map, std::pair, std::tuple,
  /// std::optional (None is nullopt), and what Convert (convert.h) was specialised for. Error (TypeError) where the value
  /// is of another type, OverflowError where it does not fit: nothing is rounded or cut off.
  template <class T>
  T to() const {
    return Convert<T>::from_value(*this);
  }
  /// `str(value)`, `repr(value)` in UTF-8; the digits of an int of any size.
  std::string str() const;
  std::string repr() const;
  /// What `if value:` decides.
  bool truth() const;
  std::int64_t hash() const;

  // Attributes and items, as in a script.

  Value attr(std::string_view name) const;
  bool has_attr(std::string_view name) const;
  void set_attr(std::string_view name, const Value& value) const;
  void delete_attr(std::string_view name) const;
  /// `len(value)`
  std::size_t size() const;
  /// `value[key]`
  Value item(const Value& key) const;
  template <class T>
  Value operator[](const T& key) const;
  void set_item(const Value& key, const Value& value) const;
  void delete_item(const Value& key) const;
  /// `item in value`
  bool contains(const Value& item) const;
  /// All that `for item in value` gives; the keys of a dict.
  std::vector<Value> items() const;
  /// Of a list.
  void append(const Value& item) const;

  // Comparison, as in a script.

  friend bool operator==(const Value& a, const Value& b) { return a.equals(b); }
  bool less_than(const Value& other) const;

  // Calls. The arguments may be anything that Vm::value() takes. The GIL is the VM's own affair: other threads of the script
  // run meanwhile wherever the schedule lets them.

  template <class... Arguments>
  Value operator()(const Arguments&... arguments) const;
  Value call(std::span<const Value> arguments, const Keywords& keywords = {}) const;
  Value call(std::initializer_list<Value> arguments, const Keywords& keywords = {}) const {
    return call(std::span<const Value>(arguments.begin(), arguments.size()), keywords);
  }
  template <class... Arguments>
  Value call_method(std::string_view name, const Arguments&... arguments) const {
    return attr(name)(arguments...);
  }

  /// The VM that the value belongs to; null for values that belong to none, and when it is gone.
  Vm* vm() const noexcept;

  /// A value of no VM.
  static Value boolean(bool flag) noexcept;
  static Value none() noexcept { return {}; }

 private:
  friend class detail::Core;
  static constexpr std::uint64_t kNoneBits = 7;
  Value(std::uint64_t bits, detail::Handle* handle) noexcept : bits_(bits), handle_(handle) {}
  void release() noexcept;
  bool equals(const Value& other) const;
  Value call_with(const detail::Argument* arguments, std::size_t count) const;

  std::uint64_t bits_ = kNoneBits;
  detail::Handle* handle_ = nullptr;
};

}  // namespace mini

#include "mini/convert.h"  // IWYU pragma: export: the templates above need it
