#include "mobile-sdk/cli/mapping.h"

#include <re2/re2.h>
#include <toml++/toml.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/fields.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/value.h"
#include "mobile-sdk/core/edits.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr int64_t kFormat = 1;
constexpr char kPiece[] = "piece";

// A table of the file, with its place for messages.  Every word taken is remembered, so that
// Finish can name one that nobody asked for: a misspelt option must not be silence.
class Section {
 public:
  Section(const toml::table& table, std::string place) : table_(table), place_(std::move(place)) {}

  absl::Status Bad(absl::string_view what) const { return BadAt(table_, what); }
  absl::Status BadAt(const toml::node& node, absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("mapping, line ", node.source().begin.line, ", ", place_, ": ", what));
  }

  const toml::node* Take(absl::string_view word) {
    taken_.insert(std::string(word));
    return table_.get(std::string_view(word.data(), word.size()));
  }

  absl::StatusOr<absl::optional<std::string>> Text(absl::string_view word) {
    const toml::node* node = Take(word);
    if (node == nullptr) return absl::optional<std::string>();
    const auto text = node->value_exact<std::string>();
    if (!text.has_value()) return BadAt(*node, absl::StrCat(word, " must be a string"));
    return absl::optional<std::string>(*text);
  }

  absl::StatusOr<std::string> TextNeeded(absl::string_view word) {
    SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> text, Text(word));
    if (!text.has_value() || text->empty()) return Bad(absl::StrCat("needs ", word, " = \"…\""));
    return *text;
  }

  absl::StatusOr<std::vector<std::string>> Texts(absl::string_view word) {
    std::vector<std::string> texts;
    const toml::node* node = Take(word);
    if (node == nullptr) return texts;
    if (!node->is_array()) return BadAt(*node, absl::StrCat(word, " must be a list of strings"));
    for (const toml::node& element : *node->as_array()) {
      const auto text = element.value_exact<std::string>();
      if (!text.has_value()) return BadAt(element, absl::StrCat(word, " must hold strings"));
      texts.push_back(*text);
    }
    return texts;
  }

  absl::StatusOr<const toml::table*> Table(absl::string_view word) {
    const toml::node* node = Take(word);
    if (node == nullptr) return static_cast<const toml::table*>(nullptr);
    if (!node->is_table()) return BadAt(*node, absl::StrCat(word, " must be a table"));
    return node->as_table();
  }

  absl::StatusOr<const toml::table*> TableNeeded(absl::string_view word) {
    SOTAY_ASSIGN_OR_RETURN(const toml::table* table, Table(word));
    if (table == nullptr) return Bad(absl::StrCat("needs a table ", word));
    return table;
  }

  absl::Status Finish() const {
    for (const auto& [key, node] : table_) {
      const std::string word(key.str());
      if (taken_.count(word) == 0) return BadAt(node, absl::StrCat("there is no option ", word));
    }
    return absl::OkStatus();
  }

  const std::string& place() const { return place_; }

 private:
  const toml::table& table_;
  std::string place_;
  std::set<std::string> taken_;
};

// A value that stands in the mapping itself: whether the field takes it, asked of the same judge
// as every edit is.
absl::Status CheckValue(const Section& section, const sync::Schema& schema,
                        const sync::RecordType& type, const FieldSource& source,
                        const std::string& value) {
  if (value.empty() || !source.prefix.empty() || !source.format.empty()) return absl::OkStatus();
  const auto wish = sdk::ReadEdit(
      schema, type, {FirstWrite(*source.field), source.field->name, source.key, value});
  return wish.ok() ? absl::OkStatus()
                   : section.Bad(absl::StrCat("\"", value, "\": ", wish.status().message()));
}

absl::StatusOr<FieldSource> ReadField(const sync::Schema& schema, const sync::RecordType& type,
                                      const std::string& path, const toml::table& table,
                                      const std::string& place) {
  Section section(table, absl::StrCat(place, ".", path));
  FieldSource source;
  const absl::StatusOr<FieldWord> word = ParseFieldPath(path);
  if (!word.ok()) return section.Bad(absl::string_view(word.status().message()));
  source.field = type.Field(absl::string_view(word->field));
  source.key = word->key;
  if (source.field == nullptr) {
    return section.Bad(absl::StrCat(type.name, " has no field ", word->field));
  }
  if (source.field->is_map == source.key.empty()) {
    return section.Bad(source.field->is_map ? "needs a key: \"field[KEY]\"" : "has no keys");
  }

  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> column, section.Text("column"));
  SOTAY_ASSIGN_OR_RETURN(source.columns, section.Texts("columns"));
  SOTAY_ASSIGN_OR_RETURN(source.constant, section.Text("const"));
  const int origins =
      int{column.has_value()} + int{!source.columns.empty()} + int{source.constant.has_value()};
  if (origins != 1) return section.Bad("needs exactly one of column, columns and const");
  if (column.has_value()) source.columns.push_back(*column);
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> join, section.Text("join"));
  if (source.columns.size() > 1 && !join.has_value()) return section.Bad("columns need a join");
  source.join = join.value_or("");

  SOTAY_ASSIGN_OR_RETURN(const toml::table* values, section.Table("values"));
  if (values != nullptr) {
    for (const auto& [key, node] : *values) {
      const auto value = node.value_exact<std::string>();
      if (!value.has_value()) return section.BadAt(node, "values must be strings");
      source.values[std::string(key.str())] = *value;
    }
  }
  SOTAY_ASSIGN_OR_RETURN(source.otherwise, section.Text("default"));
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> format, section.Text("format"));
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> zone, section.Text("zone"));
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> prefix, section.Text("prefix"));
  source.format = format.value_or("");
  source.prefix = prefix.value_or("");
  if (source.format.empty() && IsInstant(*source.field)) {
    return section.Bad("is a time and needs format = \"dd/mm/yyyy\"");
  }
  if (zone.has_value()) {
    const absl::StatusOr<int> minutes = ParseZone(*zone);
    if (!minutes.ok()) return section.Bad(absl::string_view(minutes.status().message()));
    source.zone_minutes = *minutes;
  }
  std::set<std::string> written;
  for (const auto& [from, value] : source.values) written.insert(value);
  if (source.values.empty()) written.insert(source.constant.value_or(""));
  written.insert(source.otherwise.value_or(""));
  for (const std::string& value : written) {
    SOTAY_RETURN_IF_ERROR(CheckValue(section, schema, type, source, value));
  }
  SOTAY_RETURN_IF_ERROR(section.Finish());
  return source;
}

absl::StatusOr<EachPiece> ReadEach(const sync::RecordType& type, const toml::table& table,
                                   const std::string& place) {
  Section section(table, absl::StrCat(place, ".each"));
  EachPiece each;
  SOTAY_ASSIGN_OR_RETURN(each.column, section.TextNeeded("column"));
  SOTAY_ASSIGN_OR_RETURN(each.split, section.TextNeeded("split"));
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> pattern, section.Text("pattern"));
  SOTAY_ASSIGN_OR_RETURN(each.groups, section.Texts("groups"));
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> unmatched, section.Text("unmatched"));
  if (pattern.has_value()) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto compiled = std::make_shared<re2::RE2>(*pattern, options);
    if (!compiled->ok()) return section.Bad(absl::StrCat("pattern: ", compiled->error()));
    if (static_cast<size_t>(compiled->NumberOfCapturingGroups()) != each.groups.size()) {
      return section.Bad(absl::StrCat("the pattern has ", compiled->NumberOfCapturingGroups(),
                                      " groups, groups names ", each.groups.size()));
    }
    each.pattern = std::move(compiled);
  } else if (!each.groups.empty()) {
    return section.Bad("groups need a pattern");
  } else {
    each.groups.emplace_back(kPiece);
  }
  if (unmatched.has_value()) {
    each.unmatched = type.Field(absl::string_view(*unmatched));
    if (each.unmatched == nullptr) {
      return section.Bad(absl::StrCat(type.name, " has no field ", *unmatched));
    }
  }
  SOTAY_RETURN_IF_ERROR(section.Finish());
  return each;
}

// A record and the name of the one it hangs under, before they are put in order.
struct Draft {
  RecordMapping record;
  std::string under;  // empty: the root
  int line = 0;
};

absl::StatusOr<Draft> ReadRecord(const sync::Schema& schema, const std::string& name,
                                 const toml::table& table) {
  Section section(table, absl::StrCat("record.", name));
  Draft draft;
  draft.line = static_cast<int>(table.source().begin.line);
  RecordMapping& record = draft.record;
  record.name = name;
  SOTAY_ASSIGN_OR_RETURN(const std::string type, section.TextNeeded("type"));
  record.type = schema.Find(type);
  if (record.type == nullptr) return section.Bad(absl::StrCat("there is no record type ", type));
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> under, section.Text("under"));
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> field, section.Text("under_field"));
  draft.under = under.value_or("");
  if (draft.under.empty() && !record.type->root) {
    return section.Bad(absl::StrCat(record.type->name, " is no root; it needs under = \"…\""));
  }
  if (field.has_value()) {
    record.under_field = record.type->Field(absl::string_view(*field));
    if (record.under_field == nullptr || !record.under_field->parent) {
      return section.Bad(absl::StrCat(record.type->name, " has no parent field ", *field));
    }
  }
  SOTAY_ASSIGN_OR_RETURN(const toml::table* each, section.Table("each"));
  if (each != nullptr) {
    SOTAY_ASSIGN_OR_RETURN(record.each, ReadEach(*record.type, *each, section.place()));
  }
  SOTAY_ASSIGN_OR_RETURN(const toml::table* fields, section.TableNeeded("fields"));
  for (const auto& [key, node] : *fields) {
    if (!node.is_table()) return section.BadAt(node, "a field must be a table { column = … }");
    SOTAY_ASSIGN_OR_RETURN(FieldSource source,
                           ReadField(schema, *record.type, std::string(key.str()), *node.as_table(),
                                     absl::StrCat(section.place(), ".fields")));
    record.fields.push_back(std::move(source));
  }
  SOTAY_RETURN_IF_ERROR(section.Finish());
  return draft;
}

// TOML tables have no order; the order records are made in follows from `under`.
absl::Status Order(std::vector<Draft> drafts, const Section& section, Mapping* mapping) {
  for (bool moved = true; moved && !drafts.empty();) {
    moved = false;
    for (auto draft = drafts.begin(); draft != drafts.end(); ++draft) {
      const auto above =
          std::find_if(mapping->records.begin(), mapping->records.end(),
                       [&](const RecordMapping& r) { return r.name == draft->under; });
      const bool is_root = draft->under.empty();
      if (is_root ? !mapping->records.empty() : above == mapping->records.end()) continue;
      if (!is_root && above->each.has_value()) {
        return section.Bad(absl::StrCat("record.", draft->record.name, " hangs under ", above->name,
                                        ", of which one row makes several"));
      }
      if (is_root && draft->record.each.has_value()) {
        return section.Bad("the root record is one a row; it takes no each");
      }
      draft->record.under = is_root ? 0 : static_cast<size_t>(above - mapping->records.begin());
      mapping->records.push_back(std::move(draft->record));
      drafts.erase(draft);
      moved = true;
      break;
    }
  }
  if (drafts.empty() && !mapping->records.empty()) return absl::OkStatus();
  if (drafts.empty()) return section.Bad("there is no record");
  return section.Bad(absl::StrCat("record.", drafts.front().record.name,
                                  drafts.front().under.empty()
                                      ? " is a second root; a row makes one dossier"
                                      : " hangs under no record of the mapping"));
}

}  // namespace

absl::StatusOr<Mapping> ParseMapping(absl::string_view text, const sync::Schema& schema) {
  toml::table file;
  try {
    file = toml::parse(std::string_view(text.data(), text.size()));
  } catch (const toml::parse_error& error) {  // toml++'s only way of saying so
    return absl::InvalidArgumentError(absl::StrCat("mapping, line ", error.source().begin.line,
                                                   ": ", std::string(error.description())));
  }
  Section section(file, "the file");
  const toml::node* format = section.Take("format");
  if (format == nullptr || format->value<int64_t>() != kFormat) {
    return section.Bad("needs format = 1, the only one this program reads");
  }
  Mapping mapping;
  SOTAY_ASSIGN_OR_RETURN(const toml::table* table, section.TableNeeded("table"));
  Section table_section(*table, "table");
  SOTAY_ASSIGN_OR_RETURN(const std::string kind, table_section.TextNeeded("kind"));
  if (kind != "csv") return table_section.Bad(absl::StrCat("kind ", kind, " is none; csv is"));
  SOTAY_ASSIGN_OR_RETURN(mapping.key, table_section.Texts("key"));
  if (mapping.key.empty()) return table_section.Bad("needs key = [\"COLUMN\"] to know rows again");
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> absent, table_section.Texts("absent"));
  mapping.absent.insert(absent.begin(), absent.end());
  SOTAY_RETURN_IF_ERROR(table_section.Finish());

  SOTAY_ASSIGN_OR_RETURN(const toml::table* records, section.TableNeeded("record"));
  std::vector<Draft> drafts;
  for (const auto& [key, node] : *records) {
    if (!node.is_table()) return section.BadAt(node, "a record must be a table");
    SOTAY_ASSIGN_OR_RETURN(Draft draft,
                           ReadRecord(schema, std::string(key.str()), *node.as_table()));
    drafts.push_back(std::move(draft));
  }
  SOTAY_RETURN_IF_ERROR(section.Finish());
  // In the order they stand in the file, as far as `under` leaves it open.
  std::sort(drafts.begin(), drafts.end(),
            [](const Draft& a, const Draft& b) { return a.line < b.line; });
  SOTAY_RETURN_IF_ERROR(Order(std::move(drafts), section, &mapping));
  return mapping;
}

absl::Status CheckColumns(const Mapping& mapping, const CsvTable& table) {
  std::set<std::string> missing;
  const auto want = [&](const std::string& column) {
    if (!table.Column(column).has_value()) missing.insert(column);
  };
  for (const std::string& column : mapping.key) want(column);
  for (const RecordMapping& record : mapping.records) {
    std::set<std::string> groups;
    if (record.each.has_value()) {
      want(record.each->column);
      groups.insert(record.each->groups.begin(), record.each->groups.end());
    }
    for (const FieldSource& field : record.fields) {
      for (const std::string& column : field.columns) {
        if (groups.count(column) == 0) want(column);
      }
    }
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the table lacks what the mapping names: ", absl::StrJoin(missing, ", ")));
}

}  // namespace sotay::cli
