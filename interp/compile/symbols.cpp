// First pass of the symbol table: collects what the text of each block does with each name.
#include "interp/compile/symbols.h"

#include <string>
#include <utility>

#include "interp/compile/symbols_analysis.h"

namespace mini::compile {

using namespace ast;

std::string_view mangle(std::string_view class_name, std::string_view name, Arena& arena) {
  if (class_name.empty() || !name.starts_with("__") || name.ends_with("__") ||
      name.find('.') != std::string_view::npos) {
    return name;
  }
  const size_t start = class_name.find_first_not_of('_');
  if (start == std::string_view::npos) return name;
  return arena.intern("_" + std::string(class_name.substr(start)) + std::string(name));
}

class SymbolTableBuilder {
 public:
  SymbolTableBuilder(const FutureFeatures& future, Arena& arena, Diagnostics& diagnostics)
      : future_(future), arena_(arena), diagnostics_(diagnostics) {}

  SymbolTable build(const Module& module) {
    module_ = enter(BlockKind::kModule, "top", &module, {});
    visit(module.body);
    leave();
    if (!failed()) analyze_symbols(*module_, diagnostics_);
    return std::move(table_);
  }

 private:
  bool failed() const { return diagnostics_.failed(); }
  void error(const Range& range, std::string_view before, std::string_view name, std::string_view after) {
    diagnostics_.syntax_error(range, std::string(before) + std::string(name) + std::string(after));
  }

  Scope* enter(BlockKind kind, std::string_view name, const void* node, const Range& range) {
    Scope* scope = table_.scopes_.emplace_back(std::make_unique<Scope>()).get();
    table_.by_node_[node] = scope;
    scope->kind = kind;
    scope->name = name;
    scope->range = range;
    if (!stack_.empty()) {
      scope->nested = current_->nested || current_->kind == BlockKind::kFunction;
      scope->comprehension_iterables = current_->comprehension_iterables;
      current_->children.push_back(scope);
    }
    stack_.push_back(scope);
    return current_ = scope;
  }
  void leave() {
    stack_.pop_back();
    current_ = stack_.empty() ? nullptr : stack_.back();
  }

  uint16_t uses(const Scope& scope, std::string_view name) const {
    const Symbol* symbol = scope.symbols.find(mangle(class_name_, name, arena_));
    return symbol ? symbol->uses : 0;
  }

  void add(Scope& scope, std::string_view name, uint16_t use, const Range& range) {
    const std::string_view mangled = mangle(class_name_, name, arena_);
    Symbol& symbol = scope.symbols[mangled];
    if (use & symbol.uses & kParameter) {
      return error(range, "duplicate argument '", name, "' in function definition");
    }
    symbol.uses |= use;
    if (scope.in_iteration_target) {
      if (symbol.uses & (kDeclaredGlobal | kDeclaredNonlocal)) {
        return error(range, "comprehension inner loop cannot rebind assignment expression target '", name,
                     "'");
      }
      symbol.uses |= kIterationVariable;
    }
    if (use & kParameter) scope.parameters.push_back(mangled);
    if (use & kDeclaredGlobal) module_->symbols[mangled].uses |= kDeclaredGlobal;
  }
  void add(std::string_view name, uint16_t use, const Range& range) { add(*current_, name, use, range); }

  void declare(std::string_view name, uint16_t use, const Range& range) {
    add(name, use, range);
    current_->directives.emplace_back(mangle(class_name_, name, arena_), range);
  }

  // Statements.

  void visit(Statements statements) {
    for (const Statement* statement : statements) visit(statement);
  }

  void visit(const Statement* statement) {
    if (!failed()) dispatch(statement);
  }

  void dispatch(const Statement* statement) {
    switch (statement->kind) {
      case StatementKind::kFunctionDef:
        return visit_function(*as<FunctionDef>(statement));
      case StatementKind::kClassDef:
        return visit_class(*as<ClassDef>(statement));
      case StatementKind::kReturn:
        return visit(as<Return>(statement)->value);
      case StatementKind::kDelete:
        return visit(as<Delete>(statement)->targets);
      case StatementKind::kAssign:
        visit(as<Assign>(statement)->targets);
        return visit(as<Assign>(statement)->value);
      case StatementKind::kAugAssign:
        visit(as<AugAssign>(statement)->target);
        return visit(as<AugAssign>(statement)->value);
      case StatementKind::kAnnAssign:
        return visit_annotated(*as<AnnAssign>(statement));
      case StatementKind::kFor: {
        const auto* loop = as<For>(statement);
        visit(loop->target);
        visit(loop->iter);
        visit(loop->body);
        return visit(loop->orelse);
      }
      case StatementKind::kWhile: {
        const auto* loop = as<While>(statement);
        visit(loop->test);
        visit(loop->body);
        return visit(loop->orelse);
      }
      case StatementKind::kIf: {
        const auto* branch = as<If>(statement);
        visit(branch->test);
        visit(branch->body);
        return visit(branch->orelse);
      }
      case StatementKind::kWith:
        for (const WithItem& item : as<With>(statement)->items) {
          visit(item.context_expr);
          visit(item.optional_vars);
        }
        return visit(as<With>(statement)->body);
      case StatementKind::kRaise:
        visit(as<Raise>(statement)->exc);
        return visit(as<Raise>(statement)->cause);
      case StatementKind::kTry:
        return visit_try(*as<Try>(statement));
      case StatementKind::kAssert:
        visit(as<Assert>(statement)->test);
        return visit(as<Assert>(statement)->msg);
      case StatementKind::kImport:
        return visit(as<Import>(statement)->names);
      case StatementKind::kImportFrom:
        return visit(as<ImportFrom>(statement)->names);
      case StatementKind::kGlobal:
        for (std::string_view name : as<Global>(statement)->names) {
          visit_declaration(name, kDeclaredGlobal, "global", statement->range);
        }
        return;
      case StatementKind::kNonlocal:
        for (std::string_view name : as<Nonlocal>(statement)->names) {
          visit_declaration(name, kDeclaredNonlocal, "nonlocal", statement->range);
        }
        return;
      case StatementKind::kExpr:
        return visit(as<Expr>(statement)->value);
      case StatementKind::kPass:
      case StatementKind::kBreak:
      case StatementKind::kContinue:
        return;
    }
  }

  void visit_function(const FunctionDef& function) {
    add(function.name, kAssigned, function.range);
    visit(function.args->defaults);
    visit(function.args->kw_defaults);
    if (!future_.annotations) {
      visit_annotations(*function.args);
      visit(function.returns);
    }
    visit(function.decorator_list);
    enter(BlockKind::kFunction, function.name, &function, function.range);
    visit_parameters(*function.args);
    visit(function.body);
    leave();
  }

  void visit_class(const ClassDef& definition) {
    add(definition.name, kAssigned, definition.range);
    visit(definition.bases);
    for (const Keyword& keyword : definition.keywords) visit(keyword.value);
    visit(definition.decorator_list);
    enter(BlockKind::kClass, definition.name, &definition, definition.range);
    const std::string_view outer = std::exchange(class_name_, definition.name);
    visit(definition.body);
    class_name_ = outer;
    leave();
  }

  void visit_annotated(const AnnAssign& assign) {
    if (const auto* name = dynamic<Name>(assign.target)) {
      const uint16_t seen = uses(*current_, name->id);
      if (assign.simple && current_ != module_ && (seen & (kDeclaredGlobal | kDeclaredNonlocal))) {
        return error(assign.range, "annotated name '", name->id,
                     seen & kDeclaredGlobal ? "' can't be global" : "' can't be nonlocal");
      }
      if (assign.simple) {
        add(name->id, kAnnotated | kAssigned, name->range);
      } else if (assign.value) {
        add(name->id, kAssigned, name->range);
      }
    } else {
      visit(assign.target);
    }
    if (!future_.annotations) visit(assign.annotation);
    visit(assign.value);
  }

  void visit_try(const Try& statement) {
    visit(statement.body);
    for (const ExceptHandler& handler : statement.handlers) {
      visit(handler.type);
      if (!handler.name.empty()) add(handler.name, kAssigned, handler.range);
      visit(handler.body);
    }
    visit(statement.orelse);
    visit(statement.finalbody);
  }

  void visit(std::span<Alias> names) {
    for (const Alias& alias : names) {
      if (alias.name == "*") {
        if (current_->kind != BlockKind::kModule) {
          diagnostics_.syntax_error(alias.range, "import * only allowed at module level");
        }
        continue;
      }
      const std::string_view stored =
          alias.asname.empty() ? alias.name.substr(0, alias.name.find('.')) : alias.asname;
      add(arena_.intern(stored), kImported, alias.range);
    }
  }

  void visit_declaration(std::string_view name, uint16_t use, std::string_view keyword, const Range& range) {
    const uint16_t seen = uses(*current_, name);
    const std::string word(keyword);
    if (seen & kParameter) return error(range, "name '", name, "' is parameter and " + word);
    if (seen & kUsed) return error(range, "name '", name, "' is used prior to " + word + " declaration");
    if (seen & kAnnotated) return error(range, "annotated name '", name, "' can't be " + word);
    if (seen & kAssigned)
      return error(range, "name '", name, "' is assigned to before " + word + " declaration");
    declare(name, use, range);
  }

  void visit_annotations(const Arguments& arguments) {
    for (const Argument& argument : arguments.posonlyargs) visit(argument.annotation);
    for (const Argument& argument : arguments.args) visit(argument.annotation);
    if (arguments.vararg) visit(arguments.vararg->annotation);
    if (arguments.kwarg) visit(arguments.kwarg->annotation);
    for (const Argument& argument : arguments.kwonlyargs) visit(argument.annotation);
  }

  void visit_parameters(const Arguments& arguments) {
    for (const Argument& argument : arguments.posonlyargs) add(argument.name, kParameter, argument.range);
    for (const Argument& argument : arguments.args) add(argument.name, kParameter, argument.range);
    for (const Argument& argument : arguments.kwonlyargs) add(argument.name, kParameter, argument.range);
    if (arguments.vararg) {
      add(arguments.vararg->name, kParameter, arguments.vararg->range);
      current_->var_args = true;
    }
    if (arguments.kwarg) {
      add(arguments.kwarg->name, kParameter, arguments.kwarg->range);
      current_->var_keywords = true;
    }
  }

  // Expressions.

  template <class Sequence>
  requires std::is_same_v<Sequence, Expressions>
  void visit(Sequence expressions) {
    for (const Expression* expression : expressions) visit(expression);
  }

  void visit(const Expression* expression) {
    if (expression && !failed()) dispatch(expression);
  }

  void dispatch(const Expression* expression) {
    switch (expression->kind) {
      case ExpressionKind::kBoolOp:
        return visit(as<BoolOp>(expression)->values);
      case ExpressionKind::kNamedExpr:
        return visit_named(*as<NamedExpr>(expression));
      case ExpressionKind::kBinOp:
        visit(as<BinOp>(expression)->left);
        return visit(as<BinOp>(expression)->right);
      case ExpressionKind::kUnaryOp:
        return visit(as<UnaryOp>(expression)->operand);
      case ExpressionKind::kLambda: {
        const auto* lambda = as<Lambda>(expression);
        visit(lambda->args->defaults);
        visit(lambda->args->kw_defaults);
        enter(BlockKind::kFunction, "lambda", lambda, lambda->range);
        visit_parameters(*lambda->args);
        visit(lambda->body);
        return leave();
      }
      case ExpressionKind::kIfExp:
        visit(as<IfExp>(expression)->test);
        visit(as<IfExp>(expression)->body);
        return visit(as<IfExp>(expression)->orelse);
      case ExpressionKind::kDict:
        visit(as<Dict>(expression)->keys);
        return visit(as<Dict>(expression)->values);
      case ExpressionKind::kSet:
        return visit(as<Set>(expression)->elts);
      case ExpressionKind::kListComp: {
        const auto* node = as<ListComp>(expression);
        return visit_comprehension(*node, "listcomp", "list comprehension", node->generators, node->elt,
                                   nullptr);
      }
      case ExpressionKind::kSetComp: {
        const auto* node = as<SetComp>(expression);
        return visit_comprehension(*node, "setcomp", "set comprehension", node->generators, node->elt,
                                   nullptr);
      }
      case ExpressionKind::kDictComp: {
        const auto* node = as<DictComp>(expression);
        return visit_comprehension(*node, "dictcomp", "dict comprehension", node->generators, node->key,
                                   node->value);
      }
      case ExpressionKind::kGeneratorExp: {
        const auto* node = as<GeneratorExp>(expression);
        return visit_comprehension(*node, "genexpr", "generator expression", node->generators, node->elt,
                                   nullptr);
      }
      case ExpressionKind::kYield:
        return visit_yield(*expression, as<Yield>(expression)->value);
      case ExpressionKind::kYieldFrom:
        return visit_yield(*expression, as<YieldFrom>(expression)->value);
      case ExpressionKind::kCompare:
        visit(as<Compare>(expression)->left);
        return visit(as<Compare>(expression)->comparators);
      case ExpressionKind::kCall:
        visit(as<Call>(expression)->func);
        visit(as<Call>(expression)->args);
        for (const Keyword& keyword : as<Call>(expression)->keywords) visit(keyword.value);
        return;
      case ExpressionKind::kFormattedValue:
        visit(as<FormattedValue>(expression)->value);
        return visit(as<FormattedValue>(expression)->format_spec);
      case ExpressionKind::kJoinedStr:
        return visit(as<JoinedStr>(expression)->values);
      case ExpressionKind::kConstant:
        return;
      case ExpressionKind::kAttribute:
        return visit(as<Attribute>(expression)->value);
      case ExpressionKind::kSubscript:
        visit(as<Subscript>(expression)->value);
        return visit(as<Subscript>(expression)->slice);
      case ExpressionKind::kStarred:
        return visit(as<Starred>(expression)->value);
      case ExpressionKind::kName:
        return visit_name(*as<Name>(expression));
      case ExpressionKind::kList:
        return visit(as<List>(expression)->elts);
      case ExpressionKind::kTuple:
        return visit(as<Tuple>(expression)->elts);
      case ExpressionKind::kSlice:
        visit(as<Slice>(expression)->lower);
        visit(as<Slice>(expression)->upper);
        return visit(as<Slice>(expression)->step);
    }
  }

  void visit_name(const Name& name) {
    add(name.id, name.ctx == Context::kLoad ? kUsed : kAssigned, name.range);
    // Zero-argument super() needs the class.
    if (name.ctx == Context::kLoad && current_->kind == BlockKind::kFunction && name.id == "super") {
      add(arena_.intern("__class__"), kUsed, name.range);
    }
  }

  void visit_yield(const Expression& yield, const Expression* value) {
    visit(value);
    current_->generator = true;
    if (current_->comprehension) error(yield.range, "'yield' inside ", comprehension_name_, "");
  }

  void visit_named(const NamedExpr& named) {
    if (current_->comprehension_iterables > 0) {
      return diagnostics_.syntax_error(
          named.range, "assignment expression cannot be used in a comprehension iterable expression");
    }
    if (current_->comprehension) extend_scope(*as<Name>(named.target));
    visit(named.value);
    visit(named.target);
  }

  /// The target of `:=` in a comprehension is a variable of the block around it.
  void extend_scope(const Name& target) {
    for (auto scope = stack_.rbegin(); scope != stack_.rend(); ++scope) {
      const uint16_t seen = uses(**scope, target.id);
      if ((*scope)->comprehension) {
        if ((seen & kIterationVariable) && (seen & (kAssigned | kDeclaredGlobal))) {
          return error(target.range, "assignment expression cannot rebind comprehension iteration variable '",
                       target.id, "'");
        }
        continue;
      }
      if ((*scope)->kind == BlockKind::kClass) {
        return diagnostics_.syntax_error(
            target.range, "assignment expression within a comprehension cannot be used in a class body");
      }
      const bool global = (*scope)->kind == BlockKind::kModule || (seen & kDeclaredGlobal);
      declare(target.id, global ? kDeclaredGlobal : kDeclaredNonlocal, target.range);
      return add(**scope, target.id, (*scope)->kind == BlockKind::kModule ? kDeclaredGlobal : kAssigned,
                 target.range);
    }
  }

  void visit_comprehension(const Expression& node, std::string_view name, std::string_view described,
                           std::span<Comprehension> generators, const Expression* element,
                           const Expression* value) {
    visit_iterable(generators[0].iter);  // by the block around it
    enter(BlockKind::kFunction, name, &node, node.range);
    const std::string_view outer = std::exchange(comprehension_name_, described);
    current_->comprehension = true;
    add(arena_.intern(".0"), kParameter, node.range);
    for (const Comprehension& generator : generators) {
      current_->in_iteration_target = true;
      visit(generator.target);
      current_->in_iteration_target = false;
      if (&generator != &generators[0]) visit_iterable(generator.iter);
      visit(generator.ifs);
    }
    visit(value);
    visit(element);
    current_->generator = node.kind == ExpressionKind::kGeneratorExp;
    comprehension_name_ = outer;
    leave();
  }

  void visit_iterable(const Expression* iterable) {
    Scope* scope = current_;
    ++scope->comprehension_iterables;
    visit(iterable);
    --scope->comprehension_iterables;
  }

  const FutureFeatures& future_;
  Arena& arena_;
  Diagnostics& diagnostics_;
  SymbolTable table_;
  std::vector<Scope*> stack_;
  Scope* current_ = nullptr;
  Scope* module_ = nullptr;
  std::string_view class_name_;          ///< Of the class around, for mangling.
  std::string_view comprehension_name_;  ///< Of the comprehension around, for errors.
};

SymbolTable build_symbols(const Module& module, const FutureFeatures& future, Arena& arena,
                          Diagnostics& diagnostics) {
  return SymbolTableBuilder(future, arena, diagnostics).build(module);
}

}  // namespace mini::compile
