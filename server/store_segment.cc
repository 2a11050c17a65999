#include "server/store_segment.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "leveldb/env.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/seal/big_endian.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// With its NUL: the front of the file, and of what is signed.
constexpr char kPrefix[] = "sotay/segment/v1";
constexpr absl::string_view kFront(kPrefix, sizeof(kPrefix));
constexpr char kSuffix[] = ".segment";
constexpr size_t kHashBytes = 32;
constexpr size_t kLengthBytes = 4;
// Keys have at most a unit's id and two numbers.  Values are pushes of 1 MiB at most, and rows of
// devices, which grow with what is held of them.
constexpr uint64_t kKeyBytesMax = 1'024;
constexpr uint64_t kValueBytesMax = uint64_t{256} << 20;
constexpr uint64_t kHeaderBytesMax = uint64_t{64} << 20;
constexpr size_t kWriteBytes = size_t{256} << 10;
constexpr size_t kReadBytes = size_t{256} << 10;

leveldb::Env* BaseOf(const durable::StoreOptions& files) {
  return files.base != nullptr ? files.base : leveldb::Env::Default();
}

void AppendLength(size_t length, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((length >> shift) & 0xff));
  }
}

std::string SignedText(const stored::v1::SegmentHeader& header, absl::string_view hash) {
  std::string text(kFront);
  text += header.organisation_id();
  text += header.epoch();
  seal::AppendBigEndian(header.number(), &text);
  text.append(hash.data(), hash.size());
  return text;
}

std::string Path(const std::string& directory, uint64_t number) {
  return absl::StrCat(directory, "/", SegmentName(number));
}

}  // namespace

std::string SegmentName(uint64_t number) { return absl::StrFormat("%06d%s", number, kSuffix); }

absl::StatusOr<std::vector<uint64_t>> SegmentsIn(const std::string& directory,
                                                 const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(directory, files));
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    absl::string_view digits = name;
    uint64_t number = 0;
    if (!absl::ConsumeSuffix(&digits, kSuffix) || !absl::SimpleAtoi(digits, &number)) continue;
    if (SegmentName(number) == name) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

absl::StatusOr<std::string> HashOnDisk(const std::string& directory, uint64_t number,
                                       const durable::StoreOptions& files) {
  constexpr uint64_t kEnd = kHashBytes + seal::kSignatureBytes;
  const std::string path = Path(directory, number);
  leveldb::Env* const env = BaseOf(files);
  uint64_t size = 0;
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(env->GetFileSize(path, &size)));
  if (size < kEnd) return absl::DataLossError(absl::StrCat(path, " is cut short"));
  leveldb::RandomAccessFile* opened = nullptr;
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(env->NewRandomAccessFile(path, &opened)));
  const std::unique_ptr<leveldb::RandomAccessFile> file(opened);
  char bytes[kHashBytes];
  leveldb::Slice read;
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(file->Read(size - kEnd, kHashBytes, &read, bytes)));
  return std::string(read.data(), read.size());
}

SegmentWriter::SegmentWriter(std::unique_ptr<durable::DurableEnv> env) : env_(std::move(env)) {}
SegmentWriter::~SegmentWriter() = default;

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Begin(
    const std::string& directory, const stored::v1::SegmentHeader& header,
    const durable::StoreOptions& files) {
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(
      std::make_unique<durable::DurableEnv>(BaseOf(files), files.sync_directory)));
  writer->header_ = header;
  writer->path_ = Path(directory, header.number());
  leveldb::WritableFile* file = nullptr;
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(
      writer->env_->NewWritableFile(absl::StrCat(writer->path_, ".part"), &file)));
  writer->file_.reset(file);
  std::string front(kFront);
  const std::string bytes = header.SerializeAsString();
  AppendLength(bytes.size(), &front);
  front += bytes;
  SOTAY_RETURN_IF_ERROR(writer->Append(front));
  return writer;
}

absl::Status SegmentWriter::GiveUp() {
  file_.reset();
  return durable::FromLevelDb(env_->RemoveFile(absl::StrCat(path_, ".part")));
}

absl::Status SegmentWriter::Append(absl::string_view bytes) {
  hasher_.Add(bytes);
  bytes_ += bytes.size();
  waiting_.append(bytes.data(), bytes.size());
  return waiting_.size() < kWriteBytes ? absl::OkStatus() : Flush();
}

absl::Status SegmentWriter::Flush() {
  const absl::Status status = durable::FromLevelDb(file_->Append(waiting_));
  waiting_.clear();
  return status;
}

absl::Status SegmentWriter::Add(absl::string_view key, absl::string_view value) {
  if (key.empty() || key.size() > kKeyBytesMax || value.size() > kValueBytesMax) {
    return absl::InternalError(absl::StrCat("a row of ", key.size(), " and ", value.size(),
                                            " bytes is more than a segment takes"));
  }
  std::string row;
  row.reserve(2 * kLengthBytes + key.size() + value.size());
  AppendLength(key.size(), &row);
  AppendLength(value.size(), &row);
  row.append(key.data(), key.size());
  row.append(value.data(), value.size());
  ++rows_;
  return Append(row);
}

absl::StatusOr<SegmentSummary> SegmentWriter::Finish(const seal::SigningKey& key) {
  std::string end;
  AppendLength(0, &end);
  seal::AppendBigEndian(rows_, &end);
  SOTAY_RETURN_IF_ERROR(Append(end));
  const auto digest = hasher_.Finish();
  SegmentSummary summary;
  summary.number = header_.number();
  summary.taken_ms = header_.taken_ms();
  summary.rows = rows_;
  summary.hash.assign(digest.begin(), digest.end());
  SOTAY_ASSIGN_OR_RETURN(const std::string signature, key.Sign(SignedText(header_, summary.hash)));
  waiting_ += summary.hash;
  waiting_ += signature;
  summary.bytes = bytes_ + kHashBytes + signature.size();
  SOTAY_RETURN_IF_ERROR(Flush());
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(file_->Sync()));
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(file_->Close()));
  if (env_->FileExists(path_)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, " is there already: another server writes its backup here"));
  }
  SOTAY_RETURN_IF_ERROR(
      durable::FromLevelDb(env_->RenameFile(absl::StrCat(path_, ".part"), path_)));
  return summary;
}

SegmentReader::SegmentReader(std::string path, seal::LogKeys keys)
    : path_(std::move(path)), keys_(std::move(keys)) {}
SegmentReader::~SegmentReader() = default;

absl::StatusOr<std::unique_ptr<SegmentReader>> SegmentReader::Open(
    const std::string& directory, uint64_t number, const seal::LogKeys& keys,
    const durable::StoreOptions& files) {
  std::unique_ptr<SegmentReader> reader(new SegmentReader(Path(directory, number), keys));
  leveldb::SequentialFile* file = nullptr;
  SOTAY_RETURN_IF_ERROR(
      durable::FromLevelDb(BaseOf(files)->NewSequentialFile(reader->path_, &file)));
  reader->file_.reset(file);
  SOTAY_RETURN_IF_ERROR(reader->ReadHeader());
  if (reader->header_.number() != number) {
    return reader->Damaged(absl::StrCat("says it is segment ", reader->header_.number()));
  }
  return reader;
}

absl::Status SegmentReader::Damaged(absl::string_view what) const {
  return absl::DataLossError(absl::StrCat(path_, " ", what));
}

absl::Status SegmentReader::Take(size_t size, bool hashed, std::string* out) {
  out->clear();
  while (out->size() < size) {
    if (at_ == buffer_.size()) {
      buffer_.resize(kReadBytes);
      leveldb::Slice read;
      const absl::Status status =
          durable::FromLevelDb(file_->Read(kReadBytes, &read, buffer_.data()));
      if (!status.ok()) return status;
      if (read.data() == buffer_.data()) {
        buffer_.resize(read.size());
      } else {
        buffer_.assign(read.data(), read.size());
      }
      at_ = 0;
      if (buffer_.empty()) {
        return Damaged(absl::StrCat("ends at byte ", summary_.bytes + out->size(),
                                    ", in the middle of something"));
      }
    }
    const size_t part = std::min(size - out->size(), buffer_.size() - at_);
    out->append(buffer_, at_, part);
    at_ += part;
  }
  summary_.bytes += size;
  if (hashed) hasher_.Add(*out);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SegmentReader::TakeNumber(size_t size) {
  std::string bytes;
  SOTAY_RETURN_IF_ERROR(Take(size, true, &bytes));
  uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

absl::Status SegmentReader::ReadHeader() {
  std::string bytes;
  SOTAY_RETURN_IF_ERROR(Take(kFront.size(), true, &bytes));
  if (bytes != kFront) return Damaged("does not begin as a segment does");
  SOTAY_ASSIGN_OR_RETURN(const uint64_t size, TakeNumber(kLengthBytes));
  if (size > kHeaderBytesMax) return Damaged("has a front of a size none has");
  SOTAY_RETURN_IF_ERROR(Take(size, true, &bytes));
  if (!header_.ParseFromString(bytes)) return Damaged("has a front that cannot be read");
  if (header_.format() != kSegmentFormat) {
    return absl::FailedPreconditionError(absl::StrCat(path_, " has format ", header_.format(),
                                                      ", this build reads ", kSegmentFormat,
                                                      "; use the build it is of"));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SegmentReader::Next(absl::string_view* key, absl::string_view* value) {
  SOTAY_ASSIGN_OR_RETURN(const uint64_t key_size, TakeNumber(kLengthBytes));
  if (key_size == 0) {
    SOTAY_RETURN_IF_ERROR(ReadEnd());
    return false;
  }
  SOTAY_ASSIGN_OR_RETURN(const uint64_t value_size, TakeNumber(kLengthBytes));
  if (key_size > kKeyBytesMax || value_size > kValueBytesMax) {
    return Damaged(absl::StrCat("has a row of a size none has, before byte ", summary_.bytes));
  }
  SOTAY_RETURN_IF_ERROR(Take(key_size + value_size, true, &row_));
  *key = absl::string_view(row_).substr(0, key_size);
  *value = absl::string_view(row_).substr(key_size);
  ++summary_.rows;
  return true;
}

absl::Status SegmentReader::ReadEnd() {
  SOTAY_ASSIGN_OR_RETURN(const uint64_t rows, TakeNumber(sizeof(uint64_t)));
  const auto digest = hasher_.Finish();
  summary_.number = header_.number();
  summary_.taken_ms = header_.taken_ms();
  std::string signature;
  SOTAY_RETURN_IF_ERROR(Take(kHashBytes, false, &summary_.hash));
  SOTAY_RETURN_IF_ERROR(Take(seal::kSignatureBytes, false, &signature));
  if (summary_.hash !=
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size())) {
    return Damaged("is not what it was when it was written: its hash differs");
  }
  const auto signer = keys_.SignerOf(SignedText(header_, summary_.hash), signature);
  if (!signer.has_value()) return Damaged("is not signed with the log's key");
  signer_ = *signer;
  if (rows != summary_.rows) return Damaged("counts other rows than it has");
  std::string more;
  if (Take(1, false, &more).ok()) return Damaged("goes on behind its end");
  return absl::OkStatus();
}

}  // namespace sotay::server
