// A row of a table as the records it becomes, before anything is written: second step of
// `sotay import`, mapping + row → plan → Notebook.  Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mobile-sdk/cli/csv.h"
#include "mobile-sdk/cli/mapping.h"
#include "sotay/notebook.h"

namespace sotay::cli {

struct PlannedRecord {
  const sync::RecordType* type = nullptr;
  size_t under = 0;         // index in RowPlan::records; the first: itself
  std::string under_field;  // takes that one's id; empty: none
  std::vector<sdk::Edit> edits;
};

struct RowPlan {
  std::string key;                     // names the row, the same in every run: "2365440"
  size_t line = 0;                     // of the table
  std::vector<PlannedRecord> records;  // the root first
};

// kInvalidArgument, naming line and column or field, never more of the cell than a word that
// was to be looked up: a key that is absent, a word without a meaning, a time of another form,
// a piece of another shape where the mapping says nothing of those.
absl::StatusOr<RowPlan> PlanRow(const Mapping& mapping, const CsvTable& table, const CsvRow& row);

}  // namespace sotay::cli
