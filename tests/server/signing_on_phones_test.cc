// Signing on a phone: of what its user was shown, with or without a network, and what they are told
// of it afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "casework/v1/inspection.pb.h"
#include "sync/status_macros.h"
#include "tests/server/room_phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using casework::v1::Inspection;
using Kind = sdk::Edit::Kind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SigningOnPhones : public ::testing::Test {
 protected:
  void SetUp() override {
    Meet();
    SOTAY_ASSERT_OK_AND_ASSIGN(
        visit_, dam_->Create("inspection", "", absl::nullopt,
                             {{Kind::kSet, "kind", "", "custody_place"},
                              {Kind::kText, "conclusion", "", "Sổ tiếp nhận có 17 tin."}}));
    Meet();
  }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      for (RoomPhone* phone : {&dam_, &que_, &ngu_, &duoc_}) ASSERT_THAT((*phone)->Sync(), IsOk());
    }
  }
  static std::string User(ServerRoom* room, const std::string& user, sync::Role role) {
    room->AddUser(user, {{"kv1", role}});
    return user;
  }
  absl::StatusOr<absl::optional<sync::RecordId>> Standing(RoomPhone* phone) {
    SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordView> before, (*phone)->Signatures(visit_));
    if (before.empty()) return absl::optional<sync::RecordId>();
    return absl::make_optional(before.back().record.id());
  }
  // Of what the phone shows now.
  absl::StatusOr<sync::RecordId> Sign(RoomPhone* phone, const std::string& decision = "sign",
                                      bool read_again = false) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, (*phone)->Read(visit_));
    SOTAY_ASSIGN_OR_RETURN(const auto standing, Standing(phone));
    return (*phone)->Sign(view, standing, "signoff", {{Kind::kSet, "decision", "", decision}},
                          read_again);
  }
  absl::Status Concludes(RoomPhone* phone, const std::string& text) {
    return (*phone)->Change(visit_, {{Kind::kText, "conclusion", "", text}});
  }
  std::vector<sdk::RecordView> Signatures(RoomPhone* phone) {
    auto signatures = (*phone)->Signatures(visit_);
    EXPECT_THAT(signatures, IsOk());
    return signatures.ok() ? *std::move(signatures) : std::vector<sdk::RecordView>();
  }
  v1::Reason Refused(RoomPhone* phone) {
    const auto refused = (*phone)->Refused();
    EXPECT_THAT(refused, IsOk());
    return refused->empty() ? v1::REASON_UNSPECIFIED : refused->back().outcome.reason();
  }

  ServerRoom room_;
  RoomPhone dam_{&room_, User(&room_, "dam", options::v1::ROLE_PROSECUTOR)};
  RoomPhone que_{&room_, User(&room_, "que", options::v1::ROLE_PROSECUTOR)};
  RoomPhone ngu_{&room_, User(&room_, "ngu", options::v1::ROLE_SUPERVISOR)};
  RoomPhone duoc_{&room_, User(&room_, "duoc", options::v1::ROLE_SUPERVISOR)};
  sync::RecordId visit_;
};

TEST_F(SigningOnPhones, OwnUnsentEditsGoBeforeIt) {
  ASSERT_THAT(ngu_->Change(visit_, {{Kind::kSet, "lead_id", "", "dam"}}), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id, Sign(&ngu_));
  ASSERT_THAT(Signatures(&ngu_), SizeIs(1));
  EXPECT_EQ(Signatures(&ngu_)[0].state, sdk::SyncState::kWaiting);
  Meet();
  EXPECT_EQ(Refused(&ngu_), v1::REASON_UNSPECIFIED);
  for (RoomPhone* phone : {&dam_, &ngu_}) {
    const auto signatures = Signatures(phone);
    ASSERT_THAT(signatures, SizeIs(1));
    EXPECT_EQ(signatures[0].record.id(), id);
    EXPECT_EQ(signatures[0].state, sdk::SyncState::kSynced);
  }
  // Nobody is kept from writing.
  ASSERT_THAT(Concludes(&dam_, "Sổ tiếp nhận có 18 tin."), IsOk());
  Meet();
  EXPECT_EQ(Refused(&dam_), v1::REASON_LATE_AMENDMENT);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(SigningOnPhones, OfTwoApartTheFirstToArriveStands) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId first, Sign(&ngu_));
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId second, Sign(&duoc_, "return"));
  ASSERT_THAT(ngu_->Sync(), IsOk());
  ASSERT_THAT(duoc_->Sync(), IsOk());
  EXPECT_EQ(Refused(&duoc_), v1::REASON_SIGNATURE_STALE);
  ASSERT_THAT(Signatures(&duoc_), SizeIs(1));
  EXPECT_EQ(Signatures(&duoc_)[0].record.id(), first);
  EXPECT_NE(first, second);
  // Given again it follows the one that stands.
  ASSERT_THAT(Sign(&duoc_, "return").status(), IsOk());
  Meet();
  ASSERT_THAT(Signatures(&dam_), SizeIs(2));
  EXPECT_EQ(Signatures(&dam_)[0].record.id(), first);
  ASSERT_THAT(Concludes(&dam_, "Sổ tiếp nhận có 18 tin."), IsOk());
  Meet();
  EXPECT_EQ(Refused(&dam_), v1::REASON_UNSPECIFIED) << "it was given back";
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Nobody overrules what came in while they had the record before them.
TEST_F(SigningOnPhones, FollowsWhatStoodWhenItWasRead) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sdk::RecordView read, duoc_->Read(visit_));
  ASSERT_THAT(Sign(&ngu_, "return"), IsOk());
  Meet();
  ASSERT_THAT(
      duoc_->Sign(read, absl::nullopt, "signoff", {{Kind::kSet, "decision", "", "sign"}}).status(),
      IsOk());
  Meet();
  EXPECT_EQ(Refused(&duoc_), v1::REASON_SIGNATURE_STALE);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// What was read is what is signed, whatever has come in since.
TEST_F(SigningOnPhones, IsOfWhatWasRead) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sdk::RecordView read, ngu_->Read(visit_));
  ASSERT_THAT(Concludes(&dam_, "Sổ tiếp nhận có 17 tin. Thiếu chữ ký."), IsOk());
  Meet();
  ASSERT_THAT(
      ngu_->Sign(read, absl::nullopt, "signoff", {{Kind::kSet, "decision", "", "sign"}}).status(),
      IsOk());
  Meet();
  EXPECT_EQ(Refused(&ngu_), v1::REASON_SIGNATURE_STALE);
  EXPECT_THAT(Signatures(&ngu_), IsEmpty());
}

TEST_F(SigningOnPhones, WaitsUntilPeopleAgree) {
  ASSERT_THAT(Concludes(&dam_, "Sổ tiếp nhận có 18 tin."), IsOk());
  ASSERT_THAT(Concludes(&que_, "Sổ tiếp nhận có 19 tin."), IsOk());
  Meet();
  EXPECT_THAT(Sign(&ngu_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("people disagree")));
  ASSERT_THAT(Sign(&ngu_, "return").status(), IsOk()) << "to be given back they need not agree";
}

TEST_F(SigningOnPhones, WantsReadWhatNobodyReadAsItStands) {
  ASSERT_THAT(Concludes(&dam_, "Sổ tiếp nhận không có 17 tin."), IsOk());
  ASSERT_THAT(Concludes(&que_, "Sổ tiếp nhận có 17 tin báo."), IsOk());
  Meet();
  EXPECT_THAT(Sign(&ngu_).status(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                             HasSubstr("nobody ever read as they stand")));
  ASSERT_THAT(Sign(&ngu_, "sign", /*read_again=*/true).status(), IsOk());
  Meet();
  EXPECT_EQ(Refused(&ngu_), v1::REASON_UNSPECIFIED);
}

TEST_F(SigningOnPhones, IsNotForProsecutorsNorOfTypesThatDoNotSign) {
  EXPECT_THAT(Sign(&dam_).status(), StatusIs(absl::StatusCode::kPermissionDenied));
  SOTAY_ASSERT_OK_AND_ASSIGN(const sdk::RecordView view, ngu_->Read(visit_));
  EXPECT_THAT(ngu_->Sign(view, absl::nullopt, "comment", {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sign nothing")));
  EXPECT_THAT(ngu_->Sign(view, absl::nullopt, "signoff", {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("decision is required")));
}

}  // namespace
}  // namespace sotay::tests
