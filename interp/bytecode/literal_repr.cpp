// The text of constants in listings, as CPython's repr writes them.
#include <algorithm>

#include "interp/bytecode/code.h"
#include "runtime/base/integer.h"
#include "runtime/base/number.h"
#include "runtime/base/unicode.h"
#include "runtime/base/utf8.h"

namespace mini::bytecode {

namespace {

/// The quote that needs no escape, single if both or neither do.
char quote_for(std::string_view text) {
  return text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
}

std::string hex_escape(char letter, uint32_t value, int digits) {
  std::string text = {'\\', letter};
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

/// What both kinds of strings escape alike; empty for all others.
std::string common_escape(char32_t c, char quote) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  if (c == '\\' || c == static_cast<char32_t>(quote)) return {'\\', static_cast<char>(c)};
  return "";
}

std::string repr_of(const StringLiteral& literal) {
  const char quote = quote_for(literal.text);
  std::string result(1, quote);
  for (const char* at = literal.text.data(); at != literal.text.data() + literal.text.size();) {
    const auto [c, size] = base::decode_utf8(at);
    const std::string escape = common_escape(c, quote);
    if (!escape.empty()) {
      result += escape;
    } else if (base::is_printable(c)) {
      result.append(at, size);
    } else {
      result += c < 0x100     ? hex_escape('x', c, 2)
                : c < 0x10000 ? hex_escape('u', c, 4)
                              : hex_escape('U', c, 8);
    }
    at += size;
  }
  return result + quote;
}

std::string repr_of(const BytesLiteral& literal) {
  const char quote = quote_for(literal.bytes);
  std::string result = {'b', quote};
  for (char byte : literal.bytes) {
    const auto c = static_cast<unsigned char>(byte);
    const std::string escape = common_escape(c, quote);
    if (!escape.empty()) {
      result += escape;
    } else if (c < 0x20 || c >= 0x7F) {
      result += hex_escape('x', c, 2);
    } else {
      result += byte;
    }
  }
  return result + quote;
}

std::string joined(const std::vector<Literal>& items) {
  std::string result;
  for (const Literal& item : items) result += (result.empty() ? "" : ", ") + repr(item);
  return result;
}

}  // namespace

std::string repr(const Literal& literal) {
  return std::visit(
      []<class T>(const T& value) -> std::string {
        if constexpr (std::is_same_v<T, NoneLiteral>) {
          return "None";
        } else if constexpr (std::is_same_v<T, bool>) {
          return value ? "True" : "False";
        } else if constexpr (std::is_same_v<T, EllipsisLiteral>) {
          return "Ellipsis";
        } else if constexpr (std::is_same_v<T, int64_t>) {
          return std::to_string(value);
        } else if constexpr (std::is_same_v<T, BigIntegerLiteral>) {
          return base::Integer::from_limbs(value.limbs, value.negative).to_string();
        } else if constexpr (std::is_same_v<T, double>) {
          return base::float_repr(value);
        } else if constexpr (std::is_same_v<T, StringLiteral> || std::is_same_v<T, BytesLiteral>) {
          return repr_of(value);
        } else if constexpr (std::is_same_v<T, TupleLiteral>) {
          return "(" + joined(value.items) + (value.items.size() == 1 ? ",)" : ")");
        } else if constexpr (std::is_same_v<T, FrozenSetLiteral>) {
          return value.items.empty() ? "frozenset()" : "frozenset({" + joined(value.items) + "})";
        } else {
          return "<code object " + value->name + ", file \"" + value->filename + "\", line " +
                 std::to_string(value->first_line) + ">";
        }
      },
      literal.value);
}

}  // namespace mini::bytecode
