// What a signature is about and has not come yet.  Within one life of a server nobody signs what it
// has not got; but one that was restored is offered what it lost in any order, and whoever signed
// may come before those whose words they signed.  Their signature is held until these are there.
// Pure; one thread.
#pragma once

#include <vector>

#include "absl/types/optional.h"
#include "sotay/stored/v1/server.pb.h"
#include "sync/decision.h"

namespace sotay::sync {

// PARENT_UNKNOWN, and `decision` waits, when the signature names a change to `object` (null: it is
// not here), or a signature before it, that was never here.  Of what was here and refused nobody
// waits: SIGNATURE_STALE, or nothing, for the checks that follow.  Asks the bench for histories.
absl::optional<Refusal> CheckAwaited(const Arrival& arrival, const Signature& signature,
                                     const WrittenRecord* object, Bench* bench, Decision* decision);

// Held signatures of one device that may wait for the same record.  Who signs again, as theirs is
// held, does so once or twice.
constexpr int kSignaturesHeldMax = 4;

// SIGNATURE_STALE instead, when the device has so many that wait for the same.
void BoundAwaited(const stored::v1::DeviceRow& device, Decision* decision);

// The held change of the same device, before `sequence`, that a change waits for: it edits the same
// record, or the one that this signs.  Null: none.
const stored::v1::HeldRow* HeldBefore(const Schema& schema, const stored::v1::DeviceRow& device,
                                      const v1::Change& change, uint64_t sequence);

// What a change waits for that waits until something comes to a record; as DossierMarker.
ChangeId RecordMarker(const RecordId& record);
// Whether it is one: what waits for it is a signature.
bool IsRecordMarker(const ChangeId& waits_for);

// What came with an outcome, for which held changes may have waited: each entry with its markers,
// what was refused for good, and the records these are of.
std::vector<ChangeId> ArrivedWith(const IngestOutcome& outcome);

}  // namespace sotay::sync
