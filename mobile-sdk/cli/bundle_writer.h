// Writes a bundle (bundle.h): gathered under FOLDER.part, and named FOLDER when all of it is
// durable; so under its own name there is the whole of it or nothing.  What is in FOLDER.part when
// an attempt breaks off, by a crash as well, the next one goes on from; whose it is stands in
// FOLDER.part/export.of until then.  What fails here and is not the server's answer is kUnknown or
// kResourceExhausted, once Begin has returned.  One thread; one process at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mobile-sdk/cli/bundle.h"
#include "mobile-sdk/cli/file_fetch.h"
#include "sotay/notebook.h"
#include "sotay/v1/bundled_files.pb.h"

namespace sotay::cli {

class BundleWriter {
 public:
  // `free_bytes`: how much room there is; empty: as the operating system says.  kAlreadyExists when
  // something has that name: an export replaces nothing.  kFailedPrecondition when FOLDER.part has
  // what no export put there, links among it, and kAborted while another process writes it.
  static absl::StatusOr<std::unique_ptr<BundleWriter>> Begin(
      const std::string& folder, std::function<uint64_t()> free_bytes = nullptr);
  ~BundleWriter();
  BundleWriter(const BundleWriter&) = delete;
  BundleWriter& operator=(const BundleWriter&) = delete;

  // Whether what is there may be the dossier of `record` (the beginning of an id, as it was asked
  // for); true when nothing says whose it is.
  bool IsOf(absl::string_view record) const;
  // Notes whose it is.  kFailedPrecondition when an earlier attempt was of another dossier.
  absl::Status Claim(absl::string_view record, absl::string_view dossier);
  // Of these files it is to be: what an earlier attempt left of others goes.  kResourceExhausted
  // when they do not fit on the disk.
  absl::Status Prepare(const std::vector<BundledFile>& named);
  // Whether an earlier attempt has brought it whole.
  bool Has(const BundledFile& file) const;
  // Takes what `fill` gives to its sink, if `fill` says that it is right.
  absl::Status Put(const BundledFile& file,
                   const std::function<absl::Status(const sdk::FileSink&)>& fill);
  absl::Status PutDossier(absl::string_view bytes);
  // Where it is until it is kept.
  const std::string& part() const { return part_; }
  // What is there, as its reader will look at it.
  FilesReport ReadThrough(const std::vector<BundledFile>& named, const v1::BundledFiles& statement,
                          const ReadingProgress& progress) const;
  // Gives it its name.  Returning OK, all of it survives any crash.
  absl::Status Keep();
  // Removes what was written: it is not to be had.
  absl::Status Discard();
  // Leaves it for the next attempt; false when there is nothing to leave.
  bool Leave() const;

 private:
  BundleWriter(std::string folder, std::function<uint64_t()> free_bytes);
  absl::Status Lock();
  absl::Status LookAround();
  std::string PathOf(const BundledFile& file) const;

  const std::string folder_;
  const std::string part_;
  const std::function<uint64_t()> free_bytes_;
  int lock_ = -1;
  std::string record_, dossier_;    // in hexadecimal; empty: not said
  std::vector<std::string> whole_;  // names
};

struct FetchedFiles {
  v1::BundledFiles statement;
  uint64_t bytes = 0;  // of those that are there
  size_t count = 0;
  size_t kept = 0;  // of an earlier attempt
};

// Which of how many, and how many bytes of it are here.
using BundleProgress =
    std::function<void(const BundledFile&, size_t number, size_t count, uint64_t bytes)>;

// Gets the files that are not there yet, and of those that are one byte each: whether they still
// are the caller's to read says the server, and it notes that they were.  What the server has not
// got, or gives otherwise than it is named, is left out and stands in the statement; any other
// failure ends it.
absl::StatusOr<FetchedFiles> FetchInto(BundleWriter* writer, const std::vector<BundledFile>& named,
                                       const ChunkReader& read, const BundleProgress& progress);

// Of an export without files: none is there.
v1::BundledFiles LeftOut(const std::vector<BundledFile>& named);

// Whether the files must not stay here after the server answered so, for they are not, or no
// longer, the caller's to read, or are not what they should be.
bool ForbidsKeeping(const absl::Status& answer);

// kAlreadyExists when anything has that name.
absl::Status NothingAt(const std::string& path);

}  // namespace sotay::cli
