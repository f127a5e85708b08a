// Exceptions are chained without cycles, and carry what their kind promises.
#include "world.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

Ref<Exception> make(World& world, BuiltinType which = BuiltinType::kValueError) {
  return make_exception(world.heap(), world.heap().type(which), make_tuple(world.heap(), 0).value()).value();
}

}  // namespace

TEST_CASE("setting a context breaks the cycle that it would close") {
  World world;
  Ref<Exception> a = make(world), b = make(world), c = make(world);
  set_context(b.get(), a.get());
  set_context(c.get(), b.get());
  set_context(a.get(), c.get());  // c -> b -> a would lead to a again
  CHECK(a->context == c.get());
  CHECK(c->context == b.get());
  CHECK(b->context == nullptr);
}

TEST_CASE("an exception is not its own context") {
  World world;
  Ref<Exception> a = make(world);
  set_context(a.get(), a.get());
  CHECK(a->context == nullptr);
}

TEST_CASE("a cycle that a script made does not hang the search") {
  World world;
  Ref<Exception> a = make(world), b = make(world), c = make(world), d = make(world);
  for (auto [from, to] : {std::pair{a.get(), b.get()}, {b.get(), c.get()}, {c.get(), b.get()}}) {
    from->context = Ref<Exception>::share(to).release();
  }
  set_context(d.get(), a.get());
  CHECK(d->context == a.get());
  Exception* link = std::exchange(c->context, nullptr);
  decref(link);
}

TEST_CASE("errno chooses the subclass of OSError") {
  World world;
  static_cast<void>(raise_os_error(world.heap(), ENOENT, "a/file"));
  CHECK(world.error() == "FileNotFoundError: [Errno 2] No such file or directory: 'a/file'");
  static_cast<void>(raise_os_error(world.heap(), EPIPE));
  CHECK(world.error() == "BrokenPipeError: [Errno 32] Broken pipe");
  static_cast<void>(raise_os_error(world.heap(), EXDEV));
  CHECK(world.error().starts_with("OSError: [Errno 18]"));
}

TEST_CASE("errors of names and attributes know the name and the object") {
  World world;
  Heap& heap = world.heap();
  Ref<Str> name = world.name("wanted");
  static_cast<void>(raise_name_error(heap, BuiltinType::kNameError, name.get(), "name 'wanted' is not defined"));
  Ref<Exception> error = heap.take_pending();
  CHECK(world.attribute(Value(error), "name").value().get() == Value(name));
  static_cast<void>(raise_attribute_error(heap, Value::integer(5), name.get()));
  error = heap.take_pending();
  CHECK(world.attribute(Value(error), "name").value().get() == Value(name));
  CHECK(world.attribute(Value(error), "obj").value().get() == Value::integer(5));
  CHECK(to_utf8(str(heap, Value(error)).value().get()) == "'int' object has no attribute 'wanted'");
}

TEST_CASE("a chain of a hundred thousand contexts is dropped without recursion") {
  World world;
  Ref<Exception> head = make(world);
  for (int i = 0; i < 100'000; ++i) {
    Ref<Exception> next = make(world);
    next->context = head.release();
    head = std::move(next);
  }
}
