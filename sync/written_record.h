// A record on its way to the store: one the store has, with new edits laid on it, or one that
// was just born.  Most notes are written once and then only read; so a newborn is merged when
// somebody asks what is in it, and the store needs to know no more of it than where its one
// change stands (server/store.h).  Value; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/merged_record.h"

namespace sotay::sync {

// An edit that makes a record, with what is needed to apply it.  What it points to outlives it.
struct Birth {
  const RecordType* type = nullptr;
  const v1::Change* change = nullptr;
  const v1::RecordEdit* edit = nullptr;
  const v1::Admission* admission = nullptr;  // which has its SERVER fields
  Author author;
  std::vector<std::string> texts;  // after each TEXT operation

  RecordId id() const;
  RecordId dossier() const;
  // The record before its first edit.
  MergedRecord Unborn() const;
  MergedRecord Merged() const;
};

// The record that the change of a log entry made, as long as no other edit has come to it.
// kDataLoss when the entry makes no such record.
absl::StatusOr<MergedRecord> BornIn(const Schema& schema, const v1::LogEntry& entry,
                                    const RecordId& record);

class WrittenRecord {
 public:
  // As the store has it; `loaded` outlives this.
  WrittenRecord(const MergedRecord* loaded, uint64_t position)
      : position_(position), previous_position_(position), loaded_(loaded) {}
  WrittenRecord(Birth birth, uint64_t position) : position_(position), birth_(std::move(birth)) {}

  const MergedRecord& record() const;
  // To lay an edit on it, which stands at `position`.
  MergedRecord* Edit(uint64_t position);
  // The one edit this record is made of; null when it is made of more, or was there before.
  const Birth* newborn() const { return birth_.has_value() ? &*birth_ : nullptr; }

  const std::string& unit_id() const;
  RecordId dossier() const;
  // Its latest place in the unit's feed, and the one it had in the store; 0: it had none.
  uint64_t position() const { return position_; }
  uint64_t previous_position() const { return previous_position_; }

 private:
  uint64_t position_ = 0;
  uint64_t previous_position_ = 0;
  // One of these says what is in it, the last that is there: as loaded, as born, as edited.
  const MergedRecord* loaded_ = nullptr;
  absl::optional<Birth> birth_;
  mutable absl::optional<MergedRecord> merged_;
};

// Records by id, each where it is as long as these live; gone through in the order they came in,
// which follows from the order of the changes and of nothing else.  An edit asks some ten times for
// its record and its dossier's, so that is a look into a hash table.
class WrittenRecords {
 public:
  using Record = std::pair<RecordId, WrittenRecord>;

  WrittenRecords() = default;
  WrittenRecords(WrittenRecords&&) = default;
  WrittenRecords& operator=(WrittenRecords&&) = default;

  // Null: it is not among them.
  WrittenRecord* Find(const RecordId& id);
  const WrittenRecord* Find(const RecordId& id) const;
  // One that is not among them.
  WrittenRecord* Add(const RecordId& id, WrittenRecord record);
  // Leaves those that were only read out.
  void DropUnwritten();

  std::deque<Record>::const_iterator begin() const { return records_.begin(); }
  std::deque<Record>::const_iterator end() const { return records_.end(); }

 private:
  std::deque<Record> records_;
  absl::flat_hash_map<RecordId, WrittenRecord*> places_;
};

}  // namespace sotay::sync
