// What threading.local is made of: a key, and in each thread a dict for each key.
#include "interp/modules/thread.h"

namespace mini::modules {
namespace {

/// The identity of one threading.local. Threads know it by its serial, so that they do not keep it alive; when it dies,
/// every thread forgets what it had stored under it.
struct LocalKey : Object {};

/// The dict of `thread` for a key, borrowed; kUnbound if it has none yet.
Result<Value> dict_of(Heap& heap, ThreadState& thread, Object* key) {
  if (thread.locals.is_unbound()) return kUnbound;
  return get(heap, static_cast<Dict*>(thread.locals.as_object()), Value::integer(heap.serial_of(key)));
}

/// `_local_dict(key)`: this thread's dict, and whether it was made just now.
Result<Ref<Value>> local_dict(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  if (!has_kind(call[0], BuiltinType::kLocalKey))
    return heap.raise_text(BuiltinType::kTypeError, "not a key of threading.local");
  Object* key = call[0].as_object();
  const Value found = MINI_TRY(dict_of(heap, thread, key));
  const bool fresh = found.is_unbound();
  Ref<Value> dict;
  if (!fresh) {
    dict = Ref<Value>::share(found);
  } else {
    if (thread.locals.is_unbound()) thread.locals = Value(MINI_TRY(make_dict(heap)).release());
    dict = MINI_TRY(make_dict(heap));
    MINI_TRY(set(heap, static_cast<Dict*>(thread.locals.as_object()), Value::integer(heap.serial_of(key)), dict));
  }
  Value pair[] = {dict.release(), Value::boolean(fresh)};
  return widen(make_tuple_from_stack(heap, pair, 2));
}

Result<Ref<Value>> local_key(Call& call) { return widen(call.heap.create<LocalKey>(BuiltinType::kLocalKey)); }

void drop_key(Heap& heap, Object* object) {
  if (object->serial == 0) return;
  const Value number = Value::integer(object->serial);
  for (sched::Thread& thread : Machine::of(heap).state().threads.all) {
    const Value locals = static_cast<ThreadState&>(thread).locals;
    if (!locals.is_unbound()) static_cast<void>(remove(heap, static_cast<Dict*>(locals.as_object()), number).ok());
  }
}
void visit_key(Object* object, Visitor& visitor) { visitor.scalar(object->serial != 0); }

constexpr NativeDefinition kDefinitions[] = {
    {"_local_key()", local_key},
    {"_local_dict(key, /)", local_dict},
};

}  // namespace

const std::span<const NativeDefinition> kLocalFunctions = kDefinitions;

Result<void> define_local_type(Heap& heap) {
  return define_type(heap, BuiltinType::kLocalKey,
                     {.instance_size = sizeof(LocalKey),
                      .tracked = false,
                      .subclassable = false,
                      .behaviour = {.visit = visit_key, .drop = drop_key},
                      .construct = nullptr,
                      .methods = {}});
}

}  // namespace mini::modules
