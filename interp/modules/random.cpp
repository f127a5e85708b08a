// The module `_random`: the Mersenne Twister MT19937 (Matsumoto, Nishimura 1998), seeded and read as CPython does
// (3.13 Modules/_randommodule.c), so that one seed gives one stream in both.
#include <sys/random.h>

#include <array>
#include <cstring>
#include <vector>

#include "interp/modules/modules.h"
#include "interp/modules/sha512.h"
#include "interp/modules/support.h"

namespace mini::modules {
namespace {

struct Twister : Object {
  static constexpr uint32_t kWords = 624, kMiddle = 397;
  uint32_t index;  ///< of the next word; kWords: the state has to be turned first
  uint32_t state[kWords];

  void seed_word(uint32_t seed) {
    state[0] = seed;
    for (uint32_t i = 1; i < kWords; ++i) state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + i;
    index = kWords;
  }

  void seed_key(const std::vector<uint32_t>& key) {
    seed_word(19650218u);
    uint32_t i = 1;
    auto step = [&] {
      if (++i >= kWords) {
        state[0] = state[kWords - 1];
        i = 1;
      }
    };
    for (size_t k = 0, j = 0; k < std::max<size_t>(kWords, key.size()); ++k) {
      state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * 1664525u)) + key[j] + static_cast<uint32_t>(j);
      step();
      if (++j >= key.size()) j = 0;
    }
    for (uint32_t k = 1; k < kWords; ++k) {
      state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * 1566083941u)) - i;
      step();
    }
    state[0] = 0x80000000u;
  }

  void turn() {
    for (uint32_t i = 0; i < kWords; ++i) {
      const uint32_t both = (state[i] & 0x80000000u) | (state[(i + 1) % kWords] & 0x7fffffffu);
      state[i] = state[(i + kMiddle) % kWords] ^ (both >> 1) ^ (both & 1 ? 0x9908b0dfu : 0);
    }
    index = 0;
  }

  uint32_t next_word() {
    if (index >= kWords) turn();
    uint32_t y = state[index++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }
};

Twister* twister_of(Call& call) { return static_cast<Twister*>(call[0].as_object()); }

std::vector<uint32_t> words_of(const base::Integer& number) {
  std::vector<uint32_t> words(number.limb_count());
  number.to_limbs(words);
  if (words.empty()) words.push_back(0);
  return words;
}

/// Without a seed: from the system; under a virtual clock, where a run repeats, always the same.
Result<Ref<Value>> seed(Call& call) {
  Heap& heap = call.heap;
  Twister* twister = twister_of(call);
  if (!call.has(1) || call[1].is_none()) {
    std::vector<uint32_t> key(Twister::kWords, 0);
    Machine& machine = Machine::of(heap);
    const bool repeats = machine.runner().clock() == sched::ClockKind::Virtual;
    const std::string bytes = machine.runner().outside_bytes(
        repeats ? sched::Outside::Other : sched::Outside::Random, [&] {
      if (repeats || ::getrandom(key.data(), key.size() * sizeof(uint32_t), 0) < 0)
        key[0] = static_cast<uint32_t>(machine.options().seed);
      return std::string(reinterpret_cast<const char*>(key.data()), key.size() * sizeof(uint32_t));
    });
    std::memcpy(key.data(), bytes.data(), std::min(bytes.size(), key.size() * sizeof(uint32_t)));
    twister->seed_key(key);
    return none();
  }
  const base::Integer number = is_any_int(call[1])
                                   ? integer_of(call[1]).abs()
                                   : base::Integer::from_unsigned(static_cast<uint64_t>(MINI_TRY(hash(heap, call[1]))));
  twister->seed_key(words_of(number));
  return none();
}

Result<Ref<Value>> random(Call& call) {
  Twister* twister = twister_of(call);
  const uint32_t high = twister->next_word() >> 5, low = twister->next_word() >> 6;
  return make_float(call.heap, (high * 67108864.0 + low) * (1.0 / 9007199254740992.0));
}

Result<Ref<Value>> getrandbits(Call& call) {
  const int64_t bits = MINI_TRY(to_int64(call.heap, call[1]));
  if (bits < 0) return call.heap.raise_text(BuiltinType::kValueError, "number of bits must be non-negative");
  constexpr int64_t kMostBits = int64_t{1} << 32;
  if (bits > kMostBits) return call.heap.raise_memory_error();
  std::vector<uint32_t> words;
  for (int64_t left = bits; left > 0; left -= 32) {
    uint32_t word = twister_of(call)->next_word();
    if (left < 32) word >>= 32 - left;
    words.push_back(word);
  }
  if (words.size() == 1) return unboxed(Value::integer(words[0]));
  return make_int(call.heap, base::Integer::from_limbs(words, false));
}

Result<Ref<Value>> getstate(Call& call) {
  Twister* twister = twister_of(call);
  Ref<Tuple> tuple = MINI_TRY(make_tuple(call.heap, Twister::kWords + 1));
  for (uint32_t i = 0; i < Twister::kWords; ++i) tuple->items()[i] = Value::integer(twister->state[i]);
  tuple->items()[Twister::kWords] = Value::integer(twister->index);
  return tuple;
}
Result<Ref<Value>> setstate(Call& call) {
  if (!has_kind(call[1], BuiltinType::kTuple))
    return call.heap.raise_text(BuiltinType::kTypeError, "state vector must be a tuple");
  auto* tuple = static_cast<Tuple*>(call[1].as_object());
  if (tuple->length != Twister::kWords + 1)
    return call.heap.raise_text(BuiltinType::kValueError, "state vector is the wrong size");
  std::array<uint32_t, Twister::kWords + 1> words;
  for (size_t i = 0; i < words.size(); ++i)
    words[i] = static_cast<uint32_t>(MINI_TRY(to_int64(call.heap, tuple->items()[i])));
  if (words.back() > Twister::kWords) return call.heap.raise_text(BuiltinType::kValueError, "invalid state");
  std::copy_n(words.begin(), +Twister::kWords, twister_of(call)->state);
  twister_of(call)->index = words.back();
  return none();
}

Result<Ref<Value>> construct(Call& call) {
  Ref<Twister> twister = MINI_TRY(call.heap.create<Twister>(self_of<Type>(call)));
  twister->seed_word(0);
  return twister;
}

void visit_twister(Object* object, Visitor& visitor) {
  auto* twister = static_cast<Twister*>(object);
  visitor.scalar(twister->index);
  visitor.content(twister->state, sizeof twister->state);
}

/// The int that a text stands for as a seed: its bytes and their SHA-512 (3.13 Lib/random.py, version 2).
Result<Ref<Value>> text_seed(Call& call) {
  Str* text = as_str(call.heap, call[0]);
  std::string bytes = text ? to_utf8(text) : std::string();
  if (has_kind(call[0], BuiltinType::kBytes)) {
    auto* given = static_cast<Bytes*>(call[0].as_object());
    bytes.assign(reinterpret_cast<const char*>(given->data()), given->length);
  }
  const auto digest = sha512(bytes);
  bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  std::vector<uint32_t> limbs((bytes.size() + 3) / 4);
  for (size_t i = 0; i < bytes.size(); ++i)  // the first byte is the most significant
    limbs[i / 4] |= uint32_t{static_cast<unsigned char>(bytes[bytes.size() - 1 - i])} << (8 * (i % 4));
  return make_int(call.heap, base::Integer::from_limbs(limbs, false));
}

constexpr NativeDefinition kMake{"Random.__new__(type, *args)", construct};
constexpr NativeDefinition kRandomMethods[] = {
    {"Random.seed(self, n=None, /)", seed},
    {"Random.random(self, /)", random},
    {"Random.getrandbits(self, k, /)", getrandbits},
    {"Random._getstate(self, /)", getstate},
    {"Random._setstate(self, state, /)", setstate},
};
constexpr NativeDefinition kRandomFunctions[] = {{"_random._text_seed(text, /)", text_seed}};

}  // namespace

Result<void> fill_random(Machine& machine, Module* module) {
  MINI_TRY(define_type(machine.heap(), BuiltinType::kRandom,
                       {.instance_size = sizeof(Twister),
                        .tracked = false,
                        .subclassable = true,
                        .behaviour = {.visit = visit_twister},
                        .construct = &kMake,
                        .methods = kRandomMethods}));
  MINI_TRY(add_functions(machine, module, kRandomFunctions));
  return add_type(machine, module, "Random", BuiltinType::kRandom);
}

}  // namespace mini::modules
