#include "tests/text/naive_merge.h"

#include <algorithm>
#include <utility>

#include "sync/unicode.h"
#include "tests/text/naive_words.h"

namespace sotay::tests {
namespace {

constexpr size_t kRoot = 0;

}  // namespace

NaiveMerge::NaiveMerge(std::vector<MergeEdit> edits)
    : edits_(std::move(edits)),
      characters_(1),
      rank_(1),
      words_(edits_.size()),
      sentences_(edits_.size()) {
  for (size_t edit = 0; edit < edits_.size(); ++edit) Take(edit);
}

std::u32string NaiveMerge::TextOf(const std::vector<Place>& places) {
  std::u32string text;
  for (const Place& place : places) text.push_back(place.scalar);
  return text;
}

void NaiveMerge::Walk(size_t character) {
  for (size_t child : characters_[character].left) Walk(child);
  if (character != kRoot) {
    rank_[character] = order_.size();
    order_.push_back(character);
  }
  for (size_t child : characters_[character].right) Walk(child);
}

void NaiveMerge::TakeOrder() {
  order_.clear();
  rank_.assign(characters_.size(), 0);
  Walk(kRoot);
}

// The first of a run or a further one: a further one stands after a character without children.
size_t NaiveMerge::Type(size_t after, char32_t scalar, size_t edit, const Edits& version) {
  const auto known = [&](size_t character) {
    return version.count(characters_[character].edit) > 0;
  };
  const std::vector<size_t>& right = characters_[after].right;
  const bool has_right = std::any_of(right.begin(), right.end(), known);
  size_t next = kRoot;
  if (has_right) {
    auto at = after == kRoot ? order_.begin() : std::find(order_.begin(), order_.end(), after) + 1;
    next = *std::find_if(at, order_.end(), known);
  }

  const size_t typed = characters_.size();
  characters_.emplace_back();
  characters_[typed].scalar = scalar;
  characters_[typed].edit = edit;
  std::vector<size_t>* const siblings =
      has_right ? &characters_[next].left : &characters_[after].right;
  siblings->push_back(typed);
  // A device types in the order of its characters' numbers: each edit comes after those before it.
  std::sort(siblings->begin(), siblings->end(), [this](size_t a, size_t b) {
    return std::make_pair(edits_[characters_[a].edit].device, a) <
           std::make_pair(edits_[characters_[b].edit].device, b);
  });
  TakeOrder();
  return typed;
}

bool NaiveMerge::Covers(const Stretch& stretch, size_t character) const {
  return rank_[stretch.first] <= rank_[character] && rank_[character] <= rank_[stretch.last];
}

bool NaiveMerge::Meet(const Stretch& a, const Stretch& b) const {
  return rank_[a.first] <= rank_[b.last] && rank_[b.first] <= rank_[a.last];
}

NaiveMerge::Stretch NaiveMerge::Hull(const Stretch& a, const Stretch& b) const {
  return {rank_[a.first] <= rank_[b.first] ? a.first : b.first,
          rank_[a.last] >= rank_[b.last] ? a.last : b.last};
}

void NaiveMerge::JoinThoseThatMeet(std::vector<Stretch>* regions) const {
  for (size_t i = 0; i < regions->size(); ++i) {
    for (size_t j = i + 1; j < regions->size(); ++j) {
      if (!Meet((*regions)[i], (*regions)[j])) continue;
      (*regions)[i] = Hull((*regions)[i], (*regions)[j]);
      regions->erase(regions->begin() + static_cast<std::ptrdiff_t>(j));
      j = i;  // the joined one may meet one it did not meet before
    }
  }
}

void NaiveMerge::JoinThoseThatMeet(const std::vector<Stretch>& agreed,
                                   std::vector<FalseJoint>* joints) const {
  for (bool again = true; again;) {
    again = false;
    for (FalseJoint& joint : *joints) {
      for (const Stretch& stretch : agreed) {
        if (Meet(joint.region, stretch)) joint.region = Hull(joint.region, stretch);
      }
    }
    for (size_t i = 0; i < joints->size() && !again; ++i) {
      for (size_t j = i + 1; j < joints->size() && !again; ++j) {
        FalseJoint& one = (*joints)[i];
        const FalseJoint& other = (*joints)[j];
        if (!Meet(one.region, other.region)) continue;
        one.region = Hull(one.region, other.region);
        one.parties.insert(other.parties.begin(), other.parties.end());
        joints->erase(joints->begin() + static_cast<std::ptrdiff_t>(j));
        again = true;
      }
    }
  }
}

bool NaiveMerge::Live(size_t character, const Edits& version) const {
  const Character& at = characters_[character];
  return version.count(at.edit) > 0 &&
         std::none_of(at.deleted_by.begin(), at.deleted_by.end(),
                      [&](size_t edit) { return version.count(edit) > 0; });
}

// What an edit does and touches.

bool NaiveMerge::Fits(size_t edit, size_t length) const {
  for (const NaiveSplice& splice : edits_[edit].splices) {
    if (splice.position > length || splice.deleted > length - splice.position) return false;
    if (splice.inserted.find(kNaiveSpan) != std::u32string::npos) return false;
    length = length - splice.deleted + splice.inserted.size();
  }
  return true;
}

void NaiveMerge::Take(size_t edit) {
  const Row& seen = Shown(edits_[edit].seen);
  fits_.push_back(Fits(edit, seen.places.size()));
  if (!fits_[edit]) return;
  const std::vector<Place> before = seen.places;
  std::vector<Place> after = before;
  for (const NaiveSplice& splice : edits_[edit].splices) TakeSplice(edit, splice, &after);
  for (const Hunk& hunk : Hunks(edit, before, after)) {
    words_[edit].push_back(TouchedWords(hunk, before, after));
    for (const Stretch& sentences : TouchedSentences(hunk, before, after)) {
      sentences_[edit].push_back(sentences);
    }
  }
  TakeAgreed(edit, seen);
  // Stretches of one edit and kind that meet are one.
  JoinThoseThatMeet(&words_[edit]);
  JoinThoseThatMeet(&sentences_[edit]);
}

void NaiveMerge::TakeSplice(size_t edit, const NaiveSplice& splice, std::vector<Place>* places) {
  const std::vector<Place> before = *places;
  std::vector<Place> typed;
  size_t after = splice.position == 0 ? kRoot : before[splice.position - 1].stretch.last;
  for (char32_t scalar : splice.inserted) {
    after = Type(after, scalar, edit, VersionOf(edit));
    typed.push_back({{after, after}, scalar, {}});
  }
  const auto from = places->begin() + static_cast<std::ptrdiff_t>(splice.position);
  places->insert(places->erase(from, from + static_cast<std::ptrdiff_t>(splice.deleted)),
                 typed.begin(), typed.end());
  for (size_t i = splice.position; i < splice.position + splice.deleted; ++i) {
    const Place& place = before[i];
    if (place.scalar != kNaiveSpan) characters_[place.stretch.first].deleted_by.insert(edit);
    if (place.scalar != kNaiveSpan) continue;
    for (size_t c : order_) {
      if (Covers(place.stretch, c) && Live(c, edits_[edit].seen)) {
        characters_[c].deleted_by.insert(edit);
      }
    }
  }
}

// Widens stretches by the agreed ones they meet, whose hidden characters the edit deletes.
void NaiveMerge::TakeAgreed(size_t edit, const Row& seen) {
  for (bool again = true; again;) {
    again = false;
    for (Stretch& words : words_[edit]) {
      for (const Stretch& agreed : seen.agreed) {
        if (!Meet(words, agreed)) continue;
        const Stretch hull = Hull(words, agreed);
        again = again || hull.first != words.first || hull.last != words.last;
        words = hull;
        const std::vector<size_t> shown = Read(seen.places, agreed).characters;
        for (size_t c : order_) {
          if (Covers(agreed, c) && Live(c, edits_[edit].seen) &&
              std::find(shown.begin(), shown.end(), c) == shown.end()) {
            characters_[c].deleted_by.insert(edit);
          }
        }
      }
    }
  }
}

// Kept places are in both rows, the new ones typed by the edit.
std::vector<NaiveMerge::Hunk> NaiveMerge::Hunks(size_t edit, const std::vector<Place>& before,
                                                const std::vector<Place>& after) const {
  const auto is_new = [&](const Place& place) {
    return place.scalar != kNaiveSpan && characters_[place.stretch.first].edit == edit;
  };
  const auto same = [](const Place& a, const Place& b) {
    return a.stretch.first == b.stretch.first && a.scalar == b.scalar;
  };
  std::vector<Hunk> hunks;
  Hunk hunk;
  const auto close = [&] {
    if (hunk.gone > 0 || hunk.made > 0) hunks.push_back(hunk);
  };
  while (hunk.before + hunk.gone < before.size() || hunk.after + hunk.made < after.size()) {
    const size_t p = hunk.before + hunk.gone;
    const size_t q = hunk.after + hunk.made;
    if (q < after.size() && is_new(after[q])) {
      ++hunk.made;
    } else if (q == after.size() || !same(before[p], after[q])) {
      ++hunk.gone;
    } else {
      close();
      hunk = {p + 1, q + 1, 0, 0};
    }
  }
  close();
  return hunks;
}

NaiveMerge::Stretch NaiveMerge::TouchedWords(const Hunk& hunk, const std::vector<Place>& before,
                                             const std::vector<Place>& after) const {
  const std::u32string x = TextOf(before);
  const std::u32string y = TextOf(after);
  const size_t p = hunk.before;
  const size_t q = hunk.after;
  const size_t p_end = p + hunk.gone;
  const size_t q_end = q + hunk.made;
  std::vector<Stretch> touched;
  for (size_t i = p; i < p_end; ++i) touched.push_back(before[i].stretch);
  for (size_t i = q; i < q_end; ++i) touched.push_back(after[i].stretch);
  if (NaiveJoined(x, p) || NaiveJoined(y, q)) {
    for (size_t i = NaiveTokenBegin(x, p - 1); i < p; ++i) touched.push_back(before[i].stretch);
    for (size_t i = NaiveTokenBegin(y, q - 1); i < q; ++i) touched.push_back(after[i].stretch);
  }
  if (NaiveJoined(x, p_end) || NaiveJoined(y, q_end)) {
    for (size_t i = p_end; i < NaiveTokenEnd(x, p_end); ++i) touched.push_back(before[i].stretch);
    for (size_t i = q_end; i < NaiveTokenEnd(y, q_end); ++i) touched.push_back(after[i].stretch);
  }
  Stretch all = touched.front();
  for (const Stretch& stretch : touched) all = Hull(all, stretch);
  return all;
}

// One stretch, or none.
std::vector<NaiveMerge::Stretch> NaiveMerge::TouchedSentences(
    const Hunk& hunk, const std::vector<Place>& before, const std::vector<Place>& after) const {
  const std::u32string x = TextOf(before);
  const std::u32string y = TextOf(after);
  const size_t p = hunk.before;
  const size_t q = hunk.after;
  const size_t p_end = p + hunk.gone;
  const size_t q_end = q + hunk.made;
  std::vector<Stretch> touched;
  const auto touch = [&](const Place& place) {
    if (!sync::IsWhite(place.scalar)) touched.push_back(place.stretch);
  };
  for (size_t i = p; i < p_end; ++i) touch(before[i]);
  for (size_t i = q; i < q_end; ++i) touch(after[i]);
  if (!NaiveBreak(x, p) || !NaiveBreak(y, q)) {
    size_t end = p;
    while (end > 0 && sync::IsWhite(x[end - 1])) --end;
    for (size_t i = end > 0 ? NaiveBreakBefore(x, end) : 0; i < p; ++i) touch(before[i]);
  }
  if (!NaiveBreak(x, p_end) || !NaiveBreak(y, q_end)) {
    size_t begin = q_end;
    while (begin < y.size() && sync::IsWhite(y[begin])) ++begin;
    const size_t end = begin < y.size() ? NaiveBreakAfter(y, begin) : begin;
    for (size_t i = q_end; i < end; ++i) touch(after[i]);
  }
  if (touched.empty()) return {};
  Stretch all = touched.front();
  for (const Stretch& stretch : touched) all = Hull(all, stretch);
  return {all};
}

// Who stands.

NaiveMerge::Edits NaiveMerge::Top(const Edits& edits) const {
  Edits top;
  for (size_t edit : edits) {
    if (std::none_of(edits.begin(), edits.end(),
                     [&](size_t other) { return HasSeen(other, edit); })) {
      top.insert(edit);
    }
  }
  return top;
}

std::vector<size_t> NaiveMerge::ById(const Edits& edits) const {
  std::vector<size_t> sorted(edits.begin(), edits.end());
  std::sort(sorted.begin(), sorted.end(),
            [this](size_t a, size_t b) { return edits_[a].id < edits_[b].id; });
  return sorted;
}

NaiveMerge::Edits NaiveMerge::VersionOf(size_t edit) const {
  Edits version = edits_[edit].seen;
  version.insert(edit);
  return version;
}

// Per character: who stands there; nobody where the version has no character.
std::vector<NaiveMerge::Edits> NaiveMerge::Standing(
    const std::vector<std::vector<Stretch>>& stretches, const Edits& version) const {
  std::vector<Edits> standing(characters_.size());
  for (size_t c : order_) {
    if (version.count(characters_[c].edit) == 0) continue;
    Edits covering;
    for (size_t edit : version) {
      if (std::any_of(stretches[edit].begin(), stretches[edit].end(),
                      [&](const Stretch& stretch) { return Covers(stretch, c); })) {
        covering.insert(edit);
      }
    }
    standing[c] = Top(covering);
  }
  return standing;
}

NaiveMerge::Edits NaiveMerge::StandingIn(const Stretch& stretch,
                                         const std::vector<Edits>& standing) const {
  Edits all;
  for (size_t c : order_) {
    if (Covers(stretch, c)) all.insert(standing[c].begin(), standing[c].end());
  }
  return all;
}

}  // namespace sotay::tests
