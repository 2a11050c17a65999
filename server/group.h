// A group of pushes on its way through the corridor: load what the decision needs, decide
// (sync/ingest.h), hand it to the scribe as one batch.  The hub's thread alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/pen.h"
#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/ids.h"
#include "sync/ingest.h"

namespace sotay::server {

// A push that was unpacked and hashed and whose seal holds (exchange.cc does that on the
// caller's thread).
struct Push {
  sync::DeviceId device;
  uint64_t first_sequence = 0;
  std::string previous;  // 32 bytes, or empty at sequence 1
  std::vector<sync::PushedChange> changes;
  std::string signature;
  std::string sealed_with;  // the key it holds by, SubjectPublicKeyInfo in DER
  int64_t skew_ms = 0;
  std::map<std::string, uint64_t> heard;  // as in sync::PushInput
  std::set<uint64_t> late;                // likewise
  size_t bytes = 0;                       // of the changes
  v1::Packed packed;                      // the changes as they came, to be stored
};

struct PushAnswer {
  uint64_t accepted_through = 0;
  std::vector<v1::ChangeOutcome> outcomes;
};

// A push, and who is told what became of it: what is answered OK is durable, a refusal says what
// the caller is told.
struct PushJob {
  using Done = std::function<void(absl::StatusOr<PushAnswer>)>;

  Push push;
  Done done;  // called once, on the hub's thread or the scribe's; must not block
};

// What was decided, as far as it matters to held changes.
struct HeldNews {
  // What they may have waited for and now have.
  std::vector<sync::ChangeId> satisfied;
  // Devices whose held changes are others than before.
  std::vector<stored::v1::DeviceRow> devices;
  // Rows whose bytes from before have to leave the files as well (Store::Sweep).
  std::vector<std::string> to_sweep;
};

// Changes a revoked device may still leave in quarantine, with all that were set aside of it: what
// a lost phone has unsent, and no way to fill the disk from it.  At most 64 KiB each.
constexpr uint64_t kRevokedAsideMax = 2'000;

// Whether a push of `count` changes from `first` on is within that bound; of a device that is not
// revoked it is.  DEVICE_REVOKED past it, TOO_LARGE when a shorter one would fit.
absl::Status CheckRevoked(const stored::v1::DeviceRow& row, uint64_t first, uint64_t count);

// Takes the pushes, at most one of each device, in their order.  When something stored that one
// push needs is damaged, only the pushes that need it fail (kDataLoss).
HeldNews TakeGroup(Pen* pen, std::vector<PushJob> jobs);

// Serialises what was noted of the outcome's entries, makes the heads of the units they went to,
// and takes what assignments among them say of dossiers. kDataLoss when a head that is there does
// not go with its log.
absl::Status FillLogs(const Pen& pen, const sync::IngestOutcome& outcome, Round* round);

}  // namespace sotay::server
