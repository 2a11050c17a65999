// Terms of a test: what people enter, and what they know of each other's.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/deadline.h"
#include "tests/support/builders.h"

namespace sotay::tests {

using sync::Day;
using sync::Happened;
using sync::Moment;
using sync::ReadLength;
using sync::Reckoning;
using sync::TermEvent;
using sync::TermTable;
using sync::VersionVector;

// The table that is compiled in.
inline const TermTable& Table() {
  static const auto* const kTable = [] {
    std::ifstream file(SOTAY_TERMS);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return new std::shared_ptr<const TermTable>(*TermTable::Parse(text, "deadlines.rules"));
  }();
  return **kTable;
}

inline TermEvent Entry(Happened what, Day day = 0) {
  TermEvent event;
  event.what = what;
  event.day = day;
  return event;
}
inline TermEvent Long(TermEvent event, const char* length) {
  event.length = ReadLength(length);
  return event;
}
inline TermEvent Until(TermEvent event, Day day, int minute = sync::kMinutesOfDay) {
  event.end = Moment{day, minute};
  return event;
}
inline TermEvent By(TermEvent event, const std::string& document) {
  event.document_no = document;
  return event;
}

inline TermEvent At(TermEvent event, int minute) {
  event.minute = minute;
  return event;
}

// People with a device each who enter things, and hear of each other's.
class Log {
 public:
  // Where it stands in the log.
  size_t Enter(const std::string& who, TermEvent event) {
    VersionVector& known = known_[who];
    event.device = event.writer = DeviceNamed(who);
    event.sequence = event.written = ++written_[who];
    event.change = ChangeNamed(absl::StrCat(who, event.sequence));
    event.saw = known;
    event.id = std::string(1, static_cast<char>('a' + events.size()));
    known.Add(event.device, event.sequence);
    events.push_back(std::move(event));
    return events.size() - 1;
  }
  // In place of the entry that stands there in the log.
  size_t Correct(const std::string& who, size_t entry, TermEvent event) {
    event.corrects = events[entry].id;
    return Enter(who, std::move(event));
  }
  // What `from` knows, `who` knows from now on.
  void Hear(const std::string& who, const std::string& from) { known_[who].Join(known_[from]); }
  void Meet(const std::string& a, const std::string& b) {
    Hear(a, b);
    Hear(b, a);
  }
  Reckoning Ends(const std::string& rule = "report.resolve") const {
    return sync::Reckon(events, rule, Table());
  }

  std::vector<TermEvent> events;

 private:
  std::map<std::string, VersionVector> known_;
  std::map<std::string, uint64_t> written_;
};

}  // namespace sotay::tests
