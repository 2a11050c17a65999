// What a phone tells its user of their own decisions: that another's was put in force, that theirs
// was, that theirs is a request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "sync/apart.h"
#include "tests/mobile-sdk/two_phones.h"

namespace sotay::sdk {
namespace {

using stored::v1::StepNotice;
using sync::RecordId;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Phone;
using tests::Set;
using tests::Text;
using tests::TwoPhones;

class Notices : public TwoPhones {
 protected:
  Notices() {
    note_ = Note(nguyet_, "Tổng số 23 người.");
    EXPECT_THAT(nguyet_->Sync(), IsOk());
    EXPECT_THAT(binh_->Sync(), IsOk());
    end_nguyet_ = Count(nguyet_, &told_nguyet_);
    end_binh_ = Count(binh_, &told_binh_);
  }
  ~Notices() override {
    end_nguyet_();
    end_binh_();
  }
  std::function<void()> Count(Phone& phone, int* told) {
    return phone->Listen([this, told](const Event& event) {
      if (event.kind != Event::Kind::kStepMet) return;
      EXPECT_EQ(event.record, note_);
      ++*told;
    });
  }
  void Meet() {
    for (Phone* phone : {&nguyet_, &binh_, &nguyet_}) ASSERT_THAT((*phone)->Sync(), IsOk());
    ExpectAllAgree();
  }
  void SubmitAndLead() {
    ASSERT_THAT(nguyet_->Change(note_, {Set("state", "submitted")}), IsOk());
    Meet();
    for (const char* user : {"nguyet", "binh"}) {
      office_.hub.SetRoles(user, tests::kOffice, tests::kSupervisor);
    }
    Meet();
  }
  // "overtaken by binh", of a phone.
  std::vector<std::string> Told(Phone& phone) {
    std::vector<std::string> told;
    const auto notices = phone->Notices();
    EXPECT_THAT(notices, IsOk());
    for (const StepNotice& notice : *notices) {
      EXPECT_EQ(notice.record_id(), note_.view());
      EXPECT_EQ(notice.type(), "casework.v1.Note");
      EXPECT_GT(notice.own().at_ms(), 0);
      EXPECT_GT(notice.other().at_ms(), 0);
      told.push_back(StepNotice::Kind_Name(notice.kind()) + " " + notice.other().user_id() +
                     (notice.has_ended() ? ", ended by " + notice.ended().user_id() : ""));
    }
    return told;
  }

  void Look(Phone& phone) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<StepNotice> shown, phone->Notices());
    ASSERT_THAT(phone->Looked(shown), IsOk());
  }

  RecordId note_;
  int told_nguyet_ = 0;
  int told_binh_ = 0;
  std::function<void()> end_nguyet_;
  std::function<void()> end_binh_;
};

TEST_F(Notices, TellBothOfTwoWhoDecided) {
  SubmitAndLead();
  ASSERT_THAT(nguyet_->Change(note_, {Set("state", "signed")}), IsOk());
  ASSERT_THAT(binh_->Change(note_, {Set("state", "returned")}), IsOk());
  EXPECT_THAT(Told(nguyet_), IsEmpty()) << "nobody knows yet";
  Meet();
  EXPECT_THAT(Told(nguyet_), ElementsAre("KIND_OVERTAKEN binh"));
  EXPECT_THAT(Told(binh_), ElementsAre("KIND_PREVAILED nguyet"));
  Meet();
  EXPECT_EQ(told_nguyet_, 1);
  EXPECT_EQ(told_binh_, 1);
}

TEST_F(Notices, StayUntilLookedAtAndAreToldOnce) {
  SubmitAndLead();
  ASSERT_THAT(nguyet_->Change(note_, {Set("state", "signed")}), IsOk());
  ASSERT_THAT(binh_->Change(note_, {Set("state", "returned")}), IsOk());
  Meet();
  nguyet_.Close();
  ASSERT_THAT(nguyet_.Open(), IsOk());
  ASSERT_THAT(Told(nguyet_), SizeIs(1)) << "the app was started anew";
  ASSERT_THAT(nguyet_->Looked({}), IsOk());
  ASSERT_THAT(Told(nguyet_), SizeIs(1)) << "nothing was shown";
  Look(nguyet_);
  EXPECT_THAT(Told(nguyet_), IsEmpty());
  // The record comes again, and says the same.
  ASSERT_THAT(binh_->Change(note_, {Set("accountable_leader_id", "binh")}), IsOk());
  Meet();
  EXPECT_THAT(Told(nguyet_), IsEmpty());
  // Somebody decides who knows of both: whoever has not looked is told all the same.
  ASSERT_THAT(binh_->Change(note_, {Set("state", "withdrawn")}), IsOk());
  Meet();
  EXPECT_THAT(Told(nguyet_), IsEmpty());
  EXPECT_THAT(Told(binh_), ElementsAre("KIND_PREVAILED nguyet, ended by binh"))
      << "which it is no longer";
  Look(binh_);
  EXPECT_THAT(Told(binh_), IsEmpty());
}

// What is on the phone alone has no say in what the server has decided.
TEST_F(Notices, ComeWhileSomethingElseIsUnsent) {
  SubmitAndLead();
  ASSERT_THAT(nguyet_->Change(note_, {Set("state", "signed")}), IsOk());
  ASSERT_THAT(binh_->Change(note_, {Set("state", "returned")}), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  nguyet_.weather->alter = [this, once = true](v1::SyncResponse* response) mutable {
    if (!once || response->outcomes().empty()) return;
    once = false;
    EXPECT_THAT(nguyet_->Change(note_, {Set("accountable_leader_id", "binh")}), IsOk());
    nguyet_.weather->before = [](const v1::SyncRequest&) {
      return absl::UnavailableError("no network");
    };
  };
  EXPECT_FALSE(nguyet_->Sync().ok());
  EXPECT_EQ(nguyet_->Read(note_)->state, SyncState::kWaiting);
  EXPECT_THAT(Told(nguyet_), ElementsAre("KIND_OVERTAKEN binh"));
  nguyet_.weather->before = nullptr;
  Meet();
  EXPECT_THAT(Told(nguyet_), ElementsAre("KIND_OVERTAKEN binh"));
}

TEST_F(Notices, AreLookedAtAsTheyWereShown) {
  SubmitAndLead();
  ASSERT_THAT(nguyet_->Change(note_, {Set("state", "signed")}), IsOk());
  ASSERT_THAT(binh_->Change(note_, {Set("state", "returned")}), IsOk());
  Meet();
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<StepNotice> shown, nguyet_->Notices());
  // It ends while they are reading.
  ASSERT_THAT(binh_->Change(note_, {Set("state", "withdrawn")}), IsOk());
  Meet();
  ASSERT_THAT(nguyet_->Looked(shown), IsOk());
  EXPECT_THAT(Told(nguyet_), ElementsAre("KIND_OVERTAKEN binh, ended by binh"));
}

TEST_F(Notices, TellWhoeverAskedWhatBecameOfIt) {
  ASSERT_THAT(nguyet_->Change(note_, {Set("state", "withdrawn")}, "ghi nhầm sổ"), IsOk());
  ASSERT_THAT(binh_->Change(note_, {Text("body", "Tổng số 23 người. Có 01 người ốm.")}), IsOk());
  Meet();
  Look(nguyet_);
  office_.hub.SetRoles("binh", tests::kOffice, tests::kSupervisor);
  Meet();
  // The word the command teaches for a draft that was never anything else.
  ASSERT_THAT(binh_->Change(note_, {Set("state", "unspecified")}, "giữ nguyên"), IsOk());
  Meet();
  EXPECT_THAT(Told(nguyet_), ElementsAre("KIND_REQUESTED binh, ended by binh"));
  EXPECT_EQ(told_nguyet_, 2);
  Look(nguyet_);
  EXPECT_THAT(Told(nguyet_), IsEmpty());
  ASSERT_THAT(nguyet_->Change(note_, {Set("kind", "file")}), IsOk());
  Meet();
  EXPECT_THAT(Told(nguyet_), IsEmpty());
  EXPECT_EQ(told_nguyet_, 2);
}

TEST_F(Notices, TellWhoeverWithdrewWhatOthersWroteOnIn) {
  ASSERT_THAT(nguyet_->Change(note_, {Set("state", "withdrawn")}, "ghi nhầm sổ"), IsOk());
  ASSERT_THAT(binh_->Change(note_, {Text("body", "Tổng số 23 người. Có 01 người ốm.")}), IsOk());
  // As the phone shows it before anybody has told it anything.
  EXPECT_EQ(nguyet_->List()->at(0).state, "NOTE_STATE_WITHDRAWN");
  Meet();
  EXPECT_THAT(Told(nguyet_), ElementsAre("KIND_REQUESTED binh"));
  EXPECT_THAT(Told(binh_), IsEmpty());
  for (Phone* phone : {&nguyet_, &binh_}) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, (*phone)->Read(note_));
    const std::vector<sync::Request> requests = sync::RequestsIn(view.record);
    ASSERT_THAT(requests, SizeIs(1));
    EXPECT_EQ(requests[0].step->reason, "ghi nhầm sổ") << "with no network";
    EXPECT_EQ((*phone)->GetStatus()->requests, 1u);
    ListFilter to_decide;
    to_decide.conflicts_only = true;
    const auto lines = (*phone)->List(to_decide);
    ASSERT_THAT(lines.value(), SizeIs(1));
    EXPECT_EQ(lines->at(0).state, "NOTE_STATE_UNSPECIFIED");
    EXPECT_THAT(lines->at(0).requested, ElementsAre("NOTE_STATE_WITHDRAWN"));
  }
  // More work is no news of it.
  Look(nguyet_);
  ASSERT_THAT(binh_->Change(note_, {Text("body", "Tổng số 23 người. Có 02 người ốm.")}), IsOk());
  Meet();
  EXPECT_THAT(Told(nguyet_), IsEmpty());
  EXPECT_EQ(told_nguyet_, 1);
}

// The other's work comes in while the withdrawal is still on the phone: it is shown as what the
// server will make of it.
TEST_F(Notices, AnUnsentWithdrawalIsARequestOnceOthersWorkIsHere) {
  ASSERT_THAT(binh_->Change(note_, {Set("kind", "file")}), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  const RecordView seen = *nguyet_->Read(note_);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(nguyet_->History(note_, /*fetch=*/true), IsOk());
  ASSERT_THAT(nguyet_->Change(seen, {Set("state", "withdrawn")}, "ghi nhầm sổ"), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, nguyet_->Read(note_));
  EXPECT_EQ(view.state, SyncState::kWaiting);
  ASSERT_THAT(sync::RequestsIn(view.record), SizeIs(1));
  EXPECT_EQ(sync::RequestsIn(view.record)[0].step->reason, "ghi nhầm sổ");
  EXPECT_THAT(Told(nguyet_), IsEmpty()) << "it may still come out otherwise";
  Meet();
  EXPECT_THAT(Told(nguyet_), ElementsAre("KIND_REQUESTED binh"));
}

}  // namespace
}  // namespace sotay::sdk
