// The files that attachments stand for, on the server's disk and never in its store
// (docs/decisions/0025-attachments.md).  A file is of one dossier: the same bytes in two dossiers
// are two files, so that nobody reaches by a hash what is not theirs, and what leaves with one
// dossier stays with the other.  Under its own name there is only what was verified whole.
//
//   blobs/DOSSIER/SHA256                          a file, verified
//   blobs/DOSSIER/SHA256.aside                    what was found there and was not that file
//   blobs/unfinished/DEVICE.DOSSIER.SHA256.SIZE/  what came of one so far: a piece each
//   blobs/DOSSIER.sealed/SHA256                   a file of a dossier that proved to be secret
//
// Knows who sends, and nothing of who may: that is asked before (attached.h).  Thread-safe; calls
// about one upload take turns.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "sync/attaching.h"
#include "sync/durable/open.h"
#include "sync/ids.h"

namespace sotay::durable {
class FileReader;
}  // namespace sotay::durable

namespace sotay::server {

// A piece on its way: a slow link can take it in a few minutes.
constexpr size_t kChunkBytesMax = size_t{1} << 20;
// No swarm of little files; the last piece may be shorter.
constexpr size_t kChunkBytesMin = size_t{64} << 10;

struct BlobLimits {
  uint64_t file_bytes_max = uint64_t{64} << 20;
  // Files a device may have begun to send and not ended.
  size_t unfinished_max = 8;
  // After so long without a piece, what came of one is forgotten.
  int64_t unfinished_ms_max = int64_t{14} * 24 * 60 * 60 * 1000;
  // What is taken of one user on one day: a day of scenes and interviews many times over.  Counted
  // anew after a start.
  uint64_t day_bytes_max = uint64_t{8} << 30;
  // What is left of the disk for the notes: below it no file is taken.
  uint64_t free_bytes_min = uint64_t{1} << 30;
};

// Below the directory of all.
constexpr char kUnfinished[] = "/unfinished";

class Blobs {
 public:
  // A file somebody sends.
  struct Wanted {
    sync::DeviceId device;
    sync::FilePlace place;
    uint64_t size = 0;
    std::string user = {};  // whose device it is
  };
  struct Progress {
    uint64_t bytes = 0;
    bool whole = false;
  };
  struct Piece {
    uint64_t offset = 0;
    absl::string_view data;
    absl::string_view sha256;
  };

  // In `directory`, which is made with the first file; its parent must be there.  Throws away what
  // a crash left half written.  Fails as the file system does.
  static absl::StatusOr<std::unique_ptr<Blobs>> Open(std::string directory,
                                                     durable::StoreOptions files, BlobLimits limits,
                                                     std::function<int64_t()> now_ms);

  // As BlobService says of AskBlob, SendChunk and FinishBlob.  What was told stays through a crash.
  // Where the file of that hash is here and has another size than is said, that is MALFORMED: no
  // file will ever be both.
  absl::StatusOr<Progress> Ask(const Wanted& wanted) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<uint64_t> Send(const Wanted& wanted, const Piece& piece)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Finish(const Wanted& wanted) ABSL_LOCKS_EXCLUDED(mutex_);
  // Of a file that is whole; less than `bytes` only at its end.  CHANGED_MEANWHILE when it is not.
  absl::StatusOr<std::string> Read(const sync::FilePlace& place, uint64_t offset, size_t bytes)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether the file is here and was verified.
  bool Has(const sync::FilePlace& place) const ABSL_LOCKS_EXCLUDED(mutex_);
  // The size it really has; nothing when it is not here.
  absl::optional<uint64_t> SizeOf(const sync::FilePlace& place) const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<sync::FilePlace> All() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Reads it through.  kDataLoss when it is not the file of that hash any more, kNotFound when it
  // is not there.
  absl::Status Verify(const sync::FilePlace& place) const;
  // Verifies a file that somebody found to be another, or gone.  When it is so, that is said to the
  // operator, what is there is moved aside, and the file is wanted again as if it had never come.
  absl::Status Recheck(const sync::FilePlace& place) ABSL_LOCKS_EXCLUDED(mutex_);

  // Forgets unfinished files that nobody goes on with.
  void Sweep() ABSL_LOCKS_EXCLUDED(mutex_);

  // The dossier proved to be secret: its files are sealed under `key` (sync/seal/vault.h) and what
  // lay open goes; nothing of it is taken or read from now on.  Of what cannot be read an empty
  // piece is sealed, and the operator is told.  May be cut short and called again.  kUnavailable
  // while somebody still sends a piece of one, kResourceExhausted while there is no room.
  absl::Status Seal(const sync::RecordId& dossier, const std::string& key)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // And what was sealed goes, too.  The same.
  absl::Status Destroy(const sync::RecordId& dossier) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether anything of the dossier's files lies open.
  bool LiesOpen(const sync::RecordId& dossier) const;

  const BlobLimits& limits() const { return limits_; }

 private:
  // By its size, too: two attachments may say different ones of one hash.
  using Key = std::tuple<sync::DeviceId, sync::RecordId, std::string, uint64_t>;
  struct Upload {
    uint64_t bytes = 0;
    uint64_t pieces = 0;
    int64_t touched_ms = 0;
    bool busy = false;
  };
  class Turn;
  class Hold;

  Blobs(std::string directory, durable::StoreOptions files, BlobLimits limits,
        std::function<int64_t()> now_ms);
  absl::Status Load();
  absl::Status LoadDossier(const sync::RecordId& dossier);
  absl::Status LoadUnfinished();
  std::string DossierPath(const sync::RecordId& dossier) const;
  std::string SealedPath(const sync::RecordId& dossier) const;
  std::string FilePath(const sync::FilePlace& place) const;
  std::string UploadPath(const Key& key) const;
  static std::string PieceName(uint64_t offset);
  static Key KeyOf(const Wanted& wanted) {
    return {wanted.device, wanted.place.first, wanted.place.second, wanted.size};
  }
  // Whether the piece is the next one of an upload that is at `bytes`.
  absl::Status CheckPiece(const Wanted& wanted, const Piece& piece, const Upload& upload) const;
  absl::Status CheckRoom(uint64_t bytes);
  // Whether the whole is here; MALFORMED when it has another size than is said.
  absl::StatusOr<bool> IsWhole(const Wanted& wanted) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Counts bytes of a user of today, unless that were too many; and gives them back.
  absl::Status Count(const std::string& user, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  void GiveBack(const std::string& user, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status WritePiece(const Key& key, const Piece& piece);
  // Writes the whole from its pieces.  Nobody else does it in that place.
  absl::Status PutTogether(const Wanted& wanted);
  absl::Status CheckHash(const std::string& path, const std::string& sha256) const;
  // Nobody sends to the dossier any more; its unfinished files go.
  absl::Status Close(const sync::RecordId& dossier) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status SealFile(const sync::FilePlace& place, const std::string& key) const;
  absl::Status SealPieces(const sync::FilePlace& place, const std::string& key,
                          const durable::FileReader& open) const;

  const std::string directory_;
  const durable::StoreOptions files_;
  const BlobLimits limits_;
  const std::function<int64_t()> now_ms_;

  mutable absl::Mutex mutex_;
  std::map<sync::FilePlace, uint64_t> whole_ ABSL_GUARDED_BY(mutex_);  // with their sizes
  // Where somebody writes a whole, or moves one aside.
  std::set<sync::FilePlace> held_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, Upload> unfinished_ ABSL_GUARDED_BY(mutex_);
  std::set<sync::RecordId> closed_ ABSL_GUARDED_BY(mutex_);
  int64_t day_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, uint64_t> of_day_ ABSL_GUARDED_BY(mutex_);  // bytes by user
  std::atomic<bool> no_room_ = false;                               // said so
};

}  // namespace sotay::server
