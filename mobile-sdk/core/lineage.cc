#include "mobile-sdk/core/lineage.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sync/seal/key.h"
#include "sync/seal/log_head.h"
#include "sync/seal/log_keys.h"

namespace sotay::sdk {
namespace {

// Nothing: it could not be asked now.  Else what was shown; a response without a head: it cannot.
absl::optional<v1::GetLineageResponse> Ask(Link& link, const v1::LogHead& held,
                                           const v1::LogHead* to) {
  v1::GetLineageRequest asked;
  *asked.mutable_held() = held;
  if (to != nullptr) *asked.mutable_head() = *to;
  auto shown = link.GetLineage(asked);
  if (shown.ok()) return *std::move(shown);
  if (absl::IsNotFound(shown.status()) || absl::IsUnimplemented(shown.status())) {
    return v1::GetLineageResponse();
  }
  return absl::nullopt;
}

// False: it could not be asked now.
bool AskOnward(Link& link, const v1::LogHead& held, const v1::SyncResponse& response,
               HandoversShown* shown) {
  OnwardShown onward;
  const auto offered =
      std::find_if(response.heads().begin(), response.heads().end(),
                   [&](const auto& of) { return of.head().unit_id() == held.unit_id(); });
  v1::LogHead to;
  if (offered != response.heads().end()) {
    to = offered->head();
  } else {
    onward.from_held = Ask(link, held, nullptr);
    if (!onward.from_held.has_value()) return false;
    to = onward.from_held->head().head();
  }
  for (const v1::LogKeyHandover& handover : shown->handovers) {
    for (const v1::HandedLog& log : handover.logs()) {
      if (log.unit_id() != held.unit_id() || log.size() == 0) continue;
      auto way = Ask(link, seal::AsHead(handover, log), &to);
      if (!way.has_value()) return false;
      if (way->has_head()) onward.from_handed[handover.number()] = *std::move(way);
    }
  }
  shown->onward[held.unit_id()] = std::move(onward);
  return true;
}

}  // namespace

HandoversShown FetchHandovers(Link& link, const std::string& held,
                              const std::string& organisation_id, const v1::SyncRequest& request,
                              const v1::SyncResponse& response) {
  HandoversShown shown;
  const auto key = seal::VerifyingKey::From(held);
  if (!key.ok() || !request.witnesses() || response.cursors().empty()) return shown;
  const bool by_it = std::all_of(response.heads().begin(), response.heads().end(),
                                 [&](const v1::ProvenHead& offered) {
                                   return seal::Vouched(*key, organisation_id, offered.head());
                                 });
  if (by_it && !response.heads().empty()) {
    shown.shown = true;
    return shown;
  }
  v1::GetHandoversRequest asked;
  asked.set_log_key(held);
  const auto answer = link.GetHandovers(asked);
  if (answer.ok()) {
    shown.shown = true;
    shown.handovers.assign(answer->handovers().begin(), answer->handovers().end());
    std::set<std::string> units;
    for (const v1::Cursor& cursor : response.cursors()) units.insert(cursor.unit_id());
    for (const v1::LogHead& head : request.heads()) {
      if (shown.handovers.empty() || head.size() == 0 || units.count(head.unit_id()) == 0) continue;
      if (AskOnward(link, head, response, &shown)) continue;
      shown = HandoversShown();
      shown.waits = true;
      break;
    }
  } else {
    shown.unknown = absl::IsNotFound(answer.status());
    shown.waits = !shown.unknown && !absl::IsUnimplemented(answer.status());
  }
  return shown;
}

Lineages FetchLineages(Link& link, const v1::SyncRequest& request,
                       const v1::SyncResponse& response) {
  std::map<std::string, const v1::LogHead*> held;
  for (const v1::LogHead& head : request.heads()) held[head.unit_id()] = &head;
  Lineages lineages;
  for (const v1::ProvenHead& offered : response.heads()) {
    const auto known = held.find(offered.head().unit_id());
    if (known == held.end() || known->second->epoch() == offered.head().epoch()) continue;
    if (known->second->size() == 0) continue;  // nothing was vouched for
    v1::GetLineageRequest asked;
    *asked.mutable_held() = *known->second;
    auto shown = link.GetLineage(asked);
    if (shown.ok()) {
      lineages[known->first] = *std::move(shown);
    } else if (absl::IsNotFound(shown.status()) || absl::IsUnimplemented(shown.status())) {
      lineages[known->first] = absl::nullopt;
    }
  }
  return lineages;
}

}  // namespace sotay::sdk
