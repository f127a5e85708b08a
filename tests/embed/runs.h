// What several tests of embedding run with.
#pragma once

#include <doctest/doctest.h>

#include "mini/mini.h"

constexpr mini::Runner kRunners[] = {mini::Runner::kOsThreads, mini::Runner::kOneThread};

/// The Error that `f` throws.
template <class F>
mini::Error error_of(F f) {
  try {
    f();
  } catch (const mini::Error& error) {
    return error;
  }
  FAIL("no error");
  return mini::Error::raise("", "");
}
