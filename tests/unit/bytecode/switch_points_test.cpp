// The table of switch points, row by row. What a row says comes from reading and probing CPython 3.9 to 3.13,
// not from the opcode table.
#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "interp/bytecode/switch_points.h"

using namespace mini::bytecode;

namespace {

using enum SwitchModel;

bool after(SwitchModel model, Boundary boundary) {
  return may_switch(model, boundary);
}

const std::vector<Opcode> kTests = {Opcode::POP_JUMP_IF_TRUE, Opcode::POP_JUMP_IF_FALSE};
const std::vector<Opcode> kTestsOrPop = {Opcode::JUMP_IF_TRUE_OR_POP, Opcode::JUMP_IF_FALSE_OR_POP};
const std::vector<Opcode> kCalls = {Opcode::CALL_FUNCTION, Opcode::CALL_FUNCTION_KW, Opcode::CALL_FUNCTION_EX,
                                    Opcode::CALL_METHOD};
const std::vector<Opcode> kLeaving = {Opcode::RETURN_VALUE, Opcode::YIELD_VALUE, Opcode::RAISE_VARARGS,
                                      Opcode::RERAISE};
const std::vector<Opcode> kLate = {Opcode::SETUP_FINALLY, Opcode::SETUP_WITH, Opcode::YIELD_FROM};

/// 3.9 goes from these to the next instruction without a look at the request.
const std::vector<std::string_view> kFast39 = {"NOP",
                                               "LOAD_FAST",
                                               "LOAD_CONST",
                                               "STORE_FAST",
                                               "POP_TOP",
                                               "ROT_TWO",
                                               "ROT_THREE",
                                               "ROT_FOUR",
                                               "DUP_TOP",
                                               "DUP_TOP_TWO",
                                               "IS_OP",
                                               "CONTAINS_OP",
                                               "LOAD_ASSERTION_ERROR",
                                               "JUMP_FORWARD",
                                               "EXTENDED_ARG"};

std::vector<Opcode> all_opcodes() {
  std::vector<Opcode> all;
  for (int number = 0; number < 256; ++number) {
    if (is_opcode(static_cast<uint8_t>(number))) all.push_back(static_cast<Opcode>(number));
  }
  return all;
}

bool is_in(Opcode opcode, const std::vector<Opcode>& list) {
  return std::find(list.begin(), list.end(), opcode) != list.end();
}
bool is_in(Opcode opcode, const std::vector<std::string_view>& list) {
  return std::find(list.begin(), list.end(), name(opcode)) != list.end();
}

}  // namespace

TEST_CASE("names of the models") {
  CHECK(switch_model("3.9") == k39);
  CHECK(switch_model("3.10") == k310);
  CHECK(switch_model("3.11") == k312);
  CHECK(switch_model("3.12") == k312);
  CHECK(switch_model("3.13") == k312);
  CHECK(switch_model("every") == kEvery);
  CHECK(!switch_model("3.8"));
  for (SwitchModel model : {k39, k310, k312, kEvery}) CHECK(switch_model(name(model)) == model);
}

TEST_CASE("3.9: every instruction but the fast ones, those that leave, and tests of bools") {
  for (Opcode opcode : all_opcodes()) {
    CAPTURE(name(opcode));
    const bool leaves = is_in(opcode, kLeaving);
    const bool tests = is_in(opcode, kTests) || is_in(opcode, kTestsOrPop);
    for (bool jumped : {false, true}) {
      for (bool tested_bool : {false, true}) {
        const bool expected = !leaves && !is_in(opcode, kFast39) && !(tests && tested_bool);
        CHECK(after(k39, {.previous = opcode, .jumped = jumped, .tested_bool = tested_bool}) == expected);
      }
    }
  }
}

TEST_CASE(
    "3.9 and 3.10: never right before SETUP_FINALLY, SETUP_WITH and YIELD_FROM, however the thread came "
    "there") {
  for (Opcode next : kLate) {
    CAPTURE(name(next));
    for (SwitchModel model : {k39, k310}) {
      CHECK(
          !after(model, {.previous = Opcode::JUMP_ABSOLUTE, .next = next, .jumped = true, .backward = true}));
      CHECK(!after(model, {.previous = Opcode::CALL_FUNCTION, .next = next}));
      CHECK(!after(model,
                   {.previous = Opcode::POP_JUMP_IF_TRUE, .next = next, .jumped = true, .body_again = true}));
      for (Arrival arrival : {Arrival::kEntered, Arrival::kResumed, Arrival::kHandler}) {
        CHECK(!after(model, {.arrival = arrival, .next = next}));
      }
    }
    // An EXTENDED_ARG in front hides it.
    CHECK(after(k39, {.previous = Opcode::CALL_FUNCTION, .next = Opcode::EXTENDED_ARG}));
    // After it, 3.9 looks again; 3.11 and later have no such opcode.
    CHECK(after(k39, {.previous = next}));
    CHECK(after(k312, {.previous = Opcode::JUMP_ABSOLUTE, .next = next, .jumped = true, .backward = true}));
    CHECK(after(k312, {.previous = Opcode::CALL_FUNCTION, .next = next}));
  }
}

TEST_CASE("3.10: calls, back edges and taken conditional jumps, nothing else") {
  for (Opcode opcode : all_opcodes()) {
    CAPTURE(name(opcode));
    for (bool jumped : {false, true}) {
      for (bool backward : {false, true}) {
        const bool expected = is_in(opcode, kCalls) || (is_in(opcode, kTests) && jumped) ||
                              (opcode == Opcode::JUMP_ABSOLUTE && backward);
        CHECK(after(k310, {.previous = opcode, .jumped = jumped, .backward = backward}) == expected);
      }
    }
  }
}

TEST_CASE("3.12: calls of natives and jumps taken backward, nothing else") {
  for (Opcode opcode : all_opcodes()) {
    CAPTURE(name(opcode));
    for (bool backward : {false, true}) {
      const bool jump = is_in(opcode, kTests) || opcode == Opcode::JUMP_ABSOLUTE;
      CHECK(after(k312, {.previous = opcode, .jumped = true, .backward = backward}) ==
            (is_in(opcode, kCalls) || (jump && backward)));
    }
  }
  for (Opcode opcode : kTests) CHECK(!after(k312, {.previous = opcode}));
}

TEST_CASE("the return of a script function is a point in 3.9 and 3.10, not in 3.12") {
  for (Opcode opcode : kCalls) {
    CHECK(after(k39, {.previous = opcode, .script_callee = true}));
    CHECK(after(k310, {.previous = opcode, .script_callee = true}));
    CHECK(!after(k312, {.previous = opcode, .script_callee = true}));
  }
}

TEST_CASE("entry, resume and handlers") {
  CHECK(after(k39, {.arrival = Arrival::kEntered}));
  CHECK(after(k310, {.arrival = Arrival::kEntered}));
  CHECK(after(k312, {.arrival = Arrival::kEntered}));

  CHECK(after(k39, {.arrival = Arrival::kEntered, .comprehension = true}));
  CHECK(after(k310, {.arrival = Arrival::kEntered, .comprehension = true}));
  CHECK_MESSAGE(!after(k312, {.arrival = Arrival::kEntered, .comprehension = true}), "3.12 runs them inline");

  for (SwitchModel model : {k39, k310, k312}) {
    CHECK(after(model, {.arrival = Arrival::kResumed, .next = Opcode::POP_TOP}));
    CHECK(!after(model, {.arrival = Arrival::kResumed, .next = Opcode::YIELD_FROM}));
  }

  CHECK(after(k39, {.arrival = Arrival::kHandler}));
  CHECK(after(k310, {.arrival = Arrival::kHandler}));
  CHECK(!after(k312, {.arrival = Arrival::kHandler}));
}

TEST_CASE("every: after each instruction, an EXTENDED_ARG being part of the next") {
  for (Opcode opcode : all_opcodes()) {
    CAPTURE(name(opcode));
    CHECK(after(kEvery, {.previous = opcode}) == (opcode != Opcode::EXTENDED_ARG));
  }
  for (Opcode next : kLate) CHECK(after(kEvery, {.previous = Opcode::LOAD_FAST, .next = next}));
  for (Arrival arrival : {Arrival::kEntered, Arrival::kResumed, Arrival::kHandler}) {
    CHECK(after(kEvery, {.arrival = arrival, .previous = Opcode::EXTENDED_ARG}));
  }
}

TEST_CASE("while: the check of the back edge comes after the condition came out true") {
  for (SwitchModel model : {k310, k312}) {
    const Boundary edge{
        .previous = Opcode::JUMP_ABSOLUTE, .jumped = true, .backward = true, .back_edge = true};
    CHECK(!after(model, edge));
    const Boundary again{.previous = Opcode::POP_JUMP_IF_FALSE, .tested_bool = true, .body_again = true};
    CHECK(after(model, again));
    const Boundary exit{.previous = Opcode::POP_JUMP_IF_FALSE, .jumped = true, .exit_again = true};
    CHECK_MESSAGE(!after(model, exit), "the test at the bottom is not taken, so nothing jumps");
  }
  CHECK(after(k39, {.previous = Opcode::JUMP_ABSOLUTE, .jumped = true, .backward = true, .back_edge = true}));
  CHECK(!after(k39, {.previous = Opcode::POP_JUMP_IF_FALSE, .tested_bool = true, .body_again = true}));
  // A conditional jump that was threaded through the back edge: taken forward in 3.10, to the test at the
  // bottom.
  const Boundary threaded{
      .previous = Opcode::POP_JUMP_IF_FALSE, .jumped = true, .backward = true, .back_edge = true};
  CHECK(after(k310, threaded));
  CHECK(!after(k312, threaded));
}

TEST_CASE("the rows of the table say what the rule says") {
  for (SwitchModel model : {k39, k310, k312, kEvery})
    for (Opcode previous : all_opcodes())
      for (Opcode next : all_opcodes())
        for (unsigned bits = 0; bits < 8; ++bits) {
          const bool jumped = bits & 1, backward = bits & 2, tested = bits & 4;
          const Boundary at{
              .previous = previous, .next = next, .jumped = jumped, .backward = backward, .tested_bool = tested};
          const SwitchRow row = switch_row(model, previous);
          REQUIRE(row.may_switch(switch_row(model, next).is_late, jumped, backward, tested) == may_switch(model, at));
          if (!row.tests) REQUIRE(may_switch(model, at) == row.may_switch(switch_row(model, next).is_late, jumped, backward, !tested));
        }
}
