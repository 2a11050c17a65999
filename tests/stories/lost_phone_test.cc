// A phone with unsent notes is lost, and revoked.  Whatever comes from it later is received and
// kept for the leader, in no record; and its owner's new phone has exactly what came before, and
// what the leader takes in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

namespace fs = std::filesystem;

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class LostPhone : public ::testing::TestWithParam<size_t> {
 protected:
  LostPhone() : stage_({kDam, kQue}) {
    visit_ = stage_.Inspection({"target_body=Công an xã Bãi Nổi"});
    first_ = stage_.New(kDam, "note", visit_, {"body=Tháng 10 tiếp nhận 17 tin."});
    stage_.Share(kDam);
    device_ = stage_.Phone(kDam, {"status"})["device"];
    for (const char* body : {"body=Tin số 9 không ghi giờ.", "body=Tin số 14 thiếu chữ ký.",
                             "body=Đề nghị tổng hợp kiến nghị."}) {
      stage_.New(kDam, "note", visit_, {body});
    }
    stage_.Lose(kDam);
  }
  void Revoke() { stage_.office().Administrator({"revoke", device_, "--reason", "mất máy"}); }
  json Device(const std::string& reader) {
    for (const json& device : stage_.Console(reader, {"devices"})) {
      if (device["device"] == device_) return device;
    }
    return {};
  }
  // What the leader reads first, in words.
  std::string Before() { return Before(kLeader); }
  std::string Before(const std::string& reader) {
    return stage_.office()
        .Run({"sotayctl", "--dir", stage_.DirectoryOf(reader), "--lang", "en", "quarantine"})
        .out;
  }

  Stage stage_;
  std::string visit_, first_, device_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, LostPhone, ::testing::ValuesIn(OrdersOf(3)));

TEST_P(LostPhone, WhatComesAfterItsEndIsKeptForTheLeader) {
  const uint64_t received = Device(kLeader)["accepted_through"];
  EXPECT_EQ(received, 2u);
  Revoke();
  const json revoked = Device(kLeader);
  EXPECT_EQ(revoked["state"], "DEVICE_STATE_REVOKED");
  EXPECT_EQ(revoked["accepted_through"], received);
  EXPECT_EQ(revoked["may_have_unsent"], true) << "nobody knows what it wrote since";
  EXPECT_EQ(revoked["revoked"]["by"], "mac-khoa");
  EXPECT_EQ(revoked["revoked"]["reason"], "mất máy");
  EXPECT_GT(revoked["revoked"]["at_ms"], 0);
  EXPECT_EQ(Device(kLeader)["revoked"]["by"], "mac-khoa");
  for (const json& device : stage_.Console({"devices"})) {
    EXPECT_EQ(device["revoked"].is_null(), device["device"] != device_);
  }
  EXPECT_THAT(Before(), HasSubstr(absl::StrCat("LOST DEVICE  ", device_.substr(0, 8))));
  EXPECT_THAT(Before(), HasSubstr("received up to change 2; it may hold others that were never"));
  EXPECT_EQ(Device(kQue), json()) << "a colleague's phone is the leader's to see";

  // Its owner goes on with a new one, before the lost one is found or after.
  const auto found = [&] {
    const Ended ended = stage_.Exchange(kDam);
    EXPECT_NE(ended.exit_code, 0);
    EXPECT_THAT(ended.err, HasSubstr("revoked"));
    // Whoever holds it reads nothing from then on, without an end to wait for.
    for (const Stage::Words& words :
         std::vector<Stage::Words>{{"list"}, {"show", visit_}, {"log", visit_}, {"conflicts"}}) {
      const Ended read = stage_.Try(kDam, words);
      EXPECT_EQ(read.exit_code, 4) << words[0] << read.out;
      EXPECT_THAT(read.err, HasSubstr("this device was revoked")) << words[0];
      EXPECT_THAT(read.out + read.err, Not(HasSubstr("Bãi Nổi")));
    }
    EXPECT_EQ(stage_.Phone(kDam, {"status"})["readable"]["now"], false);
  };
  EXPECT_EQ(stage_.Try(kDam, {"show", visit_}).exit_code, 0) << "nobody has told it";
  if (GetParam() % 2 == 0) found();
  stage_.Enrol("may-moi", kDam);
  if (GetParam() % 2 == 1) found();
  stage_.New("may-moi", "note", visit_, {"body=Đã lập biên bản mất máy."});
  stage_.Meet(GetParam());

  const json notes = stage_.Phone("may-moi", {"list", "note"});
  ASSERT_THAT(notes, SizeIs(2)) << "what came before, and what is new";
  EXPECT_EQ(notes[1]["id"], first_);
  const json quarantine = stage_.Console({"quarantine"});
  ASSERT_THAT(quarantine, SizeIs(3)) << "each once, though each came twice";
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(quarantine[i]["reason"], "REASON_DEVICE_REVOKED");
    EXPECT_EQ(quarantine[i]["user"], kDam);
    EXPECT_EQ(quarantine[i]["device"], device_);
    EXPECT_EQ(quarantine[i]["sequence"], received + 1 + i);
    EXPECT_GT(quarantine[i]["received_ms"], 0);
  }
  const json device = Device(kLeader);
  EXPECT_EQ(device["set_aside"], 3);
  EXPECT_EQ(device["accepted_through"], received + 3);
  EXPECT_THAT(Before(), HasSubstr("3 came afterwards and wait for a decision"));
  // Whoever has the lost phone is told what became of it, and is given nothing new.
  EXPECT_THAT(stage_.Phone(kDam, {"refused"}), SizeIs(3));
  EXPECT_EQ(stage_.Try(kDam, {"show", notes[0]["id"]}).exit_code, 3);
  stage_.ExpectTogether();
  stage_.Close();
}

// As the office says it, to every phone: what others wrote is read for a week after a contact.
TEST_P(LostPhone, IsReadForAWeekAtMost) {
  const json status = stage_.Phone(kDam, {"status"});
  EXPECT_EQ(status["readable"]["now"], true);
  EXPECT_EQ(status["readable"]["offline_days"], 7);
  EXPECT_EQ(status["readable"]["until_ms"],
            status["last_contact_ms"].get<int64_t>() + int64_t{7} * 24 * 60 * 60 * 1000);
}

// Before anybody says that it is lost, the list of devices asks after it.
TEST_P(LostPhone, WhatIsSilentForDaysIsMarked) {
  const auto marked = [&](const std::string& clock) {
    stage_.SetClock(kLeader, clock);
    const json device = Device(kLeader);
    return std::make_pair(device["days_silent"], device["silence_mark"]);
  };
  EXPECT_EQ(marked("+1d"), std::make_pair(json(1), json(0)));
  EXPECT_EQ(marked("+3d"), std::make_pair(json(3), json(2)));
  EXPECT_EQ(marked("+6d"), std::make_pair(json(6), json(5)));
  Revoke();
  EXPECT_EQ(marked("+6d"), std::make_pair(json(0), json(0))) << "nobody waits for it any more";
}

// Its key lay on another medium, or with the platform: what its files alone tell.
TEST_P(LostPhone, WhoeverFindsItsFilesWithoutItsKeyReadsNothing) {
  const std::string lost = stage_.DirectoryOf(kDam);
  size_t files = 0;
  for (const auto& file : fs::recursive_directory_iterator(lost)) {
    if (!file.is_regular_file()) continue;
    const std::string bytes = FileContents(file.path());
    for (const char* words : {"tiếp nhận 17", "Tin số", "Đề nghị", "Bãi Nổi", "casework", kQue}) {
      EXPECT_FALSE(absl::StrContains(bytes, words)) << words << " in " << file.path();
    }
    ++files;
  }
  EXPECT_GT(files, 6u);

  fs::copy(lost, stage_.DirectoryOf("found"), fs::copy_options::recursive);
  const std::string stick = stage_.DirectoryOf("stick");
  fs::rename(stage_.DirectoryOf("found") + "/keys", stick);
  for (const Stage::Words& words : std::vector<Stage::Words>{{"list", "note"},
                                                             {"show", first_},
                                                             {"log", first_},
                                                             {"status"},
                                                             {"refused"},
                                                             {"sync"},
                                                             {"edit", first_, "body=của ai?"}}) {
    const Ended ended = stage_.Try("found", words);
    EXPECT_EQ(ended.exit_code, 4) << words[0] << ended.out;
    EXPECT_THAT(ended.err, HasSubstr("its key is not here")) << words[0];
  }
  // Its owner, who has it, has lost nothing.
  EXPECT_THAT(stage_.Phone("found", {"--keys", stick, "list", "note"}), SizeIs(4));
}

// The leader holds what came late against the paper: one note is its owner's, one was typed by
// whoever found the phone, about the third nobody has decided yet.
TEST_P(LostPhone, TheLeaderTakesInWhatIsItsOwners) {
  Revoke();
  EXPECT_NE(stage_.Exchange(kDam).exit_code, 0);
  stage_.Enrol("may-moi", kDam);
  stage_.New("may-moi", "note", visit_, {"body=Đã lập biên bản mất máy."});
  const json refused = stage_.Console({"quarantine"});
  ASSERT_THAT(refused, SizeIs(3));
  const auto number = [&](size_t i) { return absl::StrCat(refused[i]["sequence"].get<int>()); };
  const auto decide = [&](const std::string& who, const std::string& what, size_t i,
                          const std::string& reason) {
    return stage_.Decide(who, {"quarantine", what, device_, number(i), "--reason", reason});
  };
  // Nobody about their own, and no colleague.
  EXPECT_THAT(decide("may-moi", "take", 0, "của tôi").err, HasSubstr("their own"));
  EXPECT_EQ(decide(kQue, "take", 0, "thấy đúng").exit_code, 4);
  EXPECT_EQ(decide(kLeader, "take", 0, "khớp sổ tiếp nhận").exit_code, 0);
  EXPECT_EQ(decide(kLeader, "dismiss", 1, "gửi sau khi mất máy").exit_code, 0);
  EXPECT_EQ(decide(kLeader, "dismiss", 1, "lý do khác").exit_code, 4) << "it stands as it was said";
  stage_.Meet(GetParam());

  const json open = stage_.Console({"quarantine"});
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open[0]["sequence"], refused[2]["sequence"]);
  const json all = stage_.Console({"quarantine", "--all"});
  ASSERT_THAT(all, SizeIs(2)) << "what is taken in is refused no longer";
  EXPECT_EQ(all[0]["dismissed"]["by"], kLeader);
  EXPECT_EQ(all[0]["dismissed"]["reason"], "gửi sau khi mất máy");
  EXPECT_EQ(Device(kLeader)["set_aside"], 2);
  EXPECT_THAT(Before(), HasSubstr("1 came afterwards and wait for a decision"));

  // About the third the paper tells; and what was missed with the phone is dealt with.
  EXPECT_EQ(decide(kLeader, "dismiss", 2, "không có trong sổ giấy").exit_code, 0);
  const auto settle = [&](const std::string& who) {
    return stage_.office().Run({"sotayctl", "--dir", stage_.DirectoryOf(who), "--json",
                                "quarantine", "settle", device_.substr(0, 8), "--reason",
                                "đã lập lại từ sổ giấy"});
  };
  EXPECT_EQ(settle(kQue).exit_code, 3) << "no colleague is shown it";
  EXPECT_EQ(settle("may-moi").exit_code, 4) << "nobody about their own";
  EXPECT_THAT(Before(), HasSubstr("LOST DEVICE"));
  EXPECT_EQ(settle(kLeader).exit_code, 0);
  EXPECT_THAT(Before(), Not(HasSubstr("LOST DEVICE")));
  EXPECT_THAT(Before("may-moi"), Not(HasSubstr("nobody said")))
      << "who is not told what came of it";
  EXPECT_EQ(Device(kLeader)["revoked"]["settled"]["reason"], "đã lập lại từ sổ giấy");

  // It is its author's, on everybody's phone, and says by whose word.
  const json notes = stage_.Phone("may-moi", {"list", "note"});
  ASSERT_THAT(notes, SizeIs(3));
  const auto taken = std::find_if(notes.begin(), notes.end(), [](const json& note) {
    return note["title"] == "Tin số 9 không ghi giờ.";
  });
  ASSERT_NE(taken, notes.end());
  for (const std::string& phone : {std::string("may-moi"), std::string(kQue)}) {
    const json shown = stage_.Phone(phone, {"show", (*taken)["id"]});
    EXPECT_EQ(shown["created"]["user"], kDam) << phone;
    EXPECT_EQ(shown["created"]["device"], device_) << phone;
    const json log = stage_.Phone(phone, {"log", (*taken)["id"], "--fetch"});
    ASSERT_THAT(log, SizeIs(1));
    EXPECT_EQ(log[0]["user"], kDam);
    EXPECT_EQ(log[0]["device"], device_);
    EXPECT_EQ(log[0]["sequence"], refused[0]["sequence"]);
    const json by = log[0]["admission"]["taken_in"];
    EXPECT_EQ(by["by"], kLeader);
    EXPECT_EQ(by["reason"], "khớp sổ tiếp nhận");
    EXPECT_EQ(by["refused_for"], "REASON_DEVICE_REVOKED");
  }
  EXPECT_EQ(stage_.Console({"show", (*taken)["id"]})["history"][0]["admission"]["taken_in"]["by"],
            kLeader);
  // Written on by whoever works with it now.
  stage_.Phone("may-moi", {"edit", (*taken)["id"], "body=Tin số 9 không ghi giờ, đã bổ sung."});
  stage_.Meet(GetParam());
  stage_.ExpectTogether();
  stage_.Close();
}

}  // namespace
}  // namespace sotay::tests
