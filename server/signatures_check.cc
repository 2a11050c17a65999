#include "server/signatures_check.h"

#include <vector>

#include "sotay/v1/record.pb.h"
#include "sync/admitted_edit.h"
#include "sync/status_macros.h"

namespace sotay::server {

absl::StatusOr<seal::PastRecord> SignaturesCheck::Before(const std::string& unit, uint64_t position,
                                                         const sync::RecordId& record) {
  SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(record));
  v1::Record named;
  if (!stored.has_value() || stored->unit != unit || !named.ParseFromString(stored->bytes)) {
    return absl::DataLossError("the record is not in the unit");
  }
  std::vector<uint64_t> positions;
  SOTAY_RETURN_IF_ERROR(store_.VisitHistory(record, 0, [&](uint64_t at) {
    if (at < position) positions.push_back(at);
    return at < position;
  }));
  if (positions.empty()) return absl::DataLossError("the record came later");
  sync::VersionVector seen;
  for (const uint64_t at : positions) {
    SOTAY_ASSIGN_OR_RETURN(const v1::LogEntry entry, store_.LoadEntry(unit, at));
    const auto edit = sync::AdmittedEditOf(entry, record);
    if (!edit.has_value()) return absl::DataLossError("an entry of the record lacks it");
    const sync::Author author = sync::NodeOf(*edit).author;
    seen.Add(author.device, author.sequence);
  }
  SOTAY_ASSIGN_OR_RETURN(sync::History history, store_.LoadHistory(named));
  return seal::PastRecord{history.At(seen), positions.back()};
}

void SignaturesCheck::LookAtEntry(absl::string_view key, const std::string& unit,
                                  const v1::Change& change, const v1::Admission& admission) {
  replay_.Take(
      change, admission,
      [&](const sync::RecordId& record) { return Before(unit, admission.position(), record); },
      [&](absl::string_view what) { fault_(key, what); });
}

void SignaturesCheck::LookAtRow(const KeyParts& parts, absl::string_view value) {
  rows_[*sync::RecordId::From(parts.id)] = std::string(value);
}

void SignaturesCheck::End() {
  for (const auto& [record, signature] : replay_.standing()) {
    const auto row = rows_.find(record);
    if (row == rows_.end() || row->second != SigningRowOf(signature)) {
      fault_(SigningKey(record), "is not what the log says of its signature");
    }
  }
  for (const auto& [record, row] : rows_) {
    if (replay_.standing().count(record) == 0) {
      fault_(SigningKey(record), "the log has no signature of it");
    }
  }
}

}  // namespace sotay::server
