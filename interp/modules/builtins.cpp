// The module `builtins`: types, exceptions, constants, and the functions of the files beside this one.
#include "interp/modules/builtins.h"

#include "interp/modules/file.h"
#include "interp/modules/modules.h"
#include "interp/vm/slow_paths.h"

namespace mini::modules {
namespace {

constexpr BuiltinType kPublicTypes[] = {
    BuiltinType::kObject,       BuiltinType::kTypeType,    BuiltinType::kInt,      BuiltinType::kBool,
    BuiltinType::kFloat,        BuiltinType::kStr,         BuiltinType::kBytes,    BuiltinType::kTuple,
    BuiltinType::kList,         BuiltinType::kDict,        BuiltinType::kSet,      BuiltinType::kFrozenSet,
    BuiltinType::kRange,        BuiltinType::kSlice,       BuiltinType::kStaticMethod,
    BuiltinType::kClassMethod,  BuiltinType::kProperty,    BuiltinType::kSuper,    BuiltinType::kEnumerate,
    BuiltinType::kZip,          BuiltinType::kMap,         BuiltinType::kFilter,   BuiltinType::kReversed,
};

Result<void> add_named_type(Machine& machine, Module* module, Type* type) {
  return set_name(machine.heap(), module->dict, type->name, type);
}

}  // namespace

Result<void> fill_builtins(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(define_lazy_iterators(heap));
  MINI_TRY(define_file_types(heap));
  MINI_TRY(define_annotations(heap));
  MINI_TRY(define_reduction(heap));
  Type* super_type = heap.type(BuiltinType::kSuper);
  super_type->construct = &kMakeSuper;
  super_type->version = heap.next_type_version();

  for (BuiltinType which : kPublicTypes) MINI_TRY(add_named_type(machine, module, heap.type(which)));
  for (uint32_t i = 0; i < static_cast<uint32_t>(BuiltinType::kCount); ++i) {
    Type* type = heap.type(static_cast<BuiltinType>(i));
    const bool is_public = type != heap.type(BuiltinType::kUnsupportedOperation);  // `io` has it
    if (type->type_flags & Type::kException && is_public) MINI_TRY(add_named_type(machine, module, type));
  }
  MINI_TRY(add_type(machine, module, "IOError", BuiltinType::kOSError));
  MINI_TRY(add_type(machine, module, "EnvironmentError", BuiltinType::kOSError));
  MINI_TRY(add_value(machine, module, "None", unboxed(kNone)));
  MINI_TRY(add_value(machine, module, "Ellipsis", unboxed(kEllipsis)));
  MINI_TRY(add_value(machine, module, "NotImplemented", unboxed(kNotImplemented)));
  MINI_TRY(add_value(machine, module, "False", unboxed(kFalse)));
  MINI_TRY(add_value(machine, module, "True", unboxed(kTrue)));
  MINI_TRY(add_value(machine, module, "__debug__", unboxed(kTrue)));

  MINI_TRY(add_functions(machine, module, kNumberFunctions));
  MINI_TRY(add_functions(machine, module, kIterationFunctions));
  MINI_TRY(add_functions(machine, module, kObjectFunctions));
  MINI_TRY(add_functions(machine, module, kNamespaceFunctions));
  MINI_TRY(add_functions(machine, module, kOutputFunctions));
  return add_functions(machine, module, {&kBuildClass, 1});
}

}  // namespace mini::modules
