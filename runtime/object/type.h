// Types: what a value can do, natively and by methods of a class.
#pragma once

#include <cstdint>

#include "runtime/object/ref.h"

namespace mini::object {

class Visitor;
struct Str;
struct Tuple;
struct Dict;
struct Call;
struct NativeDefinition;
struct Shape;

enum class BinaryOp : uint8_t {
#define OPERATOR(enumerator, symbol, method, reflected, in_place) k##enumerator,
#include "runtime/object/operators.def"
#undef OPERATOR
};
enum class UnaryOp : uint8_t { kPositive, kNegative, kInvert };
/// In the order of CPython's COMPARE_OP arguments (3.9, Include/opcode.h).
enum class CompareOp : uint8_t { kLess, kLessEqual, kEqual, kNotEqual, kGreater, kGreaterEqual };

using NativeFunction = Result<Ref<Value>> (*)(Call&);

/// What somebody wants with an object's own dict. To look runs no script code and cannot fail.
enum class OwnNames : uint8_t { kToLook, kToRead, kToWrite };

/// The native behaviour of a type; null where it has none. A class inherits its base's.
/// A function here never runs script code by itself, but may through the operations of `operations.h`
/// (elements with an `__eq__` or `__repr__` of their own). Only `own_names` of a threading.local may: its `__init__`.
struct NativeBehaviour {
  /// Shows every reference and every field to `visitor`: the collector, the hash of a state and reports live from it.
  void (*visit)(Object*, Visitor&) = nullptr;
  /// Drops what the object owns. Its own memory is freed by the caller.
  void (*drop)(Heap&, Object*) = nullptr;
  Result<Ref<Str>> (*repr)(Heap&, Value) = nullptr;
  Result<Ref<Str>> (*str)(Heap&, Value) = nullptr;
  Result<int64_t> (*hash)(Heap&, Value) = nullptr;
  /// NotImplemented where the type does not know the other operand.
  Result<Ref<Value>> (*compare)(Heap&, CompareOp, Value, Value) = nullptr;
  Result<Ref<Value>> (*binary)(Heap&, BinaryOp, Value left, Value right) = nullptr;
  /// Changes `self` itself (list += ...); NotImplemented falls back to `binary`.
  Result<Ref<Value>> (*in_place)(Heap&, BinaryOp, Value self, Value other) = nullptr;
  Result<Ref<Value>> (*unary)(Heap&, UnaryOp, Value) = nullptr;
  Result<bool> (*truth)(Heap&, Value) = nullptr;
  Result<int64_t> (*length)(Heap&, Value) = nullptr;
  Result<Ref<Value>> (*get_item)(Heap&, Value, Value key) = nullptr;
  /// `kUnbound` as the item deletes.
  Result<void> (*set_item)(Heap&, Value, Value key, Value item) = nullptr;
  Result<bool> (*contains)(Heap&, Value, Value item) = nullptr;
  Result<Ref<Value>> (*iterate)(Heap&, Value) = nullptr;
  /// The next item, or `kUnbound` at the end: no StopIteration object is made for a loop.
  Result<Ref<Value>> (*next)(Heap&, Value) = nullptr;
  /// The size in bytes of this very object, for types whose objects differ; else `Type::instance_size` holds. Knows
  /// nothing of `Type::trailer_size`.
  size_t (*size)(const Object*) = nullptr;
  /// The dict in which an object keeps attributes of its own (functions, threading.local): null if it has none so far. With
  /// kToWrite, it has one afterwards. A null function: there is no such dict, or a layout of instances.
  Result<Dict*> (*own_names)(Heap&, Object*, OwnNames) = nullptr;
};

struct Type : Tracked {
  Str* name;
  Str* qualified_name;
  Tuple* bases;
  /// This type and all its bases in the order in which attributes are looked up (C3).
  Tuple* method_resolution_order;
  Type* base;
  Dict* attributes;
  NativeBehaviour behaviour;
  /// What calling the type does, for types that the runtime defines: its first parameter is the type to make an
  /// instance of (`str.__new__(type, object='', ...)`). Inherited; null: not callable from a script.
  const NativeDefinition* construct;
  /// The empty layout that instances start with; null where instances have no attributes of their own.
  Shape* root_shape;
  /// Unique among all types and all moments of them: changes with every change to the type or a base.
  /// A cache that holds a version needs no other check.
  uint32_t version;
  uint32_t kind;                ///< the BuiltinType whose layout instances have
  uint32_t instance_size;       ///< bytes of a fresh instance
  uint32_t attributes_offset;   ///< where `Attributes` stands in an instance; 0: none; or kAttributesAtEnd
  /// Bytes behind the layout of a builtin base (list, str, ...) in an instance of a class statement: its attributes.
  /// The heap adds, shows and drops them; the base's own code (`create<Str>(type, extra)`, visit, drop) need not know.
  uint32_t trailer_size;
  uint32_t type_flags;
  /// How many attributes instances of this class had so far: room that a new one gets at once.
  uint32_t usual_attribute_count;
  /// Direct subclasses in the order of their making, borrowed: a subclass takes itself out when it dies.
  Type** subclasses;
  uint32_t subclass_count, subclass_capacity;
  uint32_t is_unlinked;  ///< no base lists this type any more

  /// `Attributes` are the last thing in an instance: classes derived from builtin types.
  static constexpr uint32_t kAttributesAtEnd = ~uint32_t{0};

  static constexpr uint32_t kTracked = 1;        ///< instances are `Tracked`
  static constexpr uint32_t kUserClass = 2;      ///< made by a class statement
  static constexpr uint32_t kSubclassable = 4;
  static constexpr uint32_t kException = 8;      ///< derives from BaseException
  static constexpr uint32_t kHasFinalizer = 16;  ///< defines __del__
  /// Some dunder method stands in a class statement of this type or a base: operations must ask the dictionary.
  static constexpr uint32_t kHasScriptMethods = 32;
  static constexpr uint32_t kHasGetAttributeHook = 64;  ///< __getattr__, __getattribute__
  static constexpr uint32_t kHasSetAttributeHook = 128; ///< __setattr__, __delattr__
  static constexpr uint32_t kAbstract = 256;  ///< has abstract methods: there are no instances
  static constexpr uint32_t kSlotsOnly = 512;    ///< instances have no attributes but those that `__slots__` name
  static constexpr uint32_t kAddsSlots = 1024;   ///< its own `__slots__` name attributes: in CPython a layout of its own
};

/// Whether `type` is `base` or derives from it.
bool is_subtype(const Type* type, const Type* base);
/// The nearest type, itself or a base, that no class statement made: its native methods serve the instances.
inline Type* builtin_base(Type* type) {
  while (type->type_flags & Type::kUserClass) type = type->base;
  return type;
}
/// Whether the native `__new__` of such instances leaves all arguments to the native `__init__`, as list's and dict's do.
/// (`construct` does the work of both: it is what calling the type itself comes to.)
bool is_filled_later(const Type* type);

/// How many bytes of memory an object holds itself (buffers not counted).
inline size_t object_size(const Object* object) {
  const Type* type = object->type;
  size_t bytes = type->behaviour.size ? type->behaviour.size(object) : type->instance_size;
  return type->trailer_size ? (bytes + 7) / 8 * 8 + type->trailer_size : bytes;
}

}  // namespace mini::object
