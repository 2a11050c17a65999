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

// Whether one head by the new key goes on from the head held and from all that was handed over of
// the unit's log: otherwise what the old key handed over and what the new one signs contradict each
// other.
bool LogGoesOn(const stored::v1::NotebookMeta& meta, const seal::VerifyingKey& key,
               const v1::LogHead& held, const std::vector<v1::LogKeyHandover>& handovers,
               const OnwardShown& onward, const v1::Cursor& cursor,
               const v1::SyncResponse& response) {
  const auto leads = [&](const v1::LogHead& from, const v1::GetLineageResponse& way) {
    return seal::LeadsTo(key, meta.organisation_id(), from, cursor.epoch(), way).ok();
  };
  v1::LogHead to;
  for (const v1::ProvenHead& offered : response.heads()) {
    if (offered.head().unit_id() == cursor.unit_id()) to = offered.head();
  }
  if (onward.from_held.has_value()) {
    if (!leads(held, *onward.from_held)) return false;
    to = onward.from_held->head().head();
  }
  for (const v1::LogKeyHandover& handover : handovers) {
    for (const v1::HandedLog& log : handover.logs()) {
      if (log.unit_id() != cursor.unit_id() || log.size() == 0) continue;
      const auto way = onward.from_handed.find(handover.number());
      if (way == onward.from_handed.end()) {
        // A life that this log does not come from binds nothing.
        if (handover.epoch() == to.epoch() || handover.epoch() == held.epoch()) return false;
      } else if (!seal::SameLog(way->second.head().head(), to) ||
                 !leads(seal::AsHead(handover, log), way->second)) {
        return false;
      }
    }
  }
  return true;
}

// The chain to the key in force; nothing: what was shown does not lead there.
absl::optional<seal::LogKeys> Followed(const stored::v1::NotebookMeta& meta,
                                       const seal::LogKeys& known, const Heads& held,
                                       const HandoversShown& shown,
                                       const v1::SyncResponse& response) {
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
  for (const v1::Cursor& cursor : response.cursors()) {
    const auto head = held.find(cursor.unit_id());
    if (shown.handovers.empty() || head == held.end() || head->second.size() == 0) continue;
    const auto onward = shown.onward.find(cursor.unit_id());
    if (onward == shown.onward.end() ||
        !LogGoesOn(meta, chain->current(), head->second, shown.handovers, onward->second, cursor,
                   response)) {
      return absl::nullopt;
    }
  }
  return *std::move(chain);
}

// What was shown of the logs the answer has no heads of, which the device now goes by.
void TakeShown(const Heads& held, const HandoversShown& shown, int64_t now_ms,
               Witnessed* witnessed) {
  for (const auto& [unit, onward] : shown.onward) {
    const auto before = held.find(unit);
    if (!onward.from_held.has_value() || before == held.end()) continue;
    const v1::GetLineageResponse& way = *onward.from_held;
    if (!way.links().empty()) {
      stored::v1::Restoration& restoration = witnessed->restorations[unit];
      *restoration.mutable_held() = before->second;
      *restoration.mutable_links() = way.links();
      *restoration.mutable_head() = way.head();
      restoration.set_found_ms(now_ms);
    }
    witnessed->heads[unit] = way.head().head();
  }
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
  const auto followed = Followed(meta, *known, held, keys.shown, response);
  if (followed.has_value()) {
    witnessed.handovers = keys.shown.handovers;
    TakeShown(held, keys.shown, response.server_now_ms(), &witnessed);
  }
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
