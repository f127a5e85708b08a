// Prints what the compiler makes, in a form that programs read, for tests/bytecode_oracle.py:
//   dis_tool FILE...            a line `file NAME` each, then for every code object, in the order in which constants
//                               nest, `code NAME FIRST_LINE STACK_SIZE` and a line for every unit:
//                               `LISTING_LINE OPNAME ARGUMENT line end_line column end_column`; or `error TEXT`
//   dis_tool --errors FILE...   the error of each as it is shown to the user, or `OK`, and all warnings
//   dis_tool --opcodes          `OPNAME NUMBER` and the stack effects for arguments 0 to 3, going on and jumping
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

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
    if (const auto* inner = std::get_if<std::shared_ptr<const bytecode::Code>>(&constant.value)) print(**inner);
  }
}

void print_opcodes() {
  for (int number = 0; number < 256; ++number) {
    if (!bytecode::is_opcode(static_cast<uint8_t>(number))) continue;
    const auto opcode = static_cast<bytecode::Opcode>(number);
    std::printf("%s %d", std::string(name(opcode)).c_str(), number);
    for (bool jump : {false, true}) {
      for (uint32_t n = 0; n < (has_argument(opcode) ? 4 : 1); ++n) {
        std::printf(" %d", stack_effect(opcode, n, jump).change());
      }
    }
    std::printf("\n");
  }
}

void print_file(const char* name, bool errors) {
  std::ifstream stream(name, std::ios::binary);
  const compile::SourceFile source(name, {std::istreambuf_iterator<char>(stream), {}});
  compile::Diagnostics diagnostics(source);
  std::printf("file %s\n", name);
  const auto code = compile::compile_source(source, compile::CompileMode::kExec, {}, diagnostics);
  if (errors) {
    std::printf("%s", code ? "OK\n" : compile::render(diagnostics.first_error(), name).c_str());
    for (const auto& warning : diagnostics.warnings()) std::printf("%u: %s\n", warning.line, warning.message.c_str());
  } else if (code) {
    print(*code);
  } else {
    std::printf("error %u: %s\n", diagnostics.first_error().line, diagnostics.first_error().message.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--opcodes") print_opcodes();
  const bool option = first.starts_with("--");
  for (int i = option ? 2 : 1; i < argc; ++i) print_file(argv[i], first == "--errors");
}
