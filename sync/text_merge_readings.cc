// The part of TextMerge that finds how each person reads a passage, and what to read again.
#include <algorithm>
#include <memory>
#include <utility>

#include "sync/text.h"
#include "sync/text_merge.h"

namespace sotay::sync {
namespace {

constexpr size_t kReadingsBytesMax = size_t{1} << 25;

}  // namespace

// In the order of their edits, so that each version is looked at once.
void TextMerge::ReadAll(Wanted wanted) {
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [author, stretch] : wanted) Read(author, stretch, 0);
}

const TextMerge::Reading& TextMerge::Read(uint32_t author, Stretch stretch, int depth) {
  const ReadingKey key = {author, order_[stretch.low], order_[stretch.high], depth};
  if (const auto known = readings_.find(key); known != readings_.end()) return *known->second;
  Reading reading = ReadAnew(author, stretch, depth);
  readings_bytes_ +=
      sizeof(Reading) + reading.text.size() + reading.elements.size() * sizeof(TextSpan);
  return *readings_.emplace(key, std::make_shared<const Reading>(std::move(reading))).first->second;
}

// The row its author saw, where it stands in the stretch, with what the edit made of it there.
TextMerge::Reading TextMerge::ReadAnew(uint32_t author, Stretch stretch, int depth) {
  Reading reading;
  const std::shared_ptr<const Shown> before = ShownAt(made_[author].seen);
  const Made& made = made_[author];
  const Row& row = before->row;
  const auto read = [&](uint32_t first, uint32_t length) {
    if (length == 0) return;
    reading.elements.push_back({first, length});
    AppendScalars(tree_.scalars().data() + first, length, &reading.text);
  };
  // How many of these numbers stand before a place.
  const auto before_place = [](TextSpan numbers, uint32_t place, const auto& rank) {
    uint32_t low = 0;
    for (uint32_t high = numbers.length; low < high;) {
      const uint32_t middle = low + (high - low) / 2;
      if (rank(numbers.first + middle) < place) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  const auto rank_of = [this](uint32_t element) { return rank_[element]; };
  const auto first_rank = [&](uint32_t number) { return RankOf(row, number); };
  const auto last_rank = [&](uint32_t number) {
    return rank_[(number & kSpan) != 0 ? row.regions[number & ~kSpan].last : number];
  };

  auto left = std::partition_point(made.left.begin(), made.left.end(), [&](const TextSpan& l) {
    return rank_[l.first + l.length - 1] < stretch.low;
  });
  uint32_t left_skip = left == made.left.end() ? 0 : before_place(*left, stretch.low, rank_of);
  const auto read_left_until = [&](uint32_t place) {
    while (left != made.left.end()) {
      const TextSpan rest = {left->first + left_skip, left->length - left_skip};
      const uint32_t count = before_place(rest, place, rank_of);
      read(rest.first, count);
      left_skip += count;
      if (count < rest.length) return;
      ++left;
      left_skip = 0;
    }
  };
  // Elements that were shown side by side and still are, but for what the edit typed between them.
  const auto read_kept = [&](TextSpan kept) {
    while (kept.length > 0) {
      uint32_t count = kept.length;
      if (left != made.left.end()) {
        read_left_until(rank_[kept.first]);
        if (left != made.left.end()) {
          count = before_place(kept, rank_[left->first + left_skip], rank_of);
        }
      }
      read(kept.first, count);
      kept = {kept.first + count, kept.length - count};
    }
  };
  const auto read_shown = [&](TextSpan shown) {
    const uint32_t end = shown.first + shown.length;
    auto gone =
        std::partition_point(made.deleted.begin(), made.deleted.end(),
                             [&](const TextSpan& d) { return d.first + d.length <= shown.first; });
    for (uint32_t at = shown.first; at < end;) {
      const uint32_t until = gone == made.deleted.end() ? end : std::min(end, gone->first);
      if (at < until) read_kept({at, until - at});
      if (until == end) return;
      at = gone->first + gone->length;
      ++gone;
    }
  };

  const std::vector<TextSpan>& pieces = row.places.pieces();
  auto piece = std::partition_point(pieces.begin(), pieces.end(), [&](const TextSpan& p) {
    return last_rank(p.first + p.length - 1) < stretch.low;
  });
  for (; piece != pieces.end() && first_rank(piece->first) <= stretch.high; ++piece) {
    const uint32_t skip = before_place(*piece, stretch.low, last_rank);
    const uint32_t end = before_place(*piece, stretch.high + 1, first_rank);
    if ((piece->first & kSpan) == 0) {
      read_shown({piece->first + skip, end - skip});
      continue;
    }
    for (uint32_t number = piece->first + skip; number < piece->first + end; ++number) {
      const Region& region = row.regions[number & ~kSpan];
      if (std::binary_search(made.settled.begin(), made.settled.end(), region.first)) continue;
      read_left_until(rank_[region.first]);
      reading.whole = false;
      reading.text += Written(region, depth);
    }
  }
  read_left_until(stretch.high + 1);
  return reading;
}

// Before any of them is asked for.
void TextMerge::ForgetReadings() {
  if (readings_bytes_ < kReadingsBytesMax) return;
  readings_.clear();
  readings_bytes_ = 0;
}

std::string TextMerge::Written(const Region& region, int depth) {
  if (depth > 0) return "⟦…⟧";
  std::string written = "⟦";
  for (uint32_t author : region.authors) {
    if (author != region.authors.front()) written += " | ";
    written += Read(author, StretchOf({region.first, region.last}), depth + 1).text;
  }
  return written + "⟧";
}

void TextMerge::FindAgain(const Shown& shown, TextProse* prose, std::vector<TextAgain>* again) {
  const Segments segments = shown.sentences.Segments(rank_, tree_.elements());
  const Row& row = shown.row;
  struct Sentence {
    size_t from, to;
    Stretch stretch;
    std::vector<uint32_t> authors;
    std::string text;
    bool differs;  // an author's reading from what is shown
  };
  std::vector<Sentence> sentences;
  std::vector<std::pair<uint32_t, size_t>> readers;  // of which sentence
  size_t next = 0;
  for (const auto& [first, past] : Crowded(segments, row)) {
    const size_t end = prose->End(past);
    for (size_t begin = std::max(next, prose->Start(first)); begin < end; begin = next) {
      next = prose->NextBreak(begin);
      size_t from = begin;
      size_t to = next;
      prose->Trim(&from, &to);
      if (from == to) continue;
      const Stretch stretch = StretchBetween(row, row.places.At(static_cast<uint32_t>(from)),
                                             row.places.At(static_cast<uint32_t>(to - 1)));
      std::vector<uint32_t> authors = TopBetween(segments, stretch);
      if (authors.size() < 2) continue;
      for (uint32_t author : authors) readers.emplace_back(author, sentences.size());
      sentences.push_back({from, to, stretch, std::move(authors), {}, false});
    }
  }
  for (Sentence& sentence : sentences) {
    const auto length = static_cast<uint32_t>(sentence.to - sentence.from);
    std::string& text = sentence.text;
    row.places.Visit(static_cast<uint32_t>(sentence.from), length, [&](TextSpan numbers) {
      for (uint32_t i = 0; i < numbers.length; ++i) {
        const uint32_t number = numbers.first + i;
        if ((number & kSpan) != 0) {
          text += Written(row.regions[number & ~kSpan], 0);
        } else {
          AppendScalar(tree_.scalar(number), &text);
        }
      }
    });
  }
  // In the order of their edits, so that each version is looked at once; one that differs is
  // enough.
  std::sort(readers.begin(), readers.end());
  for (const auto& [author, number] : readers) {
    Sentence& sentence = sentences[number];
    if (sentence.differs) continue;
    sentence.differs = ReadAnew(author, sentence.stretch, 0).text != sentence.text;
  }
  for (const Sentence& sentence : sentences) {
    if (!sentence.differs) continue;
    TextAgain& mark = again->emplace_back();
    mark.position = static_cast<uint32_t>(sentence.from);
    mark.length = static_cast<uint32_t>(sentence.to - sentence.from);
    for (uint32_t author : sentence.authors) mark.edits.push_back(made_[author].edit);
  }
}

void TextMerge::KeepAgain(const Shown& shown, TextMerged* merged) {
  struct Sentence {
    size_t from, to;
  };
  const auto sentences_of = [](const TextSheet& sheet) {
    std::vector<Sentence> sentences;
    TextProse prose(sheet);
    for (size_t begin = 0, next = 0; begin < sheet.size(); begin = next) {
      next = prose.NextBreak(begin);
      Sentence one = {begin, next};
      prose.Trim(&one.from, &one.to);
      if (one.from < one.to) sentences.push_back(one);
    }
    return sentences;
  };
  const std::vector<Sentence> of_base = sentences_of(TextSheet(base_->text));
  const Segments segments = shown.sentences.Segments(rank_, tree_.elements());
  const auto untouched = [&](Stretch stretch) {
    for (size_t i = TextStanding::At(segments, stretch.low);
         i < segments.size() && segments[i].from <= stretch.high; ++i) {
      if (segments[i].crowd != TextCrowds::kNobody) return false;
    }
    return true;
  };
  auto was = of_base.begin();
  auto mark = base_->again.begin();
  for (const Sentence& is : sentences_of(*shown.sheet)) {
    const uint32_t first = shown.row.places.At(static_cast<uint32_t>(is.from));
    const uint32_t last = shown.row.places.At(static_cast<uint32_t>(is.to - 1));
    if (!untouched(StretchBetween(shown.row, first, last))) continue;
    while (was != of_base.end() && was->from < first) ++was;
    if (was == of_base.end() || was->from != first || was->to != last + size_t{1}) {
      merged->unsure = true;
      return;
    }
    while (mark != base_->again.end() && mark->position < first) ++mark;
    if (mark == base_->again.end() || mark->position != first) continue;
    merged->again.push_back(*mark);
    merged->again.back().position = static_cast<uint32_t>(is.from);
  }
  std::sort(merged->again.begin(), merged->again.end(),
            [](const TextAgain& a, const TextAgain& b) { return a.position < b.position; });
}

}  // namespace sotay::sync
