// The prelude stands in the program as images: what is read is what was written, to the last table.
#include "interp/bytecode/image.h"

#include <doctest/doctest.h>

#include "tests/unit/compile/compiled.h"

namespace mini::bytecode {
namespace {

void check_equal(const Code& left, const Code& right) {
  CHECK(left.name == right.name);
  CHECK(left.qualified_name == right.qualified_name);
  CHECK(left.filename == right.filename);
  CHECK(left.first_line == right.first_line);
  CHECK(left.flags == right.flags);
  CHECK(left.argument_count == right.argument_count);
  CHECK(left.positional_only_count == right.positional_only_count);
  CHECK(left.keyword_only_count == right.keyword_only_count);
  CHECK(left.stack_size == right.stack_size);
  CHECK(left.block_depth == right.block_depth);
  CHECK(left.units == right.units);
  CHECK(left.names == right.names);
  CHECK(left.varnames == right.varnames);
  CHECK(left.cellvars == right.cellvars);
  CHECK(left.freevars == right.freevars);
  CHECK(left.cell_parameters == right.cell_parameters);
  REQUIRE(left.positions.size() == right.positions.size());
  for (size_t i = 0; i < left.positions.size(); ++i) {
    CHECK(left.positions[i].start == right.positions[i].start);
    CHECK(left.positions[i].listing_line == right.positions[i].listing_line);
    CHECK(left.positions[i].position == right.positions[i].position);
  }
  REQUIRE(left.while_back_edges.size() == right.while_back_edges.size());
  for (size_t i = 0; i < left.while_back_edges.size(); ++i) {
    CHECK(left.while_back_edges[i].jump == right.while_back_edges[i].jump);
    CHECK(left.while_back_edges[i].head == right.while_back_edges[i].head);
    CHECK(left.while_back_edges[i].last_test == right.while_back_edges[i].last_test);
    CHECK(left.while_back_edges[i].body == right.while_back_edges[i].body);
  }
  REQUIRE(left.constants.size() == right.constants.size());
  for (size_t i = 0; i < left.constants.size(); ++i) {
    const auto* code = std::get_if<std::shared_ptr<const Code>>(&left.constants[i].value);
    if (code)
      check_equal(**code, *std::get<std::shared_ptr<const Code>>(right.constants[i].value));
    else
      CHECK(left.constants[i].same(right.constants[i]));
  }
}

TEST_CASE("a code object is the same after it was written and read") {
  for (const char* source : {
           "",
           "pass\n",
           "x = (None, True, False, ..., 0, -1, 7, 1.5, -0.0, 1e300, 2 if 0 else 3)\n",
           "x = (-9223372036854775807 - 1, 9223372036854775807, 1 << 100, -(1 << 100))\n",
           "x = 'a\\0b', '\\ud800', 'ünï', b'\\x00\\xff', (1, (2, ())), y in {1, 2, 'z'}\n",
           "def f(a, /, b=1, *c, d, **e):\n  'doc'\n  def g():\n    nonlocal a\n    a += b\n    yield d, e\n  return g, c\n",
           "class A:\n  __slots__ = ()\n  def m(self):\n    return super().m(\n      1)\n",
           "while x:\n  while y and z:\n    x -= 1\n    if w: continue\n    break\n  else:\n    del x\n",
           "try:\n  with a as b:\n    [i for i in b for j in i if j]\nexcept E as e:\n  raise\nfinally:\n  f'{x!r:>{y}}'\n",
       }) {
    const auto code = compile::compiled(source);
    REQUIRE(code);
    const std::string image = write_image(*code);
    const auto read = read_image(image);
    check_equal(*code, *read);
    CHECK(write_image(*read) == image);
  }
}

TEST_CASE("an argument that needs EXTENDED_ARG, and a table of many names, survive") {
  std::string source;
  for (int i = 0; i < 700; ++i) source += "name" + std::to_string(i) + " = " + std::to_string(i * 1000 + 0.5) + "\n";
  const auto code = compile::compiled(source);
  REQUIRE(code);
  check_equal(*code, *read_image(write_image(*code)));
}

}  // namespace
}  // namespace mini::bytecode
