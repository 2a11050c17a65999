// The table of terms: how long each term of law runs, from when to when the law says so, and the
// days off by which its end moves.  Text that an office can read and replace; the law changes, so
// nothing of it is code.  docs/deadlines.md.  Immutable once read; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sync/calendar.h"

namespace sotay::sync {

// How long something takes.
struct Length {
  int count = 0;
  char unit = 'd';  // h hours, d days, w working days, m months

  friend bool operator==(const Length& a, const Length& b) {
    return a.count == b.count && a.unit == b.unit;
  }
};

// "12h", "20d", "3w", "2m"; nothing when it is none: at most 9999 hours or days, 999 working days,
// 240 months.
absl::optional<Length> ReadLength(absl::string_view text);
// "09:30" in minutes; nothing when it is no time of a day.
absl::optional<int> ReadTime(absl::string_view text);

// What a term is called, and where it is from.
struct TermWords {
  std::string vi, en, source;
};

// One term, for as long as the law says so.
struct Term {
  std::string id;
  Day from = 0;  // 0: always
  Day to = 0;    // 0: without an end
  Length length;
  bool moves = false;              // where its last day is off, it ends on the next working day
  bool custody = false;            // somebody is held
  bool month_30 = false;           // a month is 30 days
  std::vector<Length> extensions;  // each at most so long, in their order
  TermWords words;
};

class TermTable {
 public:
  // Reads a table.  kInvalidArgument with `file`, line, what is wrong and what is allowed there.
  static absl::StatusOr<std::shared_ptr<const TermTable>> Parse(absl::string_view text,
                                                                absl::string_view file);

  // The term as it was on that day; null: the table has none.
  const Term* Find(absl::string_view id, Day day) const;
  // What it is called on that day; where the table has none then, in its last version.  Null: no
  // term of that id, on whatever day.
  const TermWords* WordsOf(absl::string_view id, Day day) const;
  // Whether somebody is held by it, in any version.
  bool IsCustody(absl::string_view id) const;

  const std::string& version() const { return version_; }
  const std::string& text() const { return text_; }
  const std::vector<Term>& terms() const { return terms_; }
  const DaysOff& days_off() const { return days_off_; }

 private:
  friend class TermTableReader;
  TermTable() = default;

  std::string text_, version_;
  std::vector<Term> terms_;
  DaysOff days_off_;
};

}  // namespace sotay::sync
