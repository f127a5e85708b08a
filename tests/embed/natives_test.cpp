// C++ functions that scripts call, and exceptions on their way through both.
#include <doctest/doctest.h>

#include <stdexcept>

#include "mini/mini.h"

using mini::Error;
using mini::ErrorKind;
using mini::Value;
using mini::Vm;

namespace {

struct Custom : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string error_text(Vm& vm, std::string_view expression) {
  try {
    vm.eval(expression);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

int twice(int n) { return 2 * n; }

}  // namespace

TEST_CASE("functions of any signature are defined in a line") {
  Vm vm;
  int calls = 0;
  vm.define("add", [](int a, int b) { return a + b; });
  vm.define("area", [](double w, double h) { return w * h; });
  vm.define("shout", [](std::string text) { return text + "!"; });
  vm.define("twice", twice);
  vm.define("count", [&calls] { ++calls; });
  vm.define("flag", [](bool on) { return !on; });
  vm.define("total", [](const std::vector<int>& numbers) {
    int sum = 0;
    for (int number : numbers) sum += number;
    return sum;
  });
  vm.define("greet", [](std::string name, std::optional<std::string> title) { return title.value_or("dr") + " " + name; });
  vm.define("many", [](std::string first, mini::Arguments rest) { return first + std::to_string(rest.size()); });
  vm.define("same", [](Value value) { return value; });
  vm.define("self", [](Vm& caller, int n) { return caller.eval("x").to<int>() + n; });
  vm.set("x", 40);
  CHECK(vm.eval("add(1, 2)").to<int>() == 3);
  CHECK(vm.eval("area(2, 1.5)").to<double>() == 3.0);
  CHECK(vm.eval("shout('hi')").to<std::string>() == "hi!");
  CHECK(vm.eval("twice(21)").to<int>() == 42);
  CHECK(vm.eval("count()").is_none());
  CHECK(calls == 1);
  CHECK(vm.eval("flag(True)") == vm.value(false));
  CHECK(vm.eval("total(range(5))").to<int>() == 10);
  CHECK(vm.eval("greet('who')").to<std::string>() == "dr who");
  CHECK(vm.eval("greet('who', 'mr')").to<std::string>() == "mr who");
  CHECK(vm.eval("many('a', 1, 2)").to<std::string>() == "a2");
  CHECK(vm.eval("same(add) is add") == vm.value(true));
  CHECK(vm.eval("self(2)").to<int>() == 42);
  CHECK(vm.eval("list(map(twice, [1, 2]))").to<std::vector<int>>() == std::vector{2, 4});
}

TEST_CASE("wrong arguments are TypeErrors in CPython's words") {
  Vm vm;
  vm.define("add", [](int a, int b) { return a + b; });
  vm.define("text", [](std::string) {});
  vm.define("many", [](std::string, mini::Arguments) {});
  CHECK(error_text(vm, "add(1)") == "TypeError: add expected 2 arguments, got 1");
  CHECK(error_text(vm, "add(1, 2, 3)") == "TypeError: add expected 2 arguments, got 3");
  CHECK(error_text(vm, "add(1, b=2)") == "TypeError: add() takes no keyword arguments");
  CHECK(error_text(vm, "add(1, 'x')") == "TypeError: 'str' object cannot be interpreted as an integer");
  CHECK(error_text(vm, "add(1, 2**40)") == "OverflowError: Python int too large to convert to C integer");
  CHECK(error_text(vm, "text(3)") == "TypeError: text() argument 1 must be str, not int");
  CHECK(error_text(vm, "many()") == "TypeError: many expected at least 1 argument, got 0");
}

TEST_CASE("modules are filled from C++") {
  Vm vm;
  vm.module("host").def("twice", twice).set("limit", vm.value(9));
  vm.run("import host\nfrom host import twice\nx = twice(host.limit)");
  CHECK(vm.get("x").to<int>() == 18);
}

TEST_CASE("a C++ exception becomes a script exception, and comes back with the original inside") {
  Vm vm;
  vm.define("fail", [] { throw Custom("broken"); });
  vm.define("invalid", [] { throw std::invalid_argument("no"); });
  vm.define("range", [] { throw std::out_of_range("far"); });
  vm.define("memory", [] { throw std::bad_alloc(); });
  vm.define("odd", [] { throw 42; });
  vm.define("raise_key", []() -> int { throw Error::raise("KeyError", "k"); });
  vm.run(R"(
def name_of(f):
    try:
        f()
    except Exception as e:
        return type(e).__name__ + ': ' + str(e)
def through(): fail()
)");
  CHECK(vm.eval("name_of(fail)").to<std::string>() == "RuntimeError: broken");
  CHECK(vm.eval("name_of(invalid)").to<std::string>() == "ValueError: no");
  CHECK(vm.eval("name_of(range)").to<std::string>() == "IndexError: far");
  CHECK(vm.eval("name_of(memory)").to<std::string>() == "MemoryError: ");
  CHECK(vm.eval("name_of(odd)").to<std::string>() == "RuntimeError: a C++ exception of an unknown type");
  CHECK(vm.eval("name_of(raise_key)").to<std::string>() == "KeyError: 'k'");
  try {
    vm.call("through");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.type_name() == "RuntimeError");
    REQUIRE(error.original());
    CHECK_THROWS_AS(std::rethrow_exception(error.original()), Custom);
    CHECK(error.report().find("in through") != std::string::npos);
  }
}

TEST_CASE("a script exception goes through C++ and stays the same object") {
  Vm vm;
  vm.define("call", [](Value f) { return f(); });
  vm.run(R"(
class Mine(Exception): pass
error = Mine('x')
def f(): raise error
try:
    call(f)
except Mine as e:
    same = e is error
)");
  CHECK(vm.eval("same") == vm.value(true));
}

TEST_CASE("C++ and script call each other to the recursion limit, and no further") {
  Vm vm;
  vm.define("down", [&vm](int n) -> Value { return vm.call("again", n + 1); });
  vm.run("def again(n): return down(n)");
  try {
    vm.call("again", 0);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kLimit);
    CHECK(error.limit() == mini::Limit::kDepth);
    CHECK(error.type_name() == "RecursionError");
  }
  CHECK(vm.eval("1").to<int>() == 1);
}
