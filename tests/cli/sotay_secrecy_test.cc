// The `sotay` command at the secrecy gate, and of a dossier that proved to be secret.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/cli/laptop.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SotaySecrecyTest : public ::testing::Test {
 protected:
  SotaySecrecyTest() : laptop_(&precinct_, "uu-dam", "Nguyễn Ưu Đàm") { laptop_.Exchange(); }

  Precinct precinct_;
  Laptop laptop_;
};

TEST_F(SotaySecrecyTest, ACaseIsOpenedWithItsQuestionsAnswered) {
  const Printed asked = laptop_.Sotay({"new", "case", "kind=criminal", "title=Vụ trộm cắp"});
  EXPECT_NE(asked.code, 0);
  EXPECT_THAT(asked.err, AllOf(HasSubstr("national_security (Liên quan an ninh quốc gia)"),
                               HasSubstr("public_attention"), HasSubstr("--not-secret")));
  EXPECT_THAT(laptop_.Json({"list"}), ::testing::IsEmpty());
  // One by one, all at once, or the rest at once.
  const json answered =
      laptop_.Json({"show", laptop_
                                .Json({"new", "case", "kind=criminal", "title=Vụ trộm cắp",
                                       "national_security=no", "--not-secret"})["id"]
                                .get<std::string>()});
  for (const char* question :
       {"national_security", "exceptionally_serious", "serious_corruption", "public_attention"}) {
    EXPECT_EQ(answered["content"][question], "SECRECY_ANSWER_NO");
  }
  // Nothing else is asked.
  EXPECT_EQ(laptop_.Sotay({"new", "inspection", "kind=prison"}).code, 0);
}

TEST_F(SotaySecrecyTest, AYesMakesAStubThatIsListedByItsAlias) {
  const std::string stub = laptop_.Json(
      {"new", "case", "public_attention=yes", "alias=Hồ sơ S-07", "holder=Lãnh đạo Viện"})["id"];
  EXPECT_EQ(laptop_.Json({"list"})[0]["title"], "Hồ sơ S-07");
  const Printed refused = laptop_.Sotay({"new", "note", "--in", stub, "body=Bị can khai."});
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("stub"));
  EXPECT_NE(laptop_.Sotay({"edit", stub, "title=Vụ X"}).code, 0);
  EXPECT_EQ(laptop_.Json({"list"}).size(), 1u);
}

TEST_F(SotaySecrecyTest, WhatProvedToBeSecretIsShownAsWhatIsLeft) {
  const std::string matter =
      laptop_.Json({"new", "case", "kind=criminal", "title=Vụ trộm cắp", "--not-secret"})["id"];
  laptop_.Exchange();
  laptop_.Json({"new", "note", "--in", matter, "body=Bị can khai."});
  laptop_.Json({"new", "note", "--in", matter, "body=Nhân chứng khai."});
  v1::SecretDossier& secret = laptop_.secret.emplace_back();
  secret.set_dossier_id(absl::HexStringToBytes(matter));
  secret.set_unit_id(kUnit);
  secret.set_alias("Hồ sơ S-07");
  secret.set_holder("Lãnh đạo Viện");
  secret.set_set_by("uu-dam");
  secret.set_set_ms(kMorning);
  laptop_.Exchange();

  const json list = laptop_.Json({"list"});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["id"], matter);
  EXPECT_EQ(list[0]["title"], "Hồ sơ S-07");
  EXPECT_EQ(list[0]["sync"], "sealed");
  EXPECT_EQ(list[0]["sealed"]["withheld"], 3);
  EXPECT_EQ(list[0]["sealed"]["unsent"], 2);
  EXPECT_EQ(list[0]["sealed"]["reported"], true);
  EXPECT_EQ(laptop_.Json({"show", matter.substr(0, 8)}), list[0]);
  EXPECT_EQ(laptop_.Json({"status"})["sealed_dossiers"], list);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"list"}, {"show", matter}, {"status"}}) {
    EXPECT_THAT(laptop_.Sotay(words).out,
                AllOf(HasSubstr("Hồ sơ S-07"), HasSubstr("hồ sơ giấy: Lãnh đạo Viện"),
                      HasSubstr("niêm phong lúc 05/11/2026 07:15 bởi Nguyễn Ưu Đàm"),
                      HasSubstr("bị giữ: 3, máy chủ chưa xác nhận đã nhận: 2"),
                      HasSubstr("nội dung đã rời khỏi máy này"), Not(HasSubstr("trộm cắp"))));
  }
  const Printed refused = laptop_.Sotay({"new", "note", "--in", matter, "body=Thêm."});
  EXPECT_NE(refused.code, 0);
}

TEST_F(SotaySecrecyTest, WhatWasRefusedAsSecretIsListedWithoutItsWords) {
  const std::string matter =
      laptop_.Json({"new", "case", "kind=criminal", "title=Vụ trộm cắp", "--not-secret"})["id"];
  laptop_.Exchange();
  const std::string note = laptop_.Json({"new", "note", "--in", matter, "body=Bị can khai."})["id"];
  laptop_.classified = {2};
  laptop_.Exchange();
  EXPECT_THAT(laptop_.Sotay({"refused"}).out,
              AllOf(HasSubstr("the dossier is a stub"), HasSubstr("không còn ở máy này"),
                    HasSubstr("hồ sơ giấy"), Not(HasSubstr("Bị can khai"))));
  const json refused = laptop_.Json({"refused"});
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0]["withheld"], true);
  EXPECT_NE(laptop_.Sotay({"show", note}).code, 0);
  EXPECT_EQ(laptop_.Json({"status"})["purge_failure"], "");
}

}  // namespace
}  // namespace sotay::tests
