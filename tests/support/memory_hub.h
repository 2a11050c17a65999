// A small honest server in memory: the wire protocol of SyncService around sync::Ingest, with maps
// where server/store has files.  Tests of the phone talk to it; a simulation may put a bad network
// in between (memory_link.h).
//
// It does what docs/protocol.md asks of a server, in the shortest way that is obviously right:
// identity, limits, cursors, seal, changes, feed; held changes are released when what they wait
// for arrives.  Backup and Restore set it back, with a new epoch.  Any thread, one call at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/ingest.h"
#include "tests/support/sequence_rows.h"

namespace sotay::tests {

class MemoryHub {
 public:
  // Everything that is on its disk.
  struct State {
    struct Entry {
      std::string unit_id;
      std::string bytes;
      sync::ChangeId id;
      sync::DeviceId device;
      uint64_t sequence = 0;
      v1::Admission admission;          // position 0: set aside
      v1::QuarantinedChange set_aside;  // then this says why
      uint64_t after_position = 0;
      std::set<std::string> records;
    };
    struct Stored {
      std::string bytes;
      std::string unit_id;
      uint64_t position = 0;
    };
    std::string epoch;
    std::map<std::string, std::string> units;                                  // id → name
    std::map<std::string, std::string> users;                                  // id → name
    std::map<std::string, std::map<std::string, std::set<sync::Role>>> roles;  // user → unit → …
    uint64_t directory_revision = 1;
    std::map<std::string, uint64_t> positions;
    std::map<sync::DeviceId, stored::v1::DeviceRow> devices;
    SequenceRows sequences;
    std::map<sync::DeviceId, std::vector<v1::ChangeOutcome>> revised;
    std::map<sync::RecordId, Stored> records;
    std::vector<Entry> log;
  };

  MemoryHub(std::shared_ptr<const sync::Schema> schema, std::function<int64_t()> now_ms);

  const std::string& organisation_id() const { return organisation_id_; }
  void AddUnit(const std::string& unit_id, const std::string& name);
  // Joins a unit, changes roles there, or (with none) leaves it.
  void SetRoles(const std::string& user_id, const std::string& unit_id, std::set<sync::Role> roles);
  void AddDevice(const sync::DeviceId& device, const std::string& spki, const std::string& user_id);
  void SetState(const sync::DeviceId& device, v1::DeviceState state);

  absl::StatusOr<v1::SyncResponse> Sync(const sync::DeviceId& device,
                                        const v1::SyncRequest& request);
  absl::StatusOr<v1::ListRecordHistoryResponse> ListRecordHistory(
      const sync::DeviceId& device, const v1::ListRecordHistoryRequest& request);

  // Called with every unit's head when it moves, outside the lock.  Returns what ends it.
  std::function<void()> Listen(std::function<void(const v1::Cursor&)> listener);
  // Heads of the user's units now.
  std::vector<v1::Cursor> Heads(const sync::DeviceId& device) const;

  std::shared_ptr<const State> Backup() const;
  void Restore(const State& backup);

  // As Notebook::Digest, over what the device's user may see.
  std::string Digest(const sync::DeviceId& device) const;
  // How many changes are in the logs: each once.
  size_t LogSize() const;
  stored::v1::DeviceRow Row(const sync::DeviceId& device) const;

  // Limits of this server, for tests of a phone that meets them.
  size_t push_changes_max;
  size_t records_bytes_max;
  // Whether it packs histories, as servers did not always.
  bool packs = true;

 private:
  using Lock = absl::MutexLock;
  absl::Status CheckCursors(const State& state, const std::string& user,
                            const v1::SyncRequest& request) const;
  absl::StatusOr<std::vector<sync::PushedChange>> Unseal(const stored::v1::DeviceRow& row,
                                                         const v1::Push& push) const;
  absl::Status TakePush(const stored::v1::DeviceRow& row, const v1::SyncRequest& request,
                        v1::SyncResponse* response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Feed(const std::string& user, const v1::SyncRequest& request,
            v1::SyncResponse* response) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  sync::IngestInput Load(std::vector<sync::PushInput> pushes) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  sync::History HistoryOf(const sync::RecordId& id, const sync::IngestInput& like) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  template <typename Decide>
  sync::IngestOutcome Decided(sync::IngestInput* input, const Decide& decide) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Commit(const sync::IngestOutcome& outcome) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReleaseHeld(std::set<std::string> arrived) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<const sync::Schema> schema_;
  const std::function<int64_t()> now_ms_;
  const std::string organisation_id_;
  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_);
  uint64_t epochs_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int, std::function<void(const v1::Cursor&)>> listeners_ ABSL_GUARDED_BY(mutex_);
  int last_listener_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sotay::tests
