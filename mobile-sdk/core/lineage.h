// How the server comes out of an earlier life: asked once when its epoch has changed, before the
// answer that says so is settled (witness.h judges what it shows).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "mobile-sdk/core/link.h"
#include "sotay/v1/lineage_service.pb.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::sdk {

// Unit → what the server showed; nothing when it said it cannot.  A unit that is not here could not
// be asked for now: its head stays as it is, and the next exchange asks again.
using Lineages = std::map<std::string, absl::optional<v1::GetLineageResponse>>;

// That a log under the new key goes on from what it was under those before.
struct OnwardShown {
  // From the head held; nothing where the answer has a head of the unit that says so itself.
  absl::optional<v1::GetLineageResponse> from_held;
  // By number of the handover, from what it gave away, to that same head.
  std::map<uint64_t, v1::GetLineageResponse> from_handed;
};

// How the key of the logs was replaced, asked for when an answer has a head by a key this device
// does not know, or none where it wants some.
struct HandoversShown {
  std::vector<v1::LogKeyHandover> handovers;  // from the key held; none: that one is in force
  bool shown = false;                         // it was said by which key the logs are signed
  bool waits = false;                         // it could not be asked now
  bool unknown = false;                       // the server says that it never signed with that key
  // By unit of which a head is held: how its log goes on from there.
  std::map<std::string, OnwardShown> onward;
};

// Both, for whoever judges heads.
struct Ancestry {
  Lineages lineages;
  HandoversShown handovers;
};

// `held`: the key the device goes by, DER.
HandoversShown FetchHandovers(Link& link, const std::string& held,
                              const std::string& organisation_id, const v1::SyncRequest& request,
                              const v1::SyncResponse& response);

// For every head in the answer that is of another life than the one the request told of.
Lineages FetchLineages(Link& link, const v1::SyncRequest& request,
                       const v1::SyncResponse& response);

}  // namespace sotay::sdk
