// A store that cannot be read for a moment is not one in which what is asked for is not there: a
// phone would believe that its file is gone.  Every read of every question fails once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/telling_room.h"

namespace sotay::server {
namespace {

using ::testing::AnyOf;
using tests::IsOk;
using tests::SealedPhone;
using tests::StatusIs;

class UnreadableTest : public TellingRoom {
 protected:
  UnreadableTest() { room_.block_cache_bytes = 0; }

  // What each question is answered whose n-th read fails, n from 1 until none does any more.
  std::vector<absl::Status> AnswersOf(const SealedPhone& asker, const Question& question,
                                      const std::string& id) {
    std::vector<absl::Status> answers;
    for (uint64_t read = 1; answers.size() == read - 1; ++read) {
      Reopen();
      const Caller caller = room_.CallerOf(asker);
      room_.disk.FailRead(read);
      const absl::Status answer = question.ask(caller, id);
      if (!room_.disk.WaitsToFailRead()) answers.push_back(answer);
      room_.disk.FailRead(0);
    }
    return answers;
  }
};

TEST_F(UnreadableTest, WhatIsTheirsIsNeverToldNotToBeThere) {
  // What they made is theirs to hand in, also of a dossier that is not theirs any more.
  ASSERT_THAT(Restrict("ngu", "k", {}), IsOk());
  struct Theirs {
    const SealedPhone* asker;
    std::string name;
  };
  size_t failed = 0;
  for (const Question& question : Questions()) {
    const bool of_file = question.name == "AskBlob" || question.name == "FinishBlob";
    std::vector<Theirs> all = {{&que_, "m1"}, {&que_, "m-tep-1"}, {&deputy_, "m2"}};
    if (of_file) all = {{&dam_, "k-tep-2"}, {&dam_, "m-tep-2"}, {&que_, "m-tep-1"}};
    for (const Theirs& theirs : all) {
      SCOPED_TRACE(
          absl::StrCat(question.name, " of ", theirs.name, " by ", theirs.asker->user_id()));
      Reopen();
      const absl::Status whole = question.ask(room_.CallerOf(*theirs.asker), Id(theirs.name));
      if (absl::IsNotFound(whole)) continue;  // not theirs by this question
      for (const absl::Status& answer : AnswersOf(*theirs.asker, question, Id(theirs.name))) {
        EXPECT_FALSE(absl::IsNotFound(answer)) << answer;
        failed += absl::IsUnavailable(answer);
      }
    }
  }
  EXPECT_GT(failed, 100u) << "else this shows little";
}

// And whoever asks for what is not theirs, or not there, hears of nothing but the disk.
TEST_F(UnreadableTest, WhatIsNotTheirsIsToldAsWhatIsNotThere) {
  for (const Question& question : Questions()) {
    for (const SealedPhone* asker : {&que_, &an_, &deputy_}) {
      for (const char* name : {"k1", "k-tep-1", "khong-co"}) {
        SCOPED_TRACE(absl::StrCat(question.name, " of ", name, " by ", asker->user_id()));
        size_t failed = 0;
        for (const absl::Status& answer : AnswersOf(*asker, question, Id(name))) {
          EXPECT_THAT(answer, AnyOf(StatusIs(absl::StatusCode::kNotFound, ::testing::_),
                                    StatusIs(absl::StatusCode::kUnavailable, ::testing::_)));
          failed += absl::IsUnavailable(answer);
        }
        EXPECT_GT(failed, 0u);
      }
    }
  }
}

}  // namespace
}  // namespace sotay::server
