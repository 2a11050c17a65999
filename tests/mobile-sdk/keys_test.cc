#include "mobile-sdk/core/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/builders.h"

namespace sotay::sdk {
namespace {

using tests::RecordNamed;

TEST(Keys, StandInOrderOfSequence) {
  std::string last;
  for (const uint64_t sequence : {uint64_t{1}, uint64_t{2}, uint64_t{255}, uint64_t{256},
                                  uint64_t{65'536}, uint64_t{1} << 40, ~uint64_t{0}}) {
    const std::string key = keys::OwnChange(sequence);
    EXPECT_LT(last, key);
    EXPECT_EQ(keys::NumberOf(key), sequence);
    last = key;
  }
}

TEST(Keys, KeepEveryKindApart) {
  const sync::RecordId record = RecordNamed("n1");
  const std::vector<std::string> all = {keys::Meta(),
                                        keys::Progress(),
                                        keys::Directory(),
                                        keys::Consents(),
                                        keys::RowsSchema(),
                                        keys::Cursor("u"),
                                        keys::OwnChange(1),
                                        keys::WrittenAt(1),
                                        keys::ClockContact(),
                                        keys::Refused(1),
                                        keys::Touch(record, 1),
                                        keys::Base(record),
                                        keys::Row(record),
                                        keys::Ended(record),
                                        keys::Fetched(record, 1),
                                        keys::Gone(record),
                                        keys::Sealed(record),
                                        keys::File(record),
                                        keys::FileLimits(),
                                        keys::Revoked(),
                                        keys::Seal(),
                                        keys::Notice(record.view(), 7, 1, "own", "")};
  std::set<char> kinds;
  for (const std::string& key : all) kinds.insert(key[0]);
  EXPECT_EQ(kinds.size(), all.size());
}

TEST(Keys, GiveBackWhatTheyWereMadeOf) {
  const sync::RecordId record = RecordNamed("n1");
  EXPECT_EQ(keys::RecordOf(keys::Base(record)), record);
  EXPECT_EQ(keys::RecordOf(keys::Row(record)), record);
  EXPECT_EQ(keys::RecordOf(keys::Ended(record)), record);
  EXPECT_EQ(keys::RecordOf(keys::Gone(record)), record);
  EXPECT_EQ(keys::RecordOf(keys::Sealed(record)), record);
  EXPECT_EQ(keys::RecordOf(keys::Touch(record, 7)), record);
  EXPECT_EQ(keys::NumberOf(keys::Touch(record, 7)), 7u);
  EXPECT_EQ(keys::NumberOf(keys::WrittenAt(7)), 7u);
  EXPECT_EQ(keys::NumberOf(keys::Fetched(record, 9)), 9u);
  EXPECT_EQ(keys::NumberOf(keys::Refused(3)), 3u);
  EXPECT_EQ(keys::NumberOf(keys::Row(record)), absl::nullopt);
  EXPECT_EQ(keys::RecordOf(keys::OwnChange(3)), absl::nullopt);
  EXPECT_EQ(keys::RecordOf(keys::Base(record).substr(0, 9)), absl::nullopt);
  EXPECT_EQ(keys::NumberOf("o1"), absl::nullopt);
}

TEST(Keys, TellNoticesOfTwoFieldsApart) {
  const sync::RecordId record = RecordNamed("n1");
  EXPECT_NE(keys::Notice(record.view(), 7, 1, "own", "other"),
            keys::Notice(record.view(), 0x0700, 1, "own", "other"));
}

TEST(Keys, SayWhatTheyAre) {
  const sync::RecordId record = RecordNamed("n1");
  EXPECT_EQ(keys::DescribeKey(keys::OwnChange(214)), "own change 214");
  EXPECT_EQ(keys::DescribeKey(keys::Refused(3)), "set aside: own change 3");
  EXPECT_EQ(keys::DescribeKey(keys::Ended(record)),
            "record " + record.Hex() + " signed before the server was restored");
  EXPECT_EQ(keys::DescribeKey(keys::Cursor("vkskv1")), "cursor of unit vkskv1");
  EXPECT_EQ(keys::DescribeKey(keys::Restoration(std::string(16, 'e'), "vkskv1")),
            "restoration of unit vkskv1");
  EXPECT_EQ(keys::DescribeKey(keys::Notice(record.view(), 7, 1, "own", "other")),
            "notice about record " + record.Hex());
  EXPECT_EQ(keys::DescribeKey(keys::Touch(record, 4)), "own change 4 edits record " + record.Hex());
  EXPECT_EQ(keys::DescribeKey(keys::Row(record)), "list row of record " + record.Hex());
  EXPECT_EQ(keys::DescribeKey(keys::Base(record)),
            "record " + record.Hex() + " as the server has it");
  EXPECT_EQ(keys::DescribeKey(keys::Fetched(record, 2)),
            "history of record " + record.Hex() + " at position 2");
  EXPECT_EQ(keys::DescribeKey(keys::Gone(record)), "dossier " + record.Hex() + " is gone");
  EXPECT_EQ(keys::DescribeKey(keys::Sealed(record)),
            "dossier " + record.Hex() + " proved to be secret");
  EXPECT_EQ(keys::DescribeKey("z\x01"), "no key of this build: 7a01");
  EXPECT_EQ(keys::DescribeKey(""), "no key of this build: ");
}

}  // namespace
}  // namespace sotay::sdk
