// A unit's log as a Merkle tree in the shape of RFC 6962 §2.1: one hash, its root, stands for
// every entry and their order, and grows with the log in a way that can be proven.
//
//   leaf   SHA-256(0x00 ‖ change id (32) ‖ what the server noted, as serialised and stored)
//   node   SHA-256(0x01 ‖ left (32) ‖ right (32))
//   root of nothing   SHA-256 of no bytes
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

// The right edge of a tree, which is all it takes to go on growing it: the roots of the perfect
// trees it is made of, largest first, one for each bit of its size.  A value; one thread.
class MerkleEdge {
 public:
  MerkleEdge() = default;
  // From what Bytes gave for a tree of `size` leaves; nothing when it is none.
  static absl::optional<MerkleEdge> From(uint64_t size, absl::string_view bytes);

  // Two hashes on average, and at most 64.
  void Append(const MerkleHash& leaf);

  uint64_t size() const { return size_; }
  MerkleHash Root() const;
  // 32 bytes for each bit of the size.
  std::string Bytes() const;

 private:
  uint64_t size_ = 0;
  std::vector<MerkleHash> trees_;
};

}  // namespace sotay::seal
