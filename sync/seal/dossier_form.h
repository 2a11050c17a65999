// The form of an exported dossier: each part once, in one order, and nothing that no change in it
// needs.  Whatever is added, doubled or moved would hold by itself, so only its form tells; with it
// the same evidence has one form alone.  Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "sotay/v1/going_on.pb.h"
#include "sync/seal/dossier_check.h"

namespace sotay::seal {

// What is not in its form, a sentence each.  Of `report` the dossier, its records and its changes
// are read; `shown`: what it carries of how the log goes on.  What cannot be read at all is passed
// over, as a fault of its own says so.
std::vector<std::string> FormFaults(const DossierReport& report,
                                    const std::vector<v1::GoingOn>& shown);

}  // namespace sotay::seal
