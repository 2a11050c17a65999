#include "sync/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "casework/v1/inspection.pb.h"
#include "sync/fragment.h"
#include "sync/limits.h"
#include "sync/view.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::CaseworkSchema;
using tests::IsOk;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::PaperPhone;
using tests::PlainHash;
using tests::RecordNamed;
using tests::StatusIs;
using tests::Wish;
using N = casework::v1::Note;

class ComposeTest : public ::testing::Test {
 protected:
  absl::StatusOr<Composed> Write(const Wish& wish) { return phone_.TryWrite("k", {wish}); }

  PaperPhone phone_{CaseworkSchema(), "nguyet", kProsecutor};
};

TEST_F(ComposeTest, MakesAWishPermanent) {
  const auto composed = phone_.TryWrite("k", {NewCase("k"), Note("n").Says("Vết phanh 4,2 m")});
  ASSERT_THAT(composed, IsOk());
  const v1::Change& change = composed->change;
  EXPECT_EQ(change.format(), 1u);
  EXPECT_EQ(change.device_id(), phone_.device().view());
  EXPECT_EQ(change.sequence(), 1u);
  EXPECT_EQ(change.previous(), "");
  EXPECT_EQ(change.unit_id(), "vkskv1");
  EXPECT_EQ(change.dossier_id(), RecordNamed("k").view());
  EXPECT_EQ(change.claimed_ms(), phone_.clock_ms);
  EXPECT_EQ(change.salt().size(), 16u);
  ASSERT_EQ(change.edits_size(), 2);
  EXPECT_EQ(change.edits(1).type(), "casework.v1.Note");
  EXPECT_EQ(change.edits(1).parents_size(), 0) << "no parents: it creates the record";
  EXPECT_EQ(composed->id, PlainHash(composed->bytes));
  v1::Change read;
  ASSERT_TRUE(read.ParseFromString(composed->bytes));
  EXPECT_EQ(read.SerializeAsString(), composed->bytes);
  EXPECT_EQ(composed->shown.at(RecordNamed("n")).ShownText(N::kBodyFieldNumber), "Vết phanh 4,2 m");
  EXPECT_EQ(composed->shown.at(RecordNamed("n")).birth().user_id, "nguyet");
}

TEST_F(ComposeTest, BuildsEachChangeOnTheLast) {
  const ChangeId first = phone_.Write("k", {Note("n").Says("một")});
  const auto second = Write(Note("n").Says("một hai"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->change.previous(), first.view());
  EXPECT_EQ(second->change.sequence(), 2u);
  EXPECT_THAT(second->change.edits(0).parents(), ElementsAre(first.str()));
  EXPECT_EQ(second->contexts[0].seen(0).sequence(), 1u);
  EXPECT_GT(second->change.stamp(), phone_.Written(1)[0].change->stamp());
}

TEST_F(ComposeTest, MakesSplicesOfAWholeText) {
  phone_.Write("k", {Note("n").Says("Vết phanh 4,2 m")});
  const auto composed = Write(Note("n").Says("Vết phanh dài 4,2 m"));
  ASSERT_THAT(composed, IsOk());
  const v1::TextEdit& text = composed->change.edits(0).ops(0).text();
  EXPECT_EQ(text.length_before(), 15u);
  ASSERT_EQ(text.splices_size(), 1);
  EXPECT_EQ(text.splices(0).position(), 9u);
  EXPECT_EQ(text.splices(0).inserted(), " dài");
  EXPECT_EQ(text.splices(0).deleted(), 0u);
  EXPECT_THAT(composed->contexts[0].texts(), ElementsAre("Vết phanh dài 4,2 m"));
}

TEST_F(ComposeTest, TakesSplicesAsTheyWereTyped) {
  phone_.Write("k", {Note("n").Says("abc")});
  v1::FieldOp op;
  op.set_field(N::kBodyFieldNumber);
  op.mutable_text()->set_length_before(3);
  v1::TextSplice* splice = op.mutable_text()->add_splices();
  splice->set_position(3);
  splice->set_inserted("d");
  const auto composed = Write(Note("n").Op(op));
  ASSERT_THAT(composed, IsOk());
  EXPECT_EQ(composed->shown.at(RecordNamed("n")).ShownText(N::kBodyFieldNumber), "abcd");
}

TEST_F(ComposeTest, TakesTwoTextsOfOneWishOneAfterTheOther) {
  const auto composed = Write(Note("n").Says("một").Says("một hai"));
  ASSERT_THAT(composed, IsOk());
  EXPECT_EQ(composed->shown.at(RecordNamed("n")).ShownText(N::kBodyFieldNumber), "một hai");
}

TEST_F(ComposeTest, KeepsTextInTheFormItWasTyped) {
  const std::string nfd = "Nguye\u0302\u0303n";
  const auto composed = Write(Note("n").Says(nfd));
  ASSERT_THAT(composed, IsOk());
  EXPECT_EQ(composed->shown.at(RecordNamed("n")).ShownText(N::kBodyFieldNumber), nfd);
}

TEST_F(ComposeTest, DoesNothingWhenItFails) {
  phone_.Write("k", {Note("n").Says("một")});
  const std::string before = phone_.Shown("n")->Serialize();
  EXPECT_THAT(phone_.TryWrite("k", {Note("n").Says("hai"), Note("m").SetNumber(104, 1)}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(phone_.Shown("n")->Serialize(), before);
  EXPECT_EQ(phone_.progress().last_sequence(), 1u);
}

TEST_F(ComposeTest, SaysWithItsCodeWhoMustDoWhat) {
  phone_.Write("k", {NewCase("k"), Note("n").Says("một").Set(1, "k"), Note("s").Says("x")});
  phone_.Write("k", {Note("s").Moves(casework::v1::NOTE_STATE_SUBMITTED)});
  const std::string long_text(70'000, 'x');
  const struct {
    const char* what;
    Wish wish;
    absl::StatusCode code;
    const char* message;
  } cases[] = {
      {"written once", Note("n").Set(1, "j"), absl::StatusCode::kFailedPrecondition, "case_id"},
      {"no such step", Note("n").Moves(casework::v1::NOTE_STATE_SIGNED),
       absl::StatusCode::kFailedPrecondition, "state"},
      {"another's step", Note("s").Moves(casework::v1::NOTE_STATE_SIGNED),
       absl::StatusCode::kPermissionDenied, "state"},
      {"the server's", Note("n").SetNumber(104, 1), absl::StatusCode::kPermissionDenied,
       "received_ms"},
      {"no such type", Wish("m", "casework.v1.Dream"), absl::StatusCode::kInvalidArgument, "Dream"},
      {"another type", Wish("n", "casework.v1.Case"), absl::StatusCode::kFailedPrecondition,
       "the record is a casework.v1.Note"},
      {"required", Wish("c", "casework.v1.Case"), absl::StatusCode::kInvalidArgument, "required"},
      {"the wrong operation", Note("n").Set(N::kBodyFieldNumber, "x"),
       absl::StatusCode::kInvalidArgument, "RULE_TEXT"},
      {"no value", Note("n").Add(6, "\xFF"), absl::StatusCode::kInvalidArgument, "UTF-8"},
      {"text that is none", Note("n").Says("ba\xC3"), absl::StatusCode::kInvalidArgument, "UTF-8"},
      {"too much for one change", Note("n").Says(long_text), absl::StatusCode::kResourceExhausted,
       "limit 65536"},
      {"too long a key", Note("n").Clear(5, std::string(256, 'k')),
       absl::StatusCode::kResourceExhausted, "limit 255"},
      {"splices past the end", Note("n").Op([] {
         v1::FieldOp op;
         op.set_field(N::kBodyFieldNumber);
         op.mutable_text()->set_length_before(9);
         return op;
       }()),
       absl::StatusCode::kInvalidArgument, "made on 9 characters"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Write(c.wish), StatusIs(c.code, HasSubstr(c.message))) << c.what;
  }
}

TEST_F(ComposeTest, NeverSaysWhatWasTyped) {
  const auto composed = Write(Note("n").Says("khai báo\xC3"));
  EXPECT_THAT(std::string(composed.status().message()), Not(HasSubstr("khai")));
}

TEST_F(ComposeTest, RefusesARecordTwiceInOneChange) {
  EXPECT_THAT(phone_.TryWrite("k", {Note("n").Says("một"), Note("n").Add(6, "hai")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("edited twice")));
}

TEST_F(ComposeTest, RefusesARecordOfAnotherDossier) {
  phone_.Write("k", {Note("n").Says("một")});
  EXPECT_THAT(phone_.TryWrite("i", {Note("n").Says("hai")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("of another dossier")));
}

TEST_F(ComposeTest, RefusesAnActionWithoutWishes) {
  EXPECT_THAT(phone_.TryWrite("k", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without edits")));
}

TEST_F(ComposeTest, RefusesARecordThatWouldNotFitAnAnswer) {
  absl::Status status;
  for (int i = 0; i < 20 && status.ok(); ++i) {
    status = Write(Note("n").Add(6, std::string(60'000, 'x') + std::to_string(i))).status();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("record "), HasSubstr("limit 786432"))));
}

TEST_F(ComposeTest, LetsALeaderCommentButNotWrite) {
  PaperPhone leader(CaseworkSchema(), "ngu", kSupervisor);
  EXPECT_THAT(leader.TryWrite("k", {Note("n").Says("x")}),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("to create")));
  EXPECT_THAT(
      leader.TryWrite(
          "k",
          {Wish("c", "casework.v1.Comment").Set(1, RecordNamed("n").view()).Set(3, "Đo lại.")}),
      IsOk());
}

// Law M10: an edit leaves alone what its author's build does not know.
TEST_F(ComposeTest, LeavesAFieldItDoesNotKnowAsItWas) {
  phone_.Write("k", {Note("n").Says("một").Set(900, "từ năm sau").Count(901, 3)});
  phone_.Write("k", {Note("n").Says("hai")});
  const MergedRecord note = *phone_.Shown("n");
  EXPECT_EQ(note.Slot(900)->readings.front().value, StringFragment(900, "từ năm sau"));
  EXPECT_EQ(note.Slot(901)->total, 3);
  EXPECT_THAT(ContentBytes(note), HasSubstr(StringFragment(900, "từ năm sau")));
}

// --- laying a change on a record ------------------------------------------------------------

TEST_F(ComposeTest, LaysAChangeOnOnce) {
  const auto composed = Write(Note("n").Says("một").Add(6, "đo lại"));
  ASSERT_THAT(composed, IsOk());
  MergedRecord record = composed->shown.at(RecordNamed("n"));
  const std::string before = record.Serialize();
  Author author = record.birth();
  LayOn(composed->change, composed->id, author, composed->contexts, &record);
  EXPECT_EQ(record.Serialize(), before) << "law M1";
}

TEST_F(ComposeTest, LaysOnOnlyTheEditsOfThatRecord) {
  const auto composed = phone_.TryWrite("k", {Note("m").Says("khác"), Note("n").Says("một")});
  ASSERT_THAT(composed, IsOk());
  MergedRecord record(CaseworkSchema()->Find("note"), RecordNamed("n"), "casework.v1.Note",
                      "vkskv1", RecordNamed("k"));
  const Author author = composed->shown.at(RecordNamed("n")).birth();
  LayOn(composed->change, composed->id, author, {}, &record);
  EXPECT_TRUE(record.empty()) << "without its context an edit has no place";
  LayOn(composed->change, composed->id, author, composed->contexts, &record);
  EXPECT_EQ(record.ShownText(N::kBodyFieldNumber), "một");
}

}  // namespace
}  // namespace sotay::sync
