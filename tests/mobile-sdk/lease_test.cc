// A notebook is read for so many days after a contact, and no longer (docs/decisions/0034): what
// closes, what goes on, what opens it again; and a device that was revoked.
#include "sotay/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "leveldb/write_batch.h"
#include "mobile-sdk/core/keys.h"
#include "mobile-sdk/core/link.h"
#include "sync/consents.h"
#include "sync/durable/open.h"
#include "sync/offline_lease.h"
#include "tests/mobile-sdk/two_phones.h"

namespace sotay::sdk {
namespace {

using sync::kDayMs;
using sync::RecordId;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;

constexpr int64_t kHour = 60 * 60 * 1000;

class LeaseTest : public tests::TwoPhones {
 protected:
  LeaseTest() {
    nguyet_.since_boot = {"one", 0};
    theirs_ = Note(nguyet_, "Biên bản của Nguyệt.");
    EXPECT_THAT(nguyet_->Sync(), IsOk());
    EXPECT_THAT(binh_->Sync(), IsOk());
    Say(7);
  }

  // The office says so, and she hears it.
  void Say(uint32_t days) {
    nguyet_.weather->alter = [days](v1::SyncResponse* response) {
      if (response->has_directory()) sync::SayOfflineDays(days, response->mutable_directory());
    };
    office_.hub.AddUnit("vkskv2", "VKSND khu vực 2");  // so that names are told anew
    EXPECT_THAT(nguyet_->Sync(), IsOk());
  }
  void Pass(int64_t ms) {
    office_.now_ms += ms;
    nguyet_.clock_ms += ms;
    nguyet_.since_boot.ms += ms;
  }
  // What becomes of the notebook's rows while it is closed.
  void OnDisk(const std::function<void(leveldb::WriteBatch*)>& change) {
    nguyet_.Close();
    durable::StoreOptions options;
    options.base = &nguyet_.disk();
    options.sync_directory = durable::NoDirectorySync;
    {
      auto store = durable::Open(nguyet_.dir() + "/store", options).value();
      leveldb::WriteBatch batch;
      change(&batch);
      ASSERT_THAT(store->Write(&batch), IsOk());
    }
    ASSERT_THAT(nguyet_.Open(), IsOk());
  }
  void Restart() { nguyet_.since_boot = {nguyet_.since_boot.boot + "'", 0}; }
  // From now on the server says that somebody's change waits for her.
  void TellConsents() {
    nguyet_.weather->alter = [this, names = nguyet_.weather->alter](v1::SyncResponse* response) {
      names(response);
      v1::Consents consents;
      v1::AwaitsConsent* const change = consents.add_for_user();
      change->set_device_id(binh_.device().str());
      change->set_sequence(1);
      change->set_change_id(std::string(sync::ChangeId::kSize, 'c'));
      change->set_dossier_id(root_.str());
      consents.add_own(7);
      consents.set_mark("dấu");
      sync::TellConsents(consents, response);
    };
  }
  bool Open() {
    const absl::Status read = nguyet_->Read(theirs_).status();
    EXPECT_EQ(read.ok(), nguyet_->List().ok());
    EXPECT_EQ(read.ok(), nguyet_->GetStatus()->reading.open);
    EXPECT_TRUE(read.ok() || LeaseClosedOf(read).has_value()) << read;
    return read.ok();
  }

  RecordId theirs_;
};

TEST_F(LeaseTest, EndsAfterItsDaysAndTheNextContactOpensAllOfIt) {
  Pass(7 * kDayMs - kHour);
  EXPECT_TRUE(Open());
  const std::string before = nguyet_->Digest().value();
  Pass(kHour);
  EXPECT_FALSE(Open());
  nguyet_.Close();
  ASSERT_THAT(nguyet_.Open(), IsOk());
  EXPECT_FALSE(Open()) << "opened anew";
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_TRUE(Open());
  EXPECT_EQ(nguyet_->Digest().value(), before) << "nothing was thrown away";
}

TEST_F(LeaseTest, WhoWasToldNothingHasNone) {
  for (Phone* phone : {&binh_}) {
    phone->clock_ms += 400 * kDayMs;
    EXPECT_THAT((*phone)->Read(theirs_), IsOk());
    EXPECT_EQ((*phone)->GetStatus()->reading.days, 0u);
  }
  Say(0);
  Pass(400 * kDayMs);
  EXPECT_TRUE(Open());
}

TEST_F(LeaseTest, ClosesWhatOthersMayHaveWritten) {
  Pass(8 * kDayMs);
  const auto closed = [](const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("synchronise")));
    EXPECT_TRUE(LeaseClosedOf(status).has_value()) << status;
  };
  closed(nguyet_->Read(theirs_).status());
  closed(nguyet_->List().status());
  ListFilter conflicts;
  conflicts.conflicts_only = true;
  closed(nguyet_->List(conflicts).status());
  closed(nguyet_->History(theirs_, /*fetch=*/false).status());
  closed(nguyet_->History(theirs_, /*fetch=*/true).status());
  closed(nguyet_->ReadAt(theirs_, sync::ChangeId()).status());
  closed(nguyet_->Blame(theirs_, "body").status());
  closed(nguyet_->Signatures(theirs_).status());
  closed(nguyet_->Notices().status());
  closed(nguyet_->ListFiles().status());
  closed(nguyet_->SaveFile(theirs_, [](const std::string&) { return absl::OkStatus(); }));
  closed(nguyet_->Change(theirs_, {Text("body", "Không đọc mà sửa.")}));
  closed(nguyet_->Resolve(theirs_, "x", 0, ""));

  const auto why = LeaseClosedOf(nguyet_->Read(theirs_).status());
  EXPECT_EQ(why->days, 7u);
  EXPECT_EQ(why->contact_ms, office_.now_ms - 8 * kDayMs);
  EXPECT_EQ(why->until_ms, office_.now_ms - kDayMs);
  EXPECT_EQ(why->revoked_ms, 0);
}

TEST_F(LeaseTest, WritingGoesOnAndWhatIsTheirOwnAloneIsRead) {
  Pass(30 * kDayMs);
  const RecordId mine = Note(nguyet_, "Ghi sau hạn.");
  EXPECT_EQ(Body(nguyet_, mine), "Ghi sau hạn.");
  ASSERT_THAT(nguyet_->Change(mine, {Text("body", "Ghi sau hạn, sửa.")}), IsOk());
  EXPECT_EQ(Body(nguyet_, mine), "Ghi sau hạn, sửa.");
  EXPECT_THAT(*nguyet_->History(mine, false), SizeIs(2));
  EXPECT_THAT(*nguyet_->Signatures(mine), IsEmpty());
  ListFilter alone;
  alone.here_alone = true;
  ASSERT_THAT(*nguyet_->List(alone), SizeIs(1));
  EXPECT_EQ(nguyet_->List(alone)->front().id, mine);
  EXPECT_THAT(nguyet_->Find(theirs_.Hex().substr(0, 12)), IsOk()) << "to write in its dossier";
  EXPECT_THAT(nguyet_->Refused(), IsOk());
  EXPECT_FALSE(Open());

  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_THAT(*nguyet_->List(alone), IsEmpty()) << "it has come back";
  ASSERT_THAT(binh_->Sync(), IsOk());
  EXPECT_EQ(Body(binh_, mine), "Ghi sau hạn, sửa.");
  Pass(8 * kDayMs);
  EXPECT_THAT(nguyet_->Read(mine), StatusIs(absl::StatusCode::kFailedPrecondition))
      << "others may have written in it";
}

// It was open before them: what they type is kept.
TEST_F(LeaseTest, WhoHasReadItGoesOnTyping) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView seen, nguyet_->Read(theirs_));
  Pass(8 * kDayMs);
  EXPECT_THAT(nguyet_->Change(seen, {Text("body", "Biên bản của Nguyệt, bổ sung.")}), IsOk());
  EXPECT_EQ(nguyet_->GetStatus()->outbox, 1u);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(Body(nguyet_, theirs_), "Biên bản của Nguyệt, bổ sung.");
}

// And what they sign is what they had read.
TEST_F(LeaseTest, WhoHasReadItSignsIt) {
  office_.hub.SetRoles("nguyet", tests::kOffice, tests::kSupervisor);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView seen, nguyet_->Read(theirs_));
  Pass(8 * kDayMs);
  EXPECT_THAT(nguyet_->Sign(seen, absl::nullopt, "signoff", {Set("decision", "sign")}), IsOk());
  EXPECT_EQ(nguyet_->GetStatus()->outbox, 1u);
  EXPECT_FALSE(Open());
}

TEST_F(LeaseTest, AClockThatIsSetNeitherGivesMoreNorLocksOut) {
  nguyet_.clock_ms += 21 * kDayMs;
  EXPECT_TRUE(Open()) << "it jumped ahead";
  nguyet_.clock_ms -= 400 * kDayMs;
  Pass(7 * kDayMs);
  EXPECT_FALSE(Open()) << "it was set back";
}

TEST_F(LeaseTest, OverARestartTheClockCountsOrTheTimeSince) {
  Pass(kDayMs);
  Restart();
  EXPECT_TRUE(Open());
  Pass(6 * kDayMs);
  EXPECT_FALSE(Open());
  nguyet_.clock_ms -= 3 * kDayMs;
  EXPECT_TRUE(Open()) << "that is not found out";
  Pass(kDayMs + kHour);
  EXPECT_FALSE(Open()) << "seven days since the restart, whatever the clock says";
}

// By a build of before, or its row cannot be read.
TEST_F(LeaseTest, AContactThatWasNotKeptIsTheLastOneKnown) {
  OnDisk([](leveldb::WriteBatch* batch) { batch->Delete(keys::ClockContact()); });
  Pass(7 * kDayMs - kHour);
  EXPECT_TRUE(Open());
  Pass(2 * kHour);
  EXPECT_FALSE(Open());
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_TRUE(Open());
}

TEST_F(LeaseTest, AFailedExchangeIsNoContact) {
  Pass(7 * kDayMs);
  nguyet_.weather->before = [](const v1::SyncRequest&) { return absl::UnavailableError("không"); };
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Open());
}

TEST_F(LeaseTest, StatusSaysUntilWhen) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const Status before, nguyet_->GetStatus());
  EXPECT_EQ(before.reading.days, 7u);
  EXPECT_EQ(before.reading.until_ms, before.last_contact_ms + 7 * kDayMs);
  Pass(6 * kDayMs + kHour);
  SOTAY_ASSERT_OK_AND_ASSIGN(const Status late, nguyet_->GetStatus());
  EXPECT_TRUE(late.reading.open);
  EXPECT_LE(late.reading.left_ms, 23 * kHour);
  EXPECT_GT(late.reading.left_ms, 22 * kHour);
  EXPECT_EQ(late.reading.until_ms, before.reading.until_ms);
}

TEST_F(LeaseTest, ARevokedDeviceReadsNoMoreAndLosesNothing) {
  const RecordId mine = Note(nguyet_, "Chưa gửi.");
  office_.hub.SetState(nguyet_.device(), v1::DEVICE_STATE_REVOKED);
  EXPECT_TRUE(Open()) << "nobody has told it";
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_FALSE(Open());
  nguyet_.Close();
  ASSERT_THAT(nguyet_.Open(), IsOk());
  EXPECT_FALSE(Open());
  const auto why = LeaseClosedOf(nguyet_->Read(theirs_).status());
  ASSERT_TRUE(why.has_value());
  EXPECT_NE(why->revoked_ms, 0);
  EXPECT_EQ(nguyet_->GetStatus()->reading.revoked_ms, why->revoked_ms);
  EXPECT_EQ(Body(nguyet_, mine), "Chưa gửi.") << "to be handed in";
  EXPECT_EQ(nguyet_->GetStatus()->outbox, 1u);
  // Restored from before that, the server knows it again.
  office_.hub.SetState(nguyet_.device(), v1::DEVICE_STATE_ACTIVE);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_TRUE(Open());
  EXPECT_EQ(nguyet_->GetStatus()->reading.revoked_ms, 0);
}

// Who submitted what in which dossier is what others did.
TEST_F(LeaseTest, WhatColleaguesSubmittedIsShownNoLonger) {
  TellConsents();
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(nguyet_->GetStatus()->consents.for_user_size(), 1);
  Pass(8 * kDayMs);
  EXPECT_EQ(nguyet_->GetStatus()->consents.for_user_size(), 0);
  EXPECT_EQ(nguyet_->GetStatus()->consents.own_size(), 1) << "that is their own";
}

// They are what the server said: nothing of the notebook's own hangs on them.
TEST_F(LeaseTest, ConsentsThatCannotBeReadAreToldAnew) {
  TellConsents();
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  OnDisk([](leveldb::WriteBatch* batch) { batch->Put(keys::Consents(), "\xff"); });
  ASSERT_THAT(nguyet_->GetStatus(), IsOk());
  EXPECT_EQ(nguyet_->GetStatus()->consents.for_user_size(), 0);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(nguyet_->GetStatus()->consents.for_user_size(), 1);
}

// Told by what it hands in, not by a refusal of the call.
TEST_F(LeaseTest, ADeviceThatIsToldByAnAnswerThatItIsRevokedCloses) {
  Note(nguyet_, "Chưa gửi.");
  nguyet_.weather->alter = [&](v1::SyncResponse* response) {
    for (v1::ChangeOutcome& outcome : *response->mutable_outcomes()) {
      outcome.set_verdict(v1::VERDICT_QUARANTINED);
      outcome.set_reason(v1::REASON_DEVICE_REVOKED);
    }
    response->clear_records();
  };
  int calls = 0;
  nguyet_.weather->before = [&](const v1::SyncRequest& request) {
    ++calls;
    return request.has_push() || calls == 1 ? absl::OkStatus() : absl::UnavailableError("mất mạng");
  };
  nguyet_->Sync().IgnoreError();
  EXPECT_EQ(nguyet_->GetStatus()->outbox, 0u);
  EXPECT_FALSE(Open());
}

// Its answer was lost, and it was revoked meanwhile: what the server had taken is answered as it
// was then.
TEST_F(LeaseTest, WhatWasTakenBeforeOpensNothingOnceItWasTold) {
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_DEVICE_REVOKED);
  const absl::Status revoked = WithDetail(absl::UnauthenticatedError("revoked"), detail);
  nguyet_.weather->before = [&](const v1::SyncRequest& request) {
    return request.has_push() ? absl::OkStatus() : revoked;
  };
  for (int round = 0; round < 2; ++round) {
    Note(nguyet_, "Chưa gửi.");
    nguyet_->Sync().IgnoreError();
    EXPECT_EQ(nguyet_->GetStatus()->outbox, 0u) << "it was handed in";
    EXPECT_FALSE(Open()) << round;
  }
  nguyet_.weather->before = nullptr;
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_TRUE(Open()) << "a restored server knows it again";
}

TEST_F(LeaseTest, ARefusalByAnyCallClosesIt) {
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_DEVICE_REVOKED);
  nguyet_.weather->before_history = [&](const v1::ListRecordHistoryRequest&) {
    return WithDetail(absl::UnauthenticatedError("revoked"), detail);
  };
  EXPECT_THAT(nguyet_->History(theirs_, /*fetch=*/true),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_FALSE(Open());
}

}  // namespace
}  // namespace sotay::sdk
