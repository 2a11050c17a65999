// An edit made on what a person was shown before others' work came in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <random>
#include <utility>

#include "sotay/draft.h"
#include "sync/text.h"
#include "tests/mobile-sdk/two_phones.h"

namespace sotay::sdk {
namespace {

using absl::StatusCode;
using sync::RecordId;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NoteIn;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;
using tests::TwoPhones;

class Seen : public TwoPhones {
 protected:
  Seen() {
    note_ = Note(nguyet_, "Vết phanh dài 4,2 m. Đường ướt.");
    EXPECT_THAT(nguyet_->Sync(), IsOk());
    EXPECT_THAT(binh_->Sync(), IsOk());
  }
  // Somebody else's edit comes in on Nguyệt's phone.
  void Bring(const std::vector<Edit>& edits) {
    EXPECT_THAT(binh_->Change(note_, edits), IsOk());
    EXPECT_THAT(binh_->Sync(), IsOk());
    EXPECT_THAT(nguyet_->Sync(), IsOk());
  }
  // Both have everything, and see the same.
  void Meet() {
    for (Phone* phone : {&nguyet_, &binh_, &nguyet_}) ASSERT_THAT((*phone)->Sync(), IsOk());
    ExpectAllAgree();
  }
  RecordView View() {
    auto view = nguyet_->Read(note_);
    EXPECT_THAT(view, IsOk());
    return *std::move(view);
  }

  RecordId note_;
};

TEST_F(Seen, UndoesNothingItsAuthorDidNotSee) {
  const std::function<void()> release = nguyet_->Hold(note_);
  const RecordView seen = View();
  Bring({Text("body", "Vết phanh dài 4,2 m, hơi cong. Đường ướt.")});
  ASSERT_THAT(nguyet_->Change(seen, {Text("body", "Vết phanh dài 4,2 m. Đường ướt, trơn.")}),
              IsOk());
  EXPECT_EQ(Body(nguyet_, note_), "Vết phanh dài 4,2 m, hơi cong. Đường ướt, trơn.");
  EXPECT_EQ(State(nguyet_, note_), SyncState::kWaiting);
  Meet();
  EXPECT_EQ(Body(binh_, note_), "Vết phanh dài 4,2 m, hơi cong. Đường ướt, trơn.");
}

TEST_F(Seen, LeavesBothReadingsOfOneWord) {
  const std::function<void()> release = nguyet_->Hold(note_);
  const RecordView seen = View();
  Bring({Text("body", "Vết phanh dài 4,7 m. Đường ướt.")});
  auto draft = Draft::On(seen.record.ShownText(seen.record.type()->Field("body")->number));
  ASSERT_THAT(draft, IsOk());
  ASSERT_THAT(draft->Splice(16, 1, "5"), IsOk());
  ASSERT_THAT(nguyet_->Change(seen, draft->Edits("body")), IsOk());
  ASSERT_THAT(View().conflicts, SizeIs(1));
  EXPECT_THAT(View().conflicts[0].readings, SizeIs(2));
  Meet();
  EXPECT_THAT(binh_->Read(note_)->conflicts, SizeIs(1));
}

TEST_F(Seen, LeavesBothValuesOfOneField) {
  const RecordView seen = View();
  Bring({Set("kind", "file")});
  ASSERT_THAT(nguyet_->Change(seen, {Set("kind", "scene")}), IsOk());
  ASSERT_THAT(View().conflicts, SizeIs(1));
  Meet();
  EXPECT_THAT(binh_->Read(note_)->conflicts, SizeIs(1));
}

TEST_F(Seen, TakesWhatThisDeviceDidMeanwhileAsKnown) {
  const std::function<void()> release = nguyet_->Hold(note_);
  const RecordView seen = View();
  ASSERT_THAT(nguyet_->Change(note_, {Set("kind", "scene")}), IsOk());
  Bring({Text("body", "Vết phanh dài 4,2 m. Đường ướt, vắng.")});
  ASSERT_THAT(nguyet_->Change(seen, {Set("kind", "file"),
                                     Text("body", "Vết phanh thẳng dài 4,2 m. Đường ướt.")}),
              IsOk());
  EXPECT_EQ(Body(nguyet_, note_), "Vết phanh thẳng dài 4,2 m. Đường ướt, vắng.");
  EXPECT_THAT(View().conflicts, IsEmpty());
  EXPECT_EQ(NoteIn(View()).kind(), casework::v1::NOTE_KIND_FILE);
  Meet();
}

TEST_F(Seen, IsToldWhenOthersWordsAreNotAllHere) {
  const RecordView seen = View();
  Bring({Text("body", "Vết phanh dài 4,2 m, hơi cong. Đường ướt.")});
  const std::vector<Edit> edits = {Text("body", "Vết phanh dài 4,2 m. Đường trơn.")};
  const uint64_t before = nguyet_->GetStatus()->last_sequence;
  EXPECT_THAT(nguyet_->Change(seen, edits),
              StatusIs(StatusCode::kAborted, HasSubstr("read it again")));
  EXPECT_EQ(nguyet_->GetStatus()->last_sequence, before);
  EXPECT_EQ(Body(nguyet_, note_), "Vết phanh dài 4,2 m, hơi cong. Đường ướt.");
  // Fetched, they are.
  ASSERT_THAT(nguyet_->History(note_, /*fetch=*/true), IsOk());
  ASSERT_THAT(nguyet_->Change(seen, edits), IsOk());
  EXPECT_EQ(Body(nguyet_, note_), "Vết phanh dài 4,2 m, hơi cong. Đường trơn.");
  Meet();
}

TEST_F(Seen, IsToldWhenThisDeviceEditedTheSameText) {
  const RecordView seen = View();
  ASSERT_THAT(nguyet_->Change(note_, {Text("body", "Vết phanh dài 4,5 m. Đường ướt.")}), IsOk());
  EXPECT_THAT(nguyet_->Change(seen, {Text("body", "Vết phanh dài 4,2 m. Đường khô.")}),
              StatusIs(StatusCode::kAborted, HasSubstr("this device")));
  EXPECT_EQ(Body(nguyet_, note_), "Vết phanh dài 4,5 m. Đường ướt.");
}

TEST_F(Seen, IsToldWhenWhatItShowsWasRefused) {
  ASSERT_THAT(nguyet_->Change(note_, {Text("body", "Sẽ bị từ chối.")}), IsOk());
  const RecordView seen = View();
  office_.hub.SetRoles("nguyet", tests::kOffice, tests::kSupervisor);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  office_.hub.SetRoles("nguyet", tests::kOffice, tests::kProsecutor);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_THAT(nguyet_->Change(seen, {Text("body", "Sẽ bị từ chối. Thêm.")}),
              StatusIs(StatusCode::kAborted, HasSubstr("refused")));
}

// A device is taken to have seen what its earlier changes had seen, whatever became of them.
TEST_F(Seen, IsToldWhenARefusedChangeHadSeenMore) {
  const RecordView seen = View();
  Bring({Set("kind", "file")});
  ASSERT_THAT(nguyet_->Change(note_, {Set("occurred_ms", "7")}), IsOk());
  office_.hub.SetRoles("nguyet", tests::kOffice, tests::kSupervisor);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  office_.hub.SetRoles("nguyet", tests::kOffice, tests::kProsecutor);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(nguyet_->Refused().value(), SizeIs(1));
  EXPECT_THAT(nguyet_->Change(seen, {Set("kind", "scene")}),
              StatusIs(StatusCode::kAborted, HasSubstr("this device")));
  // What was refused before it was read is no hindrance.
  const RecordView again = View();
  Bring({Set("kind", "other")});
  ASSERT_THAT(nguyet_->Change(again, {Set("kind", "scene")}), IsOk());
  EXPECT_THAT(View().conflicts, SizeIs(1));
  Meet();
}

// The edit is made while an exchange is under way that brings others' work.
TEST_F(Seen, IsMergedWhenNewsCrossedAnEditBeforeIt) {
  const std::function<void()> release = nguyet_->Hold(note_);
  ASSERT_THAT(binh_->Change(note_, {Text("body", "Vết phanh dài 4,2 m, cong. Đường ướt.")}),
              IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  absl::optional<RecordView> seen;
  nguyet_.weather->after = [&](const v1::SyncResponse&) {
    if (!seen.has_value()) {
      EXPECT_THAT(nguyet_->Change(note_, {Text("body", "Vết phanh dài 4,2 m. Đường ướt, vắng.")}),
                  IsOk());
      seen = View();
    }
    return absl::OkStatus();
  };
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  nguyet_.weather->after = nullptr;
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(State(nguyet_, note_), SyncState::kSynced);
  ASSERT_THAT(nguyet_->Change(*seen, {Text("body", "Một vết phanh dài 4,2 m. Đường ướt, vắng.")}),
              IsOk());
  EXPECT_EQ(Body(nguyet_, note_), "Một vết phanh dài 4,2 m, cong. Đường ướt, vắng.");
  Meet();
}

TEST_F(Seen, NewsComeThoughTheirHistoryCannotBeHad) {
  const std::function<void()> release = nguyet_->Hold(note_);
  const RecordView seen = View();
  nguyet_.weather->before_history = [](const v1::ListRecordHistoryRequest&) {
    return absl::UnavailableError("cut");
  };
  Bring({Text("body", "Vết phanh dài 4,2 m, hơi cong. Đường ướt.")});
  EXPECT_EQ(Body(nguyet_, note_), "Vết phanh dài 4,2 m, hơi cong. Đường ướt.");
  EXPECT_THAT(nguyet_->Change(seen, {Text("body", "Khác.")}), StatusIs(StatusCode::kAborted));
}

TEST_F(Seen, IsToldWhenThisDeviceEditedAfterTheNews) {
  const std::function<void()> release = nguyet_->Hold(note_);
  const RecordView seen = View();
  Bring({Text("body", "Vết phanh dài 4,2 m, hơi cong. Đường ướt.")});
  ASSERT_THAT(nguyet_->Change(note_, {Set("kind", "scene")}), IsOk());
  EXPECT_THAT(nguyet_->Change(seen, {Text("body", "Khác.")}),
              StatusIs(StatusCode::kAborted, HasSubstr("after others' work")));
}

TEST_F(Seen, NewsAreHeldNoLongerThanAsked) {
  const std::function<void()> other = nguyet_->Hold(note_);
  std::function<void()> copy = other;
  other();
  copy();
  const RecordView seen = View();
  Bring({Text("body", "Vết phanh dài 4,2 m, hơi cong. Đường ướt.")});
  EXPECT_THAT(nguyet_->Change(seen, {Text("body", "Khác.")}), StatusIs(StatusCode::kAborted));
  const std::function<void()> late = nguyet_->Hold(note_);
  nguyet_.Close();
  late();
}

// Both write for a while on what they were shown some time ago, while news come and go.
TEST_F(Seen, ManyMeetWhateverTheyHadSeen) {
  std::mt19937 random(11);
  const std::array<const char*, 6> words = {" mưa", " 4,5", "a", " nhẹ.", "\n", "ướt "};
  size_t made = 0;
  size_t told = 0;
  for (int story = 0; story < 60; ++story) {
    const RecordId note = Note(nguyet_, "Vết phanh dài 4,2 m. Đường ướt.");
    ASSERT_THAT(nguyet_->Sync(), IsOk());
    ASSERT_THAT(binh_->Sync(), IsOk());
    std::map<Phone*, RecordView> seen;
    std::map<Phone*, std::function<void()>> held;
    for (int step = 0; step < 24; ++step) {
      Phone* const phone = random() % 2 == 0 ? &nguyet_ : &binh_;
      switch (random() % 4) {
        case 0:
          ASSERT_THAT((*phone)->Sync(), IsOk());
          break;
        case 1:
          if (story % 2 == 0 && held.count(phone) == 0) held[phone] = (*phone)->Hold(note);
          seen.insert_or_assign(phone, *(*phone)->Read(note));
          break;
        default: {
          if (seen.count(phone) == 0) break;
          const RecordView& view = seen.at(phone);
          const auto shown = view.record.ShownText(view.record.type()->Field("body")->number);
          const auto length = static_cast<uint32_t>(sync::ScalarCount(shown).value());
          Edit edit = Text("body", words[random() % words.size()]);
          edit.kind = Edit::Kind::kSplice;
          edit.position = static_cast<uint32_t>(random() % (length + 1));
          edit.deleted = std::min<uint32_t>(random() % 4, length - edit.position);
          const absl::Status status = (*phone)->Change(view, {edit});
          if (status.ok()) {
            ++made;
            seen.insert_or_assign(phone, *(*phone)->Read(note));
          } else {
            ASSERT_THAT(status, StatusIs(StatusCode::kAborted));
            ASSERT_NE(story % 2, 0) << status;  // held, and nothing own in between
            ++told;
            seen.erase(phone);
          }
        }
      }
    }
    for (const auto& [phone, release] : held) release();
    ASSERT_NO_FATAL_FAILURE(Meet()) << "story " << story;
  }
  EXPECT_GT(made, 300u);
  EXPECT_GT(told, 10u);
}

}  // namespace
}  // namespace sotay::sdk
