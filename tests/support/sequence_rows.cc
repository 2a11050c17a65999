#include "tests/support/sequence_rows.h"

namespace sotay::tests {

void NoteSequences(const sync::IngestOutcome& outcome, SequenceRows* rows) {
  for (const sync::NewEntry& entry : outcome.entries) {
    stored::v1::SequenceRow& row = (*rows)[entry.device][entry.sequence];
    row.Clear();
    row.set_change_id(entry.id.str());
    row.set_verdict(v1::VERDICT_APPLIED);
    row.set_unit_id(entry.unit_id);
    row.set_position(entry.admission.position());
  }
  for (const sync::SetAside& aside : outcome.set_aside) {
    const v1::QuarantinedChange& change = aside.change;
    if (change.reason() == v1::REASON_FORKED_BRANCH) continue;
    const auto device = *sync::DeviceId::From(change.device_id());
    stored::v1::SequenceRow& row = (*rows)[device][change.sequence()];
    row.Clear();
    row.set_change_id(change.change_id());
    row.set_verdict(change.verdict());
    row.set_reason(change.reason());
    row.set_message(change.message());
  }
}

}  // namespace sotay::tests
