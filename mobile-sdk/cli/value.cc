#include "mobile-sdk/cli/value.h"

#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "mobile-sdk/cli/instant.h"
#include "sync/fragment.h"
#include "sync/ids.h"
#include "sync/text.h"

namespace sotay::cli {
namespace {

namespace pb = google::protobuf;

std::string BytesInWords(const std::string& bytes) {
  if (bytes.size() == sync::RecordId::kSize) return absl::BytesToHexString(bytes).substr(0, 8);
  return absl::BytesToHexString(bytes);
}

std::string MessageInWords(const Reader& reader, const pb::Message& message);

// Element `index` of a repeated field, or the field itself when `index` is negative.
std::string ElementInWords(const Reader& reader, const pb::Message& message,
                           const pb::FieldDescriptor& field, int index) {
  const pb::Reflection& look = *message.GetReflection();
  const bool many = index >= 0;
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING: {
      const std::string text =
          many ? look.GetRepeatedString(message, &field, index) : look.GetString(message, &field);
      if (field.type() == pb::FieldDescriptor::TYPE_BYTES) return BytesInWords(text);
      return reader.names.HasPerson(text) ? reader.names.Person(text) : text;
    }
    case pb::FieldDescriptor::CPPTYPE_ENUM: {
      const pb::EnumValueDescriptor* value =
          many ? look.GetRepeatedEnum(message, &field, index) : look.GetEnum(message, &field);
      return EnumLabel(reader.voice, *value);
    }
    case pb::FieldDescriptor::CPPTYPE_BOOL: {
      const bool yes =
          many ? look.GetRepeatedBool(message, &field, index) : look.GetBool(message, &field);
      return yes ? reader.voice("có", "yes") : reader.voice("không", "no");
    }
    case pb::FieldDescriptor::CPPTYPE_INT64: {
      const int64_t number =
          many ? look.GetRepeatedInt64(message, &field, index) : look.GetInt64(message, &field);
      return absl::EndsWith(field.name(), "_ms") ? InstantInWords(number) : absl::StrCat(number);
    }
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(many ? look.GetRepeatedInt32(message, &field, index)
                               : look.GetInt32(message, &field));
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(many ? look.GetRepeatedUInt32(message, &field, index)
                               : look.GetUInt32(message, &field));
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(many ? look.GetRepeatedUInt64(message, &field, index)
                               : look.GetUInt64(message, &field));
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageInWords(reader, many ? look.GetRepeatedMessage(message, &field, index)
                                         : look.GetMessage(message, &field));
    default:
      return "";  // a schema holds no floating point
  }
}

std::string MessageInWords(const Reader& reader, const pb::Message& message) {
  const pb::Descriptor& type = *message.GetDescriptor();
  const pb::FieldDescriptor* value = type.FindFieldByName("value");
  const pb::FieldDescriptor* unit = type.FindFieldByName("unit");
  if (type.field_count() == 2 && value != nullptr && unit != nullptr) {  // something measured
    const std::string number = ElementInWords(reader, message, *value, -1);
    const std::string measure = ElementInWords(reader, message, *unit, -1);
    return measure.empty() ? number : absl::StrCat(number, " ", measure);
  }
  std::vector<const pb::FieldDescriptor*> present;
  message.GetReflection()->ListFields(message, &present);
  std::vector<std::string> parts;
  for (const pb::FieldDescriptor* field : present) {
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      parts.push_back(
          absl::StrCat(field->name(), ": ",
                       ElementInWords(reader, message, *field, field->is_repeated() ? i : -1)));
    }
  }
  return absl::StrJoin(parts, "; ");
}

// The message with nothing but `fragment` in it; null when it does not parse.
std::unique_ptr<pb::Message> Around(const sync::Schema& schema, const sync::RecordType& type,
                                    absl::string_view fragment) {
  std::unique_ptr<pb::Message> message = schema.New(type);
  if (!message->ParseFromArray(fragment.data(), static_cast<int>(fragment.size()))) return nullptr;
  return message;
}

// The map entry that is the only one in `message`; null when there is none.
const pb::Message* OnlyEntry(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& look = *message.GetReflection();
  return look.FieldSize(message, &field) == 1 ? &look.GetRepeatedMessage(message, &field, 0)
                                              : nullptr;
}

std::string UnknownInWords(const Reader& reader, absl::string_view fragment) {
  const auto text = sync::StringOf(fragment);
  if (text.has_value() && sync::ScalarCount(*text).has_value()) return std::string(*text);
  const auto number = sync::VarintOf(fragment);
  if (number.has_value()) return absl::StrCat(*number);
  return absl::StrCat(fragment.size(), " byte", reader.voice("", "s"), " ",
                      absl::BytesToHexString(fragment));
}

}  // namespace

bool IsInstant(const sync::FieldType& field) {
  return !field.is_map && absl::EndsWith(field.name, "_ms") &&
         field.value_descriptor->cpp_type() == pb::FieldDescriptor::CPPTYPE_INT64;
}

bool IsMeasurement(const pb::Descriptor& type) {
  return type.field_count() == 2 && type.FindFieldByName("value") != nullptr &&
         type.FindFieldByName("unit") != nullptr;
}

std::string FieldLabel(const Voice& voice, const sync::FieldType* field, uint32_t number) {
  if (field == nullptr) return absl::StrCat(voice("trường ", "field "), number);
  return voice.Label(field->label_vi, field->label_en, field->name);
}

std::string TypeLabel(const Reader& reader, const std::string& type_name) {
  const sync::RecordType* type = reader.schema->Find(type_name);
  return type == nullptr ? type_name
                         : reader.voice.Label(type->label_vi, type->label_en, type->name);
}

std::string EnumLabel(const Voice& voice, const pb::EnumValueDescriptor& value) {
  // A type from a descriptor file keeps its options in a pool of its own; the round trip
  // gives them back as the messages this build knows.
  pb::EnumValueOptions known;
  known.ParseFromString(value.options().SerializeAsString());
  const auto& label = known.GetExtension(options::v1::value).label();
  return voice.Label(label.vi(), label.en(), value.name());
}

std::string StateLabel(const Reader& reader, const std::string& type_name,
                       const std::string& value_name) {
  const sync::RecordType* type = reader.schema->Find(type_name);
  if (type == nullptr || type->state == nullptr) return value_name;
  const pb::EnumDescriptor& values = *type->state->value_descriptor->enum_type();
  const pb::EnumValueDescriptor* value = values.FindValueByName(value_name);
  return value == nullptr ? value_name : EnumLabel(reader.voice, *value);
}

std::string ValueInWords(const Reader& reader, const sync::RecordType* type,
                         const sync::FieldType* field, absl::string_view fragment) {
  if (fragment.empty()) return "";
  if (type == nullptr || field == nullptr) return UnknownInWords(reader, fragment);
  const std::unique_ptr<pb::Message> message = Around(*reader.schema, *type, fragment);
  if (message == nullptr) return UnknownInWords(reader, fragment);
  if (field->is_map) {
    const pb::Message* entry = OnlyEntry(*message, *field->descriptor);
    return entry == nullptr ? UnknownInWords(reader, fragment)
                            : ElementInWords(reader, *entry, *field->value_descriptor, -1);
  }
  if (!field->repeated) return ElementInWords(reader, *message, *field->descriptor, -1);
  const int count = message->GetReflection()->FieldSize(*message, field->descriptor);
  std::vector<std::string> parts;
  for (int i = 0; i < count; ++i) {
    parts.push_back(ElementInWords(reader, *message, *field->descriptor, i));
  }
  return absl::StrJoin(parts, ", ");
}

nlohmann::json MessageAsJson(const pb::Message& message) {
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!pb::util::MessageToJsonString(message, &text, options).ok()) {
    return {{"unknown", absl::BytesToHexString(message.SerializeAsString())}};
  }
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

nlohmann::json ValueAsJson(const sync::Schema& schema, const sync::RecordType* type,
                           const sync::FieldType* field, absl::string_view fragment) {
  if (fragment.empty()) return nullptr;
  const nlohmann::json unknown = {{"unknown", absl::BytesToHexString(fragment)}};
  if (type == nullptr || field == nullptr) return unknown;
  const std::unique_ptr<pb::Message> message = Around(schema, *type, fragment);
  if (message == nullptr) return unknown;
  const nlohmann::json whole = MessageAsJson(*message);
  const auto value = whole.find(field->name);
  if (value == whole.end()) {
    // The default of a field without presence: proto3 leaves it out, JSON says it.
    pb::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    options.always_print_primitive_fields = true;
    std::string text;
    if (!pb::util::MessageToJsonString(*message, &text, options).ok()) return unknown;
    const nlohmann::json all = nlohmann::json::parse(text, nullptr, false);
    return all.contains(field->name) ? all[field->name] : unknown;
  }
  if (value->is_object() && field->is_map) return value->empty() ? unknown : *value->begin();
  if (value->is_array()) return value->size() == 1 ? value->front() : *value;
  return *value;
}

}  // namespace sotay::cli
