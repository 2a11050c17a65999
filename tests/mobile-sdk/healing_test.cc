// What goes wrong on one side and is mended by the other: restored servers, copied phones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/exchange.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Add;
using tests::IsOk;
using tests::NoteIn;
using tests::Office;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;

class Healing : public ::testing::Test {
 protected:
  Healing() : nguyet_(&office_, "nguyet"), binh_(&office_, "binh") {
    EXPECT_THAT(nguyet_->Sync(), IsOk());
    root_ = *nguyet_->Create("inspection", "", absl::nullopt, {Set("kind", "prison")});
    EXPECT_THAT(nguyet_->Sync(), IsOk());
    EXPECT_THAT(binh_->Sync(), IsOk());
  }
  RecordId Note(Phone& phone, const std::string& body) {
    return phone->Create("note", "", root_, {Text("body", body)}).value();
  }
  std::string Body(Phone& phone, const RecordId& id) {
    return NoteIn(phone->Read(id).value()).body();
  }
  void SyncAll(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      ASSERT_THAT(nguyet_->Sync(), IsOk());
      ASSERT_THAT(binh_->Sync(), IsOk());
    }
  }
  void ExpectAllAgree() {
    EXPECT_EQ(nguyet_->Digest().value(), binh_->Digest().value());
    EXPECT_EQ(nguyet_->Digest().value(), office_.hub.Digest(nguyet_.device()));
  }

  Office office_;
  Phone nguyet_;
  Phone binh_;
  RecordId root_;
};

TEST_F(Healing, ARestoredServerGetsBackWhatThePhoneHadSent) {
  const RecordId early = Note(nguyet_, "Trước bản sao lưu.");
  SyncAll(1);
  const auto backup = office_.hub.Backup();
  const RecordId late = Note(nguyet_, "Sau bản sao lưu.");
  ASSERT_THAT(nguyet_->Change(early, {Text("body", "Sau bản sao lưu, sửa.")}), IsOk());
  SyncAll(1);
  const size_t log = office_.hub.LogSize();
  office_.hub.Restore(*backup);
  ASSERT_LT(office_.hub.LogSize(), log);

  // Nothing new was written: the exchange alone finds out and heals.
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(office_.hub.LogSize(), log);
  EXPECT_EQ(Body(nguyet_, late), "Sau bản sao lưu.");
  EXPECT_EQ(Body(nguyet_, early), "Sau bản sao lưu, sửa.");
  SyncAll(1);
  ExpectAllAgree();
  EXPECT_THAT(nguyet_->Refused().value(), IsEmpty());
  EXPECT_EQ(nguyet_->GetStatus().value().outbox, 0u);
}

TEST_F(Healing, WhatIsWrittenBeforeTheRestoreIsNoticedGoesTooAndInOrder) {
  const auto backup = office_.hub.Backup();
  const RecordId note = Note(nguyet_, "Một.");
  SyncAll(1);
  office_.hub.Restore(*backup);
  ASSERT_THAT(nguyet_->Change(note, {Text("body", "Một, hai.")}), IsOk());
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(Body(nguyet_, note), "Một, hai.");
  SyncAll(1);
  ExpectAllAgree();
}

TEST_F(Healing, NothingOfOnesOwnDisappearsFromViewMeanwhile) {
  const RecordId note = Note(nguyet_, "Một.");
  SyncAll(1);
  const auto backup = office_.hub.Backup();
  ASSERT_THAT(nguyet_->Change(note, {Text("body", "Một, hai.")}), IsOk());
  SyncAll(1);
  office_.hub.Restore(*backup);
  // Call by call: the older record comes back before ours is sent again.
  int answers = 0;
  nguyet_.weather->after = [&](const v1::SyncResponse&) {
    ++answers;
    EXPECT_EQ(Body(nguyet_, note), "Một, hai.");
    return absl::OkStatus();
  };
  ASSERT_THAT(
      nguyet_->Sync([&](const SyncProgress&) { EXPECT_EQ(Body(nguyet_, note), "Một, hai."); }),
      IsOk());
  EXPECT_GE(answers, 2);
  EXPECT_EQ(Body(nguyet_, note), "Một, hai.");
}

TEST_F(Healing, AnEditOnAnotherPhonesLostChangeIsHeldUntilThatPhoneComes) {
  const RecordId note = Note(nguyet_, "Một.");
  SyncAll(2);
  const auto backup = office_.hub.Backup();
  ASSERT_THAT(nguyet_->Change(note, {Text("body", "Một, hai.")}), IsOk());
  SyncAll(1);
  ASSERT_THAT(binh_->Change(note, {Text("body", "Một, hai, ba.")}), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  office_.hub.Restore(*backup);

  ASSERT_THAT(binh_->Sync(), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto held, binh_->Refused());
  ASSERT_THAT(held, SizeIs(1));
  EXPECT_EQ(held[0].outcome.verdict(), v1::VERDICT_HELD);
  EXPECT_EQ(held[0].outcome.reason(), v1::REASON_PARENT_UNKNOWN);
  EXPECT_EQ(binh_->Read(note).value().state, SyncState::kRefused);
  EXPECT_EQ(Body(binh_, note), "Một, hai, ba.");  // still on top of what the server has

  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  EXPECT_THAT(binh_->Refused().value(), IsEmpty());
  EXPECT_EQ(binh_->Read(note).value().state, SyncState::kSynced);
  SyncAll(1);
  EXPECT_EQ(Body(nguyet_, note), "Một, hai, ba.");
  ExpectAllAgree();
}

TEST_F(Healing, SurvivesAnyNumberOfRestores) {
  std::vector<std::shared_ptr<const tests::MemoryHub::State>> backups;
  std::vector<RecordId> notes;
  for (int i = 0; i < 6; ++i) {
    backups.push_back(office_.hub.Backup());
    notes.push_back(Note(i % 2 == 0 ? nguyet_ : binh_, absl::StrCat("Ghi chép ", i)));
    SyncAll(2);
  }
  for (const size_t which : {3u, 5u, 0u, 2u}) {
    office_.hub.Restore(*backups[which]);
    SyncAll(3);
    ExpectAllAgree();
    EXPECT_EQ(nguyet_->List().value().size(), notes.size() + 1);
    EXPECT_THAT(nguyet_->Refused().value(), IsEmpty());
    EXPECT_THAT(binh_->Refused().value(), IsEmpty());
  }
}

TEST_F(Healing, ACursorOfAnotherLifeBeginsAgain) {
  Note(binh_, "Một.");
  SyncAll(2);
  int calls = 0;
  nguyet_.weather->before = [&](const v1::SyncRequest&) {
    ++calls;
    return absl::OkStatus();
  };
  office_.hub.Restore(*office_.hub.Backup());  // nothing lost but the epoch
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(calls, 2);
  ASSERT_THAT(binh_->Sync(), IsOk());
  ExpectAllAgree();
}

TEST_F(Healing, ASetBackPhoneIsToldSoAndKeepsEverything) {
  nguyet_.Close();
  const testing::DiskImage old = nguyet_.Disk();
  ASSERT_THAT(nguyet_.Open(), IsOk());
  Note(nguyet_, "Đã gửi.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  nguyet_.Close();
  nguyet_.PutDisk(old);
  ASSERT_THAT(nguyet_.Open(), IsOk());
  const RecordId note = Note(nguyet_, "Viết sau khi bị lùi lại.");
  const absl::Status status = nguyet_->Sync();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted,
                               AllOf(HasSubstr("enrol anew"), HasSubstr("everything is kept"))));
  EXPECT_EQ(DetailOf(status).reason(), v1::REASON_DEVICE_FORKED);
  // Nothing is sent any more, and writing goes on.
  int calls = 0;
  nguyet_.weather->before = [&](const v1::SyncRequest&) {
    ++calls;
    return absl::OkStatus();
  };
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(Body(nguyet_, note), "Viết sau khi bị lùi lại.");
  Note(nguyet_, "Và nữa.");
  EXPECT_EQ(nguyet_->GetStatus().value().outbox, 2u);
}

TEST_F(Healing, ASetBackPhoneThatHasNothingToSayIsFoundAsWell) {
  nguyet_.Close();
  const testing::DiskImage old = nguyet_.Disk();
  ASSERT_THAT(nguyet_.Open(), IsOk());
  Note(nguyet_, "Đã gửi.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  nguyet_.Close();
  nguyet_.PutDisk(old);
  ASSERT_THAT(nguyet_.Open(), IsOk());
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kAborted, HasSubstr("set back")));
  // No number the server has seen is given out and taken for accepted.
  Note(nguyet_, "Mới.");
  EXPECT_EQ(nguyet_->GetStatus().value().outbox, 1u);
  EXPECT_EQ(nguyet_->GetStatus().value().accepted_through, 1u);
}

// It asks first, and is told nothing: what it wrote is handed in all the same, once.
TEST_F(Healing, AForkedPhoneHandsInWhatItWrote) {
  Note(nguyet_, "Chưa gửi.");
  office_.hub.SetState(nguyet_.device(), v1::DEVICE_STATE_FORKED);
  std::vector<uint32_t> pushed;
  nguyet_.weather->before = [&](const v1::SyncRequest& request) {
    pushed.push_back(request.push().count());
    return absl::OkStatus();
  };
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kAborted, HasSubstr("enrol anew")));
  EXPECT_THAT(pushed, ElementsAre(0, 1));
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(pushed, ElementsAre(0, 1));
}

TEST_F(Healing, ASetBackPhoneThatWroteLessThanItHadSentHandsItIn) {
  nguyet_.Close();
  const testing::DiskImage old = nguyet_.Disk();
  ASSERT_THAT(nguyet_.Open(), IsOk());
  Note(nguyet_, "Một.");
  Note(nguyet_, "Hai.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  nguyet_.Close();
  nguyet_.PutDisk(old);
  ASSERT_THAT(nguyet_.Open(), IsOk());
  Note(nguyet_, "Viết sau khi bị lùi lại.");
  std::vector<uint32_t> pushed;
  nguyet_.weather->before = [&](const v1::SyncRequest& request) {
    pushed.push_back(request.push().count());
    return absl::OkStatus();
  };
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kAborted, HasSubstr("enrol anew")));
  EXPECT_THAT(pushed, ElementsAre(0, 1));
}

// Where more outcomes were revised than one answer says, the next says more, though no cursor
// moves.
TEST_F(Healing, RevisedOutcomesThatTakeSeveralAnswersAreTaken) {
  Note(nguyet_, "Một.");
  Note(nguyet_, "Hai.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  uint64_t revision = 0;
  nguyet_.weather->alter = [&](v1::SyncResponse* response) {
    if (revision == 2) return;
    v1::ChangeOutcome* const outcome = response->add_revised();
    outcome->set_sequence(++revision);
    outcome->set_verdict(v1::VERDICT_APPLIED);
    outcome->set_revision(revision);
    response->set_more(revision < 2);
  };
  EXPECT_THAT(nguyet_->Sync(), IsOk());
}

TEST_F(Healing, OfTwoCopiesTheFirstStays) {
  nguyet_.Close();
  const testing::DiskImage shared = nguyet_.Disk();
  ASSERT_THAT(nguyet_.Open(), IsOk());
  const RecordId first = Note(nguyet_, "Bản gốc.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  nguyet_.Close();
  nguyet_.PutDisk(shared);  // the copy, with the same key
  ASSERT_THAT(nguyet_.Open(), IsOk());
  Note(nguyet_, "Bản sao.");
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kAborted));
  ASSERT_THAT(binh_->Sync(), IsOk());
  EXPECT_EQ(Body(binh_, first), "Bản gốc.");
  EXPECT_EQ(binh_->List().value().size(), 2u);
}

TEST_F(Healing, ARevokedDeviceKeepsWhatItHas) {
  office_.hub.SetState(nguyet_.device(), v1::DEVICE_STATE_REVOKED);
  const RecordId note = Note(nguyet_, "Chưa gửi.");
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(Body(nguyet_, note), "Chưa gửi.");
  EXPECT_EQ(nguyet_->GetStatus().value().outbox, 1u);
  office_.hub.SetState(nguyet_.device(), v1::DEVICE_STATE_ACTIVE);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(nguyet_->GetStatus().value().outbox, 0u);
}

TEST_F(Healing, AServerThatKeepsForgettingIsNotObeyedForEver) {
  Note(nguyet_, "Một.");
  int calls = 0;
  nguyet_.weather->before = [&](const v1::SyncRequest&) {
    return ++calls < 100 ? absl::OkStatus() : absl::UnavailableError("enough");
  };
  nguyet_.weather->alter = [](v1::SyncResponse* response) { response->set_accepted_through(0); };
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_LT(calls, 20);
}

}  // namespace
}  // namespace sotay::sdk
