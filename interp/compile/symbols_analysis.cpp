// Names are resolved from the outside in, free variables are collected from the inside out.
#include "interp/compile/symbols_analysis.h"

#include <string>

namespace mini::compile {

namespace {

using NameSet = std::unordered_set<std::string_view>;

class Analyzer {
 public:
  explicit Analyzer(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  /// `bound` (null for a module): names that functions around bind. `global`: names that they declare global.
  /// Both are the callee's own. Returns the names that are free in the block.
  NameSet analyze(Scope& scope, NameSet* bound, NameSet global) {
    NameSet inner_bound;
    NameSet inner_global;
    NameSet local;
    NameSet free;
    if (scope.kind == BlockKind::kClass) {  // what the class binds is not visible in its functions
      inner_global = global;
      if (bound) inner_bound = *bound;
    }
    for (auto& [name, symbol] : scope.symbols) resolve(scope, name, symbol, bound, global, local, free);
    if (scope.kind == BlockKind::kClass) {
      inner_bound.insert("__class__");
    } else {
      inner_global = std::move(global);
      if (bound) inner_bound = *bound;
      if (scope.kind == BlockKind::kFunction) inner_bound.insert(local.begin(), local.end());
    }

    for (Scope* child : scope.children) {
      if (diagnostics_.failed()) return free;
      NameSet child_bound = inner_bound;
      free.merge(analyze(*child, &child_bound, inner_global));
    }

    if (scope.kind == BlockKind::kFunction) {
      for (auto& [name, symbol] : scope.symbols) {
        if (symbol.binding == Binding::kLocal && free.erase(name) > 0) symbol.binding = Binding::kCell;
      }
    } else if (scope.kind == BlockKind::kClass) {
      scope.needs_class_cell = free.erase("__class__") > 0;
    }
    pass_on(scope, bound, free);
    return free;
  }

 private:
  void error(const Scope& scope, std::string_view name, std::string message) {
    for (const auto& [declared, range] : scope.directives) {
      if (declared == name) return diagnostics_.syntax_error(range, std::move(message));
    }
    diagnostics_.syntax_error(scope.range, std::move(message));
  }

  void resolve(Scope& scope, std::string_view name, Symbol& symbol, NameSet* bound, NameSet& global,
               NameSet& local, NameSet& free) {
    const std::string quoted = "'" + std::string(name) + "'";
    if (symbol.uses & kDeclaredGlobal) {
      if (symbol.uses & kDeclaredNonlocal)
        return error(scope, name, "name " + quoted + " is nonlocal and global");
      symbol.binding = Binding::kGlobalExplicit;
      global.insert(name);
      if (bound) bound->erase(name);
    } else if (symbol.uses & kDeclaredNonlocal) {
      if (!bound) return error(scope, name, "nonlocal declaration not allowed at module level");
      if (!bound->contains(name)) return error(scope, name, "no binding for nonlocal " + quoted + " found");
      symbol.binding = Binding::kFree;
      free.insert(name);
    } else if (symbol.uses & kBound) {
      symbol.binding = Binding::kLocal;
      local.insert(name);
      global.erase(name);
    } else if (bound && bound->contains(name)) {
      symbol.binding = Binding::kFree;
      free.insert(name);
    } else {
      symbol.binding = Binding::kGlobalImplicit;
    }
  }

  /// Names that are free only for the sake of inner functions.
  void pass_on(Scope& scope, const NameSet* bound, const NameSet& free) {
    for (std::string_view name : free) {
      if (Symbol* symbol = scope.symbols.find(name)) {
        const bool own = symbol->uses & (kBound | kDeclaredGlobal);
        if (scope.kind == BlockKind::kClass && own) symbol->uses |= kFreeInClass;
      } else if (!bound || bound->contains(name)) {
        scope.symbols[name].binding = Binding::kFree;
      }
    }
  }

  Diagnostics& diagnostics_;
};

}  // namespace

void analyze_symbols(Scope& module, Diagnostics& diagnostics) {
  Analyzer(diagnostics).analyze(module, nullptr, {});
}

}  // namespace mini::compile
