// The drill that crosses everything: six phones and a console do whatever can be done in an office;
// then the server is lost, with all that came since its newest backup.  It is restored, the phones
// meet it in any order, and nothing is missing; what was exported before still holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

constexpr char kHa[] = "do-may-ha";     // an examiner
constexpr char kRo[] = "le-o-ro";       // of a unit that ends
constexpr char kSpare[] = "may-thu-2";  // another phone of Quế's

class EverythingLost : public ::testing::TestWithParam<size_t> {
 protected:
  EverythingLost() : stage_({kDam, kQue, kPhong}) {
    fs::create_directory(backup_);
    // A segment at the start and one at the end.
    std::ofstream(server_ / "sotayd.toml", std::ios::app)
        << "[backup]\ndirectory = \"" << backup_ << "\"\nevery_s = 86400\n";
    StopAndStart();
    stage_.PutUser(kHa, "");
    Admin({"posts", "put", kHa, "vkskv1", "KTV", "--reason", "3/QĐ-VKS"});
    stage_.Enrol(kHa, kHa);
    stage_.Enrol(kSpare, kQue);
    Admin({"units", "put", "vkskv2", "--name", "VKSND khu vực 2 – Sông Mây"});
    Admin({"users", "put", kRo, "--name", kRo, "--member", "vkskv2:prosecutor"});
    stage_.Enrol(kRo, kRo);
    stage_.Lose(kRo);  // of the round of vkskv1, which it never was in
  }

  void Admin(const Stage::Words& words) { stage_.office().Administrator(words); }
  void StopAndStart() {
    EXPECT_EQ(stage_.office().StopServer(), 0);
    stage_.office().StartServer();
  }
  json Decide(const std::string& who, const std::string& what, const json& row) {
    const Ended ended = stage_.Decide(
        who, {"quarantine", what, row["device"], absl::StrCat(row["sequence"].get<int>()),
              "--change", row["change_id"], "--reason", "Đối chiếu sổ"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }

  // What is written on phones: texts, counts, a finding, a term, a file, a number, a task, what is
  // signed and amended late, what an examiner submits, and a phone that takes another key.
  void Write(const std::string& round) {
    visit_ = stage_.Inspection({"target_body=Nhà tạm giữ " + round});
    const std::string note = stage_.New(kDam, "note", visit_, {"body=Tổng số 23 người."});
    const std::string report = stage_
                                   .Phone(kDam, {"new", "case", "kind=crime_report",
                                                 "title=Tin báo " + round, "--not-secret"})
                                   .value("id", "");
    stage_.Share(kDam);
    const std::string term = stage_
                                 .Phone(kDam, {"deadlines", "start", report, "report.resolve",
                                               "--date", "3/11/2026", "--document", "37/TB-VKSKV1"})
                                 .value("id", "");
    const std::string action = stage_.New(kDam, "action", visit_,
                                          {"kind=recommendation", "draft_no=TẠM-dam-" + round,
                                           "state=submitted", "title=Kiến nghị " + round});
    const std::string signed_note = stage_.New(kDam, "note", visit_, {"body=Buồng 4 có 02 người."});
    stage_.Share(kDam);

    stage_.Phone(kDam, {"edit", note, "body=Tổng số 23 người. Buồng 4 giam chung."});
    stage_.Phone(kQue, {"edit", note, "body=Sổ khớp thực tế. Tổng số 23 người."});
    stage_.Phone(kSpare, {"edit", note, "body=Tổng số 24 người."});
    stage_.Phone(kDam, {"edit", visit_, "tallies[nguoi]+=14"});
    stage_.Phone(kPhong, {"edit", visit_, "tallies[nguoi]+=9"});
    stage_.Phone(kDam, {"edit", visit_, std::string("lead_id=") + kDam});
    stage_.Phone(kPhong, {"edit", visit_, std::string("lead_id=") + kPhong});
    stage_.New(kPhong, "finding", visit_, {"violation_code=giam_giu.giam_chung"});
    stage_.Phone(kDam, {"deadlines", "add", term, "extend", "--date", "18/11/2026", "--document",
                        "12/QĐ-VKSKV1", "--length", "10d"});
    stage_.Phone(kPhong, {"deadlines", "add", term, "suspend", "--date", "19/11/2026", "--document",
                          "13/QĐ-VKSKV1"});
    const std::string photograph = stage_.office().space() / ("anh-" + round);
    std::ofstream(photograph) << std::string(300'000, round.back());
    files_[stage_.Phone(kQue, {"attach", photograph, "--in", visit_, "--kind", "photo"})
               .value("id", "")] = photograph;
    stage_.Phone(kLeader, {"edit", action, "state=approved"});
    stage_.Phone(kLeader, {"edit", action, "state=issued"});
    const std::string task = stage_.New(
        kLeader, "assignment", visit_,
        {std::string("assignee_id=") + kQue, "role=chu_tri", "reason=Phân công " + round});
    stage_.Phone(kPhong, {"rekey"});
    stage_.New(kPhong, "note", visit_, {"body=Ghi bằng khóa mới."});
    stage_.New(kHa, "note", visit_, {"body=Tin số 9 không ghi giờ.", "state=submitted"});
    stage_.Meet(GetParam());
    stage_.Phone(kQue, {"edit", task, "state=accepted"});
    stage_.Phone(kLeader, {"sign", signed_note, "--reason", "Đã đọc"});
    EXPECT_EQ(stage_.Exchange(kLeader).exit_code, 0);
    stage_.Phone(kQue, {"edit", signed_note, "body=Buồng 4 có 02 người. Đều dưới 18 tuổi."});
    stage_.Meet(GetParam());
  }

  // What people decide, and what is done at the server alone.
  void Act() {
    for (const json& row : stage_.Console({"quarantine"})) {
      Decide(row["user"] == kHa ? kDam : kLeader, row["user"] == kHa ? "take" : "dismiss", row);
    }
    // Of no words but those that stand elsewhere: nothing is to be found of it.
    const std::string secret =
        stage_.Phone(kDam, {"new", "case", "kind=crime_report", "title=Tin báo 1", "--not-secret"})
            .value("id", "");
    stage_.New(kDam, "note", secret, {"body=Tổng số 23 người."});
    stage_.Share(kDam);
    stage_.Console({"secrecy", "seal", secret, "--alias", "Hồ sơ 17", "--holder", "Tủ số 3",
                    "--reason", "9/CV-VKS"});
    stage_.Meet(GetParam());
    stage_.Console({"secrecy", "destroy", secret, "--reason", "12/QĐ-VKS"});
    EXPECT_EQ(
        stage_.Decide("administrator", {"secrecy", "confirm", secret, "--reason", "13/BB-VKS"})
            .exit_code,
        0);
    // A dossier that was for one person for a while.
    stage_.Console({"dossiers", "restrict", visit_, "--for", kDam, "--reason", "4/PC-VKS"});
    stage_.Meet(GetParam());
    EXPECT_EQ(stage_.Try(kPhong, {"show", visit_}).exit_code, 3);
    stage_.Console({"dossiers", "open", visit_, "--reason", "5/PC-VKS"});
    stage_.Meet(GetParam());
    // A unit that ends.
    stage_.Phone(kRo, {"new", "inspection", "kind=prison", "place=Cồn Sậy"});
    stage_.Phone(kRo, {"sync"});
    Admin({"posts", "units", "vkskv2", "--last",
           absl::FormatTime("%d/%m/%Y", absl::Now() - absl::Hours(24),
                            absl::FixedTimeZone(7 * 60 * 60)),
           "--successor", "vkskv1", "--reason", "NQ 7"});
    // The log's key.
    EXPECT_EQ(stage_.office().StopServer(), 0);
    const Ended rolled = tests::Run({SOTAYD, "keys", "roll-log", "--data", server_.string(),
                                     "--reason", "đĩa chứa khóa đã hỏng"});
    EXPECT_EQ(rolled.exit_code, 0) << rolled.err;
    stage_.office().StartServer();
    stage_.Meet(GetParam());
    stage_.Phone(kRo, {"sync"});
  }

  // The machine is gone; what is left are its keys, its settings, and the backup.
  void LoseAndRestore() {
    stage_.office().KillServer();
    fs::remove_all(server_ / "store");
    fs::remove_all(server_ / "blobs");
    const Ended restored =
        tests::Run({SOTAYD, "restore", "--from", backup_, "--data", server_.string()});
    ASSERT_EQ(restored.exit_code, 0) << restored.out << restored.err;
    EXPECT_THAT(restored.out, HasSubstr("0 faults"));
    stage_.office().StartServer();
  }

  // Of all records what they say, but for when the server had them.
  std::map<std::string, json> Contents() {
    std::map<std::string, json> contents;
    for (const json& line : stage_.Console({"records", "--limit", "10000"})) {
      json content = stage_.Console({"show", line["id"]})["content"];
      content.erase("received_ms");
      contents[line["id"]] = content;
    }
    return contents;
  }
  // What is set aside, undecided: whose, which of theirs, and why.
  std::multiset<std::string> SetAside() {
    std::multiset<std::string> aside;
    for (const json& row : stage_.Console({"quarantine"})) {
      aside.insert(absl::StrCat(row["user"].get<std::string>(), " ", row["sequence"].get<int>(),
                                " ", row["reason"].get<std::string>()));
    }
    return aside;
  }
  std::string Export(const std::string& name) {
    const std::string file = stage_.office().space() / name;
    stage_.Console({"export", visit_, file});
    return file;
  }
  void ExpectHolds(const std::string& file) {
    const Ended ended = tests::Run({SOTAY_VERIFY, "--json", "--lang", "en", file}, {});
    EXPECT_EQ(ended.exit_code, 0) << file << ended.out << ended.err;
    EXPECT_EQ(json::parse(ended.out, nullptr, /*allow_exceptions=*/false)["holds"], true) << file;
  }

  Stage stage_;
  const fs::path server_ = stage_.DirectoryOf("server");
  const std::string backup_ = stage_.office().space() / "backup";
  std::string visit_;
  std::map<std::string, std::string> files_;  // attachment → what was attached
};

// And where a signature and what amends it come before the note they are about, in that order; and
// once it was lost by that.
std::vector<size_t> Orders() {
  constexpr size_t kSignatureFirst = 25;  // Hà, Ngữ, Phong, Quế's other phone, Quế, Đàm
  std::vector<size_t> orders = OrdersOf(6);
  if (!absl::c_linear_search(orders, kSignatureFirst)) orders.push_back(kSignatureFirst);
  return orders;
}

INSTANTIATE_TEST_SUITE_P(InOrder, EverythingLost, ::testing::ValuesIn(Orders()));

TEST_P(EverythingLost, IsThereAgainWhenThePhonesHaveMet) {
  Write("1");
  Act();
  const std::string first = visit_, before_backup = Export("before-backup.sotay");
  StopAndStart();  // with the last segment
  const json heads = stage_.Phone(kDam, {"status"})["logs"];
  Write("2");
  stage_.ExpectTogether();
  const std::string before_loss = Export("before-loss.sotay");
  const auto contents = Contents();
  const auto aside = SetAside();
  EXPECT_THAT(aside, SizeIs(2));
  const json files = stage_.Phone(kQue, {"status"})["files_waiting"];
  EXPECT_EQ(files, 0);

  LoseAndRestore();
  EXPECT_LT(Contents().size(), contents.size()) << "else this sees nothing";
  // What the leader signed stands, and what amended it late is late again, whoever comes first.
  stage_.Meet(InOrder(stage_.phones(), GetParam()));
  stage_.Meet(GetParam());
  stage_.ExpectTogether();
  EXPECT_EQ(Contents(), contents);
  EXPECT_EQ(SetAside(), aside);
  for (const std::string& phone : stage_.phones()) {
    const json status = stage_.Phone(phone, {"status"});
    EXPECT_EQ(status["outbox"], 0) << phone;
    EXPECT_EQ(status["files_waiting"], 0) << phone;
    EXPECT_THAT(status["logs_disputed"], IsEmpty()) << phone;
    EXPECT_THAT(status["restorations"], SizeIs(1)) << phone;
    EXPECT_NE(status["cursors"][0]["epoch"], heads[0]["epoch"]) << phone;
  }
  // The files of both rounds, as they were.
  for (const auto& [attachment, source] : files_) {
    const std::string out = stage_.office().space() / "again";
    stage_.Console({"save", attachment, out});
    EXPECT_EQ(FileContents(out), FileContents(source)) << source;
    fs::remove(out);
  }
  // Evidence of every time.
  for (const std::string& file : {before_backup, before_loss, Export("after.sotay")}) {
    ExpectHolds(file);
  }
  visit_ = first;
  ExpectHolds(Export("first-after.sotay"));
  stage_.Close();
}

}  // namespace
}  // namespace sotay::tests
