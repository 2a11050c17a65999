// Who read what, through the real commands and a real server: what a person is told, and that a
// power cut takes no more of it than the last moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kDam[] = "nguyen-uu-dam";
constexpr char kQue[] = "vo-nguyet-que";
// Rows are written once a second; a busy machine may be late.
constexpr std::chrono::milliseconds kWritten(3'000);

class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    office_.StartServer();
    ASSERT_FALSE(HasFatalFailure());
    office_.MakeUnit({kDam, kQue});
    for (const char* user : {kDam, kQue}) Phone(user, {"enroll", office_.Invite(user)});
    Phone(kDam, {"sync"});
    record_ = Phone(kDam, {"new", "inspection", "kind=scene_examination", "place=Đường tỉnh 885"})
                  .at("id");
    Phone(kDam, {"sync"});
  }
  json Phone(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAY, "--dir", office_.space() / user, "--json"};
    command.insert(command.end(), words.begin(), words.end());
    const Ended ended = tests::Run(command);
    EXPECT_EQ(ended.exit_code, 0) << user << " " << words.front() << ": " << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }
  Ended Ctl(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAYCTL, "--dir", office_.space() / user, "--lang", "en"};
    command.insert(command.end(), words.begin(), words.end());
    return tests::Run(command);
  }
  json Access() {
    const Ended ended = Ctl(kDam, {"access", "--record", record_, "--json"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }

  Office office_;
  std::string record_;
};

TEST_F(AccessTest, AnAuthorIsToldWhoReadTheirRecord) {
  EXPECT_EQ(Ctl(kQue, {"show", record_}).exit_code, 0);
  const json told = Access();
  ASSERT_EQ(told.size(), 2u) << told;
  EXPECT_EQ(told[0]["user"], kQue);
  EXPECT_EQ(told[0]["kind"], "ACCESS_KIND_RECORD");
  EXPECT_EQ(told[0]["rule"], "ACCESS_RULE_MEMBER");
  EXPECT_EQ(told[0]["record"], record_);
  EXPECT_EQ(told[1]["user"], kDam) << "their own phone, which was sent it back";
  const Ended words = Ctl(kDam, {"access", "--record", record_.substr(0, 8)});
  EXPECT_THAT(words.out, HasSubstr("record " + record_.substr(0, 8)));
  EXPECT_THAT(words.out, HasSubstr("by a post in the unit"));
  const Ended refused = Ctl(kQue, {"access", "--record", record_});
  EXPECT_EQ(refused.exit_code, 4) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr("whoever began it"));
  const Ended unit = Ctl(kDam, {"access", "--unit", "vkskv1"});
  EXPECT_EQ(unit.exit_code, 4) << "for supervisors";
  EXPECT_EQ(Ctl("administrator", {"access", "--record", record_}).exit_code, 3);
}

TEST_F(AccessTest, WhatWasReadIsKnownAfterAPowerCut) {
  EXPECT_EQ(Ctl(kQue, {"show", record_}).exit_code, 0);
  std::this_thread::sleep_for(kWritten);
  office_.KillServer();
  office_.StartServer();
  const json told = Access();
  ASSERT_EQ(told.size(), 2u) << told;
  EXPECT_EQ(told[0]["user"], kQue);
  // And one that stops in good order loses none at all.
  EXPECT_EQ(Ctl(kQue, {"show", record_}).exit_code, 0);
  EXPECT_EQ(office_.StopServer(), 0);
  const Ended check = office_.Check();
  EXPECT_EQ(check.exit_code, 0) << check.out;
  EXPECT_THAT(check.out, HasSubstr("reads"));
  office_.StartServer();
  EXPECT_EQ(Access().size(), 3u);
}

}  // namespace
}  // namespace sotay::tests
