// The guard: whether somebody may do something with a record, and by which line of the table
// (matrix.h).  It stands in front of every read and every admission, and is asked nowhere without
// its answer being obeyed.
//
//   seats   = posts in force on a day, as they stand to one unit
//   verdict = Decide(matrix, seats, verb, facts of the record)
//
// Pure: no disk, no clock; the day is an argument.  Deciding allocates nothing.  Any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "sync/day.h"
#include "sync/matrix.h"

namespace sotay::sync {

// A post as the guard looks at it.
struct HeldPost {
  v1::Capacity capacity = v1::CAPACITY_UNSPECIFIED;
  std::string unit;
  FieldSet fields = 0;
  Day from = 0;
  Day to = 0;
};

// Where a unit stands on a day: itself and, when it has ended, what came after it; and the units
// above any of these, with what came after those.
struct Standing {
  std::vector<std::string> self;
  std::vector<std::string> above;
};

// A post in force, seen from a unit: in it, or above it.
struct Seat {
  v1::Capacity capacity = v1::CAPACITY_UNSPECIFIED;
  bool here = false;
  FieldSet fields = 0;
};
using Seats = absl::InlinedVector<Seat, 2>;

// The posts of `posts` that are in force on `day` and stand in the unit or above it.
Seats SeatsIn(const std::vector<HeldPost>& posts, const Standing& unit, Day day);

// What the guard looks at of a record.
struct Facts {
  Kind kind = kOtherKind;
  bool submitted = false;
  bool begun = false;     // by the person
  bool assigned = false;  // its dossier is the person's (assignments.h); it is to be begun there
  FieldSet fields = 0;    // fields of work of its dossier
  // Its dossier is for named people, of whom the person is none (dossier_acts.h).
  bool kept_back = false;

  bool own() const { return begun || assigned; }
};

// Why not.
enum class Lack : uint8_t {
  kNothing,    // allowed
  kRule,       // no line is about it
  kScope,      // a line is, and does not reach so far
  kNamed,      // … and the dossier is for others alone
  kField,      // … and the dossier is in none of the post's fields of work
  kSubmitted,  // … and the record was not submitted
};

struct Verdict {
  Lack lack = Lack::kRule;
  // The line by which it is allowed, or which came nearest; null: there is none.
  const AccessLine* line = nullptr;

  bool allowed() const { return lack == Lack::kNothing; }
};

// Allowed if any line is there for any of the seats, whose scope reaches the record and whose
// conditions hold.
Verdict Decide(const Matrix& matrix, const Seats& seats, Verb verb, const Facts& facts);

// Whether some record of some kind could be read from these seats; the first line that says so.
const AccessLine* ReadsSome(const Matrix& matrix, const Seats& seats);
// Whether numbers of some kind of record can be seen.
bool Counts(const Matrix& matrix, const Seats& seats);
// Whether every record of the unit that is not kept back can be read from a seat in it, whatever it
// is and whatever becomes of it: only then may a device carry the unit's feed.
bool ReadsAll(const Matrix& matrix, const Seats& seats);
// Fields of work of which a dossier that is kept back is read all the same from a seat in its unit,
// whole and whatever becomes of it; kEveryField: of any, and of none.
FieldSet ReachOfKeptBack(const Matrix& matrix, const Seats& seats);
// Whether what the seats may read depends on fields of work, or on whose the record is.
struct Wants {
  bool fields = false;
  bool own = false;
};
Wants WantsToRead(const Matrix& matrix, const Seats& seats, Kind kind);

// "rule dep.approve: the dossier is in none of the post's fields of work"
std::string Why(const Matrix& matrix, const Verdict& verdict, Verb verb, Kind kind);

}  // namespace sotay::sync
