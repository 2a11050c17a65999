// The sorted files of a store: what their names say, and which of them the store consists of.  What
// else of them lies in its directory is just being written, or waits until nobody reads it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "leveldb/db.h"
#include "leveldb/env.h"

namespace sotay::durable {

// The number in a table's name; nothing when it is no table.
absl::optional<uint64_t> TableNumber(absl::string_view name);

// Those the store consists of by its own list: each of them was written to its end.
absl::StatusOr<std::set<uint64_t>> TablesOf(leveldb::DB* db);

// Those that lie in the directory, with their names.
absl::StatusOr<std::map<uint64_t, std::string>> TablesIn(leveldb::Env* env,
                                                         const std::string& directory);

}  // namespace sotay::durable
