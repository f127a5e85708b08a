// The module `_multiprocessing`: messages, and the descriptors that they go through. The library on top of it is in mini.
#include "interp/modules/multiprocessing.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "interp/modules/modules.h"
#include "interp/modules/serialize.h"
#include "runtime/object/bytes_text.h"

namespace mini::modules {
namespace {

// Messages ------------------------------------------------------------------------------------------------------------

Result<Ref<Value>> dumps(Call& call) {
  const std::string root = call.has(2) ? MINI_TRY(text_argument(call.heap, call[2], "root")) : "the value";
  const MessageKey& key = thread_of(call).machine->state().message_key;
  const std::string message = MINI_TRY(serialize(call.heap, key, call[0], call[1], root));
  return widen(make_bytes(call.heap, message.data(), message.size()));
}
Result<Ref<Value>> loads(Call& call) {
  const std::string_view message = MINI_TRY(bytes_argument(call.heap, call[0]));
  return deserialize(call.heap, thread_of(call).machine->state().message_key, message, {call[1], call[2], call[3]});
}
/// For tests: a content without its head, so that the tag does not keep damage from it.
Result<Ref<Value>> loads_content(Call& call) {
  const std::string_view content = MINI_TRY(bytes_argument(call.heap, call[0]));
  return deserialize_content(call.heap, content, {call[1], call[2], call[3]});
}

// Descriptors ---------------------------------------------------------------------------------------------------------

Result<int> descriptor_of(Heap& heap, Value value) {
  const int64_t number = MINI_TRY(to_int64(heap, value));
  if (number < 0 || number > INT32_MAX) return raise_os_error(heap, EBADF);
  return static_cast<int>(number);
}

/// ::poll up to a time of the monotonic clock.
int poll_until(pollfd* polled, size_t count, sched::Time until) {
  const sched::Time left = std::max<sched::Time>(until - sched::monotonic_now(), 0);
  const timespec time{.tv_sec = left / sched::kSecond, .tv_nsec = left % sched::kSecond};
  return ::ppoll(polled, count, until == sched::kNever ? nullptr : &time, nullptr);
}

/// A call that does not block, as often as it takes until it does something; `events` tell when to try again. A number or
/// kSuspended; OSError.
template <class Function>
Result<Ref<Value>> transfer(Call& call, int descriptor, short events, Function function) {
  ThreadState& thread = thread_of(call);
  static_cast<void>(take_phase(thread));
  for (;;) {
    const ssize_t done = function();
    if (done >= 0) return make_int(call.heap, done);
    if (errno != EAGAIN && errno != EINTR) return raise_os_error(call.heap, errno);
    pollfd polled{descriptor, events, 0};
    const Waited waited =
        wait_outside(thread, sched::kNever, [&](sched::Time until) { poll_until(&polled, 1, until); });
    if (waited == Waited::kRaised) return raised;
    if (waited == Waited::kPark) return park(call, 1, sched::kNever);
  }
}

/// What is there, at most `count` bytes; waits until something is. No bytes: the end.
Result<Ref<Value>> read_descriptor(Call& call) {
  const int descriptor = MINI_TRY(descriptor_of(call.heap, call[0]));
  const int64_t count = std::clamp<int64_t>(MINI_TRY(to_int64(call.heap, call[1])), 0, 1 << 20);
  char few[4096];
  std::string many(count > static_cast<int64_t>(sizeof few) ? static_cast<size_t>(count) : 0, '\0');
  char* buffer = many.empty() ? few : many.data();
  Ref<Value> done = MINI_TRY(
      transfer(call, descriptor, POLLIN, [&] { return ::read(descriptor, buffer, static_cast<size_t>(count)); }));
  if (done.get() == kSuspended) return done;
  return widen(make_bytes(call.heap, buffer, static_cast<size_t>(done.get().as_int())));
}
/// Writes what there is room for of `data` from `start` on; how much that was.
Result<Ref<Value>> write(Call& call) {
  const int descriptor = MINI_TRY(descriptor_of(call.heap, call[0]));
  const std::string_view data = MINI_TRY(bytes_argument(call.heap, call[1]));
  const int64_t start = MINI_TRY(to_int64(call.heap, call[2]));
  if (start < 0 || static_cast<uint64_t>(start) > data.size())
    return call.heap.raise_text(BuiltinType::kValueError, "start is outside the data");
  const std::string_view rest = data.substr(static_cast<size_t>(start));
  return transfer(call, descriptor, POLLOUT, [&] { return ::write(descriptor, rest.data(), rest.size()); });
}

/// Which of the descriptors can be read from, or are at their end: a list of their indices; empty after the timeout.
Result<Ref<Value>> wait(Call& call) {
  Heap& heap = call.heap;
  ThreadState& thread = thread_of(call);
  const bool first = take_phase(thread) == 0;
  const sched::Time deadline = first ? MINI_TRY(deadline_argument(call, 1)) : thread.suspension.deadline;
  Ref<Tuple> descriptors = MINI_TRY(tuple_from(heap, call[0]));
  std::vector<pollfd> polled;
  for (uint64_t i = 0; i < descriptors->length; ++i)
    polled.push_back({MINI_TRY(descriptor_of(heap, descriptors->items()[i])), POLLIN, 0});
  while (poll_until(polled.data(), polled.size(), 0) == 0 && sched::monotonic_now() < deadline) {
    const Waited waited = wait_outside(
        thread, deadline, [&](sched::Time until) { poll_until(polled.data(), polled.size(), until); });
    if (waited == Waited::kRaised) return raised;
    if (waited == Waited::kPark) return park(call, 1, deadline);
  }
  Ref<List> ready = MINI_TRY(make_list(heap));
  for (size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents & POLLNVAL) return raise_os_error(heap, EBADF);
    if (polled[i].revents != 0) MINI_TRY(append(heap, ready.get(), unboxed(Value::integer(static_cast<int64_t>(i)))));
  }
  return ready;
}

Result<Ref<Value>> pair_of(Heap& heap, const int (&ends)[2]) {
  const Value items[] = {Value::integer(ends[0]), Value::integer(ends[1])};
  return widen(make_tuple(heap, items, 2));
}
Result<Ref<Value>> make_pipe(Call& call) {
  MINI_TRY(check_can_fork(thread_of(call)));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return raise_os_error(call.heap, errno);
  return pair_of(call.heap, ends);
}
Result<Ref<Value>> socket_pair(Call& call) {
  MINI_TRY(check_can_fork(thread_of(call)));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return raise_os_error(call.heap, errno);
  return pair_of(call.heap, ends);
}
/// A descriptor that can be read from once the child has ended, whatever its own children do.
Result<Ref<Value>> open_process(Call& call) {
  const int64_t process = MINI_TRY(to_int64(call.heap, call[0]));
  const long descriptor = ::syscall(SYS_pidfd_open, static_cast<pid_t>(process), 0);
  if (descriptor < 0) return raise_os_error(call.heap, errno);
  return unboxed(Value::integer(descriptor));
}
/// In a new Process: what its parent holds, it does not.
Result<Ref<Value>> begin_process(Call& call) {
  ++thread_of(call).machine->state().process;
  return none();
}

/// Whether a class statement made it.
Result<Ref<Value>> is_script_class(Call& call) {
  return Ref<Value>(has_kind(call[0], BuiltinType::kTypeType) &&
                    (static_cast<Type*>(call[0].as_object())->type_flags & Type::kUserClass) != 0);
}

constexpr NativeDefinition kMultiprocessingFunctions[] = {
    {"_multiprocessing.dumps(value, describe, root='the value', /)", dumps},
    {"_multiprocessing.loads(message, find, make, finish, /)", loads},
    {"_multiprocessing._loads_content(content, find, make, finish, /)", loads_content},
    {"_multiprocessing.read(descriptor, count, /)", read_descriptor},
    {"_multiprocessing.write(descriptor, data, start, /)", write},
    {"_multiprocessing.wait(descriptors, timeout=None, /)", wait},
    {"_multiprocessing.pipe()", make_pipe},
    {"_multiprocessing.socket_pair()", socket_pair},
    {"_multiprocessing.open_process(pid, /)", open_process},
    {"_multiprocessing.begin_process()", begin_process},
    {"_multiprocessing.is_script_class(cls, /)", is_script_class},
};

}  // namespace

Result<void> fill_multiprocessing(Machine& machine, Module* module) {
  Heap& heap = machine.heap();
  MessageKey& key = machine.state().message_key;
  if (key == MessageKey{} && !machine.runner().repeats_outside() &&
      ::getrandom(key.data(), sizeof key, 0) != static_cast<ssize_t>(sizeof key))
    return raise_os_error(heap, errno);
  MINI_TRY(define_semaphore_type(heap));
  MINI_TRY(define_shared_cells_type(heap));
  MINI_TRY(add_type(machine, module, "SemLock", BuiltinType::kSemLock));
  MINI_TRY(add_type(machine, module, "SharedCells", BuiltinType::kSharedCells));
  return add_functions(machine, module, kMultiprocessingFunctions);
}

}  // namespace mini::modules
