// See token.h.
#include "runtime/sched/token.h"

namespace mini::sched {

namespace {

constexpr std::string_view kPrefix = "m1:";
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint32_t kModelBits = 2, kScriptBits = 14, kCheckBits = 10;
constexpr std::size_t kMostSlices = 1 << 20;  // against a token that is none

/// A check of the rest, so that a slip of the pen does not become another schedule.
std::uint64_t check_of(const Token& token, std::span<const Slice> slices) {
  Fingerprint fingerprint;
  const std::uint64_t head = token.model << kScriptBits | token.script;
  fingerprint.add({reinterpret_cast<const char*>(&head), sizeof head});
  for (const Slice& slice : slices)
    for (const std::uint64_t number : {std::uint64_t{slice.thread}, static_cast<std::uint64_t>(slice.end), slice.count,
                                       std::uint64_t{slice.index}})
      fingerprint.add({reinterpret_cast<const char*>(&number), sizeof number});
  return (fingerprint.value() ^ fingerprint.value() >> 32) & ((1u << kCheckBits) - 1);
}

template <class Coder>
void code_token(Coder& coder, Token& token, std::vector<Slice>& slices) {
  std::uint64_t model = token.model, script = token.script;
  coder.raw(kModelBits, model);
  coder.raw(kScriptBits, script);
  token = {static_cast<std::uint32_t>(model), static_cast<std::uint32_t>(script)};

  SliceModel slice_model;
  NumberModel index_model;
  BitModel last_model(60000);
  if constexpr (!Coder::kWrites) slices.resize(1);
  for (std::size_t i = 0;; ++i) {
    bool last = i + 1 == slices.size();
    coder.bit(last_model, last);
    if (last) break;
    if constexpr (!Coder::kWrites) {
      if (slices.size() == kMostSlices || coder.overran()) return;
      slices.emplace_back();
      last = false;
    }
    Slice& slice = slices[i];
    slice_model.code_end(coder, slice.end);
    if (slice.end == Slice::End::Point) {
      slice_model.code_ticks(coder, slice.count);
      index_model.code(coder, slice.index);
    } else if (slice.end == Slice::End::Call) {
      slice_model.code_calls(coder, slice.count);
    }
    slice_model.code_successor(coder, slices[i + 1].thread);
  }
}

}  // namespace

std::uint32_t script_check(std::string_view source) {
  const std::uint64_t value = Fingerprint::of(source);
  return static_cast<std::uint32_t>((value ^ value >> 20 ^ value >> 40) & ((1u << kScriptBits) - 1));
}

std::string encode_token(const Token& token, std::span<const Slice> list) {
  std::vector<Slice> slices(list.begin(), list.end());
  if (slices.empty()) slices.emplace_back();
  slices.back() = {slices.back().thread};
  for (Slice& slice : slices)
    slice = {slice.thread, slice.end, slice.end == Slice::End::Itself ? 0 : slice.count,
             slice.end == Slice::End::Point ? slice.index : 0};
  Encoder coder;
  std::uint64_t check = check_of(token, slices);
  coder.raw(kCheckBits, check);
  Token head = token;
  code_token(coder, head, slices);
  coder.finish();

  // Six bits a digit; zeros at the end go without saying.
  std::string text(kPrefix);
  std::uint32_t held = 0, bits = 0;
  auto put = [&] {
    bits -= 6;
    text.push_back(kDigits[held >> bits & 63]);
  };
  for (const char byte : coder.bytes()) {
    held = held << 8 | static_cast<unsigned char>(byte);
    bits += 8;
    while (bits >= 6) put();
  }
  if (bits > 0) {
    held <<= 6 - bits;
    bits = 6;
    put();
  }
  while (text.back() == kDigits[0] && text.size() > kPrefix.size() + 1) text.pop_back();
  return text;
}

DecodedToken decode_token(std::string_view text) {
  DecodedToken decoded;
  if (!text.starts_with(kPrefix)) {
    decoded.error = "a token begins with '" + std::string(kPrefix) + "'";
    return decoded;
  }
  std::string bytes;
  std::uint32_t held = 0, bits = 0;
  for (const char digit : text.substr(kPrefix.size())) {
    const std::size_t value = kDigits.find(digit);
    if (value == kDigits.npos) {
      decoded.error = std::string("'") + digit + "' is no character of a token";
      return decoded;
    }
    held = held << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) bytes.push_back(static_cast<char>(held >> (bits -= 8)));
  }
  if (bits > 0) bytes.push_back(static_cast<char>(held << (8 - bits)));
  Decoder coder(bytes);
  std::uint64_t check = 0;
  coder.raw(kCheckBits, check);
  code_token(coder, decoded.token, decoded.slices);
  if (text.size() == kPrefix.size() || decoded.slices.size() == kMostSlices ||
      check_of(decoded.token, decoded.slices) != check || encode_token(decoded.token, decoded.slices) != text)
    decoded.error = "no token of mini, or not copied as it was printed";
  return decoded;
}

}  // namespace mini::sched
