#include "mobile-sdk/core/witness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "sync/seal/epoch_link.h"
#include "sync/seal/log_head.h"
#include "sync/seal/log_keys.h"
#include "sync/seal/merkle.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::IsOk;
using tests::StatusIs;

std::string BytesOf(const seal::MerkleHash& hash) { return std::string(hash.begin(), hash.end()); }

// A server that signs heads of whatever log it is given.
class WitnessTest : public ::testing::Test {
 protected:
  WitnessTest() {
    meta_.set_organisation_id(std::string(16, 'o'));
    meta_.set_log_key(key_.PublicKey());
  }

  static std::vector<seal::MerkleHash> Log(const std::string& entries) {
    std::vector<seal::MerkleHash> leaves;
    for (const char entry : entries) {
      leaves.push_back(
          seal::LeafOf(*sync::ChangeId::From(std::string(32, entry)), std::string(1, entry)));
    }
    return leaves;
  }

  static seal::MerkleHash RootOf(const std::vector<seal::MerkleHash>& leaves, size_t begin,
                                 size_t end) {
    seal::MerkleEdge edge;
    for (size_t i = begin; i < end; ++i) edge.Append(leaves[i]);
    return edge.Root();
  }

  v1::ProvenHead Head(const std::string& entries, const std::string& epoch = "e",
                      const std::string& unit = "kv1") {
    v1::ProvenHead proven;
    v1::LogHead& head = *proven.mutable_head();
    head.set_unit_id(unit);
    head.set_epoch(std::string(16, epoch.front()));
    head.set_size(entries.size());
    head.set_root(BytesOf(RootOf(Log(entries), 0, entries.size())));
    head.set_signed_ms(++now_ms_);
    head.set_signature(*key_.Sign(seal::HeadText(meta_.organisation_id(), head)));
    return proven;
  }

  // The head of `entries`, with the proof from its first `held`.
  v1::ProvenHead From(size_t held, const std::string& entries, const std::string& epoch = "e") {
    v1::ProvenHead proven = Head(entries, epoch);
    const auto leaves = Log(entries);
    for (const seal::MerkleSpan& span : seal::ConsistencySpans(held, entries.size())) {
      proven.add_proof(BytesOf(RootOf(leaves, span.begin, span.end)));
    }
    return proven;
  }

  // That the life `from` ended with these entries and `to` went on from there.
  v1::EpochLink Link(const std::string& entries, char from, char to) {
    v1::EpochLink link;
    link.set_unit_id("kv1");
    link.set_ended_epoch(std::string(16, from));
    link.set_epoch(std::string(16, to));
    link.set_size(entries.size());
    link.set_root(BytesOf(RootOf(Log(entries), 0, entries.size())));
    link.set_restored_ms(++now_ms_);
    link.set_signature(*key_.Sign(seal::LinkText(meta_.organisation_id(), link)));
    return link;
  }

  // What the device makes of an answer that offers it.
  absl::StatusOr<Witnessed> Offer(const v1::ProvenHead& proven) {
    v1::SyncResponse response;
    response.set_server_now_ms(now_ms_);
    v1::Cursor* cursor = response.add_cursors();
    cursor->set_unit_id("kv1");
    cursor->set_epoch(proven.head().epoch());
    *response.add_heads() = proven;
    auto witnessed = Witness(meta_, held_, response, lineages_, keys_);
    if (witnessed.ok()) {
      for (const auto& [unit, head] : witnessed->heads) held_[unit] = head;
    }
    return witnessed;
  }

  // From the key that signs now, with a log of these entries, to one that signs from then on.
  v1::LogKeyHandover HandOver(uint64_t number, const std::string& entries,
                              const seal::SigningKey& next) {
    v1::LogKeyHandover handover;
    handover.set_number(number);
    handover.set_previous_key(key_.PublicKey());
    handover.set_key(next.PublicKey());
    handover.set_epoch(std::string(16, 'e'));
    handover.set_reason("đĩa chứa khóa đã hỏng");
    handover.set_handed_ms(++now_ms_);
    v1::HandedLog* const log = handover.add_logs();
    log->set_unit_id("kv1");
    log->set_size(entries.size());
    log->set_root(BytesOf(RootOf(Log(entries), 0, entries.size())));
    const std::string text = seal::HandoverText(meta_.organisation_id(), handover);
    handover.set_previous_signature(*key_.Sign(text));
    handover.set_signature(*next.Sign(text));
    key_ = next;
    return handover;
  }

  // What the server shows a device that holds the first `held` entries, of a log of these, of which
  // so many were handed over: in answer to an answer with a head, or without.
  void Show(const v1::LogKeyHandover& handover, size_t held, const std::string& entries,
            bool offered = true) {
    keys_.shown = HandoversShown();
    keys_.shown.handovers = {handover};
    OnwardShown& onward = keys_.shown.onward["kv1"];
    if (!offered) {
      onward.from_held.emplace();
      *onward.from_held->mutable_head() = From(held, entries);
    }
    *onward.from_handed[handover.number()].mutable_head() = From(handover.logs(0).size(), entries);
  }

  stored::v1::NotebookMeta meta_;
  seal::SigningKey key_ = *seal::SigningKey::Generate();  // that signs now
  const seal::SigningKey old_key_ = key_;
  KeysKnown keys_;
  Heads held_;
  Lineages lineages_;
  int64_t now_ms_ = 1'794'000'000'000;
};

TEST_F(WitnessTest, TakesTheFirstHeadAndThenWhatGoesOnFromIt) {
  ASSERT_THAT(Offer(Head("")), IsOk());
  ASSERT_THAT(Offer(Head("abc")), IsOk());
  ASSERT_THAT(Offer(From(3, "abcde")), IsOk());
  EXPECT_EQ(held_["kv1"].size(), 5u);
  const auto same = Offer(From(5, "abcde"));
  ASSERT_THAT(same, IsOk());
  EXPECT_THAT(same->disputes, IsEmpty());
}

TEST_F(WitnessTest, FindsALogThatWasRewrittenCutOrOfAnotherView) {
  ASSERT_THAT(Offer(Head("abcd")), IsOk());
  const v1::LogHead held = held_["kv1"];
  std::vector<v1::ProvenHead> others = {
      From(4, "abXde"),  // an entry is another
      From(4, "abXd"),   // the same size
      From(3, "abc"),    // shorter
      Head(""),          // nothing at all
      From(4, "bacde"),  // two have changed places
      Head("abcde"),     // without a proof
      From(3, "abcde"),  // with one from elsewhere
  };
  others.push_back(From(4, "abcde"));
  others.back().mutable_proof(0)->pop_back();
  for (const v1::ProvenHead& other : others) {
    const auto witnessed = Offer(other);
    ASSERT_THAT(witnessed, IsOk()) << "what is written is sent all the same";
    ASSERT_EQ(witnessed->disputes.count("kv1"), 1u) << other.head().size();
    const stored::v1::LogDispute& dispute = witnessed->disputes.at("kv1");
    EXPECT_EQ(dispute.held().SerializeAsString(), held.SerializeAsString());
    EXPECT_EQ(dispute.offered().SerializeAsString(), other.SerializeAsString());
    EXPECT_EQ(dispute.found_ms(), now_ms_);
    EXPECT_EQ(held_["kv1"].SerializeAsString(), held.SerializeAsString()) << "it stays the measure";
  }
  EXPECT_THAT(Offer(From(4, "abcde"))->disputes, IsEmpty());
}

TEST_F(WitnessTest, GoesOnIntoAnotherLifeThatLinksToItsOwn) {
  ASSERT_THAT(Offer(Head("abcd")), IsOk());
  v1::GetLineageResponse lineage;
  *lineage.add_links() = Link("abcde", 'e', 'g');
  *lineage.add_links() = Link("abcdef", 'g', 'f');
  *lineage.mutable_head() = From(4, "abcdefg", "f");
  lineages_["kv1"] = lineage;
  const auto witnessed = Offer(Head("abcdefg", "f"));
  ASSERT_THAT(witnessed, IsOk());
  EXPECT_THAT(witnessed->disputes, IsEmpty());
  ASSERT_EQ(witnessed->restorations.count("kv1"), 1u);
  EXPECT_EQ(witnessed->restorations.at("kv1").held().size(), 4u);
  EXPECT_EQ(held_["kv1"].size(), 7u);
  EXPECT_EQ(held_["kv1"].epoch(), std::string(16, 'f'));
}

TEST_F(WitnessTest, KeepsTheHeadOfWhatTheRestoreLost) {
  ASSERT_THAT(Offer(Head("abcd")), IsOk());
  const v1::LogHead before = held_["kv1"];
  v1::GetLineageResponse lineage;
  *lineage.add_links() = Link("ab", 'e', 'f');
  *lineage.mutable_head() = From(2, "abX", "f");
  lineages_["kv1"] = lineage;
  const auto witnessed = Offer(Head("abX", "f"));
  ASSERT_THAT(witnessed, IsOk());
  EXPECT_THAT(witnessed->disputes, IsEmpty());
  const stored::v1::Restoration& restoration = witnessed->restorations.at("kv1");
  EXPECT_EQ(restoration.held().SerializeAsString(), before.SerializeAsString());
  EXPECT_EQ(restoration.links(0).size(), 2u);
  EXPECT_EQ(held_["kv1"].size(), 3u);
}

TEST_F(WitnessTest, DisputesALifeThatDoesNotLinkToItsOwn) {
  ASSERT_THAT(Offer(Head("abcd")), IsOk());
  const v1::LogHead held = held_["kv1"];
  v1::GetLineageResponse good;
  *good.add_links() = Link("abcd", 'e', 'f');
  *good.mutable_head() = From(4, "abcde", "f");
  std::vector<absl::optional<v1::GetLineageResponse>> others = {absl::nullopt,
                                                                v1::GetLineageResponse()};
  const auto with = [&](const std::function<void(v1::GetLineageResponse*)>& change) {
    v1::GetLineageResponse other = good;
    change(&other);
    others.push_back(other);
  };
  with([](auto* o) { o->mutable_links(0)->set_size(5); });  // no longer as signed
  with([](auto* o) { o->mutable_links(0)->set_restored_ms(1); });
  with([&](auto* o) { *o->mutable_links(0) = Link("abcd", 'x', 'f'); });  // from another life
  with([&](auto* o) { *o->mutable_links(0) = Link("abcd", 'e', 'x'); });  // into another
  with([&](auto* o) { *o->add_links() = Link("abcd", 'x', 'f'); });       // that do not join
  with([](auto* o) { o->mutable_head()->clear_proof(); });
  with([&](auto* o) { *o->mutable_head() = From(4, "abXde", "f"); });  // rewritten
  with([&](auto* o) { *o->mutable_head() = From(4, "abcde", "x"); });  // of another life
  with([](auto* o) { o->mutable_head()->mutable_head()->set_size(6); });
  with([&](auto* o) {
    *o->mutable_links(0) = Link("abc", 'e', 'f');
  });  // says it lost one: no proof
  for (const auto& other : others) {
    lineages_["kv1"] = other;
    const auto witnessed = Offer(Head("abcde", "f"));
    ASSERT_THAT(witnessed, IsOk()) << "what is written is sent all the same";
    EXPECT_EQ(witnessed->disputes.count("kv1"), 1u);
    EXPECT_THAT(witnessed->restorations, IsEmpty());
    EXPECT_EQ(held_["kv1"].SerializeAsString(), held.SerializeAsString()) << "it stays the measure";
  }
  // It could not be asked: neither this nor that, until the next time.
  lineages_.clear();
  const auto unasked = Offer(Head("abcde", "f"));
  ASSERT_THAT(unasked, IsOk());
  EXPECT_THAT(unasked->disputes, IsEmpty());
  EXPECT_EQ(held_["kv1"].SerializeAsString(), held.SerializeAsString());
  lineages_["kv1"] = good;
  EXPECT_EQ(Offer(Head("abcde", "f"))->restorations.count("kv1"), 1u);
}

TEST_F(WitnessTest, TakesNoHeadTheServerDidNotSign) {
  for (const char* field : {"size", "root", "time", "signature", "key"}) {
    v1::ProvenHead proven = Head("abcd");
    v1::LogHead& head = *proven.mutable_head();
    const std::string which = field;
    if (which == "size") head.set_size(5);
    if (which == "root") head.mutable_root()->front() ^= 1;
    if (which == "time") head.set_signed_ms(head.signed_ms() + 1);
    if (which == "signature") head.mutable_signature()->front() ^= 1;
    if (which == "key") {
      const seal::SigningKey other = *seal::SigningKey::Generate();
      head.set_signature(*other.Sign(seal::HeadText(meta_.organisation_id(), head)));
    }
    const auto witnessed = Offer(proven);
    ASSERT_THAT(witnessed, IsOk()) << "what is written is sent all the same";
    EXPECT_EQ(witnessed->disputes.count("kv1"), 1u) << field;
  }
  EXPECT_THAT(held_, IsEmpty());
}

// What the phone is shown of a key that it does not know, and of the heads by it.
TEST_F(WitnessTest, FollowsTheLogToAnotherKeyThatBothHaveSigned) {
  ASSERT_THAT(Offer(Head("abc")), IsOk());
  const seal::SigningKey next = *seal::SigningKey::Generate();
  Show(HandOver(1, "abcd", next), 3, "abcde");
  const auto followed = Offer(From(3, "abcde"));
  ASSERT_THAT(followed, IsOk());
  EXPECT_THAT(followed->disputes, IsEmpty());
  ASSERT_EQ(followed->handovers.size(), 1u);
  EXPECT_EQ(held_["kv1"].size(), 5u);
  // From then on it goes by that key, and takes nothing by the old one.
  keys_.followed = followed->handovers;
  keys_.shown = HandoversShown();
  EXPECT_THAT(Offer(From(5, "abcdef"))->disputes, IsEmpty());
  const v1::ProvenHead stolen = From(6, "abcdefg");
  v1::ProvenHead by_the_old_key = stolen;
  by_the_old_key.mutable_head()->set_signature(
      *old_key_.Sign(seal::HeadText(meta_.organisation_id(), stolen.head())));
  EXPECT_EQ(Offer(by_the_old_key)->disputes.count("kv1"), 1u);
  EXPECT_EQ(held_["kv1"].size(), 6u);
}

TEST_F(WitnessTest, DisputesAKeyThatNoHandoverLeadsTo) {
  ASSERT_THAT(Offer(Head("abc")), IsOk());
  const v1::LogHead held = held_["kv1"];
  const seal::SigningKey next = *seal::SigningKey::Generate();
  const seal::SigningKey stranger = *seal::SigningKey::Generate();
  const v1::LogKeyHandover good = HandOver(1, "abcd", next);
  std::vector<HandoversShown> others(5);
  others[1].unknown = true;
  others[2].handovers = {good};
  others[2].handovers[0].set_previous_signature(
      *stranger.Sign(seal::HandoverText(meta_.organisation_id(), good)));
  // Of less than this device has seen vouched for; and of another log of that size.
  key_ = old_key_;
  others[3].handovers = {HandOver(1, "ab", next)};
  key_ = old_key_;
  others[4].handovers = {HandOver(1, "abX", next)};
  for (size_t i = 0; i < others.size(); ++i) {
    keys_.shown = others[i];
    const auto witnessed = Offer(From(3, "abcde"));
    ASSERT_THAT(witnessed, IsOk()) << "what is written is sent all the same";
    EXPECT_EQ(witnessed->disputes.count("kv1"), 1u) << i;
    EXPECT_THAT(witnessed->handovers, IsEmpty()) << i;
    EXPECT_EQ(held_["kv1"].SerializeAsString(), held.SerializeAsString()) << "it stays the measure";
  }
  // It could not be asked: neither this nor that, until the next time.
  keys_.shown = HandoversShown();
  keys_.shown.waits = true;
  EXPECT_THAT(Offer(From(3, "abcde"))->disputes, IsEmpty());
  Show(good, 3, "abcde");
  EXPECT_THAT(Offer(From(3, "abcde"))->disputes, IsEmpty());
  EXPECT_EQ(held_["kv1"].size(), 5u);
}

// Both keys have signed what was handed over; the new one signs another history.
TEST_F(WitnessTest, DisputesANewKeyThatDoesNotGoOnFromWhatWasHandedOver) {
  ASSERT_THAT(Offer(Head("ab")), IsOk());
  const seal::SigningKey next = *seal::SigningKey::Generate();
  const v1::LogKeyHandover handover = HandOver(1, "abcd", next);
  const auto expect_dispute = [&](const char* why) {
    const auto witnessed = Offer(From(2, "abXde"));
    ASSERT_THAT(witnessed, IsOk()) << why;
    EXPECT_EQ(witnessed->disputes.count("kv1"), 1u) << why;
    EXPECT_THAT(witnessed->handovers, IsEmpty()) << why;
    EXPECT_EQ(held_["kv1"].size(), 2u) << why;
  };
  Show(handover, 2, "abXde");
  expect_dispute("the proof does not hold");
  Show(handover, 2, "abcde");
  expect_dispute("the proof is of another head than is offered");
  keys_.shown.onward["kv1"].from_handed.clear();
  expect_dispute("it is not shown");
  keys_.shown.onward.clear();
  expect_dispute("nothing is");
}

TEST_F(WitnessTest, TakesTheHeadThatWasShownWhereTheAnswerHasNone) {
  ASSERT_THAT(Offer(Head("ab")), IsOk());
  const seal::SigningKey next = *seal::SigningKey::Generate();
  const v1::LogKeyHandover handover = HandOver(1, "abcd", next);
  v1::SyncResponse response;
  v1::Cursor* cursor = response.add_cursors();
  cursor->set_unit_id("kv1");
  cursor->set_epoch(std::string(16, 'e'));
  Show(handover, 2, "abcde", /*offered=*/false);
  const auto followed = Witness(meta_, held_, response, lineages_, keys_);
  ASSERT_THAT(followed, IsOk());
  EXPECT_THAT(followed->disputes, IsEmpty());
  EXPECT_EQ(followed->heads.at("kv1").size(), 5u);
  EXPECT_EQ(followed->handovers.size(), 1u);
  // Two logs, one for the head held and one for what was handed over.
  *keys_.shown.onward["kv1"].from_held->mutable_head() = From(2, "abXde");
  EXPECT_EQ(Witness(meta_, held_, response, lineages_, keys_)->disputes.count("kv1"), 1u);
}

TEST_F(WitnessTest, DisputesAServerThatSendsNoHeadAndAKeyThatDoesNotHold) {
  ASSERT_THAT(Offer(Head("abc")), IsOk());
  v1::SyncResponse response;
  keys_.shown.unknown = true;
  const auto witnessed = Witness(meta_, held_, response, lineages_, keys_);
  ASSERT_THAT(witnessed, IsOk());
  EXPECT_EQ(witnessed->disputes.count("kv1"), 1u);
}

TEST_F(WitnessTest, TakesNoHeadOfAUnitOrAnEpochWithoutACursor) {
  EXPECT_THAT(Offer(Head("abcd", "e", "kv2")), StatusIs(absl::StatusCode::kInvalidArgument));
  v1::SyncResponse response;
  v1::Cursor* cursor = response.add_cursors();
  cursor->set_unit_id("kv1");
  cursor->set_epoch(std::string(16, 'f'));
  *response.add_heads() = Head("abcd");
  EXPECT_THAT(Witness(meta_, {}, response, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace sotay::sdk
