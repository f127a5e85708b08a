#include "interp/vm/object_names.h"

#include <algorithm>

#include "interp/vm/deadlock.h"
#include "interp/vm/native.h"

namespace mini::vm {

namespace {

std::string text_of(Heap& heap, Value value) {
  Str* text = as_str(heap, value);
  return text ? to_utf8(text) : "";
}

/// Looks through what a script can name.
class Search {
 public:
  Search(Machine& machine, const Object* wanted) : machine_(machine), heap_(machine.heap()), wanted_(wanted) {}

  std::string run() {
    for (auto step : {&Search::globals, &Search::items_of_globals, &Search::attributes, &Search::variables})
      if (std::string name = (this->*step)(); !name.empty()) return name;
    return "";
  }

 private:
  bool is_wanted(Value value) const { return value.is_object() && value.as_object() == wanted_; }

  /// Calls `function(prefix, name, value)` for each global of the script's own modules until that answers a text.
  template <class Function>
  std::string for_each_global(Function function) {
    auto look = [&](const std::string& prefix, const Dict* names) -> std::string {
      for (uint32_t i = 0; names && i < names->used; ++i) {
        const DictEntry& entry = names->entries[i];
        if (entry.key.is_unbound()) continue;
        if (std::string found = function(prefix + text_of(heap_, entry.key), entry.value); !found.empty()) return found;
      }
      return "";
    };
    const MachineState& state = machine_.state();
    if (std::string found = look("", state.main_names); !found.empty()) return found;
    for (uint32_t i = 0; state.modules && i < state.modules->used; ++i) {
      const Value module = state.modules->entries[i].value;
      if (!module.is_object() || module.as_object()->type != heap_.type(BuiltinType::kModule)) continue;
      Dict* names = static_cast<Module*>(module.as_object())->dict;
      // The library's modules have no file.
      if (names == state.main_names || get_name(names, heap_.name(Name::k__file__)).is_unbound()) continue;
      if (std::string found = look(text_of(heap_, state.modules->entries[i].key) + ".", names); !found.empty()) return found;
    }
    return "";
  }

  std::string globals() {
    return for_each_global([&](const std::string& name, Value value) { return is_wanted(value) ? name : ""; });
  }

  std::string items_of_globals() {
    return for_each_global([&](const std::string& name, Value value) { return item(name, value); });
  }
  std::string item(const std::string& name, Value container) {
    const Type* type = heap_.type_of(container);
    auto in = [&](const Value* items, uint64_t length) -> std::string {
      for (uint64_t i = 0; i < length; ++i)
        if (is_wanted(items[i])) return fmt::format("{}[{}]", name, i);
      return "";
    };
    if (type == heap_.type(BuiltinType::kList)) {
      const auto* list = static_cast<List*>(container.as_object());
      return in(list->items, list->length);
    }
    if (type == heap_.type(BuiltinType::kTuple)) {
      auto* tuple = static_cast<Tuple*>(container.as_object());
      return in(tuple->items(), tuple->length);
    }
    if (type != heap_.type(BuiltinType::kDict)) return "";
    const auto* dict = static_cast<Dict*>(container.as_object());
    for (uint32_t i = 0; i < dict->used; ++i) {
      const DictEntry& entry = dict->entries[i];
      if (entry.key.is_unbound() || !is_wanted(entry.value)) continue;
      if (Str* text = as_str(heap_, entry.key)) return fmt::format("{}['{}']", name, to_utf8(text));
      if (entry.key.is_int()) return fmt::format("{}[{}]", name, entry.key.as_int());
      return name + "[...]";
    }
    return "";
  }

  /// "account.lock", with the global that holds the instance; "Account.lock" if there is none, or for a class's own.
  std::string attributes() {
    std::string name;
    heap_.for_each_tracked([&](Object* object) {
      if (!name.empty() || object == wanted_) return;
      if (has_kind(object, BuiltinType::kTypeType)) {
        const auto* type = static_cast<Type*>(object);
        const Dict* names = type->type_flags & Type::kUserClass ? type->attributes : nullptr;
        for (uint32_t i = 0; names && i < names->used; ++i)
          if (!names->entries[i].key.is_unbound() && is_wanted(names->entries[i].value))
            name = to_utf8(type->name) + "." + text_of(heap_, names->entries[i].key);
        return;
      }
      if (is_library_type(machine_, object->type)) return;
      for_each_attribute(object, [&](const Str* key, Value value) {
        if (!name.empty() || !is_wanted(value)) return;
        Search owner(machine_, object);
        std::string prefix = owner.globals();
        if (prefix.empty()) prefix = owner.items_of_globals();
        name = (prefix.empty() ? to_utf8(object->type->name) : prefix) + "." + to_utf8(key);
      });
    });
    return name;
  }

  std::string variables() {
    for (auto& thread : machine_.state().threads.all) {
      for (Frame* frame = static_cast<ThreadState&>(thread).frame; frame; frame = frame->back) {
        if (frame->is_native || frame->code->has(bytecode::kPrelude)) continue;
        for (uint32_t i = 0; i < frame->slot_count; ++i) {
          Value value = frame->locals[i];
          if (value.is_object() && value.as_object()->type == heap_.type(BuiltinType::kCell))
            value = static_cast<Cell*>(value.as_object())->content;
          if (is_wanted(value)) return to_utf8(frame->code->variables[i]);
          if (std::string name = value.is_object() ? item(to_utf8(frame->code->variables[i]), value) : ""; !name.empty())
            return name;
        }
      }
    }
    return "";
  }

  Machine& machine_;
  Heap& heap_;
  const Object* wanted_;
};

}  // namespace

bool is_library_type(Machine& machine, const Type* type) {
  Heap& heap = machine.heap();
  if (!(type->type_flags & Type::kUserClass)) return true;
  const Value module = type->attributes ? get_name(type->attributes, heap.name(Name::k__module__)) : kUnbound;
  if (!module.is_object() || !as_str(heap, module)) return false;
  const std::string name = to_utf8(as_str(heap, module));
  if (name == "_thread") return true;
  const Library* library = machine.options().library;
  if (!library) return false;
  return std::ranges::any_of(library->prelude, [&](const PreludeModule& each) { return each.name == name; });
}

const Object* library_owner(Machine& machine, const Object* lock) {
  const Object* whole = nullptr;
  for (const Object* part = lock; part;) {
    const Object* owner = nullptr;
    machine.heap().for_each_tracked([&](Object* object) {
      if (owner || object == lock || object == whole || !attributes_of(object) || !is_library_type(machine, object->type)) return;
      for_each_attribute(object, [&](const Str*, Value value) {
        if (value.is_object() && value.as_object() == part) owner = object;
      });
    });
    if (owner) whole = owner;
    part = whole == part ? nullptr : owner;
  }
  return whole;
}

std::string name_of(Machine& machine, const Object* object) { return Search(machine, object).run(); }

}  // namespace mini::vm
