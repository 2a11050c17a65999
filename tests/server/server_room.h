// The whole server but its transport: store on a disk that can fail, directory, hub, exchange.
// No thread unless a test starts one, so a test sees every beat; the clock is the test's.
//
//   ServerRoom room;
//   SealedPhone nguyet("nguyet");
//   room.Enrol(&nguyet);
//   nguyet.Write("k", {NewCase("k"), Note("n").Says("…")});
//   room.Exchange(&nguyet);
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/administration.h"
#include "server/blob_exchange.h"
#include "server/blobs.h"
#include "server/directory.h"
#include "server/exchange.h"
#include "server/hub.h"
#include "server/store.h"
#include "server/store_check.h"
#include "server/supervision.h"
#include "server/watchers.h"
#include "sync/durable/open.h"
#include "tests/server/sealed_phone.h"
#include "tests/support/fault_env.h"

namespace sotay::tests {

class ServerRoom {
 public:
  // Founded with the administrator "khoa", unit "kv1" under "tinh", and unit "kv2" beside it.
  ServerRoom();
  ~ServerRoom();

  // Opens what the disk holds, as a start does; closes what was open before.
  absl::Status Open();
  void Close();

  void AddUnit(const std::string& unit, const std::string& parent);
  void AddUser(const std::string& user,
               const std::vector<std::pair<std::string, sync::Role>>& memberships);
  // Adds the phone's user if need be, and the phone.
  void Enrol(SealedPhone* phone, const std::string& unit = "kv1");
  // Adds a device of somebody who is there, by its public key.
  void AddDevice(const std::string& public_key, const std::string& user);
  void Revoke(const SealedPhone& phone);

  // What Sync does, in this thread.
  absl::StatusOr<v1::SyncResponse> Sync(const sync::DeviceId& device,
                                        const v1::SyncRequest& request);
  absl::StatusOr<v1::SyncResponse> Sync(const SealedPhone& phone, const v1::SyncRequest& request) {
    return Sync(phone.device(), request);
  }
  // Syncs until there is nothing more either way; must succeed.
  void Exchange(SealedPhone* phone);
  // Pushes everything of the phone's that is not accepted.
  absl::StatusOr<v1::SyncResponse> Push(SealedPhone* phone);

  // Closes the store and puts `value` under `key`, or takes the key away, as somebody at the disk
  // would.
  void Tamper(const std::string& key, const absl::optional<std::string>& value);

  // Runs with the pen, as administration does.
  void WithPen(const std::function<void(server::Pen*)>& mutation);

  // Faults found by walking the store; each a sentence.
  std::vector<std::string> Faults();
  std::vector<v1::QuarantinedChange> Quarantine(const std::string& unit);

  server::Caller CallerOf(const SealedPhone& phone) const;

  testing::FaultEnv disk;
  int64_t now_ms = 1'794'000'000'000;
  const seal::SigningKey log_key = *seal::SigningKey::Generate();
  std::vector<absl::Status> failures;  // what the hub said had failed
  server::HubOptions hub_options;      // for the next Open; its clock and its word are ours
  server::BlobLimits blob_limits;      // for the next Open
  std::string rules;                   // a file with the table of rights for the next Open
  // For the next Open; 0: what is read is read of the disk.
  size_t block_cache_bytes = durable::StoreOptions().block_cache_bytes;

  std::unique_ptr<server::Blobs> blobs;
  std::unique_ptr<server::Store> store;
  std::unique_ptr<server::Directory> directory;
  std::unique_ptr<server::Watchers> watchers;
  std::unique_ptr<server::Hub> hub;
  std::unique_ptr<server::Notary> notary;
  std::unique_ptr<server::Exchange> exchange;
  std::unique_ptr<server::Supervision> supervision;
  std::unique_ptr<server::BlobExchange> blob_exchange;

 private:
  durable::StoreOptions StoreOptions();

  const std::shared_ptr<const sync::Schema> schema_ = CaseworkSchema();
};

}  // namespace sotay::tests
