// The order of the passes: parse, fold, symbols, code. (CPython 3.9 folds before it makes the symbol table.)
#include "interp/compile/compile.h"

#include "interp/compile/arena.h"
#include "interp/compile/codegen.h"
#include "interp/compile/folding.h"
#include "interp/compile/future.h"
#include "interp/compile/parser.h"
#include "interp/compile/symbols.h"

namespace mini::compile {

std::shared_ptr<const bytecode::Code> compile_source(const SourceFile& source, CompileMode mode,
                                                     const CompileOptions& options,
                                                     Diagnostics& diagnostics) {
  Arena arena(options.memory_limit);
  const ast::Mode tree_mode = mode == CompileMode::kSingle ? ast::Mode::kInteractive
                              : mode == CompileMode::kEval ? ast::Mode::kEval
                                                           : ast::Mode::kFile;
  ast::Module* module = parse(source, tree_mode, arena, diagnostics);
  if (!module) return nullptr;
  diagnostics.set_parsed();
  const FutureFeatures future = find_future_features(*module, diagnostics);
  if (diagnostics.failed()) return nullptr;
  fold_constants(*module, future, arena);
  const SymbolTable symbols = build_symbols(*module, future, arena, diagnostics);
  if (diagnostics.failed()) return nullptr;
  const CodegenOptions codegen_options{options.filename.empty() ? source.name() : options.filename,
                                       options.is_prelude, future};
  return CodeGenerator(symbols, arena, diagnostics, codegen_options).generate(*module);
}

}  // namespace mini::compile
