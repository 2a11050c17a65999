#include "mobile-sdk/cli/bundle_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "mobile-sdk/cli/asked_again.h"
#include "mobile-sdk/cli/bundle_names.h"
#include "mobile-sdk/cli/file_words.h"
#include "mobile-sdk/core/link.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

namespace fs = std::filesystem;

// For the dossier itself, and so that an export does not take the last of a disk.
constexpr uint64_t kSpareBytes = uint64_t{16} << 20;
// As seal::WriteWholeFile calls what it writes until it is whole.
constexpr char kNewSuffix[] = ".new";
// Whose it is: the beginning of the id that was asked for, and the dossier's, a line each.
constexpr char kMarkName[] = "export.of";
constexpr size_t kMarkBytesMax = 200;

bool IsAnythingAt(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

// A disk that fails is neither a server that cannot be reached nor one that refuses.
absl::Status OfDisk(const absl::Status& status) {
  if (status.ok() || absl::IsResourceExhausted(status)) return status;
  return absl::UnknownError(status.message());
}

bool IsPlainFile(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(fs::symlink_status(path, error));
}

// Removes the name itself, whatever it leads to; not durably.
absl::Status Unlink(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return OfDisk(absl::ErrnoToStatus(errno, absl::StrCat("removing ", path)));
}

absl::Status AlreadyThere(const std::string& folder) {
  return absl::AlreadyExistsError(
      absl::StrCat(folder, " is there already, and an export replaces nothing; name another"));
}

// The server has not got it whole.
bool IsLacking(const absl::Status& answer) {
  return absl::IsFailedPrecondition(answer) &&
         sdk::DetailOf(answer).reason() == v1::REASON_CHANGED_MEANWHILE;
}

// Whether a file that is here, and right, still is the caller's to read.  That the server has lost
// it since is no matter.
absl::Status AskFor(const BundledFile& file, const ChunkReader& read) {
  v1::ReadChunkRequest request;
  request.mutable_blob()->set_record_id(file.attachments.front().str());
  request.mutable_blob()->set_sha256(file.sha256);
  request.set_bytes_max(1);
  const absl::Status answer = AskedAgain([&] { return read(request); }).status();
  return IsLacking(answer) || absl::IsDataLoss(answer) ? absl::OkStatus() : answer;
}

}  // namespace

BundleWriter::BundleWriter(std::string folder, std::function<uint64_t()> free_bytes)
    : folder_(std::move(folder)),
      part_(absl::StrCat(folder_, durable::kPartSuffix)),
      free_bytes_(std::move(free_bytes)) {}

BundleWriter::~BundleWriter() {
  if (lock_ >= 0) ::close(lock_);
}

absl::StatusOr<std::unique_ptr<BundleWriter>> BundleWriter::Begin(
    const std::string& folder, std::function<uint64_t()> free_bytes) {
  absl::string_view name = folder;
  while (name.size() > 1 && absl::ConsumeSuffix(&name, "/")) continue;
  if (name.empty()) return absl::InvalidArgumentError("the name of the folder is empty");
  std::unique_ptr<BundleWriter> writer(new BundleWriter(std::string(name), std::move(free_bytes)));
  if (IsAnythingAt(writer->folder_)) return AlreadyThere(writer->folder_);
  SOTAY_RETURN_IF_ERROR(OfDisk(durable::MakeDirectory(writer->part_, {})));
  SOTAY_RETURN_IF_ERROR(writer->Lock());
  SOTAY_RETURN_IF_ERROR(writer->LookAround());
  return writer;
}

absl::Status BundleWriter::Lock() {
  lock_ = ::open(part_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat opened = {}, there = {};
  if (lock_ < 0 || ::fstat(lock_, &opened) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("opening ", part_));
  }
  if (opened.st_uid != ::geteuid()) {
    return absl::FailedPreconditionError(absl::StrCat(part_, " is somebody else's; remove it"));
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return OfDisk(absl::ErrnoToStatus(errno, absl::StrCat("locking ", part_)));
    }
    return absl::AbortedError(
        absl::StrCat(part_, " is being written by another process; wait for its end"));
  }
  if (::fchmod(lock_, 0700) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("closing ", part_, " to others"));
  }
  // Another may have finished it between opening and locking.
  if (::lstat(part_.c_str(), &there) != 0 || there.st_ino != opened.st_ino ||
      IsAnythingAt(folder_)) {
    return AlreadyThere(folder_);
  }
  return absl::OkStatus();
}

absl::Status BundleWriter::LookAround() {
  const auto not_ours = [&](const std::string& path) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " was put there by no export; move it away, or name another folder"));
  };
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, durable::NamesIn(part_, {}));
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(part_, "/", name);
    const absl::string_view plain = absl::StripSuffix(name, kNewSuffix);
    if (plain == kDossierName || plain == kMarkName) {
      if (!IsPlainFile(path)) return not_ours(path);
      // Of an attempt that broke off; there may be another name for what would be written over.
      if (plain != name) SOTAY_RETURN_IF_ERROR(Unlink(path));
      continue;
    }
    std::error_code error;
    if (name != kFilesName || !fs::is_directory(fs::symlink_status(path, error))) {
      return not_ours(path);
    }
    SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> files, durable::NamesIn(path, {}));
    for (const std::string& file : files) {
      const std::string within = absl::StrCat(path, "/", file);
      // Through a link one would write to where it leads.
      if (!IsBundledName(file) || !IsPlainFile(within)) return not_ours(within);
    }
  }
  const std::string mark = absl::StrCat(part_, "/", kMarkName);
  if (!IsAnythingAt(mark)) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const std::string said, seal::ReadWholeFile(mark, kMarkBytesMax));
  const std::vector<std::string> lines = absl::StrSplit(said, '\n');
  if (lines.size() != 3) return not_ours(mark);
  record_ = lines[0];
  dossier_ = lines[1];
  return absl::OkStatus();
}

bool BundleWriter::IsOf(absl::string_view record) const {
  const std::string asked = absl::BytesToHexString(record);
  return dossier_.empty() || absl::StartsWith(record_, asked) || absl::StartsWith(asked, record_) ||
         absl::StartsWith(dossier_, asked);
}

absl::Status BundleWriter::Claim(absl::string_view record, absl::string_view dossier) {
  const std::string of = absl::BytesToHexString(dossier);
  if (!dossier_.empty() && dossier_ != of) {
    return absl::FailedPreconditionError(
        absl::StrCat("an export of record ", record_,
                     " was begun there, of another dossier; finish that, remove ", part_,
                     ", or name another folder"));
  }
  record_ = absl::BytesToHexString(record);
  dossier_ = of;
  return OfDisk(seal::WriteWholeFile(absl::StrCat(part_, "/", kMarkName),
                                     absl::StrCat(record_, "\n", dossier_, "\n"), 0600));
}

std::string BundleWriter::PathOf(const BundledFile& file) const {
  return absl::StrCat(part_, "/", kFilesName, "/", file.name);
}

absl::Status BundleWriter::Prepare(const std::vector<BundledFile>& named) {
  whole_.clear();
  uint64_t wanted = kSpareBytes;
  for (const BundledFile& file : named) {
    if (LookAtFile(PathOf(file), file).state == FileState::kWhole) {
      whole_.push_back(file.name);
    } else {
      wanted += file.size;
    }
  }
  const std::string directory = absl::StrCat(part_, "/", kFilesName);
  if (IsAnythingAt(directory)) {
    const auto names = durable::NamesIn(directory, {});
    if (!names.ok()) return OfDisk(names.status());
    for (const std::string& name : *names) {
      if (std::find(whole_.begin(), whole_.end(), name) != whole_.end()) continue;
      SOTAY_RETURN_IF_ERROR(Unlink(absl::StrCat(directory, "/", name)));
    }
  }
  durable::StoreOptions files;
  files.free_bytes = free_bytes_;
  const uint64_t room = durable::FreeBytesAt(part_, files);
  if (room < wanted) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the files need ", BytesInWords(wanted), " at ", part_, ", and ",
                     BytesInWords(room), " are free; make room, or export with --without-files"));
  }
  if (named.empty()) return absl::OkStatus();
  return OfDisk(durable::MakeDirectory(directory, {}));
}

bool BundleWriter::Has(const BundledFile& file) const {
  return std::find(whole_.begin(), whole_.end(), file.name) != whole_.end();
}

absl::Status BundleWriter::Put(const BundledFile& file,
                               const std::function<absl::Status(const sdk::FileSink&)>& fill) {
  const auto writer = durable::FileWriter::Begin(PathOf(file), {});
  if (!writer.ok()) return OfDisk(writer.status());
  SOTAY_RETURN_IF_ERROR(
      fill([&](const std::string& bytes) { return OfDisk((*writer)->Append(bytes)); }));
  return OfDisk((*writer)->Keep());
}

absl::Status BundleWriter::PutDossier(absl::string_view bytes) {
  return OfDisk(seal::WriteWholeFile(absl::StrCat(part_, "/", kDossierName), bytes, 0600));
}

absl::Status BundleWriter::Keep() {
  // A folder that is empty would be written over without a word.
  if (IsAnythingAt(folder_)) return AlreadyThere(folder_);
  // Durably first: in the folder it would be what no change names.
  SOTAY_RETURN_IF_ERROR(OfDisk(durable::RemoveFile(absl::StrCat(part_, "/", kMarkName), {})));
  return OfDisk(durable::Rename(part_, folder_, {}));
}

absl::Status BundleWriter::Discard() {
  SOTAY_RETURN_IF_ERROR(OfDisk(durable::RemoveWithFiles(absl::StrCat(part_, "/", kFilesName), {})));
  return OfDisk(durable::RemoveWithFiles(part_, {}));
}

bool BundleWriter::Leave() const {
  // Empty, it is of no use to the next attempt; else it stays.
  ::rmdir(absl::StrCat(part_, "/", kFilesName).c_str());
  ::rmdir(part_.c_str());
  return IsAnythingAt(part_);
}

FilesReport BundleWriter::ReadThrough(const std::vector<BundledFile>& named,
                                      const v1::BundledFiles& statement,
                                      const ReadingProgress& progress) const {
  return CheckFiles(part_, named, statement, progress, {kMarkName});
}

absl::StatusOr<FetchedFiles> FetchInto(BundleWriter* writer, const std::vector<BundledFile>& named,
                                       const ChunkReader& read, const BundleProgress& progress) {
  FetchedFiles fetched;
  fetched.statement.set_naming(kBundleNaming);
  SOTAY_RETURN_IF_ERROR(writer->Prepare(named));
  size_t number = 0;
  for (const BundledFile& file : named) {
    ++number;
    absl::Status put;
    if (writer->Has(file)) {
      put = AskFor(file, read);
      if (put.ok()) ++fetched.kept;
    } else {
      put = writer->Put(file, [&](const sdk::FileSink& sink) {
        return FetchFile(
            read, file.attachments.front(), {file.sha256, file.size, false}, sink,
            [&](const sdk::FileProgress& at) { progress(file, number, named.size(), at.bytes); });
      });
    }
    if (put.ok()) {
      ++fetched.count;
      fetched.bytes += file.size;
      continue;
    }
    const bool lacking = IsLacking(put);
    if (!lacking && !absl::IsDataLoss(put)) return put;
    v1::AbsentFile& absent = *fetched.statement.add_absent();
    absent.set_sha256(file.sha256);
    absent.set_size(file.size);
    absent.set_why(lacking ? v1::FILE_ABSENCE_NOT_ON_SERVER : v1::FILE_ABSENCE_DAMAGED);
  }
  return fetched;
}

v1::BundledFiles LeftOut(const std::vector<BundledFile>& named) {
  v1::BundledFiles statement;
  statement.set_naming(kBundleNaming);
  for (const BundledFile& file : named) {
    v1::AbsentFile& absent = *statement.add_absent();
    absent.set_sha256(file.sha256);
    absent.set_size(file.size);
    absent.set_why(v1::FILE_ABSENCE_LEFT_OUT);
  }
  return statement;
}

bool ForbidsKeeping(const absl::Status& answer) {
  return absl::IsNotFound(answer) || absl::IsPermissionDenied(answer) ||
         absl::IsUnauthenticated(answer) || absl::IsDataLoss(answer);
}

absl::Status NothingAt(const std::string& path) {
  return IsAnythingAt(path) ? AlreadyThere(path) : absl::OkStatus();
}

}  // namespace sotay::cli
