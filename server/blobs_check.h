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
  uint64_t bytes = 0;  // as their attachments say
  // Attachments whose file has not come, and that nobody signed over: each a sentence.
  std::vector<std::string> waiting;
  // A file that is not what it is named by; one that was signed over and is not here.
  std::vector<std::string> faults;
};

// The store is at rest.  Fails as it does.
absl::StatusOr<BlobsReport> CheckBlobs(Store* store, const sync::Schema& schema,
                                       const Blobs& blobs);

}  // namespace sotay::server
