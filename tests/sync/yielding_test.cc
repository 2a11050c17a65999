// Steps that give way to work they did not know of: a note that is withdrawn while somebody writes
// on in it (docs/merge.md, law M13).
#include "sync/yielding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sotay/v1/record.pb.h"
#include "sync/apart.h"
#include "sync/fragment.h"
#include "sync/freeze.h"
#include "sync/signing.h"
#include "sync/view.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using absl::StatusCode;
using casework::v1::NOTE_STATE_DRAFT;
using casework::v1::NOTE_STATE_RETURNED;
using casework::v1::NOTE_STATE_SIGNED;
using casework::v1::NOTE_STATE_SUBMITTED;
using casework::v1::NOTE_STATE_UNSPECIFIED;
using casework::v1::NOTE_STATE_WITHDRAWN;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::StatusIs;
using N = casework::v1::Note;

class YieldingTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    dam_.Write("k", {NewCase("k"), Note("n").Says("Tin số 9 không ghi giờ.")});
    Meet();
  }
  // Everybody has what everybody wrote; whoever is first to be heard is so by chance.
  void Meet() {
    std::vector<PaperPhone*> phones = {&dam_, &que_, &lead_, &duoc_};
    if (GetParam()) std::reverse(phones.begin(), phones.end());
    for (int again = 0; again < 2; ++again) {
      for (PaperPhone* phone : phones) office_.Exchange(phone);
    }
    ASSERT_THAT(office_.SetAside(), IsEmpty()) << office_.SetAside().front().message();
    for (PaperPhone* phone : phones) {
      ASSERT_EQ(phone->Shown("n")->Serialize(), office_.Find("n")->Serialize());
    }
  }
  void SubmitAndReturn() {
    dam_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
    Meet();
    lead_.Write("k", {Note("n").Moves(NOTE_STATE_RETURNED)});
    Meet();
  }
  int32_t State() const { return office_.Find("n")->StateInForce(N::kStateFieldNumber); }
  // Who asks, and whose work they did not know of.
  std::vector<std::string> Requests() const {
    const MergedRecord note = *office_.Find("n");
    std::vector<std::string> requests;
    for (const Request& request : RequestsIn(note)) {
      EXPECT_EQ(request.field, note.type()->state);
      std::string words = note.author(request.step->author).user_id + " over";
      for (size_t author : request.step->unaware) words += " " + note.author(author).user_id;
      requests.push_back(words);
    }
    return requests;
  }
  void WithdrawWhileQueWrites() { WithdrawWhileQueWrites(&dam_); }
  void WithdrawWhileQueWrites(PaperPhone* phone) {
    phone->Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
    que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại.")});
    Meet();
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone dam_ = office_.Enrol("dam", kProsecutor);
  PaperPhone que_ = office_.Enrol("que", kProsecutor);
  PaperPhone lead_ = office_.Enrol("ngu", kSupervisor);
  PaperPhone duoc_ = office_.Enrol("duoc", kSupervisor);
};

INSTANTIATE_TEST_SUITE_P(InOrder, YieldingTest, ::testing::Values(false, true));

TEST_P(YieldingTest, WhatDidNotKnowOfOthersWorkIsARequest) {
  WithdrawWhileQueWrites();
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), ElementsAre("dam over que"));
  EXPECT_THAT(RequestedStates(*office_.Find("n")), ElementsAre("NOTE_STATE_WITHDRAWN"));
  EXPECT_EQ(ConflictCount(*office_.Find("n")), 0u) << "it freezes nothing";
}

TEST_P(YieldingTest, WhatIsNoTextIsWorkAsWell) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Measured("vết phanh", "4,2", "m")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), ElementsAre("dam over que"));
}

TEST_P(YieldingTest, AStepOfTheSameStateIsADecisionAndNoWork) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SUBMITTED) << "the more cautious";
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_EQ(ConflictCount(*office_.Find("n")), 1u);
}

TEST_P(YieldingTest, OnesOwnWorkIsKnown) {
  dam_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Xem lại."), Note("m").Says("khác")});
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, WhatKnewOfTheWorkStands) {
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại.")});
  Meet();
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại. Rồi.")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN) << "nor is it asked for when somebody writes who knows";
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, DoesNotFallSilentWhenEitherWritesAgain) {
  WithdrawWhileQueWrites();
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại. Có trả lời.")});
  Meet();
  dam_.Write("k", {Note("n").Measured("vết phanh", "4,2", "m")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), ElementsAre("dam over que"));
}

TEST_P(YieldingTest, ALeaderAgrees) {
  WithdrawWhileQueWrites();
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, ALeaderDoesNot) {
  WithdrawWhileQueWrites();
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_DRAFT)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_DRAFT);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, NobodyElseDecidesByAskingTwice) {
  WithdrawWhileQueWrites();
  EXPECT_THAT(dam_.TryWrite("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)}),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("not for the author's role")));
  EXPECT_THAT(que_.TryWrite("k", {Note("n").Moves(NOTE_STATE_DRAFT)}),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("not for the author's role")));
  EXPECT_THAT(que_.TryWrite("k", {Note("n").Clear(N::kStateFieldNumber)}),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("not for the author's role")));
  // It goes on as what it is, and nothing is decided by that.
  que_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SUBMITTED);
  EXPECT_THAT(Requests(), ElementsAre("dam over que"));
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_RETURNED)});
  Meet();
  EXPECT_THAT(Requests(), IsEmpty()) << "a decider's step, whichever";
}

TEST_P(YieldingTest, ProsecutorsDoNotEndWhatALeaderAsksFor) {
  SubmitAndReturn();
  WithdrawWhileQueWrites(&lead_);
  que_.Write("k", {Note("n").Moves(NOTE_STATE_DRAFT)});
  Meet();
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  que_.Write("k", {Note("n").Measured("vết phanh", "4,2", "m")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SUBMITTED);
  EXPECT_THAT(Requests(), ElementsAre("ngu over que"));
  duoc_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, ALeaderKeepsItAsBorn) {
  WithdrawWhileQueWrites();
  lead_.Write("k", {Note("n").Clear(N::kStateFieldNumber)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_THAT(lead_.TryWrite("k", {Note("n").Clear(N::kStateFieldNumber)}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("no step leads from")))
      << "once it is decided";
}

TEST_P(YieldingTest, ALeaderKeepsWhatIsSubmittedWithoutThrowingItBack) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  WithdrawWhileQueWrites(&lead_);
  EXPECT_THAT(que_.TryWrite("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)}),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("not for the author's role")));
  duoc_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SUBMITTED);
  EXPECT_THAT(Requests(), IsEmpty());
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_SIGNED)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SIGNED);
}

TEST_P(YieldingTest, ALeaderKeepsWhatIsReturned) {
  SubmitAndReturn();
  WithdrawWhileQueWrites(&lead_);
  duoc_.Write("k", {Note("n").Moves(NOTE_STATE_RETURNED)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_RETURNED);
  EXPECT_THAT(Requests(), IsEmpty());
}

// What is signed nobody takes back: what was asked for meanwhile was overtaken.
TEST_P(YieldingTest, WhatIsSignedIsNotUnsignedByARequest) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  duoc_.Write("k", {Note("n").Moves(NOTE_STATE_SIGNED)});
  WithdrawWhileQueWrites(&lead_);
  EXPECT_EQ(State(), NOTE_STATE_SIGNED);
  EXPECT_THAT(Requests(), IsEmpty());
  const MergedRecord note = *office_.Find("n");
  const std::vector<Overtaken> overtaken = OvertakenIn(note);
  ASSERT_THAT(overtaken, SizeIs(1));
  EXPECT_EQ(note.author(overtaken[0].author).user_id, "ngu");
  EXPECT_EQ(VarintOf(*overtaken[0].value), static_cast<uint64_t>(NOTE_STATE_WITHDRAWN));
  EXPECT_EQ(note.author(overtaken[0].in_force->author).user_id, "duoc");
  for (const casework::v1::NoteState to :
       {NOTE_STATE_WITHDRAWN, NOTE_STATE_DRAFT, NOTE_STATE_SIGNED}) {
    EXPECT_THAT(lead_.TryWrite("k", {Note("n").Moves(to)}),
                StatusIs(StatusCode::kFailedPrecondition, HasSubstr("no step leads from")))
        << to;
  }
}

TEST_P(YieldingTest, NothingIsSignedWhileItIsAskedFor) {
  WithdrawWhileQueWrites();
  const auto refused = [this] {
    const MergedRecord note = *office_.Find("n");
    Signature signature;
    signature.object = note.id();
    signature.version = note.seen();
    signature.content_hash = tests::PlainContentHash(SignedContent(note));
    signature.signs = true;
    const auto refusal = CheckSignature(signature, note, nullptr, tests::PlainContentHash);
    EXPECT_EQ(refusal.has_value(), !WhyNotToSign(note).empty());
    return refusal.has_value() ? refusal->message : "";
  };
  EXPECT_THAT(refused(), HasSubstr("nobody has decided"));
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_DRAFT)});
  Meet();
  EXPECT_EQ(refused(), "");
}

// A refused withdrawal that a leader takes in is decided by that.
TEST_P(YieldingTest, WhatALeaderTakesInIsDecided) {
  WithdrawWhileQueWrites();
  dam_.Forge(
      PaperPhone::Draft("k", Note("n").Moves(NOTE_STATE_WITHDRAWN), office_.Find("n")->heads()));
  ASSERT_EQ(office_.Push(dam_).outcomes.back().reason(), v1::REASON_WRITER_MAY_NOT);
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại. Rồi.")});
  office_.Exchange(&que_);
  ASSERT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  ASSERT_THAT(office_.SetAside(), SizeIs(1));
  const v1::ChangeOutcome taken = office_.TakeIn(office_.SetAside().front(), "ngu");
  ASSERT_EQ(taken.verdict(), v1::VERDICT_APPLIED) << taken.message();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, ThatIsRefusedByTheServerAsWell) {
  WithdrawWhileQueWrites();
  dam_.Forge(
      PaperPhone::Draft("k", Note("n").Moves(NOTE_STATE_WITHDRAWN), office_.Find("n")->heads()));
  EXPECT_EQ(office_.Push(dam_).outcomes.back().reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
}

TEST_P(YieldingTest, WhatWasDecidedIsNotAskedForAgain) {
  WithdrawWhileQueWrites();
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại. Rồi.")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN) << "the leader knew that others worked on";
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_THAT(ApartFromState(*office_.Find("n")), SizeIs(1)) << "and that is told";
}

// Whoever names parents of long ago seems to have been offline; it is asked once, and decided.
TEST_P(YieldingTest, ToNameOldParentsAsksOnceAtMost) {
  const std::vector<ChangeId> old = office_.Find("n")->heads();
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  const auto forge = [&](const char* number) {
    que_.Forge(PaperPhone::Draft("k", Note("n").Measured("vết phanh", number, "m"), old));
    ASSERT_EQ(office_.Push(que_).outcomes.back().verdict(), v1::VERDICT_APPLIED);
    Meet();
  };
  forge("4,2");
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), ElementsAre("dam over que"));
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  forge("4,5");
  forge("4,7");
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, WhatChangesNothingIsNoWork) {
  que_.Write("k", {Note("n").Measured("vết phanh", "4,2", "m").Add(N::kNextStepsFieldNumber, "a")});
  Meet();
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n")
                       .Measured("vết phanh", "4,2", "m")
                       .Add(N::kNextStepsFieldNumber, "a")
                       .Remove(N::kNextStepsFieldNumber, "b")
                       .Says("Tin số 9 không ghi giờ.")
                       .Clear(N::kKindFieldNumber)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, TheStateThatStandsIsTheOneBefore) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại.")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SUBMITTED) << "nothing was lost of it";
  EXPECT_THAT(Requests(), ElementsAre("ngu over que"));
}

TEST_P(YieldingTest, SurvivesStoringAndSending) {
  WithdrawWhileQueWrites();
  const std::string bytes = office_.Find("n")->Serialize();
  const auto again = MergedRecord::Parse(*CaseworkSchema(), bytes);
  ASSERT_THAT(again, tests::IsOk());
  EXPECT_EQ(again->Serialize(), bytes);
  EXPECT_EQ(VisibleBytes(*again), VisibleBytes(*office_.Find("n")));
}

// What a server merged before it knew this law: the step stands, whoever reads is told that others
// wrote on, and the law holds from the next edit on that had not seen everything.
TEST_P(YieldingTest, ReadsWhatWasMergedBefore) {
  WithdrawWhileQueWrites();
  v1::Record old;
  office_.Find("n")->ToProto(&old);
  for (v1::FieldState& field : *old.mutable_fields()) {
    if (field.field() != N::kStateFieldNumber) continue;
    v1::Reading* const step = field.add_readings();
    step->set_value(field.requests(0).value());
    step->set_change(field.requests(0).change());
    field.clear_requests();
  }
  const auto record = MergedRecord::Parse(*CaseworkSchema(), old.SerializeAsString());
  ASSERT_THAT(record, tests::IsOk());
  EXPECT_EQ(record->StateInForce(N::kStateFieldNumber), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(ApartFromState(*record), SizeIs(1));
  EXPECT_EQ(record->Serialize(), old.SerializeAsString());
}

}  // namespace
}  // namespace sotay::sync
