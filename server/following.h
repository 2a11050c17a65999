// How a device follows what was said of who sees which dossier (sync/dossier_acts.h), one act after
// the other, before it is sent what is new: a dossier its user has lost is named, one they were
// given back is sent as far as the device's position goes, and the feed brings the rest.  The feed
// itself leaves out what its user does not see (sight.h).
//
// What follows from an act depends on it, on the one before it about the same dossier, and on what
// stands today, and on nothing that a server would have to remember of a device.  Reads only; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "server/feed.h"
#include "server/sight.h"

namespace sotay::server {

// What is known of a device beside what it says.
struct Follower {
  bool fresh = false;       // it has nothing of the unit
  int64_t enrolled_ms = 0;  // server clock; 0: nobody knows
};

// Brings `cursor` on as far as the page has room.  True: it has followed everything there is to
// follow.  `head`: the unit's newest position.
absl::StatusOr<bool> Follow(const FeedSources& from, Sight* sight, const Follower& device,
                            uint64_t head, size_t bytes_max, v1::Cursor* cursor, FeedPage* page);

// Dossiers of the unit that proved to be secret, for a device that begins there: it has nothing of
// them, and is to know what is not to be begun again.
void TellSealed(const Sight& sight, FeedPage* page);

}  // namespace sotay::server
