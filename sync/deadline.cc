#include "sync/deadline.h"

#include <algorithm>
#include <tuple>

namespace sotay::sync {
namespace {

using Indexes = std::vector<size_t>;

// What an entry says of the term, without who entered it: the same document entered twice is one.
auto FactOf(const TermEvent& event) {
  const Length length = event.length.value_or(Length{0, ' '});
  const Moment end = event.end.value_or(Moment());
  return std::make_tuple(event.day, event.what != Happened::kStart, event.minute.value_or(-1),
                         event.what, event.document_no, length.count, length.unit, end.day,
                         end.minute, event.corrects);
}

// Who had what before them: [a][b], whether the author of a had b.
using Knowledge = std::vector<std::vector<bool>>;

Knowledge KnowledgeIn(const std::vector<TermEvent>& events) {
  Knowledge saw(events.size(), std::vector<bool>(events.size(), false));
  for (size_t a = 0; a < events.size(); ++a) {
    for (size_t b = 0; b < events.size(); ++b) saw[a][b] = a != b && Saw(events, a, b);
  }
  return saw;
}

// The events some of which count, and of these the order in which they take effect.
class Folding {
 public:
  Folding(const std::vector<TermEvent>& events, const Knowledge& saw, absl::string_view rule_id,
          const TermTable& table)
      : events_(events),
        saw_(saw),
        rule_id_(rule_id),
        table_(table),
        standing_(events.size(), Standing::kUnasked) {}

  Course Fold(const Indexes& known);

 private:
  bool Counts(size_t index, const Indexes& known);
  void Take(size_t index);
  void Start(size_t index);
  void Extend(size_t index);
  void Suspend(size_t index);
  void Resume(size_t index);
  void EndsBy(size_t index, const Moment& end);
  void EndsAfter(size_t index, const Moment& from, const Length& length,
                 int minute = kMinutesOfDay);
  void CheckExtension(const TermEvent& event);
  Moment Due();
  void Note(Doubt doubt) { course_.doubts.insert(doubt); }

  enum class Standing : uint8_t { kUnasked, kAsked, kCounts, kCorrected };

  const std::vector<TermEvent>& events_;
  const Knowledge& saw_;
  const absl::string_view rule_id_;
  const TermTable& table_;
  const Term* term_ = nullptr;
  std::vector<Standing> standing_;
  Course course_;
  Moment end_;       // before it moves off days off
  char unit_ = 'd';  // of the length it was reckoned by
  Moment suspended_;
};

// Whether no entry that counts, and knew of it, stands in its place.
bool Folding::Counts(size_t index, const Indexes& known) {
  Standing& standing = standing_[index];
  // Of two that would correct each other both count: nobody writes such, as each had to see the
  // other.
  if (standing != Standing::kUnasked) return standing != Standing::kCorrected;
  standing = Standing::kAsked;
  const std::string& id = events_[index].id;
  const bool corrected = !id.empty() && std::any_of(known.begin(), known.end(), [&](size_t other) {
    return events_[other].corrects == id && events_[other].readable && saw_[other][index] &&
           Counts(other, known);
  });
  standing = corrected ? Standing::kCorrected : Standing::kCounts;
  return !corrected;
}

Course Folding::Fold(const Indexes& known) {
  Indexes counted;
  for (const size_t index : known) {
    if (!Counts(index, known)) continue;
    if (!events_[index].readable) {
      Note(Doubt::kUnreadable);
    } else {
      counted.push_back(index);
    }
  }
  // By the days of the documents, and what stands in several entries once.
  const auto fact = [this](size_t index) { return FactOf(events_[index]); };
  std::stable_sort(counted.begin(), counted.end(),
                   [&](size_t a, size_t b) { return fact(a) < fact(b); });
  counted.erase(std::unique(counted.begin(), counted.end(),
                            [&](size_t a, size_t b) { return fact(a) == fact(b); }),
                counted.end());
  for (const size_t index : counted) Take(index);
  if (course_.due.day == 0 && course_.state != TermState::kNotStarted) course_.due = Due();
  return course_;
}

void Folding::Take(size_t index) {
  const TermEvent& event = events_[index];
  if (event.what == Happened::kReview || event.what == Happened::kStrike) return;
  if (course_.state == TermState::kComplete) return Note(Doubt::kOutOfPlace);
  const bool started = course_.state != TermState::kNotStarted;
  switch (event.what) {
    case Happened::kStart:
      return started ? Note(Doubt::kOutOfPlace) : Start(index);
    case Happened::kExtend:
      return Extend(index);
    case Happened::kSuspend:
      return Suspend(index);
    case Happened::kResume:
      return Resume(index);
    case Happened::kComplete:
      if (!started) Note(Doubt::kOutOfPlace);
      course_.due = started ? Due() : Moment();
      course_.state = TermState::kComplete;
      course_.completed = event.day;
      // Of the day alone it cannot be told more.
      if (course_.due.day != 0 && event.day > course_.due.day) Note(Doubt::kCompletedLate);
      return;
    default:
      return;
  }
}

void Folding::EndsBy(size_t index, const Moment& end) {
  end_ = end;
  course_.by_order = true;
  course_.basis = index;
}

// The day from which it runs is not counted, and its last day ends at 24:00, or at `minute`.
void Folding::EndsAfter(size_t index, const Moment& from, const Length& length, int minute) {
  course_.by_order = false;
  course_.basis = index;
  unit_ = length.unit;
  switch (length.unit) {
    case 'h':
      end_ = AddMinutes(from, int64_t{length.count} * 60);
      return;
    case 'w':
      end_ = {table_.days_off().AddWorkDays(from.day, length.count), minute};
      if (!table_.days_off().Knows(end_.day)) Note(Doubt::kDaysOffUnknown);
      return;
    case 'm':
      end_ = {term_ != nullptr && term_->month_30 ? AddDays(from.day, 30 * length.count)
                                                  : AddMonths(from.day, length.count),
              minute};
      return;
    default:
      end_ = {AddDays(from.day, length.count), minute};
  }
}

void Folding::Start(size_t index) {
  const TermEvent& event = events_[index];
  course_.state = TermState::kRunning;
  term_ = table_.Find(rule_id_, event.day);
  if (term_ == nullptr) Note(Doubt::kNoTerm);
  course_.custody = term_ != nullptr && term_->custody;
  course_.basis = index;
  // Hours of which it is not said when they begin are counted from the earliest.
  const Moment from = {event.day, event.minute.value_or(0)};
  if (event.end.has_value()) return EndsBy(index, *event.end);
  if (event.length.has_value()) return EndsAfter(index, from, *event.length);
  if (term_ != nullptr) EndsAfter(index, from, term_->length);
}

// Whether the table has an extension like it.
void Folding::CheckExtension(const TermEvent& event) {
  if (term_ == nullptr) return;
  const auto number = static_cast<size_t>(course_.extensions);
  if (number > term_->extensions.size()) return Note(Doubt::kTooMany);
  if (!event.length.has_value()) return;
  const auto days_at_least = [](const Length& length) {
    return length.unit == 'h' ? length.count / 24 : length.count * (length.unit == 'm' ? 28 : 1);
  };
  const auto days_at_most = [](const Length& length) {
    return length.unit == 'm'   ? length.count * 31
           : length.unit == 'w' ? length.count * 3
                                : length.count;
  };
  const Length& most = term_->extensions[number - 1];
  const bool longer = event.length->unit == most.unit
                          ? event.length->count > most.count
                          : days_at_least(*event.length) > days_at_most(most);
  if (longer) Note(Doubt::kTooLong);
}

void Folding::Extend(size_t index) {
  const TermEvent& event = events_[index];
  if (course_.state == TermState::kNotStarted) {
    Note(Doubt::kOutOfPlace);
    if (!event.end.has_value()) return;
    course_.state = TermState::kRunning;
  }
  ++course_.extensions;
  CheckExtension(event);
  if (event.end.has_value()) return EndsBy(index, *event.end);
  // At most how long it may be says the table; how long it is, the document alone.
  if (!event.length.has_value()) return Note(Doubt::kNoLength);
  if (end_.day != 0) EndsAfter(index, end_, *event.length, end_.minute);
}

void Folding::Suspend(size_t index) {
  const TermEvent& event = events_[index];
  const Moment from = {event.day, event.minute.value_or(0)};
  const bool over = end_.day != 0 && Due() < from;
  if (course_.state != TermState::kRunning || over) return Note(Doubt::kOutOfPlace);
  course_.state = TermState::kSuspended;
  suspended_ = from;
}

// What was left of it runs on, unless the document says how much is left, or when it ends.
void Folding::Resume(size_t index) {
  const TermEvent& event = events_[index];
  const Moment from = {event.day, event.minute.value_or(0)};
  if (course_.state != TermState::kSuspended) {
    Note(Doubt::kOutOfPlace);
    if (!event.end.has_value()) return;
  }
  course_.state = TermState::kRunning;
  if (event.end.has_value()) return EndsBy(index, *event.end);
  if (event.length.has_value()) return EndsAfter(index, from, *event.length);
  if (end_.day == 0) return;
  course_.basis = index;
  course_.by_order = false;
  if (unit_ == 'h') {
    end_ = AddMinutes(from, MinutesFrom(suspended_, end_));
  } else {
    end_.day = AddDays(from.day, DaysFrom(suspended_.day, end_.day));
  }
}

Moment Folding::Due() {
  if (end_.day == 0 || course_.by_order || unit_ == 'h' || term_ == nullptr || !term_->moves) {
    return end_;
  }
  const DaysOff& days_off = table_.days_off();
  if (!days_off.Knows(end_.day)) Note(Doubt::kDaysOffUnknown);
  return {days_off.NextWorkDay(end_.day), end_.minute};
}

// Which of two readings is shown before the other.  While people contradict each other about
// whether it runs (`runs`: somebody has it so), every reading's end counts as if it ran; else what
// is more open is first.
bool EndsBefore(const Course& a, const Course& b, bool runs) {
  const auto order = [runs](const Course& course) {
    const bool ends = course.due.day != 0;
    const int open = course.state == TermState::kRunning      ? 0
                     : course.state == TermState::kNotStarted ? 1
                     : course.state == TermState::kSuspended  ? 2
                                                              : 3;
    return std::make_tuple(!(runs && ends), runs && ends ? 0 : open, !ends, course.due.day,
                           course.due.minute, open);
  };
  return order(a) < order(b);
}

// Entries `a` and `b` were written without knowing of each other, say different things, and nobody
// who saw both has entered anything.
bool Contradict(const std::vector<TermEvent>& events, const Knowledge& saw, size_t a, size_t b) {
  if (events[a].what == Happened::kReview || events[b].what == Happened::kReview) return false;
  if (saw[a][b] || saw[b][a]) return false;
  const bool readable = events[a].readable && events[b].readable;
  if (readable && FactOf(events[a]) == FactOf(events[b])) return false;
  return std::none_of(saw.begin(), saw.end(),
                      [&](const std::vector<bool>& later) { return later[a] && later[b]; });
}

}  // namespace

bool operator==(const Course& a, const Course& b) {
  const auto all = [](const Course& course) {
    return std::tie(course.state, course.due.day, course.due.minute, course.by_order, course.basis,
                    course.extensions, course.custody, course.completed, course.doubts);
  };
  return all(a) == all(b);
}

Reckoning Reckon(const std::vector<TermEvent>& events, absl::string_view rule_id,
                 const TermTable& table) {
  Reckoning reckoning;
  if (events.size() > kTermEventsMax) {
    reckoning.shown.state = TermState::kRunning;
    reckoning.shown.doubts.insert(Doubt::kTooManyEntries);
    return reckoning;
  }
  const Knowledge saw = KnowledgeIn(events);
  Indexes everything;
  for (size_t i = 0; i < events.size(); ++i) everything.push_back(i);
  for (size_t a = 0; a < events.size(); ++a) {
    for (size_t b = a + 1; b < events.size(); ++b) {
      if (Contradict(events, saw, a, b)) reckoning.contradictions.emplace_back(a, b);
    }
  }
  const auto fold = [&](const Indexes& known) {
    return Folding(events, saw, rule_id, table).Fold(known);
  };
  reckoning.shown = fold(everything);
  if (!reckoning.to_review()) return reckoning;

  std::vector<Course> courses = {reckoning.shown};
  for (const size_t head : everything) {
    const bool gone_on_from = std::any_of(
        saw.begin(), saw.end(), [&](const std::vector<bool>& other) { return other[head]; });
    if (gone_on_from) continue;
    Indexes known;
    for (const size_t other : everything) {
      if (other == head || saw[head][other]) known.push_back(other);
    }
    courses.push_back(fold(known));
  }
  const bool runs = std::any_of(courses.begin(), courses.end(), [](const Course& course) {
    return course.state == TermState::kRunning;
  });
  std::stable_sort(courses.begin(), courses.end(),
                   [runs](const Course& a, const Course& b) { return EndsBefore(a, b, runs); });
  for (Course& course : courses) {
    const auto known = std::find(reckoning.readings.begin(), reckoning.readings.end(), course);
    if (known == reckoning.readings.end()) reckoning.readings.push_back(std::move(course));
  }
  reckoning.shown = reckoning.readings.front();
  if (runs) reckoning.shown.state = TermState::kRunning;
  for (const Course& course : reckoning.readings) {
    reckoning.shown.doubts.insert(course.doubts.begin(), course.doubts.end());
  }
  return reckoning;
}

}  // namespace sotay::sync
