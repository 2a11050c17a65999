// What a row that keeps a push (SealRow) says of the changes it covers.  Pure; any thread.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/ids.h"
#include "sync/ingest.h"
#include "sync/seal/key.h"

namespace sotay::server {

// Whether the device sealed the changes of these ids, its own from its first on, as far as the seal
// is over them.
bool SealHolds(const seal::VerifyingKey& key, const std::string& organisation_id,
               const sync::DeviceId& device, const stored::v1::SealRow& seal,
               const std::vector<sync::ChangeId>& ids);

// Whether the seal says of no other changes than its own where they went.
bool PlacesItsOwn(const stored::v1::SealRow& seal);

// The push, unpacked.  kDataLoss when it cannot be.
absl::StatusOr<v1::ChangeBatch> Unpacked(const v1::Packed& packed);

// What is wrong with what a push says it withholds, in a sentence; empty: nothing.
std::string FaultOfWithheld(const v1::ChangeBatch& batch);
// The ids of its changes; of what is withheld as it says.
std::vector<sync::ChangeId> IdsIn(const v1::ChangeBatch& batch);

// Takes changes out of a push, whose ids stay: of each place `dossier_of` says of which secret
// dossier it is, or nothing when it stays as it is.  False: nothing was to be taken out.
bool Withhold(const std::vector<sync::ChangeId>& ids,
              const std::function<absl::optional<std::string>(size_t place)>& dossier_of,
              v1::ChangeBatch* batch);

// Takes out of a push what may not be here, before a byte of it is written: what was CLASSIFIED,
// and what is of a dossier that proved to be secret (`sealed`; null: none did).
absl::Status WithholdSecrets(const sync::PushInput& push,
                             const std::vector<v1::ChangeOutcome>& outcomes,
                             const std::set<sync::RecordId>* sealed, v1::Packed* packed);

// Whether the seal's push holds the changes of these ids, the device's from its first on, also
// those that were set aside; of those that are withheld, their ids.
bool HoldsItsChanges(const stored::v1::SealRow& seal, const std::vector<sync::ChangeId>& ids);

}  // namespace sotay::server
