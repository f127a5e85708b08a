// Conversion and identity of constants.
#include "interp/compile/constants.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "runtime/base/assert.h"
#include "runtime/base/integer.h"

namespace mini::compile {

using namespace bytecode;
using ast::Constant;
using ast::ConstantKind;

namespace {

BigIntegerLiteral big_integer(const Constant& constant) {
  const auto value = base::Integer::parse(constant.text, constant.base);
  MINI_ASSERT(value);
  BigIntegerLiteral result{value->is_negative(), std::vector<uint32_t>(value->limb_count())};
  value->to_limbs(result.limbs);
  return result;
}

void encode(const Literal& literal, std::string& out);

/// Two code objects are one constant if they come from the same text, as a finally clause that is compiled twice.
void encode(const Code& code, std::string& out) {
  const auto bytes = [&](const auto& items) {
    out += std::to_string(items.size()) + ':';
    out.append(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(items[0]));
  };
  const auto texts = [&](const std::vector<std::string>& items) {
    out += std::to_string(items.size()) + ':';
    for (const std::string& item : items) bytes(item);
  };
  bytes(code.qualified_name);
  bytes(code.units);
  bytes(code.positions);
  texts(code.names);
  texts(code.varnames);
  texts(code.cellvars);
  texts(code.freevars);
  for (uint32_t number : {code.first_line, code.flags, code.argument_count, code.positional_only_count,
                          code.keyword_only_count, static_cast<uint32_t>(code.constants.size())}) {
    out += std::to_string(number) + ',';
  }
  for (const Literal& constant : code.constants) encode(constant, out);
}

/// Writes `literal` so that two have the same text exactly if they may be one constant: the kind's number, lengths and
/// bytes.
void encode(const Literal& literal, std::string& out) {
  const auto number = [&](uint64_t value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  out.push_back(static_cast<char>(literal.value.index()));
  std::visit(
      [&]<class T>(const T& value) {
        if constexpr (std::is_same_v<T, bool>) {
          number(value);
        } else if constexpr (std::is_same_v<T, int64_t>) {
          number(static_cast<uint64_t>(value));
        } else if constexpr (std::is_same_v<T, double>) {
          number(std::bit_cast<uint64_t>(value));
        } else if constexpr (std::is_same_v<T, BigIntegerLiteral>) {
          number(value.negative);
          number(value.limbs.size());
          for (uint32_t limb : value.limbs) number(limb);
        } else if constexpr (std::is_same_v<T, StringLiteral>) {
          number(value.text.size());
          out += value.text;
        } else if constexpr (std::is_same_v<T, BytesLiteral>) {
          number(value.bytes.size());
          out += value.bytes;
        } else if constexpr (std::is_same_v<T, TupleLiteral>) {
          number(value.items.size());
          for (const Literal& item : value.items) encode(item, out);
        } else if constexpr (std::is_same_v<T, FrozenSetLiteral>) {
          std::set<std::string> items;  // in whatever order they came
          for (const Literal& item : value.items) {
            std::string text;
            encode(item, text);
            items.insert(std::move(text));
          }
          number(items.size());
          for (const std::string& item : items) out += item;
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const Code>>) {
          encode(*value, out);
        }
      },
      literal.value);
}

/// Numbers that are equal in Python although their types differ, for the sake of sets; exact for what fits a
/// double.
bool equal_in_python(const Literal& a, const Literal& b) {
  const auto number = [](const Literal& literal) -> std::optional<double> {
    if (const auto* value = std::get_if<bool>(&literal.value)) return *value;
    if (const auto* value = std::get_if<double>(&literal.value)) return *value;
    if (const auto* value = std::get_if<int64_t>(&literal.value)) {
      const auto rounded = static_cast<double>(*value);
      if (std::abs(rounded) < 0x1p53) return rounded;
    }
    return std::nullopt;
  };
  const auto left = number(a);
  const auto right = number(b);
  if (left && right) return *left == *right;
  const auto* first = std::get_if<TupleLiteral>(&a.value);
  const auto* second = std::get_if<TupleLiteral>(&b.value);
  if (first && second) return std::ranges::equal(first->items, second->items, equal_in_python);
  return a.same(b);
}

}  // namespace

Literal to_literal(const Constant& constant) {
  switch (constant.constant) {
    case ConstantKind::kNone:
      return {NoneLiteral{}};
    case ConstantKind::kTrue:
      return {true};
    case ConstantKind::kFalse:
      return {false};
    case ConstantKind::kEllipsis:
      return {EllipsisLiteral{}};
    case ConstantKind::kInteger:
      return {constant.integer};
    case ConstantKind::kBigInteger:
      return {big_integer(constant)};
    case ConstantKind::kFloat:
      return {constant.floating};
    case ConstantKind::kString:
      return string_literal(constant.text);
    case ConstantKind::kBytes:
      return {BytesLiteral{std::string(constant.text)}};
    case ConstantKind::kTuple: {
      TupleLiteral tuple;
      for (const Constant* element : constant.elements) tuple.items.push_back(to_literal(*element));
      return {std::move(tuple)};
    }
    case ConstantKind::kFrozenSet:
      return frozen_set({constant.elements.begin(), constant.elements.end()});
  }
  MINI_UNREACHABLE();
}

Literal tuple_of_names(const std::vector<std::string_view>& names) {
  TupleLiteral tuple;
  for (std::string_view name : names) tuple.items.push_back(string_literal(name));
  return {std::move(tuple)};
}

Literal frozen_set(const std::vector<const Constant*>& constants) {
  FrozenSetLiteral set;
  for (const Constant* constant : constants) {
    Literal item = to_literal(*constant);
    const bool known =
        std::ranges::any_of(set.items, [&](const Literal& other) { return equal_in_python(other, item); });
    if (!known) set.items.push_back(std::move(item));
  }
  return {std::move(set)};
}

bool is_true(const Literal& literal) {
  return std::visit(
      []<class T>(const T& value) -> bool {
        if constexpr (std::is_same_v<T, NoneLiteral>) {
          return false;
        } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, int64_t> ||
                             std::is_same_v<T, double>) {
          return value != 0;
        } else if constexpr (std::is_same_v<T, StringLiteral>) {
          return !value.text.empty();
        } else if constexpr (std::is_same_v<T, BytesLiteral>) {
          return !value.bytes.empty();
        } else if constexpr (std::is_same_v<T, TupleLiteral> || std::is_same_v<T, FrozenSetLiteral>) {
          return !value.items.empty();
        } else {
          return true;
        }
      },
      literal.value);
}

bool is_true(const Constant& constant) {
  return is_true(to_literal(constant));
}

uint32_t ConstantTable::add(Literal literal) {
  std::string key;
  encode(literal, key);
  auto [entry, inserted] = index_.try_emplace(std::move(key), static_cast<uint32_t>(literals_.size()));
  if (inserted) literals_.push_back(std::move(literal));
  return entry->second;
}

uint32_t ConstantTable::append(Literal literal) {
  literals_.push_back(std::move(literal));
  return static_cast<uint32_t>(literals_.size() - 1);
}

}  // namespace mini::compile
