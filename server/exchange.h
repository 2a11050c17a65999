// Both halves of a Sync call that are not the hub's: what is checked before a push is taken, and
// what is answered afterwards.  Runs on the callers' threads, so that the hub's one thread does
// nothing but decide and write.  Knows no transport; thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "server/directory.h"
#include "server/feed.h"
#include "server/group.h"
#include "server/notary.h"
#include "server/store.h"
#include "server/watermark.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::server {

constexpr uint32_t kProtocol = 1;

// A Sync call that may go on.
struct PreparedSync {
  sync::DeviceId device;
  // Present when the call pushes: for the hub.
  absl::optional<Push> push;
  // The unpacked push: the answer is packed after it.
  std::string pushed_bytes;
  // Sealed dossiers of which it says that it has made unreadable what it had: for the hub, before
  // the answer.
  std::vector<std::string> reports;
  // The request without its push, for the answer.
  v1::SyncRequest request;
};

class Exchange {
 public:
  // `watermark` null: there is no backup.
  Exchange(Directory* directory, Store* store, Notary* notary, const Watermark* watermark = nullptr)
      : directory_(*directory),
        store_(*store),
        notary_(*notary),
        watermark_(watermark),
        records_(store) {}

  // For how many days after a contact devices show what others wrote; 0, as it is at first: without
  // end.  Before anybody is answered.
  void set_offline_days(uint32_t days) { offline_days_ = days; }

  // Checks shape, limits, cursors and seal, in that order, unpacks the changes, and notes the
  // contact.  Fails as SyncService.Sync says; then nothing of the call was taken.  A caller that is
  // forked or revoked may only push.
  absl::StatusOr<PreparedSync> Prepare(const Caller& caller, v1::SyncRequest request,
                                       int64_t now_ms) const;

  // The answer: progress, outcomes (`pushed` is the hub's word, null when nothing was pushed),
  // and the feed since the cursors.  The user's units are looked at anew.  What is sent of them is
  // told in `shown`, unless that is null.
  absl::StatusOr<v1::SyncResponse> Answer(const PreparedSync& prepared, PushAnswer* pushed,
                                          int64_t now_ms, ShownParts* shown = nullptr) const;
  // The answer to a device that is revoked: what became of its push, and nothing else.  It is to
  // call again, and is told DEVICE_REVOKED once it has nothing left to send.
  static v1::SyncResponse AnswerRevoked(const PreparedSync& prepared, PushAnswer* pushed,
                                        int64_t now_ms);

 private:
  // Of names and offline_days together, as a device is told them together.
  uint64_t DirectoryRevision() const;
  absl::Status CheckShape(const v1::SyncRequest& request) const;
  absl::StatusOr<Push> Open(const Caller& caller, v1::Push* push, std::string* unpacked) const;
  // And notes by which key it holds.
  absl::Status CheckSeal(Push* push) const;
  // Sealed dossiers the feed does not name to this device: it wrote there and is in the unit no
  // more, and has not said that it has done what it is told; or it has just sent something of one.
  absl::Status TellWriters(const PreparedSync& prepared, const FeedPlan& plan,
                           v1::SyncResponse* response) const;
  // Heads for a device that witnesses; of a unit without one the operator was told.
  void AddHeads(const v1::SyncRequest& request, const FeedPlan& plan, int64_t now_ms,
                v1::SyncResponse* response) const;

  Directory& directory_;
  Store& store_;
  Notary& notary_;
  const Watermark* const watermark_;
  uint32_t offline_days_ = 0;
  mutable DossierRecords records_;
};

}  // namespace sotay::server
