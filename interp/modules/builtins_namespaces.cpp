// Builtin functions that look at the caller's frame: namespaces, and code made at run time.
#include "interp/modules/builtins.h"
#include "interp/vm/calls.h"
#include "interp/vm/function.h"
#include "interp/vm/imports.h"
#include "interp/vm/mapping_names.h"
#include "runtime/object/native_scope.h"

namespace mini::modules {
namespace {

/// The frame of script code that called the native; null outside any. A comprehension's frame counts as its function's,
/// as in CPython 3.12+ where it has none of its own (PEP 709).
Frame* calling_frame(ThreadState& thread) {
  Frame* frame = thread.frame;
  while (frame && (frame->is_native || frame->code->has(bytecode::kComprehension))) frame = frame->back;
  return frame;
}

/// The variables of a function's frame that have a value; a cell counts as what it holds.
Result<void> collect_variables(Heap& heap, Frame* frame, Dict* into) {
  const CodeObject* code = frame->code;
  for (uint32_t i = 0; i < code->slot_count; ++i) {
    Str* name = code->variables[i];
    if (name->length > 0 && name->at(0) == '.') continue;  // a comprehension's iterable
    Value value = frame->locals[i];
    if (i >= code->local_count && has_kind(value, BuiltinType::kCell))
      value = static_cast<Cell*>(value.as_object())->content;
    if (!value.is_unbound()) MINI_TRY(set_name(heap, into, name, value));
  }
  return {};
}

/// A dict, or the mapping that stands for one.
Result<Ref<Value>> locals_of_caller(ThreadState& thread) {
  Frame* frame = calling_frame(thread);
  if (!frame) return thread.heap->raise_text(BuiltinType::kSystemError, "frame does not exist");
  if (frame->names) return Ref<Value>::share(shown_names(*thread.heap, frame->names));
  Ref<Dict> locals = MINI_TRY(make_dict(*thread.heap));
  MINI_TRY(collect_variables(*thread.heap, frame, locals.get()));
  for (Frame* inner = thread.frame; inner != frame; inner = inner->back)
    if (!inner->is_native) MINI_TRY(collect_variables(*thread.heap, inner, locals.get()));
  return Ref<Value>(std::move(locals));
}

Result<Ref<Value>> globals(Call& call) {
  Frame* frame = calling_frame(thread_of(call));
  if (!frame) return call.heap.raise_text(BuiltinType::kSystemError, "globals(): frame does not exist");
  return Ref<Value>(Ref<Dict>::share(frame->globals));
}
Result<Ref<Value>> locals(Call& call) { return locals_of_caller(thread_of(call)); }

Result<Ref<Value>> vars(Call& call) {
  if (!call.has(0)) return locals(call);
  Ref<Value> found = MINI_TRY(find_attribute(call.heap, call[0], call.heap.name(Name::k__dict__)));
  if (found.get().is_unbound())
    return call.heap.raise_text(BuiltinType::kTypeError, "vars() argument must have __dict__ attribute");
  return found;
}

// dir -----------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> dir(Call& call) {
  Heap& heap = call.heap;
  Ref<List> names;
  if (!call.has(0)) {
    Ref<Value> variables = MINI_TRY(locals_of_caller(thread_of(call)));
    if (!has_kind(variables, BuiltinType::kDict)) {
      Ref<Str> keys = MINI_TRY(heap.intern("keys"));
      variables = MINI_TRY(object::call_method(heap, variables, keys.get(), nullptr, 0));
    }
    names = MINI_TRY(list_from(heap, variables));
  } else if (Value method = script_method(heap, heap.type_of(call[0]), Name::k__dir__); !method.is_unbound()) {
    Ref<Value> answer = MINI_TRY(call_special(heap, method, call[0]));
    names = MINI_TRY(list_from(heap, answer));
  } else {
    names = MINI_TRY(object::attribute_names(heap, call[0]));
  }
  MINI_TRY(sort(heap, names.get(), kUnbound, false));
  return names;
}

// exec, eval, compile -------------------------------------------------------------------------------------------------

bool is_mapping(Heap& heap, Value value) {
  Type* type = heap.type_of(value);
  return type->behaviour.get_item || !script_method(heap, type, Name::k__getitem__).is_unbound();
}

/// The names of a body whose locals are that mapping. An instance of a class derived from dict is one if it has methods of its
/// own, which are to be called.
Result<Ref<Dict>> names_in(Heap& heap, Value mapping) {
  const Type* type = heap.type_of(mapping);
  const bool is_plain = has_kind(mapping, BuiltinType::kDict) && !(type->type_flags & Type::kHasScriptMethods) &&
                        type->behaviour.get_item == heap.type(BuiltinType::kDict)->behaviour.get_item;
  if (is_plain) return Ref<Dict>::share(static_cast<Dict*>(mapping.as_object()));
  return make_mapping_names(heap, mapping);
}

/// Runs code in two namespaces, nested.
Result<Ref<Value>> run_code(ThreadState& thread, CodeObject* code, Dict* globals, Dict* names) {
  Heap& heap = *thread.heap;
  Ref<Str> builtins_name = Ref<Str>::share(heap.name(Name::k__builtins__));
  if (get_name(globals, builtins_name.get()).is_unbound())
    MINI_TRY(set_name(heap, globals, builtins_name.get(), thread.machine->state().builtins));
  Ref<Function> function = MINI_TRY(make_function(heap, code, globals, code->qualified_name));
  Value* at = thread.stack_end();
  if (!push_body(thread, std::move(function), names, at, at, Completion::kLeaveLoop)) return raised;
  return run_nested(thread);
}

/// The source argument of exec, eval and compile; null if it is none.
Result<const char*> source_text(Heap& heap, Value source, std::string& into) {
  if (Str* text = as_str(heap, source)) {
    into = to_utf8(text);
  } else if (has_kind(source, BuiltinType::kBytes)) {
    auto* bytes = static_cast<Bytes*>(source.as_object());
    into.assign(reinterpret_cast<const char*>(bytes->data()), bytes->length);
  } else {
    return static_cast<const char*>(nullptr);
  }
  if (into.find('\0') != into.npos)
    return heap.raise_text(BuiltinType::kSyntaxError, "source code string cannot contain null bytes");
  return into.c_str();
}

Result<Ref<CodeObject>> compile_string(ThreadState& thread, const std::string& source, const std::string& filename,
                                       compile::CompileMode mode) {
  using Origin = compile::SourceFile::Origin;
  const Origin origin = mode == compile::CompileMode::kExec ? Origin::kString : Origin::kUnended;
  return thread.machine->compile(source, filename, mode, origin);
}

Result<Ref<Value>> execute(Call& call, compile::CompileMode mode, const char* name) {
  Heap& heap = call.heap;
  const object::NativeScope scope(heap);  // compiles and runs on this stack
  if (!scope.entered()) return raised;
  ThreadState& thread = thread_of(call);
  const bool is_exec = mode == compile::CompileMode::kExec;
  const bool has_globals = call.has(1) && !call[1].is_none(), has_locals = call.has(2) && !call[2].is_none();
  if (has_globals && !has_kind(call[1], BuiltinType::kDict)) {
    if (is_exec)
      return heap.raise(BuiltinType::kTypeError, "exec() globals must be a dict, not {}", type_name(heap, call[1]));
    return heap.raise_text(BuiltinType::kTypeError, is_mapping(heap, call[1])
                                                        ? "globals must be a real dict; try eval(expr, {}, mapping)"
                                                        : "globals must be a dict");
  }
  if (has_locals && !is_mapping(heap, call[2])) {
    if (!is_exec) return heap.raise_text(BuiltinType::kTypeError, "locals must be a mapping");
    return heap.raise(BuiltinType::kTypeError, "locals must be a mapping or None, not {}", type_name(heap, call[2]));
  }
  Frame* frame = calling_frame(thread);
  Dict* globals = has_globals ? static_cast<Dict*>(call[1].as_object()) : frame->globals;
  const Ref<Value> locals = has_locals    ? Ref<Value>::share(call[2])
                            : has_globals ? Ref<Value>::share(Value(globals))
                                          : MINI_TRY(locals_of_caller(thread));
  Ref<Dict> names = MINI_TRY(names_in(heap, locals));
  Ref<CodeObject> code;
  if (has_kind(call[0], BuiltinType::kCode)) {
    code = Ref<CodeObject>::share(static_cast<CodeObject*>(call[0].as_object()));
  } else {
    std::string source;
    const char* text = MINI_TRY(source_text(heap, call[0], source));
    if (!text)
      return heap.raise(BuiltinType::kTypeError, "{}() arg 1 must be a string, bytes or code object", name);
    if (!is_exec) source.erase(0, source.find_first_not_of(" \t"));
    code = MINI_TRY(compile_string(thread, source, "<string>", mode));
  }
  Ref<Value> result = MINI_TRY(run_code(thread, code.get(), globals, names.get()));
  return is_exec ? unboxed(kNone) : std::move(result);
}
Result<Ref<Value>> exec(Call& call) { return execute(call, compile::CompileMode::kExec, "exec"); }
Result<Ref<Value>> eval(Call& call) { return execute(call, compile::CompileMode::kEval, "eval"); }

Result<Ref<Value>> compile_(Call& call) {
  Heap& heap = call.heap;
  const std::string filename = MINI_TRY(text_argument(heap, call[1], "compile() arg 2"));
  const std::string mode = MINI_TRY(text_argument(heap, call[2], "compile() argument 3"));
  std::string source;
  const char* text = MINI_TRY(source_text(heap, call[0], source));
  if (!text)
    return heap.raise_text(BuiltinType::kTypeError, "compile() arg 1 must be a string, bytes or AST object");
  compile::CompileMode which;
  if (mode == "exec") {
    which = compile::CompileMode::kExec;
  } else if (mode == "eval") {
    which = compile::CompileMode::kEval;
  } else if (mode == "single") {
    which = compile::CompileMode::kSingle;
  } else {
    return heap.raise_text(BuiltinType::kValueError, "compile() mode must be 'exec', 'eval' or 'single'");
  }
  return widen(compile_string(thread_of(call), source, filename, which));
}

Result<Ref<Value>> import(Call& call) {
  Str* name = as_str(call.heap, call[0]);
  if (!name) return call.heap.raise_text(BuiltinType::kTypeError, "module name must be a string");
  const std::string full = to_utf8(name);
  if (full.empty()) return call.heap.raise_text(BuiltinType::kValueError, "Empty module name");
  Machine& machine = *thread_of(call).machine;
  Ref<Value> module = MINI_TRY(import_nested(machine, full));
  const size_t dot = full.find('.');
  if (dot == full.npos || (call.has(3) && MINI_TRY(truth(call.heap, call[3])))) return module;
  return import_nested(machine, full.substr(0, dot));
}

// super ---------------------------------------------------------------------------------------------------------------

/// `super()`: the class from the cell `__class__`, the object from the first parameter of the calling function.
Result<Ref<Value>> make_super(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  Ref<Value> type, self;
  if (call.has(1)) {
    if (!has_kind(call[1], BuiltinType::kTypeType))
      return heap.raise(BuiltinType::kTypeError, "super() argument 1 must be a type, not {}", type_name(heap, call[1]));
    type = Ref<Value>::share(call[1]);
    if (call.has(2) && !call[2].is_none()) self = Ref<Value>::share(call[2]);
  } else {
    Frame* frame = calling_frame(thread);
    if (!frame || frame->code->argument_count == 0)
      return heap.raise_text(BuiltinType::kRuntimeError,
                             frame ? "super(): no arguments" : "super(): no current frame");
    const CodeObject* code = frame->code;
    Value first = frame->locals[0];
    for (uint32_t i = 0; i < code->cell_count; ++i)
      if (code->code->cell_parameters[i] == 0)
        first = static_cast<Cell*>(frame->locals[code->local_count + i].as_object())->content;
    if (first.is_unbound()) return heap.raise_text(BuiltinType::kRuntimeError, "super(): arg[0] deleted");
    self = Ref<Value>::share(first);
    for (uint32_t i = code->local_count + code->cell_count; i < code->slot_count; ++i) {
      if (!equal(code->variables[i], "__class__")) continue;
      Value cell = static_cast<Cell*>(frame->locals[i].as_object())->content;
      if (cell.is_unbound()) return heap.raise_text(BuiltinType::kRuntimeError, "super(): empty __class__ cell");
      type = Ref<Value>::share(cell);
    }
    if (type.get().is_unbound())
      return heap.raise_text(BuiltinType::kRuntimeError, "super(): __class__ cell not found");
  }
  return widen(object::make_super(heap, static_cast<Type*>(type.get().as_object()), self));
}

Result<Ref<Value>> exit(Call& call) {
  return call.heap.raise_value(BuiltinType::kSystemExit, call.has(0) ? call[0] : kNone);
}

constexpr NativeDefinition kBuiltinsNamespacesDefinitions[] = {
    {"globals()", globals},
    {"locals()", locals},
    {"vars(object=None, /)", vars},
    {"dir(object=None, /)", dir},
    {"exec(source, globals=None, locals=None, /, *, closure=None)", exec},
    {"eval(source, globals=None, locals=None, /)", eval},
    {"compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1)", compile_},
    {"__import__(name, globals=None, locals=None, fromlist=(), level=0)", import},
    {"exit(code=None)", exit},
    {"quit(code=None)", exit},
};

}  // namespace

const std::span<const NativeDefinition> kNamespaceFunctions = kBuiltinsNamespacesDefinitions;
const NativeDefinition kMakeSuper{"super.__new__(type, cls=None, obj=None, /)", make_super};

}  // namespace mini::modules
