#include "sync/signing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/signing.pb.h"
#include "sync/fragment.h"
#include "sync/status_macros.h"
#include "sync/view.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

constexpr size_t kHashBytes = 32;
constexpr size_t kEntryBytes = DeviceId::kSize + 8;

absl::Status Bad(const RecordType& type, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("schema: type ", type.name, ": signing: ", what));
}

void PutBigEndian(uint64_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(number >> shift & 0xff));
  }
}

void PutSized(absl::string_view bytes, std::string* out) {
  PutBigEndian(bytes.size(), 4, out);
  out->append(bytes.data(), bytes.size());
}

// Finds the fields of a declaration.
class Reader {
 public:
  explicit Reader(const RecordType& type) : type_(type) {}

  absl::Status Find(const std::string& name, const char* as, FieldDescriptor::Type kind,
                    bool required, uint32_t* number) const {
    const FieldType* const field = type_.Field(absl::string_view(name));
    if (field == nullptr || field->rule != options::v1::RULE_ONCE ||
        field->descriptor->type() != kind) {
      return Bad(type_, absl::StrCat(as, " names ", name, ", which is no ONCE field of its kind"));
    }
    if (required && !field->required) return Bad(type_, absl::StrCat(name, " is not required"));
    *number = field->number;
    return absl::OkStatus();
  }

  absl::Status FindRevision(const std::string& name, uint32_t* number) const {
    const FieldType* const field = type_.Field(absl::string_view(name));
    if (field == nullptr || field->rule != options::v1::RULE_SERVER ||
        field->assigned != options::v1::ASSIGNED_UNSPECIFIED ||
        field->descriptor->type() != FieldDescriptor::TYPE_UINT64) {
      return Bad(type_, absl::StrCat("revision names ", name, ", which is no uint64 of SERVER"));
    }
    *number = field->number;
    return absl::OkStatus();
  }

  absl::Status FindSigns(const options::v1::Signing& declared, Signing* signing) const {
    const auto& values = *type_.Field(signing->decision)->descriptor->enum_type();
    for (const std::string& name : declared.signs()) {
      const auto* value = values.FindValueByName(name);
      if (value == nullptr || value->number() == 0) {
        return Bad(type_, absl::StrCat(name, " is no decision"));
      }
      signing->signs.insert(value->number());
    }
    return signing->signs.empty() ? Bad(type_, "no decision signs") : absl::OkStatus();
  }

 private:
  const RecordType& type_;
};

// Reads a signature from what `value_of` says its fields hold.
template <typename ValueOf>
absl::optional<Signature> Read(const Signing& signing, const ValueOf& value_of) {
  const auto object = RecordId::From(StringOf(value_of(signing.object)).value_or(""));
  auto version = VersionFrom(StringOf(value_of(signing.version)).value_or(""));
  const auto hash = StringOf(value_of(signing.content_hash)).value_or("");
  const auto decision = static_cast<int32_t>(VarintOf(value_of(signing.decision)).value_or(0));
  if (!object.has_value() || !version.has_value() || version->entries().empty() ||
      hash.size() != kHashBytes || decision == 0) {
    return absl::nullopt;
  }
  Signature signature;
  signature.object = *object;
  signature.version = *std::move(version);
  signature.content_hash = std::string(hash);
  signature.signs = signing.signs.count(decision) != 0;
  const auto supersedes = StringOf(value_of(signing.supersedes)).value_or("");
  signature.supersedes = RecordId::From(supersedes);
  if (!supersedes.empty() && !signature.supersedes.has_value()) return absl::nullopt;
  signature.read_again = VarintOf(value_of(signing.read_again)).value_or(0) != 0;
  return signature;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Signing>> ReadSigning(const RecordType& type) {
  // Of types from a descriptor file as of those compiled in (schema.cc).
  pb::MessageOptions known;
  known.ParseFromString(type.descriptor->options().SerializeAsString());
  if (!known.HasExtension(options::v1::signing)) return std::shared_ptr<const Signing>();
  const options::v1::Signing& declared = known.GetExtension(options::v1::signing);
  if (type.root) return Bad(type, "a signature opens no dossier");
  for (const auto& [number, field] : type.fields) {
    if (field.rule != options::v1::RULE_ONCE && field.rule != options::v1::RULE_SERVER) {
      return Bad(type, absl::StrCat(field.name, " is neither ONCE nor SERVER"));
    }
  }
  auto signing = std::make_shared<Signing>();
  const Reader reader(type);
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.object(), "object", FieldDescriptor::TYPE_BYTES, true,
                                    &signing->object));
  if (!type.Field(signing->object)->parent) return Bad(type, "object is no parent");
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.version(), "version", FieldDescriptor::TYPE_BYTES,
                                    true, &signing->version));
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.content_hash(), "content_hash",
                                    FieldDescriptor::TYPE_BYTES, true, &signing->content_hash));
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.decision(), "decision", FieldDescriptor::TYPE_ENUM,
                                    true, &signing->decision));
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.supersedes(), "supersedes",
                                    FieldDescriptor::TYPE_BYTES, false, &signing->supersedes));
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.read_again(), "read_again", FieldDescriptor::TYPE_BOOL,
                                    false, &signing->read_again));
  SOTAY_RETURN_IF_ERROR(reader.FindRevision(declared.revision(), &signing->revision));
  SOTAY_RETURN_IF_ERROR(reader.FindSigns(declared, signing.get()));
  signing->covers.insert(declared.covers().begin(), declared.covers().end());
  return std::shared_ptr<const Signing>(std::move(signing));
}

absl::optional<Signature> SignatureIn(const RecordType& type, const v1::RecordEdit& edit) {
  if (type.signing == nullptr) return absl::nullopt;
  return Read(*type.signing, [&edit](uint32_t field) -> absl::string_view {
    for (const v1::FieldOp& op : edit.ops()) {
      if (op.field() == field) return op.set();
    }
    return "";
  });
}

absl::optional<Signature> SignatureOf(const MergedRecord& record) {
  if (record.type() == nullptr || record.type()->signing == nullptr) return absl::nullopt;
  return Read(*record.type()->signing, [&record](uint32_t field) -> absl::string_view {
    const FieldSlot* const slot = record.Slot(field);
    if (slot == nullptr || slot->readings.empty()) return "";
    return slot->readings.front().value;
  });
}

std::string VersionBytes(const VersionVector& version) {
  std::string bytes;
  bytes.reserve(version.entries().size() * kEntryBytes);
  for (const auto& [device, sequence] : version.entries()) {
    bytes.append(device.view().data(), device.view().size());
    PutBigEndian(sequence, 8, &bytes);
  }
  return bytes;
}

absl::optional<VersionVector> VersionFrom(absl::string_view bytes) {
  VersionVector version;
  for (absl::string_view rest = bytes; rest.size() >= kEntryBytes;
       rest.remove_prefix(kEntryBytes)) {
    uint64_t sequence = 0;
    for (char c : rest.substr(DeviceId::kSize, 8)) {
      sequence = sequence << 8 | static_cast<unsigned char>(c);
    }
    if (sequence == 0) return absl::nullopt;
    version.Add(*DeviceId::From(rest.substr(0, DeviceId::kSize)), sequence);
  }
  if (VersionBytes(version) != bytes) return absl::nullopt;
  return version;
}

std::string SignedContent(const MergedRecord& object) {
  std::string content(object.id().view());
  PutSized(object.type_name(), &content);
  PutSized(object.unit_id(), &content);
  content.append(object.dossier().view().data(), object.dossier().view().size());
  content += WrittenBytes(object);
  return content;
}

std::vector<RecordId> PutUnder(const RecordType& type, const v1::RecordEdit& edit) {
  std::vector<RecordId> parents;
  for (const v1::FieldOp& op : edit.ops()) {
    const FieldType* const field = type.Field(op.field());
    if (field == nullptr || !field->parent || op.op_case() != v1::FieldOp::kSet) continue;
    if (const auto id = RecordId::From(StringOf(op.set()).value_or(""))) parents.push_back(*id);
  }
  return parents;
}

}  // namespace sotay::sync
