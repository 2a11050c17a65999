#include "server/feed_check.h"

#include "sotay/v1/record.pb.h"
#include "sync/merged_record.h"

namespace sotay::server {

void FeedCheck::LookAtBirth(absl::string_view unit, const FeedPlace& place) {
  const std::string key = FeedKey(unit, place.position, place.record);
  const auto stored = store_.LoadRecord(place.record);
  if (!stored.ok() || !stored->has_value()) return fault_(key, "its record is missing");
  const auto gone = store_.Get(key);
  if (!gone.ok()) return fault_(key, gone.status().message());
  const uint64_t now = (*stored)->position;
  if ((*stored)->unit != unit || now < place.position) {
    fault_(key, "its record stands at another place");
  } else if (now > place.position) {
    if (!gone->has_value()) fault_(key, "its record went on, and no row says that it is gone");
  } else if (!(*stored)->newborn) {
    fault_(key, "stands among births, and is no newborn");
  } else if (gone->has_value()) {
    fault_(key, "stands among births, and has a row beside");
  }
}

void FeedCheck::LookAtBirths(absl::string_view key, const KeyParts& parts,
                             absl::string_view value) {
  const absl::optional<BirthRun> run = BirthRun::Read(parts.number, value);
  if (!run.has_value()) return fault_(key, "cannot be read");
  BirthRun made;
  stored::v1::FeedRow row;
  for (const FeedPlace& place : run->places()) {
    FeedPlace& before = born_[parts.name];
    const std::string at = FeedKey(parts.name, place.position, place.record);
    if (!(before < place)) fault_(at, "stands among births behind a later one, or twice");
    before = place;
    // As its one change made it, whatever has become of it since.
    const auto newborn = store_.LoadNewborn(parts.name, place.position, place.record);
    const auto record = newborn.ok() ? sync::MergedRecord::Parse(schema_, newborn->bytes)
                                     : absl::StatusOr<sync::MergedRecord>(newborn.status());
    if (!record.ok()) {
      fault_(at, record.status().message());
      continue;
    }
    FillFeedRow(sync::WrittenRecord(&*record, place.position), &row);
    row.set_newborn(true);
    made.Add(place, row);
    LookAtBirth(parts.name, place);
  }
  // Where one run ends the next begins, and none ends where nothing happened yet.
  born_[parts.name] = {parts.number,
                       *sync::RecordId::From(std::string(sync::RecordId::kSize, '\xff'))};
  if (!store_.LoadAdmission(parts.name, parts.number).ok()) fault_(key, "ends where no change is");
  std::string said;
  made.AppendTo(parts.number, &said);
  if (said != value) fault_(key, "says something else of its records");
}

// That all up to there have their rows is seen birth by birth.
void FeedCheck::LookAtFiled(absl::string_view key, const KeyParts& parts, absl::string_view value) {
  const absl::optional<uint64_t> position = TakeNumber(&value);
  if (!position.has_value() || !value.empty()) return fault_(key, "cannot be read");
  if (!store_.LoadAdmission(parts.name, *position).ok()) fault_(key, "names no place in the log");
}

void FeedCheck::LookAtRow(absl::string_view key, const KeyParts& parts, absl::string_view value) {
  const FeedPlace place{parts.number, *sync::RecordId::From(parts.record)};
  const auto stored = store_.LoadRecord(place.record);
  if (!stored.ok() || !stored->has_value()) return fault_(key, "its record is missing");
  if ((*stored)->unit != parts.name) return fault_(key, "its record is of another unit");
  if (value.empty()) {
    const auto birth = store_.LoadBirth(parts.name, place);
    if (!birth.ok() || !birth->has_value()) {
      return fault_(key, "says that a record is gone which was not born there");
    }
    if ((*stored)->position == place.position)
      fault_(key, "says that a record is gone which is not");
    return;
  }
  if ((*stored)->position != place.position) {
    return fault_(key, "its record stands at another place");
  }
  if ((*stored)->newborn) return fault_(key, "its record is newborn, and belongs among births");
  const auto record = sync::MergedRecord::Parse(schema_, (*stored)->bytes);
  if (!record.ok()) return fault_(key, record.status().message());
  stored::v1::FeedRow row;
  FillFeedRow(sync::WrittenRecord(&*record, place.position), &row);
  if (row.SerializeAsString() != value) fault_(key, "says something else of its record");
}

}  // namespace sotay::server
