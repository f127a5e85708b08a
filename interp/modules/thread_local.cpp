// threading.local: in each thread a dict for each of them (CPython 3.13, Modules/_threadmodule.c, local_getattro).
#include "interp/modules/thread.h"
#include "interp/vm/arguments.h"

namespace mini::modules {
namespace {

/// Threads know it by its serial, so that they do not keep it alive; when it dies, every thread forgets what it had stored.
struct ThreadLocal : Tracked {
  Value arguments, keywords;  // what __init__ is given in each thread, a tuple and a dict; or nothing
};
ThreadLocal* as_local(Object* object) { return static_cast<ThreadLocal*>(object); }

bool has_script_init(Heap& heap, Type* type) {
  Str* const init = heap.name(Name::k__init__);
  return lookup(type, init) != lookup(heap.type(BuiltinType::kObject), init);
}

/// What __init__ of a class statement does with the instance in a thread that has come to it for the first time.
Result<void> initialise(Heap& heap, ThreadLocal* local) {
  Ref<Value> init = MINI_TRY(bind_special(heap, lookup(local->type, heap.name(Name::k__init__)), Value(local)));
  std::vector<Value> arguments;
  Dict* keywords = nullptr;
  if (!local->arguments.is_unbound()) {
    auto* given = static_cast<Tuple*>(local->arguments.as_object());
    arguments.assign(given->items(), given->items() + given->length);
  }
  if (!local->keywords.is_unbound()) keywords = static_cast<Dict*>(local->keywords.as_object());
  Ref<Value> result = MINI_TRY(call_with_dict(heap, init, std::move(arguments), keywords));
  return check_init_result(heap, result) ? Result<void>() : raised;
}

Dict* locals_of(const ThreadState& thread) {
  return thread.locals.is_unbound() ? nullptr : static_cast<Dict*>(thread.locals.as_object());
}

Result<Dict*> make_names(Heap& heap, ThreadState& thread, Object* object) {
  if (!locals_of(thread)) thread.locals = Value(MINI_TRY(make_dict(heap)).release());
  Ref<Dict> names = MINI_TRY(make_dict(heap));
  MINI_TRY(set(heap, locals_of(thread), Value::integer(heap.serial_of(object)), Value(names.get())));
  return names.get();  // the thread keeps it
}

/// The dict of the running thread.
Result<Dict*> names_of(Heap& heap, Object* object, OwnNames purpose) {
  ThreadState& thread = Machine::of(heap).current();
  const Value key = Value::integer(object->serial);
  if (locals_of(thread)) {
    const Value found = MINI_TRY(get(heap, locals_of(thread), key));
    if (!found.is_unbound()) return static_cast<Dict*>(found.as_object());
  }
  if (purpose == OwnNames::kToLook) return nullptr;
  Dict* const names = MINI_TRY(make_names(heap, thread, object));
  if (has_script_init(heap, object->type) && !initialise(heap, as_local(object)).ok()) {
    static_cast<void>(remove(heap, locals_of(thread), key).ok());  // the next time it is tried again
    return raised;
  }
  return names;
}

Result<Ref<Value>> construct_local(Call& call) {
  Heap& heap = call.heap;
  auto* const type = self_of<Type>(call);
  const Value keywords = call.keywords[0];
  const bool has_keywords = !keywords.is_unbound() && static_cast<Dict*>(keywords.as_object())->live > 0;
  if ((call.count > 1 || has_keywords) && !has_script_init(heap, type))
    return heap.raise_text(BuiltinType::kTypeError, "Initialization arguments are not supported");
  Ref<ThreadLocal> local = MINI_TRY(heap.create<ThreadLocal>(type));
  local->arguments = local->keywords = kUnbound;
  if (call.count > 1) local->arguments = Value(MINI_TRY(make_tuple(heap, call.args + 1, call.count - 1)).release());
  if (has_keywords) {
    Ref<Dict> copy = MINI_TRY(make_dict(heap));
    MINI_TRY(update(heap, copy.get(), keywords));
    local->keywords = Value(copy.release());
  }
  MINI_TRY(make_names(heap, thread_of(call), local.get()));  // here __init__ runs anyway, as a part of the call
  return local;
}

Result<Ref<Value>> get_dict(Heap& heap, Value self) {
  return Ref<Value>::share(Value(MINI_TRY(names_of(heap, self.as_object(), OwnNames::kToWrite))));
}
Result<void> refuse_dict(Heap& heap, Value self, Value) {
  return heap.raise(BuiltinType::kAttributeError, "'{}' object attribute '__dict__' is read-only",
                    type_name(heap, self));
}

void visit_local(Object* object, Visitor& visitor) {
  visitor.reference(as_local(object)->arguments);
  visitor.reference(as_local(object)->keywords);
}
void drop_local(Heap& heap, Object* object) {
  decref(std::exchange(as_local(object)->arguments, kUnbound));
  decref(std::exchange(as_local(object)->keywords, kUnbound));
  if (object->serial == 0) return;
  const Value key = Value::integer(object->serial);
  for (sched::Thread& thread : Machine::of(heap).state().threads.all)
    if (Dict* locals = locals_of(static_cast<ThreadState&>(thread))) static_cast<void>(remove(heap, locals, key).ok());
}

constexpr NativeDefinition kMakeLocal{"_local.__new__(type, /, *args, **kwargs)", construct_local};

}  // namespace

Result<void> define_local_type(Heap& heap) {
  MINI_TRY(define_type(heap, BuiltinType::kThreadLocal,
                       {.instance_size = sizeof(ThreadLocal),
                        .tracked = true,
                        .subclassable = true,
                        .behaviour = {.visit = visit_local, .drop = drop_local, .own_names = names_of},
                        .construct = &kMakeLocal,
                        .methods = {}}));
  return add_getset(heap, heap.type(BuiltinType::kThreadLocal), "__dict__", get_dict, refuse_dict);
}

}  // namespace mini::modules
