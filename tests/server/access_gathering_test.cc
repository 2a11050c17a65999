#include "server/access_gathering.h"

#include <string>

#include "gtest/gtest.h"

namespace sotay::server {
namespace {

v1::AccessEntry Read(const std::string& device, const std::string& record, int64_t at_ms = 1'000) {
  v1::AccessEntry read;
  read.set_at_ms(at_ms);
  read.set_user_id("nguyet");
  read.set_device_id(device);
  read.set_kind(v1::ACCESS_KIND_RECORD);
  read.set_rule(v1::ACCESS_RULE_MEMBER);
  read.set_unit_id("kv1");
  read.set_record_id(record);
  return read;
}

v1::AccessEntry Refusal(const std::string& device, const std::string& record) {
  v1::AccessEntry read = Read(device, record);
  read.set_rule(v1::ACCESS_RULE_REFUSED);
  read.clear_unit_id();
  return read;
}

TEST(Gathering, ReadsThatAreAllAlikeAreOneRowFromTheFirstOfThem) {
  Gathering gathering;
  EXPECT_TRUE(gathering.empty());
  for (int64_t ms = 0; ms < 900; ms += 300) EXPECT_TRUE(gathering.Add(Read("d", "r", ms)));
  EXPECT_TRUE(gathering.Add(Read("d", "other", 10)));
  EXPECT_TRUE(gathering.Add(Read("e", "r", 20)));
  v1::AccessEntry history = Read("d", "r", 30);
  history.set_kind(v1::ACCESS_KIND_HISTORY);
  EXPECT_TRUE(gathering.Add(history));
  const auto rows = gathering.Take();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].record_id(), "r");
  EXPECT_EQ(rows[0].at_ms(), 0);
  EXPECT_EQ(rows[0].times(), 3u);
  for (size_t i = 1; i < rows.size(); ++i) EXPECT_EQ(rows[i].times(), 1u);
  EXPECT_EQ(rows[3].kind(), v1::ACCESS_KIND_HISTORY);
}

TEST(Gathering, BeginsAnewWhenItWasTaken) {
  Gathering gathering;
  EXPECT_TRUE(gathering.Add(Read("d", "r", 1)));
  EXPECT_EQ(gathering.Take().size(), 1u);
  EXPECT_TRUE(gathering.empty());
  EXPECT_TRUE(gathering.Add(Read("d", "r", 2)));
  const auto rows = gathering.Take();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at_ms(), 2);
  EXPECT_EQ(rows[0].times(), 1u);
}

TEST(Gathering, IsFullForOneDeviceBeforeItIsForAll) {
  Gathering gathering({5, 2, 16});
  EXPECT_TRUE(gathering.Add(Read("d", "1")));
  EXPECT_TRUE(gathering.Add(Read("d", "2")));
  EXPECT_FALSE(gathering.Add(Read("d", "3")));
  EXPECT_TRUE(gathering.Add(Read("d", "2"))) << "what is there already costs nothing";
  EXPECT_TRUE(gathering.Add(Read("e", "1")));
  EXPECT_TRUE(gathering.Add(Read("e", "2")));
  EXPECT_TRUE(gathering.Add(Read("f", "1")));
  EXPECT_FALSE(gathering.Add(Read("f", "2")));
  EXPECT_EQ(gathering.Take().size(), 5u);
  EXPECT_FALSE(gathering.Add(Read("d", "3"))) << "whoever has it taken gains nothing by that";
  EXPECT_FALSE(gathering.Add(Read("f", "2")));
  EXPECT_TRUE(gathering.Add(Read("d", "3", 2'000))) << "a second later";
}

TEST(Gathering, CountsRefusalsPastTheFirstWithoutWhatTheyAskedFor) {
  Gathering gathering({100, 10, 3});
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(gathering.Add(Refusal("d", std::to_string(i)))) << "never BUSY, which would tell";
  }
  EXPECT_TRUE(gathering.Add(Refusal("d", "1")));
  EXPECT_TRUE(gathering.Add(Refusal("e", "7"))) << "of another device";
  EXPECT_TRUE(gathering.Add(Read("d", "r"))) << "what is theirs is told as ever";
  const auto rows = gathering.Take();
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0].record_id(), "0");
  EXPECT_EQ(rows[1].record_id(), "1");
  EXPECT_EQ(rows[1].times(), 2u);
  EXPECT_EQ(rows[2].record_id(), "2");
  EXPECT_EQ(rows[3].record_id(), "");
  EXPECT_EQ(rows[3].times(), 47u);
  EXPECT_EQ(rows[4].device_id(), "e");
  EXPECT_EQ(rows[5].record_id(), "r");
  EXPECT_TRUE(gathering.Add(Refusal("d", "51")));
  EXPECT_EQ(gathering.Take().at(0).record_id(), "") << "in the same second, though it was taken";
}

}  // namespace
}  // namespace sotay::server
