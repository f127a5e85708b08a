#include "runtime/base/memory.h"
#include <doctest/doctest.h>
TEST_CASE("smoke") { auto* m = mini::base::Memory::create(); void* p = m->allocate(30); CHECK(p); CHECK(&m->of(p)==m); m->release(p,30); CHECK(m->used()==0); auto s=m->save(); m->restore(s); mini::base::Memory::destroy(m);}
