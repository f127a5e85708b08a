#include "interp/vm/arguments.h"

#include <cstring>

#include "interp/vm/generators.h"
#include "interp/vm/slow_paths.h"
#include "runtime/base/nearest_name.h"

namespace mini::vm {

namespace {

/// Reached only where a class statement's call does not go through the loop.
Result<Ref<Value>> build_class_elsewhere(Call& call) {
  return call.heap.raise(BuiltinType::kTypeError, "__build_class__: only a class statement can call this");
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += names.size() == 2 ? " and " : i + 1 == names.size() ? ", and " : ", ";
    text += "'" + names[i] + "'";
  }
  return text;
}

std::string function_name(const Function* function) {
  return to_utf8(static_cast<Str*>(function->qualified_name.as_object()));
}

Raised raise_missing(Heap& heap, const Function* function, const std::vector<std::string>& names, const char* kind) {
  return heap.raise(BuiltinType::kTypeError, "{}() missing {} required {} argument{}: {}", function_name(function),
                    names.size(), kind, names.size() == 1 ? "" : "s", quoted_list(names));
}

Raised raise_too_many(Heap& heap, const Function* function, uint32_t given, const Value* slots) {
  const CodeObject* code = function->code;
  const uint32_t defaults = function->defaults ? static_cast<uint32_t>(function->defaults->length) : 0;
  uint32_t keyword_only_given = 0;
  for (uint32_t i = 0; i < code->keyword_only_count; ++i)
    keyword_only_given += !slots[code->argument_count + i].is_unbound();
  const bool plural = defaults > 0 || code->argument_count != 1;
  const std::string takes =
      defaults > 0 ? fmt::format("from {} to {}", code->argument_count - defaults, code->argument_count)
                   : fmt::format("{}", code->argument_count);
  std::string keywords;
  if (keyword_only_given > 0)
    keywords = fmt::format(" positional argument{} (and {} keyword-only argument{})", given != 1 ? "s" : "",
                           keyword_only_given, keyword_only_given != 1 ? "s" : "");
  return heap.raise(BuiltinType::kTypeError, "{}() takes {} positional argument{} but {}{} {} given",
                    function_name(function), takes, plural ? "s" : "", given, keywords,
                    given == 1 && keyword_only_given == 0 ? "was" : "were");
}

/// Fills the parameters from `given`; the counts of used values move into `slots`.
Result<void> bind(Heap& heap, Function* function, Value* given, uint32_t positional, Tuple* keyword_names,
                  Value* slots) {
  const CodeObject* code = function->code;
  const uint32_t named = code->argument_count + code->keyword_only_count;
  const uint32_t keyword_count = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  uint32_t rest_slot = named;
  Dict* extra = nullptr;
  if (code->has(bytecode::kVarKeywords)) {
    auto dict = MINI_TRY(make_dict(heap));
    extra = dict.get();
    slots[named + (code->has(bytecode::kVarArgs) ? 1 : 0)] = Value(dict.release());
  }
  const uint32_t direct = std::min(positional, code->argument_count);
  for (uint32_t i = 0; i < direct; ++i) slots[i] = std::exchange(given[i], kUnbound);
  if (code->has(bytecode::kVarArgs)) {
    const uint32_t rest = positional - direct;
    auto tuple = MINI_TRY(make_tuple(heap, rest));
    for (uint32_t i = 0; i < rest; ++i) tuple->items()[i] = std::exchange(given[direct + i], kUnbound);
    slots[rest_slot] = Value(tuple.release());
  }
  std::vector<std::string> positional_only_as_keywords;
  for (uint32_t i = 0; i < keyword_count; ++i) {
    Value key = keyword_names->items()[i];
    Str* name = as_str(heap, key);
    if (!name) return heap.raise(BuiltinType::kTypeError, "keywords must be strings");
    uint32_t slot = code->positional_only_count;
    while (slot < named && code->variables[slot] != name && !equal(code->variables[slot], name)) ++slot;
    if (slot == named) {
      if (extra) {
        MINI_TRY(set(heap, extra, key, given[positional + i]));
        continue;
      }
      for (uint32_t p = 0; p < code->positional_only_count; ++p)
        if (equal(code->variables[p], name)) positional_only_as_keywords.push_back(to_utf8(name));
      if (!positional_only_as_keywords.empty()) continue;
      std::vector<std::string> known;
      for (uint32_t p = code->positional_only_count; p < named; ++p) known.push_back(to_utf8(code->variables[p]));
      std::string hint = base::nearest_name(known, to_utf8(name));
      if (!hint.empty()) hint = fmt::format(". Did you mean '{}'?", hint);
      return heap.raise(BuiltinType::kTypeError, "{}() got an unexpected keyword argument '{}'{}",
                        function_name(function), to_utf8(name), hint);
    }
    if (!slots[slot].is_unbound())
      return heap.raise(BuiltinType::kTypeError, "{}() got multiple values for argument '{}'",
                        function_name(function), to_utf8(name));
    slots[slot] = std::exchange(given[positional + i], kUnbound);
  }
  if (!positional_only_as_keywords.empty()) {
    std::string names;
    for (const auto& name : positional_only_as_keywords) names += (names.empty() ? "" : ", ") + name;
    return heap.raise(BuiltinType::kTypeError,
                      "{}() got some positional-only arguments passed as keyword arguments: '{}'",
                      function_name(function), names);
  }
  if (positional > code->argument_count && !code->has(bytecode::kVarArgs))
    return raise_too_many(heap, function, positional, slots);

  const uint32_t defaults = function->defaults ? static_cast<uint32_t>(function->defaults->length) : 0;
  std::vector<std::string> missing;
  for (uint32_t i = 0; i < code->argument_count; ++i) {
    if (!slots[i].is_unbound()) continue;
    if (i + defaults >= code->argument_count) {
      Value value = function->defaults->items()[i + defaults - code->argument_count];
      incref(value);
      slots[i] = value;
    } else {
      missing.push_back(to_utf8(code->variables[i]));
    }
  }
  if (!missing.empty()) return raise_missing(heap, function, missing, "positional");
  for (uint32_t i = code->argument_count; i < named; ++i) {
    if (!slots[i].is_unbound()) continue;
    Value value = function->keyword_defaults ? get_name(function->keyword_defaults, code->variables[i]) : kUnbound;
    if (value.is_unbound()) {
      missing.push_back(to_utf8(code->variables[i]));
    } else {
      incref(value);
      slots[i] = value;
    }
  }
  if (!missing.empty()) return raise_missing(heap, function, missing, "keyword-only");
  return {};
}

}  // namespace

const NativeDefinition kBuildClass{"__build_class__(*args)", build_class_elsewhere};

bool bind_cells(ThreadState& thread, Frame* frame, Function* function) {
  CodeObject* code = frame->code;
  Value* cells = frame->locals + code->local_count;
  for (uint32_t i = 0; i < code->cell_count; ++i) {
    const int32_t parameter = code->code->cell_parameters[i];
    Ref<Value> content;
    if (parameter >= 0) content = Ref<Value>::adopt(std::exchange(frame->locals[parameter], kUnbound));
    auto cell = make_cell(*thread.heap, std::move(content));
    if (!cell.ok()) return false;
    cells[i] = Value(cell.take().release());
  }
  share_closure(frame, function);
  return true;
}

namespace {

/// The end of a call whose frame has its arguments: its cells are made, and of a generator function the generator.
CallOutcome enter(ThreadState& thread, Frame* frame, Function* function) {
  if (!bind_cells(thread, frame, function)) {
    pop_frame(thread, frame);
    return CallOutcome::kError;
  }
  if (!frame->code->has(bytecode::kGenerator)) return CallOutcome::kFrame;
  auto generator = make_generator(thread, frame);
  pop_frame(thread, frame);
  if (!generator.ok()) return CallOutcome::kError;
  thread.result = Value(generator.take().release());
  return CallOutcome::kValue;
}

/// Whether so many positional arguments, with defaults behind them, are all that the function takes.
bool takes_positional(const Function* function, uint32_t count) {
  const CodeObject* code = function->code;
  const uint32_t defaults = function->defaults ? static_cast<uint32_t>(function->defaults->length) : 0;
  return count <= code->argument_count && count + defaults >= code->argument_count && code->keyword_only_count == 0 &&
         !code->has(bytecode::kVarArgs) && !code->has(bytecode::kVarKeywords);
}

}  // namespace

CallOutcome call_function(ThreadState& thread, Function* function, Value* base, uint32_t count, Tuple* keyword_names,
                          Value* caller_top, Completion completion) {
  CodeObject* code = function->code;
  Heap& heap = *thread.heap;
  if (!keyword_names && takes_positional(function, count)) {
    Frame* frame = push_frame(thread, function, base + 1, count, caller_top, completion);
    if (!frame) return CallOutcome::kError;
    const uint32_t defaults = function->defaults ? static_cast<uint32_t>(function->defaults->length) : 0;
    for (uint32_t i = count; i < code->argument_count; ++i) {
      Value value = function->defaults->items()[i + defaults - code->argument_count];
      incref(value);
      frame->locals[i] = value;
    }
    return enter(thread, frame, function);
  }
  // The arguments are moved aside: they and the parameters overlap.
  constexpr uint32_t kInline = 16;
  Value inline_given[kInline];
  std::vector<Value> many;
  Value* given = inline_given;
  if (count > kInline) {
    many.resize(count);
    given = many.data();
  }
  std::memcpy(static_cast<void*>(given), base + 1, count * sizeof(Value));
  auto drop_given = [&] {
    for (uint32_t i = 0; i < count; ++i) decref(given[i]);
  };
  Frame* frame = push_frame(thread, function, base + 1, 0, caller_top, completion);
  if (!frame) {
    drop_given();
    return CallOutcome::kError;
  }
  const uint32_t keywords = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  const bool bound = bind(heap, function, given, count - keywords, keyword_names, frame->locals).ok();
  drop_given();
  if (!bound) {
    pop_frame(thread, frame);
    return CallOutcome::kError;
  }
  return enter(thread, frame, function);
}

Result<Ref<Value>> construct(Heap& heap, Type* type, Value* arguments, uint32_t count, Tuple* keyword_names,
                             bool script_init) {
  if (type->kind == static_cast<uint32_t>(BuiltinType::kObject) && (type->type_flags & Type::kUserClass)) {
    if (!script_init && count > 0)
      return heap.raise(BuiltinType::kTypeError, "{}() takes no arguments", to_utf8(type->name));
    return make_instance(heap, type);
  }
  if (!type->construct)
    return heap.raise(BuiltinType::kTypeError, "cannot create '{}' instances", to_utf8(type->name));
  if (script_init && is_filled_later(type)) return call_construct(heap, type, arguments, 0, nullptr);
  const uint32_t keywords = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  return call_construct(heap, type, arguments, count - keywords, keyword_names);
}

bool check_init_result(Heap& heap, Value result) {
  if (result.is_none()) return true;
  static_cast<void>(heap.raise(BuiltinType::kTypeError, "__init__() should return None, not '{}'",
                               type_name(heap, result)));
  return false;
}

Result<Ref<Value>> call_with_dict(Heap& heap, Value function, std::vector<Value> arguments, Dict* keywords) {
  if (!keywords || keywords->live == 0) return call_nested(heap, function, arguments.data(), static_cast<uint32_t>(arguments.size()));
  Ref<List> names = MINI_TRY(list_from(heap, Value(keywords)));
  for (uint64_t i = 0; i < names->length; ++i) arguments.push_back(MINI_TRY(get(heap, keywords, names->items[i])));
  Ref<Tuple> keyword_names = MINI_TRY(make_tuple(heap, names->items, names->length));
  return call_with_keywords(heap, function, arguments.data(), static_cast<uint32_t>(arguments.size()), keyword_names.get());
}

namespace {

/// The namespace in which a class body runs: what the metaclass's `__prepare__` says, which has to be a dict.
Result<Ref<Dict>> prepare_namespace(Heap& heap, Value metaclass, Value name, Tuple* bases, Dict* keywords) {
  Ref<Value> prepare;
  if (metaclass != Value(heap.type(BuiltinType::kTypeType)))
    prepare = MINI_TRY(find_attribute(heap, metaclass, heap.name(Name::k__prepare__)));
  if (prepare.get().is_unbound() || has_kind(prepare, BuiltinType::kNativeFunction)) return make_dict(heap);
  Ref<Value> names = MINI_TRY(call_with_dict(heap, prepare, {name, Value(bases)}, keywords));
  if (heap.type_of(names) != heap.type(BuiltinType::kDict)) {
    const bool is_class = has_kind(metaclass, BuiltinType::kTypeType);
    return heap.raise(BuiltinType::kTypeError, "{}.__prepare__() must return a {}, not {}",
                      is_class ? to_utf8(static_cast<Type*>(metaclass.as_object())->name) : "<metaclass>",
                      has_kind(names, BuiltinType::kDict) ? "plain dict in mini" : "mapping", type_name(heap, names));
  }
  return Ref<Dict>::adopt(static_cast<Dict*>(names.release().as_object()));
}

}  // namespace

Result<Ref<Value>> make_class(ThreadState& thread, Dict* names, Value* base, Value cell) {
  Heap& heap = *thread.heap;
  auto base_count = static_cast<size_t>(thread.frame->stack_top - base - 3);
  // Behind the bases a dict of keywords may lie, which is nobody's base (build_class).
  Dict* keywords = nullptr;
  if (base_count > 0 && heap.type_of(base[2 + base_count]) == heap.type(BuiltinType::kDict))
    keywords = static_cast<Dict*>(base[2 + base_count--].as_object());
  Ref<Tuple> bases = MINI_TRY(make_tuple(heap, base + 3, base_count));
  if (base[0] != Value(heap.type(BuiltinType::kTypeType)))
    return call_with_dict(heap, base[0], {base[2], Value(bases.get()), Value(names)}, keywords);
  auto type = MINI_TRY(make_type(heap, as_str(heap, base[2]), bases.get(), Ref<Dict>::share(names)));
  MINI_TRY(announce_type(heap, type.get(), keywords));
  if (cell.is_object() && cell.as_object()->type == heap.type(BuiltinType::kCell)) {
    auto* class_cell = static_cast<Cell*>(cell.as_object());
    incref(type.get());
    decref(std::exchange(class_cell->content, Value(type.get())));
  }
  return Ref<Value>(std::move(type));
}

CallOutcome build_class(ThreadState& thread, Value* base, uint32_t count, Tuple* keyword_names, Value* caller_top,
                        Completion completion) {
  Heap& heap = *thread.heap;
  auto fail = [&] {
    for (uint32_t i = 0; i <= count; ++i) decref(base[i]);
    return CallOutcome::kError;
  };
  if (count < 2 || heap.type_of(base[1]) != heap.type(BuiltinType::kFunction) || completion != Completion::kPush) {
    static_cast<void>(heap.raise(BuiltinType::kTypeError, "__build_class__: func must be a function"));
    return fail();
  }
  Ref<Value> metaclass;
  Dict* keywords = nullptr;
  const auto keyword_count = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  const uint32_t base_count = count - 2 - keyword_count;
  if (keyword_count > 0) {
    // One dict takes the place of the keywords' values.
    auto made = make_dict(heap);
    if (!made.ok()) return fail();
    Ref<Dict> rest = made.take();
    for (uint32_t i = 0; i < keyword_count; ++i) {
      Str* name = as_str(heap, keyword_names->items()[i]);
      const Value value = base[1 + count - keyword_count + i];
      if (equal(name, "metaclass")) metaclass = Ref<Value>::share(value);
      else if (!set(heap, rest.get(), name, value).ok()) return fail();
    }
    for (uint32_t i = 0; i < keyword_count; ++i) decref(base[count--]);
    keywords = rest.get();
    base[++count] = Value(rest.release());
  } else if (base_count > 0 && heap.type_of(base[count]) == heap.type(BuiltinType::kDict)) {
    static_cast<void>(heap.raise(BuiltinType::kTypeError, "bases must be types"));
    return fail();
  }
  auto bases = make_tuple(heap, base + 3, base_count);
  if (!bases.ok()) return fail();
  if (metaclass.get().is_unbound()) {  // the first base's class, be that no metaclass at all: `class A(5)` calls int
    Type* first = base_count > 0 ? heap.type_of(base[3]) : heap.type(BuiltinType::kTypeType);
    metaclass = Ref<Value>::share(Value(first));
  }
  if (has_kind(metaclass, BuiltinType::kTypeType)) {
    auto winner = metaclass_for(heap, static_cast<Type*>(metaclass.get().as_object()), bases->get());
    if (!winner.ok()) return fail();
    metaclass = Ref<Value>::share(Value(*winner));
  }
  const OccupiedScope occupied(thread, base + count + 1);
  auto names = prepare_namespace(heap, metaclass, base[2], bases->get(), keywords);
  if (!names.ok()) return fail();
  // The metaclass, body, name, bases stay on the caller's stack until the body is done.
  decref(std::exchange(base[0], metaclass.release()));
  thread.frame->stack_top = base + 1 + count;
  Frame* frame = push_body(thread, Ref<Function>::share(static_cast<Function*>(base[1].as_object())), names->get(),
                           base + 1 + count, base, Completion::kClassBody);
  static_cast<void>(caller_top);
  return frame ? CallOutcome::kFrame : CallOutcome::kError;
}

}  // namespace mini::vm
