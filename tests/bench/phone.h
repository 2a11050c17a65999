// A phone of the load: composes, packs and seals exactly as the product's courier does, with the
// product's own functions, but keeps no notebook, so that all of it can be done before a clock
// starts.  One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sotay/v1/sync_service.grpc.pb.h"
#include "sync/compose.h"
#include "sync/ids.h"
#include "sync/schema.h"
#include "tests/bench/caller.h"

namespace sotay::bench {

// A push, ready to go.
struct Parcel {
  std::string request;  // a serialised SyncRequest
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  std::vector<std::string> changes;  // what is packed in it, as it was hashed

  size_t count() const { return changes.size(); }
};

class Phone {
 public:
  // `schema` outlives it.  The user is a prosecutor of the unit.
  Phone(Identity identity, const sync::Schema* schema, std::string unit_id);

  // Opens the connection, and the dossier that the notes will be in from now on: one small push.
  // A surprise is hidden from the unit.
  absl::Status Begin(bool surprise = false);

  // Opens a new connection: the server it had one to was killed.
  absl::Status Reconnect();

  // Hears how far the feed is, and who there is: once more, when all phones are enrolled, so that
  // no answer that is measured brings the whole directory.
  absl::Status Refresh();

  // Composes a note; it waits in the outbox for Pack.
  absl::StatusOr<sync::RecordId> Write(const std::string& body);
  // The same, an attachment of a file that never comes.
  absl::StatusOr<sync::RecordId> Attach(const std::string& sha256);
  // Packs and seals the outbox, at most `changes_max` in a parcel.  The answer to a parcel will
  // bring as few records as the server can: this phone is here to send.
  absl::StatusOr<std::vector<Parcel>> Pack(size_t changes_max);

  // An exchange with nothing to send, from the beginning of the unit's feed until there is no
  // more: every record as the server has it, in order of position.
  absl::Status ReadFeed(const std::function<void(const v1::FeedRecord&)>& visit);

  const sync::DeviceId& device() const { return identity_.device; }
  const std::string& user_id() const { return identity_.user_id; }
  const sync::RecordId& dossier() const { return dossier_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  absl::Status Compose(sync::RecordWish wish, const sync::RecordId& dossier);
  v1::SyncRequest Request() const;
  absl::StatusOr<v1::SyncResponse> Exchange(const v1::SyncRequest& request);

  const Identity identity_;
  const sync::Schema* const schema_;
  const std::string unit_id_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::SyncService::Stub> stub_;

  sync::RecordId dossier_;
  std::vector<v1::Cursor> cursors_;
  uint64_t directory_revision_ = 0;
  uint64_t last_sequence_ = 0;
  uint64_t packed_through_ = 0;
  std::string head_;         // id of the newest change
  std::string packed_head_;  // id of the newest packed one
  sync::Stamp stamp_ = 0;
  std::vector<std::string> outbox_;
  std::vector<sync::ChangeId> outbox_ids_;
};

// Whether the answer says that everything in the parcel is in the log.
absl::Status CheckAnswer(const Parcel& parcel, const v1::SyncResponse& answer);

}  // namespace sotay::bench
