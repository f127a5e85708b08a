// How objects are taken apart for copy and pickle: what `object` says, in the words of interp/prelude/copyreg.mini.
#include "interp/modules/builtins.h"
#include "interp/vm/calls.h"
#include "interp/vm/imports.h"
#include "runtime/object/native_scope.h"

namespace mini::modules {
namespace {

Result<Ref<Value>> ask(Call& call, std::string_view function) {
  Heap& heap = call.heap;
  const object::NativeScope scope(heap);
  if (!scope.entered()) return raised;
  Ref<Value> module = MINI_TRY(import_nested(Machine::of(heap), "copyreg"));
  Ref<Str> name = MINI_TRY(heap.intern(function));
  Ref<Value> found = MINI_TRY(get_attribute(heap, module, name.get()));
  return call_nested(heap, found, call.args, call.count);
}

Result<Ref<Value>> reduce(Call& call) { return ask(call, "_reduce"); }
Result<Ref<Value>> reduce_ex(Call& call) { return ask(call, "_reduce_ex"); }
Result<Ref<Value>> get_state(Call& call) { return ask(call, "_state"); }

constexpr NativeDefinition kReduceMethods[] = {
    {"object.__reduce__(self, /)", reduce},
    {"object.__reduce_ex__(self, protocol, /)", reduce_ex},
    {"object.__getstate__(self, /)", get_state},
};

}  // namespace

Result<void> define_reduction(Heap& heap) {
  return add_methods(heap, heap.type(BuiltinType::kObject), kReduceMethods, std::size(kReduceMethods));
}

}  // namespace mini::modules
