// The module `posix`: the system calls behind `os`. Each one that can block gives up the GIL.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <dirent.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "interp/modules/file.h"
#include "interp/modules/modules.h"
#include "interp/modules/struct_sequence.h"
#include "interp/vm/fork.h"
#include "interp/vm/outside.h"
#include "runtime/object/bytes_text.h"
#include "runtime/object/exception.h"

namespace mini::modules {
namespace {

/// Bytes that the system gave: in a replay, those that it gave then.
std::string told(Call& call, sched::Outside kind, std::string bytes) {
  return thread_of(call).machine->runner().outside_bytes(kind, [&] { return bytes; });
}
/// The same for a structure that it filled in.
template <class Plain>
void told(Call& call, Plain& plain) {
  const std::string bytes =
      told(call, sched::Outside::Other, std::string(reinterpret_cast<const char*>(&plain), sizeof plain));
  std::memcpy(&plain, bytes.data(), std::min(bytes.size(), sizeof plain));
}
int64_t told_number(Call& call, int64_t number) {
  return thread_of(call).machine->runner().outside_number(sched::Outside::Result, [&] { return number; });
}

/// A system call without the GIL, again after a signal whose handler raised nothing. -1 with errno in `error`.
template <class Function>
Result<int64_t> system_call(Call& call, int& error, Function function) {
  ThreadState& thread = thread_of(call);
  for (;;) {
    const int64_t result = thread.machine->runner().call_outside(thread, [&]() -> int64_t {
      const int64_t answer = function();
      return answer < 0 ? -errno : answer;
    });
    error = result < 0 ? static_cast<int>(-result) : 0;
    if (error != EINTR) return result < 0 ? -1 : result;
    if (thread.machine->handle_interrupt(thread)) return raised;
  }
}
/// The same; OSError if it fails.
template <class Function>
Result<int64_t> checked_call(Call& call, Function function) {
  int error = 0;
  const int64_t result = MINI_TRY(system_call(call, error, function));
  if (result < 0) return raise_os_error(call.heap, error);
  return result;
}
/// About a file by name.
template <class Function>
Result<Ref<Value>> path_call(Call& call, Function function, const char* expected) {
  const std::string path = MINI_TRY(path_argument(call.heap, call[0], expected));
  int error = 0;
  const int64_t result = MINI_TRY(system_call(call, error, [&]() -> int64_t { return function(path.c_str()); }));
  if (result < 0) return raise_os_error(call.heap, error, path);
  return none();
}
/// A path as a str.
Result<Ref<Value>> path_text(Heap& heap, std::string_view path) {
  Ref<Bytes> bytes = MINI_TRY(make_bytes(heap, path.data(), path.size()));
  Ref<Str> handler = MINI_TRY(make_str(heap, "surrogateescape"));
  return widen(decode(heap, bytes.get(), kUnbound, handler, "decode"));
}
Result<int> descriptor_argument(Call& call, uint32_t index = 0) {
  Ref<Value> number = MINI_TRY(to_index(call.heap, call[index]));
  const int64_t descriptor = MINI_TRY(to_int64(call.heap, number));
  if (descriptor != static_cast<int>(descriptor))
    return call.heap.raise_text(BuiltinType::kOverflowError, "Python int too large to convert to C int");
  return static_cast<int>(descriptor);
}
Result<int64_t> number_or(Call& call, uint32_t index, int64_t otherwise) {
  return call.has(index) ? to_int64(call.heap, call[index]) : Result<int64_t>(otherwise);
}
Result<Ref<Value>> pair(Heap& heap, int64_t first, int64_t second) {
  const Value items[] = {Value::integer(first), Value::integer(second)};
  return widen(make_tuple(heap, items, 2));
}

// Descriptors ---------------------------------------------------------------------------------------------------------

Result<Ref<Value>> open_(Call& call) {
  const std::string path = MINI_TRY(path_argument(call.heap, call[0]));
  const int flags = static_cast<int>(MINI_TRY(to_int64(call.heap, call[1])));
  const int64_t mode = MINI_TRY(number_or(call, 2, 0777));
  int error = 0;
  const int64_t descriptor = MINI_TRY(
      system_call(call, error, [&] { return ::open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode)); }));
  if (descriptor < 0) return raise_os_error(call.heap, error, path);
  return make_int(call.heap, descriptor);
}
Result<Ref<Value>> close_(Call& call) {
  const int descriptor = MINI_TRY(descriptor_argument(call));
  if (::close(descriptor) != 0 && errno != EINTR) return raise_os_error(call.heap, errno);
  return none();
}
Result<Ref<Value>> read_(Call& call) {
  const int descriptor = MINI_TRY(descriptor_argument(call));
  const int64_t count = MINI_TRY(to_int64(call.heap, call[1]));
  if (count < 0) return raise_os_error(call.heap, EINVAL);
  std::string buffer(static_cast<size_t>(std::min<int64_t>(count, 64 << 20)), '\0');
  const int64_t got = MINI_TRY(checked_call(call, [&] { return ::read(descriptor, buffer.data(), buffer.size()); }));
  buffer = told(call, sched::Outside::Input, buffer.substr(0, static_cast<size_t>(got)));
  return widen(make_bytes(call.heap, buffer.data(), buffer.size()));
}
Result<Ref<Value>> write_(Call& call) {
  const int descriptor = MINI_TRY(descriptor_argument(call));
  const std::string bytes(MINI_TRY(bytes_argument(call.heap, call[1])));
  const int64_t done = MINI_TRY(checked_call(call, [&] { return ::write(descriptor, bytes.data(), bytes.size()); }));
  return make_int(call.heap, done);
}
Result<Ref<Value>> pipe_(Call& call) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return raise_os_error(call.heap, errno);
  return pair(call.heap, ends[0], ends[1]);
}
Result<Ref<Value>> dup_(Call& call) {
  const int descriptor = MINI_TRY(descriptor_argument(call));
  return make_int(call.heap, MINI_TRY(checked_call(call, [&] { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0); })));
}
Result<Ref<Value>> dup2_(Call& call) {
  const int from = MINI_TRY(descriptor_argument(call)), to = MINI_TRY(descriptor_argument(call, 1));
  return make_int(call.heap, MINI_TRY(checked_call(call, [&] { return ::dup2(from, to); })));
}
Result<Ref<Value>> lseek_(Call& call) {
  const int descriptor = MINI_TRY(descriptor_argument(call));
  const int64_t position = MINI_TRY(to_int64(call.heap, call[1]));
  const int how = static_cast<int>(MINI_TRY(to_int64(call.heap, call[2])));
  return make_int(call.heap, MINI_TRY(checked_call(call, [&] { return ::lseek(descriptor, position, how); })));
}
Result<Ref<Value>> fsync_(Call& call) {
  const int descriptor = MINI_TRY(descriptor_argument(call));
  static_cast<void>(MINI_TRY(checked_call(call, [&] { return ::fsync(descriptor); })));
  return none();
}
Result<Ref<Value>> ftruncate_(Call& call) {
  const int descriptor = MINI_TRY(descriptor_argument(call));
  const int64_t size = MINI_TRY(to_int64(call.heap, call[1]));
  static_cast<void>(MINI_TRY(checked_call(call, [&] { return ::ftruncate(descriptor, size); })));
  return none();
}
Result<Ref<Value>> isatty_(Call& call) { return Ref<Value>(::isatty(MINI_TRY(descriptor_argument(call))) == 1); }
Result<Ref<Value>> set_blocking(Call& call) {
  const int descriptor = MINI_TRY(descriptor_argument(call));
  const bool blocking = MINI_TRY(truth(call.heap, call[1]));
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) < 0)
    return raise_os_error(call.heap, errno);
  return none();
}
Result<Ref<Value>> get_blocking(Call& call) {
  const int flags = ::fcntl(MINI_TRY(descriptor_argument(call)), F_GETFL);
  if (flags < 0) return raise_os_error(call.heap, errno);
  return Ref<Value>(!(flags & O_NONBLOCK));
}

// Files and directories -----------------------------------------------------------------------------------------------

constexpr const char* kStatFields[] = {"st_mode", "st_ino", "st_dev",  "st_nlink", "st_uid",
                                       "st_gid",  "st_size", "st_atime", "st_mtime", "st_ctime"};

Result<Ref<Value>> make_stat(Call& call, const struct stat& status) {
  Heap& heap = call.heap;
  Ref<Str> module = MINI_TRY(heap.intern("posix"));
  Ref<Str> name = MINI_TRY(heap.intern("stat_result"));
  Ref<Value> type = MINI_TRY(get_attribute(heap, get_name(Machine::of(heap).state().modules, module.get()), name.get()));
  const int64_t numbers[] = {status.st_mode, static_cast<int64_t>(status.st_ino), static_cast<int64_t>(status.st_dev),
                             static_cast<int64_t>(status.st_nlink), status.st_uid, status.st_gid, status.st_size};
  Value items[10];
  size_t made = 0;
  for (int64_t number : numbers) items[made++] = MINI_TRY(make_int(heap, number)).release();
  for (const timespec& time : {status.st_atim, status.st_mtim, status.st_ctim})
    items[made++] =
        MINI_TRY(make_float(heap, static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9)).release();
  return make_struct(heap, static_cast<Type*>(type.get().as_object()), items);
}
template <int (*kStat)(const char*, struct stat*)>
Result<Ref<Value>> stat_by_path(Call& call) {
  struct stat status {};
  if (is_any_int(call[0])) {
    const int descriptor = MINI_TRY(descriptor_argument(call));
    static_cast<void>(MINI_TRY(checked_call(call, [&] { return ::fstat(descriptor, &status); })));
  } else {
    static_cast<void>(MINI_TRY(path_call(call, [&](const char* path) { return kStat(path, &status); },
                                         "stat: path should be string, bytes, os.PathLike or integer")));
  }
  told(call, status);
  return make_stat(call, status);
}
Result<Ref<Value>> unlink_(Call& call) { return path_call(call, ::unlink, "unlink: path should be string, bytes or os.PathLike"); }
Result<Ref<Value>> rmdir_(Call& call) { return path_call(call, ::rmdir, "rmdir: path should be string, bytes or os.PathLike"); }
Result<Ref<Value>> chdir_(Call& call) { return path_call(call, ::chdir, "chdir: path should be string, bytes, os.PathLike or integer"); }
Result<Ref<Value>> mkdir_(Call& call) {
  const int64_t mode = MINI_TRY(number_or(call, 1, 0777));
  return path_call(call, [&](const char* path) { return ::mkdir(path, static_cast<mode_t>(mode)); },
                   "mkdir: path should be string, bytes or os.PathLike");
}
Result<Ref<Value>> chmod_(Call& call) {
  const int64_t mode = MINI_TRY(to_int64(call.heap, call[1]));
  return path_call(call, [&](const char* path) { return ::chmod(path, static_cast<mode_t>(mode)); },
                   "chmod: path should be string, bytes, os.PathLike or integer");
}
/// An error about two files names both.
Result<Ref<Value>> two_paths(Call& call, int (*function)(const char*, const char*)) {
  const std::string from = MINI_TRY(path_argument(call.heap, call[0])), to = MINI_TRY(path_argument(call.heap, call[1]));
  int error = 0;
  const int64_t result =
      MINI_TRY(system_call(call, error, [&]() -> int64_t { return function(from.c_str(), to.c_str()); }));
  if (result == 0) return none();
  static_cast<void>(raise_os_error(call.heap, error, from));
  if (Exception* pending = call.heap.pending(); pending && is_subtype(pending->type, call.heap.type(BuiltinType::kOSError)))
    decref(std::exchange(pending->details[3], Ref<Value>::share(call[1]).release()));
  return raised;
}
Result<Ref<Value>> rename_(Call& call) { return two_paths(call, ::rename); }
Result<Ref<Value>> link_(Call& call) { return two_paths(call, ::link); }
Result<Ref<Value>> symlink_(Call& call) { return two_paths(call, ::symlink); }
Result<Ref<Value>> readlink_(Call& call) {
  std::string target(4096, '\0');
  ssize_t length = 0;
  static_cast<void>(MINI_TRY(path_call(call, [&](const char* path) {
    length = ::readlink(path, target.data(), target.size());
    return length;
  }, "readlink: path should be string, bytes or os.PathLike")));
  return path_text(call.heap, told(call, sched::Outside::Environment, target.substr(0, static_cast<size_t>(length))));
}
Result<Ref<Value>> access_(Call& call) {
  const std::string path = MINI_TRY(path_argument(call.heap, call[0]));
  const int mode = static_cast<int>(MINI_TRY(to_int64(call.heap, call[1])));
  return Ref<Value>(told_number(call, ::access(path.c_str(), mode)) == 0);
}
Result<Ref<Value>> listdir_(Call& call) {
  Heap& heap = call.heap;
  const bool given = call.has(0) && !call[0].is_none();
  const std::string path =
      given ? MINI_TRY(path_argument(heap, call[0], "listdir: path should be string, bytes, os.PathLike, integer or None")) : ".";
  std::vector<std::string> names;
  int error = 0;
  const int64_t result = MINI_TRY(system_call(call, error, [&]() -> int64_t {
    DIR* directory = ::opendir(path.c_str());
    if (!directory) return -1;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(directory);
    return 0;
  }));
  if (result < 0) return raise_os_error(heap, error, path);
  std::string joined;
  for (const std::string& name : names) joined += name + '\0';
  joined = told(call, sched::Outside::Environment, std::move(joined));
  names.clear();
  for (size_t at = 0; at < joined.size(); at += names.back().size() + 1) names.emplace_back(joined.c_str() + at);
  Ref<List> list = MINI_TRY(make_list(heap));
  const bool as_bytes = given && is_bytes(call[0]);
  for (const std::string& name : names) {
    Result<Ref<Value>> shown = as_bytes ? widen(make_bytes(heap, name.data(), name.size())) : path_text(heap, name);
    MINI_TRY(append(heap, list.get(), MINI_TRY(std::move(shown))));
  }
  return list;
}
Result<Ref<Value>> getcwd_(Call& call) {
  char* path = ::getcwd(nullptr, 0);
  if (!path) return raise_os_error(call.heap, errno);
  const std::string copy = told(call, sched::Outside::Environment, path);
  std::free(path);
  return path_text(call.heap, copy);
}
Result<Ref<Value>> umask_(Call& call) {
  const auto mask = static_cast<mode_t>(MINI_TRY(to_int64(call.heap, call[0])));
  return unboxed(Value::integer(::umask(mask)));
}
Result<Ref<Value>> fspath(Call& call) {
  if (as_str(call.heap, call[0]) || is_bytes(call[0])) return Ref<Value>::share(call[0]);
  const std::string path = MINI_TRY(path_argument(call.heap, call[0]));
  return path_text(call.heap, path);
}

// Processes -----------------------------------------------------------------------------------------------------------

template <auto kFunction>
Result<Ref<Value>> number_of(Call& call) {
  return make_int(call.heap, told_number(call, static_cast<int64_t>(kFunction())));
}
Result<Ref<Value>> fork_(Call& call) { return make_int(call.heap, MINI_TRY(fork_process(thread_of(call)))); }
/// An explorer makes many runs in one process: what would end that is refused.
Result<void> check_can_end(Call& call) {
  if (!thread_of(call).machine->options().pause_at_exit) return {};
  return call.heap.raise_text(BuiltinType::kRuntimeError, "cannot end the process: a run that is explored is one of many in it");
}
Result<Ref<Value>> exit_now(Call& call) {
  MINI_TRY(check_can_end(call));
  ::_exit(static_cast<int>(MINI_TRY(to_int64(call.heap, call[0]))));
}
Result<Ref<Value>> abort_(Call& call) {
  MINI_TRY(check_can_end(call));
  ::signal(SIGABRT, SIG_DFL);
  ::abort();
}
Result<Ref<Value>> kill_(Call& call) {
  const auto process = static_cast<pid_t>(MINI_TRY(to_int64(call.heap, call[0])));
  const int number = static_cast<int>(MINI_TRY(to_int64(call.heap, call[1])));
  const bool repeats = repeats_outside(*thread_of(call).machine);
  if (const int64_t result = told_number(call, repeats || ::kill(process, number) == 0 ? 0 : errno); result != 0)
    return raise_os_error(call.heap, static_cast<int>(result));
  // A signal to oneself is handled before the call is over, as in CPython.
  ThreadState& thread = thread_of(call);
  if (&thread == thread.machine->state().main && thread.machine->handle_interrupt(thread)) return raised;
  return none();
}
Result<Ref<Value>> waitpid_(Call& call) {
  const auto process = static_cast<pid_t>(MINI_TRY(to_int64(call.heap, call[0])));
  const int options = static_cast<int>(MINI_TRY(to_int64(call.heap, call[1])));
  int status = 0;
  const int64_t got = MINI_TRY(checked_call(call, [&] { return ::waitpid(process, &status, options); }));
  told(call, status);
  return pair(call.heap, got, status);
}
Result<Ref<Value>> wait_(Call& call) {
  int status = 0;
  const int64_t got = MINI_TRY(checked_call(call, [&] { return ::wait(&status); }));
  told(call, status);
  return pair(call.heap, got, status);
}
template <int (*kQuestion)(int)>
Result<Ref<Value>> about_status(Call& call) {
  return unboxed(Value::integer(kQuestion(static_cast<int>(MINI_TRY(to_int64(call.heap, call[0]))))));
}
template <int (*kQuestion)(int)>
Result<Ref<Value>> whether_status(Call& call) {
  return Ref<Value>(kQuestion(static_cast<int>(MINI_TRY(to_int64(call.heap, call[0])))) != 0);
}
int exited(int status) { return WIFEXITED(status); }
int exit_status(int status) { return WEXITSTATUS(status); }
int signaled(int status) { return WIFSIGNALED(status); }
int term_signal(int status) { return WTERMSIG(status); }
int stopped(int status) { return WIFSTOPPED(status); }
int to_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

Result<Ref<Value>> system_(Call& call) {
  const std::string command = MINI_TRY(path_argument(call.heap, call[0]));
  ThreadState& thread = thread_of(call);
  return make_int(call.heap, thread.machine->runner().call_outside(thread, [&] { return ::system(command.c_str()); }));
}
int64_t cpu_count() { return ::sysconf(_SC_NPROCESSORS_ONLN); }
Result<Ref<Value>> urandom(Call& call) {
  const int64_t size = MINI_TRY(to_int64(call.heap, call[0]));
  if (size < 0) return call.heap.raise_text(BuiltinType::kValueError, "negative argument not allowed");
  std::string bytes(static_cast<size_t>(size), '\0');
  const int descriptor = repeats_outside(*thread_of(call).machine) ? -1 : ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  size_t done = 0;
  while (descriptor >= 0 && done < bytes.size()) {
    const ssize_t got = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  if (descriptor >= 0) ::close(descriptor);
  bytes = told(call, sched::Outside::Random, bytes.substr(0, done));
  if (bytes.size() < static_cast<size_t>(size)) return raise_os_error(call.heap, EIO);
  return widen(make_bytes(call.heap, bytes.data(), bytes.size()));
}
Result<Ref<Value>> strerror_(Call& call) {
  return text(call.heap, ::strerror(static_cast<int>(MINI_TRY(to_int64(call.heap, call[0])))));
}
Result<Ref<Value>> sched_yield_(Call& call) {
  // Gives the GIL away as a call that blocks does.
  ThreadState& thread = thread_of(call);
  sched::BlockingCall blocking(thread.machine->runner(), thread);
  ::sched_yield();
  return none();
}
Result<Ref<Value>> putenv_(Call& call) {
  const std::string name = MINI_TRY(path_argument(call.heap, call[0])), value = MINI_TRY(path_argument(call.heap, call[1]));
  if (name.empty() || name.find('=') != name.npos)
    return call.heap.raise_text(BuiltinType::kValueError, "illegal environment variable name");
  ::setenv(name.c_str(), value.c_str(), 1);
  return none();
}
Result<Ref<Value>> unsetenv_(Call& call) {
  const std::string name = MINI_TRY(path_argument(call.heap, call[0]));
  if (::unsetenv(name.c_str()) != 0) return raise_os_error(call.heap, errno);
  return none();
}

constexpr NativeDefinition kPosixFunctions[] = {
    {"posix.open(path, flags, mode=511)", open_},
    {"posix.close(fd)", close_},
    {"posix.read(fd, length, /)", read_},
    {"posix.write(fd, data, /)", write_},
    {"posix.pipe()", pipe_},
    {"posix.dup(fd, /)", dup_},
    {"posix.dup2(fd, fd2, inheritable=True)", dup2_},
    {"posix.lseek(fd, position, whence, /)", lseek_},
    {"posix.fsync(fd)", fsync_},
    {"posix.ftruncate(fd, length, /)", ftruncate_},
    {"posix.isatty(fd, /)", isatty_},
    {"posix.set_blocking(fd, blocking, /)", set_blocking},
    {"posix.get_blocking(fd, /)", get_blocking},
    {"posix.stat(path)", stat_by_path<::stat>},
    {"posix.lstat(path)", stat_by_path<::lstat>},
    {"posix.fstat(fd)", stat_by_path<::stat>},
    {"posix.remove(path)", unlink_},
    {"posix.unlink(path)", unlink_},
    {"posix.rmdir(path)", rmdir_},
    {"posix.chdir(path)", chdir_},
    {"posix.mkdir(path, mode=511)", mkdir_},
    {"posix.chmod(path, mode)", chmod_},
    {"posix.rename(src, dst)", rename_},
    {"posix.replace(src, dst)", rename_},
    {"posix.link(src, dst)", link_},
    {"posix.symlink(src, dst)", symlink_},
    {"posix.readlink(path)", readlink_},
    {"posix.access(path, mode)", access_},
    {"posix.listdir(path=None)", listdir_},
    {"posix.getcwd()", getcwd_},
    {"posix.umask(mask, /)", umask_},
    {"posix.fspath(path)", fspath},
    {"posix.getpid()", number_of<::getpid>},
    {"posix.getppid()", number_of<::getppid>},
    {"posix.getuid()", number_of<::getuid>},
    {"posix.getgid()", number_of<::getgid>},
    {"posix.cpu_count()", number_of<cpu_count>},
    {"posix.fork()", fork_},
    {"posix._exit(status)", exit_now},
    {"posix.abort()", abort_},
    {"posix.kill(pid, signal, /)", kill_},
    {"posix.waitpid(pid, options, /)", waitpid_},
    {"posix.wait()", wait_},
    {"posix.WIFEXITED(status)", whether_status<exited>},
    {"posix.WEXITSTATUS(status)", about_status<exit_status>},
    {"posix.WIFSIGNALED(status)", whether_status<signaled>},
    {"posix.WTERMSIG(status)", about_status<term_signal>},
    {"posix.WIFSTOPPED(status)", whether_status<stopped>},
    {"posix.waitstatus_to_exitcode(status)", about_status<to_exit_code>},
    {"posix.system(command)", system_},
    {"posix.urandom(size, /)", urandom},
    {"posix.strerror(code, /)", strerror_},
    {"posix.sched_yield()", sched_yield_},
    {"posix.putenv(name, value, /)", putenv_},
    {"posix.unsetenv(name, /)", unsetenv_},
};

struct NamedNumber {
  const char* name;
  int64_t number;
};
constexpr NamedNumber kPosixNumbers[] = {
    {"O_RDONLY", O_RDONLY}, {"O_WRONLY", O_WRONLY},     {"O_RDWR", O_RDWR},   {"O_CREAT", O_CREAT},
    {"O_EXCL", O_EXCL},     {"O_TRUNC", O_TRUNC},       {"O_APPEND", O_APPEND}, {"O_NONBLOCK", O_NONBLOCK},
    {"O_CLOEXEC", O_CLOEXEC}, {"F_OK", F_OK},           {"R_OK", R_OK},       {"W_OK", W_OK},
    {"X_OK", X_OK},         {"WNOHANG", WNOHANG},       {"WUNTRACED", WUNTRACED}, {"EX_OK", 0},
};

}  // namespace

Result<void> fill_posix(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MINI_TRY(add_functions(machine, module, kPosixFunctions));
  for (const NamedNumber& each : kPosixNumbers) MINI_TRY(add_integer(machine, module, each.name, each.number));
  MINI_TRY(add_type(machine, module, "error", BuiltinType::kOSError));
  Ref<Type> stat_type = MINI_TRY(make_struct_type(heap, "os.stat_result", kStatFields));
  MINI_TRY(add_value(machine, module, "stat_result", std::move(stat_type)));
  Ref<Dict> environment = MINI_TRY(make_dict(heap));
  const std::string entries = machine.runner().outside_bytes(sched::Outside::Environment, [] {
    std::string joined;
    for (char** entry = environ; entry && *entry; ++entry) joined.append(*entry) += '\0';
    return joined;
  });
  for (size_t at = 0; at < entries.size();) {
    const std::string_view text(entries.c_str() + at);
    at += text.size() + 1;
    const size_t equals = text.find('=');
    if (equals == text.npos) continue;
    Ref<Value> name = MINI_TRY(path_text(heap, text.substr(0, equals)));
    Ref<Value> value = MINI_TRY(path_text(heap, text.substr(equals + 1)));
    MINI_TRY(set(heap, environment.get(), name, value));
  }
  return add_value(machine, module, "environ", std::move(environment));
}

}  // namespace mini::modules
