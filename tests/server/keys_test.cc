#include "server/keys.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/support/builders.h"

namespace sotay::server {
namespace {

using tests::DeviceNamed;
using tests::RecordNamed;

// One key of each table.
std::vector<std::string> OneOfEach() {
  return {
      MetaKey(),
      ArrivalsKey(),
      UnitKey("kv1"),
      UserKey("nguyet"),
      DeviceKey(DeviceNamed("d")),
      ContactKey(DeviceNamed("d")),
      TicketKey(std::string(32, 'h')),
      HeadKey("kv1"),
      LogKey("kv1", 7),
      NodeKey("kv1", 64, 6),
      SequenceKey(DeviceNamed("d"), 7),
      RecordKey(RecordNamed("r")),
      AdmittedKey(RecordNamed("r"), 7),
      AsideHistoryKey(RecordNamed("r"), 7, HistoryKind::kRefused, 9),
      AsideHistoryKey(RecordNamed("r"), 7, HistoryKind::kOutside, 9),
      FeedKey("kv1", 7, RecordNamed("r")),
      BirthsKey("kv1", 7),
      SealKey(DeviceNamed("d"), 7),
      QuarantineKey("kv1", 9),
      QuarantineKey("", 9),
      SetAsideKey(DeviceNamed("d"), 7, 9),
      RevisedKey(DeviceNamed("d"), 2),
      ReadKey("kv1", 7),
      ReadKey("", 7),
      ReadsKey("kv1"),
      ReadsKey(""),
      EndedKey(1),
      PostKey("nguyet", 3),
      TermKey("kv1", 2),
      DossierActKey("kv1", 3),
      SigningKey(RecordNamed("r")),
  };
}

TEST(Keys, EveryTableIsDescribedAndNoTwoAlike) {
  std::set<std::string> descriptions;
  std::set<char> tables;
  for (const std::string& key : OneOfEach()) {
    const std::string description = DescribeKey(key);
    EXPECT_FALSE(absl::StrContains(description, "unknown")) << description;
    EXPECT_TRUE(descriptions.insert(description).second) << description;
    tables.insert(key.front());
  }
  EXPECT_EQ(tables.size(), 26u);
}

TEST(Keys, AreTakenApartAsTheyWerePutTogether) {
  const auto feed = ParseKey(FeedKey("kv1", 258, RecordNamed("r")));
  ASSERT_TRUE(feed.has_value());
  EXPECT_EQ(feed->table, Table::kFeed);
  EXPECT_EQ(feed->name, "kv1");
  EXPECT_EQ(feed->number, 258u);
  EXPECT_EQ(feed->record, RecordNamed("r").view());
  const auto aside = ParseKey(AsideHistoryKey(RecordNamed("r"), 7, HistoryKind::kRefused, 9));
  ASSERT_TRUE(aside.has_value());
  EXPECT_EQ(aside->kind, HistoryKind::kRefused);
  EXPECT_EQ(aside->number, 7u);
  EXPECT_EQ(aside->arrival, 9u);
}

TEST(Keys, CutShortOrTooLongAreNone) {
  for (const std::string& key : OneOfEach()) {
    for (size_t size = 0; size < key.size(); ++size) {
      // What is left may be a key of the same table only where the rest was optional.
      EXPECT_FALSE(ParseKey(key.substr(0, size)).has_value()) << DescribeKey(key) << " at " << size;
    }
    EXPECT_FALSE(ParseKey(key + "x").has_value()) << DescribeKey(key);
  }
  EXPECT_TRUE(absl::StartsWith(DescribeKey("\xff!"), "unknown key ff21"));
}

TEST(Keys, OrderOfBytesIsOrderOfNumbers) {
  const std::vector<uint64_t> numbers = {
      0, 1, 2, 127, 128, 255, 256, 65'535, 65'536, 1ull << 31, 1ull << 32, 1ull << 63, ~0ull};
  for (size_t i = 0; i + 1 < numbers.size(); ++i) {
    EXPECT_LT(LogKey("kv1", numbers[i]), LogKey("kv1", numbers[i + 1]));
    EXPECT_LT(SequenceKey(DeviceNamed("d"), numbers[i]),
              SequenceKey(DeviceNamed("d"), numbers[i + 1]));
    EXPECT_LT(FeedKey("kv1", numbers[i], RecordNamed("z")),
              FeedKey("kv1", numbers[i + 1], RecordNamed("a")));
  }
}

TEST(Keys, AnEditStandsAfterEverythingItCanHaveBeenMadeOn) {
  const auto r = RecordNamed("r");
  const std::vector<std::string> order = {
      AdmittedKey(r, 7),
      AsideHistoryKey(r, 7, HistoryKind::kRefused, 1),
      AsideHistoryKey(r, 7, HistoryKind::kRefused, 2),
      AdmittedKey(r, 8),
      AsideHistoryKey(r, 8, HistoryKind::kRefused, 3),
  };
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Keys, NoUnitIsAPrefixOfAnother) {
  const std::string prefix = UnitPrefix(Table::kLog, "kv1");
  EXPECT_TRUE(absl::StartsWith(LogKey("kv1", 1), prefix));
  EXPECT_FALSE(absl::StartsWith(LogKey("kv11", 1), prefix));
  EXPECT_FALSE(absl::StartsWith(LogKey("kv", 1), prefix));
}

TEST(Keys, AfterIsPastEveryKeyWithThePrefix) {
  EXPECT_EQ(After("a"), "b");
  EXPECT_EQ(After(std::string("a\xff", 2)), "b");
  EXPECT_EQ(After(std::string("\xff\xff", 2)), "");
  EXPECT_GT(After(LogKey("kv1", ~0ull)), LogKey("kv1", ~0ull));
}

}  // namespace
}  // namespace sotay::server
