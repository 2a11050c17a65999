#include "sync/term_order.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sotay::sync {
namespace {

// What an entry says of the term.  What it stands in place of is no part of that, unless striking
// that out is all it says.
auto FactOf(const TermEvent& event) {
  const Length length = event.length.value_or(Length{0, ' '});
  const Moment end = event.end.value_or(Moment());
  return std::make_tuple(event.day, event.what != Happened::kStart, event.what,
                         event.minute.value_or(-1), event.document_no, length.count, length.unit,
                         end.day, end.minute,
                         event.what == Happened::kStrike ? event.corrects : std::string());
}

// Entries of one day that differ; those of each say the same.
class OneDay {
 public:
  OneDay(const std::vector<TermEvent>& events, const Knowledge& saw, const Indexes& places,
         std::vector<Indexes> entries)
      : events_(events), saw_(saw), places_(places), entries_(std::move(entries)) {}

  // Of each the first in the log, in the order in which they take effect.
  Indexes InOrder() const;

 private:
  bool Before(const Indexes& a, const Indexes& b) const;
  bool SawOneOf(const Indexes& later, const Indexes& earlier) const;

  const std::vector<TermEvent>& events_;
  const Knowledge& saw_;
  const Indexes& places_;
  const std::vector<Indexes> entries_;  // what takes effect first when nothing else is known, first
};

bool OneDay::SawOneOf(const Indexes& later, const Indexes& earlier) const {
  for (const size_t a : later) {
    for (const size_t b : earlier) {
      const bool same_place = places_[a] == places_[b];
      if (same_place ? saw_[a][b] : saw_[places_[a]][places_[b]]) return true;
    }
  }
  return false;
}

bool OneDay::Before(const Indexes& a, const Indexes& b) const {
  const TermEvent& one = events_[a.front()];
  const TermEvent& other = events_[b.front()];
  const bool starts = one.what == Happened::kStart;
  // Nothing happens to a term before it begins.
  if (starts != (other.what == Happened::kStart)) return starts;
  if (one.minute.has_value() && other.minute.has_value() && *one.minute != *other.minute) {
    return *one.minute < *other.minute;
  }
  return SawOneOf(b, a) && !SawOneOf(a, b);
}

Indexes OneDay::InOrder() const {
  const size_t size = entries_.size();
  if (size == 1) return {entries_.front().front()};
  std::vector<std::vector<size_t>> after(size);
  std::vector<size_t> waits_for(size, 0);
  for (size_t a = 0; a < size; ++a) {
    for (size_t b = 0; b < size; ++b) {
      if (a == b || !Before(entries_[a], entries_[b])) continue;
      after[a].push_back(b);
      ++waits_for[b];
    }
  }
  Indexes order;
  std::vector<bool> taken(size, false);
  while (order.size() < size) {
    // Hours and who saw whom may go in a circle: then whichever comes first.
    size_t next = size;
    for (size_t i = 0; i < size; ++i) {
      if (!taken[i] && (next == size || (waits_for[next] != 0 && waits_for[i] == 0))) next = i;
    }
    taken[next] = true;
    order.push_back(entries_[next].front());
    for (const size_t b : after[next]) --waits_for[b];
  }
  return order;
}

}  // namespace

Knowledge KnowledgeIn(const std::vector<TermEvent>& events) {
  Knowledge saw(events.size(), std::vector<bool>(events.size(), false));
  for (size_t a = 0; a < events.size(); ++a) {
    for (size_t b = 0; b < events.size(); ++b) saw[a][b] = a != b && Saw(events, a, b);
  }
  return saw;
}

bool SayTheSame(const TermEvent& a, const TermEvent& b) { return FactOf(a) == FactOf(b); }

Corrections::Corrections(const std::vector<TermEvent>& events, const Knowledge& saw,
                         const Indexes& known)
    : events_(events),
      corrected_by_(events.size()),
      counts_(events.size(), Answer::kUnasked),
      keeps_out_(counts_),
      struck_out_(counts_) {
  std::map<std::string, Indexes> corrections;
  for (const size_t index : known) {
    const TermEvent& event = events[index];
    if (event.readable && !event.corrects.empty()) corrections[event.corrects].push_back(index);
  }
  for (const size_t index : known) {
    const auto found = corrections.find(events[index].id);
    if (found == corrections.end()) continue;
    for (const size_t other : found->second) {
      if (saw[other][index]) corrected_by_[index].push_back(other);
    }
  }
}

// Each asks only of entries that saw the one it is asked of, so that it comes to an end.  Entries
// that claim to have seen each other in a circle, which nobody can, are taken at their word.
bool Corrections::Counts(size_t index) {
  Answer& answer = counts_[index];
  if (answer == Answer::kUnasked) {
    answer = Answer::kAsked;
    const Indexes& by = corrected_by_[index];
    const bool out = std::any_of(by.begin(), by.end(), [this](size_t i) { return KeepsOut(i); });
    answer = out ? Answer::kNo : Answer::kYes;
  }
  return answer != Answer::kNo;
}

bool Corrections::KeepsOut(size_t index) {
  Answer& answer = keeps_out_[index];
  if (answer == Answer::kUnasked) {
    answer = Answer::kAsked;
    const Indexes& by = corrected_by_[index];
    const bool keeps = !StruckOut(index) || std::any_of(by.begin(), by.end(), [this](size_t i) {
      return events_[i].what != Happened::kStrike && KeepsOut(i);
    });
    answer = keeps ? Answer::kYes : Answer::kNo;
  }
  return answer != Answer::kNo;
}

bool Corrections::StruckOut(size_t index) {
  Answer& answer = struck_out_[index];
  if (answer == Answer::kUnasked) {
    answer = Answer::kAsked;
    const Indexes& by = corrected_by_[index];
    const bool struck = std::any_of(by.begin(), by.end(), [this](size_t i) {
      return events_[i].what == Happened::kStrike && Counts(i);
    });
    answer = struck ? Answer::kYes : Answer::kNo;
  }
  return answer == Answer::kYes;
}

Indexes PlacesOf(const std::vector<TermEvent>& events, const Knowledge& saw) {
  Indexes places;
  for (size_t place = 0; place < events.size(); ++place) {
    size_t index = place;
    for (size_t steps = 0; steps < events.size() && !events[index].corrects.empty(); ++steps) {
      size_t other = 0;
      while (other < events.size() &&
             !(saw[index][other] && events[other].id == events[index].corrects)) {
        ++other;
      }
      if (other == events.size()) break;
      index = other;
    }
    places.push_back(index);
  }
  return places;
}

Indexes InEffect(const std::vector<TermEvent>& events, const Knowledge& saw, const Indexes& places,
                 const Indexes& entries) {
  Indexes sorted = entries;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](size_t a, size_t b) { return FactOf(events[a]) < FactOf(events[b]); });
  Indexes order;
  for (size_t i = 0; i < sorted.size();) {
    const Day day = events[sorted[i]].day;
    std::vector<Indexes> facts;
    for (; i < sorted.size() && events[sorted[i]].day == day; ++i) {
      const bool again =
          !facts.empty() && SayTheSame(events[facts.back().front()], events[sorted[i]]);
      if (!again) facts.emplace_back();
      facts.back().push_back(sorted[i]);
    }
    const Indexes of_day = OneDay(events, saw, places, std::move(facts)).InOrder();
    order.insert(order.end(), of_day.begin(), of_day.end());
  }
  return order;
}

}  // namespace sotay::sync
