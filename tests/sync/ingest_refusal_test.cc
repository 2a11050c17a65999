// Ingest: what is set aside although it is well formed, and what that does to what follows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/fragment.h"
#include "sync/ingest.h"
#include "sync/limits.h"
#include "sync/text_diff.h"
#include "sync/view.h"
#include "tests/support/paper_world.h"

namespace sotay::sync {
namespace {

using casework::v1::NOTE_STATE_SIGNED;
using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::HasSubstr;
using tests::Case;
using tests::CaseworkSchema;
using tests::kAdministrator;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::Wish;
using N = casework::v1::Note;

// A case "k" and a note "n" on it, which both phones have.
class IngestRefusal : public ::testing::Test {
 protected:
  void SetUp() override {
    phone_.Write("k", {NewCase("k"), Note("n").Says("bốn")});
    office_.Exchange(&phone_);
    office_.Exchange(&other_);
    office_.Exchange(&leader_);
  }
  std::vector<ChangeId> Heads(const char* record) { return office_.Find(record)->heads(); }
  std::string Body() { return std::string(office_.Find("n")->ShownText(N::kBodyFieldNumber)); }
  // What becomes of the newest change of `phone`.
  v1::ChangeOutcome Last(const PaperPhone& phone) { return office_.Push(phone).outcomes.back(); }
  void ExpectQuarantined(const PaperPhone& phone, v1::Reason reason, const char* message) {
    const uint64_t accepted = office_.Row(phone).accepted_through();
    const v1::ChangeOutcome outcome = Last(phone);
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_QUARANTINED) << outcome.message();
    EXPECT_EQ(outcome.reason(), reason) << outcome.message();
    EXPECT_THAT(outcome.message(), HasSubstr(message));
    EXPECT_EQ(office_.SetAside().back().reason(), reason);
    EXPECT_GT(office_.Row(phone).accepted_through(), accepted) << "it keeps its sequence";
  }
  // `text` typed over `before`, as a phone would that saw `before`.
  static v1::Change Typed(absl::string_view before, absl::string_view text,
                          const std::vector<ChangeId>& parents) {
    v1::FieldOp op;
    op.set_field(N::kBodyFieldNumber);
    *op.mutable_text() = DiffText(before, text);
    return PaperPhone::Draft("k", Note("n").Op(op), parents);
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone phone_ = office_.Enrol("nguyet", kProsecutor);
  PaperPhone other_ = office_.Enrol("que", kProsecutor);
  PaperPhone leader_ = office_.Enrol("ngu", kSupervisor);
};

// --- who and where --------------------------------------------------------------------------

TEST_F(IngestRefusal, OfAChangeForAUnitItsAuthorIsNoMemberOf) {
  office_.Enrol("xa", kProsecutor, "vkskv2");
  v1::Change change = PaperPhone::Draft("k2", NewCase("k2"), {});
  change.set_unit_id("vkskv2");
  phone_.Forge(change);
  ExpectQuarantined(phone_, v1::REASON_NOT_MEMBER, "no member of the unit");
}

TEST_F(IngestRefusal, OfAChangeForAUnitThereIsNot) {
  v1::Change change = PaperPhone::Draft("k2", NewCase("k2"), {});
  change.set_unit_id("vkskv9");
  phone_.Forge(change);
  ExpectQuarantined(phone_, v1::REASON_NOT_MEMBER, "no member of the unit");
  EXPECT_EQ(office_.SetAside().back().unit_id(), "");
}

TEST_F(IngestRefusal, OfAnAdministratorsChange) {
  PaperPhone admin = office_.Enrol("mac", kAdministrator);
  admin.Forge(PaperPhone::Draft("k2", NewCase("k2"), {}));
  ExpectQuarantined(admin, v1::REASON_NOT_MEMBER, "no member");
}

TEST_F(IngestRefusal, OfARecordInAnotherDossier) {
  other_.Write("i", {NewCase("i")});
  office_.Exchange(&other_);
  other_.Forge(PaperPhone::Draft("i", Note("n").Clear(3), Heads("n")));
  ExpectQuarantined(other_, v1::REASON_DOSSIER_MISMATCH, "is of another unit or dossier");
}

TEST_F(IngestRefusal, OfARecordInAnotherUnit) {
  PaperPhone stranger = office_.Enrol("xa", kProsecutor, "vkskv2");
  stranger.Forge(PaperPhone::Draft("k", Note("n").Clear(3), Heads("n")));
  ExpectQuarantined(stranger, v1::REASON_DOSSIER_MISMATCH, "is of another unit or dossier");
  stranger.Forge(PaperPhone::Draft("k", Note("m"), {}));
  ExpectQuarantined(stranger, v1::REASON_DOSSIER_MISMATCH, "the dossier is of another unit");
}

TEST_F(IngestRefusal, OfADossierThatIsNoRoot) {
  phone_.Forge(PaperPhone::Draft("n", Note("m"), {}));
  ExpectQuarantined(phone_, v1::REASON_DOSSIER_MISMATCH, "");
  phone_.Forge(PaperPhone::Draft("m", Note("m"), {}));
  ExpectQuarantined(phone_, v1::REASON_DOSSIER_MISMATCH,
                    "a casework.v1.Note cannot open a dossier");
}

TEST_F(IngestRefusal, OfASecondBirth) {
  phone_.Forge(PaperPhone::Draft("k", Note("n"), {}));
  ExpectQuarantined(phone_, v1::REASON_TYPE_MISMATCH, "exists already");
}

// --- what -----------------------------------------------------------------------------------

TEST_F(IngestRefusal, OfWhatIsWrittenOnceWrittenTwice) {
  phone_.Write("k", {Note("n").Set(N::kCaseIdFieldNumber, RecordNamed("k").view())});
  phone_.Forge(PaperPhone::Draft("k", Note("n").Set(N::kCaseIdFieldNumber, "i"),
                                 {*ChangeId::From(phone_.progress().head())}));
  ExpectQuarantined(phone_, v1::REASON_ONCE_WRITTEN, "field case_id");
}

TEST_F(IngestRefusal, KeepsBothOfTwoFirstWritingsThatHadNotSeenEachOther) {
  phone_.Write("k", {Note("n").Set(N::kInspectionIdFieldNumber, "một")});
  other_.Write("k", {Note("n").Set(N::kInspectionIdFieldNumber, "hai")});
  EXPECT_EQ(Last(phone_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(Last(other_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(office_.Find("n")->Slot(N::kInspectionIdFieldNumber)->readings.size(), 2u);
}

TEST_F(IngestRefusal, OfAFieldThatIsTheServers) {
  phone_.Forge(
      PaperPhone::Draft("k", Note("n").SetNumber(N::kReceivedMsFieldNumber, 1), Heads("n")));
  ExpectQuarantined(phone_, v1::REASON_SERVER_FIELD, "field received_ms");
}

TEST_F(IngestRefusal, OfAStepThatIsNotInTheTable) {
  leader_.Forge(PaperPhone::Draft("k", Note("n").Moves(NOTE_STATE_SIGNED), Heads("n")));
  ExpectQuarantined(leader_, v1::REASON_ILLEGAL_TRANSITION, "no step leads from 0 to 4");
}

TEST_F(IngestRefusal, OfALeadersHandInTheWordsButNotInTheState) {
  phone_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  office_.Push(phone_);
  leader_.Forge(Typed("bốn", "năm", Heads("n")));
  ExpectQuarantined(leader_, v1::REASON_WRITER_MAY_NOT, "field body");
  leader_.Forge(PaperPhone::Draft("k", Note("n").Moves(NOTE_STATE_SIGNED), Heads("n")));
  EXPECT_EQ(Last(leader_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(office_.Find("n")->StateInForce(N::kStateFieldNumber), NOTE_STATE_SIGNED);
  EXPECT_EQ(Body(), "bốn");
}

TEST_F(IngestRefusal, OfARecordThatWouldNotFitAnAnswer) {
  const std::string page(60'000, 'x');
  v1::ChangeOutcome last;
  for (int i = 0; i < 20 && last.verdict() != v1::VERDICT_QUARANTINED; ++i) {
    other_.Forge(PaperPhone::Draft("k", Note("n").Add(6, page + std::to_string(i)), Heads("n")));
    last = Last(other_);
  }
  EXPECT_EQ(last.reason(), v1::REASON_TOO_LARGE);
  EXPECT_THAT(last.message(), HasSubstr("bytes, limit 786432"));
  EXPECT_LE(office_.Find("n")->Serialize().size(), kRecordBytesMax);
}

// Keys of a map take room as well, even when nothing stands under them but a number.
TEST_F(IngestRefusal, OfACounterWithMoreKeysThanFitAnAnswer) {
  other_.Write("i", {Wish("i", "casework.v1.Inspection").SetNumber(1, 1)});
  office_.Push(other_);
  v1::ChangeOutcome last;
  for (int i = 0; i < 30 && last.verdict() != v1::VERDICT_QUARANTINED; ++i) {
    Wish wish("i", "casework.v1.Inspection");
    for (int key = 0; key < 240; ++key) {
      wish.Count(15, 1, std::string(240, 'k') + std::to_string(i * 1000 + key));
    }
    other_.Forge(PaperPhone::Draft("i", wish, Heads("i")));
    last = Last(other_);
  }
  EXPECT_EQ(last.reason(), v1::REASON_TOO_LARGE);
  EXPECT_LE(office_.Find("i")->Serialize().size(), kRecordBytesMax);
}

// Two readings of the greatest length stand in conflict; one edit settles it.  Counting what it
// replaces as if it stayed would leave the conflict for ever.
TEST_F(IngestRefusal, TakesWhatMakesARecordSmaller) {
  const std::string page(kTextBytesMax / 5, 'x');
  for (PaperPhone* phone : {&phone_, &other_}) {
    std::string text;
    for (int pages = 0; pages < 5; ++pages) {
      text += page;
      phone->Write("k", {Note("n").Says(text)});
    }
  }
  office_.Exchange(&phone_);
  office_.Exchange(&other_);
  ASSERT_TRUE(office_.SetAside().empty()) << office_.SetAside().front().message();
  const MergedRecord before = *office_.Find("n");
  ASSERT_EQ(ConflictCount(before), 1u);
  other_.Write("k", {Note("n").Says("xem bản giấy").Add(6, std::string(60'000, 'y'))});
  const v1::ChangeOutcome outcome = Last(other_);
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.message();
  EXPECT_LT(office_.Find("n")->bytes(), before.bytes());
}

TEST_F(IngestRefusal, IsAllOrNothing) {
  v1::Change change = PaperPhone::Draft("k", Note("m").Set(102, "x"), {});
  *change.add_edits() =
      PaperPhone::Draft("k", Note("n").Moves(NOTE_STATE_SIGNED), Heads("n")).edits(0);
  phone_.Forge(change);
  ExpectQuarantined(phone_, v1::REASON_ILLEGAL_TRANSITION, "");
  EXPECT_FALSE(office_.Find("m").has_value());
}

// --- what is built on it --------------------------------------------------------------------

TEST_F(IngestRefusal, OfATextThatDoesNotFitTheOneItNames) {
  phone_.Forge(Typed("bốn mươi", "năm mươi", Heads("n")));
  ExpectQuarantined(phone_, v1::REASON_TEXT_MISMATCH, "made on 8 characters, the version has 3");
}

TEST_F(IngestRefusal, OfATextBuiltOnARefusedText) {
  // One change: words and a step nobody may take.  Both are refused with it.
  v1::Change change = Typed("bốn", "bốn mươi", Heads("n"));
  *change.mutable_edits(0)->add_ops() = OnlyOp(Note("n").Moves(NOTE_STATE_SIGNED));
  const ChangeId refused = phone_.Forge(change);
  phone_.Forge(Typed("bốn mươi", "bốn mươi ba", {refused}));
  phone_.Forge(
      Typed("bốn mươi ba", "bốn mươi ba mét", {*ChangeId::From(phone_.progress().head())}));
  const PushOutcome outcome = office_.Push(phone_);
  EXPECT_EQ(outcome.outcomes[0].reason(), v1::REASON_ILLEGAL_TRANSITION);
  EXPECT_EQ(outcome.outcomes[1].reason(), v1::REASON_BUILDS_ON_REFUSED);
  EXPECT_EQ(outcome.outcomes[2].reason(), v1::REASON_BUILDS_ON_REFUSED);
  EXPECT_EQ(Body(), "bốn");
}

TEST_F(IngestRefusal, TakesWhatSharesNoTextWithTheRefusedEdit) {
  v1::Change change = Typed("bốn", "bốn mươi", Heads("n"));
  *change.mutable_edits(0)->add_ops() = OnlyOp(Note("n").Moves(NOTE_STATE_SIGNED));
  const ChangeId refused = phone_.Forge(change);
  phone_.Forge(PaperPhone::Draft("k", Note("n").Add(6, "đo lại"), {refused}));
  const PushOutcome outcome = office_.Push(phone_);
  EXPECT_EQ(outcome.outcomes[1].verdict(), v1::VERDICT_APPLIED) << outcome.outcomes[1].message();
}

TEST_F(IngestRefusal, OfAnEditOfARecordWhoseBirthWasRefused) {
  const ChangeId refused =
      phone_.Forge(PaperPhone::Draft("k", Note("m").Moves(NOTE_STATE_SIGNED), {}));
  phone_.Forge(PaperPhone::Draft("k", Note("m").Add(6, "x"), {refused}));
  ExpectQuarantined(phone_, v1::REASON_BUILDS_ON_REFUSED, "made on a change that was not applied");
  // Also when it comes later, and the refusal is only in the store.
  phone_.Forge(PaperPhone::Draft("k", Note("m").Add(6, "y"), {refused}));
  ExpectQuarantined(phone_, v1::REASON_BUILDS_ON_REFUSED, "");
}

// Its author has put the refused words away and writes anew; others never saw them.
class AfterARefusedText : public IngestRefusal {
 protected:
  void SetUp() override {
    IngestRefusal::SetUp();
    v1::Change change = Typed("bốn", "bốn mươi", Heads("n"));
    *change.mutable_edits(0)->add_ops() = OnlyOp(Note("n").Moves(NOTE_STATE_SIGNED));
    phone_.Forge(change);
    ASSERT_EQ(Last(phone_).reason(), v1::REASON_ILLEGAL_TRANSITION);
  }
};

TEST_F(AfterARefusedText, ItsAuthorMayWriteAnew) {
  phone_.Forge(Typed("bốn", "bốn mét", Heads("n")));
  EXPECT_EQ(Last(phone_).verdict(), v1::VERDICT_APPLIED);
}

TEST_F(AfterARefusedText, ItsAuthorMayWriteAnewBesideAnother) {
  const std::vector<ChangeId> seen = Heads("n");
  other_.Write("k", {Note("n").Says("bốn và")});
  office_.Push(other_);
  phone_.Forge(Typed("bốn", "bốn mét", seen));
  const v1::ChangeOutcome outcome = Last(phone_);
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED)
      << "the answer must not depend on who came first: " << outcome.message();
}

TEST_F(AfterARefusedText, OthersMayWriteOnWhatItsAuthorWroteSince) {
  phone_.Forge(Typed("bốn", "bốn mét", Heads("n")));
  ASSERT_EQ(Last(phone_).verdict(), v1::VERDICT_APPLIED);
  office_.Exchange(&other_);
  PaperPhone third = office_.Enrol("phong", kProsecutor);
  office_.Exchange(&third);
  other_.Write("k", {Note("n").Says("bốn mét rưỡi")});
  third.Write("k", {Note("n").Says("hơn bốn mét")});
  EXPECT_EQ(Last(other_).verdict(), v1::VERDICT_APPLIED);
  const v1::ChangeOutcome outcome = Last(third);
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.message();
}

}  // namespace
}  // namespace sotay::sync
