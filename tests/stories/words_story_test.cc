// Two or more people edit one note offline.  Each story is a transcript on real phones and a real
// server, synced in every order, every message twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sotay/notebook.h"
#include "sync/text.h"
#include "tests/stories/stage.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kRo[] = "le-o-ro";
constexpr char kAn[] = "ngo-thi-an";
constexpr int64_t kDayMs = 24 * 60 * 60 * 1000;

// One office for all stories; each has a note of its own.  The leader reads at the console.
class WordsStory : public ::testing::TestWithParam<size_t> {
 protected:
  static void SetUpTestSuite() { Open({kDam, kQue, kPhong}); }
  static void TearDownTestSuite() {
    stage_->Close();
    stage_.reset();
  }
  void TearDown() override { stage_->ExpectTogether(); }
  static void Open(const Stage::Words& users) {
    stage_ = std::make_unique<Stage>(users);
    stage_->Lose(kLeader);
  }

  json Phone(const std::string& user, const Stage::Words& words) {
    return stage_->Phone(user, words);
  }
  // A note everybody has.
  std::string Note(const std::string& body) {
    const std::string visit = stage_->Inspection({"target_body=Xã Tân Mây"});
    const std::string note = stage_->New(kDam, "note", visit, {"body=" + body});
    stage_->Share(kDam);
    return note;
  }
  void Says(const std::string& user, const std::string& note, const std::string& body) {
    stage_->Phone(user, {"edit", note, "body=" + body});
  }
  void Meet() { stage_->Meet(GetParam()); }
  // The text as everybody sees it, conflicts written out.
  std::string Body(const std::string& note) {
    std::set<std::string> bodies;
    for (const std::string& user : stage_->phones()) {
      const json shown = Phone(user, {"show", note});
      bodies.insert(shown["texts"].contains("body") ? shown["texts"]["body"]["written"]
                                                    : shown["content"]["body"]);
    }
    EXPECT_THAT(bodies, SizeIs(1));
    return *bodies.begin();
  }
  json Conflicts(const std::string& note) { return Phone(kDam, {"conflicts", note}); }
  size_t ToReadAgain(const std::string& note) {
    const json texts = Phone(kQue, {"show", note})["texts"];
    return texts.contains("body") ? texts["body"]["read_again"].size() : 0;
  }

  static std::unique_ptr<Stage> stage_;
};

std::unique_ptr<Stage> WordsStory::stage_;

class WordsOfFive : public WordsStory {
 protected:
  static void SetUpTestSuite() { Open({kDam, kQue, kPhong, kRo, kAn}); }
};

INSTANTIATE_TEST_SUITE_P(InOrder, WordsStory, ::testing::ValuesIn(OrdersOf(3)));
INSTANTIATE_TEST_SUITE_P(InOrder, WordsOfFive, ::testing::ValuesIn(OrdersOf(5)));

TEST_P(WordsStory, SentencesOfTwoPeopleStandOneAfterTheOther) {
  const std::string base = "Vết phanh dài 4,2 m. Trời mưa nhẹ.";
  const std::string note = Note(base);
  Says(kDam, note, "Vết phanh dài 4,2 m. Điểm đầu cách mép đường phải 1,6 m. Trời mưa nhẹ.");
  Says(kQue, note, base + " Đã yêu cầu chụp bổ sung.");
  Meet();
  EXPECT_EQ(Body(note),
            "Vết phanh dài 4,2 m. Điểm đầu cách mép đường phải 1,6 m. Trời mưa nhẹ. Đã yêu cầu "
            "chụp bổ sung.");
  EXPECT_THAT(Conflicts(note), IsEmpty());
  EXPECT_EQ(ToReadAgain(note), 0u);
}

TEST_P(WordsStory, ANumberIsWhatOneOrTheOtherMeasuredNeverBoth) {
  const std::string note = Note("Vết phanh dài 4,2 m. Trời mưa nhẹ.");
  Says(kDam, note, "Vết phanh dài 4,5 m. Trời mưa nhẹ.");
  Says(kQue, note, "Vết phanh dài 4,7 m. Trời mưa nhẹ.");
  Meet();
  EXPECT_THAT(Body(note), AnyOf("Vết phanh dài ⟦4,5 | 4,7⟧ m. Trời mưa nhẹ.",
                                "Vết phanh dài ⟦4,7 | 4,5⟧ m. Trời mưa nhẹ."));
  const json conflicts = Conflicts(note);
  ASSERT_THAT(conflicts, SizeIs(1));
  std::set<std::string> readings, users;
  for (const json& reading : conflicts[0]["readings"]) {
    readings.insert(reading["value"]);
    users.insert(reading["user"]);
    EXPECT_GT(reading["at_ms"], 0);
  }
  EXPECT_EQ(readings, (std::set<std::string>{"4,5", "4,7"}));
  EXPECT_EQ(users, (std::set<std::string>{kDam, kQue}));
  EXPECT_EQ(stage_->Console({"show", note})["texts"]["body"]["written"], Body(note));
  // Nobody puts two numbers before the leader.
  const Ended submitted = stage_->Try(kDam, {"edit", note, "state=submitted"});
  EXPECT_NE(submitted.exit_code, 0);
  EXPECT_THAT(submitted.err, HasSubstr("pick one of the readings of body"));
  // Somebody else writes on; the span stays.
  Says(kPhong, note, Body(note) + " Đo lại lúc 08:30.");
  Meet();
  EXPECT_THAT(Conflicts(note), SizeIs(1));
  EXPECT_THAT(Body(note), HasSubstr("⟧ m. Trời mưa nhẹ. Đo lại lúc 08:30."));
  // The pick is an edit like any other.
  const std::string id = Conflicts(note)[0]["id"];
  Phone(kPhong, {"resolve", note, id, "--value", "4,6"});
  Meet();
  EXPECT_EQ(Body(note), "Vết phanh dài 4,6 m. Trời mưa nhẹ. Đo lại lúc 08:30.");
  EXPECT_THAT(Conflicts(note), IsEmpty());
  Phone(kDam, {"edit", note, "state=submitted"});
  const std::string log = Phone(kQue, {"log", note, "--fetch"}).dump();
  EXPECT_THAT(log, HasSubstr("4,5"));
  EXPECT_THAT(log, HasSubstr("4,7"));
  Meet();
}

TEST_P(WordsStory, ThreePeopleMeasureThreeNumbers) {
  const std::string note = Note("dài 4,2 m");
  Says(kDam, note, "dài 4,5 m");
  Says(kQue, note, "dài 4,7 m");
  Says(kPhong, note, "rộng 4,9 m");
  Meet();
  const json conflicts = Conflicts(note);
  ASSERT_THAT(conflicts, SizeIs(1));
  EXPECT_THAT(conflicts[0]["readings"], SizeIs(3));
  EXPECT_THAT(Body(note), HasSubstr("rộng ⟦"));
}

TEST_P(WordsOfFive, StandTogetherWhereTheyDoNotContradict) {
  const std::string note = Note("Đường hẹp. Vết phanh dài 4,2 m. Trời mưa nhẹ.");
  Says(kDam, note, "Đường hẹp. Vết phanh dài 4,5 m. Trời mưa nhẹ.");
  Says(kQue, note, "Đường hẹp. Vết phanh dài 4,7 m. Trời mưa nhẹ.");
  Says(kPhong, note, "Đường hẹp, trơn. Vết phanh dài 4,2 m. Trời mưa nhẹ.");
  Says(kRo, note, "Đường hẹp. Vết phanh dài 4,2 m. Trời mưa nhẹ. Có mảnh kính.");
  Says(kAn, note, "Đường hẹp. Vết phanh dài 4,2 m. Trời mưa to.");
  Meet();
  EXPECT_THAT(Body(note),
              AnyOf("Đường hẹp, trơn. Vết phanh dài ⟦4,5 | 4,7⟧ m. Trời mưa to. Có mảnh kính.",
                    "Đường hẹp, trơn. Vết phanh dài ⟦4,7 | 4,5⟧ m. Trời mưa to. Có mảnh kính."));
  EXPECT_THAT(Conflicts(note), SizeIs(1));
}

TEST_P(WordsOfFive, MeasureFiveNumbers) {
  const std::string note = Note("dài 4,2 m");
  const std::set<std::string> measured = {"4,1", "4,3", "4,5", "4,7", "4,9"};
  auto next = measured.begin();
  for (const std::string& user : stage_->phones()) Says(user, note, "dài " + *next++ + " m");
  Meet();
  const json conflicts = Conflicts(note);
  ASSERT_THAT(conflicts, SizeIs(1));
  std::set<std::string> readings;
  std::set<std::string> users;
  for (const json& reading : conflicts[0]["readings"]) {
    readings.insert(reading["value"]);
    users.insert(reading["user"]);
  }
  EXPECT_EQ(readings, measured);
  EXPECT_EQ(users, (std::set<std::string>(stage_->phones().begin(), stage_->phones().end())));
}

// A phone that was away for thirty days meets five hundred edits of the note it wrote in.
TEST_P(WordsStory, ThirtyDaysAndFiveHundredEditsLater) {
  const std::string note = Note("Vết phanh dài 4,2 m. Trời mưa nhẹ.");
  stage_->ExpectTogether();  // of a history the console shows the newest five hundred
  Says(kQue, note, "Vết phanh dài 4,7 m. Trời mưa nhẹ. Đường vắng.");
  const sync::RecordId id = *sync::RecordId::From(absl::HexStringToBytes(note));
  std::vector<std::unique_ptr<sdk::Notebook>> writers;
  int64_t now_ms = absl::ToUnixMillis(absl::Now()) - 30 * kDayMs;
  for (const char* user : {kDam, kPhong}) {
    sdk::Surroundings surroundings;
    surroundings.now_ms = [&now_ms] { return now_ms; };
    auto opened = sdk::Notebook::Open(stage_->DirectoryOf(user), nullptr, std::move(surroundings));
    ASSERT_THAT(opened, IsOk());
    writers.push_back(*std::move(opened));
  }
  const auto add = [&](size_t edit, const std::string& words) {
    sdk::Notebook& writer = *writers[edit % 2];
    const auto view = writer.Read(id);
    ASSERT_THAT(view, IsOk());
    const uint32_t field = view->record.type()->Field("body")->number;
    sdk::Edit splice;
    splice.kind = sdk::Edit::Kind::kSplice;
    splice.field = "body";
    splice.value = words;
    splice.position =
        static_cast<uint32_t>(sync::ScalarCount(view->record.ShownText(field)).value());
    ASSERT_THAT(writer.Change(*view, {splice}), IsOk());
  };
  for (size_t edit = 0; edit < 500; ++edit) {
    now_ms += 30 * kDayMs / 500;
    ASSERT_NO_FATAL_FAILURE(add(edit, absl::StrCat(" Ý ", edit, ".")));
    if (edit == 250) {
      sdk::Edit number;
      number.kind = sdk::Edit::Kind::kSplice;
      number.field = "body";
      number.position = 16;
      number.deleted = 1;
      number.value = "5";
      ASSERT_THAT(writers[0]->Change(id, {number}), IsOk());
    }
    if (edit % 10 == 9) {
      for (const auto& writer : writers) ASSERT_THAT(writer->Sync(), IsOk());
    }
  }
  writers.clear();
  Meet();
  const std::string body = Body(note);
  for (size_t edit = 0; edit < 500; ++edit) {
    ASSERT_THAT(body, HasSubstr(absl::StrCat(" Ý ", edit, ".")));
  }
  EXPECT_THAT(body, HasSubstr("Đường vắng."));
  EXPECT_THAT(body, AnyOf(HasSubstr("dài ⟦4,5 | 4,7⟧ m."), HasSubstr("dài ⟦4,7 | 4,5⟧ m.")));
  EXPECT_THAT(Conflicts(note), SizeIs(1));
}

TEST_P(WordsStory, ASentenceTwoPeopleChangedApartIsToBeReadAgain) {
  const std::string note = Note("Tại chỗ có vết máu.");
  Says(kDam, note, "Tại chỗ không có vết máu.");
  Says(kQue, note, "Tại chỗ có vết dầu.");
  Meet();
  EXPECT_EQ(Body(note), "Tại chỗ không có vết dầu.");
  EXPECT_THAT(Conflicts(note), IsEmpty());
  EXPECT_EQ(ToReadAgain(note), 1u);
  Says(kPhong, note, "Tại chỗ không có vết dầu nào.");
  Meet();
  EXPECT_EQ(ToReadAgain(note), 0u);
}

TEST_P(WordsStory, WhatOneDeletedAndTheOtherCorrectedStays) {
  const std::string note = Note("Một. Biên bản lập lúc 07:15. Ba.");
  Says(kDam, note, "Một. Ba.");
  Says(kQue, note, "Một. Biên bản lập lúc 07:45. Ba.");
  Meet();
  const json conflicts = Conflicts(note);
  ASSERT_THAT(conflicts, SizeIs(1));
  std::set<std::string> readings;
  for (const json& reading : conflicts[0]["readings"]) readings.insert(reading["value"]);
  EXPECT_EQ(readings.count(""), 1u);
  EXPECT_THAT(conflicts[0].dump(), HasSubstr("07:45"));
}

TEST_P(WordsStory, OneClearsTheNoteWhileTheOtherWritesOn) {
  const std::string note = Note("Có mặt tại Km 12+300.");
  Says(kDam, note, "");
  Says(kQue, note, "Có mặt tại Km 12+300. Trời mưa.");
  Meet();
  EXPECT_THAT(Body(note), HasSubstr("Trời mưa."));
}

TEST_P(WordsStory, TheSameParagraphPastedTwiceStandsTwice) {
  const std::string note = Note("Mở đầu.");
  const std::string paragraph = " Căn cứ Quyết định số 12/QĐ ngày 05/11/2026.";
  Says(kDam, note, "Mở đầu." + paragraph);
  Says(kQue, note, "Mở đầu." + paragraph);
  Meet();
  EXPECT_EQ(Body(note), "Mở đầu." + paragraph + paragraph);
}

TEST_P(WordsStory, TheSameCorrectionMadeTwiceStandsOnce) {
  const std::string note = Note("Nguời làm chứng có mặt.");
  Says(kDam, note, "Người làm chứng có mặt.");
  Says(kQue, note, "Người làm chứng có mặt.");
  Meet();
  EXPECT_EQ(Body(note), "Người làm chứng có mặt.");
  EXPECT_THAT(Conflicts(note), IsEmpty());
}

TEST_P(WordsStory, EveryPieceHasItsAuthorAndEveryVersionIsThere) {
  const std::string note = Note("Vết phanh dài 4,2 m.");
  Says(kDam, note, "Vết phanh dài 4,2 m. Trời mưa.");
  Meet();
  Says(kQue, note, "Hai vết phanh dài 4,2 m. Trời mưa.");
  Meet();
  const json blame = Phone(kPhong, {"blame", note, "--fetch"});
  std::string text;
  size_t position = 0;
  std::set<std::string> users;
  for (const json& run : blame) {
    EXPECT_EQ(run["position"], position);
    position += run["length"].get<size_t>();
    text += run["text"];
    users.insert(run["author"]["user"]);
  }
  EXPECT_EQ(text, "Hai vết phanh dài 4,2 m. Trời mưa.");
  EXPECT_EQ(users, (std::set<std::string>{kDam, kQue}));
  EXPECT_EQ(stage_->Console({"blame", note}), blame) << "the office tells the same";
  const json log = Phone(kPhong, {"log", note});
  ASSERT_THAT(log, SizeIs(3));
  const std::string second = log[1]["change"];
  EXPECT_EQ(Phone(kPhong, {"show", note, "--at", second.substr(0, 12)})["content"]["body"],
            "Vết phanh dài 4,2 m. Trời mưa.");
  EXPECT_NE(stage_->Try(kPhong, {"show", note, "--at", "0000"}).exit_code, 0);
}

}  // namespace
}  // namespace sotay::tests
