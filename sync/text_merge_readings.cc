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
  Reading reading;
  const std::shared_ptr<const Shown> shown = ShownAt(VersionAfter(author));
  const Row& row = shown->row;
  const auto last_rank = [&](uint32_t number) {
    return rank_[(number & kSpan) != 0 ? row.regions[number & ~kSpan].last : number];
  };
  const std::vector<TextSpan>& pieces = row.places.pieces();
  auto piece = std::partition_point(pieces.begin(), pieces.end(), [&](const TextSpan& p) {
    return last_rank(p.first + p.length - 1) < stretch.low;
  });
  for (; piece != pieces.end() && RankOf(row, piece->first) <= stretch.high; ++piece) {
    uint32_t skip = 0;
    for (uint32_t end = piece->length; skip < end;) {
      const uint32_t middle = skip + (end - skip) / 2;
      if (last_rank(piece->first + middle) < stretch.low) {
        skip = middle + 1;
      } else {
        end = middle;
      }
    }
    for (const uint32_t from = skip; skip < piece->length; ++skip) {
      const uint32_t number = piece->first + skip;
      if (RankOf(row, number) > stretch.high) break;
      if ((number & kSpan) != 0) {
        reading.whole = false;
        reading.text += Written(row.regions[number & ~kSpan], depth);
      } else {
        if (skip == from) reading.elements.push_back({number, 0});
        ++reading.elements.back().length;
        AppendScalar(tree_.scalar(number), &reading.text);
      }
    }
  }
  readings_bytes_ +=
      sizeof(Reading) + reading.text.size() + reading.elements.size() * sizeof(TextSpan);
  return *readings_.emplace(key, std::make_shared<const Reading>(std::move(reading))).first->second;
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
  };
  std::vector<Sentence> sentences;
  Wanted wanted;
  size_t next = 0;
  for (const auto& [first, past] : Crowded(segments, row)) {
    const size_t end = prose->End(past);
    for (size_t begin = std::max(next, prose->Start(first)); begin < end; begin = next) {
      next = prose->NextBreak(begin);
      size_t from = begin;
      size_t to = next;
      prose->Trim(&from, &to);
      if (from == to) continue;
      const uint32_t last = row.places.At(static_cast<uint32_t>(to - 1));
      const Stretch stretch = {RankOf(row, row.places.At(static_cast<uint32_t>(from))),
                               rank_[(last & kSpan) != 0 ? row.regions[last & ~kSpan].last : last]};
      std::vector<uint32_t> authors = TopBetween(segments, stretch);
      if (authors.size() < 2) continue;
      for (uint32_t author : authors) wanted.emplace_back(author, stretch);
      sentences.push_back({from, to, stretch, std::move(authors)});
    }
  }
  ReadAll(std::move(wanted));
  for (const Sentence& sentence : sentences) {
    const auto length = static_cast<uint32_t>(sentence.to - sentence.from);
    std::string text;
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
    if (std::all_of(sentence.authors.begin(), sentence.authors.end(), [&](uint32_t author) {
          return Read(author, sentence.stretch, 0).text == text;
        })) {
      continue;
    }
    TextAgain& mark = again->emplace_back();
    mark.position = static_cast<uint32_t>(sentence.from);
    mark.length = length;
    for (uint32_t author : sentence.authors) mark.edits.push_back(made_[author].edit);
  }
}

}  // namespace sotay::sync
