// Numbers are written seven bits a byte, the lowest first; signed ones zigzag. Texts stand in a table at the end, each once,
// and are named by their index: most names of a module occur many times.
#include "interp/bytecode/image.h"

#include <bit>
#include <unordered_map>

#include "runtime/base/assert.h"

namespace mini::bytecode {

namespace {

class Writer {
 public:
  std::string finish(const Code& top) {
    code(top);
    std::string body = std::move(bytes_);
    bytes_.clear();
    number(texts_.size());
    for (const std::string* each : texts_) {
      number(each->size());
      bytes_ += *each;
    }
    return std::move(bytes_) + body;
  }

 private:
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void signed_number(int64_t value) {
    number(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  void text(const std::string& value) {
    auto [found, is_new] = index_.try_emplace(value, index_.size());
    if (is_new) texts_.push_back(&found->first);
    number(found->second);
  }
  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const std::string& each : values) text(each);
  }

  void literals(const std::vector<Literal>& values) {
    number(values.size());
    for (const Literal& each : values) {
      number(each.value.index());
      std::visit([this](const auto& value) { literal(value); }, each.value);
    }
  }
  void literal(const NoneLiteral&) {}
  void literal(const EllipsisLiteral&) {}
  void literal(bool value) { number(value); }
  void literal(int64_t value) { signed_number(value); }
  void literal(double value) { number(std::bit_cast<uint64_t>(value)); }
  void literal(const BigIntegerLiteral& value) {
    number(value.negative);
    number(value.limbs.size());
    for (uint32_t limb : value.limbs) number(limb);
  }
  void literal(const StringLiteral& value) { text(value.text); }
  void literal(const BytesLiteral& value) { text(value.bytes); }
  void literal(const TupleLiteral& value) { literals(value.items); }
  void literal(const FrozenSetLiteral& value) { literals(value.items); }
  void literal(const std::shared_ptr<const Code>& value) { code(*value); }

  void code(const Code& value) {
    text(value.name);
    text(value.qualified_name);
    text(value.filename);
    for (uint32_t each : {value.first_line, value.flags, value.argument_count, value.positional_only_count,
                          value.keyword_only_count, value.stack_size, value.block_depth})
      number(each);
    number(value.units.size());
    bytes_.append(reinterpret_cast<const char*>(value.units.data()), value.units.size() * sizeof(CodeUnit));
    literals(value.constants);
    for (const auto* list : {&value.names, &value.varnames, &value.cellvars, &value.freevars}) texts(*list);
    number(value.cell_parameters.size());
    for (int32_t each : value.cell_parameters) signed_number(each);
    number(value.positions.size());
    PositionRun last{0, value.first_line, {value.first_line, 0, 0, 0}};
    for (const PositionRun& run : value.positions) {  // against the run before: most numbers take one byte
      const Position& at = run.position;
      number(run.start - last.start);
      signed_number(int64_t{run.listing_line} - last.listing_line);
      signed_number(int64_t{at.line} - last.position.line);
      signed_number(int64_t{at.end_line} - at.line);
      number(at.column);
      number(at.end_column);
      last = run;
    }
    number(value.while_back_edges.size());
    for (const WhileBackEdge& edge : value.while_back_edges)
      for (uint32_t each : {edge.jump, edge.head, edge.last_test, edge.body}) number(each);
  }

  std::string bytes_;
  std::unordered_map<std::string, uint64_t> index_;
  std::vector<const std::string*> texts_;  ///< keys of index_, in the order of their numbers
};

class Reader {
 public:
  explicit Reader(std::string_view image) : rest_(image) {
    texts_.resize(number());
    for (std::string_view& each : texts_) each = take(number());
  }

  std::shared_ptr<const Code> code() {
    auto made = std::make_shared<Code>();
    made->name = text();
    made->qualified_name = text();
    made->filename = text();
    for (uint32_t* each : {&made->first_line, &made->flags, &made->argument_count, &made->positional_only_count,
                           &made->keyword_only_count, &made->stack_size, &made->block_depth})
      *each = small();
    const size_t unit_count = number();
    const std::string_view units = take(unit_count * sizeof(CodeUnit));
    made->units.resize(unit_count);
    std::copy(units.begin(), units.end(), reinterpret_cast<char*>(made->units.data()));
    made->constants = literals();
    for (auto* list : {&made->names, &made->varnames, &made->cellvars, &made->freevars}) {
      list->resize(number());
      for (std::string& each : *list) each = text();
    }
    made->cell_parameters.resize(number());
    for (int32_t& each : made->cell_parameters) each = static_cast<int32_t>(signed_number());
    made->positions.resize(number());
    PositionRun last{0, made->first_line, {made->first_line, 0, 0, 0}};
    for (PositionRun& run : made->positions) {
      Position& at = run.position;
      run.start = last.start + small();
      run.listing_line = last.listing_line + static_cast<uint32_t>(signed_number());
      at.line = last.position.line + static_cast<uint32_t>(signed_number());
      at.end_line = at.line + static_cast<uint32_t>(signed_number());
      at.column = small();
      at.end_column = small();
      last = run;
    }
    made->while_back_edges.resize(number());
    for (WhileBackEdge& edge : made->while_back_edges)
      for (uint32_t* each : {&edge.jump, &edge.head, &edge.last_test, &edge.body}) *each = small();
    return made;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  uint64_t number() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      MINI_ASSERT(!rest_.empty());
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  uint32_t small() { return static_cast<uint32_t>(number()); }
  int64_t signed_number() {
    const uint64_t value = number();
    return static_cast<int64_t>(value >> 1 ^ (0 - (value & 1)));
  }
  std::string_view take(size_t size) {
    MINI_ASSERT(size <= rest_.size());
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view text() {
    const size_t index = number();
    MINI_ASSERT(index < texts_.size());
    return texts_[index];
  }

  std::vector<Literal> literals() {
    std::vector<Literal> values(number());
    for (Literal& each : values) each.value = literal(number());
    return values;
  }
  /// The alternative of Literal::Value with this index.
  template <size_t index = 0>
  Literal::Value literal(size_t wanted) {
    if constexpr (index < std::variant_size_v<Literal::Value>) {
      if (wanted != index) return literal<index + 1>(wanted);
      return read(std::type_identity<std::variant_alternative_t<index, Literal::Value>>());
    } else {
      MINI_ASSERT(false);
      return NoneLiteral();
    }
  }
  NoneLiteral read(std::type_identity<NoneLiteral>) { return {}; }
  EllipsisLiteral read(std::type_identity<EllipsisLiteral>) { return {}; }
  bool read(std::type_identity<bool>) { return number() != 0; }
  int64_t read(std::type_identity<int64_t>) { return signed_number(); }
  double read(std::type_identity<double>) { return std::bit_cast<double>(number()); }
  BigIntegerLiteral read(std::type_identity<BigIntegerLiteral>) {
    BigIntegerLiteral value{number() != 0, std::vector<uint32_t>(number())};
    for (uint32_t& limb : value.limbs) limb = small();
    return value;
  }
  StringLiteral read(std::type_identity<StringLiteral>) { return {std::string(text())}; }
  BytesLiteral read(std::type_identity<BytesLiteral>) { return {std::string(text())}; }
  TupleLiteral read(std::type_identity<TupleLiteral>) { return {literals()}; }
  FrozenSetLiteral read(std::type_identity<FrozenSetLiteral>) { return {literals()}; }
  std::shared_ptr<const Code> read(std::type_identity<std::shared_ptr<const Code>>) { return code(); }

  std::string_view rest_;
  std::vector<std::string_view> texts_;
};

}  // namespace

std::string write_image(const Code& code) { return Writer().finish(code); }

std::shared_ptr<const Code> read_image(std::string_view image) {
  Reader reader(image);
  auto code = reader.code();
  MINI_ASSERT(reader.at_end());
  return code;
}

}  // namespace mini::bytecode
