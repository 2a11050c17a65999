// What a row that keeps a push (SealRow) says of the changes it covers.  Pure; any thread.
#pragma once

#include <vector>

#include "sotay/stored/v1/server.pb.h"
#include "sync/ids.h"

namespace sotay::server {

// Whether the seal says of no other changes than its own where they went.
bool PlacesItsOwn(const stored::v1::SealRow& seal);

// Whether the seal's push holds the changes of these ids, the device's from its first on, also
// those that were set aside.
bool HoldsItsChanges(const stored::v1::SealRow& seal, const std::vector<sync::ChangeId>& ids);

}  // namespace sotay::server
