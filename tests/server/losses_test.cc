// That a lost device is dealt with: who may say so, that it stands, and that what it hands in
// afterwards waits for a decision all the same.
#include "server/losses.h"

#include <string>

#include "server/refusal.h"
#include "sync/device_end.h"
#include "tests/server/quarantine_room.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Note;
using tests::SealedPhone;
using tests::StatusIs;

class Losses : public QuarantineRoom {
 protected:
  Losses() {
    nguyet_.Write("k", {Note("n").Says("chưa gửi")});
    room_.Revoke(nguyet_);
  }
  absl::Status Settle(const std::string& by, const std::string& reason = "đã lập lại từ sổ giấy") {
    return Settle(nguyet_, by, reason);
  }
  absl::Status Settle(const SealedPhone& phone, const std::string& by, const std::string& reason) {
    v1::SettleLossRequest request;
    request.set_device_id(phone.device().str());
    request.set_reason(reason);
    absl::StatusOr<v1::SettleLossResponse> response;
    room_.WithPen([&](Pen* pen) { response = SettleLoss(pen, *Of(by), request); });
    if (!response.ok()) return response.status();
    EXPECT_NE(sync::EndOf(response->device()).settled_ms(), 0);
    return absl::OkStatus();
  }
  v1::Reason ReasonOf(const absl::Status& status) { return DetailOf(status).reason(); }
  // As a leader is told it.
  v1::DeviceEnd End() {
    const auto response = room_.supervision->ListDevices(*Of("ngu"), v1::ListDevicesRequest());
    EXPECT_THAT(response, IsOk());
    for (const v1::DeviceView& view : response->devices()) {
      if (view.device_id() == nguyet_.device().view()) return sync::EndOf(view);
    }
    ADD_FAILURE() << "it is not listed";
    return {};
  }
};

TEST_F(Losses, StandUntilALeaderSaysWhatCameOfThem) {
  EXPECT_NE(End().revoked_ms(), 0);
  EXPECT_EQ(End().settled_ms(), 0);
  room_.now_ms += 1'000;
  ASSERT_THAT(Settle("ngu"), IsOk());
  const v1::DeviceEnd end = End();
  EXPECT_EQ(end.settled_by(), "ngu");
  EXPECT_EQ(end.settled_reason(), "đã lập lại từ sổ giấy");
  EXPECT_EQ(end.settled_ms(), room_.now_ms);

  room_.now_ms += 1'000;
  ASSERT_THAT(Settle("ngu"), IsOk()) << "said twice is said once";
  EXPECT_EQ(ReasonOf(Settle("ngu", "lý do khác")), v1::REASON_EXISTS);
  room_.AddUser("an", {{"kv1", options::v1::ROLE_SUPERVISOR}});
  EXPECT_EQ(ReasonOf(Settle("an")), v1::REASON_EXISTS);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_EQ(End().SerializeAsString(), end.SerializeAsString());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(Losses, AreSettledByWhoDecidesThereAndNobodyElse) {
  room_.AddUser("cao", {{"tinh", options::v1::ROLE_SUPERVISOR}});
  room_.AddUser("ben", {{"kv2", options::v1::ROLE_SUPERVISOR}});
  EXPECT_EQ(ReasonOf(Settle("que")), v1::REASON_NOT_FOUND) << "a colleague is not shown it";
  EXPECT_EQ(ReasonOf(Settle("ben")), v1::REASON_NOT_FOUND);
  EXPECT_EQ(ReasonOf(Settle("cao")), v1::REASON_ROLE_MAY_NOT) << "is shown it, from above";
  EXPECT_EQ(ReasonOf(Settle("nguyet")), v1::REASON_ROLE_MAY_NOT) << "their own";
  // A head about their own neither.
  SealedPhone head("ngu");
  room_.Enrol(&head);
  room_.Revoke(head);
  EXPECT_EQ(ReasonOf(Settle(head, "ngu", "mất")), v1::REASON_ROLE_MAY_NOT);
  EXPECT_EQ(End().settled_ms(), 0);
  EXPECT_EQ(ReasonOf(Settle(que_, "ngu", "x")), v1::REASON_NOT_FOUND) << "it is not lost";
  EXPECT_EQ(ReasonOf(Settle("ngu", "")), v1::REASON_MALFORMED);
  EXPECT_EQ(ReasonOf(Settle("ngu", std::string(1'001, 'x'))), v1::REASON_TOO_LARGE);
}

TEST_F(Losses, TellTheirOwnerWhenAndNotWhy) {
  ASSERT_THAT(Settle("ngu"), IsOk());
  EXPECT_NE(End().revoked_reason(), "");
  const auto response = room_.supervision->ListDevices(*Of("nguyet"), v1::ListDevicesRequest());
  ASSERT_THAT(response, IsOk());
  ASSERT_THAT(response->devices(), SizeIs(1));
  const v1::DeviceEnd end = sync::EndOf(response->devices(0));
  EXPECT_EQ(end.revoked_ms(), End().revoked_ms());
  EXPECT_EQ(end.revoked_reason(), "");
  EXPECT_EQ(end.settled_ms(), 0);
  EXPECT_EQ(end.settled_reason(), "");
}

// It is lost the more for that nobody is there any more to say what was on it.
TEST_F(Losses, StandAlsoOnceTheirOwnerHasLeft) {
  ASSERT_THAT(Put(PostOf("nguyet", "kv1", v1::CAPACITY_KSV)), IsOk());
  Suspend(nguyet_);
  ASSERT_THAT(PostsRoom::End("nguyet", 1, kToday), IsOk());
  DaysPass(1);
  EXPECT_NE(End().revoked_ms(), 0);
  ASSERT_THAT(Settle("ngu"), IsOk());
  EXPECT_EQ(End().settled_by(), "ngu") << "for every leader to read";
  ASSERT_THAT(Settle("ngu"), IsOk()) << "said twice is said once";
}

// Who was there before the device was has no part in it.
TEST_F(Losses, AreNoneOfAUnitTheirOwnerHadLeftBefore) {
  room_.AddUser("ben", {{"kv2", options::v1::ROLE_SUPERVISOR}});
  ASSERT_THAT(Put(PostOf("nguyet", "kv2", v1::CAPACITY_KSV)), IsOk());
  ASSERT_THAT(PostsRoom::End("nguyet", 1, kToday), IsOk());
  DaysPass(2);
  EXPECT_THAT(Settle("ben"), IsOk()) << "she was there with it";
  SealedPhone later("nguyet");
  room_.Enrol(&later);
  room_.Revoke(later);
  EXPECT_EQ(ReasonOf(Settle(later, "ben", "mất")), v1::REASON_NOT_FOUND);
  EXPECT_THAT(Settle(later, "ngu", "mất"), IsOk());
}

TEST_F(Losses, WhatComesAfterwardsWaitsForADecision) {
  ASSERT_THAT(Settle("ngu"), IsOk());
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(2, 2)), IsOk());
  ASSERT_THAT(Listed("ngu"), SizeIs(1));
  EXPECT_EQ(Listed("ngu")[0].reason(), v1::REASON_DEVICE_REVOKED);
  EXPECT_EQ(End().settled_by(), "ngu") << "and that was said";
  ASSERT_THAT(Take(Listed("ngu")[0]), IsOk());
  EXPECT_EQ(End().settled_by(), "ngu");
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
