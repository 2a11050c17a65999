// What is known of record types: for each field its merge rule, writers, labels and
// transitions, read from `sotay.options.v1` on message descriptors.  Types come compiled in
// (casework.v1) or from a descriptor file an organisation brings; both are treated alike.
// Immutable once built; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/options/v1/options.pb.h"

namespace google::protobuf {
class Descriptor;
class DescriptorPool;
class DynamicMessageFactory;
class EnumDescriptor;
class FieldDescriptor;
class FileDescriptor;
class FileDescriptorSet;
class Message;
}  // namespace google::protobuf

namespace sotay::sync {

using Rule = options::v1::Rule;
using Role = options::v1::Role;

// A field of a record type.
struct FieldType {
  uint32_t number = 0;
  std::string name;
  Rule rule = options::v1::RULE_REGISTER;
  bool is_map = false;
  bool repeated = false;  // not for maps
  bool required = false;
  bool parent = false;
  bool searchable = false;
  size_t bytes_max = 0;  // 0: the general limit
  uint32_t saw = 0;  // LOG: number of the field of an entry that says what it saw (saw.h); 0: none
  options::v1::Assigned assigned = options::v1::ASSIGNED_UNSPECIFIED;
  std::string label_vi;
  std::string label_en;
  std::set<Role> writers;
  const google::protobuf::FieldDescriptor* descriptor = nullptr;
  // For a map: the field `value` of its entry; otherwise the same as `descriptor`.
  const google::protobuf::FieldDescriptor* value_descriptor = nullptr;

  // STATE: lawful steps (from, to) → who may take them (empty: any writer), and the caution
  // of each value.  Values are enum numbers.
  std::map<std::pair<int32_t, int32_t>, std::set<Role>> transitions;
  std::set<std::pair<int32_t, int32_t>> settled;  // those of them that want a settled record
  std::map<int32_t, uint32_t> caution;
  // STATE: values whose steps yield to others' work, and who decides about them (yielding.h).
  std::map<int32_t, std::set<Role>> yielding;
};

struct Numbering;  // numbering.h
struct Signing;    // signing.h
struct Secrecy;    // secrecy.h
struct Assigning;  // assignments.h
struct Attaching;  // attaching.h

// A record type.
struct RecordType {
  std::string name;        // full name
  std::string short_name;  // for commands
  std::string label_vi;
  std::string label_en;
  bool root = false;
  std::set<Role> creators;
  const FieldType* title = nullptr;
  const FieldType* state = nullptr;
  std::map<uint32_t, FieldType> fields;
  std::vector<const FieldType*> yielding;      // those of them with values that yield
  std::shared_ptr<const Numbering> numbering;  // null: its records have no numbers
  std::shared_ptr<const Signing> signing;      // null: its records are no signatures
  std::shared_ptr<const Secrecy> secrecy;      // null: it has no secrecy gate
  std::shared_ptr<const Assigning> assigning;  // null: its records assign nobody
  std::shared_ptr<const Attaching> attaching;  // null: its records stand for no files
  const google::protobuf::Descriptor* descriptor = nullptr;

  // Nothing when the type has no such field.
  const FieldType* Field(uint32_t number) const;
  const FieldType* Field(absl::string_view name) const;
};

class Schema {
 public:
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  // Every record type of the compiled-in `files`, then of each descriptor set (as written by
  // `protoc --include_imports --descriptor_set_out`).  Fails with kInvalidArgument, naming
  // file, type and field, when a declaration breaks the rules of options.proto, or when two
  // types share a name.
  static absl::StatusOr<std::shared_ptr<const Schema>> Build(
      const std::vector<const google::protobuf::FileDescriptor*>& files,
      const std::vector<google::protobuf::FileDescriptorSet>& sets = {});

  // By full or short name; nothing when unknown.  Valid as long as the schema.
  const RecordType* Find(absl::string_view name) const;
  // All, by full name.
  const std::map<std::string, RecordType>& types() const { return types_; }
  // Whether records of that type are part of what a signature of their parent freezes.
  bool IsCovered(const std::string& type) const { return covered_.count(type) != 0; }

  // An empty message of that type, for reading content by reflection.
  std::unique_ptr<google::protobuf::Message> New(const RecordType& type) const;

 private:
  Schema();
  absl::Status AddFile(const google::protobuf::FileDescriptor& file);
  absl::Status AddType(const google::protobuf::Descriptor& message);

  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::unique_ptr<google::protobuf::DynamicMessageFactory> factory_;
  std::map<std::string, RecordType> types_;
  absl::flat_hash_map<std::string, const RecordType*> by_name_;  // full and short
  std::set<std::string> covered_;                                // by some type that signs
};

}  // namespace sotay::sync
