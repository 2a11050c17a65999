// What the phone's store does for many rows at once is what it does for each: one pass over an
// index says what asking record by record says, and no two values are sealed with one nonce.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/keys.h"
#include "mobile-sdk/core/store.h"
#include "sync/seal/value_seal.h"
#include "tests/mobile-sdk/at_rest_room.h"

namespace sotay::sdk {
namespace {

sync::RecordId RecordOf(std::mt19937* random) {
  std::string bytes(16, '\0');
  // Few first bytes, so that many are neighbours.
  for (char& byte : bytes) byte = static_cast<char>((*random)() % 3);
  return *sync::RecordId::From(bytes);
}

class StorePasses : public ::testing::Test {
 protected:
  StorePasses() {
    phone_.Close();
    store_ = Store::Open(phone_.dir(), phone_.surroundings(), /*create=*/false).value();
  }

  Office office_;
  Phone phone_{&office_, "may-thu"};
  std::unique_ptr<Store> store_;
};

TEST_F(StorePasses, SayOfManyRecordsWhatAskingForEachSays) {
  std::mt19937 random(7);
  std::vector<sync::RecordId> known;
  for (int i = 0; i < 60; ++i) known.push_back(RecordOf(&random));
  size_t touches_met = 0;
  size_t ended_met = 0;
  for (int round = 0; round < 200; ++round) {
    if (round % 10 == 1) {  // in the first nothing is there
      StoreBatch batch;
      for (int i = 0; i < 12; ++i) {
        const sync::RecordId& record = known[random() % known.size()];
        const uint64_t sequence = 1 + random() % 300;
        if (random() % 4 == 0) {
          batch.DropTouch(record, sequence);
        } else {
          batch.PutTouch(record, {sequence, static_cast<Fate>(random() % 3)});
        }
        if (random() % 4 == 0) batch.PutEnded(record);
        if (random() % 6 == 0) batch.DropEnded(record);
      }
      ASSERT_THAT(store_->Commit(batch), IsOk());
    }
    std::set<sync::RecordId> asked;
    for (size_t i = random() % 40; i > 0; --i) {
      asked.insert(random() % 3 == 0 ? RecordOf(&random) : known[random() % known.size()]);
    }
    const auto touches = store_->Touches(asked);
    const auto ended = store_->Ended(asked);
    ASSERT_THAT(touches, IsOk());
    ASSERT_THAT(ended, IsOk());
    for (const sync::RecordId& record : asked) {
      const auto one_by_one = store_->Touches(record, 1);
      ASSERT_THAT(one_by_one, IsOk());
      const auto at = touches->find(record);
      ASSERT_EQ(at != touches->end(), !one_by_one->empty()) << round;
      if (at != touches->end()) {
        ASSERT_EQ(at->second.size(), one_by_one->size()) << round;
        for (size_t i = 0; i < at->second.size(); ++i) {
          EXPECT_EQ(at->second[i].sequence, (*one_by_one)[i].sequence);
          EXPECT_EQ(at->second[i].fate, (*one_by_one)[i].fate);
        }
        ++touches_met;
      }
      EXPECT_EQ(ended->count(record) != 0, *store_->IsEnded(record)) << round;
      ended_met += ended->count(record);
    }
    for (const auto& [record, found] : *touches) EXPECT_EQ(asked.count(record), 1u);
    for (const sync::RecordId& record : *ended) EXPECT_EQ(asked.count(record), 1u);
  }
  EXPECT_GT(touches_met, 500u) << "else this shows nothing";
  EXPECT_GT(ended_met, 100u) << "else this shows nothing";
}

TEST_F(StorePasses, SealNoTwoValuesWithOneNonce) {
  StoreBatch batch;
  std::mt19937 random(9);
  for (int i = 0; i < 500; ++i) batch.PutBase(RecordOf(&random), absl::StrCat("record ", i));
  batch.DropRow(RecordOf(&random));
  for (uint64_t i = 1; i < 500; ++i) batch.PutRefused(i);
  ASSERT_THAT(store_->Commit(batch), IsOk());
  store_.reset();
  std::set<std::string> nonces;
  size_t values = 0;
  for (const auto& [key, value] : sotay::sdk::Disk(phone_.Disk()).Rows()) {
    if (key == keys::Seal()) continue;
    ++values;
    nonces.insert(value.substr(0, seal::kValueNonceBytes));
  }
  EXPECT_GT(values, 900u);
  EXPECT_EQ(nonces.size(), values);
}

}  // namespace
}  // namespace sotay::sdk
