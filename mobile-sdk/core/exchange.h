// One exchange with the server: builds what there is to send, seals it, sends it with the
// cursors, and settles the answer.  The courier decides when; here is how.
//
// After a time without contact it asks before it sends: what has proved to be secret meanwhile is
// not to leave the device (sealing.h).  So until an answer has told all there is to be told,
// requests carry no push.
//
// What the server refuses for a reason we can mend is mended on the spot: a gap in sequence
// (sends from where the server says: own changes are kept, so a restored server heals), a
// cursor of another epoch (begins the unit again), a push too large (halves it).  A device that was
// revoked, copied or set back is told nothing, and hands in what it wrote all the same, once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/link.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::sdk {

// How one exchange ended.
struct Exchanged {
  bool quiet = false;             // nothing is left to send, to take or to report
  uint64_t accepted_through = 0;  // as the server says
  uint64_t received = 0;          // records
  int64_t server_now_ms = 0;      // its clock, milliseconds since 1970
};

class Exchange {
 public:
  // Both must outlive it.
  Exchange(Desk* desk, Link* link);

  // One exchange; waits for one that is running.  Events are told before it returns, with no
  // lock held.  Fails with
  // what the link or the store says; everything so far is kept, and the same call may be made
  // again at any time.  kAborted: the device was copied or set back; nothing more will be
  // sent, what is written here stays here, and the app must enrol anew.
  absl::StatusOr<Exchanged> Once() ABSL_LOCKS_EXCLUDED(mutex_);

  // The device takes another key, now; what fails is tried again with every exchange.  Waits for
  // one that is running.
  absl::Status Rekey() ABSL_LOCKS_EXCLUDED(mutex_);

  // There was no contact for a time, so that there may be news: it asks first.  As it does when it
  // is made, and after a call that failed.  Any thread.
  void AskFirst() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::StatusOr<Exchanged> OnceLocked(std::vector<Event>* events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A request, and what of ours the server had by its last answer.
  struct Asked {
    v1::SyncRequest request;
    uint64_t accepted_through = 0;
  };
  // Of a key that the server does not know.  Whether it does now; fails when that cannot be told.
  absl::StatusOr<bool> MakeKeyKnown() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What has to be done about keys before anything is sealed.
  absl::Status RollFirst() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Asked> Build() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status AddPush(const stored::v1::Progress& progress, v1::SyncRequest* request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether the call is worth making again at once.
  absl::StatusOr<bool> Mend(const absl::Status& refusal, const Asked& asked)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Exchanged> Take(const Asked& asked, v1::SyncResponse said,
                                 std::vector<Event>* events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The key it takes heads by.
  absl::StatusOr<std::string> LogKey() const;
  // Whether it only asked, and has something to send.
  bool MayStillPush(const Asked& asked) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Halve(const v1::SyncRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Desk& desk_;
  Link& link_;
  // Held during a whole exchange: one at a time.
  absl::Mutex mutex_;
  // Not OK once the server has called this device a copy.
  absl::Status forked_ ABSL_GUARDED_BY(mutex_);
  // What asking comes to, from now on.
  void SetTold(bool told) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // All there was to be told was told since the last time without contact.
  bool told_ ABSL_GUARDED_BY(mutex_) = false;
  // The last push was not taken.
  bool push_failed_ ABSL_GUARDED_BY(mutex_) = false;
  // By unit, while it asks: how far the telling of acts has come.  The store's cursors stay behind
  // while a dossier waits for what is unsent in it, which waits for the end of the asking.
  std::map<std::string, v1::Cursor> asked_ ABSL_GUARDED_BY(mutex_);
  // Most changes of the next push.
  uint64_t changes_max_ ABSL_GUARDED_BY(mutex_);
  // The server was shown how the key came to be, which it did not know.
  bool shown_again_ ABSL_GUARDED_BY(mutex_) = false;
  // Answers in a row that knew less of us than the one before.
  int rewinds_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sotay::sdk
