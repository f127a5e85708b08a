// What annotations ask of types when they are evaluated: list[int], int | None. The results are of classes of the module
// `types` (interp/prelude/types.mini), which is imported when the first one is made.
#include "interp/modules/builtins.h"
#include "interp/vm/calls.h"
#include "interp/vm/imports.h"

namespace mini::modules {
namespace {

Result<Ref<Value>> make_with(Heap& heap, const char* class_name, Value first, Value second) {
  Ref<Value> types = MINI_TRY(import_nested(Machine::of(heap), "types"));
  Ref<Str> name = MINI_TRY(heap.intern(class_name));
  Ref<Value> made_class = MINI_TRY(get_attribute(heap, types, name.get()));
  const Value arguments[] = {first, second};
  return call_nested(heap, made_class, arguments, 2);
}

Result<Ref<Value>> class_getitem(Call& call) { return make_with(call.heap, "GenericAlias", call[0], call[1]); }

/// `T | U`, either of which may be None (PEP 604).
Result<Ref<Value>> unite(Heap& heap, BinaryOp op, Value left, Value right) {
  auto fits = [](Value side) { return side.is_none() || has_kind(side, BuiltinType::kTypeType); };
  if (op != BinaryOp::kOr || !fits(left) || !fits(right)) return unboxed(kNotImplemented);
  return make_with(heap, "_unite", left, right);
}

constexpr NativeDefinition kClassGetitem[] = {{"type.__class_getitem__(type, object, /)", class_getitem}};

}  // namespace

Result<void> define_annotations(Heap& heap) {
  for (BuiltinType which : {BuiltinType::kList, BuiltinType::kDict, BuiltinType::kSet, BuiltinType::kFrozenSet,
                            BuiltinType::kTuple, BuiltinType::kEnumerate})
    MINI_TRY(add_methods(heap, heap.type(which), kClassGetitem, 1, MethodDescriptor::kClassMethod));
  heap.type(BuiltinType::kTypeType)->behaviour.binary = unite;
  return {};
}

}  // namespace mini::modules
