#include "server/hub.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/refusal.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

v1::Reason ReasonOf(const absl::Status& status) { return DetailOf(status).reason(); }

std::vector<v1::Verdict> Verdicts(const v1::SyncResponse& response) {
  std::vector<v1::Verdict> verdicts;
  for (const v1::ChangeOutcome& outcome : response.outcomes())
    verdicts.push_back(outcome.verdict());
  return verdicts;
}

TEST(Hub, TakesAPushOnceHoweverOftenItComes) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k"), Note("n").Says("một")});
  nguyet.Write("k", {Note("n").Says("hai")});
  ASSERT_THAT(room.Push(&nguyet), IsOk());
  for (int again = 0; again < 3; ++again) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto response, room.Sync(nguyet, nguyet.Request(1, 2)));
    EXPECT_EQ(response.accepted_through(), 2u);
    ASSERT_EQ(response.outcomes_size(), 2);
    for (const v1::ChangeOutcome& outcome : response.outcomes()) {
      EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED);
      EXPECT_TRUE(outcome.duplicate());
    }
  }
  // One that overlaps what is known.
  nguyet.Write("k", {Note("n").Says("ba")});
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto response, room.Sync(nguyet, nguyet.Request(2, 3)));
  EXPECT_TRUE(response.outcomes(0).duplicate());
  EXPECT_FALSE(response.outcomes(1).duplicate());
  EXPECT_EQ(room.directory->Head("kv1")->position(), 3u);
  EXPECT_THAT(room.Faults(), IsEmpty());
}

TEST(Hub, RefusesAGapWithTheNumberItExpects) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  for (int i = 0; i < 3; ++i)
    nguyet.Write("k" + std::to_string(i), {NewCase("k" + std::to_string(i))});
  const auto refused = room.Sync(nguyet, nguyet.Request(2, 3)).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(refused), v1::REASON_SEQUENCE_GAP);
  EXPECT_EQ(DetailOf(refused).expected_sequence(), 1u);
  EXPECT_EQ(room.directory->Head("kv1")->position(), 0u);
}

TEST(Hub, RefusesAPushThatDoesNotContinueTheChain) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  room.Exchange(&nguyet);
  nguyet.ForgetSince(1);
  nguyet.Write("l", {NewCase("l")});
  nguyet.Write("m", {NewCase("m")});
  nguyet.accepted_through = 1;
  const auto refused = room.Sync(nguyet, nguyet.Request(2)).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(ReasonOf(refused), v1::REASON_CHAIN_BROKEN);
  EXPECT_EQ(room.directory->Device(nguyet.device())->accepted_through(), 1u);
  // The same when the first change cannot be read, so that only the seal says what is before it.
  nguyet.ForgetSince(2);
  nguyet.ForgeBytes("\xff not a change");
  EXPECT_EQ(ReasonOf(room.Sync(nguyet, nguyet.Request(2)).status()), v1::REASON_CHAIN_BROKEN);
}

TEST(Hub, SetsAForkedBranchAsideWholeAndOnce) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  nguyet.Write("k", {Note("first").Says("một")});
  room.Exchange(&nguyet);
  nguyet.ForgetSince(2);
  nguyet.Write("k", {Note("second").Says("hai")});
  nguyet.Write("k", {Note("third").Says("ba")});
  const v1::SyncRequest forked = nguyet.Request(1);
  for (int again = 0; again < 2; ++again) {
    const auto refused = room.Sync(nguyet, forked).status();
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kAborted));
    EXPECT_EQ(ReasonOf(refused), v1::REASON_DEVICE_FORKED);
    const auto aside = room.Quarantine("kv1");
    ASSERT_THAT(aside, SizeIs(2));
    EXPECT_EQ(aside[0].change(), nguyet.change(2));
    EXPECT_EQ(aside[1].change(), nguyet.change(3));
    EXPECT_EQ(aside[0].reason(), v1::REASON_FORKED_BRANCH);
  }
  // What it writes afterwards is kept as well, and what came first stands.
  nguyet.Write("k", {Note("fourth").Says("bốn")});
  EXPECT_EQ(ReasonOf(room.Sync(nguyet, nguyet.Request(3)).status()), v1::REASON_DEVICE_FORKED);
  EXPECT_THAT(room.Quarantine("kv1"), SizeIs(3));
  EXPECT_EQ(ReasonOf(room.Sync(nguyet, nguyet.Pull()).status()), v1::REASON_DEVICE_FORKED);
  EXPECT_EQ(room.directory->Head("kv1")->position(), 2u);
  EXPECT_EQ(room.directory->Device(nguyet.device())->state(), v1::DEVICE_STATE_FORKED);
  EXPECT_THAT(room.Faults(), IsEmpty());
}

TEST(Hub, OneBadChangeDoesNotStopTheNext) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  v1::Change stranger;  // for a unit the author is no member of
  stranger.set_unit_id("kv2");
  stranger.set_dossier_id(RecordNamed("x").str());
  stranger.add_edits()->set_record_id(RecordNamed("x").str());
  stranger.mutable_edits(0)->set_type("casework.v1.Case");
  nguyet.Forge(stranger);
  nguyet.ForgeBytes("\xff not a change");
  nguyet.Write("k", {Note("n").Says("một")});
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto response, room.Push(&nguyet));
  // The last one does not name the unreadable one's id wrongly: its chain goes through it.
  EXPECT_THAT(Verdicts(response), ElementsAre(v1::VERDICT_APPLIED, v1::VERDICT_QUARANTINED,
                                              v1::VERDICT_QUARANTINED, v1::VERDICT_APPLIED));
  EXPECT_EQ(response.outcomes(1).reason(), v1::REASON_NOT_MEMBER);
  EXPECT_EQ(response.outcomes(2).reason(), v1::REASON_MALFORMED);
  EXPECT_EQ(response.accepted_through(), 4u);
  EXPECT_THAT(room.Quarantine("kv2"), SizeIs(1));
  EXPECT_THAT(room.Quarantine(""), SizeIs(1));
  EXPECT_EQ(room.directory->Device(nguyet.device())->set_aside(), 2u);
  EXPECT_THAT(room.Faults(), IsEmpty());
}

// Two phones of one office: what the second writes on the first's dossier comes before the
// dossier itself.
struct Held {
  Held() : author("nguyet"), waiting("dam") {
    room.Enrol(&author);
    room.Enrol(&waiting);
    author.Write("k", {NewCase("k")});
    v1::Change note;
    note.set_dossier_id(RecordNamed("k").str());
    v1::RecordEdit* edit = note.add_edits();
    edit->set_record_id(RecordNamed("n").str());
    edit->set_type("casework.v1.Note");
    waiting.Forge(note);
    // And one that builds on it.
    note.mutable_edits(0)->add_parents(waiting.id(1).str());
    waiting.Forge(note);
  }
  ServerRoom room;
  SealedPhone author;
  SealedPhone waiting;
};

TEST(Hub, ReleasesWhatWasHeldWhenWhatItWaitsForComes) {
  Held held;
  ServerRoom& room = held.room;
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto response, room.Push(&held.waiting));
  EXPECT_THAT(Verdicts(response), ElementsAre(v1::VERDICT_HELD, v1::VERDICT_HELD));
  EXPECT_EQ(response.accepted_through(), 2u);
  EXPECT_THAT(room.Quarantine("kv1"), SizeIs(2));
  EXPECT_THAT(room.Faults(), IsEmpty());

  room.Exchange(&held.author);
  EXPECT_THAT(room.Quarantine("kv1"), IsEmpty());
  EXPECT_EQ(room.directory->Device(held.waiting.device())->held_size(), 0);
  EXPECT_EQ(room.directory->Device(held.waiting.device())->set_aside(), 0u);
  room.Exchange(&held.waiting);
  EXPECT_EQ(held.waiting.outcomes().at(1).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(held.waiting.outcomes().at(2).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(held.waiting.revision_seen, 2u);
  EXPECT_THAT(room.Faults(), IsEmpty());
  // Told once: nothing is revised any more.
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto after, room.Sync(held.waiting, held.waiting.Pull()));
  EXPECT_EQ(after.revised_size(), 0);
}

TEST(Hub, ReleasesAfterACrashBetweenTheCommitAndTheRelease) {
  Held held;
  ServerRoom& room = held.room;
  ASSERT_THAT(room.Push(&held.waiting), IsOk());
  // The push is committed and told; then the power goes before the release.
  auto prepared =
      room.exchange->Prepare(room.CallerOf(held.author), held.author.Request(), room.now_ms);
  ASSERT_TRUE(prepared.ok());
  bool told = false;
  room.hub->Submit(*std::move(prepared->push),
                   [&](const absl::StatusOr<PushAnswer>& answer) { told = answer.ok(); });
  ASSERT_TRUE(room.hub->RunOnce());
  ASSERT_TRUE(told);
  ASSERT_EQ(room.directory->Device(held.waiting.device())->held_size(), 2);
  room.disk.StopAtCall(1);
  room.Close();
  room.disk.Cut(testing::PowerCut::kDropUnsynced, 1);
  ASSERT_THAT(room.Open(), IsOk());
  while (room.hub->RunOnce()) {
  }
  EXPECT_EQ(room.directory->Device(held.waiting.device())->held_size(), 0);
  EXPECT_EQ(room.directory->Head("kv1")->position(), 3u);
  EXPECT_THAT(room.Faults(), IsEmpty());
}

TEST(Hub, WhatIsStillHeldIsNotWrittenAgainAtEveryStart) {
  Held held;
  ServerRoom& room = held.room;
  ASSERT_THAT(room.Push(&held.waiting), IsOk());
  const uint64_t calls = room.disk.calls();
  ASSERT_THAT(room.Open(), IsOk());
  const uint64_t opened = room.disk.calls();
  while (room.hub->RunOnce()) {
  }
  EXPECT_EQ(room.disk.calls(), opened) << "opening itself made " << opened - calls;
  EXPECT_EQ(room.directory->Device(held.waiting.device())->held_size(), 2);
}

TEST(Hub, AnEditOnARefusedCreationIsRefusedAndNotHeldForEver) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  v1::Change bad;
  bad.set_dossier_id(RecordNamed("k").str());
  v1::RecordEdit* edit = bad.add_edits();
  edit->set_record_id(RecordNamed("c").str());
  edit->set_type("casework.v1.Case");  // without what a case must have
  nguyet.Forge(bad);
  ASSERT_THAT(room.Push(&nguyet), IsOk());
  ASSERT_EQ(nguyet.outcomes().at(2).verdict(), v1::VERDICT_QUARANTINED);
  // In the same push, and in a later one.
  edit->add_parents(nguyet.id(2).str());
  nguyet.Forge(bad);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto response, room.Push(&nguyet));
  EXPECT_EQ(response.outcomes(0).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(response.outcomes(0).reason(), v1::REASON_BUILDS_ON_REFUSED);
  EXPECT_THAT(room.Faults(), IsEmpty());
}

// A refused change has its place in the graph as the device that sent it, whatever it says itself.
TEST(Hub, AChangeInAnothersNameSaysNothingOfThem) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  SealedPhone dam("dam");
  room.Enrol(&nguyet);
  room.Enrol(&dam);
  nguyet.Write("k", {NewCase("k"), Note("n").Says("một")});
  room.Exchange(&nguyet);
  room.Exchange(&dam);
  v1::Change forged;
  forged.set_device_id(nguyet.device().str());
  forged.set_sequence(999);
  forged.set_dossier_id(RecordNamed("k").str());
  v1::RecordEdit* const edit = forged.add_edits();
  edit->set_record_id(RecordNamed("n").str());
  edit->set_type("casework.v1.Note");
  edit->add_parents(nguyet.id(1).str());
  dam.Forge(forged);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto refused, room.Push(&dam));
  EXPECT_EQ(refused.outcomes(0).reason(), v1::REASON_MALFORMED);
  ASSERT_THAT(room.Open(), IsOk());
  // Both write without knowing of the other, so that the note's history is read.
  dam.Write("k", {Note("n").Says("một hai")});
  nguyet.Write("k", {Note("n").Says("không một")});
  room.Exchange(&dam);
  room.Exchange(&nguyet);
  nguyet.Write("k", {Note("n").Says("không một hai ba")});
  room.Exchange(&nguyet);
  room.Exchange(&dam);
  const sync::MergedRecord* const note = dam.Shown("n");
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(note->ShownText(casework::v1::Note::kBodyFieldNumber, ""), "không một hai ba");
  EXPECT_FALSE(note->seen().Has(nguyet.device(), 999));
  EXPECT_THAT(room.Faults(), IsEmpty());
}

TEST(Hub, ConcurrentEditsBecomeAConflictEverybodySees) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  SealedPhone dam("dam");
  room.Enrol(&nguyet);
  room.Enrol(&dam);
  nguyet.Write("k", {NewCase("k"), Note("n").Measured("vết phanh", "4,2", "m")});
  room.Exchange(&nguyet);
  room.Exchange(&dam);
  nguyet.Write("k", {Note("n").Measured("vết phanh", "4,3", "m")});
  dam.Write("k", {Note("n").Measured("vết phanh", "4,6", "m")});
  room.Exchange(&nguyet);
  room.Exchange(&dam);
  room.Exchange(&nguyet);
  ASSERT_NE(nguyet.Shown("n"), nullptr);
  EXPECT_EQ(nguyet.Shown("n")->Serialize(), dam.Shown("n")->Serialize());
  EXPECT_THAT(nguyet.Shown("n")->heads(), SizeIs(2));
  EXPECT_THAT(room.Faults(), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
