// What keeps one attachment from denying a signature for ever, and many from holding up everybody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sync/seal/digest.h"
#include "tests/server/room_phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using Kind = sdk::Edit::Kind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AttachedLimits : public ::testing::Test {
 protected:
  void SetUp() override {
    room_.blob_limits.file_bytes_max = 1'000;
    ASSERT_THAT(room_.Open(), IsOk());
    room_.AddUser("ngu", {{"kv1", options::v1::ROLE_SUPERVISOR}});
    for (const char* user : {"dam", "que"}) {
      room_.AddUser(user, {{"kv1", options::v1::ROLE_PROSECUTOR}});
    }
    dam_ = std::make_unique<RoomPhone>(&room_, "dam");
    que_ = std::make_unique<RoomPhone>(&room_, "que");
    ngu_ = std::make_unique<RoomPhone>(&room_, "ngu");
    Meet();
    SOTAY_ASSERT_OK_AND_ASSIGN(visit_,
                               (*dam_)->Create("inspection", "", absl::nullopt,
                                               {{Kind::kSet, "kind", "", "scene_examination"}}));
    Meet();
  }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      for (RoomPhone* phone : {dam_.get(), que_.get(), ngu_.get()}) {
        ASSERT_THAT((*phone)->Sync(), IsOk());
      }
    }
  }
  // A record alone, as whoever has no file would write it.
  sync::RecordId AttachNothing(uint64_t size, int number = 0) {
    return *(*dam_)->Create("attachment", "", visit_,
                            {{Kind::kSet, "sha256", "", absl::StrFormat("%064x", number)},
                             {Kind::kSet, "size", "", absl::StrCat(size)}});
  }
  void Sign() {
    const auto view = (*ngu_)->Read(visit_);
    ASSERT_THAT(view, IsOk());
    ASSERT_THAT(
        (*ngu_)->Sign(*view, absl::nullopt, "signoff", {{Kind::kSet, "decision", "", "sign"}}),
        IsOk());
    ASSERT_THAT((*ngu_)->Sync(), IsOk());
  }
  absl::Status Say(RoomPhone* phone, const sync::RecordId& id, const std::string& withdrawal) {
    return (*phone)->Change(id, {{Kind::kSet, "withdrawal", "", withdrawal}}, "đính nhầm");
  }

  ServerRoom room_;
  std::unique_ptr<RoomPhone> dam_, que_, ngu_;
  sync::RecordId visit_;
};

TEST_F(AttachedLimits, OneOfAFileThatIsNeverTakenIsRefusedAndHoldsUpNoSignature) {
  AttachNothing(1'001);
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  const auto refused = (*dam_)->Refused();
  ASSERT_THAT(refused, IsOk());
  ASSERT_THAT(*refused, SizeIs(1));
  EXPECT_EQ(refused->front().outcome.reason(), v1::REASON_TOO_LARGE);
  EXPECT_THAT(refused->front().outcome.message(), HasSubstr("limit of this server 1000"));
  Meet();
  Sign();
  EXPECT_THAT((*ngu_)->Refused().value(), IsEmpty());
}

TEST_F(AttachedLimits, WhoSignsMayWithdrawTheOneThatNeverComes) {
  const sync::RecordId id = AttachNothing(1'000);
  Meet();
  Sign();
  ASSERT_THAT((*ngu_)->Refused().value(), SizeIs(1));
  ASSERT_THAT(Say(ngu_.get(), id, "withdrawn"), IsOk());
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  Sign();
  EXPECT_THAT((*ngu_)->Refused().value(), SizeIs(1)) << "the second holds";
  Meet();
  EXPECT_THAT((*dam_)->Signatures(visit_).value(), SizeIs(1));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(AttachedLimits, WhereTheyDisagreeWhetherItIsWithdrawnItIsNot) {
  const sync::RecordId id = AttachNothing(1'000);
  Meet();
  ASSERT_THAT(Say(dam_.get(), id, "withdrawn"), IsOk());
  ASSERT_THAT(Say(que_.get(), id, "withdrawn"), IsOk());
  ASSERT_THAT(Say(que_.get(), id, "restored"), IsOk());
  Meet();
  Sign();
  ASSERT_THAT((*ngu_)->Refused().value(), SizeIs(1));
  EXPECT_EQ((*ngu_)->Refused()->back().outcome.reason(), v1::REASON_ATTACHMENT_MISSING);
}

// Its file is here, by another attachment that says how large it is.
TEST_F(AttachedLimits, OneThatLiesAboutTheSizeIsNotSignedOver) {
  const std::string bytes(700, 'x');
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId right,
                             (*dam_)->Attach(visit_,
                                             [&bytes, at = size_t{0}](size_t max) mutable {
                                               std::string some = bytes.substr(at, max);
                                               at += some.size();
                                               return absl::StatusOr<std::string>(std::move(some));
                                             },
                                             "attachment", {}));
  const auto hash = seal::Sha256(bytes);
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const sync::RecordId lie,
      (*dam_)->Create("attachment", "", visit_,
                      {{Kind::kSet, "sha256", "",
                        absl::BytesToHexString(std::string(hash.begin(), hash.end()))},
                       {Kind::kSet, "size", "", "701"}}));
  Meet();
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  Sign();
  ASSERT_THAT((*ngu_)->Refused().value(), SizeIs(1));
  EXPECT_THAT((*ngu_)->Refused()->back().outcome.message(), HasSubstr(lie.Short()));
  EXPECT_NE(right, lie);
}

// The device is not revoked yet, and its user has left.
TEST_F(AttachedLimits, WhoHoldsNoPostAnyMoreHandsInNothing) {
  const sync::RecordId id = AttachNothing(900);
  Meet();
  v1::AskBlobRequest ask;
  ask.mutable_blob()->set_record_id(id.str());
  ask.mutable_blob()->set_sha256(std::string(32, '\0'));
  server::Caller caller = *room_.directory->CallerOf(dam_->device());
  const auto told = room_.blob_exchange->AskBlob(caller, ask);
  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->file_bytes_max(), 1'000u);
  server::Person gone = *caller.person;
  gone.posts.clear();
  gone.feeds.clear();
  gone.rights.reset();
  caller.person = std::make_shared<server::Person>(gone);
  EXPECT_THAT(room_.blob_exchange->AskBlob(caller, ask).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(AttachedLimits, ARecordHasSoManyAndNoMore) {
  for (int i = 0; i < 300; ++i) AttachNothing(10, i);
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  for (int i = 300; i < 502; ++i) AttachNothing(10, i);
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  const auto refused = (*dam_)->Refused();
  ASSERT_THAT(refused, IsOk());
  ASSERT_THAT(*refused, SizeIs(2));
  EXPECT_EQ(refused->front().outcome.reason(), v1::REASON_TOO_LARGE);
  EXPECT_THAT(refused->front().outcome.message(), HasSubstr("limit 500"));
}

}  // namespace
}  // namespace sotay::tests
