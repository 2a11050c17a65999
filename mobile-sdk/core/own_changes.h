// The changes of this device as an answer leaves them, for whoever looks through all of them
// (forgetting.h, sealing.h).  Callers hold the desk's lock.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mobile-sdk/core/shown.h"
#include "mobile-sdk/core/store.h"
#include "sync/ids.h"

namespace sotay::sdk {

// From `first` on, in order; what `undone` has counts before the store.  Withheld ones say nothing
// and are left out.  kDataLoss when one cannot be read.
absl::Status EachOwn(const Store& store, const Undone& undone, uint64_t first,
                     const std::function<void(uint64_t sequence, const stored::v1::OwnChange& own,
                                              const v1::Change& change)>& take);

// The dossier these bytes name; one nothing is in when they name none.
sync::RecordId DossierOf(absl::string_view bytes);

// Whether its dossier proved to be secret, so that nothing is left of it but its place.
inline bool IsWithheld(const stored::v1::OwnChange& own) { return !own.withheld_in().empty(); }

}  // namespace sotay::sdk
