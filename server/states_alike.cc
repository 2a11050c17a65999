#include "server/states_alike.h"

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/options.pb.h"

namespace sotay::server {
namespace {

// The label of a value as people read it; empty when it has none.
std::string LabelOf(const google::protobuf::EnumValueDescriptor& value) {
  // A type from a descriptor file keeps its options in a pool of its own.
  google::protobuf::EnumValueOptions known;
  known.ParseFromString(value.options().SerializeAsString());
  return known.GetExtension(options::v1::value).label().SerializeAsString();
}

std::set<int32_t> AlikeTo(const google::protobuf::EnumValueDescriptor& value) {
  std::set<int32_t> alike = {value.number()};
  const std::string label = LabelOf(value);
  for (int i = 0; !label.empty() && i < value.type()->value_count(); ++i) {
    const auto& other = *value.type()->value(i);
    if (LabelOf(other) == label) alike.insert(other.number());
  }
  return alike;
}

}  // namespace

std::map<std::string, std::set<int32_t>> StatesAlike(const sync::Schema& schema,
                                                     const std::string& name) {
  std::map<std::string, std::set<int32_t>> alike;
  for (const auto& [type_name, type] : schema.types()) {
    if (type.state == nullptr || type.state->descriptor->enum_type() == nullptr) continue;
    const auto* value = type.state->descriptor->enum_type()->FindValueByName(name);
    if (value != nullptr) alike.emplace(type_name, AlikeTo(*value));
  }
  return alike;
}

}  // namespace sotay::server
