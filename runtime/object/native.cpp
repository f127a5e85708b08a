// Native functions: binding of arguments to signatures, with the error texts of CPython's argument parsers.
#include "runtime/object/native.h"

#include <algorithm>

#include "runtime/base/nearest_name.h"
#include "runtime/object/operations.h"

namespace mini::object {

namespace {

/// How CPython words the errors of a signature follows from its kind (3.13 Python/getargs.c,
/// Objects/methodobject.c, and the wrap_ functions of Objects/typeobject.c).
enum class Style {
  kNoArguments,     // METH_NOARGS
  kOneArgument,     // METH_O
  kPositionalOnly,  // _PyArg_CheckPositional
  kKeywords,        // _PyArg_UnpackKeywords
  kSlot,            // check_num_args
};

Style style_of(const Signature& signature) {
  if (signature.keyword_variadic) return Style::kKeywords;
  if (signature.bound && signature.name.starts_with("__")) return Style::kSlot;
  if (signature.positional_only < signature.count) return Style::kKeywords;
  const uint32_t parameters = signature.count - signature.bound;
  const bool constructor = signature.name.ends_with(".__new__");
  if (parameters == 0) return constructor ? Style::kPositionalOnly : Style::kNoArguments;
  if (parameters == 1 && signature.required == signature.count && !constructor) return Style::kOneArgument;
  return Style::kPositionalOnly;
}

/// `list.append`; a constructor goes by its type's name.
std::string_view full_name(const Signature& signature) {
  std::string_view name = signature.name;
  if (name.ends_with(".__new__")) name.remove_suffix(8);
  return name;
}

std::string_view short_name(const Signature& signature) {
  std::string_view name = full_name(signature);
  return name.substr(name.rfind('.') + 1);
}

const char* plural(uint64_t number) {
  return number == 1 ? "" : "s";
}

Raised raise_expected(Heap& heap, const Signature& signature, uint32_t given) {
  const uint32_t least = signature.required - signature.bound;
  const uint32_t most = signature.positional - signature.bound;
  const char* bound = least == most ? "" : given < least ? "at least " : "at most ";
  const uint32_t number = given < least ? least : most;
  const bool slot = style_of(signature) == Style::kSlot;
  return heap.raise(
      BuiltinType::kTypeError, "{}expected {}{} argument{}, got {}",
      slot ? "" : fmt::format("{}{} ", short_name(signature), signature.name == "super.__new__" ? "()" : ""),
      bound, number, plural(number), given);
}

/// Too many positional arguments, or too few of those that have no name.
Raised raise_count(Heap& heap, const Signature& signature, uint32_t given, uint32_t keywords) {
  const uint32_t all = signature.count - signature.bound;
  const uint32_t required = signature.required - signature.bound;
  const uint32_t most = signature.positional - signature.bound;
  switch (style_of(signature)) {
    case Style::kNoArguments:
      return heap.raise(BuiltinType::kTypeError, "{}() takes no arguments ({} given)", full_name(signature),
                        given);
    case Style::kOneArgument:
      return heap.raise(BuiltinType::kTypeError, "{}() takes exactly one argument ({} given)",
                        full_name(signature), given);
    case Style::kPositionalOnly:
    case Style::kSlot:
      return raise_expected(heap, signature, given);
    case Style::kKeywords:
      break;
  }
  std::string_view name = short_name(signature);
  if (given > most && keywords == 0 && (full_name(signature) == "int" || full_name(signature) == "str")) {
    return raise_expected(heap, signature, given);
  }
  if (given + keywords > all) {
    return heap.raise(BuiltinType::kTypeError, "{}() takes {} {} {}argument{} ({} given)", name,
                      required < all ? "at most" : "exactly", all, given == 0 ? "keyword " : "", plural(all),
                      given + keywords);
  }
  if (given > most && most == 0) {
    return heap.raise(BuiltinType::kTypeError, "{}() takes no positional arguments", name);
  }
  const uint32_t number =
      given > most ? most : std::min(required, signature.positional_only - signature.bound);
  const char* bound = number == most && required == most ? "exactly" : given > most ? "at most" : "at least";
  return heap.raise(BuiltinType::kTypeError, "{}() takes {} {} positional argument{} ({} given)", name, bound,
                    number, plural(number), given);
}

/// Arguments on their way into their slots. All slots borrow.
struct Binding {
  Heap& heap;
  const Signature& signature;
  Value* slots;  // one a parameter; with `*args`, only those behind it are used
  Ref<Dict> extra;

  Result<void> bind_keyword(Str* name, Value value, uint32_t given) {
    const uint32_t first = signature.variadic ? signature.positional : signature.positional_only;
    for (uint32_t i = first; i < signature.count; ++i) {
      if (!equal(name, signature.parameter(i))) continue;
      if (!slots[i].is_unbound()) {
        return heap.raise(BuiltinType::kTypeError, "argument for {}() given by name ('{}') and position ({})",
                          short_name(signature), to_utf8(name), i + 1 - signature.bound);
      }
      slots[i] = value;
      return {};
    }
    if (signature.keyword_variadic) {
      if (!extra) extra = MINI_TRY(make_dict(heap));
      return set_name(heap, extra.get(), name, value);
    }
    static_cast<void>(given);
    const std::string wrong = to_utf8(name);
    // These have words of their own; sorted() leaves its keywords to list.sort().
    if (short_name(signature) == "zip_longest")
      return heap.raise(BuiltinType::kTypeError, "zip_longest() got an unexpected keyword argument");
    if (short_name(signature) == "enumerate")
      return heap.raise(BuiltinType::kTypeError, "'{}' is an invalid keyword argument for enumerate()", wrong);
    const std::string shown(short_name(signature) == "sorted" ? "sort" : short_name(signature));
    std::vector<std::string> known;
    for (uint32_t i = first; i < signature.count; ++i) known.emplace_back(signature.parameter(i));
    std::string hint = base::nearest_name(known, wrong);
    if (!hint.empty()) hint = fmt::format(". Did you mean '{}'?", hint);
    return heap.raise(BuiltinType::kTypeError, "{}() got an unexpected keyword argument '{}'{}",
                      shown, wrong, hint);
  }
};

Result<Ref<Value>> bind_and_call(Heap& heap, const NativeDefinition& definition, Value* arguments,
                                 uint32_t given, const Value* keyword_values, Tuple* keyword_names) {
  const Signature& signature = definition.signature;
  const auto keywords = static_cast<uint32_t>(keyword_names ? keyword_names->length : 0);
  const Style style = style_of(signature);
  const uint32_t shown = given - std::min(given, signature.bound);
  if (keywords > 0 && style != Style::kKeywords) {
    return heap.raise(BuiltinType::kTypeError, "{}{}() takes no keyword arguments",
                      style == Style::kSlot ? "wrapper " : "", full_name(signature));
  }
  const bool too_many =
      !signature.variadic &&
      (given > signature.positional || (!signature.keyword_variadic && given + keywords > signature.count));
  // Of the parameters with a name, a missing one is named instead.
  const uint32_t nameless = style == Style::kKeywords
                                ? std::min(signature.required, signature.positional_only)
                                : signature.required;
  if (too_many || given < nameless) return raise_count(heap, signature, shown, keywords);

  Value slots[Signature::kMaxParameters + 1];
  if (!signature.variadic) std::copy_n(arguments, given, slots);
  Binding binding{heap, signature, slots, {}};
  if (!signature.variadic) {
    for (uint32_t i = given; i < signature.required; ++i) {
      const bool named = std::any_of(
          keyword_names ? keyword_names->items() : nullptr,
          keyword_names ? keyword_names->items() + keywords : nullptr,
          [&](Value name) { return equal(static_cast<Str*>(name.as_object()), signature.parameter(i)); });
      if (!named) {
        const bool numbered = short_name(signature) != "enumerate";  // which reads its arguments itself
        return heap.raise(BuiltinType::kTypeError, "{}() missing required argument '{}'{}", short_name(signature),
                          signature.parameter(i), numbered ? fmt::format(" (pos {})", i + 1 - signature.bound) : "");
      }
    }
  }
  for (uint32_t i = 0; i < keywords; ++i) {
    MINI_TRY(binding.bind_keyword(static_cast<Str*>(keyword_names->items()[i].as_object()), keyword_values[i],
                                  given));
  }
  if (binding.extra) slots[signature.count] = Value(binding.extra.get());
  Call call{heap, signature.variadic ? arguments : slots, given,
            slots + (signature.variadic ? signature.positional : signature.count), &definition};
  return definition.function(call);
}

}  // namespace

Result<Ref<Value>> call_native(Heap& heap, const NativeDefinition& definition, Value self, Value* arguments,
                               uint32_t count, Tuple* keyword_names) {
  const Signature& signature = definition.signature;
  const bool takes = !keyword_names && signature.takes(count + !self.is_unbound());
  // What is left out, and `self`, get room here.
  constexpr uint32_t kLocal = 16;
  static_assert(kLocal > Signature::kMaxParameters);
  Value local[kLocal];
  if (self.is_unbound()) {
    if (!takes) return bind_and_call(heap, definition, arguments, count, arguments + count, keyword_names);
    const uint32_t left_out = signature.left_out(count);
    if (left_out == 0) return call_in_place(heap, definition, arguments, count);
    if (count + left_out > kLocal) return bind_and_call(heap, definition, arguments, count, arguments + count, nullptr);
    std::copy_n(arguments, count, local);
    return call_in_place(heap, definition, local, count);
  }
  // `self` has to stand before the others.
  const uint32_t room = count + 1 + (takes ? signature.left_out(count + 1) : 0);
  Value* all = local;
  if (room > kLocal) {
    all = static_cast<Value*>(heap.allocate_buffer(room * sizeof(Value)));
    if (!all) return raised;
  }
  all[0] = self;
  std::copy_n(arguments, count, all + 1);
  Result<Ref<Value>> result = takes ? call_in_place(heap, definition, all, count + 1)
                                    : bind_and_call(heap, definition, all, count + 1, arguments + count, keyword_names);
  if (all != local) heap.release_buffer(all, room * sizeof(Value));
  return result;
}

Result<Ref<Value>> call_descriptor(Heap& heap, MethodDescriptor* method, Value* arguments, uint32_t count,
                                   Tuple* keyword_names) {
  const NativeDefinition& definition = *method->definition;
  if (method->kind == MethodDescriptor::kStaticMethod) {
    return call_native(heap, definition, kUnbound, arguments, count, keyword_names);
  }
  if (count > 0 && (heap.type_of(arguments[0]) == method->owner || method->kind == MethodDescriptor::kClassMethod ||
                    is_subtype(heap.type_of(arguments[0]), method->owner))) [[likely]] {
    return call_native(heap, definition, kUnbound, arguments, count, keyword_names);
  }
  const bool slot = method->kind == MethodDescriptor::kSlotMethod;
  const std::string_view name = short_name(definition.signature);
  const std::string owner = to_utf8(method->owner->name);
  if (count == 0) {
    if (slot) {
      return heap.raise(BuiltinType::kTypeError, "descriptor '{}' of '{}' object needs an argument", name, owner);
    }
    return heap.raise(BuiltinType::kTypeError, "unbound method {}.{}() needs an argument", owner, name);
  }
  if (slot) {
    return heap.raise(BuiltinType::kTypeError, "descriptor '{}' requires a '{}' object but received a '{}'", name,
                      owner, type_name(heap, arguments[0]));
  }
  return heap.raise(BuiltinType::kTypeError, "descriptor '{}' for '{}' objects doesn't apply to a '{}' object", name,
                    owner, type_name(heap, arguments[0]));
}

}  // namespace mini::object
