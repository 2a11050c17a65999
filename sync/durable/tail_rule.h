// What to do with logs that do not end well, decided before LevelDB opens a directory.
//
// LevelDB knows two ways: read over damage in silence, or (paranoid) refuse even the ragged end
// that every power cut may leave.  Neither will do.  A power cut can harm only what was not yet
// synced, and since nothing is written on top of unsynced bytes, that is the last record of the
// last log.  So, for each write-ahead log and for the MANIFEST in force:
//
//   clean                                      leave it
//   damaged at the end, no record after it     keep a copy, cut the log to its last whole record
//   damaged, and a record after it             refuse: what is damaged had been promised
//   right but for one flipped bit              refuse: a dying medium, not a power cut
//
// "After it" includes later write-ahead logs.  A MANIFEST without one whole record is refused as
// well, for it was synced before CURRENT named it.  What cannot be told apart: the very last
// record, whole and promised, then overwritten by more than a bit.  It is cut, and reported.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "leveldb/env.h"

namespace sotay::durable {

// Where they lie, in the directory of the store.
constexpr char kCutLogs[] = "lost+tail";

// One log that was cut.
struct TailCut {
  std::string log;  // the file's name in its directory
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
  // Where the log lies as it was found, relative to the directory:
  // "lost+tail/000005.log.1".  LevelDB neither lists nor deletes it; a person may.
  std::string copy;
};

// Applies the rule to the store in `directory`, through `env`, which should be a DurableEnv so
// that every step is durable before the next.  The caller holds the store's lock.  Returns what
// was cut; nothing for a directory that is absent, empty or sound.  All logs are judged before
// any is touched.  A crash or failure in between leaves every log as it was or properly cut, and
// at most an extra copy; the next call carries on.
//
// Fails with kDataLoss when damage cannot be a power cut's: the message names file and offset
// and says to restore from a backup; nothing was changed.  kUnavailable or kResourceExhausted
// when reading or writing failed.
absl::StatusOr<std::vector<TailCut>> ApplyTailRule(leveldb::Env* env, const std::string& directory);

// The number of a write-ahead log, "000012.log"; 0 for any other file name.
uint64_t WriteAheadLogNumber(const std::string& file_name);

}  // namespace sotay::durable
