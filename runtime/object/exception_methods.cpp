// Attributes and methods of exceptions and tracebacks.
#include "runtime/object/attributes.h"
#include "runtime/object/exception_internal.h"
#include "runtime/object/native.h"
#include "runtime/object/operations.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

Result<Ref<Value>> or_none(const Object* object) {
  return object ? Ref<Value>::share(Value(object)) : unboxed(kNone);
}

Result<void> may_not_be_deleted(Heap& heap, const char* name) {
  return heap.raise(BuiltinType::kTypeError, "{} may not be deleted", name);
}

// ---- construction

Dict* keywords_of(Call& call) {
  return call.keywords[0].is_unbound() ? nullptr : static_cast<Dict*>(call.keywords[0].as_object());
}

Result<Ref<Value>> construct(Call& call) {
  Type* type = static_cast<Type*>(call.args[0].as_object());
  Ref<Tuple> args = MINI_TRY(make_tuple(call.heap, call.args + 1, call.count - 1));
  return widen(make_exception(call.heap, type, std::move(args), keywords_of(call)));
}
constexpr NativeDefinition kExceptionConstructor = {"BaseException.__new__(type, *args, **kwargs)", construct};

Result<Ref<Value>> initialise(Call& call) {
  Ref<Tuple> args = MINI_TRY(make_tuple(call.heap, call.args + 1, call.count - 1));
  MINI_TRY(initialise_exception(call.heap, exception_of(call.args[0]), std::move(args), keywords_of(call)));
  return unboxed(kNone);
}

// ---- attributes

Result<Ref<Value>> get_args(Heap&, Value self) {
  return or_none(exception_of(self)->args);
}
Result<void> set_args(Heap& heap, Value self, Value value) {
  if (value.is_unbound()) return may_not_be_deleted(heap, "args");
  Ref<Tuple> args = MINI_TRY(tuple_from(heap, value));
  Tuple* old = std::exchange(exception_of(self)->args, args.release());
  if (old) decref(old);
  return {};
}

Result<Ref<Value>> get_traceback(Heap&, Value self) {
  return or_none(exception_of(self)->traceback);
}
Result<void> set_traceback(Heap& heap, Value self, Value value) {
  if (value.is_unbound()) return may_not_be_deleted(heap, "__traceback__");
  if (!value.is_none() && !has_kind(value, BuiltinType::kTraceback)) {
    return heap.raise(BuiltinType::kTypeError, "__traceback__ must be a traceback or None");
  }
  Traceback* traceback = value.is_none() ? nullptr : static_cast<Traceback*>(value.as_object());
  if (traceback) incref(traceback);
  Traceback* old = std::exchange(exception_of(self)->traceback, traceback);
  if (old) decref(old);
  return {};
}

Result<void> set_link(Heap& heap, Exception* Exception::*field, const char* what, Value self, Value value) {
  if (value.is_unbound()) return may_not_be_deleted(heap, fmt::format("__{}__", what).c_str());
  Exception* exception = as_exception(value);
  if (!exception && !value.is_none()) {
    return heap.raise(BuiltinType::kTypeError, "exception {} must be None or derive from BaseException",
                      what);
  }
  if (exception) incref(exception);
  Exception* old = std::exchange(exception_of(self)->*field, exception);
  if (old) decref(old);
  return {};
}
Result<Ref<Value>> get_context(Heap&, Value self) {
  return or_none(exception_of(self)->context);
}
Result<void> set_context_attribute(Heap& heap, Value self, Value value) {
  return set_link(heap, &Exception::context, "context", self, value);
}
Result<Ref<Value>> get_cause(Heap&, Value self) {
  return or_none(exception_of(self)->cause);
}
Result<void> set_cause(Heap& heap, Value self, Value value) {
  MINI_TRY(set_link(heap, &Exception::cause, "cause", self, value));
  exception_of(self)->suppress_context = 1;
  return {};
}

Result<Ref<Value>> get_suppress(Heap&, Value self) {
  return Ref<Value>(exception_of(self)->suppress_context != 0);
}
Result<void> set_suppress(Heap& heap, Value self, Value value) {
  if (!value.is_bool()) return heap.raise(BuiltinType::kTypeError, "attribute value type must be bool");
  exception_of(self)->suppress_context = value.as_bool();
  return {};
}

template <size_t kIndex>
Result<Ref<Value>> get_detail(Heap&, Value self) {
  Value detail = exception_of(self)->details[kIndex];
  return detail.is_unbound() ? unboxed(kNone) : Ref<Value>::share(detail);
}
template <size_t kIndex>
Result<void> set_detail(Heap&, Value self, Value value) {
  incref(value);
  decref(std::exchange(exception_of(self)->details[kIndex], value));
  return {};
}

constexpr struct {
  BuiltinType type;
  const char* name;
  Result<Ref<Value>> (*get)(Heap&, Value);
  Result<void> (*set)(Heap&, Value, Value);
} kAttributes[] = {
    {BuiltinType::kBaseException, "args", get_args, set_args},
    {BuiltinType::kBaseException, "__traceback__", get_traceback, set_traceback},
    {BuiltinType::kBaseException, "__context__", get_context, set_context_attribute},
    {BuiltinType::kBaseException, "__cause__", get_cause, set_cause},
    {BuiltinType::kBaseException, "__suppress_context__", get_suppress, set_suppress},
#define DETAIL(type, name, index) \
  { BuiltinType::k##type, name, get_detail<index>, set_detail<index> }
    DETAIL(StopIteration, "value", 0),
    DETAIL(SystemExit, "code", 0),
    DETAIL(NameError, "name", 0),
    DETAIL(AttributeError, "name", 0),
    DETAIL(AttributeError, "obj", 1),
    DETAIL(ImportError, "name", 0),
    DETAIL(ImportError, "path", 1),
    DETAIL(ImportError, "msg", 2),
    DETAIL(ImportError, "name_from", 3),
    DETAIL(OSError, "errno", 0),
    DETAIL(OSError, "strerror", 1),
    DETAIL(OSError, "filename", 2),
    DETAIL(OSError, "filename2", 3),
    DETAIL(BlockingIOError, "characters_written", 4),
    DETAIL(SyntaxError, "msg", 0),
    DETAIL(SyntaxError, "filename", 1),
    DETAIL(SyntaxError, "lineno", 2),
    DETAIL(SyntaxError, "offset", 3),
    DETAIL(SyntaxError, "text", 4),
    DETAIL(SyntaxError, "end_lineno", 5),
    DETAIL(SyntaxError, "end_offset", 6),
    DETAIL(UnicodeDecodeError, "encoding", 0),
    DETAIL(UnicodeDecodeError, "object", 1),
    DETAIL(UnicodeDecodeError, "start", 2),
    DETAIL(UnicodeDecodeError, "end", 3),
    DETAIL(UnicodeDecodeError, "reason", 4),
    DETAIL(UnicodeEncodeError, "encoding", 0),
    DETAIL(UnicodeEncodeError, "object", 1),
    DETAIL(UnicodeEncodeError, "start", 2),
    DETAIL(UnicodeEncodeError, "end", 3),
    DETAIL(UnicodeEncodeError, "reason", 4),
#undef DETAIL
};

// ---- methods

Result<Ref<Value>> with_traceback(Call& call) {
  MINI_TRY(set_traceback(call.heap, call[0], call[1]));
  return Ref<Value>::share(call[0]);
}

/// Notes are an attribute like any other, `__notes__`, which the first of them makes (3.13 Objects/exceptions.c,
/// BaseException_add_note).
Result<void> add_note(Heap& heap, Value exception, Value note) {
  Str* name = heap.name(Name::k__notes__);
  Ref<Value> notes = MINI_TRY(find_attribute(heap, exception, name));
  if (notes.get().is_unbound()) {
    notes = MINI_TRY(widen(make_list(heap)));
    MINI_TRY(set_attribute(heap, exception, name, notes));
  }
  if (!has_kind(notes, BuiltinType::kList)) {
    return heap.raise(BuiltinType::kTypeError, "Cannot add note: __notes__ is not a list");
  }
  return append(heap, static_cast<List*>(notes.get().as_object()), Ref<Value>::share(note));
}
Result<Ref<Value>> add_note(Call& call) {
  if (!as_str(call.heap, call[1])) {
    return call.heap.raise(BuiltinType::kTypeError, "note must be a str, not '{}'", type_name(call.heap, call[1]));
  }
  MINI_TRY(add_note(call.heap, call[0], call[1]));
  return unboxed(kNone);
}

constexpr NativeDefinition kExceptionMethods[] = {
    {"BaseException.__init__(self, *args, **kwargs)", initialise},
    {"BaseException.with_traceback(self, tb, /)", with_traceback},
    {"BaseException.add_note(self, note, /)", add_note},
};

// ---- tracebacks

Traceback* traceback_of(Value value) {
  return static_cast<Traceback*>(value.as_object());
}

void visit_traceback(Object* object, Visitor& visitor) {
  Traceback* traceback = static_cast<Traceback*>(object);
  visitor.reference(traceback->next);
  visitor.reference(traceback->frame);
  visitor.scalar(traceback->instruction);
}

void drop_traceback(Heap&, Object* object) {
  Traceback* traceback = static_cast<Traceback*>(object);
  if (Traceback* next = std::exchange(traceback->next, nullptr)) decref(next);
  if (Object* frame = std::exchange(traceback->frame, nullptr)) decref(frame);
}

Result<Ref<Value>> get_next(Heap&, Value self) {
  return or_none(traceback_of(self)->next);
}
Result<void> set_next(Heap& heap, Value self, Value value) {
  if (value.is_unbound()) return heap.raise(BuiltinType::kTypeError, "can't delete tb_next attribute");
  if (!value.is_none() && !has_kind(value, BuiltinType::kTraceback)) {
    return heap.raise(BuiltinType::kTypeError, "expected traceback object, got '{}'", type_name(heap, value));
  }
  Traceback* next = value.is_none() ? nullptr : traceback_of(value);
  for (Traceback* at = next; at; at = at->next) {
    if (at == traceback_of(self)) return heap.raise(BuiltinType::kValueError, "traceback loop detected");
  }
  if (next) incref(next);
  Traceback* old = std::exchange(traceback_of(self)->next, next);
  if (old) decref(old);
  return {};
}
Result<Ref<Value>> get_frame(Heap&, Value self) {
  return or_none(traceback_of(self)->frame);
}
Result<Ref<Value>> get_last_instruction(Heap& heap, Value self) {
  return make_int(heap, int64_t{traceback_of(self)->instruction} * 2);
}
Result<Ref<Value>> get_line(Heap& heap, Value self) {
  if (!heap.hooks().traceback_line) return unboxed(kNone);
  return make_int(heap, heap.hooks().traceback_line(heap, traceback_of(self)));
}

}  // namespace

void define_traceback_type(Heap& heap) {
  Type* type = heap.type(BuiltinType::kTraceback);
  type->behaviour = {.visit = visit_traceback, .drop = drop_traceback};
  type->instance_size = sizeof(Traceback);
  type->type_flags |= Type::kTracked;
  heap.type(BuiltinType::kBaseException)->construct = &kExceptionConstructor;
}

Result<void> define_exception_methods(Heap& heap) {
  Type* base = heap.type(BuiltinType::kBaseException);
  MINI_TRY(add_methods(heap, base, kExceptionMethods, std::size(kExceptionMethods)));
  for (const auto& attribute : kAttributes) {
    MINI_TRY(add_getset(heap, heap.type(attribute.type), attribute.name, attribute.get, attribute.set));
  }
  Type* traceback = heap.type(BuiltinType::kTraceback);
  MINI_TRY(add_getset(heap, traceback, "tb_next", get_next, set_next));
  MINI_TRY(add_getset(heap, traceback, "tb_frame", get_frame));
  MINI_TRY(add_getset(heap, traceback, "tb_lasti", get_last_instruction));
  return add_getset(heap, traceback, "tb_lineno", get_line);
}

void add_note_to_pending(Heap& heap, const std::function<Result<Ref<Str>>(Heap&)>& make_note) {
  Ref<Exception> exception = heap.take_pending();
  auto text = make_note(heap);
  if (!text.ok() || !add_note(heap, Value(exception.get()), *text).ok()) static_cast<void>(heap.take_pending());
  static_cast<void>(heap.raise_object(std::move(exception)));
}

}  // namespace mini::object
