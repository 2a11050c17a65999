// Proofs out of a unit's log: roots of any part of its Merkle tree, from the nodes the store keeps
// and, below them, from the entries themselves.
//
// Reads a few rows for each level of the tree and at most 2 × 63 entries: a fraction of a
// millisecond for a log of any length.  Thread-safe.  Everything fails with kDataLoss when what is
// stored is damaged.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/store.h"
#include "sync/seal/merkle.h"

namespace sotay::server {

// Root of the tree over these entries of the unit's log (the one at position 1 is leaf 0), of
// which there is at least one and all are there.
absl::StatusOr<seal::MerkleHash> RootOf(Store* store, absl::string_view unit,
                                        const seal::MerkleSpan& span);

// That the log with `size` entries begins with the one that had `before`, 0 < before <= size: for
// seal::GoesOn.
absl::StatusOr<std::vector<seal::MerkleHash>> ProveConsistency(Store* store, absl::string_view unit,
                                                               uint64_t before, uint64_t size);

// That the entry at `position` is in the log with `size` entries, 0 < position <= size: for
// seal::RootFrom, of leaf position - 1.
absl::StatusOr<std::vector<seal::MerkleHash>> ProveInclusion(Store* store, absl::string_view unit,
                                                             uint64_t position, uint64_t size);

}  // namespace sotay::server
