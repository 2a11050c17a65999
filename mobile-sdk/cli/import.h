// Import makes the records of a table's rows in a notebook.  Each row becomes one dossier, all of
// it or none that counts: a row cut short by a crash is completed by the next run, record by
// record, and a row imported before is skipped (journal.h).  Last step of `sotay import`.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mobile-sdk/cli/csv.h"
#include "mobile-sdk/cli/mapping.h"
#include "sotay/notebook.h"
#include "sync/ids.h"

namespace sotay::cli {

struct ImportRequest {
  const Mapping* mapping = nullptr;
  const CsvTable* table = nullptr;
  std::string journal_path;
  std::string unit_id;                                       // empty: the user's only one
  size_t rows_passed = 0;                                    // at the table's top: not looked at
  size_t rows_max = 0;                                       // new rows to import; 0: all
  std::function<void(const struct ImportReport&)> progress;  // after every row; may be empty
};

struct ImportReport {
  size_t rows = 0;       // in the table, below those passed
  size_t imported = 0;   // made by this run
  size_t completed = 0;  // of these, begun by a run that was cut short
  size_t skipped = 0;    // imported before, or twice in this table
  size_t left = 0;       // beyond rows_max
  // Lines of rows that a run before had begun, and whose dossier has proved to be secret since:
  // held for done, so that what is secret is not typed in again.
  std::vector<size_t> secret_lines;
  std::vector<sync::RecordId> records;  // made by this run, in order
};

// Plans every row before it writes the first, so that a row that cannot be read stops the import
// before it began.  Fails as PlanRow, Notebook::Create and the journal do; rows before the one
// at fault stay imported, and the message names its line.
absl::StatusOr<ImportReport> ImportTable(sdk::Notebook* notebook, const ImportRequest& request);

}  // namespace sotay::cli
