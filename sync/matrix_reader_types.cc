// What a table of rights says of record types: of what field of work their dossiers are, when they
// count as submitted, and for whom what they open is.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sync/matrix_reader.h"
#include "sync/status_macros.h"

namespace sotay::sync {

absl::StatusOr<const FieldType*> MatrixReader::ChoiceNamed(const RecordType& type,
                                                           absl::string_view name) const {
  const FieldType* field = type.Field(name);
  if (field == nullptr || field->is_map || field->repeated ||
      field->descriptor->enum_type() == nullptr) {
    return Wrong(
        absl::StrCat(type.short_name, " has no field ", name, " that holds one of some values"));
  }
  return field;
}

absl::StatusOr<std::vector<int32_t>> MatrixReader::StatesNamed(const RecordType& type,
                                                               const Words& words,
                                                               size_t from) const {
  if (type.state == nullptr || type.state->descriptor->enum_type() == nullptr) {
    return Wrong(absl::StrCat(type.short_name, " has no state"));
  }
  std::vector<int32_t> states;
  for (size_t i = from; i < words.size(); ++i) {
    SOTAY_ASSIGN_OR_RETURN(const int32_t state,
                           ValueNamed(*type.state->descriptor->enum_type(), words[i]));
    states.push_back(state);
  }
  return states;
}

absl::Status MatrixReader::ReadFieldOf(const Words& words) {
  const Words place = words.size() >= 4 ? Words(absl::StrSplit(words[2], '.')) : Words();
  if (place.size() != 2) return Wrong("expected: field-of FIELD[,FIELD] TYPE.FIELD VALUE ...");
  SOTAY_ASSIGN_OR_RETURN(const FieldSet fields, FieldsNamed(words[1]));
  SOTAY_ASSIGN_OR_RETURN(const RecordType* type, TypeNamed(place[0]));
  SOTAY_ASSIGN_OR_RETURN(const FieldType* field, ChoiceNamed(*type, place[1]));
  TypeInMatrix& known = matrix_->types_[type->name];
  if (known.field_number != 0 && known.field_number != field->number) {
    return Wrong(absl::StrCat("another field of ", type->short_name, " says its field of work"));
  }
  known.field_number = field->number;
  for (size_t i = 3; i < words.size(); ++i) {
    SOTAY_ASSIGN_OR_RETURN(const int32_t value,
                           ValueNamed(*field->descriptor->enum_type(), words[i]));
    if (!known.fields.emplace(value, fields).second) {
      return Wrong(absl::StrCat(words[i], " is given fields of work twice"));
    }
  }
  return absl::OkStatus();
}

absl::Status MatrixReader::ReadSubmitted(const Words& words) {
  if (words.size() < 3) return Wrong("expected: submitted TYPE STATE ...");
  SOTAY_ASSIGN_OR_RETURN(const RecordType* type, TypeNamed(words[1]));
  SOTAY_ASSIGN_OR_RETURN(std::vector<int32_t> states, StatesNamed(*type, words, 2));
  TypeInMatrix& known = matrix_->types_[type->name];
  if (!known.submitted.empty()) {
    return Wrong(absl::StrCat("submitted ", type->short_name, " is said twice"));
  }
  known.submitted = std::move(states);
  return absl::OkStatus();
}

absl::Status MatrixReader::ReadAssigned(const Words& words) {
  if (words.size() != 2) return Wrong("expected: assigned TYPE[,TYPE]");
  for (const absl::string_view name : absl::StrSplit(words[1], ',')) {
    SOTAY_ASSIGN_OR_RETURN(const RecordType* type, TypeNamed(name));
    if (!type->root) return Wrong(absl::StrCat("a ", type->short_name, " opens no dossier"));
    TypeInMatrix& known = matrix_->types_[type->name];
    if (known.assigned_only) return Wrong(absl::StrCat("assigned ", name, " is said twice"));
    known.assigned_only = matrix_->opens_for_some_ = true;
  }
  return absl::OkStatus();
}

absl::Status MatrixReader::ReadNames(const RecordType& type, absl::string_view list,
                                     HiddenUntil* hidden) const {
  for (const absl::string_view name : absl::StrSplit(list, ',')) {
    const FieldType* field = type.Field(name);
    if (field == nullptr || field->is_map ||
        field->descriptor->type() != google::protobuf::FieldDescriptor::TYPE_STRING ||
        field->rule == options::v1::RULE_TEXT) {
      return Wrong(absl::StrCat(type.short_name, " has no field ", name, " that holds user ids"));
    }
    hidden->names.push_back(field->number);
  }
  return absl::OkStatus();
}

absl::Status MatrixReader::ReadHidden(const Words& words) {
  const char* const expected =
      "expected: hidden TYPE.FIELD VALUE [for FIELD[,FIELD]] until STATE ...";
  const bool names = words.size() > 3 && words[3] == "for";
  const size_t until = names ? 5 : 3;
  const Words place = words.size() > until + 1 ? Words(absl::StrSplit(words[1], '.')) : Words();
  if (place.size() != 2 || words[until] != "until") return Wrong(expected);
  SOTAY_ASSIGN_OR_RETURN(const RecordType* type, TypeNamed(place[0]));
  if (!type->root) return Wrong(absl::StrCat("a ", type->short_name, " opens no dossier"));
  SOTAY_ASSIGN_OR_RETURN(const FieldType* field, ChoiceNamed(*type, place[1]));
  HiddenUntil& hidden = matrix_->types_[type->name].hidden;
  if (hidden.field != 0) return Wrong(absl::StrCat("hidden ", place[0], " is said twice"));
  hidden.field = field->number;
  SOTAY_ASSIGN_OR_RETURN(hidden.value, ValueNamed(*field->descriptor->enum_type(), words[2]));
  SOTAY_ASSIGN_OR_RETURN(hidden.begun, StatesNamed(*type, words, until + 1));
  if (names) SOTAY_RETURN_IF_ERROR(ReadNames(*type, words[4], &hidden));
  matrix_->opens_for_some_ = true;
  return absl::OkStatus();
}

}  // namespace sotay::sync
