// The cycle collector: trial deletion over tracked objects in three generations (as CPython's, 3.13
// Python/gc.c).
#include <algorithm>

#include "runtime/object/node.h"
#include "runtime/object/operations.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

template <class Function>
class ReferenceVisitor final : public Visitor {
 public:
  explicit ReferenceVisitor(Function function) : Visitor(true), function_(function) {}
  void reference(Value value) override {
    if (!value.is_object()) return;
    if (Tracked* node = node_of(value.as_object())) function_(node);
  }

 private:
  Function function_;
};

/// Set for what outlived a collection.
constexpr uint32_t kSurvivor = 32;

/// Whether CPython tracks such an object, and so counts it as garbage: dicts of leaves it does not, and
/// tuples of leaves only until they have outlived a collection.
bool is_container(Tracked* node) {
  Object* object = object_of(node);
  if (object->type->type_flags & Type::kUserClass) return true;
  auto is_node = [](Value value) { return value.is_object() && node_of(value.as_object()); };
  if (has_kind(object, BuiltinType::kTuple)) {
    auto* tuple = static_cast<Tuple*>(object);
    if (tuple->length > 0 && !(node->flags & kSurvivor)) return true;
    return std::any_of(tuple->items(), tuple->items() + tuple->length, is_node);
  }
  if (!has_kind(object, BuiltinType::kDict)) return true;
  auto* dict = static_cast<Dict*>(object);
  return std::any_of(dict->entries, dict->entries + dict->used,
                     [&](const DictEntry& entry) { return is_node(entry.key) || is_node(entry.value); });
}

}  // namespace

class Collection {
 public:
  explicit Collection(Heap& heap) : heap_(heap) {}

  /// Collects the candidates; survivors go to `survivors`. The number of unreachable objects, as gc.collect()
  /// tells it.
  size_t run(TrackedList& candidates, TrackedList& survivors) {
    subtract_internal_references(candidates);
    TrackedList reachable;
    move_reachable(candidates, reachable);
    survived_ = 0;
    for (Tracked& node : reachable) {
      ++survived_;
      node.flags = (node.flags & ~(Tracked::kCandidate | Tracked::kReachable | kCounted)) | kSurvivor;
    }
    survivors.splice(survivors.end(), reachable);
    for (Tracked& node : candidates) {
      if (node.flags & Tracked::kWeaklyReferenced) heap_.forget_weak_references(&node);
    }
    size_t found = 0;
    for (Tracked& node : candidates) {
      if (!(node.flags & kCounted) && is_container(&node)) ++found;
      node.flags = (node.flags & ~Tracked::kCandidate) | kCounted;
    }
    if (!revive_for_finalizers(candidates)) free_all(candidates);
    return found;
  }

  size_t survived() const { return survived_; }

 private:
  /// Garbage that waits for a finaliser is not counted a second time.
  static constexpr uint32_t kCounted = 16;

  static void subtract_internal_references(TrackedList& candidates) {
    for (Tracked& node : candidates) {
      node.unexplained = object_of(&node)->count;
      node.flags = (node.flags | Tracked::kCandidate) & ~Tracked::kReachable;
    }
    ReferenceVisitor subtract([](Tracked* node) {
      if (node->flags & Tracked::kCandidate) --node->unexplained;
    });
    for (Tracked& node : candidates) visit_object(object_of(&node), subtract);
  }

  /// What somebody outside refers to is alive, and all that it refers to.
  static void move_reachable(TrackedList& candidates, TrackedList& reachable) {
    auto move = [&](Tracked* node) {
      if ((node->flags & (Tracked::kCandidate | Tracked::kReachable)) != Tracked::kCandidate) return;
      node->flags |= Tracked::kReachable;
      candidates.erase(TrackedList::s_iterator_to(*node));
      reachable.push_back(*node);
    };
    for (auto at = candidates.begin(); at != candidates.end();) {
      Tracked* node = &*at++;
      if (node->unexplained > 0) move(node);
    }
    ReferenceVisitor visitor(move);
    for (Tracked& node : reachable) visit_object(object_of(&node), visitor);  // grows meanwhile
  }

  /// If an unreachable object has a finaliser that has not run, all stay until it has: true. The next
  /// collection of the youngest generation looks at them again.
  bool revive_for_finalizers(TrackedList& candidates) {
    bool revived = false;
    for (auto at = candidates.begin(); at != candidates.end();) {
      Tracked* node = &*at++;
      if (!(object_of(node)->type->type_flags & Type::kHasFinalizer) || node->flags & Tracked::kFinalized)
        continue;
      node->flags |= Tracked::kFinalized;
      incref(object_of(node));
      candidates.erase(TrackedList::s_iterator_to(*node));
      heap_.finalizable_.insert(heap_.finalizable_barrier_, *node);
      revived = true;
    }
    if (!revived) return false;
    heap_.tracked_.splice(heap_.tracked_.end(), candidates);
    heap_.collector_.counts[0] = std::max(heap_.collector_.counts[0], heap_.collector_.thresholds[0]);
    if (heap_.hooks_.finalizers_pending) heap_.hooks_.finalizers_pending(heap_);
    return true;
  }

  /// Nothing outside refers to these objects, and no script code will run: all are dropped first, then all
  /// are freed, so that none sees another half gone. Classes go last: their instances need them to the end.
  void free_all(TrackedList& garbage) {
    TrackedList classes;
    for (auto at = garbage.begin(); at != garbage.end();) {
      Tracked* node = &*at++;
      Object* object = object_of(node);
      incref(object);  // so that no drop frees it
      if (!has_kind(object, BuiltinType::kTypeType)) continue;
      unlink_from_bases(static_cast<Type*>(object));  // now: the tuple of bases may be dropped before
      garbage.erase(TrackedList::s_iterator_to(*node));
      classes.push_back(*node);
    }
    for (TrackedList* list : {&garbage, &classes})
      for (Tracked& node : *list) heap_.announce_death(object_of(&node));
    for (TrackedList* list : {&garbage, &classes}) {
      for (Tracked& node : *list) {
        Object* object = object_of(&node);
        if (auto drop = object->type->behaviour.drop) drop(heap_, object);
        if (object->type->trailer_size) drop_attributes(heap_, object);
      }
    }
    for (TrackedList* list : {&garbage, &classes}) {
      while (!list->empty()) {
        Tracked& node = list->front();
        Object* object = object_of(&node);
        list->pop_front();
        if (object->count > 1) {  // a metaclass waits for its classes
          MINI_ASSERT(list == &classes && static_cast<Type*>(object)->kind == static_cast<uint32_t>(BuiltinType::kTypeType));
          list->push_back(node);
          continue;
        }
        Type* type = object->type;
        heap_.memory().release(object, object_size(object));
        --heap_.object_count_;
        if (type->type_flags & Type::kUserClass) decref(type);
      }
    }
  }

  Heap& heap_;
  size_t survived_ = 0;
};

size_t Heap::collect_generation(uint32_t generation) {
  CollectorState& state = collector_;
  if (state.collecting) return 0;
  state.collecting = 1;
  for (uint32_t i = 0; i <= generation; ++i) state.counts[i] = 0;
  if (generation < 2) ++state.counts[generation + 1];
  TrackedList candidates;
  candidates.splice(candidates.end(), tracked_);
  for (uint32_t i = 1; i <= generation; ++i) candidates.splice(candidates.end(), old_[i - 1]);
  TrackedList& survivors = old_[std::min(generation, 1u)];
  Collection collection(*this);
  const size_t found = collection.run(candidates, survivors);
  const auto survived = static_cast<uint32_t>(collection.survived());
  if (generation == 1) state.long_lived_pending += survived;
  if (generation == 2) {
    state.long_lived_total = survived;
    state.long_lived_pending = 0;
  }
  ++state.statistics[generation].collections;
  state.statistics[generation].collected += found;
  state.collecting = 0;
  return found;
}

void Heap::settle() {
  freeze();
  settled_.splice(settled_.end(), frozen_);
}

void Heap::freeze() {
  for (TrackedList* list : {&tracked_, &old_[0], &old_[1]}) frozen_.splice(frozen_.end(), *list);
  collector_.counts[0] = 0;
}

void Heap::unfreeze() { old_[1].splice(old_[1].end(), frozen_); }

size_t Heap::collect() {
  return collect_generation(2);
}

/// Which generation is due (gc_select_generation): the oldest only once a quarter of it is new, so that the
/// cost stays linear in the number of allocations.
void Heap::collect_if_due() {
  CollectorState& state = collector_;
  if (state.stress) {
    collect();
    return;
  }
  if (!state.enabled || state.collecting || state.thresholds[0] == 0) return;
  uint32_t generation = 0;
  for (uint32_t i = 2; i > 0; --i) {
    if (state.counts[i] <= state.thresholds[i]) continue;
    if (i == 2 && state.long_lived_pending < state.long_lived_total / 4) continue;
    generation = i;
    break;
  }
  if (state.callbacks && state.callbacks->length > 0 && hooks_.finalizers_pending) {
    state.due = generation + 1;
    hooks_.finalizers_pending(*this);
    return;
  }
  collect_generation(generation);
}

Result<List*> Heap::collection_callbacks() {
  if (!collector_.callbacks) collector_.callbacks = MINI_TRY(make_list(*this)).release();
  return collector_.callbacks;
}

}  // namespace mini::object
