// Identity and text of constants, and how units become instructions.
#include <doctest/doctest.h>

#include "interp/bytecode/code.h"

using namespace mini::bytecode;

namespace {

Literal text(std::string value) {
  return {StringLiteral{std::move(value)}};
}

}  // namespace

TEST_CASE("constants are the same only with the same type and bits") {
  const std::vector<Literal> different = {{NoneLiteral{}},
                                          {EllipsisLiteral{}},
                                          {true},
                                          {false},
                                          {int64_t{1}},
                                          {int64_t{0}},
                                          {1.0},
                                          {0.0},
                                          {-0.0},
                                          text("1"),
                                          {BytesLiteral{"1"}},
                                          {TupleLiteral{}},
                                          {TupleLiteral{{{0.0}}}},
                                          {TupleLiteral{{{-0.0}}}},
                                          {FrozenSetLiteral{{{0.0}}}},
                                          {BigIntegerLiteral{false, {1, 2, 3}}},
                                          {BigIntegerLiteral{true, {1, 2, 3}}}};
  for (size_t i = 0; i < different.size(); ++i) {
    for (size_t j = 0; j < different.size(); ++j) CHECK(different[i].same(different[j]) == (i == j));
  }
}

TEST_CASE("constants print as repr prints them") {
  CHECK(repr(text("it's")) == R"("it's")");
  CHECK(repr(text("\"it's\"")) == R"('"it\'s"')");
  CHECK(repr(text("a\n\t\\\x01\x7f")) == R"('a\n\t\\\x01\x7f')");
  CHECK(repr(text("\xc3\xa9\xe2\x80\xa8\xed\xa0\x80")) == "'\xc3\xa9\\u2028\\ud800'");
  CHECK(repr({BytesLiteral{std::string("a'\0\xff", 4)}}) == R"(b"a'\x00\xff")");
  CHECK(repr({TupleLiteral{{{int64_t{1}}}}}) == "(1,)");
  CHECK(repr({TupleLiteral{{{int64_t{1}}, {NoneLiteral{}}}}}) == "(1, None)");
  CHECK(repr({FrozenSetLiteral{{{1.5}}}}) == "frozenset({1.5})");
  CHECK(repr({BigIntegerLiteral{true, {0, 0, 1}}}) == "-18446744073709551616");
  auto code = std::make_shared<Code>();
  code->name = "f";
  code->filename = "a.py";
  code->first_line = 7;
  CHECK(repr({std::shared_ptr<const Code>(code)}) == "<code object f, file \"a.py\", line 7>");
}

TEST_CASE("an instruction gathers its EXTENDED_ARGs") {
  const std::vector<CodeUnit> units = {{Opcode::EXTENDED_ARG, 1},
                                       {Opcode::EXTENDED_ARG, 2},
                                       {Opcode::LOAD_CONST, 3},
                                       {Opcode::JUMP_FORWARD, 4},
                                       {Opcode::EXTENDED_ARG, 1}};
  const Instruction first = decode(units, 0);
  CHECK(first.opcode == Opcode::LOAD_CONST);
  CHECK(first.argument == 0x010203);
  CHECK(first.start == 0);
  CHECK(first.index == 2);
  const Instruction jump = decode(units, first.next());
  CHECK(jump.target() == 6);
  CHECK(decode(units, 4).opcode == Opcode::EXTENDED_ARG);
}

TEST_CASE("positions are those of the run that an instruction is in") {
  Code code;
  code.positions = {{0, 1, {1, 1, 0, 5}}, {3, 2, {2, 2, 4, 6}}};
  CHECK(code.position(0).end_column == 5);
  CHECK(code.position(2).line == 1);
  CHECK(code.position(3).line == 2);
  CHECK(code.position_run(100).listing_line == 2);
}
