// What is kept of a purge (purge.h): the content, sealed under a key of its own, and the keys of
// the rows that had it, which a sweep has to know however often it is tried.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store.h"
#include "sync/ids.h"

namespace sotay::server {

// Puts them on the sheet, with a fresh key unless nothing is kept.  How many rows of content there
// are.
absl::StatusOr<uint64_t> FillContent(Store* store, const sync::RecordId& dossier,
                                     const std::vector<std::string>& keys,
                                     const std::vector<std::string>& contents, Sheet* sheet);

}  // namespace sotay::server
