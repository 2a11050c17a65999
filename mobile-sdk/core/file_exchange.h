// Sends the files of this device's attachments, piece by piece, and fetches others' when a person
// wants one.  The courier calls it when there is nothing else to do: a note never waits for more
// than the piece that is under way.  Where a connection breaks it goes on from where the server
// says it is, also after a restart.
//
// A file is sent once the server has taken its attachment.  What the server will not take, for its
// size or because the attachment was refused, holds up no other.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/link.h"
#include "sync/attaching.h"
#include "sync/ids.h"

namespace sotay::sdk {

// What one step did.
struct FileStep {
  bool idle = false;  // there was nothing to send
  sync::RecordId file;
  uint64_t sent = 0;  // bytes of it the server has
  uint64_t size = 0;
  bool whole = false;  // and it has verified it
  uint64_t moved = 0;  // bytes that went in this step
};

class FileExchange {
 public:
  // Both must outlive it.
  FileExchange(Desk* desk, Link* link) : desk_(*desk), link_(*link) {}

  // Sends the next piece of the next file.  Fails with what the link or the disk says; the same
  // call may be made again at any time.
  absl::StatusOr<FileStep> Once() ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether there is something to send.
  bool Waits() ABSL_LOCKS_EXCLUDED(mutex_);
  // Something has become of attachments: what was not taken is tried again.
  void TryAgain() ABSL_LOCKS_EXCLUDED(mutex_);

  // Fetches the whole file of an attachment, and keeps it here.  kFailedPrecondition when the
  // server has not got it yet; kDataLoss when what came is not what the attachment names.
  absl::Status Fetch(const sync::RecordId& id, const stored::v1::PhoneFile& row,
                     const std::function<void(uint64_t received)>& progress);

 private:
  struct Next {
    sync::RecordId id;
    stored::v1::PhoneFile row;
  };
  // The next to send; nothing: there is none.
  absl::StatusOr<absl::optional<Next>> Pick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<FileStep> Send(const Next& next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Note(const sync::RecordId& id,
                    const std::function<void(stored::v1::PhoneFile*)>& change);
  absl::Status NoteWhole(const sync::RecordId& id);

  Desk& desk_;
  Link& link_;
  // Held during a step: one at a time.
  absl::Mutex mutex_;
  // How far the server is, of files it was asked about since it was last out of reach.
  std::map<sync::RecordId, uint64_t> asked_ ABSL_GUARDED_BY(mutex_);
  // Not to be tried until TryAgain.
  std::set<sync::RecordId> set_aside_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::sdk
