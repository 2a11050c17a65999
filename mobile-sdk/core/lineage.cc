#include "mobile-sdk/core/lineage.h"

#include <utility>

namespace sotay::sdk {

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
