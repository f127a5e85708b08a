// See ast_dump.h.
#include "ast_dump.h"

#include <fmt/format.h>

namespace mini::compile {

using namespace ast;  // NOLINT: this file is about the nodes

namespace {

class Dumper {
 public:
  std::string out;

  void module(const Module& module) {
    for (const Statement* node : module.body) {
      statement(node);
      out += '\n';
    }
  }

 private:
  void open(std::string_view kind, const Range& r) {
    fmt::format_to(std::back_inserter(out), "({}@{}:{}-{}:{}", kind, r.line, r.column, r.end_line,
                   r.end_column);
  }
  void word(std::string_view text) {
    fmt::format_to(std::back_inserter(out), " {}", text.empty() ? "-" : text);
  }
  void quoted(std::string_view text) {
    out += '"';
    for (char c : text) {
      if (c >= ' ' && c < 127 && c != '"' && c != '\\') {
        out += c;
      } else {
        fmt::format_to(std::back_inserter(out), "\\{:02x}", static_cast<unsigned char>(c));
      }
    }
    out += '"';
  }
  template <class List, class Function>
  void list(const List& items, Function&& each) {
    out += " [";
    for (auto& item : items) each(item);
    out += " ]";
  }
  void expressions(Expressions items) {
    list(items, [this](const Expression* item) { expression(item); });
  }
  void statements(Statements items) {
    list(items, [this](const Statement* item) {
      out += ' ';
      statement(item);
    });
  }
  void context(Context c) { word(c == Context::kLoad ? "Load" : c == Context::kStore ? "Store" : "Del"); }
  void binary(BinaryOperator op) {
    static constexpr std::string_view kNames[] = {"Add",    "Sub",    "Mult",    "MatMult", "Div",
                                                  "Mod",    "Pow",    "LShift",  "RShift",  "BitOr",
                                                  "BitXor", "BitAnd", "FloorDiv"};
    word(kNames[static_cast<size_t>(op)]);
  }
  void argument(const Argument* a) {
    if (!a) return word("-");
    out += ' ';
    open("arg", a->range);
    word(a->name);
    expression(a->annotation);
    out += ')';
  }
  void arguments(const Arguments& a) {
    out += " (arguments";
    auto each = [this](const Argument& one) { argument(&one); };
    list(a.posonlyargs, each);
    list(a.args, each);
    argument(a.vararg);
    list(a.kwonlyargs, each);
    expressions(a.kw_defaults);
    argument(a.kwarg);
    expressions(a.defaults);
    out += ')';
  }
  void keywords(std::span<Keyword> items) {
    list(items, [this](const Keyword& k) {
      out += ' ';
      open("keyword", k.range);
      word(k.name);
      expression(k.value);
      out += ')';
    });
  }
  void aliases(std::span<Alias> items) {
    list(items, [this](const Alias& a) {
      out += ' ';
      open("alias", a.range);
      word(a.name);
      word(a.asname);
      out += ')';
    });
  }
  void comprehensions(std::span<Comprehension> items) {
    list(items, [this](const Comprehension& c) {
      out += " (comprehension";
      expression(c.target);
      expression(c.iter);
      expressions(c.ifs);
      out += ')';
    });
  }
  void constant(const Constant& c) {
    out += ' ';
    switch (c.constant) {
      case ConstantKind::kNone:
        out += "None";
        break;
      case ConstantKind::kTrue:
        out += "True";
        break;
      case ConstantKind::kFalse:
        out += "False";
        break;
      case ConstantKind::kEllipsis:
        out += "Ellipsis";
        break;
      case ConstantKind::kInteger:
        fmt::format_to(std::back_inserter(out), "{:x}", c.integer);
        break;
      case ConstantKind::kBigInteger:
        fmt::format_to(std::back_inserter(out), "big{}:{}", c.base, c.text);
        break;
      case ConstantKind::kFloat:
        fmt::format_to(std::back_inserter(out), "float:{:.17e}", c.floating);
        break;
      case ConstantKind::kBytes:
        out += 'b';
        [[fallthrough]];
      case ConstantKind::kString:
        quoted(c.text);
        break;
      default:
        out += '?';
    }
  }

  void expression(const Expression* node);
  void statement(const Statement* node);
};

void Dumper::expression(const Expression* node) {
  if (!node) return word("-");
  out += ' ';
  switch (node->kind) {
    case ExpressionKind::kBoolOp: {
      auto* n = as<BoolOp>(node);
      open("BoolOp", n->range);
      word(n->op == BoolOperator::kAnd ? "And" : "Or");
      expressions(n->values);
      break;
    }
    case ExpressionKind::kNamedExpr:
      open("NamedExpr", node->range);
      expression(as<NamedExpr>(node)->target);
      expression(as<NamedExpr>(node)->value);
      break;
    case ExpressionKind::kBinOp:
      open("BinOp", node->range);
      expression(as<BinOp>(node)->left);
      binary(as<BinOp>(node)->op);
      expression(as<BinOp>(node)->right);
      break;
    case ExpressionKind::kUnaryOp: {
      static constexpr std::string_view kNames[] = {"Invert", "Not", "UAdd", "USub"};
      open("UnaryOp", node->range);
      word(kNames[static_cast<size_t>(as<UnaryOp>(node)->op)]);
      expression(as<UnaryOp>(node)->operand);
      break;
    }
    case ExpressionKind::kLambda:
      open("Lambda", node->range);
      arguments(*as<Lambda>(node)->args);
      expression(as<Lambda>(node)->body);
      break;
    case ExpressionKind::kIfExp:
      open("IfExp", node->range);
      expression(as<IfExp>(node)->test);
      expression(as<IfExp>(node)->body);
      expression(as<IfExp>(node)->orelse);
      break;
    case ExpressionKind::kDict:
      open("Dict", node->range);
      expressions(as<Dict>(node)->keys);
      expressions(as<Dict>(node)->values);
      break;
    case ExpressionKind::kSet:
      open("Set", node->range);
      expressions(as<Set>(node)->elts);
      break;
    case ExpressionKind::kListComp:
      open("ListComp", node->range);
      expression(as<ListComp>(node)->elt);
      comprehensions(as<ListComp>(node)->generators);
      break;
    case ExpressionKind::kSetComp:
      open("SetComp", node->range);
      expression(as<SetComp>(node)->elt);
      comprehensions(as<SetComp>(node)->generators);
      break;
    case ExpressionKind::kGeneratorExp:
      open("GeneratorExp", node->range);
      expression(as<GeneratorExp>(node)->elt);
      comprehensions(as<GeneratorExp>(node)->generators);
      break;
    case ExpressionKind::kDictComp:
      open("DictComp", node->range);
      expression(as<DictComp>(node)->key);
      expression(as<DictComp>(node)->value);
      comprehensions(as<DictComp>(node)->generators);
      break;
    case ExpressionKind::kYield:
      open("Yield", node->range);
      expression(as<Yield>(node)->value);
      break;
    case ExpressionKind::kYieldFrom:
      open("YieldFrom", node->range);
      expression(as<YieldFrom>(node)->value);
      break;
    case ExpressionKind::kCompare: {
      static constexpr std::string_view kNames[] = {"Eq",  "NotEq", "Lt",    "LtE", "Gt",
                                                    "GtE", "Is",    "IsNot", "In",  "NotIn"};
      open("Compare", node->range);
      expression(as<Compare>(node)->left);
      list(as<Compare>(node)->ops, [this](CompareOperator op) { word(kNames[static_cast<size_t>(op)]); });
      expressions(as<Compare>(node)->comparators);
      break;
    }
    case ExpressionKind::kCall:
      open("Call", node->range);
      expression(as<Call>(node)->func);
      expressions(as<Call>(node)->args);
      keywords(as<Call>(node)->keywords);
      break;
    case ExpressionKind::kFormattedValue: {
      auto* n = as<FormattedValue>(node);
      open("FormattedValue", n->range);
      expression(n->value);
      word(n->conversion ? std::string_view(&n->conversion, 1) : "-");
      expression(n->format_spec);
      break;
    }
    case ExpressionKind::kJoinedStr:
      open("JoinedStr", node->range);
      expressions(as<JoinedStr>(node)->values);
      break;
    case ExpressionKind::kConstant:
      open("Constant", node->range);
      constant(*as<Constant>(node));
      break;
    case ExpressionKind::kAttribute:
      open("Attribute", node->range);
      expression(as<Attribute>(node)->value);
      word(as<Attribute>(node)->attr);
      context(as<Attribute>(node)->ctx);
      break;
    case ExpressionKind::kSubscript:
      open("Subscript", node->range);
      expression(as<Subscript>(node)->value);
      expression(as<Subscript>(node)->slice);
      context(as<Subscript>(node)->ctx);
      break;
    case ExpressionKind::kStarred:
      open("Starred", node->range);
      expression(as<Starred>(node)->value);
      context(as<Starred>(node)->ctx);
      break;
    case ExpressionKind::kName:
      open("Name", node->range);
      word(as<Name>(node)->id);
      context(as<Name>(node)->ctx);
      break;
    case ExpressionKind::kList:
      open("List", node->range);
      expressions(as<List>(node)->elts);
      context(as<List>(node)->ctx);
      break;
    case ExpressionKind::kTuple:
      open("Tuple", node->range);
      expressions(as<Tuple>(node)->elts);
      context(as<Tuple>(node)->ctx);
      break;
    case ExpressionKind::kSlice:
      open("Slice", node->range);
      expression(as<Slice>(node)->lower);
      expression(as<Slice>(node)->upper);
      expression(as<Slice>(node)->step);
      break;
  }
  out += ')';
}

void Dumper::statement(const Statement* node) {
  auto name = [this](std::string_view id) { word(id); };
  switch (node->kind) {
    case StatementKind::kFunctionDef: {
      auto* n = as<FunctionDef>(node);
      open("FunctionDef", n->range);
      word(n->name);
      arguments(*n->args);
      statements(n->body);
      expressions(n->decorator_list);
      expression(n->returns);
      break;
    }
    case StatementKind::kClassDef: {
      auto* n = as<ClassDef>(node);
      open("ClassDef", n->range);
      word(n->name);
      expressions(n->bases);
      keywords(n->keywords);
      statements(n->body);
      expressions(n->decorator_list);
      break;
    }
    case StatementKind::kReturn:
      open("Return", node->range);
      expression(as<Return>(node)->value);
      break;
    case StatementKind::kDelete:
      open("Delete", node->range);
      expressions(as<Delete>(node)->targets);
      break;
    case StatementKind::kAssign:
      open("Assign", node->range);
      expressions(as<Assign>(node)->targets);
      expression(as<Assign>(node)->value);
      break;
    case StatementKind::kAugAssign:
      open("AugAssign", node->range);
      expression(as<AugAssign>(node)->target);
      binary(as<AugAssign>(node)->op);
      expression(as<AugAssign>(node)->value);
      break;
    case StatementKind::kAnnAssign:
      open("AnnAssign", node->range);
      expression(as<AnnAssign>(node)->target);
      expression(as<AnnAssign>(node)->annotation);
      expression(as<AnnAssign>(node)->value);
      word(as<AnnAssign>(node)->simple ? "1" : "0");
      break;
    case StatementKind::kFor:
      open("For", node->range);
      expression(as<For>(node)->target);
      expression(as<For>(node)->iter);
      statements(as<For>(node)->body);
      statements(as<For>(node)->orelse);
      break;
    case StatementKind::kWhile:
      open("While", node->range);
      expression(as<While>(node)->test);
      statements(as<While>(node)->body);
      statements(as<While>(node)->orelse);
      break;
    case StatementKind::kIf:
      open("If", node->range);
      expression(as<If>(node)->test);
      statements(as<If>(node)->body);
      statements(as<If>(node)->orelse);
      break;
    case StatementKind::kWith:
      open("With", node->range);
      list(as<With>(node)->items, [this](const WithItem& item) {
        out += " (withitem";
        expression(item.context_expr);
        expression(item.optional_vars);
        out += ')';
      });
      statements(as<With>(node)->body);
      break;
    case StatementKind::kRaise:
      open("Raise", node->range);
      expression(as<Raise>(node)->exc);
      expression(as<Raise>(node)->cause);
      break;
    case StatementKind::kTry:
      open("Try", node->range);
      statements(as<Try>(node)->body);
      list(as<Try>(node)->handlers, [this](const ExceptHandler& h) {
        out += ' ';
        open("ExceptHandler", h.range);
        expression(h.type);
        word(h.name);
        statements(h.body);
        out += ')';
      });
      statements(as<Try>(node)->orelse);
      statements(as<Try>(node)->finalbody);
      break;
    case StatementKind::kAssert:
      open("Assert", node->range);
      expression(as<Assert>(node)->test);
      expression(as<Assert>(node)->msg);
      break;
    case StatementKind::kImport:
      open("Import", node->range);
      aliases(as<Import>(node)->names);
      break;
    case StatementKind::kImportFrom:
      open("ImportFrom", node->range);
      word(as<ImportFrom>(node)->module);
      aliases(as<ImportFrom>(node)->names);
      word(std::to_string(as<ImportFrom>(node)->level));
      break;
    case StatementKind::kGlobal:
      open("Global", node->range);
      list(as<Global>(node)->names, name);
      break;
    case StatementKind::kNonlocal:
      open("Nonlocal", node->range);
      list(as<Nonlocal>(node)->names, name);
      break;
    case StatementKind::kExpr:
      open("Expr", node->range);
      expression(as<Expr>(node)->value);
      break;
    case StatementKind::kPass:
      open("Pass", node->range);
      break;
    case StatementKind::kBreak:
      open("Break", node->range);
      break;
    case StatementKind::kContinue:
      open("Continue", node->range);
      break;
  }
  out += ')';
}

}  // namespace

std::string dump(const Module& module) {
  Dumper dumper;
  dumper.module(module);
  return dumper.out;
}

}  // namespace mini::compile
