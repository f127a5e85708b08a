// The walk over the tree; what constants yield is in folding_arithmetic.cpp.
#include "interp/compile/folding.h"

#include <algorithm>

namespace mini::compile {

using namespace ast;

namespace {

bool is_docstring(Statements statements) {
  const auto* first = statements.empty() ? nullptr : dynamic<Expr>(statements[0]);
  const auto* text = first ? dynamic<Constant>(first->value) : nullptr;
  return text && text->constant == ConstantKind::kString;
}

class Folder {
 public:
  Folder(const FutureFeatures& future, Arena& arena) : future_(future), arena_(arena) {}

  void visit_body(Statements statements) {
    const bool documented = is_docstring(statements);
    visit(statements);
    if (documented || !is_docstring(statements)) return;
    // `"a" + "b"` must not become a docstring.
    auto* first = as<Expr>(statements[0]);
    auto* text = arena_.make<JoinedStr>(first->range);
    const Expressions values = arena_.copy(std::vector<Expression*>{first->value});
    text->values = values;
    first->value = text;
  }

 private:
  void visit(Statements statements) {
    for (Statement* statement : statements) visit(*statement);
  }

  void visit(Statement& statement) {
    switch (statement.kind) {
      case StatementKind::kFunctionDef: {
        auto* function = as<FunctionDef>(&statement);
        visit(*function->args);
        visit_body(function->body);
        visit(function->decorator_list);
        return visit_annotation(function->returns);
      }
      case StatementKind::kClassDef: {
        auto* definition = as<ClassDef>(&statement);
        visit(definition->bases);
        for (Keyword& keyword : definition->keywords) visit(keyword.value);
        visit_body(definition->body);
        return visit(definition->decorator_list);
      }
      case StatementKind::kReturn:
        return visit(as<Return>(&statement)->value);
      case StatementKind::kDelete:
        return visit(as<Delete>(&statement)->targets);
      case StatementKind::kAssign:
        visit(as<Assign>(&statement)->targets);
        return visit(as<Assign>(&statement)->value);
      case StatementKind::kAugAssign:
        visit(as<AugAssign>(&statement)->target);
        return visit(as<AugAssign>(&statement)->value);
      case StatementKind::kAnnAssign:
        visit(as<AnnAssign>(&statement)->target);
        visit_annotation(as<AnnAssign>(&statement)->annotation);
        return visit(as<AnnAssign>(&statement)->value);
      case StatementKind::kFor: {
        auto* loop = as<For>(&statement);
        visit(loop->target);
        visit(loop->iter);
        visit(loop->body);
        visit(loop->orelse);
        return make_immutable(loop->iter);
      }
      case StatementKind::kWhile: {
        auto* loop = as<While>(&statement);
        visit(loop->test);
        visit(loop->body);
        return visit(loop->orelse);
      }
      case StatementKind::kIf: {
        auto* branch = as<If>(&statement);
        visit(branch->test);
        visit(branch->body);
        return visit(branch->orelse);
      }
      case StatementKind::kWith:
        for (WithItem& item : as<With>(&statement)->items) {
          visit(item.context_expr);
          visit(item.optional_vars);
        }
        return visit(as<With>(&statement)->body);
      case StatementKind::kRaise:
        visit(as<Raise>(&statement)->exc);
        return visit(as<Raise>(&statement)->cause);
      case StatementKind::kTry: {
        auto* block = as<Try>(&statement);
        visit(block->body);
        for (ExceptHandler& handler : block->handlers) {
          visit(handler.type);
          visit(handler.body);
        }
        visit(block->orelse);
        return visit(block->finalbody);
      }
      case StatementKind::kAssert:
        visit(as<Assert>(&statement)->test);
        return visit(as<Assert>(&statement)->msg);
      case StatementKind::kExpr:
        return visit(as<Expr>(&statement)->value);
      case StatementKind::kImport:
      case StatementKind::kImportFrom:
      case StatementKind::kGlobal:
      case StatementKind::kNonlocal:
      case StatementKind::kPass:
      case StatementKind::kBreak:
      case StatementKind::kContinue:
        return;
    }
  }

  void visit_annotation(Expression*& annotation) {
    if (!future_.annotations) visit(annotation);
  }

  void visit(Arguments& arguments) {
    for (auto group : {arguments.posonlyargs, arguments.args, arguments.kwonlyargs}) {
      for (Argument& argument : group) visit_annotation(argument.annotation);
    }
    for (Argument* argument : {arguments.vararg, arguments.kwarg}) {
      if (argument) visit_annotation(argument->annotation);
    }
    visit(arguments.kw_defaults);
    visit(arguments.defaults);
  }

  void visit(Expressions expressions) {
    for (Expression*& expression : expressions) visit(expression);
  }

  void visit(std::span<Comprehension> generators) {
    for (Comprehension& generator : generators) {
      visit(generator.target);
      visit(generator.iter);
      visit(generator.ifs);
      make_immutable(generator.iter);
    }
  }

  void visit(Expression*& place) {
    if (!place) return;
    switch (place->kind) {
      case ExpressionKind::kBoolOp:
        return visit(as<BoolOp>(place)->values);
      case ExpressionKind::kNamedExpr:
        return;  // 3.9 forgets the value
      case ExpressionKind::kBinOp:
        return fold_operation(place);
      case ExpressionKind::kUnaryOp:
        visit(as<UnaryOp>(place)->operand);
        return fold_unary_operation(place);
      case ExpressionKind::kLambda:
        visit(*as<Lambda>(place)->args);
        return visit(as<Lambda>(place)->body);
      case ExpressionKind::kIfExp:
        visit(as<IfExp>(place)->test);
        visit(as<IfExp>(place)->body);
        return visit(as<IfExp>(place)->orelse);
      case ExpressionKind::kDict:
        visit(as<Dict>(place)->keys);
        return visit(as<Dict>(place)->values);
      case ExpressionKind::kSet:
        return visit(as<Set>(place)->elts);
      case ExpressionKind::kListComp:
        visit(as<ListComp>(place)->elt);
        return visit(as<ListComp>(place)->generators);
      case ExpressionKind::kSetComp:
        visit(as<SetComp>(place)->elt);
        return visit(as<SetComp>(place)->generators);
      case ExpressionKind::kDictComp:
        visit(as<DictComp>(place)->key);
        visit(as<DictComp>(place)->value);
        return visit(as<DictComp>(place)->generators);
      case ExpressionKind::kGeneratorExp:
        visit(as<GeneratorExp>(place)->elt);
        return visit(as<GeneratorExp>(place)->generators);
      case ExpressionKind::kYield:
        return visit(as<Yield>(place)->value);
      case ExpressionKind::kYieldFrom:
        return visit(as<YieldFrom>(place)->value);
      case ExpressionKind::kCompare: {
        auto* compare = as<Compare>(place);
        visit(compare->left);
        visit(compare->comparators);
        const CompareOperator op = compare->ops.back();
        if (op == CompareOperator::kIn || op == CompareOperator::kNotIn)
          make_immutable(compare->comparators.back());
        return;
      }
      case ExpressionKind::kCall:
        visit(as<Call>(place)->func);
        visit(as<Call>(place)->args);
        for (Keyword& keyword : as<Call>(place)->keywords) visit(keyword.value);
        return;
      case ExpressionKind::kFormattedValue:
        visit(as<FormattedValue>(place)->value);
        return visit(as<FormattedValue>(place)->format_spec);
      case ExpressionKind::kJoinedStr:
        return visit(as<JoinedStr>(place)->values);
      case ExpressionKind::kAttribute:
        return visit(as<Attribute>(place)->value);
      case ExpressionKind::kSubscript:
        visit(as<Subscript>(place)->value);
        visit(as<Subscript>(place)->slice);
        return fold_item(place);
      case ExpressionKind::kStarred:
        return visit(as<Starred>(place)->value);
      case ExpressionKind::kSlice:
        visit(as<Slice>(place)->lower);
        visit(as<Slice>(place)->upper);
        return visit(as<Slice>(place)->step);
      case ExpressionKind::kList:
        return visit(as<List>(place)->elts);
      case ExpressionKind::kTuple:
        visit(as<Tuple>(place)->elts);
        return fold_tuple(place);
      case ExpressionKind::kName:
        if (as<Name>(place)->ctx == Context::kLoad && as<Name>(place)->id == "__debug__") {
          auto* constant = arena_.make<Constant>(place->range);
          constant->constant = ConstantKind::kTrue;
          place = constant;
        }
        return;
      case ExpressionKind::kConstant:
        return;
    }
  }

  void fold_operation(Expression*& place) {
    auto* node = as<BinOp>(place);
    visit(node->left);
    visit(node->right);
    const auto* left = dynamic<Constant>(node->left);
    const auto* right = dynamic<Constant>(node->right);
    if (!left || !right) return;
    if (Constant* folded = fold_binary(node->op, *left, *right, node->range, arena_)) place = folded;
  }

  void fold_unary_operation(Expression*& place) {
    auto* node = as<UnaryOp>(place);
    if (const auto* operand = dynamic<Constant>(node->operand)) {
      if (Constant* folded = fold_unary(node->op, *operand, node->range, arena_)) place = folded;
      return;
    }
    auto* compare = dynamic<Compare>(node->operand);
    if (node->op != UnaryOperator::kNot || !compare || compare->ops.size() != 1) return;
    CompareOperator& op = compare->ops[0];
    switch (op) {
      case CompareOperator::kIs:
        op = CompareOperator::kIsNot;
        break;
      case CompareOperator::kIsNot:
        op = CompareOperator::kIs;
        break;
      case CompareOperator::kIn:
        op = CompareOperator::kNotIn;
        break;
      case CompareOperator::kNotIn:
        op = CompareOperator::kIn;
        break;
      default:  // `not a < b` is not `a >= b`
        return;
    }
    // CPython copies the comparison over the node of `not`, with the comparison's own place.
    place = compare;
  }

  void fold_item(Expression*& place) {
    auto* node = as<Subscript>(place);
    const auto* value = dynamic<Constant>(node->value);
    const auto* index = dynamic<Constant>(node->slice);
    if (node->ctx != Context::kLoad || !value || !index) return;
    if (Constant* folded = fold_subscript(*value, *index, node->range, arena_)) place = folded;
  }

  /// The constant tuple (or frozenset) of the elements; null if one is not constant.
  Constant* constant_of(Expressions elements, ConstantKind kind, const Range& range) {
    std::vector<Constant*> constants;
    for (Expression* element : elements) {
      auto* constant = dynamic<Constant>(element);
      if (!constant) return nullptr;
      constants.push_back(constant);
    }
    auto* folded = arena_.make<Constant>(range);
    folded->constant = kind;
    folded->elements = arena_.copy(constants);
    return folded;
  }

  void fold_tuple(Expression*& place) {
    auto* node = as<Tuple>(place);
    if (node->ctx != Context::kLoad) return;
    if (Constant* folded = constant_of(node->elts, ConstantKind::kTuple, node->range)) place = folded;
  }

  /// A list or set that is only looked through need not be built each time.
  void make_immutable(Expression*& place) {
    if (auto* set = dynamic<Set>(place)) {
      if (Constant* folded = constant_of(set->elts, ConstantKind::kFrozenSet, set->range)) place = folded;
    } else if (auto* list = dynamic<List>(place)) {
      if (std::ranges::any_of(list->elts, [](Expression* e) { return e->kind == ExpressionKind::kStarred; }))
        return;
      auto* tuple = arena_.make<Tuple>(list->range);
      tuple->elts = list->elts;
      place = tuple;
      fold_tuple(place);
    }
  }

  const FutureFeatures& future_;
  Arena& arena_;
};

}  // namespace

void fold_constants(Module& module, const FutureFeatures& future, Arena& arena) {
  Folder(future, arena).visit_body(module.body);
}

}  // namespace mini::compile
