// What was set aside, as the store has it and as the directory counts it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/optional.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sync/ids.h"

namespace sotay::server {

// A change that was set aside, with where it stands in the store.
struct AsideRow {
  v1::QuarantinedChange change;
  uint64_t after_position = 0;
  uint64_t arrival = 0;
};

// A change its author may not make, which may wait for the consent of a colleague who may
// (consents.h): of the quarantine what has to be looked through for that.
struct Submission {
  sync::DeviceId device;
  uint64_t sequence = 0;
  sync::ChangeId change;
  std::string unit;
  std::string user;
  int64_t received_ms = 0;
  bool waits = false;  // nobody has decided about it
};

// Nothing when it was set aside for another reason, or cannot be read as a change of a unit.
absl::optional<Submission> SubmissionOf(const v1::QuarantinedChange& aside);

}  // namespace sotay::server
