// Checks an exported dossier (proto/sotay/v1/evidence.proto) without a network, a store or trust in
// whoever hands it over.  What holds when no fault is found, and what it does not prove, is told in
// docs/evidence.md.  Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sotay/v1/evidence.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/seal/dossier_keys.h"
#include "sync/seal/signatures_replay.h"

namespace sotay::seal {

// A change, as it is read.
struct CheckedChange {
  v1::Change change;
  sync::ChangeId id;
  v1::Admission admission;
};

struct DossierReport {
  // Each a sentence; empty: everything holds.  At most 100, then how many more.
  std::vector<std::string> faults;
  // What could be read, also beside faults.
  v1::Dossier dossier;
  sync::DeviceId exporter;
  std::vector<sync::MergedRecord> records;
  std::vector<CheckedChange> changes;  // by position
  // Each was of exactly what its object was, unless a fault says otherwise.
  std::vector<LoggedSignature> signatures;  // by position
};

// `bytes` is a serialised SealedDossier; `schema` says how its records merge and must be the one
// the server runs with.  `log_key` is the organisation's log key as the reader knows it
// (SubjectPublicKeyInfo, DER); empty: the one in the file is taken, and then whoever made the file
// may have made the key.  It may be any of the keys there were: handovers are in the file, and
// those since in `later`, out of another one.
DossierReport CheckDossier(const sync::Schema& schema, absl::string_view bytes,
                           absl::string_view log_key, const LaterKeys& later = {});

}  // namespace sotay::seal
