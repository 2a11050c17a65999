#include "tests/laws/paper.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <vector>

#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/options.pb.h"
#include "sotay/options/v1/yielding.pb.h"

namespace sotay::laws {
namespace {

namespace pb = google::protobuf;

// The compiled fixture; its path comes from CMake.
pb::FileDescriptorSet Compiled() {
  std::ifstream file(SOTAY_LAWS_SCHEMA, std::ios::binary);
  pb::FileDescriptorSet set;
  if (!file || !set.ParseFromIstream(&file)) {
    std::cerr << "laws: " << SOTAY_LAWS_SCHEMA << " is no descriptor set\n";
    std::abort();
  }
  return set;
}

// The same file before the other fields were invented.
pb::FileDescriptorSet Keeping(const std::set<uint32_t>& known) {
  pb::FileDescriptorSet set = Compiled();
  for (pb::FileDescriptorProto& file : *set.mutable_file()) {
    if (file.package() != "laws.v1") continue;
    for (pb::DescriptorProto& message : *file.mutable_message_type()) {
      if (message.name() != "Paper") continue;
      pb::DescriptorProto kept = message;
      kept.clear_field();
      for (const pb::FieldDescriptorProto& field : message.field()) {
        if (known.count(static_cast<uint32_t>(field.number())) != 0) *kept.add_field() = field;
      }
      kept.clear_nested_type();
      message = kept;
    }
  }
  return set;
}

std::shared_ptr<const sync::Schema> Built(const std::vector<pb::FileDescriptorSet>& sets) {
  // The options must be in the pool below before a descriptor file may speak of them.
  auto schema = sync::Schema::Build(
      {options::v1::FieldRule::descriptor()->file(), options::v1::Yielding::descriptor()->file()},
      sets);
  if (!schema.ok()) {
    std::cerr << "laws: " << schema.status().ToString() << "\n";
    std::abort();
  }
  return *schema;
}

}  // namespace

const sync::Schema& SchemaOf(Build build) {
  static const auto* newest = new auto(Built({Compiled()}));
  static const auto* older = new auto(Built({Keeping({kName, kBody, kPages, kStage, kNumber})}));
  static const auto* oldest = new auto(Built({Keeping({kName})}));
  static const auto* stranger = new auto(Built({}));
  switch (build) {
    case kNewest:
      return **newest;
    case kOlder:
      return **older;
    case kOldest:
      return **oldest;
    case kStranger:
      break;
  }
  return **stranger;
}

const sync::RecordType* TypeOf(Build build, const std::string& type) {
  return SchemaOf(build).Find(type);
}

}  // namespace sotay::laws
