// A phone's directory is copied to a second place, or set back to an older state, and both are
// written in.  Whichever comes first stays; the other is told plainly, keeps its words and hands
// them in, where the leader reads them; its owner goes on under a new identity.  In the end all
// phones and the server show the same, nothing typed is missing, and what was counted counts once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

namespace fs = std::filesystem;

constexpr char kNew[] = "may-moi";

// What is written in either place.
struct Written {
  std::string note;
  int people = 0;
};

const Written kHere = {"Buồng 4 đủ sổ theo dõi.", 14};
const Written kThere = {"Buồng 5 thiếu sổ theo dõi sức khỏe.", 9};

class CopiedPhone : public ::testing::TestWithParam<size_t> {
 protected:
  CopiedPhone() : stage_({kDam, kQue}) {
    visit_ = stage_.Inspection({"target_body=Nhà tạm giữ Công an xã Bãi Nổi"});
    first_ = stage_.New(kDam, "note", visit_, {"body=Buồng 3 có 14 người."});
    stage_.Share(kDam);
    device_ = stage_.Phone(kDam, {"status"})["device"];
  }
  // As whoever copies the files does it, and puts them back.
  void Copy(const std::string& from, const std::string& to) {
    fs::remove_all(stage_.DirectoryOf(to));
    fs::copy(stage_.DirectoryOf(from), stage_.DirectoryOf(to), fs::copy_options::recursive);
  }
  void Write(const std::string& phone, const Written& what) {
    stage_.New(phone, "note", visit_, {"body=" + what.note});
    stage_.Phone(phone, {"edit", visit_, absl::StrCat("tallies[nguoi]+=", what.people)});
  }
  // Whoever holds the other one is told, in both languages, each time, and what to do.
  void ExpectTold(const std::string& phone) {
    for (int time = 0; time < 2; ++time) {
      const Ended told = stage_.Exchange(phone);
      EXPECT_EQ(told.exit_code, 4);
      EXPECT_THAT(told.err, AllOf(HasSubstr("copied or set back"), HasSubstr("enrol anew")));
    }
    const Ended vi =
        tests::Run({SOTAY, "--dir", stage_.DirectoryOf(phone), "--lang", "vi", "sync"});
    EXPECT_EQ(vi.exit_code, 4);
    EXPECT_THAT(vi.err, AllOf(HasSubstr("bị sao chép hoặc bị lùi"), HasSubstr("ghi danh lại"),
                              HasSubstr("enroll MÃ_MỜI"), Not(HasSubstr("copied"))));
  }
  // What the branch wrote, as the leader reads it.
  json Branch() {
    json branch = json::array();
    for (const json& aside : stage_.Console({"quarantine"})) {
      if (aside["reason"] == "REASON_FORKED_BRANCH") branch.push_back(aside);
    }
    for (const json& aside : branch) {
      EXPECT_EQ(aside["device"], device_);
      EXPECT_EQ(aside["user"], kDam);
    }
    return branch;
  }
  json State() {
    for (const json& device : stage_.Console({"devices"})) {
      if (device["device"] == device_) return device["state"];
    }
    return {};
  }
  // Đàm goes on under a new identity, reading off the old one, which still shows everything.
  void WriteAnew(const std::string& old, const Written& lost, const json& branch) {
    stage_.Lose(kDam);
    stage_.Enrol(kNew, kDam);
    const json lines = stage_.Phone(old, {"list", "note"});
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(),
                            [&](const json& line) { return line["title"] == lost.note; }));
    Write(kNew, lost);
    stage_.Meet(GetParam());
    // The leader has it from the branch, too, and says what became of it.
    for (const json& aside : branch) {
      const Ended dismissed = stage_.Decide(
          kLeader, {"quarantine", "dismiss", device_, absl::StrCat(aside["sequence"].get<int>()),
                    "--change", aside["change_id"], "--reason", "đã ghi lại trên máy mới"});
      EXPECT_EQ(dismissed.exit_code, 0) << dismissed.err;
    }
    EXPECT_THAT(Branch(), SizeIs(0));
  }
  void ExpectWhole(int people) {
    stage_.Meet(GetParam());
    for (const std::string& phone : stage_.phones()) {
      const json visit = stage_.Phone(phone, {"show", visit_});
      EXPECT_EQ(visit["content"]["tallies"]["nguoi"], absl::StrCat(people)) << visit;
    }
    stage_.ExpectTogether();
    const std::string bundle = stage_.office().space() / "ho-so.sotay";
    stage_.Console({"export", visit_, bundle});
    const Ended verified = tests::Run({SOTAY_VERIFY, bundle});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    stage_.Close();
  }

  Stage stage_;
  std::string visit_, first_, device_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, CopiedPhone, ::testing::ValuesIn(OrdersOf(3)));

// The phone itself in an even order, its copy in an odd one.
TEST_P(CopiedPhone, OfTwoCopiesTheFirstToComeStays) {
  const std::string copy = "may-sao";
  Copy(kDam, copy);
  // Both are written in, without a network.
  Write(kDam, kHere);
  Write(copy, kThere);
  const bool itself = GetParam() % 2 == 0;
  const std::string first = itself ? kDam : copy, second = itself ? copy : kDam;
  const Written& lost = itself ? kThere : kHere;
  EXPECT_EQ(stage_.Exchange(first).exit_code, 0);
  ExpectTold(second);
  EXPECT_EQ(State(), "DEVICE_STATE_FORKED");
  // The first knows nothing of it until it comes again, and is told then, as it is one device.
  ExpectTold(first);
  const json branch = Branch();
  ASSERT_THAT(branch, SizeIs(2)) << "each once, though it came several times";
  EXPECT_THAT(branch.dump(), HasSubstr(lost.note));
  WriteAnew(second, lost, branch);
  ExpectWhole(23);
}

TEST_P(CopiedPhone, SetBackAndWrittenInAgain) {
  const std::string kept = "may-cu";
  Copy(kDam, kept);
  Write(kDam, kHere);
  EXPECT_EQ(stage_.Exchange(kDam).exit_code, 0);
  Copy(kept, kDam);
  // Other things, in the same places.
  Write(kDam, kThere);
  ExpectTold(kDam);
  EXPECT_EQ(State(), "DEVICE_STATE_FORKED");
  const json branch = Branch();
  ASSERT_THAT(branch, SizeIs(2));
  WriteAnew(kDam, kThere, branch);
  ExpectWhole(23);
}

// Nothing was written since, so nothing is to be handed in; the server has everything.
TEST_P(CopiedPhone, SetBackWithoutAWordSince) {
  const std::string kept = "may-cu";
  Copy(kDam, kept);
  Write(kDam, kHere);
  EXPECT_EQ(stage_.Exchange(kDam).exit_code, 0);
  Copy(kept, kDam);
  ExpectTold(kDam);
  EXPECT_THAT(Branch(), SizeIs(0));
  stage_.Lose(kDam);
  stage_.Enrol(kNew, kDam);
  EXPECT_THAT(stage_.Phone(kNew, {"list", "note"}), SizeIs(2));
  ExpectWhole(14);
}

}  // namespace
}  // namespace sotay::tests
