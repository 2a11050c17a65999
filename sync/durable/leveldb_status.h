// LevelDB's answers in our words.  The one place that knows what they look like.
#pragma once

#include "absl/status/status.h"
#include "leveldb/status.h"

namespace sotay::durable {

// NotFound becomes kNotFound; Corruption kDataLoss; an IOError kUnavailable, or
// kResourceExhausted when the text says that disk or quota is full; the rest kInternal.  The
// message is LevelDB's, which names files and system errors and never content.  Any thread.
//
// Caution: LevelDB also answers NotFound when a *file* is missing.  Where the question was for
// a key, ask IsMissingFile first.
absl::Status FromLevelDb(const leveldb::Status& status);

// Whether this NotFound speaks of a file and not of a key: LevelDB names the file, and says
// nothing of a key.
bool IsMissingFile(const leveldb::Status& status);

}  // namespace sotay::durable
