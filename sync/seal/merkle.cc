#include "sync/seal/merkle.h"

#include <algorithm>
#include <bitset>

#include "sync/seal/digest.h"

namespace sotay::seal {
namespace {

constexpr absl::string_view kLeaf("\x00", 1);
constexpr absl::string_view kNode("\x01", 1);

absl::string_view View(const MerkleHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

MerkleHash NodeOf(const MerkleHash& left, const MerkleHash& right) {
  return Sha256({kNode, View(left), View(right)});
}

}  // namespace

MerkleHash LeafOf(const sync::ChangeId& change, absl::string_view admission) {
  return Sha256({kLeaf, change.view(), admission});
}

absl::optional<MerkleEdge> MerkleEdge::From(uint64_t size, absl::string_view bytes) {
  constexpr size_t kBytes = std::tuple_size_v<MerkleHash>;
  MerkleEdge edge;
  edge.size_ = size;
  edge.trees_.resize(std::bitset<64>(size).count());
  if (bytes.size() != edge.trees_.size() * kBytes) return absl::nullopt;
  for (MerkleHash& tree : edge.trees_) {
    std::copy_n(bytes.begin(), kBytes, tree.begin());
    bytes.remove_prefix(kBytes);
  }
  return edge;
}

void MerkleEdge::Append(const MerkleHash& leaf) {
  MerkleHash tree = leaf;
  // As in counting: two trees of one size become one of the next.
  for (uint64_t carry = size_++; (carry & 1) != 0; carry >>= 1) {
    tree = NodeOf(trees_.back(), tree);
    trees_.pop_back();
  }
  trees_.push_back(tree);
}

MerkleHash MerkleEdge::Root() const {
  if (trees_.empty()) return Sha256("");
  MerkleHash root = trees_.back();
  for (auto at = trees_.rbegin() + 1; at != trees_.rend(); ++at) root = NodeOf(*at, root);
  return root;
}

std::string MerkleEdge::Bytes() const {
  std::string bytes;
  for (const MerkleHash& tree : trees_) bytes.append(tree.begin(), tree.end());
  return bytes;
}

}  // namespace sotay::seal
