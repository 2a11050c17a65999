// Ingest: what is taken, once, in order, from whom.  Refusals are in ingest_refusal_test.cc,
// held changes in ingest_held_test.cc, concurrent edits in ingest_history_test.cc.
#include "sync/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/fragment.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

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

constexpr int64_t kMinute = 60 * 1000;
constexpr int64_t kDay = 24 * 60 * kMinute;

std::vector<v1::Verdict> Verdicts(const PushOutcome& outcome) {
  std::vector<v1::Verdict> verdicts;
  for (const v1::ChangeOutcome& one : outcome.outcomes) verdicts.push_back(one.verdict());
  return verdicts;
}

class IngestTest : public ::testing::Test {
 protected:
  std::string Body(const char* record) {
    const auto found = office_.Find(record);
    return found ? std::string(found->ShownText(N::kBodyFieldNumber)) : "no such record";
  }
  const Author& HeadOf(const MergedRecord& record, uint32_t field) {
    return record.author(record.Slot(field)->readings.front().author);
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone phone_ = office_.Enrol("nguyet", kProsecutor);
};

// --- once and in order ----------------------------------------------------------------------

TEST_F(IngestTest, TakesChangesInOrderOfSequence) {
  phone_.Write("k", {NewCase("k"), Note("n").Says("một")});
  phone_.Write("k", {Note("n").Says("một hai")});
  const PushOutcome outcome = office_.Push(phone_);
  EXPECT_FALSE(outcome.refused.has_value());
  EXPECT_THAT(Verdicts(outcome), ElementsAre(v1::VERDICT_APPLIED, v1::VERDICT_APPLIED));
  EXPECT_EQ(outcome.outcomes[0].position(), 1u);
  EXPECT_EQ(outcome.outcomes[1].position(), 2u);
  EXPECT_EQ(outcome.device.accepted_through(), 2u);
  EXPECT_EQ(outcome.device.head(), phone_.progress().head());
  EXPECT_EQ(Body("n"), "một hai");
  EXPECT_EQ(office_.rounds, 1) << "nothing happened meanwhile, so no history is needed";
}

TEST_F(IngestTest, GivesBackTheBytesUntouched) {
  phone_.Write("k", {NewCase("k")});
  const IngestInput input = office_.Load({office_.PushOf(phone_)});
  const IngestOutcome outcome = Ingest(input);
  ASSERT_EQ(outcome.entries.size(), 1u);
  const NewEntry& entry = outcome.entries[0];
  EXPECT_EQ(entry.bytes, phone_.Written(1)[0].bytes);
  EXPECT_EQ(entry.id, phone_.Written(1)[0].id);
  EXPECT_EQ(entry.unit_id, "vkskv1");
  EXPECT_EQ(entry.sequence, 1u);
  EXPECT_THAT(entry.records, ElementsAre(RecordNamed("k")));
  EXPECT_THAT(entry.satisfies, ElementsAre(entry.id, DossierMarker(RecordNamed("k"))));
  EXPECT_EQ(entry.admission.position(), 1u);
  EXPECT_EQ(entry.admission.received_ms(), office_.now_ms);
  EXPECT_EQ(entry.admission.user_id(), "nguyet");
  EXPECT_EQ(outcome.positions.at("vkskv1"), 1u);
  EXPECT_EQ(outcome.births.at("vkskv1"), 1u);
  EXPECT_EQ(outcome.records.Find(RecordNamed("k"))->previous_position(), 0u);
}

TEST_F(IngestTest, AnswersARepeatedPushAsItStandsNow) {
  phone_.Write("k", {NewCase("k"), Note("n").Says("một")});
  phone_.Forge(PaperPhone::Draft("k", Note("n").SetNumber(N::kReceivedMsFieldNumber, 1),
                                 {*ChangeId::From(phone_.progress().head())}));
  phone_.WriteBytes("not a change at all");
  const PushOutcome first = office_.Push(phone_);
  const std::string before = office_.Find("n")->Serialize();
  const size_t lines = office_.journal().size();
  office_.now_ms += kDay;
  for (int again = 0; again < 3; ++again) {
    const PushOutcome repeated = office_.Push(phone_, 1);
    ASSERT_EQ(repeated.outcomes.size(), first.outcomes.size());
    for (size_t i = 0; i < first.outcomes.size(); ++i) {
      v1::ChangeOutcome expected = first.outcomes[i];
      expected.set_duplicate(true);
      EXPECT_EQ(repeated.outcomes[i].SerializeAsString(), expected.SerializeAsString());
    }
    EXPECT_EQ(repeated.device.SerializeAsString(), first.device.SerializeAsString());
  }
  EXPECT_EQ(office_.Find("n")->Serialize(), before);
  EXPECT_EQ(office_.journal().size(), lines) << "one line in the log, however often it came";
}

TEST_F(IngestTest, TakesOnlyWhatIsNewOfAPushThatOverlaps) {
  phone_.Write("k", {NewCase("k")});
  office_.Push(phone_);
  phone_.Write("k", {Note("n").Says("một")});
  const PushOutcome outcome = office_.Push(phone_, 1);
  ASSERT_EQ(outcome.outcomes.size(), 2u);
  EXPECT_TRUE(outcome.outcomes[0].duplicate());
  EXPECT_FALSE(outcome.outcomes[1].duplicate());
  EXPECT_EQ(outcome.outcomes[1].position(), 2u);
}

TEST_F(IngestTest, RefusesAGapNamingTheSequenceItExpects) {
  phone_.Write("k", {NewCase("k")});
  office_.Push(phone_);
  phone_.Write("k", {Note("n").Says("một")});
  phone_.Write("k", {Note("n").Says("hai")});
  const PushOutcome outcome = office_.Push(phone_, 3);
  ASSERT_TRUE(outcome.refused.has_value());
  EXPECT_EQ(outcome.refused->reason, v1::REASON_SEQUENCE_GAP);
  EXPECT_THAT(outcome.refused->message, HasSubstr("expected change 2, got 3; send from 2"));
  EXPECT_EQ(outcome.expected_sequence, 2u);
  EXPECT_THAT(outcome.outcomes, IsEmpty());
  EXPECT_EQ(outcome.device.accepted_through(), 1u);
  EXPECT_EQ(Body("n"), "no such record");
  EXPECT_FALSE(office_.Push(phone_, 2).refused.has_value());
}

TEST_F(IngestTest, RefusesAPushThatBeginsBeforeTheFirstChange) {
  phone_.Write("k", {NewCase("k")});
  PushInput push = office_.PushOf(phone_);
  push.first_sequence = 0;
  EXPECT_EQ(office_.Push(push).refused->reason, v1::REASON_SEQUENCE_GAP);
}

TEST_F(IngestTest, RefusesABrokenChainWhole) {
  phone_.Write("k", {NewCase("k")});
  phone_.Write("k", {Note("n").Says("một")});
  v1::Change change = PaperPhone::Draft("k", Note("n").Clear(3), {});
  change.set_previous(ChangeNamed("another").str());
  phone_.Forge(change);
  const PushOutcome outcome = office_.Push(phone_);
  ASSERT_TRUE(outcome.refused.has_value());
  EXPECT_EQ(outcome.refused->reason, v1::REASON_CHAIN_BROKEN);
  EXPECT_THAT(outcome.refused->message, HasSubstr("change 3"));
  EXPECT_EQ(outcome.expected_sequence, 1u);
  EXPECT_EQ(outcome.device.accepted_through(), 0u);
  EXPECT_THAT(office_.journal(), IsEmpty()) << "nothing of it was taken";
}

TEST_F(IngestTest, RefusesAChainThatDoesNotBeginAtItsHead) {
  phone_.Write("k", {NewCase("k")});
  office_.Push(phone_);
  v1::Change change = PaperPhone::Draft("k", Note("n"), {});
  change.set_previous(ChangeNamed("another").str());
  phone_.Forge(change);
  EXPECT_EQ(office_.Push(phone_).refused->reason, v1::REASON_CHAIN_BROKEN);
}

// --- forks ----------------------------------------------------------------------------------

TEST_F(IngestTest, KeepsTheFirstBranchOfAForkAndSetsTheOtherAside) {
  phone_.Write("k", {NewCase("k")});
  phone_.Write("k", {Note("n").Says("của máy thật")});
  office_.Push(phone_);
  PaperPhone twin = phone_;
  twin.SetBack();
  twin.Write("k", {Note("n").Says("của máy chép")});
  twin.Write("k", {Note("m").Says("và sau đó")});
  const std::string before = office_.Find("n")->Serialize();

  const PushOutcome outcome = office_.Push(twin, 1);
  ASSERT_TRUE(outcome.refused.has_value());
  EXPECT_EQ(outcome.refused->reason, v1::REASON_DEVICE_FORKED);
  EXPECT_THAT(outcome.refused->message, HasSubstr("change 2 was sent before"));
  EXPECT_EQ(outcome.device.state(), v1::DEVICE_STATE_FORKED);
  EXPECT_EQ(outcome.device.accepted_through(), 2u);
  EXPECT_EQ(outcome.device.head(), phone_.progress().head());
  EXPECT_EQ(outcome.device.set_aside(), 2u);
  EXPECT_EQ(office_.Find("n")->Serialize(), before);
  EXPECT_FALSE(office_.Find("m").has_value());

  const std::vector<v1::QuarantinedChange> aside = office_.SetAside();
  ASSERT_EQ(aside.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(aside[i].reason(), v1::REASON_FORKED_BRANCH);
    EXPECT_EQ(aside[i].verdict(), v1::VERDICT_QUARANTINED);
    EXPECT_EQ(aside[i].sequence(), 2 + i);
    EXPECT_EQ(aside[i].change(), twin.Written(2)[i].bytes) << "kept whole";
    EXPECT_EQ(aside[i].unit_id(), "vkskv1");
  }
}

// The forked branch shares sequences with the first one; it must not be taken for it.
TEST_F(IngestTest, DoesNotTakeAForkedBranchForSomethingAnybodyHasSeen) {
  PaperPhone other = office_.Enrol("que", kProsecutor);
  phone_.Write("k", {NewCase("k"), Note("n").Says("chung")});
  office_.Exchange(&phone_);
  office_.Exchange(&other);
  phone_.Write("k", {Note("n").Says("chung, của máy thật")});
  office_.Exchange(&phone_);
  office_.Exchange(&other);
  PaperPhone twin = phone_;
  twin.SetBack();
  twin.Write("k", {Note("n").Says("chung, của máy chép")});
  PaperPhone third = office_.Enrol("phong", kProsecutor);
  office_.Exchange(&third);
  third.Write("k", {Note("n").Says("chung, của máy thật, xong")});
  other.Write("k", {Note("n").Says("chung, của máy thật và hết")});

  // One round of the hub takes all three; the history is loaded for the last one's sake.
  IngestInput input =
      office_.Load({office_.PushOf(twin, 2), office_.PushOf(third), office_.PushOf(other)});
  IngestOutcome outcome = Ingest(input);
  ASSERT_THAT(outcome.histories_needed, ElementsAre(RecordNamed("n")));
  input.histories.emplace(RecordNamed("n"), office_.HistoryOf(RecordNamed("n"), input));
  outcome = Ingest(input);
  EXPECT_EQ(outcome.pushes[0].refused->reason, v1::REASON_DEVICE_FORKED);
  EXPECT_THAT(Verdicts(outcome.pushes[1]), ElementsAre(v1::VERDICT_APPLIED));
  EXPECT_THAT(Verdicts(outcome.pushes[2]), ElementsAre(v1::VERDICT_APPLIED))
      << outcome.pushes[2].outcomes[0].message();
}

// --- poison ---------------------------------------------------------------------------------

TEST_F(IngestTest, KeepsTheSequenceOfAMalformedChangeAndAppliesTheOnesAfterIt) {
  phone_.Write("k", {NewCase("k")});
  phone_.WriteBytes("\x0a\xFF garbage");
  phone_.WriteBytes("\x52");
  phone_.Write("k", {Note("n").Says("sau")});
  const PushOutcome outcome = office_.Push(phone_);
  EXPECT_THAT(Verdicts(outcome), ElementsAre(v1::VERDICT_APPLIED, v1::VERDICT_QUARANTINED,
                                             v1::VERDICT_QUARANTINED, v1::VERDICT_APPLIED));
  EXPECT_EQ(outcome.outcomes[1].reason(), v1::REASON_MALFORMED);
  EXPECT_EQ(outcome.outcomes[1].message(), "not a valid Change");
  EXPECT_EQ(outcome.outcomes[3].position(), 2u) << "positions have no gap for it";
  EXPECT_EQ(outcome.device.accepted_through(), 4u);
  EXPECT_EQ(outcome.device.set_aside(), 2u);
  const auto aside = office_.SetAside();
  ASSERT_EQ(aside.size(), 2u);
  EXPECT_EQ(aside[0].change(), "\x0a\xFF garbage");
  EXPECT_EQ(aside[0].unit_id(), "") << "cannot be read";
  EXPECT_EQ(aside[0].received_ms(), office_.now_ms);
}

TEST_F(IngestTest, GoesOnAfterAChangeCutAtAnyByte) {
  phone_.Write("k", {NewCase("k"), Note("n").Says("cắt")});
  const std::string whole = phone_.Written(1)[0].bytes;
  int applied = 0;
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    PaperOffice office(CaseworkSchema());
    PaperPhone phone = office.Enrol("nguyet", kProsecutor);
    phone.WriteBytes(whole.substr(0, cut));
    phone.Write("i", {NewCase("i")});
    const PushOutcome outcome = office.Push(phone);
    ASSERT_EQ(outcome.outcomes.size(), 2u) << "cut at " << cut;
    ASSERT_EQ(outcome.outcomes[1].verdict(), v1::VERDICT_APPLIED) << "cut at " << cut;
    applied += outcome.outcomes[0].verdict() == v1::VERDICT_APPLIED ? 1 : 0;
  }
  EXPECT_EQ(applied, 1) << "cut after its first edit it is a change of its own";
}

TEST_F(IngestTest, QuarantinesAChangeUnderAnotherName) {
  v1::Change change = PaperPhone::Draft("k", Note("n"), {});
  change.set_device_id(tests::DeviceNamed("another").str());
  phone_.Forge(change);
  change = PaperPhone::Draft("k", Note("n"), {});
  change.set_sequence(7);
  phone_.Forge(change);
  const PushOutcome outcome = office_.Push(phone_);
  ASSERT_EQ(outcome.outcomes.size(), 2u);
  for (const v1::ChangeOutcome& one : outcome.outcomes) {
    EXPECT_EQ(one.verdict(), v1::VERDICT_QUARANTINED);
    EXPECT_EQ(one.reason(), v1::REASON_MALFORMED);
    EXPECT_EQ(one.message(), "names another device or sequence than it came under");
  }
}

TEST_F(IngestTest, QuarantinesWhatANewerBuildWroteAndKeepsIt) {
  v1::Change change = PaperPhone::Draft("k", NewCase("k"), {});
  change.set_format(2);
  phone_.Forge(change);
  const PushOutcome outcome = office_.Push(phone_);
  EXPECT_EQ(outcome.outcomes[0].reason(), v1::REASON_NEEDS_NEWER);
  EXPECT_EQ(office_.SetAside()[0].change(), phone_.Written(1)[0].bytes);
}

// --- what the server assigns ----------------------------------------------------------------

TEST_F(IngestTest, AssignsTheTimeOfReceiptAtBirthAndNeverAgain) {
  office_.now_ms += 9 * kMinute;
  const int64_t received = office_.now_ms;
  phone_.Write("k", {NewCase("k"), Note("n").Says("một")});
  office_.Push(phone_);
  const v1::Admission& admission = office_.journal().back().admission;
  ASSERT_EQ(admission.assigned_size(), 2) << "the case's and the note's";
  EXPECT_EQ(admission.assigned(1).record_id(), RecordNamed("n").view());
  EXPECT_EQ(admission.assigned(1).op().set(),
            VarintFragment(N::kReceivedMsFieldNumber, static_cast<uint64_t>(received)));

  office_.now_ms += kDay;
  phone_.Write("k", {Note("n").Says("một hai")});
  office_.Push(phone_);
  EXPECT_EQ(office_.journal().back().admission.assigned_size(), 0);
  const MergedRecord note = *office_.Find("n");
  const FieldSlot* slot = note.Slot(N::kReceivedMsFieldNumber);
  ASSERT_NE(slot, nullptr);
  EXPECT_EQ(VarintOf(slot->readings.front().value), static_cast<uint64_t>(received));
}

// --- several at once ------------------------------------------------------------------------

TEST_F(IngestTest, TakesThePushesOfARoundInTurn) {
  PaperPhone other = office_.Enrol("que", kProsecutor);
  phone_.Write("k", {NewCase("k")});
  other.Write("i", {NewCase("i")});
  other.Write("i", {Note("m").Says("hai")});
  const IngestInput input = office_.Load({office_.PushOf(phone_), office_.PushOf(other)});
  const IngestOutcome outcome = Ingest(input);
  ASSERT_EQ(outcome.pushes.size(), 2u);
  ASSERT_EQ(outcome.entries.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(outcome.entries[i].admission.position(), i + 1);
  EXPECT_EQ(outcome.positions.at("vkskv1"), 3u);
  EXPECT_EQ(outcome.births.at("vkskv1"), 3u);
}

TEST_F(IngestTest, RefusesOnePushOfARoundWithoutHurtingTheOthers) {
  PaperPhone other = office_.Enrol("que", kProsecutor);
  phone_.Write("k", {NewCase("k")});
  phone_.Write("k", {Note("n").Says("một")});
  other.Write("i", {NewCase("i")});
  const IngestInput input = office_.Load({office_.PushOf(phone_, 2), office_.PushOf(other)});
  const IngestOutcome outcome = Ingest(input);
  EXPECT_TRUE(outcome.pushes[0].refused.has_value());
  EXPECT_FALSE(outcome.pushes[1].refused.has_value());
  EXPECT_EQ(outcome.entries.size(), 1u);
}

TEST_F(IngestTest, IsPure) {
  phone_.Write("k", {NewCase("k"), Note("n").Says("một")});
  const IngestInput input = office_.Load({office_.PushOf(phone_)});
  const IngestOutcome once = Ingest(input);
  const IngestOutcome again = Ingest(input);
  EXPECT_EQ(once.records.Find(RecordNamed("n"))->record().Serialize(),
            again.records.Find(RecordNamed("n"))->record().Serialize());
  EXPECT_EQ(once.entries[0].admission.SerializeAsString(),
            again.entries[0].admission.SerializeAsString());
}

}  // namespace
}  // namespace sotay::sync
