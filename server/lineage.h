// How this store came out of earlier ones: each restore ends one life and begins another with the
// logs as they were in the backup.  For devices that hold a head of an earlier life this shows,
// with signatures, that the logs go on from there (docs/protocol.md).
//
// As with the notary, nothing is signed that was not held against the log: the tree is asked for
// its root at the size the link names.  Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/notary.h"
#include "server/store.h"
#include "sotay/v1/lineage_service.pb.h"
#include "sync/seal/key.h"
#include "sync/seal/merkle.h"

namespace sotay::server {

// Root over the first `size` entries of a unit's log, which are all there; of none, too.
absl::StatusOr<seal::MerkleHash> RootAt(Store* store, absl::string_view unit, uint64_t size);

// What contradicts itself in the store's lineage, a sentence each: lives that do not join, or a log
// that has another root where a life ended.  For `sotayd check`.
std::vector<std::string> LineageFaults(Store* store, const Tables& tables);

class Lineage {
 public:
  // All but the key must outlive it.
  Lineage(const Directory* directory, Store* store, Notary* notary, seal::SigningKey key);

  // As LineageService says; `to`: the head that was asked for.
  absl::StatusOr<v1::GetLineageResponse> Get(const Person& person, const v1::LogHead& held,
                                             int64_t now_ms, const v1::LogHead* to = nullptr) const;
  // The same for GetHandovers; the device is sent heads from then on.
  absl::StatusOr<v1::GetHandoversResponse> Handovers(const sync::DeviceId& device,
                                                     const std::string& held) const;

 private:
  absl::StatusOr<v1::EpochLink> Link(const stored::v1::EndedEpoch& ended,
                                     const std::string& unit) const;

  const Directory& directory_;
  Store& store_;
  Notary& notary_;
  const seal::SigningKey key_;
};

}  // namespace sotay::server
