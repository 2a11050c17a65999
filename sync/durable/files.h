// Files beside the stores: a backup's segments, photographs, recordings.  Through the same seam as
// the stores: of `files` the base Env, and how names are made durable.  A file is written once and
// whole, under another name until it is; so under its own name there is all of it or nothing,
// whenever power goes.  Fails as the file system does.  Any thread; one writer for a path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace leveldb {
class RandomAccessFile;
class WritableFile;
}  // namespace leveldb

namespace sotay::durable {

class DurableEnv;
struct StoreOptions;

// What the name of a file ends with while it is being written.
constexpr char kPartSuffix[] = ".part";

// Names in a directory, but "." and "..".
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory,
                                                 const StoreOptions& files);
// Makes it, for its owner alone, where it is not there; its parent must be.
absl::Status MakeDirectory(const std::string& directory, const StoreOptions& files);
bool IsThere(const std::string& path, const StoreOptions& files);
absl::StatusOr<uint64_t> SizeOf(const std::string& path, const StoreOptions& files);
// How much room there is for more where `path` is: as `files` says, or else the operating system;
// any amount where neither can be asked.
uint64_t FreeBytesAt(const std::string& path, const StoreOptions& files);
// Gives the file the first free name of PATH.aside, PATH.aside2, …
absl::Status MoveAside(const std::string& path, const StoreOptions& files);
// Gives a file or a directory another name, durably.
absl::Status Rename(const std::string& from, const std::string& to, const StoreOptions& files);
// Removes a file, if it is there, and durably: it does not come back.
absl::Status RemoveFile(const std::string& path, const StoreOptions& files);
// Removes a directory and the files in it, if it is there; durably, too.
absl::Status RemoveWithFiles(const std::string& directory, const StoreOptions& files);

// A file on its way.  One thread at a time.
class FileWriter {
 public:
  // Begins PATH.part anew; closed to others where the operating system has the files.
  static absl::StatusOr<std::unique_ptr<FileWriter>> Begin(const std::string& path,
                                                           const StoreOptions& files);
  // What was not kept goes.
  ~FileWriter();

  absl::Status Append(absl::string_view bytes);
  // Makes what was written durable under PATH.part, to be read back before it is kept.
  absl::Status Settle();
  // Gives it its name.  Returning OK, the file survives any crash.
  absl::Status Keep();

 private:
  FileWriter(std::string path, const StoreOptions& files);

  const std::string path_;
  const std::unique_ptr<DurableEnv> env_;
  std::unique_ptr<leveldb::WritableFile> file_;
  bool kept_ = false;
};

// A file to be read.  Any thread.
class FileReader {
 public:
  // kNotFound when it is not there.
  static absl::StatusOr<std::unique_ptr<FileReader>> Open(const std::string& path,
                                                          const StoreOptions& files);
  ~FileReader();

  uint64_t size() const { return size_; }
  // At most `bytes` from `offset` on; less only at the end.
  absl::StatusOr<std::string> Read(uint64_t offset, size_t bytes) const;

 private:
  FileReader(std::unique_ptr<leveldb::RandomAccessFile> file, uint64_t size);

  const std::unique_ptr<leveldb::RandomAccessFile> file_;
  const uint64_t size_;
};

}  // namespace sotay::durable
