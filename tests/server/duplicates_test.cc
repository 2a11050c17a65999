#include "server/duplicates.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "casework/v1/finding.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/refusal.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using options::v1::ROLE_SUPERVISOR;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using tests::NewCase;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;
using tests::Wish;
using F = casework::v1::Finding;

constexpr int64_t kHourMs = 60 * 60 * 1000;
constexpr int64_t kThenMs = 1'793'000'000'000;

Wish Finding(const std::string& name) { return Wish(name, "casework.v1.Finding"); }
// What is alike by default.
Wish Alike(const std::string& name, int64_t hours = 0, const std::string& visit = "i") {
  return Finding(name)
      .Set(F::kInspectionIdFieldNumber, RecordNamed(visit).view())
      .Set(F::kViolationCodeFieldNumber, "tin_bao.thieu_gio_chu_ky")
      .Set(F::kBodyResponsibleFieldNumber, "Công an xã Rạch Đước")
      .SetNumber(F::kOccurredMsFieldNumber, static_cast<uint64_t>(kThenMs + hours * kHourMs));
}

std::string NameOf(const v1::FeedRecord& fed) {
  const auto record = sync::MergedRecord::Parse(*tests::CaseworkSchema(), fed.record());
  EXPECT_TRUE(record.ok());
  const std::string padded = record->id().str();
  return padded.substr(0, padded.find('.'));
}

class DuplicatesTest : public ::testing::Test {
 protected:
  DuplicatesTest() {
    room_.Enrol(&nguyet_);
    room_.Enrol(&que_);
    room_.AddUser("trieu", {{"kv1", ROLE_SUPERVISOR}});
    room_.AddUser("binh", {{"kv2", ROLE_SUPERVISOR}});
    nguyet_.Write("k", {NewCase("k")});
    room_.Exchange(&nguyet_);
    room_.Exchange(&que_);
  }
  void Write(const std::vector<sync::RecordWish>& wishes) {
    nguyet_.Write("k", wishes);
    room_.Exchange(&nguyet_);
  }
  absl::StatusOr<v1::ListDuplicatesResponse> List(const std::string& user, const std::string& unit,
                                                  ShownParts* shown = nullptr) {
    auto duplicates = Duplicates::Make(room_.directory.get(), room_.store.get(), schema_.get());
    if (!duplicates.ok()) return duplicates.status();
    v1::ListDuplicatesRequest request;
    request.set_unit_id(unit);
    return (*duplicates)->ListDuplicates(*room_.directory->FindPerson(user), request, shown);
  }
  std::vector<std::pair<std::string, std::string>> Pairs() {
    const auto response = List("trieu", "kv1");
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const v1::DuplicatePair& pair : response->pairs()) {
      EXPECT_EQ(pair.link(), "duplicate_of");
      pairs.emplace_back(NameOf(pair.first()), NameOf(pair.second()));
    }
    return pairs;
  }

  const std::shared_ptr<const sync::Schema> schema_ = tests::CaseworkSchema();
  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  SealedPhone que_{"que"};
};

TEST_F(DuplicatesTest, AreOfOneInspectionCodeAndBodyWithinADay) {
  Write({Alike("a"), Alike("b", 24)});
  EXPECT_THAT(Pairs(), ElementsAre(Pair("a", "b")));
  Write({Alike("c", 49), Alike("d", 0, "j"),
         Alike("e").Set(F::kViolationCodeFieldNumber, "tin_bao.cham_chuyen"),
         Alike("f").Set(F::kBodyResponsibleFieldNumber, "Công an xã Bãi Nổi")});
  EXPECT_THAT(Pairs(), ElementsAre(Pair("a", "b"))) << "a day and an hour later is another";
  Write({Finding("g").Set(F::kInspectionIdFieldNumber, RecordNamed("l").view()),
         Finding("h").Set(F::kInspectionIdFieldNumber, RecordNamed("l").view())});
  EXPECT_THAT(Pairs(), ElementsAre(Pair("a", "b"))) << "of what is not said nothing is alike";
}

TEST_F(DuplicatesTest, AreTwoCasesOpenedForOneReport) {
  using C = casework::v1::Case;
  const auto reported = [](const std::string& name, const std::string& body) {
    return tests::Case(name)
        .SetNumber(C::kKindFieldNumber, casework::v1::CASE_KIND_CRIME_REPORT)
        .Set(C::kTitleFieldNumber, "Mất trộm trên ghe")
        .Set(C::kHandlingBodyFieldNumber, body);
  };
  const auto opened = [&](const std::string& name, int64_t hours, const std::string& body) {
    return reported(name, body)
        .SetNumber(C::kOccurredMsFieldNumber, static_cast<uint64_t>(kThenMs + hours * kHourMs));
  };
  const std::string police = "Công an xã Rạch Đước";
  nguyet_.Write("r", {opened("r", 0, police)});
  que_.Write("s", {opened("s", 20, police)});
  que_.Write("t", {opened("t", 21, "Công an xã Bãi Nổi")});
  que_.Write("u", {opened("u", 60, police)});
  // Nor is what was written down months later; or no report.
  que_.Write("w", {reported("w", police)});
  que_.Write("y", {NewCase("y")
                       .Set(C::kHandlingBodyFieldNumber, police)
                       .SetNumber(C::kOccurredMsFieldNumber, static_cast<uint64_t>(kThenMs))});
  for (SealedPhone* phone : {&nguyet_, &que_}) room_.Exchange(phone);
  const auto suggested = List("trieu", "kv1");
  ASSERT_TRUE(suggested.ok()) << suggested.status();
  ASSERT_EQ(suggested->pairs_size(), 1);
  EXPECT_EQ(suggested->pairs(0).link(), "merged_into");
  EXPECT_EQ(NameOf(suggested->pairs(0).first()), "r");
  EXPECT_EQ(NameOf(suggested->pairs(0).second()), "s");
  EXPECT_FALSE(suggested->pairs(0).first_as_written());
  EXPECT_FALSE(suggested->pairs(0).second_as_written());
  // Somebody says so.
  que_.Write("s", {tests::Case("s").Set(C::kMergedIntoFieldNumber, RecordNamed("r").view())});
  room_.Exchange(&que_);
  EXPECT_EQ(List("trieu", "kv1")->pairs_size(), 0);
}

// A phone that is right about the time, one that is not, and one whose author says when it was.
TEST_F(DuplicatesTest, OfWhichNobodyWroteDownWhenTheyHappenedAreTakenAsWritten) {
  using C = casework::v1::Case;
  const auto opened = [](const std::string& name, uint64_t when_ms = 0) {
    Wish wish = tests::Case(name);
    wish.SetNumber(C::kKindFieldNumber, casework::v1::CASE_KIND_CRIME_REPORT)
        .Set(C::kTitleFieldNumber, "Mất trộm trên ghe")
        .Set(C::kHandlingBodyFieldNumber, "Công an xã Rạch Đước");
    if (when_ms != 0) wish.SetNumber(C::kOccurredMsFieldNumber, when_ms);
    return wish;
  };
  constexpr int64_t kDayMs = 24 * kHourMs;
  const int64_t now_ms = room_.now_ms;
  nguyet_.clock_ms = now_ms;
  nguyet_.Write("r", {opened("r")});
  room_.Exchange(&nguyet_);
  // Within the day of what another says, whose phone writes it two days later.
  room_.now_ms += 2 * kDayMs;
  que_.clock_ms = room_.now_ms;
  que_.Write("s", {opened("s", static_cast<uint64_t>(now_ms - 20 * kHourMs))});
  // Nothing said of either: they are two days apart.
  que_.Write("t", {opened("t")});
  room_.Exchange(&que_);
  // A clock that is ten days fast is not believed.
  nguyet_.clock_ms = room_.now_ms + 10 * kDayMs;
  nguyet_.Write("u", {opened("u")});
  room_.Exchange(&nguyet_);
  const auto suggested = List("trieu", "kv1");
  ASSERT_TRUE(suggested.ok()) << suggested.status();
  std::vector<std::set<std::string>> pairs;  // of two that are about as old either may be first
  const auto one = [](const v1::FeedRecord& fed, bool as_written) {
    return NameOf(fed) + (as_written ? " as written" : "");
  };
  for (const v1::DuplicatePair& pair : suggested->pairs()) {
    pairs.push_back(
        {one(pair.first(), pair.first_as_written()), one(pair.second(), pair.second_as_written())});
    EXPECT_EQ(pair.link(), "merged_into");
    EXPECT_LT(pair.apart_ms(), 24 * kHourMs);
  }
  const std::set<std::string> newest = {"t as written", "u as written"};
  const std::set<std::string> mixed = {"r as written", "s"};
  EXPECT_THAT(pairs, ElementsAre(newest, mixed));
}

TEST_F(DuplicatesTest, AreShownToWhomBothAreShown) {
  room_.AddUser("quoc", {{"tinh", ROLE_SUPERVISOR}});
  Write({Alike("a"), Alike("b", 1)});
  EXPECT_THAT(Pairs(), ElementsAre(Pair("a", "b")));
  // A head above reads what was put forward.
  const auto above = List("quoc", "kv1");
  ASSERT_TRUE(above.ok()) << above.status();
  EXPECT_EQ(above->pairs_size(), 0);
}

TEST_F(DuplicatesTest, OfManyEachStandsWithAllWithinTheTimeTheNewestFirst) {
  Write({Alike("c", 2), Alike("a"), Alike("b", 1), Alike("d", 25)});
  EXPECT_THAT(Pairs(), ElementsAre(Pair("c", "d"), Pair("b", "d"), Pair("b", "c"), Pair("a", "c"),
                                   Pair("a", "b")))
      << "a and d are a day and an hour apart";
}

TEST_F(DuplicatesTest, AreNotHiddenByWhatStandsBetween) {
  Write({Alike("a"), Alike("b", 1), Alike("c", 2)});
  Write({Finding("b").Set(F::kDuplicateOfFieldNumber, RecordNamed("x").view()),
         Finding("c").Set(F::kDuplicateOfFieldNumber, RecordNamed("x").view())});
  EXPECT_THAT(Pairs(), ElementsAre(Pair("a", "c"), Pair("a", "b"))) << "b and c are linked";
}

TEST_F(DuplicatesTest, OfOneAreBounded) {
  std::vector<sync::RecordWish> wishes;
  for (int i = 0; i < 22; ++i) wishes.push_back(Alike("f" + std::to_string(100 + i), i));
  Write(wishes);
  const auto response = List("trieu", "kv1");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->more());
  EXPECT_EQ(response->pairs_size(), 200);
}

TEST_F(DuplicatesTest, AreNotSuggestedOnceTheyAreLinkedAlsoOverOthers) {
  Write({Alike("a"), Alike("b", 1), Alike("c", 2)});
  Write({Finding("a").Set(F::kDuplicateOfFieldNumber, RecordNamed("c").view())});
  EXPECT_THAT(Pairs(), ElementsAre(Pair("b", "c"), Pair("a", "b"))) << "b is neither of them";
  Write({Finding("b").Set(F::kDuplicateOfFieldNumber, RecordNamed("c").view())});
  EXPECT_THAT(Pairs(), IsEmpty());
  Write({Finding("c").Set(F::kDuplicateOfFieldNumber, RecordNamed("a").view())});
  EXPECT_THAT(Pairs(), IsEmpty()) << "nor when they lead around";
  Write({Finding("b").Clear(F::kDuplicateOfFieldNumber)});
  EXPECT_THAT(Pairs(), ElementsAre(Pair("b", "c"), Pair("a", "b")));
}

TEST_F(DuplicatesTest, AreNotGuessedFromWhatIsDisputed) {
  Write({Alike("a"), Alike("b", 1)});
  room_.Exchange(&que_);
  nguyet_.Write("k", {Finding("b").Set(F::kBodyResponsibleFieldNumber, "Công an xã Bãi Nổi")});
  que_.Write("k", {Finding("b").Set(F::kBodyResponsibleFieldNumber, "Công an xã Cồn Sậy")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&que_);
  EXPECT_THAT(Pairs(), IsEmpty());
}

TEST_F(DuplicatesTest, AreShownToWhoMayReadThemAndThatIsNoted) {
  Write({Alike("a"), Alike("b", 1)});
  EXPECT_THAT(List("binh", "kv1").status(), StatusIs(absl::StatusCode::kNotFound));
  ShownParts shown;
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto none, List("binh", "", &shown));
  EXPECT_EQ(none.pairs_size(), 0);
  EXPECT_THAT(shown, IsEmpty());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto both, List("trieu", "", &shown));
  ASSERT_EQ(both.pairs_size(), 1);
  EXPECT_EQ(both.pairs(0).apart_ms(), kHourMs);
  EXPECT_FALSE(both.more());
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].unit, "kv1");
  EXPECT_EQ(shown[0].count, 2u);
}

}  // namespace
}  // namespace sotay::server
