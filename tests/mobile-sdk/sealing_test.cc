// What a phone does with a dossier that proved to be secret: it asks before it sends, keeps nothing
// of it but places, and says so.
#include "mobile-sdk/core/sealing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/mobile-sdk/sealing_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Office;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;

using SealingTest = SealingRoom;

TEST_F(SealingTest, AsksBeforeItSends) {
  telling_ = false;
  ASSERT_THAT(dam_->Sync(), IsOk());
  ASSERT_THAT(requests_, SizeIs(2));
  EXPECT_FALSE(requests_[0].has_push());
  EXPECT_EQ(requests_[1].push().count(), 3u);
  // Once a run, and only where there is something to send.
  requests_.clear();
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_THAT(requests_, SizeIs(1));
}

TEST_F(SealingTest, AsksAgainAfterACallThatFailed) {
  telling_ = false;
  dam_.weather->after = [](const v1::SyncResponse&) { return absl::UnavailableError("lost"); };
  EXPECT_THAT(dam_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  dam_.weather->after = nullptr;
  ASSERT_THAT(dam_->Sync(), IsOk());
  ASSERT_THAT(requests_, SizeIs(3));
  EXPECT_FALSE(requests_[1].has_push());
}

TEST_F(SealingTest, AsksUntilAllIsTold) {
  telling_ = false;
  office_.hub.records_bytes_max = 1;
  Phone que(&office_, "que");
  ASSERT_THAT(que->Sync(), IsOk());
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(que->Create("inspection", "", absl::nullopt, {Set("kind", "prison")}), IsOk());
  }
  ASSERT_THAT(que->Sync(), IsOk());
  bool more = true;
  dam_.weather->after = [&](const v1::SyncResponse& response) {
    EXPECT_FALSE(more && requests_.back().has_push());
    more = response.more();
    return absl::OkStatus();
  };
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_GT(requests_.size(), 3u);
}

TEST_F(SealingTest, TwoUnsentNotesAreInNoRequest) {
  ASSERT_GT(FilesWithWords(), 0) << "else this shows nothing";
  std::vector<Event> events;
  const auto end = dam_->Listen([&](const Event& event) { events.push_back(event); });
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_FALSE(Left("885 triệu"));
  EXPECT_TRUE(Left("Ghi chép khác"));
  ExpectSealed();
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [&](const Event& event) {
                            return event.kind == Event::Kind::kDossierSealed &&
                                   event.record == matter_;
                          }),
            1);
  // Its places were sent, and the chain has no gap.
  const v1::ChangeBatch batch = Pushed(requests_[1]);
  ASSERT_EQ(batch.changes_size(), 3);
  ASSERT_EQ(batch.withheld_size(), 2);
  EXPECT_EQ(batch.withheld(0).index(), 0u);
  EXPECT_EQ(batch.withheld(1).index(), 2u);
  for (const v1::WithheldChange& withheld : batch.withheld()) {
    EXPECT_EQ(batch.changes(static_cast<int>(withheld.index())), "");
    EXPECT_EQ(withheld.change_id().size(), 32u);
    EXPECT_EQ(withheld.dossier_id(), matter_.str());
  }
  EXPECT_EQ(dam_->GetStatus()->outbox, 0u);
  EXPECT_THAT(dam_->Refused().value(), IsEmpty());
  // It goes on working.
  EXPECT_THAT(dam_->Change(kept_, {Text("body", "Ghi chép khác, sửa.")}), IsOk());
  telling_ = false;
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_EQ(dam_->GetStatus()->outbox, 0u);
}

TEST_F(SealingTest, ReportsUntilAnAnswerHasCome) {
  bool lose = false;
  dam_.weather->after = [&](const v1::SyncResponse&) {
    return lose && requests_.back().secret_dossiers_size() != 0 ? absl::UnavailableError("lost")
                                                                : absl::OkStatus();
  };
  lose = true;
  EXPECT_THAT(dam_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(dam_->GetStatus()->sealed_dossiers.at(matter_).reported());
  lose = false;
  telling_ = false;
  requests_.clear();
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_THAT(requests_[0].secret_dossiers(), ElementsAre(matter_.str()));
  EXPECT_THAT(requests_[1].secret_dossiers(), IsEmpty());
  EXPECT_TRUE(dam_->GetStatus()->sealed_dossiers.at(matter_).reported());
}

TEST_F(SealingTest, NothingIsWrittenInItAnyMore) {
  const auto seen = dam_->Read(sent_);
  ASSERT_THAT(seen, IsOk());
  ASSERT_THAT(dam_->Sync(), IsOk());
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("stays on paper"));
  EXPECT_THAT(dam_->Create("note", "", matter_, {Text("body", "một")}).status(), refused);
  EXPECT_THAT(dam_->Change(matter_, {Set("title", "hai")}), refused);
  // A screen that had it open.
  EXPECT_FALSE(dam_->Change(*seen, {Text("body", "ba")}).ok());
  EXPECT_THAT(dam_->Sign(*seen, {}, "signoff", {Set("decision", "sign")}).status(), refused);
  EXPECT_EQ(FilesWithWords(), 0);
}

TEST_F(SealingTest, WhatIsTypedWhileItIsToldGoesToo) {
  dam_.weather->after = [&](const v1::SyncResponse&) {
    dam_.weather->after = nullptr;
    Note(matter_, "Gõ đúng lúc ấy: 885 triệu.");
    return absl::OkStatus();
  };
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_FALSE(Left("885 triệu"));
  EXPECT_EQ(FilesWithWords(), 0);
  EXPECT_EQ(dam_->GetStatus()->sealed_dossiers.at(matter_).unsent(), 3u);
}

TEST_F(SealingTest, ToldTwiceIsToldOnce) {
  ASSERT_THAT(dam_->Sync(), IsOk());
  ASSERT_THAT(dam_->Sync(), IsOk());
  ExpectSealed();
  dam_.Close();
  ASSERT_THAT(dam_.Open(), IsOk());
  ASSERT_THAT(dam_->Sync(), IsOk());
  ExpectSealed();
}

TEST_F(SealingTest, OfWhatItNeverHadItKeepsThatAlone) {
  Phone que(&office_, "que");
  que.weather->alter = dam_.weather->alter;
  ASSERT_THAT(que->Sync(), IsOk());
  const auto sealed = que->GetStatus()->sealed_dossiers;
  ASSERT_THAT(sealed, SizeIs(1));
  EXPECT_EQ(sealed.at(matter_).withheld(), 0u);
  EXPECT_TRUE(sealed.at(matter_).reported());
  // Its records came with the same answer, and were not taken.
  const auto lines = que->List();
  ASSERT_THAT(lines, IsOk());
  for (const RecordLine& line : *lines) EXPECT_NE(line.dossier, matter_);
  EXPECT_THAT(que->Read(sent_).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SealingTest, WhoeverCouldNotReadItIsNotShownThatThereWasOne) {
  Phone que(&office_, "que");
  que.weather->alter = [this](v1::SyncResponse* response) {
    v1::SecretDossier* const secret = response->add_secret_dossiers();
    secret->set_dossier_id(matter_.str());
    secret->set_unit_id(tests::kOffice);
    response->clear_records();
  };
  size_t reports = 0;
  que.weather->before = [&](const v1::SyncRequest& request) {
    reports += static_cast<size_t>(request.secret_dossiers_size());
    return absl::OkStatus();
  };
  std::vector<Event> events;
  const auto end = que->Listen([&](const Event& event) { events.push_back(event); });
  ASSERT_THAT(que->Sync(), IsOk());
  EXPECT_THAT(que->GetStatus()->sealed_dossiers, IsEmpty());
  EXPECT_EQ(reports, 1u) << "but it is done, and said so";
  for (const Event& event : events) EXPECT_EQ(event.kind, Event::Kind::kSynced);
}

// A server that has lost the act sends what others wrote in it.
TEST_F(SealingTest, WhatASealedDossierIsSentLaterIsNotTaken) {
  Phone que(&office_, "que");
  ASSERT_THAT(que->Sync(), IsOk());
  ASSERT_THAT(dam_->Sync(), IsOk());
  telling_ = false;
  ASSERT_THAT(que->Change(sent_, {Text("body", "Quế sửa: 885 triệu")}), IsOk());
  ASSERT_THAT(que->Create("note", "", matter_, {Text("body", "Mây Chiều")}), IsOk());
  ASSERT_THAT(que->Sync(), IsOk());
  ASSERT_THAT(dam_->Sync(), IsOk());
  ExpectSealed();
  for (const auto& [name, bytes] : dam_.Disk().files) {
    EXPECT_FALSE(absl::StrContains(bytes, "Quế sửa")) << name;
  }
  const auto lines = dam_->List();
  ASSERT_THAT(lines, IsOk());
  for (const RecordLine& line : *lines) EXPECT_NE(line.dossier, matter_);
}

// The server is set back to before the act, and to before what was sent.
TEST_F(SealingTest, ARestoredServerGetsPlacesAndNoWords) {
  ASSERT_THAT(dam_->Sync(), IsOk());
  telling_ = false;
  office_.hub.Restore(*empty_);
  requests_.clear();
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_EQ(dam_->GetStatus()->outbox, 0u);
  EXPECT_FALSE(Left("885 triệu"));
  EXPECT_FALSE(Left("Mây Chiều"));
  size_t reports = 0;
  for (const v1::SyncRequest& request : requests_) {
    reports += static_cast<size_t>(request.secret_dossiers_size());
  }
  EXPECT_GE(reports, 1u) << "it may not know of the act";
  ExpectSealed();
}

// A crash at any call to the disk, from the answer on: told again, it is done again.
TEST_F(SealingTest, SurvivesACrashAnywhere) {
  const testing::DiskImage before = dam_.Disk();
  bool whole = false;
  for (uint64_t call = 1; !whole; ++call) {
    dam_.Close();
    dam_.PutDisk(before);
    ASSERT_THAT(dam_.Open(), IsOk());
    requests_.clear();
    // The second request is the first that has a push; the crash comes while the answer is taken.
    dam_.weather->after = [&](const v1::SyncResponse&) {
      dam_.weather->after = nullptr;
      dam_.disk().StopAtCall(call);
      return absl::OkStatus();
    };
    const absl::Status synced = dam_->Sync();
    whole = synced.ok();
    dam_.Close();
    dam_.disk().Cut(testing::PowerCut::kDropUnsynced, call);
    ASSERT_THAT(dam_.Open(), IsOk()) << call;
    // With no network, too.
    if (!dam_->GetStatus()->sealed_dossiers.empty()) {
      EXPECT_EQ(FilesWithWords(), 0) << call;
    }
    ASSERT_THAT(dam_->Sync(), IsOk()) << call;
    EXPECT_FALSE(Left("885 triệu")) << call;
    // From the second time on the office has their places.
    ExpectSealed(call == 1 ? 2 : 0);
    if (HasFailure()) FAIL() << "at call " << call;
  }
}

}  // namespace
}  // namespace sotay::sdk
