#include "sync/written_record.h"

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
  for (const v1::FieldOp& op : assigned) record.Assign(op, author);
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
  birth.author = std::move(node.author);
  birth.assigned = std::move(node.assigned);
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

}  // namespace sotay::sync
