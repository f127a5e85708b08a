// Handles, and the operations on what they hold.
#include "interp/api/core.h"


namespace mini {

using namespace detail;
using object::BuiltinType;
using base::Result;
using Object = Ref<object::Value>;

static_assert(object::Value::kNoneBits == 7);

// Handles -------------------------------------------------------------------------------------------------------------

Value::Value(const Value& other) noexcept : bits_(other.bits_), handle_(other.handle_) {
  if (handle_) handle_->references.fetch_add(1, std::memory_order_relaxed);
}
Value& Value::operator=(const Value& other) noexcept { return *this = Value(other); }
Value& Value::operator=(Value&& other) noexcept {
  std::swap(bits_, other.bits_);
  std::swap(handle_, other.handle_);
  return *this;
}
void Value::release() noexcept {
  if (handle_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) handle_->core->release(handle_);
  handle_ = nullptr;
}

Vm* Value::vm() const noexcept { return handle_ ? handle_->core->owner : nullptr; }
Value Value::boolean(bool flag) noexcept { return Value(object::Value::boolean(flag).bits(), nullptr); }
bool Value::is(const Value& other) const noexcept {
  if (!handle_ || !other.handle_) return !handle_ && !other.handle_ && bits_ == other.bits_;
  return handle_ == other.handle_ || (handle_->core == other.handle_->core && bits_ == other.bits_);
}

// What it is ----------------------------------------------------------------------------------------------------------

namespace {

bool has_kind(const Value& value, BuiltinType which) {
  if (!Core::handle(value)) return false;
  Core& core = Core::of(value);
  return core.inside([&](Entry&) { return object::has_kind(core.raw(value), which); });
}

/// f(heap, object) for a boxed value.
template <class F>
auto look(const Value& value, F f) {
  Core& core = Core::of(value);
  return core.inside([&](Entry& entry) { return f(entry.heap(), core.raw(value)); });
}
template <class F>
Value make_from(const Value& value, F f) {
  Core& core = Core::of(value);
  return core.value_inside([&](Entry& entry) { return f(core, entry.heap(), core.raw(value)); });
}

Result<Ref<object::Str>> name_of(Heap& heap, std::string_view name) { return heap.intern(name); }

[[noreturn]] void throw_type_error(std::string message) {
  throw_error(ErrorKind::kScript, std::move(message), "TypeError");
}

}  // namespace

bool Value::is_bool() const noexcept { return !handle_ && Core::unboxed(*this).is_bool(); }
bool Value::is_int() const { return handle_ ? has_kind(*this, BuiltinType::kInt) : Core::unboxed(*this).is_int(); }
bool Value::is_float() const {
  return handle_ ? has_kind(*this, BuiltinType::kFloat) : Core::unboxed(*this).is_float();
}
bool Value::is_str() const { return has_kind(*this, BuiltinType::kStr); }
bool Value::is_bytes() const { return has_kind(*this, BuiltinType::kBytes); }
bool Value::is_list() const { return has_kind(*this, BuiltinType::kList); }
bool Value::is_tuple() const { return has_kind(*this, BuiltinType::kTuple); }
bool Value::is_dict() const { return has_kind(*this, BuiltinType::kDict); }
bool Value::is_set() const { return has_kind(*this, BuiltinType::kSet) || has_kind(*this, BuiltinType::kFrozenSet); }
bool Value::is_callable() const {
  if (!handle_) return false;
  return look(*this, [](Heap& heap, object::Value value) -> Result<bool> {
    const object::Value callable = get_name(vm::Machine::of(heap).state().builtins, MINI_TRY(heap.intern("callable")).get());
    Object answer = MINI_TRY(object::call(heap, callable, &value, 1));
    return answer.get() == object::kTrue;
  });
}

std::string Value::type_name() const {
  if (handle_) return look(*this, [](Heap& heap, object::Value value) { return object::type_name(heap, value); });
  const object::Value value = Core::unboxed(*this);
  return value.is_none() ? "NoneType" : value.is_bool() ? "bool" : value.is_int() ? "int" : value.is_float() ? "float"
         : value == object::kEllipsis ? "ellipsis" : "NotImplementedType";
}

// To C++ --------------------------------------------------------------------------------------------------------------

std::string Value::str() const {
  if (handle_) {
    return look(*this, [](Heap& heap, object::Value value) -> Result<std::string> {
      return to_utf8(MINI_TRY(object::str(heap, value)).get());
    });
  }
  return repr();
}

std::string Value::repr() const {
  if (handle_) {
    return look(*this, [](Heap& heap, object::Value value) -> Result<std::string> {
      return to_utf8(MINI_TRY(object::repr(heap, value)).get());
    });
  }
  const object::Value value = Core::unboxed(*this);
  if (value.is_int()) return std::to_string(value.as_int());
  if (value.is_float()) return base::float_repr(value.as_double());
  return value.is_none() ? "None" : value == object::kTrue ? "True" : value == object::kFalse ? "False"
         : value == object::kEllipsis ? "Ellipsis" : "NotImplemented";
}

bool Value::truth() const {
  if (handle_) return look(*this, [](Heap& heap, object::Value value) { return object::truth(heap, value); });
  const object::Value value = Core::unboxed(*this);
  if (value.is_int()) return value.as_int() != 0;
  if (value.is_float()) return value.as_double() != 0;
  return !value.is_none() && value != object::kFalse;
}

std::int64_t Value::hash() const {
  if (handle_) return look(*this, [](Heap& heap, object::Value value) { return object::hash(heap, value); });
  const object::Value value = Core::unboxed(*this);
  if (value.is_int()) return base::Integer(value.as_int()).hash();
  if (value.is_bool()) return value.as_bool();
  if (value.is_float()) return base::float_hash(value.as_double());
  return static_cast<std::int64_t>(value.bits());
}

namespace detail {

Vm& vm_of(const Value& value) { return *Core::of(value).owner; }

namespace {

/// Of anything but an int that lies in its handle.
[[gnu::noinline]] std::int64_t int64_of_other(const Value& value) {
  if (Core::handle(value)) {
    return look(value, [](Heap& heap, object::Value object) -> Result<std::int64_t> {
      Object index = MINI_TRY(object::to_index(heap, object));
      return object::to_int64(heap, index, "integer");
    });
  }
  if (const object::Value bits = Core::unboxed(value); bits.is_bool()) return bits.as_bool();
  throw_type_error(fmt::format("'{}' object cannot be interpreted as an integer", value.type_name()));
}

}  // namespace

std::int64_t to_int64(const Value& value) {
  const object::Value bits = Core::unboxed(value);
  return !Core::handle(value) && bits.is_int() ? bits.as_int() : int64_of_other(value);
}

std::uint64_t to_uint64(const Value& value) {
  if (Core::handle(value)) {
    return look(value, [](Heap& heap, object::Value object) -> Result<std::uint64_t> {
      Object index = MINI_TRY(object::to_index(heap, object));
      const base::Integer number = object::integer_of(index);
      if (number.is_negative())
        return heap.raise(BuiltinType::kOverflowError, "can't convert negative int to unsigned");
      if (number.bit_length() > 64)
        return heap.raise(BuiltinType::kOverflowError, "Python int too large to convert to C integer");
      std::uint32_t limbs[2] = {};
      number.to_limbs(std::span(limbs, number.limb_count()));
      return std::uint64_t{limbs[1]} << 32 | limbs[0];
    });
  }
  const std::int64_t number = to_int64(value);
  if (number < 0) throw_error(ErrorKind::kScript, "can't convert negative int to unsigned", "OverflowError");
  return static_cast<std::uint64_t>(number);
}

double to_double(const Value& value) {
  if (Core::handle(value)) {
    return look(value, [](Heap& heap, object::Value object) -> Result<double> {
      if (!object::is_any_float(object) && !object::is_any_int(object) &&
          object::script_method(heap, heap.type_of(object), object::Name::k__float__).is_unbound())
        return heap.raise(BuiltinType::kTypeError, "must be real number, not {}", object::type_name(heap, object));
      return object::to_double(heap, object);
    });
  }
  const object::Value bits = Core::unboxed(value);
  if (bits.is_float()) return bits.as_double();
  if (bits.is_int()) return static_cast<double>(bits.as_int());
  if (bits.is_bool()) return bits.as_bool();
  throw_type_error("must be real number, not " + value.type_name());
}

bool to_bool(const Value& value) {
  if (value.is_bool()) return Core::unboxed(value).as_bool();
  throw_type_error("must be bool, not " + value.type_name());
}

std::string to_text(const Value& value) {
  if (!Core::handle(value)) throw_type_error("must be str, not " + value.type_name());
  return look(value, [](Heap& heap, object::Value object) -> Result<std::string> {
    if (object::Str* text = object::as_str(heap, object)) return to_utf8(text);
    if (object::has_kind(object, BuiltinType::kBytes)) {
      auto* bytes = static_cast<object::Bytes*>(object.as_object());
      return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->length);
    }
    return heap.raise(BuiltinType::kTypeError, "must be str, not {}", object::type_name(heap, object));
  });
}

std::vector<Value> to_sequence(const Value& value) {
  if (!Core::handle(value)) throw_type_error(fmt::format("'{}' object is not iterable", value.type_name()));
  Core& core = Core::of(value);
  return core.inside([&](Entry& entry) -> Result<std::vector<Value>> {
    Heap& heap = entry.heap();
    auto list = MINI_TRY(object::list_from(heap, core.raw(value)));
    std::vector<Value> items;
    items.reserve(list->length);
    for (std::uint64_t i = 0; i < list->length; ++i) items.push_back(core.adopt(Object::share(list->items[i])));
    return items;
  });
}

std::vector<std::pair<Value, Value>> to_pairs(const Value& value) {
  if (!value.is_dict()) throw_type_error("must be dict, not " + value.type_name());
  Core& core = Core::of(value);
  return core.inside([&](Entry&) {
    auto* dict = static_cast<object::Dict*>(core.raw(value).as_object());
    std::vector<std::pair<Value, Value>> pairs;
    for (std::uint32_t i = 0; i < dict->used; ++i) {
      if (dict->entries[i].key.is_unbound()) continue;
      pairs.emplace_back(core.adopt(Object::share(dict->entries[i].key)), core.adopt(Object::share(dict->entries[i].value)));
    }
    return pairs;
  });
}

// Making --------------------------------------------------------------------------------------------------------------

Result<Object> Core::make(const Argument& argument) {
  Heap& heap = machine->heap();
  switch (argument.kind) {
    case Argument::Kind::kNone:
      return object::unboxed(object::kNone);
    case Argument::Kind::kBool:
      return object::unboxed(object::Value::boolean(argument.flag));
    case Argument::Kind::kInt:
      return object::make_int(heap, argument.number);
    case Argument::Kind::kUnsigned:
      return object::make_int(heap, base::Integer::from_unsigned(argument.magnitude));
    case Argument::Kind::kFloat:
      return object::make_float(heap, argument.real);
    case Argument::Kind::kText:
      if (base::find_utf8_error(std::string_view(argument.text, argument.length)))
        return heap.raise(BuiltinType::kValueError, "the text is not valid UTF-8");
      return object::widen(object::make_str(heap, std::string_view(argument.text, argument.length)));
    case Argument::Kind::kValue:
      return Object::share(raw(*argument.value));
  }
  MINI_UNREACHABLE();
}

Value make(Vm& vm, const Argument& argument) {
  if (argument.kind == Argument::Kind::kValue) {
    if (Core::handle(*argument.value) && Core::handle(*argument.value)->core != &Core::of(vm))
      throw_usage("the value belongs to another VM");
    return *argument.value;
  }
  Core& core = Core::of(vm);
  return core.value_inside([&](Entry&) { return core.make(argument); });
}

Value make_list(Vm& vm, const std::vector<Value>& items) {
  Core& core = Core::of(vm);
  return core.value_inside([&](Entry& entry) -> Result<Object> {
    auto list = MINI_TRY(object::make_list(entry.heap(), items.size()));
    for (const Value& item : items) MINI_TRY(object::append(entry.heap(), list.get(), Object::share(core.raw(item))));
    return Object(std::move(list));
  });
}

Value make_tuple(Vm& vm, const std::vector<Value>& items) {
  Core& core = Core::of(vm);
  return core.value_inside([&](Entry& entry) -> Result<Object> {
    std::vector<object::Value> raw;
    for (const Value& item : items) raw.push_back(core.raw(item));
    return object::widen(object::make_tuple(entry.heap(), raw.data(), raw.size()));
  });
}

Value make_dict(Vm& vm, const std::vector<std::pair<Value, Value>>& items) {
  Core& core = Core::of(vm);
  return core.value_inside([&](Entry& entry) -> Result<Object> {
    auto dict = MINI_TRY(object::make_dict(entry.heap()));
    for (const auto& [key, value] : items)
      MINI_TRY(object::set(entry.heap(), dict.get(), core.raw(key), core.raw(value)));
    return Object(std::move(dict));
  });
}

}  // namespace detail

// Attributes and items ------------------------------------------------------------------------------------------------

Value Value::attr(std::string_view name) const {
  return make_from(*this, [&](Core&, Heap& heap, object::Value value) -> Result<Object> {
    auto interned = MINI_TRY(name_of(heap, name));
    return object::get_attribute(heap, value, interned.get());
  });
}
bool Value::has_attr(std::string_view name) const {
  return look(*this, [&](Heap& heap, object::Value value) -> Result<bool> {
    auto interned = MINI_TRY(name_of(heap, name));
    auto found = MINI_TRY(object::find_attribute(heap, value, interned.get()));
    return !found.get().is_unbound();
  });
}
void Value::set_attr(std::string_view name, const Value& attribute) const {
  Core& core = Core::of(*this);
  look(*this, [&](Heap& heap, object::Value value) -> Result<void> {
    auto interned = MINI_TRY(name_of(heap, name));
    return object::set_attribute(heap, value, interned.get(), core.raw(attribute));
  });
}
void Value::delete_attr(std::string_view name) const {
  look(*this, [&](Heap& heap, object::Value value) -> Result<void> {
    auto interned = MINI_TRY(name_of(heap, name));
    return object::delete_attribute(heap, value, interned.get());
  });
}
std::size_t Value::size() const {
  return static_cast<std::size_t>(look(*this, [](Heap& heap, object::Value value) { return object::length(heap, value); }));
}
Value Value::item(const Value& key) const {
  return make_from(*this, [&](Core& core, Heap& heap, object::Value value) {
    return object::get_item(heap, value, core.raw(key));
  });
}
void Value::set_item(const Value& key, const Value& item) const {
  Core& core = Core::of(*this);
  look(*this, [&](Heap& heap, object::Value value) {
    return object::set_item(heap, value, core.raw(key), core.raw(item));
  });
}
void Value::delete_item(const Value& key) const {
  Core& core = Core::of(*this);
  look(*this, [&](Heap& heap, object::Value value) { return object::delete_item(heap, value, core.raw(key)); });
}
bool Value::contains(const Value& item) const {
  Core& core = Core::of(*this);
  return look(*this, [&](Heap& heap, object::Value value) { return object::contains(heap, value, core.raw(item)); });
}
std::vector<Value> Value::items() const { return to_sequence(*this); }
void Value::append(const Value& item) const {
  Core& core = Core::of(*this);
  look(*this, [&](Heap& heap, object::Value value) -> Result<void> {
    if (!object::has_kind(value, BuiltinType::kList))
      return heap.raise(BuiltinType::kTypeError, "must be list, not {}", object::type_name(heap, value));
    return object::append(heap, static_cast<object::List*>(value.as_object()), Object::share(core.raw(item)));
  });
}

// Comparison and calls ------------------------------------------------------------------------------------------------

namespace {

/// The core of whichever has one; null if neither.
Core* core_of(const Value& a, const Value& b) {
  if (Core::handle(a)) return &Core::of(a);
  return Core::handle(b) ? &Core::of(b) : nullptr;
}

}  // namespace

bool Value::equals(const Value& other) const {
  if (is(other) && !is_float()) return true;
  if (Core* core = core_of(*this, other)) {
    return core->inside([&](Entry& entry) {
      return object::equal(entry.heap(), core->raw(*this), core->raw(other));
    });
  }
  const object::Value a = Core::unboxed(*this), b = Core::unboxed(other);
  auto number = [](object::Value v) { return v.is_int() || v.is_bool() || v.is_float(); };
  if (!number(a) || !number(b)) return a == b;
  std::int64_t left = 0, right = 0;
  if (object::small_int(a, left) && object::small_int(b, right)) return left == right;
  if (a.is_float() && b.is_float()) return a.as_double() == b.as_double();
  const double real = a.is_float() ? a.as_double() : b.as_double();
  object::small_int(a.is_float() ? b : a, left);
  return static_cast<double>(left) == real && static_cast<std::int64_t>(static_cast<double>(left)) == left;
}

bool Value::less_than(const Value& other) const {
  if (Core* core = core_of(*this, other)) {
    return core->inside([&](Entry& entry) {
      return object::less(entry.heap(), core->raw(*this), core->raw(other));
    });
  }
  const object::Value a = Core::unboxed(*this), b = Core::unboxed(other);
  std::int64_t left, right;
  if (object::small_int(a, left) && object::small_int(b, right)) return left < right;
  return detail::to_double(*this) < detail::to_double(other);
}

namespace {

/// What needs no making: a small int, or a value that is there. kUnbound: anything else.
object::Value ready_argument(Core& core, const Argument& argument) {
  if (argument.kind == Argument::Kind::kInt && object::Value::fits_int(argument.number))
    return object::Value::integer(argument.number);
  return argument.kind == Argument::Kind::kValue ? core.raw(*argument.value) : object::kUnbound;
}

/// The call for any number of arguments, some of which may have to be made.
[[gnu::noinline]] Result<Object> call_made(Core& core, vm::ThreadState& thread, object::Value function,
                                           const Argument* arguments, std::size_t count) {
  std::vector<object::Value> raw(count);
  std::vector<Object> made;
  for (std::size_t i = 0; i < count; ++i) {
    raw[i] = ready_argument(core, arguments[i]);
    if (!raw[i].is_unbound()) continue;
    made.push_back(MINI_TRY(core.make(arguments[i])));
    raw[i] = made.back().get();
  }
  return vm::call_nested(thread, function, raw.data(), static_cast<std::uint32_t>(count));
}

}  // namespace

Value Value::call_with(const Argument* arguments, std::size_t count) const {
  Core& core = Core::of(*this);
  return core.value_inside([&](Entry& entry) -> Result<Object> {
    constexpr std::size_t kMost = 4;
    const object::Value function = core.raw(*this);
    if (count > kMost) return call_made(core, entry.thread(), function, arguments, count);
    object::Value ready[kMost];
    for (std::size_t i = 0; i < count; ++i) {
      ready[i] = ready_argument(core, arguments[i]);
      if (ready[i].is_unbound()) return call_made(core, entry.thread(), function, arguments, count);
    }
    return vm::call_nested(entry.thread(), function, ready, static_cast<std::uint32_t>(count));
  });
}

Value Value::call(std::span<const Value> arguments, const Keywords& keywords) const {
  return make_from(*this, [&](Core& core, Heap& heap, object::Value function) -> Result<Object> {
    std::vector<object::Value> raw;
    for (const Value& argument : arguments) raw.push_back(core.raw(argument));
    std::vector<object::Value> names;
    std::vector<Object> kept;
    for (const auto& [name, value] : keywords) {
      raw.push_back(core.raw(value));
      kept.push_back(Object(MINI_TRY(heap.intern(name))));
      names.push_back(kept.back().get());
    }
    Ref<object::Tuple> tuple;
    if (!names.empty()) tuple = MINI_TRY(object::make_tuple(heap, names.data(), names.size()));
    return vm::call_with_keywords(heap, function, raw.data(), static_cast<std::uint32_t>(raw.size()), tuple.get());
  });
}

}  // namespace mini
