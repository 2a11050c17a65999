#include "sync/numbering.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/numbering.pb.h"
#include "sync/day.h"
#include "sync/fragment.h"
#include "sync/status_macros.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;

constexpr int kDaysOfYear = 10'000;  // a day is yyyymmdd
constexpr size_t kSignBytesMax = 32;

absl::Status Bad(const FieldType& field, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("schema: field ", field.descriptor->full_name(), ": ", what));
}

// Of types from a descriptor file as of those compiled in (schema.cc).
absl::optional<options::v1::Numbering> DeclaredOf(const FieldType& field) {
  pb::FieldOptions known;
  known.ParseFromString(field.descriptor->options().SerializeAsString());
  if (!known.HasExtension(options::v1::numbering)) return absl::nullopt;
  return known.GetExtension(options::v1::numbering);
}

absl::Status ReadStates(const RecordType& type, const FieldType& field,
                        const options::v1::Numbering& declared, Numbering* numbering) {
  if (type.state == nullptr) return Bad(field, "numbering needs a type with a state_field");
  if (declared.at().empty()) return Bad(field, "numbering names no state");
  for (const std::string& name : declared.at()) {
    const auto* value = type.state->descriptor->enum_type()->FindValueByName(name);
    if (value == nullptr) return Bad(field, absl::StrCat(name, " is no state of the type"));
    if (value->number() == 0 || type.state->transitions.count({0, value->number()}) != 0) {
      return Bad(field, absl::StrCat("a record may be born as ", name, ", before it has a number"));
    }
    numbering->at.insert(value->number());
  }
  return absl::OkStatus();
}

absl::Status ReadSigns(const RecordType& type, const FieldType& field,
                       const options::v1::Numbering& declared, Numbering* numbering) {
  const FieldType* const by = type.Field(absl::string_view(declared.by()));
  if (by == nullptr || by->rule != options::v1::RULE_ONCE ||
      by->descriptor->type() != pb::FieldDescriptor::TYPE_ENUM) {
    return Bad(field, absl::StrCat("numbering by ", declared.by(), ", which is no ONCE enum"));
  }
  numbering->by = by->number;
  const pb::EnumDescriptor& values = *by->descriptor->enum_type();
  for (const options::v1::NumberSign& sign : declared.signs()) {
    const auto* value = values.FindValueByName(sign.value());
    if (value == nullptr || sign.sign().empty() || sign.sign().size() > kSignBytesMax) {
      return Bad(field, absl::StrCat("the sign of ", sign.value(), " cannot be read"));
    }
    numbering->signs[value->number()] = sign.sign();
  }
  for (int i = 0; i < values.value_count(); ++i) {
    if (numbering->signs.count(values.value(i)->number()) == 0) {
      return Bad(field, absl::StrCat(values.value(i)->name(), " has no sign"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Numbering>> ReadNumbering(const RecordType& type) {
  std::shared_ptr<Numbering> numbering;
  for (const auto& [number, field] : type.fields) {
    const auto declared = DeclaredOf(field);
    if (!declared.has_value()) continue;
    if (numbering != nullptr) return Bad(field, "the type has another number already");
    if (field.rule != options::v1::RULE_SERVER || field.is_map ||
        field.assigned != options::v1::ASSIGNED_UNSPECIFIED ||
        field.descriptor->type() != pb::FieldDescriptor::TYPE_STRING) {
      return Bad(field, "numbering needs a string of RULE_SERVER");
    }
    numbering = std::make_shared<Numbering>();
    numbering->field = number;
    SOTAY_RETURN_IF_ERROR(ReadStates(type, field, *declared, numbering.get()));
    SOTAY_RETURN_IF_ERROR(ReadSigns(type, field, *declared, numbering.get()));
  }
  return std::shared_ptr<const Numbering>(std::move(numbering));
}

std::string NumberInWords(uint64_t number, absl::string_view sign, absl::string_view unit) {
  return absl::StrCat(absl::Dec(number, absl::kZeroPad2), "/", sign, "-",
                      absl::AsciiStrToUpper(unit));
}

absl::optional<v1::AssignedOp> GiveNumber(const Author& author, int64_t now_ms,
                                          UnitNumbers* numbers, MergedRecord* record) {
  const RecordType* const type = record->type();
  if (type == nullptr || type->numbering == nullptr) return absl::nullopt;
  const Numbering& numbering = *type->numbering;
  if (numbering.at.count(record->StateInForce(type->state->number)) == 0) return absl::nullopt;
  if (record->Slot(numbering.field) != nullptr) return absl::nullopt;
  // A value of a newer build counts with those that say nothing.
  auto sign = numbering.signs.find(record->StateInForce(numbering.by));
  if (sign == numbering.signs.end()) sign = numbering.signs.find(0);
  v1::AssignedOp given;
  given.set_record_id(record->id().str());
  given.set_series(absl::StrCat(sign->second, "/", DayOf(now_ms) / kDaysOfYear));
  given.set_number(++(*numbers)[record->unit_id()][given.series()]);
  given.mutable_op()->set_field(numbering.field);
  given.mutable_op()->set_set(StringFragment(
      numbering.field, NumberInWords(given.number(), sign->second, record->unit_id())));
  record->Assign(given.op(), author);
  return given;
}

}  // namespace sotay::sync
