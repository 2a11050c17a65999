// For how many days after a contact phones show what others wrote: read from the settings, and told
// with the names, again whenever it is another number.
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config.h"
#include "sync/offline_lease.h"
#include "tests/server/server_room.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::HasSubstr;
using tests::IsOk;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

TEST(OfflineDays, AreAWeekUnlessSomebodySaysOtherwise) {
  tests::Workspace space;
  const auto load = [&](const std::string& text) {
    std::ofstream(ConfigPath(space.path())) << text;
    return LoadConfig(space.path());
  };
  EXPECT_EQ(load("")->offline_days, 7) << "settings of before";
  EXPECT_EQ(load("offline_days = 0\n")->offline_days, 0);
  SOTAY_ASSERT_OK_AND_ASSIGN(Config config, load("offline_days = 14\n"));
  EXPECT_EQ(config.offline_days, 14);
  config.offline_days = 3;
  ASSERT_THAT(SaveConfig(space.path(), config), IsOk());
  EXPECT_EQ(LoadConfig(space.path())->offline_days, 3);
  for (const char* wrong : {"offline_days = 15\n", "offline_days = -1\n", "offline_days = 1.5\n",
                            "offline_days = \"7\"\n"}) {
    EXPECT_THAT(load(wrong).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 to 14")))
        << wrong;
  }
}

TEST(OfflineDays, AreToldWithTheNamesAndAgainWhenTheyAreOthers) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  // What a phone hears that holds what it last heard; -1: nothing.
  const auto told = [&]() -> int {
    const auto response = room.Sync(nguyet, nguyet.Pull());
    EXPECT_THAT(response, IsOk());
    nguyet.Take(*response);
    if (!response->has_directory()) return -1;
    EXPECT_EQ(response->directory().units_size(), 1);
    return static_cast<int>(sync::OfflineDays(response->directory()));
  };
  EXPECT_EQ(told(), 0);
  EXPECT_EQ(told(), -1);
  room.exchange->set_offline_days(7);
  EXPECT_EQ(told(), 7);
  EXPECT_EQ(told(), -1) << "it knows";
  room.exchange->set_offline_days(14);
  EXPECT_EQ(told(), 14);
  room.exchange->set_offline_days(0);
  EXPECT_EQ(told(), 0) << "it holds no longer";
  EXPECT_EQ(told(), -1);
}

}  // namespace
}  // namespace sotay::server
