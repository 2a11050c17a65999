#include "sync/view.h"

#include <algorithm>
#include <set>

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

// Spans are apart from one another: this asks about everything else.
bool InConflict(const MergedRecord& record, const FieldType* field, const FieldSlot& slot) {
  if (slot.readings.size() < 2) return false;
  switch (field != nullptr ? field->rule : options::v1::RULE_UNSPECIFIED) {
    case options::v1::RULE_REGISTER:
    case options::v1::RULE_ONCE:
    case options::v1::RULE_LATEST:  // of which more than one stands where a time is unknown
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

// Four hexadecimal digits that follow from who reads what, so that nobody picks in a span that has
// become another (FNV-1a, folded).
std::string SpanName(const MergedRecord& record, const std::vector<StandingReading>& readings) {
  uint64_t hash = 0xCBF29CE484222325;
  const auto add = [&hash](absl::string_view bytes) {
    for (char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  };
  for (const StandingReading& reading : readings) {
    add(record.author(reading.author).change.view());
    add(reading.value);
  }
  return absl::StrCat(
      absl::Hex((hash ^ hash >> 16 ^ hash >> 32 ^ hash >> 48) & 0xFFFF, absl::kZeroPad4));
}

void PutBytes(std::string* out, absl::string_view bytes) {
  absl::StrAppend(out, bytes.size(), ":", bytes);
}

void PutReading(const MergedRecord& record, const StandingReading& reading, std::string* out) {
  const Author& author = record.author(reading.author);
  absl::StrAppend(out, "|", author.sequence, ",", author.stamp, ",");
  PutBytes(out, author.device.view());
  PutBytes(out, author.user_id);
  PutBytes(out, reading.value);
}

}  // namespace

std::string ContentBytes(const MergedRecord& record) {
  std::string content;
  for (const auto& [path, slot] : record.fields()) {
    AppendShown(TypeOf(record, path.first), path, slot, &content);
  }
  return content;
}

std::string WrittenBytes(const MergedRecord& record) {
  std::string content;
  for (const auto& [path, slot] : record.fields()) {
    const FieldType* const field = TypeOf(record, path.first);
    if (field != nullptr && field->rule == options::v1::RULE_SERVER) continue;
    AppendShown(field, path, slot, &content);
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
    Conflict conflict;
    conflict.field = path.first;
    conflict.key = path.second;
    conflict.type = field;
    conflict.id = absl::StrCat(record.id().Short(), ".",
                               field != nullptr ? field->name : absl::StrCat(path.first));
    if (!path.second.empty()) absl::StrAppend(&conflict.id, ".", path.second);
    if (InConflict(record, field, slot)) {
      conflict.readings = slot.readings;
      conflicts.push_back(conflict);
    }
    if (slot.disputes == nullptr) continue;
    const std::string place = conflict.id;
    std::set<std::string> names;
    for (size_t span = 0; span < slot.disputes->spans.size(); ++span) {
      conflict.readings = slot.disputes->spans[span];
      conflict.span = span;
      const std::string name = SpanName(record, conflict.readings);
      conflict.id = absl::StrCat(place, "#", name);
      // The same people wrote the same twice.
      for (int twin = 2; !names.insert(conflict.id).second; ++twin) {
        conflict.id = absl::StrCat(place, "#", name, "-", twin);
      }
      conflicts.push_back(conflict);
    }
  }
  return conflicts;
}

size_t ConflictCount(const MergedRecord& record) {
  size_t count = 0;
  for (const auto& [path, slot] : record.fields()) {
    if (InConflict(record, TypeOf(record, path.first), slot)) ++count;
    if (slot.disputes != nullptr) count += slot.disputes->spans.size();
  }
  return count;
}

const FieldType* Unsettled(const MergedRecord& record) {
  for (const auto& [path, slot] : record.fields()) {
    const FieldType* const field = TypeOf(record, path.first);
    if (field == nullptr) continue;
    if (slot.disputes != nullptr && !slot.disputes->spans.empty()) return field;
    if (field->rule == options::v1::RULE_REGISTER && InConflict(record, field, slot)) return field;
  }
  return nullptr;
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
    for (const StandingReading& reading : slot.readings) PutReading(record, reading, &out);
    for (const StepRequest& request : slot.requests) {
      out += "?";
      PutReading(record, {request.value, request.author}, &out);
      PutBytes(&out, request.reason);
      for (size_t author : request.unaware) PutBytes(&out, record.author(author).change.view());
    }
    if (slot.disputes == nullptr) continue;
    for (const auto& span : slot.disputes->spans) {
      absl::StrAppend(&out, "&", span.size());
      for (const StandingReading& reading : span) PutReading(record, reading, &out);
    }
    for (const SentenceAgain& again : slot.disputes->again) {
      absl::StrAppend(&out, "~", again.position, "+", again.length);
      for (size_t author : again.authors) PutBytes(&out, record.author(author).change.view());
    }
  }
  return out;
}

}  // namespace sotay::sync
