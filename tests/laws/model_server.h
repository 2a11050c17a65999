// A server made of sync::Ingest and maps in memory: what the hub and the store do in the
// product, without disk, net or threads.  Records are kept as bytes, as the store keeps them.
// It also keeps every record's past, for the judges.  Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/admitted_edit.h"
#include "sync/ingest.h"
#include "tests/laws/chance.h"
#include "tests/laws/paper.h"
#include "tests/laws/past.h"

namespace sotay::laws {

constexpr char kUnit[] = "unit-a";

// The name of a change in this world; not the product's hash, and much faster.
sync::ChangeId NameOf(absl::string_view change_bytes);

// One Sync call, unpacked.
struct Request {
  sync::DeviceId device;
  uint64_t first_sequence = 0;
  std::vector<std::string> changes;  // may be none
  uint64_t cursor = 0;
  int64_t device_now_ms = 0;
  uint64_t revision_seen = 0;
};

struct Answer {
  v1::SyncResponse response;
  std::vector<v1::FeedRecord> records;
};

// What a faulty server does wrong; the product does none of it.
enum class ServerFault {
  kNone,
  kForgetsWhatItHas,    // takes a repeated change for a new one
  kBelievesEveryClock,  // admits claimed stamps as they are
  kDropsLosers,         // stores only the first reading of a field
  kSkipsQuarantine,     // loses what it does not apply
  kRenumbers,           // starts its log again with every group
};

class ModelServer {
 public:
  struct Logged {
    v1::Admission admission;
    std::string bytes;
    sync::ChangeId id;
    sync::DeviceId device;
    uint64_t sequence = 0;
  };
  struct Kept {
    std::string bytes;
    uint64_t position = 0;
  };

  ModelServer(Build build, ServerFault fault) : build_(build), fault_(fault) {}

  void Enrol(const sync::DeviceId& device, const std::string& user, std::set<sync::Role> roles);

  // Takes the requests of different devices as one group and answers each.
  std::vector<Answer> Serve(const std::vector<Request>& requests, int64_t now_ms);

  // From now on the device's user is no member, or is again what they were.
  void Suspend(const sync::DeviceId& device, bool suspended);
  // Somebody takes in one of the changes that were refused.  Whether it could be.
  bool TakeIn(Chance* chance, int64_t now_ms);

  // The history of a record as a phone is told it.
  std::vector<sync::AdmittedEdit> EditsOf(const sync::RecordId& id) const;

  Build build() const { return build_; }
  const std::vector<Logged>& log() const { return log_; }
  const std::map<sync::ChangeId, v1::QuarantinedChange>& aside() const { return aside_; }
  const std::map<sync::RecordId, Kept>& records() const { return records_; }
  // What was admitted to and refused of each record.
  const std::map<sync::RecordId, Past>& pasts() const { return pasts_; }

 private:
  struct Enrolled {
    stored::v1::DeviceRow row;
    std::map<std::string, std::set<sync::Role>> roles;
    bool suspended = false;
    int64_t skew_ms = 0;
    std::map<uint64_t, stored::v1::SequenceRow> sequences;
    std::vector<v1::ChangeOutcome> revised;
  };

  sync::PushInput InputOf(const Request& request);
  void Load(const std::vector<const v1::Change*>& changes, sync::IngestInput* input) const;
  sync::History HistoryOf(const sync::RecordId& id,
                          const std::vector<const v1::Change*>& changes) const;
  void Commit(const sync::IngestOutcome& outcome, std::vector<sync::ChangeId>* satisfied);
  void Remember(const v1::Change& change, const PastEdit& like);
  // What is taken in is two edits by definition: the one that was refused gets a name of its own,
  // and whoever was made on it was made on that.
  void Part(const sync::ChangeId& taken_in);
  void ReleaseFor(std::vector<sync::ChangeId> satisfied, int64_t now_ms);
  Answer AnswerTo(const Request& request, const sync::PushOutcome& pushed, int64_t now_ms) const;

  Build build_;
  ServerFault fault_;
  std::map<sync::DeviceId, Enrolled> devices_;
  std::vector<Logged> log_;
  std::map<sync::ChangeId, v1::QuarantinedChange> aside_;
  std::map<sync::RecordId, Kept> records_;
  std::map<sync::RecordId, Past> pasts_;
  std::map<sync::ChangeId, sync::ChangeId> parted_;  // that name → the change's
  uint64_t position_ = 0;
};

}  // namespace sotay::laws
