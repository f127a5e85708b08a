// Every field of every object is shown to visitors: the collector and the hash of a state see all of it.
#include <cstring>

#include "world.h"

#include "runtime/object/number.h"
#include "runtime/object/visitor.h"

using namespace mini::object;
using namespace mini::object::test;

namespace {

/// A hash of what an object shows; references by address are enough here.
class NaiveHash final : public Visitor {
 public:
  void reference(Value value) override { mix(value.bits()); }
  void scalar(uint64_t value) override { mix(value); }
  void content(const void* data, size_t size) override {
    for (size_t i = 0; i < size; ++i) mix(static_cast<const uint8_t*>(data)[i]);
  }
  uint64_t value() const { return hash_; }

 private:
  void mix(uint64_t value) { hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15u + (hash_ >> 29); }
  uint64_t hash_ = 1;
};

uint64_t shown(Object* object) {
  NaiveHash hash;
  visit_object(object, hash);
  return hash.value();
}

/// Changes each field in turn and expects another hash, then puts it back.
template <class... Fields>
void check_fields(Object* object, Fields&... fields) {
  const uint64_t before = shown(object);
  int number = 0;
  auto check = [&]<class Field>(Field& place) {
    INFO("field ", number++, " of ", to_utf8(object->type->name));
    const Field saved = place;
    if constexpr (std::is_same_v<Field, Value>) {
      place = Value::integer(123456789);
    } else if constexpr (std::is_pointer_v<Field>) {
      place = nullptr;
    } else {
      place = static_cast<Field>(static_cast<uint64_t>(place) + 1);
    }
    CHECK(shown(object) != before);
    place = saved;
    CHECK(shown(object) == before);
  };
  (check(fields), ...);
}

}  // namespace

TEST_CASE("objects of this layer show every field") {
  World world;
  Heap& heap = world.heap();
  Ref<Str> text = world.name("some text");
  Ref<List> list = world.list({Value::integer(1), text});

  Ref<Cell> cell = make_cell(heap, Ref<Value>(list.share())).value();
  check_fields(cell.get(), cell->content, cell->serial);
  Ref<BoundMethod> method = make_bound_method(heap, text, list).value();
  check_fields(method.get(), method->function, method->self);
  Ref<Module> module = make_module(heap, "mm").value();
  check_fields(module.get(), module->name, module->dict);
  Ref<Type> type = world.make_class("Class");
  check_fields(type.get(), type->name, type->qualified_name, type->bases, type->method_resolution_order,
               type->base, type->attributes, type->kind, type->subclass_count);
  Ref<Value> instance = world.construct(type).value();
  Ref<Super> super = make_super(heap, type.get(), instance).value();
  check_fields(super.get(), super->type, super->self, super->self_type);

  Ref<Value> made = world.construct(heap.type(BuiltinType::kProperty), {text, text, text, text}).value();
  auto* property = static_cast<Property*>(made.get().as_object());
  check_fields(property, property->getter, property->setter, property->deleter, property->doc);
  made = world.construct(heap.type(BuiltinType::kStaticMethod), {text}).value();
  check_fields(made.get().as_object(), static_cast<StaticMethod*>(made.get().as_object())->function);
  made = world.construct(heap.type(BuiltinType::kClassMethod), {text}).value();
  check_fields(made.get().as_object(), static_cast<ClassMethod*>(made.get().as_object())->function);
  Ref<Value> bound = world.attribute(list, "append").value();
  auto* native = static_cast<NativeObject*>(bound.get().as_object());
  Str* no_module = std::exchange(native->module, text.get());
  check_fields(native, native->self, native->module);
  native->module = no_module;

  Ref<Dict> dict = make_dict(heap).value();
  for (int64_t i = 0; i < 3; ++i) set(heap, dict.get(), Value::integer(i), list).value();
  check_fields(dict.get(), dict->entries[1].key, dict->entries[1].value, dict->live, dict->filled);
  Ref<Value> iterator = iterate(heap, dict).value();
  auto* dict_iterator = static_cast<DictIterator*>(iterator.get().as_object());
  check_fields(dict_iterator, dict_iterator->dict, dict_iterator->position, dict_iterator->expected_live,
               dict_iterator->remaining, dict_iterator->reversed, dict_iterator->part);
  Ref<Value> view = world.method(dict, "keys").value();
  check_fields(view.get().as_object(), static_cast<DictView*>(view.get().as_object())->dict);
  Ref<Set> set = make_set(heap).value();
  add(heap, set.get(), text).value();
  check_fields(set.get(), set->entries[0].key);
  iterator = iterate(heap, set).value();
  auto* set_iterator = static_cast<SetIterator*>(iterator.get().as_object());
  check_fields(set_iterator, set_iterator->set, set_iterator->position, set_iterator->expected_live);

  Ref<Value> large = make_int(heap, INT64_MAX).value();
  made = world.construct(heap.type(BuiltinType::kRange), {large}).value();
  auto* range = static_cast<Range*>(made.get().as_object());
  check_fields(range, range->start, range->stop, range->step, range->length, range->wide);
  iterator = iterate(heap, made).value();
  auto* wide_iterator = static_cast<WideRangeIterator*>(iterator.get().as_object());
  check_fields(wide_iterator, wide_iterator->next, wide_iterator->step, wide_iterator->remaining);
}

TEST_CASE("instances show their class, the names and the values of their attributes") {
  World world;
  Heap& heap = world.heap();
  Ref<Type> types[] = {world.make_class("Plain"), world.make_class("Text", {heap.type(BuiltinType::kStr)}),
                       world.make_class("Row", {heap.type(BuiltinType::kTuple)}),
                       world.make_class("Trouble", {heap.type(BuiltinType::kException)})};
  for (Ref<Type>& type : types) {
    Ref<Value> a = world.construct(type).value(), b = world.construct(type).value();
    set_attribute(heap, a, world.name("first").get(), Value::integer(1)).value();
    set_attribute(heap, a, world.name("second").get(), Value::integer(2)).value();
    set_attribute(heap, b, world.name("second").get(), Value::integer(1)).value();
    set_attribute(heap, b, world.name("first").get(), Value::integer(2)).value();
    CHECK(shown(a.get().as_object()) != shown(b.get().as_object()));
    Object* object = a.get().as_object();
    Attributes* attributes = attributes_of(object);
    check_fields(object, attributes->values[0], attributes->values[1]);
    const uint64_t before = shown(object);
    static_cast<void>(world.attribute(a, "__dict__").value());
    CHECK(shown(object) != before);
    check_fields(object, attributes->dict);
  }
  Ref<Value> one = world.construct(types[0]).value();
  const uint64_t before = shown(one.get().as_object());
  Ref<Type> other = world.make_class("Other");
  set_attribute(heap, one, heap.name(Name::k__class__), other).value();
  CHECK(shown(one.get().as_object()) != before);
}
