// What is said of late amendments beside what messages say otherwise.
#include "sync/late.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sotay/stored/v1/phone.pb.h"
#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/consents.h"
#include "sync/dossier_acts.h"
#include "sync/moved_clock.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LateTest, ARequestNamesThemBesideItsClockAndWhatItShows) {
  v1::SyncRequest request;
  EXPECT_THAT(LateSaid(request), IsEmpty());
  SayClock({1'000, true}, {"", 0, 2'000}, &request);
  v1::Consents shown;
  shown.set_mark("dấu");
  AskForConsents(shown, &request);
  SayLate({2, 3, 7, 8}, &request);
  request.mutable_push()->set_first_sequence(3);
  request.mutable_push()->set_count(5);
  v1::SyncRequest received;
  ASSERT_TRUE(received.ParseFromString(request.SerializeAsString()));
  EXPECT_THAT(LateSaid(received), ElementsAre(3, 7));
  EXPECT_EQ(ConsentsShown(received), "dấu");
  EXPECT_EQ(SkewSaid(received, 1'500).now_ms, 500);
}

TEST(LateTest, ADeviceRemembersWhateverItIsToldLater) {
  stored::v1::OwnChange own;
  own.set_change("thay đổi");
  v1::ChangeOutcome outcome;
  outcome.set_verdict(v1::VERDICT_QUARANTINED);
  outcome.set_reason(v1::REASON_WRITER_MAY_NOT);
  NoteToldLate(outcome, &own);
  EXPECT_FALSE(WasToldLate(own));
  outcome.set_reason(v1::REASON_LATE_AMENDMENT);
  NoteToldLate(outcome, &own);
  const std::string once = own.SerializeAsString();
  NoteToldLate(outcome, &own);
  EXPECT_EQ(own.SerializeAsString(), once);
  v1::ChangeOutcome applied;
  applied.set_verdict(v1::VERDICT_APPLIED);
  NoteToldLate(applied, &own);
  *own.mutable_outcome() = applied;
  stored::v1::OwnChange stored;
  ASSERT_TRUE(stored.ParseFromString(own.SerializeAsString()));
  EXPECT_TRUE(WasToldLate(stored));
  EXPECT_EQ(stored.change(), "thay đổi");
}

// A build of before kept what it was told, and nothing beside it.
TEST(LateTest, AnOldOutcomeIsRememberedOnceAnotherTakesItsPlace) {
  stored::v1::OwnChange own;
  own.mutable_outcome()->set_reason(v1::REASON_LATE_AMENDMENT);
  EXPECT_TRUE(WasToldLate(own));
  v1::ChangeOutcome held;
  held.set_reason(v1::REASON_PARENT_UNKNOWN);
  NoteToldLate(held, &own);
  *own.mutable_outcome() = held;
  EXPECT_TRUE(WasToldLate(own));
}

TEST(LateTest, WhatIsHeldSaysItBesideWhatItsDeviceHeard) {
  stored::v1::HeldRow held;
  NoteSaidLate(false, &held);
  EXPECT_FALSE(WasSaidLate(held));
  NoteHeard(12, &held);
  EXPECT_FALSE(WasSaidLate(held));
  NoteSaidLate(true, &held);
  EXPECT_TRUE(WasSaidLate(held));
  EXPECT_EQ(HeardOf(held), 12u);
}

}  // namespace
}  // namespace sotay::sync
