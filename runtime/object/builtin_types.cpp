// The heap's beginning and end: builtin types, names, and what is dropped when a VM ends.
#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "runtime/object/exception.h"
#include "runtime/object/instance.h"
#include "runtime/object/node.h"
#include "runtime/object/number.h"
#include "runtime/object/operations.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

struct TypeRow {
  std::string_view name;
  BuiltinType base;
};
constexpr TypeRow kTypeRows[] = {
#define BUILTIN_TYPE(enumerator, name, base) {name, BuiltinType::k##base},
#include "runtime/object/builtin_types.def"
#undef BUILTIN_TYPE
};
constexpr std::string_view kNames[] = {
#define NAME_TEXT(text) #text
#define NAME(text) NAME_TEXT(text),
#include "runtime/object/names.def"
#undef NAME
#undef NAME_TEXT
};
constexpr uint32_t kTypeCount = static_cast<uint32_t>(BuiltinType::kCount);

}  // namespace

struct Bootstrap {
  Heap& heap;

  /// The bare type objects: everything else needs them to exist.
  bool allocate_types() {
    for (uint32_t i = 0; i < kTypeCount; ++i) {
      void* block = heap.memory().allocate(sizeof(Type));
      if (!block) return false;
      std::memset(block, 0, sizeof(Type));
      auto* made = static_cast<Type*>(block);
      made->count = 1;
      made->type = heap.types_[static_cast<uint32_t>(BuiltinType::kTypeType)];
      made->kind = i;
      made->instance_size = sizeof(Object);
      new (&made->hook) base::ListMemberHook;
      heap.tracked_.push_back(*made);
      ++heap.object_count_;
      heap.types_[i] = made;
    }
    Type* type = heap.type(BuiltinType::kTypeType);
    heap.type(BuiltinType::kObject)->type = type->type = type;
    return true;
  }

  void define_types() {
    define_type_types(heap);
    define_native_types(heap);
    define_instance_types(heap);
    define_number_types(heap);
    define_str_type(heap);
    define_bytes_type(heap);
    define_sequence_types(heap);
    define_dict_types(heap);
    define_set_types(heap);
    define_mapping_proxy_type(heap);
    define_exception_types(heap);
    for (uint32_t i = 0; i < kTypeCount; ++i) {
      Type* made = heap.types_[i];
      Type* base = heap.type(kTypeRows[i].base);
      made->version = heap.next_type_version();
      if (made == base) continue;
      if (base->kind == static_cast<uint32_t>(BuiltinType::kBaseException) ||
          base->type_flags & Type::kException) {
        made->type_flags |= Type::kException | Type::kSubclassable;
      }
      if (base != heap.type(BuiltinType::kObject)) {
        made->type_flags |= base->type_flags & Type::kTracked;
        if (made->instance_size < base->instance_size) made->instance_size = base->instance_size;
        if (!made->attributes_offset) made->attributes_offset = base->attributes_offset;
        if (!made->construct) made->construct = base->construct;
      }
      inherit_behaviour(made->behaviour, base->behaviour);
    }
    heap.type(BuiltinType::kBaseException)->type_flags |= Type::kException | Type::kSubclassable;
  }

  Result<void> name_types() {
    for (uint32_t i = 0; i < static_cast<uint32_t>(Name::kCount); ++i) {
      heap.names_[i] = MINI_TRY(heap.intern(kNames[i])).release();
      heap.names_[i]->interned = kImmortalName;
    }
    Ref<Str> builtins = MINI_TRY(heap.intern("builtins"));
    for (uint32_t i = 0; i < kTypeCount; ++i) {
      Type* made = heap.types_[i];
      Type* base = heap.type(kTypeRows[i].base);
      std::string_view name = kTypeRows[i].name;
      const size_t dot = name.rfind('.');
      made->name = MINI_TRY(heap.intern(name.substr(dot + 1))).release();
      made->qualified_name = Ref<Str>::share(made->name).release();
      made->attributes = MINI_TRY(make_dict(heap)).release();
      if (dot != name.npos) {
        Ref<Str> module = MINI_TRY(heap.intern(name.substr(0, dot)));
        MINI_TRY(set_name(heap, made->attributes, heap.name(Name::k__module__), module));
      }
      const bool is_root = made == base;
      Value bases[] = {Value(base)};
      made->bases = MINI_TRY(make_tuple(heap, bases, is_root ? 0 : 1)).release();
      if (!is_root) made->base = Ref<Type>::share(base).release();
      const size_t inherited = is_root ? 0 : base->method_resolution_order->length;
      Ref<Tuple> order = MINI_TRY(make_tuple(heap, inherited + 1));
      order->items()[0] = Ref<Value>::share(Value(made)).release();
      for (size_t k = 0; k < inherited; ++k) {
        order->items()[k + 1] = Ref<Value>::share(base->method_resolution_order->items()[k]).release();
      }
      made->method_resolution_order = order.release();
      if (!is_root) MINI_TRY(add_subclass(heap, base, made));
    }
    return {};
  }

  Result<void> define_methods() {
    MINI_TRY(define_type_methods(heap));
    MINI_TRY(define_native_methods(heap));
    MINI_TRY(define_instance_methods(heap));
    MINI_TRY(define_number_methods(heap));
    MINI_TRY(define_str_methods(heap));
    MINI_TRY(define_bytes_methods(heap));
    MINI_TRY(define_sequence_methods(heap));
    MINI_TRY(define_dict_methods(heap));
    MINI_TRY(define_set_methods(heap));
    MINI_TRY(define_mapping_proxy_methods(heap));
    MINI_TRY(define_exception_methods(heap));
    MINI_TRY(define_slot_methods(heap));
    Ref<Tuple> no_args = MINI_TRY(make_tuple(heap, 0));
    heap.spare_memory_error_ =
        MINI_TRY(make_exception(heap, heap.type(BuiltinType::kMemoryError), std::move(no_args))).release();
    return {};
  }

  // ---- the end

  template <class T>
  static void drop_reference(T*& field) {
    if (T* old = std::exchange(field, nullptr)) decref(old);
  }

  /// All that the heap holds besides its types and names.
  void drop_roots() {
    drop_reference(heap.pending_);
    drop_reference(heap.spare_memory_error_);
    heap.forget_running_finalizers();
    while (heap.has_finalizable()) {
      static_cast<void>(heap.take_finalizable());
      heap.forget_running_finalizers();
    }
    drop_reference(heap.shared_.empty_tuple);
    drop_reference(heap.shared_.empty_str);
    drop_reference(heap.shared_.empty_bytes);
    drop_reference(heap.collector_.callbacks);
    for (Str*& character : heap.shared_.characters) drop_reference(character);
  }

  /// The types that modules of the VM defined: each holds itself, through its functions and its order of resolution.
  void drop_module_types() {
    std::vector<Ref<Type>> types;
    for (Tracked& node : heap.settled_) {
      if (!has_kind(object_of(&node), BuiltinType::kTypeType)) continue;
      auto* type = static_cast<Type*>(object_of(&node));
      if (!is_builtin(type)) types.push_back(Ref<Type>::share(type));
    }
    for (Ref<Type>& type : types) {
      drop_reference(type->attributes);
      drop_reference(type->method_resolution_order);
    }
  }
  bool is_builtin(Type* type) const { return type->kind < kTypeCount && heap.types_[type->kind] == type; }

  void drop_types() {
    // A type is needed as long as one of its instances lives, so all lose their contents before any goes
    // away.
    for (uint32_t i = kTypeCount; i-- > 0;) {
      Type* type = heap.types_[i];
      drop_reference(type->attributes);
      drop_reference(type->name);
      drop_reference(type->qualified_name);
    }
    for (uint32_t i = kTypeCount; i-- > 0;) {
      Type* type = heap.types_[i];
      unlink_from_bases(type);
      drop_reference(type->base);
      drop_reference(type->bases);
      drop_reference(type->method_resolution_order);
    }
    drop_roots();  // the empty tuple may have been made again
    for (Str*& name : heap.names_) drop_reference(name);
    Type* metatype = heap.type(BuiltinType::kTypeType);
    for (uint32_t i = kTypeCount; i-- > 0;) {
      if (heap.types_[i] != metatype && heap.types_[i]->count == 1) drop_reference(heap.types_[i]);
    }
    if (metatype->count == 1) {
      heap.tracked_.erase(TrackedList::s_iterator_to(*metatype));
      release_type_buffers(heap, metatype);
      heap.memory().release(metatype, sizeof(Type));
      --heap.object_count_;
      heap.types_[static_cast<uint32_t>(BuiltinType::kTypeType)] = nullptr;
    }
  }
};

Heap* Heap::create(base::Memory& memory, const MachineHooks& hooks) {
  void* block = memory.allocate(sizeof(Heap));
  if (!block) return nullptr;
  auto* heap = new (block) Heap;
  memory.set_root(heap);
  heap->hooks_ = hooks;
  const int32_t threshold = std::exchange(heap->collector_.thresholds[0], INT32_MAX);
  Bootstrap bootstrap{*heap};
  if (!bootstrap.allocate_types()) return nullptr;
  bootstrap.define_types();
  if (!bootstrap.name_types().ok() || !bootstrap.define_methods().ok()) return nullptr;
  heap->collector_ = {};
  heap->collector_.thresholds[0] = threshold;
  return heap;
}

bool Heap::drop_objects() {
  Bootstrap bootstrap{*this};
  bootstrap.drop_roots();
  hooks_.finalizers_pending = nullptr;  // no script code runs any more: what has a finaliser goes without it
  collector_.collecting = 0;
  unfreeze();
  auto collect_all = [&] {
    do {
      bootstrap.drop_roots();
      collect();
    } while (!finalizable_.empty());
  };
  collect_all();
  // What a script could make part of a cycle, and would be gone if it had not.
  auto is_open = [](Tracked& node) {
    return has_kind(object_of(&node), BuiltinType::kList) || has_kind(object_of(&node), BuiltinType::kModule);
  };
  const bool is_own = tracked_.empty() && old_[0].empty() && old_[1].empty();
  if (is_own && std::none_of(settled_.begin(), settled_.end(), is_open)) return true;
  old_[1].splice(old_[1].end(), settled_);
  collect_all();
  return false;
}

size_t Heap::shut_down() {
  Bootstrap bootstrap{*this};
  if (drop_objects()) bootstrap.drop_module_types();  // what is left is the VM's own, whose only cycles these are
  collector_.thresholds[0] = INT32_MAX;
  collector_.stress = 0;
  if (object_count_ > 0 && types_[0]) bootstrap.drop_types();
  release_buffer(interned_.slots, interned_.capacity * sizeof(Str*));
  interned_ = {};
  return object_count_;
}

void Heap::visit(Visitor& visitor) {
  for (Type* type : types_) visitor.reference(type);
  for (Str* name : names_) visitor.reference(name);
  visitor.reference(pending_);
  visitor.reference(spare_memory_error_);
  visitor.reference(shared_.empty_tuple);
  visitor.reference(shared_.empty_str);
  visitor.reference(shared_.empty_bytes);
  visitor.reference(collector_.callbacks);
  for (Str* character : shared_.characters) visitor.reference(character);
  for (Tracked& node : finalizable_) visitor.reference(object_of(&node));
  visitor.scalar(last_serial_);
  visitor.scalar(digit_limit_);
  visitor.scalar(collector_.enabled);
  visitor.content(collector_.counts, sizeof collector_.counts);
  visitor.content(collector_.thresholds, sizeof collector_.thresholds);
}

std::string Heap::describe_live_objects(size_t limit) {
  std::map<std::string, size_t> counts;
  for_each_tracked([&](Object* object) { ++counts[object->type->name ? to_utf8(object->type->name) : "?"]; });
  std::string out;
  for (const auto& [name, count] : counts) {
    if (limit-- == 0) break;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, name);
  }
  return out;
}

}  // namespace mini::object
