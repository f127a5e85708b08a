// Compiles texts for tests.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "interp/compile/compile.h"

namespace mini::compile {

/// The code of `text`, which must be right.
inline std::shared_ptr<const bytecode::Code> compiled(const std::string& text,
                                                      CompileMode mode = CompileMode::kExec) {
  const SourceFile source("test.py", text);
  Diagnostics diagnostics(source);
  auto code = compile_source(source, mode, {}, diagnostics);
  REQUIRE_MESSAGE(code, text << ": " << diagnostics.first_error().message);
  return code;
}

/// The code object of that name in the constants of `code`.
inline std::shared_ptr<const bytecode::Code> inner(const bytecode::Code& code, std::string_view name) {
  for (const auto& constant : code.constants) {
    const auto* found = std::get_if<std::shared_ptr<const bytecode::Code>>(&constant.value);
    if (found && (*found)->name == name) return *found;
  }
  FAIL("no code object " << name);
  return nullptr;
}

}  // namespace mini::compile
