// Posts and the table of rights through the real commands and a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kDam[] = "nguyen-uu-dam";
constexpr char kHa[] = "do-may-ha";

class PostsCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    office_.StartServer();
    ASSERT_FALSE(HasFatalFailure());
    office_.MakeUnit({kDam});
    office_.Administrator({"users", "put", kHa, "--name", "Đỗ Mây Hạ"});
  }
  Ended Ctl(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAYCTL, "--dir", office_.space() / user, "--lang", "en"};
    command.insert(command.end(), words.begin(), words.end());
    return tests::Run(command);
  }
  json CtlJson(const std::string& user, std::vector<std::string> words) {
    words.emplace_back("--json");
    const Ended ended = Ctl(user, words);
    EXPECT_EQ(ended.exit_code, 0) << words.front() << ": " << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }
  Ended Phone(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAY, "--dir", office_.space() / user, "--lang", "en"};
    command.insert(command.end(), words.begin(), words.end());
    return tests::Run(command);
  }

  Office office_;
};

TEST_F(PostsCommandTest, APostIsGivenListedAndEnded) {
  const Ended put = Ctl("administrator", {"posts", "put", kHa, "vkskv1", "KTV", "--from",
                                          "1/7/2026", "--reason", "12/QĐ-VKS"});
  EXPECT_EQ(put.exit_code, 0) << put.err;
  EXPECT_THAT(put.out, HasSubstr("Saved post do-may-ha 1  examiner  vkskv1  from 01/07/2026"));
  const json listed = CtlJson("administrator", {"posts", "--user", kHa});
  ASSERT_EQ(listed.size(), 1u) << listed;
  EXPECT_EQ(listed[0]["capacity"], "KTV");
  EXPECT_EQ(listed[0]["valid_from"], 20260701);
  EXPECT_EQ(listed[0]["reason"], "12/QĐ-VKS");
  const Ended end = Ctl(
      "administrator", {"posts", "end", kHa, "1", "--last", "31/12/2099", "--reason", "13/QĐ-VKS"});
  EXPECT_THAT(end.out, HasSubstr("through 31/12/2099"));
  EXPECT_EQ(CtlJson("administrator", {"posts"}).size(), 1u);
  EXPECT_EQ(CtlJson("administrator", {"posts", "--history"}).size(), 2u);
  // What is no post says what one is.
  const Ended no_capacity =
      Ctl("administrator", {"posts", "put", kHa, "vkskv1", "CHIEF", "--reason", "x"});
  EXPECT_EQ(no_capacity.exit_code, 2) << no_capacity.err;
  EXPECT_THAT(no_capacity.err, HasSubstr("HEAD, DEP, DIV"));
  const Ended no_field = Ctl("administrator", {"posts", "put", kHa, "vkskv1", "DEP", "--field",
                                               "ma_tuy", "--reason", "x"});
  EXPECT_NE(no_field.exit_code, 0);
  EXPECT_THAT(no_field.err, HasSubstr("hinh_su"));
  EXPECT_EQ(Ctl(kDam, {"posts"}).exit_code, 3) << "nobody is enrolled there";
}

TEST_F(PostsCommandTest, AnExaminersSubmissionIsKeptAndSaysWhy) {
  ASSERT_EQ(Ctl("administrator", {"posts", "put", kHa, "vkskv1", "KTV", "--reason", "12/QĐ-VKS"})
                .exit_code,
            0);
  for (const char* user : {kDam, kHa}) {
    EXPECT_EQ(Phone(user, {"enroll", office_.Invite(user)}).exit_code, 0) << user;
  }
  Phone(kDam, {"sync"});
  const json matter = json::parse(
      Phone(kDam, {"new", "inspection", "kind=scene_examination", "place=xã Tân Mây", "--json"})
          .out,
      nullptr, false);
  const std::string inspection = matter.at("id");
  Phone(kDam, {"sync"});
  EXPECT_EQ(Phone(kHa, {"sync"}).exit_code, 0);
  const json written = json::parse(
      Phone(kHa, {"new", "note", "--in", inspection, "kind=scene", "body=Một", "--json"}).out,
      nullptr, false);
  const std::string note = written.at("id");
  EXPECT_EQ(Phone(kHa, {"edit", note, "state=submitted"}).exit_code, 0);
  Phone(kHa, {"sync"});
  const Ended refused = Phone(kHa, {"refused"});
  EXPECT_THAT(refused.out,
              HasSubstr("no rule lets the author's posts submit a record of kind note"));
  // The words are there all the same.
  EXPECT_EQ(Phone(kDam, {"sync"}).exit_code, 0);
  EXPECT_THAT(Phone(kDam, {"show", note}).out, HasSubstr("Một"));
}

// An office's own table, made from the text of the one in force, takes its place.
TEST_F(PostsCommandTest, AnotherTableDecidesOtherwise) {
  const std::string rules = office_.space() / "office.rules";
  const std::string settings = office_.space() / "server/sotayd.toml";
  const std::string before = FileContents(settings);
  const std::string text = Ctl("administrator", {"rules", "--text"}).out;
  std::ofstream(rules) << text << "rule ktv.submit  KTV  note  submit  unit\n";
  std::ofstream(settings) << "rules = \"" << rules << "\"\n" << before;
  office_.KillServer();
  office_.StartServer();
  EXPECT_THAT(Ctl("administrator", {"rules", "--capacity", "KTV"}).out,
              AllOf(HasSubstr("a file of the server's"), HasSubstr("ktv.submit")));
  ASSERT_EQ(Ctl("administrator", {"posts", "put", kHa, "vkskv1", "KTV", "--reason", "12/QĐ-VKS"})
                .exit_code,
            0);
  for (const char* user : {kDam, kHa}) {
    EXPECT_EQ(Phone(user, {"enroll", office_.Invite(user)}).exit_code, 0) << user;
    Phone(user, {"sync"});
  }
  const json matter = json::parse(
      Phone(kDam, {"new", "inspection", "kind=scene_examination", "place=xã Tân Mây", "--json"})
          .out,
      nullptr, false);
  Phone(kDam, {"sync"});
  Phone(kHa, {"sync"});
  const std::string inspection = matter.at("id");
  const json written = json::parse(
      Phone(kHa, {"new", "note", "--in", inspection, "kind=scene", "body=Một", "--json"}).out,
      nullptr, false);
  const std::string note = written.at("id");
  EXPECT_EQ(Phone(kHa, {"edit", note, "state=submitted"}).exit_code, 0);
  Phone(kHa, {"sync"});
  EXPECT_THAT(Phone(kHa, {"refused"}).out, Not(HasSubstr("submit")));
  Phone(kDam, {"sync"});
  EXPECT_THAT(Phone(kDam, {"show", note}).out, HasSubstr("Submitted"));
}

TEST_F(PostsCommandTest, TheTableInForceIsShown) {
  const Ended rules = Ctl("administrator", {"rules", "--capacity", "DEP"});
  EXPECT_EQ(rules.exit_code, 0) << rules.err;
  EXPECT_THAT(rules.out, HasSubstr("compiled in"));
  EXPECT_THAT(rules.out, HasSubstr("dep.decide"));
  EXPECT_THAT(rules.out, Not(HasSubstr("ksv.work")));
  const json all = CtlJson("administrator", {"rules"});
  EXPECT_GT(all["rules"].size(), 20u);
  EXPECT_EQ(all["since"], 20260701);
  EXPECT_THAT(Ctl("administrator", {"rules", "--text"}).out, HasSubstr("rule dep.decide"));
}

}  // namespace
}  // namespace sotay::tests
