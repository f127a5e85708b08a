// Exceptions: how they are made from their arguments, what they say of themselves, how they are raised and
// chained.
#include "runtime/object/exception.h"

#include <cerrno>
#include <span>
#include <system_error>

#include "runtime/object/exception_internal.h"
#include "runtime/object/native.h"
#include "runtime/object/operations.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/type_internal.h"
#include "runtime/object/visitor.h"

namespace mini::object {

namespace {

// ---- the object

void visit_exception(Object* object, Visitor& visitor) {
  Exception* exception = static_cast<Exception*>(object);
  visitor.reference(exception->args);
  visitor.reference(exception->traceback);
  visitor.reference(exception->context);
  visitor.reference(exception->cause);
  visitor.scalar(exception->suppress_context);
  for (Value detail : exception->details) visitor.reference(detail);
  visit_attributes(&exception->attributes, visitor);
}

template <class T>
void drop_field(T*& field) {
  if (T* old = std::exchange(field, nullptr)) decref(old);
}

void drop_exception(Heap& heap, Object* object) {
  Exception* exception = static_cast<Exception*>(object);
  drop_field(exception->args);
  drop_field(exception->traceback);
  drop_field(exception->context);
  drop_field(exception->cause);
  for (Value& detail : exception->details) decref(std::exchange(detail, kUnbound));
  drop_attributes(heap, object);
}

void set_detail(Exception* exception, size_t index, Value value) {
  incref(value);
  decref(std::exchange(exception->details[index], value));
}

bool has_script_init(Heap& heap, Type* type) {
  if (!(type->type_flags & Type::kUserClass)) return false;
  Value method = lookup(type, heap.name(Name::k__init__));
  return method.is_object() && !has_kind(method, BuiltinType::kMethodDescriptor);
}

// ---- OSError

constexpr struct {
  int number;
  BuiltinType type;
} kErrnoTypes[] = {
    {EAGAIN, BuiltinType::kBlockingIOError},
    {EALREADY, BuiltinType::kBlockingIOError},
    {EINPROGRESS, BuiltinType::kBlockingIOError},
    {EPIPE, BuiltinType::kBrokenPipeError},
    {ESHUTDOWN, BuiltinType::kBrokenPipeError},
    {ECHILD, BuiltinType::kChildProcessError},
    {ECONNABORTED, BuiltinType::kConnectionAbortedError},
    {ECONNREFUSED, BuiltinType::kConnectionRefusedError},
    {ECONNRESET, BuiltinType::kConnectionResetError},
    {EEXIST, BuiltinType::kFileExistsError},
    {ENOENT, BuiltinType::kFileNotFoundError},
    {EISDIR, BuiltinType::kIsADirectoryError},
    {ENOTDIR, BuiltinType::kNotADirectoryError},
    {EINTR, BuiltinType::kInterruptedError},
    {EACCES, BuiltinType::kPermissionError},
    {EPERM, BuiltinType::kPermissionError},
    {ESRCH, BuiltinType::kProcessLookupError},
    {ETIMEDOUT, BuiltinType::kTimeoutError},
};

/// OSError(errno, text) makes an instance of the subclass for that number (oserror_new, 3.13
/// Objects/exceptions.c).
Type* os_error_type(Heap& heap, Type* type, const Tuple* args) {
  if (type != heap.type(BuiltinType::kOSError) || args->length < 2 || args->length > 5) return type;
  if (!args->items()[0].is_int()) return type;
  for (const auto& [number, which] : kErrnoTypes) {
    if (args->items()[0].as_int() == number) return heap.type(which);
  }
  return type;
}

Result<void> initialise_os_error(Heap& heap, Exception* exception) {
  Ref<Tuple> args = Ref<Tuple>::share(exception->args);
  if (args->length < 2 || args->length > 5) return {};
  set_detail(exception, 0, args->items()[0]);
  set_detail(exception, 1, args->items()[1]);
  if (args->length < 3 || args->items()[2].is_none()) return {};
  if (exception->type == heap.type(BuiltinType::kBlockingIOError) && args->items()[2].is_int()) {
    set_detail(exception, 4, args->items()[2]);  // characters_written
    return {};
  }
  set_detail(exception, 2, args->items()[2]);
  if (args->length == 5) set_detail(exception, 3, args->items()[4]);
  Ref<Tuple> two = MINI_TRY(make_tuple(heap, args->items(), 2));
  decref(std::exchange(exception->args, two.release()));
  return {};
}

// ---- other kinds with fields of their own

Result<void> initialise_syntax_error(Heap& heap, Exception* exception) {
  const Tuple* args = exception->args;
  if (args->length > 0) set_detail(exception, 0, args->items()[0]);
  if (args->length != 2) return {};
  Ref<Tuple> place = MINI_TRY(tuple_from(heap, args->items()[1]));
  if (place->length < 4 || place->length > 7) {
    return heap.raise(BuiltinType::kTypeError, "function takes at {} {} arguments ({} given)",
                      place->length < 4 ? "least" : "most", place->length < 4 ? 4 : 7, place->length);
  }
  if (place->length == 5) {
    return heap.raise(BuiltinType::kTypeError, "end_offset must be provided when end_lineno is provided");
  }
  for (size_t i = 0; i < place->length && i < 6; ++i) set_detail(exception, i + 1, place->items()[i]);
  return {};
}

Result<void> initialise_unicode_error(Heap& heap, Exception* exception) {
  const Tuple* args = exception->args;
  if (args->length != 5) {
    return heap.raise(BuiltinType::kTypeError, "function takes exactly 5 arguments ({} given)", args->length);
  }
  bool decoding = has_kind(Value(exception), BuiltinType::kUnicodeDecodeError);
  const BuiltinType expected[] = {BuiltinType::kStr, decoding ? BuiltinType::kBytes : BuiltinType::kStr,
                                  BuiltinType::kInt, BuiltinType::kInt, BuiltinType::kStr};
  for (size_t i = 0; i < 5; ++i) {
    Value item = args->items()[i];
    if (!is_subtype(heap.type_of(item), heap.type(expected[i]))) {
      if (expected[i] == BuiltinType::kInt) {
        return heap.raise(BuiltinType::kTypeError, "'{}' object cannot be interpreted as an integer",
                          type_name(heap, item));
      }
      if (expected[i] == BuiltinType::kBytes) {
        return heap.raise(BuiltinType::kTypeError, "a bytes-like object is required, not '{}'",
                          type_name(heap, item));
      }
      return heap.raise(BuiltinType::kTypeError, "argument {} must be str, not {}", i + 1,
                        type_name(heap, item));
    }
    set_detail(exception, i, item);
  }
  return {};
}

/// The keywords that an exception's constructor knows go to its fields.
Result<void> take_keywords(Heap& heap, Exception* exception, Dict* keywords) {
  struct Field {
    Name name;
    size_t index;
  };
  static constexpr Field kImport[] = {{Name::kname, 0}, {Name::kpath, 1}};
  static constexpr Field kAttribute[] = {{Name::kname, 0}, {Name::kobj, 1}};
  std::span<const Field> fields;
  const char* name = "";
  auto is = [&](BuiltinType which) { return is_subtype(exception->type, heap.type(which)); };
  if (is(BuiltinType::kImportError)) {
    fields = kImport;
    name = "ImportError";
  } else if (is(BuiltinType::kNameError)) {
    fields = std::span(kAttribute, 1);
    name = "NameError";
  } else if (is(BuiltinType::kAttributeError)) {
    fields = kAttribute;
    name = "AttributeError";
  } else {
    return heap.raise(BuiltinType::kTypeError, "{}() takes no keyword arguments",
                      to_utf8(exception->type->name));
  }
  size_t taken = 0;
  for (auto [field, index] : fields) {
    Value given = get_name(keywords, heap.name(field));
    if (given.is_unbound()) continue;
    set_detail(exception, index, given);
    ++taken;
  }
  if (taken == keywords->live) return {};
  if (keywords->live > fields.size()) {
    return heap.raise(BuiltinType::kTypeError, "{}() takes at most {} keyword argument{} ({} given)", name,
                      fields.size(), fields.size() == 1 ? "" : "s", keywords->live);
  }
  for (uint32_t i = 0; i < keywords->used; ++i) {
    Str* key = as_str(heap, keywords->entries[i].key);
    bool known = false;
    for (auto [field, index] : fields) known |= key == heap.name(field);
    if (key && !known) {
      return heap.raise(BuiltinType::kTypeError, "{}() got an unexpected keyword argument '{}'", name,
                        to_utf8(key));
    }
  }
  return {};
}

}  // namespace

Result<void> initialise_exception(Heap& heap, Exception* exception, Ref<Tuple> args, Dict* keywords) {
  if (exception->args) decref(exception->args);
  exception->args = args.release();
  Type* type = exception->type;
  if (keywords && keywords->live > 0) MINI_TRY(take_keywords(heap, exception, keywords));
  const Tuple* given = exception->args;
  // Of several kinds, it is the first one's __init__ that runs.
  const Type* first = type;
  for (const Value each : items_of(Value(type->method_resolution_order)))
    if (first = static_cast<Type*>(each.as_object()); !(first->type_flags & Type::kUserClass)) break;
  auto is = [&](BuiltinType which) { return is_subtype(first, heap.type(which)); };
  switch (static_cast<BuiltinType>(first->kind)) {
    case BuiltinType::kStopIteration:
      set_detail(exception, 0, given->length > 0 ? given->items()[0] : kNone);
      return {};
    case BuiltinType::kSystemExit:
      set_detail(exception, 0,
                 given->length == 0   ? kNone
                 : given->length == 1 ? given->items()[0]
                                      : Value(given));
      return {};
    case BuiltinType::kUnicodeDecodeError:
    case BuiltinType::kUnicodeEncodeError:
      return initialise_unicode_error(heap, exception);
    default:
      break;
  }
  if (is(BuiltinType::kOSError)) return initialise_os_error(heap, exception);
  if (is(BuiltinType::kSyntaxError)) return initialise_syntax_error(heap, exception);
  if (is(BuiltinType::kImportError) && given->length == 1) set_detail(exception, 2, given->items()[0]);
  return {};
}

Result<Ref<Exception>> make_exception(Heap& heap, Type* type, Ref<Tuple> args) {
  return make_exception(heap, type, std::move(args), nullptr);
}

Result<Ref<Exception>> make_exception(Heap& heap, Type* type, Ref<Tuple> args, Dict* keywords) {
  bool later = has_script_init(heap, type);
  if (!later) type = os_error_type(heap, type, args.get());
  Ref<Exception> exception = MINI_TRY(heap.create<Exception>(type));
  for (Value& detail : exception->details) detail = kUnbound;
  if (!later) {
    MINI_TRY(initialise_exception(heap, exception.get(), std::move(args), keywords));
    return exception;
  }
  // The class's own __init__ decides what BaseException.__init__ gets to see; until then only args are there,
  // and for an OSError not even these (oserror_use_init).
  bool os_error = is_subtype(type, heap.type(BuiltinType::kOSError));
  exception->args = (os_error ? MINI_TRY(make_tuple(heap, 0)) : std::move(args)).release();
  return exception;
}

void set_context(Exception* exception, Exception* context) {
  if (exception == context) return;
  // A chain that already contains the exception is cut before it; two steps against one find a cycle that was
  // there.
  Exception* slow = context;
  bool odd = false;
  for (Exception* at = context; at && at->context; odd = !odd) {
    if (at->context == exception) {
      drop_field(at->context);
      break;
    }
    at = at->context;
    if (at == slow) break;
    if (odd) slow = slow->context;
  }
  if (context) incref(context);
  Exception* old = std::exchange(exception->context, context);
  if (old) decref(old);
}

Raised raise_os_error(Heap& heap, int error_number, std::string_view filename) {
  const bool is_named = filename.data() != nullptr;  // an empty name is one, too
  auto make = [&]() -> Result<Ref<Exception>> {
    Ref<Tuple> args = MINI_TRY(make_tuple(heap, is_named ? 3 : 2));
    args->items()[0] = Value::integer(error_number);
    args->items()[1] =
        Value(MINI_TRY(make_str(heap, std::generic_category().message(error_number))).release());
    if (is_named) args->items()[2] = Value(MINI_TRY(make_str(heap, filename)).release());
    return make_exception(heap, heap.type(BuiltinType::kOSError), std::move(args));
  };
  Result<Ref<Exception>> exception = make();
  return exception.ok() ? heap.raise_object(exception.take_unchecked()) : raised;
}

namespace {

Raised raise_with_details(Heap& heap, BuiltinType which, std::string_view message, Value first,
                          Value second) {
  static_cast<void>(heap.raise_text(which, message));
  Exception* exception = heap.pending();
  if (exception && exception->type == heap.type(which)) {
    set_detail(exception, 0, first);
    set_detail(exception, 1, second);
  }
  return raised;
}

}  // namespace

Raised raise_name_error(Heap& heap, BuiltinType which, Str* name, std::string_view message) {
  return raise_with_details(heap, which, message, which == BuiltinType::kNameError ? Value(name) : kUnbound,
                            kUnbound);
}

Raised raise_attribute_error(Heap& heap, Value object, Str* name) {
  std::string text;
  if (has_kind(object, BuiltinType::kTypeType)) {
    text = fmt::format("type object '{}' has no attribute '{}'",
                       type_name(heap, static_cast<const Type*>(object.as_object())), to_utf8(name));
  } else if (has_kind(object, BuiltinType::kModule)) {
    const auto* module = static_cast<Module*>(object.as_object());
    const std::string described = fmt::format("module '{}'", to_utf8(module->name));
    if (module->importer != 0) {
      const Str* file = as_str(heap, get_name(module->dict, heap.name(Name::k__file__)));
      text = fmt::format("partially initialized {}{} has no attribute '{}' (most likely due to a circular import)",
                         described, file ? " from '" + to_utf8(file) + "'" : "", to_utf8(name));
    } else {
      text = fmt::format("{} has no attribute '{}'", described, to_utf8(name));
    }
  } else {
    text = fmt::format("'{}' object has no attribute '{}'", type_name(heap, object), to_utf8(name));
  }
  return raise_with_details(heap, BuiltinType::kAttributeError, text, Value(name), object);
}

Raised raise_no_room(Heap& heap, Value object, Str* name) {
  const std::string text = fmt::format("'{}' object has no attribute '{}' and no __dict__ for setting new attributes",
                                       type_name(heap, object), to_utf8(name));
  return raise_with_details(heap, BuiltinType::kAttributeError, text, Value(name), object);
}

void complete_attribute_error(Heap& heap, Value object, Str* name) {
  complete_attribute_error(heap, heap.pending(), object, name);
}

void complete_attribute_error(Heap& heap, Exception* exception, Value object, Str* name) {
  if (!is_subtype(exception->type, heap.type(BuiltinType::kAttributeError))) return;
  if (!exception->details[0].is_unbound() || !exception->details[1].is_unbound()) return;
  set_detail(exception, 0, Value(name));
  set_detail(exception, 1, object);
}

void define_exception_types(Heap& heap) {
  Type* type = heap.type(BuiltinType::kBaseException);
  type->behaviour = {.visit = visit_exception, .drop = drop_exception};
  type->instance_size = sizeof(Exception);
  type->attributes_offset = sizeof(Exception) - sizeof(Attributes);  // the last field
  type->type_flags |= Type::kTracked | Type::kSubclassable | Type::kException;
  define_exception_texts(heap);
  define_traceback_type(heap);
}

}  // namespace mini::object
