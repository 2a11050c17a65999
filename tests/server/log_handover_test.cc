// The key that signs the logs is replaced, cut short at every step, and found out where it was not
// done as it should be.
#include "server/log_handover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "server/config.h"
#include "server/lineage.h"
#include "server/refusal.h"
#include "sync/seal/epoch_link.h"
#include "tests/server/server_room.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using tests::IsOk;
using tests::NewCase;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

class LogHandover : public ::testing::Test {
 protected:
  LogHandover() {
    room_.Enrol(&nguyet_);
    Write(5);
    EXPECT_THAT(room_.log_key.Save(LogKeyPath(data_.path())), IsOk());
  }

  void Write(int cases) {
    for (int i = 0; i < cases; ++i) {
      const std::string name = "k" + std::to_string(++cases_);
      nguyet_.Write(name, {NewCase(name)});
    }
    room_.Exchange(&nguyet_);
  }
  absl::StatusOr<v1::LogKeyHandover> Roll() {
    return RollLogKey(data_.path(), room_.store.get(), "đĩa chứa khóa đã hỏng", ++room_.now_ms);
  }
  std::string KeyIn(const std::string& path) {
    const auto key = seal::SigningKey::Load(path);
    return key.ok() ? key->PublicKey() : std::string();
  }

  const tests::Workspace data_;
  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  int cases_ = 0;
};

TEST_F(LogHandover, HandsOverEveryLogToAKeyThatSignsFromThenOn) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto first, Roll());
  EXPECT_EQ(first.previous_key(), room_.log_key.PublicKey());
  EXPECT_EQ(KeyIn(LogKeyPath(data_.path())), first.key());
  EXPECT_EQ(KeyIn(NextLogKeyPath(data_.path())), "");
  uint64_t size = 0;
  for (const v1::HandedLog& log : first.logs()) {
    if (log.unit_id() == "kv1") size = log.size();
  }
  EXPECT_EQ(size, 5u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  ASSERT_THAT(room_.Open(), IsOk());
  Write(3);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto second, Roll());
  EXPECT_EQ(second.number(), 2u);
  SOTAY_ASSERT_OK_AND_ASSIGN(const LogKeyring ring, OpenLogKey(data_.path(), room_.store.get()));
  EXPECT_EQ(ring.keys.keys().size(), 3u);
  EXPECT_EQ(ring.key.PublicKey(), second.key());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto beside, HandoversBeside(data_.path()));
  EXPECT_EQ(beside.size(), 2u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(LogHandover, IsFinishedByWhoeverOpensTheKeyNext) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto handover, Roll());
  // As a crash right behind the batch leaves it.
  const auto next = seal::SigningKey::Load(LogKeyPath(data_.path()));
  ASSERT_THAT(next->Save(NextLogKeyPath(data_.path())), IsOk());
  ASSERT_THAT(room_.log_key.Save(LogKeyPath(data_.path())), IsOk());
  std::remove(HandoversPath(data_.path()).c_str());
  SOTAY_ASSERT_OK_AND_ASSIGN(const LogKeyring ring, OpenLogKey(data_.path(), room_.store.get()));
  EXPECT_EQ(ring.key.PublicKey(), handover.key());
  EXPECT_EQ(KeyIn(LogKeyPath(data_.path())), handover.key());
  EXPECT_EQ(KeyIn(NextLogKeyPath(data_.path())), "");
  EXPECT_EQ(HandoversBeside(data_.path())->size(), 1u);
  // And a step further, where only the key that was next is left over: another is made.
  ASSERT_THAT(next->Save(NextLogKeyPath(data_.path())), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto again, Roll());
  EXPECT_NE(again.key(), handover.key());
}

// With the key in its place already, and the rest not done or set back.
TEST_F(LogHandover, IsFinishedAlsoWhereTheKeyIsInItsPlace) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto handover, Roll());
  std::remove(HandoversPath(data_.path()).c_str());
  ASSERT_THAT(seal::SigningKey::Load(LogKeyPath(data_.path()))->Save(NextLogKeyPath(data_.path())),
              IsOk());
  ASSERT_THAT(OpenLogKey(data_.path(), room_.store.get()), IsOk());
  EXPECT_EQ(HandoversBeside(data_.path())->size(), 1u);
  EXPECT_EQ(KeyIn(NextLogKeyPath(data_.path())), "");
  std::ofstream(HandoversPath(data_.path()), std::ios::trunc) << "";
  ASSERT_THAT(OpenLogKey(data_.path(), room_.store.get()), IsOk());
  EXPECT_EQ(HandoversBeside(data_.path())->size(), 1u);
}

TEST_F(LogHandover, HasChangedNothingBeforeItsBatch) {
  // Cut short behind the first step.
  const seal::SigningKey waiting = *seal::SigningKey::Generate();
  ASSERT_THAT(waiting.Save(NextLogKeyPath(data_.path())), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const LogKeyring ring, OpenLogKey(data_.path(), room_.store.get()));
  EXPECT_EQ(ring.key.PublicKey(), room_.log_key.PublicKey());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto handover, Roll());
  EXPECT_EQ(handover.key(), waiting.PublicKey());
}

TEST_F(LogHandover, SignsNothingThatDoesNotReadBack) {
  std::string first;  // run of the log
  stored::v1::LogRunRow row;
  ASSERT_THAT(room_.store->VisitAll([&](absl::string_view key, absl::string_view value) {
    if (ParseKey(key)->table != Table::kLog) return true;
    first = std::string(key);
    EXPECT_TRUE(row.ParseFromArray(value.data(), static_cast<int>(value.size())));
    return false;
  }),
              IsOk());
  row.mutable_change_ids()->replace(0, 32, std::string(32, 'x'));
  room_.Tamper(first, row.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(Roll(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(KeyIn(LogKeyPath(data_.path())), room_.log_key.PublicKey());
  EXPECT_THAT(room_.store->LoadTables()->handovers, IsEmpty());
}

TEST_F(LogHandover, IsRefusedWithoutTheKeyOrAReason) {
  EXPECT_THAT(RollLogKey(data_.path(), room_.store.get(), "", 1),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const seal::SigningKey other = *seal::SigningKey::Generate();
  ASSERT_THAT(other.Save(LogKeyPath(data_.path())), IsOk());
  EXPECT_THAT(Roll(), StatusIs(absl::StatusCode::kFailedPrecondition));
  std::remove(LogKeyPath(data_.path()).c_str());
  EXPECT_THAT(Roll(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(LogHandover, IsCheckedWithTheStore) {
  SOTAY_ASSERT_OK_AND_ASSIGN(v1::LogKeyHandover handover, Roll());
  ASSERT_THAT(Roll(), IsOk());
  ASSERT_THAT(room_.Faults(), IsEmpty());
  room_.Tamper(HandoverKey(1), absl::nullopt);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), Not(IsEmpty())) << "one is left out";
  handover.mutable_logs(0)->set_size(handover.logs(0).size() + 1);
  room_.Tamper(HandoverKey(1), handover.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), Not(IsEmpty()));
  EXPECT_THAT(OpenLogKey(data_.path(), room_.store.get()), StatusIs(absl::StatusCode::kDataLoss));
}

// A phone of before the roll is sent no heads until it has asked how they came to be signed so.
TEST_F(LogHandover, IsShownToADeviceBeforeItIsSentHeads) {
  ASSERT_THAT(Roll(), IsOk());
  ASSERT_THAT(room_.Open(), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const LogKeyring ring, OpenLogKey(data_.path(), room_.store.get()));
  Notary notary(room_.directory.get(), room_.store.get(), ring.key, ring.keys);
  const Lineage lineage(room_.directory.get(), room_.store.get(), &notary, ring.key);
  const Exchange exchange(room_.directory.get(), room_.store.get(), &notary);
  v1::SyncRequest request = nguyet_.Pull();
  request.set_witnesses(true);
  const auto heads = [&] {
    const auto prepared = exchange.Prepare(room_.CallerOf(nguyet_), request, room_.now_ms);
    const auto answer = exchange.Answer(*prepared, nullptr, room_.now_ms);
    EXPECT_THAT(answer, IsOk());
    return answer.ok() ? answer->heads_size() : -1;
  };
  EXPECT_EQ(heads(), 0);
  EXPECT_THAT(lineage.Handovers(nguyet_.device(), "no key"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(heads(), 0);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto shown,
                             lineage.Handovers(nguyet_.device(), room_.log_key.PublicKey()));
  EXPECT_EQ(shown.handovers_size(), 1);
  EXPECT_EQ(heads(), 1);
  // And that the log goes on from what was handed over, to the head that is asked about.
  const std::string organisation = room_.directory->meta().organisation_id();
  const Caller caller = room_.CallerOf(nguyet_);
  const Person& person = *caller.person;
  for (const v1::HandedLog& log : shown.handovers(0).logs()) {
    if (log.unit_id() != "kv1") continue;
    const v1::LogHead handed = seal::AsHead(shown.handovers(0), log);
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto now, lineage.Get(person, handed, room_.now_ms));
    EXPECT_THAT(seal::LeadsTo(ring.key.verifying_key(), organisation, handed, handed.epoch(), now),
                IsOk());
    const v1::LogHead& to = now.head().head();
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto named, lineage.Get(person, handed, room_.now_ms, &to));
    EXPECT_EQ(named.head().head().SerializeAsString(), to.SerializeAsString());
    v1::LogHead other = to;
    other.set_size(to.size() + 1);
    EXPECT_EQ(DetailOf(lineage.Get(person, handed, room_.now_ms, &other).status()).reason(),
              v1::REASON_MALFORMED);
    EXPECT_THAT(lineage.Get(person, other, room_.now_ms), StatusIs(absl::StatusCode::kNotFound));
  }
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto newest,
                             lineage.Handovers(nguyet_.device(), ring.key.PublicKey()));
  EXPECT_EQ(newest.handovers_size(), 0);
}

}  // namespace
}  // namespace sotay::server
