// Gets the file of an attachment from the server, piece by piece.  One thread.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "mobile-sdk/cli/office.h"
#include "sotay/notebook.h"
#include "sync/attaching.h"
#include "sync/ids.h"

namespace sotay::cli {

// Where its pieces come from: Office::ReadChunk.
using ChunkReader =
    std::function<absl::StatusOr<v1::ReadChunkResponse>(const v1::ReadChunkRequest&)>;

// Gives the file that `attachment` stands for to `sink`, in order.  Returning OK, what was given is
// exactly the file; else it counts for nothing: kDataLoss when it was another, kFailedPrecondition
// when the server has not got it whole, kNotFound when it is not there for the caller, else as the
// call or the sink fails.  Waits for a busy server.
absl::Status FetchFile(const ChunkReader& read, const sync::RecordId& attachment,
                       const sync::AttachedFile& file, const sdk::FileSink& sink,
                       const std::function<void(const sdk::FileProgress&)>& progress);

}  // namespace sotay::cli
