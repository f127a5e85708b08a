// The native half of the module `abc`.
#include "interp/modules/modules.h"
#include "interp/modules/support.h"

namespace mini::modules {
namespace {

/// Says that there are no instances of a class, or that there are.
Result<Ref<Value>> set_abstract(Call& call) {
  if (!has_kind(call[0], BuiltinType::kTypeType))
    return call.heap.raise_text(BuiltinType::kTypeError, "_set_abstract() argument 1 must be a class");
  auto* type = static_cast<Type*>(call[0].as_object());
  if (MINI_TRY(truth(call.heap, call[1])))
    type->type_flags |= Type::kAbstract;
  else
    type->type_flags &= ~Type::kAbstract;
  return none();
}

constexpr NativeDefinition kFunctions[] = {{"_abc.set_abstract(class, abstract, /)", set_abstract}};

}  // namespace

Result<void> fill_abc(Machine& machine, Module* module) { return add_functions(machine, module, kFunctions); }

}  // namespace mini::modules
