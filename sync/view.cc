#include "sync/view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "sync/fragment.h"

namespace sotay::sync {
namespace {

const FieldType* TypeOf(const MergedRecord& record, uint32_t field) {
  return record.type() != nullptr ? record.type()->Field(field) : nullptr;
}

// The part of a slot that is in force, as it stands in the content.
void AppendShown(const FieldType* field, const FieldPath& path, const FieldSlot& slot,
                 std::string* content) {
  const Rule rule = field != nullptr ? field->rule : slot.rule;
  if (rule == options::v1::RULE_COUNTER) {  // without its type nobody knows how it is written
    if (field != nullptr) *content += CounterFragment(*field, path.second, slot.total);
    return;
  }
  if (slot.readings.empty()) return;
  if (rule == options::v1::RULE_LOG) {
    for (const StandingReading& reading : slot.readings) *content += reading.value;
    return;
  }
  if (rule == options::v1::RULE_SET) {
    const std::string* last = nullptr;  // equal elements stand side by side
    for (const StandingReading& reading : slot.readings) {
      if (last == nullptr || *last != reading.value) *content += reading.value;
      last = &reading.value;
    }
    return;
  }
  *content += slot.readings.front().value;
}

bool SameValue(const FieldSlot& slot) {
  return std::all_of(slot.readings.begin(), slot.readings.end(), [&](const StandingReading& r) {
    return r.value == slot.readings.front().value;
  });
}

bool InConflict(const MergedRecord& record, const FieldType* field, const FieldSlot& slot) {
  if (slot.readings.size() < 2) return false;
  switch (field != nullptr ? field->rule : options::v1::RULE_UNSPECIFIED) {
    case options::v1::RULE_REGISTER:
    case options::v1::RULE_TEXT:
    case options::v1::RULE_ONCE:
      return !SameValue(slot);
    case options::v1::RULE_STATE: {
      const StandingReading& first = slot.readings.front();
      const uint32_t authority = record.author(first.author).authority;
      return std::any_of(slot.readings.begin(), slot.readings.end(), [&](const StandingReading& r) {
        return r.value != first.value && record.author(r.author).authority == authority;
      });
    }
    default:
      return false;
  }
}

void PutBytes(std::string* out, absl::string_view bytes) {
  absl::StrAppend(out, bytes.size(), ":", bytes);
}

}  // namespace

std::string ContentBytes(const MergedRecord& record) {
  std::string content;
  for (const auto& [path, slot] : record.fields()) {
    AppendShown(TypeOf(record, path.first), path, slot, &content);
  }
  return content;
}

std::unique_ptr<google::protobuf::Message> Content(const Schema& schema,
                                                   const MergedRecord& record) {
  if (record.type() == nullptr) return nullptr;
  std::unique_ptr<google::protobuf::Message> message = schema.New(*record.type());
  if (!message->ParseFromString(ContentBytes(record))) return nullptr;
  return message;
}

std::vector<Conflict> Conflicts(const MergedRecord& record) {
  std::vector<Conflict> conflicts;
  for (const auto& [path, slot] : record.fields()) {
    const FieldType* field = TypeOf(record, path.first);
    if (!InConflict(record, field, slot)) continue;
    Conflict& conflict = conflicts.emplace_back();
    conflict.field = path.first;
    conflict.key = path.second;
    conflict.type = field;
    conflict.readings = slot.readings;
    conflict.id = absl::StrCat(record.id().Short(), ".",
                               field != nullptr ? field->name : absl::StrCat(path.first));
    if (!path.second.empty()) absl::StrAppend(&conflict.id, ".", path.second);
  }
  return conflicts;
}

size_t ConflictCount(const MergedRecord& record) {
  size_t count = 0;
  for (const auto& [path, slot] : record.fields()) {
    if (InConflict(record, TypeOf(record, path.first), slot)) ++count;
  }
  return count;
}

std::string VisibleBytes(const MergedRecord& record) {
  std::string out;
  PutBytes(&out, record.id().view());
  PutBytes(&out, record.type_name());
  PutBytes(&out, record.unit_id());
  PutBytes(&out, record.dossier().view());
  for (const auto& [path, slot] : record.fields()) {
    absl::StrAppend(&out, "\n", path.first, "/");
    PutBytes(&out, path.second);
    absl::StrAppend(&out, "=", slot.total);
    for (const StandingReading& reading : slot.readings) {
      const Author& author = record.author(reading.author);
      absl::StrAppend(&out, "|", author.sequence, ",", author.stamp, ",");
      PutBytes(&out, author.device.view());
      PutBytes(&out, author.user_id);
      PutBytes(&out, reading.value);
    }
  }
  return out;
}

}  // namespace sotay::sync
