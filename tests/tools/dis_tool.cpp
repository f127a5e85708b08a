// Prints the instructions of a script in a form that programs read, for tests/bytecode_oracle.py: a line
// `code NAME FIRST_LINE STACK_SIZE` for each code object, in the order in which the constants nest, and for
// each of its instructions `LISTING_LINE OPNAME ARGUMENT line end_line column end_column`. Without a file, an
// exit status of 1.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "interp/bytecode/code.h"
#include "interp/compile/compile.h"

namespace {

using namespace mini;

void print(const bytecode::Code& code) {
  std::printf("code %s %u %u\n", code.name.c_str(), code.first_line, code.stack_size);
  for (uint32_t i = 0; i < code.units.size(); ++i) {
    const bytecode::PositionRun& run = code.position_run(i);
    std::printf("%u %s %u %u %u %u %u\n", run.listing_line, std::string(name(code.units[i].opcode)).c_str(),
                code.units[i].argument, run.position.line, run.position.end_line, run.position.column,
                run.position.end_column);
  }
  for (const bytecode::Literal& constant : code.constants) {
    if (const auto* inner = std::get_if<std::shared_ptr<const bytecode::Code>>(&constant.value))
      print(**inner);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int status = 0;
  for (int i = 1; i < argc; ++i) {
    std::ifstream stream(argv[i], std::ios::binary);
    compile::SourceFile source(argv[i], {std::istreambuf_iterator<char>(stream), {}});
    compile::Diagnostics diagnostics(source);
    std::printf("file %s\n", argv[i]);
    const auto code =
        compile::compile_source(source, compile::CompileMode::kExec, {.filename = argv[i]}, diagnostics);
    if (code) {
      print(*code);
    } else {
      std::printf("error %u:%u %s\n", diagnostics.first_error().line, diagnostics.first_error().column,
                  diagnostics.first_error().message.c_str());
      status = 1;
    }
  }
  return status;
}
