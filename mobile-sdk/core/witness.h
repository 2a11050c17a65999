// What a device makes of the heads a server signs: it holds the newest of each unit's log and
// takes another only with the proof that the log went on from there.  So the server cannot rewrite
// what this device has once seen vouched for, nor show it another log than before, unnoticed.
//
// A head that does not go on is no reason to stop working: what is written here stays here and is
// sent as ever.  Both heads are kept, signed by the server and in contradiction, for whoever has to
// clear it up.  Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mobile-sdk/core/lineage.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sotay/stored/v1/restoration.pb.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::sdk {

// Unit → the newest head held.
using Heads = std::map<std::string, v1::LogHead>;

struct Witnessed {
  Heads heads;  // to be held from now on: the new ones
  // Unit → what was offered instead of going on.
  std::map<std::string, stored::v1::LogDispute> disputes;
  // Unit → how its log went on from an earlier life of the server.
  std::map<std::string, stored::v1::Restoration> restorations;
  // By which the key of the logs was replaced, as far as it was not known.
  std::vector<v1::LogKeyHandover> handovers;
};

// What the device knows of the log's key beside the one it was told at enrolment.
struct KeysKnown {
  std::vector<v1::LogKeyHandover> followed;  // in order
  HandoversShown shown;
};

// Judges the answer's heads.  kInvalidArgument when one is not of a unit and an epoch the answer
// has a cursor of; kDataLoss when what was followed does not hold.
//
// A head is taken only by the key in force: the one of enrolment, or the one that handovers lead to
// from there, if each head held is of what was handed over, and the log now goes on both from that
// head and from all that was handed over.  Any other is a dispute, and so is a
// server that does not show how it came to its key; where it could not be asked, the head waits.
//
// In another life of the server a head is taken only when `lineage` leads there from the one held.
// What the server cannot show is a dispute; what could not be asked for waits.
absl::StatusOr<Witnessed> Witness(const stored::v1::NotebookMeta& meta, Heads held,
                                  const v1::SyncResponse& response, const Lineages& lineages,
                                  const KeysKnown& keys = {});

}  // namespace sotay::sdk
