// Import statements. A module's body runs in a frame of the importing thread, without recursion.
//
// Looked for in this order: sys.modules, modules written in C++, the prelude, files NAME.py, NAME.mini and packages
// NAME/__init__.py (or .mini) along sys.path. A dotted name imports its parents first.
//
// A module stands in sys.modules while its body runs. The thread that runs it sees it half made, if it imports in a circle;
// the others wait until it is whole, as with CPython's module locks.
#include "interp/vm/imports.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "interp/bytecode/image.h"
#include "interp/vm/mapping_names.h"
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

/// `thread` runs the body of `module` from now on.
void begin_import(ThreadState& thread, Ref<Module> module) {
  module->importer = thread.serial + 1;
  module->outer = thread.importing;
  thread.importing = module.release();
}

/// The module behind a value of sys.modules whose body another thread runs, if `thread` can wait for that: not if that
/// thread waits, over however many others, for a module of this one. Then it gets the module half made, as a thread that
/// imports in a circle does (importlib's _ModuleLock and its _DeadlockError). Null: nothing to wait for.
Module* made_elsewhere(ThreadState& thread, Value value) {
  if (!has_kind(value, BuiltinType::kModule)) return nullptr;
  auto* wanted = static_cast<Module*>(value.as_object());
  for (const Module* module = wanted; module->importer != 0;) {
    const ThreadState* importer = importer_of(*thread.machine, module);
    if (!importer || importer == &thread) return nullptr;
    if (importer->state != sched::State::Blocked || importer->wait_kind != sched::WaitKind::Import) return wanted;
    module = static_cast<const Module*>(importer->wait_target);
  }
  return wanted->importer != 0 ? wanted : nullptr;
}

/// Comes back when no other thread is importing the module.
Result<Ref<Value>> wait_for_import(Call& call) {
  ThreadState& thread = thread_of(call);
  const bool was_woken = take_phase(thread) != 0;
  if (was_woken && thread.wake_reason == sched::Wake::Interrupted && thread.machine->handle_interrupt(thread)) return raised;
  Module* module = made_elsewhere(thread, call[0]);
  if (!module) return unboxed(kNone);
  return wait_on(call, 1, &thread.machine->state().import_waiters, sched::kNever, sched::WaitKind::Import, module);
}
constexpr NativeDefinition kWaitForImport = {"_wait_for_import(module, /)", wait_for_import};

/// Calls that, behind what lies on the frame's stack; afterwards the import instruction looks again.
CallOutcome call_wait_for_import(ThreadState& thread, Module* module) {
  auto native = make_native(*thread.heap, kWaitForImport);
  if (!native.ok()) return CallOutcome::kError;
  Value* base = thread.frame->stack_top;
  base[0] = Value(native.take().release());
  incref(module);
  base[1] = Value(module);
  return call_on_stack(thread, base, 1, nullptr, base, Completion::kImport);
}

/// A loaded submodule becomes an attribute of its parent: what sys.modules now holds, for a body may have put itself there.
Result<void> bind_to_parent(Machine& machine, const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {};
  Value parent = loaded(machine, name.substr(0, dot)), module = loaded(machine, name);
  if (!has_kind(parent, BuiltinType::kModule) || module.is_unbound()) return {};
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
    if (Value ready = loaded(machine, part); !ready.is_unbound()) {
      Module* unfinished = made_elsewhere(thread, ready);
      if (!unfinished) continue;
      return call_wait_for_import(thread, unfinished);
    }
    Ref<CodeObject> code;
    auto module = make_half(machine, part, code);
    if (!module.ok()) {
      if (i < required || !heap.pending_is(BuiltinType::kModuleNotFoundError)) return CallOutcome::kError;
      static_cast<void>(heap.take_pending());  // `from package import name`: not a submodule, perhaps an attribute
      continue;
    }
    if (!code) {
      if (!bind_to_parent(machine, part).ok()) return CallOutcome::kError;
      continue;
    }
    Dict* names = (*module)->dict;
    begin_import(thread, module.take());
    auto function = make_function(heap, code.get(), names, Value(code->qualified_name));
    if (function.ok() && push_body(thread, function.take(), names, thread.stack_end(), thread.frame->stack_top, Completion::kImport))
      return CallOutcome::kFrame;
    import_failed(thread);
    return CallOutcome::kError;
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

CallOutcome finish_import(ThreadState& thread) {
  const CallOutcome outcome = advance_import(thread);
  if (outcome == CallOutcome::kValue)
    *thread.frame->stack_top++ = std::exchange(thread.result, kUnbound);
  return outcome;
}

ThreadState* importer_of(Machine& machine, const Module* module) {
  if (module->importer == 0) return nullptr;
  return static_cast<ThreadState*>(machine.state().threads.find(module->importer - 1));
}

Result<void> import_done(ThreadState& thread) {
  Ref<Module> module = Ref<Module>::share(thread.importing);
  end_import(thread, &thread.machine->runner());
  return bind_to_parent(*thread.machine, to_utf8(module->name));
}

void end_import(ThreadState& thread, sched::Runner* runner) {
  Ref<Module> module = Ref<Module>::adopt(thread.importing);
  thread.importing = std::exchange(module->outer, nullptr);
  module->importer = 0;
  if (runner) runner->wake_all(thread.machine->state().import_waiters);
}

void import_failed(ThreadState& thread) {
  Ref<Module> module = Ref<Module>::share(thread.importing);
  remove_name(*thread.heap, thread.machine->state().modules, module->name);
  end_import(thread, &thread.machine->runner());
}

Result<Ref<Value>> import_from(ThreadState& thread, Value module, Str* name) {
  Heap& heap = *thread.heap;
  auto value = MINI_TRY(find_attribute(heap, module, name));
  if (!value.get().is_unbound()) return value;
  std::string module_name = "<unknown module name>", origin = "unknown location";
  bool half_made = false;
  if (module.is_object() && module.as_object()->type == heap.type(BuiltinType::kModule)) {
    auto* object = static_cast<Module*>(module.as_object());
    module_name = to_utf8(object->name);
    half_made = object->importer != 0;
    Value submodule = loaded(*thread.machine, module_name + "." + to_utf8(name));
    if (!submodule.is_unbound()) return Ref<Value>::share(submodule);
    if (Str* file = as_str(heap, get_name(object->dict, heap.name(Name::k__file__)))) origin = to_utf8(file);
  }
  static_cast<void>(heap.raise(BuiltinType::kImportError, "cannot import name '{}' from {}'{}'{} ({})", to_utf8(name),
                               half_made ? "partially initialized module " : "", module_name,
                               half_made ? " (most likely due to a circular import)" : "", origin));
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
      MINI_TRY(store_name(heap, frame->names, interned.get(), value));
    }
    return {};
  }
  for (uint32_t i = 0; i < dict->used; ++i) {
    Str* name = as_str(heap, dict->entries[i].key);
    if (dict->entries[i].key.is_unbound() || !name || (name->length > 0 && name->at(0) == '_')) continue;
    MINI_TRY(store_name(heap, frame->names, name, dict->entries[i].value));
  }
  return {};
}

Result<Ref<Value>> import_nested(Machine& machine, std::string_view name) {
  std::string text(name);
  for (;;) {
    Value ready = loaded(machine, text);
    if (ready.is_unbound()) break;  // not yet, or no more: the thread that was importing it failed
    if (!made_elsewhere(machine.current(), ready)) return Ref<Value>::share(ready);
    auto native = MINI_TRY(make_native(machine.heap(), kWaitForImport));
    static_cast<void>(MINI_TRY(call(machine.heap(), Value(native.get()), &ready, 1)));
  }
  if (const size_t dot = text.rfind('.'); dot != std::string::npos)
    static_cast<void>(MINI_TRY(import_nested(machine, text.substr(0, dot))));
  Ref<CodeObject> code;
  auto module = MINI_TRY(make_half(machine, text, code));
  if (code) {
    ThreadState& thread = machine.current();
    begin_import(thread, Ref<Module>::share(module.get()));
    if (!machine.run_module_code(code.get(), module->dict).ok()) {
      import_failed(thread);
      return raised;
    }
    MINI_TRY(import_done(thread));
  } else {
    MINI_TRY(bind_to_parent(machine, text));
  }
  Value ready = loaded(machine, text);
  return ready.is_unbound() ? Result<Ref<Value>>(raise_not_found(machine.heap(), text)) : Ref<Value>::share(ready);
}

}  // namespace mini::vm
