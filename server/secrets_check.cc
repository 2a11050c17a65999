#include "server/secrets_check.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/seal_rows.h"
#include "sync/seal/vault.h"

namespace sotay::server {
namespace {

std::string DayOf(int64_t ms) {
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixMillis(ms), absl::FixedTimeZone(7 * 60 * 60));
}

std::string InWords(const v1::SecretAct& act) {
  return absl::StrCat("on ", DayOf(act.done_ms()), ", by ", act.by(), ", because: ", act.reason());
}

// Nothing but what it is about and where it has a place.
bool NamesOnly(const v1::Change& change) {
  return change.reason().empty() &&
         std::all_of(change.edits().begin(), change.edits().end(),
                     [](const v1::RecordEdit& edit) { return edit.ops().empty(); });
}

const v1::SecretAct* Find(const stored::v1::SecretRow& row, v1::SecretActKind kind) {
  const auto at = std::find_if(row.acts().begin(), row.acts().end(),
                               [kind](const auto& act) { return act.kind() == kind; });
  return at == row.acts().end() ? nullptr : &*at;
}

}  // namespace

SecretsCheck::SecretsCheck(Store* store, const Tables& tables, Fault fault)
    : store_(*store), fault_(std::move(fault)) {
  for (const v1::DossierAct& act : tables.dossier_acts) {
    if (act.has_sealed()) secrets_[act.dossier_id()].act = &act;
  }
  for (const stored::v1::SecretRow& row : tables.secrets) secrets_[row.dossier_id()].row = &row;
}

void SecretsCheck::LookAtEntry(absl::string_view key, const StoredEntry& entry) {
  const auto seal = store_.LoadSealOver(entry.device, entry.sequence);
  const auto batch = seal.ok() ? Unpacked(seal->changes()) : seal.status();
  if (!batch.ok()) return fault_(key, "its bytes are gone, and its push cannot be read");
  for (const v1::WithheldChange& withheld : batch->withheld()) {
    if (seal->first_sequence() + withheld.index() != entry.sequence) continue;
    const auto secret = secrets_.find(withheld.dossier_id());
    if (secret == secrets_.end() || secret->second.act == nullptr) break;
    if (withheld.change_id() != entry.change_id) break;
    ++secret->second.entries;
    return;
  }
  fault_(key, "its bytes are gone, and no act sealed its dossier");
}

// Whether a push of the device says so.  A forked branch has none.
bool SecretsCheck::IsWithheld(const v1::QuarantinedChange& change) const {
  const auto device = sync::DeviceId::From(change.device_id());
  if (!device.has_value()) return false;
  const auto seal = store_.LoadSealOver(*device, change.sequence());
  const auto batch = seal.ok() ? Unpacked(seal->changes()) : seal.status();
  if (!batch.ok()) return false;
  return std::any_of(batch->withheld().begin(), batch->withheld().end(), [&](const auto& one) {
    return seal->first_sequence() + one.index() == change.sequence() &&
           one.change_id() == change.change_id();
  });
}

bool SecretsCheck::Explains(const v1::QuarantinedChange& change, uint64_t arrival) const {
  v1::Change named;
  if (!named.ParseFromString(change.change()) || !NamesOnly(named)) return false;
  if (change.reason() == v1::REASON_CLASSIFIED) return true;
  // Others keep the reason by which they are found.
  for (const auto& [dossier, secret] : secrets_) {
    if (secret.row == nullptr) continue;
    const auto& arrivals = secret.row->arrivals();
    if (std::find(arrivals.begin(), arrivals.end(), arrival) != arrivals.end()) return true;
  }
  if (change.reason() != v1::REASON_FORKED_BRANCH) return IsWithheld(change);
  return named.device_id() == change.device_id() && named.sequence() == change.sequence();
}

void SecretsCheck::LookAtSeal(absl::string_view key, const stored::v1::SealRow& row,
                              const std::vector<Fate>& fates) {
  const auto batch = Unpacked(row.changes());
  if (!batch.ok()) return;  // said already
  std::map<uint64_t, std::string> withheld;
  for (const v1::WithheldChange& one : batch->withheld()) {
    withheld[row.first_sequence() + one.index()] = one.dossier_id();
  }
  // In front of its sequence stands the device.
  const absl::string_view device = key.substr(0, key.size() - std::min(key.size(), size_t{8}));
  if (device != device_) accounted_.clear();
  device_ = std::string(device);
  for (uint64_t sequence = row.first_sequence(); sequence <= row.last_sequence(); ++sequence) {
    if (sequence == 0 || sequence > fates.size()) return;
    const auto gone = withheld.find(sequence);
    if (gone == withheld.end()) {
      accounted_.insert(sequence);
      if (fates[sequence - 1] != Fate::kClassified) continue;
      fault_(key, absl::StrCat("has what change ", sequence, " says, which is classified"));
    } else if (fates[sequence - 1] == Fate::kApplied) {
      const auto secret = secrets_.find(gone->second);
      if (secret != secrets_.end() && secret->second.act != nullptr) accounted_.insert(sequence);
      // A device may withhold, under whatever name, what it had sent whole before.
      if (accounted_.count(sequence) != 0) continue;
      fault_(key, absl::StrCat("lacks change ", sequence, ", and no act sealed its dossier"));
    }
  }
}

void SecretsCheck::LookAtRow(absl::string_view key, const KeyParts& parts,
                             absl::string_view value) {
  const auto secret = secrets_.find(parts.id);
  if (secret == secrets_.end() || secret->second.row == nullptr) {
    return fault_(key, "is of no sealed dossier");
  }
  const stored::v1::SecretRow& row = *secret->second.row;
  switch (parts.table) {
    case Table::kSecretReport:
      if (value.size() != 8) fault_(key, "cannot be read");
      return;
    case Table::kSecretKey:
      if (row.destroyed()) fault_(key, "is there still, of what was destroyed");
      if (value.size() != seal::kVaultKeyBytes) fault_(key, "cannot be read");
      secret->second.key = std::string(value);
      return;
    default:
      break;
  }
  stored::v1::SecretContent content;
  if (!content.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return fault_(key, "cannot be read");
  }
  if (parts.number == 0 || parts.number > row.contents()) fault_(key, "is not counted");
  if (row.destroyed() && !content.sealed().empty()) {
    fault_(key, "is there still, of what was destroyed");
  }
  secret->second.contents[parts.number] = std::move(*content.mutable_sealed());
}

void SecretsCheck::LookAtContents(const sync::RecordId& dossier, const Secret& secret) {
  for (uint64_t number = 1; number <= secret.row->contents(); ++number) {
    const std::string key = SecretContentKey(dossier, number);
    const auto content = secret.contents.find(number);
    if (content == secret.contents.end()) {
      fault_(key, "is missing");
    } else if (!content->second.empty() &&
               !seal::OpenFromVault(secret.key, key, content->second).ok()) {
      fault_(key, "does not open with its key");
    }
  }
}

std::vector<std::string> SecretsCheck::End() {
  std::vector<std::string> said;
  for (const auto& [id, secret] : secrets_) {
    const auto dossier = sync::RecordId::From(id);
    if (!dossier.has_value()) continue;
    if (secret.act == nullptr) {
      fault_(SecretKey(*dossier), "no act sealed it");
      continue;
    }
    if (secret.row == nullptr || !secret.row->swept()) {
      fault_(DossierActKey(secret.act->unit_id(), secret.act->number()),
             "seals a dossier whose content has not left yet; start sotayd, which goes on with it");
    }
    if (secret.row == nullptr) continue;
    std::string line = absl::StrCat("dossier ", dossier->Short(), " of ", secret.act->unit_id(),
                                    ": ", secret.entries, " log entries without content, ");
    const v1::SecretAct* const ended = Find(*secret.row, v1::SECRET_ACT_KIND_DESTROYED);
    const v1::SecretAct* const sealed = Find(*secret.row, v1::SECRET_ACT_KIND_SEALED);
    if (secret.row->destroyed() && ended != nullptr) {
      absl::StrAppend(&line, "destroyed ", InWords(*ended));
    } else if (!secret.key.empty()) {
      LookAtContents(*dossier, secret);
      absl::StrAppend(&line, "sealed ", sealed == nullptr ? "" : InWords(*sealed));
    } else {
      // It is in no backup.
      absl::StrAppend(&line, "sealed, and lost with its key when the store was restored");
    }
    said.push_back(absl::StrCat(line, "; their places and authors are proven"));
  }
  return said;
}

}  // namespace sotay::server
