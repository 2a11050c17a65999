#include "server/notary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/keys.h"
#include "sotay/stored/v1/runs.pb.h"
#include "sync/seal/log_head.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

// A unit's log that grows as a test says.
class NotaryTest : public ::testing::Test {
 protected:
  NotaryTest() {
    room_.Enrol(&nguyet_);
    nguyet_.Write("k", {NewCase("k")});
    room_.Exchange(&nguyet_);
  }

  void Grow(int entries) {
    for (int i = 0; i < entries; ++i) {
      nguyet_.Write("k", {Note("n" + std::to_string(written_++)).Says("x")});
    }
    room_.Exchange(&nguyet_);
  }

  // A second later, so that a log that has grown has a new head.
  absl::StatusOr<v1::ProvenHead> Ask(const v1::LogHead* held = nullptr) {
    room_.now_ms += 1'000;
    return room_.notary->Prove("kv1", held, room_.now_ms);
  }

  bool Vouched(const v1::LogHead& head) const {
    return seal::Vouched(room_.log_key.verifying_key(), std::string(16, 'o'), head);
  }

  static bool GoesOn(const v1::LogHead& held, const v1::ProvenHead& proven) {
    std::vector<seal::MerkleHash> proof;
    for (const std::string& hash : proven.proof()) proof.push_back(*seal::HashIn(hash));
    return seal::GoesOn(held.size(), *seal::HashIn(held.root()), proven.head().size(),
                        *seal::HashIn(proven.head().root()), proof);
  }

  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  int written_ = 0;
};

TEST_F(NotaryTest, ProvesEachHeadFromEveryHeadBefore) {
  std::vector<v1::LogHead> heads;
  for (const int entries : {0, 1, 2, 5, 30, 24, 1, 1, 63, 64, 65, 200, 7}) {
    Grow(entries);
    const auto first = Ask();
    ASSERT_THAT(first, IsOk());
    EXPECT_TRUE(Vouched(first->head()));
    EXPECT_EQ(first->head().size(), static_cast<uint64_t>(written_ + 1));
    EXPECT_EQ(first->proof_size(), 0) << "nothing was held";
    for (const v1::LogHead& held : heads) {
      const auto proven = Ask(&held);
      ASSERT_THAT(proven, IsOk());
      EXPECT_TRUE(GoesOn(held, *proven)) << held.size() << " to " << proven->head().size();
    }
    heads.push_back(first->head());
  }
}

TEST_F(NotaryTest, GoesOnAfterAStart) {
  Grow(100);
  const auto before = Ask();
  ASSERT_THAT(before, IsOk());
  Grow(30);
  ASSERT_THAT(room_.Open(), IsOk());
  Grow(40);
  const auto after = Ask(&before->head());
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->head().size(), 171u);
  EXPECT_TRUE(GoesOn(before->head(), *after));
}

TEST_F(NotaryTest, SignsOnceASecondHoweverManyAsk) {
  const auto first = Ask();
  ASSERT_THAT(first, IsOk());
  Grow(3);
  room_.now_ms += 500;
  const auto soon = room_.notary->Prove("kv1", nullptr, room_.now_ms);
  ASSERT_THAT(soon, IsOk());
  EXPECT_EQ(soon->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(Ask()->head().size(), 4u);
}

TEST_F(NotaryTest, SignsNothingItDidNotReadBack) {
  auto at_start = room_.store->LoadTables();
  ASSERT_THAT(at_start, IsOk());
  Grow(5);
  const auto bytes = room_.store->Get(LogKey("kv1", 6));
  ASSERT_TRUE(bytes.ok() && bytes->has_value());
  const std::string untouched = **bytes;
  stored::v1::LogRunRow row;  // of 2 to 6
  ASSERT_TRUE(row.ParseFromString(untouched));
  v1::Admission admission;
  ASSERT_TRUE(admission.ParseFromString(row.admissions(1)));
  admission.set_user_id("dam");
  row.set_admissions(1, admission.SerializeAsString());
  // The entry is another on disk than when it was hashed, and the server has not been started
  // since: what its directory was told and what the disk says differ.
  room_.Tamper(LogKey("kv1", 6), row.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  auto directory = Directory::From(*std::move(at_start), room_.directory->rules(), room_.now_ms);
  ASSERT_THAT(directory, IsOk());
  Notary notary(directory->get(), room_.store.get(), room_.log_key);
  Tables grown;
  grown.heads["kv1"] = *room_.directory->Head("kv1");
  ASSERT_THAT((*directory)->Take(grown), IsOk());
  EXPECT_THAT(notary.Prove("kv1", nullptr, room_.now_ms), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(notary.Prove("kv1", nullptr, room_.now_ms + 5'000),
              StatusIs(absl::StatusCode::kDataLoss))
      << "not until somebody has looked";
}

TEST_F(NotaryTest, SignsNothingBehindAHeadItSigned) {
  const auto head = Ask();
  ASSERT_THAT(head, IsOk());
  Grow(1);
  room_.now_ms -= 60'000;
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kFailedPrecondition));
  // A start forgets what it signed; who holds it does not.
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(Ask(&head->head()), StatusIs(absl::StatusCode::kFailedPrecondition));
  room_.now_ms += 120'000;
  EXPECT_THAT(Ask(&head->head()), IsOk());
}

TEST_F(NotaryTest, HasNoProofOfALogLongerThanThere) {
  v1::LogHead held = Ask()->head();
  held.set_size(1'000);
  const auto proven = Ask(&held);
  ASSERT_THAT(proven, IsOk());
  EXPECT_EQ(proven->proof_size(), 0);
  EXPECT_EQ(proven->head().size(), 1u);
}

TEST_F(NotaryTest, AnotherLifeOfTheStoreProvesNothingOfThisOne) {
  v1::LogHead held = Ask()->head();
  Grow(3);
  held.set_epoch(std::string(16, 'x'));
  const auto proven = Ask(&held);
  ASSERT_THAT(proven, IsOk());
  EXPECT_EQ(proven->proof_size(), 0);
}

TEST_F(NotaryTest, AnAnswerBringsHeadsOfTheCallersUnitsToWhoWitnesses) {
  v1::SyncRequest request = nguyet_.Pull();
  auto answer = room_.Sync(nguyet_, request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->heads_size(), 0) << "it was not asked for";
  request.set_witnesses(true);
  request.add_heads()->set_unit_id("kv2");
  answer = room_.Sync(nguyet_, request);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->heads_size(), 1);
  EXPECT_EQ(answer->heads(0).head().unit_id(), "kv1");
  EXPECT_TRUE(Vouched(answer->heads(0).head()));
  for (int i = 0; i < 256; ++i) request.add_heads()->set_unit_id("kv2");
  EXPECT_THAT(room_.Sync(nguyet_, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace sotay::server
