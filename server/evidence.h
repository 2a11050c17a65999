// A record with all that proves it, for export: the changes it was made of with their place in the
// unit's log, the pushes they came in, and whose keys sealed those (proto/sotay/v1/evidence.proto).
// Reads only, behind the guard of supervision.h; any thread.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/notary.h"
#include "server/shown.h"
#include "server/store.h"
#include "server/supervision.h"
#include "sotay/v1/evidence.pb.h"

namespace sotay::server {

class Evidence {
 public:
  Evidence(const Directory* directory, Store* store, Notary* notary, const Supervision* supervision)
      : directory_(*directory), store_(*store), notary_(*notary), supervision_(*supervision) {}

  // Fails as SupervisionService.ProveRecord.
  absl::StatusOr<v1::ProveRecordResponse> ProveRecord(const Person& person,
                                                      const v1::ProveRecordRequest& request,
                                                      int64_t now_ms,
                                                      ShownParts* shown = nullptr) const;

 private:
  absl::StatusOr<v1::LogHead> HeadFor(const v1::ProveRecordRequest& request,
                                      const std::string& unit, uint64_t position,
                                      int64_t now_ms) const;
  absl::StatusOr<v1::ProvenPush> PushOver(const sync::DeviceId& device, uint64_t sequence) const;

  const Directory& directory_;
  Store& store_;
  Notary& notary_;
  const Supervision& supervision_;
};

}  // namespace sotay::server
