#include "mobile-sdk/core/lineage.h"

#include <algorithm>
#include <utility>

#include "sync/seal/key.h"
#include "sync/seal/log_head.h"

namespace sotay::sdk {

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
  if (by_it && !response.heads().empty()) return shown;
  v1::GetHandoversRequest asked;
  asked.set_log_key(held);
  const auto answer = link.GetHandovers(asked);
  if (answer.ok()) {
    shown.handovers.assign(answer->handovers().begin(), answer->handovers().end());
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
