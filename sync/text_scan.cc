#include "sync/text_scan.h"

#include <algorithm>
#include <cstdint>

#include "sync/limits.h"

namespace sotay::sync {
namespace {

bool IsCombiningMark(char32_t c) {
  if (c < 0x0300 || (c >= 0x1E00 && c < 0x20D0)) return false;  // nearly all Vietnamese
  return c <= 0x036F || (c >= 0x0483 && c <= 0x0489) || (c >= 0x1AB0 && c <= 0x1AFF) ||
         (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) ||
         (c >= 0xFE20 && c <= 0xFE2F);
}

constexpr size_t kBlock = 64;
using BlockBytes = uint8_t[2 + kBlock];

struct BlockSums {
  uint8_t odd = 0;    // not 0: something that is not plain
  uint8_t tails = 0;  // bytes that do not begin a scalar
};

// Plain is what Vietnamese is written with: ASCII, U+0080 to U+02FF, U+1E80 to U+1EFF, and
// punctuation and signs from U+2000 to U+2FFF without U+20C0 to U+20FF.  There is no combining mark
// among them, and their lead bytes allow every tail.
//
// Of a block and the two bytes before it.  Both compilers make vectors of this loop, clang as long
// as the last byte is read first.
BlockSums Sum(const BlockBytes& bytes) {
  BlockSums sums;
  for (size_t i = 0; i < kBlock; ++i) {
    const uint8_t byte = bytes[i + 2];
    const uint8_t before = bytes[i + 1];
    const uint8_t two_before = bytes[i];
    const uint8_t tail = (byte & 0xC0) == 0x80;
    const uint8_t wants_tail = (before >= 0xC0) | (two_before >= 0xE0);
    const uint8_t odd_lead =
        (byte >= 0xC0) & !(((byte >= 0xC2) & (byte <= 0xCB)) | (byte == 0xE1) | (byte == 0xE2));
    const uint8_t odd_second =
        ((before == 0xE1) & ((byte | 1) != 0xBB)) | ((before == 0xE2) & (byte == 0x83));
    sums.odd |= static_cast<uint8_t>((tail ^ wants_tail) | odd_lead | odd_second);
    sums.tails = static_cast<uint8_t>(sums.tails + tail);
  }
  return sums;
}

// Counts the scalars of a text that is plain; false when it is not.
bool ScanPlain(absl::string_view text, size_t* scalars) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
  size_t tails = 0;
  // Blocks are looked at where they stand, but for the first, which has nothing before it, and the
  // last, which has at least one zero after the text, where a cut scalar shows.
  for (size_t at = 0; at <= text.size(); at += kBlock) {
    const bool inside = at != 0 && text.size() - at >= kBlock;
    BlockBytes edge = {};
    if (!inside) {
      const size_t before = std::min<size_t>(at, 2);
      std::copy_n(bytes + at - before, before + std::min(kBlock, text.size() - at),
                  edge + 2 - before);
    }
    const BlockSums sums = Sum(inside ? reinterpret_cast<const BlockBytes&>(bytes[at - 2]) : edge);
    if (sums.odd != 0) return false;
    tails += sums.tails;
  }
  *scalars = text.size() - tails;
  return true;
}

}  // namespace

// The ranges are those of table 3-7 of the Unicode standard.
int DecodeScalar(absl::string_view text, size_t at, char32_t* scalar) {
  const char* const from = text.data() + at;
  const size_t left = text.size() - at;
  const auto low6 = [from](int i) { return static_cast<char32_t>(from[i] & 0x3F); };
  const auto tail = [from](int i) { return (static_cast<uint8_t>(from[i]) & 0xC0) == 0x80; };
  const auto lead = static_cast<uint8_t>(from[0]);
  if (lead < 0x80) {
    *scalar = lead;
    return 1;
  }
  if (lead < 0xE0) {
    if (lead < 0xC2 || left < 2 || !tail(1)) return 0;
    *scalar = static_cast<char32_t>(lead & 0x1F) << 6 | low6(1);
    return 2;
  }
  if (lead < 0xF0) {
    if (left < 3 || !tail(1) || !tail(2)) return 0;
    *scalar = static_cast<char32_t>(lead & 0x0F) << 12 | low6(1) << 6 | low6(2);
    const bool surrogate = *scalar >= 0xD800 && *scalar <= 0xDFFF;
    return *scalar >= 0x800 && !surrogate ? 3 : 0;
  }
  if (lead > 0xF4 || left < 4 || !tail(1) || !tail(2) || !tail(3)) return 0;
  *scalar = static_cast<char32_t>(lead & 0x07) << 18 | low6(1) << 12 | low6(2) << 6 | low6(3);
  return *scalar >= 0x10000 && *scalar <= 0x10FFFF ? 4 : 0;
}

Scan ScanText(absl::string_view text) {
  size_t scalars = 0;
  if (!ScanPlain(text, &scalars)) return ScanEachScalar(text);
  return {text.size(), scalars, true};
}

Scan ScanEachScalar(absl::string_view text) {
  size_t at = 0;
  size_t scalars = 0;
  int marks = 0;
  bool within = true;
  char32_t scalar;
  for (; at < text.size(); ++scalars) {
    if (static_cast<uint8_t>(text[at]) < 0x80) {  // most of every text
      marks = 0;
      ++at;
      continue;
    }
    const int length = DecodeScalar(text, at, &scalar);
    if (length == 0) break;
    at += static_cast<size_t>(length);
    if (!IsCombiningMark(scalar)) {
      marks = 0;
    } else if (++marks > kMarksPerLetterMax) {
      within = false;
    }
  }
  return {at, scalars, within};
}

}  // namespace sotay::sync
