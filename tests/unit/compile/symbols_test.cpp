// Which scope each name belongs to, seen in the code objects.
#include "interp/compile/symbols.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/unit/compile/compiled.h"

using namespace mini;
using namespace mini::bytecode;
using compile::compiled;
using compile::inner;

namespace {

using Strings = std::vector<std::string>;

bool contains(const Code& code, Opcode opcode) {
  for (const CodeUnit& unit : code.units) {
    if (unit.opcode == opcode) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a variable of an enclosing function is a cell there and free inside") {
  const auto f = inner(*compiled("def f(a, b):\n  c = 1\n  def g():\n    return b, c\n  return g\n"), "f");
  const auto g = inner(*f, "g");
  CHECK(f->varnames == Strings{"a", "b", "g"});
  CHECK(f->cellvars == Strings{"b", "c"});
  CHECK(f->cell_parameters == std::vector<int32_t>{1, -1});
  CHECK(g->freevars == Strings{"b", "c"});
  CHECK(g->has(kNested));
  CHECK(!g->has(kNoFree));
}

TEST_CASE("a function in between passes a free variable on") {
  const auto f =
      inner(*compiled("def f(x):\n  def g():\n    def h(): return x\n    return h\n  return g\n"), "f");
  CHECK(inner(*f, "g")->freevars == Strings{"x"});
  CHECK(inner(*inner(*f, "g"), "h")->freevars == Strings{"x"});
}

TEST_CASE("parameters stand in CPython's order") {
  const auto f = inner(*compiled("def f(a, /, b, *c, d, e=1, **g): h = 1\n"), "f");
  CHECK(f->varnames == Strings{"a", "b", "d", "e", "c", "g", "h"});
  CHECK(f->argument_count == 2);
  CHECK(f->positional_only_count == 1);
  CHECK(f->keyword_only_count == 2);
  CHECK(f->has(kVarArgs));
  CHECK(f->has(kVarKeywords));
  CHECK(f->parameter_count() == 6);
}

TEST_CASE("a global statement also binds the module's own use") {
  const auto module = compiled("x = 0\ndef f():\n  global x\n  x = 1\n");
  CHECK(contains(*module, Opcode::STORE_GLOBAL));
  CHECK(contains(*inner(*module, "f"), Opcode::STORE_GLOBAL));
}

TEST_CASE("class bodies do not lend their names to methods; super and __class__ make a cell") {
  const auto c = inner(*compiled("class C:\n  x = 1\n  def f(self): return x, super().f\n"), "C");
  CHECK(c->has(kClassBody));
  CHECK(c->cellvars == Strings{"__class__"});
  const auto f = inner(*c, "f");
  CHECK(f->freevars == Strings{"__class__"});
  CHECK(contains(*f, Opcode::LOAD_GLOBAL));
  CHECK(f->qualified_name == "C.f");
}

TEST_CASE("a class body that binds a name of the function around reads its own first") {
  const auto f =
      inner(*compiled("def f(x):\n  class C:\n    x = x\n    def m(self): return x\n  return C\n"), "f");
  const auto c = inner(*f, "C");
  CHECK(c->freevars == Strings{"x"});
  CHECK(contains(*c, Opcode::STORE_NAME));
  const auto reads = inner(*compiled("def f(x):\n  class C:\n    y = x\n  return C\n"), "f");
  CHECK(contains(*inner(*reads, "C"), Opcode::LOAD_CLASSDEREF));
}

TEST_CASE("private names are mangled, also in calls and parameters") {
  const auto c = inner(*compiled("class _C:\n  def f(self, __a): return self.__b, __a, __c__, __d\n"), "_C");
  const auto f = inner(*c, "f");
  CHECK(f->varnames == Strings{"self", "_C__a"});
  CHECK(f->names == Strings{"_C__b", "__c__", "_C__d"});
}

TEST_CASE("the target of := in a comprehension belongs to the block around it") {
  const auto f = inner(*compiled("def f(y):\n  [last := x for x in y]\n  return last\n"), "f");
  CHECK(f->cellvars == Strings{"last"});
  CHECK(contains(*inner(*compiled("[last := x for x in y]"), "<listcomp>"), Opcode::STORE_GLOBAL));
}

TEST_CASE("qualified names skip comprehensions, which have no frame in 3.13") {
  const auto f = inner(*compiled("def f(): return [lambda: x for x in y], (lambda: x for x in y)\n"), "f");
  CHECK(inner(*inner(*f, "<listcomp>"), "<lambda>")->qualified_name == "f.<locals>.<lambda>");
  CHECK(inner(*inner(*f, "<genexpr>"), "<lambda>")->qualified_name == "f.<locals>.<genexpr>.<lambda>");
  const auto g = inner(*compiled("def f():\n  global g\n  def g():\n    class C: pass\n"), "f");
  CHECK(inner(*g, "g")->qualified_name == "g");
  CHECK(inner(*inner(*g, "g"), "C")->qualified_name == "g.<locals>.C");
}

TEST_CASE("generators, comprehensions, modules and the prelude are marked") {
  CHECK(inner(*compiled("def f(): yield\n"), "f")->has(kGenerator));
  CHECK(inner(*compiled("(a for a in b)"), "<genexpr>")->has(kGenerator));
  CHECK(compiled("a")->has(kModule));
  const compile::SourceFile source("threading", "def f(): pass\n");
  compile::Diagnostics diagnostics(source);
  const auto prelude = compile_source(source, compile::CompileMode::kExec,
                                      {.filename = "<frozen threading>", .is_prelude = true}, diagnostics);
  REQUIRE(prelude);
  CHECK(prelude->has(kPrelude));
  CHECK(inner(*prelude, "f")->has(kPrelude));
  CHECK(prelude->filename == "<frozen threading>");
}
