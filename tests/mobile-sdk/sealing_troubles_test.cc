// What a phone does with what is secret when things go another way: no room, another server, an
// answer that refuses before one that seals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/sealing.h"
#include "tests/mobile-sdk/sealing_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Phone;
using tests::StatusIs;
using tests::Text;

using SealingTroubles = SealingRoom;

// One that was restored from before the report, and not from before the act, asks for it again.
TEST_F(SealingTroubles, ReportsAgainToAServerThatTellsItAgain) {
  ASSERT_THAT(dam_->Sync(), IsOk());
  requests_.clear();
  ASSERT_THAT(dam_->Sync(), IsOk());
  ASSERT_THAT(requests_, SizeIs(2));
  EXPECT_THAT(requests_[1].secret_dossiers(), ElementsAre(matter_.str()));
  EXPECT_TRUE(dam_->GetStatus()->sealed_dossiers.at(matter_).reported());
}

// What cannot be purged now is told as sealed and not as purged, and nothing else waits for it.
TEST_F(SealingTroubles, APurgeThatFailsStopsNothingAndIsTriedAgain) {
  dam_.free_bytes = 1'000;
  size_t sealed_events = 0;
  auto end = dam_->Listen([&](const Event& event) {
    sealed_events += event.kind == Event::Kind::kDossierSealed ? 1 : 0;
  });
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_EQ(sealed_events, 1u);
  EXPECT_THAT(dam_->Read(sent_).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(dam_->GetStatus()->sealed_dossiers.at(matter_).purged());
  EXPECT_THAT(dam_->GetStatus()->purge,
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("free some space")));
  for (const v1::SyncRequest& request : requests_)
    EXPECT_THAT(request.secret_dossiers(), IsEmpty());
  EXPECT_FALSE(Left("885 triệu"));
  telling_ = false;
  // It opens and takes what is written.
  dam_.Close();
  ASSERT_THAT(dam_.Open(), IsOk());
  ASSERT_THAT(dam_->Change(kept_, {Text("body", "Ghi chép khác, sửa.")}), IsOk());
  ASSERT_THAT(dam_->Sync(), IsOk());
  // With room, but not at once: it reads the whole store.
  dam_.free_bytes = uint64_t{1} << 40;
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_FALSE(dam_->GetStatus()->sealed_dossiers.at(matter_).purged());
  dam_.clock_ms += kPurgeAgainMs;
  requests_.clear();
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_THAT(dam_->GetStatus()->purge, IsOk());
  ASSERT_THAT(requests_, SizeIs(2));
  EXPECT_THAT(requests_[1].secret_dossiers(), ElementsAre(matter_.str()));
  ExpectSealed();
}

// Refused as content for what is to have none: it is told, and then it is nowhere.
TEST_F(SealingTroubles, WhatIsAnsweredClassifiedIsToldAndGoes) {
  telling_ = false;
  dam_.weather->alter = [&](v1::SyncResponse* response) {
    response->clear_records();  // a server that refuses them does not send them either
    for (v1::ChangeOutcome& outcome : *response->mutable_outcomes()) {
      if (outcome.sequence() == 5) continue;  // of the other dossier
      outcome.set_verdict(v1::VERDICT_QUARANTINED);
      outcome.set_reason(v1::REASON_CLASSIFIED);
      outcome.set_message("what is secret stays on paper");
    }
  };
  std::vector<uint64_t> told;
  const auto end = dam_->Listen([&](const Event& event) {
    if (event.kind == Event::Kind::kChangeRefused) told.push_back(event.sequence);
  });
  const auto made = dam_->Read(unsent_);
  const auto changed = dam_->Read(sent_);
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_THAT(told, ElementsAre(4, 6));
  const auto refused = dam_->Refused();
  ASSERT_THAT(refused, IsOk());
  ASSERT_THAT(*refused, SizeIs(2));
  EXPECT_TRUE((*refused)[0].withheld);
  EXPECT_EQ((*refused)[0].outcome.message(), "what is secret stays on paper");
  EXPECT_EQ((*refused)[0].change.dossier_id(), matter_.str());
  EXPECT_EQ((*refused)[0].change.edits_size(), 0);
  EXPECT_TRUE(dam_->IsWithheld(told[0]).value());
  // No words of it in any file; and the rest goes on.
  for (const auto& [name, bytes] : dam_.Disk().files) {
    EXPECT_FALSE(absl::StrContains(bytes, "Chưa gửi: 885")) << name;
  }
  EXPECT_THAT(dam_->Sync(), IsOk());
  EXPECT_THAT(dam_->History(sent_, false), IsOk());
  const auto again = StatusIs(absl::StatusCode::kAborted);
  EXPECT_THAT(dam_->Change(*made, {Text("body", "sửa trên điều đã bị từ chối")}),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(dam_->Change(*changed, {Text("body", "sửa trên điều đã bị từ chối")}), again);
  EXPECT_THAT(dam_->Read(unsent_).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(tests::NoteIn(dam_->Read(sent_).value()).body(), kSentWords);
  // A restored server gets its place.
  dam_.weather->alter = nullptr;
  office_.hub.Restore(*empty_);
  requests_.clear();
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_FALSE(Left("Chưa gửi: 885"));
  EXPECT_TRUE(Left("Mây Chiều"));
  dam_.Close();
  ASSERT_THAT(dam_.Open(), IsOk());
  EXPECT_THAT(dam_->Refused().value(), SizeIs(2));
}

// Pushed between the act and its news: refused first, sealed after.
TEST_F(SealingTroubles, WhatWasRefusedBeforeItWasSealedIsCounted) {
  telling_ = false;
  const auto sealing = dam_.weather->alter;
  dam_.weather->alter = [&](v1::SyncResponse* response) {
    for (v1::ChangeOutcome& outcome : *response->mutable_outcomes()) {
      if (outcome.sequence() == 5) continue;  // of the other dossier
      outcome.set_verdict(v1::VERDICT_QUARANTINED);
      outcome.set_reason(v1::REASON_CLASSIFIED);
      telling_ = true;
    }
    sealing(response);
  };
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_THAT(dam_->Refused().value(), IsEmpty());
  const stored::v1::SealedDossier sealed = dam_->GetStatus()->sealed_dossiers.at(matter_);
  EXPECT_EQ(sealed.withheld(), 4u);
  EXPECT_EQ(sealed.unsent(), 0u) << "an answer came to them";
  EXPECT_EQ(FilesWithWords(), 0);
}

// An answer that was lost, or a server that was restored: what it has was sent.
TEST_F(SealingTroubles, WhatTheServerSaysThatItHasWasSent) {
  telling_ = false;
  dam_.weather->after = [&](const v1::SyncResponse&) {
    return requests_.back().has_push() ? absl::UnavailableError("lost") : absl::OkStatus();
  };
  EXPECT_THAT(dam_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  dam_.weather->after = nullptr;
  telling_ = true;
  ASSERT_THAT(dam_->Sync(), IsOk());
  const stored::v1::SealedDossier sealed = dam_->GetStatus()->sealed_dossiers.at(matter_);
  EXPECT_EQ(sealed.withheld(), 4u);
  EXPECT_EQ(sealed.unsent(), 0u);
}

// Whoever could read it, and is told less now, is shown that it was there.
TEST_F(SealingTroubles, WhatWasHereDoesNotVanishWithoutATrace) {
  Phone que(&office_, "que");
  ASSERT_THAT(que->Sync(), IsOk());
  ASSERT_THAT(que->Read(sent_), IsOk());
  que.weather->alter = [this](v1::SyncResponse* response) {
    v1::SecretDossier* const secret = response->add_secret_dossiers();
    secret->set_dossier_id(matter_.str());
    secret->set_unit_id(tests::kOffice);
  };
  ASSERT_THAT(que->Sync(), IsOk());
  EXPECT_THAT(que->Read(sent_).status(), StatusIs(absl::StatusCode::kNotFound));
  const auto sealed = que->GetStatus()->sealed_dossiers;
  ASSERT_THAT(sealed, SizeIs(1));
  EXPECT_TRUE(sealed.at(matter_).was_here());
}

// Of another unit than it is named in it seals nothing.
TEST_F(SealingTroubles, SealsOnlyInTheUnitThatIsNamed) {
  const auto sealing = dam_.weather->alter;
  dam_.weather->alter = [&](v1::SyncResponse* response) {
    sealing(response);
    for (v1::SecretDossier& secret : *response->mutable_secret_dossiers()) {
      secret.set_unit_id("vkskv9");
    }
  };
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_THAT(dam_->Read(unsent_), IsOk());
  EXPECT_THAT(dam_->GetStatus()->sealed_dossiers, IsEmpty());
  EXPECT_THAT(dam_->Change(unsent_, {Text("body", "viết tiếp")}), IsOk());
}

}  // namespace
}  // namespace sotay::sdk
