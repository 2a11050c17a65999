// Ingest and Release: changes that come before what they were made on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/ingest.h"
#include "tests/support/paper_world.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::CaseworkSchema;
using tests::ChangeNamed;
using tests::kProsecutor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using N = casework::v1::Note;

std::vector<v1::Verdict> Verdicts(const PushOutcome& outcome) {
  std::vector<v1::Verdict> verdicts;
  for (const v1::ChangeOutcome& one : outcome.outcomes) verdicts.push_back(one.verdict());
  return verdicts;
}

std::vector<v1::Reason> Reasons(const PushOutcome& outcome) {
  std::vector<v1::Reason> reasons;
  for (const v1::ChangeOutcome& one : outcome.outcomes) reasons.push_back(one.reason());
  return reasons;
}

// A phone that has seen another's change before the server has: so it is after a restore of the
// server, when the one who wrote a note is still away and the one who read it is not.
class IngestHeld : public ::testing::Test {
 protected:
  void SetUp() override {
    writer_.Write("k", {NewCase("k"), Note("n").Says("bốn")});
    office_.Exchange(&writer_);
    office_.Exchange(&reader_);
    lost_ = writer_.Write("k", {Note("n").Says("bốn mét")});
    const auto shown = writer_.Shown("n");
    v1::SyncResponse response;
    response.add_cursors()->set_unit_id("vkskv1");
    v1::FeedRecord fed;
    fed.set_record(shown->Serialize());
    ASSERT_TRUE(reader_.Absorb(response, {fed}).ok());
  }
  std::string Body() { return std::string(office_.Find("n")->ShownText(N::kBodyFieldNumber)); }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone writer_ = office_.Enrol("nguyet", kProsecutor);
  PaperPhone reader_ = office_.Enrol("que", kProsecutor);
  ChangeId lost_;
};

TEST_F(IngestHeld, HoldsAnEditOfWhatIsNotHereYet) {
  reader_.Write("k", {Note("n").Says("bốn mét rưỡi")});
  const PushOutcome outcome = office_.Push(reader_);
  EXPECT_THAT(Verdicts(outcome), ElementsAre(v1::VERDICT_HELD));
  EXPECT_EQ(outcome.outcomes[0].reason(), v1::REASON_PARENT_UNKNOWN);
  EXPECT_THAT(outcome.outcomes[0].message(), HasSubstr("made on change " + lost_.Short()));
  EXPECT_EQ(outcome.device.accepted_through(), 1u) << "it is durable, and its sequence is used";
  ASSERT_EQ(outcome.device.held_size(), 1);
  const stored::v1::HeldRow& held = outcome.device.held(0);
  EXPECT_EQ(held.sequence(), 1u);
  EXPECT_EQ(held.waits_for(), lost_.view());
  EXPECT_THAT(held.record_ids(), ElementsAre(RecordNamed("n").str()));
  EXPECT_EQ(office_.SetAside()[0].verdict(), v1::VERDICT_HELD);
  EXPECT_EQ(Body(), "bốn");
}

TEST_F(IngestHeld, HoldsAnswersARepeatedPushAsHeld) {
  reader_.Write("k", {Note("n").Says("bốn mét rưỡi")});
  office_.Push(reader_);
  const PushOutcome outcome = office_.Push(reader_, 1);
  EXPECT_THAT(Verdicts(outcome), ElementsAre(v1::VERDICT_HELD));
  EXPECT_TRUE(outcome.outcomes[0].duplicate());
  EXPECT_EQ(office_.SetAside().size(), 1u);
  EXPECT_EQ(outcome.device.held_size(), 1);
}

TEST_F(IngestHeld, HoldsWhatTheDeviceWroteToTheSameRecordSince) {
  reader_.Write("k", {Note("n").Says("bốn mét rưỡi")});
  reader_.Write("k", {Note("n").Add(6, "đo lại")});
  reader_.Write("k", {Note("m").Says("khác")});
  reader_.Write("k", {Note("m").Says("khác nữa"), Note("n").Add(6, "chụp ảnh")});
  reader_.Write("k", {Note("m").Says("khác nữa và nữa")});
  const PushOutcome outcome = office_.Push(reader_);
  EXPECT_THAT(Verdicts(outcome),
              ElementsAre(v1::VERDICT_HELD, v1::VERDICT_HELD, v1::VERDICT_APPLIED, v1::VERDICT_HELD,
                          v1::VERDICT_HELD));
  EXPECT_THAT(Reasons(outcome), ElementsAre(v1::REASON_PARENT_UNKNOWN, v1::REASON_WAITS_FOR_OWN,
                                            v1::REASON_UNSPECIFIED, v1::REASON_WAITS_FOR_OWN,
                                            v1::REASON_WAITS_FOR_OWN));
  EXPECT_EQ(outcome.outcomes[1].message(), "waits for change 1 of the same device");
  EXPECT_EQ(outcome.outcomes[4].message(), "waits for change 4 of the same device");
  EXPECT_EQ(outcome.device.set_aside(), 4u);
}

TEST_F(IngestHeld, AppliesItAndAllThatWaitsBehindItWhenTheParentComes) {
  reader_.Write("k", {Note("n").Says("bốn mét rưỡi")});
  reader_.Write("k", {Note("n").Add(6, "đo lại")});
  reader_.Write("k", {Note("m").Says("khác"), Note("n").Add(6, "chụp ảnh")});
  reader_.Write("k", {Note("m").Says("khác nữa")});
  EXPECT_THAT(Verdicts(office_.Push(reader_)),
              ElementsAre(v1::VERDICT_HELD, v1::VERDICT_HELD, v1::VERDICT_HELD, v1::VERDICT_HELD));
  office_.Push(writer_);
  EXPECT_EQ(Body(), "bốn mét rưỡi");
  EXPECT_EQ(office_.Find("m")->ShownText(N::kBodyFieldNumber), "khác nữa");
  EXPECT_THAT(office_.Row(reader_).held(), IsEmpty());
  EXPECT_EQ(office_.Row(reader_).set_aside(), 0u);
  EXPECT_THAT(office_.SetAside(), IsEmpty());
  EXPECT_EQ(office_.Row(reader_).accepted_through(), 4u);
  // The phone hears of it with its next exchange, and then shows what everybody shows.
  office_.Exchange(&reader_);
  for (uint64_t sequence = 1; sequence <= 4; ++sequence) {
    EXPECT_EQ(reader_.Outcome(sequence).verdict(), v1::VERDICT_APPLIED) << sequence;
  }
  EXPECT_EQ(reader_.Shown("n")->Serialize(), office_.Find("n")->Serialize());
}

// The same release, looked at closely.
TEST_F(IngestHeld, ReleasesInOneCallWhatWaitsInARow) {
  reader_.Write("k", {Note("n").Says("bốn mét rưỡi")});
  reader_.Write("k", {Note("n").Add(6, "đo lại")});
  office_.Push(reader_);
  office_.releases_held = false;
  office_.Push(writer_);

  std::vector<ReleaseInput> releases;
  for (uint64_t sequence : {1, 2}) {
    ReleaseInput release;
    release.author = office_.PushOf(reader_, sequence);
    release.author.changes.resize(1);
    release.sequence = sequence;
    releases.push_back(release);
  }
  const IngestInput input = office_.Load({releases[0].author, releases[1].author});
  const IngestOutcome outcome = Release(input, releases);
  ASSERT_THAT(outcome.histories_needed, IsEmpty());
  ASSERT_EQ(outcome.pushes.size(), 2u);
  for (const PushOutcome& push : outcome.pushes) {
    ASSERT_EQ(push.outcomes.size(), 1u);
    EXPECT_EQ(push.outcomes[0].verdict(), v1::VERDICT_APPLIED) << push.outcomes[0].message();
  }
  EXPECT_EQ(outcome.pushes[0].device.held_size(), 1);
  EXPECT_EQ(outcome.pushes[1].device.held_size(), 0) << "the newest row is the one to keep";
  EXPECT_EQ(outcome.pushes[1].device.accepted_through(), 2u);
  ASSERT_EQ(outcome.entries.size(), 2u);
  EXPECT_EQ(outcome.entries[0].sequence, 1u);
  EXPECT_GT(outcome.entries[1].admission.stamp(), outcome.entries[0].admission.stamp());
}

TEST_F(IngestHeld, HoldsAgainWhatWaitsForTwoParentsUntilBothAreHere) {
  PaperPhone second = office_.Enrol("phong", kProsecutor);
  office_.Exchange(&second);
  const ChangeId other = second.Write("k", {Note("n").Add(6, "chụp ảnh")});
  reader_.Forge(PaperPhone::Draft("k", Note("n").Clear(3), {lost_, other}));
  office_.Push(reader_);
  office_.Push(second);
  ASSERT_EQ(office_.Row(reader_).held_size(), 1) << "one of two has come";
  EXPECT_EQ(office_.Row(reader_).held(0).waits_for(), lost_.view());
  office_.Push(writer_);
  EXPECT_EQ(office_.Row(reader_).held_size(), 0);
  EXPECT_THAT(office_.SetAside(), IsEmpty());
}

TEST_F(IngestHeld, QuarantinesAReleasedChangeThatIsNotLawfulAndGoesOnBehindIt) {
  reader_.Forge(PaperPhone::Draft("k", Note("n").Moves(casework::v1::NOTE_STATE_SIGNED), {lost_}));
  reader_.Forge(PaperPhone::Draft("k", Note("n").Add(6, "đo lại"), {lost_}));
  EXPECT_THAT(Verdicts(office_.Push(reader_)), ElementsAre(v1::VERDICT_HELD, v1::VERDICT_HELD));
  office_.Push(writer_);
  EXPECT_THAT(office_.Row(reader_).held(), IsEmpty());
  ASSERT_EQ(office_.SetAside().size(), 1u);
  EXPECT_EQ(office_.SetAside()[0].reason(), v1::REASON_ILLEGAL_TRANSITION);
  EXPECT_EQ(office_.Row(reader_).set_aside(), 1u);
  EXPECT_EQ(office_.Find("n")->Slot(6)->readings.size(), 1u);
}

TEST_F(IngestHeld, HoldsForEverWhatWaitsForNothingThatExists) {
  reader_.Forge(PaperPhone::Draft("k", Note("n").Clear(3), {ChangeNamed("never")}));
  reader_.Write("k", {Note("m").Says("khác")});
  EXPECT_THAT(Verdicts(office_.Push(reader_)), ElementsAre(v1::VERDICT_HELD, v1::VERDICT_APPLIED));
  office_.Push(writer_);
  EXPECT_EQ(office_.Row(reader_).held_size(), 1);
  EXPECT_EQ(office_.SetAside().size(), 1u) << "kept and listed";
}

TEST_F(IngestHeld, HoldsAnEditOfARecordNobodyKnows) {
  reader_.Forge(PaperPhone::Draft("k", Note("m").Clear(3), {ChangeNamed("birth of m")}));
  const PushOutcome outcome = office_.Push(reader_);
  EXPECT_EQ(outcome.outcomes[0].reason(), v1::REASON_PARENT_UNKNOWN);
  EXPECT_EQ(outcome.device.held(0).waits_for(), ChangeNamed("birth of m").view());
}

// --- dossiers -------------------------------------------------------------------------------

TEST_F(IngestHeld, HoldsANoteThatComesBeforeItsDossier) {
  reader_.Forge(PaperPhone::Draft("late", Note("m").Add(6, "đo lại"), {}));
  const PushOutcome outcome = office_.Push(reader_);
  EXPECT_THAT(Verdicts(outcome), ElementsAre(v1::VERDICT_HELD));
  EXPECT_EQ(outcome.outcomes[0].reason(), v1::REASON_DOSSIER_UNKNOWN);
  EXPECT_EQ(outcome.device.held(0).waits_for(), DossierMarker(RecordNamed("late")).view());
  writer_.Write("late", {NewCase("late")});
  office_.Push(writer_);
  EXPECT_TRUE(office_.Find("m").has_value());
  EXPECT_THAT(office_.Row(reader_).held(), IsEmpty());
}

TEST_F(IngestHeld, KnowsADossierThatIsOpenedInTheSameChange) {
  reader_.Write("new", {Note("m").Says("trước"), NewCase("new")});
  EXPECT_THAT(Verdicts(office_.Push(reader_)), ElementsAre(v1::VERDICT_APPLIED));
}

TEST_F(IngestHeld, QuarantinesOnReleaseANoteInAnotherUnitsDossier) {
  PaperPhone stranger = office_.Enrol("xa", kProsecutor, "vkskv2");
  reader_.Forge(PaperPhone::Draft("late", Note("m").Add(6, "đo lại"), {}));
  office_.Push(reader_);
  stranger.Write("late", {NewCase("late")});
  office_.Push(stranger);
  EXPECT_THAT(office_.Row(reader_).held(), IsEmpty());
  ASSERT_EQ(office_.SetAside().size(), 1u);
  EXPECT_EQ(office_.SetAside()[0].reason(), v1::REASON_DOSSIER_MISMATCH);
}

TEST(DossierMarker, IsNoIdAnyChangeHas) {
  const ChangeId marker = DossierMarker(RecordNamed("k"));
  EXPECT_EQ(marker.view().substr(0, 16), RecordNamed("k").view());
  EXPECT_EQ(marker.view().substr(16), std::string(16, '\0'));
  EXPECT_NE(DossierMarker(RecordNamed("k")), DossierMarker(RecordNamed("l")));
}

}  // namespace
}  // namespace sotay::sync
