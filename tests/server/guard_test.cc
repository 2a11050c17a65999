// The guard with the table that is compiled in: against a model of the matrix that shares nothing
// with it, and by hand.
#include "sync/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/access_rules.h"
#include "sync/organisation.h"
#include "tests/server/naive_rights.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::shared_ptr<const Matrix> BuiltIn() {
  static const auto* const kRules = new server::AccessRules(
      server::LoadAccessRules("", *tests::CaseworkSchema(), 20260701).value());
  return kRules->matrix;
}

constexpr Verb kEveryVerb[] = {Verb::kCreate, Verb::kRead,    Verb::kEdit,
                               Verb::kSubmit, Verb::kApprove, Verb::kNumbers,
                               Verb::kDecide, Verb::kAssign,  Verb::kSeal};
constexpr const char* kEveryKind[] = {"case",    "action",   "note",       "inspection", "finding",
                                      "comment", "signoff",  "attachment", "other",      "device",
                                      "audit",   "deadline", "assignment"};
constexpr int kKinds = 13;
static_assert(sizeof kEveryKind / sizeof kEveryKind[0] == kKinds);

// A small office with everybody in it, twice: as the guard knows it and as the model does.
class Office {
 public:
  explicit Office(unsigned seed) : chance_(seed) {
    for (int i = 0; i < kUnits; ++i) {
      const std::string unit = Unit(i);
      const std::string parent = i == 0 || Roll(5) == 0 ? "" : Unit(Roll(i));
      organisation_.PutUnit(unit, parent);
      units_[unit].parent = parent;
    }
    for (int i = 0; i + 1 < kUnits; ++i) {
      if (Roll(3) != 0) continue;
      tests::NaiveUnit& ended = units_[Unit(i)];
      ended.last_day = ADay();
      // To later ones alone, so that nothing leads back.
      for (int k = 0; k < 2; ++k) ended.successors.push_back(Unit(i + 1 + Roll(kUnits - i - 1)));
      organisation_.PutTerm(Unit(i), 0, ended.last_day, ended.successors);
    }
  }

  // One question; whether the guard and the model agree.  Notes by which lines it was allowed.
  testing::AssertionResult Ask(std::map<std::string, int>* allowed);

 private:
  static constexpr int kUnits = 5;
  static std::string Unit(int i) { return "u" + std::to_string(i); }
  int Roll(int sides) { return static_cast<int>(chance_() % static_cast<unsigned>(sides)); }
  // Few, so that posts begin and end on the day that is asked about.
  Day ADay() { return 20260701 + Roll(5); }

  std::mt19937 chance_;
  Organisation organisation_;
  std::map<std::string, tests::NaiveUnit> units_;
};

testing::AssertionResult Office::Ask(std::map<std::string, int>* allowed) {
  const Matrix& matrix = *BuiltIn();
  const char* const kCodes[] = {"tin_bao", "hinh_su", "dan_su"};
  std::vector<HeldPost> posts;
  std::vector<tests::NaivePost> naive;
  for (int i = 1 + Roll(2); i > 0; --i) {
    tests::NaivePost post;
    post.capacity = static_cast<v1::Capacity>(1 + Roll(9));
    post.unit = Unit(Roll(kUnits));
    post.first_day = Roll(3) != 0 ? 0 : ADay();
    post.last_day = Roll(3) != 0 ? 0 : ADay();
    google::protobuf::RepeatedPtrField<std::string> codes;
    for (const char* code : kCodes) {
      if (Roll(2) == 0) *codes.Add() = code;
    }
    if (Roll(8) == 0) *codes.Add() = "*";
    post.fields.insert(codes.begin(), codes.end());
    posts.push_back(
        {post.capacity, post.unit, matrix.FieldsOf(codes), post.first_day, post.last_day});
    naive.push_back(std::move(post));
  }
  tests::NaiveRecord record;
  record.unit = Unit(Roll(kUnits));
  record.kind = kEveryKind[Roll(kKinds)];
  record.submitted = Roll(2) == 0;
  record.begun = Roll(2) == 0;
  // What a dossier is, and whose, is no matter of devices and reads.
  const bool in_dossier = record.kind != "device" && record.kind != "audit";
  record.assigned = in_dossier && Roll(2) == 0;
  record.for_others = in_dossier && Roll(3) == 0;
  google::protobuf::RepeatedPtrField<std::string> codes;
  if (Roll(4) != 0) *codes.Add() = kCodes[Roll(3)];
  record.fields.insert(codes.begin(), codes.end());
  const Verb verb = Roll(3) == 0 ? Verb::kRead : kEveryVerb[Roll(kVerbs)];
  const Day day = ADay();

  Facts facts;
  facts.kind =
      static_cast<Kind>(std::find(matrix.kinds().begin(), matrix.kinds().end(), record.kind) -
                        matrix.kinds().begin());
  facts.submitted = record.submitted;
  facts.begun = record.begun;
  facts.assigned = record.assigned;
  facts.kept_back = record.for_others;
  facts.fields = matrix.FieldsOf(codes);
  const Seats seats = SeatsIn(posts, organisation_.StandingOf(record.unit, day), day);
  const Verdict verdict = Decide(matrix, seats, verb, facts);
  const bool expected = tests::NaivelyAllowed(units_, naive, record, NameOf(verb), day);
  if (verdict.allowed() && verdict.line == nullptr) {
    return testing::AssertionFailure() << "allowed by no line";
  }
  if (verdict.allowed()) ++(*allowed)[verdict.line->name];
  if (verdict.allowed() == expected) return testing::AssertionSuccess();
  auto failure = testing::AssertionFailure();
  failure << (expected ? "refused " : "allowed ") << NameOf(verb) << ' ' << record.kind << " of "
          << record.unit << " on " << day << ": " << Why(matrix, verdict, verb, facts.kind);
  for (const auto& post : naive) {
    failure << "\n  " << NameOf(post.capacity) << " in " << post.unit << ' ' << post.first_day
            << ".." << post.last_day;
  }
  return failure;
}

TEST(Guard, AgreesWithTheMatrixOnAMillionQuestions) {
  constexpr int kOffices = 1'000;
  constexpr int kQuestions = 1'500;
  std::map<std::string, int> allowed;
  for (unsigned office = 0; office < kOffices; ++office) {
    Office world(office);
    for (int i = 0; i < kQuestions; ++i) ASSERT_TRUE(world.Ask(&allowed)) << "office " << office;
  }
  // Every line of the table was the one that allowed something, often.
  for (const auto& line : BuiltIn()->lines()) EXPECT_GT(allowed[line->name], 100) << line->name;
}

Standing At(const std::string& unit) { return {{unit}, {}}; }

TEST(Guard, APostCountsFromItsFirstDayThroughItsLast) {
  const std::vector<HeldPost> posts = {{v1::CAPACITY_KSV, "kv1", 0, 20260705, 20260731}};
  EXPECT_TRUE(SeatsIn(posts, At("kv1"), 20260704).empty());
  EXPECT_EQ(SeatsIn(posts, At("kv1"), 20260705).size(), 1u);
  EXPECT_EQ(SeatsIn(posts, At("kv1"), 20260731).size(), 1u);
  EXPECT_TRUE(SeatsIn(posts, At("kv1"), 20260801).empty());
  EXPECT_TRUE(SeatsIn(posts, At("kv2"), 20260710).empty());
}

TEST(Guard, DaysAreCountedWhereTheOfficeIs) {
  // 2026-07-04 17:00 UTC is midnight in Vietnam.
  constexpr int64_t kMidnightMs = 1'783'184'400'000;
  EXPECT_EQ(DayOf(kMidnightMs - 1), 20260704);
  EXPECT_EQ(DayOf(kMidnightMs), 20260705);
  EXPECT_TRUE(IsDay(20280229));
  EXPECT_FALSE(IsDay(20260229));
  EXPECT_FALSE(IsDay(20261301));
  EXPECT_FALSE(IsDay(20260700));
  EXPECT_FALSE(IsDay(0));
}

TEST(Guard, AUnitThatEndedIsReadThroughWhatCameAfterIt) {
  Organisation office;
  office.PutUnit("tinh", "");
  office.PutUnit("tinh-cu", "");
  office.PutUnit("kv1", "tinh-cu");
  office.PutUnit("kv3", "tinh");
  office.PutUnit("kv4", "tinh");
  office.PutTerm("kv1", 0, 20260731, {"kv3"});
  office.PutTerm("kv3", 0, 20260930, {"kv4"});
  EXPECT_THAT(office.StandingOf("kv1", 20260731).self, ElementsAre("kv1"));
  EXPECT_THAT(office.StandingOf("kv1", 20260801).self, ElementsAre("kv1", "kv3"));
  EXPECT_THAT(office.StandingOf("kv1", 20260801).above, UnorderedElementsAre("tinh-cu", "tinh"));
  EXPECT_THAT(office.StandingOf("kv1", 20261001).self, ElementsAre("kv1", "kv3", "kv4"));
  // Not the other way round.
  EXPECT_THAT(office.StandingOf("kv4", 20261001).self, ElementsAre("kv4"));
  EXPECT_THAT(office.StandingOf("nowhere", 20261001).self, ElementsAre());
  EXPECT_TRUE(office.LeadsBack("kv4", {"kv1"}));
  EXPECT_FALSE(office.LeadsBack("kv4", {"tinh"}));
}

Seats SeatOf(v1::Capacity capacity, FieldSet fields = 0, bool here = true) {
  Seats seats;
  seats.push_back({capacity, here, fields});
  return seats;
}

TEST(Guard, ADeviceCarriesAUnitOnlyWhenItsUserMayReadAllOfIt) {
  const Matrix& matrix = *BuiltIn();
  for (const v1::Capacity all :
       {v1::CAPACITY_HEAD, v1::CAPACITY_DEP, v1::CAPACITY_KSV, v1::CAPACITY_KTV}) {
    EXPECT_TRUE(ReadsAll(matrix, SeatOf(all))) << NameOf(all);
    EXPECT_FALSE(ReadsAll(matrix, SeatOf(all, kEveryField, /*here=*/false))) << NameOf(all);
  }
  for (const v1::Capacity some : {v1::CAPACITY_DIV, v1::CAPACITY_INS}) {
    EXPECT_FALSE(ReadsAll(matrix, SeatOf(some))) << NameOf(some);
    EXPECT_NE(ReadsSome(matrix, SeatOf(some)), nullptr) << NameOf(some);
  }
  for (const v1::Capacity none : {v1::CAPACITY_CLK, v1::CAPACITY_STA, v1::CAPACITY_ADM}) {
    EXPECT_EQ(ReadsSome(matrix, SeatOf(none)), nullptr) << NameOf(none);
  }
}

TEST(Guard, WhoSeesWhatIsForOthersAllTheSame) {
  const Matrix& matrix = *BuiltIn();
  const FieldSet crimes = FieldSet{1} << 1;
  EXPECT_EQ(ReachOfKeptBack(matrix, SeatOf(v1::CAPACITY_HEAD)), kEveryField);
  EXPECT_EQ(ReachOfKeptBack(matrix, SeatOf(v1::CAPACITY_HEAD, 0, /*here=*/false)), 0u);
  EXPECT_EQ(ReachOfKeptBack(matrix, SeatOf(v1::CAPACITY_DEP, crimes)), crimes);
  EXPECT_EQ(ReachOfKeptBack(matrix, SeatOf(v1::CAPACITY_DEP, kEveryField)), kEveryField);
  for (const v1::Capacity none : {v1::CAPACITY_KSV, v1::CAPACITY_KTV, v1::CAPACITY_DIV}) {
    EXPECT_EQ(ReachOfKeptBack(matrix, SeatOf(none, kEveryField)), 0u) << NameOf(none);
  }
  // Two posts of one person add up.
  Seats both = SeatOf(v1::CAPACITY_DEP, crimes);
  both.push_back({v1::CAPACITY_KSV, true, 0});
  EXPECT_EQ(ReachOfKeptBack(matrix, both), crimes);
}

// Of a table in which prosecutors have what is theirs and no more.
TEST(Guard, TheirOwnIsWhatTheyBeganAndWhatTheyAreAssigned) {
  const auto matrix =
      Matrix::Parse("version 1\nsince 2026-07-01\nrule a KSV note create,read,edit own\n",
                    "office.rules", *tests::CaseworkSchema());
  ASSERT_THAT(matrix, tests::IsOk());
  Facts note;
  note.kind = (*matrix)->TypeOf("casework.v1.Note").kind;
  const auto may = [&](Verb verb, bool here) {
    return Decide(**matrix, SeatOf(v1::CAPACITY_KSV, 0, here), verb, note).allowed();
  };
  EXPECT_FALSE(may(Verb::kRead, true));
  EXPECT_FALSE(may(Verb::kCreate, true));
  note.begun = true;
  EXPECT_TRUE(may(Verb::kEdit, true));
  note.begun = false;
  note.assigned = true;
  EXPECT_TRUE(may(Verb::kEdit, true));
  EXPECT_TRUE(may(Verb::kCreate, true));
  EXPECT_FALSE(may(Verb::kRead, false)) << "not from above";
  note.kept_back = true;
  EXPECT_FALSE(may(Verb::kRead, true)) << "an act stands over it";
}

TEST(Guard, WhoSeesSomeNumbersCounts) {
  for (const char* line : {"unit", "unit submitted", "unit in-field", "own", "tree"}) {
    const auto matrix = Matrix::Parse(
        absl::StrCat("version 1\nsince 2026-07-01\nfield hinh_su Hình sự / Criminal cases\n",
                     "submitted finding FINDING_STATE_CONFIRMED\n", "rule a STA finding numbers ",
                     line, "\n"),
        "office.rules", *tests::CaseworkSchema());
    ASSERT_THAT(matrix, tests::IsOk()) << line;
    EXPECT_TRUE(Counts(**matrix, SeatOf(v1::CAPACITY_STA, 1))) << line;
    EXPECT_FALSE(Counts(**matrix, SeatOf(v1::CAPACITY_KSV, 1))) << line;
  }
  EXPECT_FALSE(Counts(*BuiltIn(), SeatOf(v1::CAPACITY_KSV)));
}

TEST(Guard, SaysWhichRuleAndWhatItLacked) {
  const Matrix& matrix = *BuiltIn();
  Facts note;
  note.kind = matrix.TypeOf("casework.v1.Note").kind;
  const auto why = [&](v1::Capacity capacity, bool here, Verb verb) {
    return Why(matrix, Decide(matrix, SeatOf(capacity, 1, here), verb, note), verb, note.kind);
  };
  EXPECT_EQ(why(v1::CAPACITY_DEP, true, Verb::kApprove),
            "rule dep.decide: the dossier is in none of the post's fields of work");
  EXPECT_EQ(why(v1::CAPACITY_HEAD, false, Verb::kRead),
            "rule head.work.below: the record was not submitted");
  EXPECT_EQ(why(v1::CAPACITY_HEAD, false, Verb::kApprove),
            "rule head.work: it does not reach this record");
  EXPECT_EQ(why(v1::CAPACITY_KTV, true, Verb::kSubmit),
            "no rule lets the author's posts submit a record of kind note");
  note.kept_back = true;
  EXPECT_EQ(why(v1::CAPACITY_KSV, true, Verb::kEdit),
            "rule ksv.work: the dossier is for named people, of whom the author is none");
}

}  // namespace
}  // namespace sotay::sync
