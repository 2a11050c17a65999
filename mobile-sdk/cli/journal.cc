#include "mobile-sdk/cli/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr size_t kBytesMax = size_t{256} << 20;  // a million rows

absl::Status Failed(const std::string& path, absl::string_view doing) {
  return absl::ErrnoToStatus(errno, absl::StrCat("import journal ", path, ": ", doing));
}

bool IsHex(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return false;
  }
  return text.size() % 2 == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ImportJournal>> ImportJournal::Open(const std::string& path) {
  std::string text;
  absl::StatusOr<std::string> stored = seal::ReadWholeFile(path, kBytesMax);
  if (stored.ok()) {
    text = *std::move(stored);
  } else if (stored.status().code() != absl::StatusCode::kNotFound) {
    return stored.status();
  }
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(path, "open");
  std::unique_ptr<ImportJournal> journal(new ImportJournal(path, fd));
  const size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  if (whole != text.size() && ftruncate(fd, static_cast<off_t>(whole)) != 0) {
    return Failed(path, "truncate");
  }
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(text).substr(0, whole), '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    uint64_t sequence = 0;
    if (words.size() == 3 && words[0] == "begin" && absl::SimpleAtoi(words[1], &sequence) &&
        IsHex(words[2])) {
      journal->begun_[absl::HexStringToBytes(words[2])].sequence = sequence;
    } else if (words.size() == 3 && words[0] == "made" && IsHex(words[1]) && IsHex(words[2]) &&
               sync::RecordId::From(absl::HexStringToBytes(words[1])).has_value()) {
      RowTrace& trace = journal->begun_[absl::HexStringToBytes(words[2])];
      trace.made.push_back(*sync::RecordId::From(absl::HexStringToBytes(words[1])));
      ++trace.sequence;
    } else if (words.size() == 2 && words[0] == "done" && IsHex(words[1])) {
      journal->done_.insert(absl::HexStringToBytes(words[1]));
    } else {
      return absl::DataLossError(
          absl::StrCat("import journal ", path,
                       " has a line that cannot be read; move the file away to import "
                       "every row anew"));
    }
  }
  return journal;
}

ImportJournal::~ImportJournal() { close(fd_); }

absl::optional<RowTrace> ImportJournal::Begun(const std::string& key) const {
  const auto at = begun_.find(key);
  if (at == begun_.end() || Done(key)) return absl::nullopt;
  return at->second;
}

absl::Status ImportJournal::Append(const std::string& line, bool durable) {
  for (size_t written = 0; written < line.size();) {
    const ssize_t count = write(fd_, line.data() + written, line.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed(path_, "write");
    written += static_cast<size_t>(count);
  }
  if (durable && fdatasync(fd_) != 0) return Failed(path_, "sync");
  return absl::OkStatus();
}

absl::Status ImportJournal::Begin(const std::string& key, uint64_t last_sequence) {
  SOTAY_RETURN_IF_ERROR(
      Append(absl::StrCat("begin ", last_sequence, " ", absl::BytesToHexString(key), "\n"), true));
  begun_[key].sequence = last_sequence;
  return absl::OkStatus();
}

absl::Status ImportJournal::Made(const std::string& key, const sync::RecordId& record) {
  SOTAY_RETURN_IF_ERROR(
      Append(absl::StrCat("made ", record.Hex(), " ", absl::BytesToHexString(key), "\n"), false));
  RowTrace& trace = begun_[key];
  trace.made.push_back(record);
  ++trace.sequence;
  return absl::OkStatus();
}

absl::Status ImportJournal::Finish(const std::string& key) {
  SOTAY_RETURN_IF_ERROR(Append(absl::StrCat("done ", absl::BytesToHexString(key), "\n"), false));
  done_.insert(key);
  return absl::OkStatus();
}

}  // namespace sotay::cli
