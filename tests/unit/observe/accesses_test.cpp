// What instructions read and write, told by name, mode and values.
#include "interp/observe/accesses.h"

#include "interp/observe/native_effects.h"
#include "interp/observe/show_value.h"
#include "tests/unit/vm/run.h"

namespace mini::observe::test {

using namespace mini::vm;

/// Writes down what a script's own instructions touch, definitions left out: "write x 1 -> 2".
class Listener final : public InstructionObserver {
 public:
  explicit Listener(Machine& machine) : accesses(machine) {}
  void runs(ThreadState& thread, Frame& frame, uint32_t index) override {
    if (frame.code->has(bytecode::kPrelude)) return;
    for (const Access& access : accesses.of(thread, frame, index)) note(access, frame, index);
  }
  void resumes(ThreadState& thread, Frame& frame) override {
    for (const Access& access : accesses.of_native(thread, frame)) {
      lines.push_back("again:");
      note(access, frame, 0);
    }
  }
  void note(const Access& access, const Frame& frame, uint32_t index) {
    if (access.definition) return;
    std::string line = access.reads() ? access.writes() ? "change " : "read " : "write ";
    line += fmt::format("{} {}", name(access.kind), accesses.name_of(access, frame, index));
    if (!access.old_value.is_unbound()) line += " " + show_value(access.old_value);
    if (access.new_known) line += " -> " + show_value(access.new_value);
    if (!access.exact) line += " (perhaps)";
    lines.push_back(line);
  }
  Accesses accesses;
  std::vector<std::string> lines;
};

/// What `source` touches after its first `skipped` lines of the list.
std::vector<std::string> lines_of(const std::string& source, size_t skipped = 0) {
  Options options;
  options.observed = true;
  options.os_threads = false;
  vm::test::Session session(std::move(options), false);
  Listener listener(session.machine());
  session.machine().add_observer(listener);
  session.start(source);
  CHECK(session.run.errors == "");
  auto lines = listener.lines;
  lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(std::min(skipped, lines.size())));
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}
std::string touched(const std::string& source, size_t skipped = 0) { return joined(lines_of(source, skipped)); }
std::string Lines(std::initializer_list<std::string> lines) { return joined(lines); }

TEST_CASE("variables are told with their old and new values") {
  CHECK(touched("x = 1\nx += 1\ndel x\n") ==
        Lines({"write global x -> 1", "read global x 1", "write global x 1 -> 2", "write global x 2 -> deleted"}));
  CHECK(touched("def f():\n  global g\n  g = 'a'\n  return g\nf()\n", 0) ==
        Lines({"write global g -> 'a'", "read global g 'a'"}));
  CHECK(touched("def f():\n  n = 1\n  def g():\n    nonlocal n\n    n += 1\n  g()\nf()\n") ==
        Lines({"write cell n -> 1", "read cell n 1", "write cell n 1 -> 2"}));
}

TEST_CASE("attributes are those of the instance, then of its classes") {
  CHECK(touched("class C:\n  top = 5\n  def hit(self):\n    self.hits = self.hits + 1\nc = C()\nc.hits = 0\nc.hit()\nc.top\n", 5) ==
        Lines({"read global c <C>", "write attribute c.hits -> 0", "read global c <C>", "read attribute self.hits 0",
              "write attribute self.hits 0 -> 1", "read global c <C>", "read attribute c.top 5"}));
  CHECK(touched("import sys\nsys.flag = 3\nsys.flag\n", 0) ==
        Lines({"write global sys.flag -> 3", "read global sys.flag 3"}));
}

TEST_CASE("items are told by index and key, containers as a whole") {
  CHECK(touched("L = [1, 2]\nL[-1] += 5\n", 1) ==
        Lines({"read global L [1, 2]", "read item L[1] 2", "write item L[1] 2 -> 7"}));
  CHECK(touched("d = {}\nd['k'] = 1\ndel d['k']\n", 1) ==
        Lines({"read global d {}", "write item d['k'] -> 1", "read global d {'k': 1}", "change item d['k'] 1"}));
  CHECK(touched("L = [1]\nL.append(2)\nlen(L)\nL.pop()\nL += [3]\n1 in L\nnot L\n", 1) ==
        Lines({"read global L [1]", "change container L", "read global L [1, 2]", "read container L",
              "read global L [1, 2]", "change container L", "read global L [1]", "change container L",
              "write global L [1, 3] -> [1, 3]", "read global L [1, 3]", "read container L",
              "read global L [1, 3]", "read container L"}));
  CHECK(touched("d = {1: 2}\nd.get(1)\nd.setdefault(3, 4)\n3 in d\n", 1) ==
        Lines({"read global d {1: 2}", "read item d[1] 2", "read global d {1: 2}", "change item d[3]",
              "read global d {1: 2, 3: 4}", "read item d[3] 4"}));
  CHECK(touched("L = [[1], 'a']\nM = L == L\n", 1) ==
        Lines({"read global L [[1], 'a']", "read global L [[1], 'a']", "read container L", "read container L[0]",
              "read container L", "read container L[0]", "write global M -> True"}));
}

TEST_CASE("an iterator that only the loop holds is nobody else's") {
  CHECK(touched("L = [7]\nfor v in L: pass\n", 1) ==
        Lines({"read global L [7]", "read item L[0] 7", "write global v -> 7", "read container L"}));
  CHECK(touched("i = iter([7])\nnext(i)\n", 1) ==
        Lines({"read global i <list_iterator>", "change container i", "read item <list>[0] 7"}));
}

TEST_CASE("locks, also when the waiter is called again") {
  const auto lines = lines_of(
      "import _thread, time\nlock = _thread.allocate_lock()\n"
      "def f():\n  lock.acquire()\n  lock.release()\n"
      "lock.acquire()\n_thread.start_new_thread(f, ())\ntime.sleep(0.01)\nlock.release()\ntime.sleep(0.01)\n"
      "with lock:\n  pass\n");
  const auto locks = std::count(lines.begin(), lines.end(), "change lock lock");
  CHECK(locks == 7);  // four calls, one of them twice, with's two
  CHECK(std::count(lines.begin(), lines.end(), "again:") == 1);
  CHECK(std::count(lines.begin(), lines.end(), "change thread T1") == 1);
}

TEST_CASE("output is one place, and what is printed is read") {
  CHECK(touched("L = [1]\nprint(L)\n", 1) ==
        Lines({"read global L [1]", "read container L", "change file sys.stdout"}));
}

TEST_CASE("looking changes nothing: ids and hashes are given out as without") {
  const std::string source =
      "class K:\n  def __hash__(self): return 1\n  def __eq__(self, o): print('asked'); return False\n"
      "d = {K(): 0}\nd[1] = 2\nprint(d[1], id(d), id(K))\nprint(object())\n";
  auto printed = [&](bool looked_at) {
    Options options;
    options.observed = true;
    vm::test::Session session(std::move(options), false);
    Listener listener(session.machine());
    if (looked_at) session.machine().add_observer(listener);
    session.start(source);
    return session.run.output;
  };
  CHECK(printed(true) == printed(false));
}

TEST_CASE("conflicts are decided by place and mode") {
  int a = 0, b = 0;
  auto access = [](const void* object, uint64_t key, bool whole, AccessMode mode) {
    Access made{};
    made.object = object;
    made.key = key;
    made.whole = whole;
    made.mode = mode;
    return made;
  };
  const Access read = access(&a, 1, false, AccessMode::kRead), write = access(&a, 1, false, AccessMode::kWrite);
  CHECK(!conflict(read, read));
  CHECK(conflict(read, write));
  CHECK(!conflict(write, access(&a, 2, false, AccessMode::kWrite)));
  CHECK(!conflict(write, access(&b, 1, false, AccessMode::kWrite)));
  CHECK(conflict(write, access(&a, 0, true, AccessMode::kRead)));
  CHECK(conflict(read, access(nullptr, 0, true, AccessMode::kReadWrite)));
}

/// So that one that is added to the core is not forgotten. (Of other modules, what is not in the table is "anything".)
TEST_CASE("every native of the builtin types, builtins and _thread has a row in the table") {
  Options options;
  vm::test::Session session(std::move(options), false);
  std::vector<std::string> unknown;
  auto look = [&](Value value) {
    if (!value.is_object()) return;
    const NativeDefinition* definition = nullptr;
    if (has_kind(value, BuiltinType::kNativeFunction)) definition = static_cast<NativeObject*>(value.as_object())->definition;
    if (has_kind(value, BuiltinType::kMethodDescriptor)) definition = static_cast<MethodDescriptor*>(value.as_object())->definition;
    if (definition && effect_of(*definition) == Effect::kUnknown) unknown.emplace_back(definition->signature.name);
  };
  auto look_at_names = [&](Dict* names) {
    for (uint32_t i = 0; i < names->used; ++i) look(names->entries[i].value);
  };
  session.machine().run_with([&](Machine& machine, ThreadState&) {
    Heap& heap = machine.heap();
    for (const char* module : {"builtins", "_thread", "math", "time", "gc"}) {
      const std::string text = fmt::format("import {}\n", module);
      auto code = machine.compile(text, "<test>", compile::CompileMode::kExec);
      REQUIRE(code.ok());
      REQUIRE(machine.run_module_code(code->get(), machine.state().main_names).ok());
    }
    for (uint32_t i = 0; i < machine.state().modules->used; ++i) {
      Value module = machine.state().modules->entries[i].value;
      if (has_kind(module, BuiltinType::kModule) && !equal(static_cast<Module*>(module.as_object())->name, "sys")) look_at_names(static_cast<Module*>(module.as_object())->dict);
    }
    for (uint32_t i = 0; i <= static_cast<uint32_t>(BuiltinType::kLock); ++i) {
      Type* type = heap.type(static_cast<BuiltinType>(i));
      if (!type) continue;
      if (type->attributes) look_at_names(type->attributes);
      if (type->construct && effect_of(*type->construct) == Effect::kUnknown)
        unknown.emplace_back(type->construct->signature.name);
    }
  });
  std::sort(unknown.begin(), unknown.end());
  unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
  CHECK(joined(unknown) == "");
}

TEST_CASE("expressions are read back from the instructions") {
  auto named = [](const std::string& source) {
    return touched(source);
  };
  CHECK(named("class N: pass\na = N()\na.b = N()\na.b.c = [0]\na.b.c[0] += 1\n").find("write item a.b.c[0] 0 -> 1") !=
        std::string::npos);
  CHECK(named("L = [0]\nM = [0]\n(L if L else M)[0] = 2\n").find("write item L[0] 0 -> 2") != std::string::npos);
}

}  // namespace mini::observe::test
