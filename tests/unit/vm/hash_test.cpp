// The hash of a state: every single change is seen, taking it back restores it, and addresses do not matter.
#include <set>

#include "interp/vm/lock.h"
#include "tests/unit/vm/run.h"

using namespace mini;
using namespace mini::vm;
using namespace mini::vm::test;

namespace {

struct Change {
  const char* setup;
  const char* change;
  const char* undo;  ///< null: the setup again
};

constexpr Change kChanges[] = {
    {"v = [1, 2, 3]", "v[1] = 5", "v[1] = 2"},
    {"v = [1, 2, 3]", "v.append(4)", "v.pop()"},
    {"v = [[], []]", "v[1] = v[0]", nullptr},
    {"v = {'a': 1, 'b': 2}", "v['a'] = 3", "v['a'] = 1"},
    {"v = {'a': 1, 'b': 2}", "v = {'b': 2, 'a': 1}", nullptr},
    {"v = {1: 1}", "v[2] = 1", "del v[2]; v = {1: 1}"},
    {"v = {1, 2}", "v.add(3)", nullptr},
    {"v = frozenset([1])", "v = frozenset([2])", nullptr},
    {"v = (1, (2, 3))", "v = (1, (2, 4))", nullptr},
    {"v = 10 ** 40", "v += 1", "v -= 1"},
    {"v = 10 ** 40", "v = -v", "v = -v"},
    {"v = 1.5", "v = 2.5", nullptr},
    {"v = 1e300", "v = 1.1e300", nullptr},
    {"v = 1", "v = True", nullptr},
    {"v = 1", "v = 1.0", nullptr},
    {"v = None", "v = ...", nullptr},
    {"v = 'some text'", "v = 'some texU'", nullptr},
    {"v = 'grün'", "v = 'gr\\u0171n'", nullptr},
    {"v = b'abc'", "v = b'abd'", nullptr},
    {"v = range(1, 9, 2)", "v = range(1, 9, 3)", nullptr},
    {"v = slice(1, 2)", "v = slice(1, 3)", nullptr},
    {"v = C(); v.x = 1", "v.x = 2", "v.x = 1"},
    {"v = C(); v.x = 1", "v.y = 1", nullptr},
    {"v = C(); v.x = 1", "v.__class__ = D", nullptr},
    {"C.k = 1", "C.k = 2", "C.k = 1"},
    {"v = S(); v.a = 1", "v.a = 2", "v.a = 1"},
    {"v = C().method", "v = C().other", nullptr},
    {"v = property(f)", "v = property(g)", nullptr},
    {"v = staticmethod(f)", "v = staticmethod(g)", nullptr},
    {"v = classmethod(f)", "v = classmethod(g)", nullptr},
    {"v = make_cell()", "v()", nullptr},
    {"v = numbers(); next(v)", "next(v)", nullptr},
    {"v = numbers(); next(v)", "v.send(7)", nullptr},
    {"v = numbers()", "v.close()", nullptr},
    {"v = delegating(); next(v)", "next(v)", nullptr},
    {"v = handling(); next(v)", "v = handling('other'); next(v)", nullptr},
    {"v = iter([1, 2, 3])", "next(v)", nullptr},
    {"v = reversed([1, 2, 3])", "next(v)", nullptr},
    {"v = iter((1, 2))", "next(v)", nullptr},
    {"v = iter('abc')", "next(v)", nullptr},
    {"v = iter(b'abc')", "next(v)", nullptr},
    {"v = iter(range(5))", "next(v)", nullptr},
    {"v = iter({1: 2, 3: 4})", "next(v)", nullptr},
    {"v = iter({1: 2, 3: 4}.items())", "next(v)", nullptr},
    {"v = iter({1, 2})", "next(v)", nullptr},
    {"v = {1: 2}.keys()", "v = {1: 2}.values()", nullptr},
    {"v = zip([1, 2], [3, 4])", "next(v)", nullptr},
    {"v = zip([1], [3])", "v = zip([1], [3], strict=True)", nullptr},
    {"v = map(str, [1, 2])", "next(v)", nullptr},
    {"v = filter(None, [1, 2])", "next(v)", nullptr},
    {"v = enumerate([1, 2])", "next(v)", nullptr},
    {"v = enumerate('ab')", "v = enumerate('ab', 1)", nullptr},
    {"v = iter(f, 0)", "v = iter(f, 1)", nullptr},
    {"f.__name__ = 'f'", "f.__name__ = 'h'", nullptr},
    {"f.__qualname__ = 'f'", "f.__qualname__ = 'h'", nullptr},
    {"f.__doc__ = 'f'", "f.__doc__ = 'h'", nullptr},
    {"f.__module__ = 'f'", "f.__module__ = 'h'", nullptr},
    {"v = f", "v = g", nullptr},
    {"v = lambda: 1", "v = lambda: 2", nullptr},
    {"v = ValueError(1)", "v.args = (2,)", "v.args = (1,)"},
    {"v = ValueError(1)", "v.__cause__ = KeyError()", nullptr},
    {"v = ValueError(1)", "v.__context__ = KeyError()", "v.__context__ = None"},
    {"v = ValueError(1)", "v.__suppress_context__ = True", "v.__suppress_context__ = False"},
    {"v = ValueError(1)", "v.add_note('n')", nullptr},
    {"v = ValueError(1)", "v = IndexError(1)", nullptr},
    {"v = StopIteration(1)", "v.value = 2", "v.value = 1"},
    {"v = caught(1)", "v.__traceback__ = None", nullptr},
    {"v = caught(1)", "v = caught(2)", nullptr},
    {"v = Lock()", "v.acquire()", nullptr},
    {"v = RLock(); v.acquire()", "v.acquire()", nullptr},
    {"v = threading.Event()", "v.set()", nullptr},
    {"v = threading.Semaphore(2)", "v.acquire()", nullptr},
    {"v = threading.local(); v.x = 1", "v.x = 2", "v.x = 1"},
    {"threading.x = 1", "threading.x = 2", "threading.x = 1"},
    {"sys.modules['m'] = 1", "sys.modules['m'] = 2", "sys.modules['m'] = 1"},
    {"import builtins; builtins.k = 1", "builtins.k = 2", "builtins.k = 1"},
    {"sys.setrecursionlimit(500)", "sys.setrecursionlimit(501)", nullptr},
    {"sys.setswitchinterval(0.005)", "sys.setswitchinterval(0.004)", nullptr},
    {"gc.enable()", "gc.disable()", nullptr},
    {"gc.set_threshold(1000)", "gc.set_threshold(1001)", nullptr},
    {"v = random.Random(1)", "v.random()", nullptr},
    {"v = random.Random(1)", "v = random.Random(2)", nullptr},
    {"print('x', end=''); sys.stdout.flush()", "print('x', end='')", "sys.stdout.flush()"},
    {"v = [C()]", "id(v[0])", "v = [C()]"},
    {"v_new = 0", "v_new = 1", nullptr},
};

constexpr const char* kDefinitions = R"(import sys, gc, random, threading
from threading import Lock, RLock
class C:
    def method(self): pass
    def other(self): pass
class D:
    pass
class S:
    __slots__ = ('a', 'b')
def f(a=1, *, k=1): pass
def g(): pass
def make_cell():
    n = 0
    def step():
        nonlocal n
        n += 1
    return step
def numbers():
    n = 0
    while True:
        got = yield n
        n += got or 1
def delegating():
    yield from iter([1, 2, 3])
def handling(what='one'):
    try:
        raise KeyError(what)
    except KeyError:
        yield 1
def caught(line):
    try:
        if line == 1:
            raise ValueError
        raise ValueError
    except ValueError as error:
        return error
v = v_new = None
del v_new
)";

void run_piece(Machine& machine, const char* text) {
  INFO("piece: ", std::string(text));
  auto code = machine.compile(std::string(text) + "\n", "<piece>", compile::CompileMode::kExec);
  REQUIRE(code.ok());
  auto result = machine.run_module_code(code->get(), machine.state().main_names);
  const bool ran = result.ok();
  if (!ran) MESSAGE(to_utf8(str(machine.heap(), Value(machine.heap().pending())).value().get()));
  REQUIRE(ran);
}

/// Calls `look` from inside a machine, on its main thread.
void inside(Options options, const std::function<void(Machine&, ThreadState&)>& look) {
  Session session(std::move(options), false);
  session.machine().run_with([&](Machine& machine, ThreadState& thread) {
    look(machine, thread);
    return false;
  });
}

/// Changes each field in turn and expects another hash, then puts it back.
template <class... Fields>
void check_fields(Machine& machine, const char* what, Fields&... fields) {
  const StateHash before = hash_state(machine);
  int number = 0;
  auto check = [&]<class Field>(Field& place) {
    const int index = number++;
    INFO("field ", index, " of ", std::string(what));
    const Field saved = place;
    if constexpr (std::is_same_v<Field, Value>) {
      place = Value::integer(123456789);
    } else if constexpr (std::is_same_v<Field, bool>) {
      place = !place;
    } else if constexpr (std::is_pointer_v<Field>) {
      REQUIRE(place);
      place = nullptr;
    } else if constexpr (std::is_enum_v<Field>) {
      place = static_cast<Field>(static_cast<int>(place) ^ 1);
    } else {
      place += 1;
    }
    CHECK(hash_state(machine) != before);
    place = saved;
    CHECK(hash_state(machine) == before);
  };
  (check(fields), ...);
}

}  // namespace

TEST_CASE("each change that a script makes changes the hash, and taking it back restores it") {
  inside({}, [](Machine& machine, ThreadState&) {
    run_piece(machine, kDefinitions);
    std::set<StateHash> seen;
    for (const Change& change : kChanges) {
      INFO("setup: ", std::string(change.setup));
      INFO("change: ", std::string(change.change));
      run_piece(machine, change.setup);
      const StateHash before = hash_state(machine);
      CHECK(hash_state(machine) == before);
      run_piece(machine, change.change);
      const StateHash changed = hash_state(machine);
      CHECK(changed != before);
      run_piece(machine, change.undo ? change.undo : change.setup);
      CHECK(hash_state(machine) == before);
      seen.insert(changed);
    }
    CHECK(seen.size() == std::size(kChanges));
  });
}

TEST_CASE("each field of threads, frames, locks and generators is part of the hash") {
  const char* const program = R"(import threading, time
lock = threading.Lock()
def gen():
    for i in range(5):
        yield i
def work(a, b=2, *, c: int = 3):
    text = 'local'
    g = gen()
    next(g)
    try:
        raise KeyError(a)
    except KeyError:
        for item in [1, 2, 3]:
            time.sleep(0.5)
            lock.acquire()
first = threading.Thread(target=work, args=(1,))
second = threading.Thread(target=work, args=(2,), daemon=True)
first.start()
second.start()
time.sleep(0.6)
mark = 1
lock.release()
)";
  Options options;
  options.schedule = "every:1000";
  options.os_threads = false;
  Session session(std::move(options));
  // The pause: in the first line that the main thread executes after its sleep.
  struct Pauser final : InstructionObserver {
    void before(ThreadState& thread, Frame& frame, uint32_t index, bool) override {
      const bool is_script = !frame.code->has(bytecode::kPrelude);
      if (thread.serial == 0 && is_script && frame.code->code->position(index).line == 21) thread.machine->pause();
    }
  } pauser;
  session.machine().add_observer(pauser);
  REQUIRE(session.start(program) == Machine::kPaused);
  Machine& machine = session.machine();
  sched::ThreadTable& table = machine.state().threads;
  auto& sleeper = static_cast<ThreadState&>(*table.find(1));
  Frame* native = sleeper.frame;
  REQUIRE(native->is_native);
  Frame* frame = native->back;
  REQUIRE(frame->block_count > 0);
  REQUIRE(sleeper.handled);
  const CodeObject* code = frame->code;
  const Instr* pc = frame->pc;
  check_fields(machine, "thread", sleeper.serial, sleeper.daemon, sleeper.wait_kind, sleeper.stage,
               sleeper.identity, sleeper.handled, sleeper.reraising, sleeper.result, sleeper.function, sleeper.arguments,
               sleeper.keywords, sleeper.handle, sleeper.locals, sleeper.suspension.deadline);
  check_fields(machine, "frame", frame->locals[0], frame->locals[1], frame->locals[2], frame->locals[-1],
               frame->stack_base()[0], frame->blocks()[0].kind, frame->blocks()[0].handler, frame->blocks()[0].level,
               frame->completion, frame->stage, native->stage, native->locals[0], native->locals[-1]);
  const StateHash before = hash_state(machine);
  frame->pc = code->instructions + (pc - code->instructions) + 1;
  CHECK(hash_state(machine) != before);
  frame->pc = pc;
  --frame->block_count;
  CHECK(hash_state(machine) != before);
  ++frame->block_count;
  --frame->stack_top;
  CHECK(hash_state(machine) != before);
  ++frame->stack_top;
  check_fields(machine, "machine", machine.state().recursion_limit, machine.state().exit_status,
               machine.state().next_identity, machine.state().switch_interval, table.started);
  auto* generator = static_cast<Generator*>(frame->locals[4].as_object());
  REQUIRE(generator->type == machine.heap().type(BuiltinType::kGenerator));
  check_fields(machine, "generator", generator->frame, generator->code, generator->name, generator->qualified_name,
               generator->running, generator->started);
  Value found = get_name(machine.state().main_names, machine.heap().intern("lock").value().get());
  auto* lock = static_cast<Lock*>(found.as_object());
  check_fields(machine, "lock", lock->locked, lock->holder, lock->depth, lock->made.index, lock->taken.index);
  auto* function = static_cast<Function*>(sleeper.function.as_object());
  if (function->type == machine.heap().type(BuiltinType::kBoundMethod))
    function = static_cast<Function*>(frame->function().as_object());
  REQUIRE(function->type == machine.heap().type(BuiltinType::kFunction));
  check_fields(machine, "function", function->code, function->globals, function->builtins, function->defaults,
               function->keyword_defaults, function->annotations, function->name, function->qualified_name,
               function->module, function->doc);
  CHECK(hash_state(machine) == before);
}

TEST_CASE("where objects lie does not matter, nor what the schedule knows") {
  auto hash_after = [](size_t shift, const char* schedule) {
    Options options;
    options.schedule = schedule;
    Session session(std::move(options), false);
    Machine& machine = session.machine();
    std::vector<void*> blocks;
    for (size_t size = 16; size < 3000; size += 16)
      for (size_t i = 0; i < shift; ++i) blocks.push_back(machine.heap().allocate_buffer(size));
    // Every other one is free again, so that what follows lies elsewhere and in another order.
    size_t number = 0;
    auto release = [&](size_t which) {
      number = 0;
      for (size_t size = 16; size < 3000; size += 16)
        for (size_t i = 0; i < shift; ++i, ++number)
          if (number % 2 == which) machine.heap().release_buffer(blocks[number], size);
    };
    release(0);
    StateHash hash{};
    Value names;
    machine.run_with([&](Machine& running, ThreadState&) {
      run_piece(running, kDefinitions);
      for (const Change& change : kChanges) run_piece(running, change.setup);
      run_piece(running, "v = {str(i): [C(), {C(), i}] for i in range(100)}; v = (v, numbers(), {C: 1, D: f, f: C})");
      hash = hash_state(running);
      names = Value(reinterpret_cast<const Object*>(running.state().main_names->entries[8].value.as_object()));
      return false;
    });
    release(1);
    return std::pair(hash, names.bits() & 0xffffffff);
  };
  const auto plain = hash_after(0, "every:100");
  const auto shifted = hash_after(3, "seeded:9");
  CHECK(plain.second != shifted.second);
  CHECK(plain.first == shifted.first);
}
