#include "sync/text_era.h"

#include <utility>

#include "sync/status_macros.h"

namespace sotay::sync {
namespace {

absl::Status AddTo(TextMerge* merge, const TextMade& made) {
  return merge->Add(made.edit, made.change, made.device, made.sequence, made.seen, made.splices);
}

}  // namespace

TextEra::TextEra(std::shared_ptr<const TextBase> base) : base_(std::move(base)) {
  if (base_->again.empty()) {
    straight_.emplace(base_->text);
  } else {  // sentences to be read again are the merge's
    merge_.emplace(base_);
  }
}

absl::Status TextEra::Add(TextMadeRef made) {
  if (straight() && made->seen.Covers(everything_)) {
    SOTAY_RETURN_IF_ERROR(made->splices.CheckFits(straight_->length()));
    for (const TextSplices::One& splice : made->splices.all) {
      straight_->Splice(splice.position, splice.deleted, splice.inserted);
    }
  } else {
    if (straight()) Merge();
    SOTAY_RETURN_IF_ERROR(AddTo(&*merge_, *made));
  }
  everything_.Add(made->device, made->sequence);
  typed_ += made->splices.typed;
  made_.push_back(std::move(made));
  return absl::OkStatus();
}

void TextEra::Merge() {
  merge_.emplace(base_);
  for (const TextMadeRef& made : made_) AddTo(&*merge_, *made).IgnoreError();  // it fitted
  straight_.reset();
}

TextMerged TextEra::Straight() const {
  TextMerged merged;
  merged.text = straight_->Text();
  merged.typed = typed_;
  merged.top = made_.empty() ? base_->top : std::vector<size_t>{made_.back()->edit};
  return merged;
}

TextMerged TextEra::At(const VersionVector& version) {
  if (!straight()) return merge_->At(version);
  if (version.Covers(everything_)) return Straight();
  TextEra before(base_);
  for (const TextMadeRef& made : made_) {
    if (!version.Has(made->device, made->sequence)) break;
    before.Add(made).IgnoreError();  // it fitted
  }
  return before.Straight();
}

}  // namespace sotay::sync
