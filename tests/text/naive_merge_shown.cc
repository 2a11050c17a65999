// The half of NaiveMerge that says what a version shows.
#include <algorithm>
#include <utility>

#include "sync/unicode.h"
#include "tests/text/naive_merge.h"
#include "tests/text/naive_words.h"

namespace sotay::tests {

// What is shown.

NaiveMerge::Told NaiveMerge::Read(const std::vector<Place>& places, const Stretch& region) const {
  Told told;
  for (const Place& place : places) {
    if (!Meet(place.stretch, region)) continue;
    if (place.scalar != kNaiveSpan) {
      told.text.push_back(place.scalar);
      told.brief.push_back(place.scalar);
      told.characters.push_back(place.stretch.first);
      continue;
    }
    told.holds_span = true;
    told.text += U"⟦";
    for (size_t i = 0; i < place.readings.size(); ++i) {
      if (i > 0) told.text += U" | ";
      told.text += place.readings[i].brief;
    }
    told.text += U"⟧";
    told.brief += U"⟦…⟧";
  }
  return told;
}

std::vector<NaiveMerge::Told> NaiveMerge::ReadingsOf(const std::vector<size_t>& authors,
                                                     const Stretch& region) const {
  std::vector<Told> readings;
  for (size_t author : authors) readings.push_back(Read(Shown(VersionOf(author)).places, region));
  return readings;
}

NaiveMerge::Place NaiveMerge::Span(const Stretch& region, const std::vector<size_t>& authors,
                                   const std::vector<Told>& readings) const {
  Place span{region, kNaiveSpan, {}};
  for (size_t i = 0; i < authors.size(); ++i) {
    span.readings.push_back({readings[i].text, authors[i], readings[i].brief});
  }
  return span;
}

std::vector<NaiveMerge::Place> NaiveMerge::Places(const Edits& version,
                                                  const std::vector<Place>& spans,
                                                  const std::set<size_t>& hidden) const {
  std::vector<Place> places;
  for (size_t c : order_) {
    const auto span = std::find_if(spans.begin(), spans.end(),
                                   [&](const Place& at) { return Covers(at.stretch, c); });
    if (span != spans.end()) {
      if (c == span->stretch.first) places.push_back(*span);
    } else if (Live(c, version) && hidden.count(c) == 0) {
      places.push_back({{c, c}, characters_[c].scalar, {}});
    }
  }
  return places;
}

// Conflicts 1 and 2.
void NaiveMerge::TakeContested(const Edits& version, const std::vector<Edits>& standing,
                               std::vector<Place>* spans, std::vector<Stretch>* agreed,
                               std::set<size_t>* hidden) const {
  std::vector<Stretch> regions;
  for (size_t c : order_) {
    if (standing[c].size() < 2) continue;
    Stretch region{c, c};
    for (size_t edit : standing[c]) {
      for (const Stretch& stretch : words_[edit]) {
        if (Covers(stretch, c)) region = Hull(region, stretch);
      }
    }
    regions.push_back(region);
  }
  JoinThoseThatMeet(&regions);
  for (bool wider = true; wider;) {
    wider = false;
    for (Stretch& region : regions) {
      const Stretch before = region;
      for (size_t c : order_) {
        if (!Covers(before, c)) continue;
        for (size_t edit : standing[c]) {
          for (const Stretch& stretch : words_[edit]) {
            if (Covers(stretch, c)) region = Hull(region, stretch);
          }
        }
      }
      wider = wider || region.first != before.first || region.last != before.last;
    }
    JoinThoseThatMeet(&regions);
  }

  for (const Stretch& region : regions) {
    const std::vector<size_t> authors = ById(Top(StandingIn(region, standing)));
    if (authors.size() == 1) continue;
    const std::vector<Told> readings = ReadingsOf(authors, region);
    const bool alike = std::all_of(readings.begin(), readings.end(), [&](const Told& reading) {
      return reading.text == readings.front().text;
    });
    std::u32string live;
    for (size_t c : order_) {
      if (Covers(region, c) && Live(c, version)) live.push_back(characters_[c].scalar);
    }
    if (alike && readings.front().text == live) continue;

    const auto chosen = std::find_if(readings.begin(), readings.end(), [&](const Told& reading) {
      return !reading.holds_span &&
             std::all_of(reading.characters.begin(), reading.characters.end(),
                         [&](size_t c) { return Live(c, version); });
    });
    if (alike && chosen != readings.end()) {
      for (size_t c : order_) {
        if (Covers(region, c)) hidden->insert(c);
      }
      for (size_t c : chosen->characters) hidden->erase(c);
      agreed->push_back(region);
    } else {
      spans->push_back(Span(region, authors, readings));
    }
  }
}

// The spans of its version from which at most one place divides what it touched.
std::vector<NaiveMerge::Stretch> NaiveMerge::LeansOn(size_t edit) const {
  const std::vector<Place>& places = Shown(VersionOf(edit)).places;
  const auto past = [this](size_t a, size_t b) { return rank_[a] > rank_[b]; };
  std::vector<Stretch> spans;
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i].scalar != kNaiveSpan) continue;
    const Stretch& span = places[i].stretch;
    for (const Stretch& words : words_[edit]) {
      size_t between = 0;
      for (const Place& place : places) {
        const size_t c = place.stretch.first;
        if (past(c, span.last) && past(words.first, c)) ++between;
        if (past(c, words.last) && past(span.first, c)) ++between;
      }
      if (between <= 1) {
        spans.push_back(span);
        break;
      }
    }
  }
  return spans;
}

// Who stands alone where two places are joined, and those who made a span it leans on there what it
// is no more.
NaiveMerge::Edits NaiveMerge::Leaning(size_t edit, const Stretch& both,
                                      const Edits& version) const {
  if (VersionOf(edit) == version) return {edit};  // nobody is unaware of anything
  Stretch wide = both;
  bool leans = false;
  for (const Stretch& span : LeansOn(edit)) {
    if (!Meet(span, both)) continue;
    wide = Hull(wide, span);
    leans = true;
  }
  if (!leans) return {edit};
  Edits unaware;
  Edits there = {edit};
  for (size_t other : version) {
    if (other == edit || HasSeen(edit, other) || HasSeen(other, edit)) continue;
    unaware.insert(other);
    if (std::any_of(words_[other].begin(), words_[other].end(),
                    [&](const Stretch& stretch) { return Meet(stretch, wide); })) {
      there.insert(other);
    }
  }
  if (there.size() == 1) there.insert(unaware.begin(), unaware.end());
  return Top(there);
}

// Conflict 3, of the places that 1 and 2 have left.
void NaiveMerge::TakeFalseJoints(const Edits& version, const std::vector<Place>& places,
                                 const std::vector<Edits>& standing, std::vector<Place>* spans,
                                 const std::vector<Stretch>& agreed) const {
  const std::u32string text = TextOf(places);
  std::vector<FalseJoint> joints;
  for (size_t i = 1; i < places.size(); ++i) {
    if (!NaiveJoined(text, i)) continue;
    // A mark between two digits is joined from digit to digit.
    const auto asked = [&](size_t place) {
      const auto mark = [&](size_t m) {
        return m > 0 && m + 1 < text.size() &&
               std::u32string(U",./:+").find(text[m]) != std::u32string::npos &&
               sync::IsDigit(text[m - 1]) && sync::IsDigit(text[m + 1]);
      };
      return Hull(places[mark(place - 1) ? place - 2 : place - 1].stretch,
                  places[mark(place) ? place + 1 : place].stretch);
    };
    const Stretch both = asked(i);
    Edits parties = Top(StandingIn(both, standing));
    if (parties.size() == 1) parties = Leaning(*parties.begin(), both, version);
    if (parties.size() < 2) continue;
    const auto settled = [&](size_t place) {  // from the place before it, to it
      const Edits here = StandingIn(asked(place), standing);
      return std::any_of(here.begin(), here.end(), [&](size_t edit) {
        return std::all_of(parties.begin(), parties.end(),
                           [&](size_t party) { return HasSeen(edit, party); });
      });
    };
    size_t first = i - 1;
    while (NaiveJoined(text, first) && !settled(first)) --first;
    size_t last = i;
    while (NaiveJoined(text, last + 1) && !settled(last + 1)) ++last;
    joints.push_back({Hull(places[first].stretch, places[last].stretch), parties});
  }
  JoinThoseThatMeet(agreed, &joints);

  for (const FalseJoint& joint : joints) {
    const std::vector<size_t> authors = ById(Top(joint.parties));
    const std::vector<Told> readings = ReadingsOf(authors, joint.region);
    const std::u32string shown = Read(places, joint.region).text;
    if (std::any_of(readings.begin(), readings.end(),
                    [&](const Told& reading) { return reading.text != shown; })) {
      spans->push_back(Span(joint.region, authors, readings));
    }
  }
}

NaiveMerge::Row NaiveMerge::RowOf(const Edits& version) const {
  const std::vector<Edits> standing = Standing(words_, version);
  std::vector<Place> spans;
  std::vector<Stretch> agreed;
  std::set<size_t> hidden;
  TakeContested(version, standing, &spans, &agreed, &hidden);
  TakeFalseJoints(version, Places(version, spans, hidden), standing, &spans, agreed);

  Row row;
  row.places = Places(version, spans, hidden);
  for (const Stretch& stretch : agreed) {
    if (std::none_of(spans.begin(), spans.end(),
                     [&](const Place& span) { return Meet(span.stretch, stretch); })) {
      row.agreed.push_back(stretch);
    }
  }
  return row;
}

const NaiveMerge::Row& NaiveMerge::Shown(const Edits& version) const {
  const auto at = shown_.find(version);
  if (at != shown_.end()) return at->second;
  Row row = RowOf(version);
  return shown_.emplace(version, std::move(row)).first->second;
}

std::vector<MergeMark> NaiveMerge::Marks(const std::vector<Place>& places,
                                         const Edits& version) const {
  const std::vector<Edits> standing = Standing(sentences_, version);
  const std::u32string text = TextOf(places);
  std::vector<MergeMark> marks;
  for (size_t from = 0, to = 0; from < text.size(); from = to) {
    to = NaiveBreakAfter(text, from);
    size_t first = from;
    size_t past = to;
    while (first < past && sync::IsWhite(text[first])) ++first;
    while (first < past && sync::IsWhite(text[past - 1])) --past;
    if (first == past) continue;

    const Stretch sentence = Hull(places[first].stretch, places[past - 1].stretch);
    const std::vector<size_t> authors = ById(Top(StandingIn(sentence, standing)));
    if (authors.size() < 2) continue;
    const std::u32string shown = Read(places, sentence).text;
    const std::vector<Told> readings = ReadingsOf(authors, sentence);
    if (std::any_of(readings.begin(), readings.end(),
                    [&](const Told& reading) { return reading.text != shown; })) {
      marks.push_back({first, past - first, authors});
    }
  }
  return marks;
}

MergeShown NaiveMerge::At(const std::set<size_t>& version) const {
  const std::vector<Place>& places = Shown(version).places;
  MergeShown shown;
  shown.text = TextOf(places);
  for (const Place& place : places) {
    if (place.scalar == kNaiveSpan) shown.spans.push_back(place.readings);
    shown.typed_by.push_back(place.scalar == kNaiveSpan ? std::string::npos
                                                        : characters_[place.stretch.first].edit);
  }
  shown.marks = Marks(places, version);
  return shown;
}

}  // namespace sotay::tests
