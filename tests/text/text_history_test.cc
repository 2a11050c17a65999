// A history cut into eras against the page said naively, and against the whole.
#include "sync/text_history.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/text.h"
#include "sync/text_splices.h"
#include "tests/laws/chance.h"
#include "tests/text/word_stage.h"

namespace sotay::tests {
namespace {

using laws::Chance;
using sync::ChangeId;
using sync::DeviceId;
using sync::TextHistory;
using sync::TextMerge;
using sync::TextSplices;
using sync::VersionVector;

// Two take away the same letters, which is no conflict; but both stand there still, and bring two
// others together who change what is left and what comes after it.
TEST(TextHistory, BeginsNoEraWhereTwoStandThoughTheyAgree) {
  const Stage stage = StageOf({{'A', "00000001", {}, {{0, 0, U"abcd"}}},
                               {'A', "00000002", {0}, {{2, 2, U""}}},
                               {'B', "00000003", {0}, {{2, 2, U""}}},
                               {'C', "00000004", {0, 1, 2}, {{0, 0, U"x"}}},
                               {'D', "00000005", {0, 1, 2}, {{2, 0, U" y"}}}});
  ASSERT_EQ(stage.naive.At(stage.Everything()).spans.size(), 1u);
  ExpectAsThePageSays(stage, TextHistory(1));
}

// Longer than a past that can be said naively: against the whole, with as many eras as there can
// be.
TEST(TextHistory, SaysWhatTheWholeSaysOfALongHistory) {
  static const auto* const kWords =
      new std::vector<std::string>{"ab ", "4,5", " ", ". ", "đỏ ", "\n", "cd. Ef ", "x", ",", ""};
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Chance chance(seed);
    TextMerge whole;
    TextHistory eras(1);
    TextHistory usual;
    std::vector<VersionVector> known(3);
    VersionVector all;
    for (uint64_t sequence = 1; sequence <= 300; ++sequence) {
      const size_t who = chance.Below(known.size());
      // Mostly up to date, now and then far behind.
      if (chance.Below(seed % 2 == 0 ? 12 : 4) != 0) known[who] = all;
      const VersionVector seen = known[who];
      std::u32string shown;
      ASSERT_TRUE(sync::DecodeUtf8(whole.At(seen).text, &shown));
      v1::TextEdit edit;
      edit.set_length_before(static_cast<uint32_t>(shown.size()));
      v1::TextSplice* const splice = edit.add_splices();
      splice->set_position(static_cast<uint32_t>(chance.Below(shown.size() + 1)));
      splice->set_deleted(static_cast<uint32_t>(std::min<size_t>(
          chance.Below(shown.size() < 200 ? 3 : 6), shown.size() - splice->position())));
      for (size_t words = 1 + chance.Below(3); words > 0; --words) {
        *splice->mutable_inserted() += chance.Pick(*kWords);
      }
      const TextSplices splices = *TextSplices::Read({&edit});
      const DeviceId device = *DeviceId::From(std::string(16, static_cast<char>('A' + who)));
      std::string id(32, static_cast<char>(chance.Below(250)));
      id[31] = static_cast<char>(sequence);
      id[30] = static_cast<char>(sequence >> 8);
      const ChangeId change = *ChangeId::From(id);
      ASSERT_THAT(whole.Add(sequence, change, device, sequence, seen, splices), IsOk());
      ASSERT_THAT(eras.Add(sequence, change, device, sequence, seen, splices), IsOk());
      ASSERT_THAT(usual.Add(sequence, change, device, sequence, seen, splices), IsOk());
      known[who].Add(device, sequence);
      all.Add(device, sequence);
      for (const VersionVector& version : {seen, known[who], all}) {
        const std::string told = Told(whole.At(version), {});
        ASSERT_EQ(Told(eras.At(version), {}), told) << "seed " << seed << ", edit " << sequence;
        ASSERT_EQ(Told(usual.At(version), {}), told) << "seed " << seed << ", edit " << sequence;
      }
    }
    EXPECT_EQ(Told(eras.At(all), eras.BlameAt(all)), Told(whole.At(all), whole.BlameAt(all)));
    EXPECT_GT(eras.eras(), 1u);
  }
}

// On a text that was there before, as many devices may write as on none.
TEST(TextHistory, TakesAsManyDevicesAsTheWhole) {
  TextHistory history(1);
  TextMerge whole;
  VersionVector all;
  VersionVector early;
  const auto add = [&](uint64_t sequence, size_t who, const VersionVector& seen, uint32_t length) {
    v1::TextEdit edit;
    edit.set_length_before(length);
    edit.add_splices()->set_inserted("x ");
    const TextSplices splices = *TextSplices::Read({&edit});
    const DeviceId device = *DeviceId::From(absl::StrCat(absl::Dec(who, absl::kZeroPad16)));
    const ChangeId change =
        *ChangeId::From(std::string(16, 'c') + absl::StrCat(absl::Dec(sequence, absl::kZeroPad16)));
    ASSERT_THAT(history.Add(sequence, change, device, sequence, seen, splices), IsOk());
    ASSERT_THAT(whole.Add(sequence, change, device, sequence, seen, splices), IsOk());
    all.Add(device, sequence);
  };
  uint64_t sequence = 0;
  for (uint32_t who = 0; who < sync::TextTree::kAuthorsMax; ++who) {
    ASSERT_NO_FATAL_FAILURE(add(++sequence, who, all, 2 * who));
    if (who == 3) early = all;
  }
  ASSERT_NO_FATAL_FAILURE(add(++sequence, 3, early, 8));
  EXPECT_EQ(Told(history.At(all), {}), Told(whole.At(all), {}));
}

// Two sentences become one that nobody touched.
TEST(TextHistory, AsksTheWholeWhatErasCannotTell) {
  const Stage stage = StageOf({{'A', "00000001", {}, {{0, 0, U"ab\n\ncd"}}},
                               {'A', "00000002", {0}, {{0, 0, U"x"}}},
                               {'B', "00000003", {0}, {{5, 0, U"y"}}},
                               {'C', "00000004", {0, 1, 2}, {{3, 1, U""}}},
                               {'D', "00000005", {0, 1, 2}, {{4, 1, U""}}}});
  ASSERT_EQ(stage.naive.At(stage.Everything()).marks.size(), 1u);
  ExpectAsThePageSays(stage, TextHistory(1));
}

}  // namespace
}  // namespace sotay::tests
