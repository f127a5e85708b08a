// Reading values from bytes; the format is in serialize.h. Whatever the bytes are, the worst that comes of them is an
// exception.
#include <cstring>

#include "interp/modules/serialize_format.h"
#include "interp/vm/function.h"
#include "runtime/base/utf8.h"
#include "runtime/object/attributes.h"

namespace mini::modules {
namespace {

using namespace format;

class Reader {
 public:
  Reader(Heap& heap, std::string_view content, const Makers& makers) : heap_(heap), left_(content), makers_(makers) {}

  Result<Ref<Value>> read() {
    Ref<Value> value = MINI_TRY(next());
    while (!open_.empty()) {
      if (open_.back().missing == 0) {
        value = MINI_TRY(close());
        if (open_.empty()) break;
        MINI_TRY(take_part(std::move(value)));
      } else {
        const size_t depth = open_.size();
        value = MINI_TRY(next());
        if (open_.size() == depth) MINI_TRY(take_part(std::move(value)));
      }
    }
    if (!left_.empty()) return damaged();
    return value;
  }

 private:
  /// A value of which some parts are still to come.
  struct Open {
    char kind;
    uint64_t number;            ///< among the objects
    uint64_t missing;           ///< parts
    Ref<Value> object = {};     ///< kUnbound while it cannot be made yet
    Ref<Value> key = {};        ///< of the value that comes next
    std::vector<Ref<Value>> parts = {};  ///< of what is made or finished of several
    uint8_t flags = 0;
  };

  Raised damaged() { return heap_.raise_text(BuiltinType::kValueError, "damaged message"); }

  // Bytes

  Result<char> byte() {
    if (left_.empty()) return damaged();
    const char found = left_.front();
    left_.remove_prefix(1);
    return found;
  }
  Result<uint64_t> number() {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto part = static_cast<unsigned char>(MINI_TRY(byte()));
      number |= uint64_t{part & 0x7fu} << shift;
      if (part < 0x80) return number;
    }
    return damaged();
  }
  /// How many of `size` bytes each are to come: not more than there are.
  Result<uint64_t> count(uint64_t size = 1) {
    const uint64_t count = MINI_TRY(number());
    if (count > left_.size() / size) return damaged();
    return count;
  }
  std::string_view take(uint64_t bytes) {
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }

  // Values

  /// What has no parts; or opens what has, and answers kUnbound.
  Result<Ref<Value>> next() {
    if (!open_.empty()) --owed_;
    const char kind = MINI_TRY(byte());
    if (const auto small = static_cast<unsigned char>(kind); small >= 0x80) return unboxed(Value::integer(small & 0x7f));
    switch (kind) {
      case kNone_: return unboxed(kNone);
      case kTrue_: return unboxed(kTrue);
      case kFalse_: return unboxed(kFalse);
      case kEllipsis_: return unboxed(kEllipsis);
      case kNotImplemented_: return unboxed(kNotImplemented);
      case kInt: {
        const uint64_t zigzag = MINI_TRY(number());
        return make_int(heap_, static_cast<int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1))));
      }
      case kBigInt: return big_int();
      case kFloat: {
        if (left_.size() < sizeof(double)) return damaged();
        double number;
        std::memcpy(&number, take(sizeof number).data(), sizeof number);
        return make_float(heap_, number);
      }
      case kBefore: return before();
      case kStr: return remember(MINI_TRY(text()));
      case kWideStr: return remember(MINI_TRY(wide_text()));
      case kBytes: {
        const std::string_view content = take(MINI_TRY(count()));
        return remember(MINI_TRY(make_bytes(heap_, content.data(), content.size())));
      }
      default: return open(kind);
    }
  }

  Result<Ref<Value>> big_int() {
    const uint64_t limbs = MINI_TRY(count(sizeof(uint32_t)));
    const bool negative = MINI_TRY(byte()) != 0;
    if (left_.size() < limbs * sizeof(uint32_t)) return damaged();
    std::vector<uint32_t> magnitude(limbs);
    const std::string_view bytes = take(limbs * sizeof(uint32_t));
    if (limbs > 0) std::memcpy(magnitude.data(), bytes.data(), bytes.size());
    return make_int(heap_, base::Integer::from_limbs(magnitude, negative));
  }
  Result<Ref<Value>> text() {
    const std::string_view utf8 = take(MINI_TRY(count()));
    if (base::find_utf8_error(utf8)) return damaged();
    return widen(make_str(heap_, utf8));
  }
  Result<Ref<Value>> wide_text() {
    const uint64_t length = MINI_TRY(count(sizeof(char32_t)));
    std::u32string units(length, U'\0');
    if (length > 0) std::memcpy(units.data(), take(length * sizeof(char32_t)).data(), length * sizeof(char32_t));
    for (const char32_t unit : units)
      if (unit > base::kMaxCodePoint) return damaged();
    return widen(make_str(heap_, units.data(), units.size()));
  }

  /// An object that is whole gets its number.
  Ref<Value> remember(Ref<Value> value) {
    objects_.push_back(value.share());
    return value;
  }
  Result<Ref<Value>> before() {
    const uint64_t index = MINI_TRY(number());
    if (index >= objects_.size() || objects_[index].get().is_unbound()) return damaged();
    return objects_[index].share();
  }

  Result<Ref<Value>> open(char kind) {
    Open made{.kind = kind, .number = objects_.size(), .missing = 0};
    if (kind == kObject) {
      made.flags = static_cast<uint8_t>(MINI_TRY(byte()));
      if (made.flags > (kHasState | kHasItems | kHasPairs)) return damaged();
      made.missing = 2 + static_cast<uint64_t>(std::popcount(made.flags));
    } else if (kind == kGlobal) {
      made.missing = 2;
    } else {
      const uint64_t parts = MINI_TRY(count());
      made.missing = kind == kDict ? 2 * parts : kind == kInstance ? 1 + 2 * parts : parts;
      if (made.missing + owed_ > left_.size()) return damaged();  // each part takes a byte
      MINI_TRY(make_container(made, parts));
    }
    objects_.push_back(made.object.share());
    owed_ += made.missing;
    open_.push_back(std::move(made));
    return Ref<Value>::adopt(kUnbound);
  }

  Result<void> make_container(Open& made, uint64_t parts) {
    switch (made.kind) {
      case kTuple: {
        Ref<Tuple> tuple = MINI_TRY(make_tuple(heap_, parts));
        for (uint64_t i = 0; i < parts; ++i) tuple->items()[i] = kNone;  // fit to be seen by whoever is in a circle with it
        made.object = std::move(tuple);
        return {};
      }
      case kList: {
        made.object = MINI_TRY(make_list(heap_, parts));
        return {};
      }
      case kDict:
        made.object = MINI_TRY(make_dict(heap_));
        return {};
      case kSet:
        made.object = MINI_TRY(make_set(heap_));
        return {};
      case kFrozenSet:
        made.object = MINI_TRY(make_set(heap_, BuiltinType::kFrozenSet));
        return {};
      case kInstance:
        return {};
      default:
        return damaged();
    }
  }

  /// Hashing what is not whole yet would be for ever wrong.
  bool is_open(Value value) const {
    if (!has_kind(value, BuiltinType::kTuple) && !has_kind(value, BuiltinType::kFrozenSet)) return false;
    for (const Open& open : open_)
      if (open.object.get() == value && (open.kind == kTuple || open.kind == kFrozenSet)) return true;
    return false;
  }

  Result<void> take_part(Ref<Value> part) {
    // Script code may run below: nothing of open_ is held meanwhile but what is moved out or owned here.
    const size_t at = open_.size() - 1;
    Open& open = open_[at];
    --open.missing;
    Object* object = open.object.get().is_object() ? open.object.get().as_object() : nullptr;
    switch (open.kind) {
      case kTuple: {
        auto* tuple = static_cast<Tuple*>(object);
        decref(std::exchange(tuple->items()[tuple->length - 1 - open.missing], part.release()));
        return {};
      }
      case kList:
        return append(heap_, static_cast<List*>(object), std::move(part));
      case kDict: {
        if (open.missing % 2 == 1) {
          if (is_open(part)) return damaged();
          open.key = std::move(part);
          return {};
        }
        const Ref<Value> key = std::move(open.key);
        return set(heap_, static_cast<Dict*>(object), key, part);
      }
      case kSet:
      case kFrozenSet:
        if (is_open(part)) return damaged();
        return add(heap_, static_cast<Set*>(object), part);
      case kInstance:
        return take_attribute(open, std::move(part));
      case kGlobal:
        if (!as_str(heap_, part)) return damaged();
        open.parts.push_back(std::move(part));
        return {};
      default:
        open.parts.push_back(std::move(part));
        if (open.parts.size() != 2) return {};
        return make_object(at);
    }
  }

  Result<void> take_attribute(Open& open, Ref<Value> part) {
    if (open.object.get().is_unbound()) {
      if (!has_kind(part, BuiltinType::kTypeType)) return damaged();
      auto* type = static_cast<Type*>(part.get().as_object());
      if (part.get() != plain_.get()) {
        if (!is_plain_instance(heap_, type)) return damaged();
        plain_ = part.share();
      }
      open.object = MINI_TRY(make_instance(heap_, type));
      objects_[open.number] = open.object.share();
      return {};
    }
    if (open.missing % 2 == 1) {
      Str* name = as_str(heap_, part);
      if (!name || name->type != heap_.type(BuiltinType::kStr)) return damaged();
      open.key = MINI_TRY(heap_.intern(Ref<Str>::share(name)));
      return {};
    }
    const Ref<Value> name = std::move(open.key);
    return set_instance_attribute(heap_, open.object.get().as_object(), static_cast<Str*>(name.get().as_object()), part);
  }

  Result<void> make_object(size_t at) {
    const Value arguments[] = {open_[at].parts[0].get(), open_[at].parts[1].get()};
    if (!has_kind(arguments[1], BuiltinType::kTuple) || is_open(arguments[1])) return damaged();
    Ref<Value> made = MINI_TRY(call(heap_, makers_.make, arguments, 2));
    open_[at].object = made.share();
    objects_[open_[at].number] = std::move(made);
    return {};
  }

  /// The topmost one has all its parts.
  Result<Ref<Value>> close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.kind == kGlobal) {
      const Value names[] = {done.parts[0].get(), done.parts[1].get()};
      Ref<Value> found = MINI_TRY(call(heap_, makers_.find, names, 2));
      objects_[done.number] = found.share();
      return found;
    }
    if (done.kind == kObject && done.flags != 0) {
      Value arguments[] = {done.object.get(), kNone, kNone, kNone};
      size_t part = 2;
      for (int i = 0; i < 3; ++i)
        if (done.flags >> i & 1) arguments[1 + i] = done.parts[part++].get();
      static_cast<void>(MINI_TRY(call(heap_, makers_.finish, arguments, 4)));
    }
    return std::move(done.object);
  }

  Heap& heap_;
  std::string_view left_;
  const Makers& makers_;
  uint64_t owed_ = 0;  ///< parts that have not begun
  std::vector<Open> open_;
  std::vector<Ref<Value>> objects_;  ///< kUnbound: cannot be spoken of yet
  Ref<Value> plain_;                 ///< the class that was found to be plain last
};

}  // namespace

Result<Ref<Value>> deserialize_content(Heap& heap, std::string_view content, const Makers& makers) {
  return Reader(heap, content, makers).read();
}

Result<Ref<Value>> deserialize(Heap& heap, const MessageKey& key, std::string_view message, const Makers& makers) {
  if (message.size() < kHeadBytes || message.substr(0, 2) != "mP")
    return heap.raise_text(BuiltinType::kValueError, "this is no message of mini's multiprocessing");
  if (message[2] != kVersion || message[3] != 0)
    return heap.raise(BuiltinType::kValueError, "a message of version {}, but this mini reads version {}",
                      static_cast<unsigned char>(message[2]), int{kVersion});
  const std::string_view content = message.substr(kHeadBytes);
  if (message.substr(0, kHeadBytes) != head(key, content))
    return heap.raise_text(BuiltinType::kValueError, "damaged message, or one from a stranger: its tag does not fit");
  return deserialize_content(heap, content, makers);
}

}  // namespace mini::modules
