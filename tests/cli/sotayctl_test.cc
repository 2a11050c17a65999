// The `sotayctl` command as far as it goes without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "tests/cli/laptop.h"

namespace sotay::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Printed Sotayctl(std::vector<std::string> args) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  cli::Invocation run;
  run.streams = {&in, &out, &err, 0, false, nullptr};
  args.insert(args.begin(), {"--lang", "vi", "--dir", absl::StrCat(::testing::TempDir(), "none")});
  Printed printed;
  printed.code = cli::Sotayctl(args, &run);
  printed.out = out.str();
  printed.err = err.str();
  return printed;
}

TEST(Sotayctl, TeachesItsCommands) {
  for (const char* command :
       {"enroll", "units", "users", "invite", "devices", "revoke", "records", "show", "conflicts",
        "quarantine", "digest", "access", "watch", "duplicates", "posts", "rules", "secrecy"}) {
    const Printed help = Sotayctl({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr(command));
  }
  EXPECT_THAT(Sotayctl({"--help"}).out, AllOf(HasSubstr("Quản trị:"), HasSubstr("Lãnh đạo:")));
  EXPECT_THAT(Sotayctl({"posts", "put", "--help"}).out,
              AllOf(HasSubstr("HEAD DEP DIV KSV KTV CLK STA INS"), HasSubstr("--field hinh_su")));
  EXPECT_THAT(Sotayctl({"secrecy", "--help"}).out,
              AllOf(HasSubstr("seal"), HasSubstr("holders"), HasSubstr("destroy"),
                    HasSubstr("confirm"), HasSubstr("backups-gone"), HasSubstr("list")));
  EXPECT_THAT(Sotayctl({"secrecy", "seal", "--help"}).out, HasSubstr("--alias \"Hồ sơ 17\""));
  EXPECT_THAT(Sotayctl({"users", "put", "--help"}).out, HasSubstr("vkskv3:prosecutor"));
}

TEST(Sotayctl, SaysHowToEnrolWhereNobodyHas) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"units"},
                                             {"units", "put", "vkskv3", "--name", "x"},
                                             {"records"},
                                             {"digest"},
                                             {"access", "--unit", "vkskv3"},
                                             {"posts"},
                                             {"rules", "--text"},
                                             {"watch"}}) {
    const Printed printed = Sotayctl(args);
    EXPECT_EQ(printed.code, 3) << printed.err;
    EXPECT_THAT(printed.err, HasSubstr("sotayctl enroll INVITATION"));
  }
}

TEST(Sotayctl, ReadsTheCommandLineBeforeItCallsAnybody) {
  EXPECT_EQ(Sotayctl({}).code, 2);
  EXPECT_EQ(Sotayctl({"units", "put", "vkskv3"}).code, 2);
  EXPECT_EQ(Sotayctl({"posts", "put", "uu-dam", "vkskv3", "KSV"}).code, 2);
  EXPECT_EQ(Sotayctl({"posts", "put", "uu-dam", "vkskv3", "CHIEF", "--reason", "x"}).code, 2);
  EXPECT_EQ(Sotayctl({"revoke", "7f3a"}).code, 2);
  EXPECT_EQ(Sotayctl({"secrecy", "seal", "7f3a91c2", "--reason", "x"}).code, 2);
  EXPECT_EQ(Sotayctl({"secrecy", "destroy", "7f3a91c2", "--reason", "x"}).code, 2) << "a whole id";
  EXPECT_EQ(Sotayctl({"show", "7f3a91c2", "--history", "501"}).code, 2);
  EXPECT_EQ(Sotayctl({"enroll", "sotay1:xyz"}).code, 2);
  EXPECT_EQ(Sotayctl({"access"}).code, 2);
  EXPECT_EQ(Sotayctl({"access", "--record", "7f3a91c2", "--unit", "vkskv3"}).code, 2);
  EXPECT_EQ(Sotayctl({"access", "--record", "7f3a"}).code, 2);
  const Printed member =
      Sotayctl({"users", "put", "uu-dam", "--name", "Nguyễn Ưu Đàm", "--member", "vkskv3:judge"});
  EXPECT_EQ(member.code, 2);
  EXPECT_THAT(member.err, HasSubstr("UNIT:prosecutor"));
  EXPECT_EQ(Sotayctl({"users", "put", "x", "--name", "X", "--member", "prosecutor"}).code, 2);
  EXPECT_EQ(Sotayctl({"invite", "uu-dam", "--valid", "soon"}).code, 2);
}

}  // namespace
}  // namespace sotay::tests
