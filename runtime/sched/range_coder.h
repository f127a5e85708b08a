// An adaptive binary range coder (G. N. N. Martin, "Range encoding", 1979): each decision costs as many bits as it was
// surprising, so what a run does again and again costs next to nothing in its recording, and little in its token.
//
// Encoder and Decoder have the same members, which take what to write or where to read to: a format is one function
// template for both directions, and so they cannot disagree.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mini::sched {

/// How likely a decision is to be false, learned from the decisions before (Krichevsky and Trofimov's estimator, which
/// begins to forget after kMemory of them).
class BitModel {
 public:
  constexpr BitModel() = default;
  constexpr explicit BitModel(std::uint16_t false_probability) : probability_(false_probability) {}
  std::uint32_t probability() const { return probability_; }  ///< of false, in 1/65536
  void learn(bool bit) {
    const std::int32_t target = bit ? 0 : 65535;
    const std::int32_t moved = probability_ + (target - probability_) / (seen_ + 2);
    probability_ = static_cast<std::uint16_t>(moved < kLeast ? kLeast : moved > 65535 - kLeast ? 65535 - kLeast : moved);
    if (seen_ < kMemory) ++seen_;
  }

 private:
  static constexpr std::int32_t kMemory = 30, kLeast = 64;
  std::uint16_t probability_ = 1 << 15;
  std::uint16_t seen_ = 0;
};

/// Writes decisions to `bytes()`.
class Encoder {
 public:
  static constexpr bool kWrites = true;

  void bit(BitModel& model, bool& value) {
    split((range_ >> 16) * model.probability(), value);
    model.learn(value);
  }
  /// The lowest `count` bits of a number of which nothing is known.
  void raw(std::uint32_t count, std::uint64_t& value) {
    while (count-- > 0) split(range_ >> 1, value >> count & 1);
  }
  /// What is complete so far, to be taken away now and then.
  std::string& bytes() { return bytes_; }
  /// Writes what is still held back, with as few bytes as tell it; no more decisions may follow.
  void finish() {
    std::uint64_t mask = 0xffffffff;  // the number with the most zeros at its end that lies in the range
    while (((low_ + mask) & ~mask) > low_ + range_ - 1) mask >>= 1;
    low_ = (low_ + mask) & ~mask;
    for (int i = 0; i < 5; ++i) shift();
  }

 private:
  void split(std::uint32_t bound, bool value) {
    if (value) {
      low_ += bound;
      range_ -= bound;
    } else {
      range_ = bound;
    }
    for (; range_ < kLeastRange; range_ <<= 8) shift();
  }
  // The top byte of `low_` goes out once no carry can reach it any more.
  void shift() {
    const auto carry = static_cast<unsigned char>(low_ >> 32);
    if (low_ < 0xff000000 || carry) {
      if (begun_) bytes_.push_back(static_cast<char>(held_ + carry));
      begun_ = true;
      for (; full_bytes_ > 0; --full_bytes_) bytes_.push_back(static_cast<char>(0xff + carry));
      held_ = static_cast<unsigned char>(low_ >> 24);
    } else {
      ++full_bytes_;
    }
    low_ = low_ << 8 & 0xffffffff;
  }

  static constexpr std::uint32_t kLeastRange = 1 << 24;
  std::uint64_t low_ = 0;
  std::uint32_t range_ = 0xffffffff;
  unsigned char held_ = 0;
  std::uint64_t full_bytes_ = 0;
  bool begun_ = false;
  std::string bytes_;
};

/// Reads the same decisions, with models in the same state. Bytes that are missing at the end count as zeros: the
/// format has to know where it ends. Copyable: a copy goes on on its own.
class Decoder {
 public:
  static constexpr bool kWrites = false;

  /// `bytes` has to stay.
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next();
  }
  void bit(BitModel& model, bool& value) {
    value = split((range_ >> 16) * model.probability());
    model.learn(value);
  }
  void raw(std::uint32_t count, std::uint64_t& value) {
    value = 0;
    while (count-- > 0) value = value << 1 | split(range_ >> 1);
  }
  /// Whether more was read than there was.
  bool overran() const { return at_ > bytes_.size() + 4; }

 private:
  bool split(std::uint32_t bound) {
    const bool value = code_ >= bound;
    if (value) {
      code_ -= bound;
      range_ -= bound;
    } else {
      range_ = bound;
    }
    for (; range_ < 1 << 24; range_ <<= 8) code_ = code_ << 8 | next();
    return value;
  }
  std::uint32_t next() {
    const std::size_t at = at_++;
    return at < bytes_.size() ? static_cast<unsigned char>(bytes_[at]) : 0;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::uint32_t range_ = 0xffffffff, code_ = 0;
};

/// One of 2**kBits symbols, learned.
template <int kBits>
class SymbolModel {
 public:
  template <class Coder>
  void code(Coder& coder, std::uint32_t& symbol) {
    std::uint32_t node = 1;
    for (int i = kBits - 1; i >= 0; --i) {
      bool bit = symbol >> i & 1;
      coder.bit(nodes_[node], bit);
      node = node << 1 | bit;
    }
    symbol = node - (1u << kBits);
  }

 private:
  std::array<BitModel, 1 << kBits> nodes_{};
};

/// A number: its length and its first bits are learned, so small ones, and those near the last, are cheap.
class NumberModel {
 public:
  template <class Coder>
  void code(Coder& coder, std::uint64_t& number) {
    auto length = std::min(static_cast<std::uint32_t>(std::bit_width(number)), kRaw);
    length_.code(coder, length);
    if (length == kRaw) return coder.raw(64, number);
    if (length <= 1) {
      number = length;
      return;
    }
    std::uint32_t rest = length - 1, node = 1;  // the first bit is a one
    for (; rest > 0 && node < 8; --rest) {
      bool bit = number >> (rest - 1) & 1;
      coder.bit(first_bits_[length][node], bit);
      node = node << 1 | bit;
    }
    std::uint64_t low = number;
    coder.raw(rest, low);
    number = std::uint64_t{node} << rest | (rest == 0 ? 0 : low & ((std::uint64_t{1} << rest) - 1));
  }
  template <class Coder>
  void code(Coder& coder, std::uint32_t& number) {
    std::uint64_t wide = number;
    code(coder, wide);
    number = static_cast<std::uint32_t>(wide);
  }

 private:
  static constexpr std::uint32_t kRaw = 63;
  SymbolModel<6> length_;
  std::array<std::array<BitModel, 8>, 64> first_bits_{};
};

/// A number that is small as a rule: one decision for each step up to it, each learned.
class SmallNumberModel {
 public:
  template <class Coder>
  void code(Coder& coder, std::uint32_t& number) {
    std::uint32_t step = 0;
    for (; step < kSteps; ++step) {
      bool more = number > step;
      coder.bit(more_[step], more);
      if (!more) {
        number = step;
        return;
      }
    }
    std::uint32_t rest = number - kSteps;
    large_.code(coder, rest);
    number = rest + kSteps;
  }

 private:
  static constexpr std::uint32_t kSteps = 16;
  std::array<BitModel, kSteps> more_{};
  NumberModel large_;
};

/// A number that can be foreseen, but for a few of sixteen steps to the next power of two, and lies a little behind such a
/// step: both are learned.
class ForeseenModel {
 public:
  template <class Coder>
  void code(Coder& coder, std::uint64_t foreseen, std::uint64_t& number) {
    const std::uint32_t at = step_of(foreseen);
    std::uint32_t step = step_of(number);
    std::uint32_t away = step < at ? 2 * (at - step) - 1 : 2 * (step - at);
    away_.code(coder, away);
    step = away % 2 != 0 ? at - (away + 1) / 2 : at + away / 2;
    std::uint64_t behind = number - begin_of(step);
    behind_.code(coder, behind);
    number = begin_of(step) + behind;
  }

 private:
  static std::uint32_t step_of(std::uint64_t number) {
    const auto length = static_cast<std::uint32_t>(std::bit_width(number));
    return length <= 5 ? static_cast<std::uint32_t>(number)
                       : (length - 5) * 16 + static_cast<std::uint32_t>(number >> (length - 5));
  }
  static std::uint64_t begin_of(std::uint32_t step) {
    return step < 32 ? step : std::uint64_t{16 + step % 16} << (step / 16 - 1) % 64;  // any step, in a damaged file
  }
  SmallNumberModel away_;
  NumberModel behind_;
};

/// A text or any bytes, learned one by one.
class BytesModel {
 public:
  template <class Coder>
  void code(Coder& coder, std::string& bytes) {
    std::uint64_t size = bytes.size();
    size_.code(coder, size);
    if constexpr (!Coder::kWrites) bytes.clear();
    for (std::uint64_t i = 0; i < size; ++i) {
      std::uint32_t symbol = Coder::kWrites ? static_cast<unsigned char>(bytes[i]) : 0;
      symbols_.code(coder, symbol);
      if constexpr (!Coder::kWrites) {
        if (coder.overran()) return;  // damaged: the size may be anything
        bytes.push_back(static_cast<char>(symbol));
      }
    }
  }

 private:
  NumberModel size_;
  SymbolModel<8> symbols_;
};

/// FNV-1a, 64 bits: changes with every single byte.
class Fingerprint {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) value_ = (value_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  std::uint64_t value() const { return value_; }
  static std::uint64_t of(std::string_view bytes) {
    Fingerprint fingerprint;
    fingerprint.add(bytes);
    return fingerprint.value();
  }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace mini::sched
