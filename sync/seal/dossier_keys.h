// Whose keys an exported dossier's head, seals and file are by: the part of dossier_check.h that is
// about keys which were replaced since (docs/decisions/0026-key-roll.md).  Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/evidence.pb.h"
#include "sync/ids.h"
#include "sync/seal/log_keys.h"

namespace sotay::seal {

// What is wrong with the dossier's keys, a sentence each.  The head is not signed by a key of the
// chain that the dossier and `later` name, or by an earlier one of more than it handed over;
// `log_key` (empty: not known) is not of that chain; a device gave up a key at another change than
// is here.  `later`: handovers since, from another export.
std::vector<std::string> KeyFaults(const v1::Dossier& dossier, absl::string_view log_key,
                                   const std::vector<v1::LogKeyHandover>& later);

// The device that exported the file; nothing: its rolls do not lead to the key that sealed it.
absl::optional<sync::DeviceId> ExporterOf(const v1::SealedDossier& sealed,
                                          absl::string_view organisation_id);

}  // namespace sotay::seal
