// The fingerprint by which two replicas compare what they show: `sotay digest` of a phone and
// `sotayctl digest` of its unit print the same when nothing differs.  Pure; any thread.
#pragma once

#include <map>
#include <string>

#include "sync/ids.h"

namespace sotay::sdk {

// sync::VisibleBytes of every record of a replica.
using VisibleRecords = std::map<sync::RecordId, std::string>;

// SHA-256, hexadecimal, over the bytes of every record, in order of id.
std::string VisibleDigest(const VisibleRecords& records);

}  // namespace sotay::sdk
