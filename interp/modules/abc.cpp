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

/// Whether objects of a type of the runtime can do what the method stands for, though it is not listed among its methods.
Result<Ref<Value>> offers(Call& call) {
  if (!has_kind(call[0], BuiltinType::kTypeType)) return unboxed(kFalse);
  Heap& heap = call.heap;
  auto* type = static_cast<Type*>(call[0].as_object());
  const std::string method = MINI_TRY(text_argument(heap, call[1], "the name of a method"));
  if (method == "__iter__") return Ref<Value>(type->behaviour.iterate || type->behaviour.next);
  if (method == "__next__") return Ref<Value>(type->behaviour.next != nullptr);
  if (method != "__call__") return unboxed(kFalse);
  for (BuiltinType which : {BuiltinType::kFunction, BuiltinType::kNativeFunction, BuiltinType::kMethodDescriptor,
                            BuiltinType::kBoundMethod, BuiltinType::kTypeType})
    if (is_subtype(type, heap.type(which))) return unboxed(kTrue);
  return unboxed(kFalse);
}

constexpr NativeDefinition kAbcFunctions[] = {
    {"_abc.set_abstract(class, abstract, /)", set_abstract},
    {"_abc.offers(class, method, /)", offers},
};

}  // namespace

Result<void> fill_abc(Machine& machine, Module* module) { return add_functions(machine, module, kAbcFunctions); }

}  // namespace mini::modules
