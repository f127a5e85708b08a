// A data race on purpose: two OS threads change an object's count at once, neither holding a GIL. Built into the TSan
// tree only, whose test expects a report: it shows that a true race in a VM's memory would be seen.
#include <thread>

#include "runtime/base/memory.h"
#include "runtime/object/object.h"

int main() {
  using mini::object::Object;
  auto* memory = mini::base::Memory::create();
  auto* object = static_cast<Object*>(memory->allocate(sizeof(Object)));
  object->count = 1;
  auto change = [object] {
    for (int i = 0; i < 1000; ++i) mini::object::incref(object);
  };
  std::thread one(change), other(change);
  one.join();
  other.join();
  mini::base::Memory::destroy(memory);
  return 0;
}
