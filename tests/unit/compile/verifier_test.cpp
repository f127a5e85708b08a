// The verifier on compiled code and on code that was broken on purpose.
#include "interp/bytecode/verifier.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/unit/compile/compiled.h"

using namespace mini;
using namespace mini::bytecode;
using compile::compiled;
using compile::inner;

namespace {

const std::string kScript =
    "def f(a, *b, c=1, **d):\n"
    "  for i in a:\n"
    "    try:\n"
    "      with b as e: return [x for x in e if x], c\n"
    "    except d as g:\n"
    "      while i: i -= 1\n"
    "      continue\n"
    "    finally:\n"
    "      print(i, *b, **d)\n"
    "  return f'{a!r:>{c}}'\n";

uint32_t find(const Code& code, Opcode opcode) {
  for (uint32_t i = 0; i < code.units.size(); ++i) {
    if (code.units[i].opcode == opcode) return i;
  }
  FAIL("no " << name(opcode));
  return 0;
}

std::string error_after(const Code& code, uint32_t index, CodeUnit unit) {
  Code broken = code;
  broken.units[index] = unit;
  return verify(broken).error;
}

}  // namespace

TEST_CASE("compiled code is sound, and its sizes are the verifier's") {
  const auto code = inner(*compiled(kScript), "f");
  const Verification verification = verify(*code);
  CHECK(verification.error == "");
  CHECK(code->stack_size == verification.stack_size);
  CHECK(code->block_depth == verification.block_depth);
  CHECK(verification.block_depth >= 3);
}

TEST_CASE("operands out of range are found, each kind") {
  const auto code = inner(*compiled(kScript), "f");
  for (Opcode opcode :
       {Opcode::LOAD_CONST, Opcode::LOAD_FAST, Opcode::LOAD_GLOBAL, Opcode::JUMP_ABSOLUTE, Opcode::FOR_ITER,
        Opcode::SETUP_FINALLY, Opcode::FORMAT_VALUE, Opcode::RAISE_VARARGS}) {
    CAPTURE(name(opcode));
    const uint32_t index =
        opcode == Opcode::RAISE_VARARGS ? find(*code, Opcode::RERAISE) : find(*code, opcode);
    CHECK(error_after(*code, index, {opcode, 251}) != "");
  }
  CHECK(error_after(*code, 0, {static_cast<Opcode>(200), 0}).find("unknown opcode") != std::string::npos);
  CHECK(error_after(*code, find(*code, Opcode::POP_TOP), {Opcode::POP_TOP, 1}).find("argument") !=
        std::string::npos);
}

TEST_CASE("a stack that is not equally high on all ways, or not high enough, is found") {
  const auto code = compiled("for i in a: f(i)\n");
  CHECK(error_after(*code, find(*code, Opcode::POP_TOP), {Opcode::NOP, 0}).find("stack height") !=
        std::string::npos);
  CHECK(error_after(*code, find(*code, Opcode::CALL_FUNCTION), {Opcode::CALL_FUNCTION, 9})
            .find("takes 10 values") != std::string::npos);
  CHECK(error_after(*code, find(*code, Opcode::GET_ITER), {Opcode::POP_TOP, 0}) != "");
  const auto list = inner(*compiled("[a for a in b]"), "<listcomp>");
  for (uint8_t depth : {0, 3}) {
    CHECK(error_after(*list, find(*list, Opcode::LIST_APPEND), {Opcode::LIST_APPEND, depth})
              .find("reaches for") != std::string::npos);
  }
}

TEST_CASE("blocks that are not closed, or closed twice, are found") {
  const auto code = inner(*compiled(kScript), "f");
  CHECK(error_after(*code, find(*code, Opcode::POP_BLOCK), {Opcode::NOP, 0}) != "");
  CHECK(error_after(*code, find(*code, Opcode::SETUP_FINALLY), {Opcode::NOP, 0}) != "");
  CHECK(error_after(*code, find(*code, Opcode::POP_EXCEPT), {Opcode::NOP, 0}) != "");
  CHECK(error_after(*code, find(*code, Opcode::POP_EXCEPT), {Opcode::POP_BLOCK, 0}) != "");
}

TEST_CASE("code that runs off its end, or into the middle of an instruction, is found") {
  Code code = *compiled("a\n");
  code.units.pop_back();
  CHECK(verify(code).error.find("runs off the end") != std::string::npos);
  code.units.push_back({Opcode::EXTENDED_ARG, 0});
  CHECK(verify(code).error.find("nothing to extend") != std::string::npos);
  code.units = {{Opcode::JUMP_FORWARD, 2}, {Opcode::EXTENDED_ARG, 0}, {Opcode::JUMP_ABSOLUTE, 0}};
  CHECK(verify(code).error.find("is jumped into") != std::string::npos);
  code.units.clear();
  CHECK(verify(code).error != "");
}

TEST_CASE("whatever one byte becomes, the verifier answers, and never accepts a stack below zero") {
  const auto code = inner(*compiled(kScript), "f");
  std::mt19937 random(39);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Code broken = *code;
    CodeUnit& unit = broken.units[random() % broken.units.size()];
    (random() % 2 ? reinterpret_cast<uint8_t&>(unit.opcode) : unit.argument) = static_cast<uint8_t>(random());
    const Verification verification = verify(broken);
    if (verification.error.empty()) {
      ++accepted;
      CHECK(verification.stack_size < 1000);
    }
  }
  CHECK(accepted > 0);
  CHECK(accepted < 10000);
}
