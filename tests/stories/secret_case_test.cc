// A case proves to be secret while two phones hold it and have unsent notes in it.  They are never
// sent; what phones and server have of it leaves every table and file; the head sees who had it;
// and two people destroy what is kept sealed.  Everything else goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

// Words that stand in secret records alone.
constexpr char kNeedle[] = "KIMCUONGHONG";

class SecretCase : public ::testing::TestWithParam<size_t> {
 protected:
  SecretCase() : stage_({kDam, kQue}) {
    visit_ = stage_.Inspection({"target_body=Công an xã Bãi Nổi"});
    case_ = stage_
                .Phone(kDam, {"new", "case", "kind=criminal", absl::StrCat("title=Vụ ", kNeedle),
                              "--not-secret"})
                .value("id", "");
    stage_.New(kDam, "note", case_, {absl::StrCat("body=Lời khai về ", kNeedle, "1.")});
    stage_.Share(kDam);
    stage_.New(kDam, "note", case_, {absl::StrCat("body=Chưa gửi ", kNeedle, "2.")});
    stage_.New(kDam, "note", visit_, {"body=Buồng số 3: 14 người trên 18 m²."});
    stage_.New(kDam, "note", case_, {absl::StrCat("body=Chưa gửi ", kNeedle, "3.")});
    stage_.New(kQue, "note", case_, {absl::StrCat("body=Chưa gửi ", kNeedle, "4.")});
  }

  // Files below a directory that have the words.
  static std::vector<std::string> FilesWithIt(const std::string& directory) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      if (!entry.is_regular_file()) continue;
      if (absl::StrContains(FileContents(entry.path()), kNeedle)) found.push_back(entry.path());
    }
    return found;
  }
  std::string ServerDirectory() { return stage_.office().space() / "server"; }
  json Sealed() {
    const json list = stage_.Console({"secrecy", "list"});
    EXPECT_THAT(list, SizeIs(1));
    return list.is_array() && !list.empty() ? list[0] : json();
  }

  Stage stage_;
  std::string visit_, case_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, SecretCase, ::testing::ValuesIn(OrdersOf(3)));

TEST_P(SecretCase, LeavesEveryPhoneAndTheServer) {
  // A phone's files have no words at any time; that its sealed rows go, too, sealing_test looks
  // for.
  ASSERT_THAT(FilesWithIt(ServerDirectory()), Not(IsEmpty())) << "else this sees nothing";
  for (const std::string& phone : {std::string(kDam), std::string(kQue)}) {
    ASSERT_THAT(FilesWithIt(stage_.DirectoryOf(phone)), IsEmpty());
    ASSERT_THAT(stage_.Phone(phone, {"list", "note"}).dump(), HasSubstr(kNeedle));
  }
  stage_.Console({"show", case_});
  EXPECT_NE(stage_
                .Decide(kDam, {"secrecy", "seal", case_, "--alias", "Hồ sơ 17", "--holder",
                               "Tủ số 3", "--reason", "9/CV-VKS"})
                .exit_code,
            0)
      << "a prosecutor does not decide this";
  stage_.Console({"secrecy", "seal", case_, "--alias", "Hồ sơ 17", "--holder", "Tủ số 3",
                  "--reason", "9/CV-VKS"});
  stage_.Meet(GetParam());

  // What is left on the phones: the stub, and how much of theirs was withheld.
  const json dam = stage_.Phone(kDam, {"status"})["sealed_dossiers"];
  ASSERT_THAT(dam, SizeIs(1));
  EXPECT_EQ(dam[0]["dossier"], case_);
  EXPECT_EQ(dam[0]["sealed"]["alias"], "Hồ sơ 17");
  EXPECT_EQ(dam[0]["sealed"]["by"], kLeader);
  EXPECT_EQ(dam[0]["sealed"]["withheld"], 4);
  EXPECT_EQ(dam[0]["sealed"]["reported"], true);
  EXPECT_EQ(stage_.Phone(kQue, {"status"})["sealed_dossiers"][0]["sealed"]["withheld"], 1);
  for (const std::string& phone : stage_.phones()) {
    EXPECT_THAT(stage_.Phone(phone, {"list", "note"}), SizeIs(1)) << phone << ": the visit's";
    EXPECT_THAT(FilesWithIt(stage_.DirectoryOf(phone)), IsEmpty()) << phone;
    EXPECT_EQ(stage_.Phone(phone, {"digest"}), stage_.Console({"digest", "--unit", "vkskv1"}));
  }
  EXPECT_THAT(stage_.Try(kDam, {"new", "note", "--in", case_, "body=thêm"}).err,
              HasSubstr("secret"));

  // The unsent ones are there by count, and were never sent.
  const json quarantine = stage_.Console({"quarantine"});
  ASSERT_THAT(quarantine, SizeIs(3));
  for (const json& withheld : quarantine) EXPECT_EQ(withheld["reason"], "REASON_CLASSIFIED");
  EXPECT_THAT(quarantine.dump(), Not(HasSubstr(kNeedle)));

  // Who had it, and that every phone says it is done.
  const json holders = stage_.Console({"secrecy", "holders", case_});
  ASSERT_THAT(holders["devices"], SizeIs(3));
  for (const json& device : holders["devices"]) {
    EXPECT_GT(device["reported_ms"], 0) << device;
    EXPECT_EQ(device["wrote"], device["user"] == kDam) << device;
  }
  EXPECT_THAT(holders["readers"].dump(), HasSubstr(kLeader));

  // Two people destroy it.
  const auto end = [&](const std::string& who, const std::string& what) {
    return stage_.Decide(who, {"secrecy", what, case_, "--reason", "12/QĐ-VKS"}).exit_code;
  };
  EXPECT_NE(end("administrator", "confirm"), 0) << "nobody has asked";
  EXPECT_EQ(end(kLeader, "destroy"), 0);
  EXPECT_NE(end(kLeader, "confirm"), 0) << "not the one who asked";
  EXPECT_EQ(Sealed()["destroyed"], false);
  EXPECT_EQ(end("administrator", "confirm"), 0);
  EXPECT_EQ(Sealed()["destroyed"], true);
  EXPECT_EQ(Sealed()["swept"], true);

  // The rest goes on, on the same phones.
  stage_.New(kDam, "note", visit_, {"body=Buồng số 4: 9 người."});
  stage_.Meet(GetParam());
  // Nothing of that is missing, on any of them.
  for (const std::string& phone : stage_.phones()) {
    std::set<std::string> notes;
    for (const json& line : stage_.Phone(phone, {"list", "note"})) notes.insert(line["title"]);
    EXPECT_THAT(notes,
                UnorderedElementsAre("Buồng số 3: 14 người trên 18 m².", "Buồng số 4: 9 người."))
        << phone;
    EXPECT_EQ(stage_.Phone(phone, {"digest"}), stage_.Console({"digest", "--unit", "vkskv1"}));
  }
  stage_.Close();
  EXPECT_THAT(FilesWithIt(ServerDirectory()), IsEmpty());
}

// A case that is known to be secret when it is opened never has any content.
TEST(SecretFromTheBeginning, IsAStub) {
  Stage stage({kDam});
  EXPECT_THAT(stage.Try(kDam, {"new", "case", "kind=criminal", "title=Vụ án"}).err,
              HasSubstr("--not-secret"))
      << "nobody opens one without having been asked";
  const Ended told = stage.Try(
      kDam, {"new", "case", "national_security=yes", "alias=Hồ sơ 18", "title=Vụ án gián điệp"});
  EXPECT_NE(told.exit_code, 0);
  const std::string stub = stage
                               .Phone(kDam, {"new", "case", "national_security=yes",
                                             "alias=Hồ sơ 18", "paper_file=Tủ số 3"})
                               .value("id", "");
  EXPECT_NE(stage.Try(kDam, {"new", "note", "--in", stub, "body=Lời khai"}).exit_code, 0);
  EXPECT_NE(stage.Try(kDam, {"edit", stub, "title=Vụ án gián điệp"}).exit_code, 0);
  stage.Meet(0);
  EXPECT_EQ(stage.Console({"show", stub})["content"]["alias"], "Hồ sơ 18");
  EXPECT_EQ(stage.Phone(kDam, {"digest"}), stage.Console({"digest", "--unit", "vkskv1"}));
  stage.Close();
}

}  // namespace
}  // namespace sotay::tests
