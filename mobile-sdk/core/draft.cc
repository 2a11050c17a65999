#include "sotay/draft.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/edits.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_words.h"

namespace sotay::sdk {
namespace {

constexpr size_t kRoom = 256;  // at the least, when there is none left

bool IsPlain(absl::string_view typed) {
  return std::all_of(typed.begin(), typed.end(),
                     [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

}  // namespace

absl::StatusOr<Draft> Draft::On(absl::string_view shown) {
  std::u32string scalars;
  if (!sync::DecodeUtf8(shown, &scalars)) {
    return absl::InvalidArgumentError(
        absl::StrCat("text: byte ", sync::Utf8Prefix(shown), " is not UTF-8"));
  }
  Draft draft;
  draft.scalars_.assign(scalars.begin(), scalars.end());
  draft.gap_begin_ = draft.gap_end_ = scalars.size();
  return draft;
}

std::string Draft::text() const {
  std::string text;
  text.reserve(length());
  sync::AppendScalars(scalars_.data(), gap_begin_, &text);
  sync::AppendScalars(scalars_.data() + gap_end_, scalars_.size() - gap_end_, &text);
  return text;
}

void Draft::MoveGap(size_t position, size_t room) {
  if (gap_end_ - gap_begin_ < room) {
    const size_t more = std::max(scalars_.size() / 2, room + kRoom);
    const size_t after = scalars_.size() - gap_end_;
    scalars_.resize(scalars_.size() + more);
    std::copy_backward(scalars_.begin() + static_cast<std::ptrdiff_t>(gap_end_),
                       scalars_.begin() + static_cast<std::ptrdiff_t>(gap_end_ + after),
                       scalars_.end());
    gap_end_ += more;
  }
  char32_t* const at = scalars_.data();
  if (position < gap_begin_) {
    const size_t count = gap_begin_ - position;
    std::copy_backward(at + position, at + gap_begin_, at + gap_end_);
    gap_begin_ -= count;
    gap_end_ -= count;
  } else if (position > gap_begin_) {
    const size_t count = position - gap_begin_;
    std::copy(at + gap_end_, at + gap_end_ + count, at + gap_begin_);
    gap_begin_ += count;
    gap_end_ += count;
  }
}

absl::Status Draft::SpliceAnywhere(uint32_t position, uint32_t deleted, absl::string_view typed) {
  if (position > length() || deleted > length() - position) {
    return absl::InvalidArgumentError(
        absl::StrCat("text: ", position, "+", deleted, " is past the end, ", length()));
  }
  std::string clean;
  std::u32string scalars;
  if (!typed.empty()) {
    if (IsPlain(typed)) {
      clean = std::string(typed);
    } else {
      SOTAY_ASSIGN_OR_RETURN(clean, CleanText("text", typed));
    }
    sync::DecodeUtf8(clean, &scalars);
    if (scalars.find(sync::kSpanScalar) != std::u32string::npos) {
      return absl::InvalidArgumentError("text: U+FFFC stands for a conflict, nobody can type it");
    }
  }
  if (deleted == 0 && scalars.empty()) return absl::OkStatus();
  Note(position, deleted, clean);
  // What is erased beside the gap needs no moving.
  if (position + deleted == gap_begin_) {
    gap_begin_ = position;
    deleted = 0;
  }
  MoveGap(position, scalars.size());
  gap_end_ += deleted;
  std::copy(scalars.begin(), scalars.end(),
            scalars_.begin() + static_cast<std::ptrdiff_t>(gap_begin_));
  gap_begin_ += scalars.size();
  return absl::OkStatus();
}

// Whether it is the same when it is normalised together with what was typed before it: a mark typed
// on its own would become one with its letter, and all positions after it would be wrong.
bool Draft::StaysItself(absl::string_view typed) const {
  if (IsPlain(typed.substr(0, 1))) return true;
  size_t last = typed_.size();
  while (last > runs_.back().typed_from &&
         (static_cast<unsigned char>(typed_[last - 1]) & 0xC0) == 0x80) {
    --last;
  }
  if (last > runs_.back().typed_from) --last;
  const std::string joined = absl::StrCat(absl::string_view(typed_).substr(last), typed);
  const absl::StatusOr<std::string> clean = CleanText("text", joined);
  return clean.ok() && *clean == joined;
}

void Draft::Note(uint32_t position, uint32_t deleted, const std::string& typed) {
  if (!runs_.empty()) {
    Run& last = runs_.back();
    if (goes_on_) {
      // Typing, and what is erased after the place where it goes on.
      if (position == gap_begin_ && (typed.empty() || StaysItself(typed))) {
        last.deleted += deleted;
        typed_ += typed;
        return;
      }
    } else if (position == last.position ||
               (typed.empty() && position + deleted == last.position)) {
      // Nothing was typed yet: erasing goes on, forwards or backwards, or typing begins.
      last.position = position;
      last.deleted += deleted;
      typed_ += typed;
      goes_on_ = !typed.empty();
      return;
    }
  }
  runs_.push_back({position, deleted, typed_.size()});
  typed_ += typed;
  goes_on_ = !typed.empty();
}

std::vector<Edit> Draft::Edits(const std::string& field) const {
  std::vector<Edit> edits;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const size_t end = i + 1 < runs_.size() ? runs_[i + 1].typed_from : typed_.size();
    Edit& edit = edits.emplace_back();
    edit.kind = Edit::Kind::kSplice;
    edit.field = field;
    edit.position = runs_[i].position;
    edit.deleted = runs_[i].deleted;
    edit.value = typed_.substr(runs_[i].typed_from, end - runs_[i].typed_from);
  }
  return edits;
}

}  // namespace sotay::sdk
