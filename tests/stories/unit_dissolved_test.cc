// A unit is dissolved while somebody's phone is away, who writes on.  Its records keep it as the
// unit they were issued in, and whoever reads its successor reads them.  What the phone had not
// sent counts, where its holder still had a post there; where not, it is kept, with its reason, for
// the head of the successor, who answers now.  Either way the phone says which, and goes on in the
// successor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kOldHead[] = "truong-hoa-ai";

std::string Yesterday() {
  return absl::FormatTime("%d/%m/%Y", absl::Now() - absl::Hours(24),
                          absl::FixedTimeZone(7 * 60 * 60));
}

// Whether people's posts in the unit end with it, and the order of meeting; of an even one Đàm
// writes before the unit ends.
class UnitDissolved : public ::testing::TestWithParam<std::tuple<bool, size_t>> {
 protected:
  // The stage's leader is head of vkskv2, and never was of vkskv1.
  UnitDissolved() : stage_({kDam, kQue}) {
    Admin({"units", "put", "vkskv2", "--name", "VKSND khu vực 2 – Sông Mây"});
    Admin({"users", "put", kLeader, "--name", kLeader, "--member", "vkskv2:supervisor"});
    Admin({"users", "put", kPhong, "--name", kPhong, "--member", "vkskv2:prosecutor"});
    Admin({"users", "put", kOldHead, "--name", kOldHead});
    Admin({"posts", "put", kOldHead, "vkskv1", "HEAD", "--reason", "1/QĐ-VKS"});
    for (const char* user : {kDam, kQue}) {
      Admin({"posts", "put", user, "vkskv1", "KSV", "--reason", "2/QĐ-VKS"});
      Admin({"users", "put", user, "--name", user});
    }
    stage_.Enrol(kPhong, kPhong);
    stage_.Enrol(kOldHead, kOldHead);
    visit_ = stage_.Inspection({"target_body=Công an xã Bãi Nổi"});
    first_ = stage_.New(kDam, "note", visit_, {"body=Tháng 10 tiếp nhận 17 tin."});
    stage_.Share(kDam);
  }
  bool PostsEnd() const { return std::get<0>(GetParam()); }
  size_t Order() const { return std::get<1>(GetParam()); }
  void Admin(const Stage::Words& words) { stage_.office().Administrator(words); }

  // The successor takes over today; whoever wrote in the old unit has a post in the new one.
  void Dissolve() {
    Admin({"posts", "units", "vkskv1", "--last", Yesterday(), "--successor", "vkskv2", "--reason",
           "NQ 7"});
    for (const char* user : {kDam, kQue}) {
      Admin({"posts", "put", user, "vkskv2", "KSV", "--reason", "3/QĐ-VKS"});
    }
    if (!PostsEnd()) return;
    for (const char* user : {kDam, kQue, kOldHead}) {
      Admin({"posts", "end", user, "1", "--last", Yesterday(), "--reason", "4/QĐ-VKS"});
    }
  }
  // Đàm, without a network: in a note of before, a new one beside it, and a new inspection with a
  // note of its own.
  void WriteAway() {
    stage_.Phone(kDam, {"edit", first_, "body=Tháng 10 tiếp nhận 17 tin. Tin số 9 không ghi giờ."});
    late_ = stage_.New(kDam, "note", visit_, {"body=Tin số 14 thiếu chữ ký."});
    new_visit_ = stage_.Phone(kDam, {"new", "inspection", "kind=court_session", "place=Cồn Sậy"})
                     .value("id", "");
    new_note_ = stage_.New(kDam, "note", new_visit_, {"body=Thư ký ghi thiếu câu trả lời."});
    device_ = stage_.Phone(kDam, {"status"})["device"];
  }
  void Return() {
    stage_.Meet(Order());
    EXPECT_EQ(stage_.Phone(kDam, {"status"})["outbox"], 0);
  }
  // Everybody of the successor reads it, as the old unit's, by its author.
  void ExpectRead(const std::string& id, const std::string& words) {
    for (const char* reader : {kLeader, kPhong, kDam}) {
      const json shown = stage_.Console(reader, {"show", id, "--history", "10"});
      EXPECT_EQ(shown["unit"], "vkskv1") << reader;
      EXPECT_EQ(shown["created"]["user"], kDam) << reader;
      EXPECT_THAT(shown.dump(), HasSubstr(words)) << reader;
    }
  }
  // Đàm's phone goes on, and everybody of the successor has it.
  void ExpectGoesOn() {
    const std::string next = stage_
                                 .Phone(kDam, {"new", "inspection", "--unit", "vkskv2",
                                               "kind=prison", "place=Rạch Đước"})
                                 .value("id", "");
    stage_.Meet(Order());
    for (const char* phone : {kLeader, kPhong, kQue}) {
      EXPECT_EQ(stage_.Phone(phone, {"show", next})["unit"], "vkskv2") << phone;
    }
  }
  json Digest(const std::string& unit) { return stage_.Console({"digest", "--unit", unit}); }

  Stage stage_;
  std::string visit_, first_, late_, new_visit_, new_note_, device_;
};

INSTANTIATE_TEST_SUITE_P(PostsAndOrder, UnitDissolved,
                         ::testing::Combine(::testing::Bool(), ::testing::ValuesIn(OrdersOf(5))));

TEST_P(UnitDissolved, WhileAPhoneIsAway) {
  const bool before = Order() % 2 == 0;
  if (before) WriteAway();
  Dissolve();
  if (!before) WriteAway();
  Return();

  if (!PostsEnd()) {
    // What he noted counts, in the unit he noted it in.
    EXPECT_THAT(stage_.Phone(kDam, {"refused"}), SizeIs(0));
    EXPECT_THAT(stage_.Console({"quarantine", "--all"}), SizeIs(0));
  } else {
    // His phone says what was not taken and why, and holds the old unit no longer.
    const json refused = stage_.Phone(kDam, {"refused"});
    ASSERT_THAT(refused, SizeIs(4));
    EXPECT_THAT(refused[0].dump(), HasSubstr("REASON_NOT_MEMBER"));
    EXPECT_EQ(stage_.Try(kDam, {"show", first_}).exit_code, 3);
    const json cursors = stage_.Phone(kDam, {"status"})["cursors"];
    ASSERT_THAT(cursors, SizeIs(1));
    EXPECT_EQ(cursors[0]["unit"], "vkskv2");

    const json open = stage_.Console({"quarantine"});
    ASSERT_THAT(open, SizeIs(4)) << "each once, though each came twice";
    const auto decide = [&](const std::string& who, const std::string& what, size_t i) {
      return stage_.Decide(
          who, {"quarantine", what, device_, absl::StrCat(open[i]["sequence"].get<int>()),
                "--reason", "Đối chiếu sổ bàn giao"});
    };
    // The head of the successor answers for it now; no colleague, nor who was head, nor its author.
    for (const char* other : {kPhong, kQue, kDam}) {
      EXPECT_EQ(decide(other, "take", 0).exit_code, 4) << other;
    }
    EXPECT_EQ(decide(kOldHead, "take", 0).exit_code, 3) << "the unit's records are theirs no more";
    for (size_t i : {0, 2, 3}) {
      const Ended taken = decide(kLeader, "take", i);
      EXPECT_EQ(taken.exit_code, 0) << i << taken.err;
    }
    EXPECT_EQ(decide(kLeader, "dismiss", 1).exit_code, 0);
    EXPECT_EQ(stage_.Exchange(kDam).exit_code, 0);
    const json told = stage_.Phone(kDam, {"refused"});
    ASSERT_THAT(told, SizeIs(1)) << "he is told what became of it";
    EXPECT_THAT(told[0].dump(), HasSubstr("Đối chiếu sổ bàn giao"));
    const json by = stage_.Console({"show", new_note_, "--history", "1"})["history"][0];
    EXPECT_EQ(by["admission"]["taken_in"]["by"], kLeader);
    EXPECT_EQ(by["admission"]["taken_in"]["refused_for"], "REASON_NOT_MEMBER");
  }

  ExpectRead(first_, "Tin số 9 không ghi giờ.");
  ExpectRead(new_visit_, "Cồn Sậy");
  ExpectRead(new_note_, "Thư ký ghi thiếu câu trả lời.");
  if (!PostsEnd()) ExpectRead(late_, "Tin số 14 thiếu chữ ký.");
  ExpectGoesOn();

  // A phone holds what its user has posts in; through the successor one reads at the console.
  for (const char* phone : {kLeader, kPhong}) {
    EXPECT_EQ(stage_.Phone(phone, {"digest"}), Digest("vkskv2")) << phone;
    EXPECT_EQ(stage_.Try(phone, {"show", first_}).exit_code, 3) << phone;
  }
  for (const char* phone : {kDam, kQue}) {
    EXPECT_EQ(stage_.Phone(phone, {"digest"}),
              PostsEnd() ? Digest("vkskv2") : stage_.Console({"digest"}))
        << phone;
  }
  stage_.ExpectAllSaid();
  stage_.Close();
}

}  // namespace
}  // namespace sotay::tests
