#include "mobile-sdk/core/patience.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using tests::IsOk;

class PatienceTest : public ::testing::Test {
 protected:
  // A contact, after which the server is as it says.
  HandoversShown Contact(int64_t now_ms, bool waits = true, bool said = false) {
    HandoversShown shown;
    shown.waits = waits;
    shown.shown = said;
    StoreBatch batch;
    EXPECT_THAT(LosePatience(*store_, now_ms, &shown, &batch), IsOk());
    EXPECT_THAT(store_->Commit(batch), IsOk());
    return shown;
  }

  const tests::Workspace dir_;
  const std::unique_ptr<Store> store_ = *Store::Open(dir_.path(), {}, /*create=*/true);
};

constexpr int64_t kBegin = 1'794'000'000'000;

TEST_F(PatienceTest, EndsWhereAServerFailsForEverToSayByWhatKeyItSigns) {
  for (uint64_t i = 0; i < kUnshownTimesMax + 5; ++i) {
    EXPECT_TRUE(Contact(kBegin + static_cast<int64_t>(i)).waits) << "an hour of trouble is none";
  }
  EXPECT_EQ(*UnshownSinceMs(*store_), kBegin);
  EXPECT_FALSE(Contact(kBegin + kUnshownMsMax - 1).unknown);
  const HandoversShown late = Contact(kBegin + kUnshownMsMax);
  EXPECT_TRUE(late.unknown) << "which is a dispute (witness.h)";
  EXPECT_FALSE(late.waits);
}

TEST_F(PatienceTest, BeginsAnewOnceItWasShown) {
  EXPECT_EQ(*UnshownSinceMs(*store_), 0);
  Contact(kBegin);
  Contact(kBegin + 1, /*waits=*/false);
  EXPECT_EQ(*UnshownSinceMs(*store_), kBegin) << "it was not asked";
  Contact(kBegin + 1, /*waits=*/false, /*said=*/true);
  EXPECT_EQ(*UnshownSinceMs(*store_), 0);
  Contact(kBegin + 2);
  // A clock that leaps makes no day of two contacts.
  EXPECT_FALSE(Contact(kBegin + 40 * kUnshownMsMax).unknown);
}

}  // namespace
}  // namespace sotay::sdk
