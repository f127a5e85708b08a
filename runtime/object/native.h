// Functions written in C++: their signatures, and the arguments that they are called with.
#pragma once

#include <array>
#include <string_view>

#include "runtime/object/heap.h"

namespace mini::object {

struct NativeDefinition;

/// The arguments of a native call, bound to its declared parameters.
struct Call {
  Heap& heap;
  /// Without `*args` in the signature: one slot a parameter, in order, `kUnbound` where not given.
  /// With `*args`: all positional arguments.
  Value* args;
  /// Positional arguments given (self included).
  uint32_t count;
  /// With `*args`: the parameters that follow it, one slot each; a final `**name` is a dict or `kUnbound`.
  Value* keywords;
  /// What is being called: its signature tells how many slots there are.
  const NativeDefinition* definition = nullptr;

  Value operator[](uint32_t index) const { return args[index]; }
  bool has(uint32_t index) const { return !args[index].is_unbound(); }
};

/// A signature in Python's own words, such as `"sorted(iterable, /, *, key=None, reverse=False)"`, read at compile time.
/// A default only says that the parameter may be left out: the function sees `kUnbound`.
/// Methods write their self, constructors their type: `"list.append(self, object, /)"`, `"int.__new__(type, x=0, /)"`. A
/// first parameter called self, cls or type is always given, and left out where error texts count.
struct Signature {
  static constexpr uint32_t kMaxParameters = 12;

  std::string_view text;           ///< the whole signature
  std::string_view name;           ///< the part before the parenthesis; `list.append` names a method
  /// Where their names stand in it, without `*args`; `**name` last. There are a thousand signatures, and all of them are read
  /// when a VM starts: so they are small.
  struct Part {
    uint16_t begin = 0, length = 0;
  };
  std::array<Part, kMaxParameters> parameters{};
  uint32_t count = 0;              ///< parameters, `*args` and `**name` left out
  uint32_t required = 0;           ///< of the positional ones, how many have no default
  uint32_t positional = 0;         ///< that can be given by position
  uint32_t positional_only = 0;
  bool variadic = false;           ///< has `*args`
  bool keyword_variadic = false;   ///< has `**name`
  uint32_t bound = 0;              ///< 1: begins with self, cls or type
  // What the following ones need at each call; count_slots() fills it in.
  uint32_t most = 0;         ///< positional arguments: UINT32_MAX with `*args`
  uint32_t slots = 0;        ///< of a Call; with `*args`, those behind the arguments
  uint32_t slots_mask = 0;   ///< 0 with `*args`, else all ones
  uint32_t last_slots = 0;   ///< which Call::keywords points to

  std::string_view parameter(uint32_t number) const {
    return text.substr(parameters[number].begin, parameters[number].length);
  }
  /// Whether so many positional arguments alone are a good call.
  bool takes(uint32_t given) const { return given - required <= most - required; }
  /// How many slots stand behind them in a Call then, all of them `kUnbound`.
  uint32_t left_out(uint32_t given) const { return slots - (given & slots_mask); }

  constexpr void count_slots() {
    most = variadic ? UINT32_MAX : positional;
    slots = count - (variadic ? positional : 0) + keyword_variadic;
    slots_mask = variadic ? 0 : UINT32_MAX;
    last_slots = variadic ? slots : keyword_variadic;
  }
  consteval Signature(const char* source);
};

struct NativeDefinition {
  Signature signature;
  NativeFunction function;
};

/// A native function, or a native method bound to its object.
struct NativeObject : Tracked {
  const NativeDefinition* definition;
  Value self;     ///< kUnbound, or what the method was taken from
  Str* module;    ///< the module's name, or null
};

/// A native method as it stands in its type; `owner` is borrowed (types of the runtime outlive their methods).
struct MethodDescriptor : Tracked {
  const NativeDefinition* definition;
  Type* owner;
  uint32_t kind;
  /// A slot method stands for an operation of NativeBehaviour (`list.__len__`); its errors are worded differently.
  static constexpr uint32_t kMethod = 0, kClassMethod = 1, kStaticMethod = 2, kSlotMethod = 3;
};

/// An attribute that is computed, such as `function.__name__`.
struct GetSetDescriptor : Tracked {
  Str* name;
  Type* owner;
  Result<Ref<Value>> (*get)(Heap&, Value self);
  Result<void> (*set)(Heap&, Value self, Value value);  ///< `kUnbound` deletes; null: read-only
};

/// A name in a class's `__slots__`. No data descriptor as CPython's is: the value lies among the instance's attributes,
/// which are looked through first, and the class only says that it may.
struct MemberDescriptor : Tracked {
  Str* name;
  Type* owner;  ///< owned
};

/// Puts the descriptor of a slot into the class's attributes.
Result<void> add_member(Heap&, Type*, Str* name);
Result<Ref<NativeObject>> make_native(Heap&, const NativeDefinition&, Value self = kUnbound, Str* module = nullptr);
/// Adds methods to a type's dictionary, in order.
Result<void> add_methods(Heap&, Type*, const NativeDefinition* definitions, size_t count,
                         uint32_t kind = MethodDescriptor::kMethod);
/// Makes what a type's behaviour offers callable as methods: `__next__`, `__len__` ...; for types that are filled in after
/// the heap was made.
Result<void> add_slot_methods(Heap&, Type*);
/// The same for operators, which a behaviour does not list: `__add__` and `__radd__` for those in `plain`, `__iadd__` for
/// those in `in_place`.
Result<void> add_operator_methods(Heap&, Type*, std::initializer_list<BinaryOp> plain,
                                  std::initializer_list<BinaryOp> in_place);
/// The setter of what CPython keeps in a read-only member of a struct.
Result<void> refuse_to_set(Heap&, Value self, Value value);
Result<void> add_getset(Heap&, Type*, std::string_view name, Result<Ref<Value>> (*get)(Heap&, Value),
                        Result<void> (*set)(Heap&, Value, Value) = nullptr);

/// Calls a native with arguments as they stand on the value stack: `count` positional ones, then one for each name in
/// `keyword_names` (null: none). With `self` bound, it goes before them. Errors are TypeErrors as CPython words them.
Result<Ref<Value>> call_native(Heap&, const NativeDefinition&, Value self, Value* arguments, uint32_t count,
                               Tuple* keyword_names);
/// Calls a method descriptor as `list.append(x, 1)` does: the first argument is checked to be an instance of its owner.
Result<Ref<Value>> call_descriptor(Heap&, MethodDescriptor*, Value* arguments, uint32_t count, Tuple* keyword_names);
/// What calling a type of the runtime does; `type` is it or a class derived from it.
inline Result<Ref<Value>> call_construct(Heap& heap, Type* type, Value* arguments, uint32_t count,
                                         Tuple* keyword_names) {
  return call_native(heap, *type->construct, Value(type), arguments, count, keyword_names);
}

/// The same where the signature `takes()` them and there is room behind `arguments`, `self` included, for what is left out.
[[gnu::always_inline]] inline Result<Ref<Value>> call_in_place(Heap& heap, const NativeDefinition& definition,
                                                               Value* arguments, uint32_t count) {
  const Signature& signature = definition.signature;
  Value* const end = arguments + count + signature.left_out(count);
  for (Value* slot = arguments + count; slot < end; ++slot) *slot = kUnbound;
  Call call{heap, arguments, count, end - signature.last_slots, &definition};
  return definition.function(call);
}

void define_native_types(Heap&);
Result<void> define_native_methods(Heap&);

consteval Signature::Signature(const char* source) : text(source) {
  size_t open = text.find('(');
  name = text.substr(0, open);
  const auto part = [this](std::string_view of) {
    return Part{static_cast<uint16_t>(of.data() - text.data()), static_cast<uint16_t>(of.size())};
  };
  bool keyword_only = false;
  size_t at = open + 1;
  while (text[at] != ')') {
    size_t end = at;
    int depth = 0;
    for (; depth > 0 || (text[end] != ',' && text[end] != ')'); ++end) {
      if (text[end] == '(') ++depth;
      if (text[end] == ')') --depth;
      if (text[end] == '\'') {
        for (++end; text[end] != '\''; ++end) {
        }
      }
    }
    std::string_view item = text.substr(at, end - at);
    while (item.front() == ' ') item.remove_prefix(1);
    at = text[end] == ',' ? end + 1 : end;
    size_t equals = item.find('=');
    if (item == "/") {
      positional_only = count;
    } else if (item.starts_with("**")) {
      keyword_variadic = true;
      parameters[count] = part(item.substr(2));
    } else if (item.starts_with("*")) {
      keyword_only = true;
      variadic = item.size() > 1;
    } else {
      const std::string_view parameter = item.substr(0, equals);
      parameters[count++] = part(parameter);
      if (count == 1) bound = parameter == "self" || parameter == "cls" || parameter == "type";
      if (!keyword_only) {
        positional = count;
        if (equals == std::string_view::npos) required = count;
      }
    }
  }
  count_slots();
}

}  // namespace mini::object
