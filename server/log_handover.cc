#include "server/log_handover.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "server/administration.h"
#include "server/config.h"
#include "server/lineage.h"
#include "sync/seal/merkle.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kHandoversBytesMax = 16 << 20;
constexpr unsigned kHandoversMode = 0644;

std::string BytesOf(const seal::MerkleHash& hash) { return std::string(hash.begin(), hash.end()); }

absl::StatusOr<seal::LogKeys> ChainOf(const Tables& tables) {
  const std::string& first =
      tables.handovers.empty() ? tables.meta->log_key() : tables.handovers.front().previous_key();
  auto key = seal::VerifyingKey::From(first);
  if (!key.ok()) return absl::DataLossError("the meta row has no usable log key");
  auto keys =
      seal::LogKeys::From(*std::move(key), tables.meta->organisation_id(), tables.handovers);
  if (!keys.ok()) return absl::DataLossError(keys.status().message());
  if (keys->current().spki() != tables.meta->log_key()) {
    return absl::DataLossError(
        "the handovers of the log key lead to another key than the meta row");
  }
  return keys;
}

// The key of a file, if there is one and it is this.
absl::StatusOr<absl::optional<seal::SigningKey>> KeyIn(const std::string& path,
                                                       const std::string& spki) {
  absl::StatusOr<seal::SigningKey> key = seal::SigningKey::Load(path);
  if (absl::IsNotFound(key.status())) return absl::optional<seal::SigningKey>();
  if (!key.ok()) return key.status();
  if (key->PublicKey() != spki) return absl::optional<seal::SigningKey>();
  return absl::optional<seal::SigningKey>(*std::move(key));
}

// What follows the batch, as far as it is not done: a step that was cut short, or a file that
// somebody put back from an older copy.
absl::Status Finish(const std::string& data, const LogKeyring& ring) {
  v1::LogKeyHandovers all;
  for (const v1::LogKeyHandover& handover : ring.keys.handovers()) {
    *all.add_handovers() = handover;
  }
  const std::string bytes = all.SerializeAsString();
  const auto there = seal::ReadWholeFile(HandoversPath(data), kHandoversBytesMax);
  if (there.ok() ? *there != bytes : !ring.keys.handovers().empty()) {
    SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(HandoversPath(data), bytes, kHandoversMode));
  }
  const std::string& spki = ring.key.PublicKey();
  SOTAY_ASSIGN_OR_RETURN(const auto key, KeyIn(LogKeyPath(data), spki));
  if (!key.has_value()) SOTAY_RETURN_IF_ERROR(ring.key.Save(LogKeyPath(data)));
  // One that waits for the next roll stays; the key in force is needed here no longer.
  const auto next = KeyIn(NextLogKeyPath(data), spki);
  if (next.ok() && next->has_value()) std::remove(NextLogKeyPath(data).c_str());
  return absl::OkStatus();
}

// A key that was never in force, durable before anything is signed with it.
absl::StatusOr<seal::SigningKey> NextKey(const std::string& data, const seal::LogKeys& keys) {
  const std::string path = NextLogKeyPath(data);
  absl::StatusOr<seal::SigningKey> next = seal::SigningKey::Load(path);
  if (next.ok() && !keys.PlaceOf(next->PublicKey()).has_value()) return next;
  if (!next.ok() && !absl::IsNotFound(next.status())) return next;
  next = seal::SigningKey::Generate();
  if (!next.ok()) return next;
  SOTAY_RETURN_IF_ERROR(next->Save(path));
  return next;
}

// Entries of a unit's log that every life of the store since that one has kept.
uint64_t KeptSince(const std::vector<stored::v1::EndedEpoch>& lives, const std::string& epoch,
                   const v1::HandedLog& log) {
  uint64_t kept = log.size();
  bool since = false;
  for (const stored::v1::EndedEpoch& ended : lives) {
    since = since || ended.epoch() == epoch;
    if (!since) continue;
    const auto end = std::find_if(ended.units().begin(), ended.units().end(),
                                  [&](const auto& of) { return of.unit_id() == log.unit_id(); });
    kept = std::min(kept, end == ended.units().end() ? 0 : end->size());
  }
  return kept;
}

}  // namespace

absl::StatusOr<seal::LogKeys> LogKeysIn(Store* store) {
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  return ChainOf(tables);
}

absl::StatusOr<LogKeyring> OpenLogKey(const std::string& data, Store* store) {
  SOTAY_ASSIGN_OR_RETURN(seal::LogKeys keys, LogKeysIn(store));
  const std::string& spki = keys.current().spki();
  SOTAY_ASSIGN_OR_RETURN(auto key, KeyIn(LogKeyPath(data), spki));
  if (key.has_value()) {
    LogKeyring there{*std::move(key), std::move(keys)};
    SOTAY_RETURN_IF_ERROR(Finish(data, there));
    return there;
  }
  SOTAY_ASSIGN_OR_RETURN(auto next, KeyIn(NextLogKeyPath(data), spki));
  if (!next.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat(LogKeyPath(data),
                     " is missing, or not the key that signs this store's logs, and every device "
                     "knows that; put it back from where keys are kept"));
  }
  LogKeyring ring{*std::move(next), std::move(keys)};
  SOTAY_RETURN_IF_ERROR(Finish(data, ring));
  return ring;
}

absl::StatusOr<v1::LogKeyHandover> RollLogKey(const std::string& data, Store* store,
                                              const std::string& reason, int64_t now_ms) {
  SOTAY_RETURN_IF_ERROR(CheckName("reason", reason));
  SOTAY_ASSIGN_OR_RETURN(const LogKeyring ring, OpenLogKey(data, store));
  SOTAY_ASSIGN_OR_RETURN(Tables tables, store->LoadTables());
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey next, NextKey(data, ring.keys));
  v1::LogKeyHandover handover;
  handover.set_number(tables.handovers.size() + 1);
  handover.set_previous_key(ring.key.PublicKey());
  handover.set_key(next.PublicKey());
  handover.set_epoch(tables.meta->epoch());
  handover.set_reason(reason);
  handover.set_handed_ms(now_ms);
  for (const auto& [unit, head] : tables.heads) {
    seal::MerkleEdge read;
    SOTAY_RETURN_IF_ERROR(store->VisitLeaves(
        unit, 0, head.position(), [&read](const seal::MerkleHash& leaf) { read.Append(leaf); }));
    if (read.Bytes() != head.tree()) {
      return absl::DataLossError(
          absl::StrCat("the log of ", unit,
                       " read back is not what was hashed; nothing is signed, look at it "
                       "with sotayd check"));
    }
    v1::HandedLog* const log = handover.add_logs();
    log->set_unit_id(unit);
    log->set_size(read.size());
    log->set_root(BytesOf(read.Root()));
  }
  const std::string text = seal::HandoverText(tables.meta->organisation_id(), handover);
  SOTAY_ASSIGN_OR_RETURN(*handover.mutable_previous_signature(), ring.key.Sign(text));
  SOTAY_ASSIGN_OR_RETURN(*handover.mutable_signature(), next.Sign(text));

  Tables changed;
  changed.meta = tables.meta;
  changed.meta->set_log_key(next.PublicKey());
  changed.handovers.push_back(handover);
  Sheet sheet;
  store->Fill(&sheet, changed);
  SOTAY_RETURN_IF_ERROR(store->Write(&sheet));
  // Read back, and the rest as a start would do it.
  SOTAY_RETURN_IF_ERROR(OpenLogKey(data, store).status());
  return handover;
}

absl::StatusOr<std::vector<v1::LogKeyHandover>> HandoversBeside(const std::string& data) {
  const auto bytes = seal::ReadWholeFile(HandoversPath(data), kHandoversBytesMax);
  if (absl::IsNotFound(bytes.status())) return std::vector<v1::LogKeyHandover>();
  if (!bytes.ok()) return bytes.status();
  v1::LogKeyHandovers all;
  if (!all.ParseFromString(*bytes)) {
    return absl::DataLossError(absl::StrCat(HandoversPath(data), " cannot be read"));
  }
  return std::vector<v1::LogKeyHandover>(all.handovers().begin(), all.handovers().end());
}

std::vector<std::string> HandoverFaults(Store* store, const Tables& tables) {
  std::vector<std::string> faults;
  const auto keys = ChainOf(tables);
  if (!keys.ok()) faults.push_back(std::string(keys.status().message()));
  const auto lives = store->LoadEnded();
  if (!lives.ok()) return {std::string(lives.status().message())};
  uint64_t number = 0;
  for (const v1::LogKeyHandover& handover : tables.handovers) {
    const std::string name = DescribeKey(HandoverKey(++number));
    if (handover.number() != number) faults.push_back(absl::StrCat(name, ": is out of order"));
    // In a life that this store does not go on from, as a backup from before it was restored, the
    // logs were others.
    const bool known = handover.epoch() == tables.meta->epoch() ||
                       std::any_of(lives->begin(), lives->end(), [&](const auto& ended) {
                         return ended.epoch() == handover.epoch();
                       });
    if (!known) continue;
    for (const v1::HandedLog& log : handover.logs()) {
      if (KeptSince(*lives, handover.epoch(), log) < log.size()) continue;
      const auto head = tables.heads.find(log.unit_id());
      const bool there = head != tables.heads.end() && head->second.position() >= log.size();
      const auto root = there ? RootAt(store, log.unit_id(), log.size())
                              : absl::StatusOr<seal::MerkleHash>(absl::NotFoundError("shorter"));
      if (!root.ok() || BytesOf(*root) != log.root()) {
        faults.push_back(absl::StrCat(name, ": the log of ", log.unit_id(),
                                      " was another when it was handed over"));
      }
    }
  }
  return faults;
}

}  // namespace sotay::server
