#include "sync/seal/dossier_check.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "sotay/v1/record.pb.h"
#include "sync/admitted_edit.h"
#include "sync/history.h"
#include "sync/seal/device_keys.h"
#include "sync/seal/digest.h"
#include "sync/seal/dossier_form.h"
#include "sync/seal/key.h"
#include "sync/seal/log_head.h"
#include "sync/seal/merkle.h"
#include "sync/seal/seal.h"

namespace sotay::seal {
namespace {

constexpr size_t kFaultsNamed = 100;

// A push whose seal holds.
struct SealedPush {
  uint64_t first = 0;  // sequence
  std::vector<sync::ChangeId> ids;
  std::string previous;
};

// An edit with the place in the unit's log at which, or behind which, it stands.
struct Placed {
  uint64_t position = 0;
  sync::HistoryNode node;
};

class Checker {
 public:
  Checker(const sync::Schema& schema, DossierReport* report)
      : schema_(schema), report_(*report), dossier_(report->dossier) {}

  void Fault(std::string sentence) {
    if (++faults_ <= kFaultsNamed) report_.faults.push_back(std::move(sentence));
  }
  void LookAtDevices();
  void LookAtPushes();
  void LookAtChanges();
  void LookAtRefused();
  void LookAtGone();
  void LookAtRecords();
  void LookAtSignatures();
  void Close();

 private:
  // The push that has the change, which goes on from the one before it.
  bool IsSealed(const v1::Change& change, const sync::ChangeId& id) const;
  // Null when the device sealed no change of that sequence.
  const SealedPush* PushOver(const v1::Change& change) const;
  void PutRefused(const v1::Change& change, const sync::ChangeId& id, uint64_t after);
  bool IsInLog(const v1::ProvenChange& proven, const sync::ChangeId& id) const;
  void LookAtRecord(const sync::MergedRecord& record, absl::string_view bytes);
  // The record as it was before a position of the log.
  absl::StatusOr<PastRecord> Before(uint64_t position, const sync::RecordId& record);

  const sync::Schema& schema_;
  DossierReport& report_;
  const v1::Dossier& dossier_;
  size_t faults_ = 0;
  std::map<sync::DeviceId, DeviceKeys> keys_;
  std::map<sync::DeviceId, std::string> users_;
  std::map<sync::DeviceId, std::map<uint64_t, SealedPush>> pushes_;  // by last sequence
  // By position.
  absl::flat_hash_map<sync::RecordId, std::deque<Placed>> nodes_;
  absl::flat_hash_map<sync::RecordId, std::deque<Placed>> refused_;
  // Of the records that are here.
  std::map<sync::RecordId, sync::History> histories_;
  std::map<sync::RecordId, std::vector<std::pair<uint64_t, sync::Author>>> places_;  // by position
};

// Puts what was refused where it came: behind the entry that was the newest then.
std::deque<sync::HistoryNode> InPlace(std::deque<Placed> admitted, std::deque<Placed> refused) {
  const auto came_before = [](const Placed& a, const Placed& b) {
    return std::tie(a.position, a.node.author.sequence) <
           std::tie(b.position, b.node.author.sequence);  // of one device; others share nothing
  };
  std::stable_sort(refused.begin(), refused.end(), came_before);
  std::deque<sync::HistoryNode> placed;
  for (Placed& entry : admitted) {
    for (; !refused.empty() && refused.front().position < entry.position; refused.pop_front()) {
      placed.push_back(std::move(refused.front().node));
    }
    placed.push_back(std::move(entry.node));
  }
  for (Placed& entry : refused) placed.push_back(std::move(entry.node));
  return placed;
}

void Checker::LookAtDevices() {
  for (const v1::ProvenDevice& device : dossier_.devices()) {
    auto keys = DeviceKeys::From(dossier_.organisation_id(), device.public_key(),
                                 {device.earlier().begin(), device.earlier().end()});
    const sync::DeviceId id = keys.ok() ? keys->device() : DeviceIdOf(device.public_key());
    if (!keys.ok() || device.user_id().empty() || !users_.emplace(id, device.user_id()).second) {
      Fault(absl::StrCat("device ", id.Hex(),
                         ": malformed, or there twice: ", keys.status().message()));
      continue;
    }
    keys_.emplace(id, *std::move(keys));
  }
}

void Checker::LookAtPushes() {
  for (const v1::ProvenPush& proven : dossier_.pushes()) {
    const auto device = sync::DeviceId::From(proven.device_id());
    const auto key = device.has_value() ? keys_.find(*device) : keys_.end();
    absl::string_view rest = proven.change_ids();
    SealedPush push;
    push.first = proven.first_sequence();
    push.previous = proven.previous();
    for (; rest.size() >= sync::ChangeId::kSize; rest.remove_prefix(sync::ChangeId::kSize)) {
      push.ids.push_back(*sync::ChangeId::From(rest.substr(0, sync::ChangeId::kSize)));
    }
    PushSeal seal;
    seal.organisation_id = dossier_.organisation_id();
    seal.first_sequence = proven.first_sequence();
    seal.last_sequence = proven.first_sequence() + push.ids.size() - 1;
    seal.previous = proven.previous();
    seal.ids = push.ids;
    if (device.has_value()) seal.device = *device;
    if (key == keys_.end() || !rest.empty() || push.ids.empty() || proven.first_sequence() == 0 ||
        !key->second.Of(seal.last_sequence).Verify(SealText(seal), proven.signature()) ||
        !pushes_[*device].emplace(seal.last_sequence, std::move(push)).second) {
      Fault(absl::StrCat("the push from change ", proven.first_sequence(), " of device ",
                         device.has_value() ? device->Hex() : "(none)",
                         " is not sealed by that device"));
    }
  }
}

const SealedPush* Checker::PushOver(const v1::Change& change) const {
  const auto device = sync::DeviceId::From(change.device_id());
  const auto pushes = device.has_value() ? pushes_.find(*device) : pushes_.end();
  if (pushes == pushes_.end()) return nullptr;
  // One that was sent again with more behind it is under two seals; each will do.
  const auto push = pushes->second.lower_bound(change.sequence());
  if (push == pushes->second.end() || change.sequence() < push->second.first) return nullptr;
  return &push->second;
}

bool Checker::IsSealed(const v1::Change& change, const sync::ChangeId& id) const {
  const SealedPush* const push = PushOver(change);
  if (push == nullptr) return false;
  const SealedPush& sealed = *push;
  const uint64_t at = change.sequence() - sealed.first;
  if (sealed.ids[at] != id) return false;
  return change.previous() ==
         (at == 0 ? absl::string_view(sealed.previous) : sealed.ids[at - 1].view());
}

bool Checker::IsInLog(const v1::ProvenChange& proven, const sync::ChangeId& id) const {
  std::vector<MerkleHash> proof;
  for (const std::string& bytes : proven.proof()) {
    const auto hash = HashIn(bytes);
    if (!hash.has_value()) return false;
    proof.push_back(*hash);
  }
  if (proven.position() == 0) return false;
  const auto root = RootFrom(proven.position() - 1, dossier_.head().size(),
                             LeafOf(id, proven.admission()), proof);
  return root.has_value() && root == HashIn(dossier_.head().root());
}

void Checker::LookAtChanges() {
  uint64_t before = 0;
  for (const v1::ProvenChange& proven : dossier_.changes()) {
    const std::string name = absl::StrCat("the change at position ", proven.position());
    CheckedChange checked;
    checked.id = HashChange(proven.change());
    if (!checked.change.ParseFromString(proven.change()) ||
        !checked.admission.ParseFromString(proven.admission())) {
      Fault(absl::StrCat(name, " cannot be read"));
      continue;
    }
    const v1::Change& change = checked.change;
    const v1::Admission& admission = checked.admission;
    if (proven.position() <= before) Fault(absl::StrCat(name, " is out of order"));
    before = proven.position();
    if (!IsInLog(proven, checked.id) || admission.position() != proven.position()) {
      Fault(absl::StrCat(name, " is not in the log"));
    }
    if (!IsSealed(change, checked.id)) {
      Fault(absl::StrCat(name, " was not sealed by the device it names"));
    }
    const auto device = sync::DeviceId::From(change.device_id());
    const auto user = device.has_value() ? users_.find(*device) : users_.end();
    if (user == users_.end() || user->second != admission.user_id()) {
      Fault(absl::StrCat(name, " was noted under another user than its device's"));
    }
    if (change.unit_id() != dossier_.head().unit_id() ||
        change.dossier_id() != dossier_.dossier_id()) {
      Fault(absl::StrCat(name, " is of another unit or dossier"));
    }
    v1::LogEntry entry;
    entry.set_change(proven.change());
    entry.set_change_id(checked.id.str());
    entry.set_allocated_admission(new v1::Admission(admission));
    for (const v1::RecordEdit& edit : change.edits()) {
      const auto record = sync::RecordId::From(edit.record_id());
      auto admitted = record.has_value() ? sync::AdmittedEditOf(entry, *record) : absl::nullopt;
      if (admitted.has_value()) {
        nodes_[*record].push_back({proven.position(), sync::NodeOf(*admitted)});
      }
    }
    report_.changes.push_back(std::move(checked));
  }
}

void Checker::LookAtRefused() {
  if (dossier_.refused_after_size() != dossier_.refused_size()) {
    Fault("it does not say of each refused change when it came");
  }
  for (int i = 0; i < dossier_.refused_size() && i < dossier_.refused_after_size(); ++i) {
    const std::string& bytes = dossier_.refused(i);
    v1::Change change;
    const sync::ChangeId id = HashChange(bytes);
    if (!change.ParseFromString(bytes) || !IsSealed(change, id)) {
      Fault(absl::StrCat("refused change ", id.Short(), " was not sealed by the device it names"));
      continue;
    }
    PutRefused(change, id, dossier_.refused_after(i));
  }
}

void Checker::PutRefused(const v1::Change& change, const sync::ChangeId& id, uint64_t after) {
  for (const v1::RecordEdit& edit : change.edits()) {
    const auto record = sync::RecordId::From(edit.record_id());
    auto node = record.has_value() ? sync::NodeOf(change, id.view(), *record) : absl::nullopt;
    if (!node.has_value()) continue;
    node->applied = false;
    refused_[*record].push_back({after, *std::move(node)});
  }
}

// Its content proved to be secret.  The seal over its push is over ids, so whose it is and where it
// stands among theirs is proven without it.
void Checker::LookAtGone() {
  for (const v1::GoneChange& gone : dossier_.gone()) {
    v1::Change named;
    const auto id = sync::ChangeId::From(gone.change_id());
    const bool read = id.has_value() && named.ParseFromString(gone.named());
    const SealedPush* const push = read ? PushOver(named) : nullptr;
    if (push == nullptr || push->ids[named.sequence() - push->first] != *id) {
      Fault("a change whose content is gone was not sealed by the device it names");
      continue;
    }
    PutRefused(named, *id, gone.after());
  }
}

void Checker::LookAtRecord(const sync::MergedRecord& record, absl::string_view bytes) {
  sync::History& history =
      histories_
          .emplace(record.id(), sync::MergedRecord(record.type(), record.id(), record.type_name(),
                                                   record.unit_id(), record.dossier()))
          .first->second;
  for (const Placed& entry : nodes_[record.id()]) {
    places_[record.id()].push_back({entry.position, entry.node.author});
  }
  const absl::Status added =
      sync::AddInAnyOrder(InPlace(nodes_[record.id()], refused_[record.id()]), &history);
  if (!added.ok()) {
    return Fault(absl::StrCat("record ", record.id().Hex(), ": ", added.message()));
  }
  const bool whole =
      std::all_of(history.nodes().begin(), history.nodes().end(), [&](const auto& node) {
        return !node.applied || record.seen().Has(node.author.device, node.author.sequence);
      });
  if (!whole || history.At(record.seen()).Serialize() != bytes) {
    Fault(absl::StrCat("record ", record.id().Hex(), " is not what its changes merge to"));
  }
}

void Checker::LookAtRecords() {
  std::set<sync::RecordId> here;
  for (const std::string& bytes : dossier_.records()) {
    auto record = sync::MergedRecord::Parse(schema_, bytes);
    if (!record.ok()) {
      Fault(absl::StrCat("a record cannot be read: ", record.status().message()));
      continue;
    }
    if (record->unit_id() != dossier_.head().unit_id() ||
        record->dossier().view() != dossier_.dossier_id() || !here.insert(record->id()).second) {
      Fault(absl::StrCat("record ", record->id().Hex(),
                         " is of another unit or dossier, or there twice"));
    }
    LookAtRecord(*record, bytes);
    report_.records.push_back(*std::move(record));
  }
  const auto root = sync::RecordId::From(dossier_.dossier_id());
  if (!root.has_value() || here.count(*root) == 0) Fault("the root of the dossier is missing");
  for (const auto& [record, nodes] : nodes_) {
    if (!nodes.empty() && here.count(record) == 0) {
      Fault(absl::StrCat("record ", record.Hex(), " is missing: a change edits it"));
    }
  }
}

absl::StatusOr<PastRecord> Checker::Before(uint64_t position, const sync::RecordId& record) {
  const auto history = histories_.find(record);
  if (history == histories_.end()) return absl::DataLossError("the record is not here");
  sync::VersionVector seen;
  uint64_t newest = 0;
  for (const auto& [at, author] : places_[record]) {
    if (at >= position) break;
    seen.Add(author.device, author.sequence);
    newest = at;
  }
  if (newest == 0) return absl::DataLossError("the record came later");
  return PastRecord{history->second.At(seen), newest};
}

void Checker::LookAtSignatures() {
  SignaturesReplay replay(&schema_);
  for (const CheckedChange& checked : report_.changes) {
    const uint64_t position = checked.admission.position();
    replay.Take(
        checked.change, checked.admission,
        [&](const sync::RecordId& record) { return Before(position, record); },
        [&](absl::string_view what) {
          Fault(absl::StrCat("the change at position ", position, ": ", what));
        });
  }
  report_.signatures = replay.signatures();
}

void Checker::Close() {
  if (faults_ > kFaultsNamed) {
    report_.faults.push_back(absl::StrCat("and ", faults_ - kFaultsNamed, " more"));
  }
}

}  // namespace

DossierReport CheckDossier(const sync::Schema& schema, absl::string_view bytes,
                           absl::string_view log_key, const LaterKeys& later) {
  DossierReport report;
  Checker checker(schema, &report);
  v1::SealedDossier sealed;
  if (!sealed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    checker.Fault("the file is no exported dossier, or was cut short");
    return report;
  }
  // Around the dossier there is nothing that no seal is over.
  sealed.DiscardUnknownFields();
  if (sealed.ByteSizeLong() != bytes.size()) {
    checker.Fault("the file has something beside what the exporting device sealed");
  }
  const auto exporter = VerifyingKey::From(sealed.public_key());
  if (!exporter.ok() || !exporter->Verify(DossierText(sealed.dossier()), sealed.signature())) {
    checker.Fault("the file is not as the exporting device sealed it");
  }
  if (!report.dossier.ParseFromString(sealed.dossier())) {
    checker.Fault("the dossier in the file cannot be read");
    return report;
  }
  if (const auto id = ExporterOf(sealed, report.dossier.organisation_id())) {
    report.exporter = *id;
  } else {
    checker.Fault("the exporting device's keys do not lead to the one that sealed the file");
  }
  const std::vector<v1::GoingOn> shown = GoingOnIn(sealed.dossier());
  for (std::string& fault : KeyFaults(report.dossier, log_key, shown, later)) {
    checker.Fault(std::move(fault));
  }
  checker.LookAtDevices();
  checker.LookAtPushes();
  checker.LookAtChanges();
  checker.LookAtRefused();
  checker.LookAtGone();
  checker.LookAtRecords();
  checker.LookAtSignatures();
  for (std::string& fault : FormFaults(report, shown)) checker.Fault(std::move(fault));
  checker.Close();
  return report;
}

}  // namespace sotay::seal
