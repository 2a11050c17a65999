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
