#include "sync/schema.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "sync/assignments.h"
#include "sync/attaching.h"
#include "sync/numbering.h"
#include "sync/saw.h"
#include "sync/secrecy.h"
#include "sync/signing.h"
#include "sync/status_macros.h"
#include "sync/yielding.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;
using options::v1::FieldRule;
using options::v1::RecordRule;

// Options of a type from a descriptor file live in a pool of their own; a round trip
// through bytes gives them back as the messages we were compiled with.
template <typename Options>
Options Known(const Options& foreign) {
  Options known;
  known.ParseFromString(foreign.SerializeAsString());
  return known;
}

std::set<Role> RoleSet(const pb::RepeatedField<int>& roles, std::set<Role> fallback) {
  if (roles.empty()) return fallback;
  std::set<Role> set;
  for (int role : roles) set.insert(static_cast<Role>(role));
  return set;
}

absl::Status Bad(const pb::FieldDescriptor& field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("schema: field ", field.full_name(), ": ", what));
}

// What keeps a value of `message` from being read like any other; empty when nothing does.  In
// proto2 a value may lack what it requires, and at a weak field protobuf ends the program.
std::string FlawOf(const pb::Descriptor& message, std::set<const pb::Descriptor*>* looked_at) {
  if (!looked_at->insert(&message).second) return "";
  if (message.file()->syntax() != pb::FileDescriptor::SYNTAX_PROTO3) {
    return absl::StrCat(message.full_name(), " is no proto3 message");
  }
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    if (field.options().weak()) return absl::StrCat(field.full_name(), " is a weak field");
    if (field.message_type() == nullptr) continue;
    std::string flaw = FlawOf(*field.message_type(), looked_at);
    if (!flaw.empty()) return flaw;
  }
  return "";
}

absl::Status CheckShape(const pb::FieldDescriptor& field, const FieldType& type) {
  using options::v1::Rule_Name;
  const pb::FieldDescriptor& value = *type.value_descriptor;
  if (field.file()->syntax() != pb::FileDescriptor::SYNTAX_PROTO3) {
    return Bad(field, "a record must be a proto3 message");
  }
  if (field.options().weak()) return Bad(field, "weak fields are not allowed");
  if (field.message_type() != nullptr) {
    std::set<const pb::Descriptor*> looked_at;
    const std::string flaw = FlawOf(*field.message_type(), &looked_at);
    if (!flaw.empty()) return Bad(field, flaw);
  }
  if (value.cpp_type() == pb::FieldDescriptor::CPPTYPE_FLOAT ||
      value.cpp_type() == pb::FieldDescriptor::CPPTYPE_DOUBLE) {
    return Bad(field, "floating point has no exact equality; use a decimal string");
  }
  if (value.type() == pb::FieldDescriptor::TYPE_GROUP) return Bad(field, "groups are not allowed");
  if (field.real_containing_oneof() != nullptr) return Bad(field, "oneofs are not allowed");
  if (type.is_map && field.message_type()->map_key()->type() != pb::FieldDescriptor::TYPE_STRING) {
    return Bad(field, "map keys must be strings");
  }
  if (type.is_map &&
      (type.rule == options::v1::RULE_ONCE || type.rule == options::v1::RULE_SERVER)) {
    return Bad(field, "a map needs RULE_REGISTER, RULE_LATEST or RULE_COUNTER");
  }
  const bool plural = type.rule == options::v1::RULE_SET || type.rule == options::v1::RULE_LOG;
  if (plural != type.repeated) {
    return Bad(field, plural ? absl::StrCat(Rule_Name(type.rule), " needs a repeated field")
                             : "a repeated field needs RULE_SET or RULE_LOG");
  }
  switch (type.rule) {
    case options::v1::RULE_TEXT:
      if (type.is_map || value.type() != pb::FieldDescriptor::TYPE_STRING) {
        return Bad(field, "RULE_TEXT needs a string");
      }
      break;
    case options::v1::RULE_COUNTER:
      if (value.type() != pb::FieldDescriptor::TYPE_INT64 &&
          value.type() != pb::FieldDescriptor::TYPE_SINT64) {
        return Bad(field, "RULE_COUNTER needs int64 or sint64");
      }
      break;
    case options::v1::RULE_STATE:
      if (type.is_map || value.type() != pb::FieldDescriptor::TYPE_ENUM) {
        return Bad(field, "RULE_STATE needs an enum");
      }
      if (type.transitions.empty()) return Bad(field, "RULE_STATE needs transitions");
      break;
    default:
      break;
  }
  if (type.assigned == options::v1::ASSIGNED_RECEIVED_MS &&
      (type.rule != options::v1::RULE_SERVER || type.is_map ||
       value.type() != pb::FieldDescriptor::TYPE_INT64)) {
    return Bad(field, "ASSIGNED_RECEIVED_MS needs an int64 of RULE_SERVER");
  }
  return absl::OkStatus();
}

absl::Status ReadTransitions(const pb::FieldDescriptor& field, const FieldRule& rule,
                             FieldType* type) {
  if (rule.transitions().empty() && type->rule != options::v1::RULE_STATE) return absl::OkStatus();
  if (field.type() != pb::FieldDescriptor::TYPE_ENUM) return Bad(field, "transitions need an enum");
  const pb::EnumDescriptor& values = *field.enum_type();
  for (const auto& step : rule.transitions()) {
    const pb::EnumValueDescriptor* from = values.FindValueByName(step.from());
    const pb::EnumValueDescriptor* to = values.FindValueByName(step.to());
    if (from == nullptr || to == nullptr) {
      return Bad(field, absl::StrCat("transition ", step.from(), " → ", step.to(),
                                     " names no value of ", values.full_name()));
    }
    type->transitions[{from->number(), to->number()}] = RoleSet(step.roles(), {});
    if (step.settled()) type->settled.insert({from->number(), to->number()});
  }
  for (int i = 0; i < values.value_count(); ++i) {
    const auto known = Known(values.value(i)->options());
    type->caution[values.value(i)->number()] = known.GetExtension(options::v1::value).caution();
  }
  return absl::OkStatus();
}

absl::StatusOr<FieldType> ReadField(const pb::FieldDescriptor& field) {
  const FieldRule rule = Known(field.options()).GetExtension(options::v1::field);
  FieldType type;
  type.number = static_cast<uint32_t>(field.number());
  type.name = field.name();
  type.rule = rule.rule() == options::v1::RULE_UNSPECIFIED
                  ? (field.is_repeated() && !field.is_map() ? options::v1::RULE_SET
                                                            : options::v1::RULE_REGISTER)
                  : rule.rule();
  type.is_map = field.is_map();
  type.repeated = field.is_repeated() && !field.is_map();
  type.required = rule.required();
  type.parent = rule.parent();
  type.searchable = rule.searchable();
  type.bytes_max = rule.bytes_max();
  type.assigned = rule.assigned();
  type.label_vi = rule.label().vi();
  type.label_en = rule.label().en();
  type.writers = RoleSet(rule.writers(), {options::v1::ROLE_PROSECUTOR});
  type.descriptor = &field;
  type.value_descriptor = field.is_map() ? field.message_type()->map_value() : &field;
  SOTAY_RETURN_IF_ERROR(ReadTransitions(field, rule, &type));
  SOTAY_RETURN_IF_ERROR(CheckShape(field, type));
  if (type.rule == options::v1::RULE_STATE) SOTAY_RETURN_IF_ERROR(ReadYielding(&type));
  SOTAY_RETURN_IF_ERROR(ReadSaw(&type));
  return type;
}

}  // namespace

const FieldType* RecordType::Field(uint32_t number) const {
  const auto at = fields.find(number);
  return at == fields.end() ? nullptr : &at->second;
}

const FieldType* RecordType::Field(absl::string_view field_name) const {
  for (const auto& [number, field] : fields) {
    if (field.name == field_name) return &field;
  }
  return nullptr;
}

Schema::Schema() = default;
Schema::~Schema() = default;

absl::StatusOr<std::shared_ptr<const Schema>> Schema::Build(
    const std::vector<const pb::FileDescriptor*>& files,
    const std::vector<pb::FileDescriptorSet>& sets) {
  std::shared_ptr<Schema> schema(new Schema());
  // What is compiled in stands below, so that a descriptor file may import it.
  schema->pool_ = std::make_unique<pb::DescriptorPool>(pb::DescriptorPool::generated_pool());
  schema->factory_ = std::make_unique<pb::DynamicMessageFactory>(schema->pool_.get());
  for (const pb::FileDescriptor* file : files) SOTAY_RETURN_IF_ERROR(schema->AddFile(*file));
  for (const pb::FileDescriptorSet& set : sets) {
    for (const pb::FileDescriptorProto& proto : set.file()) {
      if (schema->pool_->FindFileByName(proto.name()) != nullptr) continue;
      const pb::FileDescriptor* file = schema->pool_->BuildFile(proto);
      if (file == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("schema: file ", proto.name(),
                         " does not build; write the descriptor set with --include_imports"));
      }
      SOTAY_RETURN_IF_ERROR(schema->AddFile(*file));
    }
  }
  return std::shared_ptr<const Schema>(std::move(schema));
}

absl::Status Schema::AddFile(const pb::FileDescriptor& file) {
  for (int i = 0; i < file.message_type_count(); ++i) {
    SOTAY_RETURN_IF_ERROR(AddType(*file.message_type(i)));
  }
  return absl::OkStatus();
}

absl::Status Schema::AddType(const pb::Descriptor& message) {
  const pb::MessageOptions known = Known(message.options());
  if (!known.HasExtension(options::v1::record)) return absl::OkStatus();
  const RecordRule& rule = known.GetExtension(options::v1::record);
  RecordType type;
  type.name = message.full_name();
  type.short_name = rule.short_name();
  type.label_vi = rule.label().vi();
  type.label_en = rule.label().en();
  type.root = rule.root();
  type.creators = RoleSet(rule.creators(), {options::v1::ROLE_PROSECUTOR});
  type.descriptor = &message;
  for (int i = 0; i < message.field_count(); ++i) {
    SOTAY_ASSIGN_OR_RETURN(FieldType field, ReadField(*message.field(i)));
    type.fields.emplace(field.number, std::move(field));
  }
  if (by_name_.contains(type.name) || by_name_.contains(type.short_name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("schema: type ", type.name, " (", type.short_name, ") is there already"));
  }
  RecordType& placed = types_.emplace(type.name, std::move(type)).first->second;
  by_name_[placed.name] = &placed;
  if (!placed.short_name.empty()) by_name_[placed.short_name] = &placed;
  const auto named = [&](const std::string& name, const FieldType** field) {
    if (name.empty()) return absl::OkStatus();
    *field = placed.Field(absl::string_view(name));
    return *field != nullptr ? absl::OkStatus()
                             : absl::InvalidArgumentError(absl::StrCat("schema: type ", placed.name,
                                                                       " has no field ", name));
  };
  for (const auto& [number, field] : placed.fields) {
    if (!field.yielding.empty()) placed.yielding.push_back(&field);
  }
  SOTAY_RETURN_IF_ERROR(named(rule.title_field(), &placed.title));
  SOTAY_RETURN_IF_ERROR(named(rule.state_field(), &placed.state));
  if (placed.state != nullptr && placed.state->rule != options::v1::RULE_STATE) {
    return Bad(*placed.state->descriptor, "is named as state_field but is no RULE_STATE");
  }
  SOTAY_ASSIGN_OR_RETURN(placed.numbering, ReadNumbering(placed));
  SOTAY_ASSIGN_OR_RETURN(placed.signing, ReadSigning(placed));
  SOTAY_ASSIGN_OR_RETURN(placed.attaching, ReadAttaching(placed));
  SOTAY_ASSIGN_OR_RETURN(placed.secrecy, ReadSecrecy(placed));
  SOTAY_ASSIGN_OR_RETURN(placed.assigning, ReadAssigning(placed));
  if (placed.signing != nullptr) {
    covered_.insert(placed.signing->covers.begin(), placed.signing->covers.end());
  }
  return absl::OkStatus();
}

const RecordType* Schema::Find(absl::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second;
}

std::unique_ptr<pb::Message> Schema::New(const RecordType& type) const {
  return std::unique_ptr<pb::Message>(factory_->GetPrototype(type.descriptor)->New());
}

}  // namespace sotay::sync
