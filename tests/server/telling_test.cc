// What is not somebody's is answered as what is not there, and after the same work: as often, the
// store is looked into, whoever asks, whatever they ask for and whether or not it was asked before.
// How long that takes is measured by the bench (custody.tell).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/attachment.pb.h"
#include "server/access_reading.h"
#include "server/evidence.h"
#include "server/secrecy.h"
#include "server/tally.h"
#include "tests/server/dossiers_room.h"

namespace sotay::server {
namespace {

using ::testing::Each;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::StatusIs;
using C = casework::v1::Case;

constexpr auto kNotFound = absl::StatusCode::kNotFound;
constexpr char kComplaints[] = "khieu_to";

// Somebody asks something about an id; what they are answered.
struct Question {
  std::string name;
  std::function<absl::Status(const Caller&, const std::string&)> ask;
};

// Cases k, for Đàm alone, and m, each with notes and attachments, which came at once.
class TellingTest : public DossiersRoom {
 protected:
  TellingTest() {
    Enrol(&dam_, PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Enrol(&que_, PostOf("que", "kv1", v1::CAPACITY_KSV));
    Enrol(&an_, PostOf("an", "kv2", v1::CAPACITY_KSV));
    Enrol(&deputy_, PostOf("pho", "kv1", v1::CAPACITY_DEP, 0, 0, {kComplaints}));
    Enrol(&division_, PostOf("phong", "tinh", v1::CAPACITY_DIV, 0, 0, {kComplaints}));
    for (const std::string dossier : {"k", "m"}) {
      dam_.Write(dossier, {NewCase(dossier)});
      for (const char* number : {"1", "2", "3"}) {
        dam_.Write(dossier, {Note(dossier + number).Says("bị can khai 53 triệu")});
        dam_.Write(dossier, {Attached(dossier + "-tep-" + number, dossier)});
      }
    }
    room_.Exchange(&dam_);
    EXPECT_THAT(Restrict("ngu", "k", {{"dam", 0}}), IsOk());
    Reopen();
  }
  static tests::Wish Attached(const std::string& name, const std::string& parent) {
    using A = casework::v1::Attachment;
    return tests::Wish(name, "casework.v1.Attachment")
        .Set(A::kParentFieldNumber, Id(parent))
        .Set(A::kSha256FieldNumber, std::string(32, 'h'))
        .SetNumber(A::kSizeFieldNumber, 1'000);
  }
  // Nothing is known but what is on the disk.
  void Reopen() { ASSERT_THAT(room_.Open(), IsOk()); }

  static std::string Id(const std::string& name) { return RecordNamed(name).str(); }
  template <typename Request>
  static Request OfFile(const std::string& id) {
    Request request;
    request.mutable_blob()->set_record_id(id);
    request.mutable_blob()->set_sha256(std::string(32, 'h'));
    return request;
  }
  template <typename Request>
  static Request OfRecord(const std::string& id) {
    Request request;
    request.set_record_id(id);
    return request;
  }
  template <typename Act>
  absl::Status WithPen(const Act& act) {
    absl::Status status = absl::UnknownError("never answered");
    room_.WithPen([&](Pen* pen) { status = act(pen); });
    return status;
  }

  // The calls that take the id of a record.
  std::vector<Question> Questions() {
    return {
        {"GetRecord",
         [this](const Caller& caller, const std::string& id) {
           auto request = OfRecord<v1::GetRecordRequest>(id);
           request.set_history_size(10);
           return room_.supervision->GetRecord(*caller.person, request).status();
         }},
        {"ListRecordHistory",
         [this](const Caller& caller, const std::string& id) {
           return room_.supervision
               ->ListRecordHistory(*caller.person, OfRecord<v1::ListRecordHistoryRequest>(id))
               .status();
         }},
        {"ListAccess",
         [this](const Caller& caller, const std::string& id) {
           const AccessReading reading(room_.directory.get(), room_.store.get(),
                                       room_.supervision.get(), tests::CaseworkSchema().get());
           return reading.MayAsk(*caller.person, OfRecord<v1::ListAccessRequest>(id));
         }},
        {"RestrictDossier",
         [this](const Caller& caller, const std::string& id) {
           auto request = OfRecord<v1::RestrictDossierRequest>(id);
           request.set_reason("Phân công 5/PC-VKS");
           return WithPen(
               [&](Pen* pen) { return RestrictDossier(pen, *caller.person, request).status(); });
         }},
        {"OpenDossier",
         [this](const Caller& caller, const std::string& id) {
           auto request = OfRecord<v1::OpenDossierRequest>(id);
           request.set_reason("Kết thúc phân công");
           return WithPen(
               [&](Pen* pen) { return OpenDossier(pen, *caller.person, request).status(); });
         }},
        {"ProveRecord",
         [this](const Caller& caller, const std::string& id) {
           const Evidence evidence(room_.directory.get(), room_.store.get(), room_.notary.get(),
                                   room_.supervision.get());
           return evidence
               .ProveRecord(*caller.person, OfRecord<v1::ProveRecordRequest>(id), room_.now_ms)
               .status();
         }},
        {"GetTogether",
         [this](const Caller& caller, const std::string& id) {
           const auto tally = Tally::Make(room_.directory.get(), room_.store.get(),
                                          &room_.store->schema(), room_.supervision.get());
           return (*tally)
               ->GetTogether(*caller.person, OfRecord<v1::GetTogetherRequest>(id))
               .status();
         }},
        {"SealDossier",
         [this](const Caller& caller, const std::string& id) {
           auto request = OfRecord<v1::SealDossierRequest>(id);
           request.set_alias("Hồ sơ 17");
           request.set_holder("Tủ số 3");
           request.set_reason("Công văn 9/VKS");
           return WithPen(
               [&](Pen* pen) { return SealDossier(pen, *caller.person, request).status(); });
         }},
        {"AskBlob",
         [this](const Caller& caller, const std::string& id) {
           return room_.blob_exchange->AskBlob(caller, OfFile<v1::AskBlobRequest>(id)).status();
         }},
        {"SendChunk",
         [this](const Caller& caller, const std::string& id) {
           return room_.blob_exchange->SendChunk(caller, OfFile<v1::SendChunkRequest>(id)).status();
         }},
        {"FinishBlob",
         [this](const Caller& caller, const std::string& id) {
           return room_.blob_exchange->FinishBlob(caller, OfFile<v1::FinishBlobRequest>(id))
               .status();
         }},
        {"ReadChunk",
         [this](const Caller& caller, const std::string& id) {
           ShownParts shown;
           return room_.blob_exchange->ReadChunk(caller, OfFile<v1::ReadChunkRequest>(id), &shown)
               .status();
         }},
    };
  }
  // How often the store is looked into until they are told that it is not there.
  uint64_t LooksOf(const SealedPhone& asker, const Question& question, const std::string& id) {
    const Caller caller = room_.CallerOf(asker);
    const uint64_t before = room_.store->lookups();
    EXPECT_THAT(question.ask(caller, id), StatusIs(kNotFound, ::testing::_));
    return room_.store->lookups() - before;
  }

  // Twenty more dossiers, as an office has: each with notes, some of which went on, as did some of
  // the dossiers themselves, and one that is for others too.
  void OpenMany() {
    for (int i = 0; i < 20; ++i) {
      const std::string dossier = absl::StrCat("vu", i);
      dam_.Write(dossier, {NewCase(dossier)});
      dam_.Write(dossier, {Note(dossier + "-1").Says("Lời khai đầu.")});
      dam_.Write(dossier, {Attached(dossier + "-tep", dossier)});
    }
    room_.Exchange(&dam_);
    for (int i = 0; i < 20; i += 3) {
      const std::string dossier = absl::StrCat("vu", i);
      dam_.Write(dossier, {tests::Case(dossier).Set(C::kTitleFieldNumber, "Vụ khác")});
    }
    room_.Exchange(&dam_);
    EXPECT_THAT(Restrict("ngu", "vu7", {{"dam", 0}}), IsOk());
  }
  uint64_t LooksOfList(const SealedPhone& asker) {
    const Caller caller = room_.CallerOf(asker);
    const uint64_t before = room_.store->lookups();
    EXPECT_THAT(room_.supervision->ListRecords(*caller.person, {}), IsOk());
    return room_.store->lookups() - before;
  }

  SealedPhone dam_{"dam"};
  SealedPhone que_{"que"};
  SealedPhone an_{"an", "kv2"};
  SealedPhone deputy_{"pho"};
  SealedPhone division_{"phong", "tinh"};
};

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

TEST_F(TellingTest, WhatIsSealedTakesTheSameLooksToSealIt) {
  v1::SealDossierRequest seal = OfRecord<v1::SealDossierRequest>(Id("m"));
  seal.set_alias("Hồ sơ 17");
  seal.set_holder("Tủ số 3");
  seal.set_reason("Công văn 9/VKS");
  ASSERT_THAT(WithPen([&](Pen* pen) { return SealDossier(pen, *Of("ngu"), seal).status(); }),
              IsOk());
  const std::vector<Question> questions = Questions();
  const auto question = std::find_if(questions.begin(), questions.end(),
                                     [](const Question& one) { return one.name == "SealDossier"; });
  for (const SealedPhone* asker : {&que_, &an_}) {
    LooksOf(*asker, *question, Id("m"));
    LooksOf(*asker, *question, Id("khong-co"));
    EXPECT_EQ(LooksOf(*asker, *question, Id("m")), LooksOf(*asker, *question, Id("khong-co")));
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
