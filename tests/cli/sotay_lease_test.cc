// What a person is told of a notebook that is read offline for so many days, and no longer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/laptop.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int64_t kHour = 60 * 60 * 1000;
constexpr int64_t kDay = 24 * kHour;

class SotayLease : public ::testing::Test {
 protected:
  SotayLease() {
    laptop_.offline_days = 7;
    laptop_.Exchange();
    visit_ = laptop_.Json({"new", "inspection", "kind=custody_place", "target_body=Nhà tạm giữ"})
                 .at("id");
    laptop_.Exchange();
  }
  void Pass(int64_t ms) {
    precinct_.now_ms += ms;
    laptop_.clock_ms += ms;
  }

  Precinct precinct_;
  Laptop laptop_{&precinct_, "uu-dam", "Nguyễn Ưu Đàm"};
  std::string visit_;
};

TEST_F(SotayLease, StatusSaysUntilWhenAndWarnsADayBefore) {
  EXPECT_THAT(laptop_.Sotay({"status"}).out,
              HasSubstr("đến 12/11/2026 07:15 nếu không liên lạc máy chủ (7 ngày)"));
  json readable = laptop_.Json({"status"})["readable"];
  EXPECT_EQ(readable["now"], true);
  EXPECT_EQ(readable["offline_days"], 7);
  EXPECT_EQ(readable["until_ms"], kMorning + 7 * kDay);
  EXPECT_EQ(readable["left_ms"], 7 * kDay);
  EXPECT_EQ(readable["ends_soon"], false);
  Pass(6 * kDay);
  EXPECT_THAT(laptop_.Sotay({"status"}).out, Not(HasSubstr("SẮP HẾT")));
  Pass(kHour);
  EXPECT_THAT(laptop_.Sotay({"status"}).out, HasSubstr("SẮP HẾT, còn 23 giờ"));
  EXPECT_EQ(laptop_.Json({"status"})["readable"]["ends_soon"], true);
  Pass(kDay);
  EXPECT_THAT(laptop_.Sotay({"status"}).out, HasSubstr("KHÔNG: liên lạc cuối"));
  readable = laptop_.Json({"status"})["readable"];
  EXPECT_EQ(readable["now"], false);
  EXPECT_EQ(readable["left_ms"], 0);
}

TEST_F(SotayLease, PastItReadingSaysWhyAndWhatGoesOn) {
  Pass(8 * kDay);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"list"},
                                             {"list", "note", "--in", visit_},
                                             {"show", visit_},
                                             {"log", visit_},
                                             {"conflicts"},
                                             {"conflicts", visit_},
                                             {"files"},
                                             {"deadlines"},
                                             {"edit", visit_, "place=Bãi Nổi"},
                                             {"resolve", visit_, "place", "--pick", "1"},
                                             {"sign", visit_}}) {
    const Printed printed = laptop_.Sotay(words);
    EXPECT_EQ(printed.code, 4) << words[0] << printed.out;
    EXPECT_THAT(printed.err, HasSubstr("liên lạc cuối với máy chủ lúc 05/11/2026 07:15"))
        << words[0];
    EXPECT_THAT(printed.err, HasSubstr("7 ngày, đến 12/11/2026 07:15")) << words[0];
    EXPECT_THAT(printed.err, HasSubstr("sotay sync")) << words[0];
    EXPECT_THAT(printed.out + printed.err, Not(HasSubstr("Nhà tạm giữ"))) << words[0];
  }
  EXPECT_THAT(laptop_.Sotay({"--lang", "en", "show", visit_}).err,
              HasSubstr("records are read for 7 days, until 12/11/2026 07:15"));

  const std::string note =
      laptop_.Json({"new", "note", "--in", visit_, "body=Ghi sau hạn."}).at("id");
  EXPECT_THAT(laptop_.Sotay({"show", note}).out, HasSubstr("Ghi sau hạn."));
  EXPECT_EQ(laptop_.Sotay({"edit", note, "body=Ghi sau hạn, sửa."}).code, 0);
  EXPECT_EQ(laptop_.Sotay({"log", note}).code, 0);
  EXPECT_EQ(laptop_.Sotay({"refused"}).code, 0);
  EXPECT_EQ(laptop_.Sotay({"status"}).code, 0);
  const json here = laptop_.Json({"list", "--here"});
  ASSERT_THAT(here, SizeIs(1));
  EXPECT_EQ(here[0]["id"], note);

  laptop_.Exchange();
  EXPECT_THAT(laptop_.Sotay({"show", visit_}).out, HasSubstr("Nhà tạm giữ"));
  EXPECT_THAT(laptop_.Json({"list", "--here"}), SizeIs(0));
}

// A photograph is attached to what is not read now.
TEST_F(SotayLease, FilesAreAttachedAndNotSaved) {
  const std::string photo = laptop_.dir() + "/../anh.jpg";
  {
    std::ofstream out(photo, std::ios::binary);
    out << "ảnh";
  }
  const std::string before = laptop_.Json({"attach", photo, "--in", visit_}).at("id");
  laptop_.Exchange();
  Pass(8 * kDay);
  EXPECT_EQ(laptop_.Sotay({"save", before, laptop_.dir() + "/../ra.jpg"}).code, 4);
  const std::string after = laptop_.Json({"attach", photo, "--in", visit_}).at("id");
  EXPECT_EQ(laptop_.Sotay({"save", after, laptop_.dir() + "/../ra.jpg"}).code, 0);
}

// It runs out with an editor open: what was typed is kept.
TEST_F(SotayLease, WhatIsTypedMeanwhileIsKept) {
  laptop_.At([&](sdk::Notebook* notebook) {
    const auto id = notebook->Find(visit_);
    const auto seen = notebook->Read(*id);
    ASSERT_TRUE(seen.ok()) << seen.status();
    Pass(8 * kDay);
    sdk::Edit edit;
    edit.field = "place";
    edit.value = "xã Bãi Nổi";
    EXPECT_TRUE(notebook->Change(*seen, {edit}).ok());
  });
  EXPECT_EQ(laptop_.Json({"status"})["outbox"], 1);
}

}  // namespace
}  // namespace sotay::tests
