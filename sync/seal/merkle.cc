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

// RFC 9162 §2.1.4.1, SUBPROOF: `whole` while the left edge has not been left, where the verifier
// knows the older root.
void AddConsistency(uint64_t before, MerkleSpan span, bool whole, std::vector<MerkleSpan>* out) {
  if (before == span.size()) {
    if (!whole) out->push_back(span);
    return;
  }
  const uint64_t middle = span.begin + LeftOf(span.size());
  const MerkleSpan left{span.begin, middle};
  const MerkleSpan right{middle, span.end};
  if (before <= left.size()) {
    AddConsistency(before, left, whole, out);
    out->push_back(right);
  } else {
    AddConsistency(before - left.size(), right, false, out);
    out->push_back(left);
  }
}

}  // namespace

MerkleHash LeafOf(const sync::ChangeId& change, absl::string_view admission) {
  return Sha256({kLeaf, change.view(), admission});
}

MerkleHash NodeOf(const MerkleHash& left, const MerkleHash& right) {
  return Sha256({kNode, View(left), View(right)});
}

uint64_t LeftOf(uint64_t size) {
  uint64_t left = 1;
  while (left < size - left) left *= 2;
  return left;
}

std::vector<MerkleSpan> ConsistencySpans(uint64_t before, uint64_t size) {
  std::vector<MerkleSpan> spans;
  if (before > 0 && before <= size) AddConsistency(before, {0, size}, true, &spans);
  return spans;
}

// RFC 9162 §2.1.4.2.
bool GoesOn(uint64_t before, const MerkleHash& before_root, uint64_t size, const MerkleHash& root,
            const std::vector<MerkleHash>& proof) {
  if (before == 0 || before > size) return false;
  if (before == size) return proof.empty() && before_root == root;
  uint64_t node = before - 1;
  uint64_t last = size - 1;
  for (; (node & 1) != 0; node >>= 1) last >>= 1;
  auto next = proof.begin();
  // A perfect tree is a node of the larger one, and its root is not sent.
  const bool perfect = node == 0;
  if (!perfect && next == proof.end()) return false;
  MerkleHash smaller = perfect ? before_root : *next++;
  MerkleHash larger = smaller;
  for (; next != proof.end(); ++next) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      smaller = NodeOf(*next, smaller);
      larger = NodeOf(*next, larger);
      for (; (node & 1) == 0 && node != 0; node >>= 1) last >>= 1;
    } else {
      larger = NodeOf(larger, *next);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && smaller == before_root && larger == root;
}

// RFC 9162 §2.1.3.1, PATH, without the recursion: from the root down, then turned round.
std::vector<MerkleSpan> InclusionSpans(uint64_t index, uint64_t size) {
  std::vector<MerkleSpan> spans;
  if (index >= size) return spans;
  for (MerkleSpan span{0, size}; span.size() > 1;) {
    const uint64_t middle = span.begin + LeftOf(span.size());
    const MerkleSpan left{span.begin, middle};
    const MerkleSpan right{middle, span.end};
    spans.push_back(index < middle ? right : left);
    span = index < middle ? left : right;
  }
  std::reverse(spans.begin(), spans.end());
  return spans;
}

// RFC 9162 §2.1.3.2.
absl::optional<MerkleHash> RootFrom(uint64_t index, uint64_t size, const MerkleHash& leaf,
                                    const std::vector<MerkleHash>& proof) {
  if (index >= size) return absl::nullopt;
  uint64_t node = index;
  uint64_t last = size - 1;
  MerkleHash root = leaf;
  for (const MerkleHash& next : proof) {
    if (last == 0) return absl::nullopt;
    if ((node & 1) != 0 || node == last) {
      root = NodeOf(next, root);
      for (; (node & 1) == 0 && node != 0; node >>= 1) last >>= 1;
    } else {
      root = NodeOf(root, next);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return absl::nullopt;
  return root;
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

void MerkleEdge::Append(const MerkleHash& leaf, std::vector<MerkleNode>* grown) {
  MerkleHash tree = leaf;
  int level = 0;
  // As in counting: two trees of one size become one of the next.
  for (uint64_t carry = size_++; (carry & 1) != 0; carry >>= 1) {
    tree = NodeOf(trees_.back(), tree);
    trees_.pop_back();
    if (++level >= kKeptLevel && grown != nullptr) grown->push_back({size_, level, tree});
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
