// What the judge works on: a change on its way, and the records it is judged against.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/decision.h"
#include "sync/late.h"
#include "sync/secrecy.h"

namespace sotay::sync {

std::shared_ptr<const v1::Change> ReadChange(absl::string_view bytes) {
  auto change = std::make_shared<v1::Change>();
  if (!change->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
  return change;
}

DeviceId Arrival::Device() const {
  if (taken != nullptr) return TakenInAs(pushed->id);
  return DeviceId::From(push->device.device_id()).value_or(DeviceId());
}

VersionVector::Entry Arrival::Written() const {
  return {DeviceId::From(push->device.device_id()).value_or(DeviceId()), sequence};
}

uint64_t Arrival::Heard(const std::string& unit) const {
  const auto heard = push->heard.find(unit);
  return heard == push->heard.end() ? 0 : heard->second;
}

void Arrival::NoteGrounds(const std::string& unit, stored::v1::HeldRow* held) const {
  NoteHeard(Heard(unit), held);
  NoteSaidLate(SaidLate(), held);
}

Author Arrival::Place() const {
  Author author;
  author.change = pushed->id;
  author.device = DeviceId::From(push->device.device_id()).value_or(DeviceId());
  author.sequence = sequence;
  author.user_id = push->device.user_id();
  if (pushed->change != nullptr) {
    author.claimed_ms = pushed->change->claimed_ms();
    author.authority = Authority(pushed->change->unit_id());
  }
  if (taken != nullptr) author.StandApart();
  return author;
}

uint32_t Arrival::Authority(const std::string& unit) const {
  if (taken != nullptr) return taken->authority;
  if (push->rights != nullptr) return AuthorityIn(*push->rights, unit);
  const auto roles = push->roles.find(unit);
  return roles == push->roles.end() ? 0 : AuthorityOf(roles->second);
}

WrittenRecord* Bench::Find(const RecordId& id) {
  if (WrittenRecord* const record = working.Find(id)) return record;
  const auto loaded = input.records.find(id);
  if (loaded == input.records.end()) return nullptr;
  const LoadedRecord& record = loaded->second;
  return working.Add(id, WrittenRecord(&record.record, record.position));
}

const StandingSignature* Bench::SignatureOf(const RecordId& id) const {
  const auto at = signatures.find(id);
  return at == signatures.end() ? nullptr : &at->second;
}

absl::optional<Refusal> CheckAttaching(const v1::RecordEdit& edit, Bench* bench) {
  const RecordType* const type = bench->input.schema->Find(edit.type());
  const auto file = type == nullptr ? absl::nullopt : FileIn(*type, edit);
  if (!file.has_value()) return absl::nullopt;
  const uint64_t max = bench->input.file_bytes_max;
  if (max != 0 && file->size > max) {
    return Refusal{v1::REASON_TOO_LARGE,
                   absl::StrCat("file of ", file->size, " bytes, limit of this server ", max)};
  }
  for (const RecordId& parent : PutUnder(*type, edit)) {
    size_t& count = bench->attached[parent];
    if (count >= kAttachmentsMax) {
      return Refusal{v1::REASON_TOO_LARGE,
                     absl::StrCat("attachments of record ", parent.Short(), ": ", count + 1,
                                  ", limit ", kAttachmentsMax, "; attach it to another record")};
    }
    ++count;
  }
  return absl::nullopt;
}

absl::optional<Refusal> CheckFiles(const MergedRecord& object, Bench* bench) {
  const RecordId dossier = object.dossier();
  std::set<RecordId> attachments;
  const auto loaded = bench->input.attachments.find(dossier);
  if (loaded != bench->input.attachments.end()) {
    attachments.insert(loaded->second.begin(), loaded->second.end());
  }
  // And those that came just before it.
  for (const auto& [id, record] : bench->working) attachments.insert(id);
  const auto find = [&](const RecordId& id) -> const MergedRecord* {
    const WrittenRecord* const record = bench->Find(id);
    const bool is_of_it =
        record != nullptr && record->unit_id() == object.unit_id() && record->dossier() == dossier;
    return is_of_it ? &record->record() : nullptr;
  };
  for (const RecordId& id : attachments) {
    const MergedRecord* const record = find(id);
    const auto file = record == nullptr ? absl::nullopt : FileOf(*record);
    if (!file.has_value() || file->withdrawn) continue;
    const auto whole = bench->input.whole.find({dossier, file->sha256});
    if (whole != bench->input.whole.end() && whole->second == file->size) continue;
    if (!HangsUnder(*bench->input.schema, *record, object.id(), find)) continue;
    return Refusal{v1::REASON_ATTACHMENT_MISSING,
                   absl::StrCat("attachment ", id.Short(), " (", file->size,
                                " bytes) has not come whole yet; sign again when it has")};
  }
  return absl::nullopt;
}

const DossierActs* Bench::ActsOf(const std::string& unit) const {
  if (const auto here = said.find(unit); here != said.end()) return &here->second;
  const auto loaded = input.dossiers.find(unit);
  return loaded == input.dossiers.end() ? nullptr : loaded->second.get();
}

void Bench::Say(v1::DossierAct act) {
  auto here = said.find(act.unit_id());
  if (here == said.end()) {
    // The unit's list is copied once, however much is said.
    const DossierActs* const before = ActsOf(act.unit_id());
    here = said.emplace(act.unit_id(), before == nullptr ? DossierActs() : *before).first;
  }
  here->second.Add(act);
  acts.push_back(std::move(act));
}

const v1::DossierAct* Bench::KeepingBack(const v1::Change& change, const Rights& rights) const {
  const DossierActs* const of_unit = ActsOf(change.unit_id());
  if (of_unit == nullptr) return nullptr;
  const v1::DossierAct* const act = of_unit->Standing(change.dossier_id());
  if (act == nullptr || Leaves(*act, rights.user_id, rights.day)) return nullptr;
  return &of_unit->FirstWithout(*act, rights.user_id);
}

bool Bench::IsTheirs(const v1::Change& change, const Rights& rights) {
  const DossierActs* const acts_now = ActsOf(change.unit_id());
  return WasTheirs(change, rights, acts_now == nullptr ? 0 : acts_now->newest() + 1);
}

bool Bench::WasTheirs(const v1::Change& change, const Rights& rights, uint64_t before) {
  const WrittenRecord* const root = Find(*RecordId::From(change.dossier_id()));
  if (root == nullptr) return true;
  const DossierActs* const of_unit = ActsOf(change.unit_id());
  const v1::DossierAct* const act =
      of_unit == nullptr ? nullptr : of_unit->StandingAt(change.dossier_id(), before - 1);
  return IsTheirsBy(act, rights.user_id, root->record().birth().user_id);
}

const MergedRecord* Bench::RootThatIsAsked(const v1::Change& change) {
  const auto dossier = RecordId::From(change.dossier_id());
  const WrittenRecord* const root = dossier.has_value() ? Find(*dossier) : nullptr;
  if (root == nullptr) return nullptr;
  // One that was just born is merged only where it matters.
  const RecordType* const type =
      root->newborn() != nullptr ? root->newborn()->type : root->record().type();
  return type != nullptr && type->secrecy != nullptr ? &root->record() : nullptr;
}

absl::optional<Refusal> GateRefusal(const v1::Change& change, Bench* bench) {
  return CheckGate(*bench->input.schema, change, bench->RootThatIsAsked(change));
}

ChangeId DossierMarker(const RecordId& dossier) {
  std::string bytes = dossier.str();
  bytes.resize(ChangeId::kSize, '\0');
  return *ChangeId::From(bytes);
}

bool IsSecret(const PushedChange& pushed, const std::set<RecordId>* sealed) {
  if (pushed.withheld.has_value()) return true;
  if (sealed == nullptr || pushed.change == nullptr) return false;
  const auto is_sealed = [sealed](const std::string& id) {
    const auto dossier = RecordId::From(id);
    return dossier.has_value() && sealed->count(*dossier) != 0;
  };
  const v1::Change& change = *pushed.change;
  return is_sealed(change.dossier_id()) ||
         std::any_of(change.edits().begin(), change.edits().end(),
                     [&](const v1::RecordEdit& edit) { return is_sealed(edit.record_id()); });
}

std::string NamedOnly(const PushedChange& pushed, const std::string& device, uint64_t sequence) {
  v1::Change named;
  named.set_device_id(device);
  named.set_sequence(sequence);
  if (pushed.withheld.has_value()) {
    named.set_dossier_id(pushed.withheld->str());
  } else if (pushed.change != nullptr && RecordId::From(pushed.change->dossier_id()).has_value()) {
    named.set_dossier_id(pushed.change->dossier_id());
  }
  return named.SerializeAsString();
}

}  // namespace sotay::sync
