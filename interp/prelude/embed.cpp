// Compiles the prelude when mini is built, and writes it as one C++ file:  prelude_compiler OUTPUT FOLDER FILE.mini...
// FOLDER/a/b.mini is the module a.b, FOLDER/a/__init__.mini the package a. What the program holds are the images of the
// code objects (bytecode/image.h); importing one neither parses nor generates code.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "interp/bytecode/image.h"
#include "interp/compile/compile.h"

namespace {

using namespace mini;

/// The image of the file, or nothing with the error printed. A warning is an error: nobody would see it later.
std::string compile_file(const std::string& path, const std::string& module) {
  std::ifstream stream(path, std::ios::binary);
  compile::SourceFile source(path, {std::istreambuf_iterator<char>(stream), {}});
  compile::Diagnostics diagnostics(source);
  const auto code = compile::compile_source(source, compile::CompileMode::kExec,
                                            {.filename = "<" + module + ">", .is_prelude = true}, diagnostics);
  for (const compile::Diagnostic& warning : diagnostics.warnings())
    std::fprintf(stderr, "%s", compile::render(warning, path).c_str());
  if (!code) std::fprintf(stderr, "%s", compile::render(diagnostics.first_error(), path).c_str());
  return code && diagnostics.warnings().empty() ? bytecode::write_image(*code) : std::string();
}

/// A string literal of any bytes, 32 a line: always three octal digits, so that no digit behind joins in.
std::string literal(const std::string& bytes) {
  static constexpr size_t kBytesPerLine = 32;
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % kBytesPerLine == 0) text += i == 0 ? "\"" : "\"\n  \"";
    const auto byte = static_cast<unsigned char>(bytes[i]);
    for (int shift : {6, 3, 0}) {
      if (shift == 6) text += '\\';
      text += static_cast<char>('0' + (byte >> shift & 7));
    }
  }
  return text + "\"";
}

std::string module_name(const std::filesystem::path& relative) {
  std::string name;
  for (const auto& part : relative.parent_path() / relative.stem())
    if (part != "__init__") name += (name.empty() ? "" : ".") + part.string();
  return name;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return std::fprintf(stderr, "prelude_compiler OUTPUT FOLDER FILE.mini...\n"), 2;
  std::string text = "// Generated from interp/prelude.\n#include \"interp/modules/modules.h\"\n\nnamespace mini::modules {\n\n"
                     "static constexpr vm::PreludeModule kPrelude[] = {\n";
  for (int i = 3; i < count; ++i) {
    const auto relative = std::filesystem::path(arguments[i]).lexically_relative(arguments[2]);
    const std::string name = module_name(relative);
    const std::string image = compile_file(arguments[i], name);
    if (image.empty()) return 1;
    text += "{\"" + name + "\", {" + literal(image) + ", " + std::to_string(image.size()) + "}, " +
            (relative.stem() == "__init__" ? "true" : "false") + "},\n";
  }
  text += "};\n\nstd::span<const vm::PreludeModule> prelude() { return kPrelude; }\n\n}  // namespace mini::modules\n";
  std::ofstream output(arguments[1], std::ios::binary);
  output << text;
  return output.flush() ? 0 : 1;
}
