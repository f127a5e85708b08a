// Function objects.
#include "interp/vm/function.h"

#include "interp/vm/frame.h"
#include "interp/vm/slow_paths.h"

namespace mini::vm {

Result<Ref<Function>> make_function(Heap& heap, CodeObject* code, Dict* globals, Value qualified_name) {
  auto function = MINI_TRY(heap.create<Function>(BuiltinType::kFunction));
  auto own = [](auto* object) {
    incref(object);
    return object;
  };
  function->code = own(code);
  function->globals = own(globals);
  function->name = Value(own(code->name));
  function->qualified_name = qualified_name;
  incref(qualified_name);
  function->module = get_name(globals, heap.name(Name::k__name__));
  if (function->module.is_unbound()) function->module = kNone;
  incref(function->module);
  function->doc = kNone;
  const auto& constants = code->code->constants;
  if (!code->has(bytecode::kModule) && !constants.empty() &&
      std::holds_alternative<bytecode::StringLiteral>(constants[0].value))
    function->doc = code->constants[0];
  incref(function->doc);
  // The builtins that the globals name, as in CPython 3.10 and later.
  Value builtins = get_name(globals, heap.name(Name::k__builtins__));
  Dict* dict = nullptr;
  if (builtins.is_object()) {
    if (builtins.as_object()->type == heap.type(BuiltinType::kDict)) dict = static_cast<Dict*>(builtins.as_object());
    if (builtins.as_object()->type == heap.type(BuiltinType::kModule))
      dict = static_cast<Module*>(builtins.as_object())->dict;
  }
  if (!dict) dict = Machine::of(heap).state().builtins;
  function->builtins = own(dict);
  return function;
}

Result<void> make_function_on_stack(ThreadState& thread, uint32_t parts) {
  Frame* frame = thread.frame;
  Value* top = frame->stack_top;
  auto function = MINI_TRY(make_function(*thread.heap, static_cast<CodeObject*>(top[-2].as_object()), frame->globals,
                                         top[-1]));
  decref(top[-1]);
  decref(top[-2]);
  top -= 2;
  auto take = [&] { return (--top)->as_object(); };
  if (parts & bytecode::kClosure) function->closure = static_cast<Tuple*>(take());
  if (parts & bytecode::kAnnotations) {
    // 3.9 builds a dict, 3.10 and later a tuple of pairs; the former here.
    function->annotations = static_cast<Dict*>(take());
  }
  if (parts & bytecode::kKeywordDefaults) function->keyword_defaults = static_cast<Dict*>(take());
  if (parts & bytecode::kDefaults) function->defaults = static_cast<Tuple*>(take());
  *top++ = Value(function.release());
  frame->stack_top = top;
  return {};
}

namespace {

Function* self_of(Value self) { return static_cast<Function*>(self.as_object()); }

void visit_function(Object* object, Visitor& visitor) {
  auto* function = static_cast<Function*>(object);
  visitor.reference(function->code);
  visitor.reference(function->globals);
  visitor.reference(function->builtins);
  visitor.reference(function->defaults);
  visitor.reference(function->keyword_defaults);
  visitor.reference(function->closure);
  visitor.reference(function->annotations);
  for (Value value : {function->name, function->qualified_name, function->module, function->doc})
    visitor.reference(value);
  visitor.reference(function->attributes);
}

void drop_function(Heap&, Object* object) {
  auto* function = static_cast<Function*>(object);
  auto drop = [](auto*& owned) {
    if (auto* old = std::exchange(owned, nullptr)) decref(old);
  };
  drop(function->code);
  drop(function->globals);
  drop(function->builtins);
  drop(function->defaults);
  drop(function->keyword_defaults);
  drop(function->closure);
  drop(function->annotations);
  drop(function->attributes);
  for (Value* value : {&function->name, &function->qualified_name, &function->module, &function->doc})
    decref(std::exchange(*value, kUnbound));
}

Result<Ref<Str>> repr_function(Heap& heap, Value value) {
  return make_str(heap, fmt::format("<function {} at 0x{:012x}>",
                                    to_utf8(static_cast<Str*>(self_of(value)->qualified_name.as_object())),
                                    0x7f0000000000u + 16ull * heap.serial_of(value.as_object())));
}

template <Value Function::* kMember>
Result<Ref<Value>> get_value(Heap&, Value self) {
  return Ref<Value>::share(self_of(self)->*kMember);
}
template <Value Function::* kMember>
Result<void> set_value(Heap&, Value self, Value value) {
  if (value.is_unbound()) value = kNone;
  incref(value);
  decref(std::exchange(self_of(self)->*kMember, value));
  return {};
}
template <Value Function::* kMember>
Result<void> set_text(Heap& heap, Value self, Value value) {
  if (value.is_unbound() || !as_str(heap, value))
    return heap.raise(BuiltinType::kTypeError, "__{}__ must be set to a string object",
                      kMember == &Function::name ? "name" : "qualname");
  return set_value<kMember>(heap, self, value);
}
template <class T, T* Function::* kMember>
Result<Ref<Value>> get_object(Heap&, Value self) {
  T* object = self_of(self)->*kMember;
  return object ? Ref<Value>::share(Value(object)) : unboxed(kNone);
}
constexpr char kDefaults[] = "__defaults__", kKeywordDefaults[] = "__kwdefaults__", kAnnotations[] = "__annotations__",
               kDict[] = "__dict__";
/// None and deleting take away what is there.
template <class T, T* Function::* kMember, BuiltinType kKind, const char* kName>
Result<void> set_object(Heap& heap, Value self, Value value) {
  T* object = nullptr;
  if (!value.is_unbound() && !value.is_none()) {
    if (!has_kind(value, kKind))
      return heap.raise(BuiltinType::kTypeError, "{} must be set to a {} object", kName,
                        to_utf8(heap.type(kKind)->name));
    object = static_cast<T*>(value.as_object());
    incref(object);
  }
  T* old = std::exchange(self_of(self)->*kMember, object);
  if (old) decref(old);
  return {};
}
template <Dict* Function::* kMember>
Result<Ref<Value>> get_dict(Heap& heap, Value self) {
  Dict*& dict = self_of(self)->*kMember;
  if (!dict) dict = MINI_TRY(make_dict(heap)).release();
  return Ref<Value>::share(Value(dict));
}

}  // namespace

void define_function_types(Heap& heap) {
  Type* type = heap.type(BuiltinType::kFunction);
  type->behaviour.visit = visit_function;
  type->behaviour.drop = drop_function;
  type->behaviour.repr = repr_function;
  type->behaviour.own_names = [](Heap& owner, Object* object, OwnNames purpose) -> Result<Dict*> {
    Dict*& names = static_cast<Function*>(object)->attributes;
    if (!names && purpose == OwnNames::kToWrite) names = MINI_TRY(make_dict(owner)).release();
    return names;
  };
  type->instance_size = sizeof(Function);
  type->type_flags |= Type::kTracked;
}

Result<void> define_function_methods(Heap& heap) {
  Type* type = heap.type(BuiltinType::kFunction);
  MINI_TRY(add_getset(heap, type, "__name__", get_value<&Function::name>, set_text<&Function::name>));
  MINI_TRY(add_getset(heap, type, "__qualname__", get_value<&Function::qualified_name>, set_text<&Function::qualified_name>));
  MINI_TRY(add_getset(heap, type, "__module__", get_value<&Function::module>, set_value<&Function::module>));
  MINI_TRY(add_getset(heap, type, "__doc__", get_value<&Function::doc>, set_value<&Function::doc>));
  MINI_TRY(add_getset(heap, type, "__code__", get_object<CodeObject, &Function::code>));
  MINI_TRY(add_getset(heap, type, "__globals__", get_object<Dict, &Function::globals>, object::refuse_to_set));
  MINI_TRY(add_getset(heap, type, kDefaults, get_object<Tuple, &Function::defaults>,
                      set_object<Tuple, &Function::defaults, BuiltinType::kTuple, kDefaults>));
  MINI_TRY(add_getset(heap, type, kKeywordDefaults, get_object<Dict, &Function::keyword_defaults>,
                      set_object<Dict, &Function::keyword_defaults, BuiltinType::kDict, kKeywordDefaults>));
  MINI_TRY(add_getset(heap, type, "__closure__", get_object<Tuple, &Function::closure>, object::refuse_to_set));
  MINI_TRY(add_getset(heap, type, kAnnotations, get_dict<&Function::annotations>,
                      set_object<Dict, &Function::annotations, BuiltinType::kDict, kAnnotations>));
  MINI_TRY(add_getset(heap, type, kDict, get_dict<&Function::attributes>,
                      set_object<Dict, &Function::attributes, BuiltinType::kDict, kDict>));
  return {};
}

}  // namespace mini::vm
