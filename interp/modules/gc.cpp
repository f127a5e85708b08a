// The module `gc`.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"
#include "interp/vm/finalizers.h"
#include "runtime/object/node.h"

namespace mini::modules {
namespace {

Result<Ref<Value>> collect(Call& call) {
  if (call.has(0)) {
    const int64_t generation = MINI_TRY(to_int64(call.heap, call[0]));
    if (generation < 0 || generation > 2)
      return call.heap.raise_text(BuiltinType::kValueError, "invalid generation");
  }
  const size_t found = call.heap.collect();
  if (call.heap.has_finalizable()) {
    run_all_finalizers(thread_of(call));
    call.heap.collect();  // what had to stay for them
  }
  return make_int(call.heap, static_cast<int64_t>(found));
}
Result<Ref<Value>> enable(Call& call) {
  call.heap.collector().enabled = 1;
  return none();
}
Result<Ref<Value>> disable(Call& call) {
  call.heap.collector().enabled = 0;
  return none();
}
Result<Ref<Value>> isenabled(Call& call) { return Ref<Value>(call.heap.collector().enabled != 0); }

Result<Ref<Value>> three(Heap& heap, const int32_t (&numbers)[3]) {
  Value items[3];
  for (int i = 0; i < 3; ++i) items[i] = Value::integer(numbers[i]);
  return widen(make_tuple(heap, items, 3));
}
Result<Ref<Value>> get_count(Call& call) { return three(call.heap, call.heap.collector().counts); }
Result<Ref<Value>> get_threshold(Call& call) { return three(call.heap, call.heap.collector().thresholds); }
Result<Ref<Value>> set_threshold(Call& call) {
  for (uint32_t i = 0; i < 3; ++i)
    if (call.has(i))
      call.heap.collector().thresholds[i] = static_cast<int32_t>(MINI_TRY(to_int64(call.heap, call[i])));
  return none();
}
Result<Ref<Value>> is_tracked(Call& call) {
  return Ref<Value>(call[0].is_object() && node_of(call[0].as_object()) != nullptr);
}

constexpr NativeDefinition kFunctions[] = {
    {"gc.collect(generation=2)", collect},
    {"gc.enable()", enable},
    {"gc.disable()", disable},
    {"gc.isenabled()", isenabled},
    {"gc.get_count()", get_count},
    {"gc.get_threshold()", get_threshold},
    {"gc.set_threshold(threshold0, threshold1=0, threshold2=0, /)", set_threshold},
    {"gc.is_tracked(obj, /)", is_tracked},
};

}  // namespace

Result<void> fill_gc(Machine& machine, Module* module) {
  MINI_TRY(add_functions(machine, module, kFunctions));
  return add_value(machine, module, "garbage", MINI_TRY(make_list(machine.heap())));
}

}  // namespace mini::modules
