// The module `atexit`.
#include <algorithm>

#include "interp/modules/modules.h"
#include "interp/modules/support.h"
#include "interp/vm/calls.h"
#include "interp/vm/traceback.h"

namespace mini::modules {
namespace {

/// The callbacks: tuples of function, arguments and keywords, the first registered one first.
Result<List*> callbacks(Machine& machine) {
  List*& list = machine.state().exit_callbacks;
  if (!list) list = MINI_TRY(make_list(machine.heap())).release();
  return list;
}

Result<Ref<Value>> register_(Call& call) {
  Heap& heap = call.heap;
  if (call.count == 0)
    return heap.raise_text(BuiltinType::kTypeError, "register() takes at least 1 argument (0 given)");
  if (!is_callable(heap, call[0])) return heap.raise_text(BuiltinType::kTypeError, "the first argument must be callable");
  Ref<Tuple> arguments = MINI_TRY(make_tuple(heap, call.args + 1, call.count - 1));
  const Value parts[] = {call[0], arguments, call.keywords[0].is_unbound() ? kNone : call.keywords[0]};
  Ref<Tuple> entry = MINI_TRY(make_tuple(heap, parts, 3));
  MINI_TRY(append(heap, MINI_TRY(callbacks(Machine::of(heap))), std::move(entry)));
  return Ref<Value>::share(call[0]);
}

Result<Ref<Value>> unregister(Call& call) {
  Heap& heap = call.heap;
  Ref<List> list = Ref<List>::share(MINI_TRY(callbacks(Machine::of(heap))));
  for (uint64_t i = 0; i < list->length;) {
    Ref<Value> entry = Ref<Value>::share(list->items[i]);
    const bool same = MINI_TRY(equal(heap, static_cast<Tuple*>(entry.get().as_object())->items()[0], call[0]));
    if (same && i < list->length && list->items[i] == entry.get()) {
      splice(heap, list.get(), i, 1, nullptr, 0);
    } else {
      ++i;
    }
  }
  return none();
}

/// The last registered one first; what they raise is reported, and the next one called. What is registered meanwhile comes too
/// late (CPython 3.13, Modules/atexitmodule.c, atexit_callfuncs).
void run_all(Machine& machine) {
  Heap& heap = machine.heap();
  List* list = machine.state().exit_callbacks;
  if (!list) return;
  for (uint64_t left = list->length; (left = std::min(left, list->length)) > 0;) {
    Ref<Value> kept = Ref<Value>::share(list->items[--left]);
    splice(heap, list, left, 1, nullptr, 0);
    auto* entry = static_cast<Tuple*>(kept.get().as_object());
    auto* arguments = static_cast<Tuple*>(entry->items()[1].as_object());
    std::vector<Value> values(arguments->items(), arguments->items() + arguments->length);
    auto run = [&]() -> Result<Ref<Value>> {
      Ref<Tuple> names = MINI_TRY(make_tuple(heap, 0));
      if (entry->items()[2].is_object()) {
        auto* keywords = static_cast<Dict*>(entry->items()[2].as_object());
        Ref<List> keys = MINI_TRY(list_from(heap, keywords));
        names = MINI_TRY(make_tuple(heap, keys->items, keys->length));
        for (uint64_t i = 0; i < keys->length; ++i) values.push_back(MINI_TRY(get(heap, keywords, keys->items[i])));
      }
      return call_with_keywords(heap, entry->items()[0], values.data(), static_cast<uint32_t>(values.size()),
                                names.get());
    };
    if (run().ok() || !heap.has_pending()) continue;
    Ref<Exception> error = heap.take_pending();
    auto shown = repr(heap, entry->items()[0]);
    machine.write_error("Exception ignored in atexit callback " + (shown.ok() ? to_utf8(shown->get()) : "?") + ":\n" +
                        render_unraisable(machine, error.get()));
    if (!shown.ok()) static_cast<void>(heap.take_pending());
  }
  clear(heap, list);
}
Result<Ref<Value>> run(Call& call) {
  run_all(Machine::of(call.heap));
  return none();
}
Result<Ref<Value>> clear_(Call& call) {
  clear(call.heap, MINI_TRY(callbacks(Machine::of(call.heap))));
  return none();
}
Result<Ref<Value>> count(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(MINI_TRY(callbacks(Machine::of(call.heap)))->length));
}

constexpr NativeDefinition kAtexitFunctions[] = {
    {"atexit.register(*args, **kwargs)", register_},
    {"atexit.unregister(func, /)", unregister},
    {"atexit._run_exitfuncs()", run},
    {"atexit._clear()", clear_},
    {"atexit._ncallbacks()", count},
};

}  // namespace

Result<void> fill_atexit(Machine& machine, Module* module) {
  machine.state().exit_hook = run_all;
  return add_functions(machine, module, kAtexitFunctions);
}

}  // namespace mini::modules
