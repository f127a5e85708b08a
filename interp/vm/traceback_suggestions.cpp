// "Did you mean ...?": the near misses of a misspelt name. Candidates, costs and limits are CPython 3.13.0's
// (Lib/traceback.py, _compute_suggestion_error).
#include <algorithm>

#include "interp/vm/frame.h"
#include "interp/vm/traceback_carets.h"

namespace mini::vm {

namespace {

constexpr std::string_view kLibraryModules[] = {
#include "interp/vm/library_names.inc"
};

std::string script_text(Value value) {
  Str* text = value.is_object() ? as_str(Heap::of(value.as_object()), value) : nullptr;
  return text ? to_utf8(text) : std::string();
}

void add_keys(const Dict* dict, std::vector<std::string>& names) {
  if (!dict) return;
  for (uint32_t i = 0; i < dict->used; ++i)
    if (!dict->entries[i].key.is_unbound()) names.push_back(script_text(dict->entries[i].key));
}

/// The variables of the frame that raised, with a value; a comprehension's are gone by then in CPython 3.13.
class RaisingFrame {
 public:
  explicit RaisingFrame(const Traceback* traceback) {
    for (; traceback; traceback = traceback->next) {
      auto* frame = static_cast<FrameObject*>(traceback->frame);
      if (!frame->code->has(bytecode::kComprehension) || !frame_) frame_ = frame;
    }
  }
  explicit operator bool() const { return frame_; }

  /// Borrowed; kUnbound if there is none.
  Value find(std::string_view name) const {
    if (const Dict* dict = frame_->names)
      for (uint32_t i = 0; i < dict->used; ++i)
        if (script_text(dict->entries[i].key) == name) return dict->entries[i].value;
    for (uint32_t i = 0; i < slot_count(); ++i)
      if (to_utf8(frame_->code->variables[i]) == name && !variable(i).is_unbound()) return variable(i);
    return kUnbound;
  }
  /// Names of locals, globals, builtins.
  std::vector<std::string> visible_names(Machine& machine) const {
    std::vector<std::string> result;
    add_keys(frame_->names, result);
    for (uint32_t i = 0; i < slot_count(); ++i)
      if (!variable(i).is_unbound()) result.push_back(to_utf8(frame_->code->variables[i]));
    add_keys(frame_->globals, result);
    add_keys(frame_->living ? frame_->living->builtins : machine.state().builtins, result);
    return result;
  }

 private:
  uint32_t slot_count() const { return frame_->living ? frame_->living->slot_count : frame_->slot_count; }
  Value variable(uint32_t index) const {
    const Value value = frame_->living ? frame_->living->locals[index] : frame_->slots[index];
    return index >= frame_->code->local_count && has_kind(value, BuiltinType::kCell)
               ? static_cast<Cell*>(value.as_object())->content
               : value;
  }

  const FrameObject* frame_ = nullptr;
};

/// The names that `dir` tells; none if it fails.
std::vector<std::string> names_of(Machine& machine, Value object) {
  Heap& heap = machine.heap();
  std::vector<std::string> names;
  auto listed = [&]() -> Result<Ref<Value>> {
    Ref<Str> dir = MINI_TRY(heap.intern("dir"));
    Value function = get_name(machine.state().builtins, dir.get());
    if (function.is_unbound()) return unboxed(kNone);
    return call(heap, function, &object, 1);
  }();
  if (!listed.ok()) {
    static_cast<void>(heap.take_pending());
  } else if (has_kind(listed->get(), BuiltinType::kList)) {
    auto* list = static_cast<List*>(listed->get().as_object());
    for (uint64_t i = 0; i < list->length; ++i) names.push_back(script_text(list->items[i]));
  }
  return names;
}

/// The package or module that `from NAME import` looked in, or kUnbound.
Value imported_module(Machine& machine, Value name) {
  const std::string full = script_text(name);
  auto top = machine.heap().intern(std::string_view(full).substr(0, full.find('.')));
  if (top.ok()) return get_name(machine.state().modules, top->get());
  static_cast<void>(machine.heap().take_pending());
  return kUnbound;
}

bool has_attribute(Heap& heap, Value object, Str* name) {
  auto found = find_attribute(heap, object, name);
  if (found.ok()) return !found->get().is_unbound();
  static_cast<void>(heap.take_pending());
  return false;
}

void drop_underscored(std::vector<std::string>& names) {
  std::erase_if(names, [](const std::string& name) { return name.starts_with('_'); });
}

}  // namespace

std::string suggestion_for(Machine& machine, Exception* exception) {
  constexpr size_t kNameFrom = 3;  // what `from` looked for, not the module's name
  Heap& heap = machine.heap();
  auto is = [&](BuiltinType which) { return is_subtype(exception->type, heap.type(which)); };
  const bool import = is(BuiltinType::kImportError), name_error = is(BuiltinType::kNameError);
  if (!import && !name_error && !is(BuiltinType::kAttributeError)) return {};
  Str* name = as_str(heap, exception->details[import ? kNameFrom : 0]);
  if (!name) return {};
  const std::string wrong = to_utf8(name);
  const RaisingFrame frame(exception->traceback);
  std::vector<std::string> candidates;
  std::string suggestion;
  if (import) {
    const Value module = imported_module(machine, exception->details[0]);
    if (!module.is_unbound()) candidates = names_of(machine, module);
    if (!wrong.starts_with('_')) drop_underscored(candidates);
  } else if (!name_error) {
    const Value object = exception->details[1].is_unbound() ? kNone : exception->details[1];
    candidates = names_of(machine, object);
    // A method may mean a private attribute of its own object.
    if (!wrong.starts_with('_') && !(frame && frame.find("self") == object)) drop_underscored(candidates);
  } else if (frame) {
    const Value self = frame.find("self");
    if (!self.is_unbound() && has_attribute(heap, self, name))
      suggestion = "self." + wrong;
    else
      candidates = frame.visible_names(machine);
  }
  if (suggestion.empty()) suggestion = nearest_name(candidates, wrong);
  std::string text = suggestion.empty() ? "" : fmt::format(". Did you mean: '{}'?", suggestion);
  if (name_error && std::binary_search(std::begin(kLibraryModules), std::end(kLibraryModules), wrong))
    text += fmt::format("{} you forget to import '{}'?", suggestion.empty() ? ". Did" : " Or did", wrong);
  return text;
}

}  // namespace mini::vm
