#include "sync/seal/device_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/seal/digest.h"
#include "tests/support/status_matchers.h"

namespace sotay::seal {
namespace {

using tests::IsOk;
using tests::StatusIs;

const std::string kOrganisation(16, 'o');

class DeviceKeysTest : public ::testing::Test {
 protected:
  v1::EarlierKey Earlier(const SigningKey& from, const SigningKey& to, uint64_t through,
                         uint64_t last) const {
    v1::EarlierKey earlier;
    v1::KeyRoll& roll = *earlier.mutable_roll();
    roll.set_device_id(DeviceIdOf(a_.PublicKey()).str());
    roll.set_last_sequence(last);
    if (last != 0) roll.set_head(std::string(32, 'h'));
    roll.set_signed_ms(1'794'000'000'000);
    EXPECT_THAT(SignRoll(kOrganisation, from, to, &roll), IsOk());
    earlier.set_through(through);
    return earlier;
  }

  const SigningKey a_ = *SigningKey::Generate();
  const SigningKey b_ = *SigningKey::Generate();
  const SigningKey c_ = *SigningKey::Generate();
};

TEST_F(DeviceKeysTest, EachSealsWhatEndsInItsSpan) {
  const auto keys = DeviceKeys::From(kOrganisation, c_.PublicKey(),
                                     {Earlier(a_, b_, 4, 6), Earlier(b_, c_, 9, 9)});
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->device(), DeviceIdOf(a_.PublicKey()));
  EXPECT_EQ(keys->Of(1).spki(), a_.PublicKey());
  EXPECT_EQ(keys->Of(4).spki(), a_.PublicKey());
  EXPECT_EQ(keys->Of(5).spki(), b_.PublicKey());
  EXPECT_EQ(keys->Of(9).spki(), b_.PublicKey());
  EXPECT_EQ(keys->Of(10).spki(), c_.PublicKey());
  const auto first = DeviceKeys::From(kOrganisation, a_.PublicKey(), {});
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->device(), keys->device());
}

TEST_F(DeviceKeysTest, TakeNoRollThatIsNotSignedByBoth) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  const auto follow = [&](v1::EarlierKey earlier) {
    return DeviceKeys::From(kOrganisation, b_.PublicKey(), {std::move(earlier)});
  };
  ASSERT_THAT(follow(Earlier(a_, b_, 4, 6)), IsOk());
  v1::EarlierKey forged = Earlier(a_, b_, 4, 6);
  forged.mutable_roll()->set_old_signature(*b_.Sign(RollText(kOrganisation, forged.roll())));
  EXPECT_THAT(follow(forged), refused) << "the new key alone";
  forged = Earlier(a_, b_, 4, 6);
  forged.mutable_roll()->set_new_signature(*a_.Sign(RollText(kOrganisation, forged.roll())));
  EXPECT_THAT(follow(forged), refused) << "the old key alone";
  forged = Earlier(a_, b_, 4, 6);
  forged.mutable_roll()->set_last_sequence(60);
  EXPECT_THAT(follow(forged), refused) << "further than was signed";
  EXPECT_THAT(follow(Earlier(a_, b_, 7, 6)), refused) << "beyond what the device said";
  EXPECT_THAT(follow(Earlier(c_, b_, 4, 6)), refused) << "from a key that is not the device's";
  EXPECT_THAT(DeviceKeys::From(kOrganisation, c_.PublicKey(), {Earlier(a_, b_, 4, 6)}), refused)
      << "to another key";
  EXPECT_THAT(DeviceKeys::From(std::string(16, 'p'), b_.PublicKey(), {Earlier(a_, b_, 4, 6)}),
              refused)
      << "in another organisation";
  EXPECT_THAT(DeviceKeys::From(kOrganisation, a_.PublicKey(),
                               {Earlier(a_, b_, 4, 6), Earlier(b_, a_, 9, 9)}),
              refused)
      << "back to a key that was given up";
  EXPECT_THAT(DeviceKeys::From(kOrganisation, c_.PublicKey(),
                               {Earlier(a_, b_, 6, 6), Earlier(b_, c_, 5, 9)}),
              refused)
      << "a span that goes back";
}

}  // namespace
}  // namespace sotay::seal
