// The symbol table: which scope each name of each block belongs to.
// Source of all rules: CPython 3.9, Python/symtable.c (comprehensions have scopes of their own); texts and
// places of errors: 3.13.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "interp/compile/arena.h"
#include "interp/compile/ast.h"
#include "interp/compile/diagnostics.h"
#include "interp/compile/future.h"

namespace mini::compile {

/// What a name turned out to be in a block.
enum class Binding : uint8_t {
  kLocal,
  kGlobalExplicit,  ///< By a `global` statement.
  kGlobalImplicit,  ///< A global or a builtin, for want of any binding.
  kFree,            ///< A cell of an enclosing function.
  kCell,            ///< A local that an inner function uses.
};

enum class BlockKind : uint8_t { kModule, kClass, kFunction };

/// What the block's text does with a name.
enum NameUse : uint16_t {
  kDeclaredGlobal = 0x1,
  kAssigned = 0x2,
  kParameter = 0x4,
  kDeclaredNonlocal = 0x8,
  kUsed = 0x10,
  kFreeInClass = 0x20,  ///< Bound in a class body, and free in it for the functions inside.
  kImported = 0x40,
  kAnnotated = 0x80,
  kIterationVariable = 0x100,
  kBound = kAssigned | kParameter | kImported,
};

struct Symbol {
  uint16_t uses = 0;
  Binding binding = Binding::kLocal;
};

/// Symbols by name, in the order of their first mention, in which errors are found.
class SymbolMap {
 public:
  using Entry = std::pair<std::string_view, Symbol>;
  Symbol& operator[](std::string_view name) {
    auto [found, inserted] = index_.try_emplace(name, entries_.size());
    if (inserted) entries_.emplace_back(name, Symbol{});
    return entries_[found->second].second;
  }
  Symbol* find(std::string_view name) {
    auto found = index_.find(name);
    return found == index_.end() ? nullptr : &entries_[found->second].second;
  }
  const Symbol* find(std::string_view name) const { return const_cast<SymbolMap*>(this)->find(name); }
  std::vector<Entry>::iterator begin() { return entries_.begin(); }
  std::vector<Entry>::iterator end() { return entries_.end(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, size_t> index_;
};

/// A module, class body, function, lambda or comprehension.
struct Scope {
  BlockKind kind = BlockKind::kModule;
  std::string_view name;
  bool nested = false;  ///< Inside a function.
  bool generator = false;
  bool comprehension = false;
  bool var_args = false;
  bool var_keywords = false;
  bool needs_class_cell = false;  ///< A class body in which a method uses `__class__` or `super`.
  ast::Range range;

  SymbolMap symbols;                         ///< By mangled name.
  std::vector<std::string_view> parameters;  ///< Mangled; the order of Code::varnames.
  std::vector<Scope*> children;

  /// The binding of a mangled name.
  Binding binding(std::string_view mangled) const {
    const Symbol* symbol = symbols.find(mangled);
    return symbol ? symbol->binding : Binding::kGlobalImplicit;
  }

  // While the table is built:
  bool in_iteration_target = false;
  int comprehension_iterables = 0;  ///< Nesting of expressions that a comprehension iterates over.
  std::vector<std::pair<std::string_view, ast::Range>>
      directives;  ///< Where global and nonlocal names were declared.
};

class SymbolTable {
 public:
  /// The scope of a Module, FunctionDef, ClassDef, Lambda or comprehension node.
  const Scope* scope(const void* node) const { return by_node_.at(node); }

 private:
  friend class SymbolTableBuilder;
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::unordered_map<const void*, Scope*> by_node_;
};

/// Reports to `diagnostics`; after an error the table must not be used.
SymbolTable build_symbols(const ast::Module& module, const FutureFeatures& future, Arena& arena,
                          Diagnostics& diagnostics);

/// `name` as it is known in the class `class_name` (empty outside a class): `__x` is `_Class__x`.
std::string_view mangle(std::string_view class_name, std::string_view name, Arena& arena);

}  // namespace mini::compile
