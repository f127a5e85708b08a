// The switch points of compiled scripts: the marks of the listing, and the loops that 3.10 and 3.12 lay out
// otherwise.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "interp/bytecode/dis.h"
#include "tests/unit/compile/compiled.h"

using namespace mini;
using namespace mini::bytecode;
using compile::compiled;

namespace {

/// `OPNAME` with its mark, for all marked instructions, in order.
std::string marks(const std::string& text, SwitchModel model) {
  const auto code = compiled(text);
  std::string result;
  for (uint32_t i = 0; i < code->units.size();) {
    const Instruction instruction = decode(code->units, i);
    const SwitchAnswer answer = switch_after(model, *code, instruction);
    if (answer != SwitchAnswer::kNo) {
      result += std::string(name(instruction.opcode)) + (answer == SwitchAnswer::kYes ? "| " : "? ");
    }
    i = instruction.next();
  }
  return result;
}

/// Follows a path of instruction indices, and tells at which boundaries the model lets threads switch.
std::vector<uint32_t> switches(const Code& code, const std::vector<uint32_t>& path, SwitchModel model) {
  WhileTracker tracker;
  std::vector<uint32_t> result;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const bool jumped = path[i + 1] != path[i] + 1;
    Boundary boundary{.previous = code.units[path[i]].opcode,
                      .next = code.units[path[i + 1]].opcode,
                      .jumped = jumped,
                      .backward = path[i + 1] <= path[i],
                      .tested_bool = true};
    tracker.advance(code, path[i], path[i + 1], boundary);
    if (may_switch(model, boundary)) result.push_back(path[i]);
  }
  return result;
}

using Indices = std::vector<uint32_t>;

}  // namespace

TEST_CASE("the document's loop has eight points in 3.9, two of them inside x += 1") {
  const std::string body = "global x\nx = 0\nx += 1\n";
  CHECK(marks(body, SwitchModel::k39) == "STORE_GLOBAL| LOAD_GLOBAL| INPLACE_ADD| STORE_GLOBAL| ");
  CHECK(marks(body, SwitchModel::k310) == "");
  CHECK(marks(body, SwitchModel::k312) == "");
}

TEST_CASE("what 3.9 decides by the value at hand is conditional") {
  CHECK(marks("if a: b", SwitchModel::k39) == "LOAD_NAME| POP_JUMP_IF_FALSE? LOAD_NAME| ");
  CHECK(marks("if a: b", SwitchModel::k310) == "POP_JUMP_IF_FALSE? ");
  CHECK(marks("if a: b", SwitchModel::k312) == "");
}

TEST_CASE("what comes next decides in 3.9: a try at the head of a loop") {
  const std::string loop = "while True:\n try: a\n except b: c\n";
  CHECK(marks(loop, SwitchModel::k39).find("JUMP_ABSOLUTE") == std::string::npos);
  CHECK(marks(loop, SwitchModel::k310).find("JUMP_ABSOLUTE") == std::string::npos);
  CHECK(marks(loop, SwitchModel::k312) == "JUMP_ABSOLUTE| JUMP_ABSOLUTE| JUMP_ABSOLUTE| ");
  CHECK(marks("with a.b: c", SwitchModel::k39).starts_with("LOAD_NAME| SETUP_WITH| "));
}

TEST_CASE("a call right before SETUP_WITH: the callee's entry remains") {
  CHECK(marks("with f(): pass", SwitchModel::k39).starts_with("LOAD_NAME| CALL_FUNCTION? SETUP_WITH| "));
}

TEST_CASE("for loops: 3.10 and 3.12 look at the back edge, break is none") {
  const std::string loop = "for i in a:\n  b\n  if c: break\n  d\n";
  CHECK(marks(loop, SwitchModel::k310) == "POP_JUMP_IF_FALSE? JUMP_ABSOLUTE| ");
  CHECK(marks(loop, SwitchModel::k312) == "JUMP_ABSOLUTE| ");
}

TEST_CASE("a comprehension is called in 3.10 and inline in 3.12; its `if` jumps backward") {
  CHECK(marks("[a for a in b if c]", SwitchModel::k310) == "CALL_FUNCTION| ");
  CHECK(marks("[a for a in b if c]", SwitchModel::k312) == "");
  const auto code = compile::inner(*compiled("[a for a in b if c]"), "<listcomp>");
  CHECK(code->has(kComprehension));
  for (uint32_t i = 0; i < code->units.size(); ++i) {
    if (code->units[i].opcode == Opcode::POP_JUMP_IF_FALSE) {
      CHECK(switch_after(SwitchModel::k312, *code, decode(code->units, i)) == SwitchAnswer::kConditional);
    }
  }
  CHECK(!compile::inner(*compiled("(a for a in b)"), "<genexpr>")->has(kComprehension));
}

TEST_CASE("while: the check stands at the test, for the way back only") {
  const std::string loop = "while a: b\n";
  CHECK(marks(loop, SwitchModel::k39) == "LOAD_NAME| POP_JUMP_IF_FALSE? LOAD_NAME| JUMP_ABSOLUTE| ");
  CHECK(marks(loop, SwitchModel::k310) == "POP_JUMP_IF_FALSE? ");
  CHECK(marks(loop, SwitchModel::k312) == "POP_JUMP_IF_FALSE? ");

  const auto code =
      compiled(loop);  // 0 LOAD a, 1 POP_JUMP_IF_FALSE 5, 2 LOAD b, 3 POP_TOP, 4 JUMP_ABSOLUTE 0, 5 ...
  const Indices twice = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 5, 6};
  CHECK(switches(*code, twice, SwitchModel::k312) == Indices{1});
  CHECK(switches(*code, twice, SwitchModel::k310) == Indices{1});
  CHECK(switches(*code, {0, 1, 5, 6}, SwitchModel::k312).empty());
  CHECK_MESSAGE(switches(*code, {0, 1, 5, 6}, SwitchModel::k310) == Indices{1},
                "the first test is at the top");
}

TEST_CASE("while True: the check is at the jump") {
  const std::string loop = "while True: b\n";
  for (SwitchModel model : {SwitchModel::k310, SwitchModel::k312})
    CHECK(marks(loop, model) == "JUMP_ABSOLUTE| ");
}

TEST_CASE("continue is a jump to the test at the top") {
  const auto code = compiled("while a:\n  if b: continue\n  c\n");
  std::vector<uint32_t> natural;
  for (const WhileBackEdge& edge : code->while_back_edges) natural.push_back(edge.jump);
  uint32_t last_jump = 0;
  uint32_t jumps = 0;
  for (uint32_t i = 0; i < code->units.size(); ++i) {
    if (code->units[i].opcode == Opcode::JUMP_ABSOLUTE) last_jump = i, ++jumps;
  }
  CHECK(jumps == 2);
  CHECK(natural == Indices{last_jump});
}

TEST_CASE("an if that ends a while's body jumps to the test itself") {
  const auto code = compiled("while a:\n  if b:\n    c\n");
  CHECK(code->while_back_edges.size() == 2);
  for (const WhileBackEdge& edge : code->while_back_edges) {
    CHECK(decode(code->units, edge.jump).target() == edge.head);
    CHECK(edge.head == 0);
    CHECK(edge.body == 2);
    CHECK(edge.last_test == 1);
  }
}

TEST_CASE("a while that was left by its test on the way back does not remember it") {
  const auto code = compiled("while a: b\n");
  // In again from the top, as an outer loop would do: the stale edge must not make a check.
  const Indices path = {0, 1, 2, 3, 4, 0, 1, 5, 6, 0, 1, 2};
  CHECK(switches(*code, path, SwitchModel::k312).empty());
}

TEST_CASE("the listing shows the marks behind the instructions") {
  const std::string text = disassemble(*compiled("x = f(1)\n"), SwitchModel::k39);
  CHECK(text.find("CALL_FUNCTION            1") != std::string::npos);
  const size_t line = text.find("CALL_FUNCTION");
  CHECK(text.substr(line, text.find('\n', line) - line).ends_with(" |"));
  CHECK(disassemble(*compiled("x = f(1)\n"), std::nullopt).find('|') == std::string::npos);
}
