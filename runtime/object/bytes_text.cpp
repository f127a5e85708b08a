// The methods of bytes that look at them as ASCII text: kinds of letters, case, padding, tables.
#include <algorithm>
#include <array>

#include "runtime/object/bytes_text.h"
#include "runtime/object/number.h"

namespace mini::object {

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_upper(c) || is_lower(c); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// Kinds ---------------------------------------------------------------------------------------------------------------

/// All bytes are of the kind, and there is one.
template <bool (*kTest)(char)>
Result<Ref<Value>> all_are(Call& call) {
  const std::string_view text = self_bytes(call);
  return Ref<Value>(!text.empty() && std::all_of(text.begin(), text.end(), kTest));
}
bool is_letter_or_digit(char c) { return is_letter(c) || is_digit(c); }

/// There is a letter, and none of the other case.
template <bool (*kWanted)(char), bool (*kOther)(char)>
Result<Ref<Value>> only_case(Call& call) {
  const std::string_view text = self_bytes(call);
  return Ref<Value>(std::any_of(text.begin(), text.end(), kWanted) && std::none_of(text.begin(), text.end(), kOther));
}

Result<Ref<Value>> bytes_isascii(Call& call) {
  const std::string_view text = self_bytes(call);
  return Ref<Value>(std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

/// Each word begins with a capital, and goes on with small letters.
Result<Ref<Value>> bytes_istitle(Call& call) {
  bool inside = false, any = false;
  for (char c : self_bytes(call)) {
    if (inside ? is_upper(c) : is_lower(c)) return Ref<Value>(false);
    inside = is_letter(c);
    any |= inside;
  }
  return Ref<Value>(any);
}

// Case ----------------------------------------------------------------------------------------------------------------

template <char (*kChange)(char)>
Result<Ref<Value>> changed(Call& call) {
  std::string out(self_bytes(call));
  std::transform(out.begin(), out.end(), out.begin(), kChange);
  return new_bytes(call.heap, out);
}
char swap_case(char c) { return is_upper(c) ? to_lower(c) : to_upper(c); }

Result<Ref<Value>> bytes_capitalize(Call& call) {
  std::string out(self_bytes(call));
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  if (!out.empty()) out.front() = to_upper(out.front());
  return new_bytes(call.heap, out);
}

Result<Ref<Value>> bytes_title(Call& call) {
  std::string out(self_bytes(call));
  bool inside = false;
  for (char& c : out) {
    c = inside ? to_lower(c) : to_upper(c);
    inside = is_letter(c);
  }
  return new_bytes(call.heap, out);
}

// Padding -------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> padded(Call& call, size_t left, size_t right, char fill) {
  const std::string_view text = self_bytes(call);
  if (left + right == 0 && call[0].as_object()->type == call.heap.type(BuiltinType::kBytes)) return Ref<Value>::share(call[0]);
  if (left + right > Str::kMaxLength - text.size()) return call.heap.raise_memory_error();
  Ref<Bytes> made = MINI_TRY(make_blank_bytes(call.heap, left + text.size() + right));
  auto* out = reinterpret_cast<char*>(made->data());
  std::fill_n(out, left, fill);
  std::copy(text.begin(), text.end(), out + left);
  std::fill_n(out + left + text.size(), right, fill);
  return Ref<Value>(std::move(made));
}

size_t missing(Call& call, int64_t width) {
  const auto length = static_cast<int64_t>(self_bytes(call).size());
  return width > length ? static_cast<size_t>(width - length) : 0;
}

enum class Side { kLeft, kRight, kCenter };

template <Side kSide>
Result<Ref<Value>> justify(Call& call) {
  const int64_t width = MINI_TRY(to_int64(call.heap, call[1], "index"));
  char fill = ' ';
  if (call.has(2)) {
    if (!is_bytes(call[2]) || view_of(call[2]).size() != 1) {
      return call.heap.raise(BuiltinType::kTypeError, "{}() argument 2 must be a byte string of length 1, not {}",
                             call.definition->signature.name.substr(sizeof "bytes." - 1), type_name(call.heap, call[2]));
    }
    fill = view_of(call[2]).front();
  }
  const size_t more = missing(call, width);
  // An odd blank goes to the left where the width is odd, as in str.center.
  const size_t left = kSide == Side::kLeft    ? 0
                      : kSide == Side::kRight ? more
                                              : more / 2 + (more & static_cast<size_t>(width) & 1);
  return padded(call, left, more - left, fill);
}

Result<Ref<Value>> bytes_zfill(Call& call) {
  const size_t more = missing(call, MINI_TRY(to_int64(call.heap, call[1], "index")));
  Ref<Value> result = MINI_TRY(padded(call, more, 0, '0'));
  const std::string_view text = self_bytes(call);
  if (more > 0 && !text.empty() && (text.front() == '+' || text.front() == '-')) {
    auto* out = static_cast<Bytes*>(result.get().as_object())->data();
    std::swap(out[0], out[more]);
  }
  return result;
}

Result<Ref<Value>> bytes_expandtabs(Call& call) {
  const int64_t tab = call.has(1) ? MINI_TRY(to_int64(call.heap, call[1])) : 8;
  std::string out;
  size_t column = 0;
  for (char c : self_bytes(call)) {
    if (c == '\t') {
      const size_t blanks = tab > 0 ? static_cast<size_t>(tab) - column % static_cast<size_t>(tab) : 0;
      if (blanks > Str::kMaxLength) return call.heap.raise_text(BuiltinType::kOverflowError, "result too long");
      out.append(blanks, ' ');
      column += blanks;
    } else {
      out += c;
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
  }
  return new_bytes(call.heap, out);
}

// Tables --------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> bytes_translate(Call& call) {
  std::optional<std::string_view> table;
  if (!call[1].is_none()) table = MINI_TRY(bytes_argument(call.heap, call[1]));
  if (table && table->size() != 256)
    return call.heap.raise_text(BuiltinType::kValueError, "translation table must be 256 characters long");
  const std::string_view unwanted = call.has(2) ? MINI_TRY(bytes_argument(call.heap, call[2])) : std::string_view();
  std::string out;
  for (char c : self_bytes(call))
    if (unwanted.find(c) == std::string_view::npos) out += table ? (*table)[static_cast<unsigned char>(c)] : c;
  return new_bytes(call.heap, out);
}

Result<Ref<Value>> bytes_maketrans(Call& call) {
  const std::string_view from = MINI_TRY(bytes_argument(call.heap, call[0])), to = MINI_TRY(bytes_argument(call.heap, call[1]));
  if (from.size() != to.size())
    return call.heap.raise_text(BuiltinType::kValueError, "maketrans arguments must have same length");
  std::array<char, 256> table;
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<char>(i);
  for (size_t i = 0; i < from.size(); ++i) table[static_cast<unsigned char>(from[i])] = to[i];
  return new_bytes(call.heap, {table.data(), table.size()});
}

constexpr NativeDefinition kBytesTextMethods[] = {
    {"bytes.capitalize(self, /)", bytes_capitalize},
    {"bytes.center(self, width, fillchar=b' ', /)", justify<Side::kCenter>},
    {"bytes.expandtabs(self, /, tabsize=8)", bytes_expandtabs},
    {"bytes.isalnum(self, /)", all_are<is_letter_or_digit>},
    {"bytes.isalpha(self, /)", all_are<is_letter>},
    {"bytes.isascii(self, /)", bytes_isascii},
    {"bytes.isdigit(self, /)", all_are<is_digit>},
    {"bytes.islower(self, /)", only_case<is_lower, is_upper>},
    {"bytes.isspace(self, /)", all_are<is_space>},
    {"bytes.istitle(self, /)", bytes_istitle},
    {"bytes.isupper(self, /)", only_case<is_upper, is_lower>},
    {"bytes.ljust(self, width, fillchar=b' ', /)", justify<Side::kLeft>},
    {"bytes.lower(self, /)", changed<to_lower>},
    {"bytes.rjust(self, width, fillchar=b' ', /)", justify<Side::kRight>},
    {"bytes.swapcase(self, /)", changed<swap_case>},
    {"bytes.title(self, /)", bytes_title},
    {"bytes.translate(self, table, /, delete=b'')", bytes_translate},
    {"bytes.upper(self, /)", changed<to_upper>},
    {"bytes.zfill(self, width, /)", bytes_zfill},
};
constexpr NativeDefinition kBytesTextStaticMethods[] = {{"bytes.maketrans(frm, to, /)", bytes_maketrans}};

}  // namespace

Result<void> define_bytes_text_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kBytes);
  MINI_TRY(add_methods(heap, type, kBytesTextMethods, std::size(kBytesTextMethods)));
  return add_methods(heap, type, kBytesTextStaticMethods, std::size(kBytesTextStaticMethods), MethodDescriptor::kStaticMethod);
}

}  // namespace mini::object
