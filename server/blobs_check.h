// Whether the files of attachments are here, and what they are named by: a part of `sotayd check`.
// Reads every file through.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/blobs.h"
#include "server/store.h"
#include "sync/schema.h"

namespace sotay::server {

struct BlobsReport {
  uint64_t files = 0;
  uint64_t bytes = 0;
  // Attachments whose file has not come, and that nobody signed over: each a sentence.
  std::vector<std::string> waiting;
  // A file that is not what it is named by; one that was signed over and is not here; one of
  // another size than its attachment says; one that lies open and is of a sealed dossier.
  std::vector<std::string> faults;
};

// The store is at rest.  What is damaged is moved aside, and wanted again (Blobs::Recheck).  Fails
// as the store does.
absl::StatusOr<BlobsReport> CheckBlobs(Store* store, const sync::Schema& schema, Blobs* blobs);

}  // namespace sotay::server
