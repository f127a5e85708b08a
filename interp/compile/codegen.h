// From the syntax tree to instructions: the order and choice of CPython 3.9's compiler (Python/compile.c),
// with the source positions that CPython 3.13 gives to the same operations. The member functions are spread
// by topic over the codegen_*.cpp files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "interp/bytecode/code.h"
#include "interp/compile/arena.h"
#include "interp/compile/assembler.h"
#include "interp/compile/ast.h"
#include "interp/compile/constants.h"
#include "interp/compile/diagnostics.h"
#include "interp/compile/future.h"
#include "interp/compile/symbols.h"

namespace mini::compile {

/// Names in the order of their first use, which is their index.
class NameTable {
 public:
  uint32_t add(std::string_view name) {
    auto [entry, inserted] = index_.try_emplace(name, static_cast<uint32_t>(names_.size()));
    if (inserted) names_.push_back(name);
    return entry->second;
  }
  uint32_t index(std::string_view name) const { return index_.at(name); }
  uint32_t size() const { return static_cast<uint32_t>(names_.size()); }
  std::vector<std::string> strings() const { return {names_.begin(), names_.end()}; }

 private:
  std::vector<std::string_view> names_;
  std::unordered_map<std::string_view, uint32_t> index_;
};

enum class UnitKind : uint8_t { kModule, kClass, kFunction, kLambda, kComprehension };

/// What `break`, `continue` and `return` have to undo on their way out.
struct EnclosingBlock {
  enum class Kind : uint8_t {
    kWhile,
    kFor,
    kTry,             ///< The body of try … except.
    kTryFinally,      ///< What a finally clause protects.
    kFinallyHandler,  ///< A finally clause that runs because of an exception.
    kWith,
    kHandler,  ///< An except clause.
    kValue,    ///< The value of `return`, while finally clauses run.
  };
  Kind kind;
  Label start{};  ///< Loops: where `continue` goes.
  Label exit{};   ///< Loops: where `break` goes.
  ast::Statements finally_body{};
  std::string_view handler_name{};  ///< Of `except … as name`.
  ast::Range range{};               ///< kWith: the context expression.
};

/// A code object that is being made.
struct Unit {
  UnitKind kind = UnitKind::kModule;
  Unit* parent = nullptr;
  const Scope* scope = nullptr;
  std::string_view class_name;  ///< Of the class around, for mangling.
  std::string qualified_name;
  std::shared_ptr<bytecode::Code> code;

  InstructionList list;
  ConstantTable constants;
  NameTable names;
  NameTable varnames;
  NameTable cells;
  NameTable frees;
  std::vector<EnclosingBlock> blocks;
  bool returned = false;  ///< A RETURN_VALUE stands behind the last label.

  ast::Range range;   ///< Position of what is emitted.
  uint32_t line = 0;  ///< Its line in a listing; 0, as that of the instruction before.
};

struct CodegenOptions {
  std::string filename;
  bool is_prelude = false;
  FutureFeatures future{};
};

class CodeGenerator {
 public:
  CodeGenerator(const SymbolTable& symbols, Arena& arena, Diagnostics& diagnostics,
                const CodegenOptions& options)
      : symbols_(symbols), arena_(arena), diagnostics_(diagnostics), options_(options) {}

  /// Null after an error.
  std::shared_ptr<const bytecode::Code> generate(const ast::Module& module);

 private:
  using Opcode = bytecode::Opcode;
  using CodePointer = std::shared_ptr<const bytecode::Code>;

  // codegen.cpp: units, names and instructions.
  void enter(UnitKind kind, std::string_view name, const void* node, uint32_t first_line);
  CodePointer leave(bool returns_none);
  std::string qualify(std::string_view name) const;
  uint32_t code_flags() const;
  bool failed() const { return diagnostics_.failed(); }
  void error(const ast::Range& range, std::string message) {
    diagnostics_.syntax_error(range, std::move(message));
  }
  void warn(const ast::Range& range, std::string message) { diagnostics_.warning(range, std::move(message)); }

  void emit(Opcode opcode, uint32_t argument = 0);
  void emit_jump(Opcode opcode, Label target, int32_t loop = -1);
  void emit_constant(bytecode::Literal literal);
  void emit_none() { emit_constant({bytecode::NoneLiteral{}}); }
  void emit_string(std::string_view text) { emit_constant(string_literal(text)); }
  void emit_named(Opcode opcode, std::string_view name);
  Label new_label() { return unit_->list.new_label(); }
  void place(Label label) {
    unit_->list.place(label);
    unit_->returned = false;
  }
  void name(std::string_view name, ast::Context context);
  void check_name(const ast::Range& range, std::string_view name, ast::Context context);
  std::string_view mangled(std::string_view name) const { return mangle(unit_->class_name, name, arena_); }
  /// Where the attribute's name stands, if that is on another line than the object (3.13: tracebacks point
  /// there).
  static ast::Range from_attribute(const ast::Attribute& attribute, ast::Range range);

  /// Gives all that is emitted while it lives another position, but not another line in the listing.
  class At {
   public:
    At(CodeGenerator& generator, const ast::Range& range) : unit_(*generator.unit_), saved_(unit_.range) {
      unit_.range = range;
    }
    ~At() { unit_.range = saved_; }
    At(const At&) = delete;
    At& operator=(const At&) = delete;

   private:
    Unit& unit_;
    ast::Range saved_;
  };

  // codegen_statements.cpp
  void body(ast::Statements statements);
  void visit(ast::Statements statements);
  void visit(const ast::Statement* statement);
  void statement(const ast::Statement& statement);
  void expression_statement(const ast::Expr& statement);
  void assert_statement(const ast::Assert& statement);
  void import_statement(const ast::Import& statement);
  void import_from(const ast::ImportFrom& statement);
  void bind_dotted(std::string_view path, std::string_view bound);
  void raise_statement(const ast::Raise& statement);

  // codegen_targets.cpp: assignment in all its forms.
  void assign(const ast::Assign& statement);
  void augmented_assign(const ast::AugAssign& statement);
  void annotated_assign(const ast::AnnAssign& statement);
  /// Evaluates an annotation, or pushes its text under `from __future__ import annotations`.
  void annotation(const ast::Expression* expression);
  void evaluate_and_drop(const ast::Expression* expression);
  void evaluate_subscript_and_drop(const ast::Expression* slice);
  void unpack(ast::Expressions targets, const ast::Range& range);

  // codegen_control.cpp: branches, loops and the way out of them.
  void if_statement(const ast::If& statement);
  void while_statement(const ast::While& statement);
  void for_statement(const ast::For& statement);
  void break_statement(const ast::Break& statement);
  void continue_statement(const ast::Continue& statement);
  void return_statement(const ast::Return& statement);
  void jump_if(const ast::Expression* test, Label target, bool condition);
  void jump_if_comparison(const ast::Compare& test, Label target, bool condition);
  void visit_without_code(ast::Statements statements);
  void push_block(EnclosingBlock block, const ast::Range& range);
  void pop_block() { unit_->blocks.pop_back(); }
  /// Undoes the blocks from the innermost on, up to the innermost loop if `to_loop`, which is then returned.
  std::optional<EnclosingBlock> unwind_blocks(bool keep_top, bool to_loop);
  void unwind_block(const EnclosingBlock& block, bool keep_top);

  // codegen_exceptions.cpp: try and with.
  void try_statement(const ast::Try& statement);
  void try_finally(const ast::Try& statement);
  void try_except(const ast::Try& statement);
  void except_clause(const ast::ExceptHandler& handler, Label end);
  void unbind_handler_name(std::string_view name);
  void with_statement(const ast::With& statement, size_t item);
  void call_exit_with_nones();

  // codegen_expressions.cpp
  void visit(const ast::Expression* expression);
  void visit_all(ast::Expressions expressions) {
    for (const ast::Expression* expression : expressions) visit(expression);
  }
  void expression(const ast::Expression& expression);
  void bool_operation(const ast::BoolOp& node);
  void comparison(const ast::Compare& node);
  void compare_operator(ast::CompareOperator op);
  void conditional(const ast::IfExp& node);
  void dict_display(const ast::Dict& node);
  void dict_items(const ast::Dict& node, size_t begin, size_t end);
  void attribute(const ast::Attribute& node);
  void subscript(const ast::Subscript& node);
  void slice(const ast::Slice& node);
  /// Text, a replacement field or its format specification. CPython 3.9 lists them at the line where the first of the
  /// strings side by side begins, specifications where their own string begins; what stands in braces, at its line.
  void f_string_piece(const ast::Expression& node);
  void formatted_value(const ast::FormattedValue& node);
  void yield(const ast::Yield& node);
  void yield_from(const ast::YieldFrom& node);
  /// A display of `elements` on top of `pushed` values that belong in front; stars make it grow by steps.
  struct DisplayOpcodes {
    Opcode build;
    Opcode add;
    Opcode extend;
    bool tuple = false;
  };
  void display(ast::Expressions elements, uint32_t pushed, const DisplayOpcodes& opcodes);

  // codegen_calls.cpp
  void call(const ast::Call& node);
  bool method_call(const ast::Call& node);
  void call_arguments(uint32_t pushed, ast::Expressions arguments, std::span<ast::Keyword> keywords);
  void call_unpacked(uint32_t pushed, ast::Expressions arguments, std::span<ast::Keyword> keywords);
  void keyword_dict(std::span<ast::Keyword> keywords);

  // codegen_checks.cpp: warnings and errors about expressions that can never be right.
  void check_comparison(const ast::Compare& node);
  void check_callable(const ast::Expression& function);
  void check_subscriptable(const ast::Expression& value);
  void check_index(const ast::Subscript& node);
  void check_keywords(std::span<ast::Keyword> keywords);

  // codegen_comprehensions.cpp
  struct ComprehensionParts {
    std::span<ast::Comprehension> generators;
    const ast::Expression* element;
    const ast::Expression* value;  ///< Of a dict comprehension.
  };
  void comprehension(const ast::Expression& node, std::string_view name, const ComprehensionParts& parts);
  void comprehension_loop(const ast::Expression& node, const ComprehensionParts& parts, size_t index,
                          uint32_t depth);
  void comprehension_element(const ast::Expression& node, const ComprehensionParts& parts, uint32_t depth);

  // codegen_functions.cpp: functions, lambdas and classes.
  void function(const ast::FunctionDef& node);
  void lambda(const ast::Lambda& node);
  void class_definition(const ast::ClassDef& node);
  void class_body(const ast::ClassDef& node);
  uint32_t default_arguments(const ast::Arguments& arguments);
  uint32_t annotations(const ast::Arguments& arguments, const ast::Expression* returns);
  void set_parameters(const ast::Arguments& arguments);
  void check_parameters(const ast::Arguments& arguments);
  void make_closure(const CodePointer& code, uint32_t parts);
  void decorators(ast::Expressions list);
  void apply_decorators(ast::Expressions list);

  const SymbolTable& symbols_;
  Arena& arena_;
  Diagnostics& diagnostics_;
  const CodegenOptions& options_;
  Unit* unit_ = nullptr;
  bool interactive_ = false;
  int silent_ = 0;  ///< Above 0, code that can never run is only checked.
};

/// The docstring that the statements begin with, or null.
const ast::Constant* docstring(ast::Statements statements);
/// A docstring as CPython 3.13 stores it: without common indentation (compile.c, _PyCompile_CleanDoc).
std::string clean_docstring(std::string_view text);

}  // namespace mini::compile
