// Restoring: a store made of a backup's segments, in the directory of a server that has its keys
// and settings and no store.  What is in no backup is made again (replay.h), everything is checked
// as `sotayd check` does, and the store begins a new life: another epoch, by which phones notice
// that they may have to send again what the backup did not have yet, and a row about the life that
// ended (lineage.h).
//
// It is built beside its place and moved there last of all, so an attempt that was cut short has
// done nothing; the next one begins anew.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store_check.h"
#include "sotay/stored/v1/backup.pb.h"
#include "sync/schema.h"
#include "sync/seal/log_keys.h"

namespace sotay::durable {
struct StoreOptions;
}  // namespace sotay::durable

namespace sotay::server {

struct RestorePlan {
  // Segments, or a directory of lives (FindLife).
  std::string backup;
  // Where the store is to be, and where it is built.
  std::string store;
  std::string part;
  // The keys segments are signed with; the last is in force from now on.
  seal::LogKeys log_keys;
  const sync::Schema* schema = nullptr;
  int64_t now_ms = 0;
  // Long work, step by step, for a person who waits; may be empty.
  std::function<void(const std::string& line)> told;
  // Where the files of attachments are to be; empty: they are left out.
  std::string blobs = {};
  // A chain whose newest segment is by a key that was replaced since is taken, too: somebody has
  // looked at it.
  bool by_earlier_key = false;
};

struct Restored {
  std::string life;  // the directory it came from
  stored::v1::EndedEpoch ended;
  // Of each unit, as the new life begins.
  std::map<std::string, stored::v1::UnitHead> heads;
  StoreReport report;
  // Files of attachments that the backup has damaged: each a sentence.  All else was brought.
  std::vector<std::string> damaged_files = {};
};

// kFailedPrecondition when the newest segment is by a key that was replaced, and that was not
// expected, or was written after that key was handed over.
// kAlreadyExists when there is a store already, kNotFound when there is no backup, kDataLoss, with
// the segment and the reason, when a segment does not hold or the result contradicts itself;
// otherwise fails as the file system does.  Then there is no store, as before.
absl::StatusOr<Restored> Restore(const RestorePlan& plan, const durable::StoreOptions& files);

}  // namespace sotay::server
