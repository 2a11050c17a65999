// Reading one LevelDB log, a write-ahead log or a MANIFEST, without LevelDB: up to where it is
// whole, and what kind of damage follows.  A pure function of bytes; tail_rule.h acts on it.
//
// The format.  A log is a row of blocks of 32,768 bytes, the last one cut short wherever writing
// stopped.  A block holds physical records end to end, and none crosses into the next block.
// One is a header of 7 bytes and a payload: 4 bytes checksum (CRC-32C over type and payload,
// masked), 2 bytes payload length, 1 byte type, all little-endian.  When fewer than 7 bytes of
// a block are left they are a trailer, written as zeros and never looked at.  A logical record
// is one FULL (1), or a FIRST (2), any number of MIDDLE (3) and a LAST (4), so that every
// fragment but the first begins a block.  A type of 0 with length 0 is space that was reserved
// and never written.
//
// A logical record of a write-ahead log is a batch: 8 bytes sequence of its first entry, 4 bytes
// count of entries, the entries.  Sequences never fall from one record to the next.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace sotay::durable {

enum class LogKind {
  kWriteAhead,  // NNNNNN.log: records are batches and carry a sequence.
  kManifest,    // MANIFEST-NNNNNN: records carry nothing we can order them by.
};

// A log up to and beyond its first damage.
struct LogReading {
  // Bytes and number of the whole logical records the log begins with.
  uint64_t whole_bytes = 0;
  uint64_t whole_records = 0;
  // Nothing but whole records (and trailers).  A log of no bytes is clean.
  bool clean = true;
  // If not clean: where reading had to stop, in or after the record that begins at whole_bytes.
  uint64_t damage_offset = 0;
  // If not clean: where, after the damage, another logical record begins (a FULL or a FIRST
  // with a right checksum).  LevelDB begins a record only when the one before was written and,
  // as we always sync, kept; so this proves that what is damaged had been promised.  A MIDDLE
  // or LAST proves nothing: a power cut can keep the end of one long record and lose its
  // beginning.  Nor does a batch with a sequence lower than the whole ones call for: that is
  // an older log showing through from a reused disk block.
  absl::optional<uint64_t> later_record_offset;
  // If not clean: the record at damage_offset is right but for one bit.  A write that was cut
  // short does not look like that (one chance in ten thousand); a decaying medium does.
  bool one_flipped_bit = false;
};

// Reads `bytes`, the whole file.  Never fails: whatever is not a record is damage.  Time is
// proportional to the size whatever the bytes are.  Any thread.
LogReading ReadLog(absl::string_view bytes, LogKind kind);

}  // namespace sotay::durable
