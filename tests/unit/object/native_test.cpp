// Arguments of native functions: bound by position and name, refused in CPython 3.13's words.
#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

/// Answers what it was given, as a text: `a=1 b=- *[3, 4] k=5 **{x: 6}`.
Result<Ref<Value>> show(Call& call) {
  const Signature& signature = call.definition->signature;
  std::string out;
  auto add = [&](std::string_view name, Value value) {
    std::string shown = value.is_int() ? std::to_string(value.as_int()) : "-";
    if (value.is_object()) {
      shown = "{";
      auto* dict = static_cast<Dict*>(value.as_object());
      for (uint32_t i = 0; i < dict->used; ++i) {
        shown += fmt::format("{}{}: {}", i ? ", " : "",
                             to_utf8(static_cast<Str*>(dict->entries[i].key.as_object())),
                             dict->entries[i].value.as_int());
      }
      shown += "}";
    }
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, shown);
  };
  if (!signature.variadic) {
    for (uint32_t i = 0; i < signature.count; ++i) add(signature.parameter(i), call[i]);
  } else {
    for (uint32_t i = 0; i < call.count; ++i) add("*", call.args[i]);
    for (uint32_t i = signature.positional; i < signature.count; ++i) {
      add(signature.parameter(i), call.keywords[i - signature.positional]);
    }
  }
  if (signature.keyword_variadic) add("**", call.keywords[signature.count - signature.positional]);
  return widen(make_str(call.heap, out));
}

constexpr NativeDefinition kNothing = {"list.clear(self, /)", show};
constexpr NativeDefinition kOne = {"len(obj, /)", show};
constexpr NativeDefinition kAppend = {"list.append(self, object, /)", show};
constexpr NativeDefinition kTwo = {"list.insert(self, index, object, /)", show};
constexpr NativeDefinition kPop = {"list.pop(self, index=-1, /)", show};
constexpr NativeDefinition kGetattr = {"getattr(object, name, default=None, /)", show};
constexpr NativeDefinition kRound = {"round(number, ndigits=None)", show};
constexpr NativeDefinition kPow = {"pow(base, exp, mod=None)", show};
constexpr NativeDefinition kSum = {"sum(iterable, /, start=0)", show};
constexpr NativeDefinition kSplit = {"str.split(self, /, sep=None, maxsplit=-1)", show};
constexpr NativeDefinition kReplace = {"str.replace(self, old, new, /, count=-1)", show};
constexpr NativeDefinition kSort = {"list.sort(self, /, *, key=None, reverse=False)", show};
constexpr NativeDefinition kPrint = {"print(*args, sep=' ', end='\\n', file=None, flush=False)", show};
constexpr NativeDefinition kInt = {"int.__new__(type, x=0, /, base=10)", show};
constexpr NativeDefinition kBytes = {"bytes.__new__(type, source=b'', encoding=None, errors=None)", show};
constexpr NativeDefinition kSleep = {"time.sleep(seconds, /)", show};
constexpr NativeDefinition kExtra = {"dict.update(self, *args, **kwargs)", show};
constexpr NativeDefinition kSlot = {"__len__(self, /)", show};

struct Given {
  std::initializer_list<int64_t> positional;
  std::initializer_list<std::pair<const char*, int64_t>> keywords = {};
};

std::string call(World& world, const NativeDefinition& definition, Given given, Value self = kUnbound) {
  std::vector<Value> arguments;
  for (int64_t value : given.positional) arguments.push_back(number(value));
  std::vector<Ref<Str>> names;
  std::vector<Value> name_values;
  for (auto& [name, value] : given.keywords) {
    names.push_back(world.name(name));
    name_values.push_back(names.back());
    arguments.push_back(number(value));
  }
  Ref<Tuple> tuple;
  if (!names.empty()) tuple = make_tuple(world.heap(), name_values.data(), name_values.size()).value();
  auto result = call_native(world.heap(), definition, self, arguments.data(),
                            static_cast<uint32_t>(given.positional.size()), tuple.get());
  return result.ok() ? to_utf8(static_cast<Str*>(result->get().as_object())) : world.error();
}

}  // namespace

TEST_CASE("a signature is read as Python reads it") {
  constexpr Signature signature = "f(self, a, b=(1, 2), /, c=',)', *args, d, e=None, **kw)";
  CHECK(signature.name == "f");
  CHECK(signature.count == 6);
  CHECK(signature.required == 2);
  CHECK(signature.positional == 4);
  CHECK(signature.positional_only == 3);
  CHECK(signature.bound == 1);
  CHECK(signature.variadic);
  CHECK(signature.keyword_variadic);
  CHECK(signature.parameter(3) == "c");
  CHECK(signature.parameter(6) == "kw");
}

TEST_CASE("arguments find their parameters") {
  World world;
  CHECK(call(world, kOne, {{1}}) == "obj=1");
  CHECK(call(world, kPop, {{}}, number(9)) == "self=9 index=-");
  CHECK(call(world, kPop, {{1}}, number(9)) == "self=9 index=1");
  CHECK(call(world, kRound, {{1}, {{"ndigits", 2}}}) == "number=1 ndigits=2");
  CHECK(call(world, kRound, {{}, {{"ndigits", 2}, {"number", 1}}}) == "number=1 ndigits=2");
  CHECK(call(world, kSplit, {{}, {{"maxsplit", 1}}}, number(9)) == "self=9 sep=- maxsplit=1");
  CHECK(call(world, kSort, {{}, {{"reverse", 1}}}, number(9)) == "self=9 key=- reverse=1");
  CHECK(call(world, kPrint, {{1, 2, 3}, {{"end", 5}}}) == "*=1 *=2 *=3 sep=- end=5 file=- flush=-");
  CHECK(call(world, kPrint, {{}}) == "sep=- end=- file=- flush=-");
  CHECK(call(world, kExtra, {{1}, {{"x", 2}, {"self", 3}}}, number(9)) == "*=9 *=1 **={x: 2, self: 3}");
  CHECK(call(world, kExtra, {{}}, number(9)) == "*=9 **=-");
  CHECK(call(world, kInt, {{1}, {{"base", 2}}}, number(9)) == "type=9 x=1 base=2");
}

TEST_CASE("more arguments than any local array holds arrive") {
  World world;
  std::vector<Value> many(100, number(1));
  auto result = call_native(world.heap(), kPrint, number(7), many.data(), 100, nullptr).value();
  CHECK(static_cast<Str*>(result.get().as_object())->length > 400);
}

TEST_CASE("wrong calls are refused as CPython 3.13 refuses them") {
  World world;
  const Value self = number(9);
  CHECK(call(world, kNothing, {{1}}, self) == "TypeError: list.clear() takes no arguments (1 given)");
  CHECK(call(world, kOne, {{}}) == "TypeError: len() takes exactly one argument (0 given)");
  CHECK(call(world, kOne, {{1, 2}}) == "TypeError: len() takes exactly one argument (2 given)");
  CHECK(call(world, kOne, {{}, {{"x", 1}}}) == "TypeError: len() takes no keyword arguments");
  CHECK(call(world, kAppend, {{1, 2}}, self) ==
        "TypeError: list.append() takes exactly one argument (2 given)");
  CHECK(call(world, kAppend, {{}, {{"x", 1}}}, self) ==
        "TypeError: list.append() takes no keyword arguments");
  CHECK(call(world, kPop, {{1, 2}}, self) == "TypeError: pop expected at most 1 argument, got 2");
  CHECK(call(world, kTwo, {{1}}, self) == "TypeError: insert expected 2 arguments, got 1");
  CHECK(call(world, kTwo, {{1, 2, 3}}, self) == "TypeError: insert expected 2 arguments, got 3");
  CHECK(call(world, kGetattr, {{1}}) == "TypeError: getattr expected at least 2 arguments, got 1");
  CHECK(call(world, kGetattr, {{1, 2, 3, 4}}) == "TypeError: getattr expected at most 3 arguments, got 4");
  CHECK(call(world, kRound, {{}}) == "TypeError: round() missing required argument 'number' (pos 1)");
  CHECK(call(world, kRound, {{}, {{"x", 1}}}) ==
        "TypeError: round() missing required argument 'number' (pos 1)");
  CHECK(call(world, kRound, {{1, 2, 3}}) == "TypeError: round() takes at most 2 arguments (3 given)");
  CHECK(call(world, kPow, {{1}}) == "TypeError: pow() missing required argument 'exp' (pos 2)");
  CHECK(call(world, kPow, {{1, 2}, {{"x", 3}}}) == "TypeError: pow() got an unexpected keyword argument 'x'");
  CHECK(call(world, kSum, {{}}) == "TypeError: sum() takes at least 1 positional argument (0 given)");
  CHECK(call(world, kSum, {{1, 2, 3}}) == "TypeError: sum() takes at most 2 arguments (3 given)");
  CHECK(call(world, kSum, {{1}, {{"x", 1}}}) == "TypeError: sum() got an unexpected keyword argument 'x'");
  CHECK(call(world, kSum, {{1}, {{"start", 1}, {"x", 2}}}) ==
        "TypeError: sum() takes at most 2 arguments (3 given)");
  CHECK(call(world, kSplit, {{1, 2, 3}}, self) == "TypeError: split() takes at most 2 arguments (3 given)");
  CHECK(call(world, kSplit, {{1}, {{"sep", 1}}}, self) ==
        "TypeError: argument for split() given by name ('sep') and position (1)");
  CHECK(call(world, kReplace, {{1}}, self) ==
        "TypeError: replace() takes at least 2 positional arguments (1 given)");
  CHECK(call(world, kReplace, {{1, 2, 3, 4}}, self) ==
        "TypeError: replace() takes at most 3 arguments (4 given)");
  CHECK(call(world, kSort, {{1}}, self) == "TypeError: sort() takes no positional arguments");
  CHECK(call(world, kSort, {{}, {{"key", 1}, {"reverse", 2}, {"foo", 3}}}, self) ==
        "TypeError: sort() takes at most 2 keyword arguments (3 given)");
  CHECK(call(world, kPrint, {{}, {{"x", 1}}}) == "TypeError: print() got an unexpected keyword argument 'x'");
  CHECK(call(world, kInt, {{1, 2, 3}}, self) == "TypeError: int expected at most 2 arguments, got 3");
  CHECK(call(world, kInt, {{}, {{"x", 3}}}, self) ==
        "TypeError: int() got an unexpected keyword argument 'x'");
  CHECK(call(world, kBytes, {{1, 2, 3, 4}}, self) ==
        "TypeError: bytes() takes at most 3 arguments (4 given)");
  CHECK(call(world, kSleep, {{}}) == "TypeError: time.sleep() takes exactly one argument (0 given)");
  CHECK(call(world, kSlot, {{1}}, self) == "TypeError: expected 0 arguments, got 1");
  CHECK(call(world, kSlot, {{}, {{"x", 1}}}, self) ==
        "TypeError: wrapper __len__() takes no keyword arguments");
}

TEST_CASE("natives tell their names") {
  World world;
  Ref<Value> len = widen(make_native(world.heap(), kOne)).value();
  CHECK(world.repr_of(len) == "<built-in function len>");
  CHECK(world.outcome(world.attribute(len, "__name__")) == "'len'");
  CHECK(world.outcome(world.attribute(len, "__module__")) == "'builtins'");
  Ref<Value> append = world.attribute(world.list({}), "append").value();
  CHECK(world.outcome(world.attribute(append, "__qualname__")) == "'list.append'");
  CHECK(world.outcome(world.attribute(append, "__self__")) == "[]");
}

TEST_CASE("binding survives any failing allocation") {
  World world;
  std::vector<Value> arguments(30, number(1));
  Ref<Str> name = world.name("x");
  Value name_value = name;
  Ref<Tuple> names = make_tuple(world.heap(), &name_value, 1).value();
  sweep_failing_allocations(world, [&](World& w) {
    return call_native(w.heap(), kExtra, number(9), arguments.data(), 29, names.get()).ok();
  });
}
