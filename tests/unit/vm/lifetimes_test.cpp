// Freeing is a loop, not a recursion, and a cycle collection may come at any allocation.
#include "tests/unit/vm/program_writer.h"
#include "tests/unit/vm/run.h"

using namespace mini;
using namespace mini::vm;
using namespace mini::vm::test;

TEST_CASE("a chain of a million objects is freed without recursion") {
  const Run run = run_script(R"(class Node:
    __slots__ = ('next',)
    def __init__(self, next):
        self.next = next
node = cons = None
for i in range(1000000):
    cons = (cons,)
for i in range(200000):
    node = Node(node)
node = cons = None
print('freed')
)",
                             {}, false);
  CHECK(run.output == "freed\n");
  CHECK(run.status == 0);
}

TEST_CASE("a collection at each allocation changes nothing that a program prints") {
  for (uint64_t number = 3000; number < 3006; ++number) {
    const std::string program = ProgramWriter(number, false).program();
    CAPTURE(program);
    Options options;
    options.schedule = "every:50";
    options.os_threads = false;
    const Run plain = run_script(program, options, false);
    options.collect_always = true;
    const Run collected = run_script(program, options, false);
    INFO(difference(plain, collected));
    REQUIRE(plain == collected);
    CHECK(!plain.output.empty());
  }
}
