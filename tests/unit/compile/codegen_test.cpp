// Code generation where no CPython is at hand: one recorded listing, and what no listing shows.
#include "interp/compile/codegen.h"

#include <doctest/doctest.h>

#include <string>

#include "interp/bytecode/dis.h"
#include "tests/unit/compile/compiled.h"

using namespace mini;
using namespace mini::bytecode;
using compile::compiled;
using compile::CompileMode;
using compile::inner;

TEST_CASE("a function with a loop, an exception handler and a finally clause, as CPython 3.9 lists it") {
  const std::string text =
      "def f(a):\n"
      "    for b in a:\n"
      "        try:\n"
      "            return c(b)\n"
      "        except d:\n"
      "            continue\n"
      "        finally:\n"
      "            e\n";
  CHECK(disassemble(*inner(*compiled(text), "f"), std::nullopt) ==
        "  2           0 LOAD_FAST                0 (a)\n"
        "              2 GET_ITER\n"
        "        >>    4 FOR_ITER                70 (to 76)\n"
        "              6 STORE_FAST               1 (b)\n"
        "\n"
        "  3           8 SETUP_FINALLY           58 (to 68)\n"
        "             10 SETUP_FINALLY           20 (to 32)\n"
        "\n"
        "  4          12 LOAD_GLOBAL              0 (c)\n"
        "             14 LOAD_FAST                1 (b)\n"
        "             16 CALL_FUNCTION            1\n"
        "             18 POP_BLOCK\n"
        "             20 POP_BLOCK\n"
        "\n"
        "  8          22 LOAD_GLOBAL              1 (e)\n"
        "             24 POP_TOP\n"
        "\n"
        "  4          26 ROT_TWO\n"
        "             28 POP_TOP\n"
        "             30 RETURN_VALUE\n"
        "\n"
        "  5     >>   32 DUP_TOP\n"
        "             34 LOAD_GLOBAL              2 (d)\n"
        "             36 JUMP_IF_NOT_EXC_MATCH    58\n"
        "             38 POP_TOP\n"
        "             40 POP_TOP\n"
        "             42 POP_TOP\n"
        "\n"
        "  6          44 POP_EXCEPT\n"
        "             46 POP_BLOCK\n"
        "\n"
        "  8          48 LOAD_GLOBAL              1 (e)\n"
        "             50 POP_TOP\n"
        "\n"
        "  6          52 JUMP_ABSOLUTE            4\n"
        "             54 POP_EXCEPT\n"
        "             56 JUMP_FORWARD             2 (to 60)\n"
        "        >>   58 RERAISE\n"
        "        >>   60 POP_BLOCK\n"
        "\n"
        "  8          62 LOAD_GLOBAL              1 (e)\n"
        "             64 POP_TOP\n"
        "             66 JUMP_ABSOLUTE            4\n"
        "        >>   68 LOAD_GLOBAL              1 (e)\n"
        "             70 POP_TOP\n"
        "             72 RERAISE\n"
        "             74 JUMP_ABSOLUTE            4\n"
        "        >>   76 LOAD_CONST               0 (None)\n"
        "             78 RETURN_VALUE\n");
}

TEST_CASE("positions are those of the operations, several lines included") {
  const auto code = compiled("x = (a\n     .b(\n       c) + d[e])\n");
  const auto position = [&](Opcode opcode) {
    for (uint32_t i = 0; i < code->units.size(); ++i) {
      if (code->units[i].opcode == opcode) return code->position(i);
    }
    FAIL("no " << name(opcode));
    return Position{};
  };
  CHECK(position(Opcode::CALL_METHOD) == Position{2, 3, 6, 9});
  CHECK(position(Opcode::BINARY_SUBSCR) == Position{3, 3, 12, 16});
  CHECK(position(Opcode::BINARY_ADD) == Position{1, 3, 5, 16});
}

TEST_CASE("the prompt prints values of expressions, also in blocks, but not in functions") {
  const auto prints = [](const Code& code) {
    for (const CodeUnit& unit : code.units) {
      if (unit.opcode == Opcode::PRINT_EXPR) return true;
    }
    return false;
  };
  CHECK(prints(*compiled("1\n", CompileMode::kSingle)));
  CHECK(prints(*compiled("if a: b\n\n", CompileMode::kSingle)));
  CHECK(!prints(*inner(*compiled("def f(): b\n\n", CompileMode::kSingle), "f")));
  CHECK(!prints(*compiled("1\n")));
}

TEST_CASE("eval code returns the value") {
  const auto code = compiled("a + b", CompileMode::kEval);
  CHECK(code->units.back() == CodeUnit{Opcode::RETURN_VALUE, 0});
  CHECK(code->units.size() == 4);
}

TEST_CASE("a clause that is compiled twice shares its constants") {
  const auto f = inner(*compiled("def f():\n  try: a\n  finally: [x for x in y]\n"), "f");
  int comprehensions = 0;
  for (const Literal& constant : f->constants) {
    comprehensions += std::holds_alternative<std::shared_ptr<const Code>>(constant.value);
  }
  CHECK(comprehensions == 1);
}

TEST_CASE("jumps over 255 units have EXTENDED_ARGs, as many as they need") {
  for (int statements : {100, 126, 127, 128, 129, 200, 40000}) {
    CAPTURE(statements);
    std::string text = "for i in a:\n  if i:\n";
    for (int i = 0; i < statements; ++i) text += "    b\n";
    const auto code = compiled(text);  // and so the verifier has followed the jumps
    const Instruction loop = decode(code->units, 2);
    CHECK(loop.opcode == Opcode::FOR_ITER);
    CHECK(code->units[loop.target()].opcode == Opcode::LOAD_CONST);
  }
}

TEST_CASE("trees as deep as the parser makes them are compiled") {
  std::string minuses(2000, '-');
  CHECK(compiled("x = " + minuses + "a\n")->units.size() > 2000);
  std::string chain = "a";
  for (int i = 0; i < 2000; ++i) chain += " + a";
  CHECK(compiled("x = " + chain + "\n")->stack_size == 2);
  std::string lambdas;
  for (int i = 0; i < 500; ++i) lambdas += "lambda: ";
  CHECK(compiled("x = " + lambdas + "a\n"));
}
