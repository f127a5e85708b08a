// The module `_queue`: SimpleQueue, whose put never waits, and Empty.
#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "interp/modules/modules.h"
#include "interp/modules/thread.h"

namespace mini::modules {
namespace {

SimpleQueue* as_queue(Value value) { return static_cast<SimpleQueue*>(value.as_object()); }

Raised raise_empty(Call& call) {
  Heap& heap = call.heap;
  Ref<Str> module_name = MINI_TRY(heap.intern("_queue"));
  Ref<Str> type_name = MINI_TRY(heap.intern("Empty"));
  const Value module = get_name(thread_of(call).machine->state().modules, module_name.get());
  Ref<Value> type = MINI_TRY(get_attribute(heap, module, type_name.get()));
  Ref<Tuple> no_arguments = MINI_TRY(make_tuple(heap, 0));
  Ref<Exception> exception =
      MINI_TRY(make_exception(heap, static_cast<Type*>(type.get().as_object()), std::move(no_arguments)));
  return heap.raise_object(std::move(exception));
}

/// A ring that is full grows to twice its size, its items in order from the start.
Result<void> grow(Heap& heap, SimpleQueue* queue) {
  const uint32_t capacity = std::max<uint32_t>(8, 2 * queue->capacity);
  auto* items = static_cast<Value*>(heap.allocate_buffer(capacity * sizeof(Value)));
  if (!items) return raised;
  for (uint32_t i = 0; i < queue->length; ++i) items[i] = queue->at(i);
  if (queue->items) heap.release_buffer(queue->items, queue->capacity * sizeof(Value));
  queue->items = items;
  queue->capacity = capacity;
  queue->head = 0;
  return {};
}

Result<Ref<Value>> put(Call& call) {
  SimpleQueue* queue = as_queue(call[0]);
  if (queue->length == queue->capacity) MINI_TRY(grow(call.heap, queue));
  incref(call[1]);
  queue->at(queue->length++) = call[1];
  if (!queue->getters.empty()) thread_of(call).machine->runner().wake_one(queue->getters);
  return none();
}

Ref<Value> take_first(SimpleQueue* queue) {
  Ref<Value> item = Ref<Value>::adopt(std::exchange(queue->at(0), kUnbound));
  queue->head = (queue->head + 1) & (queue->capacity - 1);
  --queue->length;
  return item;
}

/// One round a call, as a lock's acquiring: whoever runs first takes the item.
Result<Ref<Value>> get(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  SimpleQueue* queue = as_queue(call[0]);
  const bool first_round = take_phase(thread) == 0;
  sched::Time deadline = thread.suspension.deadline;
  if (first_round) {
    const bool blocking = MINI_TRY(flag_argument(call, call[1], true));
    sched::Time span = -1;
    if (blocking && call.has(2) && !call[2].is_none()) {
      span = MINI_TRY(seconds_argument(heap, call[2]));
      if (span < 0) return heap.raise_text(BuiltinType::kValueError, "'timeout' must be a non-negative number");
    }
    if (queue->length > 0) return take_first(queue);
    if (!blocking || span == 0) return raise_empty(call);
    deadline = deadline_after(thread, span);
  } else {
    if (interrupted(thread)) return raised;
    if (queue->length > 0) return take_first(queue);
    if (thread.wake_reason == sched::Wake::TimedOut) return raise_empty(call);
  }
  return wait_until(call, 1, &queue->getters, deadline, sched::WaitKind::Queue, queue);
}

Result<Ref<Value>> get_nowait(Call& call) {
  if (call.count > 1) return call.heap.raise_text(BuiltinType::kTypeError, "get_nowait() takes no arguments");
  if (as_queue(call[0])->length == 0) return raise_empty(call);
  return take_first(as_queue(call[0]));
}
Result<Ref<Value>> is_empty(Call& call) { return Ref<Value>(as_queue(call[0])->length == 0); }
Result<Ref<Value>> size(Call& call) { return make_int(call.heap, as_queue(call[0])->length); }

Result<Ref<Value>> construct_queue(Call& call) {
  if (call.count > 1)
    return call.heap.raise_text(BuiltinType::kTypeError, "SimpleQueue() takes no positional arguments");
  Ref<SimpleQueue> queue = MINI_TRY(call.heap.create<SimpleQueue>(self_of<Type>(call)));
  new (&queue->getters) sched::WaitQueue;
  queue->made = script_place(thread_of(call).frame);
  return queue;
}
void visit_queue(Object* object, Visitor& visitor) {
  auto* queue = static_cast<SimpleQueue*>(object);
  for (const sched::Thread& thread : queue->getters) visitor.scalar(thread.serial);
  visitor.scalar(queue->length);
  for (uint32_t i = 0; i < queue->length; ++i) visitor.reference(queue->at(i));
}
void drop_queue(Heap& heap, Object* object) {
  auto* queue = static_cast<SimpleQueue*>(object);
  std::destroy_at(&queue->getters);
  while (queue->length > 0) static_cast<void>(take_first(queue));
  if (queue->items) heap.release_buffer(std::exchange(queue->items, nullptr), queue->capacity * sizeof(Value));
}

constexpr NativeDefinition kMakeQueue{"SimpleQueue.__new__(type, *args)", construct_queue};
constexpr NativeDefinition kSimpleQueueMethods[] = {
    {"SimpleQueue.put(self, item, block=True, timeout=None)", put},
    {"SimpleQueue.put_nowait(self, item)", put},
    {"SimpleQueue.get(self, block=True, timeout=None)", get},
    {"SimpleQueue.get_nowait(self, *args)", get_nowait},
    {"SimpleQueue.empty(self, /)", is_empty},
    {"SimpleQueue.qsize(self, /)", size},
};

}  // namespace

Result<void> fill_queue(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(define_type(heap, BuiltinType::kSimpleQueue,
                       {.instance_size = sizeof(SimpleQueue),
                        .tracked = true,
                        .subclassable = true,
                        .behaviour = {.visit = visit_queue, .drop = drop_queue},
                        .construct = &kMakeQueue,
                        .methods = kSimpleQueueMethods}));
  MINI_TRY(add_type(machine, module, "SimpleQueue", BuiltinType::kSimpleQueue));
  Ref<Dict> names = MINI_TRY(make_dict(heap));
  Ref<Str> module_name = MINI_TRY(heap.intern("_queue"));
  MINI_TRY(set_name(heap, names.get(), heap.name(Name::k__module__), Value(module_name.get())));
  MINI_TRY(set_name(heap, names.get(), heap.name(Name::k__doc__),
                    MINI_TRY(make_str(heap, "Exception raised by Queue.get(block=0)/get_nowait()."))));
  Ref<Str> name = MINI_TRY(heap.intern("Empty"));
  const Value base(heap.type(BuiltinType::kException));
  Ref<Tuple> bases = MINI_TRY(make_tuple(heap, &base, 1));
  return add_value(machine, module, "Empty", MINI_TRY(make_type(heap, name.get(), bases.get(), std::move(names))));
}

}  // namespace mini::modules
