// The whole corridor over real sockets and real TLS, from a phone's notebook to the store and back:
// enrolment, revocation, and what becomes of a change the server cannot apply.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mobile-sdk/core/link.h"
#include "sotay/notebook.h"
#include "sotay/v1/supervision_service.pb.h"
#include "tests/server/served_office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kUnit[] = "vkskv1";

v1::Reason ReasonOf(const absl::Status& status) { return sdk::DetailOf(status).reason(); }

sdk::Edit Set(const std::string& field, const std::string& value) {
  sdk::Edit edit;
  edit.field = field;
  edit.value = value;
  return edit;
}

sdk::Edit Text(const std::string& field, const std::string& whole) {
  sdk::Edit edit = Set(field, whole);
  edit.kind = sdk::Edit::Kind::kText;
  return edit;
}

v1::SyncRequest Pull() {
  v1::SyncRequest request;
  request.set_protocol(1);
  return request;
}

TEST(Enrolment, ACodeIsSpentByItsFirstUse) {
  ServedOffice office;
  office.PutUser("nguyet", {{kUnit, ROLE_PROSECUTOR}});
  const std::string invitation = office.Invite("nguyet");
  const auto first = office.Enrol(invitation);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(sdk::ConnectGrpc(first->address)->Sync(Pull()), IsOk());
  const auto second = office.Enrol(invitation);
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ReasonOf(second.status()), v1::REASON_ENROLMENT_REFUSED);
}

TEST(Enrolment, UsedExpiredGuessedAndVoidAreAnsweredAlike) {
  ServedOffice office;
  office.PutUser("nguyet", {{kUnit, ROLE_PROSECUTOR}});
  std::vector<absl::Status> refusals;

  const std::string used = office.Invite("nguyet");
  ASSERT_THAT(office.Enrol(used), IsOk());
  refusals.push_back(office.Enrol(used).status());

  const std::string late = office.Invite("nguyet", 600);
  office.ahead_ms = 601'000;
  refusals.push_back(office.Enrol(late).status());
  office.ahead_ms = 0;

  // Guessed ten times; from the fifth on the right code is of no use either.
  const std::string guessed = office.Invite("nguyet");
  for (int i = 0; i < 10; ++i) {
    refusals.push_back(office.Enrol(guessed, "0000-0000-0000").status());
  }
  refusals.push_back(office.Enrol(guessed).status());

  for (const absl::Status& refusal : refusals) {
    EXPECT_EQ(refusal.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(refusal.message(), refusals.front().message());
    EXPECT_EQ(sdk::DetailOf(refusal).SerializeAsString(),
              sdk::DetailOf(refusals.front()).SerializeAsString());
  }
  EXPECT_EQ(ReasonOf(refusals.front()), v1::REASON_ENROLMENT_REFUSED);
  EXPECT_THAT(std::string(refusals.front().message()), HasSubstr("ask your administrator"));
}

TEST(Enrolment, FourWrongCodesLeaveTheRightOneAndTheClockAlone) {
  ServedOffice office;
  office.PutUser("nguyet", {{kUnit, ROLE_PROSECUTOR}});
  const std::string invitation = office.Invite("nguyet", 600);
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(office.Enrol(invitation, "0000-0000-0000"),
                StatusIs(absl::StatusCode::kPermissionDenied));
  }
  office.ahead_ms = 590'000;
  EXPECT_THAT(office.Enrol(invitation), IsOk());
}

TEST(Enrolment, AnInvitationsPapersOpenNothingElse) {
  ServedOffice office;
  office.PutUser("nguyet", {{kUnit, ROLE_PROSECUTOR}});
  const std::string dir = office.space() / "phone";
  const std::string invitation = office.Invite("nguyet");
  ASSERT_THAT(sdk::Notebook::Enroll(dir, invitation, "máy"), IsOk());
  EXPECT_THAT(sdk::Notebook::Enroll(dir, office.Invite("nguyet"), "máy"),
              StatusIs(absl::StatusCode::kAlreadyExists));
  const auto notebook = sdk::Notebook::Open(dir);
  ASSERT_THAT(notebook, IsOk());
  EXPECT_THAT((*notebook)->Sync(), IsOk());
}

TEST(Revocation, TakesEffectAtOnceOnOpenConnectionsAndKeepsWhatWasWritten) {
  ServedOffice office;
  const auto device = office.NewDevice("nguyet", {{kUnit, ROLE_PROSECUTOR}});
  const auto link = sdk::ConnectGrpc(device.address);
  const auto synced = link->Sync(Pull());
  ASSERT_THAT(synced, IsOk());
  ASSERT_EQ(synced->cursors_size(), 1);

  absl::Mutex mutex;
  int heard = 0;
  absl::Status ended;
  bool is_over = false;
  v1::WatchRequest watch;
  *watch.add_cursors() = synced->cursors(0);
  const auto listening = link->Watch(
      watch,
      [&](const v1::WatchResponse&) {
        absl::MutexLock lock(&mutex);
        ++heard;
      },
      [&](const absl::Status& status) {
        absl::MutexLock lock(&mutex);
        ended = status;
        is_over = true;
      });
  const auto begun = [&] { return heard > 0; };
  {
    absl::MutexLock lock(&mutex);
    ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&begun), absl::Seconds(10)));
  }

  office.Revoke(device.id);
  for (const bool anew : {false, true}) {  // on the open connection and on a new one
    const auto refused = (anew ? sdk::ConnectGrpc(device.address) : nullptr);
    const absl::Status status = (anew ? refused.get() : link.get())->Sync(Pull()).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated,
                                 "device revoked; contact your unit's administrator"));
    EXPECT_EQ(ReasonOf(status), v1::REASON_DEVICE_REVOKED);
  }
  const absl::Time began = absl::Now();
  office.Tick();
  {
    absl::MutexLock lock(&mutex);
    ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&is_over), absl::Seconds(10)));
    EXPECT_LT(absl::Now() - began, absl::Seconds(2));
    EXPECT_EQ(ReasonOf(ended), v1::REASON_DEVICE_REVOKED);
  }
}

TEST(Revocation, TakesTheOutboxIntoQuarantine) {
  ServedOffice office;
  office.PutUser("nguyet", {{kUnit, ROLE_PROSECUTOR}});
  const std::string dir = office.space() / "phone";
  ASSERT_THAT(sdk::Notebook::Enroll(dir, office.Invite("nguyet"), "máy"), IsOk());
  auto opened = sdk::Notebook::Open(dir);
  ASSERT_THAT(opened, IsOk());
  sdk::Notebook& notebook = **opened;
  ASSERT_THAT(notebook.Sync(), IsOk());
  ASSERT_THAT(notebook.Create("case", kUnit, absl::nullopt,
                              {Set("kind", "criminal"), Set("title", "Vụ trộm cắp tài sản")}),
              IsOk());
  const auto status = notebook.GetStatus();
  ASSERT_THAT(status, IsOk());
  office.Revoke(*sync::DeviceId::From(absl::HexStringToBytes(status->device_id)));
  EXPECT_THAT(notebook.Sync(), StatusIs(absl::StatusCode::kUnauthenticated,
                                        "device revoked; contact your unit's administrator"));
  EXPECT_EQ(notebook.GetStatus()->outbox, 0u);
  const auto refused = notebook.Refused();
  ASSERT_THAT(refused, IsOk());
  ASSERT_EQ(refused->size(), 1u) << "its author is told what became of it";
  EXPECT_EQ(refused->front().outcome.reason(), v1::REASON_DEVICE_REVOKED);
}

// A leader writes without a network and has meanwhile stopped being one.
TEST(Quarantine, KeepsARefusedChangeWithItsReasonAndAppliesWhatFollows) {
  ServedOffice office;
  office.PutUser("dam", {{kUnit, ROLE_PROSECUTOR}, {kUnit, ROLE_SUPERVISOR}});
  const std::string dir = office.space() / "dam";
  ASSERT_THAT(sdk::Notebook::Enroll(dir, office.Invite("dam"), "máy của Đàm"), IsOk());
  auto opened = sdk::Notebook::Open(dir);
  ASSERT_THAT(opened, IsOk());
  sdk::Notebook& dam = **opened;
  ASSERT_THAT(dam.Sync(), IsOk());
  const auto matter = dam.Create("case", kUnit, absl::nullopt,
                                 {Set("kind", "criminal"), Set("title", "Vụ trộm cắp tài sản")});
  ASSERT_THAT(matter, IsOk());
  ASSERT_THAT(dam.Sync(), IsOk());

  ASSERT_THAT(dam.Change(*matter, {Set("withdrawal", "withdrawn")}, "nhập vào vụ khác"), IsOk());
  const auto note =
      dam.Create("note", "", *matter, {Set("kind", "scene"), Text("body", "Vết phanh dài 4,2 m.")});
  ASSERT_THAT(note, IsOk());
  ASSERT_THAT(dam.Change(*matter, {Set("title", "Vụ trộm cắp tại chợ")}), IsOk());
  office.PutUser("dam", {{kUnit, ROLE_PROSECUTOR}});
  ASSERT_THAT(dam.Sync(), IsOk());

  // The author's own status says so, and why.
  EXPECT_EQ(dam.GetStatus()->outbox, 0u);
  EXPECT_EQ(dam.GetStatus()->refused, 1u);
  const auto refused = dam.Refused();
  ASSERT_THAT(refused, IsOk());
  ASSERT_EQ(refused->size(), 1u);
  const v1::ChangeOutcome& outcome = refused->front().outcome;
  EXPECT_EQ(refused->front().sequence, 2u);
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(outcome.reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_FALSE(outcome.message().empty());

  // A supervisor finds it set aside, whole, with the same reason; what followed was applied.
  const auto nguyet = office.NewDevice("nguyet", {{kUnit, ROLE_SUPERVISOR}});
  v1::ListQuarantineRequest list;
  list.set_unit_id(kUnit);
  const RawAnswer answer = ServedOffice::Call(
      nguyet.address, "/sotay.v1.SupervisionService/ListQuarantine", list.SerializeAsString());
  ASSERT_EQ(answer.code, 0) << answer.message;
  v1::ListQuarantineResponse listed;
  ASSERT_TRUE(listed.ParseFromString(answer.bytes));
  ASSERT_EQ(listed.changes_size(), 1);
  EXPECT_EQ(listed.changes(0).reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_EQ(listed.changes(0).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(listed.changes(0).message(), outcome.message());
  EXPECT_EQ(listed.changes(0).user_id(), "dam");
  EXPECT_EQ(listed.changes(0).sequence(), 2u);
  v1::Change kept;
  ASSERT_TRUE(kept.ParseFromString(listed.changes(0).change()));
  EXPECT_EQ(kept.SerializeAsString(), refused->front().change.SerializeAsString());

  // And a colleague's phone has what followed, without what was refused.
  office.PutUser("an", {{kUnit, ROLE_PROSECUTOR}});
  const std::string other = office.space() / "an";
  ASSERT_THAT(sdk::Notebook::Enroll(other, office.Invite("an"), "máy của An"), IsOk());
  auto an = sdk::Notebook::Open(other);
  ASSERT_THAT(an, IsOk());
  ASSERT_THAT((*an)->Sync(), IsOk());
  EXPECT_THAT((*an)->Read(*note), IsOk());
  sdk::ListFilter cases;
  cases.type = "case";
  const auto lines = (*an)->List(cases);
  ASSERT_THAT(lines, IsOk());
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_EQ(lines->front().title, "Vụ trộm cắp tại chợ");
  const auto seen = (*an)->Read(*matter);
  ASSERT_THAT(seen, IsOk());
  EXPECT_EQ(seen->record.Slot(103, ""), nullptr) << "withdrawn by one who may not";
  EXPECT_EQ(*(*an)->Digest(), *dam.Digest());
}

}  // namespace
}  // namespace sotay::tests
