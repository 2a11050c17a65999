#include "sync/awaited.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace sotay::sync {
namespace {

constexpr char kMarkerFill = '\1';

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
    VersionVector here = came->Everything();
    // A change that was refused once, taken in and signed, and admitted at once in this life, came:
    // of it the signature is stale.
    for (const HistoryNode& node : came->nodes()) {
      const DeviceId as = TakenInAs(node.author.change);
      if (node.applied && signature.version.Has(as, kTakenInSequence)) {
        here.Add(as, kTakenInSequence);
      }
    }
    if (lacks(here)) return WaitsFor(signature.object, "what was signed", decision);
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
  bytes.resize(ChangeId::kSize, kMarkerFill);
  return *ChangeId::From(bytes);
}

bool IsRecordMarker(const ChangeId& waits_for) {
  const absl::string_view fill = waits_for.view().substr(RecordId::kSize);
  return fill.find_first_not_of(kMarkerFill) == fill.npos;
}

void BoundAwaited(const stored::v1::DeviceRow& device, Decision* decision) {
  if (!IsRecordMarker(decision->waits_for)) return;
  const auto wait = std::count_if(
      device.held().begin(), device.held().end(),
      [&](const auto& held) { return held.waits_for() == decision->waits_for.view(); });
  if (wait < kSignaturesHeldMax) return;
  decision->waits_for = ChangeId();
  decision->refusal =
      Refusal{v1::REASON_SIGNATURE_STALE,
              absl::StrCat("signatures of this device that wait for the same record: ", wait + 1,
                           ", limit ", kSignaturesHeldMax, "; sign again when it is there")};
}

const stored::v1::HeldRow* HeldBefore(const Schema& schema, const stored::v1::DeviceRow& device,
                                      const v1::Change& change, uint64_t sequence) {
  if (device.held().empty()) return nullptr;
  std::set<std::string> records;
  for (const v1::RecordEdit& edit : change.edits()) {
    records.insert(edit.record_id());
    const RecordType* const type = schema.Find(edit.type());
    const auto signature = type == nullptr ? absl::nullopt : SignatureIn(*type, edit);
    // It is of what that makes of the record.
    if (signature.has_value()) records.insert(signature->object.str());
  }
  for (const stored::v1::HeldRow& held : device.held()) {
    if (held.sequence() >= sequence) continue;  // a later one waits for this one
    if (std::any_of(held.record_ids().begin(), held.record_ids().end(),
                    [&](const std::string& id) { return records.count(id) != 0; })) {
      return &held;
    }
  }
  return nullptr;
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
