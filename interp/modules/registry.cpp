// The table of modules.
#include "interp/modules/modules.h"

namespace mini::modules {
namespace {

constexpr vm::NativeModule kModules[] = {
    {"builtins", fill_builtins}, {"sys", fill_sys},        {"_thread", fill_thread}, {"time", fill_time},
    {"math", fill_math},         {"_random", fill_random}, {"gc", fill_gc},          {"mini_gil", fill_mini_gil},
    {"itertools", fill_itertools}, {"operator", fill_operator}, {"_collections", fill_collections},
    {"_functools", fill_functools}, {"_heapq", fill_heapq},  {"_bisect", fill_bisect}, {"_weakref", fill_weakref}, {"atexit", fill_atexit},     {"_signal", fill_signal},
    {"io", fill_io},             {"posix", fill_posix},
    {"_queue", fill_queue},      {"_abc", fill_abc},          {"_traceback", fill_traceback},
    {"_dis", fill_dis},          {"_multiprocessing", fill_multiprocessing},
    {"_interpreters", fill_interpreters},
};

}  // namespace

const vm::Library& library() {
  static const vm::Library kLibrary{kModules, prelude()};
  return kLibrary;
}

}  // namespace mini::modules
