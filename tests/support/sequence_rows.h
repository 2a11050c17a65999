// What became of each device's changes, as the server's sequence table has it, for servers that
// keep it in memory.  Pure; any thread.
#pragma once

#include <cstdint>
#include <map>

#include "sotay/stored/v1/server.pb.h"
#include "sync/ids.h"
#include "sync/ingest.h"

namespace sotay::tests {

using SequenceRows = std::map<sync::DeviceId, std::map<uint64_t, stored::v1::SequenceRow>>;

// Notes everything the outcome admits or sets aside.  A forked branch has no sequence: the number
// belongs to the change that came first.
void NoteSequences(const sync::IngestOutcome& outcome, SequenceRows* rows);

}  // namespace sotay::tests
