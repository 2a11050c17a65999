#include "sync/text_written.h"

#include "absl/strings/str_cat.h"
#include "sync/fragment.h"
#include "sync/text.h"
#include "sync/text_words.h"

namespace sotay::sync {
namespace {

std::string SpanWritten(const std::vector<StandingReading>& span) {
  std::string written = "⟦";
  for (const StandingReading& reading : span) {
    absl::StrAppend(&written, &reading == &span.front() ? "" : " | ",
                    StringOf(reading.value).value_or(absl::string_view()));
  }
  return written + "⟧";
}

const std::string& SpanPlace() {
  static const auto* const place = [] {
    auto* utf8 = new std::string;
    AppendScalar(kSpanScalar, utf8);
    return utf8;
  }();
  return *place;
}

}  // namespace

std::vector<std::string> SpansWritten(const FieldSlot* slot) {
  std::vector<std::string> written;
  if (slot == nullptr || slot->disputes == nullptr) return written;
  for (const auto& span : slot->disputes->spans) written.push_back(SpanWritten(span));
  return written;
}

std::string WrittenOut(const FieldSlot* slot) {
  const StandingReading* const shown = slot != nullptr ? slot->Text() : nullptr;
  if (shown == nullptr) return "";
  absl::string_view text = StringOf(shown->value).value_or(absl::string_view());
  if (slot->disputes == nullptr) return std::string(text);
  std::string written;
  for (const auto& span : slot->disputes->spans) {
    const size_t place = text.find(SpanPlace());
    if (place == absl::string_view::npos) break;
    absl::StrAppend(&written, text.substr(0, place), SpanWritten(span));
    text.remove_prefix(place + SpanPlace().size());
  }
  return absl::StrCat(written, text);
}

std::vector<ReadAgain> SentencesAgain(const FieldSlot* slot) {
  std::vector<ReadAgain> sentences;
  if (slot == nullptr || slot->disputes == nullptr || slot->Text() == nullptr) return sentences;
  std::u32string text;
  DecodeUtf8(StringOf(slot->Text()->value).value_or(absl::string_view()), &text);
  const std::vector<std::string> spans = SpansWritten(slot);
  size_t span = 0;
  size_t at = 0;
  for (const SentenceAgain& again : slot->disputes->again) {
    ReadAgain& one = sentences.emplace_back();
    one.position = again.position;
    one.length = again.length;
    one.authors = again.authors;
    for (; at < again.position + again.length; ++at) {
      const bool within = at >= again.position;
      if (text[at] != kSpanScalar) {
        if (within) AppendScalar(text[at], &one.text);
      } else {
        if (within) one.text += spans[span];
        ++span;
      }
    }
  }
  return sentences;
}

std::string TakenBack(absl::string_view edited, const FieldSlot* slot) {
  if (slot == nullptr || slot->disputes == nullptr) return std::string(edited);
  std::string text;
  for (const auto& span : slot->disputes->spans) {
    const std::string written = SpanWritten(span);
    const size_t place = edited.find(written);
    if (place == absl::string_view::npos) continue;
    absl::StrAppend(&text, edited.substr(0, place), SpanPlace());
    edited.remove_prefix(place + written.size());
  }
  return absl::StrCat(text, edited);
}

}  // namespace sotay::sync
