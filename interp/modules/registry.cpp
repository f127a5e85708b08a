// The table of modules.
#include "interp/modules/modules.h"

namespace mini::modules {
namespace {

constexpr vm::NativeModule kModules[] = {
    {"builtins", fill_builtins}, {"sys", fill_sys},        {"_thread", fill_thread}, {"time", fill_time},
    {"math", fill_math},         {"_random", fill_random}, {"gc", fill_gc},          {"mini_gil", fill_mini_gil},
    {"itertools", fill_itertools}, {"operator", fill_operator}, {"_collections", fill_collections},
    {"_functools", fill_functools}, {"_weakref", fill_weakref}, {"atexit", fill_atexit},     {"_signal", fill_signal},
    {"io", fill_io},             {"posix", fill_posix},
    {"_queue", fill_queue},
};

const std::string_view* prelude_source(std::string_view module_name) {
  for (const PreludeSource& source : kPreludeSources)
    if (source.name == module_name) return &source.text;
  return nullptr;
}

constexpr vm::Library kLibrary{kModules, prelude_source};

}  // namespace

const vm::Library& library() { return kLibrary; }

}  // namespace mini::modules
