#include "sync/seal/brotli.h"

#include <brotli/encode.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/seal/packed.h"
#include "tests/support/status_matchers.h"

namespace sotay::seal {
namespace {

using testing::HasSubstr;
using tests::StatusIs;

constexpr absl::StatusCode kRefused = absl::StatusCode::kInvalidArgument;

std::string Prose(size_t bytes) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < bytes) {
    absl::StrAppend(&text, "Vết phanh xe tải dài ", random() % 1000, " m, điểm đầu cách mép ");
  }
  text.resize(bytes);
  return text;
}

std::string Stream(const std::string& raw, uint32_t window_bits, bool large = false) {
  BrotliEncoderState* const encoder = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
  BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LARGE_WINDOW, large ? 1 : 0);
  BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LGWIN, window_bits);
  std::string packed(BrotliEncoderMaxCompressedSize(raw.size()) + 64, '\0');
  size_t in_left = raw.size();
  const auto* in = reinterpret_cast<const uint8_t*>(raw.data());
  size_t out_left = packed.size();
  auto* out = reinterpret_cast<uint8_t*>(packed.data());
  EXPECT_TRUE(BrotliEncoderCompressStream(encoder, BROTLI_OPERATION_FINISH, &in_left, &in,
                                          &out_left, &out, nullptr));
  EXPECT_TRUE(BrotliEncoderIsFinished(encoder));
  BrotliEncoderDestroyInstance(encoder);
  packed.resize(packed.size() - out_left);
  return packed;
}

TEST(Brotli, EverySizeComesBack) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{20}, size_t{5'000}, kBrotliBestBytesMax,
                            kBrotliBestBytesMax + 1, size_t{1} << 20}) {
    const std::string raw = Prose(size);
    const std::string packed = PackBrotli(raw);
    EXPECT_LE(packed.size(), size / 3 + 100);
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::string back, UnpackBrotli(packed, size));
    EXPECT_EQ(back, raw);
  }
}

TEST(Brotli, WindowsUpToTheLimitAreTaken) {
  const std::string raw = Prose(3'000);
  for (uint32_t bits = BROTLI_MIN_WINDOW_BITS; bits <= BROTLI_MAX_WINDOW_BITS; ++bits) {
    const auto back = UnpackBrotli(Stream(raw, bits), raw.size());
    if (bits <= kBrotliWindowBitsMax) {
      SOTAY_ASSERT_OK_AND_ASSIGN(const std::string text, back);
      EXPECT_EQ(text, raw) << bits;
    } else {
      EXPECT_THAT(back, StatusIs(kRefused, HasSubstr("window"))) << bits;
    }
  }
  for (const uint32_t bits : {18u, 22u, 30u}) {
    EXPECT_THAT(UnpackBrotli(Stream(raw, bits, true), raw.size()),
                StatusIs(kRefused, HasSubstr("window")));
  }
}

TEST(Brotli, UnpacksToWhatIsDeclaredAndNothingFollows) {
  const std::string raw = Prose(3'000);
  const std::string packed = PackBrotli(raw);
  for (const size_t size : {size_t{0}, raw.size() - 1, raw.size() + 1}) {
    EXPECT_THAT(UnpackBrotli(packed, size), StatusIs(kRefused)) << size;
  }
  EXPECT_THAT(UnpackBrotli(packed + '\0', raw.size()), StatusIs(kRefused));
  EXPECT_THAT(UnpackBrotli(packed + packed, raw.size()), StatusIs(kRefused));
  for (size_t size = 0; size < packed.size(); ++size) {
    ASSERT_THAT(UnpackBrotli(packed.substr(0, size), raw.size()), StatusIs(kRefused)) << size;
  }
}

TEST(Brotli, AFlippedBitIsRefusedOrOtherText) {
  const std::string raw = Prose(1'000);
  const std::string packed = PackBrotli(raw);
  for (size_t bit = 0; bit < packed.size() * 8; ++bit) {
    std::string flipped = packed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto back = UnpackBrotli(flipped, raw.size());
    if (back.ok()) {
      EXPECT_EQ(back->size(), raw.size());
    } else {
      EXPECT_THAT(back, StatusIs(kRefused));
    }
  }
}

TEST(Brotli, TheSizeIsPaidFor) {
  const std::string raw(1 << 20, 'a');
  const std::string packed = PackBrotli(raw);
  ASSERT_LT(packed.size() * kPackedRatioMax, raw.size());
  EXPECT_THAT(UnpackBrotli(packed, raw.size()), StatusIs(kRefused, HasSubstr("over 100 times")));
}

}  // namespace
}  // namespace sotay::seal
