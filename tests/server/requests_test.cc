// A withdrawal that did not know of others' work, where the guard stands: who decides about it by
// the table of rights, and what stays to be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sync/apart.h"
#include "tests/server/posts_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using casework::v1::NOTE_STATE_SUBMITTED;
using casework::v1::NOTE_STATE_UNSPECIFIED;
using casework::v1::NOTE_STATE_WITHDRAWN;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using N = casework::v1::Note;

class RequestsTest : public PostsRoom {
 protected:
  void SetUp() override {
    Enrol(&dam_, PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Enrol(&que_, PostOf("que", "kv1", v1::CAPACITY_KSV));
    Enrol(&ngu_, PostOf("ngu", "kv1", v1::CAPACITY_HEAD));
    dam_.Write("k", {NewCase("k"), Note("n").Says("Tin số 9 không ghi giờ.")});
    Meet();
  }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      for (SealedPhone* phone : {&dam_, &que_, &ngu_}) room_.Exchange(phone);
    }
    ASSERT_THAT(room_.Faults(), IsEmpty());
  }
  sync::MergedRecord ShownTo(const std::string& user) {
    v1::GetRecordRequest request;
    request.set_record_id(RecordNamed("n").str());
    const auto response = room_.supervision->GetRecord(*Of(user), request);
    EXPECT_THAT(response, tests::IsOk());
    auto record = sync::MergedRecord::Parse(*tests::CaseworkSchema(), response->record().record());
    EXPECT_THAT(record, tests::IsOk());
    return *std::move(record);
  }
  int32_t StateOf(const sync::MergedRecord& note) {
    return note.StateInForce(N::kStateFieldNumber);
  }
  // How many records a leader is told to decide about.
  int ToDecide() {
    const auto response = room_.supervision->ListConflicts(*Of("ngu"), v1::ListConflictsRequest());
    EXPECT_THAT(response, tests::IsOk());
    return response->records_size();
  }

  SealedPhone dam_{"dam", "kv1", tests::kProsecutor};
  SealedPhone que_{"que", "kv1", tests::kProsecutor};
  SealedPhone ngu_{"ngu", "kv1", tests::kSupervisor};
};

TEST_F(RequestsTest, AreDecidedByWhoeverMayApprove) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại.")});
  Meet();
  EXPECT_EQ(StateOf(ShownTo("ngu")), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(sync::RequestedStates(ShownTo("que")), ElementsAre("NOTE_STATE_WITHDRAWN"));
  EXPECT_EQ(ToDecide(), 1);
  ngu_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(StateOf(ShownTo("ngu")), NOTE_STATE_WITHDRAWN);
  EXPECT_EQ(ToDecide(), 0);
}

// What a head withdraws after it was submitted stays what it said, to a check as well.
TEST_F(RequestsTest, LeaveTheTextToBeReadByACheck) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  ngu_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  room_.AddUser("ro", {});
  ASSERT_THAT(Put(PostOf("ro", "tinh", v1::CAPACITY_INS, 0, kToday + 1)), tests::IsOk());
  EXPECT_EQ(StateOf(ShownTo("ro")), NOTE_STATE_WITHDRAWN);
  EXPECT_EQ(ShownTo("ro").ShownText(N::kBodyFieldNumber), "Tin số 9 không ghi giờ.");
}

}  // namespace
}  // namespace sotay::server
