// The module `sys`.
#include <unistd.h>

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "interp/modules/file.h"
#include "interp/modules/frames.h"
#include "interp/modules/modules.h"
#include "interp/modules/struct_sequence.h"
#include "interp/vm/calls.h"
#include "interp/vm/traceback.h"
#include "runtime/object/node.h"

namespace mini::modules {
namespace {

/// What CPython answers for objects that are never freed.
constexpr int64_t kImmortalCount = 4294967295;

bool is_immortal(Heap& heap, Value value) {
  if (!value.is_object()) return true;
  Object* object = value.as_object();
  if (has_kind(value, BuiltinType::kTypeType)) return !(static_cast<Type*>(object)->type_flags & Type::kUserClass);
  if (object->type == heap.type(BuiltinType::kTuple)) return static_cast<Tuple*>(object)->length == 0;
  if (object->type == heap.type(BuiltinType::kStr)) return static_cast<Str*>(object)->length <= 1;
  if (object->type == heap.type(BuiltinType::kBytes)) return static_cast<Bytes*>(object)->length <= 1;
  // Numbers too large to be unboxed are numbers all the same: one answer for all of them.
  return object->type == heap.type(BuiltinType::kInt) || object->type == heap.type(BuiltinType::kFloat);
}

Result<Ref<Value>> getrefcount(Call& call) {
  return make_int(call.heap, is_immortal(call.heap, call[0]) ? kImmortalCount : call[0].as_object()->count);
}

Result<Ref<Value>> getsizeof(Call& call) {
  if (!call[0].is_object()) return unboxed(Value::integer(sizeof(Value)));
  return make_int(call.heap, static_cast<int64_t>(object_size(call[0].as_object())));
}

Result<Ref<Value>> exit(Call& call) {
  if (!call.has(0) || call[0].is_none()) return raise_bare(call.heap, BuiltinType::kSystemExit);
  if (!has_kind(call[0], BuiltinType::kTuple)) return call.heap.raise_value(BuiltinType::kSystemExit, call[0]);
  // As `raise SystemExit, status` was: a tuple is all of the arguments.
  Type* type = call.heap.type(BuiltinType::kSystemExit);
  return call.heap.raise_object(MINI_TRY(make_exception(call.heap, type, Ref<Tuple>::share(static_cast<Tuple*>(call[0].as_object())))));
}

// The switch interval, the recursion limit ----------------------------------------------------------------------------

Result<Ref<Value>> getswitchinterval(Call& call) {
  Machine& machine = *thread_of(call).machine;
  const sched::Time interval = machine.runner().schedule().interval();
  const sched::Time shown = interval == sched::kNever ? machine.state().switch_interval : interval;
  // As CPython 3.13 computes it (Python/sysmodule.c): 3.7 seconds read 3.6999999999999997.
  return make_float(call.heap, 1e-6 * (static_cast<double>(shown) / sched::kMicrosecond));
}
Result<Ref<Value>> setswitchinterval(Call& call) {
  const double seconds = MINI_TRY(to_double(call.heap, call[0]));
  if (!(seconds > 0))
    return call.heap.raise_text(BuiltinType::kValueError, "switch interval must be strictly positive");
  // Whole microseconds; CPython shows 0 for less than one, and takes one (Python/ceval_gil.c).
  const double microseconds = std::max(1.0, std::trunc(seconds * 1e6));
  Machine& machine = *thread_of(call).machine;
  machine.state().switch_interval =
      microseconds < 9e15 ? static_cast<sched::Time>(microseconds) * sched::kMicrosecond : sched::kNever - 1;
  machine.runner().set_interval(machine.state().switch_interval);
  return none();
}

Result<Ref<Value>> getrecursionlimit(Call& call) {
  return unboxed(Value::integer(thread_of(call).machine->state().recursion_limit));
}
Result<Ref<Value>> setrecursionlimit(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  Ref<Value> index = MINI_TRY(to_index(heap, call[0]));
  const base::Integer limit = integer_of(index);
  if (!limit.fits_int64() || limit.to_int64() != static_cast<int32_t>(limit.to_int64()))
    return heap.raise_text(BuiltinType::kOverflowError, "Python int too large to convert to C int");
  if (limit.to_int64() < 1)
    return heap.raise_text(BuiltinType::kValueError, "recursion limit must be greater or equal than 1");
  const int64_t depth = thread.frame ? thread.frame->depth + 1 : 0;
  if (depth >= limit.to_int64())
    return heap.raise(BuiltinType::kRecursionError,
                      "cannot set the recursion limit to {} at the recursion depth {}: the limit is too low",
                      limit.to_int64(), depth);
  thread.machine->state().recursion_limit = static_cast<uint32_t>(limit.to_int64());
  return none();
}

Result<Ref<Value>> get_digit_limit(Call& call) { return make_int(call.heap, call.heap.digit_limit()); }
Result<Ref<Value>> set_digit_limit(Call& call) {
  constexpr int64_t kLeast = 640;
  const int64_t limit = MINI_TRY(to_int64(call.heap, call[0]));
  if ((limit != 0 && limit < kLeast) || limit > INT32_MAX)
    return call.heap.raise(BuiltinType::kValueError, "maxdigits must be 0 or larger than {}", kLeast);
  call.heap.set_digit_limit(static_cast<uint32_t>(limit));
  return none();
}

// Exceptions ----------------------------------------------------------------------------------------------------------

Result<Ref<Value>> exception(Call& call) {
  Exception* handled = thread_of(call).handled;
  return handled ? Ref<Value>(Ref<Exception>::share(handled)) : Ref<Value>::adopt(kNone);
}
Result<Ref<Value>> exc_info(Call& call) {
  Exception* handled = thread_of(call).handled;
  Value three[] = {kNone, kNone, kNone};
  if (handled) {
    three[0] = Value(handled->type);
    three[1] = Value(handled);
    if (handled->traceback) three[2] = Value(handled->traceback);
  }
  return widen(make_tuple(call.heap, three, 3));
}
Result<Ref<Value>> excepthook(Call& call) {
  ThreadState& thread = thread_of(call);
  Exception* shown = as_exception(call[1]);
  if (!shown) return none();
  Value stream = get_name(thread.machine->state().sys, call.heap.name(Name::kstderr));
  if (stream.is_unbound() || stream.is_none()) return none();
  Ref<Value> file = Ref<Value>::share(stream);
  MINI_TRY(write_to(thread, file, render_exception(*thread.machine, shown)));
  MINI_TRY(flush_any(thread, file));
  return none();
}
Result<Ref<Value>> displayhook(Call& call) {
  if (call[0].is_none()) return none();
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  Ref<Str> shown = MINI_TRY(repr(heap, call[0]));
  Ref<Value> file = Ref<Value>::share(MINI_TRY(standard_stream(thread, Name::kstdout)));
  MINI_TRY(write_to(thread, file, to_utf8(shown.get()) + "\n"));
  MINI_TRY(set_name(heap, thread.machine->state().builtins, heap.name(Name::k_), call[0]));
  return none();
}

// The rest ------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> intern(Call& call) {
  Str* text = as_str(call.heap, call[0]);
  if (!text)
    return call.heap.raise(BuiltinType::kTypeError, "intern() argument must be str, not {}",
                           type_name(call.heap, call[0]));
  return widen(call.heap.intern(Ref<Str>::share(text)));
}
Result<Ref<Value>> encoding(Call& call) { return text(call.heap, "utf-8"); }
Result<Ref<Value>> is_finalizing(Call&) { return unboxed(kFalse); }
Result<Ref<Value>> allocated_blocks(Call& call) {
  return make_int(call.heap, static_cast<int64_t>(call.heap.memory().live_blocks()));
}

constexpr NativeDefinition kSysFunctions[] = {
    {"sys.getrefcount(object, /)", getrefcount},
    {"sys.getsizeof(object, default=None)", getsizeof},
    {"sys.exit(status=None, /)", exit},
    {"sys.getswitchinterval()", getswitchinterval},
    {"sys.setswitchinterval(interval, /)", setswitchinterval},
    {"sys.getrecursionlimit()", getrecursionlimit},
    {"sys.setrecursionlimit(limit, /)", setrecursionlimit},
    {"sys.get_int_max_str_digits()", get_digit_limit},
    {"sys.set_int_max_str_digits(maxdigits)", set_digit_limit},
    {"sys.exception()", exception},
    {"sys.exc_info()", exc_info},
    {"sys.excepthook(exctype, value, traceback, /)", excepthook},
    {"sys.displayhook(object, /)", displayhook},
    {"sys.intern(string, /)", intern},
    {"sys.getdefaultencoding()", encoding},
    {"sys.getfilesystemencoding()", encoding},
    {"sys.is_finalizing()", is_finalizing},
    {"sys.getallocatedblocks()", allocated_blocks},
};

// Constants -----------------------------------------------------------------------------------------------------------

Result<Ref<List>> list_of_texts(Heap& heap, const std::vector<std::string>& texts) {
  Ref<List> list = MINI_TRY(make_list(heap, texts.size()));
  for (const std::string& item : texts) MINI_TRY(append(heap, list.get(), MINI_TRY(make_str(heap, item))));
  return list;
}

Result<void> add_struct(Machine& machine, Module* module, const char* name, std::span<const char* const> fields,
                        std::span<Value> items) {
  Ref<Type> type = MINI_TRY(make_struct_type(machine.heap(), fmt::format("sys.{}", name), fields));
  return add_value(machine, module, name, MINI_TRY(make_struct(machine.heap(), type.get(), items)));
}

Result<void> add_version(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  static constexpr const char* kFields[] = {"major", "minor", "micro", "releaselevel", "serial"};
  Value items[] = {Value::integer(3), Value::integer(13), Value::integer(0),
                   Value(MINI_TRY(make_str(heap, "final")).release()), Value::integer(0)};
  MINI_TRY(add_struct(machine, module, "version_info", kFields, items));
  MINI_TRY(add_text(machine, module, "version", "3.13.0 (mini)"));
  constexpr int64_t kHexVersion = 0x030d00f0;
  MINI_TRY(add_integer(machine, module, "hexversion", kHexVersion));

  Ref<Str> version_name = MINI_TRY(heap.intern("version_info"));
  static constexpr const char* kImplementation[] = {"name", "cache_tag", "version", "hexversion"};
  Value implementation[] = {Value(MINI_TRY(make_str(heap, "mini")).release()), kNone,
                            Ref<Value>::share(get_name(module->dict, version_name.get())).release(),
                            Value::integer(kHexVersion)};
  return add_struct(machine, module, "implementation", kImplementation, implementation);
}

Result<void> add_float_info(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  static constexpr const char* kFields[] = {"max",     "max_exp", "max_10_exp", "min",      "min_exp", "min_10_exp",
                                            "dig",     "mant_dig", "epsilon",   "radix",    "rounds"};
  Value items[] = {MINI_TRY(make_float(heap, DBL_MAX)).release(), Value::integer(DBL_MAX_EXP),
                   Value::integer(DBL_MAX_10_EXP), MINI_TRY(make_float(heap, DBL_MIN)).release(),
                   Value::integer(DBL_MIN_EXP), Value::integer(DBL_MIN_10_EXP), Value::integer(DBL_DIG),
                   Value::integer(DBL_MANT_DIG), MINI_TRY(make_float(heap, DBL_EPSILON)).release(),
                   Value::integer(FLT_RADIX), Value::integer(FLT_ROUNDS)};
  return add_struct(machine, module, "float_info", kFields, items);
}

/// CPython's numbers (3.13 Objects/longobject.c): the digits are those of its ints, the limits hold here too.
Result<void> add_int_info(Machine& machine, Module* module) {
  static constexpr const char* kFields[] = {"bits_per_digit", "sizeof_digit", "default_max_str_digits",
                                            "str_digits_check_threshold"};
  Value items[] = {Value::integer(30), Value::integer(4), Value::integer(4300), Value::integer(640)};
  return add_struct(machine, module, "int_info", kFields, items);
}

/// CPython's of ints and floats (3.13 Python/sysmodule.c, get_hash_info); texts have a hash of their own here.
Result<void> add_hash_info(Machine& machine, Module* module) {
  static constexpr const char* kFields[] = {"width", "modulus", "inf", "nan", "imag",
                                            "algorithm", "hash_bits", "seed_bits", "cutoff"};
  Ref<Value> algorithm = MINI_TRY(text(machine.heap(), "siphash13"));
  Value items[] = {Value::integer(64),      Value::integer((int64_t{1} << 61) - 1), Value::integer(314159),
                   Value::integer(0),       Value::integer(1000003),                algorithm.release(),
                   Value::integer(64),      Value::integer(128),                    Value::integer(0)};
  return add_struct(machine, module, "hash_info", kFields, items);
}

Result<void> add_flags(Machine& machine, Module* module) {
  static constexpr const char* kFields[] = {
      "debug",         "inspect",            "interactive", "optimize",           "dont_write_bytecode",
      "no_user_site",  "no_site",            "ignore_environment", "verbose",     "bytes_warning",
      "quiet",         "hash_randomization", "isolated",    "dev_mode",           "utf8_mode",
      "warn_default_encoding", "safe_path",  "int_max_str_digits"};
  Value items[std::size(kFields)];
  for (Value& item : items) item = Value::integer(0);
  items[13] = items[16] = kFalse;
  items[14] = Value::integer(1);
  items[17] = Value::integer(4300);
  return add_struct(machine, module, "flags", kFields, items);
}

/// The directory that imports look in first: the script's own.
std::string script_directory(const Options& options) {
  if (options.arguments.empty()) return "";
  const std::string& script = options.arguments[0];
  if (script == "-c" || script == "-" || script.empty()) return "";
  const size_t slash = script.rfind('/');
  if (slash == std::string::npos) return "";
  return slash == 0 ? "/" : script.substr(0, slash);
}

std::string program_path() {
  std::string path(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(length > 0 ? static_cast<size_t>(length) : 0);
  return path;
}

/// How long it waits for a thread that is writing already, as CPython waits for a buffer's lock at the end of a program
/// (3.13 Modules/_io/bufferedio.c, _enter_buffered_busy).
constexpr sched::Time kPatience = 1000 * sched::kMillisecond;

/// Writes out what is buffered; what cannot be written stays. `failure` gets what CPython says about that at the end of a
/// program (3.13 Python/pylifecycle.c, flush_std_files).
bool flush_streams(Machine& machine, std::string* failure) {
  if (!machine.state().threads.current || !machine.state().sys) return true;
  ThreadState& thread = machine.current();
  Heap& heap = machine.heap();
  bool good = true;
  for (Name which : {Name::kstdout, Name::kstderr}) {
    const Value found = get_name(machine.state().sys, heap.name(which));
    if (found.is_unbound() || found.is_none()) continue;
    Ref<Value> stream = Ref<Value>::share(found);
    File* file = as_file(stream);
    if (file ? file->descriptor < 0 : thread.abandoned) continue;
    // What is pending already is not this flush's business.
    Ref<Exception> outer = heap.has_pending() ? heap.take_pending() : Ref<Exception>();
    if (!(file ? flush(thread, file, kPatience) : flush_any(thread, stream)).ok()) {
      Ref<Exception> error = heap.take_pending();
      if (which == Name::kstdout) {
        good = false;
        if (failure) *failure = "Exception ignored on flushing sys.stdout:\n" + render_exception_only(machine, error.get());
      }
    }
    if (outer) static_cast<void>(heap.raise_object(std::move(outer)));
  }
  return good;
}

}  // namespace

Result<void> fill_sys(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(add_functions(machine, module, kSysFunctions));
  MINI_TRY(add_functions(machine, module, kFrameFunctions));
  const std::vector<std::string>& arguments = machine.options().arguments;
  MINI_TRY(add_value(machine, module, "argv",
                     MINI_TRY(list_of_texts(heap, arguments.empty() ? std::vector<std::string>{""} : arguments))));
  const auto& path = machine.options().path;
  MINI_TRY(add_value(machine, module, "path",
                     MINI_TRY(list_of_texts(heap, path ? *path : std::vector{script_directory(machine.options())}))));
  MINI_TRY(add_value(machine, module, "modules", Ref<Dict>::share(machine.state().modules)));
  MINI_TRY(add_value(machine, module, "warnoptions", MINI_TRY(make_list(heap))));
  MINI_TRY(add_integer(machine, module, "maxsize", INT64_MAX));
  MINI_TRY(add_integer(machine, module, "maxunicode", 0x10ffff));
  MINI_TRY(add_text(machine, module, "platform", "linux"));
  MINI_TRY(add_text(machine, module, "byteorder", "little"));
  MINI_TRY(add_text(machine, module, "executable",
                    machine.runner().outside_bytes(sched::Outside::Environment, program_path)));
  MINI_TRY(add_version(machine, module));
  MINI_TRY(add_float_info(machine, module));
  MINI_TRY(add_int_info(machine, module));
  MINI_TRY(add_hash_info(machine, module));
  MINI_TRY(add_flags(machine, module));
  static constexpr const char* kStreams[] = {"stdin", "stdout", "stderr"};
  for (int stream = 0; stream < 3; ++stream) {
    Ref<File> file = MINI_TRY(make_standard_stream(machine, stream));
    MINI_TRY(add_value(machine, module, fmt::format("__{}__", kStreams[stream]), Ref<Value>(file.share())));
    MINI_TRY(add_value(machine, module, kStreams[stream], std::move(file)));
  }
  machine.state().flush_hook = flush_streams;
  return {};
}

}  // namespace mini::modules
