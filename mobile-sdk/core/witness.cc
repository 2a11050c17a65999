#include "mobile-sdk/core/witness.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/epoch_link.h"
#include "sync/seal/key.h"
#include "sync/seal/log_head.h"
#include "sync/seal/log_keys.h"
#include "sync/seal/merkle.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

absl::Status NotOurs(const v1::LogHead& head, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("the answer's head of the log of ", head.unit_id(), " ", why));
}

// Whether the log goes on from `held`, both being signed.
bool GoesOn(const v1::LogHead& held, const v1::ProvenHead& offered) {
  if (held.size() == 0) return true;
  const auto before = seal::HashIn(held.root());
  const auto root = seal::HashIn(offered.head().root());
  std::vector<seal::MerkleHash> proof;
  for (const std::string& bytes : offered.proof()) {
    const auto hash = seal::HashIn(bytes);
    if (!hash.has_value()) return false;
    proof.push_back(*hash);
  }
  return before.has_value() && root.has_value() &&
         seal::GoesOn(held.size(), *before, offered.head().size(), *root, proof);
}

// The chain to the key in force; nothing: what was shown does not lead there.
absl::optional<seal::LogKeys> Followed(const stored::v1::NotebookMeta& meta,
                                       const seal::LogKeys& known, const Heads& held,
                                       const HandoversShown& shown) {
  if (shown.unknown) return absl::nullopt;
  for (const v1::LogKeyHandover& handover : shown.handovers) {
    for (const auto& [unit, head] : held) {
      if (!seal::IsHandedOver(handover, head)) return absl::nullopt;
    }
  }
  std::vector<v1::LogKeyHandover> all = known.handovers();
  all.insert(all.end(), shown.handovers.begin(), shown.handovers.end());
  auto chain = seal::LogKeys::From(known.keys().front(), meta.organisation_id(), all);
  if (!chain.ok()) return absl::nullopt;
  return *std::move(chain);
}

}  // namespace

absl::StatusOr<Witnessed> Witness(const stored::v1::NotebookMeta& meta, Heads held,
                                  const v1::SyncResponse& response, const Lineages& lineages,
                                  const KeysKnown& keys) {
  Witnessed witnessed;
  const bool shown = keys.shown.unknown || !keys.shown.handovers.empty();
  if (response.heads().empty() && !shown) return witnessed;
  SOTAY_ASSIGN_OR_RETURN(const auto first, seal::VerifyingKey::From(meta.log_key()));
  const auto known = seal::LogKeys::From(first, meta.organisation_id(), keys.followed);
  if (!known.ok()) return absl::DataLossError(known.status().message());
  const auto followed = Followed(meta, *known, held, keys.shown);
  if (followed.has_value()) witnessed.handovers = keys.shown.handovers;
  const seal::VerifyingKey& key = followed.has_value() ? followed->current() : known->current();
  const auto dispute = [&](const v1::LogHead& has, const v1::ProvenHead& offered) {
    stored::v1::LogDispute& found = witnessed.disputes[has.unit_id()];
    *found.mutable_held() = has;
    *found.mutable_offered() = offered;
    found.set_found_ms(response.server_now_ms());
  };
  // It sends no heads, and what it says of its key does not hold.
  if (!followed.has_value() && response.heads().empty()) {
    for (const auto& [unit, head] : held) dispute(head, v1::ProvenHead());
  }
  std::map<std::string, std::string> epochs;
  for (const v1::Cursor& cursor : response.cursors()) epochs[cursor.unit_id()] = cursor.epoch();
  for (const v1::ProvenHead& offered : response.heads()) {
    const v1::LogHead& head = offered.head();
    const auto epoch = epochs.find(head.unit_id());
    if (epoch == epochs.end() || epoch->second != head.epoch()) {
      return NotOurs(head, "is of no unit and epoch it has a cursor of");
    }
    v1::LogHead& before = held[head.unit_id()];
    before.set_unit_id(head.unit_id());
    if (!seal::Vouched(key, meta.organisation_id(), head)) {
      if (!keys.shown.waits) dispute(before, offered);
      continue;
    }
    const bool restored =
        !before.signature().empty() && before.size() > 0 && before.epoch() != head.epoch();
    const auto lineage = lineages.find(head.unit_id());
    if (restored) {
      if (lineage == lineages.end()) continue;  // it could not be asked now
      if (lineage->second.has_value() &&
          seal::GoesOnFrom(key, meta.organisation_id(), before, head.epoch(), *lineage->second)
              .ok()) {
        stored::v1::Restoration& restoration = witnessed.restorations[head.unit_id()];
        *restoration.mutable_held() = before;
        *restoration.mutable_links() = lineage->second->links();
        *restoration.mutable_head() = lineage->second->head();
        restoration.set_found_ms(response.server_now_ms());
        before = lineage->second->head().head();
        witnessed.heads[head.unit_id()] = before;
        continue;
      }
    } else if (before.signature().empty() || GoesOn(before, offered)) {
      before = head;
      witnessed.heads[head.unit_id()] = head;
      continue;
    }
    dispute(before, offered);
  }
  return witnessed;
}

}  // namespace sotay::sdk
