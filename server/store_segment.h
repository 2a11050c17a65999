// A segment: one file of a backup, written once and never changed.  It holds rows of the store as
// they are, under a hash that names the segment before it and a signature of the log's key; so
// nobody can alter, cut, exchange or leave one out unnoticed.  docs/storage.md has the bytes.
//
// Rows pass through one by one; neither side holds more of a segment than a row.  One thread at a
// time for each object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/stored/v1/backup.pb.h"
#include "sync/seal/hasher.h"
#include "sync/seal/key.h"
#include "sync/seal/log_keys.h"

namespace leveldb {
class SequentialFile;
class WritableFile;
}  // namespace leveldb
namespace sotay::durable {
class DurableEnv;
struct StoreOptions;
}  // namespace sotay::durable

namespace sotay::server {

constexpr uint32_t kSegmentFormat = 2;

// "000012.segment"
std::string SegmentName(uint64_t number);
// Numbers of the segments in `directory`, ascending; kNotFound when there is no such directory.
// What a write that was cut short left behind (NAME.part) is none.
absl::StatusOr<std::vector<uint64_t>> SegmentsIn(const std::string& directory,
                                                 const durable::StoreOptions& files);

// What a finished segment is known by.
struct SegmentSummary {
  uint64_t number = 0;
  int64_t taken_ms = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  std::string hash;  // 32 bytes
};

// The hash a segment ends with, as the file says it now.
absl::StatusOr<std::string> HashOnDisk(const std::string& directory, uint64_t number,
                                       const durable::StoreOptions& files);

// Where the files live: of `files` the base Env and how names are made durable.
class SegmentWriter {
 public:
  // Begins NAME.part in `directory`, which is there.  Everything fails as the file system does:
  // kResourceExhausted for a full disk, kUnavailable otherwise; then the writer is of no more use.
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Begin(
      const std::string& directory, const stored::v1::SegmentHeader& header,
      const durable::StoreOptions& files);
  // Leaves NAME.part behind when Finish did not come so far.
  ~SegmentWriter();

  absl::Status Add(absl::string_view key, absl::string_view value);
  // Signs, makes durable, and gives the file its name, which is durable, too.
  absl::StatusOr<SegmentSummary> Finish(const seal::SigningKey& key);
  // Removes what was written.
  absl::Status GiveUp();

 private:
  explicit SegmentWriter(std::unique_ptr<durable::DurableEnv> env);
  absl::Status Append(absl::string_view bytes);
  absl::Status Flush();

  const std::unique_ptr<durable::DurableEnv> env_;
  std::unique_ptr<leveldb::WritableFile> file_;
  stored::v1::SegmentHeader header_;
  std::string path_;
  std::string waiting_;  // gathered for the next write
  seal::Hasher hasher_;
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
};

class SegmentReader {
 public:
  // kNotFound when there is no such file, kDataLoss when its front is none of a segment's,
  // kFailedPrecondition when it is of another format.  It is signed with one of `keys`.
  static absl::StatusOr<std::unique_ptr<SegmentReader>> Open(const std::string& directory,
                                                             uint64_t number,
                                                             const seal::LogKeys& keys,
                                                             const durable::StoreOptions& files);
  ~SegmentReader();

  // As the file says; to be believed once Next has come to the end.
  const stored::v1::SegmentHeader& header() const { return header_; }

  // The next row, good until the next call; false at the end, when hash and signature hold and
  // nothing follows.  kDataLoss with the place otherwise.
  absl::StatusOr<bool> Next(absl::string_view* key, absl::string_view* value);
  // After the end.
  const SegmentSummary& summary() const { return summary_; }
  // Which of the keys it is signed with.
  size_t signer() const { return signer_; }

 private:
  SegmentReader(std::string path, seal::LogKeys keys);
  absl::Status ReadHeader();
  absl::Status ReadEnd();
  // The next `size` bytes into `out`; hashed unless they are the hash or the signature.
  absl::Status Take(size_t size, bool hashed, std::string* out);
  absl::StatusOr<uint64_t> TakeNumber(size_t size);
  absl::Status Damaged(absl::string_view what) const;

  const std::string path_;
  const seal::LogKeys keys_;
  std::unique_ptr<leveldb::SequentialFile> file_;
  std::string buffer_;
  size_t at_ = 0;  // in the buffer
  stored::v1::SegmentHeader header_;
  seal::Hasher hasher_;
  std::string row_;
  SegmentSummary summary_;
  size_t signer_ = 0;
};

}  // namespace sotay::server
