#include "interp/observe/show_value.h"

#include "interp/vm/function.h"
#include "runtime/base/number.h"
#include "runtime/object/number.h"
#include "runtime/object/sequence_types.h"

namespace mini::observe {

using namespace mini::object;

namespace {

constexpr int kDeepest = 3;

class Writer {
 public:
  explicit Writer(size_t width) : width_(width) {}
  std::string text;

  void write(Value value, int depth) {
    if (full()) return;
    if (value.is_int()) text += fmt::format("{}", value.as_int());
    else if (value.is_float()) text += base::float_repr(value.as_double());
    else if (value.is_none()) text += "None";
    else if (value.is_bool()) text += value.as_bool() ? "True" : "False";
    else if (value == kEllipsis) text += "Ellipsis";
    else if (value == kNotImplemented) text += "NotImplemented";
    else if (!value.is_object()) text += "nothing";
    else write_object(value, depth);
  }

 private:
  bool full() const { return text.size() > width_; }

  template <class Each>
  void write_items(size_t count, const char* open, const char* close, int depth, Each each) {
    text += open;
    if (depth >= kDeepest && count > 0) {
      text += "…";
    } else {
      bool first = true;
      for (size_t i = 0; i < count && !full(); ++i) {
        if (!each(i, first)) continue;
        first = false;
      }
    }
    text += close;
  }

  void write_table(const Table* table, bool with_values, int depth) {
    write_items(table->used, "{", "}", depth, [&](size_t i, bool first) {
      const DictEntry& entry = table->entries[i];
      if (entry.key.is_unbound()) return false;
      if (!first) text += ", ";
      write(entry.key, depth + 1);
      if (with_values) {
        text += ": ";
        write(entry.value, depth + 1);
      }
      return true;
    });
  }

  void write_object(Value value, int depth) {
    Object* object = value.as_object();
    const std::string type = to_utf8(object->type->name);
    auto item = [&](const Value* items) {
      return [this, items, depth](size_t i, bool first) {
        if (!first) text += ", ";
        write(items[i], depth + 1);
        return true;
      };
    };
    switch (static_cast<BuiltinType>(object->type->kind)) {
      case BuiltinType::kInt: {
        if (auto* number = static_cast<BigInt*>(object); number->limb_count > 64) text += "<large int>";
        else text += integer_of(value).to_string();
        break;
      }
      case BuiltinType::kFloat:
        text += base::float_repr(float_of(value));
        break;
      case BuiltinType::kStr: {
        std::string content = to_utf8(static_cast<Str*>(object));
        shorten(content, width_);
        text += quoted(content);
        break;
      }
      case BuiltinType::kList: {
        auto* list = static_cast<List*>(object);
        write_items(list->length, "[", "]", depth, item(list->items));
        break;
      }
      case BuiltinType::kTuple: {
        auto* tuple = static_cast<Tuple*>(object);
        write_items(tuple->length, "(", tuple->length == 1 ? ",)" : ")", depth, item(tuple->items()));
        break;
      }
      case BuiltinType::kDict:
        write_table(static_cast<Dict*>(object), true, depth);
        break;
      case BuiltinType::kSet:
      case BuiltinType::kFrozenSet:
        write_table(static_cast<Set*>(object), false, depth);
        break;
      case BuiltinType::kFunction: {
        const Value name = static_cast<vm::Function*>(object)->name;
        text += "<function " + (has_kind(name, BuiltinType::kStr) ? to_utf8(static_cast<Str*>(name.as_object())) : "?") + ">";
        break;
      }
      case BuiltinType::kTypeType:
        text += "<class " + to_utf8(static_cast<Type*>(object)->name) + ">";
        break;
      case BuiltinType::kModule:
        text += "<module " + to_utf8(static_cast<Module*>(object)->name) + ">";
        break;
      case BuiltinType::kNativeFunction:
        text += fmt::format("<builtin {}>", static_cast<NativeObject*>(object)->definition->signature.name);
        break;
      case BuiltinType::kMethodDescriptor:
        text += fmt::format("<builtin {}>", static_cast<MethodDescriptor*>(object)->definition->signature.name);
        break;
      case BuiltinType::kBoundMethod:
        text += "<method of ";
        write(static_cast<BoundMethod*>(object)->self, kDeepest);
        text += ">";
        break;
      case BuiltinType::kRange: {
        auto* range = static_cast<Range*>(object);
        if (range->wide) {
          const Value* numbers = range->wide->items();
          write_items(numbers[2] == Value::integer(1) ? 2 : 3, "range(", ")", depth, item(numbers));
          break;
        }
        text += fmt::format("range({}, {}", range->start, range->stop);
        if (range->step != 1) text += fmt::format(", {}", range->step);
        text += ")";
        break;
      }
      default:
        text += "<" + type + ">";
    }
  }

  size_t width_;
};

}  // namespace

void shorten(std::string& text, size_t width) {
  if (text.size() <= width) return;
  size_t end = width > 3 ? width - 3 : 0;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  text += "…";
}

std::string quoted(std::string_view utf8) {
  const char quote = utf8.find('\'') != std::string_view::npos && utf8.find('"') == std::string_view::npos ? '"' : '\'';
  std::string text(1, quote);
  for (const char c : utf8) {
    if (c == '\n') text += "\\n";
    else if (c == '\r') text += "\\r";
    else if (c == '\t') text += "\\t";
    else if (c == '\\' || c == quote) (text += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) text += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else text += c;
  }
  return text += quote;
}

std::string show_value(Value value, size_t width) {
  if (value.is_unbound()) return "deleted";
  Writer writer(width);
  writer.write(value, 0);
  shorten(writer.text, width);
  return std::move(writer.text);
}

}  // namespace mini::observe
