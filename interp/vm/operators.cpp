// Operators and containers: the slow half of their instructions.
#include <optional>

#include "interp/vm/generators.h"
#include "interp/vm/slow_paths.h"

namespace mini::vm {

using bytecode::Opcode;

namespace {

Opcode opcode_of(const Frame* frame, const Instr* pc) {
  return frame->code->code->units[pc - frame->code->instructions].opcode;
}

/// Two operands become one result.
CallOutcome leave_pair(Frame* frame, Result<Ref<Value>> result) {
  if (!result.ok()) return CallOutcome::kError;
  Value right = *--frame->stack_top, left = frame->stack_top[-1];
  frame->stack_top[-1] = result.take().release();
  decref(left);
  decref(right);
  return CallOutcome::kValue;
}

/// `text += piece` where the variable that holds `text` is assigned next: its count is dropped first, so that the text
/// may grow in place (CPython 3.9: unicode_concatenate, Python/ceval.c). Without it such a loop takes quadratic time.
void release_target(Frame* frame, Value text) {
  const Instr* next = frame->pc + 1;
  Value* target = nullptr;
  switch (opcode_of(frame, next)) {
    case Opcode::STORE_FAST:
      target = &frame->locals[next->arg];
      break;
    case Opcode::STORE_DEREF:
      target = &static_cast<Cell*>(frame->locals[frame->code->local_count + next->arg].as_object())->content;
      break;
    default:
      return;
  }
  if (*target == text) {
    *target = kUnbound;
    decref(text);
  }
}

}  // namespace

BinaryOp binary_operator(Opcode opcode) {
  switch (opcode) {
    case Opcode::BINARY_ADD:
    case Opcode::INPLACE_ADD:
      return BinaryOp::kAdd;
    case Opcode::BINARY_SUBTRACT:
    case Opcode::INPLACE_SUBTRACT:
      return BinaryOp::kSubtract;
    case Opcode::BINARY_MULTIPLY:
    case Opcode::INPLACE_MULTIPLY:
      return BinaryOp::kMultiply;
    case Opcode::BINARY_TRUE_DIVIDE:
    case Opcode::INPLACE_TRUE_DIVIDE:
      return BinaryOp::kTrueDivide;
    case Opcode::BINARY_FLOOR_DIVIDE:
    case Opcode::INPLACE_FLOOR_DIVIDE:
      return BinaryOp::kFloorDivide;
    case Opcode::BINARY_MODULO:
    case Opcode::INPLACE_MODULO:
      return BinaryOp::kModulo;
    case Opcode::BINARY_POWER:
    case Opcode::INPLACE_POWER:
      return BinaryOp::kPower;
    case Opcode::BINARY_LSHIFT:
    case Opcode::INPLACE_LSHIFT:
      return BinaryOp::kLeftShift;
    case Opcode::BINARY_RSHIFT:
    case Opcode::INPLACE_RSHIFT:
      return BinaryOp::kRightShift;
    case Opcode::BINARY_AND:
    case Opcode::INPLACE_AND:
      return BinaryOp::kAnd;
    case Opcode::BINARY_OR:
    case Opcode::INPLACE_OR:
      return BinaryOp::kOr;
    case Opcode::BINARY_XOR:
    case Opcode::INPLACE_XOR:
      return BinaryOp::kXor;
    default:
      MINI_ASSERT(opcode == Opcode::BINARY_MATRIX_MULTIPLY || opcode == Opcode::INPLACE_MATRIX_MULTIPLY);
      return BinaryOp::kMatrixMultiply;
  }
}

bool is_in_place(Opcode opcode) { return bytecode::name(opcode).starts_with("INPLACE"); }

UnaryOp unary_operator(const Instr* pc, const Frame* frame) {
  switch (opcode_of(frame, pc)) {
    case Opcode::UNARY_POSITIVE:
      return UnaryOp::kPositive;
    case Opcode::UNARY_NEGATIVE:
      return UnaryOp::kNegative;
    default:
      return UnaryOp::kInvert;
  }
}

namespace {

/// Pushes a frame for an operator method that is a script's function, if the left operand is the first to be asked. The
/// operands stay on the stack until it has answered (Completion::kBinary). Nothing: the native way.
std::optional<CallOutcome> push_operator(ThreadState& thread, Name name) {
  Frame* frame = thread.frame;
  Heap& heap = *thread.heap;
  Value right = frame->stack_top[-1], left = frame->stack_top[-2];
  if (!left.is_object()) return std::nullopt;
  Type* type = left.as_object()->type;
  Value method = script_method(heap, type, name);
  if (!method.is_object() || method.as_object()->type != heap.type(BuiltinType::kFunction)) return std::nullopt;
  Type* other = heap.type_of(right);
  if (other != type && is_subtype(other, type)) return std::nullopt;
  Value* base = frame->stack_top;
  for (Value value : {method, left, right}) {
    incref(value);
    *base++ = value;
  }
  base -= 3;
  const CallOutcome outcome = call_on_stack(thread, base, 2, nullptr, base, Completion::kBinary);
  if (outcome == CallOutcome::kValue)
    return leave_pair(frame, Ref<Value>::adopt(std::exchange(thread.result, kUnbound)));
  return outcome;
}

}  // namespace

Result<Ref<Value>> operator_declined(ThreadState& thread, Frame* frame) {
  Heap& heap = *thread.heap;
  const Opcode opcode = opcode_of(frame, frame->pc);
  Value right = frame->stack_top[-1], left = frame->stack_top[-2];
  if (opcode == Opcode::COMPARE_OP) return compare_declined(heap, static_cast<CompareOp>(frame->pc->arg), left, right);
  return binary_declined(heap, binary_operator(opcode), left, right, is_in_place(opcode));
}

Result<void> add_texts_on_stack(ThreadState& thread) {
  Frame* frame = thread.frame;
  Value right = frame->stack_top[-1], left = frame->stack_top[-2];
  release_target(frame, left);
  frame->stack_top -= 2;
  auto text = concatenate(*thread.heap, Ref<Str>::adopt(static_cast<Str*>(left.as_object())),
                          static_cast<Str*>(right.as_object()));
  decref(right);
  if (!text.ok()) return raised;
  *frame->stack_top++ = Value(text.take().release());
  return {};
}

CallOutcome binary_on_stack(ThreadState& thread) {
  Frame* frame = thread.frame;
  Heap& heap = *thread.heap;
  const Opcode opcode = opcode_of(frame, frame->pc);
  const BinaryOp op = binary_operator(opcode);
  Value right = frame->stack_top[-1], left = frame->stack_top[-2];
  const bool changes = is_in_place(opcode);
  const Type* type = heap.type_of(left);
  if (type->type_flags & Type::kHasScriptMethods &&
      !(changes && (type->behaviour.in_place ||
                    !script_method(heap, heap.type_of(left), in_place_name(op)).is_unbound()))) {
    if (auto outcome = push_operator(thread, method_name(op))) return *outcome;
  }
  return leave_pair(frame, changes ? in_place(heap, op, left, right) : binary(heap, op, left, right));
}

CallOutcome compare_on_stack(ThreadState& thread, CompareOp op) {
  Frame* frame = thread.frame;
  if (thread.heap->type_of(frame->stack_top[-2])->type_flags & Type::kHasScriptMethods) {
    if (auto outcome = push_operator(thread, method_name(op))) return *outcome;
  }
  return leave_pair(frame, compare(*thread.heap, op, frame->stack_top[-2], frame->stack_top[-1]));
}

CallOutcome get_item_on_stack(ThreadState& thread) {
  Frame* frame = thread.frame;
  Heap& heap = *thread.heap;
  Value key = frame->stack_top[-1], container = frame->stack_top[-2];
  if (container.is_object() && container.as_object()->type == heap.type(BuiltinType::kDict)) {
    auto found = get(heap, static_cast<Dict*>(container.as_object()), key);
    if (!found.ok()) return CallOutcome::kError;
    if (!found->is_unbound()) return leave_pair(frame, Ref<Value>::share(*found));
  }
  return leave_pair(frame, get_item(*thread.heap, frame->stack_top[-2], frame->stack_top[-1]));
}

CallOutcome iterate_on_stack(ThreadState& thread) {
  Frame* frame = thread.frame;
  Value iterable = frame->stack_top[-1];
  auto iterator = iterate(*thread.heap, iterable);
  if (!iterator.ok()) return CallOutcome::kError;
  frame->stack_top[-1] = iterator.take().release();
  decref(iterable);
  return CallOutcome::kValue;
}

CallOutcome advance_iterator(ThreadState& thread) {
  Frame* frame = thread.frame;
  Heap& heap = *thread.heap;
  Value iterator = frame->stack_top[-1];
  Type* type = heap.type_of(iterator);
  if (type == heap.type(BuiltinType::kGenerator)) {
    auto* generator = static_cast<Generator*>(iterator.as_object());
    if (!generator->frame) {
      thread.result = kUnbound;
      return CallOutcome::kValue;
    }
    return resume_frame(thread, generator, generator->started ? kNone : kUnbound, frame->stack_top,
                        Completion::kResume)
               ? CallOutcome::kFrame
               : CallOutcome::kError;
  }
  if (NextItem next_item = native_next(heap, type)) {
    const Value item = next_of(heap, next_item, iterator);
    if (item.is_error()) return CallOutcome::kError;
    thread.result = item;
    return CallOutcome::kValue;
  }
  if (Value method = script_method(heap, type, Name::k__next__);
      method.is_object() && method.as_object()->type == heap.type(BuiltinType::kFunction)) {
    Value* base = frame->stack_top;
    incref(method);
    incref(iterator);
    base[0] = method;
    base[1] = iterator;
    return call_on_stack(thread, base, 1, nullptr, base, Completion::kIterate);
  }
  auto item = next(heap, iterator);
  if (!item.ok()) return CallOutcome::kError;
  thread.result = item.take().release();
  return CallOutcome::kValue;
}

Result<void> unpack_on_stack(ThreadState& thread, uint32_t before, int32_t after) {
  Frame* frame = thread.frame;
  Heap& heap = *thread.heap;
  Value sequence = frame->stack_top[-1];
  auto iterator = iterate(heap, sequence);
  if (!iterator.ok()) {
    if (heap.pending_is(BuiltinType::kTypeError)) {
      // "cannot unpack non-iterable int object" in place of "'int' object is not iterable", as CPython words it.
      Type* type = heap.type_of(sequence);
      if (!type->behaviour.iterate && !type->behaviour.get_item && script_method(heap, type, Name::k__iter__).is_unbound() &&
          script_method(heap, type, Name::k__getitem__).is_unbound()) {
        static_cast<void>(heap.take_pending());
        return heap.raise(BuiltinType::kTypeError, "cannot unpack non-iterable {} object", type_name(heap, sequence));
      }
    }
    return raised;
  }
  auto items = MINI_TRY(make_list(heap));
  const uint64_t least = before + static_cast<uint64_t>(std::max(after, 0));
  for (;;) {
    auto item = MINI_TRY(next(heap, iterator->get()));
    if (item.get().is_unbound()) break;
    if (after < 0 && items->length == before)
      return heap.raise(BuiltinType::kValueError, "too many values to unpack (expected {})", before);
    MINI_TRY(append(heap, items.get(), std::move(item)));
  }
  if (items->length < least)
    return heap.raise(BuiltinType::kValueError, "not enough values to unpack (expected {}{}, got {})",
                      after < 0 ? "" : "at least ", least, items->length);
  Ref<List> rest;
  if (after >= 0) {
    rest = MINI_TRY(make_list(heap, items->length - least));
    for (uint64_t i = before; i < items->length - static_cast<uint32_t>(after); ++i)
      MINI_TRY(append(heap, rest.get(), Ref<Value>::share(items->items[i])));
  }
  --frame->stack_top;
  decref(sequence);
  auto push = [&](Value value) {
    incref(value);
    *frame->stack_top++ = value;
  };
  for (int32_t i = 0; i < after; ++i) push(items->items[items->length - 1 - static_cast<uint32_t>(i)]);
  if (after >= 0) *frame->stack_top++ = Value(rest.release());
  for (uint32_t i = before; i-- > 0;) push(items->items[i]);
  return {};
}

Result<Ref<Str>> join_strings(Heap& heap, const Value* pieces, uint32_t count) {
  uint64_t length = 0;
  bool wide = false;
  for (uint32_t i = 0; i < count; ++i) {
    auto* piece = static_cast<Str*>(pieces[i].as_object());
    length += piece->length;
    wide |= piece->wide != 0;
  }
  if (length > Str::kMaxLength) return heap.raise_memory_error();
  Ref<Str> text = MINI_TRY(make_blank_str(heap, length, wide));
  size_t at = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Str* piece = static_cast<Str*>(pieces[i].as_object());
    if (!wide)
      piece->ascii().copy(text->narrow() + at, piece->length);
    else
      for (size_t k = 0; k < piece->length; ++k) text->wide_units()[at + k] = piece->at(k);
    at += piece->length;
  }
  return text;
}

Result<Ref<Str>> format_value(Heap& heap, Value value, uint32_t conversion, Value specification) {
  Ref<Value> converted = Ref<Value>::share(value);
  switch (conversion) {
    case bytecode::kStr:
      converted = MINI_TRY(str(heap, value));
      break;
    case bytecode::kRepr:
      converted = MINI_TRY(repr(heap, value));
      break;
    case bytecode::kAscii:
      converted = MINI_TRY(ascii_repr(heap, value));
      break;
    default:
      break;
  }
  if (specification.is_unbound()) {
    // Exactly a str or an int needs no specification to be itself.
    Type* type = heap.type_of(converted);
    if (type == heap.type(BuiltinType::kStr)) {
      Value text = converted.release();
      return Ref<Str>::adopt(static_cast<Str*>(text.as_object()));
    }
    if (converted.get().is_int()) return str(heap, converted);
    auto empty = MINI_TRY(make_str(heap, ""));
    return format(heap, converted, empty.get());
  }
  return format(heap, converted, static_cast<Str*>(specification.as_object()));
}

Result<void> extend_display(Heap& heap, List* list, Value iterable) {
  auto done = extend(heap, list, iterable);
  Type* type = heap.type_of(iterable);
  if (!done.ok() && heap.pending_is(BuiltinType::kTypeError) && !type->behaviour.iterate &&
      !type->behaviour.get_item && script_method(heap, type, Name::k__iter__).is_unbound() &&
      script_method(heap, type, Name::k__getitem__).is_unbound()) {
    static_cast<void>(heap.take_pending());
    return heap.raise(BuiltinType::kTypeError, "Value after * must be an iterable, not {}", type_name(heap, iterable));
  }
  return done;
}

namespace {

/// Updates by a mapping that need not be a dict; false if it is none: has no keys(), or raised an AttributeError itself.
Result<bool> update_by_mapping(Heap& heap, Dict* dict, Value mapping) {
  auto keys = has_kind(mapping, BuiltinType::kDict) ? Result<Ref<Value>>(Ref<Value>::share(mapping))
                                                    : get_attribute(heap, mapping, heap.name(Name::kkeys));
  if (keys.ok() && update(heap, dict, mapping).ok()) return true;
  if (!heap.pending_is(BuiltinType::kAttributeError)) return raised;
  static_cast<void>(heap.take_pending());
  return false;
}

}  // namespace

Result<void> update_display(Heap& heap, Dict* dict, Value mapping) {
  if (MINI_TRY(update_by_mapping(heap, dict, mapping))) return {};
  return heap.raise(BuiltinType::kTypeError, "'{}' object is not a mapping", type_name(heap, mapping));
}

std::string shown_function(Heap& heap, Value function) {
  auto text_of = [&](Name which) -> std::string {
    auto found = find_attribute(heap, function, heap.name(which));
    if (!found.ok()) static_cast<void>(heap.take_pending());
    Str* text = found.ok() ? as_str(heap, found->get()) : nullptr;
    return text ? to_utf8(text) : "";
  };
  const std::string name = text_of(Name::k__qualname__), module = text_of(Name::k__module__);
  if (!name.empty()) return module.empty() || module == "builtins" ? name + "()" : module + "." + name + "()";
  auto text = repr(heap, function);
  if (text.ok()) return to_utf8(text->get());
  static_cast<void>(heap.take_pending());
  return "function";
}

Result<void> merge_keywords(Heap& heap, Dict* dict, Value mapping, Value function) {
  auto copy = MINI_TRY(make_dict(heap));
  const Result<bool> is_mapping = update_by_mapping(heap, copy.get(), mapping);
  if (!is_mapping.ok() && heap.pending_is(BuiltinType::kKeyError) && heap.pending()->args->length == 1) {
    // CPython takes any KeyError for a keyword given twice (3.13 Python/ceval.c, _PyEval_FormatKwargsError).
    const Ref<Exception> error = heap.take_pending();
    Ref<Str> key = MINI_TRY(str(heap, error->args->items()[0]));
    return heap.raise(BuiltinType::kTypeError, "{} got multiple values for keyword argument '{}'",
                      shown_function(heap, function), to_utf8(key.get()));
  }
  if (!MINI_TRY(is_mapping)) {
    return heap.raise(BuiltinType::kTypeError, "{} argument after ** must be a mapping, not {}",
                      shown_function(heap, function), type_name(heap, mapping));
  }
  for (uint32_t i = 0; i < copy->used; ++i) {
    Value key = copy->entries[i].key;
    if (key.is_unbound()) continue;
    Value present = MINI_TRY(get(heap, dict, key));
    if (!present.is_unbound())
      return heap.raise(BuiltinType::kTypeError, "{} got multiple values for keyword argument '{}'",
                        shown_function(heap, function), as_str(heap, key) ? to_utf8(as_str(heap, key)) : "?");
    MINI_TRY(set(heap, dict, key, copy->entries[i].value));
  }
  return {};
}

}  // namespace mini::vm
