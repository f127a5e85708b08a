// What to say about a program that cannot be parsed. See parser_diagnosis.h.
#include "interp/compile/parser_diagnosis.h"

#include "interp/compile/layout.h"

namespace mini::compile {

void diagnose(const SourceFile&, ast::Mode, uint32_t, uint32_t, const Token& stopped_at, Arena&,
              Diagnostics& diagnostics) {
  diagnostics.syntax_error({stopped_at.line, stopped_at.column, stopped_at.end_line, stopped_at.end_column},
                           "invalid syntax");
}

}  // namespace mini::compile
