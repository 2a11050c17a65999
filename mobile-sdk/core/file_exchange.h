// Sends the files of this device's attachments, piece by piece, and fetches others' when a person
// wants one.  The courier calls it when there is nothing else to do: a note never waits for more
// than the piece that is under way.  Where a connection breaks it goes on from where the server
// says it is, also after a restart.
//
// A file is sent once the server has taken its attachment.  What fails of one file alone (it is
// damaged here, the server will not take it, a quota that passes) holds up no other: it waits by
// itself, twice as long after each failure, and Once goes on with the next.  Only what keeps all of
// them, like the network, is told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

// So often the whole of a file is sent though the server says that it is another.
constexpr uint32_t kWholesMax = 3;
// The longest that a file waits by itself.
constexpr int64_t kAsideMsMax = 6 * 3'600'000;

class FileExchange {
 public:
  // Both must outlive it.
  FileExchange(Desk* desk, Link* link) : desk_(*desk), link_(*link) {}

  // Sends the next piece of the next file.  Fails with what keeps all of them; the same call may be
  // made again at any time.
  absl::StatusOr<FileStep> Once() ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether there is something to send.
  bool Waits() ABSL_LOCKS_EXCLUDED(mutex_);
  // A person asks: what waits by itself is tried now.
  void TryAgain() ABSL_LOCKS_EXCLUDED(mutex_);

  // Fetches the whole file of an attachment, and keeps it here.  kFailedPrecondition when the
  // server has not got it yet; kDataLoss when what came is not what the attachment names;
  // kResourceExhausted, before anything is fetched, when there is no room for it.
  absl::Status Fetch(const sync::RecordId& id, const stored::v1::PhoneFile& row,
                     const std::function<void(uint64_t received)>& progress);

 private:
  struct Next {
    sync::RecordId id;
    stored::v1::PhoneFile row;
  };
  // A file that waits by itself.
  struct Aside {
    int failures = 0;  // in a row
    int64_t since_ms = 0;
    int64_t wait_ms = 0;
  };
  // The next to send; nothing: there is none.
  absl::StatusOr<absl::optional<Next>> Pick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<bool> MayGo(const sync::RecordId& id, const stored::v1::PhoneFile& row,
                             uint64_t accepted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // `here`: what failed is the file on this device, whatever the status.
  absl::StatusOr<FileStep> Send(const Next& next, bool* here) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WholeRefused(const Next& next, const absl::Status& why, bool* here);
  absl::Status SetAside(const Next& next, const absl::Status& why, bool here)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NoteLimits(uint64_t file_bytes_max);
  absl::Status Note(const sync::RecordId& id,
                    const std::function<void(stored::v1::PhoneFile*)>& change);
  absl::Status NoteWhole(const sync::RecordId& id);

  Desk& desk_;
  Link& link_;
  // Held during a step: one at a time.
  absl::Mutex mutex_;
  // How far the server is, of files it was asked about since it was last out of reach.
  std::map<sync::RecordId, uint64_t> asked_ ABSL_GUARDED_BY(mutex_);
  std::map<sync::RecordId, Aside> aside_ ABSL_GUARDED_BY(mutex_);
  // The one under way, so that not all are read for each of its pieces.
  absl::optional<sync::RecordId> current_ ABSL_GUARDED_BY(mutex_);
};

// Another life of the server's store may lack files that were here: of the unit (empty: of all) it
// is asked again.
absl::Status OfferAnew(const Store& store, const std::string& unit_id, StoreBatch* batch);

}  // namespace sotay::sdk
