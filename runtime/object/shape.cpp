// Shapes, and the attributes that instances keep under them or in a dict.
#include "runtime/object/dict.h"

#include <algorithm>

#include "runtime/object/instance.h"
#include "runtime/object/operations.h"
#include "runtime/object/str.h"
#include "runtime/object/table.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

// ---- the tree of shapes

namespace {

/// Up to this many attributes a walk along the parents is as quick as a hash table.
constexpr uint32_t kWalk = 6;

Shape* make_shape(Heap& heap, Type* owner, Shape* parent, Str* name) {
  auto* shape = static_cast<Shape*>(heap.allocate_buffer(sizeof(Shape)));
  if (!shape) return nullptr;
  *shape = {};
  shape->owner = owner;
  shape->parent = parent;
  shape->serial = heap.next_shape_serial();
  if (parent) {
    shape->name = Ref<Str>::share(name).release();
    shape->count = parent->count + 1;
    // At the end: the first child is the one that most instances take.
    Shape** link = &parent->first_child;
    while (*link) link = &(*link)->next_sibling;
    *link = shape;
  }
  return shape;
}

/// A table of all ancestors by name. A cache: without memory for it, walks go on.
void make_slots(Shape* shape) {
  const uint32_t size = std::bit_ceil(shape->count * 2);
  auto** slots = static_cast<Shape**>(base::Memory::of(shape).allocate(size * sizeof(Shape*)));
  if (!slots) return;
  std::fill_n(slots, size, nullptr);
  for (Shape* each = shape; each->parent; each = each->parent) {
    uint32_t at = static_cast<uint32_t>(hash_of(each->name)) & (size - 1);
    while (slots[at]) at = (at + 1) & (size - 1);
    slots[at] = each;
  }
  shape->slots = slots;
  shape->slots_mask = size - 1;
}

/// AttributeError if such objects have no attribute of that name.
Result<void> check_slot(Heap& heap, const Object* object, Str* name) {
  Type* type = object->type;
  if (!(type->type_flags & Type::kSlotsOnly) || names_slot(type, name)) return {};
  if (!lookup(type, name).is_unbound()) {
    return heap.raise(BuiltinType::kAttributeError, "'{}' object attribute '{}' is read-only", to_utf8(type->name),
                      to_utf8(name));
  }
  return raise_no_room(heap, Value(object), name);
}

/// The shape with one more attribute; null if the class has too many.
Result<Shape*> extend(Heap& heap, const Object* object, Shape* shape, Str* name) {
  MINI_TRY(check_slot(heap, object, name));
  for (Shape* child = shape->first_child; child; child = child->next_sibling) {
    if (child->name == name) return child;
  }
  Shape* root = shape->owner->root_shape;
  if (shape->count >= Shape::kMaxSlots || root->shape_count >= Shape::kMaxShapes) return nullptr;
  Shape* made = make_shape(heap, shape->owner, shape, name);
  if (!made) return raised;
  ++root->shape_count;
  return made;
}

}  // namespace

Shape* make_root_shape(Heap& heap, Type* owner) {
  return make_shape(heap, owner, nullptr, nullptr);
}

void release_shapes(Heap& heap, Shape* root) {
  // Depth first without recursion: a shape whose children are gone goes, and its parent looks at the next
  // child.
  Shape* shape = root;
  while (shape) {
    if (Shape* child = shape->first_child) {
      shape->first_child = child->next_sibling;
      shape = child;
      continue;
    }
    Shape* parent = shape->parent;
    if (shape->slots) heap.release_buffer(shape->slots, (shape->slots_mask + size_t{1}) * sizeof(Shape*));
    if (shape->name) decref(shape->name);
    heap.release_buffer(shape, sizeof(Shape));
    shape = parent;
  }
}

int64_t slot_of(Shape* shape, const Str* name) {
  if (shape->count > kWalk && !shape->slots) make_slots(shape);
  if (!shape->slots) {
    for (; shape->parent; shape = shape->parent) {
      if (shape->name == name) return shape->count - 1;
    }
    return -1;
  }
  for (uint32_t at = static_cast<uint32_t>(hash_of(name));; ++at) {
    Shape* found = shape->slots[at & shape->slots_mask];
    if (!found) return -1;
    if (found->name == name) return found->count - 1;
  }
}

// ---- the attributes of an instance

Value get_instance_attribute(Object* object, const Str* name) {
  Attributes* attributes = attributes_of(object);
  if (!attributes) return kUnbound;
  if (attributes->shape) {
    const int64_t slot = slot_of(attributes->shape, name);
    return slot < 0 ? kUnbound : attributes->values[slot];
  }
  return attributes->dict ? get_name(attributes->dict, name) : kUnbound;
}

namespace {

/// From now on the attributes stand in a dict.
Result<void> move_to_dict(Heap& heap, Object* object) {
  Attributes* attributes = attributes_of(object);
  Ref<Dict> dict = MINI_TRY(make_dict(heap));
  if (Shape* shape = attributes->shape) {
    std::array<Str*, Shape::kMaxSlots> names;
    const uint32_t count = shape->count;
    for (Shape* each = shape; each->parent; each = each->parent) names[each->count - 1] = each->name;
    for (uint32_t i = 0; i < count; ++i)
      MINI_TRY(set_name(heap, dict.get(), names[i], attributes->values[i]));
    for (uint32_t i = 0; i < count; ++i) decref(attributes->values[i]);
    if (attributes->buffered) {
      heap.release_buffer(attributes->values, attributes->capacity * sizeof(Value));
      attributes->buffered = 0;
    }
    attributes->shape = nullptr;
    attributes->capacity = 0;
  }
  attributes->dict = dict.release();
  return {};
}

/// Room for one more value.
Result<void> grow(Heap& heap, Attributes* attributes) {
  const uint32_t count = attributes->shape->count;
  if (count < attributes->capacity) return {};
  const uint32_t capacity = std::max<uint32_t>(4, count * 2);
  auto* values = static_cast<Value*>(heap.allocate_buffer(capacity * sizeof(Value)));
  if (!values) return raised;
  std::copy_n(attributes->values, count, values);
  if (attributes->buffered) heap.release_buffer(attributes->values, attributes->capacity * sizeof(Value));
  attributes->values = values;
  attributes->capacity = capacity;
  attributes->buffered = 1;
  return {};
}

}  // namespace

Result<void> set_instance_attribute(Heap& heap, Object* object, Str* name, Value value) {
  Attributes* attributes = attributes_of(object);
  MINI_ASSERT(attributes);
  if (!attributes->shape && !attributes->dict) {
    attributes->shape = object->type->root_shape;
    if (!attributes->shape) MINI_TRY(move_to_dict(heap, object));
  }
  if (!attributes->shape) {
    if (object->type->type_flags & Type::kSlotsOnly) MINI_TRY(check_slot(heap, object, name));
    return set_name(heap, attributes->dict, name, value);
  }
  if (const int64_t slot = slot_of(attributes->shape, name); slot >= 0) {
    incref(value);
    decref(std::exchange(attributes->values[slot], value));
    return {};
  }
  Shape* shape = MINI_TRY(extend(heap, object, attributes->shape, name));
  if (!shape) {
    MINI_TRY(move_to_dict(heap, object));
    return set_name(heap, attributes->dict, name, value);
  }
  MINI_TRY(grow(heap, attributes));
  incref(value);
  attributes->values[attributes->shape->count] = value;
  attributes->shape = shape;
  uint32_t& usual = object->type->usual_attribute_count;
  usual = std::max(usual, shape->count);
  return {};
}

Result<bool> delete_instance_attribute(Heap& heap, Object* object, Str* name) {
  Attributes* attributes = attributes_of(object);
  if (!attributes || get_instance_attribute(object, name).is_unbound()) return false;
  if (attributes->shape) {
    // The last attribute leaves by the way it came; another one leaves the shapes.
    if (attributes->shape->name == name) {
      const uint32_t last = attributes->shape->count - 1;
      attributes->shape = attributes->shape->parent;
      decref(attributes->values[last]);
      return true;
    }
    MINI_TRY(move_to_dict(heap, object));
  }
  return remove_name(heap, attributes->dict, name);
}

Result<Dict*> instance_dict(Heap& heap, Object* object) {
  Attributes* attributes = attributes_of(object);
  MINI_ASSERT(attributes);
  if (attributes->shape || !attributes->dict) MINI_TRY(move_to_dict(heap, object));
  return attributes->dict;
}

void visit_attributes(Attributes* attributes, Visitor& visitor) {
  if (!attributes->shape) return visitor.reference(attributes->dict);
  const Shape* shape = attributes->shape;
  visitor.scalar(shape->count);
  for (uint32_t i = 0; i < shape->count; ++i) visitor.reference(attributes->values[i]);
  if (visitor.references_only) return;
  for (const Shape* each = shape; each->parent; each = each->parent) {
    visitor.scalar(static_cast<uint64_t>(hash_of(each->name)));
  }
}

void drop_attributes(Heap& heap, Object* object) {
  Attributes* attributes = attributes_of(object);
  if (Shape* shape = std::exchange(attributes->shape, nullptr)) {
    Value* values = std::exchange(attributes->values, nullptr);
    for (uint32_t i = 0; i < shape->count; ++i) decref(values[i]);
    if (attributes->buffered) heap.release_buffer(values, attributes->capacity * sizeof(Value));
  } else if (Dict* dict = std::exchange(attributes->dict, nullptr)) {
    decref(dict);
  }
}

/// In the words of object_new (3.13 Objects/typeobject.c).
static Raised raise_abstract(Heap& heap, Type* type) {
  Ref<List> names = MINI_TRY(list_from(heap, lookup(type, heap.name(Name::k__abstractmethods__))));
  MINI_TRY(sort(heap, names.get(), kUnbound, false));
  std::string listed;
  for (uint64_t i = 0; i < names->length; ++i)
    listed += (i ? ", '" : "'") + to_utf8(MINI_TRY(str(heap, names->items[i])).get()) + "'";
  return heap.raise(BuiltinType::kTypeError,
                    "Can't instantiate abstract class {} without an implementation for abstract method{} {}",
                    to_utf8(type->name), names->length > 1 ? "s" : "", listed);
}

Result<Ref<Value>> make_instance(Heap& heap, Type* type) {
  if (type->type_flags & Type::kAbstract) return raise_abstract(heap, type);
  const uint32_t inside = std::clamp<uint32_t>(type->usual_attribute_count, 2, 64);
  Ref<Instance> instance = MINI_TRY(heap.create_unfilled<Instance>(type, inside * sizeof(Value)));
  Attributes& attributes = instance->attributes;
  attributes.inside = static_cast<uint16_t>(inside);
  attributes.capacity = inside;
  attributes.values = reinterpret_cast<Value*>(instance.get() + 1);
  std::fill_n(attributes.values, inside, kUnbound);
  attributes.shape = type->root_shape;
  return Ref<Value>(std::move(instance));
}

}  // namespace mini::object
