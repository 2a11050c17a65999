#include "sync/attaching.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/attaching.pb.h"
#include "sync/fragment.h"
#include "sync/status_macros.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

constexpr size_t kHashBytes = 32;
// An attachment of a finding of an inspection is two deep; a ring has no end.
constexpr int kDepthMax = 8;

absl::Status Bad(const RecordType& type, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("schema: type ", type.name, ": attaching: ", what));
}

absl::Status FindOnce(const RecordType& type, const std::string& name, const char* as,
                      FieldDescriptor::Type kind, uint32_t* number) {
  const FieldType* const field = type.Field(absl::string_view(name));
  if (field == nullptr || field->rule != options::v1::RULE_ONCE || !field->required ||
      field->repeated || field->descriptor->type() != kind) {
    return Bad(type,
               absl::StrCat(as, " names ", name, ", which is no required ONCE field of its kind"));
  }
  *number = field->number;
  return absl::OkStatus();
}

absl::Status FindState(const RecordType& type, const options::v1::Attaching& declared,
                       Attaching* attaching) {
  if (declared.state().empty()) {
    return declared.withdrawn().empty() ? absl::OkStatus() : Bad(type, "withdrawn without a state");
  }
  const FieldType* const field = type.Field(absl::string_view(declared.state()));
  if (field == nullptr || field->rule != options::v1::RULE_STATE) {
    return Bad(type, absl::StrCat("state names ", declared.state(), ", which is no STATE field"));
  }
  attaching->state = field->number;
  for (const std::string& name : declared.withdrawn()) {
    const auto* const value = field->descriptor->enum_type()->FindValueByName(name);
    if (value == nullptr || value->number() == 0) {
      return Bad(type, absl::StrCat(name, " is no state it comes to"));
    }
    attaching->withdrawn.insert(value->number());
  }
  return absl::OkStatus();
}

// What `value_of` says the fields hold; nothing when that is not well formed.
template <typename ValueOf>
absl::optional<AttachedFile> Read(const Attaching& attaching, const ValueOf& value_of) {
  AttachedFile file;
  file.sha256 = std::string(StringOf(value_of(attaching.hash)).value_or(""));
  file.size = VarintOf(value_of(attaching.size)).value_or(0);
  if (file.sha256.size() != kHashBytes || file.size == 0) return absl::nullopt;
  if (attaching.state != 0) {
    const auto state = static_cast<int32_t>(VarintOf(value_of(attaching.state)).value_or(0));
    file.withdrawn = attaching.withdrawn.count(state) != 0;
  }
  return file;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Attaching>> ReadAttaching(const RecordType& type) {
  // Of types from a descriptor file as of those compiled in (schema.cc).
  pb::MessageOptions known;
  known.ParseFromString(type.descriptor->options().SerializeAsString());
  if (!known.HasExtension(options::v1::attaching)) return std::shared_ptr<const Attaching>();
  const options::v1::Attaching& declared = known.GetExtension(options::v1::attaching);
  if (type.root) return Bad(type, "an attachment opens no dossier");
  bool hangs = false;
  for (const auto& [number, field] : type.fields) {
    if (!field.parent) continue;
    hangs = true;
    if (field.rule != options::v1::RULE_ONCE) {
      return Bad(type, absl::StrCat(field.name, " is a parent and not ONCE"));
    }
  }
  if (!hangs) return Bad(type, "it has no parent");
  auto attaching = std::make_shared<Attaching>();
  SOTAY_RETURN_IF_ERROR(
      FindOnce(type, declared.hash(), "hash", FieldDescriptor::TYPE_BYTES, &attaching->hash));
  SOTAY_RETURN_IF_ERROR(
      FindOnce(type, declared.size(), "size", FieldDescriptor::TYPE_UINT64, &attaching->size));
  SOTAY_RETURN_IF_ERROR(FindState(type, declared, attaching.get()));
  return std::shared_ptr<const Attaching>(std::move(attaching));
}

absl::optional<AttachedFile> FileOf(const MergedRecord& record) {
  if (record.type() == nullptr || record.type()->attaching == nullptr) return absl::nullopt;
  const Attaching& attaching = *record.type()->attaching;
  auto file = Read(attaching, [&record](uint32_t field) -> absl::string_view {
    const FieldSlot* const slot = record.Slot(field);
    if (slot == nullptr || slot->readings.empty()) return "";
    return slot->readings.front().value;
  });
  const FieldSlot* const state = attaching.state == 0 ? nullptr : record.Slot(attaching.state);
  if (file.has_value() && state != nullptr) {
    // As long as people disagree whether it is, it is not.
    file->withdrawn =
        !state->readings.empty() &&
        std::all_of(state->readings.begin(), state->readings.end(), [&](const auto& reading) {
          const auto value = static_cast<int32_t>(VarintOf(reading.value).value_or(0));
          return attaching.withdrawn.count(value) != 0;
        });
  }
  return file;
}

absl::optional<AttachedFile> FileIn(const RecordType& type, const v1::RecordEdit& edit) {
  if (type.attaching == nullptr) return absl::nullopt;
  return Read(*type.attaching, [&edit](uint32_t field) -> absl::string_view {
    for (const v1::FieldOp& op : edit.ops()) {
      if (op.field() == field) return op.set();
    }
    return "";
  });
}

std::vector<RecordId> ParentsOf(const MergedRecord& record) {
  std::vector<RecordId> parents;
  if (record.type() == nullptr) return parents;
  for (const auto& [number, field] : record.type()->fields) {
    if (!field.parent) continue;
    const FieldSlot* const slot = record.Slot(number);
    if (slot == nullptr) continue;
    for (const StandingReading& reading : slot->readings) {
      if (const auto id = RecordId::From(StringOf(reading.value).value_or(""))) {
        parents.push_back(*id);
      }
    }
  }
  return parents;
}

bool HangsUnder(const Schema& schema, const MergedRecord& record, const RecordId& object,
                const std::function<const MergedRecord*(const RecordId&)>& find) {
  std::vector<RecordId> above = ParentsOf(record);
  for (int depth = 0; depth < kDepthMax && !above.empty(); ++depth) {
    if (std::find(above.begin(), above.end(), object) != above.end()) return true;
    std::vector<RecordId> next;
    for (const RecordId& id : above) {
      const MergedRecord* const parent = find(id);
      if (parent == nullptr || !schema.IsCovered(parent->type_name())) continue;
      for (const RecordId& one : ParentsOf(*parent)) next.push_back(one);
    }
    above = std::move(next);
  }
  return false;
}

}  // namespace sotay::sync
