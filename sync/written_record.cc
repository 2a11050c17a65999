#include "sync/written_record.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/admitted_edit.h"
#include "sync/history.h"

namespace sotay::sync {

RecordId Birth::id() const { return *RecordId::From(edit->record_id()); }

RecordId Birth::dossier() const { return *RecordId::From(change->dossier_id()); }

MergedRecord Birth::Unborn() const {
  return MergedRecord(type, id(), edit->type(), change->unit_id(), dossier());
}

MergedRecord Birth::Merged() const {
  MergedRecord record = Unborn();
  record.Apply(*edit, author, VersionVector(), texts);
  for (const v1::AssignedOp& assigned : admission->assigned()) {
    if (assigned.record_id() == edit->record_id()) record.Assign(assigned.op(), author);
  }
  return record;
}

absl::StatusOr<MergedRecord> BornIn(const Schema& schema, const v1::LogEntry& entry,
                                    const RecordId& record) {
  v1::Change change;
  absl::optional<AdmittedEdit> admitted;
  if (change.ParseFromString(entry.change())) admitted = TakeAdmittedEdit(entry, &change, record);
  if (!admitted.has_value() || change.dossier_id().size() != RecordId::kSize) {
    return absl::DataLossError(absl::StrCat("the entry does not make record ", record.Short()));
  }
  HistoryNode node = NodeOf(*admitted);
  Birth birth;
  birth.type = schema.Find(node.edit.type());
  birth.change = &change;
  birth.edit = &node.edit;
  birth.admission = &admitted->admission;
  birth.author = std::move(node.author);
  auto texts = TextsAfter(node.edit, birth.Unborn());
  if (!texts.ok()) return absl::DataLossError(texts.status().message());
  birth.texts = *std::move(texts);
  return birth.Merged();
}

const MergedRecord& WrittenRecord::record() const {
  if (merged_.has_value()) return *merged_;
  if (!birth_.has_value()) return *loaded_;
  return merged_.emplace(birth_->Merged());
}

MergedRecord* WrittenRecord::Edit(uint64_t position) {
  if (!merged_.has_value()) merged_.emplace(birth_.has_value() ? birth_->Merged() : *loaded_);
  birth_.reset();
  position_ = position;
  return &*merged_;
}

const std::string& WrittenRecord::unit_id() const {
  return birth_.has_value() ? birth_->change->unit_id() : record().unit_id();
}

RecordId WrittenRecord::dossier() const {
  return birth_.has_value() ? birth_->dossier() : record().dossier();
}

WrittenRecord* WrittenRecords::Find(const RecordId& id) {
  const auto at = places_.find(id);
  return at == places_.end() ? nullptr : at->second;
}

const WrittenRecord* WrittenRecords::Find(const RecordId& id) const {
  const auto at = places_.find(id);
  return at == places_.end() ? nullptr : at->second;
}

WrittenRecord* WrittenRecords::Add(const RecordId& id, WrittenRecord record) {
  WrittenRecord* const place = &records_.emplace_back(id, std::move(record)).second;
  places_.emplace(id, place);
  return place;
}

void WrittenRecords::DropUnwritten() {
  const auto only_read = [](const Record& at) {
    return at.second.position() == at.second.previous_position();
  };
  if (std::none_of(records_.begin(), records_.end(), only_read)) return;
  WrittenRecords kept;
  for (Record& at : records_) {
    if (!only_read(at)) kept.Add(at.first, std::move(at.second));
  }
  *this = std::move(kept);
}

}  // namespace sotay::sync
