// The notary signs heads of units' logs: "so many entries, with this root, in this life of the
// store".  Phones hold the newest and are shown with the next that the log only grew; so a log
// that was rewritten, cut, or shown in two forms is found at the next contact of whoever saw it.
//
// Nothing is signed that was not read back: every entry since the head before is read from disk and
// hashed anew, and the tree that makes must be the one the hub keeps.  One flipped bit under a
// signature would spoil the log for good.  What was there when the server started is taken as the
// head row has it; `sotayd check` reads it all.
//
// A head is made when somebody asks and the log has grown, at most once a second for a unit, so
// that signing costs the same however many ask.  Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "server/directory.h"
#include "server/store.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/seal/key.h"
#include "sync/seal/log_keys.h"
#include "sync/seal/merkle.h"

namespace sotay::server {

class Notary {
 public:
  // All but the key must outlive it.  `keys`: those before it as well; without, it is the first.
  Notary(const Directory* directory, Store* store, seal::SigningKey key);
  Notary(const Directory* directory, Store* store, seal::SigningKey key, seal::LogKeys keys);

  // A head of the unit's log, and the proof that it goes on from `held`, the newest the asker has
  // (null: none).  Without a proof when `held` is of another epoch, or of a longer log than there
  // is: then this store has lost what it once vouched for, and the operator is told.
  //
  // kNotFound: no such unit; kDataLoss: what is on disk is not what was hashed, and nothing is
  // signed for this unit any more; kFailedPrecondition: the clock stands before a head that was
  // signed.  The operator is told of each.
  absl::StatusOr<v1::ProvenHead> Prove(const std::string& unit, const v1::LogHead* held,
                                       int64_t now_ms) ABSL_LOCKS_EXCLUDED(mutex_);

  // A head of the unit's log with at least so many entries, if there are.  Fails as Prove.
  absl::StatusOr<v1::LogHead> Head(const std::string& unit, uint64_t size_min, int64_t now_ms)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether it is a head of this life of the store, signed here, of a log that is all there.
  bool Stands(const v1::LogHead& head) const;

  const seal::VerifyingKey& log_key() const { return key_.verifying_key(); }
  const seal::LogKeys& keys() const { return keys_; }

  // Whether a device can tell who signs: the key is the one of its enrolment, or it has asked since
  // the start for the handovers that lead there.  Others are sent no heads, and ask.
  bool IsKnownTo(const stored::v1::DeviceRow& device) const ABSL_LOCKS_EXCLUDED(mutex_);
  void Told(const sync::DeviceId& device) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Vouching {
    seal::MerkleEdge read;  // what was read back so far
    v1::LogHead head;       // signed last; empty: none yet
    bool spoilt = false;
  };

  absl::StatusOr<v1::LogHead> HeadOf(const std::string& unit, uint64_t size_min, int64_t now_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Reads the log up to `head` and holds it against that.
  absl::Status ReadBack(const std::string& unit, const stored::v1::UnitHead& head,
                        Vouching* vouching) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Directory& directory_;
  Store& store_;
  const seal::SigningKey key_;
  const seal::LogKeys keys_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Vouching> units_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> told_ ABSL_GUARDED_BY(mutex_);  // device ids
};

}  // namespace sotay::server
