#include "sync/seal/merkle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "sync/seal/digest.h"

namespace sotay::seal {
namespace {

std::string Hex(const MerkleHash& hash) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

MerkleHash Leaf(size_t i) {
  std::array<char, 32> id = {};
  id[0] = static_cast<char>(i);
  id[1] = static_cast<char>(i >> 8);
  return LeafOf(sync::ChangeId(id), "noted " + std::to_string(i));
}

// RFC 6962 §2.1, word for word: k is the largest power of two below n.
MerkleHash TreeHash(const std::vector<MerkleHash>& leaves, size_t from, size_t to) {
  const size_t n = to - from;
  if (n == 0) return Sha256("");
  if (n == 1) return leaves[from];
  size_t k = 1;
  while (k * 2 < n) k *= 2;
  const MerkleHash left = TreeHash(leaves, from, from + k);
  const MerkleHash right = TreeHash(leaves, from + k, to);
  std::string bytes(1, '\1');
  bytes.append(left.begin(), left.end());
  bytes.append(right.begin(), right.end());
  return Sha256(bytes);
}

TEST(MerkleEdge, HasTheRootOfTheStandardAtEverySize) {
  std::vector<MerkleHash> leaves;
  MerkleEdge edge;
  for (size_t i = 0; i <= 300; ++i) {
    ASSERT_EQ(Hex(edge.Root()), Hex(TreeHash(leaves, 0, leaves.size()))) << i;
    leaves.push_back(Leaf(i));
    edge.Append(leaves.back());
    ASSERT_EQ(edge.size(), i + 1);
  }
}

TEST(MerkleEdge, OfNothingIsTheHashOfNothing) {
  EXPECT_EQ(Hex(MerkleEdge().Root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(MerkleEdge, GoesOnFromItsBytes) {
  MerkleEdge whole;
  for (size_t i = 0; i < 70; ++i) {
    const auto again = MerkleEdge::From(whole.size(), whole.Bytes());
    ASSERT_TRUE(again.has_value());
    whole = *again;
    whole.Append(Leaf(i));
  }
  MerkleEdge at_once;
  for (size_t i = 0; i < 70; ++i) at_once.Append(Leaf(i));
  EXPECT_EQ(Hex(whole.Root()), Hex(at_once.Root()));
}

TEST(MerkleEdge, IsNotMadeOfBytesOfAnotherSize) {
  MerkleEdge edge;
  for (size_t i = 0; i < 6; ++i) edge.Append(Leaf(i));  // 4 + 2: two trees
  EXPECT_FALSE(MerkleEdge::From(7, edge.Bytes()).has_value());
  EXPECT_FALSE(MerkleEdge::From(6, edge.Bytes() + "x").has_value());
  EXPECT_FALSE(MerkleEdge::From(6, "").has_value());
}

std::vector<MerkleHash> Leaves(size_t count) {
  std::vector<MerkleHash> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(Leaf(i));
  return leaves;
}

std::vector<MerkleHash> Proof(const std::vector<MerkleHash>& leaves, size_t before, size_t size) {
  std::vector<MerkleHash> proof;
  for (const MerkleSpan& span : ConsistencySpans(before, size)) {
    proof.push_back(TreeHash(leaves, span.begin, span.end));
  }
  return proof;
}

TEST(MerkleEdge, TellsTheNodesThatAreKept) {
  const std::vector<MerkleHash> leaves = Leaves(300);
  MerkleEdge edge;
  std::vector<MerkleNode> grown;
  for (const MerkleHash& leaf : leaves) edge.Append(leaf, &grown);
  size_t expected = 0;
  for (int level = kKeptLevel; (size_t{1} << level) <= leaves.size(); ++level) {
    expected += leaves.size() >> level;
  }
  EXPECT_EQ(grown.size(), expected);
  for (const MerkleNode& node : grown) {
    const size_t size = size_t{1} << node.level;
    EXPECT_EQ(Hex(node.hash), Hex(TreeHash(leaves, node.end - size, node.end)));
  }
}

TEST(Consistency, IsProvenBetweenAnyTwoSizes) {
  const std::vector<MerkleHash> leaves = Leaves(140);
  for (size_t size = 1; size <= leaves.size(); ++size) {
    const MerkleHash root = TreeHash(leaves, 0, size);
    for (size_t before = 1; before <= size; ++before) {
      const MerkleHash older = TreeHash(leaves, 0, before);
      const std::vector<MerkleHash> proof = Proof(leaves, before, size);
      ASSERT_TRUE(GoesOn(before, older, size, root, proof)) << before << " of " << size;
      ASSERT_LE(proof.size(), 9u);
    }
  }
}

// RFC 9162 §2.1.5: of seven entries.
TEST(Consistency, AsksForTheSpansOfTheStandardsExample) {
  using Spans = std::vector<MerkleSpan>;
  EXPECT_EQ(ConsistencySpans(3, 7), (Spans{{2, 3}, {3, 4}, {0, 2}, {4, 7}}));
  EXPECT_EQ(ConsistencySpans(4, 7), (Spans{{4, 7}}));
  EXPECT_EQ(ConsistencySpans(6, 7), (Spans{{4, 6}, {6, 7}, {0, 4}}));
  EXPECT_EQ(ConsistencySpans(7, 7), Spans());
}

TEST(Consistency, IsNotProvenOfAnotherLog) {
  const std::vector<MerkleHash> leaves = Leaves(90);
  for (size_t size = 2; size <= leaves.size(); size += 7) {
    for (size_t before = 1; before < size; ++before) {
      const MerkleHash older = TreeHash(leaves, 0, before);
      const MerkleHash root = TreeHash(leaves, 0, size);
      const std::vector<MerkleHash> proof = Proof(leaves, before, size);
      // One entry of the older log was another, or two were swapped, or one is gone.
      std::vector<MerkleHash> rewritten = leaves;
      rewritten[before - 1] = Leaf(1000);
      EXPECT_FALSE(GoesOn(before, older, size, TreeHash(rewritten, 0, size),
                          Proof(rewritten, before, size)));
      std::vector<MerkleHash> swapped = leaves;
      std::swap(swapped[0], swapped[size - 1]);
      EXPECT_FALSE(
          GoesOn(before, older, size, TreeHash(swapped, 0, size), Proof(swapped, before, size)));
      std::vector<MerkleHash> cut = leaves;
      cut.erase(cut.begin() + static_cast<long>(before - 1));
      EXPECT_FALSE(
          GoesOn(before, older, size - 1, TreeHash(cut, 0, size - 1),
                 before <= size - 1 ? Proof(cut, before, size - 1) : std::vector<MerkleHash>()));
      // Any hash of the proof another, one missing, one too many.
      for (size_t i = 0; i < proof.size(); ++i) {
        std::vector<MerkleHash> wrong = proof;
        wrong[i][5] ^= 1;
        EXPECT_FALSE(GoesOn(before, older, size, root, wrong));
        wrong = proof;
        wrong.erase(wrong.begin() + static_cast<long>(i));
        EXPECT_FALSE(GoesOn(before, older, size, root, wrong));
      }
      std::vector<MerkleHash> longer = proof;
      longer.push_back(proof.back());
      EXPECT_FALSE(GoesOn(before, older, size, root, longer));
      EXPECT_FALSE(GoesOn(size, root, before, older, proof)) << "a log that became shorter";
    }
  }
  EXPECT_FALSE(GoesOn(0, Sha256(""), 5, TreeHash(leaves, 0, 5), {}));
  EXPECT_FALSE(GoesOn(5, TreeHash(leaves, 0, 5), 5, TreeHash(leaves, 1, 6), {}));
}

TEST(Inclusion, IsProvenOfEveryLeafAndOfNoOther) {
  const std::vector<MerkleHash> leaves = Leaves(90);
  for (size_t size = 1; size <= leaves.size(); ++size) {
    const MerkleHash root = TreeHash(leaves, 0, size);
    for (size_t index = 0; index < size; ++index) {
      std::vector<MerkleHash> proof;
      for (const MerkleSpan& span : InclusionSpans(index, size)) {
        proof.push_back(TreeHash(leaves, span.begin, span.end));
      }
      ASSERT_EQ(RootFrom(index, size, leaves[index], proof), root) << index << " of " << size;
      if (size % 7 != 0) continue;
      EXPECT_NE(RootFrom(index, size, Leaf(1000), proof), root);
      for (size_t i = 0; i < proof.size(); ++i) {
        std::vector<MerkleHash> wrong = proof;
        wrong[i][31] ^= 128;
        EXPECT_NE(RootFrom(index, size, leaves[index], wrong), root);
        wrong.pop_back();
        EXPECT_NE(RootFrom(index, size, leaves[index], wrong), root);
      }
      std::vector<MerkleHash> longer = proof;
      longer.push_back(root);
      EXPECT_EQ(RootFrom(index, size, leaves[index], longer), absl::nullopt);
      for (size_t other = 0; other < size; ++other) {
        if (other == index) continue;
        EXPECT_NE(RootFrom(other, size, leaves[index], proof), root)
            << "leaf " << index << " stands for " << other;
      }
    }
  }
  EXPECT_EQ(RootFrom(5, 5, Leaf(0), {}), absl::nullopt);
}

// RFC 9162 §2.1.5: of seven entries.
TEST(Inclusion, AsksForTheSpansOfTheStandardsExample) {
  using Spans = std::vector<MerkleSpan>;
  EXPECT_EQ(InclusionSpans(0, 7), (Spans{{1, 2}, {2, 4}, {4, 7}}));
  EXPECT_EQ(InclusionSpans(3, 7), (Spans{{2, 3}, {0, 2}, {4, 7}}));
  EXPECT_EQ(InclusionSpans(4, 7), (Spans{{5, 6}, {6, 7}, {0, 4}}));
  EXPECT_EQ(InclusionSpans(6, 7), (Spans{{4, 6}, {0, 4}}));
}

TEST(LeafOf, IsNoNodeAndTellsItsPartsApart) {
  const std::string id(32, 'i');
  const sync::ChangeId change = *sync::ChangeId::From(id);
  EXPECT_NE(Hex(LeafOf(change, std::string(32, 'n'))),
            Hex(Sha256("\1" + id + std::string(32, 'n'))));
  EXPECT_NE(Hex(LeafOf(change, "a")), Hex(LeafOf(change, "b")));
  EXPECT_NE(Hex(LeafOf(change, "a")),
            Hex(LeafOf(*sync::ChangeId::From(std::string(32, 'j')), "a")));
}

}  // namespace
}  // namespace sotay::seal
