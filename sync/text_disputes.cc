#include "sync/text_disputes.h"

#include <algorithm>
#include <utility>

#include "sotay/v1/change.pb.h"
#include "sync/text.h"
#include "sync/text_row.h"
#include "sync/text_touch.h"
#include "sync/text_words.h"

namespace sotay::sync {
namespace {

constexpr uint32_t kNone = TextOrder::kNone;

// Whether a touched stretch covers any of the places [from, to) of the text before, whose numbers
// are its places; `gap` is where new characters came in.
bool Covers(const TouchedStretch& stretch, uint32_t size, uint32_t gap, uint32_t from,
            uint32_t to) {
  if (stretch.empty()) return false;
  uint32_t low = kNone;
  for (uint32_t number : stretch.low) {
    if (number != kNone) low = std::min(low, number < size ? number : gap);
  }
  uint32_t end = 0;
  for (uint32_t number : stretch.high) {
    if (number != kNone) end = std::max(end, number < size ? number + 1 : gap);
  }
  return low < to && from < end;
}

}  // namespace

std::shared_ptr<const TextDisputes> DisputesAfter(const TextDisputes& disputes,
                                                  absl::string_view before,
                                                  const std::vector<const v1::TextEdit*>& edits) {
  std::u32string scalars;
  DecodeUtf8(before, &scalars);
  const TextSheet sheet(std::move(scalars));
  const uint32_t size = sheet.size();
  TextRow was;
  was.Append(0, size);
  TextRow is = was;
  std::u32string typed;
  for (const v1::TextEdit* edit : edits) {
    if (edit->length_before() != is.size()) return nullptr;
    for (const v1::TextSplice& splice : edit->splices()) {
      if (splice.position() > is.size() || splice.deleted() > is.size() - splice.position()) {
        return nullptr;
      }
      const size_t already = typed.size();
      DecodeUtf8(splice.inserted(), &typed);
      is.Replace(splice.position(), splice.deleted(),
                 TextProse::Typed(sheet) + static_cast<uint32_t>(already),
                 static_cast<uint32_t>(typed.size() - already));
    }
  }
  TextProse x(sheet);
  TextProse y(sheet, is, typed);
  const std::vector<TouchedPlace> touched =
      TouchedBy(was, &x, is, &y, [size](uint32_t n) { return n >= size; });

  auto after = std::make_shared<TextDisputes>();
  size_t span = 0;
  std::vector<bool> kept(size, false);
  for (const TextSpan& piece : is.pieces()) {
    for (uint32_t n = piece.first; n < piece.first + piece.length && n < size; ++n) kept[n] = true;
  }
  for (uint32_t n = 0; n < size; ++n) {
    if (sheet.scalars()[n] != kSpanScalar || span == disputes.spans.size()) continue;
    if (kept[n]) after->spans.push_back(disputes.spans[span]);
    ++span;
  }
  for (const SentenceAgain& sentence : disputes.again) {
    const uint32_t end = sentence.position + sentence.length;
    int64_t moved = sentence.position;
    bool read = false;
    for (const TouchedPlace& place : touched) {
      read = read || Covers(place.sentences, size, place.p, sentence.position, end);
      if (place.p + place.d <= sentence.position) moved += int64_t{place.s} - place.d;
    }
    if (read) continue;
    after->again.push_back(sentence);
    after->again.back().position = static_cast<uint32_t>(moved);
  }
  if (after->spans.empty() && after->again.empty()) return nullptr;
  return after;
}

}  // namespace sotay::sync
