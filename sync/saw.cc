#include "sync/saw.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/saw.pb.h"
#include "sync/fragment.h"
#include "sync/signing.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;

constexpr uint32_t kLengthDelimited = 2;

void PutVarint(uint64_t number, std::string* out) {
  for (; number >= 0x80; number >>= 7) out->push_back(static_cast<char>(number | 0x80));
  out->push_back(static_cast<char>(number));
}

// The entry in a fragment; nothing when it is no message.
absl::optional<absl::string_view> EntryIn(absl::string_view fragment) {
  Occurrence entry;
  if (!NextOccurrence(&fragment, &entry) || entry.wire_type != 2 || !fragment.empty()) {
    return absl::nullopt;
  }
  return entry.payload;
}

}  // namespace

absl::Status ReadSaw(FieldType* field) {
  const pb::Descriptor* const entry = field->value_descriptor->message_type();
  if (entry == nullptr) return absl::OkStatus();
  for (int i = 0; i < entry->field_count(); ++i) {
    const pb::FieldDescriptor& part = *entry->field(i);
    // Of types from a descriptor file as of those compiled in (schema.cc).
    pb::FieldOptions known;
    known.ParseFromString(part.options().SerializeAsString());
    if (!known.GetExtension(options::v1::saw)) continue;
    const bool fits = field->rule == options::v1::RULE_LOG && field->saw == 0 &&
                      part.type() == pb::FieldDescriptor::TYPE_BYTES && !part.is_repeated();
    if (!fits) {
      return absl::InvalidArgumentError(
          absl::StrCat("schema: field ", field->descriptor->full_name(), ": ", part.full_name(),
                       " says what was seen: expected one bytes field of an entry of RULE_LOG"));
    }
    field->saw = static_cast<uint32_t>(part.number());
  }
  return absl::OkStatus();
}

void SayWhatItSaw(const FieldType& field, const VersionVector& seen, v1::FieldOp* op) {
  if (field.saw == 0 || op->op_case() != v1::FieldOp::kAppend) return;
  const auto entry = EntryIn(op->append());
  if (!entry.has_value()) return;
  std::string said;
  absl::string_view rest = *entry;
  Occurrence part;
  while (NextOccurrence(&rest, &part)) {
    if (part.number != field.saw) said.append(part.whole.data(), part.whole.size());
  }
  if (!rest.empty()) return;
  const std::string version = VersionBytes(seen);
  if (!version.empty()) said += StringFragment(field.saw, version);
  std::string fragment;
  PutVarint(uint64_t{field.number} << 3 | kLengthDelimited, &fragment);
  PutVarint(said.size(), &fragment);
  *op->mutable_append() = fragment + said;
}

absl::optional<VersionVector> SawIn(const FieldType& field, absl::string_view fragment) {
  const auto entry = EntryIn(fragment);
  if (field.saw == 0 || !entry.has_value()) return absl::nullopt;
  absl::string_view version;
  absl::string_view rest = *entry;
  Occurrence part;
  while (NextOccurrence(&rest, &part)) {
    if (part.number == field.saw) version = part.payload;
  }
  return VersionFrom(version);
}

absl::optional<Refusal> CheckSaw(const Schema& schema, const v1::RecordEdit& edit,
                                 const VersionVector& seen, const VersionVector::Entry& own) {
  for (const v1::FieldOp& op : edit.ops()) {
    if (op.op_case() != v1::FieldOp::kAppend) continue;  // nearly every one
    const RecordType* const type = schema.Find(edit.type());
    const FieldType* const field = type == nullptr ? nullptr : type->Field(op.field());
    if (field == nullptr || field->saw == 0) continue;
    const auto saw = SawIn(*field, op.append());
    bool all = saw.has_value();
    if (all) {
      for (const auto& [device, through] : saw->entries()) {
        all = all && ((device == own.first && through <= own.second) || seen.Has(device, through));
      }
    }
    if (all) continue;
    return Refusal{
        v1::REASON_BAD_VALUE,
        absl::StrCat("field ", field->name, ": an entry says that it saw what it was not made on")};
  }
  return absl::nullopt;
}

}  // namespace sotay::sync
