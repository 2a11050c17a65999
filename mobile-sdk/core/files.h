// The bytes of attachments on the phone: under files/ in the notebook's directory, one file for
// each, named by its attachment and sealed in pieces under a key of its own (sync/seal/vault.h).
// The key is in the store (keys.h), so that a file whose row has gone can be read by nobody, and is
// removed by the next sweep.  What the store has a row of is whole here: first the file is durable,
// then its row.  Thread-safe; one writer for a name.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "mobile-sdk/core/store.h"
#include "sotay/stored/v1/phone_file.pb.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/ids.h"
#include "sync/seal/hasher.h"

namespace sotay::sdk {

// A piece as it is sealed, and as it is sent: what is sent again when a connection breaks.
constexpr size_t kPieceBytes = size_t{256} << 10;
// What files leave free on the device: with a full disk no note could be written any more.
constexpr uint64_t kReserveBytes = uint64_t{256} << 20;

class Files {
 public:
  // What a file was found to be on its way in.
  struct Found {
    std::string sha256;
    uint64_t size = 0;
    std::string key;
  };

  // On its way in; what was not kept goes.  While it is there the sweep leaves its name alone.
  class Writer {
   public:
    ~Writer();
    // kResourceExhausted when that would use up what is left to notes.
    absl::Status Append(absl::string_view bytes);
    // Returning OK, the file survives any crash.  With `sha256` only a file that has it is kept:
    // else kDataLoss, and what stood under the name before stays.
    absl::StatusOr<Found> Keep(absl::string_view sha256 = "");

   private:
    friend class Files;
    Writer(Files* files, const sync::RecordId& id);
    absl::Status Begin();
    absl::Status SealPiece(absl::string_view piece);

    Files& files_;
    const sync::RecordId id_;
    const std::string key_;
    std::unique_ptr<durable::FileWriter> file_;
    seal::Hasher hasher_;
    std::string piece_;  // not sealed yet
    uint64_t size_ = 0;
  };

  Files(std::string directory, durable::StoreOptions files)
      : directory_(std::move(directory)), files_(std::move(files)) {}

  // Outlives its writers.  kResourceExhausted at once where there is no room for `bytes`.
  absl::StatusOr<std::unique_ptr<Writer>> Write(const sync::RecordId& id, uint64_t bytes = 0);
  // The piece that begins at `offset`, a multiple of kPieceBytes.  kDataLoss when it is not what
  // was sealed there, or the file has gone.
  absl::StatusOr<std::string> Read(const sync::RecordId& id, const stored::v1::PhoneFile& file,
                                   uint64_t offset) const;
  // kDataLoss when the whole is not the one its row names.
  absl::Status Verify(const sync::RecordId& id, const stored::v1::PhoneFile& file) const;
  // Removes a file that no row speaks of.
  absl::Status Drop(const sync::RecordId& id) const {
    return durable::RemoveFile(PathOf(id), files_);
  }
  // Removes every file that the store has no row of.  What was written and has no row yet stays as
  // long as its Writer; what is not named as files here are is none of ours.  One that cannot be
  // removed keeps no other; then fails with the first.
  absl::Status Sweep(const Store& store) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::string PathOf(const sync::RecordId& id) const;
  absl::Status CheckRoom(uint64_t bytes) const;

  const std::string directory_;
  const durable::StoreOptions files_;

  absl::Mutex mutex_;
  std::set<sync::RecordId> coming_in_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::sdk
