#include "sync/deadline.h"

#include <algorithm>
#include <tuple>

#include "sync/term_order.h"

namespace sotay::sync {
namespace {

// The events some of which count, and of these the order in which they take effect.
class Folding {
 public:
  Folding(const std::vector<TermEvent>& events, const Knowledge& saw, const Indexes& places,
          absl::string_view rule_id, const TermTable& table)
      : events_(events), saw_(saw), places_(places), rule_id_(rule_id), table_(table) {}

  Course Fold(const Indexes& known);

 private:
  void Take(size_t index);
  void Start(size_t index);
  void Extend(size_t index);
  void Suspend(size_t index);
  void Resume(size_t index);
  void Complete(const TermEvent& event);
  void EndsBy(size_t index, const Moment& end);
  void EndsAfter(size_t index, const Moment& from, const Length& length, int minute);
  int LastMinute(const TermEvent& event) const;
  void CheckExtension(const TermEvent& event);
  Moment Due();
  void Note(Doubt doubt) { course_.doubts.insert(doubt); }

  const std::vector<TermEvent>& events_;
  const Knowledge& saw_;
  const Indexes& places_;
  const absl::string_view rule_id_;
  const TermTable& table_;
  const Term* term_ = nullptr;
  Course course_;
  Moment end_;       // before it moves off days off
  char unit_ = 'd';  // of the length it was reckoned by
  Moment suspended_;
};

Course Folding::Fold(const Indexes& known) {
  // Until it is known which version of the term it is.
  course_.custody = table_.IsCustody(rule_id_);
  Corrections corrections(events_, saw_, known);
  Indexes counted;
  for (const size_t index : known) {
    if (!corrections.Counts(index)) continue;
    const Happened what = events_[index].what;
    if (!events_[index].readable) {
      Note(Doubt::kUnreadable);
    } else if (what != Happened::kReview && what != Happened::kStrike) {
      counted.push_back(index);
    }
  }
  for (const size_t index : InEffect(events_, saw_, places_, counted)) Take(index);
  if (course_.due.day == 0 && course_.state != TermState::kNotStarted) course_.due = Due();
  return course_;
}

void Folding::Take(size_t index) {
  const TermEvent& event = events_[index];
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
      return started ? Complete(event) : Note(Doubt::kOutOfPlace);
    default:
      return;
  }
}

void Folding::Complete(const TermEvent& event) {
  course_.due = Due();
  // What did not run did not run out.  Of a day without an hour it cannot be told more.
  const bool runs = course_.state == TermState::kRunning && course_.due.day != 0;
  const bool late = event.minute.has_value()
                        ? MinutesFrom(course_.due, {event.day, *event.minute}) > 0
                        : event.day > course_.due.day;
  if (runs && late) Note(Doubt::kCompletedLate);
  course_.state = TermState::kComplete;
  course_.completed = event.day;
}

void Folding::EndsBy(size_t index, const Moment& end) {
  end_ = end;
  // What is left of it is counted as the term is.
  unit_ = term_ != nullptr ? term_->length.unit : 'd';
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
      if (!table_.days_off().KnowsAll(from.day, end_.day)) Note(Doubt::kDaysOffUnknown);
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

// Custody of days ends at the hour at which it began, where that is known.
int Folding::LastMinute(const TermEvent& event) const {
  return course_.custody ? event.minute.value_or(kMinutesOfDay) : kMinutesOfDay;
}

void Folding::Start(size_t index) {
  const TermEvent& event = events_[index];
  course_.state = TermState::kRunning;
  course_.began = event.day;
  term_ = table_.Find(rule_id_, event.day);
  if (term_ == nullptr) Note(Doubt::kNoTerm);
  if (term_ != nullptr) course_.custody = term_->custody;
  course_.basis = index;
  // Hours of which it is not said when they begin are counted from the earliest.
  const Moment from = {event.day, event.minute.value_or(0)};
  if (event.end.has_value()) return EndsBy(index, *event.end);
  const absl::optional<Length> length =
      event.length.has_value() || term_ == nullptr ? event.length : term_->length;
  if (length.has_value()) EndsAfter(index, from, *length, LastMinute(event));
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
  if (event.length.has_value()) {
    return EndsAfter(index, from, *event.length, LastMinute(event));
  }
  if (end_.day == 0) return;
  // To the end as it stood, moved off days off: a term may be suspended after its last day and
  // before the one to which that moved.  Never less than nothing.
  const Moment due = Due();
  course_.basis = index;
  course_.by_order = false;
  if (unit_ == 'h') {
    end_ = AddMinutes(from, std::max(MinutesFrom(suspended_, due), int64_t{0}));
  } else {
    end_.day = AddDays(from.day, std::max(DaysFrom(suspended_.day, due.day), 0));
  }
}

Moment Folding::Due() {
  if (end_.day == 0 || course_.by_order || unit_ == 'h' || term_ == nullptr || !term_->moves) {
    return end_;
  }
  const DaysOff& days_off = table_.days_off();
  const Moment due = {days_off.NextWorkDay(end_.day), end_.minute};
  if (!days_off.Knows(end_.day) || !days_off.Knows(due.day)) Note(Doubt::kDaysOffUnknown);
  return due;
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
  if (readable && SayTheSame(events[a], events[b])) return false;
  return std::none_of(saw.begin(), saw.end(),
                      [&](const std::vector<bool>& later) { return later[a] && later[b]; });
}

}  // namespace

bool operator==(const Course& a, const Course& b) {
  const auto all = [](const Course& course) {
    return std::tie(course.state, course.due.day, course.due.minute, course.by_order, course.basis,
                    course.extensions, course.custody, course.began, course.completed,
                    course.doubts);
  };
  return all(a) == all(b);
}

Reckoning Reckon(const std::vector<TermEvent>& events, absl::string_view rule_id,
                 const TermTable& table) {
  Reckoning reckoning;
  if (events.size() > kTermEventsMax) {
    reckoning.shown.state = TermState::kRunning;
    reckoning.shown.doubts.insert(Doubt::kTooManyEntries);
    reckoning.shown.custody = table.IsCustody(rule_id);
    reckoning.counts.resize(events.size(), false);
    return reckoning;
  }
  const Knowledge saw = KnowledgeIn(events);
  const Indexes places = PlacesOf(events, saw);
  Indexes everything;
  for (size_t i = 0; i < events.size(); ++i) everything.push_back(i);
  for (size_t a = 0; a < events.size(); ++a) {
    for (size_t b = a + 1; b < events.size(); ++b) {
      if (Contradict(events, saw, a, b)) reckoning.contradictions.emplace_back(a, b);
    }
  }
  Corrections corrections(events, saw, everything);
  for (const size_t index : everything) {
    reckoning.counts.push_back(events[index].readable && corrections.Counts(index));
  }
  const auto fold = [&](const Indexes& known) {
    return Folding(events, saw, places, rule_id, table).Fold(known);
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
    reckoning.shown.custody = reckoning.shown.custody || course.custody;
    reckoning.shown.doubts.insert(course.doubts.begin(), course.doubts.end());
  }
  return reckoning;
}

}  // namespace sotay::sync
