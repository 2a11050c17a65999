// What an export proves once the log's key was replaced, to a reader who takes nobody's word.
#include "sync/seal/dossier_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/seal/epoch_link.h"
#include "sync/seal/log_head.h"
#include "sync/seal/merkle.h"

namespace sotay::seal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kOrganisation(16, 'o');

std::string BytesOf(const MerkleHash& hash) { return std::string(hash.begin(), hash.end()); }

MerkleHash RootOf(const std::string& entries, size_t begin, size_t end) {
  MerkleEdge edge;
  for (size_t i = begin; i < end; ++i) {
    edge.Append(
        LeafOf(*sync::ChangeId::From(std::string(32, entries[i])), std::string(1, entries[i])));
  }
  return edge.Root();
}

class DossierKeysTest : public ::testing::Test {
 protected:
  static v1::LogHead Head(const SigningKey& key, const std::string& entries, char epoch = 'e') {
    v1::LogHead head;
    head.set_unit_id("kv1");
    head.set_epoch(std::string(16, epoch));
    head.set_size(entries.size());
    head.set_root(BytesOf(RootOf(entries, 0, entries.size())));
    head.set_signed_ms(1);
    head.set_signature(*key.Sign(HeadText(kOrganisation, head)));
    return head;
  }
  static v1::LogKeyHandover Handover(uint64_t number, const SigningKey& from, const SigningKey& to,
                                     const std::string& entries) {
    v1::LogKeyHandover handover;
    handover.set_number(number);
    handover.set_previous_key(from.PublicKey());
    handover.set_key(to.PublicKey());
    handover.set_epoch(std::string(16, 'e'));
    handover.set_reason("đĩa chứa khóa đã hỏng");
    handover.set_handed_ms(1'794'000'000'000);
    v1::HandedLog* const log = handover.add_logs();
    log->set_unit_id("kv1");
    log->set_size(entries.size());
    log->set_root(BytesOf(RootOf(entries, 0, entries.size())));
    const std::string text = HandoverText(kOrganisation, handover);
    handover.set_previous_signature(*from.Sign(text));
    handover.set_signature(*to.Sign(text));
    return handover;
  }
  // That the log of `entries`, whose head it is, begins as `held` says.
  static v1::GoingOn From(const v1::LogHead& held, const v1::LogHead& head,
                          const std::string& entries) {
    v1::GoingOn going_on;
    *going_on.mutable_held() = held;
    *going_on.mutable_lineage()->mutable_head()->mutable_head() = head;
    for (const MerkleSpan& span : ConsistencySpans(held.size(), entries.size())) {
      going_on.mutable_lineage()->mutable_head()->add_proof(
          BytesOf(RootOf(entries, span.begin, span.end)));
    }
    return going_on;
  }
  static v1::EpochLink Link(const SigningKey& key, const std::string& entries, char from, char to) {
    v1::EpochLink link;
    link.set_unit_id("kv1");
    link.set_ended_epoch(std::string(16, from));
    link.set_epoch(std::string(16, to));
    link.set_size(entries.size());
    link.set_root(BytesOf(RootOf(entries, 0, entries.size())));
    link.set_restored_ms(2);
    link.set_signature(*key.Sign(LinkText(kOrganisation, link)));
    return link;
  }
  static v1::Dossier Export(const SigningKey& key, const v1::LogHead& head,
                            const std::vector<v1::LogKeyHandover>& handovers = {}) {
    v1::Dossier dossier;
    dossier.set_organisation_id(kOrganisation);
    dossier.set_log_key(key.PublicKey());
    *dossier.mutable_head() = head;
    for (const v1::LogKeyHandover& handover : handovers) *dossier.add_handovers() = handover;
    return dossier;
  }
  // Of one that was made under the first key.
  std::vector<std::string> FaultsOf(const v1::LogHead& head,
                                    const std::vector<v1::GoingOn>& shown) const {
    return KeyFaults(Export(a_, head), b_.PublicKey(), {}, {kOrganisation, {handover_}, shown});
  }

  const SigningKey a_ = *SigningKey::Generate();
  const SigningKey b_ = *SigningKey::Generate();
  const SigningKey c_ = *SigningKey::Generate();
  const v1::LogKeyHandover handover_ = Handover(1, a_, b_, "abcd");
};

TEST_F(DossierKeysTest, AHeadByAKeyThatWasReplacedHoldsWhereTheLogGoesOnFromIt) {
  const v1::LogHead older = Head(a_, "abc");
  EXPECT_THAT(FaultsOf(older, {From(older, Head(b_, "abcdef"), "abcdef")}), IsEmpty());
  EXPECT_THAT(FaultsOf(Head(a_, "abcd"), {}), IsEmpty())
      << "what was handed over, both have signed";
  // Known by the first key alone, it is as ever.
  EXPECT_THAT(KeyFaults(Export(a_, older), a_.PublicKey(), {}, {}), IsEmpty());
}

// Who has the old key signs what they like since.
TEST_F(DossierKeysTest, AHeadThatAThiefOfTheOldKeyMadeUpIsFoundWhateverItSays) {
  const auto found = ElementsAre(HasSubstr("by a key that was replaced"));
  EXPECT_THAT(FaultsOf(Head(a_, "abX"), {}), found) << "shorter, of any content";
  EXPECT_THAT(FaultsOf(Head(a_, "abX", 'm'), {}), found) << "of a life made up";
  EXPECT_THAT(FaultsOf(Head(a_, "abXd"), {}), found) << "of that size";
  EXPECT_THAT(FaultsOf(Head(a_, "abcde"), {}), found) << "longer";
  // Nor does it help to show something of another head, or by the old key.
  const v1::LogHead older = Head(a_, "abc");
  const v1::LogHead forged = Head(a_, "abX");
  EXPECT_THAT(FaultsOf(forged, {From(older, Head(b_, "abcdef"), "abcdef")}), found);
  EXPECT_THAT(FaultsOf(forged, {From(forged, Head(b_, "abcdef"), "abcdef")}), found);
  EXPECT_THAT(FaultsOf(forged, {From(forged, Head(a_, "abXdef"), "abXdef")}), found);
}

TEST_F(DossierKeysTest, AHeadOfAnEarlierLifeHoldsWhereThatLifeHasEnded) {
  const v1::LogHead older = Head(a_, "abc", 'd');
  v1::GoingOn shown = From(older, Head(b_, "abcdef"), "abcdef");
  EXPECT_THAT(FaultsOf(older, {shown}), ::testing::Not(IsEmpty())) << "no link";
  *shown.mutable_lineage()->add_links() = Link(a_, "abc", 'd', 'e');
  EXPECT_THAT(FaultsOf(older, {shown}), ::testing::Not(IsEmpty())) << "one by the old key";
  *shown.mutable_lineage()->mutable_links(0) = Link(b_, "abc", 'd', 'e');
  EXPECT_THAT(FaultsOf(older, {shown}), IsEmpty());
  // What the restore has lost nobody vouches for.
  *shown.mutable_lineage()->mutable_links(0) = Link(b_, "ab", 'd', 'e');
  EXPECT_THAT(FaultsOf(older, {shown}), ::testing::Not(IsEmpty()));
}

TEST_F(DossierKeysTest, WhatTheNewKeySignsGoesOnFromWhatWasHandedOver) {
  const v1::LogHead head = Head(b_, "abcdef");
  const v1::LogHead handed = AsHead(handover_, handover_.logs(0));
  const auto faults = [&](const v1::LogHead& of, const std::vector<v1::GoingOn>& shown) {
    return KeyFaults(Export(b_, of, {handover_}), a_.PublicKey(), shown, {});
  };
  EXPECT_THAT(faults(head, {From(handed, head, "abcdef")}), IsEmpty());
  const auto found = ElementsAre(HasSubstr("gave away"));
  EXPECT_THAT(faults(head, {}), found) << "nothing shown";
  // The new key signs another history than was handed over.
  const v1::LogHead other = Head(b_, "abXdef");
  EXPECT_THAT(faults(other, {From(handed, other, "abXdef")}), found);
  EXPECT_THAT(faults(other, {From(handed, head, "abcdef")}), found) << "of another head";
}

TEST_F(DossierKeysTest, HandoversThatContradictAreNotFollowedInSilence) {
  const v1::Dossier now = Export(b_, Head(b_, "abcd"), {handover_});
  const auto faults = [&](const v1::LogKeyHandover& later,
                          const std::string& organisation = kOrganisation) {
    return KeyFaults(now, "", {}, {organisation, {later}, {}});
  };
  EXPECT_THAT(faults(handover_), IsEmpty());
  EXPECT_THAT(faults(Handover(1, a_, c_, "abcd")), ElementsAre(HasSubstr("contradicts")));
  EXPECT_THAT(faults(Handover(7, a_, c_, "abcd")), ElementsAre(HasSubstr("contradicts")));
  EXPECT_THAT(faults(Handover(1, a_, b_, "abcX")), ElementsAre(HasSubstr("contradicts")));
  EXPECT_THAT(faults(Handover(2, c_, a_, "abcd")), ElementsAre(HasSubstr("does not go on")));
  EXPECT_THAT(faults(Handover(3, b_, c_, "abcd")), ElementsAre(HasSubstr("does not go on")));
  EXPECT_THAT(faults(handover_, std::string(16, 'p')),
              ElementsAre(HasSubstr("another organisation")));
}

}  // namespace
}  // namespace sotay::seal
