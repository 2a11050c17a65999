// What is not somebody's is answered as what is not there, and after the same work: as often, the
// store is looked into, whoever asks, whatever they ask for and whether or not it was asked before.
// How long that takes is measured by the bench (custody.tell).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/telling_room.h"

namespace sotay::server {
namespace {

using ::testing::Each;
using tests::IsOk;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::StatusIs;
using C = casework::v1::Case;

constexpr auto kNotFound = absl::StatusCode::kNotFound;

using TellingTest = TellingRoom;

TEST_F(TellingTest, WhatIsNotTheirsTakesTheSameLooksAsWhatIsNotThere) {
  const std::vector<const SealedPhone*> askers = {&que_, &an_, &deputy_, &division_};
  const std::vector<std::string> theirs = {"k", "k1", "k-tep-1"};
  for (const Question& question : Questions()) {
    for (const SealedPhone* asker : askers) {
      SCOPED_TRACE(absl::StrCat(question.name, " by ", asker->user_id()));
      std::vector<uint64_t> first;
      std::vector<uint64_t> again;
      const auto ask = [&](const std::string& name) {
        Reopen();
        first.push_back(LooksOf(*asker, question, Id(name)));
        again.push_back(LooksOf(*asker, question, Id(name)));
      };
      for (const std::string& name : theirs) ask(name);
      for (int i = 0; i < 5; ++i) ask(absl::StrCat("khong-co-", i));
      EXPECT_THAT(first, Each(first.front()));
      EXPECT_THAT(again, Each(again.front()));
      EXPECT_EQ(first.front(), again.front()) << "it tells that it was asked before";
    }
  }
}

// Of one dossier two records are asked about, of what is not there two ids: were anything kept of
// the first question, the second would tell whether they have a dossier in common, and so are
// there.
TEST_F(TellingTest, WhatWasAskedOrListedBeforeTellsNothing) {
  OpenMany();
  for (const Question& question : Questions()) {
    for (const SealedPhone* asker : {&que_, &an_, &deputy_, &division_}) {
      SCOPED_TRACE(absl::StrCat(question.name, " by ", asker->user_id()));
      Reopen();
      LooksOfList(deputy_);
      std::vector<uint64_t> looks;
      for (const std::string name : {"k1", "k2", "k-tep-1", "k-tep-2", "vu7-1", "vu7-tep"}) {
        looks.push_back(LooksOf(*asker, question, Id(name)));
      }
      for (int i = 0; i < 12; ++i) {
        looks.push_back(LooksOf(*asker, question, Id(absl::StrCat("khong-co-", i))));
      }
      EXPECT_THAT(looks, Each(looks.front()));
    }
  }
}

TEST_F(TellingTest, ARootThatWentOnIsReadAnewForAList) {
  const uint64_t first = LooksOfList(deputy_);
  const uint64_t again = LooksOfList(deputy_);
  EXPECT_LT(again, first) << "nothing is kept of it";
  EXPECT_EQ(LooksOfList(deputy_), again);
  dam_.Write("k", {tests::Case("k").Set(C::kTitleFieldNumber, "Vụ khác")});
  room_.Exchange(&dam_);
  const uint64_t anew = LooksOfList(deputy_);
  EXPECT_GT(anew, LooksOfList(deputy_));
}

TEST_F(TellingTest, ThatWhatIsNotTheirsIsDamagedIsNotTold) {
  const auto ask_all = [this](const std::string& name) {
    for (const Question& question : Questions()) {
      for (const SealedPhone* asker : {&que_, &an_, &deputy_, &division_}) {
        SCOPED_TRACE(absl::StrCat(question.name, " of ", name, " by ", asker->user_id()));
        LooksOf(*asker, question, Id(name));
      }
    }
  };
  // The short row that says whose it is.
  const uint64_t row = *room_.store->NewestOf(RecordNamed("k-tep-1"));
  room_.Tamper(FeedKey("kv1", row, RecordNamed("k-tep-1")), "\xff");
  Reopen();
  ask_all("k-tep-1");
  // The row of the log that says who made it, and what its dossier is.
  const uint64_t root = *room_.store->NewestOf(RecordNamed("k"));
  const auto run = room_.store->LoadRun("kv1", root);
  ASSERT_THAT(run, IsOk());
  room_.Tamper(LogKey("kv1", (*run)->last()), "\xff");
  Reopen();
  ask_all("k1");
  ask_all("k-tep-2");
}

TEST_F(TellingTest, WhoMadeItIsToldOfItsFileInAnyDossier) {
  ASSERT_THAT(Restrict("ngu", "k", {}), IsOk());
  const auto ask = [&](const SealedPhone& asker) {
    return room_.blob_exchange
        ->AskBlob(room_.CallerOf(asker), OfFile<v1::AskBlobRequest>(Id("k-tep-2")))
        .status();
  };
  EXPECT_THAT(ask(dam_), IsOk());
  EXPECT_THAT(ask(que_), StatusIs(kNotFound, ::testing::_));
}

TEST_F(TellingTest, WhatIsSealedTakesTheSameWorkWhateverIsAskedOfIt) {
  Seal("m");
  std::vector<Question> questions = Questions();
  const auto is_other = [](const Question& one) { return one.name != "SealDossier"; };
  questions.erase(std::remove_if(questions.begin(), questions.end(), is_other), questions.end());
  questions.push_back({"Destroy", [this](const Caller& caller, const std::string& id) {
                         v1::DestroyRequest request;
                         request.set_dossier_id(id);
                         request.set_reason("Quyết định 12/QĐ");
                         return WithPen([&](Pen* pen) {
                           return AskDestruction(pen, *caller.person, request).status();
                         });
                       }});
  questions.push_back(
      {"ListHolders", [this](const Caller& caller, const std::string& id) {
         v1::ListHoldersRequest request;
         request.set_dossier_id(id);
         return ListHolders(*room_.directory, room_.store.get(), *caller.person, request).status();
       }});
  ASSERT_EQ(questions.size(), 3u);
  for (const Question& question : questions) {
    for (const SealedPhone* asker : {&que_, &an_, &deputy_}) {
      SCOPED_TRACE(absl::StrCat(question.name, " by ", asker->user_id()));
      std::vector<uint64_t> looks;
      for (const char* name : {"m", "khong-co", "m1", "khong-co-nua"}) {
        looks.push_back(LooksOf(*asker, question, Id(name)));
      }
      EXPECT_THAT(looks, Each(looks.front()));
    }
  }
}

// Its row names every record there was: copied for whoever asks, it would tell that it is one.
TEST_F(TellingTest, OfWhatIsSealedNothingIsCopiedToJudgeWhoMayKnow) {
  EXPECT_EQ(room_.directory->SecretToJudgeOf(Id("m")).to_judge, nullptr);
  Seal("m");
  const auto secret = room_.directory->SecretOf(Id("m"));
  ASSERT_NE(secret, nullptr);
  EXPECT_EQ(room_.directory->SecretOf(Id("m")), secret);
  for (const char* name : {"m", "m1", "m-tep-2"}) {
    const auto found = room_.directory->SecretToJudgeWith(Id(name));
    EXPECT_EQ(found.asked, secret) << name;
    EXPECT_EQ(found.to_judge, secret) << name;
  }
  for (int i = 0; i < 20; ++i) {
    const std::string id = Id(absl::StrCat("khong-co-", i));
    for (const auto& found :
         {room_.directory->SecretToJudgeOf(id), room_.directory->SecretToJudgeWith(id)}) {
      EXPECT_EQ(found.asked, nullptr) << i;
      EXPECT_EQ(found.to_judge, secret) << i;
    }
  }
}

TEST_F(TellingTest, SoManyRootsAreKnownAndAllAreForgotten) {
  const auto matrix = room_.directory->rules().matrix;
  Reopen();
  const auto other = room_.directory->rules().matrix;
  const auto facts = std::make_shared<const RootFacts>(RootFacts{"dam", 1});
  KnownRoots roots;
  const auto keep = [&](const std::string& name, uint64_t forgotten = 0) {
    roots.Keep(RecordNamed(name), 7, matrix, facts, forgotten);
  };
  const auto knows = [&](const std::string& name) {
    return roots.Find(RecordNamed(name), 7, *matrix) != nullptr;
  };
  keep("k");
  EXPECT_TRUE(knows("k"));
  EXPECT_EQ(roots.Find(RecordNamed("k"), 8, *matrix), nullptr) << "it went on";
  EXPECT_EQ(roots.Find(RecordNamed("k"), 7, *other), nullptr) << "by another table";
  keep("m");
  for (size_t i = 2; i < KnownRoots::kKept; ++i) keep(absl::StrCat("r", i));
  EXPECT_TRUE(knows("k"));
  keep("one-more");
  EXPECT_TRUE(knows("k")) << "it was used since";
  EXPECT_FALSE(knows("m"));
  roots.Forget();
  EXPECT_FALSE(knows("k"));
  keep("k", 0);
  EXPECT_FALSE(knows("k")) << "it may have been read before it was written anew";
  keep("k", roots.forgotten());
  EXPECT_TRUE(knows("k"));
}

}  // namespace
}  // namespace sotay::server
