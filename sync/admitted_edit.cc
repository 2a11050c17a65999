#include "sync/admitted_edit.h"

namespace sotay::sync {

absl::optional<AdmittedEdit> AdmittedEditOf(const v1::LogEntry& entry, const RecordId& record) {
  v1::Change change;
  if (!change.ParseFromString(entry.change())) return absl::nullopt;
  return TakeAdmittedEdit(entry, &change, record);
}

absl::optional<AdmittedEdit> TakeAdmittedEdit(const v1::LogEntry& entry, v1::Change* read,
                                              const RecordId& record) {
  v1::Change& change = *read;
  const auto id = ChangeId::From(entry.change_id());
  const auto device = DeviceId::From(change.device_id());
  if (!id.has_value() || !device.has_value()) return absl::nullopt;
  for (v1::RecordEdit& edit : *change.mutable_edits()) {
    if (edit.record_id() != record.view()) continue;
    AdmittedEdit admitted;
    admitted.change = *id;
    admitted.device = *device;
    admitted.sequence = change.sequence();
    admitted.claimed_ms = change.claimed_ms();
    admitted.reason = change.reason();
    admitted.edit = std::move(edit);
    admitted.admission = entry.admission();
    auto* const assigned = admitted.admission.mutable_assigned();
    for (int i = assigned->size(); i-- > 0;) {
      if ((*assigned)[i].record_id() != record.view()) assigned->DeleteSubrange(i, 1);
    }
    admitted.told = VersionVector::FromProto(entry.seen());
    return admitted;
  }
  return absl::nullopt;
}

HistoryNode NodeOf(const AdmittedEdit& admitted) {
  HistoryNode node;
  const v1::Admission& admission = admitted.admission;
  node.author = {admitted.change,     admitted.device,     admitted.sequence,    admission.stamp(),
                 admission.user_id(), admitted.claimed_ms, admission.authority()};
  if (admission.has_taken_in()) node.author.StandApart();
  node.reason = admitted.reason;
  node.edit = admitted.edit;
  for (const v1::AssignedOp& assigned : admission.assigned())
    node.assigned.push_back(assigned.op());
  return node;
}

}  // namespace sotay::sync
