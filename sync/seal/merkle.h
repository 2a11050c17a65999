// A unit's log as a Merkle tree in the shape of RFC 6962 §2.1: one hash, its root, stands for
// every entry and their order, and grows with the log in a way that can be proven.
//
//   leaf   SHA-256(0x00 ‖ change id (32) ‖ what the server noted, as serialised and stored)
//   node   SHA-256(0x01 ‖ left (32) ‖ right (32))
//   root of nothing   SHA-256 of no bytes
//
// A proof that a tree of n leaves begins with one of m is a list of hashes of spans of leaves, from
// which both roots can be computed (RFC 9162 §2.1.4): about log2 n of them.
//
// A change's id is the hash of its bytes, which stand elsewhere: when they are destroyed by law
// the leaf, and every proof it is in, stays.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sync/ids.h"

namespace sotay::seal {

using MerkleHash = std::array<uint8_t, 32>;

MerkleHash LeafOf(const sync::ChangeId& change, absl::string_view admission);
MerkleHash NodeOf(const MerkleHash& left, const MerkleHash& right);

// Leaves `begin` to `end`, which is the first not among them.
struct MerkleSpan {
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t size() const { return end - begin; }
  bool operator==(const MerkleSpan& other) const {
    return begin == other.begin && end == other.end;
  }
};

// How many leaves stand left of the root's parting, in a tree of at least two.
uint64_t LeftOf(uint64_t size);

// The spans whose roots prove, in this order, that the tree of `size` leaves begins with the one of
// `before`, 0 < before <= size.  None when they are equal.
std::vector<MerkleSpan> ConsistencySpans(uint64_t before, uint64_t size);
// Whether `proof` proves it.
bool GoesOn(uint64_t before, const MerkleHash& before_root, uint64_t size, const MerkleHash& root,
            const std::vector<MerkleHash>& proof);

// The spans whose roots prove, in this order, that leaf `index` is in a tree of `size` (§2.1.3).
std::vector<MerkleSpan> InclusionSpans(uint64_t index, uint64_t size);
// The root they make of the leaf; nothing when the proof is not of such a tree's shape.
absl::optional<MerkleHash> RootFrom(uint64_t index, uint64_t size, const MerkleHash& leaf,
                                    const std::vector<MerkleHash>& proof);

// A perfect tree within a log's tree: the 2^level leaves up to `end`.
struct MerkleNode {
  uint64_t end = 0;
  int level = 0;
  MerkleHash hash;
};

// From this level on the inner nodes of a log are kept, two rows for 64 entries: a proof reads a
// few of them, and at most the entries of two trees below.
constexpr int kKeptLevel = 6;

// The right edge of a tree, which is all it takes to go on growing it: the roots of the perfect
// trees it is made of, largest first, one for each bit of its size.  A value; one thread.
class MerkleEdge {
 public:
  MerkleEdge() = default;
  // From what Bytes gave for a tree of `size` leaves; nothing when it is none.
  static absl::optional<MerkleEdge> From(uint64_t size, absl::string_view bytes);

  // Two hashes on average, and at most 64.  Nodes that became whole and are to be kept are added
  // to `grown`.
  void Append(const MerkleHash& leaf, std::vector<MerkleNode>* grown = nullptr);

  uint64_t size() const { return size_; }
  MerkleHash Root() const;
  // 32 bytes for each bit of the size.
  std::string Bytes() const;

 private:
  uint64_t size_ = 0;
  std::vector<MerkleHash> trees_;
};

}  // namespace sotay::seal
