#include "sync/awaited.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace sotay::sync {
namespace {

// Everything that ever came to a record, refused changes too; null: it has to be loaded first.
const History* CameTo(const RecordId& record, Bench* bench) {
  const auto at = bench->histories.find(record);
  if (at != bench->histories.end()) return &at->second;
  bench->histories_needed.insert(record);
  return nullptr;
}

Refusal AsksForHistory() {
  return Refusal{v1::REASON_UNSPECIFIED, "asks for the record's history"};
}

Refusal WaitsFor(const RecordId& record, absl::string_view what, Decision* decision) {
  decision->waits_for = RecordMarker(record);
  return Refusal{v1::REASON_PARENT_UNKNOWN,
                 absl::StrCat("record ", record.Short(), ": ", what, " is not here yet")};
}

}  // namespace

absl::optional<Refusal> CheckAwaited(const Arrival& arrival, const Signature& signature,
                                     const WrittenRecord* object, Bench* bench,
                                     Decision* decision) {
  // Their own come before it, or wait by themselves.
  const auto lacks = [&](const VersionVector& here) {
    const auto& named = signature.version.entries();
    return std::any_of(named.begin(), named.end(), [&](const VersionVector::Entry& entry) {
      return entry.first != arrival.Device() && !here.Has(entry.first, entry.second);
    });
  };
  if (object == nullptr || lacks(object->record().seen())) {
    const History* const came = CameTo(signature.object, bench);
    if (came == nullptr) return AsksForHistory();
    if (lacks(came->Everything())) return WaitsFor(signature.object, "what was signed", decision);
    if (object == nullptr) {
      return Refusal{v1::REASON_SIGNATURE_STALE, "the record that is signed is not here"};
    }
  }
  if (!signature.supersedes.has_value() || bench->Find(*signature.supersedes) != nullptr) {
    return absl::nullopt;
  }
  const History* const came = CameTo(*signature.supersedes, bench);
  if (came == nullptr) return AsksForHistory();
  if (!came->nodes().empty()) return absl::nullopt;
  return WaitsFor(*signature.supersedes, "the signature it follows", decision);
}

ChangeId RecordMarker(const RecordId& record) {
  std::string bytes = record.str();
  bytes.resize(ChangeId::kSize, '\1');
  return *ChangeId::From(bytes);
}

std::vector<ChangeId> ArrivedWith(const IngestOutcome& outcome) {
  std::vector<ChangeId> arrived;
  for (const NewEntry& entry : outcome.entries) {
    arrived.insert(arrived.end(), entry.satisfies.begin(), entry.satisfies.end());
    for (const RecordId& record : entry.records) arrived.push_back(RecordMarker(record));
  }
  for (const SetAside& aside : outcome.set_aside) {
    if (aside.change.verdict() != v1::VERDICT_QUARANTINED) continue;
    if (const auto id = ChangeId::From(aside.change.change_id())) arrived.push_back(*id);
    for (const RecordId& record : aside.records) arrived.push_back(RecordMarker(record));
  }
  return arrived;
}

}  // namespace sotay::sync
