// str.format and str.format_map (CPython 3.13, Objects/stringlib/unicode_format.h).
#include "runtime/object/format.h"
#include "runtime/object/number.h"
#include "runtime/object/sequence_types.h"
#include "runtime/object/str_methods.h"

namespace mini::object {

namespace {

/// A part of the template, by position.
struct Range {
  size_t start, end;
};

class Formatter {
 public:
  /// `positional` may be null data for format_map; `named` is a mapping or kUnbound.
  Formatter(Heap& heap, Str* text, std::span<Value> positional, Value named, bool map_only)
      : heap_(heap),
        text_(Ref<Str>::share(text)),
        positional_(positional),
        named_(named),
        map_only_(map_only) {}

  Result<Ref<Str>> run() {
    TextBuilder out;
    MINI_TRY(expand({0, text_->length}, out, 2));
    return out.finish(heap_);
  }

 private:
  Raised error(std::string_view message) { return heap_.raise_text(BuiltinType::kValueError, message); }
  char32_t at(size_t position) const { return text_->at(position); }
  void copy(TextBuilder& out, Range range) {
    if (!text_->wide) return out.append(text_->ascii().substr(range.start, range.end - range.start));
    for (size_t i = range.start; i < range.end; ++i) out.append(1, at(i));
  }
  /// Where the next brace stands from `position` on, or `end`.
  size_t next_brace(size_t position, size_t end) const {
    while (position < end && at(position) != '{' && at(position) != '}') ++position;
    return position;
  }
  Result<Ref<Str>> piece(Range range) { return substring(heap_, text_.get(), range.start, range.end); }

  Result<void> expand(Range range, TextBuilder& out, int depth) {
    if (depth == 0) return error("Max string recursion exceeded");
    size_t position = range.start;
    while (position < range.end) {
      size_t start = position;
      position = next_brace(position, range.end);
      copy(out, {start, position});
      if (position == range.end) return {};
      char32_t brace = at(position++);
      bool doubled = position < range.end && at(position) == brace;
      if (doubled) {
        out.append(static_cast<char>(brace));
        ++position;
        continue;
      }
      if (brace == '}') return error("Single '}' encountered in format string");
      if (position == range.end) return error("Single '{' encountered in format string");
      MINI_TRY(field(position, range.end, out, depth));
    }
    return {};
  }

  /// A field, behind its opening brace; `position` moves behind the closing one.
  Result<void> field(size_t& position, size_t end, TextBuilder& out, int depth) {
    Range name{position, end};
    char32_t stop = 0;
    while (position < end && stop == 0) {
      char32_t unit = at(position++);
      if (unit == '{') return error("unexpected '{' in field name");
      if (unit == '[') {
        while (position < end && at(position) != ']') ++position;
      } else if (unit == '}' || unit == ':' || unit == '!') {
        stop = unit;
      }
    }
    if (stop == 0) return error("expected '}' before end of string");
    name.end = position - 1;
    char32_t conversion = 0;
    Range spec{position, position};
    bool nested = false;
    if (stop == '!') {
      if (position == end) return error("end of string while looking for conversion specifier");
      conversion = at(position++);
      if (position < end) {
        stop = at(position++);
        if (stop != '}' && stop != ':') return error("expected ':' after conversion specifier");
      }
      spec = {position, position};
    }
    if (stop != '}') {
      int open = 1;
      for (; position < end && open > 0; ++position) {
        if (at(position) == '{') {
          nested = true;
          ++open;
        } else if (at(position) == '}') {
          --open;
        }
      }
      if (open > 0) return error("unmatched '{' in format spec");
      spec.end = position - 1;
    }
    Ref<Value> value = MINI_TRY(find_value(name));
    if (conversion != 0) value = MINI_TRY(convert(value, conversion));
    if (!nested) return append_formatted(heap_, out, value, text_.get(), spec.start, spec.end);
    TextBuilder expanded;
    MINI_TRY(expand(spec, expanded, depth - 1));
    Ref<Str> spec_text = MINI_TRY(expanded.finish(heap_));
    return append_formatted(heap_, out, value, spec_text.get(), 0, spec_text->length);
  }

  Result<Ref<Value>> convert(Value value, char32_t conversion) {
    switch (conversion) {
      case 'r':
        return widen(repr(heap_, value));
      case 's':
        return widen(str(heap_, value));
      case 'a':
        return widen(ascii_repr(heap_, value));
      default:
        break;
    }
    uint32_t code = conversion;
    return error(code > 32 && code < 127
                     ? fmt::format("Unknown conversion specifier {}", static_cast<char>(code))
                     : fmt::format("Unknown conversion specifier \\x{:x}", code));
  }

  /// A range of digits as a number, -1 if it is something else.
  Result<int64_t> number(Range range) {
    int64_t result = range.start == range.end ? -1 : 0;
    for (size_t i = range.start; i < range.end; ++i) {
      char32_t unit = at(i);
      if (unit < '0' || unit > '9') return -1;
      if (result > (INT64_MAX - 9) / 10) return error("Too many decimal digits in format string");
      result = result * 10 + static_cast<int64_t>(unit - '0');
    }
    return result;
  }

  /// `name`, `0`, or nothing for the next one, then `.attribute` and `[item]` as often as they stand there.
  Result<Ref<Value>> find_value(Range name) {
    size_t position = name.start;
    while (position < name.end && at(position) != '.' && at(position) != '[') ++position;
    Ref<Value> value = MINI_TRY(first_value({name.start, position}));
    while (position < name.end) {
      char32_t kind = at(position++);
      Range part{position, name.end};
      if (kind == '.') {
        while (position < name.end && at(position) != '.' && at(position) != '[') ++position;
        part.end = position;
      } else if (kind == '[') {
        while (position < name.end && at(position) != ']') ++position;
        if (position == name.end) return error("Missing ']' in format string");
        part.end = position++;
      } else {
        return error("Only '.' or '[' may follow ']' in format field specifier");
      }
      if (part.start == part.end) return error("Empty attribute in format string");
      if (kind == '.') {
        Ref<Str> attribute = MINI_TRY(heap_.intern(MINI_TRY(piece(part))));
        value = MINI_TRY(get_attribute(heap_, value, attribute.get()));
      } else {
        int64_t index = MINI_TRY(number(part));
        Ref<Value> key = index >= 0 ? MINI_TRY(make_int(heap_, index)) : Ref<Value>(MINI_TRY(piece(part)));
        value = MINI_TRY(get_item(heap_, value, key));
      }
    }
    return value;
  }

  Result<Ref<Value>> first_value(Range name) {
    int64_t index = MINI_TRY(number(name));
    bool automatic = name.start == name.end;
    if (automatic || index >= 0) {
      if (numbering_ != kUndecided && numbering_ != (automatic ? kAutomatic : kManual)) {
        return error(automatic
                         ? "cannot switch from manual field specification to automatic field numbering"
                         : "cannot switch from automatic field numbering to manual field specification");
      }
      numbering_ = automatic ? kAutomatic : kManual;
      if (automatic) index = next_index_++;
      if (map_only_) return error("Format string contains positional fields");
      if (static_cast<uint64_t>(index) >= positional_.size()) {
        return heap_.raise(BuiltinType::kIndexError,
                           "Replacement index {} out of range for positional args tuple", index);
      }
      return Ref<Value>::share(positional_[static_cast<size_t>(index)]);
    }
    Ref<Str> key = MINI_TRY(piece(name));
    if (named_.is_unbound()) return heap_.raise_value(BuiltinType::kKeyError, Value(key));
    return get_item(heap_, named_, Value(key));
  }

  enum Numbering { kUndecided, kAutomatic, kManual };

  Heap& heap_;
  Ref<Str> text_;
  std::span<Value> positional_;
  Value named_;
  bool map_only_;
  Numbering numbering_ = kUndecided;
  int64_t next_index_ = 0;
};

}  // namespace

Result<Ref<Value>> format_method(Call& call) {
  Str* text = static_cast<Str*>(call.args[0].as_object());
  std::span<Value> positional(call.args + 1, call.count - 1);
  return widen(Formatter(call.heap, text, positional, call.keywords[0], false).run());
}

Result<Ref<Value>> format_map_method(Call& call) {
  return widen(Formatter(call.heap, self_of(call), {}, call[1], true).run());
}

}  // namespace mini::object
