// What `sotayctl export` writes of a server room's records, without the command: the pages of every
// record's evidence, gathered in the form that the checker wants.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sotay/v1/evidence.pb.h"
#include "sotay/v1/going_on.pb.h"
#include "sync/seal/key.h"
#include "tests/server/server_room.h"

namespace sotay::tests {

struct ExportOptions {
  int page = 0;                      // changes; 0: as many as usual
  server::Notary* notary = nullptr;  // null: the room's
};

// Of the records of these names, the dossier's root first.
absl::StatusOr<v1::Dossier> ExportOf(const ServerRoom& room, const std::string& user,
                                     const std::vector<std::string>& records,
                                     const ExportOptions& options = {});

// The file, sealed by whoever exports it.
std::string SealedBy(const seal::SigningKey& exporter, const v1::Dossier& dossier,
                     const v1::DossierGoingOn& going_on = {});

}  // namespace sotay::tests
