#include "tests/laws/facts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sotay::laws {

std::vector<Reading> ReadingsIn(const v1::Record& record, const v1::FieldState& field) {
  std::vector<Reading> readings;
  for (const v1::Reading& reading : field.readings()) {
    const int change = static_cast<int>(reading.change());
    readings.emplace_back(reading.value(),
                          change < record.changes_size() ? record.changes(change).change_id() : "");
  }
  return readings;
}

std::vector<Reading> ReadingsAt(const v1::Record& record, const sync::FieldPath& path) {
  for (const v1::FieldState& field : record.fields()) {
    if (field.field() == path.first && field.key() == path.second) {
      return ReadingsIn(record, field);
    }
  }
  return {};
}

int64_t TotalAt(const v1::Record& record, const sync::FieldPath& path) {
  for (const v1::FieldState& field : record.fields()) {
    if (field.field() == path.first && field.key() == path.second) return field.total();
  }
  return 0;
}

bool Has(const std::vector<Reading>& readings, const Reading& reading) {
  return std::find(readings.begin(), readings.end(), reading) != readings.end();
}

std::string Name(const sync::FieldPath& path) {
  return path.second.empty() ? absl::StrCat("field ", path.first)
                             : absl::StrCat("field ", path.first, "[", path.second, "]");
}

bool KeepsReadings(sync::Rule rule) {
  return rule == options::v1::RULE_REGISTER || rule == options::v1::RULE_STATE;
}

}  // namespace sotay::laws
