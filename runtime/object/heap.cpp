// The lifetime of objects: allocation, death without recursion, finalisers, and the pending exception.
#include "runtime/object/heap.h"

#include <cstring>

#include "runtime/object/exception.h"
#include "runtime/object/node.h"
#include "runtime/object/str.h"
#include "runtime/object/visitor.h"

namespace mini::object {

// ---- allocation

Object* Heap::allocate_object(Type* type, size_t bytes) {
  const size_t trailer = type->trailer_size;
  if (trailer > 0) [[unlikely]] bytes = (bytes + 7) / 8 * 8 + trailer;
  const bool is_tracked = type->type_flags & Type::kTracked;
  if ((is_tracked || trailer > 0) && (++collector_.counts[0] > collector_.thresholds[0] || collector_.stress)) [[unlikely]] {
    collect_if_due();
  }
  auto* object = static_cast<Object*>(memory().allocate(bytes));
  if (!object) [[unlikely]] {
    raise_memory_error();
    return nullptr;
  }
  object->count = 1;
  object->serial = 0;
  object->type = type;
  ++object_count_;
  if (type->type_flags & Type::kUserClass) incref(type);
  auto* node = static_cast<Tracked*>(object);
  if (trailer > 0) [[unlikely]] {
    char* behind = reinterpret_cast<char*>(object) + bytes - trailer;
    std::memset(behind, 0, trailer);
    if (!is_tracked) {
      // Not node_of(): the size of the object may depend on fields that are not filled in yet.
      auto* owned = reinterpret_cast<Trailer*>(reinterpret_cast<char*>(object) + bytes - sizeof(Trailer));
      owned->owner = object;
      node = owned;
    }
  } else if (!is_tracked) {
    return object;
  }
  new (&node->hook) base::ListMemberHook;
  node->unexplained = node->flags = 0;
  tracked_.push_back(*node);
  return object;
}

void* Heap::allocate_buffer(size_t bytes) {
  void* buffer = memory().allocate(bytes);
  if (!buffer) raise_memory_error();
  return buffer;
}

void* Heap::resize_buffer(void* buffer, size_t old_bytes, size_t new_bytes) {
  void* resized = memory().reallocate(buffer, old_bytes, new_bytes);
  if (!resized) raise_memory_error();
  return resized;
}

Type* Heap::type_of_unboxed(Value value) {
  if (value.is_int()) return type(BuiltinType::kInt);
  if (value.is_float()) return type(BuiltinType::kFloat);
  if (value.is_bool()) return type(BuiltinType::kBool);
  if (value.is_none()) return type(BuiltinType::kNoneType);
  if (value == kEllipsis) return type(BuiltinType::kEllipsisType);
  if (value == kNotImplemented) return type(BuiltinType::kNotImplementedType);
  MINI_UNREACHABLE();
}

// ---- death

void object_dead(Object* object) noexcept {
  Heap& heap = Heap::of(object);
  if (object->type == heap.type(BuiltinType::kStr)) return heap.free_text(static_cast<Str*>(object));
  if (Tracked* node = node_of(object)) return heap.bury(node);
  heap.free_now(object);
}

void Heap::bury(Tracked* node) {
  Object* object = object_of(node);
  if (node->hook.is_linked()) tracked_.erase(TrackedList::s_iterator_to(*node));
  if (object->type->type_flags & Type::kHasFinalizer && !(node->flags & Tracked::kFinalized)) {
    node->flags |= Tracked::kFinalized;
    object->count = 1;
    finalizable_.insert(finalizable_barrier_, *node);
    if (hooks_.finalizers_pending) hooks_.finalizers_pending(*this);
    return;
  }
  if (node->flags & Tracked::kWeaklyReferenced) forget_weak_references(node);
  if (collector_.counts[0] > 0) --collector_.counts[0];
  if (burying_) {
    dying_.insert(dying_mark_, *node);
    return;
  }
  burying_ = true;
  for (;;) {
    // What this object drops comes first, in the order of dropping: so objects die in the order in which
    // CPython's recursion frees them.
    dying_mark_ = dying_.begin();
    free_now(object);
    if (dying_.empty()) break;
    object = object_of(&dying_.front());
    dying_.pop_front();
  }
  burying_ = false;
}

/// Frees an object that no list holds; what it owned may land on `dying_`.
void Heap::free_now(Object* object) {
  announce_death(object);
  Type* type = object->type;
  const size_t bytes = object_size(object);
  if (type->behaviour.drop) type->behaviour.drop(*this, object);
  if (type->trailer_size) drop_attributes(*this, object);
  free_block(object, bytes);
  if (type->type_flags & Type::kUserClass) decref(type);
}

/// The same for an exact str, which owns nothing.
void Heap::free_text(Str* text) {
  announce_death(text);
  if (text->interned) forget_interned(text);
  free_block(text, text->extent());
}

inline void Heap::free_block(Object* object, size_t bytes) {
  if (death_marks_) [[unlikely]] {
    const size_t bit = static_cast<size_t>(reinterpret_cast<char*>(object) - reinterpret_cast<char*>(&memory())) / 16;
    if (bit < death_mark_count_) death_marks_[bit / 64] |= uint64_t{1} << bit % 64;
  }
  memory().release(object, bytes);
  --object_count_;
}

void Heap::watch(WeakReference* reference) {
  weak_references_.insert(*reference);
  node_of(reference->target)->flags |= Tracked::kWeaklyReferenced;
}

void Heap::unwatch(WeakReference* reference) {
  if (std::exchange(reference->target, nullptr))
    weak_references_.erase(WeakReferences::s_iterator_to(*reference));
}

/// Clears them, and lets the callbacks of those that will live on be called: of the newest first, as CPython does
/// (PyObject_ClearWeakRefs, 3.13 Objects/weakrefobject.c).
void Heap::forget_weak_references(Tracked* node) {
  node->flags &= ~Tracked::kWeaklyReferenced;
  auto [first, end] = weak_references_to(object_of(node));
  while (first != end) {
    WeakReference* reference = &*--end;
    const bool is_last = end == first;
    end = weak_references_.erase(end);
    reference->target = nullptr;
    // A reference that is garbage itself tells nobody any more.
    if (!reference->callback.is_unbound() && !(reference->flags & Tracked::kCandidate) && reference->count > 0) {
      reference->is_due = 1;
      incref(reference);
      Tracked* own_node = node_of(reference);
      if (own_node->hook.is_linked()) tracked_.erase(TrackedList::s_iterator_to(*own_node));
      finalizable_.insert(finalizable_barrier_, *own_node);
      if (hooks_.finalizers_pending) hooks_.finalizers_pending(*this);
    }
    if (is_last) break;
  }
}

Ref<Value> Heap::take_finalizable() {
  if (!has_finalizable()) return {};
  Tracked* node = &finalizable_.front();
  finalizable_.pop_front();
  if (running_finalizers_ < kMaxBarriers) {
    outer_barriers_[running_finalizers_] = finalizable_barrier_;
    finalizable_barrier_ = finalizable_.begin();
  }
  ++running_finalizers_;
  tracked_.push_back(*node);
  return Ref<Value>::adopt(Value(object_of(node)));
}

void Heap::finalizer_done() {
  if (running_finalizers_ == 0) return;
  if (--running_finalizers_ < kMaxBarriers) finalizable_barrier_ = outer_barriers_[running_finalizers_];
  if (has_finalizable() && hooks_.finalizers_pending) hooks_.finalizers_pending(*this);
}

void Heap::forget_running_finalizers() {
  running_finalizers_ = 0;
  finalizable_barrier_ = finalizable_.end();
}

void visit_object(Object* object, Visitor& visitor) {
  const Type* type = object->type;
  if (type->type_flags & Type::kUserClass) {
    visitor.reference(type);
  } else {
    visitor.scalar(type->kind);
  }
  if (!visitor.references_only) {
    visitor.scalar(object->serial);
    if (Tracked* node = node_of(object)) visitor.scalar(node->flags & Tracked::kFinalized);
  }
  if (type->behaviour.visit) type->behaviour.visit(object, visitor);
  if (type->trailer_size) visit_attributes(attributes_of(object), visitor);
}

// ---- the pending exception

Raised Heap::raise_text(BuiltinType which, std::string_view message) {
  Result<Ref<Str>> text = make_str(*this, message);
  if (!text.ok()) return raised;
  return raise_value(which, Value(text->get()));
}

Raised Heap::raise_value(BuiltinType which, Value argument) {
  Result<Ref<Tuple>> args = make_tuple(*this, &argument, argument.is_unbound() ? 0 : 1);
  if (!args.ok()) return raised;
  Result<Ref<Exception>> exception = make_exception(*this, type(which), args.take());
  if (!exception.ok()) return raised;
  return raise_object(exception.take());
}

Raised Heap::raise_object(Ref<Exception> exception) {
  Exception* old = std::exchange(pending_, exception.release());
  if (old) decref(old);
  return raised;
}

Raised Heap::raise_memory_error() {
  if (!spare_memory_error_) return raised;  // only while the heap itself is being made
  if (spare_memory_error_->count > 1 && !making_memory_error_) {
    // The spare one is being handled: another, if there is any room, so that tracebacks are not mixed up.
    making_memory_error_ = true;
    base::OvershootScope overshoot(memory());
    Result<Ref<Tuple>> args = make_tuple(*this, 0);
    if (args.ok()) {
      Result<Ref<Exception>> fresh = make_exception(*this, type(BuiltinType::kMemoryError), args.take());
      making_memory_error_ = false;
      if (fresh.ok()) return raise_object(fresh.take());
    }
    making_memory_error_ = false;
  } else if (spare_memory_error_->count == 1) {
    Exception& spare = *spare_memory_error_;
    spare.suppress_context = 0;
    if (Traceback* old = std::exchange(spare.traceback, nullptr)) decref(old);
    if (Exception* old = std::exchange(spare.context, nullptr)) decref(old);
    if (Exception* old = std::exchange(spare.cause, nullptr)) decref(old);
    drop_attributes(*this, &spare);
    spare.attributes = {};
  }
  return raise_object(Ref<Exception>::share(spare_memory_error_));
}

bool Heap::pending_is(BuiltinType which) const {
  return pending_ && is_subtype(pending_->type, types_[static_cast<uint32_t>(which)]);
}

Ref<Exception> Heap::take_pending() {
  MINI_ASSERT(pending_);
  return Ref<Exception>::adopt(std::exchange(pending_, nullptr));
}

}  // namespace mini::object
