// A draft, keystroke by keystroke, against the text spliced anew each time; and what it tells of
// itself, handed to a notebook.
#include "sotay/draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "sync/text.h"
#include "tests/mobile-sdk/two_phones.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;
using tests::TwoPhones;

struct Did {
  uint32_t position, deleted;
  std::string typed;
};

std::vector<Did> WhatWasDone(const Draft& draft) {
  std::vector<Did> done;
  for (const Edit& edit : draft.Edits("body")) {
    done.push_back({edit.position, edit.deleted, edit.value});
  }
  return done;
}

Draft On(const std::string& text) { return *Draft::On(text); }

TEST(Draft, TellsTypingInARowAsOne) {
  Draft draft = On("Vết dài m.");
  for (const char* key : {"4", ",", "5", " "}) {
    ASSERT_THAT(draft.Splice(8 + draft.length() - 10, 0, key), IsOk());
  }
  EXPECT_EQ(draft.text(), "Vết dài 4,5 m.");
  EXPECT_THAT(WhatWasDone(draft), ElementsAre(FieldsAre(8, 0, "4,5 ")));
}

TEST(Draft, TellsErasingInARowAsOne) {
  Draft draft = On("abcdef");
  ASSERT_THAT(draft.Splice(3, 1, ""), IsOk());  // backwards
  ASSERT_THAT(draft.Splice(2, 1, ""), IsOk());
  ASSERT_THAT(draft.Splice(2, 1, ""), IsOk());  // and forwards
  ASSERT_THAT(draft.Splice(2, 0, "X"), IsOk());
  ASSERT_THAT(draft.Splice(3, 0, "Y"), IsOk());
  EXPECT_EQ(draft.text(), "abXYf");
  EXPECT_THAT(WhatWasDone(draft), ElementsAre(FieldsAre(2, 3, "XY")));
}

TEST(Draft, KeepsWhatWasTypedAndErasedAgain) {
  Draft draft = On("");
  for (const char* key : {"t", "ô", "i"}) ASSERT_THAT(draft.Splice(draft.length(), 0, key), IsOk());
  ASSERT_THAT(draft.Splice(2, 1, ""), IsOk());
  ASSERT_THAT(draft.Splice(2, 0, "n"), IsOk());
  EXPECT_EQ(draft.text(), "tôn");
  EXPECT_THAT(WhatWasDone(draft), ElementsAre(FieldsAre(0, 0, "tôi"), FieldsAre(2, 1, "n")));
}

TEST(Draft, NormalisesWhatIsTyped) {
  Draft draft = On("");
  ASSERT_THAT(draft.Splice(0, 0, "o\u0302"), IsOk());
  EXPECT_EQ(draft.length(), 1u);
  // A mark that comes alone stays alone: what was typed before is not touched.
  ASSERT_THAT(draft.Splice(1, 0, "e"), IsOk());
  ASSERT_THAT(draft.Splice(2, 0, "\u0302"), IsOk());
  ASSERT_THAT(draft.Splice(3, 0, "x"), IsOk());
  EXPECT_EQ(draft.text(), "ôe\u0302x");
  EXPECT_THAT(WhatWasDone(draft), ElementsAre(FieldsAre(0, 0, "ôe"), FieldsAre(2, 0, "\u0302x")));
}

TEST(Draft, RefusesWhatDoesNotFit) {
  EXPECT_THAT(Draft::On("\xFF").status(), StatusIs(absl::StatusCode::kInvalidArgument));
  Draft draft = On("ab\uFFFC");
  EXPECT_THAT(draft.Splice(4, 0, "x"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(draft.Splice(1, 3, "x"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(draft.Splice(1, UINT32_MAX, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(draft.Splice(0, 0, "\uFFFC"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(draft.Splice(0, 0, "\xC3"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(draft.Splice(0, 0, absl::string_view("\0", 1)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(draft.changed());
  EXPECT_EQ(draft.text(), "ab\uFFFC");
}

// The runs, put into the text one after the other, leave what the keystrokes left.
TEST(Draft, IsTheTextSplicedAnew) {
  std::mt19937 random(1);
  const std::vector<std::string> keys = {"a", "b", " ", "\n", "đ", "ệ", "\u0301", "😀", "abc", ""};
  for (int story = 0; story < 3'000; ++story) {
    std::u32string text = story % 2 == 0 ? U"" : U"Vết phanh dài 4,2 m";
    std::string start;
    for (char32_t c : text) sync::AppendScalar(c, &start);
    const std::u32string before = text;
    Draft draft = On(start);
    uint32_t place = 0;
    for (int key = 0; key < 40; ++key) {
      const auto size = static_cast<uint32_t>(text.size());
      if (random() % 5 == 0) place = static_cast<uint32_t>(random() % (size + 1));
      place = std::min(place, size);
      uint32_t deleted = 0;
      if (random() % 4 == 0) deleted = std::min<uint32_t>(random() % 3, size - place);
      if (random() % 6 == 0 && place > 0) {
        deleted = 1;
        --place;
      }
      const std::string& typed = keys[random() % keys.size()];
      ASSERT_THAT(draft.Splice(place, deleted, typed), IsOk());
      std::u32string scalars;
      sync::DecodeUtf8(typed, &scalars);
      text.replace(place, deleted, scalars);
      place += static_cast<uint32_t>(scalars.size());
    }
    std::string end;
    for (char32_t c : text) sync::AppendScalar(c, &end);
    ASSERT_EQ(draft.text(), end);
    ASSERT_EQ(draft.length(), text.size());
    std::u32string again = before;
    for (const Did& one : WhatWasDone(draft)) {
      std::u32string scalars;
      sync::DecodeUtf8(one.typed, &scalars);
      ASSERT_LE(one.position + one.deleted, again.size());
      again.replace(one.position, one.deleted, scalars);
    }
    ASSERT_EQ(again, text);
  }
}

TEST_F(TwoPhones, TakeADraft) {
  const RecordId note = Note(nguyet_, "Vết phanh dài 4,2 m.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  Draft draft = On(Body(nguyet_, note));
  ASSERT_THAT(draft.Splice(16, 1, "5"), IsOk());
  ASSERT_THAT(draft.Splice(20, 0, " "), IsOk());
  ASSERT_THAT(draft.Splice(21, 0, "Đường ướt."), IsOk());
  ASSERT_THAT(nguyet_->Change(note, draft.Edits("body")), IsOk());
  EXPECT_EQ(Body(nguyet_, note), draft.text());
  ASSERT_THAT(binh_->Change(note, {tests::Text("body", "Vết phanh ngoài dài 4,2 m.")}), IsOk());
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  EXPECT_EQ(Body(binh_, note), "Vết phanh ngoài dài 4,5 m. Đường ướt.");
}

}  // namespace
}  // namespace sotay::sdk
