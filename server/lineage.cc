#include "server/lineage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/event_log.h"
#include "server/log_tree.h"
#include "server/refusal.h"
#include "sync/seal/epoch_link.h"
#include "sync/seal/log_head.h"
#include "sync/seal/log_keys.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

std::string BytesOf(const seal::MerkleHash& hash) { return std::string(hash.begin(), hash.end()); }

// Where the unit's log stood; of a unit that was not there yet, nothing.
stored::v1::UnitEnd EndOf(const stored::v1::EndedEpoch& ended, const std::string& unit) {
  for (const stored::v1::UnitEnd& end : ended.units()) {
    if (end.unit_id() == unit) return end;
  }
  stored::v1::UnitEnd none;
  none.set_root(BytesOf(seal::MerkleEdge().Root()));
  return none;
}

absl::Status NotFromThere() { return NotFound("an earlier life of this store with that epoch"); }

}  // namespace

absl::StatusOr<seal::MerkleHash> RootAt(Store* store, absl::string_view unit, uint64_t size) {
  if (size == 0) return seal::MerkleEdge().Root();
  return RootOf(store, unit, {0, size});
}

std::vector<std::string> LineageFaults(Store* store, const Tables& tables) {
  std::vector<std::string> faults;
  const auto lives = store->LoadEnded();
  if (!lives.ok()) return {std::string(lives.status().message())};
  uint64_t life = 0;
  for (const stored::v1::EndedEpoch& ended : *lives) {
    ++life;
    const bool last = life == lives->size();
    const std::string& next = last ? tables.meta->epoch() : (*lives)[life].epoch();
    if (ended.next_epoch() != next) {
      faults.push_back(absl::StrCat(DescribeKey(EndedKey(life)), ": leads to another life"));
    }
    for (const stored::v1::UnitEnd& end : ended.units()) {
      const auto head = tables.heads.find(end.unit_id());
      const bool there = head != tables.heads.end() && head->second.position() >= end.size();
      const auto root = there ? RootAt(store, end.unit_id(), end.size())
                              : absl::StatusOr<seal::MerkleHash>(NotFromThere());
      if (!root.ok() || BytesOf(*root) != end.root()) {
        faults.push_back(absl::StrCat(DescribeKey(EndedKey(life)), ": the log of ", end.unit_id(),
                                      " was another when that life ended"));
      }
    }
  }
  return faults;
}

Lineage::Lineage(const Directory* directory, Store* store, Notary* notary, seal::SigningKey key)
    : directory_(*directory), store_(*store), notary_(*notary), key_(std::move(key)) {}

absl::StatusOr<v1::EpochLink> Lineage::Link(const stored::v1::EndedEpoch& ended,
                                            const std::string& unit) const {
  const stored::v1::UnitEnd end = EndOf(ended, unit);
  SOTAY_ASSIGN_OR_RETURN(const seal::MerkleHash root, RootAt(&store_, unit, end.size()));
  if (BytesOf(root) != end.root()) {
    return absl::DataLossError(
        absl::StrCat("the log of ", unit, " was another when an earlier life ended"));
  }
  v1::EpochLink link;
  link.set_unit_id(unit);
  link.set_ended_epoch(ended.epoch());
  link.set_epoch(ended.next_epoch());
  link.set_size(end.size());
  link.set_root(end.root());
  link.set_restored_ms(ended.restored_ms());
  SOTAY_ASSIGN_OR_RETURN(*link.mutable_signature(),
                         key_.Sign(seal::LinkText(directory_.meta().organisation_id(), link)));
  return link;
}

absl::StatusOr<v1::GetLineageResponse> Lineage::Get(const Person& person, const v1::LogHead& held,
                                                    int64_t now_ms, const v1::LogHead* to) const {
  const std::string& unit = held.unit_id();
  const std::vector<std::string> synced = directory_.Synced(person);
  if (std::find(synced.begin(), synced.end(), unit) == synced.end() &&
      !directory_.MayRead(person, unit)) {
    return NotFound(absl::StrCat("unit ", unit));
  }
  SOTAY_ASSIGN_OR_RETURN(const auto lives, store_.LoadEnded());
  auto life = std::find_if(lives.begin(), lives.end(),
                           [&](const auto& ended) { return ended.epoch() == held.epoch(); });
  if (life == lives.end() && held.epoch() != directory_.meta().epoch()) return NotFromThere();
  v1::GetLineageResponse response;
  for (; life != lives.end(); ++life) {
    SOTAY_ASSIGN_OR_RETURN(*response.add_links(), Link(*life, unit));
  }
  const uint64_t kept = response.links().empty() ? held.size() : response.links(0).size();
  if (held.size() > kept &&
      seal::SignedByOneOf(notary_.keys(), directory_.meta().organisation_id(), held)) {
    SayBounded(Severity::kWarning, "restored_with_less",
               {{"unit", unit}, {"signed", held.size()}, {"restored", kept}});
  }
  const uint64_t from = std::min(held.size(), kept);
  if (to != nullptr && (to->unit_id() != unit || !notary_.Stands(*to))) {
    return Malformed("head: not one this server signed for the unit in this life");
  }
  const absl::StatusOr<v1::LogHead> head =
      to != nullptr ? absl::StatusOr<v1::LogHead>(*to) : notary_.Head(unit, from, now_ms);
  // Why none can be signed is for the operator, and told there.
  if (!head.ok()) return Busy("no head of the unit's log can be signed now");
  *response.mutable_head()->mutable_head() = *head;
  if (from == 0 || from == head->size()) return response;
  if (from > head->size() && response.links().empty()) {
    return NotFound(absl::StrCat("so many entries in the log of ", unit));
  }
  if (from > head->size()) return absl::DataLossError("a log is shorter than when it was restored");
  SOTAY_ASSIGN_OR_RETURN(const auto proof, ProveConsistency(&store_, unit, from, head->size()));
  for (const seal::MerkleHash& hash : proof) response.mutable_head()->add_proof(BytesOf(hash));
  return response;
}

absl::StatusOr<v1::GetHandoversResponse> Lineage::Handovers(const sync::DeviceId& device,
                                                            const std::string& held) const {
  const auto place = notary_.keys().PlaceOf(held);
  if (!place.has_value()) return NotFound("a log key of this organisation with those bytes");
  v1::GetHandoversResponse response;
  const auto& handovers = notary_.keys().handovers();
  for (size_t i = *place; i < handovers.size(); ++i) *response.add_handovers() = handovers[i];
  notary_.Told(device);
  return response;
}

}  // namespace sotay::server
