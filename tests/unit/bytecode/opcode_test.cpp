// The opcode table: what must hold between its columns. Numbers and stack effects are compared with CPython's
// by tests/bytecode_oracle.py.
#include <doctest/doctest.h>

#include <string>

#include "interp/bytecode/opcode.h"

using namespace mini::bytecode;

namespace {

template <class F>
void for_each_opcode(F&& f) {
  for (int number = 0; number < 256; ++number) {
    if (!is_opcode(static_cast<uint8_t>(number))) continue;
    CAPTURE(kOpcodes[static_cast<size_t>(number)].name);
    f(static_cast<Opcode>(number), info(static_cast<Opcode>(number)));
  }
}

}  // namespace

TEST_CASE("instructions from 90 on have an argument, those below have none") {
  for_each_opcode([](Opcode opcode, const OpcodeInfo&) {
    CHECK(has_argument(opcode) == (static_cast<int>(opcode) >= 90));
  });
}

TEST_CASE("what jumps or opens a block has a target, and nothing else") {
  for_each_opcode([](Opcode opcode, const OpcodeInfo& what) {
    const bool goes_elsewhere =
        what.flow == Flow::Branch || what.flow == Flow::Goto || what.flow == Flow::Opens;
    CHECK(is_jump(opcode) == goes_elsewhere);
  });
}

TEST_CASE("only what leaves the frame or jumps for good does not go on behind itself") {
  for_each_opcode([](Opcode opcode, const OpcodeInfo& what) {
    CHECK(falls_through(opcode) == (what.flow != Flow::Goto && what.flow != Flow::Exit));
    if (what.flow == Flow::Exit) CHECK(what.switch_class == SwitchClass::Leaves);
  });
}

TEST_CASE("no effect on the stack is negative, and only instructions that can jump depend on the way") {
  for_each_opcode([](Opcode opcode, const OpcodeInfo&) {
    for (uint32_t n : {0u, 1u, 2u, 3u, 4u, 0x102u}) {
      const StackEffect on = stack_effect(opcode, n, false);
      const StackEffect jump = stack_effect(opcode, n, true);
      CHECK(on.pops >= 0);
      CHECK(on.pushes >= 0);
      CHECK(jump.pops == on.pops);
      if (!is_jump(opcode)) CHECK(jump.pushes == on.pushes);
    }
  });
}

TEST_CASE("effects that depend on the argument") {
  CHECK(stack_effect(Opcode::UNPACK_EX, 2 | 3 << 8, false).pushes == 6);
  CHECK(stack_effect(Opcode::MAKE_FUNCTION, kDefaults | kClosure, false).pops == 4);
  CHECK(stack_effect(Opcode::FORMAT_VALUE, kRepr | kSpecification, false).pops == 2);
  CHECK(stack_effect(Opcode::CALL_FUNCTION_EX, 1, false).pops == 3);
  CHECK(stack_effect(Opcode::FOR_ITER, 0, false).change() == 1);
  CHECK(stack_effect(Opcode::FOR_ITER, 0, true).change() == -1);
}

TEST_CASE("every instruction says in a sentence what it does") {
  for_each_opcode([](Opcode, const OpcodeInfo& what) {
    CHECK(what.description.size() > 4);
    CHECK(what.description.back() == '.');
  });
}
