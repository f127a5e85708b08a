// The module `mini_gil`, mini's own: what a script may ask about the GIL.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"

namespace mini::modules {
namespace {

Result<Ref<Value>> switches(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(thread_of(call).machine->state().threads.hand_overs));
}
Result<Ref<Value>> forced_switches(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(thread_of(call).forced_switches));
}
Result<Ref<Value>> switch_points(Call& call) {
  return text(call.heap, bytecode::name(thread_of(call).machine->options().switch_model));
}
Result<Ref<Value>> schedule(Call& call) {
  return text(call.heap, thread_of(call).machine->runner().schedule().text());
}

constexpr NativeDefinition kFunctions[] = {
    {"mini_gil.switches()", switches},
    {"mini_gil.forced_switches()", forced_switches},
    {"mini_gil.switch_points()", switch_points},
    {"mini_gil.schedule()", schedule},
};

}  // namespace

Result<void> fill_mini_gil(Machine& machine, Module* module) { return add_functions(machine, module, kFunctions); }

}  // namespace mini::modules
