#include "sync/text_history.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/limits.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

// Texts that are kept, one of each era, and their characters: past either, every other era is
// joined to the one before.
constexpr size_t kErasMax = 128;
constexpr size_t kBasesCharactersMax = size_t{1} << 21;

}  // namespace

TextHistory::TextHistory(size_t era_min)
    : era_min_(era_min),
      eras_({{0, {}, 0, std::make_shared<const TextBase>()}}),
      era_(eras_.back().base) {}

bool TextHistory::HasAny(const VersionVector& version) const {
  return std::any_of(made_.begin(), made_.end(), [&](const TextMadeRef& made) {
    return version.Has(made->device, made->sequence);
  });
}

// With the edits that came since.
void TextHistory::Begin(Beginning beginning) {
  era_ = TextEra(beginning.base);
  for (size_t i = beginning.first; i < made_.size(); ++i) {
    era_.Add(made_[i]).IgnoreError();  // it fitted
  }
  try_at_ = made_.size() + era_min_;
  next_.reset();
  eras_.push_back(std::move(beginning));
  size_t characters = 0;
  for (const Beginning& one : eras_) characters += one.base->text.size();
  if (eras_.size() <= kErasMax && characters <= kBasesCharactersMax) return;
  size_t kept = 0;
  for (size_t i = 0; i + 1 < eras_.size(); i += 2) eras_[kept++] = std::move(eras_[i]);
  eras_[kept++] = std::move(eras_.back());
  eras_.erase(eras_.begin() + static_cast<std::ptrdiff_t>(kept), eras_.end());
}

void TextHistory::Rebuild() {
  era_ = TextEra(eras_.back().base);
  for (size_t i = eras_.back().first; i < made_.size(); ++i) {
    era_.Add(made_[i]).IgnoreError();  // it fitted
    ++rebuilt_;
  }
  try_at_ = made_.size() + era_min_;
  next_.reset();
}

void TextHistory::GoBackTo(const VersionVector& seen) {
  const size_t eras = eras_.size();
  while (!seen.Covers(eras_.back().before)) eras_.pop_back();
  if (eras_.size() < eras) Rebuild();
}

void TextHistory::EndEra(const VersionVector& seen) {
  if (rebuilt_ > 2 * made_.size()) return;
  if (era_.straight()) return CutStraight(seen);
  if (next_.has_value() && !seen.Covers(next_->before)) next_.reset();
  if (!next_.has_value() && made_.size() >= try_at_ && seen.Covers(everything_)) {
    next_ = {made_.size(), everything_, typed_, nullptr};
  }
  if (!next_.has_value() || made_.size() - next_->first < era_min_ / 2) return;
  if (era_.CalmAt(next_->before)) {
    TextMerged merged = era_.At(next_->before);
    auto base = std::make_shared<TextBase>();
    base->again = std::move(merged.again);
    base->top = std::move(merged.top);
    if (!merged.unsure && DecodeUtf8(merged.text, &base->text)) {
      next_->base = std::move(base);
      return Begin(*std::move(next_));
    }
  }
  next_.reset();
  try_at_ = made_.size() + std::max(era_min_, era_.size() / 4);
}

// The next edit has not seen all of an era without branches: what it has seen can be a beginning.
void TextHistory::CutStraight(const VersionVector& seen) {
  if (made_.size() < try_at_ || seen.Covers(everything_)) return;
  Beginning next = eras_.back();
  TextEra before(next.base);
  for (; next.first < made_.size(); ++next.first) {
    const TextMadeRef& made = made_[next.first];
    if (!seen.Has(made->device, made->sequence)) break;
    before.Add(made).IgnoreError();  // it fitted
    next.before.Add(made->device, made->sequence);
    next.typed_before += made->splices.typed;
  }
  if (before.size() < era_min_) return;
  auto base = std::make_shared<TextBase>();
  TextMerged merged = before.At(before.everything());
  DecodeUtf8(merged.text, &base->text);
  base->top = std::move(merged.top);
  next.base = std::move(base);
  Begin(std::move(next));
}

absl::Status TextHistory::Add(size_t edit, const ChangeId& change, const DeviceId& device,
                              uint64_t sequence, const VersionVector& seen, TextSplices splices) {
  auto made = std::make_shared<TextMade>();
  made->edit = edit;
  made->change = change;
  made->device = device;
  made->sequence = sequence;
  made->seen = seen;
  made->splices = std::move(splices);
  if (made->splices.typed > TextTree::kElementsMax - typed_) {
    return absl::ResourceExhaustedError(absl::StrCat("text: more than ", TextTree::kElementsMax,
                                                     " characters were ever typed in it"));
  }
  if (devices_.size() >= TextTree::kAuthorsMax && !devices_.contains(device)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("text: more than ", TextTree::kAuthorsMax, " devices wrote in it"));
  }
  GoBackTo(seen);
  EndEra(seen);
  SOTAY_RETURN_IF_ERROR(era_.Add(made));
  everything_.Add(device, sequence);
  devices_.insert(device);
  typed_ += made->splices.typed;
  made_.push_back(std::move(made));
  return absl::OkStatus();
}

TextMerge* TextHistory::Whole() {
  if (!whole_.has_value()) whole_.emplace();
  for (; whole_size_ < made_.size(); ++whole_size_) {
    const TextMade& made = *made_[whole_size_];
    whole_->Add(made.edit, made.change, made.device, made.sequence, made.seen, made.splices)
        .IgnoreError();  // it fitted
  }
  return &*whole_;
}

TextMerged TextHistory::At(const VersionVector& version) {
  size_t era = eras_.size() - 1;
  while (!version.Covers(eras_[era].before)) --era;
  const size_t end = era + 1 < eras_.size() ? eras_[era + 1].first : made_.size();
  TextMerged merged;
  if (end == made_.size()) {
    merged = era_.At(version);
  } else {
    TextEra past(eras_[era].base);
    for (size_t i = eras_[era].first; i < end; ++i) {
      const TextMadeRef& made = made_[i];
      if (version.Has(made->device, made->sequence)) past.Add(made).IgnoreError();  // it fitted
    }
    merged = past.At(version);
  }
  if (merged.unsure) return Whole()->At(version);
  merged.typed += eras_[era].typed_before;
  return merged;
}

std::vector<TextBlame> TextHistory::BlameAt(const VersionVector& version) {
  return Whole()->BlameAt(version);
}

}  // namespace sotay::sync
