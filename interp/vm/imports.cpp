// Import statements. A module's body runs in a frame of the importing thread, without recursion.
//
// Looked for in this order: sys.modules, modules written in C++, the prelude, files NAME.py, NAME.mini and packages
// NAME/__init__.py (or .mini) along sys.path. A dotted name imports its parents first.
#include "interp/vm/imports.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "interp/bytecode/image.h"
#include "interp/vm/native.h"
#include "interp/vm/slow_paths.h"

namespace mini::vm {

namespace {

struct Found {
  std::string source;
  std::string filename;
  std::string package_path;  ///< of a package: its directory; of one in the prelude, empty
  const PreludeModule* prelude = nullptr;  ///< already compiled: it has no source
  bool package = false;
};

bool is_file(const std::string& path) {
  struct stat information;
  return stat(path.c_str(), &information) == 0 && S_ISREG(information.st_mode);
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The directories to search: sys.path, or a package's __path__.
std::vector<std::string> search_path(Machine& machine, const std::string& parent) {
  Heap& heap = machine.heap();
  Value list = kUnbound;
  if (parent.empty()) {
    auto name = heap.intern("path");
    if (name.ok()) list = get_name(machine.state().sys, name->get());
  } else if (auto name = heap.intern(parent); name.ok()) {
    Value module = get_name(machine.state().modules, name->get());
    if (module.is_object() && module.as_object()->type == heap.type(BuiltinType::kModule))
      list = get_name(static_cast<Module*>(module.as_object())->dict, heap.name(Name::k__path__));
  }
  std::vector<std::string> directories;
  if (list.is_object() && list.as_object()->type == heap.type(BuiltinType::kList)) {
    auto* items = static_cast<List*>(list.as_object());
    for (uint64_t i = 0; i < items->length; ++i)
      if (Str* text = as_str(heap, items->items[i])) directories.push_back(to_utf8(text));
  }
  return directories;
}

/// Where `path` is now: a replay may run elsewhere than the recorded run did.
std::string on_disk(const Machine& machine, const std::string& path) {
  const auto& [recorded, actual] = machine.options().moved_directory;
  if (recorded == actual) return path;
  if (recorded.empty()) return path.front() == '/' ? path : actual + "/" + path;
  if (!path.starts_with(recorded + "/")) return path;
  return (actual.empty() ? "." : actual) + path.substr(recorded.size());
}

bool find_file(const Machine& machine, const std::vector<std::string>& directories, const std::string& last,
               Found& found) {
  for (const std::string& directory : directories) {
    const std::string stem = (directory.empty() ? "" : directory + "/") + last;
    for (const char* ending : {"/__init__.py", "/__init__.mini"})
      if (const std::string path = on_disk(machine, stem + ending); is_file(path)) {
        found = {read_file(path), stem + ending, stem, nullptr, true};
        return true;
      }
    for (const char* ending : {".py", ".mini"})
      if (const std::string path = on_disk(machine, stem + ending); is_file(path)) {
        found = {read_file(path), stem + ending, "", nullptr, false};
        return true;
      }
  }
  return false;
}

bool find_source(Machine& machine, const std::string& name, Found& found) {
  const Library* library = machine.options().library;
  if (library)
    for (const PreludeModule& module : library->prelude)
      if (module.name == name) {
        found = {"", "<" + name + ">", "", &module, module.is_package};
        return true;
      }
  if (machine.options().module_source) {
    if (const std::string* text = machine.options().module_source(name)) {
      found.source = *text;
      found.filename = "<" + name + ">";
      machine.remember_source(found.filename, *text);
      return true;
    }
  }
  const size_t dot = name.rfind('.');
  const std::string parent = dot == std::string::npos ? "" : name.substr(0, dot);
  const std::string last = dot == std::string::npos ? name : name.substr(dot + 1);
  const bool is_there = find_file(machine, search_path(machine, parent), last, found);
  // A replay needs the same text, or none where there was none.
  const std::string now =
      is_there ? fmt::format("{} {:016x}", found.filename, sched::Fingerprint::of(found.source)) : std::string();
  const std::string then = machine.runner().outside_bytes(sched::Outside::Source, [&] { return now; });
  if (then != now && machine.state().threads.current)
    machine.runner().refuse(machine.current(), fmt::format("the module '{}' is not the recorded one: {}, then {}", name,
                                                           is_there ? now : "not found", then.empty() ? "not found" : then));
  return is_there;
}

Raised raise_not_found(Heap& heap, const std::string& name, const std::string& hint = "") {
  auto made = heap.raise(BuiltinType::kModuleNotFoundError, "No module named '{}'{}", name, hint);
  if (Exception* error = heap.pending(); error && error->type == heap.type(BuiltinType::kModuleNotFoundError)) {
    auto text = make_str(heap, name);
    if (text.ok()) decref(std::exchange(error->details[0], Value(text.take().release())));
  }
  return made;
}

/// A module that stands in sys.modules, borrowed, or kUnbound.
Value loaded(Machine& machine, const std::string& name) {
  auto key = machine.heap().intern(name);
  return key.ok() ? get_name(machine.state().modules, key->get()) : kUnbound;
}

Result<void> set_text(Heap& heap, Dict* dict, Name name, const std::string& text) {
  auto value = MINI_TRY(make_str(heap, text));
  return set_name(heap, dict, heap.name(name), value);
}

/// The module `name`, its body not yet run: null in `code` if there is none (a native module is complete).
Result<Ref<Module>> make_half(Machine& machine, const std::string& name, Ref<CodeObject>& code) {
  Heap& heap = machine.heap();
  auto key = MINI_TRY(heap.intern(name));
  if (const Library* library = machine.options().library) {
    for (const NativeModule& native : library->modules) {
      if (name != native.name) continue;
      auto module = MINI_TRY(make_module(heap, name));
      MINI_TRY(native.fill(machine, module.get()));
      MINI_TRY(set_name(heap, machine.state().modules, key.get(), module));
      return module;
    }
  }
  Found found;
  if (!find_source(machine, name, found)) {
    const size_t dot = name.rfind('.');
    if (dot != std::string::npos) {
      Value parent = loaded(machine, name.substr(0, dot));
      if (parent.is_object() && parent.as_object()->type == heap.type(BuiltinType::kModule) &&
          get_name(static_cast<Module*>(parent.as_object())->dict, heap.name(Name::k__path__)).is_unbound())
        return raise_not_found(heap, name, fmt::format("; '{}' is not a package", name.substr(0, dot)));
    }
    return raise_not_found(heap, name);
  }
  auto module = MINI_TRY(make_module(heap, name));
  Dict* dict = module->dict;
  if (!found.prelude) MINI_TRY(set_text(heap, dict, Name::k__file__, found.filename));
  const size_t dot = name.rfind('.');
  MINI_TRY(set_text(heap, dict, Name::k__package__,
                    found.package ? name : dot == std::string::npos ? "" : name.substr(0, dot)));
  if (found.package) {
    auto list = MINI_TRY(make_list(heap));
    if (!found.prelude) MINI_TRY(append(heap, list.get(), MINI_TRY(make_str(heap, found.package_path))));
    MINI_TRY(set_name(heap, dict, heap.name(Name::k__path__), list));
  }
  MINI_TRY(set_name(heap, dict, heap.name(Name::k__builtins__), Value(machine.state().builtins)));
  code = found.prelude
             ? MINI_TRY(bind_code(machine, bytecode::read_image(found.prelude->image)))
             : MINI_TRY(machine.compile(std::move(found.source), found.filename, compile::CompileMode::kExec));
  MINI_TRY(set_name(heap, machine.state().modules, key.get(), module));
  return module;
}

/// A loaded submodule becomes an attribute of its parent.
Result<void> bind_to_parent(Machine& machine, const std::string& name, Value module) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {};
  Value parent = loaded(machine, name.substr(0, dot));
  if (!parent.is_object() || parent.as_object()->type != machine.heap().type(BuiltinType::kModule)) return {};
  auto last = MINI_TRY(machine.heap().intern(name.substr(dot + 1)));
  return set_name(machine.heap(), static_cast<Module*>(parent.as_object())->dict, last.get(), module);
}

/// `.name` relative to the package of the importing module.
Result<std::string> absolute_name(ThreadState& thread, Str* name, int64_t level) {
  std::string text = to_utf8(name);
  if (level == 0) return text;
  Heap& heap = *thread.heap;
  Value package = get_name(thread.frame->globals, heap.name(Name::k__package__));
  Str* package_text = as_str(heap, package);
  if (!package_text || package_text->length == 0)
    return heap.raise(BuiltinType::kImportError, "attempted relative import with no known parent package");
  std::string base = to_utf8(package_text);
  for (int64_t i = 1; i < level; ++i) {
    const size_t dot = base.rfind('.');
    if (dot == std::string::npos)
      return heap.raise(BuiltinType::kImportError, "attempted relative import beyond top-level package");
    base.resize(dot);
  }
  return text.empty() ? base : base + "." + text;
}

/// Loads the part of `full` that ends at `end`, and those before it. kFrame: a body was pushed, and the import
/// instruction has to go on from there; kValue: all are loaded.
CallOutcome load_parts(ThreadState& thread, const std::string& full, const std::vector<std::string>& also) {
  Machine& machine = *thread.machine;
  Heap& heap = *thread.heap;
  std::vector<std::string> parts;
  for (size_t dot = full.find('.');; dot = full.find('.', dot + 1)) {
    parts.push_back(full.substr(0, dot));
    if (dot == std::string::npos) break;
  }
  const size_t required = parts.size();
  parts.insert(parts.end(), also.begin(), also.end());
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    if (!loaded(machine, part).is_unbound()) continue;
    Ref<CodeObject> code;
    auto module = make_half(machine, part, code);
    if (!module.ok()) {
      if (i < required || !heap.pending_is(BuiltinType::kModuleNotFoundError)) return CallOutcome::kError;
      static_cast<void>(heap.take_pending());  // `from package import name`: not a submodule, perhaps an attribute
      continue;
    }
    if (!bind_to_parent(machine, part, *module).ok()) return CallOutcome::kError;
    if (!code) continue;
    auto function = make_function(heap, code.get(), (*module)->dict, Value(code->qualified_name));
    if (!function.ok()) return CallOutcome::kError;
    Value* top = thread.frame->stack_top;
    return push_body(thread, function.take(), (*module)->dict, thread.stack_end(), top, Completion::kImport)
               ? CallOutcome::kFrame
               : CallOutcome::kError;
  }
  return CallOutcome::kValue;
}

/// What the import statement at frame->pc names: level and names lie on the stack.
Result<std::string> statement_name(ThreadState& thread, std::vector<std::string>& also) {
  Frame* frame = thread.frame;
  Heap& heap = *thread.heap;
  const auto instruction = visible_at(frame->code, frame->index());
  auto full = MINI_TRY(absolute_name(thread, frame->code->names[instruction.argument], frame->stack_top[-2].as_int()));
  Value names = frame->stack_top[-1];
  if (names.is_object() && names.as_object()->type == heap.type(BuiltinType::kTuple)) {
    Value module = loaded(*thread.machine, full);
    const bool package =
        module.is_object() && module.as_object()->type == heap.type(BuiltinType::kModule) &&
        !get_name(static_cast<Module*>(module.as_object())->dict, heap.name(Name::k__path__)).is_unbound();
    auto* tuple = static_cast<Tuple*>(names.as_object());
    for (uint64_t i = 0; package && i < tuple->length; ++i) {
      Str* item = as_str(heap, tuple->items()[i]);
      if (item && !equal(item, "*") && get_name(static_cast<Module*>(module.as_object())->dict, item).is_unbound())
        also.push_back(full + "." + to_utf8(item));
    }
  }
  return full;
}

/// Everything is loaded: what the statement pushes. The two operands are dropped.
bool push_module(ThreadState& thread, const std::string& full) {
  Frame* frame = thread.frame;
  const bool from = !frame->stack_top[-1].is_none();
  const std::string wanted = from || frame->stack_top[-2].as_int() > 0 ? full : full.substr(0, full.find('.'));
  Value module = loaded(*thread.machine, wanted);
  if (module.is_unbound()) return static_cast<void>(raise_not_found(*thread.heap, wanted)), false;
  incref(module);
  drop_stack_to(frame, frame->stack_top - 2);
  thread.result = module;
  return true;
}

CallOutcome advance_import(ThreadState& thread) {
  for (;;) {
    std::vector<std::string> also;
    auto full = statement_name(thread, also);
    if (!full.ok()) return CallOutcome::kError;
    const CallOutcome outcome = load_parts(thread, *full, also);
    if (outcome != CallOutcome::kValue) return outcome;
    // A package that was only now loaded may have submodules to load yet.
    std::vector<std::string> more;
    if (!statement_name(thread, more).ok()) return CallOutcome::kError;
    if (more != also) continue;
    return push_module(thread, *full) ? CallOutcome::kValue : CallOutcome::kError;
  }
}

}  // namespace

CallOutcome import_name(ThreadState& thread, Str*) { return advance_import(thread); }

bool finish_import(ThreadState& thread, bool& pushed_frame) {
  const CallOutcome outcome = advance_import(thread);
  pushed_frame = outcome == CallOutcome::kFrame;
  if (outcome == CallOutcome::kValue)
    *thread.frame->stack_top++ = std::exchange(thread.result, kUnbound);
  return outcome != CallOutcome::kError;
}

void import_failed(ThreadState& thread, Dict* names) {
  Heap& heap = *thread.heap;
  Value name = get_name(names, heap.name(Name::k__name__));
  if (Str* text = as_str(heap, name); text && text->interned) remove_name(heap, thread.machine->state().modules, text);
}

Result<Ref<Value>> import_from(ThreadState& thread, Value module, Str* name) {
  Heap& heap = *thread.heap;
  auto value = MINI_TRY(find_attribute(heap, module, name));
  if (!value.get().is_unbound()) return value;
  std::string module_name = "<unknown module name>", origin = "unknown location";
  if (module.is_object() && module.as_object()->type == heap.type(BuiltinType::kModule)) {
    auto* object = static_cast<Module*>(module.as_object());
    module_name = to_utf8(object->name);
    Value submodule = loaded(*thread.machine, module_name + "." + to_utf8(name));
    if (!submodule.is_unbound()) return Ref<Value>::share(submodule);
    if (Str* file = as_str(heap, get_name(object->dict, heap.name(Name::k__file__)))) origin = to_utf8(file);
  }
  static_cast<void>(heap.raise(BuiltinType::kImportError, "cannot import name '{}' from '{}' ({})", to_utf8(name),
                               module_name, origin));
  // The attributes name and name_from, which a near miss is looked up with (import_from, 3.13 Python/ceval.c).
  if (heap.pending_is(BuiltinType::kImportError)) {
    if (auto text = make_str(heap, module_name); text.ok())
      decref(std::exchange(heap.pending()->details[0], Value(text.take().release())));
    incref(name);
    decref(std::exchange(heap.pending()->details[3], Value(name)));
  }
  return raised;
}

Result<void> import_star(ThreadState& thread, Frame* frame, Value module) {
  Heap& heap = *thread.heap;
  if (heap.type_of(module) != heap.type(BuiltinType::kModule))
    return heap.raise(BuiltinType::kImportError, "from-import-* object has no __dict__ and no __all__");
  Dict* dict = static_cast<Module*>(module.as_object())->dict;
  Value listed = get_name(dict, heap.name(Name::k__all__));
  if (!listed.is_unbound()) {
    auto names = MINI_TRY(list_from(heap, listed));
    for (uint64_t i = 0; i < names->length; ++i) {
      Str* name = as_str(heap, names->items[i]);
      if (!name) return heap.raise(BuiltinType::kTypeError, "Item in __all__ must be str, not {}", type_name(heap, names->items[i]));
      auto interned = MINI_TRY(heap.intern(Ref<Str>::share(name)));
      auto value = MINI_TRY(get_attribute(heap, module, interned.get()));
      MINI_TRY(set_name(heap, frame->names, interned.get(), value));
    }
    return {};
  }
  for (uint32_t i = 0; i < dict->used; ++i) {
    Str* name = as_str(heap, dict->entries[i].key);
    if (dict->entries[i].key.is_unbound() || !name || (name->length > 0 && name->at(0) == '_')) continue;
    MINI_TRY(set_name(heap, frame->names, name, dict->entries[i].value));
  }
  return {};
}

Result<Ref<Value>> import_nested(Machine& machine, std::string_view name) {
  std::string text(name);
  Value ready = loaded(machine, text);
  if (!ready.is_unbound()) return Ref<Value>::share(ready);
  if (const size_t dot = text.rfind('.'); dot != std::string::npos)
    static_cast<void>(MINI_TRY(import_nested(machine, text.substr(0, dot))));
  Ref<CodeObject> code;
  auto module = MINI_TRY(make_half(machine, text, code));
  MINI_TRY(bind_to_parent(machine, text, module));
  if (code) {
    auto done = machine.run_module_code(code.get(), module->dict);
    if (!done.ok()) {
      remove_name(machine.heap(), machine.state().modules, module->name);
      return raised;
    }
  }
  return Ref<Value>(std::move(module));
}

}  // namespace mini::vm
