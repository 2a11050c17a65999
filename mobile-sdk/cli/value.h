// One value of one field, in words and as JSON.  Values come as wire fragments, from newer and
// older builds as well, and are read by reflection; one that cannot be read is shown as bytes,
// never left out.  Pure; any thread.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "mobile-sdk/cli/reader.h"
#include "nlohmann/json.hpp"
#include "sync/schema.h"

namespace sotay::cli {

// An int64 field whose name says that it holds milliseconds since 1970.
bool IsInstant(const sync::FieldType& field);

// A message of a value and its unit, which people write as "4,2 m".
bool IsMeasurement(const google::protobuf::Descriptor& type);

// "Số đo", "Measurements", or the field's name.  `field` null: "trường 512".
std::string FieldLabel(const Voice& voice, const sync::FieldType* field, uint32_t number);
// "Ghi chép", "Note", or the full name.
std::string TypeLabel(const Reader& reader, const std::string& type_name);
// "Hiện trường", "Scene", or the value's name.
std::string EnumLabel(const Voice& voice, const google::protobuf::EnumValueDescriptor& value);
// The label of an enum value by its name ("NOTE_STATE_SUBMITTED") in a STATE field; the name
// itself when it is not known; `born` for an empty one.
std::string StateLabel(const Reader& reader, const std::string& type_name,
                       const std::string& value_name);

// The value in `fragment` as a person says it: enums by label, instants in ICT, people by name,
// "4,2 m" for a measurement.  May hold line feeds; not yet fit to show.  Empty for a cleared
// field.  `type` or `field` null: as far as it can be read without knowing.
std::string ValueInWords(const Reader& reader, const sync::RecordType* type,
                         const sync::FieldType* field, absl::string_view fragment);

// The same as protobuf JSON of the value (of the map entry's value); null for a cleared field;
// {"unknown": "<hex>"} when no schema reads it.
nlohmann::json ValueAsJson(const sync::Schema& schema, const sync::RecordType* type,
                           const sync::FieldType* field, absl::string_view fragment);

// A message as protobuf JSON with the field names of its .proto.
nlohmann::json MessageAsJson(const google::protobuf::Message& message);

}  // namespace sotay::cli
