#include "sync/number_coder.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sotay::sync {
namespace {

constexpr uint32_t kHalf = 1u << 23;
constexpr uint32_t kSurest = (1u << 24) - (1u << 12);  // 4095 of 4096
constexpr uint32_t kLatelyMax = 8;
constexpr uint32_t kLongMax = 120;
constexpr size_t kLengthMax = 64;
constexpr size_t kLeading = 3;
constexpr uint32_t kRangeMin = 1u << 24;

// By how much a likelihood moves towards the bit that came when that was the n-th one: 1 of
// n + 1.5, in 1 of 65,536.
constexpr std::array<int64_t, kLongMax + 1> kRates = [] {
  std::array<int64_t, kLongMax + 1> rates = {};
  for (size_t n = 0; n < rates.size(); ++n) rates[n] = static_cast<int64_t>(131'072 / (2 * n + 3));
  return rates;
}();

uint32_t Moved(uint32_t one, bool bit, int64_t rate) {
  const int64_t away = (bit ? int64_t{1} << 24 : 0) - int64_t{one};
  const auto moved = static_cast<uint32_t>(one + (away * rate >> 16));
  return std::clamp(moved, (1u << 24) - kSurest, kSurest);
}

// The part of the range that is a 1's, the lower one.
constexpr uint32_t Split(uint32_t range, uint32_t one) { return (range >> 16) * (one >> 8); }

// The number from `low` on and within the range that ends in the most zero bytes; 2^32 as 0.
constexpr uint32_t EndOf(uint32_t low, uint32_t range) {
  return 0 - low < range ? 0 : (low + (kRangeMin - 1)) & ~(kRangeMin - 1);
}

size_t SizeAtLeast(uint64_t count) {
  return static_cast<size_t>(count / kNumbersPerByte + (count % kNumbersPerByte != 0 ? 1 : 0));
}

LengthBits& At(std::vector<LengthBits>& lengths, size_t length) {
  if (length >= lengths.size()) lengths.resize(length + 1);
  return lengths[length];
}

}  // namespace

void AdaptiveBit::Saw(bool bit) {
  if (seen < kLongMax) ++seen;
  lately = Moved(lately, bit, kRates[std::min(seen, kLatelyMax)]);
  long_since = Moved(long_since, bit, kRates[seen]);
}

std::vector<LengthBits>& NumberModels::Of(size_t model, size_t context) {
  if (model >= models_.size()) models_.resize(model + 1);
  auto& contexts = models_[model];
  if (context >= contexts.size()) contexts.resize(context + 1);
  return contexts[context];
}

void NumberWriter::Carry() {
  for (size_t i = bytes_.size(); i-- > 0;) {
    bytes_[i] = static_cast<char>(bytes_[i] + 1);
    if (bytes_[i] != 0) return;
  }
}

void NumberWriter::Decide(uint32_t one, bool bit) {
  const uint32_t split = Split(range_, one);
  if (bit) {
    range_ = split;
  } else {
    low_ += split;
    range_ -= split;
    if (low_ < split) Carry();
  }
  for (; range_ < kRangeMin; range_ <<= 8) {
    bytes_.push_back(static_cast<char>(low_ >> 24));
    low_ <<= 8;
  }
}

void NumberWriter::Adapt(AdaptiveBit* likelihood, bool bit) {
  Decide(likelihood->one(), bit);
  likelihood->Saw(bit);
}

void NumberWriter::Put(size_t model, size_t context, uint64_t number) {
  ++count_;
  std::vector<LengthBits>& lengths = models_.Of(model, context);
  const uint64_t bits = number + 1;
  const size_t length = bits == 0 ? kLengthMax : static_cast<size_t>(std::bit_width(bits)) - 1;
  for (size_t i = 0; i < length; ++i) Adapt(&At(lengths, i).longer, true);
  LengthBits& own = At(lengths, length);
  if (length < kLengthMax) Adapt(&own.longer, false);
  size_t before = 1;
  for (size_t i = length; i-- > 0;) {
    const bool bit = (bits >> i & 1) != 0;
    length - i <= kLeading ? Adapt(&own.leading[before], bit) : Decide(kHalf, bit);
    before = before << 1 | (bit ? 1 : 0);
  }
}

std::string NumberWriter::Finish() {
  const uint32_t end = EndOf(low_, range_);
  if (end < low_) Carry();
  bytes_.push_back(static_cast<char>(end >> 24));
  while (!bytes_.empty() && bytes_.back() == 0) bytes_.pop_back();
  bytes_.resize(std::max(bytes_.size(), SizeAtLeast(count_)), '\0');
  return std::move(bytes_);
}

NumberReader::NumberReader(absl::string_view stream, uint64_t count, bool* failed)
    : stream_(stream), count_(count), left_(count), failed_(failed) {
  for (int i = 0; i < 4; ++i) code_ = code_ << 8 | NextByte();
  if (SizeAtLeast(count) > stream.size() || code_ >= range_) *failed_ = true;
}

uint32_t NumberReader::NextByte() {
  const size_t at = at_++;
  return at < stream_.size() ? static_cast<unsigned char>(stream_[at]) : 0;
}

bool NumberReader::Decide(uint32_t one) {
  const uint32_t split = Split(range_, one);
  const bool bit = code_ < split;
  if (bit) {
    range_ = split;
  } else {
    code_ -= split;
    range_ -= split;
  }
  for (; range_ < kRangeMin; range_ <<= 8) code_ = code_ << 8 | NextByte();
  return bit;
}

bool NumberReader::Adapt(AdaptiveBit* likelihood) {
  const bool bit = Decide(likelihood->one());
  likelihood->Saw(bit);
  return bit;
}

uint64_t NumberReader::Get(size_t model, size_t context) {
  if (left_ == 0) *failed_ = true;
  if (*failed_) return 0;
  --left_;
  std::vector<LengthBits>& lengths = models_.Of(model, context);
  size_t length = 0;
  while (length < kLengthMax && Adapt(&At(lengths, length).longer)) ++length;
  LengthBits& own = At(lengths, length);
  uint64_t bits = 1;
  size_t before = 1;
  for (size_t i = length; i-- > 0;) {
    const bool bit = length - i <= kLeading ? Adapt(&own.leading[before]) : Decide(kHalf);
    bits = bits << 1 | (bit ? 1 : 0);
    before = before << 1 | (bit ? 1 : 0);
  }
  if (length < kLengthMax || bits == 0) return bits - 1;
  *failed_ = true;  // over 64 bits
  return 0;
}

void NumberReader::Finish() {
  if (*failed_) return;
  uint32_t ahead = 0;
  for (size_t i = at_ - 4; i < at_; ++i) {
    ahead = ahead << 8 | (i < stream_.size() ? static_cast<unsigned char>(stream_[i]) : 0u);
  }
  size_t size = stream_.size();
  while (size > 0 && stream_[size - 1] == '\0') --size;
  const bool whole = left_ == 0 && size <= at_ && ahead == EndOf(ahead - code_, range_) &&
                     stream_.size() == std::max(size, SizeAtLeast(count_));
  if (!whole) *failed_ = true;
}

}  // namespace sotay::sync
