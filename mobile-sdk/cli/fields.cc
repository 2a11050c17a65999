#include "mobile-sdk/cli/fields.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/value.h"
#include "nlohmann/json.hpp"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

namespace pb = google::protobuf;
using Kind = sdk::Edit::Kind;
using Sign = FieldWord::Sign;

constexpr size_t kIdDigits = 2 * sync::RecordId::kSize;
constexpr size_t kIdDigitsMin = 4;

absl::Status Bad(const sync::FieldType& field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("field ", field.name, ": ", what));
}

bool IsNameLetter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Takes FIELD or FIELD[KEY] off `rest`; false when it does not begin so.  A key ends at the
// first "]" with a sign or the end behind it, and so may hold brackets itself.
bool TakePath(absl::string_view* rest, FieldWord* word) {
  const size_t length = static_cast<size_t>(
      std::find_if_not(rest->begin(), rest->end(), IsNameLetter) - rest->begin());
  if (length == 0) return false;
  word->field = std::string(rest->substr(0, length));
  rest->remove_prefix(length);
  if (!absl::StartsWith(*rest, "[")) return true;
  rest->remove_prefix(1);
  for (size_t i = 0; i < rest->size(); ++i) {
    const absl::string_view after = rest->substr(i + 1);
    if ((*rest)[i] == ']' && (after.empty() || absl::StartsWith(after, "=") ||
                              absl::StartsWith(after, "+=") || absl::StartsWith(after, "-="))) {
      word->key = std::string(rest->substr(0, i));
      rest->remove_prefix(i + 1);
      return !word->key.empty();
    }
  }
  return false;
}

absl::StatusOr<Kind> KindOf(const sync::FieldType& field, Sign sign, bool birth) {
  const Kind first = FirstWrite(field);
  const bool gathers = first == Kind::kAdd || first == Kind::kAppend || first == Kind::kCount;
  switch (sign) {
    case Sign::kIs:
      if (!gathers || birth) return first;
      return Bad(field, first == Kind::kAdd     ? "is a set; add with += and take out with -="
                        : first == Kind::kCount ? "is a count; step with += and -="
                                                : "is a log; append with +=");
    case Sign::kPlus:
      if (gathers || first == Kind::kText) return first;
      return Bad(field, "holds one value; write it with =");
    case Sign::kMinus:
      if (first == Kind::kAdd) return Kind::kRemove;
      if (first == Kind::kCount) return first;
      return Bad(field, first == Kind::kAppend ? "is a log; nothing leaves it"
                                               : "takes = (an empty value clears it)");
  }
  return first;
}

absl::StatusOr<std::string> Source(const sync::FieldType& field, const std::string& value,
                                   const ValueSources& sources) {
  if (absl::StartsWith(value, "@@")) return value.substr(1);
  std::string path;
  if (value.size() > 1 && value[0] == '@') path = value.substr(1);
  if (value == "-" && field.rule == options::v1::RULE_TEXT) path = value;
  if (path.empty()) return value;
  SOTAY_ASSIGN_OR_RETURN(std::string text, sources.read_file(path));
  if (absl::EndsWith(text, "\n")) text.pop_back();  // the one an editor puts at the end
  return text;
}

absl::StatusOr<std::string> Step(const sync::FieldType& field, const std::string& value,
                                 Sign sign) {
  int64_t step = 0;
  if (!absl::SimpleAtoi(value, &step) || step == INT64_MIN) {
    return Bad(field, "counts in whole numbers");
  }
  return absl::StrCat(sign == Sign::kMinus ? -step : step);
}

absl::StatusOr<std::string> Identifier(const sync::FieldType& field, const std::string& value,
                                       const ValueSources& sources) {
  const std::string digits = absl::AsciiStrToLower(value);
  if (!std::all_of(digits.begin(), digits.end(),
                   [](unsigned char c) { return absl::ascii_isxdigit(c); })) {
    return Bad(field, "takes hexadecimal digits");
  }
  if (digits.size() < kIdDigitsMin || digits.size() >= kIdDigits) return digits;
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, sources.find_record(digits));
  return id.Hex();
}

// "4,2 m" as the JSON of a message of value and unit.
std::string MeasurementJson(absl::string_view typed) {
  const absl::string_view text = absl::StripAsciiWhitespace(typed);
  const size_t space = text.find(' ');
  const absl::string_view value = text.substr(0, space);
  const absl::string_view unit =
      space == absl::string_view::npos ? "" : absl::StripAsciiWhitespace(text.substr(space));
  const nlohmann::json json = {{"value", std::string(value)}, {"unit", std::string(unit)}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<std::string> Converted(const sync::FieldType& field, const FieldWord& word,
                                      Kind kind, const std::string& value,
                                      const ValueSources& sources) {
  if (kind == Kind::kCount) return Step(field, value, word.sign);
  if (value.empty()) return value;
  const pb::FieldDescriptor& takes = *field.value_descriptor;
  if (IsInstant(field)) {
    const absl::StatusOr<int64_t> ms = ParseInstant(value, sources.now_ms);
    if (!ms.ok()) return Bad(field, absl::string_view(ms.status().message()));
    return absl::StrCat(*ms);
  }
  switch (takes.type()) {
    case pb::FieldDescriptor::TYPE_BYTES:
      return Identifier(field, value, sources);
    case pb::FieldDescriptor::TYPE_MESSAGE:
      return IsMeasurement(*takes.message_type()) && !absl::StartsWith(value, "{")
                 ? MeasurementJson(value)
                 : value;
    default:
      return value;
  }
}

}  // namespace

absl::StatusOr<FieldWord> ParseFieldWord(absl::string_view word) {
  FieldWord parsed;
  absl::string_view rest = word;
  if (TakePath(&rest, &parsed)) {
    parsed.sign = absl::ConsumePrefix(&rest, "+")   ? Sign::kPlus
                  : absl::ConsumePrefix(&rest, "-") ? Sign::kMinus
                                                    : Sign::kIs;
    if (absl::ConsumePrefix(&rest, "=")) {
      parsed.value = std::string(rest);
      return parsed;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", word,
                   "\" is no edit; write FIELD=VALUE, FIELD+=VALUE, FIELD-=VALUE or "
                   "FIELD[KEY]=VALUE"));
}

absl::StatusOr<FieldWord> ParseFieldPath(absl::string_view path) {
  FieldWord parsed;
  absl::string_view rest = path;
  if (TakePath(&rest, &parsed) && rest.empty()) return parsed;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", path, "\" names no field; write FIELD or FIELD[KEY]"));
}

Kind FirstWrite(const sync::FieldType& field) {
  switch (field.rule) {
    case options::v1::RULE_TEXT:
      return Kind::kText;
    case options::v1::RULE_SET:
      return Kind::kAdd;
    case options::v1::RULE_LOG:
      return Kind::kAppend;
    case options::v1::RULE_COUNTER:
      return Kind::kCount;
    default:
      return Kind::kSet;
  }
}

absl::StatusOr<sdk::Edit> ToEdit(const sync::RecordType& type, const FieldWord& word, bool birth,
                                 const ValueSources& sources) {
  const sync::FieldType* field = type.Field(absl::string_view(word.field));
  if (field == nullptr) {
    return absl::NotFoundError(absl::StrCat("a ", type.short_name, " has no field ", word.field,
                                            "; sotay fields ", type.short_name, " lists them"));
  }
  if (field->is_map && word.key.empty()) {
    return Bad(*field, absl::StrCat("has a key; write ", field->name, "[KEY]=VALUE"));
  }
  if (!field->is_map && !word.key.empty()) return Bad(*field, "has no keys");

  sdk::Edit edit;
  edit.field = word.field;
  edit.key = word.key;
  SOTAY_ASSIGN_OR_RETURN(edit.kind, KindOf(*field, word.sign, birth));
  SOTAY_ASSIGN_OR_RETURN(std::string value, Source(*field, word.value, sources));
  if (edit.kind == Kind::kText && word.sign == Sign::kPlus) {
    const std::string before = sources.shown_text(*field);
    if (!before.empty()) value = absl::StrCat(before, "\n", value);
  }
  SOTAY_ASSIGN_OR_RETURN(edit.value, Converted(*field, word, edit.kind, value, sources));
  return edit;
}

absl::StatusOr<const sync::FieldType*> TextField(const sync::RecordType& type,
                                                 const std::string& name) {
  const auto is_text = [](const sync::FieldType* field) {
    return field != nullptr && field->rule == options::v1::RULE_TEXT;
  };
  if (!name.empty()) {
    const sync::FieldType* field = type.Field(absl::string_view(name));
    if (is_text(field)) return field;
    return absl::InvalidArgumentError(absl::StrCat("field ", name, " is no running text"));
  }
  if (is_text(type.title)) return type.title;
  for (const auto& [number, field] : type.fields) {
    if (is_text(&field)) return &field;
  }
  return absl::InvalidArgumentError(absl::StrCat("a ", type.short_name, " has no running text"));
}

}  // namespace sotay::cli
