// The methods of str that change case, fill up to a width, or map characters.
#include <algorithm>

#include "runtime/base/unicode.h"
#include "runtime/base/utf8.h"
#include "runtime/object/number.h"
#include "runtime/object/str_methods.h"

namespace mini::object {

namespace {

// ---- case: ASCII here, everything else by base's tables

bool is_ascii_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_ascii_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
char ascii_upper(char c) {
  return is_ascii_lower(c) ? static_cast<char>(c - 32) : c;
}
char ascii_lower(char c) {
  return is_ascii_upper(c) ? static_cast<char>(c + 32) : c;
}
char ascii_swap(char c) {
  return is_ascii_lower(c) ? ascii_upper(c) : ascii_lower(c);
}

/// Full case folding: what the upper case is in lower case, but Cherokee letters fold to upper case, and the
/// dotless i to itself (compared with CPython 3.13 for every character).
std::string fold_case(std::string_view utf8) {
  std::string out;
  auto append = [&out](const base::CaseMapping& mapping) {
    for (unsigned i = 0; i < mapping.count; ++i) base::append_utf8(out, mapping.points[i]);
  };
  for (const char* at = utf8.data(); at != utf8.data() + utf8.size();) {
    auto [unit, size] = base::decode_utf8(at);
    at += size;
    bool cherokee = (unit >= 0x13a0 && unit <= 0x13fd) || (unit >= 0xab70 && unit <= 0xabbf);
    if (cherokee || unit == 0x131) {
      append(cherokee ? base::to_upper(unit) : base::CaseMapping{{unit}, 1});
      continue;
    }
    base::CaseMapping lower = base::to_lower(unit);
    for (unsigned i = 0; i < lower.count; ++i) {
      base::CaseMapping upper = base::to_upper(lower.points[i]);
      for (unsigned k = 0; k < upper.count; ++k) append(base::to_lower(upper.points[k]));
    }
  }
  return out;
}

template <char (*ascii)(char)>
Result<Ref<Value>> change_case(Call& call, std::string (*unicode)(std::string_view)) {
  const Str* text = self_of(call);
  if (text->wide) return widen(make_str(call.heap, unicode(to_utf8(text))));
  if (text->length == 1) {
    return widen(make_character(call.heap, static_cast<unsigned char>(ascii(*text->narrow()))));
  }
  Ref<Str> result = MINI_TRY(make_blank_str(call.heap, text->length, false));
  std::transform(text->narrow(), text->narrow() + text->length, result->narrow(), ascii);
  return Ref<Value>(std::move(result));
}
Result<Ref<Value>> str_upper(Call& call) {
  return change_case<ascii_upper>(call, base::upper);
}
Result<Ref<Value>> str_lower(Call& call) {
  return change_case<ascii_lower>(call, base::lower);
}
Result<Ref<Value>> str_casefold(Call& call) {
  return change_case<ascii_lower>(call, fold_case);
}
Result<Ref<Value>> str_swapcase(Call& call) {
  return change_case<ascii_swap>(call, base::swap_case);
}
Result<Ref<Value>> str_title(Call& call) {
  return widen(make_str(call.heap, base::title(to_utf8(self_of(call)))));
}
Result<Ref<Value>> str_capitalize(Call& call) {
  return widen(make_str(call.heap, base::capitalize(to_utf8(self_of(call)))));
}

// ---- width

/// The text with `left` and `right` fill characters around it.
Result<Ref<Value>> pad(Heap& heap, Str* text, size_t left, size_t right, char32_t fill) {
  if (left + right == 0) return widen(substring(heap, text, 0, text->length));
  size_t length = left + text->length + right;
  if (left > Str::kMaxLength || right > Str::kMaxLength || length > Str::kMaxLength)
    return heap.raise_memory_error();
  Ref<Str> result = MINI_TRY(make_blank_str(heap, length, text->wide || fill >= 0x80));
  auto write = [&](auto* out) {
    using Unit = std::remove_reference_t<decltype(*out)>;
    out = std::fill_n(out, left, static_cast<Unit>(fill));
    for (size_t i = 0; i < text->length; ++i) *out++ = static_cast<Unit>(text->at(i));
    std::fill_n(out, right, static_cast<Unit>(fill));
  };
  if (result->wide) {
    write(result->wide_units());
  } else {
    write(result->narrow());
  }
  return Ref<Value>(std::move(result));
}

enum class Side { kLeft, kRight, kCenter };

Result<Ref<Value>> justify(Call& call, Side side) {
  Heap& heap = call.heap;
  int64_t width = MINI_TRY(to_int64(heap, call[1], "index"));
  char32_t fill = ' ';
  if (call.has(2)) {
    const Str* given = as_str(heap, call[2]);
    if (!given) {
      return heap.raise(BuiltinType::kTypeError, "The fill character must be a unicode character, not {}",
                        type_name(heap, call[2]));
    }
    if (given->length != 1) {
      return heap.raise(BuiltinType::kTypeError, "The fill character must be exactly one character long");
    }
    fill = given->at(0);
  }
  Str* text = self_of(call);
  size_t missing = width > text->length ? static_cast<size_t>(width) - text->length : 0;
  // An odd blank goes to the left where the width is odd (str.center in CPython).
  size_t left = side == Side::kLeft    ? 0
                : side == Side::kRight ? missing
                                       : missing / 2 + (missing & static_cast<size_t>(width) & 1);
  return pad(heap, text, left, missing - left, fill);
}
Result<Ref<Value>> str_ljust(Call& call) {
  return justify(call, Side::kLeft);
}
Result<Ref<Value>> str_rjust(Call& call) {
  return justify(call, Side::kRight);
}
Result<Ref<Value>> str_center(Call& call) {
  return justify(call, Side::kCenter);
}

Result<Ref<Value>> str_zfill(Call& call) {
  int64_t width = MINI_TRY(to_int64(call.heap, call[1], "index"));
  Str* text = self_of(call);
  size_t missing = width > text->length ? static_cast<size_t>(width) - text->length : 0;
  Ref<Value> padded = MINI_TRY(pad(call.heap, text, missing, 0, '0'));
  if (missing == 0 || text->length == 0 || (text->at(0) != '+' && text->at(0) != '-')) return padded;
  Str* result = static_cast<Str*>(padded.get().as_object());
  if (result->wide) {
    std::swap(result->wide_units()[0], result->wide_units()[missing]);
  } else {
    std::swap(result->narrow()[0], result->narrow()[missing]);
  }
  return padded;
}

Result<Ref<Value>> str_expandtabs(Call& call) {
  int64_t tab = call.has(1) ? MINI_TRY(to_int64(call.heap, call[1])) : 8;
  const Str* text = self_of(call);
  std::u32string out;
  size_t column = 0;
  for (size_t i = 0; i < text->length; ++i) {
    char32_t unit = text->at(i);
    if (unit == '\t') {
      size_t blanks = tab > 0 ? static_cast<size_t>(tab) - column % static_cast<size_t>(tab) : 0;
      if (blanks > Str::kMaxLength)
        return call.heap.raise(BuiltinType::kOverflowError, "new string is too long");
      out.append(blanks, U' ');
      column += blanks;
    } else {
      out += unit;
      column = unit == '\n' || unit == '\r' ? 0 : column + 1;
    }
  }
  return widen(make_str(call.heap, out.data(), out.size()));
}

// ---- translate

Result<Ref<Value>> str_translate(Call& call) {
  Heap& heap = call.heap;
  Ref<Str> text = Ref<Str>::share(self_of(call));
  std::u32string out;
  for (size_t i = 0; i < text->length; ++i) {
    char32_t unit = text->at(i);
    Result<Ref<Value>> looked_up = get_item(heap, call[1], Value::integer(unit));
    if (!looked_up.ok()) {
      if (!heap.pending_is(BuiltinType::kLookupError)) return raised;
      static_cast<void>(heap.take_pending());
      out += unit;
      continue;
    }
    Ref<Value> mapped = looked_up.take_unchecked();
    if (mapped.get().is_none()) continue;
    if (const Str* replacement = as_str(heap, mapped)) {
      for (size_t k = 0; k < replacement->length; ++k) out += replacement->at(k);
    } else if (is_any_int(mapped)) {
      int64_t code = MINI_TRY(to_clamped_int64(heap, mapped));
      if (code < 0 || code > 0x10ffff) {
        return heap.raise(BuiltinType::kValueError, "character mapping must be in range(0x110000)");
      }
      out += static_cast<char32_t>(code);
    } else {
      return heap.raise(BuiltinType::kTypeError, "character mapping must return integer, None or str");
    }
  }
  return widen(make_str(heap, out.data(), out.size()));
}

/// maketrans(dict): the same with numbers as keys.
Result<Ref<Value>> table_from_dict(Heap& heap, Value source) {
  if (!has_kind(source, BuiltinType::kDict)) {
    return heap.raise(BuiltinType::kTypeError,
                      "if you give only one argument to maketrans it must be a dict");
  }
  Ref<Dict> table = MINI_TRY(make_dict(heap));
  Ref<Dict> dict = Ref<Dict>::share(static_cast<Dict*>(source.as_object()));
  for (uint32_t i = 0; i < dict->used; ++i) {
    Value key = dict->entries[i].key, value = dict->entries[i].value;
    if (key.is_unbound()) continue;
    if (const Str* text = as_str(heap, key)) {
      if (text->length != 1) {
        return heap.raise(BuiltinType::kValueError, "string keys in translate table must be of length 1");
      }
      key = Value::integer(text->at(0));
    } else if (!is_any_int(key)) {
      return heap.raise(BuiltinType::kTypeError, "keys in translate table must be strings or integers");
    }
    MINI_TRY(set(heap, table.get(), key, value));
  }
  return Ref<Value>(std::move(table));
}

Result<Ref<Value>> str_maketrans(Call& call) {
  Heap& heap = call.heap;
  if (!call.has(1)) return table_from_dict(heap, call[0]);
  const Str* parts[3] = {};
  for (uint32_t i = 0; i < 3 && call.has(i); ++i) {
    parts[i] = as_str(heap, call[i]);
    if (parts[i]) continue;
    if (i == 0) {
      return heap.raise(BuiltinType::kTypeError,
                        "first maketrans argument must be a string if there is a second argument");
    }
    return heap.raise(BuiltinType::kTypeError, "maketrans() argument {} must be str, not {}", i + 1,
                      type_name(heap, call[i]));
  }
  if (parts[0]->length != parts[1]->length) {
    return heap.raise(BuiltinType::kValueError, "the first two maketrans arguments must have equal length");
  }
  Ref<Dict> table = MINI_TRY(make_dict(heap));
  for (size_t i = 0; i < parts[0]->length; ++i) {
    MINI_TRY(set(heap, table.get(), Value::integer(parts[0]->at(i)), Value::integer(parts[1]->at(i))));
  }
  for (size_t i = 0; parts[2] && i < parts[2]->length; ++i) {
    MINI_TRY(set(heap, table.get(), Value::integer(parts[2]->at(i)), kNone));
  }
  return Ref<Value>(std::move(table));
}

constexpr NativeDefinition kStrCaseMethods[] = {
    {"str.capitalize(self, /)", str_capitalize},
    {"str.casefold(self, /)", str_casefold},
    {"str.center(self, width, fillchar=' ', /)", str_center},
    {"str.expandtabs(self, /, tabsize=8)", str_expandtabs},
    {"str.ljust(self, width, fillchar=' ', /)", str_ljust},
    {"str.lower(self, /)", str_lower},
    {"str.rjust(self, width, fillchar=' ', /)", str_rjust},
    {"str.swapcase(self, /)", str_swapcase},
    {"str.title(self, /)", str_title},
    {"str.translate(self, table, /)", str_translate},
    {"str.upper(self, /)", str_upper},
    {"str.zfill(self, width, /)", str_zfill},
};
constexpr NativeDefinition kStrCaseStaticMethods[] = {{"str.maketrans(x, y=None, z=None, /)", str_maketrans}};

}  // namespace

Result<void> add_case_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kStr);
  MINI_TRY(add_methods(heap, type, kStrCaseMethods, std::size(kStrCaseMethods)));
  return add_methods(heap, type, kStrCaseStaticMethods, std::size(kStrCaseStaticMethods), MethodDescriptor::kStaticMethod);
}

}  // namespace mini::object
