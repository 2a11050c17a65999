// When a term of law ends.  It is never written down: it follows from what happened to the term,
// the table of terms and the days off, so that two replicas with the same record and the same table
// come to the same end.
//
//   end = Reckon(what happened, rule, table)
//
// Days are those of documents; no clock is asked, neither a device's nor the server's.  Where
// people entered what they did not know of each other, the earliest end of what any of them had
// before them counts, as if it ran, and is to be reviewed, until somebody who saw both has entered
// something (docs/deadlines.md).  It warns, and decides nothing.  Pure; any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sync/calendar.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/term_table.h"
#include "sync/version_vector.h"

namespace sotay::sync {

// What happened; the numbers of casework.v1.DeadlineEventKind.
enum class Happened : uint8_t {
  kUnknown = 0,
  kStart = 1,
  kExtend = 2,
  kSuspend = 3,
  kResume = 4,
  kComplete = 5,
  kReview = 6,
  kStrike = 7,
};

// One entry of a deadline's log.
struct TermEvent {
  std::string id;        // event_id; may be empty
  std::string corrects;  // event_id of the entry it stands in place of; empty: none
  Happened what = Happened::kUnknown;
  std::string document_no, signer, remark;
  Day day = 0;                    // from which it counts; 0: not said
  absl::optional<int> minute;     // of that day, where the document says so
  absl::optional<Length> length;  // where the document says so
  absl::optional<Moment> end;     // the same
  bool readable = true;           // false: something in it is none of what this build knows
  // Whose it is in the record's graph, and what its author had before them.
  DeviceId device;
  uint64_t sequence = 0;
  VersionVector saw;
  // Where it was written: of one that was taken in not where it stands.  As it says itself, then;
  // 0: it does not.
  DeviceId writer;
  uint64_t written = 0;
  ChangeId change;
  size_t author = 0;  // of MergedRecord::author
};

// The entries of a casework.v1.Deadline, in the order of its log; none of another record.
std::vector<TermEvent> EventsOf(const MergedRecord& deadline);

// Whether the author of `events[a]` had `events[b]` before them.
bool Saw(const std::vector<TermEvent>& events, size_t a, size_t b);

// More than any term has: what is reckoned takes the square of it.
constexpr size_t kTermEventsMax = 256;

// How a term stands.
enum class TermState : uint8_t { kNotStarted, kRunning, kSuspended, kComplete };

// What whoever reads the end should know.  Each is a sentence of its own for people.
enum class Doubt : uint8_t {
  kNoTerm,          // the table has no such term on the day it began
  kUnreadable,      // an entry does not count: it is not of what this build knows
  kNoLength,        // an extension says neither length nor end, and moves nothing
  kTooLong,         // an extension is longer than the table has
  kTooMany,         // there are more extensions than the table has
  kDaysOffUnknown,  // the table does not have, or is not certain of, the days off
  kOutOfPlace,      // an entry does not follow from how the term stood then
  kCompletedLate,   // it was completed after its end
  kTooManyEntries,  // more than kTermEventsMax: nothing is reckoned
};

// A term as some of its entries make it.
struct Course {
  TermState state = TermState::kNotStarted;
  Moment due;                    // day 0: none, as far as is known
  bool by_order = false;         // the end stands in a document; otherwise it was reckoned
  absl::optional<size_t> basis;  // index of the entry that decided the end
  int extensions = 0;
  bool custody = false;
  Day began = 0;  // 0: not, as far as is known
  Day completed = 0;
  std::set<Doubt> doubts;

  friend bool operator==(const Course& a, const Course& b);
};

struct Reckoning {
  // What is shown: of several, the one that ends first, as if it ran when any of them does.
  Course shown;
  // Pairs of entries (indexes, the lesser first) written without knowing of each other, which
  // nobody has seen both of since.  None: nothing is to be reviewed.
  std::vector<std::pair<size_t, size_t>> contradictions;
  // Of each entry: false, where another stands in its place, it is struck out, or cannot be read.
  std::vector<bool> counts;
  // Where there are: how each of those whose entries nobody has gone on from has it, and all
  // together; different ones only, the one that is shown first.
  std::vector<Course> readings;

  bool to_review() const { return !contradictions.empty(); }
};

Reckoning Reckon(const std::vector<TermEvent>& events, absl::string_view rule_id,
                 const TermTable& table);

}  // namespace sotay::sync
