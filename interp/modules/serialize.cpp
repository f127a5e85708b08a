// Writing values as bytes; the format is in serialize.h.
#include "interp/modules/serialize.h"

#include <unordered_map>

#include "interp/modules/serialize_format.h"
#include "interp/vm/object_names.h"
#include "runtime/base/utf8.h"
#include "runtime/object/exception_internal.h"

namespace mini::modules {

namespace format {

void append_count(std::string& out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

std::string head(const MessageKey& key, std::string_view content) {
  std::string bytes{'m', 'P', kVersion, 0};
  const uint64_t tag = siphash(key, content);
  bytes.append(reinterpret_cast<const char*>(&tag), sizeof tag);
  return bytes;
}

}  // namespace format

namespace {

using namespace format;

class Writer {
 public:
  Writer(Heap& heap, Value describe, std::string_view root) : heap_(heap), describe_(describe), root_(root) {}

  Result<void> write(Value root) {
    Result<void> done = begin(root);
    while (done.ok() && !open_.empty()) done = go_on();
    if (!done.ok()) add_path();
    return done;
  }
  std::string take() { return std::move(out_); }

 private:
  /// An object of which some parts are written.
  struct Open {
    char kind;
    Ref<Value> object;
    uint64_t next = 0;    ///< part
    uint64_t count = 0;   ///< parts, as written
    uint64_t position = 0;  ///< of the next entry of a table
    std::vector<Ref<Value>> parts = {};  ///< of what has none in order itself
  };

  void head(char kind, uint64_t count) {
    out_ += kind;
    append_count(out_, count);
  }

  void write_int(int64_t number) {
    if (number >= 0 && number < 0x80) {
      out_ += static_cast<char>(0x80 | number);
    } else {
      head(kInt, static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63));
    }
  }
  void write_float(double number) {
    out_ += kFloat;
    out_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void write_big(const BigInt* number) {
    head(kBigInt, number->limb_count);
    out_ += static_cast<char>(number->negative != 0);
    out_.append(reinterpret_cast<const char*>(number->limbs()), number->limb_count * sizeof(uint32_t));
  }
  void write_text(const Str* text) {
    if (!text->wide) {
      head(kStr, text->length);
      out_ += text->ascii();
    } else if (std::string utf8 = to_utf8(text); !base::find_utf8_error(utf8)) {
      head(kStr, utf8.size());
      out_ += utf8;
    } else {
      head(kWideStr, text->length);
      out_.append(reinterpret_cast<const char*>(text->wide_units()), text->length * sizeof(char32_t));
    }
  }

  Result<void> begin(Value value) {
    if (value.is_int()) return write_int(value.as_int()), Result<void>();
    if (value.is_float()) return write_float(value.as_double()), Result<void>();
    if (!value.is_object()) {
      out_ += value.is_none()           ? kNone_
              : value.is_bool()         ? (value.as_bool() ? kTrue_ : kFalse_)
              : value == kEllipsis      ? kEllipsis_
                                        : kNotImplemented_;
      return {};
    }
    Object* object = value.as_object();
    const bool is_shared = object->count > 1;
    const auto known = is_shared ? numbers_.find(object) : numbers_.end();
    if (known != numbers_.end()) return head(kBefore, known->second), Result<void>();
    const Type* type = object->type;
    const auto kind = static_cast<BuiltinType>(type->kind);
    if (type == heap_.type(kind)) {  // none of a derived class
      if (kind == BuiltinType::kInt) return write_big(static_cast<BigInt*>(object)), Result<void>();
      if (kind == BuiltinType::kFloat) return write_float(float_of(value)), Result<void>();
    }
    // Only what somebody else holds, too, can be met again.
    const uint64_t number = next_number_++;
    if (is_shared) {
      numbers_.emplace(object, number);
      kept_.push_back(Ref<Value>::share(value));
    }
    if (type == heap_.type(kind)) {
      switch (kind) {
        case BuiltinType::kStr:
          return write_text(static_cast<Str*>(object)), Result<void>();
        case BuiltinType::kBytes: {
          auto* bytes = static_cast<Bytes*>(object);
          head(kBytes, bytes->length);
          out_.append(reinterpret_cast<const char*>(bytes->data()), bytes->length);
          return {};
        }
        case BuiltinType::kTuple:
          return open(kTuple, value, static_cast<Tuple*>(object)->length);
        case BuiltinType::kList:
          return open(kList, value, static_cast<List*>(object)->length);
        case BuiltinType::kDict:
          return open(kDict, value, static_cast<Dict*>(object)->live);
        case BuiltinType::kSet:
          return open(kSet, value, static_cast<Set*>(object)->live);
        case BuiltinType::kFrozenSet:
          return open(kFrozenSet, value, static_cast<Set*>(object)->live);
        default:
          break;
      }
    }
    if (is_plain(type)) return open_instance(value);
    return open_described(value);
  }

  bool is_plain(const Type* type) {
    const auto [known, fresh] = plain_.try_emplace(type, false);
    if (fresh) known->second = is_plain_instance(heap_, type);
    return known->second;
  }

  Result<void> open(char kind, Value value, uint64_t count) {
    head(kind, count);
    const uint64_t parts = kind == kDict ? 2 * count : count;
    if (parts > 0) open_.push_back({.kind = kind, .object = Ref<Value>::share(value), .count = parts});
    return {};
  }

  Result<void> open_instance(Value value) {
    Open made{.kind = kInstance, .object = Ref<Value>::share(value)};
    made.parts.push_back(Ref<Value>::share(Value(value.as_object()->type)));
    bool names_only = true;
    for_each_attribute(value.as_object(), [&](const Str* name, Value attribute) {
      names_only &= as_str(heap_, Value(name)) != nullptr;
      made.parts.push_back(Ref<Value>::share(Value(name)));
      made.parts.push_back(Ref<Value>::share(attribute));
    });
    if (!names_only) return open_described(value);
    made.count = made.parts.size();
    head(kInstance, (made.count - 1) / 2);
    open_.push_back(std::move(made));
    return {};
  }

  Result<void> open_described(Value value) {
    Ref<Value> described = MINI_TRY(call(heap_, describe_, &value, 1));
    auto* tuple = has_kind(described, BuiltinType::kTuple) ? static_cast<Tuple*>(described.get().as_object()) : nullptr;
    const size_t length = tuple ? tuple->length : 0;
    Str* kind = length > 0 ? as_str(heap_, tuple->items()[0]) : nullptr;
    Open made{.kind = kind && kind->length == 1 ? kind->narrow()[0] : '\0', .object = Ref<Value>::share(value)};
    const bool is_global = made.kind == kGlobal && length == 3;
    if (!is_global && !(made.kind == kObject && length == 6))
      return heap_.raise_text(BuiltinType::kTypeError, "what describes a value has to be a tuple of 3 or 6");
    uint8_t flags = 0;
    for (size_t i = 1; i < length; ++i) {
      const Value part = tuple->items()[i];
      if (i > 2 && part.is_none()) continue;
      if (i > 2) flags |= static_cast<uint8_t>(1 << (i - 3));
      made.parts.push_back(Ref<Value>::share(part));
    }
    out_ += made.kind;
    if (!is_global) out_ += static_cast<char>(flags);
    made.count = made.parts.size();
    kept_.push_back(std::move(described));  // so that nothing else gets the address of something written
    open_.push_back(std::move(made));
    return {};
  }

  Raised changed() { return heap_.raise_text(BuiltinType::kRuntimeError, "a value was changed while it was being sent"); }

  /// The next part of a table, kUnbound if there is none.
  static Value entry(const Table* table, Open& open) {
    if (open.kind == kDict && open.next % 2 == 1) return table->entries[open.position - 1].value;
    while (open.position < table->used) {
      const DictEntry& entry = table->entries[open.position++];
      if (!entry.key.is_unbound()) return entry.key;
    }
    return kUnbound;
  }

  Result<void> go_on() {
    Open& top = open_.back();
    if (top.next == top.count) {
      open_.pop_back();
      return {};
    }
    Value part = kUnbound;
    Object* object = top.object.get().as_object();
    switch (top.kind) {
      case kTuple:
        part = static_cast<Tuple*>(object)->items()[top.next];
        break;
      case kList:
        if (static_cast<List*>(object)->length != top.count) return changed();
        part = static_cast<List*>(object)->items[top.next];
        break;
      case kDict:
        if (2 * uint64_t{static_cast<Dict*>(object)->live} != top.count) return changed();
        part = entry(static_cast<Dict*>(object), top);
        break;
      case kSet:
      case kFrozenSet:
        if (static_cast<Set*>(object)->live != top.count) return changed();
        part = entry(static_cast<Set*>(object), top);
        break;
      default:
        part = top.parts[top.next].get();
    }
    if (part.is_unbound()) return changed();
    ++top.next;
    const Ref<Value> held = Ref<Value>::share(part);
    return begin_part(part);
  }

  /// As begin(), which counts who holds the value: this loop does, too.
  Result<void> begin_part(Value part) {
    if (part.is_object()) --part.as_object()->count;
    Result<void> done = begin(part);
    if (part.is_object()) ++part.as_object()->count;
    return done;
  }

  // The way to what cannot be sent.

  std::string step(const Open& open) const {
    const uint64_t at = open.next - 1;
    auto shown = [&](Value value) {
      auto text = repr(heap_, value);
      return text.ok() ? to_utf8(text->get()) : (static_cast<void>(heap_.take_pending()), std::string("?"));
    };
    switch (open.kind) {
      case kTuple:
      case kList:
        return fmt::format("[{}]", at);
      case kDict: {
        const DictEntry& entry = static_cast<Dict*>(open.object.get().as_object())->entries[open.position - 1];
        return at % 2 == 1 ? "[" + shown(entry.key) + "]" : ".keys()";
      }
      case kSet:
      case kFrozenSet:
        return ".element";
      case kInstance:
        return at == 0 ? "" : "." + to_utf8(static_cast<Str*>(open.parts[at % 2 == 1 ? at : at - 1].get().as_object()));
      default:
        return at == 0 ? "" : at == 1 ? ".args" : ".__dict__";
    }
  }

  void add_path() {
    if (open_.empty()) return;
    add_note_to_pending(heap_, [this](Heap& heap) {
      std::string path(root_);
      for (const Open& open : open_)
        if (open.next > 0) path += step(open);
      return make_str(heap, "cannot be sent: " + path);
    });
  }

  Heap& heap_;
  const Value describe_;
  const std::string_view root_;
  std::string out_;
  std::vector<Open> open_;
  std::unordered_map<const Object*, uint64_t> numbers_;
  std::unordered_map<const Type*, bool> plain_;
  std::vector<Ref<Value>> kept_;
  uint64_t next_number_ = 0;
};

}  // namespace

bool is_plain_instance(Heap& heap, const Type* type) {
  if (type->kind != static_cast<uint32_t>(BuiltinType::kObject) || !(type->type_flags & Type::kUserClass)) return false;
  if (type->type_flags & (Type::kAbstract | Type::kSlotsOnly) || type->attributes_offset == 0) return false;
  for (const char* hook : {"__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__",
                           "__getnewargs_ex__"}) {
    auto name = heap.intern(hook);
    if (!name.ok()) return static_cast<void>(heap.take_pending()), false;
    const Value found = lookup(const_cast<Type*>(type), name->get());
    if (has_kind(found, BuiltinType::kFunction)) return false;
  }
  return script_method(heap, const_cast<Type*>(type), Name::k__new__).is_unbound();
}

Result<std::string> serialize(Heap& heap, const MessageKey& key, Value value, Value describe, std::string_view root) {
  Writer writer(heap, describe, root);
  MINI_TRY(writer.write(value));
  const std::string content = writer.take();
  return head(key, content) + content;
}

}  // namespace mini::modules
