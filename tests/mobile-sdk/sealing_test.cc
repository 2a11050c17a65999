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
#include "sync/limits.h"
#include "sync/seal/packed.h"
#include "tests/mobile-sdk/phone.h"
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

constexpr char kUnsentWords[] = "Chưa gửi: 885 triệu đồng trao tay";
constexpr char kSentWords[] = "Đã gửi: gặp tại quán Mây Chiều";

class SealingTest : public ::testing::Test {
 protected:
  SealingTest() : dam_(&office_, "dam") {
    EXPECT_THAT(dam_->Sync(), IsOk());
    empty_ = office_.hub.Backup();
    matter_ = Case("Vụ K");
    other_ = Case("Vụ khác");
    sent_ = Note(matter_, kSentWords);
    EXPECT_THAT(dam_->Sync(), IsOk());
    unsent_ = Note(matter_, kUnsentWords);
    kept_ = Note(other_, "Ghi chép khác.");
    EXPECT_THAT(dam_->Change(sent_, {Text("body", absl::StrCat(kSentWords, "; ", kUnsentWords))}),
                IsOk());
    Watch();
  }

  RecordId Case(const std::string& title) {
    return dam_->Create("case", "", absl::nullopt, {Set("kind", "criminal"), Set("title", title)})
        .value();
  }
  RecordId Note(const RecordId& dossier, const std::string& body) {
    return dam_->Create("note", "", dossier, {Text("body", body)}).value();
  }

  // Every request that leaves; and the act, said with every answer while `telling`.
  void Watch() {
    dam_.weather->before = [this](const v1::SyncRequest& request) {
      requests_.push_back(request);
      return absl::OkStatus();
    };
    dam_.weather->alter = [this](v1::SyncResponse* response) {
      if (!telling_) return;
      v1::SecretDossier* const secret = response->add_secret_dossiers();
      secret->set_dossier_id(matter_.str());
      secret->set_unit_id(tests::kOffice);
      secret->set_alias("S-07");
      secret->set_holder("Lãnh đạo Viện");
      secret->set_set_by("ngu");
      secret->set_set_ms(tests::kNow);
    };
  }
  static v1::ChangeBatch Pushed(const v1::SyncRequest& request) {
    v1::ChangeBatch batch;
    batch.ParseFromString(seal::Unpack(request.push().changes(), sync::kPushBytesMax).value_or(""));
    return batch;
  }
  // Whether a change of that body was ever in a request.
  bool Left(absl::string_view words) const {
    for (const v1::SyncRequest& request : requests_) {
      if (absl::StrContains(Pushed(request).SerializeAsString(), words)) return true;
    }
    return false;
  }
  // Files of the store that have any of the dossier's words.  Texts are in edits as they were
  // typed, so a part of them that begins nowhere else is in every file that has one.
  int FilesWithWords() {
    int files = 0;
    for (const auto& [name, bytes] : dam_.Disk().files) {
      for (const char* words : {"885 triệu", "Mây Chiều", "Vụ K"}) {
        if (absl::StrContains(bytes, words)) ++files;
      }
    }
    return files;
  }
  void ExpectSealed() {
    EXPECT_EQ(FilesWithWords(), 0);
    for (const RecordId& id : {sent_, unsent_}) {
      EXPECT_THAT(dam_->Read(id).status(), StatusIs(absl::StatusCode::kNotFound));
      EXPECT_THAT(dam_->History(id, false).status(), StatusIs(absl::StatusCode::kNotFound));
    }
    EXPECT_THAT(dam_->Read(matter_).status(),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("proved to be secret")));
    const auto status = dam_->GetStatus();
    ASSERT_THAT(status, IsOk());
    ASSERT_THAT(status->sealed_dossiers, SizeIs(1));
    const stored::v1::SealedDossier& sealed = status->sealed_dossiers.at(matter_);
    EXPECT_EQ(sealed.told().alias(), "S-07");
    EXPECT_EQ(sealed.told().holder(), "Lãnh đạo Viện");
    EXPECT_EQ(sealed.told().set_by(), "ngu");
    EXPECT_EQ(sealed.withheld(), 4u);
    EXPECT_EQ(sealed.unsent(), 2u);
    EXPECT_TRUE(sealed.purged());
    EXPECT_THAT(dam_->Read(kept_), IsOk());
  }

  Office office_;
  Phone dam_;
  std::shared_ptr<const tests::MemoryHub::State> empty_;
  RecordId matter_, other_, sent_, unsent_, kept_;
  bool telling_ = true;
  std::vector<v1::SyncRequest> requests_;
};

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
    response->add_secret_dossiers()->set_dossier_id(matter_.str());
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
    ExpectSealed();
    if (HasFailure()) FAIL() << "at call " << call;
  }
}

}  // namespace
}  // namespace sotay::sdk
