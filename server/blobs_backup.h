// The files of attachments in a backup: beside the segments of a life of the store, as
// EPOCH/files/DOSSIER/SHA256, each copied once and verified on the way.  A chain that is put aside
// because a dossier proved to be secret takes that dossier's files with it, and leaves the others
// to the chain that begins (backup.h).  One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/blobs.h"
#include "sync/durable/open.h"

namespace sotay::server {

// Copies what is here and not there; what is there goes to `copied`, and is not looked for again. A
// file that is not what it is named by is not copied, and fails nothing: it is wanted again
// (Blobs::Recheck).  Of the rest that fails, the first failure once all the others are there; a
// full disk ends it.  kCancelled once `hurried` says so.
absl::Status BackUpFiles(Blobs* blobs, const std::string& life, const durable::StoreOptions& files,
                         const std::function<bool()>& hurried, std::set<sync::FilePlace>* copied);

// Of `sealed` dossiers (16 bytes each) nothing is left in `life`, and durably.
absl::Status DropFiles(const std::string& life, const std::set<std::string>& sealed,
                       const durable::StoreOptions& files);

// Of the chain that was put aside in `aside`: the files of all dossiers but the `sealed` ones
// (16 bytes each) go to `life`, but those it has.  May be cut short and called again.
absl::Status TakeFilesOver(const std::string& aside, const std::string& life,
                           const std::set<std::string>& sealed, const durable::StoreOptions& files);

struct RestoredFiles {
  uint64_t files = 0;
  uint64_t bytes = 0;
  // Not brought: they are not what they are named by, or cannot be read.  Each a sentence.
  std::vector<std::string> damaged;
};
// Brings the files of a life to `blobs`, a directory that is made where it is not there; what is
// there already stays.  Nothing of `sealed` dossiers.  One that cannot be brought is no reason to
// do without the others, or the notes.
absl::StatusOr<RestoredFiles> RestoreFiles(const std::string& life, const std::string& blobs,
                                           const std::set<std::string>& sealed,
                                           const durable::StoreOptions& files);

}  // namespace sotay::server
