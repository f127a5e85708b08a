// The modules written in C++: what fills each of them.
#pragma once

#include "interp/vm/native.h"

namespace mini::modules {

using vm::Machine;
using object::Module;
using base::Result;

Result<void> fill_builtins(Machine&, Module*);
Result<void> fill_sys(Machine&, Module*);
Result<void> fill_thread(Machine&, Module*);
Result<void> fill_time(Machine&, Module*);
Result<void> fill_math(Machine&, Module*);
Result<void> fill_random(Machine&, Module*);
Result<void> fill_gc(Machine&, Module*);
Result<void> fill_abc(Machine&, Module*);
Result<void> fill_itertools(Machine&, Module*);
Result<void> fill_operator(Machine&, Module*);
Result<void> fill_collections(Machine&, Module*);
Result<void> fill_functools(Machine&, Module*);
Result<void> fill_heapq(Machine&, Module*);
Result<void> fill_bisect(Machine&, Module*);
Result<void> fill_weakref(Machine&, Module*);
Result<void> fill_atexit(Machine&, Module*);
Result<void> fill_signal(Machine&, Module*);
Result<void> fill_io(Machine&, Module*);
Result<void> fill_posix(Machine&, Module*);
Result<void> fill_dis(Machine&, Module*);
Result<void> fill_traceback(Machine&, Module*);
Result<void> fill_mini_gil(Machine&, Module*);
Result<void> fill_queue(Machine&, Module*);
Result<void> fill_multiprocessing(Machine&, Module*);
Result<void> fill_interpreters(Machine&, Module*);

/// What a machine is created with: the modules above, and the prelude.
const vm::Library& library();

/// The prelude, compiled at build time from interp/prelude.
std::span<const vm::PreludeModule> prelude();

}  // namespace mini::modules
