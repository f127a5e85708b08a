// The features of `__future__`; all but one have been part of the language for long.
#include "interp/compile/future.h"

#include <algorithm>
#include <array>
#include <string>

#include "interp/compile/codegen.h"

namespace mini::compile {

using namespace ast;

namespace {

constexpr std::array<std::string_view, 9> kFeatures = {"nested_scopes",    "generators",     "division",
                                                       "absolute_import",  "with_statement", "print_function",
                                                       "unicode_literals", "generator_stop", "annotations"};

}  // namespace

FutureFeatures find_future_features(const Module& module, Diagnostics& diagnostics) {
  FutureFeatures features;
  for (const Statement* statement : module.body.subspan(docstring(module.body) ? 1 : 0)) {
    const auto* import = dynamic<ImportFrom>(statement);
    if (!import || import->module != "__future__" || import->level != 0) break;
    for (const Alias& alias : import->names) {
      const std::string name(alias.name);
      const Range start = {import->range.line, import->range.column, import->range.line,
                           import->range.column + 1};
      if (name == "braces") {
        diagnostics.syntax_error(start, "not a chance");
      } else if (std::ranges::find(kFeatures, name) == kFeatures.end()) {
        diagnostics.syntax_error(start, "future feature " + name + " is not defined");
      }
      features.annotations |= name == "annotations";
    }
    features.last_line = import->range.line;
  }
  return features;
}

}  // namespace mini::compile
