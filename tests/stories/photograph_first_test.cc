// A photograph of 18 MB that has not arrived when the leader signs: the connection breaks in the
// middle, the signature is refused until the file is whole, and what was sent is not sent again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kSize = 18'000'000;
constexpr uint64_t kPiece = uint64_t{256} << 10;

const std::string& Photograph() {
  static const std::string* const kBytes = [] {
    auto* const bytes = new std::string(kSize, '\0');
    uint32_t state = 12;
    for (char& byte : *bytes) {
      state = state * 1'664'525u + 1'013'904'223u;
      byte = static_cast<char>(state >> 24);
    }
    return bytes;
  }();
  return *kBytes;
}

class PhotographFirst : public ::testing::TestWithParam<size_t> {
 protected:
  PhotographFirst() : stage_({kDam, kQue}) {
    visit_ = stage_.Inspection({"conclusion=Vết phanh dài 4,2 m."});
    std::ofstream(photograph_, std::ios::binary) << Photograph();
  }
  // Pieces of unfinished files that the server has.
  size_t Pieces() const {
    std::error_code none;
    size_t pieces = 0;
    for (const auto& entry : fs::recursive_directory_iterator(
             stage_.DirectoryOf("server") + "/blobs/unfinished", none)) {
      pieces += entry.path().extension().empty() && fs::is_regular_file(entry.path(), none);
    }
    return pieces;
  }
  json Attach(const std::string& phone) {
    return stage_.Phone(phone, {"attach", photograph_, "--in", visit_, "--kind", "photo",
                                "--caption", "Vết phanh, điểm đầu"});
  }
  // Why what the phone wrote is set aside.
  Stage::Words Reasons(const std::string& phone) {
    Stage::Words reasons;
    for (const json& one : stage_.Phone(phone, {"refused"})) {
      reasons.push_back(one["outcome"]["reason"]);
    }
    return reasons;
  }
  json SyncSaid(const Ended& ended) {
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }

  Stage stage_;
  const std::string photograph_ = stage_.office().space() / "vet-phanh.jpg";
  std::string visit_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, PhotographFirst, ::testing::ValuesIn(OrdersOf(3)));

TEST_P(PhotographFirst, ALeaderSignsWhatHasArrivedAndNothingElse) {
  // With no network.
  const json attached = Attach(kDam);
  EXPECT_EQ(attached["size"], kSize);
  EXPECT_EQ(attached["waiting"], true);
  EXPECT_EQ(stage_.Phone(kDam, {"status"})["files_waiting"], 1);

  // The server goes away in the middle of it; the notes are there.
  std::thread power([this] {
    while (Pieces() < 20) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    stage_.office().KillServer();
  });
  const Ended cut = stage_.Try(kDam, {"sync"});
  power.join();
  EXPECT_EQ(cut.exit_code, 5) << cut.err;
  const json first = SyncSaid(cut);
  EXPECT_EQ(first["sent"], 1) << "the note did not wait for the file";
  EXPECT_EQ(first["files_waiting"], 1);
  const uint64_t before = first["file_bytes_sent"].get<uint64_t>();
  EXPECT_GT(before, 0u);
  EXPECT_LT(before, kSize);

  // The leader sees the photograph's record and signs; it does not hold.
  stage_.office().StartServer();
  stage_.Phone(kLeader, {"sync"});
  EXPECT_THAT(stage_.Phone(kLeader, {"files"}), SizeIs(1));
  stage_.Phone(kLeader, {"sign", visit_, "--reason", "Đã xem ảnh"});
  EXPECT_EQ(stage_.Exchange(kLeader).exit_code, 0);
  json refused = stage_.Phone(kLeader, {"refused"});
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0]["outcome"]["reason"], "REASON_ATTACHMENT_MISSING");
  EXPECT_THAT(refused[0]["outcome"]["message"].get<std::string>(),
              HasSubstr(attached["id"].get<std::string>().substr(0, 8)));
  EXPECT_THAT(stage_.Console({"show", visit_})["signatures"], IsEmpty());
  EXPECT_NE(
      stage_.Try(kQue, {"save", attached["id"], stage_.office().space() / "no.jpg"}).exit_code, 0);

  // It goes on where it stopped.
  const json second = stage_.Phone(kDam, {"sync"});
  EXPECT_EQ(second["files_sent"], 1);
  EXPECT_EQ(second["files_waiting"], 0);
  EXPECT_LE(before + second["file_bytes_sent"].get<uint64_t>(), kSize + kPiece);
  EXPECT_EQ(Pieces(), 0u);

  // Signed again it holds, and everybody may look at what was signed.
  stage_.Phone(kLeader, {"sign", visit_, "--reason", "Đã xem ảnh"});
  EXPECT_EQ(stage_.Exchange(kLeader).exit_code, 0);
  EXPECT_THAT(stage_.Phone(kLeader, {"refused"}), SizeIs(1));
  ASSERT_THAT(stage_.Console({"show", visit_})["signatures"], SizeIs(1));
  stage_.Phone(kQue, {"sync"});
  const std::string out = stage_.office().space() / "anh.jpg";
  stage_.Phone(kQue, {"save", attached["id"], out});
  EXPECT_EQ(FileContents(out), Photograph());
  // From the office as well; who fetched it is written down.
  const std::string office_out = stage_.office().space() / "anh-2.jpg";
  stage_.Console({"save", attached["id"], office_out});
  EXPECT_EQ(FileContents(office_out), Photograph());
  EXPECT_THAT(stage_.Console({"access", "--record", attached["id"]}).dump(),
              HasSubstr("ACCESS_KIND_FILE"));
  stage_.Meet(GetParam());
  stage_.ExpectTogether();
  stage_.Close();
}

// Neither knows of the other: what is there when the signature comes is signed with the inspection,
// what comes after it is a late amendment until the leader takes it in, and its file goes then.
TEST_P(PhotographFirst, WhoeverComesFirstWhereTheLeaderSignsMeanwhile) {
  const json attached = Attach(kDam);
  stage_.Phone(kLeader, {"sign", visit_, "--reason", "Đã đọc"});
  stage_.Phone(kQue, {"edit", visit_, "tallies[vet]+=1"});
  const Stage::Words turns = stage_.Turns(GetParam());
  const bool counted = Before(turns, kQue, kLeader);
  const bool late = Before(turns, kLeader, kDam) && !counted;
  stage_.Meet(turns);
  const std::string told = absl::StrCat(absl::StrJoin(turns, ", "));
  // The leader signed what Quế had not counted yet.
  const json signatures = stage_.Console({"show", visit_})["signatures"];
  EXPECT_THAT(signatures, SizeIs(counted ? 0 : 1)) << told;
  EXPECT_EQ(Reasons(kLeader), counted ? Stage::Words{"REASON_SIGNATURE_STALE"} : Stage::Words{})
      << told;
  EXPECT_EQ(Reasons(kQue), counted ? Stage::Words{} : Stage::Words{"REASON_LATE_AMENDMENT"})
      << told;
  EXPECT_EQ(Reasons(kDam), late ? Stage::Words{"REASON_LATE_AMENDMENT"} : Stage::Words{}) << told;
  for (const json& row : stage_.Console({"quarantine", "--late"})) {
    const Ended taken = stage_.Decide(
        kLeader, {"quarantine", "take", row["device"], absl::StrCat(row["sequence"].get<int>()),
                  "--reason", "Ảnh chụp trước khi ký"});
    EXPECT_EQ(taken.exit_code, 0) << taken.err;
  }
  stage_.Meet(GetParam());
  EXPECT_EQ(stage_.Phone(kDam, {"status"})["files_waiting"], 0) << told;
  const std::string out = stage_.office().space() / "anh.jpg";
  stage_.Phone(kQue, {"save", attached["id"], out});
  EXPECT_EQ(FileContents(out), Photograph());
  stage_.ExpectTogether();
  stage_.Close();
}

// In the other order: nothing is missing, though the answer to the whole of it was lost.
TEST_P(PhotographFirst, WhatCameBeforeTheSignatureIsSigned) {
  const json attached = Attach(kDam);
  EXPECT_EQ(stage_.Exchange(kDam).exit_code, 0);
  EXPECT_EQ(stage_.Phone(kDam, {"status"})["files_waiting"], 0);
  EXPECT_EQ(Pieces(), 0u);
  stage_.Phone(kLeader, {"sync"});
  stage_.Phone(kLeader, {"sign", visit_, "--reason", "Đã xem ảnh"});
  stage_.Meet(GetParam());
  EXPECT_THAT(stage_.Phone(kLeader, {"refused"}), IsEmpty());
  ASSERT_THAT(stage_.Console({"show", visit_})["signatures"], SizeIs(1));
  const std::string out = stage_.office().space() / "anh.jpg";
  stage_.Phone(kQue, {"save", attached["id"], out});
  EXPECT_EQ(FileContents(out), Photograph());
  stage_.ExpectTogether();
  stage_.Close();
}

}  // namespace
}  // namespace sotay::tests
