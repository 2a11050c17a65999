#include "mobile-sdk/cli/row_plan.h"

#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "mobile-sdk/cli/fields.h"
#include "mobile-sdk/cli/instant.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using Cells = std::map<std::string, std::string>;  // by column or group; absent ones are not in it

absl::Status AtLine(const CsvRow& row, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", row.line, ": ", what));
}

void Put(const Mapping& mapping, const std::string& name, absl::string_view raw, Cells* cells) {
  std::string value(absl::StripAsciiWhitespace(raw));
  if (value.empty() || mapping.absent.count(value) != 0) {
    cells->erase(name);
  } else {
    (*cells)[name] = std::move(value);
  }
}

// The value a field gets; nothing when it is not written.
absl::StatusOr<absl::optional<std::string>> Value(const FieldSource& source, const Cells& cells,
                                                  const CsvRow& row) {
  absl::optional<std::string> value = source.constant;
  if (!value.has_value()) {
    std::vector<std::string> present;
    for (const std::string& column : source.columns) {
      if (const auto at = cells.find(column); at != cells.end()) present.push_back(at->second);
    }
    if (!present.empty()) value = absl::StrJoin(present, source.join);
  }
  if (value.has_value() && !source.values.empty()) {
    const auto meant = source.values.find(*value);
    if (meant != source.values.end()) {
      value = meant->second;
    } else if (source.otherwise.has_value()) {
      value = source.otherwise;
    } else {
      return AtLine(row,
                    absl::StrCat("column ", absl::StrJoin(source.columns, ", "), ": \"", *value,
                                 "\" has no value for ", source.field->name, " in the mapping"));
    }
  } else if (!value.has_value()) {
    value = source.otherwise;
  }
  if (!value.has_value() || value->empty()) return absl::optional<std::string>();
  if (!source.format.empty()) {
    const absl::StatusOr<int64_t> ms = ParseInstantAs(*value, source.format, source.zone_minutes);
    if (!ms.ok()) {
      return AtLine(row, absl::StrCat("field ", source.field->name, ": ",
                                      absl::string_view(ms.status().message())));
    }
    value = absl::StrCat(*ms);
  }
  return absl::optional<std::string>(absl::StrCat(source.prefix, *value));
}

absl::StatusOr<PlannedRecord> PlanRecord(const RecordMapping& mapping, const Cells& cells,
                                         const CsvRow& row) {
  PlannedRecord record;
  record.type = mapping.type;
  record.under_field = mapping.under_field != nullptr ? mapping.under_field->name : "";
  for (const FieldSource& source : mapping.fields) {
    SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> value, Value(source, cells, row));
    if (!value.has_value()) continue;
    record.edits.push_back({FirstWrite(*source.field), source.field->name, source.key, *value});
  }
  return record;
}

// The cells of one piece: those of the row, and its groups.  False when it has another shape.
bool TakeGroups(const Mapping& mapping, const EachPiece& each, const std::string& piece,
                Cells* cells) {
  std::vector<std::string> groups(each.groups.size());
  if (each.pattern == nullptr) {
    groups.front() = piece;
  } else {
    std::vector<re2::RE2::Arg> places;
    std::vector<const re2::RE2::Arg*> pointers;
    for (std::string& group : groups) places.emplace_back(&group);
    for (const re2::RE2::Arg& place : places) pointers.push_back(&place);
    if (!re2::RE2::FullMatchN(piece, *each.pattern, pointers.data(),
                              static_cast<int>(pointers.size()))) {
      return false;
    }
  }
  for (size_t i = 0; i < groups.size(); ++i) Put(mapping, each.groups[i], groups[i], cells);
  return true;
}

// A piece of another shape, kept as it stands instead of what its groups would have made.
void PutWhole(const sync::FieldType& field, const std::string& piece, PlannedRecord* record) {
  record->edits.erase(
      std::remove_if(record->edits.begin(), record->edits.end(),
                     [&](const sdk::Edit& edit) { return edit.field == field.name; }),
      record->edits.end());
  record->edits.push_back({FirstWrite(field), field.name, "", piece});
}

absl::Status PlanPieces(const Mapping& mapping, const RecordMapping& record, size_t under,
                        const Cells& row_cells, const CsvRow& row, RowPlan* plan) {
  const EachPiece& each = *record.each;
  const auto column = row_cells.find(each.column);
  if (column == row_cells.end()) return absl::OkStatus();
  for (const absl::string_view part : absl::StrSplit(column->second, each.split)) {
    const std::string piece(absl::StripAsciiWhitespace(part));
    if (piece.empty()) continue;
    Cells cells = row_cells;
    const bool matched = TakeGroups(mapping, each, piece, &cells);
    if (!matched && each.unmatched == nullptr) {
      return AtLine(row, absl::StrCat("column ", each.column, ": piece ", plan->records.size(),
                                      " does not match the pattern of record.", record.name));
    }
    SOTAY_ASSIGN_OR_RETURN(PlannedRecord planned, PlanRecord(record, cells, row));
    if (!matched) PutWhole(*each.unmatched, piece, &planned);
    planned.under = under;
    plan->records.push_back(std::move(planned));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RowPlan> PlanRow(const Mapping& mapping, const CsvTable& table, const CsvRow& row) {
  Cells cells;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    Put(mapping, table.header()[i], row.cells[i], &cells);
  }
  RowPlan plan;
  plan.line = row.line;
  std::vector<std::string> key;
  for (const std::string& column : mapping.key) {
    const auto at = cells.find(column);
    if (at == cells.end()) return AtLine(row, absl::StrCat("key column ", column, " is empty"));
    key.push_back(at->second);
  }
  plan.key = absl::StrJoin(key, "\x1F");  // a separator no cell of words holds

  // Where the single records of the mapping went in the plan, for those under them.
  std::vector<size_t> places(mapping.records.size(), 0);
  for (size_t i = 0; i < mapping.records.size(); ++i) {
    const RecordMapping& record = mapping.records[i];
    const size_t under = places[record.under];
    if (record.each.has_value()) {
      SOTAY_RETURN_IF_ERROR(PlanPieces(mapping, record, under, cells, row, &plan));
      continue;
    }
    SOTAY_ASSIGN_OR_RETURN(PlannedRecord planned, PlanRecord(record, cells, row));
    planned.under = under;
    places[i] = plan.records.size();
    plan.records.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace sotay::cli
