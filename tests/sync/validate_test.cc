#include "sync/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "casework/v1/comment.pb.h"
#include "casework/v1/inspection.pb.h"
#include "sync/fragment.h"
#include "sync/limits.h"
#include "tests/support/builders.h"

namespace sotay::sync {
namespace {

using casework::v1::NOTE_STATE_SIGNED;
using casework::v1::NOTE_STATE_SUBMITTED;
using casework::v1::NOTE_STATE_WITHDRAWN;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::CaseworkSchema;
using tests::kAdministrator;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::Note;
using tests::RecordNamed;
using tests::Wish;
using N = casework::v1::Note;

TEST(IsSlug, IsALabelBeginningWithALetter) {
  for (const char* good : {"a", "vkskv1", "vks-sm", "a-", "x9"}) {
    EXPECT_TRUE(IsSlug(good, false)) << good;
  }
  for (const char* bad : {"", "1a", "-a", "A", "vks_1", "a b", "a\n", "đ", "a.b", "../x", "a/b"}) {
    EXPECT_FALSE(IsSlug(bad, false)) << bad;
  }
  EXPECT_TRUE(IsSlug("nguyen.uu.dam", true));
  EXPECT_FALSE(IsSlug(".nguyen", true));
  EXPECT_TRUE(IsSlug(std::string(63, 'a'), false));
  EXPECT_FALSE(IsSlug(std::string(64, 'a'), false));
  EXPECT_FALSE(IsSlug(absl::string_view("a\0b", 3), true));
}

// --- what an edit may do --------------------------------------------------------------------

class CheckEditTest : public ::testing::Test {
 protected:
  static v1::RecordEdit EditOf(const Wish& wish) {
    v1::RecordEdit edit;
    edit.set_record_id(wish.wish().id.str());
    edit.set_type(wish.wish().type);
    for (const FieldEdit& field : wish.wish().fields) {
      *edit.add_ops() = field.op;
      if (field.whole_text.has_value()) {
        v1::TextEdit* text = edit.mutable_ops()->rbegin()->mutable_text();
        text->add_splices()->set_inserted(*field.whole_text);
      }
    }
    return edit;
  }
  // The record of that type before its birth, or after `birth`.
  MergedRecord Base(const std::string& type, const Wish* birth = nullptr) {
    MergedRecord base(schema_->Find(type), RecordNamed("n"), type, "vkskv1", RecordNamed("k"));
    if (birth != nullptr) {
      Author author;
      author.change = tests::ChangeNamed("birth");
      author.device = tests::DeviceNamed("d");
      author.sequence = 1;
      author.stamp = 1;
      base.Apply(EditOf(*birth), author, {}, {"Vết phanh dài 4,2 m."});
    }
    return base;
  }
  absl::optional<Refusal> Check(const Wish& wish, const MergedRecord& base,
                                const std::set<Role>& roles = kProsecutor) {
    return CheckEdit(*schema_, EditOf(wish), base, roles);
  }
  void ExpectRefused(const Wish& wish, const MergedRecord& base, v1::Reason reason,
                     const char* message, const std::set<Role>& roles = kProsecutor) {
    const auto refusal = Check(wish, base, roles);
    ASSERT_TRUE(refusal.has_value()) << message;
    EXPECT_EQ(refusal->reason, reason) << refusal->message;
    EXPECT_THAT(refusal->message, HasSubstr(message));
  }
  MergedRecord Written() {
    const Wish birth = Note("n").Says("Vết phanh dài 4,2 m.").Set(N::kCaseIdFieldNumber, "k");
    return Base("casework.v1.Note", &birth);
  }
  v1::FieldOp OpOf(uint32_t field) {
    v1::FieldOp op;
    op.set_field(field);
    return op;
  }

  std::shared_ptr<const Schema> schema_ = CaseworkSchema();
};

TEST_F(CheckEditTest, LetsAProsecutorWriteANote) {
  EXPECT_FALSE(Check(Note("n").Says("…").Measured("vết phanh", "4,2", "m").Add(6, "đo lại"),
                     Base("casework.v1.Note"))
                   .has_value());
  EXPECT_FALSE(Check(Note("n").Remove(6, "đo lại").Clear(3), Written()).has_value());
}

TEST_F(CheckEditTest, RefusesATypeItDoesNotKnow) {
  ExpectRefused(Wish("n", "casework.v9.Dream"), Base("casework.v9.Dream"), v1::REASON_TYPE_UNKNOWN,
                "no schema for record type casework.v9.Dream is loaded");
  ExpectRefused(Wish("n", "note"), Base("note"), v1::REASON_TYPE_UNKNOWN, "type note");
}

TEST_F(CheckEditTest, RefusesAnEditOfAnotherType) {
  ExpectRefused(Wish("n", "casework.v1.Finding"), Written(), v1::REASON_TYPE_MISMATCH,
                "the record is a casework.v1.Note, the edit is of a casework.v1.Finding");
}

TEST_F(CheckEditTest, RefusesABirthThatIsNotForTheRole) {
  ExpectRefused(Note("n"), Base("casework.v1.Note"), v1::REASON_WRITER_MAY_NOT,
                "a casework.v1.Note is not for the author's role to create", kSupervisor);
  ExpectRefused(Note("n"), Base("casework.v1.Note"), v1::REASON_WRITER_MAY_NOT, "to create",
                kAdministrator);
}

TEST_F(CheckEditTest, RefusesABirthWithoutWhatIsRequired) {
  const MergedRecord unborn = Base("casework.v1.Comment");
  using C = casework::v1::Comment;
  ExpectRefused(Wish("n", "casework.v1.Comment").Set(C::kBodyFieldNumber, "Xem lại."), unborn,
                v1::REASON_REQUIRED_MISSING, "field parent is required");
  EXPECT_FALSE(Check(Wish("n", "casework.v1.Comment")
                         .Set(C::kBodyFieldNumber, "Xem lại.")
                         .Set(C::kParentFieldNumber, "k"),
                     unborn, kSupervisor)
                   .has_value())
      << "a leader comments";
}

TEST_F(CheckEditTest, RefusesAnOperationThatDoesNotFitTheRule) {
  const MergedRecord note = Written();
  const struct {
    const char* what;
    Wish wish;
    const char* message;
  } cases[] = {
      {"setting prose", Note("n").Set(N::kBodyFieldNumber, "x"), "does not fit RULE_TEXT"},
      {"setting a set", Note("n").Set(N::kNextStepsFieldNumber, "x"), "does not fit RULE_SET"},
      {"appending to a set", Note("n").Append(N::kNextStepsFieldNumber, "x"), "RULE_SET"},
      {"adding to a register", Note("n").Add(N::kKindFieldNumber, "x"), "RULE_REGISTER"},
      {"counting a register", Note("n").Count(N::kOccurredMsFieldNumber, 1), "RULE_REGISTER"},
      {"typing into a register", Note("n").Text(N::kAccountableLeaderIdFieldNumber, "x"),
       "RULE_REGISTER"},
      {"a map without a key", Note("n").Clear(N::kMeasurementsFieldNumber), "RULE_REGISTER"},
      {"a key without a map", Note("n").Clear(N::kKindFieldNumber, "k"), "RULE_REGISTER"},
      {"counting a state", Note("n").Count(N::kStateFieldNumber, 1), "RULE_STATE"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    ExpectRefused(c.wish, note, v1::REASON_RULE_MISMATCH, c.message);
  }
  const MergedRecord inspection = Base("casework.v1.Inspection");
  using I = casework::v1::Inspection;
  const auto begun = [] { return Wish("n", "casework.v1.Inspection").SetNumber(1, 1); };
  ExpectRefused(begun().Set(I::kScoresFieldNumber, ""), inspection, v1::REASON_RULE_MISMATCH,
                "RULE_LOG");
  ExpectRefused(begun().Count(I::kTalliesFieldNumber, 1), inspection, v1::REASON_RULE_MISMATCH,
                "RULE_COUNTER");
  EXPECT_FALSE(Check(begun().Count(I::kTalliesFieldNumber, -9, "người"), inspection).has_value());
}

TEST_F(CheckEditTest, RefusesWhatTheServerAssigns) {
  ExpectRefused(Note("n").SetNumber(N::kReceivedMsFieldNumber, 1), Written(),
                v1::REASON_SERVER_FIELD, "field received_ms is assigned by the server");
  ExpectRefused(Note("n").Clear(N::kReceivedMsFieldNumber), Written(), v1::REASON_SERVER_FIELD,
                "received_ms");
}

TEST_F(CheckEditTest, RefusesALeadersHandInAProsecutorsWords) {
  for (const Wish& wish :
       {Note("n").Says("x"), Note("n").Add(N::kNextStepsFieldNumber, "x"),
        Note("n").Measured("vết phanh", "4,3", "m"), Note("n").Clear(N::kOccurredMsFieldNumber)}) {
    ExpectRefused(wish, Written(), v1::REASON_WRITER_MAY_NOT, "is not for the author's role",
                  kSupervisor);
  }
  EXPECT_FALSE(Check(Note("n").Set(N::kAccountableLeaderIdFieldNumber, "pham.thuy.trieu"),
                     Written(), kSupervisor)
                   .has_value());
}

TEST_F(CheckEditTest, RefusesAStepThatIsNotInTheTable) {
  ExpectRefused(Note("n").Moves(NOTE_STATE_SIGNED), Written(), v1::REASON_ILLEGAL_TRANSITION,
                "field state: no step leads from 0 to 4");
  const Wish submitted = Note("n").Moves(NOTE_STATE_SUBMITTED);
  ExpectRefused(Note("n").Clear(N::kStateFieldNumber), Base("casework.v1.Note", &submitted),
                v1::REASON_ILLEGAL_TRANSITION, "from 2 to 0");
}

TEST_F(CheckEditTest, RefusesAStepThatIsAnothersToTake) {
  const Wish submitted = Note("n").Moves(NOTE_STATE_SUBMITTED);
  const MergedRecord note = Base("casework.v1.Note", &submitted);
  ExpectRefused(Note("n").Moves(NOTE_STATE_SIGNED), note, v1::REASON_WRITER_MAY_NOT,
                "the step from 2 to 4 is not for the author's role");
  EXPECT_FALSE(Check(Note("n").Moves(NOTE_STATE_SIGNED), note, kSupervisor).has_value());
  ExpectRefused(Note("n").Moves(NOTE_STATE_SUBMITTED), Written(), v1::REASON_WRITER_MAY_NOT,
                "the step from 0 to 2", kSupervisor);
}

TEST_F(CheckEditTest, RefusesASecondWritingOfWhatIsWrittenOnce) {
  ExpectRefused(Note("n").Set(N::kCaseIdFieldNumber, "another"), Written(), v1::REASON_ONCE_WRITTEN,
                "field case_id is written once and was");
  ExpectRefused(Note("n").Clear(N::kCaseIdFieldNumber), Written(), v1::REASON_ONCE_WRITTEN,
                "case_id");
  EXPECT_FALSE(Check(Note("n").Set(N::kInspectionIdFieldNumber, "i"), Written()).has_value())
      << "written later than birth";
}

TEST_F(CheckEditTest, RefusesTwoStepsOrTwoFirstWritingsInOneEdit) {
  ExpectRefused(Note("n").Moves(NOTE_STATE_SUBMITTED).Moves(NOTE_STATE_WITHDRAWN), Written(),
                v1::REASON_RULE_MISMATCH, "field state is written twice in one edit");
  ExpectRefused(Note("n").Set(2, "i").Set(2, "j"), Written(), v1::REASON_RULE_MISMATCH,
                "field inspection_id is written twice in one edit");
  EXPECT_FALSE(Check(Note("n").SetNumber(3, 1).SetNumber(3, 2), Written()).has_value())
      << "a register may change twice";
}

TEST_F(CheckEditTest, RefusesAValueThatIsNone) {
  v1::FieldOp op = OpOf(N::kKindFieldNumber);
  op.set_set(StringFragment(N::kKindFieldNumber, "x"));
  ExpectRefused(Note("n").Op(op), Written(), v1::REASON_BAD_VALUE, "field kind: wrong wire type");
  op = OpOf(N::kNextStepsFieldNumber);
  op.set_add("");
  ExpectRefused(Note("n").Op(op), Written(), v1::REASON_BAD_VALUE, "field next_steps: no value");
  op.set_remove("\xFF");
  ExpectRefused(Note("n").Op(op), Written(), v1::REASON_BAD_VALUE, "field next_steps");
  ExpectRefused(Note("n").Add(N::kNextStepsFieldNumber, "\xED\xA0\x80"), Written(),
                v1::REASON_BAD_VALUE, "byte 0 is not UTF-8");
  const MergedRecord inspection = Base("casework.v1.Inspection");
  ExpectRefused(Wish("n", "casework.v1.Inspection").SetNumber(1, 1).Append(16, "\xFF"), inspection,
                v1::REASON_BAD_VALUE, "field scores");
}

TEST_F(CheckEditTest, RefusesAStepOfACounterThatIsTooLong) {
  const MergedRecord inspection = Base("casework.v1.Inspection");
  const auto count = [](int64_t step) {
    return Wish("n", "casework.v1.Inspection").SetNumber(1, 1).Count(15, step, "người");
  };
  EXPECT_FALSE(Check(count(kCounterStepMax), inspection).has_value());
  EXPECT_FALSE(Check(count(-kCounterStepMax), inspection).has_value());
  for (int64_t step : {kCounterStepMax + 1, -kCounterStepMax - 1, INT64_MAX, INT64_MIN}) {
    ExpectRefused(count(step), inspection, v1::REASON_BAD_VALUE, "step over ±2^40");
  }
}

TEST_F(CheckEditTest, CarriesAFieldNoSchemaKnows) {
  EXPECT_FALSE(
      Check(Note("n").Set(900, "x").Add(901, "y").Append(902, "z").Count(903, 1).Text(904, "w"),
            Written())
          .has_value());
  EXPECT_FALSE(Check(Note("n").Set(900, "x"), Written(), kSupervisor).has_value());
}

TEST_F(CheckEditTest, RefusesToCarryAnotherFieldInOneNoSchemaKnows) {
  const std::string smuggled = StringFragment(900, "x") + StringFragment(N::kBodyFieldNumber, "y");
  const std::function<void(v1::FieldOp*)> ways[] = {
      [&](v1::FieldOp* op) { op->set_set(smuggled); },
      [&](v1::FieldOp* op) { op->set_add(smuggled); },
      [&](v1::FieldOp* op) { op->set_remove(smuggled); },
      [&](v1::FieldOp* op) { op->set_append(smuggled); },
  };
  for (const auto& way : ways) {
    v1::FieldOp op = OpOf(900);
    way(&op);
    ExpectRefused(Note("n").Op(op), Written(), v1::REASON_BAD_VALUE, "field 900");
  }
}

TEST_F(CheckEditTest, NeverSaysWhatWasWritten) {
  const auto refusal = Check(Note("n").Add(6, "bi mat\xFF"), Written());
  ASSERT_TRUE(refusal.has_value());
  EXPECT_THAT(refusal->message, Not(HasSubstr("mat")));
}

TEST(AuthorityOf, PutsTheLeaderAboveTheProsecutorAndNobodyElseAnywhere) {
  EXPECT_GT(AuthorityOf(kSupervisor), AuthorityOf(kProsecutor));
  EXPECT_GT(AuthorityOf(kProsecutor), 0u);
  EXPECT_EQ(AuthorityOf(kAdministrator), 0u);
  EXPECT_EQ(AuthorityOf({}), 0u);
  EXPECT_EQ(AuthorityOf({options::v1::ROLE_PROSECUTOR, options::v1::ROLE_SUPERVISOR}),
            AuthorityOf(kSupervisor));
}

}  // namespace
}  // namespace sotay::sync
