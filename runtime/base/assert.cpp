// The cold half of MINI_ASSERT.
#include "runtime/base/assert.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace mini::base {

namespace {
void print(const char* text, size_t length) {
  // A report that cannot be written cannot be reported either: abort() follows in any case.
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, text, length);
}
}  // namespace

void assertion_failed(const char* file, int line, const char* expression) {
  char number[16];
  const char* end = std::to_chars(number, number + sizeof number, line).ptr;
  print(file, std::strlen(file));
  print(":", 1);
  print(number, static_cast<size_t>(end - number));
  constexpr char kMessage[] = ": mini: broken invariant: ";
  print(kMessage, sizeof kMessage - 1);
  print(expression, std::strlen(expression));
  print("\n", 1);
  std::abort();
}

}  // namespace mini::base
