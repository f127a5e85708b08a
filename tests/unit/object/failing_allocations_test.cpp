// Every operation of the builtin types survives each of its allocations failing: MemoryError, nothing lost, no crash.
#include "runtime/object/number.h"
#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

/// `object.method(arguments)` or `binary(object, argument)`, made new each time: operands are allocated, too.
struct Case {
  const char* name;
  Result<Ref<Value>> (*run)(World&);
};

Result<Ref<Value>> text(World& world, std::string_view utf8) { return widen(make_str(world.heap(), utf8)); }

Result<Ref<Value>> items(World& world, std::initializer_list<std::string_view> texts) {
  Ref<List> list = MINI_TRY(make_list(world.heap()));
  for (std::string_view item : texts) {
    Ref<Value> value = MINI_TRY(text(world, item));
    MINI_TRY(append(world.heap(), list.get(), std::move(value)));
  }
  return Ref<Value>(std::move(list));
}

Result<Ref<Value>> big(World& world) { return make_int(world.heap(), *mini::base::Integer(10).shift_left(300)); }

Result<Ref<Value>> method(World& world, Value self, std::string_view name, std::initializer_list<Value> arguments = {}) {
  Ref<Str> interned = MINI_TRY(world.heap().intern(name));
  return call_method(world.heap(), self, interned.get(), arguments.begin(), static_cast<uint32_t>(arguments.size()));
}

const Case kCases[] = {
    {"split and join",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> whole = MINI_TRY(text(world, "one, two, three, drei, 日本, vier"));
       Ref<Value> comma = MINI_TRY(text(world, ", "));
       Ref<Value> parts = MINI_TRY(method(world, whole, "split", {comma}));
       return method(world, comma, "join", {parts});
     }},
    {"replace, strip, upper, title, center",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> whole = MINI_TRY(text(world, "  a long way, é  "));
       Ref<Value> from = MINI_TRY(text(world, "a"));
       Ref<Value> to = MINI_TRY(text(world, "<ö>"));
       whole = MINI_TRY(method(world, whole, "replace", {from, to}));
       whole = MINI_TRY(method(world, whole, "strip"));
       whole = MINI_TRY(method(world, whole, "upper"));
       whole = MINI_TRY(method(world, whole, "title"));
       return method(world, whole, "center", {Value::integer(60), from});
     }},
    {"appending in place",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Str> whole = MINI_TRY(make_str(world.heap(), "start"));
       for (int i = 0; i < 40; ++i) {
         Ref<Str> piece = MINI_TRY(make_str(world.heap(), i == 20 ? "wide é" : "piece"));
         whole = MINI_TRY(concatenate(world.heap(), std::move(whole), piece.get()));
       }
       return Ref<Value>(std::move(whole));
     }},
    {"str.format",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> format = MINI_TRY(text(world, "{0:>{1}} {0!r} {2[0]} {2}"));
       Ref<Value> word = MINI_TRY(text(world, "word"));
       Ref<Value> list = MINI_TRY(items(world, {"a", "bc"}));
       return method(world, format, "format", {word, Value::integer(9), list});
     }},
    {"percent",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> format = MINI_TRY(text(world, "%s %5d %r %.3f %x"));
       Ref<Value> number = MINI_TRY(big(world));
       Ref<Value> word = MINI_TRY(text(world, "wörd"));
       Value values[] = {word, Value::integer(5), word, Value::maybe_float(1.5), number};
       Ref<Tuple> arguments = MINI_TRY(make_tuple(world.heap(), values, 5));
       return binary(world.heap(), BinaryOp::kModulo, format, Value(arguments));
     }},
    {"big integers",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> number = MINI_TRY(big(world));
       Ref<Value> other = MINI_TRY(binary(world.heap(), BinaryOp::kMultiply, number, number));
       other = MINI_TRY(binary(world.heap(), BinaryOp::kFloorDivide, other, Value::integer(7)));
       other = MINI_TRY(binary(world.heap(), BinaryOp::kXor, other, number));
       other = MINI_TRY(unary(world.heap(), UnaryOp::kNegative, other));
       Ref<Value> pair = MINI_TRY(divide_modulo(world.heap(), other, number));
       return widen(repr(world.heap(), pair));
     }},
    {"list slices",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> list = MINI_TRY(items(world, {"a", "b", "c", "d", "e", "f", "g", "h", "i"}));
       Ref<Slice> slice = MINI_TRY(make_slice(world.heap(), unboxed(Value::integer(1)), unboxed(kNone),
                                              unboxed(Value::integer(2))));
       Ref<Value> part = MINI_TRY(get_item(world.heap(), list, Value(slice)));
       MINI_TRY(set_item(world.heap(), list, Value(slice), part));
       MINI_TRY(delete_item(world.heap(), list, Value(slice)));
       Ref<Slice> front = MINI_TRY(make_slice(world.heap(), unboxed(kNone), unboxed(Value::integer(1)), unboxed(kNone)));
       MINI_TRY(set_item(world.heap(), list, Value(front), part));
       list = MINI_TRY(in_place(world.heap(), BinaryOp::kMultiply, list, Value::integer(3)));
       return binary(world.heap(), BinaryOp::kAdd, list, part);
     }},
    {"list methods",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> list = MINI_TRY(items(world, {"b", "a", "c"}));
       Ref<Value> item = MINI_TRY(text(world, "new item"));
       static_cast<void>(MINI_TRY(method(world, list, "insert", {Value::integer(0), item})));
       static_cast<void>(MINI_TRY(method(world, list, "extend", {item})));
       static_cast<void>(MINI_TRY(method(world, list, "sort")));
       static_cast<void>(MINI_TRY(method(world, list, "pop", {Value::integer(1)})));
       static_cast<void>(MINI_TRY(method(world, list, "remove", {item})));
       return method(world, list, "copy");
     }},
    {"repr of containers",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> list = MINI_TRY(items(world, {"it's", "\n", "日", "plain"}));
       Value pair[] = {list, list};
       Ref<Tuple> tuple = MINI_TRY(make_tuple(world.heap(), pair, 2));
       return widen(repr(world.heap(), Value(tuple)));
     }},
    {"iterating",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Range> range = MINI_TRY(make_range(world.heap(), 0, 300, 7));
       Ref<List> list = MINI_TRY(list_from(world.heap(), Value(range)));
       Ref<Tuple> tuple = MINI_TRY(tuple_from(world.heap(), Value(list)));
       Ref<Value> reversed = MINI_TRY(make_reversed(world.heap(), Value(tuple)));
       static_cast<void>(MINI_TRY(list_from(world.heap(), reversed)));
       Ref<Value> start = MINI_TRY(make_int(world.heap(), INT64_MAX - 3));
       Ref<Value> stop = MINI_TRY(make_int(world.heap(), INT64_MAX));
       Ref<Value> wide = MINI_TRY(world.construct(world.heap().type(BuiltinType::kRange), {start, stop}));
       return widen(list_from(world.heap(), wide));
     }},
    {"bytes",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Value> whole = MINI_TRY(text(world, "a long text, é, and more"));
       Ref<Value> bytes = MINI_TRY(method(world, whole, "encode"));
       Ref<Value> doubled = MINI_TRY(binary(world.heap(), BinaryOp::kAdd, bytes, bytes));
       Ref<Value> parts = MINI_TRY(method(world, doubled, "split"));
       static_cast<void>(MINI_TRY(repr(world.heap(), parts)));
       return method(world, doubled, "decode");
     }},
    {"exceptions",
     [](World& world) -> Result<Ref<Value>> {
       Heap& heap = world.heap();
       Ref<Str> name = MINI_TRY(heap.intern("missing"));
       static_cast<void>(raise_attribute_error(heap, kNone, name.get()));
       Ref<Exception> first = heap.take_pending();
       if (heap.type_of(Value(first)) == heap.type(BuiltinType::kMemoryError)) return heap.raise_memory_error();
       static_cast<void>(raise_os_error(heap, 2, "a file"));
       Ref<Exception> second = heap.take_pending();
       if (heap.type_of(Value(second)) == heap.type(BuiltinType::kMemoryError)) return heap.raise_memory_error();
       set_context(second.get(), first.get());
       Ref<Value> note = MINI_TRY(text(world, "a note"));
       static_cast<void>(MINI_TRY(method(world, Value(second), "add_note", {note})));
       static_cast<void>(MINI_TRY(repr(heap, Value(second))));
       return widen(str(heap, Value(second)));
     }},
    {"formatting numbers",
     [](World& world) -> Result<Ref<Value>> {
       Ref<Str> spec = MINI_TRY(make_str(world.heap(), "*^+30,"));
       Ref<Value> number = MINI_TRY(big(world));
       static_cast<void>(MINI_TRY(format(world.heap(), number, spec.get())));
       return widen(format(world.heap(), Value::maybe_float(1234567.5), spec.get()));
     }},
};

}  // namespace

TEST_CASE("every operation of the builtin types survives each of its allocations failing") {
  for (const Case& one : kCases) {
    CAPTURE(one.name);
    World world;
    sweep_failing_allocations(world, [&](World& inside) {
      Result<Ref<Value>> result = one.run(inside);
      if (!result.ok() && !inside.heap().pending_is(BuiltinType::kMemoryError)) FAIL(inside.error());
      return result.ok();
    });
  }
}

TEST_CASE("a sort by keys survives failing allocations with all of its items") {
  World world;
  Ref<Value> key = world.function([](Heap& heap, const Value* arguments, uint32_t) {
    return widen(repr(heap, arguments[0]));
  });
  sweep_failing_allocations(world, [&](World& inside) {
    Heap& heap = inside.heap();
    Ref<List> list;
    {
      Result<Ref<List>> made = make_list(heap, 50);
      if (!made.ok()) return false;
      list = made.take();
    }
    for (int i = 0; i < 50; ++i) append(heap, list.get(), unboxed(Value::integer(i * 37 % 50))).value();
    const bool sorted = sort(heap, list.get(), key, false).ok();
    uint64_t seen = 0;
    for (uint64_t i = 0; i < list->length; ++i) seen |= uint64_t{1} << list->items[i].as_int();
    CHECK(seen == (uint64_t{1} << 50) - 1);
    return sorted;
  });
}
