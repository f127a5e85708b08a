// Parses the programs of standard input, for tests/parser_oracle.py: each as "LENGTH MODE\n" and its bytes.
// Writes for each the tree (format: ast_dump.h) or "error", kind, line, column, end line, end column, whether
// it is incomplete, and the message, tabs between; then a byte 0x01 and a line end.
#include <cstddef>
#include <iostream>
#include <string>

#include "interp/compile/parser.h"
#include "tests/unit/compile/ast_dump.h"

int main() {
  using namespace mini::compile;
  size_t length = 0;
  std::string mode;
  while (std::cin >> length >> mode) {
    std::cin.get();
    std::string text(length, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(length));
    SourceFile source("F", text, mode == "exec" ? SourceFile::Origin::kString : SourceFile::Origin::kUnended);
    Arena arena;
    Diagnostics diagnostics(source);
    ast::Mode kind = mode == "eval"     ? ast::Mode::kEval
                     : mode == "single" ? ast::Mode::kInteractive
                                        : ast::Mode::kFile;
    if (ast::Module* module = parse(source, kind, arena, diagnostics)) {
      std::cout << dump(*module);
    } else {
      const Diagnostic& e = diagnostics.first_error();
      std::cout << "error\t" << name_of(e.kind) << '\t' << e.line << '\t' << e.column << '\t' << e.end_line
                << '\t' << e.end_column << '\t' << diagnostics.incomplete() << '\t' << e.message;
    }
    for (const Diagnostic& warning : diagnostics.warnings()) {
      std::cout << "\nwarning\t" << warning.line << '\t' << warning.message;
    }
    std::cout << "\x01\n";
  }
}
