// A record type no part of the product was compiled with, brought to the server, to two phones
// and to the supervisor as a descriptor file, by the real commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class BroughtType : public ::testing::Test {
 protected:
  void SetUp() override {
    office_.StartServer({"--schema", CENSUS_SCHEMA});
    office_.MakeUnit({"nguyen-uu-dam", "vo-nguyet-que"});
    for (const char* user : {"nguyen-uu-dam", "vo-nguyet-que"}) {
      Phone(user, {"enroll", office_.Invite(user)});
      Phone(user, {"sync"});
    }
  }

  json Phone(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAY,      "--dir",       office_.space() / user,
                                        "--schema", CENSUS_SCHEMA, "--json"};
    command.insert(command.end(), words.begin(), words.end());
    const Ended ended = tests::Run(command);
    EXPECT_EQ(ended.exit_code, 0) << user << " " << words.front() << ": " << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }

  void Meet() {
    for (int round = 0; round < 2; ++round) {
      for (const char* user : {"nguyen-uu-dam", "vo-nguyet-que"}) Phone(user, {"sync"});
    }
  }

  Office office_;
};

TEST_F(BroughtType, MergesByItsOwnRulesFromEndToEnd) {
  const std::string plot =
      Phone("nguyen-uu-dam", {"new", "census", "plot_name=Ô 7", "corner_post=7A"})["id"];
  Meet();
  Phone("nguyen-uu-dam", {"edit", plot, "plot_name=Ô 7 bắc", "species+=lim xanh", "trees[lim]+=4"});
  Phone("vo-nguyet-que", {"edit", plot, "plot_name=Ô 7 nam", "species+=sến", "trees[lim]+=3"});
  Meet();
  for (const char* user : {"nguyen-uu-dam", "vo-nguyet-que"}) {
    const json shown = Phone(user, {"show", plot});
    EXPECT_EQ(shown["content"]["trees"]["lim"], "7") << shown;
    EXPECT_THAT(shown["content"]["species"], UnorderedElementsAre("lim xanh", "sến"));
    EXPECT_EQ(shown["content"]["corner_post"], "7A");
    ASSERT_EQ(shown["conflicts"].size(), 1u) << shown;
    EXPECT_EQ(shown["conflicts"][0]["readings"].size(), 2u);
  }
  const std::string conflict = Phone("vo-nguyet-que", {"show", plot})["conflicts"][0]["id"];
  Phone("vo-nguyet-que", {"resolve", plot, conflict, "--pick", "2"});
  Meet();
  EXPECT_EQ(Phone("nguyen-uu-dam", {"show", plot})["conflicts"].size(), 0u);
  EXPECT_EQ(Phone("nguyen-uu-dam", {"digest"}), Phone("vo-nguyet-que", {"digest"}));
  EXPECT_EQ(office_.StopServer(), 0);
  const Ended check = office_.Check({"--schema", CENSUS_SCHEMA});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
}

// Whoever exports without the type would leave its files out, and whoever checks without it cannot
// say which there are to be.
TEST_F(BroughtType, IsNoTypeToBeSilentAboutInExports) {
  const std::string plot = Phone("nguyen-uu-dam", {"new", "census", "plot_name=Ô 9"})["id"];
  Meet();
  const auto run = [](std::vector<std::string> command) {
    command.insert(command.end(), {"--lang", "en"});
    return tests::Run(command);
  };
  const std::string who = office_.space() / "vo-nguyet-que";
  const std::string out = office_.space() / "o-9";
  const Ended refused = run({SOTAYCTL, "--dir", who, "export", plot, out});
  EXPECT_EQ(refused.exit_code, 4) << refused.out << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("--schema"));
  EXPECT_FALSE(std::filesystem::exists(out + ".part"));
  const Ended made = run({SOTAYCTL, "--dir", who, "--schema", CENSUS_SCHEMA, "export", plot, out});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(run({SOTAY_VERIFY, out, "--schema", CENSUS_SCHEMA}).exit_code, 0);
  // How it merges cannot be checked here either.
  const Ended unknown = run({SOTAY_VERIFY, out, "--quiet"});
  EXPECT_NE(unknown.exit_code, 0);
  EXPECT_THAT(unknown.out, HasSubstr("A type that is not known here: foreign.v1.TreeCensus"));
  const Ended alone =
      run({SOTAYCTL, "--dir", who, "export", plot, out + ".sotay", "--without-files"});
  EXPECT_EQ(alone.exit_code, 4) << alone.out;
  EXPECT_THAT(alone.err, HasSubstr("--schema")) << "the server is not to blame";
}

TEST_F(BroughtType, IsHeldToItsRules) {
  const std::string plot = Phone("nguyen-uu-dam", {"new", "census", "plot_name=Ô 8"})["id"];
  const Ended ended = tests::Run({SOTAY, "--dir", office_.space() / "nguyen-uu-dam", "--schema",
                                  CENSUS_SCHEMA, "--lang", "en", "edit", plot, "state=checked"});
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_THAT(ended.err, HasSubstr("state")) << "a plot that was not counted cannot be checked";
  EXPECT_EQ(Phone("nguyen-uu-dam", {"status"})["outbox"], 1) << "only its birth waits";
}

}  // namespace
}  // namespace sotay::tests
