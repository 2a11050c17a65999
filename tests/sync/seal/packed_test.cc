#include "sync/seal/packed.h"

#include <zstd.h>

#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sotay::seal {
namespace {

constexpr size_t kMax = size_t{1} << 20;

v1::Packed Frame(std::string data, uint32_t size) {
  v1::Packed packed;
  packed.set_codec(v1::CODEC_ZSTD);
  packed.set_size(size);
  packed.set_data(std::move(data));
  return packed;
}

// Compressible, but not a hundred times.
std::string Prose(size_t bytes) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < bytes) {
    absl::StrAppend(&text, "Vết phanh xe tải dài ", random() % 1000, ",", random() % 10,
                    " m, điểm đầu cách mép đường phải ", random() % 10, " m. ");
  }
  text.resize(bytes);
  return text;
}

// A frame made as a stream, so that it names no content size; with a window of 2^window_log.
std::string Streamed(const std::string& raw, int window_log, int checksum = 0) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, checksum);
  std::string out(ZSTD_compressBound(raw.size()) + 64, '\0');
  ZSTD_outBuffer to = {out.data(), out.size(), 0};
  // In two steps, or the library would see the end coming and write the size after all.
  ZSTD_inBuffer first = {raw.data(), raw.size() / 2, 0};
  ZSTD_inBuffer rest = {raw.data() + raw.size() / 2, raw.size() - raw.size() / 2, 0};
  while (first.pos < first.size) ZSTD_compressStream2(context.get(), &to, &first, ZSTD_e_continue);
  while (ZSTD_compressStream2(context.get(), &to, &rest, ZSTD_e_end) != 0) continue;
  out.resize(to.pos);
  return out;
}

// Refused with INVALID_ARGUMENT and a message that has `words` in it.
void ExpectRefused(const v1::Packed& packed, absl::string_view words, size_t size_max = kMax) {
  const auto refused = Unpack(packed, size_max);
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_TRUE(absl::StrContains(refused.status().message(), words)) << refused.status();
}

TEST(Packed, GivesBackWhatWasPut) {
  for (size_t size :
       {0u, 1u, 2u, 100u, 255u, 256u, 257u, 700u, 65'535u, 65'536u, 65'792u, 1'048'576u}) {
    for (int level : {1, 3, 19, 22}) {
      const std::string raw = Prose(size);
      const v1::Packed packed = Pack(raw, level);
      EXPECT_EQ(packed.size(), size);
      EXPECT_LE(packed.data().size(), size);
      const auto unpacked = Unpack(packed, kMax);
      ASSERT_TRUE(unpacked.ok()) << size << ": " << unpacked.status();
      EXPECT_EQ(*unpacked, raw) << size;
    }
  }
}

TEST(Packed, IsAFrameWhenThatIsSmallerAndPlainOtherwise) {
  EXPECT_EQ(Pack(Prose(10'000)).codec(), v1::CODEC_ZSTD);
  EXPECT_EQ(Pack("").codec(), v1::CODEC_PLAIN);
  EXPECT_EQ(Pack("ngắn").codec(), v1::CODEC_PLAIN);
  std::mt19937 random(1);
  std::string noise(5000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_EQ(Pack(noise).codec(), v1::CODEC_PLAIN);
}

TEST(Packed, NeverMakesWhatTheOtherSideRefuses) {
  for (const std::string& raw :
       {std::string(1 << 20, '\0'), std::string(101, 'a'), std::string(5000, 'b')}) {
    const auto unpacked = Unpack(Pack(raw), kMax);
    ASSERT_TRUE(unpacked.ok()) << unpacked.status();
    EXPECT_EQ(*unpacked, raw);
  }
  // Past the largest window there is no frame.
  const std::string large = Prose((8 << 20) + 1);
  EXPECT_EQ(Pack(large, 1).codec(), v1::CODEC_PLAIN);
  EXPECT_EQ(Unpack(Pack(large.substr(1), 1), 8 << 20).value(), large.substr(1));
}

// printf 'Biên bản phiên tòa. …' | zstd -3 --no-check | xxd -p
TEST(Packed, ReadsFramesOfOtherPrograms) {
  const std::string frame = absl::HexStringToBytes(
      "28b52ffd204aed0000a04269c3aa6e2062e1baa36e20706874c3b2612e200200f28c02daa904");
  EXPECT_EQ(Unpack(Frame(frame, 74), kMax).value(),
            "Biên bản phiên tòa. Biên bản phiên tòa. Biên bản phiên tòa.");
}

TEST(Packed, ReadsFramesThatNameNoSizeOrCarryAChecksum) {
  const std::string raw = Prose(50'000);
  EXPECT_EQ(Unpack(Frame(Streamed(raw, 20), 50'000), kMax).value(), raw);
  EXPECT_EQ(Unpack(Frame(Streamed(raw, 23, 1), 50'000), kMax).value(), raw);
  std::string damaged = Streamed(raw, 20, 1);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  ExpectRefused(Frame(damaged, 50'000), "does not unpack");
}

TEST(Packed, RefusesSizesOverTheLimitBeforeAnythingElse) {
  v1::Packed packed = Pack(Prose(2000));
  ExpectRefused(packed, "declared size 2000 bytes, limit 1999", 1999);
  EXPECT_TRUE(Unpack(packed, 2000).ok());
  packed.set_size(std::numeric_limits<uint32_t>::max());
  ExpectRefused(packed, "declared size 4294967295 bytes, limit 1048576");
  // Nor is 4 GiB allocated where no limit stands in the way.
  ExpectRefused(packed, "over 100 times", std::numeric_limits<size_t>::max());
  packed.set_codec(v1::CODEC_PLAIN);
  ExpectRefused(packed, "declared 4294967295", std::numeric_limits<size_t>::max());
}

TEST(Packed, RefusesDeclaredSizesThatLie) {
  const std::string raw = Prose(2000);
  for (uint32_t lie : {0u, 1u, 1999u, 2001u, 4000u}) {
    v1::Packed packed = Pack(raw);
    ASSERT_EQ(packed.codec(), v1::CODEC_ZSTD);
    packed.set_size(lie);
    ExpectRefused(packed, absl::StrCat("declared ", lie));
    // The same when the frame itself does not say.
    ExpectRefused(Frame(Streamed(raw, 20), lie), "declared");
    packed.set_codec(v1::CODEC_PLAIN);
    packed.set_data(raw);
    ExpectRefused(packed, absl::StrCat("plain data of 2000 bytes, declared ", lie));
  }
}

TEST(Packed, RefusesBombs) {
  const std::string zeros(1 << 20, '\0');
  std::string bomb(ZSTD_compressBound(zeros.size()), '\0');
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), zeros.data(), zeros.size(), 3));
  ASSERT_LT(bomb.size(), 1000u);
  ExpectRefused(Frame(bomb, 1 << 20), "over 100 times");
  // Declaring less does not help.
  ExpectRefused(Frame(bomb, static_cast<uint32_t>(bomb.size())), "declared");
  const std::string silent = Streamed(zeros, 20);
  ExpectRefused(Frame(silent, static_cast<uint32_t>(silent.size()) * 100), "declared");
}

TEST(Packed, HoldsTheRatioExactly) {
  const auto frame_of = [](size_t letters) {
    const std::string raw(letters, 'a');
    std::string frame(ZSTD_compressBound(letters), '\0');
    frame.resize(ZSTD_compress(frame.data(), frame.size(), raw.data(), raw.size(), 3));
    return frame;
  };
  // A frame that holds exactly a hundred times its size, and whose next one is as long.
  uint32_t size = 10;
  while (size < 100 &&
         (frame_of(size * 100).size() != size || frame_of(size * 100 + 1).size() != size)) {
    ++size;
  }
  ASSERT_LT(size, 100u);
  EXPECT_TRUE(Unpack(Frame(frame_of(size * 100), size * 100), kMax).ok());
  ExpectRefused(Frame(frame_of(size * 100 + 1), size * 100 + 1), "over 100 times");
}

TEST(Packed, RefusesWindowsOver8MiB) {
  const std::string raw = Prose(3000);
  EXPECT_EQ(Unpack(Frame(Streamed(raw, 23), 3000), kMax).value(), raw);
  for (int log : {24, 25, 27, 30}) {
    ExpectRefused(Frame(Streamed(raw, log), 3000),
                  absl::StrCat("zstd window ", uint64_t{1} << log, " bytes, limit 8388608"));
  }
  // One notch over 8 MiB: exponent 13, mantissa 1.
  std::string frame = Streamed(raw, 23);
  ASSERT_EQ(frame[5], char{13 << 3});
  frame[5] = char{(13 << 3) | 1};
  ExpectRefused(Frame(frame, 3000), "zstd window 9437184 bytes");
}

TEST(Packed, RefusesDictionaries) {
  // Magic, a descriptor that announces a one-byte dictionary id, a window, the id, an empty block.
  ExpectRefused(Frame(absl::HexStringToBytes("28b52ffd01002a010000"), 0), "dictionary");
  ExpectRefused(Frame(absl::HexStringToBytes("28b52ffd02002a00010000"), 0), "dictionary");
  ExpectRefused(Frame(absl::HexStringToBytes("28b52ffd03002a000000010000"), 0), "dictionary");

  // A dictionary of raw text leaves no mark in the header; without it nothing comes out.  It
  // has a place of its own, because the library drops a dictionary that overlaps its input.
  const std::string raw = Prose(1500);
  const std::string dictionary = absl::StrCat(raw, "…");
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx);
  std::string frame(ZSTD_compressBound(raw.size()), '\0');
  frame.resize(ZSTD_compress_usingDict(context.get(), frame.data(), frame.size(), raw.data(),
                                       raw.size(), dictionary.data(), dictionary.size(), 3));
  ASSERT_LT(frame.size(), 100u);
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> reader(ZSTD_createDCtx(), ZSTD_freeDCtx);
  std::string back(raw.size(), '\0');
  ASSERT_EQ(ZSTD_decompress_usingDict(reader.get(), back.data(), back.size(), frame.data(),
                                      frame.size(), dictionary.data(), dictionary.size()),
            raw.size());
  ExpectRefused(Frame(frame, 1500), "does not unpack");
}

TEST(Packed, RefusesWhatFollowsTheFrame) {
  v1::Packed packed = Pack(Prose(2000));
  const std::string frame = packed.data();
  packed.set_data(frame + '\0');
  ExpectRefused(packed, absl::StrCat("ends after ", frame.size(), " of ", frame.size() + 1));
  packed.set_data(frame + frame);
  ExpectRefused(packed, "one frame only");
  packed.set_size(4000);
  ExpectRefused(packed, "declared 4000");
  // A skippable frame, before and behind.
  const std::string skippable = absl::HexStringToBytes("502a4d1804000000aabbccdd");
  packed.set_size(2000);
  packed.set_data(frame + skippable);
  ExpectRefused(packed, "one frame only");
  packed.set_data(skippable + frame);
  ExpectRefused(packed, "zstd frame header");
}

TEST(Packed, RefusesFramesCutShortAnywhere) {
  const v1::Packed packed = Pack(Prose(3000));
  for (size_t size = 0; size < packed.data().size(); ++size) {
    const auto refused = Unpack(Frame(packed.data().substr(0, size), 3000), kMax);
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << size;
  }
}

TEST(Packed, NeverGivesAnotherSizeThanDeclaredWhateverIsFlipped) {
  const v1::Packed packed = Pack(Prose(600));
  ASSERT_EQ(packed.codec(), v1::CODEC_ZSTD);
  for (size_t i = 0; i < packed.data().size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      v1::Packed damaged = packed;
      (*damaged.mutable_data())[i] = static_cast<char>(packed.data()[i] ^ (1 << bit));
      const auto unpacked = Unpack(damaged, kMax);
      if (unpacked.ok()) {
        EXPECT_EQ(unpacked->size(), 600u);
      } else {
        EXPECT_TRUE(absl::IsInvalidArgument(unpacked.status())) << unpacked.status();
      }
    }
  }
}

TEST(Packed, RefusesUnknownCodecs) {
  v1::Packed packed;
  ExpectRefused(packed, "codec 0 is not known");
  packed = Pack("text");
  for (int codec : {4, 99, -1}) {
    packed.set_codec(static_cast<v1::Codec>(codec));
    ExpectRefused(packed, absl::StrCat("codec ", codec, " is not known"));
  }
}

TEST(Packed, RefusesFramesOfAShapeYetToCome) {
  // The reserved bit of the frame's descriptor.
  v1::Packed packed = Pack(Prose(2000));
  (*packed.mutable_data())[4] = static_cast<char>(packed.data()[4] | 0x08);
  ExpectRefused(packed, "zstd frame");
}

TEST(Packed, RefusesFramesOfZstdsFirstYears) {
  // Version 0.7, which the packaged library still reads.
  ExpectRefused(Frame(absl::HexStringToBytes("27b52ffd00000000000000000000"), 0),
                "zstd frame header");
}

TEST(Packed, WorksAfterARefusalAndOnEveryThread) {
  const std::string raw = Prose(20'000);
  const v1::Packed packed = Pack(raw);
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        v1::Packed damaged = packed;
        damaged.mutable_data()->resize(packed.data().size() / 2);
        count += Unpack(damaged, kMax).ok() ? 1 : 0;
        const auto unpacked = Unpack(Pack(raw), kMax);
        count += unpacked.ok() && *unpacked == raw ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

// --- after a push ---------------------------------------------------------------------------

TEST(PackAfter, MakesNextToNothingOfWhatStoodInThePush) {
  const std::string push = Prose(30'000);
  const std::string answer = "vị trí 7 " + push.substr(9'000, 600) + " đã nhận";
  const v1::Packed packed = PackAfter(push, answer);
  ASSERT_EQ(packed.codec(), v1::CODEC_ZSTD_AFTER_PUSH);
  EXPECT_LT(packed.data().size(), 80u);
  EXPECT_EQ(Unpack(packed, kMax, push).value(), answer);
}

TEST(PackAfter, IsNotTakenWithoutThePushNorAfterAnother) {
  const std::string push = Prose(3'000);
  const std::string answer = push.substr(100, 900) + "!";
  const v1::Packed packed = PackAfter(push, answer);
  EXPECT_FALSE(Unpack(packed, kMax).ok());
  const auto other = Unpack(packed, kMax, std::string(push.size(), 'x'));
  EXPECT_TRUE(!other.ok() || *other != answer);
}

TEST(PackAfter, LeavesNothingBehindForTheNextFrame) {
  const std::string push = Prose(3'000);
  ASSERT_EQ(PackAfter(push, push).codec(), v1::CODEC_ZSTD_AFTER_PUSH);
  const v1::Packed packed = Pack(push);
  EXPECT_EQ(packed.codec(), v1::CODEC_ZSTD);
  EXPECT_EQ(Unpack(packed, kMax).value(), push);
}

}  // namespace
}  // namespace sotay::seal
