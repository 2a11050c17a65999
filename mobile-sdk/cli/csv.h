// Reading of comma-separated tables, RFC 4180: cells in double quotes may hold commas, quotes
// (doubled) and line ends; lines end in CRLF or LF; a UTF-8 byte order mark is skipped.  What
// the RFC leaves open is refused rather than guessed, with the line at fault, because a row read
// wrongly would become a wrong record.  Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace sotay::cli {

// A row with the line of the file, from 1, on which it begins.
struct CsvRow {
  size_t line = 0;
  std::vector<std::string> cells;
};

class CsvReader {
 public:
  // `text` must outlive the reader.
  explicit CsvReader(absl::string_view text);

  // The next row; nothing at the end.  Empty lines are skipped.  kInvalidArgument, naming the
  // line: a quote that is never closed, a quote inside an unquoted cell, something between a
  // closing quote and the comma, a carriage return that ends no line, a NUL byte, bytes that
  // are not UTF-8.  After a failure there is no next row.
  absl::StatusOr<absl::optional<CsvRow>> Next();

 private:
  absl::Status ReadCell(std::string* cell, bool* row_ends);
  absl::Status ReadQuoted(std::string* cell);
  absl::Status ReadPlain(std::string* cell);
  // Takes a line end at the front, if there is one.
  bool TakeLineEnd();

  absl::string_view left_;
  size_t line_ = 1;
};

// A table: a header row of distinct names, and rows of exactly as many cells.
class CsvTable {
 public:
  // Reads all of `text`.  kInvalidArgument as CsvReader, and for a table without a header, an
  // empty or repeated name in it (naming it), and a row that is longer or shorter (naming its
  // line, its count and the header's).
  static absl::StatusOr<CsvTable> Parse(absl::string_view text);

  const std::vector<std::string>& header() const { return header_; }
  const std::vector<CsvRow>& rows() const { return rows_; }
  // Nothing when the header has no such name.
  absl::optional<size_t> Column(absl::string_view name) const;

 private:
  std::vector<std::string> header_;
  std::vector<CsvRow> rows_;
};

}  // namespace sotay::cli
