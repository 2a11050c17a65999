// Attachments: records that stand for a file (sotay/options/v1/attaching.proto), which travels
// beside them and may come later.  What they say, and under what they hang.  Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"

namespace sotay::sync {

// Which fields of a type say what, by number.
struct Attaching {
  uint32_t hash = 0;
  uint32_t size = 0;
  uint32_t state = 0;  // 0: none
  std::set<int32_t> withdrawn;
};

// What `type` declares; null when nothing.  Fails with kInvalidArgument, naming the field, when the
// declaration breaks attaching.proto.
absl::StatusOr<std::shared_ptr<const Attaching>> ReadAttaching(const RecordType& type);

// A file, as its attachment names it.
struct AttachedFile {
  std::string sha256;  // 32 bytes
  uint64_t size = 0;
  bool withdrawn = false;  // nobody waits for it
};

// What the record says of its file; nothing when it is no attachment.
absl::optional<AttachedFile> FileOf(const MergedRecord& record);
// The same of the edit that makes it; nothing when that is not well formed.
absl::optional<AttachedFile> FileIn(const RecordType& type, const v1::RecordEdit& edit);

// The records a record hangs under, by its fields that are parents.
std::vector<RecordId> ParentsOf(const MergedRecord& record);

// Whether `record` hangs under `object`: it is put under that, or under records that a signature of
// their own parent covers (signing.h) and that hang under it.  `find` gives a record by its id;
// null: it is not here.
bool HangsUnder(const Schema& schema, const MergedRecord& record, const RecordId& object,
                const std::function<const MergedRecord*(const RecordId&)>& find);

// A file in a dossier: (the dossier, its hash).  The same bytes in two dossiers are two files, so
// that nobody reaches by a hash what is not theirs to read.
using FilePlace = std::pair<RecordId, std::string>;

}  // namespace sotay::sync
