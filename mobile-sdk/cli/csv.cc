#include "mobile-sdk/cli/csv.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::cli {
namespace {

absl::Status AtLine(size_t line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
}

}  // namespace

CsvReader::CsvReader(absl::string_view text) : left_(text) {
  if (absl::StartsWith(left_, "\xEF\xBB\xBF")) left_.remove_prefix(3);
}

bool CsvReader::TakeLineEnd() {
  if (absl::StartsWith(left_, "\r\n")) {
    left_.remove_prefix(2);
  } else if (absl::StartsWith(left_, "\n")) {
    left_.remove_prefix(1);
  } else {
    return false;
  }
  ++line_;
  return true;
}

absl::StatusOr<absl::optional<CsvRow>> CsvReader::Next() {
  while (TakeLineEnd()) {
  }
  if (left_.empty()) return absl::optional<CsvRow>();
  CsvRow row;
  row.line = line_;
  for (bool row_ends = false; !row_ends;) {
    std::string cell;
    if (absl::Status read = ReadCell(&cell, &row_ends); !read.ok()) {
      left_ = {};
      return read;
    }
    if (sync::Utf8Prefix(cell) != cell.size()) {
      left_ = {};
      return AtLine(row.line, "is not UTF-8; save the table as \"CSV UTF-8\"");
    }
    row.cells.push_back(std::move(cell));
  }
  return absl::optional<CsvRow>(std::move(row));
}

absl::Status CsvReader::ReadCell(std::string* cell, bool* row_ends) {
  SOTAY_RETURN_IF_ERROR(absl::StartsWith(left_, "\"") ? ReadQuoted(cell) : ReadPlain(cell));
  if (absl::StartsWith(left_, ",")) {
    left_.remove_prefix(1);
    *row_ends = false;
    return absl::OkStatus();
  }
  *row_ends = true;
  if (left_.empty() || TakeLineEnd()) return absl::OkStatus();
  return AtLine(line_, "something stands between a closing quote and the comma");
}

absl::Status CsvReader::ReadQuoted(std::string* cell) {
  const size_t begins = line_;
  left_.remove_prefix(1);
  while (true) {
    const size_t length = std::min(left_.find('"'), left_.size());
    const absl::string_view part = left_.substr(0, length);
    if (absl::StrContains(part, absl::string_view("\0", 1))) return AtLine(line_, "has a NUL byte");
    line_ += static_cast<size_t>(std::count(part.begin(), part.end(), '\n'));
    absl::StrAppend(cell, part);
    left_.remove_prefix(length);
    if (left_.empty()) return AtLine(begins, "a quoted cell begins here and never ends");
    left_.remove_prefix(1);
    if (!absl::StartsWith(left_, "\"")) return absl::OkStatus();
    cell->push_back('"');
    left_.remove_prefix(1);
  }
}

absl::Status CsvReader::ReadPlain(std::string* cell) {
  const size_t length = std::min(left_.find_first_of(",\r\n"), left_.size());
  *cell = std::string(left_.substr(0, length));
  left_.remove_prefix(length);
  if (absl::StrContains(*cell, "\"")) {
    return AtLine(line_, "a quote stands inside a cell that does not begin with one");
  }
  if (absl::StrContains(*cell, absl::string_view("\0", 1))) {
    return AtLine(line_, "has a NUL byte; is it UTF-16? save the table as \"CSV UTF-8\"");
  }
  if (absl::StartsWith(left_, "\r") && !absl::StartsWith(left_, "\r\n")) {
    return AtLine(line_, "a carriage return ends no line here");
  }
  return absl::OkStatus();
}

absl::StatusOr<CsvTable> CsvTable::Parse(absl::string_view text) {
  CsvReader reader(text);
  CsvTable table;
  SOTAY_ASSIGN_OR_RETURN(absl::optional<CsvRow> header, reader.Next());
  if (!header.has_value())
    return absl::InvalidArgumentError("the table is empty; it needs a header");
  std::set<std::string> names;
  for (const std::string& name : header->cells) {
    if (name.empty()) return AtLine(header->line, "the header has a column without a name");
    if (!names.insert(name).second) {
      return AtLine(header->line, absl::StrCat("the header names column ", name, " twice"));
    }
  }
  table.header_ = std::move(header->cells);
  while (true) {
    SOTAY_ASSIGN_OR_RETURN(absl::optional<CsvRow> row, reader.Next());
    if (!row.has_value()) return table;
    if (row->cells.size() != table.header_.size()) {
      return AtLine(row->line, absl::StrCat("has ", row->cells.size(), " cells, the header has ",
                                            table.header_.size()));
    }
    table.rows_.push_back(*std::move(row));
  }
}

absl::optional<size_t> CsvTable::Column(absl::string_view name) const {
  const auto at = std::find(header_.begin(), header_.end(), name);
  if (at == header_.end()) return absl::nullopt;
  return static_cast<size_t>(at - header_.begin());
}

}  // namespace sotay::cli
