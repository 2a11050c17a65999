// Whose keys an exported dossier's head, seals and file are by: the part of dossier_check.h that is
// about keys which were replaced since (docs/decisions/0026-key-roll.md).  Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/evidence.pb.h"
#include "sotay/v1/going_on.pb.h"
#include "sync/ids.h"
#include "sync/seal/log_keys.h"

namespace sotay::seal {

// What another export, made later, says of the log's keys.
struct LaterKeys {
  std::string organisation_id;  // empty: there is none
  std::vector<v1::LogKeyHandover> handovers;
  std::vector<v1::GoingOn> going_on;
};

// What is wrong with the dossier's keys, a sentence each.  Its handovers and those of `later` are
// no chain, or contradict each other; its head is not signed with its log key; that key was
// replaced since, and neither is the head exactly what was handed over, nor does `later` show that
// the log goes on from it; `shown` does not lead from what was handed over to the head; `log_key`
// (empty: not known) is not of the chain; a device gave up a key at another change than is here.
std::vector<std::string> KeyFaults(const v1::Dossier& dossier, absl::string_view log_key,
                                   const std::vector<v1::GoingOn>& shown, const LaterKeys& later);

// What a serialised Dossier shows of it.
std::vector<v1::GoingOn> GoingOnIn(absl::string_view dossier);

// The text the exporter's device signs: "sotay/dossier/v1\0" ‖ SHA-256 of the Dossier's bytes.
std::string DossierText(absl::string_view dossier_bytes);

// The device that exported the file; nothing: its rolls do not lead to the key that sealed it.
absl::optional<sync::DeviceId> ExporterOf(const v1::SealedDossier& sealed,
                                          absl::string_view organisation_id);

}  // namespace sotay::seal
