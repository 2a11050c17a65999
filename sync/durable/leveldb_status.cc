#include "sync/durable/leveldb_status.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace sotay::durable {
namespace {

// LevelDB's status keeps the system's sentence and drops its number.
bool SaysStorageIsFull(absl::string_view text) {
  return absl::StrContains(text, std::generic_category().message(ENOSPC)) ||
         absl::StrContains(text, std::generic_category().message(EDQUOT));
}

}  // namespace

absl::Status FromLevelDb(const leveldb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  if (status.IsNotFound()) return absl::NotFoundError(text);
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsIOError()) {
    return SaysStorageIsFull(text) ? absl::ResourceExhaustedError(text)
                                   : absl::UnavailableError(text);
  }
  return absl::InternalError(text);
}

bool IsMissingFile(const leveldb::Status& status) {
  return status.IsNotFound() && status.ToString() != leveldb::Status::NotFound("").ToString();
}

}  // namespace sotay::durable
