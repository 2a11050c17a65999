// What an app sees of a transfer while it goes on, and where it gets and puts the bytes of a file
// (Notebook::Sync, Attach, SaveFile).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/ids.h"

namespace sotay::sdk {

// Progress of a long synchronisation.
struct SyncProgress {
  uint64_t sent = 0;      // changes acknowledged so far
  uint64_t to_send = 0;   // in the outbox when it began
  uint64_t received = 0;  // records so far
};

// Where the bytes of a file come from: at most so many at a time, none at the end.
using FileSource = std::function<absl::StatusOr<std::string>(size_t bytes_max)>;
// Where they go, in order.
using FileSink = std::function<absl::Status(const std::string& bytes)>;

// How far a file has come, on its way to the server or from it.
struct FileProgress {
  sync::RecordId file;
  uint64_t bytes = 0;
  uint64_t size = 0;
  bool whole = false;  // the server has verified it
  uint64_t moved = 0;  // bytes of it that went this time
};

}  // namespace sotay::sdk
