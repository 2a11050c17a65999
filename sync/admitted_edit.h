// An admitted change as far as one record goes: what merging, blame and old versions need of it,
// and what a person wants to read of it.  Made of an entry of the unit's log, which is the
// evidence; it is packed for phones (history_columns.h).  Values; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/history.h"
#include "sync/ids.h"
#include "sync/version_vector.h"

namespace sotay::sync {

struct AdmittedEdit {
  ChangeId change;
  DeviceId device;  // that it was written on, and its count there
  uint64_t sequence = 0;
  int64_t claimed_ms = 0;
  std::string reason;
  v1::RecordEdit edit;
  v1::Admission admission;  // with the SERVER values of this record alone
  // What its author had seen of the record, where the parents do not tell; else empty.
  VersionVector told;
};

// The edit of `record` in an entry; nothing when it cannot be read or does not edit the record.
absl::optional<AdmittedEdit> AdmittedEditOf(const v1::LogEntry& entry, const RecordId& record);
// The same of an entry whose change was read, out of which the edit is taken.
absl::optional<AdmittedEdit> TakeAdmittedEdit(const v1::LogEntry& entry, v1::Change* read,
                                              const RecordId& record);

// As a History takes it: one that was taken in (Admission.taken_in) stands under a device of its
// own.
HistoryNode NodeOf(const AdmittedEdit& admitted);

}  // namespace sotay::sync
