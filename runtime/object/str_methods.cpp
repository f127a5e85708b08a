// str(), and the methods of str that search and test.
#include "runtime/object/str_methods.h"

#include <algorithm>

#include "runtime/base/unicode.h"
#include "runtime/object/bytes_text.h"
#include "runtime/object/format.h"
#include "runtime/object/number.h"
#include "runtime/object/str_search.h"

namespace mini::object {

namespace {

// ---- str()

Result<Ref<Str>> text_of(Call& call) {
  Heap& heap = call.heap;
  if (call.count > 4)
    return heap.raise(BuiltinType::kTypeError, "str expected at most 3 arguments, got {}", call.count - 1);
  if (!call.has(2) && !call.has(3)) return call.has(1) ? str(heap, call[1]) : make_blank_str(heap, 0, false);
  for (uint32_t i : {2u, 3u}) {
    if (call.has(i) && !as_str(heap, call[i])) {
      return heap.raise(BuiltinType::kTypeError, "str() argument '{}' must be str, not {}",
                        i == 2 ? "encoding" : "errors", type_name(heap, call[i]));
    }
  }
  if (!call.has(1)) return make_blank_str(heap, 0, false);
  if (as_str(heap, call[1])) return heap.raise(BuiltinType::kTypeError, "decoding str is not supported");
  if (!is_bytes(call[1])) {
    return heap.raise(BuiltinType::kTypeError, "decoding to str: need a bytes-like object, {} found",
                      type_name(heap, call[1]));
  }
  return decode(heap, static_cast<Bytes*>(call[1].as_object()), call[2], call[3], "str()");
}

Result<Ref<Value>> construct(Call& call) {
  Type* type = static_cast<Type*>(call[0].as_object());
  Ref<Str> text = MINI_TRY(text_of(call));
  if (type == call.heap.type(BuiltinType::kStr)) return Ref<Value>(std::move(text));
  return widen(make_str_of_type(call.heap, type, text.get()));
}

// ---- searching

Result<int64_t> search(Call& call, std::string_view method, bool last) {
  Str* piece = MINI_TRY(str_argument(call, 1, method));
  Section section = MINI_TRY(section_of(call, 2, 3));
  if (!section.valid) return -1;
  return (last ? find_last : find)(self_of(call), piece, section.start, section.end);
}

Result<Ref<Value>> found(Call& call, std::string_view method, bool last) {
  int64_t at = MINI_TRY(search(call, method, last));
  if (at < 0 && method.ends_with("index"))
    return call.heap.raise(BuiltinType::kValueError, "substring not found");
  return make_int(call.heap, at);
}
Result<Ref<Value>> str_find(Call& call) {
  return found(call, "find", false);
}
Result<Ref<Value>> str_rfind(Call& call) {
  return found(call, "rfind", true);
}
Result<Ref<Value>> str_index(Call& call) {
  return found(call, "index", false);
}
Result<Ref<Value>> str_rindex(Call& call) {
  return found(call, "rindex", true);
}

Result<Ref<Value>> str_count(Call& call) {
  Str* piece = MINI_TRY(str_argument(call, 1, "count"));
  Section section = MINI_TRY(section_of(call, 2, 3));
  size_t count = section.valid ? count_occurrences(self_of(call), piece, section.start, section.end) : 0;
  return make_int(call.heap, static_cast<int64_t>(count));
}

/// startswith and endswith: one text, or a tuple of them.
Result<Ref<Value>> affix(Call& call, const char* method, bool at_end) {
  Heap& heap = call.heap;
  Section section = MINI_TRY(section_of(call, 2, 3));
  auto stands = [&](const Str* piece) {
    if (!section.valid || piece->length > section.end - section.start) return false;
    return stands_at(self_of(call), piece, at_end ? section.end - piece->length : section.start);
  };
  if (const Str* piece = as_str(heap, call[1])) return Ref<Value>(stands(piece));
  if (!has_kind(call[1], BuiltinType::kTuple)) {
    return heap.raise(BuiltinType::kTypeError, "{} first arg must be str or a tuple of str, not {}", method,
                      type_name(heap, call[1]));
  }
  for (Value candidate : items_of(call[1])) {
    const Str* piece = as_str(heap, candidate);
    if (!piece) {
      return heap.raise(BuiltinType::kTypeError, "tuple for {} must only contain str, not {}", method,
                        type_name(heap, candidate));
    }
    if (stands(piece)) return Ref<Value>(true);
  }
  return Ref<Value>(false);
}
Result<Ref<Value>> str_startswith(Call& call) {
  return affix(call, "startswith", false);
}
Result<Ref<Value>> str_endswith(Call& call) {
  return affix(call, "endswith", true);
}

Result<Ref<Value>> str_removeprefix(Call& call) {
  const Str* piece = as_str(call.heap, call[1]);
  if (!piece) {
    return call.heap.raise(BuiltinType::kTypeError, "removeprefix() argument must be str, not {}",
                           type_name(call.heap, call[1]));
  }
  Str* text = self_of(call);
  return widen(substring(call.heap, text, stands_at(text, piece, 0) ? piece->length : 0, text->length));
}

Result<Ref<Value>> str_removesuffix(Call& call) {
  const Str* piece = as_str(call.heap, call[1]);
  if (!piece) {
    return call.heap.raise(BuiltinType::kTypeError, "removesuffix() argument must be str, not {}",
                           type_name(call.heap, call[1]));
  }
  Str* text = self_of(call);
  bool stands = piece->length <= text->length && stands_at(text, piece, text->length - piece->length);
  return widen(substring(call.heap, text, 0, text->length - (stands ? piece->length : 0)));
}

// ---- tests

Result<Ref<Value>> every(Call& call, bool (*test)(char32_t), bool empty = false) {
  const Str* text = self_of(call);
  for (size_t i = 0; i < text->length; ++i) {
    if (!test(text->at(i))) return Ref<Value>(false);
  }
  return Ref<Value>(text->length > 0 || empty);
}
Result<Ref<Value>> str_isalnum(Call& call) {
  return every(call, base::is_alphanumeric);
}
Result<Ref<Value>> str_isalpha(Call& call) {
  return every(call, base::is_alpha);
}
Result<Ref<Value>> str_isdecimal(Call& call) {
  return every(call, base::is_decimal);
}
Result<Ref<Value>> str_isdigit(Call& call) {
  return every(call, base::is_digit);
}
Result<Ref<Value>> str_isnumeric(Call& call) {
  return every(call, base::is_numeric);
}
Result<Ref<Value>> str_isspace(Call& call) {
  return every(call, base::is_space);
}
Result<Ref<Value>> str_isprintable(Call& call) {
  return every(call, base::is_printable, true);
}
Result<Ref<Value>> str_isascii(Call& call) {
  return Ref<Value>(!self_of(call)->wide);
}

Result<Ref<Value>> str_isidentifier(Call& call) {
  return Ref<Value>(is_identifier(self_of(call)));
}

/// At least one cased character, and none of the other case.
Result<Ref<Value>> one_case(Call& call, bool (*wanted)(char32_t), bool (*other)(char32_t)) {
  const Str* text = self_of(call);
  bool any = false;
  for (size_t i = 0; i < text->length; ++i) {
    if (other(text->at(i)) || base::is_title(text->at(i))) return Ref<Value>(false);
    any |= wanted(text->at(i));
  }
  return Ref<Value>(any);
}
Result<Ref<Value>> str_isupper(Call& call) {
  return one_case(call, base::is_upper, base::is_lower);
}
Result<Ref<Value>> str_islower(Call& call) {
  return one_case(call, base::is_lower, base::is_upper);
}

Result<Ref<Value>> str_istitle(Call& call) {
  const Str* text = self_of(call);
  bool any = false, inside = false;
  for (size_t i = 0; i < text->length; ++i) {
    char32_t unit = text->at(i);
    bool upper = base::is_upper(unit) || base::is_title(unit), lower = base::is_lower(unit);
    if ((upper && inside) || (lower && !inside)) return Ref<Value>(false);
    inside = upper || lower;
    any |= inside;
  }
  return Ref<Value>(any);
}

Result<Ref<Value>> str_encode(Call& call) {
  return widen(encode(call.heap, self_of(call), call[1], call[2], "encode()"));
}

constexpr NativeDefinition kStrMethods[] = {
    {"str.__format__(self, format_spec, /)", format_in_its_own_way},
    {"str.count(self, sub, start=None, end=None, /)", str_count},
    {"str.encode(self, /, encoding='utf-8', errors='strict')", str_encode},
    {"str.endswith(self, suffix, start=None, end=None, /)", str_endswith},
    {"str.find(self, sub, start=None, end=None, /)", str_find},
    {"str.format(self, *args, **kwargs)", format_method},
    {"str.format_map(self, mapping, /)", format_map_method},
    {"str.index(self, sub, start=None, end=None, /)", str_index},
    {"str.isalnum(self, /)", str_isalnum},
    {"str.isalpha(self, /)", str_isalpha},
    {"str.isascii(self, /)", str_isascii},
    {"str.isdecimal(self, /)", str_isdecimal},
    {"str.isdigit(self, /)", str_isdigit},
    {"str.isidentifier(self, /)", str_isidentifier},
    {"str.islower(self, /)", str_islower},
    {"str.isnumeric(self, /)", str_isnumeric},
    {"str.isprintable(self, /)", str_isprintable},
    {"str.isspace(self, /)", str_isspace},
    {"str.istitle(self, /)", str_istitle},
    {"str.isupper(self, /)", str_isupper},
    {"str.removeprefix(self, prefix, /)", str_removeprefix},
    {"str.removesuffix(self, suffix, /)", str_removesuffix},
    {"str.rfind(self, sub, start=None, end=None, /)", str_rfind},
    {"str.rindex(self, sub, start=None, end=None, /)", str_rindex},
    {"str.startswith(self, prefix, start=None, end=None, /)", str_startswith},
};

}  // namespace

constinit const NativeDefinition kStrConstructor = {
    "str.__new__(type, object='', encoding='utf-8', errors='strict')", construct};

Result<Str*> str_argument(Call& call, uint32_t index, std::string_view method) {
  if (Str* text = as_str(call.heap, call[index])) return text;
  return call.heap.raise(BuiltinType::kTypeError, "{}() argument {} must be str, not {}", method, index,
                         type_name(call.heap, call[index]));
}

Result<Section> section_of(Call& call, uint32_t start, uint32_t stop) {
  int64_t length = self_of(call)->length;
  if (!call.has(start) && !call.has(stop)) [[likely]] return Section{0, static_cast<size_t>(length), true};
  int64_t numbers[] = {0, length};
  for (uint32_t i = 0; i < 2; ++i) {
    Value bound = call[i == 0 ? start : stop];
    if (bound.is_unbound() || bound.is_none()) [[likely]] continue;
    if (!is_index(call.heap, bound)) {
      return call.heap.raise(BuiltinType::kTypeError,
                             "slice indices must be integers or None or have an __index__ method");
    }
    numbers[i] = MINI_TRY(to_clamped_int64(call.heap, bound));
    if (numbers[i] < 0) numbers[i] = std::max<int64_t>(numbers[i] + length, 0);
  }
  numbers[1] = std::min(numbers[1], length);
  return Section{static_cast<size_t>(numbers[0]), static_cast<size_t>(numbers[1]), numbers[0] <= numbers[1]};
}

Result<void> define_str_methods(Heap& heap) {
  MINI_TRY(add_methods(heap, heap.type(BuiltinType::kStr), kStrMethods, std::size(kStrMethods)));
  MINI_TRY(add_split_methods(heap));
  return add_case_methods(heap);
}

}  // namespace mini::object
