#include "sync/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "sync/fragment.h"
#include "sync/limits.h"
#include "sync/text_diff.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::ChangeNamed;
using tests::DeviceNamed;
using tests::IsOk;
using tests::RecordNamed;
using tests::StatusIs;
using N = casework::v1::Note;

// Edits named by their author and count: "a1" is the first change of device a.
class HistoryTest : public ::testing::Test {
 protected:
  static HistoryNode Node(const std::string& name, const std::vector<std::string>& parents) {
    HistoryNode node;
    node.author.change = ChangeNamed(name);
    node.author.device = DeviceNamed(name.substr(0, 1));
    node.author.sequence = static_cast<uint64_t>(std::stoi(name.substr(1)));
    node.author.stamp = ++clock_;
    node.edit.set_record_id(RecordNamed("n").str());
    node.edit.set_type("casework.v1.Note");
    for (const std::string& parent : parents) node.edit.add_parents(ChangeNamed(parent).str());
    return node;
  }
  static HistoryNode Says(HistoryNode node, absl::string_view before, absl::string_view after) {
    v1::FieldOp* op = node.edit.add_ops();
    op->set_field(N::kBodyFieldNumber);
    *op->mutable_text() = DiffText(before, after);
    return node;
  }
  static HistoryNode Refused(HistoryNode node) {
    node.applied = false;
    return node;
  }
  absl::Status Add(HistoryNode node, ChangeId* missing = nullptr) {
    return history_.Add(std::move(node), missing);
  }
  static VersionVector Upto(std::initializer_list<std::string> names) {
    VersionVector version;
    for (const std::string& name : names) {
      version.Add(DeviceNamed(name.substr(0, 1)), static_cast<uint64_t>(std::stoi(name.substr(1))));
    }
    return version;
  }
  std::string BodyAt(std::initializer_list<std::string> names) {
    return std::string(history_.At(Upto(names)).ShownText(N::kBodyFieldNumber));
  }

  inline static Stamp clock_ = 0;
  History history_{MergedRecord(tests::CaseworkSchema()->Find("note"), RecordNamed("n"),
                                "casework.v1.Note", "vkskv1", RecordNamed("k"))};
};

// What was refused and then taken in is two places: whoever was made on it before is on the one,
// whoever is made on it since is on the other.
TEST_F(HistoryTest, OneThatWasTakenInStandsWhereItWasRefusedAndApart) {
  ASSERT_THAT(Add(Says(Node("a1", {}), "", "x")), IsOk());
  const HistoryNode b1 = Says(Node("b1", {"a1"}), "x", "xb");
  ASSERT_THAT(Add(Refused(b1)), IsOk());
  ASSERT_THAT(Add(Node("b2", {"b1"})), IsOk());
  HistoryNode taken = b1;
  taken.author.StandApart();
  ASSERT_THAT(Add(taken), IsOk());
  ASSERT_THAT(Add(Refused(b1)), IsOk());  // once more changes nothing
  ASSERT_THAT(Add(Node("c1", {"b1"})), IsOk());
  const DeviceId apart = taken.author.device;
  EXPECT_NE(apart, b1.author.device);
  EXPECT_EQ(*taken.author.written_on, b1.author.device);
  EXPECT_EQ(history_.nodes().size(), 5u);
  const HistoryNode* before = history_.Find(ChangeNamed("b2"));
  const HistoryNode* since = history_.Find(ChangeNamed("c1"));
  EXPECT_FALSE(before->seen.Has(apart, 1));
  EXPECT_TRUE(before->seen.Has(b1.author.device, 1));
  EXPECT_TRUE(since->seen.Has(apart, 1));
  EXPECT_FALSE(since->seen.Has(b1.author.device, 1));
  EXPECT_EQ(history_.Find(ChangeNamed("b1"))->author.device, apart);
  EXPECT_EQ(history_.At(before->seen).ShownText(N::kBodyFieldNumber), "x");
  EXPECT_EQ(history_.At(since->seen).ShownText(N::kBodyFieldNumber), "xb");
}

// A refused edit came before what it was made on, and its author wrote on when that had come: they
// had their own before them, wherever a reload finds it.
TEST_F(HistoryTest, WhatWaitedStandsRightBehindWhatItWaitedFor) {
  const HistoryNode b1 = Refused(Node("b1", {"a2"}));
  const HistoryNode b2 = Refused(Node("b2", {"b1"}));
  const HistoryNode c1 = Refused(Node("c1", {"nowhere1"}));
  ASSERT_THAT(AddInAnyOrder({c1, b2, b1, Node("a1", {}), Node("a2", {"a1"}), Node("b3", {"a2"}),
                             Node("a3", {"a2"})},
                            &history_),
              IsOk());
  std::vector<ChangeId> order;
  for (const HistoryNode& node : history_.nodes()) order.push_back(node.author.change);
  EXPECT_THAT(order, ElementsAre(ChangeNamed("a1"), ChangeNamed("a2"), ChangeNamed("b1"),
                                 ChangeNamed("b2"), ChangeNamed("b3"), ChangeNamed("a3")));
  EXPECT_EQ(history_.Find(ChangeNamed("b3"))->seen, Upto({"a1", "a2", "b1", "b2"}));
  EXPECT_EQ(history_.Find(ChangeNamed("a3"))->seen, Upto({"a1", "a2"}));
  // An admitted one that has no place is damage.
  History damaged = history_;
  EXPECT_THAT(AddInAnyOrder({Node("d1", {"nowhere1"})}, &damaged),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(HistoryTest, IsEmptyBeforeTheFirstEdit) {
  EXPECT_TRUE(history_.At({}).empty());
  EXPECT_TRUE(history_.nodes().empty());
  EXPECT_EQ(history_.Find(ChangeNamed("a1")), nullptr);
}

TEST_F(HistoryTest, GivesTheRecordAsEachAuthorHadIt) {
  ASSERT_THAT(Add(Says(Node("a1", {}), "", "Vết phanh")), IsOk());
  ASSERT_THAT(Add(Says(Node("b1", {"a1"}), "Vết phanh", "Vết phanh dài")), IsOk());
  ASSERT_THAT(Add(Says(Node("a2", {"a1"}), "Vết phanh", "Hai vết phanh")), IsOk());
  EXPECT_EQ(BodyAt({"a1"}), "Vết phanh");
  EXPECT_EQ(BodyAt({"a1", "b1"}), "Vết phanh dài");
  EXPECT_EQ(BodyAt({"a2"}), "Hai vết phanh");
  EXPECT_EQ(BodyAt({"a1", "b1"}), "Vết phanh dài") << "and back again, in any order of asking";
  EXPECT_TRUE(history_.At({}).empty());
  const MergedRecord& now = history_.At(Upto({"a2", "b1"}));
  EXPECT_EQ(now.ShownText(N::kBodyFieldNumber), "Hai vết phanh dài");
  EXPECT_THAT(now.heads(), ElementsAre(ChangeNamed("a2"), ChangeNamed("b1")));
}

TEST_F(HistoryTest, ReadsWhatAnAuthorHadSeenOffTheGraph) {
  ASSERT_THAT(Add(Node("a1", {})), IsOk());
  ASSERT_THAT(Add(Node("b1", {"a1"})), IsOk());
  ASSERT_THAT(Add(Node("c4", {"a1"})), IsOk());
  EXPECT_EQ(history_.SeenBy({ChangeNamed("b1")}, DeviceNamed("d")), Upto({"a1", "b1"}));
  EXPECT_EQ(history_.SeenBy({ChangeNamed("b1"), ChangeNamed("c4")}, DeviceNamed("d")),
            Upto({"a1", "b1", "c4"}));
  EXPECT_EQ(history_.SeenBy({}, DeviceNamed("d")), VersionVector());
}

TEST_F(HistoryTest, CountsADevicesOwnEditsAsSeenWhetherItNamesThemOrNot) {
  ASSERT_THAT(Add(Node("a1", {})), IsOk());
  ASSERT_THAT(Add(Node("b1", {"a1"})), IsOk());
  ASSERT_THAT(Add(Node("b2", {"a1"})), IsOk());
  EXPECT_EQ(history_.Find(ChangeNamed("b2"))->seen, Upto({"a1", "b1"}));
  EXPECT_EQ(history_.SeenBy({ChangeNamed("a1")}, DeviceNamed("b")), Upto({"a1", "b2"}));
}

TEST_F(HistoryTest, NamesTheParentThatIsMissing) {
  ASSERT_THAT(Add(Node("a1", {})), IsOk());
  ChangeId missing;
  EXPECT_THAT(Add(Node("b1", {"a1", "x9"}), &missing),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(missing, ChangeNamed("x9"));
  EXPECT_EQ(history_.SeenBy({ChangeNamed("y1")}, DeviceNamed("b"), &missing), absl::nullopt);
  EXPECT_EQ(missing, ChangeNamed("y1"));
  EXPECT_EQ(history_.nodes().size(), 1u);
}

TEST_F(HistoryTest, TakesAnEditOnce) {
  ASSERT_THAT(Add(Node("a1", {})), IsOk());
  EXPECT_THAT(Add(Node("a1", {})), IsOk());
  EXPECT_EQ(history_.nodes().size(), 1u);
}

TEST_F(HistoryTest, RefusesATextEditThatDoesNotFitItsVersion) {
  ASSERT_THAT(Add(Says(Node("a1", {}), "", "bốn")), IsOk());
  EXPECT_THAT(Add(Says(Node("b1", {"a1"}), "bốn mươi", "năm mươi")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("made on 8 characters")));
  EXPECT_EQ(history_.nodes().size(), 1u);
  EXPECT_EQ(history_.SeenBy({ChangeNamed("b1")}, DeviceNamed("c")), absl::nullopt);
}

TEST_F(HistoryTest, RefusesAParentThatIsNoId) {
  HistoryNode node = Node("a1", {});
  node.edit.add_parents("short");
  EXPECT_THAT(Add(std::move(node)), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(HistoryTest, GivesARefusedEditAPlaceAndNoEffect) {
  ASSERT_THAT(Add(Says(Node("a1", {}), "", "bốn")), IsOk());
  // Its text need not even fit.
  ASSERT_THAT(Add(Refused(Says(Node("b1", {"a1"}), "không phải", "x"))), IsOk());
  ASSERT_THAT(Add(Says(Node("b2", {"b1"}), "bốn", "bốn mươi")), IsOk());
  EXPECT_EQ(history_.Find(ChangeNamed("b2"))->seen, Upto({"a1", "b1"}));
  EXPECT_EQ(BodyAt({"a1", "b1"}), "bốn");
  EXPECT_EQ(BodyAt({"a1", "b2"}), "bốn mươi");
}

TEST_F(HistoryTest, HasNoRecordWhileItsBirthIsRefused) {
  ASSERT_THAT(Add(Refused(Node("a1", {}))), IsOk());
  EXPECT_TRUE(history_.At(Upto({"a1"})).empty());
}

TEST_F(HistoryTest, PutsTheServersValuesWhereTheyCame) {
  HistoryNode birth = Node("a1", {});
  v1::FieldOp& assigned = birth.assigned.emplace_back();
  assigned.set_field(N::kReceivedMsFieldNumber);
  assigned.set_set(VarintFragment(N::kReceivedMsFieldNumber, 77));
  ASSERT_THAT(Add(std::move(birth)), IsOk());
  const FieldSlot* slot = history_.At(Upto({"a1"})).Slot(N::kReceivedMsFieldNumber);
  ASSERT_NE(slot, nullptr);
  EXPECT_EQ(VarintOf(slot->readings.front().value), 77u);
}

TEST_F(HistoryTest, IsTheSameRecordInEveryOrderOfArrival) {
  const HistoryNode a1 = Says(Node("a1", {}), "", "x");
  const HistoryNode b1 = Says(Node("b1", {"a1"}), "x", "xb");
  const HistoryNode c1 = Says(Node("c1", {"a1"}), "x", "xc");
  const HistoryNode d1 = Says(Node("d1", {"b1"}), "xb", "xbd");
  const std::vector<std::vector<const HistoryNode*>> orders = {
      {&a1, &b1, &c1, &d1}, {&a1, &b1, &d1, &c1}, {&a1, &c1, &b1, &d1}};
  std::set<std::string> records;
  for (const auto& order : orders) {
    History history = history_;
    for (const HistoryNode* node : order) ASSERT_THAT(history.Add(*node), IsOk());
    records.insert(history.At(Upto({"a1", "b1", "c1", "d1"})).Serialize());
  }
  EXPECT_EQ(records.size(), 1u);
}

// --- texts ----------------------------------------------------------------------------------

TEST_F(HistoryTest, MakesEachTextOnWhatTheOnesBeforeHaveLeft) {
  HistoryNode node = Says(Says(Node("a1", {}), "", "một"), "một", "một hai");
  const auto texts = TextsAfter(node.edit, history_.At({}));
  ASSERT_THAT(texts, IsOk());
  EXPECT_THAT(*texts, ElementsAre("một", "một hai"));
}

TEST_F(HistoryTest, KeepsTheTextsOfTwoFieldsApart) {
  v1::RecordEdit edit;
  const auto type = [&](uint32_t field, absl::string_view before, absl::string_view after) {
    v1::FieldOp* op = edit.add_ops();
    op->set_field(field);
    *op->mutable_text() = DiffText(before, after);
  };
  type(N::kBodyFieldNumber, "", "a");
  type(900, "", "b");
  type(N::kBodyFieldNumber, "a", "aa");
  type(900, "b", "bb");
  const auto texts = TextsAfter(edit, history_.At({}));
  ASSERT_THAT(texts, IsOk());
  EXPECT_THAT(*texts, ElementsAre("a", "b", "aa", "bb"));
}

// Each text of an edit is held whole, so ten thousand that change nothing would fill the memory.
TEST_F(HistoryTest, BoundsWhatTheTextsOfOneEditMayTake) {
  const std::string longest(kTextBytesMax, 'x');
  ASSERT_THAT(Add(Says(Node("a1", {}), "", longest)), IsOk());
  HistoryNode node = Node("a2", {"a1"});
  for (int i = 0; i < 3; ++i) node = Says(std::move(node), longest, longest);
  EXPECT_THAT(TextsAfter(node.edit, history_.At(Upto({"a1"}))), IsOk());
  node = Says(std::move(node), longest, longest);
  EXPECT_THAT(TextsAfter(node.edit, history_.At(Upto({"a1"}))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("1048576 bytes in one edit, limit 786432")));
}

}  // namespace
}  // namespace sotay::sync
