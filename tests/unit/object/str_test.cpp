// Texts behave like sequences of code points, whatever form holds them; appending in a loop takes linear time.
#include <random>

#include "runtime/object/str_search.h"
#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

std::u32string random_text(std::mt19937& random, size_t length) {
  constexpr char32_t kLetters[] = {'a', 'b', 'a', 'b', ' ', 'c', U'é', U'日', U'😀'};
  const bool ascii = random() % 2;
  std::u32string text;
  for (size_t i = random() % (length + 1); i > 0; --i) text += kLetters[random() % (ascii ? 6 : 9)];
  return text;
}

Ref<Str> make(World& world, const std::u32string& units) {
  return make_str(world.heap(), units.data(), units.size()).value();
}

std::u32string units_of(const Str* text) {
  std::u32string units;
  for (size_t i = 0; i < text->length; ++i) units += text->at(i);
  return units;
}

bool all_ascii(const std::u32string& units) {
  for (char32_t unit : units) {
    if (unit >= 0x80) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a text is narrow exactly if it is ASCII, however it came about") {
  World world;
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    const std::u32string a = random_text(random, 9), b = random_text(random, 3);
    Ref<Str> left = make(world, a), right = make(world, b);
    const size_t start = random() % (a.size() + 1), end = start + random() % (a.size() - start + 1);
    Ref<Str> part = substring(world.heap(), left.get(), start, end).value();
    CHECK(units_of(part.get()) == a.substr(start, end - start));
    Ref<Str> both = concatenate(world.heap(), left.share(), right.get()).value();
    CHECK(units_of(both.get()) == a + b);
    Ref<Value> replaced = world.method(Value(left), "replace", {Value(right), Value(part)}).value();
    for (const Str* text : {left.get(), part.get(), both.get(), static_cast<Str*>(replaced.get().as_object())}) {
      CHECK(text->wide == !all_ascii(units_of(text)));
    }
  }
}

TEST_CASE("equal texts have equal hashes, and texts are ordered by code points") {
  World world;
  std::mt19937 random(2);
  for (int i = 0; i < 3000; ++i) {
    const std::u32string a = random_text(random, 3), b = random_text(random, 3);
    Ref<Str> left = make(world, a), right = make(world, b), again = make(world, a);
    CHECK(hash_of(left.get()) == hash_of(again.get()));
    CHECK((hash_of(left.get()) == 0) == a.empty());  // 0 is also what is not yet computed
    CHECK(equal(left.get(), right.get()) == (a == b));
    CHECK(compare(left.get(), right.get()) == (a < b ? -1 : a > b ? 1 : 0));
  }
}

TEST_CASE("hashes are the same on every machine") {
  World world;
  CHECK(hash_of(world.text("").get()) == hash_bytes("", 0));
  CHECK(hash_of(world.text("increment").get()) == 378765386431616735);
  CHECK(hash_of(world.text("日本").get()) == -4267321827891794934);
}

TEST_CASE("searching agrees with a naive search") {
  World world;
  std::mt19937 random(3);
  for (int i = 0; i < 5000; ++i) {
    const std::u32string a = random_text(random, 12), b = random_text(random, 2);
    Ref<Str> text = make(world, a), piece = make(world, b);
    const size_t start = random() % (a.size() + 1), end = start + random() % (a.size() - start + 1);
    const std::u32string inside = a.substr(start, end - start);
    const size_t first = inside.find(b), last = inside.rfind(b);
    auto position = [start](size_t at) {
      return at == std::u32string::npos ? int64_t{-1} : static_cast<int64_t>(at + start);
    };
    CHECK(find(text.get(), piece.get(), start, end) == position(first));
    CHECK(find_last(text.get(), piece.get(), start, end) == position(last));
    size_t count = 0;
    for (size_t at = 0; !b.empty() && (at = inside.find(b, at)) != std::u32string::npos; at += b.size()) ++count;
    if (b.empty()) count = inside.size() + 1;
    CHECK(count_occurrences(text.get(), piece.get(), start, end) == count);
  }
}

TEST_CASE("a text that nobody else holds grows in place") {
  World world;
  Ref<Str> text = world.text("start");
  Ref<Str> piece = world.text("0123456789");
  const uint64_t before = world.memory().allocation_count();
  for (int i = 0; i < 10000; ++i) text = concatenate(world.heap(), std::move(text), piece.get()).value();
  CHECK(text->length == 100005);
  CHECK(world.memory().allocation_count() - before < 200);
  CHECK(to_utf8(text.get()).substr(0, 17) == "start012345678901");
}

TEST_CASE("a text that somebody else holds, or that is a name, stays as it is") {
  World world;
  Ref<Str> text = world.text("shared");
  Ref<Str> longer = concatenate(world.heap(), text.share(), text.get()).value();
  CHECK(equal(text.get(), "shared"));
  CHECK(equal(longer.get(), "sharedshared"));
  Ref<Str> name = world.name("a_name");
  const int64_t hash = hash_of(name.get());
  Ref<Str> other = concatenate(world.heap(), std::move(name), text.get()).value();
  CHECK(equal(other.get(), "a_nameshared"));
  CHECK(hash_of(other.get()) != hash);
}

TEST_CASE("growing a text forgets its hash") {
  World world;
  Ref<Str> text = concatenate(world.heap(), world.text("ab"), world.text("cd").get()).value();
  static_cast<void>(hash_of(text.get()));
  text = concatenate(world.heap(), std::move(text), world.text("ef").get()).value();
  CHECK(hash_of(text.get()) == hash_of(world.text("abcdef").get()));
}

TEST_CASE("empty and single ASCII texts are shared") {
  World world;
  CHECK(world.text("").get() == world.text("").get());
  CHECK(world.text("x").get() == world.text("x").get());
  Ref<Str> word = world.text("xyz");
  Ref<Value> first = get_item(world.heap(), Value(word), Value::integer(0)).value();
  CHECK(first.get() == Value(world.text("x")));
}

TEST_CASE("join makes its result with one allocation") {
  World world;
  Ref<List> list = world.list({});
  for (int i = 0; i < 100; ++i) append(world.heap(), list.get(), world.text("piece")).value();
  Ref<Str> separator = world.text(", ");
  Ref<Value> join = world.attribute(Value(separator), "join").value();
  const uint64_t before = world.memory().allocation_count();
  Ref<Value> result = world.call_value(join, {Value(list)}).value();
  CHECK(world.memory().allocation_count() - before == 1);
  CHECK(static_cast<Str*>(result.get().as_object())->length == 100 * 5 + 99 * 2);
}

TEST_CASE("lone surrogates go through, and repr shows them") {
  World world;
  const char32_t units[] = {'a', 0xd800, 0xdfff};
  Ref<Str> text = make_str(world.heap(), units, 3).value();
  Ref<Str> again = world.text(to_utf8(text.get()));
  CHECK(equal(text.get(), again.get()));
  CHECK(world.repr_of(Value(text)) == "'a\\ud800\\udfff'");
}
