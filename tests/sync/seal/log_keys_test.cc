#include "sync/seal/log_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/seal/log_head.h"
#include "tests/support/status_matchers.h"

namespace sotay::seal {
namespace {

using tests::IsOk;
using tests::StatusIs;

const std::string kOrganisation(16, 'o');

class LogKeysTest : public ::testing::Test {
 protected:
  static v1::LogKeyHandover Handover(uint64_t number, const SigningKey& from, const SigningKey& to,
                                     uint64_t size = 3) {
    v1::LogKeyHandover handover;
    handover.set_number(number);
    handover.set_previous_key(from.PublicKey());
    handover.set_key(to.PublicKey());
    handover.set_epoch(std::string(16, 'e'));
    handover.set_reason("đĩa chứa khóa đã hỏng");
    handover.set_handed_ms(1'794'000'000'000);
    v1::HandedLog* const log = handover.add_logs();
    log->set_unit_id("kv1");
    log->set_size(size);
    log->set_root(std::string(32, 'r'));
    Sign(from, to, &handover);
    return handover;
  }
  static void Sign(const SigningKey& from, const SigningKey& to, v1::LogKeyHandover* handover) {
    const std::string text = HandoverText(kOrganisation, *handover);
    handover->set_previous_signature(*from.Sign(text));
    handover->set_signature(*to.Sign(text));
  }
  static v1::LogHead Head(const SigningKey& key, uint64_t size, char root = 'r', char epoch = 'e') {
    v1::LogHead head;
    head.set_unit_id("kv1");
    head.set_epoch(std::string(16, epoch));
    head.set_size(size);
    head.set_root(std::string(32, root));
    head.set_signed_ms(1);
    head.set_signature(*key.Sign(HeadText(kOrganisation, head)));
    return head;
  }

  const SigningKey a_ = *SigningKey::Generate();
  const SigningKey b_ = *SigningKey::Generate();
  const SigningKey c_ = *SigningKey::Generate();
};

TEST_F(LogKeysTest, LeadFromKeyToKey) {
  const auto keys =
      LogKeys::From(a_.verifying_key(), kOrganisation, {Handover(1, a_, b_), Handover(2, b_, c_)});
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->current().spki(), c_.PublicKey());
  EXPECT_EQ(keys->PlaceOf(b_.PublicKey()), 1u);
  EXPECT_EQ(keys->SignerOf("một", *b_.Sign("một")), 1u);
  // Who was told the second key at enrolment follows from there.
  EXPECT_THAT(LogKeys::From(b_.verifying_key(), kOrganisation, {Handover(2, b_, c_)}), IsOk());
}

TEST_F(LogKeysTest, TakeNoHandoverThatIsNotSignedByBoth) {
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition);
  const auto follow = [&](const v1::LogKeyHandover& handover) {
    return LogKeys::From(a_.verifying_key(), kOrganisation, {handover});
  };
  v1::LogKeyHandover forged = Handover(1, a_, b_);
  forged.set_previous_signature(*b_.Sign(HandoverText(kOrganisation, forged)));
  EXPECT_THAT(follow(forged), refused) << "the new key alone";
  forged = Handover(1, a_, b_);
  forged.set_signature(*a_.Sign(HandoverText(kOrganisation, forged)));
  EXPECT_THAT(follow(forged), refused) << "the old key alone, for a key that nobody has";
  forged = Handover(1, a_, b_);
  forged.mutable_logs(0)->set_size(9);
  EXPECT_THAT(follow(forged), refused) << "another log";
  forged = Handover(1, a_, b_);
  forged.set_reason("khác");
  EXPECT_THAT(follow(forged), refused) << "another reason";
  EXPECT_THAT(follow(Handover(1, c_, b_)), refused) << "from another key";
  EXPECT_THAT(LogKeys::From(a_.verifying_key(), std::string(16, 'p'), {Handover(1, a_, b_)}),
              refused)
      << "another organisation";
  EXPECT_THAT(
      LogKeys::From(a_.verifying_key(), kOrganisation, {Handover(1, a_, b_), Handover(3, b_, c_)}),
      refused)
      << "one is left out";
  EXPECT_THAT(
      LogKeys::From(a_.verifying_key(), kOrganisation, {Handover(1, a_, b_), Handover(2, b_, a_)}),
      refused)
      << "back to a key that was given up";
}

TEST_F(LogKeysTest, AnEarlierKeyVouchesForNoMoreThanItHandedOver) {
  const auto keys =
      LogKeys::From(a_.verifying_key(), kOrganisation, {Handover(1, a_, b_, /*size=*/3)});
  ASSERT_THAT(keys, IsOk());
  EXPECT_TRUE(Vouched(*keys, kOrganisation, Head(b_, 9)));
  EXPECT_TRUE(Vouched(*keys, kOrganisation, Head(a_, 3)));
  EXPECT_FALSE(Vouched(*keys, kOrganisation, Head(a_, 2, 's'))) << "a shorter one of any content";
  EXPECT_FALSE(Vouched(*keys, kOrganisation, Head(a_, 3, 's'))) << "another log of that size";
  EXPECT_FALSE(Vouched(*keys, kOrganisation, Head(a_, 4))) << "a longer one";
  EXPECT_FALSE(Vouched(*keys, kOrganisation, Head(a_, 3, 'r', 'd'))) << "of a life made up";
  EXPECT_TRUE(SignedByOneOf(*keys, kOrganisation, Head(a_, 2, 's')));
  EXPECT_FALSE(SignedByOneOf(*keys, kOrganisation, Head(c_, 2)));
  EXPECT_FALSE(Vouched(*keys, kOrganisation, Head(c_, 2)));
}

}  // namespace
}  // namespace sotay::seal
