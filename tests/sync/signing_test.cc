// A signature freezes a revision, and what comes after is a late amendment: the core, on paper.
#include "sync/signing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "casework/v1/comment.pb.h"
#include "casework/v1/finding.pb.h"
#include "casework/v1/inspection.pb.h"
#include "casework/v1/sign_off.pb.h"
#include "sync/fragment.h"
#include "sync/sign.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using casework::v1::Finding;
using casework::v1::Inspection;
using casework::v1::SIGN_OFF_DECISION_RETURN;
using casework::v1::SIGN_OFF_DECISION_SIGN;
using casework::v1::SignOff;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::SignOffWords;
using tests::StatusIs;
using tests::Wish;

constexpr char kBase[] = "Sổ tiếp nhận có 17 tin.";

Wish Visit() { return Wish("v", "casework.v1.Inspection"); }
Wish Concludes(std::string text) {
  return Visit().Text(Inspection::kConclusionFieldNumber, std::move(text));
}
Wish NewFinding(absl::string_view name) {
  return Wish(name, "casework.v1.Finding")
      .Set(Finding::kInspectionIdFieldNumber, RecordNamed("v").view());
}

// Two prosecutors and two leaders who all have one inspection.
class SigningTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dam_.Write("v", {Concludes(kBase).SetNumber(Inspection::kKindFieldNumber, 9)});
    Meet();
  }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      for (PaperPhone* phone : {&dam_, &que_, &ngu_, &duoc_}) office_.Exchange(phone);
    }
  }
  // A signature of what the phone shows.
  static RecordWish Signs(const PaperPhone& by, absl::string_view name,
                          const SignOffWords& words = {}, absl::string_view object = "v") {
    return tests::SignOffOf(*by.Shown(object), name, words, tests::PlainContentHash);
  }
  // What became of what the phone wrote last.
  v1::ChangeOutcome Last(PaperPhone* phone) {
    office_.Exchange(phone);
    return phone->Outcome(phone->progress().last_sequence());
  }
  v1::Reason Write(PaperPhone* phone, const RecordWish& wish) {
    phone->Write("v", {wish});
    const v1::ChangeOutcome outcome = Last(phone);
    EXPECT_EQ(outcome.verdict() == v1::VERDICT_APPLIED, outcome.reason() == v1::REASON_UNSPECIFIED)
        << outcome.message();
    return outcome.reason();
  }
  std::string Conclusion() const {
    return std::string(office_.Find("v")->ShownText(Inspection::kConclusionFieldNumber));
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone dam_ = office_.Enrol("dam", kProsecutor);
  PaperPhone que_ = office_.Enrol("que", kProsecutor);
  PaperPhone ngu_ = office_.Enrol("ngu", kSupervisor);
  PaperPhone duoc_ = office_.Enrol("duoc", kSupervisor);
};

TEST_F(SigningTest, FreezesWhatItIsOfAndNamesTheRevision) {
  que_.Write("v", {Concludes(std::string(kBase) + " Tin số 9 không ghi giờ.")});
  que_.Write("v", {NewFinding("f").Text(Finding::kDescriptionFieldNumber, "thiếu giờ")});
  ASSERT_EQ(Write(&duoc_, Signs(duoc_, "s")), v1::REASON_UNSPECIFIED);
  const auto signature = office_.Find("s");
  EXPECT_EQ(VarintOf(signature->Slot(SignOff::kRevisionFieldNumber)->readings.front().value), 1u);
  office_.Exchange(&que_);
  EXPECT_EQ(Conclusion(), kBase);
  EXPECT_FALSE(office_.Find("f").has_value()) << "counts once somebody took it in";
  const auto late = office_.SetAside();
  ASSERT_THAT(late, SizeIs(2));
  for (const v1::QuarantinedChange& change : late) {
    EXPECT_EQ(change.reason(), v1::REASON_LATE_AMENDMENT);
    EXPECT_THAT(change.message(), HasSubstr("is signed by duoc (position 2)"));
  }
  // Whoever knew of it is told the same.
  Meet();
  EXPECT_EQ(Write(&que_, Concludes("Khác.")), v1::REASON_LATE_AMENDMENT);
  EXPECT_EQ(Write(&dam_, Visit().Set(Inspection::kPlaceFieldNumber, "Rạch Đước")),
            v1::REASON_LATE_AMENDMENT);
  EXPECT_EQ(Write(&dam_, Visit().Count(Inspection::kTalliesFieldNumber, 3, "tin")),
            v1::REASON_LATE_AMENDMENT);
  EXPECT_EQ(Write(&dam_, Visit().Add(Inspection::kTeamFieldNumber, "que")),
            v1::REASON_LATE_AMENDMENT);
  EXPECT_EQ(Write(&dam_, Visit().SetNumber(Inspection::kStateFieldNumber, 1)),
            v1::REASON_LATE_AMENDMENT);
  EXPECT_EQ(Write(&dam_, Visit().SetNumber(Inspection::kPlannedFieldNumber, 2)),
            v1::REASON_LATE_AMENDMENT)
      << "said for the first time, and of what is signed all the same";
}

TEST_F(SigningTest, LeavesOpenWhatIsBesideTheWords) {
  ASSERT_EQ(Write(&duoc_, Signs(duoc_, "s")), v1::REASON_UNSPECIFIED);
  Meet();
  Wish comment("c", "casework.v1.Comment");
  comment.Set(casework::v1::Comment::kParentFieldNumber, RecordNamed("v").view())
      .Set(casework::v1::Comment::kBodyFieldNumber, "Đã rõ.");
  EXPECT_EQ(Write(&dam_, comment), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(
      Write(&dam_, Wish("n", "casework.v1.Note")
                       .Set(casework::v1::Note::kInspectionIdFieldNumber, RecordNamed("v").view())),
      v1::REASON_UNSPECIFIED)
      << "a record of its own";
  EXPECT_EQ(Write(&dam_, Visit().Append(Inspection::kScoresFieldNumber, "")),
            v1::REASON_UNSPECIFIED)
      << "an entry of a log changes none that is there";
  // A leader's step is an act beside the words; a leader's words are not.
  EXPECT_EQ(Write(&ngu_, Visit().SetNumber(Inspection::kStateFieldNumber, 7)),
            v1::REASON_UNSPECIFIED);
  EXPECT_EQ(Write(&ngu_, Visit().Set(Inspection::kLeadIdFieldNumber, "que")),
            v1::REASON_LATE_AMENDMENT);
}

TEST_F(SigningTest, TakesEffectOnlyOnWhatTheSignerHadBeforeThem) {
  que_.Write("v", {Concludes(std::string(kBase) + " Thiếu chữ ký.")});
  duoc_.Write("v", {Signs(duoc_, "s")});
  office_.Exchange(&que_);
  const v1::ChangeOutcome outcome = Last(&duoc_);
  EXPECT_EQ(outcome.reason(), v1::REASON_SIGNATURE_STALE) << outcome.message();
  EXPECT_THAT(outcome.message(), HasSubstr("it has changed since the version that was signed"));
  EXPECT_FALSE(office_.Find("s").has_value());
  Meet();
  EXPECT_EQ(Write(&que_, Concludes("Vẫn sửa được.")), v1::REASON_UNSPECIFIED)
      << "nothing is frozen";
  // No decision mends it, nor any other refusal of a signature.
  const auto refused = office_.SetAside();
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(office_.TakeIn(refused[0], "ngu").reason(), v1::REASON_SIGNATURE_STALE);
  office_.Exchange(&duoc_);
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "t")), v1::REASON_UNSPECIFIED) << "given again";
}

TEST_F(SigningTest, IsRefusedWhenTheWordsAreNotTheOnesHashed) {
  RecordWish forged = Signs(duoc_, "s");
  for (FieldEdit& field : forged.fields) {
    if (field.op.field() != SignOff::kContentHashFieldNumber) continue;
    field.op.set_set(StringFragment(SignOff::kContentHashFieldNumber, std::string(32, 'x')));
  }
  EXPECT_EQ(Write(&duoc_, forged), v1::REASON_SIGNATURE_STALE);
  RecordWish malformed = Signs(duoc_, "t");
  for (FieldEdit& field : malformed.fields) {
    if (field.op.field() != SignOff::kVersionVectorFieldNumber) continue;
    field.op.set_set(StringFragment(SignOff::kVersionVectorFieldNumber, "short"));
  }
  EXPECT_EQ(Write(&duoc_, malformed), v1::REASON_BAD_VALUE);
}

TEST_F(SigningTest, IsGivenAfterTheSignersOwnUnsentEdits) {
  duoc_.Write("v", {Visit().Set(Inspection::kLeadIdFieldNumber, "dam")});
  duoc_.Write("v", {Signs(duoc_, "s")});
  EXPECT_EQ(Last(&duoc_).reason(), v1::REASON_UNSPECIFIED);
  EXPECT_TRUE(office_.Find("s").has_value());
}

TEST_F(SigningTest, NamesTheOneItFollows) {
  ngu_.Write("v", {Signs(ngu_, "a")});
  duoc_.Write("v", {Signs(duoc_, "b", {"", SIGN_OFF_DECISION_RETURN})});
  ASSERT_EQ(Last(&ngu_).reason(), v1::REASON_UNSPECIFIED);
  const v1::ChangeOutcome second = Last(&duoc_);
  EXPECT_EQ(second.reason(), v1::REASON_SIGNATURE_STALE);
  EXPECT_THAT(second.message(), HasSubstr("signed by ngu (position 2)"));
  Meet();
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "c", {"nobody"})), v1::REASON_PARENT_UNKNOWN)
      << "what it follows may come yet (awaited.h)";
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "d", {"a", SIGN_OFF_DECISION_RETURN})),
            v1::REASON_UNSPECIFIED);
  Meet();
  EXPECT_EQ(Write(&dam_, Concludes("Viết lại.")), v1::REASON_UNSPECIFIED) << "it is open again";
  Meet();
  EXPECT_EQ(Write(&ngu_, Signs(ngu_, "e", {"d"})), v1::REASON_UNSPECIFIED);
  Meet();
  EXPECT_EQ(Write(&dam_, Concludes("Sửa nữa.")), v1::REASON_LATE_AMENDMENT);
}

TEST_F(SigningTest, StaysOfItsRevisionWhenALateAmendmentIsTakenIn) {
  que_.Write("v", {Concludes(std::string(kBase) + " Tin số 9 không ghi giờ.")});
  que_.Write("v", {Concludes(std::string(kBase) + " Tin số 9 không ghi giờ. Số 14 cũng vậy.")});
  que_.Write("v", {NewFinding("f").Text(Finding::kDescriptionFieldNumber, "thiếu giờ")});
  ASSERT_EQ(Write(&duoc_, Signs(duoc_, "s")), v1::REASON_UNSPECIFIED);
  office_.Exchange(&que_);
  const auto late = office_.SetAside();
  ASSERT_THAT(late, SizeIs(3));
  // What was typed after it amends it as well.
  EXPECT_EQ(late[1].reason(), v1::REASON_LATE_AMENDMENT);
  EXPECT_EQ(office_.TakeIn(late[1], "ngu").reason(), v1::REASON_BUILDS_ON_REFUSED);
  for (const v1::QuarantinedChange& change : late) {
    EXPECT_EQ(office_.TakeIn(change, "ngu").verdict(), v1::VERDICT_APPLIED);
  }
  EXPECT_EQ(Conclusion(), std::string(kBase) + " Tin số 9 không ghi giờ. Số 14 cũng vậy.");
  EXPECT_TRUE(office_.Find("f").has_value());
  // The signature names what was: its version is no longer the record's.
  const Signature signature = *SignatureOf(*office_.Find("s"));
  EXPECT_FALSE(signature.version == office_.Find("v")->seen());
  History history = office_.HistoryOf(RecordNamed("v"), {});
  EXPECT_EQ(tests::PlainContentHash(SignedContent(history.At(signature.version))),
            signature.content_hash);
  // It goes on freezing until another one follows, which names it.
  Meet();
  EXPECT_EQ(Write(&que_, Concludes("Lại sửa.")), v1::REASON_LATE_AMENDMENT);
  Meet();
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "t", {"s"})), v1::REASON_UNSPECIFIED);
}

TEST_F(SigningTest, WaitsUntilPeopleAgree) {
  dam_.Write("v", {Visit().Set(Inspection::kPlaceFieldNumber, "Tân Mây")});
  que_.Write("v", {Visit().Set(Inspection::kPlaceFieldNumber, "Cồn Sậy")});
  Meet();
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "s")), v1::REASON_SIGNATURE_STALE);
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "r", {"", SIGN_OFF_DECISION_RETURN})),
            v1::REASON_UNSPECIFIED)
      << "to give it back, they need not";
  dam_.Write("v", {Visit().Set(Inspection::kPlaceFieldNumber, "Tân Mây")});
  // Two numbers for one.
  Meet();
  dam_.Write("v", {Concludes("Sổ tiếp nhận có 18 tin.")});
  que_.Write("v", {Concludes("Sổ tiếp nhận có 19 tin.")});
  Meet();
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "t", {"r"})), v1::REASON_SIGNATURE_STALE);
  EXPECT_EQ(WhyNotToSign(*office_.Find("v")), "people disagree about 1 place in it");
}

TEST_F(SigningTest, WantsSentencesReadThatNobodyReadAsTheyStand) {
  dam_.Write("v", {Concludes("Sổ tiếp nhận không có 17 tin.")});
  que_.Write("v", {Concludes("Sổ tiếp nhận có 17 tin báo.")});
  Meet();
  ASSERT_TRUE(HasSentencesToReadAgain(*office_.Find("v"))) << Conclusion();
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "s")), v1::REASON_REQUIRED_MISSING);
  EXPECT_EQ(Write(&duoc_, Signs(duoc_, "t", {"", SIGN_OFF_DECISION_SIGN, /*read_again=*/true})),
            v1::REASON_UNSPECIFIED);
}

TEST_F(SigningTest, IsWrittenOnceAndWholeAndByItself) {
  ASSERT_EQ(Write(&duoc_, Signs(duoc_, "s")), v1::REASON_UNSPECIFIED);
  Wish more("s", "casework.v1.SignOff");
  more.Set(SignOff::kReasonFieldNumber, "bổ sung");
  EXPECT_THAT(duoc_.TryWrite("v", {more}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("a signature is written once and whole")));
  EXPECT_EQ(Write(&ngu_, Signs(duoc_, "t", {}, "s")), v1::REASON_BAD_VALUE)
      << "nobody signs a signature";
  EXPECT_THAT(dam_.TryWrite("v", {Signs(dam_, "u")}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  ngu_.Write("v", {Signs(ngu_, "w", {"s"}), Visit().Set(Inspection::kLeadIdFieldNumber, "dam")});
  EXPECT_EQ(Last(&ngu_).reason(), v1::REASON_MALFORMED)
      << "what goes with it would be signed unseen";
}

TEST_F(SigningTest, MeetsWhatNoBuildOfOursWrites) {
  ASSERT_EQ(Write(&duoc_, Signs(duoc_, "s")), v1::REASON_UNSPECIFIED);
  Meet();
  ASSERT_EQ(Write(&que_, Concludes("Khác.")), v1::REASON_LATE_AMENDMENT);
  const auto late = ChangeId::From(office_.SetAside().front().change_id());
  for (const char* type : {"office.v1.Nothing", "casework.v1.SignOff"}) {
    v1::Change change = PaperPhone::Draft("v", Wish("v", type), {*late});
    v1::FieldOp& op = *change.mutable_edits(0)->add_ops();
    op.set_field(Inspection::kConclusionFieldNumber);
    op.mutable_text()->set_length_before(5);
    que_.Forge(change);
    EXPECT_NE(Last(&que_).verdict(), v1::VERDICT_APPLIED) << type;
  }
}

TEST_F(SigningTest, AreReadInTheOrderInWhichTheyFollow) {
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "z")), v1::REASON_UNSPECIFIED);
  duoc_.Write("v", {Signs(duoc_, "b")});  // who has not heard of it
  const auto apart = SignaturesOf(RecordNamed("v"), {*office_.Find("z"), *duoc_.Shown("b")});
  ASSERT_THAT(apart, SizeIs(2));
  EXPECT_EQ(apart.back().id(), RecordNamed("z")) << "the one the server knows stands";
  Meet();
  ASSERT_EQ(Write(&duoc_, Signs(duoc_, "a", {"z"})), v1::REASON_UNSPECIFIED);
  const auto chain =
      SignaturesOf(RecordNamed("v"), {*office_.Find("a"), *office_.Find("z"), *office_.Find("v")});
  ASSERT_THAT(chain, SizeIs(2)) << "and nothing that signs nothing";
  EXPECT_EQ(chain.back().id(), RecordNamed("a"));
  EXPECT_THAT(SignaturesOf(RecordNamed("a"), {*office_.Find("z")}), SizeIs(0));
}

TEST_F(SigningTest, OfWhatIsNotHereWaits) {
  RecordWish wish = Signs(duoc_, "s");
  wish.fields.front().op.set_set(
      StringFragment(SignOff::kObjectIdFieldNumber, RecordNamed("nowhere").view()));
  EXPECT_EQ(Write(&duoc_, wish), v1::REASON_PARENT_UNKNOWN);
  EXPECT_EQ(Last(&duoc_).verdict(), v1::VERDICT_HELD);
}

// What comes in one group is judged in its order.
TEST_F(SigningTest, FreezesWhatComesAfterItInOneGroup) {
  que_.Write("v", {Concludes("Khác.")});
  duoc_.Write("v", {Signs(duoc_, "s")});
  const IngestInput first = office_.Load({office_.PushOf(duoc_), office_.PushOf(que_)});
  const IngestOutcome signed_first = Ingest(first);
  ASSERT_THAT(signed_first.signatures, SizeIs(1));
  EXPECT_TRUE(signed_first.signatures.begin()->second.freezes);
  EXPECT_EQ(signed_first.pushes[1].outcomes[0].reason(), v1::REASON_LATE_AMENDMENT);
  const IngestInput second = office_.Load({office_.PushOf(que_), office_.PushOf(duoc_)});
  const IngestOutcome edited_first = Ingest(second);
  EXPECT_TRUE(edited_first.signatures.empty());
  EXPECT_EQ(edited_first.pushes[0].outcomes[0].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(edited_first.pushes[1].outcomes[0].reason(), v1::REASON_SIGNATURE_STALE);
}

TEST_F(SigningTest, CountsOnceWhateverIsSentAgain) {
  ASSERT_EQ(Write(&duoc_, Signs(duoc_, "s")), v1::REASON_UNSPECIFIED);
  Meet();
  EXPECT_EQ(Write(&que_, Concludes("Khác.")), v1::REASON_LATE_AMENDMENT);
  const size_t lines = office_.journal().size();
  office_.Push(duoc_, 1);
  office_.Push(que_, 1);
  EXPECT_EQ(office_.journal().size(), lines);
}

}  // namespace
}  // namespace sotay::sync
