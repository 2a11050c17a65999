// How a table becomes records: the mapping file of `sotay import`, read and checked against the
// schema before a single row is.  The format is told in mobile-sdk/examples/
// inspections.mapping.toml.  Values; any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "mobile-sdk/cli/csv.h"
#include "sync/schema.h"

namespace re2 {
class RE2;
}

namespace sotay::cli {

// Where a field takes its value from.
struct FieldSource {
  const sync::FieldType* field = nullptr;
  std::string key;                   // of a map field
  std::vector<std::string> columns;  // columns or groups, joined by `join`
  std::string join;
  absl::optional<std::string> constant;       // instead of columns
  std::map<std::string, std::string> values;  // a word for a word; empty: words stay
  absl::optional<std::string> otherwise;      // `default`
  std::string format;                         // of a time; empty: none
  int zone_minutes = 7 * 60;
  std::string prefix;
};

// One record for each piece of a column.
struct EachPiece {
  std::string column;
  std::string split;
  std::shared_ptr<const re2::RE2> pattern;  // null: pieces are taken whole, as group "piece"
  std::vector<std::string> groups;
  const sync::FieldType* unmatched = nullptr;  // takes a piece of another shape; null: stop
};

// One record of a row.
struct RecordMapping {
  std::string name;
  const sync::RecordType* type = nullptr;
  size_t under = 0;                              // index in Mapping::records; the first: itself
  const sync::FieldType* under_field = nullptr;  // takes the id of that one
  absl::optional<EachPiece> each;
  std::vector<FieldSource> fields;
};

struct Mapping {
  std::vector<std::string> key;
  std::set<std::string> absent;
  std::vector<RecordMapping> records;  // a record after the one it hangs under; the root first
};

// Reads a mapping.  kInvalidArgument, naming the line of the file and what stands there: TOML
// that does not parse, words the format does not have, a type, field or value the schema does
// not have, a pattern RE2 does not take or whose groups are not as many as their names, no root
// or several, a record under one that is there many times.  `schema` must outlive it.
absl::StatusOr<Mapping> ParseMapping(absl::string_view toml, const sync::Schema& schema);

// Whether the table has every column the mapping names; kInvalidArgument names those it lacks.
absl::Status CheckColumns(const Mapping& mapping, const CsvTable& table);

}  // namespace sotay::cli
