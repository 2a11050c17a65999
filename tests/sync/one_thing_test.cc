// What is one thing though it was recorded several times, and what its records have together.
#include "sync/one_thing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/finding.pb.h"
#include "casework/v1/legal_action.pb.h"
#include "sync/fragment.h"
#include "sync/unknown_time.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using casework::v1::Finding;
using casework::v1::LegalAction;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::Wish;

Counted Of(const std::string& name, const std::string& dossier, Stamp born,
           const std::string& repeats = "") {
  Counted one{RecordNamed(name), RecordNamed(dossier), born, absl::nullopt};
  if (!repeats.empty()) one.repeats = RecordNamed(repeats);
  return one;
}

TEST(OneThing, IsWhatRepeatsAnotherDirectlyOrOverOthers) {
  EXPECT_THAT(HeadsOf({}), IsEmpty());
  EXPECT_THAT(HeadsOf({Of("a", "k", 1), Of("b", "k", 2)}), ElementsAre(0u, 1u));
  EXPECT_THAT(HeadsOf({Of("a", "k", 1), Of("b", "k", 2, "a")}), ElementsAre(0u, 0u));
  EXPECT_THAT(HeadsOf({Of("a", "k", 1, "b"), Of("b", "k", 2)}), ElementsAre(1u, 1u))
      << "the head is what is repeated, not what came first";
  EXPECT_THAT(HeadsOf({Of("a", "k", 1, "b"), Of("b", "k", 2, "c"), Of("c", "k", 3)}),
              ElementsAre(2u, 2u, 2u));
  EXPECT_THAT(HeadsOf({Of("a", "k", 1, "c"), Of("b", "k", 2, "c"), Of("c", "k", 3)}),
              ElementsAre(2u, 2u, 2u));
}

TEST(OneThing, IsOneAlsoWhereTheyLeadAround) {
  EXPECT_THAT(HeadsOf({Of("a", "k", 2, "b"), Of("b", "k", 1, "a")}), ElementsAre(1u, 1u));
  EXPECT_THAT(HeadsOf({Of("a", "k", 3, "b"), Of("b", "k", 2, "c"), Of("c", "k", 1, "a"),
                       Of("d", "k", 0, "a")}),
              ElementsAre(3u, 3u, 3u, 3u))
      << "all repeat one: the one that was born first";
  const Stamp earliest = StampOfUnknown(StampAt(1));  // it may have been at any time since
  EXPECT_THAT(HeadsOf({Of("a", "k", earliest, "b"), Of("b", "k", StampAt(9), "a")}),
              ElementsAre(1u, 1u));
  EXPECT_THAT(HeadsOf({Of("a", "k", 1, "a")}), ElementsAre(0u));
}

TEST(OneThing, IsOfOneDossierOrOfTwoRoots) {
  EXPECT_THAT(HeadsOf({Of("a", "k", 1), Of("b", "m", 2, "a")}), ElementsAre(0u, 1u));
  EXPECT_THAT(HeadsOf({Of("k", "k", 1), Of("m", "m", 2, "k")}), ElementsAre(0u, 0u));
  EXPECT_THAT(HeadsOf({Of("k", "k", 1), Of("b", "m", 2, "k")}), ElementsAre(0u, 1u));
  EXPECT_THAT(HeadsOf({Of("a", "k", 1), Of("b", "k", 2, "nowhere")}), ElementsAre(0u, 1u))
      << "what does not count makes nothing one";
}

// Whoever can be reached from one another over what counts.
std::vector<std::set<size_t>> Naively(const std::vector<Counted>& records) {
  const auto linked = [&](size_t a, size_t b) {
    const Counted& one = records[a];
    const Counted& other = records[b];
    if (one.repeats != other.id || a == b) return false;
    return one.dossier == other.dossier || (one.id == one.dossier && other.id == other.dossier);
  };
  std::vector<std::set<size_t>> groups(records.size());
  for (size_t from = 0; from < records.size(); ++from) {
    std::vector<size_t> todo = {from};
    while (!todo.empty()) {
      const size_t at = todo.back();
      todo.pop_back();
      if (!groups[from].insert(at).second) continue;
      for (size_t to = 0; to < records.size(); ++to) {
        if (linked(at, to) || linked(to, at)) todo.push_back(to);
      }
    }
  }
  return groups;
}

TEST(OneThing, IsWhatCanBeReachedWhateverIsLinked) {
  std::mt19937 chance(35);
  const auto below = [&chance](size_t bound) { return chance() % bound; };
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Counted> records;
    const size_t count = below(9);
    for (size_t i = 0; i < count; ++i) {
      const std::string name = absl::StrCat("r", i);
      // Roots among them, and two dossiers that are none of theirs.
      const std::string dossier = below(4) == 0 ? name : absl::StrCat("d", below(2));
      const std::string other = below(3) == 0 ? "" : absl::StrCat("r", below(count + 1));
      records.push_back(Of(name, dossier, below(4), other));
    }
    const std::vector<size_t> heads = HeadsOf(records);
    const std::vector<std::set<size_t>> groups = Naively(records);
    ASSERT_EQ(heads.size(), records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(groups[i].count(heads[i]), 1u) << round;
      for (size_t j = 0; j < records.size(); ++j) {
        EXPECT_EQ(heads[i] == heads[j], groups[i].count(j) != 0) << round << ": " << i << " " << j;
      }
    }
    // Whatever order they come in.
    std::vector<Counted> turned(records.rbegin(), records.rend());
    const std::vector<size_t> again = HeadsOf(turned);
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(turned[again[records.size() - 1 - i]].id, records[heads[i]].id) << round;
    }
  }
}

class OneThingTold : public ::testing::Test {
 protected:
  void SetUp() override {
    nguyet_.Write("k", {NewCase("k"), Found("a").Add(Finding::kEvidenceFieldNumber, "1"),
                        Found("b")
                            .Add(Finding::kEvidenceFieldNumber, "1")
                            .Add(Finding::kEvidenceFieldNumber, "2")});
    Meet();
  }
  static Wish Found(const std::string& name) {
    return Wish(name, "casework.v1.Finding")
        .Set(Finding::kCaseIdFieldNumber, RecordNamed("k").view());
  }
  static Wish Repeat(const std::string& name, const std::string& other) {
    return Wish(name, "casework.v1.Finding")
        .Set(Finding::kDuplicateOfFieldNumber, RecordNamed(other).view());
  }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      for (PaperPhone* phone : {&nguyet_, &que_, &head_}) office_.Exchange(phone);
    }
  }
  Repeats SaidOf(const std::string& name) {
    const MergedRecord record = *office_.Find(name);
    return WhatRepeats(*LinkOf(*record.type()), record);
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone nguyet_ = office_.Enrol("nguyet", kProsecutor);
  PaperPhone que_ = office_.Enrol("que", kProsecutor);
  PaperPhone head_ = office_.Enrol("ngu", kSupervisor);
};

TEST_F(OneThingTold, IsSaidByPeopleAndNotWhileTheyDisagree) {
  EXPECT_FALSE(SaidOf("b").other.has_value());
  nguyet_.Write("k", {Repeat("b", "a")});
  Meet();
  EXPECT_EQ(SaidOf("b").other, RecordNamed("a"));
  nguyet_.Write("k", {Repeat("b", "c")});
  que_.Write("k", {Repeat("b", "d")});
  Meet();
  EXPECT_FALSE(SaidOf("b").other.has_value());
  EXPECT_TRUE(SaidOf("b").disputed);
  // Who say the same agree; and it can be taken back.
  nguyet_.Write("k", {Repeat("b", "a")});
  que_.Write("k", {Repeat("b", "a")});
  Meet();
  EXPECT_EQ(SaidOf("b").other, RecordNamed("a"));
  EXPECT_FALSE(SaidOf("b").disputed);
  que_.Write("k", {Wish("b", "casework.v1.Finding").Clear(Finding::kDuplicateOfFieldNumber)});
  Meet();
  EXPECT_FALSE(SaidOf("b").other.has_value());
  EXPECT_FALSE(SaidOf("b").disputed);
}

TEST_F(OneThingTold, OutOfUseIsWhatIsWithdrawn) {
  std::map<std::string, size_t> withdrawn;
  for (const auto& [name, type] : CaseworkSchema()->types()) {
    withdrawn[type.short_name] = OutOfUseOf(type).size();
  }
  for (const char* type :
       {"case", "inspection", "note", "finding", "action", "deadline", "attachment"}) {
    EXPECT_EQ(withdrawn[type], 1u) << type;
  }
  EXPECT_EQ(withdrawn["comment"], 0u);
  const auto is_out = [this] {
    const MergedRecord record = *office_.Find("a");
    return IsOutOfUse(OutOfUseOf(*record.type()), record);
  };
  const auto step = [this](casework::v1::Withdrawal to) {
    head_.Write("k",
                {Wish("a", "casework.v1.Finding").SetNumber(Finding::kWithdrawalFieldNumber, to)});
    Meet();
  };
  EXPECT_FALSE(is_out());
  step(casework::v1::WITHDRAWAL_WITHDRAWN);
  EXPECT_TRUE(is_out());
  step(casework::v1::WITHDRAWAL_RESTORED);
  EXPECT_FALSE(is_out());
}

TEST_F(OneThingTold, HasEvidenceAndDocumentsTogether) {
  nguyet_.Write(
      "k",
      {Wish("answer", "casework.v1.LegalAction")
           .SetNumber(LegalAction::kKindFieldNumber, casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION)
           .Set(LegalAction::kCaseIdFieldNumber, RecordNamed("k").view())
           .Add(LegalAction::kFindingsFieldNumber, RecordNamed("b").view()),
       Wish("other", "casework.v1.LegalAction")
           .SetNumber(LegalAction::kKindFieldNumber, casework::v1::LEGAL_ACTION_KIND_PROTEST)
           .Set(LegalAction::kCaseIdFieldNumber, RecordNamed("k").view())});
  Meet();
  const std::vector<MergedRecord> group = {*office_.Find("a"), *office_.Find("b")};
  const std::vector<MergedRecord> others = {*office_.Find("other"), *office_.Find("answer"),
                                            *office_.Find("k")};
  SOTAY_ASSERT_OK_AND_ASSIGN(const Together together, TogetherOf(group, others));
  ASSERT_THAT(together.values, SizeIs(2)) << "the first is in both and shown once";
  EXPECT_EQ(StringOf(together.values[0].value), "1");
  EXPECT_THAT(together.values[0].from, ElementsAre(RecordNamed("a"), RecordNamed("b")));
  EXPECT_EQ(StringOf(together.values[1].value), "2");
  EXPECT_THAT(together.values[1].from, ElementsAre(RecordNamed("b")));
  ASSERT_THAT(together.records, SizeIs(1));
  EXPECT_EQ(together.records[0].place, 1u);
  EXPECT_THAT(together.records[0].of, ElementsAre(RecordNamed("b")));
  // Of the case it is every document.
  SOTAY_ASSERT_OK_AND_ASSIGN(const Together of_case, TogetherOf({others[2]}, others));
  EXPECT_THAT(of_case.records, SizeIs(2));
}

TEST_F(OneThingTold, FilesBelongToWhatTheyHangUnder) {
  const RecordType* const file = CaseworkSchema()->Find("attachment");
  SOTAY_ASSERT_OK_AND_ASSIGN(const Belonging declared, BelongingOf(*file));
  EXPECT_TRUE(declared.any());
  SOTAY_ASSERT_OK_AND_ASSIGN(const Belonging note, BelongingOf(*CaseworkSchema()->Find("note")));
  EXPECT_FALSE(note.any());
}

}  // namespace
}  // namespace sotay::sync
