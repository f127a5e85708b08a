// Assertions on the program's own invariants. They stay in release builds: a broken invariant in an
// interpreter is memory corruption in waiting, and the checks are chosen to be cheap.
#pragma once

namespace mini::base {

/// Prints "FILE:LINE: mini: broken invariant: EXPRESSION" to standard error and aborts. Async-signal-safe
/// and allocation-free, so it also works when memory is exhausted or corrupted.
[[noreturn, gnu::cold]] void assertion_failed(const char* file, int line, const char* expression);

}  // namespace mini::base

#define MINI_ASSERT(condition)                               \
  (__builtin_expect(!!(condition), 1) ? static_cast<void>(0) \
                                      : ::mini::base::assertion_failed(__FILE__, __LINE__, #condition))

/// Marks a place that no valid state can reach; aborts when it is reached.
#define MINI_UNREACHABLE() ::mini::base::assertion_failed(__FILE__, __LINE__, "unreachable")
