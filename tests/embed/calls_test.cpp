// Running scripts from C++, and values both ways.
#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include "mini/mini.h"
#include "runs.h"

using mini::Error;
using mini::ErrorKind;
using mini::Value;
using mini::Vm;

TEST_CASE("a script is run, its functions are called, its globals read and set") {
  Vm vm;
  vm.run("def add(a, b=10): return a + b\ncount = 3\n");
  CHECK(vm.call("add", 1, 2).to<int>() == 3);
  CHECK(vm.call("add", 1).to<int>() == 11);
  CHECK(vm.call("add", "ab", "cd").to<std::string>() == "abcd");
  CHECK(vm.get("add").call({vm.value(1)}, {{"b", vm.value(5)}}).to<int>() == 6);
  CHECK(vm.get("count").to<int>() == 3);
  vm.set("count", 4);
  CHECK(vm.eval("count * 2").to<int>() == 8);
  CHECK(vm.eval("count + other", {{"other", vm.value(1.5)}}).to<double>() == 5.5);
  CHECK(!vm.has("other"));
  vm.del("count");
  CHECK(error_of([&] { vm.get("count"); }).type_name() == "NameError");
  CHECK(vm.import("math").attr("floor")(2.5).to<int>() == 2);
}

TEST_CASE("code is compiled once and run often") {
  Vm vm;
  vm.set("n", 0);
  const Value code = vm.compile("n = n + 1");
  for (int i = 0; i < 5; ++i) vm.run(code);
  CHECK(vm.get("n").to<int>() == 5);
  CHECK(error_of([&] { vm.run(vm.value(1)); }).type_name() == "TypeError");
  const Error error = error_of([&] { vm.compile("x = = 1", "spot.py"); });
  CHECK(error.type_name() == "SyntaxError");
  CHECK(error.report().find("File \"spot.py\", line 1") != std::string::npos);
}

TEST_CASE("every kind of value goes both ways unchanged") {
  Vm vm;
  auto back = [&]<class T>(const T& object) { return vm.value(object).template to<T>() == object; };
  for (std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, INT64_MAX, INT64_MIN, std::int64_t{1} << 61})
    CHECK(back(number));
  CHECK(back(UINT64_MAX));
  CHECK(back(true));
  CHECK(back(false));
  for (double number : {0.0, -0.5, 1e300, 5e-324, double{INFINITY}}) CHECK(back(number));
  CHECK(std::isnan(vm.value(NAN).to<double>()));
  CHECK(back(std::string()));
  CHECK(back(std::string("na\xc3\xafve \xf0\x9f\x90\x8d\0 end", 16)));
  CHECK(back(std::vector<int>{}));
  CHECK(back(std::vector<std::string>{"a", "b"}));
  CHECK(back(std::map<std::string, std::vector<double>>{{"a", {1, 2}}, {"b", {}}}));
  CHECK(back(std::pair<int, std::string>{1, "x"}));
  CHECK(back(std::tuple<int, bool, double>{1, true, 2.5}));
  CHECK(back(std::optional<int>{}));
  CHECK(back(std::optional<int>{7}));
  const std::string digits = "-123456789012345678901234567890123456789";
  CHECK(vm.integer(digits).str() == digits);
  CHECK(vm.eval("2 ** 100").is_int());
  CHECK(vm.bytes("a\xff").repr() == "b'a\\xff'");
  CHECK(vm.value(nullptr).is_none());
  CHECK(Value().is_none());
}

TEST_CASE("what does not fit is refused with Python's words") {
  Vm vm;
  auto refused = [&](auto convert, const char* expression) {
    const Error error = error_of([&] { convert(vm.eval(expression)); });
    return std::string(error.what());
  };
  auto to_int = [](const Value& value) { return value.to<int>(); };
  CHECK(refused(to_int, "2 ** 40") == "OverflowError: Python int too large to convert to C integer");
  CHECK(refused(to_int, "2 ** 70") == "OverflowError: Python int too large to convert to C integer");
  CHECK(refused(to_int, "1.5") == "TypeError: 'float' object cannot be interpreted as an integer");
  CHECK(refused(to_int, "'1'") == "TypeError: 'str' object cannot be interpreted as an integer");
  CHECK(refused([](const Value& v) { return v.to<unsigned>(); }, "-1") ==
        "OverflowError: can't convert negative int to unsigned");
  CHECK(refused([](const Value& v) { return v.to<double>(); }, "'x'") == "TypeError: must be real number, not str");
  CHECK(refused([](const Value& v) { return v.to<std::string>(); }, "3") == "TypeError: must be str, not int");
  CHECK(refused([](const Value& v) { return v.to<bool>(); }, "3") == "TypeError: must be bool, not int");
  CHECK(refused([](const Value& v) { return v.to<std::vector<int>>(); }, "3") ==
        "TypeError: 'int' object is not iterable");
  CHECK(refused([](const Value& v) { return v.to<std::pair<int, int>>(); }, "(1, 2, 3)") ==
        "ValueError: expected 2 items, got 3");
}

TEST_CASE("attributes, items and comparisons are the script's") {
  Vm vm;
  vm.run(R"(
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __eq__(self, other): return self.x == other.x
    def __hash__(self): return 7
    def __len__(self): return 2
    @property
    def sum(self): return self.x + self.y
    def scaled(self, k): return Point(self.x * k, self.y * k)
)");
  const Value point = vm.call("Point", 1, 2);
  CHECK(point.type_name() == "Point");
  CHECK(point.attr("x").to<int>() == 1);
  CHECK(point.attr("sum").to<int>() == 3);
  point.set_attr("y", vm.value(5));
  CHECK(point.attr("sum").to<int>() == 6);
  CHECK(point.has_attr("y"));
  point.delete_attr("y");
  CHECK(!point.has_attr("y"));
  CHECK(point == vm.call("Point", 1, 9));
  CHECK(!point.is(vm.call("Point", 1, 9)));
  CHECK(point.hash() == 7);
  CHECK(point.size() == 2);
  point.set_attr("y", vm.value(5));
  CHECK(point.call_method("scaled", 3).attr("y").to<int>() == 15);

  const Value list = vm.list({vm.value(1), vm.value("two")});
  list.append(vm.value(3.0));
  CHECK(list.repr() == "[1, 'two', 3.0]");
  CHECK(list[1].to<std::string>() == "two");
  CHECK(list[-1].to<double>() == 3.0);
  list.set_item(vm.value(0), vm.value(nullptr));
  list.delete_item(vm.value(1));
  CHECK(list.repr() == "[None, 3.0]");
  CHECK(list.contains(vm.value(3)));
  CHECK(error_of([&] { list[5]; }).type_name() == "IndexError");
  const Value dict = vm.dict({{vm.value("a"), vm.value(1)}});
  CHECK(dict["a"].to<int>() == 1);
  CHECK(dict.items().size() == 1);
  CHECK(error_of([&] { dict["b"]; }).what() == std::string("KeyError: 'b'"));
  CHECK(vm.tuple({vm.value(1)}).is_tuple());
  CHECK(vm.value(1) == vm.value(1.0));
  CHECK(vm.value(true) == vm.value(1));
  CHECK(!(vm.value(NAN) == vm.value(NAN)));
  CHECK(vm.value("a").less_than(vm.value("b")));
  CHECK(vm.get("Point").is_callable());
  CHECK(!vm.value(1).is_callable());
}

TEST_CASE("a script exception is an Error with its kind, text, traceback and object") {
  Vm vm;
  vm.run("def fail(n):\n    raise ValueError('bad', n)\n", "fail.py");
  const Error error = error_of([&] { vm.call("fail", 7); });
  CHECK(error.kind() == ErrorKind::kScript);
  CHECK(error.type_name() == "ValueError");
  CHECK(error.message() == "('bad', 7)");
  CHECK(error.what() == std::string("ValueError: ('bad', 7)"));
  CHECK(error.report() ==
        "Traceback (most recent call last):\n  File \"fail.py\", line 2, in fail\n    raise ValueError('bad', n)\n"
        "ValueError: ('bad', 7)\n");
  CHECK(error.exception().attr("args")[1].to<int>() == 7);
  CHECK(error_of([&] { vm.run("import sys; sys.exit(5)"); }).kind() == ErrorKind::kExit);
  CHECK(error_of([&] { vm.run("import sys; sys.exit(5)"); }).exit_status() == 5);
  CHECK(vm.eval("1 + 1").to<int>() == 2);
}

TEST_CASE("print and input go through callbacks") {
  std::string out, err;
  std::vector<std::string> lines = {"ada", "lovelace"};
  mini::Options options;
  options.output = [&](std::string_view text) { out += text; };
  options.errors = [&](std::string_view text) { err += text; };
  options.input = [&, at = std::size_t{0}]() mutable -> std::optional<std::string> {
    if (at == lines.size()) return std::nullopt;
    return lines[at++];
  };
  Vm vm(options);
  vm.run("import sys\nprint('hello', input('? '))\nprint('no newline', end='')\nprint('oops', file=sys.stderr)");
  CHECK(out == "? hello ada\nno newline");
  CHECK(err == "oops\n");
  vm.run("rest = sys.stdin.read()");
  CHECK(vm.get("rest").to<std::string>() == "lovelace\n");
  CHECK(error_of([&] { vm.run("input()"); }).type_name() == "EOFError");
}

TEST_CASE("modules come from memory") {
  mini::Options options;
  options.modules["helpers"] = "def twice(x): return 2 * x\n";
  options.modules["broken"] = "def f(:\n";
  Vm vm(options);
  vm.run("import helpers\nx = helpers.twice(21)");
  CHECK(vm.get("x").to<int>() == 42);
  CHECK(error_of([&] { vm.run("import broken"); }).type_name() == "SyntaxError");
  CHECK(error_of([&] { vm.run("import absent"); }).type_name() == "ModuleNotFoundError");
}

TEST_CASE("two VMs share nothing, and say so") {
  Vm one, two;
  one.run("x = [1]");
  CHECK(!two.has("x"));
  const Value list = one.get("x");
  CHECK(error_of([&] { two.set("y", list); }).kind() == ErrorKind::kUsage);
  CHECK(error_of([&] { two.list({list}); }).kind() == ErrorKind::kUsage);
  CHECK(error_of([&] { two.eval("len")(list); }).kind() == ErrorKind::kUsage);
}

TEST_CASE("a VM reports the values that outlive it, and they are dead") {
  std::string report;
  std::size_t count = 0;
  Value kept;
  {
    mini::Options options;
    options.leaked_values = [&](std::size_t n, std::string_view kinds) {
      count = n;
      report = kinds;
    };
    Vm vm(options);
    kept = vm.list();
    const Value other = vm.value("text");
    Value copy = kept;
    CHECK(vm.live_values() == 2);
  }
  CHECK(count == 1);
  CHECK(report == "1 list");
  CHECK(kept.vm() == nullptr);
  CHECK(error_of([&] { static_cast<void>(kept.size()); }).kind() == ErrorKind::kUsage);
  const Value copy = kept;
  CHECK(!copy.is_none());
}

TEST_CASE("a program is finished as Python finishes it") {
  std::string out;
  mini::Options options;
  options.output = [&](std::string_view text) { out += text; };
  Vm vm(options);
  vm.run(R"(
import threading
class Noisy:
    def __del__(self): print('gone')
n = Noisy()
threading.Thread(target=lambda: print('thread')).start()
)");
  vm.finish();
  CHECK(out == "thread\ngone\n");
  CHECK(error_of([&] { vm.run("1"); }).kind() == ErrorKind::kUsage);
}
