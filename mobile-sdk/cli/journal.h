// What `sotay import` has done, so that a table imported again adds nothing twice and an import
// that was cut short goes on where it stopped.  A text file in the notebook's directory, a line
// an event, appended; the notebook's lock keeps a second writer away.  One thread.
//
//   begin <sequence> <key>   about to make records of a row; the device's last change was that
//   made <record> <key>      one of them, by one change, is made
//   done <key>               all of them are
//
// Records and keys are written in hexadecimal.  A line a crash has torn is one that was never
// written.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sync/ids.h"

namespace sotay::cli {

// How far the records of a row are made.
struct RowTrace {
  std::vector<sync::RecordId> made;  // in order
  // The device's change that made the last of them, or that was its last before the row.  A
  // record made and not noted, for the crash that came between, is in the change after it.
  uint64_t sequence = 0;
};

class ImportJournal {
 public:
  // Opens or makes the journal at `path`.  kDataLoss when a line in it cannot be read; else as
  // the system fails.
  static absl::StatusOr<std::unique_ptr<ImportJournal>> Open(const std::string& path);
  ~ImportJournal();
  ImportJournal(const ImportJournal&) = delete;
  ImportJournal& operator=(const ImportJournal&) = delete;

  // Whether every record of the row is made.
  bool Done(const std::string& key) const { return done_.count(key) != 0; }
  // Of a row begun and not done; nothing for others.
  absl::optional<RowTrace> Begun(const std::string& key) const;

  // Durable when it returns: no record of the row is made before.
  absl::Status Begin(const std::string& key, uint64_t last_sequence);
  // Durable soon: what is lost with the power is found again by its sequence.
  absl::Status Made(const std::string& key, const sync::RecordId& record);
  // Durable soon; a row whose `done` is lost is looked through again, and found whole.
  absl::Status Finish(const std::string& key);

 private:
  ImportJournal(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  absl::Status Append(const std::string& line, bool durable);

  const std::string path_;
  const int fd_;
  std::set<std::string> done_;
  std::map<std::string, RowTrace> begun_;
};

}  // namespace sotay::cli
