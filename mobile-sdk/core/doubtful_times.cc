#include "mobile-sdk/core/doubtful_times.h"

#include <cstdlib>
#include <set>
#include <utility>

#include "mobile-sdk/core/own_changes.h"
#include "sync/fragment.h"
#include "sync/merged_record.h"
#include "sync/status_macros.h"
#include "sync/unknown_time.h"

namespace sotay::sdk {

const sync::FieldType* WhenField(const sync::RecordType& type) {
  return type.Field(absl::string_view("occurred_ms"));  // casework/v1/envelope.proto
}

namespace {

// Records in which a change of ours says when it happened, and no later one answers: one that is
// not sent, or was refused, as of a signed record each is.  That one waits for whoever decides
// about it.
absl::StatusOr<std::set<sync::RecordId>> RecordsTold(const Desk& desk, uint64_t accepted_through) {
  std::set<sync::RecordId> records;
  v1::Change change;
  const auto look = [&](uint64_t sequence, const stored::v1::OwnChange& own) {
    if (IsWithheld(own) || !change.ParseFromString(own.change())) return true;
    for (const v1::RecordEdit& edit : change.edits()) {
      const sync::RecordType* const type = desk.schema->Find(edit.type());
      const sync::FieldType* const when = type == nullptr ? nullptr : WhenField(*type);
      if (when == nullptr) continue;
      for (const v1::FieldOp& op : edit.ops()) {
        const auto id = sync::RecordId::From(edit.record_id());
        if (op.field() != when->number || !id.has_value()) continue;
        if (sequence <= accepted_through && FateOf(own.outcome()) != Fate::kQuarantined) {
          records.insert(*id);
        } else {
          records.erase(*id);
        }
      }
    }
    return true;
  };
  SOTAY_RETURN_IF_ERROR(desk.store->EachOwnChange(1, look));
  return records;
}

}  // namespace

absl::StatusOr<std::vector<DoubtfulTime>> DoubtfulTimes(const Desk& desk,
                                                        uint64_t accepted_through) {
  std::vector<DoubtfulTime> doubtful;
  SOTAY_ASSIGN_OR_RETURN(const auto records, RecordsTold(desk, accepted_through));
  for (const sync::RecordId& id : records) {
    SOTAY_ASSIGN_OR_RETURN(const auto base, desk.store->Base(id));
    if (!base.has_value()) continue;  // it has left
    SOTAY_ASSIGN_OR_RETURN(const auto record, sync::MergedRecord::Parse(*desk.schema, *base));
    const sync::FieldType* const when =
        record.type() == nullptr ? nullptr : WhenField(*record.type());
    const sync::FieldSlot* const slot = when == nullptr ? nullptr : record.Slot(when->number);
    if (slot == nullptr) continue;
    for (const sync::StandingReading& reading : slot->readings) {
      const sync::Author& author = record.author(reading.author);
      const auto at_ms = sync::VarintOf(reading.value);
      if (author.writer() != desk.device || !at_ms.has_value()) continue;
      DoubtfulTime time;
      time.record = id;
      time.field = when->name;
      time.at_ms = static_cast<int64_t>(*at_ms);
      time.unknown = sync::IsTimeUnknown(author.stamp);
      if (!time.unknown) time.ahead_ms = author.claimed_ms - sync::StampMs(author.stamp);
      if (time.unknown || std::llabs(time.ahead_ms) >= sync::kSkewCorrectedMsMin) {
        doubtful.push_back(std::move(time));
      }
    }
  }
  return doubtful;
}

}  // namespace sotay::sdk
