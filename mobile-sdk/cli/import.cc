#include "mobile-sdk/cli/import.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/journal.h"
#include "mobile-sdk/cli/row_plan.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using sync::RecordId;

// Own records by the sequence of the change that made them.
using Births = std::map<uint64_t, RecordId>;

struct PendingRow {
  RowPlan plan;
  absl::optional<RowTrace> trace;  // of a run that was cut short
};

// What this device has made after `sequence`.
absl::StatusOr<Births> BirthsAfter(const sdk::Notebook& notebook, uint64_t sequence) {
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, notebook.GetStatus());
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordLine> lines, notebook.List());
  Births births;
  for (const sdk::RecordLine& line : lines) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, notebook.Read(line.id));
    const sync::Author& birth = view.record.birth();
    if (birth.device.Hex() == status.device_id && birth.sequence > sequence) {
      births[birth.sequence] = line.id;
    }
  }
  return births;
}

// The records of a row a run before has made: those it noted, and those right behind them that
// it did not come to note.  An import makes one record a change, without a gap.
absl::StatusOr<std::vector<RecordId>> MadeBefore(const sdk::Notebook& notebook,
                                                 const PendingRow& row, ImportJournal* journal) {
  if (!row.trace.has_value()) return std::vector<RecordId>();
  std::vector<RecordId> made = row.trace->made;
  SOTAY_ASSIGN_OR_RETURN(const Births births, BirthsAfter(notebook, row.trace->sequence));
  for (uint64_t sequence = row.trace->sequence + 1; made.size() < row.plan.records.size();
       ++sequence) {
    const auto birth = births.find(sequence);
    if (birth == births.end()) break;
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, notebook.Read(birth->second));
    const RecordId& dossier = made.empty() ? view.record.id() : made.front();
    if (view.record.type_name() != row.plan.records[made.size()].type->name ||
        view.record.dossier() != dossier) {
      break;
    }
    made.push_back(birth->second);
    SOTAY_RETURN_IF_ERROR(journal->Made(row.plan.key, made.back()));
  }
  return made;
}

// Whether a run before has made of the row what is secret now: the first record it noted, or the
// change right behind, which it did not come to note.
absl::StatusOr<bool> ProvedSecret(const sdk::Notebook& notebook, const RowTrace& trace) {
  if (trace.made.empty()) return notebook.IsWithheld(trace.sequence + 1);
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, notebook.GetStatus());
  return status.sealed_dossiers.count(trace.made.front()) != 0;
}

// Makes what is missing of a row; adds what it made to `records`.
absl::Status MakeRow(sdk::Notebook* notebook, const PendingRow& row, const std::string& unit_id,
                     ImportJournal* journal, std::vector<RecordId>* records) {
  SOTAY_ASSIGN_OR_RETURN(std::vector<RecordId> made, MadeBefore(*notebook, row, journal));
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, notebook->GetStatus());
  SOTAY_RETURN_IF_ERROR(journal->Begin(row.plan.key, status.last_sequence));
  for (size_t i = made.size(); i < row.plan.records.size(); ++i) {
    const PlannedRecord& planned = row.plan.records[i];
    std::vector<sdk::Edit> edits = planned.edits;
    if (!planned.under_field.empty()) {
      edits.push_back({sdk::Edit::Kind::kSet, planned.under_field, "", made[planned.under].Hex()});
    }
    const absl::optional<RecordId> dossier =
        made.empty() ? absl::nullopt : absl::optional<RecordId>(made.front());
    const absl::StatusOr<RecordId> id =
        notebook->Create(planned.type->name, unit_id, dossier, edits);
    if (!id.ok()) {
      return absl::Status(id.status().code(),
                          absl::StrCat("line ", row.plan.line, ", ", planned.type->short_name, ": ",
                                       id.status().message()));
    }
    SOTAY_RETURN_IF_ERROR(journal->Made(row.plan.key, *id));
    made.push_back(*id);
    records->push_back(*id);
  }
  return journal->Finish(row.plan.key);
}

}  // namespace

absl::StatusOr<ImportReport> ImportTable(sdk::Notebook* notebook, const ImportRequest& request) {
  SOTAY_RETURN_IF_ERROR(CheckColumns(*request.mapping, *request.table));
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<ImportJournal> journal,
                         ImportJournal::Open(request.journal_path));
  ImportReport report;
  const std::vector<CsvRow>& rows = request.table->rows();
  const size_t first = std::min(request.rows_passed, rows.size());
  report.rows = rows.size() - first;
  std::vector<PendingRow> pending;
  std::set<std::string> keys;
  for (size_t i = first; i < rows.size(); ++i) {
    const CsvRow& row = rows[i];
    SOTAY_ASSIGN_OR_RETURN(RowPlan plan, PlanRow(*request.mapping, *request.table, row));
    if (journal->Done(plan.key) || !keys.insert(plan.key).second) {
      ++report.skipped;
    } else if (request.rows_max != 0 && pending.size() == request.rows_max) {
      ++report.left;
    } else {
      absl::optional<RowTrace> trace = journal->Begun(plan.key);
      pending.push_back({std::move(plan), std::move(trace)});
    }
  }
  for (const PendingRow& row : pending) {
    bool secret = false;
    if (row.trace.has_value()) {
      SOTAY_ASSIGN_OR_RETURN(secret, ProvedSecret(*notebook, *row.trace));
    }
    if (secret) {
      SOTAY_RETURN_IF_ERROR(journal->Finish(row.plan.key));
      report.secret_lines.push_back(row.plan.line);
      ++report.skipped;
      continue;
    }
    SOTAY_RETURN_IF_ERROR(MakeRow(notebook, row, request.unit_id, journal.get(), &report.records));
    ++report.imported;
    if (row.trace.has_value()) ++report.completed;
    if (request.progress) request.progress(report);
  }
  return report;
}

}  // namespace sotay::cli
